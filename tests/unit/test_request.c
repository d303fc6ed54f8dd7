/* The table of requests, how a question is read, and how an answer ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/frame.h"
#include "net/request.h"
#include "tests/lib/asker.h"

static const struct lum_request *request_of(const char *name)
{
    return lum_request_find(lum_bytes_of(name, strlen(name)));
}

static void every_request_has_its_side(void **state)
{
    (void)state;
    static const struct {
        enum lum_side side;
        const char *names[12];
    } sides[] = {
        {LUM_SIDE_READ,
         {"get", "find", "export", "history", "conflicts", "members", "invites", "log"}},
        {LUM_SIDE_WRITE,
         {"put", "set", "del", "restore", "resolve", "shown", "import", "invite", "cancel",
          "admit"}},
        {LUM_SIDE_ALONE, {"status", "verify", "rebuild", "compact"}},
        {LUM_SIDE_NODE, {"sync", "join", "peers", "addresses"}},
    };
    for (size_t i = 0; i < LUM_COUNT(sides); i++) {
        for (size_t j = 0; j < 12 && sides[i].names[j] != NULL; j++) {
            const struct lum_request *request = request_of(sides[i].names[j]);
            assert_non_null(request);
            assert_string_equal(request->name, sides[i].names[j]);
            assert_int_equal(request->side, sides[i].side);
            assert_int_equal(request->run == NULL, sides[i].side == LUM_SIDE_NODE);
        }
    }
    assert_null(request_of("nothing"));
    assert_null(request_of(""));
    assert_null(request_of("ge"));
    assert_null(request_of("gets"));
}

/* Is there a heading in docs/requests.md with this name in it? */
static bool is_documented(const char *name)
{
    char line[512];
    bool found = false;
    FILE *file = fopen(LUM_SOURCE_DIR "/docs/requests.md", "r");
    assert_non_null(file);
    while (!found && fgets(line, sizeof line, file) != NULL) {
        const char *at = strncmp(line, "### ", 4) == 0 ? strstr(line + 3, name) : NULL;
        size_t len = strlen(name);
        found = at != NULL && at[-1] == ' ' && (at[len] == ',' || at[len] == '\n');
    }
    assert_int_equal(fclose(file), 0);
    return found;
}

static void every_request_is_documented(void **state)
{
    (void)state;
    static const char *const names[] = {
        "get",     "find",   "export", "history", "conflicts", "members", "invites",
        "log",     "put",    "set",    "del",     "restore",   "resolve", "shown",
        "import",  "invite", "cancel", "admit",   "status",    "verify",  "rebuild",
        "compact", "sync",   "join",   "peers",   "addresses",
    };
    for (size_t i = 0; i < LUM_COUNT(names); i++) {
        assert_non_null(request_of(names[i]));
        if (!is_documented(names[i])) {
            fail_msg("docs/requests.md does not tell of %s", names[i]);
        }
    }
    assert_false(is_documented("nothing"));
}

static void what_is_no_question_is_refused(void **state)
{
    (void)state;
    static const struct {
        struct lum_bytes body;
        const char *one;
    } cases[] = {
        {{(const uint8_t *)"", 0}, "truncated"},
        {{(const uint8_t *)"\xa3get", 4}, "type"},
        {{(const uint8_t *)"\xa3get\x90", 5}, "type"},
        {{(const uint8_t *)"\xa3get\x81", 5}, "truncated"},
        {{(const uint8_t *)"\xa3get\x81\x01\x01", 7}, "type"},
        {{(const uint8_t *)"\x07\x80", 2}, "type"},
        {{(const uint8_t *)"\xa2no\x80", 4}, "no"},
        {{(const uint8_t *)"\xa3g\xff\x80\x80", 5}, "utf8"},
    };
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        struct lum_buf out;
        struct lum_ask ask;
        struct lum_error err = {0};
        lum_buf_init(&out, 4096);
        assert_int_equal(lum_ask_open(cases[i].body, &out, &ask, &err), LUM_INVALID);
        assert_int_equal(err.cause, LUM_CAUSE_bad_request);
        assert_string_equal(err.one, cases[i].one);
        lum_ask_close(&ask);
        lum_buf_fini(&out);
    }
}

