/*
 * test_host.c - the machine as core sees it: files that stand whole, one owner for a store.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/host.h"
#include "tests/lib/leave.h"
#include "tests/lib/temp.h"

struct fixture {
    struct temp temp;
    const struct lum_env *env;
    struct lum_buf buf;
    struct lum_error err;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.env = lum_host_env()};
    lum_buf_init(&fixture.buf, 1024 * 1024);
    temp_make(&fixture.temp);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lum_buf_fini(&f->buf);
    temp_drop(&f->temp);
    return 0;
}

static enum lum_status read_note(struct fixture *f, const char *name)
{
    return f->env->file_read(f->env->self, temp_path(&f->temp, name), &f->buf, 1000, &f->err);
}

static enum lum_status write_note(struct fixture *f, const char *name, const char *text)
{
    return f->env->file_write(f->env->self, temp_path(&f->temp, name),
                              lum_bytes_of(text, strlen(text)), &f->err);
}

static void a_written_file_reads_back_and_is_closed_to_others(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    assert_int_equal(read_note(f, "a"), LUM_NOT_FOUND);
    assert_int_equal(write_note(f, "a", "one"), LUM_OK);
    assert_int_equal(write_note(f, "a", "two and more"), LUM_OK);
    assert_int_equal(read_note(f, "a"), LUM_OK);
    assert_true(lum_bytes_equal(lum_buf_bytes(&f->buf), lum_bytes_of("two and more", 12)));
    assert_int_equal(stat(temp_path(&f->temp, "a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(access(temp_path(&f->temp, "a.new"), F_OK), -1);
}

static void what_a_crash_left_beside_is_no_hindrance(void **state)
{
    struct fixture *f = *state;
    temp_write(&f->temp, "a.new", "half", 4);
    assert_int_equal(write_note(f, "a", "whole"), LUM_OK);
    assert_int_equal(read_note(f, "a"), LUM_OK);
    assert_int_equal(f->buf.len, 5);
}

static void a_link_is_not_followed(void **state)
{
    struct fixture *f = *state;
    temp_write(&f->temp, "real", "x", 1);
    assert_int_equal(symlink(temp_path(&f->temp, "real"), temp_path(&f->temp, "link")), 0);
    assert_int_equal(read_note(f, "link"), LUM_IO);
    assert_int_equal(write_note(f, "link", "new"), LUM_OK); /* takes the link's place */
    assert_int_equal(temp_size(&f->temp, "real"), 1);
}

static void a_file_open_to_others_or_too_long_is_refused(void **state)
{
    struct fixture *f = *state;
    static char big[2000];
    temp_write(&f->temp, "open", "x", 1);
    assert_int_equal(chmod(temp_path(&f->temp, "open"), 0640), 0);
    assert_int_equal(read_note(f, "open"), LUM_DENIED);
    assert_string_equal(f->err.two, "mode");
    temp_write(&f->temp, "big", big, sizeof big);
    assert_int_equal(read_note(f, "big"), LUM_CORRUPT);
    assert_int_equal(mkdir(temp_path(&f->temp, "dir"), 0700), 0);
    assert_int_equal(read_note(f, "dir"), LUM_DENIED);
}

static void files_are_renamed_removed_and_measured(void **state)
{
    struct fixture *f = *state;
    uint64_t size = 0;
    struct lum_file_identity before;
    struct lum_file_identity after;
    void *self = f->env->self;
    assert_int_equal(write_note(f, "a", "12345"), LUM_OK);
    assert_int_equal(f->env->file_size(self, temp_path(&f->temp, "a"), &size), LUM_OK);
    assert_int_equal(size, 5);
    assert_int_equal(f->env->file_identity(self, temp_path(&f->temp, "a"), &before), LUM_OK);
    assert_int_equal(f->env->file_rename(self, temp_path(&f->temp, "a"),
                                         temp_path(&f->temp, "b"), &f->err),
                     LUM_OK);
    assert_int_equal(f->env->file_identity(self, temp_path(&f->temp, "b"), &after), LUM_OK);
    assert_int_equal(before.inode, after.inode);
    assert_int_equal(f->env->file_size(self, temp_path(&f->temp, "a"), &size), LUM_NOT_FOUND);
    assert_int_equal(f->env->file_remove(self, temp_path(&f->temp, "b")), LUM_OK);
    assert_int_equal(f->env->file_remove(self, temp_path(&f->temp, "b")), LUM_NOT_FOUND);
}

