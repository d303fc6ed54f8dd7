/*
 * pack.h - canonical msgpack: a strict bounded cursor that reads, a writer that cannot misspell.
 *
 * The rules are docs/format.md 1: smallest forms, non-negative integers in the unsigned family,
 * integers within int64, no float32, one NaN, no -0, string keys ascending and unique, valid
 * UTF-8, no ext, at most 8 nested containers, at most 4,096 elements. One value has one spelling,
 * so a reader that accepts bytes knows that writing the value again gives the same bytes.
 *
 * All foreign bytes pass the cursor. It allocates nothing, never reads past its end, and its work
 * is bounded by its length. Faults are sticky: after the first one every read gives zero, empty or
 * false and moves nothing, so that a parser reads a whole shape and asks once.
 *
 * Which fault: TRUNCATED, the bytes end inside a value; TYPE, a value of another allowed type than
 * asked for (a map key that is no string too); UTF8; OVER_LIMIT, too long, too many, too deep or an
 * int out of the asked range; NOT_CANONICAL, every other spelling than the one: a longer form than
 * needed, keys out of order, -0, another NaN, float32, ext, 0xc1, an integer above int64.
 */
#ifndef LUM_CORE_PACK_H
#define LUM_CORE_PACK_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/utf8.h"

enum lum_pack_type {
    LUM_PACK_NIL,
    LUM_PACK_BOOL,
    LUM_PACK_INT,
    LUM_PACK_REAL,
    LUM_PACK_STR,
    LUM_PACK_BIN,
    LUM_PACK_ARRAY,
    LUM_PACK_MAP,
    LUM_PACK_NONE, /* at the end, after a fault, or a byte that begins nothing allowed */
};

struct lum_cur {
    const uint8_t *at;
    const uint8_t *end;
    enum lum_fault fault;
};

/* Borrows bytes; what the cursor hands out stands as long as they do. */
struct lum_cur lum_cur_over(struct lum_bytes bytes);
/* The first fault stands. Also for parsers that find a value out of its range. */
void lum_cur_fail(struct lum_cur *cur, enum lum_fault fault);
/* Faults TRAILING unless everything was read; gives the verdict. */
LUM_MUST_USE enum lum_fault lum_cur_end(struct lum_cur *cur);

enum lum_pack_type lum_cur_peek(const struct lum_cur *cur);
void lum_cur_nil(struct lum_cur *cur);
bool lum_cur_bool(struct lum_cur *cur);
int64_t lum_cur_int(struct lum_cur *cur);
/* An int in 0..max, else OVER_LIMIT. */
uint64_t lum_cur_uint(struct lum_cur *cur, uint64_t max);
double lum_cur_real(struct lum_cur *cur);
/* Valid UTF-8 of at most max bytes, else OVER_LIMIT or UTF8. */
struct lum_bytes lum_cur_str(struct lum_cur *cur, size_t max);
struct lum_bytes lum_cur_bin(struct lum_cur *cur, size_t max);
/* A bin of exactly len bytes copied to out; TYPE when it is another length. */
void lum_cur_bin_exact(struct lum_cur *cur, uint8_t *out, size_t len);
/* Number of elements that follow, at most max (itself at most LUM_ELEMENTS_MAX). */
uint32_t lum_cur_array(struct lum_cur *cur, uint32_t max);
/* An array of exactly n elements; TYPE otherwise. */
void lum_cur_array_exact(struct lum_cur *cur, uint32_t n);
/* Number of pairs that follow. The caller reads each key by lum_cur_key, then its value. */
uint32_t lum_cur_map(struct lum_cur *cur, uint32_t max);
/* A map's key: a str past *last, which it becomes; start a map with *last = {NULL, 0}.
 * NOT_CANONICAL when it does not ascend. */
struct lum_bytes lum_cur_key(struct lum_cur *cur, size_t max, struct lum_bytes *last);
/* One whole value of any allowed type with everything in it, checked: the bytes it takes. Nests at
 * most depth containers (a caller that has opened k of the 8 hands in 8 - k). */
struct lum_bytes lum_cur_any(struct lum_cur *cur, unsigned depth);
/* n raw bytes that are not msgpack. */
struct lum_bytes lum_cur_raw(struct lum_cur *cur, size_t n);
/* Bytes not yet read; 0 after a fault. */
size_t lum_cur_left(const struct lum_cur *cur);

/* NONE when bytes are one canonical value and nothing else. */
LUM_MUST_USE enum lum_fault lum_pack_check(struct lum_bytes bytes);

/*
 * The writer: appends to buf in the one spelling. Whoever writes a map writes its keys ascending;
 * lum_pack_check in tests holds them to it. A real that is -0 or a NaN is written in its one form.
 */
void lum_pack_nil(struct lum_buf *buf);
void lum_pack_bool(struct lum_buf *buf, bool value);
void lum_pack_int(struct lum_buf *buf, int64_t value);
void lum_pack_uint(struct lum_buf *buf, uint64_t value); /* <= INT64_MAX */
void lum_pack_real(struct lum_buf *buf, double value);
void lum_pack_str(struct lum_buf *buf, struct lum_bytes text);
void lum_pack_cstr(struct lum_buf *buf, const char *text);
void lum_pack_bin(struct lum_buf *buf, const void *at, size_t len);
void lum_pack_array(struct lum_buf *buf, uint32_t n);
void lum_pack_map(struct lum_buf *buf, uint32_t n);
/* Bytes that are already canonical. */
void lum_pack_raw(struct lum_buf *buf, struct lum_bytes bytes);

/* Big-endian fixed width: hash inputs, signatures, database keys. */
void lum_put_u16(uint8_t out[2], uint16_t v);
void lum_put_u32(uint8_t out[4], uint32_t v);
void lum_put_u64(uint8_t out[8], uint64_t v);
uint16_t lum_get_u16(const uint8_t at[2]);
uint32_t lum_get_u32(const uint8_t at[4]);
uint64_t lum_get_u64(const uint8_t at[8]);

#endif
