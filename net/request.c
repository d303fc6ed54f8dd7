/*
 * request.c - the table, and how one question runs.
 *
 * The functions themselves stand in ask_read.c (records), ask_list.c (history, conflicts),
 * ask_people.c, ask_log.c, ask_status.c, ask_edit.c and ask_resolve.c (writes) and ask_rights.c
 * (invites, admissions, rebuild, compact), ask_backup.c.
 */
#include "net/request.h"

#include <string.h>

#include "net/ask.h"

static const struct lum_request requests[] = {
    /* one record, many records */
    {"get", LUM_SIDE_READ, lum_ask_get},
    {"find", LUM_SIDE_READ, lum_ask_find},
    {"export", LUM_SIDE_READ, lum_ask_export},
    {"history", LUM_SIDE_READ, lum_ask_history},
    {"conflicts", LUM_SIDE_READ, lum_ask_conflicts},
    /* the space */
    {"members", LUM_SIDE_READ, lum_ask_members},
    {"invites", LUM_SIDE_READ, lum_ask_invites},
    {"log", LUM_SIDE_READ, lum_ask_log},
    /* writing */
    {"put", LUM_SIDE_WRITE, lum_ask_put},
    {"set", LUM_SIDE_WRITE, lum_ask_set},
    {"del", LUM_SIDE_WRITE, lum_ask_del},
    {"restore", LUM_SIDE_WRITE, lum_ask_restore},
    {"resolve", LUM_SIDE_WRITE, lum_ask_resolve},
    {"shown", LUM_SIDE_WRITE, lum_ask_shown},
    {"import", LUM_SIDE_WRITE, lum_ask_import},
    {"invite", LUM_SIDE_WRITE, lum_ask_invite},
    {"cancel", LUM_SIDE_WRITE, lum_ask_cancel},
    {"admit", LUM_SIDE_WRITE, lum_ask_admit},
    /* the whole store */
    {"status", LUM_SIDE_ALONE, lum_ask_status},
    {"verify", LUM_SIDE_ALONE, lum_ask_verify},
    {"rebuild", LUM_SIDE_ALONE, lum_ask_rebuild},
    {"compact", LUM_SIDE_ALONE, lum_ask_compact},
    {"backup", LUM_SIDE_ALONE, lum_ask_backup},
    /* lines */
    {"sync", LUM_SIDE_NODE, NULL},
    {"join", LUM_SIDE_NODE, NULL},
    {"peers", LUM_SIDE_NODE, NULL},
    {"addresses", LUM_SIDE_NODE, NULL},
};

const struct lum_request *lum_request_find(struct lum_bytes name)
{
    for (size_t i = 0; i < LUM_COUNT(requests); i++) {
        if (lum_bytes_equal(name, lum_bytes_of(requests[i].name, strlen(requests[i].name)))) {
            return &requests[i];
        }
    }
    return NULL;
}

enum lum_status lum_ask_open(struct lum_bytes body, struct lum_buf *out, struct lum_ask *ask,
                             struct lum_error *err)
{
    struct lum_cur cur = lum_cur_over(body);
    struct lum_bytes name = lum_cur_str(&cur, 32);
    const uint8_t *args = cur.at;

    memset(ask, 0, sizeof(*ask));
    lum_buf_init(&ask->question, LUM_REQUEST_MAX);
    lum_arena_init(&ask->arena);
    lum_reply_init(&ask->reply, out);
    if (lum_cur_peek(&cur) != LUM_PACK_MAP) {
        lum_cur_fail(&cur, LUM_FAULT_TYPE);
    }
    lum_cur_any(&cur, LUM_DEPTH_MAX);
    if (cur.fault != LUM_FAULT_NONE) {
        return lum_fail(err, LUM_CAUSE_bad_request, lum_fault_name(cur.fault), NULL);
    }
    ask->request = lum_request_find(name);
    if (ask->request == NULL) {
        char text[33] = {0};
        memcpy(text, name.at, name.len);
        return lum_fail(err, LUM_CAUSE_bad_request, text, NULL);
    }
    lum_buf_put(&ask->question, args, (size_t)(cur.end - args));
    return ask->question.broken ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL) : LUM_OK;
}

void lum_ask_close(struct lum_ask *ask)
{
    if (ask->forget != NULL && ask->state != NULL) {
        ask->forget(ask->state);
    }
    ask->state = NULL;
    lum_buf_fini(&ask->question);
    lum_arena_fini(&ask->arena);
    lum_reply_fini(&ask->reply);
}

/* What to say when a lower room gave a bare status. */
static enum lum_cause bare_cause(enum lum_status status)
{
    return status == LUM_NO_MEMORY ? LUM_CAUSE_no_memory : LUM_CAUSE_disk_error;
}

/* Damaged rows that were met so far: an answer from among them may lack something. */
static uint64_t damage_met(const struct lum_world *world)
{
    struct lum_store *log = world->space == NULL ? NULL : lum_space_log(world->space);
    struct lum_store *view = world->space == NULL ? NULL : lum_space_view(world->space);
    uint64_t met = log == NULL ? 0 : lum_store_damage(log);

    met += view == NULL ? 0 : lum_store_damage(view);
    met += world->log == NULL ? 0 : lum_txn_damage(world->log);
    return met + (world->view == NULL ? 0 : lum_txn_damage(world->view));
}

