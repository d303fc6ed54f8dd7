/*
 * barn.c - feeding and settling. The look is in barn_compare.c.
 */
#include "tests/prop/barn.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- telling ---- */

bool barn_is_well(const struct barn *barn)
{
    return barn->why[0] == '\0';
}

bool barn_fail(struct barn *barn, const char *form, ...)
{
    va_list list;
    if (barn_is_well(barn)) {
        va_start(list, form);
        (void)vsnprintf(barn->why, sizeof barn->why, form, list);
        va_end(list);
    }
    return false;
}

static bool ok(struct barn *barn, enum lum_status status, const char *what)
{
    return status == LUM_OK ? true : barn_fail(barn, "%s: %s", what, lum_status_name(status));
}

/* ---- files ---- */

void barn_open(struct barn *barn)
{
    bool is_fresh = false;
    memset(barn, 0, sizeof *barn);
    if (access("/dev/shm", W_OK) == 0) {
        (void)setenv("TMPDIR", "/dev/shm", 1);
    }
    temp_make(&barn->temp);
    lum_arena_init(&barn->arena);
    (void)ok(barn, lum_log_open(barn->temp.dir, true, &barn->log, NULL), "log_open");
    (void)ok(barn, lum_view_open(barn->temp.dir, "view.mdb", &barn->view, &is_fresh, NULL),
             "view_open");
    (void)ok(barn, lum_ingester_open(&barn->ingester), "ingester_open");
    (void)ok(barn, lum_squeezer_open(&barn->squeezer), "squeezer_open");
    (void)ok(barn, lum_view_applier_open(&barn->applier), "applier_open");
    LUM_ASSERT(barn_is_well(barn));
}

void barn_close(struct barn *barn)
{
    lum_roster_close(barn->roster);
    lum_view_applier_close(barn->applier);
    lum_ingester_close(barn->ingester);
    lum_squeezer_close(barn->squeezer);
    lum_store_close(barn->log);
    lum_store_close(barn->view);
    lum_arena_fini(&barn->arena);
    temp_drop(&barn->temp);
}

/* ---- one history ---- */

/* All rows but the file's own number of its format. */
static void clear(struct barn *barn, struct lum_txn *txn, uint32_t tables)
{
    uint8_t format[4];
    struct lum_bytes key = lum_bytes_of("format", 6);
    struct lum_bytes row = {0};
    (void)ok(barn, lum_txn_get(txn, 0, key, &row), "format");
    LUM_ASSERT(row.len == sizeof format);
    memcpy(format, row.at, sizeof format);
    for (uint32_t i = 0; i < tables; i++) {
        (void)ok(barn, lum_txn_clear(txn, i), "clear");
    }
    (void)ok(barn, lum_txn_put(txn, 0, key, lum_bytes_of(format, sizeof format)), "format");
}

static void begin_txns(struct barn *barn)
{
    (void)ok(barn, lum_txn_begin_write(barn->log, &barn->log_txn, NULL), "begin log");
    (void)ok(barn, lum_txn_begin_write(barn->view, &barn->view_txn, NULL), "begin view");
    LUM_ASSERT(barn->log_txn != NULL && barn->view_txn != NULL);
}

static void read_roster(struct barn *barn)
{
    lum_roster_close(barn->roster);
    barn->roster = NULL;
    barn->is_roster_bare = false;
    (void)ok(barn, lum_roster_read(barn->log_txn, &barn->roster, NULL), "roster_read");
    barn->space.roster = barn->roster;
}

void barn_begin(struct barn *barn, struct world *world, bool commits)
{
    barn->world = world;
    barn->commits = commits;
    barn->why[0] = '\0';
    bool is_same = memcmp(barn->space.id.b, world_set(world)->space.id, 32) == 0;
    memcpy(barn->space.id.b, world_set(world)->space.id, 32);
    barn->space.founded_ms = WORLD_FOUNDED_MS;
    barn->space.may_lack_payloads = true; /* the page says what such events mean */
    lum_view_applier_forget(barn->applier);
    begin_txns(barn);
    (void)ok(barn,
             lum_txn_put(barn->log_txn, LUM_T_META,
                         lum_bytes_of(LUM_META_GENESIS, strlen(LUM_META_GENESIS)),
                         world_document(world)),
             "genesis");
    if (!is_same || !barn->is_roster_bare) {
        read_roster(barn);
        barn->is_roster_bare = true;
    }
}

void barn_end(struct barn *barn)
{
    if (barn->commits) {
        clear(barn, barn->log_txn, LUM_LOG_TABLES);
        clear(barn, barn->view_txn, LUM_VIEW_TABLES);
        LUM_ASSERT(lum_txn_commit(barn->log_txn, NULL) == LUM_OK);
        LUM_ASSERT(lum_txn_commit(barn->view_txn, NULL) == LUM_OK);
    } else {
        lum_txn_abort(barn->log_txn);
        lum_txn_abort(barn->view_txn);
    }
    barn->log_txn = NULL;
    barn->view_txn = NULL;
}

static void commit(struct barn *barn)
{
    if (barn->commits) {
        LUM_ASSERT(lum_txn_commit(barn->log_txn, NULL) == LUM_OK);
        LUM_ASSERT(lum_txn_commit(barn->view_txn, NULL) == LUM_OK);
        begin_txns(barn);
    }
}

