/*
 * node.c - a node's life: open (learn, listen, start the worker), run (the loop), stop (say BYE,
 * finish what was asked), close (join the worker, free everything, leave no socket behind).
 */
#include "net/node.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/node_i.h"
#include "net/uv_memory.h"

enum {
    BACKLOG = 64,
    STOP_MS = 1500, /* neighbours get this long to take what we still say */
};

uint64_t lum__node_now(struct lum_node *node)
{
    return node->env->mono_us(node->env->self) / 1000;
}

uint64_t lum__node_wall(struct lum_node *node)
{
    return node->env->wall_ms(node->env->self);
}

void lum__node_tell(struct lum_node *node, const char *what, const char *one, const char *two)
{
    struct lum_buf row;

    if (node->on_event == NULL) {
        return;
    }
    lum_buf_init(&row, LUM_VALUE_MAX);
    lum_pack_map(&row, 1u + (one != NULL) + (two != NULL));
    if (one != NULL) {
        lum_pack_cstr(&row, "one");
        lum_pack_cstr(&row, one);
    }
    if (two != NULL) {
        lum_pack_cstr(&row, "two");
        lum_pack_cstr(&row, two);
    }
    lum_pack_cstr(&row, "what");
    lum_pack_cstr(&row, what);
    node->on_event(node->self, lum_buf_bytes(&row));
    lum_buf_fini(&row);
}

void lum__node_fail(struct lum_node *node, enum lum_status status, const struct lum_error *err)
{
    if (!node->has_failed) {
        node->has_failed = true;
        node->end = status;
        node->error = *err;
        if (err->cause == LUM_CAUSE_none) { /* a bare status */
            (void)!lum_fail(&node->error,
                            status == LUM_NO_MEMORY ? LUM_CAUSE_no_memory : LUM_CAUSE_disk_error,
                            lum_space_dir(node->space), lum_status_words(status));
        }
        lum_node_stop(node);
    }
}

/* ---- what the loop knows of the space ---- */

/* Keys that let a caller in: the space's own, and those of every invite that still counts. */
static enum lum_status learn_entries(struct lum_node *node)
{
    size_t invites = node->roster == NULL ? 0 : lum_roster_invite_count(node->roster);
    struct lum_entry *entries = lum_alloc_zero((1 + invites) * sizeof(*entries));
    size_t count = 0;

    if (entries == NULL) {
        return LUM_NO_MEMORY;
    }
    if (node->has_secret) {
        entries[count].kind = LUM_ENTRY_SPACE;
        entries[count].tag = node->generation;
        lum_entry_keys_of_secret(node->secret, &entries[count++].keys);
    }
    for (size_t i = 0; i < invites && node->has_secret; i++) {
        const struct lum_invite_fact *fact = lum_roster_invite(node->roster, i);
        uint8_t psk[32];
        if (!fact->is_counting || fact->is_cancelled || fact->g != node->generation ||
            !lum_invite_unwrap(node->secret, fact->pk, fact->enc48, psk)) {
            continue;
        }
        entries[count].kind = LUM_ENTRY_INVITE;
        entries[count].tag = (uint32_t)i;
        lum_entry_keys_of_invite(psk, &entries[count++].keys);
        lum_wipe(psk, sizeof(psk));
    }
    lum_free(node->entries);
    node->entries = entries;
    node->entry_count = count;
    return LUM_OK;
}

/* The invite a newcomer came with, and the secret a member holds, from log.mdb. */
static void learn_secrets(struct lum_node *node, struct lum_txn *log)
{
    struct lum_bytes value;

    if (lum_txn_get(log, LUM_T_META,
                    lum_bytes_of(LUM_META_SECRET, strlen(LUM_META_SECRET)), &value) == LUM_OK &&
        value.len == 36) {
        node->has_secret = true;
        node->generation = lum_get_u32(value.at);
        memcpy(node->secret, value.at + 4, 32);
    }
    if (lum_txn_get(log, LUM_T_META,
                    lum_bytes_of(LUM_META_INVITE, strlen(LUM_META_INVITE)), &value) == LUM_OK &&
        value.len == LUM_INVITE_TEXT) {
        char text[LUM_INVITE_TEXT + 1] = {0};
        memcpy(text, value.at, value.len);
        (void)!lum_invite_from_text(text, &node->invite, NULL);
    }
}

static void fill_self(struct lum_node *node, struct lum_sync_self *self)
{
    memset(self, 0, sizeof(*self));
    self->log = lum_space_log(node->space);
    self->roster = node->roster;
    self->space = node->space_id;
    self->node = node->keys.node;
    self->has_secret = node->has_secret;
    self->generation = node->generation;
    memcpy(self->secret, node->secret, sizeof(self->secret));
    self->is_newcomer = !node->has_secret;
    self->listen_port = node->port;
}

