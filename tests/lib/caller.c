/* caller.c - see caller.h. */
#include "tests/lib/caller.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/pack.h"
#include "net/frame.h"
#include "net/host.h"
#include "net/node.h"
#include "net/reply.h"
#include "tests/lib/leave.h"

static void pause_ms(long ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

void answer_init(struct answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    lum_buf_init(&answer->rows, 1 << 26);
    lum_buf_init(&answer->last, 1 << 20);
}

void answer_fini(struct answer *answer)
{
    lum_buf_fini(&answer->rows);
    lum_buf_fini(&answer->last);
}

int caller_try(const char *dir)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    snprintf(at.sun_path, sizeof(at.sun_path), "%s/control.sock", dir);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

int caller_connect(const char *dir)
{
    int fd = caller_try(dir);

    for (int i = 0; fd < 0 && i < 500; i++) {
        pause_ms(20);
        fd = caller_try(dir);
    }
    return fd;
}

/* ---- asking ---- */

static bool say(int fd, const struct lum_buf *bytes)
{
    for (size_t at = 0; at < bytes->len;) {
        ssize_t put = send(fd, bytes->at + at, bytes->len - at, MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        at += (size_t)put;
    }
    return true;
}

/* Takes whole frames off the stream; true when the answer has its end. */
static bool hear(struct answer *out, struct lum_buf *stream)
{
    struct lum_frame frame;
    enum lum_fault fault;

    while (lum_frame_peek(lum_buf_bytes(stream), LUM_REQUEST_MAX, &frame, &fault) == LUM_OK) {
        bool is_last = frame.type == LUM_FRAME_DONE || frame.type == LUM_FRAME_ERROR;
        if (frame.type == LUM_FRAME_ROW) {
            lum_buf_put(&out->rows, frame.body.at, frame.body.len);
            out->row_count++;
        } else if (is_last) {
            lum_buf_put(&out->last, frame.body.at, frame.body.len);
            out->is_done = frame.type == LUM_FRAME_DONE;
        }
        lum_buf_drop(stream, frame.size);
        if (is_last) {
            return true;
        }
    }
    return false;
}

static void reset(struct answer *answer)
{
    lum_buf_reset(&answer->rows);
    lum_buf_reset(&answer->last);
    answer->row_count = 0;
    answer->is_done = false;
}

bool caller_ask(int fd, struct answer *out, const char *name, ...)
{
    struct lum_buf body;
    struct lum_buf ask;
    struct lum_buf stream;
    const char *args[16];
    uint32_t count = 0;
    bool is_open;
    va_list list;

    reset(out);
    va_start(list, name);
    while (count < 15 && (args[count] = va_arg(list, const char *)) != NULL) {
        count++;
    }
    va_end(list);
    lum_buf_init(&body, 1 << 20);
    lum_buf_init(&ask, 1 << 20);
    lum_buf_init(&stream, 1 << 26);
    lum_pack_cstr(&body, name);
    lum_pack_map(&body, count / 2);
    for (uint32_t i = 0; i < count; i++) {
        lum_pack_cstr(&body, args[i]);
    }
    lum_frame_put(&ask, LUM_FRAME_ASK, lum_buf_bytes(&body));
    is_open = say(fd, &ask);
    while (is_open && !hear(out, &stream)) {
        uint8_t piece[65536];
        ssize_t got = recv(fd, piece, sizeof(piece), 0);
        is_open = got > 0;
        if (is_open) {
            lum_buf_put(&stream, piece, (size_t)got);
        }
    }
    lum_buf_fini(&stream);
    lum_buf_fini(&ask);
    lum_buf_fini(&body);
    return is_open;
}

/* ---- looking at the last map ---- */

static bool value_of(const struct answer *answer, const char *key, struct lum_bytes *out)
{
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&answer->last));
    uint32_t pairs = lum_cur_map(&cur, LUM_ELEMENTS_MAX);

    for (uint32_t i = 0; i < pairs; i++) {
        struct lum_bytes name = lum_cur_str(&cur, 256);
        struct lum_bytes value = lum_cur_any(&cur, LUM_DEPTH_MAX);
        if (lum_bytes_equal(name, lum_bytes_of(key, strlen(key)))) {
            *out = value;
            return true;
        }
    }
    return false;
}

