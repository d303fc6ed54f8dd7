/* An event applies when all that it names has applied; until then its log waits, and only it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/build.h"

#define T0 (BUILD_FOUNDED_MS + BUILD_DAY_MS)

static int setup(void **state)
{
    struct build_hall *hall = build_hall_open(3);
    for (uint32_t gov = 1; gov <= 3; gov++) {
        build_feed(hall->store, gov, 1);
    }
    *state = hall;
    return 0;
}

static void feed(struct build_hall *hall, uint32_t log)
{
    build_feed(hall->store, log, build_head(hall->build, log));
    assert_false(build_settle(hall->store));
}

static void expect_applied(struct build_hall *hall, uint32_t log, uint64_t applied, bool is_waiting)
{
    struct lum_view_wait wait;
    assert_int_equal(lum_view_log(build_view_txn(hall->store), build_lno(hall->store, log), &wait),
                     LUM_OK);
    assert_int_equal(wait.applied, applied);
    assert_int_equal(wait.is_waiting, is_waiting);
}

/* An event without ops. */
static uint64_t empty_event(struct build_hall *hall, uint32_t log, const struct lum_dep *deps,
                            uint32_t count)
{
    const struct build_event event = {.kind = LUM_KIND_DATA,
                                      .payload = lum_bytes_of("\x92\x90\x90", 3),
                                      .deps = deps,
                                      .dep_count = count};
    return build_event(hall->build, log, &event);
}

static struct lum_dep lean(const struct build_hall *hall, uint32_t log, uint64_t seq)
{
    struct lum_dep dep = {.seq = seq};
    memcpy(dep.log8, build_log_id(hall->build, log)->b, sizeof dep.log8);
    return dep;
}

static uint64_t level_of(struct build_hall *hall, uint32_t log, uint64_t seq)
{
    struct lum_view_pos pos;
    assert_int_equal(
        lum_view_pos(build_view_txn(hall->store), build_lno(hall->store, log), seq, &pos), LUM_OK);
    return pos.l;
}

static void a_log_waits_for_what_its_next_event_names(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    const struct build_set by_b = {id, "name", "beras", 0};
    (void)build_make(hall->build, hall->b, T0, "name", "first");
    (void)build_set(hall->build, hall->b, &by_b, PLACES({hall->a, seq, 0}));
    (void)build_make(hall->build, hall->b, 0, "name", "third");
    feed(hall, hall->b);
    expect_applied(hall, hall->b, 1, true);
    assert_int_equal(build_counts(hall->store).waiting, 1);
    assert_int_equal(build_counts(hall->store).records, 1);
    struct lum_view_wait wait;
    assert_int_equal(
        lum_view_log(build_view_txn(hall->store), build_lno(hall->store, hall->b), &wait), LUM_OK);
    assert_int_equal(wait.seq, seq);
    assert_memory_equal(wait.log8, build_log_id(hall->build, hall->a)->b, 8);

    (void)build_make(hall->build, hall->c, T0, "name", "another log goes on");
    feed(hall, hall->c);
    assert_int_equal(build_counts(hall->store).records, 2);

    feed(hall, hall->a);
    expect_applied(hall, hall->b, 3, false);
    assert_int_equal(build_counts(hall->store).waiting, 0);
    assert_int_equal(build_counts(hall->store).records, 4);
    assert_string_equal(build_shown(hall->store, &id, "name"), "beras");
}

static void waits_that_hang_on_one_another_end_together(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->a, T0, "name", "x");
    struct lum_dep on_a = build_pin(hall->build, hall->a, 1);
    (void)empty_event(hall, hall->b, &on_a, 1);
    struct lum_dep on_b = build_pin(hall->build, hall->b, 1);
    (void)empty_event(hall, hall->c, &on_b, 1);
    feed(hall, hall->c);
    feed(hall, hall->b);
    assert_int_equal(build_counts(hall->store).waiting, 2);
    feed(hall, hall->a);
    assert_int_equal(build_counts(hall->store).waiting, 0);
    expect_applied(hall, hall->c, 1, false);
    assert_int_equal(level_of(hall, hall->c, 1), 3);
}

static void an_event_may_wait_for_several_logs(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->a, T0, "name", "x");
    (void)build_make(hall->build, hall->b, T0, "name", "x");
    struct lum_dep deps[2] = {build_pin(hall->build, hall->a, 1),
                              build_pin(hall->build, hall->b, 1)};
    if (memcmp(deps[0].log8, deps[1].log8, 8) > 0) {
        struct lum_dep first = deps[1];
        deps[1] = deps[0];
        deps[0] = first;
    }
    (void)empty_event(hall, hall->c, deps, 2);
    feed(hall, hall->c);
    expect_applied(hall, hall->c, 0, true);
    feed(hall, hall->b);
    expect_applied(hall, hall->c, 0, true);
    feed(hall, hall->a);
    expect_applied(hall, hall->c, 1, false);
}

