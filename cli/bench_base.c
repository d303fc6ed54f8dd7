/*
 * bench_base.c - the large store: imported (row 6), read (8), opened (9), checked (2), rebuilt (7),
 * brought to an empty neighbour (3), compacted (10).
 *
 * The order matters: the neighbour is served what an import left, not what compact made of it.
 */
#include <stdio.h>
#include <string.h>

#include "cli/bench.h"
#include "core/query.h"
#include "net/host.h"

enum {
    GETS = 200000,
    QUERIES = 100,
    OPENS = 5,
    BEST = 100, /* records a query asks for */
    MIB = 1024 * 1024,
};
static const char STORE[] = "base";

/* ---- row 6: import; row 16: what it writes ---- */

static enum lum_status payload_bytes(struct lum_bench *bench, uint64_t *out, struct lum_error *err)
{
    struct lum_bench_open open;
    struct lum_log_event event;
    enum lum_status status = lum_bench_enter(bench, STORE, &open, err);

    *out = 0;
    if (status != LUM_OK) {
        return status;
    }
    status = lum_log_seek(open.reader, open.log, open.row.lno, 1);
    while (status == LUM_OK) {
        status = lum_log_next(open.reader, &event);
        *out += status == LUM_OK ? event.payload.len : 0;
    }
    lum_bench_leave(&open);
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* The last of the stores stays. */
static enum lum_status measure_import(struct lum_bench *bench, struct lum_error *err)
{
    const struct lum_bench_part part = {0, bench->records};
    struct lum_bench_samples rates = {.count = 0};
    char path[LUM_BENCH_PATH];
    uint64_t payload = 0;
    double written = 0;
    enum lum_status status =
        lum_bench_write(bench, &part, lum_bench_path(bench, "rows.ndjson", path), err);

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        lum_bench_remove(bench, STORE);
        status = lum_bench_do(bench, STORE, LUM_WORDS("init", "Base", "--as", "Adi"), err);
        if (status == LUM_OK) {
            status = lum_bench_import(bench, STORE, path, err);
        }
        lum_bench_add(&rates, (double)bench->records / bench->last.seconds);
        written = bench->last.written;
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_import_rate, &rates);
        status = payload_bytes(bench, &payload, err);
    }
    if (status == LUM_OK) {
        lum_bench_tell_one(bench, LUM_FIGURE_written_import, written / (double)payload);
    }
    return status;
}

/* ---- row 8: reading ---- */

static enum lum_status get_many(const struct lum_bench_open *open, const struct lum_bench_ids *ids,
                                double *rate)
{
    struct lum_arena arena;
    struct lum_record record;
    uint64_t begun_us = lum_command_now_us();
    uint64_t rno;
    enum lum_status status = LUM_OK;

    lum_arena_init(&arena);
    for (uint64_t i = 0; i < GETS && status == LUM_OK; i++) {
        lum_arena_reset(&arena);
        status = lum_view_find(open->view, LUM_SHELF_COMMON, &ids->at[i % ids->count], &rno);
        if (status == LUM_OK) {
            status = lum_view_record(open->view, rno, &arena, &record);
        }
    }
    *rate = GETS / lum_bench_since(begun_us);
    lum_arena_fini(&arena);
    return status;
}

static enum lum_status measure_get(struct lum_bench *bench, const struct lum_bench_open *open,
                                   struct lum_error *err)
{
    struct lum_bench_samples raw = {.count = 0};
    struct lum_bench_samples rates = {.count = 0};
    struct lum_bench_samples ratios = {.count = 0};
    struct lum_bench_ids ids = {.max = bench->records};
    enum lum_status status = lum_bench_gets(bench, &raw, err);

    ids.at = lum_alloc_zero((size_t)bench->records * sizeof(*ids.at));
    if (status == LUM_OK && ids.at == NULL) {
        status = lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    if (status == LUM_OK) {
        status = lum_bench_ids(bench, open->view, "visits", &ids);
    }
    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        double rate = 0;
        status = get_many(open, &ids, &rate);
        lum_bench_add(&rates, rate);
        lum_bench_add(&ratios, rate / raw.at[run]);
    }
    lum_free(ids.at);
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_get_rate, &rates);
        lum_bench_tell(bench, LUM_FIGURE_get_ratio, &ratios);
    }
    return status;
}

