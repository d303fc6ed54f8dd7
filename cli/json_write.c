/* json_write.c - see json_write.h. */
#include "cli/json_write.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/number.h"
#include "core/limits.h"

enum {
    DEPTH_MAX = 32, /* replies wrap values in a few levels of their own */
};

static const char HEX[] = "0123456789abcdef";

static void put_text(struct lum_buf *out, const char *text)
{
    lum_buf_put(out, text, strlen(text));
}

/* The escape of a byte, or 0 when it is written as it is: a letter, or 'u'. */
static char escape_of(uint8_t byte)
{
    switch (byte) {
    case '"':
    case '\\':
        return (char)byte;
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return byte < 0x20 || byte == 0x7f ? 'u' : '\0';
    }
}

static void put_unicode_escape(struct lum_buf *out, uint8_t character)
{
    const char escape[6] = {'\\', 'u', '0', '0', HEX[character >> 4], HEX[character & 15]};
    lum_buf_put(out, escape, sizeof(escape));
}

void lum_json_write_text(struct lum_bytes text, struct lum_buf *out)
{
    size_t plain_from = 0;
    lum_buf_put_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char escape = escape_of(text.at[i]);
        bool is_c1 = text.at[i] == 0xc2 && i + 1 < text.len && text.at[i + 1] < 0xa0;
        if (escape == '\0' && !is_c1) {
            continue;
        }
        lum_buf_put(out, text.at + plain_from, i - plain_from);
        i += is_c1 ? 1 : 0; /* c2 80 to c2 9f */
        plain_from = i + 1;
        if (is_c1 || escape == 'u') {
            put_unicode_escape(out, text.at[i]);
        } else {
            const char pair[2] = {'\\', escape};
            lum_buf_put(out, pair, sizeof(pair));
        }
    }
    lum_buf_put(out, text.at + plain_from, text.len - plain_from);
    lum_buf_put_byte(out, '"');
}

static void write_bin(struct lum_bytes bytes, struct lum_buf *out)
{
    lum_buf_put_byte(out, '"');
    for (size_t i = 0; i < bytes.len; i++) {
        const char pair[2] = {HEX[bytes.at[i] >> 4], HEX[bytes.at[i] & 15]};
        lum_buf_put(out, pair, sizeof(pair));
    }
    lum_buf_put_byte(out, '"');
}

static void write_number(struct lum_cur *cur, bool is_real, struct lum_buf *out)
{
    char text[LUM_NUMBER_ROOM];
    if (!is_real) {
        int len = snprintf(text, sizeof(text), "%" PRId64, lum_cur_int(cur));
        lum_buf_put(out, text, (size_t)len);
        return;
    }
    double value = lum_cur_real(cur);
    if (isfinite(value)) {
        lum_buf_put(out, text, lum_number_real(value, text));
    } else {
        put_text(out, "null");
    }
}

static void write_value(struct lum_cur *cur, unsigned depth, struct lum_buf *out);

static void write_array(struct lum_cur *cur, unsigned depth, struct lum_buf *out)
{
    uint32_t count = lum_cur_array(cur, LUM_ELEMENTS_MAX);
    lum_buf_put_byte(out, '[');
    for (uint32_t i = 0; i < count; i++) {
        put_text(out, i > 0 ? "," : "");
        write_value(cur, depth + 1, out);
    }
    lum_buf_put_byte(out, ']');
}

static void write_map(struct lum_cur *cur, unsigned depth, struct lum_buf *out)
{
    uint32_t count = lum_cur_map(cur, LUM_ELEMENTS_MAX);
    lum_buf_put_byte(out, '{');
    for (uint32_t i = 0; i < count; i++) {
        put_text(out, i > 0 ? "," : "");
        lum_json_write_text(lum_cur_str(cur, lum_cur_left(cur)), out);
        lum_buf_put_byte(out, ':');
        write_value(cur, depth + 1, out);
    }
    lum_buf_put_byte(out, '}');
}

static void write_value(struct lum_cur *cur, unsigned depth, struct lum_buf *out)
{
    if (depth == DEPTH_MAX) {
        lum_cur_fail(cur, LUM_FAULT_OVER_LIMIT);
    }
    switch (lum_cur_peek(cur)) {
    case LUM_PACK_NIL:
        lum_cur_nil(cur);
        put_text(out, "null");
        break;
    case LUM_PACK_BOOL:
        put_text(out, lum_cur_bool(cur) ? "true" : "false");
        break;
    case LUM_PACK_INT:
        write_number(cur, false, out);
        break;
    case LUM_PACK_REAL:
        write_number(cur, true, out);
        break;
    case LUM_PACK_STR:
        lum_json_write_text(lum_cur_str(cur, lum_cur_left(cur)), out);
        break;
    case LUM_PACK_BIN:
        write_bin(lum_cur_bin(cur, lum_cur_left(cur)), out);
        break;
    case LUM_PACK_ARRAY:
        write_array(cur, depth, out);
        break;
    case LUM_PACK_MAP:
        write_map(cur, depth, out);
        break;
    case LUM_PACK_NONE:
        put_text(out, "null");
        break;
    }
}

void lum_json_write_next(struct lum_cur *cur, struct lum_buf *out)
{
    write_value(cur, 0, out);
}

void lum_json_write(struct lum_bytes pack, struct lum_buf *out)
{
    struct lum_cur cur = lum_cur_over(pack);
    write_value(&cur, 0, out);
}
