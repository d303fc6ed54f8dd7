/*
 * view_i.h - the applier's inside, shared by the files of the view and by nothing else.
 *
 *   view.c         batches: arrivals in, logs moved on, waiting ones woken
 *   view_fit.c     rows of meta; does the view still fit log and rights?
 *   view_event.c   one event: its past, its verdict, its effect
 *   view_deps.c    has everything that an event names applied? pins
 *   view_log.c     how far each log is: rows of vlog and pos
 *   view_clock.c   clocks of the causal past: is an event's time sane?
 *   view_record.c  the ops of one event onto records
 *   view_late.c    ops put off, in a view that is made anew
 *   view_rows.c    rec, coll, hist, conflict, tree
 *   view_ids.c     rid and young: record numbers by id
 *   view_fresh.c   new ids in memory; which are surely new
 *   view_feed.c    feed: records by their newest change
 *   view_name.c    numbers for collections and fields
 *
 * Everything here is a cache of the view's rows or belongs to one batch; after an abort it is
 * forgotten and read again.
 */
#ifndef LUM_CORE_VIEW_I_H
#define LUM_CORE_VIEW_I_H

#include "core/limits.h"
#include "core/payload.h"
#include "core/view.h"

/* 48 bits: times, L and sequence numbers in rows. */
static inline void lum_put_u48(uint8_t at[6], uint64_t v)
{
    lum_put_u16(at, (uint16_t)(v >> 32));
    lum_put_u32(at + 2, (uint32_t)v);
}

static inline uint64_t lum_get_u48(const uint8_t at[6])
{
    return (uint64_t)lum_get_u16(at) << 32 | lum_get_u32(at + 2);
}

/* ---- clocks (view_clock.c) ---- */

/* A clock holder is numbered by the smallest lno of its device: rosters change, that does not. */
struct lum_clock_entry {
    uint32_t holder;
    uint64_t t; /* greatest sane one */
};
struct lum_clock {
    struct lum_clock_entry *at; /* ascending by holder, owned */
    uint32_t count;
    uint32_t room;
};
void lum_clock_fini(struct lum_clock *clock);
void lum_clock_reset(struct lum_clock *clock);
/* Raises one entry; *grew is set when that changed anything. */
LUM_MUST_USE enum lum_status lum_clock_raise(struct lum_clock *clock, uint32_t holder, uint64_t t,
                                             bool *grew);
/* Is t sane against this clock and `own`, the newest sane t of device `holder` (0 = none)? */
bool lum_clock_is_sane(const struct lum_clock *clock, uint32_t holder, uint64_t own,
                       uint64_t founded_ms, uint64_t t);
/* The row of a clock: n times holder u32 | t u48. */
void lum_clock_write(const struct lum_clock *clock, struct lum_buf *out);
/* Raises clock by every entry of a row but that of the device `except`, whose t raises *own. */
LUM_MUST_USE enum lum_status lum_clock_join(struct lum_clock *clock, struct lum_bytes row,
                                            uint32_t except, uint64_t *own, bool *grew);

/* ---- logs (view_log.c) ---- */

/*
 * What is kept of an applied event: 42 bytes, 48 of them a row of `pos` (two rows fill a page).
 *   h16 16 | t u48 | flags u16 | L u48 | own u48 | clock u48
 *   own    newest sane t of this log's device in its causal past, itself included; 0 = none
 *   clock  seq of the event whose row in `clock` holds the other holders' entries; 0 = none
 */
enum {
    LUM_POS_LEN = 42,
    LUM_POS_ROW = 48,
    LUM_POS_SANE = 1,
    LUM_POS_VOID = 2,
    LUM_POS_PENDING = 4,
    LUM_POS_WITHHELD = 8,
};
struct lum_pos {
    uint8_t h16[16];
    uint64_t t;
    uint16_t flags;
    uint64_t l;
    uint64_t own;
    uint64_t clock;
};

enum {
    LUM_RIGHT_DATA = 1,   /* may write data on this shelf */
    LUM_RIGHT_HOLDER = 2, /* is a clock holder's */
    LUM_RIGHT_OTHER = 4,  /* may write what is neither data nor control: its device is effective */
};

