/*
 * test_store_sum.c - four bytes by which damage shows: any bit, any place, any length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/store_sum.h"

enum {
    KEY = 12,
    ROOM = 80
};

static void every_changed_bit_shows(void **state)
{
    (void)state;
    for (size_t len = 0; len <= ROOM - KEY - LUM_STORE_SUM; len++) {
        uint8_t row[ROOM] = {0};
        for (size_t i = 0; i < KEY + len; i++) {
            row[i] = (uint8_t)(i * 37 + len);
        }
        lum_store_sum_put(3, lum_bytes_of(row, KEY), row + KEY, len);
        for (size_t bit = 0; bit < (KEY + len + LUM_STORE_SUM) * 8; bit++) {
            struct lum_bytes value = lum_bytes_of(row + KEY, len + LUM_STORE_SUM);
            row[bit / 8] ^= (uint8_t)(1U << bit % 8);
            assert_false(lum_store_sum_take(3, lum_bytes_of(row, KEY), &value));
            row[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        struct lum_bytes value = lum_bytes_of(row + KEY, len + LUM_STORE_SUM);
        assert_true(lum_store_sum_take(3, lum_bytes_of(row, KEY), &value));
        assert_int_equal(value.len, len);
    }
}

static void a_row_elsewhere_shows(void **state)
{
    (void)state;
    uint8_t row[ROOM] = "0123456789abcdef";
    lum_store_sum_put(3, lum_bytes_of(row, 4), row + 4, 12);
    for (uint32_t table = 0; table < 32; table++) {
        struct lum_bytes value = lum_bytes_of(row + 4, 12 + LUM_STORE_SUM);
        assert_int_equal(lum_store_sum_take(table, lum_bytes_of(row, 4), &value), table == 3);
    }
    struct lum_bytes moved = lum_bytes_of(row + 5, 11 + LUM_STORE_SUM); /* key and value joined */
    assert_false(lum_store_sum_take(3, lum_bytes_of(row, 5), &moved));
    struct lum_bytes zeros = lum_bytes_of((const uint8_t[8]){0}, 8);
    assert_false(lum_store_sum_take(0, lum_bytes_of(row, 4), &zeros));
    struct lum_bytes tiny = lum_bytes_of(row, 3);
    assert_false(lum_store_sum_take(0, lum_bytes_of(row, 4), &tiny));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_changed_bit_shows),
        cmocka_unit_test(a_row_elsewhere_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
