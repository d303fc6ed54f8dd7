/*
 * lines.h - the lines of a file or a pipe: of bounded length, with their place for messages.
 *
 * Reads in pieces of 256 KiB and keeps one line (or, for quoted text that runs over several, the
 * lines joined so far), so that memory is bounded by LUM_LINE_MAX whatever comes in. A line ends at
 * LF or CRLF; the last one may lack it. A byte order mark at the very start is dropped.
 */
#ifndef LUM_CLI_LINES_H
#define LUM_CLI_LINES_H

#include <signal.h>

#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

struct lum_lines {
    int fd;
    const char *name; /* of the file, for messages; borrowed */
    const volatile sig_atomic_t
        *stop; /* set by a signal handler when a person says stop; or NULL */
    struct lum_buf buf;
    size_t begin;    /* of the line at hand */
    size_t end;      /* behind it and its line break */
    uint64_t number; /* of the line at hand, from 1 */
    uint64_t count;  /* lines joined in it */
    bool is_at_end;  /* of the file: all there is stands in buf */
};

/* fd stays the caller's. Nothing is read yet. */
void lum_lines_open(struct lum_lines *lines, int fd, const char *name,
                    const volatile sig_atomic_t *stop);
void lum_lines_close(struct lum_lines *lines);

/*
 * The next line without its line break; it stands until the next call. NOT_FOUND at the end,
 * LIMIT (line_too_long), IO (disk_error), NO_MEMORY, STOPPED when *stop was set while waiting.
 */
LUM_MUST_USE enum lum_status lum_lines_next(struct lum_lines *lines, struct lum_bytes *line,
                                            struct lum_error *err);
/* The line at hand joined with the one behind it, their break between them. NOT_FOUND when there
 * is none and LIMIT when they do not fit: the line stays as it was and err is not filled. */
LUM_MUST_USE enum lum_status lum_lines_join(struct lum_lines *lines, struct lum_bytes *line,
                                            struct lum_error *err);

/* A text of one line or more and where it stands in what a person gave; both are borrowed. */
struct lum_spot {
    const char *name;
    uint64_t row; /* of its first byte, from 1 */
    struct lum_bytes text;
};
struct lum_spot lum_lines_place(const struct lum_lines *lines, struct lum_bytes line);

/* Fails at byte `at` of the text: {1} = name:row:column, columns in characters from 1. The status
 * is the cause's. */
LUM_MUST_USE enum lum_status lum_lines_fail(const struct lum_spot *place, enum lum_cause cause,
                                            size_t at, const char *two, struct lum_error *err);
/* Fails for the whole row: {1} = name:row. */
LUM_MUST_USE enum lum_status lum_lines_fail_row(const struct lum_spot *place, enum lum_cause cause,
                                                struct lum_error *err);
/* OK when the text is UTF-8 (else bad_encoding) without a zero byte (else `cause` with `two`). */
LUM_MUST_USE enum lum_status lum_lines_check(const struct lum_spot *place, enum lum_cause cause,
                                             const char *two, struct lum_error *err);

#endif
