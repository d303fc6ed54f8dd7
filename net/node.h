/*
 * node.h - a running node: one loop thread, one worker thread, one store.
 *
 *   loop    lines in and out, sessions (sync), reads through short snapshots, the control socket
 *   worker  the only writer: ingests, own writes, the view; one job at a time, one commit a job
 *
 * The whole order of effects of one loop iteration is legible in lum_pump_turn (net/pump.c).
 */
#ifndef LUM_NET_NODE_H
#define LUM_NET_NODE_H

#include "core/space.h"
#include "core/status.h"
#include "net/reply.h"

struct lum_node;

struct lum_node_options {
    const struct lum_env *env;
    struct lum_space *space;   /* owned by the node from open on, in every case */
    const char *listen;        /* "HOST:PORT", "[::]:0" for any; NULL = do not listen */
    bool meet_by_itself;       /* dials every known address with back-off (serve) */
    bool control;              /* answers on dir/control.sock */
    /* Told on the loop thread; both may be NULL. */
    void *self;
    void (*on_event)(void *self, struct lum_bytes row); /* a map: what happened, for the log */
};

/* Listens and starts the worker; nothing runs until lum_node_run. */
LUM_MUST_USE enum lum_status lum_node_open(const struct lum_node_options *options,
                                           struct lum_node **out, struct lum_error *err);
/* Until lum_node_stop, SIGINT or SIGTERM, or, in a node without control, until every question asked
 * by lum_node_ask has its end. LUM_OK, or why it had to end (a failed sync, a full disk). */
LUM_MUST_USE enum lum_status lum_node_run(struct lum_node *node, struct lum_error *err);
/* From the loop thread or a signal handler's loop callback. */
void lum_node_stop(struct lum_node *node);
/* Ends meetings with BYE, commits what is pending, joins the worker, frees the store. */
void lum_node_close(struct lum_node *node);

/* A question asked inside this process (sync, join without a running node): frames of the answer go
 * to on_reply on the loop thread. None (frames.len 0): there was no memory to answer. */
typedef void lum_node_reply_fn(void *self, struct lum_bytes frames);
LUM_MUST_USE enum lum_status lum_node_ask(struct lum_node *node, struct lum_bytes body,
                                          lum_node_reply_fn *on_reply, void *self,
                                          struct lum_error *err);
/* Address it listens on, "HOST:PORT"; empty when it does not. Stands until close. */
const char *lum_node_listening(const struct lum_node *node);
/* Every address others can try, one a line: the one it listens on, or the host's with the port. */
LUM_MUST_USE enum lum_status lum_node_addresses(const struct lum_node *node, struct lum_buf *out);

#endif
