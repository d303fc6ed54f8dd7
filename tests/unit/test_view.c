/* The merge as people meet it: what stands after two halls have written apart and met. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/build.h"

#define DAY BUILD_DAY_MS
#define T0  (BUILD_FOUNDED_MS + 10 * BUILD_DAY_MS)

static void settle(struct build_hall *hall)
{
    assert_false(build_hall_settle(hall));
}

/* ---- cells ---- */

static void a_value_that_nobody_replaced_stands(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    settle(hall);
    assert_string_equal(build_shown(hall->store, &id, "name"), "padi");
    assert_int_equal(build_life(hall->store, &id), LUM_ALIVE);
    assert_int_equal(build_counts(hall->store).records, 1);
    assert_int_equal(build_progress(hall->store)->records_new, 1);
}

static void two_values_written_apart_both_stay_and_are_listed(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    build_hall_set(hall, hall->b, &id, "beras", PLACES({hall->a, seq, 0}));
    build_hall_set(hall, hall->c, &id, "gabah", PLACES({hall->a, seq, 0}));
    settle(hall);
    assert_int_equal(build_values(hall->store, &id, "name"), 2);
    assert_int_equal(build_counts(hall->store).conflicts, 1);
    struct lum_view_conflict conflict = {0};
    assert_int_equal(lum_view_conflict_next(build_view_txn(hall->store), &conflict), LUM_OK);
    assert_int_equal(conflict.kind, LUM_CONFLICT_CELL);
    assert_int_equal(conflict.number, 2);
    assert_int_equal(lum_view_conflict_next(build_view_txn(hall->store), &conflict), LUM_NOT_FOUND);
}

static void equal_values_written_apart_are_no_conflict(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    build_hall_set(hall, hall->b, &id, "beras", PLACES({hall->a, seq, 0}));
    build_hall_set(hall, hall->c, &id, "beras", PLACES({hall->a, seq, 0}));
    settle(hall);
    assert_int_equal(build_values(hall->store, &id, "name"), 1);
    assert_int_equal(build_counts(hall->store).conflicts, 0);
    assert_string_equal(build_shown(hall->store, &id, "name"), "beras");
}

static void naming_both_values_settles_a_conflict(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    build_hall_set(hall, hall->b, &id, "beras", PLACES({hall->a, seq, 0}));
    build_hall_set(hall, hall->c, &id, "gabah", PLACES({hall->a, seq, 0}));
    build_hall_set(hall, hall->a, &id, "gabah", PLACES({hall->b, 1, 0}, {hall->c, 1, 0}));
    settle(hall);
    assert_int_equal(build_values(hall->store, &id, "name"), 1);
    assert_int_equal(build_counts(hall->store).conflicts, 0);
    assert_string_equal(build_shown(hall->store, &id, "name"), "gabah");
}

static void an_own_later_set_replaces_the_own_older_one_unnamed(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    build_hall_set(hall, hall->a, &id, "beras", NO_PLACES);
    settle(hall);
    assert_int_equal(build_values(hall->store, &id, "name"), 1);
    assert_string_equal(build_shown(hall->store, &id, "name"), "beras");
}

static void a_pred_that_names_another_cell_replaces_nothing(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "other", "padi");
    uint64_t mine = build_make(hall->build, hall->a, 0, "name", "beras");
    struct lum_id other = build_made(hall->build, hall->a, seq, 0);
    struct lum_id id = build_made(hall->build, hall->a, mine, 0);
    build_hall_set(hall, hall->b, &id, "gabah", PLACES({hall->a, seq, 0}));
    settle(hall);
    assert_int_equal(build_values(hall->store, &id, "name"), 2);
    assert_int_equal(build_values(hall->store, &other, "other"), 1);
}

static void edits_of_different_fields_meet_without_conflict(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    const struct build_set place = {id, "place", "Subang", 0};
    build_hall_set(hall, hall->b, &id, "beras", PLACES({hall->a, seq, 0}));
    (void)build_set(hall->build, hall->c, &place, NO_PLACES);
    settle(hall);
    assert_string_equal(build_shown(hall->store, &id, "name"), "beras");
    assert_string_equal(build_shown(hall->store, &id, "place"), "Subang");
    assert_int_equal(build_counts(hall->store).conflicts, 0);
}

/* ---- existence ---- */

static void a_drop_that_saw_everything_ends_the_record(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    build_hall_set(hall, hall->c, &id, "beras", PLACES({hall->a, seq, 0}));
    (void)build_drop(hall->build, hall->b, &id, PLACES({hall->a, seq, 0}, {hall->c, 1, 0}));
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_DEAD);
    assert_int_equal(build_counts(hall->store).records, 0);
    assert_int_equal(build_counts(hall->store).deleted, 1);
    assert_int_equal(build_counts(hall->store).revived, 0);
    /* no cell went with it */
    assert_string_equal(build_shown(hall->store, &id, "name"), "beras");
}

