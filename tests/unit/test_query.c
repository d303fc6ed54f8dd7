/* Which records match, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/query.h"
#include "tests/lib/build.h"

enum {
    ROWS = 6,
};

/* Six villages; record i has rno i + 1. */
static const struct {
    const char *name;
    int64_t people;
    double area;
    bool has_area;
} rows[ROWS] = {
    {"Cibogo", 120, 2.5, true},    {"Subang", 900, 0, false},      {"cipeundeuy", 50, 3.0, true},
    {"Pagaden", 120, 10.25, true}, {"\xc3\x89tape", 7, 3.5, true}, {"Binong", -3, 0, false},
};

struct fixture {
    struct build *build;
    struct build_store *store;
    uint32_t a;
    uint32_t b;
    struct lum_id ids[ROWS];
    uint64_t seqs[ROWS];
};

static void make(struct fixture *f, int i)
{
    struct lum_buf map;
    lum_buf_init(&map, 1024);
    lum_pack_map(&map, rows[i].has_area ? 3 : 2);
    if (rows[i].has_area) {
        lum_pack_cstr(&map, "area");
        lum_pack_real(&map, rows[i].area);
    }
    lum_pack_cstr(&map, "name");
    lum_pack_cstr(&map, rows[i].name);
    lum_pack_cstr(&map, "people");
    lum_pack_int(&map, rows[i].people);
    lum_draft_make(build_draft(f->build), lum_bytes_of("village", 7), lum_buf_bytes(&map));
    f->seqs[i] = build_data(f->build, f->a, 0);
    f->ids[i] = build_made(f->build, f->a, f->seqs[i], 0);
    lum_buf_fini(&map);
}

static int setup(void **state)
{
    static struct fixture f;
    f.build = build_open(2);
    f.a = build_common(f.build, 1);
    f.b = build_common(f.build, 2);
    f.store = build_store_open(f.build);
    for (int i = 0; i < ROWS; i++) {
        make(&f, i);
    }
    build_feed_all(f.store);
    (void)build_settle(f.store);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    build_store_close(f->store);
    build_close(f->build);
    return 0;
}

/* The numbers of the rows that match, as digits in order. */
static const char *find(struct fixture *f, const char *where, const char *sort, uint64_t limit)
{
    static char out[32];
    struct lum_query *query = NULL;
    struct lum_buf rnos;
    uint64_t count = 0;
    uint64_t counted = 0;
    lum_buf_init(&rnos, 4096);
    assert_int_equal(lum_query_open(where, &query, NULL), LUM_OK);
    const struct lum_query_plan plan = {
        .query = query,
        .shelf = LUM_SHELF_COMMON,
        .collection = lum_bytes_of("village", 7),
        .sort = lum_bytes_of(sort, strlen(sort)),
        .limit = limit,
    };
    struct lum_txn *view = build_view_txn(f->store);
    struct lum_txn *log = build_log_txn(f->store);
    assert_int_equal(lum_query_run(view, log, &plan, &rnos, &count, NULL), LUM_OK);
    assert_int_equal(lum_query_run(view, log, &plan, NULL, &counted, NULL), LUM_OK);
    assert_int_equal(count, counted);
    assert_int_equal(count, rnos.len / 8);
    for (size_t i = 0; i < count; i++) {
        uint64_t rno = 0;
        memcpy(&rno, rnos.at + 8 * i, 8);
        out[i] = (char)('0' + rno);
    }
    out[count] = '\0';
    lum_buf_fini(&rnos);
    lum_query_close(query);
    return out;
}

static void no_condition_gives_all_in_the_order_in_which_they_came(void **state)
{
    assert_string_equal(find(*state, NULL, "", 0), "123456");
    assert_string_equal(find(*state, NULL, "", 2), "12");
}

static void equality_is_of_content_and_of_numbers_by_value(void **state)
{
    assert_string_equal(find(*state, "people = 120", "", 0), "14");
    assert_string_equal(find(*state, "people = 120.0", "", 0), "14");
    assert_string_equal(find(*state, "area = 3", "", 0), "3");
    assert_string_equal(find(*state, "name = Subang", "", 0), "2");
    assert_string_equal(find(*state, "name = subang", "", 0), "");
    assert_string_equal(find(*state, "people = \"120\"", "", 0), "");
    assert_string_equal(find(*state, "name in (Subang, Binong)", "", 0), "26");
    assert_string_equal(find(*state, "people != 120", "", 0), "2356");
}

static void a_field_that_is_not_there_is_null(void **state)
{
    assert_string_equal(find(*state, "area = null", "", 0), "26");
    assert_string_equal(find(*state, "area != null", "", 0), "1345");
    assert_string_equal(find(*state, "never = null", "", 0), "123456");
    assert_string_equal(find(*state, "area < 3", "", 0), "1");
}

