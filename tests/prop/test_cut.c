/*
 * test_cut.c - a meeting that breaks after any byte: both stores hold what came whole, and the next
 * meeting ends equal and says again at most one segment a log.
 *
 * The session, both ways together: at least 64 KiB, gov events, three logs and more, two boundaries
 * by count and two by bytes, a payload over 4 KiB.
 *
 * Why not every byte is a run of its own: a node does nothing with a part of a message, it waits.
 * So all cuts between the ends of two messages leave the same stores behind. That is checked for
 * every byte of both directions (no_part_of_a_message_is_whole); the whole way - cut, look at both
 * stores, meet again - is gone at the first and the last byte between two ends of messages, and in
 * the middle. A node's folder is copied for each, so every run begins at the same place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/verify.h"
#include "net/frame.h"
#include "tests/lib/link.h"

enum {
    SESSION_BYTES = 64 * 1024,
};

/* Before the meeting: a founder's hall that was visited by a third, and a hall it has not met since
 * that joined. */
static struct site origin[2];
static struct link_flow whole[2]; /* what the uncut meeting says */
static unsigned cuts;             /* tried in full */

/* ---- the two halls ---- */

static void make_halls(void)
{
    struct site third;
    site_prepare(&origin[0]);
    site_found(&origin[0], "Ani");
    struct lum_invite invite = site_invite(&origin[0], LUM_ROLE_WRITER, 5);
    site_prepare(&origin[1]);
    site_arrive(&origin[1], &invite);
    site_join(&origin[1], &origin[0], "Budi");
    site_meet(&origin[0], &origin[1]);

    site_prepare(&third);
    site_arrive(&third, &invite);
    site_join(&third, &origin[0], "Citra");
    site_add_many(&third, "c", 70, 40); /* a boundary by count */
    site_meet(&third, &origin[0]);
    site_drop(&third);
    (void)site_invite(&origin[0], LUM_ROLE_WRITER, 1); /* two more events on gov */
    (void)site_invite(&origin[0], LUM_ROLE_READER, 3);
    site_add_many(&origin[0], "a", 70, 20);    /* by count */
    site_add_many(&origin[0], "big", 6, 6000); /* by bytes, each over 4 KiB */
    site_add_many(&origin[0], "more", 3, 100);
    site_add_many(&origin[1], "b", 8, 5000);   /* by bytes */
    site_add_many(&origin[1], "late", 66, 30); /* by count */
}

/* A meeting of the two in `pair`; flow `end` is cut after `limit` bytes. */
static uint32_t meet(struct link *net, struct site *pair, unsigned end, int64_t limit)
{
    uint32_t a = link_add(net, &pair[0], NULL);
    uint32_t b = link_add(net, &pair[1], NULL);
    uint32_t line = link_dial(net, a, b);
    link_line(net, line)->speed = 4096; /* so that the two ways are on the line together */
    link_line(net, line)->flows[end].limit = limit;
    link_run(net, 100);
    return line;
}

static int start(void **state)
{
    (void)state;
    struct site pair[2];
    assert_int_equal(lum_crypto_init(), LUM_OK);
    make_halls();
    for (unsigned i = 0; i < 2; i++) {
        site_close(&origin[i]);
        site_prepare(&pair[i]);
        site_copy(&origin[i], &pair[i]);
        site_open(&pair[i]);
    }
    struct link *net = link_open();
    struct link_line *line = link_line(net, meet(net, pair, 0, LINK_NO_LIMIT));
    for (unsigned end = 0; end < 2; end++) {
        whole[end] = line->flows[end];
        lum_buf_init(&whole[end].all, line->flows[end].all.max);
        lum_buf_put(&whole[end].all, line->flows[end].all.at, line->flows[end].all.len);
    }
    link_assert_equal(&pair[0], &pair[1]);
    link_close(net);
    for (unsigned i = 0; i < 2; i++) {
        site_drop(&pair[i]);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        lum_buf_fini(&whole[i].all);
        site_drop(&origin[i]);
    }
    return 0;
}

