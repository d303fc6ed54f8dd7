/*
 * query.h - which records: a condition, an order, a limit.
 *
 *   where = or ; or = and {"or" and} ; and = not {"and" not} ; not = ["not"] (test | "(" where ")")
 *   test  = field (= | != | < | <= | > | >=) value | field in (value, ..)
 *         | field contains text | field prefix text
 *   field = word, or "quoted" ; value = number | true | false | null | "quoted" | bare word
 *
 * Words and field names are matched verbatim. A conflict cell matches by its shown value. A field
 * a record lacks is null. Text is compared case-folded by contains and prefix, verbatim otherwise.
 */
#ifndef LUM_CORE_QUERY_H
#define LUM_CORE_QUERY_H

#include "core/view.h"

struct lum_query; /* a compiled condition */
/* where may be NULL: everything. INVALID with cause bad_where, column from 1. */
LUM_MUST_USE enum lum_status lum_query_open(const char *where, struct lum_query **out,
                                            struct lum_error *err);
void lum_query_close(struct lum_query *query);

struct lum_query_plan {
    const struct lum_query *query;
    uint8_t shelf;
    struct lum_bytes collection;
    struct lum_bytes sort;  /* field name; empty = in order of creation; leading '-' = descending */
    uint64_t limit;         /* 0 = no limit */
};
/* Record numbers that match, in order. One pass; with sort and limit a heap of `limit` keys. */
LUM_MUST_USE enum lum_status lum_query_run(struct lum_txn *view, struct lum_txn *log,
                                           const struct lum_query_plan *plan,
                                           struct lum_buf *rnos /* u64 each, native */,
                                           uint64_t *count, struct lum_error *err);

#endif
