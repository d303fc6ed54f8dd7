/*
 * fork.c - keeps the other branch of a log and checks that it proves the fork.
 */
#include "core/fork.h"

#include <string.h>

#include "core/log_i.h"
#include "core/pack.h"

enum {
    HEAD = 17,
    SEALS_MAX = LUM_BLOCK_SEGMENTS_MAX + 1,
};

static struct lum_bytes lno_key(uint32_t lno, uint8_t at[4])
{
    lum_put_u32(at, lno);
    return lum_bytes_of(at, 4);
}

enum lum_status lum_fork_put(struct lum_txn *txn, struct lum_log_row *row,
                             const struct lum_chain *point, const struct lum_log_piece *branch)
{
    LUM_ASSERT(branch->seal_count > 0 && branch->seal_count <= SEALS_MAX);
    LUM_ASSERT(branch->first == point->seq + 1 && branch->last >= branch->first);
    LUM_ASSERT(!branch->is_packed && branch->bytes.len == branch->plain_len);
    uint8_t key[4];
    uint8_t head[HEAD + SEALS_MAX * 64];
    size_t len = HEAD;
    lum_put_u64(head, branch->first);
    lum_put_u64(head + 8, branch->last);
    head[16] = (uint8_t)branch->seal_count;
    for (uint32_t i = 0; i < branch->seal_count; i++, len += 64) {
        memcpy(head + len, branch->seals[i].b, 64);
    }
    enum lum_status status = lum_txn_put_two(txn, LUM_T_FORK, lno_key(row->lno, key),
                                             lum_bytes_of(head, len), branch->bytes);
    if (status != LUM_OK) {
        return status;
    }
    row->is_frozen = true;
    row->fork_point = point->seq;
    row->fork_h = point->h;
    return lum_log_put(txn, row);
}

enum lum_status lum_fork_get(struct lum_txn *txn, uint32_t lno, struct lum_log_piece *out)
{
    uint8_t key[4];
    struct lum_bytes value;
    enum lum_status status = lum_txn_get(txn, LUM_T_FORK, lno_key(lno, key), &value);
    if (status != LUM_OK) {
        return status;
    }
    size_t seals = value.len < HEAD ? 0 : value.at[16];
    size_t head = HEAD + seals * 64;
    if (seals == 0 || seals > SEALS_MAX || value.len <= head ||
        value.len - head > LUM_BLOCK_PLAIN_MAX) {
        return LUM_CORRUPT;
    }
    out->first = lum_get_u64(value.at);
    out->last = lum_get_u64(value.at + 8);
    out->plain_len = (uint32_t)(value.len - head);
    out->is_packed = false;
    out->seal_count = (uint32_t)seals;
    for (size_t i = 0; i < seals; i++) {
        memcpy(out->seals[i].b, value.at + HEAD + i * 64, 64);
    }
    out->bytes = lum_bytes_of(value.at + head, value.len - head);
    return LUM_OK;
}

static const char *branch_fault(const struct lum_log_piece *branch,
                                const struct lum_log_place *point, const struct lum_hash *ours)
{
    struct lum_log_place place = *point;
    struct lum_chain first = point->chain;
    struct lum_run_reader reader;
    const struct lum_run_seals seals = {branch->seals, branch->seal_count};
    uint32_t count = 0;
    bool is_boundary = false;
    if (lum_run_check(&place, branch->bytes, seals, NULL, 0, &count) != LUM_FAULT_NONE) {
        return "the other branch is not sealed";
    }
    lum_run_open(&reader, branch->bytes);
    bool reads = lum_run_next(&reader) &&
                 lum_chain_step_raw(&first, &reader.header, reader.raw_header, reader.payload,
                                    &is_boundary) == LUM_FAULT_NONE;
    if (!reads || memcmp(first.h.b, ours->b, sizeof ours->b) == 0) {
        return "the other branch is the same";
    }
    return place.chain.seq == branch->last ? NULL : "the other branch ends elsewhere";
}

enum lum_status lum_fork_check(struct lum_log_reader *reader, struct lum_txn *txn,
                               const struct lum_log_row *row, const char **what)
{
    struct lum_log_piece branch;
    struct lum_log_place point;
    struct lum_hash ours;
    *what = NULL;
    enum lum_status status = lum_fork_get(txn, row->lno, &branch);
    if (status == LUM_NOT_FOUND || status == LUM_CORRUPT ||
        (status == LUM_OK && branch.first != row->fork_point + 1)) {
        *what = "no proof of the fork";
        return LUM_OK;
    }
    if (status == LUM_OK) {
        status = lum_log_hash_at(reader, txn, row->lno, branch.first, &ours);
    }
    if (status == LUM_OK) {
        status = lum_log_place_at(reader, txn, row, row->fork_point, &point);
    }
    if (status == LUM_OK) {
        *what = branch_fault(&branch, &point, &ours);
    }
    return status;
}
