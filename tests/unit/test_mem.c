/* Planned failures, buffers that break once and stay broken, arenas that keep their blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"

/* ---- allocations ---- */

static bool can_allocate(void)
{
    void *memory = lum_alloc(8);
    lum_free(memory);
    return memory != NULL;
}

static void an_allocation_of_nothing_is_a_pointer(void **state)
{
    (void)state;
    void *memory = lum_alloc(0);
    assert_non_null(memory);
    memory = lum_realloc(memory, 0);
    assert_non_null(memory);
    lum_free(memory);
    lum_free(NULL);
}

static void alloc_zero_gives_zeroes(void **state)
{
    (void)state;
    static const uint8_t zeroes[100];
    uint8_t *memory = lum_alloc_zero(sizeof zeroes);
    assert_non_null(memory);
    assert_memory_equal(memory, zeroes, sizeof zeroes);
    lum_free(memory);
}

static void the_nth_allocation_fails_once(void **state)
{
    (void)state;
    lum_mem_fail_after(3, false);
    assert_true(can_allocate());
    assert_true(can_allocate());
    assert_false(can_allocate());
    assert_true(can_allocate());
    assert_true(can_allocate());
}

static void a_sticky_failure_lasts_until_it_is_switched_off(void **state)
{
    (void)state;
    lum_mem_fail_after(2, true);
    assert_true(can_allocate());
    for (int i = 0; i < 10; i++) {
        assert_false(can_allocate());
    }
    lum_mem_fail_after(0, true);
    assert_true(can_allocate());
}

static void every_way_to_allocate_can_fail(void **state)
{
    (void)state;
    uint8_t *memory = lum_alloc(1);
    uint64_t before = lum_mem_shortages();
    assert_non_null(memory);
    *memory = 7;
    lum_mem_fail_after(1, true);
    assert_null(lum_alloc(1));
    assert_null(lum_alloc_zero(1));
    assert_null(lum_realloc(memory, 1000));
    lum_mem_fail_after(0, false);
    assert_int_equal(lum_mem_shortages(), before + 3);
    assert_int_equal(*memory, 7);
    lum_free(memory);
}

/* ---- buffers ---- */

static void a_buffer_grows_as_it_is_filled(void **state)
{
    (void)state;
    struct lum_buf buf;
    lum_buf_init(&buf, 100000);
    for (int i = 0; i < 1000; i++) {
        lum_buf_put_byte(&buf, (uint8_t)i);
        lum_buf_put(&buf, "abc", 3);
    }
    assert_int_equal(lum_buf_status(&buf), LUM_OK);
    assert_int_equal(buf.len, 4000);
    assert_true(buf.len <= buf.room && buf.room <= buf.max);
    assert_memory_equal(buf.at + 4 * 258,
                        "\x02"
                        "abc",
                        4);
    lum_buf_fini(&buf);
}

static void a_buffer_is_filled_to_its_ceiling_exactly(void **state)
{
    (void)state;
    static const uint8_t bytes[300];
    struct lum_buf buf;
    lum_buf_init(&buf, sizeof bytes);
    lum_buf_put(&buf, bytes, sizeof bytes);
    assert_int_equal(lum_buf_status(&buf), LUM_OK);
    assert_int_equal(buf.room, sizeof bytes);
    lum_buf_put(&buf, bytes, 0);
    assert_int_equal(lum_buf_status(&buf), LUM_OK);
    lum_buf_put_byte(&buf, 1);
    assert_int_equal(lum_buf_status(&buf), LUM_LIMIT);
    assert_int_equal(buf.len, sizeof bytes);
    lum_buf_fini(&buf);
}

static void a_broken_buffer_ignores_what_follows(void **state)
{
    (void)state;
    struct lum_buf buf;
    lum_buf_init(&buf, 4);
    lum_buf_put(&buf, "abc", 3);
    lum_buf_put(&buf, "de", 2);
    lum_buf_put_byte(&buf, 'f');
    assert_null(lum_buf_extend(&buf, 1));
    assert_int_equal(lum_buf_status(&buf), LUM_LIMIT);
    assert_true(lum_bytes_equal(lum_buf_bytes(&buf), lum_bytes_of("abc", 3)));
    lum_buf_reset(&buf);
    lum_buf_put(&buf, "wxyz", 4);
    assert_int_equal(lum_buf_status(&buf), LUM_OK);
    assert_true(lum_bytes_equal(lum_buf_bytes(&buf), lum_bytes_of("wxyz", 4)));
    lum_buf_fini(&buf);
}

