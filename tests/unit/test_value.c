/* What a cell can hold, in which order values stand, and how a value becomes a key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/value.h"
#include "tests/lib/vectors.h"

static struct lum_buf buf;

static int setup(void **state)
{
    (void)state;
    lum_buf_init(&buf, 64 * 1024);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lum_buf_fini(&buf);
    return 0;
}

/* The fault of reading these bytes as one value. */
static enum lum_fault read_fault(const char *hex)
{
    vectors_unhex(hex, &buf);
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&buf));
    struct lum_bytes value = lum_value_read(&cur);
    assert_int_equal(value.len, cur.fault == LUM_FAULT_NONE ? (size_t)(cur.at - buf.at) : 0);
    return lum_cur_end(&cur);
}

static void every_form_of_the_format_is_a_value(void **state)
{
    static const char *const good[] = {
        "c0",
        "c3",
        "05",
        "fb",
        "cb4004000000000000",
        "a3616263",
        "c403010203",
        "9100", /* [0]: an empty list */
        "960005a161c0c3cb4004000000000000",
        ("9501c4200000000000000000000000000000000000000000000000000000000000000000"
         "05a161a162"), /* blob */
        "9202c41000000000000000000000000000000000",
        "9403d2fc4d5f80ce3ade68b105",
        "9204cd4e20",
        "920400",
        "9205a349445205",
        "9305a349445205",
        "9206cf000001942a2b6c00",
    };
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(good); i++) {
        enum lum_fault fault = read_fault(good[i]);
        bool is_short_money = strcmp(good[i], "9205a349445205") == 0;
        assert_int_equal(fault, is_short_money ? LUM_FAULT_TYPE : LUM_FAULT_NONE);
    }
}

static void anything_else_is_none(void **state)
{
    static const struct {
        const char *hex;
        enum lum_fault fault;
    } bad[] = {
        {"80", LUM_FAULT_OVER_LIMIT},       /* a map */
        {"90", LUM_FAULT_TRUNCATED},        /* no tag */
        {"9107", LUM_FAULT_TYPE},           /* an unknown tag */
        {"91ff", LUM_FAULT_TYPE},           /* a negative one */
        {"91a161", LUM_FAULT_TYPE},         /* a text for a tag */
        {"92009100", LUM_FAULT_OVER_LIMIT}, /* a list in a list */
        {"9204a161", LUM_FAULT_TYPE},       /* a date of text */
        {"9104", LUM_FAULT_TYPE},           /* a date of nothing */
        {"93040000", LUM_FAULT_TYPE},       /* a date of two */
        {"9202c40f000000000000000000000000000000", LUM_FAULT_TYPE},
        {("9501c4200000000000000000000000000000000000000000000000000000000000000000"
          "ffa161a162"),
         LUM_FAULT_OVER_LIMIT}, /* a blob of -1 bytes */
        {"cc05", LUM_FAULT_NOT_CANONICAL},
        {"", LUM_FAULT_TRUNCATED},
        {"0505", LUM_FAULT_TRAILING},
    };
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(bad); i++) {
        enum lum_fault fault = read_fault(bad[i].hex);
        if (fault != bad[i].fault) {
            fail_msg("%s: %d", bad[i].hex, (int)fault);
        }
    }
}

static void a_value_may_take_8_KiB_and_no_byte_more(void **state)
{
    static uint8_t text[LUM_VALUE_MAX];
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t over = 0; over < 2; over++) {
        lum_buf_reset(&buf);
        lum_pack_str(&buf, lum_bytes_of(text, LUM_VALUE_MAX - 3 + over));
        struct lum_cur cur = lum_cur_over(lum_buf_bytes(&buf));
        (void)lum_value_read(&cur);
        assert_int_equal(cur.fault, over == 0 ? LUM_FAULT_NONE : LUM_FAULT_OVER_LIMIT);
    }
}

static void values_stand_in_one_order(void **state)
{
    /* ascending */
    static const char *const rows[] = {
        "c0",
        "c2",
        "c3",
        "d38000000000000000",
        "fb",
        "cbbff8000000000000",
        "00",
        "cb3fe0000000000000",
        "01",
        "05",
        "cb4016000000000000", /* 5.5 */
        "cf001fffffffffffff",
        "cf7fffffffffffffff",
        "cb7ff0000000000000",
        "cb7ff8000000000000",
        "a0",
        "a141",
        "a161",
        "a26161",
        "c401ff",
        "9100",
        "920001",
        "920002",
        "9300020a",
        "92040a",
        "92040b",
    };
    static uint8_t bytes[LUM_COUNT(rows)][16];
    struct lum_bytes values[LUM_COUNT(rows)];
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(rows); i++) {
        vectors_unhex(rows[i], &buf);
        memcpy(bytes[i], buf.at, buf.len);
        values[i] = lum_bytes_of(bytes[i], buf.len);
    }
    for (size_t i = 0; i < LUM_COUNT(rows); i++) {
        for (size_t j = 0; j < LUM_COUNT(rows); j++) {
            int order = lum_value_compare(values[i], values[j]);
            if ((order > 0) - (order < 0) != (i > j) - (i < j)) {
                fail_msg("%s and %s: %d", rows[i], rows[j], order);
            }
        }
    }
}

static int compare_hex(const char *a, const char *b)
{
    uint8_t left[16];
    vectors_unhex(a, &buf);
    memcpy(left, buf.at, buf.len);
    size_t len = buf.len;
    vectors_unhex(b, &buf);
    return lum_value_compare(lum_bytes_of(left, len), lum_buf_bytes(&buf));
}

