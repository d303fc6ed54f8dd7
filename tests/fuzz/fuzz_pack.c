/*
 * fuzz_pack.c - the cursor.
 *
 *   input = count u8 | that many reads u8 | stream     the reads are done on the stream in order
 *
 * Holds: after a fault nothing moves and every read gives nothing. What lum_pack_check passes is
 * written back to the same bytes, and keeps the rules that writing cannot show: depth, order of
 * keys, UTF-8. The whole input is checked as one value, too.
 */
#include "core/limits.h"
#include "core/pack.h"
#include "tests/fuzz/input.h"

/* ---- what is accepted ---- */

/* The character at `at`, decoded without a look at any rule; 0 when it is cut off. */
static size_t decode(const uint8_t *at, size_t left, uint32_t *character)
{
    size_t len = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (len > left) {
        return 0;
    }
    static const uint8_t masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    *character = at[0] & masks[len];
    for (size_t i = 1; i < len; i++) {
        *character = *character << 6 | (at[i] & 0x3fU);
    }
    return len;
}

static size_t encode(uint32_t character, uint8_t out[4])
{
    if (character < 0x80) {
        out[0] = (uint8_t)character;
        return 1;
    }
    size_t len = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len; i-- > 1; character >>= 6) {
        out[i] = (uint8_t)(0x80 | (character & 0x3f));
    }
    out[0] = (uint8_t)(leads[len] | character);
    return len;
}

/* By the definition: characters of Unicode, each as it would be written. */
static bool is_text(struct lum_bytes text)
{
    for (size_t i = 0; i < text.len;) {
        uint32_t character = 0;
        uint8_t spelled[4];
        size_t len = decode(text.at + i, text.len - i, &character);
        bool is_surrogate = character >= 0xd800 && character < 0xe000;
        if (len == 0 || is_surrogate || character > 0x10ffff ||
            encode(character, spelled) != len || memcmp(spelled, text.at + i, len) != 0) {
            return false;
        }
        i += len;
    }
    return true;
}

static void copy_text(struct lum_bytes text, struct lum_buf *out)
{
    LUM_ASSERT(is_text(text));
    lum_pack_str(out, text);
}

/* Reads a checked value by its type and writes it again. */
static void copy(struct lum_cur *cur, unsigned depth, struct lum_buf *out)
{
    struct lum_bytes bin;
    struct lum_bytes key = {NULL, 0};
    struct lum_bytes last = {NULL, 0};
    uint32_t count = 0;
    switch (lum_cur_peek(cur)) {
    case LUM_PACK_NIL:
        lum_cur_nil(cur);
        lum_pack_nil(out);
        break;
    case LUM_PACK_BOOL:
        lum_pack_bool(out, lum_cur_bool(cur));
        break;
    case LUM_PACK_INT:
        lum_pack_int(out, lum_cur_int(cur));
        break;
    case LUM_PACK_REAL:
        lum_pack_real(out, lum_cur_real(cur));
        break;
    case LUM_PACK_STR:
        copy_text(lum_cur_str(cur, SIZE_MAX), out);
        break;
    case LUM_PACK_BIN:
        bin = lum_cur_bin(cur, SIZE_MAX);
        lum_pack_bin(out, bin.at, bin.len);
        break;
    case LUM_PACK_ARRAY:
        LUM_ASSERT(depth < LUM_DEPTH_MAX);
        count = lum_cur_array(cur, LUM_ELEMENTS_MAX);
        lum_pack_array(out, count);
        for (uint32_t i = 0; i < count; i++) {
            copy(cur, depth + 1, out);
        }
        break;
    case LUM_PACK_MAP:
        LUM_ASSERT(depth < LUM_DEPTH_MAX);
        count = lum_cur_map(cur, LUM_ELEMENTS_MAX);
        lum_pack_map(out, count);
        for (uint32_t i = 0; i < count; i++) {
            key = lum_cur_str(cur, SIZE_MAX);
            LUM_ASSERT(i == 0 || lum_bytes_compare(last, key) < 0);
            last = key;
            copy_text(key, out);
            copy(cur, depth + 1, out);
        }
        break;
    case LUM_PACK_NONE:
        LUM_UNREACHABLE("a checked value that begins with nothing");
    }
}

