/*
 * world_draw.c - who writes what kind of event, when, and having seen what.
 */
#include <string.h>

#include "core/invite.h"
#include "tests/prop/world_i.h"

enum {
    GARBAGE = 24, /* once in so many */
    BAD_DEP = 80,
    SMALL_LOGS = 3,
    SMALL_EVENTS = 4,
    SMALL_OPS = 4,
};

static const uint64_t minute_ms = 60 * 1000;
static const int64_t day_ms = INT64_C(86400000);
static const uint64_t t_end = UINT64_C(1) << 48;
static const uint64_t year_2099_ms = UINT64_C(4070908800000);

/* ---- time ---- */

static uint64_t t_of_another(struct world *world, int64_t shift)
{
    uint32_t i = choice_draw(world->choice, world->set.event_count);
    int64_t t = (int64_t)world->set.events[i].t + shift;
    return t < 0 ? 0 : (uint64_t)t;
}

/* At the edges of what is sane, or exactly another's t. */
static uint64_t draw_wild(struct world *world)
{
    switch (choice_draw(world->choice, 13)) {
    case 0:
        return t_of_another(world, 0);
    case 1:
        return t_of_another(world, -day_ms);
    case 2:
        return t_of_another(world, -day_ms - 1);
    case 3:
        return t_of_another(world, 400 * day_ms);
    case 4:
        return t_of_another(world, 400 * day_ms + 1);
    case 5:
        return WORLD_FOUNDED_MS - (uint64_t)day_ms;
    case 6:
        return WORLD_FOUNDED_MS - (uint64_t)day_ms - 1;
    case 7:
        return WORLD_FOUNDED_MS + 400 * (uint64_t)day_ms;
    case 8:
        return WORLD_FOUNDED_MS + 400 * (uint64_t)day_ms + 1;
    case 9:
        return 0;
    case 10:
        return year_2099_ms;
    case 11:
        return t_end - 1;
    default:
        return world->now + 1;
    }
}

static void draw_t(struct world *world, struct model_event *event)
{
    static const uint64_t steps[] = {1, 60, 0, 24 * 60, 200 * 24 * 60};
    world->now += minute_ms * steps[choice_draw(world->choice, 5)];
    uint64_t t = world->now;
    switch (world->devices[world->logs[event->log].device].clock) {
    case CLOCK_RIGHT:
        break;
    case CLOCK_1970:
        t -= WORLD_FOUNDED_MS;
        break;
    case CLOCK_2099:
        t += year_2099_ms - WORLD_FOUNDED_MS;
        break;
    case CLOCK_WILD:
        t = choice_draw(world->choice, 3) > 0 ? draw_wild(world) : t;
        break;
    }
    event->t = t < t_end ? t : t_end - 1;
}

/* ---- deps ---- */

/* The latest pin of that log by another's earlier events; 0 when there is none. */
static uint64_t latest_pin(const struct world *world, const struct model_event *event,
                           const uint8_t log8[8])
{
    for (uint32_t i = world->set.event_count; i > 0; i--) {
        const struct model_event *earlier = &world->set.events[i - 1];
        for (uint32_t d = 0; earlier->log == event->log && d < earlier->dep_count; d++) {
            if (earlier->deps[d].is_pin && memcmp(earlier->deps[d].log8, log8, 8) == 0) {
                return earlier->deps[d].seq;
            }
        }
    }
    return 0;
}

/* At its place by log8; not when that is there already or there is no room. */
static void insert(struct model_event *event, uint32_t *dep_logs, const struct model_dep *dep,
                   uint32_t log)
{
    uint32_t at = 0;
    while (at < event->dep_count && memcmp(event->deps[at].log8, dep->log8, 8) < 0) {
        at++;
    }
    bool is_there = at < event->dep_count && memcmp(event->deps[at].log8, dep->log8, 8) == 0;
    if (is_there || event->dep_count == MODEL_DEPS_MAX) {
        return;
    }
    for (uint32_t i = event->dep_count; i > at; i--) {
        event->deps[i] = event->deps[i - 1];
        dep_logs[i] = dep_logs[i - 1];
    }
    event->deps[at] = *dep;
    dep_logs[at] = log;
    event->dep_count++;
}

