/*
 * test_disk.c - what the disk in memory keeps, loses and refuses; its rows are compared with LMDB's
 * in test_against_lmdb.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/store.h"
#include "tests/disk/disk.h"

static const char *const TABLES[] = {"meta", "rows"};
enum {
    META,
    ROWS
};

struct fixture {
    struct disk *disk;
    struct lum_env env;
    struct lum_store *store;
    struct lum_error err;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.disk = disk_open()};
    disk_env(&fixture.env);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lum_store_close(f->store);
    disk_close(f->disk);
    return 0;
}

static struct lum_bytes text(const char *s)
{
    return lum_bytes_of(s, strlen(s));
}

static const char *path_on(const struct disk *disk, const char *name)
{
    static char paths[4][64];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", disk_path(disk), name);
    return path;
}

/* ---- stores ---- */

static enum lum_status open_as(struct fixture *f, struct disk *disk, const char *name,
                               enum lum_durability durability)
{
    const struct lum_store_options options = {
        .path = path_on(disk, name),
        .durability = durability,
        .format = 1,
        .tables = TABLES,
        .table_count = LUM_COUNT(TABLES),
        .create = true,
        .map_bytes = LUM_STORE_MAP_BYTES,
    };
    lum_store_close(f->store);
    f->store = NULL;
    return lum_store_open(&options, &f->store, &f->err);
}

static void open_x(struct fixture *f, enum lum_durability durability)
{
    assert_int_equal(open_as(f, f->disk, "x", durability), LUM_OK);
}

static enum lum_status put(struct fixture *f, const char *key, const char *value)
{
    struct lum_txn *txn = NULL;
    enum lum_status status = lum_txn_begin_write(f->store, &txn, &f->err);
    if (status != LUM_OK) {
        return status;
    }
    assert_int_equal(lum_txn_put(txn, ROWS, text(key), text(value)), LUM_OK);
    return lum_txn_commit(txn, &f->err);
}

static void must_put(struct fixture *f, const char *key, const char *value)
{
    assert_int_equal(put(f, key, value), LUM_OK);
}

static bool holds(struct fixture *f, const char *key, const char *value)
{
    struct lum_txn *txn = NULL;
    struct lum_bytes found = {0};
    assert_int_equal(lum_txn_begin_read(f->store, &txn, &f->err), LUM_OK);
    enum lum_status status = lum_txn_get(txn, ROWS, text(key), &found);
    bool is_so = status == LUM_OK && lum_bytes_equal(found, text(value));
    lum_txn_abort(txn);
    return is_so;
}

static uint64_t rows(struct fixture *f)
{
    return disk_rows(f->disk, "x", ROWS);
}

/* The power goes, and comes back with what the numbers draw. */
static void crash(struct fixture *f, const char *numbers)
{
    struct choice choice;
    choice_from_text(&choice, numbers);
    disk_cut(f->disk);
    lum_store_close(f->store);
    f->store = NULL;
    disk_crash(f->disk, &choice);
    choice_close(&choice);
}

static void a_durable_commit_is_never_lost(void **state)
{
    struct fixture *f = *state;
    open_x(f, LUM_DURABLE);
    must_put(f, "a", "1");
    must_put(f, "a", "2");
    crash(f, "1 1 1 1");
    open_x(f, LUM_DURABLE);
    assert_true(holds(f, "a", "2"));
}

static void a_transaction_that_was_open_is_gone(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *txn = NULL;
    open_x(f, LUM_DURABLE);
    assert_int_equal(lum_txn_begin_write(f->store, &txn, &f->err), LUM_OK);
    assert_int_equal(lum_txn_put(txn, ROWS, text("a"), text("1")), LUM_OK);
    disk_cut(f->disk);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_IO);
    assert_int_equal(f->err.cause, LUM_CAUSE_disk_sync_failed);
    crash(f, "");
    open_x(f, LUM_DURABLE);
    assert_int_equal(rows(f), 0);
}

