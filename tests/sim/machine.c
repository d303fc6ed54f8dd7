/*
 * machine.c - a node without its sockets: clocks, disk, the space, sync, and the one writer; see
 * sim.h.
 *
 *   step -> acts:  SEND, CLOSE -> wire     INGEST, JOIN, .. -> jobs -> (a moment later) one batch
 *                                          -> GROWN, INGESTED -> step     then the view follows
 */
#define _POSIX_C_SOURCE 200809L /* clock_gettime */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sim/bad.h"

#define BEGIN_MS UINT64_C(1798761600000) /* 2027-01-01 */
#define MONO_MS  UINT64_C(1000000)

enum {
    WRITE_MS = 1,    /* from a job to its batch */
    SETTLE_MS = 20,  /* from a batch to its view */
    AGAIN_MS = 5000, /* from a failure to the next start */
    NOTES_MAX = 64,
};

static bool is_of_the_disk(enum lum_status status)
{
    return status == LUM_IO || status == LUM_FULL || status == LUM_CORRUPT;
}

/* A disk that was broken on purpose may fail a call: see sim_machine_failed. */
static void escape(struct sim_machine *machine, enum lum_status status)
{
    struct sim *sim = machine->sim;
    bool is_expected = status == LUM_NO_MEMORY ? machine->is_at_work
                                               : machine->has_trouble && is_of_the_disk(status);
    if (is_expected) {
        sim->failed = machine;
        sim->failure = status;
        longjmp(sim->escape, 1);
    }
}

static void on_failure(struct site *site, enum lum_status status)
{
    escape((struct sim_machine *)(void *)site, status);
}

void sim_must(struct sim_machine *machine, enum lum_status status)
{
    const struct lum_error *error = &machine->site.error;
    if (status != LUM_OK) {
        escape(machine, status);
        sim_die(machine->sim, "%s: %s: %s (%s, %s)", machine->name, lum_status_name(status),
                lum_cause_name(error->cause), error->one, error->two);
    }
}

/* ---- all that core asks of a machine ---- */

uint64_t sim_wall_ms(const struct sim_machine *machine)
{
    uint64_t now = machine->frozen_at_ms != 0 ? machine->frozen_at_ms : machine->sim->now_ms;
    int64_t passed = (int64_t)now;
    int64_t wall =
        (int64_t)BEGIN_MS + passed + passed / 1000000 * machine->drift_ppm + machine->skew_ms;
    return wall < 0 ? 0 : (uint64_t)wall;
}

static uint64_t wall_ms(void *self)
{
    struct sim_machine *machine = self;
    machine->site.wall_ms = sim_wall_ms(machine);
    return machine->site.wall_ms;
}

static uint64_t mono_us(void *self)
{
    const struct sim_machine *machine = self;
    return (machine->sim->now_ms + MONO_MS) * 1000;
}

/* splitmix64 */
static void fill(void *self, uint8_t *out, size_t len)
{
    struct sim_machine *machine = self;
    for (size_t i = 0; i < len; i++) {
        machine->dice += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = machine->dice;
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        out[i] = (uint8_t)(z >> 56);
    }
}

static void machine_id(void *self, uint8_t out[32])
{
    memset(out, ((struct sim_machine *)self)->tag, 32);
}

/* ---- there, or not ---- */

static void due(struct sim_machine *machine, enum sim_due what, uint64_t at_ms)
{
    sim_agenda_add(&machine->sim->agenda,
                   &(struct sim_item){.at_ms = at_ms, .what = what, .a = machine->number});
}

struct sim_machine *sim_machine(struct sim *sim, uint32_t number)
{
    return number < SIM_MACHINES_MAX ? sim->machines[number] : NULL;
}

struct sim_machine *sim_awake(struct sim *sim, uint32_t number)
{
    struct sim_machine *machine = sim_machine(sim, number);
    bool is_awake = machine != NULL && machine->is_on && machine->sleeps_until_ms <= sim->now_ms;
    return is_awake ? machine : NULL;
}

