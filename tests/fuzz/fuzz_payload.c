/*
 * fuzz_payload.c - payloads of data events, and the values in them.
 *
 *   input = seq u16 | deps u8 | payload to the end
 *
 * Holds: what is not void is canonical and in every bound of docs/format.md 4, and a draft filled
 * with its ops writes a payload that reads as the same ops.
 */
#include "core/draft.h"
#include "core/payload.h"
#include "core/value.h"
#include "tests/fuzz/input.h"

struct world {
    struct lum_hash space;
    struct lum_hash log_id;
    struct lum_draft *draft;
    struct lum_arena arena;
    struct lum_buf payload;
};

static struct world world;

static struct lum_header header_of(uint32_t dep_count)
{
    struct lum_header header = {.dep_count = dep_count};
    for (uint32_t i = 0; i < dep_count; i++) {
        header.deps[i].log8[0] = (uint8_t)(i + 1);
        header.deps[i].seq = 1 + (uint64_t)i * i * 50;
        header.deps[i].is_pin = true;
    }
    return header;
}

/* ---- bounds, said once more ---- */

static bool is_name(struct lum_bytes name, const char *first, const char *later)
{
    for (size_t i = 0; i < name.len; i++) {
        bool is_first = name.at[i] != 0 && strchr(first, name.at[i]) != NULL;
        bool is_later = name.at[i] != 0 && strchr(later, name.at[i]) != NULL;
        if (!is_first && (i == 0 || !is_later)) {
            return false;
        }
    }
    return name.len > 0 && name.len <= 32;
}

static bool has_control(struct lum_bytes text, uint8_t but)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.at[i];
        bool is_c1 = byte >= 0x80 && byte < 0xa0 && i > 0 && text.at[i - 1] == 0xc2;
        if ((byte < 0x20 && byte != but) || byte == 0x7f || is_c1) {
            return true;
        }
    }
    return false;
}

static void check_value(struct lum_bytes value)
{
    struct lum_cur cur = lum_cur_over(value);
    LUM_ASSERT(value.len <= LUM_VALUE_MAX && lum_pack_check(value) == LUM_FAULT_NONE);
    LUM_ASSERT(lum_bytes_equal(lum_value_read(&cur), value));
    LUM_ASSERT(lum_value_compare(value, value) == 0);
    LUM_ASSERT(lum_value_is_nil(value) == (lum_cur_peek(&cur) == LUM_PACK_NONE &&
                                           value.at[0] == 0xc0));
    cur = lum_cur_over(value);
    if (lum_cur_peek(&cur) != LUM_PACK_ARRAY) {
        LUM_ASSERT(lum_cur_peek(&cur) != LUM_PACK_MAP);
        return;
    }
    uint32_t n = lum_cur_array(&cur, LUM_ELEMENTS_MAX);
    uint64_t tag = lum_cur_uint(&cur, LUM_VALUE_INSTANT);
    static const uint32_t counts[] = {0, 5, 2, 4, 2, 3, 2};
    LUM_ASSERT(cur.fault == LUM_FAULT_NONE && (tag == LUM_VALUE_LIST || n == counts[tag]));
    for (uint32_t i = 1; i < n; i++) {
        enum lum_pack_type type = lum_cur_peek(&cur);
        LUM_ASSERT(type != LUM_PACK_ARRAY && type != LUM_PACK_MAP);
        (void)lum_cur_any(&cur, 0);
    }
}

static void check_pairs(const struct lum_op *op)
{
    for (uint32_t i = 0; i < op->pair_count; i++) {
        struct lum_bytes field = op->pairs[i].field;
        LUM_ASSERT(field.len >= 1 && field.len <= 64 && !has_control(field, 0));
        LUM_ASSERT(i == 0 || lum_bytes_compare(op->pairs[i - 1].field, field) < 0);
        check_value(op->pairs[i].value);
        LUM_ASSERT(i == 0 || lum_value_compare(op->pairs[i - 1].value, op->pairs[i].value) ==
                                 -lum_value_compare(op->pairs[i].value, op->pairs[i - 1].value));
    }
}

