/*
 * csv.h - tables as text: a strict RFC 4180 reader that names row and column, and a writer.
 *
 * Read: fields between `,` `;` or tab (whichever the header line has most of), LF or CRLF, UTF-8
 * with or without byte order mark, quoted fields with line breaks and doubled quotation marks.
 * Empty lines are skipped. Refused, with the cause and name:row:column (docs/format.md knows only
 * one reading of a file, so nothing is guessed):
 *
 *   bad_row          no header; a name that is empty, too long or there twice; another number of
 *                    fields than the header; a quotation mark out of place or never closed; a lone
 *                    carriage return; a zero byte
 *   bad_encoding     not UTF-8
 *   line_too_long    a record over LUM_LINE_MAX
 *   too_many_fields  over LUM_ELEMENTS_MAX
 *
 * row is the line of the file as an editor counts it (the header is in line 1).
 */
#ifndef LUM_CLI_CSV_H
#define LUM_CLI_CSV_H

#include <signal.h>

#include "cli/text.h"
#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

struct lum_csv_source {
    int fd;                            /* a file or a pipe; stays the caller's */
    const char *name;                  /* for messages; must outlive the reader */
    enum lum_lang lang;                /* of {2} in messages */
    const volatile sig_atomic_t *stop; /* or NULL: see cli/lines.h */
};

struct lum_csv_row {
    const struct lum_bytes *fields; /* as many as the header; stand until the next call */
    uint32_t count;
    uint64_t number; /* from 1, the header not counted */
    uint64_t line;   /* of the file, where the row begins */
};

struct lum_csv;
/* Reads the header. IO, NO_MEMORY, STOPPED, or what is said above. */
LUM_MUST_USE enum lum_status lum_csv_open(const struct lum_csv_source *source, struct lum_csv **out,
                                          struct lum_error *err);
void lum_csv_close(struct lum_csv *csv); /* NULL is fine */

/* The names of the columns in Normalisation Form C, unique; they stand until close. */
const struct lum_bytes *lum_csv_names(const struct lum_csv *csv, uint32_t *count);
/* NOT_FOUND at the end. After any other failure the reader gives no more rows. */
LUM_MUST_USE enum lum_status lum_csv_next(struct lum_csv *csv, struct lum_csv_row *out,
                                          struct lum_error *err);

/*
 * What a cell means (docs/format.md 4, "CSV in"): appends an int, a real or a text as canonical
 * msgpack; false, with nothing appended, when the cell is empty and so says nothing.
 */
bool lum_csv_value(struct lum_bytes cell, struct lum_buf *out);

/* The writer: one line after the other into out, LF at their ends, quoted only where needed. */
struct lum_csv_writer {
    struct lum_buf *out;
    char delimiter;
    uint32_t fields; /* in the line so far */
};
void lum_csv_write_text(struct lum_csv_writer *writer, struct lum_bytes text);
/* A value (core/value.h): nil is empty, bin lower-case hex, tagged values their JSON. */
void lum_csv_write_value(struct lum_csv_writer *writer, struct lum_bytes value);
void lum_csv_write_end(struct lum_csv_writer *writer);

#endif