struct sim_machine *sim_machine_new(struct sim *sim, uint32_t number)
{
    static char names[SIM_MACHINES_MAX][16];
    if (number >= SIM_MACHINES_MAX || sim->machines[number] != NULL) {
        return NULL;
    }
    struct sim_machine *machine = calloc(1, sizeof *machine);
    LUM_ASSERT(machine != NULL);
    (void)snprintf(names[number], sizeof names[number], "%s", story_name(number));
    machine->sim = sim;
    machine->number = number;
    machine->name = names[number];
    machine->tag = (uint8_t)(number + 1);
    machine->dice = sim->story->dice * 1000003 + number;
    machine->wake_ms = UINT64_MAX;
    machine->disk = disk_open();
    machine->site.on_failure = on_failure;
    machine->site.env = (struct lum_env){.self = machine,
                                         .wall_ms = wall_ms,
                                         .mono_us = mono_us,
                                         .random = fill,
                                         .machine_id = machine_id};
    disk_env(&machine->site.env);
    (void)snprintf(machine->site.temp.dir, sizeof machine->site.temp.dir, "%s",
                   disk_path(machine->disk));
    sim->machines[number] = machine;
    sim->machine_count = number < sim->machine_count ? sim->machine_count : number + 1;
    return machine;
}

void sim_machine_free(struct sim_machine *machine)
{
    sim_machine_down(machine);
    disk_close(machine->disk);
    disk_close(machine->backup);
    machine->sim->machines[machine->number] = NULL;
    free(machine->jobs);
    free(machine->bad);
    free(machine);
}

static struct lum_sync_self self_of(struct sim_machine *machine)
{
    struct lum_sync_self self = driver_self(&machine->site);
    machine->is_welcome = self.has_secret;
    return self;
}

const struct lum_device *sim_device(const struct sim_machine *judge,
                                    const struct sim_machine *machine)
{
    bool has_keys = machine->is_on && judge->is_on && !lum_space_is_newcomer(machine->site.space) &&
                    !lum_space_is_newcomer(judge->site.space);
    return !has_keys ? NULL
                     : lum_roster_by_author(lum_space_roster(judge->site.space),
                                            lum_space_keys(machine->site.space)->author.public);
}

bool sim_is_effective(const struct sim_machine *judge, const struct sim_machine *machine)
{
    const struct lum_device *device = sim_device(judge, machine);
    return device != NULL && device->is_effective;
}

void sim_machine_up(struct sim_machine *machine)
{
    struct lum_sync_self self = self_of(machine);
    size_t before = sim_metered;
    sim_must(machine, lum_sync_open(&self, &machine->sync));
    machine->held = sim_metered - before;
    machine->is_on = true;
    machine->is_writing = false; /* what was due before power went is not */
    machine->is_settling = false;
    machine->wake_ms = UINT64_MAX;
}

static void drop_jobs(struct sim_machine *machine)
{
    for (size_t i = 0; i < machine->job_count; i++) {
        job_fini(&machine->jobs[i]);
    }
    machine->job_count = 0;
}

void sim_machine_down(struct sim_machine *machine)
{
    if (!machine->is_on) {
        return;
    }
    machine->is_on = false;
    sim_lines_of_down(machine);
    drop_jobs(machine);
    lum_sync_close(machine->sync);
    machine->sync = NULL;
    site_close(&machine->site);
}

void sim_machine_boot(struct sim_machine *machine)
{
    if (!machine->is_on && !machine->is_gone) {
        (void)sim_works(machine, true);
        site_open(&machine->site);
        machine->sim->sums.marks[SIM_SAW_view_fell_back] +=
            machine->was_settled && !lum_space_is_settled(machine->site.space);
        machine->was_settled = false;
        sim_machine_up(machine);
        (void)sim_works(machine, false);
    }
}

