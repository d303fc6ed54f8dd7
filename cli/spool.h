/*
 * spool.h - what a person gave to read, in a form that can be read twice.
 *
 * A file is used as it is. Standard input, a pipe or a device is copied first into a file without a
 * name, which goes with the process: in TMPDIR, else in /var/tmp, which is on a disk where /tmp may
 * not be.
 */
#ifndef LUM_CLI_SPOOL_H
#define LUM_CLI_SPOOL_H

#include <signal.h>

#include "core/lum.h"
#include "core/status.h"

struct lum_spool {
    int fd;
    const char *name; /* for messages: the path, or "-" */
    uint64_t size;
};

/* path "-" is standard input; it outlives the spool. no_file, no_permission, disk_error, disk_full,
 * STOPPED when *stop was set while waiting. */
LUM_MUST_USE enum lum_status lum_spool_open(const char *path, const volatile sig_atomic_t *stop,
                                            struct lum_spool *out, struct lum_error *err);
void lum_spool_close(struct lum_spool *spool);
/* Reading goes on at byte `to`; where it stood comes out, unless from is NULL. */
LUM_MUST_USE enum lum_status lum_spool_move(const struct lum_spool *spool, uint64_t to,
                                            uint64_t *from, struct lum_error *err);
/* BLAKE2b-256 of all of it; the place in the file stays. */
LUM_MUST_USE enum lum_status lum_spool_hash(const struct lum_spool *spool, uint8_t out[32],
                                            struct lum_error *err);
/* The first byte that is no blank and no byte order mark; 0 for none. */
uint8_t lum_spool_first(const struct lum_spool *spool);

/* An empty file without a name, to write to and read back; its folder is what messages name. */
LUM_MUST_USE enum lum_status lum_spool_scratch(int *fd, struct lum_error *err);
const char *lum_spool_folder(void);
/* disk_full, disk_error. */
LUM_MUST_USE enum lum_status lum_spool_append(int scratch, struct lum_bytes bytes,
                                              struct lum_error *err);
/* Exactly len bytes from `at` on. */
LUM_MUST_USE enum lum_status lum_spool_read(int scratch, uint64_t at, uint8_t *out, size_t len,
                                            struct lum_error *err);

#endif
