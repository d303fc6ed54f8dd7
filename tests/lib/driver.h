/*
 * driver.h - what every driver of sync in one process does alike: it knows its own side, and keeps
 * for the one writer what a machine asked of it (link.h, tests/sim).
 */
#ifndef LUM_TESTS_LIB_DRIVER_H
#define LUM_TESTS_LIB_DRIVER_H

#include "sync/message.h"
#include "sync/sync.h"
#include "tests/lib/site.h"

/* The side of a site that is open. */
struct lum_sync_self driver_self(struct site *site);

/* An INGEST, GENESIS, JOIN, WELCOME or DOUBT that the writer still has to do. */
struct job {
    enum lum_sync_act_type type;
    uint32_t session;
    uint32_t token;
    struct lum_ingest run;
    uint8_t *bytes; /* owned: of the run, or of the document */
    struct lum_sig seals[LUM_MESSAGE_SEALS_MAX];
    uint32_t generation;
    uint8_t secret[32];
    struct lum_ingest_result result;
};
/* Copies what the act borrows. The job may be moved: nothing in it points into itself. */
void job_init(struct job *job, const struct lum_sync_act *act);
void job_fini(struct job *job);
/* An INGEST, in the site's open batch; the result stands in the job. */
enum lum_status job_ingest(struct job *job, struct site *site);
/* Any other, in a batch of its own. person: of a newcomer; NULL, none. */
enum lum_status job_write(const struct job *job, struct site *site, const char *person);

#endif
