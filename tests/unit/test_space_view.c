/* The view follows its log in slices, and is made anew with the same state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/edit.h"
#include "core/space.h"
#include "tests/lib/site.h"

static bool has_file(const struct site *site, const char *name)
{
    struct stat st;
    return stat(temp_path(&site->temp, name), &st) == 0;
}

/* How often the files were swapped. */
struct gate_log {
    int shut;
    int open;
};

static void count_shut(void *self)
{
    ((struct gate_log *)self)->shut++;
}

static void count_open(void *self)
{
    ((struct gate_log *)self)->open++;
}

static void touch_tells_a_second_time(void **state)
{
    (void)state;
    struct site site;
    struct lum_id id = {{0}};
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_put(&site, "a", "name", "one");
    site_begin(&site);
    size_t known = 0;
    for (uint32_t i = 0; i < 20000; i++) { /* same low bits: slots collide */
        lum_put_u32(id.b, i << 8);
        known += lum_space_touch(site.space, &id) ? 1 : 0;
    }
    assert_in_range(known, 1, 20000 - 16384); /* what it cannot hold it takes as written */
    assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK);
    (void)site_add(&site, "b", "one");
    assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK);
    lum_put_u32(id.b, 7u << 8);
    assert_false(lum_space_touch(site.space, &id));
    assert_true(lum_space_touch(site.space, &id));
    lum_put_u32(id.b, 8u << 8);
    assert_false(lum_space_touch(site.space, &id));
    lum_space_abort(site.space);
    site_drop(&site);
}

static bool count_tick(void *self, uint64_t done, uint64_t total)
{
    int *ticks = self;
    assert_true(done <= total);
    return ++*ticks < 1000;
}

static bool stop_tick(void *self, uint64_t done, uint64_t total)
{
    (void)self;
    (void)done;
    (void)total;
    return false;
}

static void fill(struct site *site)
{
    char key[32];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(key, sizeof key, "k%d", i % 70);
        site_begin(site);
        (void)site_add(site, key, i % 3 == 0 ? "x" : "y");
        site_commit(site);
    }
    struct lum_id id = site_keyed(site, "item", "k1");
    (void)site_settle(site);
    assert_int_equal(site_delete(site, &id), LUM_OK);
}

static void a_rebuild_gives_the_same_state_behind_a_shut_gate(void **state)
{
    (void)state;
    struct site site;
    struct gate_log log = {0, 0};
    int ticks = 0;
    site_prepare(&site);
    site_found(&site, "Sari");
    fill(&site);
    struct lum_hash root = site_root(&site);
    struct lum_view_counts counts = site_counts(&site);
    lum_space_set_gate(site.space, &(struct lum_gate){&log, count_shut, count_open});
    assert_int_equal(
        lum_space_rebuild(site.space, &(struct lum_tick){&ticks, count_tick}, &site.error), LUM_OK);
    assert_int_equal(log.shut, 1);
    assert_int_equal(log.open, 1);
    assert_true(ticks > 0);
    assert_true(lum_space_is_settled(site.space));
    assert_memory_equal(site_root(&site).b, root.b, 32);
    assert_int_equal(site_counts(&site).records, counts.records);
    site_check(&site);
    assert_false(has_file(&site, "view.mdb.new"));
    assert_false(has_file(&site, "view.mdb.new-lock"));
    (void)site_put(&site, "after", "name", "one");
    site_drop(&site);
}

static void a_stopped_rebuild_leaves_the_old_view(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    fill(&site);
    struct lum_hash root = site_root(&site);
    assert_int_equal(
        lum_space_rebuild(site.space, &(struct lum_tick){NULL, stop_tick}, &site.error),
        LUM_STOPPED);
    assert_false(has_file(&site, "view.mdb.new"));
    (void)site_settle(&site);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    site_drop(&site);
}

static enum lum_status refuse_rename(void *self, const char *from, const char *to,
                                     struct lum_error *err)
{
    (void)self;
    (void)from;
    return lum_fail(err, LUM_CAUSE_disk_error, to, "as planned");
}

