/*
 * test_store.c - the door to LMDB: what a transaction promises, and files that are not what they
 * should be.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <lmdb.h>

#include "core/pack.h"
#include "core/store.h"
#include "tests/lib/temp.h"

static const char *const TABLES[] = {"meta", "rows", "more"};
enum { META, ROWS, MORE };

struct fixture {
    struct temp temp;
    struct lum_store *store;
    struct lum_error err;
};

static struct lum_store_options options_of(const struct fixture *f, bool create)
{
    return (struct lum_store_options){
        .path = temp_path(&f->temp, "x.mdb"),
        .durability = LUM_DERIVED,
        .format = 3,
        .tables = TABLES,
        .table_count = LUM_COUNT(TABLES),
        .create = create,
        .map_bytes = LUM_STORE_MAP_BYTES,
    };
}

static enum lum_status open_again(struct fixture *f, bool create)
{
    lum_store_close(f->store);
    f->store = NULL;
    struct lum_store_options options = options_of(f, create);
    return lum_store_open(&options, &f->store, &f->err);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    temp_make(&fixture.temp);
    *state = &fixture;
    return open_again(&fixture, true) == LUM_OK ? 0 : -1;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lum_store_close(f->store);
    temp_drop(&f->temp);
    return 0;
}

static struct lum_bytes text(const char *s)
{
    return lum_bytes_of(s, strlen(s));
}

static struct lum_txn *write_begin(struct fixture *f)
{
    struct lum_txn *txn = NULL;
    assert_int_equal(lum_txn_begin_write(f->store, &txn, &f->err), LUM_OK);
    return txn;
}

static struct lum_txn *read_begin(struct fixture *f)
{
    struct lum_txn *txn = NULL;
    assert_int_equal(lum_txn_begin_read(f->store, &txn, &f->err), LUM_OK);
    return txn;
}

static void put_one(struct fixture *f, const char *key, const char *value)
{
    struct lum_txn *txn = write_begin(f);
    assert_int_equal(lum_txn_put(txn, ROWS, text(key), text(value)), LUM_OK);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
}

static void expect(struct fixture *f, const char *key, const char *value)
{
    struct lum_txn *txn = read_begin(f);
    struct lum_bytes found = {0};
    enum lum_status status = lum_txn_get(txn, ROWS, text(key), &found);
    assert_int_equal(status, value == NULL ? LUM_NOT_FOUND : LUM_OK);
    assert_true(value == NULL || lum_bytes_equal(found, text(value)));
    lum_txn_abort(txn);
}

static void a_committed_row_is_there_after_reopening(void **state)
{
    struct fixture *f = *state;
    put_one(f, "a", "1");
    assert_int_equal(open_again(f, false), LUM_OK);
    expect(f, "a", "1");
    expect(f, "b", NULL);
    assert_int_equal(lum_store_format(f->store), 3);
}

static void an_aborted_row_is_not_there(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *txn = write_begin(f);
    assert_int_equal(lum_txn_put(txn, ROWS, text("a"), text("1")), LUM_OK);
    lum_txn_abort(txn);
    expect(f, "a", NULL);
}

static void a_reader_keeps_its_snapshot(void **state)
{
    struct fixture *f = *state;
    put_one(f, "a", "1");
    struct lum_txn *reader = read_begin(f);
    put_one(f, "a", "2");
    struct lum_bytes found = {0};
    assert_int_equal(lum_txn_get(reader, ROWS, text("a"), &found), LUM_OK);
    assert_true(lum_bytes_equal(found, text("1")));
    struct lum_txn *second = read_begin(f);
    assert_int_equal(lum_txn_get(second, ROWS, text("a"), &found), LUM_OK);
    assert_true(lum_bytes_equal(found, text("2")));
    lum_txn_abort(reader);
    lum_txn_abort(second);
    expect(f, "a", "2");
}

static void a_write_transaction_reads_its_own_rows(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *txn = write_begin(f);
    struct lum_bytes found = {0};
    assert_int_equal(lum_txn_put(txn, ROWS, text("a"), text("1")), LUM_OK);
    assert_int_equal(lum_txn_get(txn, ROWS, text("a"), &found), LUM_OK);
    assert_true(lum_bytes_equal(found, text("1")));
    assert_int_equal(lum_txn_delete(txn, ROWS, text("a")), LUM_OK);
    assert_int_equal(lum_txn_delete(txn, ROWS, text("a")), LUM_NOT_FOUND);
    assert_int_equal(lum_txn_get(txn, ROWS, text("a"), &found), LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

static void fill(struct fixture *f, uint32_t table, uint32_t n, size_t value_len)
{
    static uint8_t value[8000];
    struct lum_txn *txn = write_begin(f);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t key[4];
        lum_put_u32(key, i * 2);
        assert_int_equal(lum_txn_append(txn, table, lum_bytes_of(key, sizeof key),
                                        lum_bytes_of(value, value_len)),
                         LUM_OK);
    }
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
}

static void a_scan_finds_neighbours_both_ways(void **state)
{
    struct fixture *f = *state;
    fill(f, ROWS, 1000, 100);
    struct lum_txn *txn = read_begin(f);
    struct lum_scan scan;
    uint8_t key[4];
    lum_put_u32(key, 501);
    assert_int_equal(lum_scan_open(txn, ROWS, &scan), LUM_OK);
    assert_true(lum_scan_seek(&scan, lum_bytes_of(key, 4)));
    assert_int_equal(lum_get_u32(scan.key.at), 502);
    assert_true(lum_scan_next(&scan));
    assert_int_equal(lum_get_u32(scan.key.at), 504);
    assert_true(lum_scan_seek_before(&scan, lum_bytes_of(key, 4)));
    assert_int_equal(lum_get_u32(scan.key.at), 500);
    lum_put_u32(key, 9999);
    assert_false(lum_scan_seek(&scan, lum_bytes_of(key, 4)));
    assert_true(lum_scan_seek_before(&scan, lum_bytes_of(key, 4)));
    assert_int_equal(lum_get_u32(scan.key.at), 1998);
    lum_put_u32(key, 0);
    assert_false(lum_scan_seek_before(&scan, lum_bytes_of(key, 4)));
    assert_true(lum_scan_last(&scan));
    assert_int_equal(lum_get_u32(scan.key.at), 1998);
    lum_scan_close(&scan);
    assert_int_equal(lum_txn_rows(txn, ROWS), 1000);
    assert_int_equal(lum_txn_rows(txn, MORE), 0);
    lum_txn_abort(txn);
}

static void clear_empties_one_table_only(void **state)
{
    struct fixture *f = *state;
    fill(f, ROWS, 10, 10);
    fill(f, MORE, 20, 10);
    struct lum_txn *txn = write_begin(f);
    assert_int_equal(lum_txn_clear(txn, ROWS), LUM_OK);
    assert_int_equal(lum_txn_put(txn, ROWS, text("a"), text("1")), LUM_OK);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    txn = read_begin(f);
    assert_int_equal(lum_txn_rows(txn, ROWS), 1);
    assert_int_equal(lum_txn_rows(txn, MORE), 20);
    lum_txn_abort(txn);
}

static void a_missing_store_is_told_and_not_made(void **state)
{
    struct fixture *f = *state;
    lum_store_close(f->store);
    f->store = NULL;
    assert_int_equal(unlink(temp_path(&f->temp, "x.mdb")), 0);
    assert_int_equal(open_again(f, false), LUM_NOT_FOUND);
    assert_int_equal(f->err.cause, LUM_CAUSE_no_store);
    assert_int_equal(access(temp_path(&f->temp, "x.mdb"), F_OK), -1);
}

static void an_empty_file_counts_as_none(void **state)
{
    struct fixture *f = *state;
    lum_store_close(f->store);
    f->store = NULL;
    temp_write(&f->temp, "x.mdb", "", 0);
    assert_int_equal(open_again(f, false), LUM_NOT_FOUND);
    assert_int_equal(open_again(f, true), LUM_OK);
    put_one(f, "a", "1");
}

static void a_text_file_is_told_and_left_alone(void **state)
{
    struct fixture *f = *state;
    static char page[20000];
    static char after[20001];
    lum_store_close(f->store);
    f->store = NULL;
    memset(page, 'x', sizeof page);
    temp_write(&f->temp, "x.mdb", page, sizeof page);
    assert_int_equal(open_again(f, true), LUM_CORRUPT);
    assert_int_equal(f->err.cause, LUM_CAUSE_store_not_ours);
    assert_int_equal(temp_read(&f->temp, "x.mdb", after, sizeof after), sizeof page);
    assert_memory_equal(page, after, sizeof page);
    temp_write(&f->temp, "x.mdb", "hello\n", 6);
    assert_int_equal(open_again(f, true), LUM_CORRUPT);
    assert_int_equal(f->err.cause, LUM_CAUSE_store_not_ours);
}

static void a_store_of_another_program_is_told(void **state)
{
    struct fixture *f = *state;
    static const char *const other[] = {"other"};
    lum_store_close(f->store);
    f->store = NULL;
    assert_int_equal(unlink(temp_path(&f->temp, "x.mdb")), 0);
    struct lum_store_options options = options_of(f, true);
    options.tables = other;
    options.table_count = 1;
    assert_int_equal(lum_store_open(&options, &f->store, &f->err), LUM_OK);
    assert_int_equal(open_again(f, true), LUM_CORRUPT);
    assert_int_equal(f->err.cause, LUM_CAUSE_store_not_ours);
}

/* What is left when a process ends between LMDB's making of the file and the first commit. */
static void a_file_whose_making_was_cut_short_is_none(void **state)
{
    struct fixture *f = *state;
    MDB_env *env = NULL;
    lum_store_close(f->store);
    f->store = NULL;
    const char *path = temp_path(&f->temp, "x.mdb");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    mdb_env_close(env);
    assert_int_equal(open_again(f, false), LUM_NOT_FOUND);
    assert_int_equal(f->err.cause, LUM_CAUSE_no_store);
    assert_int_equal(open_again(f, true), LUM_OK);
}

