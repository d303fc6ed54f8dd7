/* The state root: the vectors' bytes, and one root however the events came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/record_row.h"
#include "core/view_i.h"
#include "tests/lib/build.h"
#include "tests/lib/vectors.h"

/* ---- the vectors: rows are put as the applier would, then hashed ---- */

struct world {
    struct temp temp;
    struct lum_store *log_store;
    struct lum_store *view_store;
    struct lum_txn *log;
    struct lum_txn *view;
    struct lum_arena arena;
    struct lum_buf bytes;
    uint32_t names;
    uint64_t rnos;
    json_t *vectors;
};

static void logs_open(struct world *w)
{
    json_t *logs = vectors_array(w->vectors, "logs");
    struct lum_hash space;
    vectors_exact(w->vectors, "space", space.b, sizeof space.b);
    for (size_t i = 0; i < json_array_size(logs); i++) {
        const json_t *log = json_array_get(logs, i);
        struct lum_log_name name = {.shelf = (uint8_t)vectors_number(log, "shelf")};
        struct lum_log_row row;
        vectors_exact(log, "author", name.author, sizeof name.author);
        vectors_exact(log, "incarnation", name.incarnation, sizeof name.incarnation);
        assert_int_equal(lum_log_create(w->log, &space, &name, 0, &row), LUM_OK);
        assert_int_equal(row.lno, i + 1);
        vectors_same(log, "log_id", row.place.log_id.b, sizeof row.place.log_id.b);
    }
}

static uint32_t number_of(struct world *w, const char *name)
{
    struct lum_bytes text = lum_bytes_of(name, strlen(name));
    uint32_t known = 0;
    uint8_t number[4];
    assert_int_equal(lum_view_name_number(w->view, text, &known), LUM_OK);
    if (known != 0) {
        return known;
    }
    lum_put_u32(number, ++w->names);
    assert_int_equal(lum_txn_put(w->view, LUM_V_NAME, text, lum_bytes_of(number, 4)), LUM_OK);
    assert_int_equal(lum_txn_put(w->view, LUM_V_TEXT, lum_bytes_of(number, 4), text), LUM_OK);
    return w->names;
}

static struct lum_place dot_of(const json_t *dot)
{
    return (struct lum_place){(uint32_t)json_integer_value(json_array_get(dot, 0)) + 1,
                              (uint64_t)json_integer_value(json_array_get(dot, 1)),
                              (uint16_t)json_integer_value(json_array_get(dot, 2))};
}

static void cells_read(struct world *w, const json_t *row, struct lum_record *record)
{
    const char *name = NULL;
    json_t *siblings = NULL;
    json_object_foreach(json_object_get(row, "fields"), name, siblings)
    {
        uint32_t field = number_of(w, name);
        for (size_t i = 0; i < json_array_size(siblings); i++) {
            const json_t *dot = json_array_get(siblings, i);
            vectors_unhex(json_string_value(json_array_get(dot, 3)), &w->bytes);
            uint8_t *value = lum_arena_take(&w->arena, w->bytes.len);
            memcpy(value, w->bytes.at, w->bytes.len);
            struct lum_sibling sibling = {dot_of(dot), lum_bytes_of(value, w->bytes.len)};
            assert_int_equal(lum_record_set(record, &w->arena, field, &sibling, NULL, 0), LUM_OK);
        }
    }
}

static void record_put(struct world *w, const json_t *row)
{
    struct lum_record record = {.shelf = 1};
    uint8_t rno[8];
    uint8_t key[17] = {1};
    vectors_exact(row, "id", record.id.b, sizeof record.id.b);
    if (!json_is_null(json_object_get(row, "coll"))) {
        record.collection = number_of(w, vectors_text(row, "coll"));
    }
    json_t *list = vectors_array(row, "existence");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct lum_place at = dot_of(json_array_get(list, i));
        assert_int_equal(lum_record_make(&record, &w->arena, &at), LUM_OK);
    }
    list = vectors_array(row, "drops");
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct lum_place at = dot_of(json_array_get(list, i));
        assert_int_equal(lum_record_drop(&record, &w->arena, &at, NULL, 0), LUM_OK);
    }
    cells_read(w, row, &record);
    record.first = record.existence[0];
    lum_buf_reset(&w->bytes);
    lum_record_write(&record, &w->bytes);
    lum_put_u64(rno, ++w->rnos);
    memcpy(key + 1, record.id.b, sizeof record.id.b);
    assert_int_equal(
        lum_txn_put(w->view, LUM_V_REC, lum_bytes_of(rno, 8), lum_buf_bytes(&w->bytes)), LUM_OK);
    assert_int_equal(lum_txn_put(w->view, LUM_V_RID, lum_bytes_of(key, 17), lum_bytes_of(rno, 8)),
                     LUM_OK);
}

