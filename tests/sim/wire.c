/*
 * wire.c - lines as people have them; see sim.h.
 *
 * A line of tests/lib/link.h hands on what was said. Here it is decided how many of those bytes are
 * there by now: what was said longer ago than the latency, so many a millisecond, in lumps. What is
 * not yet there stays queued, so that the machines feel a slow line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/keys.h"
#include "tests/sim/sim.h"

static const uint32_t rates[] = {1, 9, 60, 500, 4000, 0};

static void draw_wire(struct sim *sim, struct sim_wire *wire, struct link_line *line)
{
    wire->latency_ms = 1 + sim_draw(sim, 20);
    if (sim->has[SIM_slow] && sim_draw(sim, 2) == 1) {
        SIM_SEES(sim, slow);
        wire->latency_ms += sim_draw(sim, 400);
        wire->rate = rates[sim_draw(sim, LUM_COUNT(rates))];
        wire->lump_ms = 1 + sim_draw(sim, 40);
    }
    if (sim->has[SIM_half_open] && choice_rarely(&sim->choice, 6)) {
        SIM_SEES(sim, half_open);
        wire->dead_end = (int)sim_draw(sim, 2);
    }
    if (sim->has[SIM_resets] && sim_draw(sim, 2) == 1) {
        uint32_t most = sim_draw(sim, 2) == 0 ? 600 : 8000;
        line->flows[sim_draw(sim, 2)].limit = 1 + (int64_t)sim_draw(sim, most);
    }
}

bool sim_answers(struct sim_node *member, const struct sim_node *newcomer)
{
    const struct lum_roster *roster = lum_space_roster(member->site.space);
    for (size_t i = 0; i < lum_roster_invite_count(roster); i++) {
        const struct lum_invite_fact *invite = lum_roster_invite(roster, i);
        if (memcmp(invite->pk, newcomer->invite_pk, sizeof invite->pk) == 0) {
            return lum_roster_answers(invite, member->site.wall_ms);
        }
    }
    return false;
}

static bool may_meet(struct sim *sim, const struct sim_node *a, const struct sim_node *b)
{
    uint64_t now = link_now(sim->net);
    bool far_a = (sim->far_bank >> (a - sim->nodes) & 1) != 0;
    bool far_b = (sim->far_bank >> (b - sim->nodes) & 1) != 0;
    return a != b && now >= a->away_until_ms && now >= b->away_until_ms &&
           (now >= sim->river_until_ms || far_a == far_b);
}

bool sim_dial(struct sim *sim, struct sim_node *a, struct sim_node *b, bool with_trouble)
{
    if (!sim_is_welcome(b)) {
        struct sim_node *swap = a;
        a = b;
        b = swap;
    }
    if (!sim_is_welcome(b) || !may_meet(sim, a, b) || link_count(sim->net) == LINK_LINES ||
        (!sim_is_welcome(a) && !sim_answers(b, a))) {
        return false;
    }
    uint32_t number = link_dial(sim->net, a->at, b->at);
    struct sim_wire *wire = &sim->wires[number];
    memset(wire, 0, sizeof *wire);
    wire->by_invite = !sim_is_welcome(a);
    wire->dead_end = -1;
    wire->latency_ms = 1;
    wire->lump_ms = 1;
    if (with_trouble) {
        draw_wire(sim, wire, link_line(sim->net, number));
    }
    sim_say(sim, "%s dials %s: line %u, %u ms, %u B/ms every %u ms%s", a->name, b->name,
            (unsigned)number, (unsigned)wire->latency_ms, (unsigned)wire->rate,
            (unsigned)wire->lump_ms, wire->dead_end < 0 ? "" : ", one way is dead");
    return true;
}

/* How many bytes of what this end said are there now and not yet delivered. */
static uint64_t arrived(struct sim_wire *wire, const struct link_flow *flow, unsigned end,
                        uint64_t now_ms)
{
    struct sim_parcel *parcels = wire->parcels[end];
    uint64_t said = flow->delivered + flow->bytes.len;
    uint32_t last = (wire->head[end] + wire->count[end] - 1) % SIM_PARCELS;
    if (said > flow->delivered && (wire->count[end] == 0 || parcels[last].total < said)) {
        if (wire->count[end] < SIM_PARCELS) { /* else the last parcel grows */
            last = (wire->head[end] + wire->count[end]++) % SIM_PARCELS;
        }
        parcels[last] = (struct sim_parcel){said, now_ms + wire->latency_ms};
    }
    uint64_t total = flow->delivered;
    for (uint32_t i = 0; i < wire->count[end]; i++) {
        const struct sim_parcel *parcel = &parcels[(wire->head[end] + i) % SIM_PARCELS];
        if (parcel->due_ms > now_ms) {
            break;
        }
        total = parcel->total;
    }
    while (wire->count[end] > 0 && parcels[wire->head[end]].total <= flow->delivered) {
        wire->head[end] = (wire->head[end] + 1) % SIM_PARCELS;
        wire->count[end]--;
    }
    return total - flow->delivered;
}

