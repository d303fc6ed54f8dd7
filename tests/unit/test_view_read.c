/* What readers get: rank, history, lists, and files that are not ours to read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/view_i.h"
#include "tests/lib/build.h"

#define T0 (BUILD_FOUNDED_MS + BUILD_DAY_MS)

static void settle(struct build_hall *hall)
{
    (void)build_hall_settle(hall);
}

/* ---- rank ---- */

/* Two write apart at one time; the log of one has come further before. Whichever log id is greater,
 * in one of two tries it is the other's. */
static void at_one_time_the_greater_L_is_shown(void **state)
{
    struct build_hall *hall = *state;
    const uint32_t pairs[2][2] = {{hall->b, hall->c}, {hall->c, hall->b}};
    for (size_t i = 0; i < 2; i++) {
        uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
        struct lum_id id = build_made(hall->build, hall->a, seq, 0);
        const struct build_set low = {id, "name", "low", T0 + 5};
        const struct build_set high = {id, "name", "high", T0 + 5};
        for (uint64_t lift = 0; lift < 10 * (i + 1); lift++) {
            (void)build_make(hall->build, pairs[i][1], T0, "name", "lifts L");
        }
        (void)build_set(hall->build, pairs[i][0], &low, NO_PLACES);
        (void)build_set(hall->build, pairs[i][1], &high, NO_PLACES);
        settle(hall);
        assert_string_equal(build_shown(hall->store, &id, "name"), "high");
    }
}

static void at_one_time_and_L_the_greater_log_id_is_shown(void **state)
{
    struct build_hall *hall = *state;
    bool b_is_greater = memcmp(build_log_id(hall->build, hall->b)->b,
                               build_log_id(hall->build, hall->c)->b, 32) > 0;
    for (uint64_t i = 0; i < 8; i++) { /* whatever the hashes of their events */
        uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
        struct lum_id id = build_made(hall->build, hall->a, seq, 0);
        const struct build_set by_b = {id, "name", "b", T0 + 5 + i};
        const struct build_set by_c = {id, "name", "c", T0 + 5 + i};
        (void)build_set(hall->build, hall->b, &by_b, PLACES({hall->a, seq, 0}));
        (void)build_set(hall->build, hall->c, &by_c, PLACES({hall->a, seq, 0}));
        settle(hall);
        assert_string_equal(build_shown(hall->store, &id, "name"), b_is_greater ? "b" : "c");
    }
}

/* ---- history ---- */

static void a_history_holds_every_event_that_touched_a_record_by_L(void **state)
{
    struct build_hall *hall = *state;
    struct lum_arena arena;
    struct lum_view_touch *touches = NULL;
    const struct lum_record *record = NULL;
    uint32_t count = 0;
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    const struct build_set set = {id, "name", "x", 0};
    (void)build_make(hall->build, hall->a, 0, "name", "another record");
    uint64_t by_c = build_set(hall->build, hall->c, &set, PLACES({hall->a, seq, 0}));
    uint64_t by_b = build_set(hall->build, hall->b, &set, PLACES({hall->c, by_c, 0}));
    uint64_t drop = build_drop(hall->build, hall->a, &id, PLACES({hall->b, by_b, 0}));
    settle(hall); /* b is fed before c, so it waits and applies after it */
    lum_arena_init(&arena);
    assert_true(build_record(hall->store, &id, &record));
    assert_int_equal(lum_view_history(build_view_txn(hall->store), build_log_txn(hall->store),
                                      record, &arena, &touches, &count),
                     LUM_OK);
    assert_int_equal(count, 4);
    assert_int_equal(touches[0].lno, build_lno(hall->store, hall->a));
    assert_int_equal(touches[0].seq, seq);
    assert_int_equal(touches[1].lno, build_lno(hall->store, hall->c));
    assert_int_equal(touches[2].lno, build_lno(hall->store, hall->b));
    assert_int_equal(touches[3].seq, drop);
    lum_arena_fini(&arena);
}

static void one_event_with_many_ops_is_one_line_of_history(void **state)
{
    struct build_hall *hall = *state;
    struct lum_arena arena;
    struct lum_view_touch *touches = NULL;
    const struct lum_record *record = NULL;
    uint32_t count = 0;
    const struct lum_about about = {.id = NULL, .place = {0, 0, 0}};
    const struct lum_pair pair = {lum_bytes_of("name", 4), build_text("beras")};
    lum_draft_make(build_draft(hall->build), lum_bytes_of("item", 4), build_map("name", "padi"));
    lum_draft_set(build_draft(hall->build), &about, &pair, NO_PLACES);
    uint64_t seq = build_data(hall->build, hall->a, T0);
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    settle(hall);
    lum_arena_init(&arena);
    assert_true(build_record(hall->store, &id, &record));
    assert_int_equal(lum_view_history(build_view_txn(hall->store), build_log_txn(hall->store),
                                      record, &arena, &touches, &count),
                     LUM_OK);
    assert_int_equal(count, 1);
    lum_arena_fini(&arena);
}

/* ---- lists ---- */

