/* Collections and fields get numbers that stay, however many there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

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

static uint32_t number(struct build_hall *hall, const char *name)
{
    uint32_t number = 0;
    assert_int_equal(lum_view_name_number(build_view_txn(hall->store),
                                          lum_bytes_of(name, strlen(name)), &number),
                     LUM_OK);
    return number;
}

static void a_name_keeps_its_number_over_batches_and_restarts(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->a, 0, "name", "padi");
    settle(hall);
    uint32_t before = number(hall, "name");
    assert_int_not_equal(before, 0);
    assert_int_equal(number(hall, "place"), 0);
    build_forget(hall->store);
    (void)build_make(hall->build, hall->a, 0, "place", "Subang");
    (void)build_make(hall->build, hall->a, 0, "name", "beras");
    settle(hall);
    assert_int_equal(number(hall, "name"), before);
    assert_int_not_equal(number(hall, "place"), before);
    struct lum_bytes text = lum_view_name_text(build_view_txn(hall->store), before);
    assert_int_equal(text.len, 4);
    assert_memory_equal(text.at, "name", 4);
}

static void more_names_than_the_cache_holds_keep_their_numbers(void **state)
{
    enum {
        NAMES = 10000,
        A_TIME = 500
    };
    struct build_hall *hall = *state;
    struct lum_error err = {0};
    char name[16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < NAMES; i++) {
            (void)snprintf(name, sizeof name, "f%d", i);
            lum_draft_make(build_draft(hall->build), lum_bytes_of("item", 4), build_map(name, "x"));
            if (i % A_TIME == A_TIME - 1) {
                (void)build_data(hall->build, hall->a, 0);
            }
        }
    }
    settle(hall);
    assert_int_equal(lum_txn_rows(build_view_txn(hall->store), LUM_V_NAME), NAMES + 1);
    assert_int_equal(build_counts(hall->store).records, 2 * NAMES);
    struct lum_id id = build_made(hall->build, hall->a, 1, 0);
    assert_string_equal(build_shown(hall->store, &id, "f0"), "x");
    assert_int_equal(lum_view_check(build_view_txn(hall->store), build_log_txn(hall->store), &err),
                     LUM_OK);
}

static void a_name_that_cannot_be_one_has_no_number(void **state)
{
    struct build_hall *hall = *state;
    static char name[600];
    (void)build_make(hall->build, hall->a, 0, "name", "padi");
    settle(hall);
    memset(name, 'x', sizeof name - 1);
    assert_int_equal(number(hall, name), 0);
    assert_int_equal(number(hall, ""), 0);
    assert_int_equal(lum_view_name_text(build_view_txn(hall->store), 77).len, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_keeps_its_number_over_batches_and_restarts),
        TEST(more_names_than_the_cache_holds_keep_their_numbers),
        TEST(a_name_that_cannot_be_one_has_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
