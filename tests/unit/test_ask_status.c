/* How a space stands, in one map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/peers.h"
#include "tests/lib/asker.h"
#include "tests/lib/vectors.h"

static void found(struct site *site)
{
    site_prepare(site);
    site_found(site, "Sari");
}

static json_t *status_of(struct site *site)
{
    struct answer got;
    asker_ask(site, "status", "{}", &got);
    assert_int_equal(got.status, LUM_OK);
    assert_int_equal(got.row_count, 0);
    json_t *json = json_loads(answer_last(&got), 0, NULL);
    assert_non_null(json);
    answer_drop(&got);
    return json;
}

static void status_tells_who_and_how_much(void **state)
{
    (void)state;
    struct site s[2];
    site_pair(s);
    struct lum_id id = site_put(&s[0], "k", "a", "1").record;
    (void)site_put(&s[0], "l", "a", "1");
    assert_int_equal(site_delete(&s[0], &id), LUM_OK);
    json_t *json = status_of(&s[0]);
    vectors_same(json, "space", lum_space_id(s[0].space)->b, 32);
    assert_string_equal(vectors_text(json, "name"), "Hall");
    assert_string_equal(vectors_text(json, "person"), "Sari");
    assert_string_equal(vectors_text(json, "role"), "steward");
    assert_int_equal(strlen(vectors_text(json, "member")), 32);
    assert_int_equal(vectors_number(json, "records"), 1);
    assert_int_equal(vectors_number(json, "deleted"), 1);
    assert_int_equal(vectors_number(json, "conflicts"), 0);
    assert_int_equal(vectors_number(json, "revived"), 0);
    assert_int_equal(vectors_number(json, "pending"), 0);
    assert_int_equal(vectors_number(json, "void"), 0);
    assert_int_equal(vectors_number(json, "waiting"), 0);
    assert_int_equal(vectors_number(json, "logs"), 4);
    assert_int_equal(vectors_number(json, "events"), 2 + 2 + 3 + 1 + 1);
    assert_true(vectors_number(json, "bytes_log") >= 4096);
    assert_true(vectors_number(json, "bytes_view") >= 4096);
    assert_string_equal(vectors_text(json, "version"), LUM_VERSION);
    const json_t *roster = json_object_get(json, "roster");
    assert_int_equal(vectors_number(roster, "members"), 2);
    assert_int_equal(vectors_number(roster, "waiting"), 0);
    assert_null(json_object_get(json, "in_doubt"));
    assert_null(json_object_get(json, "self_waiting"));
    assert_null(json_object_get(json, "forks"));
    json_decref(json);
    site_drop_pair(s);
}

static void frontier_and_state_are_equal_exactly_when_the_same_is_held(void **state)
{
    (void)state;
    struct site s[2];
    site_pair(s);
    for (int round = 0; round < 2; round++) {
        (void)site_put(&s[0], round == 0 ? "k" : "l", "a", "1");
        for (int met = 0; met < 2; met++) {
            json_t *a = status_of(&s[0]);
            json_t *b = status_of(&s[1]);
            assert_int_equal(strlen(vectors_text(a, "frontier")), 32);
            assert_int_equal(strlen(vectors_text(a, "state")), 64);
            assert_int_equal(strcmp(vectors_text(a, "frontier"), vectors_text(b, "frontier")) == 0,
                             met);
            assert_int_equal(strcmp(vectors_text(a, "state"), vectors_text(b, "state")) == 0, met);
            json_decref(a);
            json_decref(b);
            site_meet(&s[0], &s[1]);
        }
    }
    site_drop_pair(s);
}

static void each_shelf_has_its_own(void **state)
{
    (void)state;
    struct site site;
    found(&site);
    json_t *json = status_of(&site);
    const json_t *shelves = vectors_array(json, "shelves");
    assert_int_equal(json_array_size(shelves), 2);
    static const char *const names[] = {"gov", "common"};
    for (size_t i = 0; i < 2; i++) {
        const json_t *shelf = json_array_get(shelves, i);
        assert_int_equal(vectors_number(shelf, "shelf"), i);
        assert_string_equal(vectors_text(shelf, "name"), names[i]);
        assert_int_equal(
            strcmp(vectors_text(shelf, "frontier"), vectors_text(json, "frontier")) == 0, i);
        assert_int_equal(strcmp(vectors_text(shelf, "state"), vectors_text(json, "state")) == 0, i);
    }
    struct lum_hash root = site_root(&site);
    vectors_same(json, "state", root.b, 32);
    json_decref(json);
    site_drop(&site);
}

static uint64_t kept_buckets(struct site *site)
{
    struct lum_txn *txn = NULL;
    assert_int_equal(lum_txn_begin_read(lum_space_view(site->space), &txn, NULL), LUM_OK);
    uint64_t rows = lum_txn_rows(txn, LUM_V_TREE);
    lum_txn_abort(txn);
    return rows;
}

static void keep_state(struct site *site, char out[65])
{
    json_t *json = status_of(site);
    (void)snprintf(out, 65, "%s", vectors_text(json, "state"));
    json_decref(json);
}

static void a_state_that_is_kept_follows_the_edits(void **state)
{
    (void)state;
    struct site site;
    char text[65];
    char anew[65];
    found(&site);
    struct lum_id id = site_put(&site, "k", "a", "1").record;
    assert_int_equal(lum_space_keep_roots(site.space, NULL), LUM_OK);
    assert_int_equal(kept_buckets(&site), 4096);
    assert_int_equal(site_set(&site, &id, "a", "2"), LUM_OK);
    assert_int_equal(kept_buckets(&site), 4095); /* all but the one that was edited */
    assert_int_equal(lum_space_keep_roots(site.space, NULL), LUM_OK);
    assert_int_equal(kept_buckets(&site), 4096);
    keep_state(&site, text);
    assert_int_equal(lum_space_rebuild(site.space, NULL, NULL), LUM_OK); /* keeps nothing */
    assert_int_equal(kept_buckets(&site), 0);
    keep_state(&site, anew);
    assert_string_equal(anew, text);
    site_drop(&site);
}

