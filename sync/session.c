/*
 * session.c - see session.h: a session's tables, its queue of logs, and how it says and ends.
 */
#include "sync/session.h"

#include <string.h>

enum {
    ROOM_MIN = 16,
};

/* ---- life ---- */

enum lum_status lum_session_open(uint32_t id, const struct lum_side *side, struct lum_session **out)
{
    struct lum_session *session = lum_alloc_zero(sizeof(*session));
    if (session == NULL) {
        return LUM_NO_MEMORY;
    }
    session->id = id;
    session->phase = LUM_PHASE_HELLO;
    session->since_ms = side->now_ms;
    session->front_ms = side->now_ms;
    session->progress_ms = side->now_ms;
    session->heal_wait_ms = LUM_SYNC_HEAL_MS;
    *out = session;
    return LUM_OK;
}

void lum_session_close(struct lum_session *session)
{
    if (session == NULL) {
        return;
    }
    for (uint32_t i = 0; i < session->claim_count; i++) {
        lum_free(session->claims[i].name);
    }
    lum_free(session->told);
    lum_free(session->mine);
    lum_free(session->claims);
    lum_free(session->due);
    lum_free(session->ingesting);
    lum_free(session);
}

void lum_session_check(const struct lum_session *session)
{
    uint32_t due = 0;
    uint32_t awaits = 0;
    uint32_t expecting = 0;
    uint32_t pending = 0;
    for (uint32_t i = 0; i < session->told_count; i++) {
        const struct lum_told *told = &session->told[i];
        due += told->is_due ? 1 : 0;
        awaits += told->awaits ? 1 : 0;
        LUM_ASSERT(told->mine == 0 || session->mine[told->mine - 1] == i + 1);
        LUM_ASSERT(told->theirs == 0 || session->claims[told->theirs - 1].lno == i + 1);
    }
    for (uint32_t i = 0; i < session->claim_count; i++) {
        const struct lum_claim *claim = &session->claims[i];
        expecting += claim->is_ahead ? 1 : 0;
        pending += claim->pending;
        LUM_ASSERT(claim->lno == 0 || claim->name == NULL);
    }
    LUM_ASSERT(due == session->due_count && awaits == session->awaits);
    LUM_ASSERT(expecting == session->expecting && pending == session->ingests);
    LUM_ASSERT(session->due_len + session->gov_due == session->due_count);
}

/* Room for one more in a table that doubles. */
static void *grow(struct lum_side *side, void *table, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room) {
        return table;
    }
    uint32_t wanted = *room < ROOM_MIN ? ROOM_MIN : 2 * *room;
    if (count < LUM_NUMBERS_MAX && wanted > LUM_NUMBERS_MAX) {
        wanted = LUM_NUMBERS_MAX; /* as many as they may give */
    }
    void *grown = lum_realloc(table, wanted * size);
    if (grown == NULL) {
        (void)lum_outbox_check(&side->outbox, LUM_NO_MEMORY);
        return NULL;
    }
    *room = wanted;
    return grown;
}

/* ---- logs ---- */

struct lum_told *lum_session_told(const struct lum_session *session, uint32_t lno)
{
    LUM_ASSERT(lno > 0 && lno <= session->told_count);
    return &session->told[lno - 1];
}

struct lum_claim *lum_session_claim(const struct lum_session *session, uint32_t number)
{
    return number < session->claim_count ? &session->claims[number] : NULL;
}

/* Entries for every log we hold; the ring is unrolled into its larger place. */
static bool make_told(struct lum_side *side, struct lum_session *session, uint32_t count)
{
    if (count <= session->told_room) {
        return true;
    }
    uint32_t room = side->ours.room;
    LUM_ASSERT(room >= count);
    struct lum_told *told = lum_realloc(session->told, room * sizeof(*told));
    if (told == NULL) {
        return lum_outbox_check(&side->outbox, LUM_NO_MEMORY);
    }
    session->told = told;
    uint32_t *due = lum_alloc(room * sizeof(*due));
    if (due == NULL) {
        return lum_outbox_check(&side->outbox, LUM_NO_MEMORY);
    }
    for (uint32_t i = 0; i < session->due_len; i++) {
        due[i] = session->due[(session->due_first + i) % session->told_room];
    }
    lum_free(session->due);
    session->due = due;
    session->due_first = 0;
    session->told_room = room;
    return true;
}

/* A log of ours is new: perhaps they named it before we held it. */
static void find_claim(struct lum_side *side, struct lum_session *session, uint32_t lno)
{
    const struct lum_held *held = lum_frontier_log(&side->ours, lno);
    for (uint32_t number = 0; number < session->claim_count; number++) {
        struct lum_claim *claim = &session->claims[number];
        if (claim->lno != 0 || memcmp(claim->log8, held->id.b, sizeof(claim->log8)) != 0) {
            continue;
        }
        if (claim->name == NULL || memcmp(claim->name, &held->name, sizeof(held->name)) == 0) {
            lum_session_link(session, number, lno);
            return;
        }
    }
}

