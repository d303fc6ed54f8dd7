/* New ids in memory: what comes in is found and comes out in order; no known id is called new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/view_i.h"
#include "tests/lib/build.h"

enum {
    MANY = 100000,
    ROW = 1 + 16 + 8,
};

static struct lum_fresh fresh;
static struct lum_buf rows;

static int setup(void **state)
{
    (void)state;
    fresh = (struct lum_fresh){0};
    lum_fresh_begin(&fresh, true);
    lum_buf_init(&rows, (size_t)64 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lum_fresh_forget(&fresh);
    lum_buf_fini(&rows);
    return 0;
}

/* As even as ids are, and the same at every run. */
static struct lum_id id_of(uint64_t n)
{
    struct lum_id id;
    lum_put_u64(id.b, n * UINT64_C(0x9e3779b97f4a7c15));
    lum_put_u64(id.b + 8, (n + 1) * UINT64_C(0xbf58476d1ce4e5b9));
    return id;
}

static uint8_t shelf_of(uint64_t n)
{
    return (uint8_t)(1 + n % 3);
}

static void expect(uint64_t n, bool is_there)
{
    uint64_t rno = 0;
    struct lum_id id = id_of(n);
    assert_int_equal(lum_fresh_get(&fresh, shelf_of(n), &id, &rno), is_there);
    assert_int_equal(rno, is_there ? n : 0);
}

static void put_many(uint64_t count)
{
    for (uint64_t n = 1; n <= count; n++) {
        struct lum_id id = id_of(n);
        assert_true(lum_fresh_put(&fresh, shelf_of(n), &id, n));
    }
}

static void every_id_is_found_under_its_shelf_and_no_other(void **state)
{
    uint64_t rno = 0;
    (void)state;
    put_many(MANY);
    for (uint64_t n = 1; n <= MANY; n++) {
        struct lum_id id = id_of(n);
        expect(n, true);
        expect(n + MANY, false);
        assert_false(lum_fresh_get(&fresh, 7, &id, &rno));
    }
    assert_int_equal(fresh.count, MANY);
}

static uint64_t take(uint64_t part, uint64_t whole)
{
    assert_int_equal(lum_fresh_take(&fresh, part, whole, &rows), LUM_OK);
    for (size_t i = 0; i + ROW < rows.len; i += ROW) {
        assert_true(memcmp(rows.at + i, rows.at + i + ROW, ROW - 8) < 0);
    }
    for (size_t i = 0; i < rows.len; i += ROW) {
        uint64_t n = lum_get_u64(rows.at + i + ROW - 8);
        struct lum_id id = id_of(n);
        assert_int_equal(rows.at[i], shelf_of(n));
        assert_memory_equal(rows.at + i + 1, id.b, sizeof id.b);
        expect(n, false);
    }
    return rows.len / ROW;
}

static void parts_leave_in_order_while_others_come_and_what_stays_is_found(void **state)
{
    uint64_t taken = 0;
    uint64_t came = 0;
    (void)state;
    while (taken < MANY) {
        for (int i = 0; i < 600 && came < MANY; i++) {
            struct lum_id id = id_of(++came);
            assert_true(lum_fresh_put(&fresh, shelf_of(came), &id, came));
        }
        taken += take(1, 10);
        assert_int_equal(fresh.count, came - taken);
        uint64_t found = 0;
        for (uint64_t n = 1; n <= came; n++) {
            struct lum_id id = id_of(n);
            uint64_t rno = 0;
            found += lum_fresh_get(&fresh, shelf_of(n), &id, &rno) && rno == n;
        }
        assert_int_equal(found, came - taken);
    }
    assert_int_equal(take(1, 1), 0);
}

static void all_of_it_leaves_in_one_part(void **state)
{
    (void)state;
    put_many(MANY);
    assert_int_equal(take(1, 0), MANY);
    assert_int_equal(fresh.count, 0);
}

static void a_crowd_is_refused_and_harms_nobody(void **state)
{
    uint64_t took = 0;
    uint64_t rno = 0;
    (void)state;
    put_many(1000);
    for (uint64_t n = 1; n <= 10000; n++) { /* not hashes: they begin alike */
        struct lum_id id = {{0xff, 0xff, 0xff, 0xff}};
        lum_put_u64(id.b + 8, n);
        if (lum_fresh_put(&fresh, 1, &id, MANY + n)) {
            took++;
            assert_true(lum_fresh_get(&fresh, 1, &id, &rno));
            assert_int_equal(rno, MANY + n);
        }
    }
    assert_in_range(took, 1, 100);
    for (uint64_t n = 1; n <= 1000; n++) {
        expect(n, true);
    }
}

