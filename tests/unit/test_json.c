/* test_json.c - JSON in as canonical msgpack, and canonical msgpack out as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/json.h"
#include "cli/json_write.h"
#include "core/limits.h"
#include "core/pack.h"

enum {
    ROOM = 8 << 20,
};

static struct lum_buf pack;
static struct lum_buf text;
static struct lum_error error;

static int set_up(void **state)
{
    (void)state;
    lum_buf_init(&pack, ROOM);
    lum_buf_init(&text, ROOM);
    memset(&error, 0, sizeof(error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_buf_fini(&pack);
    lum_buf_fini(&text);
    return 0;
}

static struct lum_bytes bytes_of(const char *string)
{
    return lum_bytes_of(string, strlen(string));
}

static enum lum_status read_json(const char *json)
{
    lum_buf_reset(&pack);
    return lum_json_read(bytes_of(json), "x", LUM_LANG_EN, &pack, &error);
}

/* json in, canonical, and out again as expected. */
static void expect_through(const char *json, const char *expected)
{
    assert_int_equal(read_json(json), LUM_OK);
    assert_int_equal(lum_pack_check(lum_buf_bytes(&pack)), LUM_FAULT_NONE);
    lum_buf_reset(&text);
    lum_json_write(lum_buf_bytes(&pack), &text);
    lum_buf_put_byte(&text, 0);
    assert_string_equal((const char *)text.at, expected);
}

/* ---- in and out ---- */

static void scalars_come_through(void **state)
{
    (void)state;
    expect_through("null", "null");
    expect_through(" true ", "true");
    expect_through("false", "false");
    expect_through("\"\"", "\"\"");
    expect_through("\"selamat \\u00e9\"", "\"selamat \xc3\xa9\"");
    expect_through("\"\\ud83c\\udf3e\"", "\"\xf0\x9f\x8c\xbe\"");
}

static void a_number_is_int_only_without_fraction_and_exponent(void **state)
{
    (void)state;
    expect_through("5", "5");
    expect_through("-0", "0");
    expect_through("5.0", "5.0");
    expect_through("5e0", "5.0");
    expect_through("50E-1", "5.0");
    expect_through("-0.0", "0.0");
    expect_through("9223372036854775807", "9223372036854775807");
    expect_through("-9223372036854775808", "-9223372036854775808");
    expect_through("0.1", "0.1");
    expect_through("1e21", "1000000000000000000000.0");
    expect_through("2.5E-7", "0.00000025");
}

static void an_int_beyond_int64_is_a_real(void **state)
{
    (void)state;
    expect_through("9223372036854775808", "9223372036854776000.0");
    expect_through("-99999999999999999999", "-100000000000000000000.0");
    expect_through("[1,18446744073709551616,\"18446744073709551616\",2]",
                   "[1,18446744073709552000.0,\"18446744073709551616\",2]");
    expect_through("{\"a\\\"99999999999999999999\":99999999999999999999,\"b\":3}",
                   "{\"a\\\"99999999999999999999\":100000000000000000000.0,\"b\":3}");
}

static void names_come_in_canonical_order(void **state)
{
    (void)state;
    expect_through("{\"b\":1,\"a\":2,\"\":3,\"ab\":4}", "{\"\":3,\"a\":2,\"ab\":4,\"b\":1}");
    expect_through("{\"\xc3\xa9\":1,\"z\":2}", "{\"z\":2,\"\xc3\xa9\":1}");
}

static void names_come_in_one_normal_form_and_values_as_they_are(void **state)
{
    (void)state;
    expect_through("{\"cafe\xcc\x81\":\"e\xcc\x81\"}", "{\"caf\xc3\xa9\":\"e\xcc\x81\"}");
}

static void containers_come_through(void **state)
{
    (void)state;
    expect_through("[]", "[]");
    expect_through("{}", "{}");
    expect_through("{\"at\":[3,-62011000,1068162000,5],\"x\":{\"y\":[[1],[]]}}",
                   "{\"at\":[3,-62011000,1068162000,5],\"x\":{\"y\":[[1],[]]}}");
}

