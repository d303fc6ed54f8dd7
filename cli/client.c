/*
 * client.c - see client.h. The two ways of asking stand one after the other: over the socket, and
 * in this process.
 */
#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli/answer.h"
#include "net/frame.h"
#include "net/host.h"
#include "net/node.h"
#include "net/request.h"

enum {
    WAIT_TRIES = 40, /* for another command's lock: 2 seconds */
    WAIT_MS = 50,
    SETTLE_EVENTS = 4096,
    PIECE_BYTES = 64 * 1024,
};

struct lum_client {
    struct lum_client_options options;
    int socket; /* of the running node; -1 = this process holds the store */
    int lock;   /* -1 = not held */
    struct lum_space *space;
    struct lum_editor *editor;
    bool has_written;
    struct lum_buf frames; /* of an answer, not yet heard */
};

static bool is_stopped(const struct lum_client *client)
{
    return client->options.stop != NULL && *client->options.stop != 0;
}

static bool ask_stop(void *self)
{
    return is_stopped(self);
}

/* ---- over the socket ---- */

static int connect_to(const char *dir)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int folder = -1;
    int fd;

    _Static_assert(sizeof(at.sun_path) == LUM_HOST_SOCKET_PATH, "room of a socket address");
    if (lum_host_socket(dir, at.sun_path, &folder, NULL) != LUM_OK) {
        return -1;
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
        close(fd);
        fd = -1;
    }
    if (folder >= 0) {
        close(folder);
    }
    return fd;
}

