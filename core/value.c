/*
 * value.c - reads the forms a value can take, orders values, checks the names around them.
 *
 * The forms of tagged values stand in one table: what follows the tag, one letter an element.
 *
 *   i int   u int >= 0   s str   h bin of 32   l bin of 16   * any number of scalars
 */
#include "core/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/limits.h"
#include "core/text.h"
#include "core/utf8.h"

static const char *const forms[] = {
    [LUM_VALUE_LIST] = "*",    [LUM_VALUE_BLOB] = "huss", [LUM_VALUE_LINK] = "l",
    [LUM_VALUE_GEO] = "iii",   [LUM_VALUE_DATE] = "i",    [LUM_VALUE_MONEY] = "si",
    [LUM_VALUE_INSTANT] = "i",
};

/* ---- reading ---- */

/* A value that holds no others. */
static void scalar_read(struct lum_cur *cur)
{
    (void)lum_cur_any(cur, 0);
}

static void element_read(struct lum_cur *cur, char form)
{
    uint8_t bytes[32];
    switch (form) {
    case 'i':
        (void)lum_cur_int(cur);
        break;
    case 'u':
        (void)lum_cur_uint(cur, INT64_MAX);
        break;
    case 's':
        (void)lum_cur_str(cur, LUM_VALUE_MAX);
        break;
    case 'h':
        lum_cur_bin_exact(cur, bytes, 32);
        break;
    default:
        lum_cur_bin_exact(cur, bytes, 16);
        break;
    }
}

static void tagged_read(struct lum_cur *cur)
{
    uint32_t n = lum_cur_array(cur, LUM_ELEMENTS_MAX);
    int64_t tag = lum_cur_int(cur);
    if (n == 0 || tag < 0 || tag >= (int64_t)LUM_COUNT(forms)) {
        lum_cur_fail(cur, LUM_FAULT_TYPE);
        return;
    }
    const char *form = forms[tag];
    if (*form == '*') {
        for (uint32_t i = 1; i < n && cur->fault == LUM_FAULT_NONE; i++) {
            scalar_read(cur);
        }
        return;
    }
    if (n != 1 + strlen(form)) {
        lum_cur_fail(cur, LUM_FAULT_TYPE);
    }
    for (; *form != '\0'; form++) {
        element_read(cur, *form);
    }
}

struct lum_bytes lum_value_read(struct lum_cur *cur)
{
    const uint8_t *start = cur->at;
    if (lum_cur_peek(cur) == LUM_PACK_ARRAY) {
        tagged_read(cur);
    } else {
        scalar_read(cur);
    }
    size_t len = (size_t)(cur->at - start);
    if (len > LUM_VALUE_MAX) {
        lum_cur_fail(cur, LUM_FAULT_OVER_LIMIT);
    }
    if (cur->fault != LUM_FAULT_NONE) {
        len = 0;
    }
    return (struct lum_bytes){start, len};
}

bool lum_value_is_nil(struct lum_bytes value)
{
    return value.len == 1 && value.at[0] == 0xc0;
}

/* ---- order ---- */

static int kind_of(enum lum_pack_type type)
{
    static const int kinds[] = {
        [LUM_PACK_NIL] = 0,   [LUM_PACK_BOOL] = 1, [LUM_PACK_INT] = 2,
        [LUM_PACK_REAL] = 2,  [LUM_PACK_STR] = 3,  [LUM_PACK_BIN] = 4,
        [LUM_PACK_ARRAY] = 5, [LUM_PACK_MAP] = 6,  [LUM_PACK_NONE] = 7,
    };
    return kinds[type];
}

