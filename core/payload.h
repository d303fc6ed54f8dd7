/*
 * payload.h - the payload of kind 0: record references and operations, applied whole or not at all.
 *
 *   payload = [refs, ops] | [refs, ops, salt16]
 *   refs    = id16 | [d, op]                        docs/format.md 4
 *   ops       0 make coll {f: v}     1 set r f v preds     12 drop r seen     13 keep r drops
 *            18 make-keyed coll key {f: v}
 *
 * Semantics version 1 knows these five; any other op, or any malformed one, voids the event.
 * How a payload is written: core/draft.h.
 */
#ifndef LUM_CORE_PAYLOAD_H
#define LUM_CORE_PAYLOAD_H

#include "core/event.h"
#include "core/lum.h"
#include "core/mem.h"
#include "core/pack.h"

enum lum_op_type {
    LUM_OP_MAKE = 0,
    LUM_OP_SET = 1,
    LUM_OP_DROP = 12,
    LUM_OP_KEEP = 13,
    LUM_OP_MAKE_KEYED = 18,
};

/* Why an event is void. The numbers are rows of the view's table `void`. */
enum lum_void {
    LUM_VOID_NOT = 0,
    LUM_VOID_MALFORMED = 1, /* not a payload of kind 0, or something in it is out of its range */
    LUM_VOID_OP = 2,        /* an op that this version does not know */
    LUM_VOID_KIND = 3,      /* a kind that this version does not know */
    LUM_VOID_SHELF = 4,     /* kind 0 on gov, or kind 2 elsewhere */
    LUM_VOID_CONTROL = 5,   /* malformed or unknown control event */
};

/* Record ids (docs/format.md 1). */
void lum_record_id_made(const struct lum_hash *log_id, uint64_t seq, uint16_t op,
                        struct lum_id *out);
void lum_record_id_keyed(const struct lum_hash *space, uint8_t shelf, struct lum_bytes collection,
                         struct lum_bytes key, struct lum_id *out);

/* Names one op in the causal past. In `seen` the op is LUM_OP_ANY: the whole event. */
#define LUM_OP_ANY UINT16_MAX
struct lum_dot {
    uint32_t dep; /* 0: the own log; else deps[dep - 1] of the header */
    uint64_t seq;
    uint16_t op;
};

struct lum_pair {
    struct lum_bytes field;
    struct lum_bytes value;
};

struct lum_op {
    enum lum_op_type type;
    uint16_t index;               /* of the op in its event */
    struct lum_id record;         /* the record it is about */
    struct lum_bytes collection;  /* make, make-keyed */
    struct lum_bytes key;         /* make-keyed */
    const struct lum_pair *pairs; /* make, make-keyed: ascending by field; set: exactly one */
    uint32_t pair_count;
    const struct lum_dot *dots; /* set: preds; drop: seen; keep: drops */
    uint32_t dot_count;
};

/* The event that a payload belongs to: what references and dots are counted from. */
struct lum_payload_place {
    const struct lum_hash *space;
    const struct lum_hash *log_id;
    uint8_t shelf;
    uint64_t seq;
    const struct lum_header *header;
};

struct lum_payload {
    enum lum_void why; /* LUM_VOID_NOT, or there are no ops */
    const struct lum_op *ops;
    uint32_t op_count;
};

/* The same in local numbers: an op of a log held here. Never leaves the node. */
struct lum_place {
    uint32_t lno;
    uint64_t seq;
    uint16_t op;
};

/* What it gives out borrows from the payload's bytes and from the arena. NO_MEMORY only. */
LUM_MUST_USE enum lum_status lum_payload_read(struct lum_bytes bytes,
                                              const struct lum_payload_place *place,
                                              struct lum_arena *arena, struct lum_payload *out);

#endif
