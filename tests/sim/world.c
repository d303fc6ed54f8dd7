/*
 * world.c - one story from beginning to end: the agenda, then a quiet time in which whoever is
 * still there can meet, then the truth; see sim.h.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sync/session.h"
#include "tests/sim/bad.h"

enum {
    LOOK_EVERY_MS = 100,
    BRANCHES = 8, /* lines that a machine of the quiet time keeps to others below it */
    /* On quick lines what is held anywhere goes everywhere by being pushed on. Two machines that
     * need to compare again, after LUM_SYNC_HEAL_MS, have forgotten to say something. */
    QUIET_MS = LUM_SYNC_HEAL_MS - 2 * LOOK_EVERY_MS,
    HOP_MS = 100, /* more for each level of a large district */
    LIVE_WRITERS = 4,
    LIVE_TURNS = 3,
    LIVE_APART_MS = 7,
    LIVE_TEXTS = 5000, /* numbers of texts from there on: the plan's are lower */
    LIVE_MS = 1000,
};

static sim_verb *const verbs[] = {
    [STORY_founds] = sim_founds,
    [STORY_invites] = sim_invites,
    [STORY_arrives] = sim_arrives,
    [STORY_gathers] = sim_gathers,
    [STORY_approves] = sim_approves,
    [STORY_puts] = sim_puts,
    [STORY_edits] = sim_edits,
    [STORY_deletes] = sim_deletes,
    [STORY_keeps] = sim_keeps,
    [STORY_imports] = sim_imports,
    [STORY_settles] = sim_settles,
    [STORY_looks] = sim_looks,
    [STORY_counts] = sim_counts,
    [STORY_crashes] = sim_crashes,
    [STORY_power_fails] = sim_power_fails,
    [STORY_disk_fails] = sim_disk_fails,
    [STORY_disk_mends] = sim_disk_mends,
    [STORY_reads_fail] = sim_reads_fail,
    [STORY_memory_ends] = sim_memory_ends,
    [STORY_sleeps] = sim_sleeps,
    [STORY_copies] = sim_copies,
    [STORY_backs_up] = sim_backs_up,
    [STORY_restores] = sim_restores,
    [STORY_clock] = sim_clock,
    [STORY_turns_bad] = sim_turns_bad,
};

/* ---- the agenda ---- */

static void act(struct sim *sim, const struct story_act *story_act)
{
    if (story_act->verb == STORY_meets) {
        sim_meet(sim, story_act->who, story_act);
    } else {
        verbs[story_act->verb](sim, story_act);
    }
}

static void due_at_machine(struct sim *sim, const struct sim_item *item)
{
    struct sim_machine *machine = sim_machine(sim, item->a);
    if (machine == NULL) {
        return;
    }
    if (machine->sleeps_until_ms > sim->now_ms) {
        struct sim_item later = *item;
        later.at_ms = machine->sleeps_until_ms;
        sim_agenda_add(&sim->agenda, &later);
        return;
    }
    if (item->what == SIM_DUE_BOOT) {
        sim_machine_boot(machine);
    } else if (machine->is_on && item->what == SIM_DUE_TICK) {
        sim_machine_tick(machine);
    } else if (machine->is_on && item->what == SIM_DUE_WRITE) {
        sim_machine_write(machine);
    } else if (machine->is_on && item->what == SIM_DUE_SETTLE) {
        sim_machine_settle(machine);
    } else if (machine->bad != NULL && item->what == SIM_DUE_BAD) {
        sim_bad_turns(machine);
    }
}

static void do_item(struct sim *sim, const struct sim_item *item)
{
    sim->sums.steps++;
    switch (item->what) {
    case SIM_DUE_ACT:
        act(sim, &sim->story->acts[item->a]);
        break;
    case SIM_DUE_TICK:
    case SIM_DUE_WRITE:
    case SIM_DUE_SETTLE:
    case SIM_DUE_BOOT:
    case SIM_DUE_BAD:
        due_at_machine(sim, item);
        break;
    case SIM_DUE_ROOM:
    case SIM_DUE_PARCEL:
    case SIM_DUE_LATE:
    case SIM_DUE_HANG_UP:
    default:
        sim_due_on_line(sim, item);
        break;
    }
}

