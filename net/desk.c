/*
 * desk.c - callers on the control socket, and seats: each answers one question.
 *
 *            READ: LEVEL (the view catches up) -> READING (a step a turn) ---+
 *   question WRITE, ALONE: WRITING (with the worker) ------------------------+--> ENDED
 *            NODE: MEETING (lines) -> TALLY (the view catches up) -----------+
 *
 * A caller asks one question at a time; the next one waits in its buffer.
 */
#include <string.h>

#include "core/limits.h"
#include "net/frame.h"
#include "net/node_i.h"

/* ---- seats ---- */

static void fail_for_memory(struct lum_seat *seat)
{
    struct lum_error err;

    (void)!lum_fail(&err, LUM_CAUSE_no_memory, NULL, NULL);
    lum__seat_fail(seat, &err);
}

/* The view is to catch up; false without memory to ask for it. */
static bool ask_level(struct lum_node *node)
{
    struct lum_job *job = node->level_asked ? NULL : lum_job_new(LUM_JOB_SETTLE);

    if (job != NULL) {
        node->level_asked = true;
        lum_worker_push(node->worker, job);
    }
    return node->level_asked;
}

/* The seat waits for that. */
static void wait_for_level(struct lum_node *node, struct lum_seat *seat)
{
    if (!ask_level(node)) {
        fail_for_memory(seat);
    }
}

static void start_writing(struct lum_node *node, struct lum_seat *seat, enum lum_job_type type)
{
    struct lum_job *job = lum_job_new(type);

    if (job == NULL) {
        fail_for_memory(seat);
        return;
    }
    job->ask = &seat->ask;
    seat->state = LUM_SEAT_WRITING;
    lum_worker_push(node->worker, job);
}

static void start(struct lum_node *node, struct lum_seat *seat)
{
    switch (seat->ask.request->side) {
    case LUM_SIDE_READ:
        if (lum_worker_is_settled(node->worker)) {
            seat->state = LUM_SEAT_READING;
        } else {
            seat->state = LUM_SEAT_LEVEL;
            wait_for_level(node, seat);
        }
        break;
    case LUM_SIDE_WRITE:
        start_writing(node, seat, LUM_JOB_WRITE);
        break;
    case LUM_SIDE_ALONE:
        start_writing(node, seat, LUM_JOB_ALONE);
        break;
    case LUM_SIDE_NODE:
        seat->state = LUM_SEAT_MEETING;
        lum__meet_ask(node, seat);
        break;
    default:
        LUM_UNREACHABLE("a request without a side");
    }
}

enum lum_status lum__seat_open(struct lum_node *node, struct lum_desk *desk, struct lum_bytes body,
                               struct lum_seat **out, struct lum_error *err)
{
    struct lum_seat *seat = lum_alloc_zero(sizeof(*seat));
    struct lum_error why = {0};
    enum lum_status status;

