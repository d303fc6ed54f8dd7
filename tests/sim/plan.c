/*
 * plan.c - what a seed draws: first which kinds of trouble there are at all, then how many people,
 * then what happens to them, day by day; see sim.h.
 *
 * The plan knows nothing of stores: it keeps only who there is, who is away, and which river is
 * high, so as to say who could meet.
 */
#include <string.h>

#include "tests/prop/choice.h"
#include "tests/sim/sim.h"

#define HOUR_MS  3600000
#define YEAR_MIN (365 * 24 * 60)
#define TROUBLES(X)                                                                                \
    X(cuts)                                                                                        \
    X(slow)                                                                                        \
    X(half_open)                                                                                   \
    X(crashes)                                                                                     \
    X(power)                                                                                       \
    X(disks) X(memory) X(sleeps) X(copies) X(backups) X(clocks) X(rivers) X(joins) X(departures)   \
    X(images)

enum trouble {
#define X(name) name,
    TROUBLES(X)
#undef X
    TROUBLE_COUNT
};

enum {
    PEOPLE_MAX = 7,
    KEYS = 6,
    FIELDS = 3,
    STEPS_MIN = 15,
    STEPS_MORE = 35,
};

struct plan {
    struct choice choice;
    struct story *story;
    struct sim_sums *sums;
    uint64_t now_ms;
    bool has[TROUBLE_COUNT];
    uint32_t people; /* machines are numbered from 0 */
    uint64_t away_until_ms[PEOPLE_MAX];
    uint64_t river_until_ms;
    uint32_t far_bank; /* a bit a machine */
    uint32_t invites;
    uint32_t texts; /* so that each text is another */
    uint32_t has_backup;
    uint32_t has_image;
};

static uint32_t draw(struct plan *plan, uint32_t below)
{
    return choice_draw(&plan->choice, below);
}

static uint32_t anyone(struct plan *plan)
{
    return draw(plan, plan->people);
}

static struct story_act *add(struct plan *plan, uint32_t who, enum story_verb verb)
{
    return story_add(plan->story, plan->now_ms, who, verb);
}

static void pass(struct plan *plan, uint64_t ms)
{
    plan->now_ms += ms;
}

/* ---- what people do ---- */

static void edit(struct plan *plan, uint32_t who)
{
    static const enum story_verb verbs[] = {STORY_puts,  STORY_puts,  STORY_puts,    STORY_edits,
                                            STORY_edits, STORY_edits, STORY_deletes, STORY_deletes,
                                            STORY_keeps, STORY_keeps};
    struct story_act *act = add(plan, who, verbs[draw(plan, LUM_COUNT(verbs))]);
    act->args[0] = draw(plan, KEYS);
    if (act->verb == STORY_puts || act->verb == STORY_edits) {
        act->args[1] = draw(plan, FIELDS);
        act->args[2] = ++plan->texts;
    }
}

static void work(struct plan *plan, uint32_t who)
{
    uint32_t what = draw(plan, 16);
    if (what < 12) {
        edit(plan, who);
    } else if (what == 12) {
        struct story_act *act = add(plan, who, STORY_imports);
        act->args[0] = 1 + draw(plan, 60);
        act->args[1] = draw(plan, 3);
    } else {
        struct story_act *act = add(plan, who, STORY_settles);
        act->args[0] = draw(plan, 4);
        act->args[1] = ++plan->texts;
    }
}

/* ---- meetings ---- */

static bool may_meet(const struct plan *plan, uint32_t a, uint32_t b)
{
    bool is_far[2] = {(plan->far_bank >> a & 1) != 0, (plan->far_bank >> b & 1) != 0};
    return a != b && plan->now_ms >= plan->away_until_ms[a] &&
           plan->now_ms >= plan->away_until_ms[b] &&
           (plan->now_ms >= plan->river_until_ms || is_far[0] == is_far[1]);
}

