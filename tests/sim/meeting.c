/*
 * meeting.c - market days: some are together, lines come and go, people go on working; see sim.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/sim/sim.h"

struct crowd {
    struct sim_node *nodes[SIM_NODES];
    uint32_t count;
};

static void gather(struct sim *sim, struct crowd *crowd)
{
    uint32_t want = 2 + sim_draw(sim, sim->count - 1);
    uint32_t left = sim->count;
    crowd->count = 0;
    for (uint32_t i = 0; i < sim->count && crowd->count < want; i++, left--) {
        if (sim_draw(sim, left) < want - crowd->count) {
            crowd->nodes[crowd->count++] = &sim->nodes[i];
        }
    }
}

static void dial(struct sim *sim, struct sim_node *a, struct sim_node *b)
{
    if (sim_dial(sim, a, b, true) && !sim_is_welcome(a) && b != &sim->nodes[0]) {
        SIM_SEES(sim, joined_through_another);
    }
}

/* A line of halls, a hall in the middle, or whoever sees whom. */
static void link_up(struct sim *sim, const struct crowd *crowd)
{
    uint32_t shape = sim_draw(sim, 3);
    for (uint32_t i = 1; i < crowd->count; i++) {
        uint32_t other = shape == 0 ? i - 1 : shape == 1 ? 0 : sim_draw(sim, i);
        dial(sim, crowd->nodes[i], crowd->nodes[other]);
    }
}

static struct sim_node *one_of(struct sim *sim, const struct crowd *crowd)
{
    return crowd->nodes[sim_draw(sim, crowd->count)];
}

static void happen(struct sim *sim, const struct crowd *crowd)
{
    struct sim_node *node = one_of(sim, crowd);
    uint32_t what = sim_draw(sim, 6);
    if (what < 3) {
        sim_act(node);
    } else if (what == 3) {
        dial(sim, node, one_of(sim, crowd));
    } else if (what == 4 && sim->has[SIM_crashes]) {
        sim_crash(node, sim_are_linked(sim, node, NULL));
    } else if (what == 5 && sim->has[SIM_clocks]) {
        sim_set_clock(node);
    }
}

static void say_goodbye(struct sim *sim)
{
    for (uint32_t i = 0; i < link_count(sim->net); i++) {
        for (unsigned end = 0; end < 2 && link_line(sim->net, i)->is_up; end++) {
            link_finish(sim->net, i, end);
        }
    }
    for (uint32_t i = 0; i < 1000; i++) {
        sim_turn(sim);
    }
}

void sim_meeting(struct sim *sim)
{
    struct crowd crowd;
    gather(sim, &crowd);
    link_up(sim, &crowd);
    for (uint32_t parts = 1 + sim_draw(sim, 4); parts > 0; parts--) {
        for (uint32_t ms = 1 + sim_draw(sim, 1200); ms > 0; ms--) {
            sim_turn(sim);
        }
        happen(sim, &crowd);
    }
    if (sim_draw(sim, 2) == 1) {
        say_goodbye(sim);
    }
    sim_hang_up(sim);
    for (uint32_t i = 0; i < sim->count; i++) {
        struct sim_node *node = &sim->nodes[i];
        sim_ledger_note(node);
        sim_harvest(node);
        if (sim_is_welcome(node) && sim_draw(sim, 2) == 1) { /* a crash may come before the view */
            (void)site_settle(&node->site);
            sim->tale.marks[SIM_SAW_waiting] += site_counts(&node->site).waiting;
        }
    }
}

void sim_pass(struct sim *sim, uint64_t ms)
{
    sim_hang_up(sim);
    link_run(sim->net, ms);
    sim_clocks(sim);
}
