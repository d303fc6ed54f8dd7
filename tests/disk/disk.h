/*
 * disk.h - a disk in memory: small files, and stores behind core/store.h, that keep what a disk
 * keeps when the power goes.
 *
 *   disk:3/log.mdb     a store: tables of rows in trees that share what did not change (tree.h), so
 *                      that a snapshot, a copy and an older image each cost a few pointers
 *   disk:3/seed.node   a small file: its bytes
 *
 * A program whose objects define the functions of core/store.h (disk_store.c) never pulls the ones
 * of core/store.c out of the archive: the product knows nothing of this. A path leads to its disk
 * by itself, so there may be thousands. What a disk gives depends on nothing but the calls made on
 * it: no clock, no address, no other disk but those it was copied with.
 *
 * What LMDB does and this does not: pages. There is no map, so none that ends in a truncated file;
 * rot hits rows, not the tree above them; no long reader makes a file grow. The
 * number of pages is reckoned from the rows. No memory is no case here: it ends the program.
 * One thread at a time may use all of this.
 */
#ifndef LUM_TESTS_DISK_DISK_H
#define LUM_TESTS_DISK_DISK_H

#include "core/env.h"
#include "tests/prop/choice.h"

enum {
    DISK_KEPT = 4, /* older images of each store */
    DISK_PATH = 24,
};

struct disk;

/* An empty one that works. Its number is the least one that is free. */
struct disk *disk_open(void);
/* All stores on it are closed. NULL is fine. */
void disk_close(struct disk *disk);
/* "disk:3", a folder that is there; borrowed until disk_close. */
const char *disk_path(const struct disk *disk);
/* Puts the functions for files and folders into env; they look at the path, never at self. */
void disk_env(struct lum_env *env);

/* ---- power ---- */

/*
 * The order of a crash: the power is cut (here, or by a fuse), the process closes what it has
 * open, none of which reaches the disk any more, and the disk comes back with what it kept:
 *
 *   small file   written whole or as before; a file that was removed may be there again, until
 *                another write, rename or making of a file has made its folder durable
 *   DURABLE      all that was committed
 *   DERIVED      that, or all but the newest commit: its meta page waits for the next one
 *   SCRATCH      since lum_store_sync: all of it, an older image, an empty file, or one that is no
 *                store; under whatever name it stands by then
 *
 * Draws come from `choice`; where all are 0, and when it is NULL, all is there. What is still open
 * reads on what it had and writes nowhere; it may be closed later.
 */
void disk_cut(struct disk *disk);
void disk_crash(struct disk *disk, struct choice *choice);
/* Power was cut: whatever this machine says from now on it never said. */
bool disk_is_cut(const struct disk *disk);

/* ---- operations that fail ---- */

enum disk_trouble {
    DISK_POWER,    /* as disk_cut at that operation */
    DISK_EIO_ONCE, /* it alone fails. A store is dead then, as core/store.h says, until reopened */
    DISK_EIO,      /* it and all later ones, until the fuse is set anew */
    DISK_NO_ROOM,  /* disk_full, for all that need room, until a file is removed or replaced by
                    * rename, or the fuse is set anew */
};
/*
 * The n-th operation from now (1 = the next) is in trouble; 0 takes fuse and trouble away (not a
 * cut). An operation is what waits for the disk: a commit that changed something, the making of a
 * store, lum_store_sync, lum_store_copy, file_write, file_rename, file_remove of what is there.
 * `is_done`: under DISK_POWER and DISK_EIO it fails only after it has reached the disk.
 */
void disk_fuse(struct disk *disk, uint64_t n, enum disk_trouble trouble, bool is_done);
uint64_t disk_operations(const struct disk *disk); /* so far; what a fuse counts */
/*
 * The n-th look from now fails as a page does that cannot be read: a transaction begins, a row is
 * got, put or deleted, a scan is opened or moved. But for a get, which fails alone, the transaction
 * it befell is of no more use. 0: none will. Gives how many were left.
 */
uint64_t disk_fuse_look(struct disk *disk, uint64_t n);

/* ---- copies ---- */

/* `to` holds what `from` holds, nothing else, and works; nothing is open on it. A few pointers a
 * file. Commits that are not sure on `from` are as little sure on `to`. */
enum disk_copy {
    DISK_FILES, /* by a program: other inodes and change times, than any that either disk had */
    DISK_IMAGE, /* block by block: nothing tells the copy from what it was made of */
};
void disk_copy(const struct disk *from, struct disk *to, enum disk_copy how);

/* ---- damage ---- */

/* For names as "view.mdb". False, and nothing happens, where there is no such thing. No write
 * transaction is open; open snapshots stay as they are, and so do older images and copies. */
bool disk_set_back(struct disk *disk, const char *name, uint32_t commits); /* 1 .. DISK_KEPT */
uint64_t disk_rows(const struct disk *disk, const char *name, uint32_t table);
/* The bits of mask at byte `at` of the value, counted around; row counts from 0 by key. */
bool disk_rot_row(struct disk *disk, const char *name, uint32_t table, uint64_t row, size_t at,
                  uint8_t mask);
bool disk_lose_row(struct disk *disk, const char *name, uint32_t table, uint64_t row);
bool disk_rot_file(struct disk *disk, const char *name, size_t at, uint8_t mask);

#endif
