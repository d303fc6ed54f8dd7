/*
 * pair_i.h - what the files of the pair share.
 *
 *   pair_logs.c  everything that is ever written, once
 *   pair_end.c   one end: its machine, its store, its writer
 *   pair.c       the line between them, time, and what must hold
 */
#ifndef LUM_TESTS_LIB_PAIR_I_H
#define LUM_TESTS_LIB_PAIR_I_H

#include "core/ingest.h"
#include "core/roster.h"
#include "core/store.h"
#include "sync/message.h"
#include "sync/sync.h"
#include "tests/lib/pair.h"
#include "tests/lib/temp.h"

enum {
    ANNA,
    BUDI,
    CITRA,
    DEVICES,

    EVENTS_MAX = 70,
    BRANCHES_AFTER = 10,
    JOBS_MAX = 64,
    WIRE_MAX = 8 << 20,
};

#define PAIR_FOUNDED_MS UINT64_C(1767225600000)

struct device {
    struct lum_sign_key author;
    struct lum_sign_key node;
};

/* A log as it was written, with a seal at every position. */
struct written {
    struct lum_log_name name;
    struct lum_log_place place;
    struct lum_buf run;
    struct lum_run_mark marks[EVENTS_MAX];
    struct lum_sig seals[EVENTS_MAX];
    uint64_t head;
};

/* What the writer of an end still has to do, in order. */
struct job {
    enum lum_sync_act_type type;
    uint32_t session;
    uint32_t token;
    struct lum_ingest run;
    struct lum_buf bytes;
    struct lum_sig seals[LUM_MESSAGE_SEALS_MAX];
    struct lum_ingest_result result;
};

struct end {
    unsigned device;
    struct temp temp; /* no folder when the caller has one */
    struct lum_store *store;
    struct lum_ingester *ingester;
    struct lum_roster *roster;
    struct lum_sync *sync;
    bool has_secret;
    struct job jobs[JOBS_MAX];
    size_t job_count;
    uint64_t wake_ms;
    uint32_t session;      /* of the line that is up; 0 = none */
    bool is_equal;         /* said by the machine in this session */
    struct lum_buf flying; /* to this end */
    struct lum_buf heard;
    const struct pair_trouble *trouble;
    uint64_t trouble_left;
    bool has_failed; /* its machine is at its end */
};

struct pair {
    struct device devices[DEVICES];
    struct lum_genesis genesis;
    struct lum_buf document;
    struct lum_hash space;
    struct written logs[PAIR_LOGS];
    struct end ends[2];
    uint64_t now_ms;
    uint32_t sessions;
    bool is_closing; /* politely: when all that was said has been delivered */
    uint32_t faults;
    uint32_t failures;
    /* The newest event that was written while both were equal, and by whom. */
    bool awaits_live;
    bool was_live;
    enum pair_log live_log;
    uint64_t live_seq;
    unsigned live_end;
};

static inline void must(enum lum_status status)
{
    LUM_ASSERT(status == LUM_OK);
}

/* ---- pair_logs.c ---- */

void pair_logs_write(struct pair *pair);
/* The events first..last of a written log, as one plain piece. */
struct lum_ingest pair_logs_piece(const struct written *log, uint64_t first, uint64_t last,
                                  struct lum_sig seals[EVENTS_MAX]);

/* ---- pair_end.c ---- */

void pair_end_step(struct pair *pair, struct end *end, struct lum_sync_event *event);
struct lum_sync_self pair_end_self(const struct pair *pair, const struct end *end);
/* A new machine in the place of one that failed. */
void pair_end_revive(struct pair *pair, struct end *end);
void pair_end_clear(struct pair *pair, struct end *end, bool has_genesis);
void pair_end_drop_jobs(struct end *end);

#endif