static void depend(struct world *world, struct model_event *event, uint32_t *dep_logs, uint32_t log,
                   uint64_t seq)
{
    struct model_dep dep;
    world_pin(world, log, seq, &dep);
    if (latest_pin(world, event, dep.log8) >= seq && choice_draw(world->choice, 4) < 3) {
        dep.is_pin = false;
        memset(dep.hash16, 0, sizeof dep.hash16);
    }
    insert(event, dep_logs, &dep, log);
}

/* A dep that is not satisfied, or is in an unusual way. */
static void draw_bad_dep(struct world *world, struct model_event *event, uint32_t *dep_logs)
{
    struct choice *choice = world->choice;
    uint32_t log = choice_draw(choice, world->set.log_count);
    uint64_t head = world_head(world, log);
    struct model_dep dep = {.seq = 1 + choice_draw(choice, (uint32_t)head + 3), .is_pin = true};
    bool is_known = dep.seq <= head;
    if (is_known) {
        world_pin(world, log, dep.seq, &dep);
    } else {
        memcpy(dep.log8, world->set.logs[log].id, 8);
    }
    switch (choice_draw(choice, 5)) {
    case 0: /* as it is: on another shelf, on the own log, beyond the head */
        break;
    case 1:
        dep.hash16[15] ^= 1;
        is_known = false;
        break;
    case 2: /* a lean on whatever is pinned, or on nothing */
        dep.is_pin = false;
        memset(dep.hash16, 0, sizeof dep.hash16);
        break;
    case 3:
        dep.log8[7] ^= 1;
        is_known = false;
        break;
    default:
        dep.seq += UINT64_C(1) << 40;
        is_known = false;
        break;
    }
    bool is_own = log == event->log;
    insert(event, dep_logs, &dep, is_known && !is_own ? log : MODEL_LOGS_MAX);
}

static bool may_see(const struct world *world, const struct model_event *event, uint32_t log)
{
    uint32_t shelf = world->set.logs[log].shelf;
    return log != event->log && world_head(world, log) > 0 &&
           (shelf == 0 || shelf == world->set.logs[event->log].shelf);
}

/* Everything on the own shelf up to its head, as far as deps reach; now and then gov too. */
static void see_all(struct world *world, struct model_event *event, uint32_t *dep_logs)
{
    uint32_t count = world->set.log_count;
    uint32_t first = choice_draw(world->choice, count);
    bool with_gov = choice_draw(world->choice, 3) == 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t log = (first + i) % count;
        if (may_see(world, event, log) && (with_gov || world->set.logs[log].shelf != 0)) {
            depend(world, event, dep_logs, log, world_head(world, log));
        }
    }
}

static void see_some(struct world *world, struct model_event *event, uint32_t *dep_logs)
{
    uint32_t count = 1 + choice_draw(world->choice, 3);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t log = choice_draw(world->choice, world->set.log_count);
        if (may_see(world, event, log)) {
            uint32_t back = choice_draw(world->choice, 3);
            uint64_t head = world_head(world, log);
            depend(world, event, dep_logs, log, back < head ? head - back : head);
        }
    }
}

static void draw_deps(struct world *world, struct model_event *event, uint32_t *dep_logs)
{
    uint32_t style = choice_draw(world->choice, 5);
    if (style == 1 || style == 2) {
        see_some(world, event, dep_logs);
    } else if (style > 2) {
        see_all(world, event, dep_logs);
    }
    if (choice_rarely(world->choice, BAD_DEP)) {
        draw_bad_dep(world, event, dep_logs);
    }
}

/* ---- control ---- */