/* ---- what is cut ---- */

/* Boundaries of what a log holds behind `from`, by count and by bytes. */
static void count_boundaries(struct lum_txn *txn, uint32_t lno, uint32_t by_count_and_bytes[2],
                             size_t *largest)
{
    struct lum_log_reader *reader = NULL;
    struct lum_log_event event;
    uint32_t events = 0;
    assert_int_equal(lum_log_reader_open(&reader), LUM_OK);
    assert_int_equal(lum_log_seek(reader, txn, lno, 1), LUM_OK);
    while (lum_log_next(reader, &event) == LUM_OK) {
        events++;
        *largest = event.payload.len > *largest ? event.payload.len : *largest;
        if (event.chain.segment_events == 0) {
            by_count_and_bytes[events == LUM_SEGMENT_EVENTS ? 0 : 1]++;
            events = 0;
        }
    }
    lum_log_reader_close(reader);
}

static uint32_t pieces_of(const struct link_flow *flow)
{
    return flow->messages[LUM_MESSAGE_SEG] + flow->messages[LUM_MESSAGE_TAIL] +
           flow->messages[LUM_MESSAGE_BUNCH];
}

static void the_session_is_worth_cutting(void **state)
{
    (void)state;
    uint32_t boundaries[2] = {0, 0};
    size_t largest = 0;
    uint32_t logs = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct lum_txn *txn = NULL;
        site_open(&origin[i]);
        assert_int_equal(lum_txn_begin_read(lum_space_log(origin[i].space), &txn, NULL), LUM_OK);
        for (uint32_t lno = 1; lno <= lum_log_count(txn); lno++) {
            uint32_t before = boundaries[0] + boundaries[1];
            count_boundaries(txn, lno, boundaries, &largest);
            logs += boundaries[0] + boundaries[1] > before ? 1 : 0;
        }
        lum_txn_abort(txn);
        site_close(&origin[i]);
    }
    assert_true(whole[0].all.len + whole[1].all.len >= SESSION_BYTES);
    assert_true(boundaries[0] >= 2);
    assert_true(boundaries[1] >= 2);
    assert_true(logs >= 3);
    assert_true(largest > 4096);
    assert_true(whole[0].messages[LUM_MESSAGE_INTRO] > 0);
    assert_true(pieces_of(&whole[0]) > 4);
    assert_true(pieces_of(&whole[1]) > 2);
    print_message("a session of %u and %u bytes, %u and %u messages\n", (unsigned)whole[0].all.len,
                  (unsigned)whole[1].all.len, whole[0].message_count, whole[1].message_count);
}

static void no_part_of_a_message_is_whole(void **state)
{
    (void)state;
    for (unsigned end = 0; end < 2; end++) {
        const struct link_flow *flow = &whole[end];
        uint32_t begin = 0;
        for (uint32_t i = 0; i < flow->message_count; i++) {
            for (uint32_t cut = begin; cut <= flow->message_ends[i]; cut++) {
                struct lum_frame frame;
                enum lum_fault fault = LUM_FAULT_NONE;
                struct lum_bytes part = lum_bytes_of(flow->all.at + begin, cut - begin);
                bool is_whole = cut == flow->message_ends[i];
                assert_int_equal(lum_frame_peek(part, LUM_MESSAGE_MAX, &frame, &fault),
                                 is_whole ? LUM_OK : LUM_AGAIN);
            }
            begin = flow->message_ends[i];
        }
        assert_int_equal(begin, flow->all.len);
    }
}

/* ---- the cut, and what follows ---- */

static void verify(struct site *site)
{
    struct lum_verify_report report = {0};
    struct lum_txn *txn = NULL;
    assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_verify_log(txn, NULL, &report), LUM_OK);
    lum_txn_abort(txn);
    assert_int_equal(report.found, 0);
    (void)site_settle(site);
    site_check(site);
}

/* After the cut only what came in a whole message is held, and all of that: the next meeting brings
 * nothing a second time but the rest of the message that broke. */
