/* A batch is seen whole after its commit, and not at all when it is given up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/edit.h"
#include "core/space.h"
#include "tests/lib/site.h"

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

static uint64_t committed_head(struct site *site, uint32_t lno)
{
    struct lum_txn *txn = NULL;
    struct lum_log_row row = {0};
    assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &txn, NULL), LUM_OK);
    if (lum_log_get(txn, lno, &row) != LUM_OK) {
        row.place.chain.seq = 0;
    }
    lum_txn_abort(txn);
    return row.place.chain.seq;
}

static void nothing_of_a_batch_is_seen_before_its_commit(void **state)
{
    (void)state;
    struct site site;
    const struct lum_growth *grown = NULL;
    site_prepare(&site);
    site_found(&site, "Sari");
    uint64_t before = site_put(&site, "a", "name", "one").event.seq;
    site_begin(&site);
    struct lum_event_at at = site_add(&site, "b", "two").event;
    assert_int_equal(at.seq, before + 1);
    assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK); /* sealed, applied */
    assert_int_equal(committed_head(&site, at.lno), before);
    assert_int_equal(site_counts(&site).records, 1);
    site_commit(&site);
    assert_int_equal(committed_head(&site, at.lno), before + 1);
    assert_int_equal(lum_space_grown(site.space, &grown), 1);
    assert_int_equal(grown[0].lno, at.lno);
    assert_int_equal(grown[0].head, before + 1);
    (void)site_settle(&site);
    assert_int_equal(site_counts(&site).records, 2);
    site_drop(&site);
}

static void an_aborted_batch_leaves_nothing(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_id a = site_put(&site, "a", "name", "one").record;
    struct lum_hash root = site_root(&site);
    struct gate_log swaps = {0, 0};
    lum_space_set_gate(site.space, &(struct lum_gate){&swaps, count_shut, count_open});
    for (size_t round = 0; round < 2; round++) {
        site_begin(&site);
        (void)site_add(&site, "a", "other");
        if (round == 1) {
            assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK);
        }
        (void)site_add(&site, "b", "two");
        lum_space_abort(site.space);
        (void)site_settle(&site);
        assert_memory_equal(site_root(&site).b, root.b, 32);
    }
    struct lum_id b = site_put(&site, "b", "name", "three").record;
    assert_int_equal(swaps.shut, 0); /* the view was never ahead of its log */
    assert_string_equal(site_shown(&site, &a, "name"), "one");
    assert_string_equal(site_shown(&site, &b, "name"), "three");
    assert_int_equal(site_values(&site, &b, "name"), 1);
    site_check(&site);
    site_drop(&site);
}

static void put_many(struct site *site, int from, int to)
{
    char key[32];
    site_begin(site);
    for (int i = from; i < to; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)site_add(site, key, "value");
    }
    site_commit(site);
    (void)site_settle(site);
}

static void a_batch_of_many_segments_is_sealed_so_that_others_take_it(void **state)
{
    (void)state;
    struct site site;
    struct site other;
    struct lum_log_row row;
    site_prepare(&site);
    site_prepare(&other);
    site_found(&site, "Sari");
    struct lum_invite invite = site_invite(&site, LUM_ROLE_WRITER, 1);
    site_arrive(&other, &invite);
    site_join(&other, &site, "Budi");
    (void)site_own_logs(&site, LUM_SHELF_COMMON, &row);
    put_many(&site, 0, 64 - (int)row.place.chain.seq); /* ends at a boundary */
    site_meet(&site, &other);
    assert_int_equal(site_counts(&other).records, site_counts(&site).records);
    put_many(&site, 1000, 4000); /* more than one run of 16 segments */
    put_many(&site, 4000, 4001); /* an open tail */
    site_meet(&site, &other);
    assert_int_equal(site_counts(&other).records, site_counts(&site).records);
    assert_in_range(site_counts(&other).records, 3050, 3065);
    assert_memory_equal(site_root(&site).b, site_root(&other).b, 32);
    site_check(&other);
    site_drop(&site);
    site_drop(&other);
}

static void events_after_32_kib_close_a_segment_too(void **state)
{
    (void)state;
    struct site site;
    struct site other;
    static char text[3001];
    char key[32];
    memset(text, 'x', sizeof text - 1);
    site_prepare(&site);
    site_prepare(&other);
    site_found(&site, "Sari");
    struct lum_invite invite = site_invite(&site, LUM_ROLE_WRITER, 1);
    site_arrive(&other, &invite);
    site_join(&other, &site, "Budi");
    site_begin(&site);
    for (int i = 0; i < 400; i++) { /* 1.2 MB: over the run's own limit as well */
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)site_add(&site, key, text);
    }
    site_commit(&site);
    (void)site_settle(&site);
    site_meet(&site, &other);
    assert_int_equal(site_counts(&other).records, 400);
    assert_memory_equal(site_root(&site).b, site_root(&other).b, 32);
    site_drop(&site);
    site_drop(&other);
}

static void an_edit_of_what_the_batch_wrote_sees_it(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_begin(&site);
    assert_int_equal(site_add(&site, "a", "one").end, LUM_EDIT_CREATED);
    assert_int_equal(site_add(&site, "a", "one").end, LUM_EDIT_SAME);
    assert_int_equal(site_add(&site, "a", "two").end, LUM_EDIT_CHANGED);
    struct lum_id id = site_add(&site, "a", "two").record;
    site_commit(&site);
    site_begin(&site); /* the view may still lag: seen all the same */
    assert_int_equal(site_add(&site, "a", "two").end, LUM_EDIT_SAME);
    site_commit(&site);
    (void)site_settle(&site);
    assert_int_equal(site_values(&site, &id, "name"), 1);
    assert_string_equal(site_shown(&site, &id, "name"), "two");
    site_drop(&site);
}

static void a_store_opened_behind_its_log_is_not_edited_blindly(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_begin(&site);
    (void)site_add(&site, "a", "one");
    site_commit(&site); /* the view does not have it */
    site_close(&site);
    assert_int_equal(remove(temp_path(&site.temp, "view.mdb")), 0);
    site_open(&site);
    site_begin(&site);
    assert_int_equal(site_add(&site, "a", "two").end, LUM_EDIT_CHANGED);
    site_commit(&site);
    (void)site_settle(&site);
    struct lum_id id = site_keyed(&site, "item", "a");
    assert_int_equal(site_values(&site, &id, "name"), 1);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_a_batch_is_seen_before_its_commit),
        cmocka_unit_test(an_aborted_batch_leaves_nothing),
        cmocka_unit_test(a_batch_of_many_segments_is_sealed_so_that_others_take_it),
        cmocka_unit_test(events_after_32_kib_close_a_segment_too),
        cmocka_unit_test(an_edit_of_what_the_batch_wrote_sees_it),
        cmocka_unit_test(a_store_opened_behind_its_log_is_not_edited_blindly),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