void lum_session_grown(struct lum_side *side, struct lum_session *session, uint32_t lno)
{
    if (!make_told(side, session, side->ours.count)) {
        return;
    }
    while (session->told_count < side->ours.count) {
        memset(&session->told[session->told_count], 0, sizeof(session->told[0]));
        session->told_count++;
        find_claim(side, session, session->told_count);
        lum_branch_compare(side, session, session->told_count);
        lum_session_want(side, session, session->told_count);
    }
    if (lno == 0) {
        return;
    }
    struct lum_told *told = lum_session_told(session, lno);
    struct lum_claim *claim =
        told->theirs == 0 ? NULL : lum_session_claim(session, told->theirs - 1);
    const struct lum_held *held = lum_frontier_log(&side->ours, lno);
    if (claim != NULL && (held->head >= claim->seq || held->is_frozen)) {
        lum_session_set_ahead(session, claim, false);
    }
    lum_branch_compare(side, session, lno);
    lum_session_want(side, session, lno);
}

void lum_session_link(struct lum_session *session, uint32_t number, uint32_t lno)
{
    struct lum_claim *claim = &session->claims[number];
    if (claim->lno != 0) {
        lum_session_told(session, claim->lno)->theirs = 0;
    }
    struct lum_told *told = lum_session_told(session, lno);
    if (told->theirs != 0) {
        session->claims[told->theirs - 1].lno = 0;
    }
    lum_free(claim->name);
    claim->name = NULL;
    claim->lno = lno;
    told->theirs = number + 1;
    told->known = told->known < claim->seq ? claim->seq : told->known;
    told->unmatched = claim->seq;
    told->tag = claim->tag;
}

void lum_session_set_ahead(struct lum_session *session, struct lum_claim *claim, bool is_ahead)
{
    if (claim->is_ahead != is_ahead) {
        claim->is_ahead = is_ahead;
        session->expecting += is_ahead ? 1U : UINT32_MAX;
    }
}

void lum_session_acked(struct lum_session *session, struct lum_told *told)
{
    if (told->awaits) {
        told->awaits = false;
        session->awaits--;
    }
}

/* ---- numbers ---- */

uint32_t lum_session_number(struct lum_side *side, struct lum_session *session, uint32_t lno)
{
    struct lum_told *told = lum_session_told(session, lno);
    if (told->mine != 0) {
        return told->mine - 1;
    }
    uint32_t *mine =
        grow(side, session->mine, session->mine_count, &session->mine_room, sizeof(*mine));
    if (mine == NULL) {
        return 0;
    }
    session->mine = mine;
    mine[session->mine_count++] = lno;
    told->mine = session->mine_count;
    return told->mine - 1;
}

void lum_session_name(struct lum_side *side, struct lum_session *session, uint32_t lno,
                      struct lum_front_entry *entry)
{
    bool is_numbered = lum_session_told(session, lno)->mine != 0;
    entry->name = is_numbered ? LUM_BY_MINE : LUM_BY_LOG8;
    memcpy(entry->log8, lum_frontier_log(&side->ours, lno)->id.b, sizeof(entry->log8));
    entry->number = lum_session_number(side, session, lno);
}

void lum_session_keep_name(struct lum_side *side, struct lum_session *session, uint32_t number,
                           const struct lum_log_name *name)
{
    struct lum_claim *claim = &session->claims[number];
    uint32_t *place = &session->named[session->names % LUM_SYNC_NAMES_MAX];
    if (claim->name == NULL) {
        claim->name = lum_alloc(sizeof(*claim->name));
        if (claim->name == NULL) {
            (void)lum_outbox_check(&side->outbox, LUM_NO_MEMORY);
            return;
        }
        if (session->names++ >= LUM_SYNC_NAMES_MAX && *place != number) {
            lum_free(session->claims[*place].name);
            session->claims[*place].name = NULL;
        }
        *place = number;
    }
    *claim->name = *name;
}

struct lum_claim *lum_session_add_claim(struct lum_side *side, struct lum_session *session,
                                        const uint8_t log8[8])
{
    struct lum_claim *claims =
        grow(side, session->claims, session->claim_count, &session->claim_room, sizeof(*claims));
    if (claims == NULL) {
        return NULL;
    }
    session->claims = claims;
    struct lum_claim *claim = &claims[session->claim_count++];
    memset(claim, 0, sizeof(*claim));
    memcpy(claim->log8, log8, sizeof(claim->log8));
    uint32_t lno = lum_frontier_find8(&side->ours, log8);
    if (lno != 0) {
        lum_session_link(session, session->claim_count - 1, lno);
    }
    return claim;
}

uint32_t lum_session_ingested(struct lum_session *session, uint32_t token)
{
    for (uint32_t i = 0; i < session->ingests; i++) {
        if (session->ingesting[i].token != token) {
            continue;
        }
        uint32_t number = session->ingesting[i].number;
        session->ingests--;
        memmove(&session->ingesting[i], &session->ingesting[i + 1],
                (session->ingests - i) * sizeof(session->ingesting[0]));
        session->claims[number].pending--;
        return number;
    }
    return UINT32_MAX;
}

/* ---- the queue ---- */

