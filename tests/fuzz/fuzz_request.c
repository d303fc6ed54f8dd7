/*
 * fuzz_request.c - a question from the control socket, asked of a space that has something of all.
 *
 *   input = body of an ASK, see fuzz_ask.c
 *
 * The space is made from no chance, so that ids are the same in every run: records of two members,
 * conflicts, records deleted and edited, one deleted, an invite open and joins that wait.
 * Nothing is kept of what an input writes.
 *
 * Holds: every frame is canonical, the last one and no other says how it ended, and a question that
 * fails has written nothing.
 */
#include <stdio.h>

#include "net/frame.h"
#include "net/request.h"
#include "tests/fuzz/input.h"
#include "tests/lib/asker.h"

enum {
    STEPS_MAX = 64,
};

static struct site hall;
static uint64_t chance;

static void no_chance(void *self, uint8_t *out, size_t len)
{
    (void)self;
    for (size_t i = 0; i < len; i++) {
        chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[i] = (uint8_t)(chance >> 56);
    }
}

/* ---- the space ---- */

static void prepare(struct site *site)
{
    site_prepare(site);
    site->env.random = no_chance;
}

static void meet_guest(void)
{
    struct lum_invite invite = site_invite(&hall, LUM_ROLE_WRITER, 1);
    struct lum_id both = site_put(&hall, "both", "a", "x").record;
    struct lum_id dead = site_put(&hall, "dead", "a", "x").record;
    struct lum_id back = site_put(&hall, "back", "a", "x").record;
    struct site guest;
    prepare(&guest);
    site_arrive(&guest, &invite);
    site_join(&guest, &hall, "Sari"); /* her namesake */
    LUM_ASSERT(site_set(&guest, &both, "a", "y") == LUM_OK);
    LUM_ASSERT(site_set(&guest, &both, "b", "y") == LUM_OK);
    LUM_ASSERT(site_set(&guest, &dead, "a", "y") == LUM_OK);
    LUM_ASSERT(site_set(&hall, &both, "a", "z") == LUM_OK);
    LUM_ASSERT(site_set(&hall, &dead, "a", "z") == LUM_OK);
    LUM_ASSERT(site_delete(&hall, &dead) == LUM_OK);
    LUM_ASSERT(site_set(&guest, &back, "b", "y") == LUM_OK);
    LUM_ASSERT(site_delete(&hall, &back) == LUM_OK);
    LUM_ASSERT(site_set(&guest, &both, "c", "y") == LUM_OK);
    LUM_ASSERT(site_set(&hall, &both, "c", "z") == LUM_OK);
    site_meet(&hall, &guest);
    site_drop(&guest);
}

/* One more than the invite is for. */
static void let_wait(void)
{
    struct lum_invite invite = site_invite(&hall, LUM_ROLE_WRITER, 1);
    for (unsigned i = 0; i < 2; i++) {
        struct site guest;
        prepare(&guest);
        site_arrive(&guest, &invite);
        site_join(&guest, &hall, "Citra");
        (void)site_give(&guest, &hall);
        site_drop(&guest);
    }
}

static void forget(void)
{
    site_drop(&hall);
}

static void begin(void)
{
    struct answer answer;
    if (getenv("TMPDIR") == NULL) {
        (void)setenv("TMPDIR", "/dev/shm", 0); /* stores in memory */
    }
    prepare(&hall);
    site_found(&hall, "Sari");
    meet_guest();
    let_wait();
    struct lum_id gone = site_put(&hall, "gone", "a", "x").record;
    LUM_ASSERT(site_delete(&hall, &gone) == LUM_OK);
    (void)site_put(&hall, "one", "n", "1");
    /* A person has looked at the conflicts of then and now. */
    asker_ask(&hall, "shown", "{\"change\":1000}", &answer);
    LUM_ASSERT(answer.status == LUM_OK);
    answer_drop(&answer);
    (void)site_settle(&hall);
    LUM_ASSERT(atexit(forget) == 0);
}

/* ---- one question ---- */

