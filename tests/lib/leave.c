/* leave.c - see leave.h. */
#include "tests/lib/leave.h"

#include <unistd.h>

#ifdef LUM_COVERAGE
void __gcov_dump(void); /* libgcov */
#endif

void leave(int code)
{
#ifdef LUM_COVERAGE
    __gcov_dump();
#endif
    _exit(code);
}
