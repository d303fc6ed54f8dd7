/*
 * pack.c - the door to msgpack: our bounded cursor reads, msgpack-c packs.
 *
 * The first byte of a value, and what follows it:
 *
 *   00-7f int   80-8f map   90-9f array   a0-bf str   e0-ff int (negative)
 *   c0-df by the table `forms`: a big-endian number of `width` bytes, which is the value itself
 *         (int, real) or its length (str, bin, array, map). It must be at least `least`, else a
 *         shorter form would have held it. For d0-d3 that holds of the complement, -1 - value.
 *
 * A fault closes the cursor (end = at): every later read then finds no bytes, so the hot path asks
 * one question, not two. The first fault stands.
 */
#include "core/pack.h"

#include <string.h>

#include <msgpack.h>

#include "core/limits.h"

#define NAN_BITS      UINT64_C(0x7ff8000000000000)
#define INFINITY_BITS UINT64_C(0x7ff0000000000000)
#define SIGN_BIT      (UINT64_C(1) << 63)

struct form {
    enum lum_pack_type type;
    unsigned width;
    uint64_t least;
};

static const struct form forms[] = {
    [0x00] = {LUM_PACK_NIL, 0, 0},
    [0x01] = {LUM_PACK_NONE, 0, 0},
    [0x02] = {LUM_PACK_BOOL, 0, 0},
    [0x03] = {LUM_PACK_BOOL, 0, 0},
    [0x04] = {LUM_PACK_BIN, 1, 0},
    [0x05] = {LUM_PACK_BIN, 2, 0x100},
    [0x06] = {LUM_PACK_BIN, 4, 0x10000},
    [0x07] = {LUM_PACK_NONE, 0, 0}, /* ext 8, 16, 32 */
    [0x08] = {LUM_PACK_NONE, 0, 0},
    [0x09] = {LUM_PACK_NONE, 0, 0},
    [0x0a] = {LUM_PACK_NONE, 0, 0}, /* float32 */
    [0x0b] = {LUM_PACK_REAL, 8, 0},
    [0x0c] = {LUM_PACK_INT, 1, 0x80},
    [0x0d] = {LUM_PACK_INT, 2, 0x100},
    [0x0e] = {LUM_PACK_INT, 4, 0x10000},
    [0x0f] = {LUM_PACK_INT, 8, 0x100000000},
    [0x10] = {LUM_PACK_INT, 1, 0x20}, /* d0-d3: negative */
    [0x11] = {LUM_PACK_INT, 2, 0x80},
    [0x12] = {LUM_PACK_INT, 4, 0x8000},
    [0x13] = {LUM_PACK_INT, 8, 0x80000000},
    [0x14] = {LUM_PACK_NONE, 0, 0}, /* fixext 1, 2, 4, 8, 16 */
    [0x15] = {LUM_PACK_NONE, 0, 0},
    [0x16] = {LUM_PACK_NONE, 0, 0},
    [0x17] = {LUM_PACK_NONE, 0, 0},
    [0x18] = {LUM_PACK_NONE, 0, 0},
    [0x19] = {LUM_PACK_STR, 1, 0x20},
    [0x1a] = {LUM_PACK_STR, 2, 0x100},
    [0x1b] = {LUM_PACK_STR, 4, 0x10000},
    [0x1c] = {LUM_PACK_ARRAY, 2, 0x10},
    [0x1d] = {LUM_PACK_ARRAY, 4, 0x10000},
    [0x1e] = {LUM_PACK_MAP, 2, 0x10},
    [0x1f] = {LUM_PACK_MAP, 4, 0x10000},
};

/* ---- the cursor ---- */

struct lum_cur lum_cur_over(struct lum_bytes bytes)
{
    return (struct lum_cur){
        .at = bytes.at,
        .end = bytes.len == 0 ? bytes.at : bytes.at + bytes.len,
        .fault = LUM_FAULT_NONE,
    };
}

void lum_cur_fail(struct lum_cur *cur, enum lum_fault fault)
{
    LUM_ASSERT(fault != LUM_FAULT_NONE);
    if (cur->fault == LUM_FAULT_NONE) {
        cur->fault = fault;
        cur->end = cur->at;
    }
}

size_t lum_cur_left(const struct lum_cur *cur)
{
    return (size_t)(cur->end - cur->at);
}

enum lum_fault lum_cur_end(struct lum_cur *cur)
{
    if (cur->at != cur->end) {
        lum_cur_fail(cur, LUM_FAULT_TRAILING);
    }
    return cur->fault;
}

struct lum_bytes lum_cur_raw(struct lum_cur *cur, size_t n)
{
    if (n > lum_cur_left(cur)) {
        lum_cur_fail(cur, LUM_FAULT_TRUNCATED);
        n = 0;
    }
    struct lum_bytes taken = {cur->at, n};
    if (n > 0) {
        cur->at += n;
    }
    return taken;
}

