/*
 * event.h - one signed transaction: its header, its place in a hash chain, its boundary.
 *
 *   header = [kind, dt, deps, plen, phash]         docs/format.md 2
 *          | [kind, dt, deps, plen, phash, epoch16]
 *   h(n)   = H("lumbung1 event", h(n-1), header bytes with phash in full);  h(0) = log id
 *
 * On the wire and at rest phash is nil when the payload follows; the reader computes it.
 */
#ifndef LUM_CORE_EVENT_H
#define LUM_CORE_EVENT_H

#include "core/limits.h"
#include "core/lum.h"
#include "core/pack.h"

enum lum_kind {
    LUM_KIND_DATA = 0,
    LUM_KIND_RECEIPT = 1,
    LUM_KIND_CONTROL = 2,
    LUM_KIND_KEYS = 3,
    LUM_KIND_FORGET = 4,
    LUM_KIND_FORK_PROOF = 5,
    LUM_KIND_ADOPT = 6,
    LUM_KIND_CHECKPOINT = 7,
    LUM_KIND_CO_SIGN = 8,
};

enum lum_shelf {
    LUM_SHELF_GOV = 0,
    LUM_SHELF_COMMON = 1,
};

/* A log's identity: who writes, in which incarnation, on which shelf. */
struct lum_log_name {
    uint8_t author[32]; /* A */
    uint8_t incarnation[8];
    uint8_t shelf;
};

/* log id = H("lumbung1 log", space, A, incarnation, shelf). log8 is its first 8 bytes. */
void lum_log_id(const struct lum_hash *space, const struct lum_log_name *name,
                struct lum_hash *out);

/* A position in a foreign log that this event has seen. */
struct lum_dep {
    uint8_t log8[8];
    uint64_t seq;       /* from 1 */
    bool is_pin;        /* [log8, seq, hash16]; else it leans on this log's latest pin of log8 */
    uint8_t hash16[16]; /* first 16 bytes of h(seq) there */
};

struct lum_header {
    uint8_t kind; /* 0..LUM_KIND_MAX; unknown kinds are void, not faults */
    int64_t dt;   /* ms since the log's previous event; the first event: since the founding */
    uint32_t dep_count;
    struct lum_dep deps[LUM_DEPS_MAX]; /* ascending by log8, unique */
    uint32_t plen;
    bool has_phash; /* given in full: the payload does not follow (withheld or forgotten) */
    struct lum_hash phash;
    bool has_epoch; /* differs from the previous event's */
    uint8_t epoch[16];
};

/* Reads one header in its canonical form. Which fault names what: docs/format.md 2. */
void lum_header_read(struct lum_cur *cur, struct lum_header *out);
/* Appends the header; phash is written in full when with_phash, else nil. Allocates only through
 * out, and never when out has LUM_HEADER_MAX bytes of room left. */
void lum_header_write(const struct lum_header *header, bool with_phash, struct lum_buf *out);

/* phash = H("lumbung1 payload", payload). */
void lum_payload_hash(struct lum_bytes payload, struct lum_hash *out);
/* h(n) from h(n-1); header->phash must be filled. */
void lum_event_hash(const struct lum_hash *previous, const struct lum_header *header,
                    struct lum_hash *out);

/*
 * Where a log stands after an event: all that is needed to check and place the next one.
 * lum_chain_start gives the place before event 1: h = log id, t = founding, epoch = genesis epoch.
 */
struct lum_chain {
    uint64_t seq;
    struct lum_hash h;
    uint64_t t; /* ms since 1970, in [0, 2^48) */
    uint8_t epoch[16];
    uint32_t segment_events; /* since the last boundary */
    uint32_t segment_bytes;
};

void lum_chain_start(const struct lum_hash *log_id, uint64_t founded_ms, const uint8_t epoch[16],
                     struct lum_chain *out);
/*
 * Checks what is structural beyond the header's own form (payload length and hash, t's range, an
 * epoch that really differs), fills header->phash from the payload unless it was given, and moves
 * the chain on. A header with has_phash may come without its payload (empty: it is withheld).
 * *is_boundary tells whether this event is a boundary; the counters are then zero again.
 * The chain is unchanged when there is a fault.
 */
LUM_MUST_USE enum lum_fault lum_chain_step(struct lum_chain *chain, struct lum_header *header,
                                           struct lum_bytes payload, bool *is_boundary);
/* The same for a header that lum_header_read has just read from exactly the bytes `raw`: they are
 * hashed as they stand instead of being written again. */
LUM_MUST_USE enum lum_fault lum_chain_step_raw(struct lum_chain *chain, struct lum_header *header,
                                               struct lum_bytes raw, struct lum_bytes payload,
                                               bool *is_boundary);

#endif
