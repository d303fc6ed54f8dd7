/*
 * ask_list.c - requests that list what was said of records: the history of one, all conflicts.
 *
 * Wherever an event is told, it is {"event": LOGHEX:SEQ, "author": key in hex, "member": name,
 * "t": ms}. Siblings of a cell come best rank first, the shown one in front.
 */
#include <string.h>

#include "net/ask.h"
#include "net/ask_page.h"
#include "net/ask_ref.h"

enum {
    TOLD_MAX = 64,     /* siblings or drops in one row; the rest is counted in "cut" */
    LOOKED_MAX = 4096, /* rows passed over in one step */
};

/* Who said it, and when: into any map under construction. */
static enum lum_status tell_place(const struct lum_world *world, struct lum_arena *arena,
                                  const struct lum_place *at, struct lum_reply *reply)
{
    struct lum_log_row log;
    struct lum_view_pos pos;
    struct lum_bytes name = {0};
    enum lum_status status = lum_log_get(world->log, at->lno, &log);

    if (status == LUM_OK) {
        status = lum_view_pos(world->view, at->lno, at->seq, &pos);
    }
    if (status == LUM_OK) {
        status = lum_ref_name(world, arena, log.name.author, &name);
    }
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    lum_ref_tell_event(reply, "event", &log.place.log_id, at->seq);
    lum_reply_hex(reply, "author", log.name.author, sizeof(log.name.author));
    lum_reply_text(reply, "member", name);
    lum_reply_uint(reply, "t", pos.t);
    return LUM_OK;
}

/* ---- history ---- */

struct history {
    struct lum_hash space;
    struct lum_id record;
    struct lum_view_touch *touches;
    uint32_t count;
    uint32_t next;
    struct lum_log_reader *reader;
    struct lum_arena arena; /* of one event */
    struct lum_reply op;    /* the map of one op */
};

static void forget_history(void *state)
{
    struct history *history = state;

    if (history->reader != NULL) {
        lum_log_reader_close(history->reader);
    }
    lum_arena_fini(&history->arena);
    lum_reply_fini(&history->op);
}

static enum lum_status begin_history(struct lum_ask *ask, struct history **out,
                                     struct lum_error *err)
{
    const struct lum_world *world = &ask->world;
    struct history *history = lum_arena_take(&ask->arena, sizeof(*history));
    struct lum_edit_target target;
    struct lum_record record;
    uint64_t rno;
    enum lum_status status = lum_ref_record(ask, world->view, &target, &rno, err);

    if (status != LUM_OK || history == NULL) {
        return status == LUM_OK ? LUM_NO_MEMORY : status;
    }
    *history = (struct history){.record = target.record};
    lum_arena_init(&history->arena);
    lum_reply_init(&history->op, NULL);
    ask->state = history;
    ask->forget = forget_history;
    *out = history;
    if (world->roster != NULL) {
        history->space = *lum_roster_space(world->roster);
    }
    status = lum_view_record(world->view, rno, &ask->arena, &record);
    if (status == LUM_OK) {
        status = lum_view_history(world->view, world->log, &record, &ask->arena, &history->touches,
                                  &history->count);
    }
    return status == LUM_OK ? lum_log_reader_open(&history->reader) : status;
}

static const char *op_name(enum lum_op_type type)
{
    switch (type) {
    case LUM_OP_MAKE:
    case LUM_OP_MAKE_KEYED:
        return "make";
    case LUM_OP_SET:
        return "set";
    case LUM_OP_DROP:
        return "drop";
    case LUM_OP_KEEP:
        return "keep";
    }
    LUM_UNREACHABLE("an op without a name");
}

/* One map for each pair of an op, or one for an op without; packs nothing when out is NULL. */
static uint32_t tell_op(const struct lum_op *op, struct lum_reply *reply, struct lum_buf *out)
{
    bool has_pairs = op->type != LUM_OP_DROP && op->type != LUM_OP_KEEP && op->pair_count > 0;
    uint32_t maps = has_pairs ? op->pair_count : 1;

    for (uint32_t i = 0; i < maps && out != NULL; i++) {
        lum_reply_cstr(reply, "op", op_name(op->type));
        if (has_pairs) {
            lum_reply_text(reply, "field", op->pairs[i].field);
            lum_pack_raw(lum_reply_value(reply, "value"), op->pairs[i].value);
        }
        lum_reply_map(reply, out);
    }
    return maps;
}

