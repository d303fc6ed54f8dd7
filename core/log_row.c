/*
 * log_row.c - reads and writes the rows of events: tail, block, seal, arrive. Layouts: log_i.h.
 */
#include <string.h>

#include "core/crypto.h"
#include "core/log_i.h"
#include "core/pack.h"

struct lum_bytes lum_log_key(uint32_t lno, uint64_t seq, uint8_t at[LUM_LOG_KEY])
{
    lum_put_u32(at, lno);
    lum_put_u64(at + 4, seq);
    return lum_bytes_of(at, LUM_LOG_KEY);
}

void lum_log_chain_write(const struct lum_chain *chain, uint8_t out[LUM_LOG_CHAIN])
{
    memcpy(out, chain->h.b, 32);
    lum_put_u64(out + 32, chain->t);
    memcpy(out + 40, chain->epoch, 16);
    lum_put_u32(out + 56, chain->segment_events);
    lum_put_u32(out + 60, chain->segment_bytes);
}

void lum_log_chain_read(const uint8_t at[LUM_LOG_CHAIN], uint64_t seq, struct lum_chain *out)
{
    out->seq = seq;
    memcpy(out->h.b, at, 32);
    out->t = lum_get_u64(at + 32);
    memcpy(out->epoch, at + 40, 16);
    out->segment_events = lum_get_u32(at + 56);
    out->segment_bytes = lum_get_u32(at + 60);
}

bool lum_log_chain_equal(const struct lum_chain *a, const struct lum_chain *b)
{
    uint8_t at[2][LUM_LOG_CHAIN];
    lum_log_chain_write(a, at[0]);
    lum_log_chain_write(b, at[1]);
    return a->seq == b->seq && memcmp(at[0], at[1], LUM_LOG_CHAIN) == 0;
}

/* ---- tail ---- */

enum lum_status lum_log_tail_get(struct lum_txn *txn, uint32_t lno, uint64_t seq,
                                 struct lum_chain *chain, struct lum_bytes *raw)
{
    uint8_t key[LUM_LOG_KEY];
    struct lum_bytes value;
    enum lum_status status = lum_txn_get(txn, LUM_T_TAIL, lum_log_key(lno, seq, key), &value);
    if (status != LUM_OK) {
        return status;
    }
    if (value.len <= LUM_LOG_CHAIN) {
        return LUM_CORRUPT;
    }
    lum_log_chain_read(value.at, seq, chain);
    *raw = lum_bytes_of(value.at + LUM_LOG_CHAIN, value.len - LUM_LOG_CHAIN);
    return LUM_OK;
}

enum lum_status lum_log_tail_put(struct lum_txn *txn, uint32_t lno, const struct lum_chain *chain,
                                 struct lum_bytes raw)
{
    uint8_t key[LUM_LOG_KEY];
    uint8_t head[LUM_LOG_CHAIN];
    lum_log_chain_write(chain, head);
    return lum_txn_put_two(txn, LUM_T_TAIL, lum_log_key(lno, chain->seq, key),
                           lum_bytes_of(head, sizeof head), raw);
}

/* ---- block ---- */

static uint64_t check_of(struct lum_bytes head, struct lum_bytes frame)
{
    static const uint8_t zeros[16];
    uint8_t both[8 + LUM_LOG_BLOCK];
    LUM_ASSERT(head.len == LUM_LOG_BLOCK - 8);
    lum_put_u64(both, lum_siphash(zeros, frame));
    memcpy(both + 8, head.at, head.len);
    return lum_siphash(zeros, lum_bytes_of(both, 8 + head.len));
}

enum lum_status lum_log_block_read(struct lum_bytes key, struct lum_bytes value,
                                   struct lum_log_block *out)
{
    if (key.len != LUM_LOG_KEY || value.len <= LUM_LOG_BLOCK) {
        return LUM_CORRUPT;
    }
    struct lum_bytes head = lum_bytes_of(value.at + 8, LUM_LOG_BLOCK - 8);
    uint64_t first = lum_get_u64(key.at + 4);
    uint32_t count = lum_get_u32(value.at + 12);
    *out = (struct lum_log_block){
        .first = first,
        .last = first + count - 1,
        .check = lum_get_u64(value.at),
        .plain_len = lum_get_u32(value.at + 8),
        .frame = lum_bytes_of(value.at + LUM_LOG_BLOCK, value.len - LUM_LOG_BLOCK),
    };
    lum_log_chain_read(value.at + 17, first - 1, &out->start);
    bool holds = first > 0 && count > 0 && out->last >= first && value.at[16] == 0 &&
                 out->check == check_of(head, out->frame);
    return holds ? LUM_OK : LUM_CORRUPT;
}

enum lum_status lum_log_block_find(struct lum_txn *txn, uint32_t lno, uint64_t seq,
                                   struct lum_log_block *out)
{
    uint8_t key[LUM_LOG_KEY];
    struct lum_scan scan;
    enum lum_status status = lum_scan_open(txn, LUM_T_BLOCK, &scan);
    if (status != LUM_OK) {
        return status;
    }
    status = LUM_NOT_FOUND;
    if (lum_scan_seek_before(&scan, lum_log_key(lno, seq + 1, key)) &&
        scan.key.len == LUM_LOG_KEY && lum_get_u32(scan.key.at) == lno) {
        status = lum_log_block_read(scan.key, scan.value, out);
    }
    status = lum_scan_end(&scan, status);
    return status == LUM_OK && out->last < seq ? LUM_NOT_FOUND : status;
}

