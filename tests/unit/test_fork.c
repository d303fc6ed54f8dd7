/*
 * test_fork.c - one hand that writes twice at one position is found out, by everybody alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fork.h"
#include "tests/lib/hall.h"

struct fixture {
    struct hall *a;
    struct hall *b;
    struct writer *one;
    struct writer *two; /* the same device, restored from a copy */
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.a = hall_open(), .b = hall_open()};
    fixture.one = writer_open(1, 1, LUM_SHELF_COMMON);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    hall_close(f->a);
    hall_close(f->b);
    writer_close(f->one);
    if (f->two != NULL) {
        writer_close(f->two);
    }
    return 0;
}

/* Both halls hold `common` events; then a holds `left` more, b `right` others. */
static void part(struct fixture *f, uint32_t common, uint32_t left, uint32_t right)
{
    writer_write(f->one, common, 40);
    hall_take_written(f->a, f->one);
    hall_take_written(f->b, f->one);
    f->two = writer_copy(f->one);
    writer_write(f->one, left, 40);
    writer_write(f->two, right, 40);
    assert_int_equal(hall_take_written(f->a, f->one).end, LUM_INGEST_TAKEN);
    assert_int_equal(hall_take_written(f->b, f->two).end, LUM_INGEST_TAKEN);
}

static void expect_frozen(struct fixture *f, struct hall *hall, uint64_t point)
{
    const char *what = "not asked";
    struct lum_log_row row = hall_row(hall, f->one);
    assert_true(row.is_frozen);
    assert_int_equal(row.fork_point, point);
    assert_int_equal(lum_fork_check(hall->reader, hall_begin(hall), &row, &what), LUM_OK);
    assert_null(what);
}

static void a_fork_is_found_from_either_side_at_the_same_point(void **state)
{
    struct fixture *f = *state;
    uint8_t fronts[2][16];
    part(f, 100, 30, 50);
    assert_int_equal(hall_hand_on(f->a, f->b, f->one, 90).end, LUM_INGEST_FORK);
    assert_int_equal(hall_hand_on(f->b, f->a, f->one, 65).end, LUM_INGEST_FORK);
    expect_frozen(f, f->a, 100);
    expect_frozen(f, f->b, 100);
    hall_frontier(f->a, LUM_SHELF_COMMON, fronts[0]);
    hall_frontier(f->b, LUM_SHELF_COMMON, fronts[1]);
    assert_memory_equal(fronts[0], fronts[1], 16);
}

static void a_fork_is_found_at_every_distance(void **state)
{
    struct fixture *f = *state;
    static const uint32_t commons[] = {1, 63, 64, 65, 127, 128, 1023, 1024, 1025, 1080};
    static const uint32_t lefts[] = {1, 2, 64, 200};
    for (size_t i = 0; i < LUM_COUNT(commons); i++) {
        for (size_t j = 0; j < LUM_COUNT(lefts); j++) {
            part(f, commons[i], lefts[j], lefts[LUM_COUNT(lefts) - 1 - j]);
            uint64_t from = commons[i] > 30 ? commons[i] - 29 : 1;
            struct lum_log_piece piece;
            struct lum_ingest in;
            assert_true(hall_piece(f->a, f->one, from, &piece, &in));
            while (piece.last <= commons[i]) {
                assert_int_equal(hall_take(f->b, &in).end, LUM_INGEST_HELD);
                assert_true(hall_piece(f->a, f->one, piece.last + 1, &piece, &in));
            }
            assert_int_equal(hall_take(f->b, &in).end,
                             piece.first <= commons[i] + 1 ? LUM_INGEST_FORK : LUM_INGEST_HELD);
            expect_frozen(f, f->b, commons[i]);
            teardown(state);
            setup(state);
        }
    }
}

static void the_kept_branch_proves_the_fork_to_a_third(void **state)
{
    struct fixture *f = *state;
    struct lum_log_piece branch;
    part(f, 100, 30, 50);
    assert_int_equal(hall_hand_on(f->a, f->b, f->one, 90).end, LUM_INGEST_FORK);
    struct hall *c = hall_open();
    assert_int_equal(hall_hand_on(f->b, c, f->one, 1).end, LUM_INGEST_TAKEN);
    assert_int_equal(lum_fork_get(f->b->txn, 1, &branch), LUM_OK);
    assert_int_equal(branch.first, 101);
    assert_int_equal(branch.last, 130);
    const struct lum_ingest in = {
        .name = f->one->name,
        .first = branch.first,
        .plain_len = branch.plain_len,
        .is_packed = branch.is_packed,
        .bytes = branch.bytes,
        .seals = {branch.seals, branch.seal_count},
    };
    assert_int_equal(hall_take(c, &in).end, LUM_INGEST_FORK);
    expect_frozen(f, c, 100);
    hall_close(c);
}