/* Arguments of `meets`: see STORY_VERBS. */
static void dial(struct plan *plan, uint32_t a, uint32_t b, uint64_t for_ms)
{
    static const int64_t rates[] = {1, 9, 60, 500, 4000, 0};
    static const int64_t chunks[] = {1, 7, 64, 1000, 16000, 65536};
    if (!may_meet(plan, a, b)) {
        return;
    }
    struct story_act *act = add(plan, a, STORY_meets);
    act->args[0] = b;
    act->args[1] = (int64_t)for_ms;
    act->args[2] = draw(plan, 2);
    act->args[3] = 1 + draw(plan, 20);
    if (plan->has[slow] && draw(plan, 2) == 1) {
        act->args[3] += draw(plan, 400);
        act->args[4] = rates[draw(plan, LUM_COUNT(rates))];
        act->args[5] = 1 + draw(plan, 40);
        act->args[6] = chunks[draw(plan, LUM_COUNT(chunks))];
        act->args[6] = act->args[6] < 64 && for_ms > 1000 ? 64 : act->args[6];
    }
    if (plan->has[cuts] && draw(plan, 2) == 1) {
        act->args[7] = 1 + draw(plan, draw(plan, 2) == 0 ? 600 : 8000);
        act->args[8] = draw(plan, 2);
        act->args[10] = draw(plan, 2) * draw(plan, 500);
    }
    if (plan->has[half_open] && draw(plan, 6) == 1) {
        act->args[9] = 1 + draw(plan, 2);
    }
}

static void befall(struct plan *plan, enum trouble what);

static void happen(struct plan *plan, uint32_t who)
{
    uint32_t what = draw(plan, 6);
    if (what < 3) {
        work(plan, who);
    } else if (what == 3 && plan->has[crashes]) {
        befall(plan, crashes);
    } else if (what == 4 && plan->has[sleeps]) {
        befall(plan, sleeps);
    } else if (what == 5 && plan->has[clocks]) {
        befall(plan, clocks);
    }
}

/* A line of halls, a hall in the middle, or whoever sees whom; then people go on working. */
static void market_day(struct plan *plan)
{
    uint32_t crowd[PEOPLE_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < plan->people; i++) {
        if (draw(plan, 3) > 0) {
            crowd[count++] = i;
        }
    }
    uint32_t shape = draw(plan, 3);
    uint64_t for_ms = 1 + draw(plan, 4000);
    for (uint32_t i = 1; i < count; i++) {
        uint32_t other = shape == 0 ? i - 1 : shape == 1 ? 0 : draw(plan, i);
        dial(plan, crowd[i], crowd[other], for_ms);
    }
    for (uint32_t parts = draw(plan, 4); parts > 0 && count > 0; parts--) {
        pass(plan, 1 + draw(plan, 1000));
        happen(plan, crowd[draw(plan, count)]);
    }
    pass(plan, for_ms + 2000);
}

/* ---- what befalls them ---- */

static void set_clock(struct plan *plan, uint32_t who)
{
    struct story_act *act = add(plan, who, STORY_clock);
    int64_t since_1970 = 57 * (int64_t)YEAR_MIN + (int64_t)(plan->now_ms / 60000);
    switch (draw(plan, 6)) {
    case 0:
        break; /* right again */
    case 1:
        act->args[0] = (int64_t)draw(plan, 24 * 60) - since_1970;
        break;
    case 2:
        act->args[0] = 72 * (int64_t)YEAR_MIN;
        break;
    case 3:
        act->args[0] = (int64_t)draw(plan, 2000) - 1000;
        break;
    case 4:
        act->args[2] = 1;
        break;
    default:
        act->args[1] = (int64_t)draw(plan, 20001) - 10000;
        break;
    }
}

/* Backups are put back more often than people do it, and after something was written. */
static void keep_or_put_back(struct plan *plan)
{
    uint32_t who = anyone(plan);
    if ((plan->has_backup >> who & 1) != 0 && draw(plan, 3) > 0) {
        work(plan, who); /* often the only copy of it */
        pass(plan, 10);
        (void)add(plan, who, STORY_restores);
    } else {
        plan->has_backup |= 1U << who;
        (void)add(plan, who, STORY_backs_up);
    }
}

