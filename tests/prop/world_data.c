/*
 * world_data.c - data events: which op on which record, naming what.
 */
#include <string.h>

#include "tests/prop/world_i.h"

static const char *const fields[WORLD_FIELDS] = {"a", "b", "nama", "z"};
static const char *const collections[] = {"visit", "tree", "_member"};
static const char *const keys[] = {"k1", "k2"};

/* ---- values ---- */

struct model_bytes world_value(uint32_t i)
{
    static struct lum_buf bufs[WORLD_VALUES];
    static uint8_t bytes[WORLD_VALUES][8192];
    struct lum_buf *buf = &bufs[i];
    if (buf->at == NULL) {
        static char big[8001];
        *buf = (struct lum_buf){.at = bytes[i], .room = sizeof bytes[i], .max = sizeof bytes[i]};
        switch (i) {
        case 0:
            lum_pack_int(buf, 1);
            break;
        case 1:
            lum_pack_cstr(buf, "x");
            break;
        case 2:
            lum_pack_nil(buf);
            break;
        case 3:
            lum_pack_real(buf, 1.0);
            break;
        case 4:
            lum_pack_int(buf, -70000);
            break;
        case 5: /* a list */
            lum_pack_array(buf, 3);
            lum_pack_uint(buf, 0);
            lum_pack_bool(buf, true);
            lum_pack_cstr(buf, "y");
            break;
        case 6: /* money */
            lum_pack_array(buf, 3);
            lum_pack_uint(buf, 5);
            lum_pack_cstr(buf, "IDR");
            lum_pack_int(buf, 25000);
            break;
        default:
            memset(big, 'v', sizeof big - 1);
            lum_pack_cstr(buf, big);
            break;
        }
    }
    return (struct model_bytes){buf->at, buf->len};
}

static struct model_bytes draw_value(struct world *world)
{
    if (choice_rarely(world->choice, 60) && world->bigs_left > 0) {
        world->bigs_left--;
        return world_value(WORLD_VALUES - 1);
    }
    return world_value(choice_draw(world->choice, WORLD_VALUES - 1));
}

/* ---- what is within reach of an event's dots ---- */

static bool is_in_reach(const struct model_event *event, const uint32_t *dep_logs,
                        const struct model_dot *dot)
{
    if (dot->log == event->log) {
        return dot->seq < event->seq || (dot->seq == event->seq && dot->op < event->op_count);
    }
    return world_dep_for(event, dep_logs, dot->log, dot->seq) < event->dep_count;
}

static bool writes_field(const struct world_op *said, const char *field)
{
    for (uint32_t i = 0; i < said->op->pair_count; i++) {
        if (strcmp(said->op->pairs[i].field, field) == 0) {
            return true;
        }
    }
    return false;
}

static void add_dot(struct world *world, struct model_op *op, const struct model_dot *dot)
{
    LUM_ASSERT(world->dot_count < WORLD_DOTS_MAX);
    world->dots[world->dot_count++] = *dot;
    op->dot_count++;
}

/* What an honest writer is after: ops on its record, of its field, or drops. */
struct wanted {
    uint32_t shelf;
    struct lum_id record;
    const char *field; /* sets and makes that write it; NULL: see below */
    bool drops;        /* drops; else anything but drops */
};

static bool is_wanted(const struct world_op *said, const struct wanted *wanted)
{
    if (said->shelf != wanted->shelf ||
        memcmp(said->record.b, wanted->record.b, sizeof said->record.b) != 0) {
        return false;
    }
    if (wanted->field != NULL) {
        return writes_field(said, wanted->field);
    }
    return (said->type == MODEL_DROP) == wanted->drops;
}

/* The newest within reach of every log, or with `all` every one. Each is left out once in
 * skip_one_in draws (0: never). */
