/* test_hear.c - a neighbour that speaks wrongly, message by message: what is answered, and that the
 * meeting ends with the fault's name and nothing was handed to the writer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sync/message.h"
#include "sync/sync.h"
#include "tests/lib/site.h"

enum {
    SESSION = 7
};

static struct site hall;   /* who listens */
static struct site member; /* whose keys the neighbour has */
static struct lum_sync *machine;
static struct lum_sync_outbox outbox;
static struct lum_buf body;
static uint8_t hash[64];
static uint64_t now_ms;

static int start(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

static struct lum_sync_self self_of(struct site *site)
{
    struct lum_sync_self self = {
        .log = lum_space_log(site->space),
        .roster = lum_space_roster(site->space),
        .space = *lum_space_id(site->space),
        .node = lum_space_keys(site->space)->node,
        .has_secret = true,
        .listen_port = 4711,
    };
    assert_int_equal(lum_space_secret(site->space, &self.generation, self.secret), LUM_OK);
    return self;
}

static int set_up(void **state)
{
    (void)state;
    site_prepare(&hall);
    site_found(&hall, "Ani");
    struct lum_invite invite = site_invite(&hall, LUM_ROLE_WRITER, 2);
    site_prepare(&member);
    site_arrive(&member, &invite);
    site_join(&member, &hall, "Budi");
    site_meet(&hall, &member);
    struct lum_sync_self self = self_of(&hall);
    assert_int_equal(lum_sync_open(&self, &machine), LUM_OK);
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    memset(hash, 0x3c, sizeof(hash));
    now_ms = 1000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_sync_close(machine);
    lum_buf_fini(&body);
    site_drop(&member);
    site_drop(&hall);
    return 0;
}

/* ---- the neighbour's side ---- */

static void step(struct lum_sync_event *event)
{
    event->session = SESSION;
    event->now_ms = now_ms;
    event->wall_ms = hall.wall_ms;
    assert_int_equal(lum_sync_step(machine, event, &outbox), LUM_OK);
}

static void tick(uint64_t ms)
{
    struct lum_sync_event event = {.type = LUM_SYNC_TICK};
    now_ms += ms;
    step(&event);
}

static void come_up(bool is_initiator)
{
    struct lum_sync_event event = {.type = LUM_SYNC_UP, .up = {.is_initiator = is_initiator}};
    memcpy(event.up.hash, hash, sizeof(hash));
    step(&event);
}

static void hear_bytes(uint8_t type, const void *at, size_t len)
{
    struct lum_sync_event event = {.type = LUM_SYNC_MESSAGE};
    event.message.type = type;
    event.message.body = lum_bytes_of(at, len);
    step(&event);
}

/* What was written to `body`, and then a new one. */
static void hear(enum lum_message_type type)
{
    assert_false(body.broken);
    hear_bytes((uint8_t)type, body.at, body.len);
    lum_buf_reset(&body);
}

static void put_auth(bool is_initiator, bool has_generation, const struct lum_sign_key *key)
{
    const struct lum_auth auth = {.has_generation = has_generation, .wall_ms = hall.wall_ms};
    const struct lum_auth_role role = {is_initiator, hash};
    lum_message_put_auth(&body, &auth, &role, key);
}

static void meet_properly(void)
{
    come_up(false);
    put_auth(true, true, &lum_space_keys(member.space)->node);
    hear(LUM_MESSAGE_AUTH);
}

/* ---- what the machine wants ---- */

static size_t acts(enum lum_sync_act_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < outbox.count; i++) {
        count += outbox.at[i].type == type ? 1 : 0;
    }
    return count;
}

static bool has_sent(enum lum_message_type type)
{
    for (size_t i = 0; i < outbox.count; i++) {
        if (outbox.at[i].type == LUM_SYNC_SEND && outbox.at[i].send.type == type) {
            return true;
        }
    }
    return false;
}

