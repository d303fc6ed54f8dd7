/*
 * bench_data.c - records to measure with: made here, or the lines of a file.
 *
 * Those made here are shaped like the design's field visit, about 183 bytes of JSON with eight
 * fields, but their words are drawn anew: 3,000 of them, the common ones often. Of a file nothing
 * is taken for granted: which field is what is learnt from its first rows.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/json_write.h"
#include "cli/map.h"
#include "cli/spool.h"
#include "core/crypto.h"
#include "net/host.h"

enum {
    WORDS = 3000,
    SYLLABLES = 24,
    LEARN_ROWS = 1000,
    LEARN_FIELDS = 64,
    SHARED_EVERY = 10,
};

/* ---- drawing ---- */

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
uint64_t lum_bench_draw(struct lum_bench *bench, uint64_t below)
{
    uint64_t z = bench->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

void lum_bench_draw_text(struct lum_bench *bench, char out[LUM_BENCH_TEN])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";

    for (size_t i = 0; i < LUM_BENCH_TEN; i++) {
        out[i] = letters[lum_bench_draw(bench, sizeof(letters) - 1)];
    }
}

/* Word number k: two to four syllables, the same each time. */
static void put_word(struct lum_buf *out, uint64_t k)
{
    static const char syllables[SYLLABLES][4] = {
        "ka",  "bi", "ran", "to",   "se", "lu",  "men", "ga", "po",  "din", "ya", "wo",
        "tar", "ne", "su",  "ling", "ba", "cik", "re",  "mu", "pan", "ji",  "ha", "dok"};
    uint64_t left = k * 2654435761U % (UINT64_C(1) << 32);

    for (uint64_t i = 0; i < 2 + k % 3; i++) {
        const char *syllable = syllables[left % SYLLABLES];
        lum_buf_put(out, syllable, strnlen(syllable, sizeof(syllables[0])));
        left /= SYLLABLES;
    }
}

static void put_note(struct lum_bench *bench, struct lum_buf *out)
{
    uint64_t words = 3 + lum_bench_draw(bench, 3);

    for (uint64_t i = 0; i < words; i++) {
        uint64_t rare = 1 + lum_bench_draw(bench, WORDS); /* the product makes low numbers common */
        if (i > 0) {
            lum_buf_put_byte(out, ' ');
        }
        put_word(out, lum_bench_draw(bench, rare));
    }
}

/* A place in degrees east or north. */
static void put_degrees(struct lum_bench *bench, const char *name, int whole, struct lum_buf *out)
{
    char part[80];
    int len = snprintf(part, sizeof(part), ",\"%.8s\":%d.%05u", name, whole,
                       (unsigned)lum_bench_draw(bench, 100000));

    lum_buf_put(out, part, (size_t)len);
}

static void make_row(struct lum_bench *bench, struct lum_buf *out, uint64_t *at_ms)
{
    static const char *const states[] = {"new", "seen", "waits", "fixed", "given up"};
    char part[160];
    int len;

    *at_ms += lum_bench_draw(bench, 120000);
    len = snprintf(part, sizeof(part), "{\"id\":\"%08x%08x\",\"time\":\"",
                   (unsigned)lum_bench_draw(bench, UINT32_MAX),
                   (unsigned)lum_bench_draw(bench, UINT32_MAX));
    lum_buf_put(out, part, (size_t)len);
    lum_format_iso(out, *at_ms);
    len = snprintf(part, sizeof(part), "\",\"place\":\"P-%02u\",\"state\":\"%.8s\",\"count\":%u",
                   (unsigned)lum_bench_draw(bench, 60), states[lum_bench_draw(bench, 5)],
                   (unsigned)lum_bench_draw(bench, 500));
    lum_buf_put(out, part, (size_t)len);
    put_degrees(bench, "lat", -7, out);
    put_degrees(bench, "lon", 112, out);
    lum_buf_put(out, ",\"note\":\"", 9);
    put_note(bench, out);
    lum_buf_put(out, "\"}", 2);
}

/* ---- the rows ---- */

/* What was appended to the maps is the next row. */
static void end_row(struct lum_bench_data *data)
{
    uint64_t end = data->maps.len;

    lum_buf_put(&data->ends, &end, sizeof(end));
    data->rows++;
}

