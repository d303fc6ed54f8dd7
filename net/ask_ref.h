/*
 * ask_ref.h - which record, which event, which member a person means by a short text.
 *
 *   record   COLL/KEY of a keyed record, or COLL/HEX: a prefix of its id, at least 4 digits
 *   event    LOGHEX:SEQ, a prefix of the log id, at least 4 digits
 *   member   a name, or a prefix of the member id
 */
#ifndef LUM_NET_ASK_REF_H
#define LUM_NET_ASK_REF_H

#include "net/request.h"

enum {
    LUM_PREFIX_MIN = 4, /* hex digits */
};

/* Fails with a text as {1}, cut to fit. */
LUM_MUST_USE enum lum_status lum_ref_fail(struct lum_error *err, enum lum_cause cause,
                                          struct lum_bytes text);
/* Splits COLL/ID (argument "record") and looks it up. no_record, ambiguous_id, bad_id. */
LUM_MUST_USE enum lum_status lum_ref_record(const struct lum_ask *ask, struct lum_txn *view,
                                            struct lum_edit_target *out, uint64_t *rno,
                                            struct lum_error *err);
/* Fails with COLL/ID of a record as {1} and the name of a field as {2}. */
LUM_MUST_USE enum lum_status lum_ref_fail_record(struct lum_error *err, enum lum_cause cause,
                                                 struct lum_txn *view,
                                                 const struct lum_record *record, uint32_t field);
/* no_record with the argument's text. */
LUM_MUST_USE enum lum_status lum_ref_no_record(const struct lum_ask *ask, struct lum_error *err);
/* The argument "coll", checked. */
LUM_MUST_USE enum lum_status lum_ref_collection(const struct lum_ask *ask, struct lum_bytes *out,
                                                struct lum_error *err);
/* The same as a name number, for a list that may be narrowed to it: 0 = all, when there is no such
 * argument; UINT32_MAX, which no record has, when nobody used that name yet. */
LUM_MUST_USE enum lum_status lum_ref_filter(const struct lum_ask *ask, struct lum_txn *view,
                                            uint32_t *out, struct lum_error *err);
/* The argument "coll" with the argument "shelf": one that the space has, and not gov; by default
 * common. */
LUM_MUST_USE enum lum_status lum_ref_place(const struct lum_ask *ask, struct lum_edit_target *out,
                                           struct lum_error *err);
LUM_MUST_USE enum lum_status lum_ref_event(struct lum_bytes text, struct lum_txn *log,
                                           struct lum_place *out, struct lum_error *err);
/* A device by a prefix of its member id, or by the name in its _member record. */
LUM_MUST_USE enum lum_status lum_ref_member(struct lum_bytes text, const struct lum_roster *roster,
                                            struct lum_txn *view, struct lum_txn *log,
                                            const struct lum_device **out, struct lum_error *err);

/* "id": the whole id in hex; "record": COLL/key or COLL/hex as a person would type it. */
void lum_ref_tell_record(struct lum_reply *reply, struct lum_txn *view,
                         const struct lum_record *record);
/* "event": log id hex:seq. */
void lum_ref_tell_event(struct lum_reply *reply, const char *key, const struct lum_hash *log_id,
                        uint64_t seq);
/* "relay", "reader", "writer", "steward"; "none" for anything else. */
const char *lum_ref_role_name(unsigned role);
/* NONE when it is no role. */
enum lum_role lum_ref_role(struct lum_bytes name);
/* A control event as it is named by others: the first half of its log id, hex:seq. */
void lum_ref_tell_ref(struct lum_reply *reply, const char *key, const struct lum_ref *ref);
/* Name of the space: that of its _space record, empty when it has none. Stands as a row does. */
LUM_MUST_USE enum lum_status lum_ref_space_name(const struct lum_world *world,
                                                struct lum_arena *arena, struct lum_bytes *out);
/* Name shown for an author key: its _member record's name, else the short member id. Arena text. */
LUM_MUST_USE enum lum_status lum_ref_name(const struct lum_world *world, struct lum_arena *arena,
                                          const uint8_t author[32], struct lum_bytes *out);

#endif
