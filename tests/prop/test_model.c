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

#include "tests/prop/barn.h"

enum {
    SECONDS_USUAL = 15,
    SHRINK_RUNS = 12000, /* a minute or two */
    SMALL_ROOTS = 97, /* of small histories one in so many has its root compared */
};

static struct barn barn;
static struct model_state *state;

struct counted {
    uint64_t histories;
    uint64_t events;
    uint64_t compared;
    uint64_t forks;
    uint64_t conflicts;
    uint64_t revived;
    uint64_t pending;
    uint64_t voided;
    uint64_t waiting;
    uint64_t siblings_max;
    uint64_t rebuilds;
    uint64_t reread;
};
static struct counted counted;

/* ---- one case: feeding ---- */

struct delivery {
    struct choice *choice;
    struct world *world;
    const struct model_set *set;
    uint64_t target[MODEL_LOGS_MAX];
    uint64_t given[MODEL_LOGS_MAX]; /* as far as the barn holds it */
    bool is_refused[MODEL_LOGS_MAX]; /* a stranger's, until gov grows */
    bool is_frozen[MODEL_LOGS_MAX];
    struct world_fork fork;
    bool fork_given;
    bool fork_came_first; /* the other branch lies in the log */
    FILE *story;          /* NULL: nobody listens */
};

static void tell(const struct delivery *d, const char *form, ...)
    __attribute__((format(printf, 2, 3)));
static void tell(const struct delivery *d, const char *form, ...)
{
    va_list list;
    if (d->story != NULL) {
        va_start(list, form);
        (void)vfprintf(d->story, form, list);
        va_end(list);
    }
}

static void draw_targets(struct delivery *d)
{
    bool is_cut = choice_draw(d->choice, 4) == 3;
    for (uint32_t log = 0; log < d->set->log_count; log++) {
        uint64_t head = d->set->logs[log].held;
        d->target[log] = head;
        if (is_cut && choice_draw(d->choice, 3) == 2) {
            d->target[log] = choice_draw(d->choice, (uint32_t)head + 1);
        }
    }
}

static bool is_open(const struct delivery *d, uint32_t log)
{
    return d->given[log] < d->target[log] && !d->is_refused[log] && !d->is_frozen[log];
}

/* A log that has more to give; log_count when none has. */
static uint32_t draw_log(struct delivery *d)
{
    uint32_t open[MODEL_LOGS_MAX];
    uint32_t count = 0;
    for (uint32_t log = 0; log < d->set->log_count; log++) {
        if (is_open(d, log)) {
            open[count++] = log;
        }
    }
    return count == 0 ? d->set->log_count : open[choice_draw(d->choice, count)];
}

static void take_result(struct delivery *d, uint32_t log, const struct lum_ingest_result *result)
{
    switch (result->end) {
    case LUM_INGEST_TAKEN:
        d->given[log] = result->head;
        break;
    case LUM_INGEST_STRANGER:
        d->is_refused[log] = true;
        break;
    case LUM_INGEST_FORK:
        d->is_frozen[log] = true;
        counted.forks++;
        break;
    case LUM_INGEST_HELD:
        break;
    case LUM_INGEST_GAP:
    case LUM_INGEST_FAULTY:
        (void)barn_fail(&barn, "log %u: refused, %s", log,
                        result->end == LUM_INGEST_GAP ? "a gap" : lum_fault_name(result->fault));
        break;
    }
    if (result->gov_grew) {
        memset(d->is_refused, 0, sizeof d->is_refused);
    }
}

static void give_piece(struct delivery *d, uint32_t log)
{
    struct lum_ingest piece;
    struct lum_ingest_result result;
    uint64_t left = d->target[log] - d->given[log];
    uint64_t len = choice_draw(d->choice, 3) > 0 ? left : 1 + choice_draw(d->choice, 4);
    uint64_t first = d->given[log] + 1;
    if (choice_rarely(d->choice, 6)) { /* again what is held */
        first -= choice_draw(d->choice, (uint32_t)first);
    }
    uint64_t last = d->given[log] + (len < left ? len : left);
    world_piece(d->world, log, first, last, &piece);
    barn_feed(&barn, &piece, &result);
    tell(d, "log %u %llu..%llu: %d\n", log, (unsigned long long)first, (unsigned long long)last,
         (int)result.end);
    take_result(d, log, &result);
}

