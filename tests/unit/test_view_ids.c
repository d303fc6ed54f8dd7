/* Record numbers by id, in one table or two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/build.h"

enum {
    A_TIME = 1000,
    MANY = 150, /* times that: enough for rid to hand over to young, and for memory to rid */
};

static int setup(void **state)
{
    *state = build_hall_open(1);
    return 0;
}

static void make_many(struct build_hall *hall, int events)
{
    for (int i = 0; i < events; i++) {
        for (int j = 0; j < A_TIME; j++) {
            lum_draft_make(build_draft(hall->build), lum_bytes_of("t", 1), lum_bytes_of("\x80", 1));
        }
        (void)build_data(hall->build, hall->a, 0);
    }
}

static void expect_all_found(struct build_hall *hall, uint64_t events)
{
    struct lum_txn *view = build_view_txn(hall->store);
    uint64_t expected = 1;
    for (uint64_t seq = 1; seq <= events; seq++) {
        for (uint16_t op = 0; op < A_TIME; op++) {
            uint64_t rno = 0;
            struct lum_id id = build_made(hall->build, hall->a, seq, op);
            assert_int_equal(lum_view_find(view, LUM_SHELF_COMMON, &id, &rno), LUM_OK);
            assert_int_equal(rno, expected++);
        }
    }
}

static uint64_t walk(struct build_hall *hall, const struct lum_id *from)
{
    struct lum_view_ids ids;
    struct lum_id last = *from;
    uint64_t count = 0;
    assert_int_equal(lum_view_ids_open(build_view_txn(hall->store), LUM_SHELF_COMMON, from, &ids),
                     LUM_OK);
    for (; ids.is_there; lum_view_ids_next(&ids)) {
        assert_true(memcmp(last.b, ids.id.b, sizeof last.b) <= 0);
        last = ids.id;
        count++;
    }
    lum_view_ids_close(&ids);
    return count;
}

static void every_id_is_found_and_walked_over_whichever_table_holds_it(void **state)
{
    struct build_hall *hall = *state;
    struct lum_error err = {0};
    const struct lum_id zero = {{0}};
    make_many(hall, MANY);
    build_feed_all(hall->store);
    (void)build_settle_by(hall->store, 10);
    struct lum_txn *view = build_view_txn(hall->store);
    assert_true(lum_txn_rows(view, LUM_V_YOUNG) > 0); /* or this test shows nothing */
    assert_true(lum_txn_rows(view, LUM_V_RID) > 100000);
    expect_all_found(hall, MANY);
    assert_int_equal(walk(hall, &zero), MANY * A_TIME);
    assert_int_equal(lum_view_check(view, build_log_txn(hall->store), &err), LUM_OK);
    struct lum_hash root = build_root(hall->store);
    build_rebuild(hall->store); /* in other batches: other ids are young */
    struct lum_hash again = build_root(hall->store);
    assert_memory_equal(root.b, again.b, sizeof root.b);
}

static void a_walk_begins_where_it_is_told_and_ends_with_the_shelf(void **state)
{
    struct build_hall *hall = *state;
    make_many(hall, 1);
    build_feed_all(hall->store);
    (void)build_settle(hall->store);
    struct lum_id from = {{0x80}};
    uint64_t rno = 0;
    uint64_t upper = walk(hall, &from);
    assert_in_range(upper, 400, 600);
    memset(from.b, 0xff, sizeof from.b);
    assert_int_equal(walk(hall, &from), 0);
    struct lum_id id = build_made(hall->build, hall->a, 1, 0);
    assert_int_equal(lum_view_find(build_view_txn(hall->store), 2, &id, &rno), LUM_NOT_FOUND);
    id.b[15] ^= 1;
    assert_int_equal(lum_view_find(build_view_txn(hall->store), 1, &id, &rno), LUM_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_id_is_found_and_walked_over_whichever_table_holds_it),
        TEST(a_walk_begins_where_it_is_told_and_ends_with_the_shelf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
