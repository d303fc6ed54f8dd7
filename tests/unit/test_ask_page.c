/* Answers that take long: pages of a view that is still the same one, and the pace of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "net/ask_page.h"
#include "tests/lib/asker.h"

/* An ask over a snapshot of a site's view. */
struct paged {
    struct lum_buf out;
    struct lum_ask ask;
};

static void open_over(struct paged *paged, struct site *site)
{
    static const char body[] = "\xa6"
                               "export\x80";
    lum_buf_init(&paged->out, LUM_REQUEST_MAX);
    assert_int_equal(
        lum_ask_open(lum_bytes_of(body, sizeof body - 1), &paged->out, &paged->ask, NULL), LUM_OK);
    if (site != NULL) {
        (void)site_settle(site);
        assert_int_equal(
            lum_txn_begin_read(lum_space_view(site->space), &paged->ask.world.view, NULL), LUM_OK);
    }
}

static void close_paged(struct paged *paged)
{
    lum_txn_abort(paged->ask.world.view);
    lum_ask_close(&paged->ask);
    lum_buf_fini(&paged->out);
}

static enum lum_status go_on(struct site *site, const struct lum_page *page, struct lum_error *err)
{
    struct paged paged;
    open_over(&paged, site);
    enum lum_status status = lum_page_go_on(page, &paged.ask, err);
    close_paged(&paged);
    return status;
}

static void a_view_that_grows_is_still_the_same(void **state)
{
    (void)state;
    struct site site;
    struct paged paged;
    struct lum_page page;
    struct lum_error err = {0};
    site_prepare(&site);
    site_found(&site, "Sari");
    open_over(&paged, &site);
    assert_int_equal(lum_page_begin(&page, paged.ask.world.view), LUM_OK);
    close_paged(&paged);
    for (int i = 0; i < 3; i++) {
        (void)site_put(&site, "k", "a", i % 2 == 0 ? "1" : "2");
        assert_int_equal(go_on(&site, &page, &err), LUM_OK);
    }
    assert_int_equal(lum_space_rebuild(site.space, NULL, NULL), LUM_OK);
    assert_int_equal(go_on(&site, &page, &err), LUM_STOPPED);
    assert_int_equal(err.cause, LUM_CAUSE_interrupted);
    assert_string_equal(err.one, "export");
    site_drop(&site);
}

static void change_numbers_go_on_over_a_rebuild(void **state)
{
    (void)state;
    struct site site;
    struct paged paged;
    struct lum_view_changes before;
    struct lum_view_changes after;
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_put(&site, "k", "a", "1");
    open_over(&paged, &site);
    assert_int_equal(lum_view_changes(paged.ask.world.view, &before), LUM_OK);
    close_paged(&paged);
    assert_int_equal(before.first, 1);
    assert_int_equal(before.newest, 3); /* the space, Sari, and the record */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(lum_space_rebuild(site.space, NULL, NULL), LUM_OK);
        open_over(&paged, &site);
        assert_int_equal(lum_view_changes(paged.ask.world.view, &after), LUM_OK);
        close_paged(&paged);
        assert_int_equal(after.first, before.newest + 1);
        assert_int_equal(after.newest, before.newest + 3);
        before = after;
    }
    site_drop(&site);
}

static void a_page_is_full_at_its_size(void **state)
{
    (void)state;
    struct paged paged;
    open_over(&paged, NULL);
    assert_false(lum_page_is_full(&paged.ask));
    assert_non_null(lum_buf_extend(&paged.out, LUM_REPLY_PAGE - 1));
    assert_false(lum_page_is_full(&paged.ask));
    lum_buf_put_byte(&paged.out, 0);
    assert_true(lum_page_is_full(&paged.ask));
    close_paged(&paged);
}

static bool say_stop(void *self)
{
    return *(const bool *)self;
}

static void a_pace_is_told_and_stops_when_asked(void **state)
{
    (void)state;
    struct paged paged;
    struct lum_error err = {0};
    bool stops = false;
    open_over(&paged, NULL);
    paged.ask.world.stop = say_stop;
    paged.ask.world.stop_self = &stops;
    struct lum_pace pace = {.ask = &paged.ask};
    struct lum_tick tick = lum_pace_tick(&pace);
    assert_true(tick.step(tick.self, 5, 20));
    assert_true(paged.out.len > 0);
    stops = true;
    assert_false(tick.step(tick.self, 6, 20));
    assert_int_equal(lum_pace_end(&pace, LUM_OK, &err), LUM_OK);
    assert_int_equal(err.cause, LUM_CAUSE_none);
    assert_int_equal(lum_pace_end(&pace, LUM_STOPPED, &err), LUM_STOPPED);
    assert_int_equal(err.cause, LUM_CAUSE_interrupted);
    assert_string_equal(err.one, "6/20");
    close_paged(&paged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_view_that_grows_is_still_the_same),
        cmocka_unit_test(change_numbers_go_on_over_a_rebuild),
        cmocka_unit_test(a_page_is_full_at_its_size),
        cmocka_unit_test(a_pace_is_told_and_stops_when_asked),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
