/*
 * view_event.c - one event: what it has seen, whether it counts, what it does.
 *
 *   deps applied?  no -> it waits, and its log with it
 *   L and clock of its past -> is its time sane?
 *   verdict:  void      malformed, or of a kind or on a shelf where it can mean nothing
 *             pending   of an author who may not write it, or not yet; control events never are
 *             effect    ops onto records; receipts, control events and withheld payloads: none here
 *   its place in `pos`, its pins
 *
 * Void comes before pending, for it does not depend on a set that grows. Both count as applied, and
 * a clock holder's void event still shows its clock.
 */
#include <string.h>

#include "core/control.h"
#include "core/view_i.h"

enum {
    KEY = 4 + 8,
};

/* ---- the past ---- */

static struct lum_bytes seq_key(uint32_t lno, uint64_t seq, uint8_t key[KEY])
{
    lum_put_u32(key, lno);
    lum_put_u64(key + 4, seq);
    return lum_bytes_of(key, KEY);
}

/* What the past of one event brings to a log. */
struct past {
    uint64_t l;
    bool grew; /* other holders' clocks */
};

static enum lum_status join_own(struct lum_view_state *state, const struct lum_view_state *other,
                                uint64_t own, struct past *past)
{
    if (other->holder == 0 || own == 0) {
        return LUM_OK;
    }
    if (other->holder == state->holder) {
        state->own = own > state->own ? own : state->own;
        return LUM_OK;
    }
    return lum_clock_raise(&state->clock, other->holder, own, &past->grew);
}

static enum lum_status join_clock(struct lum_view *view, struct lum_view_state *state, uint32_t lno,
                                  uint64_t clock_at, struct past *past)
{
    uint8_t key[KEY];
    struct lum_bytes row;
    if (clock_at == 0) {
        return LUM_OK;
    }
    enum lum_status status = lum_txn_get(view->txn, LUM_V_CLOCK, seq_key(lno, clock_at, key), &row);
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    return lum_clock_join(&state->clock, row, state->holder, &state->own, &past->grew);
}

static enum lum_status join(struct lum_view *view, struct lum_view_state *state,
                            const struct lum_view_dep *dep, struct past *past)
{
    struct lum_view_state *other = NULL;
    struct lum_pos pos;
    if (dep->is_covered || dep->seq == 0 || dep->lno == state->lno) {
        return LUM_OK;
    }
    enum lum_status status = lum_view_state_pos(view, dep->lno, dep->seq, &pos);
    if (status == LUM_OK) {
        status = lum_view_state_get(view, dep->lno, &other);
    }
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    past->l = pos.l > past->l ? pos.l : past->l;
    status = join_own(state, other, pos.own, past);
    return status == LUM_OK ? join_clock(view, state, dep->lno, pos.clock, past) : status;
}

static enum lum_status past_join(struct lum_view *view, struct lum_view_state *state,
                                 const struct lum_log_event *event, const struct lum_view_dep *deps,
                                 struct past *past)
{
    enum lum_status status = LUM_OK;
    *past = (struct past){.l = state->l};
    for (uint32_t i = 0; i < event->header->dep_count && status == LUM_OK; i++) {
        status = join(view, state, &deps[i], past);
    }
    if (status != LUM_OK || !past->grew) {
        return status;
    }
    uint8_t key[KEY];
    lum_buf_reset(&view->bytes);
    lum_clock_write(&state->clock, &view->bytes);
    status = lum_buf_status(&view->bytes);
    state->clock_at = event->seq;
    view->appended_bytes += view->bytes.len;
    return status == LUM_OK
               ? lum_txn_put(view->txn, LUM_V_CLOCK, seq_key(state->lno, event->seq, key),
                             lum_buf_bytes(&view->bytes))
               : status;
}

/* ---- the verdict ---- */

static enum lum_void control_verdict(const struct lum_view_state *state,
                                     const struct lum_log_event *event)
{
    struct lum_control control;
    if (state->shelf != LUM_SHELF_GOV) {
        return LUM_VOID_SHELF;
    }
    bool is_void = !event->header->has_phash && !lum_control_read(event->payload, &control);
    return is_void ? LUM_VOID_CONTROL : LUM_VOID_NOT;
}

