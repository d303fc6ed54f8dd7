/*
 * barn_reread.c - accepted bytes are written again as they were.
 *
 * A header always is. A payload that a draft wrote is, when what is read of it is drafted again;
 * any other that is accepted still means the same after it was read, drafted and read.
 */
#include <string.h>

#include "core/draft.h"
#include "tests/prop/barn.h"

struct place {
    uint32_t log;
    struct lum_payload_place in;
};

/* world: names records as the event's own draft did; NULL: by id. */
static void draft_again(struct lum_draft *draft, const struct world *world,
                        const struct place *place, const struct lum_op *op)
{
    static struct lum_place places[4096];
    static uint8_t map_bytes[64 * 1024];
    struct lum_buf map = {.at = map_bytes, .room = sizeof map_bytes, .max = sizeof map_bytes};
    struct lum_about about = {.id = &op->record};
    LUM_ASSERT(op->dot_count <= LUM_COUNT(places));
    for (uint32_t i = 0; i < op->dot_count; i++) {
        const struct lum_dot *dot = &op->dots[i];
        uint64_t seq = dot->dep == 0 && dot->seq == place->in.seq ? 0 : dot->seq;
        places[i] = (struct lum_place){dot->dep, seq, op->type == LUM_OP_DROP ? 0 : dot->op};
    }
    if (world != NULL &&
        world_own_make(world, place->log, place->in.seq, &op->record, &about.place)) {
        about.id = NULL;
    }
    lum_pack_map(&map, op->pair_count);
    for (uint32_t i = 0; i < op->pair_count; i++) {
        lum_pack_str(&map, op->pairs[i].field);
        lum_pack_raw(&map, op->pairs[i].value);
    }
    struct lum_places named = {places, op->dot_count};
    switch (op->type) {
    case LUM_OP_MAKE:
        lum_draft_make(draft, op->collection, lum_buf_bytes(&map));
        break;
    case LUM_OP_MAKE_KEYED:
        lum_draft_make_keyed(draft, op->collection, op->key, lum_buf_bytes(&map));
        break;
    case LUM_OP_SET:
        lum_draft_set(draft, &about, &op->pairs[0], named);
        break;
    case LUM_OP_DROP:
        lum_draft_drop(draft, &about, named);
        break;
    case LUM_OP_KEEP:
        lum_draft_keep(draft, &about, named);
        break;
    }
}

/* In what a payload's reader gives out, a log is a dep's index from 1: so are our lnos here. */
static enum lum_status look_in_header(void *self, uint32_t lno, uint64_t seq, struct lum_dep *out,
                                      struct lum_error *err)
{
    const struct lum_header *header = self;
    (void)seq;
    (void)err;
    *out = header->deps[lno - 1];
    return LUM_OK;
}

struct again {
    struct barn *barn;
    uint64_t count; /* of payloads */
    struct lum_draft *draft;
    struct lum_arena arena;
    struct lum_buf header;
    struct lum_buf payload;
};

static void write_draft(struct again *again, const struct world *world, const struct place *place,
                        const struct lum_payload *payload)
{
    struct lum_header header = {0};
    static struct lum_header source;
    source = *place->in.header;
    const struct lum_pin_source pins = {&source, look_in_header};
    lum_draft_reset(again->draft);
    for (uint32_t i = 0; i < payload->op_count; i++) {
        draft_again(again->draft, world, place, &payload->ops[i]);
    }
    for (uint32_t i = 0; i < source.dep_count; i++) {
        lum_draft_pin(again->draft, i + 1, source.deps[i].seq);
    }
    if (lum_draft_write(again->draft, place->in.seq, &pins, &header, &again->payload, NULL) !=
        LUM_OK) {
        (void)barn_fail(again->barn, "what was read cannot be drafted");
    }
}

