/*
 * build_store.c - stores in folders of their own, fed from the logs of build.c.
 */
#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "tests/lib/build_i.h"

enum {
    PIECE = 4096,
};

struct build_store {
    const struct build *build;
    struct temp temp;
    struct lum_store *log;
    struct lum_store *view;
    struct lum_view *applier;
    struct lum_squeezer *squeezer;
    struct lum_txn *log_txn;
    struct lum_txn *view_txn;
    uint32_t lnos[BUILD_LOGS_MAX + 1];
    uint32_t views; /* made so far: each has its own file */
    struct lum_view_progress progress;
    struct lum_arena arena;
    struct lum_record record;
    char shown[LUM_VALUE_MAX + 1];
};

static void must(bool holds)
{
    LUM_ASSERT(holds);
}

static void must_ok(enum lum_status status)
{
    LUM_ASSERT(status == LUM_OK);
}

/* ---- a store's life ---- */

static void end_reads(struct build_store *store)
{
    lum_txn_abort(store->log_txn);
    lum_txn_abort(store->view_txn);
    store->log_txn = NULL;
    store->view_txn = NULL;
}

static struct lum_txn *begin_write(struct lum_store *store)
{
    struct lum_txn *txn = NULL;
    must_ok(lum_txn_begin_write(store, &txn, NULL));
    return txn;
}

static void open_view(struct build_store *store)
{
    char name[32];
    bool fresh = false;
    (void)snprintf(name, sizeof name, "view%u.mdb", store->views++);
    must_ok(lum_view_open(store->temp.dir, name, &store->view, &fresh, NULL));
    must(fresh);
}

struct build_store *build_store_open(const struct build *build)
{
    struct build_store *store = lum_alloc_zero(sizeof *store);
    must(store != NULL);
    store->build = build;
    temp_make(&store->temp);
    must_ok(lum_log_open(store->temp.dir, true, &store->log, NULL));
    open_view(store);
    must_ok(lum_view_applier_open(&store->applier));
    must_ok(lum_squeezer_open(&store->squeezer));
    struct lum_txn *txn = begin_write(store->log);
    must_ok(lum_txn_put(txn, LUM_T_META, lum_bytes_of(LUM_META_SPACE, strlen(LUM_META_SPACE)),
                        lum_bytes_of(build->space.b, sizeof build->space.b)));
    must_ok(lum_txn_put(txn, LUM_T_META, lum_bytes_of(LUM_META_GENESIS, strlen(LUM_META_GENESIS)),
                        lum_buf_bytes(&build->document)));
    must_ok(lum_txn_commit(txn, NULL));
    return store;
}

void build_store_close(struct build_store *store)
{
    end_reads(store);
    lum_view_applier_close(store->applier);
    lum_squeezer_close(store->squeezer);
    lum_store_close(store->view);
    lum_store_close(store->log);
    lum_arena_fini(&store->arena);
    temp_drop(&store->temp);
    lum_free(store);
}

/* ---- feeding ---- */

static void row_of(struct build_store *store, struct lum_txn *txn, uint32_t log,
                   struct lum_log_row *row)
{
    if (store->lnos[log] == 0) {
        must_ok(lum_log_create(txn, &store->build->space, &store->build->logs[log].name,
                               BUILD_FOUNDED_MS, row));
        store->lnos[log] = row->lno;
        return;
    }
    must_ok(lum_log_get(txn, store->lnos[log], row));
}

/* Seals of the boundaries in first..last, and of last. */
static uint32_t seals_of(const struct build_log *log, uint64_t first, uint64_t last,
                         const struct lum_log_place *end, struct lum_sig *out)
{
    const struct lum_sig *held = (const void *)log->seals.at;
    const struct lum_run_mark *marks = build_marks(log);
    uint32_t boundaries = 0;
    uint32_t count = 0;
    for (uint64_t seq = 1; seq <= last; seq++) {
        if (marks[seq - 1].is_boundary && seq >= first) {
            out[count++] = held[boundaries];
        }
        boundaries += marks[seq - 1].is_boundary;
    }
    if (!marks[last - 1].is_boundary) {
        build_seal(log, end, false, &out[count++]);
    }
    return count;
}