static void a_derived_store_may_lose_one_commit(void **state)
{
    struct fixture *f = *state;
    for (unsigned lost = 0; lost < 2; lost++) {
        open_x(f, LUM_DERIVED);
        must_put(f, "a", "1");
        must_put(f, "a", "2");
        must_put(f, "a", "3");
        crash(f, lost == 0 ? "0" : "1");
        open_x(f, LUM_DERIVED);
        assert_true(holds(f, "a", lost == 0 ? "3" : "2"));
        crash(f, "1");
        open_x(f, LUM_DERIVED);
        assert_true(holds(f, "a", lost == 0 ? "3" : "2"));
    }
    must_put(f, "a", "4");
    assert_int_equal(lum_store_sync(f->store, &f->err), LUM_OK);
    crash(f, "1");
    open_x(f, LUM_DERIVED);
    assert_true(holds(f, "a", "4"));
}

static void a_derived_store_may_lose_that_it_was_made(void **state)
{
    struct fixture *f = *state;
    uint64_t size = 1;
    open_x(f, LUM_DERIVED);
    crash(f, "1");
    assert_int_equal(f->env.file_size(NULL, path_on(f->disk, "x"), &size), LUM_OK);
    assert_int_equal(size, 0);
    open_x(f, LUM_DERIVED);
    must_put(f, "a", "1");
    assert_true(holds(f, "a", "1"));
}

static void a_scratch_store_is_worth_nothing_until_it_is_synced(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *draws;
        enum lum_status opens;
        uint64_t rows;
    } cases[] = {{"0", LUM_OK, 2},
                 {"1", LUM_OK, 1},
                 {"2", LUM_OK, 0},
                 {"3", LUM_OK, 0},
                 {"4", LUM_CORRUPT, 0}};
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        (void)f->env.file_remove(NULL, path_on(f->disk, "x"));
        open_x(f, LUM_SCRATCH);
        must_put(f, "a", "1");
        must_put(f, "b", "1");
        assert_int_equal(
            f->env.file_rename(NULL, path_on(f->disk, "x"), path_on(f->disk, "y"), &f->err),
            LUM_OK);
        crash(f, cases[i].draws);
        assert_int_equal(open_as(f, f->disk, "y", LUM_DERIVED), cases[i].opens);
        assert_int_equal(disk_rows(f->disk, "y", ROWS), cases[i].rows);
    }
    assert_int_equal(f->err.cause, LUM_CAUSE_store_damaged);
    (void)f->env.file_remove(NULL, path_on(f->disk, "x"));
    open_x(f, LUM_SCRATCH);
    must_put(f, "a", "1");
    assert_int_equal(lum_store_sync(f->store, &f->err), LUM_OK);
    crash(f, "4 4 4");
    open_x(f, LUM_DERIVED);
    assert_true(holds(f, "a", "1"));
}

static void what_is_open_at_a_crash_writes_nowhere(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *reader = NULL;
    struct lum_bytes found = {0};
    open_x(f, LUM_DURABLE);
    must_put(f, "a", "1");
    struct lum_store *old = f->store;
    assert_int_equal(lum_txn_begin_read(old, &reader, &f->err), LUM_OK);
    disk_crash(f->disk, NULL);
    f->store = NULL;
    open_x(f, LUM_DURABLE);
    must_put(f, "a", "2");
    assert_int_equal(lum_txn_get(reader, ROWS, text("a"), &found), LUM_OK);
    assert_true(lum_bytes_equal(found, text("1")));
    lum_txn_abort(reader);
    struct lum_store *new = f->store;
    f->store = old;
    assert_int_equal(put(f, "a", "3"), LUM_IO);
    f->store = new;
    lum_store_close(old);
    assert_true(holds(f, "a", "2"));
}

/* ---- small files ---- */

static void write_file(struct fixture *f, const char *name, const char *content)
{
    assert_int_equal(f->env.file_write(NULL, path_on(f->disk, name), text(content), &f->err),
                     LUM_OK);
}

static bool reads(struct fixture *f, const struct disk *disk, const char *name, const char *content)
{
    struct lum_buf buf;
    lum_buf_init(&buf, 100);
    enum lum_status status = f->env.file_read(NULL, path_on(disk, name), &buf, 100, &f->err);
    bool is_so = status == LUM_OK && lum_bytes_equal(lum_buf_bytes(&buf), text(content));
    lum_buf_fini(&buf);
    return is_so;
}

