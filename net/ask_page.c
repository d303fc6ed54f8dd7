/*
 * ask_page.c - pages of a long answer, whether the view is still the one it began with, and the
 * pace of what runs in one go.
 */
#include "net/ask_page.h"

#include <inttypes.h>
#include <stdio.h>

enum lum_status lum_page_begin(struct lum_page *page, struct lum_txn *view)
{
    return lum_view_changes(view, &page->began);
}

enum lum_status lum_page_go_on(const struct lum_page *page, const struct lum_ask *ask,
                               struct lum_error *err)
{
    struct lum_view_changes now;
    enum lum_status status = lum_view_changes(ask->world.view, &now);

    if (status == LUM_OK && now.first != page->began.first) {
        return lum_fail(err, LUM_CAUSE_interrupted, ask->request->name, NULL);
    }
    return status;
}

bool lum_page_is_full(const struct lum_ask *ask)
{
    return ask->reply.out->len >= LUM_REPLY_PAGE;
}

enum lum_status lum_page_end(struct lum_ask *ask, uint64_t count)
{
    lum_reply_uint(&ask->reply, "count", count);
    lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    return LUM_OK;
}

static bool step(void *self, uint64_t done, uint64_t total)
{
    struct lum_pace *pace = self;
    const struct lum_world *world = &pace->ask->world;

    pace->done = done;
    pace->total = total;
    lum_reply_progress(&pace->ask->reply, done, total);
    return world->stop == NULL || !world->stop(world->stop_self);
}

struct lum_tick lum_pace_tick(struct lum_pace *pace)
{
    return (struct lum_tick){pace, step};
}

enum lum_status lum_pace_end(const struct lum_pace *pace, enum lum_status status,
                             struct lum_error *err)
{
    char far[64];

    if (status != LUM_STOPPED) {
        return status;
    }
    (void)snprintf(far, sizeof(far), "%" PRIu64 "/%" PRIu64, pace->done, pace->total);
    return lum_fail(err, LUM_CAUSE_interrupted, far, pace->ask->request->name);
}
