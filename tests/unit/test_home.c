/*
 * test_home.c - a store that was moved, copied or put back knows it; one that stayed is at ease.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/home.h"
#include "net/host.h"
#include "tests/lib/temp.h"

struct fixture {
    struct temp temp;
    struct lum_env env; /* the real one, on a machine whose name can change */
    struct lum_error err;
};

static uint8_t machine = 1;

static void named_machine(void *self, uint8_t out[32])
{
    (void)self;
    memset(out, machine, 32);
}

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.env = *lum_host_env()};
    fixture.env.machine_id = named_machine;
    machine = 1;
    temp_make(&fixture.temp);
    temp_write(&fixture.temp, "log.mdb", "log", 3);
    temp_write(&fixture.temp, "seed.node", "seed", 4);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    temp_drop(&f->temp);
    return 0;
}

static struct lum_home write_here(struct fixture *f, bool in_doubt)
{
    struct lum_home home = {.incarnation = {1, 2, 3, 4, 5, 6, 7, 8}, .in_doubt = in_doubt};
    assert_int_equal(lum_home_write(&f->env, f->temp.dir, &home, &f->err), LUM_OK);
    return home;
}

static struct lum_home read_here(struct fixture *f)
{
    struct lum_home home;
    assert_int_equal(lum_home_read(&f->env, f->temp.dir, &home, &f->err), LUM_OK);
    return home;
}

static void a_store_that_stayed_is_at_home(void **state)
{
    struct fixture *f = *state;
    struct lum_home written = write_here(f, false);
    struct lum_home home = read_here(f);
    assert_false(home.in_doubt);
    assert_memory_equal(home.incarnation, written.incarnation, 8);
    temp_write(&f->temp, "log.mdb", "log grew", 8); /* the same file with more in it */
    assert_false(read_here(f).in_doubt);
}

static void doubt_stays_until_a_new_note_ends_it(void **state)
{
    struct fixture *f = *state;
    write_here(f, true);
    assert_true(read_here(f).in_doubt);
    write_here(f, false);
    assert_false(read_here(f).in_doubt);
}

static void no_note_is_doubt(void **state)
{
    struct fixture *f = *state;
    assert_true(read_here(f).in_doubt);
}

static void another_machine_is_doubt(void **state)
{
    struct fixture *f = *state;
    write_here(f, false);
    machine = 2;
    assert_true(read_here(f).in_doubt);
}

/* A new file under the old name, as a copied folder has: made while the old one still exists, or
 * the file system would give the same inode again. */
static void replace(struct fixture *f, const char *name)
{
    temp_write(&f->temp, "other", "log", 3);
    assert_int_equal(rename(temp_path(&f->temp, "other"), temp_path(&f->temp, name)), 0);
}

static void a_copied_file_is_doubt(void **state)
{
    struct fixture *f = *state;
    write_here(f, false);
    replace(f, "log.mdb");
    assert_true(read_here(f).in_doubt);
    write_here(f, false);
    replace(f, "seed.node");
    assert_true(read_here(f).in_doubt);
}

static void a_file_written_back_over_the_old_one_is_doubt(void **state)
{
    struct fixture *f = *state;
    write_here(f, false);
    const struct timespec a_tick = {.tv_nsec = 20 * 1000 * 1000};
    (void)nanosleep(&a_tick, NULL);
    temp_write(&f->temp, "seed.node", "seed", 4);
    assert_true(read_here(f).in_doubt);
}

static void a_damaged_note_is_doubt_at_every_byte(void **state)
{
    struct fixture *f = *state;
    static uint8_t note[256];
    write_here(f, false);
    size_t len = temp_read(&f->temp, "home", note, sizeof note);
    assert_true(len > 60);
    for (size_t cut = 0; cut < len; cut++) {
        temp_write(&f->temp, "home", note, cut);
        assert_true(read_here(f).in_doubt);
    }
    temp_write(&f->temp, "home", note, sizeof note);
    assert_true(read_here(f).in_doubt);
    temp_write(&f->temp, "home", note, len);
    assert_false(read_here(f).in_doubt);
}

static void a_note_that_others_may_write_is_refused(void **state)
{
    struct fixture *f = *state;
    struct lum_home home;
    write_here(f, false);
    assert_int_equal(chmod(temp_path(&f->temp, "home"), 0666), 0);
    assert_int_equal(lum_home_read(&f->env, f->temp.dir, &home, &f->err), LUM_DENIED);
    assert_int_equal(f->err.cause, LUM_CAUSE_folder_not_ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_store_that_stayed_is_at_home),
        T(doubt_stays_until_a_new_note_ends_it),
        T(no_note_is_doubt),
        T(another_machine_is_doubt),
        T(a_copied_file_is_doubt),
        T(a_file_written_back_over_the_old_one_is_doubt),
        T(a_damaged_note_is_doubt_at_every_byte),
        T(a_note_that_others_may_write_is_refused),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