static enum lum_status check_memory(const struct lum_bench_data *data, struct lum_error *err)
{
    bool is_whole = lum_buf_status(&data->maps) == LUM_OK && lum_buf_status(&data->ends) == LUM_OK;

    return is_whole ? LUM_OK : lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
}

static enum lum_status make_rows(struct lum_bench *bench, uint64_t count, struct lum_error *err)
{
    uint64_t at_ms = UINT64_C(1767225600000); /* the year 2026 */
    struct lum_bench_data *data = &bench->data;
    struct lum_buf text;
    enum lum_status status = LUM_OK;

    lum_buf_init(&text, LUM_LINE_MAX);
    while (data->rows < count && status == LUM_OK) {
        lum_buf_reset(&text);
        make_row(bench, &text, &at_ms);
        status = lum_json_read(lum_buf_bytes(&text), "", LUM_LANG_EN, &data->maps, err);
        end_row(data);
    }
    lum_buf_fini(&text);
    return status == LUM_OK ? check_memory(data, err) : status;
}

struct lum_bytes lum_bench_row(const struct lum_bench_data *data, uint64_t row)
{
    uint64_t bounds[2] = {0, 0};

    LUM_ASSERT(row < data->rows);
    if (row > 0) {
        memcpy(&bounds[0], data->ends.at + (row - 1) * sizeof(uint64_t), sizeof(uint64_t));
    }
    memcpy(&bounds[1], data->ends.at + row * sizeof(uint64_t), sizeof(uint64_t));
    return lum_bytes_of(data->maps.at + bounds[0], bounds[1] - bounds[0]);
}

/* ---- the rows of a file ---- */

static enum lum_status fail_file(struct lum_bench *bench, enum lum_cause cause,
                                 enum lum_text_id what, const char *particular,
                                 struct lum_error *err)
{
    char sentence[LUM_PIECE];
    char rows[LUM_PIECE];
    char place[256];
    struct lum_buf text;

    lum_show_number(bench->run, bench->data.rows, rows);
    snprintf(place, sizeof(place), "%.255s", bench->run->options.at[LUM_OPTION_RECORDS]);
    lum_buf_init(&text, LUM_PIECE);
    lum_text(&text, bench->run->print.lang, what, particular, rows, NULL);
    lum_text_take(&text, sentence, sizeof(sentence));
    return lum_fail(err, cause, place, sentence);
}

static bool has_key(const struct lum_bench_data *data, uint64_t row)
{
    struct lum_bytes value;

    return lum_map_value(lum_bench_row(data, row), data->key, &value);
}

static enum lum_status read_rows(struct lum_bench *bench, const struct lum_spool *spool,
                                 uint64_t count, struct lum_error *err)
{
    struct lum_bench_data *data = &bench->data;
    char least[LUM_PIECE];
    struct lum_lines lines;
    enum lum_status status = LUM_OK;

    lum_lines_open(&lines, spool->fd, spool->name, bench->run->stop);
    while (data->rows < count && status == LUM_OK) {
        status = lum_json_read_line(&lines, bench->run->print.lang, &data->maps, err);
        if (status != LUM_OK) {
            break;
        }
        end_row(data);
        if (!has_key(data, data->rows - 1)) {
            status = fail_file(bench, LUM_CAUSE_bad_key, LUM_TEXT_bench_no_key, data->key, err);
        }
    }
    lum_lines_close(&lines);
    if (status == LUM_NOT_FOUND && data->rows < LUM_BENCH_LEAST) {
        lum_show_number(bench->run, LUM_BENCH_LEAST, least);
        return fail_file(bench, LUM_CAUSE_bad_json, LUM_TEXT_bench_few, least, err);
    }
    return status == LUM_OK || status == LUM_NOT_FOUND ? check_memory(data, err) : status;
}

/* ---- learning the fields ---- */

struct learnt {
    char name[80];
    uint64_t numbers;
    uint64_t texts;
    uint64_t changes; /* rows in which it is other than in the row before */
    struct lum_hash last;
};

struct learning {
    struct learnt fields[LEARN_FIELDS];
    size_t count;
};

