/*
 * pen.c - writes and signs a log event by event; see pen.h.
 */
#include "tests/lib/pen.h"

#include <stdio.h>
#include <string.h>

enum {
    RUN_MAX = 4 << 20,
};

void pen_begin(struct pen *pen, const struct pen_space *space, const struct lum_sign_key *key,
               uint32_t incarnation, uint8_t shelf)
{
    uint8_t epoch[16];
    memset(pen, 0, sizeof *pen);
    pen->key = *key;
    pen->first = 1;
    pen->name.shelf = shelf;
    memcpy(pen->name.author, key->public, sizeof pen->name.author);
    memcpy(pen->name.incarnation, "pen ", 4);
    lum_put_u32(pen->name.incarnation + 4, incarnation);
    memcpy(pen->place.author, key->public, sizeof pen->place.author);
    lum_genesis_epoch(&space->id, epoch);
    lum_log_id(&space->id, &pen->name, &pen->place.log_id);
    lum_range_init(&pen->place.range);
    lum_chain_start(&pen->place.log_id, space->founded_ms, epoch, &pen->place.chain);
    lum_buf_init(&pen->run, RUN_MAX);
}

void pen_end(struct pen *pen)
{
    lum_buf_fini(&pen->run);
}

static void seal(struct pen *pen)
{
    const struct lum_seal_claim claim = {
        .log_id = &pen->place.log_id,
        .chain = &pen->place.chain,
        .range = pen->is_boundary ? &pen->place.range : NULL,
    };
    LUM_ASSERT(pen->seal_count < PEN_SEALS_MAX);
    lum_seal_make(&claim, &pen->key, &pen->seals[pen->seal_count++]);
}

bool pen_add(struct pen *pen, struct lum_header *header, struct lum_bytes payload)
{
    struct lum_chain chain = pen->place.chain;
    bool is_boundary = false;
    header->plen = (uint32_t)payload.len;
    if (lum_chain_step(&chain, header, payload, &is_boundary) != LUM_FAULT_NONE) {
        return false;
    }
    lum_run_append(&pen->run, header, payload);
    LUM_ASSERT(!pen->run.broken);
    pen->place.chain = chain;
    pen->is_boundary = is_boundary;
    if (pen->is_boundary) {
        lum_range_add(&pen->place.range, &pen->place.chain.h);
        seal(pen);
    }
    return true;
}

void pen_add_record(struct pen *pen, uint64_t key, size_t len)
{
    static const char letters[] = "the same again and again, and again the same, over and over";
    struct lum_buf payload;
    struct lum_header header = {.kind = LUM_KIND_DATA, .dt = 1};
    char name[24];
    (void)snprintf(name, sizeof name, "b%llu", (unsigned long long)key);
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_pack_array(&payload, 2);
    lum_pack_array(&payload, 0);
    lum_pack_array(&payload, 1);
    lum_pack_array(&payload, 4);
    lum_pack_uint(&payload, 18);
    lum_pack_cstr(&payload, "item");
    lum_pack_cstr(&payload, name);
    lum_pack_map(&payload, 1);
    lum_pack_cstr(&payload, "note");
    lum_pack_str(&payload, lum_bytes_of(letters, len < sizeof letters ? len : sizeof letters - 1));
    LUM_ASSERT(pen_add(pen, &header, lum_buf_bytes(&payload)));
    lum_buf_fini(&payload);
}

void pen_seal(struct pen *pen)
{
    if (!pen->is_boundary) {
        seal(pen);
    }
}

void pen_add_control(struct pen *pen, const struct lum_control *control)
{
    struct lum_buf payload;
    struct lum_header header = {.kind = LUM_KIND_CONTROL, .dt = 1};
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_control_write(control, &payload);
    LUM_ASSERT(pen_add(pen, &header, lum_buf_bytes(&payload)));
    lum_buf_fini(&payload);
}

struct lum_ingest pen_run(const struct pen *pen)
{
    return (struct lum_ingest){
        .name = pen->name,
        .first = pen->first,
        .plain_len = (uint32_t)pen->run.len,
        .bytes = lum_buf_bytes(&pen->run),
        .seals = {pen->seals, pen->seal_count},
    };
}
