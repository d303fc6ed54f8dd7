/* What a person means by a short text, and what it is called when told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/ask_ref.h"
#include "net/frame.h"
#include "tests/lib/asker.h"

static struct lum_bytes bytes_of(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

static void found(struct site *site)
{
    site_prepare(site);
    site_found(site, "Sari");
}

/* Snapshots of a settled site. */
struct look {
    struct lum_txn *log;
    struct lum_txn *view;
};

static struct look look_at(struct site *site)
{
    struct look look = {NULL, NULL};
    (void)site_settle(site);
    assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &look.log, NULL), LUM_OK);
    assert_int_equal(lum_txn_begin_read(lum_space_view(site->space), &look.view, NULL), LUM_OK);
    return look;
}

static void look_away(struct look *look)
{
    lum_txn_abort(look->view);
    lum_txn_abort(look->log);
}

/* ---- records ---- */

static void ask_prefix(struct site *site, const char *prefix, struct answer *out)
{
    char arguments[64];
    (void)snprintf(arguments, sizeof arguments, "{\"record\":\"item/%s\"}", prefix);
    asker_ask(site, "get", arguments, out);
}

static void a_prefix_is_as_long_as_it_must_be(void **state)
{
    (void)state;
    static unsigned char fifth[65536]; /* by the first four digits: the fifth, and 16 */
    struct site site;
    struct answer got;
    char prefix[6] = {0};
    found(&site);
    memset(fifth, 0, sizeof fifth);
    site_begin(&site);
    while (prefix[0] == '\0') { /* two of them share 16 bits after some hundred */
        const struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON,
                                               .collection = lum_bytes_of("item", 4)};
        struct lum_edit_result out;
        assert_int_equal(lum_edit_make(site.editor, &target, site_map("a", "1"), &out, NULL),
                         LUM_OK);
        unsigned first = (unsigned)out.record.b[0] << 8 | out.record.b[1];
        unsigned char digit = (unsigned char)(16 + (out.record.b[2] >> 4));
        if (fifth[first] != 0 && fifth[first] != digit) {
            (void)snprintf(prefix, sizeof prefix, "%04x%x", first, digit - 16U);
        }
        fifth[first] = digit;
    }
    site_commit(&site);
    ask_prefix(&site, prefix, &got);
    assert_int_equal(got.status, LUM_OK);
    assert_memory_equal(answer_member(answer_last(&got), "id"), prefix, 5);
    answer_drop(&got);
    prefix[4] = '\0';
    ask_prefix(&site, prefix, &got);
    answer_fails(&got, LUM_CAUSE_ambiguous_id, prefix);
    assert_string_equal(got.error.two, "2");
    answer_drop(&got);
    site_drop(&site);
}

static void a_key_that_looks_like_hex_is_a_key_first(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    char key[33];
    found(&site);
    struct lum_id id = site_put(&site, "first", "a", "1").record;
    for (size_t i = 0; i < 16; i++) {
        (void)snprintf(key + 2 * i, 3, "%02x", id.b[i]);
    }
    key[6] = '\0';
    (void)site_put(&site, key, "a", "2");
    char arguments[64];
    (void)snprintf(arguments, sizeof arguments, "{\"record\":\"item/%s\"}", key);
    asker_ask(&site, "get", arguments, &got);
    assert_string_equal(answer_member(answer_last(&got), "fields"), "{\"a\":\"2\"}");
    answer_drop(&got);
    site_drop(&site);
}

static void a_slash_belongs_to_the_key(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    (void)site_put(&site, "a/b/c", "a", "1");
    asker_ask(&site, "get", "{\"record\":\"item/a/b/c\"}", &got);
    assert_string_equal(answer_member(answer_last(&got), "key"), "a/b/c");
    answer_drop(&got);
    site_drop(&site);
}

/* ---- events ---- */

static void an_event_is_a_prefix_of_its_log_and_a_number(void **state)
{
    (void)state;
    struct site site;
    struct lum_log_row row;
    struct lum_place place;
    char text[96];
    found(&site);
    (void)site_put(&site, "k", "a", "1");
    (void)site_own_logs(&site, LUM_SHELF_COMMON, &row);
    struct look look = look_at(&site);
    for (int digits = 4; digits <= 64; digits += 20) {
        int at = 0;
        for (int i = 0; i < 32; i++) {
            at += snprintf(text + at, sizeof text - (size_t)at, "%02X", row.place.log_id.b[i]);
        }
        (void)snprintf(text + digits, sizeof text - (size_t)digits, ":0");
        assert_int_equal(lum_ref_event(bytes_of(text), look.log, &place, NULL), LUM_INVALID);
        text[digits + 1] = '3';
        assert_int_equal(lum_ref_event(bytes_of(text), look.log, &place, NULL), LUM_OK);
        assert_int_equal(place.lno, row.lno);
        assert_int_equal(place.seq, 3);
    }
    look_away(&look);
    site_drop(&site);
}

static void what_is_no_event_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",         ":",      "1234",    "123:1",  "1234:",
        "1234:0",   "1234:x", "1234:-1", "zzzz:1", "1234:99999999999999999999",
        "0000:1:2",
    };
    struct site site;
    struct lum_place place;
    struct lum_error err;
    found(&site);
    struct look look = look_at(&site);
    for (size_t i = 0; i < LUM_COUNT(texts); i++) {
        assert_int_equal(lum_ref_event(bytes_of(texts[i]), look.log, &place, &err), LUM_INVALID);
        assert_int_equal(err.cause, LUM_CAUSE_bad_id);
        assert_string_equal(err.one, texts[i]);
    }
    look_away(&look);
    site_drop(&site);
}

