/*
 * intake.c - see intake.h.
 *
 * A CSV row is packed by columns in the order of their names, which are packed once; a row takes no
 * allocation once the buffers have grown.
 */
#include "cli/intake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/csv.h"
#include "cli/json.h"
#include "cli/seen.h"
#include "core/crypto.h"
#include "core/limits.h"
#include "core/pack.h"
#include "core/text.h"
#include "core/value.h"

enum {
    KEY_FIELDS_MAX = 16,
    ROW_ROOM = 1280, /* of an event's payload: what stands beside key and fields */
};

struct lum_intake {
    struct lum_intake_options options;
    struct lum_csv *csv;   /* a table ... */
    struct lum_lines lines; /* ... or objects */
    struct lum_arena arena; /* names */
    struct lum_bytes key_names[KEY_FIELDS_MAX];
    uint32_t key_columns[KEY_FIELDS_MAX]; /* of a table */
    uint32_t key_count;
    struct lum_bytes *names;  /* of a table, packed */
    uint32_t *order;          /* columns by name */
    uint32_t column_count;
    char hash[64]; /* of the file, in hex */
    uint64_t number;
    uint64_t line;
    struct lum_buf key;
    struct lum_buf fields;
    struct lum_buf scratch;
};

/* ---- what is wrong ---- */

static enum lum_status no_memory(struct lum_error *err)
{
    return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
}

/* The row at hand cannot be taken: {1} = name:row, {2} a sentence about a field. */
static enum lum_status fail_row(const struct lum_intake *intake, enum lum_cause cause,
                                enum lum_text_id what, struct lum_bytes field,
                                struct lum_error *err)
{
    char place[256];
    char name[LUM_FIELD_MAX + 1] = "";
    char sentence[256] = "";
    struct lum_buf text;

    snprintf(place, sizeof(place), "%.200s:%" PRIu64, intake->options.spool->name, intake->line);
    if (field.len > 0) {
        memcpy(name, field.at, field.len < LUM_FIELD_MAX ? field.len : LUM_FIELD_MAX);
    }
    lum_buf_init(&text, sizeof(sentence) - 1);
    lum_text(&text, intake->options.lang, what, name, NULL, NULL);
    if (text.len > 0) {
        memcpy(sentence, text.at, text.len);
    }
    lum_buf_fini(&text);
    return lum_fail(err, cause, place, sentence);
}

static enum lum_cause row_cause(const struct lum_intake *intake)
{
    return intake->options.is_json ? LUM_CAUSE_bad_json : LUM_CAUSE_bad_row;
}

/* ---- keys ---- */

/* Appends the next part; the value is a text or whatever the row had there. */
static enum lum_status add_key_part(struct lum_intake *intake, uint32_t part,
                                    struct lum_bytes value, struct lum_error *err)
{
    enum lum_status status;

    if (part > 0) {
        lum_buf_put_byte(&intake->key, LUM_KEY_JOINT);
    }
    status = lum_key_text(value, &intake->key);
    if (status == LUM_NO_MEMORY) {
        return no_memory(err);
    }
    return status == LUM_OK ? LUM_OK
                            : fail_row(intake, LUM_CAUSE_bad_key, LUM_TEXT_key_unfit,
                                       intake->key_names[part], err);
}

static enum lum_status key_of_cells(struct lum_intake *intake, const struct lum_bytes *cells,
                                    struct lum_error *err)
{
    enum lum_status status = LUM_OK;

    for (uint32_t i = 0; i < intake->key_count && status == LUM_OK; i++) {
        lum_buf_reset(&intake->scratch);
        lum_pack_str(&intake->scratch, cells[intake->key_columns[i]]);
        status = intake->scratch.broken
                     ? no_memory(err)
                     : add_key_part(intake, i, lum_buf_bytes(&intake->scratch), err);
    }
    return status;
}

static void key_of_number(struct lum_intake *intake)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%c%" PRIu64, LUM_KEY_JOINT, intake->number);

    lum_buf_put(&intake->key, intake->hash, sizeof(intake->hash));
    lum_buf_put(&intake->key, text, (size_t)len);
}

/* ---- rows ---- */

static enum lum_status check_size(const struct lum_intake *intake, struct lum_error *err)
{
    const struct lum_bytes none = {NULL, 0};

    if (lum_buf_status(&intake->fields) == LUM_NO_MEMORY ||
        lum_buf_status(&intake->key) == LUM_NO_MEMORY) {
        return no_memory(err);
    }
    if (intake->fields.broken || intake->fields.len + ROW_ROOM > LUM_PAYLOAD_MAX) {
        return fail_row(intake, row_cause(intake), LUM_TEXT_row_too_big, none, err);
    }
    if (intake->options.key != LUM_KEY_NONE && !lum_key_is_valid(lum_buf_bytes(&intake->key))) {
        return fail_row(intake, LUM_CAUSE_bad_key, LUM_TEXT_key_too_long, none, err);
    }
    return LUM_OK;
}

