/*
 * payload.c - reads payloads of kind 0 and derives record ids.
 *
 * Foreign bytes: everything passes the cursor, whose first fault makes the event void. Memory is
 * bounded by the payload: an element takes at least one byte of it, and counts are checked against
 * the bytes left before room for them is taken.
 */
#include "core/payload.h"

#include <string.h>

#include "core/crypto.h"
#include "core/value.h"

enum {
    SALT_LEN = 16,
};

/* ---- record ids ---- */

void lum_record_id_made(const struct lum_hash *log_id, uint64_t seq, uint16_t op,
                        struct lum_id *out)
{
    struct lum_hasher h;
    lum_hash_init(&h, LUM_LABEL_record, sizeof out->b);
    lum_hash_add(&h, log_id->b, sizeof log_id->b);
    lum_hash_add_u64(&h, seq);
    lum_hash_add_u16(&h, op);
    lum_hash_end(&h, out->b, sizeof out->b);
}

void lum_record_id_keyed(const struct lum_hash *space, uint8_t shelf, struct lum_bytes collection,
                         struct lum_bytes key, struct lum_id *out)
{
    struct lum_hasher h;
    lum_hash_init(&h, LUM_LABEL_keyed, sizeof out->b);
    lum_hash_add(&h, space->b, sizeof space->b);
    lum_hash_add_u8(&h, shelf);
    lum_hash_add_string(&h, collection);
    lum_hash_add_string(&h, key);
    lum_hash_end(&h, out->b, sizeof out->b);
}

/* ---- reading ---- */

/* A record reference: an id, or the own op that makes the record. */
struct ref {
    bool is_own;
    uint64_t back;
    uint16_t op;
    struct lum_id id;
};

struct reader {
    struct lum_cur cur;
    const struct lum_payload_place *place;
    struct lum_arena *arena;
    bool is_unknown;   /* met an op of a later version */
    bool is_exhausted; /* of memory */
    struct ref *refs;
    uint32_t ref_count;
    uint32_t *op_refs; /* per op, which reference it is about */
    struct lum_op *ops;
    uint32_t op_count;
};

static void *take(struct reader *r, size_t count, size_t size)
{
    void *at = lum_arena_take(r->arena, count * size);
    if (at == NULL) {
        r->is_exhausted = true;
        lum_cur_fail(&r->cur, LUM_FAULT_OVER_LIMIT);
    }
    return at;
}

/* An event d back in the own log; this event itself is 0. */
static uint64_t back_read(struct reader *r)
{
    return lum_cur_uint(&r->cur, r->place->seq - 1);
}

static uint16_t op_index_read(struct reader *r)
{
    return (uint16_t)lum_cur_uint(&r->cur, LUM_OPS_MAX - 1);
}

/* `[i, k`: the event k before what deps[i] names. */
static void foreign_read(struct reader *r, struct lum_dot *out)
{
    const struct lum_header *header = r->place->header;
    uint64_t i = lum_cur_uint(&r->cur, LUM_DEPS_MAX);
    if (i >= header->dep_count) {
        lum_cur_fail(&r->cur, LUM_FAULT_OVER_LIMIT);
        return;
    }
    out->dep = (uint32_t)i + 1;
    out->seq = header->deps[i].seq - lum_cur_uint(&r->cur, header->deps[i].seq - 1);
}

static void dot_read(struct reader *r, uint16_t index, struct lum_dot *out)
{
    uint32_t n = lum_cur_array(&r->cur, 3);
    if (n == 3) {
        foreign_read(r, out);
        out->op = op_index_read(r);
        return;
    }
    if (n != 2) {
        lum_cur_fail(&r->cur, LUM_FAULT_TYPE);
    }
    uint64_t back = back_read(r);
    out->dep = 0;
    out->seq = r->place->seq - back;
    out->op = op_index_read(r);
    if (back == 0 && out->op >= index) {
        lum_cur_fail(&r->cur, LUM_FAULT_OVER_LIMIT); /* only an earlier op of this event */
    }
}

static void seen_read(struct reader *r, struct lum_dot *out)
{
    lum_cur_array_exact(&r->cur, 2);
    foreign_read(r, out);
    out->op = LUM_OP_ANY;
}

