/*
 * bench_meet.c - rows 4, 5, 11: meetings of stores that have much in common, and of two who wrote
 * apart; row 9: nodes that are connected and have nothing to say.
 *
 * Bytes are those of the whole connection both ways, handshake included, as the two totals that
 * `status` keeps of a neighbour tell them once the line is closed.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/bench.h"
#include "cli/map.h"

enum {
    WRITERS = 10,
    SHARED = 100000, /* records of row 4 */
    EACH = 100,      /* new ones of each writer */
    APART = 1000,    /* records of row 11 */
    ROUNDS = 10,
    OPEN_TRIES = 100, /* with 100 ms between them, until a neighbour has connected */
};

/* ---- steps that several rows take ---- */

/* Bytes that have passed between a store and its neighbours so far. */
static enum lum_status wire_bytes(struct lum_bench *bench, const char *store, uint64_t *out,
                                  struct lum_error *err)
{
    struct lum_map_list peers;
    struct lum_bytes peer;
    enum lum_status status = lum_bench_do(bench, store, LUM_WORDS("status"), err);

    *out = 0;
    peers = lum_map_list(lum_buf_bytes(&bench->last.map), "peers");
    while (status == LUM_OK && lum_map_list_next(&peers, &peer)) {
        *out += lum_map_uint(peer, "bytes_in") + lum_map_uint(peer, "bytes_out");
    }
    return status;
}

/* A sync whose bytes count. */
static enum lum_status sync_told(struct lum_bench *bench, const char *store, const char *with,
                                 uint64_t *bytes, struct lum_error *err)
{
    uint64_t before = 0;
    uint64_t after = 0;
    enum lum_status status = wire_bytes(bench, store, &before, err);

    if (status == LUM_OK) {
        status = lum_bench_sync(bench, store, with, err);
    }
    if (status == LUM_OK) {
        status = wire_bytes(bench, store, &after, err);
    }
    *bytes = after - before;
    return status;
}

/* ---- rows 4 and 5: catching up ---- */

static const char *writer_name(int i, char out[16])
{
    snprintf(out, 16, "writer%c", 'a' + i);
    return out;
}

/* Each writer brings `each` rows to the hub; *next is the first row nobody has. */
static enum lum_status bring(struct lum_bench *bench, uint64_t each, uint64_t *next,
                             struct lum_error *err)
{
    enum lum_status status = LUM_OK;
    char name[16];

    for (int i = 0; i < WRITERS && status == LUM_OK; i++) {
        const struct lum_bench_part part = {*next, each};
        status = lum_bench_import_part(bench, writer_name(i, name), &part, err);
        if (status == LUM_OK) {
            status = lum_bench_sync(bench, name, "hub", err);
        }
        *next += each;
    }
    return status;
}

static enum lum_status tell_catch(struct lum_bench *bench, enum lum_bench_figure figure,
                                  struct lum_error *err)
{
    uint64_t bytes = 0;
    enum lum_status status = sync_told(bench, "reader", "hub", &bytes, err);

    if (status == LUM_OK) {
        lum_bench_tell_one(bench, figure, (double)bytes);
    }
    return status;
}

static enum lum_status measure_catch(struct lum_bench *bench, uint64_t next, struct lum_error *err)
{
    uint64_t many = bench->records / 100 < EACH ? 1 + bench->records / 101 : EACH;
    struct lum_bench_part ten = {0, WRITERS};
    enum lum_status status = tell_catch(bench, LUM_FIGURE_catch_none, err);

    if (status == LUM_OK) {
        status = bring(bench, 1, &next, err);
    }
    if (status == LUM_OK) {
        status = tell_catch(bench, LUM_FIGURE_catch_few, err);
    }
    if (status == LUM_OK) {
        status = bring(bench, many, &next, err);
    }
    if (status == LUM_OK) {
        status = tell_catch(bench, LUM_FIGURE_catch_many, err);
    }
    ten.first = next;
    if (status == LUM_OK) {
        status = lum_bench_import_part(bench, "writera", &ten, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_sync(bench, "writera", "hub", err);
    }
    return status == LUM_OK ? tell_catch(bench, LUM_FIGURE_catch_one, err) : status;
}

static enum lum_status prepare_catch(struct lum_bench *bench, uint64_t *next, struct lum_error *err)
{
    uint64_t shared = bench->records < SHARED ? bench->records : SHARED;
    char invite[LUM_PIECE];
    char name[16];
    enum lum_status status = lum_bench_found(bench, "hub", invite, err);

