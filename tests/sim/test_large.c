/*
 * test_large.c - large districts, with light traffic: each machine meets the one above it twice a
 * day, some write; in the end all hold the same.
 *
 *   10, 50 machines   and with LUM_SIM_LARGE=1 also 200 and 1,000
 *
 * For each it prints how many hours of the district's time one second of the processor's gives,
 * founding and judgement beside it; that is measured, not asserted.
 */
#include <stdlib.h>

#include "tests/prop/choice.h"
#include "tests/sim/sim.h"

enum {
    HOUR_MS = 3600000,
    BRANCHES = 8,
    MEETING_MS = 2000,
};

struct size {
    uint32_t machines;
    uint32_t days;
    uint32_t writes_a_day;
};

static void plan_day(struct story *story, struct choice *choice, const struct size *size,
                     uint32_t day)
{
    uint64_t morning = (uint64_t)day * STORY_DAY_MS + 6 * (uint64_t)HOUR_MS;
    for (uint32_t i = 1; i < size->machines; i++) {
        for (uint64_t half = 0; half < 2; half++) {
            uint64_t at = morning + half * 10 * HOUR_MS + choice_draw(choice, 4 * HOUR_MS);
            struct story_act *act = story_add(story, at, i, STORY_meets);
            act->args[0] = (i - 1) / BRANCHES;
            act->args[1] = MEETING_MS;
            act->args[2] = 1;
        }
    }
    for (uint32_t i = 0; i < size->writes_a_day; i++) {
        uint64_t at = morning + choice_draw(choice, 14 * HOUR_MS);
        struct story_act *act =
            story_add(story, at, choice_draw(choice, size->machines), STORY_puts);
        act->args[0] = choice_draw(choice, 50);
        act->args[2] = 1 + day * size->writes_a_day + i;
    }
}

static void plan(const struct size *size, struct story *story)
{
    struct choice choice;
    *story = (struct story){.dice = size->machines};
    choice_from_seed(&choice, size->machines);
    (void)story_add(story, 0, 0, STORY_founds);
    story_add(story, 0, 0, STORY_gathers)->args[0] = size->machines;
    for (uint32_t day = 0; day < size->days; day++) {
        plan_day(story, &choice, size, day);
    }
    choice_close(&choice);
    story_sort(story);
}

static bool run(const struct size *size)
{
    struct story story;
    struct trial trial;
    plan(size, &story);
    trial_run(&(struct trial_ask){.story = &story}, &trial);
    double hours = (double)trial.sums.machine_ms / size->machines / HOUR_MS;
    double lived = trial.cpu_s - trial.sums.gather_s - trial.sums.judge_s;
    printf(
        "figures: %u machines: %s, %.0f hours in %.1f s, %.1f s of gathering before and %.1f s of "
        "judging after them: %.1f hours a second; %llu meetings, %llu events taken, %llu bytes\n",
        (unsigned)size->machines, trial.holds ? "all equal" : trial.why, hours, lived,
        trial.sums.gather_s, trial.sums.judge_s, hours / lived,
        (unsigned long long)trial.sums.marks[SIM_SAW_met] / 2,
        (unsigned long long)trial.sums.events_taken, (unsigned long long)trial.sums.bytes);
    bool holds = trial.holds;
    trial_close(&trial);
    story_close(&story);
    return holds;
}

int main(void)
{
    static const struct size sizes[] = {{10, 365, 4}, {50, 60, 6}, {200, 14, 8}, {1000, 4, 20}};
    size_t count = getenv("LUM_SIM_LARGE") != NULL ? LUM_COUNT(sizes) : LUM_COUNT(sizes) - 2;
    bool holds = lum_crypto_init() == LUM_OK;
    for (size_t i = 0; i < count && holds; i++) {
        holds = run(&sizes[i]);
    }
    return holds ? 0 : 1;
}
