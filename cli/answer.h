/*
 * answer.h - the frames of an answer (net/reply.h) told to whoever asked, until DONE or ERROR.
 */
#ifndef LUM_CLI_ANSWER_H
#define LUM_CLI_ANSWER_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

/* What an answer is told to, on this thread, in order. Each may be NULL; maps last a call. */
struct lum_answer {
    void *self;
    /* Anything but OK ends the asking with that status. */
    enum lum_status (*row)(void *self, struct lum_bytes map, struct lum_error *err);
    enum lum_status (*done)(void *self, struct lum_bytes map, struct lum_error *err);
    void (*progress)(void *self, uint64_t done, uint64_t total);
};

struct lum_hearing {
    const struct lum_answer *answer;
    bool has_ended; /* DONE or ERROR came */
    enum lum_status status;
    struct lum_error error;
};

/* Takes every whole frame from the front of the buffer. */
void lum_answer_hear(struct lum_hearing *hearing, struct lum_buf *frames);
/* How it ended; fills err when it was an error. */
LUM_MUST_USE enum lum_status lum_answer_end(const struct lum_hearing *hearing,
                                          struct lum_error *err);
/* The cause of that name; none when this version does not know it. */
enum lum_cause lum_answer_cause(struct lum_bytes name);

#endif