static void a_large_space_keeps_its_state(void **state)
{
    (void)state;
    struct site site;
    char text[65];
    found(&site);
    site_begin(&site);
    for (int i = 0; i < 10000; i++) {
        const struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON,
                                               .collection = lum_bytes_of("item", 4)};
        struct lum_edit_result out;
        assert_int_equal(lum_edit_make(site.editor, &target, site_map("a", "1"), &out, NULL),
                         LUM_OK);
    }
    site_commit(&site);
    keep_state(&site, text);
    assert_int_equal(kept_buckets(&site), 4096);
    site_drop(&site);
}

static void a_newcomer_says_so(void **state)
{
    (void)state;
    struct site s[2];
    found(&s[0]);
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_prepare(&s[1]);
    site_arrive(&s[1], &invite);
    json_t *json = status_of(&s[1]);
    assert_true(json_is_true(json_object_get(json, "newcomer")));
    vectors_same(json, "space", lum_space_id(s[0].space)->b, 32);
    assert_int_equal(vectors_number(json, "records"), 0);
    assert_null(json_object_get(json, "state"));
    json_decref(json);
    site_drop_pair(s);
}

static void who_waits_for_approval_is_told(void **state)
{
    (void)state;
    struct site s[2];
    site_pair(s);
    const struct lum_control cancel = {
        .op = LUM_CANCEL, .cancel = lum_roster_invite(lum_space_roster(s[0].space), 0)->ref};
    struct lum_event_at at;
    site_begin(&s[0]);
    assert_int_equal(lum_space_append_control(s[0].space, &cancel, &at, NULL), LUM_OK);
    site_commit(&s[0]);
    site_meet(&s[0], &s[1]);
    json_t *json = status_of(&s[1]);
    assert_true(json_is_true(json_object_get(json, "self_waiting")));
    assert_string_equal(vectors_text(json, "role"), "none");
    assert_int_equal(vectors_number(json_object_get(json, "roster"), "waiting"), 1);
    assert_int_equal(vectors_number(json, "pending"), 1); /* Budi's name */
    json_decref(json);
    site_drop_pair(s);
}