static int world_open(void **state)
{
    static struct world w;
    bool fresh = false;
    w = (struct world){0};
    assert_int_equal(lum_crypto_init(), LUM_OK);
    w.vectors = vectors_open("state_leaf.json");
    temp_make(&w.temp);
    lum_arena_init(&w.arena);
    lum_buf_init(&w.bytes, 1024 * 1024);
    assert_int_equal(lum_log_open(w.temp.dir, true, &w.log_store, NULL), LUM_OK);
    assert_int_equal(lum_view_open(w.temp.dir, "view.mdb", &w.view_store, &fresh, NULL), LUM_OK);
    assert_int_equal(lum_txn_begin_write(w.log_store, &w.log, NULL), LUM_OK);
    assert_int_equal(lum_txn_begin_write(w.view_store, &w.view, NULL), LUM_OK);
    logs_open(&w);
    *state = &w;
    return 0;
}

static int world_close(void **state)
{
    struct world *w = *state;
    lum_txn_abort(w->log);
    lum_txn_abort(w->view);
    lum_store_close(w->log_store);
    lum_store_close(w->view_store);
    lum_arena_fini(&w->arena);
    lum_buf_fini(&w->bytes);
    temp_drop(&w->temp);
    json_decref(w->vectors);
    return 0;
}

static void an_empty_shelf_has_the_vectors_root(void **state)
{
    struct world *w = *state;
    struct lum_hash root;
    assert_int_equal(lum_view_root(w->view, w->log, 1, &root), LUM_OK);
    vectors_same(w->vectors, "empty_root", root.b, sizeof root.b);
}

static void expect_vectors(struct world *w)
{
    struct lum_hash hash;
    json_t *rows = vectors_array(w->vectors, "records");
    assert_true(json_array_size(rows) >= 10);
    for (size_t i = json_array_size(rows); i > 0; i--) { /* numbers against the order of ids */
        record_put(w, json_array_get(rows, i - 1));
    }
    rows = vectors_array(w->vectors, "buckets");
    assert_true(json_array_size(rows) >= 4);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        assert_int_equal(
            lum_view_bucket(w->view, w->log, 1, (unsigned)vectors_number(row, "bucket"), &hash),
            LUM_OK);
        vectors_same(row, "hash", hash.b, sizeof hash.b);
    }
    assert_int_equal(lum_view_root(w->view, w->log, 1, &hash), LUM_OK);
    vectors_same(w->vectors, "root", hash.b, sizeof hash.b);
    assert_int_equal(lum_txn_rows(w->view, LUM_V_TREE), 0);
    for (int i = 0; i < 2; i++) { /* kept, and from what was kept */
        assert_int_equal(lum_view_root_keep(w->view, w->log, 1, &hash), LUM_OK);
        vectors_same(w->vectors, "root", hash.b, sizeof hash.b);
        assert_int_equal(lum_txn_rows(w->view, LUM_V_TREE), LUM_VIEW_BUCKETS);
    }
    assert_int_equal(lum_view_root(w->view, w->log, 2, &hash), LUM_OK); /* another shelf */
    vectors_same(w->vectors, "empty_root", hash.b, sizeof hash.b);
}

static void leaves_buckets_and_root_are_those_of_the_vectors(void **state)
{
    expect_vectors(*state);
}

/* Whoever makes up a million names must not leave a hall without its root. */
static void a_root_has_no_greatest_number_of_names(void **state)
{
    struct world *w = *state;
    w->names = (1U << 20) - 3;
    expect_vectors(w);
    assert_true(w->names > 1U << 20);
}

/* ---- one root, however the events came ---- */

enum {
    PEOPLE = 4,
    KEYS = 5,
    STEPS = 160
};

struct village {
    struct build *build;
    uint32_t logs[PEOPLE];
    uint64_t dice;
};

static uint64_t roll(struct village *v, uint64_t below)
{
    v->dice = v->dice * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (v->dice >> 33) % below;
}

/* One op by someone, seeing some heads of others: overlapping creates, sets, drops and keeps. */
static void step(struct village *v)
{
    static const char *const keys[KEYS] = {"1", "2", "3", "4", "5"};
    static const uint64_t times[] = {0, 0, 0, 5, UINT64_C(4070908800000)};
    struct lum_draft *draft = build_draft(v->build);
    uint32_t log = v->logs[roll(v, PEOPLE)];
    uint32_t other = v->logs[roll(v, PEOPLE)];
    const char *key = keys[roll(v, KEYS)];
    struct lum_id id = build_keyed(v->build, "item", key);
    const struct lum_about about = {.id = &id};
    uint64_t head = build_head(v->build, other);
    struct lum_place seen = {other == log ? 0 : other, head == 0 ? 0 : 1 + roll(v, head), 0};
    struct lum_places places = {&seen, head == 0 ? 0 : 1};
    char text[2] = {(char)('a' + roll(v, 3)), '\0'};
    const struct lum_pair pair = {lum_bytes_of("name", 4), build_text(text)};
    switch (roll(v, 6)) {
    case 0:
        lum_draft_make_keyed(draft, lum_bytes_of("item", 4), lum_bytes_of(key, 1),
                             build_map("name", text));
        break;
    case 1:
        lum_draft_drop(draft, &about, places);
        break;
    case 2:
        lum_draft_keep(draft, &about, places);
        break;
    default:
        lum_draft_set(draft, &about, &pair, places);
        break;
    }
    (void)build_data(v->build, log, times[roll(v, LUM_COUNT(times))]);
    if (roll(v, 20) == 0) {
        const struct build_event bad = {.kind = 40};
        (void)build_event(v->build, log, &bad);
    }
}

