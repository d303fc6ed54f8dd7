/*
 * space_i.h - inside of a space; only core/space*.c, core/author*.c, core/first_contact.c,
 * core/backup.c and core/restore.c include it.
 *
 *   own logs   gathered events wait as a run; `place` runs ahead of `row` by that run
 *   the batch  log_txn is open exactly from begin to commit or abort
 *   the view   view_txn opens with the first batch and stays open over log commits until its
 *              budget or a barrier ends it. It is committed only outside a batch, so that the
 *              view never holds what the log might still lose
 */
#ifndef LUM_CORE_SPACE_I_H
#define LUM_CORE_SPACE_I_H

#include "core/space.h"

enum {
    LUM_OWN_RUN_EVENTS = LUM_BLOCK_SEGMENTS_MAX * LUM_SEGMENT_EVENTS,
    LUM_OWN_RUN_BYTES = 1024 * 1024, /* gathered before it goes to the log */
    LUM_OWN_PINS = 64,               /* remembered a log; a power of two */
    LUM_TOUCHED_SLOTS = 1 << 15,
    LUM_PATH_MAX = 4096,
};

#define LUM_PIN_NOTE  "pin"
#define LUM_LOG_FILE  "log.mdb"
#define LUM_LOG_NEW   "log.mdb.new"
#define LUM_VIEW_FILE "view.mdb"
#define LUM_VIEW_NEW  "view.mdb.new"

/* The newest position of a foreign log that our log has pinned; lno 0: an empty slot. */
struct lum_own_pin {
    uint32_t lno;
    uint64_t seq;
};

/* One of our own logs while a batch writes to it. */
struct lum_own_log {
    uint32_t lno;               /* 0: not looked up in this batch */
    struct lum_log_row row;     /* as the transaction holds it */
    struct lum_log_place place; /* after the last gathered event */
    uint64_t begun;             /* its head as the batch first looked it up */
    struct lum_buf run;
    struct lum_run_mark *marks; /* LUM_OWN_RUN_EVENTS of them */
    uint32_t count;
    struct lum_sig seals[LUM_BLOCK_SEGMENTS_MAX + 1];
    uint32_t seal_count;
    struct lum_own_pin pins[LUM_OWN_PINS]; /* by lno; a slot is overwritten by its next lno */
};

/* Records written since the view was level: open addressing, cleared by moving the stamp. */
struct lum_touched {
    struct lum_touched_slot {
        struct lum_id id;
        uint32_t stamp;
    } * slots; /* LUM_TOUCHED_SLOTS, or NULL before the first one */
    uint32_t stamp;
    uint32_t count;
    bool is_blind; /* something was written that the set does not know */
};

struct lum_space {
    const struct lum_env *env;
    char *dir;
    struct lum_store *log;
    struct lum_store *view;
    struct lum_squeezer *squeezer;
    struct lum_ingester *ingester;
    struct lum_view *applier;
    struct lum_log_reader *reader;
    struct lum_gate gate;
    struct lum_room room; /* as of the last batch's beginning */

    /* who we are */
    struct lum_seeds seeds;
    struct lum_device_keys keys; /* with has_genesis */
    struct lum_home home;
    bool has_genesis;
    struct lum_hash id; /* a newcomer's from its invite */
    uint64_t founded_ms;
    bool has_invite;
    struct lum_invite invite;
    bool has_secret;
    uint32_t generation;
    uint8_t secret[32];

    /* who the others are */
    struct lum_roster *roster;
    bool roster_is_stale; /* a gov log grew since it was read */
    bool roster_changed;  /* to be told once */

    /* the batch */
    struct lum_txn *log_txn;
    struct lum_own_log own[LUM_SHELVES_MAX];
    struct lum_buf payload;
    struct lum_growth *grown;
    size_t grown_count;
    size_t grown_room;
    bool pin_is_due;  /* a clock holder said something since our last clock pin */
    uint64_t pin_day; /* of that pin, since 1970; kept under LUM_PIN_NOTE */

    /* the view */
    struct lum_txn *view_txn;
    bool view_saw_batch;  /* view_txn applied what log_txn has not committed */
    bool is_level;        /* nothing is gathered or logged that view_txn has not applied */
    bool is_settled;      /* and that is committed */
    bool rebuild_is_due;
    uint64_t view_load;            /* pages that view_txn has dirtied, about */
    struct lum_view_progress told; /* of catch-ups; the next settle tells it */
    struct lum_touched touched;
};

/* ---- core/space.c ---- */

/* dir/name in out. */
void lum_space_path(const struct lum_space *space, const char *name, char out[LUM_PATH_MAX]);
/* A status of core/log.h or core/view.h as a told error; NOT_FOUND means damage: a row is gone. */
LUM_MUST_USE enum lum_status lum_space_fail(struct lum_store *store, enum lum_status status,
                                            struct lum_error *err);
/* meta of log.mdb, inside a batch. */
LUM_MUST_USE enum lum_status lum_space_meta_put(struct lum_space *space, const char *name,
                                                struct lum_bytes value, struct lum_error *err);
/* An empty folder becomes the home of a store: seeds, files, the home note. EXISTS when it holds
 * one. */
LUM_MUST_USE enum lum_status lum_space_move_in(const struct lum_space_options *options,
                                               struct lum_space **out, struct lum_error *err);
