/*
 * test_ingest.c - the one way in: what continues is taken, what does not is named, and what is
 * wrong leaves no trace.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/invite.h"
#include "tests/lib/hall.h"

struct fixture {
    struct hall *a;
    struct hall *b;
    struct writer *writer;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){
        .a = hall_open(), .b = hall_open(), .writer = writer_open(1, 1, LUM_SHELF_COMMON)};
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    hall_close(f->a);
    hall_close(f->b);
    writer_close(f->writer);
    return 0;
}

/* More than a message holds, in runs that a message could hold. */
static void write_many(struct hall *hall, struct writer *writer, uint32_t count, uint32_t max)
{
    while (count > 0) {
        uint32_t n = count < 1000 ? count : 1000;
        writer_write(writer, n, max);
        struct lum_ingest_result result = hall_take_written(hall, writer);
        assert_int_equal(result.end, LUM_INGEST_TAKEN);
        assert_int_equal(result.taken, n);
        count -= n;
    }
}

static void what_continues_is_taken_once(void **state)
{
    struct fixture *f = *state;
    writer_write(f->writer, 100, 50);
    struct lum_ingest_result result = hall_take_written(f->a, f->writer);
    assert_int_equal(result.end, LUM_INGEST_TAKEN);
    assert_int_equal(result.taken, 100);
    assert_int_equal(result.head, 100);
    assert_int_equal(result.lno, 1);
    assert_false(result.gov_grew);
    result = hall_take_written(f->a, f->writer);
    assert_int_equal(result.end, LUM_INGEST_HELD);
    assert_int_equal(result.taken, 0);
    writer_write(f->writer, 1, 50);
    result = hall_take_written(f->a, f->writer);
    assert_int_equal(result.end, LUM_INGEST_TAKEN);
    assert_int_equal(result.head, 101);
}

static void a_gap_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct lum_hash before;
    struct lum_hash after;
    writer_write(f->writer, 10, 50);
    hall_take_written(f->a, f->writer);
    hall_contents(f->a, &before);
    writer_write(f->writer, 10, 50);
    writer_write(f->writer, 10, 50);
    struct lum_ingest_result result = hall_take_written(f->a, f->writer);
    assert_int_equal(result.end, LUM_INGEST_GAP);
    assert_int_equal(result.head, 10);
    hall_contents(f->a, &after);
    assert_memory_equal(before.b, after.b, 32);
}

static void a_stranger_is_not_kept(void **state)
{
    struct fixture *f = *state;
    struct lum_hash before;
    struct lum_hash after;
    hall_contents(f->a, &before);
    for (uint8_t shelf = 0; shelf < 2; shelf++) {
        struct writer *stranger = writer_open(9, 1, shelf);
        writer_write(stranger, 10, 50);
        assert_int_equal(hall_take_written(f->a, stranger).end, LUM_INGEST_STRANGER);
        writer_close(stranger);
    }
    hall_contents(f->a, &after);
    assert_memory_equal(before.b, after.b, 32);
}

enum flaw {
    SOUND,
    FORGED,       /* another key signed the JOIN */
    NO_STEWARDS,  /* the INVITE is of somebody who may not invite */
    ANOTHER_KIND, /* the JOIN stands in a receipt */
};

/* A founder's INVITE in the roster, and a newcomer's JOIN signed by its key. */
static void write_join(struct hall *hall, struct writer *newcomer, enum flaw flaw)
{
    struct lum_roster_builder *builder = NULL;
    struct lum_sign_key invite;
    struct lum_buf payload;
    const uint8_t seed[32] = {1};
    const struct lum_ref ref = {.log8 = {1}, .seq = 2, .hash16 = {3}};
    struct lum_control control = {.op = LUM_INVITE,
                                  .invite = {.role = LUM_ROLE_WRITER, .uses = 1}};
    lum_sign_key_from_seed(seed, &invite);
    memcpy(control.invite.pk, invite.public, 32);
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_control_write(&control, &payload);
    const struct lum_genesis *genesis = lum_roster_genesis(hall->roster);
    assert_int_equal(lum_roster_builder_open(&hall->space.id, genesis, &builder), LUM_OK);
    const uint8_t *inviter = flaw == NO_STEWARDS ? seed : genesis->founders[0].a;
    assert_int_equal(lum_roster_builder_add(builder, inviter, &ref, lum_buf_bytes(&payload)),
                     LUM_OK);
    lum_roster_close(hall->roster);
    assert_int_equal(lum_roster_builder_end(builder, &hall->roster), LUM_OK);
    hall->space.roster = hall->roster;

    memset(&control, 0, sizeof control);
    control.op = LUM_JOIN;
    control.join.invite = ref;
    memcpy(control.join.axt, newcomer->name.author, 32);
    lum_join_sign(&invite, &hall->space.id, control.join.axt, &control.join.sig);
    control.join.sig.b[5] ^= flaw == FORGED ? 1 : 0;
    lum_buf_reset(&payload);
    lum_control_write(&control, &payload);
    writer_write_one(newcomer, flaw == ANOTHER_KIND ? LUM_KIND_RECEIPT : LUM_KIND_CONTROL,
                     lum_buf_bytes(&payload));
    lum_buf_fini(&payload);
}