static void a_full_table_takes_no_more(void **state)
{
    uint64_t n = 0;
    struct lum_id id = id_of(1);
    (void)state;
    while (!lum_fresh_is_full(&fresh)) {
        n++;
        id = id_of(n);
        assert_true(lum_fresh_put(&fresh, shelf_of(n), &id, n));
    }
    assert_in_range(n, 200000, 400000);
    id = id_of(n + 1);
    assert_false(lum_fresh_put(&fresh, shelf_of(n + 1), &id, n + 1));
    expect(n, true);
}

static void without_memory_there_is_no_table(void **state)
{
    struct lum_fresh none = {0};
    struct lum_id id = id_of(1);
    uint64_t rno = 0;
    (void)state;
    lum_mem_fail_after(1, true);
    lum_fresh_begin(&none, true);
    lum_mem_fail_after(0, false);
    assert_false(lum_fresh_put(&none, 1, &id, 1));
    assert_false(lum_fresh_get(&none, 1, &id, &rno));
    assert_int_equal(lum_fresh_take(&none, 1, 1, &rows), LUM_OK);
    assert_int_equal(rows.len, 0);
}

/* ---- the filter ---- */

static void put_row(struct lum_txn *txn, uint32_t table, uint64_t n)
{
    uint8_t key[1 + 16];
    uint8_t row[8];
    struct lum_id id = id_of(n);
    key[0] = shelf_of(n);
    memcpy(key + 1, id.b, sizeof id.b);
    lum_put_u64(row, n);
    assert_int_equal(
        lum_txn_put(txn, table, lum_bytes_of(key, sizeof key), lum_bytes_of(row, sizeof row)),
        LUM_OK);
}

static void a_known_id_is_never_called_new_and_few_new_ones_are_not(void **state)
{
    struct build_hall *hall = build_hall_open(1);
    struct lum_txn *txn = NULL;
    struct lum_id id;
    (void)state;
    (void)build_settle(hall->store);
    assert_int_equal(lum_txn_begin_write(build_view_store(hall->store), &txn, NULL), LUM_OK);
    for (uint64_t n = 1; n <= MANY; n++) { /* in rid, in young, in the table, and coming later */
        id = id_of(n);
        if (n <= MANY / 2) {
            put_row(txn, n % 2 == 0 ? LUM_V_RID : LUM_V_YOUNG, n);
        } else if (n <= MANY / 4 * 3) {
            assert_true(lum_fresh_put(&fresh, shelf_of(n), &id, n));
            lum_fresh_note(&fresh, &id);
        }
        assert_false(lum_fresh_is_unknown(&fresh, &id));
    }
    assert_int_equal(lum_fresh_prepare(&fresh, txn), LUM_OK);
    lum_txn_abort(txn);
    assert_non_null(fresh.filter);
    uint64_t wrong = 0;
    for (uint64_t n = 1; n <= MANY; n++) {
        id = id_of(n);
        if (n > MANY / 4 * 3) {
            wrong += !lum_fresh_is_unknown(&fresh, &id);
            lum_fresh_note(&fresh, &id);
        }
        assert_false(lum_fresh_is_unknown(&fresh, &id));
    }
    assert_in_range(wrong, 0, MANY / 4 / 50);
    build_hall_close((void **)&hall);
}

static void few_ids_are_not_worth_a_filter(void **state)
{
    struct build_hall *hall = build_hall_open(1);
    struct lum_id id = id_of(1);
    (void)state;
    (void)build_settle(hall->store);
    lum_fresh_note(&fresh, &id);
    assert_int_equal(lum_fresh_prepare(&fresh, build_view_txn(hall->store)), LUM_OK);
    assert_null(fresh.filter);
    assert_false(lum_fresh_is_unknown(&fresh, &id));
    build_hall_close((void **)&hall);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_id_is_found_under_its_shelf_and_no_other),
        TEST(parts_leave_in_order_while_others_come_and_what_stays_is_found),
        TEST(all_of_it_leaves_in_one_part),
        TEST(a_crowd_is_refused_and_harms_nobody),
        TEST(a_full_table_takes_no_more),
        TEST(without_memory_there_is_no_table),
        TEST(a_known_id_is_never_called_new_and_few_new_ones_are_not),
        TEST(few_ids_are_not_worth_a_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
