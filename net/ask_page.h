/*
 * ask_page.h - answers that take long. A READ goes out in pages, each from a snapshot of its own,
 * so that it holds neither a transaction nor the loop. What runs in one go tells its pace.
 *
 * What a READ keeps between two pages are local record numbers. They stay as they are while the
 * view follows its log; a view made anew gives others. Then the answer ends as interrupted rather
 * than skip or repeat a record.
 */
#ifndef LUM_NET_ASK_PAGE_H
#define LUM_NET_ASK_PAGE_H

#include "net/request.h"

struct lum_page {
    struct lum_view_changes began; /* of the view the answer began with, as it was then */
};

LUM_MUST_USE enum lum_status lum_page_begin(struct lum_page *page, struct lum_txn *view);
/* At the start of each further step: interrupted when the view was made anew meanwhile. */
LUM_MUST_USE enum lum_status lum_page_go_on(const struct lum_page *page, const struct lum_ask *ask,
                                            struct lum_error *err);
/* The step has gathered a page: AGAIN is due. Its runner takes the frames away between steps. */
bool lum_page_is_full(const struct lum_ask *ask);
/* The last map of a list: {"count"} beside what the caller put into it. OK, to end in one line. */
LUM_MUST_USE enum lum_status lum_page_end(struct lum_ask *ask, uint64_t count);

/* How far a request is that runs in one go, told as PROGRESS; it stops when its runner says so. */
struct lum_pace {
    struct lum_ask *ask;
    uint64_t done;
    uint64_t total;
};
/* Borrows the pace. */
struct lum_tick lum_pace_tick(struct lum_pace *pace);
/* STOPPED becomes interrupted, with how far it was; anything else stays. */
LUM_MUST_USE enum lum_status lum_pace_end(const struct lum_pace *pace, enum lum_status status,
                                          struct lum_error *err);

#endif
