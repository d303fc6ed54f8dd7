/*
 * district.c - one seed from beginning to end: trouble, then a quiet time in which everyone can
 * meet, then the truth; see sim.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sync/session.h"
#include "tests/sim/sim.h"

enum {
    STEPS_MIN = 15,
    STEPS_MORE = 35,
    LINES_KEPT = 40,     /* for the quiet time */
    LOOK_EVERY_MS = 100, /* in the quiet time */
    /* On quick lines what is held anywhere goes everywhere by being pushed on. Two machines that
     * need to compare again, after LUM_SYNC_HEAL_MS, have forgotten to say something. */
    QUIET_MS = LUM_SYNC_HEAL_MS - 2 * LOOK_EVERY_MS,
};

static struct sim_node *anyone(struct sim *sim)
{
    return &sim->nodes[sim_draw(sim, sim->count)];
}

/* ---- trouble ---- */

static void draw_troubles(struct sim *sim)
{
    static const char *const names[] = {
#define X(name) #name,
        SIM_TROUBLES(X)
#undef X
    };
    for (size_t i = 0; i < SIM_TROUBLE_COUNT; i++) {
        sim->has[i] = sim_draw(sim, 2) == 1;
        if (sim->has[i]) {
            sim_say(sim, "there are %s", names[i]);
        }
    }
}

/* The founder and one or two more; others come later, if there are joins. */
static void settle_down(struct sim *sim)
{
    (void)sim_found(sim, "Ani");
    uint32_t more = 1 + sim_draw(sim, 3);
    sim_invite(sim, SIM_NODES);
    for (uint32_t i = 0; i < more; i++) {
        (void)sim_arrive(sim, &sim->invites[0]);
    }
}

static void raise_river(struct sim *sim)
{
    SIM_SEES(sim, river);
    sim->far_bank = sim_draw(sim, 1U << SIM_NODES);
    sim->river_until_ms = link_now(sim->net) + (uint64_t)(1 + sim_draw(sim, 10)) * SIM_DAY_MS;
    sim_say(sim, "the river rises, for days: banks %02x", (unsigned)sim->far_bank);
}

static void go_away(struct sim_node *node)
{
    struct sim *sim = node->sim;
    SIM_SEES(sim, absence);
    node->away_until_ms = link_now(sim->net) + (uint64_t)(1 + sim_draw(sim, 90)) * SIM_DAY_MS;
    sim_say(sim, "%s is away until day %u", node->name,
            (unsigned)((node->away_until_ms - 1000000) / SIM_DAY_MS));
}

/* The newest invite goes from hand to hand, also to more people than it is for. */
static void let_join(struct sim *sim)
{
    if (sim_draw(sim, 3) == 0) {
        sim_invite(sim, 1 + sim_draw(sim, 2));
        return;
    }
    for (uint32_t party = 1 + sim_draw(sim, 3); party > 0; party--) {
        (void)sim_arrive(sim, &sim->invites[sim->invite_count - 1]);
    }
}

/* Backups are put back more often than people do it. */
static void keep_or_put_back(struct sim *sim)
{
    struct sim_node *kept = NULL;
    for (uint32_t i = 0, seen = 0; i < sim->count; i++) {
        if (sim->nodes[i].has_backup && sim_draw(sim, ++seen) == 0) {
            kept = &sim->nodes[i];
        }
    }
    if (kept != NULL && sim_draw(sim, 3) > 0) {
        sim_act(kept); /* often the only copy of it */
        sim_restore(kept);
    } else {
        sim_backup(anyone(sim));
    }
}

static void befall(struct sim *sim, enum sim_trouble what)
{
    struct sim_node *node = anyone(sim);
    if (what == SIM_crashes) {
        sim_crash(node, false);
    } else if (what == SIM_copies) {
        sim_copy(node);
    } else if (what == SIM_backups) {
        keep_or_put_back(sim);
    } else if (what == SIM_clocks) {
        sim_set_clock(node);
    } else if (what == SIM_rivers && sim_draw(sim, 2) == 0) {
        raise_river(sim);
    } else if (what == SIM_rivers) {
        go_away(node);
    } else if (what == SIM_joins) {
        let_join(sim);
    }
}

