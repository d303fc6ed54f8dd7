/*
 * people.c - what people do: few records, many hands; see sim.h.
 */
#include <string.h>

#include "tests/sim/sim.h"

static const char *const fields[] = {"name", "note", "place"};

/* Arguments of the verbs. */
enum {
    KEY,
    FIELD,
    TEXT
};

/* ---- one event of a person ---- */

struct deed {
    struct sim_machine *machine;
    struct lum_edit_target target;
    char key[16];
    enum lum_life life;
};

/* The machine and the record that an act is about; false when the machine is of no use now. */
static bool deed_of(struct sim *sim, const struct story_act *act, struct deed *out)
{
    out->machine = sim_awake(sim, act->who);
    if (out->machine == NULL || !out->machine->is_welcome || out->machine->bad != NULL) {
        return false;
    }
    struct site *site = &out->machine->site;
    (void)site_settle(site);
    (void)snprintf(out->key, sizeof out->key, "k%u", (unsigned)act->args[KEY]);
    out->target =
        (struct lum_edit_target){.shelf = LUM_SHELF_COMMON, .collection = lum_bytes_of("item", 4)};
    out->target.record = site_keyed(site, "item", out->key);
    out->life = site_life(site, &out->target.record);
    return true;
}

static void begin(struct sim_machine *machine)
{
    (void)sim_works(machine, true);
    sim_must(machine, lum_space_begin(machine->site.space, &machine->site.error));
}

static void end(struct sim_machine *machine, enum lum_status status)
{
    sim_must(machine, status);
    sim_must(machine, lum_space_commit(machine->site.space, &machine->site.error));
    (void)sim_works(machine, false);
    sim_wrote(machine);
}

static const char *text_of(const struct story_act *act)
{
    static char text[32];
    (void)snprintf(text, sizeof text, "text %u", (unsigned)act->args[TEXT]);
    return text;
}

static const char *field_of(const struct story_act *act)
{
    return fields[(size_t)act->args[FIELD] % LUM_COUNT(fields)];
}

/* What somebody did is what his machine shows at once, unless he waits for approval. */
static bool is_heard(struct sim_machine *machine)
{
    (void)site_settle(&machine->site);
    return sim_is_effective(machine, machine);
}

static void reads_life(const struct deed *deed, enum lum_life life)
{
    struct sim_machine *machine = deed->machine;
    if (is_heard(machine) && site_life(&machine->site, &deed->target.record) != life) {
        sim_die(machine->sim, "%s does not see its own act", machine->name);
    }
}

static void reads_text(const struct deed *deed, const struct story_act *act)
{
    struct sim_machine *machine = deed->machine;
    struct site *site = &machine->site;
    const struct lum_id *record = &deed->target.record;
    if (!is_heard(machine)) {
        return;
    }
    uint32_t values = site_values(site, record, field_of(act));
    if (deed->life == LUM_UNMADE && values > 1) {
        return; /* others wrote to it and nobody showed it: a conflict, whichever is shown */
    }
    if (strcmp(site_shown(site, record, field_of(act)), text_of(act)) != 0 || values != 1) {
        sim_die(machine->sim, "%s does not see its own text", machine->name);
    }
}

/* ---- records ---- */

void sim_puts(struct sim *sim, const struct story_act *act)
{
    struct deed deed;
    struct lum_edit_result result;
    if (!deed_of(sim, act, &deed)) {
        return;
    }
    struct site *site = &deed.machine->site;
    SIM_SEES(sim, wrote);
    sim_say(sim, "%s puts %s.%s = %s", deed.machine->name, deed.key, field_of(act), text_of(act));
    sim_overrules(deed.machine, &deed.target.record, field_of(act));
    begin(deed.machine);
    end(deed.machine,
        lum_edit_make_keyed(site->editor, &deed.target, lum_bytes_of(deed.key, strlen(deed.key)),
                            site_map(field_of(act), text_of(act)), &result, &site->error));
    if (result.end == LUM_EDIT_CREATED || result.end == LUM_EDIT_CHANGED) {
        sim_replaced(deed.machine);
        sim_typed(deed.machine, &deed.target.record, field_of(act), (uint32_t)act->args[TEXT]);
        reads_text(&deed, act);
    }
}

