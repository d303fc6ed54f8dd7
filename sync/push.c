/*
 * push.c - what they lack, said without being asked while the line has room.
 *
 * First what proves a fork, then control events, then the other logs in turn, a piece each, so that
 * what an event depends on is never far behind it. The store is read through the step's transaction
 * only; nothing is held open until the next step.
 *
 * A piece is one segment, so that a cut costs no more than that; once a line has shown that it is
 * fast, 16 segments go in one block, which is smaller.
 */
#include <string.h>

#include "sync/session.h"

static size_t window(const struct lum_session *session)
{
    return session->is_fast ? LUM_WRITE_QUEUE_MAX : LUM_SYNC_THIN_BYTES;
}

static bool has_room(const struct lum_session *session)
{
    return session->queued < window(session) && session->said_bytes < LUM_SYNC_STEP_BYTES;
}

/* Enough has left the line in little enough time since pushing began: it is fast. */
static void look_at_speed(const struct lum_side *side, struct lum_session *session)
{
    uint64_t said = session->tally.bytes_out;
    bool has_paused =
        session->queued == 0 && side->now_ms >= session->pushed_ms + LUM_SYNC_BURST_PAUSE_MS;
    if (session->pushed_ms == 0 || has_paused) { /* 0: the first, whatever greeting is queued */
        session->burst_ms = side->now_ms;
        session->burst_bytes = said;
    }
    uint64_t since = said - session->burst_bytes;
    uint64_t gone = since < session->queued ? 0 : since - session->queued;
    uint64_t ms = side->now_ms - session->burst_ms;
    session->pushed_ms = side->now_ms;
    session->is_fast |=
        gone >= LUM_SYNC_THIN_BYTES && ms > 0 && gone > ms * LUM_SYNC_FAST_BYTES_A_MS;
}

/* ---- saying one piece ---- */

static void introduce(struct lum_side *side, struct lum_session *session, uint32_t lno,
                      bool in_full)
{
    const struct lum_held *held = lum_frontier_log(&side->ours, lno);
    struct lum_told *told = lum_session_told(session, lno);
    bool is_unique = lum_frontier_find8(&side->ours, held->id.b) == lno;
    struct lum_intro intro = {
        .number = lum_session_number(side, session, lno),
        .is_short = !in_full && told->known > 0 && is_unique,
        .name = held->name,
    };
    memcpy(intro.log8, held->id.b, sizeof(intro.log8));
    lum_message_put_intro(lum_outbox_body(&side->outbox), &intro);
    lum_session_say(side, session, LUM_MESSAGE_INTRO);
    told->is_named = true;
}

static void say_piece(struct lum_side *side, struct lum_session *session, uint32_t lno,
                      const struct lum_log_piece *from, bool is_proof)
{
    const struct lum_piece piece = {
        .number = lum_session_number(side, session, lno),
        .first = from->first,
        .plain_len = from->is_packed ? from->plain_len : 0,
        .seals = {from->seals, from->seal_count},
        .bytes = from->bytes,
    };
    session->said_bytes += from->bytes.len;
    session->tally.events_out += from->last - from->first + 1;
    if (!is_proof && !from->is_packed && from->seal_count == 1) {
        lum_bunch_add(side, session, &piece);
        return;
    }
    lum_bunch_say(side, session);
    lum_message_put_seg(lum_outbox_body(&side->outbox), &piece);
    lum_session_say(side, session, is_proof ? LUM_MESSAGE_PROOF : LUM_MESSAGE_SEG);
}

static bool read_piece(struct lum_side *side, const struct lum_session *session, uint32_t lno,
                       uint64_t from, struct lum_log_piece *out)
{
    struct lum_txn *txn = lum_side_txn(side);
    struct lum_log_row row;
    if (txn == NULL || !lum_outbox_check(&side->outbox, lum_log_get(txn, lno, &row))) {
        return false;
    }
    uint32_t segments = session->is_fast ? LUM_BLOCK_SEGMENTS_MAX : 1;
    return lum_outbox_check(&side->outbox,
                            lum_log_piece_at(side->reader, txn, &row, from, segments, out));
}

