/* Runs: walked, appended, checked; and that no byte of one can change unnoticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/run.h"
#include "tests/lib/vectors.h"

enum {
    SEALS_MAX = 8,
    MARKS_MAX = 256
};

/* The log of chain.json, and one run of it with its seals. */
struct world {
    json_t *log;
    struct lum_sign_key author;
    struct lum_log_place start;
    struct lum_buf run;
    struct lum_sig seals[SEALS_MAX];
    uint32_t seal_count;
};

static int begin(void **state)
{
    struct world *world = lum_alloc_zero(sizeof *world);
    uint8_t seed[32];
    uint8_t epoch[16];
    if (world == NULL || lum_crypto_init() != LUM_OK) {
        return -1;
    }
    world->log = vectors_open("chain.json");
    vectors_exact(world->log, "author_seed", seed, sizeof seed);
    vectors_exact(world->log, "epoch", epoch, sizeof epoch);
    lum_sign_key_from_seed(seed, &world->author);
    struct lum_log_place *start = &world->start;
    memcpy(start->author, world->author.public, sizeof start->author);
    vectors_exact(world->log, "log_id", start->log_id.b, sizeof start->log_id.b);
    lum_chain_start(&start->log_id, (uint64_t)vectors_number(world->log, "founded_ms"), epoch,
                    &start->chain);
    lum_buf_init(&world->run, 1 << 20);
    *state = world;
    return 0;
}

static int end(void **state)
{
    struct world *world = *state;
    lum_buf_fini(&world->run);
    json_decref(world->log);
    lum_free(world);
    return 0;
}

static void load_seals(struct world *world, const json_t *row)
{
    const json_t *seals = vectors_array(row, "seals");
    struct lum_buf seal;
    lum_buf_init(&seal, 64);
    world->seal_count = (uint32_t)json_array_size(seals);
    assert_in_range(world->seal_count, 1, SEALS_MAX);
    for (size_t i = 0; i < world->seal_count; i++) {
        vectors_unhex(json_string_value(json_array_get(seals, i)), &seal);
        assert_int_equal(seal.len, 64);
        memcpy(world->seals[i].b, seal.at, 64);
    }
    lum_buf_fini(&seal);
}

/* The eleven events of chain.json: deps, epochs, withheld payloads, kinds, clocks. */
static void load_mixed(struct world *world)
{
    vectors_hex(world->log, "run", &world->run);
    load_seals(world, world->log);
}

static bool lists(const json_t *array, size_t number)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (json_integer_value(json_array_get(array, i)) == (json_int_t)number) {
            return true;
        }
    }
    return false;
}

/* A case of boundary.json, put together by its rule. */
static void load_case(struct world *world, const json_t *one)
{
    const json_t *lengths = vectors_array(one, "plen");
    uint8_t *payload = lum_alloc(LUM_PAYLOAD_MAX);
    assert_non_null(payload);
    lum_buf_reset(&world->run);
    for (size_t n = 1; n <= json_array_size(lengths); n++) {
        size_t len = (size_t)json_integer_value(json_array_get(lengths, n - 1));
        struct lum_header header = {.dt = (int64_t)n, .plen = (uint32_t)len};
        memset(payload, (int)(n % 256), len);
        struct lum_bytes bytes = {payload, len};
        header.has_phash = lists(vectors_array(one, "withheld"), n);
        if (header.has_phash) {
            lum_payload_hash(bytes, &header.phash);
            bytes.len = 0;
        }
        lum_run_append(&world->run, &header, bytes);
    }
    assert_int_equal(lum_buf_status(&world->run), LUM_OK);
    load_seals(world, one);
    lum_free(payload);
}

/* Checks the run from `place`; a fault must leave place and the count alone. */
static enum lum_fault check(const struct world *world, struct lum_log_place *place,
                            struct lum_run_mark *marks, uint32_t *count)
{
    const struct lum_log_place before = *place;
    struct lum_run_seals seals = {world->seals, world->seal_count};
    *count = UINT32_MAX;
    enum lum_fault fault =
        lum_run_check(place, lum_buf_bytes(&world->run), seals, marks, MARKS_MAX, count);
    if (fault != LUM_FAULT_NONE) {
        assert_memory_equal(place, &before, sizeof before);
        assert_int_equal(*count, UINT32_MAX);
    }
    return fault;
}

static enum lum_fault verdict(const struct world *world)
{
    struct lum_log_place place = world->start;
    uint32_t count;
    return check(world, &place, NULL, &count);
}

