/*
 * bunch.c - the open ends of several logs in one message: events of different hands have the same
 * fields, so packed together they take about half. Each keeps its own seal.
 */
#include <string.h>

#include "sync/session.h"

enum {
    LEVEL = 9,           /* the frames are small */
    GAIN_BYTES_MIN = 32, /* less is not worth a frame */
};

static void say_tail(struct lum_side *side, struct lum_session *session,
                     const struct lum_piece *piece)
{
    lum_message_put_tail(lum_outbox_body(&side->outbox), piece);
    lum_session_say(side, session, LUM_MESSAGE_TAIL);
}

static void say_alone(struct lum_side *side, struct lum_session *session)
{
    const struct lum_gathered *gathered = &side->gathered;
    const uint8_t *at = side->plain.at;
    for (uint32_t i = 0; i < gathered->count; i++) {
        const struct lum_bunch_run *run = &gathered->runs[i];
        const struct lum_piece piece = {
            .number = run->number,
            .first = run->first,
            .seals = {&gathered->seals[i], 1},
            .bytes = lum_bytes_of(at, run->len),
        };
        say_tail(side, session, &piece);
        at += run->len;
    }
}

/* False when packing gains nothing. */
static bool say_packed(struct lum_side *side, struct lum_session *session)
{
    struct lum_gathered *gathered = &side->gathered;
    lum_buf_reset(&side->frame);
    enum lum_status status =
        lum_squeeze(side->squeezer, lum_buf_bytes(&side->plain), LEVEL, &side->frame);
    if (!lum_outbox_check(&side->outbox, status) ||
        side->frame.len + GAIN_BYTES_MIN > side->plain.len) {
        return false;
    }
    struct lum_bunch bunch = {
        .seals = {gathered->seals, gathered->count},
        .packed = lum_buf_bytes(&side->frame),
    };
    memcpy(bunch.runs, gathered->runs, sizeof(bunch.runs));
    lum_message_put_bunch(lum_outbox_body(&side->outbox), &bunch);
    lum_session_say(side, session, LUM_MESSAGE_BUNCH);
    return true;
}

void lum_bunch_say(struct lum_side *side, struct lum_session *session)
{
    struct lum_gathered *gathered = &side->gathered;
    if (!lum_outbox_check(&side->outbox, lum_buf_status(&side->plain))) {
        gathered->count = 0;
    }
    if (gathered->count == 1 || (gathered->count > 1 && !say_packed(side, session))) {
        say_alone(side, session);
    }
    gathered->count = 0;
    lum_buf_reset(&side->plain);
}

void lum_bunch_add(struct lum_side *side, struct lum_session *session,
                   const struct lum_piece *piece)
{
    struct lum_gathered *gathered = &side->gathered;
    LUM_ASSERT(piece->plain_len == 0 && piece->seals.count == 1);
    if (gathered->count == 0) {
        lum_buf_reset(&side->plain);
    }
    gathered->runs[gathered->count] = (struct lum_bunch_run){
        .number = piece->number, .first = piece->first, .len = (uint32_t)piece->bytes.len};
    gathered->seals[gathered->count] = piece->seals.at[0];
    gathered->count++;
    lum_buf_put(&side->plain, piece->bytes.at, piece->bytes.len);
    if (gathered->count == LUM_BUNCH_MAX || side->plain.len > LUM_BUNCH_BYTES) {
        lum_bunch_say(side, session);
    }
}