static void add_wanted(struct world *world, const struct model_event *event,
                       const uint32_t *dep_logs, const struct wanted *wanted, struct model_op *op,
                       bool all, uint32_t skip_one_in)
{
    bool is_done[MODEL_LOGS_MAX] = {false};
    for (uint32_t i = world->said_count; i > 0 && op->dot_count < 200; i--) {
        const struct world_op *said = &world->said[i - 1];
        if (is_done[said->at.log] || !is_wanted(said, wanted) ||
            !is_in_reach(event, dep_logs, &said->at)) {
            continue;
        }
        if (skip_one_in != 0 && choice_draw(world->choice, skip_one_in) > 0) {
            continue;
        }
        is_done[said->at.log] = !all;
        add_dot(world, op, &said->at);
    }
}

/* Any op within reach, on whatever record; `forged`: or an op that is not there. */
static void add_any(struct world *world, const struct model_event *event, const uint32_t *dep_logs,
                    struct model_op *op, bool forged)
{
    struct choice *choice = world->choice;
    struct model_dot dot;
    if (world->said_count == 0) {
        return;
    }
    dot = world->said[choice_draw(choice, world->said_count)].at;
    dot.op = forged ? choice_draw(choice, 10) : dot.op;
    if (is_in_reach(event, dep_logs, &dot)) {
        add_dot(world, op, &dot);
    }
}

/* ---- ops ---- */

static struct model_op *begin_op(struct world *world, enum model_op_type type)
{
    LUM_ASSERT(world->op_count < WORLD_OPS_MAX);
    struct model_op *op = &world->ops[world->op_count];
    memset(op, 0, sizeof *op);
    op->type = type;
    op->pairs = &world->pairs[world->pair_count];
    op->dots = &world->dots[world->dot_count];
    return op;
}

static struct lum_bytes text(const char *s)
{
    return lum_bytes_of(s, strlen(s));
}

static void keyed_id(const struct world *world, uint32_t shelf, const char *collection,
                     const char *key, struct lum_id *out)
{
    lum_record_id_keyed(&world->space, (uint8_t)shelf, text(collection), text(key), out);
}

static void made_id(const struct world *world, uint32_t log, uint64_t seq, uint32_t op,
                    struct lum_id *out)
{
    lum_record_id_made(&world->logs[log].place.log_id, seq, (uint16_t)op, out);
}

/* The op is whole: it joins the event, and what others may name later. */
static void end_op(struct world *world, struct model_event *event, const struct model_op *op,
                   const struct lum_id *record)
{
    LUM_ASSERT(world->said_count < WORLD_OPS_MAX);
    world->said[world->said_count++] = (struct world_op){
        .at = {event->log, event->seq, event->op_count},
        .type = op->type,
        .shelf = world->set.logs[event->log].shelf,
        .record = *record,
        .op = op,
    };
    world->op_count++;
    event->op_count++;
}

static void add_pair(struct world *world, struct model_op *op, const char *field,
                     struct model_bytes value)
{
    LUM_ASSERT(world->pair_count < WORLD_PAIRS_MAX);
    world->pairs[world->pair_count++] = (struct model_pair){field, value};
    op->pair_count++;
}

static void draw_make(struct world *world, struct model_event *event, bool is_keyed)
{
    struct choice *choice = world->choice;
    struct model_op *op = begin_op(world, is_keyed ? MODEL_MAKE_KEYED : MODEL_MAKE);
    struct lum_id id;
    uint32_t mask = choice_draw(choice, 1 << WORLD_FIELDS);
    op->collection = collections[choice_draw(choice, 3)];
    op->key = is_keyed ? keys[choice_draw(choice, 2)] : NULL;
    for (uint32_t i = 0; i < WORLD_FIELDS; i++) {
        if ((mask >> i & 1) != 0) {
            add_pair(world, op, fields[i], draw_value(world));
        }
    }
    if (is_keyed) {
        keyed_id(world, world->set.logs[event->log].shelf, op->collection, op->key, &id);
    } else {
        made_id(world, event->log, event->seq, event->op_count, &id);
    }
    end_op(world, event, op, &id);
}

