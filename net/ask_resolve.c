/*
 * ask_resolve.c - requests that settle conflicts: one by one, or all that were shown.
 *
 * `shown` keeps up to which change of the view a person has looked at the conflicts. Whoever then
 * settles all of them at once has seen each: a record that changed later is refused, and nothing
 * is written. Change numbers only grow, so a view made anew counts as not looked at.
 */
#include <string.h>

#include "core/sort.h"
#include "core/value.h"
#include "net/ask.h"
#include "net/ask_ref.h"

#define SHOWN_NOTE "shown" /* change u64 */

/* ---- shown ---- */

/* {change}: what the end of `conflicts` said. */
enum lum_status lum_ask_shown(struct lum_ask *ask, struct lum_error *err)
{
    uint64_t change;
    uint8_t note[8];
    enum lum_status status;

    if (!lum_ask_uint(ask, "change", &change)) {
        return lum_fail(err, LUM_CAUSE_bad_request, "change", NULL);
    }
    lum_put_u64(note, change);
    status = lum_log_note_put(lum_space_log_txn(ask->world.space), SHOWN_NOTE,
                              lum_bytes_of(note, sizeof(note)));
    if (status == LUM_OK) {
        lum_reply_uint(&ask->reply, "change", change);
        lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    }
    return status;
}

static enum lum_status shown_change(struct lum_space *space, uint64_t *out)
{
    struct lum_bytes note;
    enum lum_status status = lum_log_note_get(lum_space_log_txn(space), SHOWN_NOTE, &note);

    *out = status == LUM_OK && note.len == 8 ? lum_get_u64(note.at) : 0;
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* ---- one conflict ---- */

/* {record, field, value} or {record, field, take: event}. */
static enum lum_status resolve_cell(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_edit_target target;
    struct lum_edit_result result;
    struct lum_resolve how = {0};
    struct lum_place take;
    struct lum_bytes text;
    struct lum_cur cur;
    enum lum_status status = LUM_OK;

    if (!lum_ask_text(ask, "field", &how.field)) {
        return lum_fail(err, LUM_CAUSE_bad_request, "field", NULL);
    }
    if (lum_ask_text(ask, "take", &text)) {
        status = lum_ref_event(text, lum_space_log_txn(ask->world.space), &take, err);
        how.take = &take;
    } else if (lum_ask_value(ask, "value", &how.value)) {
        cur = lum_cur_over(how.value);
        lum_value_read(&cur);
        if (lum_cur_end(&cur) != LUM_FAULT_NONE) {
            return lum_fail(err, LUM_CAUSE_bad_value, "value", lum_fault_name(cur.fault));
        }
    } else {
        return lum_fail(err, LUM_CAUSE_bad_request, "take", NULL);
    }
    if (status == LUM_OK) {
        status = lum_ask_target(ask, &target, err);
    }
    if (status == LUM_OK) {
        status = lum_edit_resolve(ask->world.editor, &target, &how, &result, err);
    }
    if (status == LUM_OK) {
        lum_ask_tell_edit(ask, &target, &result, LUM_FRAME_DONE);
    }
    return status;
}

/* ---- all of them ---- */

/* Whose word is to stand. */
struct choice {
    bool is_latest;
    struct lum_id member; /* when not the latest */
};

struct settling {
    struct lum_space *space;
    struct choice choice;
    uint32_t collection; /* only of this one; 0 = of all */
    uint64_t shown;
    struct lum_buf records; /* their ids with the shelf, 17 bytes each */
    struct lum_arena arena; /* of one record */
    struct lum_buf fields;  /* the map of what is to stand in it */
    uint64_t resolved;
    uint64_t left;
};

static bool is_of_member(const struct settling *settling, const struct lum_place *at)
{
    struct lum_log_row row;
    const struct lum_device *device;

    if (lum_log_get(lum_space_log_txn(settling->space), at->lno, &row) != LUM_OK) {
        return false;
    }
    device = lum_roster_by_author(lum_space_roster(settling->space), row.name.author);
    return device != NULL &&
           memcmp(device->member.b, settling->choice.member.b, sizeof(device->member.b)) == 0;
}

/* Whether the writer of that dot deleted the record afterwards. */
static bool is_taken_back(const struct lum_record *record, const struct lum_place *dot)
{
    for (uint32_t i = 0; i < record->drop_count; i++) {
        const struct lum_drop *drop = &record->drops[i];
        if (!drop->is_kept && drop->at.lno == dot->lno && lum_place_compare(&drop->at, dot) > 0) {
            return true;
        }
    }
    return false;
}

/* What is to become of a record that is deleted but edited: the latest is that it is shown; a
 * member's word is the last that he did to it. LUM_REVIVED when he did nothing. */
static enum lum_life choose_life(const struct settling *settling, const struct lum_record *record)
{
    enum lum_life life = settling->choice.is_latest ? LUM_ALIVE : LUM_REVIVED;

