/* Who is who is a function of the set of control events: each rule, then any order at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/roster.h"
#include "tests/lib/facts.h"

enum {
    PEOPLE = 8,
};

static int standing_in(const struct fact *facts, size_t count, uint8_t who)
{
    struct lum_roster *roster = facts_roster(facts, count, NULL);
    int is = facts_standing(roster, who);
    lum_roster_close(roster);
    return is;
}

#define STANDING(facts, who) standing_in(facts, LUM_COUNT(facts), who)

/* ---- the rules, one by one ---- */

static void founders_are_stewards_without_any_event(void **state)
{
    (void)state;
    struct lum_roster *roster = facts_roster(NULL, 0, NULL);
    assert_int_equal(lum_roster_device_count(roster), 1);
    assert_int_equal(facts_standing(roster, 0), STEWARD);
    assert_true(facts_device(roster, 0)->is_founder);
    assert_int_equal(facts_standing(roster, 1), -1);
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
    struct lum_roster *roster = facts_roster(facts, LUM_COUNT(facts), NULL);
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
    struct lum_roster_builder *builder = facts_builder();
    struct lum_roster *roster = NULL;
    struct lum_buf payload;
    uint8_t a[32];
    uint8_t thief[32];
    const struct lum_ref ref = {.log8 = {2}, .seq = 1};
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    facts_add(builder, facts, 2, &facts[0]);
    facts_join(facts, 2, &facts[1], &payload);
    facts_person(2, thief);
    assert_int_equal(lum_roster_builder_add(builder, thief, &ref, lum_buf_bytes(&payload)), LUM_OK);
    assert_int_equal(lum_roster_builder_end(builder, &roster), LUM_OK);
    assert_int_equal(lum_roster_device_count(roster), 1);
    facts_person(1, a);
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
    struct lum_roster *roster = facts_roster(facts, 3, NULL);
    assert_int_equal(lum_roster_invite(roster, 0)->used, 1);
    assert_int_equal(facts_device(roster, 1)->join.seq, 2); /* the first of equals speaks */
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
    struct lum_roster *roster = facts_roster(facts, LUM_COUNT(facts), NULL);
    assert_int_equal(facts_standing(roster, 1), READER);
    assert_int_equal(facts_device(roster, 1)->join.seq, 5);
    lum_roster_close(roster);
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
    struct lum_roster *roster = facts_roster(facts, count, order);
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
        struct lum_roster *roster = facts_roster(sets[s], 7, NULL);
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
        struct lum_roster *roster = facts_roster(facts, count, NULL);
        for (uint8_t who = 0; who < PEOPLE; who++) {
            int expected = oracle_standing(&oracle, who);
            assert_int_equal(facts_standing(roster, who), expected);
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
    struct lum_roster_builder *builder = facts_builder();
    struct lum_roster *roster = NULL;
    for (size_t i = 0; i < LUM_COUNT(twice); i++) {
        facts_add(builder, facts, 2, &facts[twice[i]]);
    }
    assert_int_equal(lum_roster_builder_end(builder, &roster), LUM_OK);
    assert_int_equal(lum_roster_invite_count(roster), 1);
    assert_int_equal(lum_roster_invite(roster, 0)->used, 1);
    assert_int_equal(facts_standing(roster, 1), WRITER);
    lum_roster_close(roster);
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
        cmocka_unit_test(every_permutation_of_seven_facts_gives_the_same_roster),
        cmocka_unit_test(random_sets_agree_with_the_rules_in_every_order_tried),
        cmocka_unit_test(a_fact_told_twice_is_one_fact),
    };
    return cmocka_run_group_tests(tests, facts_set_up, NULL);
}
