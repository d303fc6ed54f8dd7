/* Canonical msgpack: the vectors, the writer against the reader, and what a fault does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/pack.h"
#include "core/status.h"
#include "tests/lib/vectors.h"

enum {
    BYTES_MAX = 1024 * 1024,
};

/* ---- helpers ---- */

/* Replaces out by what one vector spells. */
static void spell(const json_t *vector, struct lum_buf *out)
{
    struct lum_buf tail;
    long long times = json_object_get(vector, "tail") == NULL ? 0 : vectors_number(vector, "times");
    lum_buf_init(&tail, BYTES_MAX);
    vectors_hex(vector, "hex", out);
    if (times > 0) {
        vectors_hex(vector, "tail", &tail);
    }
    for (long long i = 0; i < times; i++) {
        lum_buf_put(out, tail.at, tail.len);
    }
    assert_int_equal(lum_buf_status(out), LUM_OK);
    lum_buf_fini(&tail);
}

/* The verdict on a copy that ends where its memory ends, so that a read past it is seen. */
static enum lum_fault check(struct lum_bytes bytes)
{
    uint8_t *exact = lum_alloc(bytes.len);
    assert_non_null(exact);
    if (bytes.len > 0) {
        memcpy(exact, bytes.at, bytes.len);
    }
    enum lum_fault fault = lum_pack_check(lum_bytes_of(exact, bytes.len));
    lum_free(exact);
    return fault;
}

static void write_scalar(struct lum_cur *cur, struct lum_buf *out)
{
    enum lum_pack_type type = lum_cur_peek(cur);
    if (type == LUM_PACK_NIL) {
        lum_cur_nil(cur);
        lum_pack_nil(out);
    } else if (type == LUM_PACK_BOOL) {
        lum_pack_bool(out, lum_cur_bool(cur));
    } else if (type == LUM_PACK_INT) {
        lum_pack_int(out, lum_cur_int(cur));
    } else if (type == LUM_PACK_REAL) {
        lum_pack_real(out, lum_cur_real(cur));
    } else if (type == LUM_PACK_STR) {
        lum_pack_str(out, lum_cur_str(cur, SIZE_MAX));
    } else {
        struct lum_bytes bytes = lum_cur_bin(cur, SIZE_MAX);
        lum_pack_bin(out, bytes.at, bytes.len);
    }
}

/* Writes again what it reads. A container is its head and then its values, whatever its depth. */
static void write_again(struct lum_bytes bytes, struct lum_buf *out)
{
    struct lum_cur cur = lum_cur_over(bytes);
    lum_buf_reset(out);
    for (uint64_t left = 1; left > 0 && cur.fault == LUM_FAULT_NONE; left--) {
        if (lum_cur_peek(&cur) == LUM_PACK_ARRAY) {
            uint32_t n = lum_cur_array(&cur, LUM_ELEMENTS_MAX);
            lum_pack_array(out, n);
            left += n;
        } else if (lum_cur_peek(&cur) == LUM_PACK_MAP) {
            uint32_t n = lum_cur_map(&cur, LUM_ELEMENTS_MAX);
            lum_pack_map(out, n);
            left += (uint64_t)n * 2;
        } else {
            write_scalar(&cur, out);
        }
    }
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
    assert_int_equal(lum_buf_status(out), LUM_OK);
}

static struct lum_cur over(const char *bytes, size_t len)
{
    return lum_cur_over(lum_bytes_of(bytes, len));
}

/* ---- the vectors ---- */

static void every_vector_gets_its_verdict(void **state)
{
    (void)state;
    struct lum_buf bytes;
    unsigned counts[2] = {0};
    size_t i = 0;
    json_t *vector = NULL;
    json_t *file = vectors_open("msgpack.json");
    lum_buf_init(&bytes, BYTES_MAX);
    json_array_foreach(vectors_array(file, "cases"), i, vector)
    {
        spell(vector, &bytes);
        const char *fault = lum_fault_name(check(lum_buf_bytes(&bytes)));
        bool is_good = strcmp(vectors_text(vector, "verdict"), "good") == 0;
        counts[is_good]++;
        if (strcmp(fault, vectors_text(vector, "fault")) != 0 ||
            is_good != (strcmp(fault, "none") == 0)) {
            fail_msg("%s (%s): %s", vectors_text(vector, "hex"), vectors_text(vector, "why"),
                     fault);
        }
    }
    print_message("msgpack: %u good, %u bad\n", counts[1], counts[0]);
    assert_true(counts[1] >= 60 && counts[0] >= 100);
    lum_buf_fini(&bytes);
    json_decref(file);
}

