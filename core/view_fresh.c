/*
 * view_fresh.c - new record ids in memory, and which ids are surely new.
 *
 *   table    of a view that is made anew: its ids rest here until many of them share a page of
 *            `rid`. Open addressing in the order of ids: an id's first bits say where it belongs,
 *            greater ones stand behind it, and whoever walks over the slots meets them ascending
 *   filter   a bit pattern of every id in the view (Bloom 1970, in blocks of a cache line), once
 *            many come: then most of them are new without a look into the tables
 *
 * An id should be a hash, but anyone may name 16 bytes that are none: where too many crowd, the
 * table takes no more, and the filter is only as good as the ids.
 */
#include <string.h>

#include "core/view_i.h"

enum {
    BITS_MIN = 10, /* of a slot's number, as the table begins */
    BITS_MAX = 19,
    RUN_MAX = 64,     /* slots from where an id belongs to the next free one */
    BLOCKS = 1 << 16, /* of the filter: 4 MiB, for ten million ids */
    BLOCK_WORDS = 8,
    FILTER_FROM = 4096, /* new ids that make a filter worth it */
    FILTER_RATIO = 16,  /* ids that are read for each that came */
    SHELF_BITS = 8,
    KEY = 1 + 16,
};

/* rno and shelf in one word; 0: free. */
struct lum_fresh_slot {
    struct lum_id id;
    uint64_t rno;
};

void lum_fresh_forget(struct lum_fresh *fresh)
{
    lum_free(fresh->slots);
    lum_free(fresh->filter);
    *fresh = (struct lum_fresh){0};
}

/* ---- the table ---- */

/* The last run goes on behind the slots, and the last of all is always free. */
static uint32_t room_of(uint32_t bits)
{
    return (UINT32_C(1) << bits) + RUN_MAX + 1;
}

/* Where parts left long ago slots are twice as crowded as on the whole. */
static bool is_filled(const struct lum_fresh *fresh)
{
    return fresh->count >= (UINT32_C(1) << fresh->bits) / 2;
}

bool lum_fresh_is_full(const struct lum_fresh *fresh)
{
    return fresh->bits == BITS_MAX && is_filled(fresh);
}

static uint32_t home_of(const struct lum_id *id, uint32_t bits)
{
    return lum_get_u32(id->b) >> (32 - bits);
}

/* Walking in order, each goes where it belongs or behind the one before it. */
static bool resize(struct lum_fresh *fresh, uint32_t bits)
{
    struct lum_fresh_slot *slots = lum_alloc_zero(room_of(bits) * sizeof *slots);
    uint32_t next = 0;
    uint32_t room = fresh->slots == NULL ? 0 : room_of(fresh->bits);
    for (uint32_t i = 0; i < room && slots != NULL; i++) {
        if (fresh->slots[i].rno != 0) {
            uint32_t home = home_of(&fresh->slots[i].id, bits);
            next = home > next ? home : next;
            slots[next++] = fresh->slots[i];
        }
    }
    if (slots != NULL) {
        lum_free(fresh->slots);
        fresh->slots = slots;
        fresh->bits = bits;
        fresh->at = 0;
    }
    return slots != NULL;
}

void lum_fresh_begin(struct lum_fresh *fresh, bool has_table)
{
    if (has_table && fresh->slots == NULL) {
        (void)resize(fresh, BITS_MIN); /* without memory ids go straight to the file */
    } else if (!has_table) {
        LUM_ASSERT(fresh->count == 0);
        lum_free(fresh->slots);
        fresh->slots = NULL;
        fresh->bits = 0;
    }
}

/* By id, then by shelf. Nearly always the first 8 bytes tell. */
static inline int order(const struct lum_fresh_slot *slot, uint8_t shelf, const struct lum_id *id)
{
    uint64_t a = lum_get_u64(slot->id.b);
    uint64_t b = lum_get_u64(id->b);
    if (a != b) {
        return a < b ? -1 : 1;
    }
    int rest = memcmp(slot->id.b, id->b, sizeof id->b);
    return rest != 0 ? rest : (int)(slot->rno & UINT8_MAX) - (int)shelf;
}

/* Where it stands, or where it would. */
static uint32_t seek(const struct lum_fresh *fresh, uint8_t shelf, const struct lum_id *id)
{
    uint32_t i = home_of(id, fresh->bits);
    while (fresh->slots[i].rno != 0 && order(&fresh->slots[i], shelf, id) < 0) {
        i++;
    }
    return i;
}

bool lum_fresh_get(const struct lum_fresh *fresh, uint8_t shelf, const struct lum_id *id,
                   uint64_t *rno)
{
    if (fresh->count == 0) {
        return false;
    }
    const struct lum_fresh_slot *slot = &fresh->slots[seek(fresh, shelf, id)];
    if (slot->rno == 0 || order(slot, shelf, id) != 0) {
        return false;
    }
    *rno = slot->rno >> SHELF_BITS;
    return true;
}

/* Nothing moves further than RUN_MAX from where it belongs, for what moves belongs no earlier than
 * what comes in. */
bool lum_fresh_put(struct lum_fresh *fresh, uint8_t shelf, const struct lum_id *id, uint64_t rno)
{
    if (fresh->slots == NULL ||
        (is_filled(fresh) && (fresh->bits == BITS_MAX || !resize(fresh, fresh->bits + 1)))) {
        return false;
    }
    uint32_t at = seek(fresh, shelf, id);
    uint32_t end = at;
    while (fresh->slots[end].rno != 0) {
        end++;
    }
    if (end - home_of(id, fresh->bits) > RUN_MAX) {
        return false;
    }
    memmove(&fresh->slots[at + 1], &fresh->slots[at], (end - at) * sizeof *fresh->slots);
    fresh->slots[at] = (struct lum_fresh_slot){*id, rno << SHELF_BITS | shelf};
    fresh->count++;
    return true;
}

