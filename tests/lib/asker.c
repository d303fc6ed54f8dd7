/*
 * asker.c - asks a site as the desk and the worker do.
 */
#include "tests/lib/asker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/json.h"
#include "cli/json_write.h"
#include "net/frame.h"

/* ---- the answer's frames ---- */

static void take_frame(struct answer *answer, const struct lum_frame *frame)
{
    size_t at = answer->text.len;

    if (frame->type == LUM_FRAME_PROGRESS) {
        answer->progress++;
        return;
    }
    assert_int_equal(lum_pack_check(frame->body), LUM_FAULT_NONE);
    lum_json_write(frame->body, &answer->text);
    lum_buf_put_byte(&answer->text, '\0');
    if (frame->type == LUM_FRAME_ROW) {
        assert_true(answer->row_count < ANSWER_ROWS_MAX);
        answer->row_at[answer->row_count++] = at;
    } else {
        assert_true(frame->type == LUM_FRAME_DONE || frame->type == LUM_FRAME_ERROR);
        assert_int_equal(frame->type == LUM_FRAME_DONE, answer->status == LUM_OK);
        assert_int_equal(answer->last_at, SIZE_MAX); /* nothing comes after the end */
        answer->last_at = at;
    }
}

static void take_frames(struct answer *answer, struct lum_buf *frames)
{
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;

    while (frames->len > 0) {
        assert_int_equal(lum_frame_peek(lum_buf_bytes(frames), LUM_REQUEST_MAX, &frame, &fault),
                         LUM_OK);
        take_frame(answer, &frame);
        lum_buf_drop(frames, frame.size);
    }
}

/* ---- running ---- */

static void fill_world(struct site *site, const struct asking *how, struct lum_ask *ask)
{
    bool is_newcomer = lum_space_is_newcomer(site->space);

    ask->world = (struct lum_world){
        .roster = lum_space_roster(site->space),
        .keys = is_newcomer ? NULL : lum_space_keys(site->space),
        .home = lum_space_home(site->space),
        .dir = site->temp.dir,
        .wall_ms = site->env.wall_ms(site->env.self),
        .stop = how->stop,
    };
}

static void run_read(struct site *site, const struct asking *how, struct lum_ask *ask,
                     struct answer *answer)
{
    (void)site_settle(site);
    do {
        fill_world(site, how, ask);
        assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &ask->world.log, NULL),
                         LUM_OK);
        assert_int_equal(lum_txn_begin_read(lum_space_view(site->space), &ask->world.view, NULL),
                         LUM_OK);
        answer->status = lum_ask_run(ask, &answer->error);
        lum_txn_abort(ask->world.view);
        lum_txn_abort(ask->world.log);
        answer->steps++;
        take_frames(answer, ask->reply.out);
        if (answer->status == LUM_AGAIN && how->between != NULL) {
            how->between(site);
        }
    } while (answer->status == LUM_AGAIN);
}

static void run_write(struct site *site, const struct asking *how, struct lum_ask *ask,
                      struct answer *answer)
{
    if (!how->is_in_batch) {
        site_begin(site);
    }
    fill_world(site, how, ask);
    ask->world.space = site->space;
    ask->world.editor = site->editor;
    answer->status = lum_ask_run(ask, &answer->error);
    if (!how->is_in_batch && answer->status == LUM_OK) {
        site_commit(site);
    } else if (!how->is_in_batch) {
        lum_space_abort(site->space);
    }
}

void asker_ask_so(struct site *site, const char *name, const char *arguments,
                  const struct asking *how, struct answer *out)
{
    struct lum_ask ask;
    struct lum_buf body;
    struct lum_buf frames;

    memset(out, 0, sizeof *out);
    out->last_at = SIZE_MAX;
    lum_buf_init(&out->text, SIZE_MAX);
    lum_buf_init(&frames, LUM_REQUEST_MAX);
    lum_buf_init(&body, LUM_REQUEST_MAX);
    lum_pack_cstr(&body, name);
    assert_int_equal(lum_json_read(lum_bytes_of(arguments, strlen(arguments)), name, LUM_LANG_EN,
                                   &body, &out->error),
                     LUM_OK);
    lum_pack_raw(&body, how->rest);
    assert_int_equal(lum_ask_open(lum_buf_bytes(&body), &frames, &ask, &out->error), LUM_OK);
    switch (ask.request->side) {
    case LUM_SIDE_READ:
        run_read(site, how, &ask, out);
        break;
    case LUM_SIDE_WRITE:
        run_write(site, how, &ask, out);
        break;
    case LUM_SIDE_ALONE:
        fill_world(site, how, &ask);
        ask.world.space = site->space;
        out->status = lum_ask_run(&ask, &out->error);
        break;
    case LUM_SIDE_NODE:
        fail_msg("%s needs a node", name);
    }
    take_frames(out, &frames);
    assert_int_not_equal(out->last_at, SIZE_MAX);
    lum_ask_close(&ask);
    lum_buf_fini(&body);
    lum_buf_fini(&frames);
}

void asker_ask(struct site *site, const char *name, const char *arguments, struct answer *out)
{
    const struct asking plainly = {0};

    asker_ask_so(site, name, arguments, &plainly, out);
}

void answer_drop(struct answer *answer)
{
    lum_buf_fini(&answer->text);
}

/* ---- looking ---- */

const char *answer_row(const struct answer *answer, size_t i)
{
    assert_true(i < answer->row_count);
    return (const char *)answer->text.at + answer->row_at[i];
}

const char *answer_last(const struct answer *answer)
{
    return (const char *)answer->text.at + answer->last_at;
}

const char *answer_member(const char *map, const char *member)
{
    static char texts[4][4096];
    static size_t turn;
    char *out = texts[turn++ % 4];
    json_t *json = json_loads(map, 0, NULL);
    json_t *value = json_object_get(json, member);

    if (value == NULL) {
        (void)snprintf(out, sizeof texts[0], "(none)");
    } else if (json_is_string(value)) {
        (void)snprintf(out, sizeof texts[0], "%s", json_string_value(value));
    } else {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        (void)snprintf(out, sizeof texts[0], "%s", text);
        free(text);
    }
    json_decref(json);
    return out;
}

void answer_is(const struct answer *answer, const char *last)
{
    assert_int_equal(answer->status, LUM_OK);
    assert_string_equal(answer_last(answer), last);
}

void answer_fails(const struct answer *answer, enum lum_cause cause, const char *one)
{
    assert_string_equal(lum_cause_name(answer->error.cause), lum_cause_name(cause));
    assert_int_equal(answer->status, lum_cause_status(cause));
    assert_string_equal(answer_member(answer_last(answer), "code"), lum_cause_name(cause));
    if (one != NULL) {
        assert_string_equal(answer->error.one, one);
    }
}
