/*
 * csv.c - see csv.h.
 *
 * A record is the lines joined until their quotation marks are even. Most records hold none, so
 * their fields are cut by memchr and borrowed from the line; a quoted field is borrowed too unless
 * it holds doubled marks, and is then put together in `unquoted`, which has room for the whole
 * record before the first one and so does not move.
 */
#include "cli/csv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/json_write.h"
#include "cli/lines.h"
#include "cli/number.h"
#include "core/limits.h"
#include "core/pack.h"
#include "core/text.h"
#include "core/utf8.h"

static const uint8_t delimiters[] = {',', ';', '\t'}; /* that the reader knows */

struct lum_csv {
    struct lum_csv_source source;
    struct lum_lines lines;
    uint8_t delimiter;
    struct lum_bytes names[LUM_ELEMENTS_MAX];
    uint32_t name_count;
    struct lum_arena name_text;
    /* the record at hand */
    struct lum_spot place;
    struct lum_bytes fields[LUM_ELEMENTS_MAX];
    uint32_t field_count;
    const uint8_t *surplus; /* where the first field without a name begins, or NULL */
    bool has_quote;
    bool has_return;
    struct lum_buf unquoted;
    uint64_t rows;
};

/* ---- what is wrong, and where ---- */

static enum lum_status fail_at(const struct lum_csv *csv, const uint8_t *at, enum lum_text_id what,
                               uint64_t one, uint64_t two, struct lum_error *err)
{
    char numbers[2][24];
    char sentence[256];
    snprintf(numbers[0], sizeof(numbers[0]), "%" PRIu64, one);
    snprintf(numbers[1], sizeof(numbers[1]), "%" PRIu64, two);
    struct lum_buf text;
    lum_buf_init(&text, sizeof(sentence));
    lum_text(&text, csv->source.lang, what, numbers[0], numbers[1], NULL);
    lum_text_take(&text, sentence, sizeof(sentence));
    size_t offset = (size_t)(at - csv->place.text.at);
    return lum_lines_fail(&csv->place, LUM_CAUSE_bad_row, offset, sentence, err);
}

/* ---- one record ---- */

static uint64_t count_byte(struct lum_bytes text, uint8_t byte)
{
    uint64_t count = 0;
    const uint8_t *end = text.at + text.len;
    const uint8_t *at = text.len > 0 ? memchr(text.at, byte, text.len) : NULL;
    while (at != NULL) {
        count++;
        at = memchr(at + 1, byte, (size_t)(end - at - 1));
    }
    return count;
}

/* The next record that is not an empty line. One whose marks stay odd comes back as far as it
 * goes: the split then finds which mark is wrong. */
static enum lum_status next_record(struct lum_csv *csv, struct lum_error *err)
{
    struct lum_bytes text = {NULL, 0};
    enum lum_status status = LUM_OK;
    do {
        status = lum_lines_next(&csv->lines, &text, err);
    } while (status == LUM_OK && text.len == 0);
    if (status != LUM_OK) {
        return status;
    }
    uint64_t marks = count_byte(text, '"');
    csv->has_quote = marks > 0;
    while (marks % 2 == 1 && status == LUM_OK) {
        size_t counted = text.len;
        status = lum_lines_join(&csv->lines, &text, err);
        marks += count_byte((struct lum_bytes){text.at + counted, text.len - counted}, '"');
    }
    if (status != LUM_OK && status != LUM_NOT_FOUND && status != LUM_LIMIT) {
        return status;
    }
    csv->has_return = memchr(text.at, '\r', text.len) != NULL;
    csv->place = lum_lines_place(&csv->lines, text);
    return lum_lines_check(&csv->place, LUM_CAUSE_bad_row,
                           lum_text_plain(csv->source.lang, LUM_TEXT_csv_zero_byte), err);
}