static void a_frozen_log_grows_no_more(void **state)
{
    struct fixture *f = *state;
    struct lum_hash before;
    struct lum_hash after;
    part(f, 100, 30, 50);
    hall_hand_on(f->a, f->b, f->one, 90);
    hall_contents(f->b, &before);
    writer_write(f->two, 10, 40);
    assert_int_equal(hall_take_written(f->b, f->two).end, LUM_INGEST_HELD);
    writer_write(f->one, 10, 40);
    assert_int_equal(hall_take_written(f->b, f->one).end, LUM_INGEST_HELD);
    assert_int_equal(hall_hand_on(f->a, f->b, f->one, 1).end, LUM_INGEST_HELD);
    struct hall *c = hall_open(); /* knows the second branch only, and more of it */
    struct writer *first = writer_open(1, 1, LUM_SHELF_COMMON);
    writer_write(first, 100, 40);
    hall_take_written(c, first);
    writer_close(first);
    hall_hand_on(f->b, c, f->one, 101);
    assert_int_equal(hall_take_written(c, f->two).end, LUM_INGEST_TAKEN);
    assert_int_equal(hall_hand_on(c, f->b, f->one, 140).end, LUM_INGEST_HELD);
    hall_close(c);
    hall_contents(f->b, &after);
    assert_memory_equal(before.b, after.b, 32);
}

static void an_earlier_fork_takes_the_place_of_a_later_one(void **state)
{
    struct fixture *f = *state;
    part(f, 100, 30, 50);
    hall_hand_on(f->a, f->b, f->one, 90);
    expect_frozen(f, f->b, 100);
    struct writer *third = writer_open(1, 1, LUM_SHELF_COMMON);
    writer_write(third, 100, 40);
    writer_close(third);
    third = writer_open(1, 1, LUM_SHELF_COMMON);
    third->dice = 77; /* other events from the very first */
    writer_write(third, 20, 40);
    assert_int_equal(hall_take_written(f->b, third).end, LUM_INGEST_FORK);
    expect_frozen(f, f->b, 0);
    writer_close(third);
}

static void a_contradiction_without_a_seal_is_faulty_and_freezes_nothing(void **state)
{
    struct fixture *f = *state;
    struct lum_hash before;
    struct lum_hash after;
    part(f, 100, 30, 50);
    hall_contents(f->a, &before);
    struct lum_ingest in = hall_piece_of(f->two);
    f->two->seals[0].b[0] ^= 1;
    struct lum_ingest_result result = hall_take(f->a, &in);
    assert_int_equal(result.end, LUM_INGEST_FAULTY);
    assert_int_equal(result.fault, LUM_FAULT_SEAL);
    hall_contents(f->a, &after);
    assert_memory_equal(before.b, after.b, 32);
    assert_false(hall_row(f->a, f->one).is_frozen);
}

static void a_damaged_proof_does_not_check(void **state)
{
    struct fixture *f = *state;
    static uint8_t copy[LUM_BLOCK_PLAIN_MAX];
    struct lum_bytes value;
    struct lum_txn *txn = hall_begin(f->b);
    const struct lum_bytes key = lum_bytes_of("\0\0\0\1", 4);
    const char *what = NULL;
    part(f, 10, 3, 5);
    hall_hand_on(f->a, f->b, f->one, 9);
    struct lum_log_row row = hall_row(f->b, f->one);
    assert_int_equal(lum_txn_get(txn, LUM_T_FORK, key, &value), LUM_OK);
    size_t len = value.len;
    memcpy(copy, value.at, len);
    for (size_t i = 0; i < len; i++) {
        copy[i] ^= 4;
        assert_int_equal(lum_txn_put(txn, LUM_T_FORK, key, lum_bytes_of(copy, len)), LUM_OK);
        assert_int_equal(lum_fork_check(f->b->reader, txn, &row, &what), LUM_OK);
        assert_non_null(what);
        copy[i] ^= 4;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_fork_is_found_from_either_side_at_the_same_point),
        T(a_fork_is_found_at_every_distance),
        T(the_kept_branch_proves_the_fork_to_a_third),
        T(a_frozen_log_grows_no_more),
        T(an_earlier_fork_takes_the_place_of_a_later_one),
        T(a_contradiction_without_a_seal_is_faulty_and_freezes_nothing),
        T(a_damaged_proof_does_not_check),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