/* One log, as the view stands. */
struct lum_view_state {
    uint32_t lno;
    struct lum_hash log_id;
    uint8_t shelf;
    uint8_t rights;
    uint32_t holder; /* 0 when its device is no clock holder */
    uint64_t head;   /* how far it may be applied: its head, or its fork point */
    uint64_t looked; /* in which batch the head was looked up */
    bool is_frozen;  /* as the log has it now */
    uint64_t fork_point;
    bool known_frozen; /* as the view has taken it in */
    uint64_t known_fork;
    uint64_t applied;
    uint64_t l;
    uint64_t own;
    uint64_t clock_at;
    struct lum_clock clock; /* other holders' */
    bool is_waiting;
    bool is_queued; /* to be tried again */
    uint8_t want8[8];
    uint64_t want_seq;
    bool is_changed;                        /* since it was last written */
    uint8_t row[LUM_POS_ROW * LUM_POS_LEN]; /* the row of `pos` that holds `applied` */
};

/* ---- names (view_name.c) ---- */

struct lum_names {
    struct lum_buf texts; /* cached, one after another */
    struct lum_buf slots; /* open addressing: {hash, at, len, number} */
    uint32_t count;
};

/* ---- new ids (view_fresh.c) ---- */

struct lum_fresh {
    struct lum_fresh_slot *slots; /* NULL: no table */
    uint32_t bits;                /* of a slot's number */
    uint32_t count;
    uint32_t at;      /* slot where the next part to be taken begins */
    uint64_t *filter; /* NULL: no filter */
    uint64_t noted;   /* new ids since it was forgotten */
};
void lum_fresh_forget(struct lum_fresh *fresh);
/* A batch begins, with a table or without: only a scratch view has one, for there nothing is lost
 * with what has not reached the file. */
void lum_fresh_begin(struct lum_fresh *fresh, bool has_table);
bool lum_fresh_get(const struct lum_fresh *fresh, uint8_t shelf, const struct lum_id *id,
                   uint64_t *rno);
/* A new id; false when the table does not take it. */
LUM_MUST_USE bool lum_fresh_put(struct lum_fresh *fresh, uint8_t shelf, const struct lum_id *id,
                                uint64_t rno);
bool lum_fresh_is_full(const struct lum_fresh *fresh);
/* About part / whole of the id space leaves the table: rows of rid in `out`, key and value one
 * after another, ascending. */
LUM_MUST_USE enum lum_status lum_fresh_take(struct lum_fresh *fresh, uint64_t part, uint64_t whole,
                                            struct lum_buf *out);
/* The filter: made when many ids come, from all that are in the view. */
LUM_MUST_USE enum lum_status lum_fresh_prepare(struct lum_fresh *fresh, struct lum_txn *view);
void lum_fresh_note(struct lum_fresh *fresh, const struct lum_id *id);
/* Surely not in the view. */
bool lum_fresh_is_unknown(const struct lum_fresh *fresh, const struct lum_id *id);

/* ---- ops put off (view_late.c) ---- */

struct lum_view_op;
struct lum_late {
    struct lum_buf bytes; /* the ops, as they came */
    uint64_t *order;      /* of them by record; NULL while they come */
    uint32_t count;
    uint32_t next; /* in order */
    size_t told;   /* bytes of ops that stand in `hist` */
    bool is_on;    /* only a scratch view puts off */
};
void lum_late_init(struct lum_late *late);
void lum_late_forget(struct lum_late *late);
/* A batch begins, and puts off or not. */
void lum_late_begin(struct lum_late *late, bool is_on);
LUM_MUST_USE enum lum_status lum_late_put(struct lum_late *late, uint64_t rno,
                                          const struct lum_view_op *op);
/* There may be no room for one more event. */
bool lum_late_is_full(const struct lum_late *late);
/* They go onto their records and none may come. */
bool lum_late_is_leaving(const struct lum_late *late);
uint64_t lum_late_pages(const struct lum_late *late);

/* ---- the applier ---- */

enum {
    LUM_VIEW_READERS = 4,
    LUM_VIEW_BUCKETS = 4096,
    LUM_VIEW_PAGE = 4096,
    LUM_VIEW_ROW = 10,           /* bytes a row takes in its page beside key and value */
    LUM_VIEW_SLICE_PAGES = 2048, /* of rid, dirtied at a batch's end: core/view_ids.c */
    LUM_FEED_ROW = 336,
    LUM_FEED_LEN = 6,
    LUM_VIEW_STATES_MAX = 4096, /* kept between batches */
};

