/*
 * test_verify_log.c - a sound log.mdb is found sound; a byte changed in any table is found, with
 * its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/verify.h"
#include "tests/lib/hall.h"

struct fixture {
    struct hall *hall;
    struct writer *one;
    struct writer *two;
    struct lum_verify_report report;
};

/* Two logs with blocks and tails, one of them forked, and a third with a tail only. */
static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.hall = hall_open(),
                               .one = writer_open(1, 1, LUM_SHELF_COMMON),
                               .two = writer_open(2, 1, LUM_SHELF_COMMON)};
    for (int i = 0; i < 3; i++) {
        writer_write(fixture.one, 500, 20);
        assert_int_equal(hall_take_written(fixture.hall, fixture.one).end, LUM_INGEST_TAKEN);
        writer_write(fixture.two, 400, 20);
        assert_int_equal(hall_take_written(fixture.hall, fixture.two).end, LUM_INGEST_TAKEN);
    }
    struct writer *copy = writer_copy(fixture.two);
    writer_write(fixture.two, 5, 20);
    writer_write(copy, 5, 20);
    assert_int_equal(hall_take_written(fixture.hall, fixture.two).end, LUM_INGEST_TAKEN);
    assert_int_equal(hall_take_written(fixture.hall, copy).end, LUM_INGEST_FORK);
    writer_close(copy);
    struct writer *three = writer_open(3, 1, LUM_SHELF_GOV);
    writer_write(three, 70, 20);
    assert_int_equal(hall_take_written(fixture.hall, three).end, LUM_INGEST_TAKEN);
    writer_close(three);
    hall_commit(fixture.hall);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    hall_close(f->hall);
    writer_close(f->one);
    writer_close(f->two);
    return 0;
}

static void verify(struct fixture *f)
{
    f->report = (struct lum_verify_report){0};
    assert_int_equal(lum_verify_log(hall_begin(f->hall), NULL, &f->report), LUM_OK);
}

static bool is_found(const struct fixture *f, const char *table)
{
    for (uint64_t i = 0; i < f->report.found && i < LUM_FINDINGS_MAX; i++) {
        if (strcmp(f->report.findings[i].table, table) == 0) {
            return true;
        }
    }
    return false;
}

static void a_sound_log_has_no_findings(void **state)
{
    struct fixture *f = *state;
    verify(f);
    for (uint64_t i = 0; i < f->report.found; i++) {
        const struct lum_finding *finding = &f->report.findings[i];
        print_message("%s log %u at %lu: %s\n", finding->table, finding->lno,
                      (unsigned long)finding->at, finding->what);
    }
    assert_int_equal(f->report.found, 0);
    assert_int_equal(f->report.logs, 3);
    assert_int_equal(f->report.events, 1500 + 1205 + 70);
    assert_int_equal(f->report.seals, 23 + 18 + 1);
    assert_int_equal(f->report.blocks, 2);
    assert_int_equal(f->report.arrivals, 3 + 3 + 1 + 1);
}

struct row {
    uint8_t key[64];
    size_t key_len;
    uint8_t value[200000];
    size_t len;
};

/* The `nth` row of a table, counted around. */
static void row_read(struct hall *hall, uint32_t table, uint64_t nth, struct row *out)
{
    struct lum_scan scan;
    nth %= lum_txn_rows(hall->txn, table);
    assert_int_equal(lum_scan_open(hall->txn, table, &scan), LUM_OK);
    assert_true(lum_scan_seek(&scan, lum_bytes_of(NULL, 0)));
    while (nth-- > 0) {
        assert_true(lum_scan_next(&scan));
    }
    out->key_len = scan.key.len;
    out->len = scan.value.len;
    memcpy(out->key, scan.key.at, scan.key.len);
    memcpy(out->value, scan.value.at, scan.value.len);
    lum_scan_close(&scan);
}

static void row_put(struct hall *hall, uint32_t table, const struct row *row)
{
    assert_int_equal(lum_txn_put(hall->txn, table, lum_bytes_of(row->key, row->key_len),
                                 lum_bytes_of(row->value, row->len)),
                     LUM_OK);
}

