/*
 * view_feed.c - the change feed: which record got each change number, oldest first.
 *
 *   row = rno u48, for each of 336 numbers: two rows fill a page
 *
 * A record's row names its newest change; an older entry of it in the feed is stale and passed over
 * by whoever reads. Taking it out would dirty a page somewhere for each edit; leaving it costs six
 * bytes, less than the edit's own line in `hist`. A rebuild leaves none.
 */
#include <string.h>

#include "core/record_row.h"
#include "core/view_i.h"

static struct lum_bytes row_key(uint64_t change, uint8_t key[8])
{
    lum_put_u64(key, change / LUM_FEED_ROW);
    return lum_bytes_of(key, 8);
}

static size_t offset_of(uint64_t change)
{
    return (size_t)(change % LUM_FEED_ROW) * LUM_FEED_LEN;
}

enum lum_status lum_view_feed_begin(struct lum_view *view)
{
    uint8_t key[8];
    struct lum_bytes row;
    memset(view->feed, 0, sizeof view->feed);
    enum lum_status status =
        lum_txn_get(view->txn, LUM_V_FEED, row_key(view->next_change, key), &row);
    if (status == LUM_OK && row.len <= sizeof view->feed) {
        memcpy(view->feed, row.at, row.len);
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

static enum lum_status row_put(struct lum_view *view, uint64_t newest)
{
    uint8_t key[8];
    return lum_txn_put(view->txn, LUM_V_FEED, row_key(newest, key),
                       lum_bytes_of(view->feed, offset_of(newest) + LUM_FEED_LEN));
}

enum lum_status lum_view_feed_add(struct lum_view *view, uint64_t rno, uint64_t *change)
{
    *change = view->next_change;
    view->next_change++;
    lum_put_u48(view->feed + offset_of(*change), rno);
    view->appended_bytes += LUM_FEED_LEN;
    if (view->next_change % LUM_FEED_ROW != 0) {
        return LUM_OK;
    }
    enum lum_status status = row_put(view, *change);
    memset(view->feed, 0, sizeof view->feed);
    return status;
}

enum lum_status lum_view_feed_end(struct lum_view *view)
{
    bool is_new = view->next_change > view->batch_change;
    bool is_partial = view->next_change % LUM_FEED_ROW != 0;
    return is_new && is_partial ? row_put(view, view->next_change - 1) : LUM_OK;
}

/* ---- reading ---- */

bool lum_view_feed_has(struct lum_txn *view, uint64_t change, uint64_t rno)
{
    uint8_t key[8];
    struct lum_bytes row;
    size_t at = offset_of(change);
    return lum_txn_get(view, LUM_V_FEED, row_key(change, key), &row) == LUM_OK &&
           at + LUM_FEED_LEN <= row.len && lum_get_u48(row.at + at) == rno;
}

static enum lum_status is_newest(struct lum_txn *view, uint64_t change, uint64_t rno, bool *out)
{
    uint8_t key[8];
    struct lum_bytes bytes;
    struct lum_row row;
    lum_put_u64(key, rno);
    enum lum_status status = lum_txn_get(view, LUM_V_REC, lum_bytes_of(key, sizeof key), &bytes);
    if (status != LUM_OK || !lum_row_open(bytes, &row)) {
        return status == LUM_OK || status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    *out = row.change == change;
    return LUM_OK;
}

/* The first entry of one row at or after *io that is not stale; NOT_FOUND when there is none. */
static enum lum_status row_next(struct lum_txn *view, struct lum_bytes row, uint64_t first,
                                struct lum_view_change *io)
{
    uint64_t change = io->change > first ? io->change : first;
    for (; offset_of(change) + LUM_FEED_LEN <= row.len; change++) {
        bool newest = false;
        uint64_t rno = lum_get_u48(row.at + offset_of(change));
        enum lum_status status = rno == 0 ? LUM_OK : is_newest(view, change, rno, &newest);
        if (status != LUM_OK) {
            return status;
        }
        if (newest) {
            *io = (struct lum_view_change){change, rno};
            return LUM_OK;
        }
        if ((change + 1) % LUM_FEED_ROW == 0) {
            break;
        }
    }
    return LUM_NOT_FOUND;
}

enum lum_status lum_view_feed_next(struct lum_txn *view, struct lum_view_change *io)
{
    uint8_t key[8];
    struct lum_scan scan;
    struct lum_view_change next = {io->change + 1, 0};
    enum lum_status status = lum_scan_open(view, LUM_V_FEED, &scan);
    if (status != LUM_OK) {
        return status;
    }
    status = LUM_NOT_FOUND;
    bool more = lum_scan_seek(&scan, row_key(next.change, key));
    while (more && status == LUM_NOT_FOUND) {
        status = scan.key.len != 8
                     ? LUM_CORRUPT
                     : row_next(view, scan.value, lum_get_u64(scan.key.at) * LUM_FEED_ROW, &next);
        more = lum_scan_next(&scan);
    }
    status = lum_scan_end(&scan, status);
    if (status == LUM_OK) {
        *io = next;
    }
    return status;
}
