/*
 * ask.h - the functions behind the request table, for net/request.c and their own files only.
 *
 * Each answers with rows and one DONE map. Arguments and rows are listed in docs/requests.md.
 */
#ifndef LUM_NET_ASK_H
#define LUM_NET_ASK_H

#include "net/request.h"

/* ask_read.c */
enum lum_status lum_ask_get(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_find(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_export(struct lum_ask *ask, struct lum_error *err);
/* ask_list.c */
enum lum_status lum_ask_history(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_conflicts(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_members(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_invites(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_log(struct lum_ask *ask, struct lum_error *err);
/* ask_status.c */
enum lum_status lum_ask_status(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_verify(struct lum_ask *ask, struct lum_error *err);
/* ask_edit.c */
enum lum_status lum_ask_put(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_set(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_del(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_restore(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_resolve(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_shown(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_import(struct lum_ask *ask, struct lum_error *err);
/* ask_rights.c */
enum lum_status lum_ask_invite(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_cancel(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_admit(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_rebuild(struct lum_ask *ask, struct lum_error *err);
enum lum_status lum_ask_compact(struct lum_ask *ask, struct lum_error *err);

#endif