/* What an event says of this record. */
static void tell_ops(struct lum_ask *ask, struct history *history,
                     const struct lum_payload *payload)
{
    struct lum_buf *list = NULL;
    uint32_t count = 0;

    for (int packs = 0; packs < 2; packs++) {
        uint32_t told = 0;
        if (packs == 1) {
            list = lum_reply_value(&ask->reply, "ops");
            lum_pack_array(list, count);
        }
        for (uint32_t i = 0; i < payload->op_count; i++) {
            const struct lum_op *op = &payload->ops[i];
            bool is_ours = memcmp(op->record.b, history->record.b, sizeof(op->record.b)) == 0;
            bool fits = is_ours && told + tell_op(op, NULL, NULL) <= LUM_ELEMENTS_MAX;
            told += fits ? tell_op(op, &history->op, list) : 0;
        }
        count = told;
    }
}

static enum lum_status tell_touch(struct lum_ask *ask, struct history *history,
                                  const struct lum_view_touch *touch)
{
    const struct lum_world *world = &ask->world;
    const struct lum_place at = {touch->lno, touch->seq, 0};
    struct lum_log_row log;
    struct lum_log_event event;
    struct lum_payload payload = {0};
    enum lum_status status = lum_log_get(world->log, touch->lno, &log);

    lum_arena_reset(&history->arena);
    if (status == LUM_OK) {
        status = lum_log_seek(history->reader, world->log, touch->lno, touch->seq);
    }
    if (status == LUM_OK) {
        status = lum_log_next(history->reader, &event);
    }
    if (status == LUM_OK && event.payload.len > 0) {
        const struct lum_payload_place place = {
            .space = &history->space,
            .log_id = &log.place.log_id,
            .shelf = log.name.shelf,
            .seq = touch->seq,
            .header = event.header,
        };
        status = lum_payload_read(event.payload, &place, &history->arena, &payload);
    }
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    tell_ops(ask, history, &payload);
    status = tell_place(world, &history->arena, &at, &ask->reply);
    if (status == LUM_OK) {
        lum_reply_end(&ask->reply, LUM_FRAME_ROW);
    }
    return status;
}

/* {record}: every event that bears on it, in causal order. */
enum lum_status lum_ask_history(struct lum_ask *ask, struct lum_error *err)
{
    struct history *history = ask->state;
    enum lum_status status = LUM_OK;

    if (history == NULL) {
        status = begin_history(ask, &history, err);
    }
    while (status == LUM_OK && history->next < history->count) {
        if (lum_page_is_full(ask)) {
            return LUM_AGAIN;
        }
        status = tell_touch(ask, history, &history->touches[history->next]);
        history->next++;
    }
    return status == LUM_OK ? lum_page_end(ask, history->count) : status;
}

/* ---- conflicts ---- */

struct conflicts {
    struct lum_page page;
    struct lum_view_conflict at; /* the one looked at last */
    uint32_t collection;         /* only of this one; 0 = of all */
    uint64_t told;
    struct lum_arena arena; /* of one record */
    struct lum_reply item;  /* the map of one value or drop */
};

static void forget_conflicts(void *state)
{
    struct conflicts *conflicts = state;

    lum_arena_fini(&conflicts->arena);
    lum_reply_fini(&conflicts->item);
}

static enum lum_status begin_conflicts(struct lum_ask *ask, struct conflicts **out)
{
    struct conflicts *conflicts = lum_arena_take(&ask->arena, sizeof(*conflicts));

    if (conflicts == NULL) {
        return LUM_NO_MEMORY;
    }
    *conflicts = (struct conflicts){0};
    lum_arena_init(&conflicts->arena);
    lum_reply_init(&conflicts->item, NULL);
    ask->state = conflicts;
    ask->forget = forget_conflicts;
    *out = conflicts;
    return lum_page_begin(&conflicts->page, ask->world.view);
}