static void expect_none(struct fixture *f, const uint8_t *bytes, size_t len)
{
    temp_write(&f->temp, "x.mdb", bytes, len);
    assert_int_equal(open_again(f, false), LUM_NOT_FOUND);
    assert_int_equal(f->err.cause, LUM_CAUSE_no_store);
    assert_int_equal(open_again(f, true), LUM_OK);
    lum_store_close(f->store);
    f->store = NULL;
}

/* LMDB makes a file with one write of two pages: any part of it, or either page without the other,
 * is what a power cut may leave. */
static void a_file_of_half_a_first_write_is_none(void **state)
{
    struct fixture *f = *state;
    static uint8_t made[65536];
    static uint8_t torn[65536];
    MDB_env *env = NULL;
    lum_store_close(f->store);
    f->store = NULL;
    const char *path = temp_path(&f->temp, "x.mdb");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
    mdb_env_close(env);
    size_t size = temp_read(&f->temp, "x.mdb", made, sizeof made);
    size_t page = size / 2;
    for (size_t len = 1; len <= size; len += len < 24 ? 1 : 509) {
        expect_none(f, made, len);
    }
    expect_none(f, torn, size); /* the size came to the disk, the bytes did not */
    memcpy(torn + page, made + page, page);
    expect_none(f, torn, size);
}

