/* Records are told as they are shown: one, those that match, a whole collection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/asker.h"

static struct site *found(struct site *site)
{
    site_prepare(site);
    site_found(site, "Sari");
    return site;
}

static void put(struct site *site, const char *arguments, struct answer *out)
{
    asker_ask(site, "put", arguments, out);
    assert_int_equal(out->status, LUM_OK);
}

static void get_tells_a_record_by_a_prefix_of_its_id(void **state)
{
    (void)state;
    struct site site;
    struct answer made;
    struct answer got;
    char arguments[128];
    char expected[256];
    put(found(&site), "{\"coll\":\"tree\",\"fields\":{\"species\":\"bakau\",\"h\":12,\"x\":1.5}}",
        &made);
    const char *id = answer_member(answer_last(&made), "id");
    assert_int_equal(strlen(id), 32);
    (void)snprintf(expected, sizeof expected,
                   "{\"coll\":\"tree\",\"fields\":{\"h\":12,\"species\":\"bakau\",\"x\":1.5},"
                   "\"id\":\"%s\"}",
                   id);
    for (int digits = 4; digits <= 32; digits += 7) {
        (void)snprintf(arguments, sizeof arguments, "{\"record\":\"tree/%.*s\"}", digits, id);
        asker_ask(&site, "get", arguments, &got);
        answer_is(&got, expected);
        answer_drop(&got);
    }
    static const char *const others[] = {"bush", "_space"}; /* unused, and of another record */
    for (size_t i = 0; i < LUM_COUNT(others); i++) {
        (void)snprintf(arguments, sizeof arguments, "{\"record\":\"%s/%s\"}", others[i], id);
        asker_ask(&site, "get", arguments, &got);
        answer_fails(&got, LUM_CAUSE_no_record, NULL);
        answer_drop(&got);
    }
    answer_drop(&made);
    site_drop(&site);
}

static void get_tells_a_keyed_record_by_its_key(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    (void)site_put(found(&site), "P-1", "island", "Biscoe");
    asker_ask(&site, "get", "{\"record\":\"item/P-1\"}", &got);
    assert_int_equal(got.status, LUM_OK);
    assert_string_equal(answer_member(answer_last(&got), "key"), "P-1");
    assert_string_equal(answer_member(answer_last(&got), "fields"), "{\"island\":\"Biscoe\"}");
    answer_drop(&got);
    site_drop(&site);
}

static void get_refuses_what_names_no_record(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        enum lum_cause cause;
    } cases[] = {
        {"{}", LUM_CAUSE_bad_request},
        {"{\"record\":7}", LUM_CAUSE_bad_request},
        {"{\"record\":\"item\"}", LUM_CAUSE_bad_id},
        {"{\"record\":\"Item/x\"}", LUM_CAUSE_bad_collection},
        {"{\"record\":\"item/nobody\"}", LUM_CAUSE_no_record},
        {"{\"record\":\"item/\"}", LUM_CAUSE_no_record},
        {"{\"record\":\"item/abc\"}", LUM_CAUSE_no_record},
        {"{\"record\":\"item/x\",\"shelf\":0}", LUM_CAUSE_bad_request},
        {"{\"record\":\"item/x\",\"shelf\":6}", LUM_CAUSE_bad_request},
    };
    struct site site;
    struct answer got;
    found(&site);
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        asker_ask(&site, "get", cases[i].arguments, &got);
        answer_fails(&got, cases[i].cause, NULL);
        answer_drop(&got);
    }
    site_drop(&site);
}

static void fields_come_in_the_order_of_their_names(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    (void)site_put(found(&site), "k", "z", "1"); /* the view numbers names as they come */
    asker_ask(&site, "set", "{\"record\":\"item/k\",\"fields\":{\"a\":2,\"m\":3}}", &got);
    answer_drop(&got);
    asker_ask(&site, "get", "{\"record\":\"item/k\"}", &got);
    assert_non_null(strstr(answer_last(&got), "\"fields\":{\"a\":2,\"m\":3,\"z\":\"1\"}"));
    answer_drop(&got);
    site_drop(&site);
}

static void a_field_set_to_null_is_no_field(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    (void)site_put(found(&site), "k", "a", "1");
    asker_ask(&site, "set", "{\"record\":\"item/k\",\"fields\":{\"a\":null,\"b\":2}}", &got);
    assert_int_equal(got.status, LUM_OK);
    answer_drop(&got);
    asker_ask(&site, "get", "{\"record\":\"item/k\"}", &got);
    assert_string_equal(answer_member(answer_last(&got), "fields"), "{\"b\":2}");
    answer_drop(&got);
    site_drop(&site);
}

