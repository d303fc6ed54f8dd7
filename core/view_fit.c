/*
 * view_fit.c - the view's rows of meta, and whether the view still fits log and rights.
 *
 * A view is made anew when
 *   - the log no longer has the arrival the view reached, or has another there: it fell back, or
 *     one of the files is another's;
 *   - an author's rights changed under events of its that have applied;
 *   - a fork froze a log behind events that have applied.
 */
#include <string.h>

#include "core/view_i.h"

enum {
    MARK_LEN = 8 + 32,
    NEXT_LEN = 8 + 8 + 4,
    COUNTS = 7,
};

/* ---- rows of meta ---- */

static struct lum_bytes meta_key(const char *name)
{
    return lum_bytes_of(name, strlen(name));
}

/* A row of exactly len bytes, or none: then *at is NULL. */
static enum lum_status meta_get(struct lum_txn *txn, const char *name, size_t len,
                                const uint8_t **at)
{
    struct lum_bytes row;
    *at = NULL;
    enum lum_status status = lum_txn_get(txn, LUM_V_META, meta_key(name), &row);
    if (status == LUM_NOT_FOUND) {
        return LUM_OK;
    }
    if (status == LUM_OK && row.len != len) {
        return LUM_CORRUPT;
    }
    *at = status == LUM_OK ? row.at : NULL;
    return status;
}

static void mark_read(const uint8_t *at, struct lum_view_mark *out)
{
    out->number = lum_get_u64(at);
    memcpy(out->hash.b, at + 8, sizeof out->hash.b);
}

static void mark_write(const struct lum_view_mark *mark, uint8_t *at)
{
    lum_put_u64(at, mark->number);
    memcpy(at + 8, mark->hash.b, sizeof mark->hash.b);
}

/* The counts that stand in the row, in its order. */
static void counts_of(struct lum_view_counts *counts, uint64_t *out[COUNTS])
{
    out[0] = &counts->records;
    out[1] = &counts->deleted;
    out[2] = &counts->conflicts;
    out[3] = &counts->revived;
    out[4] = &counts->pending;
    out[5] = &counts->voided;
    out[6] = &counts->waiting;
}

enum lum_status lum_view_counts(struct lum_txn *txn, struct lum_view_counts *out)
{
    const uint8_t *at = NULL;
    uint64_t *counts[COUNTS];
    *out = (struct lum_view_counts){0};
    counts_of(out, counts);
    enum lum_status status = meta_get(txn, LUM_VMETA_COUNTS, COUNTS * 8, &at);
    for (size_t i = 0; i < COUNTS && at != NULL; i++) {
        *counts[i] = lum_get_u64(at + 8 * i);
    }
    if (status == LUM_OK) {
        status = meta_get(txn, LUM_VMETA_APPLIED, 2 * MARK_LEN, &at);
    }
    if (status == LUM_OK && at != NULL) {
        out->applied = lum_get_u64(at);
    }
    return status;
}

enum lum_status lum_view_meta_load(struct lum_view *view)
{
    const uint8_t *at = NULL;
    view->applied = (struct lum_view_mark){0};
    view->seen = (struct lum_view_mark){0};
    view->next_rno = 1;
    view->next_change = 1;
    view->next_name = 1;
    enum lum_status status = lum_view_counts(view->txn, &view->counts);
    if (status == LUM_OK) {
        status = meta_get(view->txn, LUM_VMETA_APPLIED, 2 * MARK_LEN, &at);
    }
    if (status == LUM_OK && at != NULL) {
        mark_read(at, &view->applied);
        mark_read(at + MARK_LEN, &view->seen);
    }
    if (status == LUM_OK) {
        status = meta_get(view->txn, LUM_VMETA_NEXT, NEXT_LEN, &at);
    }
    if (status == LUM_OK && at != NULL) {
        view->next_rno = lum_get_u64(at);
        view->next_change = lum_get_u64(at + 8);
        view->next_name = lum_get_u32(at + 16);
    }
    view->batch_change = view->next_change;
    return status;
}