/* A record somebody made, on whatever shelf; by id, or the short way when it is our own. */
static bool draw_made(struct world *world, const struct model_event *event, struct model_op *op,
                      struct lum_id *id)
{
    if (world->said_count == 0) {
        return false;
    }
    const struct world_op *said = &world->said[choice_draw(world->choice, world->said_count)];
    *id = said->record;
    op->about = MODEL_BY_ID;
    bool is_make = said->type == MODEL_MAKE;
    if (said->at.log != event->log || choice_draw(world->choice, 4) == 3) {
        return true;
    }
    op->about_op = said->at.op;
    op->about_seq = said->at.seq;
    if (said->at.seq == event->seq && (is_make || said->type == MODEL_MAKE_KEYED)) {
        op->about = MODEL_BY_OP;
    } else if (said->at.seq < event->seq && is_make) {
        op->about = MODEL_BY_MAKE;
    }
    return true;
}

static void draw_about(struct world *world, const struct model_event *event, struct model_op *op,
                       struct lum_id *id)
{
    struct choice *choice = world->choice;
    uint32_t way = choice_draw(choice, 12);
    if (way == 11 && event->seq > 1) { /* what an op made that may make nothing */
        op->about = MODEL_BY_MAKE;
        op->about_seq = 1 + choice_draw(choice, (uint32_t)event->seq - 1);
        op->about_op = choice_draw(choice, 4);
        made_id(world, event->log, op->about_seq, op->about_op, id);
    } else if (way < 6 || !draw_made(world, event, op, id)) {
        const char *collection = collections[choice_draw(choice, 2)];
        keyed_id(world, world->set.logs[event->log].shelf, collection, keys[choice_draw(choice, 2)],
                 id);
        op->about = MODEL_BY_ID;
    }
    memcpy(op->id, id->b, sizeof op->id);
}

static void draw_set(struct world *world, struct model_event *event, const uint32_t *dep_logs)
{
    struct choice *choice = world->choice;
    struct model_op *op = begin_op(world, MODEL_SET);
    struct wanted wanted = {.shelf = world->set.logs[event->log].shelf};
    draw_about(world, event, op, &wanted.record);
    wanted.field = fields[choice_draw(choice, WORLD_FIELDS)];
    add_pair(world, op, wanted.field, draw_value(world));
    uint32_t style = choice_draw(choice, 8);
    if (style < 5) {
        add_wanted(world, event, dep_logs, &wanted, op, style == 4, style == 3 ? 2 : 0);
    }
    if (style == 4 || style == 5) {
        add_any(world, event, dep_logs, op, false);
    }
    if (style == 6) {
        add_any(world, event, dep_logs, op, true);
    }
    end_op(world, event, op, &wanted.record);
}

/* What a drop has seen of its own log goes without saying. */
static void forget_own(struct world *world, const struct model_event *event, struct model_op *op)
{
    uint32_t kept = 0;
    struct model_dot *dots = &world->dots[world->dot_count - op->dot_count];
    for (uint32_t i = 0; i < op->dot_count; i++) {
        if (dots[i].log != event->log) {
            dots[kept] = dots[i];
            dots[kept].op = 0;
            kept++;
        }
    }
    op->dot_count = kept;
}

static void draw_drop(struct world *world, struct model_event *event, const uint32_t *dep_logs)
{
    struct choice *choice = world->choice;
    struct model_op *op = begin_op(world, MODEL_DROP);
    struct wanted wanted = {.shelf = world->set.logs[event->log].shelf};
    draw_about(world, event, op, &wanted.record);
    uint32_t style = choice_draw(choice, 6);
    if (style < 4) {
        add_wanted(world, event, dep_logs, &wanted, op, style == 3, style == 2 ? 2 : 0);
    }
    if (style == 5) {
        add_any(world, event, dep_logs, op, false);
    }
    forget_own(world, event, op);
    end_op(world, event, op, &wanted.record);
}

