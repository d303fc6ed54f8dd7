/*
 * ask_edit.c - requests that write records. Each runs inside the worker's open batch; its answer
 * leaves after the commit.
 *
 * Others write in the same batch, so a request that fails must have written nothing: one that makes
 * many records checks all of them before it makes the first.
 */
#include <string.h>

#include "net/ask.h"
#include "net/ask_ref.h"

enum {
    ROWS_MAX = 65536, /* records of one request: their rows are one answer */
};

static const char *end_name(enum lum_edit_end end)
{
    static const char *const names[] = {
        [LUM_EDIT_CREATED] = "created",
        [LUM_EDIT_CHANGED] = "changed",
        [LUM_EDIT_SAME] = "same",
        [LUM_EDIT_DELETED] = "deleted",
    };
    return names[end];
}

void lum_ask_tell_edit(struct lum_ask *ask, const struct lum_edit_target *target,
                       const struct lum_edit_result *result, enum lum_reply_frame frame)
{
    struct lum_reply *reply = &ask->reply;

    lum_reply_text(reply, "coll", target->collection);
    lum_reply_hex(reply, "id", result->record.b, sizeof(result->record.b));
    lum_reply_cstr(reply, "end", end_name(result->end));
    if (result->end == LUM_EDIT_CREATED || result->end == LUM_EDIT_CHANGED) {
        lum_ref_tell_event(reply, "event", &result->event.log_id, result->event.seq);
    }
    lum_reply_end(reply, frame);
}

enum lum_status lum_ask_target(struct lum_ask *ask, struct lum_edit_target *out,
                               struct lum_error *err)
{
    struct lum_space *space = ask->world.space;
    uint64_t rno;
    enum lum_status status = lum_ref_record(ask, lum_space_view_txn(space), out, &rno, err);

    if (status == LUM_NOT_FOUND) {
        status = lum_space_catch_up(space, err);
        if (status == LUM_OK) {
            status = lum_ref_record(ask, lum_space_view_txn(space), out, &rno, err);
        }
    }
    return status;
}

/* ---- put ---- */

static enum lum_status make_one(struct lum_ask *ask, const struct lum_edit_target *target,
                                struct lum_bytes fields, enum lum_reply_frame frame,
                                struct lum_error *err)
{
    struct lum_edit_result result;
    enum lum_status status = lum_edit_make(ask->world.editor, target, fields, &result, err);

    if (status == LUM_OK) {
        lum_ask_tell_edit(ask, target, &result, frame);
    }
    return status;
}

/* What follows the arguments, one map a record: checks all of it, or makes all of it. */
static enum lum_status each_made(struct lum_ask *ask, const struct lum_edit_target *target,
                                 bool is_check, uint64_t *count, struct lum_error *err)
{
    struct lum_cur cur = lum_cur_over(lum_ask_rest(ask));
    enum lum_status status = LUM_OK;

    *count = 0;
    while (status == LUM_OK && lum_cur_left(&cur) > 0) {
        struct lum_bytes fields = lum_cur_any(&cur, LUM_DEPTH_MAX);
        if (cur.fault != LUM_FAULT_NONE) {
            return lum_fail(err, LUM_CAUSE_bad_request, lum_fault_name(cur.fault), NULL);
        }
        if (++*count > ROWS_MAX) {
            return lum_fail_number(err, LUM_CAUSE_bad_request, "rows", ROWS_MAX);
        }
        status = is_check ? lum_edit_check(ask->world.editor, target, NULL, fields, err)
                          : make_one(ask, target, fields, LUM_FRAME_ROW, err);
    }
    return status;
}

/* {coll, fields} makes one record; {coll} and maps behind it make one each. */
enum lum_status lum_ask_put(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_edit_target target;
    struct lum_bytes fields;
    uint64_t count;
    enum lum_status status = lum_ref_place(ask, &target, err);

    if (status != LUM_OK) {
        return status;
    }
    if (lum_ask_value(ask, "fields", &fields)) {
        return make_one(ask, &target, fields, LUM_FRAME_DONE, err);
    }
    status = each_made(ask, &target, true, &count, err);
    if (status == LUM_OK) {
        status = each_made(ask, &target, false, &count, err);
    }
    if (status == LUM_OK) {
        lum_reply_uint(&ask->reply, "created", count);
        lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    }
    return status;
}

/* ---- set, del, restore ---- */

