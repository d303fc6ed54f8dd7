/*
 * view_record.c - the ops of one event onto the records they are about.
 *
 * A record is read at its first op in an event and written after the last. Around its row:
 *
 *   young     id -> rno                 once, when it is first met
 *   coll      while people see it
 *   feed      one change a batch
 *   hist      a chain back from `touch`, through events of all logs, to `first`
 *   conflict  a row a cell with different values, and one while it is deleted but edited
 *   tree      its bucket is noted as dirty; rows go at the end of the batch
 */
#include <string.h>

#include "core/record_row.h"
#include "core/view_i.h"

enum {
    COLL_KEY = 4 + 8,
    HIST_KEY = 4 + 8 + 8,
    HIST_LEN = 4 + 8,
    CONFLICT_KEY = 1 + 4 + 8 + 4,
    TREE_KEY = 1 + 2,
    LISTED_CELL = 1,
    LISTED_REVIVED = 2,
    SCAN_MAX = 8, /* opened records that are searched one by one */
    BY_ID_SLOTS = 1024,
};

/* A row of `conflict`. */
struct listed {
    uint8_t kind;
    uint32_t field;
    uint32_t number;
};

struct lum_view_open {
    struct lum_record record;
    bool is_new;
    bool was_made;
    enum lum_life was;
    struct listed *listed; /* as it stood before the event, by field, revived first */
    uint32_t listed_count;
    bool is_own_known; /* whether the collection is one of Lumbung's own */
    bool is_own;
    struct lum_view_open *next;
    struct lum_view_open *next_same; /* in by_id */
};

/* ---- keys ---- */

static struct lum_bytes number_key(uint64_t number, uint8_t key[8])
{
    lum_put_u64(key, number);
    return lum_bytes_of(key, 8);
}

static struct lum_bytes coll_key(const struct lum_record *record, uint8_t key[COLL_KEY])
{
    lum_put_u32(key, record->collection);
    lum_put_u64(key + 4, record->rno);
    return lum_bytes_of(key, COLL_KEY);
}

static struct lum_bytes conflict_key(const struct lum_record *record, const struct listed *listed,
                                     uint8_t key[CONFLICT_KEY])
{
    key[0] = listed->kind;
    lum_put_u32(key + 1, record->collection);
    lum_put_u64(key + 5, record->rno);
    lum_put_u32(key + 13, listed->field);
    return lum_bytes_of(key, CONFLICT_KEY);
}

/* A row that must be there. */
static enum lum_status held(enum lum_status status)
{
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

/* ---- what is listed ---- */

static uint32_t standing_drops(const struct lum_record *record)
{
    uint32_t standing = 0;
    for (uint32_t i = 0; i < record->drop_count; i++) {
        standing += !record->drops[i].is_kept;
    }
    return standing;
}

static enum lum_status list(struct lum_arena *arena, const struct lum_record *record,
                            enum lum_life life, struct listed **out, uint32_t *count)
{
    uint32_t conflicts = lum_life_is_shown(life) ? lum_record_conflicts(record) : 0;
    uint32_t n = 0;
    *count = conflicts + (life == LUM_REVIVED ? 1 : 0);
    if (*count == 0) {
        return LUM_OK;
    }
    struct listed *rows = lum_arena_take(arena, *count * sizeof *rows);
    if (rows == NULL) {
        return LUM_NO_MEMORY;
    }
    if (life == LUM_REVIVED) {
        rows[n++] = (struct listed){LISTED_REVIVED, 0, standing_drops(record)};
    }
    for (uint32_t i = 0; i < record->cell_count && n < *count; i++) {
        uint32_t values = record->cells[i].count > 1 ? lum_cell_values(&record->cells[i]) : 1;
        if (values > 1) {
            rows[n++] = (struct listed){LISTED_CELL, record->cells[i].field, values};
        }
    }
    *out = rows;
    return LUM_OK;
}

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
    return list(&view->arena, &open->record, open->was, &open->listed, &open->listed_count);
}

