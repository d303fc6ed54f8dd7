/* Each structure of a view, broken by hand: the check says which. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/view_i.h"
#include "tests/lib/build.h"

struct hall {
    struct build *build;
    struct build_store *store;
    uint32_t a;
    uint32_t b;
    struct lum_txn *txn;
};

/* Three records, one in conflict, one revived; a void, a pending event; a waiting log, a root. */
static int setup(void **state)
{
    static struct hall hall;
    hall.build = build_open(2);
    hall.a = build_common(hall.build, 1);
    hall.b = build_common(hall.build, 2);
    hall.store = build_store_open(hall.build);
    (void)build_make_keyed(hall.build, hall.a, 0, "1", "a");
    (void)build_make_keyed(hall.build, hall.b, 0, "1", "b");
    (void)build_make_keyed(hall.build, hall.a, 0, "2", "a");
    struct lum_id id = build_keyed(hall.build, "item", "2");
    (void)build_drop(hall.build, hall.b, &id, NO_PLACES);
    (void)build_make_keyed(hall.build, hall.a, 0, "3", "a");
    const struct build_event bad = {.kind = 40};
    (void)build_event(hall.build, hall.a, &bad);
    uint64_t invite = build_invite(hall.build, 1, LUM_ROLE_READER, 1);
    (void)build_join(hall.build, 9, 1, invite);
    (void)build_make_keyed(hall.build, build_common(hall.build, 9), 0, "4", "x");
    struct lum_dep unknown = {.seq = 1, .is_pin = true};
    const struct build_event waits = {.kind = LUM_KIND_DATA, .deps = &unknown, .dep_count = 1};
    (void)build_event(hall.build, hall.b, &waits);
    build_feed_all(hall.store);
    (void)build_settle(hall.store);
    assert_int_equal(lum_txn_begin_write(build_view_store(hall.store), &hall.txn, NULL), LUM_OK);
    struct lum_hash root;
    assert_int_equal(
        lum_view_root_keep(hall.txn, build_log_txn(hall.store), LUM_SHELF_COMMON, &root), LUM_OK);
    *state = &hall;
    return 0;
}

static int teardown(void **state)
{
    struct hall *hall = *state;
    lum_txn_abort(hall->txn);
    build_store_close(hall->store);
    build_close(hall->build);
    return 0;
}

static void expect_wrong(struct hall *hall, const char *what)
{
    struct lum_error err = {0};
    assert_int_equal(lum_view_check(hall->txn, build_log_txn(hall->store), &err), LUM_CORRUPT);
    assert_int_equal(err.cause, LUM_CAUSE_store_damaged);
    if (strncmp(err.two, what, strlen(what)) != 0) {
        fail_msg("\"%s\" instead of \"%s\"", err.two, what);
    }
}

/* The n-th row of a table. */
static void row_of(struct hall *hall, uint32_t table, unsigned n, struct lum_scan *scan)
{
    assert_int_equal(lum_scan_open(hall->txn, table, scan), LUM_OK);
    assert_true(lum_scan_seek(scan, lum_bytes_of("", 1)));
    for (unsigned i = 0; i < n; i++) {
        assert_true(lum_scan_next(scan));
    }
}

static void take_row(struct hall *hall, uint32_t table)
{
    struct lum_scan scan;
    uint8_t key[64];
    row_of(hall, table, 0, &scan);
    struct lum_bytes copy = {key, scan.key.len};
    memcpy(key, scan.key.at, scan.key.len);
    lum_scan_close(&scan);
    assert_int_equal(lum_txn_delete(hall->txn, table, copy), LUM_OK);
}

static void flip_byte(struct hall *hall, uint32_t table, size_t at)
{
    static uint8_t value[4096];
    struct lum_scan scan;
    uint8_t key[64];
    row_of(hall, table, 0, &scan);
    struct lum_bytes name = {key, scan.key.len};
    struct lum_bytes row = {value, scan.value.len};
    memcpy(key, scan.key.at, scan.key.len);
    memcpy(value, scan.value.at, scan.value.len);
    lum_scan_close(&scan);
    assert_true(at < row.len);
    value[at] ^= 1;
    assert_int_equal(lum_txn_put(hall->txn, table, name, row), LUM_OK);
}

