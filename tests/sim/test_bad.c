/*
 * test_bad.c - each strategy of a malicious neighbour alone in a small district, then several at
 * once, drawn.
 *
 *   LUM_BAD=forks                          that strategy alone, its tale told
 *   LUM_SIM_SEED=1000 LUM_SIM_SECONDS=600  mixes from there on, for so long
 *
 * Held against each: truth.c (nothing lost, nothing unauthorised, the same everywhere, no honest
 * neighbour called faulty), at most 1 MiB more in a sync machine for each bad neighbour, and two
 * honest halls that meet meanwhile: at most twice as long as without it. (What a bad member may
 * write travels as everybody's does, and takes its share of a line: that is told, not bounded.)
 */
#define _XOPEN_SOURCE 700 /* setenv */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/prop/choice.h"
#include "tests/sim/bad.h"

enum {
    ANI,
    BUDI,
    CITRA,
    DODI,
    PEOPLE,

    MIXES = 6,
    ROWS = 400,
    RACE_AT_MS = 10000,
    RACE_MAX_MS = 20000,
    RATE = 4, /* bytes a ms */
};

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* ---- stories ---- */

static void meets(struct story *story, uint64_t at_ms, uint32_t who, uint32_t with, int64_t for_ms)
{
    struct story_act *act = story_add(story, at_ms, who, STORY_meets);
    act->args[0] = with;
    act->args[1] = for_ms;
}

/* Four have met, and none has written yet. */
static void begin(struct story *story, uint64_t dice)
{
    *story = (struct story){.dice = dice};
    (void)story_add(story, 0, ANI, STORY_founds);
    for (uint32_t who = BUDI; who < PEOPLE; who++) { /* an invite each: one that is used too often
                                                        makes wait whoever came by it */
        (void)story_add(story, 0, ANI, STORY_invites);
        story_add(story, 100, who, STORY_arrives)->args[0] = who - 1;
        meets(story, 200 + who * 1000, who, ANI, 900);
    }
}

static void write(struct story *story, uint64_t at_ms, uint32_t who, uint32_t text)
{
    struct story_act *act = story_add(story, at_ms, who, STORY_puts);
    act->args[0] = text % 4;
    act->args[1] = text % 3;
    act->args[2] = text;
}

/* Dodi is bad, meets everyone, and they go on with their work. */
static void plan_alone(struct story *story, size_t how)
{
    begin(story, how + 1);
    story_add(story, 6000, DODI, STORY_turns_bad)->args[0] = (int64_t)how;
    for (uint32_t text = 1; text <= 12; text++) {
        write(story, 6000 + text * 300, text % 3, text);
    }
    meets(story, 6500, DODI, ANI, 3000);
    meets(story, 6600, BUDI, DODI, 3000);
    meets(story, 7000, BUDI, ANI, 2500);
    meets(story, 7600, CITRA, BUDI, 1500);
    meets(story, 11000, DODI, CITRA, 2000);
    meets(story, 11500, CITRA, ANI, 1500);
    story_sort(story);
}

/* Anyone but the founder may be bad, in any way, from any moment on. */
static void plan_mix(struct story *story, uint64_t seed)
{
    struct choice choice;
    choice_from_seed(&choice, seed);
    begin(story, seed);
    for (uint32_t who = BUDI; who < PEOPLE; who++) {
        if (who == DODI || choice_draw(&choice, 3) == 0) {
            story_add(story, 5000 + choice_draw(&choice, 3000), who, STORY_turns_bad)->args[0] =
                (int64_t)choice_draw(&choice, (uint32_t)bad_strategy_count());
        }
    }
    for (uint32_t text = 1; text <= 20; text++) {
        uint32_t who = choice_draw(&choice, PEOPLE);
        uint32_t other = choice_draw(&choice, PEOPLE);
        write(story, 5000 + choice_draw(&choice, 9000), who, text);
        meets(story, 5000 + choice_draw(&choice, 9000), who, other,
              200 + (int64_t)choice_draw(&choice, 3000));
    }
    story_sort(story);
    choice_close(&choice);
}

static bool holds(const struct story *story, const char *name, bool tells, struct sim_sums *sums)
{
    struct trial trial;
    trial_run(&(struct trial_ask){.story = story, .wants_tale = tells}, &trial);
    bool is_well = trial.holds;
    if (tells || !is_well) {
        printf("%s", trial.tale);
    }
    if (!is_well) {
        printf("FAILED: %s: %s\n", name, trial.why);
        story_write(story, stdout);
    }
    for (size_t i = 0; i < SIM_MARK_COUNT; i++) {
        sums->marks[i] += trial.sums.marks[i];
    }
    sums->most_held =
        trial.sums.most_held > sums->most_held ? trial.sums.most_held : sums->most_held;
    sums->runs += 1;
    sums->events_taken += trial.sums.events_taken;
    trial_close(&trial);
    return is_well;
}

/* ---- the race: two honest halls meet, and each has a bad neighbour ---- */

struct race {
    uint64_t ms; /* until both hold what the other had written */
    uint64_t work_ns;
};

/* Does `to` hold all that `from` wrote itself? */
static bool has_all_of(struct sim_machine *to, struct sim_machine *from)
{
    struct lum_txn *ours = NULL;
    struct lum_txn *theirs = NULL;
    struct lum_error *error = &to->site.error;
    bool has_all = true;
    sim_must(from, lum_txn_begin_read(lum_space_log(from->site.space), &ours, error));
    sim_must(to, lum_txn_begin_read(lum_space_log(to->site.space), &theirs, error));
    const uint8_t *author = lum_space_keys(from->site.space)->author.public;
    for (uint32_t lno = 1; lno <= lum_log_count(ours); lno++) {
        struct lum_log_row row;
        struct lum_log_row there = {.lno = 0};
        uint32_t at = 0;
        sim_must(from, lum_log_get(ours, lno, &row));
        if (memcmp(row.name.author, author, 32) == 0) {
            if (lum_log_find(theirs, &row.place.log_id, &at) == LUM_OK) {
                sim_must(to, lum_log_get(theirs, at, &there));
            }
            has_all = has_all && there.place.chain.seq >= row.place.chain.seq;
        }
    }
    lum_txn_abort(ours);
    lum_txn_abort(theirs);
    return has_all;
}

