/*
 * twin.h - one case of the disk beside LMDB: both stores, the transactions and scans that are open
 * on both, and how their answers are compared.
 */
#ifndef LUM_TESTS_DISK_TWIN_H
#define LUM_TESTS_DISK_TWIN_H

#include <stdio.h>

#include "tests/disk/disk.h"
#include "tests/disk/door.h"
#include "tests/lib/temp.h"

enum {
    META,
    FEW,
    MANY,
    TABLE_COUNT
};

enum {
    LMDB,
    DISK,
    SIDES
};

enum {
    READERS = 3,
    SCANS = 3,
    KEY_ROOM = 511,
};

struct txn {
    struct lum_txn *on[SIDES]; /* NULL: not open */
};

struct scan {
    struct lum_scan on[SIDES];
    struct txn *txn; /* NULL: not open */
    uint32_t table;
    bool goes_on;     /* next may be asked */
    bool row_is_gone; /* on which it stands */
    uint8_t key[KEY_ROOM];
    size_t key_len;
};

struct twin {
    struct choice *choice;
    FILE *story; /* or NULL */
    bool differs;
    struct temp temp;
    struct disk *disk;
    struct lum_store *store[SIDES];
    enum lum_durability durability;
    bool is_read_only;
    uint32_t copies;
    char name[16];
    struct txn writer;
    struct txn readers[READERS];
    struct scan scans[SCANS];
    uint32_t stamp; /* so that each value is another */
};

extern const struct door *const twin_doors[SIDES];
extern const char *const twin_tables[TABLE_COUNT];

void twin_begin(struct twin *p, struct choice *choice, FILE *story);
void twin_end(struct twin *p);
uint32_t twin_draw(struct twin *p, uint32_t below);
void twin_say(struct twin *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What is not the same makes the case differ, and is said. */
void twin_same(struct twin *p, const char *what, uint64_t lmdb, uint64_t disk);
void twin_same_bytes(struct twin *p, const char *what, const struct lum_bytes bytes[SIDES]);
/* True when both are OK. err may be NULL. */
bool twin_both(struct twin *p, const enum lum_status status[SIDES],
               const struct lum_error err[SIDES]);
/* LMDB may take more, by far: a row that shrinks keeps its pages, old snapshots theirs. */
void twin_not_far_above(struct twin *p, const char *what, uint64_t lmdb, uint64_t disk);

void twin_open(struct twin *p);
/* Something that does not open, or opens otherwise; then as usual again. */
void twin_reopen(struct twin *p);
/* The same rows in another file, which goes on in its place. */
void twin_copy(struct twin *p);
void twin_sync(struct twin *p);

struct txn *twin_txn(struct twin *p); /* some open one, or NULL */
void twin_begin_write(struct twin *p);
void twin_begin_read(struct twin *p, struct txn *txn);
/* Begins what is not open, ends what is. */
void twin_turn_txn(struct twin *p);
void twin_end_txn(struct twin *p, struct txn *txn);
void twin_end_scan(struct scan *scan);

#endif
