/*
 * sync.c - all sessions of one space: an event in, then every session goes as far as it can.
 *
 *   event -> lum_hear, lum_greet_up, grown ... -> for each session: greet, push, front, time
 *         -> the outbox, and when to be woken at the latest
 *
 * Bulk comes from one neighbour at a time: while one brings it, another is not asked, and one that
 * asks us is told to hold; our vector, once the first is done, lets it go on.
 */
#include "sync/sync.h"

#include <string.h>

#include "core/limits.h"
#include "sync/session.h"

struct lum_sync {
    struct lum_side side;
    struct lum_session *sessions[LUM_SESSIONS_MAX];
    size_t count;
    bool has_news; /* lum_sync_know was called: looked at in the next step */
};

/* ---- life ---- */

void lum_sync_close(struct lum_sync *sync)
{
    if (sync == NULL) {
        return;
    }
    for (size_t i = 0; i < sync->count; i++) {
        lum_session_close(sync->sessions[i]);
    }
    lum_frontier_fini(&sync->side.ours);
    lum_outbox_fini(&sync->side.outbox);
    lum_log_reader_close(sync->side.reader);
    lum_squeezer_close(sync->side.squeezer);
    lum_buf_fini(&sync->side.plain);
    lum_buf_fini(&sync->side.frame);
    lum_wipe(sync, sizeof(*sync));
    lum_free(sync);
}

static enum lum_status read_all(struct lum_side *side)
{
    struct lum_txn *txn = NULL;
    enum lum_status status = lum_txn_begin_read(side->self.log, &txn, NULL);
    if (status == LUM_OK) {
        status = lum_frontier_read(&side->ours, txn, 0);
        lum_txn_abort(txn);
    }
    return status;
}

enum lum_status lum_sync_open(const struct lum_sync_self *self, struct lum_sync **out)
{
    struct lum_sync *sync = lum_alloc_zero(sizeof(*sync));
    if (sync == NULL) {
        return LUM_NO_MEMORY;
    }
    struct lum_side *side = &sync->side;
    side->self = *self;
    lum_frontier_init(&side->ours);
    lum_outbox_init(&side->outbox);
    lum_buf_init(&side->plain, LUM_BLOCK_PLAIN_MAX);
    lum_buf_init(&side->frame, LUM_BLOCK_PLAIN_MAX);
    enum lum_status status = lum_log_reader_open(&side->reader);
    if (status == LUM_OK) {
        status = lum_squeezer_open(&side->squeezer);
    }
    if (status == LUM_OK) {
        status = read_all(side);
    }
    if (status != LUM_OK) {
        lum_sync_close(sync);
        return status;
    }
    *out = sync;
    return LUM_OK;
}

enum lum_status lum_sync_know(struct lum_sync *sync, const struct lum_sync_self *self)
{
    LUM_ASSERT(sync->side.txn == NULL);
    sync->side.self = *self;
    sync->has_news = true;
    return LUM_OK;
}

/* ---- sessions ---- */

static struct lum_session *find(const struct lum_sync *sync, uint32_t id)
{
    for (size_t i = 0; i < sync->count; i++) {
        if (sync->sessions[i]->id == id) {
            return sync->sessions[i];
        }
    }
    return NULL;
}

static void go_up(struct lum_sync *sync, const struct lum_sync_event *event)
{
    struct lum_side *side = &sync->side;
    LUM_ASSERT(find(sync, event->session) == NULL);
    if (sync->count == LUM_SESSIONS_MAX) {
        (void)lum_outbox_act(&side->outbox, LUM_SYNC_CLOSE, event->session);
        return;
    }
    struct lum_session *session = NULL;
    if (!lum_outbox_check(&side->outbox, lum_session_open(event->session, side, &session))) {
        return;
    }
    sync->sessions[sync->count++] = session;
    session->is_initiator = event->up.is_initiator;
    session->by_invite = event->up.by_invite;
    memcpy(session->hash, event->up.hash, sizeof(session->hash));
    lum_session_grown(side, session, 0);
    if (side->outbox.status == LUM_OK) {
        lum_greet_up(side, session);
    }
}

