/* Ops put off: a view made anew is, row by row, the one that grew step by step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/record_row.h"
#include "core/view_i.h"
#include "tests/lib/build.h"

enum {
    EVENTS = 1500,
    LARGE = 8000, /* a value; rows with it have pages of their own */
    LARGES = 2200,
};

static int setup(void **state)
{
    *state = build_hall_open(2);
    return 0;
}

/* ---- the rows of a view, as one hash ---- */

static void add(struct lum_buf *out, struct lum_bytes bytes)
{
    uint8_t len[8];
    lum_put_u64(len, bytes.len);
    lum_buf_put(out, len, sizeof len);
    lum_buf_put(out, bytes.at, bytes.len);
}

/* A record's row without its change number, which depends on the batches. */
static void add_record(struct lum_buf *out, struct lum_bytes bytes)
{
    struct lum_arena arena;
    struct lum_record record;
    struct lum_buf row;
    lum_arena_init(&arena);
    lum_buf_init(&row, SIZE_MAX);
    assert_int_equal(lum_record_read(bytes, &arena, &record), LUM_OK);
    record.change = 0;
    lum_record_write(&record, &row);
    add(out, lum_buf_bytes(&row));
    lum_buf_fini(&row);
    lum_arena_fini(&arena);
}

static void rows_of(struct build_hall *hall, struct lum_buf *out)
{
    static const uint32_t tables[] = {LUM_V_REC,  LUM_V_COLL,     LUM_V_HIST, LUM_V_NAME,
                                      LUM_V_TEXT, LUM_V_CONFLICT, LUM_V_POS};
    struct lum_txn *view = build_view_txn(hall->store);
    lum_buf_init(out, SIZE_MAX);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct lum_scan scan;
        assert_int_equal(lum_scan_open(view, tables[i], &scan), LUM_OK);
        for (bool more = lum_scan_seek(&scan, lum_bytes_of("", 1)); more;
             more = lum_scan_next(&scan)) {
            add(out, scan.key);
            if (tables[i] == LUM_V_REC) {
                add_record(out, scan.value);
            } else {
                add(out, scan.value);
            }
        }
        lum_scan_close(&scan);
    }
    assert_int_equal(lum_buf_status(out), LUM_OK);
}

static void expect_same_when_made_anew(struct build_hall *hall)
{
    struct lum_buf rows;
    struct lum_buf again;
    struct lum_error err = {0};
    rows_of(hall, &rows);
    struct lum_view_counts counts = build_counts(hall->store);
    build_rebuild(hall->store);
    rows_of(hall, &again);
    assert_true(lum_bytes_equal(lum_buf_bytes(&rows), lum_buf_bytes(&again)));
    struct lum_view_counts others = build_counts(hall->store);
    assert_memory_equal(&counts, &others, sizeof counts);
    assert_int_equal(lum_view_check(build_view_txn(hall->store), build_log_txn(hall->store), &err),
                     LUM_OK);
    lum_buf_fini(&rows);
    lum_buf_fini(&again);
}

/* ---- all kinds of ops ---- */

/* The same at every run. */
static uint32_t draw(uint32_t below)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33) % below;
}

/* An op that may name what another event of either log did to the record, or nothing at all. */
static void draft_op(struct build_hall *hall, struct lum_draft *draft)
{
    static const char *const keys[] = {"padi", "jagung", "kopi", "teh", "kelapa", "sagu"};
    static const char *const texts[] = {"satu", "dua", "tiga"};
    static const char *const fields[] = {"name", "place", "count", "note"};
    const char *key = keys[draw(6)];
    struct lum_id id = build_keyed(hall->build, "item", key);
    const struct lum_about about = {.id = &id};
    const uint32_t logs[] = {hall->a, hall->b};
    uint32_t log = logs[draw(2)];
    uint64_t head = build_head(hall->build, log);
    const struct lum_place place = {log, head == 0 ? 0 : 1 + draw((uint32_t)head), 0};
    struct lum_places named = {&place, head == 0 ? 0 : draw(2)};
    const char *field = fields[draw(4)];
    struct lum_bytes text = build_text(texts[draw(3)]);
    const struct lum_pair pair = {lum_bytes_of(field, strlen(field)), text};
    switch (draw(8)) {
    case 0:
        lum_draft_make_keyed(draft, lum_bytes_of("item", 4), lum_bytes_of(key, strlen(key)),
                             build_map(field, texts[draw(3)]));
        break;
    case 1:
        lum_draft_drop(draft, &about, named);
        break;
    case 2:
        lum_draft_keep(draft, &about, named);
        break;
    default:
        lum_draft_set(draft, &about, &pair, named);
    }
}

static void every_row_is_as_if_nothing_was_put_off(void **state)
{
    struct build_hall *hall = *state;
    for (int i = 0; i < EVENTS; i++) {
        uint32_t ops = 1 + draw(4);
        for (uint32_t j = 0; j < ops; j++) {
            draft_op(hall, build_draft(hall->build));
        }
        (void)build_data(hall->build, draw(2) == 0 ? hall->a : hall->b, 0);
    }
    (void)build_hall_settle(hall);
    assert_true(build_counts(hall->store).conflicts > 0); /* or this test shows less */
    expect_same_when_made_anew(hall);
}

/* ---- many ---- */

static struct lum_bytes large_value(char fill, uint16_t len)
{
    static uint8_t bytes[3 + LARGE];
    bytes[0] = 0xda; /* a text of two bytes of length */
    lum_put_u16(bytes + 1, len);
    memset(bytes + 3, fill, len);
    return lum_bytes_of(bytes, 3 + (size_t)len);
}

static struct lum_bytes large_map(void)
{
    static uint8_t bytes[3 + 3 + LARGE];
    struct lum_bytes value = large_value('a', LARGE);
    memcpy(bytes, "\x81\xa1n", 3);
    memcpy(bytes + 3, value.at, value.len);
    return lum_bytes_of(bytes, 3 + value.len);
}

/* So many that they leave more than once, and once in more than one transaction. */
static void many_leave_in_parts_and_none_is_lost(void **state)
{
    struct build_hall *hall = *state;
    for (int i = 0; i < LARGES; i++) {
        lum_draft_make(build_draft(hall->build), lum_bytes_of("t", 1), large_map());
        (void)build_data(hall->build, hall->a, 0);
    }
    for (uint32_t i = 0; i < LARGES + LARGES / 10; i++) {
        struct lum_id id = build_made(hall->build, hall->a, 1 + i * 7 % LARGES, 0);
        const struct lum_about about = {.id = &id};
        const struct lum_pair pair = {lum_bytes_of("m", 1), large_value('b', LARGE / 2)};
        lum_draft_set(build_draft(hall->build), &about, &pair, NO_PLACES);
        (void)build_data(hall->build, hall->a, 0);
    }
    (void)build_hall_settle(hall);
    expect_same_when_made_anew(hall);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_row_is_as_if_nothing_was_put_off),
        TEST(many_leave_in_parts_and_none_is_lost),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
