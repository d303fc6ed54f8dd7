/*
 * meet.c - who is dialled when, how a meeting went, and the requests that need lines.
 *
 * Nodes meet by themselves: a serving node tries every address it ever used or learnt, with
 * jittered back-off. Two nodes that dial each other at once keep the line whose initiator has the
 * smaller node key; both sides see the same two keys, so they keep the same one.
 */
#include <string.h>

#include "net/ask.h"
#include "net/node_i.h"
#include "sync/message.h"

enum {
    NOTES_MAX = 4, /* books on their way to the disk: what changes meanwhile goes with the next */
};

/* ---- a line's people ---- */

/* Puts the line's address and node key into one entry of the book. */
static struct lum_peer *book(struct lum_node *node, struct lum_line *line, const uint8_t t[32])
{
    struct lum_peer *peer = lum_peers_by_node(&node->peers, t, false);
    struct lum_peer *dialled =
        line->is_dialled ? lum_peers_by_address(&node->peers, line->address, true) : NULL;

    if (peer != NULL && dialled != NULL && peer != dialled) {
        /* A neighbour that moved, or is reached two ways: the address that works now counts. */
        memcpy(peer->address, line->address, sizeof(peer->address));
        memset(dialled->address, 0, sizeof(dialled->address));
        memset(dialled->t, 0, sizeof(dialled->t));
    } else if (peer == NULL && dialled != NULL) {
        peer = dialled;
        memcpy(peer->t, t, sizeof(peer->t));
    } else if (peer == NULL) {
        peer = lum_peers_by_node(&node->peers, t, true);
    }
    node->peers.is_dirty = true;
    return peer;
}

static bool is_member(const struct lum_node *node, const uint8_t t[32])
{
    const struct lum_device *device =
        node->roster == NULL ? NULL : lum_roster_by_node(node->roster, t);

    return device != NULL && device->is_effective;
}

/* True when this line is the one that stays of two between the same nodes. */
static bool stays(const struct lum_node *node, const struct lum_line *line, const uint8_t t[32])
{
    bool we_are_smaller = memcmp(node->keys.node.public, t, 32) < 0;

    return line->is_dialled == we_are_smaller;
}

static void say_bye(struct lum_node *node, struct lum_line *line)
{
    struct lum_sync_event event = {.type = LUM_SYNC_FINISH, .session = line->session};

    lum__pump_step(node, &event);
    lum__line_flush(line);
    lum__line_close(line, true);
}

void lum__meet_met(struct lum_node *node, struct lum_line *line, const uint8_t t[32])
{
    struct lum_peer *peer;
    struct lum_line *other;

    if (!node->is_newcomer && memcmp(t, node->keys.node.public, 32) == 0) {
        struct lum_peer *self = lum_peers_by_address(&node->peers, line->address, false);
        if (self != NULL) {
            memset(self->address, 0, sizeof(self->address));
        }
        lum__line_close(line, false);
        return;
    }
    peer = book(node, line, t);
    if (peer == NULL) {
        return;
    }
    other = lum__line_by_session(node, peer->session);
    if (other != NULL && other != line && other->conn.state == LUM_CONN_OPEN) {
        /* Closed without a step of sync, whose acts the pump is carrying out right now. */
        if (other->is_dialled != line->is_dialled && !stays(node, line, t)) {
            lum__line_close(line, true);
            return;
        }
        lum__line_close(other, true);
    }
    lum__meet_found(node, 0, lum_worker_is_settled(node->worker));
    lum_sync_tally(node->sync, line->session, &line->told);
    peer->session = line->session;
    peer->is_guest = !is_member(node, t);
    peer->meetings++;
    peer->last.is_live = true;
    peer->last.is_equal = false;
    peer->last.clock_ms = line->told.clock_ms;
    peer->last.fault[0] = '\0';
    peer->last.fork_seen = false;
    peer->last.copy_seen = false;
    lum_peer_met(peer, lum__node_now(node));
}

