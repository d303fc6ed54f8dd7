/* talk.c - see talk.h. */
#include "tests/lib/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct talk talk;

int talk_start(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

struct lum_sync_self talk_self(struct site *site)
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

int talk_set_up(void **state)
{
    struct talk *t = &talk;
    *state = t;
    *t = (struct talk){.now_ms = 1000};
    site_prepare(&t->hall);
    site_found(&t->hall, "Ani");
    struct lum_invite invite = site_invite(&t->hall, LUM_ROLE_WRITER, 2);
    site_prepare(&t->member);
    site_arrive(&t->member, &invite);
    site_join(&t->member, &t->hall, "Budi");
    site_meet(&t->hall, &t->member);
    struct lum_sync_self self = talk_self(&t->hall);
    assert_int_equal(lum_sync_open(&self, &t->machine), LUM_OK);
    lum_buf_init(&t->body, LUM_MESSAGE_MAX);
    memset(t->hash, 0x3c, sizeof(t->hash));
    return 0;
}

int talk_tear_down(void **state)
{
    struct talk *t = *state;
    lum_sync_close(t->machine);
    lum_buf_fini(&t->body);
    site_drop(&t->member);
    site_drop(&t->hall);
    return 0;
}

/* ---- the neighbour's side ---- */

void talk_step(struct talk *t, struct lum_sync_event *event)
{
    event->session = TALK_SESSION;
    event->now_ms = t->now_ms;
    event->wall_ms = t->hall.wall_ms;
    assert_int_equal(lum_sync_step(t->machine, event, &t->outbox), LUM_OK);
}

void talk_tick(struct talk *t, uint64_t ms)
{
    struct lum_sync_event event = {.type = LUM_SYNC_TICK};
    t->now_ms += ms;
    talk_step(t, &event);
}

void talk_up(struct talk *t, bool is_initiator)
{
    struct lum_sync_event event = {.type = LUM_SYNC_UP, .up = {.is_initiator = is_initiator}};
    memcpy(event.up.hash, t->hash, sizeof(t->hash));
    talk_step(t, &event);
}

void talk_bytes(struct talk *t, uint8_t type, const void *at, size_t len)
{
    struct lum_sync_event event = {.type = LUM_SYNC_MESSAGE};
    event.message.type = type;
    event.message.body = lum_bytes_of(at, len);
    talk_step(t, &event);
}

void talk_say(struct talk *t, enum lum_message_type type)
{
    assert_false(t->body.broken);
    talk_bytes(t, (uint8_t)type, t->body.at, t->body.len);
    lum_buf_reset(&t->body);
}

void talk_put_auth(struct talk *t, bool is_initiator, bool has_generation,
                   const struct lum_sign_key *key)
{
    const struct lum_auth auth = {.has_generation = has_generation, .wall_ms = t->hall.wall_ms};
    const struct lum_auth_role role = {is_initiator, t->hash};
    lum_message_put_auth(&t->body, &auth, &role, key);
}

void talk_meet(struct talk *t)
{
    talk_up(t, false);
    talk_put_auth(t, true, true, &lum_space_keys(t->member.space)->node);
    talk_say(t, LUM_MESSAGE_AUTH);
}

/* ---- what the machine wants ---- */

size_t talk_acts(const struct talk *t, enum lum_sync_act_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < t->outbox.count; i++) {
        count += t->outbox.at[i].type == type ? 1 : 0;
    }
    return count;
}

bool talk_has_sent(const struct talk *t, enum lum_message_type type)
{
    for (size_t i = 0; i < t->outbox.count; i++) {
        if (t->outbox.at[i].type == LUM_SYNC_SEND && t->outbox.at[i].send.type == type) {
            return true;
        }
    }
    return false;
}

struct lum_bytes talk_sent(const struct talk *t, enum lum_message_type type)
{
    assert_true(talk_has_sent(t, type));
    for (size_t i = 0; i < t->outbox.count; i++) {
        if (t->outbox.at[i].type == LUM_SYNC_SEND && t->outbox.at[i].send.type == type) {
            return t->outbox.at[i].send.body;
        }
    }
    return lum_bytes_of(NULL, 0);
}

void talk_assert_closed(struct talk *t, enum lum_fault fault)
{
    struct lum_sync_tally tally;
    assert_int_equal(talk_acts(t, LUM_SYNC_CLOSE), 1);
    assert_int_equal(talk_acts(t, LUM_SYNC_INGEST), 0);
    assert_int_equal(t->outbox.at[t->outbox.count - 1].type, LUM_SYNC_CLOSE);
    assert_int_equal(t->outbox.at[t->outbox.count - 1].close.fault, fault);
    assert_true(lum_sync_tally(t->machine, TALK_SESSION, &tally));
    assert_int_equal(tally.fault, fault);
    talk_bytes(t, LUM_MESSAGE_BYE, "\x00", 1);
    assert_int_equal(t->outbox.count, 0); /* deaf from then on */
}

void talk_assert_open(const struct talk *t)
{
    assert_int_equal(talk_acts(t, LUM_SYNC_CLOSE), 0);
}

void talk_put_piece(struct talk *t, uint32_t number, uint64_t first)
{
    struct lum_sig seal;
    memset(&seal, 0, sizeof(seal));
    const struct lum_piece piece = {.number = number,
                                    .first = first,
                                    .seals = {&seal, 1},
                                    .bytes = lum_bytes_of("not an event", 12)};
    lum_message_put_tail(&t->body, &piece);
}

void talk_put_intro(struct talk *t, struct site *site)
{
    struct lum_log_row row;
    assert_int_equal(site_own_logs(site, LUM_SHELF_COMMON, &row), 1);
    const struct lum_intro intro = {.number = 0, .name = row.name};
    lum_message_put_intro(&t->body, &intro);
}