static void a_folder_is_made_with_its_parents_and_closed(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    void *self = f->env->self;
    assert_int_equal(f->env->folder_make(self, temp_path(&f->temp, "a/b/c"), &f->err), LUM_OK);
    assert_int_equal(stat(temp_path(&f->temp, "a/b/c"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    assert_int_equal(chmod(temp_path(&f->temp, "a"), 0755), 0);
    assert_int_equal(f->env->folder_make(self, temp_path(&f->temp, "a"), &f->err), LUM_OK);
    assert_int_equal(stat(temp_path(&f->temp, "a"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    temp_write(&f->temp, "file", "x", 1);
    assert_int_not_equal(f->env->folder_make(self, temp_path(&f->temp, "file"), &f->err), LUM_OK);
    if (geteuid() == 0) {
        assert_int_equal(chown(temp_path(&f->temp, "a"), 1, 1), 0);
        assert_int_equal(f->env->folder_make(self, temp_path(&f->temp, "a"), &f->err), LUM_DENIED);
        assert_string_equal(f->err.two, "owner");
    }
}

static void time_and_chance_move(void **state)
{
    struct fixture *f = *state;
    uint8_t a[64];
    uint8_t b[64];
    f->env->random(f->env->self, a, sizeof a);
    f->env->random(f->env->self, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_true(f->env->wall_ms(f->env->self) > UINT64_C(1700000000000));
    uint64_t from = f->env->mono_us(f->env->self);
    assert_true(f->env->mono_us(f->env->self) >= from);
}

static void a_store_has_one_owner(void **state)
{
    struct fixture *f = *state;
    char pid[24];
    int fd = -1;
    int second = -1;
    assert_int_equal(lum_host_lock(f->temp.dir, &fd, &f->err), LUM_OK);
    assert_int_equal(lum_host_lock(f->temp.dir, &second, &f->err), LUM_BUSY);
    (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
    assert_int_equal(f->err.cause, LUM_CAUSE_store_locked);
    assert_string_equal(f->err.two, pid);
    lum_host_unlock(f->temp.dir, fd);
    assert_int_equal(access(temp_path(&f->temp, "lock"), F_OK), -1);
    assert_int_equal(lum_host_lock(f->temp.dir, &second, &f->err), LUM_OK);
    lum_host_unlock(f->temp.dir, second);
}

static void a_dead_owners_lock_is_taken_over(void **state)
{
    struct fixture *f = *state;
    int fd = -1;
    pid_t child = fork();
    if (child == 0) {
        leave(lum_host_lock(f->temp.dir, &fd, NULL) == LUM_OK ? 0 : 1);
    }
    int how = -1;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    assert_int_equal(access(temp_path(&f->temp, "lock"), F_OK), 0);
    assert_int_equal(lum_host_lock(f->temp.dir, &fd, &f->err), LUM_OK);
    lum_host_unlock(f->temp.dir, fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_written_file_reads_back_and_is_closed_to_others),
        T(what_a_crash_left_beside_is_no_hindrance),
        T(a_link_is_not_followed),
        T(a_file_open_to_others_or_too_long_is_refused),
        T(files_are_renamed_removed_and_measured),
        T(a_folder_is_made_with_its_parents_and_closed),
        T(time_and_chance_move),
        T(a_store_has_one_owner),
        T(a_dead_owners_lock_is_taken_over),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
