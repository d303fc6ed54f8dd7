/*
 * view.c - batches: arrivals in, logs moved on, waiting ones woken; the view's rows of meta.
 *
 *   begin   marks and freezes still fit the log?  rights still those?  no -> needs_rebuild
 *   turn    a log to be tried again, or the next arrival: its log goes on as far as it may
 *   end     states, meta and dirty buckets are written
 *
 * A log goes on beyond the arrival that named it, to its head: reading on costs less than coming
 * back, and any causal order gives the same state. `seen` is the newest arrival that may have been
 * read so; when the log file no longer has it, the view is ahead of its log and is made anew.
 */
#include "core/view.h"

#include <string.h>

#include "core/view_i.h"

enum {
    BUDGET_EVERY = 64, /* events between two looks at the tables' sizes */
};

static const size_t row_max = (size_t)1 << 30;

/* ---- an applier's life ---- */

enum lum_status lum_view_applier_open(struct lum_view **out)
{
    struct lum_view *view = lum_alloc_zero(sizeof *view);
    if (view == NULL) {
        return LUM_NO_MEMORY;
    }
    lum_arena_init(&view->arena);
    lum_buf_init(&view->bytes, row_max);
    lum_buf_init(&view->waiting, row_max);
    lum_buf_init(&view->queue, row_max);
    lum_names_init(&view->names);
    lum_late_init(&view->late);
    for (size_t i = 0; i < LUM_VIEW_READERS; i++) {
        if (lum_log_reader_open(&view->readers[i].log) != LUM_OK) {
            lum_view_applier_close(view);
            return LUM_NO_MEMORY;
        }
    }
    *out = view;
    return LUM_OK;
}

void lum_view_forget_logs(struct lum_view *view)
{
    lum_view_states_forget(view);
    lum_names_reset(&view->names);
    lum_buf_reset(&view->waiting);
    lum_buf_reset(&view->queue);
    view->is_warm = false;
}

void lum_view_applier_forget(struct lum_view *view)
{
    lum_view_forget_logs(view);
    lum_fresh_forget(&view->fresh);
    lum_late_forget(&view->late);
    memset(view->dirty, 0, sizeof view->dirty);
}

bool lum_view_applier_lacks(const struct lum_view *view, const struct lum_id *id)
{
    return lum_fresh_is_unknown(&view->fresh, id);
}

void lum_view_applier_close(struct lum_view *view)
{
    if (view == NULL) {
        return;
    }
    lum_view_states_forget(view);
    lum_free(view->states);
    for (size_t i = 0; i < LUM_VIEW_READERS; i++) {
        if (view->readers[i].log != NULL) {
            lum_log_reader_close(view->readers[i].log);
        }
    }
    lum_arena_fini(&view->arena);
    lum_buf_fini(&view->bytes);
    lum_buf_fini(&view->waiting);
    lum_buf_fini(&view->queue);
    lum_names_fini(&view->names);
    lum_fresh_forget(&view->fresh);
    lum_late_forget(&view->late);
    lum_free(view);
}

/* ---- waiting ---- */

static uint32_t *lnos_of(struct lum_buf *buf, size_t *count)
{
    *count = buf->len / sizeof(uint32_t);
    return (void *)buf->at;
}

static void queue_put(struct lum_view *view, struct lum_view_state *state)
{
    if (!state->is_queued) {
        lum_buf_put(&view->queue, &state->lno, sizeof state->lno);
        state->is_queued = true;
    }
}

static void wait_begin(struct lum_view *view, struct lum_view_state *state)
{
    state->is_changed = true;
    if (!state->is_waiting) {
        lum_buf_put(&view->waiting, &state->lno, sizeof state->lno);
        state->is_waiting = true;
    }
}