static void accepted_bytes_are_written_again_alike(void **state)
{
    (void)state;
    struct lum_buf bytes;
    struct lum_buf again;
    size_t i = 0;
    json_t *vector = NULL;
    json_t *file = vectors_open("msgpack.json");
    lum_buf_init(&bytes, BYTES_MAX);
    lum_buf_init(&again, BYTES_MAX);
    json_array_foreach(vectors_array(file, "cases"), i, vector)
    {
        spell(vector, &bytes);
        if (lum_pack_check(lum_buf_bytes(&bytes)) == LUM_FAULT_NONE) {
            write_again(lum_buf_bytes(&bytes), &again);
            assert_true(lum_bytes_equal(lum_buf_bytes(&bytes), lum_buf_bytes(&again)));
        }
    }
    lum_buf_fini(&bytes);
    lum_buf_fini(&again);
    json_decref(file);
}

static void a_value_cut_anywhere_is_truncated(void **state)
{
    (void)state;
    struct lum_buf bytes;
    size_t i = 0;
    json_t *vector = NULL;
    json_t *file = vectors_open("msgpack.json");
    lum_buf_init(&bytes, BYTES_MAX);
    json_array_foreach(vectors_array(file, "cases"), i, vector)
    {
        spell(vector, &bytes);
        bool is_good = strcmp(vectors_text(vector, "fault"), "none") == 0;
        for (size_t len = 0; is_good && bytes.len < 1000 && len < bytes.len; len++) {
            assert_int_equal(check(lum_bytes_of(bytes.at, len)), LUM_FAULT_TRUNCATED);
        }
    }
    lum_buf_fini(&bytes);
    json_decref(file);
}

/* Bytes of a small generator, drawn to the forms of msgpack rather than evenly. */
static size_t draw(uint64_t *seed, uint8_t *out, size_t room)
{
    static const uint8_t heads[] = {0x80, 0x81, 0x82, 0x90, 0x91, 0x92, 0xa0, 0xa1,
                                    0xa2, 0xc0, 0xc2, 0xc3, 0xc4, 0xcb, 0xcc, 0xcd,
                                    0xd0, 0xd9, 0xdc, 0xde, 0x01, 0xff};
    size_t len = 0;
    do {
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint64_t bits = *seed >> 33;
        out[len++] = bits % 4 == 0 ? (uint8_t)(bits >> 8) : heads[(bits >> 8) % LUM_COUNT(heads)];
    } while (len < room && (*seed >> 60) != 0);
    return len;
}

static void drawn_bytes_are_refused_or_written_again_alike(void **state)
{
    (void)state;
    struct lum_buf again;
    uint8_t bytes[40];
    uint64_t seed = 20261125;
    unsigned accepted = 0;
    lum_buf_init(&again, BYTES_MAX);
    for (int i = 0; i < 100000; i++) {
        struct lum_bytes drawn = lum_bytes_of(bytes, draw(&seed, bytes, sizeof bytes));
        if (check(drawn) == LUM_FAULT_NONE) {
            write_again(drawn, &again);
            assert_true(lum_bytes_equal(drawn, lum_buf_bytes(&again)));
            accepted++;
        }
    }
    assert_true(accepted > 1000);
    lum_buf_fini(&again);
}

/* ---- the writer ---- */

static void an_int_takes_the_fewest_bytes(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        size_t len;
    } cases[] = {
        {0, 1},      {127, 1},    {128, 2},        {255, 2},         {256, 3},
        {65535, 3},  {65536, 5},  {UINT32_MAX, 5}, {4294967296, 9},  {INT64_MAX, 9},
        {-1, 1},     {-32, 1},    {-33, 2},        {-128, 2},        {-129, 3},
        {-32768, 3}, {-32769, 5}, {INT32_MIN, 5},  {-2147483649, 9}, {INT64_MIN, 9},
    };
    struct lum_buf buf;
    lum_buf_init(&buf, 100);
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        lum_buf_reset(&buf);
        lum_pack_int(&buf, cases[i].value);
        assert_int_equal(buf.len, cases[i].len);
        assert_int_equal(lum_pack_check(lum_buf_bytes(&buf)), LUM_FAULT_NONE);
        struct lum_cur cur = lum_cur_over(lum_buf_bytes(&buf));
        assert_true(lum_cur_int(&cur) == cases[i].value);
        if (cases[i].value >= 0) {
            lum_pack_uint(&buf, (uint64_t)cases[i].value);
            assert_memory_equal(buf.at, buf.at + cases[i].len, cases[i].len);
        }
    }
    lum_buf_fini(&buf);
}

