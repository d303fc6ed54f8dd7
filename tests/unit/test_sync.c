/* test_sync.c - whole meetings of nodes in one process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/link.h"

/* Three halls; B and C joined through A, and all three hold the same. */
static struct site halls[3];
static struct link *net;
static struct lum_invite invite;

static int start(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    site_prepare(&halls[0]);
    site_found(&halls[0], "Ani");
    invite = site_invite(&halls[0], LUM_ROLE_WRITER, 5);
    for (size_t i = 1; i < LUM_COUNT(halls); i++) {
        site_prepare(&halls[i]);
        site_arrive(&halls[i], &invite);
        site_join(&halls[i], &halls[0], i == 1 ? "Budi" : "Citra");
        site_meet(&halls[0], &halls[i]);
    }
    site_meet(&halls[0], &halls[1]);
    net = link_open();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    link_close(net);
    for (size_t i = 0; i < LUM_COUNT(halls); i++) {
        site_drop(&halls[i]);
    }
    return 0;
}

/* One event each. */
static void write_some(struct site *site, const char *prefix, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "%s%u", prefix, (unsigned)i);
        (void)site_put(site, key, "name", "a field visit of this morning");
    }
}

static uint32_t messages(uint32_t line, unsigned end, enum lum_message_type type)
{
    return link_line(net, line)->flows[end].messages[type];
}

static uint64_t bytes(uint32_t line)
{
    return link_line(net, line)->flows[0].delivered + link_line(net, line)->flows[1].delivered;
}

static struct lum_sync_tally tally(uint32_t line, unsigned end)
{
    struct lum_sync_tally out;
    assert_true(link_tally(net, line, end, &out));
    return out;
}

/* ---- two ---- */

static void two_halls_become_equal(void **state)
{
    (void)state;
    write_some(&halls[0], "a", 10);
    write_some(&halls[1], "b", 7);
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    link_run(net, 100);
    link_assert_equal(&halls[0], &halls[1]);
    for (uint32_t node = 0; node < 2; node++) {
        assert_int_equal(link_counts(net, node)->met, 1);
        assert_int_equal(link_counts(net, node)->equal, 1);
        assert_int_equal(link_counts(net, node)->events_again, 0);
        assert_int_equal(link_counts(net, node)->ends[LUM_INGEST_HELD], 0);
    }
    assert_int_equal(tally(line, 0).events_in, 7);
    assert_int_equal(tally(line, 0).events_out, 10);
    assert_int_equal(tally(line, 1).events_in, 10);
    assert_true(tally(line, 0).is_equal && tally(line, 1).is_equal);
    assert_false(tally(line, 0).is_pushing || tally(line, 1).is_pushing);
}

static void equal_halls_say_digests_alone(void **state)
{
    (void)state;
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    link_run(net, 100);
    assert_int_equal(link_counts(net, a)->equal, 1);
    assert_int_equal(link_counts(net, b)->equal, 1);
    assert_int_equal(messages(line, 0, LUM_MESSAGE_FRONT), 1);
    assert_int_equal(messages(line, 1, LUM_MESSAGE_FRONT), 1);
    assert_true(bytes(line) <= 2 * 121 + 200); /* two AUTHs, which belong to the handshake */
}

static void open_ends_of_several_logs_go_together(void **state)
{
    (void)state;
    write_some(&halls[0], "a", 1);
    write_some(&halls[2], "c", 1);
    site_meet(&halls[0], &halls[2]);
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    link_run(net, 100);
    link_assert_equal(&halls[0], &halls[1]);
    assert_int_equal(messages(line, 0, LUM_MESSAGE_BUNCH), 1);
    assert_int_equal(messages(line, 0, LUM_MESSAGE_TAIL), 0);
    assert_int_equal(link_counts(net, b)->events_new, 2);
}

