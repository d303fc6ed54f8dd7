/*
 * log.h - the logs of a space as they lie in log.mdb: append, read, cut into blocks.
 *
 * All calls work inside a transaction of the caller; nothing is cached between them, so that the
 * loop may read through short snapshots while the worker writes. A local log number (lno) is
 * given on first acceptance and never changes.
 *
 *        events ... boundary | events ... boundary | events (open)
 *        [------ block row: up to 16 segments ----][ tail rows, one an event ]
 *
 * Closed segments wait as tail rows until LUM_BLOCK_SEGMENTS_MAX of them (or a block's plain
 * limit) are together, then become one block row. A received block that continues a log whose
 * tail is empty becomes a block row as it came.
 */
#ifndef LUM_CORE_LOG_H
#define LUM_CORE_LOG_H

#include "core/mem.h"
#include "core/run.h"
#include "core/schema.h"
#include "core/squeeze.h"
#include "core/status.h"
#include "core/store.h"

/* Opens dir/log.mdb with all its tables. */
LUM_MUST_USE enum lum_status lum_log_open(const char *dir, bool create, struct lum_store **out,
                                          struct lum_error *err);
/* A new dir/log.mdb.new, worth nothing until lum_store_sync: for who fills it and renames it. */
LUM_MUST_USE enum lum_status lum_log_open_new(const char *dir, struct lum_store **out,
                                              struct lum_error *err);

struct lum_log_row {
    uint32_t lno;
    struct lum_log_name name;
    struct lum_log_place place; /* the head */
    struct lum_sig head_seal;   /* over the head, whether boundary or not; none while seq is 0 */
    struct lum_chain packed;    /* after the last event that lies in a block row */
    uint32_t tail_segments;     /* closed ones among the tail rows */
    uint32_t tail_bytes;        /* of all events in tail rows */
    bool is_frozen;             /* a fork was proved */
    uint64_t fork_point;        /* events after it are without effect; valid when frozen */
    struct lum_hash fork_h;     /* h(fork_point) */
};

/* NOT_FOUND when there is no such log. */
LUM_MUST_USE enum lum_status lum_log_get(struct lum_txn *txn, uint32_t lno,
                                         struct lum_log_row *out);
LUM_MUST_USE enum lum_status lum_log_find(struct lum_txn *txn, const struct lum_hash *log_id,
                                          uint32_t *lno);
/* All logs whose id begins with log8: almost always one. *count <= max. */
LUM_MUST_USE enum lum_status lum_log_find8(struct lum_txn *txn, const uint8_t log8[8],
                                           uint32_t *lnos, uint32_t max, uint32_t *count);
/* A device's logs on one shelf, in the order in which they came here. *count <= max. */
LUM_MUST_USE enum lum_status lum_log_find_by_author(struct lum_txn *txn,
                                                    const uint8_t author[32], uint8_t shelf,
                                                    uint32_t *lnos, uint32_t max,
                                                    uint32_t *count);
uint32_t lum_log_count(struct lum_txn *txn); /* lnos are 1..count */

/* A new, empty log (seq 0) at the founding time and epoch. */
LUM_MUST_USE enum lum_status lum_log_create(struct lum_txn *txn, const struct lum_hash *space,
                                            const struct lum_log_name *name, uint64_t founded_ms,
                                            struct lum_log_row *out);

/* What is appended: a checked run. `place` is where lum_run_check left it. */
struct lum_log_growth {
    struct lum_bytes run;
    const struct lum_run_mark *marks;
    uint32_t count;
    struct lum_run_seals seals;    /* as lum_run_check took them */
    struct lum_bytes packed;       /* the zstd frame it came in, or empty */
    const struct lum_log_place *place;
};
/*
 * Appends to *row (which must be what the transaction holds) and moves it on: rows or block,
 * seals, head, arrival with its hash. *arrival is the new arrival's number.
 */
LUM_MUST_USE enum lum_status lum_log_append(struct lum_txn *txn, struct lum_squeezer *squeezer,
                                            struct lum_log_row *row,
                                            const struct lum_log_growth *growth,
                                            uint64_t *arrival);
/* Writes the row back, e.g. after a freeze. */
LUM_MUST_USE enum lum_status lum_log_put(struct lum_txn *txn, const struct lum_log_row *row);

