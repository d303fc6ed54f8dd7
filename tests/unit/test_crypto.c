/*
 * The doors to libsodium against public vectors (Wycheproof, RFC 7693, 7748, 8032, SipHash), and
 * against what Python's hashlib and hmac make of the same input.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/mem.h"
#include "tests/lib/vectors.h"

enum {
    BYTES_MAX = 64 * 1024,
    TAG = 16,
};

static const char *const labels[] = {
#define X(name, text) text,
    LUM_LABELS(X)
#undef X
};

static struct lum_bytes text(const char *words)
{
    return lum_bytes_of(words, strlen(words));
}

static void assert_hex(const uint8_t *at, size_t len, const char *hex)
{
    struct lum_buf expected;
    lum_buf_init(&expected, BYTES_MAX);
    vectors_unhex(hex, &expected);
    assert_int_equal(len, expected.len);
    assert_memory_equal(at, expected.at, len);
    lum_buf_fini(&expected);
}

/* ---- hashes ---- */

static void init_twice_is_harmless(void **state)
{
    (void)state;
    assert_int_equal(lum_crypto_init(), LUM_OK);
}

static void no_two_labels_are_equal_and_none_is_too_long(void **state)
{
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(labels); i++) {
        assert_in_range(strlen(labels[i]), 1, 16);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(labels[i], labels[k]);
        }
    }
}

static void a_label_personalises_the_hash(void **state)
{
    (void)state;
    struct lum_hash hash;
    lum_hash32(LUM_LABEL_payload, text("abc"), &hash);
    assert_hex(hash.b, sizeof hash.b,
               "ccb8dad8396bd22403fc4fdd02c6f75a40091a1c4a7069daaa550bff75267183");
}

static void sixteen_bytes_are_a_hash_of_their_own(void **state)
{
    (void)state;
    struct lum_hasher h;
    uint8_t out[16];
    lum_hash_init(&h, LUM_LABEL_member, sizeof out);
    lum_hash_add(&h, "abc", 3);
    lum_hash_end(&h, out, sizeof out);
    assert_hex(out, sizeof out, "8924cd2f3d6ff57ee5ac0d51eb6c2983");
}

static void numbers_go_in_big_endian_and_strings_with_their_length(void **state)
{
    (void)state;
    struct lum_hasher h;
    uint8_t out[32];
    lum_hash_init(&h, LUM_LABEL_keyed, sizeof out);
    lum_hash_add_u8(&h, 7);
    lum_hash_add_u16(&h, 0x0102);
    lum_hash_add_u64(&h, UINT64_C(0x0102030405060708));
    lum_hash_add_string(&h, text("abc"));
    lum_hash_end(&h, out, sizeof out);
    assert_hex(out, sizeof out, "1342bf669fefd0908a3bf82d5d4b3c3e8289cdb2a8f1fb52d998116e139d63bb");
}

static void every_label_gives_another_hash(void **state)
{
    (void)state;
    struct lum_hash hashes[LUM_COUNT(labels)];
    for (size_t i = 0; i < LUM_COUNT(labels); i++) {
        lum_hash32((enum lum_label)i, text("abc"), &hashes[i]);
        for (size_t k = 0; k < i; k++) {
            assert_memory_not_equal(&hashes[i], &hashes[k], sizeof hashes[i]);
        }
    }
}

static void pieces_hash_as_their_whole(void **state)
{
    (void)state;
    uint8_t bytes[400];
    struct lum_hash whole;
    struct lum_hash pieces;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    lum_hash32(LUM_LABEL_event, lum_bytes_of(bytes, sizeof bytes), &whole);
    for (size_t step = 1; step < sizeof bytes; step += 13) {
        struct lum_hasher h;
        lum_hash_init(&h, LUM_LABEL_event, sizeof pieces.b);
        for (size_t at = 0; at < sizeof bytes; at += step) {
            lum_hash_add(&h, bytes + at, at + step > sizeof bytes ? sizeof bytes - at : step);
        }
        lum_hash_end(&h, pieces.b, sizeof pieces.b);
        assert_memory_equal(&whole, &pieces, sizeof whole);
    }
}

