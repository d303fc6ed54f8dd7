/* What stewards ask for, and files made anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/asker.h"

static void found(struct site *site)
{
    site_prepare(site);
    site_found(site, "Sari");
}

static void join_by(struct site *site, struct site *member, const struct lum_invite *invite,
                    const char *person)
{
    site_prepare(site);
    site_arrive(site, invite);
    site_join(site, member, person);
    site_meet(site, member);
}

static struct lum_invite read_invite(const struct answer *answer)
{
    struct lum_invite invite;
    assert_int_equal(
        lum_invite_from_text(answer_member(answer_last(answer), "invite"), &invite, NULL), LUM_OK);
    return invite;
}

static enum lum_role role_of(struct site *at, struct site *whose)
{
    const struct lum_device *device = lum_roster_by_author(
        lum_space_roster(at->space), lum_space_keys(whose->space)->author.public);
    assert_non_null(device);
    return device->role;
}

/* ---- invite ---- */

static void an_invite_lets_a_newcomer_in(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    found(&s[0]);
    asker_ask(&s[0], "invite", "{}", &got);
    assert_int_equal(got.status, LUM_OK);
    assert_string_equal(answer_member(answer_last(&got), "role"), "writer");
    assert_string_equal(answer_member(answer_last(&got), "uses"), "1");
    struct lum_invite invite = read_invite(&got);
    assert_int_equal(invite.port, 0);
    assert_memory_equal(invite.space.b, lum_space_id(s[0].space)->b, 32);
    assert_memory_equal(invite.epoch_pin, invite.space.b, 16);
    uint64_t expiry = strtoull(answer_member(answer_last(&got), "expiry_ms"), NULL, 10);
    assert_in_range(expiry, s[0].wall_ms + 29 * SITE_DAY_MS, s[0].wall_ms + 30 * SITE_DAY_MS);
    answer_drop(&got);
    join_by(&s[1], &s[0], &invite, "Budi");
    assert_int_equal(role_of(&s[0], &s[1]), LUM_ROLE_WRITER);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

static void an_invite_says_what_was_wished(void **state)
{
    (void)state;
    static const uint8_t v4[16] = {[10] = 0xff, [11] = 0xff, 192, 168, 10, 5};
    struct site site;
    struct answer got;
    found(&site);
    asker_ask(&site, "invite",
              "{\"role\":\"relay\",\"uses\":5,\"expiry_days\":0,\"address\":\"192.168.10.5:7433\"}",
              &got);
    assert_int_equal(got.status, LUM_OK);
    struct lum_invite invite = read_invite(&got);
    assert_memory_equal(invite.address, v4, 16);
    assert_int_equal(invite.port, 7433);
    assert_string_equal(answer_member(answer_last(&got), "address"), "192.168.10.5:7433");
    assert_string_equal(answer_member(answer_last(&got), "expiry_ms"), "0");
    answer_drop(&got);
    asker_ask(&site, "invites", "{}", &got);
    assert_string_equal(answer_member(answer_row(&got, 0), "role"), "relay");
    assert_string_equal(answer_member(answer_row(&got, 0), "uses"), "5");
    assert_string_equal(answer_member(answer_row(&got, 0), "expiry_ms"), "0");
    answer_drop(&got);
    site_drop(&site);
}

static void an_invite_refuses_strange_wishes(void **state)
{
    (void)state;
    static const struct {
        const char *arguments;
        enum lum_cause cause;
        const char *one;
    } cases[] = {
        {"{\"role\":\"king\"}", LUM_CAUSE_bad_request, "role"},
        {"{\"uses\":0}", LUM_CAUSE_bad_request, "uses"},
        {"{\"uses\":100000000}", LUM_CAUSE_bad_request, "uses"},
        {"{\"expiry_days\":40000}", LUM_CAUSE_bad_request, "expiry_days"},
        {"{\"address\":\"hall.example:7433\"}", LUM_CAUSE_bad_address, "hall.example:7433"},
        {"{\"address\":\"192.168.1.1\"}", LUM_CAUSE_bad_address, "192.168.1.1"},
    };
    struct site site;
    struct answer got;
    found(&site);
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        asker_ask(&site, "invite", cases[i].arguments, &got);
        answer_fails(&got, cases[i].cause, cases[i].one);
        answer_drop(&got);
    }
    asker_ask(&site, "invites", "{}", &got);
    answer_is(&got, "{\"count\":0}");
    answer_drop(&got);
    site_drop(&site);
}

