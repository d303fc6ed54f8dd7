/*
 * front.c - what differs: FRONT said and heard. When it is said: equal.c.
 *
 *   R: digests ------------------------------------->  said with AUTH; equal: all is said
 *      <------------------------ I: vector of the shelves that differ
 *   R: answer: where it holds less, more or other -->  and then what I lacks, unasked
 *      <------------------------ I: what R lacks, unasked
 *      <------- digests, whenever one side has nothing left to do ------->
 */
#include <string.h>

#include "sync/session.h"

#define BIT(shelf) ((uint8_t)(1U << (shelf)))

static const uint8_t *digest(struct lum_side *side, uint8_t shelf)
{
    return lum_frontier_digest(&side->ours, shelf);
}

/* ---- saying ---- */

/* Our place in a log; 0 = we hold no such log. */
static struct lum_front_entry place_in(struct lum_side *side, struct lum_session *session,
                                       uint32_t lno)
{
    struct lum_front_entry entry = {.seq = 0};
    if (lno != 0) {
        const struct lum_held *held = lum_frontier_log(&side->ours, lno);
        entry.seq = held->seq;
        entry.is_frozen = held->is_frozen;
        entry.tag = held->head == 0 ? 0 : lum_frontier_tag(session->hash, &held->h);
    }
    return entry;
}

static void put_mine(struct lum_side *side, struct lum_session *session, uint32_t lno,
                     struct lum_buf *body)
{
    struct lum_front_entry entry = place_in(side, session, lno);
    lum_session_name(side, session, lno, &entry);
    lum_message_put_entry(body, &entry);
}

static void put_yours(struct lum_side *side, struct lum_session *session, uint32_t number,
                      struct lum_buf *body)
{
    uint32_t lno = lum_session_claim(session, number)->lno;
    struct lum_front_entry entry = place_in(side, session, lno);
    entry.name = LUM_BY_YOURS;
    entry.number = number;
    lum_message_put_entry(body, &entry);
}

/* Ascending by log id; one more than fits goes unsaid and is pushed whole: harmless. */
static void put_vector(struct lum_side *side, struct lum_session *session, uint8_t covered,
                       struct lum_buf *body)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < side->ours.count && count < LUM_FRONT_LOGS_MAX; i++) {
        uint32_t lno = side->ours.by_id[i];
        const struct lum_held *held = lum_frontier_log(&side->ours, lno);
        struct lum_told *told = lum_session_told(session, lno);
        if ((BIT(held->name.shelf) & covered) == 0) {
            continue;
        }
        told->said = held->seq;
        told->is_said_frozen = held->is_frozen;
        told->flying = 0; /* what they answer counts, but for pieces said from here on */
        told->has_laddered = false;
        told->has_shown = false;
        if (held->head > 0) {
            put_mine(side, session, lno, body);
            count++;
        }
    }
}

/* Mode, shelves and the digests they have not heard. */
static struct lum_buf *begin(struct lum_side *side, struct lum_session *session,
                             enum lum_front_mode mode, uint8_t covered)
{
    struct lum_front front = {.mode = mode, .shown = session->shown, .covered = covered};
    session->said &= session->shown;
    for (uint8_t shelf = 0; shelf < LUM_SHELVES_MAX; shelf++) {
        const uint8_t *now = digest(side, shelf);
        bool is_said =
            (session->said & BIT(shelf)) != 0 && memcmp(session->said_digest[shelf], now, 16) == 0;
        if ((session->shown & BIT(shelf)) == 0 || is_said) {
            continue;
        }
        front.digested |= BIT(shelf);
        memcpy(front.digests[shelf], now, 16);
        memcpy(session->said_digest[shelf], now, 16);
    }
    session->said |= front.digested;
    session->said_shown = session->shown;
    session->front_ms = side->now_ms;
    struct lum_buf *body = lum_outbox_body(&side->outbox);
    lum_message_put_front(body, &front);
    return body;
}

/* From here on others wait for what this one may bring, for a moment: once in a session, so that
 * whoever promises again and again keeps nobody. What it brings counts by itself (hear.c). */
static void promise(const struct lum_side *side, struct lum_session *session)
{
    if (!session->has_promised) {
        session->has_promised = true;
        session->keeps_ms = side->now_ms + LUM_SYNC_PROMISE_MS;
    }
}

