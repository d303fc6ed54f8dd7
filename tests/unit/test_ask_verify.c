/* verify says that all is right, or names what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/asker.h"

static void found(struct site *site)
{
    site_prepare(site);
    site_found(site, "Sari");
    for (int i = 0; i < 5; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)site_put(site, key, "a", "1");
    }
}

/* Changes one row of one of the two files, as a damaged disk would. */
static void spoil(struct site *site, bool is_view, uint32_t table, struct lum_bytes key,
                  size_t flip_at)
{
    struct lum_txn *txn = NULL;
    struct lum_bytes row;
    uint8_t copy[4096];
    struct lum_store *store = is_view ? lum_space_view(site->space) : lum_space_log(site->space);
    assert_int_equal(lum_txn_begin_write(store, &txn, NULL), LUM_OK);
    assert_int_equal(lum_txn_get(txn, table, key, &row), LUM_OK);
    assert_true(row.len > flip_at && row.len <= sizeof copy);
    memcpy(copy, row.at, row.len);
    copy[flip_at] ^= 1;
    assert_int_equal(lum_txn_put(txn, table, key, lum_bytes_of(copy, row.len)), LUM_OK);
    assert_int_equal(lum_txn_commit(txn, NULL), LUM_OK);
}

static const char *part_of(const struct answer *answer, const char *part, bool ok)
{
    for (size_t i = 0; i < answer->row_count; i++) {
        const char *row = answer_row(answer, i);
        if (strcmp(answer_member(row, "part"), part) == 0 &&
            strcmp(answer_member(row, "ok"), ok ? "true" : "false") == 0) {
            return row;
        }
    }
    fail_msg("no row of %s that is %s", part, ok ? "right" : "wrong");
    return NULL;
}

static void a_sound_store_is_all_right(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    asker_ask(&site, "verify", "{}", &got);
    answer_is(&got, "{\"ok\":true}");
    assert_int_equal(got.row_count, 3);
    assert_string_equal(answer_member(part_of(&got, "log", true), "events"), "8");
    assert_string_equal(answer_member(part_of(&got, "log", true), "logs"), "2");
    (void)part_of(&got, "view", true);
    (void)part_of(&got, "arrival", true);
    answer_drop(&got);
    site_drop(&site);
}

static void a_byte_of_an_event_is_found(void **state)
{
    (void)state;
    static const uint8_t key[12] = {0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4};
    struct site site;
    struct answer got;
    found(&site);
    spoil(&site, false, LUM_T_TAIL, lum_bytes_of(key, sizeof key), 70);
    asker_ask(&site, "verify", "{}", &got);
    answer_fails(&got, LUM_CAUSE_store_damaged, "log.mdb");
    assert_true(strlen(got.error.two) > 0);
    const char *row = part_of(&got, "log", false);
    assert_string_equal(answer_member(row, "table"), "tail");
    assert_string_equal(answer_member(row, "at"), "4");
    assert_int_equal(strlen(answer_member(row, "log")), 64);
    answer_drop(&got);
    site_drop(&site);
}