static void a_good_run_moves_the_place_to_its_end(void **state)
{
    struct world *world = *state;
    struct lum_log_place place = world->start;
    uint32_t count;
    load_mixed(world);
    assert_int_equal(check(world, &place, NULL, &count), LUM_FAULT_NONE);
    assert_int_equal(count, 11);
    const json_t *last = json_array_get(vectors_array(world->log, "events"), 10);
    vectors_same(last, "h", place.chain.h.b, sizeof place.chain.h.b);
    vectors_same(last, "epoch", place.chain.epoch, sizeof place.chain.epoch);
    assert_int_equal(place.chain.seq, 11);
    assert_int_equal(place.chain.t, 0);
    assert_int_equal(place.range.leaves, 0);
    assert_int_equal(place.chain.segment_events, 11);
}

static void marks_tell_each_event_of_the_run(void **state)
{
    struct world *world = *state;
    struct lum_log_place place = world->start;
    static struct lum_run_mark marks[MARKS_MAX];
    uint32_t count;
    uint32_t offset = 0;
    load_mixed(world);
    assert_int_equal(check(world, &place, marks, &count), LUM_FAULT_NONE);
    for (uint32_t i = 0; i < count; i++) {
        const json_t *row = json_array_get(vectors_array(world->log, "events"), i);
        assert_int_equal(marks[i].offset, offset);
        vectors_same(row, "h", marks[i].chain.h.b, sizeof marks[i].chain.h.b);
        assert_int_equal(marks[i].chain.t, vectors_number(row, "t"));
        assert_false(marks[i].is_boundary);
        offset += marks[i].length;
    }
    assert_int_equal(offset, world->run.len);
}

static void boundaries_need_their_seals_and_roots(void **state)
{
    struct world *world = *state;
    json_t *file = vectors_open("boundary.json");
    const json_t *cases = vectors_array(file, "cases");
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        const json_t *boundaries = vectors_array(one, "boundaries");
        struct lum_log_place place = world->start;
        static struct lum_run_mark marks[MARKS_MAX];
        uint32_t count;
        load_case(world, one);
        assert_int_equal(check(world, &place, marks, &count), LUM_FAULT_NONE);
        assert_int_equal(count, json_array_size(vectors_array(one, "plen")));
        vectors_same(one, "head", place.chain.h.b, sizeof place.chain.h.b);
        assert_int_equal(place.range.leaves, json_array_size(boundaries));
        for (size_t k = 0; k < json_array_size(boundaries); k++) {
            long long seq = vectors_number(json_array_get(boundaries, k), "seq");
            assert_true(marks[seq - 1].is_boundary);
        }
    }
    assert_int_equal(json_array_size(cases), 7);
    json_decref(file);
}

/* The first case of boundary.json: 130 events, boundaries at 64 and 128, a seal at the head. */
static void load_by_count(struct world *world)
{
    json_t *file = vectors_open("boundary.json");
    load_case(world, json_array_get(vectors_array(file, "cases"), 0));
    assert_int_equal(world->seal_count, 3);
    json_decref(file);
}

static void a_run_can_be_checked_in_two_parts(void **state)
{
    struct world *world = *state;
    struct lum_log_place whole = world->start;
    struct lum_log_place place = world->start;
    static struct lum_run_mark marks[MARKS_MAX];
    uint32_t count;
    load_by_count(world);
    assert_int_equal(check(world, &whole, marks, &count), LUM_FAULT_NONE);
    size_t cut = marks[64].offset;
    struct lum_bytes head = {world->run.at, cut};
    struct lum_bytes tail = {world->run.at + cut, world->run.len - cut};
    struct lum_run_seals first = {world->seals, 1};
    struct lum_run_seals others = {world->seals + 1, 2};
    assert_int_equal(lum_run_check(&place, head, first, NULL, 0, &count), LUM_FAULT_NONE);
    assert_int_equal(count, 64);
    assert_int_equal(lum_run_check(&place, tail, others, NULL, 0, &count), LUM_FAULT_NONE);
    assert_int_equal(count, 66);
    assert_memory_equal(&place, &whole, sizeof place);
}

static void a_seal_too_few_or_too_many_is_a_boundary_fault(void **state)
{
    struct world *world = *state;
    load_by_count(world);
    for (uint32_t n = 0; n < 3; n++) {
        world->seal_count = n;
        assert_int_equal(verdict(world), LUM_FAULT_BOUNDARY);
    }
    world->seal_count = 4;
    world->seals[3] = world->seals[2];
    assert_int_equal(verdict(world), LUM_FAULT_BOUNDARY);
    world->seal_count = 3;
    assert_int_equal(verdict(world), LUM_FAULT_NONE);
}

static void a_run_from_another_place_does_not_hold(void **state)
{
    struct world *world = *state;
    struct lum_log_place place = world->start;
    uint32_t count;
    load_mixed(world);
    place.author[0] ^= 1;
    assert_int_equal(check(world, &place, NULL, &count), LUM_FAULT_SEAL);
    place = world->start;
    place.chain.h.b[0] ^= 1;
    assert_int_equal(check(world, &place, NULL, &count), LUM_FAULT_SEAL);
    place = world->start;
    place.chain.seq++;
    assert_int_equal(check(world, &place, NULL, &count), LUM_FAULT_SEAL);
}