static enum lum_status data_verdict(struct lum_view *view, const struct lum_view_state *state,
                                    const struct lum_log_event *event, struct lum_payload *out)
{
    if (state->shelf == LUM_SHELF_GOV || state->shelf >= LUM_SHELVES_MAX) {
        out->why = LUM_VOID_SHELF;
        return LUM_OK;
    }
    if (event->header->has_phash) {
        return LUM_OK;
    }
    const struct lum_payload_place place = {
        .space = lum_roster_space(view->roster),
        .log_id = &state->log_id,
        .shelf = state->shelf,
        .seq = event->seq,
        .header = event->header,
    };
    return lum_payload_read(event->payload, &place, &view->arena, out);
}

static enum lum_status verdict(struct lum_view *view, const struct lum_view_state *state,
                               const struct lum_log_event *event, struct lum_payload *out)
{
    *out = (struct lum_payload){.why = LUM_VOID_NOT};
    switch (event->header->kind) {
    case LUM_KIND_DATA:
        return data_verdict(view, state, event, out);
    case LUM_KIND_CONTROL:
        out->why = control_verdict(state, event);
        return LUM_OK;
    case LUM_KIND_RECEIPT:
        return LUM_OK;
    default:
        out->why = LUM_VOID_KIND;
        return LUM_OK;
    }
}

static enum lum_status list_void(struct lum_view *view, const struct lum_view_state *state,
                                 uint64_t seq, enum lum_void why)
{
    uint8_t key[KEY];
    uint8_t reason = (uint8_t)why;
    if (why == LUM_VOID_NOT) {
        view->counts.pending++;
    } else {
        view->counts.voided++;
    }
    return lum_txn_put(view->txn, LUM_V_VOID, seq_key(state->lno, seq, key),
                       lum_bytes_of(&reason, sizeof reason));
}

/* Control events are judged by the roster, each by itself. */
static bool may_write(const struct lum_view_state *state, uint8_t kind)
{
    if (kind == LUM_KIND_CONTROL) {
        return true;
    }
    int right = kind == LUM_KIND_DATA ? LUM_RIGHT_DATA : LUM_RIGHT_OTHER;
    return (state->rights & right) != 0;
}

/* Gives the flags that the verdict leaves in `pos`. */
static enum lum_status effect(struct lum_view *view, struct lum_view_state *state,
                              const struct lum_log_event *event, const struct lum_view_dep *deps,
                              uint16_t *flags)
{
    struct lum_payload payload;
    enum lum_status status = verdict(view, state, event, &payload);
    if (status != LUM_OK) {
        return status;
    }
    if (payload.why != LUM_VOID_NOT) {
        *flags = LUM_POS_VOID;
        return list_void(view, state, event->seq, payload.why);
    }
    *flags = event->header->has_phash ? LUM_POS_WITHHELD : 0;
    if (!may_write(state, event->header->kind)) {
        *flags |= LUM_POS_PENDING;
        return list_void(view, state, event->seq, LUM_VOID_NOT);
    }
    if (event->header->has_phash || event->header->kind != LUM_KIND_DATA) {
        return LUM_OK;
    }
    return lum_view_ops_apply(view, &(struct lum_view_event){state, event->seq, deps}, &payload);
}

enum lum_status lum_view_event_apply(struct lum_view *view, struct lum_view_state *state,
                                     const struct lum_log_event *event)
{
    struct lum_view_dep deps[LUM_DEPS_MAX];
    struct past past;
    uint16_t flags = 0;
    LUM_ASSERT(event->seq == state->applied + 1);
    lum_arena_reset(&view->arena);
    enum lum_status status = lum_view_deps_settle(view, state, event->header, deps);
    if (status == LUM_OK) {
        status = past_join(view, state, event, deps, &past);
    }
    if (status != LUM_OK) {
        return status;
    }
    uint64_t t = event->chain.t;
    bool is_sane = lum_clock_is_sane(&state->clock, state->holder, state->own, view->founded_ms, t);
    if (is_sane && state->holder != 0 && t > state->own) {
        state->own = t;
    }
    status = effect(view, state, event, deps, &flags);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_pos pos = {
        .t = t,
        .flags = (uint16_t)(flags | (is_sane ? LUM_POS_SANE : 0)),
        .l = past.l + 1,
        .own = state->own,
        .clock = state->clock_at,
    };
    memcpy(pos.h16, event->chain.h.b, sizeof pos.h16);
    status = lum_view_state_push(view, state, &pos);
    return status == LUM_OK ? lum_view_pins_put(view, state, event->header, deps) : status;
}
