/*
 * seen.h - which keys a file has brought so far, by their hashes.
 *
 * Open-addressing tables of keyed 64-bit hashes, 11 to 21 bytes a key. Each table grows by itself,
 * so that only a small part stands in memory twice. Two of a million different keys share a hash
 * with a chance of 3 in 100 million: whoever hears that a key is there looks it up.
 */
#ifndef LUM_CLI_SEEN_H
#define LUM_CLI_SEEN_H

#include "core/lum.h"

enum {
    LUM_SEEN_TABLES = 16,
};

struct lum_seen_table {
    uint64_t *slots; /* 0 = free */
    size_t room;     /* a power of two, or 0 */
    size_t count;
};
struct lum_seen {
    struct lum_seen_table tables[LUM_SEEN_TABLES]; /* by the highest bits of the hash */
    uint8_t secret[16];
};

void lum_seen_init(struct lum_seen *seen);
void lum_seen_fini(struct lum_seen *seen);
/* EXISTS when a key of this hash is there already; NO_MEMORY. */
LUM_MUST_USE enum lum_status lum_seen_add(struct lum_seen *seen, struct lum_bytes key);

#endif
