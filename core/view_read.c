/*
 * view_read.c - what others read of the view: records, names, positions, rank, history, lists.
 *
 * Nothing is cached here: a reader's transaction is short, and every call stands by itself.
 */
#include <string.h>

#include "core/record_row.h"
#include "core/sort.h"
#include "core/view_i.h"

static const char *const tables[LUM_VIEW_TABLES] = {
    [LUM_V_META] = "meta",   [LUM_V_VLOG] = "vlog",         [LUM_V_POS] = "pos",
    [LUM_V_CLOCK] = "clock", [LUM_V_PIN] = "pin",           [LUM_V_RID] = "rid",
    [LUM_V_YOUNG] = "young", [LUM_V_REC] = "rec",           [LUM_V_COLL] = "coll",
    [LUM_V_NAME] = "name",   [LUM_V_TEXT] = "text",         [LUM_V_HIST] = "hist",
    [LUM_V_FEED] = "feed",   [LUM_V_CONFLICT] = "conflict", [LUM_V_TREE] = "tree",
    [LUM_V_VOID] = "void",
};

/* ---- opening ---- */

static enum lum_status empty(struct lum_txn *txn)
{
    uint8_t format[4];
    enum lum_status status = LUM_OK;
    for (uint32_t i = 0; i < LUM_VIEW_TABLES && status == LUM_OK; i++) {
        status = lum_txn_clear(txn, i);
    }
    lum_put_u32(format, LUM_VIEW_FORMAT);
    return status == LUM_OK ? lum_txn_put(txn, LUM_V_META, lum_bytes_of("format", 6),
                                          lum_bytes_of(format, sizeof format))
                            : status;
}

static enum lum_status empty_lower(struct lum_store *store, struct lum_error *err)
{
    struct lum_txn *txn = NULL;
    if (lum_store_format(store) == LUM_VIEW_FORMAT) {
        return LUM_OK;
    }
    enum lum_status status = lum_txn_begin_write(store, &txn, err);
    if (status != LUM_OK) {
        return status;
    }
    status = empty(txn);
    if (status != LUM_OK) {
        lum_txn_abort(txn);
        return lum_store_fail(store, status, err);
    }
    return lum_txn_commit(txn, err);
}

static enum lum_status is_fresh(struct lum_store *store, bool *fresh, struct lum_error *err)
{
    struct lum_txn *txn = NULL;
    struct lum_bytes row;
    enum lum_status status = lum_txn_begin_read(store, &txn, err);
    if (status != LUM_OK) {
        return status;
    }
    status = lum_txn_get(txn, LUM_V_META, lum_bytes_of(LUM_VMETA_APPLIED, 7), &row);
    lum_txn_abort(txn);
    *fresh = status == LUM_NOT_FOUND;
    return status == LUM_OK || *fresh ? LUM_OK : lum_store_fail(store, status, err);
}

static enum lum_status file_open(const char *dir, const char *file, enum lum_durability durability,
                                 struct lum_store **out, struct lum_error *err)
{
    struct lum_buf path;
    lum_buf_init(&path, 4096);
    lum_buf_put(&path, dir, strlen(dir));
    lum_buf_put_byte(&path, '/');
    lum_buf_put(&path, file, strlen(file) + 1);
    const struct lum_store_options options = {
        .path = (const char *)path.at,
        .durability = durability,
        .format = LUM_VIEW_FORMAT,
        .tables = tables,
        .table_count = LUM_VIEW_TABLES,
        .create = true,
        .map_bytes = LUM_STORE_MAP_BYTES,
    };
    enum lum_status status = path.broken ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL)
                                         : lum_store_open(&options, out, err);
    lum_buf_fini(&path);
    return status;
}

enum lum_status lum_view_open(const char *dir, const char *file, struct lum_store **out,
                              bool *fresh, struct lum_error *err)
{
    struct lum_store *store = NULL;
    enum lum_status status = file_open(dir, file, LUM_DERIVED, &store, err);
    if (status == LUM_OK) {
        status = empty_lower(store, err);
    }
    if (status == LUM_OK) {
        status = is_fresh(store, fresh, err);
    }
    if (status != LUM_OK) {
        lum_store_close(store);
        return status;
    }
    *out = store;
    return LUM_OK;
}

