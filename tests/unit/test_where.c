/* A condition becomes steps that need no recursion, or names the column where it went wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/pack.h"
#include "core/where.h"

static struct lum_arena arena;

static int setup(void **state)
{
    (void)state;
    lum_arena_init(&arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lum_arena_fini(&arena);
    return 0;
}

/* The steps as letters: a field's name for a test, & | ! for the others. */
static const char *steps_of(const char *text)
{
    static char out[256];
    struct lum_where where;
    size_t len = 0;
    assert_int_equal(lum_where_read(text, &arena, &where, NULL), LUM_OK);
    for (uint32_t i = 0; i < where.step_count; i++) {
        const struct lum_where_test *test = &where.tests[where.steps[i].test];
        switch (where.steps[i].type) {
        case LUM_WHERE_TEST:
            memcpy(out + len, test->field.at, test->field.len);
            len += test->field.len;
            break;
        case LUM_WHERE_AND:
            out[len++] = '&';
            break;
        case LUM_WHERE_OR:
            out[len++] = '|';
            break;
        case LUM_WHERE_NOT:
            out[len++] = '!';
            break;
        }
    }
    out[len] = '\0';
    return out;
}

static void and_binds_tighter_than_or_and_not_tighter_than_and(void **state)
{
    (void)state;
    assert_string_equal(steps_of("a=1"), "a");
    assert_string_equal(steps_of("a=1 or b=1 and c=1"), "abc&|");
    assert_string_equal(steps_of("a=1 and b=1 or c=1"), "ab&c|");
    assert_string_equal(steps_of("not a=1 and b=1"), "a!b&");
    assert_string_equal(steps_of("a=1 and not b=1"), "ab!&");
    assert_string_equal(steps_of("a=1 and b=1 and c=1"), "ab&c&");
}

static void parentheses_hold_what_is_in_them_together(void **state)
{
    (void)state;
    assert_string_equal(steps_of("(a=1 or b=1) and c=1"), "ab|c&");
    assert_string_equal(steps_of("not (a=1 and b=1)"), "ab&!");
    assert_string_equal(steps_of("not not a=1"), "a!!");
    assert_string_equal(steps_of("((a=1))"), "a");
    assert_string_equal(steps_of("a=1 and (b=1 or (c=1 and d=1))"), "abcd&|&");
    assert_string_equal(steps_of("not (a=1) or b=1"), "a!b|");
}

static void is_spelled(const char *text, const char *bytes, size_t len)
{
    struct lum_where where;
    assert_int_equal(lum_where_read(text, &arena, &where, NULL), LUM_OK);
    assert_int_equal(where.test_count, 1);
    assert_int_equal(where.tests[0].values[0].len, len);
    assert_memory_equal(where.tests[0].values[0].at, bytes, len);
}

static void literals_become_canonical_values(void **state)
{
    (void)state;
    is_spelled("a=5", "\x05", 1);
    is_spelled("a = -5", "\xfb", 1);
    is_spelled("a=-0", "\x00", 1);
    is_spelled("a=9223372036854775807", "\xcf\x7f\xff\xff\xff\xff\xff\xff\xff", 9);
    is_spelled("a=-9223372036854775808", "\xd3\x80\0\0\0\0\0\0\0", 9);
    is_spelled("a=9223372036854775808", "\xcb\x43\xe0\0\0\0\0\0\0", 9);
    is_spelled("a=2.5", "\xcb\x40\x04\0\0\0\0\0\0", 9);
    is_spelled("a=5e0", "\xcb\x40\x14\0\0\0\0\0\0", 9);
    is_spelled("a=true", "\xc3", 1);
    is_spelled("a=False", "\xc2", 1);
    is_spelled("a=null", "\xc0", 1);
    is_spelled("a=Subang", "\xa6Subang", 7);
    is_spelled("a=007",
               "\xa3"
               "007",
               4);
    is_spelled("a=1.",
               "\xa2"
               "1.",
               3);
    is_spelled("a=\"5\"",
               "\xa1"
               "5",
               2);
    is_spelled("a=\"x \\\" \\\\ y\"", "\xa7x \" \\ y", 8);
    is_spelled("\"my field\"!=\"\"", "\xa0", 1);
}

