/*
 * space_view.c - the view follows the log: within a batch, between batches, and made anew.
 *
 *   catch up   in a batch, out of its own uncommitted rows; the view commits later
 *   settle     between batches, in slices; commits at its page budget and at the end
 *   rebuild    view.mdb.new beside the old one, the whole log applied, then swapped in by rename.
 *              A crash before the rename leaves the old view, one after it the new one
 */
#include <string.h>

#include "core/space_i.h"

enum {
    COMPACT_LEVEL = 19,
};

/* ---- records written since the view was level ---- */

void lum_touched_clear(struct lum_touched *touched)
{
    touched->count = 0;
    touched->is_blind = false;
    touched->stamp++;
    if (touched->stamp == 0 && touched->slots != NULL) { /* once in 4 thousand million times */
        memset(touched->slots, 0, LUM_TOUCHED_SLOTS * sizeof *touched->slots);
    }
    touched->stamp += touched->stamp == 0;
}

bool lum_space_touch(struct lum_space *space, const struct lum_id *record)
{
    struct lum_touched *touched = &space->touched;
    if (touched->slots == NULL) {
        touched->slots = lum_alloc_zero(LUM_TOUCHED_SLOTS * sizeof *touched->slots);
    }
    if (touched->slots == NULL || touched->count == LUM_TOUCHED_SLOTS / 2) {
        touched->is_blind = true;
    }
    if (touched->is_blind) {
        return true;
    }
    uint32_t at = lum_get_u32(record->b) & (LUM_TOUCHED_SLOTS - 1);
    while (touched->slots[at].stamp == touched->stamp) {
        if (memcmp(touched->slots[at].id.b, record->b, sizeof record->b) == 0) {
            return true;
        }
        at = (at + 1) & (LUM_TOUCHED_SLOTS - 1);
    }
    touched->slots[at] = (struct lum_touched_slot){*record, touched->stamp};
    touched->count++;
    return false;
}

/* ---- the view's transaction ---- */

enum lum_status lum_space_check_open(const struct lum_space *space, struct lum_error *err)
{
    return space->log != NULL && space->view != NULL
               ? LUM_OK
               : lum_fail(err, LUM_CAUSE_disk_error, space->dir, "its files could not be opened");
}

static void forget_view(struct lum_space *space)
{
    space->view_txn = NULL;
    space->view_load = 0;
    space->view_saw_batch = false;
}

void lum_space_view_abort(struct lum_space *space)
{
    if (space->view_txn != NULL) {
        lum_txn_abort(space->view_txn);
    }
    forget_view(space);
    lum_view_applier_forget(space->applier);
    space->touched.is_blind = true;
    space->is_level = false;
    space->is_settled = false;
}

enum lum_status lum_space_view_commit(struct lum_space *space, struct lum_error *err)
{
    LUM_ASSERT(!space->view_saw_batch && space->log_txn == NULL);
    struct lum_txn *txn = space->view_txn;
    forget_view(space);
    enum lum_status status = txn == NULL ? LUM_OK : lum_txn_commit(txn, err);
    if (status != LUM_OK) {
        lum_space_view_abort(space);
    }
    return status;
}

enum lum_status lum_space_rest(struct lum_space *space, struct lum_error *err)
{
    return lum_space_view_commit(space, err);
}

static void add_progress(struct lum_view_progress *sum, const struct lum_view_progress *more)
{
    sum->applied += more->applied;
    sum->records_new += more->records_new;
    sum->records_changed += more->records_changed;
    sum->records_deleted += more->records_deleted;
    sum->conflicts_new += more->conflicts_new;
    sum->pages += more->pages;
    sum->needs_rebuild |= more->needs_rebuild;
}

/* One call of the applier on the open view transaction. AGAIN when there is more. */
static enum lum_status apply(struct lum_space *space, const struct lum_view_batch *batch,
                             struct lum_view_progress *progress, struct lum_error *err)
{
    struct lum_view_progress step = {0};
    enum lum_status status = lum_view_apply(space->applier, batch, &step, err);
    space->view_load += step.pages;
    space->rebuild_is_due |= step.needs_rebuild;
    if (status == LUM_CORRUPT && err != NULL && strcmp(err->one, LUM_VIEW_FILE) == 0) {
        lum_space_distrust_view(space); /* not so when it is the log that does not read */
    }
    add_progress(progress, &step);
    return status;
}

