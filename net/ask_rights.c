/*
 * ask_rights.c - requests of stewards (invite, cancel, admit), and those that make a store's files
 * anew (rebuild, compact).
 *
 * A control event of anyone else would be kept everywhere and count nowhere: it is refused before
 * it is written.
 */
#include <string.h>

#include "net/address.h"
#include "net/ask.h"
#include "net/ask_page.h"
#include "net/ask_ref.h"

enum {
    EXPIRY_DAYS = 30,
    EXPIRY_DAYS_MAX = 36500,
    USES_MAX = 1000000,
    DAY_MS = 24 * 60 * 60 * 1000,
};

/* The roster with everything this batch holds. */
static enum lum_status need_steward(struct lum_ask *ask, const struct lum_roster **out,
                                    struct lum_error *err)
{
    struct lum_space *space = ask->world.space;
    const struct lum_device *self;
    enum lum_status status = lum_space_catch_up(space, err);

    if (status != LUM_OK) {
        return status;
    }
    *out = lum_space_roster(space);
    self = *out == NULL || ask->world.keys == NULL
               ? NULL
               : lum_roster_by_author(*out, ask->world.keys->author.public);
    if (self == NULL || !self->is_effective || self->role != LUM_ROLE_STEWARD) {
        return lum_fail(err, LUM_CAUSE_no_right, ask->request->name, "steward");
    }
    return LUM_OK;
}

/* The argument "role"; *out stands when there is none. */
static enum lum_status read_role(const struct lum_ask *ask, uint8_t *out, struct lum_error *err)
{
    struct lum_bytes name;
    enum lum_role role;

    if (!lum_ask_text(ask, "role", &name)) {
        return LUM_OK;
    }
    role = lum_ref_role(name);
    if (role == LUM_ROLE_NONE) {
        return lum_fail(err, LUM_CAUSE_bad_request, "role", NULL);
    }
    *out = (uint8_t)role;
    return LUM_OK;
}

static struct lum_ref ref_of(const struct lum_event_at *at)
{
    struct lum_ref ref = {.seq = at->seq};

    memcpy(ref.log8, at->log_id.b, sizeof(ref.log8));
    return ref;
}

/* ---- invite ---- */

/* What the person wishes: into the control event, and the address into the invite itself. */
static enum lum_status read_wishes(const struct lum_ask *ask, struct lum_control *control,
                                   struct lum_invite *invite, struct lum_error *err)
{
    uint64_t days = EXPIRY_DAYS;
    uint64_t uses = 1;
    struct lum_bytes text;
    struct lum_address address;
    uint8_t role = LUM_ROLE_WRITER;
    enum lum_status status = read_role(ask, &role, err);

    if (status != LUM_OK) {
        return status;
    }
    (void)lum_ask_uint(ask, "uses", &uses);
    (void)lum_ask_uint(ask, "expiry_days", &days);
    if (uses == 0 || uses > USES_MAX) {
        return lum_fail(err, LUM_CAUSE_bad_request, "uses", NULL);
    }
    if (days > EXPIRY_DAYS_MAX) {
        return lum_fail(err, LUM_CAUSE_bad_request, "expiry_days", NULL);
    }
    if (lum_ask_text(ask, "address", &text)) {
        if (!lum_address_read(text, &address)) {
            return lum_ref_fail(err, LUM_CAUSE_bad_address, text);
        }
        memcpy(invite->address, address.host, sizeof(invite->address));
        invite->port = address.port;
    }
    control->invite.role = role;
    control->invite.uses = uses;
    control->invite.expiry_ms = days == 0 ? 0 : ask->world.wall_ms + days * DAY_MS;
    return LUM_OK;
}

/* A fresh seed, and what of it the space is told: its public key, and for members its entry key. */
static enum lum_status make_keys(struct lum_space *space, struct lum_control *control,
                                 struct lum_invite *invite, struct lum_error *err)
{
    const struct lum_env *env = lum_space_env(space);
    struct lum_sign_key key;
    uint32_t generation;
    uint8_t secret[32];
    uint8_t psk[32];

    if (lum_space_secret(space, &generation, secret) != LUM_OK) {
        return lum_fail(err, LUM_CAUSE_no_right, "invite", "steward");
    }
    invite->space = *lum_space_id(space);
    lum_genesis_epoch(&invite->space, invite->epoch_pin);
    env->random(env->self, invite->seed, sizeof(invite->seed));
    lum_invite_sign_key(invite, &key);
    lum_invite_psk(invite, psk);
    memcpy(control->invite.pk, key.public, sizeof(control->invite.pk));
    control->invite.g = generation;
    lum_invite_wrap(secret, key.public, psk, control->invite.enc48);
    lum_wipe(secret, sizeof(secret));
    lum_wipe(psk, sizeof(psk));
    lum_wipe(&key, sizeof(key));
    return LUM_OK;
}

