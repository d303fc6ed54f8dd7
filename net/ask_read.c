/*
 * ask_read.c - requests that read records: get one, find those that match, export a collection.
 *
 *   row  {"id", "coll", "key"?, "fields": {name: value}, "conflicts"?: [name ..],
 *         "deleted"?: true, "revived"?: true, "cut"?: number}
 *
 * A cell stands for its shown value; one that is shown as null is no field. What would make a row
 * longer than a face can take is left out and counted in "cut": no record can spoil an answer.
 */
#include <string.h>

#include "core/record_row.h"
#include "core/sort.h"
#include "core/value.h"
#include "net/ask.h"
#include "net/ask_page.h"
#include "net/ask_ref.h"

enum {
    ROW_BYTES_MAX = 512 * 1024, /* names and values of one row */
    LOOKED_MAX = 4096,          /* records looked at in one step, shown or not */
};

/* ---- one record as a row ---- */

struct field {
    struct lum_bytes name;
    struct lum_bytes value;
    bool is_conflict;
};

struct fields {
    struct field *at;
    uint32_t count;
    uint32_t shown;     /* of them with a value */
    uint32_t conflicts; /* of them in conflict */
    uint32_t cut;
};

static int by_name(const void *self, const void *a, const void *b)
{
    const struct field *x = a;
    const struct field *y = b;

    (void)self;
    return lum_bytes_compare(x->name, y->name);
}

static enum lum_status gather(const struct lum_world *world, const struct lum_record *record,
                              struct lum_arena *arena, struct fields *out)
{
    size_t bytes = 0;

    *out = (struct fields){.at = lum_arena_take(arena, record->cell_count * sizeof(*out->at))};
    if (out->at == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < record->cell_count; i++) {
        const struct lum_cell *cell = &record->cells[i];
        const struct lum_sibling *shown;
        enum lum_status status = lum_view_shown(world->view, world->log, cell, &shown);
        struct field field = {.is_conflict = lum_cell_values(cell) > 1};
        if (status != LUM_OK) {
            return status;
        }
        field.name = lum_view_name_text(world->view, cell->field);
        field.value = shown->value;
        if (lum_value_is_nil(field.value) && !field.is_conflict) {
            continue;
        }
        bytes += field.name.len + field.value.len;
        if (bytes > ROW_BYTES_MAX || out->count == LUM_ELEMENTS_MAX) {
            out->cut++;
            continue;
        }
        out->at[out->count++] = field;
        out->shown += !lum_value_is_nil(field.value);
        out->conflicts += field.is_conflict;
    }
    lum_sort(&(struct lum_sort){out->at, out->count, sizeof(*out->at), by_name, NULL});
    return LUM_OK;
}

static void tell_fields(struct lum_reply *reply, const struct fields *fields)
{
    struct lum_buf *buf = lum_reply_value(reply, "fields");

    lum_pack_map(buf, fields->shown);
    for (uint32_t i = 0; i < fields->count; i++) {
        if (!lum_value_is_nil(fields->at[i].value)) {
            lum_pack_str(buf, fields->at[i].name);
            lum_pack_raw(buf, fields->at[i].value);
        }
    }
    if (fields->conflicts > 0) {
        buf = lum_reply_value(reply, "conflicts");
        lum_pack_array(buf, fields->conflicts);
        for (uint32_t i = 0; i < fields->count; i++) {
            if (fields->at[i].is_conflict) {
                lum_pack_str(buf, fields->at[i].name);
            }
        }
    }
    if (fields->cut > 0) {
        lum_reply_uint(reply, "cut", fields->cut);
    }
}

/* NOT_FOUND, with nothing told, for a record that was never made. */
static enum lum_status tell_record(struct lum_ask *ask, uint64_t rno, struct lum_arena *arena,
                                   enum lum_reply_frame frame)
{
    struct lum_reply *reply = &ask->reply;
    struct lum_record record;
    struct fields fields;
    enum lum_life life;
    enum lum_status status = lum_view_record(ask->world.view, rno, arena, &record);

