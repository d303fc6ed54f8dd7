/*
 * barn.h - a real store that a drawn history is fed to, and the look whether it holds what the
 * model says.
 *
 * The files are opened once. A history is fed inside one pair of write transactions that is aborted
 * at the end, or committed as it goes and cleared at the end. Nothing here ends the program: the
 * first thing that is not as it should be is kept in `why`, and everything after it does nothing.
 */
#ifndef LUM_TESTS_PROP_BARN_H
#define LUM_TESTS_PROP_BARN_H

#include "core/ingest.h"
#include "core/view.h"
#include "tests/lib/temp.h"
#include "tests/prop/world.h"

struct barn {
    struct temp temp;
    struct lum_store *log;
    struct lum_store *view;
    struct lum_ingester *ingester;
    struct lum_squeezer *squeezer;
    struct lum_view *applier;
    struct lum_arena arena;
    /* one history */
    struct world *world;
    bool commits;
    struct lum_txn *log_txn;
    struct lum_txn *view_txn;
    struct lum_roster *roster;
    bool
        is_roster_bare; /* no gov event has come yet: it also fits the next history of this space */
    struct lum_ingest_space space;
    uint64_t rebuilds;
    char why[512]; /* empty while all is well */
};

/* In /dev/shm where there is one. */
void barn_open(struct barn *barn);
void barn_close(struct barn *barn);

void barn_begin(struct barn *barn, struct world *world, bool commits);
void barn_end(struct barn *barn);
/* The first reason is kept. Always false. */
bool barn_fail(struct barn *barn, const char *form, ...) __attribute__((format(printf, 2, 3)));
bool barn_is_well(const struct barn *barn);

/* By the way in for strangers: checked, admitted or not. */
void barn_feed(struct barn *barn, const struct lum_ingest *in, struct lum_ingest_result *out);
/* Straight into the log, unchecked and unsealed: events held + 1 .. last. */
void barn_put(struct barn *barn, uint32_t log, uint64_t last);
/* One batch of the view; makes it anew when it must. True when there is more to do. */
bool barn_apply(struct barn *barn, uint64_t events_max);
void barn_settle(struct barn *barn);
/* As after a crash: what is not committed stays (there is none other), every cache is forgotten. */
void barn_restart(struct barn *barn);
/* The view made anew from the log. */
void barn_rebuild(struct barn *barn);

/* How far each log is held, and which is frozen, from the store into the world's set. */
void barn_look(struct barn *barn);
/* Everything that can be asked of the store against the state, but for the roots, which cost more
 * than all else. */
void barn_compare(struct barn *barn, const struct model_state *state);
/* barn->roster alone; no history need be begun. */
void barn_compare_roster(struct barn *barn, const struct model_state *state);
void barn_compare_roots(struct barn *barn, const struct model_state *state);

/* Reads every event and writes it again. Gives the number of payloads. */
uint64_t barn_reread(struct barn *barn, struct world *world);

#endif