static bool has_more(const struct lum_side *side, const struct lum_session *session, uint32_t lno)
{
    const struct lum_held *held = lum_frontier_log(&side->ours, lno);
    const struct lum_told *told = lum_session_told(session, lno);
    uint8_t bit = (uint8_t)(1U << held->name.shelf);
    if ((lum_session_shared(session) & session->ready & bit) == 0 || told->is_branched ||
        told->is_settled) {
        return false;
    }
    return told->known < held->head || (held->is_frozen && !told->is_proved);
}

void lum_session_want(struct lum_side *side, struct lum_session *session, uint32_t lno)
{
    struct lum_told *told = lum_session_told(session, lno);
    if (told->is_due || !has_more(side, session, lno)) {
        return;
    }
    told->is_due = true;
    session->due_count++;
    if (lum_frontier_log(&side->ours, lno)->name.shelf == LUM_SHELF_GOV) {
        session->gov_due++;
        return;
    }
    LUM_ASSERT(session->due_len < session->told_room);
    session->due[(session->due_first + session->due_len) % session->told_room] = lno;
    session->due_len++;
}

/* A piece of this log is on its way from them to our store: what it brings is not for them. */
static bool is_coming(const struct lum_session *session, const struct lum_told *told)
{
    return told->theirs != 0 && session->claims[told->theirs - 1].pending > 0;
}

static uint32_t take(struct lum_side *side, struct lum_session *session, uint32_t lno)
{
    lum_session_told(session, lno)->is_due = false;
    session->due_count--;
    return has_more(side, session, lno) ? lno : 0;
}

/* Control events go whole and in the order in which the logs came here: what makes an author known
 * stands in a log that came before his. */
static uint32_t next_of_gov(struct lum_side *side, struct lum_session *session)
{
    for (uint32_t lno = 1; session->gov_due > 0 && lno <= session->told_count; lno++) {
        const struct lum_told *told = &session->told[lno - 1];
        bool is_gov = lum_frontier_log(&side->ours, lno)->name.shelf == LUM_SHELF_GOV;
        if (!told->is_due || !is_gov || is_coming(session, told)) {
            continue;
        }
        session->gov_due--;
        if (take(side, session, lno) != 0) {
            return lno;
        }
    }
    return 0;
}

uint32_t lum_session_next(struct lum_side *side, struct lum_session *session)
{
    uint32_t gov = next_of_gov(side, session);
    if (gov != 0) {
        return gov;
    }
    for (uint32_t tries = session->due_len; tries > 0; tries--) {
        uint32_t lno = session->due[session->due_first];
        session->due_first = (session->due_first + 1) % session->told_room;
        if (is_coming(session, lum_session_told(session, lno))) {
            uint32_t last = session->due_first + session->due_len - 1;
            session->due[last % session->told_room] = lno;
            continue;
        }
        session->due_len--;
        if (take(side, session, lno) != 0) {
            return lno;
        }
    }
    return 0;
}

/* ---- how it stands ---- */

uint8_t lum_session_shared(const struct lum_session *session)
{
    return session->shown & session->their_shown;
}

bool lum_session_is_busy(const struct lum_session *session)
{
    return session->due_count > 0 || session->awaits > 0 || session->ingests > 0 ||
           session->proof_count > 0 || session->is_held || session->is_holding;
}

void lum_session_wake(struct lum_side *side, uint64_t when_ms)
{
    if (when_ms < side->wake_ms) {
        side->wake_ms = when_ms;
    }
}

struct lum_txn *lum_side_txn(struct lum_side *side)
{
    if (side->txn == NULL && side->outbox.status == LUM_OK) {
        enum lum_status status = lum_txn_begin_read(side->self.log, &side->txn, NULL);
        if (!lum_outbox_check(&side->outbox, status)) {
            side->txn = NULL;
        }
    }
    return side->outbox.status == LUM_OK ? side->txn : NULL;
}

/* ---- saying and ending ---- */

void lum_session_say(struct lum_side *side, struct lum_session *session, uint8_t type)
{
    LUM_ASSERT(session->phase != LUM_PHASE_ENDING);
    size_t size = lum_outbox_send(&side->outbox, session->id, type);
    session->queued += size;
    session->tally.bytes_out += size;
}

void lum_session_end(struct lum_side *side, struct lum_session *session, enum lum_fault fault)
{
    if (session->phase == LUM_PHASE_ENDING) {
        return;
    }
    struct lum_sync_act *act = lum_outbox_act(&side->outbox, LUM_SYNC_CLOSE, session->id);
    if (act != NULL) {
        act->close.fault = fault;
    }
    session->tally.fault = fault;
    lum_machine_move(&session->phase, LUM_PHASE_ENDING);
}

void lum_session_bye(struct lum_side *side, struct lum_session *session, enum lum_bye reason)
{
    lum_message_put_bye(lum_outbox_body(&side->outbox), reason);
    lum_session_say(side, session, LUM_MESSAGE_BYE);
    session->tally.bye = (uint8_t)reason;
    lum_session_end(side, session, LUM_FAULT_NONE);
}
