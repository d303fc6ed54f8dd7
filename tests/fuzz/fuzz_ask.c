/*
 * fuzz_ask.c - a question from the control socket: its name, its arguments, what follows.
 *
 *   input = body of an ASK
 *
 * Holds: what opens has canonical arguments, every way of asking for one agrees with the map, and
 * the body is the name, the map and the rest and nothing else.
 */
#include "core/limits.h"
#include "core/pack.h"
#include "net/request.h"
#include "tests/fuzz/input.h"

static void check_argument(struct lum_ask *ask, struct lum_bytes key, struct lum_bytes value)
{
    char name[LUM_FIELD_MAX + 1] = {0};
    struct lum_bytes found = {NULL, 0};
    struct lum_bytes text = {NULL, 0};
    const char *cstr = NULL;
    uint64_t number = 0;
    if (key.len >= sizeof name || memchr(key.at, '\0', key.len) != NULL) {
        return;
    }
    memcpy(name, key.at, key.len);
    struct lum_cur cur = lum_cur_over(value);
    enum lum_pack_type type = lum_cur_peek(&cur);
    LUM_ASSERT(lum_ask_value(ask, name, &found) && found.at == value.at && found.len == value.len);
    LUM_ASSERT(lum_ask_text(ask, name, &text) == (type == LUM_PACK_STR));
    bool has_zero = text.len > 0 && memchr(text.at, '\0', text.len) != NULL;
    LUM_ASSERT(lum_ask_cstr(ask, name, &cstr) == (has_zero ? LUM_INVALID : LUM_OK));
    LUM_ASSERT((cstr != NULL) == (type == LUM_PACK_STR && !has_zero));
    LUM_ASSERT(cstr == NULL || (strlen(cstr) == text.len && memcmp(cstr, text.at, text.len) == 0));
    LUM_ASSERT(!lum_ask_bool(ask, name) || type == LUM_PACK_BOOL);
    LUM_ASSERT(!lum_ask_uint(ask, name, &number) || type == LUM_PACK_INT);
}

static void check_ask(struct lum_ask *ask, struct lum_bytes body)
{
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&ask->question));
    const uint8_t *map = cur.at;
    struct lum_bytes none;
    uint32_t count = lum_cur_map(&cur, LUM_ELEMENTS_MAX);
    LUM_ASSERT(lum_request_find(lum_bytes_of("find", 4)) != NULL);
    for (uint32_t i = 0; i < count; i++) {
        struct lum_bytes key = lum_cur_str(&cur, SIZE_MAX);
        struct lum_bytes value = lum_cur_any(&cur, LUM_DEPTH_MAX - 1);
        check_argument(ask, key, value);
    }
    LUM_ASSERT(cur.fault == LUM_FAULT_NONE);
    LUM_ASSERT(lum_pack_check(lum_bytes_of(map, (size_t)(cur.at - map))) == LUM_FAULT_NONE);
    struct lum_bytes rest = lum_ask_rest(ask);
    LUM_ASSERT(rest.at == cur.at && rest.len == lum_cur_left(&cur));
    LUM_ASSERT(!lum_ask_value(ask, "no such argument", &none) || count > 0);
    LUM_ASSERT(!lum_ask_bool(ask, "no such flag") || count > 0);
    LUM_ASSERT(!lum_ask_uint(ask, "no such number", &(uint64_t){0}) || count > 0);
    size_t name_len = body.len - ask->question.len;
    LUM_ASSERT(name_len >= 2);
    LUM_ASSERT(memcmp(body.at + name_len, ask->question.at, ask->question.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    struct lum_bytes body = input_rest(&in);
    struct lum_error err = {0};
    struct lum_buf out;
    struct lum_ask ask;
    lum_buf_init(&out, LUM_REQUEST_MAX);
    enum lum_status status = lum_ask_open(body, &out, &ask, &err);
    if (status == LUM_OK) {
        check_ask(&ask, body);
    } else {
        LUM_ASSERT(status == LUM_INVALID && err.cause == LUM_CAUSE_bad_request);
    }
    lum_ask_close(&ask);
    memory_end(memory_of(data, size));
    enum lum_status hungry = lum_ask_open(body, &out, &ask, &err);
    memory_back();
    LUM_ASSERT(hungry == status || hungry == LUM_NO_MEMORY);
    lum_ask_close(&ask);
    lum_buf_fini(&out);
    return 0;
}
