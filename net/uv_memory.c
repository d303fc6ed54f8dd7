/*
 * uv_memory.c - see uv_memory.h.
 *
 *   each block   length | what libuv asked for
 *
 * What is set aside is given once, from front to back, and does not come back: the list doubles,
 * so there is room for all its sizes up to 4,096 files.
 */
#include "net/uv_memory.h"

#include <stdatomic.h>
#include <string.h>

#include <uv.h>

#include "core/mem.h"

enum {
    HEAD = _Alignof(max_align_t),
    ASIDE_BYTES = 80 * 1024,
};

static _Alignas(max_align_t) uint8_t aside[ASIDE_BYTES];
static atomic_size_t aside_used;

static uint8_t *take_aside(size_t size)
{
    size_t need = (size + HEAD - 1) / HEAD * HEAD;
    size_t at = size > sizeof aside ? sizeof aside : atomic_fetch_add(&aside_used, need);
    return at < sizeof aside && need <= sizeof aside - at ? aside + at : NULL;
}

static bool is_aside(const uint8_t *block)
{
    return (uintptr_t)block - (uintptr_t)aside < sizeof aside;
}

static void *hand_out(uint8_t *block, size_t size)
{
    if (block == NULL) {
        return NULL;
    }
    memcpy(block, &size, sizeof size);
    return block + HEAD;
}

static void *take(size_t size)
{
    return size > SIZE_MAX - HEAD ? NULL : hand_out(lum_alloc(HEAD + size), size);
}

static void *take_zero(size_t count, size_t size)
{
    if (size != 0 && count > (SIZE_MAX - HEAD) / size) {
        return NULL;
    }
    return hand_out(lum_alloc_zero(HEAD + count * size), count * size);
}

static void give_back(void *memory)
{
    if (memory != NULL && !is_aside((uint8_t *)memory - HEAD)) {
        lum_free((uint8_t *)memory - HEAD);
    }
}

static void *take_again(void *memory, size_t size)
{
    size_t before = 0;
    uint8_t *grown;

    if (size > SIZE_MAX - HEAD) {
        return NULL;
    }
    grown = lum_alloc(HEAD + size);
    grown = grown == NULL ? take_aside(HEAD + size) : grown;
    if (grown == NULL) {
        return NULL;
    }
    if (memory != NULL) {
        memcpy(&before, (uint8_t *)memory - HEAD, sizeof before);
        memcpy(grown + HEAD, memory, before < size ? before : size);
        give_back(memory);
    }
    return hand_out(grown, size);
}

void lum_uv_memory_use(void)
{
    (void)uv_replace_allocator(take, take_again, take_zero, give_back);
}
