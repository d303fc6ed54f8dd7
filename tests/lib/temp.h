/*
 * temp.h - a folder for one test, gone afterwards.
 */
#ifndef LUM_TESTS_LIB_TEMP_H
#define LUM_TESTS_LIB_TEMP_H

#include <stddef.h>

struct temp {
    char dir[256];
};

/* Both end the program when the machine will not: a test has nothing to say about that. */
void temp_make(struct temp *out);
void temp_drop(struct temp *temp); /* with everything in it */

/* dir/name, in one of a few static buffers that take turns. */
const char *temp_path(const struct temp *temp, const char *name);
void temp_write(const struct temp *temp, const char *name, const void *bytes, size_t len);
size_t temp_read(const struct temp *temp, const char *name, void *out, size_t max);
/* Flips the bits of mask at one byte of a file. */
void temp_flip(const struct temp *temp, const char *name, size_t offset, unsigned char mask);
size_t temp_size(const struct temp *temp, const char *name);

#endif
