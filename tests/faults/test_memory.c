/* test_memory.c - the Nth allocation fails, once and for ever, for every command and a meeting. */
#include <errno.h>
#include <sysexits.h>

#include "tests/faults/walk.h"

int main(void)
{
    static const struct walk_way ways[] = {
        {"no memory once", {DOOR_MEMORY, 0, false, DOOR_FAILS, ENOMEM}, {EX_OSERR}, 1},
        {"no memory any more", {DOOR_MEMORY, 0, true, DOOR_FAILS, ENOMEM}, {EX_OSERR}, 1},
    };
    return walk_all(ways, sizeof(ways) / sizeof(*ways), 8);
}
