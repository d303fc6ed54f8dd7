/*
 * event.c - reads, writes and hashes headers, and moves a log's chain on by one event.
 *
 * A header's bytes, with the places that matter for hashing:
 *
 *   95|96   kind   dt   deps   plen   phash: c0 or c4 20 + 32   [epoch: c4 10 + 16]
 *                                     ^ cut                     only in the form 96
 *
 * phash stands at a fixed distance from the end, so the hash input (phash in full) is spliced from
 * the bytes as they came, on the stack, without writing the header a second time.
 */
#include "core/event.h"

#include <string.h>

#include "core/crypto.h"

enum {
    FIELDS = 5, /* and one more with an epoch */
    NIL_SPELLED = 1,
    PHASH_SPELLED = 2 + 32,
    EPOCH_SPELLED = 2 + 16,
};

static const int64_t TIME_END = (int64_t)1 << LUM_TIME_BITS;

void lum_log_id(const struct lum_hash *space, const struct lum_log_name *name, struct lum_hash *out)
{
    struct lum_hasher h;
    lum_hash_init(&h, LUM_LABEL_log, sizeof out->b);
    lum_hash_add(&h, space->b, sizeof space->b);
    lum_hash_add(&h, name->author, sizeof name->author);
    lum_hash_add(&h, name->incarnation, sizeof name->incarnation);
    lum_hash_add_u8(&h, name->shelf);
    lum_hash_end(&h, out->b, sizeof out->b);
}

/* ---- reading ---- */

static void dep_read(struct lum_cur *cur, struct lum_dep *out)
{
    uint32_t n = lum_cur_array(cur, LUM_ELEMENTS_MAX);
    if (n != 2 && n != 3) {
        lum_cur_fail(cur, LUM_FAULT_DEPS);
        return;
    }
    lum_cur_bin_exact(cur, out->log8, sizeof out->log8);
    int64_t seq = lum_cur_int(cur);
    if (seq < 1) {
        lum_cur_fail(cur, LUM_FAULT_DEPS);
    }
    out->seq = (uint64_t)seq;
    out->is_pin = n == 3;
    memset(out->hash16, 0, sizeof out->hash16);
    if (out->is_pin) {
        lum_cur_bin_exact(cur, out->hash16, sizeof out->hash16);
    }
}

static void deps_read(struct lum_cur *cur, struct lum_header *out)
{
    out->dep_count = 0;
    uint32_t n = lum_cur_array(cur, LUM_ELEMENTS_MAX);
    if (n > LUM_DEPS_MAX) {
        lum_cur_fail(cur, LUM_FAULT_DEPS);
    }
    for (uint32_t i = 0; i < n && cur->fault == LUM_FAULT_NONE; i++) {
        struct lum_dep *dep = &out->deps[i];
        dep_read(cur, dep);
        if (i > 0 && memcmp(out->deps[i - 1].log8, dep->log8, sizeof dep->log8) >= 0) {
            lum_cur_fail(cur, LUM_FAULT_DEPS);
        }
        out->dep_count = i + 1;
    }
}

/* An int in 0..max; out of it, the fault that names this field. */
static uint32_t ranged(struct lum_cur *cur, uint32_t max, enum lum_fault fault)
{
    int64_t v = lum_cur_int(cur);
    if (v < 0 || v > (int64_t)max) {
        lum_cur_fail(cur, fault);
        return 0;
    }
    return (uint32_t)v;
}

static void phash_read(struct lum_cur *cur, struct lum_header *out)
{
    out->has_phash = lum_cur_peek(cur) != LUM_PACK_NIL;
    if (!out->has_phash) {
        lum_cur_nil(cur);
        return;
    }
    lum_cur_bin_exact(cur, out->phash.b, sizeof out->phash.b);
    if (out->plen == 0) {
        lum_cur_fail(cur, LUM_FAULT_HEADER); /* nothing can be withheld: nil is the one spelling */
    }
}

void lum_header_read(struct lum_cur *cur, struct lum_header *out)
{
    uint32_t n = lum_cur_array(cur, LUM_ELEMENTS_MAX);
    if (n != FIELDS && n != FIELDS + 1) {
        lum_cur_fail(cur, LUM_FAULT_HEADER);
    }
    out->kind = (uint8_t)ranged(cur, LUM_KIND_MAX, LUM_FAULT_HEADER);
    out->dt = lum_cur_int(cur);
    deps_read(cur, out);
    out->plen = ranged(cur, LUM_PAYLOAD_MAX, LUM_FAULT_PAYLOAD_LENGTH);
    phash_read(cur, out);
    out->has_epoch = n == FIELDS + 1;
    if (out->has_epoch) {
        lum_cur_bin_exact(cur, out->epoch, sizeof out->epoch);
    }
}

/* ---- writing ---- */

static void dep_write(const struct lum_dep *dep, struct lum_buf *out)
{
    lum_pack_array(out, dep->is_pin ? 3 : 2);
    lum_pack_bin(out, dep->log8, sizeof dep->log8);
    lum_pack_uint(out, dep->seq);
    if (dep->is_pin) {
        lum_pack_bin(out, dep->hash16, sizeof dep->hash16);
    }
}

void lum_header_write(const struct lum_header *header, bool with_phash, struct lum_buf *out)
{
    LUM_ASSERT(header->kind <= LUM_KIND_MAX);
    LUM_ASSERT(header->dep_count <= LUM_DEPS_MAX);
    LUM_ASSERT(header->plen <= LUM_PAYLOAD_MAX);
    lum_pack_array(out, header->has_epoch ? FIELDS + 1 : FIELDS);
    lum_pack_uint(out, header->kind);
    lum_pack_int(out, header->dt);
    lum_pack_array(out, header->dep_count);
    for (uint32_t i = 0; i < header->dep_count; i++) {
        dep_write(&header->deps[i], out);
    }
    lum_pack_uint(out, header->plen);
    if (with_phash) {
        lum_pack_bin(out, header->phash.b, sizeof header->phash.b);
    } else {
        lum_pack_nil(out);
    }
    if (header->has_epoch) {
        lum_pack_bin(out, header->epoch, sizeof header->epoch);
    }
}

