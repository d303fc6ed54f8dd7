/*
 * seen.h - which keys a file has brought so far, and in which row.
 *
 * An open-addressing table of keyed 64-bit hashes, 16 bytes a slot: that two of a million different
 * keys are taken for equal has a chance of 3 in 100 million, and then a row is refused, not lost.
 */
#ifndef LUM_CLI_SEEN_H
#define LUM_CLI_SEEN_H

#include "core/lum.h"

struct lum_seen_slot {
    uint64_t hash;
    uint64_t row; /* 0 = free */
};
struct lum_seen {
    struct lum_seen_slot *slots;
    size_t room; /* a power of two, or 0 */
    size_t count;
    uint8_t secret[16];
};

void lum_seen_init(struct lum_seen *seen);
void lum_seen_fini(struct lum_seen *seen);
/* row is above 0. EXISTS, with the row in *before, when the key is there; NO_MEMORY. */
LUM_MUST_USE enum lum_status lum_seen_add(struct lum_seen *seen, struct lum_bytes key,
                                          uint64_t row, uint64_t *before);

#endif
