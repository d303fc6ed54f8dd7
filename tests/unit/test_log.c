/*
 * test_log.c - what is appended comes out again, from every position, however it lies in its rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/log_i.h"
#include "core/pack.h"
#include "tests/lib/temp.h"
#include "tests/lib/writer.h"

enum { ALL_MAX = 8 * 1024 * 1024 };

struct fixture {
    struct temp temp;
    struct lum_store *store;
    struct lum_squeezer *squeezer;
    struct lum_log_reader *reader;
    struct lum_error err;
    struct writer *writer;
    struct lum_buf all;                      /* every event written so far */
    struct lum_chain chains[WRITER_EVENTS_MAX + 1]; /* after each; 0 = start */
};

static void store_open(struct fixture *f)
{
    assert_int_equal(lum_log_open(f->temp.dir, true, &f->store, &f->err), LUM_OK);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    temp_make(&f->temp);
    store_open(f);
    f->writer = writer_open(1, 1, LUM_SHELF_COMMON);
    f->chains[0] = f->writer->place.chain;
    lum_buf_init(&f->all, ALL_MAX);
    *state = f;
    return lum_squeezer_open(&f->squeezer) == LUM_OK && lum_log_reader_open(&f->reader) == LUM_OK
               ? 0
               : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lum_log_reader_close(f->reader);
    lum_squeezer_close(f->squeezer);
    lum_store_close(f->store);
    writer_close(f->writer);
    lum_buf_fini(&f->all);
    temp_drop(&f->temp);
    free(f);
    return 0;
}

static struct lum_txn *write_begin(struct fixture *f)
{
    struct lum_txn *txn = NULL;
    assert_int_equal(lum_txn_begin_write(f->store, &txn, &f->err), LUM_OK);
    return txn;
}

static struct lum_txn *read_begin(struct fixture *f)
{
    struct lum_txn *txn = NULL;
    assert_int_equal(lum_txn_begin_read(f->store, &txn, &f->err), LUM_OK);
    return txn;
}

/* The log row of the fixture's writer, made when it is not there yet. */
static void row_get(struct lum_txn *txn, const struct writer *writer, struct lum_log_row *row)
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

static void append_written(struct fixture *f, struct lum_txn *txn)
{
    struct lum_log_row row;
    uint64_t arrival = 0;
    struct lum_log_growth growth = writer_growth(f->writer);
    row_get(txn, f->writer, &row);
    assert_int_equal(lum_log_append(txn, f->squeezer, &row, &growth, &arrival), LUM_OK);
    assert_true(arrival > 0);
    lum_buf_put(&f->all, growth.run.at, growth.run.len);
    for (uint32_t i = 0; i < growth.count; i++) {
        f->chains[growth.marks[i].chain.seq] = growth.marks[i].chain;
    }
}

static void append(struct fixture *f, uint32_t count, uint32_t payload_max)
{
    struct lum_txn *txn = write_begin(f);
    writer_write(f->writer, count, payload_max);
    append_written(f, txn);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
}

static uint64_t rows(struct fixture *f, uint32_t table)
{
    struct lum_txn *txn = read_begin(f);
    uint64_t n = lum_txn_rows(txn, table);
    lum_txn_abort(txn);
    return n;
}

static void expect_all(struct fixture *f)
{
    struct lum_txn *txn = read_begin(f);
    struct lum_log_event event = {0};
    size_t at = 0;
    uint64_t seq = 0;
    assert_int_equal(lum_log_seek(f->reader, txn, 1, 1), LUM_OK);
    enum lum_status status = LUM_OK;
    while ((status = lum_log_next(f->reader, &event)) == LUM_OK) {
        seq++;
        assert_int_equal(event.seq, seq);
        assert_true(lum_log_chain_equal(&event.chain, &f->chains[seq]));
        assert_true(event.raw.len <= f->all.len - at);
        assert_memory_equal(event.raw.at, f->all.at + at, event.raw.len);
        assert_int_equal(event.header->plen, event.payload.len);
        at += event.raw.len;
    }
    assert_int_equal(status, LUM_NOT_FOUND);
    assert_int_equal(at, f->all.len);
    assert_int_equal(seq, f->writer->place.chain.seq);
    lum_txn_abort(txn);
}