static enum lum_status next_table_row(struct lum_intake *intake, struct lum_error *err)
{
    struct lum_csv_row row;
    uint32_t filled = 0;
    enum lum_status status = lum_csv_next(intake->csv, &row, err);

    if (status != LUM_OK) {
        return status;
    }
    intake->line = row.line;
    for (uint32_t i = 0; i < row.count; i++) {
        filled += row.fields[i].len > 0;
    }
    lum_pack_map(&intake->fields, filled);
    for (uint32_t i = 0; i < row.count; i++) {
        uint32_t column = intake->order[i];
        size_t before = intake->fields.len + intake->names[column].len;
        if (row.fields[column].len == 0) {
            continue;
        }
        lum_buf_put(&intake->fields, intake->names[column].at, intake->names[column].len);
        (void)lum_csv_value(row.fields[column], &intake->fields);
        if (intake->fields.len > before + LUM_VALUE_MAX) {
            struct lum_cur name = lum_cur_over(intake->names[column]);
            return fail_row(intake, LUM_CAUSE_bad_row, LUM_TEXT_value_too_long,
                            lum_cur_str(&name, LUM_FIELD_MAX), err);
        }
    }
    return key_of_cells(intake, row.fields, err);
}

/* The value at the cursor is one that a record can hold. */
static enum lum_status check_value(const struct lum_intake *intake, struct lum_cur *cur,
                                   struct lum_bytes name, struct lum_error *err)
{
    struct lum_cur whole = *cur;
    size_t len;

    (void)lum_value_read(cur);
    if (cur->fault == LUM_FAULT_NONE) {
        return LUM_OK;
    }
    len = lum_cur_any(&whole, LUM_DEPTH_MAX).len;
    return fail_row(intake, LUM_CAUSE_bad_json,
                    len > LUM_VALUE_MAX ? LUM_TEXT_value_too_long : LUM_TEXT_value_unfit, name,
                    err);
}

/* Every name and value of the object is one that a record can hold. Finds those of the key. */
static enum lum_status check_object(const struct lum_intake *intake, struct lum_bytes *parts,
                                    struct lum_error *err)
{
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&intake->fields));
    uint32_t count = lum_cur_map(&cur, LUM_ELEMENTS_MAX);

    for (uint32_t i = 0; i < count; i++) {
        struct lum_bytes name = lum_cur_str(&cur, LUM_LINE_MAX);
        const uint8_t *from = cur.at;
        enum lum_status status;
        if (!lum_field_is_valid(name)) {
            return fail_row(intake, LUM_CAUSE_bad_json, LUM_TEXT_field_name_bad, name, err);
        }
        status = check_value(intake, &cur, name, err);
        if (status != LUM_OK) {
            return status;
        }
        for (uint32_t k = 0; k < intake->key_count; k++) {
            if (lum_bytes_equal(name, intake->key_names[k])) {
                parts[k] = lum_bytes_of(from, (size_t)(cur.at - from));
            }
        }
    }
    return LUM_OK;
}

static enum lum_status next_object(struct lum_intake *intake, struct lum_error *err)
{
    const struct lum_bytes none = {NULL, 0};
    struct lum_bytes parts[KEY_FIELDS_MAX] = {{NULL, 0}};
    enum lum_status status =
        lum_json_read_line(&intake->lines, intake->options.lang, &intake->fields, err);

    intake->line = intake->lines.number;
    if (status == LUM_LIMIT && err->cause == LUM_CAUSE_none) {
        return fail_row(intake, LUM_CAUSE_bad_json, LUM_TEXT_row_too_big, none, err);
    }
    if (status == LUM_OK) {
        status = check_object(intake, parts, err);
    }
    for (uint32_t i = 0; i < intake->key_count && status == LUM_OK; i++) {
        status = add_key_part(intake, i, parts[i], err);
    }
    return status;
}

enum lum_status lum_intake_next(struct lum_intake *intake, struct lum_intake_row *out,
                                struct lum_error *err)
{
    enum lum_status status;

    lum_buf_reset(&intake->key);
    lum_buf_reset(&intake->fields);
    status = intake->options.is_json ? next_object(intake, err) : next_table_row(intake, err);
    if (status != LUM_OK) {
        return status;
    }
    intake->number++;
    if (intake->options.key == LUM_KEY_NUMBER) {
        key_of_number(intake);
    }
    status = check_size(intake, err);
    out->key = lum_buf_bytes(&intake->key);
    out->fields = lum_buf_bytes(&intake->fields);
    out->line = intake->line;
    return status;
}

/* ---- opening ---- */

