/*
 * asker.h - asks a site as the desk and the worker do, and keeps the answer as JSON text.
 */
#ifndef LUM_TESTS_LIB_ASKER_H
#define LUM_TESTS_LIB_ASKER_H

#include "net/request.h"
#include "tests/lib/site.h"

enum {
    ANSWER_ROWS_MAX = 4096
};

struct answer {
    enum lum_status status;
    struct lum_error error;
    unsigned steps;  /* of a READ */
    size_t progress; /* PROGRESS frames */
    size_t row_count;
    struct lum_buf text; /* rows and the last map, each with a zero behind it */
    size_t row_at[ANSWER_ROWS_MAX];
    size_t last_at; /* DONE or ERROR */
};

/* What comes with a question beside its arguments; each may be empty. */
struct asking {
    struct lum_bytes rest;              /* values behind the arguments */
    void (*between)(struct site *site); /* after each step of a READ that goes on */
    bool (*stop)(void *self);
    bool is_in_batch; /* WRITE: the caller has begun and will commit */
};

/*
 * arguments: JSON. The view is settled first; a WRITE gets a batch of its own, which is committed,
 * or aborted when the answer is an error. Every frame must be canonical. Free with answer_drop.
 */
void asker_ask(struct site *site, const char *name, const char *arguments, struct answer *out);
void asker_ask_so(struct site *site, const char *name, const char *arguments,
                  const struct asking *how, struct answer *out);
void answer_drop(struct answer *answer);

const char *answer_row(const struct answer *answer, size_t i);
const char *answer_last(const struct answer *answer);
/* The text of one member of a row or of the last map (its JSON without quotation marks); static. */
const char *answer_member(const char *map, const char *member);

/* OK with exactly this as the last map. */
void answer_is(const struct answer *answer, const char *last);
/* An error with this cause; one may be NULL. */
void answer_fails(const struct answer *answer, enum lum_cause cause, const char *one);

#endif