/* From *at (not a quotation mark) to the delimiter or the end. */
static enum lum_status take_plain(struct lum_csv *csv, const uint8_t **at, const uint8_t *end,
                                  struct lum_error *err)
{
    size_t left = (size_t)(end - *at);
    const uint8_t *stop = left > 0 ? memchr(*at, csv->delimiter, left) : NULL;
    struct lum_bytes field = {*at, stop != NULL ? (size_t)(stop - *at) : left};
    const uint8_t *quote = NULL;
    const uint8_t *lone = NULL;
    if (csv->has_quote && field.len > 0) {
        quote = memchr(field.at, '"', field.len);
    }
    if (csv->has_return && field.len > 0) {
        lone = memchr(field.at, '\r', field.len);
    }
    if (quote != NULL && (lone == NULL || quote < lone)) {
        return fail_at(csv, quote, LUM_TEXT_csv_stray_quote, 0, 0, err);
    }
    if (lone != NULL) {
        return fail_at(csv, lone, LUM_TEXT_csv_lone_return, 0, 0, err);
    }
    csv->fields[csv->field_count] = field;
    *at += field.len;
    return LUM_OK;
}

/* From the quotation mark at *at to behind its closing one. */
static enum lum_status take_quoted(struct lum_csv *csv, const uint8_t **at, const uint8_t *end,
                                   struct lum_error *err)
{
    const uint8_t *from = *at + 1;
    size_t start = csv->unquoted.len;
    const uint8_t *mark = memchr(from, '"', (size_t)(end - from));
    while (mark != NULL && mark + 1 < end && mark[1] == '"') {
        lum_buf_put(&csv->unquoted, from, (size_t)(mark + 1 - from));
        from = mark + 2;
        mark = memchr(from, '"', (size_t)(end - from));
    }
    if (mark == NULL) {
        return fail_at(csv, *at, LUM_TEXT_csv_open_quote, 0, 0, err);
    }
    if (mark + 1 != end && mark[1] != csv->delimiter) {
        return fail_at(csv, mark + 1, LUM_TEXT_csv_after_quote, 0, 0, err);
    }
    struct lum_bytes field = {from, (size_t)(mark - from)};
    if (csv->unquoted.len > start) {
        lum_buf_put(&csv->unquoted, field.at, field.len);
        field = (struct lum_bytes){csv->unquoted.at + start, csv->unquoted.len - start};
    }
    csv->fields[csv->field_count] = field;
    *at = mark + 1;
    return LUM_OK;
}

