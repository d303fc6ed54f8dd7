/*
 * worker.c - take what waits, one batch, one commit, tell.
 *
 *   own     --+
 *             +--> round: [writes, then some ingests] --batch, commit--> done
 *   foreign --+           [alone, settle, first contact] each by itself --> done
 *
 * Own jobs go before foreign ones and a round takes few of the latter, so that a person's write
 * waits for one short round also while a whole district is being received. The view follows when it
 * lags by LAG_EVENTS_MAX, or when nothing came for VIEW_PAUSE_MS; who cannot wait sends a SETTLE.
 *
 * The mutex covers the queues, the finished list and the news; the space is touched by this thread
 * only and needs none.
 */
#include "net/worker.h"

#include <string.h>

enum {
    ROUND_JOBS_MAX = 256,       /* in one batch */
    ROUND_SEGMENTS_MAX = 64,    /* of them foreign, about: 4,096 events */
    SETTLE_SLICE_EVENTS = 2048, /* of the view between two looks at the queues */
    LAG_EVENTS_MAX = 8192,
    VIEW_PAUSE_MS = 30,
    FULL_PAUSE_MS = 1000, /* the view has no room: so long until the next try */
    WRITE_EVENT_BYTES = 128, /* of a question; a guess at how many events it makes */
};

/* First in, first out. `last` points to where the next one is linked. */
struct queue {
    struct lum_job *first;
    struct lum_job **last;
};

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_put(struct queue *queue, struct lum_job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static struct lum_job *queue_take(struct queue *queue)
{
    struct lum_job *job = queue->first;

    queue->first = job->next;
    if (queue->first == NULL) {
        queue->last = &queue->first;
    }
    return job;
}

struct lum_worker {
    struct lum_space *space;
    struct lum_editor *editor;
    uv_async_t *wake;
    uv_thread_t thread;
    uv_mutex_t lock;
    uv_cond_t work;
    uv_rwlock_t gate;
    struct queue own;     /* everything but ingests */
    struct queue foreign; /* ingests */
    struct queue done;
    struct lum_worker_news news;
    size_t load;
    size_t lag; /* events, about, that the view has not seen; this thread's */
    bool is_settled;
    bool is_full; /* the view had no room when it was last tried; this thread's */
    bool is_stopping;
    bool is_interrupted;
};

struct lum_job *lum_job_new(enum lum_job_type type)
{
    struct lum_job *job = lum_alloc_zero(sizeof(*job));

    if (job != NULL) {
        job->type = type;
        lum_buf_init(&job->bytes, LUM_REQUEST_MAX);
    }
    return job;
}

void lum_job_free(struct lum_job *job)
{
    if (job != NULL) {
        lum_buf_fini(&job->bytes);
        lum_wipe(job->secret, sizeof(job->secret));
        lum_free(job);
    }
}

/* What it holds while it waits: of a small run the job itself is most. */
static size_t weight(const struct lum_job *job)
{
    return sizeof(*job) + job->bytes.len;
}

/* ---- telling the loop ---- */

static void tell_failed(struct lum_worker *worker, const struct lum_error *err)
{
    uv_mutex_lock(&worker->lock);
    if (!worker->news.has_failed) {
        worker->news.has_failed = true;
        worker->news.error = *err;
    }
    uv_mutex_unlock(&worker->lock);
}

static void add_grown(struct lum_worker_news *news, const struct lum_growth *grown, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t j = 0;
        while (j < news->grown_count && news->grown[j].lno != grown[i].lno) {
            j++;
        }
        if (j == LUM_COUNT(news->grown)) {
            news->grown_overflow = true;
            return;
        }
        news->grown[j] = grown[i];
        if (j == news->grown_count) {
            news->grown_count++;
        }
    }
}

static void tell_committed(struct lum_worker *worker)
{
    const struct lum_growth *grown;
    size_t count = lum_space_grown(worker->space, &grown);
    bool roster_changed = lum_space_roster_changed(worker->space);

    uv_mutex_lock(&worker->lock);
    add_grown(&worker->news, grown, count);
    worker->news.roster_changed |= roster_changed;
    worker->is_settled = lum_space_is_settled(worker->space);
    uv_mutex_unlock(&worker->lock);
}

static void tell_done(struct lum_worker *worker, struct lum_job *job)
{
    uv_mutex_lock(&worker->lock);
    if (job->type == LUM_JOB_INGEST) {
        worker->load -= weight(job);
        lum_buf_fini(&job->bytes); /* the loop may be long in taking it, and needs the end only */
    }
    queue_put(&worker->done, job);
    uv_mutex_unlock(&worker->lock);
    uv_async_send(worker->wake);
}

