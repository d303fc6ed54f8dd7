/*
 * query.h - which records: a condition (core/where.h), an order, a limit.
 *
 * Words and field names are matched verbatim. A cell with several values matches by its shown one.
 * A field that a record lacks is null. = and != compare by content, numbers by value whether int or
 * real; < <= > >= hold only between values of one kind. contains and prefix ask of texts, and
 * compare case-folded.
 */
#ifndef LUM_CORE_QUERY_H
#define LUM_CORE_QUERY_H

#include "core/view.h"

struct lum_query; /* a compiled condition */
/* where may be NULL: everything. INVALID with cause bad_where: {1} column from 1, {2} what was
 * expected. */
LUM_MUST_USE enum lum_status lum_query_open(const char *where, struct lum_query **out,
                                            struct lum_error *err);
void lum_query_close(struct lum_query *query); /* NULL is fine */

struct lum_query_plan {
    const struct lum_query *query;
    uint8_t shelf;
    struct lum_bytes collection;
    struct lum_bytes sort; /* field name; empty = as they came here; leading '-' = descending */
    uint64_t limit;        /* 0 = no limit */
};
/*
 * Record numbers that match, in order, appended to rnos (u64 each, native; NULL: only count).
 * *count: how many it gave; without a limit that is how many match. One pass over the collection;
 * with sort and limit it keeps only the best `limit` of them. Of equal sort values the older comes
 * first.
 */
LUM_MUST_USE enum lum_status lum_query_run(struct lum_txn *view, struct lum_txn *log,
                                           const struct lum_query_plan *plan, struct lum_buf *rnos,
                                           uint64_t *count, struct lum_error *err);

#endif
