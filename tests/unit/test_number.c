/*
 * test_number.c - numbers as decimal text, and what a cell of a table means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/csv.h"
#include "cli/number.h"
#include "core/limits.h"
#include "core/pack.h"

static struct lum_buf shown;

static int set_up(void **state)
{
    (void)state;
    lum_buf_init(&shown, LUM_LINE_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_buf_fini(&shown);
    return 0;
}

/* ---- what is expected of a cell ---- */

static void expect_text(const char *cell)
{
    struct lum_bytes bytes = lum_bytes_of(cell, strlen(cell));
    lum_buf_reset(&shown);
    assert_true(lum_csv_value(bytes, &shown));
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&shown));
    struct lum_bytes text = lum_cur_str(&cur, LUM_LINE_MAX);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
    assert_true(lum_bytes_equal(text, bytes));
}

static void expect_int(const char *cell, int64_t value)
{
    lum_buf_reset(&shown);
    assert_true(lum_csv_value(lum_bytes_of(cell, strlen(cell)), &shown));
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&shown));
    assert_true(lum_cur_int(&cur) == value);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
}

static void expect_real(const char *cell)
{
    lum_buf_reset(&shown);
    assert_true(lum_csv_value(lum_bytes_of(cell, strlen(cell)), &shown));
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&shown));
    double value = lum_cur_real(&cur);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
    double expected = strtod(cell, NULL);
    assert_memory_equal(&value, &expected, sizeof(value));
    char text[LUM_NUMBER_ROOM];
    assert_int_equal(lum_number_real(value, text), strlen(cell));
    assert_memory_equal(text, cell, strlen(cell));
}

static void an_empty_cell_says_nothing(void **state)
{
    (void)state;
    assert_false(lum_csv_value((struct lum_bytes){(const uint8_t *)"", 0}, &shown));
    assert_int_equal(shown.len, 0);
}

static void whole_numbers_within_int64_are_ints(void **state)
{
    (void)state;
    expect_int("0", 0);
    expect_int("7", 7);
    expect_int("-1", -1);
    expect_int("1101012001", 1101012001);
    expect_int("9223372036854775807", INT64_MAX);
    expect_int("-9223372036854775808", INT64_MIN);
    static const char *const texts[] = {
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
        "18446744073709551616",
        "-0",
        "00",
        "007",
        "+1",
        "1 ",
        " 1",
        "1,000",
        "0x10",
        "1e3",
        "-",
        "--1",
        "-01",
        "1-",
    };
    for (size_t i = 0; i < LUM_COUNT(texts); i++) {
        expect_text(texts[i]);
    }
}

static void shortest_decimals_are_reals(void **state)
{
    (void)state;
    static const char *const reals[] = {
        "0.0",
        "5.0",
        "-5.0",
        "39.1",
        "8.94956",
        "-24.69454",
        "0.1",
        "0.0001",
        "-0.00012",
        "123456789012345.0",
        "1000000000000000.0",
        "9007199254740992.0",
        "0.30000000000000004",
        "1234567890.1234567",
        "5.551115123125783",
        "3333333333333333.5",
        "0.00012345678901234567",
        "100000.0",
        "110.88642",
        "99999999999999.9",
        "0.12345678901234568",
    };
    for (size_t i = 0; i < LUM_COUNT(reals); i++) {
        expect_real(reals[i]);
    }
}

static void other_decimals_stay_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "-0.0",
        "5.00",
        "5.10",
        "1e-05",
        "1.0e-05",
        "0.0000100",
        "0.00",
        ".5",
        "5.",
        "05.0",
        "-.5",
        "1.2.3",
        "1,5",
        "1.5e3",
        "1.5 ",
        "0.1000000000000000055",
        "0.30000000000000003",
        "0.00000",
        "9007199254740993.0",
        "123456789012345678.5",
        "1.",
        "0.1234567890123456789012345678901234567890",
        "NaN",
        "inf",
        "--0.5",
        "0.5-",
        "1.00000000000000000000000000000000000001",
        "0.000123456789012345678",
    };
    for (size_t i = 0; i < LUM_COUNT(texts); i++) {
        expect_text(texts[i]);
    }
    char beyond[LUM_NUMBER_ROOM];
    memset(beyond, '9', sizeof(beyond));
    memcpy(beyond + 310, ".0", 3);
    expect_text(beyond);
}

static void everything_else_is_text(void **state)
{
    (void)state;
    static const char *const texts[] = {"NA", "true", "null", "2007-11-11", "-", " ", "Desa"};
    for (size_t i = 0; i < LUM_COUNT(texts); i++) {
        expect_text(texts[i]);
    }
}

/* The definition by printf and strtod alone. */
static void the_quick_way_agrees_with_the_definition(void **state)
{
    (void)state;
    uint64_t seed = 1;
    unsigned reals = 0;
    for (unsigned i = 0; i < 60000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        char cell[64];
        unsigned places = (unsigned)(seed >> 60) % 9 + 1;
        uint64_t whole = (seed >> 20) % (i % 2 == 0 ? 1000 : 10000000000);
        uint64_t fraction = seed % 1000000000 >> (seed >> 40) % 30;
        snprintf(cell, sizeof(cell), "%llu.%0*llu", (unsigned long long)whole, (int)places,
                 (unsigned long long)fraction);
        double value = strtod(cell, NULL);
        char plain[400] = "";
        /* the fewest decimal places that give the value back, at least one */
        for (int decimals = 1; decimals <= 20; decimals++) {
            snprintf(plain, sizeof(plain), "%.*f", decimals, value);
            double back = strtod(plain, NULL);
            if (memcmp(&back, &value, sizeof(back)) == 0) {
                break;
            }
        }
        double out = 0;
        bool is_real = lum_number_to_real(lum_bytes_of(cell, strlen(cell)), &out);
        assert_int_equal(is_real, strcmp(plain, cell) == 0);
        reals += is_real ? 1 : 0;
    }
    assert_in_range(reals, 5000, 59000);
}

static void reals_are_written_without_an_exponent(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {1e16, "10000000000000000.0"},
        {1e23, "100000000000000000000000.0"},
        {2.5e-7, "0.00000025"},
        {-1e-5, "-0.00001"},
        {1.2345678901234568e-5, "0.000012345678901234568"},
        {1e15, "1000000000000000.0"},
        {1e-4, "0.0001"},
        {0.0, "0.0"},
    };
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        char text[LUM_NUMBER_ROOM] = "";
        size_t len = lum_number_real(cases[i].value, text);
        assert_int_equal(len, strlen(cases[i].text));
        assert_memory_equal(text, cases[i].text, len);
        expect_real(cases[i].text);
    }
    static const double ends[] = {5e-324, 2.2250738585072014e-308, -2.2250738585072014e-308,
                                  1.7976931348623157e308, -1.7976931348623157e308};
    for (size_t i = 0; i < LUM_COUNT(ends); i++) {
        char text[LUM_NUMBER_ROOM] = "";
        double out = 0;
        size_t len = lum_number_real(ends[i], text);
        assert_true(len < sizeof(text) && memchr(text, 'e', len) == NULL);
        assert_true(lum_number_to_real(lum_bytes_of(text, len), &out));
        assert_memory_equal(&out, &ends[i], sizeof(out));
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(an_empty_cell_says_nothing),
        CASE(whole_numbers_within_int64_are_ints),
        CASE(shortest_decimals_are_reals),
        CASE(other_decimals_stay_text),
        CASE(everything_else_is_text),
        CASE(the_quick_way_agrees_with_the_definition),
        CASE(reals_are_written_without_an_exponent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