static void is_now_level(struct lum_space *space)
{
    space->is_level = true;
    lum_touched_clear(&space->touched);
}

/* ---- in a batch ---- */

enum lum_status lum_space_find(struct lum_space *space, uint8_t shelf, const struct lum_id *id,
                               uint64_t *rno)
{
    return lum_view_applier_lacks(space->applier, id)
               ? LUM_NOT_FOUND
               : lum_view_find(lum_space_view_txn(space), shelf, id, rno);
}

/* The batch becomes durable first: what a new view is made from must not go away again. */
static enum lum_status rebuild_in_batch(struct lum_space *space, struct lum_error *err)
{
    lum_space_view_abort(space);
    enum lum_status status = lum_space_commit_log(space, err);
    if (status == LUM_OK) {
        status = lum_space_rebuild(space, NULL, err);
    }
    return status == LUM_OK ? lum_space_resume(space, err) : status;
}

enum lum_status lum_space_catch_up(struct lum_space *space, struct lum_error *err)
{
    LUM_ASSERT(space->log_txn != NULL && space->view_txn != NULL);
    if (space->is_level || !space->has_genesis) {
        return LUM_OK;
    }
    enum lum_status status = lum_author_flush(space, err);
    if (status == LUM_OK) {
        status = lum_space_refresh_roster(space, space->log_txn, err);
    }
    space->view_saw_batch = true;
    while (status == LUM_OK && !space->rebuild_is_due) {
        const struct lum_view_batch batch = {
            .log = space->log_txn, .view = space->view_txn, .roster = space->roster};
        status = apply(space, &batch, &space->told, err);
        if (status == LUM_OK) {
            break;
        }
        status = status == LUM_AGAIN ? LUM_OK : status; /* over the budget, not over the batch */
    }
    if (status != LUM_OK) {
        return status;
    }
    if (space->rebuild_is_due) {
        return rebuild_in_batch(space, err);
    }
    is_now_level(space);
    space->is_settled = false;
    return LUM_OK;
}

/* ---- between batches ---- */

static enum lum_status open_view_txn(struct lum_space *space, struct lum_error *err)
{
    return space->view_txn != NULL ? LUM_OK
                                   : lum_txn_begin_write(space->view, &space->view_txn, err);
}

/* One slice, on a short snapshot of the log. */
static enum lum_status apply_slice(struct lum_space *space, uint64_t events_max,
                                   struct lum_view_progress *progress, struct lum_error *err)
{
    struct lum_txn *log = NULL;
    enum lum_status status = open_view_txn(space, err);
    if (status == LUM_OK) {
        status = lum_txn_begin_read(space->log, &log, err);
    }
    if (status == LUM_OK) {
        status = lum_space_refresh_roster(space, log, err);
    }
    if (status == LUM_OK) {
        const struct lum_view_batch batch = {.log = log,
                                             .view = space->view_txn,
                                             .roster = space->roster,
                                             .events_max = events_max,
                                             .pages_before = space->view_load};
        status = apply(space, &batch, progress, err);
    }
    lum_txn_abort(log);
    if (status != LUM_OK && status != LUM_AGAIN) {
        lum_space_view_abort(space);
        return status;
    }
    bool is_full = space->view_load >= LUM_VIEW_DIRTY_PAGES_MAX;
    if (status == LUM_OK || is_full) {
        enum lum_status committed = lum_space_view_commit(space, err);
        return committed == LUM_OK ? status : committed;
    }
    return status;
}