/* An answer that rows gave: "there is none" too may lack what could not be read. */
static bool is_about_rows(enum lum_status status)
{
    return status != LUM_NO_MEMORY && status != LUM_IO && status != LUM_FULL &&
           status != LUM_CORRUPT;
}

/* Only what adds records stops, and bulk while there is still room for single ones. */
static bool has_room(const struct lum_ask *ask)
{
    const struct lum_request *request = ask->request;
    bool is_single = ask->question.len <= LUM_ROOM_SINGLE_BYTES;

    if (request->run != lum_ask_put && request->run != lum_ask_set &&
        request->run != lum_ask_import) {
        return true;
    }
    return lum_room_has(lum_space_room(ask->world.space),
                        is_single ? LUM_ROOM_OWN : LUM_ROOM_BULK);
}

enum lum_status lum_ask_run(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_error own = {0};
    enum lum_status status;
    uint64_t met = damage_met(&ask->world);

    LUM_ASSERT(ask->request->run != NULL);
    status = has_room(ask) ? ask->request->run(ask, &own)
                           : lum_fail(&own, LUM_CAUSE_disk_full, ask->world.dir, NULL);
    if (is_about_rows(status) && damage_met(&ask->world) > met) {
        lum_buf_reset(ask->reply.out);
        status = lum_fail(&own, LUM_CAUSE_store_damaged, ask->world.dir, "rows");
    }
    if ((status == LUM_OK || status == LUM_AGAIN) && !ask->reply.out->broken) {
        return status;
    }
    if (ask->reply.out->broken) { /* perhaps inside a frame: all of this step goes */
        lum_buf_reset(ask->reply.out);
        status = LUM_NO_MEMORY;
    }
    if (own.cause == LUM_CAUSE_none) {
        /* A bare status: say at least its words. */
        status = lum_fail(&own, bare_cause(status), ask->request->name, lum_status_words(status));
    }
    lum_reply_error(&ask->reply, &own);
    if (err != NULL) {
        *err = own;
    }
    return status;
}

/* Finds the pair; the map was checked when the ask was opened. */
bool lum_ask_value(const struct lum_ask *ask, const char *name, struct lum_bytes *out)
{
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&ask->question));
    uint32_t count = lum_cur_map(&cur, LUM_ELEMENTS_MAX);
    struct lum_bytes wanted = lum_bytes_of(name, strlen(name));

    for (uint32_t i = 0; i < count; i++) {
        struct lum_bytes key = lum_cur_str(&cur, LUM_REQUEST_MAX);
        struct lum_bytes value = lum_cur_any(&cur, LUM_DEPTH_MAX - 1);
        if (lum_bytes_equal(key, wanted)) {
            *out = value;
            return true;
        }
    }
    return false;
}

bool lum_ask_text(const struct lum_ask *ask, const char *name, struct lum_bytes *out)
{
    struct lum_bytes value;
    struct lum_cur cur;

    if (!lum_ask_value(ask, name, &value)) {
        return false;
    }
    cur = lum_cur_over(value);
    value = lum_cur_str(&cur, LUM_REQUEST_MAX);
    if (cur.fault != LUM_FAULT_NONE) {
        return false;
    }
    *out = value;
    return true;
}

enum lum_status lum_ask_cstr(struct lum_ask *ask, const char *name, const char **out)
{
    struct lum_bytes text;
    char *copy;

    *out = NULL;
    if (!lum_ask_text(ask, name, &text)) {
        return LUM_OK;
    }
    if (memchr(text.at, '\0', text.len) != NULL) {
        return LUM_INVALID;
    }
    copy = lum_arena_take(&ask->arena, text.len + 1);
    if (copy == NULL) {
        return LUM_NO_MEMORY;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    *out = copy;
    return LUM_OK;
}

bool lum_ask_uint(const struct lum_ask *ask, const char *name, uint64_t *out)
{
    struct lum_bytes value;
    struct lum_cur cur;
    uint64_t number;

    if (!lum_ask_value(ask, name, &value)) {
        return false;
    }
    cur = lum_cur_over(value);
    number = lum_cur_uint(&cur, INT64_MAX);
    if (cur.fault != LUM_FAULT_NONE) {
        return false;
    }
    *out = number;
    return true;
}

bool lum_ask_bool(const struct lum_ask *ask, const char *name)
{
    struct lum_bytes value;
    struct lum_cur cur;
    bool answer;

    if (!lum_ask_value(ask, name, &value)) {
        return false;
    }
    cur = lum_cur_over(value);
    answer = lum_cur_bool(&cur);
    return cur.fault == LUM_FAULT_NONE && answer;
}

struct lum_bytes lum_ask_rest(const struct lum_ask *ask)
{
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&ask->question));

    lum_cur_any(&cur, LUM_DEPTH_MAX);
    return lum_bytes_of(cur.at, lum_cur_left(&cur));
}