static void every_comparison_is_known(void **state)
{
    static const struct {
        const char *text;
        enum lum_where_op op;
    } rows[] = {
        {"a=1", LUM_WHERE_EQUAL},
        {"a!=1", LUM_WHERE_NOT_EQUAL},
        {"a<1", LUM_WHERE_BELOW},
        {"a<=1", LUM_WHERE_AT_MOST},
        {"a>1", LUM_WHERE_ABOVE},
        {"a>=1", LUM_WHERE_AT_LEAST},
        {"a in (1, b,2)", LUM_WHERE_IN},
        {"a contains X", LUM_WHERE_CONTAINS},
        {"a PREFIX \"x\"", LUM_WHERE_PREFIX},
    };
    struct lum_where where;
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(rows); i++) {
        assert_int_equal(lum_where_read(rows[i].text, &arena, &where, NULL), LUM_OK);
        assert_int_equal(where.tests[0].op, rows[i].op);
    }
    assert_int_equal(lum_where_read("a in (1, b,2)", &arena, &where, NULL), LUM_OK);
    assert_int_equal(where.tests[0].value_count, 3);
    assert_int_equal(lum_where_read("a contains SubANG", &arena, &where, NULL), LUM_OK);
    assert_memory_equal(where.tests[0].folded.at, "subang", 6);
}

static void what_is_wrong_is_told_with_its_column(void **state)
{
    static const struct {
        const char *text;
        const char *column;
        const char *expected;
    } rows[] = {
        {"", "1", "a field, not or ("},
        {"a", "2", "= != < <= > >= in contains prefix"},
        {"a=", "3", "a value"},
        {"a=1 b=2", "5", "and, or, or the end"},
        {"a=1 and", "8", "a field, not or ("},
        {"(a=1", "5", ")"},
        {"(a=1 b", "6", "and, or, or )"},
        {"a=1)", "4", "and, or, or the end"},
        {"a in 1", "6", "("},
        {"a in (1", "8", ", or )"},
        {"a in ()", "7", "a value"},
        {"a=\"x", "5", "\""},
        {"\xc3\xa9\xc3\xa9 ! 1", "4", "= != < <= > >= in contains prefix"},
        {"and=1", "1", "a field, not or ("},
        {"a contains (", "12", "a text"},
        {"not", "4", "a field, not or ("},
    };
    struct lum_where where;
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(rows); i++) {
        struct lum_error err = {0};
        if (lum_where_read(rows[i].text, &arena, &where, &err) != LUM_INVALID ||
            strcmp(err.one, rows[i].column) != 0 || strcmp(err.two, rows[i].expected) != 0) {
            fail_msg("%s: column %s, expected %s", rows[i].text, err.one, err.two);
        }
        assert_int_equal(err.cause, LUM_CAUSE_bad_where);
    }
}

static void a_condition_has_its_bounds(void **state)
{
    static char text[64 * 1024];
    struct lum_where where;
    size_t len = 0;
    (void)state;
    for (int i = 0; i < 200; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "not ");
    }
    (void)snprintf(text + len, sizeof text - len, "a=1");
    assert_int_equal(lum_where_read(text, &arena, &where, NULL), LUM_INVALID); /* too deep */
    len = 0;
    for (int i = 0; i < LUM_WHERE_TESTS_MAX + 1; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%sa=1", i == 0 ? "" : " or ");
    }
    assert_int_equal(lum_where_read(text, &arena, &where, NULL), LUM_INVALID);
    memset(text, '(', sizeof text - 1);
    assert_int_equal(lum_where_read(text, &arena, &where, NULL), LUM_INVALID);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(and_binds_tighter_than_or_and_not_tighter_than_and),
        TEST(parentheses_hold_what_is_in_them_together),
        TEST(literals_become_canonical_values),
        TEST(every_comparison_is_known),
        TEST(what_is_wrong_is_told_with_its_column),
        TEST(a_condition_has_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
