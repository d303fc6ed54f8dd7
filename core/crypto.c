/*
 * crypto.c - the door to libsodium.
 *
 * The running hashes are libsodium's own BLAKE2b states behind our types, so that no other file
 * sees its headers. A label's state after its parameter block is the same every time: it is
 * computed once and copied, because nearly every hash of the house is of 30 to 200 bytes.
 *
 * A signature is refused before libsodium sees it unless S < L, A and R are encoded canonically
 * (y < 2^255 - 19) and neither has small order. libsodium 1.0.18 asks most of this itself; spelling
 * it here keeps the answer the same with any other release, since two halls that differ about one
 * signature would differ for ever. The equation is the one without cofactor.
 */
#include "core/crypto.h"

#include <string.h>

#include <sodium.h>

#include "core/pack.h"

_Static_assert(sizeof(crypto_generichash_blake2b_state) <= sizeof(struct lum_hasher),
               "libsodium's BLAKE2b state outgrew struct lum_hasher");
_Static_assert(sizeof(struct lum_hasher) == sizeof(struct lum_plain_hasher) &&
                   sizeof(struct lum_hasher) == sizeof(struct lum_blake512),
               "the three running hashes hold the same state");
_Static_assert(_Alignof(struct lum_hasher) >= _Alignof(crypto_generichash_blake2b_state),
               "struct lum_hasher is not aligned for libsodium");

enum {
    BLAKE2B_BLOCK = 128,
    TAG = 16, /* behind a ciphertext */
    SHORT_OUT = 16,
    LONG_OUT = 32,
};

static const char *const labels[] = {
#define X(name, text) text,
    LUM_LABELS(X)
#undef X
};

/* First states by label, for 16 and for 32 bytes out. */
static struct {
    struct lum_hasher short_out[LUM_COUNT(labels)];
    struct lum_hasher long_out[LUM_COUNT(labels)];
    bool ready;
} first;

/* The state inside one of our three hash types, which differ in name only. */
static crypto_generichash_blake2b_state *state_in(void *hasher)
{
    return (crypto_generichash_blake2b_state *)hasher;
}

/* BLAKE2b's parameter block: key and personalisation may be absent. */
static void start(void *hasher, struct lum_bytes key, const char *label, size_t out_len)
{
    uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = {0};
    for (size_t i = 0; label != NULL && label[i] != '\0'; i++) {
        LUM_ASSERT(i < sizeof personal);
        personal[i] = (uint8_t)label[i];
    }
    int rc = crypto_generichash_blake2b_init_salt_personal(state_in(hasher), key.at, key.len,
                                                           out_len, NULL, personal);
    LUM_ASSERT(rc == 0);
}

static void add(void *hasher, const void *at, size_t len)
{
    (void)crypto_generichash_blake2b_update(state_in(hasher), at, len);
}

static void end(void *hasher, uint8_t *out, size_t out_len)
{
    (void)crypto_generichash_blake2b_final(state_in(hasher), out, out_len);
}

enum lum_status lum_crypto_init(void)
{
    if (first.ready) {
        return LUM_OK;
    }
    if (sodium_init() < 0) {
        return LUM_IO;
    }
    for (size_t i = 0; i < LUM_COUNT(labels); i++) {
        start(&first.short_out[i], (struct lum_bytes){0}, labels[i], SHORT_OUT);
        start(&first.long_out[i], (struct lum_bytes){0}, labels[i], LONG_OUT);
    }
    first.ready = true;
    return LUM_OK;
}

/* ---- hashes with a label ---- */

void lum_hash_init(struct lum_hasher *h, enum lum_label label, size_t out_len)
{
    LUM_ASSERT(first.ready && (out_len == SHORT_OUT || out_len == LONG_OUT));
    *h = out_len == LONG_OUT ? first.long_out[label] : first.short_out[label];
}

void lum_hash_add(struct lum_hasher *h, const void *at, size_t len)
{
    add(h, at, len);
}

void lum_hash_add_u8(struct lum_hasher *h, uint8_t v)
{
    add(h, &v, 1);
}

