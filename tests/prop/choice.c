/*
 * choice.c - draws, and how a failing list of them is made small.
 */
#include "tests/prop/choice.h"

#include <stdlib.h>
#include <string.h>

#include "core/lum.h"

/* ---- where draws come from ---- */

static void start(struct choice *choice, enum choice_source source)
{
    memset(choice, 0, sizeof *choice);
    choice->source = source;
}

void choice_from_seed(struct choice *choice, uint64_t seed)
{
    start(choice, CHOICE_SEED);
    choice->state = seed;
}

void choice_from_bytes(struct choice *choice, const uint8_t *bytes, size_t len)
{
    start(choice, CHOICE_BYTES);
    choice->bytes = bytes;
    choice->bytes_left = len;
}

void choice_from_all(struct choice *choice)
{
    start(choice, CHOICE_ALL);
}

static void *grow(void *at, size_t *room, size_t size)
{
    *room = *room == 0 ? 256 : *room * 2;
    at = realloc(at, *room * size);
    LUM_ASSERT(at != NULL);
    return at;
}

static void put(struct choice *choice, struct choice_draw draw)
{
    if (choice->count == choice->room) {
        choice->draws = grow(choice->draws, &choice->room, sizeof *choice->draws);
    }
    choice->draws[choice->count++] = draw;
}

void choice_from_list(struct choice *choice, const struct choice_draw *draws, size_t count)
{
    start(choice, CHOICE_LIST);
    for (size_t i = 0; i < count; i++) {
        put(choice, draws[i]);
    }
}

void choice_from_text(struct choice *choice, const char *text)
{
    start(choice, CHOICE_LIST);
    while (*text != '\0') {
        char *end = NULL;
        if (*text < '0' || *text > '9') {
            text++;
            continue;
        }
        put(choice, (struct choice_draw){(uint32_t)strtoul(text, &end, 10), UINT32_MAX});
        text = end;
    }
}

void choice_close(struct choice *choice)
{
    free(choice->draws);
    free(choice->spans);
    memset(choice, 0, sizeof *choice);
}

/* ---- drawing ---- */