static enum lum_status record_load(struct lum_view *view, uint8_t shelf, const struct lum_id *id,
                                   struct lum_view_open *open)
{
    uint8_t key[8];
    struct lum_bytes row = {0};
    enum lum_status status = lum_view_id_get(view, shelf, id, &open->record.rno);
    if (status == LUM_NOT_FOUND) {
        open->is_new = true;
        open->was = LUM_UNMADE;
        open->record = (struct lum_record){.rno = view->next_rno, .shelf = shelf, .id = *id};
        view->next_rno++;
        return LUM_OK;
    }
    if (status == LUM_OK) {
        status = held(lum_txn_get(view->txn, LUM_V_REC, number_key(open->record.rno, key), &row));
    }
    return status == LUM_OK ? row_read(view, row, open) : status;
}

static enum lum_status record_open(struct lum_view *view, uint8_t shelf, const struct lum_id *id,
                                   struct lum_view_open **out)
{
    struct lum_view_open *open = find_open(view, id);
    if (open != NULL) {
        *out = open;
        return LUM_OK;
    }
    open = lum_arena_take(&view->arena, sizeof *open);
    if (open == NULL) {
        return LUM_NO_MEMORY;
    }
    *open = (struct lum_view_open){0};
    enum lum_status status = record_load(view, shelf, id, open);
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

static enum lum_status set_pair(struct lum_view *view, struct lum_view_open *open,
                                const struct lum_pair *pair, const struct lum_place *at,
                                const struct lum_place *preds, uint32_t pred_count)
{
    uint32_t field = 0;
    struct lum_sibling sibling = {*at, pair->value};
    enum lum_status status = lum_view_name_get(view, pair->field, &field);
    if (status != LUM_OK) {
        return status;
    }
    return lum_record_set(&open->record, &view->arena, field, &sibling, preds, pred_count);
}

static enum lum_status make(struct lum_view *view, struct lum_view_open *open,
                            const struct lum_op *op, const struct lum_place *at)
{
    struct lum_record *record = &open->record;
    enum lum_status status = LUM_OK;
    if (record->collection == 0) {
        status = lum_view_name_get(view, op->collection, &record->collection);
        record->key = op->key;
        open->is_own = op->collection.at[0] == '_';
        open->is_own_known = true;
    }
    if (status == LUM_OK) {
        status = lum_record_make(record, &view->arena, at);
    }
    for (uint32_t i = 0; i < op->pair_count && status == LUM_OK; i++) {
        status = set_pair(view, open, &op->pairs[i], at, NULL, 0);
    }
    return status;
}

static enum lum_status op_apply(struct lum_view *view, const struct lum_view_event *event,
                                const struct lum_op *op)
{
    struct lum_view_open *open = NULL;
    struct lum_place *places = NULL;
    uint32_t count = 0;
    struct lum_place at = {event->state->lno, event->seq, op->index};
    enum lum_status status = record_open(view, event->state->shelf, &op->record, &open);
    if (status == LUM_OK) {
        status = places_of(view, event, op, &places, &count);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (open->record.first.lno == 0) {
        open->record.first = at;
    }
    switch (op->type) {
    case LUM_OP_MAKE:
    case LUM_OP_MAKE_KEYED:
        return make(view, open, op, &at);
    case LUM_OP_SET:
        return set_pair(view, open, &op->pairs[0], &at, places, count);
    case LUM_OP_DROP:
        return lum_record_drop(&open->record, &view->arena, &at, places, count);
    case LUM_OP_KEEP:
        return lum_record_keep(&open->record, &view->arena, &at, places, count);
    }
    return LUM_OK;
}

/* ---- closing: the rows around a record ---- */

static enum lum_status history_put(struct lum_view *view, const struct lum_view_event *event,
                                   struct lum_view_open *open)
{
    struct lum_record *record = &open->record;
    struct lum_place before = record->touch;
    record->touch = (struct lum_place){event->state->lno, event->seq, 0};
    if (open->is_new) {
        return LUM_OK;
    }
    uint8_t key[HIST_KEY];
    uint8_t row[HIST_LEN];
    lum_put_u32(key, event->state->lno);
    lum_put_u64(key + 4, event->seq);
    lum_put_u64(key + 12, record->rno);
    lum_put_u32(row, before.lno);
    lum_put_u64(row + 4, before.seq);
    view->appended_bytes += LUM_VIEW_ROW + sizeof key + sizeof row;
    return lum_txn_append(view->txn, LUM_V_HIST, lum_bytes_of(key, sizeof key),
                          lum_bytes_of(row, sizeof row));
}

/* Once a batch is enough: until it is committed nobody sees the number. */
static enum lum_status feed_put(struct lum_view *view, struct lum_view_open *open)
{
    struct lum_record *record = &open->record;
    if (!open->is_new && record->change >= view->batch_change) {
        return LUM_OK;
    }
    return lum_view_feed_add(view, record->rno, &record->change);
}

static enum lum_status own_known(struct lum_view *view, struct lum_view_open *open)
{
    uint8_t key[4];
    struct lum_bytes name;
    if (open->is_own_known) {
        return LUM_OK;
    }
    lum_put_u32(key, open->record.collection);
    enum lum_status status =
        held(lum_txn_get(view->txn, LUM_V_TEXT, lum_bytes_of(key, sizeof key), &name));
    open->is_own = status == LUM_OK && name.len > 0 && name.at[0] == '_';
    open->is_own_known = true;
    return status;
}

/* Which count a record stands in, if any. */
static uint64_t *count_of(struct lum_view_counts *counts, enum lum_life life)
{
    if (lum_life_is_shown(life)) {
        return &counts->records;
    }
    return life == LUM_DEAD ? &counts->deleted : NULL;
}

static enum lum_status recount(struct lum_view *view, struct lum_view_open *open,
                               enum lum_life life)
{
    uint64_t *from = count_of(&view->counts, open->was);
    uint64_t *to = count_of(&view->counts, life);
    if (from == to) {
        return LUM_OK;
    }
    enum lum_status status = own_known(view, open);
    if (status != LUM_OK || open->is_own) {
        return status;
    }
    if (from != NULL) {
        (*from)--;
    }
    if (to != NULL) {
        (*to)++;
    }
    return LUM_OK;
}

static void tell(struct lum_view *view, const struct lum_view_open *open, enum lum_life life,
                 bool is_first_change)
{
    struct lum_view_progress *progress = view->progress;
    bool was_shown = lum_life_is_shown(open->was);
    bool is_shown = lum_life_is_shown(life);
    progress->records_new += !open->was_made && is_shown;
    progress->records_deleted += was_shown && !is_shown;
    progress->records_changed += open->was_made && is_shown && is_first_change;
}

static enum lum_status coll_put(struct lum_view *view, const struct lum_view_open *open,
                                enum lum_life life)
{
    uint8_t key[COLL_KEY];
    bool was_shown = lum_life_is_shown(open->was);
    bool is_shown = lum_life_is_shown(life);
    if (was_shown == is_shown) {
        return LUM_OK;
    }
    if (is_shown) {
        view->appended_bytes += LUM_VIEW_ROW + sizeof key;
        return lum_txn_append(view->txn, LUM_V_COLL, coll_key(&open->record, key),
                              (struct lum_bytes){0});
    }
    return held(lum_txn_delete(view->txn, LUM_V_COLL, coll_key(&open->record, key)));
}

static uint64_t *listed_count(struct lum_view *view, uint8_t kind)
{
    return kind == LISTED_CELL ? &view->counts.conflicts : &view->counts.revived;
}

static bool is_among(const struct listed *rows, uint32_t count, const struct listed *row)
{
    uint32_t i = 0;
    while (i < count && (rows[i].kind != row->kind || rows[i].field != row->field)) {
        i++;
    }
    return i < count;
}

static enum lum_status listed_put(struct lum_view *view, const struct lum_view_open *open,
                                  enum lum_life life)
{
    uint8_t key[CONFLICT_KEY];
    uint8_t number[4];
    struct listed *now = NULL;
    uint32_t count = 0;
    enum lum_status status = list(&view->arena, &open->record, life, &now, &count);
    for (uint32_t i = 0; i < open->listed_count && status == LUM_OK; i++) {
        const struct listed *old = &open->listed[i];
        if (!is_among(now, count, old)) {
            (*listed_count(view, old->kind))--;
            status = held(
                lum_txn_delete(view->txn, LUM_V_CONFLICT, conflict_key(&open->record, old, key)));
        }
    }
    for (uint32_t i = 0; i < count && status == LUM_OK; i++) {
        if (!is_among(open->listed, open->listed_count, &now[i])) {
            (*listed_count(view, now[i].kind))++;
            view->progress->conflicts_new += now[i].kind == LISTED_CELL;
        }
        lum_put_u32(number, now[i].number);
        status = lum_txn_put(view->txn, LUM_V_CONFLICT, conflict_key(&open->record, &now[i], key),
                             lum_bytes_of(number, sizeof number));
    }
    return status;
}

static enum lum_status row_put(struct lum_view *view, const struct lum_view_open *open)
{
    uint8_t number[8];
    lum_buf_reset(&view->bytes);
    lum_record_write(&open->record, &view->bytes);
    enum lum_status status = lum_buf_status(&view->bytes);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_bytes row = lum_buf_bytes(&view->bytes);
    struct lum_bytes rno = number_key(open->record.rno, number);
    if (!open->is_new) {
        view->touched_records++;
        return lum_txn_put(view->txn, LUM_V_REC, rno, row);
    }
    view->appended_bytes += LUM_VIEW_ROW + sizeof number + row.len;
    status = lum_txn_append(view->txn, LUM_V_REC, rno, row);
    return status == LUM_OK
               ? lum_view_id_put(view, open->record.shelf, &open->record.id, open->record.rno)
               : status;
}

static void mark_dirty(struct lum_view *view, const struct lum_record *record)
{
    unsigned bucket = (unsigned)record->id.b[0] << 4 | record->id.b[1] >> 4;
    view->dirty[record->shelf][bucket / 64] |= UINT64_C(1) << (bucket % 64);
}

static enum lum_status record_close(struct lum_view *view, const struct lum_view_event *event,
                                    struct lum_view_open *open)
{
    enum lum_life life = lum_record_life(&open->record);
    bool is_first_change = open->is_new || open->record.change < view->batch_change;
    enum lum_status status = history_put(view, event, open);
    if (status == LUM_OK) {
        status = feed_put(view, open);
    }
    if (status == LUM_OK) {
        status = coll_put(view, open, life);
    }
    if (status == LUM_OK) {
        status = recount(view, open, life);
    }
    if (status == LUM_OK) {
        status = listed_put(view, open, life);
    }
    if (status == LUM_OK) {
        status = row_put(view, open);
    }
    mark_dirty(view, &open->record);
    tell(view, open, life, is_first_change);
    return status;
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

/* ---- the end of a batch ---- */

static enum lum_status bucket_clear(struct lum_view *view, uint32_t shelf, uint32_t bucket)
{
    uint8_t key[TREE_KEY];
    key[0] = (uint8_t)shelf;
    lum_put_u16(key + 1, (uint16_t)bucket);
    enum lum_status status = lum_txn_delete(view->txn, LUM_V_TREE, lum_bytes_of(key, sizeof key));
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

enum lum_status lum_view_tree_flush(struct lum_view *view)
{
    enum lum_status status = LUM_OK;
    bool is_computed = lum_txn_rows(view->txn, LUM_V_TREE) > 0;
    for (uint32_t shelf = 0; shelf < LUM_SHELVES_MAX && is_computed; shelf++) {
        for (uint32_t bucket = 0; bucket < LUM_VIEW_BUCKETS && status == LUM_OK; bucket++) {
            if ((view->dirty[shelf][bucket / 64] >> (bucket % 64) & 1) != 0) {
                status = bucket_clear(view, shelf, bucket);
            }
        }
    }
    memset(view->dirty, 0, sizeof view->dirty);
    return status;
}
