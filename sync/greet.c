/*
 * greet.c - who speaks, and what they may see.
 *
 * Both hold the space secret (the handshake proved it); AUTH proves the device. The responder
 * speaks first. Shelves other than gov are shown only to an effective device; a member whom we do
 * not know yet shows us gov first, and when its JOIN has come in the session widens.
 *
 * First contact, with the key of an invite (docs/format.md 7):
 *
 *   member    AUTH, GENESIS, all of gov, its digest as the end of it ->
 *   newcomer  the document is the space of the invite; T stands in that gov, effective:
 *             <- AUTH, the log with its JOIN
 *   member    the JOIN is effective here, the invite unexpired by our clock: WELCOME ->
 *             and from then on a session like every other
 */
#include <string.h>

#include "sync/session.h"

#define GOV ((uint8_t)(1U << LUM_SHELF_GOV))

/* ---- what is known ---- */

uint8_t lum_greet_shelves(const struct lum_side *side)
{
    uint8_t mask = GOV;
    if (side->self.roster == NULL) {
        return mask;
    }
    const struct lum_genesis *genesis = lum_roster_genesis(side->self.roster);
    for (uint32_t i = 0; i < genesis->shelf_count; i++) {
        mask |= (uint8_t)(1U << genesis->shelves[i].index);
    }
    return mask;
}

/* The device that has this T; NULL when none has, or no roster is there. */
static const struct lum_device *device_of(const struct lum_side *side, const uint8_t t[32])
{
    return side->self.roster == NULL ? NULL : lum_roster_by_node(side->self.roster, t);
}

static bool is_effective(const struct lum_device *device)
{
    return device != NULL && device->is_effective;
}

/* Everything to an effective device, else gov. */
static void show_shelves(struct lum_side *side, struct lum_session *session)
{
    const struct lum_device *device = device_of(side, session->t);
    session->shown = is_effective(device) ? lum_greet_shelves(side) : GOV;
}

/* ---- saying ---- */

static void say_auth(struct lum_side *side, struct lum_session *session)
{
    const struct lum_auth auth = {
        .has_generation = !session->by_invite,
        .generation = side->self.generation,
        .wall_ms = side->wall_ms,
    };
    const struct lum_auth_role role = {session->is_initiator, session->hash};
    struct lum_buf *body = lum_outbox_body(&side->outbox);
    lum_message_put_auth(body, &auth, &role, &side->self.node);
    lum_session_say(side, session, LUM_MESSAGE_AUTH);
}

static void say_genesis(struct lum_side *side, struct lum_session *session)
{
    struct lum_txn *txn = lum_side_txn(side);
    struct lum_bytes document;
    struct lum_bytes key = lum_bytes_of(LUM_META_GENESIS, sizeof(LUM_META_GENESIS) - 1);
    if (txn == NULL ||
        !lum_outbox_check(&side->outbox, lum_txn_get(txn, LUM_T_META, key, &document))) {
        return;
    }
    struct lum_buf *body = lum_outbox_body(&side->outbox);
    lum_buf_put(body, document.at, document.len);
    lum_session_say(side, session, LUM_MESSAGE_GENESIS);
}

static void tell_met(struct lum_side *side, struct lum_session *session)
{
    struct lum_sync_act *act = lum_outbox_act(&side->outbox, LUM_SYNC_MET, session->id);
    if (act != NULL) {
        memcpy(act->met.t, session->t, sizeof(act->met.t));
        act->met.clock_ms = session->tally.clock_ms;
    }
    session->tally.is_met = true;
}

static void open_up(struct lum_side *side, struct lum_session *session)
{
    lum_machine_move(&session->phase, LUM_PHASE_OPEN);
    show_shelves(side, session);
    session->is_opening = session->is_initiator;
    session->heal_ms = side->now_ms + session->heal_wait_ms;
    if (side->self.listen_port != 0) {
        lum_message_put_address(lum_outbox_body(&side->outbox), side->self.listen_port);
        lum_session_say(side, session, LUM_MESSAGE_ADDRESS);
    }
}