/* Takes id, founding and keys from the document. */
LUM_MUST_USE enum lum_status
lum_space_take_genesis(struct lum_space *space, struct lum_bytes document, struct lum_error *err);

/* ---- core/first_contact.c: all inside a batch ---- */

LUM_MUST_USE enum lum_status lum_space_put_space(struct lum_space *space, struct lum_bytes document,
                                                 struct lum_error *err);
LUM_MUST_USE enum lum_status lum_space_put_secret(struct lum_space *space, uint32_t generation,
                                                  const uint8_t secret[32], struct lum_error *err);
/* A keyed record with the field `name`; INVALID (bad_name) when nothing of it is left. */
LUM_MUST_USE enum lum_status lum_space_put_name(struct lum_space *space, const char *collection,
                                                struct lum_bytes key, struct lum_bytes name,
                                                struct lum_error *err);
LUM_MUST_USE enum lum_status lum_space_put_member(struct lum_space *space, struct lum_bytes person,
                                                  struct lum_error *err);

/* ---- core/space_batch.c ---- */

/* Opens the batch's transactions; grown stays. */
LUM_MUST_USE enum lum_status lum_space_resume(struct lum_space *space, struct lum_error *err);
/* Seals and commits the log alone. On an error the batch is gone. */
LUM_MUST_USE enum lum_status lum_space_commit_log(struct lum_space *space, struct lum_error *err);
/* Reads the roster anew when it is stale: in a batch from its transaction. */
LUM_MUST_USE enum lum_status lum_space_refresh_roster(struct lum_space *space, struct lum_txn *log,
                                                      struct lum_error *err);
LUM_MUST_USE enum lum_status lum_space_add_grown(struct lum_space *space, uint32_t lno,
                                                 uint64_t head, struct lum_error *err);

/* ---- core/space_view.c ---- */

void lum_touched_clear(struct lum_touched *touched);
/* Both files are open: not so after a swap when the disk refused to open them again. */
LUM_MUST_USE enum lum_status lum_space_check_open(const struct lum_space *space,
                                                  struct lum_error *err);
/* Commits the view's transaction, if one is open. Never inside a batch. On an error what it held is
 * forgotten. */
LUM_MUST_USE enum lum_status lum_space_view_commit(struct lum_space *space, struct lum_error *err);
/* Before a batch: many records were written since the view was level, so that the batch would have
 * to catch up half way, where the view's transaction may not be committed. Settles them. */
void lum_space_level(struct lum_space *space);
/* Forgets what the view's transaction holds. */
void lum_space_view_abort(struct lum_space *space);
/* Makes the view anew when a damaged row of it was met. Not inside a batch. */
LUM_MUST_USE enum lum_status lum_space_heal(struct lum_space *space, struct lum_error *err);
/* Removes a file of the folder and LMDB's lock file beside it, if they are there. */
void lum_space_remove_store(struct lum_space *space, const char *name);

/* ---- core/author.c: what we say ---- */

/* Looks our log on that shelf up; its lno stays 0 when the next event opens another. */
LUM_MUST_USE enum lum_status lum_author_find(struct lum_space *space, uint8_t shelf,
                                             struct lum_error *err);
/* Our log on that shelf, ready for the next event; opens a new incarnation when in doubt. */
LUM_MUST_USE enum lum_status lum_author_open(struct lum_space *space, uint8_t shelf,
                                             struct lum_own_log **out, struct lum_error *err);
/* What the next event's dt says of the time now. */
int64_t lum_author_dt(const struct lum_space *space, const struct lum_own_log *own);
/* Chains one event on; header's kind, dt, deps and plen stand. */
LUM_MUST_USE enum lum_status lum_author_add(struct lum_space *space, struct lum_own_log *own,
                                            struct lum_header *header, struct lum_bytes payload,
                                            struct lum_error *err);
/* Seals what is gathered on all shelves and hands it to the log. */
LUM_MUST_USE enum lum_status lum_author_flush(struct lum_space *space, struct lum_error *err);
/* The batch is over: committed, or given up with all that was gathered. */
void lum_author_forget(struct lum_space *space);

/* ---- core/author_pins.c: what we name of others ---- */

enum {
    LUM_AUTHOR_PINS_MAX = 8, /* beside those that ops need; an editor leaves room for them */
};
struct lum_author_pins {
    struct lum_own_pin at[LUM_AUTHOR_PINS_MAX];
    uint32_t count;
    bool has_clock; /* one of them is the clock's, due once a day */
};
/* What the next event of our log pins beside what its ops need: in a log's first event our other
 * heads, after a meeting the newest clock holder's head. */
LUM_MUST_USE enum lum_status lum_author_pins_due(struct lum_space *space, struct lum_own_log *own,
                                                 struct lum_author_pins *out,
                                                 struct lum_error *err);
/* After the event that carries them. */
LUM_MUST_USE enum lum_status lum_author_pins_done(struct lum_space *space,
                                                  const struct lum_author_pins *pins,
                                                  struct lum_error *err);
/* Says what a dep on (lno, seq) says, for events of `own`. */
struct lum_author_look {
    struct lum_space *space;
    struct lum_own_log *own;
    struct lum_own_pin made[LUM_DEPS_MAX]; /* pins of the event in the making */
    uint32_t made_count;
};
struct lum_pin_source lum_author_source(struct lum_author_look *look);
/* The event is gathered: its pins hold from now on. */
void lum_author_keep_pins(struct lum_author_look *look);

#endif