/* A ref to some control event of that type drawn so far; false when there is none. */
static bool draw_ref(struct world *world, enum model_control type, struct lum_ref *out,
                     const struct model_event **event)
{
    const struct model_set *set = &world->set;
    uint32_t found[MODEL_EVENTS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->event_count; i++) {
        if (set->events[i].kind == 2 && set->logs[set->events[i].log].shelf == 0 &&
            !set->events[i].is_malformed && set->events[i].fact.type == type) {
            found[count++] = i;
        }
    }
    if (count == 0) {
        return false;
    }
    *event = &set->events[found[choice_draw(world->choice, count)]];
    memcpy(out->log8, set->logs[(*event)->log].id, 8);
    out->seq = (*event)->seq;
    memcpy(out->hash16, (*event)->h, 16);
    if (choice_rarely(world->choice, GARBAGE)) {
        out->hash16[0] ^= 1;
    }
    return true;
}

static void take_ref(struct model_event *event, const struct lum_ref *ref)
{
    memcpy(event->fact.ref.log8, ref->log8, 8);
    event->fact.ref.seq = ref->seq;
    memcpy(event->fact.ref.hash16, ref->hash16, 16);
}

static void put_control(struct world *world, struct model_event *event,
                        const struct lum_control *control)
{
    event->kind = LUM_KIND_CONTROL;
    event->fact.type = (enum model_control)control->op;
    lum_buf_reset(&world->payload);
    lum_control_write(control, &world->payload);
    if (choice_rarely(world->choice, GARBAGE)) {
        event->is_malformed = true;
        lum_buf_put_byte(&world->payload, 0xc0);
    }
    event->is_withheld = choice_rarely(world->choice, 2 * GARBAGE);
    world_put(world, event, lum_buf_bytes(&world->payload), false);
}

static void put_genesis(struct world *world, uint32_t device)
{
    uint32_t log = world_open_log(world, device, 0, 0);
    const struct lum_control control = {.op = LUM_GENESIS,
                                        .document = lum_buf_bytes(&world->document)};
    struct model_event *event = world_begin(world, log);
    event->t = WORLD_FOUNDED_MS;
    event->kind = LUM_KIND_CONTROL;
    lum_buf_reset(&world->payload);
    lum_control_write(&control, &world->payload);
    world_put(world, event, lum_buf_bytes(&world->payload), false);
    world->devices[device].has_joined = true;
    world->devices[device].gov = log;
}

static void put_invite(struct world *world, struct model_event *event)
{
    struct choice *choice = world->choice;
    static const uint8_t roles[] = {3, 4, 2, 1};
    uint32_t key = choice_draw(choice, WORLD_INVITE_KEYS);
    struct lum_control control = {.op = LUM_INVITE};
    memcpy(control.invite.pk, world_invite_key(key)->public, 32);
    control.invite.role = roles[choice_draw(choice, 4)];
    control.invite.uses = 1 + choice_draw(choice, 3);
    control.invite.expiry_ms = choice_draw(choice, 3); /* long past: it decides nothing here */
    memcpy(event->fact.pk, control.invite.pk, 32);
    event->fact.role = control.invite.role;
    event->fact.uses = control.invite.uses;
    put_control(world, event, &control);
}

/* Which of the keys is an INVITE's. */
static uint32_t key_of_invite(const struct model_event *invite)
{
    uint32_t key = 0;
    while (memcmp(world_invite_key(key)->public, invite->fact.pk, 32) != 0) {
        key++;
    }
    return key;
}

static void put_join(struct world *world, struct model_event *event)
{
    const struct world_device *device = &world->devices[world->logs[event->log].device];
    const struct model_event *invite = NULL;
    struct lum_control control = {.op = LUM_JOIN};
    if (!draw_ref(world, MODEL_INVITE, &control.join.invite, &invite)) {
        return;
    }
    bool is_forged = choice_rarely(world->choice, GARBAGE);
    bool is_anothers = choice_rarely(world->choice, GARBAGE);
    const uint8_t *a = is_anothers ? world->devices[0].key.public : device->key.public;
    uint32_t key = key_of_invite(invite);
    memcpy(control.join.axt, a, 32);
    memcpy(control.join.axt + 32, device->x, 32);
    memcpy(control.join.axt + 64, device->t, 32);
    lum_join_sign(world_invite_key(key), &world->space, control.join.axt, &control.join.sig);
    control.join.sig.b[3] ^= is_forged ? 1 : 0;
    memcpy(event->fact.a, a, 32);
    memcpy(event->fact.pk, invite->fact.pk, 32);
    if (is_forged) {
        memset(event->fact.pk, 0, 32);
    }
    take_ref(event, &control.join.invite);
    put_control(world, event, &control);
}

