/*
 * ledger.c - what people were told is saved, kept apart from every store; see sim.h.
 *
 * A line says: this log had this hash at this position when its device said "saved". The chain
 * covers all before, so the newest position of each log is enough. When a machine is rolled back,
 * or gone for ever, with the only copy, the line falls to what some machine still holds.
 *
 * What follows a fork each machine holds as it met it first; there verify and the model judge.
 */
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "tests/sim/sim.h"

static void note(struct sim_ledger *ledger, const struct sim_saved *saved)
{
    for (size_t i = 0; i < ledger->count; i++) {
        struct sim_saved *known = &ledger->at[i];
        if (memcmp(known->log_id.b, saved->log_id.b, sizeof saved->log_id.b) == 0) {
            *known = known->seq < saved->seq ? *saved : *known;
            return;
        }
    }
    if (ledger->count == ledger->room) {
        ledger->room = ledger->room == 0 ? 64 : 2 * ledger->room;
        ledger->at = realloc(ledger->at, ledger->room * sizeof ledger->at[0]);
        LUM_ASSERT(ledger->at != NULL);
    }
    ledger->at[ledger->count++] = *saved;
}

static void note_shelf(struct sim_machine *machine, struct lum_txn *txn, uint8_t shelf)
{
    uint32_t lnos[LUM_INCARNATIONS_MAX];
    uint32_t count = 0;
    sim_must(machine,
             lum_log_find_by_author(txn, lum_space_keys(machine->site.space)->author.public, shelf,
                                    lnos, LUM_INCARNATIONS_MAX, &count));
    if (shelf == LUM_SHELF_COMMON && count > 1) {
        SIM_SEES(machine->sim, new_incarnation);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct lum_log_row row;
        sim_must(machine, lum_log_get(txn, lnos[i], &row));
        const struct sim_saved saved = {
            .log_id = row.place.log_id,
            .seq = row.place.chain.seq,
            .h = row.place.chain.h,
            .machine = machine->number,
        };
        note(&machine->sim->ledger, &saved);
    }
}

static struct lum_txn *look(struct sim_machine *machine)
{
    struct lum_txn *txn = NULL;
    sim_must(machine,
             lum_txn_begin_read(lum_space_log(machine->site.space), &txn, &machine->site.error));
    return txn;
}

void sim_ledger_note(struct sim_machine *machine)
{
    if (machine->is_welcome && machine->bad == NULL) { /* nobody promised anything before */
        struct lum_txn *txn = look(machine);
        note_shelf(machine, txn, LUM_SHELF_GOV);
        note_shelf(machine, txn, LUM_SHELF_COMMON);
        lum_txn_abort(txn);
    }
}

/* How far a machine holds a log. */
struct holding {
    uint64_t seq; /* at most the saved position; 0: nothing of it */
    struct lum_hash h;
    bool is_forked;
};

static struct holding held(struct sim_machine *machine, const struct sim_saved *saved)
{
    struct holding holding = {.seq = 0};
    struct lum_log_reader *reader = NULL;
    struct lum_log_row row;
    uint32_t lno = 0;
    struct lum_txn *txn = look(machine);
    sim_must(machine, lum_log_reader_open(&reader));
    if (lum_log_find(txn, &saved->log_id, &lno) == LUM_OK) {
        sim_must(machine, lum_log_get(txn, lno, &row));
        uint64_t head = row.place.chain.seq;
        holding.seq = head < saved->seq ? head : saved->seq;
        holding.is_forked = row.is_frozen;
    }
    if (holding.seq > 0) {
        sim_must(machine, lum_log_hash_at(reader, txn, lno, holding.seq, &holding.h));
    }
    lum_log_reader_close(reader);
    lum_txn_abort(txn);
    return holding;
}

/* At the saved position it has something else: another branch. */
static bool is_another(const struct holding *holding, const struct sim_saved *saved)
{
    return holding->seq == saved->seq &&
           memcmp(holding->h.b, saved->h.b, sizeof saved->h.b) != 0;
}

static void fall(struct sim *sim, struct sim_saved *saved)
{
    struct sim_saved best = *saved;
    best.seq = 0;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct sim_machine *machine = sim->machines[i];
        struct holding holding = {.seq = 0};
        if (machine != NULL && machine->is_on) {
            holding = held(machine, saved);
        }
        if (holding.seq > best.seq && !is_another(&holding, saved)) {
            best.seq = holding.seq;
            best.h = holding.h;
        }
    }
    if (best.seq < saved->seq) {
        SIM_SEES(sim, lost_with_machine);
        sim->ledger.has_lost = true;
        sim_say(sim, "%u events of %s were nowhere else", (unsigned)(saved->seq - best.seq),
                sim->machines[saved->machine]->name);
        *saved = best;
    }
}

/* Everybody looks, also who was off or had a bad disk. */
void sim_ledger_forgive(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        if (sim->machines[i] != NULL) {
            sim_disk_mends(sim, &(struct story_act){.who = i});
            sim_machine_boot(sim->machines[i]);
        }
    }
    for (size_t i = 0; i < sim->ledger.count; i++) {
        fall(sim, &sim->ledger.at[i]);
    }
}

void sim_ledger_check(struct sim *sim)
{
    for (size_t i = 0; i < sim->ledger.count; i++) {
        const struct sim_saved *saved = &sim->ledger.at[i];
        for (uint32_t n = 0; n < sim->machine_count && saved->seq > 0; n++) {
            struct sim_machine *machine = sim->machines[n];
            if (machine == NULL || machine->is_gone || !machine->is_welcome) {
                continue;
            }
            struct holding holding = held(machine, saved);
            if (!holding.is_forked && (holding.seq < saved->seq || is_another(&holding, saved))) {
                sim_die(sim, "%s lacks what %s was told is saved: log %02x%02x.., event %llu",
                        machine->name, sim->machines[saved->machine]->name, saved->log_id.b[0],
                        saved->log_id.b[1], (unsigned long long)saved->seq);
            }
        }
    }
}
