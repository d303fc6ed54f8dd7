/*
 * payload.h - the payload of kind 0: record references and operations, applied whole or not at all.
 *
 *   payload = [refs, ops] | [refs, ops, salt16]
 *   refs    = id16 | [d, op]                        docs/format.md 4
 *   ops       0 make coll {f: v}     1 set r f v preds     12 drop r seen     13 keep r drops
 *            18 make-keyed coll key {f: v}
 *
 * Semantics version 1 knows these five; any other op, or any malformed one, voids the event.
 */
#ifndef LUM_CORE_PAYLOAD_H
#define LUM_CORE_PAYLOAD_H

#include "core/event.h"
#include "core/lum.h"
#include "core/mem.h"
#include "core/pack.h"
#include "core/status.h"

enum lum_op_type {
    LUM_OP_MAKE = 0,
    LUM_OP_SET = 1,
    LUM_OP_DROP = 12,
    LUM_OP_KEEP = 13,
    LUM_OP_MAKE_KEYED = 18,
};

/* Record ids (docs/format.md 1). */
void lum_record_id_made(const struct lum_hash *log_id, uint64_t seq, uint16_t op,
                        struct lum_id *out);
void lum_record_id_keyed(const struct lum_hash *space, uint8_t shelf, struct lum_bytes collection,
                         struct lum_bytes key, struct lum_id *out);

/* One op, names one place: which log (0 = the own one, else deps[dep - 1]), event, op. */
struct lum_dot {
    uint32_t dep;
    uint64_t seq;
    uint16_t op;
};

/* ---- reading ---- */

struct lum_op {
    enum lum_op_type type;
    uint16_t index;             /* of the op in its event */
    struct lum_id record;       /* the record it is about */
    struct lum_bytes collection; /* make, make-keyed */
    struct lum_bytes key;        /* make-keyed */
    struct lum_bytes field;      /* set */
    struct lum_bytes value;      /* set */
    struct lum_bytes fields;     /* make, make-keyed: the map's pairs, walk with lum_pairs_next */
    struct lum_bytes dots;       /* set: preds; keep: drops; walk with lum_dots_next */
    struct lum_bytes seen;       /* drop: walk with lum_seen_next */
};

/* What the event is; resolves references and dots. */
struct lum_payload_place {
    const struct lum_hash *space;
    const struct lum_hash *log_id;
    uint8_t shelf;
    uint64_t seq;
    const struct lum_header *header;
};

struct lum_payload; /* a checked payload; lives in the arena it was read into */
/* NULL in *out: void (malformed, unknown op, an index or position out of range). What it hands out
 * borrows from payload and arena. Status only for memory. */
LUM_MUST_USE enum lum_status lum_payload_read(struct lum_bytes payload,
                                              const struct lum_payload_place *place,
                                              struct lum_arena *arena,
                                              const struct lum_payload **out);
uint32_t lum_payload_op_count(const struct lum_payload *payload);
const struct lum_op *lum_payload_op(const struct lum_payload *payload, uint32_t i);

/* Each consumes from the front; false at the end. The bytes were checked by lum_payload_read. */
bool lum_pairs_next(struct lum_bytes *fields, struct lum_bytes *field, struct lum_bytes *value);
bool lum_dots_next(const struct lum_payload_place *place, struct lum_bytes *dots,
                   struct lum_dot *out);
/* op = UINT16_MAX: the whole event is seen. */
bool lum_seen_next(const struct lum_payload_place *place, struct lum_bytes *seen,
                   struct lum_dot *out);

/* ---- writing ---- */

/*
 * A draft gathers ops with symbolic places (lno 0 = the own log, else a local log number) and is
 * turned into deps and payload when it is whole: deps must stand in log8 order before an index
 * into them can be written.
 */
struct lum_place {
    uint32_t lno;
    uint64_t seq;
    uint16_t op;
};
struct lum_draft; /* one event in the making, memory kept over reset */

LUM_MUST_USE enum lum_status lum_draft_open(struct lum_draft **out);
void lum_draft_close(struct lum_draft *draft);
void lum_draft_reset(struct lum_draft *draft);
bool lum_draft_is_empty(const struct lum_draft *draft);
size_t lum_draft_bytes(const struct lum_draft *draft); /* rough size of the payload so far */

/* fields: canonical map bytes (pairs sorted). All bytes handed in are copied. */
void lum_draft_make(struct lum_draft *draft, struct lum_bytes collection, struct lum_bytes fields);
void lum_draft_make_keyed(struct lum_draft *draft, struct lum_bytes collection,
                          struct lum_bytes key, struct lum_bytes fields);
/* Which record an op is about: its id, or the own event's op that makes it. */
struct lum_about {
    const struct lum_id *id; /* or NULL: made by op `place.op` of own event place.seq (0 = this) */
    struct lum_place place;
};
void lum_draft_set(struct lum_draft *draft, const struct lum_about *about, struct lum_bytes field,
                   struct lum_bytes value, const struct lum_place *preds, uint32_t pred_count);
void lum_draft_drop(struct lum_draft *draft, const struct lum_about *about,
                    const struct lum_place *seen, uint32_t seen_count);
void lum_draft_keep(struct lum_draft *draft, const struct lum_about *about,
                    const struct lum_place *drops, uint32_t drop_count);
/* A dependency that no op names: a clock holder's head after a meeting. */
void lum_draft_pin(struct lum_draft *draft, uint32_t lno, uint64_t seq);

/* Looks up what a dep must say: log8 and h16 of (lno, seq), and whether the own log already
 * pinned that log at or above seq (then no hash is written). */
struct lum_pin_source {
    void *self;
    enum lum_status (*look)(void *self, uint32_t lno, uint64_t seq, struct lum_dep *out);
};
/*
 * Writes header->deps and the payload for the own event `seq`. More than LUM_DEPS_MAX logs or a
 * payload over its limits is LIMIT (cause event_too_big): the caller splits its draft.
 */
LUM_MUST_USE enum lum_status lum_draft_write(struct lum_draft *draft, uint64_t seq,
                                             const struct lum_pin_source *pins,
                                             struct lum_header *header, struct lum_buf *payload,
                                             struct lum_error *err);

#endif
