/* A folder becomes a space, once, and not before the build was made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/edit.h"
#include "core/space.h"
#include "tests/lib/site.h"

static struct lum_bytes bytes_of(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

static struct lum_space_options options_of(struct site *site)
{
    return (struct lum_space_options){.env = &site->env, .dir = site->temp.dir};
}

static bool has_file(const struct site *site, const char *name)
{
    struct stat st;
    return stat(temp_path(&site->temp, name), &st) == 0;
}

static void genesis_is_the_first_event_at_the_founding_itself(void **state)
{
    (void)state;
    struct site site;
    struct lum_txn *txn = NULL;
    struct lum_log_reader *reader = NULL;
    struct lum_log_event event;
    struct lum_log_row row;
    struct lum_control control;
    struct lum_hash id;
    site_prepare(&site);
    site_found(&site, "Sari");
    assert_int_equal(site_own_logs(&site, LUM_SHELF_GOV, &row), 1);
    assert_int_equal(lum_txn_begin_read(lum_space_log(site.space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_log_reader_open(&reader), LUM_OK);
    assert_int_equal(lum_log_seek(reader, txn, row.lno, 1), LUM_OK);
    assert_int_equal(lum_log_next(reader, &event), LUM_OK);
    assert_int_equal(event.header->kind, LUM_KIND_CONTROL);
    assert_int_equal(event.header->dt, 0);
    assert_int_equal(event.header->dep_count, 0);
    assert_true(lum_control_read(event.payload, &control));
    assert_int_equal(control.op, LUM_GENESIS);
    lum_genesis_id(control.document, &id);
    assert_memory_equal(id.b, lum_space_id(site.space)->b, 32);
    lum_log_reader_close(reader);
    lum_txn_abort(txn);
    site_drop(&site);
}

static void init_keeps_a_secret_and_seeds_to_itself(void **state)
{
    (void)state;
    struct site site;
    struct stat st;
    uint8_t secret[32];
    uint8_t again[32];
    uint8_t zero[32] = {0};
    uint32_t generation = 7;
    site_prepare(&site);
    site_found(&site, "Sari");
    assert_int_equal(lum_space_secret(site.space, &generation, secret), LUM_OK);
    assert_int_equal(generation, 0);
    assert_memory_not_equal(secret, zero, 32);
    assert_int_equal(stat(temp_path(&site.temp, "seed.node"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 32);
    assert_int_equal(stat(site.temp.dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    site_close(&site);
    site_open(&site);
    assert_int_equal(lum_space_secret(site.space, &generation, again), LUM_OK);
    assert_memory_equal(secret, again, 32);
    site_drop(&site);
}

static void init_refuses_a_clock_before_the_build(void **state)
{
    (void)state;
    struct site site;
    struct lum_error err;
    site_prepare(&site);
    site.wall_ms = UINT64_C(951782400000) - 1000; /* 2000-02-29 once asked */
    const struct lum_space_options options = options_of(&site);
    assert_int_equal(
        lum_space_init(&options, bytes_of("Hall"), bytes_of("Sari"), &site.space, &err),
        LUM_INVALID);
    assert_int_equal(err.cause, LUM_CAUSE_clock_before_build);
    assert_string_equal(err.one, "2000-02-29");
    assert_false(has_file(&site, "log.mdb"));
    site_drop(&site);
}

static void init_refuses_a_folder_that_holds_a_store(void **state)
{
    (void)state;
    struct site site;
    struct lum_space *other = NULL;
    struct lum_error err;
    struct lum_hash id;
    site_prepare(&site);
    site_found(&site, "Sari");
    id = *lum_space_id(site.space);
    site_close(&site);
    const struct lum_space_options options = options_of(&site);
    assert_int_equal(lum_space_init(&options, bytes_of("Hall"), bytes_of("Sari"), &other, &err),
                     LUM_EXISTS);
    assert_int_equal(err.cause, LUM_CAUSE_store_exists);
    site_open(&site);
    assert_memory_equal(lum_space_id(site.space)->b, id.b, 32);
    assert_false(lum_space_home(site.space)->in_doubt);
    site_drop(&site);
}

static void a_name_without_text_founds_nothing(void **state)
{
    (void)state;
    struct site site;
    struct lum_error err;
    site_prepare(&site);
    const struct lum_space_options options = options_of(&site);
    assert_int_equal(lum_space_init(&options, bytes_of("Hall"), bytes_of("  "), &site.space, &err),
                     LUM_INVALID);
    assert_int_equal(err.cause, LUM_CAUSE_bad_name);
    assert_int_equal(lum_space_open(&options, &site.space, &err), LUM_NOT_FOUND);
    assert_int_equal(err.cause, LUM_CAUSE_no_store);
    site_found(&site, "Sari"); /* what the refused one left is taken as an empty folder */
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genesis_is_the_first_event_at_the_founding_itself),
        cmocka_unit_test(init_keeps_a_secret_and_seeds_to_itself),
        cmocka_unit_test(init_refuses_a_clock_before_the_build),
        cmocka_unit_test(init_refuses_a_folder_that_holds_a_store),
        cmocka_unit_test(a_name_without_text_founds_nothing),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