static void note_tally(struct lum_node *node, const struct lum_line *line, struct lum_peer *peer)
{
    struct lum_meeting *last = &peer->last;

    last->wall_ms = lum__node_wall(node);
    last->received = line->told.events_in;
    last->sent = line->told.events_out;
    last->clock_ms = line->told.clock_ms;
    last->conflicts = node->progress.conflicts_new - line->conflicts_before;
    peer->is_guest = peer->is_guest && !is_member(node, peer->t);
    peer->is_settling = true;
    node->peers.is_dirty = true;
}

/* The view follows the log, often after the line has closed: what it finds belongs to the meeting
 * that brought it. */
void lum__meet_found(struct lum_node *node, uint64_t conflicts, bool is_settled)
{
    for (size_t i = 0; i < node->peers.count; i++) {
        struct lum_peer *peer = &node->peers.at[i];
        if (peer->is_settling && conflicts > 0) {
            peer->last.conflicts += conflicts;
            node->peers.is_dirty = true;
        }
        peer->is_settling = peer->is_settling && !(is_settled && peer->session == 0);
    }
}

void lum__meet_equal(struct lum_node *node, struct lum_line *line)
{
    struct lum_peer *peer = lum_peers_by_session(&node->peers, line->session);

    lum_sync_tally(node->sync, line->session, &line->told);
    line->met_equal = true;
    if (peer != NULL) {
        note_tally(node, line, peer);
        peer->last.is_equal = true;
        lum__node_tell(node, "equal", peer->address, NULL);
    }
}

void lum__meet_address(struct lum_node *node, struct lum_line *line, uint16_t port)
{
    struct lum_peer *peer = lum_peers_by_session(&node->peers, line->session);
    char *colon = strrchr(line->address, ':');
    size_t host_len;

    if (peer == NULL || port == 0 || colon == NULL || line->is_dialled) {
        return;
    }
    host_len = (size_t)(colon - line->address);
    if (host_len + 7 < LUM_ADDRESS_TEXT) {
        memcpy(peer->address, line->address, host_len);
        snprintf(peer->address + host_len, LUM_ADDRESS_TEXT - host_len, ":%u", (unsigned)port);
        node->peers.is_dirty = true;
    }
}

/* A line is gone: when the address is tried again. Whoever never met, ended with a fault, or had no
 * room, waits longer each time. */
static void plan_next(struct lum_node *node, const struct lum_line *line, struct lum_peer *peer,
                      bool has_met)
{
    uint8_t jitter[4];

    if (has_met && line->fault == LUM_FAULT_NONE && line->told.bye != LUM_BYE_NO_ROOM) {
        lum_peer_went_well(peer);
    } else if (!has_met && peer->session != 0) {
        peer->is_dialling = false; /* of two lines, the other one stayed */
    } else {
        node->env->random(node->env->self, jitter, sizeof(jitter));
        lum_peer_failed(peer, lum__node_now(node), lum_get_u32(jitter));
    }
}

void lum__meet_down(struct lum_node *node, struct lum_line *line)
{
    struct lum_peer *peer = lum_peers_by_session(&node->peers, line->session);
    bool has_met = peer != NULL;

    if (line->is_up) {
        struct lum_sync_event event = {.type = LUM_SYNC_DOWN, .session = line->session};
        lum_sync_tally(node->sync, line->session, &line->told);
        lum__pump_step(node, &event);
    }
    if (peer != NULL) {
        note_tally(node, line, peer);
        peer->session = 0;
        peer->last.is_live = false;
        peer->bytes_in += line->conn.bytes_in;
        peer->bytes_out += line->conn.bytes_out;
        if (line->fault != LUM_FAULT_NONE) {
            snprintf(peer->last.fault, sizeof(peer->last.fault), "%s",
                     lum_fault_name(line->fault));
        }
    } else if (line->is_dialled) {
        peer = lum_peers_by_address(&node->peers, line->address, false);
    }
    if (peer != NULL) {
        plan_next(node, line, peer, has_met);
    }
    for (struct lum_seat *seat = node->seats; seat != NULL; seat = seat->next) {
        if (seat->state == LUM_SEAT_MEETING) {
            lum__meet_seat_down(node, seat, line);
        }
    }
}

