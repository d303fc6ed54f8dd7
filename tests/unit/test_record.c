/* The merge of one record in memory, op by op. Whole halls: test_view.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/record.h"

static struct lum_arena arena;
static struct lum_record record;

static int setup(void **state)
{
    (void)state;
    lum_arena_init(&arena);
    record = (struct lum_record){.rno = 1, .shelf = 1, .collection = 1};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lum_arena_fini(&arena);
    return 0;
}

static struct lum_place at(uint32_t lno, uint64_t seq, uint16_t op)
{
    return (struct lum_place){lno, seq, op};
}

static void set(struct lum_place where, uint32_t field, const char *value,
                const struct lum_place *preds, uint32_t count)
{
    struct lum_sibling sibling = {where, lum_bytes_of(value, strlen(value))};
    assert_int_equal(lum_record_set(&record, &arena, field, &sibling, preds, count), LUM_OK);
}

static void make(struct lum_place where)
{
    assert_int_equal(lum_record_make(&record, &arena, &where), LUM_OK);
}

static void drop(struct lum_place where, const struct lum_place *seen, uint32_t count)
{
    assert_int_equal(lum_record_drop(&record, &arena, &where, seen, count), LUM_OK);
}

static void cells_stand_ascending_however_they_come(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 40; i++) {
        set(at(1, 1, (uint16_t)i), 1 + i * 17 % 40, "x", NULL, 0);
    }
    assert_int_equal(record.cell_count, 40);
    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(record.cells[i].field, i + 1);
        assert_ptr_equal(lum_record_cell(&record, i + 1), &record.cells[i]);
    }
    assert_null(lum_record_cell(&record, 41));
    assert_null(lum_record_cell(&record, 0));
}

static void thirty_three_siblings_stand_side_by_side(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 33; i++) {
        set(at(1 + i * 7 % 33, 5, 0), 1, i % 2 == 0 ? "even" : "odd", NULL, 0);
    }
    const struct lum_cell *cell = lum_record_cell(&record, 1);
    assert_int_equal(cell->count, 33);
    assert_int_equal(lum_cell_values(cell), 2);
    assert_int_equal(lum_record_conflicts(&record), 1);
    for (uint32_t i = 0; i < 33; i++) {
        assert_int_equal(cell->siblings[i].at.lno, i + 1);
    }
}

static void a_set_takes_away_what_it_names_and_its_own_logs_older_one(void **state)
{
    (void)state;
    set(at(1, 1, 0), 1, "a", NULL, 0);
    set(at(2, 1, 0), 1, "b", NULL, 0);
    set(at(3, 1, 0), 1, "c", NULL, 0);
    const struct lum_place preds[] = {at(2, 1, 0), at(9, 9, 9)};
    set(at(1, 2, 0), 1, "d", preds, 2);
    const struct lum_cell *cell = lum_record_cell(&record, 1);
    assert_int_equal(cell->count, 2);
    assert_int_equal(cell->siblings[0].at.seq, 2);
    assert_int_equal(cell->siblings[1].at.lno, 3);
}

static void a_pred_must_name_the_op_exactly(void **state)
{
    (void)state;
    set(at(2, 5, 3), 1, "a", NULL, 0);
    const struct lum_place near[] = {at(2, 5, 2), at(2, 5, 4), at(2, 4, 3), at(3, 5, 3)};
    set(at(1, 1, 0), 1, "b", near, 4);
    assert_int_equal(lum_record_cell(&record, 1)->count, 2);
    const struct lum_place exact = at(2, 5, 3);
    set(at(1, 2, 0), 1, "b", &exact, 1);
    assert_int_equal(lum_record_cell(&record, 1)->count, 1);
}

static void newest_keeps_one_place_a_log(void **state)
{
    (void)state;
    make(at(2, 7, 1));
    set(at(1, 3, 0), 1, "a", NULL, 0);
    set(at(1, 3, 2), 1, "b", NULL, 0);
    set(at(1, 4, 0), 2, "c", NULL, 0);
    drop(at(3, 1, 0), NULL, 0);
    assert_int_equal(record.newest_count, 2); /* a drop is no dot */
    assert_int_equal(record.newest[0].seq, 4);
    assert_int_equal(record.newest[1].op, 1);
}

