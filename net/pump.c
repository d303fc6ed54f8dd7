/*
 * pump.c - one turn of the house. Everything the node does happens here, in this order.
 *
 *     neighbours' bytes          people's questions            the worker's news
 *           |                           |                            |
 *           v                           v                            v
 *      line: channel, frames       desk: frames -> seat         done jobs, grown logs
 *           |                           |                            |
 *           +-------> sync_step <-------+----------------------------+
 *                        |
 *                        v
 *      outbox, drained at once: SEND, CLOSE, INGEST -> worker, MET, EQUAL ...
 *                        |
 *                        v
 *      say -> encrypt -> write        answers -> write        (then sleep until I/O or wake)
 *
 * uv callbacks only store and mark; a turn runs once after each round of I/O.
 */
#include <string.h>

#include "net/node_i.h"

void lum__pump_wake_at(struct lum_node *node, uint64_t when_ms)
{
    if (when_ms < node->wake_ms) {
        node->wake_ms = when_ms;
    }
}

/* ---- what sync wants done ---- */

static void hand_ingest(struct lum_node *node, const struct lum_sync_act *act)
{
    const struct lum_ingest *run = &act->ingest.run;
    struct lum_job *job = lum_job_new(LUM_JOB_INGEST);
    struct lum_error err = {0};

    LUM_ASSERT(run->seals.count <= LUM_COUNT(job->seals));
    if (job != NULL) {
        lum_buf_put(&job->bytes, run->bytes.at, run->bytes.len);
    }
    if (job == NULL || job->bytes.broken) {
        lum_job_free(job);
        lum__node_fail(node, lum_fail(&err, LUM_CAUSE_no_memory, NULL, NULL), &err);
        return;
    }
    job->session = act->session;
    job->token = act->ingest.token;
    job->run = *run;
    job->run.bytes = lum_buf_bytes(&job->bytes);
    memcpy(job->seals, run->seals.at, run->seals.count * sizeof(job->seals[0]));
    job->run.seals.at = job->seals;
    lum_worker_push(node->worker, job);
}

static void hand_job(struct lum_node *node, enum lum_job_type type, struct lum_bytes bytes,
                     const struct lum_sync_act *act)
{
    struct lum_job *job = lum_job_new(type);
    struct lum_error err = {0};

    if (job != NULL) {
        lum_buf_put(&job->bytes, bytes.at, bytes.len);
    }
    if (job == NULL || job->bytes.broken) {
        lum_job_free(job);
        lum__node_fail(node, lum_fail(&err, LUM_CAUSE_no_memory, NULL, NULL), &err);
        return;
    }
    job->session = act->session;
    if (type == LUM_JOB_WELCOME) {
        job->generation = act->welcome.generation;
        memcpy(job->secret, act->welcome.secret, sizeof(job->secret));
    }
    lum_worker_push(node->worker, job);
}

/* The name a newcomer gave with `join`; it is written once the space has let it in. */
static struct lum_bytes person_of(const struct lum_node *node)
{
    for (const struct lum_seat *seat = node->seats; seat != NULL; seat = seat->next) {
        if (seat->person.len > 0) {
            return lum_buf_bytes(&seat->person);
        }
    }
    return (struct lum_bytes){0};
}

static void do_act(struct lum_node *node, const struct lum_sync_act *act)
{
    struct lum_line *line = lum__line_by_session(node, act->session);

    switch (act->type) {
    case LUM_SYNC_SEND:
        if (line != NULL) {
            lum__line_say(line, act->send.type, act->send.body);
        }
        break;
    case LUM_SYNC_CLOSE:
        if (line != NULL) {
            line->fault = act->close.fault;
            lum__line_flush(line);
            lum__line_close(line, true);
        }
        break;
    case LUM_SYNC_INGEST:
        hand_ingest(node, act);
        break;
    case LUM_SYNC_GENESIS:
        hand_job(node, LUM_JOB_GENESIS, act->document, act);
        break;
    case LUM_SYNC_JOIN:
        hand_job(node, LUM_JOB_JOIN, (struct lum_bytes){0}, act);
        break;
    case LUM_SYNC_WELCOME:
        hand_job(node, LUM_JOB_WELCOME, person_of(node), act);
        break;
    case LUM_SYNC_DOUBT:
        if (line != NULL) {
            struct lum_peer *peer = lum_peers_by_session(&node->peers, line->session);
            if (peer != NULL) {
                peer->last.copy_seen = true;
            }
        }
        hand_job(node, LUM_JOB_DOUBT, (struct lum_bytes){0}, act);
        break;
    case LUM_SYNC_MET:
        if (line != NULL) {
            lum__meet_met(node, line, act->met.t);
        }
        break;
    case LUM_SYNC_EQUAL:
        if (line != NULL) {
            lum__meet_equal(node, line);
        }
        break;
    case LUM_SYNC_ADDRESS:
        if (line != NULL) {
            lum__meet_address(node, line, act->port);
        }
        break;
    default:
        LUM_UNREACHABLE("an act without a doer");
    }
}