void barn_restart(struct barn *barn)
{
    commit(barn);
    lum_view_applier_close(barn->applier);
    barn->applier = NULL;
    (void)ok(barn, lum_view_applier_open(&barn->applier), "applier_open");
    LUM_ASSERT(barn->applier != NULL);
}

/* ---- feeding ---- */

void barn_feed(struct barn *barn, const struct lum_ingest *in, struct lum_ingest_result *out)
{
    *out = (struct lum_ingest_result){.end = LUM_INGEST_HELD};
    if (!barn_is_well(barn)) {
        return;
    }
    (void)ok(barn, lum_ingest_run(barn->ingester, barn->log_txn, &barn->space, in, out),
             "ingest_run");
    if (out->gov_grew) {
        read_roster(barn);
    }
}

static struct lum_hash log_id(const struct barn *barn, uint32_t log)
{
    struct lum_hash id;
    memcpy(id.b, world_set(barn->world)->logs[log].id, 32);
    return id;
}

void barn_put(struct barn *barn, uint32_t log, uint64_t last)
{
    struct lum_hash id = log_id(barn, log);
    struct lum_log_row row;
    uint32_t lno = 0;
    uint64_t arrival = 0;
    enum lum_status status = lum_log_find(barn->log_txn, &id, &lno);
    if (status == LUM_OK) {
        status = lum_log_get(barn->log_txn, lno, &row);
    } else if (status == LUM_NOT_FOUND) {
        status = lum_log_create(barn->log_txn, &barn->space.id, world_log_name(barn->world, log),
                                WORLD_FOUNDED_MS, &row);
    }
    if (!ok(barn, status, "log row")) {
        return;
    }
    for (uint64_t seq = row.place.chain.seq + 1; seq <= last; seq++) {
        struct lum_bytes raw = world_raw(barn->world, log, seq);
        struct lum_log_place place = row.place;
        place.chain = world_chain(barn->world, log, seq);
        const struct lum_run_mark mark = {.length = (uint32_t)raw.len, .chain = place.chain};
        const struct lum_sig seal = {{0}};
        const struct lum_log_growth growth = {
            .run = raw, .marks = &mark, .count = 1, .seals = {&seal, 1}, .place = &place};
        LUM_ASSERT(place.chain.segment_events != 0); /* boundaries want their seal and range */
        if (!ok(barn, lum_log_append(barn->log_txn, barn->squeezer, &row, &growth, &arrival),
                "log_append")) {
            return;
        }
    }
    if (world_log_name(barn->world, log)->shelf == LUM_SHELF_GOV) {
        read_roster(barn);
    }
}

/* ---- the view ---- */

static enum lum_status apply(struct barn *barn, uint64_t events_max, bool is_scratch,
                             bool *needs_rebuild)
{
    const struct lum_view_batch batch = {barn->log_txn, barn->view_txn, barn->roster,
                                         events_max,    is_scratch,     0};
    struct lum_view_progress progress;
    struct lum_error err = {0};
    enum lum_status status = lum_view_apply(barn->applier, &batch, &progress, &err);
    *needs_rebuild = progress.needs_rebuild;
    if (status != LUM_OK && status != LUM_AGAIN) {
        (void)barn_fail(barn, "view_apply: %s, %s %s", lum_status_name(status), err.one, err.two);
    }
    return status;
}

void barn_rebuild(struct barn *barn)
{
    bool needs_rebuild = false;
    if (!barn_is_well(barn)) {
        return;
    }
    barn->rebuilds++;
    clear(barn, barn->view_txn, LUM_VIEW_TABLES);
    barn_restart(barn);
    enum lum_status status = LUM_AGAIN;
    while (status == LUM_AGAIN && barn_is_well(barn)) {
        status = apply(barn, 0, true, &needs_rebuild);
        if (needs_rebuild) {
            (void)barn_fail(barn, "a view made anew wants to be made anew");
        }
    }
}

bool barn_apply(struct barn *barn, uint64_t events_max)
{
    bool needs_rebuild = false;
    if (!barn_is_well(barn)) {
        return false;
    }
    enum lum_status status = apply(barn, events_max, false, &needs_rebuild);
    if (needs_rebuild) {
        barn_rebuild(barn);
        return false;
    }
    commit(barn);
    return status == LUM_AGAIN && barn_is_well(barn);
}

void barn_settle(struct barn *barn)
{
    while (barn_apply(barn, 0)) {
    }
}

/* ---- what is held ---- */

void barn_look(struct barn *barn)
{
    struct model_set *set = world_set(barn->world);
    for (uint32_t log = 0; log < set->log_count && barn_is_well(barn); log++) {
        struct lum_hash id = log_id(barn, log);
        struct lum_log_row row;
        uint32_t lno = 0;
        struct model_log *held = &set->logs[log];
        held->held = 0;
        held->is_frozen = false;
        held->fork_point = 0;
        enum lum_status status = lum_log_find(barn->log_txn, &id, &lno);
        if (status == LUM_NOT_FOUND) {
            continue;
        }
        if (status == LUM_OK) {
            status = lum_log_get(barn->log_txn, lno, &row);
        }
        if (ok(barn, status, "log row")) {
            held->held = row.place.chain.seq;
            held->is_frozen = row.is_frozen;
            held->fork_point = row.fork_point;
        }
    }
}
