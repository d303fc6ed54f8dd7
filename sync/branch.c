/*
 * branch.c - a log of which two nodes hold different branches: finding where they part, and
 * showing it.
 *
 *   what both hold ... c | ours    ...
 *                        | theirs  ...
 *
 * A tag that does not match says only that they part somewhere before it. A run can be checked
 * only from a place both hold, so each side says a ladder: its head, the places 1, 2, 4, 8 ...
 * events before it, and event 1. The listener finds the newest rung c it agrees with and shows its
 * own branch from c + 1 up to the oldest rung where it differs: they part in between. Both then
 * hold the proof (core/fork.h), freeze the log at the same event, and are equal again.
 */
#include <string.h>

#include "sync/session.h"

static bool hash_at(struct lum_side *side, uint32_t lno, uint64_t seq, struct lum_hash *out)
{
    const struct lum_held *held = lum_frontier_log(&side->ours, lno);
    if (seq == 0) {
        *out = held->id;
        return true;
    }
    if (seq == held->seq) {
        *out = held->h;
        return true;
    }
    struct lum_txn *txn = lum_side_txn(side);
    return txn != NULL &&
           lum_outbox_check(&side->outbox, lum_log_hash_at(side->reader, txn, lno, seq, out));
}

bool lum_branch_differs(struct lum_side *side, const struct lum_session *session, uint32_t lno,
                        const struct lum_front_entry *entry)
{
    struct lum_hash ours;
    if (entry->seq > lum_frontier_log(&side->ours, lno)->head ||
        !hash_at(side, lno, entry->seq, &ours)) {
        return true;
    }
    return lum_frontier_tag(session->hash, &ours) != entry->tag;
}

/* Their place lay beyond our head, and was taken to continue it. Ours has grown past it by what
 * another said: if that is another branch, they are not sent what follows ours, which they could
 * only take for a bad seal. */
void lum_branch_compare(struct lum_side *side, struct lum_session *session, uint32_t lno)
{
    const struct lum_held *held = lum_frontier_log(&side->ours, lno);
    struct lum_told *told = lum_session_told(session, lno);
    const struct lum_front_entry theirs = {.seq = told->unmatched, .tag = told->tag};
    bool may_speak = lum_machine_hears(session->phase, LUM_MESSAGE_HAVE);
    if (held->is_frozen && told->forked != held->seq + 1) { /* a fork, or an earlier one */
        told->forked = held->seq + 1;
        told->is_settled = told->is_settled && told->settled <= held->seq;
        told->is_proved = false;
        told->has_shown = false;
    }
    if (theirs.seq == 0 || theirs.seq > held->head || !may_speak) {
        return;
    }
    told->unmatched = 0;
    if (lum_branch_differs(side, session, lno, &theirs)) {
        told->is_branched = true;
        lum_front_look_for_doubt(side, session, &held->name, lno);
        lum_front_say_ladder(side, session, lno);
    }
}

void lum_branch_put_ladder(struct lum_side *side, struct lum_session *session, uint32_t lno,
                           struct lum_buf *body)
{
    const struct lum_held *held = lum_frontier_log(&side->ours, lno);
    struct lum_told *told = lum_session_told(session, lno);
    struct lum_front_entry rung = {.seq = held->seq, .is_frozen = held->is_frozen};
    struct lum_hash h;
    told->has_laddered = true;
    if (told->theirs != 0) {
        rung.name = LUM_BY_YOURS;
        rung.number = told->theirs - 1;
    } else {
        lum_session_name(side, session, lno, &rung);
    }
    for (uint64_t back = 1; hash_at(side, lno, rung.seq, &h); back *= 2) {
        rung.tag = lum_frontier_tag(session->hash, &h);
        lum_message_put_entry(body, &rung);
        rung.is_frozen = false;
        rung.name = rung.name == LUM_BY_LOG8 ? LUM_BY_MINE : rung.name;
        if (rung.seq <= 1) {
            return;
        }
        rung.seq = held->seq > back ? held->seq - back : 1;
    }
}

void lum_branch_show(struct lum_side *side, struct lum_session *session, uint32_t lno,
                     bool is_theirs)
{
    const struct lum_held *held = lum_frontier_log(&side->ours, lno);
    struct lum_told *told = lum_session_told(session, lno);
    if (told->has_shown) {
        return;
    }
    told->has_shown = true;
    told->known = held->head;
    told->is_settled = false;
    told->is_branched = false;
    told->is_proved = is_theirs;
    lum_session_acked(session, told);
    lum_branch_prove(side, session, lno, held->seq, held->seq + 1);
    lum_session_want(side, session, lno);
}

void lum_branch_prove(struct lum_side *side, struct lum_session *session, uint32_t lno,
                      uint64_t common, uint64_t differs)
{
    if (common >= lum_frontier_log(&side->ours, lno)->head ||
        session->proof_count == LUM_SYNC_PROOFS_MAX) {
        return; /* the next vector begins again */
    }
    session->proofs[session->proof_count++] =
        (struct lum_proof){.lno = lno, .from = common + 1, .until = differs};
}