void lum__meet_turn(struct lum_node *node)
{
    uint64_t wake_ms = UINT64_MAX;
    struct lum_peer *peer;

    if (!node->meet_by_itself || node->is_newcomer || node->is_stopping) {
        return;
    }
    while ((peer = lum_peers_due(&node->peers, lum__node_now(node), &wake_ms)) != NULL) {
        struct lum_error err = {0};
        peer->is_dialling = true;
        if (lum__line_dial(node, peer->address, &err) == NULL) {
            peer->is_dialling = false;
            lum_peer_failed(peer, lum__node_now(node), 0);
        }
    }
    lum__pump_wake_at(node, wake_ms);
}

void lum__meet_keep(struct lum_node *node)
{
    struct lum_job *job;

    if (!node->peers.is_dirty || node->is_newcomer || node->notes == NOTES_MAX) {
        return;
    }
    job = lum_job_new(LUM_JOB_NOTE);
    if (job == NULL) {
        return; /* a hint: kept another time */
    }
    snprintf(job->note, sizeof(job->note), "peers");
    lum_peers_write(&node->peers, &job->bytes);
    node->peers.is_dirty = false;
    node->notes++;
    lum_worker_push(node->worker, job);
}

/* ---- telling ---- */

static void tell_peer(struct lum_node *node, struct lum_reply *reply, const struct lum_peer *peer)
{
    struct lum_world world = {.roster = node->roster};

    uv_rwlock_rdlock(lum_worker_gate(node->worker));
    if (lum_txn_begin_read(lum_space_log(node->space), &world.log, NULL) != LUM_OK ||
        lum_txn_begin_read(lum_space_view(node->space), &world.view, NULL) != LUM_OK) {
        world.roster = NULL; /* then without a name */
    }
    if (lum_ask_tell_peer(&world, peer, reply) != LUM_OK) {
        /* The same: what was told of the meeting stands. */
    }
    lum_txn_abort(world.view);
    lum_txn_abort(world.log);
    uv_rwlock_rdunlock(lum_worker_gate(node->worker));
}

void lum__meet_tell_peers(struct lum_node *node, struct lum_reply *reply)
{
    for (size_t i = 0; i < node->peers.count; i++) {
        struct lum_peer *peer = &node->peers.at[i];
        struct lum_line *line = lum__line_by_session(node, peer->session);
        if (peer->address[0] == '\0' && peer->meetings == 0) {
            continue;
        }
        if (line != NULL && lum_sync_tally(node->sync, line->session, &line->told)) {
            peer->last.received = line->told.events_in;
            peer->last.sent = line->told.events_out;
        }
        tell_peer(node, reply, peer);
        lum_reply_uint(reply, "bytes_in",
                       peer->bytes_in + (line == NULL ? 0 : line->conn.bytes_in));
        lum_reply_uint(reply, "bytes_out",
                       peer->bytes_out + (line == NULL ? 0 : line->conn.bytes_out));
        lum_reply_end(reply, LUM_FRAME_ROW);
    }
}

/* ---- NODE requests: sync, join, peers, addresses ---- */

static bool is_request(const struct lum_seat *seat, const char *name)
{
    return strcmp(seat->ask.request->name, name) == 0;
}

static struct lum_target *add_target(struct lum_seat *seat, const char *address)
{
    struct lum_target *target;

    if (seat->target_count == LUM_TARGETS_MAX) {
        return NULL;
    }
    target = &seat->targets[seat->target_count++];
    memset(target, 0, sizeof(*target));
    snprintf(target->address, sizeof(target->address), "%s", address);
    return target;
}

/* One row a target that is done: how the meeting went, or why there was none. */
static void end_target(struct lum_node *node, struct lum_seat *seat, struct lum_target *target,
                       const struct lum_line *line, const struct lum_error *why)
{
    struct lum_reply *reply = &seat->ask.reply;
    const struct lum_peer *peer =
        line == NULL ? NULL : lum_peers_by_session(&node->peers, line->session);

    target->is_done = true;
    if (peer == NULL && line != NULL) {
        peer = lum_peers_by_address(&node->peers, target->address, false);
    }
    if (why != NULL) {
        lum_reply_cstr(reply, "address", target->address);
        lum_reply_bool(reply, "equal", false);
        lum_reply_cstr(reply, "code", lum_cause_name(why->cause));
        lum_reply_cstr(reply, "one", why->one);
        lum_reply_cstr(reply, "two", why->two);
        seat->why = *why;
    } else if (peer != NULL) {
        tell_peer(node, reply, peer);
        lum_reply_uint(reply, "bytes_in", line->conn.bytes_in);
        lum_reply_uint(reply, "bytes_out", line->conn.bytes_out);
        seat->equal_count++;
    }
    lum_reply_end(reply, LUM_FRAME_ROW);
    if (line != NULL) {
        seat->received += line->told.events_in;
        seat->sent += line->told.events_out;
        seat->bytes_in += line->conn.bytes_in;
        seat->bytes_out += line->conn.bytes_out;
    }
}