static void an_edit_made_meanwhile_brings_the_whole_record_back_and_is_listed(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    const struct build_set place = {id, "place", "Subang", 0};
    (void)build_drop(hall->build, hall->b, &id, PLACES({hall->a, seq, 0}));
    (void)build_set(hall->build, hall->c, &place, NO_PLACES);
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_REVIVED);
    assert_string_equal(build_shown(hall->store, &id, "name"), "padi");
    assert_string_equal(build_shown(hall->store, &id, "place"), "Subang");
    assert_int_equal(build_counts(hall->store).records, 1);
    assert_int_equal(build_counts(hall->store).revived, 1);
    struct lum_view_conflict conflict = {0};
    assert_int_equal(lum_view_conflict_next(build_view_txn(hall->store), &conflict), LUM_OK);
    assert_int_equal(conflict.kind, LUM_CONFLICT_REVIVED);
    assert_int_equal(conflict.number, 1);
}

static void keep_settles_a_revived_record(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    uint64_t drop = build_drop(hall->build, hall->b, &id, PLACES({hall->a, seq, 0}));
    build_hall_set(hall, hall->c, &id, "beras", PLACES({hall->a, seq, 0}));
    (void)build_keep(hall->build, hall->c, &id, PLACES({hall->b, drop, 0}));
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_ALIVE);
    assert_int_equal(build_counts(hall->store).revived, 0);
}

static void keep_restores_a_deleted_record(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    uint64_t drop = build_drop(hall->build, hall->b, &id, PLACES({hall->a, seq, 0}));
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_DEAD);
    (void)build_keep(hall->build, hall->c, &id, PLACES({hall->b, drop, 0}));
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_ALIVE);
    assert_int_equal(build_counts(hall->store).records, 1);
    assert_int_equal(build_counts(hall->store).deleted, 0);
}

static void a_second_drop_that_saw_the_edit_ends_a_revived_record(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    (void)build_drop(hall->build, hall->b, &id, PLACES({hall->a, seq, 0}));
    build_hall_set(hall, hall->c, &id, "beras", PLACES({hall->a, seq, 0}));
    (void)build_drop(hall->build, hall->a, &id, PLACES({hall->c, 1, 0}));
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_DEAD);
    assert_int_equal(build_counts(hall->store).revived, 0);
}

static void one_drop_may_see_one_half_and_another_the_other(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make_keyed(hall->build, hall->a, T0, "7", "padi");
    uint64_t same = build_make_keyed(hall->build, hall->b, T0, "7", "padi");
    struct lum_id id = build_keyed(hall->build, "item", "7");
    (void)build_drop(hall->build, hall->c, &id, PLACES({hall->a, seq, 0}));
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_REVIVED);
    (void)build_drop(hall->build, hall->a, &id, PLACES({hall->b, same, 0}));
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_DEAD);
}

static void an_own_edit_after_the_own_drop_is_not_seen_by_it(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    (void)build_drop(hall->build, hall->a, &id, NO_PLACES);
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_DEAD);
    build_hall_set(hall, hall->a, &id, "beras", NO_PLACES);
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_REVIVED);
}

static void inside_one_event_a_drop_sees_only_the_ops_before_it(void **state)
{
    struct build_hall *hall = *state;
    struct lum_draft *draft = build_draft(hall->build);
    const struct lum_about made = {.id = NULL, .place = {0, 0, 0}};
    const struct lum_pair pair = {lum_bytes_of("name", 4), build_text("beras")};
    lum_draft_make(draft, lum_bytes_of("item", 4), build_map("name", "padi"));
    lum_draft_drop(draft, &made, NO_PLACES);
    lum_draft_set(draft, &made, &pair, NO_PLACES);
    uint64_t seq = build_data(hall->build, hall->a, T0);
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    lum_draft_make(draft, lum_bytes_of("item", 4), build_map("name", "padi"));
    lum_draft_drop(draft, &made, NO_PLACES);
    uint64_t dead = build_data(hall->build, hall->a, T0);
    struct lum_id other = build_made(hall->build, hall->a, dead, 0);
    settle(hall);
    assert_int_equal(build_life(hall->store, &id), LUM_REVIVED);
    assert_string_equal(build_shown(hall->store, &id, "name"), "beras");
    assert_int_equal(build_life(hall->store, &other), LUM_DEAD);
}

/* ---- keyed records ---- */

