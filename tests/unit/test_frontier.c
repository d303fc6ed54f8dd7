/* test_frontier.c - what we hold, kept level with the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "sync/frontier.h"
#include "tests/lib/build.h"

enum {
    WRITERS = 20
};

static struct build *build;
static struct build_store *store;
static struct lum_frontier frontier;
static uint32_t logs[WRITERS];

static int start(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    build = build_open(1);
    store = build_store_open(build);
    for (uint32_t i = 0; i < WRITERS; i++) {
        logs[i] = build_writer(build, i + 2);
        for (uint32_t n = 0; n <= i % 3; n++) {
            (void)build_make(build, logs[i], 0, "name", "visit");
        }
    }
    lum_frontier_init(&frontier);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_frontier_fini(&frontier);
    build_store_close(store);
    build_close(build);
    return 0;
}

static void read_log(uint32_t lno)
{
    assert_int_equal(lum_frontier_read(&frontier, build_log_txn(store), lno), LUM_OK);
}

static void assert_level(void)
{
    for (uint8_t shelf = LUM_SHELF_GOV; shelf <= LUM_SHELF_COMMON; shelf++) {
        uint8_t digest[16];
        assert_int_equal(lum_log_frontier(build_log_txn(store), shelf, digest), LUM_OK);
        assert_memory_equal(lum_frontier_digest(&frontier, shelf), digest, sizeof(digest));
    }
    assert_int_equal(frontier.count, lum_log_count(build_log_txn(store)));
    for (uint32_t i = 1; i < frontier.count; i++) {
        const struct lum_held *before = lum_frontier_log(&frontier, frontier.by_id[i - 1]);
        const struct lum_held *after = lum_frontier_log(&frontier, frontier.by_id[i]);
        assert_true(memcmp(before->id.b, after->id.b, 32) < 0);
    }
}

static void the_digest_is_the_stores(void **state)
{
    (void)state;
    read_log(0);
    assert_level();
    build_feed_all(store);
    read_log(0);
    assert_level();
}

static void what_is_told_as_grown_keeps_it_level(void **state)
{
    (void)state;
    build_feed_all(store);
    read_log(0);
    uint32_t lno = build_lno(store, logs[3]);
    uint64_t before = lum_frontier_log(&frontier, lno)->head;
    (void)build_make(build, logs[3], 0, "name", "more");
    build_feed(store, logs[3], build_head(build, logs[3]));
    read_log(lno);
    assert_int_equal(lum_frontier_log(&frontier, lno)->head, before + 1);
    assert_level();
    uint32_t newcomer = build_writer(build, WRITERS + 2);
    (void)build_make(build, newcomer, 0, "name", "first");
    build_feed_all(store);
    read_log(build_lno(store, 1)); /* its invite */
    read_log(build_lno(store, newcomer));
    assert_level();
}

static void a_frozen_log_stands_at_its_fork_point(void **state)
{
    (void)state;
    build_feed_all(store);
    build_freeze(store, logs[2], 1);
    read_log(0);
    const struct lum_held *held = lum_frontier_log(&frontier, build_lno(store, logs[2]));
    struct lum_hash h = build_hash(build, logs[2], 1);
    assert_true(held->is_frozen);
    assert_int_equal(held->seq, 1);
    assert_true(held->head > 1);
    assert_memory_equal(held->h.b, h.b, sizeof(h.b));
    assert_level();
}

static void logs_are_found_by_id_and_by_its_beginning(void **state)
{
    (void)state;
    build_feed_all(store);
    read_log(0);
    for (uint32_t i = 0; i < WRITERS; i++) {
        const struct lum_hash *id = build_log_id(build, logs[i]);
        assert_int_equal(lum_frontier_find(&frontier, id), build_lno(store, logs[i]));
        assert_int_equal(lum_frontier_find8(&frontier, id->b), build_lno(store, logs[i]));
    }
    struct lum_hash unknown = *build_log_id(build, logs[0]);
    unknown.b[31] ^= 1;
    assert_int_equal(lum_frontier_find(&frontier, &unknown), 0);
    memset(unknown.b, 0xff, sizeof(unknown.b));
    assert_int_equal(lum_frontier_find(&frontier, &unknown), 0);
    assert_int_equal(lum_frontier_find8(&frontier, unknown.b), 0);
}

/* Nobody can make two honest logs begin alike; who does it with his own is told apart by name. */
static void two_logs_that_begin_alike_are_found_by_neither(void **state)
{
    (void)state;
    build_feed_all(store);
    read_log(0);
    struct lum_held *first = lum_frontier_log(&frontier, frontier.by_id[4]);
    struct lum_held *second = lum_frontier_log(&frontier, frontier.by_id[5]);
    memcpy(first->id.b, second->id.b, 8);
    memset(first->id.b + 8, 0, 24);
    assert_int_equal(lum_frontier_find8(&frontier, second->id.b), 0);
    assert_int_equal(lum_frontier_find(&frontier, &second->id), frontier.by_id[5]);
    assert_int_equal(lum_frontier_find(&frontier, &first->id), frontier.by_id[4]);
}

static void a_tag_belongs_to_its_session(void **state)
{
    (void)state;
    struct lum_hash h = {{1, 2, 3}};
    uint8_t one[64] = {1};
    uint8_t two[64] = {2};
    assert_int_equal(lum_frontier_tag(one, &h), lum_frontier_tag(one, &h));
    assert_int_not_equal(lum_frontier_tag(one, &h), lum_frontier_tag(two, &h));
    two[0] = 1;
    two[16] = 9; /* only the first 16 bytes are the key */
    assert_int_equal(lum_frontier_tag(one, &h), lum_frontier_tag(two, &h));
    h.b[31] = 1;
    assert_int_not_equal(lum_frontier_tag(one, &h), lum_frontier_tag(one, &(struct lum_hash){{0}}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_digest_is_the_stores, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_told_as_grown_keeps_it_level, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_frozen_log_stands_at_its_fork_point, set_up, tear_down),
        cmocka_unit_test_setup_teardown(logs_are_found_by_id_and_by_its_beginning, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(two_logs_that_begin_alike_are_found_by_neither, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_tag_belongs_to_its_session, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
