/*
 * bench_call.c - clients of a running node on one thread: each has one question outstanding and
 * asks the next as soon as it has its answer.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/bench.h"
#include "cli/format.h"
#include "net/frame.h"
#include "net/host.h"
#include "net/reply.h"

enum {
    CALLERS_MAX = 64,
    PATIENCE_MS = 30 * 1000,
    PIECE = 4096,
};

struct caller {
    uint64_t asked_us;
    struct lum_buf in;
};

struct calling {
    struct lum_bench *bench;
    struct lum_bench_load *load;
    struct caller callers[CALLERS_MAX];
    struct pollfd fds[CALLERS_MAX];
    uint64_t asked;
    uint64_t answered;
};

static enum lum_status connect_all(struct calling *calling, struct lum_error *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char path[LUM_BENCH_PATH];
    char name[LUM_PIECE];

    snprintf(name, sizeof(name), "%.16s/control.sock", calling->load->store);
    if (strlen(lum_bench_path(calling->bench, name, path)) >= sizeof(at.sun_path)) {
        return lum_host_fail(ENAMETOOLONG, path, err);
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    for (uint32_t i = 0; i < calling->load->callers; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        calling->fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
        if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
            return lum_host_fail(errno, at.sun_path, err);
        }
    }
    return LUM_OK;
}

/* A record of the data, put. */
static void fill_put(struct lum_bench *bench, struct lum_question *question)
{
    uint64_t row = lum_bench_draw(bench, bench->data.rows);

    question->name = "put";
    lum_question_text(question, "coll", "calls");
    lum_question_value(question, "fields", lum_bench_row(&bench->data, row));
}

/* A record of the load, its field set. */
static void fill_set(struct lum_bench *bench, const struct lum_bench_load *load,
                     struct lum_question *question)
{
    const struct lum_id *id = &load->ids->at[lum_bench_draw(bench, load->ids->count)];
    char drawn[LUM_BENCH_TEN];
    struct lum_buf text;
    char record[LUM_PIECE + 8];

    question->name = "set";
    lum_buf_init(&text, LUM_LINE_MAX);
    lum_format_hex(&text, lum_bytes_of(id->b, sizeof(id->b)), 2 * sizeof(id->b));
    lum_show_cut(lum_buf_bytes(&text), record + 6);
    memcpy(record, "calls/", 6);
    lum_question_text(question, "record", record);
    lum_buf_reset(&text);
    lum_bench_draw_text(bench, drawn);
    lum_pack_map(&text, 1);
    lum_pack_cstr(&text, bench->data.edit);
    lum_pack_str(&text, lum_bytes_of(drawn, sizeof(drawn)));
    lum_question_value(question, "fields", lum_buf_bytes(&text));
    lum_buf_fini(&text);
}

static enum lum_status send_question(struct calling *calling, uint32_t i,
                                     struct lum_question *question, struct lum_error *err)
{
    struct lum_bytes body;
    struct lum_buf frame;
    enum lum_status status = lum_question_end(question, &body);

    if (status != LUM_OK) {
        return status;
    }
    lum_buf_init(&frame, LUM_REQUEST_MAX);
    lum_frame_put(&frame, LUM_FRAME_ASK, body);
    calling->asked++;
    calling->callers[i].asked_us = lum_command_now_us();
    if (send(calling->fds[i].fd, frame.at, frame.len, MSG_NOSIGNAL) != (ssize_t)frame.len) {
        status = lum_fail(err, LUM_CAUSE_node_gone, NULL, NULL);
    }
    lum_buf_fini(&frame);
    return status;
}

static enum lum_status ask(struct calling *calling, uint32_t i, struct lum_error *err)
{
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "");
    if (calling->load->ids == NULL) {
        fill_put(calling->bench, &question);
    } else {
        fill_set(calling->bench, calling->load, &question);
    }
    status = send_question(calling, i, &question, err);
    lum_question_fini(&question);
    return status;
}

/* Takes what has come; *is_done when the answer is whole. */
static enum lum_status hear(struct calling *calling, uint32_t i, bool *is_done,
                            struct lum_error *err)
{
    struct lum_buf *in = &calling->callers[i].in;
    uint8_t piece[PIECE];
    struct lum_frame frame;
    enum lum_fault fault;
    ssize_t got = recv(calling->fds[i].fd, piece, sizeof(piece), 0);

    *is_done = false;
    if (got <= 0) {
        return lum_fail(err, LUM_CAUSE_node_gone, NULL, NULL);
    }
    lum_buf_put(in, piece, (size_t)got);
    while (lum_frame_peek(lum_buf_bytes(in), LUM_REQUEST_MAX, &frame, &fault) == LUM_OK) {
        if (frame.type == LUM_FRAME_ERROR) {
            return lum_fail(err, LUM_CAUSE_bad_request, "put, set", NULL);
        }
        *is_done = frame.type == LUM_FRAME_DONE;
        lum_buf_drop(in, frame.size);
    }
    return LUM_OK;
}

static enum lum_status turn(struct calling *calling, struct lum_error *err)
{
    struct lum_bench_load *load = calling->load;
    enum lum_status status = LUM_OK;

    if (poll(calling->fds, load->callers, PATIENCE_MS) <= 0 || *calling->bench->run->stop != 0) {
        return lum_fail(err, LUM_CAUSE_node_gone, NULL, NULL);
    }
    for (uint32_t i = 0; i < load->callers && status == LUM_OK; i++) {
        bool is_done = false;
        if (calling->fds[i].revents == 0) {
            continue;
        }
        status = hear(calling, i, &is_done, err);
        if (is_done) {
            load->ms[calling->answered++] = lum_bench_since(calling->callers[i].asked_us) * 1000;
            if (calling->asked < load->asks) {
                status = ask(calling, i, err);
            }
        }
    }
    return status;
}

enum lum_status lum_bench_call(struct lum_bench *bench, struct lum_bench_load *load,
                               struct lum_error *err)
{
    struct calling calling = {.bench = bench, .load = load};
    uint64_t begun_us;
    enum lum_status status;

    LUM_ASSERT(load->callers <= CALLERS_MAX && load->callers <= load->asks);
    for (uint32_t i = 0; i < load->callers; i++) {
        calling.fds[i].fd = -1;
        lum_buf_init(&calling.callers[i].in, LUM_REQUEST_MAX);
    }
    status = connect_all(&calling, err);
    begun_us = lum_command_now_us();
    for (uint32_t i = 0; i < load->callers && status == LUM_OK; i++) {
        status = ask(&calling, i, err);
    }
    while (status == LUM_OK && calling.answered < load->asks) {
        status = turn(&calling, err);
    }
    load->seconds = lum_bench_since(begun_us);
    for (uint32_t i = 0; i < load->callers; i++) {
        if (calling.fds[i].fd >= 0) {
            close(calling.fds[i].fd);
        }
        lum_buf_fini(&calling.callers[i].in);
    }
    return status;
}
