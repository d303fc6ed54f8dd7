/* Packed blocks: there and back, and what foreign bytes may not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/squeeze.h"

enum {
    ROOM = LUM_BLOCK_PLAIN_MAX + 4096,
};

struct fixture {
    struct lum_squeezer *squeezer;
    struct lum_buf plain;
    struct lum_buf packed;
    struct lum_buf again;
};

static int set_up(void **state)
{
    struct fixture *f = lum_alloc_zero(sizeof *f);
    assert_non_null(f);
    assert_int_equal(lum_squeezer_open(&f->squeezer), LUM_OK);
    lum_buf_init(&f->plain, ROOM);
    lum_buf_init(&f->packed, ROOM);
    lum_buf_init(&f->again, ROOM);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    lum_squeezer_close(f->squeezer);
    lum_buf_fini(&f->plain);
    lum_buf_fini(&f->packed);
    lum_buf_fini(&f->again);
    lum_free(f);
    return 0;
}

/* len bytes that pack, but not to nothing. */
static void fill(struct lum_buf *buf, size_t len)
{
    uint32_t seed = 7;
    lum_buf_reset(buf);
    while (buf->len < len) {
        seed = seed * 1103515245U + 12345U;
        lum_buf_put_byte(buf, (uint8_t)('a' + (seed >> 28)));
    }
    assert_int_equal(lum_buf_status(buf), LUM_OK);
}

static void pack(struct fixture *f, size_t len, int level)
{
    fill(&f->plain, len);
    lum_buf_reset(&f->packed);
    assert_int_equal(lum_squeeze(f->squeezer, lum_buf_bytes(&f->plain), level, &f->packed), LUM_OK);
}

static enum lum_status unpack(struct fixture *f, size_t plain_len)
{
    return lum_unsqueeze(f->squeezer, lum_buf_bytes(&f->packed), plain_len, &f->again);
}

static void what_was_packed_is_unpacked(void **state)
{
    struct fixture *f = *state;
    static const size_t lengths[] = {0, 1, 3, 40, 1000, 65536, 131072, 131073, LUM_BLOCK_PLAIN_MAX};
    for (size_t i = 0; i < LUM_COUNT(lengths); i++) {
        for (int level = 1; level <= 19; level += 9) {
            pack(f, lengths[i], level);
            assert_int_equal(unpack(f, lengths[i]), LUM_OK);
            assert_true(lum_bytes_equal(lum_buf_bytes(&f->plain), lum_buf_bytes(&f->again)));
        }
    }
}

static void packing_makes_small(void **state)
{
    struct fixture *f = *state;
    pack(f, 100000, 3);
    assert_in_range(f->packed.len, 1000, 60000);
}

static void packed_bytes_are_appended(void **state)
{
    struct fixture *f = *state;
    pack(f, 500, 3);
    size_t once = f->packed.len;
    assert_int_equal(lum_squeeze(f->squeezer, lum_buf_bytes(&f->plain), 3, &f->packed), LUM_OK);
    assert_int_equal(f->packed.len, 2 * once);
    assert_memory_equal(f->packed.at, f->packed.at + once, once);
}

static void one_byte_costs_six(void **state)
{
    struct fixture *f = *state;
    pack(f, 1, 3);
    assert_int_equal(f->packed.len, 2 + 3 + 1); /* frame header, block header, the byte */
    assert_int_equal(f->packed.at[0], 0);
}

static void another_plain_length_is_a_fault(void **state)
{
    struct fixture *f = *state;
    pack(f, 1000, 3);
    assert_int_equal(unpack(f, 999), LUM_FAULT);
    assert_int_equal(f->again.len, 0);
    assert_int_equal(unpack(f, 1001), LUM_FAULT);
    assert_int_equal(unpack(f, 0), LUM_FAULT);
    assert_int_equal(unpack(f, 1000), LUM_OK);
}

static void more_than_a_block_may_hold_is_not_even_tried(void **state)
{
    struct fixture *f = *state;
    pack(f, 1000, 3);
    lum_mem_fail_after(1, true);
    assert_int_equal(unpack(f, LUM_BLOCK_PLAIN_MAX + 1), LUM_FAULT);
    assert_int_equal(unpack(f, SIZE_MAX), LUM_FAULT);
    lum_mem_fail_after(0, false);
}

static void a_block_cut_anywhere_is_a_fault(void **state)
{
    struct fixture *f = *state;
    pack(f, 1000, 3);
    size_t whole = f->packed.len;
    for (f->packed.len = 0; f->packed.len < whole; f->packed.len++) {
        assert_int_equal(unpack(f, 1000), LUM_FAULT);
    }
}

static void bytes_behind_the_frame_are_a_fault(void **state)
{
    struct fixture *f = *state;
    pack(f, 1000, 3);
    lum_buf_put_byte(&f->packed, 0);
    assert_int_equal(unpack(f, 1000), LUM_FAULT);
}

static void two_frames_are_a_fault(void **state)
{
    struct fixture *f = *state;
    pack(f, 1000, 3);
    assert_int_equal(lum_squeeze(f->squeezer, lum_buf_bytes(&f->plain), 3, &f->packed), LUM_OK);
    assert_int_equal(unpack(f, 2000), LUM_FAULT);
    assert_int_equal(unpack(f, 1000), LUM_FAULT);
}