/* One pass over the collection; how long it took. */
static enum lum_status query_once(const struct lum_bench_open *open,
                                  const struct lum_query_plan *asked, const char *where,
                                  double *seconds, struct lum_error *err)
{
    struct lum_query_plan plan = *asked;
    struct lum_query *query;
    struct lum_buf rnos;
    uint64_t begun_us = lum_command_now_us();
    uint64_t count = 0;
    enum lum_status status = lum_query_open(where, &query, err);

    if (status != LUM_OK) {
        return status;
    }
    lum_buf_init(&rnos, SIZE_MAX);
    plan.query = query;
    status =
        lum_query_run(open->view, open->log, &plan, plan.sort.len > 0 ? &rnos : NULL, &count, err);
    *seconds = lum_bench_since(begun_us);
    lum_query_close(query);
    lum_buf_fini(&rnos);
    return status;
}

static struct lum_query_plan plan_of(const char *sort)
{
    return (struct lum_query_plan){.shelf = LUM_SHELF_COMMON,
                                   .collection = lum_bytes_of("visits", 6),
                                   .sort = lum_bytes_of(sort, strlen(sort))};
}

static enum lum_status measure_scan(struct lum_bench *bench, const struct lum_bench_open *open,
                                    struct lum_error *err)
{
    const struct lum_query_plan plan = plan_of("");
    struct lum_bench_samples rates = {.count = 0};
    enum lum_status status = LUM_OK;

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        double seconds = 1;
        status = query_once(open, &plan, NULL, &seconds, err);
        lum_bench_add(&rates, (double)bench->records / seconds);
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_scan_rate, &rates);
    }
    return status;
}

/* Half as many records again are there by now: with the default, the design's 150,000. */
static enum lum_status measure_query(struct lum_bench *bench, struct lum_error *err)
{
    const struct lum_bench_part part = {bench->records, bench->records / 2};
    struct lum_query_plan plan = plan_of(bench->data.sort);
    struct lum_bench_open open;
    char path[LUM_BENCH_PATH];
    double ms[QUERIES];
    enum lum_status status =
        lum_bench_write(bench, &part, lum_bench_path(bench, "more.ndjson", path), err);

    if (status == LUM_OK) {
        status = lum_bench_do(bench, STORE,
                              LUM_WORDS("import", "visits", path, "--key", bench->data.key), err);
    }
    if (status == LUM_OK) {
        status = lum_bench_enter(bench, STORE, &open, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    plan.limit = BEST;
    for (int run = 0; run < QUERIES && status == LUM_OK; run++) {
        const char *where = bench->data.where[0] == '\0' ? NULL : bench->data.where;
        status = query_once(&open, &plan, where, &ms[run], err);
        ms[run] *= 1000;
    }
    lum_bench_leave(&open);
    if (status == LUM_OK) {
        lum_bench_tell_one(bench, LUM_FIGURE_query_p99, lum_bench_percentile(ms, QUERIES, 99));
    }
    return status;
}

static enum lum_status measure_inside(struct lum_bench *bench, struct lum_error *err)
{
    static const struct lum_bench_checks figures = {
        0, LUM_FIGURE_record_payload, LUM_FIGURE_record_verify_rate, LUM_FIGURE_record_verify};
    struct lum_bench_open open;
    enum lum_status status = lum_bench_enter(bench, STORE, &open, err);

    if (status != LUM_OK) {
        return status;
    }
    status = lum_bench_check(bench, &open, &figures, err);
    if (status == LUM_OK) {
        status = measure_get(bench, &open, err);
    }
    if (status == LUM_OK) {
        status = measure_scan(bench, &open, err);
    }
    lum_bench_leave(&open);
    return status;
}

/* ---- row 9: opening ---- */

static enum lum_status measure_opening(struct lum_bench *bench, struct lum_error *err)
{
    struct lum_bench_samples samples = {.count = 0};
    char path[LUM_BENCH_PATH];
    const struct lum_space_options options = {.env = lum_host_env(),
                                              .dir = lum_bench_path(bench, STORE, path)};
    enum lum_status status = LUM_OK;

    for (int run = 0; run < OPENS && status == LUM_OK; run++) {
        struct lum_space *space = NULL;
        uint64_t begun_us = lum_command_now_us();
        status = lum_space_open(&options, &space, err);
        lum_bench_add(&samples, lum_bench_since(begun_us) * 1000);
        lum_space_close(space);
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_open_ms, &samples);
    }
    return status;
}

/* ---- row 7: creates ---- */

static enum lum_status measure_rebuild(struct lum_bench *bench, struct lum_error *err)
{
    struct lum_bench_samples rates = {.count = 0};
    enum lum_status status = LUM_OK;

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        status = lum_bench_do(bench, STORE, LUM_WORDS("rebuild"), err);
        lum_bench_add(&rates, (double)bench->records / bench->last.seconds);
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_rebuild_creates, &rates);
    }
    return status;
}

