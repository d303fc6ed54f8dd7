/*
 * fuzz_merge.c - the first byte says which kind of history, the others are its choices: the store
 * must hold what the model says (tests/prop/deliver.h).
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tests/prop/deliver.h"

static struct deliver deliver;

static void close_it(void)
{
    deliver_close(&deliver);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum world_kind kinds[] = {WORLD_MIXED, WORLD_GOV, WORLD_WIDE, WORLD_LONG};
    struct choice choice;
    if (size == 0) {
        return 0;
    }
    if (deliver.state == NULL) {
        deliver_open(&deliver);
        (void)atexit(close_it);
    }
    choice_from_bytes(&choice, data + 1, size - 1);
    bool holds = deliver_holds(&deliver, &choice, kinds[data[0] % LUM_COUNT(kinds)]);
    choice_close(&choice);
    if (!holds) {
        fprintf(stderr, "%s\n", deliver.barn.why);
        abort();
    }
    return 0;
}