static void every_other_kind_of_frame_is_a_fault(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *bytes;
        size_t len;
    } frames[] = {
        {"\x28\xb5\x2f\xfd\x00\x58\x09\x00\x00x", 10}, /* with the magic number */
        {"\x20\x01\x09\x00\x00x", 6},                  /* with the content size */
        {"\x04\x58\x09\x00\x00x\x00\x00\x00\x00", 10}, /* with a checksum */
        {"\x01\x58\x01\x09\x00\x00x", 7},              /* with a dictionary */
        {"\x50\x2a\x4d\x18\x00\x00\x00\x00", 8},       /* skippable */
        {"\x27\xb5\x2f\xfd\x58\x09\x00\x00x", 9},      /* of zstd 0.7 */
        {"\x00\x58\x07\x00\x00x", 6},                  /* a reserved type of block */
    };
    for (size_t i = 0; i < LUM_COUNT(frames); i++) {
        lum_buf_reset(&f->packed);
        lum_buf_put(&f->packed, frames[i].bytes, frames[i].len);
        assert_int_equal(unpack(f, 1), LUM_FAULT);
        assert_int_equal(unpack(f, 0), LUM_FAULT);
    }
    lum_buf_reset(&f->packed);
    lum_buf_put(&f->packed, "\x00\x58\x09\x00\x00x", 6);
    assert_int_equal(unpack(f, 1), LUM_OK);
    assert_int_equal(f->again.at[0], 'x');
}

static void a_spoilt_byte_never_harms(void **state)
{
    struct fixture *f = *state;
    pack(f, 600, 3);
    for (size_t i = 0; i < f->packed.len; i++) {
        uint8_t kept = f->packed.at[i];
        f->packed.at[i] = (uint8_t)(kept ^ (1U << i % 8));
        enum lum_status status = unpack(f, 600);
        assert_true(status == LUM_FAULT || (status == LUM_OK && f->again.len == 600));
        f->packed.at[i] = kept;
    }
}

static void once_warm_nothing_is_allocated(void **state)
{
    struct fixture *f = *state;
    pack(f, LUM_BLOCK_PLAIN_MAX, 9);
    assert_int_equal(unpack(f, LUM_BLOCK_PLAIN_MAX), LUM_OK);
    lum_mem_fail_after(1, true);
    pack(f, LUM_BLOCK_PLAIN_MAX, 9);
    assert_int_equal(unpack(f, LUM_BLOCK_PLAIN_MAX), LUM_OK);
    lum_mem_fail_after(0, false);
}

static void no_memory_is_no_fault(void **state)
{
    struct fixture *f = *state;
    pack(f, 1000, 3);
    lum_mem_fail_after(1, true);
    assert_int_equal(unpack(f, 1000), LUM_NO_MEMORY);
    lum_mem_fail_after(0, false);
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct lum_buf packed;
    struct lum_buf plain;
    enum lum_status status = LUM_NO_MEMORY;
    lum_buf_init(&packed, ROOM);
    lum_buf_init(&plain, ROOM);
    for (uint64_t n = 1; status != LUM_OK; n++) {
        struct lum_squeezer *squeezer = NULL;
        assert_in_range(n, 1, 20);
        lum_buf_fini(&packed);
        lum_buf_init(&packed, ROOM);
        lum_mem_fail_after(n, false);
        status = lum_squeezer_open(&squeezer);
        if (status == LUM_OK) {
            status = lum_squeeze(squeezer, lum_bytes_of("rice", 4), 3, &packed);
            assert_true(status == LUM_OK || packed.len == 0);
        }
        if (status == LUM_OK) {
            status = lum_unsqueeze(squeezer, lum_buf_bytes(&packed), 4, &plain);
        }
        lum_mem_fail_after(0, false);
        assert_true(status == LUM_OK || status == LUM_NO_MEMORY);
        lum_squeezer_close(squeezer);
    }
    lum_buf_fini(&packed);
    lum_buf_fini(&plain);
}

/* A store opens many, of which most never meet a packed block. */
static void one_that_is_only_open_takes_no_contexts(void **state)
{
    struct lum_squeezer *squeezer = NULL;
    (void)state;
    lum_mem_fail_after(2, true);
    enum lum_status status = lum_squeezer_open(&squeezer);
    lum_mem_fail_after(0, false);
    assert_int_equal(status, LUM_OK);
    lum_squeezer_close(squeezer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_packed_is_unpacked),
        TEST(packing_makes_small),
        TEST(packed_bytes_are_appended),
        TEST(one_byte_costs_six),
        TEST(another_plain_length_is_a_fault),
        TEST(more_than_a_block_may_hold_is_not_even_tried),
        TEST(a_block_cut_anywhere_is_a_fault),
        TEST(bytes_behind_the_frame_are_a_fault),
        TEST(two_frames_are_a_fault),
        TEST(every_other_kind_of_frame_is_a_fault),
        TEST(a_spoilt_byte_never_harms),
        TEST(once_warm_nothing_is_allocated),
        TEST(no_memory_is_no_fault),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(one_that_is_only_open_takes_no_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
