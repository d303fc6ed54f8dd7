/*
 * crowd.c - a district that has been there for long: everybody has joined and holds the same.
 *
 * Letting a thousand join one by one would cost a million meetings. Here each writes its own JOIN
 * with an invite, the founder takes all of them in, and then every disk becomes a copy of the
 * founder's that keeps its own seeds: a few pointers each (tests/disk). See sim.h.
 */
#include <string.h>
#include <time.h>

#include "tests/sim/sim.h"

static const char *const seeds[] = {"seed.node", "seed.device"};

enum {
    PATH_ROOM = 128
};

static const char *path_of(const struct sim_machine *machine, const char *name)
{
    static char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/%s", disk_path(machine->disk), name);
    return path;
}

/* The founder's folder as it was when the invite was made: all that a newcomer has to know. */
static struct sim_machine *make_door(struct sim_machine *founder, uint32_t number)
{
    struct sim_machine *door = sim_machine_new(founder->sim, number);
    LUM_ASSERT(door != NULL);
    disk_copy(founder->disk, door->disk, DISK_FILES);
    site_open(&door->site);
    return door;
}

static void accept(struct sim_machine *newcomer, struct sim_machine *door)
{
    struct lum_txn *txn = NULL;
    struct lum_bytes document;
    struct lum_bytes key = lum_bytes_of(LUM_META_GENESIS, sizeof LUM_META_GENESIS - 1);
    struct site *site = &newcomer->site;
    sim_must(door, lum_txn_begin_read(lum_space_log(door->site.space), &txn, &door->site.error));
    sim_must(door, lum_txn_get(txn, LUM_T_META, key, &document));
    sim_must(newcomer, lum_space_accept_genesis(site->space, document, &site->error));
    lum_txn_abort(txn);
}

static void join(struct sim_machine *newcomer, struct sim_machine *door,
                 struct sim_machine *founder, const struct lum_invite *invite)
{
    site_arrive(&newcomer->site, invite);
    accept(newcomer, door);
    site_begin(&newcomer->site);
    (void)site_hand(&door->site, &newcomer->site);
    site_commit(&newcomer->site);
    sim_must(newcomer, lum_space_write_join(newcomer->site.space, &newcomer->site.error));
    (void)site_hand(&newcomer->site, &founder->site); /* into its open batch */
    site_close(&newcomer->site);
}

/* Everything of the founder's but what makes it the founder. */
static void become_member(struct sim_machine *machine, struct sim_machine *founder)
{
    struct lum_buf kept[2];
    const struct lum_env *env = &machine->site.env;
    struct lum_error *error = &machine->site.error;
    for (size_t i = 0; i < LUM_COUNT(seeds); i++) {
        lum_buf_init(&kept[i], 64);
        sim_must(machine,
                 env->file_read(env->self, path_of(machine, seeds[i]), &kept[i], 64, error));
    }
    disk_copy(founder->disk, machine->disk, DISK_FILES);
    for (size_t i = 0; i < LUM_COUNT(seeds); i++) {
        sim_must(machine, env->file_write(env->self, path_of(machine, seeds[i]),
                                          lum_buf_bytes(&kept[i]), error));
        lum_buf_fini(&kept[i]);
    }
    sim_machine_boot(machine);
}

void sim_gathers(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *founder = sim_awake(sim, 0);
    uint32_t count = (uint32_t)act->args[0];
    if (founder == NULL || sim->machine_count != 1 || count < 2 || count >= SIM_MACHINES_MAX) {
        return;
    }
    clock_t began = clock();
    struct lum_invite invite = site_invite(&founder->site, LUM_ROLE_WRITER, count);
    sim_machine_down(founder);
    struct sim_machine *door = make_door(founder, count);
    sim_machine_boot(founder);
    site_begin(&founder->site);
    for (uint32_t i = 1; i < count; i++) {
        struct sim_machine *machine = sim_machine_new(sim, i);
        LUM_ASSERT(machine != NULL);
        join(machine, door, founder, &invite);
    }
    site_commit(&founder->site);
    (void)site_settle(&founder->site);
    site_close(&door->site);
    sim_machine_free(door);
    sim->machine_count = count;
    sim_machine_down(founder);
    for (uint32_t i = 1; i < count; i++) {
        become_member(sim->machines[i], founder);
    }
    sim_machine_boot(founder);
    sim->sums.gather_s = (double)(clock() - began) / CLOCKS_PER_SEC;
    sim_say(sim, "%s and %u others have been together for long", founder->name,
            (unsigned)count - 1);
}