static void order_holds_between_values_of_one_kind_only(void **state)
{
    assert_string_equal(find(*state, "people > 50", "", 0), "124");
    assert_string_equal(find(*state, "people >= 50", "", 0), "1234");
    assert_string_equal(find(*state, "people < 7.5", "", 0), "56");
    assert_string_equal(find(*state, "people <= -3", "", 0), "6");
    assert_string_equal(find(*state, "name > 5", "", 0), "");
    assert_string_equal(find(*state, "name >= Pagaden", "", 0), "2345");
}

static void contains_and_prefix_fold_case(void **state)
{
    assert_string_equal(find(*state, "name contains CI", "", 0), "13");
    assert_string_equal(find(*state, "name prefix ci", "", 0), "13");
    assert_string_equal(find(*state, "name prefix ubang", "", 0), "");
    assert_string_equal(find(*state, "name contains ubang", "", 0), "2");
    assert_string_equal(find(*state, "name contains \xc3\xa9TA", "", 0), "5");
    assert_string_equal(find(*state, "people contains 1", "", 0), "");
    assert_string_equal(find(*state, "name contains \"\"", "", 0), "123456");
}

static void and_or_not_combine(void **state)
{
    assert_string_equal(find(*state, "people = 120 and not name = Cibogo", "", 0), "4");
    assert_string_equal(find(*state, "people < 0 or area > 10", "", 0), "46");
    assert_string_equal(find(*state, "not (people < 0 or area > 10)", "", 0), "1235");
}

static void sorting_is_by_value_and_then_by_age(void **state)
{
    assert_string_equal(find(*state, NULL, "people", 0), "653142");
    assert_string_equal(find(*state, NULL, "-people", 0), "214356");
    assert_string_equal(find(*state, NULL, "area", 0), "261354");
    assert_string_equal(find(*state, NULL, "name", 0), "614235");
    assert_string_equal(find(*state, NULL, "never", 0), "123456");
}

static void a_limit_keeps_the_best(void **state)
{
    assert_string_equal(find(*state, NULL, "people", 3), "653");
    assert_string_equal(find(*state, NULL, "-people", 1), "2");
    assert_string_equal(find(*state, "people > 0", "-area", 2), "45");
    assert_string_equal(find(*state, NULL, "people", 100), "653142");
}

static void a_cell_with_several_values_matches_by_the_shown_one(void **state)
{
    struct fixture *f = *state;
    const struct build_set by_a = {f->ids[1], "name", "Aaa", BUILD_FOUNDED_MS + BUILD_DAY_MS};
    const struct build_set by_b = {f->ids[1], "name", "Zzz", BUILD_FOUNDED_MS + 2 * BUILD_DAY_MS};
    (void)build_set(f->build, f->a, &by_a, NO_PLACES);
    (void)build_set(f->build, f->b, &by_b, PLACES({f->a, f->seqs[1], 0}));
    build_feed_all(f->store);
    (void)build_settle(f->store);
    assert_int_equal(build_values(f->store, &f->ids[1], "name"), 2);
    assert_string_equal(find(f, "name = Zzz", "", 0), "2");
    assert_string_equal(find(f, "name = Aaa", "", 0), "");
    assert_string_equal(find(f, NULL, "-name", 3), "532");
}

static void deleted_records_and_other_collections_are_left_out(void **state)
{
    struct fixture *f = *state;
    (void)build_drop(f->build, f->a, &f->ids[2], NO_PLACES);
    (void)build_make(f->build, f->a, 0, "name", "elsewhere");
    build_feed_all(f->store);
    (void)build_settle(f->store);
    assert_string_equal(find(f, NULL, "", 0), "12456");
}

static void a_collection_of_the_same_name_on_another_shelf_is_another(void **state)
{
    struct fixture *f = *state;
    uint32_t log = build_log(f->build, 1, 0, LUM_SHELF_COMMON + 1);
    lum_draft_make(build_draft(f->build), lum_bytes_of("village", 7), build_map("name", "Garut"));
    (void)build_data(f->build, log, 0);
    build_feed_all(f->store);
    (void)build_settle(f->store);
    assert_int_equal(build_counts(f->store).records, ROWS + 1); /* or this test shows nothing */
    assert_string_equal(find(f, NULL, "", 0), "123456");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(no_condition_gives_all_in_the_order_in_which_they_came),
        TEST(equality_is_of_content_and_of_numbers_by_value),
        TEST(a_field_that_is_not_there_is_null),
        TEST(order_holds_between_values_of_one_kind_only),
        TEST(contains_and_prefix_fold_case),
        TEST(and_or_not_combine),
        TEST(sorting_is_by_value_and_then_by_age),
        TEST(a_limit_keeps_the_best),
        TEST(a_cell_with_several_values_matches_by_the_shown_one),
        TEST(deleted_records_and_other_collections_are_left_out),
        TEST(a_collection_of_the_same_name_on_another_shelf_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
