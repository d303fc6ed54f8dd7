/* test_sync.c - whole meetings of nodes in one process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/link.h"

/* Three halls; B and C joined through A. */
static struct site halls[3];
static struct link *net;

static int start(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    site_prepare(&halls[0]);
    site_found(&halls[0], "Ani");
    struct lum_invite invite = site_invite(&halls[0], LUM_ROLE_WRITER, 5);
    for (size_t i = 1; i < LUM_COUNT(halls); i++) {
        site_prepare(&halls[i]);
        site_arrive(&halls[i], &invite);
        site_join(&halls[i], &halls[0], i == 1 ? "Budi" : "Citra");
    }
    net = link_open();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    link_close(net);
    for (size_t i = 0; i < LUM_COUNT(halls); i++) {
        site_drop(&halls[i]);
    }
    return 0;
}

static void write_some(struct site *site, const char *prefix, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "%s%u", prefix, (unsigned)i);
        (void)site_put(site, key, "name", "a field visit of this morning");
    }
}

static void two_halls_become_equal(void **state)
{
    (void)state;
    write_some(&halls[0], "a", 10);
    write_some(&halls[1], "b", 7);
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    link_run(net, 100);
    link_assert_equal(&halls[0], &halls[1]);
    assert_int_equal(link_counts(net, a)->met, 1);
    assert_int_equal(link_counts(net, a)->equal, 1);
    assert_int_equal(link_counts(net, b)->equal, 1);
    for (unsigned end = 0; end < 2; end++) {
        struct link_flow *flow = &link_line(net, line)->flows[end];
        printf("%u: %llu bytes:", end, (unsigned long long)flow->delivered);
        for (unsigned t = 0; t < LUM_MESSAGE_TYPES; t++) {
            if (flow->messages[t] > 0) {
                printf(" %u x%u", t, flow->messages[t]);
            }
        }
        printf("\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_halls_become_equal, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