static void a_sound_view_passes(void **state)
{
    struct hall *hall = *state;
    struct lum_error err = {0};
    assert_int_equal(lum_view_check(hall->txn, build_log_txn(hall->store), &err), LUM_OK);
    assert_int_equal(build_counts(hall->store).records, 3);
    assert_int_equal(build_counts(hall->store).conflicts, 1);
    assert_int_equal(build_counts(hall->store).revived, 1);
    assert_int_equal(build_counts(hall->store).voided, 1);
    assert_int_equal(build_counts(hall->store).pending, 1);
    assert_int_equal(build_counts(hall->store).waiting, 1);
}

static void a_lost_row_is_missed_in_every_table(void **state)
{
    struct hall *hall = *state;
    static const struct {
        uint32_t table;
        const char *what;
    } rows[] = {
        {LUM_V_RID, "rid does not lead"},   {LUM_V_COLL, "coll does not hold"},
        {LUM_V_FEED, "feed lacks"},         {LUM_V_CONFLICT, "conflict does not list"},
        {LUM_V_NAME, "name and text"},      {LUM_V_TEXT, "name has strays"},
        {LUM_V_VOID, "the counts are not"}, {LUM_V_POS, "pos ends"},
        {LUM_V_REC, "rid has strays"},
    };
    for (size_t i = 0; i < LUM_COUNT(rows); i++) {
        (void)teardown(state);
        (void)setup(state);
        hall = *state;
        take_row(hall, rows[i].table);
        struct lum_error err = {0};
        bool is_seen = lum_view_check(hall->txn, build_log_txn(hall->store), &err) == LUM_CORRUPT;
        if (!is_seen || strncmp(err.two, rows[i].what, strlen(rows[i].what)) != 0) {
            fail_msg("table %u: \"%s\" instead of \"%s\"", rows[i].table, err.two, rows[i].what);
        }
    }
}

static void a_life_that_the_drops_do_not_say_is_seen(void **state)
{
    struct hall *hall = *state;
    flip_byte(hall, LUM_V_REC, 0);
    expect_wrong(hall, "a record's life");
}

static void a_wrong_number_of_values_is_seen(void **state)
{
    struct hall *hall = *state;
    flip_byte(hall, LUM_V_CONFLICT, 3);
    expect_wrong(hall, "conflict does not list");
}

static void a_bucket_that_is_not_its_records_is_seen(void **state)
{
    struct hall *hall = *state;
    flip_byte(hall, LUM_V_TREE, 31);
    expect_wrong(hall, "a bucket's hash");
}

static void a_count_that_is_off_is_seen(void **state)
{
    struct hall *hall = *state;
    struct lum_bytes row;
    uint8_t counts[56];
    const struct lum_bytes key = lum_bytes_of(LUM_VMETA_COUNTS, strlen(LUM_VMETA_COUNTS));
    assert_int_equal(lum_txn_get(hall->txn, LUM_V_META, key, &row), LUM_OK);
    memcpy(counts, row.at, sizeof counts);
    counts[15] ^= 1; /* deleted */
    assert_int_equal(lum_txn_put(hall->txn, LUM_V_META, key, lum_bytes_of(counts, sizeof counts)),
                     LUM_OK);
    expect_wrong(hall, "the counts are not the tally");
}

static void a_row_that_does_not_read_is_seen(void **state)
{
    struct hall *hall = *state;
    uint8_t rno[8];
    lum_put_u64(rno, 1);
    assert_int_equal(lum_txn_put(hall->txn, LUM_V_REC, lum_bytes_of(rno, sizeof rno),
                                 lum_bytes_of("\x01\x01", 2)),
                     LUM_OK);
    expect_wrong(hall, "a record does not read");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_sound_view_passes),
        TEST(a_lost_row_is_missed_in_every_table),
        TEST(a_life_that_the_drops_do_not_say_is_seen),
        TEST(a_wrong_number_of_values_is_seen),
        TEST(a_bucket_that_is_not_its_records_is_seen),
        TEST(a_count_that_is_off_is_seen),
        TEST(a_row_that_does_not_read_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
