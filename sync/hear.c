/*
 * hear.c - what every message does. Whatever a neighbour says is checked here or in the store's one
 * way in (core/ingest.h); what is wrong ends the meeting with a named fault and leaves no trace.
 */
#include <string.h>

#include "sync/session.h"

/* ---- logs by their numbers ---- */

/* The number's log is known by its whole name now. */
static void name_claim(struct lum_side *side, struct lum_session *session, uint32_t number,
                       const struct lum_log_name *name)
{
    struct lum_claim *claim = lum_session_claim(session, number);
    struct lum_hash id;
    lum_log_id(&side->self.space, name, &id);
    memcpy(claim->log8, id.b, sizeof(claim->log8));
    uint32_t lno = lum_frontier_find(&side->ours, &id);
    if (lno != 0) {
        lum_session_link(session, number, lno);
        return;
    }
    if (claim->lno != 0) {
        lum_session_told(session, claim->lno)->theirs = 0;
        claim->lno = 0;
    }
    lum_session_keep_name(side, session, number, name);
}

static enum lum_fault hear_intro(struct lum_side *side, struct lum_session *session,
                                 struct lum_bytes body)
{
    struct lum_intro intro;
    enum lum_fault fault = lum_message_get_intro(body, &intro);
    if (fault != LUM_FAULT_NONE) {
        return fault;
    }
    if (intro.number > session->claim_count || intro.number >= LUM_NUMBERS_MAX) {
        return LUM_FAULT_MESSAGE;
    }
    if (intro.number == session->claim_count) {
        struct lum_hash id;
        lum_log_id(&side->self.space, &intro.name, &id);
        const uint8_t *log8 = intro.is_short ? intro.log8 : id.b;
        if (lum_session_add_claim(side, session, log8) == NULL) {
            return LUM_FAULT_NONE;
        }
    }
    if (!intro.is_short) {
        name_claim(side, session, intro.number, &intro.name);
    }
    return LUM_FAULT_NONE;
}

/* ---- pieces ---- */

/* What lies between our head and the piece was lost on the way, we cannot tell whose log it is, or
 * it is frozen here: say what we hold, and they begin again from there. */
static void correct(struct lum_side *side, struct lum_session *session, uint32_t number)
{
    struct lum_claim *claim = lum_session_claim(session, number);
    bool may_speak = lum_machine_hears(session->phase, LUM_MESSAGE_HAVE);
    if (!may_speak || claim->is_corrected || session->corrections == LUM_SYNC_CORRECTIONS_MAX) {
        return;
    }
    claim->is_corrected = true;
    session->corrections++;
    lum_front_correct(side, session, number);
}

static bool note_ingest(struct lum_side *side, struct lum_session *session, uint32_t number)
{
    if (session->ingests == session->ingesting_room) {
        uint32_t room = session->ingesting_room == 0 ? 16 : 2 * session->ingesting_room;
        void *grown = lum_realloc(session->ingesting, room * sizeof(session->ingesting[0]));
        if (grown == NULL) {
            return lum_outbox_check(&side->outbox, LUM_NO_MEMORY);
        }
        session->ingesting = grown;
        session->ingesting_room = room;
    }
    session->ingesting[session->ingests++] =
        (struct lum_ingesting){.token = side->next_token, .number = number};
    session->claims[number].pending++;
    return true;
}

static void hand_on(struct lum_side *side, struct lum_session *session,
                    const struct lum_piece *piece, const struct lum_log_name *name)
{
    size_t seal_bytes = piece->seals.count * sizeof(piece->seals.at[0]);
    struct lum_bytes bytes = lum_outbox_keep(&side->outbox, piece->bytes);
    struct lum_bytes seals =
        lum_outbox_keep(&side->outbox, lum_bytes_of(piece->seals.at, seal_bytes));
    struct lum_sync_act *act = lum_outbox_act(&side->outbox, LUM_SYNC_INGEST, session->id);
    if (act == NULL || !note_ingest(side, session, piece->number)) {
        return;
    }
    act->ingest.token = side->next_token++;
    act->ingest.run = (struct lum_ingest){
        .name = *name,
        .first = piece->first,
        .plain_len = piece->plain_len == 0 ? (uint32_t)bytes.len : piece->plain_len,
        .is_packed = piece->plain_len != 0,
        .bytes = bytes,
        .seals = {(const struct lum_sig *)seals.at, piece->seals.count},
    };
}