static inline enum lum_pack_type type_of(uint8_t first)
{
    if (first < 0x80 || first >= 0xe0) {
        return LUM_PACK_INT;
    }
    if (first >= 0xc0) {
        return forms[first - 0xc0].type;
    }
    if (first >= 0xa0) {
        return LUM_PACK_STR;
    }
    return first >= 0x90 ? LUM_PACK_ARRAY : LUM_PACK_MAP;
}

enum lum_pack_type lum_cur_peek(const struct lum_cur *cur)
{
    return cur->at == cur->end ? LUM_PACK_NONE : type_of(*cur->at);
}

/* Something of another type stands where `type` was wanted. */
static void fail_type(struct lum_cur *cur)
{
    if (cur->at == cur->end) {
        lum_cur_fail(cur, LUM_FAULT_TRUNCATED);
    } else if (lum_cur_peek(cur) == LUM_PACK_NONE) {
        lum_cur_fail(cur, LUM_FAULT_NOT_CANONICAL);
    } else {
        lum_cur_fail(cur, LUM_FAULT_TYPE);
    }
}

static inline bool wants(struct lum_cur *cur, enum lum_pack_type type)
{
    if (lum_cur_peek(cur) == type) {
        return true;
    }
    fail_type(cur);
    return false;
}

/* The number behind a first byte >= 0xc0, which is read too; 0 with a fault when it is cut off. */
static uint64_t read_wide(struct lum_cur *cur, unsigned width)
{
    uint64_t number = 0;
    struct lum_bytes bytes = lum_cur_raw(cur, 1 + (size_t)width);
    for (size_t i = 1; i < bytes.len; i++) {
        number = number << 8 | bytes.at[i];
    }
    return number;
}

/* The length in front of a str or bin, the count in front of an array or map. */
static inline size_t read_length(struct lum_cur *cur, enum lum_pack_type type, size_t max)
{
    if (!wants(cur, type)) {
        return 0;
    }
    uint64_t len = 0;
    uint8_t first = *cur->at;
    if (first < 0xc0) {
        len = first & (type == LUM_PACK_STR ? 0x1fU : 0x0fU);
        cur->at++;
    } else {
        const struct form *form = &forms[first - 0xc0];
        len = read_wide(cur, form->width);
        if (len < form->least) {
            lum_cur_fail(cur, LUM_FAULT_NOT_CANONICAL);
        }
    }
    if (len > max) {
        lum_cur_fail(cur, LUM_FAULT_OVER_LIMIT);
    }
    return cur->fault == LUM_FAULT_NONE ? (size_t)len : 0;
}

void lum_cur_nil(struct lum_cur *cur)
{
    if (wants(cur, LUM_PACK_NIL)) {
        cur->at++;
    }
}

bool lum_cur_bool(struct lum_cur *cur)
{
    return wants(cur, LUM_PACK_BOOL) && *cur->at++ == 0xc3;
}

/* An int of more than one byte. */
static int64_t read_int(struct lum_cur *cur)
{
    uint8_t first = *cur->at;
    const struct form *form = &forms[first - 0xc0];
    uint64_t number = read_wide(cur, form->width);
    bool is_negative = first >= 0xd0;
    uint64_t sign = UINT64_C(1) << (8 * form->width - 1);
    if (is_negative) {
        number = ~((number ^ sign) - sign);
    }
    if (number < form->least || number > INT64_MAX) {
        lum_cur_fail(cur, LUM_FAULT_NOT_CANONICAL);
    }
    if (cur->fault != LUM_FAULT_NONE) {
        return 0;
    }
    return is_negative ? -1 - (int64_t)number : (int64_t)number;
}

int64_t lum_cur_int(struct lum_cur *cur)
{
    if (!wants(cur, LUM_PACK_INT)) {
        return 0;
    }
    if (*cur->at < 0x80) {
        return *cur->at++;
    }
    if (*cur->at >= 0xe0) {
        return *cur->at++ - 0x100;
    }
    return read_int(cur);
}

uint64_t lum_cur_uint(struct lum_cur *cur, uint64_t max)
{
    int64_t value = lum_cur_int(cur);
    if (value < 0 || (uint64_t)value > max) {
        lum_cur_fail(cur, LUM_FAULT_OVER_LIMIT);
        return 0;
    }
    return (uint64_t)value;
}

