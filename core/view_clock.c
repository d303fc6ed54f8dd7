/*
 * view_clock.c - whose clock has an event seen, and is its own time sane against them?
 *
 * A clock maps each holder device to the greatest sane t among its events in a causal past. g1 and
 * g2 are the greatest and second greatest over distinct devices, the founding where missing; sane
 * is g2 - 24 h <= t <= g1 + 400 days. One wrong hall can raise g1 alone: then late clocks pass, but
 * none is outlawed, for that takes a second hall.
 */
#include <string.h>

#include "core/view_i.h"

enum {
    ENTRY = 4 + 6,
    ROOM_MIN = 4,
};

static const int64_t before_ms = INT64_C(24) * 60 * 60 * 1000;
static const int64_t after_ms = INT64_C(400) * 24 * 60 * 60 * 1000;

void lum_clock_fini(struct lum_clock *clock)
{
    lum_free(clock->at);
    *clock = (struct lum_clock){0};
}

void lum_clock_reset(struct lum_clock *clock)
{
    clock->count = 0;
}

static enum lum_status make_room(struct lum_clock *clock)
{
    if (clock->count < clock->room) {
        return LUM_OK;
    }
    uint32_t room = clock->room == 0 ? ROOM_MIN : clock->room * 2;
    struct lum_clock_entry *at = lum_realloc(clock->at, room * sizeof *at);
    if (at == NULL) {
        return LUM_NO_MEMORY;
    }
    clock->at = at;
    clock->room = room;
    return LUM_OK;
}

enum lum_status lum_clock_raise(struct lum_clock *clock, uint32_t holder, uint64_t t, bool *grew)
{
    uint32_t i = 0;
    LUM_ASSERT(holder != 0);
    while (i < clock->count && clock->at[i].holder < holder) {
        i++;
    }
    if (i < clock->count && clock->at[i].holder == holder) {
        if (t > clock->at[i].t) {
            clock->at[i].t = t;
            *grew = true;
        }
        return LUM_OK;
    }
    enum lum_status status = make_room(clock);
    if (status != LUM_OK) {
        return status;
    }
    memmove(&clock->at[i + 1], &clock->at[i], (clock->count - i) * sizeof *clock->at);
    clock->at[i] = (struct lum_clock_entry){holder, t};
    clock->count++;
    *grew = true;
    return LUM_OK;
}

/* The two greatest of the times handed in. */
struct greatest {
    uint64_t first;
    uint64_t second;
    uint32_t count;
};

static void take(struct greatest *g, uint64_t t)
{
    g->count++;
    if (g->count == 1 || t > g->first) {
        g->second = g->first;
        g->first = t;
    } else if (g->count == 2 || t > g->second) {
        g->second = t;
    }
}

bool lum_clock_is_sane(const struct lum_clock *clock, uint32_t holder, uint64_t own,
                       uint64_t founded_ms, uint64_t t)
{
    struct greatest g = {0};
    for (uint32_t i = 0; i < clock->count; i++) {
        LUM_ASSERT(holder == 0 || clock->at[i].holder != holder);
        take(&g, clock->at[i].t);
    }
    if (holder != 0 && own != 0) {
        take(&g, own);
    }
    int64_t g1 = (int64_t)(g.count >= 1 ? g.first : founded_ms);
    int64_t g2 = (int64_t)(g.count >= 2 ? g.second : founded_ms);
    return (int64_t)t >= g2 - before_ms && (int64_t)t <= g1 + after_ms;
}

/* ---- rows ---- */

void lum_clock_write(const struct lum_clock *clock, struct lum_buf *out)
{
    for (uint32_t i = 0; i < clock->count; i++) {
        uint8_t entry[ENTRY];
        lum_put_u32(entry, clock->at[i].holder);
        lum_put_u48(entry + 4, clock->at[i].t);
        lum_buf_put(out, entry, sizeof entry);
    }
}

enum lum_status lum_clock_join(struct lum_clock *clock, struct lum_bytes row, uint32_t except,
                               uint64_t *own, bool *grew)
{
    enum lum_status status = LUM_OK;
    for (size_t i = 0; i + ENTRY <= row.len && status == LUM_OK; i += ENTRY) {
        uint32_t holder = lum_get_u32(row.at + i);
        uint64_t t = lum_get_u48(row.at + i + 4);
        if (holder == 0) {
            return LUM_CORRUPT;
        }
        if (holder == except) {
            *own = t > *own ? t : *own;
        } else {
            status = lum_clock_raise(clock, holder, t, grew);
        }
    }
    return status;
}
