/* explore.c - see explore.h. */
#define _GNU_SOURCE
#include "tests/crash/explore.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/crash/cache.h"

enum {
    POINTS_MAX = 16384,
    STATES_MAX = 512,
    COMMANDS_MAX = 64,
    CHANGES_MAX = 4096,
    SEEN_SLOTS = 1 << 17,
    TOLD_MAX = 5, /* failures of one recording that are told */
    RECORD_BYTES = 64 * 1024 * 1024,
};

/* What is known of one disk. */
struct seen {
    struct lum_hash image;
    bool is_used;
    struct judge_verdict verdict;
};

struct point {
    uint32_t state; /* of a disk that loses nothing */
    uint32_t bound; /* of any */
    bool has_backup;
};

/* One recording that is explored. */
struct search {
    const struct explore *how;
    struct explore_figures *figures;
    struct judge_state states[STATES_MAX];
    uint32_t state_count;
    struct point points[POINTS_MAX];
    uint32_t point_count;
    struct seen *seen;
    uint64_t dice;
    uint32_t told;
    uint32_t recoveries;
    uint8_t fates[CHANGES_MAX];
};

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "the test itself: %s\n", what);
        exit(99);
    }
}

static uint32_t draw(struct search *search, uint32_t bound)
{
    search->dice = search->dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(((search->dice >> 32) * bound) >> 32);
}

/* ---- verdicts ---- */

static struct seen *slot_of(struct search *search, const struct lum_hash *image)
{
    uint32_t at;
    memcpy(&at, image->b, sizeof(at));
    for (uint32_t i = 0; i < SEEN_SLOTS; i++) {
        struct seen *slot = &search->seen[(at + i) % SEEN_SLOTS];
        if (!slot->is_used || memcmp(&slot->image, image, sizeof(*image)) == 0) {
            return slot;
        }
    }
    must(false, "too many images");
    return NULL;
}

static void copy_image(struct image *to, const struct image *from)
{
    *to = (struct image){.count = from->count};
    for (size_t i = 0; i < from->count; i++) {
        to->files[i] = from->files[i];
        to->files[i].bytes = NULL;
        to->files[i].len = 0;
        to->files[i].room = 0;
        image_grow(&to->files[i], from->files[i].len);
        if (from->files[i].len > 0) {
            memcpy(to->files[i].bytes, from->files[i].bytes, from->files[i].len);
        }
    }
}

/* The judge opens it once more, recorded; then the power goes while it does. */
static void explore_recovery(struct search *search, const struct image *image)
{
    struct judge_verdict verdict;
    struct image base;
    struct record *record = record_open(RECORD_BYTES);
    struct explore again = *search->how;
    copy_image(&base, image);
    judge(&base, again.machine, &again.again, again.dir, record, &verdict);
    again.base = &base;
    again.record = record;
    again.leaves_backup = false;
    again.recoveries = 0;
    again.seed = search->dice;
    search->figures->recoveries++;
    explore(&again, search->figures);
    record_close(record);
    image_free(&base);
}

static const struct judge_verdict *verdict_of(struct search *search, const struct image *found)
{
    const struct explore *how = search->how;
    struct lum_hash hash;
    search->figures->images++;
    image_hash(found, &hash);
    struct seen *slot = slot_of(search, &hash);
    if (!slot->is_used) {
        struct image image = *found;
        judge(&image, how->machine, &how->again, how->dir, NULL, &slot->verdict);
        slot->image = hash;
        slot->is_used = true;
        search->figures->distinct++;
        search->figures->doubts += slot->verdict.in_doubt ? 1 : 0;
    }
    return &slot->verdict;
}

/* ---- the states there were ---- */

static uint32_t find_state(const struct search *search, const struct judge_state *state)
{
    uint32_t i = search->state_count;
    while (i > 0 && memcmp(&search->states[i - 1], state, sizeof(*state)) != 0) {
        i--;
    }
    return i - 1; /* UINT32_MAX: none */
}

static const struct image *image_of_all(struct search *search, struct cache *cache)
{
    must(cache_pending(cache) <= CHANGES_MAX, "too many changes");
    memset(search->fates, FATE_DONE, cache_pending(cache));
    return cache_image(cache, search->fates, 0);
}

/* ---- walking points ---- */

struct walk {
    const struct explore *how;
    struct record_walk record;
    struct cache *cache;
    struct record_op op; /* the last one */
    bool is_settling;
    bool has_begun;
};