static void small_files_are_written_whole(void **state)
{
    struct fixture *f = *state;
    struct lum_buf buf;
    uint64_t size = 0;
    assert_false(reads(f, f->disk, "n", ""));
    assert_int_equal(f->err.cause, LUM_CAUSE_no_file);
    write_file(f, "n", "old");
    write_file(f, "n", "newer");
    assert_true(reads(f, f->disk, "n", "newer"));
    assert_int_equal(f->env.file_size(NULL, path_on(f->disk, "n"), &size), LUM_OK);
    assert_int_equal(size, 5);
    lum_buf_init(&buf, 100);
    assert_int_equal(f->env.file_read(NULL, path_on(f->disk, "n"), &buf, 4, &f->err), LUM_CORRUPT);
    lum_buf_fini(&buf);
    crash(f, "1 1");
    assert_true(reads(f, f->disk, "n", "newer"));
}

static void a_removed_file_may_be_there_again(void **state)
{
    struct fixture *f = *state;
    write_file(f, "n", "old");
    assert_int_equal(f->env.file_remove(NULL, path_on(f->disk, "n")), LUM_OK);
    assert_int_equal(f->env.file_remove(NULL, path_on(f->disk, "n")), LUM_NOT_FOUND);
    assert_false(reads(f, f->disk, "n", "old"));
    crash(f, "1");
    assert_true(reads(f, f->disk, "n", "old"));
    assert_int_equal(f->env.file_remove(NULL, path_on(f->disk, "n")), LUM_OK);
    write_file(f, "m", "makes the folder durable");
    crash(f, "1");
    assert_false(reads(f, f->disk, "n", "old"));
}

static void a_file_is_told_from_its_copies(void **state)
{
    struct fixture *f = *state;
    struct lum_file_identity first;
    struct lum_file_identity second;
    struct disk *other = disk_open();
    write_file(f, "n", "1");
    assert_int_equal(f->env.file_identity(NULL, path_on(f->disk, "n"), &first), LUM_OK);
    disk_copy(f->disk, other, DISK_FILES);
    assert_int_equal(f->env.file_identity(NULL, path_on(other, "n"), &second), LUM_OK);
    assert_int_not_equal(first.inode, second.inode);
    assert_int_not_equal(first.ctime_ns, second.ctime_ns);
    disk_copy(other, f->disk, DISK_FILES); /* a backup put back */
    assert_int_equal(f->env.file_identity(NULL, path_on(f->disk, "n"), &second), LUM_OK);
    assert_int_not_equal(first.inode, second.inode);
    assert_int_not_equal(first.ctime_ns, second.ctime_ns);
    disk_copy(f->disk, other, DISK_IMAGE);
    assert_int_equal(f->env.file_identity(NULL, path_on(other, "n"), &first), LUM_OK);
    assert_int_equal(first.inode, second.inode);
    assert_int_equal(first.ctime_ns, second.ctime_ns);
    disk_close(other);
}

/* ---- operations that fail ---- */

/* Six operations of every kind; gives how many said OK. */
static unsigned history(struct fixture *f)
{
    unsigned fine = 0;
    fine += open_as(f, f->disk, "x", LUM_DURABLE) == LUM_OK;
    if (f->store == NULL) {
        return fine;
    }
    fine += put(f, "a", "1") == LUM_OK;
    fine += lum_store_sync(f->store, &f->err) == LUM_OK;
    fine += lum_store_copy(f->store, path_on(f->disk, "y"), &f->err) == LUM_OK;
    fine += f->env.file_write(NULL, path_on(f->disk, "n"), text("1"), &f->err) == LUM_OK;
    fine +=
        f->env.file_rename(NULL, path_on(f->disk, "n"), path_on(f->disk, "m"), &f->err) == LUM_OK;
    fine += f->env.file_remove(NULL, path_on(f->disk, "m")) == LUM_OK;
    return fine;
}