static void deleted_and_revived_records_say_so(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    struct lum_id id = site_put(&s[0], "k", "a", "1").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_delete(&s[0], &id), LUM_OK);
    asker_ask(&s[0], "get", "{\"record\":\"item/k\"}", &got);
    assert_string_equal(answer_member(answer_last(&got), "deleted"), "true");
    assert_string_equal(answer_member(answer_last(&got), "fields"), "{\"a\":\"1\"}");
    answer_drop(&got);
    assert_int_equal(site_set(&s[1], &id, "a", "2"), LUM_OK);
    site_meet(&s[0], &s[1]);
    asker_ask(&s[0], "get", "{\"record\":\"item/k\"}", &got);
    assert_string_equal(answer_member(answer_last(&got), "deleted"), "(none)");
    assert_string_equal(answer_member(answer_last(&got), "revived"), "true");
    assert_string_equal(answer_member(answer_last(&got), "fields"), "{\"a\":\"2\"}");
    answer_drop(&got);
    site_drop_pair(s);
}

static void a_field_in_conflict_is_named_with_its_shown_value(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    struct lum_id id = site_put(&s[0], "k", "a", "0").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_set(&s[0], &id, "a", "1"), LUM_OK);
    s[1].wall_ms = s[0].wall_ms + 5000;
    assert_int_equal(site_set(&s[1], &id, "a", "2"), LUM_OK);
    site_meet(&s[0], &s[1]);
    for (size_t i = 0; i < 2; i++) {
        asker_ask(&s[i], "get", "{\"record\":\"item/k\"}", &got);
        assert_string_equal(answer_member(answer_last(&got), "conflicts"), "[\"a\"]");
        assert_string_equal(answer_member(answer_last(&got), "fields"), "{\"a\":\"2\"}");
        answer_drop(&got);
    }
    site_drop_pair(s);
}

static void find_filters_sorts_limits_and_counts(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    for (int i = 0; i < 9; i++) {
        char fields[96];
        (void)snprintf(fields, sizeof fields,
                       "{\"coll\":\"tree\",\"fields\":{\"h\":%d,\"odd\":%s}}", i,
                       i % 2 == 1 ? "true" : "false");
        put(&site, fields, &got);
        answer_drop(&got);
    }
    asker_ask(&site, "find",
              "{\"coll\":\"tree\",\"where\":\"odd = true\",\"sort\":\"-h\",\"limit\":3}", &got);
    answer_is(&got, "{\"count\":3}");
    assert_int_equal(got.row_count, 3);
    assert_string_equal(answer_member(answer_row(&got, 0), "fields"), "{\"h\":7,\"odd\":true}");
    assert_string_equal(answer_member(answer_row(&got, 2), "fields"), "{\"h\":3,\"odd\":true}");
    answer_drop(&got);
    asker_ask(&site, "find", "{\"coll\":\"tree\",\"where\":\"h >= 2\",\"count\":true,\"limit\":1}",
              &got);
    answer_is(&got, "{\"count\":7}");
    assert_int_equal(got.row_count, 0);
    answer_drop(&got);
    asker_ask(&site, "find", "{\"coll\":\"nothing\"}", &got);
    answer_is(&got, "{\"count\":0}");
    answer_drop(&got);
    asker_ask(&site, "find", "{\"coll\":\"tree\",\"where\":\"h >\"}", &got);
    answer_fails(&got, LUM_CAUSE_bad_where, NULL);
    answer_drop(&got);
    site_drop(&site);
}

/* ---- pages ---- */

enum {
    LONG_TEXT = 4000
};

static void put_long(struct site *site, int i)
{
    char key[16];
    char text[LONG_TEXT + 1];
    memset(text, 'a' + i % 26, LONG_TEXT);
    text[LONG_TEXT] = '\0';
    (void)snprintf(key, sizeof key, "k%03d", i);
    struct lum_buf buf;
    lum_buf_init(&buf, 8192);
    lum_pack_map(&buf, 1);
    lum_pack_cstr(&buf, "t");
    lum_pack_cstr(&buf, text);
    const struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON,
                                           .collection = lum_bytes_of("item", 4)};
    struct lum_edit_result out;
    assert_int_equal(lum_edit_make_keyed(site->editor, &target, lum_bytes_of(key, strlen(key)),
                                         lum_buf_bytes(&buf), &out, NULL),
                     LUM_OK);
    lum_buf_fini(&buf);
}

static void put_many(struct site *site, int count)
{
    site_begin(site);
    for (int i = 0; i < count; i++) {
        put_long(site, i);
    }
    site_commit(site);
}

static void add_one(struct site *site)
{
    static int more = 500;
    site_begin(site);
    put_long(site, more++);
    site_commit(site);
    (void)site_settle(site);
}

static void export_goes_out_in_pages_in_order_of_creation(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    put_many(found(&site), 200);
    asker_ask(&site, "export", "{\"coll\":\"item\"}", &got);
    answer_is(&got, "{\"count\":200}");
    assert_int_equal(got.row_count, 200);
    assert_in_range(got.steps, 4, 5); /* 200 x 4 kB in pages of 256 kB */
    for (size_t i = 0; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%03zu", i);
        assert_string_equal(answer_member(answer_row(&got, i), "key"), key);
    }
    answer_drop(&got);
    site_drop(&site);
}

