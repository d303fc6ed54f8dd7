/*
 * node_i.h - the inside of a running node, for net/node.c, pump.c, line.c, desk.c and meet.c only.
 *
 *   node.c   its life: open, run, stop, close; node_address.c where others reach it
 *   pump.c   one turn of the loop: the order of all effects
 *   line.c   one line to a neighbour: channel, frames, and what sync wants done
 *   desk.c   one caller on the control socket: questions and answers
 *   meet.c   who is dialled when, and how a meeting ended
 */
#ifndef LUM_NET_NODE_I_H
#define LUM_NET_NODE_I_H

#include <uv.h>

#include <stdio.h>

#include "core/limits.h"
#include "net/channel.h"
#include "net/conn.h"
#include "net/host.h"
#include "net/node.h"
#include "net/peers.h"
#include "net/request.h"
#include "net/worker.h"
#include "sync/sync.h"

/* A line to a neighbour. Its session number names it in sync. */
struct lum_line {
    struct lum_line *next;
    struct lum_conn conn;
    uint32_t session;
    struct lum_channel channel;
    struct lum_buf plain;    /* decrypted, not yet cut into messages */
    struct lum_buf say;      /* messages of this turn, not yet encrypted */
    char address[LUM_ADDRESS_TEXT]; /* that we dialled; else where it came from */
    bool is_dialled;
    bool is_up;              /* sync knows it */
    bool by_invite;
    bool was_deaf;
    bool is_behind;          /* messages in `plain` wait: for the writer, or for room to answer */
    uint64_t deadline_ms;    /* of the handshake; of the silence when deaf; of the last words */
    bool is_lingering;       /* said all: deadline_ms is that of the last words */
    uint64_t opened_ms;
    uint64_t conflicts_before;
    enum lum_fault fault;    /* it was closed for this */
    struct lum_error why;    /* or for trouble of our own: a full disk */
    bool met_equal;          /* at least once */
    struct lum_sync_tally told; /* last tally: stands when sync has forgotten the session */
};

/* Where one question is being answered: at a desk, or for this process itself. */
enum lum_seat_state {
    LUM_SEAT_FREE,
    LUM_SEAT_LEVEL,   /* READ: waits until the view is level */
    LUM_SEAT_READING, /* READ: one step a turn */
    LUM_SEAT_WRITING, /* WRITE, ALONE: the worker has it */
    LUM_SEAT_MEETING, /* NODE: waits for lines */
    LUM_SEAT_TALLY,   /* NODE: met; waits until the view is level to count records */
    LUM_SEAT_ENDED,   /* answered; its last frames may still be on their way */
};

struct lum_target {
    char address[LUM_ADDRESS_TEXT];
    uint32_t session; /* 0: not connected yet */
    bool is_done;
};
struct lum_seat {
    struct lum_seat *next;
    struct lum_node *node;
    enum lum_seat_state state;
    bool has_ask;
    struct lum_ask ask;
    struct lum_buf answer;    /* frames, for a seat without a desk */
    struct lum_buf *out;      /* where frames go */
    struct lum_desk *desk;    /* NULL: this process asks */
    lum_node_reply_fn *on_reply;
    void *self;
    /* NODE requests */
    struct lum_target targets[LUM_TARGETS_MAX];
    size_t target_count;
    size_t equal_count;
    struct lum_buf person;    /* join */
    uint64_t began_ms;
    uint64_t received;
    uint64_t sent;
    uint64_t bytes_in;
    uint64_t bytes_out;
    struct lum_view_progress before; /* node->progress when it began */
    struct lum_error why;            /* the last target that failed */
};

struct lum_desk {
    struct lum_desk *next;
    struct lum_conn conn;
    struct lum_seat *seat; /* the question it waits for; NULL = none */
};

struct lum_node {
    const struct lum_env *env;
    struct lum_space *space; /* the worker's; the loop only asks for its stores, under the gate */
    struct lum_worker *worker;
    struct lum_sync *sync;
    bool meet_by_itself;
    void *self;
    void (*on_event)(void *self, struct lum_bytes row);

    uv_loop_t loop;
    uv_prepare_t turn;    /* the turn: before each sleep, after timers and all I/O callbacks */
    uv_timer_t wake;      /* the next thing that is due */
    uv_async_t from_worker;
    uv_signal_t sigint;
    uv_signal_t sigterm;
    uv_tcp_t listener;
    uv_pipe_t control;
    bool has_loop;
    bool was_asked; /* by this process: the node ends with the last answer */
    bool has_listener;
    bool has_control;
    bool is_stopping;
    bool has_failed;
    struct lum_error error;
    enum lum_status end;
    uint64_t stop_deadline_ms;
    char listening[LUM_ADDRESS_TEXT];
    uint16_t port;
    char control_path[LUM_HOST_SOCKET_PATH];
    int control_folder; /* what the path goes through; -1 = nothing */

