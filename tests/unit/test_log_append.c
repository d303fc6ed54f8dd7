/*
 * test_log_append.c - how events come to lie in tail rows and blocks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/book.h"

static int setup(void **state)
{
    *state = book_open();
    return 0;
}

static int teardown(void **state)
{
    book_close(*state);
    return 0;
}

static void single_puts_wait_as_rows_until_sixteen_segments_are_closed(void **state)
{
    struct book *book = *state;
    struct lum_txn *txn = book_begin_write(book);
    for (uint32_t i = 0; i < 1023; i++) {
        writer_write(book->writer, 1, 40);
        book_append_written(book, txn);
    }
    assert_int_equal(lum_txn_rows(txn, LUM_T_TAIL), 1023);
    assert_int_equal(lum_txn_rows(txn, LUM_T_BLOCK), 0);
    writer_write(book->writer, 1, 40);
    book_append_written(book, txn);
    assert_int_equal(lum_txn_rows(txn, LUM_T_TAIL), 0);
    assert_int_equal(lum_txn_rows(txn, LUM_T_BLOCK), 1);
    assert_int_equal(lum_txn_rows(txn, LUM_T_SEAL), 16);
    book_commit(book, txn);
    book_expect_all(book);
}

static void a_long_import_goes_straight_into_blocks(void **state)
{
    struct book *book = *state;
    book_append(book, 5000, 40);
    assert_int_equal(book_rows(book, LUM_T_BLOCK), 4);
    assert_int_equal(book_rows(book, LUM_T_TAIL), 5000 - 4 * 1024);
    book_append(book, 5, 40);
    book_append(book, 2000, 40);
    assert_int_equal(book_rows(book, LUM_T_BLOCK), 6);
    assert_int_equal(book_rows(book, LUM_T_TAIL), 7005 - 6 * 1024);
    book_expect_all(book);
}

static void large_payloads_fill_a_block_by_bytes(void **state)
{
    struct book *book = *state;
    for (int i = 0; i < 12; i++) {
        book_append(book, 3, 65536);
    }
    assert_in_range(book_rows(book, LUM_T_BLOCK), 4, 12);
    book_expect_all(book);
}

static void repack_makes_few_large_blocks_of_the_same_events(void **state)
{
    struct book *book = *state;
    struct book *to = book_open();
    book_append(book, 5000, 60);
    book_pass_on(book, to, 9); /* pieces of 9 segments are kept as they come */
    uint64_t before = book_rows(to, LUM_T_BLOCK);
    assert_in_range(before, 8, 10);
    struct lum_txn *txn = book_begin_write(to);
    uint64_t blocks = 0;
    assert_int_equal(lum_log_repack(txn, to->squeezer, 1, 9, &blocks), LUM_OK);
    book_commit(to, txn);
    assert_int_equal(blocks, 5);
    assert_int_equal(book_rows(to, LUM_T_BLOCK), 5);
    assert_int_equal(book_rows(to, LUM_T_TAIL), 5000 % 64);
    book_expect_same_frontier(book, to);
    book_expect_all(to);
    txn = book_begin_write(to);
    assert_int_equal(lum_log_repack(txn, to->squeezer, 1, 9, &blocks), LUM_OK);
    book_commit(to, txn);
    book_expect_all(to);
    book_close(to);
}

static void a_missing_bit_of_memory_is_a_status(void **state)
{
    struct book *book = *state;
    writer_write(book->writer, 2000, 40);
    enum lum_status status = LUM_NO_MEMORY;
    for (uint64_t n = 1; status != LUM_OK; n++) {
        struct lum_log_row row;
        uint64_t arrival = 0;
        struct lum_log_growth growth = writer_growth(book->writer);
        struct lum_txn *txn = book_begin_write(book);
        book_row(txn, book->writer, &row);
        lum_mem_fail_after(n, false);
        status = lum_log_append(txn, book->squeezer, &row, &growth, &arrival);
        lum_mem_fail_after(0, false);
        assert_true(status == LUM_OK || status == LUM_NO_MEMORY);
        lum_txn_abort(txn);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(single_puts_wait_as_rows_until_sixteen_segments_are_closed),
        T(a_long_import_goes_straight_into_blocks),
        T(large_payloads_fill_a_block_by_bytes),
        T(repack_makes_few_large_blocks_of_the_same_events),
        T(a_missing_bit_of_memory_is_a_status),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
