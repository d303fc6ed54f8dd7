/* What was said of records: the history of one, and every conflict with all its values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/asker.h"
#include "tests/lib/vectors.h"

/* Both set field "a" of item/k, Budi later. */
static struct lum_id disagree(struct site s[2])
{
    site_pair(s);
    struct lum_id id = site_put(&s[0], "k", "a", "0").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_set(&s[0], &id, "a", "1"), LUM_OK);
    s[1].wall_ms = s[0].wall_ms + 5000;
    assert_int_equal(site_set(&s[1], &id, "a", "2"), LUM_OK);
    site_meet(&s[0], &s[1]);
    return id;
}

/* ---- history ---- */

static void history_tells_each_event_oldest_first(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    struct lum_id id = site_put(&s[0], "k", "a", "0").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_set(&s[1], &id, "a", "1"), LUM_OK);
    assert_int_equal(site_delete(&s[1], &id), LUM_OK);
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_restore(&s[0], &id), LUM_OK);
    site_meet(&s[0], &s[1]);
    static const struct {
        const char *ops;
        const char *member;
    } expected[] = {
        {"[{\"field\":\"a\",\"op\":\"make\",\"value\":\"0\"}]", "Sari"},
        {"[{\"field\":\"a\",\"op\":\"set\",\"value\":\"1\"}]", "Budi"},
        {"[{\"op\":\"drop\"}]", "Budi"},
        {"[{\"op\":\"keep\"}]", "Sari"},
    };
    for (size_t i = 0; i < 2; i++) {
        asker_ask(&s[i], "history", "{\"record\":\"item/k\"}", &got);
        answer_is(&got, "{\"count\":4}");
        assert_int_equal(got.row_count, LUM_COUNT(expected));
        for (size_t j = 0; j < LUM_COUNT(expected); j++) {
            assert_string_equal(answer_member(answer_row(&got, j), "ops"), expected[j].ops);
            assert_string_equal(answer_member(answer_row(&got, j), "member"), expected[j].member);
            assert_int_equal(strlen(answer_member(answer_row(&got, j), "author")), 64);
        }
        answer_drop(&got);
    }
    site_drop_pair(s);
}

static void history_is_the_same_text_in_every_hall(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got[2];
    disagree(s);
    for (size_t i = 0; i < 2; i++) {
        asker_ask(&s[i], "history", "{\"record\":\"item/k\"}", &got[i]);
        assert_int_equal(got[i].row_count, 3);
    }
    for (size_t j = 0; j < 3; j++) {
        assert_string_equal(answer_row(&got[0], j), answer_row(&got[1], j));
    }
    answer_drop(&got[0]);
    answer_drop(&got[1]);
    site_drop_pair(s);
}

static void history_leaves_out_what_an_event_says_of_other_records(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    struct lum_event_at at;
    struct lum_draft *draft;
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_id one = site_put(&site, "one", "a", "0").record;
    struct lum_id two = site_put(&site, "two", "a", "0").record;
    assert_int_equal(lum_draft_open(&draft), LUM_OK);
    site_begin(&site);
    lum_draft_set(draft, &(struct lum_about){.id = &one},
                  &(struct lum_pair){lum_bytes_of("b", 1), site_text("mine")},
                  (struct lum_places){0});
    lum_draft_set(draft, &(struct lum_about){.id = &two},
                  &(struct lum_pair){lum_bytes_of("b", 1), site_text("theirs")},
                  (struct lum_places){0});
    assert_int_equal(lum_space_append(site.space, LUM_SHELF_COMMON, draft, &at, NULL), LUM_OK);
    site_commit(&site);
    lum_draft_close(draft);
    asker_ask(&site, "history", "{\"record\":\"item/one\"}", &got);
    assert_int_equal(got.row_count, 2);
    assert_string_equal(answer_member(answer_row(&got, 1), "ops"),
                        "[{\"field\":\"b\",\"op\":\"set\",\"value\":\"mine\"}]");
    answer_drop(&got);
    site_drop(&site);
}

