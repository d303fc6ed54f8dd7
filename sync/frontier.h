/*
 * frontier.h - what we hold: for every log how far, and the hash there. Read once, then kept level
 * with the store by what is told as grown, so that no step walks the whole store.
 *
 * Digest of a shelf: docs/format.md 1, "lumbung1 front"; equal iff the same is held.
 */
#ifndef LUM_SYNC_FRONTIER_H
#define LUM_SYNC_FRONTIER_H

#include "core/limits.h"
#include "core/log.h"

/* One log of ours. Where a log is frozen, `seq` and `h` stand at the fork point, for what lies
 * behind it is nobody's to compare; `head` is how far the events go that we can send. */
struct lum_held {
    struct lum_log_name name;
    struct lum_hash id;
    uint64_t head;
    uint64_t seq;
    struct lum_hash h;
    bool is_frozen;
    bool in_doubt; /* an own log of which a neighbour knew more: said once */
};

struct lum_frontier {
    struct lum_held *logs; /* logs[lno - 1] */
    uint32_t *by_id;       /* lnos, ascending by log id */
    uint32_t count;
    uint32_t room;
    uint8_t fresh; /* bit i: digests[i] is as the logs are */
    uint8_t digests[LUM_SHELVES_MAX][16];
};

void lum_frontier_init(struct lum_frontier *frontier);
void lum_frontier_fini(struct lum_frontier *frontier);
/* Reads the logs that are new, and `lno` anew (0 = every log). */
LUM_MUST_USE enum lum_status lum_frontier_read(struct lum_frontier *frontier, struct lum_txn *txn,
                                               uint32_t lno);
struct lum_held *lum_frontier_log(const struct lum_frontier *frontier, uint32_t lno);
/* The lno, or 0. By log8 also 0 when several logs begin with it: such a log goes by its name. */
uint32_t lum_frontier_find(const struct lum_frontier *frontier, const struct lum_hash *id);
uint32_t lum_frontier_find8(const struct lum_frontier *frontier, const uint8_t log8[8]);
/* Stands until the next read. */
const uint8_t *lum_frontier_digest(struct lum_frontier *frontier, uint8_t shelf);
/* What a hash is called in this session: nobody can prepare two that are called alike. */
uint32_t lum_frontier_tag(const uint8_t handshake_hash[64], const struct lum_hash *h);

#endif