static void eight_levels_are_the_most(void **state)
{
    (void)state;
    expect_through("[[[[[[[[]]]]]]]]", "[[[[[[[[]]]]]]]]");
    assert_int_equal(read_json("[[[[[[[[[]]]]]]]]]"), LUM_INVALID);
    assert_non_null(strstr(error.two, "at most 8 levels"));
    assert_int_equal(pack.len, 0);
    expect_through("[{\"a\":[{\"b\":[{\"c\":[{}]}]}]}]", "[{\"a\":[{\"b\":[{\"c\":[{}]}]}]}]");
    assert_int_equal(read_json("[{\"a\":[{\"b\":[{\"c\":[{\"d\":[]}]}]}]}]"), LUM_INVALID);
}

static void depth_without_end_costs_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1 << 20; i++) {
        lum_buf_put_byte(&text, '[');
    }
    struct lum_bytes deep = lum_buf_bytes(&text);
    assert_int_equal(lum_json_read(deep, "x", LUM_LANG_EN, &pack, &error), LUM_INVALID);
    assert_non_null(strstr(error.two, "too deep"));
}

static void too_many_elements_are_refused(void **state)
{
    (void)state;
    lum_buf_put_byte(&text, '[');
    for (unsigned i = 0; i < LUM_ELEMENTS_MAX; i++) {
        lum_buf_put(&text, "0,", 2);
    }
    text.at[text.len - 1] = ']';
    assert_int_equal(lum_json_read(lum_buf_bytes(&text), "x", LUM_LANG_EN, &pack, &error), LUM_OK);
    text.at[text.len - 1] = ',';
    lum_buf_put(&text, "0]", 2);
    lum_buf_reset(&pack);
    assert_int_equal(lum_json_read(lum_buf_bytes(&text), "x", LUM_LANG_EN, &pack, &error),
                     LUM_INVALID);
    assert_non_null(strstr(error.two, "at most 4096"));
}

/* ---- what is refused, and where ---- */

struct refusal {
    const char *json;
    enum lum_cause cause;
    const char *place;
    const char *words;
};

static const struct refusal refusals[] = {
    {"", LUM_CAUSE_bad_json, "x:1:1", "ends too early"},
    {"{\"a\":1", LUM_CAUSE_bad_json, "x:1:7", "ends too early"},
    {"{\"a\":1}}", LUM_CAUSE_bad_json, "x:1:8", "more after the end"},
    {"1 2", LUM_CAUSE_bad_json, "x:1:3", "more after the end"},
    {"{\"a\":1,\"a\":2}", LUM_CAUSE_bad_json, "x:1:10", "twice"},
    {"{\"caf\xc3\xa9\":1,\"cafe\xcc\x81\":2}", LUM_CAUSE_bad_json, "x:1:1", "twice"},
    {"[1,\n 2,,]", LUM_CAUSE_bad_json, "x:2:4", "not JSON"},
    {"{a:1}", LUM_CAUSE_bad_json, "x:1:2", "not JSON"},
    {"'a'", LUM_CAUSE_bad_json, "x:1:1", "not JSON"},
    {"007", LUM_CAUSE_bad_json, "x:1:1", "not JSON"},
    {"+1", LUM_CAUSE_bad_json, "x:1:1", "not JSON"},
    {"NaN", LUM_CAUSE_bad_json, "x:1:3", "not JSON"},
    {"1e999", LUM_CAUSE_bad_json, "x:1:5", "too large"},
    {"[99999999999999999999,1e999]", LUM_CAUSE_bad_json, "x:1:", "too large"},
    {"\"a\\u0000b\"", LUM_CAUSE_bad_json, "x:1:10", "zero character"},
    {"{\"\\u0000\":1}", LUM_CAUSE_bad_json, "x:1:9", "zero character"},
    {"\"\\ud800\"", LUM_CAUSE_bad_json, "x:1:8", "not JSON"},
    {"\"tab\there\"", LUM_CAUSE_bad_json, "x:1:4", "not JSON"},
    {"\"caf\xe9\"", LUM_CAUSE_bad_encoding, "x:1:5", ""},
};

