/* When a view no longer fits its log or the rights, and when it still does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/build.h"

#define T0 (BUILD_FOUNDED_MS + BUILD_DAY_MS)

static int setup(void **state)
{
    struct build_hall *hall = build_hall_open(2);
    for (int i = 0; i < 3; i++) {
        (void)build_make(hall->build, hall->a, 0, "name", "padi");
    }
    build_feed_all(hall->store);
    (void)build_settle(hall->store);
    *state = hall;
    return 0;
}

static bool settle(struct build_hall *hall)
{
    build_feed_all(hall->store);
    return build_settle(hall->store);
}

static void nothing_new_asks_for_nothing(void **state)
{
    struct build_hall *hall = *state;
    assert_false(settle(hall));
    build_forget(hall->store);
    assert_false(settle(hall));
    assert_int_equal(build_progress(hall->store)->applied, 0);
    assert_int_equal(build_counts(hall->store).applied, 3); /* arrivals: gov, gov, common */
}

static void a_newcomer_whose_events_are_new_needs_no_new_view(void **state)
{
    struct build_hall *hall = *state;
    uint32_t c = build_writer(hall->build, 9);
    (void)build_make(hall->build, c, T0, "name", "beras");
    assert_false(settle(hall));
    assert_int_equal(build_counts(hall->store).records, 4);
}

static void a_new_clock_holder_who_has_written_makes_the_view_anew(void **state)
{
    struct build_hall *hall = *state;
    uint64_t invite = build_invite(hall->build, 1, LUM_ROLE_WRITER, 1);
    uint32_t join = build_join(hall->build, 9, 1, invite);
    (void)build_make(hall->build, build_common(hall->build, 9), T0, "name", "beras");
    assert_false(settle(hall));
    (void)build_admit(hall->build, 1, join, LUM_ROLE_STEWARD);
    assert_true(settle(hall));
    assert_int_equal(build_counts(hall->store).records, 4);
}

static void a_fork_behind_what_has_applied_makes_the_view_anew(void **state)
{
    struct build_hall *hall = *state;
    build_freeze(hall->store, hall->a, 2);
    assert_true(build_settle(hall->store));
    assert_int_equal(build_counts(hall->store).records, 2);
    assert_false(build_settle(hall->store)); /* once */
    build_freeze(hall->store, hall->a, 1);   /* an earlier fork is found */
    assert_true(build_settle(hall->store));
    assert_int_equal(build_counts(hall->store).records, 1);
}

static void a_fork_in_front_of_what_has_applied_does_not(void **state)
{
    struct build_hall *hall = *state;
    uint64_t beyond = build_make(hall->build, hall->a, 0, "name", "beyond");
    build_feed(hall->store, hall->a, beyond);
    build_freeze(hall->store, hall->a, 3);
    assert_false(build_settle(hall->store));
    assert_int_equal(build_counts(hall->store).records, 3);
}

static void a_fork_behind_an_event_that_waits_ends_its_wait(void **state)
{
    struct build_hall *hall = *state;
    uint32_t c = build_writer(hall->build, 9);
    (void)build_make(hall->build, c, T0, "name", "beras");
    const struct lum_dep on_c = build_pin(hall->build, c, 1);
    const struct build_event waits = {.kind = LUM_KIND_DATA,
                                      .payload = lum_bytes_of("\x92\x90\x90", 3),
                                      .deps = &on_c,
                                      .dep_count = 1};
    build_feed(hall->store, hall->a, build_event(hall->build, hall->a, &waits));
    assert_false(build_settle(hall->store));
    assert_int_equal(build_counts(hall->store).waiting, 1);
    build_freeze(hall->store, hall->a, 3);
    assert_true(build_settle(hall->store));
    assert_int_equal(build_counts(hall->store).waiting, 0);
}

/* Changes one byte of the view's mark: 0..7 the arrival reached, 8..39 its hash, 40..47 the newest
 * one read. */
static void spoil_mark(struct build_hall *hall, size_t at)
{
    struct lum_txn *txn = NULL;
    struct lum_bytes row;
    uint8_t mark[80];
    const struct lum_bytes key = lum_bytes_of(LUM_VMETA_APPLIED, strlen(LUM_VMETA_APPLIED));
    build_feed(hall->store, hall->a, 0); /* ends the reads */
    assert_int_equal(lum_txn_begin_write(build_view_store(hall->store), &txn, NULL), LUM_OK);
    assert_int_equal(lum_txn_get(txn, LUM_V_META, key, &row), LUM_OK);
    assert_int_equal(row.len, sizeof mark);
    memcpy(mark, row.at, sizeof mark);
    mark[at] ^= 0x40;
    assert_int_equal(lum_txn_put(txn, LUM_V_META, key, lum_bytes_of(mark, sizeof mark)), LUM_OK);
    assert_int_equal(lum_txn_commit(txn, NULL), LUM_OK);
}

static void a_view_of_another_log_is_made_anew(void **state)
{
    struct build_hall *hall = *state;
    spoil_mark(hall, 20);
    assert_true(build_settle(hall->store));
    assert_int_equal(build_counts(hall->store).records, 3);
}

static void a_view_that_is_ahead_of_its_log_is_made_anew(void **state)
{
    struct build_hall *hall = *state;
    spoil_mark(hall, 40);
    assert_true(build_settle(hall->store));
    assert_false(build_settle(hall->store));
}

static void a_new_view_goes_on_with_the_old_ones_change_numbers(void **state)
{
    struct build_hall *hall = *state;
    struct temp temp;
    struct lum_store *fresh = NULL;
    struct lum_txn *txn = NULL;
    struct lum_view_changes changes;
    temp_make(&temp);
    assert_int_equal(lum_view_open_scratch(temp.dir, "new.mdb", &fresh, NULL), LUM_OK);
    assert_int_equal(lum_txn_begin_write(fresh, &txn, NULL), LUM_OK);
    assert_int_equal(lum_view_changes(build_view_txn(hall->store), &changes), LUM_OK);
    assert_int_equal(changes.first, 1);
    assert_int_equal(changes.newest, 3);
    assert_int_equal(lum_view_succeed(txn, build_view_txn(hall->store)), LUM_OK);
    assert_int_equal(lum_view_changes(txn, &changes), LUM_OK);
    assert_int_equal(changes.first, 4);
    assert_int_equal(changes.newest, 3);
    lum_txn_abort(txn);
    lum_store_close(fresh);
    temp_drop(&temp);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_new_asks_for_nothing),
        TEST(a_newcomer_whose_events_are_new_needs_no_new_view),
        TEST(a_new_clock_holder_who_has_written_makes_the_view_anew),
        TEST(a_fork_behind_what_has_applied_makes_the_view_anew),
        TEST(a_fork_in_front_of_what_has_applied_does_not),
        TEST(a_fork_behind_an_event_that_waits_ends_its_wait),
        TEST(a_view_of_another_log_is_made_anew),
        TEST(a_view_that_is_ahead_of_its_log_is_made_anew),
        TEST(a_new_view_goes_on_with_the_old_ones_change_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