void lum_front_say(struct lum_side *side, struct lum_session *session, enum lum_front_mode mode,
                   uint8_t covered)
{
    struct lum_buf *body = begin(side, session, mode, covered);
    if (mode == LUM_FRONT_VECTOR) {
        put_vector(side, session, covered, body);
        session->asked |= covered;
        session->is_holding = false;
        session->awaits_answer = true;
        promise(side, session);
        session->heal_ms = side->now_ms + session->heal_wait_ms;
    }
    lum_session_say(side, session, LUM_MESSAGE_FRONT);
}

void lum_front_correct(struct lum_side *side, struct lum_session *session, uint32_t number)
{
    struct lum_buf *body = begin(side, session, LUM_FRONT_ANSWER, 0);
    put_yours(side, session, number, body);
    lum_session_say(side, session, LUM_MESSAGE_FRONT);
}

/* Logs of their newest vector that we hold less of, or not at all. */
static void put_behind(struct lum_side *side, struct lum_session *session, struct lum_buf *body)
{
    for (uint32_t number = 0; number < session->claim_count; number++) {
        const struct lum_claim *claim = lum_session_claim(session, number);
        if (claim->is_ahead && claim->heard_in == (uint16_t)session->vectors) {
            put_yours(side, session, number, body);
        }
    }
}

/* Frozen there and not here, or earlier than here: they have to learn that it is to be proved. */
static bool is_unheard(const struct lum_held *held, const struct lum_told *told)
{
    return told->is_settled && (!held->is_frozen || told->settled < held->seq);
}

/* Logs of ours that they hold less of, or other. */
static void put_beyond(struct lum_side *side, struct lum_session *session, uint8_t covered,
                       struct lum_buf *body)
{
    for (uint32_t lno = 1; lno <= session->told_count; lno++) {
        const struct lum_held *held = lum_frontier_log(&side->ours, lno);
        struct lum_told *told = lum_session_told(session, lno);
        if ((BIT(held->name.shelf) & covered) == 0) {
            continue;
        }
        if ((told->is_branched || is_unheard(held, told)) && !told->has_laddered) {
            lum_branch_put_ladder(side, session, lno, body);
        } else if (held->head > told->known && !told->is_settled) {
            put_mine(side, session, lno, body);
            told->is_named = told->known > 0;
        }
    }
}

/* Events that they said they hold and we do not. */
static uint64_t ahead(const struct lum_side *side, const struct lum_session *session)
{
    uint64_t sum = 0;
    for (uint32_t number = 0; number < session->claim_count; number++) {
        const struct lum_claim *claim = lum_session_claim(session, number);
        if (claim->is_ahead) {
            uint64_t head = claim->lno == 0 ? 0 : lum_frontier_log(&side->ours, claim->lno)->head;
            sum += claim->seq - head;
        }
    }
    return sum;
}

bool lum_front_is_bringing(const struct lum_side *side, const struct lum_session *session)
{
    bool may = session->phase == LUM_PHASE_OPEN && !session->is_holding &&
               side->now_ms < session->keeps_ms;
    return may && (session->awaits_answer || (session->expecting > 0 && session->brings_bulk));
}

/* While another brings bulk: told before our answer, so that nothing is pushed meanwhile. */
static void hold_if_bulk(struct lum_side *side, struct lum_session *session)
{
    if (!side->may_ask && session->brings_bulk) {
        (void)lum_outbox_body(&side->outbox);
        lum_session_say(side, session, LUM_MESSAGE_HOLD);
        session->is_holding = true;
    }
}

static void say_answer(struct lum_side *side, struct lum_session *session, uint8_t covered)
{
    struct lum_buf *body = begin(side, session, LUM_FRONT_ANSWER, covered);
    put_behind(side, session, body);
    put_beyond(side, session, covered, body);
    lum_session_say(side, session, LUM_MESSAGE_FRONT);
}

void lum_front_say_ladder(struct lum_side *side, struct lum_session *session, uint32_t lno)
{
    if (lum_session_told(session, lno)->has_laddered) {
        return;
    }
    struct lum_buf *body = begin(side, session, LUM_FRONT_ANSWER, 0);
    lum_branch_put_ladder(side, session, lno, body);
    lum_session_say(side, session, LUM_MESSAGE_FRONT);
}

