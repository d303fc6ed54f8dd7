/*
 * record.h - one merged record: its cells with every live sibling, its drops, its existence.
 *
 * In memory a record lives in an arena for as long as one event is applied or one row is shown. Its
 * row under `rec` never leaves the node; layout: core/record_row.h.
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
    struct lum_sibling *siblings; /* ascending by place, at most one a log */
};
struct lum_drop {
    struct lum_place at;
    struct lum_place *seen; /* a log at most once, ascending; the own log included */
    uint32_t seen_count;
    bool is_kept; /* a contributed keep names it */
};

enum lum_life {
    LUM_UNMADE, /* ops but no make yet: not shown, no leaf in the state root */
    LUM_ALIVE,
    LUM_REVIVED, /* alive, but a drop that no keep names stands: "deleted but edited" */
    LUM_DEAD,
};

/*
 * All arrays hold room for the next power of two, so that they grow without a count of it. Places
 * ascend by (lno, seq, op).
 */
struct lum_record {
    uint64_t rno;
    uint8_t shelf;
    struct lum_id id;
    uint32_t collection;    /* name number; 0 while unmade */
    struct lum_bytes key;   /* empty for a made record */
    uint64_t change;        /* its newest change number in the feed */
    struct lum_place first; /* the op that touched it first here, whatever it was */
    struct lum_place touch; /* the event that touched it last here; op is 0. See `hist` */
    struct lum_cell *cells; /* ascending by field number */
    uint32_t cell_count;
    struct lum_place *existence; /* make, make-keyed, keep */
    uint32_t existence_count;
    struct lum_drop *drops;
    uint32_t drop_count;
    struct lum_place *newest; /* per log the newest contributed op on it, drops left out */
    uint32_t newest_count;
};

enum lum_life lum_record_life(const struct lum_record *record);
/* Whether people see it: alive or revived. */
bool lum_life_is_shown(enum lum_life life);
/* Number of cells with different live values. */
uint32_t lum_record_conflicts(const struct lum_record *record);
const struct lum_cell *lum_record_cell(const struct lum_record *record, uint32_t field);
/* How many different values its siblings have: 1 when they agree. */
uint32_t lum_cell_values(const struct lum_cell *cell);
/* <0, 0, >0 by (lno, seq, op). */
int lum_place_compare(const struct lum_place *a, const struct lum_place *b);

/*
 * Each applies one op; what grows comes from the arena, values are borrowed. Ops of one log come in
 * its order. NO_MEMORY only. The op's dot enters `newest` (not a drop's).
 */
LUM_MUST_USE enum lum_status lum_record_set(struct lum_record *record, struct lum_arena *arena,
                                            uint32_t field, const struct lum_sibling *sibling,
                                            const struct lum_place *preds, uint32_t pred_count);
/* make or make-keyed, without its fields; the caller fills collection and key. */
LUM_MUST_USE enum lum_status lum_record_make(struct lum_record *record, struct lum_arena *arena,
                                             const struct lum_place *at);
/* seen: foreign positions in any order, repeated or not. */
LUM_MUST_USE enum lum_status lum_record_drop(struct lum_record *record, struct lum_arena *arena,
                                             const struct lum_place *at,
                                             const struct lum_place *seen, uint32_t seen_count);
LUM_MUST_USE enum lum_status lum_record_keep(struct lum_record *record, struct lum_arena *arena,
                                             const struct lum_place *at,
                                             const struct lum_place *drops, uint32_t drop_count);

#endif