/* One of the kinds that this seed has, and that come by themselves. */
static void mishap(struct sim *sim)
{
    static const enum sim_trouble kinds[] = {SIM_crashes, SIM_copies, SIM_backups,
                                             SIM_clocks,  SIM_rivers, SIM_joins};
    enum sim_trouble there[LUM_COUNT(kinds)];
    uint32_t count = 0;
    for (size_t i = 0; i < LUM_COUNT(kinds); i++) {
        if (sim->has[kinds[i]]) {
            there[count++] = kinds[i];
        }
    }
    if (count > 0) {
        befall(sim, there[sim_draw(sim, count)]);
    }
}

static void step(struct sim *sim)
{
    size_t span = choice_span_begin(&sim->choice);
    uint32_t what = sim_draw(sim, 8);
    if (what < 2) {
        for (uint32_t acts = 1 + sim_draw(sim, 4); acts > 0; acts--) {
            sim_act(anyone(sim));
        }
    } else if (what < 5 && link_count(sim->net) < LINK_LINES - LINES_KEPT) {
        sim_meeting(sim);
    } else if (what < 7) {
        mishap(sim);
    } else {
        uint64_t hours = 1 + sim_draw(sim, 24 * 10);
        sim_pass(sim, hours * 3600000);
    }
    choice_span_end(&sim->choice, span);
}

/* ---- the quiet time ---- */

/* Each member keeps a line to the one before, each newcomer to the founder. */
static void keep_lines(struct sim *sim)
{
    struct sim_node *last = &sim->nodes[0];
    for (uint32_t i = 1; i < sim->count; i++) {
        struct sim_node *node = &sim->nodes[i];
        bool is_member = sim_is_welcome(node);
        struct sim_node *other = is_member ? last : &sim->nodes[0];
        if (!sim_are_linked(sim, node, other)) {
            (void)sim_dial(sim, node, other, false);
        }
        last = is_member ? node : last;
    }
}

/* For the story of a quiet time that leads nowhere. */
static void say_how_it_stands(struct sim *sim)
{
    for (uint32_t i = 0; i < link_count(sim->net); i++) {
        const struct link_line *line = link_line(sim->net, i);
        for (unsigned end = 0; end < 2 && line->is_up; end++) {
            struct lum_sync_tally tally = {0};
            (void)link_tally(sim->net, i, end, &tally);
            sim_say(sim, "line %u is up: %s%s%s%s", (unsigned)i, sim->nodes[line->nodes[end]].name,
                    tally.is_met ? ", met" : "", tally.is_equal ? ", equal" : "",
                    tally.is_pushing ? ", has more to say" : "");
        }
    }
}

static void quiet(struct sim *sim)
{
    sim_hang_up(sim);
    sim->river_until_ms = 0;
    for (uint32_t i = 0; i < sim->count; i++) {
        sim->nodes[i].away_until_ms = 0;
    }
    sim_say(sim, "from here on everyone can meet");
    uint64_t began = link_now(sim->net);
    while (!sim_all_equal(sim)) {
        if (link_now(sim->net) > began + QUIET_MS) {
            say_how_it_stands(sim);
            fail_msg("after %u ms of quiet not all hold the same", (unsigned)QUIET_MS);
        }
        sim_approve(&sim->nodes[0]);
        keep_lines(sim);
        for (uint32_t ms = 0; ms < LOOK_EVERY_MS; ms++) {
            sim_turn(sim);
        }
    }
    sim_say(sim, "all hold the same after %u ms", (unsigned)(link_now(sim->net) - began));
}

void sim_run(struct sim *sim, uint64_t seed, uint64_t *marks, uint8_t trace[32])
{
    memset(sim, 0, sizeof *sim);
    sim->seed = seed;
    sim->dice = seed;
    choice_from_seed(&sim->choice, seed);
    sim_tale_open(&sim->tale, marks);
    sim->net = link_open();
    draw_troubles(sim);
    settle_down(sim);
    for (uint32_t steps = STEPS_MIN + sim_draw(sim, STEPS_MORE); steps > 0; steps--) {
        step(sim);
    }
    quiet(sim);
    sim_check(sim);
    sim_hang_up(sim);
    lum_plain_hash_end(&sim->tale.hasher, trace);
}

void sim_close(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->count; i++) {
        sim_drop(&sim->nodes[i]);
    }
    if (sim->net != NULL) {
        link_close(sim->net);
    }
    sim_ledger_close(&sim->ledger);
    sim_tale_close(&sim->tale);
    choice_close(&sim->choice);
    memset(sim, 0, sizeof *sim);
}
