/* Who may do what is a function of the set of control events: each rule, then any order at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/invite.h"
#include "core/roster.h"

/*
 * A small world: people are numbers, 0 the founder; person p has A = p p p .., T = 0x80 + p; the
 * fact numbered n stands at seq n + 1 of its author's log. An invite's key comes from its number.
 */
struct fact {
    enum lum_control_op op;
    uint8_t author;
    uint8_t number;
    uint8_t target; /* number of the fact it names; of a JOIN: its invite */
    uint8_t role;
    uint8_t uses;
    bool is_forged; /* a JOIN signed by another key */
};
#define INVITE(by, n, r, u)                                                                        \
    {                                                                                              \
        .op = LUM_INVITE, .author = by, .number = n, .role = r, .uses = u                          \
    }
#define CANCEL(by, n, of)                                                                          \
    {                                                                                              \
        .op = LUM_CANCEL, .author = by, .number = n, .target = of                                  \
    }
#define JOIN(by, n, of)                                                                            \
    {                                                                                              \
        .op = LUM_JOIN, .author = by, .number = n, .target = of                                    \
    }
#define ADMIT(by, n, of, r)                                                                        \
    {                                                                                              \
        .op = LUM_ADMIT, .author = by, .number = n, .target = of, .role = r                        \
    }

enum {
    FACTS_MAX = 24,
    PEOPLE = 8,
    RELAY = LUM_ROLE_RELAY,
    READER = LUM_ROLE_READER,
    WRITER = LUM_ROLE_WRITER,
    STEWARD = LUM_ROLE_STEWARD,
};

static struct lum_hash space;
static struct lum_genesis genesis;
static struct lum_sign_key keys[FACTS_MAX];

static void person(uint8_t who, uint8_t a[32])
{
    memset(a, who, 32);
}

static struct lum_ref ref_of(const struct fact *facts, size_t count, uint8_t number)
{
    struct lum_ref ref = {.seq = (uint64_t)number + 1};
    for (size_t i = 0; i < count; i++) {
        if (facts[i].number == number) {
            memset(ref.log8, facts[i].author, sizeof ref.log8);
        }
    }
    memset(ref.hash16, number, sizeof ref.hash16);
    return ref;
}

/* `all` gives the refs, whatever subset is added. */
static void add(struct lum_roster_builder *builder, const struct fact *all, size_t count,
                const struct fact *fact)
{
    struct lum_control c;
    memset(&c, 0, sizeof c);
    c.op = fact->op;
    if (fact->op == LUM_INVITE) {
        memcpy(c.invite.pk, keys[fact->number].public, 32);
        c.invite.role = fact->role;
        c.invite.uses = fact->uses;
    } else if (fact->op == LUM_CANCEL) {
        c.cancel = ref_of(all, count, fact->target);
    } else if (fact->op == LUM_JOIN) {
        c.join.invite = ref_of(all, count, fact->target);
        memset(c.join.axt, fact->author, 32);
        memset(c.join.axt + 64, 0x80 + fact->author, 32);
        size_t key = fact->is_forged ? (size_t)(fact->target + 1) % FACTS_MAX : fact->target;
        lum_join_sign(&keys[key], &space, c.join.axt, &c.join.sig);
    } else {
        c.admit.join = ref_of(all, count, fact->target);
        c.admit.role = fact->role;
    }
    struct lum_buf payload;
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_control_write(&c, &payload);
    uint8_t a[32];
    person(fact->author, a);
    struct lum_ref ref = ref_of(all, count, fact->number);
    assert_int_equal(lum_roster_builder_add(builder, a, &ref, lum_buf_bytes(&payload)), LUM_OK);
    lum_buf_fini(&payload);
}

/* In the order of `order`, or as they stand when it is NULL. */
static struct lum_roster *roster_of(const struct fact *facts, size_t count, const size_t *order)
{
    struct lum_roster_builder *builder = NULL;
    struct lum_roster *roster = NULL;
    assert_int_equal(lum_roster_builder_open(&space, &genesis, &builder), LUM_OK);
    for (size_t i = 0; i < count; i++) {
        add(builder, facts, count, &facts[order == NULL ? i : order[i]]);
    }
    assert_int_equal(lum_roster_builder_end(builder, &roster), LUM_OK);
    return roster;
}