static void tell_progress(struct lum_worker *worker, const struct lum_view_progress *progress)
{
    struct lum_view_progress *sum = &worker->news.progress;

    uv_mutex_lock(&worker->lock);
    sum->applied += progress->applied;
    sum->records_new += progress->records_new;
    sum->records_changed += progress->records_changed;
    sum->records_deleted += progress->records_deleted;
    sum->conflicts_new += progress->conflicts_new;
    worker->is_settled = lum_space_is_settled(worker->space);
    uv_mutex_unlock(&worker->lock);
}

/* ---- one batch ---- */

static bool is_batched(const struct lum_job *job)
{
    return job->type == LUM_JOB_INGEST || job->type == LUM_JOB_WRITE;
}

static bool ask_stop(void *self)
{
    struct lum_worker *worker = self;
    bool stop;

    uv_mutex_lock(&worker->lock);
    stop = worker->is_interrupted || worker->is_stopping;
    uv_mutex_unlock(&worker->lock);
    return stop;
}

static void prepare_ask(struct lum_worker *worker, struct lum_ask *ask)
{
    const struct lum_env *env = lum_space_env(worker->space);

    ask->world = (struct lum_world){
        .space = worker->space,
        .editor = worker->editor,
        .roster = lum_space_roster(worker->space),
        .home = lum_space_home(worker->space),
        .keys = lum_space_is_newcomer(worker->space) ? NULL : lum_space_keys(worker->space),
        .dir = lum_space_dir(worker->space),
        .wall_ms = env->wall_ms(env->self),
        .stop = ask_stop,
        .stop_self = worker,
    };
}

/* True when the whole batch must be given up: the world failed, not this one job. */
static bool run_batched(struct lum_worker *worker, struct lum_job *job)
{
    if (job->type == LUM_JOB_INGEST) {
        job->status = lum_space_ingest(worker->space, &job->run, &job->result, &job->error);
        return job->status != LUM_OK;
    }
    prepare_ask(worker, job->ask);
    job->status = lum_ask_run(job->ask, &job->error);
    return job->status == LUM_IO || job->status == LUM_FULL || job->status == LUM_CORRUPT ||
           job->status == LUM_NO_MEMORY;
}

/* A batch that failed: every job of it failed, whatever its own answer said. */
static void fail_batch(struct lum_job *const *jobs, size_t count, enum lum_status status,
                       const struct lum_error *err)
{
    for (size_t i = 0; i < count; i++) {
        jobs[i]->status = status;
        jobs[i]->error = *err;
        if (jobs[i]->ask != NULL) {
            lum_buf_reset(jobs[i]->ask->reply.out);
            lum_reply_error(&jobs[i]->ask->reply, err);
        }
    }
}

static void run_batch(struct lum_worker *worker, struct lum_job *const *jobs, size_t count)
{
    struct lum_error err = {0};
    enum lum_status status = lum_space_begin(worker->space, &err);

    for (size_t i = 0; i < count && status == LUM_OK; i++) {
        if (run_batched(worker, jobs[i])) {
            status = jobs[i]->status;
            err = jobs[i]->error;
        }
    }
    if (status == LUM_OK) {
        status = lum_space_commit(worker->space, &err);
    } else {
        lum_space_abort(worker->space);
    }
    if (status == LUM_OK) {
        tell_committed(worker);
    } else {
        fail_batch(jobs, count, status, &err);
        if (status == LUM_IO || status == LUM_CORRUPT) {
            tell_failed(worker, &err);
        }
    }
    for (size_t i = 0; i < count; i++) {
        tell_done(worker, jobs[i]);
    }
}

/* ---- jobs that run by themselves ---- */

static enum lum_status settle_whole(struct lum_worker *worker, struct lum_error *err)
{
    enum lum_status status;

    do {
        struct lum_view_progress progress = {0};
        status = lum_space_settle(worker->space, SETTLE_SLICE_EVENTS, &progress, err);
        tell_progress(worker, &progress);
    } while (status == LUM_AGAIN);
    return status;
}

static enum lum_status put_note(struct lum_worker *worker, struct lum_job *job)
{
    enum lum_status status = lum_space_begin(worker->space, &job->error);

    if (status != LUM_OK) {
        return status;
    }
    status = lum_log_note_put(lum_space_log_txn(worker->space), job->note,
                              lum_buf_bytes(&job->bytes));
    if (status != LUM_OK) {
        lum_space_abort(worker->space);
        return status;
    }
    return lum_space_commit(worker->space, &job->error);
}

static enum lum_status run_alone(struct lum_worker *worker, struct lum_job *job)
{
    struct lum_space *space = worker->space;

