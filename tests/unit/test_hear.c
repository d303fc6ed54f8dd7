/* test_hear.c - a neighbour that speaks wrongly, message by message: what is answered, and that the
 * meeting ends with the fault's name and nothing was handed to the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/talk.h"

/* ---- who it is ---- */

static void the_responder_speaks_first_and_tells_digests_alone(void **state)
{
    struct talk *t = *state;
    talk_up(t, false);
    assert_int_equal(t->outbox.count, 2);
    struct lum_auth auth;
    const struct lum_auth_role role = {false, t->hash};
    assert_int_equal(lum_message_get_auth(talk_sent(t, LUM_MESSAGE_AUTH), &auth), LUM_FAULT_NONE);
    assert_true(lum_message_check_auth(&auth, &role));
    assert_memory_equal(auth.t, lum_space_keys(t->hall.space)->node.public, 32);
    struct lum_front front;
    assert_int_equal(lum_message_get_front(talk_sent(t, LUM_MESSAGE_FRONT), &front),
                     LUM_FAULT_NONE);
    assert_int_equal(front.mode, LUM_FRONT_DIGESTS);
    assert_int_equal(front.digested, 3);
}

static void the_initiator_says_nothing_before_it_heard(void **state)
{
    struct talk *t = *state;
    talk_up(t, true);
    assert_int_equal(t->outbox.count, 0);
    talk_put_auth(t, false, true, &lum_space_keys(t->member.space)->node);
    talk_say(t, LUM_MESSAGE_AUTH);
    assert_true(talk_has_sent(t, LUM_MESSAGE_AUTH));
    assert_int_equal(talk_acts(t, LUM_SYNC_MET), 1);
}

static void a_good_auth_is_met(void **state)
{
    struct talk *t = *state;
    talk_meet(t);
    talk_assert_open(t);
    assert_int_equal(talk_acts(t, LUM_SYNC_MET), 1);
    uint16_t port = 0;
    assert_int_equal(lum_message_get_address(talk_sent(t, LUM_MESSAGE_ADDRESS), &port),
                     LUM_FAULT_NONE);
    assert_int_equal(port, 4711);
}

static void auth_of_the_wrong_role_ends_it(void **state)
{
    struct talk *t = *state;
    talk_up(t, false);
    talk_put_auth(t, false, true, &lum_space_keys(t->member.space)->node); /* as if reflected */
    talk_say(t, LUM_MESSAGE_AUTH);
    talk_assert_closed(t, LUM_FAULT_AUTH);
}

static void auth_of_another_handshake_ends_it(void **state)
{
    struct talk *t = *state;
    talk_up(t, false);
    t->hash[63] ^= 1;
    talk_put_auth(t, true, true, &lum_space_keys(t->member.space)->node);
    t->hash[63] ^= 1;
    talk_say(t, LUM_MESSAGE_AUTH);
    talk_assert_closed(t, LUM_FAULT_AUTH);
}

static void auth_that_names_no_generation_ends_it(void **state)
{
    struct talk *t = *state;
    talk_up(t, false);
    talk_put_auth(t, true, false, &lum_space_keys(t->member.space)->node);
    talk_say(t, LUM_MESSAGE_AUTH);
    talk_assert_closed(t, LUM_FAULT_AUTH);
}

static void a_second_auth_ends_it(void **state)
{
    struct talk *t = *state;
    talk_meet(t);
    talk_put_auth(t, true, true, &lum_space_keys(t->member.space)->node);
    talk_say(t, LUM_MESSAGE_AUTH);
    talk_assert_closed(t, LUM_FAULT_MESSAGE);
}

