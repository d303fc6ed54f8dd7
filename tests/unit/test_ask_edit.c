/* Requests that write: each answers for what it did, and one that fails has done nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/json.h"
#include "tests/lib/asker.h"

static void found(struct site *site)
{
    site_prepare(site);
    site_found(site, "Sari");
}

/* Values behind the arguments, from JSON texts one after another. */
static struct lum_bytes rest_of(struct lum_buf *buf, const char *const *texts, size_t count)
{
    lum_buf_init(buf, LUM_REQUEST_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(
            lum_json_read(lum_bytes_of(texts[i], strlen(texts[i])), "rest", LUM_LANG_EN, buf, NULL),
            LUM_OK);
    }
    return lum_buf_bytes(buf);
}

static void ask_with(struct site *site, const char *name, const char *arguments,
                     const char *const *texts, size_t count, struct answer *out)
{
    struct lum_buf buf;
    struct asking how = {.rest = rest_of(&buf, texts, count)};
    asker_ask_so(site, name, arguments, &how, out);
    lum_buf_fini(&buf);
}

static uint64_t records_of(struct site *site)
{
    (void)site_settle(site);
    return site_counts(site).records;
}

/* ---- put ---- */

static void put_makes_a_record_and_names_its_event(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    asker_ask(&site, "put", "{\"coll\":\"tree\",\"fields\":{\"h\":1}}", &got);
    assert_int_equal(got.status, LUM_OK);
    assert_string_equal(answer_member(answer_last(&got), "end"), "created");
    assert_string_equal(answer_member(answer_last(&got), "coll"), "tree");
    assert_int_equal(strlen(answer_member(answer_last(&got), "id")), 32);
    assert_non_null(
        strstr(answer_member(answer_last(&got), "event"), ":3")); /* after their names */
    answer_drop(&got);
    assert_int_equal(records_of(&site), 1);
    site_drop(&site);
}

static void put_makes_many_with_a_row_each(void **state)
{
    (void)state;
    static const char *const rows[] = {"{\"h\":1}", "{\"h\":2}", "{}"};
    struct site site;
    struct answer got;
    found(&site);
    ask_with(&site, "put", "{\"coll\":\"tree\"}", rows, LUM_COUNT(rows), &got);
    answer_is(&got, "{\"created\":3}");
    assert_int_equal(got.row_count, 3);
    answer_drop(&got);
    assert_int_equal(records_of(&site), 3);
    ask_with(&site, "put", "{\"coll\":\"tree\"}", NULL, 0, &got);
    answer_is(&got, "{\"created\":0}");
    answer_drop(&got);
    site_drop(&site);
}

static void one_bad_row_makes_none(void **state)
{
    (void)state;
    static const struct {
        const char *rows[3];
        enum lum_cause cause;
    } cases[] = {
        {{"{\"h\":1}", "{\"h\":{\"x\":1}}", "{\"h\":3}"}, LUM_CAUSE_bad_value},
        {{"{\"h\":1}", "{\"h\":2}", "{\"\":3}"}, LUM_CAUSE_bad_field},
        {{"{\"h\":1}", "{\"h\":2}", "7"}, LUM_CAUSE_bad_value},
    };
    struct site site;
    struct answer got;
    found(&site);
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        site_begin(&site); /* as the worker does: the batch goes on after an answer that failed */
        struct lum_buf buf;
        struct asking how = {.rest = rest_of(&buf, cases[i].rows, 3), .is_in_batch = true};
        asker_ask_so(&site, "put", "{\"coll\":\"tree\"}", &how, &got);
        answer_fails(&got, cases[i].cause, NULL);
        assert_int_equal(got.row_count, 0);
        answer_drop(&got);
        lum_buf_fini(&buf);
        site_commit(&site);
    }
    assert_int_equal(records_of(&site), 0);
    site_drop(&site);
}

static void a_row_too_big_for_an_event_makes_none(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    struct lum_buf buf;
    static char text[8001];
    found(&site);
    memset(text, 'x', 8000);
    lum_buf_init(&buf, LUM_REQUEST_MAX);
    lum_pack_map(&buf, 0);
    lum_pack_map(&buf, 9);
    for (int i = 0; i < 9; i++) {
        char name[4] = {'f', (char)('0' + i)};
        lum_pack_cstr(&buf, name);
        lum_pack_cstr(&buf, text);
    }
    struct asking how = {.rest = lum_buf_bytes(&buf), .is_in_batch = true};
    site_begin(&site);
    asker_ask_so(&site, "put", "{\"coll\":\"tree\"}", &how, &got);
    answer_fails(&got, LUM_CAUSE_event_too_big, NULL);
    answer_drop(&got);
    site_commit(&site);
    assert_int_equal(records_of(&site), 0);
    lum_buf_fini(&buf);
    site_drop(&site);
}