static void next_write(uint64_t rno, uint64_t change, uint32_t name, uint8_t out[NEXT_LEN])
{
    lum_put_u64(out, rno);
    lum_put_u64(out + 8, change);
    lum_put_u32(out + 16, name);
}

enum lum_status lum_view_succeed(struct lum_txn *fresh, struct lum_txn *old)
{
    struct lum_view_changes changes;
    uint8_t next[NEXT_LEN];
    uint8_t first[8];
    if (lum_view_changes(old, &changes) != LUM_OK) {
        return LUM_OK;
    }
    next_write(1, changes.newest + 1, 1, next);
    lum_put_u64(first, changes.newest + 1);
    enum lum_status status =
        lum_txn_put(fresh, LUM_V_META, meta_key(LUM_VMETA_NEXT), lum_bytes_of(next, sizeof next));
    return status == LUM_OK ? lum_txn_put(fresh, LUM_V_META, meta_key(LUM_VMETA_FIRST),
                                          lum_bytes_of(first, sizeof first))
                            : status;
}

enum lum_status lum_view_changes(struct lum_txn *view, struct lum_view_changes *out)
{
    const uint8_t *at = NULL;
    enum lum_status status = meta_get(view, LUM_VMETA_NEXT, NEXT_LEN, &at);
    if (status == LUM_OK) {
        out->newest = at == NULL ? 0 : lum_get_u64(at + 8) - 1;
        status = meta_get(view, LUM_VMETA_FIRST, 8, &at);
    }
    if (status == LUM_OK) {
        out->first = at == NULL ? 1 : lum_get_u64(at);
    }
    return status;
}

/* A settle that finds nothing new leaves the file as it is, and so costs no write. */
static enum lum_status meta_put(struct lum_view *view, const char *name, struct lum_bytes row)
{
    struct lum_bytes had;
    if (lum_txn_get(view->txn, LUM_V_META, meta_key(name), &had) == LUM_OK &&
        lum_bytes_equal(had, row)) {
        return LUM_OK;
    }
    return lum_txn_put(view->txn, LUM_V_META, meta_key(name), row);
}

enum lum_status lum_view_meta_save(struct lum_view *view)
{
    uint8_t marks[2 * MARK_LEN];
    uint8_t next[NEXT_LEN];
    uint8_t rows[COUNTS * 8];
    uint64_t *counts[COUNTS];
    view->counts.waiting = view->waiting.len / sizeof(uint32_t);
    counts_of(&view->counts, counts);
    for (size_t i = 0; i < COUNTS; i++) {
        lum_put_u64(rows + 8 * i, *counts[i]);
    }
    mark_write(&view->applied, marks);
    mark_write(&view->seen, marks + MARK_LEN);
    next_write(view->next_rno, view->next_change, view->next_name, next);
    enum lum_status status = meta_put(view, LUM_VMETA_APPLIED, lum_bytes_of(marks, sizeof marks));
    if (status == LUM_OK) {
        status = meta_put(view, LUM_VMETA_NEXT, lum_bytes_of(next, sizeof next));
    }
    return status == LUM_OK ? meta_put(view, LUM_VMETA_COUNTS, lum_bytes_of(rows, sizeof rows))
                            : status;
}

/* ---- does the view still fit the log? ---- */

static enum lum_status check_mark(struct lum_view *view, const struct lum_view_mark *mark)
{
    struct lum_arrival arrival;
    if (mark->number == 0) {
        return LUM_OK;
    }
    enum lum_status status = lum_log_arrival_get(view->log, mark->number, &arrival);
    if (status == LUM_NOT_FOUND) {
        view->progress->needs_rebuild = true;
        return LUM_OK;
    }
    if (status == LUM_OK && memcmp(arrival.hash.b, mark->hash.b, sizeof mark->hash.b) != 0) {
        view->progress->needs_rebuild = true;
    }
    return status;
}