static void a_buffer_without_memory_keeps_what_it_has(void **state)
{
    (void)state;
    static const uint8_t bytes[1000];
    struct lum_buf buf;
    lum_buf_init(&buf, sizeof bytes * 2);
    lum_buf_put(&buf, "abc", 3);
    lum_mem_fail_after(1, false);
    lum_buf_put(&buf, bytes, sizeof bytes);
    assert_int_equal(lum_buf_status(&buf), LUM_NO_MEMORY);
    assert_true(lum_bytes_equal(lum_buf_bytes(&buf), lum_bytes_of("abc", 3)));
    lum_buf_reset(&buf);
    lum_buf_put(&buf, bytes, sizeof bytes);
    assert_int_equal(lum_buf_status(&buf), LUM_OK);
    lum_buf_fini(&buf);
}

static void reset_keeps_the_room(void **state)
{
    (void)state;
    static const uint8_t bytes[1000];
    struct lum_buf buf;
    lum_buf_init(&buf, SIZE_MAX);
    lum_buf_put(&buf, bytes, sizeof bytes);
    lum_buf_reset(&buf);
    lum_mem_fail_after(1, true);
    lum_buf_put(&buf, bytes, sizeof bytes);
    lum_mem_fail_after(0, false);
    assert_int_equal(lum_buf_status(&buf), LUM_OK);
    lum_buf_fini(&buf);
}

static void an_impossible_length_breaks_the_buffer(void **state)
{
    (void)state;
    struct lum_buf buf;
    lum_buf_init(&buf, 1000);
    lum_buf_put_byte(&buf, 1);
    assert_null(lum_buf_extend(&buf, SIZE_MAX));
    assert_int_equal(lum_buf_status(&buf), LUM_LIMIT);
    lum_buf_fini(&buf);
}

static void drop_takes_from_the_front(void **state)
{
    (void)state;
    struct lum_buf buf;
    lum_buf_init(&buf, 100);
    lum_buf_drop(&buf, 0);
    lum_buf_put(&buf, "abcdef", 6);
    lum_buf_drop(&buf, 2);
    assert_true(lum_bytes_equal(lum_buf_bytes(&buf), lum_bytes_of("cdef", 4)));
    lum_buf_drop(&buf, 4);
    assert_int_equal(buf.len, 0);
    lum_buf_fini(&buf);
}

static void fini_twice_is_harmless(void **state)
{
    (void)state;
    static const struct lum_buf zeroes;
    struct lum_buf buf;
    lum_buf_init(&buf, 100);
    lum_buf_put_byte(&buf, 1);
    lum_buf_fini(&buf);
    lum_buf_fini(&buf);
    assert_memory_equal(&buf, &zeroes, sizeof buf);
}

/* ---- arenas ---- */

/* Takes `count` pieces of all kinds of size, fills each and checks that none overlaps another. */
static void take_pieces(struct lum_arena *arena, size_t count)
{
    uint8_t *pieces[200];
    assert_in_range(count, 1, LUM_COUNT(pieces));
    for (size_t i = 0; i < count; i++) {
        size_t size = i * i % 977;
        pieces[i] = lum_arena_take(arena, size);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)i, size);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i * i % 977; k++) {
            assert_int_equal(pieces[i][k], (uint8_t)i);
        }
    }
}

static void pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    struct lum_arena arena;
    lum_arena_init(&arena);
    take_pieces(&arena, 200);
    lum_arena_fini(&arena);
    lum_arena_fini(&arena);
    assert_null(arena.first);
}

