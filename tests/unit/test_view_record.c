/* The ops of events onto records: many in one event, many in one row, what a batch tells. */
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

static void one_event_may_make_a_thousand_records_and_edit_each(void **state)
{
    enum {
        MADE = 512
    };
    struct build_hall *hall = *state;
    struct lum_draft *draft = build_draft(hall->build);
    for (uint16_t i = 0; i < MADE; i++) {
        lum_draft_make(draft, lum_bytes_of("item", 4), build_map("name", "padi"));
    }
    for (uint16_t i = 0; i < MADE; i++) {
        const struct lum_about about = {.id = NULL, .place = {0, 0, i}};
        const struct lum_pair pair = {lum_bytes_of("name", 4), build_text("beras")};
        lum_draft_set(draft, &about, &pair, NO_PLACES);
    }
    uint64_t seq = build_data(hall->build, hall->a, 0);
    settle(hall);
    assert_int_equal(build_counts(hall->store).records, MADE);
    for (uint16_t i = 0; i < MADE; i++) {
        struct lum_id id = build_made(hall->build, hall->a, seq, i);
        assert_string_equal(build_shown(hall->store, &id, "name"), "beras");
        assert_int_equal(build_values(hall->store, &id, "name"), 1);
    }
}

static void a_batch_tells_what_became_of_records(void **state)
{
    struct build_hall *hall = *state;
    uint64_t one = build_make(hall->build, hall->a, 0, "name", "1");
    uint64_t two = build_make(hall->build, hall->a, 0, "name", "2");
    struct lum_id first = build_made(hall->build, hall->a, one, 0);
    struct lum_id second = build_made(hall->build, hall->a, two, 0);
    settle(hall);
    assert_int_equal(build_progress(hall->store)->records_new, 2);
    build_hall_set(hall, hall->a, &first, "1a", NO_PLACES);
    build_hall_set(hall, hall->a, &first, "1b", NO_PLACES);
    build_hall_set(hall, hall->b, &first, "1c", PLACES({hall->a, one, 0}));
    (void)build_drop(hall->build, hall->a, &second, NO_PLACES);
    (void)build_make(hall->build, hall->a, 0, "name", "3");
    settle(hall);
    const struct lum_view_progress *told = build_progress(hall->store);
    assert_int_equal(told->applied, 5);
    assert_int_equal(told->records_new, 1);
    assert_int_equal(told->records_changed, 1); /* once, though three events changed it */
    assert_int_equal(told->records_deleted, 1);
    assert_int_equal(told->conflicts_new, 1);
}

static void many_siblings_and_many_drops_fit_in_a_row(void **state)
{
    enum {
        LOGS = 40
    };
    struct build_hall *hall = *state;
    uint64_t seq = build_make(hall->build, hall->a, 0, "name", "1");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    char text[2] = "a";
    for (uint8_t i = 1; i <= LOGS; i++) {
        uint32_t log = build_log(hall->build, 1, i, LUM_SHELF_COMMON);
        text[0] = (char)('A' + i % 50);
        build_hall_set(hall, log, &id, text, NO_PLACES);
        (void)build_drop(hall->build, log, &id, NO_PLACES);
    }
    settle(hall);
    const struct lum_record *record = NULL;
    assert_true(build_record(hall->store, &id, &record));
    assert_int_equal(record->drop_count, LOGS);
    assert_int_equal(record->newest_count, LOGS + 1);
    assert_int_equal(build_life(hall->store, &id), LUM_REVIVED); /* nobody saw the make */
    assert_int_equal(build_values(hall->store, &id, "name"), LOGS + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, build_hall_open_three, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_event_may_make_a_thousand_records_and_edit_each),
        TEST(a_batch_tells_what_became_of_records),
        TEST(many_siblings_and_many_drops_fit_in_a_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