static void too_many_rows_make_none(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    struct lum_buf rows;
    found(&site);
    lum_buf_init(&rows, LUM_REQUEST_MAX);
    for (int i = 0; i <= 65536; i++) {
        lum_buf_put_byte(&rows, 0x80); /* an empty map */
    }
    struct asking how = {.rest = lum_buf_bytes(&rows)};
    asker_ask_so(&site, "put", "{\"coll\":\"tree\"}", &how, &got);
    answer_fails(&got, LUM_CAUSE_bad_request, "rows");
    answer_drop(&got);
    lum_buf_fini(&rows);
    assert_int_equal(records_of(&site), 0);
    site_drop(&site);
}

static void put_refuses_what_it_cannot_use(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        enum lum_cause cause;
    } cases[] = {
        {"{\"fields\":{}}", LUM_CAUSE_bad_request},
        {"{\"coll\":\"Tree\",\"fields\":{}}", LUM_CAUSE_bad_collection},
        {"{\"coll\":\"tree\",\"fields\":7}", LUM_CAUSE_bad_value},
        {"{\"coll\":\"tree\",\"fields\":{\"a\":[1,2]}}", LUM_CAUSE_bad_value},
        {"{\"coll\":\"tree\",\"fields\":{},\"shelf\":0}", LUM_CAUSE_bad_request},
        {"{\"coll\":\"tree\",\"fields\":{},\"shelf\":99}", LUM_CAUSE_bad_request},
    };
    struct site site;
    struct answer got;
    found(&site);
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        asker_ask(&site, "put", cases[i].arguments, &got);
        answer_fails(&got, cases[i].cause, NULL);
        answer_drop(&got);
    }
    assert_int_equal(records_of(&site), 0);
    site_drop(&site);
}

/* ---- set, del, restore ---- */

static void set_tells_whether_anything_changed(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    (void)site_put(&site, "k", "a", "1");
    asker_ask(&site, "set", "{\"record\":\"item/k\",\"fields\":{\"a\":\"1\"}}", &got);
    assert_string_equal(answer_member(answer_last(&got), "end"), "same");
    assert_string_equal(answer_member(answer_last(&got), "event"), "(none)");
    answer_drop(&got);
    asker_ask(&site, "set", "{\"record\":\"item/k\",\"fields\":{\"a\":\"2\",\"b\":true}}", &got);
    assert_string_equal(answer_member(answer_last(&got), "end"), "changed");
    answer_drop(&got);
    asker_ask(&site, "set", "{\"record\":\"item/k\"}", &got);
    answer_fails(&got, LUM_CAUSE_bad_request, "fields");
    answer_drop(&got);
    site_drop(&site);
}

static void del_and_restore_undo_each_other(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    struct lum_id id = site_put(&site, "k", "a", "1").record;
    static const struct {
        const char *name;
        enum lum_life life;
    } steps[] = {{"del", LUM_DEAD}, {"restore", LUM_ALIVE}, {"del", LUM_DEAD}};
    for (size_t i = 0; i < LUM_COUNT(steps); i++) {
        asker_ask(&site, steps[i].name, "{\"record\":\"item/k\"}", &got);
        assert_int_equal(got.status, LUM_OK);
        assert_string_equal(answer_member(answer_last(&got), "end"), "changed");
        answer_drop(&got);
        (void)site_settle(&site);
        assert_int_equal(site_life(&site, &id), steps[i].life);
    }
    asker_ask(&site, "set", "{\"record\":\"item/k\",\"fields\":{\"a\":\"2\"}}", &got);
    answer_fails(&got, LUM_CAUSE_record_deleted, NULL);
    answer_drop(&got);
    site_drop(&site);
}

static void a_record_made_in_the_same_batch_is_found(void **state)
{
    (void)state;
    const struct asking how = {.is_in_batch = true};
    struct site site;
    struct answer got;
    char arguments[128];
    found(&site);
    site_begin(&site);
    asker_ask_so(&site, "put", "{\"coll\":\"tree\",\"fields\":{\"h\":1}}", &how, &got);
    (void)snprintf(arguments, sizeof arguments, "{\"record\":\"tree/%s\",\"fields\":{\"h\":2}}",
                   answer_member(answer_last(&got), "id"));
    answer_drop(&got);
    asker_ask_so(&site, "set", arguments, &how, &got);
    assert_string_equal(answer_member(answer_last(&got), "end"), "changed");
    answer_drop(&got);
    asker_ask_so(&site, "set", "{\"record\":\"tree/nothing\",\"fields\":{\"h\":2}}", &how, &got);
    answer_fails(&got, LUM_CAUSE_no_record, "tree/nothing");
    answer_drop(&got);
    asker_ask_so(&site, "set", arguments, &how, &got); /* the batch is whole in spite of that */
    assert_string_equal(answer_member(answer_last(&got), "end"), "same");
    answer_drop(&got);
    site_commit(&site);
    assert_int_equal(records_of(&site), 1);
    site_drop(&site);
}

