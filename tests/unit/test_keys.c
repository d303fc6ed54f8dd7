/* Keys of a device, of the space secret and of an invite; member ids. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/keys.h"
#include "core/mem.h"
#include "tests/lib/vectors.h"

static int begin(void **state)
{
    if (lum_crypto_init() != LUM_OK) {
        return -1;
    }
    *state = vectors_open("keys.json");
    return 0;
}

static int end(void **state)
{
    json_decref(*state);
    return 0;
}

static void kdf_takes_keys_of_16_to_64_bytes_as_they_are(void **state)
{
    const json_t *rows = vectors_array(*state, "kdf");
    struct lum_buf key;
    struct lum_buf rest;
    lum_buf_init(&key, 64);
    lum_buf_init(&rest, 64);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint8_t out[32];
        vectors_hex(row, "key", &key);
        vectors_hex(row, "rest", &rest);
        lum_kdf(lum_buf_bytes(&key), vectors_text(row, "label"), lum_buf_bytes(&rest), out);
        vectors_same(row, "out", out, sizeof out);
    }
    assert_int_equal(json_array_size(rows), 6);
    lum_buf_fini(&rest);
    lum_buf_fini(&key);
}

static void device_keys_come_from_two_seeds_and_the_salt(void **state)
{
    struct lum_seeds seeds;
    struct lum_device_keys keys;
    uint8_t salt[32];
    vectors_exact(*state, "node_seed", seeds.node, sizeof seeds.node);
    vectors_exact(*state, "device_seed", seeds.device, sizeof seeds.device);
    vectors_exact(*state, "salt", salt, sizeof salt);
    lum_device_keys_derive(&seeds, salt, &keys);
    vectors_same(*state, "node_public", keys.node.public, sizeof keys.node.public);
    vectors_same(*state, "author_public", keys.author.public, sizeof keys.author.public);
    vectors_same(*state, "author_seed", keys.author.secret, 32);
    vectors_same(*state, "box_secret", keys.box_secret, sizeof keys.box_secret);
    vectors_same(*state, "box_public", keys.box_public, sizeof keys.box_public);
}

static void wiped_device_keys_are_zero(void **state)
{
    (void)state;
    static const struct lum_device_keys zero;
    struct lum_device_keys keys;
    memset(&keys, 0x5a, sizeof keys);
    lum_device_keys_wipe(&keys);
    assert_memory_equal(&keys, &zero, sizeof keys);
}

static void entry_keys_of_the_secret_are_those_of_the_vectors(void **state)
{
    struct lum_entry_keys keys;
    uint8_t secret[32];
    vectors_exact(*state, "space_secret", secret, sizeof secret);
    lum_entry_keys_of_secret(secret, &keys);
    vectors_same(*state, "psk", keys.psk, sizeof keys.psk);
    vectors_same(*state, "hint", keys.hint, sizeof keys.hint);
}

static void entry_keys_of_an_invite_keep_its_psk(void **state)
{
    (void)state;
    json_t *file = vectors_open("invite.json");
    struct lum_entry_keys keys;
    uint8_t psk[32];
    vectors_exact(file, "psk_invite", psk, sizeof psk);
    lum_entry_keys_of_invite(psk, &keys);
    vectors_same(file, "psk_invite", keys.psk, sizeof keys.psk);
    vectors_same(file, "hint", keys.hint, sizeof keys.hint);
    json_decref(file);
}

static void a_member_is_named_by_space_and_first_author_key(void **state)
{
    (void)state;
    json_t *file = vectors_open("record_ids.json");
    const json_t *rows = vectors_array(file, "members");
    struct lum_hash space;
    vectors_exact(file, "space", space.b, sizeof space.b);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint8_t author[32];
        struct lum_id id;
        vectors_exact(row, "author", author, sizeof author);
        lum_member_id(&space, author, &id);
        vectors_same(row, "id", id.b, sizeof id.b);
    }
    assert_int_equal(json_array_size(rows), 2);
    json_decref(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kdf_takes_keys_of_16_to_64_bytes_as_they_are),
        cmocka_unit_test(device_keys_come_from_two_seeds_and_the_salt),
        cmocka_unit_test(wiped_device_keys_are_zero),
        cmocka_unit_test(entry_keys_of_the_secret_are_those_of_the_vectors),
        cmocka_unit_test(entry_keys_of_an_invite_keep_its_psk),
        cmocka_unit_test(a_member_is_named_by_space_and_first_author_key),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
