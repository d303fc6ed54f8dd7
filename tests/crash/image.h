/*
 * image.h - the files of one machine, in memory, and put down into a folder.
 */
#ifndef LUM_TESTS_CRASH_IMAGE_H
#define LUM_TESTS_CRASH_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/env.h"

enum {
    IMAGE_FILES = 24,
    IMAGE_PATH = 64,
};

struct image_file {
    char path[IMAGE_PATH]; /* "a/log.mdb" */
    uint64_t inode;        /* where it was put down last */
    /* What Lumbung takes it for: an image is the same disk, no copy of it (core/home.h). */
    struct lum_file_identity known_as;
    uint8_t *bytes; /* the first `len`; beyond them zeros */
    size_t len;
    size_t room; /* of bytes, when they are owned */
    uint64_t size;
};

struct image {
    struct image_file files[IMAGE_FILES];
    size_t count;
};

void image_free(struct image *image); /* and all bytes in it */
/* What lies in dir below paths that begin with that letter; each byte is copied. */
void image_read(struct image *out, const char *dir, char machine);
/* Removes what image_put has put there before, and puts the files down; fills in their inodes. */
void image_put(struct image *image, const char *dir);
struct image_file *image_find(struct image *image, const char *path); /* NULL */
/* Equal hash, equal disk: names, sizes, bytes, and what they are known as. */
void image_hash(const struct image *image, struct lum_hash *out);
/* The first file that differs; LMDB's lock files are not compared. NULL: none. */
const char *image_differs(const struct image *a, const struct image *b);

/* Makes room for bytes up to `end`, zeros where there were none. */
void image_grow(struct image_file *file, uint64_t end);

#endif