static void a_byte_of_a_record_is_found(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    uint8_t rno[8];
    uint64_t number = 0;
    struct lum_txn *txn = NULL;
    found(&site);
    struct lum_id id = site_keyed(&site, "item", "k3");
    assert_int_equal(lum_txn_begin_read(lum_space_view(site.space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_view_find(txn, LUM_SHELF_COMMON, &id, &number), LUM_OK);
    lum_txn_abort(txn);
    lum_put_u64(rno, number);
    spoil(&site, true, LUM_V_REC, lum_bytes_of(rno, 8), 5); /* its id */
    asker_ask(&site, "verify", "{}", &got);
    answer_fails(&got, LUM_CAUSE_store_damaged, "view.mdb");
    (void)part_of(&got, "log", true);
    (void)part_of(&got, "view", false);
    answer_drop(&got);
    asker_ask(&site, "rebuild", "{}", &got); /* which is how it is mended */
    assert_int_equal(got.status, LUM_OK);
    answer_drop(&got);
    asker_ask(&site, "verify", "{}", &got);
    answer_is(&got, "{\"ok\":true}");
    answer_drop(&got);
    site_drop(&site);
}

static void a_view_of_another_log_is_found(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    spoil(&site, true, LUM_V_META, lum_bytes_of(LUM_VMETA_APPLIED, strlen(LUM_VMETA_APPLIED)),
          8 + 3);
    asker_ask(&site, "verify", "{}", &got);
    answer_fails(&got, LUM_CAUSE_store_damaged, "view.mdb");
    (void)part_of(&got, "arrival", false);
    answer_drop(&got);
    site_drop(&site);
}

static void what_was_written_just_now_is_checked_too(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    const struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON,
                                           .collection = lum_bytes_of("item", 4)};
    struct lum_edit_result out;
    site_begin(&site);
    assert_int_equal(lum_edit_make(site.editor, &target, site_map("a", "1"), &out, NULL), LUM_OK);
    site_commit(&site); /* the view has not followed yet */
    asker_ask(&site, "verify", "{}", &got);
    answer_is(&got, "{\"ok\":true}");
    assert_string_equal(answer_member(part_of(&got, "log", true), "events"), "9");
    answer_drop(&got);
    site_drop(&site);
}

/* A bit flips on the disk, where nothing but the row's sum tells: the letters of a value. */
static void rot(struct site *site, const char *file, const char *letters)
{
    static uint8_t bytes[8 * 1024 * 1024];
    size_t len = temp_read(&site->temp, file, bytes, sizeof bytes);
    size_t found = 0;
    for (size_t at = 0; at + strlen(letters) <= len; at++) {
        if (memcmp(bytes + at, letters, strlen(letters)) == 0) {
            temp_flip(&site->temp, file, at, 1);
            found++;
        }
    }
    assert_true(found > 0);
}

static void a_rotten_value_is_never_shown_and_the_view_is_made_anew(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    (void)site_put(&site, "k9", "a", "kebenaran");
    (void)site_settle(&site);
    site_close(&site);
    rot(&site, "view.mdb", "kebenaran");
    site_open(&site);
    asker_ask(&site, "find", "{\"coll\":\"item\"}", &got); /* a scan */
    answer_fails(&got, LUM_CAUSE_store_damaged, NULL);
    answer_drop(&got);
    for (int i = 0; i < 2; i++) { /* in this process, and in the next */
        (void)site_settle(&site);
        asker_ask(&site, "find", "{\"coll\":\"item\"}", &got);
        assert_int_equal(got.status, LUM_OK);
        assert_int_equal(got.row_count, 6);
        answer_drop(&got);
        asker_ask(&site, "verify", "{}", &got);
        answer_is(&got, "{\"ok\":true}");
        answer_drop(&got);
        site_close(&site);
        site_open(&site);
    }
    site_close(&site);
    rot(&site, "view.mdb", "kebenaran");
    site_open(&site);
    asker_ask(&site, "get", "{\"record\":\"item/k9\"}", &got);
    assert_int_not_equal(got.status, LUM_OK);
    answer_drop(&got);
    site_close(&site); /* one command is over */
    site_open(&site);
    (void)site_settle(&site);
    asker_ask(&site, "find", "{\"coll\":\"item\"}", &got);
    assert_int_equal(got.row_count, 6);
    answer_drop(&got);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_store_is_all_right),
        cmocka_unit_test(a_byte_of_an_event_is_found),
        cmocka_unit_test(a_byte_of_a_record_is_found),
        cmocka_unit_test(a_view_of_another_log_is_found),
        cmocka_unit_test(what_was_written_just_now_is_checked_too),
        cmocka_unit_test(a_rotten_value_is_never_shown_and_the_view_is_made_anew),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
