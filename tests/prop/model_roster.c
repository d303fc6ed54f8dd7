/*
 * model_roster.c - docs/format.md 5.2 from the set of control events.
 *
 * Who is a steward is the smallest set of authors that holds the founders and everybody whom the
 * rules make a steward once its members are. It is found by trying every set of authors there is:
 * a set stands when the rules add nobody to it, and what is in all sets that stand is the smallest.
 */
#include <string.h>

#include "core/lum.h"
#include "tests/prop/model.h"

struct fact {
    const struct model_event *event;
    const uint8_t *author;
    struct model_ref ref;
};
struct facts {
    struct fact at[MODEL_FACTS_MAX];
    uint32_t count;
    const uint8_t *authors[MODEL_DEVICES_MAX];
    uint32_t author_count;
    const struct model_space *space;
};

static bool same_ref(const struct model_ref *a, const struct model_ref *b)
{
    return memcmp(a->log8, b->log8, 8) == 0 && a->seq == b->seq &&
           memcmp(a->hash16, b->hash16, 16) == 0;
}

static uint32_t author_index(const struct facts *facts, const uint8_t a[32])
{
    uint32_t i = 0;
    while (i < facts->author_count && memcmp(facts->authors[i], a, 32) != 0) {
        i++;
    }
    return i;
}

static void add_author(struct facts *facts, const uint8_t a[32])
{
    if (author_index(facts, a) == facts->author_count) {
        LUM_ASSERT(facts->author_count < MODEL_DEVICES_MAX);
        facts->authors[facts->author_count++] = a;
    }
}

/* Every well-formed control event that is held, before a fork. */
static void gather(const struct model_set *set, struct facts *out)
{
    out->count = 0;
    out->author_count = 0;
    out->space = &set->space;
    for (uint32_t i = 0; i < set->space.founder_count; i++) {
        add_author(out, set->space.founders[i]);
    }
    for (uint32_t i = 0; i < set->event_count; i++) {
        const struct model_event *event = &set->events[i];
        const struct model_log *log = &set->logs[event->log];
        bool is_there = event->seq <= log->held && !event->is_withheld &&
                        (!log->is_frozen || event->seq <= log->fork_point);
        add_author(out, log->author);
        if (is_there && log->shelf == 0 && event->kind == 2 && !event->is_malformed) {
            struct fact *fact = &out->at[out->count++];
            LUM_ASSERT(out->count <= MODEL_FACTS_MAX);
            fact->event = event;
            fact->author = log->author;
            memcpy(fact->ref.log8, log->id, 8);
            fact->ref.seq = event->seq;
            memcpy(fact->ref.hash16, event->h, 16);
        }
    }
}

static bool is_founder(const struct model_space *space, const uint8_t a[32])
{
    for (uint32_t i = 0; i < space->founder_count; i++) {
        if (memcmp(space->founders[i], a, 32) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- the rules, if `stewards` (a set of authors, bit by bit) are them ---- */

/* INVITE, CANCEL, ADMIT */
static bool counts(const struct facts *facts, uint32_t stewards, const struct fact *fact)
{
    return (stewards >> author_index(facts, fact->author) & 1) != 0;
}

static const struct fact *find(const struct facts *facts, enum model_control type,
                               const struct model_ref *ref)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        if (facts->at[i].event->fact.type == type && same_ref(&facts->at[i].ref, ref)) {
            return &facts->at[i];
        }
    }
    return NULL;
}

static bool join_is_valid(const struct facts *facts, uint32_t stewards, const struct fact *join)
{
    const struct fact *invite = find(facts, MODEL_INVITE, &join->event->fact.ref);
    return invite != NULL && counts(facts, stewards, invite) &&
           memcmp(invite->event->fact.pk, join->event->fact.pk, 32) == 0 &&
           memcmp(join->event->fact.a, join->author, 32) == 0;
}

/* The highest role of the counting ADMITs that name it; 0 when none does. */
static uint32_t admitted(const struct facts *facts, uint32_t stewards, const struct fact *join)
{
    uint32_t role = 0;
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct fact *admit = &facts->at[i];
        if (admit->event->fact.type == MODEL_ADMIT && counts(facts, stewards, admit) &&
            same_ref(&admit->event->fact.ref, &join->ref) && admit->event->fact.role > role) {
            role = admit->event->fact.role;
        }
    }
    return role;
}

static bool makes_steward(const struct facts *facts, uint32_t stewards, const uint8_t a[32])
{
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct fact *join = &facts->at[i];
        if (join->event->fact.type == MODEL_JOIN && memcmp(join->author, a, 32) == 0 &&
            join_is_valid(facts, stewards, join) && admitted(facts, stewards, join) == 4) {
            return true;
        }
    }
    return is_founder(facts->space, a);
}