/* Of the first one of this type. */
static struct lum_bytes sent(enum lum_message_type type)
{
    assert_true(has_sent(type));
    for (size_t i = 0; i < outbox.count; i++) {
        if (outbox.at[i].type == LUM_SYNC_SEND && outbox.at[i].send.type == type) {
            return outbox.at[i].send.body;
        }
    }
    return lum_bytes_of(NULL, 0);
}

static void assert_closed(enum lum_fault fault)
{
    struct lum_sync_tally tally;
    assert_int_equal(acts(LUM_SYNC_CLOSE), 1);
    assert_int_equal(acts(LUM_SYNC_INGEST), 0);
    assert_int_equal(outbox.at[outbox.count - 1].type, LUM_SYNC_CLOSE);
    assert_int_equal(outbox.at[outbox.count - 1].close.fault, fault);
    assert_true(lum_sync_tally(machine, SESSION, &tally));
    assert_int_equal(tally.fault, fault);
    hear_bytes(LUM_MESSAGE_BYE, "\x00", 1);
    assert_int_equal(outbox.count, 0); /* deaf from then on */
}

static void assert_open(void)
{
    assert_int_equal(acts(LUM_SYNC_CLOSE), 0);
}

/* ---- who it is ---- */

static void the_responder_speaks_first_and_tells_digests_alone(void **state)
{
    (void)state;
    come_up(false);
    assert_int_equal(outbox.count, 2);
    struct lum_auth auth;
    const struct lum_auth_role role = {false, hash};
    assert_int_equal(lum_message_get_auth(sent(LUM_MESSAGE_AUTH), &auth), LUM_FAULT_NONE);
    assert_true(lum_message_check_auth(&auth, &role));
    assert_memory_equal(auth.t, lum_space_keys(hall.space)->node.public, 32);
    struct lum_front front;
    assert_int_equal(lum_message_get_front(sent(LUM_MESSAGE_FRONT), &front), LUM_FAULT_NONE);
    assert_int_equal(front.mode, LUM_FRONT_DIGESTS);
    assert_int_equal(front.digested, 3);
}

static void the_initiator_says_nothing_before_it_heard(void **state)
{
    (void)state;
    come_up(true);
    assert_int_equal(outbox.count, 0);
    put_auth(false, true, &lum_space_keys(member.space)->node);
    hear(LUM_MESSAGE_AUTH);
    assert_true(has_sent(LUM_MESSAGE_AUTH));
    assert_int_equal(acts(LUM_SYNC_MET), 1);
}

static void a_good_auth_is_met(void **state)
{
    (void)state;
    meet_properly();
    assert_open();
    assert_int_equal(acts(LUM_SYNC_MET), 1);
    uint16_t port = 0;
    assert_int_equal(lum_message_get_address(sent(LUM_MESSAGE_ADDRESS), &port), LUM_FAULT_NONE);
    assert_int_equal(port, 4711);
}

static void auth_of_the_wrong_role_ends_it(void **state)
{
    (void)state;
    come_up(false);
    put_auth(false, true, &lum_space_keys(member.space)->node); /* as if reflected */
    hear(LUM_MESSAGE_AUTH);
    assert_closed(LUM_FAULT_AUTH);
}

static void auth_of_another_handshake_ends_it(void **state)
{
    (void)state;
    come_up(false);
    hash[63] ^= 1;
    put_auth(true, true, &lum_space_keys(member.space)->node);
    hash[63] ^= 1;
    hear(LUM_MESSAGE_AUTH);
    assert_closed(LUM_FAULT_AUTH);
}

static void auth_that_names_no_generation_ends_it(void **state)
{
    (void)state;
    come_up(false);
    put_auth(true, false, &lum_space_keys(member.space)->node);
    hear(LUM_MESSAGE_AUTH);
    assert_closed(LUM_FAULT_AUTH);
}

static void a_second_auth_ends_it(void **state)
{
    (void)state;
    meet_properly();
    put_auth(true, true, &lum_space_keys(member.space)->node);
    hear(LUM_MESSAGE_AUTH);
    assert_closed(LUM_FAULT_MESSAGE);
}

