/*
 * model.h - what docs/format.md 5 and 6 say of a set of events, written as plainly as it reads.
 *
 * A second opinion on core: it sees events as plain structs, never as bytes, knows neither order of
 * arrival nor store, keeps nothing between calls, and asks "is there an event such that" by looking
 * at all of them. Of core it uses the hash alone (core/crypto.h). Slow on purpose.
 *
 *   events -> who may (5) -> applied, waiting (2.5) -> L, sane (6.3) -> void, pending (2.5)
 *          -> what contributes (6.1) -> records: cells, life (6.2, 6.4) -> leaves, root (6.5)
 */
#ifndef LUM_TESTS_PROP_MODEL_H
#define LUM_TESTS_PROP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MODEL_LOGS_MAX = 72,
    MODEL_EVENTS_MAX = 704,
    MODEL_DEPS_MAX = 32,
    MODEL_DEVICES_MAX = 12,
    MODEL_FACTS_MAX = 128,
};

/* ---- input ---- */

struct model_bytes {
    const uint8_t *at;
    size_t len;
};

/* An op, by where it stands. `log` is an index into the logs handed in. */
struct model_dot {
    uint32_t log;
    uint64_t seq;
    uint32_t op;
};

/* Types as the format numbers them; others make their event void. */
enum model_op_type {
    MODEL_MAKE = 0,
    MODEL_SET = 1,
    MODEL_DROP = 12,
    MODEL_KEEP = 13,
    MODEL_MAKE_KEYED = 18,
};

/* Which record set, drop and keep are about. */
enum model_about {
    MODEL_BY_ID,   /* that id */
    MODEL_BY_MAKE, /* what op `op` of event `seq` of the own log made, if that is a make */
    MODEL_BY_OP,   /* what op `op` of this event makes, keyed or not */
};

struct model_pair {
    const char *field;
    struct model_bytes value; /* canonical msgpack */
};

struct model_op {
    enum model_op_type type;
    enum model_about about;
    uint8_t id[16];
    uint64_t about_seq;
    uint32_t about_op;
    const char *collection;
    const char *key;
    const struct model_pair *pairs; /* set: one */
    uint32_t pair_count;
    const struct model_dot *dots; /* preds, seen (op means nothing there), drops */
    uint32_t dot_count;
};

struct model_ref {
    uint8_t log8[8];
    uint64_t seq;
    uint8_t hash16[16];
};

enum model_control {
    MODEL_GENESIS = 0,
    MODEL_INVITE = 1,
    MODEL_CANCEL = 2,
    MODEL_JOIN = 3,
    MODEL_ADMIT = 4,
};

struct model_fact {
    enum model_control type;
    struct model_ref ref; /* cancel, join: an INVITE; admit: a JOIN */
    uint8_t pk[32];       /* invite: its key; join: the key that really signed it, else zero */
    uint8_t a[32];        /* join: the A it names */
    uint32_t role;        /* invite, admit */
    uint64_t uses;        /* invite */
};

struct model_dep {
    uint8_t log8[8];
    uint64_t seq;
    bool is_pin;
    uint8_t hash16[16];
};

struct model_event {
    uint32_t log;
    uint64_t seq;
    uint64_t t;
    uint8_t h[32];
    uint32_t kind;
    bool is_malformed; /* the payload is not what its kind asks for */
    bool is_withheld;  /* or it is not there */
    struct model_dep deps[MODEL_DEPS_MAX];
    uint32_t dep_count;
    const struct model_op *ops; /* kind 0 */
    uint32_t op_count;
    struct model_fact fact; /* kind 2 on gov */
};

struct model_log {
    uint8_t id[32];
    uint8_t author[32];
    uint32_t shelf;
    uint64_t held;  /* events 1 .. held are in the set */
    bool is_frozen; /* a fork was proved: events after fork_point are without effect */
    uint64_t fork_point;
};

struct model_space {
    uint8_t id[32];
    uint64_t founded;
    uint8_t founders[4][32];
    uint32_t founder_count;
};

struct model_set {
    struct model_space space;
    struct model_log logs[MODEL_LOGS_MAX];
    uint32_t log_count;
    /* Of each log all events from 1 on, in any order; those past `held` are not looked at. */
    struct model_event events[MODEL_EVENTS_MAX];
    uint32_t event_count;
};

/* ---- output ---- */

struct model_device {
    uint8_t a[32];
    bool is_valid;
    bool is_effective;
    uint32_t role; /* 0 while it is not effective */
};

struct model_invite {
    struct model_ref ref;
    bool is_counting;
    bool is_cancelled;
    uint64_t used;
};

/* Of one event, by its index in the set. */
struct model_verdict {
    bool is_held;
    bool is_applied; /* else, when held, its log waits at or before it */
    bool is_void;
    bool is_pending;
    bool is_sane;
    uint64_t l;
};

struct model_sibling {
    struct model_dot at;
    struct model_bytes value;
};

struct model_cell {
    const char *field;
    struct model_sibling *siblings; /* ascending by (log id, seq, op) */
    uint32_t count;
    uint32_t values; /* different ones: a conflict from 2 on */
    uint32_t shown;  /* index */
};

enum model_life {
    MODEL_UNMADE,
    MODEL_ALIVE,
    MODEL_REVIVED,
    MODEL_DEAD
};

struct model_record {
    uint32_t shelf;
    uint8_t id[16];
    enum model_life life;
    const char *collection;   /* NULL while unmade */
    struct model_cell *cells; /* ascending by field */
    uint32_t cell_count;
    struct model_dot *existence; /* make, make-keyed, keep; these too ascending */
    uint32_t existence_count;
    struct model_dot *drops;
    uint32_t drop_count;
    uint32_t standing;         /* drops that no keep names */
    struct model_dot *touches; /* events with an op on it, op is 0 */
    uint32_t touch_count;
};

struct model_state {
    struct model_device devices[MODEL_DEVICES_MAX]; /* all authors, in no order */
    uint32_t device_count;
    struct model_invite invites[MODEL_FACTS_MAX];
    uint32_t invite_count;
    struct model_verdict verdicts[MODEL_EVENTS_MAX];
    uint64_t applied[MODEL_LOGS_MAX];
    bool is_waiting[MODEL_LOGS_MAX];
    struct model_record *records; /* ascending by shelf, id; unmade ones too */
    uint32_t record_count;
};

/* Borrows from the set. The state is large: keep it off the stack, and free what it gathered. */
void model_judge(const struct model_set *set, struct model_state *out);
void model_free(struct model_state *state);

/* 5.2, a part of judging by itself: fills devices and invites. */
void model_roster(const struct model_set *set, struct model_state *out);
const struct model_device *model_device_of(const struct model_state *state, const uint8_t a[32]);
/* 6.5: the root over the made records of one shelf. Not part of judging, for it costs more. */
void model_root(const struct model_set *set, const struct model_state *state, uint32_t shelf,
                uint8_t out[32]);
/* <0, 0, >0 by (log id, seq, op). */
int model_dot_compare(const struct model_set *set, const struct model_dot *a,
                      const struct model_dot *b);

#endif
