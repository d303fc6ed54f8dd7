/*
 * test_log_row.c - rows of events and arrivals, byte by byte.
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

static void arrivals_follow_one_another(void **state)
{
    struct book *book = *state;
    struct lum_arrival arrival = {.number = 9};
    struct lum_txn *txn = book_begin_read(book);
    assert_int_equal(lum_log_arrival_last(txn, &arrival), LUM_OK);
    assert_int_equal(arrival.number, 0);
    lum_txn_abort(txn);
    book_append(book, 10, 10);
    book_append(book, 90, 10);
    txn = book_begin_read(book);
    struct lum_hash hash = {{0}};
    lum_log_arrival_hash(&hash, &book->writer->place.log_id, 1, &book->chains[10].h, &hash);
    assert_int_equal(lum_log_arrival_get(txn, 1, &arrival), LUM_OK);
    assert_int_equal(arrival.count, 10);
    assert_memory_equal(arrival.hash.b, hash.b, 32);
    lum_log_arrival_hash(&hash, &book->writer->place.log_id, 11, &book->chains[100].h, &hash);
    assert_int_equal(lum_log_arrival_last(txn, &arrival), LUM_OK);
    assert_int_equal(arrival.number, 2);
    assert_int_equal(arrival.lno, 1);
    assert_int_equal(arrival.first, 11);
    assert_int_equal(arrival.count, 90);
    assert_memory_equal(arrival.hash.b, hash.b, 32);
    assert_int_equal(lum_log_arrival_get(txn, 3, &arrival), LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

/* A block at 1..100 and one at 101..130, of frames that say nothing. */
static void blocks_are_found_by_every_seq_they_hold(void **state)
{
    struct book *book = *state;
    struct lum_txn *txn = book_begin_write(book);
    struct lum_log_block found;
    struct lum_log_block block = {.first = 1, .last = 100, .plain_len = 7,
                                  .start = book->chains[0], .frame = lum_bytes_of("frame", 5)};
    assert_int_equal(lum_log_block_put(txn, 1, &block), LUM_OK);
    block.first = 101;
    block.last = 130;
    block.start.seq = 100;
    assert_int_equal(lum_log_block_put(txn, 1, &block), LUM_OK);
    for (uint64_t seq = 1; seq <= 130; seq++) {
        assert_int_equal(lum_log_block_find(txn, 1, seq, &found), LUM_OK);
        assert_int_equal(found.first, seq <= 100 ? 1 : 101);
        assert_int_equal(found.last, seq <= 100 ? 100 : 130);
        assert_int_equal(found.plain_len, 7);
        assert_true(lum_bytes_equal(found.frame, block.frame));
    }
    assert_int_equal(lum_log_block_find(txn, 1, 131, &found), LUM_NOT_FOUND);
    assert_int_equal(lum_log_block_find(txn, 2, 1, &found), LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

static void a_block_of_another_dictionary_or_form_is_corrupt(void **state)
{
    struct book *book = *state;
    struct lum_log_block found;
    struct lum_txn *txn = book_begin_write(book);
    struct lum_log_block block = {.first = 1, .last = 1, .plain_len = 7,
                                  .start = book->chains[0], .frame = lum_bytes_of("frame", 5)};
    assert_int_equal(lum_log_block_put(txn, 1, &block), LUM_OK);
    book_commit(book, txn);
    for (size_t offset = 0; offset < LUM_LOG_BLOCK + 5; offset++) {
        book_flip(book, LUM_T_BLOCK, 1, offset);
        txn = book_begin_read(book);
        assert_int_equal(lum_log_block_find(txn, 1, 1, &found), LUM_CORRUPT);
        lum_txn_abort(txn);
        book_flip(book, LUM_T_BLOCK, 1, offset);
    }
}

static void a_tail_row_comes_back_as_it_was_put(void **state)
{
    struct book *book = *state;
    struct lum_txn *txn = book_begin_write(book);
    struct lum_chain chain;
    struct lum_bytes raw;
    writer_write(book->writer, 3, 9);
    book_append_written(book, txn);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        const struct lum_run_mark *mark = &book->writer->marks[seq - 1];
        assert_int_equal(lum_log_tail_get(txn, 1, seq, &chain, &raw), LUM_OK);
        assert_true(lum_log_chain_equal(&chain, &book->chains[seq]));
        assert_true(lum_bytes_equal(
            raw, lum_bytes_of(book->writer->run.at + mark->offset, mark->length)));
    }
    assert_int_equal(lum_log_tail_get(txn, 1, 4, &chain, &raw), LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

static void seals_are_handed_out_in_order_up_to_a_blocks_worth(void **state)
{
    struct book *book = *state;
    struct lum_sig seals[LUM_BLOCK_SEGMENTS_MAX];
    uint32_t count = 0;
    book_append(book, 1100, 9);
    struct lum_txn *txn = book_begin_read(book);
    assert_int_equal(lum_log_seals(txn, 1, 64, 191, seals, &count), LUM_OK);
    assert_int_equal(count, 2);
    assert_memory_equal(seals[0].b, book->writer->seals[0].b, 64);
    assert_memory_equal(seals[1].b, book->writer->seals[1].b, 64);
    assert_int_equal(lum_log_seals(txn, 1, 65, 1100, seals, &count), LUM_OK);
    assert_int_equal(count, 16);
    assert_int_equal(lum_log_seals(txn, 1, 1, 1100, seals, &count), LUM_CORRUPT);
    lum_txn_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(arrivals_follow_one_another),
        T(blocks_are_found_by_every_seq_they_hold),
        T(a_block_of_another_dictionary_or_form_is_corrupt),
        T(a_tail_row_comes_back_as_it_was_put),
        T(seals_are_handed_out_in_order_up_to_a_blocks_worth),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