static void only_stewards_decide(void **state)
{
    (void)state;
    static const char *const asked[][2] = {
        {"invite", "{}"},
        {"cancel", "{\"invite\":\"0000:1\"}"},
        {"admit", "{\"member\":\"Sari\"}"},
    };
    struct site s[2];
    struct answer got;
    found(&s[0]);
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 2);
    join_by(&s[1], &s[0], &invite, "Budi");
    for (size_t i = 0; i < LUM_COUNT(asked); i++) {
        asker_ask(&s[1], asked[i][0], asked[i][1], &got);
        answer_fails(&got, LUM_CAUSE_no_right, asked[i][0]);
        assert_string_equal(got.error.two, "steward");
        answer_drop(&got);
    }
    site_drop(&s[1]);
    site_prepare(&s[1]);
    site_arrive(&s[1], &invite); /* not even a member yet */
    asker_ask(&s[1], "invite", "{}", &got);
    answer_fails(&got, LUM_CAUSE_no_right, "invite");
    answer_drop(&got);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

/* ---- cancel ---- */

static void an_invite_is_cancelled_by_its_text_or_its_event(void **state)
{
    (void)state;
    struct site site;
    struct answer made;
    struct answer got;
    char arguments[256];
    found(&site);
    for (int by_text = 0; by_text < 2; by_text++) {
        asker_ask(&site, "invite", "{}", &made);
        (void)snprintf(arguments, sizeof arguments, "{\"invite\":\"%s\"}",
                       answer_member(answer_last(&made), by_text ? "invite" : "ref"));
        for (int again = 0; again < 2; again++) {
            asker_ask(&site, "cancel", arguments, &got);
            assert_int_equal(got.status, LUM_OK);
            assert_string_equal(answer_member(answer_last(&got), "end"),
                                again ? "same" : "changed");
            assert_string_equal(answer_member(answer_last(&got), "invite"),
                                answer_member(answer_last(&made), "ref"));
            assert_int_equal(strcmp(answer_member(answer_last(&got), "event"), "(none)") == 0,
                             again);
            answer_drop(&got);
        }
        answer_drop(&made);
    }
    asker_ask(&site, "invites", "{}", &got);
    answer_is(&got, "{\"count\":2}");
    assert_string_equal(answer_member(answer_row(&got, 0), "cancelled"), "true");
    assert_string_equal(answer_member(answer_row(&got, 1), "cancelled"), "true");
    answer_drop(&got);
    site_drop(&site);
}

