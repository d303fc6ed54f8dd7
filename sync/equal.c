/*
 * equal.c - when two nodes are equal, and what is said to find it out.
 *
 * "Equal" is a fact: the digest they said last is the one of our own store now. What they hold is
 * never remembered over a session; within one, `told.known` may be wrong only until the vector is
 * said again, which happens when both are idle and not equal (heal), ever more rarely.
 */
#include <string.h>

#include "sync/session.h"

#define BIT(shelf) ((uint8_t)(1U << (shelf)))

static bool is_ours(struct lum_side *side, uint8_t shelf, const uint8_t digest[16])
{
    return memcmp(digest, lum_frontier_digest(&side->ours, shelf), 16) == 0;
}

/* They hold of this shelf what we hold: whatever was on its way has arrived. */
static void settle_shelf(struct lum_side *side, struct lum_session *session, uint8_t shelf)
{
    for (uint32_t lno = 1; lno <= session->told_count; lno++) {
        const struct lum_held *held = lum_frontier_log(&side->ours, lno);
        struct lum_told *told = lum_session_told(session, lno);
        if (held->name.shelf != shelf) {
            continue;
        }
        lum_session_acked(session, told);
        told->known = held->head;
        told->unmatched = 0;
        told->is_branched = false;
        told->is_settled = held->is_frozen;
        told->settled = held->seq;
    }
    session->ready |= BIT(shelf);
}

static uint8_t differing(struct lum_side *side, const struct lum_session *session)
{
    uint8_t mask = 0;
    for (uint8_t shelf = 0; shelf < LUM_SHELVES_MAX; shelf++) {
        bool is_known = (lum_session_shared(session) & session->heard & BIT(shelf)) != 0;
        if (is_known && !is_ours(side, shelf, session->their_digest[shelf])) {
            mask |= BIT(shelf);
        }
    }
    return mask;
}

/* ---- what is due ---- */

static uint8_t unsaid(struct lum_side *side, const struct lum_session *session)
{
    uint8_t mask = session->shown & (uint8_t)~session->said;
    for (uint8_t shelf = 0; shelf < LUM_SHELVES_MAX; shelf++) {
        bool is_said = (session->said & session->shown & BIT(shelf)) != 0;
        if (is_said && !is_ours(side, shelf, session->said_digest[shelf])) {
            mask |= BIT(shelf);
        }
    }
    return mask;
}

/* All shelves of the space, both ways, each with the digest we have now. */
static bool is_equal(struct lum_side *side, const struct lum_session *session, uint8_t differs)
{
    uint8_t all = lum_greet_shelves(side);
    return session->phase == LUM_PHASE_OPEN && session->ingests == 0 && differs == 0 &&
           session->shown == all && (session->heard & all) == all;
}

static void note_equal(struct lum_side *side, struct lum_session *session, uint8_t differs)
{
    bool now = is_equal(side, session, differs);
    if (now && !session->is_equal) {
        session->was_equal = true;
        session->heal_wait_ms = LUM_SYNC_HEAL_MS;
        (void)lum_outbox_act(&side->outbox, LUM_SYNC_EQUAL, session->id);
    }
    session->is_equal = now;
    session->tally.is_equal = now;
}

/* The vector of what differs, when both seem to have nothing more to say, or a held one is let go
 * on. Gov never waits for another's bulk. */
static bool ask_again(struct lum_side *side, struct lum_session *session, uint8_t differs)
{
    if (session->is_holding && side->may_ask) {
        lum_front_say(side, session, LUM_FRONT_VECTOR, lum_session_shared(session));
        return true;
    }
    uint8_t asked = side->may_ask ? differs : differs & BIT(LUM_SHELF_GOV);
    bool is_due = side->now_ms >= session->heal_ms;
    session->put_off &= differs;
    session->put_off |= is_due ? differs & (uint8_t)~asked : 0;
    if (asked == 0 || lum_session_is_busy(session)) {
        return false;
    }
    if (!is_due && (session->put_off & asked) == 0) {
        lum_session_wake(side, session->heal_ms);
        return false;
    }
    session->put_off &= (uint8_t)~asked;
    uint64_t next_ms = 2 * session->heal_wait_ms;
    lum_front_say(side, session, LUM_FRONT_VECTOR, asked);
    session->heal_wait_ms = next_ms < LUM_SYNC_HEAL_MAX_MS ? next_ms : LUM_SYNC_HEAL_MAX_MS;
    return true;
}

/* Digests that changed: at once when they may be the last word of a first equality, or a person
 * waits for it; else after a pause. */
static bool must_tell(struct lum_side *side, struct lum_session *session, uint8_t differs)
{
    if (session->said_shown != session->shown) {
        return true;
    }
    if (lum_session_is_busy(session) || unsaid(side, session) == 0) {
        return false;
    }
    bool is_last = differs == 0 || (session->claimed != 0 && session->expecting == 0);
    bool is_awaited = session->is_finishing || !session->was_equal;
    if (side->now_ms >= session->quiet_ms || (is_last && is_awaited)) {
        return true;
    }
    lum_session_wake(side, session->quiet_ms);
    return false;
}

static void say_what_is_due(struct lum_side *side, struct lum_session *session, uint8_t differs)
{
    bool is_late = side->now_ms >= session->front_ms + LUM_FRONT_EVERY_MS;
    bool may_speak = session->heard != 0; /* else their first word is awaited */
    bool has_asked = may_speak && ask_again(side, session, differs);
    if (!has_asked && (is_late || (may_speak && must_tell(side, session, differs)))) {
        lum_front_say(side, session, LUM_FRONT_DIGESTS, 0);
    }
    lum_session_wake(side, session->front_ms + LUM_FRONT_EVERY_MS);
}

void lum_equal_go(struct lum_side *side, struct lum_session *session)
{
    if (session->phase == LUM_PHASE_ENDING) {
        return;
    }
    uint8_t differs = differing(side, session);
    for (uint8_t shelf = 0; shelf < LUM_SHELVES_MAX; shelf++) {
        uint8_t bit = lum_session_shared(session) & session->heard & BIT(shelf);
        bool is_new = (session->settled & bit) == 0;
        if (bit != 0 && (differs & bit) == 0 && is_new) {
            settle_shelf(side, session, shelf);
        }
    }
    session->settled = (uint8_t)(lum_session_shared(session) & session->heard & ~differs);
    if (session->phase == LUM_PHASE_OPEN) {
        say_what_is_due(side, session, differs); /* first equality is told at once, so before it */
    }
    note_equal(side, session, differs);
}
