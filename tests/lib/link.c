/*
 * link.c - nodes in one process, see link.h.
 */
#include "tests/lib/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/frame.h"
#include "tests/lib/driver.h"

enum {
    BYTES_MAX = 64 << 20,
};

struct node {
    bool is_there;
    struct site *site;
    const char *person;
    struct lum_sync *sync;
    struct job *jobs; /* what the one writer still has to do, in order; owned */
    size_t job_count;
    size_t job_room;
    uint64_t wake_ms;
    struct link_counts counts;
};

struct link {
    uint64_t now_ms;
    uint8_t next_hash;
    struct node nodes[LINK_NODES];
    struct link_line lines[LINK_LINES];
    uint32_t line_count;
};

static void must(struct site *site, enum lum_status status)
{
    if (status != LUM_OK) {
        fail_msg("%s: %s (%s, %s)", lum_status_name(status), lum_cause_name(site->error.cause),
                 site->error.one, site->error.two);
    }
}

/* Sessions are numbered so that each end of each line has its own. */
static uint32_t session_of(uint32_t line, unsigned end)
{
    return 2 * line + end + 1;
}

static struct link_line *line_of(struct link *link, uint32_t session, unsigned *end)
{
    *end = (session - 1) % 2;
    return &link->lines[(session - 1) / 2];
}

/* ---- acts ---- */

static void add_job(struct node *node, const struct lum_sync_act *act)
{
    if (node->job_count == node->job_room) {
        node->job_room = node->job_room * 2 + 16;
        node->jobs = realloc(node->jobs, node->job_room * sizeof node->jobs[0]);
        assert_non_null(node->jobs);
    }
    job_init(&node->jobs[node->job_count++], act);
}

static void say(struct link *link, const struct lum_sync_act *act)
{
    unsigned end;
    struct link_line *line = line_of(link, act->session, &end);
    struct link_flow *flow = &line->flows[end];
    if (!line->is_up || line->wants_close) {
        return;
    }
    assert_true(act->send.type < LUM_MESSAGE_TYPES);
    flow->messages[act->send.type]++;
    lum_frame_put(&flow->bytes, act->send.type, act->send.body);
    assert_false(flow->bytes.broken);
}

static void carry_out(struct link *link, struct node *node, const struct lum_sync_act *act)
{
    unsigned end;
    struct link_line *line = line_of(link, act->session, &end);
    switch (act->type) {
    case LUM_SYNC_SEND:
        say(link, act);
        break;
    case LUM_SYNC_CLOSE:
        line->wants_close = true;
        line->fault = act->close.fault != LUM_FAULT_NONE ? act->close.fault : line->fault;
        break;
    case LUM_SYNC_MET:
        node->counts.met++;
        break;
    case LUM_SYNC_EQUAL:
        node->counts.equal++;
        break;
    case LUM_SYNC_ADDRESS:
        node->counts.addresses++;
        break;
    case LUM_SYNC_INGEST:
    case LUM_SYNC_GENESIS:
    case LUM_SYNC_JOIN:
    case LUM_SYNC_WELCOME:
    case LUM_SYNC_DOUBT:
    default:
        add_job(node, act);
        break;
    }
}

static void step(struct link *link, uint32_t at, struct lum_sync_event *event)
{
    struct node *node = &link->nodes[at];
    struct lum_sync_outbox outbox;
    event->now_ms = link->now_ms;
    event->wall_ms = node->site->wall_ms;
    assert_int_equal(lum_sync_step(node->sync, event, &outbox), LUM_OK);
    for (size_t i = 0; i < outbox.count; i++) {
        carry_out(link, node, &outbox.at[i]);
    }
    node->wake_ms = outbox.wake_ms;
}

/* ---- nodes ---- */

struct link *link_open(void)
{
    struct link *link = calloc(1, sizeof(*link));
    assert_non_null(link);
    link->now_ms = 1000000;
    return link;
}

static void free_line(struct link_line *line)
{
    for (unsigned end = 0; end < 2; end++) {
        lum_buf_fini(&line->flows[end].bytes);
        lum_buf_fini(&line->flows[end].heard);
        lum_buf_fini(&line->flows[end].all);
    }
}