static void a_person_who_wants_to_finish_is_let_go(void **state)
{
    (void)state;
    write_some(&halls[1], "b", 3);
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    link_finish(net, line, 0);
    link_run(net, 100);
    assert_false(link_line(net, line)->is_up);
    assert_int_equal(link_line(net, line)->fault, LUM_FAULT_NONE);
    assert_int_equal(link_counts(net, a)->equal, 1);
    assert_int_equal(link_counts(net, b)->equal, 1);
    assert_int_equal(messages(line, 0, LUM_MESSAGE_BYE), 1);
    link_assert_equal(&halls[0], &halls[1]);
}

static void clocks_apart_are_told_to_both(void **state)
{
    (void)state;
    halls[1].wall_ms += 3 * LUM_CLOCK_WARN_MS;
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    link_run(net, 100);
    assert_true(tally(line, 0).clock_ms > LUM_CLOCK_WARN_MS);
    assert_true(tally(line, 1).clock_ms < -LUM_CLOCK_WARN_MS);
}

static void a_cut_meeting_goes_on_where_it_was(void **state)
{
    (void)state;
    write_some(&halls[0], "a", 300);
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    link_line(net, line)->speed = 100;
    while (link_counts(net, b)->events_new < 100) {
        (void)link_turn(net);
    }
    link_cut(net, line);
    link_run(net, 10);
    uint64_t before = link_counts(net, b)->events_new;
    line = link_dial(net, a, b);
    link_run(net, 100);
    link_assert_equal(&halls[0], &halls[1]);
    assert_int_equal(tally(line, 0).events_out, 300 - before);
    assert_int_equal(link_counts(net, b)->events_again, 0);
}

/* ---- live ---- */

static void a_write_is_pushed_at_once_and_small(void **state)
{
    (void)state;
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    write_some(&halls[0], "a", 1);
    link_wrote(net, a);
    link_run(net, 1000);
    struct lum_id record = site_keyed(&halls[0], "item", "a0");
    assert_int_equal(site_set(&halls[0], &record, "f", "0123456789"), LUM_OK);
    uint64_t out = tally(line, 0).bytes_out;
    link_wrote(net, a);
    assert_int_equal(messages(line, 0, LUM_MESSAGE_TAIL), 2);
    assert_true(tally(line, 0).bytes_out - out <= 120);
    uint64_t at = link_now(net);
    while (link_counts(net, b)->events_new < 2) {
        (void)link_turn(net);
    }
    assert_true(link_now(net) <= at + 2);
    link_run(net, 1000);
    link_assert_equal(&halls[0], &halls[1]);
    assert_true(tally(line, 1).is_equal);
}

static void each_event_crosses_each_line_once(void **state)
{
    (void)state;
    uint32_t lines[2];
    for (size_t i = 0; i < 3; i++) {
        (void)link_add(net, &halls[i], NULL);
    }
    lines[0] = link_dial(net, 0, 1);
    lines[1] = link_dial(net, 2, 1);
    link_run(net, 1000);
    write_some(&halls[0], "a", 20);
    link_wrote(net, 0);
    write_some(&halls[2], "c", 5);
    link_wrote(net, 2);
    link_run(net, 1000);
    link_assert_equal(&halls[0], &halls[2]);
    link_assert_equal(&halls[0], &halls[1]);
    uint64_t before[2] = {tally(lines[0], 0).events_out, tally(lines[1], 1).events_out};
    for (uint32_t i = 0; i < 10; i++) {
        char prefix[8];
        (void)snprintf(prefix, sizeof(prefix), "l%u", (unsigned)i);
        write_some(&halls[0], prefix, 1);
        link_wrote(net, 0);
        for (int turns = 0; turns < 5; turns++) {
            (void)link_turn(net);
        }
    }
    (void)site_invite(&halls[0], LUM_ROLE_READER, 1); /* a control event too */
    link_wrote(net, 0);
    link_run(net, 1000);
    link_assert_equal(&halls[0], &halls[2]);
    assert_int_equal(tally(lines[0], 0).events_out - before[0], 11);
    assert_int_equal(tally(lines[1], 1).events_out - before[1], 11);
    assert_int_equal(tally(lines[0], 1).events_out, 5);
    for (uint32_t node = 0; node < 3; node++) {
        assert_int_equal(link_counts(net, node)->ends[LUM_INGEST_HELD], 0);
        assert_int_equal(link_counts(net, node)->events_again, 0);
    }
}

