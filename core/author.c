/*
 * author.c - our own logs: opened, chained, sealed.
 *
 *   an event -> chain -> run ... the 64th, or 32 KiB: a boundary, sealed at once
 *                            ... flush: the last event is sealed, the run goes to the log
 *
 * A seal is made before its event is durable, but leaves the device only after: whatever leaves is
 * read through transactions that see committed rows alone.
 *
 * A log in doubt is never continued: two copies of one store would each say something else at the
 * same position. The note that names a new incarnation is durable before its first event is made.
 */
#include <string.h>

#include "core/space_i.h"

/* ---- sealing ---- */

static void seal(const struct lum_space *space, struct lum_own_log *own, bool is_boundary)
{
    LUM_ASSERT(own->seal_count < LUM_COUNT(own->seals));
    const struct lum_seal_claim claim = {
        .log_id = &own->place.log_id,
        .chain = &own->place.chain,
        .range = is_boundary ? &own->place.range : NULL,
    };
    lum_seal_make(&claim, &space->keys.author, &own->seals[own->seal_count++]);
}

static void empty(struct lum_own_log *own)
{
    lum_buf_reset(&own->run);
    own->count = 0;
    own->seal_count = 0;
}

static enum lum_status flush(struct lum_space *space, struct lum_own_log *own,
                             struct lum_error *err)
{
    if (own->count == 0) {
        return LUM_OK;
    }
    if (!own->marks[own->count - 1].is_boundary) {
        seal(space, own, false);
    }
    const struct lum_log_growth growth = {
        .run = lum_buf_bytes(&own->run),
        .marks = own->marks,
        .count = own->count,
        .seals = {own->seals, own->seal_count},
        .place = &own->place,
    };
    uint64_t arrival = 0;
    enum lum_status status =
        lum_log_append(space->log_txn, space->squeezer, &own->row, &growth, &arrival);
    if (status != LUM_OK) {
        return lum_space_fail(space->log, status, err);
    }
    empty(own);
    return lum_space_add_grown(space, own->row.lno, own->place.chain.seq, err);
}

enum lum_status lum_author_flush(struct lum_space *space, struct lum_error *err)
{
    enum lum_status status = LUM_OK;
    for (size_t i = 0; i < LUM_SHELVES_MAX && status == LUM_OK; i++) {
        status = flush(space, &space->own[i], err);
    }
    return status;
}

void lum_author_forget(struct lum_space *space)
{
    for (size_t i = 0; i < LUM_SHELVES_MAX; i++) {
        empty(&space->own[i]);
        space->own[i].lno = 0;
    }
}

/* ---- opening ---- */

static enum lum_status open_incarnation(struct lum_space *space, struct lum_error *err)
{
    enum lum_status status = lum_author_flush(space, err);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_home home = {.in_doubt = false};
    space->env->random(space->env->self, home.incarnation, sizeof home.incarnation);
    status = lum_home_write(space->env, space->dir, &home, err);
    if (status == LUM_OK) {
        space->home = home;
        lum_author_forget(space);
    }
    return status;
}

static struct lum_log_name name_on(const struct lum_space *space, uint8_t shelf)
{
    struct lum_log_name name = {.shelf = shelf};
    memcpy(name.author, space->keys.author.public, sizeof name.author);
    memcpy(name.incarnation, space->home.incarnation, sizeof name.incarnation);
    return name;
}

