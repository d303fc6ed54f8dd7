/*
 * world_payload.c - the payload of a data event: by the house's own draft; or by hand, right or
 * wrong in one way.
 */
#include <string.h>

#include "tests/prop/world_i.h"

uint32_t world_dep_for(const struct model_event *event, const uint32_t *dep_logs, uint32_t log,
                       uint64_t seq)
{
    uint32_t i = 0;
    while (i < event->dep_count && (dep_logs[i] != log || event->deps[i].seq < seq)) {
        i++;
    }
    return i;
}

static struct lum_bytes text(const char *s)
{
    return lum_bytes_of(s, strlen(s));
}

/* ---- by the house's own draft ---- */

static bool makes(const struct world_op *said)
{
    return said->type == MODEL_MAKE || said->type == MODEL_MAKE_KEYED;
}

bool world_own_make(const struct world *world, uint32_t log, uint64_t seq,
                    const struct lum_id *record, struct lum_place *out)
{
    for (uint32_t i = 0; i < world->said_count; i++) {
        const struct world_op *said = &world->said[i];
        if (said->at.log != log || said->at.seq > seq ||
            memcmp(said->record.b, record->b, sizeof record->b) != 0) {
            continue;
        }
        if (makes(said) && said->at.seq == seq) {
            *out = (struct lum_place){0, 0, (uint16_t)said->at.op};
            return true;
        }
        if (said->type == MODEL_MAKE) {
            *out = (struct lum_place){0, said->at.seq, (uint16_t)said->at.op};
            return true;
        }
        if (!makes(said) && said->op->about == MODEL_BY_MAKE) {
            *out = (struct lum_place){0, said->op->about_seq, (uint16_t)said->op->about_op};
            return true;
        }
    }
    return false;
}

/* The short way wherever there is one, so that a draft of what is read again says the same. */
static struct lum_about about_of(const struct world *world, const struct model_event *event,
                                 const struct world_op *said)
{
    struct lum_about about = {.id = NULL};
    if (!world_own_make(world, event->log, event->seq, &said->record, &about.place)) {
        about.id = &said->record;
    }
    return about;
}

/* Places as a draft takes them: lno 0 is the own log, others are one more than ours. */
static struct lum_places places_of(const struct model_event *event, const struct model_op *op,
                                   struct lum_place *out)
{
    for (uint32_t i = 0; i < op->dot_count; i++) {
        const struct model_dot *dot = &op->dots[i];
        bool is_own = dot->log == event->log;
        out[i] = (struct lum_place){.lno = is_own ? 0 : dot->log + 1,
                                    .seq = is_own && dot->seq == event->seq ? 0 : dot->seq,
                                    .op = (uint16_t)dot->op};
    }
    return (struct lum_places){out, op->dot_count};
}

static void draft_op(struct world *world, const struct model_event *event,
                     const struct world_op *said)
{
    const struct model_op *op = said->op;
    static struct lum_place places[512];
    static uint8_t map_bytes[64 * 1024];
    struct lum_buf map = {.at = map_bytes, .room = sizeof map_bytes, .max = sizeof map_bytes};
    LUM_ASSERT(op->dot_count <= LUM_COUNT(places));
    struct lum_places named = places_of(event, op, places);
    struct lum_about about = about_of(world, event, said);
    lum_pack_map(&map, op->pair_count);
    for (uint32_t i = 0; i < op->pair_count; i++) {
        lum_pack_cstr(&map, op->pairs[i].field);
        lum_pack_raw(&map, lum_bytes_of(op->pairs[i].value.at, op->pairs[i].value.len));
    }
    switch (op->type) {
    case MODEL_MAKE:
        lum_draft_make(world->draft, text(op->collection), lum_buf_bytes(&map));
        break;
    case MODEL_MAKE_KEYED:
        lum_draft_make_keyed(world->draft, text(op->collection), text(op->key),
                             lum_buf_bytes(&map));
        break;
    case MODEL_SET: {
        const struct lum_pair pair = {text(op->pairs[0].field),
                                      lum_bytes_of(op->pairs[0].value.at, op->pairs[0].value.len)};
        lum_draft_set(world->draft, &about, &pair, named);
        break;
    }
    case MODEL_DROP:
        lum_draft_drop(world->draft, &about, named);
        break;
    case MODEL_KEEP:
        lum_draft_keep(world->draft, &about, named);
        break;
    }
}

struct looker {
    const struct model_event *event;
    const uint32_t *dep_logs;
};

static enum lum_status look(void *self, uint32_t lno, uint64_t seq, struct lum_dep *out,
                            struct lum_error *err)
{
    const struct looker *looker = self;
    uint32_t i = world_dep_for(looker->event, looker->dep_logs, lno - 1, seq);
    (void)err;
    LUM_ASSERT(i < looker->event->dep_count);
    const struct model_dep *dep = &looker->event->deps[i];
    *out = (struct lum_dep){.seq = dep->seq, .is_pin = dep->is_pin};
    memcpy(out->log8, dep->log8, 8);
    memcpy(out->hash16, dep->hash16, 16);
    return LUM_OK;
}

bool world_can_draft(const struct model_event *event, const uint32_t *dep_logs)
{
    for (uint32_t i = 0; i < event->dep_count; i++) {
        if (dep_logs[i] == MODEL_LOGS_MAX) {
            return false;
        }
    }
    return true;
}