static void put_cancel(struct world *world, struct model_event *event)
{
    const struct model_event *invite = NULL;
    struct lum_control control = {.op = LUM_CANCEL};
    if (draw_ref(world, MODEL_INVITE, &control.cancel, &invite)) {
        take_ref(event, &control.cancel);
        put_control(world, event, &control);
    }
}

static void put_admit(struct world *world, struct model_event *event)
{
    const struct model_event *join = NULL;
    static const uint8_t roles[] = {3, 4, 4, 2, 1};
    struct lum_control control = {.op = LUM_ADMIT};
    if (draw_ref(world, MODEL_JOIN, &control.admit.join, &join)) {
        control.admit.role = roles[choice_draw(world->choice, 5)];
        event->fact.role = control.admit.role;
        take_ref(event, &control.admit.join);
        put_control(world, event, &control);
    }
}

static void put_invite_of(struct lum_buf *out, uint64_t role, uint64_t uses)
{
    const uint8_t zeros[48] = {0};
    lum_pack_array(out, 7);
    lum_pack_uint(out, 1);
    lum_pack_bin(out, zeros, 32);
    lum_pack_uint(out, role);
    lum_pack_uint(out, uses);
    lum_pack_uint(out, 0);
    lum_pack_uint(out, 0);
    lum_pack_bin(out, zeros, 48);
}

/* A form of control event that version 1 does not know, or knows to be wrong. */
static void put_odd_control(struct world *world, struct model_event *event)
{
    struct lum_buf *out = &world->payload;
    const uint8_t zeros[16] = {0};
    lum_buf_reset(out);
    event->kind = LUM_KIND_CONTROL;
    event->is_malformed = true;
    switch (choice_draw(world->choice, 5)) {
    case 0: /* LEAVE is reserved */
        lum_pack_array(out, 1);
        lum_pack_uint(out, 6);
        break;
    case 1: /* an invite to no role there is */
        put_invite_of(out, 5, 1);
        break;
    case 2: /* an invite of no use */
        put_invite_of(out, 3, 0);
        break;
    case 3: /* an admit with overrides */
        lum_pack_array(out, 5);
        lum_pack_uint(out, 4);
        lum_pack_array(out, 3);
        lum_pack_bin(out, zeros, 8);
        lum_pack_uint(out, 1);
        lum_pack_bin(out, zeros, 16);
        lum_pack_uint(out, 3);
        lum_pack_array(out, 1);
        lum_pack_nil(out);
        lum_pack_array(out, 0);
        break;
    default: /* nothing at all */
        break;
    }
    world_put(world, event, lum_buf_bytes(out), false);
}

static void draw_control(struct world *world, uint32_t device)
{
    uint32_t dep_logs[MODEL_DEPS_MAX];
    uint32_t log = world_open_log(world, device, choice_rarely(world->choice, 8) ? 1 : 0, 0);
    if (log == MODEL_LOGS_MAX) {
        return;
    }
    struct model_event *event = world_begin(world, log);
    draw_t(world, event);
    draw_deps(world, event, dep_logs);
    switch (choice_draw(world->choice, 8)) {
    case 0:
    case 1:
        put_admit(world, event);
        break;
    case 2:
    case 3:
        put_invite(world, event);
        break;
    case 4:
    case 5:
        put_cancel(world, event);
        break;
    case 6:
        put_join(world, event);
        break;
    default:
        put_odd_control(world, event);
        break;
    }
}