/* Each of the two has a bad neighbour of its own, so that nothing comes around by them. how: their
 * strategy; the number of strategies: both stay away. */
static struct race race(size_t how)
{
    static struct sim sim;
    struct story story;
    struct race result = {RACE_MAX_MS, 0};
    bool is_bad = how < bad_strategy_count();
    begin(&story, 7);
    for (uint32_t who = ANI; who <= BUDI; who++) {
        struct story_act *act = story_add(&story, 5000, who, STORY_imports);
        act->args[0] = ROWS;
        act->args[1] = who;
    }
    if (is_bad) {
        for (uint32_t who = CITRA; who <= DODI; who++) {
            story_add(&story, 6000, who, STORY_turns_bad)->args[0] = (int64_t)how;
            meets(&story, RACE_AT_MS - 100 * who, who, who - CITRA, RACE_MAX_MS);
        }
    }
    meets(&story, RACE_AT_MS, BUDI, ANI, RACE_MAX_MS);
    story.acts[story.count - 1].args[3] = 5;
    story.acts[story.count - 1].args[4] = RATE;
    story_sort(&story);
    sim_begin(&sim, &story);
    sim_run_until(&sim, RACE_AT_MS);
    struct sim_machine *ani = sim.machines[ANI];
    struct sim_machine *budi = sim.machines[BUDI];
    uint64_t before_ns = ani->work_ns + budi->work_ns;
    for (uint64_t ms = 1; ms < RACE_MAX_MS && result.ms == RACE_MAX_MS; ms++) {
        sim_run_until(&sim, RACE_AT_MS + ms);
        if (has_all_of(ani, budi) && has_all_of(budi, ani)) {
            result.ms = ms;
        }
    }
    result.work_ns = ani->work_ns + budi->work_ns - before_ns;
    sim_close(&sim);
    story_close(&story);
    return result;
}

/* ---- all of it ---- */

static bool one(size_t how, const struct race *calm, struct sim_sums *all, uint64_t *slowest)
{
    const struct bad_strategy *strategy = bad_strategy(how);
    struct story story;
    struct sim_sums sums = {0};
    plan_alone(&story, how);
    bool is_well = holds(&story, strategy->name, getenv("LUM_BAD") != NULL, &sums);
    story_close(&story);
    if (!is_well) {
        return false;
    }
    struct race slowed = race(how);
    uint64_t percent = slowed.ms * 100 / calm->ms;
    printf("%-16s %4u KiB, a meeting takes %llu %% of the time, %llu %% of the work; found out "
           "%llu times\n",
           strategy->name, (unsigned)(sums.most_held / 1024), (unsigned long long)percent,
           (unsigned long long)(slowed.work_ns * 100 / calm->work_ns),
           (unsigned long long)sums.marks[SIM_SAW_bad_was_faulty]);
    *slowest = percent > *slowest && !strategy->writes ? percent : *slowest;
    all->most_held = sums.most_held > all->most_held ? sums.most_held : all->most_held;
    all->marks[SIM_SAW_bad_was_faulty] += sums.marks[SIM_SAW_bad_was_faulty];
    if (percent > 200 && !strategy->writes) {
        printf("FAILED: %s: honest halls need more than twice the time\n", strategy->name);
        return false;
    }
    return true;
}

static bool mixes(uint64_t first, struct sim_sums *sums, uint64_t *count)
{
    time_t until = time(NULL) + (time_t)number_from("LUM_SIM_SECONDS", 0);
    bool is_well = true;
    for (*count = 0; is_well && (*count < MIXES || time(NULL) < until); (*count)++) {
        struct story story;
        char name[32];
        (void)snprintf(name, sizeof name, "seed %llu", (unsigned long long)(first + *count));
        plan_mix(&story, first + *count);
        is_well = holds(&story, name, false, sums);
        story_close(&story);
    }
    return is_well;
}

int main(void)
{
    struct sim_sums sums = {0};
    uint64_t slowest = 0;
    uint64_t seeds = 0;
    const char *alone = getenv("LUM_BAD");
    bool is_well = lum_crypto_init() == LUM_OK;
    struct race calm = race(bad_strategy_count());
    printf("two halls meet in %llu ms\n", (unsigned long long)calm.ms);
    for (size_t how = 0; how < bad_strategy_count(); how++) {
        if (alone == NULL || strcmp(alone, bad_strategy(how)->name) == 0) {
            is_well = one(how, &calm, &sums, &slowest) && is_well;
        }
    }
    if (alone == NULL) {
        is_well = mixes(number_from("LUM_SIM_SEED", 1), &sums, &seeds) && is_well;
    }
    printf("figures: %zu strategies and %llu mixes, at most %u KiB for a bad neighbour, an honest "
           "meeting takes at most %llu %% of the time it takes alone, %llu events of bad ones "
           "and others taken, 0 unauthorised\n",
           bad_strategy_count(), (unsigned long long)seeds, (unsigned)(sums.most_held / 1024),
           (unsigned long long)slowest, (unsigned long long)sums.events_taken);
    return is_well ? 0 : 1;
}
