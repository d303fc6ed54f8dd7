/*
 * node.c - machines with a folder each, and what befalls them; see sim.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/limits.h"
#include "net/host.h"
#include "tests/sim/sim.h"

#define BEGIN_MS      UINT64_C(1798761600000) /* 2027-01-01 */
#define NET_BEGINS_MS UINT64_C(1000000)
#define YEAR_2099_MS  INT64_C(4070908800000)

static const char *const names[SIM_NODES] = {"Ani", "Budi",  "Citra", "Dewi",
                                             "Eko", "Fitri", "Gede",  "Hana"};

uint32_t sim_draw(struct sim *sim, uint32_t below)
{
    return choice_draw(&sim->choice, below);
}

void sim_must(struct sim_node *node, enum lum_status status)
{
    const struct lum_error *error = &node->site.error;
    if (status != LUM_OK) {
        fail_msg("%s: %s: %s (%s, %s)", node->name, lum_status_name(status),
                 lum_cause_name(error->cause), error->one, error->two);
    }
}

/* ---- the machine: all that core asks of it ---- */

static uint64_t clock_of(const struct sim_node *node)
{
    int64_t passed = (int64_t)(link_now(node->sim->net) - NET_BEGINS_MS);
    int64_t wall = (int64_t)BEGIN_MS + passed + passed / 1000000 * node->drift_ppm + node->skew_ms;
    return wall < 0 ? 0 : (uint64_t)wall;
}

static uint64_t wall_ms(void *self)
{
    struct sim_node *node = self;
    node->site.wall_ms = clock_of(node);
    return node->site.wall_ms;
}

static uint64_t mono_us(void *self)
{
    const struct sim_node *node = self;
    return link_now(node->sim->net) * 1000;
}

static void fill(void *self, uint8_t *out, size_t len)
{
    struct sim *sim = ((struct sim_node *)self)->sim;
    for (size_t i = 0; i < len; i++) {
        sim->dice = sim->dice * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(sim->dice >> 56);
    }
}

/* A folder's files are told by its place, so that no tick of a real clock bears on the story. */
static enum lum_status file_identity(void *self, const char *path, struct lum_file_identity *out)
{
    const struct sim_node *node = self;
    enum lum_status status = lum_host_env()->file_identity(self, path, out);
    out->inode = 1 + (uint64_t)(node - node->sim->nodes);
    out->ctime_ns = (int64_t)node->place;
    return status;
}

static void machine_id(void *self, uint8_t out[32])
{
    memset(out, ((struct sim_node *)self)->machine, 32);
}

void sim_clocks(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->count; i++) {
        sim->nodes[i].site.wall_ms = clock_of(&sim->nodes[i]);
    }
}

static struct sim_node *new_node(struct sim *sim, const char *name)
{
    struct sim_node *node = &sim->nodes[sim->count++];
    memset(node, 0, sizeof *node);
    node->sim = sim;
    node->machine = (uint8_t)sim->count;
    node->place = ++sim->places;
    (void)snprintf(node->name, sizeof node->name, "%s", name);
    site_prepare(&node->site);
    node->site.env.self = node;
    node->site.env.wall_ms = wall_ms;
    node->site.env.mono_us = mono_us;
    node->site.env.random = fill;
    node->site.env.file_identity = file_identity;
    node->site.env.machine_id = machine_id;
    node->site.wall_ms = clock_of(node);
    return node;
}

static void plug_in(struct sim_node *node)
{
    node->at = link_add(node->sim->net, &node->site, node->name);
    assert_int_equal(node->at, node - node->sim->nodes);
}

static void unplug(struct sim_node *node)
{
    sim_ledger_note(node);
    sim_harvest(node);
    link_remove(node->sim->net, node->at);
}

static void boot(struct sim_node *node)
{
    site_open(&node->site);
    plug_in(node);
}

/* ---- who there is ---- */

struct sim_node *sim_found(struct sim *sim, const char *name)
{
    struct sim_node *node = new_node(sim, name);
    site_found(&node->site, name);
    plug_in(node);
    sim_say(sim, "%s founds the space", name);
    sim_ledger_note(node);
    return node;
}

bool sim_arrive(struct sim *sim, struct sim_open_invite *open)
{
    struct lum_sign_key key;
    if (sim->count == SIM_NODES) {
        return false;
    }
    struct sim_node *node = new_node(sim, names[sim->count]);
    lum_invite_sign_key(&open->invite, &key);
    memcpy(node->invite_pk, key.public, sizeof node->invite_pk);
    site_arrive(&node->site, &open->invite);
    plug_in(node);
    open->given++;
    if (open->given > open->uses) {
        SIM_SEES(sim, invite_overused);
    }
    sim_say(sim, "%s comes with an invite for %u, given to %u now", node->name,
            (unsigned)open->uses, (unsigned)open->given);
    return true;
}

bool sim_is_welcome(struct sim_node *node)
{
    uint8_t secret[32];
    uint32_t generation = 0;
    return lum_space_secret(node->site.space, &generation, secret) == LUM_OK;
}