void world_write_by_draft(struct world *world, struct model_event *event, const uint32_t *dep_logs)
{
    struct looker looker = {event, dep_logs};
    const struct lum_pin_source source = {&looker, look};
    struct lum_header header = {0};
    lum_draft_reset(world->draft);
    for (uint32_t i = 0; i < event->op_count; i++) {
        draft_op(world, event, &world->said[world->said_count - event->op_count + i]);
    }
    for (uint32_t i = 0; i < event->dep_count; i++) {
        lum_draft_pin(world->draft, dep_logs[i] + 1, event->deps[i].seq);
    }
    enum lum_status status =
        lum_draft_write(world->draft, event->seq, &source, &header, &world->payload, NULL);
    LUM_ASSERT(status == LUM_OK && header.dep_count == event->dep_count);
    world_put(world, event, lum_buf_bytes(&world->payload), true);
}

/* ---- by hand ---- */

static void write_dot(const struct model_event *event, const uint32_t *dep_logs,
                      const struct model_dot *dot, bool with_op, struct lum_buf *out)
{
    if (dot->log == event->log) {
        lum_pack_array(out, 2);
        lum_pack_uint(out, event->seq - dot->seq);
        lum_pack_uint(out, dot->op);
        return;
    }
    uint32_t i = world_dep_for(event, dep_logs, dot->log, dot->seq);
    LUM_ASSERT(i < event->dep_count);
    lum_pack_array(out, with_op ? 3 : 2);
    lum_pack_uint(out, i);
    lum_pack_uint(out, event->deps[i].seq - dot->seq);
    if (with_op) {
        lum_pack_uint(out, dot->op);
    }
}

static void write_dots(const struct model_event *event, const uint32_t *dep_logs,
                       const struct model_op *op, struct lum_buf *out)
{
    lum_pack_array(out, op->dot_count);
    for (uint32_t i = 0; i < op->dot_count; i++) {
        write_dot(event, dep_logs, &op->dots[i], op->type != MODEL_DROP, out);
    }
}

static void write_pairs(const struct model_op *op, struct lum_buf *out)
{
    lum_pack_map(out, op->pair_count);
    for (uint32_t i = 0; i < op->pair_count; i++) {
        lum_pack_cstr(out, op->pairs[i].field);
        lum_pack_raw(out, lum_bytes_of(op->pairs[i].value.at, op->pairs[i].value.len));
    }
}

/* Each op that is about a record has a reference of its own, in order. */
static void write_op(const struct model_event *event, const uint32_t *dep_logs,
                     const struct model_op *op, uint32_t ref, struct lum_buf *out)
{
    switch (op->type) {
    case MODEL_MAKE:
        lum_pack_array(out, 3);
        lum_pack_uint(out, 0);
        lum_pack_cstr(out, op->collection);
        write_pairs(op, out);
        break;
    case MODEL_MAKE_KEYED:
        lum_pack_array(out, 4);
        lum_pack_uint(out, 18);
        lum_pack_cstr(out, op->collection);
        lum_pack_cstr(out, op->key);
        write_pairs(op, out);
        break;
    case MODEL_SET:
        lum_pack_array(out, 5);
        lum_pack_uint(out, 1);
        lum_pack_uint(out, ref);
        lum_pack_cstr(out, op->pairs[0].field);
        lum_pack_raw(out, lum_bytes_of(op->pairs[0].value.at, op->pairs[0].value.len));
        write_dots(event, dep_logs, op, out);
        break;
    case MODEL_DROP:
    case MODEL_KEEP:
        lum_pack_array(out, 3);
        lum_pack_uint(out, op->type == MODEL_DROP ? 12 : 13);
        lum_pack_uint(out, ref);
        write_dots(event, dep_logs, op, out);
        break;
    }
}

static bool has_ref(const struct model_op *op)
{
    return op->type != MODEL_MAKE && op->type != MODEL_MAKE_KEYED;
}

static void write_ref(const struct model_event *event, const struct model_op *op,
                      struct lum_buf *out)
{
    if (op->about == MODEL_BY_ID) {
        lum_pack_bin(out, op->id, 16);
        return;
    }
    lum_pack_array(out, 2);
    lum_pack_uint(out, op->about == MODEL_BY_MAKE ? event->seq - op->about_seq : 0);
    lum_pack_uint(out, op->about_op);
}

void world_write_by_hand(struct world *world, struct model_event *event, const uint32_t *dep_logs,
                         uint32_t flaw)
{
    struct lum_buf *out = &world->payload;
    bool has_salt = flaw == 0 && choice_rarely(world->choice, 8);
    uint32_t refs = 0;
    for (uint32_t i = 0; i < event->op_count; i++) {
        refs += has_ref(&event->ops[i]);
    }
    const struct world_flaw bad = {flaw, event, refs};
    lum_buf_reset(out);
    lum_pack_array(out, has_salt ? 3 : 2);
    lum_pack_array(out, refs + (flaw != 0 ? 1 : 0));
    for (uint32_t i = 0; i < event->op_count; i++) {
        if (has_ref(&event->ops[i])) {
            write_ref(event, &event->ops[i], out);
        }
    }
    if (flaw != 0) {
        world_flaw_ref(&bad, out);
    }
    lum_pack_array(out, event->op_count + (flaw != 0 ? 1 : 0));
    uint32_t ref = 0;
    for (uint32_t i = 0; i < event->op_count; i++) {
        write_op(event, dep_logs, &event->ops[i], ref, out);
        ref += has_ref(&event->ops[i]);
    }
    if (flaw != 0) {
        world_flaw_op(&bad, out);
        world_flaw_end(&bad, out);
    }
    if (has_salt) {
        const uint8_t salt[16] = {5};
        lum_pack_bin(out, salt, sizeof salt);
    }
    event->is_malformed = flaw != 0;
    event->is_withheld = event->is_withheld && out->len > 0;
    world_put(world, event, lum_buf_bytes(out), false);
}