void lum__pump_step(struct lum_node *node, struct lum_sync_event *event)
{
    struct lum_sync_outbox outbox;
    enum lum_status status;

    if (node->sync_died) {
        return;
    }
    event->now_ms = lum__node_now(node);
    event->wall_ms = lum__node_wall(node);
    uv_rwlock_rdlock(lum_worker_gate(node->worker));
    status = lum_sync_step(node->sync, event, &outbox);
    uv_rwlock_rdunlock(lum_worker_gate(node->worker));
    if (status != LUM_OK) {
        struct lum_error err = {0};
        node->sync_died = true;
        lum__node_fail(node, status, &err);
        return;
    }
    for (size_t i = 0; i < outbox.count; i++) {
        do_act(node, &outbox.at[i]);
    }
    lum__pump_wake_at(node, outbox.wake_ms);
}

/* ---- what the worker has done ---- */

static struct lum_seat *seat_of(struct lum_node *node, const struct lum_job *job)
{
    for (struct lum_seat *seat = node->seats; seat != NULL; seat = seat->next) {
        if (job->ask != NULL && &seat->ask == job->ask) {
            return seat;
        }
    }
    return NULL;
}

/* A job of this line failed. For trouble of ours whoever asked for the meeting hears what it was,
 * and the neighbour is not blamed; otherwise they sent what does not fit. */
static void close_for_job(struct lum_node *node, const struct lum_job *job, enum lum_fault fault)
{
    struct lum_line *line = lum__line_by_session(node, job->session);

    if (line == NULL) {
        return;
    }
    if (job->status == LUM_FULL || job->status == LUM_IO || job->status == LUM_NO_MEMORY) {
        line->why = job->error;
    } else {
        line->fault = fault;
    }
    lum__line_close(line, false);
}

static void tell_ingested(struct lum_node *node, const struct lum_job *job)
{
    struct lum_sync_event event = {.type = LUM_SYNC_INGESTED, .session = job->session};
    struct lum_line *line = lum__line_by_session(node, job->session);

    if (job->status != LUM_OK && job->status != LUM_FULL) {
        /* The node is ending: nothing was kept. The session would wait for it for ever; the next
         * meeting brings it again. */
        close_for_job(node, job, LUM_FAULT_NONE);
        return;
    }
    if (job->result.end == LUM_INGEST_FORK) {
        struct lum_peer *peer = lum_peers_by_session(&node->peers, job->session);
        if (peer != NULL) {
            peer->last.fork_seen = true;
        }
    }
    event.ingested.token = job->token;
    event.ingested.result = job->result;
    if (job->status == LUM_FULL) {
        event.ingested.result = (struct lum_ingest_result){.end = LUM_INGEST_NO_ROOM};
    }
    if (line != NULL && event.ingested.result.end == LUM_INGEST_NO_ROOM) {
        (void)!lum_fail(&line->why, LUM_CAUSE_disk_full, lum_space_dir(node->space), NULL);
    }
    lum__pump_step(node, &event);
}

static void level_reached(struct lum_node *node)
{
    node->level_asked = false;
    for (struct lum_seat *seat = node->seats; seat != NULL; seat = seat->next) {
        lum__seat_level(seat);
    }
}

static void finish_job(struct lum_node *node, struct lum_job *job)
{
    struct lum_seat *seat;

    switch (job->type) {
    case LUM_JOB_INGEST:
        tell_ingested(node, job);
        break;
    case LUM_JOB_WRITE:
    case LUM_JOB_ALONE:
        seat = seat_of(node, job);
        if (seat != NULL) {
            lum__seat_done(seat);
        }
        break;
    case LUM_JOB_SETTLE:
        level_reached(node);
        break;
    case LUM_JOB_NOTE:
        node->notes--;
        break;
    case LUM_JOB_GENESIS:
    case LUM_JOB_JOIN:
    case LUM_JOB_WELCOME:
    case LUM_JOB_DOUBT:
        if (job->status != LUM_OK) {
            close_for_job(node, job, LUM_FAULT_SPACE);
        }
        break;
    default:
        LUM_UNREACHABLE("a job without an end");
    }
    lum_job_free(job);
}

static void tell_grown(struct lum_node *node, const struct lum_worker_news *news)
{
    struct lum_growth_note notes[LUM_COUNT(news->grown)];
    struct lum_sync_event event = {.type = LUM_SYNC_GROWN};

    if (news->grown_count == 0 && !news->grown_overflow) {
        return;
    }
    for (size_t i = 0; i < news->grown_count; i++) {
        notes[i] = (struct lum_growth_note){news->grown[i].lno, news->grown[i].head};
    }
    event.grown.at = notes;
    event.grown.count = news->grown_overflow ? 0 : news->grown_count; /* 0: look at all logs */
    lum__pump_step(node, &event);
}

