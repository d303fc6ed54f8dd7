/*
 * tick.h - who waits for something long is told how far it is, and may say stop.
 */
#ifndef LUM_CORE_TICK_H
#define LUM_CORE_TICK_H

#include "core/lum.h"

struct lum_tick {
    void *self;
    bool (*step)(void *self, uint64_t done, uint64_t total); /* false: stop (LUM_STOPPED) */
};

#endif