/* The third hall lacks much that both others hold. */
static void bring_bulk(bool is_dialling, uint32_t holds)
{
    uint32_t lines[2];
    site_add_many(&halls[0], "a", 2000, 500);
    site_meet(&halls[0], &halls[1]);
    for (uint32_t i = 0; i < 3; i++) {
        (void)link_add(net, &halls[i], NULL);
    }
    for (uint32_t i = 0; i < 2; i++) {
        lines[i] = is_dialling ? link_dial(net, 2, i) : link_dial(net, i, 2);
        link_line(net, lines[i])->speed = 1000;
    }
    link_run(net, 5000);
    link_assert_equal(&halls[0], &halls[2]);
    unsigned theirs = is_dialling ? 1 : 0;
    assert_int_equal(messages(lines[0], 1 - theirs, LUM_MESSAGE_HOLD) +
                         messages(lines[1], 1 - theirs, LUM_MESSAGE_HOLD),
                     holds);
    assert_int_equal(tally(lines[0], theirs).events_out + tally(lines[1], theirs).events_out, 2000);
    assert_int_equal(tally(lines[1], 1 - theirs).events_out, 0);
    assert_true(tally(lines[0], 0).is_equal && tally(lines[1], 0).is_equal);
}

static void bulk_is_asked_of_one_neighbour_at_a_time(void **state)
{
    (void)state;
    bring_bulk(true, 0);
}

static void a_second_one_that_offers_bulk_is_told_to_hold(void **state)
{
    (void)state;
    bring_bulk(false, 1);
}

/* 100 segments; how many messages they take. */
static uint32_t pieces_at(uint32_t speed)
{
    site_add_many(&halls[0], "a", 6400, 60);
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    link_line(net, line)->speed = speed;
    link_run(net, 5000);
    link_assert_equal(&halls[0], &halls[1]);
    return messages(line, 0, LUM_MESSAGE_SEG);
}

static void a_thin_line_takes_a_segment_at_a_time(void **state)
{
    (void)state;
    assert_true(pieces_at(50) >= 100);
}

/* It is found to be fast although what greets is still queued when the pieces begin. */
static void a_fast_line_takes_blocks_of_segments(void **state)
{
    (void)state;
    assert_true(pieces_at(1000) < 30);
}

/* A line does not lose messages; if what we believe of a neighbour is wrong all the same, the
 * digests show it. */
static void what_was_lost_is_said_again(void **state)
{
    (void)state;
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    write_some(&halls[0], "first", 1); /* the log has its number */
    link_wrote(net, a);
    link_run(net, 1000);
    write_some(&halls[0], "lost", 2);
    link_wrote(net, a);
    lum_buf_reset(&link_line(net, line)->flows[0].bytes);
    link_run(net, 1000);
    assert_int_equal(link_counts(net, b)->events_new, 1);
    uint64_t at = link_now(net);
    while (link_counts(net, b)->events_new < 3) {
        link_run(net, 1000);
        assert_true(link_now(net) < at + LUM_FRONT_EVERY_MS + 5000);
    }
    link_run(net, 1000);
    link_assert_equal(&halls[0], &halls[1]);
    assert_true(tally(line, 0).is_equal && tally(line, 1).is_equal);
}

