/*
 * ledger.c - what people were told is saved, kept apart from every store; see sim.h.
 *
 * A line says: this log had this hash at this position when its device said "saved". The chain
 * covers all before, so the newest position of each log is enough.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/limits.h"
#include "tests/sim/sim.h"

static void add(struct sim_ledger *ledger, const struct sim_saved *saved)
{
    for (size_t i = 0; i < ledger->count; i++) {
        const struct sim_saved *known = &ledger->at[i];
        if (known->seq == saved->seq &&
            memcmp(known->log_id.b, saved->log_id.b, sizeof saved->log_id.b) == 0 &&
            memcmp(known->h.b, saved->h.b, sizeof saved->h.b) == 0) {
            return;
        }
    }
    if (ledger->count == ledger->room) {
        ledger->room = ledger->room == 0 ? 256 : 2 * ledger->room;
        ledger->at = realloc(ledger->at, ledger->room * sizeof *ledger->at);
        assert_non_null(ledger->at);
    }
    ledger->at[ledger->count++] = *saved;
}

void sim_ledger_close(struct sim_ledger *ledger)
{
    free(ledger->at);
    memset(ledger, 0, sizeof *ledger);
}

static void note_shelf(struct sim_node *node, struct lum_txn *txn, uint8_t shelf)
{
    uint32_t lnos[LUM_INCARNATIONS_MAX];
    uint32_t count = 0;
    sim_must(node, lum_log_find_by_author(txn, lum_space_keys(node->site.space)->author.public,
                                          shelf, lnos, LUM_INCARNATIONS_MAX, &count));
    if (shelf == LUM_SHELF_COMMON && count > 1) {
        SIM_SEES(node->sim, new_incarnation);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct lum_log_row row;
        sim_must(node, lum_log_get(txn, lnos[i], &row));
        const struct sim_saved saved = {
            .log_id = row.place.log_id,
            .seq = row.place.chain.seq,
            .h = row.place.chain.h,
            .node = (uint32_t)(node - node->sim->nodes),
        };
        add(&node->sim->ledger, &saved);
    }
}

void sim_ledger_note(struct sim_node *node)
{
    struct lum_txn *txn = NULL;
    if (!sim_is_welcome(node)) { /* nobody promised anything yet */
        return;
    }
    sim_must(node, lum_txn_begin_read(lum_space_log(node->site.space), &txn, &node->site.error));
    note_shelf(node, txn, LUM_SHELF_GOV);
    note_shelf(node, txn, LUM_SHELF_COMMON);
    lum_txn_abort(txn);
}

/* Is that position there, with that hash? */
static bool holds(struct sim_node *node, const struct sim_saved *saved)
{
    struct lum_log_reader *reader = NULL;
    struct lum_txn *txn = NULL;
    struct lum_hash h;
    uint32_t lno = 0;
    sim_must(node, lum_log_reader_open(&reader));
    sim_must(node, lum_txn_begin_read(lum_space_log(node->site.space), &txn, &node->site.error));
    bool is_there = lum_log_find(txn, &saved->log_id, &lno) == LUM_OK &&
                    lum_log_hash_at(reader, txn, lno, saved->seq, &h) == LUM_OK &&
                    memcmp(h.b, saved->h.b, sizeof h.b) == 0;
    lum_log_reader_close(reader);
    lum_txn_abort(txn);
    return is_there;
}

void sim_ledger_forgive(struct sim *sim)
{
    uint32_t lost = 0;
    for (size_t i = 0; i < sim->ledger.count; i++) {
        struct sim_saved *saved = &sim->ledger.at[i];
        bool is_held = saved->is_lost;
        for (uint32_t n = 0; n < sim->count && !is_held; n++) {
            is_held = holds(&sim->nodes[n], saved);
        }
        if (!is_held) {
            saved->is_lost = true;
            lost++;
        }
    }
    if (lost > 0) {
        SIM_SEES(sim, lost_with_machine);
        sim_say(sim, "%u positions were nowhere else", (unsigned)lost);
    }
}

bool sim_ledger_has_lost(const struct sim_ledger *ledger)
{
    for (size_t i = 0; i < ledger->count; i++) {
        if (ledger->at[i].is_lost) {
            return true;
        }
    }
    return false;
}

void sim_ledger_check(struct sim *sim)
{
    for (size_t i = 0; i < sim->ledger.count; i++) {
        const struct sim_saved *saved = &sim->ledger.at[i];
        for (uint32_t n = 0; n < sim->count && !saved->is_lost; n++) {
            if (sim_is_welcome(&sim->nodes[n]) && !holds(&sim->nodes[n], saved)) {
                fail_msg("%s lacks what %s was told is saved: log %02x%02x.., event %llu",
                         sim->nodes[n].name, sim->nodes[saved->node].name, saved->log_id.b[0],
                         saved->log_id.b[1], (unsigned long long)saved->seq);
            }
        }
    }
}