/* A name in Form C that stands as long as the intake. */
static enum lum_status keep_name(struct lum_intake *intake, struct lum_bytes text,
                                 struct lum_bytes *out)
{
    uint8_t *copy;
    enum lum_status status;

    lum_buf_reset(&intake->scratch);
    status = lum_text_nfc(text, &intake->scratch);
    copy = status == LUM_OK ? lum_arena_take(&intake->arena, intake->scratch.len) : NULL;
    if (copy == NULL) {
        return status == LUM_OK ? LUM_NO_MEMORY : status;
    }
    if (intake->scratch.len > 0) {
        memcpy(copy, intake->scratch.at, intake->scratch.len);
    }
    *out = lum_bytes_of(copy, intake->scratch.len);
    return LUM_OK;
}

/* "a,b" into names. */
static enum lum_status split_key_fields(struct lum_intake *intake, struct lum_error *err)
{
    const char *at = intake->options.key_fields;
    enum lum_status status = LUM_OK;

    while (status == LUM_OK && at != NULL) {
        size_t len = strcspn(at, ",");
        struct lum_bytes *name = &intake->key_names[intake->key_count];
        if (intake->key_count == KEY_FIELDS_MAX) {
            return lum_fail(err, LUM_CAUSE_bad_usage, "--key", NULL);
        }
        status = keep_name(intake, lum_bytes_of(at, len), name);
        if (status == LUM_INVALID || (status == LUM_OK && !lum_field_is_valid(*name))) {
            return lum_fail(err, LUM_CAUSE_bad_usage, "--key", NULL);
        }
        intake->key_count++;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return status == LUM_NO_MEMORY ? no_memory(err) : status;
}

static enum lum_status find_key_columns(struct lum_intake *intake, const struct lum_bytes *names,
                                        struct lum_error *err)
{
    for (uint32_t i = 0; i < intake->key_count; i++) {
        uint32_t column = 0;
        while (column < intake->column_count &&
               !lum_bytes_equal(names[column], intake->key_names[i])) {
            column++;
        }
        if (column == intake->column_count) {
            intake->line = 1;
            return fail_row(intake, LUM_CAUSE_bad_row, LUM_TEXT_no_such_column,
                            intake->key_names[i], err);
        }
        intake->key_columns[i] = column;
    }
    return LUM_OK;
}

struct named_column {
    struct lum_bytes name;
    uint32_t column;
};

static int compare_columns(const void *a, const void *b)
{
    const struct named_column *left = a;
    const struct named_column *right = b;

    return lum_bytes_compare(left->name, right->name);
}

/* Packs every name once and puts the columns into canonical order. */
static enum lum_status learn_columns(struct lum_intake *intake, const struct lum_bytes *names)
{
    uint32_t count = intake->column_count;
    struct named_column *sorted = lum_arena_take(&intake->arena, count * sizeof(*sorted));

    intake->names = lum_arena_take(&intake->arena, count * sizeof(*intake->names));
    intake->order = lum_arena_take(&intake->arena, count * sizeof(*intake->order));
    if (sorted == NULL || intake->names == NULL || intake->order == NULL) {
        return LUM_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *packed;
        sorted[i] = (struct named_column){names[i], i};
        lum_buf_reset(&intake->scratch);
        lum_pack_str(&intake->scratch, names[i]);
        packed = lum_arena_take(&intake->arena, intake->scratch.len);
        if (packed == NULL || intake->scratch.broken) {
            return LUM_NO_MEMORY;
        }
        memcpy(packed, intake->scratch.at, intake->scratch.len);
        intake->names[i] = lum_bytes_of(packed, intake->scratch.len);
    }
    qsort(sorted, count, sizeof(*sorted), compare_columns);
    for (uint32_t i = 0; i < count; i++) {
        intake->order[i] = sorted[i].column;
    }
    return LUM_OK;
}

static enum lum_status open_table(struct lum_intake *intake, struct lum_error *err)
{
    struct lum_csv_source source = {
        .fd = intake->options.spool->fd,
        .name = intake->options.spool->name,
        .lang = intake->options.lang,
        .stop = intake->options.stop,
    };
    const struct lum_bytes *names;
    enum lum_status status = lum_csv_open(&source, &intake->csv, err);

    if (status != LUM_OK) {
        return status;
    }
    names = lum_csv_names(intake->csv, &intake->column_count);
    if (learn_columns(intake, names) != LUM_OK) {
        return no_memory(err);
    }
    return find_key_columns(intake, names, err);
}

static enum lum_status hash_file(struct lum_intake *intake, struct lum_error *err)
{
    uint8_t hash[32];
    char text[2 * sizeof(hash) + 1];
    enum lum_status status = lum_spool_hash(intake->options.spool, hash, err);

