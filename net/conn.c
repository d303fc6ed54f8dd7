/*
 * conn.c - see conn.h for the drawing. Callbacks first, in the order of a connection's life.
 *
 * Happy path: init, dial or accept, on_connected, on_read ..., flush, on_written, close, on_closed.
 * What may fail: the dial (broke), a read or write (broke, is_ended), memory (broke = UV_ENOMEM).
 */
#include "net/conn.h"

#include <string.h>

#include "core/limits.h"

enum {
    READ_CHUNK = 64 * 1024,
    IN_MAX = LUM_REQUEST_MAX + READ_CHUNK,
    OUT_MAX = LUM_REQUEST_MAX + 2 * LUM_WRITE_QUEUE_MAX,
};

static void broke(struct lum_conn *conn, int error)
{
    if (conn->broke == 0 && error != UV_EOF) {
        conn->broke = error;
    }
    conn->is_ended = true;
    conn->is_ready = true;
}

static void on_connected(uv_connect_t *request, int status)
{
    struct lum_conn *conn = request->data;

    if (conn->state != LUM_CONN_OPENING) {
        return;
    }
    if (status < 0) {
        broke(conn, status);
        return;
    }
    lum_conn_start(conn);
    conn->is_ready = true;
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct lum_conn *conn = handle->data;
    size_t len = conn->in.len;
    uint8_t *at = lum_buf_extend(&conn->in, READ_CHUNK);

    (void)suggested;
    conn->in.len = len; /* counted in on_read, as far as it was filled */
    *buf = at == NULL ? uv_buf_init(NULL, 0) : uv_buf_init((char *)at, READ_CHUNK);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct lum_conn *conn = stream->data;

    (void)buf;
    if (count < 0) {
        broke(conn, (int)count);
        uv_read_stop(stream);
        conn->is_reading = false;
        return;
    }
    conn->in.len += (size_t)count;
    conn->bytes_in += (uint64_t)count;
    conn->is_ready = true;
    if (conn->in.len >= conn->in_pause) {
        uv_read_stop(stream);
        conn->is_reading = false;
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct lum_conn *conn = handle->data;

    conn->state = LUM_CONN_CLOSED;
    conn->is_ready = true;
}

static void on_written(uv_write_t *request, int status)
{
    struct lum_conn *conn = request->data;

    conn->is_flying = false;
    conn->is_ready = true;
    lum_buf_reset(&conn->flying);
    if (status < 0) {
        broke(conn, status);
    }
    if (conn->state == LUM_CONN_OPEN) {
        lum_conn_flush(conn);
    }
}

void lum_conn_init(struct lum_conn *conn, void *owner, size_t in_pause)
{
    memset(conn, 0, sizeof(*conn));
    conn->owner = owner;
    conn->in_pause = in_pause;
    lum_buf_init(&conn->in, IN_MAX);
    lum_buf_init(&conn->out, OUT_MAX);
    lum_buf_init(&conn->flying, OUT_MAX);
}

void lum_conn_fini(struct lum_conn *conn)
{
    lum_buf_fini(&conn->in);
    lum_buf_fini(&conn->out);
    lum_buf_fini(&conn->flying);
}

void lum_conn_start(struct lum_conn *conn)
{
    conn->uv.handle.data = conn;
    conn->state = LUM_CONN_OPEN;
    lum_conn_pause(conn, false);
}

int lum_conn_dial(struct lum_conn *conn, const struct sockaddr *address)
{
    conn->uv.handle.data = conn;
    conn->connect.data = conn;
    conn->state = LUM_CONN_OPENING;
    return uv_tcp_connect(&conn->connect, &conn->uv.tcp, address, on_connected);
}

void lum_conn_pause(struct lum_conn *conn, bool pause)
{
    if (conn->state != LUM_CONN_OPEN || conn->is_ended || conn->is_reading == !pause) {
        return;
    }
    if (pause) {
        uv_read_stop(&conn->uv.stream);
        conn->is_reading = false;
    } else {
        int error = uv_read_start(&conn->uv.stream, on_room, on_read);
        if (error < 0) {
            broke(conn, error);
            return;
        }
        conn->is_reading = true;
    }
}

void lum_conn_flush(struct lum_conn *conn)
{
    if (conn->state != LUM_CONN_OPEN || conn->is_flying) {
        return;
    }
    if (conn->out.broken) {
        broke(conn, UV_ENOMEM);
        return;
    }
    if (conn->out.len > 0 && conn->broke == 0) {
        struct lum_buf empty = conn->flying;
        uv_buf_t buf;
        int error;
        conn->flying = conn->out;
        conn->out = empty;
        buf = uv_buf_init((char *)conn->flying.at, (unsigned)conn->flying.len);
        conn->write.data = conn;
        conn->is_flying = true;
        conn->bytes_out += conn->flying.len;
        error = uv_write(&conn->write, &conn->uv.stream, &buf, 1, on_written);
        if (error < 0) {
            conn->is_flying = false;
            broke(conn, error);
        }
        return;
    }
    if (conn->close_when_sent) {
        lum_conn_close(conn, false);
    }
}

size_t lum_conn_queued(const struct lum_conn *conn)
{
    return conn->out.len + conn->flying.len;
}

void lum_conn_close(struct lum_conn *conn, bool when_sent)
{
    if (conn->state == LUM_CONN_CLOSING || conn->state == LUM_CONN_CLOSED) {
        return;
    }
    if (when_sent && conn->state == LUM_CONN_OPEN && !conn->is_ended &&
        lum_conn_queued(conn) > 0) {
        conn->close_when_sent = true;
        lum_conn_flush(conn);
        return;
    }
    conn->state = LUM_CONN_CLOSING;
    conn->is_reading = false;
    uv_close(&conn->uv.handle, on_closed);
}
