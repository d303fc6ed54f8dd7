/* Our own logs: copies and restored backups fork nobody and lose nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/home.h"
#include "core/space.h"
#include "tests/lib/site.h"

static void drop_all(struct site *sites, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        site_drop(&sites[i]);
    }
}

static bool in_doubt(struct site *site)
{
    return lum_space_home(site->space)->in_doubt;
}

static void assert_equal_sites(struct site *a, struct site *b)
{
    assert_memory_equal(site_root(a).b, site_root(b).b, 32);
    assert_int_equal(site_counts(a).pending + site_counts(a).voided + site_counts(a).waiting, 0);
    assert_int_equal(site_counts(b).pending + site_counts(b).voided + site_counts(b).waiting, 0);
    site_check(a);
    site_check(b);
}

/* ---- copies ---- */

static void a_copied_folder_and_its_original_lose_nothing(void **state)
{
    (void)state;
    struct site s[2]; /* original, copy */
    struct lum_log_row row;
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    struct lum_id shared = site_put(&s[0], "shared", "name", "before").record;
    site_close(&s[0]);
    site_copy(&s[0], &s[1]);
    site_open(&s[0]);
    site_open(&s[1]);
    assert_false(in_doubt(&s[0]));
    assert_true(in_doubt(&s[1]));
    (void)site_settle(&s[0]);
    (void)site_settle(&s[1]);
    (void)site_put(&s[0], "o", "name", "by the original");
    (void)site_put(&s[1], "c", "name", "by the copy");
    assert_int_equal(site_set(&s[0], &shared, "name", "original's"), LUM_OK);
    assert_int_equal(site_set(&s[1], &shared, "name", "copy's"), LUM_OK);
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_frozen(&s[0]) + site_frozen(&s[1]), 0);
    assert_equal_sites(&s[0], &s[1]);
    assert_int_equal(site_counts(&s[0]).records, 3);
    assert_int_equal(site_values(&s[0], &shared, "name"), 2); /* concurrent, as two devices are */
    assert_int_equal(site_own_logs(&s[0], LUM_SHELF_COMMON, &row), 2);
    drop_all(s, 2);
}

static void two_copies_that_go_on_open_no_more_logs(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_log_row row;
    char key[16];
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    site_close(&s[0]);
    site_copy(&s[0], &s[1]);
    site_open(&s[0]);
    site_open(&s[1]);
    for (int i = 0; i < 6; i++) {
        (void)snprintf(key, sizeof key, "%d", i);
        (void)site_put(&s[i % 2], key, "name", "x");
        site_meet(&s[0], &s[1]);
        site_close(&s[i % 2]);
        site_open(&s[i % 2]);
        (void)site_settle(&s[i % 2]);
        assert_false(in_doubt(&s[i % 2]));
    }
    assert_int_equal(site_own_logs(&s[0], LUM_SHELF_COMMON, &row), 2);
    assert_int_equal(site_frozen(&s[0]), 0);
    assert_equal_sites(&s[0], &s[1]);
    drop_all(s, 2);
}

/* ---- backups ---- */

/* A founder and a friend who met; the founder's folder is kept in `backup` and then goes on. */
static void go_on_after_backup(struct site *founder, struct site *friend_of, struct site *backup)
{
    site_prepare(founder);
    site_prepare(friend_of);
    site_prepare(backup);
    site_found(founder, "Sari");
    struct lum_invite invite = site_invite(founder, LUM_ROLE_WRITER, 1);
    site_arrive(friend_of, &invite);
    site_join(friend_of, founder, "Budi");
    (void)site_put(founder, "a", "name", "one");
    site_close(founder);
    site_copy(founder, backup);
    site_open(founder);
    (void)site_put(founder, "b", "name", "after the backup");
    site_meet(founder, friend_of);
    site_close(founder);
}

