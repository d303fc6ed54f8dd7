/*
 * view_rows.c - the rows around a record, written when it is closed.
 *
 *   young     id -> rno                 once, when it is first met
 *   coll      while people see it
 *   feed      one change a batch
 *   hist      a chain back from `touch`, through events of all logs, to `first`
 *   conflict  a row a cell with different values, and one while it is deleted but edited
 *   tree      its bucket is noted as dirty; rows go at the end of the batch
 */
#include <string.h>

#include "core/record_row.h"
#include "core/view_open.h"

enum {
    COLL_KEY = 4 + 8,
    HIST_KEY = 4 + 8 + 8,
    HIST_LEN = 4 + 8,
    CONFLICT_KEY = 1 + 4 + 8 + 4,
    TREE_KEY = 1 + 2,
    LISTED_CELL = 1,
    LISTED_REVIVED = 2,
};

/* ---- keys ---- */

static struct lum_bytes number_key(uint64_t number, uint8_t key[8])
{
    lum_put_u64(key, number);
    return lum_bytes_of(key, 8);
}

static struct lum_bytes coll_key(const struct lum_record *record, uint8_t key[COLL_KEY])
{
    lum_put_u32(key, record->collection);
    lum_put_u64(key + 4, record->rno);
    return lum_bytes_of(key, COLL_KEY);
}

static struct lum_bytes conflict_key(const struct lum_record *record,
                                     const struct lum_view_listed *listed,
                                     uint8_t key[CONFLICT_KEY])
{
    key[0] = listed->kind;
    lum_put_u32(key + 1, record->collection);
    lum_put_u64(key + 5, record->rno);
    lum_put_u32(key + 13, listed->field);
    return lum_bytes_of(key, CONFLICT_KEY);
}