static const struct lum_device *device_of(const struct lum_roster *roster, uint8_t who)
{
    uint8_t a[32];
    person(who, a);
    return lum_roster_by_author(roster, a);
}

/* -1 no valid JOIN, 0 pending, else the role. */
static int standing(const struct lum_roster *roster, uint8_t who)
{
    const struct lum_device *device = device_of(roster, who);
    if (device == NULL) {
        return -1;
    }
    assert_int_equal(device->is_effective, device->role != LUM_ROLE_NONE);
    return (int)device->role;
}

static int standing_in(const struct fact *facts, size_t count, uint8_t who)
{
    struct lum_roster *roster = roster_of(facts, count, NULL);
    int is = standing(roster, who);
    lum_roster_close(roster);
    return is;
}
#define STANDING(facts, who) standing_in(facts, LUM_COUNT(facts), who)

/* ---- the rules, one by one ---- */

static void founders_are_stewards_without_any_event(void **state)
{
    (void)state;
    struct lum_roster *roster = roster_of(NULL, 0, NULL);
    assert_int_equal(lum_roster_device_count(roster), 1);
    assert_int_equal(standing(roster, 0), STEWARD);
    assert_true(device_of(roster, 0)->is_founder);
    assert_int_equal(standing(roster, 1), -1);
    lum_roster_close(roster);
}

static void a_join_of_a_stewards_invite_is_effective_at_once(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0)};
    assert_int_equal(STANDING(facts, 1), WRITER);
}

static void an_invite_gives_no_more_than_writer(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, STEWARD, 1), JOIN(1, 1, 0), INVITE(0, 2, RELAY, 1),
                                 JOIN(2, 3, 2)};
    assert_int_equal(STANDING(facts, 1), WRITER);
    assert_int_equal(STANDING(facts, 2), RELAY);
}

static void an_admit_decides_the_role_up_and_down(void **state)
{
    (void)state;
    const struct fact down[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), ADMIT(0, 2, 1, READER)};
    const struct fact up[] = {INVITE(0, 0, READER, 1), JOIN(1, 1, 0), ADMIT(0, 2, 1, READER),
                              ADMIT(0, 3, 1, STEWARD)};
    assert_int_equal(STANDING(down, 1), READER);
    assert_int_equal(STANDING(up, 1), STEWARD);
}

static void an_invite_by_a_writer_counts_for_nobody(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), INVITE(1, 2, WRITER, 9),
                                 JOIN(2, 3, 2), ADMIT(1, 4, 3, WRITER)};
    assert_int_equal(STANDING(facts, 2), -1);
}

static void stewards_are_found_through_a_chain_of_admits(void **state)
{
    (void)state;
    const struct fact facts[] = {
        INVITE(2, 6, WRITER, 1), JOIN(3, 7, 6), ADMIT(2, 8, 7, STEWARD),
        INVITE(1, 3, WRITER, 1), JOIN(2, 4, 3), ADMIT(1, 5, 4, STEWARD),
        INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), ADMIT(0, 2, 1, STEWARD),
    };
    assert_int_equal(STANDING(facts, 3), STEWARD);
    struct lum_roster *roster = roster_of(facts, LUM_COUNT(facts), NULL);
    assert_int_equal(lum_roster_holder_count(roster), 4);
    lum_roster_close(roster);
}

static void nobody_admits_himself(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), ADMIT(1, 2, 1, STEWARD)};
    assert_int_equal(STANDING(facts, 1), WRITER);
    const struct fact ring[] = {INVITE(1, 0, WRITER, 1), JOIN(2, 1, 0), ADMIT(1, 2, 1, STEWARD),
                                INVITE(2, 3, WRITER, 1), JOIN(1, 4, 3), ADMIT(2, 5, 4, STEWARD)};
    assert_int_equal(STANDING(ring, 1), -1);
    assert_int_equal(STANDING(ring, 2), -1);
}

