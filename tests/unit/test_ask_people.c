/* Who takes part, and by which invites. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/asker.h"

static void members_tells_name_role_and_state_of_each(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    for (size_t i = 0; i < 2; i++) {
        site_prepare(&s[i]);
    }
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Budi");
    asker_ask(&s[0], "members", "{}", &got);
    answer_is(&got, "{\"count\":2}");
    unsigned seen = 0;
    for (size_t i = 0; i < 2; i++) {
        const char *row = answer_row(&got, i);
        bool is_sari = strcmp(answer_member(row, "name"), "Sari") == 0;
        seen += is_sari ? 1 : 2;
        assert_string_equal(answer_member(row, "role"), is_sari ? "steward" : "writer");
        assert_string_equal(answer_member(row, "state"), "effective");
        assert_string_equal(answer_member(row, "devices"), "1");
        assert_string_equal(answer_member(row, "self"), is_sari ? "true" : "(none)");
        assert_int_equal(strlen(answer_member(row, "member")), 32);
        assert_int_equal(strcmp(answer_member(row, "join"), "(none)") == 0, is_sari);
    }
    assert_int_equal(seen, 3);
    answer_drop(&got);
    for (size_t i = 0; i < 2; i++) {
        site_drop(&s[i]);
    }
}

static void an_over_used_invite_leaves_its_members_waiting(void **state)
{
    (void)state;
    struct site s[3];
    struct answer got;
    for (size_t i = 0; i < 3; i++) {
        site_prepare(&s[i]);
    }
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    struct site copy; /* another hall that also holds the invite, and lets someone else in */
    site_prepare(&copy);
    site_close(&s[0]);
    site_copy(&s[0], &copy);
    site_open(&s[0]);
    site_open(&copy);
    site_arrive(&s[1], &invite);
    site_arrive(&s[2], &invite);
    site_join(&s[1], &s[0], "Budi");
    site_join(&s[2], &copy, "Wati");
    site_meet(&s[0], &copy);
    asker_ask(&s[0], "members", "{}", &got);
    answer_is(&got, "{\"count\":3}");
    size_t waiting = 0;
    for (size_t i = 0; i < 3; i++) {
        waiting += strcmp(answer_member(answer_row(&got, i), "state"), "waiting") == 0;
    }
    assert_int_equal(waiting, 2);
    answer_drop(&got);
    asker_ask(&s[0], "invites", "{}", &got);
    answer_is(&got, "{\"count\":1}");
    assert_string_equal(answer_member(answer_row(&got, 0), "uses"), "1");
    assert_string_equal(answer_member(answer_row(&got, 0), "used"), "2");
    assert_string_equal(answer_member(answer_row(&got, 0), "by"), "Sari");
    assert_string_equal(answer_member(answer_row(&got, 0), "role"), "writer");
    assert_string_equal(answer_member(answer_row(&got, 0), "counting"), "true");
    assert_string_equal(answer_member(answer_row(&got, 0), "cancelled"), "false");
    answer_drop(&got);
    for (size_t i = 0; i < 3; i++) {
        site_drop(&s[i]);
    }
    site_drop(&copy);
}

static void a_newcomer_knows_nobody_yet(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    asker_ask(&s[1], "members", "{}", &got);
    answer_is(&got, "{\"count\":0}");
    answer_drop(&got);
    asker_ask(&s[1], "invites", "{}", &got);
    answer_is(&got, "{\"count\":0}");
    answer_drop(&got);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_tells_name_role_and_state_of_each),
        cmocka_unit_test(an_over_used_invite_leaves_its_members_waiting),
        cmocka_unit_test(a_newcomer_knows_nobody_yet),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
