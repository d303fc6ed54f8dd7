/* test_seen.c - the keys that a file has brought. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/seen.h"
#include "core/mem.h"

enum {
    KEYS = 100000,
};

static enum lum_status add(struct lum_seen *seen, unsigned number)
{
    char key[16];
    int len = snprintf(key, sizeof(key), "desa %u", number);
    return lum_seen_add(seen, lum_bytes_of(key, (size_t)len));
}

static void each_key_is_new_once(void **state)
{
    (void)state;
    struct lum_seen seen;
    size_t room = 0;
    lum_seen_init(&seen);
    for (unsigned i = 0; i < KEYS; i++) {
        assert_int_equal(add(&seen, i), LUM_OK);
    }
    for (unsigned i = 0; i < KEYS; i++) {
        assert_int_equal(add(&seen, i), LUM_EXISTS);
    }
    assert_int_equal(add(&seen, KEYS), LUM_OK);
    for (size_t i = 0; i < LUM_SEEN_TABLES; i++) {
        room += seen.tables[i].room;
        assert_in_range(seen.tables[i].count, KEYS / 32, KEYS / 8); /* spread evenly */
    }
    assert_in_range(room, KEYS, 3 * KEYS);
    lum_seen_fini(&seen);
}

static void an_empty_key_is_a_key(void **state)
{
    (void)state;
    struct lum_seen seen;
    lum_seen_init(&seen);
    assert_int_equal(lum_seen_add(&seen, lum_bytes_of("", 0)), LUM_OK);
    assert_int_equal(lum_seen_add(&seen, lum_bytes_of("", 0)), LUM_EXISTS);
    lum_seen_fini(&seen);
}

static void no_memory_takes_nothing_away(void **state)
{
    (void)state;
    struct lum_seen seen;
    unsigned number = 0;
    enum lum_status status = LUM_OK;
    lum_seen_init(&seen);
    for (; number < 1000; number++) {
        assert_int_equal(add(&seen, number), LUM_OK);
    }
    lum_mem_fail_after(1, true);
    for (; status == LUM_OK; number++) {
        status = add(&seen, number);
    }
    lum_mem_fail_after(0, false);
    number--; /* the one that did not fit */
    assert_int_equal(status, LUM_NO_MEMORY);
    assert_int_equal(add(&seen, number), LUM_OK);
    for (unsigned i = 0; i <= number; i++) {
        assert_int_equal(add(&seen, i), LUM_EXISTS);
    }
    lum_seen_fini(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_is_new_once),
        cmocka_unit_test(an_empty_key_is_a_key),
        cmocka_unit_test(no_memory_takes_nothing_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