/* ---- the beginning ---- */

void lum_greet_up(struct lum_side *side, struct lum_session *session)
{
    bool is_new = side->self.is_newcomer;
    bool fits =
        session->is_initiator ? session->by_invite == is_new : !is_new && side->self.has_secret;
    if (!fits || (side->self.roster == NULL && !is_new)) {
        lum_session_end(side, session, LUM_FAULT_AUTH);
        return;
    }
    if (session->is_initiator) {
        return;
    }
    say_auth(side, session);
    if (!session->by_invite) {
        session->shown = lum_greet_shelves(side); /* their digests, until AUTH says who asks */
        lum_front_say(side, session, LUM_FRONT_DIGESTS, 0);
        return;
    }
    session->phase = LUM_PHASE_OFFERING;
    session->shown = GOV;
    session->their_shown = GOV;
    say_genesis(side, session);
    session->ready = GOV;
    for (uint32_t lno = 1; lno <= session->told_count; lno++) {
        lum_session_want(side, session, lno);
    }
}

static enum lum_fault check_auth(struct lum_session *session, const struct lum_auth *auth)
{
    const struct lum_auth_role role = {!session->is_initiator, session->hash};
    if (auth->has_generation == session->by_invite || !lum_message_check_auth(auth, &role)) {
        return LUM_FAULT_AUTH;
    }
    return LUM_FAULT_NONE;
}

void lum_greet_auth(struct lum_side *side, struct lum_session *session, struct lum_bytes body)
{
    struct lum_auth auth;
    enum lum_fault fault = lum_message_get_auth(body, &auth);
    if (fault == LUM_FAULT_NONE) {
        fault = check_auth(session, &auth);
    }
    if (fault != LUM_FAULT_NONE) {
        lum_session_end(side, session, fault);
        return;
    }
    memcpy(session->t, auth.t, sizeof(session->t));
    memcpy(session->tally.t, auth.t, sizeof(session->tally.t));
    session->tally.clock_ms = (int64_t)auth.wall_ms - (int64_t)side->wall_ms;
    if (session->by_invite) {
        bool is_new = session->is_initiator;
        lum_machine_move(&session->phase, is_new ? LUM_PHASE_PROVING : LUM_PHASE_HOSTING);
        if (!is_new) {
            tell_met(side, session);
        }
        return;
    }
    if (session->is_initiator) {
        say_auth(side, session);
    }
    tell_met(side, session);
    open_up(side, session);
}

/* ---- a newcomer's side ---- */

void lum_greet_genesis(struct lum_side *side, struct lum_session *session, struct lum_bytes body)
{
    struct lum_genesis genesis;
    struct lum_hash id;
    lum_genesis_id(body, &id);
    bool is_ours = memcmp(id.b, side->self.space.b, sizeof(id.b)) == 0;
    if (!is_ours || !lum_genesis_read(body, &genesis)) {
        lum_session_end(side, session, LUM_FAULT_SPACE);
        return;
    }
    session->shown = GOV;
    if (side->self.roster != NULL) {
        return;
    }
    struct lum_bytes document = lum_outbox_keep(&side->outbox, body);
    struct lum_sync_act *act = lum_outbox_act(&side->outbox, LUM_SYNC_GENESIS, session->id);
    if (act != NULL) {
        act->document = document;
    }
}

static void ask(struct lum_side *side, struct lum_session *session)
{
    lum_machine_move(&session->phase, LUM_PHASE_ASKING);
    tell_met(side, session);
    say_auth(side, session);
    if ((session->ready & GOV) == 0) {
        lum_front_say(side, session, LUM_FRONT_VECTOR, GOV); /* we hold more of gov than they */
    }
}