/* What lum_pack_real makes of a double with these bits. */
static uint64_t real_bits(uint64_t bits)
{
    struct lum_buf buf;
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    lum_buf_init(&buf, 9);
    lum_pack_real(&buf, value);
    assert_int_equal(lum_buf_status(&buf), LUM_OK);
    assert_int_equal(lum_pack_check(lum_buf_bytes(&buf)), LUM_FAULT_NONE);
    assert_int_equal(buf.at[0], 0xcb);
    uint64_t written = lum_get_u64(buf.at + 1);
    lum_buf_fini(&buf);
    return written;
}

static void a_real_has_one_nan_and_one_zero(void **state)
{
    (void)state;
    assert_true(real_bits(UINT64_C(0x8000000000000000)) == 0);
    assert_true(real_bits(UINT64_C(0xfff8000000000000)) == UINT64_C(0x7ff8000000000000));
    assert_true(real_bits(UINT64_C(0x7ff8000000000123)) == UINT64_C(0x7ff8000000000000));
    assert_true(real_bits(UINT64_C(0x7ff0000000000000)) == UINT64_C(0x7ff0000000000000));
    assert_true(real_bits(UINT64_C(0x4014000000000000)) == UINT64_C(0x4014000000000000));
}

static void a_writer_is_asked_once_at_its_end(void **state)
{
    (void)state;
    struct lum_buf buf;
    lum_buf_init(&buf, 5);
    lum_pack_array(&buf, 2);
    lum_pack_cstr(&buf, "hello");
    lum_pack_nil(&buf);
    assert_int_equal(lum_buf_status(&buf), LUM_LIMIT);
    lum_buf_fini(&buf);
}

/* ---- the cursor ---- */

static void a_shape_is_read_and_asked_once(void **state)
{
    (void)state;
    uint8_t hash[2];
    struct lum_cur cur = over("\x95\xc3\xfe\xa2hi\xc4\x02\x01\x02\xcb\x40\x14\0\0\0\0\0\0", 19);
    lum_cur_array_exact(&cur, 5);
    assert_true(lum_cur_bool(&cur));
    assert_int_equal(lum_cur_int(&cur), -2);
    assert_true(lum_bytes_equal(lum_cur_str(&cur, 2), lum_bytes_of("hi", 2)));
    lum_cur_bin_exact(&cur, hash, sizeof hash);
    assert_memory_equal(hash, "\x01\x02", 2);
    double real = lum_cur_real(&cur);
    assert_true(real > 4.5 && real < 5.5);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
}

static void a_map_is_read_key_by_key(void **state)
{
    (void)state;
    struct lum_bytes last = {0};
    struct lum_cur cur = over("\x82\xa1"
                              "a\x01\xa1"
                              "b\x02",
                              7);
    assert_int_equal(lum_cur_map(&cur, 2), 2);
    assert_true(lum_bytes_equal(lum_cur_key(&cur, 8, &last), lum_bytes_of("a", 1)));
    assert_int_equal(lum_cur_int(&cur), 1);
    assert_true(lum_bytes_equal(lum_cur_key(&cur, 8, &last), lum_bytes_of("b", 1)));
    assert_int_equal(lum_cur_int(&cur), 2);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
}

static void keys_must_ascend(void **state)
{
    (void)state;
    struct lum_bytes last = {0};
    struct lum_cur cur = over("\xa1"
                              "b\xa1"
                              "b",
                              4);
    assert_int_equal(lum_cur_key(&cur, 8, &last).len, 1);
    assert_int_equal(lum_cur_key(&cur, 8, &last).len, 0);
    assert_int_equal(cur.fault, LUM_FAULT_NOT_CANONICAL);
}

