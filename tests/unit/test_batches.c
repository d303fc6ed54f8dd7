/* test_batches.c - rows between their reading and their writing, in memory and in a file. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "cli/batches.h"
#include "core/limits.h"
#include "core/pack.h"

static struct lum_batches batches;
static struct lum_buf out;
static struct lum_error error;

static int set_up(void **state)
{
    (void)state;
    lum_batches_init(&batches);
    lum_buf_init(&out, LUM_REQUEST_MAX);
    memset(&error, 0, sizeof(error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_batches_fini(&batches);
    lum_buf_fini(&out);
    return 0;
}

/* Row i: its key is its number, its value a text of `len` bytes. */
static enum lum_status add_row(uint64_t i, size_t len)
{
    static char text[LUM_PAYLOAD_MAX];
    struct lum_buf fields;
    char key[24];
    memset(text, 'x', sizeof(text));
    snprintf(key, sizeof(key), "%06llu", (unsigned long long)i);
    lum_buf_init(&fields, LUM_PAYLOAD_MAX);
    lum_pack_map(&fields, 1);
    lum_pack_cstr(&fields, "v");
    lum_pack_str(&fields, lum_bytes_of(text, len));
    enum lum_status status =
        lum_batches_add(&batches, lum_bytes_of(key, strlen(key)), lum_buf_bytes(&fields), &error);
    lum_buf_fini(&fields);
    return status;
}

/* The next batch goes on at row *at, and holds what it says. */
static uint64_t take_batch(uint64_t *at, size_t len)
{
    uint64_t rows = 0;
    assert_int_equal(lum_batches_next(&batches, &out, &rows, &error), LUM_OK);
    assert_in_range(rows, 1, LUM_BATCH_ROWS);
    assert_in_range(out.len, 1, LUM_BATCH_BYTES);
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&out));
    for (uint64_t i = 0; i < rows; i++, *at += 1) {
        char key[24];
        snprintf(key, sizeof(key), "%06llu", (unsigned long long)*at);
        assert_true(lum_bytes_equal(lum_cur_str(&cur, 24), lum_bytes_of(key, strlen(key))));
        assert_int_equal(lum_cur_map(&cur, 1), 1);
        assert_int_equal(lum_cur_str(&cur, 1).len, 1);
        assert_int_equal(lum_cur_str(&cur, len).len, len);
    }
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
    return rows;
}

static void expect_end(void)
{
    uint64_t rows = 0;
    assert_int_equal(lum_batches_next(&batches, &out, &rows, &error), LUM_NOT_FOUND);
    assert_int_equal(out.len, 0);
}

static void no_rows_are_no_batch(void **state)
{
    (void)state;
    expect_end();
}

static void one_batch_stays_in_memory(void **state)
{
    (void)state;
    uint64_t at = 0;
    for (uint64_t i = 0; i < LUM_BATCH_ROWS; i++) {
        assert_int_equal(add_row(i, 3), LUM_OK);
    }
    assert_int_equal(batches.fd, -1);
    assert_int_equal(take_batch(&at, 3), LUM_BATCH_ROWS);
    expect_end();
    expect_end();
}

static void many_come_back_in_their_order(void **state)
{
    (void)state;
    uint64_t at = 0;
    for (uint64_t i = 0; i < 3 * LUM_BATCH_ROWS + 5; i++) {
        assert_int_equal(add_row(i, 3), LUM_OK);
    }
    assert_true(batches.fd >= 0);
    assert_int_equal(batches.rows, 3 * LUM_BATCH_ROWS + 5);
    assert_true(batches.newest.room < LUM_BATCH_BYTES / 8);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(take_batch(&at, 3), LUM_BATCH_ROWS);
    }
    assert_int_equal(take_batch(&at, 3), 5);
    expect_end();
}

static void a_batch_ends_before_it_is_too_large(void **state)
{
    (void)state;
    uint64_t at = 0;
    for (uint64_t i = 0; i < 200; i++) {
        assert_int_equal(add_row(i, 60000), LUM_OK);
    }
    assert_int_equal(batches.newest.room, LUM_BATCH_BYTES);
    while (at < 200) {
        uint64_t rows = take_batch(&at, 60000);
        assert_int_equal(rows,
                         at < 200 ? LUM_BATCH_BYTES / 60016 : 200 % (LUM_BATCH_BYTES / 60016));
    }
    expect_end();
}

static void a_row_without_a_key_is_its_fields(void **state)
{
    (void)state;
    uint64_t rows = 0;
    assert_int_equal(
        lum_batches_add(&batches, lum_bytes_of("", 0), lum_bytes_of("\x80", 1), &error), LUM_OK);
    assert_int_equal(lum_batches_next(&batches, &out, &rows, &error), LUM_OK);
    assert_int_equal(rows, 1);
    assert_int_equal(out.len, 1);
    assert_int_equal(out.at[0], 0x80);
}

/* What adding two batches and a row comes to. */
static enum lum_status add_many(void)
{
    enum lum_status status = LUM_OK;
    for (uint64_t i = 0; i < 2 * LUM_BATCH_ROWS + 1 && status == LUM_OK; i++) {
        status = add_row(i, 3);
    }
    return status;
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    char *before = getenv("TMPDIR") != NULL ? strdup(getenv("TMPDIR")) : NULL;
    assert_int_equal(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    enum lum_status status = add_many();
    assert_int_equal(before != NULL ? setenv("TMPDIR", before, 1) : unsetenv("TMPDIR"), 0);
    free(before);
    assert_int_equal(status, LUM_NOT_FOUND);
    assert_string_equal(lum_cause_name(error.cause), "no_file");
    assert_string_equal(error.one, "/nowhere/at/all");
}

static void a_file_that_may_not_grow_is_told(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct rlimit small = {.rlim_cur = 100000, .rlim_max = before.rlim_max};
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum lum_status status = add_many();
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, LUM_FULL);
    assert_string_equal(lum_cause_name(error.cause), "disk_full");
}

static void no_memory_is_told(void **state)
{
    (void)state;
    lum_mem_fail_after(1, true);
    enum lum_status status =
        lum_batches_add(&batches, lum_bytes_of("k", 1), lum_bytes_of("\x80", 1), &error);
    lum_mem_fail_after(0, false);
    assert_int_equal(status, LUM_NO_MEMORY);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(no_rows_are_no_batch),
        CASE(one_batch_stays_in_memory),
        CASE(many_come_back_in_their_order),
        CASE(a_batch_ends_before_it_is_too_large),
        CASE(a_row_without_a_key_is_its_fields),
        CASE(a_folder_that_is_not_there_is_named),
        CASE(a_file_that_may_not_grow_is_told),
        CASE(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