/* By id, also of a record that somebody deletes meanwhile. */
void sim_edits(struct sim *sim, const struct story_act *act)
{
    struct deed deed;
    struct lum_edit_result result;
    if (!deed_of(sim, act, &deed) || !lum_life_is_shown(deed.life)) {
        return;
    }
    struct site *site = &deed.machine->site;
    SIM_SEES(sim, wrote);
    sim_say(sim, "%s edits %s.%s = %s", deed.machine->name, deed.key, field_of(act), text_of(act));
    sim_overrules(deed.machine, &deed.target.record, field_of(act));
    begin(deed.machine);
    end(deed.machine, lum_edit_set(site->editor, &deed.target,
                                   site_map(field_of(act), text_of(act)), &result, &site->error));
    sim_replaced(deed.machine);
    sim_typed(deed.machine, &deed.target.record, field_of(act), (uint32_t)act->args[TEXT]);
    reads_text(&deed, act);
}

void sim_deletes(struct sim *sim, const struct story_act *act)
{
    struct deed deed;
    struct lum_edit_result result;
    if (!deed_of(sim, act, &deed) || !lum_life_is_shown(deed.life)) {
        return;
    }
    SIM_SEES(sim, deleted);
    sim_say(sim, "%s deletes %s", deed.machine->name, deed.key);
    sim_overrules(deed.machine, &deed.target.record, NULL);
    begin(deed.machine);
    end(deed.machine, lum_edit_delete(deed.machine->site.editor, &deed.target, &result,
                                      &deed.machine->site.error));
    reads_life(&deed, LUM_DEAD);
}

void sim_keeps(struct sim *sim, const struct story_act *act)
{
    struct deed deed;
    struct lum_edit_result result;
    if (!deed_of(sim, act, &deed) || (deed.life != LUM_DEAD && deed.life != LUM_REVIVED)) {
        return;
    }
    SIM_SEES(sim, kept);
    sim_say(sim, "%s keeps %s", deed.machine->name, deed.key);
    begin(deed.machine);
    end(deed.machine, lum_edit_restore(deed.machine->site.editor, &deed.target, &result,
                                       &deed.machine->site.error));
    reads_life(&deed, LUM_ALIVE);
}

/* A table of rows with keys of their own: the same list in two halls, or a list that has grown. */
void sim_imports(struct sim *sim, const struct story_act *act)
{
    struct deed deed;
    char key[16];
    char text[32];
    if (!deed_of(sim, act, &deed)) {
        return;
    }
    SIM_SEES(sim, imported);
    sim->sums.marks[SIM_SAW_import_met_import] += sim->imports++ > 0;
    sim_say(sim, "%s imports %u rows, edition %u", deed.machine->name, (unsigned)act->args[0],
            (unsigned)act->args[1]);
    begin(deed.machine);
    for (int64_t i = 0; i < act->args[0]; i++) {
        (void)snprintf(key, sizeof key, "row%u", (unsigned)i);
        (void)snprintf(text, sizeof text, "of edition %u", (unsigned)act->args[1]);
        (void)site_add(&deed.machine->site, key, text);
    }
    end(deed.machine, LUM_OK);
}

void sim_settles(struct sim *sim, const struct story_act *act)
{
    struct deed deed;
    struct lum_edit_result result;
    char field[65];
    char text[32];
    if (!deed_of(sim, act, &deed) ||
        !sim_conflict_at(deed.machine, (uint64_t)act->args[0], &deed.target.record, field)) {
        return;
    }
    (void)snprintf(text, sizeof text, "agreed %u", (unsigned)act->args[1]);
    const struct lum_resolve how = {.field = lum_bytes_of(field, strlen(field)),
                                    .value = site_text(text)};
    SIM_SEES(sim, resolved);
    sim_say(sim, "%s settles %02x%02x.%s", deed.machine->name, deed.target.record.b[0],
            deed.target.record.b[1], field);
    sim_overrules(deed.machine, &deed.target.record, field);
    begin(deed.machine);
    end(deed.machine, lum_edit_resolve(deed.machine->site.editor, &deed.target, &how, &result,
                                       &deed.machine->site.error));
    sim_replaced(deed.machine);
}

