/* test_peers.c - the address book. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/pack.h"
#include "net/peers.h"

static struct lum_peers peers;

static int set_up(void **state)
{
    (void)state;
    lum_peers_init(&peers);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_peers_fini(&peers);
    return 0;
}

static void an_address_is_entered_once(void **state)
{
    (void)state;
    struct lum_peer *first = lum_peers_by_address(&peers, "10.0.0.1:4820", true);
    assert_non_null(first);
    assert_ptr_equal(lum_peers_by_address(&peers, "10.0.0.1:4820", true), first);
    assert_null(lum_peers_by_address(&peers, "10.0.0.2:4820", false));
    assert_int_equal(peers.count, 1);
}

static void an_address_too_long_or_empty_is_refused(void **state)
{
    (void)state;
    char text[LUM_ADDRESS_TEXT + 1];
    memset(text, 'a', LUM_ADDRESS_TEXT);
    text[LUM_ADDRESS_TEXT] = '\0';
    assert_null(lum_peers_by_address(&peers, text, true));
    assert_null(lum_peers_by_address(&peers, "", true));
    assert_int_equal(peers.count, 0);
}

static void a_full_book_lets_the_one_met_longest_ago_go(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LUM_ADDRESSES_MAX; i++) {
        char text[LUM_ADDRESS_TEXT];
        snprintf(text, sizeof(text), "10.0.%u.%u:1", i / 256, i % 256);
        lum_peers_by_address(&peers, text, true)->last.wall_ms = 1000 + i;
    }
    lum_peers_by_address(&peers, "10.0.0.7:1", false)->last.wall_ms = 5;
    lum_peers_by_address(&peers, "10.0.0.3:1", false)->session = 9;
    lum_peers_by_address(&peers, "10.0.0.3:1", false)->last.wall_ms = 1;
    assert_non_null(lum_peers_by_address(&peers, "192.168.1.1:1", true));
    assert_null(lum_peers_by_address(&peers, "10.0.0.7:1", false));
    assert_non_null(lum_peers_by_address(&peers, "10.0.0.3:1", false));
    assert_int_equal(peers.count, LUM_ADDRESSES_MAX);
}

static void guests_give_way_before_any_hall(void **state)
{
    (void)state;
    uint8_t t[32] = {1};
    for (int i = 0; i < LUM_ADDRESSES_MAX - 1; i++) {
        char address[LUM_ADDRESS_TEXT];
        snprintf(address, sizeof(address), "10.0.0.%d:1", i);
        assert_non_null(lum_peers_by_address(&peers, address, true));
    }
    for (uint32_t i = 0; i < 200; i++) { /* newer than all halls, and each in a place of the last */
        t[1] = (uint8_t)i;
        struct lum_peer *guest = lum_peers_by_node(&peers, t, true);
        assert_non_null(guest);
        guest->is_guest = true;
        guest->last.wall_ms = 1000 + i;
    }
    for (int i = 0; i < LUM_ADDRESSES_MAX - 1; i++) {
        assert_string_not_equal(peers.at[i].address, "");
    }
}

static void waits_double_up_to_the_limit_and_a_good_meeting_resets_them(void **state)
{
    (void)state;
    struct lum_peer *peer = lum_peers_by_address(&peers, "a:1", true);
    uint64_t expected = LUM_DIAL_BACKOFF_MIN_MS;
    for (int i = 0; i < 10; i++) {
        lum_peer_failed(peer, 1000, 0);
        assert_int_equal(peer->next_try_ms, 1000 + expected);
        expected = 2 * expected < LUM_DIAL_BACKOFF_MAX_MS ? 2 * expected : LUM_DIAL_BACKOFF_MAX_MS;
    }
    lum_peer_met(peer, 2000);
    lum_peer_failed(peer, 3000, 0); /* it ended badly: that is no reason to come sooner */
    assert_int_equal(peer->next_try_ms, 3000 + LUM_DIAL_BACKOFF_MAX_MS);
    lum_peer_met(peer, 4000);
    lum_peer_went_well(peer);
    lum_peer_failed(peer, 5000, 0);
    assert_int_equal(peer->next_try_ms, 5000 + LUM_DIAL_BACKOFF_MIN_MS);
}

static void jitter_never_takes_more_than_a_quarter(void **state)
{
    (void)state;
    struct lum_peer *peer = lum_peers_by_address(&peers, "a:1", true);
    lum_peer_failed(peer, 0, UINT32_MAX);
    assert_true(peer->next_try_ms > LUM_DIAL_BACKOFF_MIN_MS - LUM_DIAL_BACKOFF_MIN_MS / 4);
    assert_true(peer->next_try_ms <= LUM_DIAL_BACKOFF_MIN_MS);
}