static void a_plain_hash_has_no_label(void **state)
{
    (void)state;
    struct lum_plain_hasher h;
    uint8_t out[32];
    lum_plain_hash_init(&h);
    lum_plain_hash_add(&h, "ab", 2);
    lum_plain_hash_add(&h, "c", 1);
    lum_plain_hash_end(&h, out);
    assert_hex(out, sizeof out, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

static void blake512_is_that_of_rfc_7693(void **state)
{
    (void)state;
    struct lum_blake512 h;
    uint8_t out[64];
    lum_blake512_init(&h);
    lum_blake512_add(&h, "abc", 3);
    lum_blake512_end(&h, out);
    assert_hex(out, sizeof out,
               "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
               "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
}

static void hmac_is_that_of_rfc_2104(void **state)
{
    (void)state;
    uint8_t out[64];
    char key[128];
    memset(key, 'k', sizeof key);
    lum_hmac512(text("key"), text("The quick "), text("brown fox"), out);
    assert_hex(out, sizeof out,
               "5c169e8a18362381efbc0f688fa1d48e99f2bd5885a19c29943e28b43d566f33"
               "0555d6c37a277cd4cbb1deca561f377c02f0d5388c6e1efd6e97de2bd8b2d678");
    lum_hmac512((struct lum_bytes){0}, (struct lum_bytes){0}, (struct lum_bytes){0}, out);
    assert_hex(out, sizeof out,
               "198cd2006f66ff83fbbd913f78aca2251caf4f19fe9475aade8cf2091b99a684"
               "66775177424f58286886cbae8229644cec747237d4b721735485e17372fdf59c");
    lum_hmac512(lum_bytes_of(key, sizeof key), text("a"), text("b"), out);
    assert_hex(out, sizeof out,
               "fe6057f8c3da3349ad1fb7fa6d199e46a2348cdf84e1c56dde39dadb2083c014"
               "23f323dfa169004bac471b1bc89e54c4e5509a1b309886bf9e11abf2f3682cf3");
}

static void a_kdf_key_goes_in_with_its_length(void **state)
{
    (void)state;
    static const uint8_t zeroes[16];
    uint8_t key[64];
    uint8_t out[32];
    memset(key, 'k', sizeof key);
    lum_kdf(lum_bytes_of(key, 64), "psk", text("rest"), out);
    assert_hex(out, sizeof out, "a00835a807d7ca1810bbd303885c34a367e7528d83d751e0f0a9517508c0e462");
    lum_kdf(lum_bytes_of(key, 16), "psk", text("rest"), out);
    assert_hex(out, sizeof out, "d6fed149ec3b62e743a63dfba2436cf5c008c92c4b8ef9cdc9c4a467835380c5");
    memcpy(key + 16, zeroes, sizeof zeroes);
    lum_kdf(lum_bytes_of(key, 32), "psk", text("rest"), out);
    assert_hex(out, sizeof out, "2b4d66890ceebeb5baee93c87dc90fea3cf6ac4c1d55a8c891b9d6b562d44b01");
}

static void siphash_is_read_big_endian(void **state)
{
    (void)state;
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_true(lum_siphash(bytes, lum_bytes_of(bytes, 0)) == UINT64_C(0x310e0edd47db6f72));
    assert_true(lum_siphash(bytes, lum_bytes_of(bytes, 15)) == UINT64_C(0xe545be4961ca29a1));
}

/* ---- signatures ---- */

static void a_signature_is_that_of_rfc_8032(void **state)
{
    (void)state;
    struct lum_buf seed;
    struct lum_sign_key key;
    struct lum_sig sig;
    lum_buf_init(&seed, 32);
    vectors_unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", &seed);
    lum_sign_key_from_seed(seed.at, &key);
    lum_sign(&key, (struct lum_bytes){0}, &sig);
    assert_hex(key.public, sizeof key.public,
               "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    assert_hex(sig.b, sizeof sig.b,
               "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555"
               "fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    assert_true(lum_sign_check(key.public, (struct lum_bytes){0}, &sig));
    lum_buf_fini(&seed);
}

static void one_bit_anywhere_spoils_a_signature(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {1, 2, 3};
    struct lum_sign_key key;
    struct lum_sig sig;
    char message[] = "rice";
    lum_sign_key_from_seed(seed, &key);
    lum_sign(&key, text(message), &sig);
    assert_true(lum_sign_check(key.public, text(message), &sig));
    for (size_t bit = 0; bit < 8 * sizeof sig.b; bit++) {
        sig.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(lum_sign_check(key.public, text(message), &sig));
        sig.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    message[0] = 'm';
    assert_false(lum_sign_check(key.public, text(message), &sig));
}

/* True when `sig` spells 64 bytes that are a signature of `message`. */
static bool accepts(const json_t *vector, const char *message, const struct lum_buf *public_key)
{
    struct lum_buf sig;
    struct lum_buf bytes;
    struct lum_sig fixed;
    lum_buf_init(&sig, BYTES_MAX);
    lum_buf_init(&bytes, BYTES_MAX);
    vectors_hex(vector, "sig", &sig);
    vectors_hex(vector, message, &bytes);
    bool is_valid = sig.len == sizeof fixed;
    if (is_valid) {
        memcpy(fixed.b, sig.at, sizeof fixed);
        is_valid = lum_sign_check(public_key->at, lum_buf_bytes(&bytes), &fixed);
    }
    lum_buf_fini(&sig);
    lum_buf_fini(&bytes);
    return is_valid;
}

static void where_implementations_differ_ours_is_pinned(void **state)
{
    (void)state;
    struct lum_buf public_key;
    size_t i = 0;
    json_t *vector = NULL;
    json_t *file = vectors_open("ed25519.json");
    lum_buf_init(&public_key, 32);
    json_array_foreach(vectors_array(file, "cases"), i, vector)
    {
        vectors_hex(vector, "public", &public_key);
        bool expected = json_is_true(json_object_get(vector, "valid"));
        if (accepts(vector, "message", &public_key) != expected) {
            fail_msg("%s", vectors_text(vector, "why"));
        }
    }
    assert_int_equal(i, 16);
    lum_buf_fini(&public_key);
    json_decref(file);
}

static void ed25519_agrees_with_wycheproof(void **state)
{
    (void)state;
    struct lum_buf public_key;
    size_t i = 0;
    size_t k = 0;
    unsigned valid = 0;
    unsigned invalid = 0;
    json_t *group = NULL;
    json_t *test = NULL;
    json_t *file = vectors_open_shared("wycheproof_ed25519.json");
    lum_buf_init(&public_key, 32);
    json_array_foreach(vectors_array(file, "testGroups"), i, group)
    {
        vectors_hex(json_object_get(group, "publicKey"), "pk", &public_key);
        json_array_foreach(vectors_array(group, "tests"), k, test)
        {
            bool expected = strcmp(vectors_text(test, "result"), "valid") == 0;
            if (accepts(test, "msg", &public_key) != expected) {
                fail_msg("case %lld", vectors_number(test, "tcId"));
            }
            valid += expected;
            invalid += !expected;
        }
    }
    print_message("wycheproof ed25519: %u of 151 (%u valid, %u invalid)\n", valid + invalid, valid,
                  invalid);
    assert_int_equal(valid, 88);
    assert_int_equal(invalid, 63);
    lum_buf_fini(&public_key);
    json_decref(file);
}

/* ---- key agreement ---- */

static void x25519_is_that_of_rfc_7748(void **state)
{
    (void)state;
    struct lum_buf secret;
    uint8_t out[32];
    lum_buf_init(&secret, 32);
    vectors_unhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a", &secret);
    lum_x25519_base(secret.at, out);
    assert_hex(out, sizeof out, "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    lum_buf_fini(&secret);
}

static void x25519_agrees_with_wycheproof(void **state)
{
    (void)state;
    static const uint8_t zeroes[32];
    struct lum_buf bytes[3];
    uint8_t out[32];
    size_t i = 0;
    unsigned refused = 0;
    json_t *test = NULL;
    json_t *file = vectors_open_shared("wycheproof_x25519.json");
    json_t *group = json_array_get(vectors_array(file, "testGroups"), 0);
    static const char *const members[] = {"private", "public", "shared"};
    for (size_t k = 0; k < LUM_COUNT(members); k++) {
        lum_buf_init(&bytes[k], 32);
    }
    json_array_foreach(vectors_array(group, "tests"), i, test)
    {
        for (size_t k = 0; k < LUM_COUNT(members); k++) {
            vectors_hex(test, members[k], &bytes[k]);
        }
        bool expected = memcmp(bytes[2].at, zeroes, sizeof zeroes) != 0;
        assert_int_equal(lum_x25519(bytes[0].at, bytes[1].at, out), expected);
        if (expected) {
            assert_memory_equal(out, bytes[2].at, sizeof out);
        }
        refused += !expected;
    }
    print_message("wycheproof x25519: %zu of 518 (%u refused: all zero)\n", i, refused);
    assert_int_equal(i, 518);
    assert_int_equal(json_array_size(vectors_array(file, "testGroups")), 1);
    for (size_t k = 0; k < LUM_COUNT(members); k++) {
        lum_buf_fini(&bytes[k]);
    }
    json_decref(file);
}

/* ---- ciphers ---- */

struct aead_case {
    struct lum_buf key;
    struct lum_buf nonce;
    struct lum_buf ad;
    struct lum_buf plain;
    struct lum_buf cipher; /* with its tag */
    bool is_valid;
};

static void aead_case_init(struct aead_case *c)
{
    lum_buf_init(&c->key, BYTES_MAX);
    lum_buf_init(&c->nonce, BYTES_MAX);
    lum_buf_init(&c->ad, BYTES_MAX);
    lum_buf_init(&c->plain, BYTES_MAX);
    lum_buf_init(&c->cipher, BYTES_MAX);
}

static void aead_case_fini(struct aead_case *c)
{
    lum_buf_fini(&c->key);
    lum_buf_fini(&c->nonce);
    lum_buf_fini(&c->ad);
    lum_buf_fini(&c->plain);
    lum_buf_fini(&c->cipher);
}

static void aead_case_read(const json_t *test, struct aead_case *c)
{
    struct lum_buf tag;
    lum_buf_init(&tag, BYTES_MAX);
    vectors_hex(test, "key", &c->key);
    vectors_hex(test, "iv", &c->nonce);
    vectors_hex(test, "aad", &c->ad);
    vectors_hex(test, "msg", &c->plain);
    vectors_hex(test, "ct", &c->cipher);
    vectors_hex(test, "tag", &tag);
    lum_buf_put(&c->cipher, tag.at, tag.len);
    c->is_valid = strcmp(vectors_text(test, "result"), "valid") == 0;
    lum_buf_fini(&tag);
}

/* One cipher held to one case; false when the case is not for it. */
typedef bool (*aead_check_fn)(const struct aead_case *c);

static void assert_opened(const struct aead_case *c, bool opened, const uint8_t *out)
{
    static const uint8_t zeroes[1024];
    assert_int_equal(opened, c->is_valid);
    if (opened) {
        assert_memory_equal(out, c->plain.at, c->plain.len);
    } else {
        assert_memory_equal(out, zeroes, c->cipher.len - TAG);
    }
}

static bool check_chacha(const struct aead_case *c)
{
    uint8_t out[1024];
    if (c->nonce.len != 12) {
        return false;
    }
    assert_in_range(c->cipher.len, TAG, sizeof out);
    lum_aead_seal(c->key.at, c->nonce.at, lum_buf_bytes(&c->ad), lum_buf_bytes(&c->plain), out);
    assert_int_equal(memcmp(out, c->cipher.at, c->cipher.len) == 0, c->is_valid);
    memset(out, 0xaa, sizeof out);
    bool opened = lum_aead_open(c->key.at, c->nonce.at, lum_buf_bytes(&c->ad),
                                lum_buf_bytes(&c->cipher), out);
    assert_opened(c, opened, out);
    return true;
}

static bool check_xchacha(const struct aead_case *c)
{
    uint8_t out[1024];
    if (c->nonce.len != 24 || c->ad.len != 0) {
        return false;
    }
    assert_in_range(c->cipher.len, TAG, sizeof out);
    lum_xaead_seal(c->key.at, c->nonce.at, lum_buf_bytes(&c->plain), out);
    assert_int_equal(memcmp(out, c->cipher.at, c->cipher.len) == 0, c->is_valid);
    memset(out, 0xaa, sizeof out);
    bool opened = lum_xaead_open(c->key.at, c->nonce.at, lum_buf_bytes(&c->cipher), out);
    assert_opened(c, opened, out);
    return true;
}

static void check_aead_file(const char *name, aead_check_fn check, size_t total, size_t applicable)
{
    struct aead_case c;
    size_t i = 0;
    size_t k = 0;
    size_t read = 0;
    size_t applied = 0;
    json_t *group = NULL;
    json_t *test = NULL;
    json_t *file = vectors_open_shared(name);
    aead_case_init(&c);
    json_array_foreach(vectors_array(file, "testGroups"), i, group)
    {
        json_array_foreach(vectors_array(group, "tests"), k, test)
        {
            aead_case_read(test, &c);
            applied += check(&c);
            read++;
        }
    }
    print_message("%s: %zu of %zu read, %zu apply\n", name, read, total, applied);
    assert_int_equal(read, total);
    assert_int_equal(applied, applicable);
    aead_case_fini(&c);
    json_decref(file);
}

static void chacha20_poly1305_agrees_with_wycheproof(void **state)
{
    (void)state;
    check_aead_file("wycheproof_chacha20_poly1305.json", check_chacha, 325, 316);
}

static void xchacha20_poly1305_agrees_with_wycheproof(void **state)
{
    (void)state;
    check_aead_file("wycheproof_xchacha20_poly1305.json", check_xchacha, 315, 45);
}

static void a_cipher_shorter_than_its_tag_does_not_open(void **state)
{
    (void)state;
    static const uint8_t key[32];
    static const uint8_t nonce[24];
    static const uint8_t cipher[15];
    uint8_t out[1];
    assert_false(lum_aead_open(key, nonce, text(""), lum_bytes_of(cipher, 15), out));
    assert_false(lum_xaead_open(key, nonce, lum_bytes_of(cipher, 15), out));
    assert_false(lum_aead_open(key, nonce, text(""), (struct lum_bytes){0}, out));
}

static void a_cipher_works_in_place(void **state)
{
    (void)state;
    static const uint8_t key[32] = {1};
    static const uint8_t nonce[24] = {2};
    uint8_t bytes[4 + TAG] = "rice";
    lum_aead_seal(key, nonce, text("ad"), lum_bytes_of(bytes, 4), bytes);
    assert_memory_not_equal(bytes, "rice", 4);
    assert_true(lum_aead_open(key, nonce, text("ad"), lum_bytes_of(bytes, sizeof bytes), bytes));
    assert_memory_equal(bytes, "rice", 4);
}

/* ---- secrets ---- */

static void secrets_are_compared_and_wiped(void **state)
{
    (void)state;
    char secret[] = "secret";
    assert_true(lum_equal_secret(secret, "secret", 6));
    assert_false(lum_equal_secret(secret, "secreT", 6));
    assert_true(lum_equal_secret(secret, "", 0));
    lum_wipe(secret, sizeof secret);
    assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
}

static int start(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_twice_is_harmless),
        cmocka_unit_test(no_two_labels_are_equal_and_none_is_too_long),
        cmocka_unit_test(a_label_personalises_the_hash),
        cmocka_unit_test(sixteen_bytes_are_a_hash_of_their_own),
        cmocka_unit_test(numbers_go_in_big_endian_and_strings_with_their_length),
        cmocka_unit_test(every_label_gives_another_hash),
        cmocka_unit_test(pieces_hash_as_their_whole),
        cmocka_unit_test(a_plain_hash_has_no_label),
        cmocka_unit_test(blake512_is_that_of_rfc_7693),
        cmocka_unit_test(hmac_is_that_of_rfc_2104),
        cmocka_unit_test(a_kdf_key_goes_in_with_its_length),
        cmocka_unit_test(siphash_is_read_big_endian),
        cmocka_unit_test(a_signature_is_that_of_rfc_8032),
        cmocka_unit_test(one_bit_anywhere_spoils_a_signature),
        cmocka_unit_test(where_implementations_differ_ours_is_pinned),
        cmocka_unit_test(ed25519_agrees_with_wycheproof),
        cmocka_unit_test(x25519_is_that_of_rfc_7748),
        cmocka_unit_test(x25519_agrees_with_wycheproof),
        cmocka_unit_test(chacha20_poly1305_agrees_with_wycheproof),
        cmocka_unit_test(xchacha20_poly1305_agrees_with_wycheproof),
        cmocka_unit_test(a_cipher_shorter_than_its_tag_does_not_open),
        cmocka_unit_test(a_cipher_works_in_place),
        cmocka_unit_test(secrets_are_compared_and_wiped),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