/* ---- looking ---- */

void sim_looks(struct sim *sim, const struct story_act *act)
{
    static const char *const lives[] = {[LUM_UNMADE] = "never made",
                                        [LUM_ALIVE] = "there",
                                        [LUM_REVIVED] = "there, deleted by some",
                                        [LUM_DEAD] = "deleted"};
    struct deed deed;
    char told[256] = "";
    if (!deed_of(sim, act, &deed)) {
        return;
    }
    struct site *site = &deed.machine->site;
    for (size_t i = 0; i < LUM_COUNT(fields); i++) {
        uint32_t values = site_values(site, &deed.target.record, fields[i]);
        if (values > 0) {
            sim_append(told, sizeof told, "; %s = %s", fields[i],
                       site_shown(site, &deed.target.record, fields[i]));
        }
        if (values > 1) {
            sim_append(told, sizeof told, " (of %u values)", (unsigned)values);
        }
    }
    sim_show(sim, "%s sees %s: %s%s", deed.machine->name, deed.key, lives[deed.life], told);
}

void sim_counts(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    struct lum_log_row row;
    if (machine == NULL || !machine->is_welcome) {
        return;
    }
    (void)site_settle(&machine->site);
    struct lum_view_counts counts = site_counts(&machine->site);
    sim_show(sim, "%s has %u records, %u conflicts, %u logs that wait, %u own logs, %u forked",
             machine->name, (unsigned)counts.records, (unsigned)counts.conflicts,
             (unsigned)counts.waiting,
             (unsigned)site_own_logs(&machine->site, LUM_SHELF_COMMON, &row),
             (unsigned)site_frozen(&machine->site));
}

/* ---- members ---- */

void sim_founds(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = act->who == 0 ? sim_machine_new(sim, 0) : NULL;
    if (machine != NULL) {
        site_found(&machine->site, machine->name);
        sim_machine_up(machine);
        sim_say(sim, "%s founds the space", machine->name);
        sim_ledger_note(machine);
    }
}

void sim_invites(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine == NULL || !machine->is_welcome || machine->bad != NULL ||
        sim->invite_count == SIM_INVITES_MAX) {
        return;
    }
    struct sim_open_invite *open = &sim->invites[sim->invite_count++];
    open->uses = act->args[0];
    open->given = 0;
    open->invite = site_invite(&machine->site, LUM_ROLE_WRITER, (uint64_t)open->uses);
    sim_say(sim, "%s invites %u", machine->name, (unsigned)open->uses);
    sim_wrote(machine);
}

void sim_arrives(struct sim *sim, const struct story_act *act)
{
    struct lum_sign_key key;
    uint64_t number = (uint64_t)act->args[0];
    struct sim_machine *machine =
        number < sim->invite_count ? sim_machine_new(sim, act->who) : NULL;
    if (machine == NULL) {
        return;
    }
    struct sim_open_invite *open = &sim->invites[number];
    lum_invite_sign_key(&open->invite, &key);
    memcpy(machine->invite_pk, key.public, sizeof machine->invite_pk);
    site_arrive(&machine->site, &open->invite);
    sim_machine_up(machine);
    open->given++;
    sim->sums.marks[SIM_SAW_invite_overused] += open->given > open->uses;
    sim_say(sim, "%s comes with an invite for %u, given to %u now", machine->name,
            (unsigned)open->uses, (unsigned)open->given);
}

/* Whoever waits for approval, as the machine knows, is approved. */
void sim_approves(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine == NULL || !machine->is_welcome || machine->bad != NULL) {
        return;
    }
    const struct lum_roster *roster = lum_space_roster(machine->site.space);
    for (size_t i = 0; i < lum_roster_device_count(roster); i++) {
        struct lum_device device = *lum_roster_device(roster, i);
        if (device.is_valid && !device.is_effective) {
            SIM_SEES(sim, admitted);
            sim_say(sim, "%s approves one who waits", machine->name);
            site_admit(&machine->site, &device, LUM_ROLE_WRITER);
            sim_wrote(machine);
            roster = lum_space_roster(machine->site.space); /* the old one is gone */
        }
    }
}
