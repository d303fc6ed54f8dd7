/*
 * pair.h - two nodes that meet over a line in a stranger's hands, made to be reset thousands of
 * times a second: what they will ever write was written and sealed once, before.
 *
 *   Anna    founder: gov (GENESIS, INVITE), a log of 70 events with large ones, a second log
 *   Budi    founder: gov (GENESIS), a log of 70 small events
 *   Citra   came by Anna's invite: gov (JOIN), a log of 10 events
 *   and another branch of Anna's log, from its eleventh event on
 *
 * End 0 is Anna, or Citra as a newcomer; end 1 is Budi. A store is cleared between two cases, never
 * opened anew. Anything that ought to hold and does not ends the program.
 */
#ifndef LUM_TESTS_LIB_PAIR_H
#define LUM_TESTS_LIB_PAIR_H

#include "core/lum.h"

enum pair_log {
    PAIR_ANNA_GOV,
    PAIR_BUDI_GOV,
    PAIR_CITRA_GOV,
    PAIR_ANNA,
    PAIR_ANNA_SECOND,
    PAIR_BUDI,
    PAIR_CITRA,
    PAIR_BRANCH, /* of PAIR_ANNA */
    PAIR_LOGS,
};

struct pair;
struct pair *pair_open(void);
/* The same with stores in these two folders, which are the caller's. */
struct pair *pair_open_in(const char *const folders[2]);
void pair_close(struct pair *pair);

/* Two empty stores and no line. The newcomer at end 0 has nothing but the space's id. */
void pair_reset(struct pair *pair, bool with_newcomer);
/* Lets the end hold a log up to `seq` (at most as far as it was written), as far as that is allowed
 * to it. Told to its machine as its own growth. */
void pair_grow(struct pair *pair, unsigned end, enum pair_log log, uint64_t seq);
uint64_t pair_head(struct pair *pair, unsigned end, enum pair_log log);

/* ---- the line; `end` is the one that hears ---- */

void pair_dial(struct pair *pair); /* unless it is up */
void pair_cut(struct pair *pair);
/* Whole messages among at most max more bytes are heard. */
void pair_deliver(struct pair *pair, unsigned end, size_t max);
size_t pair_in_flight(struct pair *pair, unsigned end);
void pair_spoil(struct pair *pair, unsigned end, size_t place, uint8_t mask);
void pair_inject(struct pair *pair, unsigned end, uint8_t type, struct lum_bytes body);
void pair_repeat(struct pair *pair, unsigned end); /* the first message on its way, once more */
void pair_skip(struct pair *pair, unsigned end);   /* the first message on its way is lost */

/* ---- the rest of the world ---- */

void pair_write(struct pair *pair, unsigned end); /* what was handed to the one writer */
void pair_room(struct pair *pair, unsigned end, size_t queued);
void pair_finish(struct pair *pair, unsigned end);
void pair_pass(struct pair *pair, uint64_t ms); /* time */
/* Everything moves until nothing does for so long. */
void pair_settle(struct pair *pair, uint64_t quiet_ms);

/* ---- what fails ---- */

/*
 * The n-th time that an end's machine asks for something (memory, a row) it fails. A machine that
 * says so is at its end: the line is gone and what was not written is lost, and a new one begins at
 * the next settle or heal.
 */
struct pair_trouble {
    uint64_t (*set)(void *self, uint64_t n); /* 0: nothing fails; gives how many were left */
    void *self;
    enum lum_status statuses[2]; /* that a machine may say then */
};
/* NULL: nothing fails any more. */
void pair_fail(struct pair *pair, unsigned end, uint64_t n, const struct pair_trouble *trouble);
uint64_t pair_fail_left(const struct pair *pair, unsigned end); /* 0: it came to pass */
uint32_t pair_failures(const struct pair *pair); /* machines that came to their end since reset */

/* ---- what must hold ---- */

/* Both hold only what was written, sealed and in order; `whole`: and every structure of the stores
 * checks itself. */
void pair_check(struct pair *pair, bool whole);
/* A meeting without a stranger makes them equal. */
void pair_heal(struct pair *pair);
/* An event written while both were equal came over in the same meeting. */
bool pair_was_live(const struct pair *pair);
/* Meetings in which a fault was named, for statistics. */
uint32_t pair_faults(const struct pair *pair);

#endif
