/* A space opens as it was left, whatever became of its view or of memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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

static void member_key(const struct lum_device *device, char out[33])
{
    for (size_t i = 0; i < sizeof device->member.b; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", device->member.b[i]);
    }
}

static void init_founds_a_space_that_opens_again(void **state)
{
    (void)state;
    struct site site;
    char key[33];
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_hash id = *lum_space_id(site.space);
    for (size_t round = 0; round < 2; round++) {
        const struct lum_roster *roster = lum_space_roster(site.space);
        const struct lum_device_keys *keys = lum_space_keys(site.space);
        assert_memory_equal(lum_space_id(site.space)->b, id.b, 32);
        assert_false(lum_space_is_newcomer(site.space));
        assert_false(lum_space_home(site.space)->in_doubt);
        assert_int_equal(lum_roster_device_count(roster), 1);
        const struct lum_device *me = lum_roster_by_author(roster, keys->author.public);
        assert_non_null(me);
        assert_int_equal(me->role, LUM_ROLE_STEWARD);
        assert_ptr_equal(lum_roster_by_node(roster, keys->node.public), me);
        member_key(me, key);
        struct lum_id space = site_keyed(&site, "_space", "space");
        struct lum_id member = site_keyed(&site, "_member", key);
        assert_string_equal(site_shown(&site, &space, "name"), "Hall");
        assert_string_equal(site_shown(&site, &member, "name"), "Sari");
        assert_int_equal(site_counts(&site).records, 0); /* Lumbung's own are not counted */
        site_close(&site);
        site_open(&site);
        (void)site_settle(&site);
    }
    site_drop(&site);
}

static void open_says_when_there_is_no_store(void **state)
{
    (void)state;
    struct site site;
    struct lum_error err;
    site_prepare(&site);
    const struct lum_space_options options = options_of(&site);
    assert_int_equal(lum_space_open(&options, &site.space, &err), LUM_NOT_FOUND);
    assert_int_equal(err.cause, LUM_CAUSE_no_store);
    site_drop(&site);
}

static void open_refuses_a_store_without_its_seeds(void **state)
{
    (void)state;
    struct site site;
    struct lum_error err;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_close(&site);
    const struct lum_space_options options = options_of(&site);
    temp_write(&site.temp, "seed.device", "short", 5);
    assert_int_equal(lum_space_open(&options, &site.space, &err), LUM_CORRUPT);
    assert_int_equal(err.cause, LUM_CAUSE_store_damaged);
    assert_int_equal(remove(temp_path(&site.temp, "seed.device")), 0);
    assert_int_equal(lum_space_open(&options, &site.space, &err), LUM_CORRUPT);
    assert_int_equal(err.cause, LUM_CAUSE_store_damaged);
    site_drop(&site);
}

static void a_view_that_is_gone_or_damaged_is_made_anew(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_id id = site_put(&site, "a", "name", "one").record;
    struct lum_hash root = site_root(&site);
    site_close(&site);
    assert_int_equal(remove(temp_path(&site.temp, "view.mdb")), 0);
    site_open(&site);
    (void)site_settle(&site);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    site_close(&site);
    temp_write(&site.temp, "view.mdb", "no view at all", 14);
    site_open(&site);
    (void)site_settle(&site);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    assert_string_equal(site_shown(&site, &id, "name"), "one");
    site_check(&site);
    site_drop(&site);
}

static void an_older_view_catches_up(void **state)
{
    (void)state;
    struct site site;
    static uint8_t old[4 * 1024 * 1024];
    site_prepare(&site);
    site_found(&site, "Sari");
    site_close(&site);
    size_t len = temp_read(&site.temp, "view.mdb", old, sizeof old);
    site_open(&site);
    struct lum_id id = site_put(&site, "a", "name", "one").record;
    struct lum_hash root = site_root(&site);
    site_close(&site);
    temp_write(&site.temp, "view.mdb", old, len);
    site_open(&site);
    assert_false(lum_space_is_settled(site.space));
    assert_int_equal(site_settle(&site).applied, 1);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    assert_string_equal(site_shown(&site, &id, "name"), "one");
    site_drop(&site);
}

/* Opens, writes one record, settles: the first status that is not OK, or OK. */
static enum lum_status work(struct site *site, const char *key, bool *committed)
{
    const struct lum_space_options options = options_of(site);
    struct lum_view_progress progress = {0};
    struct lum_edit_result result;
    enum lum_status status = lum_space_open(&options, &site->space, &site->error);
    if (status == LUM_OK) {
        status = lum_editor_open(site->space, &site->editor);
    }
    if (status == LUM_OK) {
        status = lum_space_begin(site->space, &site->error);
    }
    if (status != LUM_OK) {
        return status;
    }
    const struct lum_edit_target items = {.shelf = LUM_SHELF_COMMON,
                                          .collection = bytes_of("item")};
    status = lum_edit_make_keyed(site->editor, &items, bytes_of(key), site_map("name", "x"),
                                 &result, &site->error);
    if (status != LUM_OK) {
        lum_space_abort(site->space);
        return status;
    }
    status = lum_space_commit(site->space, &site->error);
    *committed = status == LUM_OK;
    return status == LUM_OK ? lum_space_settle(site->space, 0, &progress, &site->error) : status;
}

static void every_failed_allocation_is_told_and_harms_nothing(void **state)
{
    (void)state;
    struct site site;
    uint64_t saved = 0;
    bool is_through = false;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_close(&site);
    for (uint64_t nth = 1; !is_through; nth++) {
        char key[16];
        bool committed = false;
        (void)snprintf(key, sizeof key, "k%u", (unsigned)nth);
        lum_mem_fail_after(nth, false);
        enum lum_status status = work(&site, key, &committed);
        is_through = status == LUM_OK && nth > 20;
        lum_mem_fail_after(0, false);
        assert_true(status == LUM_OK || status == LUM_NO_MEMORY);
        saved += committed ? 1 : 0;
        site_close(&site);
        site_open(&site);
        (void)site_settle(&site);
        assert_int_equal(site_counts(&site).records, saved);
        assert_false(lum_space_home(site.space)->in_doubt);
        site_close(&site);
        assert_true(nth < 2000);
    }
    site_open(&site);
    (void)site_settle(&site);
    site_check(&site);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_founds_a_space_that_opens_again),
        cmocka_unit_test(open_says_when_there_is_no_store),
        cmocka_unit_test(open_refuses_a_store_without_its_seeds),
        cmocka_unit_test(a_view_that_is_gone_or_damaged_is_made_anew),
        cmocka_unit_test(an_older_view_catches_up),
        cmocka_unit_test(every_failed_allocation_is_told_and_harms_nothing),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