static void begin_target(struct lum_node *node, struct lum_seat *seat, struct lum_target *target)
{
    struct lum_error err = {0};
    struct lum_peer *peer = lum_peers_by_address(&node->peers, target->address, true);
    struct lum_line *line;

    if (peer != NULL && peer->session != 0) {
        target->session = peer->session;
        return;
    }
    line = lum__line_dial(node, target->address, &err);
    if (line == NULL) {
        end_target(node, seat, target, NULL, &err);
        return;
    }
    if (peer != NULL) {
        peer->is_dialling = true;
    }
    target->session = line->session;
}

/* A typed address, or every one we know. */
static void gather_targets(struct lum_node *node, struct lum_seat *seat)
{
    struct lum_bytes address;
    char text[LUM_ADDRESS_TEXT] = {0};

    if (lum_ask_text(&seat->ask, "address", &address)) {
        memcpy(text, address.at, address.len < sizeof(text) - 1 ? address.len : sizeof(text) - 1);
        add_target(seat, text);
        return;
    }
    if (is_request(seat, "join")) {
        if (node->invite.port != 0) {
            lum__node_address_text(node->invite.address, node->invite.port, text);
            add_target(seat, text);
        }
        return;
    }
    for (size_t i = 0; i < node->peers.count; i++) {
        if (node->peers.at[i].address[0] != '\0') {
            add_target(seat, node->peers.at[i].address);
        } else if (node->peers.at[i].session != 0) {
            struct lum_target *target = add_target(seat, "");
            if (target != NULL) {
                target->session = node->peers.at[i].session;
            }
        }
    }
}

void lum__meet_ask(struct lum_node *node, struct lum_seat *seat)
{
    struct lum_error err = {0};
    struct lum_bytes person;

    if (is_request(seat, "peers")) {
        lum__meet_tell_peers(node, &seat->ask.reply);
        lum_reply_uint(&seat->ask.reply, "peers", node->peers.count);
        lum_reply_end(&seat->ask.reply, LUM_FRAME_DONE);
        lum__seat_end(seat);
        return;
    }
    if (is_request(seat, "addresses")) {
        lum__node_tell_addresses(node, &seat->ask.reply);
        lum__seat_end(seat);
        return;
    }
    if (is_request(seat, "join") && lum_ask_text(&seat->ask, "person", &person)) {
        lum_buf_put(&seat->person, person.at, person.len);
    }
    gather_targets(node, seat);
    if (seat->target_count == 0) {
        (void)!lum_fail(&err, LUM_CAUSE_no_address, NULL, NULL);
        lum__seat_fail(seat, &err);
        return;
    }
    for (size_t i = 0; i < seat->target_count; i++) {
        if (seat->targets[i].session == 0) {
            begin_target(node, seat, &seat->targets[i]);
        }
    }
}

/* Why a line that is gone did not end equal, as a person can use it. */
static void why_down(const struct lum_node *node, const struct lum_target *target,
                     const struct lum_line *line, struct lum_error *err)
{
    enum lum_cause cause;
    const char *two = NULL;

    if (line->why.cause != LUM_CAUSE_none) {
        *err = line->why;
        return;
    }
    if (line->fault != LUM_FAULT_NONE) {
        cause = LUM_CAUSE_meeting_fault;
        two = lum_fault_name(line->fault);
    } else if (line->told.bye == LUM_BYE_NO_ROOM) {
        cause = LUM_CAUSE_no_room;
    } else if (line->is_up) {
        bool is_ours = node->has_failed || line->conn.broke == UV_EIO ||
                       line->conn.broke == UV_ENOMEM; /* not that they closed it */
        bool is_refused = node->is_newcomer && node->roster != NULL && !is_ours;
        cause = is_refused ? LUM_CAUSE_invite_used : LUM_CAUSE_meeting_broke;
        two = line->conn.broke < 0 ? uv_strerror(line->conn.broke) : "the other side ended it";
    } else if (line->conn.broke < 0) {
        cause = LUM_CAUSE_unreachable;
        two = uv_strerror(line->conn.broke);
    } else {
        cause = LUM_CAUSE_no_answer;
    }
    (void)!lum_fail(err, cause, target->address, two);
}

