/*
 * text.c - the door to utf8proc.
 *
 * Nearly all text that people type here lies below U+0300, where every character is its own Form C
 * and combines with nothing: such text is copied. The rest is decomposed into code points, put
 * together again and encoded.
 */
#include "core/text.h"

#include <utf8proc.h>

#include "core/utf8.h"

enum {
    FIRST_LEAD_OF_0300 = 0xcc, /* in UTF-8, U+0300 is cc 80 */
    CHARACTER_MAX = 4,
};

static bool is_below(struct lum_bytes in, uint8_t bound)
{
    for (size_t i = 0; i < in.len; i++) {
        if (in.at[i] >= bound) {
            return false;
        }
    }
    return true;
}

static void put_characters(const utf8proc_int32_t *characters, utf8proc_ssize_t count,
                           struct lum_buf *out)
{
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        uint8_t bytes[CHARACTER_MAX];
        utf8proc_ssize_t len = utf8proc_encode_char(characters[i], bytes);
        lum_buf_put(out, bytes, (size_t)len);
    }
}

/* Form C of valid UTF-8, after what else `flags` ask for. */
static enum lum_status compose(struct lum_bytes in, unsigned flags, struct lum_buf *out)
{
    utf8proc_option_t options = (utf8proc_option_t)(flags | UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    utf8proc_ssize_t len = (utf8proc_ssize_t)in.len;
    utf8proc_ssize_t count = utf8proc_decompose(in.at, len, NULL, 0, options);
    if (count <= 0) {
        return count == 0 ? LUM_OK : LUM_LIMIT;
    }
    utf8proc_int32_t *characters = lum_alloc((size_t)count * sizeof *characters);
    if (characters == NULL) {
        return LUM_NO_MEMORY;
    }
    (void)utf8proc_decompose(in.at, len, characters, count, options);
    count = utf8proc_normalize_utf32(characters, count, options);
    put_characters(characters, count, out);
    lum_free(characters);
    return lum_buf_status(out);
}

enum lum_status lum_text_nfc(struct lum_bytes in, struct lum_buf *out)
{
    if (!lum_utf8_valid(in)) {
        return LUM_INVALID;
    }
    if (is_below(in, FIRST_LEAD_OF_0300)) {
        lum_buf_put(out, in.at, in.len);
        return lum_buf_status(out);
    }
    return compose(in, 0, out);
}

enum lum_status lum_text_fold(struct lum_bytes in, struct lum_buf *out)
{
    if (!lum_utf8_valid(in)) {
        return LUM_INVALID;
    }
    return compose(in, UTF8PROC_CASEFOLD, out);
}

size_t lum_text_width(struct lum_bytes in)
{
    size_t width = 0;
    size_t i = 0;
    while (i < in.len) {
        utf8proc_int32_t character = -1;
        utf8proc_ssize_t len =
            utf8proc_iterate(in.at + i, (utf8proc_ssize_t)(in.len - i), &character);
        width += len > 0 ? (size_t)utf8proc_charwidth(character) : 1;
        i += len > 0 ? (size_t)len : 1;
    }
    return width;
}
