/*
 * resolve.c - settles a cell in conflict: one value, or one of the siblings, replaces them all.
 *
 * A person decides on what was shown. When the record has changed since, the decision may rest on
 * something else than what stands there now: nothing is written, and one looks again.
 */
#include <string.h>

#include "core/edit_i.h"

/* A field's name as an error's particular. */
static const char *shown(struct lum_bytes field, char out[LUM_FIELD_MAX + 1])
{
    size_t len = field.len < LUM_FIELD_MAX ? field.len : LUM_FIELD_MAX;
    if (len > 0) {
        memcpy(out, field.at, len);
    }
    out[len] = '\0';
    return out;
}

static const struct lum_sibling *sibling_at(const struct lum_cell *cell,
                                            const struct lum_place *take)
{
    for (uint32_t i = 0; i < cell->count; i++) {
        const struct lum_place *at = &cell->siblings[i].at;
        if (at->lno == take->lno && at->seq == take->seq) {
            return &cell->siblings[i];
        }
    }
    return NULL;
}

/* The value that is to stand, copied: what the view has may move while we write. */
static enum lum_status pick(struct lum_editor *editor, const struct lum_cell *cell,
                            const struct lum_resolve *how, struct lum_bytes *out)
{
    struct lum_bytes value = how->value;
    if (how->take != NULL) {
        const struct lum_sibling *sibling = sibling_at(cell, how->take);
        if (sibling == NULL) {
            return LUM_NOT_FOUND;
        }
        value = sibling->value;
    }
    lum_buf_reset(&editor->fields);
    lum_buf_put(&editor->fields, value.at, value.len);
    *out = lum_buf_bytes(&editor->fields);
    return lum_buf_status(&editor->fields);
}

static enum lum_status settle(struct lum_editor *editor, const struct lum_edit_target *target,
                              const struct lum_resolve *how, const struct lum_cell *cell,
                              struct lum_error *err)
{
    char name[LUM_FIELD_MAX + 1];
    struct lum_pair pair = {.field = how->field};
    struct lum_places siblings = {0};
    if (cell == NULL || lum_cell_values(cell) < 2) {
        return lum_editor_fail(target, LUM_CAUSE_no_conflict, shown(how->field, name), err);
    }
    enum lum_status status = pick(editor, cell, how, &pair.value);
    if (status == LUM_NOT_FOUND) {
        return lum_editor_fail(target, LUM_CAUSE_no_conflict, shown(how->field, name), err);
    }
    if (status == LUM_OK) {
        status = lum_editor_siblings(editor, cell, &siblings);
    }
    if (status != LUM_OK) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    status = lum_editor_set(editor, &pair, siblings, err);
    return status == LUM_OK ? lum_editor_end(editor, LUM_EDIT_CHANGED, err) : status;
}

enum lum_status lum_edit_resolve(struct lum_editor *editor, const struct lum_edit_target *target,
                                 const struct lum_resolve *how, struct lum_edit_result *out,
                                 struct lum_error *err)
{
    char name[LUM_FIELD_MAX + 1];
    struct lum_record record;
    enum lum_status status = lum_editor_begin(editor, target, out, err);
    if (status == LUM_OK) {
        status = lum_editor_need(editor, target, &record, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (lum_record_life(&record) == LUM_DEAD) {
        return lum_editor_fail(target, LUM_CAUSE_record_deleted, NULL, err);
    }
    if (how->shown_change != 0 && record.change > how->shown_change) {
        return lum_editor_fail(target, LUM_CAUSE_conflict_moved, shown(how->field, name), err);
    }
    const struct lum_cell *cell = NULL;
    status = lum_editor_cell(editor, &record, how->field, &cell);
    return status == LUM_OK ? settle(editor, target, how, cell, err)
                            : lum_store_fail(lum_space_view(editor->space), status, err);
}