bool answer_text(const struct answer *answer, const char *key, char *out, size_t room)
{
    struct lum_bytes value;
    struct lum_cur cur;

    if (!value_of(answer, key, &value)) {
        return false;
    }
    cur = lum_cur_over(value);
    value = lum_cur_str(&cur, room - 1);
    if (cur.fault != LUM_FAULT_NONE) {
        return false;
    }
    memcpy(out, value.at, value.len);
    out[value.len] = '\0';
    return true;
}

int64_t answer_int(const struct answer *answer, const char *key)
{
    struct lum_bytes value;
    struct lum_cur cur;

    if (!value_of(answer, key, &value)) {
        return INT64_MIN;
    }
    cur = lum_cur_over(value);
    return lum_cur_int(&cur);
}

bool answer_true(const struct answer *answer, const char *key)
{
    struct lum_bytes value;
    struct lum_cur cur;

    if (!value_of(answer, key, &value)) {
        return false;
    }
    cur = lum_cur_over(value);
    return lum_cur_bool(&cur) && cur.fault == LUM_FAULT_NONE;
}

/* ---- nodes in children ---- */

static void report(const char *what, const struct lum_error *err)
{
    fprintf(stderr, "%s: %s {%s} {%s}\n", what, lum_cause_name(err->cause), err->one, err->two);
}

static int serve(const char *dir, bool meet_by_itself)
{
    struct lum_space_options options = {lum_host_env(), dir};
    struct lum_node_options node_options = {.env = lum_host_env(),
                                            .listen = "127.0.0.1:0",
                                            .meet_by_itself = meet_by_itself,
                                            .control = true};
    struct lum_error err = {0};
    struct lum_node *node = NULL;
    enum lum_status status = lum_space_open(&options, &node_options.space, &err);

    if (status == LUM_OK) {
        status = lum_node_open(&node_options, &node, &err);
    }
    if (status == LUM_OK) {
        status = lum_node_run(node, &err);
        lum_node_close(node);
    }
    if (status != LUM_OK) {
        report("serve", &err);
    }
    return status == LUM_OK ? 0 : 1;
}

pid_t caller_serve(const char *dir, bool meet_by_itself)
{
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        leave(serve(dir, meet_by_itself));
    }
    return child;
}

int caller_stop(pid_t child)
{
    int status = 0;

    kill(child, SIGTERM);
    for (int i = 0; i < 1000; i++) {
        if (waitpid(child, &status, WNOHANG) == child) {
            return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        pause_ms(20);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
}

static bool joined;

static void on_reply(void *self, struct lum_bytes frames)
{
    struct lum_buf stream;
    struct answer answer;

    (void)self;
    lum_buf_init(&stream, 1 << 20);
    answer_init(&answer);
    lum_buf_put(&stream, frames.at, frames.len);
    if (hear(&answer, &stream)) {
        char code[64] = "";
        joined = answer.is_done;
        if (!joined && answer_text(&answer, "code", code, sizeof(code))) {
            fprintf(stderr, "join: %s\n", code);
        }
    }
    answer_fini(&answer);
    lum_buf_fini(&stream);
}

static int join(const char *dir, const char *text, const char *person)
{
    struct lum_space_options options = {lum_host_env(), dir};
    struct lum_node_options node_options = {.env = lum_host_env()};
    struct lum_error err = {0};
    struct lum_invite invite;
    struct lum_node *node = NULL;
    struct lum_buf body;
    enum lum_status status = lum_invite_from_text(text, &invite, &err);

    if (status == LUM_OK) {
        status = lum_space_init_join(&options, &invite, &node_options.space, &err);
    }
    if (status == LUM_OK) {
        status = lum_node_open(&node_options, &node, &err);
    }
    if (status == LUM_OK) {
        lum_buf_init(&body, 4096);
        lum_pack_cstr(&body, "join");
        lum_pack_map(&body, 1);
        lum_pack_cstr(&body, "person");
        lum_pack_cstr(&body, person);
        status = lum_node_ask(node, lum_buf_bytes(&body), on_reply, NULL, &err);
        lum_buf_fini(&body);
    }
    if (status == LUM_OK) {
        status = lum_node_run(node, &err);
        lum_node_close(node);
    }
    if (status != LUM_OK) {
        report("join", &err);
    }
    return status == LUM_OK && joined ? 0 : 1;
}

int caller_join(const char *dir, const char *invite, const char *person)
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        leave(join(dir, invite, person));
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