void link_close(struct link *link)
{
    for (uint32_t i = 0; i < LINK_NODES; i++) {
        link_remove(link, i);
    }
    for (uint32_t i = 0; i < link->line_count; i++) {
        free_line(&link->lines[i]);
    }
    free(link);
}

uint32_t link_add(struct link *link, struct site *site, const char *person)
{
    uint32_t at = 0;
    while (at < LINK_NODES && link->nodes[at].is_there) {
        at++;
    }
    assert_true(at < LINK_NODES);
    struct node *node = &link->nodes[at];
    memset(node, 0, sizeof(*node));
    node->is_there = true;
    node->site = site;
    node->person = person;
    node->wake_ms = UINT64_MAX;
    struct lum_sync_self self = driver_self(node->site);
    must(site, lum_sync_open(&self, &node->sync));
    return at;
}

void link_remove(struct link *link, uint32_t at)
{
    struct node *node = &link->nodes[at];
    if (!node->is_there) {
        return;
    }
    for (uint32_t i = 0; i < link->line_count; i++) {
        if (link->lines[i].nodes[0] == at || link->lines[i].nodes[1] == at) {
            link_cut(link, i);
        }
    }
    for (size_t i = 0; i < node->job_count; i++) {
        job_fini(&node->jobs[i]);
    }
    free(node->jobs);
    lum_sync_close(node->sync);
    memset(node, 0, sizeof(*node));
}

static void know(struct node *node)
{
    struct lum_sync_self self = driver_self(node->site);
    must(node->site, lum_sync_know(node->sync, &self));
}

void link_wrote(struct link *link, uint32_t at)
{
    struct lum_sync_event event = {.type = LUM_SYNC_GROWN};
    know(&link->nodes[at]);
    step(link, at, &event);
}

/* ---- the writer ---- */

static void count_step(struct link_counts *counts, enum lum_sync_act_type type)
{
    counts->joins += type == LUM_SYNC_JOIN;
    counts->welcomes += type == LUM_SYNC_WELCOME;
    counts->doubts += type == LUM_SYNC_DOUBT;
}

/* One batch of pieces, or one step of a newcomer. */
static size_t write_batch(struct node *node)
{
    struct site *site = node->site;
    size_t count = 0;
    if (node->jobs[0].type != LUM_SYNC_INGEST) {
        count_step(&node->counts, node->jobs[0].type);
        must(site, job_write(&node->jobs[0], site, node->person));
        return 1;
    }
    site_begin(site);
    while (count < node->job_count && node->jobs[count].type == LUM_SYNC_INGEST) {
        must(site, job_ingest(&node->jobs[count++], site));
    }
    site_commit(site);
    return count;
}

static void count_result(struct link_counts *counts, const struct job *job)
{
    counts->ends[job->result.end]++;
    counts->events_new += job->result.taken;
    if (job->result.end == LUM_INGEST_TAKEN) {
        counts->events_again += job->result.head - job->run.first + 1 - job->result.taken;
    }
}

static bool write_jobs(struct link *link, uint32_t at)
{
    struct node *node = &link->nodes[at];
    const struct lum_growth *grown;
    if (node->job_count == 0) {
        return false;
    }
    size_t count = write_batch(node);
    size_t grown_count = lum_space_grown(node->site->space, &grown);
    struct lum_growth_note notes[64];
    know(node);
    if (grown_count > LUM_COUNT(notes)) {
        grown_count = 0; /* all */
    }
    for (size_t i = 0; i < grown_count; i++) {
        notes[i] = (struct lum_growth_note){grown[i].lno, grown[i].head};
    }
    struct lum_sync_event event = {.type = LUM_SYNC_GROWN, .grown = {notes, grown_count}};
    step(link, at, &event);
    for (size_t i = 0; i < count; i++) {
        struct job job = node->jobs[i];
        struct lum_sync_event done = {.type = LUM_SYNC_INGESTED, .session = job.session};
        job_fini(&job);
        if (job.type == LUM_SYNC_INGEST) {
            count_result(&node->counts, &job);
            done.ingested.token = job.token;
            done.ingested.result = job.result;
            step(link, at, &done);
        }
    }
    node->job_count -= count;
    memmove(&node->jobs[0], &node->jobs[count], node->job_count * sizeof(node->jobs[0]));
    return true;
}