static enum lum_status rights_put(struct lum_view *view, const struct lum_hash *digest)
{
    lum_view_forget_logs(view); /* states keep rights */
    return lum_txn_put(view->txn, LUM_V_META, meta_key(LUM_VMETA_RIGHTS),
                       lum_bytes_of(digest->b, sizeof digest->b));
}

static enum lum_status check_rights_of(struct lum_view *view, struct lum_bytes key,
                                       struct lum_bytes value)
{
    struct lum_vlog_row row;
    struct lum_log_row log;
    if (key.len != 4 || !lum_vlog_read(value, &row)) {
        return LUM_CORRUPT;
    }
    enum lum_status status = lum_log_get(view->log, lum_get_u32(key.at), &log);
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    if (row.applied > 0 && row.rights != lum_view_rights_of(view->roster, &log.name)) {
        view->progress->needs_rebuild = true;
    }
    return LUM_OK;
}

/* New rights need a new view only when they bear on events that have applied under the old. */
enum lum_status lum_view_fit_rights(struct lum_view *view)
{
    struct lum_hash digest;
    const uint8_t *at = NULL;
    struct lum_scan scan;
    enum lum_status status = check_mark(view, &view->applied);
    if (status == LUM_OK) {
        status = check_mark(view, &view->seen);
    }
    if (status != LUM_OK || view->progress->needs_rebuild) {
        return status;
    }
    lum_roster_digest(view->roster, &digest);
    status = meta_get(view->txn, LUM_VMETA_RIGHTS, sizeof digest.b, &at);
    if (status != LUM_OK || (at != NULL && memcmp(at, digest.b, sizeof digest.b) == 0)) {
        return status;
    }
    status = lum_scan_open(view->txn, LUM_V_VLOG, &scan);
    if (status != LUM_OK) {
        return status;
    }
    for (bool more = lum_scan_seek(&scan, lum_bytes_of("", 1)); more && status == LUM_OK;
         more = lum_scan_next(&scan)) {
        status = check_rights_of(view, scan.key, scan.value);
    }
    lum_scan_close(&scan);
    if (status != LUM_OK || view->progress->needs_rebuild) {
        return status;
    }
    return rights_put(view, &digest);
}

/* A freeze bears on the view when events after the fork have applied or one of them waits, or when
 * a pin may have been taken for another log with the same log8. */
static enum lum_status take_freeze(struct lum_view *view, uint32_t lno)
{
    struct lum_view_state *state = NULL;
    uint32_t same8[2];
    uint32_t count = 0;
    enum lum_status status = lum_view_state_get(view, lno, &state);
    if (status != LUM_OK || !state->is_frozen ||
        (state->known_frozen && state->known_fork == state->fork_point)) {
        return status;
    }
    status = lum_log_find8(view->log, state->log_id.b, same8, 2, &count);
    if (status != LUM_OK) {
        return status;
    }
    bool is_beyond = state->applied + (state->is_waiting ? 1 : 0) > state->fork_point;
    if (is_beyond || (count > 1 && view->applied.number > 0)) {
        view->progress->needs_rebuild = true;
        return LUM_OK;
    }
    state->known_frozen = true;
    state->known_fork = state->fork_point;
    state->is_changed = true;
    return lum_view_wake(view, state->log_id.b, UINT64_MAX);
}

enum lum_status lum_view_fit_freezes(struct lum_view *view)
{
    struct lum_scan scan;
    enum lum_status status = lum_scan_open(view->log, LUM_T_FORK, &scan);
    if (status != LUM_OK) {
        return status;
    }
    for (bool more = lum_scan_seek(&scan, lum_bytes_of("", 1)); more && status == LUM_OK;
         more = lum_scan_next(&scan)) {
        status = scan.key.len < 4 ? LUM_CORRUPT : take_freeze(view, lum_get_u32(scan.key.at));
    }
    lum_scan_close(&scan);
    return status;
}