static bool stands(const struct facts *facts, uint32_t stewards)
{
    for (uint32_t i = 0; i < facts->author_count; i++) {
        if ((stewards >> i & 1) == 0 && makes_steward(facts, stewards, facts->authors[i])) {
            return false;
        }
    }
    return true;
}

static uint32_t find_stewards(const struct facts *facts)
{
    uint32_t everybody = (UINT32_C(1) << facts->author_count) - 1;
    uint32_t in_all = everybody;
    for (uint32_t stewards = 0; stewards <= everybody; stewards++) {
        if (stands(facts, stewards)) {
            in_all &= stewards;
        }
    }
    return in_all;
}

/* ---- invites and devices ---- */

/* Distinct A in valid JOINs that name this invite. */
static uint64_t uses_of(const struct facts *facts, uint32_t stewards, const struct model_ref *ref)
{
    uint64_t used = 0;
    for (uint32_t a = 0; a < facts->author_count; a++) {
        bool joined = false;
        for (uint32_t i = 0; i < facts->count; i++) {
            const struct fact *join = &facts->at[i];
            joined |= join->event->fact.type == MODEL_JOIN &&
                      same_ref(&join->event->fact.ref, ref) &&
                      memcmp(join->author, facts->authors[a], 32) == 0 &&
                      join_is_valid(facts, stewards, join);
        }
        used += joined;
    }
    return used;
}

static bool is_cancelled(const struct facts *facts, uint32_t stewards, const struct model_ref *ref)
{
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct fact *cancel = &facts->at[i];
        if (cancel->event->fact.type == MODEL_CANCEL && counts(facts, stewards, cancel) &&
            same_ref(&cancel->event->fact.ref, ref)) {
            return true;
        }
    }
    return false;
}

static bool is_effective(const struct facts *facts, uint32_t stewards, const struct fact *join)
{
    const struct model_ref *ref = &join->event->fact.ref;
    const struct fact *invite = find(facts, MODEL_INVITE, ref);
    return invite != NULL && join_is_valid(facts, stewards, join) &&
           (admitted(facts, stewards, join) > 0 ||
            (uses_of(facts, stewards, ref) <= invite->event->fact.uses &&
             !is_cancelled(facts, stewards, ref)));
}

static uint32_t role_of_invite(const struct facts *facts, const struct fact *join)
{
    const struct fact *invite = find(facts, MODEL_INVITE, &join->event->fact.ref);
    LUM_ASSERT(invite != NULL);
    return invite->event->fact.role < 3 ? invite->event->fact.role : 3;
}

/* A device may have several JOINs; what one of them gives, it has. */
static void device_of(const struct facts *facts, uint32_t stewards, const uint8_t a[32],
                      struct model_device *out)
{
    uint32_t by_admit = 0;
    uint32_t by_invite = 0;
    memset(out, 0, sizeof *out);
    memcpy(out->a, a, 32);
    for (uint32_t i = 0; i < facts->count; i++) {
        const struct fact *join = &facts->at[i];
        if (join->event->fact.type != MODEL_JOIN || memcmp(join->author, a, 32) != 0 ||
            !join_is_valid(facts, stewards, join)) {
            continue;
        }
        out->is_valid = true;
        uint32_t role = admitted(facts, stewards, join);
        by_admit = role > by_admit ? role : by_admit;
        if (is_effective(facts, stewards, join)) {
            out->is_effective = true;
            role = role_of_invite(facts, join);
            by_invite = role > by_invite ? role : by_invite;
        }
    }
    out->role = by_admit > 0 ? by_admit : by_invite;
    if (is_founder(facts->space, a)) {
        out->is_valid = true;
        out->is_effective = true;
        out->role = 4;
    }
}

void model_roster(const struct model_set *set, struct model_state *out)
{
    static struct facts facts;
    gather(set, &facts);
    uint32_t stewards = find_stewards(&facts);
    out->invite_count = 0;
    for (uint32_t i = 0; i < facts.count; i++) {
        if (facts.at[i].event->fact.type == MODEL_INVITE) {
            struct model_invite *invite = &out->invites[out->invite_count++];
            invite->ref = facts.at[i].ref;
            invite->is_counting = counts(&facts, stewards, &facts.at[i]);
            invite->is_cancelled = is_cancelled(&facts, stewards, &invite->ref);
            invite->used = uses_of(&facts, stewards, &invite->ref);
        }
    }
    out->device_count = facts.author_count;
    for (uint32_t i = 0; i < facts.author_count; i++) {
        device_of(&facts, stewards, facts.authors[i], &out->devices[i]);
    }
}

const struct model_device *model_device_of(const struct model_state *state, const uint8_t a[32])
{
    uint32_t i = 0;
    while (i < state->device_count && memcmp(state->devices[i].a, a, 32) != 0) {
        i++;
    }
    LUM_ASSERT(i < state->device_count);
    return &state->devices[i];
}
