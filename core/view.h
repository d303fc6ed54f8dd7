/*
 * view.h - the merged state in view.mdb: derived from the log, disposable, exactly once.
 *
 *   log.mdb arrivals -> per event: void? pending? waiting? -> L, clock, rank -> ops -> records
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

/* Opens dir/view.mdb; *fresh when it is empty or of another format (then it has been emptied). */
LUM_MUST_USE enum lum_status lum_view_open(const char *dir, const char *file,
                                           struct lum_store **out, bool *fresh,
                                           struct lum_error *err);

/* The applier: caches of one writer (names, rows of logs, arena). One thread. */
struct lum_view;
LUM_MUST_USE enum lum_status lum_view_applier_open(struct lum_view **out);
void lum_view_applier_close(struct lum_view *view);
/* Forgets every cache: after an abort. */
void lum_view_applier_forget(struct lum_view *view);

struct lum_view_batch {
    struct lum_txn *log;  /* read or write */
    struct lum_txn *view; /* write */
    const struct lum_roster *roster;
    uint64_t events_max;  /* stop after about so many; the caller commits and calls again */
};
struct lum_view_progress {
    uint64_t applied;    /* events that had their effect in this call */
    uint64_t records_new;
    uint64_t records_changed;
    uint64_t records_deleted;
    uint64_t conflicts_new;
    bool needs_rebuild;  /* rights changed under applied events, a freeze, or hashes disagree */
};
/* Goes on from the applied arrival. AGAIN when there is more, OK when the log is reached. */
LUM_MUST_USE enum lum_status lum_view_apply(struct lum_view *view,
                                            const struct lum_view_batch *batch,
                                            struct lum_view_progress *progress,
                                            struct lum_error *err);

/* ---- reading: all of these work in a read or write transaction of view.mdb ---- */

struct lum_view_counts {
    uint64_t records;   /* alive, the revived included; Lumbung's own collections left out */
    uint64_t deleted;
    uint64_t conflicts; /* cells */
    uint64_t revived;
    uint64_t pending;   /* events */
    uint64_t voided;
    uint64_t waiting;   /* logs that wait for a dependency */
    uint64_t applied;   /* arrival number */
};
LUM_MUST_USE enum lum_status lum_view_counts(struct lum_txn *view, struct lum_view_counts *out);

/* rno by id on a shelf; NOT_FOUND. */
LUM_MUST_USE enum lum_status lum_view_find(struct lum_txn *view, uint8_t shelf,
                                           const struct lum_id *id, uint64_t *rno);
LUM_MUST_USE enum lum_status lum_view_record(struct lum_txn *view, uint64_t rno,
                                             struct lum_arena *arena, struct lum_record *out);
/* 0 when nobody used that name yet. Text borrowed from the transaction. */
uint32_t lum_view_name_number(struct lum_txn *view, struct lum_bytes name);
struct lum_bytes lum_view_name_text(struct lum_txn *view, uint32_t number);

/* Position facts of an applied event, for rank and for authorship. */
struct lum_view_pos {
    uint8_t h16[16];
    uint64_t t;
    uint64_t l;
    bool is_sane;
    bool is_void;
    bool is_pending;
};
LUM_MUST_USE enum lum_status lum_view_pos(struct lum_txn *view, uint32_t lno, uint64_t seq,
                                          struct lum_view_pos *out);

/* The sibling that is shown: greatest (sane, t, L, log id, h). log gives log ids. */
LUM_MUST_USE enum lum_status lum_view_shown(struct lum_txn *view, struct lum_txn *log,
                                            const struct lum_cell *cell,
                                            const struct lum_sibling **out);

/* What a log waits for. lno 0 in *out: it waits for nothing. */
struct lum_view_wait {
    uint64_t applied;   /* events of this log that have applied */
    uint8_t log8[8];
    uint64_t seq;
    bool is_waiting;
};
LUM_MUST_USE enum lum_status lum_view_log(struct lum_txn *view, uint32_t lno,
                                          struct lum_view_wait *out);
/* Latest pin by our log `lno` of log8: 0 when none. */
uint64_t lum_view_pin(struct lum_txn *view, uint32_t lno, const uint8_t log8[8]);

/* The state root of a shelf (docs/format.md 6). In a write transaction the bucket hashes are kept. */
LUM_MUST_USE enum lum_status lum_view_root(struct lum_txn *view, struct lum_txn *log,
                                           uint8_t shelf, struct lum_hash *out);
/* Every structure against every other (counts, rid/rec/coll, conflicts, feed, buckets): OK, or
 * CORRUPT and err says what does not hold. */
LUM_MUST_USE enum lum_status lum_view_check(struct lum_txn *view, struct lum_txn *log,
                                            struct lum_error *err);

#endif
