/*
 * ask.h - the functions behind the request table, for net/request.c and their own files only.
 *
 * Each answers with rows and one DONE map. Arguments and rows are listed in docs/requests.md.
 */
#ifndef LUM_NET_ASK_H
#define LUM_NET_ASK_H

#include "core/view.h"
#include "net/peers.h"
#include "net/request.h"

/* ask_read.c */
enum lum_status lum_ask_get(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_find(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_export(struct lum_ask *ask, struct lum_error *err);
/* ask_list.c */
enum lum_status lum_ask_history(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_conflicts(struct lum_ask *ask, struct lum_error *err);
/* ask_people.c */
enum lum_status lum_ask_members(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_invites(struct lum_ask *ask, struct lum_error *err);
/* ask_log.c */
enum lum_status lum_ask_log(struct lum_ask *ask, struct lum_error *err);
/* ask_status.c */
enum lum_status lum_ask_status(struct lum_ask *ask, struct lum_error *err);
/* One neighbour of the book, how the last meeting ended, into the map under construction. */
LUM_MUST_USE enum lum_status lum_ask_tell_peer(const struct lum_world *world,
                                               const struct lum_peer *peer,
                                               struct lum_reply *reply);
/* How much the view holds now, by a read of its own: for the writer, who has just changed it. */
LUM_MUST_USE enum lum_status lum_ask_counts(struct lum_ask *ask, struct lum_view_counts *out,
                                            struct lum_error *err);
/* ask_verify.c */
enum lum_status lum_ask_verify(struct lum_ask *ask, struct lum_error *err);
/* ask_backup.c */
enum lum_status lum_ask_backup(struct lum_ask *ask, struct lum_error *err);
/* ask_edit.c */
enum lum_status lum_ask_put(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_set(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_del(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_restore(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_import(struct lum_ask *ask, struct lum_error *err);
/* The record meant by "record": as the view shows it or, when it is not there yet, through all that
 * the batch holds. */
LUM_MUST_USE enum lum_status lum_ask_target(struct lum_ask *ask, struct lum_edit_target *out,
                                            struct lum_error *err);
/* What an edit did, as a ROW or as the end. */
void lum_ask_tell_edit(struct lum_ask *ask, const struct lum_edit_target *target,
                       const struct lum_edit_result *result, enum lum_reply_frame frame);
/* del and restore. */
typedef enum lum_status lum_edit_fn(struct lum_editor *editor, const struct lum_edit_target *target,
                                    struct lum_edit_result *out, struct lum_error *err);
LUM_MUST_USE enum lum_status lum_ask_edit_whole(struct lum_ask *ask, lum_edit_fn *edit,
                                                struct lum_error *err);
/* ask_resolve.c */
enum lum_status lum_ask_shown(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_resolve(struct lum_ask *ask, struct lum_error *err);
/* ask_rights.c */
enum lum_status lum_ask_invite(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_cancel(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_admit(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_rebuild(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_compact(struct lum_ask *ask, struct lum_error *err);

#endif
