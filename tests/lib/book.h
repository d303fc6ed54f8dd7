/*
 * book.h - a store with one log and a memory of every event in it, for tests of core/log*.c.
 */
#ifndef LUM_TESTS_LIB_BOOK_H
#define LUM_TESTS_LIB_BOOK_H

#include "core/log_i.h"
#include "tests/lib/temp.h"
#include "tests/lib/writer.h"

struct book {
    struct temp temp;
    struct lum_store *store;
    struct lum_squeezer *squeezer;
    struct lum_log_reader *reader;
    struct lum_error err;
    struct writer *writer;
    struct lum_buf all;                             /* every event written so far, as a run */
    struct lum_chain chains[WRITER_EVENTS_MAX + 1]; /* after each; 0 = start */
};

struct book *book_open(void);
void book_close(struct book *book);
void book_reopen(struct book *book);

struct lum_txn *book_begin_write(struct book *book);
struct lum_txn *book_begin_read(struct book *book);
void book_commit(struct book *book, struct lum_txn *txn);
uint64_t book_rows(struct book *book, uint32_t table);

/* The row of the writer's log, made when it is not there yet. */
void book_row(struct lum_txn *txn, const struct writer *writer, struct lum_log_row *row);
/* Appends what the writer wrote last. */
void book_append_written(struct book *book, struct lum_txn *txn);
/* Writes and appends in a batch of its own. */
void book_append(struct book *book, uint32_t count, uint32_t payload_max);

/* Reads the log from its start: every event, hash and byte as it was written. */
void book_expect_all(struct book *book);
/* Sends the whole log as pieces to another book, which then remembers the same. The number of
 * pieces. */
uint32_t book_pass_on(struct book *book, struct book *to, uint32_t max_segments);
void book_expect_same_frontier(struct book *a, struct book *b);
/* Rewrites one row of the log with one bit flipped, at offset counted around. */
void book_flip(struct book *book, uint32_t table, uint64_t seq, size_t offset);

#endif