struct lum_view_reader {
    struct lum_log_reader *log;
    uint32_t lno;
    uint64_t next; /* seq it gives next; 0 = nowhere */
    uint64_t used;
};

struct lum_view_open; /* a record open during one event */

/* How far in the order of arrivals, with the running hash there. */
struct lum_view_mark {
    uint64_t number;
    struct lum_hash hash;
};

struct lum_view {
    /* one batch */
    struct lum_txn *log;
    struct lum_txn *txn;
    const struct lum_roster *roster;
    uint64_t founded_ms;
    uint64_t batch; /* number of it, from 1 */
    uint64_t events_max;
    uint64_t pages_before;
    struct lum_view_progress *progress;
    struct lum_view_mark applied; /* arrival reached */
    struct lum_view_mark seen;    /* newest arrival of a log that was read */
    uint64_t next_rno;
    uint64_t next_change;
    uint64_t batch_change; /* first change number of this batch */
    uint32_t next_name;
    struct lum_view_counts counts;
    uint64_t rid_pages;    /* as the batch began */
    uint64_t touched_rids; /* new ids */
    uint8_t touched_shelf; /* of the last of them */
    uint64_t rec_pages;    /* as the batch began */
    uint64_t touched_rows; /* rewritten; neighbours in one page count once */
    uint64_t touched_page; /* of the last of them, about */
    uint64_t appended_bytes;
    uint8_t feed[LUM_FEED_ROW * LUM_FEED_LEN]; /* the row of `feed` that next_change falls in */
    uint64_t dirty[LUM_SHELVES_MAX][LUM_VIEW_BUCKETS / 64];
    /* one event */
    struct lum_arena arena;
    struct lum_view_open *opened;
    struct lum_view_open **opened_last;
    struct lum_view_open **by_id; /* hash of opened records of a large event, in the arena */
    /* kept */
    struct lum_buf bytes; /* a row in the making */
    struct lum_names names;
    struct lum_fresh fresh;
    struct lum_late late;
    struct lum_view_state **states; /* by lno */
    uint32_t state_room;
    uint32_t state_count;
    struct lum_buf waiting; /* lnos u32 of logs that wait */
    struct lum_buf queue;   /* lnos u32 to be tried again */
    bool is_warm;           /* waiting and queue stand for the view's rows */
    bool is_log_bad;        /* what failed was the log, not the view */
    struct lum_view_reader readers[LUM_VIEW_READERS];
    uint64_t reads;
};

/* The state of a log, its head as of this batch. */
LUM_MUST_USE enum lum_status lum_view_state_get(struct lum_view *view, uint32_t lno,
                                                struct lum_view_state **out);
/* Rights of a log's author, as its state keeps them. */
uint8_t lum_view_rights_of(const struct lum_roster *roster, const struct lum_log_name *name);
/* Appends an applied event; state->clock and own are what its successors see. */
LUM_MUST_USE enum lum_status
lum_view_state_push(struct lum_view *view, struct lum_view_state *state, const struct lum_pos *pos);
/* Any applied event of any log, written back or not. NOT_FOUND when it has not applied. */
LUM_MUST_USE enum lum_status lum_view_state_pos(struct lum_view *view, uint32_t lno, uint64_t seq,
                                                struct lum_pos *out);
LUM_MUST_USE enum lum_status lum_view_states_flush(struct lum_view *view);
void lum_view_states_forget(struct lum_view *view);
void lum_pos_read(const uint8_t at[LUM_POS_LEN], struct lum_pos *out);

/* Row of vlog: applied u64 | rights u8 | flags u8 | fork point u64 | want log8 8 | want seq u64 */
struct lum_vlog_row {
    uint64_t applied;
    uint8_t rights;
    bool is_waiting;
    bool is_frozen;
    bool is_queued; /* the budget was spent before it had gone on to its head */
    uint64_t fork_point;
    uint8_t want8[8];
    uint64_t want_seq;
};
LUM_MUST_USE bool lum_vlog_read(struct lum_bytes row, struct lum_vlog_row *out);

/* ---- deps (view_deps.c) ---- */

/* Where a dep stands: what its dots name. */
struct lum_view_dep {
    uint32_t lno;
    uint64_t seq;       /* what it contributes: the position, or the fork point */
    uint64_t names_max; /* dots above name nothing */
    bool is_covered;    /* at or below what this log pinned before: nothing new in its past */
};
/* AGAIN when one has not applied: state's want says which. */
LUM_MUST_USE enum lum_status lum_view_deps_settle(struct lum_view *view,
                                                  struct lum_view_state *state,
                                                  const struct lum_header *header,
                                                  struct lum_view_dep *out);