static int compare_ints(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static bool is_nan(double r)
{
    return !(r < 0) && !(r >= 0);
}

static int compare_reals(double a, double b)
{
    if (is_nan(a) || is_nan(b)) {
        return is_nan(a) - is_nan(b);
    }
    return (a > b) - (a < b);
}

/* Exact, where a cast of the int to a real would round it. */
static int compare_int_real(int64_t i, double r)
{
    static const double end = 9223372036854775808.0; /* 2^63 */
    if (is_nan(r) || r >= end) {
        return -1;
    }
    if (r < -end) {
        return 1;
    }
    int64_t whole = (int64_t)r;
    double rest = r - (double)whole;
    return i != whole ? compare_ints(i, whole) : (rest < 0) - (rest > 0);
}

static int compare_numbers(struct lum_cur *a, struct lum_cur *b)
{
    bool a_is_int = lum_cur_peek(a) == LUM_PACK_INT;
    bool b_is_int = lum_cur_peek(b) == LUM_PACK_INT;
    if (a_is_int && b_is_int) {
        return compare_ints(lum_cur_int(a), lum_cur_int(b));
    }
    if (a_is_int) {
        return compare_int_real(lum_cur_int(a), lum_cur_real(b));
    }
    if (b_is_int) {
        return -compare_int_real(lum_cur_int(b), lum_cur_real(a));
    }
    return compare_reals(lum_cur_real(a), lum_cur_real(b));
}

/* Two values that hold no others; moves both cursors behind them. */
static int compare_scalars(struct lum_cur *a, struct lum_cur *b)
{
    int kind = kind_of(lum_cur_peek(a));
    int other = kind_of(lum_cur_peek(b));
    if (kind != other) {
        return kind - other;
    }
    switch (kind) {
    case 0:
        lum_cur_nil(a);
        lum_cur_nil(b);
        return 0;
    case 1:
        return lum_cur_bool(a) - lum_cur_bool(b);
    case 2:
        return compare_numbers(a, b);
    case 3:
        return lum_bytes_compare(lum_cur_str(a, SIZE_MAX), lum_cur_str(b, SIZE_MAX));
    case 4:
        return lum_bytes_compare(lum_cur_bin(a, SIZE_MAX), lum_cur_bin(b, SIZE_MAX));
    default:
        return 0;
    }
}

int lum_value_compare(struct lum_bytes a, struct lum_bytes b)
{
    struct lum_cur left = lum_cur_over(a);
    struct lum_cur right = lum_cur_over(b);
    if (lum_cur_peek(&left) != LUM_PACK_ARRAY || lum_cur_peek(&right) != LUM_PACK_ARRAY) {
        return compare_scalars(&left, &right);
    }
    uint32_t n = lum_cur_array(&left, LUM_ELEMENTS_MAX);
    uint32_t m = lum_cur_array(&right, LUM_ELEMENTS_MAX);
    int order = 0;
    for (uint32_t i = 0; i < n && i < m && order == 0; i++) {
        order = compare_scalars(&left, &right);
    }
    return order != 0 ? order : (n > m) - (n < m);
}

/* ---- names ---- */

bool lum_key_is_valid(struct lum_bytes key)
{
    if (key.len < 1 || key.len > LUM_KEY_MAX) {
        return false;
    }
    size_t from = 0;
    for (size_t i = 0; i <= key.len; i++) {
        if (i < key.len && key.at[i] != LUM_KEY_JOINT) {
            continue;
        }
        if (lum_utf8_has_control((struct lum_bytes){key.at + from, i - from})) {
            return false;
        }
        from = i + 1;
    }
    return true;
}

bool lum_field_is_valid(struct lum_bytes field)
{
    return field.len >= 1 && field.len <= LUM_FIELD_MAX && !lum_utf8_has_control(field);
}

bool lum_collection_is_valid(struct lum_bytes name)
{
    if (name.len < 1 || name.len > LUM_COLLECTION_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.at[i];
        bool begins = (c >= 'a' && c <= 'z') || c == '_';
        bool goes_on = (c >= '0' && c <= '9') || c == '-';
        if (!begins && (i == 0 || !goes_on)) {
            return false;
        }
    }
    return true;
}

/* ---- keys from values ---- */

/* Bytes of the blank that begins text, 0 when none does. U+00A0 is c2 a0. */
static size_t blank_at_start(struct lum_bytes text)
{
    if (text.len >= 1 && ((text.at[0] >= 0x09 && text.at[0] <= 0x0d) || text.at[0] == ' ')) {
        return 1;
    }
    return text.len >= 2 && text.at[0] == 0xc2 && text.at[1] == 0xa0 ? 2 : 0;
}

static size_t blank_at_end(struct lum_bytes text)
{
    if (text.len == 0) {
        return 0;
    }
    struct lum_bytes last = {text.at + text.len - 1, 1};
    if (blank_at_start(last) == 1) {
        return 1;
    }
    if (text.len < 2) {
        return 0;
    }
    last = (struct lum_bytes){text.at + text.len - 2, 2};
    return blank_at_start(last) == 2 ? 2 : 0;
}

static struct lum_bytes trim(struct lum_bytes text)
{
    for (size_t n = blank_at_start(text); n > 0; n = blank_at_start(text)) {
        text = (struct lum_bytes){text.at + n, text.len - n};
    }
    for (size_t n = blank_at_end(text); n > 0; n = blank_at_end(text)) {
        text.len -= n;
    }
    return text;
}

enum lum_status lum_key_text(struct lum_bytes value, struct lum_buf *out)
{
    char digits[24];
    struct lum_bytes text = {0};
    struct lum_cur cur = lum_cur_over(value);
    if (lum_cur_peek(&cur) == LUM_PACK_STR) {
        text = trim(lum_cur_str(&cur, SIZE_MAX));
    } else if (lum_cur_peek(&cur) == LUM_PACK_INT) {
        int n = snprintf(digits, sizeof digits, "%" PRId64, lum_cur_int(&cur));
        text = lum_bytes_of(digits, (size_t)n);
    }
    if (text.len == 0 || lum_utf8_has_control(text)) {
        return LUM_INVALID;
    }
    size_t before = out->len;
    enum lum_status status = lum_text_nfc(text, out);
    if (status == LUM_OK && out->len - before > LUM_KEY_MAX) {
        out->len = before;
        status = LUM_LIMIT;
    }
    return status;
}
