/*
 * question.h - one request in the making: the body of an ASK frame (net/reply.h).
 *
 *   name str | {argument: value, ..} | further values
 *
 * Arguments may be put in any order; lum_question_end sorts them. The further values are appended
 * to `rest` by the caller, before or after that.
 */
#ifndef LUM_CLI_QUESTION_H
#define LUM_CLI_QUESTION_H

#include "core/lum.h"
#include "core/mem.h"

enum {
    LUM_ARGUMENTS_MAX = 16,
};

struct lum_question {
    const char *name;
    struct {
        const char *name;
        struct lum_buf value; /* canonical */
    } arguments[LUM_ARGUMENTS_MAX];
    uint32_t count;
    struct lum_buf rest;
    struct lum_buf body;
};

/* Names are borrowed until lum_question_fini. */
void lum_question_init(struct lum_question *question, const char *name);
void lum_question_fini(struct lum_question *question);

void lum_question_text(struct lum_question *question, const char *argument, const char *text);
void lum_question_uint(struct lum_question *question, const char *argument, uint64_t value);
void lum_question_yes(struct lum_question *question, const char *argument);
void lum_question_value(struct lum_question *question, const char *argument,
                        struct lum_bytes value);

/* The whole body; it stands until the next end or fini. Over LUM_REQUEST_MAX or without memory:
 * the status of lum_buf_status. May be ended again after `rest` was changed. */
LUM_MUST_USE enum lum_status lum_question_end(struct lum_question *question,
                                              struct lum_bytes *body);

#endif
