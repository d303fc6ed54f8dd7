/*
 * record.h - what real processes do to the files of one folder, and what they tell meanwhile, noted
 * in one order while it happens.
 *
 * Noted by tests/faults/door.h, so LMDB's calls are seen as well; each after it came well. What is
 * not seen, and need not be: LMDB's lock files are written through memory, and mean nothing after
 * a start of the machine. Files are known by their inode, so the folder lies on a tmpfs, which
 * gives no number twice.
 */
#ifndef LUM_TESTS_CRASH_RECORD_H
#define LUM_TESTS_CRASH_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum record_type {
    RECORD_OPEN,   /* `path` names the file `inode`; it may be new */
    RECORD_WRITE,  /* len bytes at `place` */
    RECORD_SIZE,   /* the file has `place` bytes */
    RECORD_SYNC,   /* of the file */
    RECORD_FOLDER, /* of the names in the folder `path` */
    RECORD_RENAME, /* of the file `inode`, from path to `to` */
    RECORD_UNLINK,
    RECORD_SAID, /* a command told something: its number stands in `place` */
    RECORD_END,  /* a command ended, and well */
};

/* Paths are relative to the recorded folder, "" itself. */
struct record_op {
    uint32_t type;
    uint32_t len;    /* of bytes */
    bool is_durable; /* a write through O_DSYNC: synced by itself, alone */
    uint64_t inode;
    int64_t ctime_ns; /* after an open and a rename */
    uint64_t place;
    const char *path;
    const char *to;
    const uint8_t *bytes;
};

struct record; /* shared with the processes that are forked after it was opened */
struct record *record_open(size_t bytes_max);
void record_close(struct record *record);
void record_clear(struct record *record);

/* What this process, and whatever it forks, does below `dir` from now on, as command `number`.
 * NULL: no more. Text on standard output is noted as said before it leaves. */
void record_begin(struct record *record, const char *dir, uint32_t number);
void record_said(void); /* by this process, if it is recorded, without a word */
void record_end(struct record *record, uint32_t number);

/* Walks them in their order. False at the end. */
struct record_walk {
    const struct record *record;
    size_t at;
};
bool record_next(struct record_walk *walk, struct record_op *out);

#endif
