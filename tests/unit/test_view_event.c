/* What an event is worth: void, pending, withheld, without effect here, or ops onto records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/build.h"

#define T0 (BUILD_FOUNDED_MS + BUILD_DAY_MS)

static int setup(void **state)
{
    *state = build_hall_open(2);
    return 0;
}

static void settle(struct build_hall *hall, bool is_rebuilt)
{
    assert_int_equal(build_hall_settle(hall), is_rebuilt);
}

static uint64_t raw(struct build_hall *hall, uint32_t log, uint8_t kind, const char *payload,
                    size_t len)
{
    const struct build_event event = {.kind = kind, .payload = lum_bytes_of(payload, len)};
    return build_event(hall->build, log, &event);
}

static struct lum_view_pos pos_of(struct build_hall *hall, uint32_t log, uint64_t seq)
{
    struct lum_view_pos pos;
    assert_int_equal(
        lum_view_pos(build_view_txn(hall->store), build_lno(hall->store, log), seq, &pos), LUM_OK);
    return pos;
}

static enum lum_void why(struct build_hall *hall, uint32_t log, uint64_t seq)
{
    struct lum_view_void row = {.lno = build_lno(hall->store, log), .seq = seq - 1};
    assert_int_equal(lum_view_void_next(build_view_txn(hall->store), &row), LUM_OK);
    assert_int_equal(row.lno, build_lno(hall->store, log));
    assert_int_equal(row.seq, seq);
    return row.why;
}

static void a_void_event_is_listed_with_its_reason_and_holds_nothing_up(void **state)
{
    struct build_hall *hall = *state;
    uint64_t malformed = raw(hall, hall->a, LUM_KIND_DATA, "\x93", 1);
    uint64_t op = raw(hall, hall->a, LUM_KIND_DATA, "\x92\x90\x91\x93\x02\xc0\xc0", 7);
    uint64_t kind = raw(hall, hall->a, 40, "x", 1);
    uint64_t keys = raw(hall, hall->a, LUM_KIND_KEYS, "", 0);
    uint64_t control = raw(hall, hall->a, LUM_KIND_CONTROL, "x", 1);
    uint64_t gov_data = raw(hall, 1, LUM_KIND_DATA, "\x92\x90\x90", 3);
    uint64_t gov_control = raw(hall, 1, LUM_KIND_CONTROL, "\x91\x11", 2);
    uint64_t good = build_make(hall->build, hall->a, 0, "name", "padi");
    settle(hall, false);
    assert_int_equal(why(hall, hall->a, malformed), LUM_VOID_MALFORMED);
    assert_int_equal(why(hall, hall->a, op), LUM_VOID_OP);
    assert_int_equal(why(hall, hall->a, kind), LUM_VOID_KIND);
    assert_int_equal(why(hall, hall->a, keys), LUM_VOID_KIND);
    assert_int_equal(why(hall, hall->a, control), LUM_VOID_SHELF);
    assert_int_equal(why(hall, 1, gov_data), LUM_VOID_SHELF);
    assert_int_equal(why(hall, 1, gov_control), LUM_VOID_CONTROL);
    assert_int_equal(build_counts(hall->store).voided, 7);
    assert_int_equal(build_counts(hall->store).pending, 0);
    assert_int_equal(build_counts(hall->store).records, 1);
    assert_true(pos_of(hall, hall->a, malformed).is_void);
    assert_false(pos_of(hall, hall->a, good).is_void);
    assert_int_equal(pos_of(hall, hall->a, good).l, good); /* void events count for L */
}

static void one_bad_op_voids_all_ops_of_its_event(void **state)
{
    struct build_hall *hall = *state;
    /* [[], [[0, "t", {}], [0, "T", {}]]] */
    (void)raw(hall, hall->a, LUM_KIND_DATA, "\x92\x90\x92\x93\x00\xa1t\x80\x93\x00\xa1T\x80", 14);
    settle(hall, false);
    assert_int_equal(build_counts(hall->store).records, 0);
    assert_int_equal(build_counts(hall->store).voided, 1);
}

static void a_receipt_is_not_void_and_does_nothing(void **state)
{
    struct build_hall *hall = *state;
    uint64_t seq = raw(hall, hall->a, LUM_KIND_RECEIPT, "anything", 8);
    settle(hall, false);
    assert_false(pos_of(hall, hall->a, seq).is_void);
    assert_int_equal(build_counts(hall->store).voided, 0);
}