static void go_down(struct lum_sync *sync, uint32_t id)
{
    for (size_t i = 0; i < sync->count; i++) {
        if (sync->sessions[i]->id == id) {
            lum_session_close(sync->sessions[i]);
            sync->sessions[i] = sync->sessions[--sync->count];
            return;
        }
    }
}

/* A log grew, or (lno 0) any of them may have. */
static void grown(struct lum_sync *sync, uint32_t lno)
{
    struct lum_side *side = &sync->side;
    struct lum_txn *txn = lum_side_txn(side);
    if (txn == NULL || !lum_outbox_check(&side->outbox, lum_frontier_read(&side->ours, txn, lno))) {
        return;
    }
    for (size_t i = 0; i < sync->count && side->outbox.status == LUM_OK; i++) {
        struct lum_session *session = sync->sessions[i];
        session->quiet_ms = side->now_ms + LUM_SYNC_QUIET_MS;
        uint32_t first = lno == 0 ? 1 : lno;
        uint32_t last = lno == 0 ? side->ours.count : lno;
        for (uint32_t at = first; at <= last && side->outbox.status == LUM_OK; at++) {
            lum_session_grown(side, session, at);
        }
    }
}

static void hear_grown(struct lum_sync *sync, const struct lum_sync_event *event)
{
    for (size_t i = 0; i < event->grown.count; i++) {
        grown(sync, event->grown.at[i].lno);
    }
    if (event->grown.count == 0) {
        grown(sync, 0);
    }
}

static void hear_ingested(struct lum_sync *sync, const struct lum_sync_event *event)
{
    const struct lum_ingest_result *result = &event->ingested.result;
    struct lum_session *session = find(sync, event->session);
    bool grew = result->end == LUM_INGEST_TAKEN || result->end == LUM_INGEST_FORK;
    if (grew || result->lno > sync->side.ours.count) {
        grown(sync, result->lno);
    }
    if (session != NULL && sync->side.outbox.status == LUM_OK) {
        lum_hear_ingested(&sync->side, session, event->ingested.token, result);
    }
}

/* ---- bulk from one at a time ---- */

/* Only this session may ask for more while no other is bringing bulk. */
static void look_at_bulk(struct lum_sync *sync, const struct lum_session *asking)
{
    struct lum_side *side = &sync->side;
    side->may_ask = true;
    for (size_t i = 0; i < sync->count && side->may_ask; i++) {
        const struct lum_session *session = sync->sessions[i];
        if (session != asking && lum_front_is_bringing(side, session)) {
            side->may_ask = false;
            lum_session_wake(side, session->keeps_ms);
        }
    }
}

/* ---- time ---- */

/* Phases that must not last: the other side has to say something of its own. */
static uint64_t patience(const struct lum_session *session)
{
    switch (session->phase) {
    case LUM_PHASE_HELLO:
        return session->since_ms + LUM_SYNC_HELLO_MS;
    case LUM_PHASE_PROVING:
    case LUM_PHASE_JOINING:
    case LUM_PHASE_ASKING:
    case LUM_PHASE_OFFERING:
    case LUM_PHASE_HOSTING:
        return session->since_ms + LUM_SYNC_CONTACT_MS;
    case LUM_PHASE_OPEN:
    case LUM_PHASE_ENDING:
    case LUM_PHASES:
    default:
        return session->progress_ms + LUM_SYNC_DEAD_MS;
    }
}

/* Gov is all they share, and there they are equal. */
static bool only_gov(const struct lum_session *session)
{
    return session->phase == LUM_PHASE_OPEN && !lum_session_is_busy(session) &&
           lum_session_shared(session) == 1 && session->settled == 1;
}

/* Is that how it stays? Shelves are shown as soon as a JOIN or an ADMIT has come in. */
static void look_for_waiting(struct lum_side *side, struct lum_session *session)
{
    uint64_t until_ms = session->progress_ms + LUM_SYNC_WAITING_MS;
    bool may_wait = only_gov(session) && lum_greet_shelves(side) != 1;
    session->tally.is_waiting = may_wait && side->now_ms >= until_ms;
    if (may_wait && !session->tally.is_waiting) {
        lum_session_wake(side, until_ms);
    }
}

