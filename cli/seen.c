/* seen.c - see seen.h. */
#include "cli/seen.h"

#include "core/crypto.h"
#include "core/mem.h"
#include "net/host.h"

enum {
    ROOM_FIRST = 64,
};

void lum_seen_init(struct lum_seen *seen)
{
    const struct lum_env *env = lum_host_env();

    *seen = (struct lum_seen){0};
    env->random(env->self, seen->secret, sizeof(seen->secret));
}

void lum_seen_fini(struct lum_seen *seen)
{
    for (size_t i = 0; i < LUM_SEEN_TABLES; i++) {
        lum_free(seen->tables[i].slots);
    }
    *seen = (struct lum_seen){0};
}

/* The slot of the hash, or the free one where it belongs. */
static uint64_t *find(uint64_t *slots, size_t room, uint64_t hash)
{
    size_t i = (size_t)hash & (room - 1);

    while (slots[i] != 0 && slots[i] != hash) {
        i = (i + 1) & (room - 1);
    }
    return &slots[i];
}

/* Twice the room when three quarters are taken. */
static bool grow(struct lum_seen_table *table)
{
    size_t room = table->room == 0 ? ROOM_FIRST : 2 * table->room;
    uint64_t *slots;

    if (table->count < table->room / 4 * 3) {
        return true;
    }
    slots = lum_alloc_zero(room * sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < table->room; i++) {
        if (table->slots[i] != 0) {
            *find(slots, room, table->slots[i]) = table->slots[i];
        }
    }
    lum_free(table->slots);
    table->slots = slots;
    table->room = room;
    return true;
}

enum lum_status lum_seen_add(struct lum_seen *seen, struct lum_bytes key)
{
    uint64_t hash = lum_siphash(seen->secret, key);
    struct lum_seen_table *table = &seen->tables[hash >> 60];
    uint64_t *slot;

    hash = hash == 0 ? 1 : hash;
    if (!grow(table)) {
        return LUM_NO_MEMORY;
    }
    slot = find(table->slots, table->room, hash);
    if (*slot != 0) {
        return LUM_EXISTS;
    }
    *slot = hash;
    table->count++;
    return LUM_OK;
}
