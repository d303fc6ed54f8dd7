/* From an invite to a member: each step, each step again, and an invite that too many used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/invite.h"
#include "core/space.h"
#include "tests/lib/site.h"

static struct lum_bytes bytes_of(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

static const struct lum_device *me_in(struct site *site, struct site *who)
{
    return lum_roster_by_author(lum_space_roster(site->space),
                                lum_space_keys(who->space)->author.public);
}

static void reopen(struct site *site)
{
    site_close(site);
    site_open(site);
    (void)site_settle(site);
}

static void drop_all(struct site *sites, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        site_drop(&sites[i]);
    }
}

static void a_newcomer_joins_through_a_member_and_works_at_once(void **state)
{
    (void)state;
    struct site s[3]; /* founder, member, newcomer */
    struct lum_invite invite;
    for (size_t i = 0; i < 3; i++) {
        site_prepare(&s[i]);
    }
    site_found(&s[0], "Sari");
    invite = site_invite(&s[0], LUM_ROLE_WRITER, 5);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Budi");
    (void)site_put(&s[1], "b", "name", "from Budi");

    site_arrive(&s[2], &invite); /* the founder is away from here on */
    site_join(&s[2], &s[1], "Wati");
    assert_int_equal(me_in(&s[2], &s[2])->role, LUM_ROLE_WRITER);
    assert_int_equal(me_in(&s[1], &s[2])->role, LUM_ROLE_WRITER);
    struct lum_id id = site_keyed(&s[2], "item", "b"); /* came in one batch with Budi's JOIN */
    assert_string_equal(site_shown(&s[2], &id, "name"), "from Budi");
    (void)site_put(&s[2], "w", "name", "from Wati");
    site_meet(&s[1], &s[2]);
    site_meet(&s[1], &s[0]);
    struct lum_hash root = site_root(&s[0]);
    assert_memory_equal(site_root(&s[1]).b, root.b, 32);
    assert_memory_equal(site_root(&s[2]).b, root.b, 32);
    id = site_keyed(&s[0], "item", "w");
    assert_string_equal(site_shown(&s[0], &id, "name"), "from Wati");
    assert_int_equal(site_counts(&s[0]).pending, 0);
    drop_all(s, 3);
}

static void a_newcomer_may_stop_and_go_on_after_every_step(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_invite kept;
    uint8_t secret[32];
    uint32_t generation = 0;
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    reopen(&s[1]);
    assert_true(lum_space_is_newcomer(s[1].space));
    assert_null(lum_space_roster(s[1].space));
    assert_memory_equal(lum_space_id(s[1].space)->b, invite.space.b, 32);
    assert_int_equal(lum_space_invite(s[1].space, &kept), LUM_OK);
    assert_memory_equal(kept.seed, invite.seed, 16);
    assert_int_equal(lum_space_secret(s[1].space, &generation, secret), LUM_NOT_FOUND);

    site_join(&s[1], &s[0], "Budi");
    reopen(&s[1]);
    assert_false(lum_space_is_newcomer(s[1].space));
    assert_int_equal(lum_space_invite(s[1].space, &kept), LUM_NOT_FOUND);
    assert_int_equal(lum_space_secret(s[1].space, &generation, secret), LUM_OK);
    assert_int_equal(me_in(&s[1], &s[1])->role, LUM_ROLE_WRITER);
    assert_false(lum_space_home(s[1].space)->in_doubt);
    drop_all(s, 2);
}

static void every_step_done_twice_is_harmless(void **state)
{
    (void)state;
    struct site s[2];
    struct lum_log_row row;
    uint8_t secret[32];
    uint32_t generation = 0;
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Budi");
    assert_int_equal(lum_space_write_join(s[1].space, &s[1].error), LUM_OK);
    assert_int_equal(lum_space_secret(s[0].space, &generation, secret), LUM_OK);
    assert_int_equal(
        lum_space_welcome(s[1].space, generation, secret, bytes_of("Budi"), &s[1].error), LUM_OK);
    (void)site_settle(&s[1]);
    assert_int_equal(site_own_logs(&s[1], LUM_SHELF_GOV, &row), 1);
    assert_int_equal(row.place.chain.seq, 1); /* its JOIN, once */
    site_meet(&s[0], &s[1]);
    assert_memory_equal(site_root(&s[0]).b, site_root(&s[1]).b, 32);
    assert_int_equal(site_counts(&s[1]).conflicts, 0);
    drop_all(s, 2);
}