static void a_forged_join_is_not_valid(void **state)
{
    (void)state;
    struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0)};
    facts[1].is_forged = true;
    assert_int_equal(STANDING(facts, 1), -1);
}

static void a_join_in_anothers_log_is_not_valid(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 2), JOIN(1, 1, 0)};
    struct lum_roster_builder *builder = NULL;
    struct lum_roster *roster = NULL;
    assert_int_equal(lum_roster_builder_open(&space, &genesis, &builder), LUM_OK);
    add(builder, facts, 2, &facts[0]);
    struct lum_control c = {.op = LUM_JOIN};
    c.join.invite = ref_of(facts, 2, 0);
    memset(c.join.axt, 1, 32);
    lum_join_sign(&keys[0], &space, c.join.axt, &c.join.sig);
    struct lum_buf payload;
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_control_write(&c, &payload);
    uint8_t thief[32];
    person(2, thief);
    const struct lum_ref ref = {.log8 = {2}, .seq = 1};
    assert_int_equal(lum_roster_builder_add(builder, thief, &ref, lum_buf_bytes(&payload)), LUM_OK);
    assert_int_equal(lum_roster_builder_end(builder, &roster), LUM_OK);
    assert_int_equal(lum_roster_device_count(roster), 1);
    uint8_t a[32];
    person(1, a);
    assert_true(lum_roster_join_is_valid(roster, a, lum_buf_bytes(&payload)));
    assert_false(lum_roster_join_is_valid(roster, thief, lum_buf_bytes(&payload)));
    lum_roster_close(roster);
    lum_buf_fini(&payload);
}

static void an_over_used_invite_makes_its_unadmitted_joins_pending(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), JOIN(2, 2, 0)};
    assert_int_equal(STANDING(facts, 1), 0);
    assert_int_equal(STANDING(facts, 2), 0);
    const struct fact settled[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), JOIN(2, 2, 0),
                                   ADMIT(0, 3, 1, WRITER)};
    assert_int_equal(STANDING(settled, 1), WRITER);
    assert_int_equal(STANDING(settled, 2), 0); /* an admitted one still uses the invite up */
}

static void one_device_that_joins_twice_uses_an_invite_once(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), JOIN(1, 2, 0)};
    assert_int_equal(STANDING(facts, 1), WRITER);
    struct lum_roster *roster = roster_of(facts, 3, NULL);
    assert_int_equal(lum_roster_invite(roster, 0)->used, 1);
    assert_int_equal(device_of(roster, 1)->join.seq, 2); /* the first of equals speaks */
    lum_roster_close(roster);
}

static void a_cancelled_invite_makes_its_unadmitted_joins_pending(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 9), JOIN(1, 1, 0), JOIN(2, 2, 0),
                                 CANCEL(0, 3, 0), ADMIT(0, 4, 1, WRITER)};
    assert_int_equal(STANDING(facts, 1), WRITER);
    assert_int_equal(STANDING(facts, 2), 0);
    const struct fact idle[] = {INVITE(0, 0, WRITER, 9), JOIN(1, 1, 0), CANCEL(1, 2, 0)};
    assert_int_equal(STANDING(idle, 1), WRITER); /* a writer's CANCEL does not count */
}

static void an_effective_join_speaks_for_a_device_with_several(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), CANCEL(0, 2, 0),
                                 INVITE(0, 3, READER, 1), JOIN(1, 4, 3)};
    struct lum_roster *roster = roster_of(facts, LUM_COUNT(facts), NULL);
    assert_int_equal(standing(roster, 1), READER);
    assert_int_equal(device_of(roster, 1)->join.seq, 5);
    lum_roster_close(roster);
}

