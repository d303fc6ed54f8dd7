/*
 * roster_facts.c - from the set of control events to who is who, whatever their order.
 *
 *   facts -> sorted by ref, doubles dropped -> JOINs linked to their INVITE, signatures checked
 *         -> stewards to a fixpoint          a steward more can make facts count, never uncount
 *         -> what counts -> uses -> effective -> devices
 *
 * The fixpoint only grows and every round but the last finds a steward, so it ends after at most
 * as many rounds as there are JOINs. CANCEL and `uses` come after it: they bear on who is
 * effective, not on who is a steward (an admitted JOIN is effective whatever its invite says).
 */
#include <stdlib.h>
#include <string.h>

#include "core/invite.h"
#include "core/keys.h"
#include "core/roster_i.h"
#include "core/sort.h"

enum {
    ROOM_FIRST = 16,
    NOWHERE = -1,
};

struct cancel_fact {
    uint8_t author[32];
    struct lum_ref invite;
};

struct join_fact {
    struct lum_ref ref;
    struct lum_ref invite;
    uint8_t axt[96]; /* begins with A, which authors the log it stands in */
    struct lum_sig sig;
    ptrdiff_t invite_at; /* NOWHERE while its INVITE is not here, or did not sign it */
    uint8_t admitted;    /* highest role of its counting ADMITs; 0 = none */
    bool is_valid;
    bool is_effective;
};

struct admit_fact {
    uint8_t author[32];
    struct lum_ref join;
    uint8_t role;
};

/* find() and the sorting by key compare the first bytes of a fact or a device. */
_Static_assert(offsetof(struct lum_invite_fact, ref) == 0, "an invite begins with its ref");
_Static_assert(offsetof(struct join_fact, ref) == 0, "a join begins with its ref");
_Static_assert(offsetof(struct lum_device, a) == 0, "a device begins with its A");

/* A growing array; `at` is of the facts' type where it is used. */
struct facts {
    void *at;
    size_t count;
    size_t room;
};

struct lum_roster_builder {
    struct lum_hash space;
    struct lum_genesis genesis;
    struct facts invites; /* struct lum_invite_fact */
    struct facts cancels;
    struct facts joins;
    struct facts admits;
    struct facts stewards; /* A 32, ascending */
};

/* Room for one more of `size` bytes, zeroed; NULL when there is no memory. */
static void *one_more(struct facts *facts, size_t size)
{
    if (facts->count == facts->room) {
        size_t room = facts->room == 0 ? ROOM_FIRST : facts->room * 2;
        void *at = lum_realloc(facts->at, room * size);
        if (at == NULL) {
            return NULL;
        }
        facts->at = at;
        facts->room = room;
    }
    void *fact = (uint8_t *)facts->at + facts->count * size;
    memset(fact, 0, size);
    facts->count++;
    return fact;
}

/* ---- gathering ---- */

static bool add_invite(struct facts *facts, const uint8_t author[32], const struct lum_ref *ref,
                       const struct lum_control *control)
{
    struct lum_invite_fact *fact = one_more(facts, sizeof *fact);
    if (fact == NULL) {
        return false;
    }
    fact->ref = *ref;
    memcpy(fact->pk, control->invite.pk, sizeof fact->pk);
    fact->role = control->invite.role;
    fact->uses = control->invite.uses;
    fact->expiry_ms = control->invite.expiry_ms;
    fact->g = control->invite.g;
    memcpy(fact->enc48, control->invite.enc48, sizeof fact->enc48);
    memcpy(fact->author, author, sizeof fact->author);
    return true;
}

static bool add_cancel(struct facts *facts, const uint8_t author[32],
                       const struct lum_control *control)
{
    struct cancel_fact *fact = one_more(facts, sizeof *fact);
    if (fact == NULL) {
        return false;
    }
    memcpy(fact->author, author, sizeof fact->author);
    fact->invite = control->cancel;
    return true;
}

