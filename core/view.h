/*
 * view.h - the merged state in view.mdb: derived from the log, disposable, exactly once.
 *
 *   log.mdb arrivals -> per event: waiting? void? pending? -> L, clock, rank -> ops -> records
 *                    -> rows, feed, conflicts, counters    (one transaction a batch, with the
 *                       arrival number and hash it has reached)
 *
 * State is a pure function of the set of events: any causal order, any batching gives the same
 * root. When rights change under events already applied, when a fork freezes a log, or when the
 * arrival hashes disagree, the view is made anew from the log: rare, simple, right.
 */
#ifndef LUM_CORE_VIEW_H
#define LUM_CORE_VIEW_H

#include "core/log.h"
#include "core/record.h"
#include "core/roster.h"

/*
 * Opens dir/file with all its tables; *fresh when nothing has been applied to it, also because a
 * lower format was emptied. NEWER or CORRUPT: the caller removes the file, which is only derived,
 * and opens again.
 */
LUM_MUST_USE enum lum_status lum_view_open(const char *dir, const char *file,
                                           struct lum_store **out, bool *fresh,
                                           struct lum_error *err);

/* A new view to be filled beside the one in use: nothing of it is safe until lum_store_sync. The
 * file must not exist. */
LUM_MUST_USE enum lum_status lum_view_open_scratch(const char *dir, const char *file,
                                                   struct lum_store **out, struct lum_error *err);

/* The applier: caches of one writer (names, rows of logs, arena). One thread. */
struct lum_view;
LUM_MUST_USE enum lum_status lum_view_applier_open(struct lum_view **out);
void lum_view_applier_close(struct lum_view *view); /* NULL is fine */
/* Forgets every cache: after an abort, and before the applier serves another file. */
void lum_view_applier_forget(struct lum_view *view);
/* The view that it serves surely has no such id; false says nothing. Costs next to nothing. */
bool lum_view_applier_lacks(const struct lum_view *view, const struct lum_id *id);

/* A view made anew goes on with the change numbers of the one it takes the place of, so that a
 * number never says two things. Before anything is applied to `fresh`; an old one that does not
 * read leaves them at 1. */
LUM_MUST_USE enum lum_status lum_view_succeed(struct lum_txn *fresh, struct lum_txn *old);

struct lum_view_batch {
    struct lum_txn *log;             /* read or write */
    struct lum_txn *view;            /* write; several batches may share one */
    const struct lum_roster *roster; /* as of that transaction of the log */
    uint64_t events_max;             /* stop after so many; 0 = until the pages are spent */
    bool is_scratch; /* a new view, nobody else reads it: ids rest in memory until the last OK */
    uint64_t pages_before; /* that its transaction of the view has dirtied: they count as spent */
};
struct lum_view_progress {
    uint64_t applied; /* events that had their turn in this call, void and pending ones included */
    uint64_t records_new;
    uint64_t records_changed; /* each once, however often it changed in this call */
    uint64_t records_deleted;
    uint64_t conflicts_new;
    uint64_t pages;     /* dirtied in this call, about: see LUM_VIEW_DIRTY_PAGES_MAX */
    bool needs_rebuild; /* the view no longer fits log or rights: nothing was done in this call */
};
/*
 * Goes on from where the view stands. AGAIN: events_max or LUM_VIEW_DIRTY_PAGES_MAX is reached, the
 * caller commits and calls again. OK: everything that can apply has.
 */
LUM_MUST_USE enum lum_status lum_view_apply(struct lum_view *view,
                                            const struct lum_view_batch *batch,
                                            struct lum_view_progress *progress,
                                            struct lum_error *err);

/* ---- reading: in a read or write transaction of view.mdb. What is borrowed stands as the
 * transaction's rows do: until its end or, in a write transaction, until the next put ---- */

struct lum_view_counts {
    uint64_t records;   /* shown, the revived included; Lumbung's own collections left out */
    uint64_t deleted;   /* the same way */
    uint64_t conflicts; /* cells of shown records with different values */
    uint64_t revived;   /* records that are deleted but edited */
    uint64_t pending;   /* events */
    uint64_t voided;    /* events */
    uint64_t waiting;   /* logs that wait for a dependency */
    uint64_t applied;   /* arrival number */
};
LUM_MUST_USE enum lum_status lum_view_counts(struct lum_txn *view, struct lum_view_counts *out);

/* rno by id on a shelf; NOT_FOUND. (core/view_ids.c) */
LUM_MUST_USE enum lum_status lum_view_find(struct lum_txn *view, uint8_t shelf,
                                           const struct lum_id *id, uint64_t *rno);
/*
 * The ids of a shelf from one on, ascending: met once, made or not. Plain memory of the caller.
 *   for (open; ids.is_there; next) { ids.id, ids.rno }; close
 */
struct lum_view_ids {
    uint8_t shelf;
    bool is_there;
    struct lum_id id;
    uint64_t rno;
    /* inside */
    struct lum_scan old;
    struct lum_scan young;
    bool has_old;
    bool has_young;
    bool is_young;
};
LUM_MUST_USE enum lum_status lum_view_ids_open(struct lum_txn *view, uint8_t shelf,
                                               const struct lum_id *from, struct lum_view_ids *out);
