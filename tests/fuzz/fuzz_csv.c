/*
 * fuzz_csv.c - tables as text.
 *
 *   input = way u8 | the file
 *     way & 1  the language of messages
 *     way & 2  the input is one value, to be written as a cell
 *     way & 4  the file is its first line, 4,096 fields of it
 *
 * Holds: the rows that were read, written as a table and read again, are the same rows; a cell's
 * value is canonical and written as a text that means the same value; a fault names its place.
 */
#define _GNU_SOURCE /* memfd_create */
#include <sys/mman.h>
#include <unistd.h>

#include "cli/csv.h"
#include "core/limits.h"
#include "core/pack.h"
#include "core/value.h"
#include "tests/fuzz/input.h"

static int file = -1;

static void file_hold(struct lum_bytes bytes)
{
    if (file < 0) {
        file = memfd_create("table", 0);
    }
    LUM_ASSERT(file >= 0 && ftruncate(file, 0) == 0);
    LUM_ASSERT(pwrite(file, bytes.at, bytes.len, 0) == (ssize_t)bytes.len);
    LUM_ASSERT(lseek(file, 0, SEEK_SET) == 0);
}

static struct lum_csv *table_open(enum lum_lang lang, struct lum_error *err)
{
    const struct lum_csv_source source = {file, "table.csv", lang, NULL};
    struct lum_csv *csv = NULL;
    enum lum_status status = lum_csv_open(&source, &csv, err);
    LUM_ASSERT((status == LUM_OK) == (csv != NULL));
    return csv;
}

/* Its place is name:row or name:row:column. */
static void check_fault(enum lum_status status, const struct lum_error *err)
{
    LUM_ASSERT(status == LUM_INVALID || status == LUM_LIMIT);
    LUM_ASSERT(lum_cause_status(err->cause) == status);
    LUM_ASSERT(strncmp(err->one, "table.csv:", 10) == 0 && err->one[10] >= '1');
}

static void check_cell(struct lum_bytes cell)
{
    struct lum_buf value;
    struct lum_buf text;
    struct lum_buf again;
    lum_buf_init(&value, cell.len + 16);
    lum_buf_init(&text, 2 * cell.len + 512);
    lum_buf_init(&again, cell.len + 64);
    bool is_said = lum_csv_value(cell, &value);
    LUM_ASSERT(is_said == (cell.len > 0));
    if (is_said) {
        struct lum_csv_writer writer = {&text, '\t', 0};
        lum_csv_write_value(&writer, lum_buf_bytes(&value));
        LUM_ASSERT(lum_pack_check(lum_buf_bytes(&value)) == LUM_FAULT_NONE);
        bool is_quoted = text.len > 0 && text.at[0] == '"';
        LUM_ASSERT(is_quoted || lum_bytes_equal(lum_buf_bytes(&text), cell));
        LUM_ASSERT(is_quoted || lum_csv_value(lum_buf_bytes(&text), &again));
        LUM_ASSERT(is_quoted || lum_bytes_equal(lum_buf_bytes(&value), lum_buf_bytes(&again)));
    }
    lum_buf_fini(&value);
    lum_buf_fini(&text);
    lum_buf_fini(&again);
}

static void write_row(const struct lum_bytes *fields, uint32_t count, struct lum_buf *out)
{
    struct lum_csv_writer writer = {out, ',', 0};
    for (uint32_t i = 0; i < count; i++) {
        lum_csv_write_text(&writer, fields[i]);
    }
    lum_csv_write_end(&writer);
}