/* Whether the answer is at its end; no frame may come behind that. */
static bool check_frames(struct lum_buf *frames, enum lum_status status)
{
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    bool has_ended = false;
    while (frames->len > 0) {
        LUM_ASSERT(!has_ended);
        LUM_ASSERT(lum_frame_peek(lum_buf_bytes(frames), LUM_REQUEST_MAX, &frame, &fault) ==
                   LUM_OK);
        LUM_ASSERT(lum_pack_check(frame.body) == LUM_FAULT_NONE ||
                   frame.type == LUM_FRAME_PROGRESS);
        has_ended = frame.type == LUM_FRAME_DONE || frame.type == LUM_FRAME_ERROR;
        LUM_ASSERT(!has_ended || (frame.type == LUM_FRAME_DONE) == (status == LUM_OK));
        lum_buf_drop(frames, frame.size);
    }
    return has_ended;
}

static void fill_world(struct lum_ask *ask)
{
    ask->world = (struct lum_world){
        .roster = lum_space_roster(hall.space),
        .keys = lum_space_keys(hall.space),
        .home = lum_space_home(hall.space),
        .dir = hall.temp.dir,
        .wall_ms = hall.wall_ms,
    };
}

static enum lum_status look(struct lum_ask *ask, uint64_t memory)
{
    enum lum_status status = LUM_AGAIN;
    for (unsigned i = 0; i < STEPS_MAX && status == LUM_AGAIN; i++) {
        fill_world(ask);
        LUM_ASSERT(lum_txn_begin_read(lum_space_log(hall.space), &ask->world.log, NULL) == LUM_OK);
        LUM_ASSERT(lum_txn_begin_read(lum_space_view(hall.space), &ask->world.view, NULL) ==
                   LUM_OK);
        memory_end(memory);
        status = lum_ask_run(ask, NULL);
        memory_back();
        lum_txn_abort(ask->world.view);
        lum_txn_abort(ask->world.log);
        bool is_told = !ask->reply.out->broken; /* there was memory to say how it ended */
        bool has_ended = check_frames(ask->reply.out, status);
        LUM_ASSERT(has_ended == (status != LUM_AGAIN && is_told) && (is_told || memory != 0));
    }
    return status;
}

static void write_down(struct lum_ask *ask)
{
    const struct lum_growth *grown = NULL;
    LUM_ASSERT(lum_space_begin(hall.space, NULL) == LUM_OK);
    fill_world(ask);
    ask->world.space = hall.space;
    ask->world.editor = hall.editor;
    enum lum_status status = lum_ask_run(ask, NULL);
    LUM_ASSERT(check_frames(ask->reply.out, status) && status != LUM_AGAIN);
    if (status == LUM_OK) {
        lum_space_abort(hall.space);
    } else { /* others share the batch */
        LUM_ASSERT(lum_space_commit(hall.space, NULL) == LUM_OK);
        LUM_ASSERT(lum_space_grown(hall.space, &grown) == 0);
    }
}

/* The question in a block that ends where it ends, so that a read past it is seen. */
static void tighten(struct lum_ask *ask)
{
    struct lum_buf tight;
    lum_buf_init(&tight, ask->question.len);
    lum_buf_put(&tight, ask->question.at, ask->question.len);
    lum_buf_fini(&ask->question);
    ask->question = tight;
}

static void ask_it(struct lum_bytes body, uint64_t memory)
{
    struct lum_buf frames;
    struct lum_ask ask;
    lum_buf_init(&frames, LUM_REQUEST_MAX);
    if (lum_ask_open(body, &frames, &ask, NULL) == LUM_OK) {
        tighten(&ask);
        if (ask.request->side == LUM_SIDE_READ) {
            (void)look(&ask, memory);
        } else if (ask.request->side == LUM_SIDE_WRITE && memory == 0) {
            write_down(&ask);
        }
    }
    lum_ask_close(&ask);
    lum_buf_fini(&frames);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    if (hall.space == NULL) {
        begin();
    }
    struct lum_bytes body = input_rest(&in);
    ask_it(body, 0);
    if (memory_of(data, size) != 0) {
        ask_it(body, memory_of(data, size));
    }
    return 0;
}