static void add_progress(struct lum_view_progress *sum, const struct lum_view_progress *more)
{
    sum->applied += more->applied;
    sum->records_new += more->records_new;
    sum->records_changed += more->records_changed;
    sum->records_deleted += more->records_deleted;
    sum->conflicts_new += more->conflicts_new;
}

/* First what is known anew (roster, keys), then what grew, then each job's own end. */
static void take_news(struct lum_node *node)
{
    struct lum_worker_news news;
    bool must_learn;
    bool is_settled;

    if (!node->has_news) {
        return;
    }
    node->has_news = false;
    is_settled = lum_worker_is_settled(node->worker); /* before: else news of it may be left */
    lum_worker_take(node->worker, &news);
    add_progress(&node->progress, &news.progress);
    lum__meet_found(node, news.progress.conflicts_new, is_settled);
    must_learn = news.roster_changed;
    for (const struct lum_job *job = news.done; job != NULL; job = job->next) {
        must_learn |= job->type == LUM_JOB_GENESIS || job->type == LUM_JOB_WELCOME ||
                      job->type == LUM_JOB_JOIN || job->type == LUM_JOB_ALONE;
    }
    if (must_learn) {
        struct lum_error err = {0};
        enum lum_status status = lum__node_learn(node, &err);
        if (status != LUM_OK) {
            lum__node_fail(node, status, &err);
        }
    }
    if (news.has_failed) {
        lum__node_fail(node, lum_cause_status(news.error.cause), &news.error);
    }
    tell_grown(node, &news);
    while (news.done != NULL) {
        struct lum_job *job = news.done;
        news.done = job->next;
        finish_job(node, job);
    }
}

/* ---- the turn ---- */

static void turn_lines(struct lum_node *node)
{
    for (struct lum_line *line = node->lines; line != NULL; line = line->next) {
        lum__line_turn(node, line);
    }
}

static void turn_desks(struct lum_node *node)
{
    for (struct lum_desk *desk = node->desks; desk != NULL; desk = desk->next) {
        lum__desk_turn(node, desk);
    }
    for (struct lum_seat *seat = node->seats; seat != NULL; seat = seat->next) {
        lum__seat_turn(node, seat);
    }
}

/* What breaks here, for want of memory, is seen in the next turn. */
static void flush_all(struct lum_node *node)
{
    bool is_one_broken = false;

    for (struct lum_line *line = node->lines; line != NULL; line = line->next) {
        lum__line_flush(line);
        is_one_broken |= line->conn.state == LUM_CONN_OPEN && line->conn.broke != 0;
    }
    for (struct lum_desk *desk = node->desks; desk != NULL; desk = desk->next) {
        lum_conn_flush(&desk->conn);
        is_one_broken |= desk->conn.state == LUM_CONN_OPEN && desk->conn.broke != 0;
    }
    if (is_one_broken) {
        lum__pump_wake_at(node, 0);
    }
}

static void sweep(struct lum_node *node)
{
    for (struct lum_seat **at = &node->seats; *at != NULL;) {
        struct lum_seat *seat = *at;
        if (seat->state == LUM_SEAT_ENDED) {
            *at = seat->next;
            if (seat->desk != NULL) {
                seat->desk->seat = NULL;
                seat->desk->conn.is_ready = true; /* its next question may be waiting */
                lum__pump_wake_at(node, 0);
            }
            lum__seat_free(seat);
        } else {
            at = &seat->next;
        }
    }
    for (struct lum_desk **at = &node->desks; *at != NULL;) {
        struct lum_desk *desk = *at;
        if (desk->conn.state == LUM_CONN_CLOSED && desk->seat == NULL) {
            *at = desk->next;
            lum__desk_free(desk);
        } else {
            at = &desk->next;
        }
    }
    for (struct lum_line **at = &node->lines; *at != NULL;) {
        struct lum_line *line = *at;
        if (line->conn.state == LUM_CONN_CLOSED) {
            *at = line->next;
            lum__meet_down(node, line);
            lum__line_free(line);
            lum__pump_wake_at(node, 0); /* whoever waited for it looks again */
        } else {
            at = &line->next;
        }
    }
}

void lum__pump_turn(struct lum_node *node)
{
    struct lum_sync_event tick = {.type = LUM_SYNC_TICK};

    node->wake_ms = UINT64_MAX;
    take_news(node);
    turn_lines(node);
    turn_desks(node);
    lum__pump_step(node, &tick);
    lum__meet_turn(node);
    flush_all(node);
    sweep(node);
    lum__meet_keep(node);
}
