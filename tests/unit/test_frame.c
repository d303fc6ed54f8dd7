/* test_frame.c - messages in a byte stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/frame.h"

static struct lum_buf stream;

static int set_up(void **state)
{
    (void)state;
    lum_buf_init(&stream, 1 << 22);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_buf_fini(&stream);
    return 0;
}

static void put_zeros(uint8_t type, size_t len)
{
    static const uint8_t zeros[3 << 14];
    assert_true(len <= sizeof(zeros));
    lum_frame_put(&stream, type, lum_bytes_of(zeros, len));
}

static void a_frame_has_the_bytes_of_the_page(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0x2a, 5, 'h', 'e', 'l', 'l', 'o'};
    lum_frame_put(&stream, 0x2a, lum_bytes_of("hello", 5));
    assert_int_equal(stream.len, sizeof(expected));
    assert_memory_equal(stream.at, expected, sizeof(expected));
}

static void what_was_put_is_what_is_seen(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 127, 128, 300, 16383, 16384, 40000};
    static const size_t heads[] = {2, 2, 2, 3, 3, 3, 4, 4};
    for (size_t i = 0; i < LUM_COUNT(lengths); i++) {
        struct lum_frame frame = {0};
        enum lum_fault fault = LUM_FAULT_NONE;
        lum_buf_reset(&stream);
        put_zeros((uint8_t)i, lengths[i]);
        put_zeros(0xff, 3);
        assert_int_equal(lum_frame_peek(lum_buf_bytes(&stream), 40000, &frame, &fault), LUM_OK);
        assert_int_equal(frame.type, i);
        assert_int_equal(frame.body.len, lengths[i]);
        assert_int_equal(frame.size, heads[i] + lengths[i]);
        assert_ptr_equal(frame.body.at, stream.at + heads[i]);
        assert_int_equal(fault, LUM_FAULT_NONE);
    }
}

/* Nobody waits for the rest of a frame that will never come. */
static void a_frame_that_finds_no_room_leaves_nothing(void **state)
{
    (void)state;
    static const uint8_t body[200] = {0};
    struct lum_buf small;
    lum_buf_init(&small, 100);
    lum_frame_put(&small, 1, lum_bytes_of(body, 90));
    size_t before = small.len;
    lum_frame_put(&small, 1, lum_bytes_of(body, 7));
    assert_true(small.broken);
    assert_int_equal(small.len, before);
    lum_buf_fini(&small);
}

static void a_frame_cut_anywhere_is_waited_for(void **state)
{
    (void)state;
    put_zeros(7, 300);
    for (size_t len = 0; len < stream.len; len++) {
        struct lum_frame frame = {0};
        enum lum_fault fault = LUM_FAULT_NONE;
        struct lum_bytes cut = {stream.at, len};
        assert_int_equal(lum_frame_peek(cut, 300, &frame, &fault), LUM_AGAIN);
        assert_int_equal(frame.size, 0);
    }
}

static void expect_fault(const void *bytes, size_t len, size_t max, enum lum_fault expected)
{
    struct lum_frame frame = {0};
    enum lum_fault fault = LUM_FAULT_NONE;
    assert_int_equal(lum_frame_peek(lum_bytes_of(bytes, len), max, &frame, &fault), LUM_FAULT);
    assert_int_equal(fault, expected);
}

static void a_length_has_one_spelling(void **state)
{
    (void)state;
    expect_fault("\x01\x80\x00", 3, 1000, LUM_FAULT_NOT_CANONICAL);
    expect_fault("\x01\x85\x00", 3, 1000, LUM_FAULT_NOT_CANONICAL);
    expect_fault("\x01\xff\xff\x00", 4, 100000, LUM_FAULT_NOT_CANONICAL);
    expect_fault("\x01\xff\xff\xff\x00", 5, LUM_FRAME_BODY_MAX, LUM_FAULT_NOT_CANONICAL);
}

static void a_length_over_the_maximum_is_told_before_its_body_comes(void **state)
{
    (void)state;
    expect_fault("\x01\x0b", 2, 10, LUM_FAULT_OVER_LIMIT);
    expect_fault("\x01\xff\xff\xff\x7f", 5, LUM_FRAME_BODY_MAX - 1, LUM_FAULT_OVER_LIMIT);
    expect_fault("\x01\x80\x80\x80\x80", 5, LUM_FRAME_BODY_MAX, LUM_FAULT_OVER_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_frame_has_the_bytes_of_the_page, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_put_is_what_is_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_frame_cut_anywhere_is_waited_for, set_up, tear_down),
        cmocka_unit_test(a_frame_that_finds_no_room_leaves_nothing),
        cmocka_unit_test(a_length_has_one_spelling),
        cmocka_unit_test(a_length_over_the_maximum_is_told_before_its_body_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
