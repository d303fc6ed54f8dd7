/*
 * space.h - one space in one folder: the logs, the view, the keys, the roster, and the batch in
 * which everything is written.
 *
 *   begin -> ingest (strangers' events) and append (our own) -> commit = durable, may be told
 *   settle: the view has caught up and is on the disk too - the barrier before a read
 *
 * A space belongs to one thread, the worker's (or the only one of a command). Others read through
 * transactions of lum_space_log and lum_space_view, which see what was committed and settled. Both
 * stores may be closed and opened anew, and their pointers change, inside lum_space_settle,
 * lum_space_catch_up, lum_space_rebuild and lum_space_compact: never while the gate is open to
 * readers (lum_space_set_gate), who ask for the pointers again each time they have passed it.
 *
 * Inside a batch our own events gather as a run and are sealed once, at the end, or earlier when an
 * edit must see what the batch already wrote (lum_space_catch_up). The view's transaction stays
 * open over commits until a barrier or its page budget ends it.
 *
 * Batches are whole with one exception: a catch-up that finds the rights changed under the view
 * commits what the batch holds, since the view must then be made anew from what is durable.
 */
#ifndef LUM_CORE_SPACE_H
#define LUM_CORE_SPACE_H

#include "core/draft.h"
#include "core/env.h"
#include "core/home.h"
#include "core/ingest.h"
#include "core/invite.h"
#include "core/keys.h"
#include "core/room.h"
#include "core/tick.h"
#include "core/view.h"

struct lum_space;

struct lum_space_options {
    const struct lum_env *env; /* outlives the space */
    const char *dir;
};

/* ---- a space's life ---- */

/* Founds a space: seeds, GENESIS, K of generation 0, the records _space and _member. Refuses a
 * clock before the build's date, and a folder that holds a store. */
LUM_MUST_USE enum lum_status lum_space_init(const struct lum_space_options *options,
                                            struct lum_bytes name, struct lum_bytes person,
                                            struct lum_space **out, struct lum_error *err);
/* A newcomer's folder: seeds and the invite; everything else arrives with the first contact. */
LUM_MUST_USE enum lum_status lum_space_init_join(const struct lum_space_options *options,
                                                 const struct lum_invite *invite,
                                                 struct lum_space **out, struct lum_error *err);
/* Opens, repairs what a crash left (view behind, stale notes), and finds out where it lives. */
LUM_MUST_USE enum lum_status lum_space_open(const struct lum_space_options *options,
                                            struct lum_space **out, struct lum_error *err);
void lum_space_close(struct lum_space *space); /* NULL is fine; an open batch is aborted */

/* How other threads are kept from the stores while their files are swapped: shut returns when no
 * reader is inside, open lets them in again. NULL, or without a gate: nobody else reads. */
struct lum_gate {
    void *self;
    void (*shut)(void *self);
    void (*open)(void *self);
};
void lum_space_set_gate(struct lum_space *space, const struct lum_gate *gate);

/* ---- what it knows; borrowed until the next commit or close ---- */

struct lum_store *lum_space_log(struct lum_space *space);
struct lum_store *lum_space_view(struct lum_space *space);
const struct lum_env *lum_space_env(struct lum_space *space);
const char *lum_space_dir(struct lum_space *space);
bool lum_space_is_newcomer(struct lum_space *space); /* no genesis yet */
const struct lum_hash *lum_space_id(struct lum_space *space);
const struct lum_device_keys *lum_space_keys(struct lum_space *space); /* not of a newcomer */
const struct lum_roster *lum_space_roster(struct lum_space *space);    /* NULL for a newcomer */
const struct lum_home *lum_space_home(struct lum_space *space);
/* K and its generation; NOT_FOUND before WELCOME. */
LUM_MUST_USE enum lum_status lum_space_secret(struct lum_space *space, uint32_t *generation,
                                              uint8_t secret[32]);

/* As it was when a batch was last begun, or the view settled. */
const struct lum_room *lum_space_room(struct lum_space *space);

/* ---- the batch ---- */

/* Looks at the room first: own events are always tried, and the reserve is given up for them. */
LUM_MUST_USE enum lum_status lum_space_begin(struct lum_space *space, struct lum_error *err);
/* end NO_ROOM, and nothing kept, when room runs short: strangers' events stop before our own. */
LUM_MUST_USE enum lum_status lum_space_ingest(struct lum_space *space, const struct lum_ingest *in,
                                              struct lum_ingest_result *out, struct lum_error *err);
/* Where an own event came to stand. */
struct lum_event_at {
    struct lum_hash log_id;
    uint32_t lno;
    uint64_t seq;
};
/* The local number of the log that our next event on that shelf goes to, 0 while it is still to be
 * made: a place there is lno 0 in a draft. */
LUM_MUST_USE enum lum_status lum_space_own_log(struct lum_space *space, uint8_t shelf,
                                               uint32_t *lno, struct lum_error *err);
/* Logs that a draft's ops may name, so that our own pins fit beside them. */
enum {
    LUM_DRAFT_LOGS_MAX = LUM_DEPS_MAX - 8,
};
/* One own data event on a shelf from a draft, which is reset in every case. LIMIT (event_too_big)
 * when it does not fit one event: nothing was written. Adds the pins that are due. */