enum lum_status lum_space_settle(struct lum_space *space, uint64_t events_max,
                                 struct lum_view_progress *progress, struct lum_error *err)
{
    LUM_ASSERT(space->log_txn == NULL);
    add_progress(progress, &space->told);
    space->told = (struct lum_view_progress){0};
    enum lum_status status = lum_space_heal(space, err);
    if (status != LUM_OK || !space->has_genesis || space->is_settled) {
        space->is_settled = status == LUM_OK;
        return status;
    }
    uint64_t done = 0;
    lum_room_look(&space->room, space->env, space->dir); /* the reserve is for the view as well */
    status = lum_space_check_open(space, err);
    status = status == LUM_OK ? LUM_AGAIN : status;
    while (status == LUM_AGAIN && !space->rebuild_is_due &&
           (events_max == 0 || done < events_max)) {
        struct lum_view_progress step = {0};
        status = apply_slice(space, events_max == 0 ? 0 : events_max - done, &step, err);
        add_progress(progress, &step);
        done += step.applied > 0 ? step.applied : 1;
    }
    if (space->rebuild_is_due && (status == LUM_OK || status == LUM_AGAIN)) {
        return lum_space_rebuild(space, NULL, err);
    }
    if (status == LUM_OK) {
        is_now_level(space);
        space->is_settled = true;
    }
    return status;
}

enum lum_status lum_space_settle_to_read(struct lum_space *space, struct lum_error *err)
{
    struct lum_view_progress progress = {0};
    lum_room_look(&space->room, space->env, space->dir);
    enum lum_status status = lum_space_settle(space, 0, &progress, err);
    space->told = progress; /* the next settle tells it */
    return status == LUM_FULL ? LUM_OK : status;
}

void lum_space_level(struct lum_space *space)
{
    struct lum_view_progress progress = {0};
    if (!space->is_level && space->touched.count >= LUM_TOUCHED_SLOTS / 4) {
        (void)!lum_space_settle(space, 0, &progress, NULL); /* who needs it catches up, and tells */
        space->told = progress;
    }
}

bool lum_space_is_settled(struct lum_space *space)
{
    return space->is_settled;
}

enum lum_status lum_space_keep_roots(struct lum_space *space, struct lum_error *err)
{
    LUM_ASSERT(space->log_txn == NULL);
    if (!space->has_genesis) {
        return LUM_OK;
    }
    const struct lum_genesis *genesis = lum_roster_genesis(space->roster);
    struct lum_txn *log = NULL;
    struct lum_hash root;
    enum lum_status status = open_view_txn(space, err);
    if (status == LUM_OK) {
        status = lum_txn_begin_read(space->log, &log, err);
    }
    for (uint32_t i = 0; status == LUM_OK && i < genesis->shelf_count; i++) {
        uint8_t shelf = genesis->shelves[i].index;
        if (shelf == LUM_SHELF_GOV) { /* no records */
            continue;
        }
        status = lum_view_root_keep(space->view_txn, log, shelf, &root);
        status = status == LUM_OK ? status : lum_space_fail(space->view, status, err);
    }
    lum_txn_abort(log);
    if (status != LUM_OK) {
        lum_space_view_abort(space);
        return status;
    }
    return lum_space_view_commit(space, err);
}

/* ---- swapping files ---- */

static void shut_gate(struct lum_space *space)
{
    if (space->gate.shut != NULL) {
        space->gate.shut(space->gate.self);
    }
}

static void open_gate(struct lum_space *space)
{
    if (space->gate.open != NULL) {
        space->gate.open(space->gate.self);
    }
}

void lum_space_remove_store(struct lum_space *space, const char *name)
{
    char path[LUM_PATH_MAX];
    lum_space_path(space, name, path);
    (void)space->env->file_remove(space->env->self, path);
    size_t len = strlen(path);
    LUM_ASSERT(len + sizeof "-lock" <= sizeof path);
    memcpy(path + len, "-lock", sizeof "-lock");
    (void)space->env->file_remove(space->env->self, path);
}

static enum lum_status rename_over(struct lum_space *space, const char *from, const char *to,
                                   struct lum_error *err)
{
    char source[LUM_PATH_MAX];
    char target[LUM_PATH_MAX];
    lum_space_path(space, from, source);
    lum_space_path(space, to, target);
    return space->env->file_rename(space->env->self, source, target, err);
}

/* The store is closed before its file is replaced: LMDB holds one environment a path. When the
 * rename fails the old file is opened again. */