/* The other branch, once what both have is held. */
static void give_fork(struct delivery *d)
{
    struct lum_ingest piece;
    struct lum_ingest_result result;
    uint32_t log = d->fork.log;
    if (d->fork.last == 0 || d->fork_given || d->given[log] < d->fork.point ||
        d->target[log] <= d->fork.point) {
        return;
    }
    world_fork_piece(d->world, &piece);
    barn_feed(&barn, &piece, &result);
    tell(d, "log %u, the other branch: %d\n", log, (int)result.end);
    if (result.end == LUM_INGEST_STRANGER) {
        return;
    }
    d->fork_given = true;
    d->fork_came_first = result.end == LUM_INGEST_TAKEN;
    if (!d->fork_came_first) {
        take_result(d, log, &result);
        return;
    }
    world_piece(d->world, log, d->fork.point + 1, d->target[log], &piece);
    barn_feed(&barn, &piece, &result);
    take_result(d, log, &result);
    if (result.end != LUM_INGEST_FORK) {
        (void)barn_fail(&barn, "a second branch of log %u is no fork", log);
    }
}

/* ---- one case: looking ---- */

static void count_state(const struct model_set *set)
{
    counted.compared++;
    for (uint32_t i = 0; i < set->event_count; i++) {
        counted.pending += state->verdicts[i].is_pending;
        counted.voided += state->verdicts[i].is_void;
    }
    for (uint32_t log = 0; log < set->log_count; log++) {
        counted.waiting += state->is_waiting[log];
    }
    for (uint32_t i = 0; i < state->record_count; i++) {
        const struct model_record *record = &state->records[i];
        counted.revived += record->life == MODEL_REVIVED;
        for (uint32_t k = 0; k < record->cell_count; k++) {
            uint64_t siblings = record->cells[k].count;
            counted.conflicts += record->cells[k].values > 1;
            counted.siblings_max =
                siblings > counted.siblings_max ? siblings : counted.siblings_max;
        }
    }
}

static void look(struct delivery *d)
{
    tell(d, "look\n");
    barn_settle(&barn);
    barn_look(&barn);
    if (!barn_is_well(&barn)) {
        return;
    }
    model_judge(d->set, state);
    barn_compare(&barn, state);
    barn_compare_roots(&barn, state);
    count_state(d->set);
    model_free(state);
}

/* Is it right that nothing of this log was taken? A fork may have undone what let it in. */
static void look_at_refused(struct delivery *d, uint32_t log)
{
    struct model_log *held = &world_set(d->world)->logs[log];
    if (d->fork_given || held->held > 0 || d->target[log] == 0) {
        return;
    }
    held->held = 1; /* its own JOIN may be what lets it in */
    model_roster(d->set, state);
    if (model_device_of(state, held->author)->is_valid) {
        (void)barn_fail(&barn, "log %u is refused although its author has a valid JOIN", log);
    }
    held->held = 0;
}

static void look_at_admission(struct delivery *d)
{
    for (uint32_t log = 0; log < d->set->log_count && barn_is_well(&barn); log++) {
        look_at_refused(d, log);
    }
    model_roster(d->set, state);
    for (uint32_t log = 0; log < d->set->log_count && barn_is_well(&barn); log++) {
        const struct model_log *held = &d->set->logs[log];
        if (!d->fork_given && held->held > 0 && !model_device_of(state, held->author)->is_valid) {
            (void)barn_fail(&barn, "log %u is taken although its author has no valid JOIN", log);
        }
    }
}

/* What may happen between two pieces. */
static void between(struct delivery *d)
{
    switch (choice_draw(d->choice, 8)) {
    case 1:
    case 2:
        tell(d, "apply\n");
        (void)barn_apply(&barn, 0);
        break;
    case 3:
        tell(d, "apply a few\n");
        (void)barn_apply(&barn, 1 + choice_draw(d->choice, 4));
        break;
    case 4:
        tell(d, "restart\n");
        barn_restart(&barn);
        break;
    case 5:
        give_fork(d);
        break;
    case 6:
        if (choice_rarely(d->choice, 6)) {
            look(d);
        }
        break;
    default:
        break;
    }
}

/* ---- one case ---- */

static void deliver(struct delivery *d)
{
    draw_targets(d);
    (void)world_fork(d->world, &d->fork);
    for (uint32_t log = draw_log(d); log < d->set->log_count && barn_is_well(&barn);
         log = draw_log(d)) {
        size_t span = choice_span_begin(d->choice);
        give_piece(d, log);
        between(d);
        choice_span_end(d->choice, span);
    }
    give_fork(d);
    look(d);
    if (barn_is_well(&barn)) {
        look_at_admission(d);
    }
    if (barn_is_well(&barn) && choice_draw(d->choice, 3) == 0) {
        barn_rebuild(&barn);
        look(d);
    }
}

