/*
 * bench_put.c - rows 6 and 16: records saved one by one while a node runs on the large store.
 */
#include <time.h>

#include "cli/bench.h"

enum {
    LONE = 400,
    MANY = 20000,
    CALLERS = 64,
};
static const char STORE[] = "base";

static enum lum_status measure_lone(struct lum_bench *bench, double *ms, uint64_t puts,
                                    struct lum_error *err)
{
    struct lum_bench_samples rates = {.count = 0};
    struct lum_bench_samples ratios = {.count = 0};
    struct lum_bench_samples written = {.count = 0};
    pid_t pid = lum_bench_node(bench, STORE)->pid;
    enum lum_status status = LUM_OK;

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        struct lum_bench_load load = {.store = STORE, .callers = 1, .asks = puts, .ms = ms};
        double before = lum_bench_written(pid);
        double raw = 1;
        status = lum_bench_commits(bench, puts, &raw, err);
        if (status == LUM_OK) {
            status = lum_bench_call(bench, &load, err);
        }
        lum_bench_add(&rates, (double)puts / load.seconds);
        lum_bench_add(&ratios, rates.at[run] / raw);
        lum_bench_add(&written, (lum_bench_written(pid) - before) / (double)puts);
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_put_rate, &rates);
        lum_bench_tell(bench, LUM_FIGURE_put_ratio, &ratios);
        lum_bench_tell(bench, LUM_FIGURE_written_put, &written);
    }
    return status;
}

/* One put and nothing behind it: the view follows for it alone. */
static enum lum_status measure_alone(struct lum_bench *bench, double *ms, struct lum_error *err)
{
    const struct timespec pause = {.tv_nsec = 300 * 1000 * 1000};
    struct lum_bench_samples written = {.count = 0};
    pid_t pid = lum_bench_node(bench, STORE)->pid;
    enum lum_status status = LUM_OK;

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        struct lum_bench_load load = {.store = STORE, .callers = 1, .asks = 1, .ms = ms};
        double before;
        nanosleep(&pause, NULL);
        before = lum_bench_written(pid);
        status = lum_bench_call(bench, &load, err);
        nanosleep(&pause, NULL);
        lum_bench_add(&written, lum_bench_written(pid) - before);
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_written_alone, &written);
    }
    return status;
}

static enum lum_status measure_many(struct lum_bench *bench, double *ms, uint64_t puts,
                                    struct lum_error *err)
{
    struct lum_bench_samples rates = {.count = 0};
    struct lum_bench_samples waits = {.count = 0};
    enum lum_status status = LUM_OK;

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        struct lum_bench_load load = {.store = STORE, .callers = CALLERS, .asks = puts, .ms = ms};
        status = lum_bench_call(bench, &load, err);
        if (status == LUM_OK) {
            lum_bench_add(&rates, (double)puts / load.seconds);
            lum_bench_add(&waits, lum_bench_percentile(ms, puts, 99));
        }
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_put_many, &rates);
        lum_bench_tell(bench, LUM_FIGURE_put_many_p99, &waits);
    }
    return status;
}

enum lum_status lum_bench_puts(struct lum_bench *bench, struct lum_error *err)
{
    uint64_t lone = bench->records < LONE ? bench->records : LONE;
    uint64_t many = bench->records < MANY ? bench->records : MANY;
    double *ms = lum_alloc(MANY * sizeof(*ms));
    enum lum_status status = ms == NULL ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL)
                                        : lum_bench_serve(bench, STORE, NULL, err);

    if (status == LUM_OK) {
        status = measure_lone(bench, ms, lone, err);
    }
    if (status == LUM_OK) {
        status = measure_alone(bench, ms, err);
    }
    if (status == LUM_OK) {
        status = measure_many(bench, ms, many, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_stop(bench, STORE, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_verify(bench, STORE, err);
    }
    lum_bench_remove(bench, STORE);
    lum_free(ms);
    return status;
}
