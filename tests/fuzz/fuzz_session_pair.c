/*
 * fuzz_session_pair.c - two nodes and a line in a stranger's hands.
 *
 *   input = who u8 | held: 8 numbers of events u8 | steps
 *     who & 1   end 0 is a newcomer with an invite       who & 2   there is a fork
 *     who & 4   the machines have met before the steps   who & 8   every structure is checked after
 *   step = what u8 | arguments; see `step`. what & 128: the end it is done to
 *
 * Holds: whatever the stranger does, nothing is kept but what was written and sealed, and a meeting
 * without the stranger makes both equal.
 */
#include <stdio.h>

#include "tests/fuzz/input.h"
#include "tests/lib/pair.h"

enum {
    STEPS_MAX = 48,
};

static struct pair *pair;
static unsigned long inputs;
static unsigned long live_inputs;
static unsigned long fault_inputs;

static void grow(unsigned end, bool with_newcomer, uint8_t argument, bool has_fork)
{
    enum pair_log log = end == 1 ? PAIR_BUDI : with_newcomer ? PAIR_CITRA : PAIR_ANNA;
    uint64_t count = 1 + (argument & UINT64_C(15));
    if (end == 0 && !with_newcomer && (argument & 16) != 0) {
        log = PAIR_ANNA_SECOND;
    }
    if (end == 1 && has_fork && (argument & 16) != 0) {
        log = PAIR_BRANCH;
    }
    pair_grow(pair, end, log, pair_head(pair, end, log) + count);
}

static void step(struct input *in, uint8_t who)
{
    uint8_t what = input_byte(in);
    unsigned end = what >> 7;
    uint8_t type;
    size_t place;
    switch (what & 15) {
    case 0:
        pair_dial(pair);
        pair_settle(pair, 1000);
        break;
    case 1:
        pair_deliver(pair, end, input_number(in, 2));
        break;
    case 2:
        pair_deliver(pair, end, SIZE_MAX);
        break;
    case 3:
        pair_write(pair, end);
        break;
    case 4:
        grow(end, (who & 1) != 0, input_byte(in), (who & 2) != 0);
        break;
    case 5:
        place = input_number(in, 2);
        pair_spoil(pair, end, place, input_byte(in));
        break;
    case 6:
        pair_cut(pair);
        break;
    case 7:
        pair_dial(pair);
        break;
    case 8:
        type = input_byte(in);
        pair_inject(pair, end, type, input_bytes(in, input_byte(in)));
        break;
    case 9:
        pair_pass(pair, input_number(in, 1) * UINT64_C(200));
        break;
    case 10:
        pair_room(pair, end, input_number(in, 1) * (size_t)8192);
        break;
    case 11:
        pair_finish(pair, end);
        break;
    case 12:
        pair_repeat(pair, end);
        break;
    case 13:
        pair_skip(pair, end);
        break;
    default: /* a stretch of honest meeting */
        for (unsigned i = 0; i < 4; i++) {
            pair_deliver(pair, i & 1, SIZE_MAX);
            pair_write(pair, i & 1);
        }
        break;
    }
}

/* What each of them holds to begin with. A newcomer holds nothing. */
static void prepare(struct input *in, uint8_t who)
{
    static const enum pair_log logs[] = {PAIR_ANNA_GOV, PAIR_BUDI_GOV, PAIR_ANNA, PAIR_BUDI};
    pair_reset(pair, (who & 1) != 0);
    for (unsigned end = 0; end < 2; end++) {
        for (unsigned i = 0; i < LUM_COUNT(logs); i++) {
            pair_grow(pair, end, logs[i], input_byte(in) % 72);
        }
    }
    if ((who & 2) != 0) {
        pair_grow(pair, 1, PAIR_BRANCH, 12);
    }
    if ((who & 4) != 0) {
        pair_dial(pair);
        pair_settle(pair, 1000);
    }
}

static void report(void)
{
    fprintf(stderr, "pair: %lu inputs, live push in %lu (%.2f %%), a fault named in %lu\n", inputs,
            live_inputs, 100.0 * (double)live_inputs / (double)(inputs == 0 ? 1 : inputs),
            fault_inputs);
    pair_close(pair);
    pair = NULL;
}

static void begin(void)
{
    if (getenv("TMPDIR") == NULL) {
        (void)setenv("TMPDIR", "/dev/shm", 0); /* stores in memory */
    }
    pair = pair_open();
    LUM_ASSERT(atexit(report) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    if (pair == NULL) {
        begin();
    }
    uint8_t who = input_byte(&in);
    prepare(&in, who);
    for (unsigned i = 0; i < STEPS_MAX && in.left > 0; i++) {
        step(&in, who);
    }
    pair_check(pair, false);
    pair_heal(pair);
    pair_check(pair, (who & 8) != 0);
    inputs++;
    live_inputs += pair_was_live(pair) ? 1 : 0;
    fault_inputs += pair_faults(pair) > 0 ? 1 : 0;
    return 0;
}
