/*
 * vectors.h - reads test vectors: our own from tests/vector, public ones from ../shared/vectors.
 */
#ifndef LUM_TESTS_LIB_VECTORS_H
#define LUM_TESTS_LIB_VECTORS_H

#include <jansson.h>

#include "core/lum.h"
#include "core/mem.h"

/* tests/vector/NAME, parsed; the test fails when it cannot be read. Free with json_decref. */
json_t *vectors_open(const char *name);
/*
 * ../shared/vectors/NAME. Without a folder ../shared it says so on a line of its own and skips the
 * test; with one, a missing file fails the test.
 */
json_t *vectors_open_shared(const char *name);

/* The text or the number of a member; the test fails when there is none. */
const char *vectors_text(const json_t *object, const char *member);
long long vectors_number(const json_t *object, const char *member);
/* The array of a member. */
json_t *vectors_array(const json_t *object, const char *member);
/* Replaces out by the bytes a member spells in hex; `out` has been given a ceiling. */
void vectors_hex(const json_t *object, const char *member, struct lum_buf *out);
/* Replaces out by the bytes that `hex` spells. */
void vectors_unhex(const char *hex, struct lum_buf *out);
/* The member spells exactly len bytes: they are copied to out, or must equal those at `at`. */
void vectors_exact(const json_t *object, const char *member, uint8_t *out, size_t len);
void vectors_same(const json_t *object, const char *member, const void *at, size_t len);

#endif
