/*
 * book.c - appends, reads back, passes on, damages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/book.h"

enum { ALL_MAX = 8 * 1024 * 1024 };

struct book *book_open(void)
{
    struct book *book = calloc(1, sizeof *book);
    assert_non_null(book);
    temp_make(&book->temp);
    assert_int_equal(lum_log_open(book->temp.dir, true, &book->store, &book->err), LUM_OK);
    assert_int_equal(lum_squeezer_open(&book->squeezer), LUM_OK);
    assert_int_equal(lum_log_reader_open(&book->reader), LUM_OK);
    book->writer = writer_open(1, 1, LUM_SHELF_COMMON);
    book->chains[0] = book->writer->place.chain;
    lum_buf_init(&book->all, ALL_MAX);
    return book;
}

void book_close(struct book *book)
{
    lum_log_reader_close(book->reader);
    lum_squeezer_close(book->squeezer);
    lum_store_close(book->store);
    writer_close(book->writer);
    lum_buf_fini(&book->all);
    temp_drop(&book->temp);
    free(book);
}

void book_reopen(struct book *book)
{
    lum_store_close(book->store);
    assert_int_equal(lum_log_open(book->temp.dir, false, &book->store, &book->err), LUM_OK);
}

struct lum_txn *book_begin_write(struct book *book)
{
    struct lum_txn *txn = NULL;
    assert_int_equal(lum_txn_begin_write(book->store, &txn, &book->err), LUM_OK);
    return txn;
}

struct lum_txn *book_begin_read(struct book *book)
{
    struct lum_txn *txn = NULL;
    assert_int_equal(lum_txn_begin_read(book->store, &txn, &book->err), LUM_OK);
    return txn;
}

void book_commit(struct book *book, struct lum_txn *txn)
{
    assert_int_equal(lum_txn_commit(txn, &book->err), LUM_OK);
}

uint64_t book_rows(struct book *book, uint32_t table)
{
    struct lum_txn *txn = book_begin_read(book);
    uint64_t n = lum_txn_rows(txn, table);
    lum_txn_abort(txn);
    return n;
}

void book_row(struct lum_txn *txn, const struct writer *writer, struct lum_log_row *row)
{
    uint32_t lno = 0;
    enum lum_status status = lum_log_find(txn, &writer->place.log_id, &lno);
    if (status == LUM_NOT_FOUND) {
        status = lum_log_create(txn, &writer->space, &writer->name, WRITER_FOUNDED_MS, row);
        assert_int_equal(status, LUM_OK);
        return;
    }
    assert_int_equal(status, LUM_OK);
    assert_int_equal(lum_log_get(txn, lno, row), LUM_OK);
}

static void append(struct book *book, struct lum_txn *txn, const struct lum_log_growth *growth)
{
    struct lum_log_row row;
    uint64_t arrival = 0;
    book_row(txn, book->writer, &row);
    assert_int_equal(lum_log_append(txn, book->squeezer, &row, growth, &arrival), LUM_OK);
    assert_true(arrival > 0);
    lum_buf_put(&book->all, growth->run.at, growth->run.len);
    for (uint32_t i = 0; i < growth->count; i++) {
        book->chains[growth->marks[i].chain.seq] = growth->marks[i].chain;
    }
}

void book_append_written(struct book *book, struct lum_txn *txn)
{
    struct lum_log_growth growth = writer_growth(book->writer);
    append(book, txn, &growth);
}

void book_append(struct book *book, uint32_t count, uint32_t payload_max)
{
    struct lum_txn *txn = book_begin_write(book);
    writer_write(book->writer, count, payload_max);
    book_append_written(book, txn);
    book_commit(book, txn);
}

void book_expect_all(struct book *book)
{
    struct lum_txn *txn = book_begin_read(book);
    struct lum_log_event event = {0};
    size_t at = 0;
    uint64_t seq = 0;
    assert_int_equal(lum_log_seek(book->reader, txn, 1, 1), LUM_OK);
    enum lum_status status = LUM_OK;
    while ((status = lum_log_next(book->reader, &event)) == LUM_OK) {
        seq++;
        assert_int_equal(event.seq, seq);
        assert_true(lum_log_chain_equal(&event.chain, &book->chains[seq]));
        assert_true(event.raw.len <= book->all.len - at);
        assert_memory_equal(event.raw.at, book->all.at + at, event.raw.len);
        assert_int_equal(event.header->plen, event.payload.len);
        at += event.raw.len;
    }
    assert_int_equal(status, LUM_NOT_FOUND);
    assert_int_equal(at, book->all.len);
    assert_int_equal(seq, book->writer->place.chain.seq);
    lum_txn_abort(txn);
}

/* Checks a piece and appends it. */
static void take(struct book *to, struct lum_txn *txn, const struct lum_log_piece *piece)
{
    static struct lum_run_mark marks[2048];
    struct lum_log_row row;
    struct lum_buf plain;
    struct lum_log_growth growth = {
        .run = piece->bytes,
        .marks = marks,
        .seals = {piece->seals, piece->seal_count},
    };
    lum_buf_init(&plain, LUM_BLOCK_PLAIN_MAX);
    if (piece->is_packed) {
        growth.packed = piece->bytes;
        assert_int_equal(lum_unsqueeze(to->squeezer, piece->bytes, piece->plain_len, &plain),
                         LUM_OK);
        growth.run = lum_buf_bytes(&plain);
    }
    book_row(txn, to->writer, &row);
    struct lum_log_place place = row.place;
    growth.place = &place;
    assert_int_equal(
        lum_run_check(&place, growth.run, growth.seals, marks, 2048, &growth.count),
        LUM_FAULT_NONE);
    assert_int_equal(place.chain.seq, piece->last);
    append(to, txn, &growth);
    to->writer->place = place;
    lum_buf_fini(&plain);
}

