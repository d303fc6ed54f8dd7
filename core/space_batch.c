/*
 * space_batch.c - one batch: what came in and what we say, in one transaction of the log.
 *
 *   begin   log_txn opens (and view_txn, unless it is still open from before)
 *   ingest  strangers' runs; a new gov event makes the roster stale
 *   append  our events gather in core/author.c
 *   commit  seals, roster, one durable commit of the log; then, if its load is due, of the view
 */
#include <string.h>

#include "core/space_i.h"

/* ---- begin and end ---- */

enum lum_status lum_space_begin(struct lum_space *space, struct lum_error *err)
{
    LUM_ASSERT(space->log_txn == NULL);
    space->grown_count = 0;
    lum_room_look(&space->room, space->env, space->dir);
    enum lum_status status = lum_space_heal(space, err);
    if (status == LUM_OK) {
        lum_space_level(space);
        status = lum_space_resume(space, err);
    }
    if (status == LUM_OK) {
        status = lum_space_refresh_roster(space, space->log_txn, err);
    }
    if (status != LUM_OK) {
        lum_space_abort(space);
    }
    return status;
}

enum lum_status lum_space_resume(struct lum_space *space, struct lum_error *err)
{
    enum lum_status status = lum_space_check_open(space, err);
    if (status == LUM_OK) {
        status = lum_txn_begin_write(space->log, &space->log_txn, err);
    }
    if (status == LUM_OK && space->view_txn == NULL) {
        status = lum_txn_begin_write(space->view, &space->view_txn, err);
    }
    return status;
}

/* Whatever a batch left in memory but its growth. */
static void forget(struct lum_space *space)
{
    space->log_txn = NULL;
    space->view_saw_batch = false;
    lum_author_forget(space);
}

/* The log's transaction has ended without a commit: nothing of the batch is true any more. */
static void give_up(struct lum_space *space, bool with_view)
{
    if (with_view) {
        lum_space_view_abort(space);
    }
    forget(space);
    space->grown_count = 0;
    space->roster_is_stale = space->has_genesis;
    space->pin_is_due = true; /* a pin may be gone with the batch; one too many is harmless */
    space->pin_day = 0;
    space->is_level = false;
    space->is_settled = false;
}

void lum_space_abort(struct lum_space *space)
{
    if (space->log_txn == NULL) {
        return;
    }
    lum_txn_abort(space->log_txn);
    give_up(space, space->view_saw_batch);
}

enum lum_status lum_space_commit_log(struct lum_space *space, struct lum_error *err)
{
    LUM_ASSERT(space->log_txn != NULL);
    enum lum_status status = lum_author_flush(space, err);
    if (status == LUM_OK) {
        status = lum_space_refresh_roster(space, space->log_txn, err);
    }
    if (status != LUM_OK) {
        lum_space_abort(space);
        return status;
    }
    status = lum_txn_commit(space->log_txn, err);
    if (status != LUM_OK) {
        give_up(space, true);
        return status;
    }
    forget(space);
    return LUM_OK;
}

enum lum_status lum_space_commit(struct lum_space *space, struct lum_error *err)
{
    enum lum_status status = lum_space_commit_log(space, err);
    if (status == LUM_OK && space->view_load >= LUM_VIEW_DIRTY_PAGES_MAX &&
        lum_space_view_commit(space, NULL) != LUM_OK) {
        space->is_level = false; /* the log has it: the next settle tries again, and tells */
    }
    return status;
}

struct lum_txn *lum_space_log_txn(struct lum_space *space)
{
    LUM_ASSERT(space->log_txn != NULL);
    return space->log_txn;
}

struct lum_txn *lum_space_view_txn(struct lum_space *space)
{
    LUM_ASSERT(space->view_txn != NULL);
    return space->view_txn;
}

/* ---- growth and roster ---- */

enum lum_status lum_space_add_grown(struct lum_space *space, uint32_t lno, uint64_t head,
                                    struct lum_error *err)
{
    for (size_t i = space->grown_count; i > 0; i--) {
        if (space->grown[i - 1].lno == lno) {
            space->grown[i - 1].head = head;
            return LUM_OK;
        }
    }
    if (space->grown_count == space->grown_room) {
        size_t room = space->grown_room == 0 ? 16 : space->grown_room * 2;
        struct lum_growth *grown = lum_realloc(space->grown, room * sizeof *grown);
        if (grown == NULL) {
            return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
        }
        space->grown = grown;
        space->grown_room = room;
    }
    space->grown[space->grown_count++] = (struct lum_growth){lno, head};
    return LUM_OK;
}

