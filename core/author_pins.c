/*
 * author_pins.c - what our events name of other logs: the deps of their ops, and a few more.
 *
 *   first event of a log    our other heads on its shelf and on gov: what this device had said
 *   after a meeting         the newest clock holder's head, once a day: our clock is judged by it
 *
 * A dep carries a hash only while our log has not pinned that log as high; what it pinned is known
 * from the view, if that had all of our log when the batch began, and from a small table of the
 * batch.
 */
#include <string.h>

#include "core/space_i.h"

enum {
    OWN_HEADS_MAX = 3, /* of a shelf: older ones are named by these */
    DAY_MS = 24 * 60 * 60 * 1000,
};

/* ---- looking a dep up ---- */

static struct lum_own_pin *slot_of(struct lum_own_log *own, uint32_t lno)
{
    return &own->pins[lno & (LUM_OWN_PINS - 1)];
}

/* How far a log has applied. */
static enum lum_status applied(const struct lum_space *space, uint32_t lno, uint64_t *out)
{
    struct lum_view_wait wait = {0};
    enum lum_status status = lum_view_log(space->view_txn, lno, &wait);
    *out = wait.applied;
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/*
 * The newest position of log `lno` that our log has pinned, as far as is known: 0 when none. What
 * a batch pins lies above what the view knew as it began, so a view that had all of our log then
 * may be asked; one that lagged may know a pin that a later event of ours has lowered since.
 */
static enum lum_status pinned(struct lum_space *space, struct lum_own_log *own, uint32_t lno,
                              const uint8_t log8[8], uint64_t *out)
{
    const struct lum_own_pin *slot = slot_of(own, lno);
    uint64_t known = 0;
    if (slot->lno == lno) {
        *out = slot->seq;
        return LUM_OK;
    }
    enum lum_status status = applied(space, own->lno, &known);
    *out = 0;
    return status == LUM_OK && known >= own->begun
               ? lum_view_pin(space->view_txn, own->lno, log8, out)
               : status;
}

static enum lum_status hash_at(struct lum_space *space, uint32_t lno, uint64_t seq, uint8_t out[16])
{
    struct lum_view_pos pos;
    if (lum_view_pos(space->view_txn, lno, seq, &pos) == LUM_OK) {
        memcpy(out, pos.h16, sizeof pos.h16);
        return LUM_OK;
    }
    struct lum_hash h;
    enum lum_status status = lum_log_hash_at(space->reader, space->log_txn, lno, seq, &h);
    memcpy(out, h.b, 16);
    return status;
}

static enum lum_status look_up(void *self, uint32_t lno, uint64_t seq, struct lum_dep *out,
                               struct lum_error *err)
{
    struct lum_author_look *look = self;
    struct lum_space *space = look->space;
    struct lum_log_row row;
    uint64_t known = 0;
    enum lum_status status = lum_log_get(space->log_txn, lno, &row);
    if (status != LUM_OK) {
        return lum_space_fail(space->log, status, err);
    }
    *out = (struct lum_dep){.seq = seq};
    memcpy(out->log8, row.place.log_id.b, sizeof out->log8);
    status = pinned(space, look->own, lno, out->log8, &known);
    if (status != LUM_OK) {
        return lum_space_fail(space->view, status, err);
    }
    out->is_pin = seq > known;
    if (!out->is_pin) {
        return LUM_OK;
    }
    LUM_ASSERT(look->made_count < LUM_DEPS_MAX);
    look->made[look->made_count++] = (struct lum_own_pin){lno, seq};
    status = hash_at(space, lno, seq, out->hash16);
    return status == LUM_OK ? status : lum_space_fail(space->log, status, err);
}

struct lum_pin_source lum_author_source(struct lum_author_look *look)
{
    return (struct lum_pin_source){.self = look, .look = look_up};
}

void lum_author_keep_pins(struct lum_author_look *look)
{
    for (uint32_t i = 0; i < look->made_count; i++) {
        *slot_of(look->own, look->made[i].lno) = look->made[i];
    }
}

/* ---- what is due ---- */

static void add_pin(struct lum_author_pins *pins, uint32_t lno, uint64_t seq)
{
    LUM_ASSERT(pins->count < LUM_AUTHOR_PINS_MAX);
    pins->at[pins->count++] = (struct lum_own_pin){lno, seq};
}

/* Only what has applied may be named, or others would wait for what we wait for. */
static enum lum_status add_own_heads(struct lum_space *space, const struct lum_own_log *own,
                                     uint8_t shelf, struct lum_author_pins *out)
{
    uint32_t lnos[LUM_INCARNATIONS_MAX];
    uint32_t count = 0;
    uint32_t added = 0;
    enum lum_status status = lum_log_find_by_author(space->log_txn, space->keys.author.public,
                                                    shelf, lnos, LUM_INCARNATIONS_MAX, &count);
    for (uint32_t i = count; status == LUM_OK && i > 0 && added < OWN_HEADS_MAX; i--) {
        uint64_t head = 0;
        status = lnos[i - 1] == own->lno ? LUM_OK : applied(space, lnos[i - 1], &head);
        if (head > 0) {
            add_pin(out, lnos[i - 1], head);
            added++;
        }
    }
    return status;
}

/* A clock holder's sane head with the greatest time, of the logs that a log on `shelf` may name. */
struct clock_head {
    uint32_t lno;
    uint64_t seq;
    uint64_t t;
    uint8_t log8[8];
};

static enum lum_status weigh_clock(struct lum_space *space, uint8_t shelf, uint32_t lno,
                                   struct clock_head *best)
{
    struct lum_log_row row;
    enum lum_status status = lum_log_get(space->log_txn, lno, &row);
    if (status != LUM_OK) {
        return status;
    }
    bool may_name = row.name.shelf == LUM_SHELF_GOV || row.name.shelf == shelf;
    bool is_ours = memcmp(row.name.author, space->keys.author.public, 32) == 0;
    if (!may_name || is_ours || lum_roster_holder(space->roster, row.name.author) < 0) {
        return LUM_OK;
    }
    struct lum_view_pos pos = {0};
    uint64_t head = 0;
    status = applied(space, lno, &head);
    if (status == LUM_OK && head > 0) {
        status = lum_view_pos(space->view_txn, lno, head, &pos);
    }
    if (status != LUM_OK || !pos.is_sane || pos.t <= best->t) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    *best = (struct clock_head){.lno = lno, .seq = head, .t = pos.t};
    memcpy(best->log8, row.place.log_id.b, sizeof best->log8);
    return LUM_OK;
}

static uint64_t today(const struct lum_space *space)
{
    return space->env->wall_ms(space->env->self) / DAY_MS;
}

static enum lum_status add_clock(struct lum_space *space, struct lum_own_log *own,
                                 struct lum_author_pins *out)
{
    if (!space->pin_is_due || today(space) == space->pin_day || space->roster == NULL) {
        return LUM_OK;
    }
    struct clock_head best = {0};
    enum lum_status status = LUM_OK;
    uint32_t count = lum_log_count(space->log_txn);
    for (uint32_t lno = 1; status == LUM_OK && lno <= count; lno++) {
        status = weigh_clock(space, own->row.name.shelf, lno, &best);
    }
    uint64_t known = 0;
    if (status == LUM_OK && best.lno != 0) {
        status = pinned(space, own, best.lno, best.log8, &known);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (best.lno == 0 || known >= best.seq) {
        space->pin_is_due = false;
        return LUM_OK;
    }
    add_pin(out, best.lno, best.seq);
    out->has_clock = true;
    return LUM_OK;
}

enum lum_status lum_author_pins_due(struct lum_space *space, struct lum_own_log *own,
                                    struct lum_author_pins *out, struct lum_error *err)
{
    uint8_t shelf = own->row.name.shelf;
    enum lum_status status = LUM_OK;
    *out = (struct lum_author_pins){.count = 0};
    if (own->place.chain.seq == 0) {
        status = add_own_heads(space, own, shelf, out);
        if (status == LUM_OK && shelf != LUM_SHELF_GOV) {
            status = add_own_heads(space, own, LUM_SHELF_GOV, out);
        }
    }
    if (status == LUM_OK) {
        status = add_clock(space, own, out);
    }
    return status == LUM_OK ? status : lum_space_fail(space->log, status, err);
}

enum lum_status lum_author_pins_done(struct lum_space *space, const struct lum_author_pins *pins,
                                     struct lum_error *err)
{
    if (!pins->has_clock) {
        return LUM_OK;
    }
    uint8_t day[8];
    space->pin_day = today(space);
    space->pin_is_due = false;
    lum_put_u64(day, space->pin_day);
    enum lum_status status =
        lum_log_note_put(space->log_txn, LUM_PIN_NOTE, lum_bytes_of(day, sizeof day));
    return status == LUM_OK ? status : lum_space_fail(space->log, status, err);
}
