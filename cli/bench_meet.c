/*
 * bench_meet.c - rows 4, 5, 11, 15: meetings of stores that have much in common, of two who wrote
 * apart, and a node between two others.
 *
 * Bytes are those of the whole connection both ways, handshake included, as the two totals that
 * `status` keeps of a neighbour tell them once the line is closed.
 */
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
    PAIRS = 3,
    RELAYED = 200, /* puts of row 15 */
    PATIENCE_US = 20 * 1000 * 1000,
};

/* ---- steps that several rows take ---- */

static enum lum_status import(struct lum_bench *bench, const char *store, const char *path,
                              struct lum_error *err)
{
    return lum_bench_do(bench, store, LUM_WORDS("import", "visits", path, "--key", bench->data.key),
                        err);
}

static enum lum_status import_part(struct lum_bench *bench, const char *store,
                                   const struct lum_bench_part *part, struct lum_error *err)
{
    char path[LUM_BENCH_PATH];
    enum lum_status status =
        lum_bench_write(bench, part, lum_bench_path(bench, "part.ndjson", path), err);

    return status == LUM_OK ? import(bench, store, path, err) : status;
}

static enum lum_status sync(struct lum_bench *bench, const char *store, const char *with,
                            struct lum_error *err)
{
    return lum_bench_do(bench, store, LUM_WORDS("sync", lum_bench_node(bench, with)->address), err);
}

/* A founded store that is served, and an invite to it. */
static enum lum_status found(struct lum_bench *bench, const char *store,
                             char invite[LUM_BENCH_PATH], struct lum_error *err)
{
    enum lum_status status =
        lum_bench_do(bench, store, LUM_WORDS("init", "Hub", "--as", "Adi"), err);

    if (status == LUM_OK) {
        status = lum_bench_serve(bench, store, err);
    }
    if (status == LUM_OK) {
        status = lum_bench_do(bench, store, LUM_WORDS("invite", "--uses", "100"), err);
    }
    if (status == LUM_OK) {
        lum_show_cut(lum_map_text(lum_buf_bytes(&bench->last.map), "invite"), invite);
    }
    return status;
}

static enum lum_status join(struct lum_bench *bench, const char *store, const char *invite,
                            const char *with, struct lum_error *err)
{
    return lum_bench_do(
        bench, store,
        LUM_WORDS("join", invite, lum_bench_node(bench, with)->address, "--as", store), err);
}

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
        status = sync(bench, store, with, err);
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
        status = import_part(bench, writer_name(i, name), &part, err);
        if (status == LUM_OK) {
            status = sync(bench, name, "hub", err);
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
    uint64_t many = bench->records / 100 < EACH ? bench->records / 100 : EACH;
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
        status = import_part(bench, "writera", &ten, err);
    }
    if (status == LUM_OK) {
        status = sync(bench, "writera", "hub", err);
    }
    return status == LUM_OK ? tell_catch(bench, LUM_FIGURE_catch_one, err) : status;
}

static enum lum_status prepare_catch(struct lum_bench *bench, uint64_t *next, struct lum_error *err)
{
    uint64_t shared = bench->records < SHARED ? bench->records : SHARED;
    char invite[LUM_BENCH_PATH];
    char name[16];
    enum lum_status status = found(bench, "hub", invite, err);

    for (int i = 0; i < WRITERS && status == LUM_OK; i++) {
        status = join(bench, writer_name(i, name), invite, "hub", err);
    }
    if (status == LUM_OK) {
        status = bring(bench, shared / WRITERS, next, err);
    }
    if (status == LUM_OK) {
        status = join(bench, "reader", invite, "hub", err);
    }
    return status;
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
            status = import(bench, store, path, err);
        }
    }
    return status;
}

/* Two that hold the same records, and then write apart: `left` is served at the end. */
static enum lum_status prepare_apart(struct lum_bench *bench, const struct lum_bench_part *part,
                                     struct lum_error *err)
{
    char invite[LUM_BENCH_PATH];
    enum lum_status status = found(bench, "left", invite, err);

    if (status == LUM_OK) {
        status = import_part(bench, "left", part, err);
    }
    if (status == LUM_OK) {
        status = join(bench, "right", invite, "left", err);
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
    return status == LUM_OK ? lum_bench_serve(bench, "left", err) : status;
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
        status = sync(bench, "right", "left", err);
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

    for (int pair = 0; pair < PAIRS && status == LUM_OK; pair++) {
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

/* ---- row 15: a node between two others ---- */

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
    uint64_t begun_us;
    struct lum_buf fields;
    enum lum_status status;

    lum_buf_init(&fields, LUM_LINE_MAX);
    status = lum_bench_map(bench, row, &fields, err);
    begun_us = lum_command_now_us();
    if (status == LUM_OK) {
        status = ask(&ends[0], "put", NULL, lum_buf_bytes(&fields), err);
    }
    lum_buf_fini(&fields);
    while (status == LUM_OK) {
        status = ask(&ends[1], "get", ends[0].id, (struct lum_bytes){NULL, 0}, err);
        if (status != LUM_NOT_FOUND || lum_command_now_us() - begun_us > PATIENCE_US) {
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
    char invite[LUM_BENCH_PATH];
    enum lum_status status = found(bench, "one", invite, err);

    if (status == LUM_OK) {
        status = join(bench, "two", invite, "one", err);
    }
    if (status == LUM_OK) {
        status = lum_bench_serve(bench, "two", err);
    }
    if (status == LUM_OK) {
        status = join(bench, "three", invite, "two", err);
    }
    return status == LUM_OK ? lum_bench_serve(bench, "three", err) : status;
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