static struct learnt *learnt_field(struct learning *learning, struct lum_bytes name)
{
    for (size_t i = 0; i < learning->count; i++) {
        struct learnt *field = &learning->fields[i];
        if (strlen(field->name) == name.len && memcmp(field->name, name.at, name.len) == 0) {
            return field;
        }
    }
    if (learning->count == LEARN_FIELDS || name.len >= sizeof(learning->fields[0].name)) {
        return NULL;
    }
    memcpy(learning->fields[learning->count].name, name.at, name.len);
    return &learning->fields[learning->count++];
}

static void learn_row(struct learning *learning, struct lum_bytes map)
{
    struct lum_map_list pairs = lum_map_pairs(map);
    struct lum_bytes name;
    struct lum_bytes value;

    while (lum_map_pairs_next(&pairs, &name, &value)) {
        struct learnt *field = learnt_field(learning, name);
        struct lum_cur cur = lum_cur_over(value);
        enum lum_pack_type type = lum_cur_peek(&cur);
        struct lum_hash hash;
        if (field == NULL) {
            continue;
        }
        lum_hash32(LUM_LABEL_payload, value, &hash);
        field->changes += memcmp(&hash, &field->last, sizeof(hash)) != 0;
        field->last = hash;
        field->numbers += type == LUM_PACK_INT || type == LUM_PACK_REAL;
        field->texts += type == LUM_PACK_STR;
    }
}

/* The field, the key left out, that changes most among those of one type. */
static const struct learnt *liveliest(const struct lum_bench_data *data,
                                      const struct learning *learning, bool is_number)
{
    const struct learnt *best = NULL;

    for (size_t i = 0; i < learning->count; i++) {
        const struct learnt *field = &learning->fields[i];
        bool fits = is_number ? field->numbers > field->texts : field->texts > field->numbers;
        if (fits && strcmp(field->name, data->key) != 0 &&
            (best == NULL || field->changes > best->changes)) {
            best = field;
        }
    }
    return best;
}

static double number_of(struct lum_bytes map, const char *name)
{
    double real = lum_map_real(map, name);
    int64_t whole = lum_map_int(map, name);

    return whole != 0 ? (double)whole : real;
}

/* "field" >= the median of the first rows. */
static void learn_where(struct lum_bench_data *data, const char *field)
{
    double numbers[LEARN_ROWS];
    char name[LUM_PIECE];
    size_t count = 0;
    struct lum_buf text;

    for (; count < data->rows && count < LEARN_ROWS; count++) {
        numbers[count] = number_of(lum_bench_row(data, count), field);
    }
    lum_buf_init(&text, LUM_PIECE - 1);
    lum_json_write_text(lum_bytes_of(field, strlen(field)), &text);
    if (!text.broken) {
        lum_text_take(&text, name, sizeof(name));
        snprintf(data->where, sizeof(data->where), "%s >= %.5g", name,
                 lum_bench_percentile(numbers, count, 50));
    }
    lum_buf_fini(&text);
}

static enum lum_status learn(struct lum_bench_data *data, struct lum_error *err)
{
    struct learning *learning = lum_alloc_zero(sizeof(*learning));
    const struct learnt *text;
    const struct learnt *number;
    const struct learnt *edit;

    if (learning == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    for (uint64_t row = 0; row < data->rows && row < LEARN_ROWS; row++) {
        learn_row(learning, lum_bench_row(data, row));
    }
    text = liveliest(data, learning, false);
    number = liveliest(data, learning, true);
    edit = number != NULL ? number : text;
    snprintf(data->sort, sizeof(data->sort), "%s", text != NULL ? text->name : "");
    snprintf(data->edit, sizeof(data->edit), "%s", edit != NULL ? edit->name : "edit");
    if (number != NULL) {
        learn_where(data, number->name);
    }
    lum_free(learning);
    return LUM_OK;
}

/* ---- opening ---- */

static enum lum_status read_file(struct lum_bench *bench, const char *path, uint64_t count,
                                 struct lum_error *err)
{
    struct lum_spool spool;
    enum lum_status status = lum_spool_open(path, bench->run->stop, &spool, err);

    if (status == LUM_OK) {
        status = read_rows(bench, &spool, count, err);
        lum_spool_close(&spool);
    }
    return status;
}

enum lum_status lum_bench_data_open(struct lum_bench *bench, struct lum_error *err)
{
    const struct lum_options *options = &bench->run->options;
    const char *path = options->at[LUM_OPTION_RECORDS];
    const char *key = options->at[LUM_OPTION_KEY];
    uint64_t count = bench->records + bench->records / 2;
    enum lum_status status;