static void life_follows_what_the_drops_saw(void **state)
{
    (void)state;
    make(at(1, 1, 0));
    assert_int_equal(lum_record_life(&record), LUM_ALIVE);
    const struct lum_place seen = at(1, 1, LUM_OP_ANY);
    drop(at(2, 1, 0), &seen, 1);
    assert_int_equal(lum_record_life(&record), LUM_DEAD);
    assert_false(lum_life_is_shown(LUM_DEAD));
    set(at(1, 2, 0), 1, "later", NULL, 0);
    assert_int_equal(lum_record_life(&record), LUM_REVIVED);
    const struct lum_place named = at(2, 1, 0);
    const struct lum_place keep = at(3, 1, 0);
    assert_int_equal(lum_record_keep(&record, &arena, &keep, &named, 1), LUM_OK);
    assert_int_equal(lum_record_life(&record), LUM_ALIVE);
    record.collection = 0;
    assert_int_equal(lum_record_life(&record), LUM_UNMADE);
    assert_false(lum_life_is_shown(LUM_UNMADE));
}

static void a_keep_that_names_no_drop_of_the_record_leaves_it_listed(void **state)
{
    (void)state;
    make(at(1, 1, 0));
    drop(at(2, 5, 0), NULL, 0);
    assert_int_equal(lum_record_life(&record), LUM_REVIVED);
    const struct lum_place other = at(2, 4, 0);
    const struct lum_place keep = at(3, 1, 0);
    assert_int_equal(lum_record_keep(&record, &arena, &keep, &other, 1), LUM_OK);
    assert_int_equal(lum_record_life(&record), LUM_REVIVED);
    assert_int_equal(record.existence_count, 2);
}

static void the_own_log_is_seen_up_to_the_op_before(void **state)
{
    (void)state;
    drop(at(4, 6, 3), NULL, 0);
    drop(at(4, 7, 0), NULL, 0);
    assert_int_equal(record.drops[0].seen_count, 1);
    assert_int_equal(record.drops[0].seen[0].seq, 6);
    assert_int_equal(record.drops[0].seen[0].op, 2);
    assert_int_equal(record.drops[1].seen[0].seq, 6);
    assert_int_equal(record.drops[1].seen[0].op, LUM_OP_ANY);
    make(at(5, 1, 0));
    assert_int_equal(lum_record_life(&record), LUM_REVIVED);
    drop(at(5, 1, 1), NULL, 0);
    assert_int_equal(lum_record_life(&record), LUM_DEAD);
}

static void seen_positions_of_one_log_come_together_as_the_greatest(void **state)
{
    (void)state;
    const struct lum_place seen[] = {at(2, 5, LUM_OP_ANY), at(1, 2, LUM_OP_ANY),
                                     at(2, 9, LUM_OP_ANY), at(2, 7, LUM_OP_ANY)};
    drop(at(3, 1, 1), seen, 4);
    assert_int_equal(record.drops[0].seen_count, 3);
    assert_int_equal(record.drops[0].seen[0].lno, 1);
    assert_int_equal(record.drops[0].seen[1].seq, 9);
    assert_int_equal(record.drops[0].seen[2].lno, 3);
}

static void many_drops_stand_ascending_and_each_is_found_to_be_kept(void **state)
{
    struct lum_place named[20];
    (void)state;
    make(at(99, 1, 0));
    for (uint32_t i = 0; i < 20; i++) {
        named[i] = at(1 + i * 7 % 20, 1, 0);
        drop(named[i], NULL, 0);
    }
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(record.drops[i].at.lno, i + 1);
        assert_int_equal(lum_record_life(&record), LUM_REVIVED);
        const struct lum_place keep = at(50, i + 1, 0);
        assert_int_equal(lum_record_keep(&record, &arena, &keep, &named[i], 1), LUM_OK);
    }
    assert_int_equal(lum_record_life(&record), LUM_ALIVE);
}

static void without_memory_an_op_says_so(void **state)
{
    (void)state;
    lum_mem_fail_after(1, true);
    struct lum_sibling sibling = {at(1, 1, 0), lum_bytes_of("a", 1)};
    enum lum_status status = lum_record_set(&record, &arena, 1, &sibling, NULL, 0);
    lum_mem_fail_after(0, false);
    assert_int_equal(status, LUM_NO_MEMORY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(cells_stand_ascending_however_they_come),
        TEST(thirty_three_siblings_stand_side_by_side),
        TEST(a_set_takes_away_what_it_names_and_its_own_logs_older_one),
        TEST(a_pred_must_name_the_op_exactly),
        TEST(newest_keeps_one_place_a_log),
        TEST(life_follows_what_the_drops_saw),
        TEST(a_keep_that_names_no_drop_of_the_record_leaves_it_listed),
        TEST(the_own_log_is_seen_up_to_the_op_before),
        TEST(seen_positions_of_one_log_come_together_as_the_greatest),
        TEST(many_drops_stand_ascending_and_each_is_found_to_be_kept),
        TEST(without_memory_an_op_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