static void another_document_than_the_invites_is_a_fault(void **state)
{
    (void)state;
    struct site s[3];
    struct lum_buf document;
    for (size_t i = 0; i < 3; i++) {
        site_prepare(&s[i]);
    }
    site_found(&s[0], "Sari");
    site_found(&s[2], "Somebody else");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    lum_buf_init(&document, LUM_PAYLOAD_MAX);
    lum_genesis_write(lum_roster_genesis(lum_space_roster(s[2].space)), &document);
    assert_int_equal(lum_space_accept_genesis(s[1].space, lum_buf_bytes(&document), &s[1].error),
                     LUM_FAULT);
    assert_string_equal(s[1].error.two, "space");
    assert_true(lum_space_is_newcomer(s[1].space));
    lum_buf_fini(&document);
    drop_all(s, 3);
}

static void before_the_genesis_nothing_comes_in(void **state)
{
    (void)state;
    struct site s[2];
    uint8_t secret[32] = {1};
    uint32_t generation = 0;
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    assert_int_equal(site_give(&s[0], &s[1]), 0);
    assert_int_equal(lum_space_write_join(s[1].space, &s[1].error), LUM_INVALID);
    assert_int_equal(lum_space_welcome(s[1].space, 0, secret, bytes_of("x"), &s[1].error), LUM_OK);
    assert_int_equal(lum_space_secret(s[1].space, &generation, secret), LUM_NOT_FOUND);
    assert_true(lum_space_is_newcomer(s[1].space));
    site_join(&s[1], &s[0], "Budi");
    drop_all(s, 2);
}

static void a_join_waits_for_its_invite(void **state)
{
    (void)state;
    struct site s[3];
    for (size_t i = 0; i < 3; i++) {
        site_prepare(&s[i]);
    }
    site_found(&s[0], "Sari");
    struct lum_invite first = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &first);
    site_join(&s[1], &s[0], "Budi");
    struct lum_invite later = site_invite(&s[0], LUM_ROLE_WRITER, 1); /* Budi has not heard of it */
    site_arrive(&s[2], &later);
    struct lum_buf document;
    lum_buf_init(&document, LUM_PAYLOAD_MAX);
    lum_genesis_write(lum_roster_genesis(lum_space_roster(s[0].space)), &document);
    assert_int_equal(lum_space_accept_genesis(s[2].space, lum_buf_bytes(&document), &s[2].error),
                     LUM_OK);
    lum_buf_fini(&document);
    (void)site_give(&s[1], &s[2]);
    assert_int_equal(lum_space_write_join(s[2].space, &s[2].error), LUM_INVALID);
    assert_int_equal(s[2].error.cause, LUM_CAUSE_bad_invite);
    (void)site_give(&s[0], &s[2]);
    assert_int_equal(lum_space_write_join(s[2].space, &s[2].error), LUM_OK);
    assert_int_equal(me_in(&s[2], &s[2])->role, LUM_ROLE_WRITER);
    drop_all(s, 3);
}

/* A founder, a member, and two newcomers that came in with the same one-use invite, one at each. */
static void use_twice(struct site s[4])
{
    for (size_t i = 0; i < 4; i++) {
        site_prepare(&s[i]);
    }
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "Budi");
    invite = site_invite(&s[0], LUM_ROLE_WRITER, 1);
    site_meet(&s[0], &s[1]);
    site_arrive(&s[2], &invite);
    site_join(&s[2], &s[0], "Wati");
    site_arrive(&s[3], &invite);
    site_join(&s[3], &s[1], "Tono");
    (void)site_put(&s[2], "w", "name", "from Wati");
    (void)site_put(&s[3], "t", "name", "from Tono");
    site_meet(&s[2], &s[0]);
    site_meet(&s[3], &s[1]);
}