static enum lum_fault take_piece(struct lum_side *side, struct lum_session *session,
                                 const struct lum_piece *piece)
{
    struct lum_claim *claim = lum_session_claim(session, piece->number);
    if (claim == NULL) {
        return LUM_FAULT_MESSAGE;
    }
    if (claim->lno == 0 && claim->name == NULL) {
        correct(side, session, piece->number);
        return LUM_FAULT_NONE;
    }
    const struct lum_held *held =
        claim->lno == 0 ? NULL : lum_frontier_log(&side->ours, claim->lno);
    const struct lum_log_name *name = held == NULL ? claim->name : &held->name;
    if (held == NULL || piece->first > held->head) {
        lum_front_look_for_doubt(side, session, name, claim->lno);
    }
    hand_on(side, session, piece, name);
    return LUM_FAULT_NONE;
}

static enum lum_fault hear_piece(struct lum_side *side, struct lum_session *session, uint8_t type,
                                 struct lum_bytes body)
{
    struct lum_piece piece;
    enum lum_fault fault = type == LUM_MESSAGE_TAIL ? lum_message_get_tail(body, &piece)
                                                    : lum_message_get_seg(body, &piece);
    return fault == LUM_FAULT_NONE ? take_piece(side, session, &piece) : fault;
}

static enum lum_fault hear_bunch(struct lum_side *side, struct lum_session *session,
                                 struct lum_bytes body)
{
    struct lum_bunch bunch;
    enum lum_fault fault = lum_message_get_bunch(body, &bunch);
    if (fault != LUM_FAULT_NONE) {
        return fault;
    }
    enum lum_status status =
        lum_unsqueeze(side->squeezer, bunch.packed, bunch.plain_len, &side->plain);
    if (status == LUM_FAULT) {
        return LUM_FAULT_SQUEEZE;
    }
    if (!lum_outbox_check(&side->outbox, status)) {
        return LUM_FAULT_NONE;
    }
    for (uint32_t i = 0; i < bunch.seals.count; i++) {
        if (lum_session_claim(session, bunch.runs[i].number) == NULL) {
            return LUM_FAULT_MESSAGE;
        }
    }
    const uint8_t *at = side->plain.at;
    for (uint32_t i = 0; i < bunch.seals.count && fault == LUM_FAULT_NONE; i++) {
        const struct lum_piece piece = {
            .number = bunch.runs[i].number,
            .first = bunch.runs[i].first,
            .seals = {bunch.seals.at + i, 1},
            .bytes = lum_bytes_of(at, bunch.runs[i].len),
        };
        fault = take_piece(side, session, &piece);
        at += bunch.runs[i].len;
    }
    return fault;
}

static void acknowledge(struct lum_session *session, struct lum_claim *claim)
{
    session->haves_due += claim->have_due ? 0 : 1;
    claim->have_due = true;
}

void lum_hear_grown_gov(struct lum_side *side, struct lum_session *session)
{
    for (uint32_t number = 0; number < session->claim_count; number++) {
        struct lum_claim *claim = lum_session_claim(session, number);
        if (claim->is_refused) {
            claim->is_refused = false;
            correct(side, session, number);
        }
    }
}

/* Others go on waiting for what this one brings, as long as that is worth, but not past a pause. */
static void keep_others(const struct lum_side *side, struct lum_session *session, uint32_t taken)
{
    uint64_t from_ms = session->keeps_ms > side->now_ms ? session->keeps_ms : side->now_ms;
    uint64_t until_ms = from_ms + (uint64_t)taken * LUM_SYNC_BROUGHT_MS;
    uint64_t latest_ms = side->now_ms + LUM_SYNC_BULK_PAUSE_MS;
    session->keeps_ms = until_ms < latest_ms ? until_ms : latest_ms;
}

void lum_hear_ingested(struct lum_side *side, struct lum_session *session, uint32_t token,
                       const struct lum_ingest_result *result)
{
    uint32_t number = lum_session_ingested(session, token);
    if (number == UINT32_MAX || session->phase == LUM_PHASE_ENDING) {
        return;
    }
    struct lum_claim *claim = lum_session_claim(session, number);
    struct lum_told *told = result->lno == 0 ? NULL : lum_session_told(session, result->lno);
    session->tally.events_in += result->taken;
    session->progress_ms = side->now_ms;
    keep_others(side, session, result->taken);
    switch (result->end) {
    case LUM_INGEST_TAKEN:
        told->known = told->known < result->head ? result->head : told->known;
        claim->is_corrected = false;
        acknowledge(session, claim);
        break;
    case LUM_INGEST_HELD:
    case LUM_INGEST_FORK:
        if (lum_frontier_log(&side->ours, result->lno)->is_frozen) {
            correct(side, session, number);
            lum_branch_show(side, session, result->lno, result->end == LUM_INGEST_FORK);
        } else {
            acknowledge(session, claim);
        }
        break;
    case LUM_INGEST_GAP:
        correct(side, session, number);
        break;
    case LUM_INGEST_STRANGER:
        claim->is_refused = true;
        lum_session_set_ahead(session, claim, false);
        break;
    case LUM_INGEST_NO_ROOM: /* the next meeting brings it again */
        lum_session_bye(side, session, LUM_BYE_NO_ROOM);
        return;
    case LUM_INGEST_FAULTY:
    default:
        lum_session_end(side, session, result->fault);
        return;
    }
    if (told != NULL) {
        lum_session_want(side, session, result->lno);
    }
}