static void every_fault_is_named_at_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(refusals); i++) {
        const struct refusal *refusal = &refusals[i];
        memset(&error, 0, sizeof(error));
        assert_int_equal(read_json(refusal->json), LUM_INVALID);
        assert_string_equal(lum_cause_name(error.cause), lum_cause_name(refusal->cause));
        size_t exact = strlen(refusal->place);
        bool is_whole = refusal->place[exact - 1] != ':';
        assert_memory_equal(error.one, refusal->place, is_whole ? exact + 1 : exact);
        assert_non_null(strstr(error.two, refusal->words));
        assert_int_equal(pack.len, 0);
    }
}

static void a_zero_byte_is_refused(void **state)
{
    (void)state;
    struct lum_bytes json = {(const uint8_t *)"{\"a\":\0}", 7};
    assert_int_equal(lum_json_read(json, "x", LUM_LANG_EN, &pack, &error), LUM_INVALID);
    assert_int_equal(error.cause, LUM_CAUSE_bad_json);
    assert_string_equal(error.one, "x:1:6");
}

static void what_out_held_before_stays_after_a_failure(void **state)
{
    (void)state;
    lum_pack_int(&pack, 7);
    assert_int_equal(
        lum_json_read(bytes_of("[1,[[[[[[[[0]]]]]]]]]"), "x", LUM_LANG_ID, &pack, &error),
        LUM_INVALID);
    assert_int_equal(pack.len, 1);
    assert_int_equal(pack.at[0], 7);
    assert_string_equal(error.two, "terlalu banyak tingkat: paling banyak 8");
}

static void no_memory_is_told_and_nothing_leaks(void **state)
{
    (void)state;
    const char *json = "{\"cafe\xcc\x81\":[1,99999999999999999999],\"b\":{\"c\":\"d\"}}";
    unsigned failed = 0;
    for (unsigned nth = 1; nth < 200; nth++) {
        lum_mem_fail_after(nth, false);
        enum lum_status status = read_json(json);
        lum_mem_fail_after(0, false);
        assert_true(status == LUM_OK || status == LUM_NO_MEMORY);
        failed += status == LUM_NO_MEMORY ? 1 : 0;
    }
    assert_in_range(failed, 10, 190);
}

/* ---- lines ---- */

static FILE *file_with(const char *content)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fputs(content, file);
    rewind(file);
    return file;
}

static void lines_are_objects_and_blank_ones_are_skipped(void **state)
{
    (void)state;
    FILE *file = file_with("\xef\xbb\xbf{\"b\":1,\"a\":2}\r\n\n  \t\n{\"c\":3}");
    struct lum_lines lines;
    lum_lines_open(&lines, fileno(file), "f", NULL);
    assert_int_equal(lum_json_read_line(&lines, LUM_LANG_EN, &pack, &error), LUM_OK);
    lum_json_write(lum_buf_bytes(&pack), &text);
    lum_buf_reset(&pack);
    assert_int_equal(lum_json_read_line(&lines, LUM_LANG_EN, &pack, &error), LUM_OK);
    assert_int_equal(lines.number, 4);
    lum_json_write(lum_buf_bytes(&pack), &text);
    lum_buf_put_byte(&text, 0);
    assert_string_equal((const char *)text.at, "{\"a\":2,\"b\":1}{\"c\":3}");
    assert_int_equal(lum_json_read_line(&lines, LUM_LANG_EN, &pack, &error), LUM_NOT_FOUND);
    lum_lines_close(&lines);
    fclose(file);
}

