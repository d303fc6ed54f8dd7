/*
 * store_scrape.h - every row that lies whole in a store's file, without its trees.
 *
 * Each page is read by itself with pread; whatever stands in it like a row and has the sum of one
 * (core/store_sum.h) is handed on, which also tells its table. So rows come that nothing leads to
 * any more, older ones from free pages among them, in no order.
 */
#ifndef LUM_CORE_STORE_SCRAPE_H
#define LUM_CORE_STORE_SCRAPE_H

#include "core/mem.h"
#include "core/status.h"

struct lum_scraper {
    void *self;
    uint32_t tables; /* of the file */
    /* key and value stand for the call; any status but OK ends it all. */
    enum lum_status (*row)(void *self, uint32_t table, struct lum_bytes key,
                           struct lum_bytes value);
};

/* A status of `row`, told by whoever owns it, or a told error: no_store, disk_error, no_memory. */
LUM_MUST_USE enum lum_status lum_store_scrape(const char *path, const struct lum_scraper *scraper,
                                              struct lum_error *err);

#endif
