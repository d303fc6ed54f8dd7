/*
 * facts.c - writes facts as control events and hands them to a roster.
 */
#include "tests/lib/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "core/invite.h"

static struct lum_hash space;
static struct lum_genesis genesis;
static struct lum_sign_key keys[FACTS_MAX];

int facts_set_up(void **state)
{
    (void)state;
    if (lum_crypto_init() != LUM_OK) {
        return -1;
    }
    memset(space.b, 0x5a, sizeof space.b);
    genesis.founder_count = 1;
    facts_person(0, genesis.founders[0].a);
    memset(genesis.founders[0].t, 0x80, 32);
    for (size_t i = 0; i < FACTS_MAX; i++) {
        uint8_t seed[32];
        memset(seed, (int)(i + 1), sizeof seed);
        lum_sign_key_from_seed(seed, &keys[i]);
    }
    return 0;
}

void facts_person(uint8_t who, uint8_t a[32])
{
    memset(a, who, 32);
}

struct lum_ref facts_ref(const struct fact *facts, size_t count, uint8_t number)
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

static struct lum_control control_of(const struct fact *all, size_t count, const struct fact *fact)
{
    struct lum_control c;
    memset(&c, 0, sizeof c);
    c.op = fact->op;
    if (fact->op == LUM_INVITE) {
        memcpy(c.invite.pk, keys[fact->number].public, 32);
        c.invite.role = fact->role;
        c.invite.uses = fact->uses;
    } else if (fact->op == LUM_CANCEL) {
        c.cancel = facts_ref(all, count, fact->target);
    } else if (fact->op == LUM_JOIN) {
        c.join.invite = facts_ref(all, count, fact->target);
        memset(c.join.axt, fact->author, 32);
        memset(c.join.axt + 64, 0x80 + fact->author, 32);
        size_t key = fact->is_forged ? (size_t)(fact->target + 1) % FACTS_MAX : fact->target;
        lum_join_sign(&keys[key], &space, c.join.axt, &c.join.sig);
    } else {
        c.admit.join = facts_ref(all, count, fact->target);
        c.admit.role = fact->role;
    }
    return c;
}

void facts_join(const struct fact *all, size_t count, const struct fact *join,
                struct lum_buf *payload)
{
    const struct lum_control control = control_of(all, count, join);
    lum_control_write(&control, payload);
}

struct lum_roster_builder *facts_builder(void)
{
    struct lum_roster_builder *builder = NULL;
    assert_int_equal(lum_roster_builder_open(&space, &genesis, &builder), LUM_OK);
    return builder;
}

void facts_add(struct lum_roster_builder *builder, const struct fact *all, size_t count,
               const struct fact *fact)
{
    const struct lum_control control = control_of(all, count, fact);
    const struct lum_ref ref = facts_ref(all, count, fact->number);
    struct lum_buf payload;
    uint8_t a[32];
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_control_write(&control, &payload);
    facts_person(fact->author, a);
    assert_int_equal(lum_roster_builder_add(builder, a, &ref, lum_buf_bytes(&payload)), LUM_OK);
    lum_buf_fini(&payload);
}

struct lum_roster *facts_roster(const struct fact *facts, size_t count, const size_t *order)
{
    struct lum_roster_builder *builder = facts_builder();
    struct lum_roster *roster = NULL;
    for (size_t i = 0; i < count; i++) {
        facts_add(builder, facts, count, &facts[order == NULL ? i : order[i]]);
    }
    assert_int_equal(lum_roster_builder_end(builder, &roster), LUM_OK);
    return roster;
}

const struct lum_device *facts_device(const struct lum_roster *roster, uint8_t who)
{
    uint8_t a[32];
    facts_person(who, a);
    return lum_roster_by_author(roster, a);
}

int facts_standing(const struct lum_roster *roster, uint8_t who)
{
    const struct lum_device *device = facts_device(roster, who);
    if (device == NULL) {
        return -1;
    }
    assert_int_equal(device->is_effective, device->role != LUM_ROLE_NONE);
    return (int)device->role;
}