/* ---- hearing ---- */

static uint32_t own_logs(const struct lum_side *side, const struct lum_log_name *like)
{
    uint32_t count = 0;
    for (uint32_t lno = 1; lno <= side->ours.count; lno++) {
        const struct lum_log_name *name = &lum_frontier_log(&side->ours, lno)->name;
        count += name->shelf == like->shelf &&
                 memcmp(name->author, like->author, sizeof(name->author)) == 0;
    }
    return count;
}

/* A bare claim is enough, so that nothing is written before what we lack is here: each costs us a
 * log. Somebody who only claims can use up a few of our logs, not all there may be; what is sealed
 * by us and comes in is believed always (core/space_batch.c). */
void lum_front_look_for_doubt(struct lum_side *side, const struct lum_session *session,
                              const struct lum_log_name *name, uint32_t lno)
{
    const struct lum_roster *roster = side->self.roster;
    const struct lum_device *own =
        roster == NULL ? NULL : lum_roster_by_node(roster, side->self.node.public);
    bool *said = lno == 0 ? &side->in_doubt : &lum_frontier_log(&side->ours, lno)->in_doubt;
    if (own == NULL || *said || memcmp(own->a, name->author, sizeof(name->author)) != 0 ||
        own_logs(side, name) >= LUM_SYNC_CLAIMED_LOGS_MAX) {
        return;
    }
    *said = true;
    (void)lum_outbox_act(&side->outbox, LUM_SYNC_DOUBT, session->id);
}

/* Takes what they say of a log of ours. Gives whether it contradicts what we hold. An answer to a
 * vector may cross pieces of ours (crosses); a correction says what became of them. */
static bool take_entry(struct lum_side *side, struct lum_session *session, uint32_t lno,
                       const struct lum_front_entry *entry, bool crosses)
{
    struct lum_held *held = lum_frontier_log(&side->ours, lno);
    struct lum_told *told = lum_session_told(session, lno);
    told->is_branched = false;
    told->is_settled = false;
    told->unmatched = 0;
    if (crosses && told->awaits && entry->seq < told->flying && !entry->is_frozen) {
        told->known = told->flying; /* said before our pieces, which are on their way, had come */
        return false;
    }
    if (entry->seq == 0 && !entry->is_frozen) {
        told->known = 0;
        return false;
    }
    told->is_named = told->mine != 0;
    if (entry->seq > held->head && !held->is_frozen) {
        told->known = entry->seq;
        told->unmatched = entry->seq;
        told->tag = entry->tag;
        lum_front_look_for_doubt(side, session, &held->name, lno);
        return false;
    }
    if (lum_branch_differs(side, session, lno, entry)) {
        told->is_branched = true; /* or it may be: where we are frozen and they hold more */
        lum_front_look_for_doubt(side, session, &held->name, lno);
        return entry->seq <= held->head;
    }
    told->known = entry->seq;
    told->is_settled = entry->is_frozen && (!held->is_frozen || entry->seq <= held->seq);
    told->settled = entry->seq;
    told->is_proved = false;
    return false;
}

static void forget_shelves(struct lum_side *side, struct lum_session *session, uint8_t covered)
{
    for (uint32_t lno = 1; lno <= session->told_count; lno++) {
        struct lum_told *told = lum_session_told(session, lno);
        if ((BIT(lum_frontier_log(&side->ours, lno)->name.shelf) & covered) != 0) {
            lum_session_acked(session, told);
            told->known = 0;
            told->unmatched = 0;
            told->is_branched = false;
            told->is_settled = false;
            told->is_proved = false;
            told->has_laddered = false;
            told->has_shown = false;
        }
    }
}

/* The log an entry speaks of: ours, or 0; and their word for it when it goes by that. False when it
 * names what was never numbered, or would be one too many. */
static bool find_entry(struct lum_side *side, struct lum_session *session,
                       const struct lum_front_entry *entry, struct lum_claim **claim, uint32_t *lno)
{
    *claim = NULL;
    *lno = 0;
    switch (entry->name) {
    case LUM_BY_LOG8:
        *claim = session->claim_count == LUM_NUMBERS_MAX
                     ? NULL
                     : lum_session_add_claim(side, session, entry->log8);
        break;
    case LUM_BY_MINE:
        *claim = lum_session_claim(session, entry->number);
        break;
    case LUM_BY_YOURS:
    default:
        *lno = entry->number < session->mine_count ? session->mine[entry->number] : 0;
        return *lno != 0;
    }
    *lno = *claim == NULL ? 0 : (*claim)->lno;
    return *claim != NULL;
}