static uint64_t roll(struct choice *choice)
{
    uint64_t z = choice->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint32_t from_bytes(struct choice *choice, uint32_t bound)
{
    uint32_t value = 0;
    for (uint32_t left = bound - 1; left > 0 && choice->bytes_left > 0; left >>= 8) {
        value = value << 8 | *choice->bytes;
        choice->bytes++;
        choice->bytes_left--;
    }
    return value % bound;
}

uint32_t choice_draw(struct choice *choice, uint32_t bound)
{
    LUM_ASSERT(bound > 0);
    if (bound == 1) {
        return 0;
    }
    if (choice->at < choice->count) { /* a list, or an odometer's beginning */
        struct choice_draw *draw = &choice->draws[choice->at++];
        draw->value = draw->value < bound ? draw->value : bound - 1;
        draw->bound = bound;
        return draw->value;
    }
    uint32_t value = 0;
    if (choice->source == CHOICE_SEED) {
        value = (uint32_t)(roll(choice) % bound);
    } else if (choice->source == CHOICE_BYTES) {
        value = from_bytes(choice, bound);
    }
    put(choice, (struct choice_draw){value, bound});
    choice->at++;
    return value;
}

bool choice_rarely(struct choice *choice, uint32_t n)
{
    return choice_draw(choice, n) == n - 1;
}

bool choice_next(struct choice *choice)
{
    choice->count = choice->at;
    choice->at = 0;
    choice->span_count = 0;
    while (choice->count > 0) {
        struct choice_draw *last = &choice->draws[choice->count - 1];
        if (last->value + 1 < last->bound) {
            last->value++;
            return true;
        }
        choice->count--;
    }
    return false;
}

size_t choice_span_begin(struct choice *choice)
{
    if (choice->span_count == choice->span_room) {
        choice->spans = grow(choice->spans, &choice->span_room, sizeof *choice->spans);
    }
    choice->spans[choice->span_count] = (struct choice_span){choice->at, choice->at};
    return choice->span_count++;
}

void choice_span_end(struct choice *choice, size_t span)
{
    choice->spans[span].end = choice->at;
}

/* ---- shrinking ---- */

struct shrinker {
    struct choice *best;
    choice_property *property;
    void *self;
    size_t runs;
    size_t runs_max;
};

/* Runs a candidate; keeps what it drew when it still fails and is smaller. */
static bool try_list(struct shrinker *shrinker, const struct choice_draw *draws, size_t count)
{
    struct choice run;
    if (shrinker->runs >= shrinker->runs_max) {
        return false;
    }
    shrinker->runs++;
    choice_from_list(&run, draws, count);
    bool holds = shrinker->property(&run, shrinker->self);
    run.count = run.at;
    while (run.count > 0 && run.draws[run.count - 1].value == 0) { /* they come back as 0 */
        run.count--;
    }
    run.at = run.count;
    if (holds) {
        choice_close(&run);
        return false;
    }
    choice_close(shrinker->best);
    *shrinker->best = run;
    return true;
}

static bool leave_out(struct shrinker *shrinker, size_t begin, size_t end)
{
    const struct choice *best = shrinker->best;
    end = end < best->count ? end : best->count;
    if (begin >= end) {
        return false;
    }
    size_t count = best->count - (end - begin);
    struct choice_draw *draws = malloc((count + 1) * sizeof *draws);
    LUM_ASSERT(draws != NULL);
    memcpy(draws, best->draws, begin * sizeof *draws);
    memcpy(draws + begin, best->draws + end, (best->count - end) * sizeof *draws);
    bool kept = try_list(shrinker, draws, count);
    free(draws);
    return kept;
}

static bool leave_out_spans(struct shrinker *shrinker)
{
    bool any = false;
    for (size_t i = shrinker->best->span_count; i > 0; i--) {
        if (i <= shrinker->best->span_count) {
            struct choice_span span = shrinker->best->spans[i - 1];
            any |= leave_out(shrinker, span.begin, span.end);
        }
    }
    return any;
}

static bool leave_out_stretches(struct shrinker *shrinker)
{
    bool any = false;
    for (size_t len = shrinker->best->count / 2; len > 0; len /= 2) {
        size_t step = len > 8 ? len / 2 : 1;
        for (size_t at = shrinker->best->count; at >= len; at -= step) {
            if (at <= shrinker->best->count) {
                any |= leave_out(shrinker, at - len, at);
            }
            if (at < step) {
                break;
            }
        }
    }
    return any;
}

static bool lower_to(struct shrinker *shrinker, size_t at, uint32_t value)
{
    const struct choice *best = shrinker->best;
    if (at >= best->count || best->draws[at].value <= value) {
        return false;
    }
    size_t count = best->count;
    struct choice_draw *draws = malloc(count * sizeof *draws);
    LUM_ASSERT(draws != NULL);
    memcpy(draws, best->draws, count * sizeof *draws);
    draws[at].value = value;
    bool kept = try_list(shrinker, draws, count);
    free(draws);
    return kept;
}

static bool lower(struct shrinker *shrinker)
{
    bool any = false;
    for (size_t at = 0; at < shrinker->best->count; at++) {
        if (lower_to(shrinker, at, 0)) {
            any = true;
            continue;
        }
        while (at < shrinker->best->count &&
               lower_to(shrinker, at, shrinker->best->draws[at].value / 2)) {
            any = true;
        }
        while (at < shrinker->best->count && shrinker->best->draws[at].value > 0 &&
               lower_to(shrinker, at, shrinker->best->draws[at].value - 1)) {
            any = true;
        }
    }
    return any;
}

size_t choice_shrink(struct choice *failed, choice_property *property, void *self, size_t runs_max)
{
    struct shrinker shrinker = {failed, property, self, 0, runs_max};
    failed->source = CHOICE_LIST;
    failed->count = failed->at;
    bool any = true;
    while (any && shrinker.runs < runs_max) {
        any = leave_out_spans(&shrinker);
        any |= leave_out_stretches(&shrinker);
        any |= lower(&shrinker);
    }
    return shrinker.runs;
}

void choice_tell(const struct choice *choice, FILE *out)
{
    for (size_t i = 0; i < choice->at; i++) {
        fprintf(out, i % 30 == 29 ? "%u\n" : "%u ", choice->draws[i].value);
    }
    fputc('\n', out);
}
