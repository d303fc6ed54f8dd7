/*
 * test_log.c - which logs there are, where they stand, and what their frontier says.
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

static void logs_are_found_by_id_and_by_author(void **state)
{
    struct book *book = *state;
    struct lum_txn *txn = book_begin_write(book);
    struct lum_log_row row;
    uint32_t lnos[64];
    uint32_t count = 0;
    for (unsigned i = 0; i < 5; i++) {
        struct writer *writer = writer_open(7, i, LUM_SHELF_COMMON);
        assert_int_equal(
            lum_log_create(txn, &writer->space, &writer->name, WRITER_FOUNDED_MS, &row), LUM_OK);
        assert_int_equal(row.lno, i + 1);
        assert_int_equal(
            lum_log_create(txn, &writer->space, &writer->name, WRITER_FOUNDED_MS, &row),
            LUM_EXISTS);
        assert_int_equal(lum_log_find8(txn, writer->place.log_id.b, lnos, 64, &count), LUM_OK);
        assert_int_equal(count, 1);
        assert_int_equal(lnos[0], i + 1);
        writer_close(writer);
    }
    struct writer *writer = writer_open(7, 0, LUM_SHELF_COMMON);
    assert_int_equal(lum_log_find_by_author(txn, writer->name.author, 1, lnos, 64, &count),
                     LUM_OK);
    assert_int_equal(count, 5);
    assert_int_equal(lnos[4], 5);
    assert_int_equal(lum_log_find_by_author(txn, writer->name.author, 0, lnos, 64, &count),
                     LUM_OK);
    assert_int_equal(count, 0);
    uint32_t lno = 0;
    writer->place.log_id.b[31] ^= 1;
    assert_int_equal(lum_log_find(txn, &writer->place.log_id, &lno), LUM_NOT_FOUND);
    assert_int_equal(lum_log_count(txn), 5);
    writer_close(writer);
    lum_txn_abort(txn);
}

static void a_frontier_tells_logs_apart_by_what_is_held(void **state)
{
    struct book *book = *state;
    uint8_t fronts[5][16];
    struct lum_txn *txn = book_begin_write(book);
    struct lum_log_row row;
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[0]), LUM_OK);
    book_row(txn, book->writer, &row); /* an empty log is left out */
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[1]), LUM_OK);
    assert_memory_equal(fronts[0], fronts[1], 16);
    writer_write(book->writer, 5, 9);
    book_append_written(book, txn);
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[2]), LUM_OK);
    assert_memory_not_equal(fronts[1], fronts[2], 16);
    book_row(txn, book->writer, &row);
    row.is_frozen = true;
    row.fork_point = 5;
    row.fork_h = row.place.chain.h;
    assert_int_equal(lum_log_put(txn, &row), LUM_OK);
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[3]), LUM_OK);
    assert_memory_not_equal(fronts[2], fronts[3], 16);
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_GOV, fronts[4]), LUM_OK);
    assert_memory_equal(fronts[0], fronts[4], 16);
    lum_txn_abort(txn);
}

static void notes_are_kept_and_dropped(void **state)
{
    struct book *book = *state;
    struct lum_bytes value;
    struct lum_txn *txn = book_begin_write(book);
    assert_int_equal(lum_log_note_get(txn, "a", &value), LUM_NOT_FOUND);
    assert_int_equal(lum_log_note_put(txn, "a", lum_bytes_of("xy", 2)), LUM_OK);
    assert_int_equal(lum_log_note_get(txn, "a", &value), LUM_OK);
    assert_int_equal(value.len, 2);
    assert_int_equal(lum_log_note_put(txn, "a", lum_bytes_of(NULL, 0)), LUM_OK);
    assert_int_equal(lum_log_note_put(txn, "a", lum_bytes_of(NULL, 0)), LUM_OK);
    assert_int_equal(lum_log_note_get(txn, "a", &value), LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(logs_are_found_by_id_and_by_author),
        T(a_frontier_tells_logs_apart_by_what_is_held),
        T(notes_are_kept_and_dropped),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