LUM_MUST_USE enum lum_status lum_space_append(struct lum_space *space, uint8_t shelf,
                                              struct lum_draft *draft, struct lum_event_at *out,
                                              struct lum_error *err);
/* One own control event on gov. */
LUM_MUST_USE enum lum_status lum_space_append_control(struct lum_space *space,
                                                      const struct lum_control *control,
                                                      struct lum_event_at *out,
                                                      struct lum_error *err);
/* The view sees everything in the batch up to here, including our own unsealed events. Cheap when
 * nothing is pending. After it lum_space_view_txn reads the newest state. */
LUM_MUST_USE enum lum_status lum_space_catch_up(struct lum_space *space, struct lum_error *err);
struct lum_txn *lum_space_log_txn(struct lum_space *space);
struct lum_txn *lum_space_view_txn(struct lum_space *space);
/* rno by id, as that transaction has it; NOT_FOUND. */
LUM_MUST_USE enum lum_status lum_space_find(struct lum_space *space, uint8_t shelf,
                                            const struct lum_id *id, uint64_t *rno);
/* Marks a record as written; true when the view may lack what we wrote of it: catch up first. */
bool lum_space_touch(struct lum_space *space, const struct lum_id *record);
/* Seals, then one durable commit. Afterwards everything in the batch may be told and sent. */
LUM_MUST_USE enum lum_status lum_space_commit(struct lum_space *space, struct lum_error *err);
void lum_space_abort(struct lum_space *space);

/* What the last commit brought: logs that grew, for those who pass it on. */
struct lum_growth {
    uint32_t lno;
    uint64_t head;
};
size_t lum_space_grown(struct lum_space *space, const struct lum_growth **out);
/* Who joined etc.: true once after a commit that changed the roster. */
bool lum_space_roster_changed(struct lum_space *space);

/* ---- the view ---- */

/* Applies about events_max more events (0 = all) and commits the view when its budget or the end
 * is reached. AGAIN when there is more. Rebuilds when the view says it must. Adds to *progress,
 * also what catch-ups applied since the last call. Not inside a batch. */
LUM_MUST_USE enum lum_status lum_space_settle(struct lum_space *space, uint64_t events_max,
                                              struct lum_view_progress *progress,
                                              struct lum_error *err);
/* Settles all for who reads next. On a full disk OK: the view then shows what it had before. */
LUM_MUST_USE enum lum_status lum_space_settle_to_read(struct lum_space *space,
                                                      struct lum_error *err);
/* Ends the view's open transaction: due before another thread takes the space over, since a write
 * transaction belongs to the thread that began it. Not inside a batch. */
LUM_MUST_USE enum lum_status lum_space_rest(struct lum_space *space, struct lum_error *err);
bool lum_space_is_settled(struct lum_space *space);
/* A check found the view wrong: the next settle makes it anew, or the next open does. */
void lum_space_distrust_view(struct lum_space *space);
/* Works out the state root of every shelf and keeps the hashes in the view, so that whoever reads a
 * root after this pays only for what has changed since. On a settled view, not inside a batch. */
LUM_MUST_USE enum lum_status lum_space_keep_roots(struct lum_space *space, struct lum_error *err);
/* Makes the view anew beside the old one and swaps it in by rename. tick (may be NULL) is told how
 * far it is and may say stop. */
LUM_MUST_USE enum lum_status lum_space_rebuild(struct lum_space *space, const struct lum_tick *tick,
                                               struct lum_error *err);
/* Repacks the log, writes both files anew without their free pages. */
LUM_MUST_USE enum lum_status lum_space_compact(struct lum_space *space, const struct lum_tick *tick,
                                               struct lum_error *err);

/* ---- first contact (docs/format.md 7) ---- */

/*
 * Each begins and commits its own batch, and each done again after a crash is harmless.
 *
 *   init_join -> accept_genesis -> ingest gov -> write_join -> (meeting) -> welcome
 */
/* Keeps the document, whose hash must be the invite's space id (FAULT otherwise), and derives our
 * keys. Afterwards the founders' gov logs can be ingested, then those they invited. */
LUM_MUST_USE enum lum_status
lum_space_accept_genesis(struct lum_space *space, struct lum_bytes document, struct lum_error *err);
/* Our JOIN for the invite this folder was made with, the first event of our gov log. INVALID
 * (bad_invite, "unknown") while no counting INVITE with its key has come in. */
LUM_MUST_USE enum lum_status lum_space_write_join(struct lum_space *space, struct lum_error *err);
/* K came in: kept, the invite forgotten, and our _member record written with the person's name
 * (empty: none is written). Nothing happens before the genesis, or once welcome. */
LUM_MUST_USE enum lum_status lum_space_welcome(struct lum_space *space, uint32_t generation,
                                               const uint8_t secret[32], struct lum_bytes person,
                                               struct lum_error *err);
/* The invite a newcomer came with; NOT_FOUND once it is welcome. */
LUM_MUST_USE enum lum_status lum_space_invite(struct lum_space *space, struct lum_invite *out);
/* A neighbour knows more of our own log than we do, or a copy was found: doubt, durably. The next
 * own event opens a new incarnation. Inside or outside a batch. */
LUM_MUST_USE enum lum_status lum_space_doubt(struct lum_space *space, struct lum_error *err);

#endif