/* The newest of two commits is lost with its page, and what the first one made is not saved data.
 * From the second on page 0 tells that there was something. */
static void a_store_cut_to_its_first_page_is_damaged_and_not_none(void **state)
{
    struct fixture *f = *state;
    static uint8_t page[4096];
    put_one(f, "a", "1");
    lum_store_close(f->store);
    f->store = NULL;
    assert_true(temp_read(&f->temp, "x.mdb", page, sizeof page) == sizeof page);
    temp_write(&f->temp, "x.mdb", page, sizeof page);
    assert_int_equal(open_again(f, true), LUM_CORRUPT);
    assert_int_equal(temp_size(&f->temp, "x.mdb"), sizeof page);
}

static void a_newer_format_is_refused_with_its_number(void **state)
{
    struct fixture *f = *state;
    struct lum_store_options options = options_of(f, true);
    options.format = 2;
    lum_store_close(f->store);
    f->store = NULL;
    assert_int_equal(lum_store_open(&options, &f->store, &f->err), LUM_NEWER);
    assert_int_equal(f->err.cause, LUM_CAUSE_store_newer);
    assert_string_equal(f->err.two, "3");
    options.format = 4;
    assert_int_equal(lum_store_open(&options, &f->store, &f->err), LUM_OK);
    assert_int_equal(lum_store_format(f->store), 3);
}

