/*
 * test_model.c - core merges as the model says, whatever the history and however it came.
 *
 * Every case is a list of choices (choice.h): a history (world.h), then an order, pieces, batches,
 * repetitions and restarts in which a real store (barn.h) takes it in. Then everything the store
 * can be asked is compared with the model (model.h).
 *
 *   LUM_PROP_SECONDS=n   random histories for n seconds instead of the usual few
 *   LUM_PROP_SEEDS=n     or n of them
 *   LUM_PROP_SEED=n      begin at this seed
 *   LUM_PROP_CASE="..."  one case again, as a failure printed it: its kind, then its choices
 *   LUM_PROP_SHRINK=n    runs spent on making a failing case small; 0: none
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/prop/deliver.h"

enum {
    SECONDS_USUAL = 15,
    SHRINK_RUNS = 12000, /* a minute or two */
    SMALL_ROOTS = 97,    /* of small histories one in so many has its root compared */
};

static struct deliver deliver;

static bool holds(struct choice *choice, void *kind)
{
    return deliver_holds(&deliver, choice, *(const enum world_kind *)kind);
}

/* ---- failing ---- */

static char doing[80];

/* An assertion in core ends the program: say which seed it was. */
static void on_abort(int number)
{
    (void)number;
    (void)!write(2, doing, strlen(doing));
}