static void an_unknown_invite_cannot_be_cancelled(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    char arguments[256];
    found(&s[0]);
    found(&s[1]);
    asker_ask(&s[1], "invite", "{}", &got); /* of another space */
    (void)snprintf(arguments, sizeof arguments, "{\"invite\":\"%s\"}",
                   answer_member(answer_last(&got), "invite"));
    answer_drop(&got);
    asker_ask(&s[0], "cancel", arguments, &got);
    answer_fails(&got, LUM_CAUSE_bad_invite, "unknown");
    answer_drop(&got);
    asker_ask(&s[0], "cancel", "{\"invite\":\"nonsense\"}", &got);
    answer_fails(&got, LUM_CAUSE_bad_id, "nonsense");
    answer_drop(&got);
    asker_ask(&s[0], "cancel", "{}", &got);
    answer_fails(&got, LUM_CAUSE_bad_request, "invite");
    answer_drop(&got);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

/* ---- admit ---- */

static void admit_confirms_who_waits(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    found(&s[0]);
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    join_by(&s[1], &s[0], &invite, "Budi");
    (void)site_put(&s[1], "k", "a", "1");
    site_meet(&s[0], &s[1]);
    const struct lum_ref ref = lum_roster_invite(lum_space_roster(s[0].space), 0)->ref;
    const struct lum_control cancel = {.op = LUM_CANCEL, .cancel = ref};
    struct lum_event_at at;
    site_begin(&s[0]);
    assert_int_equal(lum_space_append_control(s[0].space, &cancel, &at, NULL), LUM_OK);
    site_commit(&s[0]);
    (void)site_settle(&s[0]);
    assert_int_equal(role_of(&s[0], &s[1]), LUM_ROLE_NONE);
    assert_int_equal(site_counts(&s[0]).records, 0);
    char member[64];
    const struct lum_device *device = lum_roster_by_author(
        lum_space_roster(s[0].space), lum_space_keys(s[1].space)->author.public);
    (void)snprintf(member, sizeof member, "{\"member\":\"%02x%02x%02x%02x\"}", device->member.b[0],
                   device->member.b[1], device->member.b[2], device->member.b[3]);
    asker_ask(&s[0], "admit", member, &got); /* by id: whoever waits has no name that counts */
    assert_int_equal(got.status, LUM_OK);
    assert_string_equal(answer_member(answer_last(&got), "role"), "writer");
    assert_string_equal(answer_member(answer_last(&got), "end"), "changed");
    answer_drop(&got);
    (void)site_settle(&s[0]);
    assert_int_equal(role_of(&s[0], &s[1]), LUM_ROLE_WRITER);
    assert_int_equal(site_counts(&s[0]).records, 1);
    asker_ask(&s[0], "admit", "{\"member\":\"Budi\"}", &got);
    assert_string_equal(answer_member(answer_last(&got), "end"), "same");
    assert_string_equal(answer_member(answer_last(&got), "name"), "Budi");
    answer_drop(&got);
    asker_ask(&s[0], "admit", "{\"member\":\"Budi\",\"role\":\"steward\"}", &got);
    assert_string_equal(answer_member(answer_last(&got), "end"), "changed");
    answer_drop(&got);
    (void)site_settle(&s[0]);
    assert_int_equal(role_of(&s[0], &s[1]), LUM_ROLE_STEWARD);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

static void admit_refuses_who_is_not_there(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    asker_ask(&site, "admit", "{\"member\":\"Nobody\"}", &got);
    answer_fails(&got, LUM_CAUSE_no_member, "Nobody");
    answer_drop(&got);
    asker_ask(&site, "admit", "{}", &got);
    answer_fails(&got, LUM_CAUSE_bad_request, "member");
    answer_drop(&got);
    asker_ask(&site, "admit", "{\"member\":\"Sari\"}", &got); /* a founder is what she is */
    assert_string_equal(answer_member(answer_last(&got), "end"), "same");
    assert_string_equal(answer_member(answer_last(&got), "role"), "steward");
    answer_drop(&got);
    site_drop(&site);
}

/* ---- made anew ---- */

static void put_many(struct site *site, int count)
{
    site_begin(site);
    for (int i = 0; i < count; i++) {
        const struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON,
                                               .collection = lum_bytes_of("item", 4)};
        struct lum_edit_result out;
        assert_int_equal(lum_edit_make(site->editor, &target, site_map("a", "1"), &out, NULL),
                         LUM_OK);
    }
    site_commit(site);
    (void)site_settle(site);
}

static void rebuild_tells_its_pace_and_what_it_found(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    put_many(&site, 100);
    struct lum_hash before = site_root(&site);
    asker_ask(&site, "rebuild", "{}", &got);
    answer_is(&got, "{\"conflicts\":0,\"pending\":0,\"records\":100,\"void\":0,\"waiting\":0}");
    assert_true(got.progress >= 1);
    answer_drop(&got);
    assert_memory_equal(site_root(&site).b, before.b, 32);
    site_drop(&site);
}

static bool stop_now(void *self)
{
    (void)self;
    return true;
}

static void rebuild_and_compact_stop_when_asked_and_harm_nothing(void **state)
{
    (void)state;
    static const char *const names[] = {"rebuild", "compact"};
    const struct asking how = {.stop = stop_now};
    struct site site;
    struct answer got;
    found(&site);
    put_many(&site, 100);
    struct lum_hash before = site_root(&site);
    for (size_t i = 0; i < LUM_COUNT(names); i++) {
        asker_ask_so(&site, names[i], "{}", &how, &got);
        answer_fails(&got, LUM_CAUSE_interrupted, NULL);
        assert_string_equal(got.error.two, names[i]);
        answer_drop(&got);
        (void)site_settle(&site);
        assert_memory_equal(site_root(&site).b, before.b, 32);
    }
    site_drop(&site);
}

static void compact_tells_sizes_and_keeps_all(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    for (int i = 0; i < 20; i++) {
        put_many(&site, 100);
    }
    struct lum_hash before = site_root(&site);
    asker_ask(&site, "compact", "{}", &got);
    assert_int_equal(got.status, LUM_OK);
    assert_true(strtoull(answer_member(answer_last(&got), "bytes_log"), NULL, 10) <
                strtoull(answer_member(answer_last(&got), "bytes_log_before"), NULL, 10));
    assert_true(strtoull(answer_member(answer_last(&got), "bytes_view"), NULL, 10) <=
                strtoull(answer_member(answer_last(&got), "bytes_view_before"), NULL, 10));
    answer_drop(&got);
    (void)site_settle(&site);
    assert_memory_equal(site_root(&site).b, before.b, 32);
    assert_int_equal(site_counts(&site).records, 2000);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_invite_lets_a_newcomer_in),
        cmocka_unit_test(an_invite_says_what_was_wished),
        cmocka_unit_test(an_invite_refuses_strange_wishes),
        cmocka_unit_test(only_stewards_decide),
        cmocka_unit_test(an_invite_is_cancelled_by_its_text_or_its_event),
        cmocka_unit_test(an_unknown_invite_cannot_be_cancelled),
        cmocka_unit_test(admit_confirms_who_waits),
        cmocka_unit_test(admit_refuses_who_is_not_there),
        cmocka_unit_test(rebuild_tells_its_pace_and_what_it_found),
        cmocka_unit_test(rebuild_and_compact_stop_when_asked_and_harm_nothing),
        cmocka_unit_test(compact_tells_sizes_and_keeps_all),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
