/* The verbs: each says what differs, names what it replaces, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/edit.h"
#include "tests/lib/site.h"

enum {
    MANY = 40, /* more logs than one event may name */
};

static struct lum_bytes bytes_of(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

static struct lum_edit_target target_of(const struct lum_id *record)
{
    struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON, .collection = bytes_of("item")};
    if (record != NULL) {
        target.record = *record;
    }
    return target;
}

typedef enum lum_status fields_verb(struct lum_editor *editor, const struct lum_edit_target *target,
                                    struct lum_bytes fields, struct lum_edit_result *out,
                                    struct lum_error *err);

/* make or set in a batch of its own. */
static enum lum_status run(struct site *site, fields_verb *verb, const struct lum_id *record,
                           struct lum_bytes fields, struct lum_edit_result *out)
{
    const struct lum_edit_target target = target_of(record);
    site_begin(site);
    enum lum_status status = verb(site->editor, &target, fields, out, &site->error);
    if (status == LUM_OK) {
        site_commit(site);
    } else {
        lum_space_abort(site->space);
    }
    (void)site_settle(site);
    return status;
}

static void found(struct site *site)
{
    site_prepare(site);
    site_found(site, "Sari");
}

/* {a: .., b: ..}; NULL leaves a field out, "" is nil. */
static struct lum_bytes two(const char *a, const char *b)
{
    static uint8_t room[256];
    struct lum_buf buf = {.at = room, .room = sizeof room, .max = sizeof room};
    const char *const texts[] = {a, b};
    lum_pack_map(&buf, (uint32_t)((a != NULL) + (b != NULL)));
    for (size_t i = 0; i < 2; i++) {
        if (texts[i] == NULL) {
            continue;
        }
        lum_pack_cstr(&buf, i == 0 ? "a" : "b");
        if (texts[i][0] == '\0') {
            lum_pack_nil(&buf);
        } else {
            lum_pack_cstr(&buf, texts[i]);
        }
    }
    return lum_buf_bytes(&buf);
}

/* ---- make and set ---- */

static void make_gives_a_record_that_the_same_batch_can_edit(void **state)
{
    (void)state;
    struct site site;
    struct lum_edit_result made;
    struct lum_edit_result set;
    found(&site);
    struct lum_edit_target target = target_of(NULL);
    site_begin(&site);
    assert_int_equal(lum_edit_make(site.editor, &target, two("1", "2"), &made, &site.error),
                     LUM_OK);
    assert_int_equal(made.end, LUM_EDIT_CREATED);
    target = target_of(&made.record);
    assert_int_equal(lum_edit_set(site.editor, &target, two("3", NULL), &set, &site.error), LUM_OK);
    assert_int_equal(set.event.seq, made.event.seq + 1);
    site_commit(&site);
    (void)site_settle(&site);
    assert_string_equal(site_shown(&site, &made.record, "a"), "3");
    assert_string_equal(site_shown(&site, &made.record, "b"), "2");
    assert_int_equal(site_values(&site, &made.record, "a"), 1);
    site_drop(&site);
}

static void two_makes_are_two_records(void **state)
{
    (void)state;
    struct site site;
    struct lum_edit_result one;
    struct lum_edit_result other;
    found(&site);
    assert_int_equal(run(&site, lum_edit_make, NULL, two("1", NULL), &one), LUM_OK);
    assert_int_equal(run(&site, lum_edit_make, NULL, two("1", NULL), &other), LUM_OK);
    assert_memory_not_equal(one.record.b, other.record.b, 16);
    assert_int_equal(site_counts(&site).records, 2);
    site_drop(&site);
}

static void set_says_only_what_differs_in_one_event(void **state)
{
    (void)state;
    struct site site;
    struct lum_edit_result made;
    struct lum_edit_result set;
    found(&site);
    assert_int_equal(run(&site, lum_edit_make, NULL, two("1", "2"), &made), LUM_OK);
    assert_int_equal(run(&site, lum_edit_set, &made.record, two("1", "2"), &set), LUM_OK);
    assert_int_equal(set.end, LUM_EDIT_SAME);
    assert_int_equal(run(&site, lum_edit_set, &made.record, two("1", "4"), &set), LUM_OK);
    assert_int_equal(set.end, LUM_EDIT_CHANGED);
    assert_int_equal(set.event.seq, made.event.seq + 1); /* SAME wrote nothing */
    assert_int_equal(run(&site, lum_edit_set, &made.record, two("5", "6"), &set), LUM_OK);
    assert_int_equal(set.event.seq, made.event.seq + 2);
    assert_int_equal(site_header(&site, set.event.lno, set.event.seq).dep_count, 0);
    assert_string_equal(site_shown(&site, &made.record, "a"), "5");
    assert_string_equal(site_shown(&site, &made.record, "b"), "6");
    site_drop(&site);
}

