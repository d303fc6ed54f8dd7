/* What our events name of other logs: our own heads, a clock holder, each pin once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/space.h"
#include "tests/lib/site.h"

static void drop_all(struct site *sites, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        site_drop(&sites[i]);
    }
}

static void assert_equal_sites(struct site *a, struct site *b)
{
    assert_memory_equal(site_root(a).b, site_root(b).b, 32);
    assert_int_equal(site_counts(a).pending + site_counts(a).voided + site_counts(a).waiting, 0);
    assert_int_equal(site_counts(b).pending + site_counts(b).voided + site_counts(b).waiting, 0);
    site_check(a);
    site_check(b);
}

static bool pins(const struct lum_header *header, const struct lum_hash *log_id, uint64_t seq)
{
    for (uint32_t i = 0; i < header->dep_count; i++) {
        const struct lum_dep *dep = &header->deps[i];
        if (dep->is_pin && dep->seq == seq && memcmp(dep->log8, log_id->b, sizeof dep->log8) == 0) {
            return true;
        }
    }
    return false;
}

static struct lum_header header_of(struct site *site, const struct lum_edit_result *result)
{
    return site_header(site, result->event.lno, result->event.seq);
}

static void the_first_event_of_a_log_pins_our_other_heads(void **state)
{
    (void)state;
    struct site site;
    struct lum_log_row gov;
    struct lum_log_row old;
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_put(&site, "a", "name", "one");
    (void)site_own_logs(&site, LUM_SHELF_GOV, &gov);
    (void)site_own_logs(&site, LUM_SHELF_COMMON, &old);
    struct lum_header header = site_header(&site, old.lno, 1);
    assert_int_equal(header.dep_count, 1);
    assert_true(pins(&header, &gov.place.log_id, 1)); /* GENESIS */

    assert_int_equal(lum_space_doubt(site.space, &site.error), LUM_OK);
    struct lum_edit_result result = site_put(&site, "b", "name", "two");
    header = header_of(&site, &result);
    assert_int_equal(result.event.seq, 1);
    assert_int_equal(header.dep_count, 2);
    assert_true(pins(&header, &gov.place.log_id, 1));
    assert_true(pins(&header, &old.place.log_id, old.place.chain.seq));
    result = site_put(&site, "c", "name", "three");
    assert_int_equal(header_of(&site, &result).dep_count, 0);
    site_drop(&site);
}

static void a_clock_holders_head_is_pinned_once_a_day_after_a_meeting(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_log_row gov;
    struct lum_log_row common;
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    s[1].wall_ms = s[0].wall_ms;
    site_join(&s[1], &s[0], "Budi");
    (void)site_own_logs(&s[0], LUM_SHELF_GOV, &gov);
    (void)site_own_logs(&s[1], LUM_SHELF_GOV, &common);
    struct lum_header header = site_header(&s[1], common.lno, 1);
    assert_true(pins(&header, &gov.place.log_id, 2)); /* the JOIN: after the INVITE */

    (void)site_put(&s[0], "a", "name", "one");
    site_meet(&s[0], &s[1]);
    struct lum_edit_result result = site_put(&s[1], "b", "name", "the same day");
    assert_int_equal(header_of(&s[1], &result).dep_count, 0);

    s[1].wall_ms += SITE_DAY_MS;
    result = site_put(&s[1], "c", "name", "the next day");
    (void)site_own_logs(&s[0], LUM_SHELF_COMMON, &common);
    header = header_of(&s[1], &result);
    assert_int_equal(header.dep_count, 1);
    assert_true(pins(&header, &common.place.log_id, common.place.chain.seq));
    s[1].wall_ms += SITE_DAY_MS;
    result = site_put(&s[1], "d", "name", "no meeting since");
    assert_int_equal(header_of(&s[1], &result).dep_count, 0);

    site_close(&s[1]);
    site_open(&s[1]);
    (void)site_settle(&s[1]);
    result = site_put(&s[1], "e", "name", "after a restart");
    assert_int_equal(header_of(&s[1], &result).dep_count, 0);
    s[0].wall_ms += SITE_DAY_MS;
    site_close(&s[0]);
    site_open(&s[0]);
    (void)site_settle(&s[0]);
    result = site_put(&s[0], "f", "name", "a holder does not pin itself");
    assert_int_equal(header_of(&s[0], &result).dep_count, 0);
    drop_all(s, 2);
}

static void a_dep_names_its_pin_no_second_time(void **state)
{
    (void)state;
    struct site s[2];
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Budi");
    struct lum_edit_result a = site_put(&s[0], "a", "name", "one");
    struct lum_edit_result b = site_put(&s[0], "b", "name", "one");
    site_meet(&s[0], &s[1]);
    site_begin(&s[1]); /* one batch: the view does not know the pin yet */
    struct lum_edit_result later = site_add(&s[1], "b", "two");
    struct lum_edit_result earlier = site_add(&s[1], "a", "two");
    site_commit(&s[1]);
    (void)site_settle(&s[1]);
    struct lum_header first = header_of(&s[1], &later);
    struct lum_header second = header_of(&s[1], &earlier);
    assert_true(pins(&first, &b.event.log_id, b.event.seq));
    assert_int_equal(second.dep_count, 1);
    assert_false(second.deps[0].is_pin);
    assert_int_equal(second.deps[0].seq, a.event.seq);
    site_meet(&s[0], &s[1]);
    assert_string_equal(site_shown(&s[0], &a.record, "name"), "two");
    assert_int_equal(site_values(&s[0], &a.record, "name"), 1);
    assert_equal_sites(&s[0], &s[1]);
    drop_all(s, 2);
}

/* A view that follows in slices may know a pin that a later event of ours has lowered since. */
static void a_view_that_lags_lends_no_pin(void **state)
{
    static const char *const keys[] = {"a", "b", "c"};
    static const unsigned order[] = {2, 0, 1};
    (void)state;
    struct site s[2];
    struct lum_edit_result made[3];
    struct lum_view_progress progress = {0};
    site_pair(s);
    for (size_t i = 0; i < LUM_COUNT(keys); i++) {
        made[i] = site_put(&s[0], keys[i], "name", "one");
    }
    site_meet(&s[0], &s[1]);
    for (size_t i = 0; i < LUM_COUNT(order); i++) {
        site_begin(&s[1]);
        (void)site_add(&s[1], keys[order[i]], "two");
        site_commit(&s[1]);
        if (i == 1) { /* the view takes in the first of the two */
            assert_int_equal(lum_space_settle(s[1].space, 1, &progress, &s[1].error), LUM_AGAIN);
        }
    }
    site_meet(&s[0], &s[1]);
    for (size_t i = 0; i < LUM_COUNT(keys); i++) {
        assert_string_equal(site_shown(&s[0], &made[i].record, "name"), "two");
        assert_int_equal(site_values(&s[0], &made[i].record, "name"), 1);
    }
    assert_equal_sites(&s[0], &s[1]);
    site_drop_pair(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_event_of_a_log_pins_our_other_heads),
        cmocka_unit_test(a_clock_holders_head_is_pinned_once_a_day_after_a_meeting),
        cmocka_unit_test(a_dep_names_its_pin_no_second_time),
        cmocka_unit_test(a_view_that_lags_lends_no_pin),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
