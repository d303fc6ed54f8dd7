/*
 * control.c - writes and reads the genesis document and the payloads of kind 2.
 *
 * A reader refuses whatever a version-1 writer would not write, so what is read and written again
 * gives the same bytes. To refuse means void for a payload; nothing here can end a meeting.
 */
#include "core/control.h"

#include <string.h>

#include "core/crypto.h"
#include "core/event.h"
#include "core/limits.h"
#include "core/utf8.h"

enum {
    FORMAT = 1,
    GENESIS_FIELDS = 7,
    CLASS_MAX = 1,
};

bool lum_ref_equal(const struct lum_ref *a, const struct lum_ref *b)
{
    return a->seq == b->seq && memcmp(a->log8, b->log8, sizeof a->log8) == 0 &&
           memcmp(a->hash16, b->hash16, sizeof a->hash16) == 0;
}

/* ---- the genesis document ---- */

void lum_genesis_write(const struct lum_genesis *genesis, struct lum_buf *document)
{
    LUM_ASSERT(genesis->founder_count >= 1 && genesis->founder_count <= LUM_FOUNDERS_MAX);
    LUM_ASSERT(genesis->shelf_count <= LUM_SHELVES_MAX);
    lum_pack_array(document, GENESIS_FIELDS);
    lum_pack_uint(document, FORMAT);
    lum_pack_bin(document, genesis->salt, sizeof genesis->salt);
    lum_pack_uint(document, genesis->founded_ms);
    lum_pack_array(document, genesis->founder_count);
    for (uint32_t i = 0; i < genesis->founder_count; i++) {
        const struct lum_founder *founder = &genesis->founders[i];
        lum_pack_array(document, 3);
        lum_pack_bin(document, founder->a, sizeof founder->a);
        lum_pack_bin(document, founder->x, sizeof founder->x);
        lum_pack_bin(document, founder->t, sizeof founder->t);
    }
    lum_pack_uint(document, genesis->k);
    lum_pack_array(document, 0);
    lum_pack_array(document, genesis->shelf_count);
    for (uint32_t i = 0; i < genesis->shelf_count; i++) {
        lum_pack_array(document, 3);
        lum_pack_uint(document, genesis->shelves[i].index);
        lum_pack_cstr(document, genesis->shelves[i].name);
        lum_pack_uint(document, genesis->shelves[i].class);
    }
}

static void founders_read(struct lum_cur *cur, struct lum_genesis *out)
{
    out->founder_count = lum_cur_array(cur, LUM_FOUNDERS_MAX);
    for (uint32_t i = 0; i < out->founder_count; i++) {
        struct lum_founder *founder = &out->founders[i];
        lum_cur_array_exact(cur, 3);
        lum_cur_bin_exact(cur, founder->a, sizeof founder->a);
        lum_cur_bin_exact(cur, founder->x, sizeof founder->x);
        lum_cur_bin_exact(cur, founder->t, sizeof founder->t);
        for (uint32_t j = 0; j < i; j++) {
            if (memcmp(out->founders[j].a, founder->a, sizeof founder->a) == 0) {
                lum_cur_fail(cur, LUM_FAULT_HEADER);
            }
        }
    }
}

static void shelves_read(struct lum_cur *cur, struct lum_genesis *out)
{
    out->shelf_count = lum_cur_array(cur, LUM_SHELVES_MAX);
    for (uint32_t i = 0; i < out->shelf_count; i++) {
        lum_cur_array_exact(cur, 3);
        out->shelves[i].index = (uint8_t)lum_cur_uint(cur, LUM_SHELVES_MAX - 1);
        struct lum_bytes name = lum_cur_str(cur, LUM_SHELF_NAME_MAX);
        out->shelves[i].class = (uint8_t)lum_cur_uint(cur, CLASS_MAX);
        bool ascends = i == 0 || out->shelves[i].index > out->shelves[i - 1].index;
        if (name.len == 0 || lum_utf8_has_control(name) || !ascends) {
            lum_cur_fail(cur, LUM_FAULT_HEADER);
            return;
        }
        memcpy(out->shelves[i].name, name.at, name.len);
    }
}

static bool begins_open(const struct lum_genesis *genesis)
{
    return genesis->shelf_count >= 2 && genesis->shelves[0].index == LUM_SHELF_GOV &&
           genesis->shelves[0].class == 0 && genesis->shelves[1].index == LUM_SHELF_COMMON &&
           genesis->shelves[1].class == 0;
}

bool lum_genesis_read(struct lum_bytes document, struct lum_genesis *out)
{
    memset(out, 0, sizeof *out);
    struct lum_cur cur = lum_cur_over(document);
    lum_cur_array_exact(&cur, GENESIS_FIELDS);
    uint64_t format = lum_cur_uint(&cur, FORMAT);
    lum_cur_bin_exact(&cur, out->salt, sizeof out->salt);
    out->founded_ms = lum_cur_uint(&cur, ((uint64_t)1 << LUM_TIME_BITS) - 1);
    founders_read(&cur, out);
    out->k = (uint32_t)lum_cur_uint(&cur, LUM_FOUNDERS_MAX);
    lum_cur_array_exact(&cur, 0);
    shelves_read(&cur, out);
    return lum_cur_end(&cur) == LUM_FAULT_NONE && format == FORMAT && out->k >= 1 &&
           out->k <= out->founder_count && begins_open(out);
}

void lum_genesis_id(struct lum_bytes document, struct lum_hash *out)
{
    lum_hash32(LUM_LABEL_genesis, document, out);
}