static void pages_go_on_while_others_write(void **state)
{
    (void)state;
    const struct asking how = {.between = add_one};
    struct site site;
    struct answer got;
    put_many(found(&site), 200);
    asker_ask_so(&site, "export", "{\"coll\":\"item\"}", &how, &got);
    assert_int_equal(got.status, LUM_OK);
    assert_int_equal(got.row_count, 200 + got.steps - 1); /* what comes meanwhile is at the end */
    answer_drop(&got);
    asker_ask_so(&site, "find", "{\"coll\":\"item\",\"where\":\"t prefix a\"}", &how, &got);
    answer_is(&got, "{\"count\":8}");
    answer_drop(&got);
    site_drop(&site);
}

static void rebuild(struct site *site)
{
    assert_int_equal(lum_space_rebuild(site->space, NULL, &site->error), LUM_OK);
}

static void a_view_made_anew_between_pages_ends_the_answer(void **state)
{
    (void)state;
    const struct asking how = {.between = rebuild};
    struct site site;
    struct answer got;
    put_many(found(&site), 200);
    asker_ask_so(&site, "export", "{\"coll\":\"item\"}", &how, &got);
    answer_fails(&got, LUM_CAUSE_interrupted, "export");
    assert_int_equal(got.steps, 2);
    answer_drop(&got);
    asker_ask_so(&site, "find", "{\"coll\":\"item\"}", &how, &got);
    answer_fails(&got, LUM_CAUSE_interrupted, "find");
    answer_drop(&got);
    site_drop(&site);
}

static void export_tells_deleted_records_only_when_asked(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    struct lum_id id = site_put(found(&site), "a", "f", "1").record;
    (void)site_put(&site, "b", "f", "2");
    assert_int_equal(site_delete(&site, &id), LUM_OK);
    asker_ask(&site, "put", "{\"coll\":\"other\",\"fields\":{}}", &got);
    answer_drop(&got);
    asker_ask(&site, "export", "{\"coll\":\"item\"}", &got);
    answer_is(&got, "{\"count\":1}");
    assert_string_equal(answer_member(answer_row(&got, 0), "key"), "b");
    answer_drop(&got);
    asker_ask(&site, "export", "{\"coll\":\"item\",\"deleted\":true}", &got);
    answer_is(&got, "{\"count\":2}");
    assert_string_equal(answer_member(answer_row(&got, 0), "key"), "a");
    assert_string_equal(answer_member(answer_row(&got, 0), "deleted"), "true");
    assert_string_equal(answer_member(answer_row(&got, 1), "key"), "b");
    answer_drop(&got);
    site_drop(&site);
}

static void a_record_too_large_for_a_row_is_cut_and_says_so(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    char text[8001];
    found(&site);
    memset(text, 'x', 8000);
    text[8000] = '\0';
    struct lum_id id = site_put(&site, "k", "a", "1").record;
    const struct lum_edit_target target = {
        .shelf = LUM_SHELF_COMMON, .collection = lum_bytes_of("item", 4), .record = id};
    struct lum_buf buf;
    struct lum_edit_result out;
    lum_buf_init(&buf, (size_t)1 << 20);
    lum_pack_map(&buf, 80);
    for (int i = 0; i < 80; i++) {
        char name[8];
        (void)snprintf(name, sizeof name, "f%02d", i);
        lum_pack_cstr(&buf, name);
        lum_pack_cstr(&buf, text);
    }
    site_begin(&site);
    assert_int_equal(lum_edit_set(site.editor, &target, lum_buf_bytes(&buf), &out, &site.error),
                     LUM_OK);
    site_commit(&site);
    lum_buf_fini(&buf);
    asker_ask(&site, "export", "{\"coll\":\"item\"}", &got);
    answer_is(&got, "{\"count\":1}");
    assert_string_equal(answer_member(answer_row(&got, 0), "cut"), "15"); /* 65 x 8 kB fit */
    answer_drop(&got);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_tells_a_record_by_a_prefix_of_its_id),
        cmocka_unit_test(get_tells_a_keyed_record_by_its_key),
        cmocka_unit_test(get_refuses_what_names_no_record),
        cmocka_unit_test(fields_come_in_the_order_of_their_names),
        cmocka_unit_test(a_field_set_to_null_is_no_field),
        cmocka_unit_test(deleted_and_revived_records_say_so),
        cmocka_unit_test(a_field_in_conflict_is_named_with_its_shown_value),
        cmocka_unit_test(find_filters_sorts_limits_and_counts),
        cmocka_unit_test(export_goes_out_in_pages_in_order_of_creation),
        cmocka_unit_test(pages_go_on_while_others_write),
        cmocka_unit_test(a_view_made_anew_between_pages_ends_the_answer),
        cmocka_unit_test(export_tells_deleted_records_only_when_asked),
        cmocka_unit_test(a_record_too_large_for_a_row_is_cut_and_says_so),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