static void a_gap_is_closed_at_once(void **state)
{
    (void)state;
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t line = link_dial(net, a, b);
    write_some(&halls[0], "first", 1);
    link_wrote(net, a);
    link_run(net, 1000);
    write_some(&halls[0], "lost", 1);
    link_wrote(net, a);
    lum_buf_reset(&link_line(net, line)->flows[0].bytes);
    write_some(&halls[0], "next", 1);
    link_wrote(net, a);
    link_run(net, 1000);
    assert_int_equal(link_counts(net, b)->ends[LUM_INGEST_GAP], 1);
    link_assert_equal(&halls[0], &halls[1]);
}

/* ---- copies and forks ---- */

/* The second hall's folder is copied before it writes, and the copy is brought to the third. */
static void a_restored_copy_never_goes_on_with_its_log(void **state)
{
    (void)state;
    struct site copy;
    struct lum_log_row row;
    site_close(&halls[1]);
    site_prepare(&copy);
    site_copy(&halls[1], &copy);
    site_open(&halls[1]);
    write_some(&halls[1], "b", 4);
    site_meet(&halls[1], &halls[0]);
    site_drop(&halls[1]);
    halls[1] = copy;
    site_open(&halls[1]);
    for (unsigned initiator = 0; initiator < 2; initiator++) {
        uint32_t a = link_add(net, &halls[0], NULL);
        uint32_t b = link_add(net, &halls[1], NULL);
        (void)(initiator == 0 ? link_dial(net, b, a) : link_dial(net, a, b));
        link_run(net, 1000);
        assert_int_equal(link_counts(net, b)->doubts, initiator == 0 ? 1 : 0);
        assert_int_equal(link_counts(net, a)->doubts, 0);
        write_some(&halls[1], initiator == 0 ? "c" : "d", 1);
        link_wrote(net, b);
        link_run(net, 1000);
        link_assert_equal(&halls[0], &halls[1]);
        link_remove(net, a);
        link_remove(net, b);
    }
    assert_int_equal(site_own_logs(&halls[1], LUM_SHELF_COMMON, &row), 2);
    assert_int_equal(site_frozen(&halls[0]), 0);
}

/* Two hands with one key: `events` each on the same log, after `common` both hold. */
static void fork_log(struct site *other, uint32_t common, uint32_t events)
{
    struct lum_home home;
    site_add_many(&halls[1], "before", common, 10);
    site_close(&halls[1]);
    site_prepare(other);
    site_copy(&halls[1], other);
    site_open(&halls[1]);
    site_open(other);
    home = *lum_space_home(halls[1].space);
    home.in_doubt = false; /* as one who wants to fork would say */
    assert_int_equal(lum_home_write(&other->env, other->temp.dir, &home, &other->error), LUM_OK);
    site_close(other);
    site_open(other);
    assert_false(lum_space_home(other->space)->in_doubt);
    site_add_many(&halls[1], "here", events, 20);
    site_add_many(other, "there", events + 1, 30);
}

static void assert_frozen_alike(struct site *a, struct site *b)
{
    link_assert_equal(a, b);
    assert_int_equal(site_frozen(a), 1);
    assert_int_equal(site_frozen(b), 1);
}

/* First meets second, second meets third, and so on around; each in its own session. */
static void meet_in_turn(struct site *const *sites, const unsigned (*pairs)[2], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t a = link_add(net, sites[pairs[i][0]], NULL);
        uint32_t b = link_add(net, sites[pairs[i][1]], NULL);
        uint32_t line = link_dial(net, a, b);
        link_run(net, 10000);
        assert_int_equal(link_line(net, line)->fault, LUM_FAULT_NONE);
        assert_true(link_line(net, line)->is_up);
        link_assert_equal(sites[pairs[i][0]], sites[pairs[i][1]]);
        assert_true(tally(line, 0).is_equal && tally(line, 1).is_equal);
        link_remove(net, a);
        link_remove(net, b);
    }
}

