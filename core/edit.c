/*
 * edit.c - the verbs: make, make_keyed, set, delete, restore. How a conflict is settled:
 * core/resolve.c.
 *
 * A set names every sibling it saw, so that it replaces them and nothing else. A field whose one
 * value is there already says nothing; a cell in conflict is always set, also to a value it shows.
 */
#include "core/edit.h"

#include <stdio.h>
#include <string.h>

#include "core/edit_i.h"
#include "core/utf8.h"
#include "core/value.h"

enum {
    MAKE_BYTES = 32, /* of an event that makes one record, beside collection, key and fields */
};

/* ---- an editor's life ---- */

enum lum_status lum_editor_open(struct lum_space *space, struct lum_editor **out)
{
    struct lum_editor *editor = lum_alloc_zero(sizeof *editor);
    if (editor == NULL) {
        return LUM_NO_MEMORY;
    }
    editor->space = space;
    lum_arena_init(&editor->arena);
    lum_buf_init(&editor->fields, (size_t)2 * LUM_PAYLOAD_MAX);
    if (lum_draft_open(&editor->draft) != LUM_OK) {
        lum_editor_close(editor);
        return LUM_NO_MEMORY;
    }
    *out = editor;
    return LUM_OK;
}

void lum_editor_close(struct lum_editor *editor)
{
    if (editor == NULL) {
        return;
    }
    lum_draft_close(editor->draft);
    lum_arena_fini(&editor->arena);
    lum_buf_fini(&editor->fields);
    lum_free(editor);
}

/* ---- failing ---- */

/* Text as an error's particular: cut to fit. */
static const char *shown(struct lum_bytes text, char out[256])
{
    (void)snprintf(out, 256, "%.*s", (int)(text.len < 200 ? text.len : 200),
                   text.len == 0 ? "" : (const char *)text.at);
    return out;
}

enum lum_status lum_editor_fail(const struct lum_edit_target *target, enum lum_cause cause,
                                const char *detail, struct lum_error *err)
{
    char text[256];
    size_t coll = target->collection.len < 64 ? target->collection.len : 64;
    int at = snprintf(text, sizeof text, "%.*s/", (int)coll,
                      coll == 0 ? "" : (const char *)target->collection.at);
    for (size_t i = 0; i < sizeof target->record.b; i++) {
        at += snprintf(text + at, sizeof text - (size_t)at, "%02x", target->record.b[i]);
    }
    return lum_fail(err, cause, text, detail);
}

static enum lum_status no_memory(struct lum_error *err)
{
    return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
}

/* ---- what a caller hands in ---- */

struct pairs {
    struct lum_pair *at;
    uint32_t count;
};

static enum lum_status read_pair(struct lum_cur *cur, struct lum_bytes *last, struct lum_pair *out,
                                 struct lum_error *err)
{
    char text[256];
    out->field = lum_cur_key(cur, LUM_FIELD_MAX, last);
    out->value = lum_value_read(cur);
    if (cur->fault != LUM_FAULT_NONE) {
        return lum_fail(err, LUM_CAUSE_bad_value, shown(out->field, text),
                        lum_fault_name(cur->fault));
    }
    return lum_field_is_valid(out->field)
               ? LUM_OK
               : lum_fail(err, LUM_CAUSE_bad_field, shown(out->field, text), NULL);
}

/* What we would write must be what every reader accepts: a payload of ours is never void. */
static enum lum_status read_pairs(struct lum_editor *editor, struct lum_bytes fields,
                                  struct pairs *out, struct lum_error *err)
{
    struct lum_cur cur = lum_cur_over(fields);
    struct lum_bytes last = {NULL, 0};
    uint32_t count = lum_cur_map(&cur, LUM_ELEMENTS_MAX);
    struct lum_pair *at = lum_arena_take(&editor->arena, count * sizeof *at);
    if (at == NULL) {
        return no_memory(err);
    }
    for (uint32_t i = 0; i < count; i++) {
        enum lum_status status = read_pair(&cur, &last, &at[i], err);
        if (status != LUM_OK) {
            return status;
        }
    }
    if (lum_cur_end(&cur) != LUM_FAULT_NONE) {
        return lum_fail(err, LUM_CAUSE_bad_value, "fields", lum_fault_name(cur.fault));
    }
    *out = (struct pairs){at, count};
    return LUM_OK;
}