double lum_cur_real(struct lum_cur *cur)
{
    double value = 0;
    if (!wants(cur, LUM_PACK_REAL)) {
        return 0;
    }
    uint64_t bits = read_wide(cur, 8);
    bool is_nan = (bits & ~SIGN_BIT) > INFINITY_BITS;
    if (bits == SIGN_BIT || (is_nan && bits != NAN_BITS)) {
        lum_cur_fail(cur, LUM_FAULT_NOT_CANONICAL);
        return 0;
    }
    memcpy(&value, &bits, sizeof value);
    return value;
}

struct lum_bytes lum_cur_str(struct lum_cur *cur, size_t max)
{
    struct lum_bytes text = lum_cur_raw(cur, read_length(cur, LUM_PACK_STR, max));
    if (!lum_utf8_valid(text)) {
        lum_cur_fail(cur, LUM_FAULT_UTF8);
        text.len = 0;
    }
    return text;
}

struct lum_bytes lum_cur_key(struct lum_cur *cur, size_t max, struct lum_bytes *last)
{
    struct lum_bytes key = lum_cur_str(cur, max);
    if (last->at != NULL && lum_bytes_compare(*last, key) >= 0) {
        lum_cur_fail(cur, LUM_FAULT_NOT_CANONICAL);
        key.len = 0;
    }
    *last = key;
    return key;
}

struct lum_bytes lum_cur_bin(struct lum_cur *cur, size_t max)
{
    return lum_cur_raw(cur, read_length(cur, LUM_PACK_BIN, max));
}

void lum_cur_bin_exact(struct lum_cur *cur, uint8_t *out, size_t len)
{
    struct lum_bytes bytes = lum_cur_bin(cur, SIZE_MAX);
    if (bytes.len == len && cur->fault == LUM_FAULT_NONE) {
        memcpy(out, bytes.at, len);
        return;
    }
    lum_cur_fail(cur, LUM_FAULT_TYPE);
    memset(out, 0, len);
}

/* Every value takes a byte at least, so a count beyond the bytes left is cut off for certain. */
static inline uint32_t read_count(struct lum_cur *cur, enum lum_pack_type type, uint32_t max)
{
    LUM_ASSERT(max <= LUM_ELEMENTS_MAX);
    size_t n = read_length(cur, type, max);
    if (n * (type == LUM_PACK_MAP ? 2 : 1) > lum_cur_left(cur)) {
        lum_cur_fail(cur, LUM_FAULT_TRUNCATED);
        return 0;
    }
    return (uint32_t)n;
}

uint32_t lum_cur_array(struct lum_cur *cur, uint32_t max)
{
    return read_count(cur, LUM_PACK_ARRAY, max);
}

void lum_cur_array_exact(struct lum_cur *cur, uint32_t n)
{
    if (read_count(cur, LUM_PACK_ARRAY, LUM_ELEMENTS_MAX) != n) {
        lum_cur_fail(cur, LUM_FAULT_TYPE);
    }
}

uint32_t lum_cur_map(struct lum_cur *cur, uint32_t max)
{
    return read_count(cur, LUM_PACK_MAP, max);
}

/* A value that holds no others; anything that begins no value is named as the fault it is. */
static void skip_scalar(struct lum_cur *cur, enum lum_pack_type type)
{
    switch (type) {
    case LUM_PACK_NIL:
        lum_cur_nil(cur);
        break;
    case LUM_PACK_BOOL:
        (void)lum_cur_bool(cur);
        break;
    case LUM_PACK_INT:
        (void)lum_cur_int(cur);
        break;
    case LUM_PACK_REAL:
        (void)lum_cur_real(cur);
        break;
    case LUM_PACK_STR:
        (void)lum_cur_str(cur, SIZE_MAX);
        break;
    case LUM_PACK_BIN:
        (void)lum_cur_bin(cur, SIZE_MAX);
        break;
    case LUM_PACK_ARRAY:
    case LUM_PACK_MAP:
    case LUM_PACK_NONE:
        fail_type(cur);
        break;
    }
}

/* An open container: values still to come, and the last key when it is a map. */
struct level {
    uint32_t left;
    bool is_map;
    struct lum_bytes key;
};

static struct level open_level(struct lum_cur *cur, enum lum_pack_type type)
{
    struct level level = {0};
    level.is_map = type == LUM_PACK_MAP;
    level.left = read_count(cur, type, LUM_ELEMENTS_MAX);
    return level;
}