static void arguments_are_found_by_name_and_type(void **state)
{
    (void)state;
    /* get {"b": true, "n": 7, "t": "x", "z": "a\0b"} and then 5 */
    static const char body[] = "\xa3get\x84\xa1"
                               "b\xc3\xa1"
                               "n\x07\xa1"
                               "t\xa1x\xa1"
                               "z\xa3"
                               "a\0b\x05";
    struct lum_buf out;
    struct lum_ask ask;
    struct lum_bytes bytes = {0};
    uint64_t number = 99;
    const char *text = NULL;
    lum_buf_init(&out, 4096);
    assert_int_equal(lum_ask_open(lum_bytes_of(body, sizeof body - 1), &out, &ask, NULL), LUM_OK);
    assert_true(lum_ask_text(&ask, "t", &bytes));
    assert_true(lum_bytes_equal(bytes, lum_bytes_of("x", 1)));
    assert_true(lum_ask_uint(&ask, "n", &number));
    assert_int_equal(number, 7);
    assert_true(lum_ask_bool(&ask, "b"));
    assert_true(lum_ask_value(&ask, "n", &bytes));
    assert_int_equal(bytes.len, 1);
    assert_int_equal(lum_ask_cstr(&ask, "t", &text), LUM_OK);
    assert_string_equal(text, "x");
    assert_int_equal(lum_ask_cstr(&ask, "absent", &text), LUM_OK);
    assert_null(text);
    assert_int_equal(lum_ask_cstr(&ask, "z", &text), LUM_INVALID); /* a zero inside */
    assert_false(lum_ask_text(&ask, "n", &bytes)); /* of another type: as if absent */
    assert_false(lum_ask_uint(&ask, "t", &number));
    assert_false(lum_ask_bool(&ask, "n"));
    assert_false(lum_ask_value(&ask, "absent", &bytes));
    assert_int_equal(number, 7);
    assert_int_equal(lum_ask_rest(&ask).len, 1);
    assert_int_equal(lum_ask_rest(&ask).at[0], 5);
    lum_ask_close(&ask);
    lum_buf_fini(&out);
}

static void a_question_is_kept_after_its_bytes_are_gone(void **state)
{
    (void)state;
    char body[] = "\xa3get\x81\xa1t\xa1x";
    struct lum_buf out;
    struct lum_ask ask;
    struct lum_bytes bytes = {0};
    lum_buf_init(&out, 4096);
    assert_int_equal(lum_ask_open(lum_bytes_of(body, sizeof body - 1), &out, &ask, NULL), LUM_OK);
    memset(body, 0, sizeof body);
    assert_true(lum_ask_text(&ask, "t", &bytes));
    assert_int_equal(bytes.at[0], 'x');
    lum_ask_close(&ask);
    lum_buf_fini(&out);
}

static void a_failing_request_ends_with_one_error_frame(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    site_prepare(&site);
    site_found(&site, "Sari");
    asker_ask(&site, "get", "{\"record\":\"item/none\"}", &got);
    assert_string_equal(answer_last(&got),
                        "{\"code\":\"no_record\",\"one\":\"item/none\",\"two\":\"\"}");
    assert_int_equal(got.row_count, 0);
    answer_drop(&got);
    site_drop(&site);
}

static void an_answer_that_finds_no_room_is_an_error_and_no_half_frame(void **state)
{
    (void)state;
    static const char body[] = "\xa3log\x80";
    struct site site;
    struct lum_ask ask;
    struct lum_buf out;
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_settle(&site);
    lum_buf_init(&out, 600); /* one row and a half */
    assert_int_equal(lum_ask_open(lum_bytes_of(body, sizeof body - 1), &out, &ask, NULL), LUM_OK);
    assert_int_equal(lum_txn_begin_read(lum_space_log(site.space), &ask.world.log, NULL), LUM_OK);
    assert_int_equal(lum_txn_begin_read(lum_space_view(site.space), &ask.world.view, NULL), LUM_OK);
    assert_int_equal(lum_ask_run(&ask, NULL), LUM_NO_MEMORY);
    assert_int_equal(lum_frame_peek(lum_buf_bytes(&out), LUM_REQUEST_MAX, &frame, &fault), LUM_OK);
    assert_int_equal(frame.type, LUM_FRAME_ERROR);
    assert_int_equal(frame.size, out.len);
    lum_txn_abort(ask.world.view);
    lum_txn_abort(ask.world.log);
    lum_ask_close(&ask);
    lum_buf_fini(&out);
    site_drop(&site);
}