static enum lum_status check_collection(struct lum_bytes collection, struct lum_error *err)
{
    char text[256];
    return lum_collection_is_valid(collection)
               ? LUM_OK
               : lum_fail(err, LUM_CAUSE_bad_collection, shown(collection, text), NULL);
}

static enum lum_status check_key(struct lum_bytes key, struct lum_error *err)
{
    char text[256];
    return lum_utf8_valid(key) && lum_key_is_valid(key)
               ? LUM_OK
               : lum_fail(err, LUM_CAUSE_bad_key, shown(key, text), NULL);
}

/* ---- what the view has ---- */

static enum lum_status look(struct lum_editor *editor, const struct lum_id *id,
                            struct lum_record *out, struct lum_error *err)
{
    struct lum_space *space = editor->space;
    if (lum_space_touch(space, id)) {
        enum lum_status status = lum_space_catch_up(space, err);
        if (status != LUM_OK) {
            return status;
        }
        (void)lum_space_touch(space, id);
    }
    uint64_t rno = 0;
    struct lum_txn *view = lum_space_view_txn(space);
    enum lum_status status = lum_space_find(space, editor->shelf, id, &rno);
    if (status == LUM_NOT_FOUND) {
        return status;
    }
    if (status == LUM_OK) {
        status = lum_view_record(view, rno, &editor->arena, out);
    }
    if (status == LUM_NOT_FOUND) {
        status = LUM_CORRUPT;
    }
    return status == LUM_OK ? status : lum_store_fail(lum_space_view(space), status, err);
}

/* What our own log made goes by its place there, a few bytes, instead of its id. Nothing can touch
 * such a record before its make; of a keyed one there may be several. */
static void name_by_place(struct lum_editor *editor, const struct lum_record *record)
{
    const struct lum_place *first = &record->first;
    for (uint32_t i = 0; i < record->existence_count; i++) {
        bool is_make = lum_place_compare(&record->existence[i], first) == 0;
        if (is_make && record->key.len == 0 && first->lno == editor->own_lno) {
            editor->about = (struct lum_about){.place = {0, first->seq, first->op}};
        }
    }
}

enum lum_status lum_editor_look(struct lum_editor *editor, const struct lum_edit_target *target,
                                struct lum_record *out, struct lum_error *err)
{
    enum lum_status status = look(editor, &target->record, out, err);
    if (status == LUM_OK && lum_record_life(out) == LUM_UNMADE) {
        status = LUM_NOT_FOUND;
    }
    if (status == LUM_OK) {
        name_by_place(editor, out);
    }
    return status;
}

enum lum_status lum_editor_need(struct lum_editor *editor, const struct lum_edit_target *target,
                                struct lum_record *out, struct lum_error *err)
{
    enum lum_status status = lum_editor_look(editor, target, out, err);
    return status == LUM_NOT_FOUND ? lum_editor_fail(target, LUM_CAUSE_no_record, NULL, err)
                                   : status;
}

enum lum_status lum_editor_cell(struct lum_editor *editor, const struct lum_record *record,
                                struct lum_bytes field, const struct lum_cell **out)
{
    uint32_t number = 0;
    enum lum_status status =
        lum_view_name_number(lum_space_view_txn(editor->space), field, &number);
    *out = number == 0 ? NULL : lum_record_cell(record, number);
    return status;
}

enum lum_status lum_editor_siblings(struct lum_editor *editor, const struct lum_cell *cell,
                                    struct lum_places *out)
{
    struct lum_place *at = lum_arena_take(&editor->arena, cell->count * sizeof *at);
    if (at == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < cell->count; i++) {
        at[i] = cell->siblings[i].at;
    }
    *out = (struct lum_places){at, cell->count};
    return LUM_OK;
}

/* ---- what changes ---- */

struct changes {
    const struct lum_pair **pairs;
    struct lum_places *preds; /* one for each pair */
    uint32_t count;
};

static bool changes_cell(const struct lum_cell *cell, struct lum_bytes value)
{
    if (cell == NULL) {
        return !lum_value_is_nil(value);
    }
    return lum_cell_values(cell) != 1 || !lum_bytes_equal(cell->siblings[0].value, value);
}