/* Reads what there is and writes it; with `table` it must be that, byte by byte. */
static bool copy_table(enum lum_lang lang, struct lum_buf *out)
{
    struct lum_error err = {0};
    struct lum_csv_row row;
    enum lum_status status = LUM_OK;
    uint64_t rows = 0;
    uint32_t count = 0;
    struct lum_csv *csv = table_open(lang, &err);
    if (csv == NULL) {
        check_fault(lum_cause_status(err.cause), &err);
        return false;
    }
    const struct lum_bytes *names = lum_csv_names(csv, &count);
    write_row(names, count, out);
    while ((status = lum_csv_next(csv, &row, &err)) == LUM_OK) {
        LUM_ASSERT(row.count == count && row.number == ++rows && row.line > rows);
        write_row(row.fields, count, out);
        for (uint32_t i = 0; i < count; i++) {
            check_cell(row.fields[i]);
        }
    }
    if (status != LUM_NOT_FOUND) {
        check_fault(status, &err);
    }
    lum_csv_close(csv);
    return true;
}

static void read_table(enum lum_lang lang, size_t size)
{
    struct lum_buf once;
    struct lum_buf twice;
    lum_buf_init(&once, 16 * size + 1024);
    lum_buf_init(&twice, 16 * size + 1024);
    if (copy_table(lang, &once)) {
        file_hold(lum_buf_bytes(&once));
        LUM_ASSERT(!once.broken && copy_table(lang, &twice));
        LUM_ASSERT(lum_bytes_equal(lum_buf_bytes(&once), lum_buf_bytes(&twice)));
    }
    lum_buf_fini(&once);
    lum_buf_fini(&twice);
}

static void read_wide_table(enum lum_lang lang, struct lum_bytes line)
{
    struct lum_buf wide;
    lum_buf_init(&wide, LUM_LINE_MAX);
    for (uint32_t i = 0; i < LUM_ELEMENTS_MAX && line.len < 64; i++) {
        lum_buf_put(&wide, line.at, line.len);
    }
    file_hold(lum_buf_bytes(&wide));
    read_table(lang, wide.len);
    lum_buf_fini(&wide);
}

/* A cell of a value is one cell, whatever it holds. */
static void write_value(struct lum_bytes value)
{
    struct lum_buf text;
    struct lum_csv_writer writer = {&text, ',', 0};
    struct lum_csv_row row;
    lum_buf_init(&text, 64 * value.len + 512);
    lum_csv_write_text(&writer, lum_bytes_of("a", 1));
    lum_csv_write_end(&writer);
    lum_csv_write_value(&writer, value);
    lum_csv_write_end(&writer);
    if (lum_pack_check(value) == LUM_FAULT_NONE) {
        LUM_ASSERT(!text.broken);
        file_hold(lum_buf_bytes(&text));
        struct lum_csv *csv = table_open(LUM_LANG_EN, NULL);
        enum lum_status status = csv == NULL ? LUM_INVALID : lum_csv_next(csv, &row, NULL);
        bool has_zero = memchr(text.at, 0, text.len) != NULL;
        LUM_ASSERT(has_zero || (status == LUM_OK && row.count == 1));
        lum_csv_close(csv);
    }
    lum_buf_fini(&text);
}

static void check_memory(enum lum_lang lang, uint64_t memory)
{
    const struct lum_csv_source source = {file, "table.csv", lang, NULL};
    struct lum_csv *csv = NULL;
    struct lum_csv_row row;
    LUM_ASSERT(lseek(file, 0, SEEK_SET) == 0);
    memory_end(memory);
    enum lum_status status = lum_csv_open(&source, &csv, NULL);
    while (status == LUM_OK) {
        status = lum_csv_next(csv, &row, NULL);
    }
    memory_back();
    lum_csv_close(csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    uint8_t way = input_byte(&in);
    enum lum_lang lang = (way & 1) != 0 ? LUM_LANG_ID : LUM_LANG_EN;
    struct lum_bytes text = input_rest(&in);
    if ((way & 2) != 0) {
        write_value(text);
        return 0;
    }
    file_hold(text);
    if ((way & 4) != 0) {
        read_wide_table(lang, text);
    } else {
        read_table(lang, size);
    }
    if (memory_of(data, size) != 0) {
        check_memory(lang, memory_of(data, size));
    }
    return 0;
}