static void wait_end(struct lum_view *view, struct lum_view_state *state)
{
    size_t count = 0;
    uint32_t *lnos = lnos_of(&view->waiting, &count);
    size_t i = 0;
    while (i < count && lnos[i] != state->lno) {
        i++;
    }
    LUM_ASSERT(i < count);
    lnos[i] = lnos[count - 1];
    view->waiting.len -= sizeof *lnos;
    state->is_waiting = false;
}

enum lum_status lum_view_wake(struct lum_view *view, const uint8_t log8[8], uint64_t seq)
{
    size_t count = 0;
    const uint32_t *lnos = lnos_of(&view->waiting, &count);
    for (size_t i = 0; i < count; i++) {
        struct lum_view_state *state = NULL;
        enum lum_status status = lum_view_state_get(view, lnos[i], &state);
        if (status != LUM_OK) {
            return status;
        }
        if (state->want_seq <= seq && memcmp(state->want8, log8, sizeof state->want8) == 0) {
            queue_put(view, state);
        }
    }
    return lum_buf_status(&view->queue);
}

/* Reads which logs wait or were on their way when a budget was spent; each is tried once, for a
 * crash may have come before its turn. */
static enum lum_status warm(struct lum_view *view)
{
    struct lum_scan scan;
    struct lum_bytes first = lum_bytes_of("", 1);
    if (view->is_warm) {
        return LUM_OK;
    }
    lum_buf_reset(&view->waiting);
    lum_buf_reset(&view->queue);
    enum lum_status status = lum_scan_open(view->txn, LUM_V_VLOG, &scan);
    if (status != LUM_OK) {
        return status;
    }
    for (bool more = lum_scan_seek(&scan, first); more && status == LUM_OK;
         more = lum_scan_next(&scan)) {
        struct lum_vlog_row row;
        struct lum_view_state *state = NULL;
        if (scan.key.len != 4 || !lum_vlog_read(scan.value, &row)) {
            status = LUM_CORRUPT;
        } else if (row.is_waiting || row.is_queued) {
            status = lum_view_state_get(view, lum_get_u32(scan.key.at), &state);
        }
        if (state != NULL) {
            queue_put(view, state);
        }
        if (state != NULL && row.is_waiting) {
            lum_buf_put(&view->waiting, &state->lno, sizeof state->lno);
        }
    }
    status = lum_scan_end(&scan, status);
    view->is_warm = status == LUM_OK;
    return status == LUM_OK ? lum_buf_status(&view->waiting) : status;
}

/* ---- moving a log on ---- */

