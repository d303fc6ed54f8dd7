/* test_sync_cost.c - a neighbour that says nothing wrong and costs too much: floods, and promises
 * that keep others waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/talk.h"

/* Each entry may cost a block to look at. */
static void a_flood_of_vectors_ends_it(void **state)
{
    struct talk *t = *state;
    struct lum_front front = {.mode = LUM_FRONT_ANSWER, .shown = 1};
    struct lum_front_entry entry = {.name = LUM_BY_MINE, .seq = 1, .tag = 1};
    talk_meet(t);
    talk_put_intro(t, &t->member);
    talk_say(t, LUM_MESSAGE_INTRO);
    uint32_t rounds = 0;
    while (talk_acts(t, LUM_SYNC_CLOSE) == 0) {
        assert_true(rounds++ < 10);
        lum_message_put_front(&t->body, &front);
        for (uint32_t i = 0; i < LUM_FRONT_LOGS_MAX; i++) {
            lum_message_put_entry(&t->body, &entry);
        }
        talk_say(t, LUM_MESSAGE_FRONT);
    }
    assert_int_equal(rounds, 5);
    talk_assert_closed(t, LUM_FAULT_MESSAGE);
}

/* A second neighbour; the first one is TALK_SESSION. */
static void hear_from(struct talk *t, uint32_t session, enum lum_message_type type)
{
    struct lum_sync_event event = {
        .type = LUM_SYNC_MESSAGE, .session = session, .now_ms = t->now_ms};
    event.message.type = (uint8_t)type;
    event.message.body = lum_buf_bytes(&t->body);
    assert_int_equal(lum_sync_step(t->machine, &event, &t->outbox), LUM_OK);
    lum_buf_reset(&t->body);
}

static void put_claim(struct talk *t, uint64_t seq)
{
    const struct lum_front front = {
        .mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 2, .digested = 2};
    const struct lum_front_entry entry = {.log8 = "promised", .seq = seq, .tag = 1};
    lum_message_put_front(&t->body, &front);
    lum_message_put_entry(&t->body, &entry);
}

static bool has_spoken_to(struct talk *t, uint32_t session)
{
    for (size_t i = 0; i < t->outbox.count; i++) {
        if (t->outbox.at[i].session == session && t->outbox.at[i].type == LUM_SYNC_SEND &&
            t->outbox.at[i].send.type == LUM_MESSAGE_FRONT) {
            return true;
        }
    }
    return false;
}

/* The neighbour promises much and brings nothing yet; the other has as much, and is held. */
static void promise_while_another_waits(struct talk *t, uint32_t other)
{
    struct lum_sync_event up = {.type = LUM_SYNC_UP, .session = other, .now_ms = t->now_ms};
    talk_meet(t);
    memcpy(up.up.hash, t->hash, sizeof(t->hash));
    assert_int_equal(lum_sync_step(t->machine, &up, &t->outbox), LUM_OK);
    talk_put_auth(t, true, true, &lum_space_keys(t->member.space)->node);
    hear_from(t, other, LUM_MESSAGE_AUTH);
    put_claim(t, 1000000);
    talk_say(t, LUM_MESSAGE_FRONT);
    put_claim(t, 1000000);
    hear_from(t, other, LUM_MESSAGE_FRONT);
    assert_true(talk_has_sent(t, LUM_MESSAGE_HOLD));
    talk_put_intro(t, &t->member);
    t->body.at[0] = 1; /* a number after that of the promise */
    talk_say(t, LUM_MESSAGE_INTRO);
}

static void promises_without_pieces_do_not_keep_others_waiting(void **state)
{
    struct talk *t = *state;
    const uint32_t other = TALK_SESSION + 1;
    bool is_let_go = false;
    promise_while_another_waits(t, other);
    for (unsigned i = 0; i < 60 && !is_let_go; i++) { /* half a minute of it */
        const struct lum_front again = {.shown = i % 2 == 0 ? 1 : 3};
        talk_tick(t, 500);
        is_let_go = has_spoken_to(t, other);
        put_claim(t, 1000000 + i);
        talk_say(t, LUM_MESSAGE_FRONT);
        is_let_go |= has_spoken_to(t, other);
        talk_put_piece(t, 1, 100 + i);
        talk_say(t, LUM_MESSAGE_TAIL);
        is_let_go |= has_spoken_to(t, other);
        lum_message_put_front(&t->body, &again);
        talk_say(t, LUM_MESSAGE_FRONT);
        is_let_go |= has_spoken_to(t, other);
    }
    assert_true(is_let_go);
}

