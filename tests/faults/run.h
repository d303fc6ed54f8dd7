/*
 * run.h - commands of the command line, each in a child of its own that is forked, not loaded anew:
 * a thousand take seconds. And folders that are put back as they were.
 */
#ifndef LUM_TESTS_FAULTS_RUN_H
#define LUM_TESTS_FAULTS_RUN_H

#include <sys/types.h>

#include "tests/faults/door.h"

enum {
    RUN_TEXT = 64 * 1024, /* of what a command says that is kept */
    RUN_SIGNAL = 1000,
    RUN_KILLED = RUN_SIGNAL + 9,
};

struct run {
    pid_t pid;
    int code; /* its exit code; RUN_SIGNAL + the signal that ended it; -1: it hung */
    char said[RUN_TEXT];
    char complained[RUN_TEXT];
};

/* Words are separated by blanks. plan NULL: nothing goes wrong. One run of each slot at a time. */
enum run_slot {
    RUN_NEAR,
    RUN_FAR,
    RUN_SLOTS
};
void run_begin(enum run_slot slot, const struct door_plan *plan, const char *words);
/* Waits until it has said that much on standard output, or has ended; false when it has ended. */
bool run_has_said(enum run_slot slot, const char *text);
void run_stop(enum run_slot slot); /* SIGTERM */
const struct run *run_end(enum run_slot slot);
const struct run *run_so_far(enum run_slot slot); /* what run_has_said has read */
/* Called in each child before its command, when it is not NULL. */
extern void (*run_before)(void);
/* begin and end. */
const struct run *run_one(const struct door_plan *plan, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* snprintf for texts that must fit. */
size_t text_put(char *out, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Copies of folders, in memory, and in `keep` a link to each log.mdb: a folder put back is no copy
 * to the store in it (core/home.h). */
struct kept;
struct kept *kept_take(const char *dir, const char *keep);
void kept_put_back(const struct kept *kept);
void kept_free(struct kept *kept);
void folder_remove(const char *dir); /* with its files */
void file_write(const char *path, const char *text);

#endif
