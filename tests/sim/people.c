/*
 * people.c - what people do: few records, many hands; see sim.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/sim.h"

enum {
    KEYS = 10
};

static const char *const fields[] = {"name", "note", "place"};

void sim_wrote(struct sim_node *node)
{
    sim_ledger_note(node);
    link_wrote(node->sim->net, node->at);
}

static void put(struct sim_node *node, const char *key)
{
    struct sim *sim = node->sim;
    const char *field = fields[sim_draw(sim, LUM_COUNT(fields))];
    const char *text = sim_text("text ", sim->texts++);
    SIM_SEES(sim, wrote);
    sim_say(sim, "%s writes %s.%s = %s", node->name, key, field, text);
    (void)site_put(&node->site, key, field, text);
}

/* Edits by id, also of a record that somebody deletes meanwhile. */
static void edit(struct sim_node *node, const char *key, const struct lum_id *id)
{
    struct sim *sim = node->sim;
    const char *field = fields[sim_draw(sim, LUM_COUNT(fields))];
    const char *text = sim_text("edit ", sim->texts++);
    SIM_SEES(sim, wrote);
    sim_say(sim, "%s edits %s.%s = %s", node->name, key, field, text);
    sim_must(node, site_set(&node->site, id, field, text));
}

static void take_away(struct sim_node *node, const char *key, const struct lum_id *id)
{
    SIM_SEES(node->sim, deleted);
    sim_say(node->sim, "%s deletes %s", node->name, key);
    sim_must(node, site_delete(&node->site, id));
}

static void bring_back(struct sim_node *node, const char *key, const struct lum_id *id)
{
    SIM_SEES(node->sim, kept);
    sim_say(node->sim, "%s keeps %s", node->name, key);
    sim_must(node, site_restore(&node->site, id));
}

/* A table of rows with keys of their own: the same list in two halls, or a list that has grown. */
static void import(struct sim_node *node)
{
    struct sim *sim = node->sim;
    uint32_t rows = 1 + sim_draw(sim, 60);
    uint32_t edition = sim_draw(sim, 3);
    SIM_SEES(sim, imported);
    if (sim->imports++ > 0) {
        SIM_SEES(sim, import_met_import);
    }
    sim_say(sim, "%s imports %u rows, edition %u", node->name, (unsigned)rows, (unsigned)edition);
    site_begin(&node->site);
    for (uint32_t i = 0; i < rows; i++) {
        (void)site_add(&node->site, sim_text("row", i), sim_text("of edition ", edition));
    }
    site_commit(&node->site);
}

static bool resolve(struct sim_node *node)
{
    struct lum_id record;
    struct lum_edit_result result;
    char field[65];
    if (!sim_some_conflict(node, &record, field)) {
        return false;
    }
    const struct lum_edit_target target = {
        .shelf = LUM_SHELF_COMMON, .collection = lum_bytes_of("item", 4), .record = record};
    const struct lum_resolve how = {.field = lum_bytes_of(field, strlen(field)),
                                    .value = site_text(sim_text("agreed ", node->sim->texts++))};
    SIM_SEES(node->sim, resolved);
    sim_say(node->sim, "%s settles %02x%02x.%s", node->name, record.b[0], record.b[1], field);
    site_begin(&node->site);
    sim_must(node, lum_edit_resolve(node->site.editor, &target, &how, &result, &node->site.error));
    site_commit(&node->site);
    return true;
}

static void change(struct sim_node *node, uint32_t what)
{
    const char *key = sim_text("k", sim_draw(node->sim, KEYS));
    struct lum_id id = site_keyed(&node->site, "item", key);
    enum lum_life life = site_life(&node->site, &id);
    if (life == LUM_UNMADE) {
        put(node, key);
    } else if (life == LUM_DEAD || (life == LUM_REVIVED && what == 0)) {
        bring_back(node, key, &id);
    } else if (what == 0) {
        take_away(node, key, &id);
    } else {
        edit(node, key, &id);
    }
}

void sim_act(struct sim_node *node)
{
    struct sim *sim = node->sim;
    if (!sim_is_welcome(node)) {
        return;
    }
    (void)site_settle(&node->site);
    uint32_t what = sim_draw(sim, 10);
    if (what < 3) {
        put(node, sim_text("k", sim_draw(sim, KEYS)));
    } else if (what == 8) {
        import(node);
    } else if (what < 9 || !resolve(node)) {
        change(node, what - 3);
    }
    sim_wrote(node);
}

/* ---- invites: the founder's ---- */

void sim_invite(struct sim *sim, uint32_t uses)
{
    struct sim_node *founder = &sim->nodes[0];
    if (sim->invite_count == SIM_INVITES) {
        return;
    }
    struct sim_open_invite *open = &sim->invites[sim->invite_count++];
    open->uses = uses;
    open->given = 0;
    open->invite = site_invite(&founder->site, LUM_ROLE_WRITER, open->uses);
    sim_say(sim, "%s invites %u", founder->name, (unsigned)open->uses);
    sim_wrote(founder);
}

void sim_approve(struct sim_node *node)
{
    const struct lum_roster *roster = lum_space_roster(node->site.space);
    for (size_t i = 0; i < lum_roster_device_count(roster); i++) {
        struct lum_device device = *lum_roster_device(roster, i);
        if (device.is_valid && !device.is_effective) {
            SIM_SEES(node->sim, admitted);
            sim_say(node->sim, "%s approves one who waits", node->name);
            site_admit(&node->site, &device, LUM_ROLE_WRITER);
            sim_wrote(node);
            roster = lum_space_roster(node->site.space); /* the old one is gone */
        }
    }
}