/* The genesis shows that a newcomer now knows its space; its keys follow from the salt. */
static enum lum_status learn_space(struct lum_node *node, struct lum_txn *log,
                                   struct lum_error *err)
{
    struct lum_roster *roster = NULL;
    struct lum_bytes genesis;
    enum lum_status status = lum_txn_get(
        log, LUM_T_META, lum_bytes_of(LUM_META_GENESIS, strlen(LUM_META_GENESIS)), &genesis);

    if (status == LUM_NOT_FOUND) {
        return LUM_OK;
    }
    if (status == LUM_OK) {
        status = lum_roster_read(log, &roster, err);
    }
    if (status == LUM_OK) {
        lum_roster_close(node->roster);
        node->roster = roster;
        node->keys = *lum_space_keys(node->space);
    }
    return status;
}

enum lum_status lum__node_learn(struct lum_node *node, struct lum_error *err)
{
    struct lum_sync_self self;
    struct lum_txn *log = NULL;
    enum lum_status status;

    uv_rwlock_rdlock(lum_worker_gate(node->worker));
    node->space_id = *lum_space_id(node->space);
    status = lum_txn_begin_read(lum_space_log(node->space), &log, err);
    if (status == LUM_OK) {
        learn_secrets(node, log);
        status = learn_space(node, log, err);
        lum_txn_abort(log);
    }
    node->is_newcomer = !node->has_secret;
    fill_self(node, &self);
    if (status == LUM_OK) {
        status = node->sync == NULL ? lum_sync_open(&self, &node->sync)
                                    : lum_sync_know(node->sync, &self);
    }
    uv_rwlock_rdunlock(lum_worker_gate(node->worker));
    return status == LUM_OK ? learn_entries(node) : status;
}

static enum lum_status read_book(struct lum_node *node, struct lum_error *err)
{
    struct lum_txn *log = NULL;
    struct lum_bytes note;
    enum lum_status status = lum_txn_begin_read(lum_space_log(node->space), &log, err);

    if (status != LUM_OK) {
        return status;
    }
    status = lum_log_note_get(log, "peers", &note);
    if (status == LUM_OK) {
        status = lum_peers_read(&node->peers, note);
    } else if (status == LUM_NOT_FOUND) {
        status = LUM_OK;
    }
    lum_txn_abort(log);
    return status;
}

/* ---- callbacks: mark and return ---- */

static void on_turn(uv_prepare_t *turn)
{
    struct lum_node *node = turn->data;

    lum__pump_turn(node);
    if (node->wake_ms != UINT64_MAX) {
        uint64_t now_ms = lum__node_now(node);
        uv_update_time(&node->loop);
        uv_timer_start(&node->wake, lum__node_on_wake,
                       node->wake_ms > now_ms ? node->wake_ms - now_ms : 0, 0);
    } else {
        uv_timer_stop(&node->wake);
    }
    lum__node_look_for_end(node);
}

void lum__node_on_wake(uv_timer_t *timer)
{
    (void)timer; /* the turn follows in this iteration */
}

static void on_news(uv_async_t *async)
{
    struct lum_node *node = async->data;

    node->has_news = true;
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    lum_node_stop(signal->data);
}

static void on_caller(uv_stream_t *server, int status)
{
    if (status == 0) {
        lum__desk_accept(server->data);
    }
}

static void on_neighbour(uv_stream_t *server, int status)
{
    if (status == 0) {
        lum__line_accept(server->data);
    }
}

/* ---- listening ---- */

static enum lum_status fail_listen(struct lum_error *err, const char *address, int error)
{
    if (error == UV_ENOMEM || error == UV_ENOBUFS || error == UV_EIO) {
        return lum_host_fail(-error, address, err);
    }
    return lum_fail(err, error == UV_EADDRINUSE ? LUM_CAUSE_address_in_use : LUM_CAUSE_bad_address,
                    address, uv_strerror(error));
}

static enum lum_status listen_lines(struct lum_node *node, const char *address,
                                    struct lum_error *err)
{
    struct sockaddr_storage at = {0};
    int length = sizeof(at);
    int error;

    if (!lum__line_parse_address(address, &at)) {
        return lum_fail(err, LUM_CAUSE_bad_address, address, NULL);
    }
    error = uv_tcp_init(&node->loop, &node->listener);
    if (error != 0) {
        return fail_listen(err, address, error);
    }
    node->listener.data = node;
    node->has_listener = true;
    error = uv_tcp_bind(&node->listener, (const struct sockaddr *)&at, 0);
    if (error == 0) {
        error = uv_listen((uv_stream_t *)&node->listener, BACKLOG, on_neighbour);
    }
    if (error == 0) {
        error = uv_tcp_getsockname(&node->listener, (struct sockaddr *)&at, &length);
    }
    if (error != 0) {
        return fail_listen(err, address, error);
    }
    node->port = ntohs(((const struct sockaddr_in *)(const void *)&at)->sin_port);
    lum__line_address_text((const struct sockaddr *)&at, node->listening);
    return LUM_OK;
}

