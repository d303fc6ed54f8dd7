/* The request that writes a backup: what it tells, what it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/backup.h"
#include "tests/lib/asker.h"

static void ask_for(struct site *site, const char *name, struct answer *got)
{
    char arguments[600];
    (void)snprintf(arguments, sizeof arguments, "{\"path\":\"%s\"}",
                   temp_path(&site->temp, name));
    asker_ask(site, "backup", arguments, got);
}

static void it_tells_what_the_file_holds(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    static uint8_t bytes[65536];
    char size[32];
    struct lum_backup_head head;
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_put(&site, "one", "name", "first");
    for (size_t round = 0; round < 2; round++) { /* the second takes the place of the first */
        ask_for(&site, "a.backup", &got);
        assert_int_equal(got.status, LUM_OK);
        size_t len = temp_read(&site.temp, "a.backup", bytes, sizeof bytes);
        (void)snprintf(size, sizeof size, "%zu", len);
        assert_string_equal(answer_member(answer_last(&got), "bytes"), size);
        assert_string_equal(answer_member(answer_last(&got), "records"), "1");
        assert_string_equal(answer_member(answer_last(&got), "events"), "4");
        assert_string_equal(answer_member(answer_last(&got), "logs"), "2");
        assert_int_equal(lum_backup_peek(lum_bytes_of(bytes, len), &head), LUM_OK);
        assert_memory_equal(head.space.b, lum_space_id(site.space)->b, 32);
        answer_drop(&got);
    }
    site_drop(&site);
}

static void other_files_are_left_as_they_are(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    char bytes[5] = "";
    for (size_t i = 0; i < 2; i++) {
        site_prepare(&s[i]);
        site_found(&s[i], "Sari");
    }
    temp_write(&s[0].temp, "table.csv", "a,b\n", 4);
    ask_for(&s[0], "table.csv", &got);
    answer_fails(&got, LUM_CAUSE_file_exists, NULL);
    answer_drop(&got);
    assert_int_equal(temp_read(&s[0].temp, "table.csv", bytes, sizeof bytes), 4);
    assert_string_equal(bytes, "a,b\n");
    ask_for(&s[0], "a.backup", &got); /* of another space */
    answer_drop(&got);
    assert_int_equal(rename(temp_path(&s[0].temp, "a.backup"), temp_path(&s[1].temp, "b.backup")),
                     0);
    ask_for(&s[1], "b.backup", &got);
    answer_fails(&got, LUM_CAUSE_file_exists, NULL);
    answer_drop(&got);
    ask_for(&s[0], "no/such/folder", &got);
    answer_fails(&got, LUM_CAUSE_no_file, NULL);
    answer_drop(&got);
    asker_ask(&s[0], "backup", "{\"path\":\"a.backup\"}", &got);
    answer_fails(&got, LUM_CAUSE_bad_request, "path");
    answer_drop(&got);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

static void a_damaged_store_is_told_at_once(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    static uint8_t log[262144];
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_put(&site, "one", "name", "first");
    site_close(&site);
    size_t len = temp_read(&site.temp, "log.mdb", log, sizeof log);
    for (size_t at = 0; at + 5 < len; at++) {
        if (memcmp(log + at, "first", 5) == 0) {
            temp_flip(&site.temp, "log.mdb", at, 0x20);
        }
    }
    site_open(&site);
    ask_for(&site, "a.backup", &got);
    answer_fails(&got, LUM_CAUSE_store_damaged, NULL);
    answer_drop(&got);
    assert_int_equal(temp_size(&site.temp, "view.mdb") > 0, true);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_tells_what_the_file_holds),
        cmocka_unit_test(other_files_are_left_as_they_are),
        cmocka_unit_test(a_damaged_store_is_told_at_once),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
