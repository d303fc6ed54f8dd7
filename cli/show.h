/*
 * show.h - one question asked and its answer shown.
 *
 * With --json each row and at the end the DONE map are one line each, as they came. Otherwise the
 * two functions say it for people. Progress goes to the terminal by itself. A closed or full
 * standard output ends the asking.
 */
#ifndef LUM_CLI_SHOW_H
#define LUM_CLI_SHOW_H

#include "cli/command.h"
#include "cli/progress.h"
#include "cli/question.h"

struct lum_show {
    struct lum_run *run;
    void *self;
    enum lum_text_id label; /* of the progress */
    void (*row)(struct lum_show *show, struct lum_bytes map);  /* NULL: rows are not for people */
    void (*done)(struct lum_show *show, struct lum_bytes map); /* NULL: nothing is said */
    bool is_silent; /* shows nothing even with --json: the caller takes row and done for itself */
    /* inside */
    bool has_progress;
    uint64_t shortages; /* of memory, when it was asked */
    struct lum_progress progress;
};

/* Opens the client when needed, ends the question, asks. NO_MEMORY also when the answer came and
 * was not printed whole: a question that writes has then done its work. */
LUM_MUST_USE enum lum_status lum_show_ask(struct lum_show *show, struct lum_question *question,
                                          struct lum_error *err);
/* One line of JSON on standard output. */
void lum_show_json(const struct lum_run *run, struct lum_bytes map);
/* What was written so far is really out: disk_error, or STOPPED without a cause when the reader of
 * a pipe has gone. */
LUM_MUST_USE enum lum_status lum_show_flush(const struct lum_run *run, struct lum_error *err);

/* What could be done next: only where a person reads along. */
void lum_show_hint(const struct lum_run *run, enum lum_text_id text);

/* ---- pieces of sentences ---- */

enum {
    LUM_PIECE = 160,
};
/* Each fills and hands back out. */
const char *lum_show_number(const struct lum_run *run, uint64_t number, char out[LUM_PIECE]);
const char *lum_show_size(const struct lum_run *run, uint64_t bytes, char out[LUM_PIECE]);
const char *lum_show_time(const struct lum_run *run, uint64_t wall_ms, char out[LUM_PIECE]);
const char *lum_show_seconds(const struct lum_run *run, double seconds, char out[LUM_PIECE]);
const char *lum_show_cut(struct lum_bytes text, char out[LUM_PIECE]);
/* COLL/KEY, or COLL/ and the first digits of the id where a key could not be typed. */
const char *lum_show_record(struct lum_bytes map, char out[LUM_PIECE]);
/* The same without COLL/. */
const char *lum_show_id(struct lum_bytes map, size_t digits, char out[LUM_PIECE]);
/* LOG8:SEQ of LOGID:SEQ. */
const char *lum_show_event(struct lum_bytes event, char out[LUM_PIECE]);
/* A value as people write it: text bare, the rest as JSON, nothing for null. */
void lum_show_value(struct lum_buf *out, struct lum_bytes value);

#endif