/* An id is 18 bytes of a payload, a place of the own log two or three. A keyed record may have been
 * made by others too, so it keeps its id. */
static void what_this_log_made_goes_by_its_place(void **state)
{
    (void)state;
    struct site site;
    struct lum_edit_result made;
    struct lum_edit_result set;
    found(&site);
    assert_int_equal(run(&site, lum_edit_make, NULL, two("1", NULL), &made), LUM_OK);
    assert_int_equal(run(&site, lum_edit_set, &made.record, two("2", NULL), &set), LUM_OK);
    assert_true(site_header(&site, set.event.lno, set.event.seq).plen < 18);
    assert_string_equal(site_shown(&site, &made.record, "a"), "2");
    made = site_put(&site, "k", "a", "1");
    assert_int_equal(run(&site, lum_edit_set, &made.record, two("2", NULL), &set), LUM_OK);
    assert_true(site_header(&site, set.event.lno, set.event.seq).plen > 18);
    assert_string_equal(site_shown(&site, &made.record, "a"), "2");
    site_drop(&site);
}

static void nil_unsets_what_is_there_and_says_nothing_of_what_is_not(void **state)
{
    (void)state;
    struct site site;
    struct lum_edit_result made;
    struct lum_edit_result set;
    found(&site);
    assert_int_equal(run(&site, lum_edit_make, NULL, two("1", NULL), &made), LUM_OK);
    assert_int_equal(run(&site, lum_edit_set, &made.record, two(NULL, ""), &set), LUM_OK);
    assert_int_equal(set.end, LUM_EDIT_SAME);
    assert_int_equal(run(&site, lum_edit_set, &made.record, two("", NULL), &set), LUM_OK);
    assert_int_equal(set.end, LUM_EDIT_CHANGED);
    assert_string_equal(site_shown(&site, &made.record, "a"), "");
    assert_int_equal(run(&site, lum_edit_set, &made.record, two("", NULL), &set), LUM_OK);
    assert_int_equal(set.end, LUM_EDIT_SAME);
    site_drop(&site);
}

static void what_others_would_not_take_is_refused(void **state)
{
    (void)state;
    struct site site;
    struct lum_edit_result out;
    static const uint8_t bad_value[] = {0x81, 0xa1, 'a', 0x81, 0xa1, 'b', 0x01}; /* a map */
    static const uint8_t unsorted[] = {0x82, 0xa1, 'b', 0x01, 0xa1, 'a', 0x01};
    static const uint8_t no_map[] = {0x01};
    found(&site);
    struct lum_edit_target target = target_of(NULL);
    site_begin(&site);
    assert_int_equal(lum_edit_make(site.editor, &target, lum_bytes_of(bad_value, sizeof bad_value),
                                   &out, &site.error),
                     LUM_INVALID);
    assert_int_equal(site.error.cause, LUM_CAUSE_bad_value);
    assert_string_equal(site.error.one, "a");
    assert_int_equal(lum_edit_make(site.editor, &target, lum_bytes_of(unsorted, sizeof unsorted),
                                   &out, &site.error),
                     LUM_INVALID);
    assert_int_equal(
        lum_edit_make(site.editor, &target, lum_bytes_of(no_map, sizeof no_map), &out, &site.error),
        LUM_INVALID);
    assert_int_equal(lum_edit_make(site.editor, &target, site_map("", "x"), &out, &site.error),
                     LUM_INVALID);
    assert_int_equal(site.error.cause, LUM_CAUSE_bad_field);
    assert_int_equal(lum_edit_make(site.editor, &target, site_map("a\nb", "x"), &out, &site.error),
                     LUM_INVALID);
    assert_int_equal(
        lum_edit_make_keyed(site.editor, &target, bytes_of(""), two("1", NULL), &out, &site.error),
        LUM_INVALID);
    assert_int_equal(site.error.cause, LUM_CAUSE_bad_key);
    target.collection = bytes_of("Item");
    assert_int_equal(lum_edit_make(site.editor, &target, two("1", NULL), &out, &site.error),
                     LUM_INVALID);
    assert_int_equal(site.error.cause, LUM_CAUSE_bad_collection);
    lum_space_abort(site.space);
    site_drop(&site);
}