static void a_gov_log_that_begins_with_a_valid_join_is_taken(void **state)
{
    struct fixture *f = *state;
    struct writer *newcomer = writer_open(9, 1, LUM_SHELF_GOV);
    write_join(f->a, newcomer, SOUND);
    struct lum_ingest_result result = hall_take_written(f->a, newcomer);
    assert_int_equal(result.end, LUM_INGEST_TAKEN);
    assert_true(result.gov_grew);
    writer_close(newcomer);
}

static void a_log_that_begins_with_another_join_is_a_strangers(void **state)
{
    static const struct {
        uint8_t shelf;
        enum flaw flaw;
    } cases[] = {
        {LUM_SHELF_GOV, FORGED},
        {LUM_SHELF_GOV, NO_STEWARDS},
        {LUM_SHELF_GOV, ANOTHER_KIND},
        {LUM_SHELF_COMMON, SOUND},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        struct writer *newcomer = writer_open(8, 1, cases[i].shelf);
        write_join(f->a, newcomer, cases[i].flaw);
        assert_int_equal(hall_take_written(f->a, newcomer).end, LUM_INGEST_STRANGER);
        writer_close(newcomer);
    }
}

/* A relay that strips a payload may not keep others from getting it whole. */
static void an_event_without_its_payload_is_not_kept(void **state)
{
    struct fixture *f = *state;
    writer_write_one(f->writer, LUM_KIND_DATA, lum_bytes_of("\x92\x90\x90", 3));
    const struct lum_ingest whole = hall_piece_of(f->writer);
    struct lum_ingest stripped = whole;
    struct lum_run_reader reader;
    struct lum_buf run;
    lum_buf_init(&run, 4096);
    lum_run_open(&reader, whole.bytes);
    assert_true(lum_run_next(&reader));
    lum_payload_hash(reader.payload, &reader.header.phash);
    reader.header.has_phash = true;
    lum_run_append(&run, &reader.header, lum_bytes_of(NULL, 0));
    stripped.bytes = lum_buf_bytes(&run);
    stripped.plain_len = (uint32_t)run.len;
    assert_int_equal(hall_take(f->a, &stripped).end, LUM_INGEST_STRANGER);
    assert_int_equal(hall_take(f->a, &whole).end, LUM_INGEST_TAKEN);
    lum_buf_fini(&run);
}

static void a_device_has_at_most_64_logs_on_a_shelf(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i <= LUM_INCARNATIONS_MAX; i++) {
        struct writer *writer = writer_open(2, i, LUM_SHELF_COMMON);
        writer_write(writer, 1, 5);
        enum lum_ingest_end end = hall_take_written(f->a, writer).end;
        assert_int_equal(end, i < LUM_INCARNATIONS_MAX ? LUM_INGEST_TAKEN : LUM_INGEST_STRANGER);
        writer_close(writer);
    }
    struct writer *writer = writer_open(2, 100, LUM_SHELF_GOV);
    writer_write(writer, 1, 5);
    assert_int_equal(hall_take_written(f->a, writer).end, LUM_INGEST_TAKEN);
    writer_close(writer);
}

static void an_overlap_is_skipped_and_its_new_end_taken(void **state)
{
    struct fixture *f = *state;
    write_many(f->a, f->writer, 700, 50);
    for (uint64_t held = 1; held < 700; held += 13) {
        struct hall *to = hall_open();
        struct lum_log_piece piece;
        struct lum_ingest in;
        struct writer *again = writer_open(1, 1, LUM_SHELF_COMMON);
        writer_write(again, (uint32_t)held, 50);
        assert_int_equal(hall_take_written(to, again).end, LUM_INGEST_TAKEN);
        uint64_t from = held > 64 ? held - 64 : 1;
        assert_true(hall_piece(f->a, f->writer, from, &piece, &in));
        struct lum_ingest_result result = hall_take(to, &in);
        assert_int_equal(result.end, LUM_INGEST_TAKEN);
        assert_int_equal(result.taken, piece.last - held);
        assert_int_equal(result.head, piece.last);
        writer_close(again);
        hall_close(to);
    }
}