/* After the event has applied. */
LUM_MUST_USE enum lum_status lum_view_pins_put(struct lum_view *view,
                                               const struct lum_view_state *state,
                                               const struct lum_header *header,
                                               const struct lum_view_dep *deps);

/* ---- the whole (view.c, view_fit.c) ---- */

/* Pages this batch has dirtied, about, with what its end will dirty and what is put off. */
uint64_t lum_view_pages(struct lum_view *view);
/* What is known of logs and names. */
void lum_view_forget_logs(struct lum_view *view);
/* Logs that wait for something of this log8, at or below seq, are tried again. */
LUM_MUST_USE enum lum_status lum_view_wake(struct lum_view *view, const uint8_t log8[8],
                                           uint64_t seq);
LUM_MUST_USE enum lum_status lum_view_meta_load(struct lum_view *view);
LUM_MUST_USE enum lum_status lum_view_meta_save(struct lum_view *view);
/* Both set progress->needs_rebuild. */
LUM_MUST_USE enum lum_status lum_view_fit_rights(struct lum_view *view); /* and the marks */
LUM_MUST_USE enum lum_status lum_view_fit_freezes(struct lum_view *view);

/* ---- one event (view_event.c) ---- */

/* The event after state->applied. AGAIN when it waits: nothing was done but state's want. */
LUM_MUST_USE enum lum_status lum_view_event_apply(struct lum_view *view,
                                                  struct lum_view_state *state,
                                                  const struct lum_log_event *event);

/* ---- records (view_record.c) ---- */

struct lum_view_event {
    struct lum_view_state *state;
    uint64_t seq;
    const struct lum_view_dep *deps;
};
LUM_MUST_USE enum lum_status lum_view_ops_apply(struct lum_view *view,
                                                const struct lum_view_event *event,
                                                const struct lum_payload *payload);
/* Ops put off go onto their records, if there are many of them or they are the last. AGAIN: the
 * budget is spent first. (core/view_late.c) */
LUM_MUST_USE enum lum_status lum_view_late_settle(struct lum_view *view, bool is_last);
/* Dirty buckets lose their rows. (core/view_rows.c) */
LUM_MUST_USE enum lum_status lum_view_tree_flush(struct lum_view *view);

/* ---- record ids (view_ids.c) ---- */

/* As lum_view_find, for the applier itself. */
LUM_MUST_USE enum lum_status lum_view_id_get(struct lum_view *view, uint8_t shelf,
                                             const struct lum_id *id, uint64_t *rno);
/* A new id. */
LUM_MUST_USE enum lum_status lum_view_id_put(struct lum_view *view, uint8_t shelf,
                                             const struct lum_id *id, uint64_t rno);
/* Pages of rid and young that this batch dirties, its end included, about. */
uint64_t lum_view_ids_pages(struct lum_view *view);
/* The end of a batch: a slice of the young ids moves to rid. AGAIN: is_last, and some still rest in
 * memory. */
LUM_MUST_USE enum lum_status lum_view_ids_settle(struct lum_view *view, bool is_last);

/* ---- the feed (view_feed.c) ---- */

LUM_MUST_USE enum lum_status lum_view_feed_begin(struct lum_view *view);
LUM_MUST_USE enum lum_status lum_view_feed_add(struct lum_view *view, uint64_t rno,
                                               uint64_t *change);
LUM_MUST_USE enum lum_status lum_view_feed_end(struct lum_view *view);
/* Does the feed give this change to this record? */
bool lum_view_feed_has(struct lum_txn *view, uint64_t change, uint64_t rno);

/* ---- the state root (root.c) ---- */

/* One bucket's hash, worked out from the records. */
LUM_MUST_USE enum lum_status lum_view_bucket(struct lum_txn *view, struct lum_txn *log,
                                             uint8_t shelf, unsigned bucket, struct lum_hash *out);

/* ---- names (view_name.c) ---- */

void lum_names_init(struct lum_names *names);
void lum_names_fini(struct lum_names *names);
void lum_names_reset(struct lum_names *names);
/* The number of a name, given one when it is new. */
LUM_MUST_USE enum lum_status lum_view_name_get(struct lum_view *view, struct lum_bytes name,
                                               uint32_t *out);

#endif
