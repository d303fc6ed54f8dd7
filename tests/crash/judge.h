/*
 * judge.h - what Lumbung finds on a disk after the power went, and whether it goes on from there.
 *
 * In a child process: it opens the folder, lets the view follow, verifies all of it, and reads;
 * writes a record, closes, opens, verifies again and finds that record. Where there is no store it
 * does again what the person did. A backup that lies there is restored beside.
 */
#ifndef LUM_TESTS_CRASH_JUDGE_H
#define LUM_TESTS_CRASH_JUDGE_H

#include "tests/crash/image.h"
#include "tests/crash/record.h"

enum judge_found {
    FOUND_NOTHING, /* no store, as before init */
    FOUND_INVITE,  /* a newcomer's, before the first contact */
    FOUND_SPACE,
};

/* What is there, before anything new is written. */
struct judge_state {
    uint8_t found;
    struct lum_hash log;  /* over every row of log.mdb but its notes */
    struct lum_hash root; /* over every record */
};

struct judge_verdict {
    bool is_well; /* it went through to the end */
    bool has_backup;
    bool in_doubt; /* it does not take itself for what it was: the next event opens a new log */
    struct judge_state state;
    char trouble[200]; /* what did not hold */
};

/* How to begin where there is nothing: a file to restore, or an invite to join with; else init. */
struct judge_again {
    const char *backup;
    const char *invite;
};

/* The image is put down in dir, its folder is the machine's letter. record: what the child does is
 * recorded, as command 1, which says so when its record is durable; NULL: it is not. */
void judge(struct image *image, char machine, const struct judge_again *again, const char *dir,
           struct record *record, struct judge_verdict *out);

#endif
