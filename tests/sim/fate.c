/*
 * fate.c - what befalls machines: no power, copies, old backups, wrong clocks; see sim.h.
 */
#include <string.h>

#include "tests/sim/sim.h"

#define MINUTE_MS 60000

void sim_crashes(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine == NULL) {
        return;
    }
    bool in_meeting = false;
    for (uint32_t i = 0; i < sim->machine_count && !in_meeting; i++) {
        in_meeting = sim_are_linked(sim, machine->number, i);
    }
    SIM_SEES(sim, crash);
    sim->sums.marks[SIM_SAW_crash_in_meeting] += in_meeting;
    bool in_batch = act->args[0] != 0 && machine->is_welcome;
    if (in_batch) { /* nobody was told that this is saved */
        SIM_SEES(sim, crash_in_batch);
        site_begin(&machine->site);
        (void)site_add(&machine->site, "gone", "never saved");
    }
    sim->sums.marks[SIM_SAW_crash_before_view] +=
        machine->is_welcome && !lum_space_is_settled(machine->site.space);
    sim_say(sim, "%s loses power%s%s", machine->name, in_meeting ? " in a meeting" : "",
            in_batch ? ", with a batch open" : "");
    sim_machine_crash(machine, act->args[2], act->args[1]);
}

/* At an operation of the disk, which then was done or was not; nobody is told that it was. */
void sim_power_fails(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine != NULL && act->args[0] > 0) {
        machine->has_trouble = true;
        machine->off_ms = act->args[2];
        machine->crash_draw = act->args[3];
        disk_fuse(machine->disk, (uint64_t)act->args[0], DISK_POWER, act->args[1] != 0);
    }
}

void sim_disk_fails(struct sim *sim, const struct story_act *act)
{
    static const enum disk_trouble kinds[] = {DISK_EIO_ONCE, DISK_EIO, DISK_NO_ROOM};
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine != NULL && act->args[0] > 0) {
        machine->has_trouble = true;
        disk_fuse(machine->disk, (uint64_t)act->args[0],
                  kinds[(size_t)act->args[1] % LUM_COUNT(kinds)], act->args[2] != 0);
    }
}

void sim_disk_mends(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_machine(sim, act->who);
    if (machine != NULL) {
        machine->has_trouble = false;
        disk_fuse(machine->disk, 0, DISK_POWER, false);
        machine->looks_left = 0;
    }
}

/* At a look at one of its stores: a page that cannot be read. Once. */
void sim_reads_fail(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine != NULL && act->args[0] > 0) {
        machine->has_trouble = true;
        machine->looks_left = (uint64_t)act->args[0];
    }
}

/* An allocation fails, once: of whoever allocates then. */
void sim_memory_ends(struct sim *sim, const struct story_act *act)
{
    if (sim_awake(sim, act->who) != NULL && act->args[0] > 0) {
        sim->memory_left = (uint64_t)act->args[0];
    }
}

bool sim_works(struct sim_machine *machine, bool is_at_work)
{
    struct sim *sim = machine->sim;
    bool was = machine->is_at_work;
    if (was && !is_at_work) {
        sim->memory_left = lum_mem_fail_after(0, false);
        machine->looks_left = disk_fuse_look(machine->disk, 0);
    } else if (!was && is_at_work) {
        (void)lum_mem_fail_after(sim->memory_left, false);
        (void)disk_fuse_look(machine->disk, machine->looks_left);
    }
    machine->is_at_work = is_at_work;
    return was;
}

/* The lid is shut: its lines break; it goes on where it was when it is opened. */
void sim_sleeps(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine == NULL) {
        return;
    }
    SIM_SEES(sim, slept);
    sim_say(sim, "%s sleeps", machine->name);
    for (uint32_t i = sim->first_up; i < sim->line_count; i++) {
        if (sim->lines[i].machines[0] == machine->number ||
            sim->lines[i].machines[1] == machine->number) {
            sim_line_down(sim, i);
        }
    }
    machine->sleeps_until_ms = sim->now_ms + (uint64_t)act->args[0];
}

/* What is read while the program does not run: the folder, or the whole disk block by block. Then
 * nothing tells the copy from what it was made of, and who goes on with both forks his logs. */
static void copy_disk(struct sim_machine *machine, struct disk *to, bool is_image)
{
    bool was_on = machine->is_on;
    sim_machine_down(machine);
    disk_copy(machine->disk, to, is_image ? DISK_IMAGE : DISK_FILES);
    if (was_on) {
        sim_machine_boot(machine);
    }
}

/* A laptop is copied while it is off; both go on. */
void sim_copies(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine == NULL || !machine->is_welcome || machine->bad != NULL) {
        return;
    }
    struct sim_machine *twin = sim_machine_new(sim, (uint32_t)act->args[0]);
    if (twin == NULL) {
        return;
    }
    bool is_image = act->args[2] != 0;
    bool is_alike = is_image || act->args[1] != 0; /* a copy in a copied machine */
    SIM_SEES(sim, copied);
    sim->sums.marks[SIM_SAW_imaged] += is_image;
    sim->has_images |= is_image;
    machine->has_twin = true;
    twin->has_twin = true;
    twin->tag = is_alike ? machine->tag : twin->tag;
    sim_say(sim, "%s is copied: %s%s", machine->name, twin->name,
            is_image   ? ", block by block"
            : is_alike ? ", with the machine's name"
                       : "");
    copy_disk(machine, twin->disk, is_image);
    sim_machine_boot(twin);
}

void sim_backs_up(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine == NULL || !machine->is_welcome || machine->bad != NULL) {
        return;
    }
    if (machine->backup == NULL) {
        machine->backup = disk_open();
    }
    machine->backup_is_image = act->args[0] != 0;
    copy_disk(machine, machine->backup, machine->backup_is_image);
    sim_say(sim, "%s makes a backup%s", machine->name,
            machine->backup_is_image ? ", block by block" : "");
}

void sim_restores(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine == NULL || machine->backup == NULL) {
        return;
    }
    SIM_SEES(sim, restored);
    sim_say(sim, "%s puts the backup back", machine->name);
    sim_machine_down(machine);
    disk_copy(machine->backup, machine->disk, machine->backup_is_image ? DISK_IMAGE : DISK_FILES);
    sim->has_images |= machine->backup_is_image;
    sim->ledger.has_lost |= sim->has_images; /* it keeps one line for all branches of a log */
    sim_machine_boot(machine);
    sim_ledger_forgive(sim);
}

void sim_clock(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_machine(sim, act->who);
    if (machine == NULL) {
        return;
    }
    machine->skew_ms = act->args[0] * MINUTE_MS;
    machine->drift_ppm = (int32_t)act->args[1];
    machine->frozen_at_ms = act->args[2] != 0 ? sim->now_ms + 1 : 0;
    int64_t years = act->args[0] / (366 * 24 * 60);
    sim->sums.marks[SIM_SAW_clock_1970] += years < -50;
    sim->sums.marks[SIM_SAW_clock_2099] += years > 50;
    sim->sums.marks[SIM_SAW_clock_jump] += years == 0 && act->args[0] != 0;
    sim->sums.marks[SIM_SAW_clock_frozen] += act->args[2] != 0;
    sim_say(sim, "%s has another clock: wrong by %lld min, drifts %lld ppm%s", machine->name,
            (long long)act->args[0], (long long)act->args[1],
            act->args[2] != 0 ? ", stands still" : "");
}
