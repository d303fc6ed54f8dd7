/*
 * mem.h - the only allocator, owned buffers with a ceiling, and arenas.
 *
 * Every allocation of core, sync, net and cli passes lum_alloc/lum_realloc, so that a test can
 * make the Nth one fail. A hot path allocates nothing per event: it uses an arena that is reset
 * once a batch, or a buffer that keeps its room.
 */
#ifndef LUM_CORE_MEM_H
#define LUM_CORE_MEM_H

#include "core/lum.h"

/* size 0 gives a valid pointer. NULL when there is no memory. Free with lum_free. */
LUM_MUST_USE void *lum_alloc(size_t size);
LUM_MUST_USE void *lum_alloc_zero(size_t size);
/* On failure NULL, and the old memory stays as it was. */
LUM_MUST_USE void *lum_realloc(void *old, size_t size);
void lum_free(void *memory); /* NULL is fine */

/* How many allocations of this process have failed so far: whoever writes much in small pieces, and
 * drops those that find no memory, asks before and after. */
uint64_t lum_mem_shortages(void);

/* Tests: the countdown-th allocation from now fails (1 = the next), for ever if sticky. 0 = off.
 * Gives what was left of the countdown before, 0 when it was off or is over. */
uint64_t lum_mem_fail_after(uint64_t countdown, bool sticky);

/*
 * An owned, growing run of bytes. Invariant: len <= room <= max; at is NULL only while room is 0.
 * A put that would pass max, or finds no memory, adds nothing and makes the buffer `broken`; all
 * later puts are then ignored, so that a writer checks once, at its end.
 */
struct lum_buf {
    uint8_t *at;
    size_t len;
    size_t room;
    size_t max;
    bool broken;
    bool over_max; /* why it is broken: past max; otherwise there was no memory */
};

void lum_buf_init(struct lum_buf *buf, size_t max);
void lum_buf_fini(struct lum_buf *buf);  /* twice is harmless; leaves zeroes */
void lum_buf_reset(struct lum_buf *buf); /* len = 0, not broken, room kept */
void lum_buf_put(struct lum_buf *buf, const void *bytes, size_t len);
void lum_buf_put_byte(struct lum_buf *buf, uint8_t byte);
/* len more bytes of room at the end, counted in; NULL when broken. Stands until the next put. */
LUM_MUST_USE uint8_t *lum_buf_extend(struct lum_buf *buf, size_t len);
/* Drops the first n bytes (n <= len). */
void lum_buf_drop(struct lum_buf *buf, size_t n);
/* OK, or NO_MEMORY or LIMIT when the buffer is broken. */
LUM_MUST_USE enum lum_status lum_buf_status(const struct lum_buf *buf);
/* Borrowed until the next put, reset or fini. */
struct lum_bytes lum_buf_bytes(const struct lum_buf *buf);

/* Memory that is freed all at once. Blocks are kept over a reset, so a steady state allocates 0. */
struct lum_arena {
    struct lum_arena_block *first;
    struct lum_arena_block *now;
};

void lum_arena_init(struct lum_arena *arena);
void lum_arena_fini(struct lum_arena *arena);
void lum_arena_reset(struct lum_arena *arena);
/* Aligned for any type, not zeroed, valid until reset. NULL when there is no memory. */
LUM_MUST_USE void *lum_arena_take(struct lum_arena *arena, size_t size);

static inline struct lum_bytes lum_bytes_of(const void *at, size_t len)
{
    return (struct lum_bytes){(const uint8_t *)at, len};
}
/* Ascending by content, a prefix first: the order of map keys and of database keys. */
int lum_bytes_compare(struct lum_bytes a, struct lum_bytes b);
bool lum_bytes_equal(struct lum_bytes a, struct lum_bytes b);

#endif
