/*
 * range.h - a Merkle mountain range over the boundaries of one log.
 *
 * leaf = H("lumbung1 leaf", h(boundary)); node = H("lumbung1 node", left, right). Peaks are bagged
 * right to left: root = node(p1, node(p2, ... node(p(k-1), pk))). The root at a boundary includes
 * its own leaf. (Todd, "Merkle mountain ranges"; RFC 6962 for leaf/node separation, here by label.)
 */
#ifndef LUM_CORE_RANGE_H
#define LUM_CORE_RANGE_H

#include "core/lum.h"

/* Peaks by height: peak i stands iff bit i of leaves is set. Highest possible: 2^40 leaves. */
struct lum_range {
    uint64_t leaves;
    struct lum_hash peaks[40];
};

void lum_range_init(struct lum_range *range);
void lum_range_add(struct lum_range *range, const struct lum_hash *boundary);
/* Needs at least one leaf. */
void lum_range_root(const struct lum_range *range, struct lum_hash *out);

/* At rest: u64 leaves, then the standing peaks from the highest down (32 bytes each). */
size_t lum_range_write(const struct lum_range *range, uint8_t out[8 + 40 * 32]);
/* False when the length does not fit the leaves. */
LUM_MUST_USE bool lum_range_read(struct lum_bytes bytes, struct lum_range *out);

#endif
