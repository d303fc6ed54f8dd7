/*
 * ingest.h - the one way in for a stranger's events: check, then append, inside one transaction.
 *
 *   skip what we hold -> continues our head? -> author admitted? -> unpack -> structure, chain,
 *   seals (lum_run_check) -> log.mdb                    anything wrong: a fault, nothing kept
 *
 * A run that begins after our head waits outside (the sender starts again from our frontier); one
 * that contradicts what we hold, and carries a seal that holds, is a fork: the log freezes at the
 * last common event, the other branch is kept as proof, and the meeting goes on.
 */
#ifndef LUM_CORE_INGEST_H
#define LUM_CORE_INGEST_H

#include "core/log.h"
#include "core/roster.h"

/* What a neighbour sent: a piece of a log. */
struct lum_ingest {
    struct lum_log_name name;
    uint64_t first;
    uint32_t plain_len;
    bool is_packed;
    struct lum_bytes bytes;
    struct lum_run_seals seals;
};

enum lum_ingest_end {
    LUM_INGEST_TAKEN,    /* some or all of it is new and now in the transaction */
    LUM_INGEST_HELD,     /* nothing new */
    LUM_INGEST_GAP,      /* begins after our head: not kept */
    LUM_INGEST_STRANGER, /* no valid JOIN of its author yet, or payloads left out: not kept */
    LUM_INGEST_FORK,     /* a fork was proved; the log is frozen now */
    LUM_INGEST_FAULTY,   /* see fault */
    LUM_INGEST_NO_ROOM,  /* not kept: the disk is nearly full (core/space.h) */
};

struct lum_ingest_result {
    enum lum_ingest_end end;
    enum lum_fault fault;
    uint32_t lno;      /* 0 for a stranger */
    uint64_t head;     /* of that log, now */
    uint32_t taken;    /* events that are new */
    bool gov_grew;     /* a gov log grew: the roster must be read again */
};

struct lum_ingester; /* scratch memory and contexts, one a writer */
LUM_MUST_USE enum lum_status lum_ingester_open(struct lum_ingester **out);
void lum_ingester_close(struct lum_ingester *ingester);

/* The space that is written to: where a log begins, and who is admitted. */
struct lum_ingest_space {
    struct lum_hash id;
    uint64_t founded_ms;
    const struct lum_roster *roster;
    bool may_lack_payloads; /* runs with payloads left out are kept; nothing lets a neighbour yet */
};

/* Status only for what the world did (disk, memory); what the neighbour did stands in *out. */
LUM_MUST_USE enum lum_status lum_ingest_run(struct lum_ingester *ingester, struct lum_txn *txn,
                                            const struct lum_ingest_space *space,
                                            const struct lum_ingest *in,
                                            struct lum_ingest_result *out);

#endif
