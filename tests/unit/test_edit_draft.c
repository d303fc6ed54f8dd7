/* What one event cannot name or hold goes in as many as it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

typedef enum lum_status copy_verb(struct site *copy, const struct lum_id *id, int i);

/* Copies of a site, all from the same moment, do one thing each and hand it to the site. */
static void by_many_at_once(struct site *site, const struct lum_id *id, copy_verb *verb)
{
    struct site base;
    site_prepare(&base);
    site_close(site);
    site_copy(site, &base);
    site_open(site);
    (void)site_settle(site);
    for (int i = 0; i < MANY; i++) {
        struct site copy;
        site_prepare(&copy);
        site_copy(&base, &copy);
        site_open(&copy);
        (void)site_settle(&copy);
        assert_int_equal(verb(&copy, id, i), LUM_OK);
        (void)site_give(&copy, site);
        site_drop(&copy);
    }
    site_drop(&base);
}

static enum lum_status copy_sets(struct site *copy, const struct lum_id *id, int i)
{
    char text[16];
    (void)snprintf(text, sizeof text, "v%d", i);
    return site_set(copy, id, "a", text);
}

static enum lum_status copy_deletes(struct site *copy, const struct lum_id *id, int i)
{
    (void)i;
    return site_delete(copy, id);
}

static void forty_siblings_are_replaced_in_as_many_events_as_it_takes(void **state)
{
    (void)state;
    struct site site;
    struct site fresh;
    struct lum_edit_result out;
    found(&site);
    struct lum_id id = site_put(&site, "k", "a", "0").record;
    by_many_at_once(&site, &id, copy_sets);
    assert_int_equal(site_values(&site, &id, "a"), MANY);
    assert_int_equal(run(&site, lum_edit_set, &id, two("settled", "x"), &out), LUM_OK);
    assert_int_equal(out.end, LUM_EDIT_CHANGED);
    assert_int_equal(site_values(&site, &id, "a"), 1);
    assert_string_equal(site_shown(&site, &id, "a"), "settled");
    assert_string_equal(site_shown(&site, &id, "b"), "x");
    assert_int_equal(site_counts(&site).voided, 0);
    site_check(&site);
    site_prepare(&fresh);
    struct lum_invite invite = site_invite(&site, LUM_ROLE_WRITER, 1);
    site_arrive(&fresh, &invite);
    site_join(&fresh, &site, "");
    assert_memory_equal(site_root(&site).b, site_root(&fresh).b, 32);
    site_drop(&site);
    site_drop(&fresh);
}

static void a_record_of_forty_logs_is_deleted_in_as_many_events_as_it_takes(void **state)
{
    (void)state;
    struct site site;
    found(&site);
    struct lum_id id = site_put(&site, "k", "a", "0").record;
    by_many_at_once(&site, &id, copy_sets);
    assert_int_equal(site_delete(&site, &id), LUM_OK);
    assert_int_equal(site_life(&site, &id), LUM_DEAD);
    assert_int_equal(site_restore(&site, &id), LUM_OK);
    assert_int_equal(site_life(&site, &id), LUM_ALIVE);
    assert_int_equal(site_counts(&site).voided, 0);
    site_check(&site);
    site_drop(&site);
}

static void forty_drops_are_overruled_in_as_many_events_as_it_takes(void **state)
{
    (void)state;
    struct site site;
    struct lum_arena arena;
    struct lum_record record;
    lum_arena_init(&arena);
    found(&site);
    struct lum_id id = site_put(&site, "k", "a", "0").record;
    by_many_at_once(&site, &id, copy_deletes);
    assert_int_equal(site_life(&site, &id), LUM_DEAD);
    assert_true(site_record(&site, &id, &arena, &record));
    assert_int_equal(record.drop_count, MANY);
    assert_int_equal(site_restore(&site, &id), LUM_OK);
    assert_int_equal(site_life(&site, &id), LUM_ALIVE); /* none of them stands */
    assert_int_equal(site_counts(&site).revived + site_counts(&site).voided, 0);
    site_check(&site);
    lum_arena_fini(&arena);
    site_drop(&site);
}

static void fields_too_long_for_one_event_go_in_several(void **state)
{
    (void)state;
    struct site site;
    struct lum_buf fields;
    struct lum_edit_result made;
    struct lum_edit_result set;
    static char text[8000];
    found(&site);
    memset(text, 'x', sizeof text - 1);
    lum_buf_init(&fields, (size_t)1 << 20);
    lum_pack_map(&fields, 20);
    for (int i = 0; i < 20; i++) {
        char name[] = {'f', (char)('a' + i), '\0'};
        lum_pack_cstr(&fields, name);
        lum_pack_cstr(&fields, text);
    }
    assert_int_equal(run(&site, lum_edit_make, NULL, lum_buf_bytes(&fields), &made), LUM_LIMIT);
    assert_int_equal(site.error.cause, LUM_CAUSE_event_too_big);
    assert_int_equal(site_counts(&site).records, 0);
    assert_int_equal(run(&site, lum_edit_make, NULL, two("1", NULL), &made), LUM_OK);
    assert_int_equal(run(&site, lum_edit_set, &made.record, lum_buf_bytes(&fields), &set), LUM_OK);
    assert_in_range(set.event.seq, made.event.seq + 3, made.event.seq + 4);
    assert_int_equal(site_values(&site, &made.record, "fa"), 1);
    assert_int_equal(site_values(&site, &made.record, "ft"), 1);
    assert_int_equal(site_counts(&site).voided, 0);
    lum_buf_fini(&fields);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forty_siblings_are_replaced_in_as_many_events_as_it_takes),
        cmocka_unit_test(a_record_of_forty_logs_is_deleted_in_as_many_events_as_it_takes),
        cmocka_unit_test(forty_drops_are_overruled_in_as_many_events_as_it_takes),
        cmocka_unit_test(fields_too_long_for_one_event_go_in_several),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
