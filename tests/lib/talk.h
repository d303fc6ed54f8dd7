/*
 * talk.h - a hall that listens, and a neighbour whose every message the test writes itself.
 *
 * The hall's machine is stepped without a line. The neighbour has the keys of a member, Budi; what
 * it says next is written to `body`, and said. Anything that fails ends the test through cmocka.
 */
#ifndef LUM_TESTS_LIB_TALK_H
#define LUM_TESTS_LIB_TALK_H

#include "sync/message.h"
#include "sync/sync.h"
#include "tests/lib/site.h"

enum {
    TALK_SESSION = 7
};

struct talk {
    struct site hall;   /* who listens */
    struct site member; /* whose keys the neighbour has */
    struct lum_sync *machine;
    struct lum_sync_outbox outbox; /* of the last step */
    struct lum_buf body;
    uint8_t hash[64]; /* of the handshake */
    uint64_t now_ms;
};

/* For cmocka: a group's start, and a test's set-up and end; *state is the talk. One at a time. */
int talk_start(void **state);
int talk_set_up(void **state);
int talk_tear_down(void **state);
/* What the machine was opened with. */
struct lum_sync_self talk_self(struct site *site);

/* ---- the neighbour's side ---- */

void talk_step(struct talk *t, struct lum_sync_event *event); /* its session and times are set */
void talk_tick(struct talk *t, uint64_t ms);
void talk_up(struct talk *t, bool is_initiator); /* whether the hall is */
void talk_bytes(struct talk *t, uint8_t type, const void *at, size_t len);
/* What was written to `body`, and then a new one. */
void talk_say(struct talk *t, enum lum_message_type type);
/* The line is up and a good AUTH was heard. */
void talk_meet(struct talk *t);

void talk_put_auth(struct talk *t, bool is_initiator, bool has_generation,
                   const struct lum_sign_key *key);
/* The site's newest log on the common shelf is number 0. */
void talk_put_intro(struct talk *t, struct site *site);
/* A TAIL of a log, whose bytes are no event. */
void talk_put_piece(struct talk *t, uint32_t number, uint64_t first);

/* ---- what the machine wants ---- */

size_t talk_acts(const struct talk *t, enum lum_sync_act_type type);
bool talk_has_sent(const struct talk *t, enum lum_message_type type);
/* The first one of this type; until the next step. */
struct lum_bytes talk_sent(const struct talk *t, enum lum_message_type type);
/* With this fault; nothing is handed to the writer and nothing more is heard. */
void talk_assert_closed(struct talk *t, enum lum_fault fault);
void talk_assert_open(const struct talk *t);

#endif