static void fork_and_meet(uint32_t common, uint32_t events)
{
    struct site other;
    fork_log(&other, common, events);
    struct site *const sites[] = {&halls[0], &halls[1], &halls[2], &other};
    /* A takes one branch, C the other; A and C find the fork, then tell the two hands. */
    static const unsigned pairs[][2] = {{0, 1}, {3, 2}, {2, 0}, {1, 0}, {3, 2}, {1, 3}};
    meet_in_turn(sites, pairs, LUM_COUNT(pairs));
    assert_frozen_alike(&halls[0], &halls[2]);
    assert_frozen_alike(&halls[1], &other);
    site_drop(&other);
}

static void a_fork_is_proved_to_everybody(void **state)
{
    (void)state;
    fork_and_meet(1, 1);
}

static void a_fork_far_below_the_heads_is_found(void **state)
{
    (void)state;
    fork_and_meet(300, 1500);
}

static void a_fork_is_passed_on_live(void **state)
{
    (void)state;
    struct site other;
    fork_log(&other, 3, 5);
    struct site *const sites[] = {&halls[1], &halls[0], &halls[2], &other};
    for (size_t i = 0; i < LUM_COUNT(sites); i++) {
        (void)link_add(net, sites[i], NULL);
    }
    for (uint32_t i = 0; i + 1 < LUM_COUNT(sites); i++) {
        (void)link_dial(net, i, i + 1);
    }
    link_run(net, 10000);
    for (size_t i = 0; i < LUM_COUNT(sites); i++) {
        assert_frozen_alike(sites[0], sites[i]);
    }
    for (uint32_t i = 0; i + 1 < LUM_COUNT(sites); i++) {
        assert_true(tally(i, 0).is_equal && tally(i, 1).is_equal);
    }
    write_some(&halls[0], "after", 1);
    link_wrote(net, 1);
    link_run(net, 1000);
    assert_frozen_alike(sites[0], sites[3]);
    for (uint32_t i = 0; i < LUM_COUNT(sites); i++) {
        link_remove(net, i);
    }
    site_drop(&other);
}

/* ---- first contact ---- */

static void a_newcomer_joins_through_any_member(void **state)
{
    (void)state;
    struct site newcomer;
    write_some(&halls[1], "b", 100);
    site_prepare(&newcomer);
    site_arrive(&newcomer, &invite);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t n = link_add(net, &newcomer, "Dewi");
    uint32_t line = link_dial(net, n, b);
    link_run(net, 1000);
    assert_int_equal(link_line(net, line)->fault, LUM_FAULT_NONE);
    assert_int_equal(link_counts(net, n)->joins, 1);
    assert_int_equal(link_counts(net, n)->welcomes, 1);
    assert_int_equal(link_counts(net, n)->met, 1);
    assert_int_equal(link_counts(net, b)->met, 1);
    assert_true(tally(line, 0).is_equal && tally(line, 1).is_equal);
    link_assert_equal(&newcomer, &halls[1]);
    write_some(&newcomer, "d", 1);
    link_wrote(net, n);
    link_run(net, 1000);
    link_assert_equal(&newcomer, &halls[1]);
    link_remove(net, n);
    site_drop(&newcomer);
}

static void a_newcomer_over_the_limit_waits_and_comes_again(void **state)
{
    (void)state;
    struct site newcomers[2];
    struct lum_invite one = site_invite(&halls[0], LUM_ROLE_WRITER, 1);
    uint32_t a = link_add(net, &halls[0], NULL);
    uint32_t n[2];
    uint32_t line = 0;
    for (size_t i = 0; i < 2; i++) {
        site_prepare(&newcomers[i]);
        site_arrive(&newcomers[i], &one);
        n[i] = link_add(net, &newcomers[i], "Dewi");
        line = link_dial(net, n[i], a);
        link_run(net, 1000);
    }
    assert_int_equal(link_counts(net, n[0])->welcomes, 1);
    assert_int_equal(link_counts(net, n[1])->welcomes, 0);
    assert_false(link_line(net, line)->is_up);
    assert_int_equal(link_line(net, line)->fault, LUM_FAULT_NONE);
    assert_true(lum_space_is_newcomer(newcomers[1].space) == false);
    const struct lum_device *device = lum_roster_by_author(
        lum_space_roster(halls[0].space), lum_space_keys(newcomers[1].space)->author.public);
    assert_non_null(device);
    assert_false(device->is_effective);
    site_admit(&halls[0], device, LUM_ROLE_WRITER);
    link_wrote(net, a);
    (void)link_dial(net, n[1], a);
    link_run(net, 1000);
    assert_int_equal(link_counts(net, n[1])->joins, 1);
    assert_int_equal(link_counts(net, n[1])->welcomes, 1);
    link_assert_equal(&newcomers[1], &halls[0]);
    for (size_t i = 0; i < 2; i++) {
        link_remove(net, n[i]);
        site_drop(&newcomers[i]);
    }
}