static void a_withheld_payload_counts_as_applied_without_effect(void **state)
{
    struct build_hall *hall = *state;
    /* hashed over: the make that nobody here can read */
    const struct build_event event = {.kind = LUM_KIND_DATA,
                                      .payload = lum_bytes_of("\x92\x90\x91\x93\x00\xa1t\x80", 8),
                                      .is_withheld = true};
    uint64_t seq = build_event(hall->build, hall->a, &event);
    const struct build_event control = {
        .kind = LUM_KIND_CONTROL, .payload = lum_bytes_of("\x91\x06", 2), .is_withheld = true};
    (void)build_event(hall->build, 1, &control); /* a founder's gov log */
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    const struct build_set by_b = {id, "name", "beras", 0};
    (void)build_set(hall->build, hall->b, &by_b, PLACES({hall->a, seq, 0}));
    settle(hall, false);
    assert_true(pos_of(hall, hall->a, seq).is_withheld);
    assert_false(pos_of(hall, hall->a, seq).is_void);
    assert_int_equal(build_counts(hall->store).voided, 0);
    assert_int_equal(build_counts(hall->store).records, 0);
    assert_int_equal(build_counts(hall->store).waiting, 0);
    assert_int_equal(build_life(hall->store, &id), LUM_UNMADE);
}

/* ---- rights ---- */

static void a_newcomer_within_the_uses_of_its_invite_writes_at_once(void **state)
{
    struct build_hall *hall = *state;
    uint32_t c = build_writer(hall->build, 9);
    (void)build_make(hall->build, c, T0, "name", "padi");
    settle(hall, false);
    assert_int_equal(build_counts(hall->store).records, 1);
    assert_int_equal(build_counts(hall->store).pending, 0);
}

static void an_over_used_invite_leaves_its_joins_pending_until_one_is_admitted(void **state)
{
    struct build_hall *hall = *state;
    uint64_t invite = build_invite(hall->build, 1, LUM_ROLE_WRITER, 1);
    uint32_t join_c = build_join(hall->build, 8, 1, invite);
    (void)build_join(hall->build, 9, 1, invite);
    uint32_t c = build_common(hall->build, 8);
    uint32_t d = build_common(hall->build, 9);
    uint64_t by_c = build_make(hall->build, c, T0, "name", "c");
    uint64_t by_d = build_make(hall->build, d, T0, "name", "d");
    settle(hall, false);
    assert_int_equal(build_counts(hall->store).records, 0);
    assert_int_equal(build_counts(hall->store).pending, 2);
    assert_int_equal(why(hall, c, by_c), LUM_VOID_NOT);
    assert_true(pos_of(hall, d, by_d).is_pending);
    (void)build_admit(hall->build, 1, join_c, LUM_ROLE_WRITER);
    settle(hall, true); /* rights changed under events that had applied */
    assert_int_equal(build_counts(hall->store).records, 1);
    assert_int_equal(build_counts(hall->store).pending, 1);
    struct lum_id id = build_made(hall->build, c, by_c, 0);
    assert_string_equal(build_shown(hall->store, &id, "name"), "c");
}

static void what_a_reader_writes_stays_pending(void **state)
{
    struct build_hall *hall = *state;
    uint64_t invite = build_invite(hall->build, 1, LUM_ROLE_READER, 1);
    (void)build_join(hall->build, 9, 1, invite);
    uint32_t c = build_common(hall->build, 9);
    (void)build_make(hall->build, c, T0, "name", "c");
    (void)raw(hall, c, LUM_KIND_DATA, "\x93", 1);
    settle(hall, false);
    assert_int_equal(build_counts(hall->store).pending, 1);
    assert_int_equal(build_counts(hall->store).voided, 1); /* void whoever wrote it */
    assert_int_equal(build_counts(hall->store).records, 0);
}

static void preds_and_drops_of_pending_events_have_no_effect(void **state)
{
    struct build_hall *hall = *state;
    uint64_t invite = build_invite(hall->build, 1, LUM_ROLE_READER, 1);
    (void)build_join(hall->build, 9, 1, invite);
    uint32_t c = build_common(hall->build, 9);
    uint64_t seq = build_make(hall->build, hall->a, T0, "name", "padi");
    struct lum_id id = build_made(hall->build, hall->a, seq, 0);
    const struct build_set by_c = {id, "name", "beras", 0};
    (void)build_set(hall->build, c, &by_c, PLACES({hall->a, seq, 0}));
    (void)build_drop(hall->build, c, &id, PLACES({hall->a, seq, 0}));
    settle(hall, false);
    assert_int_equal(build_life(hall->store, &id), LUM_ALIVE);
    assert_string_equal(build_shown(hall->store, &id, "name"), "padi");
    assert_int_equal(build_values(hall->store, &id, "name"), 1);
}

/* ---- clocks ---- */

static void a_clock_holders_void_event_still_shows_its_clock(void **state)
{
    struct build_hall *hall = *state;
    const struct build_event late = {
        .kind = LUM_KIND_DATA, .t = T0 + 50 * BUILD_DAY_MS, .payload = lum_bytes_of("\x93", 1)};
    uint64_t by_a = build_event(hall->build, hall->a, &late);
    uint64_t by_b = build_make(hall->build, hall->b, T0 + 50 * BUILD_DAY_MS, "name", "x");
    uint32_t c = build_writer(hall->build, 9);
    lum_draft_pin(build_draft(hall->build), hall->a, by_a);
    lum_draft_pin(build_draft(hall->build), hall->b, by_b);
    uint64_t old = build_make(hall->build, c, T0, "name", "x");
    settle(hall, false);
    assert_true(pos_of(hall, hall->a, by_a).is_sane);
    assert_false(pos_of(hall, c, old).is_sane);
}