static void cut_at(unsigned end, uint32_t bytes)
{
    cuts++;
    struct site pair[2];
    for (unsigned i = 0; i < 2; i++) {
        site_prepare(&pair[i]);
        site_copy(&origin[i], &pair[i]);
        site_open(&pair[i]);
    }
    struct link *net = link_open();
    uint32_t first = meet(net, pair, end, bytes);
    assert_false(link_line(net, first)->is_up);
    assert_int_equal(link_line(net, first)->fault, LUM_FAULT_NONE);
    assert_int_equal(link_line(net, first)->flows[end].delivered, bytes);
    assert_memory_equal(link_line(net, first)->flows[end].all.at, whole[end].all.at, bytes);
    link_close(net);
    for (unsigned i = 0; i < 2; i++) {
        site_close(&pair[i]);
        site_open(&pair[i]);
        verify(&pair[i]);
    }
    net = link_open();
    uint32_t second = meet(net, pair, 0, LINK_NO_LIMIT);
    for (uint32_t node = 0; node < 2; node++) {
        const struct link_counts *counts = link_counts(net, node);
        assert_int_equal(counts->equal, 1);
        assert_int_equal(counts->events_again, 0);
        for (int why = LUM_INGEST_HELD; why <= LUM_INGEST_FAULTY; why++) {
            assert_int_equal(counts->ends[why], 0);
        }
    }
    assert_true(link_line(net, second)->is_up);
    link_assert_equal(&pair[0], &pair[1]);
    link_close(net);
    for (unsigned i = 0; i < 2; i++) {
        verify(&pair[i]);
        site_drop(&pair[i]);
    }
}

static void cut_everywhere(unsigned end)
{
    const struct link_flow *flow = &whole[end];
    uint32_t begin = 0;
    for (uint32_t i = 0; i < flow->message_count; i++) {
        uint32_t size = flow->message_ends[i] - begin;
        cut_at(end, begin);
        if (size > 2) {
            cut_at(end, begin + size / 2);
            cut_at(end, begin + size - 1);
        }
        begin = flow->message_ends[i];
    }
    cut_at(end, begin);
}

static void what_the_dialler_says_may_break_anywhere(void **state)
{
    (void)state;
    cut_everywhere(0);
}

static void what_the_answerer_says_may_break_anywhere(void **state)
{
    (void)state;
    cut_everywhere(1);
}

/* A piece is one segment, and a bunch holds one open end a log, so what is lost with a message, and
 * said again, is no more than a segment a log. */
static void no_message_holds_more_than_a_segment(void **state)
{
    (void)state;
    for (unsigned end = 0; end < 2; end++) {
        const struct link_flow *flow = &whole[end];
        uint32_t begin = 0;
        for (uint32_t i = 0; i < flow->message_count; i++) {
            struct lum_frame frame;
            struct lum_piece piece;
            enum lum_fault fault = LUM_FAULT_NONE;
            struct lum_bytes rest = lum_bytes_of(flow->all.at + begin, flow->all.len - begin);
            assert_int_equal(lum_frame_peek(rest, LUM_MESSAGE_MAX, &frame, &fault), LUM_OK);
            begin = flow->message_ends[i];
            if (frame.type == LUM_MESSAGE_SEG) {
                assert_int_equal(lum_message_get_seg(frame.body, &piece), LUM_FAULT_NONE);
                assert_int_equal(piece.seals.count, 1);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_session_is_worth_cutting),
        cmocka_unit_test(no_part_of_a_message_is_whole),
        cmocka_unit_test(no_message_holds_more_than_a_segment),
        cmocka_unit_test(what_the_dialler_says_may_break_anywhere),
        cmocka_unit_test(what_the_answerer_says_may_break_anywhere),
    };
    int failed = cmocka_run_group_tests(tests, start, stop);
    printf("figures: cut at %u bytes, that is at every kind of place in %u messages\n", cuts,
           whole[0].message_count + whole[1].message_count);
    return failed;
}