/* ---- hashing ---- */

void lum_payload_hash(struct lum_bytes payload, struct lum_hash *out)
{
    lum_hash32(LUM_LABEL_payload, payload, out);
}

/* raw: the header as it travels, phash nil unless header->has_phash. */
static void hash_raw(const struct lum_hash *previous, const struct lum_header *header,
                     struct lum_bytes raw, struct lum_hash *out)
{
    uint8_t in[sizeof previous->b + LUM_HEADER_MAX];
    size_t tail = header->has_epoch ? EPOCH_SPELLED : 0;
    size_t cut = raw.len - tail - (header->has_phash ? PHASH_SPELLED : NIL_SPELLED);
    LUM_ASSERT(cut + PHASH_SPELLED + tail <= LUM_HEADER_MAX);

    memcpy(in, previous->b, sizeof previous->b);
    uint8_t *at = in + sizeof previous->b;
    memcpy(at, raw.at, cut);
    at += cut;
    at[0] = 0xc4;
    at[1] = sizeof header->phash.b;
    memcpy(at + 2, header->phash.b, sizeof header->phash.b);
    at += PHASH_SPELLED;
    memcpy(at, raw.at + raw.len - tail, tail);
    at += tail;
    lum_hash32(LUM_LABEL_event, (struct lum_bytes){in, (size_t)(at - in)}, out);
}

/* The header as it travels, on the stack: a buffer that starts with all its room never grows. */
static struct lum_bytes spell(const struct lum_header *header, uint8_t at[LUM_HEADER_MAX])
{
    struct lum_buf buf = {.at = at, .room = LUM_HEADER_MAX, .max = LUM_HEADER_MAX};
    lum_header_write(header, header->has_phash, &buf);
    LUM_ASSERT(!buf.broken);
    return lum_buf_bytes(&buf);
}

void lum_event_hash(const struct lum_hash *previous, const struct lum_header *header,
                    struct lum_hash *out)
{
    uint8_t at[LUM_HEADER_MAX];
    hash_raw(previous, header, spell(header, at), out);
}

/* ---- the chain ---- */

void lum_chain_start(const struct lum_hash *log_id, uint64_t founded_ms, const uint8_t epoch[16],
                     struct lum_chain *out)
{
    LUM_ASSERT(founded_ms < (uint64_t)TIME_END);
    memset(out, 0, sizeof *out);
    out->h = *log_id;
    out->t = founded_ms;
    memcpy(out->epoch, epoch, sizeof out->epoch);
}

static enum lum_fault payload_settle(struct lum_header *header, struct lum_bytes payload)
{
    if (header->has_phash && payload.len == 0) {
        return LUM_FAULT_NONE;
    }
    if (payload.len != header->plen) {
        return LUM_FAULT_PAYLOAD_LENGTH;
    }
    struct lum_hash phash;
    lum_payload_hash(payload, &phash);
    if (header->has_phash && memcmp(phash.b, header->phash.b, sizeof phash.b) != 0) {
        return LUM_FAULT_PAYLOAD_HASH;
    }
    header->phash = phash;
    return LUM_FAULT_NONE;
}

static enum lum_fault continues(const struct lum_chain *chain, const struct lum_header *header)
{
    int64_t t = (int64_t)chain->t;
    if (chain->seq >= INT64_MAX) {
        return LUM_FAULT_OVER_LIMIT;
    }
    if (header->dt < -t || header->dt >= TIME_END - t) {
        return LUM_FAULT_TIME;
    }
    if (header->has_epoch && memcmp(header->epoch, chain->epoch, sizeof chain->epoch) == 0) {
        return LUM_FAULT_EPOCH;
    }
    return LUM_FAULT_NONE;
}

static bool ends_segment(struct lum_chain *chain, uint32_t plen)
{
    chain->segment_events++;
    chain->segment_bytes += plen;
    bool ends =
        chain->segment_events == LUM_SEGMENT_EVENTS || chain->segment_bytes >= LUM_SEGMENT_BYTES;
    if (ends) {
        chain->segment_events = 0;
        chain->segment_bytes = 0;
    }
    return ends;
}

enum lum_fault lum_chain_step_raw(struct lum_chain *chain, struct lum_header *header,
                                  struct lum_bytes raw, struct lum_bytes payload, bool *is_boundary)
{
    enum lum_fault fault = continues(chain, header);
    if (fault == LUM_FAULT_NONE) {
        fault = payload_settle(header, payload);
    }
    if (fault != LUM_FAULT_NONE) {
        return fault;
    }
    hash_raw(&chain->h, header, raw, &chain->h);
    chain->seq++;
    chain->t = (uint64_t)((int64_t)chain->t + header->dt);
    if (header->has_epoch) {
        memcpy(chain->epoch, header->epoch, sizeof chain->epoch);
    }
    *is_boundary = ends_segment(chain, header->plen);
    return LUM_FAULT_NONE;
}

enum lum_fault lum_chain_step(struct lum_chain *chain, struct lum_header *header,
                              struct lum_bytes payload, bool *is_boundary)
{
    uint8_t at[LUM_HEADER_MAX];
    return lum_chain_step_raw(chain, header, spell(header, at), payload, is_boundary);
}
