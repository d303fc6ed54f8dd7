/*
 * view_name.c - collections and fields get numbers, in the order in which they are first met.
 *
 * A record's row names its fields by number, in ascending order. Numbers differ from node to node
 * and mean nothing outside this view. Names lately used are cached in a table of open addressing;
 * when it is full of names it starts anew.
 */
#include <string.h>

#include "core/view_i.h"

enum {
    SLOTS = 8192,
    CACHED_MAX = SLOTS / 2,
    NAME_KEY_MAX = LUM_FIELD_MAX,
};

struct slot {
    uint32_t hash;
    uint32_t at;
    uint32_t len; /* 0: free */
    uint32_t number;
};

static const size_t texts_max = (size_t)CACHED_MAX * NAME_KEY_MAX;

void lum_names_init(struct lum_names *names)
{
    *names = (struct lum_names){0};
    lum_buf_init(&names->texts, texts_max);
    lum_buf_init(&names->slots, SLOTS * sizeof(struct slot));
}

void lum_names_fini(struct lum_names *names)
{
    lum_buf_fini(&names->texts);
    lum_buf_fini(&names->slots);
    names->count = 0;
}

void lum_names_reset(struct lum_names *names)
{
    lum_buf_reset(&names->texts);
    lum_buf_reset(&names->slots);
    names->count = 0;
}

/* FNV-1a. Whoever finds many names with one hash only slows down a cache of 4,096. */
static uint32_t hash_of(struct lum_bytes name)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ name.at[i]) * 16777619U;
    }
    return hash;
}

static struct slot *slots_of(struct lum_names *names)
{
    if (names->slots.len == 0) {
        uint8_t *at = lum_buf_extend(&names->slots, SLOTS * sizeof(struct slot));
        if (at == NULL) {
            return NULL;
        }
        memset(at, 0, SLOTS * sizeof(struct slot));
    }
    return (void *)names->slots.at;
}

/* The name's slot, or the free one where it belongs; NULL without memory. */
static struct slot *find(struct lum_names *names, struct lum_bytes name, uint32_t hash)
{
    struct slot *slots = slots_of(names);
    if (slots == NULL) {
        return NULL;
    }
    uint32_t i = hash % SLOTS;
    while (slots[i].len != 0) {
        bool same = slots[i].hash == hash && slots[i].len == name.len &&
                    memcmp(names->texts.at + slots[i].at, name.at, name.len) == 0;
        if (same) {
            break;
        }
        i = (i + 1) % SLOTS;
    }
    return &slots[i];
}

static enum lum_status number_new(struct lum_view *view, struct lum_bytes name, uint32_t *out)
{
    uint8_t number[4];
    lum_put_u32(number, view->next_name);
    enum lum_status status =
        lum_txn_put(view->txn, LUM_V_NAME, name, lum_bytes_of(number, sizeof number));
    if (status == LUM_OK) {
        status = lum_txn_append(view->txn, LUM_V_TEXT, lum_bytes_of(number, sizeof number), name);
    }
    *out = view->next_name;
    view->next_name++;
    return status;
}

static enum lum_status number_of(struct lum_view *view, struct lum_bytes name, uint32_t *out)
{
    struct lum_bytes row;
    enum lum_status status = lum_txn_get(view->txn, LUM_V_NAME, name, &row);
    if (status == LUM_NOT_FOUND) {
        return number_new(view, name, out);
    }
    if (status == LUM_OK && row.len != 4) {
        return LUM_CORRUPT;
    }
    if (status == LUM_OK) {
        *out = lum_get_u32(row.at);
    }
    return status;
}

enum lum_status lum_view_name_get(struct lum_view *view, struct lum_bytes name, uint32_t *out)
{
    LUM_ASSERT(name.len >= 1 && name.len <= NAME_KEY_MAX);
    struct lum_names *names = &view->names;
    if (names->count == CACHED_MAX) {
        lum_names_reset(names);
    }
    uint32_t hash = hash_of(name);
    struct slot *slot = find(names, name, hash);
    if (slot == NULL) {
        return LUM_NO_MEMORY;
    }
    if (slot->len != 0) {
        *out = slot->number;
        return LUM_OK;
    }
    enum lum_status status = number_of(view, name, out);
    if (status != LUM_OK) {
        return status;
    }
    uint32_t at = (uint32_t)names->texts.len;
    lum_buf_put(&names->texts, name.at, name.len);
    if (names->texts.broken) {
        lum_names_reset(names);
        return LUM_NO_MEMORY;
    }
    *slot = (struct slot){hash, at, (uint32_t)name.len, *out};
    names->count++;
    return LUM_OK;
}
