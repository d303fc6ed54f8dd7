/* A backup brings all of a space back, in doubt of its logs; a damaged one brings nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/backup.h"
#include "tests/lib/site.h"

enum {
    BACKUP_MAX = 4 * 1024 * 1024,
};

/* The whole backup of a site. */
static void back_up(struct site *site, struct lum_buf *out)
{
    struct lum_backup *backup = NULL;
    struct lum_bytes piece;
    enum lum_status status;
    lum_buf_init(out, BACKUP_MAX);
    assert_int_equal(lum_backup_open(site->space, NULL, &backup, NULL), LUM_OK);
    while ((status = lum_backup_next(backup, &piece, NULL)) == LUM_OK) {
        lum_buf_put(out, piece.at, piece.len);
    }
    assert_int_equal(status, LUM_NOT_FOUND);
    assert_int_equal(lum_backup_next(backup, &piece, NULL), LUM_NOT_FOUND);
    assert_false(out->broken);
    lum_backup_close(backup);
}

/* Into the site's folder, in pieces of so many bytes. */
static enum lum_status restore(struct site *to, struct lum_bytes bytes, size_t piece,
                               struct lum_error *err)
{
    const struct lum_space_options options = {.env = &to->env, .dir = to->temp.dir};
    struct lum_restore *restore = NULL;
    struct lum_backup_head head;
    enum lum_status status = lum_restore_open(&options, "a.backup", &restore, err);
    while (status == LUM_OK && bytes.len > 0) {
        size_t len = piece < bytes.len ? piece : bytes.len;
        status = lum_restore_take(restore, lum_bytes_of(bytes.at, len), err);
        bytes = lum_bytes_of(bytes.at + len, bytes.len - len);
    }
    if (status == LUM_OK) {
        status = lum_restore_end(restore, NULL, &head, err);
    }
    lum_restore_close(restore);
    return status;
}

static void bring_back(struct site *to, const struct lum_buf *backup, size_t piece)
{
    struct lum_error err = {0};
    site_prepare(to);
    assert_int_equal(restore(to, lum_buf_bytes(backup), piece, &err), LUM_OK);
    site_open(to);
    (void)site_settle(to);
}

static bool is_there(struct site *site, const char *name)
{
    uint64_t size;
    return site->env.file_size(site->env.self, temp_path(&site->temp, name), &size) == LUM_OK;
}

static void all_of_it_comes_back_in_doubt(void **state)
{
    (void)state;
    static const size_t pieces[] = {1, 7, 4096, BACKUP_MAX};
    struct site home;
    struct lum_buf backup;
    struct lum_log_row row;
    site_prepare(&home);
    site_found(&home, "Sari");
    site_add_many(&home, "a", 300, 200);
    (void)site_put(&home, "one", "name", "first");
    (void)site_settle(&home);
    struct lum_hash root = site_root(&home);
    uint32_t logs = site_own_logs(&home, LUM_SHELF_COMMON, &row);
    back_up(&home, &backup);
    for (size_t i = 0; i < LUM_COUNT(pieces); i++) {
        struct site back;
        bring_back(&back, &backup, pieces[i]);
        assert_memory_equal(site_root(&back).b, root.b, 32);
        assert_true(lum_space_home(back.space)->in_doubt);
        (void)site_put(&back, "two", "name", "second");
        (void)site_settle(&back);
        assert_int_equal(site_own_logs(&back, LUM_SHELF_COMMON, &row), logs + 1);
        site_check(&back);
        site_drop(&back);
    }
    lum_buf_fini(&backup);
    site_drop(&home);
}

