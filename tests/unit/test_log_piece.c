/*
 * test_log_piece.c - a log goes out in pieces that make the same log elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/pack.h"
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

static struct lum_bytes block_bytes(struct lum_txn *txn, uint64_t first)
{
    uint8_t key[LUM_LOG_KEY];
    struct lum_bytes value = {0};
    assert_int_equal(lum_txn_get(txn, LUM_T_BLOCK, lum_log_key(1, first, key), &value), LUM_OK);
    return value;
}

static void a_block_travels_and_is_kept_as_it_lies(void **state)
{
    struct book *book = *state;
    struct book *to = book_open();
    book_append(book, 5000, 60);
    assert_int_equal(book_pass_on(book, to, 16), 4 + 1);
    book_expect_same_frontier(book, to);
    struct lum_txn *a = book_begin_read(book);
    struct lum_txn *b = book_begin_read(to);
    assert_true(lum_bytes_equal(block_bytes(a, 1025), block_bytes(b, 1025)));
    lum_txn_abort(a);
    lum_txn_abort(b);
    book_close(to);
}

static void small_pieces_make_the_same_log(void **state)
{
    struct book *book = *state;
    struct book *to = book_open();
    book_append(book, 3000, 60);
    assert_int_equal(book_pass_on(book, to, 1), 47);
    book_expect_same_frontier(book, to);
    assert_int_equal(book_rows(to, LUM_T_BLOCK), 2);
    book_close(to);
}

static void an_open_tail_goes_out_with_its_head_seal(void **state)
{
    struct book *book = *state;
    book_append(book, 70, 10);
    struct lum_txn *txn = book_begin_read(book);
    struct lum_log_row row;
    struct lum_log_piece piece;
    book_row(txn, book->writer, &row);
    assert_int_equal(lum_log_piece_at(book->reader, txn, &row, 1, 16, &piece), LUM_OK);
    assert_int_equal(piece.last, 70);
    assert_int_equal(piece.seal_count, 2);
    assert_true(piece.is_packed);
    assert_int_equal(lum_log_piece_at(book->reader, txn, &row, 1, 1, &piece), LUM_OK);
    assert_int_equal(piece.last, 64);
    assert_int_equal(piece.seal_count, 1);
    assert_int_equal(lum_log_piece_at(book->reader, txn, &row, 70, 1, &piece), LUM_OK);
    assert_int_equal(piece.last, 70);
    assert_false(piece.is_packed);
    assert_memory_equal(piece.seals[0].b, row.head_seal.b, 64);
    assert_int_equal(lum_log_piece_at(book->reader, txn, &row, 71, 1, &piece),
                     LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

static void a_piece_from_inside_a_block_ends_where_the_block_ends(void **state)
{
    struct book *book = *state;
    book_append(book, 2100, 10);
    struct lum_txn *txn = book_begin_read(book);
    struct lum_log_row row;
    struct lum_log_piece piece;
    book_row(txn, book->writer, &row);
    assert_int_equal(lum_log_piece_at(book->reader, txn, &row, 700, 16, &piece),
                     LUM_OK);
    assert_int_equal(piece.last, 1024);
    assert_int_equal(piece.seal_count, 6);
    lum_txn_abort(txn);
}

/* Events that nothing packs, each a segment of its own, as many bytes as a block may have. */
static void write_noise(struct writer *writer)
{
    static uint8_t noise[LUM_PAYLOAD_MAX];
    static const uint8_t key[16];
    lum_buf_reset(&writer->run);
    writer->count = 0;
    writer->seal_count = 0;
    for (uint32_t n = 0; n < LUM_BLOCK_PLAIN_MAX / LUM_PAYLOAD_MAX; n++) {
        struct lum_run_mark *mark = &writer->marks[writer->count++];
        struct lum_header header = {.dt = 1, .plen = LUM_PAYLOAD_MAX - 8};
        for (uint64_t i = 0; i < LUM_PAYLOAD_MAX; i += 8) {
            uint64_t place = i + n * LUM_PAYLOAD_MAX;
            lum_put_u64(noise + i, lum_siphash(key, lum_bytes_of(&place, sizeof place)));
        }
        const struct lum_bytes payload = lum_bytes_of(noise, header.plen);
        mark->offset = (uint32_t)writer->run.len;
        lum_run_append(&writer->run, &header, payload);
        mark->length = (uint32_t)writer->run.len - mark->offset;
        assert_int_equal(lum_chain_step(&writer->place.chain, &header, payload, &mark->is_boundary),
                         LUM_FAULT_NONE);
        assert_true(mark->is_boundary);
        mark->chain = writer->place.chain;
        lum_range_add(&writer->place.range, &mark->chain.h);
        const struct lum_seal_claim claim = {&writer->place.log_id, &mark->chain,
                                             &writer->place.range};
        lum_seal_make(&claim, &writer->key, &writer->seals[writer->seal_count++]);
    }
    assert_int_equal(writer->run.len, LUM_BLOCK_PLAIN_MAX);
}