static bool add_join(struct facts *facts, const uint8_t author[32], const struct lum_ref *ref,
                     const struct lum_control *control)
{
    if (memcmp(control->join.axt, author, 32) != 0) {
        return true; /* another's keys in this log: of no effect for ever */
    }
    struct join_fact *fact = one_more(facts, sizeof *fact);
    if (fact == NULL) {
        return false;
    }
    fact->ref = *ref;
    fact->invite = control->join.invite;
    memcpy(fact->axt, control->join.axt, sizeof fact->axt);
    fact->sig = control->join.sig;
    fact->invite_at = NOWHERE;
    return true;
}

static bool add_admit(struct facts *facts, const uint8_t author[32],
                      const struct lum_control *control)
{
    struct admit_fact *fact = one_more(facts, sizeof *fact);
    if (fact == NULL) {
        return false;
    }
    memcpy(fact->author, author, sizeof fact->author);
    fact->join = control->admit.join;
    fact->role = control->admit.role;
    return true;
}

enum lum_status lum_roster_builder_add(struct lum_roster_builder *builder, const uint8_t author[32],
                                       const struct lum_ref *ref, struct lum_bytes payload)
{
    struct lum_control control;
    if (!lum_control_read(payload, &control)) {
        return LUM_OK;
    }
    bool added = true;
    switch (control.op) {
    case LUM_GENESIS: /* founders are known from the document the space id hashes */
        break;
    case LUM_INVITE:
        added = add_invite(&builder->invites, author, ref, &control);
        break;
    case LUM_CANCEL:
        added = add_cancel(&builder->cancels, author, &control);
        break;
    case LUM_JOIN:
        added = add_join(&builder->joins, author, ref, &control);
        break;
    case LUM_ADMIT:
        added = add_admit(&builder->admits, author, &control);
        break;
    }
    return added ? LUM_OK : LUM_NO_MEMORY;
}

/* ---- refs ---- */

/* Of refs, and of invites and joins, which begin with theirs. */
static int by_ref(const void *a, const void *b)
{
    const struct lum_ref *x = a;
    const struct lum_ref *y = b;
    int order = memcmp(x->log8, y->log8, sizeof x->log8);
    if (order == 0) {
        order = (x->seq > y->seq) - (x->seq < y->seq);
    }
    return order != 0 ? order : memcmp(x->hash16, y->hash16, sizeof x->hash16);
}

static int in_ref_order(const void *self, const void *a, const void *b)
{
    (void)self;
    return by_ref(a, b);
}

static void sort_by_ref(struct facts *facts, size_t size)
{
    if (facts->count == 0) {
        return;
    }
    const struct lum_sort sort = {facts->at, facts->count, size, in_ref_order, NULL};
    lum_sort(&sort);
    uint8_t *at = facts->at;
    size_t kept = 1;
    for (size_t i = 1; i < facts->count; i++) {
        if (by_ref(at + (kept - 1) * size, at + i * size) != 0) {
            memmove(at + kept * size, at + i * size, size);
            kept++;
        }
    }
    facts->count = kept;
}

static void *find(const struct facts *facts, size_t size, const struct lum_ref *ref)
{
    return facts->count == 0 ? NULL : bsearch(ref, facts->at, facts->count, size, by_ref);
}

/* A JOIN belongs to the invite it names when that invite's key signed it. */
static void link_joins(struct lum_roster_builder *builder)
{
    struct lum_invite_fact *invites = builder->invites.at;
    struct join_fact *joins = builder->joins.at;
    for (size_t i = 0; i < builder->joins.count; i++) {
        struct join_fact *join = &joins[i];
        const struct lum_invite_fact *invite =
            find(&builder->invites, sizeof *invites, &join->invite);
        if (invite != NULL && lum_join_check(invite->pk, &builder->space, join->axt, &join->sig)) {
            join->invite_at = invite - invites;
        }
    }
}

/* ---- stewards ---- */

