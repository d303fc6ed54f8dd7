/*
 * intent.c - nothing that a person typed is silently dropped; see sim.h.
 *
 * A second ledger, of texts instead of events, and it knows nothing of ops and dots: a text is
 * overruled only by somebody whose own machine showed it when he wrote over it, deleted its record
 * or settled its conflict, or who typed it himself. Whatever nobody overruled must be there in the
 * end, and be shown or stand in a conflict. What stands beyond a fork is without effect, and so is
 * what was typed into a record that nothing but such events made.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

static bool is_text(struct lum_bytes value, uint32_t *number)
{
    struct lum_cur cur = lum_cur_over(value);
    struct lum_bytes text = lum_cur_str(&cur, LUM_VALUE_MAX);
    char digits[16] = "";
    if (text.len < 6 || text.len >= 5 + sizeof digits || memcmp(text.at, "text ", 5) != 0) {
        return false;
    }
    memcpy(digits, text.at + 5, text.len - 5);
    *number = (uint32_t)strtoul(digits, NULL, 10);
    return true;
}

/* What to do with a text that is live. */
typedef void each_text(struct sim *sim, uint32_t number);

static void each_in_cell(struct sim *sim, const struct lum_cell *cell, each_text *do_it)
{
    for (uint32_t i = 0; i < cell->count; i++) {
        uint32_t number = 0;
        if (is_text(cell->siblings[i].value, &number) && number < sim->texts.count) {
            do_it(sim, number);
        }
    }
}

/* All live texts of a record that is there; field NULL: of every cell. */
static void each_live(struct sim_machine *machine, const struct lum_id *id, const char *field,
                      each_text *do_it)
{
    struct lum_arena arena;
    struct lum_record record;
    struct lum_txn *view = NULL;
    uint32_t number = 0;
    uint64_t rno = 0;
    lum_arena_init(&arena);
    sim_must(machine,
             lum_txn_begin_read(lum_space_view(machine->site.space), &view, &machine->site.error));
    if (field != NULL) {
        sim_must(machine, lum_view_name_number(view, lum_bytes_of(field, strlen(field)), &number));
    }
    bool is_met = lum_view_find(view, LUM_SHELF_COMMON, id, &rno) == LUM_OK;
    if (is_met) {
        sim_must(machine, lum_view_record(view, rno, &arena, &record));
    }
    if (is_met && lum_life_is_shown(lum_record_life(&record))) {
        for (uint32_t i = 0; i < record.cell_count; i++) {
            if (field == NULL || record.cells[i].field == number) {
                each_in_cell(machine->sim, &record.cells[i], do_it);
            }
        }
    }
    lum_txn_abort(view);
    lum_arena_fini(&arena);
}

static void overrule(struct sim *sim, uint32_t number)
{
    sim->texts.at[number].is_overruled = true;
}

static void replace(struct sim *sim, uint32_t number)
{
    sim->texts.at[number].is_overruled = true;
    sim->texts.at[number].deed = sim->texts.deeds;
}

static void find(struct sim *sim, uint32_t number)
{
    sim->texts.at[number].is_found = true;
}

static struct sim_place place_of(struct sim_machine *machine)
{
    struct lum_space *space = machine->site.space;
    struct lum_log_name name = {.shelf = LUM_SHELF_COMMON};
    struct sim_place place = {.seq = 0};
    struct lum_log_row row;
    struct lum_txn *txn = NULL;
    uint32_t lno = 0;
    memcpy(name.author, lum_space_keys(space)->author.public, sizeof name.author);
    memcpy(name.incarnation, lum_space_home(space)->incarnation, sizeof name.incarnation);
    lum_log_id(lum_space_id(space), &name, &place.log_id);
    sim_must(machine, lum_txn_begin_read(lum_space_log(space), &txn, &machine->site.error));
    if (lum_log_find(txn, &place.log_id, &lno) == LUM_OK) {
        sim_must(machine, lum_log_get(txn, lno, &row));
        place.seq = row.place.chain.seq;
    }
    lum_txn_abort(txn);
    return place;
}