struct lum_bytes lum_cur_any(struct lum_cur *cur, unsigned depth)
{
    LUM_ASSERT(depth <= LUM_DEPTH_MAX);
    struct level levels[LUM_DEPTH_MAX];
    unsigned open = 0;
    const uint8_t *start = cur->at;
    do {
        if (open > 0) {
            levels[open - 1].left--;
        }
        if (open > 0 && levels[open - 1].is_map) {
            (void)lum_cur_key(cur, SIZE_MAX, &levels[open - 1].key);
        }
        enum lum_pack_type type = lum_cur_peek(cur);
        if (type != LUM_PACK_ARRAY && type != LUM_PACK_MAP) {
            skip_scalar(cur, type);
        } else if (open < depth) {
            levels[open++] = open_level(cur, type);
        } else {
            lum_cur_fail(cur, LUM_FAULT_OVER_LIMIT);
        }
        while (open > 0 && levels[open - 1].left == 0) {
            open--;
        }
    } while (open > 0 && cur->fault == LUM_FAULT_NONE);
    if (cur->fault != LUM_FAULT_NONE) {
        return (struct lum_bytes){cur->at, 0};
    }
    return (struct lum_bytes){start, (size_t)(cur->at - start)};
}

enum lum_fault lum_pack_check(struct lum_bytes bytes)
{
    struct lum_cur cur = lum_cur_over(bytes);
    (void)lum_cur_any(&cur, LUM_DEPTH_MAX);
    return lum_cur_end(&cur);
}

/* ---- the writer: msgpack-c chooses the smallest form by itself ---- */

static int append(void *buf, const char *bytes, size_t len)
{
    lum_buf_put(buf, bytes, len);
    return 0;
}

static inline msgpack_packer packer_over(struct lum_buf *buf)
{
    return (msgpack_packer){.data = buf, .callback = append};
}

void lum_pack_nil(struct lum_buf *buf)
{
    msgpack_packer packer = packer_over(buf);
    (void)msgpack_pack_nil(&packer);
}

void lum_pack_bool(struct lum_buf *buf, bool value)
{
    msgpack_packer packer = packer_over(buf);
    (void)(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void lum_pack_int(struct lum_buf *buf, int64_t value)
{
    msgpack_packer packer = packer_over(buf);
    (void)msgpack_pack_int64(&packer, value);
}

void lum_pack_uint(struct lum_buf *buf, uint64_t value)
{
    LUM_ASSERT(value <= INT64_MAX);
    msgpack_packer packer = packer_over(buf);
    (void)msgpack_pack_uint64(&packer, value);
}

void lum_pack_real(struct lum_buf *buf, double value)
{
    msgpack_packer packer = packer_over(buf);
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof bits);
    if (bits == SIGN_BIT) {
        bits = 0;
    } else if ((bits & ~SIGN_BIT) > INFINITY_BITS) {
        bits = NAN_BITS;
    }
    memcpy(&value, &bits, sizeof value);
    (void)msgpack_pack_double(&packer, value);
}

void lum_pack_str(struct lum_buf *buf, struct lum_bytes text)
{
    msgpack_packer packer = packer_over(buf);
    (void)msgpack_pack_str(&packer, text.len);
    lum_buf_put(buf, text.at, text.len);
}

void lum_pack_cstr(struct lum_buf *buf, const char *text)
{
    lum_pack_str(buf, lum_bytes_of(text, strlen(text)));
}

void lum_pack_bin(struct lum_buf *buf, const void *at, size_t len)
{
    msgpack_packer packer = packer_over(buf);
    (void)msgpack_pack_bin(&packer, len);
    lum_buf_put(buf, at, len);
}

void lum_pack_array(struct lum_buf *buf, uint32_t n)
{
    LUM_ASSERT(n <= LUM_ELEMENTS_MAX);
    msgpack_packer packer = packer_over(buf);
    (void)msgpack_pack_array(&packer, n);
}

void lum_pack_map(struct lum_buf *buf, uint32_t n)
{
    LUM_ASSERT(n <= LUM_ELEMENTS_MAX);
    msgpack_packer packer = packer_over(buf);
    (void)msgpack_pack_map(&packer, n);
}

void lum_pack_raw(struct lum_buf *buf, struct lum_bytes bytes)
{
    lum_buf_put(buf, bytes.at, bytes.len);
}

/* ---- big-endian fixed width ---- */

void lum_put_u16(uint8_t out[2], uint16_t v)
{
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
}

void lum_put_u32(uint8_t out[4], uint32_t v)
{
    lum_put_u16(out, (uint16_t)(v >> 16));
    lum_put_u16(out + 2, (uint16_t)v);
}

void lum_put_u64(uint8_t out[8], uint64_t v)
{
    lum_put_u32(out, (uint32_t)(v >> 32));
    lum_put_u32(out + 4, (uint32_t)v);
}

uint16_t lum_get_u16(const uint8_t at[2])
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

uint32_t lum_get_u32(const uint8_t at[4])
{
    return (uint32_t)lum_get_u16(at) << 16 | lum_get_u16(at + 2);
}

uint64_t lum_get_u64(const uint8_t at[8])
{
    return (uint64_t)lum_get_u32(at) << 32 | lum_get_u32(at + 4);
}
