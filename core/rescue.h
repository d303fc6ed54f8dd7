/*
 * rescue.h - what is left of a damaged log.mdb becomes a new store; the damaged one is not touched.
 *
 *   file -> rows that are whole (core/store_scrape.h) -> pieces -> the way in for strangers' events
 *   (core/ingest.h): chain and seals are checked anew, so nothing enters that was not said
 *
 * Of each log comes what stands before its first gap, in whole segments. The rest comes from a
 * neighbour: the new store asks for it as for any news. It is in doubt, so its next own event opens
 * a new incarnation (core/home.h).
 */
#ifndef LUM_CORE_RESCUE_H
#define LUM_CORE_RESCUE_H

#include "core/space.h"

struct lum_rescue_report {
    uint64_t rows;   /* whole ones in the file, older versions too */
    uint64_t logs;   /* that are known */
    uint64_t whole;  /* of them: every event */
    uint64_t events; /* in the new store */
    uint64_t lost;   /* known to have been there, and not in it */
};

/* from: a folder with log.mdb and the seeds. to: one without a store (EXISTS otherwise). CORRUPT
 * (store_damaged) when not even the founding document is left. */
LUM_MUST_USE enum lum_status lum_rescue(const struct lum_env *env, const char *from, const char *to,
                                        struct lum_rescue_report *out, struct lum_error *err);

#endif
