/*
 * draft.h - one data event in the making: ops with places in local numbers, written when whole.
 *
 * A place is (lno, seq, op); lno 0 is the own log, and seq 0 there is the event in the making. Deps
 * must stand in log8 order before an index into them can be written, so a draft first gathers and
 * then writes. Grammar of what comes out: core/payload.h.
 */
#ifndef LUM_CORE_DRAFT_H
#define LUM_CORE_DRAFT_H

#include "core/event.h"
#include "core/mem.h"
#include "core/payload.h"
#include "core/status.h"

struct lum_draft; /* memory kept over reset */

LUM_MUST_USE enum lum_status lum_draft_open(struct lum_draft **out);
void lum_draft_close(struct lum_draft *draft); /* NULL is fine */
void lum_draft_reset(struct lum_draft *draft);
/* No op and no pin; one that found no memory for them is not empty. */
bool lum_draft_is_empty(const struct lum_draft *draft);
uint32_t lum_draft_op_count(const struct lum_draft *draft);
size_t lum_draft_bytes(const struct lum_draft *draft); /* at least what the payload will take */

/* Everything handed in is copied. fields: the canonical map {field: value}. A lack of memory shows
 * in lum_draft_write. Each op's index in the event is its number in order, from 0. */
void lum_draft_make(struct lum_draft *draft, struct lum_bytes collection, struct lum_bytes fields);
void lum_draft_make_keyed(struct lum_draft *draft, struct lum_bytes collection,
                          struct lum_bytes key, struct lum_bytes fields);
/* Which record an op is about: its id or, with id NULL, the own op that makes it (lno 0). */
struct lum_about {
    const struct lum_id *id;
    struct lum_place place;
};
struct lum_places {
    const struct lum_place *at;
    uint32_t count;
};
/* preds: the siblings it replaces. */
void lum_draft_set(struct lum_draft *draft, const struct lum_about *about,
                   const struct lum_pair *pair, struct lum_places preds);
/* seen: per log the newest op on this record that was shown; places of lno 0 go without saying. */
void lum_draft_drop(struct lum_draft *draft, const struct lum_about *about, struct lum_places seen);
void lum_draft_keep(struct lum_draft *draft, const struct lum_about *about,
                    struct lum_places drops);
/* A dependency that no op names: a clock holder's head after a meeting. */
void lum_draft_pin(struct lum_draft *draft, uint32_t lno, uint64_t seq);

/* Looks up what a dep on (lno, seq) says: log8, and a hash16 unless the own log's latest pin of
 * that log stands at or above it. It may name a later position than asked for. */
struct lum_pin_source {
    void *self;
    enum lum_status (*look)(void *self, uint32_t lno, uint64_t seq, struct lum_dep *out,
                            struct lum_error *err);
};
/*
 * Fills header->deps, dep_count and plen, and replaces payload's content, for the own event `seq`.
 * LIMIT (cause event_too_big) when it names more than LUM_DEPS_MAX logs or the payload passes a
 * limit: the caller splits its draft. The draft stays as it is.
 */
LUM_MUST_USE enum lum_status lum_draft_write(const struct lum_draft *draft, uint64_t seq,
                                             const struct lum_pin_source *pins,
                                             struct lum_header *header, struct lum_buf *payload,
                                             struct lum_error *err);

#endif