static bool say(const struct lum_client *client, struct lum_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t put = send(client->socket, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (put < 0 && (errno != EINTR || is_stopped(client))) {
            return false;
        }
        bytes.at += put > 0 ? put : 0;
        bytes.len -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* One read's worth of frames; false when the line is closed or a person said stop. */
static bool listen_once(struct lum_client *client)
{
    uint8_t piece[PIECE_BYTES];
    ssize_t got;

    do {
        got = is_stopped(client) ? 0 : recv(client->socket, piece, sizeof(piece), 0);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        lum_buf_put(&client->frames, piece, (size_t)got);
    }
    return got > 0 && !client->frames.broken;
}

static enum lum_status ask_remote(struct lum_client *client, struct lum_bytes body,
                                  struct lum_hearing *hearing, struct lum_error *err)
{
    struct lum_buf ask;
    bool is_open;

    lum_buf_init(&ask, LUM_REQUEST_MAX + 16);
    lum_frame_put(&ask, LUM_FRAME_ASK, body);
    is_open = !ask.broken && say(client, lum_buf_bytes(&ask));
    lum_buf_fini(&ask);
    while (is_open && hearing->status == LUM_OK && !hearing->has_ended) {
        is_open = listen_once(client);
        lum_answer_hear(hearing, &client->frames);
    }
    if (hearing->status == LUM_OK && !hearing->has_ended) {
        return is_stopped(client) ? LUM_STOPPED : lum_fail(err, LUM_CAUSE_node_gone, NULL, NULL);
    }
    return lum_answer_end(hearing, err);
}

/* ---- in this process ---- */

static void fill_world(struct lum_client *client, struct lum_ask *ask)
{
    const struct lum_env *env = lum_host_env();
    bool is_newcomer = lum_space_is_newcomer(client->space);

    ask->world = (struct lum_world){
        .space = client->space,
        .editor = client->editor,
        .roster = lum_space_roster(client->space),
        .keys = is_newcomer ? NULL : lum_space_keys(client->space),
        .home = lum_space_home(client->space),
        .dir = client->options.dir,
        .wall_ms = env->wall_ms(env->self),
        .stop = ask_stop,
        .stop_self = client,
    };
}

static enum lum_status read_step(struct lum_client *client, struct lum_ask *ask,
                                 struct lum_error *err)
{
    struct lum_txn *log = NULL;
    struct lum_txn *view = NULL;
    enum lum_status status = lum_txn_begin_read(lum_space_log(client->space), &log, err);

    if (status == LUM_OK) {
        status = lum_txn_begin_read(lum_space_view(client->space), &view, err);
    }
    if (status == LUM_OK) {
        fill_world(client, ask);
        ask->world.space = NULL;
        ask->world.editor = NULL;
        ask->world.log = log;
        ask->world.view = view;
        status = lum_ask_run(ask, err);
    }
    lum_txn_abort(view);
    lum_txn_abort(log);
    return status;
}

static enum lum_status ask_read(struct lum_client *client, struct lum_ask *ask,
                                struct lum_hearing *hearing, struct lum_error *err)
{
    enum lum_status status = lum_client_settle(client, hearing->answer, err);

    if (status != LUM_OK) {
        return status;
    }
    do {
        status = read_step(client, ask, err);
        lum_answer_hear(hearing, &client->frames);
    } while (status == LUM_AGAIN && hearing->status == LUM_OK && !is_stopped(client));
    return status == LUM_AGAIN && hearing->status == LUM_OK ? LUM_STOPPED : status;
}

static enum lum_status ask_write(struct lum_client *client, struct lum_ask *ask,
                                 struct lum_hearing *hearing, struct lum_error *err)
{
    enum lum_status status = lum_space_begin(client->space, err);

    if (status != LUM_OK) {
        return status;
    }
    fill_world(client, ask);
    status = lum_ask_run(ask, err);
    if (status == LUM_OK) {
        status = lum_space_commit(client->space, err);
        client->has_written = true;
    } else {
        lum_space_abort(client->space);
    }
    if (status == LUM_OK) {
        lum_answer_hear(hearing, &client->frames);
    }
    return status;
}

/* A node for one question. It owns the space, and nothing of it is left afterwards. */
struct visit {
    struct lum_hearing *hearing;
    struct lum_node *node;
    struct lum_buf *frames;
};

static void on_reply(void *self, struct lum_bytes frames)
{
    struct visit *visit = self;

    lum_buf_put(visit->frames, frames.at, frames.len);
    lum_answer_hear(visit->hearing, visit->frames);
    if ((frames.len == 0 || visit->frames->broken) && visit->hearing->status == LUM_OK) {
        visit->hearing->status = lum_fail(&visit->hearing->error, LUM_CAUSE_no_memory, NULL, NULL);
    }
    if (visit->hearing->status != LUM_OK) {
        lum_node_stop(visit->node);
    }
}

static enum lum_status ask_node(struct lum_client *client, struct lum_bytes body,
                                struct lum_hearing *hearing, struct lum_error *err)
{
    struct lum_node_options options = {.env = lum_host_env()};
    struct visit visit = {.hearing = hearing, .frames = &client->frames};
    enum lum_status status;

    options.space = lum_client_take_space(client);
    status = lum_node_open(&options, &visit.node, err);
    if (status != LUM_OK) {
        return status;
    }
    status = lum_node_ask(visit.node, body, on_reply, &visit, err);
    if (status == LUM_OK) {
        status = lum_node_run(visit.node, err);
    }
    lum_node_close(visit.node);
    return status == LUM_OK && hearing->status == LUM_OK && !hearing->has_ended ? LUM_STOPPED
                                                                                : status;
}

static enum lum_status ask_here(struct lum_client *client, struct lum_bytes body,
                                struct lum_hearing *hearing, struct lum_error *err)
{
    struct lum_ask ask;
    enum lum_status status = lum_ask_open(body, &client->frames, &ask, err);

    if (status == LUM_OK && client->space == NULL) {
        status = lum_client_reopen(client, err);
    }
    if (status == LUM_OK) {
        switch (ask.request->side) {
        case LUM_SIDE_READ:
            status = ask_read(client, &ask, hearing, err);
            break;
        case LUM_SIDE_WRITE:
            status = ask_write(client, &ask, hearing, err);
            break;
        case LUM_SIDE_ALONE:
            fill_world(client, &ask);
            status = lum_ask_run(&ask, err);
            lum_answer_hear(hearing, &client->frames);
            break;
        case LUM_SIDE_NODE:
            status = ask_node(client, body, hearing, err);
            break;
        }
    }
    lum_ask_close(&ask);
    return hearing->status != LUM_OK ? lum_answer_end(hearing, err) : status;
}

enum lum_status lum_client_ask(struct lum_client *client, struct lum_bytes body,
                               const struct lum_answer *answer, struct lum_error *err)
{
    struct lum_hearing hearing = {.answer = answer, .status = LUM_OK};

    lum_buf_reset(&client->frames);
    return client->socket >= 0 ? ask_remote(client, body, &hearing, err)
                               : ask_here(client, body, &hearing, err);
}

enum lum_status lum_client_settle(struct lum_client *client, const struct lum_answer *answer,
                                  struct lum_error *err)
{
    struct lum_view_progress progress = {0};
    enum lum_status status = LUM_OK;

    if (client->space == NULL || lum_space_is_settled(client->space)) {
        return LUM_OK;
    }
    do {
        status = is_stopped(client)
                     ? LUM_STOPPED
                     : lum_space_settle(client->space, SETTLE_EVENTS, &progress, err);
        if (answer->progress != NULL && status == LUM_AGAIN) {
            answer->progress(answer->self, progress.applied, 0);
        }
    } while (status == LUM_AGAIN);
    return status == LUM_FULL ? LUM_OK : status; /* the view shows what it had before */
}

/* ---- opening ---- */

/* NULL, and err says that there is no memory. */
static struct lum_client *make(const struct lum_client_options *options, struct lum_error *err)
{
    struct lum_client *client = lum_alloc_zero(sizeof(*client));

    if (client == NULL) {
        (void)!lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
        return NULL;
    }
    client->options = *options;
    client->socket = -1;
    client->lock = -1;
    lum_buf_init(&client->frames, (size_t)2 * LUM_REQUEST_MAX);
    return client;
}

/* Is there a store in the folder at all? Nothing is made by looking. */
static enum lum_status look(const char *dir, struct lum_error *err)
{
    char path[4096];
    struct stat st;
    int len = snprintf(path, sizeof(path), "%s/log.mdb", dir);

    if (len < 0 || (size_t)len >= sizeof(path)) {
        return lum_host_fail(ENAMETOOLONG, dir, err);
    }
    if (stat(path, &st) == 0) {
        return LUM_OK;
    }
    return errno == ENOENT || errno == ENOTDIR ? lum_fail(err, LUM_CAUSE_no_store, dir, NULL)
                                               : lum_host_fail(errno, path, err);
}

static void wait_a_little(void)
{
    struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};

    nanosleep(&pause, NULL);
}

/* The socket or the lock, whichever is to be had first. */
static enum lum_status reach(struct lum_client *client, struct lum_error *err)
{
    const char *dir = client->options.dir;
    enum lum_status status = LUM_BUSY;

    for (int i = 0; i < WAIT_TRIES && status == LUM_BUSY && !is_stopped(client); i++) {
        if (i > 0) {
            wait_a_little();
        }
        client->socket = connect_to(dir);
        if (client->socket >= 0) {
            return LUM_OK;
        }
        status = lum_host_lock(dir, &client->lock, err);
    }
    return status;
}

enum lum_status lum_client_reopen(struct lum_client *client, struct lum_error *err)
{
    struct lum_space_options options = {.env = lum_host_env(), .dir = client->options.dir};
    enum lum_status status = LUM_OK;

    LUM_ASSERT(client->lock >= 0);
    if (client->space == NULL) {
        status = lum_space_open(&options, &client->space, err);
    }
    if (status == LUM_OK && client->editor == NULL) {
        status = lum_editor_open(client->space, &client->editor);
    }
    return status == LUM_NO_MEMORY ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL) : status;
}

