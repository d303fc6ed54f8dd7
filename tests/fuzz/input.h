/*
 * input.h - an input as a row of choices, and blocks whose end the sanitizer watches.
 *
 * A choice past the end of the input is 0, so that every prefix of an input is one too and the
 * shortest input is the plainest case.
 */
#ifndef LUM_TESTS_FUZZ_INPUT_H
#define LUM_TESTS_FUZZ_INPUT_H

#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "core/lum.h"
#include "core/mem.h"
#include "tests/fuzz/fuzz.h"

struct input {
    const uint8_t *at;
    size_t left;
};

static inline struct input input_over(const uint8_t *data, size_t size)
{
    LUM_ASSERT(lum_crypto_init() == LUM_OK);
    return (struct input){data, size};
}

static inline uint8_t input_byte(struct input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

/* Big-endian, of 1 to 8 bytes. */
static inline uint64_t input_number(struct input *in, unsigned bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < bytes; i++) {
        number = number << 8 | input_byte(in);
    }
    return number;
}

static inline bool input_flag(struct input *in)
{
    return (input_byte(in) & 1) != 0;
}

/* At most len bytes, fewer where the input ends. They are borrowed from the input. */
static inline struct lum_bytes input_bytes(struct input *in, size_t len)
{
    struct lum_bytes taken = {in->at, len < in->left ? len : in->left};
    in->at += taken.len;
    in->left -= taken.len;
    return taken;
}

static inline struct lum_bytes input_rest(struct input *in)
{
    return input_bytes(in, in->left);
}

/* A copy in a heap block of exactly its size: a read past it is seen. Free with block_free. */
static inline struct lum_bytes block_of(struct lum_bytes bytes)
{
    uint8_t *block = malloc(bytes.len + (bytes.len == 0));
    LUM_ASSERT(block != NULL);
    if (bytes.len > 0) {
        memcpy(block, bytes.at, bytes.len);
    }
    return (struct lum_bytes){block, bytes.len};
}

static inline uint8_t *block_bytes(struct lum_bytes block)
{
    return (uint8_t *)(uintptr_t)block.at;
}

static inline void block_free(struct lum_bytes block)
{
    free(block_bytes(block));
}

/*
 * Some inputs are done once more while memory ends: from the n-th allocation on there is none. The
 * number is the input's last byte; 0: this input is not one of them.
 */
static inline uint64_t memory_of(const uint8_t *data, size_t size)
{
    return size == 0 || data[size - 1] >= 24 ? 0 : data[size - 1];
}

static inline void memory_end(uint64_t n)
{
    lum_mem_fail_after(n, true);
}

static inline void memory_back(void)
{
    lum_mem_fail_after(0, false);
}

#endif
