/*
 * world.c - the space and its logs: chains, boundaries, seals, pieces, the branch of a fork.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/prop/world_i.h"

static const size_t run_max = (size_t)64 * 1024 * 1024;

/* ---- logs ---- */

const struct lum_run_mark *world_mark(const struct world_log *log, uint64_t seq)
{
    LUM_ASSERT(seq >= 1 && seq <= log->marks.len / sizeof(struct lum_run_mark));
    return (const struct lum_run_mark *)(const void *)log->marks.at + (seq - 1);
}

static void log_init(const struct world *world, const struct lum_log_name *name, uint32_t device,
                     struct world_log *out)
{
    uint8_t epoch[16];
    memset(out, 0, sizeof *out);
    out->device = device;
    out->name = *name;
    memcpy(out->place.author, name->author, 32);
    lum_log_id(&world->space, name, &out->place.log_id);
    lum_genesis_epoch(&world->space, epoch);
    lum_chain_start(&out->place.log_id, world->genesis.founded_ms, epoch, &out->place.chain);
    lum_buf_init(&out->run, run_max);
    lum_buf_init(&out->marks, run_max);
    lum_buf_init(&out->seals, run_max);
    lum_buf_init(&out->drafted, run_max);
}

void world_log_fini(struct world_log *log)
{
    lum_buf_fini(&log->run);
    lum_buf_fini(&log->marks);
    lum_buf_fini(&log->seals);
    lum_buf_fini(&log->drafted);
}

uint32_t world_open_log(struct world *world, uint32_t device, uint32_t incarnation, uint32_t shelf)
{
    struct model_set *set = &world->set;
    struct lum_log_name name = {.shelf = (uint8_t)shelf};
    memcpy(name.author, world->devices[device].key.public, 32);
    name.incarnation[7] = (uint8_t)incarnation;
    for (uint32_t i = 0; i < set->log_count; i++) {
        if (memcmp(&world->logs[i].name, &name, sizeof name) == 0) {
            return i;
        }
    }
    if (set->log_count == MODEL_LOGS_MAX) {
        return MODEL_LOGS_MAX;
    }
    uint32_t log = set->log_count++;
    log_init(world, &name, device, &world->logs[log]);
    memset(&set->logs[log], 0, sizeof set->logs[log]);
    memcpy(set->logs[log].id, world->logs[log].place.log_id.b, 32);
    memcpy(set->logs[log].author, name.author, 32);
    set->logs[log].shelf = shelf;
    return log;
}

uint64_t world_head(const struct world *world, uint32_t log)
{
    return world->logs[log].place.chain.seq;
}

const struct lum_log_name *world_log_name(const struct world *world, uint32_t log)
{
    return &world->logs[log].name;
}

struct lum_chain world_chain(const struct world *world, uint32_t log, uint64_t seq)
{
    if (seq > 0) {
        return world_mark(&world->logs[log], seq)->chain;
    }
    struct lum_chain start;
    uint8_t epoch[16];
    lum_genesis_epoch(&world->space, epoch);
    lum_chain_start(&world->logs[log].place.log_id, world->genesis.founded_ms, epoch, &start);
    return start;
}

struct lum_bytes world_raw(const struct world *world, uint32_t log, uint64_t seq)
{
    const struct lum_run_mark *mark = world_mark(&world->logs[log], seq);
    return lum_bytes_of(world->logs[log].run.at + mark->offset, mark->length);
}

bool world_is_drafted(const struct world *world, uint32_t log, uint64_t seq)
{
    return world->logs[log].drafted.at[seq - 1] != 0;
}

void world_pin(const struct world *world, uint32_t log, uint64_t seq, struct model_dep *out)
{
    struct lum_chain chain = world_chain(world, log, seq);
    memset(out, 0, sizeof *out);
    memcpy(out->log8, world->set.logs[log].id, 8);
    out->seq = seq;
    out->is_pin = true;
    memcpy(out->hash16, chain.h.b, 16);
}

/* ---- events ---- */

bool world_has_room(const struct world *world)
{
    return world->set.event_count < MODEL_EVENTS_MAX && world->op_count + 64 < WORLD_OPS_MAX &&
           world->pair_count + 128 < WORLD_PAIRS_MAX && world->dot_count + 4096 < WORLD_DOTS_MAX;
}

