/*
 * view_log.c - how far each log has been applied, and what is known of each applied event.
 *
 * The newest row of `pos` of a log stays in its state and is written once a batch, so that an event
 * costs 42 bytes of memory and no put. Rows of `clock` are written at once: they are rare, except
 * for an author who pins something new with every event.
 */
#include <string.h>

#include "core/view_i.h"

enum {
    VLOG_LEN = 8 + 1 + 1 + 8 + 8 + 8,
    POS_KEY = 4 + 8,
    IS_WAITING = 1,
    IS_FROZEN = 2,
    IS_QUEUED = 4,
    DEVICE_LOGS_MAX = LUM_INCARNATIONS_MAX,
};

void lum_pos_read(const uint8_t at[LUM_POS_LEN], struct lum_pos *out)
{
    memcpy(out->h16, at, sizeof out->h16);
    out->t = lum_get_u48(at + 16);
    out->flags = lum_get_u16(at + 22);
    out->l = lum_get_u48(at + 24);
    out->own = lum_get_u48(at + 30);
    out->clock = lum_get_u48(at + 36);
}

static void pos_write(const struct lum_pos *pos, uint8_t at[LUM_POS_LEN])
{
    memcpy(at, pos->h16, sizeof pos->h16);
    lum_put_u48(at + 16, pos->t);
    lum_put_u16(at + 22, pos->flags);
    lum_put_u48(at + 24, pos->l);
    lum_put_u48(at + 30, pos->own);
    lum_put_u48(at + 36, pos->clock);
}

/* ---- rows ---- */

static struct lum_bytes pos_key(uint32_t lno, uint64_t seq, uint8_t key[POS_KEY])
{
    lum_put_u32(key, lno);
    lum_put_u64(key + 4, (seq - 1) / LUM_POS_ROW);
    return lum_bytes_of(key, POS_KEY);
}

static struct lum_bytes clock_key(uint32_t lno, uint64_t seq, uint8_t key[POS_KEY])
{
    lum_put_u32(key, lno);
    lum_put_u64(key + 4, seq);
    return lum_bytes_of(key, POS_KEY);
}

bool lum_vlog_read(struct lum_bytes row, struct lum_vlog_row *out)
{
    if (row.len != VLOG_LEN) {
        return false;
    }
    out->applied = lum_get_u64(row.at);
    out->rights = row.at[8];
    out->is_waiting = (row.at[9] & IS_WAITING) != 0;
    out->is_frozen = (row.at[9] & IS_FROZEN) != 0;
    out->is_queued = (row.at[9] & IS_QUEUED) != 0;
    out->fork_point = lum_get_u64(row.at + 10);
    memcpy(out->want8, row.at + 18, sizeof out->want8);
    out->want_seq = lum_get_u64(row.at + 26);
    return true;
}

static void vlog_write(const struct lum_view_state *state, uint8_t row[VLOG_LEN])
{
    int flags = (state->is_waiting ? IS_WAITING : 0) | (state->known_frozen ? IS_FROZEN : 0) |
                (state->is_queued ? IS_QUEUED : 0);
    lum_put_u64(row, state->applied);
    row[8] = state->rights;
    row[9] = (uint8_t)flags;
    lum_put_u64(row + 10, state->known_fork);
    memcpy(row + 18, state->want8, sizeof state->want8);
    lum_put_u64(row + 26, state->want_seq);
}

/* ---- one log's state ---- */

uint8_t lum_view_rights_of(const struct lum_roster *roster, const struct lum_log_name *name)
{
    int rights = 0;
    bool has_data = name->shelf != LUM_SHELF_GOV;
    if (has_data && lum_roster_may(roster, name->author, LUM_KIND_DATA, name->shelf)) {
        rights |= LUM_RIGHT_DATA;
    }
    if (lum_roster_may(roster, name->author, LUM_KIND_RECEIPT, name->shelf)) {
        rights |= LUM_RIGHT_OTHER;
    }
    if (lum_roster_holder(roster, name->author) >= 0) {
        rights |= LUM_RIGHT_HOLDER;
    }
    return (uint8_t)rights;
}