/* A newcomer's first event. */
static void draw_newcomer(struct world *world, uint32_t device)
{
    uint32_t dep_logs[MODEL_DEPS_MAX];
    uint32_t log = world_open_log(world, device, 0, 0);
    if (log == MODEL_LOGS_MAX) {
        return;
    }
    struct model_event *event = world_begin(world, log);
    draw_t(world, event);
    if (choice_draw(world->choice, 2) == 1) {
        see_some(world, event, dep_logs);
    }
    put_join(world, event);
    world->devices[device].has_joined = world_head(world, log) > 0;
    world->devices[device].gov = log;
}

/* ---- everything else ---- */

static uint32_t draw_log(struct world *world, uint32_t device)
{
    struct choice *choice = world->choice;
    uint32_t shelf = choice_draw(choice, 6) == 5 ? 2 : 1;
    uint32_t incarnation = choice_draw(choice, 5) == 4 ? 1 + choice_draw(choice, 2) : 0;
    return world_open_log(world, device, incarnation, shelf);
}

static void draw_data(struct world *world, uint32_t device)
{
    uint32_t dep_logs[MODEL_DEPS_MAX];
    uint32_t log = draw_log(world, device);
    if (log == MODEL_LOGS_MAX) {
        return;
    }
    struct model_event *event = world_begin(world, log);
    draw_t(world, event);
    draw_deps(world, event, dep_logs);
    world_draw_data(world, event, dep_logs);
}

/* Receipts, unknown kinds, and kinds on the wrong shelf. */
static void draw_other(struct world *world, uint32_t device)
{
    static const uint8_t kinds[] = {1, 1, 1, 2, 3, 6, 9, 63, 0};
    struct choice *choice = world->choice;
    uint32_t dep_logs[MODEL_DEPS_MAX];
    uint32_t kind = kinds[choice_draw(choice, 9)];
    bool on_gov = kind != 2 && (kind == 0 || choice_draw(choice, 3) == 1);
    uint32_t log = on_gov ? world_open_log(world, device, 0, 0) : draw_log(world, device);
    if (log == MODEL_LOGS_MAX) {
        return;
    }
    struct model_event *event = world_begin(world, log);
    draw_t(world, event);
    draw_deps(world, event, dep_logs);
    event->kind = kind;
    lum_buf_reset(&world->payload);
    if (kind == 2) { /* well formed, in the wrong place */
        const struct lum_control control = {.op = LUM_CANCEL, .cancel = {.seq = 1}};
        lum_control_write(&control, &world->payload);
    } else {
        lum_pack_array(&world->payload, 2);
        lum_pack_array(&world->payload, 0);
        lum_pack_array(&world->payload, 0);
    }
    event->is_withheld = choice_rarely(choice, 6);
    world_put(world, event, lum_buf_bytes(&world->payload), false);
}

/* ---- histories ---- */

/* A device that has a gov log; a newcomer joins instead when one is drawn. */
static uint32_t draw_device(struct world *world)
{
    uint32_t device = choice_draw(world->choice, world->device_count);
    if (!world->devices[device].has_joined) {
        draw_newcomer(world, device);
    }
    return world->devices[device].has_joined ? device : 0;
}

static void draw_step(struct world *world)
{
    struct choice *choice = world->choice;
    size_t span = choice_span_begin(choice);
    uint32_t device = draw_device(world);
    uint32_t data_share = world->kind == WORLD_GOV ? 8 : 16;
    uint32_t action = choice_draw(choice, 20);
    if (!world_has_room(world)) {
        choice_span_end(choice, span);
        return;
    }
    if (action < data_share) {
        draw_data(world, device);
    } else if (action < 18) {
        draw_control(world, device);
    } else {
        draw_other(world, device);
    }
    choice_span_end(choice, span);
}

static void draw_steps(struct world *world, uint32_t min, uint32_t more)
{
    uint32_t count = min + choice_draw(world->choice, more);
    for (uint32_t i = 0; i < count && world_has_room(world); i++) {
        draw_step(world);
    }
}

