/* The Merkle mountain range: roots, its form at rest, and what is no range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/pack.h"
#include "core/range.h"
#include "tests/lib/vectors.h"

enum {
    REST_MAX = 8 + 40 * 32
};

static int begin(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

/* Boundary n of the vectors: 32 bytes of value n. */
static void add(struct lum_range *range, unsigned n)
{
    struct lum_hash h;
    memset(h.b, (int)n, sizeof h.b);
    lum_range_add(range, &h);
}

static void roots_and_peaks_are_those_of_the_vectors(void **state)
{
    (void)state;
    json_t *file = vectors_open("range.json");
    const json_t *rows = vectors_array(file, "roots");
    struct lum_range range;
    lum_range_init(&range);
    for (unsigned n = 1; n <= json_array_size(rows); n++) {
        const json_t *row = json_array_get(rows, n - 1);
        struct lum_hash root;
        uint8_t rest[REST_MAX];
        add(&range, n);
        lum_range_root(&range, &root);
        vectors_same(row, "root", root.b, sizeof root.b);
        vectors_same(row, "rest", rest, lum_range_write(&range, rest));
    }
    assert_int_equal(range.leaves, 20);
    json_decref(file);
}

static void a_range_at_rest_comes_back_the_same(void **state)
{
    (void)state;
    struct lum_range range;
    lum_range_init(&range);
    for (unsigned n = 0; n <= 70; n++) {
        struct lum_range back;
        uint8_t rest[REST_MAX];
        size_t len = lum_range_write(&range, rest);
        assert_true(lum_range_read((struct lum_bytes){rest, len}, &back));
        assert_memory_equal(&back, &range, sizeof back);
        add(&range, n);
    }
}

static void a_range_of_another_length_is_refused(void **state)
{
    (void)state;
    struct lum_range range;
    struct lum_range out;
    uint8_t rest[REST_MAX + 1] = {0};
    lum_range_init(&range);
    for (unsigned n = 0; n < 13; n++) {
        add(&range, n);
    }
    memset(&out, 0xaa, sizeof out);
    const struct lum_range before = out;
    size_t len = lum_range_write(&range, rest);
    assert_int_equal(len, 8 + 3 * 32);
    for (size_t other = 0; other <= len + 1; other++) {
        assert_int_equal(lum_range_read((struct lum_bytes){rest, other}, &out), other == len);
        if (other < len) {
            assert_memory_equal(&out, &before, sizeof out);
        }
    }
}

static void more_leaves_than_a_log_can_have_are_refused(void **state)
{
    (void)state;
    struct lum_range out;
    uint8_t rest[REST_MAX] = {0};
    lum_put_u64(rest, UINT64_C(1) << 40);
    assert_false(lum_range_read((struct lum_bytes){rest, 8}, &out));
    lum_put_u64(rest, (UINT64_C(1) << 40) - 1);
    assert_true(lum_range_read((struct lum_bytes){rest, REST_MAX}, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_and_peaks_are_those_of_the_vectors),
        cmocka_unit_test(a_range_at_rest_comes_back_the_same),
        cmocka_unit_test(a_range_of_another_length_is_refused),
        cmocka_unit_test(more_leaves_than_a_log_can_have_are_refused),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
