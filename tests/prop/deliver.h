/*
 * deliver.h - a drawn history comes to a store in a drawn way, and the store is what the model
 * says.
 *
 * Drawn are: how far each log comes at all; the order of logs, their pieces, packed or not, what
 * comes twice; when the view follows, by how many events, with its caches or without; whether every
 * step is committed; when a fork comes to light. At the end, and now and then on the way,
 * everything is compared.
 */
#ifndef LUM_TESTS_PROP_DELIVER_H
#define LUM_TESTS_PROP_DELIVER_H

#include <stdio.h>

#include "tests/prop/barn.h"

struct deliver_counts {
    uint64_t histories;
    uint64_t events;
    uint64_t compared; /* the rest counts in every comparison */
    uint64_t forks;
    uint64_t conflicts;
    uint64_t revived;
    uint64_t pending;
    uint64_t voided;
    uint64_t waiting;
    uint64_t siblings_max;
    uint64_t reread; /* payloads */
};

struct deliver {
    struct barn barn;
    struct model_state *state;
    struct deliver_counts counts;
    struct lum_buf packed;
    FILE *story; /* where each step is told, and the history after it; NULL: nowhere */
};

void deliver_open(struct deliver *deliver);
void deliver_close(struct deliver *deliver);

/* False: deliver->barn.why says what is not as it should be. */
bool deliver_holds(struct deliver *deliver, struct choice *choice, enum world_kind kind);
/* Adds what deliver->state says to the counts. */
void deliver_count(struct deliver *deliver, const struct model_set *set);
void deliver_print(const struct deliver *deliver);

#endif