struct model_event *world_begin(struct world *world, uint32_t log)
{
    LUM_ASSERT(world_has_room(world));
    struct model_event *event = &world->set.events[world->set.event_count];
    memset(event, 0, sizeof *event);
    event->log = log;
    event->seq = world_head(world, log) + 1;
    event->t = world->now;
    return event;
}

static void seal(const struct world_log *log, const struct lum_sign_key *key,
                 const struct lum_chain *chain, bool is_boundary, struct lum_sig *out)
{
    const struct lum_seal_claim claim = {
        .log_id = &log->place.log_id,
        .chain = chain,
        .range = is_boundary ? &log->place.range : NULL,
    };
    lum_seal_make(&claim, key, out);
}

/* Appends to the log itself; gives the chain after it. */
static void append(const struct world *world, struct world_log *log, struct lum_header *header,
                   struct lum_bytes payload, bool is_drafted)
{
    struct lum_run_mark mark = {.offset = (uint32_t)log->run.len};
    lum_run_append(&log->run, header, payload);
    mark.length = (uint32_t)log->run.len - mark.offset;
    enum lum_fault fault = lum_chain_step(&log->place.chain, header, payload, &mark.is_boundary);
    LUM_ASSERT(fault == LUM_FAULT_NONE);
    mark.chain = log->place.chain;
    if (mark.is_boundary) {
        struct lum_sig sig;
        lum_range_add(&log->place.range, &log->place.chain.h);
        seal(log, &world->devices[log->device].key, &log->place.chain, true, &sig);
        lum_buf_put(&log->seals, &sig, sizeof sig);
    }
    lum_buf_put(&log->marks, &mark, sizeof mark);
    lum_buf_put_byte(&log->drafted, is_drafted ? 1 : 0);
    LUM_ASSERT(!log->run.broken && !log->marks.broken && !log->seals.broken);
}

void world_put(struct world *world, struct model_event *event, struct lum_bytes payload,
               bool is_drafted)
{
    struct world_log *log = &world->logs[event->log];
    struct lum_header header = {
        .kind = (uint8_t)event->kind,
        .dt = (int64_t)event->t - (int64_t)log->place.chain.t,
        .dep_count = event->dep_count,
        .plen = (uint32_t)payload.len,
        .has_phash = event->is_withheld,
    };
    for (uint32_t i = 0; i < event->dep_count; i++) {
        const struct model_dep *dep = &event->deps[i];
        header.deps[i] = (struct lum_dep){.seq = dep->seq, .is_pin = dep->is_pin};
        memcpy(header.deps[i].log8, dep->log8, 8);
        memcpy(header.deps[i].hash16, dep->hash16, 16);
    }
    lum_payload_hash(payload, &header.phash);
    append(world, log, &header, event->is_withheld ? lum_bytes_of(NULL, 0) : payload, is_drafted);
    memcpy(event->h, log->place.chain.h.b, 32);
    world->set.event_count++;
    world->set.logs[event->log].held = event->seq;
}

/* ---- pieces ---- */

/* Seals of first..last of a log: its boundaries', and the last event's. */
static uint32_t seals_of(const struct world *world, const struct world_log *log, uint64_t first,
                         uint64_t last, struct lum_sig *out)
{
    const struct lum_sig *boundaries = (const void *)log->seals.at;
    uint32_t passed = 0;
    uint32_t count = 0;
    for (uint64_t seq = 1; seq <= last; seq++) {
        const struct lum_run_mark *mark = world_mark(log, seq);
        if (mark->is_boundary && seq >= first) {
            LUM_ASSERT(count <= LUM_BLOCK_SEGMENTS_MAX);
            out[count++] = boundaries[passed];
        }
        passed += mark->is_boundary;
    }
    if (!world_mark(log, last)->is_boundary) {
        LUM_ASSERT(count <= LUM_BLOCK_SEGMENTS_MAX);
        seal(log, &world->devices[log->device].key, &world_mark(log, last)->chain, false,
             &out[count++]);
    }
    return count;
}

