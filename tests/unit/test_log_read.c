/*
 * test_log_read.c - what was appended comes out again, from every position, or is corrupt.
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

static enum lum_status read_through(struct book *book)
{
    struct lum_txn *txn = book_begin_read(book);
    struct lum_log_event event;
    enum lum_status status = lum_log_seek(book->reader, txn, 1, 1);
    while (status == LUM_OK) {
        status = lum_log_next(book->reader, &event);
    }
    lum_txn_abort(txn);
    return status;
}

static void what_was_appended_comes_out_after_reopening(void **state)
{
    struct book *book = *state;
    book_append(book, 1, 30);
    book_append(book, 63, 30);
    book_append(book, 500, 100);
    book_append(book, 7, 60000);
    book_append(book, 2000, 60);
    book_append(book, 3, 0);
    book_expect_all(book);
    book_reopen(book);
    book_expect_all(book);
}

static void a_chain_is_found_at_every_position(void **state)
{
    struct book *book = *state;
    book_append(book, 2500, 20);
    struct lum_txn *txn = book_begin_read(book);
    struct lum_chain chain;
    struct lum_hash h;
    for (uint64_t seq = 0; seq <= 2500; seq += seq < 2000 ? 37 : 1) {
        assert_int_equal(lum_log_chain_at(book->reader, txn, 1, seq, &chain), LUM_OK);
        assert_true(lum_log_chain_equal(&chain, &book->chains[seq]));
    }
    assert_int_equal(lum_log_hash_at(book->reader, txn, 1, 2222, &h), LUM_OK);
    assert_memory_equal(h.b, book->chains[2222].h.b, 32);
    assert_int_equal(lum_log_hash_at(book->reader, txn, 1, 2501, &h), LUM_NOT_FOUND);
    assert_int_equal(lum_log_hash_at(book->reader, txn, 2, 1, &h), LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

static void a_flipped_bit_in_a_block_or_a_tail_row_is_corrupt_when_read(void **state)
{
    struct book *book = *state;
    book_append(book, 1030, 20);
    assert_int_equal(read_through(book), LUM_NOT_FOUND);
    for (size_t offset = 0; offset < 2000; offset += offset < 100 ? 1 : 61) {
        book_flip(book, LUM_T_BLOCK, 1, offset);
        assert_int_equal(read_through(book), LUM_CORRUPT);
        book_flip(book, LUM_T_BLOCK, 1, offset);
    }
    for (size_t offset = 0; offset < 70; offset++) {
        book_flip(book, LUM_T_TAIL, 1027, offset);
        assert_int_equal(read_through(book), LUM_CORRUPT);
        book_flip(book, LUM_T_TAIL, 1027, offset);
    }
    assert_int_equal(read_through(book), LUM_NOT_FOUND);
}

static void a_place_is_gathered_anew_with_its_range(void **state)
{
    struct book *book = *state;
    struct lum_log_row row;
    struct lum_log_place place;
    uint8_t ranges[2][8 + 40 * 32];
    book_append(book, 1100, 9);
    struct lum_txn *txn = book_begin_read(book);
    book_row(txn, book->writer, &row);
    assert_int_equal(lum_log_place_at(book->reader, txn, &row, 1100, &place), LUM_OK);
    assert_true(lum_log_chain_equal(&place.chain, &row.place.chain));
    size_t len = lum_range_write(&place.range, ranges[0]);
    assert_int_equal(lum_range_write(&row.place.range, ranges[1]), len);
    assert_memory_equal(ranges[0], ranges[1], len);
    assert_int_equal(lum_log_place_at(book->reader, txn, &row, 63, &place), LUM_OK);
    assert_int_equal(place.range.leaves, 0);
    assert_int_equal(lum_log_place_at(book->reader, txn, &row, 64, &place), LUM_OK);
    assert_int_equal(place.range.leaves, 1);
    assert_memory_equal(place.chain.h.b, book->chains[64].h.b, 32);
    lum_txn_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(what_was_appended_comes_out_after_reopening),
        T(a_chain_is_found_at_every_position),
        T(a_place_is_gathered_anew_with_its_range),
        T(a_flipped_bit_in_a_block_or_a_tail_row_is_corrupt_when_read),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