void sim_run_until(struct sim *sim, uint64_t until_ms)
{
    struct sim_item item;
    while (sim_agenda_next(&sim->agenda, until_ms, &item)) {
        sim->now_ms = item.at_ms > sim->now_ms ? item.at_ms : sim->now_ms;
        if (setjmp(sim->escape) == 0) {
            do_item(sim, &item);
        } else {
            sim_machine_failed(sim);
        }
    }
    sim->now_ms = until_ms > sim->now_ms ? until_ms : sim->now_ms;
}

/* ---- the quiet time ---- */

static bool is_in_core(const struct sim *sim, uint32_t number)
{
    if (sim->machines[number]->bad != NULL) {
        return false;
    }
    return sim->story->core == 0 || number == 0 ||
           (number < 32 && (sim->story->core >> number & 1) != 0);
}

/* Who is not in the core, or bad, is gone for ever, with all that only it held. */
static void come_to_rest(struct sim *sim)
{
    sim->memory_left = 0;
    for (uint32_t i = sim->first_up; i < sim->line_count; i++) {
        sim_line_down(sim, i);
    }
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct sim_machine *machine = sim->machines[i];
        if (machine == NULL) {
            continue;
        }
        sim_machine_wake(machine);
        if (machine->has_trouble) { /* what its disk refused it for good, it learns at a start */
            sim_machine_down(machine);
        }
        sim_disk_mends(sim, &(struct story_act){.who = i});
        if (is_in_core(sim, i)) {
            sim_machine_boot(machine);
        } else {
            SIM_SEES(sim, gone_for_ever);
            sim->ledger.has_lost |= sim->has_images;
            sim_machine_down(machine);
            machine->is_gone = true;
        }
    }
    sim_ledger_forgive(sim);
}

void sim_simple_act(struct story_act *act, uint32_t who, enum story_verb verb)
{
    int64_t least = 0;
    bool is_machine = false;
    *act = (struct story_act){.verb = verb, .who = who};
    for (size_t i = 0; story_arg(verb, i, &least, &is_machine) != NULL; i++) {
        act->args[i] = least;
    }
}

static void keep_line(struct sim *sim, struct sim_machine *machine, uint32_t other)
{
    struct story_act meets;
    sim_simple_act(&meets, machine->number, STORY_meets);
    meets.args[0] = other;
    meets.args[1] = STORY_DAY_MS;
    if (!sim_are_linked(sim, machine->number, other)) {
        sim_meet(sim, machine->number, &meets);
    }
}

/* Members keep a line to one before, so that all form a tree; newcomers to the founder. Gives the
 * depth of the tree. */
static unsigned keep_lines(struct sim *sim)
{
    uint32_t members[SIM_MACHINES_MAX];
    uint32_t count = 0;
    unsigned depth = 0;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct sim_machine *machine = sim->machines[i];
        if (machine == NULL || !machine->is_on) {
            continue;
        }
        if (!machine->is_welcome) {
            keep_line(sim, machine, 0);
            continue;
        }
        uint32_t place = count;
        members[count++] = i;
        if (place > 0 && sim->machine_count <= BRANCHES) {
            keep_line(sim, machine, members[place - 1]); /* the longest way there is */
        } else if (place > 0) {
            keep_line(sim, machine, members[(place - 1) / BRANCHES]);
        }
    }
    for (uint32_t left = count; left > 1; left = (left - 1) / BRANCHES) {
        depth++;
    }
    return depth;
}

/* What was gathered last may have made somebody wait whom the founder has not approved yet. */
static bool somebody_waits(struct sim *sim)
{
    const struct lum_roster *roster = lum_space_roster(sim->machines[0]->site.space);
    for (size_t i = 0; i < lum_roster_device_count(roster); i++) {
        const struct lum_device *device = lum_roster_device(roster, i);
        if (device->is_valid && !device->is_effective) {
            return true;
        }
    }
    return false;
}