static enum lum_status take(struct lum_own_log *own, const struct lum_log_row *row,
                            struct lum_error *err)
{
    if (own->marks == NULL) {
        own->marks = lum_alloc(LUM_OWN_RUN_EVENTS * sizeof *own->marks);
    }
    if (own->marks == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    empty(own);
    own->lno = row->lno;
    own->row = *row;
    own->place = row->place;
    own->begun = row->place.chain.seq;
    memset(own->pins, 0, sizeof own->pins);
    return LUM_OK;
}

/* The log this incarnation has on the shelf; NOT_FOUND, untold, when it has none that can go on. */
static enum lum_status find(struct lum_space *space, uint8_t shelf, struct lum_error *err)
{
    const struct lum_log_name name = name_on(space, shelf);
    struct lum_hash log_id;
    struct lum_log_row row;
    uint32_t lno = 0;
    lum_log_id(&space->id, &name, &log_id);
    enum lum_status status = lum_log_find(space->log_txn, &log_id, &lno);
    if (status == LUM_NOT_FOUND) {
        return status;
    }
    if (status == LUM_OK) {
        status = lum_log_get(space->log_txn, lno, &row);
    }
    if (status != LUM_OK) {
        return lum_space_fail(space->log, status, err);
    }
    if (row.is_frozen) { /* it forked: as good as in doubt */
        space->home.in_doubt = true;
        return LUM_NOT_FOUND;
    }
    return take(&space->own[shelf], &row, err);
}

enum lum_status lum_author_find(struct lum_space *space, uint8_t shelf, struct lum_error *err)
{
    LUM_ASSERT(space->log_txn != NULL && space->has_genesis && shelf < LUM_SHELVES_MAX);
    if (space->home.in_doubt) {
        space->own[shelf].lno = 0;
    }
    if (space->home.in_doubt || space->own[shelf].lno != 0) {
        return LUM_OK;
    }
    enum lum_status status = find(space, shelf, err);
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* Nobody takes more logs of one device than these: what stood in another one would never travel. */
static enum lum_status check_room(struct lum_space *space, uint8_t shelf, struct lum_error *err)
{
    uint32_t lnos[LUM_INCARNATIONS_MAX];
    uint32_t count = 0;
    enum lum_status status = lum_log_find_by_author(space->log_txn, space->keys.author.public,
                                                    shelf, lnos, LUM_INCARNATIONS_MAX, &count);
    if (status != LUM_OK) {
        return lum_space_fail(space->log, status, err);
    }
    return count < LUM_INCARNATIONS_MAX
               ? LUM_OK
               : lum_fail_number(err, LUM_CAUSE_too_many_logs, space->dir, LUM_INCARNATIONS_MAX);
}

/* The first event of a log names what its writer had seen: so the view is brought level first. */
static enum lum_status make(struct lum_space *space, uint8_t shelf, struct lum_error *err)
{
    enum lum_status status = check_room(space, shelf, err);
    if (status == LUM_OK) {
        status = lum_space_catch_up(space, err);
    }
    if (status == LUM_OK && space->home.in_doubt) {
        status = open_incarnation(space, err);
    }
    struct lum_log_row row;
    const struct lum_log_name name = name_on(space, shelf);
    if (status == LUM_OK) {
        status = lum_log_create(space->log_txn, &space->id, &name, space->founded_ms, &row);
        status = status == LUM_OK ? status : lum_space_fail(space->log, status, err);
    }
    return status == LUM_OK ? take(&space->own[shelf], &row, err) : status;
}

enum lum_status lum_author_open(struct lum_space *space, uint8_t shelf, struct lum_own_log **out,
                                struct lum_error *err)
{
    enum lum_status status = lum_author_find(space, shelf, err);
    if (status == LUM_OK && space->own[shelf].lno == 0) {
        status = make(space, shelf, err);
    }
    *out = &space->own[shelf];
    return status;
}

/* ---- adding ---- */

/* A clock outside of what a header can say is cut to it: a wrong one wins nothing either way. */
int64_t lum_author_dt(const struct lum_space *space, const struct lum_own_log *own)
{
    const uint64_t last = ((uint64_t)1 << LUM_TIME_BITS) - 1;
    uint64_t now = space->env->wall_ms(space->env->self);
    return (int64_t)(now > last ? last : now) - (int64_t)own->place.chain.t;
}

enum lum_status lum_author_add(struct lum_space *space, struct lum_own_log *own,
                               struct lum_header *header, struct lum_bytes payload,
                               struct lum_error *err)
{
    LUM_ASSERT(own->lno != 0 && own->count < LUM_OWN_RUN_EVENTS && header->plen == payload.len);
    struct lum_chain *chain = &own->place.chain;
    size_t offset = own->run.len;
    bool is_boundary = false;
    header->has_phash = false;
    header->has_epoch = false;
    lum_run_append(&own->run, header, payload);
    if (own->run.broken) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    size_t length = own->run.len - offset;
    const struct lum_bytes raw = {own->run.at + offset, length - payload.len};
    enum lum_fault fault = lum_chain_step_raw(chain, header, raw, payload, &is_boundary);
    LUM_ASSERT(fault == LUM_FAULT_NONE);
    if (is_boundary) {
        lum_range_add(&own->place.range, &chain->h);
        seal(space, own, true);
    }
    own->marks[own->count++] = (struct lum_run_mark){
        .offset = (uint32_t)offset,
        .length = (uint32_t)length,
        .is_boundary = is_boundary,
        .chain = *chain,
    };
    space->is_level = false;
    space->is_settled = false;
    bool is_full = own->count == LUM_OWN_RUN_EVENTS || own->run.len >= LUM_OWN_RUN_BYTES ||
                   own->seal_count == LUM_BLOCK_SEGMENTS_MAX;
    return is_full ? flush(space, own, err) : LUM_OK;
}