void lum_hash_add_u16(struct lum_hasher *h, uint16_t v)
{
    uint8_t bytes[2];
    lum_put_u16(bytes, v);
    add(h, bytes, sizeof bytes);
}

void lum_hash_add_u64(struct lum_hasher *h, uint64_t v)
{
    uint8_t bytes[8];
    lum_put_u64(bytes, v);
    add(h, bytes, sizeof bytes);
}

void lum_hash_add_string(struct lum_hasher *h, struct lum_bytes s)
{
    LUM_ASSERT(s.len <= UINT16_MAX);
    lum_hash_add_u16(h, (uint16_t)s.len);
    add(h, s.at, s.len);
}

void lum_hash_end(struct lum_hasher *h, uint8_t *out, size_t out_len)
{
    end(h, out, out_len);
}

void lum_hash32(enum lum_label label, struct lum_bytes bytes, struct lum_hash *out)
{
    struct lum_hasher h;
    lum_hash_init(&h, label, sizeof out->b);
    add(&h, bytes.at, bytes.len);
    end(&h, out->b, sizeof out->b);
}

void lum_kdf(struct lum_bytes key, const char *label, struct lum_bytes rest, uint8_t out[32])
{
    struct lum_hasher h;
    LUM_ASSERT(key.len >= crypto_generichash_blake2b_KEYBYTES_MIN);
    start(&h, key, labels[LUM_LABEL_kdf], LONG_OUT);
    lum_hash_add_string(&h, lum_bytes_of(label, strlen(label)));
    add(&h, rest.at, rest.len);
    end(&h, out, LONG_OUT);
    lum_wipe(&h, sizeof h);
}

/* ---- plain hashes ---- */

void lum_plain_hash_init(struct lum_plain_hasher *h)
{
    start(h, (struct lum_bytes){0}, NULL, LONG_OUT);
}

void lum_plain_hash_add(struct lum_plain_hasher *h, const void *at, size_t len)
{
    add(h, at, len);
}

void lum_plain_hash_end(struct lum_plain_hasher *h, uint8_t out[32])
{
    end(h, out, LONG_OUT);
}

void lum_blake512_init(struct lum_blake512 *h)
{
    start(h, (struct lum_bytes){0}, NULL, crypto_generichash_blake2b_BYTES_MAX);
}

void lum_blake512_add(struct lum_blake512 *h, const void *at, size_t len)
{
    add(h, at, len);
}

void lum_blake512_end(struct lum_blake512 *h, uint8_t out[64])
{
    end(h, out, crypto_generichash_blake2b_BYTES_MAX);
}

/* One half of HMAC (RFC 2104): a block of the key masked by `mask`, then a, then b. */
static void hmac_half(const uint8_t block[BLAKE2B_BLOCK], uint8_t mask, struct lum_bytes a,
                      struct lum_bytes b, uint8_t out[64])
{
    struct lum_blake512 h;
    uint8_t pad[BLAKE2B_BLOCK];
    for (size_t i = 0; i < sizeof pad; i++) {
        pad[i] = block[i] ^ mask;
    }
    lum_blake512_init(&h);
    add(&h, pad, sizeof pad);
    add(&h, a.at, a.len);
    add(&h, b.at, b.len);
    lum_blake512_end(&h, out);
    lum_wipe(pad, sizeof pad);
    lum_wipe(&h, sizeof h);
}

void lum_hmac512(struct lum_bytes key, struct lum_bytes a, struct lum_bytes b, uint8_t out[64])
{
    uint8_t block[BLAKE2B_BLOCK] = {0};
    uint8_t inner[64];
    LUM_ASSERT(key.len <= sizeof block);
    if (key.len > 0) {
        memcpy(block, key.at, key.len);
    }
    hmac_half(block, 0x36, a, b, inner);
    hmac_half(block, 0x5c, lum_bytes_of(inner, sizeof inner), (struct lum_bytes){0}, out);
    lum_wipe(block, sizeof block);
    lum_wipe(inner, sizeof inner);
}

