/*
 * test_meeting.c - two nodes meet while the first allocation of a machine fails, the second ..;
 * once, or all from there on; and the first look at its disk, the second ..
 *
 * A machine says so and is at its end; a new one takes its place, and the next meeting makes both
 * equal. What each of them holds is what was written, whatever failed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/disk/disk.h"
#include "tests/lib/pair.h"

static struct disk *disks[2];
static struct pair *pair;

/* ---- what fails ---- */

static uint64_t fail_allocation(void *self, uint64_t n)
{
    (void)self;
    return lum_mem_fail_after(n, false);
}

/* What is left of the count says nothing once all fail. */
static uint64_t fail_allocations(void *self, uint64_t n)
{
    static uint64_t shortages;
    uint64_t left = lum_mem_fail_after(n, true);
    (void)self;
    if (n > 0) {
        shortages = lum_mem_shortages();
    }
    return lum_mem_shortages() > shortages ? 0 : left;
}

static uint64_t fail_look(void *self, uint64_t n)
{
    return disk_fuse_look(self, n);
}

/* ---- meetings ---- */

static void hold(unsigned end, enum pair_log log, uint64_t seq)
{
    pair_grow(pair, end, log, seq);
}

/* Each has what the other lacks; while they are equal both write on, and then they say goodbye. */
static void meet(void)
{
    hold(0, PAIR_ANNA, 70);
    hold(0, PAIR_BUDI, 5);
    hold(1, PAIR_ANNA_GOV, 2);
    hold(1, PAIR_BUDI, 66);
    hold(1, PAIR_ANNA, 12);
    pair_dial(pair);
    pair_settle(pair, 5000);
    hold(0, PAIR_ANNA_SECOND, 3);
    hold(1, PAIR_BUDI, 69);
    pair_settle(pair, 5000);
    pair_finish(pair, 0);
    pair_finish(pair, 1);
    pair_settle(pair, 1000);
}

static void meet_after_a_fork(void)
{
    hold(0, PAIR_ANNA, 40);
    hold(1, PAIR_ANNA, 10);
    hold(1, PAIR_BRANCH, 12);
    pair_dial(pair);
    pair_settle(pair, 5000);
}

static void let_in(void)
{
    hold(1, PAIR_ANNA, 20);
    pair_dial(pair);
    pair_settle(pair, 2000);
    hold(0, PAIR_CITRA, 3);
    pair_settle(pair, 2000);
}

/* The line takes nothing for a while, then all of it in small pieces. */
static void meet_slowly(void)
{
    hold(0, PAIR_ANNA, 70);
    hold(1, PAIR_BUDI, 70);
    pair_dial(pair);
    for (unsigned i = 0; i < 60; i++) {
        pair_room(pair, i & 1, 8 << 20);
        pair_deliver(pair, i & 1, 700);
        pair_write(pair, i & 1);
        pair_pass(pair, 400);
    }
    pair_settle(pair, 1000);
}

static const struct {
    const char *name;
    void (*run)(void);
    bool with_newcomer;
} meetings[] = {
    {"a meeting", meet, false},
    {"after a fork", meet_after_a_fork, false},
    {"a newcomer", let_in, true},
    {"a slow line", meet_slowly, false},
};

/* ---- the loop ---- */

static const struct {
    const char *name;
    uint64_t (*set)(void *self, uint64_t n);
    enum lum_status statuses[2];
} troubles[] = {
    {"allocation", fail_allocation, {LUM_NO_MEMORY, LUM_NO_MEMORY}},
    {"allocation and on", fail_allocations, {LUM_NO_MEMORY, LUM_NO_MEMORY}},
    {"look", fail_look, {LUM_IO, LUM_CORRUPT}},
};

/* Gives how often it came to pass. */
static unsigned fail_each(size_t meeting, unsigned end, size_t trouble)
{
    const struct pair_trouble failing = {
        .set = troubles[trouble].set,
        .self = disks[end],
        .statuses = {troubles[trouble].statuses[0], troubles[trouble].statuses[1]},
    };
    for (unsigned n = 1;; n++) {
        pair_reset(pair, meetings[meeting].with_newcomer);
        pair_fail(pair, end, n, &failing);
        meetings[meeting].run();
        bool is_hit = pair_fail_left(pair, end) == 0;
        pair_fail(pair, end, 0, NULL);
        pair_heal(pair);
        pair_check(pair, n % 16 == 0);
        if (!is_hit) {
            return n - 1;
        }
    }
}

static void whatever_fails_the_next_meeting_ends_equal(void **state)
{
    (void)state;
    unsigned total = 0;
    for (size_t meeting = 0; meeting < sizeof meetings / sizeof *meetings; meeting++) {
        for (size_t i = 0; i < 2 * sizeof troubles / sizeof *troubles; i++) {
            unsigned count = fail_each(meeting, i & 1, i / 2);
            assert_true(count > 10);
            total += count;
        }
    }
    print_message("figures: %u meetings in which an allocation or a look at the disk failed\n",
                  total);
}

static int begin(void **state)
{
    (void)state;
    disks[0] = disk_open();
    disks[1] = disk_open();
    const char *const folders[2] = {disk_path(disks[0]), disk_path(disks[1])};
    pair = pair_open_in(folders);
    return 0;
}

static int end_all(void **state)
{
    (void)state;
    pair_close(pair);
    disk_close(disks[0]);
    disk_close(disks[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_fails_the_next_meeting_ends_equal),
    };
    return cmocka_run_group_tests(tests, begin, end_all);
}