/* A disk is copied block by block, and both go on before they meet; or such a copy is put back
 * after something was written. */
static void copy_blocks(struct plan *plan, uint32_t who)
{
    if (plan->people < PEOPLE_MAX && draw(plan, 3) > 0) {
        uint32_t twin = plan->people++;
        struct story_act *act = add(plan, who, STORY_copies);
        act->args[0] = twin;
        act->args[2] = 1;
        for (uint32_t events = draw(plan, 4); events > 0; events--) {
            work(plan, draw(plan, 2) == 0 ? who : twin);
            pass(plan, 10);
        }
    } else if ((plan->has_image >> who & 1) != 0) {
        work(plan, who);
        pass(plan, 10);
        (void)add(plan, who, STORY_restores);
        plan->has_image &= ~(1U << who);
    } else {
        plan->has_image |= 1U << who;
        add(plan, who, STORY_backs_up)->args[0] = 1;
    }
}

/* The newest invite goes from hand to hand, also to more people than it is for. */
static void let_join(struct plan *plan)
{
    if (draw(plan, 3) == 0) {
        add(plan, 0, STORY_invites)->args[0] = 1 + draw(plan, 2);
        plan->invites++;
        return;
    }
    for (uint32_t party = 1 + draw(plan, 3); party > 0 && plan->people < PEOPLE_MAX; party--) {
        add(plan, plan->people++, STORY_arrives)->args[0] = plan->invites - 1;
    }
    if (draw(plan, 2) == 1) {
        (void)add(plan, 0, STORY_approves);
    }
}

static void part(struct plan *plan)
{
    if (draw(plan, 2) == 0) {
        plan->sums->marks[SIM_SAW_river]++;
        plan->far_bank = draw(plan, 1U << PEOPLE_MAX);
        plan->river_until_ms = plan->now_ms + (uint64_t)(1 + draw(plan, 10)) * STORY_DAY_MS;
    } else {
        plan->sums->marks[SIM_SAW_absence]++;
        plan->away_until_ms[anyone(plan)] =
            plan->now_ms + (uint64_t)(1 + draw(plan, 90)) * STORY_DAY_MS;
    }
}

static void break_disk(struct plan *plan, uint32_t who)
{
    if (draw(plan, 2) == 0) {
        add(plan, who, STORY_reads_fail)->args[0] = 1 + draw(plan, draw(plan, 2) == 0 ? 60 : 2000);
        work(plan, who);
        return;
    }
    struct story_act *act = add(plan, who, STORY_disk_fails);
    act->args[0] = 1 + draw(plan, 3);
    act->args[1] = draw(plan, 3);
    act->args[2] = draw(plan, 2);
    work(plan, who);
    story_add(plan->story, plan->now_ms + draw(plan, 4 * HOUR_MS), who, STORY_disk_mends);
}

static void befall(struct plan *plan, enum trouble what)
{
    uint32_t who = anyone(plan);
    struct story_act *act = NULL;
    if (what == crashes) {
        act = add(plan, who, STORY_crashes);
        act->args[0] = draw(plan, 2);
        act->args[1] = draw(plan, 2) * draw(plan, 60000);
        act->args[2] = draw(plan, 1000);
    } else if (what == power) {
        act = add(plan, who, STORY_power_fails);
        act->args[0] = 1 + draw(plan, draw(plan, 2) == 0 ? 3 : 20);
        act->args[1] = draw(plan, 2);
        act->args[2] = draw(plan, 2) * draw(plan, 60000);
        act->args[3] = draw(plan, 1000);
        work(plan, who);
    } else if (what == disks) {
        break_disk(plan, who);
    } else if (what == memory) {
        add(plan, who, STORY_memory_ends)->args[0] = 1 + draw(plan, draw(plan, 2) == 0 ? 10 : 200);
        work(plan, who);
    } else if (what == sleeps) {
        add(plan, who, STORY_sleeps)->args[0] = 1 + draw(plan, 2 * HOUR_MS);
    } else if (what == copies && plan->people < PEOPLE_MAX) {
        act = add(plan, who, STORY_copies);
        act->args[0] = plan->people++;
        act->args[1] = draw(plan, 2);
    } else if (what == backups) {
        keep_or_put_back(plan);
    } else if (what == clocks) {
        set_clock(plan, who);
    } else if (what == rivers) {
        part(plan);
    } else if (what == images) {
        copy_blocks(plan, who);
    } else if (what == joins) {
        let_join(plan);
    }
}

