/*
 * deliver.c - feeding in a drawn way, and looking.
 */
#include "tests/prop/deliver.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- feeding ---- */

struct delivery {
    struct deliver *with;
    struct choice *choice;
    struct world *world;
    const struct model_set *set;
    uint64_t target[MODEL_LOGS_MAX];
    uint64_t given[MODEL_LOGS_MAX];  /* as far as the barn holds it */
    bool is_refused[MODEL_LOGS_MAX]; /* a stranger's, until gov grows */
    bool is_frozen[MODEL_LOGS_MAX];
    struct world_fork fork;
    bool fork_given;
};

static void tell(const struct delivery *d, const char *form, ...)
    __attribute__((format(printf, 2, 3)));
static void tell(const struct delivery *d, const char *form, ...)
{
    va_list list;
    if (d->with->story != NULL) {
        va_start(list, form);
        (void)vfprintf(d->with->story, form, list);
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
        d->with->counts.forks++;
        break;
    case LUM_INGEST_HELD:
        break;
    case LUM_INGEST_GAP:
    case LUM_INGEST_NO_ROOM:
    case LUM_INGEST_FAULTY:
        (void)barn_fail(&d->with->barn, "log %u: refused, %s", log,
                        result->end == LUM_INGEST_GAP ? "a gap" : lum_fault_name(result->fault));
        break;
    }
    if (result->gov_grew) {
        memset(d->is_refused, 0, sizeof d->is_refused);
    }
}

/* As a message may carry it: packed. */
static void pack(struct delivery *d, struct lum_ingest *piece)
{
    struct lum_buf *packed = &d->with->packed;
    lum_buf_reset(packed);
    enum lum_status status = lum_squeeze(d->with->barn.squeezer, piece->bytes, 3, packed);
    LUM_ASSERT(status == LUM_OK);
    piece->is_packed = true;
    piece->bytes = lum_buf_bytes(packed);
}

static void give_piece(struct delivery *d, uint32_t log)
{
    struct lum_ingest piece;
    struct lum_ingest_result result;
    uint64_t left = d->target[log] - d->given[log];
    uint64_t len = choice_draw(d->choice, 3) < 2 ? left : 1 + choice_draw(d->choice, 4);
    uint64_t first = d->given[log] + 1;
    if (choice_rarely(d->choice, 6)) { /* again what is held */
        first -= choice_draw(d->choice, (uint32_t)first);
    }
    uint64_t last = d->given[log] + (len < left ? len : left);
    world_piece(d->world, log, first, last, &piece);
    if (choice_draw(d->choice, 3) == 1) {
        pack(d, &piece);
    }
    barn_feed(&d->with->barn, &piece, &result);
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
    barn_feed(&d->with->barn, &piece, &result);
    tell(d, "log %u, the other branch: %d\n", log, (int)result.end);
    if (result.end == LUM_INGEST_STRANGER) {
        return;
    }
    d->fork_given = true;
    if (result.end != LUM_INGEST_TAKEN) {
        take_result(d, log, &result);
        return;
    }
    /* The other branch came first and lies in the log: ours is the proof. */
    world_piece(d->world, log, d->fork.point + 1, d->target[log], &piece);
    barn_feed(&d->with->barn, &piece, &result);
    take_result(d, log, &result);
    if (result.end != LUM_INGEST_FORK) {
        (void)barn_fail(&d->with->barn, "a second branch of log %u is no fork", log);
    }
}

/* ---- looking ---- */

static void look(struct delivery *d)
{
    tell(d, "look\n");
    barn_settle(&d->with->barn);
    barn_look(&d->with->barn);
    if (!barn_is_well(&d->with->barn)) {
        return;
    }
    model_judge(d->set, d->with->state);
    barn_compare(&d->with->barn, d->with->state);
    barn_compare_roots(&d->with->barn, d->with->state);
    deliver_count(d->with, d->set);
    model_free(d->with->state);
}

/* Is it right that nothing of this log was taken? A fork may have undone what let it in. */
static void look_at_refused(struct delivery *d, uint32_t log)
{
    struct model_log *held = &world_set(d->world)->logs[log];
    if (d->fork_given || held->held > 0 || d->target[log] == 0) {
        return;
    }
    held->held = 1; /* its own JOIN may be what lets it in */
    model_roster(d->set, d->with->state);
    if (model_device_of(d->with->state, held->author)->is_valid) {
        (void)barn_fail(&d->with->barn, "log %u is refused although its author has a valid JOIN",
                        log);
    }
    held->held = 0;
}

