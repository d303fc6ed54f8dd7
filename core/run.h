/*
 * run.h - consecutive events of one log as bytes, and the one check that makes them authentic.
 *
 *   run  = event | event | ...        event = header | payload (absent when phash is in full)
 *
 * The same bytes travel in messages, stand in zstd blocks and lie in the store. A run is foreign
 * until lum_run_check has walked it from a known place of its log to a seal that holds.
 */
#ifndef LUM_CORE_RUN_H
#define LUM_CORE_RUN_H

#include "core/event.h"
#include "core/range.h"
#include "core/seal.h"

/* Walks the events of a run; what it hands out stands as long as the run's bytes. */
struct lum_run_reader {
    struct lum_cur cur;
    struct lum_header header; /* phash is filled only when it was given */
    struct lum_bytes raw_header;
    struct lum_bytes payload; /* follows raw_header at once; empty when withheld */
};

void lum_run_open(struct lum_run_reader *reader, struct lum_bytes run);
/* False at the end or at a fault (then reader->cur.fault says which). */
bool lum_run_next(struct lum_run_reader *reader);

/* One event as it stands in a run: header (phash nil unless withheld) and payload. */
void lum_run_append(struct lum_buf *run, const struct lum_header *header, struct lum_bytes payload);

/* A log as far as it is known: everything lum_run_check needs, everything it moves on. */
struct lum_log_place {
    struct lum_hash log_id;
    uint8_t author[32];
    struct lum_chain chain;
    struct lum_range range;
};

/* What the caller learns of each event of a checked run, in order. */
struct lum_run_mark {
    uint32_t offset; /* of the event in the run */
    uint32_t length; /* of header and payload together */
    bool is_boundary;
    bool is_withheld;       /* its payload did not come along */
    struct lum_chain chain; /* after this event: what a log keeps to begin again from here */
};

/*
 * Checks structure, chain and seals of a run that continues `place`, and moves place to its end.
 * A run has at least one event; an empty one is TRUNCATED.
 *   seals      one for each boundary in the run, ascending, and one for the last event when that is
 *              no boundary; their count must fit exactly (BOUNDARY otherwise)
 *   marks      NULL, or room for mark_max events; a run with more events is OVER_LIMIT
 *   *mark_count  how many events the run holds (also without marks)
 * On a fault place is unchanged and nothing of the run may be kept.
 * Cost: one parse, two hashes an event, one signature check a seal.
 */
struct lum_run_seals {
    const struct lum_sig *at;
    uint32_t count;
};
LUM_MUST_USE enum lum_fault lum_run_check(struct lum_log_place *place, struct lum_bytes run,
                                          struct lum_run_seals seals, struct lum_run_mark *marks,
                                          uint32_t mark_max, uint32_t *mark_count);

#endif