static void after_a_fault_nothing_is_read(void **state)
{
    (void)state;
    uint8_t hash[2] = {9, 9};
    struct lum_bytes last = {0};
    struct lum_cur cur = over("\xc0\x01\xa1\x61\x91\xc0", 6);
    assert_int_equal(lum_cur_int(&cur), 0);
    assert_int_equal(cur.fault, LUM_FAULT_TYPE);
    const uint8_t *at = cur.at;
    lum_cur_nil(&cur);
    assert_false(lum_cur_bool(&cur));
    assert_int_equal(lum_cur_int(&cur), 0);
    assert_int_equal(lum_cur_uint(&cur, 5), 0);
    assert_int_equal(lum_cur_str(&cur, 5).len, 0);
    assert_int_equal(lum_cur_key(&cur, 5, &last).len, 0);
    assert_int_equal(lum_cur_bin(&cur, 5).len, 0);
    lum_cur_bin_exact(&cur, hash, sizeof hash);
    assert_memory_equal(hash, "\0\0", 2);
    assert_int_equal(lum_cur_array(&cur, 5), 0);
    assert_int_equal(lum_cur_map(&cur, 5), 0);
    assert_int_equal(lum_cur_any(&cur, 8).len, 0);
    assert_int_equal(lum_cur_raw(&cur, 1).len, 0);
    assert_int_equal(lum_cur_left(&cur), 0);
    assert_int_equal(lum_cur_peek(&cur), LUM_PACK_NONE);
    assert_ptr_equal(cur.at, at);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_TYPE);
}

static void a_parser_may_name_a_fault_itself_and_the_first_stands(void **state)
{
    (void)state;
    struct lum_cur cur = over("\x01\x02", 2);
    assert_int_equal(lum_cur_int(&cur), 1);
    lum_cur_fail(&cur, LUM_FAULT_HEADER);
    lum_cur_fail(&cur, LUM_FAULT_DEPS);
    assert_int_equal(lum_cur_int(&cur), 0);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_HEADER);
}

static void bytes_that_are_left_over_are_trailing(void **state)
{
    (void)state;
    struct lum_cur cur = over("\x01\x02", 2);
    assert_int_equal(lum_cur_int(&cur), 1);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_TRAILING);
}

static void a_value_of_another_type_is_named_type(void **state)
{
    (void)state;
    struct lum_cur cur = over("\xa1"
                              "1",
                              2);
    (void)lum_cur_int(&cur);
    assert_int_equal(cur.fault, LUM_FAULT_TYPE);
    cur = over("\x05", 1);
    (void)lum_cur_real(&cur);
    assert_int_equal(cur.fault, LUM_FAULT_TYPE);
    cur = over("\xca\0\0\0\0", 5);
    (void)lum_cur_int(&cur);
    assert_int_equal(cur.fault, LUM_FAULT_NOT_CANONICAL);
    cur = over("", 0);
    (void)lum_cur_int(&cur);
    assert_int_equal(cur.fault, LUM_FAULT_TRUNCATED);
}

static void a_uint_is_held_to_its_range(void **state)
{
    (void)state;
    struct lum_cur cur = over("\x07\x08\xff", 3);
    assert_int_equal(lum_cur_uint(&cur, 7), 7);
    assert_int_equal(lum_cur_uint(&cur, 7), 0);
    assert_int_equal(cur.fault, LUM_FAULT_OVER_LIMIT);
    cur = over("\xff", 1);
    assert_int_equal(lum_cur_uint(&cur, UINT64_MAX), 0);
    assert_int_equal(cur.fault, LUM_FAULT_OVER_LIMIT);
}

static void text_and_bytes_are_held_to_their_length(void **state)
{
    (void)state;
    struct lum_cur cur = over("\xa3"
                              "abc\xa3"
                              "abc",
                              8);
    assert_int_equal(lum_cur_str(&cur, 3).len, 3);
    assert_int_equal(lum_cur_str(&cur, 2).len, 0);
    assert_int_equal(cur.fault, LUM_FAULT_OVER_LIMIT);
    cur = over("\xc4\x03"
               "abc",
               5);
    assert_int_equal(lum_cur_bin(&cur, 2).len, 0);
    assert_int_equal(cur.fault, LUM_FAULT_OVER_LIMIT);
}

static void an_exact_length_is_part_of_the_type(void **state)
{
    (void)state;
    uint8_t out[4] = {9, 9, 9, 9};
    struct lum_cur cur = over("\xc4\x03"
                              "abc",
                              5);
    lum_cur_bin_exact(&cur, out, sizeof out);
    assert_int_equal(cur.fault, LUM_FAULT_TYPE);
    assert_memory_equal(out, "\0\0\0\0", 4);
    cur = over("\x92\xc0\xc0", 3);
    lum_cur_array_exact(&cur, 3);
    assert_int_equal(cur.fault, LUM_FAULT_TYPE);
}

