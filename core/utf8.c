/*
 * utf8.c - is it UTF-8, is it printable: by ranges of bytes alone, no table of Unicode.
 *
 *   first byte  00-7f   c2-df    e0     e1-ec  ed     ee-ef   f0     f1-f3  f4
 *   length      1       2        3      3      3      3       4      4      4
 *   second      -       80-bf    a0-bf  80-bf  80-9f  80-bf   90-bf  80-bf  80-8f
 *
 * All later bytes are 80-bf. RFC 3629, section 4.
 */
#include "core/utf8.h"

#include <string.h>

/* Bytes of the well-formed character at `at`, 0 when it is none. */
static size_t utf8_length(const uint8_t *at, size_t left)
{
    uint8_t first = at[0];
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    size_t len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint8_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    uint8_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (left < len || at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

/* Eight characters of one byte each: nearly all text is, so it is worth one test in eight. */
static bool is_ascii_eight(const uint8_t *at, size_t left)
{
    uint64_t eight = 0;
    if (left < sizeof eight) {
        return false;
    }
    memcpy(&eight, at, sizeof eight);
    return (eight & UINT64_C(0x8080808080808080)) == 0;
}

bool lum_utf8_valid(struct lum_bytes text)
{
    size_t i = 0;
    while (i < text.len) {
        const uint8_t *at = text.at + i;
        size_t left = text.len - i;
        size_t len = is_ascii_eight(at, left) ? sizeof(uint64_t) : utf8_length(at, left);
        if (len == 0) {
            return false;
        }
        i += len;
    }
    return true;
}

bool lum_utf8_has_control(struct lum_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.at[i];
        bool is_c1 = byte == 0xc2 && i + 1 < text.len && text.at[i + 1] < 0xa0;
        if (byte < 0x20 || byte == 0x7f || is_c1) {
            return true;
        }
    }
    return false;
}