/* Gives whether the entry contradicts what we hold. */
static bool hear_entry(struct lum_side *side, struct lum_session *session,
                       const struct lum_front_entry *entry, struct lum_claim *claim, uint32_t lno,
                       bool crosses)
{
    const struct lum_held *held = lno == 0 ? NULL : lum_frontier_log(&side->ours, lno);
    if (claim != NULL) {
        bool is_ahead = held == NULL ? entry->seq > 0 || entry->is_frozen
                                     : entry->seq > held->head && !held->is_frozen;
        claim->seq = entry->seq;
        claim->tag = entry->tag;
        claim->heard_in = (uint16_t)session->vectors;
        lum_session_set_ahead(session, claim, is_ahead);
    }
    return held != NULL && take_entry(side, session, lno, entry, crosses);
}

/* The next entry, while they do not ask for more looking up than is just. */
static bool next_entry(const struct lum_side *side, struct lum_session *session,
                       struct lum_front *front, struct lum_front_entry *entry)
{
    uint64_t allowed =
        LUM_SYNC_ENTRIES_MAX + LUM_SYNC_ENTRIES_A_MS * (side->now_ms - session->since_ms);
    if (session->entries >= allowed || !lum_message_next_entry(front, entry)) {
        return false;
    }
    session->entries++;
    return true;
}

/* Do they ask for no more than is just? */
static bool may_ask_again(const struct lum_side *side, struct lum_session *session)
{
    uint64_t passed_ms = side->now_ms - session->since_ms;
    return session->vectors++ < LUM_SYNC_VECTORS_MAX + passed_ms / LUM_SYNC_VECTOR_EVERY_MS;
}

static bool hear_vector(struct lum_side *side, struct lum_session *session, struct lum_front *front)
{
    struct lum_front_entry entry;
    struct lum_claim *claim;
    uint32_t lno;
    if (!may_ask_again(side, session)) {
        return false;
    }
    forget_shelves(side, session, front->covered);
    while (next_entry(side, session, front, &entry)) {
        if (!find_entry(side, session, &entry, &claim, &lno)) {
            return false;
        }
        (void)hear_entry(side, session, &entry, claim, lno, false);
    }
    session->is_held = false;
    return lum_cur_left(&front->entries) == 0;
}

/* What we said in our vector they hold too, but for the entries that follow. */
static void assume_said(struct lum_side *side, struct lum_session *session, uint8_t covered)
{
    for (uint32_t lno = 1; lno <= session->told_count; lno++) {
        struct lum_told *told = lum_session_told(session, lno);
        const struct lum_held *held = lum_frontier_log(&side->ours, lno);
        uint8_t bit = BIT(held->name.shelf);
        if ((bit & covered & session->asked) == 0 || (told->said == 0 && !told->is_said_frozen)) {
            continue;
        }
        told->known = told->known < told->said ? told->said : told->known;
        told->is_named = told->mine != 0;
        told->is_settled = told->is_said_frozen && told->said == held->seq;
        told->settled = told->said;
    }
}

/* All entries of one log together: the newest place where we agree, the oldest where we do not. */
struct agreement {
    uint32_t lno;
    uint64_t newest; /* of all, also of those beyond our head */
    uint64_t common;
    uint64_t differs; /* 0 = nowhere */
    bool is_settled;  /* frozen there, by one of them: */
    uint64_t settled; /* at this one */
};

static void close_agreement(struct lum_side *side, struct lum_session *session,
                            const struct agreement *agreement)
{
    if (agreement->lno == 0) {
        return;
    }
    struct lum_told *told = lum_session_told(session, agreement->lno);
    lum_session_acked(session, told);
    if (agreement->differs != 0) {
        told->is_branched = true;
        lum_branch_prove(side, session, agreement->lno, agreement->common, agreement->differs);
        lum_front_say_ladder(side, session, agreement->lno);
        return;
    }
    told->is_named = agreement->newest > 0 && told->mine != 0;
    told->known = told->known < agreement->common ? agreement->common : told->known;
    told->is_settled = agreement->is_settled;
    told->settled = agreement->settled;
    const struct lum_held *held = lum_frontier_log(&side->ours, agreement->lno);
    if (told->is_branched || is_unheard(held, told)) {
        lum_front_say_ladder(side, session, agreement->lno);
    } else if (held->is_frozen && !told->is_settled && agreement->common >= held->seq &&
               agreement->newest > held->seq) {
        lum_branch_show(side, session, agreement->lno, false);
    }
    lum_session_want(side, session, agreement->lno);
}