/* Room for every doubled mark of the record, so that fields in it stay where they are. */
static enum lum_status make_room(struct lum_csv *csv, struct lum_error *err)
{
    lum_buf_reset(&csv->unquoted);
    if (csv->has_quote && lum_buf_extend(&csv->unquoted, csv->place.text.len) == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    csv->unquoted.len = 0;
    return LUM_OK;
}

static enum lum_status split(struct lum_csv *csv, struct lum_error *err)
{
    const uint8_t *at = csv->place.text.at;
    const uint8_t *end = at + csv->place.text.len;
    csv->field_count = 0;
    csv->surplus = NULL;
    enum lum_status status = make_room(csv, err);
    while (status == LUM_OK) {
        if (csv->field_count == LUM_ELEMENTS_MAX) {
            return lum_lines_fail_row(&csv->place, LUM_CAUSE_too_many_fields, err);
        }
        if (csv->field_count == csv->name_count) {
            csv->surplus = at;
        }
        bool is_quoted = at < end && *at == '"';
        status = is_quoted ? take_quoted(csv, &at, end, err) : take_plain(csv, &at, end, err);
        csv->field_count += 1;
        if (at == end) {
            break;
        }
        at += 1; /* the delimiter */
    }
    return status;
}

/* ---- the header ---- */

/* The one that occurs most outside quotation marks; the comma when none does. */
static uint8_t find_delimiter(struct lum_bytes header)
{
    size_t counts[LUM_COUNT(delimiters)] = {0};
    bool is_quoted = false;
    for (size_t i = 0; i < header.len; i++) {
        is_quoted = is_quoted != (header.at[i] == '"');
        for (size_t k = 0; k < LUM_COUNT(delimiters) && !is_quoted; k++) {
            counts[k] += header.at[i] == delimiters[k] ? 1 : 0;
        }
    }
    size_t most = 0;
    for (size_t k = 1; k < LUM_COUNT(delimiters); k++) {
        most = counts[k] > counts[most] ? k : most;
    }
    return delimiters[most];
}

static enum lum_status keep_name(struct lum_csv *csv, struct lum_bytes field, struct lum_error *err)
{
    struct lum_buf text;
    lum_buf_init(&text, 4 * LUM_LINE_MAX);
    enum lum_status status = lum_text_nfc(field, &text);
    uint8_t *copy = status == LUM_OK ? lum_arena_take(&csv->name_text, text.len) : NULL;
    if (copy != NULL && text.len > 0) {
        memcpy(copy, text.at, text.len);
    }
    csv->names[csv->name_count] = (struct lum_bytes){copy, text.len};
    lum_buf_fini(&text);
    return copy != NULL ? LUM_OK : lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
}

/* Takes field i of the header as a name, or says why it is none. */
static enum lum_status take_name(struct lum_csv *csv, uint32_t i, const uint8_t *begin,
                                 struct lum_error *err)
{
    enum lum_status status = keep_name(csv, csv->fields[i], err);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_bytes name = csv->names[i];
    if (name.len == 0) {
        return fail_at(csv, begin, LUM_TEXT_csv_name_empty, i + 1, 0, err);
    }
    if (name.len > LUM_FIELD_MAX || lum_utf8_has_control(name)) {
        return fail_at(csv, begin, LUM_TEXT_csv_name_bad, i + 1, 0, err);
    }
    for (uint32_t k = 0; k < i; k++) {
        if (lum_bytes_equal(csv->names[k], name)) {
            return fail_at(csv, begin, LUM_TEXT_csv_name_twice, k + 1, i + 1, err);
        }
    }
    csv->name_count += 1;
    return LUM_OK;
}

/* Where field i begins in the record; one that was put together has no place of its own. */
static const uint8_t *place_of(const struct lum_csv *csv, uint32_t i)
{
    struct lum_bytes text = csv->place.text;
    const uint8_t *at = csv->fields[i].at;
    return at >= text.at && at <= text.at + text.len ? at : text.at;
}

static enum lum_status read_header(struct lum_csv *csv, struct lum_error *err)
{
    enum lum_status status = next_record(csv, err);
    if (status == LUM_NOT_FOUND) {
        csv->place = (struct lum_spot){csv->source.name, 1, {NULL, 0}};
        return fail_at(csv, NULL, LUM_TEXT_csv_no_header, 0, 0, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    csv->delimiter = find_delimiter(csv->place.text);
    status = split(csv, err);
    for (uint32_t i = 0; i < csv->field_count && status == LUM_OK; i++) {
        status = take_name(csv, i, place_of(csv, i), err);
    }
    return status;
}

/* ---- the reader ---- */

enum lum_status lum_csv_open(const struct lum_csv_source *source, struct lum_csv **out,
                             struct lum_error *err)
{
    struct lum_csv *csv = lum_alloc_zero(sizeof(*csv));
    if (csv == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    csv->source = *source;
    lum_lines_open(&csv->lines, source->fd, source->name, source->stop);
    lum_arena_init(&csv->name_text);
    lum_buf_init(&csv->unquoted, LUM_LINE_MAX);
    enum lum_status status = read_header(csv, err);
    if (status != LUM_OK) {
        lum_csv_close(csv);
        return status;
    }
    *out = csv;
    return LUM_OK;
}

void lum_csv_close(struct lum_csv *csv)
{
    if (csv == NULL) {
        return;
    }
    lum_buf_fini(&csv->unquoted);
    lum_arena_fini(&csv->name_text);
    lum_lines_close(&csv->lines);
    lum_free(csv);
}

const struct lum_bytes *lum_csv_names(const struct lum_csv *csv, uint32_t *count)
{
    *count = csv->name_count;
    return csv->names;
}

enum lum_status lum_csv_next(struct lum_csv *csv, struct lum_csv_row *out, struct lum_error *err)
{
    enum lum_status status = next_record(csv, err);
    if (status == LUM_OK) {
        status = split(csv, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (csv->field_count != csv->name_count) {
        struct lum_bytes text = csv->place.text;
        const uint8_t *at = csv->surplus != NULL ? csv->surplus : text.at + text.len;
        return fail_at(csv, at, LUM_TEXT_csv_ragged, csv->field_count, csv->name_count, err);
    }
    csv->rows += 1;
    *out = (struct lum_csv_row){csv->fields, csv->field_count, csv->rows, csv->place.row};
    return LUM_OK;
}

bool lum_csv_value(struct lum_bytes cell, struct lum_buf *out)
{
    if (cell.len == 0) {
        return false;
    }
    int64_t whole = 0;
    double real = 0;
    bool may_be_number = cell.at[0] == '-' || (cell.at[0] >= '0' && cell.at[0] <= '9');
    if (may_be_number && lum_number_to_int(cell, &whole)) {
        lum_pack_int(out, whole);
    } else if (may_be_number && lum_number_to_real(cell, &real)) {
        lum_pack_real(out, real);
    } else {
        lum_pack_str(out, cell);
    }
    return true;
}

/* ---- the writer ---- */

/* At the start of a file the mark of the byte order would be dropped. */
static bool begins_with_mark(struct lum_bytes text)
{
    return text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0;
}

/* Also for a delimiter that is not the table's: a reader finds out which one is by counting. */
static bool needs_quotes(char delimiter, struct lum_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.at[i];
        bool is_delimiter = byte == (uint8_t)delimiter ||
                            memchr(delimiters, byte, sizeof(delimiters)) != NULL;
        if (is_delimiter || byte == '"' || byte == '\n' || byte == '\r') {
            return true;
        }
    }
    return begins_with_mark(text);
}

static void put_quoted(struct lum_buf *out, struct lum_bytes text)
{
    lum_buf_put_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"') {
            lum_buf_put_byte(out, '"');
        }
        lum_buf_put_byte(out, text.at[i]);
    }
    lum_buf_put_byte(out, '"');
}

void lum_csv_write_text(struct lum_csv_writer *writer, struct lum_bytes text)
{
    if (writer->fields > 0) {
        lum_buf_put_byte(writer->out, (uint8_t)writer->delimiter);
    }
    writer->fields += 1;
    if (needs_quotes(writer->delimiter, text)) {
        put_quoted(writer->out, text);
    } else {
        lum_buf_put(writer->out, text.at, text.len);
    }
}

void lum_csv_write_value(struct lum_csv_writer *writer, struct lum_bytes value)
{
    struct lum_cur cur = lum_cur_over(value);
    enum lum_pack_type type = lum_cur_peek(&cur);
    if (type == LUM_PACK_STR) {
        lum_csv_write_text(writer, lum_cur_str(&cur, value.len));
        return;
    }
    struct lum_buf text;
    lum_buf_init(&text, LUM_LINE_MAX);
    if (type != LUM_PACK_NIL) {
        lum_json_write(value, &text);
    }
    struct lum_bytes written = lum_buf_bytes(&text);
    if (type == LUM_PACK_BIN && written.len >= 2) { /* hex, as in JSON but without its quotes */
        written = (struct lum_bytes){written.at + 1, written.len - 2};
    }
    lum_csv_write_text(writer, written);
    lum_buf_fini(&text);
}

/* A line of one empty field must not look like an empty line, which readers skip. */
void lum_csv_write_end(struct lum_csv_writer *writer)
{
    struct lum_buf *out = writer->out;
    if (writer->fields == 1 && (out->len == 0 || out->at[out->len - 1] == '\n')) {
        lum_buf_put(out, "\"\"", 2);
    }
    lum_buf_put_byte(out, '\n');
    writer->fields = 0;
}