    if (status != LUM_OK) {
        return status;
    }
    life = lum_record_life(&record);
    if (life == LUM_UNMADE) {
        return LUM_NOT_FOUND;
    }
    status = gather(&ask->world, &record, arena, &fields);
    if (status != LUM_OK) {
        return status;
    }
    lum_ref_tell_record(reply, ask->world.view, &record);
    tell_fields(reply, &fields);
    if (life == LUM_DEAD || life == LUM_REVIVED) {
        lum_reply_bool(reply, life == LUM_DEAD ? "deleted" : "revived", true);
    }
    lum_reply_end(reply, frame);
    return LUM_OK;
}

/* {record}: the row itself is the end of the answer. A deleted record is told as such. */
enum lum_status lum_ask_get(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_edit_target target;
    uint64_t rno;
    enum lum_status status = lum_ref_record(ask, ask->world.view, &target, &rno, err);

    if (status == LUM_OK) {
        status = tell_record(ask, rno, &ask->arena, LUM_FRAME_DONE);
        if (status == LUM_NOT_FOUND) {
            return lum_ref_no_record(ask, err);
        }
    }
    return status;
}

/* ---- many records, page by page ---- */

struct listing {
    struct lum_page page;
    struct lum_arena arena; /* of one record */
    struct lum_buf rnos;    /* find: u64 each */
    size_t next;            /* find: the next of them */
    uint32_t collection;    /* export: name number, 0 when nobody used it yet */
    uint8_t shelf;          /* export */
    uint64_t after;         /* export: the record looked at last */
    uint64_t told;
};

static void forget_listing(void *state)
{
    struct listing *listing = state;

    lum_arena_fini(&listing->arena);
    lum_buf_fini(&listing->rnos);
}

static enum lum_status begin_listing(struct lum_ask *ask, struct listing **out)
{
    struct listing *listing = lum_arena_take(&ask->arena, sizeof(*listing));

    if (listing == NULL) {
        return LUM_NO_MEMORY;
    }
    *listing = (struct listing){0};
    lum_arena_init(&listing->arena);
    lum_buf_init(&listing->rnos, SIZE_MAX);
    ask->state = listing;
    ask->forget = forget_listing;
    *out = listing;
    return lum_page_begin(&listing->page, ask->world.view);
}

static enum lum_status tell_one(struct lum_ask *ask, struct listing *listing, uint64_t rno)
{
    enum lum_status status;

    lum_arena_reset(&listing->arena);
    status = tell_record(ask, rno, &listing->arena, LUM_FRAME_ROW);
    listing->told += status == LUM_OK;
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* ---- find ---- */

static enum lum_status run_query(struct lum_ask *ask, struct lum_buf *rnos, uint64_t *count,
                                 struct lum_error *err)
{
    struct lum_query_plan plan = {0};
    struct lum_edit_target target;
    struct lum_query *query;
    const char *where;
    enum lum_status status = lum_ref_place(ask, &target, err);

    if (status != LUM_OK) {
        return status;
    }
    status = lum_ask_cstr(ask, "where", &where);
    if (status != LUM_OK) {
        return status == LUM_INVALID ? lum_fail(err, LUM_CAUSE_bad_request, "where", NULL) : status;
    }
    status = lum_query_open(where, &query, err);
    if (status != LUM_OK) {
        return status;
    }
    (void)lum_ask_text(ask, "sort", &plan.sort);
    if (!lum_ask_bool(ask, "count")) {
        (void)lum_ask_uint(ask, "limit", &plan.limit);
    }
    plan.query = query;
    plan.shelf = target.shelf;
    plan.collection = target.collection;
    status = lum_query_run(ask->world.view, ask->world.log, &plan, rnos, count, err);
    lum_query_close(query);
    return status;
}

/* {coll, where?, sort?, limit?, count?}: the matching records in order, or only their number. */
enum lum_status lum_ask_find(struct lum_ask *ask, struct lum_error *err)
{
    struct listing *listing = ask->state;
    uint64_t count = 0;
    enum lum_status status;