/* The pairs that say something new of the record, each with the siblings it replaces. */
static enum lum_status diff(struct lum_editor *editor, const struct lum_record *record,
                            const struct pairs *pairs, struct changes *out)
{
    out->count = 0;
    out->pairs = lum_arena_take(&editor->arena, pairs->count * sizeof *out->pairs);
    out->preds = lum_arena_take(&editor->arena, pairs->count * sizeof *out->preds);
    if (out->pairs == NULL || out->preds == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < pairs->count; i++) {
        const struct lum_cell *cell = NULL;
        enum lum_status status = lum_editor_cell(editor, record, pairs->at[i].field, &cell);
        if (status != LUM_OK) {
            return status;
        }
        if (!changes_cell(cell, pairs->at[i].value)) {
            continue;
        }
        out->preds[out->count] = (struct lum_places){0};
        if (cell != NULL && lum_editor_siblings(editor, cell, &out->preds[out->count]) != LUM_OK) {
            return LUM_NO_MEMORY;
        }
        out->pairs[out->count++] = &pairs->at[i];
    }
    return LUM_OK;
}

static enum lum_status set_changes(struct lum_editor *editor, const struct changes *changes,
                                   struct lum_error *err)
{
    enum lum_status status = LUM_OK;
    for (uint32_t i = 0; status == LUM_OK && i < changes->count; i++) {
        status = lum_editor_set(editor, changes->pairs[i], changes->preds[i], err);
    }
    return status;
}

static enum lum_status set_diff(struct lum_editor *editor, const struct lum_record *record,
                                const struct pairs *pairs, struct lum_error *err)
{
    struct changes changes;
    enum lum_status status = diff(editor, record, pairs, &changes);
    if (status != LUM_OK) {
        return lum_store_fail(lum_space_view(editor->space), status, err);
    }
    status = set_changes(editor, &changes, err);
    if (status != LUM_OK) {
        return status;
    }
    return lum_editor_end(editor, changes.count == 0 ? LUM_EDIT_SAME : LUM_EDIT_CHANGED, err);
}

/* ---- make ---- */