static enum lum_status swap_view(struct lum_space *space, struct lum_error *err)
{
    bool is_fresh = false;
    shut_gate(space);
    lum_store_close(space->view);
    space->view = NULL;
    enum lum_status status = rename_over(space, LUM_VIEW_NEW, LUM_VIEW_FILE, err);
    enum lum_status opened = lum_view_open(space->dir, LUM_VIEW_FILE, &space->view, &is_fresh,
                                           status == LUM_OK ? err : NULL);
    open_gate(space);
    lum_space_remove_store(space, LUM_VIEW_NEW);
    return status != LUM_OK ? status : opened;
}

static enum lum_status swap_log(struct lum_space *space, struct lum_error *err)
{
    shut_gate(space);
    lum_store_close(space->log);
    space->log = NULL;
    enum lum_status status = rename_over(space, LUM_LOG_NEW, LUM_LOG_FILE, err);
    enum lum_status opened =
        lum_log_open(space->dir, false, &space->log, status == LUM_OK ? err : NULL);
    open_gate(space);
    lum_space_remove_store(space, LUM_LOG_NEW);
    return status != LUM_OK ? status : opened;
}

/* ---- made anew ---- */

/* How far the new view is, in arrivals. */
static enum lum_status tell_tick(struct lum_space *space, const struct lum_tick *tick,
                                 struct lum_txn *log, struct lum_txn *view)
{
    struct lum_arrival last;
    struct lum_view_counts counts;
    if (tick == NULL) {
        return LUM_OK;
    }
    enum lum_status status = lum_log_arrival_last(log, &last);
    if (status == LUM_OK) {
        status = lum_view_counts(view, &counts);
    }
    if (status != LUM_OK) {
        return lum_space_fail(space->log, status, NULL);
    }
    return tick->step(tick->self, counts.applied, last.number) ? LUM_OK : LUM_STOPPED;
}

/* One transaction of a new view. AGAIN when there is more. */
static enum lum_status rebuild_slice(struct lum_space *space, struct lum_view *applier,
                                     struct lum_store *store, const struct lum_tick *tick,
                                     struct lum_error *err)
{
    struct lum_txn *log = NULL;
    struct lum_txn *view = NULL;
    struct lum_view_progress progress = {0};
    enum lum_status status = lum_txn_begin_read(space->log, &log, err);
    if (status == LUM_OK) {
        status = lum_space_refresh_roster(space, log, err);
    }
    if (status == LUM_OK) {
        status = lum_txn_begin_write(store, &view, err);
    }
    if (status == LUM_OK) {
        const struct lum_view_batch batch = {
            .log = log, .view = view, .roster = space->roster, .is_scratch = true};
        status = lum_view_apply(applier, &batch, &progress, err);
        LUM_ASSERT(!progress.needs_rebuild);
    }
    enum lum_status told = LUM_OK;
    if (status == LUM_OK || status == LUM_AGAIN) {
        told = tell_tick(space, tick, log, view);
    }
    if (told == LUM_OK && (status == LUM_OK || status == LUM_AGAIN)) {
        told = lum_txn_commit(view, err);
    } else {
        lum_txn_abort(view);
    }
    lum_txn_abort(log);
    return told != LUM_OK ? told : status;
}

/* Readers tell a change that they know from a new one, also after the swap. */
static enum lum_status succeed(struct lum_space *space, struct lum_store *store,
                               struct lum_error *err)
{
    struct lum_txn *fresh = NULL;
    struct lum_txn *old = NULL;
    if (lum_txn_begin_read(space->view, &old, NULL) != LUM_OK) {
        return LUM_OK;
    }
    enum lum_status status = lum_txn_begin_write(store, &fresh, err);
    if (status == LUM_OK) {
        status = lum_view_succeed(fresh, old);
        if (status == LUM_OK) {
            status = lum_txn_commit(fresh, err);
        } else {
            lum_txn_abort(fresh);
        }
    }
    lum_txn_abort(old);
    return status;
}

