/*
 * print.h - what goes to the screen: sentences, colours, errors and the exit code.
 *
 * stdout carries the result, stderr messages and progress. Colours and the line of progress are
 * for terminals only; colours also want NO_COLOR empty and TERM other than "dumb". All foreign
 * text passes lum_text_safe on its way out.
 */
#ifndef LUM_CLI_PRINT_H
#define LUM_CLI_PRINT_H

#include <stdio.h>

#include "cli/text.h"
#include "core/lum.h"
#include "core/status.h"

struct lum_print {
    FILE *out;
    FILE *err;
    enum lum_lang lang;
    bool is_json;
    bool is_quiet;
    bool is_terminal;  /* out */
    bool has_colour;   /* on out */
    bool has_progress; /* err is a terminal, and neither quiet nor json */
    unsigned width;    /* columns of the terminal, 80 when unknown */
};

struct lum_print_options {
    enum lum_lang lang;
    bool is_json;
    bool is_quiet;
    bool no_colour;
};
/* On stdout and stderr. */
void lum_print_init(struct lum_print *print, const struct lum_print_options *options);

enum lum_style {
    LUM_STYLE_NONE, /* ends any other */
    LUM_STYLE_BOLD,
    LUM_STYLE_DIM,
    LUM_STYLE_RED,
    LUM_STYLE_GREEN,
    LUM_STYLE_YELLOW,
};
/* The escape sequence, or "" where there are no colours. */
const char *lum_print_style(const struct lum_print *print, enum lum_style style);

/* A sentence and a line break: to out, or to err unless quiet. Missing particulars are NULL. */
void lum_print_text(const struct lum_print *print, enum lum_text_id id, const char *one,
                    const char *two, const char *three);
void lum_print_note(const struct lum_print *print, enum lum_text_id id, const char *one,
                    const char *two, const char *three);

/*
 * What happened, why, what to do, on err; as {"v":1,"ok":false,"code":..,"error":"cause",
 * "message":..,"hint":..,"details":[{1},{2}]} when is_json. Gives the exit code. error may be NULL
 * or untold; STOPPED without a cause prints nothing, since the person knows.
 */
int lum_print_error(const struct lum_print *print, enum lum_status status,
                    const struct lum_error *error);

/*
 * The exit code (sysexits.h) of a status, made finer by the cause:
 *
 *   OK 0                         NOT_FOUND 66 (no such file, store, record, member)
 *   INVALID, LIMIT 65 (data)     64 (typed): bad_usage, bad_where, bad_address, no_address
 *   UNREACHABLE 69               FAULT 76 (a neighbour's bytes), 65 for foreign_bytes (a file's)
 *   NO_MEMORY 71                 EXISTS 73 (will not overwrite)
 *   IO, FULL 74                  AGAIN, BUSY 75 (try again later)
 *   DENIED 77                    CORRUPT, NEWER 78 (the store), clock_before_build 78
 *   STOPPED 130
 */
int lum_print_exit_code(enum lum_status status, enum lum_cause cause);

#endif
