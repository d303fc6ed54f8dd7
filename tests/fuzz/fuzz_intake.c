/*
 * fuzz_intake.c - a file of records on its way in: a table or objects, with and without keys.
 *
 *   input = way u8 | key fields, a line | the file
 *     way & 1  objects; else a table     way & 2  keys by the fields named
 *     way & 4  else by number            way & 8  the language of messages
 *     way & 16 the file is there again and again, up to 70,000 bytes
 *
 * Holds: a row that is given can be a record, byte for byte canonical; a file is the same each time
 * it is read, row by row or all of it in batches; a fault is one of those that the header names,
 * with a place.
 */
#define _GNU_SOURCE /* memfd_create */
#include <sys/mman.h>
#include <unistd.h>

#include "cli/intake.h"
#include "core/limits.h"
#include "core/pack.h"
#include "core/value.h"
#include "tests/fuzz/input.h"

enum {
    LONG_FILE = 70000,
};

static int file = -1;

static struct lum_spool hold(struct lum_bytes bytes, bool is_long)
{
    struct lum_spool spool = {.name = "rows"};
    if (file < 0) {
        file = memfd_create("rows", 0);
    }
    LUM_ASSERT(file >= 0 && ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
    LUM_ASSERT(write(file, bytes.at, bytes.len) == (ssize_t)bytes.len);
    for (size_t i = 0; is_long && bytes.len > 0 && i < LONG_FILE; i += bytes.len) {
        LUM_ASSERT(write(file, bytes.at, bytes.len) == (ssize_t)bytes.len);
    }
    LUM_ASSERT(lseek(file, 0, SEEK_SET) == 0);
    spool.fd = file;
    return spool;
}

static void check_fault(enum lum_status status, const struct lum_error *err)
{
    static const enum lum_cause causes[] = {
        LUM_CAUSE_bad_row,       LUM_CAUSE_bad_json,        LUM_CAUSE_bad_key,
        LUM_CAUSE_duplicate_key, LUM_CAUSE_bad_encoding,    LUM_CAUSE_line_too_long,
        LUM_CAUSE_bad_usage,     LUM_CAUSE_too_many_fields,
    };
    bool is_known = false;
    for (size_t i = 0; i < LUM_COUNT(causes); i++) {
        is_known = is_known || err->cause == causes[i];
    }
    LUM_ASSERT(is_known && lum_cause_status(err->cause) == status);
    LUM_ASSERT(err->cause == LUM_CAUSE_bad_usage || strncmp(err->one, "rows:", 5) == 0);
}

static void check_row(const struct lum_intake_row *row, bool has_key)
{
    struct lum_cur cur = lum_cur_over(row->fields);
    LUM_ASSERT(lum_pack_check(row->fields) == LUM_FAULT_NONE);
    LUM_ASSERT(has_key ? lum_key_is_valid(row->key) : row->key.len == 0);
    LUM_ASSERT(row->fields.len < LUM_PAYLOAD_MAX && row->line > 0);
    uint32_t count = lum_cur_map(&cur, LUM_ELEMENTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        LUM_ASSERT(lum_field_is_valid(lum_cur_str(&cur, LUM_FIELD_MAX)));
        LUM_ASSERT(lum_value_read(&cur).len > 0);
    }
    LUM_ASSERT(lum_cur_end(&cur) == LUM_FAULT_NONE);
}

/* Gives how the file ends; its rows are hashed as requests carry them. */
static enum lum_status read_rows(const struct lum_intake_options *options, uint64_t *rows,
                                 struct lum_hash *hash, struct lum_error *err)
{
    struct lum_intake *intake = NULL;
    struct lum_intake_row row;
    struct lum_plain_hasher hasher;
    struct lum_buf key;
    enum lum_status status = lum_intake_open(options, &intake, err);
    *rows = 0;
    lum_buf_init(&key, 2 * LUM_KEY_MAX);
    lum_plain_hash_init(&hasher);
    while (status == LUM_OK && (status = lum_intake_next(intake, &row, err)) == LUM_OK) {
        check_row(&row, options->key != LUM_KEY_NONE);
        lum_buf_reset(&key);
        if (row.key.len > 0) {
            lum_pack_str(&key, row.key);
        }
        lum_plain_hash_add(&hasher, key.at, key.len);
        lum_plain_hash_add(&hasher, row.fields.at, row.fields.len);
        *rows += 1;
    }
    lum_plain_hash_end(&hasher, hash->b);
    lum_buf_fini(&key);
    lum_intake_close(intake);
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

/* The same for the rows in batches. */
static void hash_batches(struct lum_batches *batches, uint64_t *rows, struct lum_hash *hash)
{
    struct lum_plain_hasher hasher;
    struct lum_buf batch;
    uint64_t count = 0;
    enum lum_status status = LUM_OK;
    *rows = 0;
    lum_plain_hash_init(&hasher);
    lum_buf_init(&batch, LUM_BATCH_BYTES);
    while ((status = lum_batches_next(batches, &batch, &count, NULL)) == LUM_OK) {
        LUM_ASSERT(count > 0 && count <= LUM_BATCH_ROWS);
        lum_plain_hash_add(&hasher, batch.at, batch.len);
        *rows += count;
    }
    LUM_ASSERT(status == LUM_NOT_FOUND);
    lum_plain_hash_end(&hasher, hash->b);
    lum_buf_fini(&batch);
}

static void check_file(const struct lum_intake_options *options)
{
    struct lum_error err = {0};
    struct lum_batches batches;
    struct lum_hash hashes[3];
    uint64_t rows[3];
    lum_batches_init(&batches);
    enum lum_status status = lum_intake_all(options, &batches, &err);
    if (status != LUM_OK) {
        check_fault(status, &err);
    }
    hash_batches(&batches, &rows[0], &hashes[0]);
    lum_batches_fini(&batches);
    for (unsigned i = 1; i <= 2; i++) {
        LUM_ASSERT(lseek(options->spool->fd, 0, SEEK_SET) == 0);
        enum lum_status again = read_rows(options, &rows[i], &hashes[i], &err);
        LUM_ASSERT(again == status || status == LUM_INVALID); /* the same key twice */
        LUM_ASSERT(status != LUM_OK || (rows[i] == rows[0] &&
                                        memcmp(hashes[i].b, hashes[0].b, 32) == 0));
    }
    LUM_ASSERT(rows[1] == rows[2] && memcmp(hashes[1].b, hashes[2].b, 32) == 0);
}

static enum lum_status read_all(const struct lum_intake_options *options)
{
    struct lum_batches batches;
    LUM_ASSERT(lseek(options->spool->fd, 0, SEEK_SET) == 0);
    lum_batches_init(&batches);
    enum lum_status status = lum_intake_all(options, &batches, NULL);
    lum_batches_fini(&batches);
    return status;
}

static void check_memory(const struct lum_intake_options *options, uint64_t memory)
{
    enum lum_status status = read_all(options);
    memory_end(memory);
    enum lum_status hungry = read_all(options);
    memory_back();
    LUM_ASSERT(hungry == status || hungry == LUM_NO_MEMORY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    uint8_t way = input_byte(&in);
    size_t line = 0;
    while (line < in.left && line < 1000 && in.at[line] != '\n' && in.at[line] != '\0') {
        line++;
    }
    char key_fields[1001] = {0};
    memcpy(key_fields, in.at, line);
    (void)input_bytes(&in, line + 1);
    struct lum_spool spool = hold(input_rest(&in), (way & 16) != 0);
    const struct lum_intake_options options = {
        .spool = &spool,
        .is_json = (way & 1) != 0,
        .key = (way & 2) != 0   ? LUM_KEY_FIELDS
               : (way & 4) != 0 ? LUM_KEY_NUMBER
                                : LUM_KEY_NONE,
        .key_fields = key_fields,
        .lang = (way & 8) != 0 ? LUM_LANG_ID : LUM_LANG_EN,
    };
    check_file(&options);
    if (!options.is_json && memory_of(data, size) != 0) {
        check_memory(&options, memory_of(data, size));
    }
    return 0;
}