static void the_same_key_in_two_halls_is_one_record(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make_keyed(hall->build, hall->a, T0, "3201", "Bogor");
    (void)build_make_keyed(hall->build, hall->b, T0, "3201", "Bogor");
    (void)build_make_keyed(hall->build, hall->c, T0, "3202", "Sukabumi");
    settle(hall);
    struct lum_id id = build_keyed(hall->build, "item", "3201");
    const struct lum_record *record = NULL;
    assert_int_equal(build_counts(hall->store).records, 2);
    assert_int_equal(build_counts(hall->store).conflicts, 0);
    assert_true(build_record(hall->store, &id, &record));
    assert_int_equal(record->existence_count, 2);
    assert_int_equal(record->key.len, 4);
    assert_memory_equal(record->key.at, "3201", 4);
}

static void different_values_under_one_key_are_a_conflict(void **state)
{
    struct build_hall *hall = *state;
    (void)build_make_keyed(hall->build, hall->a, T0, "3201", "Bogor");
    (void)build_make_keyed(hall->build, hall->b, T0, "3201", "Kab. Bogor");
    settle(hall);
    assert_int_equal(build_counts(hall->store).records, 1);
    assert_int_equal(build_counts(hall->store).conflicts, 1);
}

static void ops_on_a_record_nobody_made_are_kept_but_not_shown(void **state)
{
    struct build_hall *hall = *state;
    struct lum_id id = build_keyed(hall->build, "item", "x");
    build_hall_set(hall, hall->a, &id, "early", NO_PLACES);
    settle(hall);
    struct lum_hash before = build_root(hall->store);
    assert_int_equal(build_life(hall->store, &id), LUM_UNMADE);
    assert_int_equal(build_counts(hall->store).records, 0);
    (void)build_make_keyed(hall->build, hall->b, T0, "x", "late");
    settle(hall);
    struct lum_hash after = build_root(hall->store);
    assert_int_equal(build_counts(hall->store).records, 1);
    assert_int_equal(build_values(hall->store, &id, "name"), 2);
    assert_memory_not_equal(before.b, after.b, sizeof before.b);
}

/* ---- time ---- */

/* b and c overwrite a's value apart, at these times; which is shown? */
static const char *race(struct build_hall *hall, uint64_t b_at, uint64_t c_at)
{
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    const struct build_set by_b = {id, "name", "b", b_at};
    const struct build_set by_c = {id, "name", "c", c_at};
    (void)build_set(hall->build, hall->b, &by_b, PLACES({hall->a, seq, 0}));
    (void)build_set(hall->build, hall->c, &by_c, PLACES({hall->a, seq, 0}));
    settle(hall);
    assert_int_equal(build_values(hall->store, &id, "name"), 2);
    return build_shown(hall->store, &id, "name");
}

static void of_two_sane_clocks_the_later_is_shown(void **state)
{
    assert_string_equal(race(*state, T0 + 5, T0 + 4), "b");
}

static void of_two_sane_clocks_the_later_is_shown_whoever_wrote_it(void **state)
{
    assert_string_equal(race(*state, T0 + 4, T0 + 5), "c");
}

static void a_clock_at_1970_loses_against_a_right_one(void **state)
{
    assert_string_equal(race(*state, 5, T0 + 1), "c");
}

static void a_clock_at_2099_loses_against_a_right_one(void **state)
{
    assert_string_equal(race(*state, UINT64_C(4070908800000), T0 + 1), "c");
}

static void a_wrong_clock_still_overwrites_what_it_saw(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    const struct build_set old = {id, "name", "beras", 5};
    (void)build_set(hall->build, hall->b, &old, PLACES({hall->a, seq, 0}));
    settle(hall);
    assert_string_equal(build_shown(hall->store, &id, "name"), "beras");
    assert_int_equal(build_values(hall->store, &id, "name"), 1);
}

static bool is_sane(struct build_hall *hall, uint32_t log, uint64_t seq)
{
    struct lum_view_pos pos;
    assert_int_equal(
        lum_view_pos(build_view_txn(hall->store), build_lno(hall->store, log), seq, &pos), LUM_OK);
    return pos.is_sane;
}

static void one_hall_that_runs_ahead_outlaws_nobody(void **state)
{
    struct build_hall *hall = *state;
    /* a is a year ahead, within the bound, and everyone has seen it */
    uint64_t ahead = build_make(hall->build, hall->a, BUILD_FOUNDED_MS + 365 * DAY, "name", "x");
    struct lum_id id = build_made(hall->build, hall->a, ahead, 0);
    const struct build_set right = {id, "name", "right", T0};
    uint64_t seq = build_set(hall->build, hall->b, &right, PLACES({hall->a, ahead, 0}));
    settle(hall);
    assert_true(is_sane(hall, hall->a, ahead));
    assert_true(is_sane(hall, hall->b, seq));
}