static void an_over_used_invite_is_settled_by_admit(void **state)
{
    (void)state;
    struct site s[4];
    use_twice(s);
    struct lum_id w = site_keyed(&s[0], "item", "w");
    struct lum_id t = site_keyed(&s[0], "item", "t");
    assert_int_equal(site_life(&s[0], &w), LUM_ALIVE);
    assert_int_equal(site_life(&s[1], &t), LUM_ALIVE);
    site_meet(&s[0], &s[1]); /* now it shows that two came in where one was meant */
    for (size_t i = 0; i < 2; i++) {
        assert_false(me_in(&s[i], &s[2])->is_effective);
        assert_false(me_in(&s[i], &s[3])->is_effective);
        assert_int_equal(site_life(&s[i], &w), LUM_UNMADE);
        assert_int_equal(site_life(&s[i], &t), LUM_UNMADE);
        assert_int_equal(site_counts(&s[i]).pending, 4); /* a name and a record each */
        site_check(&s[i]);
    }
    assert_memory_equal(site_root(&s[0]).b, site_root(&s[1]).b, 32);
    site_admit(&s[0], me_in(&s[0], &s[2]), LUM_ROLE_WRITER);
    (void)site_settle(&s[0]);
    assert_int_equal(site_life(&s[0], &w), LUM_ALIVE);
    assert_int_equal(site_life(&s[0], &t), LUM_UNMADE);
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_life(&s[1], &w), LUM_ALIVE);
    assert_int_equal(site_counts(&s[1]).pending, 2);
    assert_memory_equal(site_root(&s[0]).b, site_root(&s[1]).b, 32);
    site_check(&s[1]);
    drop_all(s, 4);
}

static void a_batch_that_changes_rights_and_edits_loses_nothing(void **state)
{
    (void)state;
    struct site s[4];
    const struct lum_edit_target items = {.shelf = LUM_SHELF_COMMON,
                                          .collection = bytes_of("item")};
    struct lum_edit_result result;
    use_twice(s);
    struct lum_id t = site_keyed(&s[1], "item", "t");
    site_begin(&s[1]);
    assert_int_equal(lum_edit_make_keyed(s[1].editor, &items, bytes_of("before"),
                                         site_map("name", "1"), &result, &s[1].error),
                     LUM_OK);
    assert_true(site_hand(&s[0], &s[1]) > 0); /* brings the JOIN that makes both pending */
    assert_int_equal(lum_edit_make_keyed(s[1].editor, &items, bytes_of("after"),
                                         site_map("name", "2"), &result, &s[1].error),
                     LUM_OK);
    assert_int_equal(lum_space_catch_up(s[1].space, &s[1].error), LUM_OK);
    assert_int_equal(lum_edit_make_keyed(s[1].editor, &items, bytes_of("t"),
                                         site_map("name", "from Budi"), &result, &s[1].error),
                     LUM_OK);
    assert_int_equal(result.end, LUM_EDIT_CREATED); /* what Tono made does not count now */
    site_commit(&s[1]);
    (void)site_settle(&s[1]);
    struct lum_id before = site_keyed(&s[1], "item", "before");
    struct lum_id after = site_keyed(&s[1], "item", "after");
    assert_int_equal(site_life(&s[1], &before), LUM_ALIVE);
    assert_int_equal(site_life(&s[1], &after), LUM_ALIVE);
    assert_string_equal(site_shown(&s[1], &t, "name"), "from Budi");
    site_check(&s[1]);
    site_meet(&s[0], &s[1]);
    assert_memory_equal(site_root(&s[0]).b, site_root(&s[1]).b, 32);
    drop_all(s, 4);
}

static void who_may_only_read_is_told_so(void **state)
{
    (void)state;
    struct site s[2];
    site_prepare(&s[0]);
    site_prepare(&s[1]);
    site_found(&s[0], "Sari");
    struct lum_invite invite = site_invite(&s[0], LUM_ROLE_READER, 1);
    struct lum_id id = site_put(&s[0], "a", "name", "one").record;
    site_arrive(&s[1], &invite);
    site_join(&s[1], &s[0], "");
    site_meet(&s[0], &s[1]);
    assert_string_equal(site_shown(&s[1], &id, "name"), "one");
    assert_int_equal(site_set(&s[1], &id, "name", "two"), LUM_DENIED);
    assert_int_equal(s[1].error.cause, LUM_CAUSE_no_right);
    drop_all(s, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newcomer_joins_through_a_member_and_works_at_once),
        cmocka_unit_test(a_newcomer_may_stop_and_go_on_after_every_step),
        cmocka_unit_test(every_step_done_twice_is_harmless),
        cmocka_unit_test(another_document_than_the_invites_is_a_fault),
        cmocka_unit_test(before_the_genesis_nothing_comes_in),
        cmocka_unit_test(a_join_waits_for_its_invite),
        cmocka_unit_test(an_over_used_invite_is_settled_by_admit),
        cmocka_unit_test(a_batch_that_changes_rights_and_edits_loses_nothing),
        cmocka_unit_test(who_may_only_read_is_told_so),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
