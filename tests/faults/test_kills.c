/* test_kills.c - kill -9 before and after each call that changes a file, for every command and both
 * sides of a meeting. */
#include "tests/faults/walk.h"

int main(void)
{
    enum {
        FILES = DOOR_WRITE | DOOR_SIZE | DOOR_SYNC | DOOR_NAME | DOOR_OPEN
    };
    static const struct walk_way ways[] = {
        {"killed before", {FILES, 0, false, DOOR_KILLS, 0}, {0}, 1},
        {"killed after", {FILES, 0, false, DOOR_KILLS_AFTER, 0}, {0}, 1},
    };
    return walk_all(ways, sizeof(ways) / sizeof(*ways), 8);
}