    lum_buf_init(&bench->data.maps, SIZE_MAX);
    lum_buf_init(&bench->data.ends, SIZE_MAX);
    snprintf(bench->data.key, sizeof(bench->data.key), "%.79s", key != NULL ? key : "id");
    status = path != NULL ? read_file(bench, path, count, err) : make_rows(bench, count, err);
    if (bench->data.rows < count) {
        bench->records = bench->data.rows / 3 * 2;
    }
    return status == LUM_OK ? learn(&bench->data, err) : status;
}

void lum_bench_data_close(struct lum_bench_data *data)
{
    lum_buf_fini(&data->maps);
    lum_buf_fini(&data->ends);
}

/* ---- files to import ---- */

static enum lum_status write_file(const char *path, const struct lum_buf *text,
                                  struct lum_error *err)
{
    FILE *file;
    bool is_written;
    enum lum_status status;

    if (lum_buf_status(text) != LUM_OK) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    file = fopen(path, "wb");
    if (file == NULL) {
        return lum_host_fail(errno, path, err);
    }
    is_written = fwrite(text->at, 1, text->len, file) == text->len && fflush(file) == 0;
    status = is_written ? LUM_OK : lum_host_fail(errno, path, err);
    fclose(file);
    return status;
}

enum lum_status lum_bench_write(struct lum_bench *bench, const struct lum_bench_part *part,
                                const char *path, struct lum_error *err)
{
    struct lum_buf text;
    enum lum_status status;

    lum_buf_init(&text, SIZE_MAX);
    for (uint64_t i = 0; i < part->count; i++) {
        lum_json_write(lum_bench_row(&bench->data, part->first + i), &text);
        lum_buf_put_byte(&text, '\n');
    }
    status = write_file(path, &text, err);
    lum_buf_fini(&text);
    return status;
}

/* {"key":..,"field":..} */
static void put_edit(struct lum_bench *bench, uint64_t row, enum lum_bench_edit edit,
                     struct lum_buf *out)
{
    const struct lum_bench_data *data = &bench->data;
    uint64_t number = 2 * lum_bench_draw(bench, 500) + (edit == LUM_BENCH_LEFT ? 0 : 1);
    struct lum_bytes key = {NULL, 0};
    char drawn[LUM_BENCH_TEN];
    char text[40];
    int len;

    lum_map_value(lum_bench_row(data, row), data->key, &key);
    lum_buf_put_byte(out, '{');
    lum_json_write_text(lum_bytes_of(data->key, strlen(data->key)), out);
    lum_buf_put_byte(out, ':');
    lum_json_write(key, out);
    lum_buf_put_byte(out, ',');
    lum_json_write_text(lum_bytes_of(data->edit, strlen(data->edit)), out);
    if (edit == LUM_BENCH_TEXT) {
        lum_bench_draw_text(bench, drawn);
        len = snprintf(text, sizeof(text), ":\"%.*s\"}\n", LUM_BENCH_TEN, drawn);
    } else {
        len = snprintf(text, sizeof(text), ":%u}\n",
                       (unsigned)(row % SHARED_EVERY == 0 ? row % 1000 : number));
    }
    lum_buf_put(out, text, (size_t)len);
}

enum lum_status lum_bench_write_edits(struct lum_bench *bench, const struct lum_bench_part *part,
                                      enum lum_bench_edit edit, const char *path,
                                      struct lum_error *err)
{
    uint64_t *rows = lum_alloc_zero(part->count * sizeof(*rows));
    struct lum_buf text;
    enum lum_status status;

    if (rows == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    for (uint64_t i = 0; i < part->count; i++) {
        uint64_t k = lum_bench_draw(bench, i + 1); /* Fisher and Yates, inside out */
        rows[i] = rows[k];
        rows[k] = part->first + i;
    }
    lum_buf_init(&text, SIZE_MAX);
    for (uint64_t i = 0; i < part->count; i++) {
        put_edit(bench, rows[i], edit, &text);
    }
    status = write_file(path, &text, err);
    lum_buf_fini(&text);
    lum_free(rows);
    return status;
}