static void a_false_start_time_or_range_fails_at_the_next_boundary(void **state)
{
    struct world *world = *state;
    struct lum_log_place place = world->start;
    struct lum_hash other = {{7}};
    uint32_t count;
    load_by_count(world);
    place.chain.t++;
    assert_int_equal(check(world, &place, NULL, &count), LUM_FAULT_SEAL);
    place = world->start;
    place.chain.epoch[15] ^= 1;
    assert_int_equal(check(world, &place, NULL, &count), LUM_FAULT_SEAL);
    place = world->start;
    lum_range_add(&place.range, &other);
    assert_int_equal(check(world, &place, NULL, &count), LUM_FAULT_SEAL);
}

static void an_empty_run_is_truncated(void **state)
{
    struct world *world = *state;
    lum_buf_reset(&world->run);
    world->seal_count = 0;
    assert_int_equal(verdict(world), LUM_FAULT_TRUNCATED);
}

static void more_events_than_marks_are_over_the_limit(void **state)
{
    struct world *world = *state;
    struct lum_log_place place = world->start;
    struct lum_run_mark marks[10];
    uint32_t count;
    load_mixed(world);
    struct lum_run_seals seals = {world->seals, world->seal_count};
    assert_int_equal(lum_run_check(&place, lum_buf_bytes(&world->run), seals, marks, 10, &count),
                     LUM_FAULT_OVER_LIMIT);
    assert_memory_equal(&place, &world->start, sizeof place);
}

static void every_cut_of_a_run_is_a_fault(void **state)
{
    struct world *world = *state;
    load_mixed(world);
    size_t len = world->run.len;
    for (size_t cut = 0; cut < len; cut++) {
        world->run.len = cut;
        assert_int_not_equal(verdict(world), LUM_FAULT_NONE);
    }
    world->run.len = len;
    assert_int_equal(verdict(world), LUM_FAULT_NONE);
}

static void flip_every_bit(const struct world *world, uint8_t *at, size_t len)
{
    for (size_t bit = 0; bit < len * 8; bit++) {
        at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(verdict(world), LUM_FAULT_NONE);
        at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void every_flipped_bit_of_a_run_is_a_fault(void **state)
{
    struct world *world = *state;
    load_mixed(world);
    flip_every_bit(world, world->run.at, world->run.len);
    assert_int_equal(verdict(world), LUM_FAULT_NONE);
}

static void every_flipped_bit_of_a_seal_is_a_fault(void **state)
{
    struct world *world = *state;
    load_by_count(world);
    for (uint32_t i = 0; i < world->seal_count; i++) {
        flip_every_bit(world, world->seals[i].b, sizeof world->seals[i].b);
    }
    assert_int_equal(verdict(world), LUM_FAULT_NONE);
}

static void accepted_bytes_are_written_again_as_they_were(void **state)
{
    struct world *world = *state;
    struct lum_buf again;
    struct lum_run_reader reader;
    lum_buf_init(&again, world->run.max);
    load_mixed(world);
    lum_run_open(&reader, lum_buf_bytes(&world->run));
    while (lum_run_next(&reader)) {
        assert_ptr_equal(reader.payload.at, reader.raw_header.at + reader.raw_header.len);
        lum_run_append(&again, &reader.header, reader.payload);
    }
    assert_int_equal(reader.cur.fault, LUM_FAULT_NONE);
    assert_int_equal(again.len, world->run.len);
    assert_memory_equal(again.at, world->run.at, again.len);
    lum_buf_fini(&again);
}

static void checking_allocates_nothing(void **state)
{
    struct world *world = *state;
    load_by_count(world);
    lum_mem_fail_after(1, true);
    enum lum_fault fault = verdict(world);
    lum_mem_fail_after(0, false);
    assert_int_equal(fault, LUM_FAULT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_run_moves_the_place_to_its_end),
        cmocka_unit_test(marks_tell_each_event_of_the_run),
        cmocka_unit_test(boundaries_need_their_seals_and_roots),
        cmocka_unit_test(a_run_can_be_checked_in_two_parts),
        cmocka_unit_test(a_seal_too_few_or_too_many_is_a_boundary_fault),
        cmocka_unit_test(a_run_from_another_place_does_not_hold),
        cmocka_unit_test(a_false_start_time_or_range_fails_at_the_next_boundary),
        cmocka_unit_test(an_empty_run_is_truncated),
        cmocka_unit_test(more_events_than_marks_are_over_the_limit),
        cmocka_unit_test(every_cut_of_a_run_is_a_fault),
        cmocka_unit_test(every_flipped_bit_of_a_run_is_a_fault),
        cmocka_unit_test(every_flipped_bit_of_a_seal_is_a_fault),
        cmocka_unit_test(accepted_bytes_are_written_again_as_they_were),
        cmocka_unit_test(checking_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