/* ---- lines ---- */

uint32_t link_dial(struct link *link, uint32_t a, uint32_t b)
{
    assert_true(link->line_count < LINK_LINES);
    uint32_t at = link->line_count++;
    struct link_line *line = &link->lines[at];
    memset(line, 0, sizeof(*line));
    line->is_up = true;
    line->nodes[0] = a;
    line->nodes[1] = b;
    struct lum_sync_self self = driver_self(link->nodes[a].site);
    uint8_t salt = ++link->next_hash;
    for (unsigned end = 0; end < 2; end++) {
        struct link_flow *flow = &line->flows[end];
        lum_buf_init(&flow->bytes, BYTES_MAX);
        lum_buf_init(&flow->heard, BYTES_MAX);
        lum_buf_init(&flow->all, BYTES_MAX);
        flow->limit = LINK_NO_LIMIT;
        flow->pass = LINK_NO_LIMIT;
    }
    for (unsigned end = 0; end < 2; end++) {
        struct lum_sync_event event = {
            .type = LUM_SYNC_UP,
            .session = session_of(at, end),
            .up = {.is_initiator = end == 0, .by_invite = self.is_newcomer},
        };
        memset(event.up.hash, salt, sizeof(event.up.hash));
        step(link, line->nodes[end], &event);
    }
    return at;
}

void link_cut(struct link *link, uint32_t at)
{
    struct link_line *line = &link->lines[at];
    if (!line->is_up) {
        return;
    }
    line->is_up = false;
    for (unsigned end = 0; end < 2; end++) {
        struct lum_sync_event event = {.type = LUM_SYNC_DOWN, .session = session_of(at, end)};
        lum_buf_reset(&line->flows[end].bytes);
        step(link, line->nodes[end], &event);
    }
}

void link_finish(struct link *link, uint32_t at, unsigned end)
{
    struct lum_sync_event event = {.type = LUM_SYNC_FINISH, .session = session_of(at, end)};
    step(link, link->lines[at].nodes[end], &event);
}

/* Whole frames go to the listener's machine. */
static void hear(struct link *link, uint32_t at, unsigned end)
{
    struct link_line *line = &link->lines[at];
    struct link_flow *flow = &line->flows[end];
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    while (lum_frame_peek(lum_buf_bytes(&flow->heard), LUM_MESSAGE_MAX, &frame, &fault) == LUM_OK) {
        struct lum_sync_event event = {.type = LUM_SYNC_MESSAGE,
                                       .session = session_of(at, 1 - end)};
        event.message.type = frame.type;
        event.message.body = frame.body;
        if (flow->message_count < LUM_COUNT(flow->message_ends)) {
            uint64_t before =
                flow->message_count == 0 ? 0 : flow->message_ends[flow->message_count - 1];
            flow->message_ends[flow->message_count++] = (uint32_t)(before + frame.size);
        }
        step(link, line->nodes[1 - end], &event);
        lum_buf_drop(&flow->heard, frame.size);
    }
    assert_int_equal(fault, LUM_FAULT_NONE);
}

static bool deliver(struct link *link, uint32_t at, unsigned end, uint64_t elapsed_ms)
{
    struct link_line *line = &link->lines[at];
    struct link_flow *flow = &line->flows[end];
    uint64_t len = flow->bytes.len;
    if (line->speed != 0 && len > line->speed * elapsed_ms) {
        len = line->speed * elapsed_ms;
    }
    if (flow->pass != LINK_NO_LIMIT && len > (uint64_t)flow->pass) {
        len = (uint64_t)flow->pass;
    }
    if (flow->limit != LINK_NO_LIMIT && flow->delivered + len >= (uint64_t)flow->limit) {
        len = (uint64_t)flow->limit - flow->delivered;
    }
    lum_buf_put(&flow->heard, flow->bytes.at, len);
    lum_buf_put(&flow->all, flow->bytes.at, len);
    lum_buf_drop(&flow->bytes, len);
    flow->delivered += len;
    hear(link, at, end);
    if (flow->limit != LINK_NO_LIMIT && flow->delivered == (uint64_t)flow->limit) {
        link_cut(link, at);
        return true;
    }
    return len > 0;
}

