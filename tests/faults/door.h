/*
 * door.h - stands between this program and libc: counts calls of the kinds it is told, and makes
 * one of them, or all from that one on, go wrong; or tells of those that change a file.
 *
 * It is linked into the program that runs commands (run.h), in front of libc, so LMDB, libuv, zstd
 * and libsodium call it as well. Memory: every malloc of the process; under a sanitizer, which has
 * a malloc of its own, those of core/mem.c, through which jansson and libuv go too. What stdio
 * writes for itself is not seen.
 */
#ifndef LUM_TESTS_FAULTS_DOOR_H
#define LUM_TESTS_FAULTS_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct iovec;

/* Bits of a mask. */
enum door_call {
    DOOR_MEMORY = 1 << 0,
    DOOR_OPEN = 1 << 1,
    DOOR_READ = 1 << 2, /* and accept, connect, pread */
    DOOR_WRITE = 1 << 3,
    DOOR_SYNC = 1 << 4,
    DOOR_NAME = 1 << 5, /* rename, unlink, mkdir */
    DOOR_SIZE = 1 << 6, /* ftruncate */
    DOOR_MAP = 1 << 7,
    DOOR_SOCKET = 1 << 8, /* connect, accept, socket, bind, listen */
};

enum door_deed {
    DOOR_COUNTS, /* nothing goes wrong */
    DOOR_FAILS,  /* with `error` */
    DOOR_SHORT,  /* half of the bytes */
    DOOR_KILLS,  /* the process, before the call */
    DOOR_KILLS_AFTER,
};

struct door_plan {
    uint32_t calls; /* the mask of what is counted */
    uint64_t nth;   /* from 1 */
    bool for_ever;
    enum door_deed deed;
    int error;
};

/* From now on, in this process. What is counted is seen by the process that forked it. */
void door_arm(const struct door_plan *plan);
uint64_t door_seen(void);     /* calls since door_reset */
bool door_went_wrong(void);   /* the plan came to pass */
const char *door_where(void); /* the last call that did: its name and its file's */
/* In the parent: before each child. */
void door_reset(void);

/* A call of one of these kinds that came well: DOOR_OPEN, WRITE, SYNC, NAME (but mkdir), SIZE. */
struct door_event {
    enum door_call call;
    int fd;           /* of a name: -1 */
    const char *path; /* opened, unlinked, renamed from */
    const char *to;   /* renamed to; else NULL */
    const struct iovec *parts;
    int count;   /* of parts; the first `done` bytes of them were written */
    off_t place; /* of a write; -1: where the file stood. Of a size: the new one, at least */
    size_t done;
};

/* From now on, in this process: told of each, after it. NULL: no more. */
void door_watch(void (*watch)(const struct door_event *event));

#endif
