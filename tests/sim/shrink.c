/*
 * shrink.c - the smallest story that fails in the same way; see sim.h.
 *
 * Acts are left out, first in long stretches, then fewer, then one by one; then arguments are
 * brought to their simplest value, or half way there; then the core. What still fails with the same
 * words is kept, until nothing helps: delta debugging (Zeller, Hildebrandt, "Simplifying and
 * isolating failure-inducing input", 2002) on acts instead of bytes.
 */
#include <string.h>

#include "tests/sim/sim.h"

struct shrink {
    struct story *story;
    const char *why;
    size_t trials;
    size_t trials_max;
};

static bool still_fails(struct shrink *shrink, const struct story *story)
{
    struct trial trial;
    if (shrink->trials >= shrink->trials_max) {
        return false;
    }
    shrink->trials++;
    trial_run(&(struct trial_ask){.story = story}, &trial);
    bool is_same = !trial.holds && strcmp(trial.why, shrink->why) == 0;
    trial_close(&trial);
    return is_same;
}

static bool keep_if_fails(struct shrink *shrink, struct story *tried)
{
    if (!still_fails(shrink, tried)) {
        story_close(tried);
        return false;
    }
    story_close(shrink->story);
    *shrink->story = *tried;
    return true;
}

static bool leave_out(struct shrink *shrink, size_t at, size_t count)
{
    struct story tried;
    story_copy(shrink->story, &tried);
    memmove(&tried.acts[at], &tried.acts[at + count],
            (tried.count - at - count) * sizeof tried.acts[0]);
    tried.count -= count;
    return keep_if_fails(shrink, &tried);
}

static bool shorten(struct shrink *shrink)
{
    bool helped = false;
    for (size_t len = shrink->story->count / 2; len > 0; len /= 2) {
        for (size_t end = shrink->story->count; end >= len; end -= end < len ? end : len) {
            helped |= leave_out(shrink, end - len, len);
            end = end > shrink->story->count ? shrink->story->count : end;
        }
    }
    return helped;
}

static bool lower(struct shrink *shrink, size_t act, size_t arg, int64_t to)
{
    struct story tried;
    if (shrink->story->acts[act].args[arg] == to) {
        return false;
    }
    story_copy(shrink->story, &tried);
    tried.acts[act].args[arg] = to;
    return keep_if_fails(shrink, &tried);
}

static bool simplify(struct shrink *shrink)
{
    bool helped = false;
    for (size_t act = 0; act < shrink->story->count; act++) {
        int64_t least = 0;
        bool is_machine = false;
        for (size_t arg = 0;
             story_arg(shrink->story->acts[act].verb, arg, &least, &is_machine) != NULL; arg++) {
            int64_t now = shrink->story->acts[act].args[arg];
            if (!is_machine) {
                helped |= lower(shrink, act, arg, least) ||
                          lower(shrink, act, arg, least + (now - least) / 2);
            }
        }
    }
    return helped;
}

static bool gather(struct shrink *shrink)
{
    struct story tried;
    if (shrink->story->core == 0) {
        return false;
    }
    story_copy(shrink->story, &tried);
    tried.core = 0;
    return keep_if_fails(shrink, &tried);
}

size_t sim_shrink(struct story *story, const char *why, size_t trials_max)
{
    struct shrink shrink = {.story = story, .why = why, .trials_max = trials_max};
    bool helps = true;
    while (helps && shrink.trials < trials_max) {
        helps = shorten(&shrink);
        helps |= simplify(&shrink);
        helps |= gather(&shrink);
    }
    return shrink.trials;
}