static void feed_piece(struct build_store *store, struct lum_txn *txn, uint32_t number,
                       uint64_t last)
{
    static struct lum_run_mark marks[PIECE];
    static struct lum_sig seals[PIECE];
    const struct build_log *log = &store->build->logs[number];
    const struct lum_run_mark *all = build_marks(log);
    struct lum_log_row row;
    row_of(store, txn, number, &row);
    uint64_t first = row.place.chain.seq + 1;
    struct lum_log_place end = {.log_id = log->place.log_id, .chain = all[last - 1].chain};
    struct lum_bytes run =
        lum_bytes_of(log->run.at + all[first - 1].offset,
                     all[last - 1].offset + all[last - 1].length - all[first - 1].offset);
    uint32_t count = 0;
    struct lum_run_seals held = {seals, seals_of(log, first, last, &end, seals)};
    struct lum_log_place place = row.place;
    must(lum_run_check(&place, run, held, marks, PIECE, &count) == LUM_FAULT_NONE);
    const struct lum_log_growth growth = {
        .run = run, .marks = marks, .count = count, .seals = held, .place = &place};
    uint64_t arrival = 0;
    must_ok(lum_log_append(txn, store->squeezer, &row, &growth, &arrival));
}

void build_feed(struct build_store *store, uint32_t log, uint64_t seq)
{
    end_reads(store);
    struct lum_txn *txn = begin_write(store->log);
    struct lum_log_row row;
    row_of(store, txn, log, &row);
    for (uint64_t held = row.place.chain.seq; held < seq;) {
        held = seq - held > PIECE ? held + PIECE : seq;
        feed_piece(store, txn, log, held);
    }
    must_ok(lum_txn_commit(txn, NULL));
}

void build_feed_all(struct build_store *store)
{
    for (uint32_t log = 1; log <= store->build->log_count; log++) {
        build_feed(store, log, build_head(store->build, log));
    }
}

void build_freeze(struct build_store *store, uint32_t log, uint64_t point)
{
    end_reads(store);
    struct lum_txn *txn = begin_write(store->log);
    struct lum_log_row row;
    uint8_t key[4];
    row_of(store, txn, log, &row);
    row.is_frozen = true;
    row.fork_point = point;
    row.fork_h = build_hash(store->build, log, point);
    must_ok(lum_log_put(txn, &row));
    lum_put_u32(key, row.lno);
    must_ok(lum_txn_put(txn, LUM_T_FORK, lum_bytes_of(key, sizeof key), lum_bytes_of("x", 1)));
    must_ok(lum_txn_commit(txn, NULL));
}

/* ---- settling ---- */

static void add_progress(struct lum_view_progress *sum, const struct lum_view_progress *more)
{
    sum->applied += more->applied;
    sum->records_new += more->records_new;
    sum->records_changed += more->records_changed;
    sum->records_deleted += more->records_deleted;
    sum->conflicts_new += more->conflicts_new;
    sum->pages += more->pages;
}

/* False: the view no longer fits. */
static bool settle(struct build_store *store, uint64_t events_max, bool is_scratch)
{
    struct lum_txn *log = NULL;
    struct lum_roster *roster = NULL;
    enum lum_status status = LUM_AGAIN;
    struct lum_view_progress progress = {0};
    must_ok(lum_txn_begin_read(store->log, &log, NULL));
    must_ok(lum_roster_read(log, &roster, NULL));
    while (status == LUM_AGAIN && !progress.needs_rebuild) {
        struct lum_txn *view = begin_write(store->view);
        const struct lum_view_batch batch = {log, view, roster, events_max, is_scratch, 0};
        status = lum_view_apply(store->applier, &batch, &progress, NULL);
        must(status == LUM_OK || status == LUM_AGAIN);
        add_progress(&store->progress, &progress);
        must_ok(lum_txn_commit(view, NULL));
    }
    lum_roster_close(roster);
    lum_txn_abort(log);
    return !progress.needs_rebuild;
}

