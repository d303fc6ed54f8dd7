/* The row of a record: what is written is read again, and a walk over it builds nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/record_row.h"

static struct lum_arena arena;
static struct lum_record record;
static struct lum_buf row;

static int setup(void **state)
{
    (void)state;
    lum_arena_init(&arena);
    lum_buf_init(&row, 1024 * 1024);
    record = (struct lum_record){
        .rno = 7,
        .shelf = 3,
        .collection = 300,
        .key = lum_bytes_of("3201", 4),
        .change = 70000,
        .first = {5, 9, 2},
        .touch = {5, 9, 0},
    };
    memset(record.id.b, 0xab, sizeof record.id.b);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lum_arena_fini(&arena);
    lum_buf_fini(&row);
    return 0;
}

static void set(const struct lum_place *where, uint32_t field, const char *value)
{
    struct lum_sibling sibling = {*where, lum_bytes_of(value, strlen(value))};
    assert_int_equal(lum_record_set(&record, &arena, field, &sibling, NULL, 0), LUM_OK);
}

/* Made with three fields and never touched again. */
static void make_plain(void)
{
    assert_int_equal(lum_record_make(&record, &arena, &record.first), LUM_OK);
    set(&record.first, 2, "\xa4padi");
    set(&record.first, 200, "\x05");
    set(&record.first, 201, "\xc0");
}

/* Edited, dropped, kept. */
static void make_full(void)
{
    const struct lum_place other = {8, 1, 0};
    const struct lum_place later = {8, 2, 1};
    const struct lum_place drop = {9, UINT64_C(1) << 40, 1023};
    const struct lum_place keep = {10, 3, 0};
    make_plain();
    set(&other, 200, "\x06");
    set(&later, 400, "\xa1x");
    assert_int_equal(lum_record_drop(&record, &arena, &drop, &other, 1), LUM_OK);
    assert_int_equal(lum_record_keep(&record, &arena, &keep, &drop, 1), LUM_OK);
    record.touch = (struct lum_place){10, 3, 0};
}

static void expect_places(const struct lum_place *a, const struct lum_place *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(lum_place_compare(&a[i], &b[i]), 0);
    }
}

static void expect_same(const struct lum_record *a, const struct lum_record *b)
{
    assert_int_equal(a->shelf, b->shelf);
    assert_memory_equal(a->id.b, b->id.b, sizeof a->id.b);
    assert_int_equal(a->collection, b->collection);
    assert_true(lum_bytes_equal(a->key, b->key));
    assert_int_equal(a->change, b->change);
    expect_places(&a->first, &b->first, 1);
    expect_places(&a->touch, &b->touch, 1);
    assert_int_equal(a->cell_count, b->cell_count);
    for (uint32_t i = 0; i < a->cell_count; i++) {
        assert_int_equal(a->cells[i].field, b->cells[i].field);
        assert_int_equal(a->cells[i].count, b->cells[i].count);
        for (uint32_t j = 0; j < a->cells[i].count; j++) {
            expect_places(&a->cells[i].siblings[j].at, &b->cells[i].siblings[j].at, 1);
            assert_true(
                lum_bytes_equal(a->cells[i].siblings[j].value, b->cells[i].siblings[j].value));
        }
    }
    assert_int_equal(a->existence_count, b->existence_count);
    expect_places(a->existence, b->existence, a->existence_count);
    assert_int_equal(a->newest_count, b->newest_count);
    expect_places(a->newest, b->newest, a->newest_count);
    assert_int_equal(a->drop_count, b->drop_count);
    for (uint32_t i = 0; i < a->drop_count; i++) {
        expect_places(&a->drops[i].at, &b->drops[i].at, 1);
        assert_int_equal(a->drops[i].is_kept, b->drops[i].is_kept);
        assert_int_equal(a->drops[i].seen_count, b->drops[i].seen_count);
        expect_places(a->drops[i].seen, b->drops[i].seen, a->drops[i].seen_count);
    }
}

static void expect_round_trip(void)
{
    struct lum_record again;
    lum_buf_reset(&row);
    lum_record_write(&record, &row);
    assert_int_equal(lum_record_read(lum_buf_bytes(&row), &arena, &again), LUM_OK);
    expect_same(&again, &record);
}

static void a_plain_record_is_little_more_than_its_values(void **state)
{
    (void)state;
    make_plain();
    expect_round_trip();
    /* head, shelf, id, collection 2, change 3, first 3, key 5, count, cells 8 + 5 + 5 */
    assert_int_equal(row.len, 1 + 1 + 16 + 2 + 3 + 3 + 5 + 1 + 8 + 5 + 5);
}

static void a_record_with_everything_is_read_as_it_was(void **state)
{
    (void)state;
    make_full();
    expect_round_trip();
}

static void an_unmade_record_is_read_as_it_was(void **state)
{
    const struct lum_place other = {8, 1, 0};
    (void)state;
    record.collection = 0;
    record.key = (struct lum_bytes){0};
    set(&other, 4, "\x01");
    expect_round_trip();
}