static void conflicts_come_by_collection_and_then_the_revived(void **state)
{
    struct build_hall *hall = *state;
    static const char *const keys[] = {"1", "2", "3"};
    struct lum_view_conflict row = {0};
    uint64_t drop_at = 0;
    for (size_t i = 0; i < LUM_COUNT(keys); i++) {
        drop_at = build_make_keyed(hall->build, hall->a, T0, keys[i], "a");
        (void)build_make_keyed(hall->build, hall->b, T0, keys[i], "b");
    }
    struct lum_id id = build_keyed(hall->build, "item", "3");
    (void)build_drop(hall->build, hall->c, &id, PLACES({hall->a, drop_at, 0}));
    settle(hall);
    uint64_t last = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(lum_view_conflict_next(build_view_txn(hall->store), &row), LUM_OK);
        assert_int_equal(row.kind, LUM_CONFLICT_CELL);
        assert_true(row.rno > last);
        last = row.rno;
    }
    assert_int_equal(lum_view_conflict_next(build_view_txn(hall->store), &row), LUM_OK);
    assert_int_equal(row.kind, LUM_CONFLICT_REVIVED);
    assert_int_equal(row.rno, last);
    assert_int_equal(lum_view_conflict_next(build_view_txn(hall->store), &row), LUM_NOT_FOUND);
}

/* ---- files ---- */

static void a_view_of_a_lower_format_is_emptied(void **state)
{
    struct build_hall *hall = *state;
    struct temp temp;
    struct lum_store *store = NULL;
    struct lum_txn *txn = NULL;
    bool fresh = false;
    uint8_t format[4] = {0};
    (void)hall;
    temp_make(&temp);
    assert_int_equal(lum_view_open(temp.dir, "view.mdb", &store, &fresh, NULL), LUM_OK);
    assert_true(fresh);
    assert_int_equal(lum_txn_begin_write(store, &txn, NULL), LUM_OK);
    assert_int_equal(lum_txn_put(txn, LUM_V_META, lum_bytes_of("format", 6),
                                 lum_bytes_of(format, sizeof format)),
                     LUM_OK);
    assert_int_equal(lum_txn_put(txn, LUM_V_META, lum_bytes_of("applied", 7),
                                 lum_bytes_of(format, sizeof format)),
                     LUM_OK);
    assert_int_equal(lum_txn_put(txn, LUM_V_REC, lum_bytes_of("x", 1), lum_bytes_of("y", 1)),
                     LUM_OK);
    assert_int_equal(lum_txn_commit(txn, NULL), LUM_OK);
    lum_store_close(store);
    assert_int_equal(lum_view_open(temp.dir, "view.mdb", &store, &fresh, NULL), LUM_OK);
    assert_true(fresh);
    assert_int_equal(lum_txn_begin_read(store, &txn, NULL), LUM_OK);
    assert_int_equal(lum_txn_rows(txn, LUM_V_REC), 0);
    lum_txn_abort(txn);
    lum_store_close(store);
    assert_int_equal(lum_view_open(temp.dir, "view.mdb", &store, &fresh, NULL), LUM_OK);
    assert_int_equal(lum_store_format(store), LUM_VIEW_FORMAT);
    lum_store_close(store);
    temp_drop(&temp);
}

static void a_view_that_has_applied_something_is_not_fresh(void **state)
{
    struct build_hall *hall = *state;
    settle(hall);
    struct lum_txn *txn = build_view_txn(hall->store);
    struct lum_bytes row;
    assert_int_equal(lum_txn_get(txn, LUM_V_META, lum_bytes_of("applied", 7), &row), LUM_OK);
}

static void a_view_of_a_higher_format_is_refused(void **state)
{
    struct temp temp;
    struct lum_store *store = NULL;
    struct lum_txn *txn = NULL;
    bool fresh = false;
    uint8_t format[4];
    (void)state;
    temp_make(&temp);
    lum_put_u32(format, LUM_VIEW_FORMAT + 1);
    assert_int_equal(lum_view_open(temp.dir, "view.mdb", &store, &fresh, NULL), LUM_OK);
    assert_int_equal(lum_txn_begin_write(store, &txn, NULL), LUM_OK);
    assert_int_equal(lum_txn_put(txn, LUM_V_META, lum_bytes_of("format", 6),
                                 lum_bytes_of(format, sizeof format)),
                     LUM_OK);
    assert_int_equal(lum_txn_commit(txn, NULL), LUM_OK);
    lum_store_close(store);
    assert_int_equal(lum_view_open(temp.dir, "view.mdb", &store, &fresh, NULL), LUM_NEWER);
    temp_drop(&temp);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, build_hall_open_three, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(at_one_time_the_greater_L_is_shown),
        TEST(at_one_time_and_L_the_greater_log_id_is_shown),
        TEST(a_history_holds_every_event_that_touched_a_record_by_L),
        TEST(one_event_with_many_ops_is_one_line_of_history),
        TEST(conflicts_come_by_collection_and_then_the_revived),
        TEST(a_view_of_a_lower_format_is_emptied),
        TEST(a_view_that_has_applied_something_is_not_fresh),
        TEST(a_view_of_a_higher_format_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