static void a_wait_is_taken_up_again_by_another_applier(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->a, T0, "name", "x");
    struct lum_dep on_a = build_pin(hall->build, hall->a, 1);
    (void)empty_event(hall, hall->b, &on_a, 1);
    feed(hall, hall->b);
    build_forget(hall->store);
    feed(hall, hall->a);
    expect_applied(hall, hall->b, 1, false);
}

static void a_log_that_grows_while_it_waits_keeps_waiting(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->a, T0, "name", "x");
    struct lum_dep on_a = build_pin(hall->build, hall->a, 1);
    (void)empty_event(hall, hall->b, &on_a, 1);
    feed(hall, hall->b);
    (void)empty_event(hall, hall->b, NULL, 0);
    feed(hall, hall->b);
    expect_applied(hall, hall->b, 0, true);
    assert_int_equal(build_counts(hall->store).waiting, 1);
    feed(hall, hall->a);
    expect_applied(hall, hall->b, 2, false);
}

static void a_pin_with_another_hash_waits_however_far_the_log_grows(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->a, T0, "name", "x");
    struct lum_dep wrong = build_pin(hall->build, hall->a, 1);
    wrong.hash16[15] ^= 1;
    (void)empty_event(hall, hall->b, &wrong, 1);
    feed(hall, hall->a);
    feed(hall, hall->b);
    expect_applied(hall, hall->b, 0, true);
    (void)build_make(hall->build, hall->a, 0, "name", "x");
    feed(hall, hall->a);
    expect_applied(hall, hall->b, 0, true);
}

static void a_pin_of_another_shelf_waits_and_one_of_gov_does_not(void **state)
{
    struct build_hall *hall = *state;
    uint32_t other = build_log(hall->build, 1, 0, 2);
    (void)empty_event(hall, other, NULL, 0);
    struct lum_dep on_other = build_pin(hall->build, other, 1);
    struct lum_dep on_gov = build_pin(hall->build, 3, 1);
    (void)empty_event(hall, hall->b, &on_gov, 1);
    (void)empty_event(hall, hall->b, &on_other, 1);
    feed(hall, other);
    feed(hall, hall->b);
    expect_applied(hall, hall->b, 1, true);
}

static void a_position_below_the_latest_pin_needs_no_hash_and_above_it_waits(void **state)
{
    struct build_hall *hall = *state;
    for (int i = 0; i < 5; i++) {
        (void)build_make(hall->build, hall->a, T0, "name", "x");
    }
    struct lum_dep on_three = build_pin(hall->build, hall->a, 3);
    struct lum_dep at_three = lean(hall, hall->a, 3);
    struct lum_dep at_one = lean(hall, hall->a, 1);
    struct lum_dep at_four = lean(hall, hall->a, 4);
    (void)empty_event(hall, hall->b, &on_three, 1);
    (void)empty_event(hall, hall->b, &at_three, 1);
    (void)empty_event(hall, hall->b, &at_one, 1);
    (void)empty_event(hall, hall->b, &at_four, 1);
    feed(hall, hall->a);
    feed(hall, hall->b);
    expect_applied(hall, hall->b, 3, true);
    uint64_t pinned = 0;
    assert_int_equal(lum_view_pin(build_view_txn(hall->store), build_lno(hall->store, hall->b),
                                  at_one.log8, &pinned),
                     LUM_OK);
    assert_int_equal(pinned, 3);
    assert_int_equal(level_of(hall, hall->b, 1), 4);
}

static void a_position_without_any_pin_waits(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->a, T0, "name", "x");
    struct lum_dep unpinned = lean(hall, hall->a, 1);
    (void)empty_event(hall, hall->b, &unpinned, 1);
    feed(hall, hall->a);
    feed(hall, hall->b);
    expect_applied(hall, hall->b, 0, true);
}

static void L_is_one_more_than_the_greatest_seen(void **state)
{
    struct build_hall *hall = *state;
    for (int i = 0; i < 7; i++) {
        (void)empty_event(hall, hall->a, NULL, 0);
    }
    struct lum_dep on_a = build_pin(hall->build, hall->a, 7);
    struct lum_dep at_two = lean(hall, hall->a, 2);
    (void)empty_event(hall, hall->b, NULL, 0);
    (void)empty_event(hall, hall->b, &on_a, 1);
    (void)empty_event(hall, hall->b, &at_two, 1);
    feed(hall, hall->a);
    feed(hall, hall->b);
    assert_int_equal(level_of(hall, hall->a, 7), 7);
    assert_int_equal(level_of(hall, hall->b, 1), 1);
    assert_int_equal(level_of(hall, hall->b, 2), 8);
    assert_int_equal(level_of(hall, hall->b, 3), 9);
}

