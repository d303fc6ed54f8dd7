/* Well-formed UTF-8 and control characters, each held to a plain description of all Unicode. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "core/utf8.h"

/* The bits of `number` in a sequence of `len` bytes, allowed or not. */
static struct lum_bytes encode(uint32_t number, size_t len, uint8_t out[4])
{
    static const uint8_t marks[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (number & 0x3f));
        number >>= 6;
    }
    out[0] = (uint8_t)(marks[len] | number);
    return lum_bytes_of(out, len);
}

static size_t shortest(uint32_t number)
{
    return number < 0x80 ? 1 : number < 0x800 ? 2 : number < 0x10000 ? 3 : 4;
}

static bool is_character(uint32_t number)
{
    return number <= 0x10ffff && !(number >= 0xd800 && number <= 0xdfff);
}

static void every_character_is_valid_in_its_shortest_form_only(void **state)
{
    (void)state;
    uint8_t bytes[4];
    for (uint32_t number = 0; number < 0x200000; number++) {
        for (size_t len = shortest(number); len <= 4; len++) {
            bool expected = is_character(number) && len == shortest(number);
            if (lum_utf8_valid(encode(number, len, bytes)) != expected) {
                fail_msg("U+%04X in %zu bytes", number, len);
            }
        }
    }
}

static void a_cut_character_is_invalid(void **state)
{
    (void)state;
    assert_false(lum_utf8_valid(lum_bytes_of("\xc3", 1)));
    assert_false(lum_utf8_valid(lum_bytes_of("\xe2\x82", 2)));
    assert_false(lum_utf8_valid(lum_bytes_of("\xf0\x9f\x8c", 3)));
}

static void a_bad_byte_is_seen_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t len = 1; len < 40; len++) {
        for (size_t i = 0; i < len; i++) {
            char text[40];
            memset(text, 'a', sizeof text);
            assert_true(lum_utf8_valid(lum_bytes_of(text, len)));
            text[i] = '\x80';
            assert_false(lum_utf8_valid(lum_bytes_of(text, len)));
        }
    }
}

static void nothing_is_valid(void **state)
{
    (void)state;
    assert_true(lum_utf8_valid((struct lum_bytes){0}));
    assert_false(lum_utf8_has_control((struct lum_bytes){0}));
}

static void control_characters_are_c0_del_and_c1(void **state)
{
    (void)state;
    uint8_t bytes[4];
    for (uint32_t number = 0; number <= 0x10ffff; number++) {
        bool expected = number < 0x20 || (number >= 0x7f && number < 0xa0);
        if (is_character(number) &&
            lum_utf8_has_control(encode(number, shortest(number), bytes)) != expected) {
            fail_msg("U+%04X", number);
        }
    }
    assert_true(lum_utf8_has_control(lum_bytes_of("ab\nc", 4)));
    assert_true(lum_utf8_has_control(lum_bytes_of("ab\xc2\x85", 4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_valid_in_its_shortest_form_only),
        cmocka_unit_test(a_cut_character_is_invalid),
        cmocka_unit_test(a_bad_byte_is_seen_wherever_it_stands),
        cmocka_unit_test(nothing_is_valid),
        cmocka_unit_test(control_characters_are_c0_del_and_c1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
