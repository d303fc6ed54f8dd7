/*
 * request.h - the one table of requests: {name, side, function}.
 *
 * The command line in its own process, the control socket of a running node and, later, HTTP all
 * ask through it, so every face can do the same things and answers alike.
 *
 *   READ   runs on a snapshot, step by step: AGAIN with its state kept while rows remain, so that
 *          a long answer never holds a transaction or the loop
 *   WRITE  runs with the writer inside an open batch; its answer leaves after the commit. Several
 *          writes share one commit
 *   ALONE  runs with the writer and no batch (status, verify, rebuild, compact): it begins what it
 *          needs
 *   NODE   needs lines: meetings, addresses; answered by net/node
 */
#ifndef LUM_NET_REQUEST_H
#define LUM_NET_REQUEST_H

#include "core/edit.h"
#include "core/query.h"
#include "core/space.h"
#include "net/reply.h"

enum lum_side {
    LUM_SIDE_READ,
    LUM_SIDE_WRITE,
    LUM_SIDE_ALONE,
    LUM_SIDE_NODE,
};

struct lum_ask;
typedef enum lum_status lum_request_fn(struct lum_ask *ask, struct lum_error *err);

struct lum_request {
    const char *name;
    enum lum_side side;
    lum_request_fn *run; /* NULL for NODE */
};
/* NULL when there is no such request. */
const struct lum_request *lum_request_find(struct lum_bytes name);

/* What a running request may look at; filled by whoever runs it, for this step only. */
struct lum_world {
    struct lum_space *space;         /* WRITE and ALONE */
    struct lum_editor *editor;       /* WRITE */
    struct lum_txn *log;             /* READ: a snapshot of the log ... */
    struct lum_txn *view;            /* ... and of the view, settled */
    const struct lum_roster *roster; /* may be NULL (newcomer) */
    const struct lum_device_keys *keys;
    const struct lum_home *home;
    const char *dir;
    uint64_t wall_ms;
    bool (*stop)(void *self); /* asked now and then by long ones; NULL = never */
    void *stop_self;
};

/* One question being answered. */
struct lum_ask {
    const struct lum_request *request;
    struct lum_buf question; /* owned copy: arguments map and what follows */
    struct lum_world world;
    struct lum_reply reply;
    struct lum_arena arena;      /* freed when the ask ends */
    void *state;                 /* a READ's own, between steps; from the arena */
    void (*forget)(void *state); /* frees what state holds outside the arena; may be NULL */
};

/* Reads an ASK body; INVALID (bad_request) when it is none. rows go to `out` as frames. */
LUM_MUST_USE enum lum_status lum_ask_open(struct lum_bytes body, struct lum_buf *out,
                                          struct lum_ask *ask, struct lum_error *err);
void lum_ask_close(struct lum_ask *ask);
/* One step; on an error other than AGAIN the ERROR frame has been written, on OK the DONE frame. */
LUM_MUST_USE enum lum_status lum_ask_run(struct lum_ask *ask, struct lum_error *err);

/* Arguments by name: false or empty when absent; a wrong type is absent too. */
bool lum_ask_text(const struct lum_ask *ask, const char *name, struct lum_bytes *out);
/* The same with a zero behind it, in the arena; NULL when absent. INVALID when there is a zero
 * inside; NO_MEMORY. */
LUM_MUST_USE enum lum_status lum_ask_cstr(struct lum_ask *ask, const char *name, const char **out);
bool lum_ask_uint(const struct lum_ask *ask, const char *name, uint64_t *out);
bool lum_ask_bool(const struct lum_ask *ask, const char *name);
/* Canonical bytes of any value. */
bool lum_ask_value(const struct lum_ask *ask, const char *name, struct lum_bytes *out);
/* What follows the arguments map. */
struct lum_bytes lum_ask_rest(const struct lum_ask *ask);

#endif