static void whoever_knows_the_secret_and_is_no_device_is_sent_away(void **state)
{
    struct talk *t = *state;
    static const uint8_t seed[32] = {9};
    struct lum_sign_key nobody;
    struct lum_front front = {.shown = 1, .digested = 1};
    struct lum_txn *txn = NULL;
    lum_sign_key_from_seed(seed, &nobody);
    talk_up(t, false);
    talk_put_auth(t, true, true, &nobody);
    talk_say(t, LUM_MESSAGE_AUTH);
    talk_assert_open(t);
    assert_int_equal(lum_txn_begin_read(lum_space_log(t->hall.space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_GOV, front.digests[0]), LUM_OK);
    lum_txn_abort(txn);
    lum_message_put_front(&t->body, &front); /* holds the same gov: it brings no JOIN */
    talk_say(t, LUM_MESSAGE_FRONT);
    talk_assert_closed(t, LUM_FAULT_AUTH);
}

static void a_device_nobody_knows_yet_is_shown_gov_alone(void **state)
{
    struct talk *t = *state;
    static const uint8_t seed[32] = {9};
    struct lum_sign_key nobody;
    struct lum_front front = {.mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 3, .digested = 3};
    lum_sign_key_from_seed(seed, &nobody);
    talk_up(t, false);
    talk_put_auth(t, true, true, &nobody);
    talk_say(t, LUM_MESSAGE_AUTH);
    lum_message_put_front(&t->body, &front); /* holds nothing */
    talk_say(t, LUM_MESSAGE_FRONT);
    talk_assert_open(t);
    assert_int_equal(lum_message_get_front(talk_sent(t, LUM_MESSAGE_FRONT), &front),
                     LUM_FAULT_NONE);
    assert_int_equal(front.shown, 1);
    assert_int_equal(front.covered, 1);
    for (size_t i = 0; i < t->outbox.count; i++) {
        struct lum_intro intro;
        if (t->outbox.at[i].type == LUM_SYNC_SEND &&
            t->outbox.at[i].send.type == LUM_MESSAGE_INTRO) {
            assert_int_equal(lum_message_get_intro(t->outbox.at[i].send.body, &intro),
                             LUM_FAULT_NONE);
            assert_int_equal(intro.name.shelf, LUM_SHELF_GOV);
        }
    }
    assert_true(talk_has_sent(t, LUM_MESSAGE_INTRO));
}

static void silence_instead_of_auth_ends_it(void **state)
{
    struct talk *t = *state;
    talk_up(t, false);
    assert_true(t->outbox.wake_ms <= t->now_ms + 10000);
    talk_tick(t, 9999);
    talk_assert_open(t);
    talk_tick(t, 1);
    talk_assert_closed(t, LUM_FAULT_NONE);
}

/* ---- what it says ---- */

static void nothing_but_auth_is_heard_first(void **state)
{
    struct talk *t = *state;
    talk_up(t, false);
    talk_bytes(t, LUM_MESSAGE_HOLD, "", 0);
    talk_assert_closed(t, LUM_FAULT_MESSAGE);
}

static void reserved_and_unknown_messages_end_it(void **state)
{
    struct talk *t = *state;
    static const uint8_t types[] = {0, 5, 12, 13, 14, 18, 255};
    for (size_t i = 0; i < LUM_COUNT(types); i++) {
        struct lum_sync_event down = {.type = LUM_SYNC_DOWN};
        talk_meet(t);
        talk_bytes(t, types[i], "", 0);
        talk_assert_closed(t, LUM_FAULT_MESSAGE);
        talk_step(t, &down);
    }
}

static void malformed_bodies_end_it_by_name(void **state)
{
    struct talk *t = *state;
    static const struct {
        uint8_t type;
        const char *bytes;
        size_t len;
        enum lum_fault fault;
    } wrong[] = {
        {LUM_MESSAGE_FRONT, "\x00\x03", 2, LUM_FAULT_TRUNCATED},
        {LUM_MESSAGE_FRONT, "\x02\x03\x00\xc4\x00", 5, LUM_FAULT_MESSAGE},
        {LUM_MESSAGE_FRONT, "\x01\x03\x02\xc4\x00\x05\x01\x01", 8, LUM_FAULT_MESSAGE}, /* its 5? */
        {LUM_MESSAGE_FRONT, "\x03\x03\x00\xc4\x00\xff\x01\x01", 8, LUM_FAULT_MESSAGE}, /* our 0? */
        {LUM_MESSAGE_INTRO,
         "\x01\xc4\x08"
         "12345678",
         11, LUM_FAULT_MESSAGE}, /* 1 before 0 */
        {LUM_MESSAGE_INTRO,
         "\x00\xc4\x07"
         "1234567",
         10, LUM_FAULT_TYPE},
        {LUM_MESSAGE_SEG, "\x00\x01\x00\xc4\x00x", 6, LUM_FAULT_MESSAGE},
        {LUM_MESSAGE_TAIL, "\x00\x01", 2, LUM_FAULT_MESSAGE},
        {LUM_MESSAGE_BUNCH, "\xc4\x00", 2, LUM_FAULT_MESSAGE},
        {LUM_MESSAGE_HAVE, "\x00\x01", 2, LUM_FAULT_MESSAGE}, /* we named nothing */
        {LUM_MESSAGE_HAVE, "\x00", 1, LUM_FAULT_TRUNCATED},
        {LUM_MESSAGE_HOLD, "\x00", 1, LUM_FAULT_TRAILING},
        {LUM_MESSAGE_ADDRESS, "\xc0", 1, LUM_FAULT_TYPE},
        {LUM_MESSAGE_BYE, "", 0, LUM_FAULT_TRUNCATED},
    };
    for (size_t i = 0; i < LUM_COUNT(wrong); i++) {
        struct lum_sync_event down = {.type = LUM_SYNC_DOWN};
        talk_meet(t);
        talk_bytes(t, wrong[i].type, wrong[i].bytes, wrong[i].len);
        talk_assert_closed(t, wrong[i].fault);
        talk_step(t, &down);
    }
}

static void a_piece_of_an_unnumbered_log_ends_it(void **state)
{
    struct talk *t = *state;
    talk_meet(t);
    talk_put_piece(t, 0, 1);
    talk_say(t, LUM_MESSAGE_TAIL);
    talk_assert_closed(t, LUM_FAULT_MESSAGE);
}

static void a_bunch_that_does_not_unpack_ends_it(void **state)
{
    struct talk *t = *state;
    struct lum_sig seals[2];
    struct lum_bunch bunch = {.seals = {seals, 2},
                              .runs = {{0, 1, 10}, {0, 1, 10}},
                              .packed = lum_bytes_of("no frame", 8)};
    memset(seals, 0, sizeof(seals));
    talk_meet(t);
    talk_put_intro(t, &t->member);
    talk_say(t, LUM_MESSAGE_INTRO);
    lum_message_put_bunch(&t->body, &bunch);
    talk_say(t, LUM_MESSAGE_BUNCH);
    talk_assert_closed(t, LUM_FAULT_SQUEEZE);
}

static void what_the_writer_finds_wrong_ends_it(void **state)
{
    struct talk *t = *state;
    talk_meet(t);
    talk_put_intro(t, &t->member);
    talk_say(t, LUM_MESSAGE_INTRO);
    talk_put_piece(t, 0, 2);
    talk_say(t, LUM_MESSAGE_TAIL);
    assert_int_equal(talk_acts(t, LUM_SYNC_INGEST), 1);
    const struct lum_sync_act *act = &t->outbox.at[t->outbox.count - 1];
    assert_int_equal(act->ingest.run.first, 2);
    assert_int_equal(act->ingest.run.plain_len, 12);
    assert_false(act->ingest.run.is_packed);
    struct lum_sync_event done = {.type = LUM_SYNC_INGESTED};
    done.ingested.token = act->ingest.token;
    done.ingested.result.end = LUM_INGEST_FAULTY;
    done.ingested.result.fault = LUM_FAULT_SEAL;
    talk_step(t, &done);
    talk_assert_closed(t, LUM_FAULT_SEAL);
}

static void a_gap_is_answered_by_what_we_hold(void **state)
{
    struct talk *t = *state;
    struct lum_front front;
    struct lum_front_entry entry;
    struct lum_log_row row;
    talk_meet(t);
    talk_put_intro(t, &t->member);
    talk_say(t, LUM_MESSAGE_INTRO);
    for (uint32_t i = 0; i < 3; i++) { /* three of them in flight: one answer */
        talk_put_piece(t, 0, 100 + i);
        talk_say(t, LUM_MESSAGE_TAIL);
        struct lum_sync_event done = {.type = LUM_SYNC_INGESTED};
        done.ingested.token = t->outbox.at[t->outbox.count - 1].ingest.token;
        done.ingested.result.end = LUM_INGEST_GAP;
        talk_step(t, &done);
        assert_int_equal(talk_acts(t, LUM_SYNC_SEND), i == 0 ? 1 : 0);
        if (i == 0) {
            assert_int_equal(lum_message_get_front(t->outbox.at[0].send.body, &front),
                             LUM_FAULT_NONE);
            assert_true(lum_message_next_entry(&front, &entry));
        }
    }
    assert_int_equal(site_own_logs(&t->member, LUM_SHELF_COMMON, &row), 1);
    assert_int_equal(front.mode, LUM_FRONT_ANSWER);
    assert_int_equal(front.covered, 0);
    assert_int_equal(entry.name, LUM_BY_YOURS);
    assert_int_equal(entry.number, 0);
    assert_int_equal(entry.seq, row.place.chain.seq);
}

/* All logs that we named: two each on two shelves. */
static void hear_all_have(struct talk *t, uint64_t seq)
{
    for (uint32_t number = 0; number < 4; number++) {
        const struct lum_have have = {.number = number, .seq = seq};
        lum_message_put_have(&t->body, &have);
    }
    talk_say(t, LUM_MESSAGE_HAVE);
}

/* Nobody is done before what was said is durable on the other side, all of it. */
static void what_is_not_acknowledged_is_not_done(void **state)
{
    struct talk *t = *state;
    struct lum_sync_tally tally;
    struct lum_front front = {.mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 3, .digested = 3};
    talk_meet(t);
    lum_message_put_front(&t->body, &front); /* holds nothing */
    talk_say(t, LUM_MESSAGE_FRONT);
    hear_all_have(t, 0);
    talk_assert_open(t);
    assert_true(lum_sync_tally(t->machine, TALK_SESSION, &tally));
    assert_true(tally.is_pushing);
    hear_all_have(t, 1000);
    assert_true(lum_sync_tally(t->machine, TALK_SESSION, &tally));
    assert_false(tally.is_pushing);
    assert_true(tally.events_out > 4);
}

static uint64_t events_out(struct talk *t)
{
    struct lum_sync_tally tally;
    assert_true(lum_sync_tally(t->machine, TALK_SESSION, &tally));
    return tally.events_out;
}

/* They have the first of two from another neighbour while the line is full: the second is said. */
static void what_comes_after_what_they_have_is_said(void **state)
{
    struct talk *t = *state;
    struct lum_front front = {.mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 3, .digested = 3};
    struct lum_log_row row;
    talk_meet(t);
    lum_message_put_front(&t->body, &front); /* holds nothing */
    talk_say(t, LUM_MESSAGE_FRONT);
    hear_all_have(t, 1000);
    struct lum_sync_event full = {.type = LUM_SYNC_ROOM, .room_queued = LUM_WRITE_QUEUE_MAX};
    talk_step(t, &full);
    uint64_t before = events_out(t);
    (void)site_put(&t->hall, "first", "name", "1");
    (void)site_put(&t->hall, "second", "name", "2");
    struct lum_sync_event grown = {.type = LUM_SYNC_GROWN};
    talk_step(t, &grown);
    assert_int_equal(events_out(t), before);
    assert_int_equal(site_own_logs(&t->hall, LUM_SHELF_COMMON, &row), 1);
    hear_all_have(t, row.place.chain.seq - 1);
    struct lum_sync_event empty = {.type = LUM_SYNC_ROOM, .room_queued = 0};
    talk_step(t, &empty);
    assert_int_equal(events_out(t), before + 1);
}

static void what_was_refused_is_asked_for_when_gov_grew(void **state)
{
    struct talk *t = *state;
    struct lum_intro intro = {.number = 0, .name = {.shelf = LUM_SHELF_COMMON}};
    struct lum_front front;
    struct lum_front_entry entry;
    talk_meet(t);
    lum_message_put_intro(&t->body, &intro); /* an author who has not joined */
    talk_say(t, LUM_MESSAGE_INTRO);
    talk_put_piece(t, 0, 1);
    talk_say(t, LUM_MESSAGE_TAIL);
    struct lum_sync_event done = {.type = LUM_SYNC_INGESTED};
    done.ingested.token = t->outbox.at[t->outbox.count - 1].ingest.token;
    done.ingested.result.end = LUM_INGEST_STRANGER;
    talk_step(t, &done);
    talk_assert_open(t);
    assert_false(talk_has_sent(t, LUM_MESSAGE_FRONT));
    struct lum_sync_self self = talk_self(&t->hall);
    assert_int_equal(lum_sync_know(t->machine, &self), LUM_OK);
    talk_tick(t, 1);
    assert_int_equal(lum_message_get_front(talk_sent(t, LUM_MESSAGE_FRONT), &front),
                     LUM_FAULT_NONE);
    assert_int_equal(front.mode, LUM_FRONT_ANSWER);
    assert_true(lum_message_next_entry(&front, &entry));
    assert_int_equal(entry.name, LUM_BY_YOURS);
    assert_int_equal(entry.number, 0);
    assert_int_equal(entry.seq, 0);
}

static void a_neighbour_that_falls_silent_is_let_go(void **state)
{
    struct talk *t = *state;
    talk_meet(t);
    struct lum_front front = {.shown = 3};
    lum_message_put_front(&t->body, &front);
    talk_say(t, LUM_MESSAGE_FRONT);
    uint64_t keep_alives = 0;
    while (talk_acts(t, LUM_SYNC_CLOSE) == 0) {
        assert_true(t->outbox.wake_ms > t->now_ms && t->outbox.wake_ms != UINT64_MAX);
        talk_tick(t, t->outbox.wake_ms - t->now_ms);
        keep_alives += talk_has_sent(t, LUM_MESSAGE_FRONT) ? 1 : 0;
        assert_true(t->now_ms < 1000000);
    }
    assert_int_equal(t->now_ms - 1000, 3 * LUM_FRONT_EVERY_MS);
    assert_true(keep_alives >= 2);
}

static void every_failing_allocation_is_told(void **state)
{
    struct talk *t = *state;
    uint64_t failures = 0;
    for (uint64_t n = 1; n < 2000; n++) {
        struct lum_sync_self self = talk_self(&t->hall);
        struct lum_sync *other = NULL;
        lum_mem_fail_after(n, false);
        enum lum_status status = lum_sync_open(&self, &other);
        struct lum_sync_event event = {.type = LUM_SYNC_UP, .session = TALK_SESSION, .now_ms = 1};
        if (status == LUM_OK) {
            status = lum_sync_step(other, &event, &t->outbox);
        }
        lum_mem_fail_after(0, false);
        lum_sync_close(other);
        if (status == LUM_OK) {
            break;
        }
        assert_int_equal(status, LUM_NO_MEMORY);
        failures++;
    }
    assert_true(failures > 8 && failures < 2000);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_set_up, talk_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_responder_speaks_first_and_tells_digests_alone),
        TEST(the_initiator_says_nothing_before_it_heard),
        TEST(a_good_auth_is_met),
        TEST(auth_of_the_wrong_role_ends_it),
        TEST(auth_of_another_handshake_ends_it),
        TEST(auth_that_names_no_generation_ends_it),
        TEST(a_second_auth_ends_it),
        TEST(whoever_knows_the_secret_and_is_no_device_is_sent_away),
        TEST(a_device_nobody_knows_yet_is_shown_gov_alone),
        TEST(silence_instead_of_auth_ends_it),
        TEST(nothing_but_auth_is_heard_first),
        TEST(reserved_and_unknown_messages_end_it),
        TEST(malformed_bodies_end_it_by_name),
        TEST(a_piece_of_an_unnumbered_log_ends_it),
        TEST(a_bunch_that_does_not_unpack_ends_it),
        TEST(what_the_writer_finds_wrong_ends_it),
        TEST(a_gap_is_answered_by_what_we_hold),
        TEST(what_is_not_acknowledged_is_not_done),
        TEST(what_comes_after_what_they_have_is_said),
        TEST(what_was_refused_is_asked_for_when_gov_grew),
        TEST(a_neighbour_that_falls_silent_is_let_go),
        TEST(every_failing_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, talk_start, NULL);
}
