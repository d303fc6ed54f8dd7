/*
 * conn.h - one stream's life: open, read, write, back-pressure, close. Meetings and the control
 * socket both ride on it.
 *
 *   OPENING -> OPEN -> CLOSING -> (freed by its owner after on_closed)
 *
 * uv callbacks store, mark and return; the pump does the work. Reading fills `in` and marks the
 * conn ready. Writing: the pump appends to `out` and calls lum_conn_flush; one uv_write is in
 * flight at a time, out of `flying`, and the two buffers change places.
 */
#ifndef LUM_NET_CONN_H
#define LUM_NET_CONN_H

#include <uv.h>

#include "core/mem.h"
#include "core/status.h"

enum lum_conn_state {
    LUM_CONN_OPENING, /* dialling */
    LUM_CONN_OPEN,
    LUM_CONN_CLOSING, /* uv_close was called; nothing may be sent */
    LUM_CONN_CLOSED,  /* uv is done with it: the owner may free it */
};

struct lum_conn {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
    } uv;
    enum lum_conn_state state;
    bool is_ready;    /* something happened since the pump looked: bytes, end, room, connected */
    bool is_reading;
    bool is_ended;    /* the other side ended or the line broke; `in` may still hold bytes */
    bool is_flying;   /* a uv_write is under way */
    bool close_when_sent;
    int broke;        /* uv error, 0 = none */
    size_t in_pause; /* reading stops while `in` holds so much; lum_conn_pause(false) goes on */
    struct lum_buf in;
    struct lum_buf out;
    struct lum_buf flying;
    uv_write_t write;
    uv_connect_t connect;
    uint64_t bytes_in;
    uint64_t bytes_out;
    void *owner;
};

/* The uv handle inside is initialised by the caller (uv_tcp_init, uv_pipe_init) right after. */
void lum_conn_init(struct lum_conn *conn, void *owner, size_t in_pause);
/* Frees the buffers; state must be CLOSED, or uv never saw the handle. */
void lum_conn_fini(struct lum_conn *conn);
/* Accepted or connected: start reading. */
void lum_conn_start(struct lum_conn *conn);
/* Begins a TCP connection; the result shows as OPEN, or is_ended with broke. */
LUM_MUST_USE int lum_conn_dial(struct lum_conn *conn, const struct sockaddr *address);
/* Back-pressure: stop or go on reading. Idempotent. */
void lum_conn_pause(struct lum_conn *conn, bool pause);
/* Sends what `out` holds, if nothing flies. */
void lum_conn_flush(struct lum_conn *conn);
/* Bytes not yet taken by the kernel. */
size_t lum_conn_queued(const struct lum_conn *conn);
/* Now, or after everything in `out` has gone. */
void lum_conn_close(struct lum_conn *conn, bool when_sent);

#endif
