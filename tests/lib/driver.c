/*
 * driver.c - a driver's own side and its writer's jobs; see driver.h.
 */
#include "tests/lib/driver.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct lum_sync_self driver_self(struct site *site)
{
    struct lum_space *space = site->space;
    struct lum_sync_self self = {
        .log = lum_space_log(space),
        .roster = lum_space_roster(space),
        .space = *lum_space_id(space),
        .listen_port = 4000,
    };
    self.has_secret = lum_space_secret(space, &self.generation, self.secret) == LUM_OK;
    self.is_newcomer = !self.has_secret;
    if (!lum_space_is_newcomer(space)) {
        self.node = lum_space_keys(space)->node;
    }
    return self;
}

void job_init(struct job *job, const struct lum_sync_act *act)
{
    struct lum_bytes bytes = {NULL, 0};
    memset(job, 0, sizeof *job);
    job->type = act->type;
    job->session = act->session;
    if (act->type == LUM_SYNC_INGEST) {
        job->token = act->ingest.token;
        job->run = act->ingest.run;
        bytes = job->run.bytes;
        assert_true(job->run.seals.count <= LUM_MESSAGE_SEALS_MAX);
        memcpy(job->seals, job->run.seals.at, job->run.seals.count * sizeof job->seals[0]);
    } else if (act->type == LUM_SYNC_GENESIS) {
        bytes = act->document;
    } else if (act->type == LUM_SYNC_WELCOME) {
        job->generation = act->welcome.generation;
        memcpy(job->secret, act->welcome.secret, sizeof job->secret);
    }
    job->bytes = malloc(bytes.len + 1);
    assert_non_null(job->bytes);
    if (bytes.len > 0) {
        memcpy(job->bytes, bytes.at, bytes.len);
    }
    job->run.bytes = lum_bytes_of(job->bytes, bytes.len);
}

void job_fini(struct job *job)
{
    free(job->bytes);
    job->bytes = NULL;
}

enum lum_status job_ingest(struct job *job, struct site *site)
{
    job->run.seals.at = job->seals;
    return lum_space_ingest(site->space, &job->run, &job->result, &site->error);
}

enum lum_status job_write(const struct job *job, struct site *site, const char *person)
{
    struct lum_space *space = site->space;
    struct lum_bytes name = lum_bytes_of(person, person == NULL ? 0 : strlen(person));
    switch (job->type) {
    case LUM_SYNC_GENESIS:
        return lum_space_accept_genesis(space, job->run.bytes, &site->error);
    case LUM_SYNC_JOIN:
        return lum_space_write_join(space, &site->error);
    case LUM_SYNC_WELCOME:
        return lum_space_welcome(space, job->generation, job->secret, name, &site->error);
    case LUM_SYNC_DOUBT:
        return lum_space_doubt(space, &site->error);
    case LUM_SYNC_INGEST:
    case LUM_SYNC_SEND:
    case LUM_SYNC_CLOSE:
    case LUM_SYNC_MET:
    case LUM_SYNC_EQUAL:
    case LUM_SYNC_ADDRESS:
    default:
        fail_msg("no job of the writer's: %d", (int)job->type);
        return LUM_INVALID;
    }
}
