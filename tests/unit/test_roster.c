/* What a roster answers: rights by role, kind and shelf, nodes, clock holders, its digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/roster.h"
#include "tests/lib/build.h"
#include "tests/lib/facts.h"

static void rights_follow_role_kind_and_shelf(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1),
                                 JOIN(1, 1, 0),
                                 INVITE(0, 2, READER, 1),
                                 JOIN(2, 3, 2),
                                 CANCEL(0, 4, 5),
                                 INVITE(0, 5, WRITER, 1),
                                 JOIN(3, 6, 5)};
    struct lum_roster *roster = facts_roster(facts, LUM_COUNT(facts), NULL);
    static const struct {
        uint8_t who;
        uint8_t kind;
        uint8_t shelf;
        bool may;
    } cases[] = {
        {0, LUM_KIND_DATA, 1, true},     {1, LUM_KIND_DATA, 1, true},
        {2, LUM_KIND_DATA, 1, false},    {3, LUM_KIND_DATA, 1, false},
        {4, LUM_KIND_DATA, 1, false},    {2, LUM_KIND_RECEIPT, 0, true},
        {3, LUM_KIND_RECEIPT, 0, false}, {2, LUM_KIND_CONTROL, 0, true},
        {3, LUM_KIND_CONTROL, 0, true},  {3, LUM_KIND_CONTROL, 1, false},
    };
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        uint8_t a[32];
        facts_person(cases[i].who, a);
        assert_int_equal(lum_roster_may(roster, a, cases[i].kind, cases[i].shelf), cases[i].may);
    }
    lum_roster_close(roster);
}

static void expiry_decides_only_who_is_answered(void **state)
{
    (void)state;
    struct lum_invite_fact invite = {.expiry_ms = 1000, .is_counting = true};
    assert_true(lum_roster_answers(&invite, 999));
    assert_false(lum_roster_answers(&invite, 1000));
    invite.expiry_ms = 0;
    assert_true(lum_roster_answers(&invite, UINT64_MAX));
    invite.is_cancelled = true;
    assert_false(lum_roster_answers(&invite, 0));
    invite = (struct lum_invite_fact){0};
    assert_false(lum_roster_answers(&invite, 0));
}

static void a_node_key_finds_the_effective_device(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), CANCEL(0, 2, 3),
                                 INVITE(0, 3, WRITER, 1), JOIN(2, 4, 3)};
    struct lum_roster *roster = facts_roster(facts, LUM_COUNT(facts), NULL);
    uint8_t t[32];
    memset(t, 0x82, sizeof t);
    assert_ptr_equal(lum_roster_by_node(roster, t), facts_device(roster, 2));
    memset(t, 0x81, sizeof t);
    assert_ptr_equal(lum_roster_by_node(roster, t), facts_device(roster, 1));
    memset(t, 0x90, sizeof t);
    assert_null(lum_roster_by_node(roster, t));
    lum_roster_close(roster);
}

static void holders_are_numbered_by_key(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 2), JOIN(5, 1, 0), JOIN(3, 2, 0),
                                 ADMIT(0, 3, 1, STEWARD)};
    struct lum_roster *roster = facts_roster(facts, LUM_COUNT(facts), NULL);
    uint8_t a[32];
    assert_int_equal(lum_roster_holder_count(roster), 2);
    facts_person(0, a);
    assert_int_equal(lum_roster_holder(roster, a), 0);
    facts_person(5, a);
    assert_int_equal(lum_roster_holder(roster, a), 1);
    facts_person(3, a);
    assert_int_equal(lum_roster_holder(roster, a), -1);
    lum_roster_close(roster);
}

static void the_digest_moves_with_roles_only(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 3), JOIN(1, 1, 0), ADMIT(0, 2, 1, WRITER),
                                 ADMIT(0, 3, 1, STEWARD)};
    struct lum_hash digest[4];
    for (size_t n = 1; n <= 4; n++) {
        struct lum_roster *roster = facts_roster(facts, n, NULL);
        lum_roster_digest(roster, &digest[n - 1]);
        lum_roster_close(roster);
    }
    assert_memory_not_equal(digest[0].b, digest[1].b, 32);
    assert_memory_equal(digest[1].b, digest[2].b, 32);
    assert_memory_not_equal(digest[2].b, digest[3].b, 32);
}

static size_t devices_in(struct build_store *store)
{
    struct lum_roster *roster = NULL;
    assert_int_equal(lum_roster_read(build_log_txn(store), &roster, NULL), LUM_OK);
    size_t count = lum_roster_device_count(roster);
    lum_roster_close(roster);
    return count;
}

static void a_store_is_read_up_to_a_fork_point(void **state)
{
    (void)state;
    struct build *build = build_open(1);
    uint64_t invite = build_invite(build, 1, WRITER, 1);
    (void)build_join(build, 7, 1, invite);
    struct build_store *store = build_store_open(build);
    build_feed_all(store);
    assert_int_equal(devices_in(store), 2);
    build_freeze(store, 1, invite);
    assert_int_equal(devices_in(store), 2); /* the point itself stands */
    build_freeze(store, 1, invite - 1);
    assert_int_equal(devices_in(store), 1);
    build_store_close(store);
    build_close(build);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rights_follow_role_kind_and_shelf),
        cmocka_unit_test(expiry_decides_only_who_is_answered),
        cmocka_unit_test(a_node_key_finds_the_effective_device),
        cmocka_unit_test(holders_are_numbered_by_key),
        cmocka_unit_test(the_digest_moves_with_roles_only),
        cmocka_unit_test(a_store_is_read_up_to_a_fork_point),
    };
    return cmocka_run_group_tests(tests, facts_set_up, NULL);
}