/* ---- logs in turn ---- */

static void push_log(struct lum_side *side, struct lum_session *session, uint32_t lno)
{
    struct lum_told *told = lum_session_told(session, lno);
    struct lum_log_piece piece;
    if (!read_piece(side, session, lno, told->known + 1, &piece)) {
        return;
    }
    if (told->mine == 0 || !told->is_named) {
        introduce(side, session, lno, false);
    }
    say_piece(side, session, lno, &piece, false);
    told->known = piece.last;
    told->flying = piece.last;
    if (!told->awaits) {
        told->awaits = true;
        session->awaits++;
    }
}

/* Whoever holds our branch needs the other one to see the fork. */
static void push_other_branch(struct lum_side *side, struct lum_session *session, uint32_t lno)
{
    struct lum_txn *txn = lum_side_txn(side);
    struct lum_log_piece piece;
    if (txn == NULL || !lum_outbox_check(&side->outbox, lum_fork_get(txn, lno, &piece))) {
        return;
    }
    introduce(side, session, lno, true);
    say_piece(side, session, lno, &piece, true);
    lum_session_told(session, lno)->is_proved = true;
}

static void push_proof(struct lum_side *side, struct lum_session *session)
{
    struct lum_proof *proof = &session->proofs[0];
    struct lum_log_piece piece;
    if (!read_piece(side, session, proof->lno, proof->from, &piece)) {
        return;
    }
    if (!proof->has_begun) {
        introduce(side, session, proof->lno, true);
        proof->has_begun = true;
    }
    say_piece(side, session, proof->lno, &piece, true);
    proof->from = piece.last + 1;
    if (piece.last >= proof->until ||
        piece.last >= lum_frontier_log(&side->ours, proof->lno)->head) {
        session->proof_count--;
        memmove(&session->proofs[0], &session->proofs[1],
                session->proof_count * sizeof(session->proofs[0]));
    }
}

/* False when nothing is left that may be said now. */
static bool push_next(struct lum_side *side, struct lum_session *session)
{
    if (session->proof_count > 0) {
        push_proof(side, session);
        return true;
    }
    uint32_t lno = lum_session_next(side, session);
    if (lno == 0) {
        return false;
    }
    if (lum_session_told(session, lno)->known < lum_frontier_log(&side->ours, lno)->head) {
        push_log(side, session, lno);
    } else {
        push_other_branch(side, session, lno);
    }
    lum_session_want(side, session, lno);
    return true;
}

static void push_pieces(struct lum_side *side, struct lum_session *session)
{
    bool has_more = session->due_count > 0 || session->proof_count > 0;
    session->said_bytes = 0;
    if (has_more) {
        look_at_speed(side, session);
    }
    while (has_more && has_room(session) && side->outbox.status == LUM_OK) {
        has_more = push_next(side, session);
    }
    lum_bunch_say(side, session);
    if (has_more && session->queued < window(session)) {
        lum_session_wake(side, side->now_ms); /* the rest in the next step */
    }
}

/* ---- what has become durable ---- */

static void say_haves(struct lum_side *side, struct lum_session *session)
{
    struct lum_buf *body = lum_outbox_body(&side->outbox);
    for (uint32_t number = 0; number < session->claim_count; number++) {
        struct lum_claim *claim = lum_session_claim(session, number);
        if (claim->have_due && claim->lno != 0) {
            const struct lum_held *held = lum_frontier_log(&side->ours, claim->lno);
            const struct lum_have have = {.number = number, .seq = held->head};
            lum_message_put_have(body, &have);
        }
        claim->have_due = false;
    }
    session->haves_due = 0;
    if (body->len > 0) {
        lum_session_say(side, session, LUM_MESSAGE_HAVE);
    }
}

void lum_push_go(struct lum_side *side, struct lum_session *session)
{
    if (!lum_machine_pushes(session->phase)) {
        return;
    }
    bool may_speak = session->phase != LUM_PHASE_OFFERING;
    if (session->haves_due > 0 && session->ingests == 0 && may_speak) {
        say_haves(side, session);
    }
    if (!session->is_held) {
        push_pieces(side, session);
    }
}
