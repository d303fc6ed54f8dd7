/*
 * bad_line.c - what a neighbour can do to a line: flood it, drip, stop in the middle, come back for
 * ever, never read; see bad.h.
 */
#include <string.h>

#include "net/frame.h"
#include "tests/sim/bad.h"

enum {
    TINY = 100,
    STORMS_MAX = 12,
};

/* The head of a frame that declares a body of `len` bytes. */
static size_t frame_head(uint8_t out[8], uint8_t type, uint64_t len)
{
    size_t at = 0;
    out[at++] = type;
    for (; len > 127; len >>= 7) {
        out[at++] = (uint8_t)(len & 127) | 128;
    }
    out[at++] = (uint8_t)len;
    return at;
}

void bad_drips(struct bad_turn *turn)
{
    uint8_t head[8];
    size_t len = frame_head(head, LUM_MESSAGE_SEG, LUM_MESSAGE_MAX);
    if (turn->when == BAD_TURN) {
        bad_say_bytes(turn, lum_bytes_of(head, turn->line->turns == 1 ? len : 1));
    } else if (turn->line->turns == 0) {
        bad_pass(turn);
    }
}

void bad_half_messages(struct bad_turn *turn)
{
    static const uint8_t half[LUM_MESSAGE_MAX / 2];
    uint8_t head[8];
    size_t len = frame_head(head, LUM_MESSAGE_SEG, LUM_MESSAGE_MAX);
    if (turn->when == BAD_TURN && turn->line->turns == 1) {
        bad_say_bytes(turn, lum_bytes_of(head, len));
        bad_say_bytes(turn, lum_bytes_of(half, sizeof half));
    } else if (turn->line->turns == 0) {
        bad_pass(turn);
    }
}

void bad_oversize(struct bad_turn *turn)
{
    static const uint64_t sizes[] = {LUM_MESSAGE_MAX + 1, LUM_FRAME_BODY_MAX, UINT64_C(1) << 32};
    uint8_t head[8];
    bad_pass(turn);
    if (turn->when == BAD_TURN) {
        uint64_t size = sizes[bad_below(turn, LUM_COUNT(sizes))];
        bad_say_bytes(turn, lum_bytes_of(head, frame_head(head, LUM_MESSAGE_SEG, size)));
    }
}

void bad_never_reads(struct bad_turn *turn)
{
    if (turn->line->turns == 1) {
        sim_line_stick(turn->machine->sim, turn->line->session);
        bad_endless_wants(turn);
    }
}

/* A line more in each turn, to whoever is at the other end of this one. */
void bad_storms(struct bad_turn *turn)
{
    struct sim *sim = turn->machine->sim;
    const struct sim_machine *other = sim_line_other(sim, turn->line->session);
    bad_pass(turn);
    if (turn->when == BAD_TURN && other != NULL && turn->machine->bad->written < STORMS_MAX * 4) {
        struct story_act meets;
        turn->machine->bad->written++;
        sim_simple_act(&meets, turn->machine->number, STORY_meets);
        meets.args[0] = other->number;
        meets.args[1] = 300;
        sim_meet(sim, turn->machine->number, &meets);
    }
}

void bad_tiny(struct bad_turn *turn)
{
    struct lum_buf body;
    bad_pass(turn);
    for (uint32_t i = 0; i < TINY && turn->when == BAD_TURN; i++) {
        lum_buf_init(&body, LUM_MESSAGE_MAX);
        lum_message_put_address(&body, (uint16_t)(1 + i));
        bad_say_buf(turn, LUM_MESSAGE_ADDRESS, &body);
    }
}

void bad_byes(struct bad_turn *turn)
{
    struct lum_buf body;
    bad_storms(turn);
    if (turn->when == BAD_TURN) {
        uint32_t reason = bad_below(turn, 6);
        lum_buf_init(&body, LUM_MESSAGE_MAX);
        lum_message_put_bye(&body, (enum lum_bye)reason);
        bad_say_buf(turn, LUM_MESSAGE_BYE, &body);
    }
}
