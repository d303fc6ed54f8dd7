/* Conflicts are settled one by one, or all that were shown and have not moved since. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/asker.h"
#include "tests/lib/vectors.h"

/* Sari says "1", Budi later "2", both of field "a". */
static void disagree_on(struct site s[2], const char *key)
{
    struct lum_id id = site_put(&s[0], key, "a", "0").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_set(&s[0], &id, "a", "1"), LUM_OK);
    s[1].wall_ms = s[0].wall_ms + 5000;
    assert_int_equal(site_set(&s[1], &id, "a", "2"), LUM_OK);
    site_meet(&s[0], &s[1]);
}

static const char *shown(struct site *site, const char *key)
{
    struct lum_id id = site_keyed(site, "item", key);
    (void)site_settle(site);
    return site_values(site, &id, "a") == 1 ? site_shown(site, &id, "a") : "(conflict)";
}

static void show_conflicts(struct site *site)
{
    struct answer got;
    char arguments[64];
    asker_ask(site, "conflicts", "{}", &got);
    (void)snprintf(arguments, sizeof arguments, "{\"change\":%s}",
                   answer_member(answer_last(&got), "change"));
    answer_drop(&got);
    asker_ask(site, "shown", arguments, &got);
    answer_is(&got, arguments);
    answer_drop(&got);
}

static void resolve(struct site *site, const char *arguments, struct answer *out)
{
    asker_ask(site, "resolve", arguments, out);
}

/* ---- one ---- */

static void a_value_settles_a_cell(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k");
    resolve(&s[0], "{\"record\":\"item/k\",\"field\":\"a\",\"value\":\"3\"}", &got);
    assert_int_equal(got.status, LUM_OK);
    assert_string_equal(answer_member(answer_last(&got), "end"), "changed");
    answer_drop(&got);
    site_meet(&s[0], &s[1]);
    assert_string_equal(shown(&s[0], "k"), "3");
    assert_string_equal(shown(&s[1], "k"), "3");
    site_drop_pair(s);
}

static void taking_an_event_settles_a_cell(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    char arguments[256];
    site_pair(s);
    disagree_on(s, "k");
    asker_ask(&s[0], "conflicts", "{}", &got);
    json_t *row = json_loads(answer_row(&got, 0), 0, NULL);
    const json_t *second = json_array_get(json_object_get(row, "values"), 1);
    assert_string_equal(vectors_text(second, "value"), "1");
    (void)snprintf(arguments, sizeof arguments,
                   "{\"record\":\"item/k\",\"field\":\"a\",\"take\":\"%s\"}",
                   vectors_text(second, "event"));
    json_decref(row);
    answer_drop(&got);
    resolve(&s[0], arguments, &got);
    assert_int_equal(got.status, LUM_OK);
    answer_drop(&got);
    assert_string_equal(shown(&s[0], "k"), "1");
    resolve(&s[0], arguments, &got); /* once more: there is nothing left to settle */
    answer_fails(&got, LUM_CAUSE_no_conflict, NULL);
    answer_drop(&got);
    site_drop_pair(s);
}

static void keep_and_delete_settle_a_revived_record(void **state)
{
    (void)state;
    for (int keeps = 0; keeps < 2; keeps++) {
        struct site s[2];
        struct answer got;
        site_pair(s);
        struct lum_id id = site_put(&s[0], "k", "a", "0").record;
        site_meet(&s[0], &s[1]);
        assert_int_equal(site_delete(&s[0], &id), LUM_OK);
        assert_int_equal(site_set(&s[1], &id, "a", "1"), LUM_OK);
        site_meet(&s[0], &s[1]);
        assert_int_equal(site_life(&s[0], &id), LUM_REVIVED);
        resolve(&s[0],
                keeps ? "{\"record\":\"item/k\",\"keep\":true}"
                      : "{\"record\":\"item/k\",\"delete\":true}",
                &got);
        assert_int_equal(got.status, LUM_OK);
        answer_drop(&got);
        (void)site_settle(&s[0]);
        assert_int_equal(site_life(&s[0], &id), keeps ? LUM_ALIVE : LUM_DEAD);
        site_drop_pair(s);
    }
}

