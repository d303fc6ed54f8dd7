/* question.c - see question.h. */
#include "cli/question.h"

#include <string.h>

#include "core/limits.h"
#include "core/pack.h"

void lum_question_init(struct lum_question *question, const char *name)
{
    *question = (struct lum_question){.name = name};
    lum_buf_init(&question->rest, LUM_REQUEST_MAX);
    lum_buf_init(&question->body, LUM_REQUEST_MAX);
}

void lum_question_fini(struct lum_question *question)
{
    for (uint32_t i = 0; i < question->count; i++) {
        lum_buf_fini(&question->arguments[i].value);
    }
    question->count = 0;
    lum_buf_fini(&question->rest);
    lum_buf_fini(&question->body);
}

/* A new argument's buffer, in its place by name. */
static struct lum_buf *add(struct lum_question *question, const char *argument)
{
    uint32_t i = question->count;

    LUM_ASSERT(i < LUM_ARGUMENTS_MAX);
    question->count++;
    while (i > 0 && strcmp(question->arguments[i - 1].name, argument) > 0) {
        question->arguments[i] = question->arguments[i - 1];
        i--;
    }
    LUM_ASSERT(i == 0 || strcmp(question->arguments[i - 1].name, argument) != 0);
    question->arguments[i].name = argument;
    lum_buf_init(&question->arguments[i].value, LUM_REQUEST_MAX);
    return &question->arguments[i].value;
}

void lum_question_text(struct lum_question *question, const char *argument, const char *text)
{
    lum_pack_cstr(add(question, argument), text);
}

void lum_question_uint(struct lum_question *question, const char *argument, uint64_t value)
{
    lum_pack_uint(add(question, argument), value);
}

void lum_question_yes(struct lum_question *question, const char *argument)
{
    lum_pack_bool(add(question, argument), true);
}

void lum_question_value(struct lum_question *question, const char *argument, struct lum_bytes value)
{
    lum_pack_raw(add(question, argument), value);
}

enum lum_status lum_question_end(struct lum_question *question, struct lum_bytes *body)
{
    struct lum_buf *out = &question->body;
    enum lum_status status = lum_buf_status(&question->rest);

    lum_buf_reset(out);
    lum_pack_cstr(out, question->name);
    lum_pack_map(out, question->count);
    for (uint32_t i = 0; i < question->count && status == LUM_OK; i++) {
        lum_pack_cstr(out, question->arguments[i].name);
        lum_pack_raw(out, lum_buf_bytes(&question->arguments[i].value));
        status = lum_buf_status(&question->arguments[i].value);
    }
    lum_pack_raw(out, lum_buf_bytes(&question->rest));
    *body = lum_buf_bytes(out);
    return status == LUM_OK ? lum_buf_status(out) : status;
}