static void a_swap_that_fails_keeps_the_old_files(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    fill(&site);
    struct lum_hash root = site_root(&site);
    site.env.file_rename = refuse_rename;
    assert_int_equal(lum_space_rebuild(site.space, NULL, &site.error), LUM_IO);
    assert_string_equal(site.error.two, "as planned");
    assert_memory_equal(site_root(&site).b, root.b, 32);
    assert_int_equal(lum_space_compact(site.space, NULL, &site.error), LUM_IO);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    assert_false(has_file(&site, "log.mdb.new"));
    (void)site_put(&site, "after", "name", "one");
    site_check(&site);
    site_drop(&site);
}

static void compact_keeps_everything_and_stays_at_home(void **state)
{
    (void)state;
    struct site site;
    int ticks = 0;
    site_prepare(&site);
    site_found(&site, "Sari");
    fill(&site);
    struct lum_hash root = site_root(&site);
    assert_int_equal(
        lum_space_compact(site.space, &(struct lum_tick){&ticks, count_tick}, &site.error), LUM_OK);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    site_check(&site);
    site_close(&site);
    site_open(&site);
    assert_false(lum_space_home(site.space)->in_doubt);
    (void)site_settle(&site);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    (void)site_put(&site, "after", "name", "one");
    struct lum_log_row row;
    assert_int_equal(site_own_logs(&site, LUM_SHELF_COMMON, &row), 1);
    site_drop(&site);
}

static void settle_in_slices_reaches_the_end(void **state)
{
    (void)state;
    struct site site;
    struct lum_view_progress progress = {0};
    char key[32];
    size_t calls = 0;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_begin(&site);
    for (int i = 0; i < 500; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)site_add(&site, key, "value");
    }
    site_commit(&site);
    enum lum_status status;
    do {
        status = lum_space_settle(site.space, 100, &progress, &site.error);
        calls++;
    } while (status == LUM_AGAIN);
    assert_int_equal(status, LUM_OK);
    assert_in_range(calls, 5, 7);
    assert_int_equal(progress.applied, 500);
    assert_int_equal(progress.records_new, 500);
    assert_int_equal(site_counts(&site).records, 500);
    site_drop(&site);
}

/* Else it would catch up half way, in one transaction of the view that nothing bounds. */
static void a_batch_after_many_writes_begins_level(void **state)
{
    enum {
        BATCH = 4096,
        BATCHES = 3,
    };
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    for (int i = 0; i < BATCHES * BATCH; i++) {
        char key[16];
        if (i % BATCH == 0) {
            site_begin(&site);
        }
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)site_add(&site, key, "value");
        if (i % BATCH == BATCH - 1) {
            assert_int_equal(lum_space_commit(site.space, &site.error), LUM_OK);
        }
    }
    struct lum_view_counts counts;
    site_begin(&site);
    assert_int_equal(lum_view_counts(lum_space_view_txn(site.space), &counts), LUM_OK);
    assert_int_equal(counts.records, (BATCHES - 1) * BATCH);
    site_commit(&site);
    assert_int_equal(site_settle(&site).records_new, BATCHES * BATCH);
    assert_int_equal(site_counts(&site).records, BATCHES * BATCH);
    site_drop(&site);
}

static void settle_tells_what_catch_ups_applied(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_begin(&site);
    (void)site_add(&site, "a", "one");
    assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK);
    (void)site_add(&site, "b", "one");
    site_commit(&site);
    struct lum_view_progress progress = site_settle(&site);
    assert_int_equal(progress.records_new, 2);
    assert_int_equal(site_settle(&site).records_new, 0);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(touch_tells_a_second_time),
        cmocka_unit_test(a_rebuild_gives_the_same_state_behind_a_shut_gate),
        cmocka_unit_test(a_stopped_rebuild_leaves_the_old_view),
        cmocka_unit_test(a_swap_that_fails_keeps_the_old_files),
        cmocka_unit_test(compact_keeps_everything_and_stays_at_home),
        cmocka_unit_test(settle_in_slices_reaches_the_end),
        cmocka_unit_test(a_batch_after_many_writes_begins_level),
        cmocka_unit_test(settle_tells_what_catch_ups_applied),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
