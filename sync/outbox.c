/*
 * outbox.c - see outbox.h.
 */
#include "sync/outbox.h"

#include <string.h>

#include "core/limits.h"

enum {
    ACTS_MIN = 64,
};

void lum_outbox_init(struct lum_outbox *outbox)
{
    memset(outbox, 0, sizeof(*outbox));
    lum_arena_init(&outbox->arena);
    lum_buf_init(&outbox->body, LUM_MESSAGE_MAX);
}

void lum_outbox_fini(struct lum_outbox *outbox)
{
    lum_free(outbox->acts);
    lum_arena_fini(&outbox->arena);
    lum_buf_fini(&outbox->body);
}

void lum_outbox_reset(struct lum_outbox *outbox)
{
    outbox->count = 0;
    outbox->status = LUM_OK;
    lum_arena_reset(&outbox->arena);
    lum_buf_reset(&outbox->body);
}

bool lum_outbox_check(struct lum_outbox *outbox, enum lum_status status)
{
    if (outbox->status == LUM_OK) {
        outbox->status = status;
    }
    return outbox->status == LUM_OK;
}

static bool make_room(struct lum_outbox *outbox)
{
    if (outbox->count < outbox->room) {
        return true;
    }
    size_t room = outbox->room == 0 ? ACTS_MIN : 2 * outbox->room;
    struct lum_sync_act *acts = lum_realloc(outbox->acts, room * sizeof(*acts));
    if (acts == NULL) {
        return lum_outbox_check(outbox, LUM_NO_MEMORY);
    }
    outbox->acts = acts;
    outbox->room = room;
    return true;
}

struct lum_sync_act *lum_outbox_act(struct lum_outbox *outbox, enum lum_sync_act_type type,
                                    uint32_t session)
{
    if (outbox->status != LUM_OK || !make_room(outbox)) {
        return NULL;
    }
    struct lum_sync_act *act = &outbox->acts[outbox->count++];
    memset(act, 0, sizeof(*act));
    act->type = type;
    act->session = session;
    return act;
}

struct lum_bytes lum_outbox_keep(struct lum_outbox *outbox, struct lum_bytes bytes)
{
    uint8_t *copy = lum_arena_take(&outbox->arena, bytes.len);
    if (copy == NULL) {
        (void)lum_outbox_check(outbox, LUM_NO_MEMORY);
        return (struct lum_bytes){NULL, 0};
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.at, bytes.len);
    }
    return lum_bytes_of(copy, bytes.len);
}

struct lum_buf *lum_outbox_body(struct lum_outbox *outbox)
{
    lum_buf_reset(&outbox->body);
    return &outbox->body;
}

size_t lum_outbox_frame_size(size_t body_len)
{
    size_t size = 2 + body_len;
    for (size_t rest = body_len >> 7; rest > 0; rest >>= 7) {
        size++;
    }
    return size;
}

size_t lum_outbox_send(struct lum_outbox *outbox, uint32_t session, uint8_t type)
{
    if (!lum_outbox_check(outbox, lum_buf_status(&outbox->body))) {
        return 0;
    }
    struct lum_bytes body = lum_outbox_keep(outbox, lum_buf_bytes(&outbox->body));
    struct lum_sync_act *act = lum_outbox_act(outbox, LUM_SYNC_SEND, session);
    if (act == NULL) {
        return 0;
    }
    act->send.type = type;
    act->send.body = body;
    return lum_outbox_frame_size(body.len);
}
