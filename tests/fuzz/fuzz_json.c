/*
 * fuzz_json.c - JSON in, and values out as JSON.
 *
 *   input = way u8 | text to the end
 *     way & 1  the text is NDJSON; else one value
 *     way & 2  the text is canonical msgpack, to be written as JSON and read back
 *     way & 4  the language of messages
 *     way & 8  the value is an array, with way & 16 an object, that holds the text 4,097 times
 *
 * Holds: what is read is canonical, and written as JSON it reads as the same bytes; what counts as
 * plain reads alike as an array's only element, which jansson reads. Memory does not end here:
 * jansson 2.14 asserts when it ends inside a number.
 */
#define _GNU_SOURCE /* memfd_create */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/json.h"
#include "cli/json_plain.h"
#include "cli/json_write.h"
#include "core/limits.h"
#include "core/pack.h"
#include "tests/fuzz/input.h"

static enum lum_lang lang;

static void check_fault(enum lum_status status, const struct lum_error *err)
{
    LUM_ASSERT(status == LUM_INVALID || status == LUM_LIMIT);
    LUM_ASSERT(lum_cause_status(err->cause) == status);
    LUM_ASSERT(strncmp(err->one, "file.json:", 10) == 0 && err->one[10] >= '1');
}

static void check_value(struct lum_bytes pack)
{
    struct lum_buf text;
    struct lum_buf again;
    LUM_ASSERT(lum_pack_check(pack) == LUM_FAULT_NONE);
    lum_buf_init(&text, 64 * pack.len + 512);
    lum_buf_init(&again, pack.len + 64);
    lum_json_write(pack, &text);
    LUM_ASSERT(!text.broken);
    LUM_ASSERT(lum_json_read(lum_buf_bytes(&text), "again", lang, &again, NULL) == LUM_OK);
    LUM_ASSERT(lum_bytes_equal(pack, lum_buf_bytes(&again)));
    lum_buf_fini(&text);
    lum_buf_fini(&again);
}

static void check_plain(struct lum_bytes text)
{
    struct lum_buf plain;
    struct lum_buf array;
    struct lum_buf slow;
    lum_buf_init(&plain, LUM_LINE_MAX);
    lum_buf_init(&array, text.len + 2);
    lum_buf_init(&slow, LUM_LINE_MAX);
    lum_pack_array(&plain, 1);
    if (lum_utf8_valid(text) && lum_json_plain(text, &plain)) {
        lum_buf_put_byte(&array, '[');
        lum_buf_put(&array, text.at, text.len);
        lum_buf_put_byte(&array, ']');
        LUM_ASSERT(lum_json_read(lum_buf_bytes(&array), "array", lang, &slow, NULL) == LUM_OK);
        LUM_ASSERT(lum_bytes_equal(lum_buf_bytes(&plain), lum_buf_bytes(&slow)));
    }
    lum_buf_fini(&plain);
    lum_buf_fini(&array);
    lum_buf_fini(&slow);
}

static void read_value(struct lum_bytes text)
{
    struct lum_error err = {0};
    struct lum_buf out;
    check_plain(text);
    lum_buf_init(&out, LUM_LINE_MAX);
    lum_buf_put(&out, "kept", 4);
    enum lum_status status = lum_json_read(text, "file.json", lang, &out, &err);
    if (status == LUM_OK) {
        check_value(lum_bytes_of(out.at + 4, out.len - 4));
    } else {
        check_fault(status, &err);
        LUM_ASSERT(out.len == 4);
    }
    lum_buf_fini(&out);
}

/* One element more than there may be. */
static void read_many(struct lum_bytes text, bool is_object)
{
    struct lum_buf many;
    lum_buf_init(&many, LUM_LINE_MAX);
    lum_buf_put_byte(&many, is_object ? '{' : '[');
    for (unsigned i = 0; i <= LUM_ELEMENTS_MAX && text.len <= 8; i++) {
        char name[16];
        int len = snprintf(name, sizeof name, "%s\"%u\":", i > 0 ? "," : "", i);
        lum_buf_put(&many, name, is_object ? (size_t)len : i > 0);
        lum_buf_put(&many, text.at, text.len);
    }
    lum_buf_put_byte(&many, is_object ? '}' : ']');
    read_value(lum_buf_bytes(&many));
    lum_buf_fini(&many);
}

static void read_lines(struct lum_bytes text)
{
    static int file = -1;
    struct lum_error err = {0};
    struct lum_lines lines;
    struct lum_buf out;
    if (file < 0) {
        file = memfd_create("lines", 0);
    }
    LUM_ASSERT(file >= 0 && ftruncate(file, 0) == 0);
    LUM_ASSERT(pwrite(file, text.at, text.len, 0) == (ssize_t)text.len);
    LUM_ASSERT(lseek(file, 0, SEEK_SET) == 0);
    lum_lines_open(&lines, file, "file.json", NULL);
    lum_buf_init(&out, LUM_LINE_MAX);
    enum lum_status status = LUM_OK;
    while ((status = lum_json_read_line(&lines, lang, &out, &err)) == LUM_OK) {
        LUM_ASSERT(out.at[0] >= 0x80);
        check_value(lum_buf_bytes(&out));
        lum_buf_reset(&out);
    }
    if (status != LUM_NOT_FOUND) {
        check_fault(status, &err);
    }
    LUM_ASSERT(out.len == 0);
    lum_buf_fini(&out);
    lum_lines_close(&lines);
}

/* Not every value comes back (bytes are text in JSON), but what is written is JSON. */
static void write_value(struct lum_bytes pack)
{
    struct lum_buf text;
    struct lum_buf again;
    lum_buf_init(&text, 64 * pack.len + 512);
    lum_buf_init(&again, 64 * pack.len + 512);
    lum_json_write(pack, &text);
    if (lum_pack_check(pack) == LUM_FAULT_NONE) {
        LUM_ASSERT(!text.broken);
        enum lum_status status =
            lum_json_read(lum_buf_bytes(&text), "again", lang, &again, NULL);
        LUM_ASSERT(status == LUM_OK || status == LUM_INVALID);
    }
    lum_buf_fini(&text);
    lum_buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    uint8_t way = input_byte(&in);
    lang = (way & 4) != 0 ? LUM_LANG_ID : LUM_LANG_EN;
    struct lum_bytes text = input_rest(&in);
    if ((way & 2) != 0) {
        write_value(text);
    } else if ((way & 1) != 0) {
        read_lines(text);
    } else if ((way & 8) != 0) {
        read_many(text, (way & 16) != 0);
    } else {
        read_value(text);
    }
    return 0;
}