/* Restored twice, beside the original that went on: all three write, all meet, nobody forks. */
static void what_came_later_comes_back_and_nobody_forks(void **state)
{
    (void)state;
    struct site pair[2];
    struct site back[2];
    struct lum_buf backup;
    site_pair(pair);
    (void)site_put(&pair[1], "early", "name", "before");
    back_up(&pair[1], &backup);
    (void)site_put(&pair[1], "late", "name", "after");
    site_meet(&pair[0], &pair[1]);
    for (size_t i = 0; i < 2; i++) {
        bring_back(&back[i], &backup, 4096);
        (void)site_put(&back[i], i == 0 ? "x" : "y", "name", "offline");
    }
    (void)site_put(&pair[1], "z", "name", "offline");
    for (size_t round = 0; round < 2; round++) {
        site_meet(&back[0], &pair[0]);
        site_meet(&back[1], &pair[0]);
        site_meet(&pair[1], &pair[0]);
    }
    struct lum_hash root = site_root(&pair[0]);
    struct site *const all[] = {&pair[1], &back[0], &back[1]};
    for (size_t i = 0; i < LUM_COUNT(all); i++) {
        assert_memory_equal(site_root(all[i]).b, root.b, 32);
        assert_int_equal(site_frozen(all[i]), 0);
        assert_int_equal(site_counts(all[i]).records, 5);
    }
    assert_int_equal(site_frozen(&pair[0]), 0);
    lum_buf_fini(&backup);
    site_drop(&back[0]);
    site_drop(&back[1]);
    site_drop_pair(pair);
}

static void small_backup(struct lum_buf *out)
{
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_put(&site, "one", "name", "first");
    back_up(&site, out);
    site_drop(&site);
}

static void nothing_is_restored_from(struct site *to, struct lum_bytes bytes, size_t at)
{
    struct lum_error err = {0};
    enum lum_status status = restore(to, bytes, 512, &err);
    if (status != LUM_CORRUPT || err.cause != LUM_CAUSE_backup_damaged) {
        print_error("at %zu: %s, %s\n", at, lum_status_name(status), lum_cause_name(err.cause));
        fail();
    }
    assert_string_equal(err.one, "a.backup");
    assert_false(is_there(to, "log.mdb"));
    assert_false(is_there(to, "log.mdb.new"));
    assert_false(is_there(to, "seed.node"));
}

static void damage_at_any_byte_and_any_shorter_one_is_refused(void **state)
{
    (void)state;
    struct site to;
    struct lum_buf backup;
    small_backup(&backup);
    site_prepare(&to);
    for (size_t at = 0; at < backup.len; at += at < 160 || backup.len - at < 40 ? 1 : 11) {
        backup.at[at] ^= 0x10;
        nothing_is_restored_from(&to, lum_buf_bytes(&backup), at);
        backup.at[at] ^= 0x10;
        nothing_is_restored_from(&to, lum_bytes_of(backup.at, at), at);
    }
    lum_buf_put_byte(&backup, 0);
    nothing_is_restored_from(&to, lum_buf_bytes(&backup), backup.len);
    lum_buf_fini(&backup);
    site_drop(&to);
}

/* Somebody who knows how the hash is made changes a signed byte: the log itself does not hold. */
static void a_log_that_does_not_hold_is_refused(void **state)
{
    (void)state;
    struct site to;
    struct lum_buf backup;
    struct lum_plain_hasher hash;
    small_backup(&backup);
    site_prepare(&to);
    for (size_t at = 0; at + 5 < backup.len; at++) {
        if (memcmp(backup.at + at, "first", 5) == 0) {
            backup.at[at] = 'F';
        }
    }
    lum_plain_hash_init(&hash);
    lum_plain_hash_add(&hash, backup.at, backup.len - 32);
    lum_plain_hash_end(&hash, backup.at + backup.len - 32);
    nothing_is_restored_from(&to, lum_buf_bytes(&backup), 0);
    lum_buf_fini(&backup);
    site_drop(&to);
}