void lum__meet_seat_down(struct lum_node *node, struct lum_seat *seat, struct lum_line *line)
{
    for (size_t i = 0; i < seat->target_count; i++) {
        struct lum_target *target = &seat->targets[i];
        struct lum_peer *peer = lum_peers_by_address(&node->peers, target->address, false);
        struct lum_error err = {0};
        if (target->is_done || target->session != line->session) {
            continue;
        }
        if (peer != NULL && peer->session != 0 && peer->session != line->session) {
            target->session = peer->session; /* of two lines, the other one stayed */
        } else if (line->met_equal && !node->is_newcomer) {
            end_target(node, seat, target, line, NULL);
        } else {
            why_down(node, target, line, &err);
            end_target(node, seat, target, line, &err);
        }
    }
}

static void end_seat(struct lum_node *node, struct lum_seat *seat)
{
    struct lum_reply *reply = &seat->ask.reply;
    const struct lum_view_progress *now = &node->progress;

    if (seat->equal_count == 0) {
        lum__seat_fail(seat, &seat->why);
        return;
    }
    lum_reply_bool(reply, "equal", seat->equal_count == seat->target_count);
    lum_reply_uint(reply, "received", seat->received);
    lum_reply_uint(reply, "sent", seat->sent);
    lum_reply_uint(reply, "bytes_in", seat->bytes_in);
    lum_reply_uint(reply, "bytes_out", seat->bytes_out);
    lum_reply_uint(reply, "records_new", now->records_new - seat->before.records_new);
    lum_reply_uint(reply, "records_changed", now->records_changed - seat->before.records_changed);
    lum_reply_uint(reply, "records_deleted", now->records_deleted - seat->before.records_deleted);
    lum_reply_uint(reply, "conflicts", now->conflicts_new - seat->before.conflicts_new);
    lum_reply_real(reply, "seconds", (double)(lum__node_now(node) - seat->began_ms) / 1000.0);
    lum_reply_hex(reply, "space", node->space_id.b, sizeof(node->space_id.b));
    lum_reply_end(reply, LUM_FRAME_DONE);
    lum__seat_end(seat);
}

/* Equal and all said, or as far as it goes until a steward confirms one of the two. */
static void look_at_target(struct lum_node *node, struct lum_seat *seat, struct lum_target *target)
{
    struct lum_line *line = lum__line_by_session(node, target->session);
    struct lum_error err = {0};

    if (node->is_newcomer || line == NULL ||
        !lum_sync_tally(node->sync, target->session, &line->told)) {
        return;
    }
    if (line->told.is_equal && !line->told.is_pushing) {
        end_target(node, seat, target, line, NULL);
    } else if (line->told.is_waiting) {
        (void)!lum_fail(&err, LUM_CAUSE_not_confirmed, target->address, NULL);
        end_target(node, seat, target, line, &err);
    } else {
        return;
    }
    if (!node->meet_by_itself) {
        say_bye(node, line);
    }
}

void lum__meet_seat_turn(struct lum_node *node, struct lum_seat *seat)
{
    size_t done = 0;

    if (seat->state == LUM_SEAT_TALLY) {
        end_seat(node, seat);
        return;
    }
    for (size_t i = 0; i < seat->target_count; i++) {
        struct lum_target *target = &seat->targets[i];
        if (!target->is_done) {
            look_at_target(node, seat, target);
        }
        done += target->is_done;
    }
    if (done == seat->target_count) {
        seat->state = LUM_SEAT_TALLY;
    }
}