static void open_flow(struct sim_wire *wire, struct link_flow *flow, unsigned end, uint64_t now_ms)
{
    uint64_t pass = arrived(wire, flow, end, now_ms);
    if (now_ms % wire->lump_ms != 0 || wire->dead_end == (int)end) {
        pass = 0;
    } else if (wire->rate != 0 && pass > (uint64_t)wire->rate * wire->lump_ms) {
        pass = (uint64_t)wire->rate * wire->lump_ms;
    }
    flow->pass = (int64_t)pass;
}

/* An invite that too many used makes all of them wait, also who was let in before: they hold the
 * secret, but a newcomer hears in gov that they are not effective. */
static bool is_host_waiting(struct sim *sim, const struct link_line *line)
{
    struct lum_space *space = sim->nodes[line->nodes[0]].site.space;
    const struct sim_node *host = &sim->nodes[line->nodes[1]];
    const struct lum_device *device = lum_roster_by_author(
        lum_space_roster(space), lum_space_keys(host->site.space)->author.public);
    return device != NULL && !device->is_effective;
}

/* A line went down: what passed on it is part of the trace. */
static void close_wire(struct sim *sim, uint32_t number)
{
    struct sim_wire *wire = &sim->wires[number];
    struct link_line *line = link_line(sim->net, number);
    wire->is_over = true;
    if (line->fault == LUM_FAULT_AUTH && wire->by_invite && is_host_waiting(sim, line)) {
        SIM_SEES(sim, host_waits);
        sim_say(sim, "line %u: who waits for approval lets nobody in", (unsigned)number);
    } else if (line->fault != LUM_FAULT_NONE) {
        fail_msg("line %u: an honest neighbour is called faulty: %s", (unsigned)number,
                 lum_fault_name(line->fault));
    }
    for (unsigned end = 0; end < 2; end++) {
        struct link_flow *flow = &line->flows[end];
        sim_hash(sim, flow->all.at, flow->all.len);
        if (flow->limit != LINK_NO_LIMIT && flow->delivered == (uint64_t)flow->limit) {
            SIM_SEES(sim, reset);
            sim_say(sim, "line %u breaks at byte %llu", (unsigned)number,
                    (unsigned long long)flow->delivered);
        }
    }
}

void sim_turn(struct sim *sim)
{
    uint64_t now_ms = link_now(sim->net);
    sim_clocks(sim);
    for (uint32_t i = 0; i < link_count(sim->net); i++) {
        struct link_line *line = link_line(sim->net, i);
        for (unsigned end = 0; end < 2 && line->is_up; end++) {
            open_flow(&sim->wires[i], &line->flows[end], end, now_ms);
        }
    }
    (void)link_turn(sim->net);
    for (uint32_t i = 0; i < link_count(sim->net); i++) {
        if (!link_line(sim->net, i)->is_up && !sim->wires[i].is_over) {
            close_wire(sim, i);
        }
    }
}

void sim_hang_up(struct sim *sim)
{
    for (uint32_t i = 0; i < link_count(sim->net); i++) {
        link_cut(sim->net, i);
    }
    sim_turn(sim);
}

bool sim_are_linked(struct sim *sim, const struct sim_node *a, const struct sim_node *b)
{
    for (uint32_t i = 0; i < link_count(sim->net); i++) {
        const struct link_line *line = link_line(sim->net, i);
        bool has_a = line->nodes[0] == a->at || line->nodes[1] == a->at;
        bool has_b = b == NULL || line->nodes[0] == b->at || line->nodes[1] == b->at;
        if (line->is_up && has_a && has_b) {
            return true;
        }
    }
    return false;
}