    switch (job->type) {
    case LUM_JOB_ALONE:
        (void)!settle_whole(worker, NULL); /* the request itself says why not */
        prepare_ask(worker, job->ask);
        return lum_ask_run(job->ask, &job->error);
    case LUM_JOB_SETTLE:
        return settle_whole(worker, &job->error);
    case LUM_JOB_GENESIS:
        return lum_space_accept_genesis(space, lum_buf_bytes(&job->bytes), &job->error);
    case LUM_JOB_JOIN:
        return lum_space_write_join(space, &job->error);
    case LUM_JOB_WELCOME:
        return lum_space_welcome(space, job->generation, job->secret,
                                 lum_buf_bytes(&job->bytes), &job->error);
    case LUM_JOB_DOUBT:
        return lum_space_doubt(space, &job->error);
    case LUM_JOB_NOTE:
        return put_note(worker, job);
    case LUM_JOB_INGEST:
    case LUM_JOB_WRITE:
    default:
        LUM_UNREACHABLE("a batched job came alone");
    }
}

/* ---- the thread ---- */

/* Takes a round: all waiting writes and some ingests, or one job that runs by itself. */
static size_t take_round(struct lum_worker *worker, struct lum_job **jobs)
{
    size_t count = 0;
    size_t segments = 0;

    while (worker->own.first != NULL && count < ROUND_JOBS_MAX / 2) {
        if (!is_batched(worker->own.first)) {
            if (count == 0) {
                jobs[count++] = queue_take(&worker->own);
            }
            return count;
        }
        jobs[count++] = queue_take(&worker->own);
    }
    while (worker->foreign.first != NULL && count < ROUND_JOBS_MAX &&
           segments < ROUND_SEGMENTS_MAX) {
        segments += worker->foreign.first->run.seals.count;
        jobs[count++] = queue_take(&worker->foreign);
    }
    return count;
}

static void run_round(struct lum_worker *worker, struct lum_job **jobs, size_t count)
{
    if (count > 1 || is_batched(jobs[0])) {
        run_batch(worker, jobs, count);
        return;
    }
    jobs[0]->status = run_alone(worker, jobs[0]);
    tell_committed(worker);
    tell_done(worker, jobs[0]);
}

/* One slice of the view while nothing waits; false when it is level. */
static bool settle_slice(struct lum_worker *worker)
{
    struct lum_view_progress progress = {0};
    struct lum_error err = {0};
    enum lum_status status;

    if (lum_space_is_settled(worker->space)) {
        return false;
    }
    status = lum_space_settle(worker->space, SETTLE_SLICE_EVENTS, &progress, &err);
    tell_progress(worker, &progress);
    worker->is_full = status == LUM_FULL;
    if (status != LUM_OK && status != LUM_AGAIN && status != LUM_FULL) {
        tell_failed(worker, &err);
        uv_async_send(worker->wake);
        return false;
    }
    uv_async_send(worker->wake);
    return status == LUM_AGAIN;
}

/* The space goes back to the thread that opened the worker. */
static void hand_back(struct lum_worker *worker)
{
    struct lum_error err = {0};
    enum lum_status status = lum_space_rest(worker->space, &err);

    if (status != LUM_OK && status != LUM_FULL) { /* the view follows when there is room */
        tell_failed(worker, &err);
    }
}

static bool has_own_work(struct lum_worker *worker)
{
    bool has_work;

    uv_mutex_lock(&worker->lock);
    has_work = worker->own.first != NULL;
    uv_mutex_unlock(&worker->lock);
    return has_work;
}

/* Level again, or own work came between: it goes first. */
static void settle_some(struct lum_worker *worker)
{
    bool has_more;

    do {
        has_more = settle_slice(worker);
    } while (has_more && !has_own_work(worker));
    if (!has_more) {
        worker->lag = 0;
    }
}

static void add_lag(struct lum_worker *worker, struct lum_job *const *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (jobs[i]->type == LUM_JOB_INGEST) {
            worker->lag += LUM_SEGMENT_EVENTS * (jobs[i]->run.seals.count + 1);
        } else if (jobs[i]->ask != NULL) {
            worker->lag += 1 + jobs[i]->ask->question.len / WRITE_EVENT_BYTES;
        }
    }
}

/* A round of jobs; nothing when the worker shall stop, or the view's pause is over. */
static size_t wait_for_round(struct lum_worker *worker, struct lum_job **jobs, bool *is_over)
{
    size_t count;
    int timed_out = 0;

    uv_mutex_lock(&worker->lock);
    while (worker->own.first == NULL && worker->foreign.first == NULL &&
           !worker->is_stopping && timed_out == 0) {
        if (worker->is_settled) {
            uv_cond_wait(&worker->work, &worker->lock);
        } else {
            uint64_t pause_ms = worker->is_full ? FULL_PAUSE_MS : VIEW_PAUSE_MS;
            timed_out = uv_cond_timedwait(&worker->work, &worker->lock,
                                          pause_ms * UINT64_C(1000000));
        }
    }
    count = take_round(worker, jobs);
    *is_over = count == 0 && worker->is_stopping;
    uv_mutex_unlock(&worker->lock);
    return count;
}

