/*
 * view_check.c - `verify` of the view: every structure against every other.
 *
 * One pass over the records, which looks up what must stand around each, and tallies; then the
 * tables' sizes and the counts must be the tally. Buckets that stand in `tree` are worked out anew.
 * That the records follow from the log is shown by a rebuild, not here.
 */
#include <stdio.h>
#include <string.h>

#include "core/record_row.h"
#include "core/view_i.h"

struct check {
    struct lum_txn *view;
    struct lum_txn *log;
    struct lum_arena arena;
    struct lum_view_counts tally;
    uint64_t shown; /* with Lumbung's own collections */
    uint64_t records;
    const char *what; /* does not hold; NULL while all does */
    uint64_t where;
    bool lacks_memory; /* then nothing is known to be wrong */
};

static void wrong(struct check *check, const char *what, uint64_t where)
{
    if (check->what == NULL) {
        check->what = what;
        check->where = where;
    }
}

static void expect(struct check *check, bool holds, const char *what, uint64_t where)
{
    if (!holds) {
        wrong(check, what, where);
    }
}

static bool row_is(struct check *check, uint32_t table, struct lum_bytes key,
                   struct lum_bytes value)
{
    struct lum_bytes row;
    return lum_txn_get(check->view, table, key, &row) == LUM_OK && lum_bytes_equal(row, value);
}

/* ---- one record ---- */

static void check_id(struct check *check, const struct lum_record *record)
{
    uint64_t rno = 0;
    expect(check,
           lum_view_find(check->view, record->shelf, &record->id, &rno) == LUM_OK &&
               rno == record->rno,
           "rid does not lead to its record", record->rno);
}

static void check_feed(struct check *check, const struct lum_record *record)
{
    expect(check, lum_view_feed_has(check->view, record->change, record->rno),
           "feed lacks a record's newest change", record->rno);
}

static void check_coll(struct check *check, const struct lum_record *record, bool is_shown)
{
    uint8_t key[4 + 8];
    lum_put_u32(key, record->collection);
    lum_put_u64(key + 4, record->rno);
    bool stands = row_is(check, LUM_V_COLL, lum_bytes_of(key, sizeof key), (struct lum_bytes){0});
    expect(check, stands == is_shown, "coll does not hold just what is shown", record->rno);
}

static void check_conflict(struct check *check, const struct lum_record *record, uint8_t kind,
                           uint32_t field, uint32_t number)
{
    uint8_t key[1 + 4 + 8 + 4];
    uint8_t value[4];
    key[0] = kind;
    lum_put_u32(key + 1, record->collection);
    lum_put_u64(key + 5, record->rno);
    lum_put_u32(key + 13, field);
    lum_put_u32(value, number);
    expect(check,
           row_is(check, LUM_V_CONFLICT, lum_bytes_of(key, sizeof key),
                  lum_bytes_of(value, sizeof value)),
           "conflict does not list what differs", record->rno);
}

static void check_conflicts(struct check *check, const struct lum_record *record,
                            enum lum_life life)
{
    uint32_t standing = 0;
    for (uint32_t i = 0; i < record->drop_count; i++) {
        standing += !record->drops[i].is_kept;
    }
    if (life == LUM_REVIVED) {
        check->tally.revived++;
        check_conflict(check, record, LUM_CONFLICT_REVIVED, 0, standing);
    }
    for (uint32_t i = 0; i < record->cell_count && lum_life_is_shown(life); i++) {
        const struct lum_cell *cell = &record->cells[i];
        uint32_t values = cell->count > 1 ? lum_cell_values(cell) : 1;
        if (values > 1) {
            check->tally.conflicts++;
            check_conflict(check, record, LUM_CONFLICT_CELL, cell->field, values);
        }
    }
}

static void tally(struct check *check, const struct lum_record *record, enum lum_life life)
{
    struct lum_bytes name = lum_view_name_text(check->view, record->collection);
    bool is_own = name.len > 0 && name.at[0] == '_';
    check->records++;
    check->shown += lum_life_is_shown(life);
    check->tally.records += lum_life_is_shown(life) && !is_own;
    check->tally.deleted += life == LUM_DEAD && !is_own;
}

static void check_record(struct check *check, struct lum_bytes key, struct lum_bytes row)
{
    struct lum_record record;
    struct lum_row head;
    lum_arena_reset(&check->arena);
    enum lum_status status = lum_record_read(row, &check->arena, &record);
    check->lacks_memory |= status == LUM_NO_MEMORY;
    if (status != LUM_OK || key.len != 8 || !lum_row_open(row, &head)) {
        wrong(check, "a record does not read", check->records);
        return;
    }
    record.rno = lum_get_u64(key.at);
    enum lum_life life = lum_record_life(&record);
    bool is_listed =
        life == LUM_REVIVED || (life == LUM_ALIVE && lum_record_conflicts(&record) > 0);
    expect(check, head.life == life, "a record's life is not what its drops say", record.rno);
    expect(check, head.is_listed == is_listed, "a record's head lists it wrongly", record.rno);
    check_id(check, &record);
    check_feed(check, &record);
    check_coll(check, &record, lum_life_is_shown(life));
    check_conflicts(check, &record, life);
    tally(check, &record, life);
}

/* ---- whole tables ---- */

typedef void (*row_fn)(struct check *check, struct lum_bytes key, struct lum_bytes row);