/* ---- row 3: the first sync ---- */

struct firsts {
    struct lum_bench_samples rates;
    struct lum_bench_samples ratios;
    struct lum_bench_samples wire;
    struct lum_bench_samples memory[2]; /* MiB, of the receiver and the sender */
};

/* `join` ends when both hold the same and the view has caught up. */
static enum lum_status join_once(struct lum_bench *bench, const char *invite, struct firsts *firsts,
                                 struct lum_error *err)
{
    double raw = lum_bench_verifies();
    double bytes;
    double rate;
    enum lum_status status;

    lum_bench_remove(bench, "guest");
    bench->watched = lum_bench_node(bench, STORE)->pid;
    status = lum_bench_join(bench, "guest", invite, STORE, err);
    bench->watched = 0;
    if (status != LUM_OK) {
        return status;
    }
    rate = (double)bench->records / bench->last.seconds;
    bytes = lum_bench_got(bench, "bytes_in") + lum_bench_got(bench, "bytes_out");
    lum_bench_add(&firsts->rates, rate);
    lum_bench_add(&firsts->ratios, rate / raw);
    lum_bench_add(&firsts->wire, bytes / (double)bench->records);
    for (size_t i = 0; i < 2; i++) {
        lum_bench_add(&firsts->memory[i], bench->last.memory[i] / MIB);
    }
    return LUM_OK;
}

static enum lum_status join_often(struct lum_bench *bench, struct firsts *firsts,
                                  struct lum_error *err)
{
    char invite[LUM_PIECE];
    enum lum_status status = lum_bench_invite(bench, STORE, invite, err);

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        status = join_once(bench, invite, firsts, err);
    }
    return status;
}

static enum lum_status measure_first_sync(struct lum_bench *bench, struct lum_error *err)
{
    struct firsts firsts = {.rates = {.count = 0}};
    enum lum_status status = lum_bench_serve(bench, STORE, NULL, err);

    if (status == LUM_OK) {
        status = join_often(bench, &firsts, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_first(bench, STORE, "guest", LUM_FIGURE_first_large, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_stop(bench, STORE, err);
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_sync_rate, &firsts.rates);
        lum_bench_tell(bench, LUM_FIGURE_sync_ratio, &firsts.ratios);
        lum_bench_tell(bench, LUM_FIGURE_sync_wire, &firsts.wire);
        lum_bench_tell(bench, LUM_FIGURE_sync_sender, &firsts.memory[1]);
        lum_bench_tell(bench, LUM_FIGURE_sync_receiver, &firsts.memory[0]);
        status = lum_bench_verify(bench, "guest", err);
    }
    lum_bench_remove(bench, "guest");
    return status == LUM_OK ? lum_bench_verify(bench, STORE, err) : status;
}

/* ---- row 10: at rest ---- */

static enum lum_status measure_rest(struct lum_bench *bench, struct lum_error *err)
{
    enum lum_status status = lum_bench_do(bench, STORE, LUM_WORDS("compact"), err);

    if (status == LUM_OK) {
        lum_bench_tell_one(bench, LUM_FIGURE_rest_log,
                           lum_bench_size(bench, STORE, "log.mdb") / (double)bench->records);
        lum_bench_tell_one(bench, LUM_FIGURE_rest_view,
                           lum_bench_size(bench, STORE, "view.mdb") / (double)bench->records);
        status = lum_bench_verify(bench, STORE, err);
    }
    return status;
}

enum lum_status lum_bench_base(struct lum_bench *bench, struct lum_error *err)
{
    lum_bench_part_fn *const parts[] = {
        measure_import,     measure_inside, measure_opening, measure_rebuild,
        measure_first_sync, measure_rest,   measure_query,
    };

    return lum_bench_each(bench, parts, LUM_COUNT(parts), err);
}
