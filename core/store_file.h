/*
 * store_file.h - the file under a store, without LMDB: is it whole, is it durable, is there room.
 *
 * LMDB trusts its file: a text file in its place is told as an errno at best, a page past the end
 * of a truncated one ends the process with SIGBUS, a damaged page with SIGSEGV or an assertion. So
 * the file is read with pread first.
 */
#ifndef LUM_CORE_STORE_FILE_H
#define LUM_CORE_STORE_FILE_H

#include <string.h>

#include "core/status.h"

/*
 * OK        a file of LMDB's form, its newest state is the newest, and its trees hold: see
 *           core/store_walk.h. `always`: they are walked whatever their size; else only those of a
 *           file of up to 64 MiB, or of one that is shorter than it says
 * NOT_FOUND there is no file, or an empty one, or one whose making was cut short (cause no_store):
 *           nothing was ever saved there
 * else      the told error: store_not_ours, store_newer, store_damaged, no_permission, disk_error
 */
LUM_MUST_USE enum lum_status lum_store_file_probe(const char *path, bool always,
                                                  struct lum_error *err);

/* The same before LMDB opens it: where one may be made, none is OK, and what a making cut short
 * left, which LMDB would refuse, is taken away. */
LUM_MUST_USE enum lum_status lum_store_file_ready(const char *path, bool always, bool create,
                                                  struct lum_error *err);

/* All of these bytes: 0; an errno when the disk does not give them; -1: the file is too short. */
LUM_MUST_USE int lum_store_file_read(int fd, uint64_t offset, uint8_t *out, size_t len);

/* These give 0 or an errno. finish: what was made is closed and durable; or removed, when `code`
 * says that something failed before, or this does. */
int lum_store_file_make(const char *path, int *fd); /* new, 0600, open for writing */
int lum_store_file_finish(const char *path, int fd, int code);
int lum_store_file_sync_folder(const char *path); /* of that file */

/* False when the store's lock file is still to be made and there is no room for it: it is mapped,
 * and touching it would end the process (SIGBUS). */
bool lum_store_file_has_room(const char *path);

/* The cause of an errno. EIO on a full disk, or of a file at its limit, is disk_full: that is how
 * LMDB tells it. */
enum lum_cause lum_store_file_cause(const char *path, int code);

/* What LMDB wrote stands in this machine's order of bytes, and at any address. */
static inline size_t lum_store_file_word(const uint8_t *at)
{
    size_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static inline uint32_t lum_store_file_u32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static inline uint16_t lum_store_file_u16(const uint8_t *at)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

#endif
