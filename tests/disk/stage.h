/*
 * stage.h - one machine on a disk in memory, and what fails there at the n-th time.
 *
 * Its draws and its clock are the same each time, so a story told twice ends the same. What ought
 * to hold and does not ends the test through cmocka, unless a call gives a status.
 */
#ifndef LUM_TESTS_DISK_STAGE_H
#define LUM_TESTS_DISK_STAGE_H

#include "tests/disk/disk.h"
#include "tests/lib/site.h"

struct stage {
    struct site site; /* first: env is handed it */
    struct disk *disk;
    struct lum_buf said; /* what a deed has answered */
    uint64_t operations; /* of the disk when trouble began */
    uint64_t shortages;  /* of memory, then */
    uint64_t calls_left; /* of env, before one fails; 0: none will */
};

void stage_begin(struct stage *stage); /* an empty disk, nothing open */
void stage_end(struct stage *stage);
/* `to` begins as the same machine at the same moment, nothing open. */
void stage_copy(const struct stage *from, struct stage *to);
/* From here on draws are the same as after every other call of this. */
void stage_same_draws(void);

/* Closed first when it is open. */
enum lum_status stage_open(struct stage *stage);
enum lum_status stage_settle(struct stage *stage);

/* ---- trouble ---- */

#define STAGE_TROUBLES(X)                                                                          \
    X(NO_MEMORY_ONCE, "allocation")                                                                \
    X(NO_MEMORY, "allocation and on")                                                              \
    X(NO_LOOK, "look at the disk")                                                                 \
    X(NO_CALL, "call of the machine") /* of env: files, folders, room */                           \
    X(NO_WRITE, "operation of the disk")                                                           \
    X(NO_ROOM, "operation of a disk that is full from then on")

enum trouble {
#define X(name, words) name,
    STAGE_TROUBLES(X)
#undef X
    TROUBLES,
};
const char *stage_trouble_words(enum trouble trouble);

/* The n-th from now fails. */
void stage_fail(struct stage *stage, enum trouble trouble, uint64_t n);
/* Nothing fails any more. Did something? */
bool stage_mend(struct stage *stage, enum trouble trouble, uint64_t n);
/* Does this status tell of such trouble? */
bool stage_tells(enum trouble trouble, enum lum_status status);

/* ---- what it holds ---- */

struct stage_facts {
    struct lum_hash root; /* of common; zeros while there is no genesis, or no store */
    uint64_t events;
};
/* The log verifies. */
struct stage_facts stage_facts(struct stage *stage);
bool stage_facts_equal(const struct stage_facts *a, const struct stage_facts *b);

#endif