static void check_value(struct lum_bytes bytes)
{
    if (lum_pack_check(bytes) != LUM_FAULT_NONE) {
        return;
    }
    struct lum_cur cur = lum_cur_over(bytes);
    struct lum_buf out;
    lum_buf_init(&out, bytes.len + 64);
    copy(&cur, 0, &out);
    LUM_ASSERT(lum_cur_end(&cur) == LUM_FAULT_NONE);
    LUM_ASSERT(lum_bytes_equal(bytes, lum_buf_bytes(&out)));
    lum_buf_fini(&out);
}

/* ---- reads in any order ---- */

/* One read of the sort that `what` says; false when it gave something although there is a fault. */
static bool read_one(struct lum_cur *cur, uint8_t what, struct lum_bytes *last)
{
    static const size_t lens[] = {0, 1, 31, 32, 255, 65536, SIZE_MAX, 16};
    size_t max = lens[what >> 5];
    uint8_t exact[64];
    struct lum_bytes bytes = {NULL, 0};
    switch (what & 0x1f) {
    case 0:
        lum_cur_nil(cur);
        break;
    case 1:
        return !lum_cur_bool(cur) || cur->fault == LUM_FAULT_NONE;
    case 2:
        return lum_cur_int(cur) == 0 || cur->fault == LUM_FAULT_NONE;
    case 3:
        return lum_cur_uint(cur, max) <= max;
    case 4:
        return memcmp(&(double){lum_cur_real(cur)}, &(double){0}, sizeof(double)) == 0 ||
               cur->fault == LUM_FAULT_NONE;
    case 5:
        bytes = lum_cur_str(cur, max);
        break;
    case 6:
        bytes = lum_cur_bin(cur, max);
        break;
    case 7:
        lum_cur_bin_exact(cur, exact, max < sizeof exact ? max : sizeof exact);
        break;
    case 8:
        return lum_cur_array(cur, LUM_ELEMENTS_MAX) == 0 || cur->fault == LUM_FAULT_NONE;
    case 9:
        lum_cur_array_exact(cur, what >> 5);
        break;
    case 10:
        return lum_cur_map(cur, what >> 5) <= what >> 5;
    case 11:
        bytes = lum_cur_key(cur, max, last);
        break;
    case 12:
        max = SIZE_MAX;
        bytes = lum_cur_any(cur, what >> 5);
        LUM_ASSERT(bytes.len == 0 || lum_pack_check(bytes) == LUM_FAULT_NONE);
        break;
    case 13:
        bytes = lum_cur_raw(cur, max);
        break;
    default:
        lum_cur_fail(cur, LUM_FAULT_MESSAGE);
        break;
    }
    return bytes.len <= max && (bytes.len == 0 || cur->fault == LUM_FAULT_NONE);
}

static void read_many(struct input *in)
{
    struct lum_bytes reads = input_bytes(in, input_byte(in));
    struct lum_bytes stream = input_rest(in);
    struct lum_cur cur = lum_cur_over(stream);
    struct lum_bytes last = {NULL, 0};
    for (size_t i = 0; i < reads.len; i++) {
        struct lum_cur before = cur;
        LUM_ASSERT(read_one(&cur, reads.at[i], &last));
        LUM_ASSERT(cur.at >= before.at && cur.at <= stream.at + stream.len);
        if (before.fault != LUM_FAULT_NONE) {
            LUM_ASSERT(cur.fault == before.fault && cur.at == before.at);
        }
        LUM_ASSERT(cur.fault == LUM_FAULT_NONE || lum_cur_left(&cur) == 0);
    }
    bool is_whole = cur.at == stream.at + stream.len && cur.fault == LUM_FAULT_NONE;
    LUM_ASSERT((lum_cur_end(&cur) == LUM_FAULT_NONE) == is_whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    check_value(lum_bytes_of(data, size));
    read_many(&in);
    return 0;
}