bool build_settle_by(struct build_store *store, uint64_t events_max)
{
    end_reads(store);
    store->progress = (struct lum_view_progress){0};
    bool fits = settle(store, events_max, false);
    if (!fits) {
        build_rebuild(store);
    }
    return !fits;
}

bool build_settle(struct build_store *store)
{
    return build_settle_by(store, 0);
}

void build_rebuild(struct build_store *store)
{
    char name[32];
    end_reads(store);
    lum_store_close(store->view);
    (void)snprintf(name, sizeof name, "view%u.mdb", store->views++);
    must_ok(lum_view_open_scratch(store->temp.dir, name, &store->view, NULL));
    lum_view_applier_forget(store->applier);
    store->progress = (struct lum_view_progress){0};
    must(settle(store, 0, true));
    must_ok(lum_store_sync(store->view, NULL));
}

void build_forget(struct build_store *store)
{
    lum_view_applier_forget(store->applier);
}

/* ---- looking ---- */

uint32_t build_lno(const struct build_store *store, uint32_t log)
{
    return store->lnos[log];
}

const struct lum_view_progress *build_progress(const struct build_store *store)
{
    return &store->progress;
}

struct lum_store *build_view_store(struct build_store *store)
{
    return store->view;
}

struct lum_store *build_log_store(struct build_store *store)
{
    return store->log;
}

struct lum_txn *build_log_txn(struct build_store *store)
{
    if (store->log_txn == NULL) {
        must_ok(lum_txn_begin_read(store->log, &store->log_txn, NULL));
    }
    return store->log_txn;
}

struct lum_txn *build_view_txn(struct build_store *store)
{
    if (store->view_txn == NULL) {
        must_ok(lum_txn_begin_read(store->view, &store->view_txn, NULL));
    }
    return store->view_txn;
}

struct lum_hash build_root(struct build_store *store)
{
    struct lum_hash root;
    must_ok(lum_view_root(build_view_txn(store), build_log_txn(store), LUM_SHELF_COMMON, &root));
    return root;
}

struct lum_view_counts build_counts(struct build_store *store)
{
    struct lum_view_counts counts;
    must_ok(lum_view_counts(build_view_txn(store), &counts));
    return counts;
}

bool build_record(struct build_store *store, const struct lum_id *id, const struct lum_record **out)
{
    uint64_t rno = 0;
    if (lum_view_find(build_view_txn(store), LUM_SHELF_COMMON, id, &rno) != LUM_OK) {
        return false;
    }
    lum_arena_reset(&store->arena);
    must_ok(lum_view_record(build_view_txn(store), rno, &store->arena, &store->record));
    *out = &store->record;
    return true;
}

enum lum_life build_life(struct build_store *store, const struct lum_id *id)
{
    const struct lum_record *record = NULL;
    return build_record(store, id, &record) ? lum_record_life(record) : LUM_UNMADE;
}

static const struct lum_cell *cell_of(struct build_store *store, const struct lum_id *id,
                                      const char *field)
{
    const struct lum_record *record = NULL;
    uint32_t number = 0;
    must_ok(
        lum_view_name_number(build_view_txn(store), lum_bytes_of(field, strlen(field)), &number));
    return build_record(store, id, &record) && number != 0 ? lum_record_cell(record, number) : NULL;
}

const char *build_shown(struct build_store *store, const struct lum_id *id, const char *field)
{
    const struct lum_cell *cell = cell_of(store, id, field);
    const struct lum_sibling *sibling = NULL;
    if (cell == NULL) {
        return NULL;
    }
    must_ok(lum_view_shown(build_view_txn(store), build_log_txn(store), cell, &sibling));
    struct lum_cur cur = lum_cur_over(sibling->value);
    struct lum_bytes text = lum_cur_str(&cur, LUM_VALUE_MAX);
    memcpy(store->shown, text.at, text.len);
    store->shown[text.len] = '\0';
    return store->shown;
}

uint32_t build_values(struct build_store *store, const struct lum_id *id, const char *field)
{
    const struct lum_cell *cell = cell_of(store, id, field);
    return cell == NULL ? 0 : lum_cell_values(cell);
}
