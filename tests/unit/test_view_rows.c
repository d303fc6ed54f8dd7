/* The rows around a record: counts, the list of conflicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/build.h"

static void settle(struct build_hall *hall)
{
    assert_false(build_hall_settle(hall));
}

static void lumbungs_own_collections_are_records_but_not_counted(void **state)
{
    struct build_hall *hall = *state;
    lum_draft_make_keyed(build_draft(hall->build), lum_bytes_of("_space", 6),
                         lum_bytes_of("space", 5), build_map("name", "Hall A"));
    (void)build_data(hall->build, hall->a, 0);
    (void)build_make(hall->build, hall->a, 0, "name", "padi");
    settle(hall);
    struct lum_id id = build_keyed(hall->build, "_space", "space");
    assert_string_equal(build_shown(hall->store, &id, "name"), "Hall A");
    assert_int_equal(build_counts(hall->store).records, 1);
    (void)build_drop(hall->build, hall->a, &id, NO_PLACES);
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_DEAD);
    assert_int_equal(build_counts(hall->store).deleted, 0);
}

static void conflicts_of_a_deleted_record_are_listed_again_when_it_is_kept(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, 0, "name", "1");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    build_hall_set(hall, hall->b, &id, "2", PLACES({hall->a, seq, 0}));
    build_hall_set(hall, hall->c, &id, "3", PLACES({hall->a, seq, 0}));
    settle(hall);
    assert_int_equal(build_counts(hall->store).conflicts, 1);
    uint64_t drop = build_drop(hall->build, hall->a, &id, PLACES({hall->b, 1, 0}, {hall->c, 1, 0}));
    settle(hall);
    assert_int_equal(build_counts(hall->store).conflicts, 0);
    (void)build_keep(hall->build, hall->b, &id, PLACES({hall->a, drop, 0}));
    settle(hall);
    assert_int_equal(build_counts(hall->store).conflicts, 1);
    assert_int_equal(build_progress(hall->store)->conflicts_new, 1);
}

static void a_third_value_changes_the_number_in_the_list(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, 0, "name", "1");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    struct lum_view_conflict row = {0};
    build_hall_set(hall, hall->b, &id, "2", NO_PLACES);
    settle(hall);
    assert_int_equal(lum_view_conflict_next(build_view_txn(hall->store), &row), LUM_OK);
    assert_int_equal(row.number, 2);
    build_hall_set(hall, hall->c, &id, "3", NO_PLACES);
    settle(hall);
    row = (struct lum_view_conflict){0};
    assert_int_equal(lum_view_conflict_next(build_view_txn(hall->store), &row), LUM_OK);
    assert_int_equal(row.number, 3);
    assert_int_equal(build_counts(hall->store).conflicts, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, build_hall_open_three, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lumbungs_own_collections_are_records_but_not_counted),
        TEST(conflicts_of_a_deleted_record_are_listed_again_when_it_is_kept),
        TEST(a_third_value_changes_the_number_in_the_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