static enum lum_status each(struct check *check, uint32_t table, row_fn row)
{
    struct lum_scan scan;
    enum lum_status status = lum_scan_open(check->view, table, &scan);
    if (status != LUM_OK) {
        return status;
    }
    bool more = lum_scan_seek(&scan, lum_bytes_of("", 1));
    while (more && check->what == NULL) {
        row(check, scan.key, scan.value);
        more = lum_scan_next(&scan);
    }
    lum_scan_close(&scan);
    return LUM_OK;
}

static void check_text(struct check *check, struct lum_bytes key, struct lum_bytes row)
{
    expect(check, key.len == 4 && row.len >= 1 && row_is(check, LUM_V_NAME, row, key),
           "name and text differ", key.len == 4 ? lum_get_u32(key.at) : 0);
}

static void check_void(struct check *check, struct lum_bytes key, struct lum_bytes row)
{
    struct lum_view_pos pos;
    if (key.len != 4 + 8 || row.len != 1) {
        wrong(check, "a row of void does not read", 0);
        return;
    }
    bool is_void = row.at[0] != LUM_VOID_NOT;
    uint64_t seq = lum_get_u64(key.at + 4);
    enum lum_status status = lum_view_pos(check->view, lum_get_u32(key.at), seq, &pos);
    expect(check, status == LUM_OK && pos.is_void == is_void && pos.is_pending == !is_void,
           "void lists an event that had effect", seq);
    check->tally.voided += is_void;
    check->tally.pending += !is_void;
}

static void check_vlog(struct check *check, struct lum_bytes key, struct lum_bytes row)
{
    struct lum_vlog_row vlog;
    struct lum_view_pos pos;
    struct lum_log_row log;
    if (key.len != 4 || !lum_vlog_read(row, &vlog)) {
        wrong(check, "a row of vlog does not read", 0);
        return;
    }
    uint32_t lno = lum_get_u32(key.at);
    expect(check,
           lum_log_get(check->log, lno, &log) == LUM_OK && log.place.chain.seq >= vlog.applied,
           "more of a log has applied than there is", lno);
    expect(check, vlog.applied == 0 || lum_view_pos(check->view, lno, vlog.applied, &pos) == LUM_OK,
           "pos ends before what has applied", lno);
    check->tally.waiting += vlog.is_waiting;
}

static void check_bucket(struct check *check, struct lum_bytes key, struct lum_bytes row)
{
    struct lum_hash hash;
    if (key.len != 1 + 2 || row.len != sizeof hash.b) {
        wrong(check, "a row of tree does not read", 0);
        return;
    }
    unsigned bucket = lum_get_u16(key.at + 1);
    enum lum_status status = lum_view_bucket(check->view, check->log, key.at[0], bucket, &hash);
    check->lacks_memory |= status == LUM_NO_MEMORY;
    expect(check, status == LUM_OK && memcmp(hash.b, row.at, sizeof hash.b) == 0,
           "a bucket's hash is not that of its records", bucket);
}

static void check_sizes(struct check *check)
{
    struct lum_txn *view = check->view;
    struct lum_view_counts counts;
    if (lum_view_counts(view, &counts) != LUM_OK) {
        wrong(check, "the counts do not read", 0);
        return;
    }
    expect(check, lum_txn_rows(view, LUM_V_RID) + lum_txn_rows(view, LUM_V_YOUNG) == check->records,
           "rid has strays", 0);
    expect(check, lum_txn_rows(view, LUM_V_COLL) == check->shown, "coll has strays", 0);
    expect(check,
           lum_txn_rows(view, LUM_V_CONFLICT) == check->tally.conflicts + check->tally.revived,
           "conflict has strays", 0);
    expect(check, lum_txn_rows(view, LUM_V_NAME) == lum_txn_rows(view, LUM_V_TEXT),
           "name has strays", 0);
    check->tally.applied = counts.applied;
    expect(check, memcmp(&counts, &check->tally, sizeof counts) == 0,
           "the counts are not the tally", counts.records);
}

static enum lum_status run(struct check *check)
{
    enum lum_status status = each(check, LUM_V_REC, check_record);
    if (status == LUM_OK) {
        status = each(check, LUM_V_TEXT, check_text);
    }
    if (status == LUM_OK) {
        status = each(check, LUM_V_VOID, check_void);
    }
    if (status == LUM_OK) {
        status = each(check, LUM_V_VLOG, check_vlog);
    }
    check_sizes(check);
    return status == LUM_OK ? each(check, LUM_V_TREE, check_bucket) : status;
}

enum lum_status lum_view_check(struct lum_txn *view, struct lum_txn *log, struct lum_error *err)
{
    char text[128];
    struct check check = {.view = view, .log = log};
    lum_arena_init(&check.arena);
    enum lum_status status = run(&check);
    lum_arena_fini(&check.arena);
    if (status == LUM_NO_MEMORY || check.lacks_memory) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    if (status != LUM_OK) {
        return lum_fail(err, LUM_CAUSE_store_damaged, "view.mdb", lum_status_words(status));
    }
    if (check.what == NULL) {
        return LUM_OK;
    }
    (void)snprintf(text, sizeof text, "%s (%llu)", check.what, (unsigned long long)check.where);
    return lum_fail(err, LUM_CAUSE_store_damaged, "view.mdb", text);
}