static void look_at_admission(struct delivery *d)
{
    for (uint32_t log = 0; log < d->set->log_count && barn_is_well(&d->with->barn); log++) {
        look_at_refused(d, log);
    }
    model_roster(d->set, d->with->state);
    for (uint32_t log = 0; log < d->set->log_count && barn_is_well(&d->with->barn); log++) {
        const struct model_log *held = &d->set->logs[log];
        if (!d->fork_given && held->held > 0 &&
            !model_device_of(d->with->state, held->author)->is_valid) {
            (void)barn_fail(&d->with->barn, "log %u is taken although its author has no valid JOIN",
                            log);
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
        (void)barn_apply(&d->with->barn, 0);
        break;
    case 3:
        tell(d, "apply a few\n");
        (void)barn_apply(&d->with->barn, 1 + choice_draw(d->choice, 4));
        break;
    case 4:
        tell(d, "restart\n");
        barn_restart(&d->with->barn);
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

/* ---- all of it ---- */

static void deliver_all(struct delivery *d)
{
    draw_targets(d);
    (void)world_fork(d->world, &d->fork);
    for (uint32_t log = draw_log(d); log < d->set->log_count && barn_is_well(&d->with->barn);
         log = draw_log(d)) {
        size_t span = choice_span_begin(d->choice);
        give_piece(d, log);
        between(d);
        choice_span_end(d->choice, span);
    }
    give_fork(d);
    look(d);
    if (barn_is_well(&d->with->barn)) {
        look_at_admission(d);
    }
    if (barn_is_well(&d->with->barn) && choice_draw(d->choice, 3) == 1) {
        barn_rebuild(&d->with->barn);
        look(d);
    }
}

/* ---- from outside ---- */

void deliver_open(struct deliver *deliver)
{
    memset(deliver, 0, sizeof *deliver);
    barn_open(&deliver->barn);
    lum_buf_init(&deliver->packed, (size_t)1 << 24);
    deliver->state = calloc(1, sizeof *deliver->state);
    LUM_ASSERT(deliver->state != NULL);
}

void deliver_close(struct deliver *deliver)
{
    barn_close(&deliver->barn);
    lum_buf_fini(&deliver->packed);
    free(deliver->state);
}

bool deliver_holds(struct deliver *deliver, struct choice *choice, enum world_kind kind)
{
    static struct delivery delivery;
    struct barn *barn = &deliver->barn;
    struct world *world = world_draw(choice, kind);
    delivery = (struct delivery){
        .with = deliver, .choice = choice, .world = world, .set = world_set(world)};
    deliver->counts.events += delivery.set->event_count;
    deliver->counts.histories++;
    barn_begin(barn, world, choice_rarely(choice, 5));
    deliver_all(&delivery);
    barn_end(barn);
    if (barn_is_well(barn)) {
        deliver->counts.reread += barn_reread(barn, world);
    }
    if (deliver->story != NULL) {
        world_tell(world, deliver->story);
        fprintf(deliver->story, "%s\n", barn_is_well(barn) ? "holds" : barn->why);
    }
    world_close(world);
    return barn_is_well(barn);
}

void deliver_count(struct deliver *deliver, const struct model_set *set)
{
    struct deliver_counts *counts = &deliver->counts;
    const struct model_state *state = deliver->state;
    counts->compared++;
    for (uint32_t i = 0; i < set->event_count; i++) {
        counts->pending += state->verdicts[i].is_pending;
        counts->voided += state->verdicts[i].is_void;
    }
    for (uint32_t log = 0; log < set->log_count; log++) {
        counts->waiting += state->is_waiting[log];
    }
    for (uint32_t i = 0; i < state->record_count; i++) {
        const struct model_record *record = &state->records[i];
        counts->revived += record->life == MODEL_REVIVED;
        for (uint32_t k = 0; k < record->cell_count; k++) {
            uint64_t siblings = record->cells[k].count;
            counts->conflicts += record->cells[k].values > 1;
            counts->siblings_max =
                siblings > counts->siblings_max ? siblings : counts->siblings_max;
        }
    }
}

void deliver_print(const struct deliver *deliver)
{
    const struct deliver_counts *counts = &deliver->counts;
    printf("figures: %llu histories, %llu events", (unsigned long long)counts->histories,
           (unsigned long long)counts->events);
    if (counts->compared == 0) {
        printf("\n");
        return;
    }
    printf("; %llu comparisons: %llu forks, %llu conflicts, %llu deleted but edited, %llu pending, "
           "%llu void, %llu logs waiting, %llu siblings at most, %llu views made anew, "
           "%llu payloads written again\n",
           (unsigned long long)counts->compared, (unsigned long long)counts->forks,
           (unsigned long long)counts->conflicts, (unsigned long long)counts->revived,
           (unsigned long long)counts->pending, (unsigned long long)counts->voided,
           (unsigned long long)counts->waiting, (unsigned long long)counts->siblings_max,
           (unsigned long long)deliver->barn.rebuilds, (unsigned long long)counts->reread);
}
