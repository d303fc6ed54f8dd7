/*
 * view_record.c - the ops of one event onto the records they are about.
 *
 * A record is read at its first op in an event and written after the last. In a view that is made
 * anew only new records are: what comes later to one is put off (core/view_late.c).
 */
#include <string.h>

#include "core/record_row.h"
#include "core/view_open.h"

enum {
    SCAN_MAX = 8, /* opened records that are searched one by one */
    BY_ID_SLOTS = 1024,
};

/* ---- opening ---- */

static struct lum_view_open **slot_of(struct lum_view *view, const struct lum_id *id)
{
    return &view->by_id[(unsigned)(id->b[0] << 8 | id->b[1]) % BY_ID_SLOTS];
}

static struct lum_view_open *find_open(struct lum_view *view, const struct lum_id *id)
{
    struct lum_view_open *open = view->by_id == NULL ? view->opened : *slot_of(view, id);
    while (open != NULL && memcmp(open->record.id.b, id->b, sizeof id->b) != 0) {
        open = view->by_id == NULL ? open->next : open->next_same;
    }
    return open;
}

static void link_open(struct lum_view *view, struct lum_view_open *open)
{
    *view->opened_last = open;
    view->opened_last = &open->next;
    if (view->by_id != NULL) {
        struct lum_view_open **slot = slot_of(view, &open->record.id);
        open->next_same = *slot;
        *slot = open;
    }
}

/* Copies the row into the arena: what LMDB lends ends with the next put. */
static enum lum_status row_read(struct lum_view *view, struct lum_bytes row,
                                struct lum_view_open *open)
{
    struct lum_row head;
    uint64_t rno = open->record.rno;
    uint8_t *copy = lum_arena_take(&view->arena, row.len);
    if (copy == NULL) {
        return LUM_NO_MEMORY;
    }
    memcpy(copy, row.at, row.len);
    row = lum_bytes_of(copy, row.len);
    enum lum_status status = lum_record_read(row, &view->arena, &open->record);
    if (status != LUM_OK || !lum_row_open(row, &head)) {
        return status == LUM_OK ? LUM_CORRUPT : status;
    }
    open->record.rno = rno;
    open->was = head.life;
    open->was_made = open->record.collection != 0;
    if (!head.is_listed) {
        return LUM_OK;
    }
    return lum_view_listed(&view->arena, &open->record, open->was, &open->listed,
                           &open->listed_count);
}

enum lum_status lum_view_open_row(struct lum_view *view, uint64_t rno, struct lum_view_open *out)
{
    uint8_t key[8];
    struct lum_bytes row = {0};
    lum_put_u64(key, rno);
    *out = (struct lum_view_open){.record.rno = rno};
    enum lum_status status = lum_txn_get(view->txn, LUM_V_REC, lum_bytes_of(key, sizeof key), &row);
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    return row_read(view, row, out);
}

static void open_new(struct lum_view *view, uint8_t shelf, const struct lum_id *id,
                     struct lum_view_open *out)
{
    *out = (struct lum_view_open){
        .is_new = true,
        .was = LUM_UNMADE,
        .record = {.rno = view->next_rno, .shelf = shelf, .id = *id},
    };
    view->next_rno++;
}

/* *open is NULL when what happens to record *rno is put off. */
static enum lum_status record_open(struct lum_view *view, uint8_t shelf, const struct lum_id *id,
                                   uint64_t *rno, struct lum_view_open **out)
{
    struct lum_view_open *open = find_open(view, id);
    if (open != NULL) {
        *out = open;
        return LUM_OK;
    }
    enum lum_status status = lum_view_id_get(view, shelf, id, rno);
    if (status == LUM_OK && view->late.is_on) {
        *out = NULL;
        return LUM_OK;
    }
    if (status != LUM_OK && status != LUM_NOT_FOUND) {
        return status;
    }
    open = lum_arena_take(&view->arena, sizeof *open);
    if (open == NULL) {
        return LUM_NO_MEMORY;
    }
    if (status == LUM_OK) {
        status = lum_view_open_row(view, *rno, open);
    } else {
        open_new(view, shelf, id, open);
        status = LUM_OK;
    }
    if (status == LUM_OK) {
        link_open(view, open);
        *out = open;
    }
    return status;
}

/* ---- ops ---- */

/* The places of an op's dots; those beyond a fork name nothing, a seen position stops there. */
static enum lum_status places_of(struct lum_view *view, const struct lum_view_event *event,
                                 const struct lum_op *op, struct lum_place **out, uint32_t *count)
{
    *count = 0;
    if (op->dot_count == 0) {
        return LUM_OK;
    }
    struct lum_place *places = lum_arena_take(&view->arena, op->dot_count * sizeof *places);
    if (places == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < op->dot_count; i++) {
        const struct lum_dot *dot = &op->dots[i];
        struct lum_place place = {event->state->lno, dot->seq, dot->op};
        uint64_t max = UINT64_MAX;
        if (dot->dep > 0) {
            place.lno = event->deps[dot->dep - 1].lno;
            max = event->deps[dot->dep - 1].names_max;
        }
        if (place.seq > max && dot->op != LUM_OP_ANY) {
            continue;
        }
        place.seq = place.seq > max ? max : place.seq;
        places[(*count)++] = place;
    }
    *out = places;
    return LUM_OK;
}