static void an_int_and_a_real_compare_exactly(void **state)
{
    (void)state;
    assert_int_equal(compare_hex("05", "cb4014000000000000"), 0);
    assert_true(compare_hex("cf0020000000000001", "cb4340000000000000") > 0); /* 2^53 + 1, 2^53 */
    assert_true(compare_hex("cf7fffffffffffffff", "cb43e0000000000000") < 0); /* 2^63 */
    assert_int_equal(compare_hex("d38000000000000000", "cbc3e0000000000000"), 0);
    assert_true(compare_hex("00", "cb7ff8000000000000") < 0); /* NaN stands last */
    assert_true(compare_hex("cbfff0000000000000", "d38000000000000000") < 0);
}

static enum lum_status key_of(const char *text, const char *key)
{
    struct lum_buf value;
    lum_buf_init(&value, 16 * 1024);
    lum_pack_cstr(&value, text);
    lum_buf_reset(&buf);
    enum lum_status status = lum_key_text(lum_buf_bytes(&value), &buf);
    lum_buf_fini(&value);
    if (status == LUM_OK) {
        assert_int_equal(buf.len, strlen(key));
        assert_memory_equal(buf.at, key, buf.len);
    } else {
        assert_int_equal(buf.len, 0);
    }
    return status;
}

static void a_key_is_the_trimmed_text_in_form_C(void **state)
{
    (void)state;
    assert_int_equal(key_of("3201", "3201"), LUM_OK);
    assert_int_equal(key_of("\t 3201\xc2\xa0\r\n", "3201"), LUM_OK);
    assert_int_equal(key_of("a b", "a b"), LUM_OK);
    assert_int_equal(key_of("e\xcc\x81tape", "\xc3\xa9tape"), LUM_OK);
    assert_int_equal(key_of(" \xc2\xa0 ", ""), LUM_INVALID);
    assert_int_equal(key_of("a\tb", ""), LUM_INVALID);
    assert_int_equal(key_of("a\x1f"
                            "b",
                            ""),
                     LUM_INVALID); /* the joint is not for one part to have */
}

static void an_int_becomes_its_digits_and_other_types_no_key(void **state)
{
    static const struct {
        const char *hex;
        const char *key;
    } rows[] = {
        {"00", "0"},
        {"d38000000000000000", "-9223372036854775808"},
        {"cd0c81", "3201"},
    };
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(rows); i++) {
        struct lum_buf out;
        lum_buf_init(&out, 64);
        vectors_unhex(rows[i].hex, &buf);
        assert_int_equal(lum_key_text(lum_buf_bytes(&buf), &out), LUM_OK);
        assert_int_equal(out.len, strlen(rows[i].key));
        assert_memory_equal(out.at, rows[i].key, out.len);
        assert_true(lum_key_is_valid(lum_buf_bytes(&out)));
        lum_buf_fini(&out);
    }
    vectors_unhex("c3", &buf);
    assert_int_equal(lum_key_text(lum_buf_bytes(&buf), &buf), LUM_INVALID);
    vectors_unhex("cb4014000000000000", &buf);
    assert_int_equal(lum_key_text(lum_buf_bytes(&buf), &buf), LUM_INVALID);
}

static struct lum_bytes chars(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

static void names_are_checked_as_a_reader_checks_them(void **state)
{
    static uint8_t long_name[LUM_KEY_MAX + 1];
    (void)state;
    memset(long_name, 'x', sizeof long_name);
    assert_true(lum_key_is_valid(chars("a\x1f"
                                       "b")));
    assert_true(lum_key_is_valid(chars(" not trimmed ")));
    assert_true(lum_key_is_valid(lum_bytes_of(long_name, LUM_KEY_MAX)));
    assert_false(lum_key_is_valid(lum_bytes_of(long_name, LUM_KEY_MAX + 1)));
    assert_false(lum_key_is_valid(chars("")));
    assert_false(lum_key_is_valid(chars("a\x1f\nb")));
    assert_false(lum_key_is_valid(chars("a\x7f")));
    assert_true(lum_field_is_valid(lum_bytes_of(long_name, 64)));
    assert_false(lum_field_is_valid(lum_bytes_of(long_name, 65)));
    assert_false(lum_field_is_valid(chars("")));
    assert_false(lum_field_is_valid(chars("a\nb")));
    assert_true(lum_field_is_valid(chars("Luas (m\xc2\xb2)")));
    assert_true(lum_collection_is_valid(chars("_space")));
    assert_true(lum_collection_is_valid(chars("a-9_")));
    assert_false(lum_collection_is_valid(chars("9a")));
    assert_false(lum_collection_is_valid(chars("-a")));
    assert_false(lum_collection_is_valid(chars("Tree")));
    assert_false(lum_collection_is_valid(chars("")));
    assert_true(lum_collection_is_valid(lum_bytes_of(long_name, 32)));
    assert_false(lum_collection_is_valid(lum_bytes_of(long_name, 33)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_form_of_the_format_is_a_value),
        TEST(anything_else_is_none),
        TEST(a_value_may_take_8_KiB_and_no_byte_more),
        TEST(values_stand_in_one_order),
        TEST(an_int_and_a_real_compare_exactly),
        TEST(a_key_is_the_trimmed_text_in_form_C),
        TEST(an_int_becomes_its_digits_and_other_types_no_key),
        TEST(names_are_checked_as_a_reader_checks_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
