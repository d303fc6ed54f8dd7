/*
 * mem.c - the only caller of malloc; buffers; arenas; comparing borrowed bytes.
 *
 * Planned failure: one atomic word, so that the check on an ordinary run is one relaxed load.
 *   0               off
 *   n               the n-th allocation from now fails, then off
 *   STICKY | n      the n-th and all later ones fail (the count stops at 1)
 * An arena is a list of blocks that only grows; those in front of `now` are full, those behind it
 * are empty and wait for the next need.
 */
#include "core/mem.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define STICKY (UINT64_C(1) << 63)

enum {
    BUF_ROOM_MIN = 64,
    ARENA_BLOCK_MIN = 4 * 1024,
    ARENA_BLOCK_MAX = 1024 * 1024, /* blocks double up to here; a larger need gets its own */
};

struct lum_arena_block {
    struct lum_arena_block *next;
    size_t size;
    size_t used;
    _Alignas(max_align_t) uint8_t bytes[];
};

static _Atomic uint64_t planned;
static _Atomic uint64_t shortages;

static bool fails_as_planned(void)
{
    uint64_t plan = atomic_load_explicit(&planned, memory_order_relaxed);
    uint64_t count = 0;
    uint64_t next = 0;
    if (plan == 0) {
        return false;
    }
    do {
        count = plan & ~STICKY;
        next = plan == (STICKY | 1) ? plan : plan - 1;
    } while (plan != 0 && !atomic_compare_exchange_weak_explicit(
                              &planned, &plan, next, memory_order_relaxed, memory_order_relaxed));
    return count == 1 && plan != 0;
}

static void *counted(void *memory)
{
    if (memory == NULL) {
        atomic_fetch_add_explicit(&shortages, 1, memory_order_relaxed);
    }
    return memory;
}

void *lum_alloc(size_t size)
{
    return counted(fails_as_planned() ? NULL : malloc(size == 0 ? 1 : size));
}

void *lum_alloc_zero(size_t size)
{
    return counted(fails_as_planned() ? NULL : calloc(1, size == 0 ? 1 : size));
}

void *lum_realloc(void *old, size_t size)
{
    return counted(fails_as_planned() ? NULL : realloc(old, size == 0 ? 1 : size));
}

uint64_t lum_mem_shortages(void)
{
    return atomic_load_explicit(&shortages, memory_order_relaxed);
}

void lum_free(void *memory)
{
    free(memory);
}

uint64_t lum_mem_fail_after(uint64_t countdown, bool sticky)
{
    LUM_ASSERT(countdown < STICKY);
    uint64_t plan = countdown == 0 || !sticky ? countdown : STICKY | countdown;
    return atomic_exchange(&planned, plan) & ~STICKY;
}

/* ---- buffers ---- */

void lum_buf_init(struct lum_buf *buf, size_t max)
{
    *buf = (struct lum_buf){.max = max};
}

void lum_buf_fini(struct lum_buf *buf)
{
    lum_free(buf->at);
    *buf = (struct lum_buf){0};
}

void lum_buf_reset(struct lum_buf *buf)
{
    buf->len = 0;
    buf->broken = false;
}

/* Room for `len` more bytes, or the buffer is broken. */
static bool grow(struct lum_buf *buf, size_t len)
{
    if (len > buf->max - buf->len) {
        buf->broken = true;
        buf->over_max = true;
        return false;
    }
    size_t need = buf->len + len;
    size_t room = buf->room < BUF_ROOM_MIN ? BUF_ROOM_MIN : buf->room;
    while (room < need) {
        room = room > buf->max / 2 ? buf->max : room * 2;
    }
    room = room > buf->max ? buf->max : room;
    uint8_t *at = lum_realloc(buf->at, room);
    if (at == NULL) {
        buf->broken = true;
        buf->over_max = false;
        return false;
    }
    buf->at = at;
    buf->room = room;
    return true;
}

uint8_t *lum_buf_extend(struct lum_buf *buf, size_t len)
{
    LUM_ASSERT(buf->len <= buf->room && buf->room <= buf->max);
    if (buf->broken) {
        return NULL;
    }
    if ((len > buf->room - buf->len || buf->at == NULL) && !grow(buf, len)) {
        return NULL;
    }
    uint8_t *end = buf->at + buf->len;
    buf->len += len;
    return end;
}

void lum_buf_put(struct lum_buf *buf, const void *bytes, size_t len)
{
    uint8_t *end = len == 0 ? NULL : lum_buf_extend(buf, len);
    if (end != NULL) {
        memcpy(end, bytes, len);
    }
}

void lum_buf_put_byte(struct lum_buf *buf, uint8_t byte)
{
    uint8_t *end = lum_buf_extend(buf, 1);
    if (end != NULL) {
        *end = byte;
    }
}

void lum_buf_drop(struct lum_buf *buf, size_t n)
{
    LUM_ASSERT(n <= buf->len);
    buf->len -= n;
    if (n > 0 && buf->len > 0) {
        memmove(buf->at, buf->at + n, buf->len);
    }
}

enum lum_status lum_buf_status(const struct lum_buf *buf)
{
    if (!buf->broken) {
        return LUM_OK;
    }
    return buf->over_max ? LUM_LIMIT : LUM_NO_MEMORY;
}

struct lum_bytes lum_buf_bytes(const struct lum_buf *buf)
{
    return (struct lum_bytes){buf->at, buf->len};
}

/* ---- arenas ---- */

void lum_arena_init(struct lum_arena *arena)
{
    *arena = (struct lum_arena){0};
}

void lum_arena_fini(struct lum_arena *arena)
{
    struct lum_arena_block *block = arena->first;
    while (block != NULL) {
        struct lum_arena_block *next = block->next;
        lum_free(block);
        block = next;
    }
    *arena = (struct lum_arena){0};
}

void lum_arena_reset(struct lum_arena *arena)
{
    arena->now = arena->first;
    if (arena->now != NULL) {
        arena->now->used = 0;
    }
}

/* A new block of at least `size` bytes, right behind `now`. */
static struct lum_arena_block *add_block(struct lum_arena *arena, size_t size)
{
    size_t room = arena->now == NULL ? ARENA_BLOCK_MIN : arena->now->size * 2;
    room = room > ARENA_BLOCK_MAX ? ARENA_BLOCK_MAX : room;
    room = room < size ? size : room;
    if (room > SIZE_MAX - sizeof(struct lum_arena_block)) {
        return NULL;
    }
    struct lum_arena_block *block = lum_alloc(sizeof *block + room);
    if (block == NULL) {
        return NULL;
    }
    struct lum_arena_block **link = arena->now == NULL ? &arena->first : &arena->now->next;
    block->next = *link;
    block->size = room;
    *link = block;
    return block;
}

void *lum_arena_take(struct lum_arena *arena, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX - align) {
        return NULL;
    }
    size_t need = size == 0 ? align : (size + align - 1) / align * align;
    struct lum_arena_block *block = arena->now;
    if (block == NULL || need > block->size - block->used) {
        block = block == NULL ? NULL : block->next;
        if (block == NULL || need > block->size) {
            block = add_block(arena, need);
        }
        if (block == NULL) {
            return NULL;
        }
        block->used = 0;
        arena->now = block;
    }
    void *taken = block->bytes + block->used;
    block->used += need;
    return taken;
}

/* ---- borrowed bytes ---- */

int lum_bytes_compare(struct lum_bytes a, struct lum_bytes b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.at, b.at, common);
    if (order != 0) {
        return order;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool lum_bytes_equal(struct lum_bytes a, struct lum_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}