static enum lum_status build_beside(struct lum_space *space, const struct lum_tick *tick,
                                    struct lum_error *err)
{
    struct lum_store *store = NULL;
    struct lum_view *applier = NULL;
    lum_space_remove_store(space, LUM_VIEW_NEW);
    enum lum_status status = lum_view_open_scratch(space->dir, LUM_VIEW_NEW, &store, err);
    if (status != LUM_OK) {
        return status;
    }
    status = succeed(space, store, err);
    if (status == LUM_OK) {
        status = lum_view_applier_open(&applier);
    }
    if (status == LUM_OK) {
        do {
            status = rebuild_slice(space, applier, store, tick, err);
        } while (status == LUM_AGAIN);
    }
    if (status == LUM_OK) {
        status = lum_store_sync(store, err);
    }
    lum_view_applier_close(applier);
    lum_store_close(store);
    if (status != LUM_OK) {
        lum_space_remove_store(space, LUM_VIEW_NEW);
    }
    return status;
}

enum lum_status lum_space_rebuild(struct lum_space *space, const struct lum_tick *tick,
                                  struct lum_error *err)
{
    LUM_ASSERT(space->log_txn == NULL);
    if (!space->has_genesis) {
        return LUM_OK;
    }
    lum_space_view_abort(space);
    enum lum_status status = lum_space_check_open(space, err);
    if (status == LUM_OK) {
        status = build_beside(space, tick, err);
    }
    if (status == LUM_OK) {
        status = swap_view(space, err);
    }
    if (status == LUM_OK) {
        space->rebuild_is_due = false;
        is_now_level(space);
        space->is_settled = true;
    }
    return status;
}

void lum_space_distrust_view(struct lum_space *space)
{
    space->rebuild_is_due = true;
    space->is_settled = false;
}

enum lum_status lum_space_heal(struct lum_space *space, struct lum_error *err)
{
    bool is_damaged = space->view != NULL && lum_store_damage(space->view) > 0;
    return is_damaged ? lum_space_rebuild(space, NULL, err) : LUM_OK;
}

/* ---- without free pages ---- */

static enum lum_status repack_all(struct lum_space *space, const struct lum_tick *tick,
                                  struct lum_error *err)
{
    struct lum_txn *txn = NULL;
    enum lum_status status = lum_txn_begin_write(space->log, &txn, err);
    if (status != LUM_OK) {
        return status;
    }
    uint32_t count = lum_log_count(txn);
    for (uint32_t lno = 1; status == LUM_OK && lno <= count; lno++) {
        uint64_t blocks = 0;
        status = lum_log_repack(txn, space->squeezer, lno, COMPACT_LEVEL, &blocks);
        if (status == LUM_OK && tick != NULL && !tick->step(tick->self, lno, count)) {
            lum_txn_abort(txn);
            return LUM_STOPPED;
        }
    }
    if (status != LUM_OK) {
        lum_txn_abort(txn);
        return lum_space_fail(space->log, status, err);
    }
    return lum_txn_commit(txn, err);
}

static enum lum_status copy_to(struct lum_space *space, struct lum_store *store, const char *name,
                               struct lum_error *err)
{
    char path[LUM_PATH_MAX];
    lum_space_remove_store(space, name);
    lum_space_path(space, name, path);
    return lum_store_copy(store, path, err);
}

enum lum_status lum_space_compact(struct lum_space *space, const struct lum_tick *tick,
                                  struct lum_error *err)
{
    struct lum_view_progress progress = {0};
    enum lum_status status = lum_space_settle(space, 0, &progress, err);
    if (status == LUM_OK) {
        status = lum_space_view_commit(space, err);
    }
    if (status == LUM_OK) {
        status = repack_all(space, tick, err);
    }
    if (status == LUM_OK) {
        status = copy_to(space, space->log, LUM_LOG_NEW, err);
    }
    if (status == LUM_OK) {
        status = swap_log(space, err);
    }
    if (status == LUM_OK) { /* the log is another file now, and still at home */
        status = lum_home_write(space->env, space->dir, &space->home, err);
    }
    if (status == LUM_OK) {
        status = copy_to(space, space->view, LUM_VIEW_NEW, err);
    }
    if (status == LUM_OK) {
        lum_view_applier_forget(space->applier);
        status = swap_view(space, err);
    }
    return status;
}