/* ---- forks ---- */

static void
beyond_a_fork_a_dep_is_satisfied_by_the_fork_point_and_its_dots_name_nothing(void **state)
{
    struct build_hall *hall = *state;
    uint64_t first = build_make(hall->build, hall->a, T0, "name", "stands");
    uint64_t beyond = build_make(hall->build, hall->a, 0, "name", "does not");
    struct lum_id id = build_made(hall->build, hall->a, first, 0);
    const struct build_set by_b = {id, "name", "beras", 0};
    const struct build_set again = {id, "name", "gabah", 0};
    (void)build_set(hall->build, hall->b, &by_b, PLACES({hall->a, beyond, 0}));
    build_feed(hall->store, hall->a, beyond);
    build_freeze(hall->store, hall->a, first);
    feed(hall, hall->b);
    expect_applied(hall, hall->a, first, false); /* nothing after the fork */
    expect_applied(hall, hall->b, 1, false);
    assert_int_equal(level_of(hall, hall->b, 1), first + 1);
    assert_int_equal(build_values(hall->store, &id, "name"), 2);
    assert_int_equal(build_counts(hall->store).records, 1);
    (void)build_set(hall->build, hall->b, &again, PLACES({hall->a, first, 0}));
    feed(hall, hall->b);
    assert_int_equal(build_values(hall->store, &id, "name"), 1); /* the fork point stands */
}

static void beyond_a_fork_a_dep_still_waits_for_the_fork_point_to_apply(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->c, T0, "name", "x");
    struct lum_dep on_c = build_pin(hall->build, hall->c, 1);
    (void)empty_event(hall, hall->a, &on_c, 1);
    (void)empty_event(hall, hall->a, NULL, 0);
    struct lum_dep beyond = build_pin(hall->build, hall->a, 2);
    (void)empty_event(hall, hall->b, &beyond, 1);
    build_feed(hall->store, hall->a, 2);
    build_freeze(hall->store, hall->a, 1);
    feed(hall, hall->b);
    expect_applied(hall, hall->b, 0, true);
    feed(hall, hall->c);
    expect_applied(hall, hall->a, 1, false);
    expect_applied(hall, hall->b, 1, false);
    assert_int_equal(level_of(hall, hall->b, 1), 3);
}

static void a_freeze_ends_a_wait_for_the_other_branch(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->a, T0, "name", "x");
    struct lum_dep other_branch = build_pin(hall->build, hall->a, 1);
    other_branch.hash16[0] ^= 1;
    (void)empty_event(hall, hall->c, &other_branch, 1); /* at the fork point itself */
    other_branch.seq = 2;
    (void)empty_event(hall, hall->b, &other_branch, 1);
    feed(hall, hall->a);
    feed(hall, hall->b);
    feed(hall, hall->c);
    expect_applied(hall, hall->b, 0, true);
    expect_applied(hall, hall->c, 0, true);
    build_freeze(hall->store, hall->a, 1);
    assert_false(build_settle(hall->store));
    expect_applied(hall, hall->b, 1, false);
    expect_applied(hall, hall->c, 1, false);
}

static void a_fork_at_the_first_event_leaves_level_zero(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make(hall->build, hall->a, T0, "name", "x");
    struct lum_dep any = build_pin(hall->build, hall->a, 1);
    any.hash16[3] ^= 1;
    (void)empty_event(hall, hall->b, &any, 1);
    build_feed(hall->store, hall->a, 1);
    build_freeze(hall->store, hall->a, 0);
    feed(hall, hall->b);
    expect_applied(hall, hall->b, 1, false);
    assert_int_equal(level_of(hall, hall->b, 1), 1);
    assert_int_equal(build_counts(hall->store).records, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_waits_for_what_its_next_event_names),
        TEST(waits_that_hang_on_one_another_end_together),
        TEST(an_event_may_wait_for_several_logs),
        TEST(a_wait_is_taken_up_again_by_another_applier),
        TEST(a_log_that_grows_while_it_waits_keeps_waiting),
        TEST(a_pin_with_another_hash_waits_however_far_the_log_grows),
        TEST(a_pin_of_another_shelf_waits_and_one_of_gov_does_not),
        TEST(a_position_below_the_latest_pin_needs_no_hash_and_above_it_waits),
        TEST(a_position_without_any_pin_waits),
        TEST(L_is_one_more_than_the_greatest_seen),
        TEST(beyond_a_fork_a_dep_is_satisfied_by_the_fork_point_and_its_dots_name_nothing),
        TEST(beyond_a_fork_a_dep_still_waits_for_the_fork_point_to_apply),
        TEST(a_freeze_ends_a_wait_for_the_other_branch),
        TEST(a_fork_at_the_first_event_leaves_level_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