static void what_was_appended_comes_out_after_reopening(void **state)
{
    struct fixture *f = *state;
    append(f, 1, 30);
    append(f, 63, 30);
    append(f, 500, 100);
    append(f, 7, 60000);
    append(f, 2000, 60);
    append(f, 3, 0);
    expect_all(f);
    lum_store_close(f->store);
    store_open(f);
    expect_all(f);
}

static void single_puts_wait_as_rows_until_sixteen_segments_are_closed(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *txn = write_begin(f);
    for (uint32_t i = 0; i < 1023; i++) {
        writer_write(f->writer, 1, 40);
        append_written(f, txn);
    }
    assert_int_equal(lum_txn_rows(txn, LUM_T_TAIL), 1023);
    assert_int_equal(lum_txn_rows(txn, LUM_T_BLOCK), 0);
    writer_write(f->writer, 1, 40);
    append_written(f, txn);
    assert_int_equal(lum_txn_rows(txn, LUM_T_TAIL), 0);
    assert_int_equal(lum_txn_rows(txn, LUM_T_BLOCK), 1);
    assert_int_equal(lum_txn_rows(txn, LUM_T_SEAL), 16);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    expect_all(f);
}

static void a_long_import_goes_straight_into_blocks(void **state)
{
    struct fixture *f = *state;
    append(f, 5000, 40);
    assert_int_equal(rows(f, LUM_T_BLOCK), 4);
    assert_int_equal(rows(f, LUM_T_TAIL), 5000 - 4 * 1024);
    append(f, 5, 40);
    append(f, 2000, 40);
    assert_int_equal(rows(f, LUM_T_BLOCK), 6);
    assert_int_equal(rows(f, LUM_T_TAIL), 7005 - 6 * 1024);
    expect_all(f);
}

static void large_payloads_fill_a_block_by_bytes(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 12; i++) {
        append(f, 3, 65536);
    }
    assert_in_range(rows(f, LUM_T_BLOCK), 4, 12);
    expect_all(f);
}

