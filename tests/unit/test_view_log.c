/* Positions of applied events: 48 a row, across batches, for one log or many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/view_i.h"
#include "tests/lib/build.h"

enum {
    EVENTS = 3 * LUM_POS_ROW + 5
};

static int setup(void **state)
{
    struct build_hall *hall = build_hall_open(2);
    for (int i = 0; i < EVENTS; i++) {
        (void)build_make(hall->build, hall->a, 0, "name", "padi");
        (void)build_make(hall->build, hall->b, 0, "name", "beras");
    }
    build_feed_all(hall->store);
    *state = hall;
    return 0;
}

static void expect_positions(struct build_hall *hall, uint32_t log, uint64_t count)
{
    struct lum_view_pos pos;
    uint32_t lno = build_lno(hall->store, log);
    struct lum_txn *view = build_view_txn(hall->store);
    for (uint64_t seq = 1; seq <= count; seq++) {
        struct lum_hash h = build_hash(hall->build, log, seq);
        assert_int_equal(lum_view_pos(view, lno, seq, &pos), LUM_OK);
        assert_memory_equal(pos.h16, h.b, sizeof pos.h16);
        assert_int_equal(pos.l, seq);
        assert_int_equal(pos.t, BUILD_FOUNDED_MS + 1000 * seq);
        assert_true(pos.is_sane);
    }
    assert_int_equal(lum_view_pos(view, lno, count + 1, &pos), LUM_NOT_FOUND);
    assert_int_equal(lum_view_pos(view, lno, 0, &pos), LUM_NOT_FOUND);
}

static void every_position_is_kept_in_one_batch(void **state)
{
    struct build_hall *hall = *state;
    (void)build_settle(hall->store);
    expect_positions(hall, hall->a, EVENTS);
    expect_positions(hall, hall->b, EVENTS);
    assert_int_equal(lum_txn_rows(build_view_txn(hall->store), LUM_V_POS), 2 + 2 * 4);
}

static void every_position_is_kept_in_batches_of_any_size(void **state)
{
    struct build_hall *hall = *state;
    (void)build_settle_by(hall->store, 7);
    expect_positions(hall, hall->a, EVENTS);
    expect_positions(hall, hall->b, EVENTS);
}

static void an_applier_that_forgot_goes_on_where_the_rows_end(void **state)
{
    struct build_hall *hall = *state;
    (void)build_settle(hall->store);
    for (int i = 0; i < 2 * LUM_POS_ROW; i++) {
        (void)build_make(hall->build, hall->a, 0, "name", "padi");
        build_forget(hall->store);
        build_feed_all(hall->store);
        (void)build_settle(hall->store);
    }
    expect_positions(hall, hall->a, EVENTS + 2 * LUM_POS_ROW);
}

static void a_row_of_positions_holds_every_part_to_its_edge(void **state)
{
    struct build_hall *hall = *state;
    struct lum_pos pos;
    uint8_t at[LUM_POS_LEN];
    (void)hall;
    memset(at, 0xff, sizeof at);
    lum_pos_read(at, &pos);
    assert_int_equal(pos.t, (UINT64_C(1) << 48) - 1);
    assert_int_equal(pos.l, (UINT64_C(1) << 48) - 1);
    assert_int_equal(pos.own, (UINT64_C(1) << 48) - 1);
    assert_int_equal(pos.clock, (UINT64_C(1) << 48) - 1);
    assert_int_equal(pos.flags, UINT16_MAX);
    memset(at, 0, sizeof at);
    at[41] = 7;
    at[24] = 1;
    lum_pos_read(at, &pos);
    assert_int_equal(pos.clock, 7);
    assert_int_equal(pos.l, UINT64_C(1) << 40);
    assert_int_equal(pos.own, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_position_is_kept_in_one_batch),
        TEST(every_position_is_kept_in_batches_of_any_size),
        TEST(an_applier_that_forgot_goes_on_where_the_rows_end),
        TEST(a_row_of_positions_holds_every_part_to_its_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
