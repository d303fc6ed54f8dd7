/*
 * explore.h - the power goes at every point of a recording, and every disk that may be found then
 * is judged.
 *
 *   recording -> point after each op -> images: none, all, each change alone lost, alone there,
 *   torn, any of them -> judge -> is it a state that the store was in, and none before the last
 *   one that was told of?
 *
 * The states themselves are what a disk holds that loses nothing, at each point. A command that
 * ended well has told of the state at its end, from its last word on.
 */
#ifndef LUM_TESTS_CRASH_EXPLORE_H
#define LUM_TESTS_CRASH_EXPLORE_H

#include "tests/crash/judge.h"

struct explore {
    const char *name; /* of the history, for messages */
    char machine;     /* whose power goes */
    const struct image *base;
    const struct record *record;
    struct judge_again again;
    bool leaves_backup;  /* from its first END on there is one */
    const char *dir;     /* where images are put down */
    bool is_long;        /* a point after every single write, and every image of it */
    uint32_t images;     /* of a point in the short form, or one less */
    uint32_t random;     /* images of a point whose changes are drawn */
    uint32_t recoveries; /* images whose recovery is recorded and explored as well */
    bool lies;           /* the syncs of log.mdb left out: it must fail; nothing is printed */
    uint64_t seed;
};

struct explore_figures {
    uint64_t recordings;
    uint64_t points;
    uint64_t images;
    uint64_t distinct; /* judged; an equal disk is judged once a recording */
    uint64_t recoveries;
    uint64_t lost;    /* what was told of is not there */
    uint64_t half;    /* a state that the store never was in */
    uint64_t refused; /* does not open, verify, or go on */
    uint64_t crashed;
    uint64_t doubts; /* distinct images that open a new log for the next event */
    uint64_t told;   /* points after something was told of, with syncs of log.mdb left out before */
    uint64_t told_bad; /* and an image of them failed */
};

/* The first file that is not now as the recording says it was left; NULL: none. */
const char *explore_misses(const struct explore *how, const struct image *now);
/* Adds to *figures. */
void explore(const struct explore *how, struct explore_figures *figures);

#endif