void lum_genesis_epoch(const struct lum_hash *space, uint8_t out[16])
{
    memcpy(out, space->b, 16);
}

/* ---- writing ---- */

static void ref_write(const struct lum_ref *ref, struct lum_buf *out)
{
    lum_pack_array(out, 3);
    lum_pack_bin(out, ref->log8, sizeof ref->log8);
    lum_pack_uint(out, ref->seq);
    lum_pack_bin(out, ref->hash16, sizeof ref->hash16);
}

/* How many elements each payload has, the op's number included. */
static const uint32_t elements[] = {
    [LUM_GENESIS] = 2, [LUM_INVITE] = 7, [LUM_CANCEL] = 2, [LUM_JOIN] = 6, [LUM_ADMIT] = 5,
};

void lum_control_write(const struct lum_control *control, struct lum_buf *payload)
{
    lum_pack_array(payload, elements[control->op]);
    lum_pack_uint(payload, (uint64_t)control->op);
    switch (control->op) {
    case LUM_GENESIS:
        lum_pack_raw(payload, control->document);
        break;
    case LUM_INVITE:
        lum_pack_bin(payload, control->invite.pk, sizeof control->invite.pk);
        lum_pack_uint(payload, control->invite.role);
        lum_pack_uint(payload, control->invite.uses);
        lum_pack_uint(payload, control->invite.expiry_ms);
        lum_pack_uint(payload, control->invite.g);
        lum_pack_bin(payload, control->invite.enc48, sizeof control->invite.enc48);
        break;
    case LUM_CANCEL:
        ref_write(&control->cancel, payload);
        break;
    case LUM_JOIN:
        ref_write(&control->join.invite, payload);
        for (size_t i = 0; i < 3; i++) {
            lum_pack_bin(payload, control->join.axt + 32 * i, 32);
        }
        lum_pack_bin(payload, control->join.sig.b, sizeof control->join.sig.b);
        break;
    case LUM_ADMIT:
        ref_write(&control->admit.join, payload);
        lum_pack_uint(payload, control->admit.role);
        lum_pack_array(payload, 0);
        lum_pack_array(payload, 0);
        break;
    }
}

/* ---- reading ---- */

static uint64_t at_least_one(struct lum_cur *cur, uint64_t max)
{
    uint64_t v = lum_cur_uint(cur, max);
    if (v == 0) {
        lum_cur_fail(cur, LUM_FAULT_OVER_LIMIT);
    }
    return v;
}

static void ref_read(struct lum_cur *cur, struct lum_ref *out)
{
    lum_cur_array_exact(cur, 3);
    lum_cur_bin_exact(cur, out->log8, sizeof out->log8);
    out->seq = at_least_one(cur, INT64_MAX);
    lum_cur_bin_exact(cur, out->hash16, sizeof out->hash16);
}

static void document_read(struct lum_cur *cur, struct lum_control *out)
{
    struct lum_genesis genesis;
    out->document = lum_cur_any(cur, LUM_DEPTH_MAX - 1);
    if (!lum_genesis_read(out->document, &genesis)) {
        lum_cur_fail(cur, LUM_FAULT_HEADER);
    }
}

static void invite_read(struct lum_cur *cur, struct lum_control *out)
{
    lum_cur_bin_exact(cur, out->invite.pk, sizeof out->invite.pk);
    out->invite.role = (uint8_t)at_least_one(cur, LUM_ROLE_STEWARD);
    out->invite.uses = at_least_one(cur, INT64_MAX);
    out->invite.expiry_ms = lum_cur_uint(cur, INT64_MAX);
    out->invite.g = lum_cur_uint(cur, UINT32_MAX);
    lum_cur_bin_exact(cur, out->invite.enc48, sizeof out->invite.enc48);
}

static void join_read(struct lum_cur *cur, struct lum_control *out)
{
    ref_read(cur, &out->join.invite);
    for (size_t i = 0; i < 3; i++) {
        lum_cur_bin_exact(cur, out->join.axt + 32 * i, 32);
    }
    lum_cur_bin_exact(cur, out->join.sig.b, sizeof out->join.sig.b);
}

static void admit_read(struct lum_cur *cur, struct lum_control *out)
{
    ref_read(cur, &out->admit.join);
    out->admit.role = (uint8_t)at_least_one(cur, LUM_ROLE_STEWARD);
    lum_cur_array_exact(cur, 0);
    lum_cur_array_exact(cur, 0);
}

bool lum_control_read(struct lum_bytes payload, struct lum_control *out)
{
    memset(out, 0, sizeof *out);
    struct lum_cur cur = lum_cur_over(payload);
    uint32_t n = lum_cur_array(&cur, elements[LUM_INVITE]);
    uint64_t op = lum_cur_uint(&cur, LUM_ADMIT);
    if (cur.fault != LUM_FAULT_NONE || n != elements[op]) {
        return false;
    }
    out->op = (enum lum_control_op)op;
    switch (out->op) {
    case LUM_GENESIS:
        document_read(&cur, out);
        break;
    case LUM_INVITE:
        invite_read(&cur, out);
        break;
    case LUM_CANCEL:
        ref_read(&cur, &out->cancel);
        break;
    case LUM_JOIN:
        join_read(&cur, out);
        break;
    case LUM_ADMIT:
        admit_read(&cur, out);
        break;
    }
    return lum_cur_end(&cur) == LUM_FAULT_NONE;
}
