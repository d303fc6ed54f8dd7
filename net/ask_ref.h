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

/* Splits COLL/ID (argument "record") and looks it up. no_record, ambiguous_id, bad_id. */
LUM_MUST_USE enum lum_status lum_ref_record(const struct lum_ask *ask, struct lum_txn *view,
                                            const struct lum_hash *space,
                                            struct lum_edit_target *out, uint64_t *rno,
                                            struct lum_error *err);
/* The argument "coll", checked. */
LUM_MUST_USE enum lum_status lum_ref_collection(const struct lum_ask *ask, struct lum_bytes *out,
                                                struct lum_error *err);
/* The argument "shelf", by default common. */
uint8_t lum_ref_shelf(const struct lum_ask *ask);
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
/* Name shown for an author key: its _member record's name, else the short member id. Arena text. */
LUM_MUST_USE enum lum_status lum_ref_name(const struct lum_world *world,
                                          struct lum_arena *arena, const uint8_t author[32],
                                          struct lum_bytes *out);

#endif