static void what_settles_nothing_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        enum lum_cause cause;
    } cases[] = {
        {"{\"record\":\"item/k\"}", LUM_CAUSE_bad_request},
        {"{\"record\":\"item/k\",\"field\":\"a\"}", LUM_CAUSE_bad_request},
        {"{\"record\":\"item/k\",\"field\":\"b\",\"value\":1}", LUM_CAUSE_no_conflict},
        {"{\"record\":\"item/k\",\"field\":\"a\",\"value\":{\"x\":1}}", LUM_CAUSE_bad_value},
        {"{\"record\":\"item/k\",\"field\":\"a\",\"value\":[9,1]}", LUM_CAUSE_bad_value},
        {"{\"record\":\"item/k\",\"field\":\"a\",\"take\":\"zz\"}", LUM_CAUSE_bad_id},
        {"{\"record\":\"item/k\",\"field\":\"a\",\"take\":\"00000000:1\"}", LUM_CAUSE_bad_id},
        {"{\"record\":\"item/none\",\"field\":\"a\",\"value\":1}", LUM_CAUSE_no_record},
        {"{\"record\":\"item/k\",\"keep\":true}", LUM_CAUSE_record_not_deleted},
        {"{\"all\":true}", LUM_CAUSE_bad_request},
        {"{\"all\":true,\"take\":\"Nobody\"}", LUM_CAUSE_no_member},
        {"{\"all\":true,\"take\":\"latest\",\"coll\":\"A\"}", LUM_CAUSE_bad_collection},
    };
    struct site s[2];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k");
    show_conflicts(&s[0]);
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        resolve(&s[0], cases[i].arguments, &got);
        answer_fails(&got, cases[i].cause, NULL);
        answer_drop(&got);
    }
    assert_string_equal(shown(&s[0], "k"), "(conflict)");
    asker_ask(&s[0], "shown", "{}", &got);
    answer_fails(&got, LUM_CAUSE_bad_request, "change");
    answer_drop(&got);
    site_drop_pair(s);
}

/* ---- all ---- */

static void all_that_was_shown_is_settled_by_the_latest(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k1");
    disagree_on(s, "k2");
    show_conflicts(&s[0]);
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\"}", &got);
    answer_is(&got, "{\"left\":0,\"resolved\":2}");
    answer_drop(&got);
    site_meet(&s[0], &s[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(shown(&s[i], "k1"), "2");
        assert_string_equal(shown(&s[i], "k2"), "2");
        assert_int_equal(site_counts(&s[i]).conflicts, 0);
    }
    site_drop_pair(s);
}

static void all_can_be_settled_by_one_member(void **state)
{
    (void)state;
    struct site s[3];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k1");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_prepare(&s[2]);
    site_arrive(&s[2], &invite);
    site_join(&s[2], &s[0], "Wati");
    site_meet(&s[0], &s[1]);
    struct lum_id id = site_put(&s[0], "k2", "a", "0").record;
    site_meet(&s[0], &s[1]);
    site_meet(&s[0], &s[2]);
    assert_int_equal(site_set(&s[1], &id, "a", "budi"), LUM_OK);
    assert_int_equal(site_set(&s[2], &id, "a", "wati"), LUM_OK);
    site_meet(&s[0], &s[1]);
    site_meet(&s[0], &s[2]);
    show_conflicts(&s[0]);
    resolve(&s[0], "{\"all\":true,\"take\":\"Sari\"}", &got);
    answer_is(&got, "{\"left\":1,\"resolved\":1}"); /* Sari said nothing of k2 */
    answer_drop(&got);
    assert_string_equal(shown(&s[0], "k1"), "1");
    assert_string_equal(shown(&s[0], "k2"), "(conflict)");
    show_conflicts(&s[0]);
    resolve(&s[0], "{\"all\":true,\"take\":\"Wati\"}", &got);
    answer_is(&got, "{\"left\":0,\"resolved\":1}");
    answer_drop(&got);
    assert_string_equal(shown(&s[0], "k2"), "wati");
    site_drop_pair(s);
    site_drop(&s[2]);
}