/* ---- the small ones ---- */

static enum lum_fault hear_have(struct lum_side *side, struct lum_session *session,
                                struct lum_bytes body)
{
    struct lum_cur haves;
    struct lum_have have;
    enum lum_fault fault = lum_message_get_haves(body, &haves);
    if (fault != LUM_FAULT_NONE) {
        return fault;
    }
    while (lum_message_next_have(&haves, &have)) {
        if (have.number >= session->mine_count) {
            return LUM_FAULT_MESSAGE;
        }
        uint32_t lno = session->mine[have.number];
        struct lum_told *told = lum_session_told(session, lno);
        if (have.seq >= told->known) {
            lum_session_acked(session, told);
        }
        uint64_t head = lum_frontier_log(&side->ours, lno)->head;
        uint64_t seq = have.seq < head ? have.seq : head;
        told->known = told->known < seq ? seq : told->known;
        lum_session_want(side, session, lno);
    }
    return LUM_FAULT_NONE;
}

static enum lum_fault hear_address(struct lum_side *side, struct lum_session *session,
                                   struct lum_bytes body)
{
    uint16_t port = 0;
    enum lum_fault fault = lum_message_get_address(body, &port);
    struct lum_sync_act *act = fault != LUM_FAULT_NONE
                                   ? NULL
                                   : lum_outbox_act(&side->outbox, LUM_SYNC_ADDRESS, session->id);
    if (act != NULL) {
        act->port = port;
    }
    return fault;
}

static enum lum_fault hear_bye(struct lum_side *side, struct lum_session *session,
                               struct lum_bytes body)
{
    enum lum_bye reason = LUM_BYE_DONE;
    enum lum_fault fault = lum_message_get_bye(body, &reason);
    if (fault == LUM_FAULT_NONE) {
        session->tally.bye = (uint8_t)reason;
        lum_session_end(side, session, LUM_FAULT_NONE);
    }
    return fault;
}

static enum lum_fault hear_hold(struct lum_session *session, struct lum_bytes body)
{
    session->is_held = true;
    return lum_message_get_nothing(body);
}

/* ---- all of them ---- */

void lum_hear(struct lum_side *side, struct lum_session *session, uint8_t type,
              struct lum_bytes body)
{
    enum lum_fault fault = LUM_FAULT_NONE;
    session->tally.bytes_in += lum_outbox_frame_size(body.len);
    session->progress_ms = side->now_ms;
    if (session->phase == LUM_PHASE_ENDING) {
        return;
    }
    if (!lum_machine_hears(session->phase, type)) {
        lum_session_end(side, session, LUM_FAULT_MESSAGE);
        return;
    }
    switch ((enum lum_message_type)type) {
    case LUM_MESSAGE_AUTH:
        lum_greet_auth(side, session, body);
        break;
    case LUM_MESSAGE_GENESIS:
        lum_greet_genesis(side, session, body);
        break;
    case LUM_MESSAGE_WELCOME:
        lum_greet_welcome(side, session, body);
        break;
    case LUM_MESSAGE_FRONT:
        lum_front_hear(side, session, body);
        break;
    case LUM_MESSAGE_INTRO:
        fault = hear_intro(side, session, body);
        break;
    case LUM_MESSAGE_SEG:
    case LUM_MESSAGE_TAIL:
    case LUM_MESSAGE_PROOF:
        fault = hear_piece(side, session, type, body);
        break;
    case LUM_MESSAGE_BUNCH:
        fault = hear_bunch(side, session, body);
        break;
    case LUM_MESSAGE_HAVE:
        fault = hear_have(side, session, body);
        break;
    case LUM_MESSAGE_HOLD:
        fault = hear_hold(session, body);
        break;
    case LUM_MESSAGE_BYE:
        fault = hear_bye(side, session, body);
        break;
    case LUM_MESSAGE_ADDRESS:
        fault = hear_address(side, session, body);
        break;
    case LUM_MESSAGE_TYPES:
    default:
        fault = LUM_FAULT_MESSAGE;
        break;
    }
    if (fault != LUM_FAULT_NONE) {
        lum_session_end(side, session, fault);
    }
}