static void a_chain_is_found_at_every_position(void **state)
{
    struct fixture *f = *state;
    append(f, 2500, 20);
    struct lum_txn *txn = read_begin(f);
    struct lum_chain chain;
    struct lum_hash h;
    for (uint64_t seq = 0; seq <= 2500; seq += seq < 2000 ? 37 : 1) {
        assert_int_equal(lum_log_chain_at(f->reader, txn, 1, seq, &chain), LUM_OK);
        assert_true(lum_log_chain_equal(&chain, &f->chains[seq]));
    }
    assert_int_equal(lum_log_hash_at(f->reader, txn, 1, 2222, &h), LUM_OK);
    assert_memory_equal(h.b, f->chains[2222].h.b, 32);
    assert_int_equal(lum_log_hash_at(f->reader, txn, 1, 2501, &h), LUM_NOT_FOUND);
    assert_int_equal(lum_log_hash_at(f->reader, txn, 2, 1, &h), LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

/* Sends everything of log 1 as pieces to another store, and hands back how many there were. */
static uint32_t pass_on(struct fixture *f, struct fixture *to, uint32_t max_segments)
{
    struct lum_txn *txn = read_begin(f);
    struct lum_txn *other = write_begin(to);
    struct lum_log_row row;
    struct lum_log_row copy;
    static struct lum_run_mark marks[2048];
    struct lum_buf plain;
    uint32_t pieces = 0;
    lum_buf_init(&plain, LUM_BLOCK_PLAIN_MAX);
    row_get(txn, f->writer, &row);
    row_get(other, f->writer, &copy);
    for (uint64_t from = 1; from <= row.place.chain.seq; pieces++) {
        struct lum_log_piece piece;
        struct lum_log_growth growth = {0};
        uint64_t arrival = 0;
        assert_int_equal(lum_log_piece_at(f->reader, txn, f->squeezer, &row, from, max_segments,
                                          &piece),
                         LUM_OK);
        assert_int_equal(piece.first, from);
        growth.run = piece.bytes;
        if (piece.is_packed) {
            growth.packed = piece.bytes;
            assert_int_equal(lum_unsqueeze(to->squeezer, piece.bytes, piece.plain_len, &plain),
                             LUM_OK);
            growth.run = lum_buf_bytes(&plain);
        }
        struct lum_log_place place = copy.place;
        growth.seals = (struct lum_run_seals){piece.seals, piece.seal_count};
        assert_int_equal(lum_run_check(&place, growth.run, growth.seals, marks, 2048,
                                       &growth.count),
                         LUM_FAULT_NONE);
        growth.marks = marks;
        growth.place = &place;
        assert_int_equal(place.chain.seq, piece.last);
        assert_int_equal(lum_log_append(other, to->squeezer, &copy, &growth, &arrival), LUM_OK);
        from = piece.last + 1;
    }
    lum_buf_fini(&plain);
    assert_int_equal(lum_txn_commit(other, &to->err), LUM_OK);
    lum_txn_abort(txn);
    return pieces;
}

static void expect_same_frontier(struct fixture *a, struct fixture *b)
{
    uint8_t fronts[2][16];
    struct lum_txn *txn = read_begin(a);
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[0]), LUM_OK);
    lum_txn_abort(txn);
    txn = read_begin(b);
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[1]), LUM_OK);
    lum_txn_abort(txn);
    assert_memory_equal(fronts[0], fronts[1], 16);
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
    struct fixture *f = *state;
    void *second = NULL;
    assert_int_equal(setup(&second), 0);
    struct fixture *to = second;
    append(f, 5000, 60);
    assert_int_equal(pass_on(f, to, 16), 4 + 1);
    expect_same_frontier(f, to);
    struct lum_txn *a = read_begin(f);
    struct lum_txn *b = read_begin(to);
    assert_true(lum_bytes_equal(block_bytes(a, 1025), block_bytes(b, 1025)));
    lum_txn_abort(a);
    lum_txn_abort(b);
    teardown(&second);
}

static void small_pieces_make_the_same_log(void **state)
{
    struct fixture *f = *state;
    void *second = NULL;
    assert_int_equal(setup(&second), 0);
    struct fixture *to = second;
    append(f, 3000, 60);
    assert_int_equal(pass_on(f, to, 1), 47);
    expect_same_frontier(f, to);
    assert_int_equal(rows(to, LUM_T_BLOCK), 2);
    teardown(&second);
}