static void every_piece_of_a_long_log_leads_to_the_same_frontier(void **state)
{
    struct fixture *f = *state;
    uint8_t fronts[2][16];
    write_many(f->a, f->writer, 3000, 40);
    hall_frontier(f->a, LUM_SHELF_COMMON, fronts[0]);
    /* b holds the first `from` - 1 events, whatever way they came, and takes the rest. */
    struct writer *again = writer_open(1, 1, LUM_SHELF_COMMON);
    for (uint64_t from = 1; from <= 3000; from++) {
        hall_commit(f->b);
        if (from == 1 || from % 10 == 0) { /* b lets go of what it took, and keeps its prefix */
            hall_begin(f->b);
            assert_int_equal(hall_hand_on(f->a, f->b, f->writer, from).end, LUM_INGEST_TAKEN);
            hall_frontier(f->b, LUM_SHELF_COMMON, fronts[1]);
            assert_memory_equal(fronts[0], fronts[1], 16);
            hall_abort(f->b);
        }
        struct lum_log_piece piece;
        struct lum_ingest in;
        assert_true(hall_piece(f->a, f->writer, from, &piece, &in));
        assert_int_equal(piece.first, from);
        hall_begin(f->b);
        assert_int_equal(hall_take(f->b, &in).end, LUM_INGEST_TAKEN);
        hall_abort(f->b);
        writer_write(again, 1, 40);
        assert_int_equal(hall_take_written(f->b, again).end, LUM_INGEST_TAKEN);
    }
    writer_close(again);
}

static void an_own_log_that_is_ahead_elsewhere_comes_back(void **state)
{
    struct fixture *f = *state;
    uint8_t fronts[2][16];
    writer_write(f->writer, 50, 40);
    hall_take_written(f->a, f->writer);
    hall_take_written(f->b, f->writer);
    write_many(f->a, f->writer, 1500, 40);
    assert_int_equal(hall_hand_on(f->a, f->b, f->writer, 51).end, LUM_INGEST_TAKEN);
    hall_frontier(f->a, LUM_SHELF_COMMON, fronts[0]);
    hall_frontier(f->b, LUM_SHELF_COMMON, fronts[1]);
    assert_memory_equal(fronts[0], fronts[1], 16);
}

/* Takes the piece with one byte flipped, and lets go of it again. */
static struct lum_ingest_result take_flipped(struct fixture *f, const struct lum_ingest *good,
                                             size_t at)
{
    static uint8_t copy[65536];
    struct lum_ingest in = *good;
    struct lum_hash before;
    struct lum_hash after;
    hall_commit(f->b);
    hall_contents(f->b, &before);
    memcpy(copy, in.bytes.at, in.bytes.len);
    copy[at] ^= 0x20;
    in.bytes.at = copy;
    struct lum_ingest_result result = hall_take(f->b, &in);
    hall_contents(f->b, &after);
    assert_int_equal(result.end == LUM_INGEST_FAULTY, memcmp(before.b, after.b, 32) == 0);
    assert_int_equal(result.end == LUM_INGEST_FAULTY, result.fault != LUM_FAULT_NONE);
    return result;
}

static void a_flipped_byte_anywhere_is_faulty_and_leaves_no_trace(void **state)
{
    struct fixture *f = *state;
    struct lum_log_piece piece;
    struct lum_ingest in;
    writer_write(f->writer, 12, 30);
    hall_take_written(f->a, f->writer);
    assert_true(hall_piece(f->a, f->writer, 1, &piece, &in));
    assert_false(piece.is_packed);
    for (size_t i = 0; i < in.bytes.len; i++) {
        assert_int_equal(take_flipped(f, &in, i).end, LUM_INGEST_FAULTY);
    }
    for (size_t i = 0; i < 64; i++) {
        piece.seals[0].b[i] ^= 0x20;
        assert_int_equal(hall_take(f->b, &in).fault, LUM_FAULT_SEAL);
        piece.seals[0].b[i] ^= 0x20;
    }
    assert_int_equal(hall_take(f->b, &in).end, LUM_INGEST_TAKEN);
}