enum lum_status lum_edit_make(struct lum_editor *editor, const struct lum_edit_target *target,
                              struct lum_bytes fields, struct lum_edit_result *out,
                              struct lum_error *err)
{
    struct pairs pairs;
    enum lum_status status = lum_editor_begin(editor, target, out, err);
    if (status == LUM_OK) {
        status = check_collection(target->collection, err);
    }
    if (status == LUM_OK) {
        status = read_pairs(editor, fields, &pairs, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_draft_make(editor->draft, target->collection, fields);
    status = lum_editor_end(editor, LUM_EDIT_CREATED, err);
    if (status == LUM_OK) {
        lum_record_id_made(&out->event.log_id, out->event.seq, 0, &out->record);
        (void)lum_space_touch(editor->space, &out->record);
    }
    return status;
}

static enum lum_status make_keyed(struct lum_editor *editor, const struct lum_edit_target *target,
                                  struct lum_bytes key, struct lum_bytes fields,
                                  struct lum_error *err)
{
    struct pairs pairs;
    struct lum_record record;
    enum lum_status status = read_pairs(editor, fields, &pairs, err);
    if (status != LUM_OK) {
        return status;
    }
    status = look(editor, &editor->out->record, &record, err);
    if (status != LUM_OK && status != LUM_NOT_FOUND) {
        return status;
    }
    /* What others wrote to it before anyone made it is not shown, so it is not replaced either. */
    if (status == LUM_NOT_FOUND || lum_record_life(&record) == LUM_UNMADE) {
        lum_draft_make_keyed(editor->draft, target->collection, key, fields);
        return lum_editor_end(editor, LUM_EDIT_CREATED, err);
    }
    return lum_record_life(&record) == LUM_DEAD ? lum_editor_end(editor, LUM_EDIT_DELETED, err)
                                                : set_diff(editor, &record, &pairs, err);
}

enum lum_status lum_edit_make_keyed(struct lum_editor *editor, const struct lum_edit_target *target,
                                    struct lum_bytes key, struct lum_bytes fields,
                                    struct lum_edit_result *out, struct lum_error *err)
{
    enum lum_status status = lum_editor_begin(editor, target, out, err);
    if (status == LUM_OK) {
        status = check_collection(target->collection, err);
    }
    if (status == LUM_OK) {
        status = check_key(key, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_record_id_keyed(lum_space_id(editor->space), target->shelf, target->collection, key,
                        &out->record);
    return make_keyed(editor, target, key, fields, err);
}

/* ---- check ---- */

enum lum_status lum_edit_check(struct lum_editor *editor, const struct lum_edit_target *target,
                               const struct lum_bytes *key, struct lum_bytes fields,
                               struct lum_error *err)
{
    struct lum_edit_result nothing;
    struct pairs pairs;
    enum lum_status status = lum_editor_begin(editor, target, &nothing, err);
    if (status == LUM_OK) {
        status = check_collection(target->collection, err);
    }
    if (status == LUM_OK && key != NULL) {
        status = check_key(*key, err);
    }
    if (status == LUM_OK) {
        status = read_pairs(editor, fields, &pairs, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    size_t bytes = MAKE_BYTES + target->collection.len + (key == NULL ? 0 : key->len) + fields.len;
    if (bytes > LUM_PAYLOAD_MAX) {
        char text[24];
        (void)snprintf(text, sizeof text, "%zu", bytes);
        return lum_fail(err, LUM_CAUSE_event_too_big, text, NULL);
    }
    return LUM_OK;
}

/* ---- set ---- */

enum lum_status lum_edit_set(struct lum_editor *editor, const struct lum_edit_target *target,
                             struct lum_bytes fields, struct lum_edit_result *out,
                             struct lum_error *err)
{
    struct pairs pairs;
    struct lum_record record;
    enum lum_status status = lum_editor_begin(editor, target, out, err);
    if (status == LUM_OK) {
        status = read_pairs(editor, fields, &pairs, err);
    }
    if (status == LUM_OK) {
        status = lum_editor_need(editor, target, &record, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (lum_record_life(&record) == LUM_DEAD) {
        return lum_editor_fail(target, LUM_CAUSE_record_deleted, NULL, err);
    }
    return set_diff(editor, &record, &pairs, err);
}

/* ---- delete and restore ---- */

enum lum_status lum_edit_delete(struct lum_editor *editor, const struct lum_edit_target *target,
                                struct lum_edit_result *out, struct lum_error *err)
{
    struct lum_record record;
    enum lum_status status = lum_editor_begin(editor, target, out, err);
    if (status == LUM_OK) {
        status = lum_editor_need(editor, target, &record, err);
    }
    if (status != LUM_OK || lum_record_life(&record) == LUM_DEAD) {
        return status;
    }
    const struct lum_places seen = {record.newest, record.newest_count};
    status = lum_editor_drop(editor, seen, err);
    return status == LUM_OK ? lum_editor_end(editor, LUM_EDIT_CHANGED, err) : status;
}

static enum lum_status standing_drops(struct lum_editor *editor, const struct lum_record *record,
                                      struct lum_places *out)
{
    struct lum_place *at = lum_arena_take(&editor->arena, record->drop_count * sizeof *at);
    uint32_t count = 0;
    if (at == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < record->drop_count; i++) {
        if (!record->drops[i].is_kept) {
            at[count++] = record->drops[i].at;
        }
    }
    *out = (struct lum_places){at, count};
    return LUM_OK;
}

enum lum_status lum_edit_restore(struct lum_editor *editor, const struct lum_edit_target *target,
                                 struct lum_edit_result *out, struct lum_error *err)
{
    struct lum_record record;
    struct lum_places drops;
    enum lum_status status = lum_editor_begin(editor, target, out, err);
    if (status == LUM_OK) {
        status = lum_editor_need(editor, target, &record, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (lum_record_life(&record) == LUM_ALIVE) {
        return lum_editor_fail(target, LUM_CAUSE_record_not_deleted, NULL, err);
    }
    if (standing_drops(editor, &record, &drops) != LUM_OK) {
        return no_memory(err);
    }
    status = lum_editor_keep(editor, drops, err);
    return status == LUM_OK ? lum_editor_end(editor, LUM_EDIT_CHANGED, err) : status;
}