/* ---- import ---- */

static void import_is_a_diff_and_names_deleted_records(void **state)
{
    (void)state;
    static const char *const first[] = {"\"P-1\"",   "{\"a\":1}", "\"P-2\"",
                                        "{\"a\":2}", "\"P-3\"",   "{\"a\":3}"};
    static const char *const again[] = {"\"P-1\"", "{\"a\":1}", "\"P-2\"", "{\"a\":9}",
                                        "\"P-3\"", "{\"a\":3}", "\"P-4\"", "{}"};
    struct site site;
    struct answer got;
    found(&site);
    ask_with(&site, "import", "{\"coll\":\"bird\"}", first, LUM_COUNT(first), &got);
    answer_is(&got, "{\"changed\":0,\"created\":3,\"deleted\":0,\"same\":0}");
    answer_drop(&got);
    asker_ask(&site, "del", "{\"record\":\"bird/P-3\"}", &got);
    assert_int_equal(got.status, LUM_OK);
    answer_drop(&got);
    ask_with(&site, "import", "{\"coll\":\"bird\"}", again, LUM_COUNT(again), &got);
    answer_is(&got, "{\"changed\":1,\"created\":1,\"deleted\":1,\"same\":1}");
    assert_int_equal(got.row_count, 1);
    assert_string_equal(answer_row(&got, 0), "{\"end\":\"deleted\",\"key\":\"P-3\"}");
    answer_drop(&got);
    site_drop(&site);
}

static void one_bad_row_imports_none(void **state)
{
    (void)state;
    static const struct {
        const char *rows[4];
        enum lum_cause cause;
    } cases[] = {
        {{"\"P-1\"", "{\"a\":1}", "\"\"", "{\"a\":2}"}, LUM_CAUSE_bad_key},
        {{"\"P-1\"", "{\"a\":1}", "\"P-2\"", "{\"a\":{}}"}, LUM_CAUSE_bad_value},
        {{"\"P-1\"", "{\"a\":1}", "5", "{\"a\":2}"}, LUM_CAUSE_bad_request},
    };
    struct site site;
    struct answer got;
    found(&site);
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        struct lum_buf buf;
        struct asking how = {.rest = rest_of(&buf, cases[i].rows, 4), .is_in_batch = true};
        site_begin(&site);
        asker_ask_so(&site, "import", "{\"coll\":\"bird\"}", &how, &got);
        answer_fails(&got, cases[i].cause, NULL);
        answer_drop(&got);
        lum_buf_fini(&buf);
        site_commit(&site);
    }
    static const char *const half[] = {"\"P-1\""};
    ask_with(&site, "import", "{\"coll\":\"bird\"}", half, 1, &got);
    answer_fails(&got, LUM_CAUSE_bad_request, NULL);
    answer_drop(&got);
    assert_int_equal(records_of(&site), 0);
    site_drop(&site);
}

static void a_reader_may_not_write(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    found(&s[0]);
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_READER, 1);
    site_prepare(&s[1]);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Budi");
    asker_ask(&s[1], "put", "{\"coll\":\"tree\",\"fields\":{}}", &got);
    answer_fails(&got, LUM_CAUSE_no_right, NULL);
    assert_string_equal(got.error.two, "writer");
    answer_drop(&got);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(put_makes_a_record_and_names_its_event),
        cmocka_unit_test(put_makes_many_with_a_row_each),
        cmocka_unit_test(one_bad_row_makes_none),
        cmocka_unit_test(a_row_too_big_for_an_event_makes_none),
        cmocka_unit_test(too_many_rows_make_none),
        cmocka_unit_test(put_refuses_what_it_cannot_use),
        cmocka_unit_test(set_tells_whether_anything_changed),
        cmocka_unit_test(del_and_restore_undo_each_other),
        cmocka_unit_test(a_record_made_in_the_same_batch_is_found),
        cmocka_unit_test(import_is_a_diff_and_names_deleted_records),
        cmocka_unit_test(one_bad_row_imports_none),
        cmocka_unit_test(a_reader_may_not_write),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