    /* What the loop knows of the space; read anew when the worker says it changed. */
    struct lum_roster *roster;
    struct lum_hash space_id;
    struct lum_device_keys keys;
    bool is_newcomer;
    bool has_secret;
    uint32_t generation;
    uint8_t secret[32];
    struct lum_invite invite; /* newcomer: what it came with */
    struct lum_entry *entries;
    size_t entry_count;
    bool has_news;

    struct lum_line *lines;
    struct lum_desk *desks;
    struct lum_seat *seats;
    struct lum_peers peers;
    uint32_t next_session;
    struct lum_view_progress progress; /* sums since start */
    bool level_asked;                  /* a SETTLE job is with the worker */
    uint32_t notes;                    /* NOTE jobs with the worker */
    uint64_t wake_ms;                  /* when the next turn is due at the latest */
    bool sync_died;
};

/* node.c */
uint64_t lum__node_now(struct lum_node *node);
uint64_t lum__node_wall(struct lum_node *node);
/* Reads roster, secret and keys anew and tells sync. */
LUM_MUST_USE enum lum_status lum__node_learn(struct lum_node *node, struct lum_error *err);
void lum__node_fail(struct lum_node *node, enum lum_status status, const struct lum_error *err);
/* Tells whoever listens what happened. */
void lum__node_tell(struct lum_node *node, const char *what, const char *one, const char *two);
/* "HOST:PORT" of an address as it stands in an invite. */
void lum__node_address_text(const uint8_t address[16], uint16_t port, char out[LUM_ADDRESS_TEXT]);
/* The DONE row of `addresses`. */
void lum__node_tell_addresses(struct lum_node *node, struct lum_reply *reply);
void lum__node_on_wake(uv_timer_t *timer);
void lum__node_look_for_end(struct lum_node *node); /* after each turn */

/* pump.c */
void lum__pump_turn(struct lum_node *node);
void lum__pump_wake_at(struct lum_node *node, uint64_t when_ms);
/* One event to sync, and everything it then wants done. */
void lum__pump_step(struct lum_node *node, struct lum_sync_event *event);

/* line.c */
struct lum_line *lum__line_new(struct lum_node *node);
void lum__line_accept(struct lum_node *node);
/* NULL and err when the address cannot even be tried. */
struct lum_line *lum__line_dial(struct lum_node *node, const char *address, struct lum_error *err);
void lum__line_turn(struct lum_node *node, struct lum_line *line);
void lum__line_say(struct lum_line *line, uint8_t type, struct lum_bytes body);
void lum__line_flush(struct lum_line *line);
void lum__line_close(struct lum_line *line, bool when_sent);
struct lum_line *lum__line_by_session(struct lum_node *node, uint32_t session);
void lum__line_free(struct lum_line *line);
/* "HOST:PORT" with a numeric host, "[IPv6]:PORT". */
bool lum__line_parse_address(const char *text, struct sockaddr_storage *out);
void lum__line_address_text(const struct sockaddr *address, char out[LUM_ADDRESS_TEXT]);

/* desk.c */
void lum__desk_accept(struct lum_node *node);
void lum__desk_turn(struct lum_node *node, struct lum_desk *desk);
void lum__desk_free(struct lum_desk *desk);
LUM_MUST_USE enum lum_status lum__seat_open(struct lum_node *node, struct lum_desk *desk,
                                            struct lum_bytes body, struct lum_seat **out,
                                            struct lum_error *err);
void lum__seat_turn(struct lum_node *node, struct lum_seat *seat);
/* The worker is done with its job. */
void lum__seat_done(struct lum_seat *seat);
/* The view is level now. */
void lum__seat_level(struct lum_seat *seat);
void lum__seat_free(struct lum_seat *seat);
void lum__seat_fail(struct lum_seat *seat, const struct lum_error *err);
void lum__seat_end(struct lum_seat *seat);

/* meet.c */
void lum__meet_turn(struct lum_node *node); /* dials what is due */
void lum__meet_met(struct lum_node *node, struct lum_line *line, const uint8_t t[32]);
void lum__meet_equal(struct lum_node *node, struct lum_line *line);
/* So many conflicts were found in what came. is_settled: and there is nothing left to look at. */
void lum__meet_found(struct lum_node *node, uint64_t conflicts, bool is_settled);
void lum__meet_address(struct lum_node *node, struct lum_line *line, uint16_t port);
void lum__meet_down(struct lum_node *node, struct lum_line *line);
void lum__meet_keep(struct lum_node *node); /* the book to the worker, when it changed */
void lum__meet_ask(struct lum_node *node, struct lum_seat *seat); /* begins a NODE request */
void lum__meet_seat_turn(struct lum_node *node, struct lum_seat *seat); /* goes on with it */
void lum__meet_seat_down(struct lum_node *node, struct lum_seat *seat, struct lum_line *line);
/* One row a neighbour in the book. */
void lum__meet_tell_peers(struct lum_node *node, struct lum_reply *reply);

#endif
