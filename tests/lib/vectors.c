/* vectors.c - finds, parses and picks apart JSON files of test vectors. */
#include "tests/lib/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char *folder(const char *variable, const char *otherwise)
{
    const char *named = getenv(variable);
    return named != NULL ? named : otherwise;
}

static json_t *load(const char *base, const char *middle, const char *name)
{
    char path[1024];
    json_error_t error;
    int len = snprintf(path, sizeof path, "%s/%s/%s", base, middle, name);
    assert_in_range(len, 1, sizeof path - 1);
    json_t *json = json_load_file(path, 0, &error);
    if (json == NULL) {
        fail_msg("%s: line %d: %s", path, error.line, error.text);
    }
    return json;
}

json_t *vectors_open(const char *name)
{
    return load(folder("LUM_SOURCE", LUM_SOURCE_DIR), "tests/vector", name);
}

json_t *vectors_open_shared(const char *name)
{
    const char *shared = folder("LUM_SHARED", LUM_SHARED_DIR);
    struct stat found;
    if (stat(shared, &found) != 0) {
        print_message("skipped: no ../shared\n");
        skip();
    }
    return load(shared, "vectors", name);
}

const char *vectors_text(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    if (text == NULL) {
        fail_msg("a vector without a text \"%s\"", member);
    }
    return text;
}

long long vectors_number(const json_t *object, const char *member)
{
    const json_t *number = json_object_get(object, member);
    if (!json_is_integer(number)) {
        fail_msg("a vector without a number \"%s\"", member);
    }
    return json_integer_value(number);
}

json_t *vectors_array(const json_t *object, const char *member)
{
    json_t *array = json_object_get(object, member);
    if (!json_is_array(array)) {
        fail_msg("a vector without an array \"%s\"", member);
    }
    return array;
}

static unsigned nibble(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = digit == '\0' ? NULL : strchr(digits, digit);
    if (found == NULL) {
        fail_msg("not a lower-case hex digit: '%c'", digit);
        return 0;
    }
    return (unsigned)(found - digits);
}

void vectors_unhex(const char *hex, struct lum_buf *out)
{
    size_t len = strlen(hex);
    assert_int_equal(len % 2, 0);
    lum_buf_reset(out);
    for (size_t i = 0; i < len; i += 2) {
        lum_buf_put_byte(out, (uint8_t)(nibble(hex[i]) << 4 | nibble(hex[i + 1])));
    }
    assert_int_equal(lum_buf_status(out), LUM_OK);
}

void vectors_hex(const json_t *object, const char *member, struct lum_buf *out)
{
    vectors_unhex(vectors_text(object, member), out);
}

void vectors_exact(const json_t *object, const char *member, uint8_t *out, size_t len)
{
    struct lum_buf bytes;
    lum_buf_init(&bytes, len);
    vectors_hex(object, member, &bytes);
    assert_int_equal(bytes.len, len);
    if (len > 0) {
        memcpy(out, bytes.at, len);
    }
    lum_buf_fini(&bytes);
}

void vectors_same(const json_t *object, const char *member, const void *at, size_t len)
{
    struct lum_buf bytes;
    lum_buf_init(&bytes, SIZE_MAX);
    vectors_hex(object, member, &bytes);
    if (!lum_bytes_equal(lum_buf_bytes(&bytes), lum_bytes_of(at, len))) {
        fail_msg("other bytes than the vector's \"%s\"", member);
    }
    lum_buf_fini(&bytes);
}