static void rights_follow_role_kind_and_shelf(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1),
                                 JOIN(1, 1, 0),
                                 INVITE(0, 2, READER, 1),
                                 JOIN(2, 3, 2),
                                 CANCEL(0, 4, 5),
                                 INVITE(0, 5, WRITER, 1),
                                 JOIN(3, 6, 5)};
    struct lum_roster *roster = roster_of(facts, LUM_COUNT(facts), NULL);
    static const struct {
        uint8_t who;
        uint8_t kind;
        uint8_t shelf;
        bool may;
    } cases[] = {
        {0, LUM_KIND_DATA, 1, true},     {1, LUM_KIND_DATA, 1, true},
        {2, LUM_KIND_DATA, 1, false},    {3, LUM_KIND_DATA, 1, false},
        {4, LUM_KIND_DATA, 1, false},    {2, LUM_KIND_RECEIPT, 0, true},
        {3, LUM_KIND_RECEIPT, 0, false}, {2, LUM_KIND_CONTROL, 0, true},
        {3, LUM_KIND_CONTROL, 0, true},  {3, LUM_KIND_CONTROL, 1, false},
    };
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        uint8_t a[32];
        person(cases[i].who, a);
        assert_int_equal(lum_roster_may(roster, a, cases[i].kind, cases[i].shelf), cases[i].may);
    }
    lum_roster_close(roster);
}

static void expiry_decides_only_who_is_answered(void **state)
{
    (void)state;
    struct lum_invite_fact invite = {.expiry_ms = 1000, .is_counting = true};
    assert_true(lum_roster_answers(&invite, 999));
    assert_false(lum_roster_answers(&invite, 1000));
    invite.expiry_ms = 0;
    assert_true(lum_roster_answers(&invite, UINT64_MAX));
    invite.is_cancelled = true;
    assert_false(lum_roster_answers(&invite, 0));
    invite = (struct lum_invite_fact){0};
    assert_false(lum_roster_answers(&invite, 0));
}

static void a_node_key_finds_the_effective_device(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), CANCEL(0, 2, 3),
                                 INVITE(0, 3, WRITER, 1), JOIN(2, 4, 3)};
    struct lum_roster *roster = roster_of(facts, LUM_COUNT(facts), NULL);
    uint8_t t[32];
    memset(t, 0x82, sizeof t);
    assert_ptr_equal(lum_roster_by_node(roster, t), device_of(roster, 2));
    memset(t, 0x81, sizeof t);
    assert_ptr_equal(lum_roster_by_node(roster, t), device_of(roster, 1));
    memset(t, 0x90, sizeof t);
    assert_null(lum_roster_by_node(roster, t));
    lum_roster_close(roster);
}

static void holders_are_numbered_by_key(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 2), JOIN(5, 1, 0), JOIN(3, 2, 0),
                                 ADMIT(0, 3, 1, STEWARD)};
    struct lum_roster *roster = roster_of(facts, LUM_COUNT(facts), NULL);
    uint8_t a[32];
    assert_int_equal(lum_roster_holder_count(roster), 2);
    person(0, a);
    assert_int_equal(lum_roster_holder(roster, a), 0);
    person(5, a);
    assert_int_equal(lum_roster_holder(roster, a), 1);
    person(3, a);
    assert_int_equal(lum_roster_holder(roster, a), -1);
    lum_roster_close(roster);
}

static void the_digest_moves_with_roles_only(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 3), JOIN(1, 1, 0), ADMIT(0, 2, 1, WRITER),
                                 ADMIT(0, 3, 1, STEWARD)};
    struct lum_hash digest[4];
    for (size_t n = 1; n <= 4; n++) {
        struct lum_roster *roster = roster_of(facts, n, NULL);
        lum_roster_digest(roster, &digest[n - 1]);
        lum_roster_close(roster);
    }
    assert_memory_not_equal(digest[0].b, digest[1].b, 32);
    assert_memory_equal(digest[1].b, digest[2].b, 32);
    assert_memory_not_equal(digest[2].b, digest[3].b, 32);
}

/* ---- any order ---- */

static void put(struct lum_plain_hasher *h, const void *at, size_t len)
{
    lum_plain_hash_add(h, at, len);
}