/* One step with the nth allocation failing; true when it went well all the same. */
static bool survives(struct site *site, struct lum_bytes body, uint64_t nth)
{
    struct lum_ask ask;
    struct lum_buf out;
    struct lum_error err = {0};
    lum_buf_init(&out, LUM_REQUEST_MAX);
    assert_int_equal(lum_ask_open(body, &out, &ask, NULL), LUM_OK);
    ask.world.roster = lum_space_roster(site->space);
    ask.world.keys = lum_space_keys(site->space);
    ask.world.space = ask.request->side == LUM_SIDE_ALONE ? site->space : NULL;
    if (ask.request->side == LUM_SIDE_READ) {
        assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &ask.world.log, NULL),
                         LUM_OK);
        assert_int_equal(lum_txn_begin_read(lum_space_view(site->space), &ask.world.view, NULL),
                         LUM_OK);
    }
    lum_mem_fail_after(nth, false);
    enum lum_status status = lum_ask_run(&ask, &err);
    lum_mem_fail_after(0, false);
    if (status != LUM_OK && status != LUM_NO_MEMORY) {
        fail_msg("%s without its allocation %u: %s (%s)", ask.request->name, (unsigned)nth,
                 lum_status_name(status), err.two);
    }
    if (ask.request->side == LUM_SIDE_READ) {
        lum_txn_abort(ask.world.view);
        lum_txn_abort(ask.world.log);
    }
    lum_ask_close(&ask);
    lum_buf_fini(&out);
    return status == LUM_OK;
}

static void every_failed_allocation_is_an_error_and_harms_nothing(void **state)
{
    (void)state;
    static const struct lum_bytes bodies[] = {
        {(const uint8_t *)"\xa3get\x81\xa6record\xa6item/k", 19},
        {(const uint8_t *)"\xa4"
                          "find\x81\xa4"
                          "coll\xa4item",
         16},
        {(const uint8_t *)"\xa6"
                          "export\x81\xa4"
                          "coll\xa4item",
         18},
        {(const uint8_t *)"\xa7history\x81\xa6record\xa6item/k", 23},
        {(const uint8_t *)"\xa9"
                          "conflicts\x80",
         11},
        {(const uint8_t *)"\xa7members\x80", 9},
        {(const uint8_t *)"\xa3log\x80", 5},
        {(const uint8_t *)"\xa6status\x80", 8},
        {(const uint8_t *)"\xa6verify\x80", 8},
    };
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_put(&site, "k", "a", "1");
    (void)site_settle(&site);
    for (size_t i = 0; i < LUM_COUNT(bodies); i++) {
        uint64_t nth = 1;
        while (!survives(&site, bodies[i], nth)) {
            nth++;
            assert_true(nth < 1000);
        }
        assert_true(nth > 1);
    }
    site_check(&site);
    site_drop(&site);
}

/* Every request, with nothing and with nonsense, answers something. */
static void no_request_minds_strange_arguments(void **state)
{
    (void)state;
    static const char *const names[] = {
        "get", "find", "export",  "history", "conflicts", "members", "invites", "log",   "put",
        "set", "del",  "restore", "resolve", "shown",     "import",  "cancel",  "admit",
    };
    static const char *const arguments[] = {
        "{}",
        "{\"coll\":7,\"record\":[1],\"fields\":\"x\",\"field\":null,\"take\":true,\"all\":\"x\"}",
        "{\"coll\":\"\",\"record\":\"\",\"field\":\"\",\"take\":\"\",\"member\":\"\","
        "\"invite\":\"\",\"where\":\"\",\"sort\":\"\",\"limit\":0}",
        "{\"coll\":\"tree\",\"record\":\"/\",\"fields\":{},\"all\":true,\"take\":\":\","
        "\"invite\":\"LUMBUNG:\",\"member\":\"....\",\"change\":-1,\"shelf\":-1}",
        "{\"record\":\"tree/x\",\"coll\":\"tree\",\"fields\":[],\"keep\":true}",
    };
    struct site site;
    struct answer got;
    site_prepare(&site);
    site_found(&site, "Sari");
    for (size_t i = 0; i < LUM_COUNT(names); i++) {
        for (size_t j = 0; j < LUM_COUNT(arguments); j++) {
            asker_ask(&site, names[i], arguments[j], &got);
            answer_drop(&got);
        }
    }
    (void)site_settle(&site);
    site_check(&site);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_has_its_side),
        cmocka_unit_test(every_request_is_documented),
        cmocka_unit_test(what_is_no_question_is_refused),
        cmocka_unit_test(arguments_are_found_by_name_and_type),
        cmocka_unit_test(a_question_is_kept_after_its_bytes_are_gone),
        cmocka_unit_test(a_failing_request_ends_with_one_error_frame),
        cmocka_unit_test(an_answer_that_finds_no_room_is_an_error_and_no_half_frame),
        cmocka_unit_test(every_failed_allocation_is_an_error_and_harms_nothing),
        cmocka_unit_test(no_request_minds_strange_arguments),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
