/*
 * record.h - one merged record: its cells with every live sibling, its drops, its existence.
 *
 * The row under `rec` is msgpack-like but ours alone (never leaves the node); layout at the top of
 * core/record.c. In memory a record lives in an arena for as long as one event is applied or one
 * row is shown.
 *
 * Merge rules: docs/format.md 6. A cell keeps each value that nobody who saw it replaced. A
 * conflict is two or more live siblings with different values. Deleting takes away what was seen
 * and no cell.
 */
#ifndef LUM_CORE_RECORD_H
#define LUM_CORE_RECORD_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/payload.h"

struct lum_sibling {
    struct lum_place at;
    struct lum_bytes value;
};
struct lum_cell {
    uint32_t field; /* number in the name table */
    uint32_t count;
    struct lum_sibling *siblings; /* ascending by (lno, seq, op) */
};
struct lum_drop {
    struct lum_place at;
    uint32_t seen_count;
    struct lum_place *seen; /* what it saw, the own log included; op UINT16_MAX = whole event */
    bool is_kept;           /* a contributed keep names it */
};

enum lum_life {
    LUM_UNMADE,   /* ops but no make yet: not shown, no leaf */
    LUM_ALIVE,
    LUM_REVIVED,  /* alive, but a drop that no keep names stands: "deleted but edited" */
    LUM_DEAD,
};

struct lum_record {
    uint64_t rno;
    uint8_t shelf;
    struct lum_id id;
    uint32_t collection; /* name number; 0 while unmade */
    struct lum_bytes key; /* empty for a made record */
    uint64_t change;      /* its newest change number in the feed */
    struct lum_cell *cells; /* ascending by field number */
    uint32_t cell_count;
    struct lum_place *existence; /* make, make-keyed, keep dots, ascending */
    uint32_t existence_count;
    struct lum_drop *drops; /* ascending */
    uint32_t drop_count;
    struct lum_place *newest; /* per log the newest contributed op on this record, drops left out */
    uint32_t newest_count;
};

enum lum_life lum_record_life(const struct lum_record *record);
/* Number of cells with different live values. */
uint32_t lum_record_conflicts(const struct lum_record *record);
const struct lum_cell *lum_record_cell(const struct lum_record *record, uint32_t field);
/* Different values among its siblings: 1 when they agree. */
uint32_t lum_cell_values(const struct lum_cell *cell);

/* Applies one op; grown parts come from the arena. Idempotent for an op that is already in. */
LUM_MUST_USE enum lum_status lum_record_apply_set(struct lum_record *record, struct lum_arena *arena,
                                                  uint32_t field, const struct lum_sibling *sibling,
                                                  const struct lum_place *preds,
                                                  uint32_t pred_count);
LUM_MUST_USE enum lum_status lum_record_apply_exist(struct lum_record *record,
                                                    struct lum_arena *arena,
                                                    const struct lum_place *at);
LUM_MUST_USE enum lum_status lum_record_apply_drop(struct lum_record *record,
                                                   struct lum_arena *arena,
                                                   const struct lum_drop *drop);
LUM_MUST_USE enum lum_status lum_record_apply_keep(struct lum_record *record,
                                                   struct lum_arena *arena,
                                                   const struct lum_place *at,
                                                   const struct lum_place *drops,
                                                   uint32_t drop_count);

void lum_record_write(const struct lum_record *record, struct lum_buf *out);
/* Values and key borrow from row. CORRUPT when it does not read. */
LUM_MUST_USE enum lum_status lum_record_read(struct lum_bytes row, struct lum_arena *arena,
                                             struct lum_record *out);

#endif