/* Everything a roster says. */
static struct lum_hash whole(const struct lum_roster *roster)
{
    struct lum_plain_hasher h;
    lum_plain_hash_init(&h);
    for (size_t i = 0; i < lum_roster_device_count(roster); i++) {
        const struct lum_device *d = lum_roster_device(roster, i);
        const uint8_t flags[] = {(uint8_t)d->role, d->is_founder, d->is_effective,
                                 (uint8_t)lum_roster_holder(roster, d->a)};
        put(&h, d->a, 32);
        put(&h, d->t, 32);
        put(&h, d->member.b, 16);
        put(&h, flags, sizeof flags);
        put(&h, &d->join, sizeof d->join);
        put(&h, &d->invite, sizeof d->invite);
    }
    for (size_t i = 0; i < lum_roster_invite_count(roster); i++) {
        const struct lum_invite_fact *f = lum_roster_invite(roster, i);
        const uint8_t flags[] = {f->is_counting, f->is_cancelled, (uint8_t)f->used};
        put(&h, &f->ref, sizeof f->ref);
        put(&h, flags, sizeof flags);
    }
    struct lum_hash out;
    lum_plain_hash_end(&h, out.b);
    return out;
}

static void check_order(const struct fact *facts, size_t count, const size_t *order,
                        const struct lum_hash *expected)
{
    struct lum_roster *roster = roster_of(facts, count, order);
    struct lum_hash is = whole(roster);
    assert_memory_equal(is.b, expected->b, 32);
    lum_roster_close(roster);
}

static void all_orders(const struct fact *facts, size_t count, size_t *order, size_t fixed,
                       const struct lum_hash *expected)
{
    if (fixed == count) {
        check_order(facts, count, order, expected);
        return;
    }
    for (size_t i = fixed; i < count; i++) {
        size_t kept = order[fixed];
        order[fixed] = order[i];
        order[i] = kept;
        all_orders(facts, count, order, fixed + 1, expected);
        kept = order[fixed];
        order[fixed] = order[i];
        order[i] = kept;
    }
}

static void every_permutation_of_seven_facts_gives_the_same_roster(void **state)
{
    (void)state;
    static const struct fact sets[][7] = {
        {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0), ADMIT(0, 2, 1, STEWARD), INVITE(1, 3, READER, 1),
         JOIN(2, 4, 3), JOIN(3, 5, 3), ADMIT(1, 6, 5, STEWARD)},
        {INVITE(0, 0, WRITER, 9), JOIN(1, 1, 0), JOIN(1, 2, 0), CANCEL(2, 3, 0), JOIN(2, 4, 0),
         ADMIT(0, 5, 4, STEWARD), ADMIT(2, 6, 1, READER)},
    };
    for (size_t s = 0; s < LUM_COUNT(sets); s++) {
        struct lum_roster *roster = roster_of(sets[s], 7, NULL);
        struct lum_hash expected = whole(roster);
        lum_roster_close(roster);
        size_t order[7] = {0, 1, 2, 3, 4, 5, 6};
        all_orders(sets[s], 7, order, 0, &expected);
    }
}

/* ---- an oracle: the rules of the design as sentences, over the small world ---- */

struct oracle {
    const struct fact *facts;
    size_t count;
    bool is_steward[PEOPLE];
};

static const struct fact *named(const struct oracle *o, uint8_t number, enum lum_control_op op)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->facts[i].number == number && o->facts[i].op == op) {
            return &o->facts[i];
        }
    }
    return NULL;
}

static bool oracle_valid(const struct oracle *o, const struct fact *join)
{
    const struct fact *invite = named(o, join->target, LUM_INVITE);
    return invite != NULL && !join->is_forged && o->is_steward[invite->author];
}

/* What the invite of a valid JOIN says. */
static struct fact invite_of(const struct oracle *o, const struct fact *join)
{
    const struct fact *invite = named(o, join->target, LUM_INVITE);
    return invite == NULL ? (struct fact){0} : *invite;
}

static int oracle_admitted(const struct oracle *o, const struct fact *join)
{
    int highest = 0;
    for (size_t i = 0; i < o->count; i++) {
        const struct fact *f = &o->facts[i];
        if (f->op == LUM_ADMIT && f->target == join->number && o->is_steward[f->author] &&
            f->role > highest) {
            highest = f->role;
        }
    }
    return highest;
}