static void walk_begin(struct walk *walk, const struct explore *how)
{
    *walk = (struct walk){.how = how,
                          .record = {.record = how->record},
                          .cache = cache_open(how->machine, how->lies)};
    cache_load(walk->cache, how->base);
}

/* Where the power goes between two writes without a sync is where it goes after both and the second
 * is lost: in the short form one point. */
static bool goes_on_writing(const struct walk *walk)
{
    struct record_walk ahead = walk->record;
    struct record_op next;
    return !walk->how->is_long && walk->op.type == RECORD_WRITE && !walk->op.is_durable &&
           record_next(&ahead, &next) && next.type == RECORD_WRITE && !next.is_durable;
}

/* To the next point: the first is before anything was done. Before and after words as well. */
static bool walk_next(struct walk *walk)
{
    if (!walk->has_begun) {
        walk->has_begun = true;
        return true;
    }
    if (walk->is_settling) {
        walk->is_settling = false;
        if (cache_settle(walk->cache)) {
            return true;
        }
    }
    while (record_next(&walk->record, &walk->op)) {
        if (walk->op.type == RECORD_SAID || walk->op.type == RECORD_END) {
            return true;
        }
        if (cache_take(walk->cache, &walk->op) && !goes_on_writing(walk)) {
            walk->is_settling = walk->op.type == RECORD_WRITE;
            return true;
        }
    }
    return false;
}

static void walk_end(struct walk *walk)
{
    cache_close(walk->cache);
}

/* ---- first: what there was, and what was told ---- */

static void find_states(struct search *search)
{
    struct walk walk;
    uint32_t last_word[COMMANDS_MAX] = {0};
    bool has_backup = false;
    walk_begin(&walk, search->how);
    while (walk_next(&walk)) {
        uint32_t number = (uint32_t)walk.op.place;
        const struct judge_verdict *verdict = verdict_of(search, image_of_all(search, walk.cache));
        uint32_t state = find_state(search, &verdict->state);
        if (state == UINT32_MAX) {
            must(search->state_count < STATES_MAX, "too many states");
            state = search->state_count++;
            search->states[state] = verdict->state;
        }
        must(search->point_count < POINTS_MAX, "too many points");
        if (walk.op.type == RECORD_SAID) {
            last_word[number % COMMANDS_MAX] = search->point_count;
        } else if (walk.op.type == RECORD_END) {
            uint32_t from = last_word[number % COMMANDS_MAX];
            has_backup = search->how->leaves_backup;
            for (uint32_t i = from == 0 ? search->point_count : from; i < search->point_count;
                 i++) {
                search->points[i].bound = state;
                search->points[i].has_backup = has_backup;
            }
        }
        uint32_t before =
            search->point_count == 0 ? state : search->points[search->point_count - 1].bound;
        search->points[search->point_count++] = (struct point){
            .state = state,
            .bound = walk.op.type == RECORD_END ? state : before,
            .has_backup = has_backup,
        };
    }
    walk_end(&walk);
}

/* ---- then: what may be found ---- */

static void tell(struct search *search, const struct walk *walk, uint32_t point, const char *what,
                 const struct judge_verdict *verdict)
{
    static const char letters[] = {'-', '+', '<', '~', '_'};
    static const char *const ops[] = {"open",   "write",  "size", "sync", "folder",
                                      "rename", "unlink", "said", "end"};
    if (search->how->lies || search->told++ >= TOLD_MAX) {
        return;
    }
    printf("FAILED: %s: point %u of %u, after %s %s %" PRIu64 ": %s: %s\n    changes: ",
           search->how->name, point, search->point_count, ops[walk->op.type],
           walk->op.path == NULL ? "" : walk->op.path, walk->op.place, what, verdict->trouble);
    for (size_t i = 0; i < cache_pending(walk->cache) && i < 80; i++) {
        putchar(letters[search->fates[i]]);
    }
    printf("\n");
    if (getenv("LUM_CRASH_STOP") != NULL) {
        struct image image = *cache_image(walk->cache, search->fates, search->dice);
        image_put(&image, search->how->dir);
        printf("the disk lies in %s\n", search->how->dir);
        exit(1);
    }
}