/* One of the kinds that this seed has, and that come by themselves. */
static void mishap(struct plan *plan)
{
    static const enum trouble kinds[] = {crashes, power,   disks,  memory, sleeps, copies,
                                         backups, clocks,  rivers, joins,  images};
    enum trouble there[LUM_COUNT(kinds)];
    uint32_t count = 0;
    for (size_t i = 0; i < LUM_COUNT(kinds); i++) {
        if (plan->has[kinds[i]]) {
            there[count++] = kinds[i];
        }
    }
    if (count > 0) {
        befall(plan, there[draw(plan, count)]);
    }
}

/* ---- the whole ---- */

/* The founder and one or two more; others come later, if there are joins. */
static void settle_down(struct plan *plan)
{
    (void)add(plan, 0, STORY_founds);
    add(plan, 0, STORY_invites)->args[0] = PEOPLE_MAX;
    plan->people = 1;
    plan->invites = 1;
    for (uint32_t more = 1 + draw(plan, 3); more > 0; more--) {
        (void)add(plan, plan->people++, STORY_arrives);
        if (draw(plan, 4) > 0) {
            (void)add(plan, plan->people - 1, STORY_meets);
        }
    }
    pass(plan, 2000);
}

static void step(struct plan *plan)
{
    uint32_t what = draw(plan, 10);
    if (what < 4) {
        for (uint32_t acts = 1 + draw(plan, 6); acts > 0; acts--) {
            work(plan, anyone(plan));
            pass(plan, draw(plan, 100)); /* a crash may come before the view has followed */
        }
    } else if (what < 7) {
        market_day(plan);
    } else if (what < 9) {
        mishap(plan);
    } else {
        pass(plan, (uint64_t)(1 + draw(plan, 24 * 10)) * HOUR_MS);
    }
}

/* At any time one of the people, or two of them, turn bad (bad.h). Drawn last, so that a seed
 * without bad ones is what it was before there were any. */
static void turn_bad(struct plan *plan)
{
    uint64_t end_ms = plan->now_ms;
    for (uint32_t count = 1 + draw(plan, 2); count > 0; count--) {
        plan->now_ms = end_ms * (1 + draw(plan, 100)) / 100;
        add(plan, 1 + draw(plan, plan->people), STORY_turns_bad)->args[0] = draw(plan, 1000);
    }
}

void sim_plan(uint64_t seed, struct story *out, struct sim_sums *sums)
{
    struct plan plan = {.story = out, .sums = sums};
    *out = (struct story){.dice = seed};
    choice_from_seed(&plan.choice, seed);
    for (size_t i = 0; i < TROUBLE_COUNT; i++) {
        plan.has[i] = draw(&plan, i == images ? 6 : 2) == 1;
    }
    settle_down(&plan);
    for (uint32_t steps = STEPS_MIN + draw(&plan, STEPS_MORE); steps > 0; steps--) {
        step(&plan);
    }
    if (plan.has[departures]) {
        out->core = 1 | draw(&plan, 1U << PEOPLE_MAX);
    }
    if (draw(&plan, 4) == 0) {
        turn_bad(&plan);
    }
    choice_close(&plan.choice);
    story_sort(out);
}