struct one {
    enum world_kind kind;
    bool tells; /* the story, to standard error */
};

static bool holds(struct choice *choice, void *self)
{
    const struct one *one = self;
    struct world *world = world_draw(choice, one->kind);
    static struct delivery delivery;
    delivery = (struct delivery){.choice = choice, .world = world, .set = world_set(world)};
    delivery.story = one->tells ? stderr : NULL;
    counted.events += delivery.set->event_count;
    counted.histories++;
    barn_begin(&barn, world, choice_rarely(choice, 5));
    deliver(&delivery);
    barn_end(&barn);
    if (barn_is_well(&barn)) {
        counted.reread += barn_reread(&barn, world);
    }
    if (one->tells) {
        world_tell(world, stderr);
        fprintf(stderr, "%s\n", barn_is_well(&barn) ? "holds" : barn.why);
    }
    world_close(world);
    return barn_is_well(&barn);
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
static void tell_failure(struct choice *failed, choice_property *property, struct one *one)
{
    size_t runs_max = (size_t)number_from("LUM_PROP_SHRINK", SHRINK_RUNS);
    has_failed = true;
    fprintf(stderr, "found after %.1f s: %s\n", seconds() - began, barn.why);
    if (runs_max == 0) {
        return;
    }
    size_t runs = choice_shrink(failed, property, one, runs_max);
    fprintf(stderr, "smaller: %zu choices after %zu runs\n", failed->at, runs);
    one->tells = true;
    struct choice again;
    choice_from_list(&again, failed->draws, failed->at);
    (void)property(&again, one);
    choice_close(&again);
    fprintf(stderr, "LUM_PROP_CASE=\"%d ", (int)one->kind);
    choice_tell(failed, stderr);
    fputs("\"\n", stderr);
}

static bool run_seed(uint64_t seed)
{
    static const enum world_kind kinds[] = {WORLD_MIXED, WORLD_MIXED, WORLD_GOV, WORLD_MIXED,
                                            WORLD_WIDE,  WORLD_MIXED, WORLD_GOV, WORLD_LONG};
    struct one one = {.kind = kinds[seed % LUM_COUNT(kinds)]};
    struct choice choice;
    (void)snprintf(doing, sizeof doing, "at LUM_PROP_SEED=%llu\n", (unsigned long long)seed);
    choice_from_seed(&choice, seed);
    bool held = holds(&choice, &one);
    if (!held) {
        fprintf(stderr, "LUM_PROP_SEED=%llu: ", (unsigned long long)seed);
        tell_failure(&choice, holds, &one);
    }
    choice_close(&choice);
    return held;
}

/* ---- the tests ---- */

static void print_counts(void)
{
    printf("%llu histories, %llu events, %llu comparisons: %llu forks, %llu conflicts, "
           "%llu deleted but edited, %llu pending, %llu void, %llu logs waiting, "
           "%llu siblings at most, %llu views made anew, %llu payloads written again\n",
           (unsigned long long)counted.histories, (unsigned long long)counted.events,
           (unsigned long long)counted.compared, (unsigned long long)counted.forks,
           (unsigned long long)counted.conflicts, (unsigned long long)counted.revived,
           (unsigned long long)counted.pending, (unsigned long long)counted.voided,
           (unsigned long long)counted.waiting, (unsigned long long)counted.siblings_max,
           (unsigned long long)barn.rebuilds, (unsigned long long)counted.reread);
}

static void begin_test(void)
{
    if (has_failed) {
        skip();
    }
    memset(&counted, 0, sizeof counted);
    barn.rebuilds = 0;
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
    print_counts();
}

/* In the order it was written, the view following each event. */
static void feed_as_written(const struct model_set *set)
{
    for (uint32_t i = 0; i < set->event_count; i++) {
        barn_put(&barn, set->events[i].log, set->events[i].seq);
        barn_settle(&barn);
    }
}

/* Log after log, the youngest first, so that whoever has seen another waits for it. */
static void feed_by_log(const struct model_set *set)
{
    for (uint32_t log = set->log_count; log > 0; log--) {
        if (set->logs[log - 1].held > 0) {
            barn_put(&barn, log - 1, set->logs[log - 1].held);
            (void)barn_apply(&barn, 1);
        }
    }
    barn_settle(&barn);
}

static bool small_holds(struct choice *choice, void *self)
{
    const struct one *one = self;
    struct world *world = world_draw(choice, WORLD_SMALL);
    const struct model_set *set = world_set(world);
    model_judge(set, state);
    counted.histories++;
    barn_begin(&barn, world, false);
    feed_as_written(set);
    barn_compare(&barn, state);
    if (counted.histories % SMALL_ROOTS == 0) {
        barn_compare_roots(&barn, state);
    }
    barn_end(&barn);
    if (barn_is_well(&barn)) {
        barn_begin(&barn, world, false);
        feed_by_log(set);
        barn_compare(&barn, state);
        barn_end(&barn);
    }
    count_state(set);
    model_free(state);
    if (one->tells) {
        world_tell(world, stderr);
        fprintf(stderr, "%s\n", barn_is_well(&barn) ? "holds" : barn.why);
    }
    world_close(world);
    return barn_is_well(&barn);
}

static void every_history_of_three_logs_and_four_ops_merges_as_the_model_says(void **unused)
{
    struct one one = {.kind = WORLD_SMALL};
    struct choice choice;
    (void)unused;
    begin_test();
    (void)snprintf(doing, sizeof doing, "in a small world\n");
    choice_from_all(&choice);
    do {
        if (!small_holds(&choice, &one)) {
            tell_failure(&choice, small_holds, &one);
            fail_msg("%s", barn.why);
        }
    } while (choice_next(&choice));
    choice_close(&choice);
    print_counts();
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

static bool roster_holds(struct choice *choice, void *self)
{
    const struct one *one = self;
    struct world *world = world_draw(choice, WORLD_GOV);
    struct model_set *set = world_set(world);
    struct lum_roster_builder *builder = NULL;
    struct lum_genesis genesis;
    bool is_cut = choice_draw(choice, 2) == 1;
    for (uint32_t log = 0; is_cut && log < set->log_count; log++) {
        set->logs[log].held = choice_draw(choice, (uint32_t)set->logs[log].held + 1);
    }
    bool is_read = lum_genesis_read(world_document(world), &genesis);
    memcpy(barn.space.id.b, set->space.id, 32);
    enum lum_status status = lum_roster_builder_open(&barn.space.id, &genesis, &builder);
    LUM_ASSERT(is_read && status == LUM_OK);
    add_facts(choice, builder, world, set);
    lum_roster_close(barn.roster);
    barn.roster = NULL;
    barn.why[0] = '\0';
    barn.world = world;
    status = lum_roster_builder_end(builder, &barn.roster);
    LUM_ASSERT(status == LUM_OK);
    model_roster(set, state);
    barn_compare_roster(&barn, state);
    barn.is_roster_bare = false;
    counted.histories++;
    counted.events += set->event_count;
    if (one->tells) {
        world_tell(world, stderr);
    }
    world_close(world);
    return barn_is_well(&barn);
}

static void a_roster_is_the_same_whatever_the_order_of_its_facts(void **unused)
{
    uint64_t share = number_from("LUM_PROP_SECONDS", SECONDS_USUAL);
    double until = seconds() + (double)share / 5;
    (void)unused;
    begin_test();
    for (uint64_t seed = number_from("LUM_PROP_SEED", 1); seconds() < until; seed++) {
        struct one one = {.kind = WORLD_GOV};
        struct choice choice;
        (void)snprintf(doing, sizeof doing, "at roster seed %llu\n", (unsigned long long)seed);
        choice_from_seed(&choice, seed);
        if (!roster_holds(&choice, &one)) {
            fprintf(stderr, "roster seed %llu: ", (unsigned long long)seed);
            tell_failure(&choice, roster_holds, &one);
            fail_msg("%s", barn.why);
        }
        choice_close(&choice);
    }
    print_counts();
}

static void a_case_again(void **unused)
{
    const char *text = getenv("LUM_PROP_CASE");
    char *rest = NULL;
    (void)unused;
    if (text == NULL) {
        return;
    }
    unsigned long kind = strtoul(text, &rest, 10);
    struct one one = {.kind = (enum world_kind)kind, .tells = true};
    struct choice choice;
    choice_from_text(&choice, rest);
    bool held = holds(&choice, &one);
    choice_close(&choice);
    assert_true(held);
}

static int setup(void **unused)
{
    (void)unused;
    began = seconds();
    barn_open(&barn);
    state = calloc(1, sizeof *state);
    (void)signal(SIGABRT, on_abort);
    return state == NULL;
}

static int teardown(void **unused)
{
    (void)unused;
    barn_close(&barn);
    free(state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_history_of_three_logs_and_four_ops_merges_as_the_model_says),
        cmocka_unit_test(random_histories_merge_as_the_model_says),
        cmocka_unit_test(a_roster_is_the_same_whatever_the_order_of_its_facts),
        cmocka_unit_test(a_case_again),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
