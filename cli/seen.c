/* seen.c - see seen.h. */
#include "cli/seen.h"

#include "core/crypto.h"
#include "core/mem.h"
#include "net/host.h"

enum {
    ROOM_FIRST = 1024,
};

void lum_seen_init(struct lum_seen *seen)
{
    const struct lum_env *env = lum_host_env();

    *seen = (struct lum_seen){0};
    env->random(env->self, seen->secret, sizeof(seen->secret));
}

void lum_seen_fini(struct lum_seen *seen)
{
    lum_free(seen->slots);
    *seen = (struct lum_seen){0};
}

/* The slot of the hash, or the free one where it belongs. */
static struct lum_seen_slot *find(struct lum_seen_slot *slots, size_t room, uint64_t hash)
{
    size_t i = (size_t)hash & (room - 1);

    while (slots[i].row != 0 && slots[i].hash != hash) {
        i = (i + 1) & (room - 1);
    }
    return &slots[i];
}

/* Twice the room when three quarters are taken. */
static bool grow(struct lum_seen *seen)
{
    size_t room = seen->room == 0 ? ROOM_FIRST : 2 * seen->room;
    struct lum_seen_slot *slots;

    if (seen->count < seen->room / 4 * 3) {
        return true;
    }
    slots = lum_alloc_zero(room * sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < seen->room; i++) {
        if (seen->slots[i].row != 0) {
            *find(slots, room, seen->slots[i].hash) = seen->slots[i];
        }
    }
    lum_free(seen->slots);
    seen->slots = slots;
    seen->room = room;
    return true;
}

enum lum_status lum_seen_add(struct lum_seen *seen, struct lum_bytes key, uint64_t row,
                             uint64_t *before)
{
    uint64_t hash = lum_siphash(seen->secret, key);
    struct lum_seen_slot *slot;

    LUM_ASSERT(row > 0);
    if (!grow(seen)) {
        return LUM_NO_MEMORY;
    }
    slot = find(seen->slots, seen->room, hash);
    if (slot->row != 0) {
        *before = slot->row;
        return LUM_EXISTS;
    }
    *slot = (struct lum_seen_slot){hash, row};
    seen->count++;
    return LUM_OK;
}
