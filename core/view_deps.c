/*
 * view_deps.c - has everything that an event names applied?
 *
 *   [log8, seq, hash16]   the log among those of this shelf and of gov whose id begins with log8
 *                         and whose h(seq) matches; or one that is frozen at or before seq,
 *                         whatever its hash: then the fork point stands for it
 *   [log8, seq]           what this log's latest pin of log8 means, if that stands at or above seq
 *
 * A frozen log goes before a matching hash, so that the answer does not depend on which of two logs
 * with one log8 came first. (A freeze that changes an answer given earlier makes the view anew.)
 */
#include <string.h>

#include "core/view_i.h"

enum {
    SAME8_MAX = 16, /* logs that share 8 bytes of their hash: two is an attack already */
    PIN_KEY = 4 + 8,
    PIN_LEN = 8 + 4,
};

/* The latest pin of log8 by a log; lno 0 when there is none. */
struct pin {
    uint64_t seq; /* as it was written */
    uint32_t lno;
};

static struct lum_bytes pin_key(uint32_t lno, const uint8_t log8[8], uint8_t key[PIN_KEY])
{
    lum_put_u32(key, lno);
    memcpy(key + 4, log8, 8);
    return lum_bytes_of(key, PIN_KEY);
}

static enum lum_status pin_get(struct lum_view *view, uint32_t lno, const uint8_t log8[8],
                               struct pin *out)
{
    uint8_t key[PIN_KEY];
    struct lum_bytes row;
    *out = (struct pin){0};
    enum lum_status status = lum_txn_get(view->txn, LUM_V_PIN, pin_key(lno, log8, key), &row);
    if (status == LUM_NOT_FOUND) {
        return LUM_OK;
    }
    if (status == LUM_OK && row.len != PIN_LEN) {
        return LUM_CORRUPT;
    }
    if (status == LUM_OK) {
        out->seq = lum_get_u64(row.at);
        out->lno = lum_get_u32(row.at + 8);
    }
    return status;
}

static void stand_on(const struct lum_view_state *log, uint64_t seq, struct lum_view_dep *out)
{
    out->lno = log->lno;
    out->names_max = log->is_frozen ? log->fork_point : UINT64_MAX;
    out->seq = seq < out->names_max ? seq : out->names_max;
}

static bool is_before(const struct lum_view_state *a, const struct lum_view_state *b)
{
    return memcmp(a->log_id.b, b->log_id.b, sizeof a->log_id.b) < 0;
}

/* The logs a pin may mean. */
static enum lum_status candidates(struct lum_view *view, const struct lum_view_state *state,
                                  const struct lum_dep *dep, struct lum_view_state **out,
                                  uint32_t *count)
{
    uint32_t lnos[SAME8_MAX];
    uint32_t found = 0;
    enum lum_status status = lum_log_find8(view->log, dep->log8, lnos, SAME8_MAX, &found);
    *count = 0;
    for (uint32_t i = 0; i < found && status == LUM_OK; i++) {
        struct lum_view_state *log = NULL;
        status = lum_view_state_get(view, lnos[i], &log);
        if (status == LUM_OK && (log->shelf == state->shelf || log->shelf == LUM_SHELF_GOV)) {
            out[(*count)++] = log;
        }
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* AGAIN: no log that matches has applied so far. */
static enum lum_status pin_settle(struct lum_view *view, const struct lum_view_state *state,
                                  const struct lum_dep *dep, struct lum_view_dep *out)
{
    struct lum_view_state *logs[SAME8_MAX];
    struct lum_view_state *frozen = NULL;
    uint32_t count = 0;
    enum lum_status status = candidates(view, state, dep, logs, &count);
    if (status != LUM_OK) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        bool stands = logs[i]->is_frozen && dep->seq >= logs[i]->fork_point;
        if (stands && (frozen == NULL || is_before(logs[i], frozen))) {
            frozen = logs[i];
        }
    }
    if (frozen != NULL) {
        stand_on(frozen, dep->seq, out);
        return frozen->applied >= frozen->fork_point ? LUM_OK : LUM_AGAIN;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct lum_pos pos;
        status = lum_view_state_pos(view, logs[i]->lno, dep->seq, &pos);
        if (status == LUM_OK && memcmp(pos.h16, dep->hash16, sizeof pos.h16) == 0) {
            stand_on(logs[i], dep->seq, out);
            return LUM_OK;
        }
        if (status != LUM_OK && status != LUM_NOT_FOUND) {
            return status;
        }
    }
    return LUM_AGAIN;
}

static enum lum_status dep_settle(struct lum_view *view, const struct lum_view_state *state,
                                  const struct lum_dep *dep, struct lum_view_dep *out)
{
    struct pin pin;
    enum lum_status status = pin_get(view, state->lno, dep->log8, &pin);
    if (status != LUM_OK) {
        return status;
    }
    if (dep->is_pin) {
        status = pin_settle(view, state, dep, out);
        out->is_covered = status == LUM_OK && pin.lno == out->lno && pin.seq >= out->seq;
        return status;
    }
    if (pin.lno == 0 || pin.seq < dep->seq) {
        return LUM_AGAIN;
    }
    struct lum_view_state *log = NULL;
    status = lum_view_state_get(view, pin.lno, &log);
    if (status == LUM_OK) {
        stand_on(log, dep->seq, out);
        out->is_covered = true;
    }
    return status;
}

enum lum_status lum_view_deps_settle(struct lum_view *view, struct lum_view_state *state,
                                     const struct lum_header *header, struct lum_view_dep *out)
{
    for (uint32_t i = 0; i < header->dep_count; i++) {
        enum lum_status status = dep_settle(view, state, &header->deps[i], &out[i]);
        if (status == LUM_AGAIN) {
            memcpy(state->want8, header->deps[i].log8, sizeof state->want8);
            state->want_seq = header->deps[i].seq;
        }
        if (status != LUM_OK) {
            return status;
        }
    }
    return LUM_OK;
}

enum lum_status lum_view_pins_put(struct lum_view *view, const struct lum_view_state *state,
                                  const struct lum_header *header, const struct lum_view_dep *deps)
{
    enum lum_status status = LUM_OK;
    for (uint32_t i = 0; i < header->dep_count && status == LUM_OK; i++) {
        if (!header->deps[i].is_pin) {
            continue;
        }
        uint8_t key[PIN_KEY];
        uint8_t row[PIN_LEN];
        lum_put_u64(row, header->deps[i].seq);
        lum_put_u32(row + 8, deps[i].lno);
        status = lum_txn_put(view->txn, LUM_V_PIN, pin_key(state->lno, header->deps[i].log8, key),
                             lum_bytes_of(row, sizeof row));
    }
    return status;
}
