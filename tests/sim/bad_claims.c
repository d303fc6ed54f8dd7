/*
 * bad_claims.c - lies about what a neighbour holds: digests, vectors, introductions, receipts; see
 * bad.h.
 */
#include <string.h>

#include "tests/sim/bad.h"

enum {
    CLAIMS = 1000, /* in one message */
    FLOOD = 50,
};

/* ---- its own FRONT, changed on its way out ---- */

/* What a lie does to the digests and to each entry. */
struct lie {
    uint8_t digests; /* flipped */
    uint32_t tag;
    uint64_t more;
    bool is_nothing;
    bool is_frozen;
};

static void lie(struct bad_turn *turn, const struct lie *how)
{
    struct lum_front front;
    struct lum_front_entry entry;
    struct lum_buf body;
    if (!bad_says(turn, LUM_MESSAGE_FRONT)) {
        bad_pass(turn);
        return;
    }
    LUM_ASSERT(lum_message_get_front(turn->says->send.body, &front) == LUM_FAULT_NONE);
    for (size_t i = 0; i < LUM_SHELVES_MAX; i++) {
        front.digests[i][0] ^= how->digests;
    }
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_front(&body, &front);
    while (lum_message_next_entry(&front, &entry)) {
        bool is_empty = entry.seq == 0 && !entry.is_frozen;
        entry.seq = how->is_nothing ? 0 : entry.seq + how->more;
        entry.is_frozen = how->is_frozen || (entry.is_frozen && !how->is_nothing);
        entry.tag = how->is_nothing ? 0 : is_empty ? entry.tag + 1 : entry.tag ^ how->tag;
        lum_message_put_entry(&body, &entry);
    }
    bad_say_buf(turn, LUM_MESSAGE_FRONT, &body);
}

void bad_wrong_digests(struct bad_turn *turn)
{
    lie(turn, &(struct lie){.digests = 1});
}

void bad_wrong_tags(struct bad_turn *turn)
{
    lie(turn, &(struct lie){.tag = 1});
}

void bad_claims_more(struct bad_turn *turn)
{
    lie(turn, &(struct lie){.more = 1000});
}

void bad_claims_none(struct bad_turn *turn)
{
    lie(turn, &(struct lie){.is_nothing = true});
}

void bad_claims_frozen(struct bad_turn *turn)
{
    lie(turn, &(struct lie){.is_frozen = true});
}

void bad_shows_and_hides(struct bad_turn *turn)
{
    struct lum_front front;
    if (!bad_says(turn, LUM_MESSAGE_FRONT) ||
        lum_message_get_front(turn->says->send.body, &front) != LUM_FAULT_NONE) {
        bad_pass(turn);
        return;
    }
    static const uint8_t shown[] = {1, 3}; /* gov alone, then both */
    for (size_t i = 0; i < LUM_COUNT(shown); i++) {
        struct lum_buf body;
        const struct lum_front hidden = {.mode = LUM_FRONT_DIGESTS, .shown = shown[i]};
        lum_buf_init(&body, LUM_MESSAGE_MAX);
        lum_message_put_front(&body, &hidden);
        bad_say_buf(turn, LUM_MESSAGE_FRONT, &body);
    }
    bad_pass(turn);
}

/* ---- unasked ---- */

static void say_front(struct bad_turn *turn, enum lum_front_mode mode, uint32_t claims)
{
    struct lum_buf body;
    struct lum_front front = {.mode = mode, .shown = 3, .digested = 3};
    front.covered = mode == LUM_FRONT_DIGESTS ? 0 : 3;
    bad_draw(turn, front.digests, sizeof front.digests);
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_front(&body, &front);
    for (uint32_t i = 0; i < claims; i++) {
        struct lum_front_entry entry = {.name = LUM_BY_LOG8, .seq = UINT64_C(1) << 40, .tag = 7};
        bad_draw(turn, entry.log8, sizeof entry.log8);
        lum_message_put_entry(&body, &entry);
    }
    bad_say_buf(turn, LUM_MESSAGE_FRONT, &body);
}

void bad_endless_claims(struct bad_turn *turn)
{
    say_front(turn, LUM_FRONT_VECTOR, CLAIMS);
}

void bad_endless_wants(struct bad_turn *turn)
{
    say_front(turn, LUM_FRONT_VECTOR, 0);
}

void bad_front_flood(struct bad_turn *turn)
{
    bad_pass(turn);
    for (uint32_t i = 0; i < FLOOD && turn->when == BAD_TURN; i++) {
        say_front(turn, LUM_FRONT_DIGESTS, 0);
    }
}

void bad_endless_intros(struct bad_turn *turn)
{
    for (uint32_t i = 0; i < CLAIMS && turn->line->numbers < LUM_NUMBERS_MAX; i++) {
        struct lum_log_name name = {.shelf = LUM_SHELF_COMMON};
        bad_draw(turn, name.author, sizeof name.author);
        bad_introduce(turn, turn->line->numbers++, &name);
    }
}

/* To each piece it is sent comes a HAVE of far more; unasked, of its first log. */
void bad_false_haves(struct bad_turn *turn)
{
    struct lum_buf body;
    const struct lum_have have = {.number = 0, .seq = UINT64_C(1) << 40};
    bad_pass(turn);
    if (turn->when == BAD_TURN || bad_says(turn, LUM_MESSAGE_HAVE)) {
        lum_buf_init(&body, LUM_MESSAGE_MAX);
        lum_message_put_have(&body, &have);
        bad_say_buf(turn, LUM_MESSAGE_HAVE, &body);
    }
}

void bad_holds(struct bad_turn *turn)
{
    bad_pass(turn);
    if (turn->when == BAD_TURN) {
        bad_say(turn, LUM_MESSAGE_HOLD, lum_bytes_of("", 0));
    }
}
