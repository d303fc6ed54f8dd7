/*
 * edit_draft.c - puts a verb's ops into events: one, unless they name more logs or hold more bytes
 * than one can.
 *
 *   preds of 40 logs   set v [1..24] | set v [25..40]     the second, later in our own chain,
 *                      one event     | the next           replaces the first; both name all 40
 *   seen, drops        the same: their unions count
 */
#include <string.h>

#include "core/edit_i.h"
#include "core/limits.h"

enum {
    PLACES_BYTES = 20 * (LUM_DRAFT_LOGS_MAX + 1) + 64, /* an op beside its name and value */
};

/* ---- begin and end ---- */

static bool may_write(struct lum_space *space)
{
    const struct lum_device *device =
        lum_roster_by_author(lum_space_roster(space), lum_space_keys(space)->author.public);
    bool is_told_otherwise =
        device != NULL && device->is_effective && device->role < LUM_ROLE_WRITER;
    return !is_told_otherwise; /* who waits for approval writes: it stands once approved */
}

enum lum_status lum_editor_begin(struct lum_editor *editor, const struct lum_edit_target *target,
                                 struct lum_edit_result *out, struct lum_error *err)
{
    if (!may_write(editor->space)) {
        return lum_fail(err, LUM_CAUSE_no_right, "write", "writer");
    }
    lum_arena_reset(&editor->arena);
    lum_draft_reset(editor->draft);
    editor->shelf = target->shelf;
    editor->log_count = 0;
    editor->about = (struct lum_about){.id = &out->record};
    editor->out = out;
    *out = (struct lum_edit_result){.end = LUM_EDIT_SAME, .record = target->record};
    return lum_space_own_log(editor->space, editor->shelf, &editor->own_lno, err);
}

static enum lum_status append(struct lum_editor *editor, struct lum_error *err)
{
    if (lum_draft_is_empty(editor->draft)) {
        return LUM_OK;
    }
    editor->log_count = 0;
    return lum_space_append(editor->space, editor->shelf, editor->draft, &editor->out->event, err);
}

enum lum_status lum_editor_end(struct lum_editor *editor, enum lum_edit_end end,
                               struct lum_error *err)
{
    enum lum_status status = append(editor, err);
    editor->out->end = end;
    return status;
}

/* ---- room ---- */

/* Whether the draft can name that log too; it does from now on. */
static bool can_name(struct lum_editor *editor, uint32_t lno)
{
    for (uint32_t i = 0; i < editor->log_count; i++) {
        if (editor->logs[i] == lno) {
            return true;
        }
    }
    if (lno == 0) {
        return true;
    }
    if (editor->log_count == LUM_DRAFT_LOGS_MAX) {
        return false;
    }
    editor->logs[editor->log_count++] = lno;
    return true;
}

static bool has_room(const struct lum_editor *editor, size_t bytes)
{
    return lum_draft_op_count(editor->draft) < LUM_OPS_MAX &&
           lum_draft_bytes(editor->draft) + bytes + PLACES_BYTES <= LUM_PAYLOAD_MAX;
}

/* How many of the places the draft can name. */
static uint32_t take(struct lum_editor *editor, struct lum_places places)
{
    uint32_t n = 0;
    while (n < places.count && can_name(editor, places.at[n].lno)) {
        n++;
    }
    return n;
}

/* Copies places into the arena as a draft has them. */
static enum lum_status localise(struct lum_editor *editor, struct lum_places places,
                                struct lum_places *out)
{
    struct lum_place *at = lum_arena_take(&editor->arena, places.count * sizeof *at);
    if (at == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < places.count; i++) {
        at[i] = places.at[i];
        at[i].lno = at[i].lno == editor->own_lno ? 0 : at[i].lno;
    }
    *out = (struct lum_places){at, places.count};
    return LUM_OK;
}

/* ---- ops ---- */

/* What one kind of op does with as many places as fit. */
struct op {
    enum lum_op_type type;
    const struct lum_pair *pair; /* of a set */
};

static void put(struct lum_editor *editor, const struct op *op, struct lum_places places)
{
    const struct lum_about *about = &editor->about;
    if (op->type == LUM_OP_SET) {
        lum_draft_set(editor->draft, about, op->pair, places);
    } else if (op->type == LUM_OP_DROP) {
        lum_draft_drop(editor->draft, about, places);
    } else {
        lum_draft_keep(editor->draft, about, places);
    }
}

static enum lum_status put_all(struct lum_editor *editor, const struct op *op,
                               struct lum_places places, struct lum_error *err)
{
    struct lum_places left = {0};
    size_t bytes = op->pair == NULL ? 0 : op->pair->field.len + op->pair->value.len;
    if (localise(editor, places, &left) != LUM_OK) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    enum lum_status status = has_room(editor, bytes) ? LUM_OK : append(editor, err);
    bool is_first = true;
    while (status == LUM_OK && (is_first || left.count > 0)) {
        uint32_t n = take(editor, left);
        if (n > 0 || left.count == 0) {
            put(editor, op, (struct lum_places){left.at, n});
            left = (struct lum_places){left.at + n, left.count - n};
            is_first = false;
        }
        if (left.count > 0) {
            status = append(editor, err);
        }
    }
    return status;
}

enum lum_status lum_editor_set(struct lum_editor *editor, const struct lum_pair *pair,
                               struct lum_places preds, struct lum_error *err)
{
    return put_all(editor, &(struct op){LUM_OP_SET, pair}, preds, err);
}

enum lum_status lum_editor_drop(struct lum_editor *editor, struct lum_places seen,
                                struct lum_error *err)
{
    return put_all(editor, &(struct op){LUM_OP_DROP, NULL}, seen, err);
}

enum lum_status lum_editor_keep(struct lum_editor *editor, struct lum_places drops,
                                struct lum_error *err)
{
    return put_all(editor, &(struct op){LUM_OP_KEEP, NULL}, drops, err);
}