static void several_cells_of_a_record_are_settled_by_one_event(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    (void)site_put(&s[0], "first", "z", "0"); /* names are numbered as they come: z before a */
    struct lum_id id = site_put(&s[0], "k", "a", "0").record;
    site_meet(&s[0], &s[1]);
    for (size_t i = 0; i < 2; i++) {
        asker_ask(&s[i], "set",
                  i == 0 ? "{\"record\":\"item/k\",\"fields\":{\"a\":1,\"b\":1,\"z\":1}}"
                         : "{\"record\":\"item/k\",\"fields\":{\"a\":2,\"b\":2,\"z\":2}}",
                  &got);
        assert_int_equal(got.status, LUM_OK);
        answer_drop(&got);
    }
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_counts(&s[0]).conflicts, 3);
    show_conflicts(&s[0]);
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\"}", &got);
    answer_is(&got, "{\"left\":0,\"resolved\":3}");
    answer_drop(&got);
    asker_ask(&s[0], "history", "{\"record\":\"item/k\"}", &got);
    assert_int_equal(got.row_count, 4);
    answer_drop(&got);
    (void)site_settle(&s[0]);
    assert_int_equal(site_values(&s[0], &id, "z"), 1);
    site_drop_pair(s);
}

/* Sari deletes what Budi writes about. */
static struct lum_id delete_and_edit(struct site s[2], const char *key)
{
    struct lum_id id = site_put(&s[0], key, "a", "0").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_delete(&s[0], &id), LUM_OK);
    assert_int_equal(site_set(&s[1], &id, "a", "1"), LUM_OK);
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_life(&s[0], &id), LUM_REVIVED);
    return id;
}

static void what_is_deleted_but_edited_is_settled_with_all(void **state)
{
    (void)state;
    static const struct {
        const char *take;
        const char *end;
        enum lum_life life;
    } cases[] = {
        {"latest", "{\"left\":0,\"resolved\":2}", LUM_ALIVE},  /* what is shown stays */
        {"Budi", "{\"left\":0,\"resolved\":2}", LUM_ALIVE},    /* he edited it */
        {"Sari", "{\"left\":0,\"resolved\":2}", LUM_DEAD},     /* she deleted it */
    };
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        struct site s[2];
        struct answer got;
        char arguments[64];
        site_pair(s);
        disagree_on(s, "k");
        struct lum_id id = delete_and_edit(s, "gone");
        show_conflicts(&s[1]);
        (void)snprintf(arguments, sizeof arguments, "{\"all\":true,\"take\":\"%s\"}",
                       cases[i].take);
        resolve(&s[1], arguments, &got);
        answer_is(&got, cases[i].end);
        answer_drop(&got);
        site_meet(&s[0], &s[1]);
        for (size_t k = 0; k < 2; k++) {
            (void)site_settle(&s[k]);
            assert_int_equal(site_life(&s[k], &id), cases[i].life);
            assert_int_equal(site_counts(&s[k]).conflicts + site_counts(&s[k]).revived, 0);
        }
        site_drop_pair(s);
    }
}

/* A member's word is the last that he did: Sari deleted, saw it come back, and went on with it. */
static void who_went_on_with_a_record_keeps_it(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    struct lum_id id = delete_and_edit(s, "k");
    assert_int_equal(site_set(&s[0], &id, "b", "again"), LUM_OK);
    show_conflicts(&s[0]);
    resolve(&s[0], "{\"all\":true,\"take\":\"Sari\"}", &got);
    answer_is(&got, "{\"left\":0,\"resolved\":1}");
    answer_drop(&got);
    (void)site_settle(&s[0]);
    assert_int_equal(site_life(&s[0], &id), LUM_ALIVE);
    site_drop_pair(s);
}

static void a_record_in_both_lists_is_settled_once(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k");
    struct lum_id id = site_keyed(&s[0], "item", "k");
    assert_int_equal(site_delete(&s[0], &id), LUM_OK);
    assert_int_equal(site_set(&s[1], &id, "b", "1"), LUM_OK);
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_life(&s[0], &id), LUM_REVIVED);
    show_conflicts(&s[0]);
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\"}", &got);
    answer_is(&got, "{\"left\":0,\"resolved\":2}"); /* its cell, and that it stays */
    answer_drop(&got);
    (void)site_settle(&s[0]);
    assert_int_equal(site_life(&s[0], &id), LUM_ALIVE);
    assert_int_equal(site_values(&s[0], &id, "a"), 1);
    site_drop_pair(s);
}