static void an_open_tail_goes_out_with_its_head_seal(void **state)
{
    struct fixture *f = *state;
    append(f, 70, 10);
    struct lum_txn *txn = read_begin(f);
    struct lum_log_row row;
    struct lum_log_piece piece;
    row_get(txn, f->writer, &row);
    assert_int_equal(lum_log_piece_at(f->reader, txn, f->squeezer, &row, 1, 16, &piece), LUM_OK);
    assert_int_equal(piece.last, 70);
    assert_int_equal(piece.seal_count, 2);
    assert_true(piece.is_packed);
    assert_int_equal(lum_log_piece_at(f->reader, txn, f->squeezer, &row, 1, 1, &piece), LUM_OK);
    assert_int_equal(piece.last, 64);
    assert_int_equal(piece.seal_count, 1);
    assert_int_equal(lum_log_piece_at(f->reader, txn, f->squeezer, &row, 70, 1, &piece), LUM_OK);
    assert_int_equal(piece.last, 70);
    assert_false(piece.is_packed);
    assert_memory_equal(piece.seals[0].b, row.head_seal.b, 64);
    assert_int_equal(lum_log_piece_at(f->reader, txn, f->squeezer, &row, 71, 1, &piece),
                     LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

static void a_piece_from_inside_a_block_ends_where_the_block_ends(void **state)
{
    struct fixture *f = *state;
    append(f, 2100, 10);
    struct lum_txn *txn = read_begin(f);
    struct lum_log_row row;
    struct lum_log_piece piece;
    row_get(txn, f->writer, &row);
    assert_int_equal(lum_log_piece_at(f->reader, txn, f->squeezer, &row, 700, 16, &piece),
                     LUM_OK);
    assert_int_equal(piece.last, 1024);
    assert_int_equal(piece.seal_count, 6);
    lum_txn_abort(txn);
}

static void repack_makes_few_large_blocks_of_the_same_events(void **state)
{
    struct fixture *f = *state;
    void *second = NULL;
    assert_int_equal(setup(&second), 0);
    struct fixture *to = second;
    append(f, 5000, 60);
    pass_on(f, to, 9); /* pieces of 9 segments are kept as they come */
    uint64_t before = rows(to, LUM_T_BLOCK);
    assert_in_range(before, 8, 10);
    struct lum_txn *txn = write_begin(to);
    uint64_t blocks = 0;
    assert_int_equal(lum_log_repack(txn, to->squeezer, 1, 9, &blocks), LUM_OK);
    assert_int_equal(lum_txn_commit(txn, &to->err), LUM_OK);
    assert_int_equal(blocks, 5);
    assert_int_equal(rows(to, LUM_T_BLOCK), 5);
    assert_int_equal(rows(to, LUM_T_TAIL), 5000 % 64);
    expect_same_frontier(f, to);
    memcpy(to->chains, f->chains, sizeof f->chains);
    lum_buf_put(&to->all, f->all.at, f->all.len);
    to->writer->place = f->writer->place;
    expect_all(to);
    txn = write_begin(to);
    assert_int_equal(lum_log_repack(txn, to->squeezer, 1, 9, &blocks), LUM_OK);
    assert_int_equal(lum_txn_commit(txn, &to->err), LUM_OK);
    expect_all(to);
    teardown(&second);
}

static void arrivals_follow_one_another(void **state)
{
    struct fixture *f = *state;
    struct lum_arrival arrival = {.number = 9};
    struct lum_txn *txn = read_begin(f);
    assert_int_equal(lum_log_arrival_last(txn, &arrival), LUM_OK);
    assert_int_equal(arrival.number, 0);
    lum_txn_abort(txn);
    append(f, 10, 10);
    append(f, 90, 10);
    txn = read_begin(f);
    struct lum_hash hash = {{0}};
    lum_log_arrival_hash(&hash, &f->writer->place.log_id, 1, &f->chains[10].h, &hash);
    assert_int_equal(lum_log_arrival_get(txn, 1, &arrival), LUM_OK);
    assert_int_equal(arrival.count, 10);
    assert_memory_equal(arrival.hash.b, hash.b, 32);
    lum_log_arrival_hash(&hash, &f->writer->place.log_id, 11, &f->chains[100].h, &hash);
    assert_int_equal(lum_log_arrival_last(txn, &arrival), LUM_OK);
    assert_int_equal(arrival.number, 2);
    assert_int_equal(arrival.lno, 1);
    assert_int_equal(arrival.first, 11);
    assert_int_equal(arrival.count, 90);
    assert_memory_equal(arrival.hash.b, hash.b, 32);
    assert_int_equal(lum_log_arrival_get(txn, 3, &arrival), LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

static void logs_are_found_by_id_and_by_author(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *txn = write_begin(f);
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
    struct fixture *f = *state;
    uint8_t fronts[5][16];
    struct lum_txn *txn = write_begin(f);
    struct lum_log_row row;
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[0]), LUM_OK);
    row_get(txn, f->writer, &row); /* an empty log is left out */
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[1]), LUM_OK);
    assert_memory_equal(fronts[0], fronts[1], 16);
    writer_write(f->writer, 5, 9);
    append_written(f, txn);
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, fronts[2]), LUM_OK);
    assert_memory_not_equal(fronts[1], fronts[2], 16);
    row_get(txn, f->writer, &row);
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