static void run(void *self)
{
    struct lum_worker *worker = self;
    struct lum_job *jobs[ROUND_JOBS_MAX];
    bool is_over = false;

    while (!is_over) {
        size_t count = wait_for_round(worker, jobs, &is_over);
        if (count > 0) {
            add_lag(worker, jobs, count);
            run_round(worker, jobs, count);
        }
        if ((count == 0 || worker->lag >= LAG_EVENTS_MAX) && !is_over) {
            settle_some(worker);
        }
    }
    hand_back(worker);
}

/* Store files are swapped only while no reader is inside. */
static void shut_gate(void *self)
{
    uv_rwlock_wrlock(self);
}

static void open_gate(void *self)
{
    uv_rwlock_wrunlock(self);
}

enum lum_status lum_worker_open(struct lum_space *space, uv_async_t *wake, struct lum_worker **out,
                                struct lum_error *err)
{
    struct lum_worker *worker = lum_alloc_zero(sizeof(*worker));
    enum lum_status status;

    if (worker == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    worker->space = space;
    worker->wake = wake;
    queue_init(&worker->own);
    queue_init(&worker->foreign);
    queue_init(&worker->done);
    worker->is_settled = lum_space_is_settled(space);
    status = lum_space_rest(space, err);
    if (status != LUM_OK) {
        lum_free(worker);
        return status;
    }
    status = lum_editor_open(space, &worker->editor);
    if (status != LUM_OK) {
        lum_free(worker);
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    LUM_ASSERT(uv_mutex_init(&worker->lock) == 0);
    LUM_ASSERT(uv_cond_init(&worker->work) == 0);
    LUM_ASSERT(uv_rwlock_init(&worker->gate) == 0);
    lum_space_set_gate(space, &(struct lum_gate){&worker->gate, shut_gate, open_gate});
    if (uv_thread_create(&worker->thread, run, worker) != 0) {
        lum_editor_close(worker->editor);
        lum_free(worker);
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    *out = worker;
    return LUM_OK;
}

void lum_worker_close(struct lum_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    uv_mutex_lock(&worker->lock);
    worker->is_stopping = true;
    uv_cond_signal(&worker->work);
    uv_mutex_unlock(&worker->lock);
    uv_thread_join(&worker->thread);
    while (worker->done.first != NULL) {
        lum_job_free(queue_take(&worker->done));
    }
    lum_editor_close(worker->editor);
    lum_space_set_gate(worker->space, NULL);
    uv_rwlock_destroy(&worker->gate);
    uv_cond_destroy(&worker->work);
    uv_mutex_destroy(&worker->lock);
    lum_free(worker);
}

void lum_worker_push(struct lum_worker *worker, struct lum_job *job)
{
    uv_mutex_lock(&worker->lock);
    if (job->type == LUM_JOB_INGEST) {
        worker->load += weight(job);
    }
    queue_put(job->type == LUM_JOB_INGEST ? &worker->foreign : &worker->own, job);
    uv_cond_signal(&worker->work);
    uv_mutex_unlock(&worker->lock);
}

void lum_worker_take(struct lum_worker *worker, struct lum_worker_news *out)
{
    uv_mutex_lock(&worker->lock);
    *out = worker->news;
    out->done = worker->done.first;
    queue_init(&worker->done);
    worker->news.grown_count = 0;
    worker->news.grown_overflow = false;
    worker->news.roster_changed = false;
    worker->news.progress = (struct lum_view_progress){0};
    uv_mutex_unlock(&worker->lock);
}

size_t lum_worker_load(struct lum_worker *worker)
{
    size_t load;

    uv_mutex_lock(&worker->lock);
    load = worker->load;
    uv_mutex_unlock(&worker->lock);
    return load;
}

bool lum_worker_is_settled(struct lum_worker *worker)
{
    bool is_settled;

    uv_mutex_lock(&worker->lock);
    is_settled = worker->is_settled;
    uv_mutex_unlock(&worker->lock);
    return is_settled;
}

uv_rwlock_t *lum_worker_gate(struct lum_worker *worker)
{
    return &worker->gate;
}

void lum_worker_interrupt(struct lum_worker *worker)
{
    uv_mutex_lock(&worker->lock);
    worker->is_interrupted = true;
    uv_mutex_unlock(&worker->lock);
}