/* Reads a log's events in order. Keeps the last unpacked block, so that neighbours are cheap. */
struct lum_log_event {
    uint64_t seq;
    struct lum_bytes raw; /* header and payload as in a run; stands until the next call */
    struct lum_bytes payload;
    const struct lum_header *header; /* phash filled */
    struct lum_chain chain;          /* after this event: h, t, epoch */
};
struct lum_log_reader;
LUM_MUST_USE enum lum_status lum_log_reader_open(struct lum_log_reader **out);
void lum_log_reader_close(struct lum_log_reader *reader);
/* Positions before `from`; the reader may outlive txn only until the next seek. */
LUM_MUST_USE enum lum_status lum_log_seek(struct lum_log_reader *reader, struct lum_txn *txn,
                                          uint32_t lno, uint64_t from);
/* NOT_FOUND at the end; CORRUPT when what lies there does not read. */
LUM_MUST_USE enum lum_status lum_log_next(struct lum_log_reader *reader,
                                          struct lum_log_event *out);
/* The chain after seq, for 0 <= seq <= head (0: the log's start), and its h alone. Costs at most
 * one block; the reader then stands before seq + 1. NOT_FOUND past the head. */
LUM_MUST_USE enum lum_status lum_log_chain_at(struct lum_log_reader *reader, struct lum_txn *txn,
                                              uint32_t lno, uint64_t seq, struct lum_chain *out);
LUM_MUST_USE enum lum_status lum_log_hash_at(struct lum_log_reader *reader, struct lum_txn *txn,
                                             uint32_t lno, uint64_t seq, struct lum_hash *out);

/* The whole place after seq, its range gathered anew: a walk over all events before. For forks. */
LUM_MUST_USE enum lum_status lum_log_place_at(struct lum_log_reader *reader, struct lum_txn *txn,
                                              const struct lum_log_row *row, uint64_t seq,
                                              struct lum_log_place *out);

/* One piece of a log, ready to be said: whole segments as a block, or the open tail as a run. */
struct lum_log_piece {
    uint64_t first;
    uint64_t last;
    uint32_t plain_len;
    bool is_packed;         /* bytes are a zstd frame of plain_len; else the run itself */
    struct lum_bytes bytes; /* at most LUM_BLOCK_PLAIN_MAX; stands until the next call with this
                             * reader, or txn's end */
    struct lum_sig seals[LUM_BLOCK_SEGMENTS_MAX + 1];
    uint32_t seal_count;
};
/*
 * The piece that begins at `from`, at most `max_segments` segments (1..16). Stored blocks go out as
 * they lie when they begin at `from` and fit; otherwise the rest is packed anew. Ends only where a
 * seal is held. NOT_FOUND when from is past the head.
 */
LUM_MUST_USE enum lum_status lum_log_piece_at(struct lum_log_reader *reader, struct lum_txn *txn,
                                              const struct lum_log_row *row, uint64_t from,
                                              uint32_t max_segments, struct lum_log_piece *out);

/* Arrivals, the order in which everything came; the view replays them. */
struct lum_arrival {
    uint64_t number; /* from 1 */
    uint32_t lno;
    uint64_t first;
    uint32_t count;
    struct lum_hash hash; /* running, see docs/format.md 1 */
};
/* The last one; number 0 and a zero hash when there is none. */
LUM_MUST_USE enum lum_status lum_log_arrival_last(struct lum_txn *txn, struct lum_arrival *out);
LUM_MUST_USE enum lum_status lum_log_arrival_get(struct lum_txn *txn, uint64_t number,
                                                 struct lum_arrival *out);

/* Small things under a name, for upper rooms. An empty value deletes. */
LUM_MUST_USE enum lum_status lum_log_note_put(struct lum_txn *txn, const char *name,
                                              struct lum_bytes value);
LUM_MUST_USE enum lum_status lum_log_note_get(struct lum_txn *txn, const char *name,
                                              struct lum_bytes *value);

/*
 * `compact`: repacks every log's closed segments, 16 to a block, at a high level. Called inside a
 * write transaction before lum_store_copy; returns how many blocks it wrote.
 */
LUM_MUST_USE enum lum_status lum_log_repack(struct lum_txn *txn, struct lum_squeezer *squeezer,
                                            uint32_t lno, int level, uint64_t *blocks);

/* Frontier digest of one shelf (docs/format.md 1): 16 bytes, equal iff the same is held. */
LUM_MUST_USE enum lum_status lum_log_frontier(struct lum_txn *txn, uint8_t shelf,
                                              uint8_t out[16]);

#endif