static void counts_are_held_to_their_limit_and_to_the_bytes_left(void **state)
{
    (void)state;
    struct lum_cur cur = over("\x92\xc0\xc0", 3);
    assert_int_equal(lum_cur_array(&cur, 1), 0);
    assert_int_equal(cur.fault, LUM_FAULT_OVER_LIMIT);
    cur = over("\x93\xc0\xc0", 3);
    assert_int_equal(lum_cur_array(&cur, 9), 0);
    assert_int_equal(cur.fault, LUM_FAULT_TRUNCATED);
    cur = over("\x82\xa0\xc0\xa0", 4);
    assert_int_equal(lum_cur_map(&cur, 9), 0);
    assert_int_equal(cur.fault, LUM_FAULT_TRUNCATED);
}

static void any_gives_the_bytes_of_one_whole_value(void **state)
{
    (void)state;
    struct lum_cur cur = over("\x92\x01\x81\xa1"
                              "a\x90\x05",
                              7);
    assert_true(lum_bytes_equal(lum_cur_any(&cur, 8), lum_bytes_of("\x92\x01\x81\xa1"
                                                                   "a\x90",
                                                                   6)));
    assert_int_equal(lum_cur_int(&cur), 5);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
}

static void any_nests_as_deep_as_the_caller_allows(void **state)
{
    (void)state;
    struct lum_cur cur = over("\x91\x91\x01", 3);
    assert_int_equal(lum_cur_any(&cur, 2).len, 3);
    cur = over("\x91\x91\x01", 3);
    assert_int_equal(lum_cur_any(&cur, 1).len, 0);
    assert_int_equal(cur.fault, LUM_FAULT_OVER_LIMIT);
    cur = over("\x01\x90", 2);
    assert_int_equal(lum_cur_any(&cur, 0).len, 1);
    assert_int_equal(lum_cur_any(&cur, 0).len, 0);
    assert_int_equal(cur.fault, LUM_FAULT_OVER_LIMIT);
}

static void raw_bytes_are_taken_as_they_are(void **state)
{
    (void)state;
    struct lum_cur cur = over("\xc1\xc1\x01", 3);
    assert_true(lum_bytes_equal(lum_cur_raw(&cur, 2), lum_bytes_of("\xc1\xc1", 2)));
    assert_int_equal(lum_cur_left(&cur), 1);
    assert_int_equal(lum_cur_raw(&cur, 2).len, 0);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_TRUNCATED);
}

/* ---- fixed width ---- */

static void fixed_width_is_big_endian(void **state)
{
    (void)state;
    uint8_t bytes[8];
    lum_put_u16(bytes, 0x0102);
    assert_memory_equal(bytes, "\x01\x02", 2);
    assert_int_equal(lum_get_u16(bytes), 0x0102);
    lum_put_u32(bytes, 0xf1020304);
    assert_memory_equal(bytes, "\xf1\x02\x03\x04", 4);
    assert_int_equal(lum_get_u32(bytes), 0xf1020304);
    lum_put_u64(bytes, UINT64_C(0xf102030405060708));
    assert_memory_equal(bytes, "\xf1\x02\x03\x04\x05\x06\x07\x08", 8);
    assert_true(lum_get_u64(bytes) == UINT64_C(0xf102030405060708));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_gets_its_verdict),
        cmocka_unit_test(accepted_bytes_are_written_again_alike),
        cmocka_unit_test(a_value_cut_anywhere_is_truncated),
        cmocka_unit_test(drawn_bytes_are_refused_or_written_again_alike),
        cmocka_unit_test(an_int_takes_the_fewest_bytes),
        cmocka_unit_test(a_real_has_one_nan_and_one_zero),
        cmocka_unit_test(a_writer_is_asked_once_at_its_end),
        cmocka_unit_test(a_shape_is_read_and_asked_once),
        cmocka_unit_test(a_map_is_read_key_by_key),
        cmocka_unit_test(keys_must_ascend),
        cmocka_unit_test(after_a_fault_nothing_is_read),
        cmocka_unit_test(a_parser_may_name_a_fault_itself_and_the_first_stands),
        cmocka_unit_test(bytes_that_are_left_over_are_trailing),
        cmocka_unit_test(a_value_of_another_type_is_named_type),
        cmocka_unit_test(a_uint_is_held_to_its_range),
        cmocka_unit_test(text_and_bytes_are_held_to_their_length),
        cmocka_unit_test(an_exact_length_is_part_of_the_type),
        cmocka_unit_test(counts_are_held_to_their_limit_and_to_the_bytes_left),
        cmocka_unit_test(any_gives_the_bytes_of_one_whole_value),
        cmocka_unit_test(any_nests_as_deep_as_the_caller_allows),
        cmocka_unit_test(raw_bytes_are_taken_as_they_are),
        cmocka_unit_test(fixed_width_is_big_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