static void a_restored_backup_opens_a_new_log_and_gets_back_what_it_lost(void **state)
{
    (void)state;
    struct site s[3];
    struct lum_log_row row;
    go_on_after_backup(&s[0], &s[1], &s[2]);
    site_copy(&s[2], &s[0]); /* over the old files: the inodes stay, the change times do not */
    site_open(&s[0]);
    assert_true(in_doubt(&s[0]));
    (void)site_put(&s[0], "c", "name", "after the restore");
    assert_false(in_doubt(&s[0]));
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_frozen(&s[0]) + site_frozen(&s[1]), 0);
    assert_int_equal(site_own_logs(&s[0], LUM_SHELF_COMMON, &row), 2);
    struct lum_id b = site_keyed(&s[0], "item", "b");
    assert_string_equal(site_shown(&s[0], &b, "name"), "after the backup");
    assert_equal_sites(&s[0], &s[1]);
    assert_int_equal(site_counts(&s[0]).records, 3);
    assert_false(in_doubt(&s[0])); /* the old log grew again, but it is not ours to continue */
    drop_all(s, 3);
}

/* The home note says that nothing happened: a snapshot of a whole machine put back. */
static void hide_the_restore(struct site *site)
{
    struct lum_home home;
    assert_int_equal(lum_home_read(&site->env, site->temp.dir, &home, &site->error), LUM_OK);
    home.in_doubt = false;
    assert_int_equal(lum_home_write(&site->env, site->temp.dir, &home, &site->error), LUM_OK);
}

static void doubt_comes_when_another_knows_more_of_our_log(void **state)
{
    (void)state;
    struct site s[3];
    struct lum_log_row row;
    go_on_after_backup(&s[0], &s[1], &s[2]);
    site_copy(&s[2], &s[0]);
    hide_the_restore(&s[0]);
    site_open(&s[0]);
    assert_false(in_doubt(&s[0]));
    (void)site_settle(&s[0]);
    assert_true(site_give(&s[1], &s[0]) > 0);
    assert_true(in_doubt(&s[0]));
    site_close(&s[0]);
    site_open(&s[0]);
    assert_true(in_doubt(&s[0])); /* durably */
    (void)site_put(&s[0], "c", "name", "in a new log");
    assert_int_equal(site_own_logs(&s[0], LUM_SHELF_COMMON, &row), 2);
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_frozen(&s[0]) + site_frozen(&s[1]), 0);
    assert_equal_sites(&s[0], &s[1]);
    drop_all(s, 3);
}

static void a_log_that_forked_all_the_same_is_left_and_work_goes_on(void **state)
{
    (void)state;
    struct site s[3];
    struct lum_log_row row;
    go_on_after_backup(&s[0], &s[1], &s[2]);
    site_copy(&s[2], &s[0]);
    hide_the_restore(&s[0]);
    site_open(&s[0]);
    (void)site_put(&s[0], "c", "name", "where b stood"); /* the same position, said twice */
    site_meet(&s[0], &s[1]);
    assert_true(site_frozen(&s[0]) > 0);
    assert_true(site_frozen(&s[1]) > 0);
    site_close(&s[0]);
    hide_the_restore(&s[0]); /* the log itself tells that it forked */
    site_open(&s[0]);
    (void)site_put(&s[0], "d", "name", "in a new log");
    assert_int_equal(site_own_logs(&s[0], LUM_SHELF_COMMON, &row), 2);
    site_meet(&s[0], &s[1]);
    assert_memory_equal(site_root(&s[0]).b, site_root(&s[1]).b, 32);
    struct lum_id a = site_keyed(&s[1], "item", "a");
    struct lum_id d = site_keyed(&s[1], "item", "d");
    assert_string_equal(site_shown(&s[1], &a, "name"), "one"); /* before the fork: stands */
    assert_string_equal(site_shown(&s[1], &d, "name"), "in a new log");
    drop_all(s, 3);
}

