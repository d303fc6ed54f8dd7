/*
 * walk.h - every command of the command line, and a meeting of two nodes, again and again, with
 * something going wrong at its first call, its second, its third...
 *
 * After each: it ended by itself; it did what it should, or says in a sentence why not, with the
 * exit code for that; `verify` finds nothing; nothing that was there is gone; if it said that it
 * did, it did; and the same command again, with nothing going wrong, does.
 */
#ifndef LUM_TESTS_FAULTS_WALK_H
#define LUM_TESTS_FAULTS_WALK_H

#include "tests/faults/door.h"

struct walk_way {
    const char *name;      /* "memory ends" */
    struct door_plan plan; /* without nth */
    int codes[8];          /* exit codes that tell of it, 0-ended; none: it is killed */
    uint32_t share;        /* of the points of a short walk: 1 / share */
};

/* Walks each way through all commands; prints what failed and a line of figures; the exit code for
 * main. LUM_FAULTS: how many points of a command and way; all: every one. */
int walk_all(const struct walk_way *ways, size_t count, uint32_t points);

#endif
