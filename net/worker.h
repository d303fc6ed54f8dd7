/*
 * worker.h - the second thread: it alone owns the space and writes.
 *
 *   loop: push(job) ...            worker: take all that waits -> one batch -> one commit
 *   loop: take() finished jobs  <- wake the loop
 *
 * Group commit comes by itself: what arrives during a commit forms the next batch. Nothing is
 * reported done before the commit that covers it has returned. A failed sync or commit is final:
 * the worker refuses everything after it and the node ends.
 *
 * When no job waits the worker brings the view up to the log in slices.
 */
#ifndef LUM_NET_WORKER_H
#define LUM_NET_WORKER_H

#include <uv.h>

#include "core/space.h"
#include "net/request.h"

enum lum_job_type {
    LUM_JOB_INGEST,  /* one run of a neighbour */
    LUM_JOB_WRITE,   /* a WRITE request */
    LUM_JOB_ALONE,   /* an ALONE request */
    LUM_JOB_SETTLE,  /* the barrier: done when the view is level and on the disk */
    LUM_JOB_GENESIS, /* newcomer: accept the document in `bytes` */
    LUM_JOB_JOIN,    /* newcomer: write the JOIN */
    LUM_JOB_WELCOME, /* newcomer: keep the secret; `bytes` is the person's name */
    LUM_JOB_DOUBT,   /* open a new incarnation with the next own event */
    LUM_JOB_NOTE,    /* keep a hint: `note` and `bytes` */
};

struct lum_job {
    enum lum_job_type type;
    struct lum_job *next;
    uint32_t session;        /* whose it is; 0 = none */
    struct lum_buf bytes;    /* owned: run, document, name, note */
    struct lum_ingest run;   /* INGEST: bytes and seals point into this job */
    struct lum_sig seals[LUM_BLOCK_SEGMENTS_MAX + 1];
    uint32_t token;
    uint32_t generation;     /* WELCOME */
    uint8_t secret[32];
    char note[32];
    struct lum_ask *ask;     /* WRITE, ALONE: owned by whoever asked, lives until the job is done */
    /* when done */
    enum lum_status status;
    struct lum_error error;
    struct lum_ingest_result result;
};

struct lum_worker;

/* What the last commits changed, gathered until the loop takes it. */
struct lum_worker_news {
    struct lum_job *done;          /* in order; free each with lum_job_free */
    struct lum_growth grown[256];
    size_t grown_count;
    bool grown_overflow;           /* more logs grew than fit: look at all */
    bool roster_changed;
    bool has_failed;               /* final: see error */
    struct lum_error error;
    struct lum_view_progress progress; /* sums since the last take */
};

/* `wake` is sent when there is news; gate is held while store files are swapped: who reads through
 * lum_space_log or lum_space_view on another thread holds it for reading. */
LUM_MUST_USE enum lum_status lum_worker_open(struct lum_space *space, uv_async_t *wake,
                                             struct lum_worker **out, struct lum_error *err);
/* Finishes what waits, settles, joins the thread. The space is then the caller's alone again. */
void lum_worker_close(struct lum_worker *worker);
void lum_worker_push(struct lum_worker *worker, struct lum_job *job); /* owns the job from now */
void lum_worker_take(struct lum_worker *worker, struct lum_worker_news *out);
/* Bytes that INGEST jobs hold, waiting or running: back-pressure. */
size_t lum_worker_load(struct lum_worker *worker);
/* False while the view lags behind the log. */
bool lum_worker_is_settled(struct lum_worker *worker);
uv_rwlock_t *lum_worker_gate(struct lum_worker *worker);
/* Long requests stop at the next look. */
void lum_worker_interrupt(struct lum_worker *worker);

struct lum_job *lum_job_new(enum lum_job_type type);
void lum_job_free(struct lum_job *job);

#endif