/* The device's first log here, on whatever shelf. */
static enum lum_status holder_number(struct lum_view *view, const uint8_t author[32], uint32_t *out)
{
    uint32_t least = 0;
    for (uint32_t shelf = 0; shelf < LUM_SHELVES_MAX; shelf++) {
        uint32_t first = 0;
        uint32_t count = 0;
        enum lum_status status =
            lum_log_find_by_author(view->log, author, (uint8_t)shelf, &first, 1, &count);
        if (status != LUM_OK && status != LUM_NOT_FOUND) {
            return status;
        }
        if (count > 0 && (least == 0 || first < least)) {
            least = first;
        }
    }
    *out = least;
    return LUM_OK;
}

/* The head as this batch's transaction of the log has it. */
static void look(struct lum_view *view, struct lum_view_state *state, const struct lum_log_row *row)
{
    state->looked = view->batch;
    state->is_frozen = row->is_frozen;
    state->fork_point = row->fork_point;
    state->head = row->place.chain.seq;
    if (row->is_frozen && row->fork_point < state->head) {
        state->head = row->fork_point;
    }
}

static enum lum_status load_newest(struct lum_view *view, struct lum_view_state *state)
{
    uint8_t key[POS_KEY];
    struct lum_bytes row;
    struct lum_pos pos;
    if (state->applied == 0) {
        return LUM_OK;
    }
    enum lum_status status =
        lum_txn_get(view->txn, LUM_V_POS, pos_key(state->lno, state->applied, key), &row);
    size_t in_row = (size_t)((state->applied - 1) % LUM_POS_ROW) + 1;
    if (status != LUM_OK || row.len != in_row * LUM_POS_LEN) {
        return status == LUM_OK || status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    memcpy(state->row, row.at, row.len);
    lum_pos_read(state->row + (in_row - 1) * LUM_POS_LEN, &pos);
    state->l = pos.l;
    state->own = pos.own;
    state->clock_at = pos.clock;
    if (pos.clock == 0) {
        return LUM_OK;
    }
    bool grew = false;
    status = lum_txn_get(view->txn, LUM_V_CLOCK, clock_key(state->lno, pos.clock, key), &row);
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    return lum_clock_join(&state->clock, row, state->holder, &state->own, &grew);
}

static enum lum_status load(struct lum_view *view, struct lum_view_state *state)
{
    uint8_t key[4];
    struct lum_log_row log;
    struct lum_bytes row;
    struct lum_vlog_row vlog = {0};
    enum lum_status status = lum_log_get(view->log, state->lno, &log);
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    state->log_id = log.place.log_id;
    state->shelf = log.name.shelf;
    state->rights = lum_view_rights_of(view->roster, &log.name);
    look(view, state, &log);
    if ((state->rights & LUM_RIGHT_HOLDER) != 0) {
        status = holder_number(view, log.name.author, &state->holder);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_put_u32(key, state->lno);
    status = lum_txn_get(view->txn, LUM_V_VLOG, lum_bytes_of(key, sizeof key), &row);
    if (status == LUM_NOT_FOUND) {
        return LUM_OK;
    }
    if (status != LUM_OK || !lum_vlog_read(row, &vlog)) {
        return status == LUM_OK ? LUM_CORRUPT : status;
    }
    state->applied = vlog.applied;
    state->known_frozen = vlog.is_frozen;
    state->known_fork = vlog.fork_point;
    state->is_waiting = vlog.is_waiting;
    memcpy(state->want8, vlog.want8, sizeof state->want8);
    state->want_seq = vlog.want_seq;
    return load_newest(view, state);
}

static enum lum_status make_room(struct lum_view *view, uint32_t lno)
{
    if (lno < view->state_room) {
        return LUM_OK;
    }
    uint32_t room = view->state_room == 0 ? 16 : view->state_room;
    while (room <= lno) {
        room *= 2;
    }
    struct lum_view_state **states = lum_realloc(view->states, room * sizeof *states);
    if (states == NULL) {
        return LUM_NO_MEMORY;
    }
    memset(states + view->state_room, 0, (room - view->state_room) * sizeof *states);
    view->states = states;
    view->state_room = room;
    return LUM_OK;
}

static enum lum_status state_make(struct lum_view *view, uint32_t lno, struct lum_view_state **out)
{
    struct lum_view_state *state = lum_alloc_zero(sizeof *state);
    if (state == NULL) {
        return LUM_NO_MEMORY;
    }
    state->lno = lno;
    enum lum_status status = load(view, state);
    if (status != LUM_OK) {
        lum_clock_fini(&state->clock);
        lum_free(state);
        return status;
    }
    view->states[lno] = state;
    view->state_count++;
    *out = state;
    return LUM_OK;
}

enum lum_status lum_view_state_get(struct lum_view *view, uint32_t lno, struct lum_view_state **out)
{
    LUM_ASSERT(lno != 0);
    enum lum_status status = make_room(view, lno);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_view_state *state = view->states[lno];
    if (state == NULL) {
        return state_make(view, lno, out);
    }
    if (state->looked != view->batch) {
        struct lum_log_row row;
        status = lum_log_get(view->log, lno, &row);
        if (status != LUM_OK) {
            return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
        }
        look(view, state, &row);
    }
    *out = state;
    return LUM_OK;
}

/* ---- positions ---- */

static struct lum_bytes held_row(const struct lum_view_state *state)
{
    size_t count = state->applied == 0 ? 0 : (size_t)((state->applied - 1) % LUM_POS_ROW) + 1;
    return lum_bytes_of(state->row, count * LUM_POS_LEN);
}

static enum lum_status row_put(struct lum_view *view, const struct lum_view_state *state)
{
    uint8_t key[POS_KEY];
    if (state->applied == 0) {
        return LUM_OK;
    }
    return lum_txn_append(view->txn, LUM_V_POS, pos_key(state->lno, state->applied, key),
                          held_row(state));
}

enum lum_status lum_view_state_push(struct lum_view *view, struct lum_view_state *state,
                                    const struct lum_pos *pos)
{
    uint64_t i = state->applied % LUM_POS_ROW;
    enum lum_status status = i == 0 ? row_put(view, state) : LUM_OK; /* the full row before */
    if (status != LUM_OK) {
        return status;
    }
    pos_write(pos, state->row + i * LUM_POS_LEN);
    view->appended_bytes += LUM_POS_LEN;
    state->applied++;
    state->l = pos->l;
    state->is_changed = true;
    return LUM_OK;
}

enum lum_status lum_view_state_pos(struct lum_view *view, uint32_t lno, uint64_t seq,
                                   struct lum_pos *out)
{
    struct lum_view_state *state = NULL;
    enum lum_status status = lum_view_state_get(view, lno, &state);
    if (status != LUM_OK) {
        return status;
    }
    if (seq == 0 || seq > state->applied) {
        return LUM_NOT_FOUND;
    }
    struct lum_bytes row = held_row(state);
    size_t offset = (size_t)((seq - 1) % LUM_POS_ROW) * LUM_POS_LEN;
    if ((seq - 1) / LUM_POS_ROW != (state->applied - 1) / LUM_POS_ROW) {
        uint8_t key[POS_KEY];
        status = lum_txn_get(view->txn, LUM_V_POS, pos_key(lno, seq, key), &row);
    }
    if (status != LUM_OK || offset + LUM_POS_LEN > row.len) {
        return status == LUM_OK || status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    lum_pos_read(row.at + offset, out);
    return LUM_OK;
}

/* ---- the end of a batch ---- */

static enum lum_status state_put(struct lum_view *view, struct lum_view_state *state)
{
    uint8_t key[4];
    uint8_t row[VLOG_LEN];
    lum_put_u32(key, state->lno);
    vlog_write(state, row);
    enum lum_status status = lum_txn_put(view->txn, LUM_V_VLOG, lum_bytes_of(key, sizeof key),
                                         lum_bytes_of(row, sizeof row));
    state->is_changed = false;
    return status == LUM_OK ? row_put(view, state) : status;
}

enum lum_status lum_view_states_flush(struct lum_view *view)
{
    enum lum_status status = LUM_OK;
    for (uint32_t i = 0; i < view->state_room && status == LUM_OK; i++) {
        if (view->states[i] != NULL && view->states[i]->is_changed) {
            status = state_put(view, view->states[i]);
        }
    }
    return status;
}

void lum_view_states_forget(struct lum_view *view)
{
    for (uint32_t i = 0; i < view->state_room; i++) {
        if (view->states[i] != NULL) {
            lum_clock_fini(&view->states[i]->clock);
            lum_free(view->states[i]);
            view->states[i] = NULL;
        }
    }
    view->state_count = 0;
}