/* The store's lock is ours, so a socket that lies there is a dead node's. */
static enum lum_status listen_control(struct lum_node *node, struct lum_error *err)
{
    enum lum_status status = lum_host_socket(lum_space_dir(node->space), node->control_path,
                                             &node->control_folder, err);
    mode_t mask;
    int error;

    if (status != LUM_OK) {
        return status;
    }
    unlink(node->control_path);
    error = uv_pipe_init(&node->loop, &node->control, 0);
    if (error != 0) {
        return fail_listen(err, node->control_path, error);
    }
    node->control.data = node;
    node->has_control = true;
    mask = umask(0177);
    error = uv_pipe_bind(&node->control, node->control_path);
    umask(mask);
    if (error == 0) {
        error = uv_listen((uv_stream_t *)&node->control, BACKLOG, on_caller);
    }
    return error == 0 ? LUM_OK : fail_listen(err, node->control_path, error);
}

void lum__node_address_text(const uint8_t address[16], uint16_t port, char out[LUM_ADDRESS_TEXT])
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};

    memcpy(&six.sin6_addr, address, 16);
    six.sin6_port = htons(port);
    lum__line_address_text((const struct sockaddr *)&six, out);
}

/* ---- life ---- */

static enum lum_status init_loop(struct lum_node *node, struct lum_error *err)
{
    lum_uv_memory_use();
    int code = uv_loop_init(&node->loop);
    node->has_loop = code == 0;
    if (code == 0) {
        uv_prepare_init(&node->loop, &node->turn);
        uv_timer_init(&node->loop, &node->wake);
        code = uv_async_init(&node->loop, &node->from_worker, on_news);
    }
    if (code == 0) {
        code = uv_signal_init(&node->loop, &node->sigint);
    }
    if (code == 0) {
        code = uv_signal_init(&node->loop, &node->sigterm);
    }
    if (code != 0) {
        return lum_host_fail(-code, lum_space_dir(node->space), err);
    }
    node->turn.data = node;
    node->wake.data = node;
    node->from_worker.data = node;
    node->sigint.data = node;
    node->sigterm.data = node;
    return LUM_OK;
}

static enum lum_status start(struct lum_node *node, const struct lum_node_options *options,
                             struct lum_error *err)
{
    enum lum_status status = init_loop(node, err);

    if (status != LUM_OK) {
        return status;
    }
    status = read_book(node, err);
    if (status == LUM_OK) {
        status = lum_worker_open(node->space, &node->from_worker, &node->worker, err);
    }
    if (status == LUM_OK && options->listen != NULL) {
        status = listen_lines(node, options->listen, err);
    }
    if (status == LUM_OK && options->control) {
        status = listen_control(node, err);
    }
    return status == LUM_OK ? lum__node_learn(node, err) : status;
}

enum lum_status lum_node_open(const struct lum_node_options *options, struct lum_node **out,
                              struct lum_error *err)
{
    struct lum_node *node = lum_alloc_zero(sizeof(*node));
    enum lum_status status;