static void a_steady_state_allocates_nothing(void **state)
{
    (void)state;
    struct lum_arena arena;
    lum_arena_init(&arena);
    take_pieces(&arena, 200);
    assert_non_null(lum_arena_take(&arena, 3 * 1024 * 1024));
    lum_mem_fail_after(1, true);
    for (int i = 0; i < 3; i++) {
        lum_arena_reset(&arena);
        take_pieces(&arena, 200);
        assert_non_null(lum_arena_take(&arena, 3 * 1024 * 1024));
    }
    lum_mem_fail_after(0, false);
    lum_arena_fini(&arena);
}

static void a_need_beyond_the_next_block_keeps_that_block(void **state)
{
    (void)state;
    struct lum_arena arena;
    lum_arena_init(&arena);
    assert_non_null(lum_arena_take(&arena, 4000));
    assert_non_null(lum_arena_take(&arena, 4000));
    lum_arena_reset(&arena);
    assert_non_null(lum_arena_take(&arena, 4000));
    void *large = lum_arena_take(&arena, 20000);
    assert_non_null(large);
    memset(large, 1, 20000);
    lum_mem_fail_after(1, true);
    assert_non_null(lum_arena_take(&arena, 8000));
    lum_mem_fail_after(0, false);
    lum_arena_fini(&arena);
}

static void an_arena_without_memory_says_so_and_goes_on(void **state)
{
    (void)state;
    struct lum_arena arena;
    lum_arena_init(&arena);
    lum_mem_fail_after(1, false);
    assert_null(lum_arena_take(&arena, 10));
    assert_null(lum_arena_take(&arena, SIZE_MAX));
    assert_non_null(lum_arena_take(&arena, 10));
    lum_arena_fini(&arena);
}

/* ---- borrowed bytes ---- */

static int order(const char *a, const char *b)
{
    int sign = lum_bytes_compare(lum_bytes_of(a, strlen(a)), lum_bytes_of(b, strlen(b)));
    return (sign > 0) - (sign < 0);
}

static void bytes_are_ordered_by_content_a_prefix_first(void **state)
{
    (void)state;
    assert_int_equal(order("a", "b"), -1);
    assert_int_equal(order("b", "aa"), 1);
    assert_int_equal(order("a", "aa"), -1);
    assert_int_equal(order("aa", "aa"), 0);
    assert_int_equal(order("", "a"), -1);
    assert_int_equal(order("\x7f", "\x80"), -1);
    assert_int_equal(lum_bytes_compare((struct lum_bytes){0}, lum_bytes_of("", 0)), 0);
}

static void bytes_are_equal_by_content(void **state)
{
    (void)state;
    assert_true(lum_bytes_equal(lum_bytes_of("ab", 2), lum_bytes_of("abc", 2)));
    assert_false(lum_bytes_equal(lum_bytes_of("ab", 2), lum_bytes_of("abc", 3)));
    assert_false(lum_bytes_equal(lum_bytes_of("ab", 2), lum_bytes_of("ac", 2)));
    assert_true(lum_bytes_equal((struct lum_bytes){0}, lum_bytes_of("", 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_allocation_of_nothing_is_a_pointer),
        cmocka_unit_test(alloc_zero_gives_zeroes),
        cmocka_unit_test(the_nth_allocation_fails_once),
        cmocka_unit_test(a_sticky_failure_lasts_until_it_is_switched_off),
        cmocka_unit_test(every_way_to_allocate_can_fail),
        cmocka_unit_test(a_buffer_grows_as_it_is_filled),
        cmocka_unit_test(a_buffer_is_filled_to_its_ceiling_exactly),
        cmocka_unit_test(a_broken_buffer_ignores_what_follows),
        cmocka_unit_test(a_buffer_without_memory_keeps_what_it_has),
        cmocka_unit_test(reset_keeps_the_room),
        cmocka_unit_test(an_impossible_length_breaks_the_buffer),
        cmocka_unit_test(drop_takes_from_the_front),
        cmocka_unit_test(fini_twice_is_harmless),
        cmocka_unit_test(pieces_are_aligned_and_apart),
        cmocka_unit_test(a_steady_state_allocates_nothing),
        cmocka_unit_test(a_need_beyond_the_next_block_keeps_that_block),
        cmocka_unit_test(an_arena_without_memory_says_so_and_goes_on),
        cmocka_unit_test(bytes_are_ordered_by_content_a_prefix_first),
        cmocka_unit_test(bytes_are_equal_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
