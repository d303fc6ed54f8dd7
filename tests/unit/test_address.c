/* Addresses as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "net/address.h"

static bool read_text(const char *text, struct lum_address *out)
{
    return lum_address_read(lum_bytes_of(text, strlen(text)), out);
}

static void a_short_address_is_mapped_into_a_long_one(void **state)
{
    (void)state;
    static const uint8_t host[16] = {[10] = 0xff, [11] = 0xff, 192, 168, 10, 5};
    struct lum_address address;
    assert_true(read_text("192.168.10.5:7433", &address));
    assert_memory_equal(address.host, host, 16);
    assert_int_equal(address.port, 7433);
}

static void a_long_address_stands_in_brackets(void **state)
{
    (void)state;
    static const uint8_t host[16] = {0xfe, 0x80, [15] = 7};
    struct lum_address address;
    assert_true(read_text("[fe80::7]:65535", &address));
    assert_memory_equal(address.host, host, 16);
    assert_int_equal(address.port, 65535);
    assert_true(read_text("[::ffff:10.0.0.1]:1", &address));
    assert_int_equal(address.host[12], 10);
}

static void anything_else_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        ":",
        ":7433",
        "192.168.10.5",
        "192.168.10.5:",
        "192.168.10.5:0",
        "192.168.10.5:65536",
        "192.168.10.5:100000",
        "192.168.10.5:7433x",
        "192.168.10.5:-1",
        "192.168.10:7433",
        "192.168.10.256:7433",
        " 192.168.10.5:7433",
        "hall.example:7433",
        "fe80::7:7433",
        "[fe80::7]",
        "[fe80::7]7433",
        "[192.168.10.5]:7433",
        "[]:7433",
        "[fe80::7:7433",
        "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255:ffff]:7433",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:7433",
    };
    struct lum_address address;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_false(read_text(texts[i], &address));
    }
    assert_false(lum_address_read(lum_bytes_of("10.0.0.1\0:7433", 14), &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_address_is_mapped_into_a_long_one),
        cmocka_unit_test(a_long_address_stands_in_brackets),
        cmocka_unit_test(anything_else_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