static void whoever_knows_the_secret_and_is_no_device_is_sent_away(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {9};
    struct lum_sign_key nobody;
    struct lum_front front = {.shown = 1, .digested = 1};
    struct lum_txn *txn = NULL;
    lum_sign_key_from_seed(seed, &nobody);
    come_up(false);
    put_auth(true, true, &nobody);
    hear(LUM_MESSAGE_AUTH);
    assert_open();
    assert_int_equal(lum_txn_begin_read(lum_space_log(hall.space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_log_frontier(txn, LUM_SHELF_GOV, front.digests[0]), LUM_OK);
    lum_txn_abort(txn);
    lum_message_put_front(&body, &front); /* holds the same gov: it brings no JOIN */
    hear(LUM_MESSAGE_FRONT);
    assert_closed(LUM_FAULT_AUTH);
}

static void a_device_nobody_knows_yet_is_shown_gov_alone(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {9};
    struct lum_sign_key nobody;
    struct lum_front front = {.mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 3, .digested = 3};
    lum_sign_key_from_seed(seed, &nobody);
    come_up(false);
    put_auth(true, true, &nobody);
    hear(LUM_MESSAGE_AUTH);
    lum_message_put_front(&body, &front); /* holds nothing */
    hear(LUM_MESSAGE_FRONT);
    assert_open();
    assert_int_equal(lum_message_get_front(sent(LUM_MESSAGE_FRONT), &front), LUM_FAULT_NONE);
    assert_int_equal(front.shown, 1);
    assert_int_equal(front.covered, 1);
    for (size_t i = 0; i < outbox.count; i++) {
        struct lum_intro intro;
        if (outbox.at[i].type == LUM_SYNC_SEND && outbox.at[i].send.type == LUM_MESSAGE_INTRO) {
            assert_int_equal(lum_message_get_intro(outbox.at[i].send.body, &intro), LUM_FAULT_NONE);
            assert_int_equal(intro.name.shelf, LUM_SHELF_GOV);
        }
    }
    assert_true(has_sent(LUM_MESSAGE_INTRO));
}

static void silence_instead_of_auth_ends_it(void **state)
{
    (void)state;
    come_up(false);
    assert_true(outbox.wake_ms <= now_ms + 10000);
    tick(9999);
    assert_open();
    tick(1);
    assert_closed(LUM_FAULT_NONE);
}

/* ---- what it says ---- */

static void nothing_but_auth_is_heard_first(void **state)
{
    (void)state;
    come_up(false);
    hear_bytes(LUM_MESSAGE_HOLD, "", 0);
    assert_closed(LUM_FAULT_MESSAGE);
}

static void reserved_and_unknown_messages_end_it(void **state)
{
    (void)state;
    static const uint8_t types[] = {0, 5, 12, 13, 14, 18, 255};
    for (size_t i = 0; i < LUM_COUNT(types); i++) {
        struct lum_sync_event down = {.type = LUM_SYNC_DOWN};
        meet_properly();
        hear_bytes(types[i], "", 0);
        assert_closed(LUM_FAULT_MESSAGE);
        step(&down);
    }
}

static void malformed_bodies_end_it_by_name(void **state)
{
    (void)state;
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
        meet_properly();
        hear_bytes(wrong[i].type, wrong[i].bytes, wrong[i].len);
        assert_closed(wrong[i].fault);
        step(&down);
    }
}

static void put_piece(uint32_t number, uint64_t first)
{
    struct lum_sig seal;
    memset(&seal, 0, sizeof(seal));
    const struct lum_piece piece = {.number = number,
                                    .first = first,
                                    .seals = {&seal, 1},
                                    .bytes = lum_bytes_of("not an event", 12)};
    lum_message_put_tail(&body, &piece);
}

static void put_intro_of_own_log(struct site *site)
{
    struct lum_log_row row;
    assert_int_equal(site_own_logs(site, LUM_SHELF_COMMON, &row), 1);
    const struct lum_intro intro = {.number = 0, .name = row.name};
    lum_message_put_intro(&body, &intro);
}

static void a_piece_of_an_unnumbered_log_ends_it(void **state)
{
    (void)state;
    meet_properly();
    put_piece(0, 1);
    hear(LUM_MESSAGE_TAIL);
    assert_closed(LUM_FAULT_MESSAGE);
}

static void a_bunch_that_does_not_unpack_ends_it(void **state)
{
    (void)state;
    struct lum_sig seals[2];
    struct lum_bunch bunch = {.seals = {seals, 2},
                              .runs = {{0, 1, 10}, {0, 1, 10}},
                              .packed = lum_bytes_of("no frame", 8)};
    memset(seals, 0, sizeof(seals));
    meet_properly();
    put_intro_of_own_log(&member);
    hear(LUM_MESSAGE_INTRO);
    lum_message_put_bunch(&body, &bunch);
    hear(LUM_MESSAGE_BUNCH);
    assert_closed(LUM_FAULT_SQUEEZE);
}

static void what_the_writer_finds_wrong_ends_it(void **state)
{
    (void)state;
    meet_properly();
    put_intro_of_own_log(&member);
    hear(LUM_MESSAGE_INTRO);
    put_piece(0, 2);
    hear(LUM_MESSAGE_TAIL);
    assert_int_equal(acts(LUM_SYNC_INGEST), 1);
    const struct lum_sync_act *act = &outbox.at[outbox.count - 1];
    assert_int_equal(act->ingest.run.first, 2);
    assert_int_equal(act->ingest.run.plain_len, 12);
    assert_false(act->ingest.run.is_packed);
    struct lum_sync_event done = {.type = LUM_SYNC_INGESTED};
    done.ingested.token = act->ingest.token;
    done.ingested.result.end = LUM_INGEST_FAULTY;
    done.ingested.result.fault = LUM_FAULT_SEAL;
    step(&done);
    assert_closed(LUM_FAULT_SEAL);
}

static void a_gap_is_answered_by_what_we_hold(void **state)
{
    (void)state;
    struct lum_front front;
    struct lum_front_entry entry;
    struct lum_log_row row;
    meet_properly();
    put_intro_of_own_log(&member);
    hear(LUM_MESSAGE_INTRO);
    for (uint32_t i = 0; i < 3; i++) { /* three of them in flight: one answer */
        put_piece(0, 100 + i);
        hear(LUM_MESSAGE_TAIL);
        struct lum_sync_event done = {.type = LUM_SYNC_INGESTED};
        done.ingested.token = outbox.at[outbox.count - 1].ingest.token;
        done.ingested.result.end = LUM_INGEST_GAP;
        step(&done);
        assert_int_equal(acts(LUM_SYNC_SEND), i == 0 ? 1 : 0);
        if (i == 0) {
            assert_int_equal(lum_message_get_front(outbox.at[0].send.body, &front), LUM_FAULT_NONE);
            assert_true(lum_message_next_entry(&front, &entry));
        }
    }
    assert_int_equal(site_own_logs(&member, LUM_SHELF_COMMON, &row), 1);
    assert_int_equal(front.mode, LUM_FRONT_ANSWER);
    assert_int_equal(front.covered, 0);
    assert_int_equal(entry.name, LUM_BY_YOURS);
    assert_int_equal(entry.number, 0);
    assert_int_equal(entry.seq, row.place.chain.seq);
}

/* All logs that we named: two each on two shelves. */
static void hear_all_have(uint64_t seq)
{
    for (uint32_t number = 0; number < 4; number++) {
        const struct lum_have have = {.number = number, .seq = seq};
        lum_message_put_have(&body, &have);
    }
    hear(LUM_MESSAGE_HAVE);
}

/* Nobody is done before what was said is durable on the other side, all of it. */
static void what_is_not_acknowledged_is_not_done(void **state)
{
    (void)state;
    struct lum_sync_tally tally;
    struct lum_front front = {.mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 3, .digested = 3};
    meet_properly();
    lum_message_put_front(&body, &front); /* holds nothing */
    hear(LUM_MESSAGE_FRONT);
    hear_all_have(0);
    assert_open();
    assert_true(lum_sync_tally(machine, SESSION, &tally));
    assert_true(tally.is_pushing);
    hear_all_have(1000);
    assert_true(lum_sync_tally(machine, SESSION, &tally));
    assert_false(tally.is_pushing);
    assert_true(tally.events_out > 4);
}

static uint64_t events_out(void)
{
    struct lum_sync_tally tally;
    assert_true(lum_sync_tally(machine, SESSION, &tally));
    return tally.events_out;
}

/* They have the first of two from another neighbour while the line is full: the second is said. */
static void what_comes_after_what_they_have_is_said(void **state)
{
    (void)state;
    struct lum_front front = {.mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 3, .digested = 3};
    struct lum_log_row row;
    meet_properly();
    lum_message_put_front(&body, &front); /* holds nothing */
    hear(LUM_MESSAGE_FRONT);
    hear_all_have(1000);
    struct lum_sync_event full = {.type = LUM_SYNC_ROOM, .room_queued = LUM_WRITE_QUEUE_MAX};
    step(&full);
    uint64_t before = events_out();
    (void)site_put(&hall, "first", "name", "1");
    (void)site_put(&hall, "second", "name", "2");
    struct lum_sync_event grown = {.type = LUM_SYNC_GROWN};
    step(&grown);
    assert_int_equal(events_out(), before);
    assert_int_equal(site_own_logs(&hall, LUM_SHELF_COMMON, &row), 1);
    hear_all_have(row.place.chain.seq - 1);
    struct lum_sync_event empty = {.type = LUM_SYNC_ROOM, .room_queued = 0};
    step(&empty);
    assert_int_equal(events_out(), before + 1);
}

static void what_was_refused_is_asked_for_when_gov_grew(void **state)
{
    (void)state;
    struct lum_intro intro = {.number = 0, .name = {.shelf = LUM_SHELF_COMMON}};
    struct lum_front front;
    struct lum_front_entry entry;
    meet_properly();
    lum_message_put_intro(&body, &intro); /* an author who has not joined */
    hear(LUM_MESSAGE_INTRO);
    put_piece(0, 1);
    hear(LUM_MESSAGE_TAIL);
    struct lum_sync_event done = {.type = LUM_SYNC_INGESTED};
    done.ingested.token = outbox.at[outbox.count - 1].ingest.token;
    done.ingested.result.end = LUM_INGEST_STRANGER;
    step(&done);
    assert_open();
    assert_false(has_sent(LUM_MESSAGE_FRONT));
    struct lum_sync_self self = self_of(&hall);
    assert_int_equal(lum_sync_know(machine, &self), LUM_OK);
    tick(1);
    assert_int_equal(lum_message_get_front(sent(LUM_MESSAGE_FRONT), &front), LUM_FAULT_NONE);
    assert_int_equal(front.mode, LUM_FRONT_ANSWER);
    assert_true(lum_message_next_entry(&front, &entry));
    assert_int_equal(entry.name, LUM_BY_YOURS);
    assert_int_equal(entry.number, 0);
    assert_int_equal(entry.seq, 0);
}

/* Each entry may cost a block to look at. */
static void a_flood_of_vectors_ends_it(void **state)
{
    (void)state;
    struct lum_front front = {.mode = LUM_FRONT_ANSWER, .shown = 1};
    struct lum_front_entry entry = {.name = LUM_BY_MINE, .seq = 1, .tag = 1};
    meet_properly();
    put_intro_of_own_log(&member);
    hear(LUM_MESSAGE_INTRO);
    uint32_t rounds = 0;
    while (acts(LUM_SYNC_CLOSE) == 0) {
        assert_true(rounds++ < 10);
        lum_message_put_front(&body, &front);
        for (uint32_t i = 0; i < LUM_FRONT_LOGS_MAX; i++) {
            lum_message_put_entry(&body, &entry);
        }
        hear(LUM_MESSAGE_FRONT);
    }
    assert_int_equal(rounds, 5);
    assert_closed(LUM_FAULT_MESSAGE);
}

/* A second neighbour; the first one is SESSION. */
static void hear_from(uint32_t session, enum lum_message_type type)
{
    struct lum_sync_event event = {.type = LUM_SYNC_MESSAGE, .session = session, .now_ms = now_ms};
    event.message.type = (uint8_t)type;
    event.message.body = lum_buf_bytes(&body);
    assert_int_equal(lum_sync_step(machine, &event, &outbox), LUM_OK);
    lum_buf_reset(&body);
}

static void put_claim(uint64_t seq)
{
    const struct lum_front front = {
        .mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 2, .digested = 2};
    const struct lum_front_entry entry = {.log8 = "promised", .seq = seq, .tag = 1};
    lum_message_put_front(&body, &front);
    lum_message_put_entry(&body, &entry);
}

static bool has_spoken_to(uint32_t session)
{
    for (size_t i = 0; i < outbox.count; i++) {
        if (outbox.at[i].session == session && outbox.at[i].type == LUM_SYNC_SEND &&
            outbox.at[i].send.type == LUM_MESSAGE_FRONT) {
            return true;
        }
    }
    return false;
}

/* The neighbour promises much and brings nothing yet; the other has as much, and is held. */
static void promise_while_another_waits(uint32_t other)
{
    struct lum_sync_event up = {.type = LUM_SYNC_UP, .session = other, .now_ms = now_ms};
    meet_properly();
    memcpy(up.up.hash, hash, sizeof(hash));
    assert_int_equal(lum_sync_step(machine, &up, &outbox), LUM_OK);
    put_auth(true, true, &lum_space_keys(member.space)->node);
    hear_from(other, LUM_MESSAGE_AUTH);
    put_claim(1000000);
    hear(LUM_MESSAGE_FRONT);
    put_claim(1000000);
    hear_from(other, LUM_MESSAGE_FRONT);
    assert_true(has_sent(LUM_MESSAGE_HOLD));
    put_intro_of_own_log(&member);
    body.at[0] = 1; /* a number after that of the promise */
    hear(LUM_MESSAGE_INTRO);
}

static void promises_without_pieces_do_not_keep_others_waiting(void **state)
{
    (void)state;
    const uint32_t other = SESSION + 1;
    bool is_let_go = false;
    promise_while_another_waits(other);
    for (unsigned i = 0; i < 60 && !is_let_go; i++) { /* half a minute of it */
        const struct lum_front again = {.shown = i % 2 == 0 ? 1 : 3};
        tick(500);
        is_let_go = has_spoken_to(other);
        put_claim(1000000 + i);
        hear(LUM_MESSAGE_FRONT);
        is_let_go |= has_spoken_to(other);
        put_piece(1, 100 + i);
        hear(LUM_MESSAGE_TAIL);
        is_let_go |= has_spoken_to(other);
        lum_message_put_front(&body, &again);
        hear(LUM_MESSAGE_FRONT);
        is_let_go |= has_spoken_to(other);
    }
    assert_true(is_let_go);
}

/* Each vector is answered by looking at all that is held, and by sending it anew. */
static void a_flood_of_wants_ends_it(void **state)
{
    (void)state;
    struct lum_front front = {.mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 3, .digested = 3};
    uint32_t rounds = 0;
    meet_properly();
    while (acts(LUM_SYNC_CLOSE) == 0) {
        assert_true(rounds++ < 100);
        tick(10);
        lum_message_put_front(&body, &front);
        hear(LUM_MESSAGE_FRONT);
    }
    assert_true(rounds > 30 && rounds < 40);
    assert_closed(LUM_FAULT_MESSAGE);
}

/* One event now and then is no bulk, though much is promised: others wait a second. */
static void who_brings_little_keeps_others_for_little(void **state)
{
    (void)state;
    const uint32_t other = SESSION + 1;
    struct lum_sync_event done = {.type = LUM_SYNC_INGESTED};
    bool is_let_go = false;
    promise_while_another_waits(other);
    for (unsigned i = 0; i < 10 && !is_let_go; i++) {
        put_piece(1, 1 + i);
        hear(LUM_MESSAGE_TAIL);
        done.ingested.token = outbox.at[outbox.count - 1].ingest.token;
        done.ingested.result =
            (struct lum_ingest_result){.end = LUM_INGEST_TAKEN, .lno = 1, .head = 1, .taken = 1};
        step(&done);
        tick(500);
        is_let_go = has_spoken_to(other);
    }
    assert_true(is_let_go);
}

static size_t hear_claim_of(struct lum_log_row *row)
{
    const struct lum_front front = {
        .mode = LUM_FRONT_VECTOR, .shown = 3, .covered = 2, .digested = 2};
    struct lum_front_entry entry = {.seq = row->place.chain.seq + 7, .tag = 1};
    memcpy(entry.log8, row->place.log_id.b, sizeof(entry.log8));
    lum_message_put_front(&body, &front);
    lum_message_put_entry(&body, &entry);
    hear(LUM_MESSAGE_FRONT);
    return acts(LUM_SYNC_DOUBT);
}

/* A bare claim costs a log of ours each time we then write: not all that a device may ever have. */
static void claims_use_up_a_few_of_our_logs_not_all(void **state)
{
    (void)state;
    struct lum_log_row row;
    struct lum_sync_event grown = {.type = LUM_SYNC_GROWN};
    size_t doubts = 0;
    meet_properly();
    for (unsigned i = 0; i < 20; i++) {
        (void)site_put(&hall, "key", "name", i % 2 == 0 ? "1" : "2");
        step(&grown);
        (void)site_own_logs(&hall, LUM_SHELF_COMMON, &row);
        size_t said = hear_claim_of(&row);
        if (said > 0) {
            assert_int_equal(lum_space_doubt(hall.space, &hall.error), LUM_OK);
        }
        doubts += said;
    }
    assert_in_range(doubts, 1, 8);
    assert_int_equal(site_own_logs(&hall, LUM_SHELF_COMMON, &row), 8);
}

static void a_neighbour_that_falls_silent_is_let_go(void **state)
{
    (void)state;
    meet_properly();
    struct lum_front front = {.shown = 3};
    lum_message_put_front(&body, &front);
    hear(LUM_MESSAGE_FRONT);
    uint64_t keep_alives = 0;
    while (acts(LUM_SYNC_CLOSE) == 0) {
        assert_true(outbox.wake_ms > now_ms && outbox.wake_ms != UINT64_MAX);
        tick(outbox.wake_ms - now_ms);
        keep_alives += has_sent(LUM_MESSAGE_FRONT) ? 1 : 0;
        assert_true(now_ms < 1000000);
    }
    assert_int_equal(now_ms - 1000, 3 * LUM_FRONT_EVERY_MS);
    assert_true(keep_alives >= 2);
}

static void every_failing_allocation_is_told(void **state)
{
    (void)state;
    uint64_t failures = 0;
    for (uint64_t n = 1; n < 2000; n++) {
        struct lum_sync_self self = self_of(&hall);
        struct lum_sync *other = NULL;
        lum_mem_fail_after(n, false);
        enum lum_status status = lum_sync_open(&self, &other);
        struct lum_sync_event event = {.type = LUM_SYNC_UP, .session = SESSION, .now_ms = 1};
        if (status == LUM_OK) {
            status = lum_sync_step(other, &event, &outbox);
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
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
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
        TEST(a_flood_of_vectors_ends_it),
        TEST(promises_without_pieces_do_not_keep_others_waiting),
        TEST(a_flood_of_wants_ends_it),
        TEST(who_brings_little_keeps_others_for_little),
        TEST(claims_use_up_a_few_of_our_logs_not_all),
        TEST(a_neighbour_that_falls_silent_is_let_go),
        TEST(every_failing_allocation_is_told),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