static void verbs_on_an_unknown_record_say_so(void **state)
{
    (void)state;
    struct site site;
    const struct lum_id unknown = {{0xab}};
    found(&site);
    assert_int_equal(site_set(&site, &unknown, "a", "1"), LUM_NOT_FOUND);
    assert_int_equal(site.error.cause, LUM_CAUSE_no_record);
    assert_string_equal(site.error.one, "item/ab000000000000000000000000000000");
    assert_int_equal(site_delete(&site, &unknown), LUM_NOT_FOUND);
    assert_int_equal(site_restore(&site, &unknown), LUM_NOT_FOUND);
    site_drop(&site);
}

/* ---- keyed ---- */

static void make_keyed_is_a_diff(void **state)
{
    (void)state;
    struct site site;
    found(&site);
    struct lum_edit_result first = site_put(&site, "k", "a", "1");
    assert_int_equal(first.end, LUM_EDIT_CREATED);
    assert_int_equal(site_put(&site, "k", "a", "1").end, LUM_EDIT_SAME);
    struct lum_edit_result changed = site_put(&site, "k", "a", "2");
    assert_int_equal(changed.end, LUM_EDIT_CHANGED);
    assert_memory_equal(changed.record.b, first.record.b, 16);
    assert_int_equal(changed.event.seq, first.event.seq + 1);
    assert_int_equal(site_put(&site, "k", "b", "3").end, LUM_EDIT_CHANGED);
    assert_string_equal(site_shown(&site, &first.record, "a"), "2");
    site_drop(&site);
}

static void make_keyed_leaves_a_deleted_record_alone(void **state)
{
    (void)state;
    struct site site;
    found(&site);
    struct lum_edit_result made = site_put(&site, "k", "a", "1");
    assert_int_equal(site_delete(&site, &made.record), LUM_OK);
    struct lum_edit_result again = site_put(&site, "k", "a", "2");
    assert_int_equal(again.end, LUM_EDIT_DELETED);
    assert_memory_equal(again.record.b, made.record.b, 16);
    assert_int_equal(site_life(&site, &made.record), LUM_DEAD);
    site_drop(&site);
}

static void equal_imports_in_two_halls_make_no_conflict(void **state)
{
    (void)state;
    struct site s[2];
    found(&s[0]);
    site_prepare(&s[1]);
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Budi");
    struct lum_id same = site_put(&s[0], "same", "a", "1").record;
    struct lum_id other = site_put(&s[0], "other", "a", "1").record;
    (void)site_put(&s[1], "same", "a", "1");
    (void)site_put(&s[1], "other", "a", "2");
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_values(&s[0], &same, "a"), 1);
    assert_int_equal(site_values(&s[0], &other, "a"), 2);
    assert_int_equal(site_counts(&s[0]).records, 2);
    assert_int_equal(site_counts(&s[0]).conflicts, 1);
    /* a cell in conflict is set also to what it shows */
    const char *shown = site_shown(&s[0], &other, "a");
    assert_int_equal(site_put(&s[0], "other", "a", shown).end, LUM_EDIT_CHANGED);
    assert_int_equal(site_values(&s[0], &other, "a"), 1);
    assert_int_equal(site_put(&s[0], "same", "a", "1").end, LUM_EDIT_SAME);
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_counts(&s[1]).conflicts, 0);
    assert_memory_equal(site_root(&s[0]).b, site_root(&s[1]).b, 32);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

/* Tono makes a record that Budi edits; then Tono's JOIN no longer counts: edited, never made. */
static void a_record_never_made_is_made_and_what_was_said_of_it_stands(void **state)
{
    (void)state;
    struct site s[3]; /* Sari, Budi, Tono */
    struct lum_control cancel = {.op = LUM_CANCEL};
    struct lum_event_at at;
    struct lum_edit_result out;
    found(&s[0]);
    site_prepare(&s[1]);
    site_prepare(&s[2]);
    struct lum_invite budi = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    struct lum_invite tono = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &budi);
    site_join(&s[1], &s[0], "Budi");
    site_arrive(&s[2], &tono);
    site_join(&s[2], &s[0], "Tono");
    struct lum_id id = site_put(&s[2], "k", "b", "by Tono").record;
    site_meet(&s[2], &s[1]);
    assert_int_equal(site_set(&s[1], &id, "a", "by Budi"), LUM_OK);
    site_meet(&s[1], &s[0]);
    cancel.cancel = lum_roster_by_author(lum_space_roster(s[0].space),
                                         lum_space_keys(s[2].space)->author.public)
                        ->invite;
    site_begin(&s[0]);
    assert_int_equal(lum_space_append_control(s[0].space, &cancel, &at, &s[0].error), LUM_OK);
    site_commit(&s[0]);
    (void)site_settle(&s[0]);
    assert_int_equal(site_life(&s[0], &id), LUM_UNMADE);
    assert_int_equal(site_set(&s[0], &id, "a", "x"), LUM_NOT_FOUND);

    const struct lum_edit_target target = target_of(NULL);
    site_begin(&s[0]);
    assert_int_equal(lum_edit_make_keyed(s[0].editor, &target, bytes_of("k"), two("by Sari", "too"),
                                         &out, &s[0].error),
                     LUM_OK);
    assert_int_equal(out.end, LUM_EDIT_CREATED);
    site_commit(&s[0]);
    (void)site_settle(&s[0]);
    assert_int_equal(site_life(&s[0], &id), LUM_ALIVE);
    assert_int_equal(site_values(&s[0], &id, "a"), 2); /* she never saw Budi's: both stand */
    assert_string_equal(site_shown(&s[0], &id, "b"), "too");
    site_meet(&s[0], &s[1]);
    assert_memory_equal(site_root(&s[0]).b, site_root(&s[1]).b, 32);
    for (size_t i = 0; i < 3; i++) {
        site_drop(&s[i]);
    }
}