static void a_truncated_file_is_told_and_left_alone(void **state)
{
    struct fixture *f = *state;
    fill(f, ROWS, 600, 300);
    lum_store_close(f->store);
    f->store = NULL;
    size_t size = temp_size(&f->temp, "x.mdb") / 2;
    assert_int_equal(truncate(temp_path(&f->temp, "x.mdb"), (off_t)size), 0);
    assert_int_equal(open_again(f, true), LUM_CORRUPT);
    assert_int_equal(f->err.cause, LUM_CAUSE_store_damaged);
    assert_int_equal(temp_size(&f->temp, "x.mdb"), size);
}

static void the_file_is_for_its_owner_only(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(stat(temp_path(&f->temp, "x.mdb"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(lum_store_copy(f->store, temp_path(&f->temp, "y.mdb"), &f->err), LUM_OK);
    assert_int_equal(stat(temp_path(&f->temp, "y.mdb"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_copy_is_smaller_and_holds_the_same(void **state)
{
    struct fixture *f = *state;
    fill(f, MORE, 2000, 500);
    struct lum_txn *txn = write_begin(f);
    assert_int_equal(lum_txn_clear(txn, MORE), LUM_OK);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    put_one(f, "a", "1");
    assert_int_equal(lum_store_copy(f->store, temp_path(&f->temp, "y.mdb"), &f->err), LUM_OK);
    assert_true(temp_size(&f->temp, "y.mdb") < temp_size(&f->temp, "x.mdb") / 4);
    assert_int_equal(lum_store_copy(f->store, temp_path(&f->temp, "y.mdb"), &f->err), LUM_EXISTS);
    lum_store_close(f->store);
    f->store = NULL;
    assert_int_equal(rename(temp_path(&f->temp, "y.mdb"), temp_path(&f->temp, "x.mdb")), 0);
    assert_int_equal(open_again(f, false), LUM_OK);
    expect(f, "a", "1");
}

static void a_full_map_is_told_and_the_store_goes_on(void **state)
{
    struct fixture *f = *state;
    static uint8_t big[8000];
    struct lum_store_options options = options_of(f, false);
    options.map_bytes = 16 * 1024 * 1024;
    lum_store_close(f->store);
    f->store = NULL;
    assert_int_equal(lum_store_open(&options, &f->store, &f->err), LUM_OK);
    put_one(f, "a", "1");
    struct lum_txn *txn = write_begin(f);
    enum lum_status status = LUM_OK;
    for (uint32_t i = 1; i < 4000 && status == LUM_OK; i++) {
        uint8_t key[4];
        lum_put_u32(key, i);
        status = lum_txn_put(txn, MORE, lum_bytes_of(key, 4), lum_bytes_of(big, sizeof big));
    }
    assert_int_equal(status, LUM_FULL);
    assert_int_equal(lum_store_fail(f->store, status, &f->err), LUM_FULL);
    assert_int_equal(f->err.cause, LUM_CAUSE_map_full);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_FULL);
    assert_int_equal(f->err.cause, LUM_CAUSE_map_full);
    put_one(f, "b", "2");
    expect(f, "a", "1");
    expect(f, "b", "2");
}

static enum lum_status commit_big(struct fixture *f)
{
    static uint8_t big[100000];
    struct lum_txn *txn = write_begin(f);
    assert_int_equal(lum_txn_put(txn, MORE, text("b"), lum_bytes_of(big, sizeof big)), LUM_OK);
    return lum_txn_commit(txn, &f->err);
}

static void a_file_at_its_limit_is_told_and_the_store_goes_on(void **state)
{
    struct fixture *f = *state;
    struct rlimit old;
    put_one(f, "a", "1");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    struct rlimit small = {.rlim_cur = temp_size(&f->temp, "x.mdb") + 40960,
                           .rlim_max = old.rlim_max};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum lum_status status = commit_big(f);
    put_one(f, "c", "3");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(status, LUM_FULL);
    assert_int_equal(f->err.cause, LUM_CAUSE_disk_full);
    expect(f, "a", "1");
    expect(f, "b", NULL);
    expect(f, "c", "3");
}

/* The store's file under LMDB may no longer be written: that stands for a disk that fails. */
static void break_the_file(struct fixture *f)
{
    int broken = open(temp_path(&f->temp, "x.mdb"), O_RDONLY | O_CLOEXEC);
    struct stat wanted;
    assert_true(broken >= 0 && fstat(broken, &wanted) == 0);
    for (int fd = 3; fd < 256; fd++) {
        struct stat st;
        if (fd != broken && fstat(fd, &st) == 0 && st.st_ino == wanted.st_ino &&
            st.st_dev == wanted.st_dev) {
            assert_int_equal(dup2(broken, fd), fd);
        }
    }
    (void)close(broken);
}

static void after_a_failed_write_the_store_refuses_everything(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *txn;
    put_one(f, "a", "1");
    break_the_file(f);
    assert_int_equal(commit_big(f), LUM_IO);
    assert_int_equal(f->err.cause, LUM_CAUSE_disk_sync_failed);
    assert_int_equal(lum_txn_begin_write(f->store, &txn, &f->err), LUM_IO);
    assert_int_equal(lum_txn_begin_read(f->store, &txn, &f->err), LUM_IO);
    assert_int_equal(open_again(f, false), LUM_OK);
    expect(f, "a", "1");
    expect(f, "b", NULL);
}

static void a_missing_bit_of_memory_is_a_status(void **state)
{
    struct fixture *f = *state;
    for (uint64_t n = 1; n < 20; n++) {
        lum_mem_fail_after(n, false);
        enum lum_status status = open_again(f, true);
        lum_mem_fail_after(0, false);
        assert_true(status == LUM_OK || status == LUM_NO_MEMORY);
        assert_true((status == LUM_OK) == (f->store != NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_committed_row_is_there_after_reopening),
        T(an_aborted_row_is_not_there),
        T(a_reader_keeps_its_snapshot),
        T(a_write_transaction_reads_its_own_rows),
        T(a_scan_finds_neighbours_both_ways),
        T(clear_empties_one_table_only),
        T(a_missing_store_is_told_and_not_made),
        T(an_empty_file_counts_as_none),
        T(a_text_file_is_told_and_left_alone),
        T(a_store_of_another_program_is_told),
        T(a_file_whose_making_was_cut_short_is_none),
        T(a_file_of_half_a_first_write_is_none),
        T(a_store_cut_to_its_first_page_is_damaged_and_not_none),
        T(a_newer_format_is_refused_with_its_number),
        T(a_truncated_file_is_told_and_left_alone),
        T(the_file_is_for_its_owner_only),
        T(a_copy_is_smaller_and_holds_the_same),
        T(a_full_map_is_told_and_the_store_goes_on),
        T(a_file_at_its_limit_is_told_and_the_store_goes_on),
        T(after_a_failed_write_the_store_refuses_everything),
        T(a_missing_bit_of_memory_is_a_status),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
