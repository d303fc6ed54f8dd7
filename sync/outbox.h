/*
 * outbox.h - what one step wants done, gathered in order. Bytes stand until the next reset.
 *
 * The first thing that goes wrong (no memory, a store that does not read) is kept as `status`;
 * after it nothing more is gathered and the step gives it back, so that those who speak need not
 * ask.
 */
#ifndef LUM_SYNC_OUTBOX_H
#define LUM_SYNC_OUTBOX_H

#include "core/mem.h"
#include "sync/sync.h"

struct lum_outbox {
    struct lum_sync_act *acts;
    size_t count;
    size_t room;
    struct lum_arena arena;
    struct lum_buf body; /* scratch: the message being written */
    enum lum_status status;
};

void lum_outbox_init(struct lum_outbox *outbox);
void lum_outbox_fini(struct lum_outbox *outbox);
void lum_outbox_reset(struct lum_outbox *outbox);
/* Keeps the first failure; gives whether all is well so far. */
bool lum_outbox_check(struct lum_outbox *outbox, enum lum_status status);

/* An empty body to write into; lum_outbox_send takes it. */
struct lum_buf *lum_outbox_body(struct lum_outbox *outbox);
/* Bytes that this message takes on the line before encryption, 0 after a failure. */
size_t lum_outbox_send(struct lum_outbox *outbox, uint32_t session, uint8_t type);
/* The act is to be filled; NULL after a failure. Stands until the next act. */
struct lum_sync_act *lum_outbox_act(struct lum_outbox *outbox, enum lum_sync_act_type type,
                                    uint32_t session);
/* A copy that stands as long as the acts. */
struct lum_bytes lum_outbox_keep(struct lum_outbox *outbox, struct lum_bytes bytes);
/* type, length and body: see net/frame.h. */
size_t lum_outbox_frame_size(size_t body_len);

#endif