static bool turn_line(struct link *link, uint32_t at, uint64_t elapsed_ms)
{
    struct link_line *line = &link->lines[at];
    bool moved = false;
    for (unsigned end = 0; end < 2 && line->is_up; end++) {
        moved |= deliver(link, at, end, elapsed_ms);
    }
    if (line->is_up && line->wants_close && line->flows[0].bytes.len == 0 &&
        line->flows[1].bytes.len == 0) {
        link_cut(link, at);
        return true;
    }
    for (unsigned end = 0; end < 2 && line->is_up; end++) {
        struct lum_sync_event event = {.type = LUM_SYNC_ROOM, .session = session_of(at, end)};
        event.room_queued = line->flows[end].bytes.len;
        step(link, line->nodes[end], &event);
    }
    return moved;
}

/* ---- time ---- */

static bool turn(struct link *link, uint64_t elapsed_ms)
{
    bool moved = false;
    for (uint32_t i = 0; i < link->line_count; i++) {
        moved |= turn_line(link, i, elapsed_ms);
    }
    for (uint32_t i = 0; i < LINK_NODES; i++) {
        if (!link->nodes[i].is_there) {
            continue;
        }
        moved |= write_jobs(link, i);
        if (link->nodes[i].wake_ms <= link->now_ms) {
            struct lum_sync_event event = {.type = LUM_SYNC_TICK};
            link->nodes[i].wake_ms = UINT64_MAX;
            step(link, i, &event);
        }
    }
    for (uint32_t i = 0; i < link->line_count; i++) {
        moved |= link->lines[i].is_up &&
                 link->lines[i].flows[0].bytes.len + link->lines[i].flows[1].bytes.len > 0;
    }
    return moved;
}

bool link_turn(struct link *link)
{
    link->now_ms++;
    return turn(link, 1);
}

void link_run(struct link *link, uint64_t quiet_ms)
{
    uint64_t quiet_since = link->now_ms;
    while (link->now_ms < quiet_since + quiet_ms) {
        if (link_turn(link)) {
            quiet_since = link->now_ms;
            continue;
        }
        uint64_t next = quiet_since + quiet_ms;
        for (uint32_t i = 0; i < LINK_NODES; i++) {
            if (link->nodes[i].is_there && link->nodes[i].wake_ms < next) {
                next = link->nodes[i].wake_ms;
            }
        }
        link->now_ms = next > link->now_ms ? next - 1 : link->now_ms;
    }
}

/* ---- looking ---- */

uint32_t link_count(const struct link *link)
{
    return link->line_count;
}

struct link_line *link_line(struct link *link, uint32_t line)
{
    assert_true(line < link->line_count);
    return &link->lines[line];
}

struct link_counts *link_counts(struct link *link, uint32_t node)
{
    return &link->nodes[node].counts;
}

struct lum_sync *link_sync(struct link *link, uint32_t node)
{
    return link->nodes[node].sync;
}

bool link_tally(struct link *link, uint32_t line, unsigned end, struct lum_sync_tally *out)
{
    return lum_sync_tally(link->nodes[link->lines[line].nodes[end]].sync, session_of(line, end),
                          out);
}

uint64_t link_now(const struct link *link)
{
    return link->now_ms;
}

static void frontier_of(struct site *site, uint8_t shelf, uint8_t out[16])
{
    struct lum_txn *txn = NULL;
    must(site, lum_txn_begin_read(lum_space_log(site->space), &txn, &site->error));
    must(site, lum_log_frontier(txn, shelf, out));
    lum_txn_abort(txn);
}

void link_assert_equal(struct site *a, struct site *b)
{
    for (uint8_t shelf = LUM_SHELF_GOV; shelf <= LUM_SHELF_COMMON; shelf++) {
        uint8_t digests[2][16];
        frontier_of(a, shelf, digests[0]);
        frontier_of(b, shelf, digests[1]);
        assert_memory_equal(digests[0], digests[1], 16);
    }
    (void)site_settle(a);
    (void)site_settle(b);
    struct lum_hash root_a = site_root(a);
    struct lum_hash root_b = site_root(b);
    assert_memory_equal(root_a.b, root_b.b, sizeof(root_a.b));
}
