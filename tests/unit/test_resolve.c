/* A conflict is settled by one decision on what was shown, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/edit.h"
#include "tests/lib/site.h"

/* Two sites that set the field "a" of one record to "1" and "2" at the same time, and met. */
static struct lum_id disagree(struct site s[2])
{
    site_pair(s);
    struct lum_id id = site_put(&s[0], "k", "a", "0").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_set(&s[0], &id, "a", "1"), LUM_OK);
    assert_int_equal(site_set(&s[1], &id, "a", "2"), LUM_OK);
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_values(&s[0], &id, "a"), 2);
    return id;
}

static enum lum_status resolve(struct site *site, const struct lum_id *id,
                               const struct lum_resolve *how)
{
    const struct lum_edit_target target = {
        .shelf = LUM_SHELF_COMMON, .collection = {(const uint8_t *)"item", 4}, .record = *id};
    struct lum_edit_result out;
    site_begin(site);
    enum lum_status status = lum_edit_resolve(site->editor, &target, how, &out, &site->error);
    if (status == LUM_OK) {
        assert_int_equal(out.end, LUM_EDIT_CHANGED);
        site_commit(site);
    } else {
        lum_space_abort(site->space);
    }
    (void)site_settle(site);
    return status;
}

static const struct lum_bytes field_a = {(const uint8_t *)"a", 1};

static void a_value_replaces_all_siblings_everywhere(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_id id = disagree(s);
    const struct lum_resolve how = {.field = field_a, .value = site_text("3")};
    assert_int_equal(resolve(&s[1], &id, &how), LUM_OK);
    site_meet(&s[0], &s[1]);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(site_values(&s[i], &id, "a"), 1);
        assert_string_equal(site_shown(&s[i], &id, "a"), "3");
        assert_int_equal(site_counts(&s[i]).conflicts, 0);
    }
    assert_memory_equal(site_root(&s[0]).b, site_root(&s[1]).b, 32);
    site_drop_pair(s);
}

static struct lum_record record_of(struct site *site, const struct lum_id *id,
                                   struct lum_arena *arena)
{
    struct lum_record record;
    assert_true(site_record(site, id, arena, &record));
    return record;
}

static void one_siblings_value_is_taken_by_its_event(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_arena arena;
    struct lum_log_row mine;
    struct lum_id id = disagree(s);
    lum_arena_init(&arena);
    (void)site_own_logs(&s[0], LUM_SHELF_COMMON, &mine);
    struct lum_place take = {.lno = mine.lno, .seq = mine.place.chain.seq};
    struct lum_resolve how = {.field = field_a, .take = &take};
    assert_int_equal(resolve(&s[0], &id, &how), LUM_OK);
    assert_int_equal(site_values(&s[0], &id, "a"), 1);
    assert_string_equal(site_shown(&s[0], &id, "a"), "1");
    site_meet(&s[0], &s[1]);
    assert_string_equal(site_shown(&s[1], &id, "a"), "1");
    lum_arena_fini(&arena);
    site_drop_pair(s);
}

static void what_is_no_conflict_is_not_settled(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_id id = disagree(s);
    const struct lum_place nobody = {.lno = 1, .seq = 999};
    struct lum_resolve how = {.field = field_a, .take = &nobody};
    assert_int_equal(resolve(&s[0], &id, &how), LUM_NOT_FOUND);
    assert_int_equal(s[0].error.cause, LUM_CAUSE_no_conflict);
    assert_string_equal(s[0].error.two, "a");
    how = (struct lum_resolve){.field = {(const uint8_t *)"b", 1}, .value = site_text("x")};
    assert_int_equal(resolve(&s[0], &id, &how), LUM_NOT_FOUND);
    how = (struct lum_resolve){.field = field_a, .value = site_text("3")};
    assert_int_equal(resolve(&s[0], &id, &how), LUM_OK);
    assert_int_equal(resolve(&s[0], &id, &how), LUM_NOT_FOUND);
    assert_int_equal(s[0].error.cause, LUM_CAUSE_no_conflict);
    site_drop_pair(s);
}

static void a_record_that_changed_since_it_was_shown_is_not_settled(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_arena arena;
    struct lum_id id = disagree(s);
    lum_arena_init(&arena);
    uint64_t shown = record_of(&s[0], &id, &arena).change;
    assert_int_equal(site_set(&s[1], &id, "b", "more"), LUM_OK);
    site_meet(&s[0], &s[1]);
    struct lum_resolve how = {.field = field_a, .value = site_text("3"), .shown_change = shown};
    assert_int_equal(resolve(&s[0], &id, &how), LUM_INVALID);
    assert_int_equal(s[0].error.cause, LUM_CAUSE_conflict_moved);
    assert_int_equal(site_values(&s[0], &id, "a"), 2);
    how.shown_change = record_of(&s[0], &id, &arena).change;
    how.value = site_text("3");
    assert_int_equal(resolve(&s[0], &id, &how), LUM_OK);
    assert_int_equal(site_values(&s[0], &id, "a"), 1);
    lum_arena_fini(&arena);
    site_drop_pair(s);
}

static void a_deleted_record_has_nothing_to_settle(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_id id = disagree(s);
    assert_int_equal(site_delete(&s[0], &id), LUM_OK);
    const struct lum_resolve how = {.field = field_a, .value = site_text("3")};
    assert_int_equal(resolve(&s[0], &id, &how), LUM_INVALID);
    assert_int_equal(s[0].error.cause, LUM_CAUSE_record_deleted);
    site_drop_pair(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_replaces_all_siblings_everywhere),
        cmocka_unit_test(one_siblings_value_is_taken_by_its_event),
        cmocka_unit_test(what_is_no_conflict_is_not_settled),
        cmocka_unit_test(a_record_that_changed_since_it_was_shown_is_not_settled),
        cmocka_unit_test(a_deleted_record_has_nothing_to_settle),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
