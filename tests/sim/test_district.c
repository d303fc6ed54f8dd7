/*
 * test_district.c - seeds, one district each; each of the marks must come up, and a seed run twice
 * must leave the same trace.
 *
 *   LUM_SIM_SEED=7                          that seed alone
 *   LUM_SIM_SEED=1000 LUM_SIM_SECONDS=600   from there on, for so long
 *   LUM_SIM_TELL=1                          tells every seed's tale
 *   LUM_SIM_FORK=0                          in this process, for a debugger
 *
 * A seed that fails is made small and printed as a story, to be kept in tests/sim/stories.
 */
#define _XOPEN_SOURCE 700 /* setenv */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim.h"

enum {
    SEEDS = 40,
    SHRINK_TRIALS = 2000
};

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void add_sums(struct sim_sums *to, const struct sim_sums *from)
{
    for (size_t i = 0; i < SIM_MARK_COUNT; i++) {
        to->marks[i] += from->marks[i];
    }
    to->runs += from->runs;
    to->machine_ms += from->machine_ms;
    to->steps += from->steps;
    to->bytes += from->bytes;
    to->events_taken += from->events_taken;
}

static void tell_failure(uint64_t seed, const struct trial *trial)
{
    struct story story;
    struct sim_sums sums = {0};
    printf("%s\nseed %llu: %s\n", trial->tale, (unsigned long long)seed, trial->why);
    sim_plan(seed, &story, &sums);
    size_t acts = story.count;
    size_t trials = sim_shrink(&story, trial->why, number_from("LUM_SIM_SHRINK", SHRINK_TRIALS));
    printf("\nof %zu acts %zu are enough (%zu trials):\n\n# %s\n", acts, story.count, trials,
           trial->why);
    story_write(&story, stdout);
    story_close(&story);
}

static bool run(uint64_t seed, struct sim_sums *sums, uint8_t trace[32])
{
    struct trial trial;
    bool tells = getenv("LUM_SIM_TELL") != NULL;
    trial_run(&(struct trial_ask){.seed = seed, .wants_tale = tells}, &trial);
    bool holds = trial.holds;
    memcpy(trace, trial.trace, 32);
    add_sums(sums, &trial.sums);
    if (!holds) {
        tell_failure(seed, &trial);
    } else if (tells) {
        printf("%s", trial.tale);
    }
    trial_close(&trial);
    return holds;
}

static bool every_mark_was_seen(const struct sim_sums *sums)
{
    size_t due = sums->runs < SEEDS        ? 0
                 : sums->runs < 20 * SEEDS ? SIM_OFTEN_COUNT
                                           : SIM_MARK_COUNT;
    bool holds = true;
    for (size_t i = 0; i < SIM_MARK_COUNT; i++) {
        printf("%10llu %s\n", (unsigned long long)sums->marks[i], sim_mark_name(i));
        if (i < due && sums->marks[i] == 0) {
            printf("%s was never seen\n", sim_mark_name(i));
            holds = false;
        }
    }
    return holds;
}

static bool many_seeds(uint64_t first)
{
    time_t until = time(NULL) + (time_t)number_from("LUM_SIM_SECONDS", 0);
    uint64_t least = getenv("LUM_SIM_SEED") != NULL ? 1 : SEEDS;
    struct sim_sums sums = {0};
    struct lum_plain_hasher hasher;
    uint8_t trace[32];
    uint64_t seeds = 0;
    lum_plain_hash_init(&hasher);
    for (; seeds < least || time(NULL) < until; seeds++) {
        if (!run(first + seeds, &sums, trace)) {
            return false;
        }
        lum_plain_hash_add(&hasher, trace, sizeof trace);
    }
    lum_plain_hash_end(&hasher, trace);
    bool holds = every_mark_was_seen(&sums);
    printf("trace %02x%02x%02x%02x\n", trace[0], trace[1], trace[2], trace[3]);
    printf("figures: seeds %llu to %llu, %.1f node-years, %llu events over %llu meetings, "
           "%llu steps, %llu MB on lines, 0 invariants broken\n",
           (unsigned long long)first, (unsigned long long)(first + seeds - 1),
           (double)sums.machine_ms / STORY_DAY_MS / 365, (unsigned long long)sums.events_taken,
           (unsigned long long)sums.marks[SIM_SAW_met] / 2, (unsigned long long)sums.steps,
           (unsigned long long)sums.bytes / 1000000);
    return holds;
}

static bool same_each_time(uint64_t seed)
{
    struct sim_sums sums = {0};
    uint8_t traces[2][32];
    bool holds = run(seed, &sums, traces[0]) && run(seed, &sums, traces[1]);
    if (holds && memcmp(traces[0], traces[1], sizeof traces[0]) != 0) {
        printf("seed %llu leaves two traces\n", (unsigned long long)seed);
        return false;
    }
    return holds;
}

static int run_here(uint64_t seed)
{
    static struct sim sim;
    struct story story;
    struct sim_sums sums = {0};
    sim_plan(seed, &story, &sums);
    sim_run(&sim, &story);
    sim_close(&sim);
    story_close(&story);
    return 0;
}

int main(void)
{
    uint64_t seed = number_from("LUM_SIM_SEED", 1);
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    if (number_from("LUM_SIM_FORK", 1) == 0) {
        return run_here(seed);
    }
    return many_seeds(seed) && same_each_time(seed) ? 0 : 1;
}