void sim_machine_crash(struct sim_machine *machine, int64_t draw, int64_t off_ms)
{
    struct choice choice;
    bool was_settled = machine->is_on && lum_space_is_settled(machine->site.space);
    disk_cut(machine->disk);
    sim_machine_down(machine);
    choice_from_seed(&choice, (uint64_t)draw);
    disk_crash(machine->disk, draw == 0 ? NULL : &choice);
    choice_close(&choice);
    machine->has_trouble = false;
    machine->looks_left = 0;
    machine->was_settled = was_settled;
    due(machine, SIM_DUE_BOOT, machine->sim->now_ms + (uint64_t)off_ms);
}

/* The process ends when its disk fails, and tries again later. (A real one goes on while its disk
 * is full; here it begins anew.) */
void sim_machine_failed(struct sim *sim)
{
    struct sim_machine *machine = sim->failed;
    sim->touched_count = 0;
    (void)sim_works(machine, false);
    if (disk_is_cut(machine->disk)) {
        SIM_SEES(sim, power_failed_in_commit);
        sim_say(sim, "%s: the power fails", machine->name);
        sim_machine_crash(machine, machine->crash_draw, machine->off_ms);
        return;
    }
    if (sim->failure == LUM_FULL) {
        SIM_SEES(sim, disk_was_full);
        sim_say(sim, "%s: the disk is full", machine->name);
    } else if (sim->failure == LUM_NO_MEMORY) {
        SIM_SEES(sim, memory_ended);
        sim_say(sim, "%s: the memory ends", machine->name);
    } else if (sim->failure == LUM_CORRUPT) {
        SIM_SEES(sim, read_failed);
        sim_say(sim, "%s: the disk cannot be read", machine->name);
    } else {
        SIM_SEES(sim, disk_failed);
        sim_say(sim, "%s: the disk fails", machine->name);
    }
    sim_machine_down(machine);
    site_close(&machine->site); /* of a start that failed half way */
    due(machine, SIM_DUE_BOOT, sim->now_ms + AGAIN_MS);
}

/* ---- sync ---- */

static void write_later(struct sim_machine *machine)
{
    if (!machine->is_writing) {
        machine->is_writing = true;
        due(machine, SIM_DUE_WRITE, machine->sim->now_ms + WRITE_MS);
    }
}

static void add_job(struct sim_machine *machine, const struct lum_sync_act *act)
{
    if (machine->job_count == machine->job_room) {
        machine->job_room = machine->job_room == 0 ? 16 : 2 * machine->job_room;
        machine->jobs = realloc(machine->jobs, machine->job_room * sizeof machine->jobs[0]);
    }
    LUM_ASSERT(machine->jobs != NULL && machine->job_count < SIM_JOBS_MAX);
    job_init(&machine->jobs[machine->job_count++], act);
    write_later(machine);
}

static void carry_out(struct sim_machine *machine, const struct lum_sync_act *act)
{
    struct sim *sim = machine->sim;
    bool is_bad = machine->bad != NULL;
    if (is_bad &&
        (act->type == LUM_SYNC_SEND || act->type == LUM_SYNC_CLOSE || act->type == LUM_SYNC_MET)) {
        sim_bad_acts(machine, act);
        return;
    }
    switch (act->type) {
    case LUM_SYNC_SEND:
        sim_line_send(sim, act->session, act->send.type, act->send.body);
        break;
    case LUM_SYNC_CLOSE:
        sim_line_close(sim, act->session, act->close.fault);
        break;
    case LUM_SYNC_MET:
        SIM_SEES(sim, met);
        break;
    case LUM_SYNC_EQUAL:
        SIM_SEES(sim, met_equal);
        if (!sim_line_is_bad(sim, act->session)) {
            sim_check_equal(machine, sim_line_other(sim, act->session));
        }
        break;
    case LUM_SYNC_ADDRESS:
        break;
    case LUM_SYNC_INGEST:
    case LUM_SYNC_GENESIS:
    case LUM_SYNC_JOIN:
    case LUM_SYNC_WELCOME:
    case LUM_SYNC_DOUBT:
    default:
        add_job(machine, act);
        break;
    }
}

