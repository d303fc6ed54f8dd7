/*
 * status.c - names of statuses, faults and causes; filling an error; the end of a broken program.
 *
 * The tables are spelt once, as X macros, in lum.h and status.h; here they become arrays indexed
 * by the enum's value. Particulars are cut to the room they have, never inside a character.
 */
#include "core/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const status_names[] = {
#define X(name, text) #name,
    LUM_STATUSES(X)
#undef X
};

static const char *const status_words[] = {
#define X(name, text) text,
    LUM_STATUSES(X)
#undef X
};

static const char *const fault_names[] = {
#define X(name, text) text,
    LUM_FAULTS(X)
#undef X
};

static const char *const cause_names[] = {
#define X(name, status) #name,
    LUM_CAUSES(X)
#undef X
};

static const enum lum_status cause_statuses[] = {
#define X(name, status) LUM_##status,
    LUM_CAUSES(X)
#undef X
};

const char *lum_status_name(enum lum_status status)
{
    LUM_ASSERT((size_t)status < LUM_COUNT(status_names));
    return status_names[status];
}

const char *lum_status_words(enum lum_status status)
{
    LUM_ASSERT((size_t)status < LUM_COUNT(status_words));
    return status_words[status];
}

const char *lum_fault_name(enum lum_fault fault)
{
    LUM_ASSERT((size_t)fault < LUM_COUNT(fault_names));
    return fault_names[fault];
}

const char *lum_cause_name(enum lum_cause cause)
{
    LUM_ASSERT((size_t)cause < LUM_COUNT(cause_names));
    return cause_names[cause];
}

enum lum_status lum_cause_status(enum lum_cause cause)
{
    LUM_ASSERT((size_t)cause < LUM_COUNT(cause_statuses));
    return cause_statuses[cause];
}

/* Bytes 0x80 to 0xbf continue a character, so a cut in front of one would split it. */
static bool continues_character(char byte)
{
    return ((unsigned char)byte & 0xc0U) == 0x80U;
}

static void copy_cut(char *out, size_t room, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);
    if (len >= room) {
        len = room - 1;
        while (len > 0 && continues_character(text[len])) {
            len--;
        }
    }
    if (len > 0) {
        memcpy(out, text, len);
    }
    out[len] = '\0';
}

enum lum_status lum_fail(struct lum_error *err, enum lum_cause cause, const char *one,
                         const char *two)
{
    if (err != NULL) {
        err->cause = cause;
        copy_cut(err->one, sizeof err->one, one);
        copy_cut(err->two, sizeof err->two, two);
    }
    return lum_cause_status(cause);
}

enum lum_status lum_fail_number(struct lum_error *err, enum lum_cause cause, const char *one,
                                uint64_t two)
{
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%" PRIu64, two);
    return lum_fail(err, cause, one, digits);
}

void lum_panic(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "lumbung: broken invariant: %s (%s:%d)\n", what, file, line);
    abort();
}