/* ---- delete and restore ---- */

static void delete_and_restore_take_turns(void **state)
{
    (void)state;
    struct site site;
    found(&site);
    struct lum_id id = site_put(&site, "k", "a", "1").record;
    assert_int_equal(site_restore(&site, &id), LUM_INVALID);
    assert_int_equal(site.error.cause, LUM_CAUSE_record_not_deleted);
    for (size_t round = 0; round < 3; round++) {
        assert_int_equal(site_delete(&site, &id), LUM_OK);
        assert_int_equal(site_life(&site, &id), LUM_DEAD);
        assert_int_equal(site_delete(&site, &id), LUM_OK); /* nothing to say */
        assert_int_equal(site_set(&site, &id, "a", "2"), LUM_INVALID);
        assert_int_equal(site.error.cause, LUM_CAUSE_record_deleted);
        assert_int_equal(site_restore(&site, &id), LUM_OK);
        assert_int_equal(site_life(&site, &id), LUM_ALIVE);
        assert_string_equal(site_shown(&site, &id, "a"), "1");
    }
    site_drop(&site);
}

static void what_was_edited_while_it_was_deleted_is_kept_or_deleted_for_good(void **state)
{
    (void)state;
    struct site s[2];
    found(&s[0]);
    site_prepare(&s[1]);
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Budi");
    struct lum_id id = site_put(&s[0], "k", "a", "1").record;
    site_meet(&s[0], &s[1]);
    for (size_t round = 0; round < 2; round++) {
        assert_int_equal(site_delete(&s[0], &id), LUM_OK);
        assert_int_equal(site_set(&s[1], &id, "b", round == 0 ? "x" : "y"), LUM_OK);
        site_meet(&s[0], &s[1]);
        assert_int_equal(site_life(&s[0], &id), LUM_REVIVED);
        assert_int_equal(site_counts(&s[0]).revived, 1);
        assert_string_equal(site_shown(&s[0], &id, "a"), "1"); /* with all its fields */
        if (round == 0) {
            assert_int_equal(site_restore(&s[0], &id), LUM_OK);
            assert_int_equal(site_life(&s[0], &id), LUM_ALIVE);
        } else {
            assert_int_equal(site_delete(&s[1], &id), LUM_OK);
            assert_int_equal(site_life(&s[1], &id), LUM_DEAD);
        }
        site_meet(&s[0], &s[1]);
        assert_memory_equal(site_root(&s[0]).b, site_root(&s[1]).b, 32);
        assert_int_equal(site_counts(&s[0]).revived, 0);
    }
    site_drop(&s[0]);
    site_drop(&s[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(make_gives_a_record_that_the_same_batch_can_edit),
        cmocka_unit_test(two_makes_are_two_records),
        cmocka_unit_test(set_says_only_what_differs_in_one_event),
        cmocka_unit_test(what_this_log_made_goes_by_its_place),
        cmocka_unit_test(nil_unsets_what_is_there_and_says_nothing_of_what_is_not),
        cmocka_unit_test(what_others_would_not_take_is_refused),
        cmocka_unit_test(verbs_on_an_unknown_record_say_so),
        cmocka_unit_test(make_keyed_is_a_diff),
        cmocka_unit_test(make_keyed_leaves_a_deleted_record_alone),
        cmocka_unit_test(equal_imports_in_two_halls_make_no_conflict),
        cmocka_unit_test(a_record_never_made_is_made_and_what_was_said_of_it_stands),
        cmocka_unit_test(delete_and_restore_take_turns),
        cmocka_unit_test(what_was_edited_while_it_was_deleted_is_kept_or_deleted_for_good),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