static void dots_read(struct reader *r, struct lum_op *op)
{
    uint32_t n = lum_cur_array(&r->cur, LUM_ELEMENTS_MAX);
    if (n == 0) {
        return;
    }
    struct lum_dot *dots = take(r, n, sizeof *dots);
    for (uint32_t i = 0; i < n && r->cur.fault == LUM_FAULT_NONE; i++) {
        if (op->type == LUM_OP_DROP) {
            seen_read(r, &dots[i]);
        } else {
            dot_read(r, op->index, &dots[i]);
        }
    }
    op->dots = dots;
    op->dot_count = n;
}

static void check_name(struct reader *r, bool is_valid)
{
    if (!is_valid) {
        lum_cur_fail(&r->cur, LUM_FAULT_TYPE);
    }
}

static void pairs_read(struct reader *r, struct lum_op *op)
{
    uint32_t n = lum_cur_map(&r->cur, LUM_ELEMENTS_MAX);
    if (n == 0) {
        return;
    }
    struct lum_pair *pairs = take(r, n, sizeof *pairs);
    struct lum_bytes last = {0};
    for (uint32_t i = 0; i < n && r->cur.fault == LUM_FAULT_NONE; i++) {
        pairs[i].field = lum_cur_key(&r->cur, LUM_FIELD_MAX, &last);
        check_name(r, lum_field_is_valid(pairs[i].field));
        pairs[i].value = lum_value_read(&r->cur);
    }
    op->pairs = pairs;
    op->pair_count = n;
}

static void pair_read(struct reader *r, struct lum_op *op)
{
    struct lum_pair *pair = take(r, 1, sizeof *pair);
    if (pair == NULL) {
        return;
    }
    pair->field = lum_cur_str(&r->cur, LUM_FIELD_MAX);
    check_name(r, lum_field_is_valid(pair->field));
    pair->value = lum_value_read(&r->cur);
    op->pairs = pair;
    op->pair_count = 1;
}

static void collection_read(struct reader *r, struct lum_op *op)
{
    op->collection = lum_cur_str(&r->cur, LUM_COLLECTION_MAX);
    check_name(r, lum_collection_is_valid(op->collection));
}

static void about_read(struct reader *r, const struct lum_op *op)
{
    uint64_t ref = lum_cur_uint(&r->cur, LUM_ELEMENTS_MAX);
    if (ref >= r->ref_count) {
        lum_cur_fail(&r->cur, LUM_FAULT_OVER_LIMIT);
    }
    r->op_refs[op->index] = (uint32_t)ref;
}

static void op_read(struct reader *r, struct lum_op *op)
{
    uint32_t n = lum_cur_array(&r->cur, LUM_ELEMENTS_MAX);
    int64_t type = lum_cur_int(&r->cur);
    uint32_t want = 0;
    if (n == 0) {
        lum_cur_fail(&r->cur, LUM_FAULT_TYPE);
    } else if (type == LUM_OP_MAKE) {
        want = 3;
        op->type = LUM_OP_MAKE;
        collection_read(r, op);
        pairs_read(r, op);
    } else if (type == LUM_OP_MAKE_KEYED) {
        want = 4;
        op->type = LUM_OP_MAKE_KEYED;
        collection_read(r, op);
        op->key = lum_cur_str(&r->cur, LUM_KEY_MAX);
        check_name(r, lum_key_is_valid(op->key));
        pairs_read(r, op);
    } else if (type == LUM_OP_SET) {
        want = 5;
        op->type = LUM_OP_SET;
        about_read(r, op);
        pair_read(r, op);
        dots_read(r, op);
    } else if (type == LUM_OP_DROP || type == LUM_OP_KEEP) {
        want = 3;
        op->type = type == LUM_OP_DROP ? LUM_OP_DROP : LUM_OP_KEEP;
        about_read(r, op);
        dots_read(r, op);
    } else if (r->cur.fault == LUM_FAULT_NONE) {
        r->is_unknown = true;
    }
    if (n != want) {
        lum_cur_fail(&r->cur, LUM_FAULT_TYPE);
    }
}