/* Each vector is answered by looking at all that is held, and by sending it anew. */
static void a_flood_of_wants_ends_it(void **state)
{
    struct talk *t = *state;
    struct lum_front front = {.mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 3, .digested = 3};
    uint32_t rounds = 0;
    talk_meet(t);
    while (talk_acts(t, LUM_SYNC_CLOSE) == 0) {
        assert_true(rounds++ < 100);
        talk_tick(t, 10);
        lum_message_put_front(&t->body, &front);
        talk_say(t, LUM_MESSAGE_FRONT);
    }
    assert_true(rounds > 30 && rounds < 40);
    talk_assert_closed(t, LUM_FAULT_MESSAGE);
}

/* One event now and then is no bulk, though much is promised: others wait a second. */
static void who_brings_little_keeps_others_for_little(void **state)
{
    struct talk *t = *state;
    const uint32_t other = TALK_SESSION + 1;
    struct lum_sync_event done = {.type = LUM_SYNC_INGESTED};
    bool is_let_go = false;
    promise_while_another_waits(t, other);
    for (unsigned i = 0; i < 10 && !is_let_go; i++) {
        talk_put_piece(t, 1, 1 + i);
        talk_say(t, LUM_MESSAGE_TAIL);
        done.ingested.token = t->outbox.at[t->outbox.count - 1].ingest.token;
        done.ingested.result =
            (struct lum_ingest_result){.end = LUM_INGEST_TAKEN, .lno = 1, .head = 1, .taken = 1};
        talk_step(t, &done);
        talk_tick(t, 500);
        is_let_go = has_spoken_to(t, other);
    }
    assert_true(is_let_go);
}

static size_t hear_claim_of(struct talk *t, struct lum_log_row *row)
{
    const struct lum_front front = {
        .mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 2, .digested = 2};
    struct lum_front_entry entry = {.seq = row->place.chain.seq + 7, .tag = 1};
    memcpy(entry.log8, row->place.log_id.b, sizeof(entry.log8));
    lum_message_put_front(&t->body, &front);
    lum_message_put_entry(&t->body, &entry);
    talk_say(t, LUM_MESSAGE_FRONT);
    return talk_acts(t, LUM_SYNC_DOUBT);
}

/* A bare claim costs a log of ours each time we then write: not all that a device may ever have. */
static void claims_use_up_a_few_of_our_logs_not_all(void **state)
{
    struct talk *t = *state;
    struct lum_log_row row;
    struct lum_sync_event grown = {.type = LUM_SYNC_GROWN};
    size_t doubts = 0;
    talk_meet(t);
    for (unsigned i = 0; i < 20; i++) {
        (void)site_put(&t->hall, "key", "name", i % 2 == 0 ? "1" : "2");
        talk_step(t, &grown);
        (void)site_own_logs(&t->hall, LUM_SHELF_COMMON, &row);
        size_t said = hear_claim_of(t, &row);
        if (said > 0) {
            assert_int_equal(lum_space_doubt(t->hall.space, &t->hall.error), LUM_OK);
        }
        doubts += said;
    }
    assert_in_range(doubts, 1, 8);
    assert_int_equal(site_own_logs(&t->hall, LUM_SHELF_COMMON, &row), 8);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_set_up, talk_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_flood_of_vectors_ends_it),
        TEST(promises_without_pieces_do_not_keep_others_waiting),
        TEST(a_flood_of_wants_ends_it),
        TEST(who_brings_little_keeps_others_for_little),
        TEST(claims_use_up_a_few_of_our_logs_not_all),
    };
    return cmocka_run_group_tests(tests, talk_start, NULL);
}
