/* Arrays in order, and the best of many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/sort.h"

struct wide {
    uint64_t key;
    uint8_t rest[96];
};

static int by_key(const void *self, const void *a, const void *b)
{
    const struct wide *x = a;
    const struct wide *y = b;
    int sign = *(const int *)self;
    return sign * ((x->key > y->key) - (x->key < y->key));
}

static uint64_t dice;

static uint64_t roll(uint64_t below)
{
    dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (dice >> 33) % below;
}

static void fill(struct wide *at, size_t count, uint64_t below)
{
    for (size_t i = 0; i < count; i++) {
        memset(&at[i], 0, sizeof at[i]);
        at[i].key = roll(below);
        memset(at[i].rest, (int)(at[i].key & 0xff), sizeof at[i].rest);
    }
}

static void arrays_of_any_length_come_into_order_with_all_their_bytes(void **state)
{
    static struct wide at[300];
    const int up = 1;
    (void)state;
    for (size_t count = 0; count <= LUM_COUNT(at); count++) {
        fill(at, count, 50);
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += at[i].key;
        }
        lum_sort(&(struct lum_sort){at, count, sizeof at[0], by_key, &up});
        for (size_t i = 0; i < count; i++) {
            sum -= at[i].key;
            assert_true(i == 0 || at[i - 1].key <= at[i].key);
            assert_int_equal(at[i].rest[95], at[i].key & 0xff);
        }
        assert_int_equal(sum, 0);
    }
}

static void compare_is_handed_what_the_caller_gave(void **state)
{
    static struct wide at[10];
    const int down = -1;
    (void)state;
    fill(at, LUM_COUNT(at), 1000);
    lum_sort(&(struct lum_sort){at, LUM_COUNT(at), sizeof at[0], by_key, &down});
    for (size_t i = 1; i < LUM_COUNT(at); i++) {
        assert_true(at[i - 1].key >= at[i].key);
    }
}

static void a_heap_keeps_the_least_of_many(void **state)
{
    static struct wide all[1000];
    static struct wide best[10];
    const int up = 1;
    struct lum_sort heap = {best, 0, sizeof best[0], by_key, &up};
    (void)state;
    fill(all, LUM_COUNT(all), UINT64_MAX);
    for (size_t i = 0; i < LUM_COUNT(all); i++) {
        if (heap.count < LUM_COUNT(best)) {
            best[heap.count++] = all[i];
            lum_heap_up(&heap);
        } else if (all[i].key < best[0].key) {
            best[0] = all[i];
            lum_heap_down(&heap);
        }
    }
    lum_sort(&heap);
    lum_sort(&(struct lum_sort){all, LUM_COUNT(all), sizeof all[0], by_key, &up});
    assert_memory_equal(best, all, sizeof best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_of_any_length_come_into_order_with_all_their_bytes),
        cmocka_unit_test(compare_is_handed_what_the_caller_gave),
        cmocka_unit_test(a_heap_keeps_the_least_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