static int by_key(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static int in_key_order(const void *self, const void *a, const void *b)
{
    (void)self;
    return memcmp(a, b, 32);
}

static bool is_steward(const struct lum_roster_builder *builder, const uint8_t author[32])
{
    return bsearch(author, builder->stewards.at, builder->stewards.count, 32, by_key) != NULL;
}

static bool add_steward(struct lum_roster_builder *builder, const uint8_t author[32])
{
    if (one_more(&builder->stewards, 32) == NULL) {
        return false;
    }
    uint8_t *at = builder->stewards.at;
    size_t i = builder->stewards.count - 1;
    for (; i > 0 && memcmp(at + 32 * (i - 1), author, 32) > 0; i--) {
        memcpy(at + 32 * i, at + 32 * (i - 1), 32);
    }
    memcpy(at + 32 * i, author, 32);
    return true;
}

static bool is_valid(const struct lum_roster_builder *builder, const struct join_fact *join)
{
    const struct lum_invite_fact *invites = builder->invites.at;
    return join->invite_at != NOWHERE && is_steward(builder, invites[join->invite_at].author);
}

/* Each counting ADMIT of a valid JOIN, told one by one. NULL: that ADMIT does not count. */
static struct join_fact *admitted_join(const struct lum_roster_builder *builder,
                                       const struct admit_fact *admit)
{
    if (!is_steward(builder, admit->author)) {
        return NULL;
    }
    struct join_fact *join = find(&builder->joins, sizeof *join, &admit->join);
    return join != NULL && is_valid(builder, join) ? join : NULL;
}

static enum lum_status find_stewards(struct lum_roster_builder *builder)
{
    for (uint32_t i = 0; i < builder->genesis.founder_count; i++) {
        if (!add_steward(builder, builder->genesis.founders[i].a)) {
            return LUM_NO_MEMORY;
        }
    }
    const struct admit_fact *admits = builder->admits.at;
    size_t known;
    do {
        known = builder->stewards.count;
        for (size_t i = 0; i < builder->admits.count; i++) {
            const struct join_fact *join =
                admits[i].role == LUM_ROLE_STEWARD ? admitted_join(builder, &admits[i]) : NULL;
            if (join != NULL && !is_steward(builder, join->axt) &&
                !add_steward(builder, join->axt)) {
                return LUM_NO_MEMORY;
            }
        }
    } while (builder->stewards.count > known);
    return LUM_OK;
}

/* ---- what counts ---- */

static int by_author_and_invite(const void *self, const void *a, const void *b)
{
    (void)self;
    const struct join_fact *x = a;
    const struct join_fact *y = b;
    int order = memcmp(x->axt, y->axt, 32);
    if (order == 0) {
        order = (x->invite_at > y->invite_at) - (x->invite_at < y->invite_at);
    }
    return order != 0 ? order : by_ref(&x->ref, &y->ref);
}

static void count_facts(struct lum_roster_builder *builder)
{
    struct lum_invite_fact *invites = builder->invites.at;
    for (size_t i = 0; i < builder->invites.count; i++) {
        invites[i].is_counting = is_steward(builder, invites[i].author);
    }
    const struct cancel_fact *cancels = builder->cancels.at;
    for (size_t i = 0; i < builder->cancels.count; i++) {
        struct lum_invite_fact *invite =
            find(&builder->invites, sizeof *invite, &cancels[i].invite);
        if (invite != NULL && is_steward(builder, cancels[i].author)) {
            invite->is_cancelled = true;
        }
    }
    struct join_fact *joins = builder->joins.at;
    for (size_t i = 0; i < builder->joins.count; i++) {
        joins[i].is_valid = is_valid(builder, &joins[i]);
    }
    const struct admit_fact *admits = builder->admits.at;
    for (size_t i = 0; i < builder->admits.count; i++) {
        struct join_fact *join = admitted_join(builder, &admits[i]);
        if (join != NULL && admits[i].role > join->admitted) {
            join->admitted = admits[i].role;
        }
    }
}

/* After this the joins lie by (A, invite, ref), no longer by ref. */
static void judge_joins(struct lum_roster_builder *builder)
{
    struct join_fact *joins = builder->joins.at;
    struct lum_invite_fact *invites = builder->invites.at;
    size_t count = builder->joins.count;
    const struct lum_sort sort = {joins, count, sizeof *joins, by_author_and_invite, NULL};
    lum_sort(&sort);
    for (size_t i = 0; i < count; i++) {
        bool is_same_use = i > 0 && joins[i].invite_at == joins[i - 1].invite_at &&
                           memcmp(joins[i].axt, joins[i - 1].axt, 32) == 0;
        if (joins[i].is_valid && !is_same_use) {
            invites[joins[i].invite_at].used++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (joins[i].is_valid) {
            const struct lum_invite_fact *invite = &invites[joins[i].invite_at];
            joins[i].is_effective = joins[i].admitted != LUM_ROLE_NONE ||
                                    (!invite->is_cancelled && invite->used <= invite->uses);
        }
    }
}

/* ---- devices ---- */

static void take_founder(const struct lum_founder *founder, struct lum_device *out)
{
    memset(out, 0, sizeof *out);
    memcpy(out->a, founder->a, sizeof out->a);
    memcpy(out->x, founder->x, sizeof out->x);
    memcpy(out->t, founder->t, sizeof out->t);
    out->role = LUM_ROLE_STEWARD;
    out->is_founder = true;
    out->is_valid = true;
    out->is_valid = true;
    out->is_effective = true;
}

/* One device from all valid JOINs of one A; false when none of them is valid. */
static bool take_joins(const struct lum_roster_builder *builder, const struct join_fact *joins,
                       size_t count, struct lum_device *out)
{
    const struct lum_invite_fact *invites = builder->invites.at;
    const struct join_fact *speaks = NULL;
    uint8_t admitted = LUM_ROLE_NONE;
    uint8_t invited = LUM_ROLE_NONE;
    for (size_t i = 0; i < count; i++) {
        const struct join_fact *join = &joins[i];
        if (!join->is_valid) {
            continue;
        }
        if (speaks == NULL || (join->is_effective && !speaks->is_effective)) {
            speaks = join;
        }
        uint8_t role = join->is_effective ? invites[join->invite_at].role : LUM_ROLE_NONE;
        invited = role > invited ? role : invited;
        admitted = join->admitted > admitted ? join->admitted : admitted;
    }
    if (speaks == NULL) {
        return false;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->a, speaks->axt, 32);
    memcpy(out->x, speaks->axt + 32, 32);
    memcpy(out->t, speaks->axt + 64, 32);
    out->join = speaks->ref;
    out->invite = speaks->invite;
    out->is_valid = true;
    out->is_effective = speaks->is_effective;
    invited = invited > LUM_ROLE_WRITER ? LUM_ROLE_WRITER : invited;
    out->is_valid = true;
    out->role = (enum lum_role)(admitted != LUM_ROLE_NONE ? admitted : invited);
    return true;
}

static bool is_founder(const struct lum_genesis *genesis, const uint8_t author[32])
{
    for (uint32_t i = 0; i < genesis->founder_count; i++) {
        if (memcmp(genesis->founders[i].a, author, 32) == 0) {
            return true;
        }
    }
    return false;
}

static int by_node(const void *self, const void *a, const void *b)
{
    (void)self;
    const struct lum_device *x = *(const struct lum_device *const *)a;
    const struct lum_device *y = *(const struct lum_device *const *)b;
    int order = memcmp(x->t, y->t, sizeof x->t);
    if (order == 0) {
        order = (int)y->is_effective - (int)x->is_effective;
    }
    return order != 0 ? order : memcmp(x->a, y->a, sizeof x->a);
}

/* Gathers founders and joined devices into out->devices, in no order yet. */
static void gather_devices(const struct lum_roster_builder *builder, struct lum_roster *out)
{
    for (uint32_t i = 0; i < builder->genesis.founder_count; i++) {
        take_founder(&builder->genesis.founders[i], &out->devices[out->device_count++]);
    }
    const struct join_fact *joins = builder->joins.at;
    size_t first = 0;
    for (size_t end = 1; end <= builder->joins.count; end++) {
        if (end < builder->joins.count && memcmp(joins[end].axt, joins[first].axt, 32) == 0) {
            continue;
        }
        if (!is_founder(&builder->genesis, joins[first].axt) &&
            take_joins(builder, joins + first, end - first, &out->devices[out->device_count])) {
            out->device_count++;
        }
        first = end;
    }
}

static enum lum_status make_devices(const struct lum_roster_builder *builder,
                                    struct lum_roster *out)
{
    size_t most = builder->genesis.founder_count + builder->joins.count;
    out->devices = lum_alloc(most * sizeof *out->devices);
    out->by_node = lum_alloc(most * sizeof *out->by_node);
    out->holders = lum_alloc(most * sizeof *out->holders);
    if (out->devices == NULL || out->by_node == NULL || out->holders == NULL) {
        return LUM_NO_MEMORY;
    }
    gather_devices(builder, out);
    const struct lum_sort keys = {out->devices, out->device_count, sizeof *out->devices,
                                  in_key_order, NULL};
    lum_sort(&keys);
    for (size_t i = 0; i < out->device_count; i++) {
        struct lum_device *device = &out->devices[i];
        lum_member_id(&builder->space, device->a, &device->member);
        out->by_node[i] = device;
        bool holds = device->role == LUM_ROLE_STEWARD;
        out->holders[i] = holds ? (int)out->holder_count : NOWHERE;
        out->holder_count += holds ? 1 : 0;
    }
    const struct lum_sort nodes = {out->by_node, out->device_count, sizeof *out->by_node, by_node,
                                   NULL};
    lum_sort(&nodes);
    return LUM_OK;
}

/* ---- the builder's life ---- */

enum lum_status lum_roster_builder_open(const struct lum_hash *space,
                                        const struct lum_genesis *genesis,
                                        struct lum_roster_builder **out)
{
    struct lum_roster_builder *builder = lum_alloc_zero(sizeof *builder);
    if (builder == NULL) {
        return LUM_NO_MEMORY;
    }
    builder->space = *space;
    builder->genesis = *genesis;
    *out = builder;
    return LUM_OK;
}

void lum_roster_builder_close(struct lum_roster_builder *builder)
{
    if (builder == NULL) {
        return;
    }
    lum_free(builder->invites.at);
    lum_free(builder->cancels.at);
    lum_free(builder->joins.at);
    lum_free(builder->admits.at);
    lum_free(builder->stewards.at);
    lum_free(builder);
}

static enum lum_status evaluate(struct lum_roster_builder *builder, struct lum_roster *out)
{
    out->space = builder->space;
    out->genesis = builder->genesis;
    sort_by_ref(&builder->invites, sizeof(struct lum_invite_fact));
    sort_by_ref(&builder->joins, sizeof(struct join_fact));
    link_joins(builder);
    enum lum_status status = find_stewards(builder);
    if (status != LUM_OK) {
        return status;
    }
    count_facts(builder);
    judge_joins(builder);
    status = make_devices(builder, out);
    if (status == LUM_OK) {
        out->invites = builder->invites.at;
        out->invite_count = builder->invites.count;
        builder->invites = (struct facts){0};
    }
    return status;
}

enum lum_status lum_roster_builder_end(struct lum_roster_builder *builder, struct lum_roster **out)
{
    struct lum_roster *roster = lum_alloc_zero(sizeof *roster);
    enum lum_status status = roster == NULL ? LUM_NO_MEMORY : evaluate(builder, roster);
    lum_roster_builder_close(builder);
    if (status != LUM_OK) {
        lum_roster_close(roster);
        return status;
    }
    *out = roster;
    return LUM_OK;
}