static void what_lies_in_the_folder_is_never_overwritten(void **state)
{
    (void)state;
    struct site to;
    struct lum_buf backup;
    struct lum_error err = {0};
    uint8_t seed[32];
    small_backup(&backup);
    site_prepare(&to);
    temp_write(&to.temp, "seed.device", "somebody's, of another space ...", 32);
    assert_int_equal(restore(&to, lum_buf_bytes(&backup), 4096, &err), LUM_EXISTS);
    assert_int_equal(temp_read(&to.temp, "seed.device", seed, sizeof seed), 32);
    assert_memory_equal(seed, "somebody's", 10);
    assert_int_equal(remove(temp_path(&to.temp, "seed.device")), 0);
    assert_int_equal(remove(temp_path(&to.temp, "seed.node")), 0);
    site_found(&to, "Budi");
    struct lum_hash id = *lum_space_id(to.space);
    site_close(&to);
    assert_int_equal(restore(&to, lum_buf_bytes(&backup), 4096, &err), LUM_EXISTS);
    assert_int_equal(err.cause, LUM_CAUSE_store_exists);
    site_open(&to);
    assert_memory_equal(lum_space_id(to.space)->b, id.b, 32);
    lum_buf_fini(&backup);
    site_drop(&to);
}

/* log.mdb was lost, all else lies there; the system gives its inode out again. */
static void a_store_restored_into_its_own_folder_is_in_doubt(void **state)
{
    (void)state;
    struct site site;
    struct lum_buf backup;
    struct lum_error err = {0};
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_put(&site, "one", "name", "first");
    back_up(&site, &backup);
    site_close(&site);
    assert_int_equal(remove(temp_path(&site.temp, "log.mdb")), 0);
    assert_int_equal(restore(&site, lum_buf_bytes(&backup), 4096, &err), LUM_OK);
    assert_int_equal(temp_size(&site.temp, "home"), 0);
    site_open(&site);
    assert_true(lum_space_home(site.space)->in_doubt);
    lum_buf_fini(&backup);
    site_drop(&site);
}

static void the_first_bytes_tell_whose_it_is(void **state)
{
    (void)state;
    struct lum_buf backup;
    struct lum_backup_head head;
    small_backup(&backup);
    assert_int_equal(lum_backup_peek(lum_bytes_of(backup.at, LUM_BACKUP_PEEK), &head), LUM_OK);
    assert_int_equal(head.logs, 2);
    assert_int_equal(head.events, 4);
    assert_int_equal(lum_backup_peek(lum_bytes_of(backup.at, 100), &head), LUM_FAULT);
    assert_int_equal(lum_backup_peek(lum_bytes_of(backup.at, 0), &head), LUM_FAULT);
    assert_int_equal(lum_backup_peek(lum_bytes_of("coll,field\n1,2\n", 15), &head), LUM_FAULT);
    lum_buf_fini(&backup);
}

static void without_memory_nothing_is_left(void **state)
{
    (void)state;
    struct site site;
    struct site to;
    struct lum_buf backup;
    struct lum_error err = {0};
    site_prepare(&site);
    site_found(&site, "Sari");
    back_up(&site, &backup);
    site_prepare(&to);
    enum lum_status status = LUM_NO_MEMORY;
    for (uint64_t n = 1; status != LUM_OK; n++) {
        assert_in_range(n, 1, 1000);
        lum_mem_fail_after(n, false);
        status = restore(&to, lum_buf_bytes(&backup), 4096, &err);
        lum_mem_fail_after(0, false);
        assert_true(status == LUM_OK || status == LUM_NO_MEMORY);
        assert_true(is_there(&to, "log.mdb") == (status == LUM_OK));
    }
    lum_buf_fini(&backup);
    site_drop(&to);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it_comes_back_in_doubt),
        cmocka_unit_test(what_came_later_comes_back_and_nobody_forks),
        cmocka_unit_test(damage_at_any_byte_and_any_shorter_one_is_refused),
        cmocka_unit_test(a_log_that_does_not_hold_is_refused),
        cmocka_unit_test(what_lies_in_the_folder_is_never_overwritten),
        cmocka_unit_test(a_store_restored_into_its_own_folder_is_in_doubt),
        cmocka_unit_test(the_first_bytes_tell_whose_it_is),
        cmocka_unit_test(without_memory_nothing_is_left),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