    if (seat == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    seat->node = node;
    seat->desk = desk;
    lum_buf_init(&seat->answer, LUM_REQUEST_MAX);
    lum_buf_init(&seat->person, LUM_VALUE_MAX);
    seat->out = &seat->answer;
    seat->began_ms = lum__node_now(node);
    seat->before = node->progress;
    seat->next = node->seats;
    node->seats = seat;
    if (desk != NULL) {
        desk->seat = seat;
    }
    status = lum_ask_open(body, seat->out, &seat->ask, &why);
    seat->has_ask = true;
    *out = seat;
    if (status != LUM_OK) {
        lum__seat_fail(seat, &why);
    } else {
        start(node, seat);
    }
    return LUM_OK;
}

void lum__seat_free(struct lum_seat *seat)
{
    if (seat->has_ask) {
        lum_ask_close(&seat->ask);
    }
    lum_buf_fini(&seat->answer);
    lum_buf_fini(&seat->person);
    lum_free(seat);
}

/* The answer found no memory: that is the answer. Without room even for this the end of the line
 * says it, and an asker in this process gets nothing (net/node.h). */
static void tell_no_memory(struct lum_seat *seat)
{
    struct lum_error err;

    (void)!lum_fail(&err, LUM_CAUSE_no_memory, NULL, NULL);
    lum_buf_reset(&seat->answer);
    lum_reply_error(&seat->ask.reply, &err);
    if (seat->answer.broken && seat->desk != NULL) {
        seat->desk->conn.out.broken = true;
    } else if (seat->answer.broken && seat->on_reply != NULL) {
        seat->on_reply(seat->self, (struct lum_bytes){0});
    }
}

/* Frames gathered so far go to whoever asked. */
static void hand_over(struct lum_seat *seat)
{
    if (seat->answer.broken) {
        tell_no_memory(seat);
    }
    if (seat->answer.len == 0 || (seat->desk == NULL && seat->on_reply == NULL)) {
        return; /* nothing yet, or nobody yet: lum_node_ask says who it is */
    }
    if (seat->desk != NULL) {
        lum_buf_put(&seat->desk->conn.out, seat->answer.at, seat->answer.len);
    } else {
        seat->on_reply(seat->self, lum_buf_bytes(&seat->answer));
    }
    lum_buf_reset(&seat->answer);
}

void lum__seat_end(struct lum_seat *seat)
{
    hand_over(seat);
    seat->state = LUM_SEAT_ENDED;
    lum__pump_wake_at(seat->node, 0);
}

void lum__seat_fail(struct lum_seat *seat, const struct lum_error *err)
{
    lum_reply_error(&seat->ask.reply, err);
    lum__seat_end(seat);
}

void lum__seat_done(struct lum_seat *seat)
{
    lum__seat_end(seat);
}

void lum__seat_level(struct lum_seat *seat)
{
    if (seat->state == LUM_SEAT_LEVEL) {
        seat->state = LUM_SEAT_READING;
    } else if (seat->state == LUM_SEAT_TALLY) {
        lum__meet_seat_turn(seat->node, seat);
    }
}

/* One step of a READ on a fresh snapshot. */
static void read_step(struct lum_node *node, struct lum_seat *seat)
{
    struct lum_world *world = &seat->ask.world;
    struct lum_error err = {0};
    enum lum_status status;

    *world = (struct lum_world){
        .roster = node->roster,
        .keys = node->is_newcomer ? NULL : &node->keys,
        .dir = lum_space_dir(node->space),
        .wall_ms = lum__node_wall(node),
    };
    uv_rwlock_rdlock(lum_worker_gate(node->worker));
    status = lum_txn_begin_read(lum_space_log(node->space), &world->log, &err);
    if (status == LUM_OK) {
        status = lum_txn_begin_read(lum_space_view(node->space), &world->view, &err);
    }
    if (status == LUM_OK) {
        status = lum_ask_run(&seat->ask, &err);
    } else {
        lum_reply_error(&seat->ask.reply, &err);
    }
    lum_txn_abort(world->view);
    lum_txn_abort(world->log);
    uv_rwlock_rdunlock(lum_worker_gate(node->worker));
    if (status == LUM_CORRUPT) {
        (void)ask_level(node); /* makes a damaged view anew */
    }
    if (status == LUM_AGAIN) {
        hand_over(seat);
        lum__pump_wake_at(node, 0);
    } else {
        lum__seat_end(seat);
    }
}

void lum__seat_turn(struct lum_node *node, struct lum_seat *seat)
{
    bool is_slow = seat->desk != NULL && lum_conn_queued(&seat->desk->conn) > LUM_WRITE_QUEUE_MAX;

    if (seat->desk != NULL && seat->desk->conn.is_ended && seat->state != LUM_SEAT_WRITING) {
        seat->state = LUM_SEAT_ENDED; /* nobody listens any more */
        return;
    }
    if (seat->state == LUM_SEAT_READING && !is_slow) {
        read_step(node, seat);
    } else if (seat->state == LUM_SEAT_MEETING) {
        lum__meet_seat_turn(node, seat);
        if (seat->state == LUM_SEAT_TALLY) {
            wait_for_level(node, seat);
        }
    }
}

/* ---- desks ---- */

void lum__desk_accept(struct lum_node *node)
{
    struct lum_desk *desk = lum_alloc_zero(sizeof(*desk));
    size_t count = 0;

    if (desk == NULL) {
        return;
    }
    for (const struct lum_desk *other = node->desks; other != NULL; other = other->next) {
        count++;
    }
    lum_conn_init(&desk->conn, desk, LUM_REQUEST_MAX);
    if (uv_pipe_init(&node->loop, &desk->conn.uv.pipe, 0) != 0) {
        lum_conn_fini(&desk->conn);
        lum_free(desk);
        return;
    }
    desk->conn.uv.handle.data = &desk->conn;
    desk->next = node->desks;
    node->desks = desk;
    if (uv_accept((uv_stream_t *)&node->control, &desk->conn.uv.stream) != 0 ||
        count >= LUM_CALLERS_MAX) {
        lum_conn_close(&desk->conn, false);
        return;
    }
    lum_conn_start(&desk->conn);
}

void lum__desk_free(struct lum_desk *desk)
{
    lum_conn_fini(&desk->conn);
    lum_free(desk);
}

void lum__desk_turn(struct lum_node *node, struct lum_desk *desk)
{
    struct lum_conn *conn = &desk->conn;
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    enum lum_status status;

    if (conn->state != LUM_CONN_OPEN || !conn->is_ready) {
        return;
    }
    conn->is_ready = false;
    if (conn->is_ended && desk->seat == NULL) {
        lum_conn_close(conn, false);
        return;
    }
    if (desk->seat != NULL) {
        return;
    }
    status = lum_frame_peek(lum_buf_bytes(&conn->in), LUM_REQUEST_MAX, &frame, &fault);
    if (status == LUM_AGAIN) {
        return;
    }
    if (status == LUM_OK && frame.type == LUM_FRAME_ASK) {
        struct lum_seat *seat;
        status = lum__seat_open(node, desk, frame.body, &seat, NULL);
        lum_buf_drop(&conn->in, frame.size);
    } else if (status == LUM_OK) {
        lum_buf_drop(&conn->in, frame.size);
        conn->is_ready = true;
        lum__pump_wake_at(node, 0);
    }
    if (status != LUM_OK) {
        lum_conn_close(conn, false);
    }
}