static bool is_beyond_fork(struct sim_machine *judge, const struct sim_place *place)
{
    struct lum_log_row row = {.is_frozen = false};
    struct lum_txn *txn = NULL;
    uint32_t lno = 0;
    sim_must(judge, lum_txn_begin_read(lum_space_log(judge->site.space), &txn, &judge->site.error));
    if (lum_log_find(txn, &place->log_id, &lno) == LUM_OK) {
        sim_must(judge, lum_log_get(txn, lno, &row));
    }
    lum_txn_abort(txn);
    return row.is_frozen && place->seq > row.fork_point;
}

void sim_overrules(struct sim_machine *machine, const struct lum_id *record, const char *field)
{
    struct sim_texts *texts = &machine->sim->texts;
    const struct sim_place here = place_of(machine);
    texts->deeds++;
    for (uint32_t i = 0; i < texts->count; i++) { /* his own he knows, shown or not */
        struct sim_text *text = &texts->at[i];
        bool is_about = text->is_typed && memcmp(text->record.b, record->b, sizeof record->b) == 0;
        bool is_own = text->machine == machine->number ||
                      memcmp(text->place.log_id.b, here.log_id.b, sizeof here.log_id.b) == 0;
        text->is_overruled |=
            is_about && is_own && (field == NULL || strcmp(field, text->field) == 0);
    }
    each_live(machine, record, field, field == NULL ? overrule : replace);
}

void sim_replaced(struct sim_machine *machine)
{
    struct sim_texts *texts = &machine->sim->texts;
    struct sim_place place = place_of(machine);
    for (uint32_t i = 0; i < texts->count; i++) {
        if (texts->at[i].deed == texts->deeds) {
            texts->at[i].is_replaced = true;
            texts->at[i].replacer = machine->number;
            texts->at[i].replaced_at = place;
        }
    }
}

void sim_typed(struct sim_machine *machine, const struct lum_id *record, const char *field,
               uint32_t number)
{
    struct sim_texts *texts = &machine->sim->texts;
    if (number >= texts->count) {
        uint32_t count = number + 16;
        texts->at = realloc(texts->at, count * sizeof texts->at[0]);
        LUM_ASSERT(texts->at != NULL);
        memset(&texts->at[texts->count], 0, (count - texts->count) * sizeof texts->at[0]);
        texts->count = count;
    }
    texts->at[number].record = *record;
    texts->at[number].field = field;
    texts->at[number].machine = machine->number;
    texts->at[number].place = place_of(machine);
    texts->at[number].is_typed = true;
}

/* Who waits for approval is not merged. */
static bool counts(struct sim_machine *judge, uint32_t machine)
{
    const struct sim_machine *author = judge->sim->machines[machine];
    return author != NULL && sim_is_effective(judge, author);
}

/* With the machine that wrote it, or wrote over it, went what nobody else had: then nothing is
 * said of it. */
static void check_text(struct sim_machine *machine, uint32_t number)
{
    struct sim *sim = machine->sim;
    struct sim_text *text = &sim->texts.at[number];
    if (!counts(machine, text->machine)) {
        return;
    }
    if (is_beyond_fork(machine, &text->place)) {
        SIM_SEES(sim, text_beyond_fork);
        return;
    }
    each_live(machine, &text->record, NULL, find);
    bool is_unmade = sim->has_images && site_life(&machine->site, &text->record) == LUM_UNMADE;
    if (!text->is_overruled && !text->is_found && !is_unmade) {
        sim_die(sim, "%s typed text %u, nobody overruled it, and it is gone",
                sim->machines[text->machine]->name, (unsigned)number);
    }
    if (text->is_replaced && text->is_found && counts(machine, text->replacer) &&
        !is_beyond_fork(machine, &text->replaced_at)) {
        sim_die(sim, "text %u is live again, and %s, who saw it, wrote over it", (unsigned)number,
                sim->machines[text->replacer]->name);
    }
    sim->sums.marks[SIM_SAW_text_kept] += text->is_found;
}

void sim_check_texts(struct sim_machine *machine)
{
    const struct sim_texts *texts = &machine->sim->texts;
    for (uint32_t i = 0; i < texts->count && !machine->sim->ledger.has_lost; i++) {
        if (texts->at[i].is_typed) {
            check_text(machine, i);
        }
    }
}
