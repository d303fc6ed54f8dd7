/* test_json_plain.c - the quick way through a flat object, beside jansson's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/json.h"
#include "cli/json_plain.h"
#include "core/limits.h"
#include "core/pack.h"

static struct lum_buf quick;
static struct lum_buf slow;

static int set_up(void **state)
{
    (void)state;
    lum_buf_init(&quick, LUM_LINE_MAX);
    lum_buf_init(&slow, LUM_LINE_MAX);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_buf_fini(&quick);
    lum_buf_fini(&slow);
    return 0;
}

/* As the only element of an array the text is jansson's. */
static enum lum_status read_slowly(struct lum_bytes text)
{
    struct lum_buf array;
    lum_buf_init(&array, LUM_LINE_MAX);
    lum_buf_put_byte(&array, '[');
    lum_buf_put(&array, text.at, text.len);
    lum_buf_put_byte(&array, ']');
    lum_buf_reset(&slow);
    enum lum_status status = lum_json_read(lum_buf_bytes(&array), "x", LUM_LANG_EN, &slow, NULL);
    lum_buf_fini(&array);
    return status;
}

/* Is it plain? If so, jansson says the same. */
static bool is_plain(struct lum_bytes text)
{
    lum_buf_reset(&quick);
    lum_pack_array(&quick, 1);
    if (!lum_json_plain(text, &quick)) {
        assert_int_equal(quick.len, 1);
        return false;
    }
    assert_int_equal(read_slowly(text), LUM_OK);
    assert_true(lum_bytes_equal(lum_buf_bytes(&quick), lum_buf_bytes(&slow)));
    return true;
}

static void flat_objects_are_plain(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{}",
        " { } ",
        "{\"\":\"\"}",
        "{\"b\":1,\"a\":2,\"ab\":3,\"\":4,\"aa\":5}",
        "\t{ \"a\" :\r\n 1 , \"b\" : -2 }\n",
        "{\"a\":0,\"b\":9223372036854775807,\"c\":-9223372036854775808}",
        "{\"a\":0.0,\"b\":-0.0,\"c\":5.10,\"d\":-7.558370000000001,\"e\":110.88642}",
        "{\"a\":0.1000000000000000055511151231257827,\"b\":123456789012345678901.5}",
        "{\"a\":true,\"b\":false,\"c\":null}",
        "{\"a\":\"caf\xc3\xa9 \x7f \xf0\x9f\x8c\xbe {}[],:\",\"b\":\"e\xcc\x81\"}",
    };
    for (size_t i = 0; i < LUM_COUNT(texts); i++) {
        assert_true(is_plain(lum_bytes_of(texts[i], strlen(texts[i]))));
    }
}

static void all_else_is_not(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "1",
        "{}}",
        "{},",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{\"a\":1 2}",
        "{\"a\":1\"b\":2}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":[1]}",
        "{\"a\":{}}",
        "{\"a\":1,\"a\":1}",
        "{\"b\":1,\"a\":2,\"c\":3,\"b\":4}",
        "{\"a\\u0062\":1}",
        "{\"caf\xc3\xa9\":1}",
        "{\"a\":\"\\n\"}",
        "{\"a\":\"tab\there\"}",
        "{\"a\":\"open}",
        "{\"a\":\"",
        "{\"a\":\"\\",
        "{\"a",
        "{\"a\":-0}",
        "{\"a\":1e3}",
        "{\"a\":1.5E3}",
        "{\"a\":007}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":5.}",
        "{\"a\":1.2.3}",
        "{\"a\":-}",
        "{\"a\":9223372036854775808}",
        "{\"a\":True}",
        "{\"a\":nul}",
        "{\"a\":nulls}",
        "{\"a\":NaN}",
    };
    for (size_t i = 0; i < LUM_COUNT(texts); i++) {
        assert_false(is_plain(lum_bytes_of(texts[i], strlen(texts[i]))));
    }
}

static void write_members(char *out, size_t size, unsigned count)
{
    size_t len = 0;
    for (unsigned i = 0; i < count; i++) {
        len += (size_t)snprintf(out + len, size - len, "%c\"%u\":%u", i == 0 ? '{' : ',', i, i);
    }
    snprintf(out + len, size - len, "}");
}

static void sixty_four_members_are_the_most(void **state)
{
    (void)state;
    char text[1024];
    write_members(text, sizeof(text), LUM_JSON_PLAIN_MAX);
    assert_true(is_plain(lum_bytes_of(text, strlen(text))));
    write_members(text, sizeof(text), LUM_JSON_PLAIN_MAX + 1);
    assert_false(is_plain(lum_bytes_of(text, strlen(text))));
}

static void a_number_beyond_a_double_is_not(void **state)
{
    (void)state;
    char text[400];
    snprintf(text, sizeof(text), "{\"a\":%0310d.0}", 0);
    memset(text + 5, '9', 310);
    assert_false(is_plain(lum_bytes_of(text, strlen(text))));
    memset(text + 5, ' ', 2);
    assert_true(is_plain(lum_bytes_of(text, strlen(text))));
}

/* A few bytes of a good row become others; whatever then still counts as plain reads alike. */
static void rows_that_were_changed_read_alike(void **state)
{
    (void)state;
    static const char row[] = "{\"id\":\"a7\",\"w\":0,\"x\":-1.25,\"y\":110.88642,\"z\":null,"
                              "\"ok\":true,\"no\":false,\"note\":\"padi 12\"}";
    static const char others[] = "{}[]\",:\\ 0123456789.-+eEtrufalsn\t";
    uint64_t seed = 1;
    unsigned plain = 0;
    for (unsigned i = 0; i < 50000; i++) {
        char text[sizeof(row)];
        memcpy(text, row, sizeof(row));
        for (unsigned k = 0; k < 1 + i % 3; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            text[(seed >> 33) % (sizeof(row) - 1)] = others[(seed >> 20) % (sizeof(others) - 1)];
        }
        plain += is_plain(lum_bytes_of(text, sizeof(row) - 1)) ? 1 : 0;
    }
    assert_in_range(plain, 5000, 45000);
}

static void no_room_is_told_by_the_buffer(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":1,\"b\":\"two\"}";
    for (size_t room = 0; room < 12; room++) {
        struct lum_buf small;
        lum_buf_init(&small, room);
        enum lum_status status =
            lum_json_read(lum_bytes_of(text, strlen(text)), "x", LUM_LANG_EN, &small, NULL);
        assert_int_equal(status, room < 10 ? LUM_LIMIT : LUM_OK);
        assert_int_equal(small.len, room < 10 ? 0 : 10);
        lum_buf_fini(&small);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(flat_objects_are_plain),
        CASE(all_else_is_not),
        CASE(sixty_four_members_are_the_most),
        CASE(a_number_beyond_a_double_is_not),
        CASE(rows_that_were_changed_read_alike),
        CASE(no_room_is_told_by_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
