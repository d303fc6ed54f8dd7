/*
 * choice.h - one stream of choices for random, replayed, fuzzed and exhaustive runs.
 *
 * A property draws all it does from here, so that the list of draws is the case: the same list
 * gives the same case, a shorter or lower one a simpler case. Draws begin at 0, the simplest.
 *
 *   seed   splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014)
 *   bytes  each draw takes as many bytes as its bound needs; 0 after the end
 *   list   what another stream drew; 0 after the end, the highest allowed where a draw is too high
 *   all    an odometer: first every draw is 0, then the last that can be raised is raised
 */
#ifndef LUM_TESTS_PROP_CHOICE_H
#define LUM_TESTS_PROP_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct choice_draw {
    uint32_t value;
    uint32_t bound;
};
/* Draws that belong together: a shrinker leaves them out as one. */
struct choice_span {
    size_t begin;
    size_t end;
};

enum choice_source {
    CHOICE_SEED,
    CHOICE_BYTES,
    CHOICE_LIST,
    CHOICE_ALL
};

struct choice {
    enum choice_source source;
    uint64_t state;       /* of the generator */
    const uint8_t *bytes; /* borrowed */
    size_t bytes_left;
    struct choice_draw *draws; /* made so far; for a list and `all` also those to come. Owned */
    size_t count;              /* of those that are written */
    size_t at;                 /* of those that were made */
    size_t room;
    struct choice_span *spans; /* owned */
    size_t span_count;
    size_t span_room;
};

void choice_from_seed(struct choice *choice, uint64_t seed);
void choice_from_bytes(struct choice *choice, const uint8_t *bytes, size_t len);
void choice_from_list(struct choice *choice, const struct choice_draw *draws, size_t count);
void choice_from_all(struct choice *choice);
/* After a run of an odometer: sets it to the next list. False when all were had. */
bool choice_next(struct choice *choice);
void choice_close(struct choice *choice);

/* 0 .. bound - 1; bound is at least 1, and with 1 nothing is drawn. */
uint32_t choice_draw(struct choice *choice, uint32_t bound);
/* True once in n, and never where draws are 0. */
bool choice_rarely(struct choice *choice, uint32_t n);
/* What it gives goes to choice_span_end. */
size_t choice_span_begin(struct choice *choice);
void choice_span_end(struct choice *choice, size_t span);

/*
 * A property runs once over the choices and says whether it holds. Shrinking runs it again and
 * again with less: whole spans left out, stretches left out, single draws lowered; what still
 * fails is kept, until nothing helps or runs_max is reached. `failed` holds a failing run on entry
 * and the smallest one found on return, as a list. Gives the number of runs.
 */
typedef bool choice_property(struct choice *choice, void *self);
size_t choice_shrink(struct choice *failed, choice_property *property, void *self, size_t runs_max);
/* The draws on a few lines, as they can be handed to choice_from_text. */
void choice_tell(const struct choice *choice, FILE *out);
/* Reads numbers, whatever stands between them. */
void choice_from_text(struct choice *choice, const char *text);

#endif