static void draw_keep(struct world *world, struct model_event *event, const uint32_t *dep_logs)
{
    struct choice *choice = world->choice;
    struct model_op *op = begin_op(world, MODEL_KEEP);
    struct wanted wanted = {.shelf = world->set.logs[event->log].shelf, .drops = true};
    draw_about(world, event, op, &wanted.record);
    uint32_t style = choice_draw(choice, 6);
    if (style < 4) {
        add_wanted(world, event, dep_logs, &wanted, op, style < 2, style == 3 ? 2 : 0);
    }
    if (style == 5) {
        add_any(world, event, dep_logs, op, false);
    }
    end_op(world, event, op, &wanted.record);
}

static void draw_ops(struct world *world, struct model_event *event, const uint32_t *dep_logs)
{
    struct choice *choice = world->choice;
    uint32_t count = 1 + choice_draw(choice, 3);
    if (choice_rarely(choice, 40)) {
        count += 8 + choice_draw(choice, 8);
    }
    world->bigs_left = 6;
    event->ops = &world->ops[world->op_count];
    event->op_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t span = choice_span_begin(choice);
        uint32_t type = choice_draw(choice, 16);
        if (type < 6) {
            draw_set(world, event, dep_logs);
        } else if (type < 10) {
            draw_make(world, event, type < 8);
        } else if (type < 13) {
            draw_drop(world, event, dep_logs);
        } else {
            draw_keep(world, event, dep_logs);
        }
        choice_span_end(choice, span);
    }
}

/* ---- events ---- */

void world_draw_data(struct world *world, struct model_event *event, const uint32_t *dep_logs)
{
    struct choice *choice = world->choice;
    draw_ops(world, event, dep_logs);
    uint32_t flaw = choice_rarely(choice, 12) ? 1 + choice_draw(choice, WORLD_FLAWS) : 0;
    event->is_withheld = choice_rarely(choice, 40);
    if (flaw == 0 && world_can_draft(event, dep_logs) && choice_draw(choice, 2) == 0) {
        world_write_by_draft(world, event, dep_logs);
    } else {
        world_write_by_hand(world, event, dep_logs, flaw);
    }
}

void world_put_set(struct world *world, struct model_event *event, const uint32_t *dep_logs,
                   bool settles)
{
    struct wanted wanted = {.shelf = world->set.logs[event->log].shelf, .field = fields[0]};
    event->ops = &world->ops[world->op_count];
    event->op_count = 0;
    struct model_op *op = begin_op(world, MODEL_SET);
    keyed_id(world, wanted.shelf, collections[0], keys[0], &wanted.record);
    memcpy(op->id, wanted.record.b, sizeof op->id);
    add_pair(world, op, fields[0], draw_value(world));
    if (settles) {
        add_wanted(world, event, dep_logs, &wanted, op, false, 0);
    }
    end_op(world, event, op, &wanted.record);
    world_write_by_draft(world, event, dep_logs);
}

void world_put_small(struct world *world, struct model_event *event, const uint32_t *dep_logs,
                     uint32_t op_number)
{
    static const enum model_op_type types[] = {MODEL_MAKE_KEYED, MODEL_SET, MODEL_DROP, MODEL_KEEP};
    struct wanted wanted = {.shelf = 1, .drops = op_number == 3};
    struct model_op *op = begin_op(world, types[op_number]);
    event->ops = op;
    event->op_count = 0;
    keyed_id(world, 1, collections[0], keys[0], &wanted.record);
    memcpy(op->id, wanted.record.b, sizeof op->id);
    if (op_number == 0) {
        op->collection = collections[0];
        op->key = keys[0];
    }
    if (op_number < 2) {
        add_pair(world, op, fields[0], world_value(op_number));
    }
    if (op_number > 0) {
        wanted.field = op_number == 1 ? fields[0] : NULL;
        add_wanted(world, event, dep_logs, &wanted, op, op_number == 3, 0);
    }
    if (op_number == 2) {
        forget_own(world, event, op);
    }
    end_op(world, event, op, &wanted.record);
    world_write_by_draft(world, event, dep_logs);
}
