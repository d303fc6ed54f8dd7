/*
 * test_deeds.c - all that can be asked of a space, again and again, each time from the same disk:
 * the first allocation fails, the second ..; all from there on; the first look at the disk, the
 * first call, the first operation fails, the disk is full from there on ..
 *
 * A deed that says it is done has done what it does when nothing fails, and said the same; one that
 * fails says what that trouble is called; after the space was opened again all is as before it, or
 * all as after it. Then the same deed is done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/disk/deeds.h"

struct want {
    struct stage_facts before;
    struct stage_facts after;
    struct lum_buf said;
};

static const struct deed *doing;
static unsigned tried;

static void wrong(enum trouble trouble, uint64_t n, enum lum_status status, const char *what)
{
    fail_msg("%s, %s %u: %s, and %s", doing->name, stage_trouble_words(trouble), (unsigned)n,
             lum_status_name(status), what);
}

static struct stage_facts facts_of(struct stage *stage)
{
    struct stage_facts facts = stage_facts(stage);
    if (doing->is_new) {
        memset(&facts.root, 0, sizeof facts.root);
    }
    return facts;
}

/* Opened again where it can be: an empty disk may still hold no store. */
static struct stage_facts facts_later(struct stage *stage)
{
    if (stage_open(stage) == LUM_OK) {
        assert_int_equal(stage_settle(stage), LUM_OK);
    } else {
        assert_non_null(doing->begin);
        site_close(&stage->site);
    }
    return facts_of(stage);
}

static enum lum_status do_again(struct stage *stage, struct stage_facts *now)
{
    enum lum_status status = deed_do(doing, stage);
    if (status == LUM_OK) {
        status = stage_settle(stage);
        *now = facts_of(stage);
    }
    return status;
}

/* False when the trouble was not met any more. */
static bool try(enum trouble trouble, uint64_t n, const struct want *want)
{
    struct stage stage;
    deed_begin(doing, &stage);
    stage_fail(&stage, trouble, n);
    enum lum_status status = deed_do(doing, &stage);
    bool is_hit = stage_mend(&stage, trouble, n);
    if (status != LUM_OK && !stage_tells(trouble, status)) {
        wrong(trouble, n, status, "that is not what happened");
    }
    bool is_memory = trouble == NO_MEMORY || trouble == NO_MEMORY_ONCE;
    if (status == LUM_OK && is_memory && deed_only_tells(doing) &&
        !lum_bytes_equal(lum_buf_bytes(&stage.said), lum_buf_bytes(&want->said))) {
        wrong(trouble, n, status, "it has not said all");
    }
    struct stage_facts now = facts_later(&stage);
    bool is_after = stage_facts_equal(&now, &want->after);
    bool is_before = stage_facts_equal(&now, &want->before);
    if (!is_after && (status == LUM_OK || (!is_before && !doing->in_steps))) {
        wrong(trouble, n, status, "half is done");
    }
    if (!is_after && do_again(&stage, &now) != LUM_OK) {
        wrong(trouble, n, status, "then it fails again");
    }
    if (!stage_facts_equal(&now, &want->after)) {
        wrong(trouble, n, status, "then it does something else");
    }
    stage_end(&stage);
    tried += is_hit;
    return is_hit;
}

/* What it does when nothing fails. */
static struct want do_well(void)
{
    struct stage stage;
    struct want want;
    deed_begin(doing, &stage);
    want.before = facts_of(&stage);
    stage_end(&stage);
    deed_begin(doing, &stage);
    assert_int_equal(deed_do(doing, &stage), LUM_OK);
    want.said = stage.said;
    lum_buf_init(&stage.said, 1);
    assert_int_equal(stage_settle(&stage), LUM_OK);
    want.after = facts_of(&stage);
    stage_end(&stage);
    return want;
}

static void each_deed_is_done_or_told(void **state)
{
    const char *only = getenv("LUM_DEED");
    (void)state;
    for (size_t i = 0; i < deeds_count(); i++) {
        doing = deeds_at(i);
        if (only != NULL && strcmp(only, doing->name) != 0) {
            continue;
        }
        struct want want = do_well();
        for (unsigned trouble = 0; trouble < TROUBLES; trouble++) {
            uint64_t n = 1;
            while (try((enum trouble)trouble, n, &want)) {
                n += 1 + n / 64; /* each of the first, and more and more sparsely */
            }
        }
        lum_buf_fini(&want.said);
    }
}

static int begin(void **state)
{
    (void)state;
    deeds_open();
    return 0;
}

static int end(void **state)
{
    (void)state;
    deeds_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_deed_is_done_or_told),
    };
    int failed = lum_crypto_init() == LUM_OK ? cmocka_run_group_tests(tests, begin, end) : 1;
    printf("figures: %zu deeds, %u times with an allocation, a look, a call or an operation of the "
           "disk that failed\n",
           deeds_count(), tried);
    return failed;
}