enum lum_status lum_view_open_op(struct lum_view *view, struct lum_view_open *open,
                                 const struct lum_view_op *op)
{
    struct lum_record *record = &open->record;
    const struct lum_sibling sibling = {op->at, op->value};
    switch (op->type) {
    case LUM_OP_SET:
        return lum_record_set(record, &view->arena, op->name, &sibling, op->places,
                              op->place_count);
    case LUM_OP_DROP:
        return lum_record_drop(record, &view->arena, &op->at, op->places, op->place_count);
    case LUM_OP_KEEP:
        return lum_record_keep(record, &view->arena, &op->at, op->places, op->place_count);
    case LUM_OP_MAKE:
    case LUM_OP_MAKE_KEYED:
        break;
    }
    if (record->collection == 0) {
        record->collection = op->name;
        record->key = op->value;
    }
    return lum_record_make(record, &view->arena, &op->at);
}

/* An op finds its record: open, or known by its number and put off. */
struct target {
    struct lum_view_open *open;
    uint64_t rno;
};

static enum lum_status give(struct lum_view *view, const struct target *to,
                            const struct lum_view_op *op)
{
    return to->open != NULL ? lum_view_open_op(view, to->open, op)
                            : lum_late_put(&view->late, to->rno, op);
}

static enum lum_status set(struct lum_view *view, const struct target *to,
                           const struct lum_pair *pair, struct lum_view_op *op)
{
    enum lum_status status = lum_view_name_get(view, pair->field, &op->name);
    op->type = LUM_OP_SET;
    op->value = pair->value;
    return status == LUM_OK ? give(view, to, op) : status;
}

static enum lum_status make(struct lum_view *view, const struct target *to, const struct lum_op *op,
                            struct lum_view_op *out)
{
    enum lum_status status = lum_view_name_get(view, op->collection, &out->name);
    out->value = op->key;
    if (to->open != NULL) {
        to->open->is_own = op->collection.at[0] == '_';
        to->open->is_own_known = true;
    }
    if (status == LUM_OK) {
        status = give(view, to, out);
    }
    for (uint32_t i = 0; i < op->pair_count && status == LUM_OK; i++) {
        status = set(view, to, &op->pairs[i], out);
    }
    return status;
}

static enum lum_status op_apply(struct lum_view *view, const struct lum_view_event *event,
                                const struct lum_op *op)
{
    struct target to = {0};
    struct lum_place *places = NULL;
    struct lum_view_op out = {.type = op->type, .at = {event->state->lno, event->seq, op->index}};
    enum lum_status status = record_open(view, event->state->shelf, &op->record, &to.rno, &to.open);
    if (status == LUM_OK) {
        status = places_of(view, event, op, &places, &out.place_count);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (to.open != NULL && to.open->record.first.lno == 0) {
        to.open->record.first = out.at;
    }
    switch (op->type) {
    case LUM_OP_MAKE:
    case LUM_OP_MAKE_KEYED:
        return make(view, &to, op, &out);
    case LUM_OP_SET:
        out.places = places;
        return set(view, &to, &op->pairs[0], &out);
    case LUM_OP_DROP:
    case LUM_OP_KEEP:
        out.places = places;
        return give(view, &to, &out);
    }
    return LUM_OK;
}

/* ---- closing ---- */

static enum lum_status record_close(struct lum_view *view, const struct lum_view_event *event,
                                    struct lum_view_open *open)
{
    enum lum_status status = LUM_OK;
    const struct lum_place at = {event->state->lno, event->seq, 0};
    if (!open->is_new) {
        status = lum_view_hist_put(view, open->record.rno, &at, &open->record.touch);
    }
    open->record.touch = at;
    return status == LUM_OK ? lum_view_open_close(view, open) : status;
}

enum lum_status lum_view_ops_apply(struct lum_view *view, const struct lum_view_event *event,
                                   const struct lum_payload *payload)
{
    enum lum_status status = LUM_OK;
    view->opened = NULL;
    view->opened_last = &view->opened;
    view->by_id = NULL;
    if (payload->op_count > SCAN_MAX) {
        view->by_id = lum_arena_take(&view->arena, BY_ID_SLOTS * sizeof *view->by_id);
        if (view->by_id == NULL) {
            return LUM_NO_MEMORY;
        }
        memset(view->by_id, 0, BY_ID_SLOTS * sizeof *view->by_id);
    }
    for (uint32_t i = 0; i < payload->op_count && status == LUM_OK; i++) {
        status = op_apply(view, event, &payload->ops[i]);
    }
    for (struct lum_view_open *open = view->opened; open != NULL && status == LUM_OK;
         open = open->next) {
        status = record_close(view, event, open);
    }
    view->opened = NULL;
    return status;
}