static void ops_read(struct reader *r)
{
    uint32_t n = lum_cur_array(&r->cur, LUM_OPS_MAX);
    if (n == 0) {
        return;
    }
    r->ops = take(r, n, sizeof *r->ops);
    r->op_refs = take(r, n, sizeof *r->op_refs);
    for (uint32_t i = 0; i < n && r->cur.fault == LUM_FAULT_NONE; i++) {
        r->ops[i] = (struct lum_op){.index = (uint16_t)i};
        op_read(r, &r->ops[i]);
    }
    r->op_count = n;
}

static void ref_read(struct reader *r, struct ref *out)
{
    out->is_own = lum_cur_peek(&r->cur) == LUM_PACK_ARRAY;
    if (!out->is_own) {
        lum_cur_bin_exact(&r->cur, out->id.b, sizeof out->id.b);
        return;
    }
    lum_cur_array_exact(&r->cur, 2);
    out->back = back_read(r);
    out->op = op_index_read(r);
}

static void refs_read(struct reader *r)
{
    uint32_t n = lum_cur_array(&r->cur, LUM_ELEMENTS_MAX);
    if (n == 0) {
        return;
    }
    r->refs = take(r, n, sizeof *r->refs);
    for (uint32_t i = 0; i < n && r->cur.fault == LUM_FAULT_NONE; i++) {
        ref_read(r, &r->refs[i]);
    }
    r->ref_count = n;
}

/* ---- which record each op is about, once all ops are known ---- */

static bool makes(const struct lum_op *op)
{
    return op->type == LUM_OP_MAKE || op->type == LUM_OP_MAKE_KEYED;
}

static void name_made(const struct lum_payload_place *place, struct lum_op *op)
{
    if (op->type == LUM_OP_MAKE) {
        lum_record_id_made(place->log_id, place->seq, op->index, &op->record);
    } else if (op->type == LUM_OP_MAKE_KEYED) {
        lum_record_id_keyed(place->space, place->shelf, op->collection, op->key, &op->record);
    }
}

static void resolve_ref(struct reader *r, struct ref *ref)
{
    if (!ref->is_own) {
        return;
    }
    if (ref->back > 0) {
        lum_record_id_made(r->place->log_id, r->place->seq - ref->back, ref->op, &ref->id);
    } else if (ref->op < r->op_count && makes(&r->ops[ref->op])) {
        ref->id = r->ops[ref->op].record;
    } else {
        lum_cur_fail(&r->cur, LUM_FAULT_OVER_LIMIT);
    }
}

static void resolve(struct reader *r)
{
    for (uint32_t i = 0; i < r->op_count; i++) {
        name_made(r->place, &r->ops[i]);
    }
    for (uint32_t i = 0; i < r->ref_count; i++) {
        resolve_ref(r, &r->refs[i]);
    }
    for (uint32_t i = 0; i < r->op_count; i++) {
        if (!makes(&r->ops[i])) {
            r->ops[i].record = r->refs[r->op_refs[i]].id;
        }
    }
}

enum lum_status lum_payload_read(struct lum_bytes bytes, const struct lum_payload_place *place,
                                 struct lum_arena *arena, struct lum_payload *out)
{
    LUM_ASSERT(place->seq >= 1);
    struct reader r = {.cur = lum_cur_over(bytes), .place = place, .arena = arena};
    uint8_t salt[SALT_LEN];
    uint32_t n = lum_cur_array(&r.cur, 3);
    if (n != 2 && n != 3) {
        lum_cur_fail(&r.cur, LUM_FAULT_TYPE);
    }
    refs_read(&r);
    ops_read(&r);
    if (n == 3 && r.cur.fault == LUM_FAULT_NONE) {
        lum_cur_bin_exact(&r.cur, salt, sizeof salt);
    }
    if (lum_cur_end(&r.cur) == LUM_FAULT_NONE) {
        resolve(&r);
    }
    if (r.is_exhausted) {
        return LUM_NO_MEMORY;
    }
    bool is_void = r.cur.fault != LUM_FAULT_NONE;
    *out = (struct lum_payload){
        .why = r.is_unknown ? LUM_VOID_OP
               : is_void    ? LUM_VOID_MALFORMED
                            : LUM_VOID_NOT,
        .ops = is_void ? NULL : r.ops,
        .op_count = is_void ? 0 : r.op_count,
    };
    return LUM_OK;
}
