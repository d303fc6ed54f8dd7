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

bool lum_utf8_valid(struct lum_bytes text)
{
    size_t i = 0;
    while (i < text.len) {
        uint64_t eight = 0;
        if (text.len - i >= sizeof eight) {
            memcpy(&eight, text.at + i, sizeof eight);
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof eight;
                continue;
            }
        }
        size_t len = utf8_length(text.at + i, text.len - i);
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