/* Gov came whole, and what came is written: is it a device of the space that showed it? */
static void prove(struct lum_side *side, struct lum_session *session)
{
    if (side->self.roster == NULL || session->heard == 0 || session->ingests > 0) {
        return;
    }
    if (!is_effective(device_of(side, session->t))) {
        lum_session_end(side, session, LUM_FAULT_AUTH);
        return;
    }
    if (device_of(side, side->self.node.public) != NULL) {
        ask(side, session);
        return;
    }
    (void)lum_outbox_act(&side->outbox, LUM_SYNC_JOIN, session->id);
    lum_machine_move(&session->phase, LUM_PHASE_JOINING);
}

void lum_greet_welcome(struct lum_side *side, struct lum_session *session, struct lum_bytes body)
{
    struct lum_welcome welcome;
    enum lum_fault fault = lum_message_get_welcome(body, &welcome);
    if (fault != LUM_FAULT_NONE) {
        lum_session_end(side, session, fault);
        return;
    }
    struct lum_sync_act *act = lum_outbox_act(&side->outbox, LUM_SYNC_WELCOME, session->id);
    if (act != NULL) {
        act->welcome.generation = welcome.generation;
        memcpy(act->welcome.secret, welcome.secret, sizeof(act->welcome.secret));
    }
    lum_wipe(&welcome, sizeof(welcome));
    open_up(side, session);
}

/* ---- a member's side ---- */

static bool is_unexpired(const struct lum_side *side, const struct lum_device *device)
{
    const struct lum_roster *roster = side->self.roster;
    for (size_t i = 0; i < lum_roster_invite_count(roster); i++) {
        const struct lum_invite_fact *invite = lum_roster_invite(roster, i);
        if (lum_ref_equal(&invite->ref, &device->invite)) {
            return lum_roster_answers(invite, side->wall_ms);
        }
    }
    return false;
}

static void host(struct lum_side *side, struct lum_session *session)
{
    const struct lum_device *device = device_of(side, session->t);
    if (device == NULL || session->ingests > 0) {
        return;
    }
    if (!device->is_effective) {
        if (session->due_count == 0) {
            lum_session_bye(side, session, LUM_BYE_WAITING);
        }
        return;
    }
    if (!is_unexpired(side, device)) {
        lum_session_bye(side, session, LUM_BYE_EXPIRED);
        return;
    }
    struct lum_welcome welcome = {.generation = side->self.generation};
    memcpy(welcome.secret, side->self.secret, sizeof(welcome.secret));
    lum_message_put_welcome(lum_outbox_body(&side->outbox), &welcome);
    lum_session_say(side, session, LUM_MESSAGE_WELCOME);
    lum_wipe(&welcome, sizeof(welcome));
    open_up(side, session);
    lum_front_say(side, session, LUM_FRONT_DIGESTS, 0);
}

/* ---- going on ---- */

/* Equal in gov, and still they are nobody here: not a device of this space. */
static bool is_nobody(const struct lum_side *side, const struct lum_session *session)
{
    return session->ingests == 0 && (session->settled & GOV) != 0 &&
           device_of(side, session->t) == NULL;
}

void lum_greet_go(struct lum_side *side, struct lum_session *session)
{
    switch (session->phase) {
    case LUM_PHASE_PROVING:
        prove(side, session);
        break;
    case LUM_PHASE_JOINING:
        if (device_of(side, side->self.node.public) != NULL) {
            ask(side, session);
        }
        break;
    case LUM_PHASE_HOSTING:
        host(side, session);
        break;
    case LUM_PHASE_OFFERING:
        if (session->said == 0 && session->due_count == 0) {
            lum_front_say(side, session, LUM_FRONT_DIGESTS, 0);
        }
        break;
    case LUM_PHASE_OPEN:
        show_shelves(side, session);
        if (is_nobody(side, session)) {
            lum_session_end(side, session, LUM_FAULT_AUTH);
        }
        break;
    case LUM_PHASE_HELLO:
    case LUM_PHASE_ASKING:
    case LUM_PHASE_ENDING:
    case LUM_PHASES:
    default:
        break;
    }
}
