/*
 * options.h - a command line taken apart.
 *
 * Options may stand before or after the verb and between its words; "--" ends them. Which verb
 * takes which options stands in the command table (cli/main.c) as a set of enum lum_option; those
 * of LUM_OPTIONS_ALWAYS every verb takes.
 */
#ifndef LUM_CLI_OPTIONS_H
#define LUM_CLI_OPTIONS_H

#include "cli/text.h"
#include "core/lum.h"
#include "core/status.h"

/* name on the command line, letter (0 = none), takes a value */
#define LUM_OPTIONS(X)                                                                             \
    X(STORE, "store", 'S', true)                                                                   \
    X(JSON, "json", 0, false)                                                                      \
    X(LANG, "lang", 0, true)                                                                       \
    X(QUIET, "quiet", 'q', false)                                                                  \
    X(NO_INPUT, "no-input", 0, false)                                                              \
    X(NO_COLOR, "no-color", 0, false)                                                              \
    X(HELP, "help", 'h', false)                                                                    \
    X(VERSION, "version", 0, false)                                                                \
    X(AS, "as", 0, true)                                                                           \
    X(FILE, "file", 'f', true)                                                                     \
    X(SORT, "sort", 0, true)                                                                       \
    X(LIMIT, "limit", 0, true)                                                                     \
    X(COUNT, "count", 0, false)                                                                    \
    X(TAKE, "take", 0, true)                                                                       \
    X(VALUE, "value", 0, true)                                                                     \
    X(KEEP, "keep", 0, false)                                                                      \
    X(DELETE, "delete", 0, false)                                                                  \
    X(ALL, "all", 0, false)                                                                        \
    X(KEY, "key", 0, true)                                                                         \
    X(OUTPUT, "output", 'o', true)                                                                 \
    X(FORMAT, "format", 0, true)                                                                   \
    X(RAW, "raw", 0, false)                                                                        \
    X(ROLE, "role", 0, true)                                                                       \
    X(USES, "uses", 0, true)                                                                       \
    X(LISTEN, "listen", 0, true)                                                                   \
    X(EVENTS, "events", 0, true)                                                                   \
    X(RECORDS, "records", 0, true)

enum lum_option {
#define X(option, name, letter, has_value) LUM_OPTION_##option,
    LUM_OPTIONS(X)
#undef X
    LUM_OPTION_KINDS,
};
#define LUM_OPTION_BIT(option) (UINT32_C(1) << LUM_OPTION_##option)
#define LUM_OPTIONS_ALWAYS                                                                         \
    (LUM_OPTION_BIT(STORE) | LUM_OPTION_BIT(JSON) | LUM_OPTION_BIT(LANG) | LUM_OPTION_BIT(QUIET) | \
     LUM_OPTION_BIT(NO_INPUT) | LUM_OPTION_BIT(NO_COLOR) | LUM_OPTION_BIT(HELP) |                  \
     LUM_OPTION_BIT(VERSION))

enum {
    LUM_DIR_MAX = 4000,
};

struct lum_options {
    const char *verb;   /* NULL when there is none */
    char *const *words; /* what follows it, options taken out */
    int word_count;
    uint32_t given;                   /* bits of the options that were given */
    const char *at[LUM_OPTION_KINDS]; /* their values; NULL = not given */
    enum lum_lang lang;
    char dir[LUM_DIR_MAX]; /* -S, else LUMBUNG_DIR, else under the user's data folder */
};

/* Reorders argv. INVALID (bad_usage) for an option that is unknown or lacks its value, and for a
 * language that is none; lang is set even then. */
LUM_MUST_USE enum lum_status lum_options_read(int argc, char **argv, struct lum_options *out,
                                              struct lum_error *err);
/* The verb takes between min and max words (max < 0: any number) and only these options. */
LUM_MUST_USE enum lum_status lum_options_allow(const struct lum_options *options, uint32_t allowed,
                                               int min, int max, struct lum_error *err);
bool lum_options_has(const struct lum_options *options, enum lum_option option);
/* A whole number above 0, or `otherwise` when it was not given. */
LUM_MUST_USE enum lum_status lum_options_number(const struct lum_options *options,
                                                enum lum_option option, uint64_t otherwise,
                                                uint64_t *out, struct lum_error *err);

#endif
