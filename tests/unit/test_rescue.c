/*
 * test_rescue.c - a damaged log.mdb: what is whole comes over, and a neighbour brings the rest.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/rescue.h"
#include "core/verify.h"
#include "tests/lib/site.h"

enum {
    PAGE = 4096,
    FILE_MAX = 16 * 1024 * 1024,
    CASES = 40
};

/* Sari's store, damaged again and again; Budi's holds the same. */
struct fixture {
    struct site s[2];
    uint8_t *sound;
    size_t size;
    uint64_t events;
    uint64_t dice;
};

static uint64_t draw(struct fixture *f, uint64_t below)
{
    f->dice = f->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (f->dice >> 33) % below;
}

static uint64_t events_of(struct site *site)
{
    struct lum_txn *txn = NULL;
    uint64_t events = 0;
    assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &txn, NULL), LUM_OK);
    for (uint32_t lno = 1; lno <= lum_log_count(txn); lno++) {
        struct lum_log_row row;
        assert_int_equal(lum_log_get(txn, lno, &row), LUM_OK);
        events += row.place.chain.seq;
    }
    lum_txn_abort(txn);
    return events;
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){.dice = 5};
    site_pair(f->s);
    for (int i = 0; i < 8; i++) {
        char prefix[8];
        (void)snprintf(prefix, sizeof prefix, "k%d-", i);
        for (int who = 0; who < 2; who++) {
            site_add_many(&f->s[who], prefix, i % 2 == 0 ? 200 : 20, 90);
        }
        site_meet(&f->s[0], &f->s[1]);
    }
    f->events = events_of(&f->s[0]);
    assert_int_equal(f->events, events_of(&f->s[1]));
    site_close(&f->s[0]);
    f->sound = malloc(FILE_MAX);
    assert_non_null(f->sound);
    f->size = temp_read(&f->s[0].temp, "log.mdb", f->sound, FILE_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    free(f->sound);
    temp_drop(&f->s[0].temp); /* closed long ago */
    site_drop(&f->s[1]);
    return 0;
}

static void damage(struct fixture *f, size_t kind)
{
    uint8_t page[PAGE];
    size_t at = draw(f, f->size / PAGE) * PAGE;
    uint8_t kept[PAGE];
    temp_write(&f->s[0].temp, "log.mdb", f->sound, f->size);
    if (kind == 0) {
        temp_flip(&f->s[0].temp, "log.mdb", draw(f, f->size), (uint8_t)(1U << draw(f, 8)));
    } else if (kind == 1) {
        temp_flip(&f->s[0].temp, "log.mdb", at + draw(f, 64), (uint8_t)(1U << draw(f, 8)));
    } else if (kind == 2) {
        assert_int_equal(
            truncate(temp_path(&f->s[0].temp, "log.mdb"), (off_t)(f->size - draw(f, f->size / 8))),
            0);
    } else {
        for (size_t i = 0; i < PAGE; i++) {
            page[i] = kind == 3 ? 0 : (uint8_t)draw(f, 256);
        }
        memcpy(kept, f->sound + at, PAGE);
        memcpy(f->sound + at, page, PAGE);
        temp_write(&f->s[0].temp, "log.mdb", f->sound, f->size);
        memcpy(f->sound + at, kept, PAGE);
    }
}

/* All of it is right, and what is there is what it says. */
static void expect_sound(struct site *site, uint64_t events)
{
    struct lum_txn *txn = NULL;
    struct lum_verify_report report = {0};
    assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_verify_log(txn, NULL, &report), LUM_OK);
    lum_txn_abort(txn);
    assert_int_equal(report.found, 0);
    assert_int_equal(report.events, events);
}

static void what_is_left_comes_over_and_a_neighbour_brings_the_rest(void **state)
{
    struct fixture *f = *state;
    const char *wanted = getenv("LUM_DAMAGES");
    size_t cases = wanted == NULL ? CASES : (size_t)strtoul(wanted, NULL, 10);
    uint64_t saved = 0;
    uint64_t nothing = 0;
    uint64_t refilled = 0;
    for (size_t i = 0; i < cases; i++) {
        struct site to;
        struct lum_rescue_report report;
        struct lum_error err = {0};
        damage(f, i % 5);
        site_prepare(&to);
        enum lum_status status = lum_rescue(&to.env, f->s[0].temp.dir, to.temp.dir, &report, &err);
        if (status != LUM_OK) { /* the page of the founding document */
            assert_int_equal(status, LUM_CORRUPT);
            assert_int_equal(err.cause, LUM_CAUSE_store_damaged);
            nothing++;
            temp_drop(&to.temp);
            continue;
        }
        saved += report.events;
        assert_true(report.events <= f->events);
        site_open(&to);
        assert_true(lum_space_home(to.space)->in_doubt);
        expect_sound(&to, report.events);
        (void)site_give(&f->s[1], &to);
        assert_int_equal(events_of(&to), f->events);
        expect_sound(&to, f->events);
        refilled++;
        site_drop(&to);
    }
    print_message("figures: %zu damaged logs: %.1f %% of all events saved alone, %zu of %zu whole "
                  "again by a neighbour, %zu without a founding document\n",
                  cases, 100.0 * (double)saved / (double)(f->events * cases), (size_t)refilled,
                  cases - (size_t)nothing, (size_t)nothing);
    assert_int_equal(refilled + nothing, cases);
    assert_true(saved * 100 > f->events * cases * 60);
}

static void a_store_in_the_way_is_left_alone(void **state)
{
    struct fixture *f = *state;
    struct lum_rescue_report report;
    struct lum_error err = {0};
    temp_write(&f->s[0].temp, "log.mdb", f->sound, f->size);
    assert_int_equal(lum_rescue(&f->s[0].env, f->s[0].temp.dir, f->s[1].temp.dir, &report, &err),
                     LUM_EXISTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_left_comes_over_and_a_neighbour_brings_the_rest,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_store_in_the_way_is_left_alone, setup, teardown),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