/* The sibling that is shown first, then the one that would be shown without it, and so on. */
static enum lum_status tell_siblings(struct lum_ask *ask, struct conflicts *conflicts,
                                     const struct lum_cell *cell)
{
    const struct lum_world *world = &ask->world;
    struct lum_cell left = *cell;
    uint32_t told = cell->count < TOLD_MAX ? cell->count : TOLD_MAX;
    struct lum_buf *list;
    enum lum_status status = LUM_OK;

    if (told < cell->count) {
        lum_reply_uint(&ask->reply, "cut", cell->count - told);
    }
    list = lum_reply_value(&ask->reply, "values");
    lum_pack_array(list, told);
    for (uint32_t i = 0; i < told && status == LUM_OK; i++) {
        const struct lum_sibling *best;
        status = lum_view_shown(world->view, world->log, &left, &best);
        if (status != LUM_OK) {
            break;
        }
        status = tell_place(world, &conflicts->arena, &best->at, &conflicts->item);
        lum_pack_raw(lum_reply_value(&conflicts->item, "value"), best->value);
        lum_reply_map(&conflicts->item, list);
        left.count--;
        left.siblings[best - left.siblings] = left.siblings[left.count];
    }
    return status;
}

static enum lum_status tell_drops(struct lum_ask *ask, struct conflicts *conflicts,
                                  const struct lum_record *record)
{
    struct lum_buf *list;
    uint32_t standing = 0;
    uint32_t told = 0;
    enum lum_status status = LUM_OK;

    for (uint32_t i = 0; i < record->drop_count; i++) {
        standing += !record->drops[i].is_kept;
    }
    if (standing > TOLD_MAX) {
        lum_reply_uint(&ask->reply, "cut", standing - TOLD_MAX);
        standing = TOLD_MAX;
    }
    list = lum_reply_value(&ask->reply, "deleted_by");
    lum_pack_array(list, standing);
    for (uint32_t i = 0; told < standing && status == LUM_OK; i++) {
        if (!record->drops[i].is_kept) {
            status =
                tell_place(&ask->world, &conflicts->arena, &record->drops[i].at, &conflicts->item);
            lum_reply_map(&conflicts->item, list);
            told++;
        }
    }
    return status;
}

static enum lum_status tell_conflict(struct lum_ask *ask, struct conflicts *conflicts)
{
    const struct lum_world *world = &ask->world;
    struct lum_reply *reply = &ask->reply;
    struct lum_record record;
    enum lum_status status;

    lum_arena_reset(&conflicts->arena);
    status = lum_view_record(world->view, conflicts->at.rno, &conflicts->arena, &record);
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    if (conflicts->at.kind == LUM_CONFLICT_CELL) {
        const struct lum_cell *cell = lum_record_cell(&record, conflicts->at.field);
        if (cell == NULL) {
            return LUM_CORRUPT;
        }
        status = tell_siblings(ask, conflicts, cell);
        lum_reply_cstr(reply, "kind", "value");
        lum_reply_text(reply, "field", lum_view_name_text(world->view, conflicts->at.field));
    } else {
        status = tell_drops(ask, conflicts, &record);
        lum_reply_cstr(reply, "kind", "deleted-but-edited");
    }
    if (status == LUM_OK) {
        lum_ref_tell_record(reply, world->view, &record);
        lum_reply_end(reply, LUM_FRAME_ROW);
        conflicts->told++;
    }
    return status;
}

/* Goes on from where it stands; AGAIN after a page. */
static enum lum_status walk_conflicts(struct lum_ask *ask, struct conflicts *conflicts)
{
    unsigned looked = 0;
    enum lum_status status = LUM_OK;

    while (status == LUM_OK) {
        if (lum_page_is_full(ask) || looked++ == LOOKED_MAX) {
            return LUM_AGAIN;
        }
        status = lum_view_conflict_next(ask->world.view, &conflicts->at);
        if (status == LUM_OK &&
            (conflicts->collection == 0 || conflicts->at.collection == conflicts->collection)) {
            status = tell_conflict(ask, conflicts);
        }
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* {coll?}: what needs a person. "change" is what `shown` keeps: no later change was looked at. */
enum lum_status lum_ask_conflicts(struct lum_ask *ask, struct lum_error *err)
{
    struct conflicts *conflicts = ask->state;
    enum lum_status status;

    if (conflicts == NULL) {
        status = begin_conflicts(ask, &conflicts);
    } else {
        status = lum_page_go_on(&conflicts->page, ask, err);
    }
    if (status == LUM_OK) {
        status = lum_ref_filter(ask, ask->world.view, &conflicts->collection, err);
    }
    if (status == LUM_OK) {
        status = walk_conflicts(ask, conflicts);
    }
    if (status == LUM_OK) {
        lum_reply_uint(&ask->reply, "change", conflicts->page.began.newest);
        return lum_page_end(ask, conflicts->told);
    }
    return status;
}
