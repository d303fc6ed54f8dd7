/*
 * log_i.h - the rows of log.mdb, byte by byte; for core/log*.c and core/verify_log.c only.
 *
 *   chain    h 32 | t u64 | epoch 16 | segment events u32 | segment bytes u32             64
 *   log      log id 32 | author 32 | incarnation 8 | shelf u8 | frozen u8
 *            | head seq u64, chain | head seal 64 | packed seq u64, chain
 *            | tail segments u32 | tail bytes u32 | fork point u64 | fork h 32
 *            | range (core/range.h)                                                  from 330
 *   tail     chain after the event | the event as in a run
 *   block    check u64 | plain length u32 | event count u32 | dictionary u8 (0)
 *            | chain before its first event | zstd frame                              from 81
 *   arrive   lno u32 | first seq u64 | count u32 | arrival hash 32                         48
 *
 * check = SipHash-2-4 under a key of zeros over (the same of the frame | what lies between check
 * and frame): a block goes out as it lies, without being unpacked, so a damaged disk must show
 * before a neighbour sees it. A tail row shows damage by its own chain.
 */
#ifndef LUM_CORE_LOG_I_H
#define LUM_CORE_LOG_I_H

#include "core/log.h"

enum {
    LUM_LOG_KEY = 12, /* lno u32 | seq u64 */
    LUM_LOG_CHAIN = 64,
    LUM_LOG_ROW = 330, /* without the range */
    LUM_LOG_BLOCK = 17 + LUM_LOG_CHAIN,
    LUM_LOG_ARRIVE = 48,
};

/* The key's bytes lie in at. */
struct lum_bytes lum_log_key(uint32_t lno, uint64_t seq, uint8_t at[LUM_LOG_KEY]);

void lum_log_chain_write(const struct lum_chain *chain, uint8_t out[LUM_LOG_CHAIN]);
void lum_log_chain_read(const uint8_t at[LUM_LOG_CHAIN], uint64_t seq, struct lum_chain *out);
bool lum_log_chain_equal(const struct lum_chain *a, const struct lum_chain *b);

/* One tail row; NOT_FOUND, or CORRUPT when it is too short. raw stands as the row does. */
LUM_MUST_USE enum lum_status lum_log_tail_get(struct lum_txn *txn, uint32_t lno, uint64_t seq,
                                              struct lum_chain *chain, struct lum_bytes *raw);
LUM_MUST_USE enum lum_status lum_log_tail_put(struct lum_txn *txn, uint32_t lno,
                                              const struct lum_chain *chain,
                                              struct lum_bytes raw);

struct lum_log_block {
    uint64_t first;
    uint64_t last;
    uint64_t check;
    uint32_t plain_len;
    struct lum_chain start; /* before first */
    struct lum_bytes frame;
};
/* CORRUPT when the row's form or check does not hold. */
LUM_MUST_USE enum lum_status lum_log_block_read(struct lum_bytes key, struct lum_bytes value,
                                                struct lum_log_block *out);
/* The block that holds seq; NOT_FOUND when none does. */
LUM_MUST_USE enum lum_status lum_log_block_find(struct lum_txn *txn, uint32_t lno, uint64_t seq,
                                                struct lum_log_block *out);
/* Fills check. */
LUM_MUST_USE enum lum_status lum_log_block_put(struct lum_txn *txn, uint32_t lno,
                                               struct lum_log_block *block);

/*
 * Where a reader stands. While chain.seq < packed, `run` stands behind that event in the unpacked
 * block, or at its end; after that each event is read from its own row.
 */
struct lum_log_reader {
    struct lum_squeezer *squeezer;
    struct lum_txn *txn;
    uint32_t lno;
    uint64_t head;
    uint64_t packed;
    struct lum_chain chain; /* after the event handed out last */
    struct lum_run_reader run;
    struct lum_buf plain; /* of the block unpacked last, of log block_lno; frame is not kept */
    struct lum_log_block block;
    uint32_t block_lno;
    struct lum_buf piece; /* of the piece handed out last */
    struct lum_buf frame;
};

/* Seals of the boundaries in first..last, ascending; more than a block holds is CORRUPT. */
LUM_MUST_USE enum lum_status lum_log_seals(struct lum_txn *txn, uint32_t lno, uint64_t first,
                                           uint64_t last,
                                           struct lum_sig out[LUM_BLOCK_SEGMENTS_MAX],
                                           uint32_t *count);

void lum_log_arrival_hash(const struct lum_hash *previous, const struct lum_hash *log_id,
                          uint64_t first, const struct lum_hash *last_h, struct lum_hash *out);
LUM_MUST_USE enum lum_status lum_log_arrival_add(struct lum_txn *txn,
                                                 const struct lum_log_row *row, uint64_t first,
                                                 uint64_t *number);

#endif
