/*
 * view_ids.c - record ids in two tables: `rid`, and the younger ones in `young`.
 *
 *   a new id -> young                 small, so that random keys share their pages
 *   end of a batch -> a slice of the id space moves from young to rid, in order of ids
 *
 * Ids are hashes: in one large table every new one would dirty a page of its own, 4 KiB of writing
 * for 35 bytes (at a million records two thirds of all that a view writes). Together with the
 * others of its slice an id shares that page. While rid is small it takes the ids itself. Those of
 * a view that is made anew come from memory: core/view_fresh.c.
 */
#include <string.h>

#include "core/view_i.h"

enum {
    RID_KEY = 1 + 16,
    RID_ROW = 8,
    RID_BYTES = RID_KEY + RID_ROW + LUM_VIEW_ROW,
    DIRECT_PAGES = 1024,                /* rid is small up to here */
    SLICE_PAGES = LUM_VIEW_SLICE_PAGES, /* of rid, for one slice */
    SLICE_RATIO = 8,                    /* ids that may move for one that came */
    SLICE_FROM = 256,                   /* new ids that make a slice worth its pages */
    FRESH_FROM = 1 << 17,               /* ids in memory from which on they leave in slices */
};

static struct lum_bytes rid_key(uint8_t shelf, const struct lum_id *id, uint8_t key[RID_KEY])
{
    key[0] = shelf;
    memcpy(key + 1, id->b, sizeof id->b);
    return lum_bytes_of(key, RID_KEY);
}

enum lum_status lum_view_find(struct lum_txn *view, uint8_t shelf, const struct lum_id *id,
                              uint64_t *rno)
{
    uint8_t bytes[RID_KEY];
    struct lum_bytes row;
    struct lum_bytes key = rid_key(shelf, id, bytes);
    enum lum_status status = lum_txn_get(view, LUM_V_RID, key, &row);
    if (status == LUM_NOT_FOUND) {
        status = lum_txn_get(view, LUM_V_YOUNG, key, &row);
    }
    if (status == LUM_OK && row.len != RID_ROW) {
        return LUM_CORRUPT;
    }
    if (status == LUM_OK) {
        *rno = lum_get_u64(row.at);
    }
    return status;
}

enum lum_status lum_view_id_get(struct lum_view *view, uint8_t shelf, const struct lum_id *id,
                                uint64_t *rno)
{
    if (lum_fresh_is_unknown(&view->fresh, id)) {
        return LUM_NOT_FOUND;
    }
    return lum_fresh_get(&view->fresh, shelf, id, rno) ? LUM_OK
                                                       : lum_view_find(view->txn, shelf, id, rno);
}