static void two_halls_that_agree_make_a_late_clock_insane(void **state)
{
    struct build_hall *hall = *state;
    uint64_t a = build_make(hall->build, hall->a, T0 + 100 * DAY, "name", "a");
    uint64_t b = build_make(hall->build, hall->b, T0 + 101 * DAY, "name", "b");
    struct lum_id id = build_made(hall->build, hall->a, a, 0);
    const struct build_set late = {id, "name", "late", T0 + 98 * DAY};
    const struct build_set good = {id, "name", "good", T0 + 99 * DAY};
    uint64_t first =
        build_set(hall->build, hall->c, &late, PLACES({hall->a, a, 0}, {hall->b, b, 0}));
    uint64_t second = build_set(hall->build, hall->c, &good, NO_PLACES);
    settle(hall);
    assert_false(is_sane(hall, hall->c, first)); /* g2 = T0 + 100 d, minus a day */
    assert_true(is_sane(hall, hall->c, second));
}

static void a_clock_beyond_400_days_is_insane(void **state)
{
    struct build_hall *hall = *state;
    uint64_t edge = build_make(hall->build, hall->a, BUILD_FOUNDED_MS + 400 * DAY, "n", "x");
    uint64_t over = build_make(hall->build, hall->b, BUILD_FOUNDED_MS + 400 * DAY + 1, "n", "x");
    settle(hall);
    assert_true(is_sane(hall, hall->a, edge));
    assert_false(is_sane(hall, hall->b, over));
}

/* Two events that overlap on two cells: one of them is shown in both. */
static void one_event_wins_all_the_cells_that_two_share(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, T0, "x", "0");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    const struct lum_about about = {.id = &id};
    for (uint32_t i = 0; i < 2; i++) {
        const char *text = i == 0 ? "b" : "c";
        const struct lum_pair x = {lum_bytes_of("x", 1), build_text(text)};
        const struct lum_pair y = {lum_bytes_of("y", 1), build_text(text)};
        lum_draft_set(build_draft(hall->build), &about, &x, PLACES({hall->a, seq, 0}));
        lum_draft_set(build_draft(hall->build), &about, &y, NO_PLACES);
        (void)build_data(hall->build, i == 0 ? hall->b : hall->c, T0 + 7);
    }
    settle(hall);
    char x[8];
    strncpy(x, build_shown(hall->store, &id, "x"), sizeof x - 1);
    assert_string_equal(build_shown(hall->store, &id, "y"), x);
    assert_int_equal(build_counts(hall->store).conflicts, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, build_hall_open_three, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_value_that_nobody_replaced_stands),
        TEST(two_values_written_apart_both_stay_and_are_listed),
        TEST(equal_values_written_apart_are_no_conflict),
        TEST(naming_both_values_settles_a_conflict),
        TEST(an_own_later_set_replaces_the_own_older_one_unnamed),
        TEST(a_pred_that_names_another_cell_replaces_nothing),
        TEST(edits_of_different_fields_meet_without_conflict),
        TEST(a_drop_that_saw_everything_ends_the_record),
        TEST(an_edit_made_meanwhile_brings_the_whole_record_back_and_is_listed),
        TEST(keep_settles_a_revived_record),
        TEST(keep_restores_a_deleted_record),
        TEST(a_second_drop_that_saw_the_edit_ends_a_revived_record),
        TEST(one_drop_may_see_one_half_and_another_the_other),
        TEST(an_own_edit_after_the_own_drop_is_not_seen_by_it),
        TEST(inside_one_event_a_drop_sees_only_the_ops_before_it),
        TEST(the_same_key_in_two_halls_is_one_record),
        TEST(different_values_under_one_key_are_a_conflict),
        TEST(ops_on_a_record_nobody_made_are_kept_but_not_shown),
        TEST(of_two_sane_clocks_the_later_is_shown),
        TEST(of_two_sane_clocks_the_later_is_shown_whoever_wrote_it),
        TEST(a_clock_at_1970_loses_against_a_right_one),
        TEST(a_clock_at_2099_loses_against_a_right_one),
        TEST(a_wrong_clock_still_overwrites_what_it_saw),
        TEST(one_hall_that_runs_ahead_outlaws_nobody),
        TEST(two_halls_that_agree_make_a_late_clock_insane),
        TEST(a_clock_beyond_400_days_is_insane),
        TEST(one_event_wins_all_the_cells_that_two_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
