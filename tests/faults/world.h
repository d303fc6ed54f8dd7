/*
 * world.h - two halls that have met, and a folder in which there is nothing yet; made by commands,
 * put back as they were as often as wanted.
 *
 *   a   Siti's: a table, conflicts, a deleted row, two invites, Made waits for approval
 *   b   Made's, who joined by a's invite; has a table that a lacks
 *   c   nothing
 *
 * Beside them lie rows.csv, items.csv, rows.ndjson. What does not come about ends the program.
 */
#ifndef LUM_TESTS_FAULTS_WORLD_H
#define LUM_TESTS_FAULTS_WORLD_H

#include "tests/faults/run.h"

enum {
    WORLD_ROOM = 512,
};

struct world {
    char home[WORLD_ROOM / 4];
    char invite[WORLD_ROOM]; /* names an address of a */
    char second_invite[WORLD_ROOM];
    char address[WORLD_ROOM]; /* of who serves */
    struct kept *kept[3];     /* a, b, c */
};
extern struct world world;

void world_make(void);
void world_put_back(void);
void world_end(void);

/* A command in a folder: it must do. */
const struct run *world_must(const char *folder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* %A address, %I invite, %J the second one, %W the folder of everything. */
const char *world_words(const char *words, char out[4 * WORLD_ROOM]);
/* A string, a number of an answer in JSON; "" and 0 when it is not there. */
bool world_text(const char *json, const char *name, char out[WORLD_ROOM]);
uint64_t world_number(const char *json, const char *name);

/* serve in RUN_FAR; it is up when this returns. */
void world_serve_a(void);
void world_leave_a(void);
void world_read_address(const struct run *run); /* of a serve that has said where it listens */

#endif