static void draw_begin(struct world *world)
{
    for (uint32_t i = 0; i < world->founder_count; i++) {
        put_genesis(world, i);
    }
    uint32_t invites = 1 + choice_draw(world->choice, 2);
    for (uint32_t i = 0; i < invites; i++) {
        size_t span = choice_span_begin(world->choice);
        struct model_event *event = world_begin(world, world->devices[0].gov);
        draw_t(world, event);
        put_invite(world, event);
        choice_span_end(world->choice, span);
    }
}

/* More logs with a value in one cell than deps that an event can have. */
static void draw_wide(struct world *world)
{
    struct choice *choice = world->choice;
    uint32_t dep_logs[MODEL_DEPS_MAX];
    uint32_t count = 33 + choice_draw(choice, 8);
    uint32_t writers = 1 + choice_draw(choice, world->founder_count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t log = world_open_log(world, i % writers, 10 + i, 1);
        struct model_event *event = world_begin(world, log);
        draw_t(world, event);
        world_put_set(world, event, dep_logs, false);
    }
    draw_steps(world, 1, 6);
    uint32_t settlers = choice_draw(choice, 4);
    for (uint32_t i = 0; i < settlers; i++) {
        struct model_event *event = world_begin(world, world_open_log(world, i % writers, 0, 1));
        draw_t(world, event);
        see_all(world, event, dep_logs);
        world_put_set(world, event, dep_logs, true);
    }
    draw_steps(world, 0, 8);
}

/* One log with more events than a segment has, or more bytes. */
static void draw_long(struct world *world)
{
    struct choice *choice = world->choice;
    draw_steps(world, 2, 10);
    uint32_t log = world_open_log(world, draw_device(world), 0, 1);
    uint32_t count = 20 + choice_draw(choice, 130);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t dep_logs[MODEL_DEPS_MAX];
        struct model_event *event = world_begin(world, log);
        draw_t(world, event);
        if (choice_draw(choice, 5) == 4) {
            draw_deps(world, event, dep_logs);
            world_draw_data(world, event, dep_logs);
            continue;
        }
        event->kind = LUM_KIND_RECEIPT;
        world_put(world, event, lum_bytes_of(NULL, 0), false);
    }
    draw_steps(world, 2, 20);
}

/* Logs are alike, so that the first event is of log 0 and the second of log 0 or 1. Each has seen
 * of every other log its head, or what it saw before. */
static void draw_small(struct world *world)
{
    struct choice *choice = world->choice;
    uint32_t used = 0;
    for (uint32_t i = 0; i < SMALL_LOGS; i++) {
        (void)world_open_log(world, i, 0, 1);
    }
    for (uint32_t i = 0; i < SMALL_EVENTS; i++) {
        uint32_t dep_logs[MODEL_DEPS_MAX];
        uint32_t log = choice_draw(choice, used < SMALL_LOGS ? used + 1 : SMALL_LOGS);
        struct model_event *event = world_begin(world, log);
        used += log == used;
        for (uint32_t other = 0; other < used; other++) {
            if (may_see(world, event, other) && choice_draw(choice, 2) == 1) {
                struct model_dep dep;
                world_pin(world, other, world_head(world, other), &dep);
                insert(event, dep_logs, &dep, other);
            }
        }
        world_put_small(world, event, dep_logs, choice_draw(choice, SMALL_OPS));
    }
}

void world_draw_history(struct world *world)
{
    if (world->kind == WORLD_SMALL) {
        draw_small(world);
        return;
    }
    draw_begin(world);
    switch (world->kind) {
    case WORLD_WIDE:
        draw_wide(world);
        break;
    case WORLD_LONG:
        draw_long(world);
        break;
    case WORLD_GOV:
        draw_steps(world, 6, 30);
        break;
    case WORLD_MIXED:
    case WORLD_SMALL:
        draw_steps(world, 4, 56);
        break;
    }
}
