/*
 * frontier.c - see frontier.h.
 *
 * Invariant: count <= room, and by_id holds each of 1..count once, ascending by log id.
 */
#include "sync/frontier.h"

#include <string.h>

#include "core/crypto.h"

enum {
    ROOM_MIN = 32,
};
#define FROZEN_BIT (UINT64_C(1) << 63)

void lum_frontier_init(struct lum_frontier *frontier)
{
    memset(frontier, 0, sizeof(*frontier));
}

void lum_frontier_fini(struct lum_frontier *frontier)
{
    lum_free(frontier->logs);
    lum_free(frontier->by_id);
    lum_frontier_init(frontier);
}

struct lum_held *lum_frontier_log(const struct lum_frontier *frontier, uint32_t lno)
{
    LUM_ASSERT(lno > 0 && lno <= frontier->count);
    return &frontier->logs[lno - 1];
}

/* ---- reading ---- */

static enum lum_status make_room(struct lum_frontier *frontier, uint32_t count)
{
    if (count <= frontier->room) {
        return LUM_OK;
    }
    uint32_t room = frontier->room < ROOM_MIN ? ROOM_MIN : frontier->room;
    while (room < count) {
        room *= 2;
    }
    struct lum_held *logs = lum_realloc(frontier->logs, room * sizeof(*logs));
    if (logs == NULL) {
        return LUM_NO_MEMORY;
    }
    frontier->logs = logs;
    uint32_t *by_id = lum_realloc(frontier->by_id, room * sizeof(*by_id));
    if (by_id == NULL) {
        return LUM_NO_MEMORY;
    }
    frontier->by_id = by_id;
    frontier->room = room;
    return LUM_OK;
}

/* Index in by_id of the first log whose id does not come before the bytes. */
static uint32_t lower_bound(const struct lum_frontier *frontier, const uint8_t *id, size_t len)
{
    uint32_t low = 0;
    uint32_t high = frontier->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct lum_held *held = lum_frontier_log(frontier, frontier->by_id[middle]);
        if (memcmp(held->id.b, id, len) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void fill(struct lum_held *held, const struct lum_log_row *row)
{
    held->name = row->name;
    held->id = row->place.log_id;
    held->head = row->place.chain.seq;
    held->is_frozen = row->is_frozen;
    held->seq = row->is_frozen ? row->fork_point : held->head;
    held->h = row->is_frozen ? row->fork_h : row->place.chain.h;
}

static enum lum_status read_log(struct lum_frontier *frontier, struct lum_txn *txn, uint32_t lno)
{
    struct lum_log_row row;
    enum lum_status status = lum_log_get(txn, lno, &row);
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    LUM_ASSERT(row.name.shelf < LUM_SHELVES_MAX);
    if (lno > frontier->count) {
        uint32_t at = lower_bound(frontier, row.place.log_id.b, sizeof(row.place.log_id.b));
        uint32_t *place = &frontier->by_id[at];
        memmove(place + 1, place, (frontier->count - at) * sizeof(*place));
        *place = lno;
        frontier->count = lno;
        memset(&frontier->logs[lno - 1], 0, sizeof(frontier->logs[lno - 1]));
    }
    fill(&frontier->logs[lno - 1], &row);
    frontier->fresh &= (uint8_t) ~(1U << row.name.shelf);
    return LUM_OK;
}

enum lum_status lum_frontier_read(struct lum_frontier *frontier, struct lum_txn *txn, uint32_t lno)
{
    uint32_t count = lum_log_count(txn);
    uint32_t known = frontier->count;
    LUM_ASSERT(count >= known && lno <= count);
    enum lum_status status = make_room(frontier, count);
    if (status == LUM_OK && lno > 0 && lno <= known) {
        status = read_log(frontier, txn, lno);
    }
    uint32_t next = lno == 0 ? 1 : known + 1;
    for (; status == LUM_OK && next <= count; next++) {
        status = read_log(frontier, txn, next);
    }
    return status;
}

/* ---- finding ---- */

uint32_t lum_frontier_find(const struct lum_frontier *frontier, const struct lum_hash *id)
{
    uint32_t at = lower_bound(frontier, id->b, sizeof(id->b));
    if (at == frontier->count) {
        return 0;
    }
    uint32_t lno = frontier->by_id[at];
    return memcmp(lum_frontier_log(frontier, lno)->id.b, id->b, 32) == 0 ? lno : 0;
}

uint32_t lum_frontier_find8(const struct lum_frontier *frontier, const uint8_t log8[8])
{
    uint32_t found = 0;
    for (uint32_t at = lower_bound(frontier, log8, 8); at < frontier->count; at++) {
        uint32_t lno = frontier->by_id[at];
        if (memcmp(lum_frontier_log(frontier, lno)->id.b, log8, 8) != 0) {
            break;
        }
        if (found != 0) {
            return 0;
        }
        found = lno;
    }
    return found;
}

/* ---- digests and tags ---- */

static void digest_shelf(const struct lum_frontier *frontier, uint8_t shelf, uint8_t out[16])
{
    struct lum_hasher hasher;
    lum_hash_init(&hasher, LUM_LABEL_front, 16);
    for (uint32_t i = 0; i < frontier->count; i++) {
        const struct lum_held *held = lum_frontier_log(frontier, frontier->by_id[i]);
        if (held->name.shelf != shelf || held->head == 0) {
            continue;
        }
        lum_hash_add(&hasher, held->id.b, sizeof(held->id.b));
        lum_hash_add_u64(&hasher, held->is_frozen ? held->seq | FROZEN_BIT : held->seq);
        lum_hash_add(&hasher, held->h.b, sizeof(held->h.b));
    }
    lum_hash_end(&hasher, out, 16);
}

const uint8_t *lum_frontier_digest(struct lum_frontier *frontier, uint8_t shelf)
{
    LUM_ASSERT(shelf < LUM_SHELVES_MAX);
    if ((frontier->fresh >> shelf & 1) == 0) {
        digest_shelf(frontier, shelf, frontier->digests[shelf]);
        frontier->fresh |= (uint8_t)(1U << shelf);
    }
    return frontier->digests[shelf];
}

uint32_t lum_frontier_tag(const uint8_t handshake_hash[64], const struct lum_hash *h)
{
    return (uint32_t)(lum_siphash(handshake_hash, lum_bytes_of(h->b, sizeof(h->b))) & UINT32_MAX);
}
