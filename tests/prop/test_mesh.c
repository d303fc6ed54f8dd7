/*
 * test_mesh.c - four halls write, dial, break off and dial again in drawn orders; once lines stay
 * up, all hold the same, nobody said a thing wrongly, and nothing was lost. Each round begins with
 * copied folders, so every hall also opens a new incarnation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/link.h"

enum {
    HALLS = 4,
    ROUNDS = 20,
    ACTIONS = 60,
};

static struct site origin[HALLS];
static struct site halls[HALLS];
static struct link *net;
static uint64_t dice;
static uint32_t written;

static uint32_t draw(uint32_t below)
{
    dice = dice * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((dice >> 33) % below);
}

static int start(void **state)
{
    (void)state;
    assert_int_equal(lum_crypto_init(), LUM_OK);
    site_prepare(&origin[0]);
    site_found(&origin[0], "Ani");
    struct lum_invite invite = site_invite(&origin[0], LUM_ROLE_WRITER, HALLS);
    for (uint32_t i = 1; i < HALLS; i++) {
        site_prepare(&origin[i]);
        site_arrive(&origin[i], &invite);
        site_join(&origin[i], &origin[0], "Budi"); /* later ones are unknown to earlier ones */
    }
    for (uint32_t i = 0; i < HALLS; i++) {
        site_close(&origin[i]);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < HALLS; i++) {
        site_drop(&origin[i]);
    }
    return 0;
}

/* ---- what may happen ---- */

static void write_one(void)
{
    uint32_t at = draw(HALLS);
    char key[32];
    (void)snprintf(key, sizeof(key), "k%u", (unsigned)written++);
    (void)site_put(&halls[at], key, "name", draw(4) == 0 ? "short" : "a longer text of one visit");
    link_wrote(net, at);
}

static void invite_one(void)
{
    uint32_t at = 0; /* the steward */
    (void)site_invite(&halls[at], LUM_ROLE_READER, 1);
    link_wrote(net, at);
}

static void dial_one(void)
{
    uint32_t a = draw(HALLS);
    uint32_t b = (a + 1 + draw(HALLS - 1)) % HALLS;
    uint32_t line = link_dial(net, a, b);
    link_line(net, line)->speed = draw(3) == 0 ? 5 + draw(100) : 0;
    if (draw(2) == 0) {
        link_line(net, line)->flows[draw(2)].limit = 1 + (int64_t)draw(1500);
    }
}

static void act(uint32_t lines)
{
    uint32_t what = draw(10);
    if (what < 4) {
        write_one();
    } else if (what < 6) {
        dial_one();
    } else if (what == 6 && lines > 0) {
        link_cut(net, draw(lines));
    } else if (what == 7 && draw(3) == 0) {
        invite_one();
    } else {
        for (uint32_t turns = draw(30); turns > 0; turns--) {
            (void)link_turn(net);
        }
    }
}

/* ---- rounds ---- */

static void open_halls(void)
{
    for (uint32_t i = 0; i < HALLS; i++) {
        site_prepare(&halls[i]);
        site_copy(&origin[i], &halls[i]);
        site_open(&halls[i]);
        (void)link_add(net, &halls[i], NULL);
    }
}

static uint64_t records(struct site *site)
{
    (void)site_settle(site);
    return site_counts(site).records;
}

static void settle_all(uint32_t lines)
{
    for (uint32_t i = 0; i < lines; i++) {
        link_cut(net, i);
    }
    for (uint32_t i = 0; i < HALLS; i++) {
        (void)link_dial(net, i, (i + 1) % HALLS);
    }
    link_run(net, 5000);
}

static void any_order_of_meetings_ends_equal(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        dice = 1000 + round;
        written = 0;
        net = link_open();
        open_halls();
        for (uint32_t i = 0; i < ACTIONS; i++) {
            act(link_count(net));
        }
        settle_all(link_count(net));
        for (uint32_t i = 0; i < link_count(net); i++) {
            assert_int_equal(link_line(net, i)->fault, LUM_FAULT_NONE);
        }
        for (uint32_t i = 1; i < HALLS; i++) {
            link_assert_equal(&halls[0], &halls[i]);
        }
        assert_int_equal(records(&halls[0]), written);
        for (uint32_t i = 0; i < HALLS; i++) {
            assert_int_equal(link_counts(net, i)->ends[LUM_INGEST_FAULTY], 0);
            assert_int_equal(link_counts(net, i)->ends[LUM_INGEST_STRANGER], 0);
            assert_int_equal(link_counts(net, i)->ends[LUM_INGEST_FORK], 0);
            assert_int_equal(site_frozen(&halls[i]), 0);
            link_remove(net, i);
            site_drop(&halls[i]);
        }
        link_close(net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_meetings_ends_equal),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