size_t sim_metered;

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint32_t bad_neighbours(const struct sim_machine *machine)
{
    const struct sim *sim = machine->sim;
    uint32_t count = 0;
    for (uint32_t i = sim->first_up; i < sim->line_count; i++) {
        const struct sim_line *line = &sim->lines[i];
        for (unsigned end = 0; end < 2 && line->is_up; end++) {
            const struct sim_machine *other = sim->machines[line->machines[1 - end]];
            count += line->machines[end] == machine->number && other->bad != NULL;
        }
    }
    return count;
}

/* What bad neighbours cost an honest one in memory: the whole promise, in one place. */
static void weigh(struct sim_machine *machine)
{
    uint32_t count = sim_metered == 0 || machine->bad != NULL ? 0 : bad_neighbours(machine);
    if (count == 0) {
        machine->held_before = machine->held;
        return;
    }
    size_t more = machine->held > machine->held_before ? machine->held - machine->held_before : 0;
    more /= count;
    machine->held_for_bad = more > machine->held_for_bad ? more : machine->held_for_bad;
    if (more > SIM_BAD_BYTES_MAX) {
        sim_die(machine->sim, "%s holds %u KiB more for each bad neighbour", machine->name,
                (unsigned)(more / 1024));
    }
}

void sim_step(struct sim_machine *machine, struct lum_sync_event *event)
{
    struct sim *sim = machine->sim;
    struct lum_sync_outbox outbox;
    event->now_ms = sim->now_ms + MONO_MS;
    event->wall_ms = sim_wall_ms(machine);
    size_t before = sim_metered;
    uint64_t began = cpu_ns();
    bool was = sim_works(machine, true);
    sim_must(machine, lum_sync_step(machine->sync, event, &outbox));
    (void)sim_works(machine, false);
    machine->work_ns += cpu_ns() - began;
    machine->held += sim_metered - before;
    weigh(machine);
    for (size_t i = 0; i < outbox.count; i++) {
        carry_out(machine, &outbox.at[i]);
    }
    uint64_t wake_ms = outbox.wake_ms == UINT64_MAX ? UINT64_MAX : outbox.wake_ms - MONO_MS;
    if (wake_ms < machine->wake_ms) {
        due(machine, SIM_DUE_TICK, wake_ms > sim->now_ms ? wake_ms : sim->now_ms + 1);
    }
    machine->wake_ms = wake_ms;
    sim_line_flush(sim);
    (void)sim_works(machine, was);
}

/* An item of an earlier wish to wake is still on the agenda: then nothing is due. */
void sim_machine_tick(struct sim_machine *machine)
{
    if (machine->wake_ms <= machine->sim->now_ms) {
        struct lum_sync_event event = {.type = LUM_SYNC_TICK};
        machine->wake_ms = UINT64_MAX;
        sim_step(machine, &event);
    } else if (machine->wake_ms != UINT64_MAX) {
        due(machine, SIM_DUE_TICK, machine->wake_ms);
    }
}

static void know(struct sim_machine *machine)
{
    struct lum_sync_self self = self_of(machine);
    sim_must(machine, lum_sync_know(machine->sync, &self));
}

static void settle_later(struct sim_machine *machine)
{
    if (!machine->is_settling) {
        machine->is_settling = true;
        due(machine, SIM_DUE_SETTLE, machine->sim->now_ms + SETTLE_MS);
    }
}

void sim_machine_settle(struct sim_machine *machine)
{
    machine->is_settling = false;
    if (!lum_space_is_newcomer(machine->site.space)) {
        (void)sim_works(machine, true);
        (void)site_settle(&machine->site);
        (void)sim_works(machine, false);
        machine->sim->sums.marks[SIM_SAW_waiting] += site_counts(&machine->site).waiting;
    }
}