static void piece(struct world *world, const struct world_log *log, uint64_t first, uint64_t last,
                  struct lum_ingest *out)
{
    LUM_ASSERT(first >= 1 && first <= last);
    uint32_t begin = world_mark(log, first)->offset;
    uint32_t end = world_mark(log, last)->offset + world_mark(log, last)->length;
    *out = (struct lum_ingest){
        .name = log->name,
        .first = first,
        .plain_len = end - begin,
        .bytes = lum_bytes_of(log->run.at + begin, end - begin),
        .seals = {world->piece_seals, seals_of(world, log, first, last, world->piece_seals)},
    };
}

void world_piece(struct world *world, uint32_t log, uint64_t first, uint64_t last,
                 struct lum_ingest *out)
{
    piece(world, &world->logs[log], first, last, out);
}

/* ---- the other branch ---- */

bool world_fork(const struct world *world, struct world_fork *out)
{
    *out = (struct world_fork){world->fork_log, world->fork_point,
                               world->has_fork ? world->branch.place.chain.seq : 0};
    return world->has_fork;
}

void world_fork_piece(struct world *world, struct lum_ingest *out)
{
    piece(world, &world->branch, world->fork_point + 1, world->branch.place.chain.seq, out);
}

/* The branch shares everything up to the point with the log. */
static void branch_off(struct world *world)
{
    const struct world_log *log = &world->logs[world->fork_log];
    struct world_log *branch = &world->branch;
    uint32_t boundaries = 0;
    log_init(world, &log->name, log->device, branch);
    for (uint64_t seq = 1; seq <= world->fork_point; seq++) {
        const struct lum_run_mark *mark = world_mark(log, seq);
        lum_buf_put(&branch->run, log->run.at + mark->offset, mark->length);
        lum_buf_put(&branch->marks, mark, sizeof *mark);
        lum_buf_put_byte(&branch->drafted, 0);
        if (mark->is_boundary) {
            const struct lum_sig *seals = (const void *)log->seals.at;
            lum_range_add(&branch->place.range, &mark->chain.h);
            lum_buf_put(&branch->seals, &seals[boundaries++], sizeof *seals);
        }
        branch->place.chain = mark->chain;
    }
}

/* What stands in the branch would show if it ever had an effect. */
static void branch_on(struct world *world, uint32_t count)
{
    lum_buf_reset(&world->payload);
    lum_pack_array(&world->payload, 2);
    lum_pack_array(&world->payload, 0);
    lum_pack_array(&world->payload, 1);
    lum_pack_array(&world->payload, 4);
    lum_pack_uint(&world->payload, LUM_OP_MAKE_KEYED);
    lum_pack_cstr(&world->payload, "visit");
    lum_pack_cstr(&world->payload, "k1");
    lum_pack_map(&world->payload, 1);
    lum_pack_cstr(&world->payload, "a");
    lum_pack_cstr(&world->payload, "forked");
    for (uint32_t i = 0; i < count; i++) {
        struct lum_header header = {.dt = 7, .plen = (uint32_t)world->payload.len};
        if (world->branch.place.chain.t > WORLD_FOUNDED_MS) {
            header.dt = -7;
        }
        append(world, &world->branch, &header, lum_buf_bytes(&world->payload), false);
    }
}

/* ---- the space ---- */

/* Keys are the same in every world: making one costs more than drawing an event. */
static const struct lum_sign_key *key_of(uint32_t who, uint8_t use)
{
    static struct lum_sign_key keys[2][WORLD_DEVICES_MAX];
    static bool is_made[2][WORLD_DEVICES_MAX];
    if (!is_made[use][who]) {
        const uint8_t seed[32] = {(uint8_t)who, use, 'w'};
        lum_sign_key_from_seed(seed, &keys[use][who]);
        is_made[use][who] = true;
    }
    return &keys[use][who];
}

static void draw_devices(struct world *world)
{
    struct choice *choice = world->choice;
    bool is_small = world->kind == WORLD_SMALL;
    world->founder_count = is_small ? 3 : 1 + choice_draw(choice, 3);
    world->device_count = is_small ? 3 : world->founder_count + 1 + choice_draw(choice, 4);
    for (uint32_t i = 0; i < world->device_count; i++) {
        struct world_device *device = &world->devices[i];
        uint32_t clock = is_small ? 0 : choice_draw(choice, 8);
        device->key = *key_of(i, 0);
        memset(device->x, 'x', 32);
        memset(device->t, 't', 32);
        device->x[0] = (uint8_t)i;
        device->t[0] = (uint8_t)i;
        device->clock = clock < 4    ? CLOCK_RIGHT
                        : clock == 4 ? CLOCK_1970
                        : clock == 5 ? CLOCK_2099
                                     : CLOCK_WILD;
    }
}

