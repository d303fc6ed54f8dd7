/*
 * ledger.c - what people were told is saved, kept apart from every store; see sim.h.
 *
 * A line says: this log had this hash at this position when its device said "saved". The chain
 * covers all before, so the newest position of each log is enough. When a machine is rolled back,
 * or gone for ever, with the only copy, the line falls to what some machine still holds.
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
    if (machine->is_welcome) { /* nobody promised anything before */
        struct lum_txn *txn = look(machine);
        note_shelf(machine, txn, LUM_SHELF_GOV);
        note_shelf(machine, txn, LUM_SHELF_COMMON);
        lum_txn_abort(txn);
    }
}

/* How far the machine holds that log, and the hash there, or at the saved position when it is
 * farther. False when it has nothing of it. */
static bool held(struct sim_machine *machine, const struct sim_saved *saved, uint64_t *seq,
                 struct lum_hash *h)
{
    struct lum_log_reader *reader = NULL;
    struct lum_log_row row;
    uint32_t lno = 0;
    struct lum_txn *txn = look(machine);
    sim_must(machine, lum_log_reader_open(&reader));
    bool is_there = lum_log_find(txn, &saved->log_id, &lno) == LUM_OK;
    if (is_there) {
        sim_must(machine, lum_log_get(txn, lno, &row));
        *seq = row.place.chain.seq < saved->seq ? row.place.chain.seq : saved->seq;
        is_there = *seq > 0;
    }
    if (is_there) {
        sim_must(machine, lum_log_hash_at(reader, txn, lno, *seq, h));
    }
    lum_log_reader_close(reader);
    lum_txn_abort(txn);
    return is_there;
}

static void fall(struct sim *sim, struct sim_saved *saved)
{
    struct sim_saved best = *saved;
    best.seq = 0;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct sim_machine *machine = sim->machines[i];
        uint64_t seq = 0;
        struct lum_hash h;
        if (machine != NULL && machine->is_on && held(machine, saved, &seq, &h) && seq > best.seq) {
            best.seq = seq;
            best.h = h;
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
            uint64_t seq = 0;
            struct lum_hash h;
            if (machine == NULL || machine->is_gone || !machine->is_welcome) {
                continue;
            }
            bool is_there = held(machine, saved, &seq, &h);
            if (!is_there || seq < saved->seq || memcmp(h.b, saved->h.b, sizeof h.b) != 0) {
                sim_die(sim, "%s lacks what %s was told is saved: log %02x%02x.., event %llu",
                        machine->name, sim->machines[saved->machine]->name, saved->log_id.b[0],
                        saved->log_id.b[1], (unsigned long long)saved->seq);
            }
        }
    }
}
