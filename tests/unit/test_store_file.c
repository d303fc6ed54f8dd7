/*
 * test_store_file.c - the file under a store: whole, cut, short but sound, or something else.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/pack.h"
#include "core/store.h"
#include "core/store_file.h"
#include "tests/lib/temp.h"

enum { META, ROWS, FILE_MAX = 16 * 1024 * 1024 };

struct fixture {
    struct temp temp;
    struct lum_store *store;
    struct lum_error err;
};

static int setup(void **state)
{
    static const char *const tables[] = {"meta", "rows"};
    static struct fixture fixture;
    fixture = (struct fixture){0};
    temp_make(&fixture.temp);
    const struct lum_store_options options = {
        .path = temp_path(&fixture.temp, "x.mdb"),
        .durability = LUM_DERIVED,
        .format = 1,
        .tables = tables,
        .table_count = LUM_COUNT(tables),
        .create = true,
        .map_bytes = LUM_STORE_MAP_BYTES,
    };
    *state = &fixture;
    return lum_store_open(&options, &fixture.store, &fixture.err) == LUM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lum_store_close(f->store);
    temp_drop(&f->temp);
    return 0;
}

static enum lum_status probe(struct fixture *f)
{
    return lum_store_file_probe(temp_path(&f->temp, "x.mdb"), true, &f->err);
}

static struct lum_txn *write_begin(struct fixture *f)
{
    struct lum_txn *txn = NULL;
    assert_int_equal(lum_txn_begin_write(f->store, &txn, &f->err), LUM_OK);
    return txn;
}

static void put_many(struct lum_txn *txn, uint32_t from, uint32_t to, size_t len)
{
    static uint8_t value[8000];
    for (uint32_t i = from; i < to; i++) {
        uint8_t key[4];
        lum_put_u32(key, i);
        assert_int_equal(
            lum_txn_put(txn, ROWS, lum_bytes_of(key, 4), lum_bytes_of(value, len)), LUM_OK);
    }
}

static void drop_many(struct lum_txn *txn, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        uint8_t key[4];
        lum_put_u32(key, i);
        assert_int_equal(lum_txn_delete(txn, ROWS, lum_bytes_of(key, 4)), LUM_OK);
    }
}

/* Cuts the file at many places: always told, for every page but free ones is in use. */
static void a_truncated_file_is_told_wherever_it_is_cut(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[FILE_MAX];
    struct lum_txn *txn = write_begin(f);
    put_many(txn, 0, 600, 300);
    put_many(txn, 1000, 1040, 8000);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    size_t size = temp_read(&f->temp, "x.mdb", bytes, sizeof bytes);
    assert_true(size > 100 * 4096 && size < sizeof bytes);
    assert_int_equal(probe(f), LUM_OK);
    lum_store_close(f->store);
    f->store = NULL;
    for (size_t len = size - 1; len > 0; len = len > 4000 ? len - 4000 : 0) {
        temp_write(&f->temp, "x.mdb", bytes, len);
        assert_int_equal(probe(f), LUM_CORRUPT);
        assert_int_equal(f->err.cause,
                         len < 4096 + 160 ? LUM_CAUSE_store_not_ours : LUM_CAUSE_store_damaged);
    }
}

/* What is made and dropped in one transaction is never written: a shorter file, and a sound one. */
static void a_file_whose_last_pages_are_free_is_sound(void **state)
{
    struct fixture *f = *state;
    static uint8_t big[1000000]; /* more pages in a row than any that are free */
    const struct lum_bytes key = lum_bytes_of("big", 3);
    for (size_t round = 0; round < 3; round++) {
        struct lum_txn *txn = write_begin(f);
        put_many(txn, 0, 2000, 200);
        struct lum_bytes value = lum_bytes_of(big, sizeof big / 3 * (round + 1));
        assert_int_equal(lum_txn_put(txn, ROWS, key, value), LUM_OK);
        if (round != 1) {
            assert_int_equal(lum_txn_delete(txn, ROWS, key), LUM_OK);
        }
        drop_many(txn, 0, 2000);
        assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    }
    assert_true(temp_size(&f->temp, "x.mdb") < lum_store_bytes(f->store));
    assert_int_equal(probe(f), LUM_OK);
}

static void a_newer_version_of_the_form_is_told_with_its_number(void **state)
{
    struct fixture *f = *state;
    temp_flip(&f->temp, "x.mdb", 20, 1 ^ 2); /* version 1 becomes 2 */
    assert_int_equal(probe(f), LUM_NEWER);
    assert_string_equal(f->err.two, "2");
}

static void a_folder_a_link_and_nothing_are_told(void **state)
{
    struct fixture *f = *state;
    const char *path = temp_path(&f->temp, "y.mdb");
    assert_int_equal(lum_store_file_probe(path, true, &f->err), LUM_NOT_FOUND);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(lum_store_file_probe(path, true, &f->err), LUM_CORRUPT);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink(temp_path(&f->temp, "x.mdb"), path), 0);
    assert_int_equal(lum_store_file_probe(path, true, &f->err), LUM_IO);
}

/* Any byte of the two meta pages may be anything: an answer, and no crash. */
static void damaged_meta_pages_are_read_safely(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[FILE_MAX];
    struct lum_txn *txn = write_begin(f);
    put_many(txn, 0, 600, 300);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    lum_store_close(f->store);
    f->store = NULL;
    size_t size = temp_read(&f->temp, "x.mdb", bytes, sizeof bytes);
    for (size_t at = 0; at < 160; at++) {
        for (size_t page = 0; page < 2; page++) {
            temp_write(&f->temp, "x.mdb", bytes, size);
            temp_flip(&f->temp, "x.mdb", page * 4096 + at, 0xff);
            enum lum_status status = probe(f);
            assert_true(status == LUM_OK || status == LUM_CORRUPT || status == LUM_NEWER);
        }
    }
}

