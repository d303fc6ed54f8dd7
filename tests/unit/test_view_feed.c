/* The feed gives each record once, at its newest change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/view_i.h"
#include "tests/lib/build.h"

static int setup(void **state)
{
    *state = build_hall_open(1);
    return 0;
}

static void settle(struct build_hall *hall)
{
    (void)build_hall_settle(hall);
}

static void edit(struct build_hall *hall, uint64_t seq)
{
    const struct build_set set = {build_made(hall->build, hall->a, seq, 0), "name", "beras", 0};
    (void)build_set(hall->build, hall->a, &set, NO_PLACES);
}

/* The records after a change, as digits of their numbers. */
static const char *feed(struct build_hall *hall, uint64_t after)
{
    static char out[64];
    struct lum_view_change change = {.change = after};
    size_t len = 0;
    uint64_t last = after;
    while (lum_view_feed_next(build_view_txn(hall->store), &change) == LUM_OK) {
        assert_true(change.change > last);
        last = change.change;
        out[len++] = (char)('0' + change.rno);
    }
    out[len] = '\0';
    return out;
}

static void an_edited_record_moves_to_the_end(void **state)
{
    struct build_hall *hall = *state;
    assert_string_equal(feed(hall, 0), "");
    for (int i = 0; i < 4; i++) {
        (void)build_make(hall->build, hall->a, 0, "name", "padi");
    }
    settle(hall);
    assert_string_equal(feed(hall, 0), "1234");
    assert_string_equal(feed(hall, 2), "34");
    edit(hall, 2);
    settle(hall);
    assert_string_equal(feed(hall, 0), "1342");
    assert_string_equal(feed(hall, 4), "2");
    edit(hall, 1);
    edit(hall, 2);
    edit(hall, 1);
    settle(hall);
    assert_string_equal(feed(hall, 0), "3412");
}

static void many_changes_between_two_records_are_passed_over(void **state)
{
    struct build_hall *hall = *state;
    for (int i = 0; i < 3; i++) {
        (void)build_make(hall->build, hall->a, 0, "name", "padi");
    }
    for (int i = 0; i < 3 * LUM_FEED_ROW; i++) {
        edit(hall, 2);
        settle(hall);
    }
    assert_string_equal(feed(hall, 0), "132");
    struct lum_view_changes changes;
    assert_int_equal(lum_view_changes(build_view_txn(hall->store), &changes), LUM_OK);
    assert_int_equal(changes.newest, 3 + 3 * LUM_FEED_ROW - 1); /* made and edited in one batch */
    struct lum_view_change last = {.change = changes.newest - 1};
    assert_int_equal(lum_view_feed_next(build_view_txn(hall->store), &last), LUM_OK);
    assert_int_equal(last.change, changes.newest);
    build_rebuild(hall->store);
    assert_string_equal(feed(hall, 0), "123"); /* one batch: each once, at its first change there */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_edited_record_moves_to_the_end),
        TEST(many_changes_between_two_records_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
