/*
 * bench_grow.c - row 17: how the view of records that are edited again and again grows, beside one
 * made anew; row 7: how quickly those edits are applied when it is.
 */
#include "cli/bench.h"

enum {
    RECORDS = 100000,
    ROUNDS = 10,
};
static const char STORE[] = "grown";

static enum lum_status rebuild(struct lum_bench *bench, struct lum_bench_samples *seconds,
                               struct lum_error *err)
{
    enum lum_status status = LUM_OK;

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        status = lum_bench_do(bench, STORE, LUM_WORDS("rebuild"), err);
        lum_bench_add(seconds, bench->last.seconds);
    }
    return status;
}

static enum lum_status edit_all(struct lum_bench *bench, const struct lum_bench_part *part,
                                const char *path, struct lum_error *err)
{
    enum lum_status status = LUM_OK;

    for (int round = 0; round < ROUNDS && status == LUM_OK; round++) {
        status = lum_bench_write_edits(bench, part, LUM_BENCH_TEXT, path, err);
        if (status == LUM_OK) {
            status = lum_bench_import(bench, STORE, path, err);
        }
    }
    return status;
}

static void tell(struct lum_bench *bench, uint64_t edits, const struct lum_bench_samples *creates,
                 const struct lum_bench_samples *all)
{
    struct lum_bench_samples rates = {.count = 0};
    double without = lum_bench_median(creates);

    for (size_t i = 0; i < all->count; i++) {
        double seconds = all->at[i] - without;
        lum_bench_add(&rates, (double)edits / (seconds > 1e-3 ? seconds : 1e-3));
    }
    lum_bench_tell(bench, LUM_FIGURE_rebuild_edits, &rates);
}

static enum lum_status measure_node(struct lum_bench *bench, struct lum_error *err)
{
    enum lum_status status = lum_bench_serve(bench, STORE, NULL, err);

    if (status == LUM_OK) { /* what it needs to answer counts too */
        status = lum_bench_do(bench, STORE, LUM_WORDS("status"), err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_bench_tell_one(bench, LUM_FIGURE_node_memory,
                       lum_bench_memory(lum_bench_node(bench, STORE)->pid) / (1024 * 1024));
    return lum_bench_stop(bench, STORE, err);
}

static enum lum_status measure(struct lum_bench *bench, const struct lum_bench_part *part,
                               const char *path, struct lum_error *err)
{
    struct lum_bench_samples creates = {.count = 0};
    struct lum_bench_samples all = {.count = 0};
    double grown;
    enum lum_status status = rebuild(bench, &creates, err);

    if (status == LUM_OK) {
        status = edit_all(bench, part, path, err);
    }
    grown = lum_bench_size(bench, STORE, "view.mdb");
    if (status == LUM_OK) {
        status = rebuild(bench, &all, err);
    }
    if (status == LUM_OK) {
        tell(bench, part->count * ROUNDS, &creates, &all);
        lum_bench_tell_one(bench, LUM_FIGURE_grown_ratio,
                           grown / lum_bench_size(bench, STORE, "view.mdb"));
        status = lum_bench_verify(bench, STORE, err);
    }
    return status == LUM_OK ? measure_node(bench, err) : status;
}

enum lum_status lum_bench_grow(struct lum_bench *bench, struct lum_error *err)
{
    const struct lum_bench_part part = {0, bench->records < RECORDS ? bench->records : RECORDS};
    char path[LUM_BENCH_PATH];
    enum lum_status status = lum_bench_do(bench, STORE, LUM_WORDS("init", "G", "--as", "G"), err);

    if (status == LUM_OK) {
        status = lum_bench_write(bench, &part, lum_bench_path(bench, "rows.ndjson", path), err);
    }
    if (status == LUM_OK) {
        status = lum_bench_do(bench, STORE,
                              LUM_WORDS("import", "visits", path, "--key", bench->data.key), err);
    }
    if (status == LUM_OK) {
        status = measure(bench, &part, path, err);
    }
    lum_bench_remove(bench, STORE);
    return status;
}