void sim_machine_wake(struct sim_machine *machine)
{
    uint64_t now_ms = machine->sim->now_ms;
    if (machine->sleeps_until_ms > now_ms) {
        machine->sleeps_until_ms = 0;
        due(machine, SIM_DUE_WRITE, now_ms);
        due(machine, SIM_DUE_SETTLE, now_ms);
        due(machine, SIM_DUE_TICK, now_ms);
    }
}

void sim_wrote(struct sim_machine *machine)
{
    struct lum_sync_event event = {.type = LUM_SYNC_GROWN};
    sim_ledger_note(machine);
    know(machine);
    sim_step(machine, &event);
}

/* ---- the writer ---- */

static void say_step(struct sim_machine *machine, enum lum_sync_act_type type)
{
    if (type == LUM_SYNC_WELCOME) {
        SIM_SEES(machine->sim, joined);
        sim_say(machine->sim, "%s is welcome", machine->name);
    } else if (type == LUM_SYNC_DOUBT) {
        SIM_SEES(machine->sim, doubted_by_neighbour);
        sim_say(machine->sim, "%s hears that its log is older than what others hold",
                machine->name);
    }
}

/* One batch of pieces, or one step of a newcomer. */
static size_t write_batch(struct sim_machine *machine)
{
    struct site *site = &machine->site;
    size_t count = 0;
    if (machine->jobs[0].type != LUM_SYNC_INGEST) {
        say_step(machine, machine->jobs[0].type);
        sim_must(machine, job_write(&machine->jobs[0], site, machine->name));
        return 1;
    }
    site_begin(site);
    while (count < machine->job_count && machine->jobs[count].type == LUM_SYNC_INGEST) {
        struct job *job = &machine->jobs[count++];
        sim_must(machine, job_ingest(job, site));
        sim_check_result(machine, job);
    }
    site_commit(site);
    return count;
}

static void tell_grown(struct sim_machine *machine)
{
    const struct lum_growth *grown = NULL;
    struct lum_growth_note notes[NOTES_MAX];
    size_t count = lum_space_grown(machine->site.space, &grown);
    count = count > NOTES_MAX ? 0 : count; /* none named: all may have */
    for (size_t i = 0; i < count; i++) {
        notes[i] = (struct lum_growth_note){grown[i].lno, grown[i].head};
    }
    struct lum_sync_event event = {.type = LUM_SYNC_GROWN, .grown = {notes, count}};
    know(machine);
    sim_step(machine, &event);
}

/* Whoever brought it hears that it is durable. */
static void tell_written(struct sim_machine *machine, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct job job = machine->jobs[i]; /* a step may move them */
        struct lum_sync_event event = {.type = LUM_SYNC_INGESTED, .session = job.session};
        if (job.type == LUM_SYNC_INGEST) {
            event.ingested.token = job.token;
            event.ingested.result = job.result;
            sim_step(machine, &event);
        }
    }
    for (size_t i = 0; i < count; i++) {
        job_fini(&machine->jobs[i]);
    }
    machine->job_count -= count;
    memmove(&machine->jobs[0], &machine->jobs[count], machine->job_count * sizeof machine->jobs[0]);
}

void sim_machine_write(struct sim_machine *machine)
{
    if (machine->job_count > 0) {
        uint64_t began = cpu_ns();
        (void)sim_works(machine, true);
        size_t count = write_batch(machine);
        (void)sim_works(machine, false);
        machine->work_ns += cpu_ns() - began;
        sim_ledger_note(machine);
        tell_grown(machine);
        tell_written(machine, count);
        settle_later(machine);
    }
    machine->is_writing = false;
    if (machine->job_count > 0) {
        write_later(machine);
    }
}