enum lum_status lum_view_id_put(struct lum_view *view, uint8_t shelf, const struct lum_id *id,
                                uint64_t rno)
{
    uint8_t key[RID_KEY];
    uint8_t row[RID_ROW];
    bool is_direct = view->rid_pages <= DIRECT_PAGES;
    lum_fresh_note(&view->fresh, id);
    if (lum_fresh_put(&view->fresh, shelf, id, rno)) {
        return LUM_OK;
    }
    lum_put_u64(row, rno);
    view->touched_rids++;
    view->touched_shelf = shelf;
    return lum_txn_put(view->txn, is_direct ? LUM_V_RID : LUM_V_YOUNG, rid_key(shelf, id, key),
                       lum_bytes_of(row, sizeof row));
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Pages of rid with all of them in it, two thirds full as random keys leave them. */
static uint64_t pages_with_fresh(const struct lum_view *view)
{
    return view->rid_pages + (uint64_t)view->fresh.count * RID_BYTES * 3 / 2 / LUM_VIEW_PAGE;
}

uint64_t lum_view_ids_pages(struct lum_view *view)
{
    uint64_t pages = 0;
    uint64_t slice = lesser(SLICE_PAGES, view->rid_pages);
    uint64_t young = lum_txn_pages(view->txn, LUM_V_YOUNG);
    if (view->touched_rids > 0) {
        pages = lesser(view->touched_rids, young) +
                (young == 0 ? lesser(view->touched_rids, view->rid_pages) : slice);
    }
    if (view->fresh.count > 0) {
        pages += lesser(SLICE_PAGES, pages_with_fresh(view));
    }
    return pages;
}

/* ---- moving a slice ---- */

/* How many ids go: about as many as SLICE_PAGES pages of rid hold the like of, and not out of
 * proportion to what came. */
static uint64_t slice_of(const struct lum_view *view, uint64_t young)
{
    uint64_t slice =
        view->rid_pages <= SLICE_PAGES ? young : young * SLICE_PAGES / view->rid_pages + 1;
    return lesser(slice, view->touched_rids * SLICE_RATIO);
}

/* Where the slice begins: multiples of the golden ratio visit the id space evenly, so that nothing
 * need be remembered. */
static void slice_start(const struct lum_view *view, uint8_t key[RID_KEY])
{
    memset(key, 0, RID_KEY);
    key[0] = view->touched_shelf;
    lum_put_u64(key + 1, view->applied.number * UINT64_C(0x9e3779b97f4a7c15));
}

/* Up to `most` rows of young, from the key on and then from the beginning, one after another. */
static enum lum_status gather(struct lum_view *view, const uint8_t from[RID_KEY], uint64_t most)
{
    struct lum_scan scan;
    enum lum_status status = lum_scan_open(view->txn, LUM_V_YOUNG, &scan);
    if (status != LUM_OK) {
        return status;
    }
    lum_buf_reset(&view->bytes);
    bool more = lum_scan_seek(&scan, lum_bytes_of(from, RID_KEY)) ||
                lum_scan_seek(&scan, lum_bytes_of("", 1));
    for (; more && most > 0; most--) {
        if (scan.key.len != RID_KEY || scan.value.len != RID_ROW) {
            status = LUM_CORRUPT;
            break;
        }
        lum_buf_put(&view->bytes, scan.key.at, RID_KEY);
        lum_buf_put(&view->bytes, scan.value.at, RID_ROW);
        more = lum_scan_next(&scan);
    }
    lum_scan_close(&scan);
    return status == LUM_OK ? lum_buf_status(&view->bytes) : status;
}

/* What was gathered goes to rid. */
static enum lum_status move(struct lum_view *view, bool is_young)
{
    enum lum_status status = LUM_OK;
    bool is_first = lum_txn_rows(view->txn, LUM_V_RID) == 0;
    for (size_t i = 0; i < view->bytes.len && status == LUM_OK; i += RID_KEY + RID_ROW) {
        struct lum_bytes key = {view->bytes.at + i, RID_KEY};
        struct lum_bytes row = {view->bytes.at + i + RID_KEY, RID_ROW};
        status = is_first ? lum_txn_append(view->txn, LUM_V_RID, key, row)
                          : lum_txn_put(view->txn, LUM_V_RID, key, row);
        if (status == LUM_OK && is_young) {
            status = lum_txn_delete(view->txn, LUM_V_YOUNG, key);
        }
    }
    return status;
}

static enum lum_status settle_fresh(struct lum_view *view, bool is_last)
{
    if (view->fresh.count < (is_last ? 1 : FRESH_FROM)) {
        return LUM_OK;
    }
    enum lum_status status =
        lum_fresh_take(&view->fresh, SLICE_PAGES, pages_with_fresh(view), &view->bytes);
    if (status == LUM_OK) {
        status = move(view, false);
    }
    return status == LUM_OK && is_last && view->fresh.count > 0 ? LUM_AGAIN : status;
}

enum lum_status lum_view_ids_settle(struct lum_view *view, bool is_last)
{
    uint8_t from[RID_KEY];
    uint64_t young = lum_txn_rows(view->txn, LUM_V_YOUNG);
    if (view->touched_rids >= SLICE_FROM && young > 0) {
        slice_start(view, from);
        enum lum_status status = gather(view, from, slice_of(view, young));
        if (status == LUM_OK) {
            status = move(view, true);
        }
        if (status != LUM_OK) {
            return status;
        }
    }
    return settle_fresh(view, is_last);
}

/* ---- both tables as one ---- */

static void settle_on(struct lum_view_ids *ids, bool has_old, bool has_young)
{
    bool is_young = has_young && (!has_old || lum_bytes_compare(ids->young.key, ids->old.key) < 0);
    const struct lum_scan *scan = is_young ? &ids->young : &ids->old;
    ids->has_old = has_old;
    ids->has_young = has_young;
    ids->is_young = is_young;
    ids->is_there = (has_old || has_young) && scan->key.len == RID_KEY &&
                    scan->value.len == RID_ROW && scan->key.at[0] == ids->shelf;
    if (ids->is_there) {
        memcpy(ids->id.b, scan->key.at + 1, sizeof ids->id.b);
        ids->rno = lum_get_u64(scan->value.at);
    }
}

enum lum_status lum_view_ids_open(struct lum_txn *view, uint8_t shelf, const struct lum_id *from,
                                  struct lum_view_ids *out)
{
    uint8_t bytes[RID_KEY];
    struct lum_bytes key = rid_key(shelf, from, bytes);
    *out = (struct lum_view_ids){.shelf = shelf};
    enum lum_status status = lum_scan_open(view, LUM_V_RID, &out->old);
    if (status != LUM_OK) {
        return status;
    }
    status = lum_scan_open(view, LUM_V_YOUNG, &out->young);
    if (status != LUM_OK) {
        lum_scan_close(&out->old);
        return status;
    }
    bool has_old = lum_scan_seek(&out->old, key);
    settle_on(out, has_old, lum_scan_seek(&out->young, key));
    return LUM_OK;
}

void lum_view_ids_next(struct lum_view_ids *ids)
{
    bool has_old = ids->has_old;
    bool has_young = ids->has_young;
    LUM_ASSERT(ids->is_there);
    if (ids->is_young) {
        has_young = lum_scan_next(&ids->young);
    } else {
        has_old = lum_scan_next(&ids->old);
    }
    settle_on(ids, has_old, has_young);
}

void lum_view_ids_close(struct lum_view_ids *ids)
{
    lum_scan_close(&ids->old);
    lum_scan_close(&ids->young);
}