static void found(struct world *world)
{
    static const char *const names[WORLD_SHELVES] = {"gov", "common", "sensors"};
    struct lum_genesis *genesis = &world->genesis;
    uint32_t salt = world->kind == WORLD_SMALL ? 0 : choice_draw(world->choice, 256);
    memset(genesis->salt, (int)salt, sizeof genesis->salt);
    genesis->founded_ms = WORLD_FOUNDED_MS;
    genesis->founder_count = world->founder_count;
    genesis->k = 1;
    for (uint32_t i = 0; i < world->founder_count; i++) {
        memcpy(genesis->founders[i].a, world->devices[i].key.public, 32);
        memcpy(genesis->founders[i].x, world->devices[i].x, 32);
        memcpy(genesis->founders[i].t, world->devices[i].t, 32);
        memcpy(world->set.space.founders[i], world->devices[i].key.public, 32);
    }
    genesis->shelf_count = WORLD_SHELVES;
    for (uint32_t i = 0; i < WORLD_SHELVES; i++) {
        genesis->shelves[i].index = (uint8_t)i;
        (void)snprintf(genesis->shelves[i].name, LUM_SHELF_NAME_MAX, "%s", names[i]);
    }
    lum_genesis_write(genesis, &world->document);
    lum_genesis_id(lum_buf_bytes(&world->document), &world->space);
    memcpy(world->set.space.id, world->space.b, 32);
    world->set.space.founded = genesis->founded_ms;
    world->set.space.founder_count = world->founder_count;
}

static void draw_fork(struct world *world)
{
    struct choice *choice = world->choice;
    if (world->kind == WORLD_SMALL || !choice_rarely(choice, 5)) {
        return;
    }
    uint32_t log = choice_draw(choice, world->set.log_count);
    uint64_t head = world_head(world, log);
    if (head == 0) {
        return;
    }
    world->has_fork = true;
    world->fork_log = log;
    world->fork_point = choice_draw(choice, (uint32_t)head);
    branch_off(world);
    branch_on(world, 1 + choice_draw(choice, 3));
}

/* The memory of the world before, which is much of the cost of a small one. */
static struct world *spare;

static struct world *take_spare(void)
{
    struct world *world = spare == NULL ? malloc(sizeof *world) : spare;
    spare = NULL;
    LUM_ASSERT(world != NULL && lum_crypto_init() == LUM_OK);
    memset(world, 0, offsetof(struct world, set));
    world->set.log_count = 0;
    world->set.event_count = 0;
    return world;
}

struct world *world_draw(struct choice *choice, enum world_kind kind)
{
    struct world *world = take_spare();
    world->choice = choice;
    world->kind = kind;
    world->now = WORLD_FOUNDED_MS;
    lum_buf_init(&world->document, LUM_PAYLOAD_MAX);
    lum_buf_init(&world->payload, run_max);
    enum lum_status status = lum_draft_open(&world->draft);
    LUM_ASSERT(status == LUM_OK);
    draw_devices(world);
    found(world);
    world_draw_history(world);
    draw_fork(world);
    world->choice = NULL;
    return world;
}

void world_close(struct world *world)
{
    if (world == NULL) {
        return;
    }
    for (uint32_t i = 0; i < world->set.log_count; i++) {
        world_log_fini(&world->logs[i]);
    }
    if (world->has_fork) {
        world_log_fini(&world->branch);
    }
    lum_draft_close(world->draft);
    lum_buf_fini(&world->document);
    lum_buf_fini(&world->payload);
    free(spare);
    spare = world;
}

struct model_set *world_set(struct world *world)
{
    return &world->set;
}

struct lum_bytes world_document(const struct world *world)
{
    return lum_buf_bytes(&world->document);
}

const struct lum_sign_key *world_invite_key(uint32_t i)
{
    LUM_ASSERT(i < WORLD_INVITE_KEYS);
    return key_of(i, 1);
}