/* The rows of one shelf among these slots. */
static void rows_of(const struct lum_fresh *fresh, uint8_t shelf, uint32_t end, struct lum_buf *out)
{
    for (uint32_t i = fresh->at; i < end; i++) {
        const struct lum_fresh_slot *slot = &fresh->slots[i];
        if (slot->rno != 0 && (slot->rno & UINT8_MAX) == shelf) {
            uint8_t rno[8];
            lum_put_u64(rno, slot->rno >> SHELF_BITS);
            lum_buf_put_byte(out, shelf);
            lum_buf_put(out, slot->id.b, sizeof slot->id.b);
            lum_buf_put(out, rno, sizeof rno);
        }
    }
}

/* Runs are taken to their end, so that what stays is still found from where it belongs. */
enum lum_status lum_fresh_take(struct lum_fresh *fresh, uint64_t part, uint64_t whole,
                               struct lum_buf *out)
{
    lum_buf_reset(out);
    if (fresh->count == 0) {
        return LUM_OK;
    }
    uint32_t room = room_of(fresh->bits);
    uint64_t wanted = part >= whole ? room : room * part / whole + 1;
    uint32_t end = wanted < room - fresh->at ? fresh->at + (uint32_t)wanted : room;
    while (end < room && fresh->slots[end].rno != 0) {
        end++;
    }
    for (uint8_t shelf = 0; shelf < LUM_SHELVES_MAX; shelf++) {
        rows_of(fresh, shelf, end, out);
    }
    enum lum_status status = lum_buf_status(out);
    if (status == LUM_OK) {
        memset(&fresh->slots[fresh->at], 0, (end - fresh->at) * sizeof *fresh->slots);
        fresh->count -= (uint32_t)(out->len / (KEY + 8));
        fresh->at = end == room ? 0 : end;
    }
    return status;
}

/* ---- the filter ---- */

static uint64_t *block_of(const struct lum_fresh *fresh, const struct lum_id *id)
{
    return fresh->filter + (size_t)(lum_get_u32(id->b + 4) % BLOCKS) * BLOCK_WORDS;
}

/* Three of a block's 512 bits. */
static void bits_of(const struct lum_id *id, uint32_t out[3])
{
    uint32_t bits = lum_get_u32(id->b + 8);
    for (int i = 0; i < 3; i++) {
        out[i] = bits % (BLOCK_WORDS * 64);
        bits /= BLOCK_WORDS * 64;
    }
}

static void note(struct lum_fresh *fresh, const struct lum_id *id)
{
    uint32_t bits[3];
    uint64_t *block = block_of(fresh, id);
    bits_of(id, bits);
    for (int i = 0; i < 3; i++) {
        block[bits[i] / 64] |= UINT64_C(1) << (bits[i] % 64);
    }
}

void lum_fresh_note(struct lum_fresh *fresh, const struct lum_id *id)
{
    fresh->noted++;
    if (fresh->filter != NULL) {
        note(fresh, id);
    }
}

bool lum_fresh_is_unknown(const struct lum_fresh *fresh, const struct lum_id *id)
{
    uint32_t bits[3];
    bool is_noted = true;
    if (fresh->filter == NULL) {
        return false;
    }
    const uint64_t *block = block_of(fresh, id);
    bits_of(id, bits);
    for (int i = 0; i < 3; i++) {
        is_noted = is_noted && (block[bits[i] / 64] >> (bits[i] % 64) & 1) != 0;
    }
    return !is_noted;
}

static enum lum_status note_table(struct lum_fresh *fresh, struct lum_txn *txn, uint32_t table)
{
    struct lum_scan scan;
    struct lum_id id;
    enum lum_status status = lum_scan_open(txn, table, &scan);
    if (status != LUM_OK) {
        return status;
    }
    for (bool more = lum_scan_seek(&scan, lum_bytes_of("", 1)); more && status == LUM_OK;
         more = lum_scan_next(&scan)) {
        status = scan.key.len == KEY ? LUM_OK : LUM_CORRUPT;
        if (status == LUM_OK) {
            memcpy(id.b, scan.key.at + 1, sizeof id.b);
            note(fresh, &id);
        }
    }
    lum_scan_close(&scan);
    return status;
}

enum lum_status lum_fresh_prepare(struct lum_fresh *fresh, struct lum_txn *view)
{
    uint64_t rows = lum_txn_rows(view, LUM_V_RID) + lum_txn_rows(view, LUM_V_YOUNG);
    bool is_worth_it = fresh->noted >= FILTER_FROM && rows / FILTER_RATIO <= fresh->noted;
    if (fresh->filter != NULL || !is_worth_it) {
        return LUM_OK;
    }
    fresh->filter = lum_alloc_zero((size_t)BLOCKS * BLOCK_WORDS * sizeof *fresh->filter);
    if (fresh->filter == NULL) { /* then every id is looked for */
        return LUM_OK;
    }
    for (uint32_t i = 0; fresh->count > 0 && i < room_of(fresh->bits); i++) {
        if (fresh->slots[i].rno != 0) {
            note(fresh, &fresh->slots[i].id);
        }
    }
    enum lum_status status = note_table(fresh, view, LUM_V_RID);
    if (status == LUM_OK) {
        status = note_table(fresh, view, LUM_V_YOUNG);
    }
    if (status != LUM_OK) { /* half of it would call known ids new */
        lum_free(fresh->filter);
        fresh->filter = NULL;
    }
    return status;
}
