/* Invites as text, the keys their seed opens, and the signature of a JOIN. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/invite.h"
#include "tests/lib/vectors.h"

static int begin(void **state)
{
    if (lum_crypto_init() != LUM_OK) {
        return -1;
    }
    *state = vectors_open("invite.json");
    return 0;
}

static int end(void **state)
{
    json_decref(*state);
    return 0;
}

/* Invite i of "good", from its parts. */
static struct lum_invite good(const json_t *file, size_t i)
{
    const json_t *row = json_array_get(vectors_array(file, "good"), i);
    struct lum_invite invite;
    memset(&invite, 0, sizeof invite);
    vectors_exact(file, "space", invite.space.b, sizeof invite.space.b);
    vectors_exact(file, "seed", invite.seed, sizeof invite.seed);
    vectors_exact(file, "epoch_pin", invite.epoch_pin, sizeof invite.epoch_pin);
    vectors_exact(row, "address", invite.address, sizeof invite.address);
    invite.port = (uint16_t)vectors_number(row, "port");
    return invite;
}

static void is_read_as(const char *text, const struct lum_invite *want)
{
    struct lum_invite got;
    struct lum_error err;
    memset(&got, 0, sizeof got);
    assert_int_equal(lum_invite_from_text(text, &got, &err), LUM_OK);
    assert_memory_equal(&got, want, sizeof got);
}

static void invites_are_written_and_read_as_in_the_vectors(void **state)
{
    const json_t *rows = vectors_array(*state, "good");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const char *want = vectors_text(json_array_get(rows, i), "text");
        struct lum_invite invite = good(*state, i);
        char text[LUM_INVITE_TEXT + 1];
        lum_invite_to_text(&invite, text);
        assert_string_equal(text, want);
        is_read_as(text, &invite);
    }
    assert_int_equal(json_array_size(rows), 2);
}

static void case_and_white_space_are_forgiven(void **state)
{
    const json_t *texts = vectors_array(*state, "same");
    const struct lum_invite invite = good(*state, 0);
    for (size_t i = 0; i < json_array_size(texts); i++) {
        is_read_as(json_string_value(json_array_get(texts, i)), &invite);
    }
    assert_int_equal(json_array_size(texts), 3);
}

static void anything_else_is_refused_with_the_reason(void **state)
{
    const json_t *rows = vectors_array(*state, "bad");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct lum_invite out;
        struct lum_error err;
        memset(&out, 0xaa, sizeof out);
        const struct lum_invite before = out;
        assert_int_equal(lum_invite_from_text(vectors_text(row, "text"), &out, &err), LUM_INVALID);
        assert_int_equal(err.cause, LUM_CAUSE_bad_invite);
        assert_string_equal(err.one, vectors_text(row, "why"));
        assert_memory_equal(&out, &before, sizeof out);
    }
    assert_int_equal(json_array_size(rows), 13);
}

static void no_letter_can_be_changed_unnoticed(void **state)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const struct lum_invite invite = good(*state, 0);
    char text[LUM_INVITE_TEXT + 1];
    lum_invite_to_text(&invite, text);
    for (size_t i = 8; i < LUM_INVITE_TEXT; i++) {
        char kept = text[i];
        for (size_t k = 0; k < 32; k++) {
            struct lum_invite out;
            text[i] = letters[k];
            bool holds = lum_invite_from_text(text, &out, NULL) == LUM_OK;
            assert_int_equal(holds, letters[k] == kept);
        }
        text[i] = kept;
    }
}

static void the_seed_opens_the_keys_of_the_vectors(void **state)
{
    const struct lum_invite invite = good(*state, 0);
    struct lum_sign_key key;
    uint8_t psk[32];
    lum_invite_sign_key(&invite, &key);
    vectors_same(*state, "sign_seed", key.secret, 32);
    vectors_same(*state, "pk", key.public, sizeof key.public);
    lum_invite_psk(&invite, psk);
    vectors_same(*state, "psk_invite", psk, sizeof psk);
}

static void any_holder_of_the_secret_can_unwrap_the_psk(void **state)
{
    uint8_t secret[32];
    uint8_t pk[32];
    uint8_t psk[32];
    uint8_t enc48[48];
    uint8_t back[32];
    vectors_exact(*state, "space_secret", secret, sizeof secret);
    vectors_exact(*state, "pk", pk, sizeof pk);
    vectors_exact(*state, "psk_invite", psk, sizeof psk);
    lum_invite_wrap(secret, pk, psk, enc48);
    vectors_same(*state, "enc48", enc48, sizeof enc48);
    assert_true(lum_invite_unwrap(secret, pk, enc48, back));
    assert_memory_equal(back, psk, sizeof psk);

    for (size_t i = 0; i < sizeof enc48; i++) {
        enc48[i] ^= 1;
        assert_false(lum_invite_unwrap(secret, pk, enc48, back));
        enc48[i] ^= 1;
    }
    secret[0] ^= 1;
    assert_false(lum_invite_unwrap(secret, pk, enc48, back));
}

static void a_join_binds_space_and_keys(void **state)
{
    struct lum_invite invite = good(*state, 0);
    struct lum_sign_key key;
    struct lum_sig sig;
    uint8_t axt[96];
    vectors_exact(*state, "axt", axt, sizeof axt);
    lum_invite_sign_key(&invite, &key);
    lum_join_sign(&key, &invite.space, axt, &sig);
    vectors_same(*state, "join_sig", sig.b, sizeof sig.b);
    assert_true(lum_join_check(key.public, &invite.space, axt, &sig));
    for (size_t i = 0; i < sizeof axt; i++) {
        axt[i] ^= 1;
        assert_false(lum_join_check(key.public, &invite.space, axt, &sig));
        axt[i] ^= 1;
    }
    invite.space.b[31] ^= 1;
    assert_false(lum_join_check(key.public, &invite.space, axt, &sig));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invites_are_written_and_read_as_in_the_vectors),
        cmocka_unit_test(case_and_white_space_are_forgiven),
        cmocka_unit_test(anything_else_is_refused_with_the_reason),
        cmocka_unit_test(no_letter_can_be_changed_unnoticed),
        cmocka_unit_test(the_seed_opens_the_keys_of_the_vectors),
        cmocka_unit_test(any_holder_of_the_secret_can_unwrap_the_psk),
        cmocka_unit_test(a_join_binds_space_and_keys),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