static void a_long_history_goes_out_in_pages(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    char text[2001];
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_id id = site_put(&site, "k", "a", "0").record;
    for (int i = 0; i < 300; i++) {
        memset(text, 'a' + i % 26, 2000);
        text[2000] = '\0';
        assert_int_equal(site_set(&site, &id, "a", text), LUM_OK);
    }
    asker_ask(&site, "history", "{\"record\":\"item/k\"}", &got);
    answer_is(&got, "{\"count\":301}");
    assert_int_equal(got.row_count, 301);
    assert_in_range(got.steps, 3, 4);
    answer_drop(&got);
    site_drop(&site);
}

static void history_of_nothing_is_refused(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    site_prepare(&site);
    site_found(&site, "Sari");
    asker_ask(&site, "history", "{\"record\":\"item/k\"}", &got);
    answer_fails(&got, LUM_CAUSE_no_record, "item/k");
    answer_drop(&got);
    site_drop(&site);
}

/* ---- conflicts ---- */

static void a_conflict_is_told_with_every_value_the_shown_one_first(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    disagree(s);
    for (size_t i = 0; i < 2; i++) {
        asker_ask(&s[i], "conflicts", "{}", &got);
        assert_int_equal(got.status, LUM_OK);
        assert_string_equal(answer_member(answer_last(&got), "count"), "1");
        const char *row = answer_row(&got, 0);
        assert_string_equal(answer_member(row, "kind"), "value");
        assert_string_equal(answer_member(row, "coll"), "item");
        assert_string_equal(answer_member(row, "key"), "k");
        assert_string_equal(answer_member(row, "field"), "a");
        json_t *json = json_loads(row, 0, NULL);
        const json_t *values = json_object_get(json, "values");
        assert_int_equal(json_array_size(values), 2);
        static const char *const expected[][2] = {{"2", "Budi"}, {"1", "Sari"}};
        for (size_t j = 0; j < 2; j++) {
            const json_t *value = json_array_get(values, j);
            assert_string_equal(vectors_text(value, "value"), expected[j][0]);
            assert_string_equal(vectors_text(value, "member"), expected[j][1]);
            assert_int_equal(strlen(vectors_text(value, "author")), 64);
            assert_non_null(strchr(vectors_text(value, "event"), ':'));
            assert_true(vectors_number(value, "t") > 0);
        }
        json_decref(json);
        answer_drop(&got);
    }
    site_drop_pair(s);
}

static void many_values_come_best_rank_first(void **state)
{
    (void)state;
    struct site s[3];
    struct answer got;
    site_pair(s);
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_prepare(&s[2]);
    site_arrive(&s[2], &invite);
    site_join(&s[2], &s[0], "Wati");
    struct lum_id id = site_put(&s[0], "k", "a", "0").record;
    site_meet(&s[0], &s[1]);
    site_meet(&s[0], &s[2]);
    uint64_t now = s[0].wall_ms + 100000;
    s[0].wall_ms = now + 20000; /* Sari's is the latest, then Wati's, then Budi's */
    s[1].wall_ms = now;
    s[2].wall_ms = now + 10000;
    assert_int_equal(site_set(&s[0], &id, "a", "3"), LUM_OK);
    assert_int_equal(site_set(&s[1], &id, "a", "1"), LUM_OK);
    assert_int_equal(site_set(&s[2], &id, "a", "2"), LUM_OK);
    for (int i = 0; i < 2; i++) {
        site_meet(&s[0], &s[1]);
        site_meet(&s[0], &s[2]);
    }
    for (size_t i = 0; i < 3; i++) {
        asker_ask(&s[i], "conflicts", "{}", &got);
        json_t *json = json_loads(answer_row(&got, 0), 0, NULL);
        const json_t *values = json_object_get(json, "values");
        assert_int_equal(json_array_size(values), 3);
        static const char *const expected[] = {"3", "2", "1"};
        for (size_t j = 0; j < 3; j++) {
            assert_string_equal(vectors_text(json_array_get(values, j), "value"), expected[j]);
        }
        json_decref(json);
        answer_drop(&got);
    }
    site_drop_pair(s);
    site_drop(&s[2]);
}