/* The client when all went well; else it is closed. */
static enum lum_status hand_out(struct lum_client *client, enum lum_status status,
                                struct lum_client **out)
{
    if (status != LUM_OK) {
        lum_client_close(client);
        return status;
    }
    *out = client;
    return LUM_OK;
}

enum lum_status lum_client_open(const struct lum_client_options *options, struct lum_client **out,
                                struct lum_error *err)
{
    struct lum_client *client;
    enum lum_status status = look(options->dir, err);

    if (status != LUM_OK) {
        return status;
    }
    client = make(options, err);
    if (client == NULL) {
        return LUM_NO_MEMORY;
    }
    status = reach(client, err);
    if (status == LUM_OK && client->socket < 0) {
        status = lum_client_reopen(client, err);
    }
    return hand_out(client, status, out);
}

enum lum_status lum_client_move_in(const struct lum_client_options *options,
                                   struct lum_client **out, struct lum_error *err)
{
    const struct lum_env *env = lum_host_env();
    struct lum_client *client = make(options, err);
    enum lum_status status;

    if (client == NULL) {
        return LUM_NO_MEMORY;
    }
    status = env->folder_make(env->self, options->dir, err);
    if (status == LUM_OK) {
        status = reach(client, err);
    }
    if (status == LUM_OK && client->socket >= 0) {
        status = lum_fail(err, LUM_CAUSE_store_exists, options->dir, NULL);
    }
    return hand_out(client, status, out);
}