static void a_newcomer_cut_anywhere_comes_again(void **state)
{
    (void)state;
    struct site newcomer;
    write_some(&halls[1], "b", 3);
    site_prepare(&newcomer);
    site_arrive(&newcomer, &invite);
    uint32_t b = link_add(net, &halls[1], NULL);
    uint32_t n = link_add(net, &newcomer, "Dewi");
    uint32_t line = 0;
    for (int64_t limit = 60; link_counts(net, n)->welcomes == 0; limit += 61) {
        line = link_dial(net, n, b);
        link_line(net, line)->flows[(limit / 61) % 2].limit = limit;
        link_run(net, 1000);
        assert_int_equal(link_line(net, line)->fault, LUM_FAULT_NONE);
        if (link_line(net, line)->is_up) {
            link_cut(net, line);
        }
    }
    line = link_dial(net, n, b);
    link_run(net, 1000);
    assert_int_equal(link_counts(net, n)->joins, 1);
    link_assert_equal(&newcomer, &halls[1]);
    link_remove(net, n);
    site_drop(&newcomer);
}

static void a_member_nobody_told_of_shows_gov_first(void **state)
{
    (void)state;
    struct site newcomer;
    site_prepare(&newcomer);
    site_arrive(&newcomer, &invite);
    site_join(&newcomer, &halls[1], "Dewi");
    write_some(&newcomer, "d", 5);
    for (unsigned initiator = 0; initiator < 2; initiator++) {
        uint32_t c = link_add(net, &halls[initiator == 0 ? 0 : 2], NULL);
        uint32_t n = link_add(net, &newcomer, NULL);
        uint32_t line = initiator == 0 ? link_dial(net, n, c) : link_dial(net, c, n);
        link_run(net, 1000);
        assert_true(link_line(net, line)->is_up);
        assert_int_equal(link_counts(net, n)->equal, 1);
        assert_int_equal(link_counts(net, c)->equal, 1);
        link_assert_equal(&newcomer, &halls[initiator == 0 ? 0 : 2]);
        link_remove(net, n);
        link_remove(net, c);
    }
    site_drop(&newcomer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_halls_become_equal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(equal_halls_say_digests_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(open_ends_of_several_logs_go_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_person_who_wants_to_finish_is_let_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clocks_apart_are_told_to_both, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cut_meeting_goes_on_where_it_was, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_is_pushed_at_once_and_small, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_event_crosses_each_line_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bulk_is_asked_of_one_neighbour_at_a_time, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_second_one_that_offers_bulk_is_told_to_hold, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_thin_line_takes_a_segment_at_a_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fast_line_takes_blocks_of_segments, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_lost_is_said_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_gap_is_closed_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_restored_copy_never_goes_on_with_its_log, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_fork_is_proved_to_everybody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fork_far_below_the_heads_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fork_is_passed_on_live, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newcomer_joins_through_any_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_newcomer_over_the_limit_waits_and_comes_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_newcomer_cut_anywhere_comes_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_member_nobody_told_of_shows_gov_first, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