void sim_drop(struct sim_node *node)
{
    link_remove(node->sim->net, node->at);
    site_drop(&node->site);
    if (node->has_backup) {
        temp_drop(&node->backup.temp);
    }
}

void sim_harvest(struct sim_node *node)
{
    struct sim *sim = node->sim;
    struct link_counts *counts = link_counts(sim->net, node->at);
    if (counts->ends[LUM_INGEST_FAULTY] + counts->ends[LUM_INGEST_FORK] > 0) {
        fail_msg("%s was told of %u faulty pieces and %u forks by honest neighbours", node->name,
                 (unsigned)counts->ends[LUM_INGEST_FAULTY],
                 (unsigned)counts->ends[LUM_INGEST_FORK]);
    }
    sim->tale.marks[SIM_SAW_met] += counts->met;
    sim->tale.marks[SIM_SAW_met_equal] += counts->equal;
    if (counts->doubts > 0) {
        SIM_SEES(sim, doubted_by_neighbour);
        sim_say(sim, "%s hears that its log is older than what others hold", node->name);
    }
    if (counts->welcomes > 0) {
        SIM_SEES(sim, joined);
        sim_say(sim, "%s is welcome", node->name);
    }
    memset(counts, 0, sizeof *counts);
}

/* ---- what befalls them ---- */

void sim_crash(struct sim_node *node, bool in_meeting)
{
    struct sim *sim = node->sim;
    SIM_SEES(sim, crash);
    if (in_meeting) {
        SIM_SEES(sim, crash_in_meeting);
    }
    unplug(node);
    bool in_batch = sim_is_welcome(node) && sim_draw(sim, 2) == 1;
    if (in_batch) { /* nobody was told that this is saved */
        SIM_SEES(sim, crash_in_batch);
        site_begin(&node->site);
        (void)site_add(&node->site, sim_text("gone", sim->texts++), "never saved");
    }
    sim_say(sim, "%s loses power%s%s", node->name, in_meeting ? " in a meeting" : "",
            in_batch ? ", with a batch open" : "");
    site_close(&node->site);
    boot(node);
}

/* A laptop is copied while it is off; both go on. */
void sim_copy(struct sim_node *node)
{
    struct sim *sim = node->sim;
    char name[sizeof node->name];
    if (sim->count == SIM_NODES || !sim_is_welcome(node)) {
        return;
    }
    SIM_SEES(sim, copied);
    (void)snprintf(name, sizeof name, "%.20s'", node->name);
    struct sim_node *twin = new_node(sim, name);
    if (sim_draw(sim, 2) == 1) { /* a copy in a copied machine */
        twin->machine = node->machine;
    }
    unplug(node);
    site_close(&node->site);
    site_copy(&node->site, &twin->site);
    sim_say(sim, "%s is copied: %s%s", node->name, twin->name,
            twin->machine == node->machine ? ", with the machine's name" : "");
    boot(node);
    boot(twin);
}

void sim_backup(struct sim_node *node)
{
    if (!sim_is_welcome(node)) {
        return;
    }
    if (node->has_backup) {
        temp_drop(&node->backup.temp);
    }
    site_prepare(&node->backup);
    unplug(node);
    site_close(&node->site);
    site_copy(&node->site, &node->backup);
    node->has_backup = true;
    sim_say(node->sim, "%s makes a backup", node->name);
    boot(node);
}

void sim_restore(struct sim_node *node)
{
    struct sim *sim = node->sim;
    if (!node->has_backup) {
        return;
    }
    SIM_SEES(sim, restored);
    sim_say(sim, "%s puts the backup back", node->name);
    unplug(node);
    site_close(&node->site);
    temp_drop(&node->site.temp);
    temp_make(&node->site.temp);
    site_copy(&node->backup, &node->site);
    node->place = ++sim->places;
    boot(node);
    sim_ledger_forgive(sim);
}

void sim_set_clock(struct sim_node *node)
{
    struct sim *sim = node->sim;
    int64_t right = (int64_t)clock_of(node) - node->skew_ms;
    switch (sim_draw(sim, 5)) {
    case 0:
        node->skew_ms = 0;
        break;
    case 1:
        SIM_SEES(sim, clock_1970);
        node->skew_ms = (int64_t)sim_draw(sim, SIM_DAY_MS) - right;
        break;
    case 2:
        SIM_SEES(sim, clock_2099);
        node->skew_ms = YEAR_2099_MS - right;
        break;
    case 3:
        SIM_SEES(sim, clock_jump);
        node->skew_ms += ((int64_t)sim_draw(sim, 2000) - 1000) * 60000;
        break;
    default:
        node->drift_ppm = (int32_t)sim_draw(sim, 20001) - 10000;
        break;
    }
    sim_say(sim, "%s has another clock: wrong by %lld min, drifts %d ppm", node->name,
            (long long)(node->skew_ms / 60000), (int)node->drift_ppm);
}