static bool same_bytes(struct lum_bytes a, struct lum_bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static bool same_ops(const struct lum_op *a, const struct lum_op *b)
{
    bool same = a->type == b->type && a->index == b->index &&
                memcmp(a->record.b, b->record.b, 16) == 0 &&
                same_bytes(a->collection, b->collection) && same_bytes(a->key, b->key) &&
                a->pair_count == b->pair_count && a->dot_count == b->dot_count;
    for (uint32_t i = 0; same && i < a->pair_count; i++) {
        same = same_bytes(a->pairs[i].field, b->pairs[i].field) &&
               same_bytes(a->pairs[i].value, b->pairs[i].value);
    }
    for (uint32_t i = 0; same && i < a->dot_count; i++) {
        same = a->dots[i].dep == b->dots[i].dep && a->dots[i].seq == b->dots[i].seq &&
               a->dots[i].op == b->dots[i].op;
    }
    return same;
}

/* What another draft says means the same, even where its bytes are others. */
static void mean_again(struct again *again, const struct place *place,
                       const struct lum_payload *payload)
{
    struct lum_payload other;
    write_draft(again, NULL, place, payload);
    enum lum_status status =
        lum_payload_read(lum_buf_bytes(&again->payload), &place->in, &again->arena, &other);
    bool same = status == LUM_OK && other.op_count == payload->op_count;
    for (uint32_t i = 0; same && i < other.op_count; i++) {
        same = same_ops(&other.ops[i], &payload->ops[i]);
    }
    if (!same) {
        (void)barn_fail(again->barn, "a payload read, drafted and read again means something else");
    }
}

static void read_payload_again(struct again *again, struct world *world,
                               const struct model_event *event, const struct lum_header *header,
                               struct lum_bytes bytes)
{
    struct lum_hash space;
    struct lum_hash log_id;
    struct lum_payload payload;
    memcpy(space.b, world_set(world)->space.id, 32);
    memcpy(log_id.b, world_set(world)->logs[event->log].id, 32);
    uint8_t shelf = (uint8_t)world_set(world)->logs[event->log].shelf;
    const struct place place = {event->log, {&space, &log_id, shelf, event->seq, header}};
    lum_arena_reset(&again->arena);
    enum lum_status status = lum_payload_read(bytes, &place.in, &again->arena, &payload);
    LUM_ASSERT(status == LUM_OK);
    if ((payload.why != LUM_VOID_NOT) != event->is_malformed) {
        (void)barn_fail(again->barn, "payload of %u/%llu is void: %d", event->log,
                        (unsigned long long)event->seq, (int)payload.why);
    }
    if (payload.why != LUM_VOID_NOT || payload.op_count == 0) {
        return;
    }
    again->count++;
    mean_again(again, &place, &payload);
    if (world_is_drafted(world, event->log, event->seq)) {
        write_draft(again, world, &place, &payload);
        if (!same_bytes(lum_buf_bytes(&again->payload), bytes)) {
            (void)barn_fail(again->barn, "payload of %u/%llu is written another way", event->log,
                            (unsigned long long)event->seq);
        }
    }
}

static void read_event_again(struct again *again, struct world *world,
                             const struct model_event *event)
{
    struct lum_bytes raw = world_raw(world, event->log, event->seq);
    struct lum_cur cur = lum_cur_over(raw);
    struct lum_header header;
    lum_header_read(&cur, &header);
    size_t len = (size_t)(cur.at - raw.at);
    lum_buf_reset(&again->header);
    lum_header_write(&header, header.has_phash, &again->header);
    if (cur.fault != LUM_FAULT_NONE ||
        !same_bytes(lum_buf_bytes(&again->header), lum_bytes_of(raw.at, len))) {
        (void)barn_fail(again->barn, "header of %u/%llu is written another way", event->log,
                        (unsigned long long)event->seq);
        return;
    }
    bool has_payload = !event->is_withheld && header.plen > 0;
    if (event->kind == 0 && world_set(world)->logs[event->log].shelf != 0 && has_payload) {
        read_payload_again(again, world, event, &header, lum_bytes_of(raw.at + len, raw.len - len));
    }
}

uint64_t barn_reread(struct barn *barn, struct world *world)
{
    struct again again = {.barn = barn};
    const struct model_set *set = world_set(world);
    enum lum_status status = lum_draft_open(&again.draft);
    LUM_ASSERT(status == LUM_OK);
    lum_arena_init(&again.arena);
    lum_buf_init(&again.header, LUM_HEADER_MAX);
    lum_buf_init(&again.payload, LUM_PAYLOAD_MAX);
    for (uint32_t i = 0; i < set->event_count && barn_is_well(barn); i++) {
        read_event_again(&again, world, &set->events[i]);
    }
    lum_draft_close(again.draft);
    lum_arena_fini(&again.arena);
    lum_buf_fini(&again.header);
    lum_buf_fini(&again.payload);
    return again.count;
}