    for (uint32_t i = 0; i < record->drop_count && life == LUM_REVIVED; i++) {
        const struct lum_drop *drop = &record->drops[i];
        life = !drop->is_kept && is_of_member(settling, &drop->at) ? LUM_DEAD : life;
    }
    for (uint32_t i = 0; i < record->newest_count && life != LUM_ALIVE; i++) {
        const struct lum_place *dot = &record->newest[i];
        bool stands = is_of_member(settling, dot) && !is_taken_back(record, dot);
        life = stands ? LUM_ALIVE : life;
    }
    return life;
}

/* The sibling that is to stand; NULL when the member has none. Reorders the cell. */
static enum lum_status choose(const struct settling *settling, struct lum_cell *cell,
                              const struct lum_sibling **out)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < cell->count; i++) {
        if (settling->choice.is_latest || is_of_member(settling, &cell->siblings[i].at)) {
            cell->siblings[kept++] = cell->siblings[i];
        }
    }
    cell->count = kept;
    *out = NULL;
    return kept == 0 ? LUM_OK
                     : lum_view_shown(lum_space_view_txn(settling->space),
                                      lum_space_log_txn(settling->space), cell, out);
}

/* Looks at every conflict before one is settled: which records, and has one moved? */
static enum lum_status gather(struct settling *settling, struct lum_error *err)
{
    struct lum_txn *view = lum_space_view_txn(settling->space);
    struct lum_view_conflict at = {0};
    uint64_t last = 0;
    enum lum_status status;

    while ((status = lum_view_conflict_next(view, &at)) == LUM_OK) {
        struct lum_record record;
        bool is_wanted = settling->collection == 0 || at.collection == settling->collection;
        if (!is_wanted || at.rno == last) {
            continue;
        }
        last = at.rno;
        lum_arena_reset(&settling->arena);
        status = lum_view_record(view, at.rno, &settling->arena, &record);
        if (status != LUM_OK) {
            return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
        }
        if (record.change > settling->shown) {
            return lum_ref_fail_record(err, LUM_CAUSE_conflict_moved, view, &record, at.field);
        }
        if (at.kind == LUM_CONFLICT_REVIVED && lum_record_conflicts(&record) > 0) {
            continue; /* it came with its cells */
        }
        lum_buf_put_byte(&settling->records, record.shelf);
        lum_buf_put(&settling->records, record.id.b, sizeof(record.id.b));
    }
    return status == LUM_NOT_FOUND ? lum_buf_status(&settling->records) : status;
}

struct settled {
    struct lum_bytes field;
    struct lum_bytes value;
};

static int by_field(const void *self, const void *a, const void *b)
{
    const struct settled *x = a;
    const struct settled *y = b;

    (void)self;
    return lum_bytes_compare(x->field, y->field);
}

/* What is to stand in each cell in conflict, as a map of fields. */
static enum lum_status pick_values(struct settling *settling, const struct lum_record *record,
                                   uint32_t *count)
{
    struct lum_txn *view = lum_space_view_txn(settling->space);
    struct settled *list = lum_arena_take(&settling->arena, record->cell_count * sizeof(*list));

    *count = 0;
    if (list == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < record->cell_count && *count < LUM_ELEMENTS_MAX; i++) {
        struct lum_cell cell = record->cells[i];
        const struct lum_sibling *stands;
        enum lum_status status;
        if (lum_cell_values(&cell) < 2) {
            continue;
        }
        status = choose(settling, &cell, &stands);
        if (status != LUM_OK) {
            return status;
        }
        settling->left += stands == NULL;
        if (stands != NULL) {
            list[(*count)++] =
                (struct settled){lum_view_name_text(view, cell.field), stands->value};
        }
    }
    lum_sort(&(struct lum_sort){list, *count, sizeof(*list), by_field, NULL});
    lum_buf_reset(&settling->fields);
    lum_pack_map(&settling->fields, *count);
    for (uint32_t i = 0; i < *count; i++) {
        lum_pack_str(&settling->fields, list[i].field);
        lum_pack_raw(&settling->fields, list[i].value);
    }
    return lum_buf_status(&settling->fields);
}

/* The record as the batch sees it; it lasts until something is written. */
static enum lum_status look(struct settling *settling, struct lum_edit_target *target,
                            struct lum_record *out)
{
    struct lum_txn *view = lum_space_view_txn(settling->space);
    uint64_t rno;
    enum lum_status status = lum_view_find(view, target->shelf, &target->record, &rno);

    lum_arena_reset(&settling->arena);
    if (status == LUM_OK) {
        status = lum_view_record(view, rno, &settling->arena, out);
    }
    if (status == LUM_OK) {
        target->collection = lum_view_name_text(view, out->collection);
    }
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

/* All cells of one record in one edit: a set names every sibling it saw. */
static enum lum_status settle_cells(struct lum_ask *ask, struct settling *settling,
                                    struct lum_edit_target *target, struct lum_error *err)
{
    struct lum_edit_result result;
    struct lum_record record;
    uint32_t count = 0;
    enum lum_status status = look(settling, target, &record);