static void an_insane_time_enters_nobodys_past(void **state)
{
    struct build_hall *hall = *state;
    uint64_t wild = build_make(hall->build, hall->a, UINT64_C(4070908800000), "name", "x");
    uint64_t after = build_make(hall->build, hall->a, T0, "name", "x");
    lum_draft_pin(build_draft(hall->build), hall->a, after);
    uint64_t seq =
        build_make(hall->build, hall->b, BUILD_FOUNDED_MS + 402 * BUILD_DAY_MS, "n", "x");
    uint64_t edge =
        build_make(hall->build, hall->b, BUILD_FOUNDED_MS + 401 * BUILD_DAY_MS, "n", "x");
    settle(hall, false);
    assert_false(pos_of(hall, hall->a, wild).is_sane);
    assert_true(pos_of(hall, hall->a, after).is_sane);
    assert_false(pos_of(hall, hall->b, seq).is_sane); /* g1 is T0, a day after the founding */
    assert_true(pos_of(hall, hall->b, edge).is_sane);
}

static void two_logs_of_one_device_are_one_clock(void **state)
{
    struct build_hall *hall = *state;
    uint32_t again = build_log(hall->build, 1, 1, LUM_SHELF_COMMON);
    uint64_t one = build_make(hall->build, hall->a, T0 + 90 * BUILD_DAY_MS, "name", "x");
    uint64_t two = build_make(hall->build, again, T0 + 91 * BUILD_DAY_MS, "name", "x");
    lum_draft_pin(build_draft(hall->build), hall->a, one);
    lum_draft_pin(build_draft(hall->build), again, two);
    uint64_t seq = build_make(hall->build, hall->b, T0, "name", "x");
    settle(hall, false);
    assert_true(pos_of(hall, hall->b, seq).is_sane); /* g2 is still the founding */
}

static void an_author_who_is_no_steward_sets_no_clock(void **state)
{
    struct build_hall *hall = *state;
    uint32_t c = build_writer(hall->build, 8);
    uint32_t d = build_writer(hall->build, 9);
    uint64_t one = build_make(hall->build, c, T0 + 90 * BUILD_DAY_MS, "name", "x");
    uint64_t two = build_make(hall->build, d, T0 + 91 * BUILD_DAY_MS, "name", "x");
    lum_draft_pin(build_draft(hall->build), c, one);
    lum_draft_pin(build_draft(hall->build), d, two);
    uint64_t seq = build_make(hall->build, hall->b, T0, "name", "x");
    settle(hall, false);
    assert_true(pos_of(hall, hall->b, seq).is_sane);
}

static void a_past_reaches_through_others(void **state)
{
    struct build_hall *hall = *state;
    uint64_t one = build_make(hall->build, hall->a, T0 + 90 * BUILD_DAY_MS, "name", "x");
    uint64_t two = build_make(hall->build, hall->b, T0 + 91 * BUILD_DAY_MS, "name", "x");
    uint32_t c = build_writer(hall->build, 8);
    uint32_t d = build_writer(hall->build, 9);
    lum_draft_pin(build_draft(hall->build), hall->a, one);
    lum_draft_pin(build_draft(hall->build), hall->b, two);
    uint64_t middle = build_make(hall->build, c, T0 + 91 * BUILD_DAY_MS, "name", "x");
    for (int i = 0; i < 100; i++) {
        (void)build_make(hall->build, c, 0, "name", "so that the position is old");
    }
    lum_draft_pin(build_draft(hall->build), c, middle);
    uint64_t late = build_make(hall->build, d, T0 + 88 * BUILD_DAY_MS, "name", "x");
    settle(hall, false);
    assert_true(pos_of(hall, c, middle).is_sane);
    assert_false(pos_of(hall, d, late).is_sane);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, build_hall_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_void_event_is_listed_with_its_reason_and_holds_nothing_up),
        TEST(one_bad_op_voids_all_ops_of_its_event),
        TEST(a_receipt_is_not_void_and_does_nothing),
        TEST(a_withheld_payload_counts_as_applied_without_effect),
        TEST(a_newcomer_within_the_uses_of_its_invite_writes_at_once),
        TEST(an_over_used_invite_leaves_its_joins_pending_until_one_is_admitted),
        TEST(what_a_reader_writes_stays_pending),
        TEST(preds_and_drops_of_pending_events_have_no_effect),
        TEST(a_clock_holders_void_event_still_shows_its_clock),
        TEST(an_insane_time_enters_nobodys_past),
        TEST(two_logs_of_one_device_are_one_clock),
        TEST(an_author_who_is_no_steward_sets_no_clock),
        TEST(a_past_reaches_through_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