/* ---- members ---- */

static void a_member_is_a_name_or_a_prefix_of_its_id(void **state)
{
    (void)state;
    struct site site;
    const struct lum_device *device = NULL;
    char hex[33];
    found(&site);
    struct look look = look_at(&site);
    const struct lum_roster *roster = lum_space_roster(site.space);
    const struct lum_device *sari = lum_roster_device(roster, 0);
    assert_int_equal(lum_ref_member(bytes_of("Sari"), roster, look.view, look.log, &device, NULL),
                     LUM_OK);
    assert_ptr_equal(device, sari);
    for (size_t i = 0; i < 16; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", sari->member.b[i]);
    }
    for (int digits = 32; digits >= 4; digits -= 7) {
        hex[digits] = '\0';
        device = NULL;
        assert_int_equal(lum_ref_member(bytes_of(hex), roster, look.view, look.log, &device, NULL),
                         LUM_OK);
        assert_ptr_equal(device, sari);
    }
    hex[3] = '\0';
    assert_int_equal(lum_ref_member(bytes_of(hex), roster, look.view, look.log, &device, NULL),
                     LUM_NOT_FOUND);
    assert_int_equal(lum_ref_member(bytes_of("sari"), roster, look.view, look.log, &device, NULL),
                     LUM_NOT_FOUND);
    look_away(&look);
    site_drop(&site);
}

static void a_name_that_two_bear_is_ambiguous(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_error err;
    const struct lum_device *device = NULL;
    found(&s[0]);
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_prepare(&s[1]);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Sari");
    site_meet(&s[0], &s[1]);
    struct look look = look_at(&s[0]);
    assert_int_equal(lum_ref_member(bytes_of("Sari"), lum_space_roster(s[0].space), look.view,
                                    look.log, &device, &err),
                     LUM_INVALID);
    assert_int_equal(err.cause, LUM_CAUSE_ambiguous_id);
    look_away(&look);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

static void who_has_no_name_is_told_by_a_short_id(void **state)
{
    (void)state;
    struct site site;
    struct lum_arena arena;
    struct lum_bytes name;
    static const uint8_t stranger[32] = {0xab, 0xcd, 0xef, 0x01, 0x23};
    found(&site);
    struct look look = look_at(&site);
    const struct lum_world world = {
        .log = look.log, .view = look.view, .roster = lum_space_roster(site.space)};
    lum_arena_init(&arena);
    assert_int_equal(lum_ref_name(&world, &arena, stranger, &name), LUM_OK);
    assert_memory_equal(name.at, "abcdef01", 8);
    assert_int_equal(name.len, 8);
    assert_int_equal(lum_ref_name(&world, &arena, lum_space_keys(site.space)->author.public, &name),
                     LUM_OK);
    assert_true(lum_bytes_equal(name, bytes_of("Sari")));
    assert_int_equal(lum_ref_space_name(&world, &arena, &name), LUM_OK);
    assert_true(lum_bytes_equal(name, bytes_of("Hall")));
    lum_arena_fini(&arena);
    look_away(&look);
    site_drop(&site);
}

/* ---- roles and errors ---- */

static void roles_have_names_and_names_roles(void **state)
{
    (void)state;
    for (unsigned role = LUM_ROLE_RELAY; role <= LUM_ROLE_STEWARD; role++) {
        assert_int_equal(lum_ref_role(bytes_of(lum_ref_role_name(role))), role);
    }
    assert_string_equal(lum_ref_role_name(LUM_ROLE_NONE), "none");
    assert_string_equal(lum_ref_role_name(99), "none");
    assert_int_equal(lum_ref_role(bytes_of("none")), LUM_ROLE_NONE);
    assert_int_equal(lum_ref_role(bytes_of("Writer")), LUM_ROLE_NONE);
    assert_int_equal(lum_ref_role(bytes_of("")), LUM_ROLE_NONE);
}

static void a_text_too_long_for_an_error_is_cut_between_characters(void **state)
{
    (void)state;
    char text[400];
    struct lum_error err;
    memset(text, 'a', 254);
    memcpy(text + 254, "\xc3\xa9", 2); /* its two bytes would be the 255th and 256th */
    memset(text + 256, 'b', sizeof text - 256);
    assert_int_equal(lum_ref_fail(&err, LUM_CAUSE_bad_id, lum_bytes_of(text, sizeof text)),
                     LUM_INVALID);
    assert_int_equal(strlen(err.one), 254);
    assert_int_equal(lum_ref_fail(&err, LUM_CAUSE_bad_id, (struct lum_bytes){0}), LUM_INVALID);
    assert_string_equal(err.one, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_is_as_long_as_it_must_be),
        cmocka_unit_test(a_key_that_looks_like_hex_is_a_key_first),
        cmocka_unit_test(a_slash_belongs_to_the_key),
        cmocka_unit_test(an_event_is_a_prefix_of_its_log_and_a_number),
        cmocka_unit_test(what_is_no_event_is_refused),
        cmocka_unit_test(a_member_is_a_name_or_a_prefix_of_its_id),
        cmocka_unit_test(a_name_that_two_bear_is_ambiguous),
        cmocka_unit_test(who_has_no_name_is_told_by_a_short_id),
        cmocka_unit_test(roles_have_names_and_names_roles),
        cmocka_unit_test(a_text_too_long_for_an_error_is_cut_between_characters),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