    if (status == LUM_OK) {
        status = pick_values(settling, &record, &count);
    }
    if (status == LUM_OK && count > 0) {
        status = lum_edit_set(ask->world.editor, target, lum_buf_bytes(&settling->fields), &result,
                              err);
        settling->resolved += count;
    }
    return status;
}

static enum lum_status settle_life(struct lum_ask *ask, struct settling *settling,
                                   struct lum_edit_target *target, enum lum_life life,
                                   struct lum_error *err)
{
    struct lum_edit_result result;
    struct lum_record record;
    enum lum_status status = life == LUM_REVIVED ? LUM_OK : look(settling, target, &record);

    if (status != LUM_OK || life == LUM_REVIVED) {
        settling->left++;
        return status;
    }
    settling->resolved++;
    return life == LUM_ALIVE ? lum_edit_restore(ask->world.editor, target, &result, err)
                             : lum_edit_delete(ask->world.editor, target, &result, err);
}

static enum lum_status settle_record(struct lum_ask *ask, struct settling *settling,
                                     const uint8_t *at, struct lum_error *err)
{
    struct lum_edit_target target = {.shelf = at[0]};
    struct lum_record record;
    enum lum_status status;

    memcpy(target.record.b, at + 1, sizeof(target.record.b));
    status = look(settling, &target, &record);
    if (status != LUM_OK) {
        return status;
    }
    /* Decided on what was shown, before our own set is the last that was done to it. */
    bool is_revived = lum_record_life(&record) == LUM_REVIVED;
    enum lum_life life = is_revived ? choose_life(settling, &record) : LUM_ALIVE;
    status = settle_cells(ask, settling, &target, err);
    if (status == LUM_OK && is_revived) {
        status = settle_life(ask, settling, &target, life, err);
    }
    return status;
}

static enum lum_status settle_all(struct lum_ask *ask, struct settling *settling,
                                  struct lum_error *err)
{
    enum lum_status status = gather(settling, err);

    for (size_t at = 0; at < settling->records.len && status == LUM_OK; at += 17) {
        status = settle_record(ask, settling, settling->records.at + at, err);
    }
    if (status == LUM_OK) {
        lum_reply_uint(&ask->reply, "resolved", settling->resolved);
        lum_reply_uint(&ask->reply, "left", settling->left);
        lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    }
    return status;
}

static enum lum_status read_choice(struct lum_ask *ask, struct choice *out, struct lum_error *err)
{
    struct lum_space *space = ask->world.space;
    const struct lum_device *device;
    struct lum_bytes text;
    enum lum_status status;

    if (!lum_ask_text(ask, "take", &text)) {
        return lum_fail(err, LUM_CAUSE_bad_request, "take", NULL);
    }
    *out = (struct choice){.is_latest = lum_bytes_equal(text, lum_bytes_of("latest", 6))};
    if (out->is_latest) {
        return LUM_OK;
    }
    status = lum_ref_member(text, lum_space_roster(space), lum_space_view_txn(space),
                            lum_space_log_txn(space), &device, err);
    if (status == LUM_OK) {
        out->member = device->member;
    }
    return status;
}

/* {all: true, take: "latest" or a member, coll?} */
static enum lum_status resolve_all(struct lum_ask *ask, struct lum_error *err)
{
    struct settling settling = {.space = ask->world.space};
    enum lum_status status = lum_space_catch_up(settling.space, err);

    if (status == LUM_OK) {
        status = read_choice(ask, &settling.choice, err);
    }
    if (status == LUM_OK) {
        status = shown_change(settling.space, &settling.shown);
    }
    if (status == LUM_OK) {
        status = lum_ref_filter(ask, lum_space_view_txn(settling.space), &settling.collection, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_buf_init(&settling.records, SIZE_MAX);
    lum_buf_init(&settling.fields, SIZE_MAX);
    lum_arena_init(&settling.arena);
    status = settle_all(ask, &settling, err);
    lum_arena_fini(&settling.arena);
    lum_buf_fini(&settling.fields);
    lum_buf_fini(&settling.records);
    return status;
}

/* A cell, a record that is deleted but edited ({record, keep: true} or {record, delete: true}), or
 * all. */
enum lum_status lum_ask_resolve(struct lum_ask *ask, struct lum_error *err)
{
    if (lum_ask_bool(ask, "all")) {
        return resolve_all(ask, err);
    }
    if (lum_ask_bool(ask, "keep")) {
        return lum_ask_edit_whole(ask, lum_edit_restore, err);
    }
    if (lum_ask_bool(ask, "delete")) {
        return lum_ask_edit_whole(ask, lum_edit_delete, err);
    }
    return resolve_cell(ask, err);
}
