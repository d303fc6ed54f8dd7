/*
 * fuzz_value.c - values, their order, and the texts people type: keys, characters, numbers.
 *
 *   input = length u16 | value | length u16 | value | text to the end
 *
 * Holds: the order of values is one (each pair one way, and three in a row agree); the normal form
 * of a text is its own normal form; a key's text is a valid key; a written real reads back.
 */
#include "cli/number.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/utf8.h"
#include "core/value.h"
#include "tests/fuzz/input.h"

enum {
    ROOM = 1 << 20,
};

static int sign(int order)
{
    return (order > 0) - (order < 0);
}

static bool is_value(struct lum_bytes bytes)
{
    struct lum_cur cur = lum_cur_over(bytes);
    struct lum_bytes value = lum_value_read(&cur);
    LUM_ASSERT(cur.fault == LUM_FAULT_NONE || value.len == 0);
    LUM_ASSERT(value.len == 0 || lum_pack_check(value) == LUM_FAULT_NONE);
    return lum_cur_end(&cur) == LUM_FAULT_NONE;
}

static void check_order(struct lum_bytes a, struct lum_bytes b)
{
    static const uint8_t others[][9] = {
        {0x00}, {0xc0}, {0xc3}, {0xa1, 'a'}, {0xc4, 1, 0}, {0x92, 4, 1},
        {0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0}, {0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0},
    };
    static const size_t lens[] = {1, 1, 1, 2, 3, 3, 9, 9};
    int order = sign(lum_value_compare(a, b));
    LUM_ASSERT(order == -sign(lum_value_compare(b, a)));
    LUM_ASSERT(lum_value_compare(a, a) == 0);
    for (size_t i = 0; i < LUM_COUNT(others) && order < 0; i++) {
        struct lum_bytes c = lum_bytes_of(others[i], lens[i]);
        LUM_ASSERT(lum_value_compare(b, c) > 0 || lum_value_compare(a, c) <= 0);
        LUM_ASSERT(lum_value_compare(c, a) > 0 || lum_value_compare(c, b) <= 0);
    }
}

static void check_key(struct lum_bytes value)
{
    struct lum_buf key;
    lum_buf_init(&key, ROOM);
    enum lum_status status = lum_key_text(value, &key);
    LUM_ASSERT(status == LUM_OK || key.len == 0);
    LUM_ASSERT(status != LUM_OK || lum_key_is_valid(lum_buf_bytes(&key)));
    LUM_ASSERT(status != LUM_OK || lum_utf8_valid(lum_buf_bytes(&key)));
    lum_buf_fini(&key);
}

static void check_real(struct lum_bytes value)
{
    struct lum_cur cur = lum_cur_over(value);
    char text[LUM_NUMBER_ROOM] = {0};
    double again = 0;
    double real = lum_cur_real(&cur);
    if (lum_cur_end(&cur) != LUM_FAULT_NONE || real - real < 0 || real - real > 0 ||
        !(real <= 1e300 && real >= -1e300)) {
        return;
    }
    size_t len = lum_number_real(real, text);
    LUM_ASSERT(len > 0 && len < sizeof text);
    again = strtod(text, NULL);
    LUM_ASSERT(memcmp(&again, &real, sizeof real) == 0);
    if (lum_number_to_real(lum_bytes_of(text, len), &again)) {
        LUM_ASSERT(memcmp(&again, &real, sizeof real) == 0);
    }
}

/* By the definitions: the names of fields and collections, and a key of parts. */
static void check_names(struct lum_bytes text)
{
    bool is_coll = text.len >= 1 && text.len <= 32;
    bool is_plain = true; /* without C0, DEL and C1 */
    bool is_whole = text.len > 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        bool is_c1 = c >= 0x80 && c < 0xa0 && i > 0 && text.at[i - 1] == 0xc2;
        bool is_joint = c == LUM_KEY_JOINT;
        is_coll = is_coll && ((c >= 'a' && c <= 'z') || c == '_' ||
                              (i > 0 && ((c >= '0' && c <= '9') || c == '-')));
        is_whole = is_whole && ((c >= 0x20 && c != 0x7f && !is_c1) || is_joint);
        is_plain = is_plain && c >= 0x20 && c != 0x7f && !is_c1;
    }
    LUM_ASSERT(lum_collection_is_valid(text) == is_coll);
    LUM_ASSERT(lum_field_is_valid(text) == (is_plain && text.len >= 1 && text.len <= 64));
    LUM_ASSERT(lum_key_is_valid(text) == (is_whole && text.len <= LUM_KEY_MAX));
}

static void check_text(struct lum_bytes text)
{
    struct lum_buf once;
    struct lum_buf twice;
    int64_t whole = 0;
    double real = 0;
    lum_buf_init(&once, ROOM);
    lum_buf_init(&twice, ROOM);
    enum lum_status status = lum_text_nfc(text, &once);
    LUM_ASSERT(status == LUM_INVALID || status == LUM_OK);
    LUM_ASSERT((status == LUM_OK) == lum_utf8_valid(text));
    if (status == LUM_OK) {
        LUM_ASSERT(lum_text_nfc(lum_buf_bytes(&once), &twice) == LUM_OK);
        LUM_ASSERT(lum_bytes_equal(lum_buf_bytes(&once), lum_buf_bytes(&twice)));
        lum_buf_reset(&once);
        LUM_ASSERT(lum_text_fold(text, &once) == LUM_OK);
        LUM_ASSERT(lum_utf8_valid(lum_buf_bytes(&once)));
    }
    if (status == LUM_OK) {
        check_names(text);
    }
    LUM_ASSERT(lum_text_width(text) <= 2 * text.len);
    if (lum_number_to_int(text, &whole)) {
        LUM_ASSERT(text.len <= 20 && !lum_number_to_real(text, &real));
    } else if (lum_number_to_real(text, &real)) {
        char shortest[LUM_NUMBER_ROOM] = {0};
        size_t len = lum_number_real(real, shortest);
        LUM_ASSERT(lum_bytes_equal(text, lum_bytes_of(shortest, len)));
    }
    lum_buf_fini(&once);
    lum_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    struct lum_bytes a = block_of(input_bytes(&in, input_number(&in, 2)));
    struct lum_bytes b = block_of(input_bytes(&in, input_number(&in, 2)));
    bool are_values = is_value(a);
    are_values = is_value(b) && are_values;
    if (are_values) {
        check_order(a, b);
    }
    if (is_value(a)) {
        check_key(a);
        check_real(a);
    }
    check_text(input_rest(&in));
    block_free(a);
    block_free(b);
    return 0;
}