size_t lum_space_grown(struct lum_space *space, const struct lum_growth **out)
{
    *out = space->grown;
    return space->grown_count;
}

enum lum_status lum_space_refresh_roster(struct lum_space *space, struct lum_txn *log,
                                         struct lum_error *err)
{
    if (!space->roster_is_stale) {
        return LUM_OK;
    }
    struct lum_roster *roster = NULL;
    enum lum_status status = lum_author_flush(space, err);
    if (status == LUM_OK) {
        status = lum_roster_read(log, &roster, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_roster_close(space->roster);
    space->roster = roster;
    space->roster_is_stale = false;
    space->roster_changed = true;
    return LUM_OK;
}

bool lum_space_roster_changed(struct lum_space *space)
{
    bool changed = space->roster_changed && !space->roster_is_stale;
    space->roster_changed = space->roster_changed && !changed;
    return changed;
}

/* ---- ingest ---- */

static bool is_ours(const struct lum_space *space, const struct lum_log_name *name)
{
    return memcmp(name->author, space->keys.author.public, sizeof name->author) == 0;
}

/* Someone else grew the very log that we would continue. A log of another incarnation of ours is
 * no sign of danger: it is what another copy of this store opened, or what we lost and get back. */
static bool is_continued_elsewhere(const struct lum_space *space, const struct lum_log_name *name)
{
    return is_ours(space, name) &&
           memcmp(name->incarnation, space->home.incarnation, sizeof name->incarnation) == 0;
}

static enum lum_status take_result(struct lum_space *space, const struct lum_ingest *in,
                                   const struct lum_ingest_result *result, struct lum_error *err)
{
    if (result->end != LUM_INGEST_TAKEN && result->end != LUM_INGEST_FORK) {
        return LUM_OK;
    }
    space->is_level = false;
    space->is_settled = false;
    space->roster_is_stale |= in->name.shelf == LUM_SHELF_GOV;
    space->rebuild_is_due |= result->end == LUM_INGEST_FORK;
    space->pin_is_due |= lum_roster_holder(space->roster, in->name.author) >= 0;
    enum lum_status status = lum_space_add_grown(space, result->lno, result->head, err);
    if (status == LUM_OK && is_continued_elsewhere(space, &in->name)) {
        status = lum_space_doubt(space, err);
    }
    return status;
}

enum lum_status lum_space_ingest(struct lum_space *space, const struct lum_ingest *in,
                                 struct lum_ingest_result *out, struct lum_error *err)
{
    LUM_ASSERT(space->log_txn != NULL);
    enum lum_status status = LUM_OK;
    if (!space->has_genesis) { /* nobody is known yet */
        *out = (struct lum_ingest_result){.end = LUM_INGEST_STRANGER};
        return LUM_OK;
    }
    if (!lum_room_has(&space->room, LUM_ROOM_REMOTE)) {
        *out = (struct lum_ingest_result){.end = LUM_INGEST_NO_ROOM};
        return LUM_OK;
    }
    if (is_ours(space, &in->name)) { /* our rows move under the gathered run */
        status = lum_author_flush(space, err);
        lum_author_forget(space);
    }
    bool is_again = false;
    while (status == LUM_OK) {
        const struct lum_ingest_space where = {
            .id = space->id, .founded_ms = space->founded_ms, .roster = space->roster};
        status = lum_ingest_run(space->ingester, space->log_txn, &where, in, out);
        if (status != LUM_OK) {
            return lum_space_fail(space->log, status, err);
        }
        if (out->end != LUM_INGEST_STRANGER || !space->roster_is_stale || is_again) {
            return take_result(space, in, out, err);
        }
        is_again = true; /* its JOIN may be valid by what this batch brought */
        status = lum_space_refresh_roster(space, space->log_txn, err);
    }
    return status;
}

/* ---- append ---- */

enum lum_status lum_space_own_log(struct lum_space *space, uint8_t shelf, uint32_t *lno,
                                  struct lum_error *err)
{
    enum lum_status status = lum_author_find(space, shelf, err);
    if (status == LUM_OK) {
        *lno = space->own[shelf].lno;
    }
    return status;
}

/* One event whose payload stands in space->payload and whose deps stand in the header. */
static enum lum_status add(struct lum_author_look *look, struct lum_header *header,
                           const struct lum_author_pins *pins, struct lum_event_at *out,
                           struct lum_error *err)
{
    struct lum_space *space = look->space;
    struct lum_own_log *own = look->own;
    enum lum_status status =
        lum_author_add(space, own, header, lum_buf_bytes(&space->payload), err);
    if (status != LUM_OK) {
        return status;
    }
    lum_author_keep_pins(look);
    *out = (struct lum_event_at){
        .log_id = own->place.log_id,
        .lno = own->lno,
        .seq = own->place.chain.seq,
    };
    return lum_author_pins_done(space, pins, err);
}

static enum lum_status append_data(struct lum_space *space, uint8_t shelf, struct lum_draft *draft,
                                   struct lum_event_at *out, struct lum_error *err)
{
    struct lum_author_look look = {.space = space};
    struct lum_author_pins pins;
    enum lum_status status = lum_author_open(space, shelf, &look.own, err);
    if (status == LUM_OK) {
        status = lum_author_pins_due(space, look.own, &pins, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    for (uint32_t i = 0; i < pins.count; i++) {
        lum_draft_pin(draft, pins.at[i].lno, pins.at[i].seq);
    }
    struct lum_header header = {.kind = LUM_KIND_DATA, .dt = lum_author_dt(space, look.own)};
    const struct lum_pin_source source = lum_author_source(&look);
    status = lum_draft_write(draft, look.own->place.chain.seq + 1, &source, &header,
                             &space->payload, err);
    return status == LUM_OK ? add(&look, &header, &pins, out, err) : status;
}

enum lum_status lum_space_append(struct lum_space *space, uint8_t shelf, struct lum_draft *draft,
                                 struct lum_event_at *out, struct lum_error *err)
{
    LUM_ASSERT(shelf != LUM_SHELF_GOV);
    enum lum_status status = append_data(space, shelf, draft, out, err);
    lum_draft_reset(draft);
    return status;
}

/* Deps that no op needs, in their order. */
static enum lum_status pins_to_deps(struct lum_author_look *look,
                                    const struct lum_author_pins *pins, struct lum_header *header,
                                    struct lum_error *err)
{
    const struct lum_pin_source source = lum_author_source(look);
    for (uint32_t i = 0; i < pins->count; i++) {
        struct lum_dep dep;
        enum lum_status status =
            source.look(source.self, pins->at[i].lno, pins->at[i].seq, &dep, err);
        if (status != LUM_OK) {
            return status;
        }
        uint32_t at = header->dep_count++;
        for (; at > 0 && memcmp(header->deps[at - 1].log8, dep.log8, sizeof dep.log8) > 0; at--) {
            header->deps[at] = header->deps[at - 1];
        }
        header->deps[at] = dep;
    }
    return LUM_OK;
}

enum lum_status lum_space_append_control(struct lum_space *space, const struct lum_control *control,
                                         struct lum_event_at *out, struct lum_error *err)
{
    struct lum_author_look look = {.space = space};
    struct lum_author_pins pins;
    enum lum_status status = lum_author_open(space, LUM_SHELF_GOV, &look.own, err);
    if (status == LUM_OK) {
        status = lum_author_pins_due(space, look.own, &pins, err);
    }
    struct lum_header header = {.kind = LUM_KIND_CONTROL};
    if (status == LUM_OK) { /* GENESIS is the founding itself, to the millisecond */
        header.dt = control->op == LUM_GENESIS ? 0 : lum_author_dt(space, look.own);
        status = pins_to_deps(&look, &pins, &header, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_buf_reset(&space->payload);
    lum_control_write(control, &space->payload);
    if (space->payload.broken) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    header.plen = (uint32_t)space->payload.len;
    space->roster_is_stale = true;
    return add(&look, &header, &pins, out, err);
}