static void arrays_that_were_read_can_grow(void **state)
{
    struct lum_record again;
    (void)state;
    make_plain();
    for (uint32_t n = 3; n < 20; n++) {
        lum_buf_reset(&row);
        lum_record_write(&record, &row);
        assert_int_equal(lum_record_read(lum_buf_bytes(&row), &arena, &again), LUM_OK);
        static char kept[4096];
        memcpy(kept, row.at, row.len);
        assert_int_equal(lum_record_read(lum_bytes_of(kept, row.len), &arena, &record), LUM_OK);
        const struct lum_place more = {5, 10 + n, 0};
        set(&more, 1000 + n, "\x07");
        const struct lum_place foreign = {20 + n, 1, 0};
        set(&foreign, 2, "\xa3xyz");
    }
    assert_int_equal(record.cell_count, 20);
    assert_int_equal(record.newest_count, 18);
    assert_int_equal(record.cells[0].count, 18);
}

static void a_walk_gives_head_and_cells(void **state)
{
    struct lum_row walk;
    struct lum_row_cell cell;
    (void)state;
    make_full();
    lum_buf_reset(&row);
    lum_record_write(&record, &row);
    assert_true(lum_row_open(lum_buf_bytes(&row), &walk));
    assert_int_equal(walk.life, LUM_ALIVE);
    assert_true(walk.is_listed); /* field 200 has two values */
    assert_int_equal(walk.shelf, 3);
    assert_memory_equal(walk.id, record.id.b, 16);
    assert_int_equal(walk.collection, 300);
    assert_int_equal(walk.change, 70000);
    assert_memory_equal(walk.key.at, "3201", 4);
    static const struct {
        uint32_t field;
        uint32_t count;
        const char *value;
    } cells[] = {{2, 1, "\xa4padi"}, {200, 2, ""}, {201, 1, "\xc0"}, {400, 1, "\xa1x"}};
    for (size_t i = 0; i < LUM_COUNT(cells); i++) {
        assert_true(lum_row_next(&walk, &cell));
        assert_int_equal(cell.field, cells[i].field);
        assert_int_equal(cell.count, cells[i].count);
        assert_int_equal(cell.value.len, strlen(cells[i].value));
        assert_memory_equal(cell.value.at, cells[i].value, cell.value.len);
    }
    assert_false(lum_row_next(&walk, &cell));
    assert_int_equal(walk.cells_left, 0);
}

static void a_row_cut_anywhere_is_corrupt_and_no_crash(void **state)
{
    struct lum_record again;
    struct lum_row walk;
    struct lum_row_cell cell;
    (void)state;
    make_full();
    lum_buf_reset(&row);
    lum_record_write(&record, &row);
    for (size_t len = 0; len < row.len; len++) {
        uint8_t *exact = lum_alloc(len); /* so that a byte too far is seen */
        memcpy(exact, row.at, len);
        struct lum_bytes cut = {exact, len};
        assert_int_equal(lum_record_read(cut, &arena, &again), LUM_CORRUPT);
        if (lum_row_open(cut, &walk)) {
            while (lum_row_next(&walk, &cell)) {
            }
        }
        lum_free(exact);
    }
    lum_buf_put_byte(&row, 0);
    assert_int_equal(lum_record_read(lum_buf_bytes(&row), &arena, &again), LUM_CORRUPT);
}

/* The count of siblings is 3 << 35: cut down to 32 bits it would be 0, a cell that is as made. */
static void a_count_that_no_row_can_hold_is_corrupt(void **state)
{
    static const uint8_t bytes[] = {
        0, 3,                                    /* head, shelf */
        1, 2,  3,    4,    5,    6,    7,    8,  /* id */
        9, 10, 11,   12,   13,   14,   15,   16, /* .. */
        5, 1,  3,    2,    1,                    /* collection, change, first place */
        1, 8,  0x80, 0x80, 0x80, 0x80, 0x80, 3,  /* one cell, its field, its count */
        0,                                       /* the value of one that is as made */
        3, 2,  0,    0,    0,    0,              /* touched, no more of anything */
    };
    struct lum_row walk;
    struct lum_row_cell cell;
    (void)state;
    assert_true(lum_row_open(lum_bytes_of(bytes, sizeof bytes), &walk));
    assert_int_equal(walk.cells_left, 1);
    assert_false(lum_row_next(&walk, &cell));
    assert_int_equal(lum_record_read(lum_bytes_of(bytes, sizeof bytes), &arena, &record),
                     LUM_CORRUPT);
}

static void a_row_with_any_byte_changed_never_reads_past_its_end(void **state)
{
    (void)state;
    make_full();
    lum_buf_reset(&row);
    lum_record_write(&record, &row);
    uint8_t *exact = lum_alloc(row.len);
    for (size_t i = 0; i < row.len; i++) {
        for (unsigned change = 1; change < 256; change *= 2) {
            struct lum_record again;
            memcpy(exact, row.at, row.len);
            exact[i] ^= (uint8_t)change;
            lum_arena_reset(&arena);
            enum lum_status status = lum_record_read(lum_bytes_of(exact, row.len), &arena, &again);
            assert_true(status == LUM_OK || status == LUM_CORRUPT);
        }
    }
    lum_free(exact);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plain_record_is_little_more_than_its_values),
        TEST(a_record_with_everything_is_read_as_it_was),
        TEST(an_unmade_record_is_read_as_it_was),
        TEST(arrays_that_were_read_can_grow),
        TEST(a_walk_gives_head_and_cells),
        TEST(a_row_cut_anywhere_is_corrupt_and_no_crash),
        TEST(a_count_that_no_row_can_hold_is_corrupt),
        TEST(a_row_with_any_byte_changed_never_reads_past_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
