/*
 * test_district.c - seeds, one district each; each of the marks must come up, and a seed run twice
 * must leave the same trace.
 *
 *   LUM_SIM_SEED=7                          that seed alone
 *   LUM_SIM_SEED=1000 LUM_SIM_SECONDS=600   from there on, for so long
 *
 * A seed that fails prints its story; LUM_SIM_TELL=1 prints every story.
 */
#define _XOPEN_SOURCE 700 /* setenv */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/sim/sim.h"

enum {
    SEEDS = 24
};

static struct sim sim;
static uint64_t marks[SIM_MARK_COUNT];
static uint64_t running; /* a seed is under way */

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void tell(void)
{
    sim_tell(&sim, stderr);
    (void)fprintf(stderr, "\nto see it again:\n  LUM_SIM_SEED=%llu tests/sim/test_district\n",
                  (unsigned long long)running);
}

static void on_abort(int number)
{
    if (running != 0) {
        tell();
    }
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void run(uint64_t seed, uint8_t trace[32])
{
    running = seed;
    sim_run(&sim, seed, marks, trace);
    if (getenv("LUM_SIM_TELL") != NULL) {
        sim_tell(&sim, stdout);
    }
    sim_close(&sim);
    running = 0;
}

static int tell_failed(void **state)
{
    (void)state;
    if (running != 0) {
        tell();
        running = 0;
        sim_close(&sim);
    }
    return 0;
}

static void every_mark_was_seen(uint64_t seeds)
{
    size_t due = seeds < SEEDS ? 0 : seeds < 20 * SEEDS ? SIM_OFTEN_COUNT : SIM_MARK_COUNT;
    print_message("%8llu seeds\n", (unsigned long long)seeds);
    for (size_t i = 0; i < SIM_MARK_COUNT; i++) {
        print_message("%8llu %s\n", (unsigned long long)marks[i], sim_mark_name(i));
    }
    for (size_t i = 0; i < due; i++) {
        if (marks[i] == 0) {
            fail_msg("%s was never seen", sim_mark_name(i));
        }
    }
}

static void a_district_comes_to_one_state(void **state)
{
    uint64_t first = number_from("LUM_SIM_SEED", 1);
    time_t until = time(NULL) + (time_t)number_from("LUM_SIM_SECONDS", 0);
    uint64_t least = getenv("LUM_SIM_SEED") != NULL ? 1 : SEEDS;
    uint64_t seeds = 0;
    uint8_t trace[32];
    struct lum_plain_hasher hasher;
    (void)state;
    lum_plain_hash_init(&hasher);
    while (seeds < least || time(NULL) < until) {
        run(first + seeds++, trace);
        lum_plain_hash_add(&hasher, trace, sizeof trace);
    }
    lum_plain_hash_end(&hasher, trace);
    print_message("trace %02x%02x%02x%02x\n", trace[0], trace[1], trace[2], trace[3]);
    every_mark_was_seen(seeds);
}

static void a_seed_is_the_same_story_each_time(void **state)
{
    uint64_t seed = number_from("LUM_SIM_SEED", 1);
    uint8_t traces[2][32];
    (void)state;
    run(seed, traces[0]);
    run(seed, traces[1]);
    assert_memory_equal(traces[0], traces[1], sizeof traces[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_district_comes_to_one_state, tell_failed),
        cmocka_unit_test_teardown(a_seed_is_the_same_story_each_time, tell_failed),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) {
        (void)setenv("TMPDIR", "/dev/shm", 1); /* what a disk does has tests of its own */
    }
    (void)signal(SIGABRT, on_abort);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