static void a_deletion_that_was_overruled_is_not_told(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    struct lum_id id = site_put(&s[0], "k", "a", "0").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_delete(&s[0], &id), LUM_OK);
    assert_int_equal(site_set(&s[1], &id, "a", "1"), LUM_OK);
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_restore(&s[0], &id), LUM_OK); /* keeps it against Sari's deletion ... */
    assert_int_equal(site_delete(&s[1], &id), LUM_OK);  /* ... not against Budi's */
    site_meet(&s[0], &s[1]);
    asker_ask(&s[0], "conflicts", "{}", &got);
    assert_string_equal(answer_member(answer_last(&got), "count"), "1");
    json_t *json = json_loads(answer_row(&got, 0), 0, NULL);
    const json_t *drops = json_object_get(json, "deleted_by");
    assert_int_equal(json_array_size(drops), 1);
    assert_string_equal(vectors_text(json_array_get(drops, 0), "member"), "Budi");
    json_decref(json);
    answer_drop(&got);
    site_drop_pair(s);
}

static void a_deleted_record_that_was_edited_is_told_with_who_deleted_it(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    struct lum_id id = site_put(&s[0], "k", "a", "0").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_delete(&s[0], &id), LUM_OK);
    assert_int_equal(site_set(&s[1], &id, "a", "1"), LUM_OK);
    site_meet(&s[0], &s[1]);
    asker_ask(&s[1], "conflicts", "{\"coll\":\"item\"}", &got);
    assert_string_equal(answer_member(answer_last(&got), "count"), "1");
    assert_string_equal(answer_member(answer_row(&got, 0), "kind"), "deleted-but-edited");
    json_t *json = json_loads(answer_row(&got, 0), 0, NULL);
    const json_t *drops = json_object_get(json, "deleted_by");
    assert_int_equal(json_array_size(drops), 1);
    assert_string_equal(vectors_text(json_array_get(drops, 0), "member"), "Sari");
    json_decref(json);
    answer_drop(&got);
    site_drop_pair(s);
}

static void conflicts_can_be_narrowed_to_a_collection(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    disagree(s);
    asker_ask(&s[0], "conflicts", "{\"coll\":\"tree\"}", &got);
    assert_string_equal(answer_member(answer_last(&got), "count"), "0");
    answer_drop(&got);
    asker_ask(&s[0], "conflicts", "{\"coll\":\"_space\"}", &got);
    assert_string_equal(answer_member(answer_last(&got), "count"), "0");
    answer_drop(&got);
    asker_ask(&s[0], "conflicts", "{\"coll\":\"no such\"}", &got);
    answer_fails(&got, LUM_CAUSE_bad_collection, "no such");
    answer_drop(&got);
    site_drop_pair(s);
}

static void equal_values_are_no_conflict(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_pair(s);
    (void)site_put(&s[0], "k", "a", "same");
    (void)site_put(&s[1], "k", "a", "same");
    site_meet(&s[0], &s[1]);
    asker_ask(&s[0], "conflicts", "{}", &got);
    assert_string_equal(answer_member(answer_last(&got), "count"), "0");
    answer_drop(&got);
    site_drop_pair(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(history_tells_each_event_oldest_first),
        cmocka_unit_test(history_is_the_same_text_in_every_hall),
        cmocka_unit_test(history_leaves_out_what_an_event_says_of_other_records),
        cmocka_unit_test(a_long_history_goes_out_in_pages),
        cmocka_unit_test(history_of_nothing_is_refused),
        cmocka_unit_test(a_conflict_is_told_with_every_value_the_shown_one_first),
        cmocka_unit_test(many_values_come_best_rank_first),
        cmocka_unit_test(a_deletion_that_was_overruled_is_not_told),
        cmocka_unit_test(a_deleted_record_that_was_edited_is_told_with_who_deleted_it),
        cmocka_unit_test(conflicts_can_be_narrowed_to_a_collection),
        cmocka_unit_test(equal_values_are_no_conflict),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