enum lum_status lum_view_open_scratch(const char *dir, const char *file, struct lum_store **out,
                                      struct lum_error *err)
{
    return file_open(dir, file, LUM_SCRATCH, out, err);
}

/* ---- records and names ---- */

enum lum_status lum_view_record(struct lum_txn *view, uint64_t rno, struct lum_arena *arena,
                                struct lum_record *out)
{
    uint8_t key[8];
    struct lum_bytes row;
    lum_put_u64(key, rno);
    enum lum_status status = lum_txn_get(view, LUM_V_REC, lum_bytes_of(key, sizeof key), &row);
    if (status == LUM_OK) {
        status = lum_record_read(row, arena, out);
        out->rno = rno;
    }
    return status;
}

enum lum_status lum_view_name_number(struct lum_txn *view, struct lum_bytes name, uint32_t *out)
{
    struct lum_bytes row;
    bool fits = name.len >= 1 && name.len <= LUM_FIELD_MAX;
    enum lum_status status = fits ? lum_txn_get(view, LUM_V_NAME, name, &row) : LUM_NOT_FOUND;
    *out = 0;
    if (status == LUM_OK && row.len != 4) {
        return LUM_CORRUPT;
    }
    if (status == LUM_OK) {
        *out = lum_get_u32(row.at);
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

struct lum_bytes lum_view_name_text(struct lum_txn *view, uint32_t number)
{
    uint8_t key[4];
    struct lum_bytes text = {0};
    lum_put_u32(key, number);
    if (lum_txn_get(view, LUM_V_TEXT, lum_bytes_of(key, sizeof key), &text) != LUM_OK) {
        return (struct lum_bytes){0};
    }
    return text;
}

/* ---- positions and rank ---- */

enum lum_status lum_view_pos(struct lum_txn *view, uint32_t lno, uint64_t seq,
                             struct lum_view_pos *out)
{
    uint8_t key[4 + 8];
    struct lum_bytes row;
    struct lum_pos pos;
    if (seq == 0) {
        return LUM_NOT_FOUND;
    }
    lum_put_u32(key, lno);
    lum_put_u64(key + 4, (seq - 1) / LUM_POS_ROW);
    enum lum_status status = lum_txn_get(view, LUM_V_POS, lum_bytes_of(key, sizeof key), &row);
    if (status != LUM_OK) {
        return status;
    }
    size_t at = (size_t)((seq - 1) % LUM_POS_ROW) * LUM_POS_LEN;
    if (at + LUM_POS_LEN > row.len) {
        return LUM_NOT_FOUND;
    }
    lum_pos_read(row.at + at, &pos);
    memcpy(out->h16, pos.h16, sizeof out->h16);
    out->t = pos.t;
    out->l = pos.l;
    out->is_sane = (pos.flags & LUM_POS_SANE) != 0;
    out->is_void = (pos.flags & LUM_POS_VOID) != 0;
    out->is_pending = (pos.flags & LUM_POS_PENDING) != 0;
    out->is_withheld = (pos.flags & LUM_POS_WITHHELD) != 0;
    return LUM_OK;
}

struct rank {
    struct lum_view_pos pos;
    struct lum_hash log_id;
};

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_ranks(const struct rank *a, const struct rank *b)
{
    int order = a->pos.is_sane - b->pos.is_sane;
    if (order == 0) {
        order = compare_u64(a->pos.t, b->pos.t);
    }
    if (order == 0) {
        order = compare_u64(a->pos.l, b->pos.l);
    }
    if (order == 0) {
        order = memcmp(a->log_id.b, b->log_id.b, sizeof a->log_id.b);
    }
    return order != 0 ? order : memcmp(a->pos.h16, b->pos.h16, sizeof a->pos.h16);
}

static enum lum_status rank_of(struct lum_txn *view, struct lum_txn *log,
                               const struct lum_place *at, struct rank *out)
{
    struct lum_log_row row;
    enum lum_status status = lum_view_pos(view, at->lno, at->seq, &out->pos);
    if (status == LUM_OK) {
        status = lum_log_get(log, at->lno, &row);
    }
    if (status == LUM_OK) {
        out->log_id = row.place.log_id;
    }
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

enum lum_status lum_view_shown(struct lum_txn *view, struct lum_txn *log,
                               const struct lum_cell *cell, const struct lum_sibling **out)
{
    struct rank best;
    struct rank next;
    LUM_ASSERT(cell->count > 0);
    const struct lum_sibling *shown = &cell->siblings[0];
    for (uint32_t i = 0; i < cell->count && cell->count > 1; i++) {
        enum lum_status status = rank_of(view, log, &cell->siblings[i].at, &next);
        if (status != LUM_OK) {
            return status;
        }
        if (i == 0 || compare_ranks(&next, &best) > 0) {
            best = next;
            shown = &cell->siblings[i];
        }
    }
    *out = shown;
    return LUM_OK;
}

/* ---- history ---- */

struct touched {
    struct lum_view_touch at;
    struct rank rank;
};

static int by_l(const void *self, const void *a, const void *b)
{
    const struct touched *x = a;
    const struct touched *y = b;
    (void)self;
    int order = compare_u64(x->rank.pos.l, y->rank.pos.l);
    return order != 0 ? order : memcmp(x->rank.log_id.b, y->rank.log_id.b, sizeof x->rank.log_id.b);
}

/* The event that touched the record before *io; NOT_FOUND when *io was the first. */
static enum lum_status touched_before(struct lum_txn *view, uint64_t rno, struct lum_view_touch *io)
{
    uint8_t key[4 + 8 + 8];
    struct lum_bytes row;
    lum_put_u32(key, io->lno);
    lum_put_u64(key + 4, io->seq);
    lum_put_u64(key + 12, rno);
    enum lum_status status = lum_txn_get(view, LUM_V_HIST, lum_bytes_of(key, sizeof key), &row);
    if (status == LUM_OK && row.len != 4 + 8) {
        return LUM_CORRUPT;
    }
    if (status == LUM_OK) {
        *io = (struct lum_view_touch){lum_get_u32(row.at), lum_get_u64(row.at + 4)};
    }
    return status;
}

static enum lum_status touches(struct lum_txn *view, struct lum_txn *log,
                               const struct lum_record *record, struct lum_buf *out)
{
    struct touched touched = {.at = {record->touch.lno, record->touch.seq}};
    enum lum_status status = LUM_OK;
    while (status == LUM_OK) {
        const struct lum_place place = {touched.at.lno, touched.at.seq, 0};
        status = rank_of(view, log, &place, &touched.rank);
        if (status != LUM_OK) {
            return status;
        }
        lum_buf_put(out, &touched, sizeof touched);
        status = lum_buf_status(out);
        if (status == LUM_OK) {
            status = touched_before(view, record->rno, &touched.at);
        }
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

enum lum_status lum_view_history(struct lum_txn *view, struct lum_txn *log,
                                 const struct lum_record *record, struct lum_arena *arena,
                                 struct lum_view_touch **out, uint32_t *count)
{
    struct lum_buf list;
    lum_buf_init(&list, UINT32_MAX);
    enum lum_status status = touches(view, log, record, &list);
    uint32_t n = (uint32_t)(list.len / sizeof(struct touched));
    struct lum_view_touch *at = lum_arena_take(arena, n * sizeof *at);
    if (status == LUM_OK && at == NULL) {
        status = LUM_NO_MEMORY;
    }
    if (status == LUM_OK) {
        struct touched *sorted = (void *)list.at;
        lum_sort(&(struct lum_sort){sorted, n, sizeof *sorted, by_l, NULL});
        for (uint32_t i = 0; i < n; i++) {
            at[i] = sorted[i].at;
        }
        *out = at;
        *count = n;
    }
    lum_buf_fini(&list);
    return status;
}

/* ---- logs ---- */

enum lum_status lum_view_log(struct lum_txn *view, uint32_t lno, struct lum_view_wait *out)
{
    uint8_t key[4];
    struct lum_bytes bytes;
    struct lum_vlog_row row;
    lum_put_u32(key, lno);
    enum lum_status status = lum_txn_get(view, LUM_V_VLOG, lum_bytes_of(key, sizeof key), &bytes);
    if (status != LUM_OK) {
        return status;
    }
    if (!lum_vlog_read(bytes, &row)) {
        return LUM_CORRUPT;
    }
    *out = (struct lum_view_wait){
        .applied = row.applied, .seq = row.want_seq, .is_waiting = row.is_waiting};
    memcpy(out->log8, row.want8, sizeof out->log8);
    return LUM_OK;
}

enum lum_status lum_view_pin(struct lum_txn *view, uint32_t lno, const uint8_t log8[8],
                             uint64_t *out)
{
    uint8_t key[4 + 8];
    struct lum_bytes row;
    lum_put_u32(key, lno);
    memcpy(key + 4, log8, 8);
    enum lum_status status = lum_txn_get(view, LUM_V_PIN, lum_bytes_of(key, sizeof key), &row);
    *out = 0;
    if (status == LUM_OK && row.len < 8) {
        return LUM_CORRUPT;
    }
    if (status == LUM_OK) {
        *out = lum_get_u64(row.at);
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* ---- lists ---- */

/* The first row of a table after `key`; NOT_FOUND at the end. */
static enum lum_status row_after(struct lum_txn *view, uint32_t table, struct lum_bytes key,
                                 struct lum_scan *scan)
{
    enum lum_status status = lum_scan_open(view, table, scan);
    if (status != LUM_OK) {
        return status;
    }
    bool found = lum_scan_seek(scan, key);
    if (found && lum_bytes_equal(scan->key, key)) {
        found = lum_scan_next(scan);
    }
    if (!found) {
        lum_scan_close(scan);
    }
    return found ? LUM_OK : LUM_NOT_FOUND;
}

enum lum_status lum_view_conflict_next(struct lum_txn *view, struct lum_view_conflict *io)
{
    uint8_t key[1 + 4 + 8 + 4];
    struct lum_scan scan;
    key[0] = io->kind;
    lum_put_u32(key + 1, io->collection);
    lum_put_u64(key + 5, io->rno);
    lum_put_u32(key + 13, io->field);
    enum lum_status status = row_after(view, LUM_V_CONFLICT, lum_bytes_of(key, sizeof key), &scan);
    if (status != LUM_OK) {
        return status;
    }
    bool reads = scan.key.len == sizeof key && scan.value.len == 4;
    if (reads) {
        io->kind = scan.key.at[0];
        io->collection = lum_get_u32(scan.key.at + 1);
        io->rno = lum_get_u64(scan.key.at + 5);
        io->field = lum_get_u32(scan.key.at + 13);
        io->number = lum_get_u32(scan.value.at);
    }
    lum_scan_close(&scan);
    return reads ? LUM_OK : LUM_CORRUPT;
}

enum lum_status lum_view_void_next(struct lum_txn *view, struct lum_view_void *io)
{
    uint8_t key[4 + 8];
    struct lum_scan scan;
    lum_put_u32(key, io->lno);
    lum_put_u64(key + 4, io->seq);
    enum lum_status status = row_after(view, LUM_V_VOID, lum_bytes_of(key, sizeof key), &scan);
    if (status != LUM_OK) {
        return status;
    }
    bool reads =
        scan.key.len == sizeof key && scan.value.len == 1 && scan.value.at[0] <= LUM_VOID_CONTROL;
    if (reads) {
        io->lno = lum_get_u32(scan.key.at);
        io->seq = lum_get_u64(scan.key.at + 4);
        io->why = (enum lum_void)scan.value.at[0];
    }
    lum_scan_close(&scan);
    return reads ? LUM_OK : LUM_CORRUPT;
}