uint32_t book_pass_on(struct book *book, struct book *to, uint32_t max_segments)
{
    struct lum_txn *txn = book_begin_read(book);
    struct lum_txn *other = book_begin_write(to);
    struct lum_log_row row;
    uint32_t pieces = 0;
    book_row(txn, book->writer, &row);
    for (uint64_t from = 1; from <= row.place.chain.seq; pieces++) {
        struct lum_log_piece piece;
        assert_int_equal(
            lum_log_piece_at(book->reader, txn, &row, from, max_segments, &piece), LUM_OK);
        assert_int_equal(piece.first, from);
        take(to, other, &piece);
        from = piece.last + 1;
    }
    book_commit(to, other);
    lum_txn_abort(txn);
    return pieces;
}

static void frontier(struct book *book, uint8_t out[16])
{
    struct lum_txn *txn = book_begin_read(book);
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, out), LUM_OK);
    lum_txn_abort(txn);
}

void book_expect_same_frontier(struct book *a, struct book *b)
{
    uint8_t fronts[2][16];
    frontier(a, fronts[0]);
    frontier(b, fronts[1]);
    assert_memory_equal(fronts[0], fronts[1], 16);
}

void book_flip(struct book *book, uint32_t table, uint64_t seq, size_t offset)
{
    static uint8_t copy[LUM_BLOCK_PLAIN_MAX];
    uint8_t at[LUM_LOG_KEY];
    struct lum_bytes key = lum_log_key(1, seq, at);
    struct lum_bytes value;
    struct lum_txn *txn = book_begin_write(book);
    assert_int_equal(lum_txn_get(txn, table, key, &value), LUM_OK);
    size_t len = value.len;
    memcpy(copy, value.at, len);
    copy[offset % len] ^= 0x10;
    assert_int_equal(lum_txn_put(txn, table, key, lum_bytes_of(copy, len)), LUM_OK);
    book_commit(book, txn);
}
