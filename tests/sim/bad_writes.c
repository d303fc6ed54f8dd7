/*
 * bad_writes.c - what a bad member signs: all of it is whole and authentic, and goes into every
 * store; it must harm nobody. See bad.h.
 *
 * What is void on purpose ends with BAD_VOID_MARK: retell.c tells the model so, which shares
 * no code with the core that has to find it out.
 */
#include <string.h>

#include "core/invite.h"
#include "tests/sim/bad.h"

#define VOID lum_bytes_of(BAD_VOID_MARK, sizeof BAD_VOID_MARK - 1)

enum {
    BATCHES = 6, /* turns in which a device writes, in all its meetings */
    EVENTS = 100,
    LOGS = 10,     /* a turn */
    LOGS_MAX = 60, /* halls take 64 of a device on a shelf */
    JOINS_MAX = 40,
};

/* Is it a turn, and has it not written so much yet? */
static bool may_write(struct bad_turn *turn, uint32_t most)
{
    bad_pass(turn);
    return turn->when == BAD_TURN && turn->machine->bad->written < most;
}

static void begin(struct pen *log, struct bad_turn *turn, uint8_t shelf)
{
    turn->machine->bad->written++;
    bad_log_begin(log, turn->machine, shelf);
}

static void keep(struct pen *log, struct bad_turn *turn)
{
    pen_seal(log);
    (void)bad_log_keep(log, turn->machine);
    pen_end(log);
}

/* ---- forks ---- */

/* Six events are common; then each neighbour hears a branch of its own. */
void bad_forks(struct bad_turn *turn)
{
    struct pen log;
    const struct sim_machine *other = sim_line_other(turn->machine->sim, turn->line->session);
    if (turn->when == BAD_SAYS || turn->line->turns > 1 || other == NULL) {
        return;
    }
    bad_log_begin(&log, turn->machine, LUM_SHELF_COMMON); /* one for all neighbours */
    for (uint32_t i = 0; i < 90; i++) {
        pen_add_record(&log, i < 6 ? i : i + 1000 * (1 + other->number), 20);
    }
    pen_seal(&log);
    bad_log_say(&log, turn);
    pen_end(&log);
}

/* ---- what others must wait for ---- */

void bad_lost_deps(struct bad_turn *turn)
{
    struct pen log;
    if (!may_write(turn, BATCHES)) {
        return;
    }
    begin(&log, turn, LUM_SHELF_COMMON);
    for (uint32_t i = 0; i < EVENTS / 4; i++) {
        struct lum_header header = {.kind = LUM_KIND_DATA, .dt = 1, .dep_count = 2};
        bad_draw(turn, header.deps[0].log8, 8);
        bad_draw(turn, header.deps[0].hash16, 16);
        header.deps[0].seq = UINT64_C(1) << 40;
        header.deps[0].is_pin = i % 2 == 0;
        header.deps[0].log8[0] &= 127;
        header.deps[1] = header.deps[0];
        header.deps[1].log8[0] |= 128;
        header.deps[1].seq = 1 + i;
        LUM_ASSERT(pen_add(&log, &header, VOID));
        pen_add_record(&log, i, 10); /* and what stands behind */
    }
    keep(&log, turn);
}

/* ---- much ---- */

void bad_incarnations(struct bad_turn *turn)
{
    struct pen log;
    for (uint32_t i = 0; may_write(turn, LOGS_MAX) && i < LOGS; i++) {
        begin(&log, turn, LUM_SHELF_COMMON);
        pen_add_record(&log, i, 10);
        keep(&log, turn);
    }
}

void bad_records(struct bad_turn *turn)
{
    struct pen log;
    if (may_write(turn, BATCHES)) {
        begin(&log, turn, LUM_SHELF_COMMON);
        for (uint32_t i = 0; i < EVENTS; i++) {
            pen_add_record(&log, i, 50);
        }
        keep(&log, turn);
    }
}

static void add_void(struct pen *log, uint8_t kind, struct lum_buf *payload)
{
    struct lum_header header = {.kind = kind, .dt = 1};
    lum_buf_put(payload, VOID.at, VOID.len);
    LUM_ASSERT(pen_add(log, &header, lum_buf_bytes(payload)));
    lum_buf_fini(payload);
}

static void write_noise(struct bad_turn *turn, uint8_t shelf)
{
    struct pen log;
    uint8_t noise[100];
    if (!may_write(turn, BATCHES)) {
        return;
    }
    begin(&log, turn, shelf);
    for (uint32_t i = 0; i < EVENTS; i++) {
        struct lum_buf payload;
        bad_draw(turn, noise, sizeof noise);
        lum_buf_init(&payload, LUM_PAYLOAD_MAX);
        lum_buf_put(&payload, noise, bad_below(turn, sizeof noise));
        add_void(&log, shelf == LUM_SHELF_GOV ? LUM_KIND_CONTROL : (uint8_t)(i % 2), &payload);
    }
    keep(&log, turn);
}

void bad_junk(struct bad_turn *turn)
{
    write_noise(turn, LUM_SHELF_COMMON);
}

void bad_gov_junk(struct bad_turn *turn)
{
    write_noise(turn, LUM_SHELF_GOV);
}

/* ---- ops that name what is not there ---- */