static void the_power_goes_at_every_operation(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(history(f), 7);
    assert_int_equal(disk_operations(f->disk), 7);
    for (unsigned n = 1; n <= 7; n++) {
        for (unsigned is_done = 0; is_done < 2; is_done++) {
            unsigned there = n - 1 + is_done; /* that reached the disk */
            lum_store_close(f->store);
            f->store = NULL;
            disk_close(f->disk);
            f->disk = disk_open();
            disk_fuse(f->disk, n, DISK_POWER, is_done == 1);
            assert_int_equal(history(f), n - 1);
            assert_true(disk_is_cut(f->disk));
            crash(f, "1 1 1 1");
            assert_false(disk_is_cut(f->disk));
            uint64_t size = 0;
            bool has_x = f->env.file_size(NULL, path_on(f->disk, "x"), &size) == LUM_OK;
            bool has_y = f->env.file_size(NULL, path_on(f->disk, "y"), &size) == LUM_OK;
            assert_int_equal(has_x, there >= 1);
            assert_int_equal(rows(f), there >= 2);
            assert_int_equal(has_y, there >= 4);
            assert_int_equal(reads(f, f->disk, "n", "1"), there == 5);
            assert_int_equal(reads(f, f->disk, "m", "1"), there >= 6); /* its removal may be lost */
        }
    }
}

static void after_an_error_the_store_is_dead_until_it_is_opened_again(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *txn = NULL;
    for (unsigned is_done = 0; is_done < 2; is_done++) {
        open_x(f, LUM_DURABLE);
        must_put(f, "a", "1");
        disk_fuse(f->disk, 1, DISK_EIO_ONCE, is_done == 1);
        assert_int_equal(put(f, "a", "2"), LUM_IO);
        assert_int_equal(f->err.cause, LUM_CAUSE_disk_sync_failed);
        assert_int_equal(put(f, "a", "3"), LUM_IO);
        assert_int_equal(lum_txn_begin_read(f->store, &txn, &f->err), LUM_IO);
        write_file(f, "n", "others go on");
        open_x(f, LUM_DURABLE);
        assert_true(holds(f, "a", is_done == 1 ? "2" : "1"));
    }
    disk_fuse(f->disk, 1, DISK_EIO, false);
    assert_int_equal(put(f, "a", "4"), LUM_IO);
    assert_int_equal(f->env.file_write(NULL, path_on(f->disk, "n"), text("2"), &f->err), LUM_IO);
    open_x(f, LUM_DURABLE);
    assert_int_equal(put(f, "a", "4"), LUM_IO);
    disk_fuse(f->disk, 0, DISK_EIO, false);
    open_x(f, LUM_DURABLE);
    must_put(f, "a", "4");
}

static void a_full_disk_is_told_and_the_store_goes_on(void **state)
{
    struct fixture *f = *state;
    open_x(f, LUM_DURABLE);
    write_file(f, "n", "1");
    must_put(f, "a", "1");
    disk_fuse(f->disk, 2, DISK_NO_ROOM, false);
    must_put(f, "a", "2");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(put(f, "a", "3"), LUM_FULL);
        assert_int_equal(f->err.cause, LUM_CAUSE_disk_full);
    }
    assert_int_equal(f->env.file_write(NULL, path_on(f->disk, "n"), text("2"), &f->err), LUM_FULL);
    assert_true(reads(f, f->disk, "n", "1"));
    assert_true(holds(f, "a", "2"));
    assert_int_equal(f->env.file_remove(NULL, path_on(f->disk, "n")), LUM_OK);
    must_put(f, "a", "4");
    crash(f, "");
    open_x(f, LUM_DURABLE);
    assert_true(holds(f, "a", "4"));
}

/* ---- copies and damage ---- */

static void a_copy_and_what_it_was_made_of_go_apart(void **state)
{
    struct fixture *f = *state;
    struct disk *other = disk_open();
    open_x(f, LUM_DURABLE);
    for (unsigned i = 0; i < 2000; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%u", i);
        must_put(f, key, "before");
    }
    disk_copy(f->disk, other, DISK_FILES);
    must_put(f, "k7", "here");
    assert_int_equal(open_as(f, other, "x", LUM_DURABLE), LUM_OK);
    assert_true(holds(f, "k7", "before"));
    must_put(f, "k7", "there");
    open_x(f, LUM_DURABLE);
    assert_true(holds(f, "k7", "here"));
    assert_true(holds(f, "k8", "before"));
    disk_close(other);
}

