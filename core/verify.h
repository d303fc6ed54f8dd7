/*
 * verify.h - every structure checks itself and says what does not hold, and where.
 *
 * Nothing is mended: a log that does not hold is fetched anew from a neighbour, a view is rebuilt.
 * Both calls run inside one read transaction, so what they say is true of one moment.
 */
#ifndef LUM_CORE_VERIFY_H
#define LUM_CORE_VERIFY_H

#include "core/store.h"
#include "core/tick.h"

enum { LUM_FINDINGS_MAX = 64 };

/* One thing that does not hold. */
struct lum_finding {
    const char *table; /* its name in core/schema.h */
    uint32_t lno;      /* 0: of no one log */
    uint64_t at;       /* seq, or the number that is the table's key; 0: of the whole */
    const char *what;  /* both texts are literals */
};

struct lum_verify_report {
    uint64_t logs; /* looked at */
    uint64_t events;
    uint64_t seals;
    uint64_t blocks;
    uint64_t arrivals;
    uint64_t records;
    uint64_t found; /* findings in all; the first of them stand below */
    struct lum_finding findings[LUM_FINDINGS_MAX];
};

void lum_verify_find(struct lum_verify_report *report, const struct lum_finding *finding);

/*
 * log.mdb: every log from its start - each block's form and check, each event's hash, each
 * boundary's seal with its range root, the head, a fork's proof -, the arrivals with their running
 * hash, and that no table holds a row too many. Adds to *report. A status only when the machine
 * fails, or STOPPED by the tick (which may be NULL).
 */
LUM_MUST_USE enum lum_status lum_verify_log(struct lum_txn *log, const struct lum_tick *tick,
                                            struct lum_verify_report *report);

#endif
