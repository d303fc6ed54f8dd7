/*
 * cache.h - what a disk may hold when the power goes: all that was synced, and of what was done
 * since then any part.
 *
 *   a write     whole, none of it, some of its sectors of 512 bytes, or the file as long as it
 *               would be with other bytes in it
 *   a size      done or not
 *   a name      done or not (created, renamed, removed), each by itself until its folder is synced;
 *               a rename is whole or not at all. That is less than common file systems promise
 *
 * A sync of a file covers its bytes and its size, not its name; a write through O_DSYNC covers
 * itself and what is pending on the same pages.
 */
#ifndef LUM_TESTS_CRASH_CACHE_H
#define LUM_TESTS_CRASH_CACHE_H

#include "tests/crash/image.h"
#include "tests/crash/record.h"

/* What became of a pending change. Of a size and a name: LOST, and anything else is DONE. */
enum fate {
    FATE_LOST,
    FATE_DONE,
    FATE_TORN_OFF, /* its first sectors */
    FATE_TORN,     /* any of its sectors */
    FATE_GROWN,    /* its length */
    FATES
};

struct cache;
/* Of the files whose paths begin with that letter. lies: the syncs of log.mdb do nothing. */
struct cache *cache_open(char machine, bool lies);
void cache_close(struct cache *cache);
/* These lie there from the beginning, durable. */
void cache_load(struct cache *cache, const struct image *image);

/* What op does; false when that is nothing here. A write through O_DSYNC is pending after it, until
 * cache_settle. */
bool cache_take(struct cache *cache, const struct record_op *op);
/* Ends the write through O_DSYNC that was taken last; false when there is none. */
bool cache_settle(struct cache *cache);

size_t cache_pending(const struct cache *cache); /* changes that are */
bool cache_has_lied(
    const struct cache *cache); /* some are, of log.mdb, that were synced or will be */
/* One of the disks that may be found: fates[i] is of pending change i, in their order; seed says
 * which sectors. Stands until the next call. */
const struct image *cache_image(struct cache *cache, const uint8_t *fates, uint64_t seed);

#endif
