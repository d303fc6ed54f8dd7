/*
 * roster.h - who may do what, as a pure function of the set of control events.
 *
 * Never of arrival order, never of a clock. Rules: docs/format.md 5. All control events of all gov
 * logs (up to a proved fork point) are gathered as facts, then evaluated to a fixpoint:
 *
 *   steward    founder, or named steward by a steward's ADMIT of its valid JOIN
 *   counting   an INVITE, CANCEL or ADMIT whose author is a steward
 *   valid      a JOIN signed by a counting INVITE's key, whose A authors its log
 *   effective  a founder; or a valid JOIN that a counting ADMIT names; or a valid JOIN of an
 *              invite with no counting CANCEL and no more distinct A in valid JOINs than `uses`
 *   role       highest of its counting ADMITs, else min(invite's role, writer); founders: steward
 */
#ifndef LUM_CORE_ROSTER_H
#define LUM_CORE_ROSTER_H

#include "core/control.h"
#include "core/log.h"

struct lum_device {
    uint8_t a[32];
    uint8_t x[32];
    uint8_t t[32];
    struct lum_id member; /* member id */
    enum lum_role role;   /* of an effective device; NONE while it waits for approval */
    bool is_founder;
    bool is_valid;       /* has a valid JOIN, or is a founder: its logs are accepted */
    bool is_effective;   /* its events count */
    struct lum_ref join; /* what an ADMIT must name; zero for founders */
    struct lum_ref invite;
};

struct lum_invite_fact {
    struct lum_ref ref;
    uint8_t pk[32];
    uint8_t role;
    uint64_t uses;
    uint64_t used; /* distinct A in valid JOINs */
    uint64_t expiry_ms;
    uint64_t g;
    uint8_t enc48[48];
    uint8_t author[32];
    bool is_counting;
    bool is_cancelled;
};

struct lum_roster; /* immutable once read; may be shared by reference inside one thread */

/* Reads every gov log of the transaction (a frozen one up to its fork point) and evaluates. Space
 * and genesis come from meta; NOT_FOUND while a newcomer has none. */
LUM_MUST_USE enum lum_status lum_roster_read(struct lum_txn *log, struct lum_roster **out,
                                             struct lum_error *err);
/* The same from facts handed in one by one, in any order, twice is harmless. Payloads of kind 2
 * only; a void one adds nothing. */
struct lum_roster_builder;
LUM_MUST_USE enum lum_status lum_roster_builder_open(const struct lum_hash *space,
                                                     const struct lum_genesis *genesis,
                                                     struct lum_roster_builder **out);
LUM_MUST_USE enum lum_status lum_roster_builder_add(struct lum_roster_builder *builder,
                                                    const uint8_t author[32],
                                                    const struct lum_ref *ref,
                                                    struct lum_bytes payload);
void lum_roster_builder_close(struct lum_roster_builder *builder); /* NULL is fine */
/* Consumes the builder, in every case. */
LUM_MUST_USE enum lum_status lum_roster_builder_end(struct lum_roster_builder *builder,
                                                    struct lum_roster **out);
void lum_roster_close(struct lum_roster *roster); /* NULL is fine */

const struct lum_hash *lum_roster_space(const struct lum_roster *roster);
const struct lum_genesis *lum_roster_genesis(const struct lum_roster *roster);
/* NULL when no founder and no valid JOIN has this key. Of several JOINs of one A an effective one
 * speaks for the device; of several devices that name one T, an effective one. */
const struct lum_device *lum_roster_by_author(const struct lum_roster *roster, const uint8_t a[32]);
const struct lum_device *lum_roster_by_node(const struct lum_roster *roster, const uint8_t t[32]);
size_t lum_roster_device_count(const struct lum_roster *roster);
const struct lum_device *lum_roster_device(const struct lum_roster *roster, size_t i);
size_t lum_roster_invite_count(const struct lum_roster *roster);
const struct lum_invite_fact *lum_roster_invite(const struct lum_roster *roster, size_t i);

/* May an event of this author with this kind on this shelf count? Else it is pending: always, for
 * an author that is not effective, but for control events. Those are never pending: the roster
 * itself judges each of them, and one that does not count here has no effect elsewhere. */
bool lum_roster_may(const struct lum_roster *roster, const uint8_t author[32], uint8_t kind,
                    uint8_t shelf);
/* Does a member answer a newcomer with this invite? Only here expiry (0 = never) bears. */
bool lum_roster_answers(const struct lum_invite_fact *invite, uint64_t wall_ms);
/* A clock holder is a steward's device. Index of the holder, ascending by A; -1 when it is none. */
int lum_roster_holder(const struct lum_roster *roster, const uint8_t author[32]);
size_t lum_roster_holder_count(const struct lum_roster *roster);
/* Would this JOIN payload, first in a log of this author, be valid here? Admits a new gov log. */
bool lum_roster_join_is_valid(const struct lum_roster *roster, const uint8_t author[32],
                              struct lum_bytes payload);
/* Of everything that bears on the view (effective authors with roles, holders): when it differs
 * from what a view was made under, the view asks lum_view_rights whether it must be made anew. */
void lum_roster_digest(const struct lum_roster *roster, struct lum_hash *out);

#endif
