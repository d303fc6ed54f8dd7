/*
 * bench_relay.c - row 15: how soon a record is seen elsewhere, right after connecting and through a
 * node between two others.
 */
#include <stdio.h>
#include <time.h>

#include "cli/bench.h"
#include "cli/map.h"

enum {
    RELAYED = 200, /* puts */
    PATIENCE_US = 20 * 1000 * 1000,
};

/* ---- the first record ---- */

/* The whole command is timed: begun, connected, in sync, ended. */
enum lum_status lum_bench_first(struct lum_bench *bench, const char *from, const char *to,
                                enum lum_bench_figure figure, struct lum_error *err)
{
    struct lum_bench_samples ms = {.count = 0};
    enum lum_status status = LUM_OK;

    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        status = lum_bench_do(bench, from, LUM_WORDS("put", "first", "said=now"), err);
        if (status == LUM_OK) {
            status = lum_bench_sync(bench, to, from, err);
        }
        lum_bench_add(&ms, bench->last.seconds * 1000);
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, figure, &ms);
    }
    return status;
}

/* ---- a node between two others ---- */

/* A client of a served store, and the answer it had last. */
struct talk {
    char dir[LUM_BENCH_PATH];
    struct lum_client *client;
    char id[LUM_PIECE]; /* "coll/id" of the record in the answer */
};

static enum lum_status open_talk(struct lum_bench *bench, const char *store, struct talk *talk,
                                 struct lum_error *err)
{
    const struct lum_client_options options = {.dir = talk->dir};

    lum_bench_path(bench, store, talk->dir);
    return lum_client_open(&options, &talk->client, err);
}

static enum lum_status keep_id(void *self, struct lum_bytes map, struct lum_error *err)
{
    struct talk *talk = self;
    char id[LUM_PIECE];

    (void)err;
    lum_show_cut(lum_map_text(map, "id"), id);
    snprintf(talk->id, sizeof(talk->id), "relayed/%.64s", id);
    return LUM_OK;
}

/* Asks `name` with one argument. */
static enum lum_status ask(struct talk *talk, const char *name, const char *record,
                           struct lum_bytes fields, struct lum_error *err)
{
    const struct lum_answer answer = {.self = talk, .done = keep_id};
    struct lum_question question;
    struct lum_bytes body;
    enum lum_status status;

    lum_question_init(&question, name);
    if (record != NULL) {
        lum_question_text(&question, "record", record);
    } else {
        lum_question_text(&question, "coll", "relayed");
        lum_question_value(&question, "fields", fields);
    }
    status = lum_question_end(&question, &body);
    if (status == LUM_OK) {
        status = lum_client_ask(talk->client, body, &answer, err);
    }
    lum_question_fini(&question);
    return status;
}

/* Puts at one end until it is seen at the other. */
static enum lum_status relay_one(struct lum_bench *bench, struct talk ends[2], double *ms,
                                 struct lum_error *err)
{
    const struct timespec pause = {.tv_nsec = 500 * 1000};
    uint64_t row = lum_bench_draw(bench, bench->data.rows);
    uint64_t begun_us = lum_command_now_us();
    enum lum_status status = ask(&ends[0], "put", NULL, lum_bench_row(&bench->data, row), err);

    while (status == LUM_OK) {
        status = ask(&ends[1], "get", ends[0].id, (struct lum_bytes){NULL, 0}, err);
        if (status != LUM_NOT_FOUND || *bench->run->stop != 0 ||
            lum_command_now_us() - begun_us > PATIENCE_US) {
            break;
        }
        nanosleep(&pause, NULL);
        status = LUM_OK;
    }
    *ms = lum_bench_since(begun_us) * 1000;
    return status;
}

static enum lum_status measure_line(struct lum_bench *bench, struct lum_error *err)
{
    struct talk ends[2] = {{.client = NULL}, {.client = NULL}};
    uint64_t count = bench->records < RELAYED ? bench->records : RELAYED;
    double ms[RELAYED] = {0};
    double first;
    enum lum_status status = open_talk(bench, "one", &ends[0], err);

    if (status == LUM_OK) {
        status = open_talk(bench, "three", &ends[1], err);
    }
    if (status == LUM_OK) { /* they may still be meeting: this one is not counted */
        status = relay_one(bench, ends, &first, err);
    }
    for (uint64_t i = 0; i < count && status == LUM_OK; i++) {
        status = relay_one(bench, ends, &ms[i], err);
    }
    lum_client_close(ends[0].client);
    lum_client_close(ends[1].client);
    if (status == LUM_OK) {
        lum_bench_tell_one(bench, LUM_FIGURE_relay_p50, lum_bench_percentile(ms, count, 50));
        lum_bench_tell_one(bench, LUM_FIGURE_relay_p99, lum_bench_percentile(ms, count, 99));
    }
    return status;
}

/* one <- two <- three: each joined through the one before, and knows only that one. */
static enum lum_status make_line(struct lum_bench *bench, struct lum_error *err)
{
    char invite[LUM_PIECE];
    enum lum_status status = lum_bench_found(bench, "one", invite, err);

    if (status == LUM_OK) {
        status = lum_bench_join(bench, "two", invite, "one", err);
    }
    if (status == LUM_OK) {
        status = lum_bench_first(bench, "one", "two", LUM_FIGURE_first_small, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_serve(bench, "two", NULL, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_join(bench, "three", invite, "two", err);
    }
    return status == LUM_OK ? lum_bench_serve(bench, "three", NULL, err) : status;
}

enum lum_status lum_bench_relay(struct lum_bench *bench, struct lum_error *err)
{
    static const char *const stores[] = {"three", "two", "one"};
    enum lum_status status = make_line(bench, err);

    if (status == LUM_OK) {
        status = measure_line(bench, err);
    }
    for (size_t i = 0; i < LUM_COUNT(stores) && status == LUM_OK; i++) {
        status = lum_bench_stop(bench, stores[i], err);
        if (status == LUM_OK) {
            status = lum_bench_verify(bench, stores[i], err);
        }
    }
    for (size_t i = 0; i < LUM_COUNT(stores); i++) {
        lum_bench_remove(bench, stores[i]);
    }
    return status;
}