static void check_dots(const struct lum_op *op, const struct lum_payload_place *place)
{
    for (uint32_t i = 0; i < op->dot_count; i++) {
        const struct lum_dot *dot = &op->dots[i];
        LUM_ASSERT(dot->dep <= place->header->dep_count && dot->seq >= 1);
        uint64_t newest = dot->dep == 0 ? place->seq : place->header->deps[dot->dep - 1].seq;
        LUM_ASSERT(dot->seq <= newest);
        if (op->type == LUM_OP_DROP) {
            LUM_ASSERT(dot->dep > 0 && dot->op == LUM_OP_ANY);
            continue;
        }
        LUM_ASSERT(dot->op < LUM_OPS_MAX);
        LUM_ASSERT(dot->dep > 0 || dot->seq < place->seq || dot->op < op->index);
    }
}

static void check_op(const struct lum_op *op, const struct lum_payload_place *place)
{
    struct lum_id id;
    check_pairs(op);
    check_dots(op, place);
    switch (op->type) {
    case LUM_OP_MAKE:
        lum_record_id_made(place->log_id, place->seq, op->index, &id);
        break;
    case LUM_OP_MAKE_KEYED:
        LUM_ASSERT(op->key.len >= 1 && op->key.len <= LUM_KEY_MAX && !has_control(op->key, 0x1f));
        lum_record_id_keyed(place->space, place->shelf, op->collection, op->key, &id);
        break;
    case LUM_OP_SET:
        LUM_ASSERT(op->pair_count == 1);
        return;
    case LUM_OP_DROP:
    case LUM_OP_KEEP:
        LUM_ASSERT(op->pair_count == 0);
        return;
    }
    LUM_ASSERT(memcmp(id.b, op->record.b, sizeof id.b) == 0 && op->dot_count == 0);
    LUM_ASSERT(is_name(op->collection, "abcdefghijklmnopqrstuvwxyz_", "0123456789-"));
}

/* ---- the same ops by a draft ---- */

static void draft_op(const struct lum_op *op, const struct lum_payload_place *place)
{
    struct lum_buf map;
    struct lum_place *dots = lum_arena_take(&world.arena, (op->dot_count + 1) * sizeof *dots);
    const struct lum_about about = {.id = &op->record};
    const struct lum_places places = {dots, op->dot_count};
    LUM_ASSERT(dots != NULL);
    for (uint32_t i = 0; i < op->dot_count; i++) {
        const struct lum_dot *dot = &op->dots[i];
        bool is_here = dot->dep == 0 && dot->seq == place->seq;
        dots[i] = (struct lum_place){dot->dep, is_here ? 0 : dot->seq, dot->op};
    }
    lum_buf_init(&map, LUM_PAYLOAD_MAX + 8);
    lum_pack_map(&map, op->pair_count);
    for (uint32_t i = 0; i < op->pair_count; i++) {
        lum_pack_str(&map, op->pairs[i].field);
        lum_pack_raw(&map, op->pairs[i].value);
    }
    switch (op->type) {
    case LUM_OP_MAKE:
        lum_draft_make(world.draft, op->collection, lum_buf_bytes(&map));
        break;
    case LUM_OP_MAKE_KEYED:
        lum_draft_make_keyed(world.draft, op->collection, op->key, lum_buf_bytes(&map));
        break;
    case LUM_OP_SET:
        lum_draft_set(world.draft, &about, op->pairs, places);
        break;
    case LUM_OP_DROP:
        lum_draft_drop(world.draft, &about, places);
        break;
    case LUM_OP_KEEP:
        lum_draft_keep(world.draft, &about, places);
        break;
    }
    lum_buf_fini(&map);
}

static enum lum_status look(void *self, uint32_t lno, uint64_t seq, struct lum_dep *out,
                            struct lum_error *err)
{
    const struct lum_header *header = self;
    (void)seq;
    (void)err;
    *out = header->deps[lno - 1];
    return LUM_OK;
}