/* Rewrites one row with one bit of it flipped. */
static void flip(struct fixture *f, uint32_t table, uint64_t seq, size_t offset)
{
    static uint8_t copy[LUM_BLOCK_PLAIN_MAX];
    uint8_t key[LUM_LOG_KEY];
    struct lum_bytes value;
    struct lum_txn *txn = write_begin(f);
    assert_int_equal(lum_txn_get(txn, table, lum_log_key(1, seq, key), &value), LUM_OK);
    memcpy(copy, value.at, value.len);
    copy[offset % value.len] ^= 0x10;
    assert_int_equal(lum_txn_put(txn, table, lum_log_key(1, seq, key),
                                 lum_bytes_of(copy, value.len)),
                     LUM_OK);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
}

static enum lum_status read_through(struct fixture *f)
{
    struct lum_txn *txn = read_begin(f);
    struct lum_log_event event;
    enum lum_status status = lum_log_seek(f->reader, txn, 1, 1);
    while (status == LUM_OK) {
        status = lum_log_next(f->reader, &event);
    }
    lum_txn_abort(txn);
    return status;
}

static void a_flipped_bit_in_a_block_or_a_tail_row_is_corrupt_when_read(void **state)
{
    struct fixture *f = *state;
    append(f, 1030, 20);
    assert_int_equal(read_through(f), LUM_NOT_FOUND);
    for (size_t offset = 0; offset < 2000; offset += offset < 100 ? 1 : 61) {
        flip(f, LUM_T_BLOCK, 1, offset);
        assert_int_equal(read_through(f), LUM_CORRUPT);
        flip(f, LUM_T_BLOCK, 1, offset);
    }
    for (size_t offset = 0; offset < 70; offset++) {
        flip(f, LUM_T_TAIL, 1027, offset);
        assert_int_equal(read_through(f), LUM_CORRUPT);
        flip(f, LUM_T_TAIL, 1027, offset);
    }
    assert_int_equal(read_through(f), LUM_NOT_FOUND);
}

static void notes_are_kept_and_dropped(void **state)
{
    struct fixture *f = *state;
    struct lum_bytes value;
    struct lum_txn *txn = write_begin(f);
    assert_int_equal(lum_log_note_get(txn, "a", &value), LUM_NOT_FOUND);
    assert_int_equal(lum_log_note_put(txn, "a", lum_bytes_of("xy", 2)), LUM_OK);
    assert_int_equal(lum_log_note_get(txn, "a", &value), LUM_OK);
    assert_int_equal(value.len, 2);
    assert_int_equal(lum_log_note_put(txn, "a", lum_bytes_of(NULL, 0)), LUM_OK);
    assert_int_equal(lum_log_note_put(txn, "a", lum_bytes_of(NULL, 0)), LUM_OK);
    assert_int_equal(lum_log_note_get(txn, "a", &value), LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

static void a_missing_bit_of_memory_is_a_status(void **state)
{
    struct fixture *f = *state;
    writer_write(f->writer, 2000, 40);
    enum lum_status status = LUM_NO_MEMORY;
    for (uint64_t n = 1; status != LUM_OK; n++) {
        struct lum_log_row row;
        uint64_t arrival = 0;
        struct lum_log_growth growth = writer_growth(f->writer);
        struct lum_txn *txn = write_begin(f);
        row_get(txn, f->writer, &row);
        lum_mem_fail_after(n, false);
        status = lum_log_append(txn, f->squeezer, &row, &growth, &arrival);
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
        T(what_was_appended_comes_out_after_reopening),
        T(single_puts_wait_as_rows_until_sixteen_segments_are_closed),
        T(a_long_import_goes_straight_into_blocks),
        T(large_payloads_fill_a_block_by_bytes),
        T(a_chain_is_found_at_every_position),
        T(a_block_travels_and_is_kept_as_it_lies),
        T(small_pieces_make_the_same_log),
        T(an_open_tail_goes_out_with_its_head_seal),
        T(a_piece_from_inside_a_block_ends_where_the_block_ends),
        T(repack_makes_few_large_blocks_of_the_same_events),
        T(arrivals_follow_one_another),
        T(logs_are_found_by_id_and_by_author),
        T(a_frontier_tells_logs_apart_by_what_is_held),
        T(a_flipped_bit_in_a_block_or_a_tail_row_is_corrupt_when_read),
        T(notes_are_kept_and_dropped),
        T(a_missing_bit_of_memory_is_a_status),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