/* Nothing is left to say, or nothing comes any more. */
static void finish(struct lum_side *side, struct lum_session *session)
{
    bool is_quiet = side->now_ms >= session->progress_ms + LUM_SYNC_PATIENCE_MS;
    bool is_done = !lum_session_is_busy(session);
    if (session->is_equal && is_done) {
        lum_session_bye(side, session, LUM_BYE_DONE);
    } else if (only_gov(session)) {
        lum_session_bye(side, session, LUM_BYE_WAITING);
    } else if (is_quiet) {
        lum_session_bye(side, session, LUM_BYE_STOPPING);
    } else {
        lum_session_wake(side, session->progress_ms + LUM_SYNC_PATIENCE_MS);
    }
}

static void go(struct lum_side *side, struct lum_session *session)
{
    lum_greet_go(side, session);
    lum_push_go(side, session);
    lum_equal_go(side, session);
    lum_greet_go(side, session); /* gov may be seen to be whole only now */
    session->tally.is_pushing = lum_session_is_busy(session);
    look_for_waiting(side, session);
    if (session->phase == LUM_PHASE_ENDING) {
        return;
    }
    if (session->phase == LUM_PHASE_OPEN && session->is_finishing) {
        finish(side, session);
    } else if (side->now_ms >= patience(session)) {
        lum_session_end(side, session, LUM_FAULT_NONE);
    } else {
        lum_session_wake(side, patience(session));
    }
}

/* ---- the step ---- */

static void take_event(struct lum_sync *sync, const struct lum_sync_event *event)
{
    struct lum_side *side = &sync->side;
    struct lum_session *session = find(sync, event->session);
    switch (event->type) {
    case LUM_SYNC_UP:
        go_up(sync, event);
        break;
    case LUM_SYNC_MESSAGE:
        if (session != NULL) {
            look_at_bulk(sync, session);
            lum_hear(side, session, event->message.type, event->message.body);
        }
        break;
    case LUM_SYNC_ROOM:
        if (session != NULL) {
            session->queued = event->room_queued;
        }
        break;
    case LUM_SYNC_DOWN:
        go_down(sync, event->session);
        break;
    case LUM_SYNC_GROWN:
        hear_grown(sync, event);
        break;
    case LUM_SYNC_INGESTED:
        hear_ingested(sync, event);
        break;
    case LUM_SYNC_FINISH:
        if (session != NULL) {
            session->is_finishing = true;
            session->progress_ms = side->now_ms;
        }
        break;
    case LUM_SYNC_TICK:
    default:
        break;
    }
}

/* Roster, secret, store: anything of our side may be another since the last step. */
static void take_news(struct lum_sync *sync)
{
    if (!sync->has_news) {
        return;
    }
    sync->has_news = false;
    for (size_t i = 0; i < sync->count; i++) {
        if (sync->sessions[i]->phase != LUM_PHASE_ENDING) {
            lum_hear_grown_gov(&sync->side, sync->sessions[i]);
        }
    }
}

enum lum_status lum_sync_step(struct lum_sync *sync, const struct lum_sync_event *event,
                              struct lum_sync_outbox *out)
{
    struct lum_side *side = &sync->side;
    side->now_ms = event->now_ms;
    side->wall_ms = event->wall_ms;
    side->wake_ms = UINT64_MAX;
    lum_outbox_reset(&side->outbox);
    take_news(sync);
    take_event(sync, event);
    for (size_t i = 0; i < sync->count && side->outbox.status == LUM_OK; i++) {
        look_at_bulk(sync, sync->sessions[i]);
        go(side, sync->sessions[i]);
    }
    lum_txn_abort(side->txn);
    side->txn = NULL;
    struct lum_session *spoken_to = find(sync, event->session);
    if (spoken_to != NULL && side->outbox.status == LUM_OK) {
        lum_session_check(spoken_to);
    }
    *out = (struct lum_sync_outbox){side->outbox.acts, side->outbox.count, side->wake_ms};
    return side->outbox.status;
}

bool lum_sync_tally(const struct lum_sync *sync, uint32_t session, struct lum_sync_tally *out)
{
    const struct lum_session *found = find(sync, session);
    if (found == NULL) {
        return false;
    }
    *out = found->tally;
    return true;
}