static bool hear_answer(struct lum_side *side, struct lum_session *session, struct lum_front *front)
{
    struct agreement now = {0};
    struct lum_front_entry entry;
    struct lum_claim *claim;
    uint32_t lno;
    assume_said(side, session, front->covered);
    while (next_entry(side, session, front, &entry)) {
        if (!find_entry(side, session, &entry, &claim, &lno)) {
            return false;
        }
        if (lno != now.lno) {
            close_agreement(side, session, &now);
            now = (struct agreement){.lno = lno};
        }
        if (hear_entry(side, session, &entry, claim, lno, front->covered != 0)) {
            bool is_older = now.differs == 0 || entry.seq < now.differs;
            now.differs = is_older ? entry.seq : now.differs;
        } else if (lno != 0 && entry.seq > now.common &&
                   entry.seq <= lum_frontier_log(&side->ours, lno)->head) {
            now.common = entry.seq;
        }
        now.newest = entry.seq > now.newest ? entry.seq : now.newest;
        if (lno != 0 && lum_session_told(session, lno)->is_settled) {
            now.is_settled = true;
            now.settled = entry.seq;
        }
    }
    close_agreement(side, session, &now);
    return lum_cur_left(&front->entries) == 0;
}

static void queue_shelves(struct lum_side *side, struct lum_session *session)
{
    for (uint32_t lno = 1; lno <= session->told_count; lno++) {
        lum_session_want(side, session, lno);
    }
}

void lum_front_hear(struct lum_side *side, struct lum_session *session, struct lum_bytes body)
{
    struct lum_front front;
    enum lum_fault fault = lum_message_get_front(body, &front);
    if (fault != LUM_FAULT_NONE) {
        lum_session_end(side, session, fault);
        return;
    }
    bool shows_more =
        (front.shown & ~session->their_shown) != 0 && session->widened < LUM_SHELVES_MAX;
    session->widened = (uint8_t)(session->widened + shows_more);
    session->their_shown = front.shown;
    session->heard = (session->heard & front.shown) | front.digested;
    for (uint8_t shelf = 0; shelf < LUM_SHELVES_MAX; shelf++) {
        if ((front.digested & BIT(shelf)) != 0) {
            memcpy(session->their_digest[shelf], front.digests[shelf], 16);
        }
    }
    front.covered &= session->shown;
    bool is_whole = true;
    if (front.mode == LUM_FRONT_VECTOR) {
        is_whole = hear_vector(side, session, &front);
    } else if (front.mode == LUM_FRONT_ANSWER) {
        is_whole = hear_answer(side, session, &front);
    }
    if (!is_whole) {
        lum_session_end(side, session, LUM_FAULT_MESSAGE);
        return;
    }
    if (front.covered != 0) {
        /* Only what is new, or asked for, keeps others waiting: not what is said over again. */
        bool is_asked = front.mode == LUM_FRONT_ANSWER && session->awaits_answer;
        bool is_new = is_asked || (front.covered & ~session->claimed) != 0;
        session->brings_bulk = ahead(side, session) > LUM_SYNC_BULK_EVENTS;
        if (is_new) {
            promise(side, session);
        }
    }
    if (front.mode == LUM_FRONT_VECTOR) {
        hold_if_bulk(side, session);
        say_answer(side, session, front.covered);
    } else if (front.covered != 0) {
        session->awaits_answer = false;
    }
    if (front.mode != LUM_FRONT_DIGESTS) {
        session->ready |= front.covered;
        session->claimed |= front.covered;
        session->heal_ms = side->now_ms + session->heal_wait_ms;
        queue_shelves(side, session);
    } else if (session->is_opening || (shows_more && session->ready != 0)) {
        session->heal_ms = side->now_ms;
    }
    session->is_opening = false;
}
