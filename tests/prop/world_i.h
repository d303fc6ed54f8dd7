/*
 * world_i.h - what the files of the world share.
 *
 *   world.c          the space, logs, chains and seals; the other branch of a fork
 *   world_draw.c     who writes what kind of event, when, having seen what
 *   world_data.c     data events: ops that mean something, on which record, naming what
 *   world_payload.c  their payloads
 *   world_flaw.c     payloads that mean nothing
 *   world_tell.c     the story
 */
#ifndef LUM_TESTS_PROP_WORLD_I_H
#define LUM_TESTS_PROP_WORLD_I_H

#include "core/crypto.h"
#include "core/draft.h"
#include "core/mem.h"
#include "core/run.h"
#include "tests/prop/world.h"

enum {
    WORLD_DEVICES_MAX = 8,
    WORLD_OPS_MAX = 6000,
    WORLD_PAIRS_MAX = 8000,
    WORLD_DOTS_MAX = 30000,
    WORLD_FIELDS = 4,
    WORLD_VALUES = 8,
    WORLD_INVITE_KEYS = 8,
    WORLD_SHELVES = 3,
    WORLD_FLAWS = 34,
};

enum world_clock {
    CLOCK_RIGHT,
    CLOCK_1970,
    CLOCK_2099,
    CLOCK_WILD
};

struct world_device {
    struct lum_sign_key key;
    uint8_t x[32];
    uint8_t t[32];
    enum world_clock clock;
    bool has_joined; /* has a gov log */
    uint32_t gov;    /* its number */
};

/* A log and everything in it; a branch of a fork too. */
struct world_log {
    uint32_t device;
    struct lum_log_name name;
    struct lum_log_place place; /* after the last event */
    struct lum_buf run;
    struct lum_buf marks;   /* struct lum_run_mark each */
    struct lum_buf seals;   /* struct lum_sig each, of boundaries only */
    struct lum_buf drafted; /* a byte each */
};

/* An op that was drawn, whatever became of its event. */
struct world_op {
    struct model_dot at;
    enum model_op_type type;
    uint32_t shelf;
    struct lum_id record;
    const struct model_op *op;
};

/* What stands before `set` begins as zeroes; what follows is filled before it is looked at. */
struct world {
    struct choice *choice;
    enum world_kind kind;
    struct lum_genesis genesis;
    struct lum_hash space;
    struct world_device devices[WORLD_DEVICES_MAX];
    uint32_t device_count;
    uint32_t founder_count;
    uint64_t now; /* of a right clock */
    bool has_fork;
    uint32_t fork_log;
    uint64_t fork_point;
    uint32_t op_count;
    uint32_t pair_count;
    uint32_t dot_count;
    uint32_t said_count;
    uint32_t bigs_left; /* large values that still fit into the event */
    struct model_set set;
    struct lum_buf document;
    struct lum_buf payload;
    struct lum_draft *draft;
    struct world_log logs[MODEL_LOGS_MAX];
    struct world_log branch;
    struct lum_sig piece_seals[LUM_BLOCK_SEGMENTS_MAX + 1];
    /* pools of the model's form; they never move */
    struct model_op ops[WORLD_OPS_MAX];
    struct model_pair pairs[WORLD_PAIRS_MAX];
    struct model_dot dots[WORLD_DOTS_MAX];
    struct world_op said[WORLD_OPS_MAX];
};

/* ---- world.c ---- */

/* The number of a log, opened when it is new. MODEL_LOGS_MAX when there is no room. */
uint32_t world_open_log(struct world *world, uint32_t device, uint32_t incarnation, uint32_t shelf);
uint64_t world_head(const struct world *world, uint32_t log);
/* The event under way: filled by the caller, then written by world_put with its payload. */
struct model_event *world_begin(struct world *world, uint32_t log);
void world_put(struct world *world, struct model_event *event, struct lum_bytes payload,
               bool is_drafted);
bool world_has_room(const struct world *world);
/* A dep on what exists. */
void world_pin(const struct world *world, uint32_t log, uint64_t seq, struct model_dep *out);
const struct lum_run_mark *world_mark(const struct world_log *log, uint64_t seq);
void world_log_fini(struct world_log *log);
const struct lum_sign_key *world_invite_key(uint32_t i); /* i < WORLD_INVITE_KEYS */

/* ---- world_draw.c ---- */

void world_draw_history(struct world *world);

/* ---- world_data.c ---- */

/* Ops for the event, whose deps and t stand, and its payload. dep_logs: which log each dep means,
 * or MODEL_LOGS_MAX. */
void world_draw_data(struct world *world, struct model_event *event, const uint32_t *dep_logs);
/* What a small world is made of: op 0 makes k1 with a = 1, 1 sets its field a, 2 drops it, 3 keeps
 * it, each naming all that is within reach. */
void world_put_small(struct world *world, struct model_event *event, const uint32_t *dep_logs,
                     uint32_t op);
/* One set of a given cell: what a wide world is made of. */
void world_put_set(struct world *world, struct model_event *event, const uint32_t *dep_logs,
                   bool settles);
struct model_bytes world_value(uint32_t i);

/* ---- world_payload.c ---- */

/* The dep that reaches (log, seq); dep_count when none does. */
uint32_t world_dep_for(const struct model_event *event, const uint32_t *dep_logs, uint32_t log,
                       uint64_t seq);
/* No draft names a dep that means no log. */
bool world_can_draft(const struct model_event *event, const uint32_t *dep_logs);
void world_write_by_draft(struct world *world, struct model_event *event, const uint32_t *dep_logs);
/* flaw: a way in which a payload is none (world_flaw.c), or 0. */
void world_write_by_hand(struct world *world, struct model_event *event, const uint32_t *dep_logs,
                         uint32_t flaw);

/* ---- world_flaw.c ---- */

struct world_flaw {
    uint32_t number; /* 1 .. WORLD_FLAWS */
    const struct model_event *event;
    uint32_t refs; /* those before the one that is added here */
};
/* One more reference, one more op, and what is done to the whole. */
void world_flaw_ref(const struct world_flaw *flaw, struct lum_buf *out);
void world_flaw_op(const struct world_flaw *flaw, struct lum_buf *out);
void world_flaw_end(const struct world_flaw *flaw, struct lum_buf *out);

#endif