/* A row that must be there. */
static enum lum_status held(enum lum_status status)
{
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

/* ---- what is listed ---- */

static uint32_t standing_drops(const struct lum_record *record)
{
    uint32_t standing = 0;
    for (uint32_t i = 0; i < record->drop_count; i++) {
        standing += !record->drops[i].is_kept;
    }
    return standing;
}

enum lum_status lum_view_listed(struct lum_arena *arena, const struct lum_record *record,
                                enum lum_life life, struct lum_view_listed **out, uint32_t *count)
{
    uint32_t conflicts = lum_life_is_shown(life) ? lum_record_conflicts(record) : 0;
    uint32_t n = 0;
    *count = conflicts + (life == LUM_REVIVED ? 1 : 0);
    if (*count == 0) {
        return LUM_OK;
    }
    struct lum_view_listed *rows = lum_arena_take(arena, *count * sizeof *rows);
    if (rows == NULL) {
        return LUM_NO_MEMORY;
    }
    if (life == LUM_REVIVED) {
        rows[n++] = (struct lum_view_listed){LISTED_REVIVED, 0, standing_drops(record)};
    }
    for (uint32_t i = 0; i < record->cell_count && n < *count; i++) {
        uint32_t values = record->cells[i].count > 1 ? lum_cell_values(&record->cells[i]) : 1;
        if (values > 1) {
            rows[n++] = (struct lum_view_listed){LISTED_CELL, record->cells[i].field, values};
        }
    }
    *out = rows;
    return LUM_OK;
}

/* ---- closing ---- */

enum lum_status lum_view_hist_put(struct lum_view *view, uint64_t rno,
                                  const struct lum_place *event, const struct lum_place *before)
{
    uint8_t key[HIST_KEY];
    uint8_t row[HIST_LEN];
    lum_put_u32(key, event->lno);
    lum_put_u64(key + 4, event->seq);
    lum_put_u64(key + 12, rno);
    lum_put_u32(row, before->lno);
    lum_put_u64(row + 4, before->seq);
    view->appended_bytes += LUM_VIEW_ROW + sizeof key + sizeof row;
    return lum_txn_append(view->txn, LUM_V_HIST, lum_bytes_of(key, sizeof key),
                          lum_bytes_of(row, sizeof row));
}

/* Once a batch is enough: until it is committed nobody sees the number. */
static enum lum_status feed_put(struct lum_view *view, struct lum_view_open *open)
{
    struct lum_record *record = &open->record;
    if (!open->is_new && record->change >= view->batch_change) {
        return LUM_OK;
    }
    return lum_view_feed_add(view, record->rno, &record->change);
}

static enum lum_status own_known(struct lum_view *view, struct lum_view_open *open)
{
    uint8_t key[4];
    struct lum_bytes name;
    if (open->is_own_known) {
        return LUM_OK;
    }
    lum_put_u32(key, open->record.collection);
    enum lum_status status =
        held(lum_txn_get(view->txn, LUM_V_TEXT, lum_bytes_of(key, sizeof key), &name));
    open->is_own = status == LUM_OK && name.len > 0 && name.at[0] == '_';
    open->is_own_known = true;
    return status;
}

/* Which count a record stands in, if any. */
static uint64_t *count_of(struct lum_view_counts *counts, enum lum_life life)
{
    if (lum_life_is_shown(life)) {
        return &counts->records;
    }
    return life == LUM_DEAD ? &counts->deleted : NULL;
}

static enum lum_status recount(struct lum_view *view, struct lum_view_open *open,
                               enum lum_life life)
{
    uint64_t *from = count_of(&view->counts, open->was);
    uint64_t *to = count_of(&view->counts, life);
    if (from == to) {
        return LUM_OK;
    }
    enum lum_status status = own_known(view, open);
    if (status != LUM_OK || open->is_own) {
        return status;
    }
    if (from != NULL) {
        (*from)--;
    }
    if (to != NULL) {
        (*to)++;
    }
    return LUM_OK;
}

static void tell(struct lum_view *view, const struct lum_view_open *open, enum lum_life life,
                 bool is_first_change)
{
    struct lum_view_progress *progress = view->progress;
    bool was_shown = lum_life_is_shown(open->was);
    bool is_shown = lum_life_is_shown(life);
    progress->records_new += !open->was_made && is_shown;
    progress->records_deleted += was_shown && !is_shown;
    progress->records_changed += open->was_made && is_shown && is_first_change;
}

static enum lum_status coll_put(struct lum_view *view, const struct lum_view_open *open,
                                enum lum_life life)
{
    uint8_t key[COLL_KEY];
    bool was_shown = lum_life_is_shown(open->was);
    bool is_shown = lum_life_is_shown(life);
    if (was_shown == is_shown) {
        return LUM_OK;
    }
    if (is_shown) {
        view->appended_bytes += LUM_VIEW_ROW + sizeof key;
        return lum_txn_append(view->txn, LUM_V_COLL, coll_key(&open->record, key),
                              (struct lum_bytes){0});
    }
    return held(lum_txn_delete(view->txn, LUM_V_COLL, coll_key(&open->record, key)));
}

static uint64_t *listed_count(struct lum_view *view, uint8_t kind)
{
    return kind == LISTED_CELL ? &view->counts.conflicts : &view->counts.revived;
}

static bool is_among(const struct lum_view_listed *rows, uint32_t count,
                     const struct lum_view_listed *row)
{
    uint32_t i = 0;
    while (i < count && (rows[i].kind != row->kind || rows[i].field != row->field)) {
        i++;
    }
    return i < count;
}

static enum lum_status listed_put(struct lum_view *view, const struct lum_view_open *open,
                                  enum lum_life life)
{
    uint8_t key[CONFLICT_KEY];
    uint8_t number[4];
    struct lum_view_listed *now = NULL;
    uint32_t count = 0;
    enum lum_status status = lum_view_listed(&view->arena, &open->record, life, &now, &count);
    for (uint32_t i = 0; i < open->listed_count && status == LUM_OK; i++) {
        const struct lum_view_listed *old = &open->listed[i];
        if (!is_among(now, count, old)) {
            (*listed_count(view, old->kind))--;
            status = held(
                lum_txn_delete(view->txn, LUM_V_CONFLICT, conflict_key(&open->record, old, key)));
        }
    }
    for (uint32_t i = 0; i < count && status == LUM_OK; i++) {
        if (!is_among(open->listed, open->listed_count, &now[i])) {
            (*listed_count(view, now[i].kind))++;
            view->progress->conflicts_new += now[i].kind == LISTED_CELL;
        }
        lum_put_u32(number, now[i].number);
        status = lum_txn_put(view->txn, LUM_V_CONFLICT, conflict_key(&open->record, &now[i], key),
                             lum_bytes_of(number, sizeof number));
    }
    return status;
}

/* Neighbours share a page; a large row has pages of its own. */
static void count_pages(struct lum_view *view, uint64_t rno, size_t len)
{
    uint64_t rows = lum_txn_rows(view->txn, LUM_V_REC);
    uint64_t page = rows == 0 ? 0 : rno * lum_txn_pages(view->txn, LUM_V_REC) / rows;
    view->touched_rows += page != view->touched_page;
    view->touched_page = page;
    view->appended_bytes += len > LUM_VIEW_PAGE / 2 ? len : 0;
}

static enum lum_status row_put(struct lum_view *view, const struct lum_view_open *open)
{
    uint8_t number[8];
    lum_buf_reset(&view->bytes);
    lum_record_write(&open->record, &view->bytes);
    enum lum_status status = lum_buf_status(&view->bytes);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_bytes row = lum_buf_bytes(&view->bytes);
    struct lum_bytes rno = number_key(open->record.rno, number);
    if (!open->is_new) {
        count_pages(view, open->record.rno, row.len);
        return lum_txn_put(view->txn, LUM_V_REC, rno, row);
    }
    status = lum_txn_append(view->txn, LUM_V_REC, rno, row);
    return status == LUM_OK
               ? lum_view_id_put(view, open->record.shelf, &open->record.id, open->record.rno)
               : status;
}

static void mark_dirty(struct lum_view *view, const struct lum_record *record)
{
    unsigned bucket = (unsigned)record->id.b[0] << 4 | record->id.b[1] >> 4;
    view->dirty[record->shelf][bucket / 64] |= UINT64_C(1) << (bucket % 64);
}

enum lum_status lum_view_open_close(struct lum_view *view, struct lum_view_open *open)
{
    enum lum_life life = lum_record_life(&open->record);
    bool is_first_change = open->is_new || open->record.change < view->batch_change;
    enum lum_status status = feed_put(view, open);
    if (status == LUM_OK) {
        status = coll_put(view, open, life);
    }
    if (status == LUM_OK) {
        status = recount(view, open, life);
    }
    if (status == LUM_OK) {
        status = listed_put(view, open, life);
    }
    if (status == LUM_OK) {
        status = row_put(view, open);
    }
    mark_dirty(view, &open->record);
    tell(view, open, life, is_first_change);
    return status;
}

/* ---- the end of a batch ---- */

static enum lum_status bucket_clear(struct lum_view *view, uint32_t shelf, uint32_t bucket)
{
    uint8_t key[TREE_KEY];
    key[0] = (uint8_t)shelf;
    lum_put_u16(key + 1, (uint16_t)bucket);
    enum lum_status status = lum_txn_delete(view->txn, LUM_V_TREE, lum_bytes_of(key, sizeof key));
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

enum lum_status lum_view_tree_flush(struct lum_view *view)
{
    enum lum_status status = LUM_OK;
    bool is_computed = lum_txn_rows(view->txn, LUM_V_TREE) > 0;
    for (uint32_t shelf = 0; shelf < LUM_SHELVES_MAX && is_computed; shelf++) {
        for (uint32_t bucket = 0; bucket < LUM_VIEW_BUCKETS && status == LUM_OK; bucket++) {
            if ((view->dirty[shelf][bucket / 64] >> (bucket % 64) & 1) != 0) {
                status = bucket_clear(view, shelf, bucket);
            }
        }
    }
    memset(view->dirty, 0, sizeof view->dirty);
    return status;
}