    for (size_t i = 0; i < sizeof(hash) && status == LUM_OK; i++) {
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    }
    if (status == LUM_OK) {
        memcpy(intake->hash, text, sizeof(intake->hash));
    }
    return status;
}

enum lum_status lum_intake_open(const struct lum_intake_options *options, struct lum_intake **out,
                                struct lum_error *err)
{
    struct lum_intake *intake = lum_alloc_zero(sizeof(*intake));
    enum lum_status status = LUM_OK;

    if (intake == NULL) {
        return no_memory(err);
    }
    intake->options = *options;
    lum_arena_init(&intake->arena);
    lum_buf_init(&intake->key, (size_t)KEY_FIELDS_MAX * (LUM_KEY_MAX + 1));
    lum_buf_init(&intake->fields, LUM_LINE_MAX);
    lum_buf_init(&intake->scratch, (size_t)2 * LUM_LINE_MAX);
    lum_lines_open(&intake->lines, options->spool->fd, options->spool->name, options->stop);
    if (options->key == LUM_KEY_FIELDS) {
        status = split_key_fields(intake, err);
    } else if (options->key == LUM_KEY_NUMBER) {
        status = hash_file(intake, err);
    }
    if (status == LUM_OK && !options->is_json) {
        status = open_table(intake, err);
    }
    if (status != LUM_OK) {
        lum_intake_close(intake);
        return status;
    }
    *out = intake;
    return LUM_OK;
}

void lum_intake_close(struct lum_intake *intake)
{
    if (intake == NULL) {
        return;
    }
    lum_csv_close(intake->csv);
    lum_lines_close(&intake->lines);
    lum_arena_fini(&intake->arena);
    lum_buf_fini(&intake->key);
    lum_buf_fini(&intake->fields);
    lum_buf_fini(&intake->scratch);
    lum_free(intake);
}

/* ---- all of it ---- */

static enum lum_status fail_twice(const struct lum_intake *intake, uint64_t before,
                                  struct lum_error *err)
{
    char place[256];

    snprintf(place, sizeof(place), "%.200s:%" PRIu64, intake->options.spool->name, intake->line);
    return lum_fail_number(err, LUM_CAUSE_duplicate_key, place, before);
}

/* Reads again from the beginning: which row had the key of the row at hand? 0 = none. */
static enum lum_status find_before(const struct lum_intake *intake, struct lum_bytes key,
                                   uint64_t *line, struct lum_error *err)
{
    struct lum_intake *again = NULL;
    struct lum_intake_row row;
    uint64_t at;
    enum lum_status status = lum_spool_move(intake->options.spool, 0, &at, err);

    *line = 0;
    if (status == LUM_OK) {
        status = lum_intake_open(&intake->options, &again, err);
    }
    while (status == LUM_OK && *line == 0) {
        status = lum_intake_next(again, &row, err);
        if (status == LUM_OK && row.line >= intake->line) {
            break;
        }
        *line = status == LUM_OK && lum_bytes_equal(row.key, key) ? row.line : 0;
    }
    lum_intake_close(again);
    return status == LUM_OK ? lum_spool_move(intake->options.spool, at, NULL, err) : status;
}

/* No key that came before. */
static enum lum_status check_new(const struct lum_intake *intake, struct lum_bytes key,
                                 struct lum_seen *seen, struct lum_error *err)
{
    uint64_t before = 0;
    enum lum_status status = lum_seen_add(seen, key);

    if (status == LUM_NO_MEMORY) {
        return no_memory(err);
    }
    if (status == LUM_EXISTS) {
        status = find_before(intake, key, &before, err);
    }
    return before == 0 ? status : fail_twice(intake, before, err);
}

static enum lum_status take_rows(struct lum_intake *intake, struct lum_seen *seen,
                                 struct lum_batches *out, struct lum_error *err)
{
    const volatile sig_atomic_t *stop = intake->options.stop;
    struct lum_intake_row row;
    enum lum_status status;

    while ((status = lum_intake_next(intake, &row, err)) == LUM_OK) {
        if (stop != NULL && *stop != 0) {
            return LUM_STOPPED;
        }
        if (intake->options.key == LUM_KEY_FIELDS) {
            status = check_new(intake, row.key, seen, err);
        }
        if (status == LUM_OK) {
            status = lum_batches_add(out, row.key, row.fields, err);
        }
        if (status != LUM_OK) {
            return status;
        }
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

enum lum_status lum_intake_all(const struct lum_intake_options *options, struct lum_batches *out,
                               struct lum_error *err)
{
    struct lum_intake *intake = NULL;
    struct lum_seen seen;
    enum lum_status status = lum_intake_open(options, &intake, err);

    if (status != LUM_OK) {
        return status;
    }
    lum_seen_init(&seen);
    status = take_rows(intake, &seen, out, err);
    lum_seen_fini(&seen);
    lum_intake_close(intake);
    return status;
}