static uint16_t u16_at(const uint8_t *at)
{
    uint16_t v = 0;
    memcpy(&v, at, sizeof v);
    return v;
}

/* The bytes of a file of some pages; it is closed. */
static size_t read_to_be_walked(struct fixture *f, uint8_t *bytes)
{
    struct lum_txn *txn = write_begin(f);
    put_many(txn, 0, 300, 300);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    lum_store_close(f->store);
    f->store = NULL;
    assert_int_equal(probe(f), LUM_OK);
    return temp_read(&f->temp, "x.mdb", bytes, FILE_MAX);
}

static void damaged_trees_are_walked_safely(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[FILE_MAX];
    size_t size = read_to_be_walked(f, bytes);
    uint32_t told = 0;
    for (size_t i = 0; i < (size / 4096 - 2) * 160; i++) {
        size_t in_page = i % 160 < 80 ? i % 160 : (i % 160) * 25;
        size_t at = (i / 160 + 2) * 4096 + in_page;
        temp_flip(&f->temp, "x.mdb", at, 0xff);
        enum lum_status status = probe(f);
        assert_true(status == LUM_OK || status == LUM_CORRUPT);
        told += status == LUM_CORRUPT ? 1 : 0;
        temp_flip(&f->temp, "x.mdb", at, 0xff);
    }
    assert_true(told > 100);
}

/* Without memory nothing is said about a file, least of all that it is whole. */
static void a_walk_without_memory_is_no_answer(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[FILE_MAX];
    size_t size = read_to_be_walked(f, bytes);
    assert_int_equal(truncate(temp_path(&f->temp, "x.mdb"), (off_t)size - 8192), 0);
    assert_int_equal(probe(f), LUM_CORRUPT);
    for (uint64_t n = 1; n <= 2; n++) { /* the bits, a page */
        lum_mem_fail_after(n, true);
        enum lum_status status = probe(f);
        lum_mem_fail_after(0, false);
        assert_int_equal(status, LUM_NO_MEMORY);
    }
}

static void a_branch_that_leads_back_to_itself_is_told(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[FILE_MAX];
    size_t size = read_to_be_walked(f, bytes);
    uint32_t branches = 0;
    for (size_t page = 8192; page < size; page += 4096) {
        uint16_t own = (uint16_t)(page / 4096);
        if (u16_at(bytes + page + 10) == 1) { /* a branch */
            branches++;
            memcpy(bytes + page + u16_at(bytes + page + 16), &own, sizeof own);
        }
    }
    assert_int_equal(branches, 1);
    temp_write(&f->temp, "x.mdb", bytes, size);
    assert_int_equal(probe(f), LUM_CORRUPT);
}

static void a_key_longer_than_its_page_is_told(void **state)
{
    struct fixture *f = *state;
    static uint8_t bytes[FILE_MAX];
    size_t size = read_to_be_walked(f, bytes);
    for (size_t page = 8192; page < size; page += 4096) {
        if (u16_at(bytes + page + 10) == 2) { /* a leaf; its first node's key length */
            memset(bytes + page + u16_at(bytes + page + 16) + 6, 0xff, 2);
        }
    }
    temp_write(&f->temp, "x.mdb", bytes, size);
    assert_int_equal(probe(f), LUM_CORRUPT);
}

/* Small pages find room among the free ones, so the large value's pages are the file's last. */
static void a_large_value_that_is_cut_is_told(void **state)
{
    struct fixture *f = *state;
    static const uint8_t big[100000];
    for (uint32_t i = 0; i < 4; i++) {
        struct lum_txn *txn = write_begin(f);
        put_many(txn, 0, 100, 300);
        assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    }
    struct lum_txn *txn = write_begin(f);
    assert_int_equal(
        lum_txn_put(txn, ROWS, lum_bytes_of("big", 3), lum_bytes_of(big, sizeof big)), LUM_OK);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    lum_store_close(f->store);
    f->store = NULL;
    size_t size = temp_size(&f->temp, "x.mdb");
    assert_int_equal(truncate(temp_path(&f->temp, "x.mdb"), (off_t)size - 4096), 0);
    assert_int_equal(probe(f), LUM_CORRUPT);
}

static void what_failed_is_removed(void **state)
{
    struct fixture *f = *state;
    const char *path = temp_path(&f->temp, "copy");
    int fd = -1;
    assert_int_equal(lum_store_file_make(path, &fd), 0);
    assert_int_equal(lum_store_file_finish(path, fd, EIO), EIO);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(lum_store_file_make(path, &fd), 0);
    assert_int_equal(lum_store_file_finish(path, fd, 0), 0);
    assert_int_equal(lum_store_file_make(path, &fd), EEXIST);
}

static void a_thread_that_finds_no_memory_is_no_broken_disk(void **state)
{
    struct fixture *f = *state;
    const char *path = temp_path(&f->temp, "x.mdb");
    assert_int_equal(lum_store_file_cause(path, EAGAIN), LUM_CAUSE_no_memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_truncated_file_is_told_wherever_it_is_cut),
        T(a_file_whose_last_pages_are_free_is_sound),
        T(a_newer_version_of_the_form_is_told_with_its_number),
        T(a_folder_a_link_and_nothing_are_told),
        T(damaged_meta_pages_are_read_safely),
        T(damaged_trees_are_walked_safely),
        T(a_walk_without_memory_is_no_answer),
        T(a_branch_that_leads_back_to_itself_is_told),
        T(a_key_longer_than_its_page_is_told),
        T(a_large_value_that_is_cut_is_told),
        T(what_failed_is_removed),
        T(a_thread_that_finds_no_memory_is_no_broken_disk),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