static void only_idle_addresses_are_due(void **state)
{
    (void)state;
    uint64_t wake_ms = UINT64_MAX;
    uint8_t t[32] = {1};
    lum_peers_by_address(&peers, "live:1", true)->session = 3;
    lum_peers_by_address(&peers, "dialling:1", true)->is_dialling = true;
    lum_peers_by_address(&peers, "later:1", true)->next_try_ms = 700;
    assert_non_null(lum_peers_by_node(&peers, t, true)); /* no address */
    assert_null(lum_peers_due(&peers, 500, &wake_ms));
    assert_int_equal(wake_ms, 700);
    assert_string_equal(lum_peers_due(&peers, 700, &wake_ms)->address, "later:1");
}

static void the_note_brings_the_book_back(void **state)
{
    (void)state;
    struct lum_peers again;
    struct lum_buf note;
    struct lum_peer *peer = lum_peers_by_address(&peers, "[fe80::1]:4820", true);
    memset(peer->t, 7, sizeof(peer->t));
    peer->meetings = 3;
    peer->last = (struct lum_meeting){.wall_ms = 1700000000000,
                                      .is_equal = true,
                                      .received = 31,
                                      .sent = 12,
                                      .conflicts = 1,
                                      .clock_ms = -3600001,
                                      .fault = "seal",
                                      .copy_seen = true};
    peer->bytes_in = 400;
    lum_buf_init(&note, 4096);
    lum_peers_write(&peers, &note);
    assert_int_equal(lum_pack_check(lum_buf_bytes(&note)), LUM_FAULT_NONE);
    lum_peers_init(&again);
    assert_int_equal(lum_peers_read(&again, lum_buf_bytes(&note)), LUM_OK);
    assert_int_equal(again.count, 1);
    assert_string_equal(again.at[0].address, "[fe80::1]:4820");
    assert_memory_equal(again.at[0].t, peer->t, sizeof(peer->t));
    assert_int_equal(again.at[0].last.received, 31);
    assert_int_equal(again.at[0].last.clock_ms, -3600001);
    assert_string_equal(again.at[0].last.fault, "seal");
    assert_true(again.at[0].last.is_equal && again.at[0].last.copy_seen);
    assert_int_equal(again.at[0].bytes_in, 400);
    assert_false(again.is_dirty);
    lum_peers_fini(&again);
    lum_buf_fini(&note);
}

static void a_damaged_note_gives_what_stands_before_the_damage(void **state)
{
    (void)state;
    struct lum_peers again;
    struct lum_buf note;
    lum_peers_by_address(&peers, "a:1", true);
    lum_peers_by_address(&peers, "b:1", true);
    lum_buf_init(&note, 4096);
    lum_peers_write(&peers, &note);
    for (size_t len = 0; len < note.len; len++) {
        lum_peers_init(&again);
        assert_int_equal(lum_peers_read(&again, lum_bytes_of(note.at, len)), LUM_OK);
        assert_true(again.count <= 1);
        lum_peers_fini(&again);
    }
    lum_buf_fini(&note);
}

static void a_zero_byte_in_an_address_is_damage(void **state)
{
    (void)state;
    struct lum_peers again;
    struct lum_buf note;
    lum_peers_by_address(&peers, "a:1", true);
    lum_peers_by_address(&peers, "b:1", true);
    lum_buf_init(&note, 4096);
    lum_peers_write(&peers, &note);
    uint8_t *second = memchr(note.at, 'b', note.len);
    assert_non_null(second);
    *second = '\0';
    lum_peers_init(&again);
    assert_int_equal(lum_peers_read(&again, lum_buf_bytes(&note)), LUM_OK);
    assert_int_equal(again.count, 1);
    assert_string_equal(again.at[0].address, "a:1");
    lum_peers_fini(&again);
    lum_buf_fini(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_address_is_entered_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_address_too_long_or_empty_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_book_lets_the_one_met_longest_ago_go, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(waits_double_up_to_the_limit_and_a_good_meeting_resets_them,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(guests_give_way_before_any_hall, set_up, tear_down),
        cmocka_unit_test_setup_teardown(jitter_never_takes_more_than_a_quarter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_idle_addresses_are_due, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_note_brings_the_book_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_damaged_note_gives_what_stands_before_the_damage, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_zero_byte_in_an_address_is_damage, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
