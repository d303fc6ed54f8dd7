/*
 * intake.h - the rows of a file on their way in: read, checked, keyed, and in the form in which a
 * request carries them. One reader for CSV (cli/csv.h) and NDJSON (cli/json.h).
 *
 * What a cell means and how a key is made: docs/format.md 4. Refused, beside what those readers
 * refuse, each with name:row: bad_field for a key field that the table has not; bad_key for a row
 * whose key is empty or unfit; bad_row or bad_json for a field's name or value that no record can
 * hold, and for a row over what one event takes.
 */
#ifndef LUM_CLI_INTAKE_H
#define LUM_CLI_INTAKE_H

#include <signal.h>

#include "cli/batches.h"
#include "cli/spool.h"
#include "cli/text.h"
#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

enum lum_intake_key {
    LUM_KEY_NONE,   /* rows without a key: put -f */
    LUM_KEY_FIELDS, /* of the fields named */
    LUM_KEY_NUMBER, /* hash of the file, U+001F, number of the row */
};

struct lum_intake_options {
    const struct lum_spool *spool; /* outlives the intake, and is read from where it stands */
    bool is_json;
    enum lum_intake_key key;
    const char *key_fields; /* "a,b" */
    enum lum_lang lang;
    const volatile sig_atomic_t *stop;
};

struct lum_intake_row {
    struct lum_bytes key;    /* empty when rows have none; stands until the next call */
    struct lum_bytes fields; /* canonical map; the same */
    uint64_t line;           /* of the file */
};

struct lum_intake;
LUM_MUST_USE enum lum_status lum_intake_open(const struct lum_intake_options *options,
                                             struct lum_intake **out, struct lum_error *err);
void lum_intake_close(struct lum_intake *intake); /* NULL is fine */
/* NOT_FOUND at the end. */
LUM_MUST_USE enum lum_status lum_intake_next(struct lum_intake *intake, struct lum_intake_row *out,
                                             struct lum_error *err);

/* Reads everything into batches, and also refuses a key that is there twice (duplicate_key).
 * STOPPED when *stop was set. After a failure the batches are of no use. */
LUM_MUST_USE enum lum_status lum_intake_all(const struct lum_intake_options *options,
                                            struct lum_batches *out, struct lum_error *err);

#endif