/* {record, fields}: sets what differs. */
enum lum_status lum_ask_set(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_edit_target target;
    struct lum_edit_result result;
    struct lum_bytes fields;
    enum lum_status status = lum_ask_target(ask, &target, err);

    if (status != LUM_OK) {
        return status;
    }
    if (!lum_ask_value(ask, "fields", &fields)) {
        return lum_fail(err, LUM_CAUSE_bad_request, "fields", NULL);
    }
    status = lum_edit_set(ask->world.editor, &target, fields, &result, err);
    if (status == LUM_OK) {
        lum_ask_tell_edit(ask, &target, &result, LUM_FRAME_DONE);
    }
    return status;
}

enum lum_status lum_ask_edit_whole(struct lum_ask *ask, lum_edit_fn *edit, struct lum_error *err)
{
    struct lum_edit_target target;
    struct lum_edit_result result;
    enum lum_status status = lum_ask_target(ask, &target, err);

    if (status == LUM_OK) {
        status = edit(ask->world.editor, &target, &result, err);
    }
    if (status == LUM_OK) {
        lum_ask_tell_edit(ask, &target, &result, LUM_FRAME_DONE);
    }
    return status;
}

/* {record} */
enum lum_status lum_ask_del(struct lum_ask *ask, struct lum_error *err)
{
    return lum_ask_edit_whole(ask, lum_edit_delete, err);
}

/* {record} */
enum lum_status lum_ask_restore(struct lum_ask *ask, struct lum_error *err)
{
    return lum_ask_edit_whole(ask, lum_edit_restore, err);
}

/* ---- import ---- */

static enum lum_status import_one(struct lum_ask *ask, const struct lum_edit_target *target,
                                  struct lum_bytes key, struct lum_bytes fields, uint64_t *ends,
                                  struct lum_error *err)
{
    struct lum_edit_result result;
    enum lum_status status =
        lum_edit_make_keyed(ask->world.editor, target, key, fields, &result, err);

    if (status != LUM_OK) {
        return status;
    }
    ends[result.end]++;
    if (result.end == LUM_EDIT_DELETED) {
        lum_reply_text(&ask->reply, "key", key);
        lum_reply_cstr(&ask->reply, "end", end_name(result.end));
        lum_reply_end(&ask->reply, LUM_FRAME_ROW);
    }
    return LUM_OK;
}

/* A key and a map behind the arguments, again and again: checks all, or imports all into ends. */
static enum lum_status each_imported(struct lum_ask *ask, const struct lum_edit_target *target,
                                     uint64_t *ends, struct lum_error *err)
{
    struct lum_cur cur = lum_cur_over(lum_ask_rest(ask));
    uint32_t rows = 0;
    enum lum_status status = LUM_OK;

    while (status == LUM_OK && lum_cur_left(&cur) > 0) {
        struct lum_bytes key = lum_cur_str(&cur, LUM_KEY_MAX);
        struct lum_bytes fields = lum_cur_any(&cur, LUM_DEPTH_MAX);
        if (cur.fault != LUM_FAULT_NONE) {
            return lum_fail(err, LUM_CAUSE_bad_request, lum_fault_name(cur.fault), NULL);
        }
        if (++rows > ROWS_MAX) {
            return lum_fail_number(err, LUM_CAUSE_bad_request, "rows", ROWS_MAX);
        }
        status = ends == NULL ? lum_edit_check(ask->world.editor, target, &key, fields, err)
                              : import_one(ask, target, key, fields, ends, err);
    }
    return status;
}

/* {coll} and then key, {field: value}, key, ..: each makes its record or sets what differs. Rows
 * tell the keys of deleted records, which are left alone. */
enum lum_status lum_ask_import(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_edit_target target;
    uint64_t ends[LUM_EDIT_DELETED + 1] = {0};
    enum lum_status status = lum_ref_place(ask, &target, err);

    if (status == LUM_OK) {
        status = each_imported(ask, &target, NULL, err);
    }
    if (status == LUM_OK) {
        status = each_imported(ask, &target, ends, err);
    }
    if (status == LUM_OK) {
        for (int end = LUM_EDIT_CREATED; end <= LUM_EDIT_DELETED; end++) {
            lum_reply_uint(&ask->reply, end_name((enum lum_edit_end)end), ends[end]);
        }
        lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    }
    return status;
}