/* Flips a byte of a value at a stride through some rows of the table; each must be found. */
static void flip_through(struct fixture *f, uint32_t table, const char *name)
{
    static struct row row;
    hall_begin(f->hall);
    for (uint64_t i = 0; i < 40; i++) {
        row_read(f->hall, table, i * 7, &row);
        size_t at = (size_t)(i * 97) % row.len;
        row.value[at] ^= 0x04;
        row_put(f->hall, table, &row);
        verify(f);
        if (f->report.found == 0) {
            print_message("table %s row %lu byte %zu of %zu\n", name, (unsigned long)(i * 7), at,
                          row.len);
        }
        assert_true(f->report.found > 0);
        row.value[at] ^= 0x04;
        row_put(f->hall, table, &row);
    }
    verify(f);
    assert_int_equal(f->report.found, 0);
}

static void a_flipped_byte_in_log_is_found(void **state)
{
    flip_through(*state, LUM_T_LOG, "log");
}

static void a_flipped_byte_in_logid_is_found(void **state)
{
    flip_through(*state, LUM_T_LOGID, "logid");
}

static void a_flipped_byte_in_tail_is_found(void **state)
{
    flip_through(*state, LUM_T_TAIL, "tail");
}

static void a_flipped_byte_in_block_is_found(void **state)
{
    flip_through(*state, LUM_T_BLOCK, "block");
}

static void a_flipped_byte_in_seal_is_found(void **state)
{
    flip_through(*state, LUM_T_SEAL, "seal");
}

static void a_flipped_byte_in_arrive_is_found(void **state)
{
    flip_through(*state, LUM_T_ARRIVE, "arrive");
}

static void a_flipped_byte_in_fork_is_found(void **state)
{
    flip_through(*state, LUM_T_FORK, "fork");
}

/* Row by row: gone, or one too many. */
static void a_row_that_is_missing_or_too_many_is_found(void **state)
{
    struct fixture *f = *state;
    static struct row row;
    static const struct {
        uint32_t table;
        const char *name;
    } tables[] = {
        {LUM_T_LOGID, "logid"}, {LUM_T_OWNER, "owner"},   {LUM_T_TAIL, "tail"},
        {LUM_T_BLOCK, "block"}, {LUM_T_SEAL, "seal"},     {LUM_T_FORK, "fork"},
        {LUM_T_META, "meta"},   {LUM_T_ARRIVE, "arrive"},
    };
    for (size_t i = 0; i < LUM_COUNT(tables); i++) {
        hall_begin(f->hall);
        row_read(f->hall, tables[i].table, 1, &row);
        assert_int_equal(lum_txn_delete(f->hall->txn, tables[i].table,
                                        lum_bytes_of(row.key, row.key_len)),
                         LUM_OK);
        verify(f);
        assert_true(is_found(f, tables[i].name));
        hall_abort(f->hall);
        if (tables[i].table == LUM_T_META) {
            continue; /* others may keep things there */
        }
        hall_begin(f->hall);
        row.key[0] ^= 0x40;
        row_put(f->hall, tables[i].table, &row);
        verify(f);
        assert_true(is_found(f, tables[i].name));
        hall_abort(f->hall);
    }
}

static void a_finding_says_where(void **state)
{
    struct fixture *f = *state;
    static struct row row;
    hall_begin(f->hall);
    row_read(f->hall, LUM_T_SEAL, 1, &row);
    row.value[3] ^= 1;
    row_put(f->hall, LUM_T_SEAL, &row);
    verify(f);
    assert_int_equal(f->report.found, 1);
    assert_string_equal(f->report.findings[0].table, "seal");
    assert_int_equal(f->report.findings[0].lno, 1);
    assert_int_equal(f->report.findings[0].at, 128);
}

static bool stop_at_once(void *self, uint64_t done, uint64_t total)
{
    uint64_t *seen = self;
    assert_true(done <= total);
    *seen = total;
    return false;
}

static void verify_stops_when_told(void **state)
{
    struct fixture *f = *state;
    uint64_t total = 0;
    const struct lum_tick tick = {&total, stop_at_once};
    assert_int_equal(lum_verify_log(hall_begin(f->hall), &tick, &f->report), LUM_STOPPED);
    assert_int_equal(total, 2 * (1500 + 1205 + 70));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_sound_log_has_no_findings),
        T(a_flipped_byte_in_log_is_found),
        T(a_flipped_byte_in_logid_is_found),
        T(a_flipped_byte_in_tail_is_found),
        T(a_flipped_byte_in_block_is_found),
        T(a_flipped_byte_in_seal_is_found),
        T(a_flipped_byte_in_arrive_is_found),
        T(a_flipped_byte_in_fork_is_found),
        T(a_row_that_is_missing_or_too_many_is_found),
        T(a_finding_says_where),
        T(verify_stops_when_told),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