static void put_set(struct lum_buf *payload, int64_t back, int64_t ref, int64_t dot)
{
    lum_pack_array(payload, 3);
    lum_pack_array(payload, 1);
    lum_pack_array(payload, 2); /* what an event `back` before this one made */
    lum_pack_int(payload, back);
    lum_pack_int(payload, 0);
    lum_pack_array(payload, 1);
    lum_pack_array(payload, 5); /* set */
    lum_pack_uint(payload, 1);
    lum_pack_int(payload, ref);
    lum_pack_cstr(payload, "name");
    lum_pack_cstr(payload, "never");
    lum_pack_array(payload, 1);
    lum_pack_array(payload, 2);
    lum_pack_int(payload, dot);
    lum_pack_int(payload, 0);
    lum_buf_put_byte(payload, 0xc4); /* the salt is the mark: 16 bytes */
    lum_buf_put_byte(payload, 16);
}

void bad_void_ops(struct bad_turn *turn)
{
    static const int64_t positions[] = {1, INT64_C(1) << 40, INT64_MAX, -1};
    struct pen log;
    if (!may_write(turn, BATCHES)) {
        return;
    }
    begin(&log, turn, LUM_SHELF_COMMON);
    for (uint32_t i = 0; i < EVENTS; i++) {
        struct lum_buf payload;
        int64_t far = positions[1 + i % 3];
        lum_buf_init(&payload, LUM_PAYLOAD_MAX);
        put_set(&payload, i % 5 == 0 ? far : 1, i % 5 == 1 ? far : 0, far);
        add_void(&log, LUM_KIND_DATA, &payload);
    }
    keep(&log, turn);
}

/* ---- clocks and boundaries ---- */

void bad_far_clock(struct bad_turn *turn)
{
    struct pen log;
    if (!may_write(turn, BATCHES)) {
        return;
    }
    begin(&log, turn, LUM_SHELF_COMMON);
    pen_add_record(&log, 1, 10);
    uint64_t end = (UINT64_C(1) << LUM_TIME_BITS) - 1;
    struct lum_header header = {.kind = LUM_KIND_DATA, .dt = (int64_t)(end - log.place.chain.t)};
    LUM_ASSERT(pen_add(&log, &header, VOID));
    header.dt = -(int64_t)end;
    LUM_ASSERT(pen_add(&log, &header, VOID));
    pen_add_record(&log, 2, 10);
    keep(&log, turn);
}

/* A segment whose boundary seal says another range, time or epoch than there was. */
void bad_boundary_lies(struct bad_turn *turn)
{
    struct pen log;
    if (turn->line->turns > 1) {
        return;
    }
    begin(&log, turn, LUM_SHELF_COMMON);
    for (uint32_t i = 0; i < LUM_SEGMENT_EVENTS; i++) {
        pen_add_record(&log, i, 10);
    }
    LUM_ASSERT(log.is_boundary && log.seal_count == 1);
    struct lum_chain chain = log.place.chain;
    struct lum_range range = log.place.range;
    uint32_t what = bad_below(turn, 3);
    chain.t += what == 0;
    chain.epoch[0] ^= what == 1;
    if (what == 2) {
        lum_range_add(&range, &chain.h);
    }
    const struct lum_seal_claim claim = {&log.place.log_id, &chain, &range};
    lum_seal_make(&claim, &log.key, &log.seals[0]);
    bad_log_say(&log, turn);
    pen_end(&log);
}

/* ---- rights ---- */

/* An invite of its own, itself admitted as a steward, the invite it came with cancelled. */
void bad_rights(struct bad_turn *turn)
{
    struct pen log;
    if (!may_write(turn, BATCHES)) {
        return;
    }
    const struct lum_device *own = sim_device(turn->machine, turn->machine);
    if (own == NULL) {
        return;
    }
    struct lum_control invite = {.op = LUM_INVITE};
    struct lum_control admit = {.op = LUM_ADMIT};
    struct lum_control cancel = {.op = LUM_CANCEL, .cancel = own->invite};
    bad_draw(turn, invite.invite.pk, sizeof invite.invite.pk);
    invite.invite.role = LUM_ROLE_STEWARD;
    invite.invite.uses = 1000;
    admit.admit.join = own->join;
    admit.admit.role = LUM_ROLE_STEWARD;
    begin(&log, turn, LUM_SHELF_GOV);
    pen_add_control(&log, &admit);
    pen_add_control(&log, &invite);
    pen_add_control(&log, &cancel);
    keep(&log, turn);
}

/* Whoever holds an invite can sign JOINs by it for as many keys as it likes. */
void bad_joins(struct bad_turn *turn)
{
    struct sim *sim = turn->machine->sim;
    const struct lum_device *own = sim_device(turn->machine, turn->machine);
    if (!may_write(turn, JOINS_MAX) || own == NULL) {
        return;
    }
    for (uint32_t i = 0; i < sim->invite_count; i++) {
        struct lum_sign_key invite_key;
        lum_invite_sign_key(&sim->invites[i].invite, &invite_key);
        if (memcmp(invite_key.public, turn->machine->invite_pk, 32) != 0) {
            continue;
        }
        struct pen log;
        struct lum_sign_key key;
        uint8_t seed[32];
        bad_draw(turn, seed, sizeof seed);
        lum_sign_key_from_seed(seed, &key);
        struct lum_control join = {.op = LUM_JOIN};
        join.join.invite = own->invite;
        bad_draw(turn, join.join.axt, sizeof join.join.axt);
        memcpy(join.join.axt, key.public, 32);
        lum_join_sign(&invite_key, lum_space_id(turn->machine->site.space), join.join.axt,
                      &join.join.sig);
        turn->machine->bad->written++;
        bad_log_begin_as(&log, turn->machine, &key, LUM_SHELF_GOV);
        pen_add_control(&log, &join);
        keep(&log, turn);
        return;
    }
}