static bool oracle_effective(const struct oracle *o, const struct fact *join)
{
    if (oracle_admitted(o, join) > 0) {
        return true;
    }
    bool used[PEOPLE] = {false};
    size_t uses = 0;
    for (size_t i = 0; i < o->count; i++) {
        const struct fact *f = &o->facts[i];
        if (f->op == LUM_CANCEL && f->target == join->target && o->is_steward[f->author]) {
            return false;
        }
        if (f->op == LUM_JOIN && f->target == join->target && oracle_valid(o, f) &&
            !used[f->author]) {
            used[f->author] = true;
            uses++;
        }
    }
    return uses <= invite_of(o, join).uses;
}

static void oracle_stewards(struct oracle *o)
{
    o->is_steward[0] = true;
    for (size_t round = 0; round <= PEOPLE; round++) {
        for (size_t i = 0; i < o->count; i++) {
            const struct fact *join =
                o->facts[i].op == LUM_ADMIT ? named(o, o->facts[i].target, LUM_JOIN) : NULL;
            if (join != NULL && o->facts[i].role == STEWARD && o->is_steward[o->facts[i].author] &&
                oracle_valid(o, join)) {
                o->is_steward[join->author] = true;
            }
        }
    }
}

static int oracle_standing(const struct oracle *o, uint8_t who)
{
    int admitted = 0;
    int invited = 0;
    bool valid = false;
    for (size_t i = 0; i < o->count; i++) {
        const struct fact *f = &o->facts[i];
        if (f->op != LUM_JOIN || f->author != who || !oracle_valid(o, f)) {
            continue;
        }
        valid = true;
        int by_admit = oracle_admitted(o, f);
        admitted = by_admit > admitted ? by_admit : admitted;
        int role = oracle_effective(o, f) ? invite_of(o, f).role : 0;
        role = role > WRITER ? WRITER : role;
        invited = role > invited ? role : invited;
    }
    if (who == 0) {
        return STEWARD;
    }
    if (!valid) {
        return -1;
    }
    return admitted > 0 ? admitted : invited;
}