static uint64_t lesser(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Random keys cost one each until the table has no more; rows that grow, and new ones, show in the
 * table's size. */
uint64_t lum_view_pages(struct lum_view *view)
{
    uint64_t rec = lum_txn_pages(view->txn, LUM_V_REC);
    uint64_t rows = lesser(view->touched_rows, view->rec_pages);
    rows += rec > view->rec_pages ? rec - view->rec_pages : 0;
    uint64_t ids = lum_late_is_leaving(&view->late) ? 0 : lum_view_ids_pages(view);
    return view->appended_bytes / LUM_VIEW_PAGE + rows + ids + lum_late_pages(&view->late);
}

static bool is_spent(struct lum_view *view)
{
    uint64_t applied = view->progress->applied;
    if (applied % BUDGET_EVERY == 0) {
        view->progress->pages = lum_view_pages(view);
    }
    return (view->events_max != 0 && applied >= view->events_max) ||
           lum_fresh_is_full(&view->fresh) || lum_late_is_full(&view->late) ||
           view->pages_before + view->progress->pages >= LUM_VIEW_DIRTY_PAGES_MAX;
}

/* A reader that stands before `from`, or the one that rested longest. */
static enum lum_status reader_at(struct lum_view *view, uint32_t lno, uint64_t from,
                                 struct lum_view_reader **out)
{
    struct lum_view_reader *reader = &view->readers[0];
    view->reads++;
    for (size_t i = 0; i < LUM_VIEW_READERS; i++) {
        struct lum_view_reader *other = &view->readers[i];
        if (other->lno == lno && other->next == from) {
            other->used = view->reads;
            *out = other;
            return LUM_OK;
        }
        reader = other->used < reader->used ? other : reader;
    }
    reader->lno = lno;
    reader->next = from;
    reader->used = view->reads;
    *out = reader;
    return lum_log_seek(reader->log, view->log, lno, from);
}

/* OK: at its head, or it waits. AGAIN: the budget is spent first. */
static enum lum_status run_on(struct lum_view *view, struct lum_view_state *state,
                              struct lum_view_reader *reader)
{
    struct lum_log_event event;
    while (state->applied < state->head) {
        if (is_spent(view)) {
            return LUM_AGAIN;
        }
        enum lum_status status = lum_log_next(reader->log, &event);
        if (status != LUM_OK) {
            view->is_log_bad = true;
            return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
        }
        reader->next++;
        status = lum_view_event_apply(view, state, &event);
        if (status == LUM_AGAIN) {
            reader->next = 0;
            wait_begin(view, state);
            return lum_buf_status(&view->waiting);
        }
        if (status != LUM_OK) {
            return status;
        }
        if (state->is_waiting) {
            wait_end(view, state);
        }
        view->progress->applied++;
    }
    return LUM_OK;
}

static enum lum_status move_on(struct lum_view *view, struct lum_view_state *state)
{
    struct lum_view_reader *reader = NULL;
    uint64_t before = state->applied;
    if (state->applied >= state->head) {
        return LUM_OK;
    }
    enum lum_status status = reader_at(view, state->lno, state->applied + 1, &reader);
    if (status != LUM_OK) {
        view->is_log_bad = true;
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    status = run_on(view, state, reader);
    if (state->applied == before || (status != LUM_OK && status != LUM_AGAIN)) {
        return status;
    }
    /* Whoever names an event beyond a fork waits for the fork point. */
    bool is_at_fork = state->is_frozen && state->applied >= state->fork_point;
    enum lum_status woken =
        lum_view_wake(view, state->log_id.b, is_at_fork ? UINT64_MAX : state->applied);
    return woken == LUM_OK ? status : woken;
}

/* ---- turns ---- */

static enum lum_status retry(struct lum_view *view)
{
    size_t count = 0;
    struct lum_view_state *state = NULL;
    uint32_t lno = lnos_of(&view->queue, &count)[count - 1];
    enum lum_status status = lum_view_state_get(view, lno, &state);
    if (status != LUM_OK) {
        return status;
    }
    view->queue.len -= sizeof lno;
    state->is_queued = false;
    state->is_changed = true;
    status = move_on(view, state);
    if (status == LUM_AGAIN) {
        queue_put(view, state);
    }
    return status;
}

/* NOT_FOUND when there is no further arrival. */
static enum lum_status arrive(struct lum_view *view)
{
    struct lum_arrival arrival;
    struct lum_view_state *state = NULL;
    enum lum_status status = lum_log_arrival_get(view->log, view->applied.number + 1, &arrival);
    if (status == LUM_OK) {
        status = lum_view_state_get(view, arrival.lno, &state);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (!state->is_waiting) {
        status = move_on(view, state);
    }
    if (status == LUM_OK) {
        view->applied = (struct lum_view_mark){arrival.number, arrival.hash};
    }
    return status;
}

/* OK: nothing more to do. AGAIN: the budget is spent. */
static enum lum_status turns(struct lum_view *view)
{
    enum lum_status status = LUM_OK;
    while (status == LUM_OK) {
        if (is_spent(view)) {
            return LUM_AGAIN;
        }
        status = view->queue.len > 0 ? retry(view) : arrive(view);
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* ---- a batch ---- */

static enum lum_status begin(struct lum_view *view, bool is_scratch)
{
    struct lum_arrival last;
    for (size_t i = 0; i < LUM_VIEW_READERS; i++) {
        view->readers[i].next = 0;
    }
    view->batch++;
    view->rid_pages = lum_txn_pages(view->txn, LUM_V_RID);
    view->touched_rids = 0;
    view->rec_pages = lum_txn_pages(view->txn, LUM_V_REC);
    view->touched_rows = 0;
    view->touched_page = 0;
    view->appended_bytes = 0;
    view->is_log_bad = false;
    lum_fresh_begin(&view->fresh, is_scratch);
    lum_late_begin(&view->late, is_scratch);
    enum lum_status status = lum_view_meta_load(view);
    if (status == LUM_OK) {
        status = lum_fresh_prepare(&view->fresh, view->txn);
    }
    if (status == LUM_OK) {
        status = lum_view_feed_begin(view);
    }
    if (status == LUM_OK) {
        status = lum_view_fit_rights(view);
    }
    if (status == LUM_OK && !view->progress->needs_rebuild) {
        status = warm(view);
    }
    if (status == LUM_OK && !view->progress->needs_rebuild) {
        status = lum_view_fit_freezes(view);
    }
    if (status == LUM_OK) {
        status = lum_log_arrival_last(view->log, &last);
        view->seen = (struct lum_view_mark){last.number, last.hash};
    }
    return status;
}

static enum lum_status rows_put(struct lum_view *view)
{
    view->progress->pages = lum_view_pages(view);
    enum lum_status status = lum_view_states_flush(view);
    if (status == LUM_OK) {
        status = lum_view_feed_end(view);
    }
    if (status == LUM_OK) {
        status = lum_view_tree_flush(view);
    }
    if (status == LUM_OK) {
        status = lum_view_meta_save(view);
    }
    if (view->state_count > LUM_VIEW_STATES_MAX) {
        lum_view_forget_logs(view);
    }
    return status;
}

/* AGAIN: it is the last one, but for what still rests in memory. */
static enum lum_status end(struct lum_view *view, bool is_last)
{
    enum lum_status late = lum_view_late_settle(view, is_last);
    if (late != LUM_OK && late != LUM_AGAIN) {
        return late;
    }
    enum lum_status status = rows_put(view);
    if (status == LUM_OK && late == LUM_OK) {
        status = lum_view_ids_settle(view, is_last);
    }
    return status == LUM_OK ? late : status;
}

static enum lum_status tell(const struct lum_view *view, enum lum_status status,
                            struct lum_error *err)
{
    const char *file = view->is_log_bad ? "log.mdb" : "view.mdb";
    if (status == LUM_NO_MEMORY) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    if (status == LUM_FULL) {
        return lum_fail(err, LUM_CAUSE_disk_full, file, NULL);
    }
    if (status == LUM_CORRUPT) {
        return lum_fail(err, LUM_CAUSE_store_damaged, file, "a row does not read");
    }
    return lum_fail(err, LUM_CAUSE_disk_error, file, lum_status_words(status));
}

enum lum_status lum_view_apply(struct lum_view *view, const struct lum_view_batch *batch,
                               struct lum_view_progress *progress, struct lum_error *err)
{
    *progress = (struct lum_view_progress){0};
    view->log = batch->log;
    view->txn = batch->view;
    view->roster = batch->roster;
    view->events_max = batch->events_max;
    view->pages_before = batch->pages_before;
    view->founded_ms = lum_roster_genesis(batch->roster)->founded_ms;
    view->progress = progress;
    enum lum_status status = begin(view, batch->is_scratch);
    if (status == LUM_OK && progress->needs_rebuild) {
        return LUM_OK;
    }
    if (status == LUM_OK) {
        status = lum_late_is_leaving(&view->late) ? LUM_AGAIN : turns(view);
    }
    if (status == LUM_OK || status == LUM_AGAIN) {
        enum lum_status ended = end(view, status == LUM_OK);
        status = ended == LUM_OK ? status : ended;
    }
    return status == LUM_OK || status == LUM_AGAIN ? status : tell(view, status, err);
}