enum lum_status lum_log_block_put(struct lum_txn *txn, uint32_t lno, struct lum_log_block *block)
{
    LUM_ASSERT(block->first > 0 && block->last >= block->first);
    LUM_ASSERT(block->start.seq == block->first - 1 && block->start.segment_events == 0);
    uint8_t key[LUM_LOG_KEY];
    uint8_t head[LUM_LOG_BLOCK];
    lum_put_u32(head + 8, block->plain_len);
    lum_put_u32(head + 12, (uint32_t)(block->last - block->first + 1));
    head[16] = 0; /* no dictionary */
    lum_log_chain_write(&block->start, head + 17);
    block->check = check_of(lum_bytes_of(head + 8, sizeof head - 8), block->frame);
    lum_put_u64(head, block->check);
    return lum_txn_put_two(txn, LUM_T_BLOCK, lum_log_key(lno, block->first, key),
                           lum_bytes_of(head, sizeof head), block->frame);
}

/* ---- seal ---- */

enum lum_status lum_log_seals(struct lum_txn *txn, uint32_t lno, uint64_t first, uint64_t last,
                              struct lum_sig out[LUM_BLOCK_SEGMENTS_MAX], uint32_t *count)
{
    uint8_t from[LUM_LOG_KEY];
    uint8_t to[LUM_LOG_KEY];
    struct lum_bytes end = lum_log_key(lno, last, to);
    struct lum_scan scan;
    enum lum_status status = lum_scan_open(txn, LUM_T_SEAL, &scan);
    if (status != LUM_OK) {
        return status;
    }
    *count = 0;
    bool more = lum_scan_seek(&scan, lum_log_key(lno, first, from));
    while (more && status == LUM_OK && lum_bytes_compare(scan.key, end) <= 0) {
        if (*count == LUM_BLOCK_SEGMENTS_MAX || scan.value.len != sizeof out->b) {
            status = LUM_CORRUPT;
            break;
        }
        memcpy(out[(*count)++].b, scan.value.at, sizeof out->b);
        more = lum_scan_next(&scan);
    }
    return lum_scan_end(&scan, status);
}

/* ---- arrive ---- */

static enum lum_status arrival_read(struct lum_bytes key, struct lum_bytes value,
                                    struct lum_arrival *out)
{
    if (key.len != 8 || value.len != LUM_LOG_ARRIVE) {
        return LUM_CORRUPT;
    }
    out->number = lum_get_u64(key.at);
    out->lno = lum_get_u32(value.at);
    out->first = lum_get_u64(value.at + 4);
    out->count = lum_get_u32(value.at + 12);
    memcpy(out->hash.b, value.at + 16, 32);
    return LUM_OK;
}

enum lum_status lum_log_arrival_last(struct lum_txn *txn, struct lum_arrival *out)
{
    struct lum_scan scan;
    enum lum_status status = lum_scan_open(txn, LUM_T_ARRIVE, &scan);
    if (status != LUM_OK) {
        return status;
    }
    *out = (struct lum_arrival){0};
    if (lum_scan_last(&scan)) {
        status = arrival_read(scan.key, scan.value, out);
    }
    return lum_scan_end(&scan, status);
}

enum lum_status lum_log_arrival_get(struct lum_txn *txn, uint64_t number, struct lum_arrival *out)
{
    uint8_t at[8];
    struct lum_bytes value;
    lum_put_u64(at, number);
    struct lum_bytes key = lum_bytes_of(at, sizeof at);
    enum lum_status status = lum_txn_get(txn, LUM_T_ARRIVE, key, &value);
    return status == LUM_OK ? arrival_read(key, value, out) : status;
}

void lum_log_arrival_hash(const struct lum_hash *previous, const struct lum_hash *log_id,
                          uint64_t first, const struct lum_hash *last_h, struct lum_hash *out)
{
    struct lum_hasher h;
    lum_hash_init(&h, LUM_LABEL_arrive, sizeof out->b);
    lum_hash_add(&h, previous->b, 32);
    lum_hash_add(&h, log_id->b, 32);
    lum_hash_add_u64(&h, first);
    lum_hash_add(&h, last_h->b, 32);
    lum_hash_end(&h, out->b, sizeof out->b);
}

enum lum_status lum_log_arrival_add(struct lum_txn *txn, const struct lum_log_row *row,
                                    uint64_t first, uint64_t *number)
{
    struct lum_arrival last;
    enum lum_status status = lum_log_arrival_last(txn, &last);
    if (status != LUM_OK) {
        return status;
    }
    const struct lum_chain *head = &row->place.chain;
    struct lum_hash hash;
    lum_log_arrival_hash(&last.hash, &row->place.log_id, first, &head->h, &hash);
    uint8_t key[8];
    uint8_t value[LUM_LOG_ARRIVE];
    lum_put_u64(key, last.number + 1);
    lum_put_u32(value, row->lno);
    lum_put_u64(value + 4, first);
    lum_put_u32(value + 12, (uint32_t)(head->seq - first + 1));
    memcpy(value + 16, hash.b, 32);
    status = lum_txn_append(txn, LUM_T_ARRIVE, lum_bytes_of(key, sizeof key),
                            lum_bytes_of(value, sizeof value));
    if (status == LUM_OK) {
        *number = last.number + 1;
    }
    return status;
}