static void check_same(const struct lum_op *a, const struct lum_header *deps_a,
                       const struct lum_op *b, const struct lum_header *deps_b)
{
    LUM_ASSERT(a->type == b->type && a->index == b->index && a->pair_count == b->pair_count);
    LUM_ASSERT(memcmp(a->record.b, b->record.b, sizeof a->record.b) == 0);
    LUM_ASSERT(lum_bytes_equal(a->collection, b->collection) && lum_bytes_equal(a->key, b->key));
    LUM_ASSERT(a->dot_count == b->dot_count);
    for (uint32_t i = 0; i < a->pair_count; i++) {
        LUM_ASSERT(lum_bytes_equal(a->pairs[i].field, b->pairs[i].field));
        LUM_ASSERT(lum_bytes_equal(a->pairs[i].value, b->pairs[i].value));
    }
    for (uint32_t i = 0; i < a->dot_count; i++) {
        const struct lum_dot *x = &a->dots[i];
        const struct lum_dot *y = &b->dots[i];
        LUM_ASSERT(x->seq == y->seq && x->op == y->op && (x->dep == 0) == (y->dep == 0));
        LUM_ASSERT(x->dep == 0 || memcmp(deps_a->deps[x->dep - 1].log8,
                                         deps_b->deps[y->dep - 1].log8, 8) == 0);
    }
}

static void check_drafted(const struct lum_payload *payload, const struct lum_payload_place *place)
{
    struct lum_header header = {.kind = LUM_KIND_DATA};
    struct lum_header deps = *place->header;
    const struct lum_pin_source pins = {&deps, look};
    lum_draft_reset(world.draft);
    for (uint32_t i = 0; i < payload->op_count; i++) {
        draft_op(&payload->ops[i], place);
    }
    LUM_ASSERT(lum_draft_op_count(world.draft) == payload->op_count);
    enum lum_status status =
        lum_draft_write(world.draft, place->seq, &pins, &header, &world.payload, NULL);
    if (status == LUM_LIMIT) {
        return; /* references by id are longer than those into the own log */
    }
    LUM_ASSERT(status == LUM_OK && world.payload.len == header.plen);
    LUM_ASSERT(lum_draft_bytes(world.draft) >= header.plen);
    struct lum_payload_place there = *place;
    struct lum_payload again;
    there.header = &header;
    LUM_ASSERT(lum_payload_read(lum_buf_bytes(&world.payload), &there, &world.arena, &again) ==
               LUM_OK);
    LUM_ASSERT(again.why == LUM_VOID_NOT && again.op_count == payload->op_count);
    for (uint32_t i = 0; i < payload->op_count; i++) {
        check_same(&payload->ops[i], place->header, &again.ops[i], &header);
    }
}

static void check_memory(struct lum_bytes bytes, const struct lum_payload_place *place,
                         enum lum_void why, uint64_t memory)
{
    struct lum_arena arena;
    struct lum_payload payload;
    lum_arena_init(&arena);
    memory_end(memory);
    enum lum_status status = lum_payload_read(bytes, place, &arena, &payload);
    memory_back();
    LUM_ASSERT(status == LUM_NO_MEMORY || (status == LUM_OK && payload.why == why));
    lum_arena_fini(&arena);
}

static void begin(void)
{
    memcpy(world.space.b, "the space", 9);
    memcpy(world.log_id.b, "the log", 7);
    lum_buf_init(&world.payload, LUM_PAYLOAD_MAX + 1024);
    LUM_ASSERT(lum_draft_open(&world.draft) == LUM_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    struct lum_payload payload;
    if (world.draft == NULL) {
        begin();
    }
    uint64_t seq = 1 + input_number(&in, 2);
    struct lum_header header = header_of(input_byte(&in) % (LUM_DEPS_MAX + 1));
    const struct lum_payload_place place = {&world.space, &world.log_id, LUM_SHELF_COMMON, seq,
                                            &header};
    struct lum_bytes bytes = input_rest(&in);
    lum_arena_init(&world.arena);
    LUM_ASSERT(lum_payload_read(bytes, &place, &world.arena, &payload) == LUM_OK);
    if (payload.why == LUM_VOID_NOT) {
        LUM_ASSERT(lum_pack_check(bytes) == LUM_FAULT_NONE);
        LUM_ASSERT(payload.op_count <= LUM_OPS_MAX);
        for (uint32_t i = 0; i < payload.op_count; i++) {
            LUM_ASSERT(payload.ops[i].index == i);
            check_op(&payload.ops[i], &place);
        }
        check_drafted(&payload, &place);
    } else {
        LUM_ASSERT(payload.op_count == 0 && payload.ops == NULL);
    }
    lum_arena_fini(&world.arena);
    if (memory_of(data, size) != 0) {
        check_memory(bytes, &place, payload.why, memory_of(data, size));
    }
    return 0;
}