static uint64_t seed = 88172645463325252u;
static uint32_t below(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

static void random_facts(struct fact *facts, size_t count)
{
    static const enum lum_control_op ops[] = {LUM_INVITE, LUM_JOIN, LUM_ADMIT,
                                              LUM_ADMIT,  LUM_JOIN, LUM_CANCEL};
    for (size_t i = 0; i < count; i++) {
        uint32_t kind = below(11);
        facts[i] = (struct fact){.op = kind == 10 ? LUM_CANCEL : ops[kind % 5],
                                 .author = (uint8_t)below(below(2) == 0 ? 2 : PEOPLE),
                                 .number = (uint8_t)i,
                                 .target = (uint8_t)below((uint32_t)count),
                                 .role = (uint8_t)(1 + below(4)),
                                 .uses = (uint8_t)(1 + below(3)),
                                 .is_forged = below(10) == 0};
        if (facts[i].op == LUM_INVITE && below(2) == 0) {
            facts[i].author = 0;
        }
        if (facts[i].op == LUM_ADMIT && below(2) == 0) {
            facts[i].role = STEWARD;
        }
    }
    for (size_t i = 0; i < count; i++) { /* most refs hit what they should name */
        enum lum_control_op wanted = facts[i].op == LUM_ADMIT ? LUM_JOIN : LUM_INVITE;
        for (size_t tries = 0; tries < 12 && facts[facts[i].target].op != wanted; tries++) {
            facts[i].target = (uint8_t)below((uint32_t)count);
        }
    }
}

static void shuffle(size_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = below((uint32_t)i);
        size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static void random_sets_agree_with_the_rules_in_every_order_tried(void **state)
{
    (void)state;
    size_t seen[6] = {0}; /* standings -1..4 met, founder left out */
    for (size_t set = 0; set < 120; set++) {
        struct fact facts[FACTS_MAX];
        size_t order[FACTS_MAX];
        size_t count = 8 + below(FACTS_MAX - 8);
        random_facts(facts, count);
        struct oracle oracle = {.facts = facts, .count = count};
        oracle_stewards(&oracle);
        struct lum_roster *roster = roster_of(facts, count, NULL);
        for (uint8_t who = 0; who < PEOPLE; who++) {
            int expected = oracle_standing(&oracle, who);
            assert_int_equal(standing(roster, who), expected);
            seen[expected + 1] += who > 0;
        }
        struct lum_hash expected = whole(roster);
        lum_roster_close(roster);
        for (size_t i = 0; i < count; i++) {
            order[i] = i;
        }
        for (size_t i = 0; i < 6; i++) {
            shuffle(order, count);
            check_order(facts, count, order, &expected);
        }
    }
    for (size_t i = 0; i < LUM_COUNT(seen); i++) {
        assert_true(seen[i] > 5);
    }
}

static void a_fact_told_twice_is_one_fact(void **state)
{
    (void)state;
    const struct fact facts[] = {INVITE(0, 0, WRITER, 1), JOIN(1, 1, 0)};
    static const size_t twice[] = {1, 0, 1, 0, 1};
    struct lum_roster_builder *builder = NULL;
    struct lum_roster *roster = NULL;
    assert_int_equal(lum_roster_builder_open(&space, &genesis, &builder), LUM_OK);
    for (size_t i = 0; i < LUM_COUNT(twice); i++) {
        add(builder, facts, 2, &facts[twice[i]]);
    }
    assert_int_equal(lum_roster_builder_end(builder, &roster), LUM_OK);
    assert_int_equal(lum_roster_invite_count(roster), 1);
    assert_int_equal(lum_roster_invite(roster, 0)->used, 1);
    assert_int_equal(standing(roster, 1), WRITER);
    lum_roster_close(roster);
}

static int set_up(void **state)
{
    (void)state;
    if (lum_crypto_init() != LUM_OK) {
        return -1;
    }
    memset(space.b, 0x5a, sizeof space.b);
    genesis.founder_count = 1;
    person(0, genesis.founders[0].a);
    memset(genesis.founders[0].t, 0x80, 32);
    for (size_t i = 0; i < FACTS_MAX; i++) {
        uint8_t key_seed[32];
        memset(key_seed, (int)(i + 1), sizeof key_seed);
        lum_sign_key_from_seed(key_seed, &keys[i]);
    }
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(founders_are_stewards_without_any_event),
        cmocka_unit_test(a_join_of_a_stewards_invite_is_effective_at_once),
        cmocka_unit_test(an_invite_gives_no_more_than_writer),
        cmocka_unit_test(an_admit_decides_the_role_up_and_down),
        cmocka_unit_test(an_invite_by_a_writer_counts_for_nobody),
        cmocka_unit_test(stewards_are_found_through_a_chain_of_admits),
        cmocka_unit_test(nobody_admits_himself),
        cmocka_unit_test(a_forged_join_is_not_valid),
        cmocka_unit_test(a_join_in_anothers_log_is_not_valid),
        cmocka_unit_test(an_over_used_invite_makes_its_unadmitted_joins_pending),
        cmocka_unit_test(one_device_that_joins_twice_uses_an_invite_once),
        cmocka_unit_test(a_cancelled_invite_makes_its_unadmitted_joins_pending),
        cmocka_unit_test(an_effective_join_speaks_for_a_device_with_several),
        cmocka_unit_test(rights_follow_role_kind_and_shelf),
        cmocka_unit_test(expiry_decides_only_who_is_answered),
        cmocka_unit_test(a_node_key_finds_the_effective_device),
        cmocka_unit_test(holders_are_numbered_by_key),
        cmocka_unit_test(the_digest_moves_with_roles_only),
        cmocka_unit_test(every_permutation_of_seven_facts_gives_the_same_roster),
        cmocka_unit_test(random_sets_agree_with_the_rules_in_every_order_tried),
        cmocka_unit_test(a_fact_told_twice_is_one_fact),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