/* Feeds the logs in pieces, in an order of its own; settles now and then, in any batches. */
static void feed_shuffled(struct village *v, struct build_store *store)
{
    uint64_t held[PEOPLE] = {0};
    uint64_t left = 0;
    for (size_t i = 0; i < PEOPLE; i++) {
        left += build_head(v->build, v->logs[i]);
    }
    for (uint32_t gov = 1; gov <= PEOPLE; gov++) {
        build_feed(store, gov, 1);
    }
    while (left > 0) {
        size_t who = roll(v, PEOPLE);
        uint64_t room = build_head(v->build, v->logs[who]) - held[who];
        uint64_t piece = room == 0 ? 0 : 1 + roll(v, room < 9 ? room : 9);
        held[who] += piece;
        left -= piece;
        build_feed(store, v->logs[who], held[who]);
        if (roll(v, 3) == 0) {
            assert_false(build_settle_by(store, 1 + roll(v, 7)));
        }
    }
    assert_false(build_settle(store));
}

static void any_causal_order_and_any_batching_gives_the_same_root(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct village v = {.build = build_open(PEOPLE), .dice = seed};
        struct lum_hash first = {{0}};
        struct lum_view_counts counts = {0};
        for (uint32_t i = 0; i < PEOPLE; i++) {
            v.logs[i] = build_common(v.build, i + 1);
        }
        for (int i = 0; i < STEPS; i++) {
            step(&v);
        }
        for (int order = 0; order < 4; order++) {
            struct lum_error err = {0};
            struct build_store *store = build_store_open(v.build);
            feed_shuffled(&v, store);
            struct lum_hash root = build_root(store);
            struct lum_view_counts now = build_counts(store);
            now.applied = 0;
            if (order == 0) {
                first = root;
                counts = now;
                assert_true(counts.records > 0 && counts.voided > 0);
                assert_int_equal(counts.waiting, 0);
            }
            assert_memory_equal(root.b, first.b, sizeof root.b);
            assert_memory_equal(&now, &counts, sizeof now);
            if (lum_view_check(build_view_txn(store), build_log_txn(store), &err) != LUM_OK) {
                fail_msg("%s", err.two);
            }
            build_rebuild(store); /* made anew equals step by step */
            root = build_root(store);
            assert_memory_equal(root.b, first.b, sizeof root.b);
            build_store_close(store);
        }
        build_close(v.build);
    }
}

static struct lum_hash keep_root(struct build_store *store)
{
    struct lum_txn *txn = NULL;
    struct lum_hash root;
    assert_int_equal(lum_txn_begin_write(build_view_store(store), &txn, NULL), LUM_OK);
    assert_int_equal(lum_view_root_keep(txn, build_log_txn(store), LUM_SHELF_COMMON, &root),
                     LUM_OK);
    assert_int_equal(lum_txn_commit(txn, NULL), LUM_OK);
    return root;
}

static void kept_buckets_follow_every_change(void **state)
{
    (void)state;
    struct village v = {.build = build_open(PEOPLE), .dice = 7};
    struct build_store *store = build_store_open(v.build);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        v.logs[i] = build_common(v.build, i + 1);
    }
    for (int i = 0; i < 30; i++) {
        step(&v);
        build_feed_all(store);
        (void)build_settle(store);
        struct lum_hash kept = keep_root(store);
        struct build_store *fresh = build_store_open(v.build);
        build_feed_all(fresh);
        (void)build_settle(fresh);
        struct lum_hash root = build_root(fresh);
        build_store_close(fresh);
        assert_memory_equal(kept.b, root.b, sizeof kept.b);
    }
    build_store_close(store);
    build_close(v.build);
}

static void a_byte_of_a_value_changes_the_root(void **state)
{
    struct lum_hash roots[2];
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct build *build = build_open(1);
        struct build_store *store = build_store_open(build);
        (void)build_make_keyed(build, build_common(build, 1), 0, "k", i == 0 ? "a" : "b");
        build_feed_all(store);
        (void)build_settle(store);
        roots[i] = build_root(store);
        build_store_close(store);
        build_close(build);
    }
    assert_memory_not_equal(roots[0].b, roots[1].b, sizeof roots[0].b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_shelf_has_the_vectors_root, world_open,
                                        world_close),
        cmocka_unit_test_setup_teardown(leaves_buckets_and_root_are_those_of_the_vectors,
                                        world_open, world_close),
        cmocka_unit_test_setup_teardown(a_root_has_no_greatest_number_of_names, world_open,
                                        world_close),
        cmocka_unit_test(any_causal_order_and_any_batching_gives_the_same_root),
        cmocka_unit_test(kept_buckets_follow_every_change),
        cmocka_unit_test(a_byte_of_a_value_changes_the_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
