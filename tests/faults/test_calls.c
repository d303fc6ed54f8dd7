/*
 * test_calls.c - the Nth system call of a kind fails, once and for ever, or does half of what it
 * was asked, for every command and a meeting.
 */
#include <errno.h>
#include <sysexits.h>

#include "tests/faults/walk.h"

int main(void)
{
    enum {
        FILES = DOOR_WRITE | DOOR_SIZE | DOOR_SYNC | DOOR_NAME | DOOR_OPEN,
        ALL = FILES | DOOR_READ | DOOR_MAP | DOOR_SOCKET,
    };
    static const struct walk_way ways[] = {
        {"EIO once", {ALL, 0, false, DOOR_FAILS, EIO}, {EX_IOERR, EX_OSERR, EX_UNAVAILABLE}, 1},
        {"EIO from then on",
         {ALL, 0, true, DOOR_FAILS, EIO},
         {EX_IOERR, EX_OSERR, EX_UNAVAILABLE},
         1},
        {"ENOSPC from then on", {FILES, 0, true, DOOR_FAILS, ENOSPC}, {EX_IOERR}, 2},
        {"a signal", {DOOR_READ | DOOR_WRITE, 0, false, DOOR_FAILS, EINTR}, {EX_IOERR}, 2},
        {"half", {DOOR_READ | DOOR_WRITE, 0, false, DOOR_SHORT, 0}, {EX_IOERR}, 2},
    };
    return walk_all(ways, sizeof(ways) / sizeof(*ways), 4);
}