    if (listing == NULL) {
        status = begin_listing(ask, &listing);
        bool is_count = lum_ask_bool(ask, "count");
        if (status == LUM_OK) {
            status = run_query(ask, is_count ? NULL : &listing->rnos, &count, err);
        }
        if (status == LUM_OK && is_count) {
            return lum_page_end(ask, count);
        }
    } else {
        status = lum_page_go_on(&listing->page, ask, err);
    }
    while (status == LUM_OK && listing->next < listing->rnos.len / sizeof(uint64_t)) {
        uint64_t rno;
        if (lum_page_is_full(ask)) {
            return LUM_AGAIN;
        }
        memcpy(&rno, listing->rnos.at + listing->next * sizeof(rno), sizeof(rno));
        listing->next++;
        status = tell_one(ask, listing, rno);
    }
    return status == LUM_OK ? lum_page_end(ask, listing->told) : status;
}

/* ---- export ---- */

/* `coll` holds the shown records of a collection next to one another; false behind them. */
static bool is_in_collection(const struct listing *listing, const struct lum_scan *scan)
{
    return scan->key.len == 12 && lum_get_u32(scan->key.at) == listing->collection;
}

/* Is it one of ours? `rec` holds other collections too, and records that were never made. */
static bool is_listed(const struct listing *listing, struct lum_txn *view, uint64_t rno)
{
    uint8_t key[8];
    struct lum_bytes bytes;
    struct lum_row row;

    lum_put_u64(key, rno);
    return lum_txn_get(view, LUM_V_REC, lum_bytes_of(key, sizeof(key)), &bytes) == LUM_OK &&
           lum_row_open(bytes, &row) && row.collection == listing->collection &&
           row.shelf == listing->shelf;
}

static bool seek_export(const struct listing *listing, struct lum_scan *scan, bool with_deleted)
{
    uint8_t key[12];

    lum_put_u32(key, listing->collection);
    lum_put_u64(key + 4, listing->after + 1);
    return lum_scan_seek(scan,
                         with_deleted ? lum_bytes_of(key + 4, 8) : lum_bytes_of(key, sizeof(key)));
}

/* One step of the walk, over `coll` or over all of `rec`; AGAIN when it is not at the end. */
static enum lum_status walk(struct lum_ask *ask, struct listing *listing, bool with_deleted)
{
    struct lum_scan scan;
    enum lum_status status =
        lum_scan_open(ask->world.view, with_deleted ? LUM_V_REC : LUM_V_COLL, &scan);
    unsigned looked = 0;
    bool more;

    if (status != LUM_OK) {
        return status;
    }
    more = listing->collection != 0 && seek_export(listing, &scan, with_deleted);
    while (more && status == LUM_OK && (with_deleted || is_in_collection(listing, &scan))) {
        listing->after = lum_get_u64(scan.key.at + scan.key.len - 8);
        if (is_listed(listing, ask->world.view, listing->after)) {
            status = tell_one(ask, listing, listing->after);
        }
        if (status == LUM_OK && (lum_page_is_full(ask) || ++looked == LOOKED_MAX)) {
            status = LUM_AGAIN;
        }
        more = lum_scan_next(&scan);
    }
    lum_scan_close(&scan);
    return status;
}

/* {coll, deleted?}: every record of the collection as it came here, deleted ones if asked for. */
enum lum_status lum_ask_export(struct lum_ask *ask, struct lum_error *err)
{
    struct listing *listing = ask->state;
    struct lum_edit_target target;
    enum lum_status status = lum_ref_place(ask, &target, err);

    if (status != LUM_OK) {
        return status;
    }
    if (listing == NULL) {
        status = begin_listing(ask, &listing);
    } else {
        status = lum_page_go_on(&listing->page, ask, err);
    }
    if (status == LUM_OK) {
        listing->shelf = target.shelf;
        status = lum_view_name_number(ask->world.view, target.collection, &listing->collection);
    }
    if (status == LUM_OK) {
        status = walk(ask, listing, lum_ask_bool(ask, "deleted"));
    }
    return status == LUM_OK ? lum_page_end(ask, listing->told) : status;
}