static void a_bad_line_is_named_by_its_number_in_the_file(void **state)
{
    (void)state;
    FILE *file = file_with("{\"a\":1}\n\n{\"b\":\n[1]\n{\"d\":\"\xff\"}\n");
    struct lum_lines lines;
    lum_lines_open(&lines, fileno(file), "f.ndjson", NULL);
    assert_int_equal(lum_json_read_line(&lines, LUM_LANG_EN, &pack, &error), LUM_OK);
    assert_int_equal(lum_json_read_line(&lines, LUM_LANG_EN, &pack, &error), LUM_INVALID);
    assert_string_equal(error.one, "f.ndjson:3:6");
    assert_int_equal(lum_json_read_line(&lines, LUM_LANG_EN, &pack, &error), LUM_INVALID);
    assert_string_equal(error.one, "f.ndjson:4:1");
    assert_non_null(strstr(error.two, "one object: {\"name\": value"));
    assert_int_equal(lum_json_read_line(&lines, LUM_LANG_EN, &pack, &error), LUM_INVALID);
    assert_string_equal(error.one, "f.ndjson:5:7");
    assert_int_equal(error.cause, LUM_CAUSE_bad_encoding);
    lum_lines_close(&lines);
    fclose(file);
}

/* ---- out ---- */

static void expect_written(const char *expected)
{
    lum_buf_reset(&text);
    lum_json_write(lum_buf_bytes(&pack), &text);
    lum_buf_put_byte(&text, 0);
    assert_string_equal((const char *)text.at, expected);
    lum_buf_reset(&pack);
}

static void control_characters_are_escaped(void **state)
{
    (void)state;
    lum_pack_cstr(&pack, "\x1b[31m \"q\" \\ \n\r\t \x7f \xc2\x9b \xc2\xa0 \x01");
    expect_written("\"\\u001b[31m \\\"q\\\" \\\\ \\n\\r\\t \\u007f \\u009b \xc2\xa0 \\u0001\"");
}

static void bytes_are_hex_and_what_json_lacks_is_null(void **state)
{
    (void)state;
    lum_pack_bin(&pack, "\x00\xab\xff", 3);
    expect_written("\"00abff\"");
    lum_pack_array(&pack, 2);
    lum_pack_real(&pack, strtod("inf", NULL));
    lum_pack_real(&pack, strtod("nan", NULL));
    expect_written("[null,null]");
}

static void what_is_not_canonical_ends_in_nulls(void **state)
{
    (void)state;
    expect_written("null");
    lum_buf_put(&pack, "\x92\x01\xc1", 3);
    expect_written("[1,null]");
    for (unsigned i = 0; i < 1000; i++) {
        lum_buf_put_byte(&pack, 0x91);
    }
    lum_buf_reset(&text);
    lum_json_write(lum_buf_bytes(&pack), &text);
    assert_in_range(text.len, 5, 200);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(scalars_come_through),
        CASE(a_number_is_int_only_without_fraction_and_exponent),
        CASE(an_int_beyond_int64_is_a_real),
        CASE(names_come_in_canonical_order),
        CASE(names_come_in_one_normal_form_and_values_as_they_are),
        CASE(containers_come_through),
        CASE(eight_levels_are_the_most),
        CASE(depth_without_end_costs_nothing),
        CASE(too_many_elements_are_refused),
        CASE(every_fault_is_named_at_its_place),
        CASE(a_zero_byte_is_refused),
        CASE(what_out_held_before_stays_after_a_failure),
        CASE(no_memory_is_told_and_nothing_leaks),
        CASE(lines_are_objects_and_blank_ones_are_skipped),
        CASE(a_bad_line_is_named_by_its_number_in_the_file),
        CASE(control_characters_are_escaped),
        CASE(bytes_are_hex_and_what_json_lacks_is_null),
        CASE(what_is_not_canonical_ends_in_nulls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