static void one_that_was_deleted_and_edited_since_refuses_all(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k");
    show_conflicts(&s[0]);
    struct lum_id id = delete_and_edit(s, "gone");
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\"}", &got);
    answer_fails(&got, LUM_CAUSE_conflict_moved, "item/gone");
    answer_drop(&got);
    (void)site_settle(&s[0]);
    assert_int_equal(site_life(&s[0], &id), LUM_REVIVED);
    assert_string_equal(shown(&s[0], "k"), "(conflict)");
    site_drop_pair(s);
}

static void a_collection_alone_can_be_settled(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k");
    show_conflicts(&s[0]);
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\",\"coll\":\"tree\"}", &got);
    answer_is(&got, "{\"left\":0,\"resolved\":0}");
    answer_drop(&got);
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\",\"coll\":\"item\"}", &got);
    answer_is(&got, "{\"left\":0,\"resolved\":1}");
    answer_drop(&got);
    site_drop_pair(s);
}

static void what_was_never_shown_is_refused(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k");
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\"}", &got);
    answer_fails(&got, LUM_CAUSE_conflict_moved, "item/k");
    assert_string_equal(got.error.two, "a");
    answer_drop(&got);
    site_drop_pair(s);
}

static void one_that_moved_since_it_was_shown_refuses_all(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k1");
    disagree_on(s, "k2");
    show_conflicts(&s[0]);
    struct lum_id id = site_keyed(&s[1], "item", "k2");
    assert_int_equal(site_set(&s[1], &id, "b", "news"), LUM_OK);
    site_meet(&s[0], &s[1]);
    struct lum_hash before = site_root(&s[0]);
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\"}", &got);
    answer_fails(&got, LUM_CAUSE_conflict_moved, "item/k2");
    answer_drop(&got);
    (void)site_settle(&s[0]);
    assert_memory_equal(site_root(&s[0]).b, before.b, 32);
    show_conflicts(&s[0]);
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\"}", &got);
    answer_is(&got, "{\"left\":0,\"resolved\":2}");
    answer_drop(&got);
    site_drop_pair(s);
}

static void a_view_made_anew_counts_as_not_shown(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    disagree_on(s, "k");
    for (int i = 0; i < 40; i++) { /* numbers that the new view could use up */
        (void)site_put(&s[0], "busy", "a", i % 2 == 0 ? "x" : "y");
    }
    show_conflicts(&s[0]);
    assert_int_equal(lum_space_rebuild(s[0].space, NULL, NULL), LUM_OK);
    resolve(&s[0], "{\"all\":true,\"take\":\"latest\"}", &got);
    answer_fails(&got, LUM_CAUSE_conflict_moved, "item/k");
    answer_drop(&got);
    site_drop_pair(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_settles_a_cell),
        cmocka_unit_test(taking_an_event_settles_a_cell),
        cmocka_unit_test(keep_and_delete_settle_a_revived_record),
        cmocka_unit_test(what_settles_nothing_is_refused),
        cmocka_unit_test(all_that_was_shown_is_settled_by_the_latest),
        cmocka_unit_test(all_can_be_settled_by_one_member),
        cmocka_unit_test(several_cells_of_a_record_are_settled_by_one_event),
        cmocka_unit_test(what_is_deleted_but_edited_is_settled_with_all),
        cmocka_unit_test(who_went_on_with_a_record_keeps_it),
        cmocka_unit_test(a_record_in_both_lists_is_settled_once),
        cmocka_unit_test(one_that_was_deleted_and_edited_since_refuses_all),
        cmocka_unit_test(a_collection_alone_can_be_settled),
        cmocka_unit_test(what_was_never_shown_is_refused),
        cmocka_unit_test(one_that_moved_since_it_was_shown_refuses_all),
        cmocka_unit_test(a_view_made_anew_counts_as_not_shown),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