/* A neighbour reads no more than LUM_BLOCK_PLAIN_MAX bytes, packed or not. */
static void a_block_that_packing_made_larger_goes_out_plain(void **state)
{
    struct book *book = *state;
    struct book *to = book_open();
    struct lum_log_row row;
    struct lum_log_piece piece;
    struct lum_txn *txn = book_begin_write(book);
    write_noise(book->writer);
    book_append_written(book, txn);
    assert_true(block_bytes(txn, 1).len > LUM_BLOCK_PLAIN_MAX + LUM_LOG_BLOCK);
    book_commit(book, txn);
    txn = book_begin_read(book);
    book_row(txn, book->writer, &row);
    assert_int_equal(lum_log_piece_at(book->reader, txn, &row, 1, 16, &piece), LUM_OK);
    assert_int_equal(piece.bytes.len, LUM_BLOCK_PLAIN_MAX);
    lum_txn_abort(txn);
    assert_int_equal(book_pass_on(book, to, 16), 1);
    book_expect_same_frontier(book, to);
    book_close(to);
}

/* Flips a bit of these bytes wherever they lie in the file, under LMDB's feet. */
static void rot(struct book *book, struct lum_bytes bytes)
{
    static uint8_t file[8 * 1024 * 1024];
    size_t len = temp_read(&book->temp, "log.mdb", file, sizeof file);
    size_t found = 0;
    for (size_t at = 0; at + bytes.len <= len; at++) {
        if (memcmp(file + at, bytes.at, bytes.len) == 0) {
            temp_flip(&book->temp, "log.mdb", at + bytes.len / 2, 1);
            found++;
        }
    }
    assert_true(found > 0);
}

/* Told, and never passed on: a neighbour would take us for a liar. */
static void damaged_rows_are_no_piece(void **state)
{
    struct book *book = *state;
    struct lum_log_row row;
    struct lum_log_piece piece;
    book_append(book, 1100, 10);
    static const uint64_t boundary[2] = {64, 1088}; /* in a block, in the tail */
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[LUM_LOG_KEY];
        uint8_t seal[64];
        struct lum_bytes value = {0};
        uint64_t from = i == 0 ? 1 : 1025;
        struct lum_txn *txn = book_begin_read(book);
        book_row(txn, book->writer, &row);
        assert_int_equal(lum_txn_get(txn, LUM_T_SEAL, lum_log_key(1, boundary[i], key), &value),
                         LUM_OK);
        memcpy(seal, value.at, sizeof seal);
        assert_int_equal(lum_log_piece_at(book->reader, txn, &row, from, 16, &piece), LUM_OK);
        lum_txn_abort(txn);
        rot(book, lum_bytes_of(seal, sizeof seal));
        txn = book_begin_read(book);
        assert_int_equal(lum_log_piece_at(book->reader, txn, &row, from, 16, &piece),
                         LUM_CORRUPT);
        lum_txn_abort(txn);
        txn = book_begin_read(book); /* the rest is served */
        assert_int_equal(lum_log_piece_at(book->reader, txn, &row, 1090, 16, &piece), LUM_OK);
        lum_txn_abort(txn);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_block_travels_and_is_kept_as_it_lies),
        T(small_pieces_make_the_same_log),
        T(an_open_tail_goes_out_with_its_head_seal),
        T(a_piece_from_inside_a_block_ends_where_the_block_ends),
        T(a_block_that_packing_made_larger_goes_out_plain),
        T(damaged_rows_are_no_piece),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
