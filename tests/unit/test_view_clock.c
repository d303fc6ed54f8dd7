/* Clocks of a causal past: g1 and g2 over distinct devices, and what is sane against them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/view_i.h"

#define DAY     UINT64_C(86400000)
#define FOUNDED (1000 * DAY)

static struct lum_clock clock;

static int setup(void **state)
{
    (void)state;
    clock = (struct lum_clock){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lum_clock_fini(&clock);
    return 0;
}

static bool raise(uint32_t holder, uint64_t t)
{
    bool grew = false;
    assert_int_equal(lum_clock_raise(&clock, holder, t, &grew), LUM_OK);
    return grew;
}

/* Sane from..to and not a millisecond further. */
static void expect_sane(uint32_t holder, uint64_t own, uint64_t from, uint64_t to)
{
    assert_true(lum_clock_is_sane(&clock, holder, own, FOUNDED, from));
    assert_false(lum_clock_is_sane(&clock, holder, own, FOUNDED, from - 1));
    assert_true(lum_clock_is_sane(&clock, holder, own, FOUNDED, to));
    assert_false(lum_clock_is_sane(&clock, holder, own, FOUNDED, to + 1));
}

static void without_any_holder_the_founding_stands_for_both(void **state)
{
    (void)state;
    expect_sane(0, 0, FOUNDED - DAY, FOUNDED + 400 * DAY);
}

static void one_holder_moves_the_far_bound_alone(void **state)
{
    (void)state;
    (void)raise(3, FOUNDED + 50 * DAY);
    expect_sane(0, 0, FOUNDED - DAY, FOUNDED + 450 * DAY);
}

static void the_second_greatest_moves_the_near_bound(void **state)
{
    (void)state;
    (void)raise(3, FOUNDED + 50 * DAY);
    (void)raise(1, FOUNDED + 20 * DAY);
    (void)raise(2, FOUNDED + 40 * DAY);
    expect_sane(0, 0, FOUNDED + 39 * DAY, FOUNDED + 450 * DAY);
}

static void equal_times_of_two_devices_are_both(void **state)
{
    (void)state;
    (void)raise(1, FOUNDED + 50 * DAY);
    (void)raise(2, FOUNDED + 50 * DAY);
    expect_sane(0, 0, FOUNDED + 49 * DAY, FOUNDED + 450 * DAY);
}

static void the_own_device_counts_by_what_it_has_seen_of_itself(void **state)
{
    (void)state;
    (void)raise(1, FOUNDED + 10 * DAY);
    expect_sane(7, FOUNDED + 30 * DAY, FOUNDED + 9 * DAY, FOUNDED + 430 * DAY);
    expect_sane(7, 0, FOUNDED - DAY, FOUNDED + 410 * DAY);
}

static void entries_stand_by_holder_and_only_grow(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 20; i++) {
        assert_true(raise(1 + i * 7 % 20, i + 1));
    }
    assert_int_equal(clock.count, 20);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(clock.at[i].holder, i + 1);
    }
    uint64_t t = clock.at[4].t;
    assert_false(raise(5, t));
    assert_true(raise(5, t + 1));
    assert_int_equal(clock.at[4].t, t + 1);
}

static void a_row_joins_entry_by_entry_and_the_own_device_apart(void **state)
{
    struct lum_buf row;
    struct lum_clock other = {0};
    bool grew = false;
    uint64_t own = 5;
    (void)state;
    lum_buf_init(&row, 4096);
    assert_int_equal(lum_clock_raise(&other, 1, 10, &grew), LUM_OK);
    assert_int_equal(lum_clock_raise(&other, 2, (UINT64_C(1) << 48) - 1, &grew), LUM_OK);
    assert_int_equal(lum_clock_raise(&other, 9, 7, &grew), LUM_OK);
    lum_clock_write(&other, &row);
    assert_int_equal(row.len, 30);
    (void)raise(1, 11);
    grew = false;
    assert_int_equal(lum_clock_join(&clock, lum_buf_bytes(&row), 9, &own, &grew), LUM_OK);
    assert_true(grew);
    assert_int_equal(own, 7);
    assert_int_equal(clock.count, 2);
    assert_int_equal(clock.at[0].t, 11);
    assert_int_equal(clock.at[1].t, (UINT64_C(1) << 48) - 1);
    grew = false;
    assert_int_equal(lum_clock_join(&clock, lum_buf_bytes(&row), 9, &own, &grew), LUM_OK);
    assert_false(grew);
    lum_clock_fini(&other);
    lum_buf_fini(&row);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_any_holder_the_founding_stands_for_both),
        TEST(one_holder_moves_the_far_bound_alone),
        TEST(the_second_greatest_moves_the_near_bound),
        TEST(equal_times_of_two_devices_are_both),
        TEST(the_own_device_counts_by_what_it_has_seen_of_itself),
        TEST(entries_stand_by_holder_and_only_grow),
        TEST(a_row_joins_entry_by_entry_and_the_own_device_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