void lum_view_ids_next(struct lum_view_ids *ids);
void lum_view_ids_close(struct lum_view_ids *ids);
/* Key and values are borrowed. */
LUM_MUST_USE enum lum_status lum_view_record(struct lum_txn *view, uint64_t rno,
                                             struct lum_arena *arena, struct lum_record *out);
/* 0 when nobody used that name yet. */
LUM_MUST_USE enum lum_status lum_view_name_number(struct lum_txn *view, struct lum_bytes name,
                                                  uint32_t *out);
/* Empty when there is none, or it does not read. */
struct lum_bytes lum_view_name_text(struct lum_txn *view, uint32_t number);

/* What is kept of an applied event, for rank and for authorship. NOT_FOUND: it has not applied. */
struct lum_view_pos {
    uint8_t h16[16];
    uint64_t t;
    uint64_t l;
    bool is_sane;
    bool is_void;
    bool is_pending;
    bool is_withheld;
};
LUM_MUST_USE enum lum_status lum_view_pos(struct lum_txn *view, uint32_t lno, uint64_t seq,
                                          struct lum_view_pos *out);

/* The sibling that is shown: greatest (sane, t, L, log id, h). log gives log ids. */
LUM_MUST_USE enum lum_status lum_view_shown(struct lum_txn *view, struct lum_txn *log,
                                            const struct lum_cell *cell,
                                            const struct lum_sibling **out);

/* Every event that touched a record, by (L, log id): a list in the arena. */
struct lum_view_touch {
    uint32_t lno;
    uint64_t seq;
};
LUM_MUST_USE enum lum_status lum_view_history(struct lum_txn *view, struct lum_txn *log,
                                              const struct lum_record *record,
                                              struct lum_arena *arena, struct lum_view_touch **out,
                                              uint32_t *count);

/* How far a log has applied, and what it waits for. NOT_FOUND: nothing of it was looked at yet. */
struct lum_view_wait {
    uint64_t applied; /* events of this log that have applied */
    uint8_t log8[8];
    uint64_t seq;
    bool is_waiting;
};
LUM_MUST_USE enum lum_status lum_view_log(struct lum_txn *view, uint32_t lno,
                                          struct lum_view_wait *out);
/* Latest pin by our log `lno` of log8: 0 when none. */
LUM_MUST_USE enum lum_status lum_view_pin(struct lum_txn *view, uint32_t lno, const uint8_t log8[8],
                                          uint64_t *out);

/* ---- lists: each gives the row after *io in the table's order; all zero begins. NOT_FOUND: no
 * more ---- */

/* Records by their newest change. */
struct lum_view_change {
    uint64_t change;
    uint64_t rno;
};
LUM_MUST_USE enum lum_status lum_view_feed_next(struct lum_txn *view, struct lum_view_change *io);
/* From which number on this view counts, and how far it is. first tells a view from the one that
 * was there before it was made anew: its record numbers are others. */
struct lum_view_changes {
    uint64_t first;
    uint64_t newest; /* first - 1 while nothing changed */
};
LUM_MUST_USE enum lum_status lum_view_changes(struct lum_txn *view, struct lum_view_changes *out);

/* What needs a person: cells with different values, then records deleted but edited. */
enum lum_view_conflict_kind {
    LUM_CONFLICT_CELL = 1,
    LUM_CONFLICT_REVIVED = 2,
};
struct lum_view_conflict {
    uint8_t kind;
    uint32_t collection;
    uint64_t rno;
    uint32_t field;  /* 0 for a revived record */
    uint32_t number; /* of different values; of drops that stand */
};
LUM_MUST_USE enum lum_status lum_view_conflict_next(struct lum_txn *view,
                                                    struct lum_view_conflict *io);

/* Events without effect. */
struct lum_view_void {
    uint32_t lno;
    uint64_t seq;
    enum lum_void why; /* LUM_VOID_NOT: pending */
};
LUM_MUST_USE enum lum_status lum_view_void_next(struct lum_txn *view, struct lum_view_void *io);

/* ---- the whole of it ---- */

/* The state root of a shelf (docs/format.md 6), from the bucket hashes that stand and what changed
 * since. */
LUM_MUST_USE enum lum_status lum_view_root(struct lum_txn *view, struct lum_txn *log, uint8_t shelf,
                                           struct lum_hash *out);
/* The same in a write transaction: bucket hashes are kept, so that the next root costs less. */
LUM_MUST_USE enum lum_status lum_view_root_keep(struct lum_txn *view, struct lum_txn *log,
                                                uint8_t shelf, struct lum_hash *out);
/* Every structure against every other (counts, rid/rec/coll, conflicts, feed, buckets): OK, or
 * CORRUPT and err says what does not hold. */
LUM_MUST_USE enum lum_status lum_view_check(struct lum_txn *view, struct lum_txn *log,
                                            struct lum_error *err);

#endif