/* A few bits of a zstd frame mean nothing; what is taken is what was written. */
static void a_flipped_byte_in_a_packed_piece_changes_no_event(void **state)
{
    struct fixture *f = *state;
    struct lum_log_piece piece;
    struct lum_ingest in;
    uint8_t fronts[2][16];
    uint32_t taken = 0;
    writer_write(f->writer, 70, 30);
    hall_take_written(f->a, f->writer);
    hall_frontier(f->a, LUM_SHELF_COMMON, fronts[0]);
    assert_true(hall_piece(f->a, f->writer, 1, &piece, &in));
    assert_true(piece.is_packed);
    for (size_t i = 0; i < in.bytes.len; i++) {
        if (take_flipped(f, &in, i).end == LUM_INGEST_TAKEN) {
            hall_frontier(f->b, LUM_SHELF_COMMON, fronts[1]);
            assert_memory_equal(fronts[0], fronts[1], 16);
            taken++;
        }
        hall_abort(f->b);
    }
    assert_true(taken < 8);
}

static void each_wrong_form_has_its_fault(void **state)
{
    struct fixture *f = *state;
    writer_write(f->writer, 70, 30);
    const struct lum_ingest good = hall_piece_of(f->writer);
    struct lum_ingest in = good;
    in.name.shelf = 8;
    assert_int_equal(hall_take(f->a, &in).fault, LUM_FAULT_OVER_LIMIT);
    in = good;
    in.first = 0;
    assert_int_equal(hall_take(f->a, &in).fault, LUM_FAULT_CHAIN);
    in = good;
    in.plain_len++;
    assert_int_equal(hall_take(f->a, &in).fault, LUM_FAULT_TRUNCATED);
    in = good;
    in.is_packed = true;
    assert_int_equal(hall_take(f->a, &in).fault, LUM_FAULT_SQUEEZE);
    in = good;
    in.seals.count--;
    assert_int_equal(hall_take(f->a, &in).fault, LUM_FAULT_BOUNDARY);
    in.seals.count = 0;
    assert_int_equal(hall_take(f->a, &in).fault, LUM_FAULT_BOUNDARY);
    in = good;
    in.bytes.len--;
    in.plain_len--;
    assert_int_equal(hall_take(f->a, &in).fault, LUM_FAULT_TRUNCATED);
    in = good;
    in.name.author[0] ^= 1;
    assert_int_equal(hall_take(f->a, &in).end, LUM_INGEST_STRANGER);
    in = good;
    in.name.incarnation[0] ^= 1; /* another log: no seal holds */
    assert_int_equal(hall_take(f->a, &in).fault, LUM_FAULT_SEAL);
    assert_int_equal(hall_take(f->a, &good).end, LUM_INGEST_TAKEN);
}

static void a_run_costs_no_allocation_once_warm(void **state)
{
    struct fixture *f = *state;
    struct lum_log_piece piece;
    struct lum_ingest in;
    write_many(f->a, f->writer, 3000, 40);
    assert_true(hall_piece(f->a, f->writer, 1, &piece, &in));
    hall_take(f->b, &in);
    assert_true(hall_piece(f->a, f->writer, 1025, &piece, &in));
    lum_mem_fail_after(1, true);
    struct lum_ingest_result result = hall_take(f->b, &in);
    lum_mem_fail_after(0, false);
    assert_int_equal(result.end, LUM_INGEST_TAKEN);
    assert_int_equal(result.head, 2048);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(what_continues_is_taken_once),
        T(a_gap_is_not_kept),
        T(a_stranger_is_not_kept),
        T(a_gov_log_that_begins_with_a_valid_join_is_taken),
        T(a_log_that_begins_with_another_join_is_a_strangers),
        T(an_event_without_its_payload_is_not_kept),
        T(a_device_has_at_most_64_logs_on_a_shelf),
        T(an_overlap_is_skipped_and_its_new_end_taken),
        T(every_piece_of_a_long_log_leads_to_the_same_frontier),
        T(an_own_log_that_is_ahead_elsewhere_comes_back),
        T(a_flipped_byte_anywhere_is_faulty_and_leaves_no_trace),
        T(a_flipped_byte_in_a_packed_piece_changes_no_event),
        T(each_wrong_form_has_its_fault),
        T(a_run_costs_no_allocation_once_warm),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