static void doubt_in_the_middle_of_a_batch_starts_a_new_log(void **state)
{
    (void)state;
    struct site site;
    struct lum_log_row row;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_begin(&site);
    struct lum_edit_result first = site_add(&site, "a", "1");
    assert_int_equal(lum_space_doubt(site.space, &site.error), LUM_OK);
    struct lum_edit_result second = site_add(&site, "a", "2");
    site_commit(&site);
    (void)site_settle(&site);
    assert_int_not_equal(first.event.lno, second.event.lno);
    assert_int_equal(site_own_logs(&site, LUM_SHELF_COMMON, &row), 2);
    assert_int_equal(site_values(&site, &first.record, "name"), 1);
    assert_string_equal(site_shown(&site, &first.record, "name"), "2");
    site_drop(&site);
}

/* ---- pins ---- */

static enum lum_status refuse(void *self, const char *path, struct lum_bytes bytes,
                              struct lum_error *err)
{
    (void)self;
    (void)bytes;
    return lum_fail(err, LUM_CAUSE_disk_full, path, NULL);
}

/* Else a crash after the event would leave a log that the next start does not go on with. */
static void without_its_note_an_incarnation_says_nothing(void **state)
{
    (void)state;
    struct site site;
    struct lum_log_row row;
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_id id = site_put(&site, "a", "name", "1").record;
    assert_int_equal(lum_space_doubt(site.space, &site.error), LUM_OK);
    site.env.file_write = refuse;
    assert_int_equal(site_set(&site, &id, "name", "2"), LUM_FULL);
    assert_true(in_doubt(&site));
    assert_int_equal(site_own_logs(&site, LUM_SHELF_COMMON, &row), 1);
    assert_string_equal(site_shown(&site, &id, "name"), "1");
    site_drop(&site);
}

/* Said at once: what another log held would reach nobody. */
static void a_device_that_began_64_logs_begins_no_more(void **state)
{
    (void)state;
    struct site site;
    struct lum_log_row row;
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_id id = site_put(&site, "a", "name", "1").record;
    for (uint32_t i = 1; i < LUM_INCARNATIONS_MAX; i++) {
        assert_int_equal(lum_space_doubt(site.space, &site.error), LUM_OK);
        assert_int_equal(site_set(&site, &id, "name", i % 2 == 0 ? "1" : "2"), LUM_OK);
    }
    assert_int_equal(site_own_logs(&site, LUM_SHELF_COMMON, &row), LUM_INCARNATIONS_MAX);
    assert_int_equal(lum_space_doubt(site.space, &site.error), LUM_OK);
    assert_int_equal(site_set(&site, &id, "name", "3"), LUM_LIMIT);
    assert_int_equal(site.error.cause, LUM_CAUSE_too_many_logs);
    assert_string_equal(site_shown(&site, &id, "name"), "2");
    site_drop(&site);
}

static void a_clock_outside_of_all_time_still_writes(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    static const uint64_t clocks[] = {0, UINT64_C(1) << 60, UINT64_C(4070908800000)};
    for (size_t i = 0; i < LUM_COUNT(clocks); i++) {
        char key[2] = {(char)('a' + (char)i), '\0'};
        site.wall_ms = clocks[i];
        struct lum_id id = site_put(&site, key, "name", "x").record;
        assert_int_equal(site_life(&site, &id), LUM_ALIVE);
    }
    site_check(&site);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copied_folder_and_its_original_lose_nothing),
        cmocka_unit_test(two_copies_that_go_on_open_no_more_logs),
        cmocka_unit_test(a_restored_backup_opens_a_new_log_and_gets_back_what_it_lost),
        cmocka_unit_test(doubt_comes_when_another_knows_more_of_our_log),
        cmocka_unit_test(a_log_that_forked_all_the_same_is_left_and_work_goes_on),
        cmocka_unit_test(doubt_in_the_middle_of_a_batch_starts_a_new_log),
        cmocka_unit_test(without_its_note_an_incarnation_says_nothing),
        cmocka_unit_test(a_device_that_began_64_logs_begins_no_more),
        cmocka_unit_test(a_clock_outside_of_all_time_still_writes),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