uint64_t lum_siphash(const uint8_t key[16], struct lum_bytes bytes)
{
    uint8_t out[crypto_shorthash_siphash24_BYTES];
    (void)crypto_shorthash_siphash24(out, bytes.at, bytes.len, key);
    return lum_get_u64(out);
}

/* ---- signatures ---- */

void lum_sign_key_from_seed(const uint8_t seed[32], struct lum_sign_key *out)
{
    (void)crypto_sign_seed_keypair(out->public, out->secret, seed);
}

void lum_sign(const struct lum_sign_key *key, struct lum_bytes message, struct lum_sig *out)
{
    (void)crypto_sign_detached(out->b, NULL, message.at, message.len, key->secret);
}

/* a < b, both little-endian. */
static bool below(const uint8_t a[32], const uint8_t b[32])
{
    for (size_t i = 32; i-- > 0;) {
        if (a[i] != b[i]) {
            return a[i] < b[i];
        }
    }
    return false;
}

/* L = 2^252 + 27742317777372353535851937790883648493, the order of the base point. */
static const uint8_t order_of_base[32] = {
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10,
};

/* p = 2^255 - 19 */
static const uint8_t field_prime[32] = {
    0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
};

/* y of the points whose order divides 8: 0 (order 4), 1 (1), p - 1 (2), and two of order 8. */
static const uint8_t small_order[][32] = {
    {0x00},
    {0x01},
    {
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    },
    {
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4,
        0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6,
        0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    },
    {
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b,
        0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39,
        0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    },
};

/* A canonical encoding of a point that has not small order; the top bit is the sign of x. */
static bool is_sound_point(const uint8_t point[32])
{
    uint8_t y[32];
    memcpy(y, point, sizeof y);
    y[31] &= 0x7f;
    if (!below(y, field_prime)) {
        return false;
    }
    for (size_t i = 0; i < LUM_COUNT(small_order); i++) {
        if (memcmp(y, small_order[i], sizeof y) == 0) {
            return false;
        }
    }
    return true;
}

bool lum_sign_check(const uint8_t public_key[32], struct lum_bytes message,
                    const struct lum_sig *sig)
{
    return below(sig->b + 32, order_of_base) && is_sound_point(sig->b) &&
           is_sound_point(public_key) &&
           crypto_sign_verify_detached(sig->b, message.at, message.len, public_key) == 0;
}

/* ---- key agreement ---- */

void lum_x25519_base(const uint8_t secret[32], uint8_t out[32])
{
    (void)crypto_scalarmult_curve25519_base(out, secret);
}

bool lum_x25519(const uint8_t secret[32], const uint8_t public_key[32], uint8_t out[32])
{
    return crypto_scalarmult_curve25519(out, secret, public_key) == 0;
}

/* ---- ciphers ---- */

void lum_aead_seal(const uint8_t key[32], const uint8_t nonce[12], struct lum_bytes ad,
                   struct lum_bytes plain, uint8_t *out)
{
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain.at, plain.len, ad.at, ad.len,
                                                    NULL, nonce, key);
}

bool lum_aead_open(const uint8_t key[32], const uint8_t nonce[12], struct lum_bytes ad,
                   struct lum_bytes cipher, uint8_t *out)
{
    return cipher.len >= TAG &&
           crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, cipher.at, cipher.len, ad.at,
                                                     ad.len, nonce, key) == 0;
}

void lum_xaead_seal(const uint8_t key[32], const uint8_t nonce[24], struct lum_bytes plain,
                    uint8_t *out)
{
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(out, NULL, plain.at, plain.len, NULL, 0, NULL,
                                                     nonce, key);
}

bool lum_xaead_open(const uint8_t key[32], const uint8_t nonce[24], struct lum_bytes cipher,
                    uint8_t *out)
{
    return cipher.len >= TAG &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, cipher.at, cipher.len, NULL,
                                                      0, nonce, key) == 0;
}

/* ---- secrets ---- */

bool lum_equal_secret(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void lum_wipe(void *secret, size_t len)
{
    sodium_memzero(secret, len);
}