static void quiet(struct sim *sim)
{
    come_to_rest(sim);
    sim_say(sim, "from here on everyone can meet");
    uint64_t began = sim->now_ms;
    do {
        struct story_act approves = {.verb = STORY_approves};
        sim_approves(sim, &approves);
        uint64_t bound = QUIET_MS + keep_lines(sim) * HOP_MS;
        sim_run_until(sim, sim->now_ms + LOOK_EVERY_MS);
        if (sim->now_ms > began + bound) {
            sim_say_lines(sim);
            sim_say_logs(sim);
            sim_die(sim, "after %u ms of quiet not all hold the same", (unsigned)bound);
        }
    } while (!sim_all_equal(sim) || somebody_waits(sim));
    sim_say(sim, "all hold the same after %u ms", (unsigned)(sim->now_ms - began));
}

/* ---- together ---- */

/* While all are linked a few write in turn: each word reaches everyone, and every line finds out
 * that its ends are equal again, without comparing anew. */
static void live(struct sim *sim)
{
    for (uint32_t i = 0; i < LIVE_WRITERS * LIVE_TURNS; i++) {
        struct story_act puts = {.verb = STORY_puts, .who = i % LIVE_WRITERS};
        puts.args[0] = i % LIVE_WRITERS;
        puts.args[2] = LIVE_TEXTS + i;
        sim_puts(sim, &puts);
        sim_run_until(sim, sim->now_ms + i % LIVE_APART_MS);
    }
    uint64_t began = sim->now_ms;
    while (!sim_all_equal(sim) || !sim_lines_are_equal(sim)) {
        sim_run_until(sim, sim->now_ms + LOOK_EVERY_MS / 10);
        if (sim->now_ms > began + LIVE_MS) {
            sim_say_lines(sim);
            sim_say_logs(sim);
            sim_die(sim, "%u ms after the last word not all have found that they are equal",
                    (unsigned)LIVE_MS);
        }
    }
    sim_say(sim, "all are equal again after %u ms", (unsigned)(sim->now_ms - began));
}

/* ---- one story ---- */

void sim_begin(struct sim *sim, const struct story *story)
{
    memset(sim, 0, sizeof *sim);
    sim->story = story;
    sim_tale_open(&sim->tale);
    for (uint32_t i = 0; i < story->count; i++) {
        sim_agenda_add(
            &sim->agenda,
            &(struct sim_item){.at_ms = story->acts[i].at_ms, .what = SIM_DUE_ACT, .a = i});
    }
}

void sim_run(struct sim *sim, const struct story *story)
{
    sim_begin(sim, story);
    uint64_t end_ms = story->count == 0 ? 0 : story->acts[story->count - 1].at_ms;
    sim_run_until(sim, end_ms);
    if (sim_machine(sim, 0) != NULL) {
        quiet(sim);
        live(sim);
        clock_t began = clock();
        sim_check(sim);
        sim->sums.judge_s = (double)(clock() - began) / CLOCKS_PER_SEC;
    }
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        const struct sim_machine *machine = sim->machines[i];
        size_t held = machine != NULL ? machine->held_for_bad : 0;
        sim->sums.machine_ms += machine != NULL ? sim->now_ms : 0;
        sim->sums.most_held = held > sim->sums.most_held ? held : sim->sums.most_held;
    }
    sim->sums.runs = 1;
}

void sim_trace(struct sim *sim, uint8_t trace[32])
{
    lum_plain_hash_end(&sim->tale.hasher, trace);
}

void sim_close(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        if (sim->machines[i] != NULL) {
            sim_machine_free(sim->machines[i]);
        }
    }
    sim_lines_free(sim);
    free(sim->ledger.at);
    free(sim->texts.at);
    sim_agenda_close(&sim->agenda);
    sim_tale_close(&sim->tale);
}