/* True when all is well. */
static bool look_at(struct search *search, const struct walk *walk, uint32_t point,
                    const struct image *image)
{
    const struct point *here = &search->points[point];
    const struct judge_verdict *verdict = verdict_of(search, image);
    struct explore_figures *figures = search->figures;
    if (!verdict->is_well) {
        bool is_crash = strncmp(verdict->trouble, "ended by", 8) == 0;
        figures->crashed += is_crash ? 1 : 0;
        figures->refused += is_crash ? 0 : 1;
        tell(search, walk, point, "does not go on", verdict);
        return false;
    }
    uint32_t state = find_state(search, &verdict->state);
    if (state == UINT32_MAX || state > here->state) {
        figures->half++;
        tell(search, walk, point, "half of something is there", verdict);
        return false;
    }
    if (state < here->bound || (here->has_backup && !verdict->has_backup)) {
        figures->lost++;
        tell(search, walk, point, "what was told of is lost", verdict);
        return false;
    }
    return true;
}

/* The nth family of fates for `count` pending changes; beyond them random ones. */
static void choose_fates(struct search *search, size_t count, uint32_t n)
{
    uint32_t families = 4;
    uint32_t one = count == 0 ? 0 : (n - 2) / families;
    if (n < 2) { /* none; all */
        memset(search->fates, n == 0 ? FATE_LOST : FATE_DONE, count);
    } else if (one < count) {
        uint32_t family = (n - 2) % families;
        uint8_t torn = (uint8_t)(FATE_TORN_OFF + draw(search, FATES - FATE_TORN_OFF));
        memset(search->fates, family % 2 == 0 ? FATE_DONE : FATE_LOST, count);
        search->fates[one] = family == 0 ? FATE_LOST : family == 1 ? FATE_DONE : torn;
    } else {
        uint32_t share = draw(search, 7) + 1; /* of eight that are done */
        for (size_t i = 0; i < count; i++) {
            bool is_torn = draw(search, 6) == 0;
            search->fates[i] = is_torn                   ? (uint8_t)(2 + draw(search, FATES - 2))
                               : draw(search, 8) < share ? FATE_DONE
                                                         : FATE_LOST;
        }
    }
}

static void explore_point(struct search *search, const struct walk *walk, uint32_t point)
{
    const struct explore *how = search->how;
    size_t count = cache_pending(walk->cache);
    uint32_t kinds = count == 0 ? 1 : 2 + 4 * (uint32_t)count + how->random;
    uint32_t most = how->images - draw(search, 2);
    uint32_t wanted = how->is_long || kinds < most ? kinds : most;
    bool is_well = true;
    for (uint32_t i = 0; i < wanted; i++) {
        choose_fates(search, count, wanted == kinds || i < 2 ? i : 2 + draw(search, kinds - 2));
        const struct image *image = cache_image(walk->cache, search->fates, search->dice);
        bool is_fine = look_at(search, walk, point, image);
        is_well &= is_fine;
        if (is_fine && search->recoveries > 0 && draw(search, 16) == 0) {
            search->recoveries--;
            explore_recovery(search, image);
        }
    }
    bool is_told =
        cache_has_lied(walk->cache) && search->points[point].bound != search->points[0].bound;
    search->figures->points++;
    search->figures->told += is_told ? 1 : 0;
    search->figures->told_bad += is_told && !is_well ? 1 : 0;
}

const char *explore_misses(const struct explore *how, const struct image *now)
{
    static uint8_t fates[CHANGES_MAX];
    struct walk walk;
    walk_begin(&walk, how);
    while (walk_next(&walk)) {
    }
    memset(fates, FATE_DONE, sizeof(fates));
    const char *missed = image_differs(now, cache_image(walk.cache, fates, 0));
    walk_end(&walk);
    return missed;
}

void explore(const struct explore *how, struct explore_figures *figures)
{
    struct walk walk;
    uint32_t point = 0;
    struct search *search = calloc(1, sizeof(*search));
    must(search != NULL, "memory");
    search->how = how;
    search->figures = figures;
    search->dice = how->seed;
    search->recoveries = how->recoveries;
    search->seen = calloc(SEEN_SLOTS, sizeof(*search->seen));
    must(search->seen != NULL, "memory");
    find_states(search);
    walk_begin(&walk, how);
    while (walk_next(&walk)) {
        explore_point(search, &walk, point++);
    }
    walk_end(&walk);
    figures->recordings++;
    free(search->seen);
    free(search);
}