static void a_copied_store_is_in_doubt(void **state)
{
    (void)state;
    struct site site;
    struct site copy;
    found(&site);
    site_prepare(&copy);
    site_close(&site);
    site_copy(&site, &copy);
    site_open(&copy);
    json_t *json = status_of(&copy);
    assert_true(json_is_true(json_object_get(json, "in_doubt")));
    json_decref(json);
    site_drop(&copy);
    site_open(&site);
    json = status_of(&site);
    assert_null(json_object_get(json, "in_doubt"));
    json_decref(json);
    site_drop(&site);
}

static void the_last_meetings_stay_in_the_status(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_peers peers;
    struct lum_buf note;
    site_pair(s);
    lum_peers_init(&peers);
    lum_buf_init(&note, 65536);
    struct lum_peer *peer = lum_peers_by_address(&peers, "10.0.0.7:7433", true);
    memcpy(peer->t, lum_space_keys(s[1].space)->node.public, 32);
    peer->meetings = 3;
    peer->bytes_in = 1000;
    peer->last = (struct lum_meeting){.wall_ms = 42,
                                      .is_equal = true,
                                      .received = 31,
                                      .sent = 12,
                                      .conflicts = 1,
                                      .clock_ms = -7,
                                      .fault = "seal",
                                      .copy_seen = true};
    lum_peers_write(&peers, &note);
    lum_peers_fini(&peers);
    site_begin(&s[0]);
    assert_int_equal(lum_log_note_put(lum_space_log_txn(s[0].space), "peers", lum_buf_bytes(&note)),
                     LUM_OK);
    site_commit(&s[0]);
    lum_buf_fini(&note);
    json_t *json = status_of(&s[0]);
    const json_t *list = vectors_array(json, "peers");
    assert_int_equal(json_array_size(list), 1);
    const json_t *told = json_array_get(list, 0);
    assert_string_equal(vectors_text(told, "address"), "10.0.0.7:7433");
    assert_string_equal(vectors_text(told, "name"), "Budi");
    assert_string_equal(vectors_text(told, "fault"), "seal");
    assert_int_equal(vectors_number(told, "t"), 42);
    assert_int_equal(vectors_number(told, "received"), 31);
    assert_int_equal(vectors_number(told, "sent"), 12);
    assert_int_equal(vectors_number(told, "conflicts"), 1);
    assert_int_equal(vectors_number(told, "clock_ms"), -7);
    assert_int_equal(vectors_number(told, "meetings"), 3);
    assert_int_equal(vectors_number(told, "bytes_in"), 1000);
    assert_true(json_is_true(json_object_get(told, "equal")));
    assert_true(json_is_true(json_object_get(told, "copy")));
    assert_true(json_is_false(json_object_get(told, "fork")));
    json_decref(json);
    site_drop_pair(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_tells_who_and_how_much),
        cmocka_unit_test(frontier_and_state_are_equal_exactly_when_the_same_is_held),
        cmocka_unit_test(each_shelf_has_its_own),
        cmocka_unit_test(a_state_that_is_kept_follows_the_edits),
        cmocka_unit_test(a_large_space_keeps_its_state),
        cmocka_unit_test(a_newcomer_says_so),
        cmocka_unit_test(who_waits_for_approval_is_told),
        cmocka_unit_test(a_copied_store_is_in_doubt),
        cmocka_unit_test(the_last_meetings_stay_in_the_status),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
