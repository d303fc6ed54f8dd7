/*
 * home.h - a store knows where it lives, so that a copy or a restored backup never continues a log.
 *
 * The note `home` beside the store names the machine, and the inodes and change time of files that
 * are written once. A copied folder has other inodes; files written back over the old ones keep
 * their inode but get a new change time, which no user program can set. A different note, an
 * unreadable one, or a neighbour that knows more of our own log than we do means doubt: the
 * device then opens a new incarnation (core/author.c). Doubt without a copy costs one more log.
 *
 *   note = [1, machine id 32, inode of log.mdb, inode of seed.node, ctime ns of seed.node,
 *           incarnation 8, doubt bool]
 */
#ifndef LUM_CORE_HOME_H
#define LUM_CORE_HOME_H

#include "core/env.h"

struct lum_home {
    uint8_t incarnation[8]; /* of the logs this device continues */
    bool in_doubt;          /* the next own event opens a new incarnation */
};

/* Reads dir/home and compares. No note, one that does not read, or one of another place is doubt
 * (then OK with in_doubt); a status only when the machine refuses to tell. */
LUM_MUST_USE enum lum_status lum_home_read(const struct lum_env *env, const char *dir,
                                           struct lum_home *out, struct lum_error *err);
/* Writes the note for this place, durably: before the first event of an incarnation is made. */
LUM_MUST_USE enum lum_status lum_home_write(const struct lum_env *env, const char *dir,
                                            const struct lum_home *home, struct lum_error *err);
/* Writes a note of no place, durably: whatever store comes to lie here is in doubt. (Without one an
 * inode that the system gives out again could pass for the old place.) */
LUM_MUST_USE enum lum_status lum_home_forget(const struct lum_env *env, const char *dir,
                                             struct lum_error *err);

#endif
