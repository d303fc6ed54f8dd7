/*
 * hall.h - one store with its way in, for tests: halls hand pieces to one another.
 */
#ifndef LUM_TESTS_LIB_HALL_H
#define LUM_TESTS_LIB_HALL_H

#include "core/ingest.h"
#include "tests/lib/temp.h"
#include "tests/lib/writer.h"

struct hall {
    struct temp temp;
    struct lum_store *store;
    struct lum_squeezer *squeezer;
    struct lum_log_reader *reader;
    struct lum_ingester *ingester;
    struct lum_ingest_space space;
    struct lum_roster *roster;
    struct lum_txn *txn; /* the open batch, or NULL */
};

/* An empty store of the writers' space; the founders' logs are admitted. */
struct hall *hall_open(void);
void hall_close(struct hall *hall);

/* Every call below works in a batch that it begins when none is open. */
struct lum_txn *hall_begin(struct hall *hall);
void hall_commit(struct hall *hall);
void hall_abort(struct hall *hall);

/* Puts in what a writer wrote last, as one plain run from its first event. */
struct lum_ingest hall_piece_of(const struct writer *writer);
struct lum_ingest_result hall_take(struct hall *hall, const struct lum_ingest *in);
struct lum_ingest_result hall_take_written(struct hall *hall, const struct writer *writer);

/* The piece of a writer's log at `from`, as this hall would say it. False past the head. */
bool hall_piece(struct hall *hall, const struct writer *writer, uint64_t from,
                struct lum_log_piece *piece, struct lum_ingest *in);
/* Hands on a writer's log from `from` to the head; ends like the last piece. */
struct lum_ingest_result hall_hand_on(struct hall *hall, struct hall *to,
                                      const struct writer *writer, uint64_t from);

struct lum_log_row hall_row(struct hall *hall, const struct writer *writer);
void hall_frontier(struct hall *hall, uint8_t shelf, uint8_t out[16]);
/* A hash over all rows of all tables. */
void hall_contents(struct hall *hall, struct lum_hash *out);

#endif