    if (node == NULL) {
        lum_space_close(options->space);
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    node->env = options->env;
    node->space = options->space;
    node->control_folder = -1;
    node->meet_by_itself = options->meet_by_itself;
    node->self = options->self;
    node->on_event = options->on_event;
    lum_peers_init(&node->peers);
    status = start(node, options, err);
    if (status != LUM_OK) {
        lum_node_close(node);
        return status;
    }
    *out = node;
    return LUM_OK;
}

enum lum_status lum_node_run(struct lum_node *node, struct lum_error *err)
{
    uv_prepare_start(&node->turn, on_turn);
    uv_signal_start(&node->sigint, on_signal, SIGINT);
    uv_signal_start(&node->sigterm, on_signal, SIGTERM);
    uv_run(&node->loop, UV_RUN_DEFAULT);
    if (node->has_failed && err != NULL) {
        *err = node->error;
    }
    return node->has_failed ? node->end : LUM_OK;
}

void lum_node_stop(struct lum_node *node)
{
    if (node->is_stopping) {
        return;
    }
    node->is_stopping = true;
    node->stop_deadline_ms = lum__node_now(node) + STOP_MS;
    for (struct lum_line *line = node->lines; line != NULL; line = line->next) {
        struct lum_sync_event event = {.type = LUM_SYNC_FINISH, .session = line->session};
        if (line->is_up) {
            lum__pump_step(node, &event);
            lum__line_flush(line);
        }
        lum__line_close(line, true);
    }
    lum_worker_interrupt(node->worker);
    lum__pump_wake_at(node, 0);
}

/* Answers that nobody will give any more. */
static void end_seats(struct lum_node *node)
{
    for (struct lum_seat *seat = node->seats; seat != NULL; seat = seat->next) {
        if (seat->state != LUM_SEAT_WRITING && seat->state != LUM_SEAT_ENDED) {
            struct lum_error err = node->error; /* what ended the node, or a person did */
            if (!node->has_failed) {
                (void)!lum_fail(&err, LUM_CAUSE_interrupted, "", "");
            }
            lum__seat_fail(seat, &err);
        }
    }
}

void lum__node_look_for_end(struct lum_node *node)
{
    bool is_late;

    if (!node->is_stopping) {
        bool has_own = false;
        for (const struct lum_seat *seat = node->seats; seat != NULL; seat = seat->next) {
            has_own |= seat->desk == NULL;
        }
        if (node->was_asked && !has_own) {
            lum_node_stop(node);
        }
        return;
    }
    end_seats(node);
    is_late = lum__node_now(node) >= node->stop_deadline_ms;
    for (struct lum_line *line = node->lines; line != NULL && is_late; line = line->next) {
        lum__line_close(line, false);
    }
    if (node->lines == NULL && node->seats == NULL) {
        uv_stop(&node->loop);
        return;
    }
    uv_timer_start(&node->wake, lum__node_on_wake, 20, 0);
}

static void close_handle(uv_handle_t *handle, void *self)
{
    (void)self;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void close_loop(struct lum_node *node)
{
    for (struct lum_line *line = node->lines; line != NULL; line = line->next) {
        lum__line_close(line, false);
    }
    for (struct lum_desk *desk = node->desks; desk != NULL; desk = desk->next) {
        lum_conn_close(&desk->conn, false);
    }
    uv_walk(&node->loop, close_handle, NULL);
    uv_run(&node->loop, UV_RUN_DEFAULT);
    LUM_ASSERT(uv_loop_close(&node->loop) == 0);
}

static void free_lists(struct lum_node *node)
{
    while (node->seats != NULL) {
        struct lum_seat *seat = node->seats;
        node->seats = seat->next;
        lum__seat_free(seat);
    }
    while (node->lines != NULL) {
        struct lum_line *line = node->lines;
        node->lines = line->next;
        lum__line_free(line);
    }
    while (node->desks != NULL) {
        struct lum_desk *desk = node->desks;
        node->desks = desk->next;
        lum__desk_free(desk);
    }
}

void lum_node_close(struct lum_node *node)
{
    if (node == NULL) {
        return;
    }
    if (node->has_control && node->control_path[0] != '\0') {
        unlink(node->control_path);
    }
    if (node->worker != NULL) {
        node->peers.is_dirty = node->peers.count > 0;
        node->notes = 0; /* nobody counts them down any more */
        lum__meet_keep(node);
        lum_worker_close(node->worker);
    }
    if (node->has_loop) {
        close_loop(node);
    }
    if (node->control_folder >= 0) {
        close(node->control_folder); /* the loop's own end still looked for the socket */
    }
    free_lists(node);
    lum_sync_close(node->sync);
    lum_roster_close(node->roster);
    lum_peers_fini(&node->peers);
    lum_free(node->entries);
    lum_device_keys_wipe(&node->keys);
    lum_wipe(node->secret, sizeof(node->secret));
    lum_space_close(node->space);
    lum_free(node);
}

/* ---- asking from inside ---- */

enum lum_status lum_node_ask(struct lum_node *node, struct lum_bytes body,
                             lum_node_reply_fn *on_reply, void *self, struct lum_error *err)
{
    struct lum_seat *seat = NULL;
    enum lum_status status = lum__seat_open(node, NULL, body, &seat, err);

    if (status == LUM_OK) {
        seat->on_reply = on_reply;
        seat->self = self;
        node->was_asked = !node->has_control; /* a node that serves goes on */
        /* Answered at once? A question that writes is the worker's by now. */
        if (seat->state != LUM_SEAT_WRITING && (seat->answer.len > 0 || seat->answer.broken)) {
            on_reply(self, lum_buf_bytes(&seat->answer));
            lum_buf_reset(&seat->answer);
        }
        lum__pump_wake_at(node, 0);
    }
    return status;
}

const char *lum_node_listening(const struct lum_node *node)
{
    return node->listening;
}