enum lum_status lum_client_found(const struct lum_client_options *options, struct lum_bytes name,
                                 struct lum_bytes person, struct lum_client **out,
                                 struct lum_error *err)
{
    struct lum_space_options how = {.env = lum_host_env(), .dir = options->dir};
    struct lum_client *client;
    enum lum_status status = lum_client_move_in(options, &client, err);

    if (status != LUM_OK) {
        return status;
    }
    status = lum_space_init(&how, name, person, &client->space, err);
    client->has_written = true;
    if (status == LUM_OK) {
        status = lum_client_reopen(client, err);
    }
    return hand_out(client, status, out);
}

/* Half joined before, and by the same invite? */
static enum lum_status resume(struct lum_client *client, const struct lum_invite *invite,
                              struct lum_error *err)
{
    struct lum_invite had;
    enum lum_status status = lum_client_reopen(client, err);

    if (status == LUM_OK && (lum_space_invite(client->space, &had) != LUM_OK ||
                             memcmp(had.seed, invite->seed, sizeof(had.seed)) != 0)) {
        status = lum_fail(err, LUM_CAUSE_store_exists, client->options.dir, NULL);
    }
    return status;
}

enum lum_status lum_client_come(const struct lum_client_options *options,
                                const struct lum_invite *invite, struct lum_client **out,
                                struct lum_error *err)
{
    struct lum_space_options how = {.env = lum_host_env(), .dir = options->dir};
    struct lum_client *client;
    enum lum_status status = lum_client_move_in(options, &client, err);

    if (status != LUM_OK) {
        return status;
    }
    if (look(options->dir, NULL) == LUM_OK) {
        status = resume(client, invite, err);
        if (status == LUM_NOT_FOUND) { /* a crash left an empty folder */
            status = lum_space_init_join(&how, invite, &client->space, err);
        }
    } else {
        status = lum_space_init_join(&how, invite, &client->space, err);
    }
    return hand_out(client, status, out);
}

void lum_client_close(struct lum_client *client)
{
    static const struct lum_answer nobody = {0};

    if (client == NULL) {
        return;
    }
    if (client->has_written && lum_client_settle(client, &nobody, NULL) != LUM_OK) {
        /* Whoever opens the store next does it. */
    }
    lum_space_close(lum_client_take_space(client));
    if (client->lock >= 0) {
        lum_host_unlock(client->options.dir, client->lock);
    }
    if (client->socket >= 0) {
        close(client->socket);
    }
    lum_buf_fini(&client->frames);
    lum_free(client);
}

bool lum_client_is_remote(const struct lum_client *client)
{
    return client->socket >= 0;
}

struct lum_space *lum_client_space(struct lum_client *client)
{
    return client->space;
}

struct lum_space *lum_client_take_space(struct lum_client *client)
{
    struct lum_space *space = client->space;

    lum_editor_close(client->editor);
    client->editor = NULL;
    client->space = NULL;
    return space;
}