static uint64_t number_from(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    return text == NULL ? usual : strtoull(text, NULL, 10);
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double began;
static bool has_failed; /* what comes after a failure is left out */

/* The failing case, then the smallest that fails as well, with its story. */
static void tell_failure(struct choice *failed, choice_property *property, enum world_kind kind)
{
    size_t runs_max = (size_t)number_from("LUM_PROP_SHRINK", SHRINK_RUNS);
    has_failed = true;
    fprintf(stderr, "found after %.1f s: %s\n", seconds() - began, deliver.barn.why);
    if (runs_max == 0) {
        return;
    }
    size_t runs = choice_shrink(failed, property, &kind, runs_max);
    fprintf(stderr, "smaller: %zu choices after %zu runs\n", failed->at, runs);
    deliver.story = stderr;
    struct choice again;
    choice_from_list(&again, failed->draws, failed->at);
    (void)property(&again, &kind);
    choice_close(&again);
    if (property == holds) {
        fprintf(stderr, "LUM_PROP_CASE=\"%d ", (int)kind);
        choice_tell(failed, stderr);
        fputs("\"\n", stderr);
    }
}

static bool run_seed(uint64_t seed)
{
    static const enum world_kind kinds[] = {WORLD_MIXED, WORLD_MIXED, WORLD_GOV, WORLD_MIXED,
                                            WORLD_WIDE,  WORLD_MIXED, WORLD_GOV, WORLD_LONG};
    enum world_kind kind = kinds[seed % LUM_COUNT(kinds)];
    struct choice choice;
    (void)snprintf(doing, sizeof doing, "at LUM_PROP_SEED=%llu\n", (unsigned long long)seed);
    choice_from_seed(&choice, seed);
    bool held = holds(&choice, &kind);
    if (!held) {
        fprintf(stderr, "LUM_PROP_SEED=%llu: ", (unsigned long long)seed);
        tell_failure(&choice, holds, kind);
    }
    choice_close(&choice);
    return held;
}

/* ---- the tests ---- */

static void begin_test(void)
{
    if (has_failed) {
        skip();
    }
    deliver.counts = (struct deliver_counts){0};
    deliver.barn.rebuilds = 0;
}

static void random_histories_merge_as_the_model_says(void **unused)
{
    uint64_t seeds = number_from("LUM_PROP_SEEDS", 0);
    uint64_t span_s = number_from("LUM_PROP_SECONDS", SECONDS_USUAL);
    double until = seconds() + (double)span_s;
    uint64_t seed = number_from("LUM_PROP_SEED", 1);
    (void)unused;
    begin_test();
    for (uint64_t done = 0; seeds > 0 ? done < seeds : seconds() < until; done++) {
        assert_true(run_seed(seed + done));
    }
    deliver_print(&deliver);
}

/* In the order it was written, the view following each event. */
static void feed_as_written(const struct model_set *set)
{
    for (uint32_t i = 0; i < set->event_count; i++) {
        barn_put(&deliver.barn, set->events[i].log, set->events[i].seq);
        barn_settle(&deliver.barn);
    }
}

/* Log after log, the youngest first, so that whoever has seen another waits for it. */
static void feed_by_log(const struct model_set *set)
{
    for (uint32_t log = set->log_count; log > 0; log--) {
        if (set->logs[log - 1].held > 0) {
            barn_put(&deliver.barn, log - 1, set->logs[log - 1].held);
            (void)barn_apply(&deliver.barn, 1);
        }
    }
    barn_settle(&deliver.barn);
}

static bool small_holds(struct choice *choice, void *unused)
{
    (void)unused;
    struct world *world = world_draw(choice, WORLD_SMALL);
    const struct model_set *set = world_set(world);
    model_judge(set, deliver.state);
    deliver.counts.histories++;
    barn_begin(&deliver.barn, world, false);
    feed_as_written(set);
    barn_compare(&deliver.barn, deliver.state);
    if (deliver.counts.histories % SMALL_ROOTS == 0) {
        barn_compare_roots(&deliver.barn, deliver.state);
    }
    barn_end(&deliver.barn);
    if (barn_is_well(&deliver.barn)) {
        barn_begin(&deliver.barn, world, false);
        feed_by_log(set);
        barn_compare(&deliver.barn, deliver.state);
        barn_end(&deliver.barn);
    }
    deliver_count(&deliver, set);
    model_free(deliver.state);
    if (deliver.story != NULL) {
        world_tell(world, deliver.story);
        fprintf(deliver.story, "%s\n", deliver.barn.why);
    }
    world_close(world);
    return barn_is_well(&deliver.barn);
}

static void every_history_of_three_logs_and_four_ops_merges_as_the_model_says(void **unused)
{
    struct choice choice;
    (void)unused;
    begin_test();
    (void)snprintf(doing, sizeof doing, "in a small world\n");
    choice_from_all(&choice);
    do {
        if (!small_holds(&choice, NULL)) {
            tell_failure(&choice, small_holds, WORLD_SMALL);
            fail_msg("%s", deliver.barn.why);
        }
    } while (choice_next(&choice));
    choice_close(&choice);
    deliver_print(&deliver);
}

/* ---- the roster by itself ---- */

static struct lum_bytes payload_of(const struct world *world, const struct model_event *event)
{
    struct lum_bytes raw = world_raw(world, event->log, event->seq);
    struct lum_cur cur = lum_cur_over(raw);
    struct lum_header header;
    lum_header_read(&cur, &header);
    return lum_bytes_of(cur.at, (size_t)(cur.end - cur.at));
}

static void add_fact(struct lum_roster_builder *builder, const struct world *world,
                     const struct model_set *set, const struct model_event *event)
{
    struct lum_ref ref = {.seq = event->seq};
    memcpy(ref.log8, set->logs[event->log].id, 8);
    memcpy(ref.hash16, event->h, 16);
    enum lum_status status = lum_roster_builder_add(builder, set->logs[event->log].author, &ref,
                                                    payload_of(world, event));
    LUM_ASSERT(status == LUM_OK);
}

static bool is_fact(const struct model_set *set, const struct model_event *event)
{
    const struct model_log *log = &set->logs[event->log];
    return event->kind == 2 && log->shelf == 0 && event->seq <= log->held;
}

/* Every fact that is held, some twice, in a drawn order. */
static void add_facts(struct choice *choice, struct lum_roster_builder *builder,
                      const struct world *world, const struct model_set *set)
{
    uint32_t facts[MODEL_EVENTS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < set->event_count; i++) {
        if (is_fact(set, &set->events[i])) {
            facts[count++] = i;
        }
    }
    for (; count > 0; count--) {
        uint32_t pick = choice_draw(choice, count);
        add_fact(builder, world, set, &set->events[facts[pick]]);
        if (choice_rarely(choice, 4)) {
            add_fact(builder, world, set, &set->events[facts[choice_draw(choice, count)]]);
        }
        facts[pick] = facts[count - 1];
    }
}

static bool roster_holds(struct choice *choice, void *unused)
{
    (void)unused;
    struct world *world = world_draw(choice, WORLD_GOV);
    struct model_set *set = world_set(world);
    struct lum_roster_builder *builder = NULL;
    struct lum_genesis genesis;
    bool is_cut = choice_draw(choice, 2) == 1;
    for (uint32_t log = 0; is_cut && log < set->log_count; log++) {
        set->logs[log].held = choice_draw(choice, (uint32_t)set->logs[log].held + 1);
    }
    bool is_read = lum_genesis_read(world_document(world), &genesis);
    memcpy(deliver.barn.space.id.b, set->space.id, 32);
    enum lum_status status = lum_roster_builder_open(&deliver.barn.space.id, &genesis, &builder);
    LUM_ASSERT(is_read && status == LUM_OK);
    add_facts(choice, builder, world, set);
    lum_roster_close(deliver.barn.roster);
    deliver.barn.roster = NULL;
    deliver.barn.why[0] = '\0';
    deliver.barn.world = world;
    status = lum_roster_builder_end(builder, &deliver.barn.roster);
    LUM_ASSERT(status == LUM_OK);
    model_roster(set, deliver.state);
    barn_compare_roster(&deliver.barn, deliver.state);
    deliver.barn.is_roster_bare = false;
    deliver.counts.histories++;
    deliver.counts.events += set->event_count;
    if (deliver.story != NULL) {
        world_tell(world, deliver.story);
    }
    world_close(world);
    return barn_is_well(&deliver.barn);
}

static void a_roster_is_the_same_whatever_the_order_of_its_facts(void **unused)
{
    uint64_t share = number_from("LUM_PROP_SECONDS", SECONDS_USUAL);
    double until = seconds() + (double)share / 5;
    (void)unused;
    begin_test();
    for (uint64_t seed = number_from("LUM_PROP_SEED", 1); seconds() < until; seed++) {
        struct choice choice;
        (void)snprintf(doing, sizeof doing, "at roster seed %llu\n", (unsigned long long)seed);
        choice_from_seed(&choice, seed);
        if (!roster_holds(&choice, NULL)) {
            fprintf(stderr, "roster seed %llu: ", (unsigned long long)seed);
            tell_failure(&choice, roster_holds, WORLD_GOV);
            fail_msg("%s", deliver.barn.why);
        }
        choice_close(&choice);
    }
    deliver_print(&deliver);
}

static void a_case_again(void **unused)
{
    const char *text = getenv("LUM_PROP_CASE");
    char *rest = NULL;
    (void)unused;
    if (text == NULL) {
        return;
    }
    unsigned long number = strtoul(text, &rest, 10);
    enum world_kind kind = (enum world_kind)number;
    struct choice choice;
    deliver.story = stderr;
    choice_from_text(&choice, rest);
    bool held = holds(&choice, &kind);
    choice_close(&choice);
    assert_true(held);
}

static int setup(void **unused)
{
    (void)unused;
    began = seconds();
    deliver_open(&deliver);
    (void)signal(SIGABRT, on_abort);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    deliver_close(&deliver);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories_merge_as_the_model_says),
        cmocka_unit_test(every_history_of_three_logs_and_four_ops_merges_as_the_model_says),
        cmocka_unit_test(a_roster_is_the_same_whatever_the_order_of_its_facts),
        cmocka_unit_test(a_case_again),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