    for (int i = 0; i < WRITERS && status == LUM_OK; i++) {
        status = lum_bench_join(bench, writer_name(i, name), invite, "hub", err);
    }
    if (status == LUM_OK) {
        status = bring(bench, shared / WRITERS, next, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_join(bench, "reader", invite, "hub", err);
    }
    return status;
}

/* ---- row 9: idle neighbours ---- */

/* Open files of a process, its lines among them. */
static int count_open(pid_t pid)
{
    char path[64];
    int count = 0;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
    dir = opendir(path);
    while (dir != NULL && readdir(dir) != NULL) {
        count++;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return count;
}

static enum lum_status await_open(struct lum_bench *bench, int count, struct lum_error *err)
{
    const struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
    pid_t pid = lum_bench_node(bench, "hub")->pid;

    for (int tries = 0; tries < OPEN_TRIES && *bench->run->stop == 0; tries++) {
        if (count_open(pid) >= count) {
            nanosleep(&pause, NULL); /* what connecting took is given back by now */
            return LUM_OK;
        }
        nanosleep(&pause, NULL);
    }
    return lum_fail(err, LUM_CAUSE_no_answer, "hub", NULL);
}

/* What the hub's memory grows by for a writer that has nothing new and stays. The first one is not
 * counted: it pays for what all share. */
static enum lum_status measure_idle(struct lum_bench *bench, struct lum_error *err)
{
    double first = 0;
    double all = 0;
    char name[16];
    int open = count_open(lum_bench_node(bench, "hub")->pid);
    pid_t hub = lum_bench_node(bench, "hub")->pid;
    enum lum_status status = LUM_OK;

    for (int i = 0; i < WRITERS && status == LUM_OK; i++) {
        status = lum_bench_serve(bench, writer_name(i, name), NULL, err);
        if (status == LUM_OK) {
            status = await_open(bench, open + i + 1, err);
        }
        all = lum_bench_memory(hub);
        first = i == 0 ? all : first;
    }
    for (int i = 0; i < WRITERS && status == LUM_OK; i++) {
        status = lum_bench_stop(bench, writer_name(i, name), err);
    }
    if (status == LUM_OK) {
        lum_bench_tell_one(bench, LUM_FIGURE_idle_peer, (all - first) / 1024 / (WRITERS - 1));
    }
    return status;
}

/* All hold the same, and the hub begins anew: nothing is left of what it sent. */
static enum lum_status prepare_idle(struct lum_bench *bench, struct lum_error *err)
{
    char address[LUM_PIECE];
    char name[16];
    enum lum_status status = LUM_OK;

    for (int i = 0; i < WRITERS && status == LUM_OK; i++) {
        status = lum_bench_sync(bench, writer_name(i, name), "hub", err);
    }
    snprintf(address, sizeof(address), "%s", lum_bench_node(bench, "hub")->address);
    if (status == LUM_OK) {
        status = lum_bench_stop(bench, "hub", err);
    }
    return status == LUM_OK ? lum_bench_serve(bench, "hub", address, err) : status;
}

enum lum_status lum_bench_catch_up(struct lum_bench *bench, struct lum_error *err)
{
    uint64_t next = 0;
    char name[16];
    enum lum_status status = prepare_catch(bench, &next, err);

    if (status == LUM_OK) {
        status = measure_catch(bench, next, err);
    }
    if (status == LUM_OK) {
        status = prepare_idle(bench, err);
    }
    if (status == LUM_OK) {
        status = measure_idle(bench, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_stop(bench, "hub", err);
    }
    if (status == LUM_OK) {
        status = lum_bench_verify(bench, "hub", err);
    }
    if (status == LUM_OK) {
        status = lum_bench_verify(bench, "reader", err);
    }
    for (int i = 0; i < WRITERS; i++) {
        lum_bench_remove(bench, writer_name(i, name));
    }
    lum_bench_remove(bench, "hub");
    lum_bench_remove(bench, "reader");
    return status;
}

/* ---- row 11: two who wrote apart ---- */

static enum lum_status edit_apart(struct lum_bench *bench, const char *store,
                                  const struct lum_bench_part *part, enum lum_bench_edit edit,
                                  struct lum_error *err)
{
    char path[LUM_BENCH_PATH];
    enum lum_status status = LUM_OK;

    lum_bench_path(bench, "edits.ndjson", path);
    for (int round = 0; round < ROUNDS && status == LUM_OK; round++) {
        status = lum_bench_write_edits(bench, part, edit, path, err);
        if (status == LUM_OK) {
            status = lum_bench_import(bench, store, path, err);
        }
    }
    return status;
}

/* Two that hold the same records, and then write apart: `left` is served at the end. */
static enum lum_status prepare_apart(struct lum_bench *bench, const struct lum_bench_part *part,
                                     struct lum_error *err)
{
    char invite[LUM_PIECE];
    enum lum_status status = lum_bench_found(bench, "left", invite, err);

    if (status == LUM_OK) {
        status = lum_bench_import_part(bench, "left", part, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_join(bench, "right", invite, "left", err);
    }
    if (status == LUM_OK) {
        status = lum_bench_stop(bench, "left", err);
    }
    if (status == LUM_OK) {
        status = edit_apart(bench, "left", part, LUM_BENCH_LEFT, err);
    }
    if (status == LUM_OK) {
        status = edit_apart(bench, "right", part, LUM_BENCH_RIGHT, err);
    }
    return status == LUM_OK ? lum_bench_serve(bench, "left", NULL, err) : status;
}

struct apart {
    struct lum_bench_samples seconds;
    struct lum_bench_samples wire;
    double wrong;
};

/* Nine of ten cells were left with different values: see LUM_BENCH_LEFT. */
static enum lum_status count_wrong(struct lum_bench *bench, const char *store, double expected,
                                   struct apart *apart, struct lum_error *err)
{
    enum lum_status status = lum_bench_do(bench, store, LUM_WORDS("conflicts"), err);
    double found = lum_bench_got(bench, "count");

    apart->wrong += found > expected ? found - expected : expected - found;
    return status;
}

static enum lum_status meet_once(struct lum_bench *bench, struct apart *apart,
                                 struct lum_error *err)
{
    const struct lum_bench_part part = {0, bench->records < APART ? bench->records : APART};
    double expected = (double)(part.count - (part.count + 9) / 10);
    uint64_t before = 0;
    uint64_t after = 0;
    enum lum_status status = prepare_apart(bench, &part, err);

    if (status == LUM_OK) {
        status = wire_bytes(bench, "right", &before, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_sync(bench, "right", "left", err);
        lum_bench_add(&apart->seconds, bench->last.seconds);
    }
    if (status == LUM_OK) {
        status = count_wrong(bench, "left", expected, apart, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_stop(bench, "left", err);
    }
    if (status == LUM_OK) {
        status = wire_bytes(bench, "right", &after, err);
        lum_bench_add(&apart->wire, (double)(after - before));
    }
    if (status == LUM_OK) {
        status = count_wrong(bench, "right", expected, apart, err);
    }
    return status;
}

enum lum_status lum_bench_apart(struct lum_bench *bench, struct lum_error *err)
{
    struct apart apart = {.wrong = 0};
    enum lum_status status = LUM_OK;

    for (int pair = 0; pair < LUM_BENCH_RUNS && status == LUM_OK; pair++) {
        status = meet_once(bench, &apart, err);
        if (status == LUM_OK) {
            status = lum_bench_verify(bench, "left", err);
        }
        if (status == LUM_OK) {
            status = lum_bench_verify(bench, "right", err);
        }
        lum_bench_remove(bench, "left");
        lum_bench_remove(bench, "right");
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_apart_seconds, &apart.seconds);
        lum_bench_tell(bench, LUM_FIGURE_apart_wire, &apart.wire);
        lum_bench_tell_one(bench, LUM_FIGURE_apart_wrong, apart.wrong);
    }
    return status;
}
