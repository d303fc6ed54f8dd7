/* build_hall.c - what most tests of the view begin with; see build.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/lib/build.h"

struct build_hall *build_hall_open(uint32_t founders)
{
    static struct build_hall hall;
    uint32_t *logs[] = {&hall.a, &hall.b, &hall.c};
    hall.build = build_open(founders);
    for (uint32_t who = 1; who <= founders; who++) {
        *logs[who - 1] = build_common(hall.build, who);
    }
    hall.store = build_store_open(hall.build);
    return &hall;
}

int build_hall_open_three(void **state)
{
    *state = build_hall_open(3);
    return 0;
}

int build_hall_close(void **state)
{
    struct build_hall *hall = *state;
    build_store_close(hall->store);
    build_close(hall->build);
    return 0;
}

void build_hall_set(struct build_hall *hall, uint32_t log, const struct lum_id *id,
                    const char *text, struct lum_places preds)
{
    const struct build_set how = {*id, "name", text, 0};
    (void)build_set(hall->build, log, &how, preds);
}

bool build_hall_settle(struct build_hall *hall)
{
    struct lum_error err = {0};
    build_feed_all(hall->store);
    bool is_anew = build_settle(hall->store);
    if (lum_view_check(build_view_txn(hall->store), build_log_txn(hall->store), &err) != LUM_OK) {
        fail_msg("%s", err.two);
    }
    return is_anew;
}
