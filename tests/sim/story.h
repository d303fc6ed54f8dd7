/*
 * story.h - a story: who did what when, as a list of acts, and as text that a person can write.
 *
 *   # Two halls write about one record apart; both texts are kept.
 *   dice 7
 *   day 0 00:00:00.000  Ani founds
 *   day 0 00:01:00.000  Ani invites uses 3
 *   day 1 00:00:00.000  Budi arrives invite 0
 *   day 1 00:00:01.000  Budi meets with Ani for 2000 rate 9
 *   day 2 00:00:00.000  Budi puts key 3 field 1 text 12
 *   > day 2 ...         what the simulator then tells, if the story says what it expects
 *
 * Whatever a seed draws becomes such a list before anything runs, and an act that makes no sense
 * where it stands (of a machine that is not there, of a record that nobody made) does nothing. So
 * any part of a story is a story: that is what makes shrinking simple, and a failure readable.
 *
 * An argument that is left out has its simplest value; a shrinker goes there.
 */
#ifndef LUM_TESTS_SIM_STORY_H
#define LUM_TESTS_SIM_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    STORY_ARGS_MAX = 11,
    STORY_DAY_MS = 86400000,
};

/* verb, then its arguments: name and simplest value; a name in capitals is a machine's. */
#define STORY_VERBS(X)                                                                             \
    /* people: members and what they write; see people.c */                                        \
    X(founds, A0)                                                                                  \
    X(invites, A1("uses", 1))                                                                      \
    X(arrives, A1("invite", 0))                                                                    \
    X(gathers, A1("count", 1))                                                                     \
    X(approves, A0)                                                                                \
    X(puts, A3("key", 0, "field", 0, "text", 0))                                                   \
    X(edits, A3("key", 0, "field", 0, "text", 0))                                                  \
    X(deletes, A1("key", 0))                                                                       \
    X(keeps, A1("key", 0))                                                                         \
    X(imports, A2("rows", 1, "edition", 0))                                                        \
    X(settles, A2("nth", 0, "text", 0))                                                            \
    X(looks, A1("key", 0))                                                                         \
    X(counts, A0)                                                                                  \
    /* lines; see wire.c */                                                                        \
    X(meets, {{"WITH", 0},                                                                         \
              {"for", 1000},                                                                       \
              {"bye", 0},                                                                          \
              {"latency", 1},                                                                      \
              {"rate", 0},                                                                         \
              {"lump", 1},                                                                         \
              {"chunk", 65536},                                                                    \
              {"cut", 0},                                                                          \
              {"of", 0},                                                                           \
              {"dumb", 0},                                                                         \
              {"late", 0}})                                                                        \
    /* what befalls a machine; see fate.c */                                                       \
    X(crashes, A3("batch", 0, "for", 0, "draw", 0))                                                \
    X(power_fails, {{"after", 1}, {"done", 0}, {"for", 0}, {"draw", 0}})                           \
    X(disk_fails, A3("after", 1, "kind", 1, "done", 0))                                            \
    X(disk_mends, A0)                                                                              \
    X(reads_fail, A1("after", 1))                                                                  \
    X(memory_ends, A1("after", 1))                                                                 \
    X(sleeps, A1("for", 1000))                                                                     \
    X(copies, A3("TO", 0, "alike", 0, "image", 0))                                                 \
    X(backs_up, A1("image", 0))                                                                    \
    X(restores, A0)                                                                                \
    X(clock, A3("by", 0, "drift", 0, "frozen", 0))                                                 \
    X(turns_bad, A1("how", 0)) /* for good, by a strategy of bad.c */

enum story_verb {
#define X(name, ...) STORY_##name,
    STORY_VERBS(X)
#undef X
    STORY_VERB_COUNT
};

struct story_act {
    uint64_t at_ms; /* of virtual time, from the founding's day */
    enum story_verb verb;
    uint32_t who;                 /* a machine's number */
    int64_t args[STORY_ARGS_MAX]; /* as the verb's row in the table has them */
};

struct story {
    uint64_t dice; /* what the machines draw as random bytes */
    uint32_t core; /* bits of machines, the first 32, that are there in the quiet time; 0 = all */
    struct story_act *acts; /* owned; in order of time */
    size_t count;
    size_t room;
    char *head;     /* owned: its comments, NULL when there are none */
    char *expected; /* owned: the lines after ">", NULL when there are none */
};

void story_close(struct story *story); /* twice is harmless */
/* The act with simplest arguments; stands until the next add. */
struct story_act *story_add(struct story *story, uint64_t at_ms, uint32_t who,
                            enum story_verb verb);
/* Into order of time; acts of one time stay as they were added. */
void story_sort(struct story *story);
void story_copy(const struct story *from, struct story *to);

void story_write(const struct story *story, FILE *out);
/* 0, or the number of the line that does not read. */
unsigned story_read(struct story *story, FILE *in);

const char *story_verb_name(enum story_verb verb);
/* A verb's argument: its name (NULL past the last), simplest value, and is it a machine? */
const char *story_arg(enum story_verb verb, size_t arg, int64_t *least, bool *is_machine);
/* "Ani", "Budi", ... "Ani2"; in one of a few buffers that take turns. */
const char *story_name(uint32_t machine);
/* "day 3 07:00:00.250"; the same. */
const char *story_time(uint64_t at_ms);

#endif
