/*
 * disk_i.h - what the parts of the disk share: files, images, the counting of operations.
 *
 *   disk.c          names and small files, copies
 *   disk_store.c    core/store.h: files as stores
 *   disk_txn.c      core/store.h: transactions over a file's newest image
 *   disk_trouble.c  the fuse, the power, rot
 */
#ifndef LUM_TESTS_DISK_DISK_I_H
#define LUM_TESTS_DISK_DISK_I_H

#include "core/store.h"
#include "tests/disk/disk.h"
#include "tests/disk/tree.h"

enum {
    DISK_TABLES_MAX = 32,
    DISK_NAME = 64, /* of a table */
    DISK_PAGE = 4096,
};

/* Which tables a store has: said once, when it is made. */
struct shape {
    uint32_t refs;
    uint32_t count;
    char names[DISK_TABLES_MAX][DISK_NAME];
};

/* All rows of a store at one moment. Changed only while one write transaction alone has it. */
struct image {
    uint32_t refs;
    struct shape *shape;
    struct tree trees[]; /* shape->count */
};

/* Bytes of a small file; never changed. */
struct text {
    uint32_t refs;
    size_t len;
    uint8_t at[];
};

struct file {
    uint32_t refs; /* a name, a grave, an open store */
    uint64_t inode;
    uint64_t changed;
    struct text *text;  /* of a small file, or of an empty one; NULL: a store */
    struct image *now;  /* of a store; NULL: it is none any more */
    struct image *sure; /* what a power cut leaves at least; NULL: of a scratch file, nothing */
    bool is_loose;      /* between sure and now nothing was written in order */
    struct image *kept[DISK_KEPT]; /* before now, newest first; NULL after the last */
    uint64_t bytes;                /* of a store: it never shrinks */
    struct lum_store *open;
};

struct entry {
    char *name;
    struct file *file;
};
struct entries {
    struct entry *at;
    uint32_t count;
    uint32_t room;
};

struct disk {
    uint32_t number;
    char path[DISK_PATH];
    struct entries files;
    struct entries graves; /* removed, but the folder is not durable yet */
    uint64_t ticks;        /* inodes and times of change */
    uint64_t operations;
    uint64_t fuse; /* operations left; 0: none */
    enum disk_trouble trouble;
    bool is_done;
    bool is_cut;
    bool is_failing;
    bool is_full;
    uint64_t look_fuse; /* looks left; 0: none */
};

struct lum_txn {
    struct lum_store *store;
    struct image *image; /* NULL: none is open */
    bool is_write;
    bool is_dirty;
    bool is_broken;   /* the map was full */
    bool is_damaged;  /* a scan or a change met a page that cannot be read */
    uint64_t version; /* counts changes */
    uint64_t weight;  /* bytes of all rows */
    uint8_t **lent;   /* copies that were handed out */
    size_t lent_count;
    size_t lent_room;
};

struct lum_store {
    struct disk *disk; /* NULL: its machine is gone */
    struct file *file;
    char *path;
    enum lum_durability durability;
    bool is_read_only;
    uint32_t format;
    uint32_t table_count;
    uint32_t tables[DISK_TABLES_MAX]; /* where each is in the image */
    uint64_t map_bytes;
    struct lum_txn writer;
    enum lum_cause trouble;
    bool is_dead;
    uint64_t damage;
};

/* ---- disk.c ---- */

/* The disk that a path leads to, and the name there; a path that leads to none is our bug. */
struct disk *disk__find(const char *path, const char **name);
struct entry *disk__entry(struct entries *entries, const char *name); /* NULL: none */
struct file *disk__file(struct disk *disk, const char *name);         /* NULL: none */
/* Takes the name over from what had it; counts the file. */
void disk__name(struct disk *disk, const char *name, struct file *file);
void disk__unname(struct entries *entries, struct entry *entry);
/* Names written so far are durable. */
void disk__bury(struct disk *disk);
struct file *disk__file_make(struct disk *disk);
void disk__file_drop(struct file *file); /* NULL is fine */
struct text *disk__text_make(struct lum_bytes bytes);
struct text *disk__text_share(struct text *text); /* NULL is fine, below too */
void disk__text_drop(struct text *text);
struct image *disk__image_share(struct image *image);
void disk__image_drop(struct image *image);
struct image *disk__image_copy(const struct image *image);       /* to be changed */
void disk__image_set(struct image **place, struct image *image); /* shared */
void *disk__must(void *memory);

/* ---- disk_trouble.c ---- */

/* How one operation went: cause none, or why it failed, perhaps after it was done. */
struct disk_outcome {
    enum lum_cause cause;
    bool is_done;
};
struct disk_outcome disk__operate(struct disk *disk, bool needs_room);
/* True when this look at the store fails. */
bool disk__look_fails(struct lum_store *store);
/* Something was removed. */
void disk__gain_room(struct disk *disk);

/* ---- disk_store.c ---- */

enum lum_status disk__refuse_dead(const struct lum_store *store, struct lum_error *err);
/* The image is the newest; or the store tells why it cannot be. */
enum lum_status disk__commit(struct lum_store *store, struct image *image, struct lum_error *err);
/* The store goes on alone: its machine is gone. */
void disk__store_part(struct lum_store *store);
bool disk__store_writes(const struct lum_store *store);

#endif
