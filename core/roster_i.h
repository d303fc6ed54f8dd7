/*
 * roster_i.h - inside of a roster; only core/roster.c and core/roster_facts.c include it.
 */
#ifndef LUM_CORE_ROSTER_I_H
#define LUM_CORE_ROSTER_I_H

#include "core/roster.h"

/* devices ascend by A; by_node points into them, ascending by (T, effective first, A); invites
 * ascend by ref; holders[i] is the clock holder's index of device i, or -1. */
struct lum_roster {
    struct lum_hash space;
    struct lum_genesis genesis;
    struct lum_device *devices;
    const struct lum_device **by_node;
    int *holders;
    size_t device_count;
    size_t holder_count;
    struct lum_invite_fact *invites;
    size_t invite_count;
};

#endif