/* {role?, uses?, expiry_days? (0 = never), address?}: an invite that any member can answer. */
enum lum_status lum_ask_invite(struct lum_ask *ask, struct lum_error *err)
{
    const struct lum_roster *roster;
    struct lum_control control = {.op = LUM_INVITE};
    struct lum_invite invite = {0};
    struct lum_event_at at;
    struct lum_ref ref;
    char text[LUM_INVITE_TEXT + 1];
    struct lum_bytes address;
    enum lum_status status = need_steward(ask, &roster, err);

    if (status == LUM_OK) {
        status = read_wishes(ask, &control, &invite, err);
    }
    if (status == LUM_OK) {
        status = make_keys(ask->world.space, &control, &invite, err);
    }
    if (status == LUM_OK) {
        status = lum_space_append_control(ask->world.space, &control, &at, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    ref = ref_of(&at);
    lum_invite_to_text(&invite, text);
    lum_wipe(&invite, sizeof(invite));
    lum_reply_cstr(&ask->reply, "invite", text);
    lum_ref_tell_ref(&ask->reply, "ref", &ref);
    lum_reply_cstr(&ask->reply, "role", lum_ref_role_name(control.invite.role));
    lum_reply_uint(&ask->reply, "uses", control.invite.uses);
    lum_reply_uint(&ask->reply, "expiry_ms", control.invite.expiry_ms);
    if (lum_ask_text(ask, "address", &address)) {
        lum_reply_text(&ask->reply, "address", address);
    }
    lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    return LUM_OK;
}

/* ---- cancel ---- */

static bool is_same_pk(const struct lum_invite_fact *fact, const void *pk)
{
    return memcmp(fact->pk, pk, sizeof(fact->pk)) == 0;
}

static bool is_same_ref(const struct lum_invite_fact *fact, const void *self)
{
    const struct lum_ref *ref = self;

    return fact->ref.seq == ref->seq && memcmp(fact->ref.log8, ref->log8, sizeof(ref->log8)) == 0;
}

static const struct lum_invite_fact *
find_invite(const struct lum_roster *roster,
            bool (*is_same)(const struct lum_invite_fact *fact, const void *self), const void *self)
{
    for (size_t i = 0; i < lum_roster_invite_count(roster); i++) {
        const struct lum_invite_fact *fact = lum_roster_invite(roster, i);
        if (is_same(fact, self)) {
            return fact;
        }
    }
    return NULL;
}

/* By the text that was handed out, or by the event. */
static enum lum_status ref_invite(struct lum_ask *ask, const struct lum_roster *roster,
                                  struct lum_invite_fact *out, struct lum_error *err)
{
    struct lum_txn *log = lum_space_log_txn(ask->world.space);
    const struct lum_invite_fact *found;
    struct lum_bytes text;
    const char *copy;
    struct lum_invite invite;
    struct lum_sign_key key;
    struct lum_place place;
    struct lum_log_row row;
    struct lum_ref ref;
    enum lum_status status;

    status = lum_ask_cstr(ask, "invite", &copy);
    if (status == LUM_NO_MEMORY) {
        return status;
    }
    if (status != LUM_OK || !lum_ask_text(ask, "invite", &text)) {
        return lum_fail(err, LUM_CAUSE_bad_request, "invite", NULL);
    }
    if (lum_invite_from_text(copy, &invite, err) == LUM_OK) {
        lum_invite_sign_key(&invite, &key);
        found = find_invite(roster, is_same_pk, key.public);
        lum_wipe(&key, sizeof(key));
    } else {
        status = lum_ref_event(text, log, &place, err);
        if (status == LUM_OK) {
            status = lum_log_get(log, place.lno, &row);
        }
        if (status != LUM_OK) {
            return status;
        }
        ref.seq = place.seq;
        memcpy(ref.log8, row.place.log_id.b, sizeof(ref.log8));
        found = find_invite(roster, is_same_ref, &ref);
    }
    if (found == NULL) {
        return lum_fail(err, LUM_CAUSE_bad_invite, "unknown", NULL);
    }
    *out = *found;
    return LUM_OK;
}

/* {invite}: its text or its event. Whoever came with it and was not admitted waits from now on. */
enum lum_status lum_ask_cancel(struct lum_ask *ask, struct lum_error *err)
{
    const struct lum_roster *roster;
    struct lum_invite_fact fact = {0};
    struct lum_control control = {.op = LUM_CANCEL};
    struct lum_event_at at;
    enum lum_status status = need_steward(ask, &roster, err);

    if (status == LUM_OK) {
        status = ref_invite(ask, roster, &fact, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_ref_tell_ref(&ask->reply, "invite", &fact.ref);
    lum_reply_cstr(&ask->reply, "end", fact.is_cancelled ? "same" : "changed");
    if (!fact.is_cancelled) {
        control.cancel = fact.ref;
        status = lum_space_append_control(ask->world.space, &control, &at, err);
        if (status != LUM_OK) {
            return status;
        }
        lum_ref_tell_event(&ask->reply, "event", &at.log_id, at.seq);
    }
    lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    return LUM_OK;
}

/* ---- admit ---- */

/* What the invite promised, unless the steward says otherwise. */
static uint8_t promised_role(const struct lum_roster *roster, const struct lum_device *device)
{
    const struct lum_invite_fact *fact = find_invite(roster, is_same_ref, &device->invite);

    return fact == NULL ? (uint8_t)LUM_ROLE_WRITER : fact->role;
}

static enum lum_status tell_admitted(struct lum_ask *ask, const struct lum_roster *roster,
                                     const struct lum_device *device)
{
    struct lum_world world = ask->world;
    struct lum_bytes name;
    enum lum_status status;

    world.roster = roster;
    world.view = lum_space_view_txn(world.space);
    world.log = lum_space_log_txn(world.space);
    status = lum_ref_name(&world, &ask->arena, device->a, &name);
    if (status == LUM_OK) {
        lum_reply_hex(&ask->reply, "member", device->member.b, sizeof(device->member.b));
        lum_reply_text(&ask->reply, "name", name);
    }
    return status;
}

/* {member, role?}: confirms a JOIN, or raises a member's role. */
enum lum_status lum_ask_admit(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_space *space = ask->world.space;
    const struct lum_roster *roster;
    const struct lum_device *device = NULL;
    struct lum_control control = {.op = LUM_ADMIT};
    struct lum_bytes text = {0};
    struct lum_event_at at;
    bool is_same;
    enum lum_status status = need_steward(ask, &roster, err);

    if (status == LUM_OK && !lum_ask_text(ask, "member", &text)) {
        status = lum_fail(err, LUM_CAUSE_bad_request, "member", NULL);
    }
    if (status == LUM_OK) {
        status = lum_ref_member(text, roster, lum_space_view_txn(space), lum_space_log_txn(space),
                                &device, err);
    }
    if (status == LUM_OK) {
        control.admit.role = promised_role(roster, device);
        control.admit.join = device->join;
        status = read_role(ask, &control.admit.role, err);
    }
    if (status == LUM_OK) {
        status = tell_admitted(ask, roster, device);
    }
    if (status != LUM_OK) {
        return status;
    }
    is_same = device->is_effective && device->role >= control.admit.role;
    lum_reply_cstr(&ask->reply, "role",
                   lum_ref_role_name(is_same ? (unsigned)device->role : control.admit.role));
    lum_reply_cstr(&ask->reply, "end", is_same ? "same" : "changed");
    if (!is_same) {
        status = lum_space_append_control(space, &control, &at, err);
        if (status != LUM_OK) {
            return status;
        }
        lum_ref_tell_event(&ask->reply, "event", &at.log_id, at.seq);
    }
    lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    return LUM_OK;
}

/* ---- rebuild and compact ---- */

typedef enum lum_status long_fn(struct lum_space *space, const struct lum_tick *tick,
                                struct lum_error *err);

static enum lum_status run_long(struct lum_ask *ask, long_fn *run, struct lum_error *err)
{
    struct lum_pace pace = {.ask = ask};
    const struct lum_tick tick = lum_pace_tick(&pace);

    return lum_pace_end(&pace, run(ask->world.space, &tick, err), err);
}

/* {}: the view made anew from the log. */
enum lum_status lum_ask_rebuild(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_view_counts counts;
    enum lum_status status = run_long(ask, lum_space_rebuild, err);

    if (status == LUM_OK) {
        status = lum_ask_counts(ask, &counts, err);
    }
    if (status == LUM_OK) {
        lum_reply_uint(&ask->reply, "records", counts.records);
        lum_reply_uint(&ask->reply, "conflicts", counts.conflicts);
        lum_reply_uint(&ask->reply, "pending", counts.pending);
        lum_reply_uint(&ask->reply, "void", counts.voided);
        lum_reply_uint(&ask->reply, "waiting", counts.waiting);
        lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    }
    return status;
}

/* {}: both files without what they no longer need. */
enum lum_status lum_ask_compact(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_space *space = ask->world.space;
    uint64_t log_before = lum_store_bytes(lum_space_log(space));
    uint64_t view_before = lum_store_bytes(lum_space_view(space));
    enum lum_status status = run_long(ask, lum_space_compact, err);

    if (status == LUM_OK) {
        lum_reply_uint(&ask->reply, "bytes_log_before", log_before);
        lum_reply_uint(&ask->reply, "bytes_log", lum_store_bytes(lum_space_log(space)));
        lum_reply_uint(&ask->reply, "bytes_view_before", view_before);
        lum_reply_uint(&ask->reply, "bytes_view", lum_store_bytes(lum_space_view(space)));
        lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    }
    return status;
}
