/* leave.h - how a forked child of a test ends: at once, as by _exit(2). */
#ifndef LUM_TESTS_LIB_LEAVE_H
#define LUM_TESTS_LIB_LEAVE_H

/* Which branches it took is kept first, where they are counted; _exit alone would lose them. */
_Noreturn void leave(int code);

#endif