static void a_store_is_set_back_by_commits(void **state)
{
    struct fixture *f = *state;
    open_x(f, LUM_DURABLE);
    for (unsigned i = 0; i < 10; i++) {
        char number[4];
        (void)snprintf(number, sizeof number, "%u", i);
        must_put(f, "a", number);
    }
    assert_false(disk_set_back(f->disk, "no", 1));
    assert_true(disk_set_back(f->disk, "x", 3));
    assert_true(holds(f, "a", "6"));
    assert_true(disk_set_back(f->disk, "x", 1));
    assert_true(holds(f, "a", "5"));
    assert_false(disk_set_back(f->disk, "x", 1));
    must_put(f, "b", "1");
    crash(f, "1");
    open_x(f, LUM_DURABLE);
    assert_true(holds(f, "a", "5") && holds(f, "b", "1"));
}

static void rot_hits_one_row_of_one_image(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *before = NULL;
    struct lum_bytes found = {0};
    open_x(f, LUM_DURABLE);
    must_put(f, "a", "xyz");
    must_put(f, "b", "xyz");
    assert_int_equal(lum_txn_begin_read(f->store, &before, &f->err), LUM_OK);
    assert_true(disk_rot_row(f->disk, "x", ROWS, 1, 4, 1)); /* counted around: the second byte */
    assert_false(disk_rot_row(f->disk, "x", ROWS, 2, 0, 1));
    assert_true(holds(f, "a", "xyz"));
    assert_true(holds(f, "b", "xxz"));
    assert_int_equal(lum_txn_get(before, ROWS, text("b"), &found), LUM_OK);
    assert_true(lum_bytes_equal(found, text("xyz")));
    lum_txn_abort(before);
    assert_true(disk_lose_row(f->disk, "x", ROWS, 0));
    crash(f, "1");
    open_x(f, LUM_DURABLE);
    assert_int_equal(rows(f), 1);
    assert_true(holds(f, "b", "xxz"));
    write_file(f, "n", "abc");
    assert_true(disk_rot_file(f->disk, "n", 2, 4));
    assert_true(reads(f, f->disk, "n", "abg"));
    assert_false(disk_rot_file(f->disk, "x", 0, 1));
}

/* A deep tree shrinks to nothing; what an older image holds of it stays. */
static void many_rows_come_and_go(void **state)
{
    struct fixture *f = *state;
    struct lum_txn *txn = NULL;
    char key[8];
    open_x(f, LUM_DURABLE);
    assert_int_equal(lum_txn_begin_write(f->store, &txn, &f->err), LUM_OK);
    for (unsigned i = 0; i < 50000; i++) {
        (void)snprintf(key, sizeof key, "%06u", i * 7919 % 50000);
        assert_int_equal(lum_txn_put(txn, ROWS, text(key), text(key)), LUM_OK);
    }
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    assert_int_equal(lum_txn_begin_write(f->store, &txn, &f->err), LUM_OK);
    for (unsigned i = 0; i < 50000; i++) {
        (void)snprintf(key, sizeof key, "%06u", i * 7 % 50000);
        assert_int_equal(lum_txn_delete(txn, ROWS, text(key)), LUM_OK);
        assert_int_equal(lum_txn_rows(txn, ROWS), 49999 - i);
    }
    assert_int_equal(lum_txn_pages(txn, ROWS), 0);
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    assert_int_equal(rows(f), 0);
    assert_true(disk_set_back(f->disk, "x", 1));
    assert_int_equal(rows(f), 50000);
    assert_true(holds(f, "031337", "031337"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_durable_commit_is_never_lost),
        T(a_transaction_that_was_open_is_gone),
        T(a_derived_store_may_lose_one_commit),
        T(a_derived_store_may_lose_that_it_was_made),
        T(a_scratch_store_is_worth_nothing_until_it_is_synced),
        T(what_is_open_at_a_crash_writes_nowhere),
        T(small_files_are_written_whole),
        T(a_removed_file_may_be_there_again),
        T(a_file_is_told_from_its_copies),
        T(the_power_goes_at_every_operation),
        T(after_an_error_the_store_is_dead_until_it_is_opened_again),
        T(a_full_disk_is_told_and_the_store_goes_on),
        T(a_copy_and_what_it_was_made_of_go_apart),
        T(a_store_is_set_back_by_commits),
        T(rot_hits_one_row_of_one_image),
        T(many_rows_come_and_go),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
