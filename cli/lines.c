/*
 * lines.c - see lines.h.
 *
 *   buf   |  handed out before  |  line at hand ... \n  |  next lines, or a part of one  |
 *         0                     begin                   end                             len
 */
#include "cli/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/utf8.h"

enum {
    PIECE = 256 * 1024,
};

void lum_lines_open(struct lum_lines *lines, int fd, const char *name,
                    const volatile sig_atomic_t *stop)
{
    *lines = (struct lum_lines){.fd = fd, .name = name, .stop = stop};
    lum_buf_init(&lines->buf, LUM_LINE_MAX + 2 * PIECE);
}

void lum_lines_close(struct lum_lines *lines)
{
    lum_buf_fini(&lines->buf);
}

/* ---- reading ---- */

static void drop_before(struct lum_lines *lines)
{
    lum_buf_drop(&lines->buf, lines->begin);
    lines->end -= lines->begin;
    lines->begin = 0;
}

/* Reads one more piece behind what is there; sets is_at_end when there is none. */
static enum lum_status read_piece(struct lum_lines *lines, struct lum_error *err)
{
    drop_before(lines);
    size_t before = lines->buf.len;
    uint8_t *to = lum_buf_extend(&lines->buf, PIECE);
    if (to == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    lines->buf.len = before;
    for (;;) {
        ssize_t got = read(lines->fd, to, PIECE);
        if (got >= 0) {
            lines->buf.len += (size_t)got;
            lines->is_at_end = got == 0;
            return LUM_OK;
        }
        if (errno != EINTR) {
            return lum_fail(err, LUM_CAUSE_disk_error, lines->name, strerror(errno));
        }
        if (lines->stop != NULL && *lines->stop != 0) {
            return LUM_STOPPED;
        }
    }
}

/* Finds the end of the line that begins at `from`: OK and *end behind its break. Positions are
 * from lines->begin, since reading moves the bytes. */
static enum lum_status find_end(struct lum_lines *lines, size_t from, size_t *end,
                                struct lum_error *err)
{
    size_t searched = from;
    for (;;) {
        size_t len = lines->buf.len - lines->begin;
        const uint8_t *base = len > 0 ? lines->buf.at + lines->begin : NULL;
        const uint8_t *found =
            len > searched ? memchr(base + searched, '\n', len - searched) : NULL;
        size_t line_end = found != NULL ? (size_t)(found - base) + 1 : len;
        if (line_end > LUM_LINE_MAX) {
            return LUM_LIMIT;
        }
        if (found != NULL || (lines->is_at_end && line_end > from)) {
            *end = line_end;
            return LUM_OK;
        }
        if (lines->is_at_end) {
            return LUM_NOT_FOUND;
        }
        searched = len;
        enum lum_status status = read_piece(lines, err);
        if (status != LUM_OK) {
            return status;
        }
    }
}

/* The line at hand without its break. */
static struct lum_bytes line_at_hand(const struct lum_lines *lines)
{
    struct lum_bytes line = {lines->buf.at + lines->begin, lines->end - lines->begin};
    if (line.len > 0 && line.at[line.len - 1] == '\n') {
        line.len -= 1;
        line.len -= line.len > 0 && line.at[line.len - 1] == '\r' ? 1 : 0;
    }
    return line;
}

static bool begins_with_mark(const struct lum_lines *lines)
{
    return lines->end - lines->begin >= 3 &&
           memcmp(lines->buf.at + lines->begin, "\xef\xbb\xbf", 3) == 0;
}

enum lum_status lum_lines_next(struct lum_lines *lines, struct lum_bytes *line,
                               struct lum_error *err)
{
    lines->begin = lines->end;
    lines->number += lines->number == 0 ? 1 : lines->count;
    lines->count = 1;
    size_t end = 0;
    enum lum_status status = find_end(lines, 0, &end, err);
    if (status == LUM_LIMIT) {
        struct lum_spot place = lum_lines_place(lines, (struct lum_bytes){NULL, 0});
        return lum_lines_fail_row(&place, LUM_CAUSE_line_too_long, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lines->end = lines->begin + end;
    if (lines->number == 1 && begins_with_mark(lines)) {
        lines->begin += 3;
    }
    *line = line_at_hand(lines);
    return LUM_OK;
}

enum lum_status lum_lines_join(struct lum_lines *lines, struct lum_bytes *line,
                               struct lum_error *err)
{
    size_t end = 0;
    enum lum_status status = find_end(lines, lines->end - lines->begin, &end, err);
    if (status == LUM_OK) {
        lines->end = lines->begin + end;
        lines->count += 1;
    }
    *line = line_at_hand(lines);
    return status;
}

/* ---- places ---- */

struct lum_spot lum_lines_place(const struct lum_lines *lines, struct lum_bytes line)
{
    return (struct lum_spot){lines->name, lines->number, line};
}

enum lum_status lum_lines_fail(const struct lum_spot *place, enum lum_cause cause, size_t at,
                               const char *two, struct lum_error *err)
{
    LUM_ASSERT(at <= place->text.len);
    uint64_t row = place->row;
    uint64_t column = 1;
    for (size_t i = 0; i < at; i++) {
        uint8_t byte = place->text.at[i];
        if (byte == '\n') {
            row += 1;
            column = 1;
        } else {
            column += (byte & 0xc0) != 0x80 ? 1 : 0;
        }
    }
    char one[256];
    snprintf(one, sizeof(one), "%.200s:%" PRIu64 ":%" PRIu64, place->name, row, column);
    return lum_fail(err, cause, one, two);
}

enum lum_status lum_lines_fail_row(const struct lum_spot *place, enum lum_cause cause,
                                   struct lum_error *err)
{
    char one[256];
    snprintf(one, sizeof(one), "%.200s:%" PRIu64, place->name, place->row);
    return lum_fail(err, cause, one, NULL);
}

/* How much of text is UTF-8, from the front. */
static size_t valid_length(struct lum_bytes text)
{
    size_t done = 0;
    size_t len = 1;
    while (done + len <= text.len && len <= 4) {
        bool is_valid = lum_utf8_valid((struct lum_bytes){text.at + done, len});
        done += is_valid ? len : 0;
        len = is_valid ? 1 : len + 1;
    }
    return done;
}

enum lum_status lum_lines_check(const struct lum_spot *place, enum lum_cause cause, const char *two,
                                struct lum_error *err)
{
    struct lum_bytes text = place->text;
    const uint8_t *zero = text.len > 0 ? memchr(text.at, 0, text.len) : NULL;
    if (zero != NULL) {
        return lum_lines_fail(place, cause, (size_t)(zero - text.at), two, err);
    }
    if (!lum_utf8_valid(text)) {
        return lum_lines_fail(place, LUM_CAUSE_bad_encoding, valid_length(text), NULL, err);
    }
    return LUM_OK;
}
