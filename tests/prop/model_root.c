/*
 * model_root.c - docs/format.md 6.5: leaves, buckets, the root. With a msgpack writer of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"
#include "tests/prop/model.h"

enum {
    BUCKETS = 4096,
    VERSION = 1,
};

struct bytes {
    uint8_t *at;
    size_t len;
    size_t room;
};

/* ---- canonical msgpack, as far as a leaf needs it (1.2) ---- */

static void put(struct bytes *out, const void *at, size_t len)
{
    if (out->len + len > out->room) {
        out->room = 2 * (out->len + len);
        out->at = realloc(out->at, out->room);
        LUM_ASSERT(out->at != NULL);
    }
    memcpy(out->at + out->len, at, len);
    out->len += len;
}

/* A first byte and then v, big-endian, in `width` bytes. */
static void put_head(struct bytes *out, unsigned first, uint64_t v, unsigned width)
{
    uint8_t head[9] = {(uint8_t)first};
    for (unsigned i = 0; i < width; i++) {
        head[1 + i] = (uint8_t)(v >> (8 * (width - 1 - i)));
    }
    put(out, head, 1 + width);
}

static void put_uint(struct bytes *out, uint64_t v)
{
    if (v < 128) {
        put_head(out, (unsigned)v, 0, 0);
    } else if (v < 256) {
        put_head(out, 0xcc, v, 1);
    } else if (v < 65536) {
        put_head(out, 0xcd, v, 2);
    } else if (v < UINT64_C(4294967296)) {
        put_head(out, 0xce, v, 4);
    } else {
        put_head(out, 0xcf, v, 8);
    }
}

static void put_array(struct bytes *out, size_t n)
{
    if (n < 16) {
        put_head(out, 0x90 | (unsigned)n, 0, 0);
    } else if (n < 65536) {
        put_head(out, 0xdc, n, 2);
    } else {
        put_head(out, 0xdd, n, 4);
    }
}

static void put_map(struct bytes *out, size_t n)
{
    if (n < 16) {
        put_head(out, 0x80 | (unsigned)n, 0, 0);
    } else {
        put_head(out, 0xde, n, 2);
    }
}

static void put_str(struct bytes *out, const char *text)
{
    size_t len = strlen(text);
    if (len < 32) {
        put_head(out, 0xa0 | (unsigned)len, 0, 0);
    } else if (len < 256) {
        put_head(out, 0xd9, len, 1);
    } else {
        put_head(out, 0xda, len, 2);
    }
    put(out, text, len);
}

static void put_bin(struct bytes *out, const uint8_t *at, size_t len)
{
    put_head(out, 0xc4, len, 1);
    put(out, at, len);
}

/* ---- a leaf ---- */

static void put_dot_in(struct bytes *out, const struct model_set *set, const struct model_dot *dot)
{
    put_bin(out, set->logs[dot->log].id, 32);
    put_uint(out, dot->seq);
    put_uint(out, dot->op);
}

static void put_dots(struct bytes *out, const struct model_set *set, const struct model_dot *dots,
                     uint32_t count)
{
    put_array(out, count);
    for (uint32_t i = 0; i < count; i++) {
        put_array(out, 3);
        put_dot_in(out, set, &dots[i]);
    }
}

static void put_cell(struct bytes *out, const struct model_set *set, const struct model_cell *cell)
{
    put_str(out, cell->field);
    put_array(out, 1); /* one type of op in version 1 */
    put_array(out, 2);
    put_uint(out, MODEL_SET);
    put_array(out, cell->count);
    for (uint32_t i = 0; i < cell->count; i++) {
        put_array(out, 4);
        put_dot_in(out, set, &cell->siblings[i].at);
        put(out, cell->siblings[i].value.at, cell->siblings[i].value.len);
    }
}

static void hash_leaf(const struct model_set *set, const struct model_record *record,
                      uint8_t out[32])
{
    struct bytes leaf = {0};
    put_array(&leaf, 5);
    put_str(&leaf, record->collection);
    put_bin(&leaf, record->id, 16);
    put_dots(&leaf, set, record->existence, record->existence_count);
    put_dots(&leaf, set, record->drops, record->drop_count);
    put_map(&leaf, record->cell_count);
    for (uint32_t i = 0; i < record->cell_count; i++) {
        put_cell(&leaf, set, &record->cells[i]);
    }
    struct lum_hasher h;
    lum_hash_init(&h, LUM_LABEL_state, 32);
    lum_hash_add(&h, leaf.at, leaf.len);
    lum_hash_end(&h, out, 32);
    free(leaf.at);
}

/* ---- buckets and the root ---- */

static uint32_t bucket_of(const struct model_record *record)
{
    return (uint32_t)record->id[0] << 4 | record->id[1] >> 4;
}

static void hash_bucket(const struct model_set *set, const struct model_state *state,
                        uint32_t shelf, uint32_t bucket, uint8_t out[32])
{
    struct lum_hasher h;
    bool is_empty = true;
    lum_hash_init(&h, LUM_LABEL_state, 32);
    for (uint32_t i = 0; i < state->record_count; i++) {
        const struct model_record *record = &state->records[i];
        if (record->shelf == shelf && record->life != MODEL_UNMADE && bucket_of(record) == bucket) {
            uint8_t leaf[32];
            hash_leaf(set, record, leaf);
            lum_hash_add(&h, leaf, 32);
            is_empty = false;
        }
    }
    lum_hash_end(&h, out, 32);
    if (is_empty) {
        memset(out, 0, 32);
    }
}

void model_root(const struct model_set *set, const struct model_state *state, uint32_t shelf,
                uint8_t out[32])
{
    static const uint8_t empty[32];
    static bool is_used[BUCKETS];
    struct lum_hasher h;
    memset(is_used, 0, sizeof is_used);
    for (uint32_t i = 0; i < state->record_count; i++) {
        is_used[bucket_of(&state->records[i])] |= state->records[i].shelf == shelf;
    }
    lum_hash_init(&h, LUM_LABEL_state, 32);
    lum_hash_add_u16(&h, VERSION);
    for (uint32_t bucket = 0; bucket < BUCKETS; bucket++) {
        uint8_t hash[32];
        if (is_used[bucket]) {
            hash_bucket(set, state, shelf, bucket, hash);
        }
        lum_hash_add(&h, is_used[bucket] ? hash : empty, 32);
    }
    lum_hash_end(&h, out, 32);
}
