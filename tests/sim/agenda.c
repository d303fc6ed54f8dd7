/*
 * agenda.c - a binary heap of what is due; see sim.h.
 */
#include <stdlib.h>

#include "tests/sim/sim.h"

static bool is_before(const struct sim_item *a, const struct sim_item *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void sim_agenda_close(struct sim_agenda *agenda)
{
    free(agenda->heap);
    *agenda = (struct sim_agenda){NULL, 0, 0, 0};
}

void sim_agenda_add(struct sim_agenda *agenda, const struct sim_item *item)
{
    if (agenda->count == agenda->room) {
        agenda->room = agenda->room == 0 ? 256 : 2 * agenda->room;
        agenda->heap = realloc(agenda->heap, agenda->room * sizeof agenda->heap[0]);
        LUM_ASSERT(agenda->heap != NULL);
    }
    struct sim_item added = *item;
    added.order = agenda->orders++;
    size_t at = agenda->count++;
    while (at > 0 && is_before(&added, &agenda->heap[(at - 1) / 2])) {
        agenda->heap[at] = agenda->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    agenda->heap[at] = added;
}

bool sim_agenda_next(struct sim_agenda *agenda, uint64_t until_ms, struct sim_item *out)
{
    if (agenda->count == 0 || agenda->heap[0].at_ms > until_ms) {
        return false;
    }
    *out = agenda->heap[0];
    struct sim_item last = agenda->heap[--agenda->count];
    size_t at = 0;
    for (size_t child = 1; child < agenda->count; child = 2 * at + 1) {
        if (child + 1 < agenda->count &&
            is_before(&agenda->heap[child + 1], &agenda->heap[child])) {
            child++;
        }
        if (!is_before(&agenda->heap[child], &last)) {
            break;
        }
        agenda->heap[at] = agenda->heap[child];
        at = child;
    }
    agenda->heap[at] = last;
    return true;
}
