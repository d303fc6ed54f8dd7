/*
 * range.c - the Merkle mountain range over the boundaries of one log.
 *
 * Adding a leaf is adding 1 to a binary number: each standing peak that carries is joined with the
 * newcomer into a peak one higher. So bit i of `leaves` is set iff peaks[i] stands, and a peak that
 * does not stand is all zero, which makes equal ranges equal bytes.
 */
#include "core/range.h"

#include <string.h>

#include "core/crypto.h"
#include "core/pack.h"

enum {
    PEAKS = LUM_COUNT(((struct lum_range *)0)->peaks)
};

static bool stands(const struct lum_range *range, unsigned height)
{
    return (range->leaves >> height & 1) != 0;
}

static void join(const struct lum_hash *left, const struct lum_hash *right, struct lum_hash *out)
{
    uint8_t both[64];
    memcpy(both, left->b, 32);
    memcpy(both + 32, right->b, 32);
    lum_hash32(LUM_LABEL_node, (struct lum_bytes){both, sizeof both}, out);
}

void lum_range_init(struct lum_range *range)
{
    memset(range, 0, sizeof *range);
}

void lum_range_add(struct lum_range *range, const struct lum_hash *boundary)
{
    LUM_ASSERT(range->leaves + 1 < (uint64_t)1 << PEAKS);
    struct lum_hash carry;
    lum_hash32(LUM_LABEL_leaf, (struct lum_bytes){boundary->b, 32}, &carry);
    unsigned height = 0;
    for (; stands(range, height); height++) {
        join(&range->peaks[height], &carry, &carry);
        memset(&range->peaks[height], 0, sizeof range->peaks[height]);
    }
    range->peaks[height] = carry;
    range->leaves++;
}

void lum_range_root(const struct lum_range *range, struct lum_hash *out)
{
    LUM_ASSERT(range->leaves > 0);
    unsigned height = 0;
    while (!stands(range, height)) {
        height++;
    }
    struct lum_hash root = range->peaks[height];
    for (height++; height < PEAKS; height++) {
        if (stands(range, height)) {
            join(&range->peaks[height], &root, &root);
        }
    }
    *out = root;
}

size_t lum_range_write(const struct lum_range *range, uint8_t out[8 + 40 * 32])
{
    lum_put_u64(out, range->leaves);
    size_t len = 8;
    for (unsigned height = PEAKS; height-- > 0;) {
        if (stands(range, height)) {
            memcpy(out + len, range->peaks[height].b, 32);
            len += 32;
        }
    }
    return len;
}

bool lum_range_read(struct lum_bytes bytes, struct lum_range *out)
{
    if (bytes.len < 8 || lum_get_u64(bytes.at) >> PEAKS != 0) {
        return false;
    }
    struct lum_range range;
    lum_range_init(&range);
    range.leaves = lum_get_u64(bytes.at);
    size_t used = 8;
    for (unsigned height = PEAKS; height-- > 0;) {
        if (!stands(&range, height)) {
            continue;
        }
        if (bytes.len - used < 32) {
            return false;
        }
        memcpy(range.peaks[height].b, bytes.at + used, 32);
        used += 32;
    }
    if (used != bytes.len) {
        return false;
    }
    *out = range;
    return true;
}
