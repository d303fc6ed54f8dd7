/*
 * noise.c - see noise.h. Comments such as (e) are the tokens of the pattern; numbers are sections
 * of the Noise paper, and the names of the statics are its own.
 */
#include "net/noise.h"

#include <string.h>

#include "core/crypto.h"
#include "core/mem.h"

static const char PROTOCOL_NAME[] = "Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b";
_Static_assert(sizeof(PROTOCOL_NAME) - 1 <= LUM_NOISE_HASH, "a longer name would be hashed");

static const struct lum_bytes NOTHING = {(const uint8_t *)"", 0};

/* ---- CipherState (5.1) ---- */

/* 12.3: 32 bits of zeros, then the counter, lowest byte first. */
static void nonce_bytes(uint64_t nonce, uint8_t out[12])
{
    memset(out, 0, 4);
    for (size_t i = 0; i < 8; i++) {
        out[4 + i] = (uint8_t)(nonce >> (8 * i));
    }
}

static void encrypt_with_ad(struct lum_noise_cipher *cipher, struct lum_bytes ad,
                            struct lum_bytes plain, uint8_t *out)
{
    LUM_ASSERT(cipher->nonce < UINT64_MAX);
    uint8_t nonce[12];
    nonce_bytes(cipher->nonce, nonce);
    lum_aead_seal(cipher->key, nonce, ad, plain, out);
    cipher->nonce += 1;
}

static bool decrypt_with_ad(struct lum_noise_cipher *cipher, struct lum_bytes ad,
                            struct lum_bytes sealed, uint8_t *out)
{
    if (sealed.len < LUM_NOISE_TAG || cipher->nonce == UINT64_MAX) {
        return false;
    }
    uint8_t nonce[12];
    nonce_bytes(cipher->nonce, nonce);
    if (!lum_aead_open(cipher->key, nonce, ad, sealed, out)) {
        return false;
    }
    cipher->nonce += 1;
    return true;
}

void lum_noise_encrypt(struct lum_noise_cipher *cipher, struct lum_bytes plain, uint8_t *out)
{
    encrypt_with_ad(cipher, NOTHING, plain, out);
}

bool lum_noise_decrypt(struct lum_noise_cipher *cipher, struct lum_bytes sealed, uint8_t *out)
{
    return decrypt_with_ad(cipher, NOTHING, sealed, out);
}

/* 4.2: k = first 32 bytes of ENCRYPT(k, 2^64 - 1, nothing, 32 zeros). */
void lum_noise_rekey(struct lum_noise_cipher *cipher)
{
    static const uint8_t zeros[32];
    uint8_t nonce[12];
    uint8_t sealed[sizeof(zeros) + LUM_NOISE_TAG];
    nonce_bytes(UINT64_MAX, nonce);
    lum_aead_seal(cipher->key, nonce, NOTHING, lum_bytes_of(zeros, sizeof(zeros)), sealed);
    memcpy(cipher->key, sealed, sizeof(cipher->key));
    lum_wipe(sealed, sizeof(sealed));
}

/* ---- SymmetricState (5.2) ---- */

static void mix_hash(struct lum_noise *noise, struct lum_bytes data)
{
    struct lum_blake512 hash;
    lum_blake512_init(&hash);
    lum_blake512_add(&hash, noise->h, sizeof(noise->h));
    lum_blake512_add(&hash, data.at, data.len);
    lum_blake512_end(&hash, noise->h);
}

/* 4.3: up to three outputs of HASHLEN bytes; each is HMAC(temp_key, previous output | count). */
static void hkdf(const uint8_t ck[LUM_NOISE_HASH], struct lum_bytes material, size_t count,
                 uint8_t out[][LUM_NOISE_HASH])
{
    uint8_t temp_key[LUM_NOISE_HASH];
    struct lum_bytes previous = NOTHING;
    lum_hmac512(lum_bytes_of(ck, LUM_NOISE_HASH), material, NOTHING, temp_key);
    for (size_t i = 0; i < count; i++) {
        uint8_t number = (uint8_t)(i + 1);
        lum_hmac512(lum_bytes_of(temp_key, sizeof(temp_key)), previous, lum_bytes_of(&number, 1),
                    out[i]);
        previous = lum_bytes_of(out[i], LUM_NOISE_HASH);
    }
    lum_wipe(temp_key, sizeof(temp_key));
}

/* InitializeKey with the first 32 bytes of a hash. */
static void initialize_key(struct lum_noise_cipher *cipher, const uint8_t hash[LUM_NOISE_HASH])
{
    memcpy(cipher->key, hash, sizeof(cipher->key));
    cipher->nonce = 0;
}

static void mix_key(struct lum_noise *noise, struct lum_bytes material)
{
    uint8_t out[2][LUM_NOISE_HASH];
    hkdf(noise->ck, material, 2, out);
    memcpy(noise->ck, out[0], LUM_NOISE_HASH);
    initialize_key(&noise->cipher, out[1]);
    lum_wipe(out, sizeof(out));
}

static void mix_key_and_hash(struct lum_noise *noise, struct lum_bytes material)
{
    uint8_t out[3][LUM_NOISE_HASH];
    hkdf(noise->ck, material, 3, out);
    memcpy(noise->ck, out[0], LUM_NOISE_HASH);
    mix_hash(noise, lum_bytes_of(out[1], LUM_NOISE_HASH));
    initialize_key(&noise->cipher, out[2]);
    lum_wipe(out, sizeof(out));
}

static void encrypt_and_hash(struct lum_noise *noise, struct lum_bytes plain, uint8_t *out)
{
    encrypt_with_ad(&noise->cipher, lum_bytes_of(noise->h, sizeof(noise->h)), plain, out);
    mix_hash(noise, lum_bytes_of(out, plain.len + LUM_NOISE_TAG));
}

static bool decrypt_and_hash(struct lum_noise *noise, struct lum_bytes sealed, uint8_t *out)
{
    struct lum_bytes ad = lum_bytes_of(noise->h, sizeof(noise->h));
    if (!decrypt_with_ad(&noise->cipher, ad, sealed, out)) {
        return false;
    }
    mix_hash(noise, sealed);
    return true;
}

/* ---- HandshakeState (5.3), unrolled for the one pattern ---- */

/* 9.2: where a pattern has a psk, e is mixed into the key as well. */
static void mix_e(struct lum_noise *noise, const uint8_t e[LUM_NOISE_E])
{
    mix_hash(noise, lum_bytes_of(e, LUM_NOISE_E));
    mix_key(noise, lum_bytes_of(e, LUM_NOISE_E));
}

static bool mix_ee(struct lum_noise *noise, const struct lum_noise_pair *e,
                   const uint8_t e_remote[LUM_NOISE_E])
{
    uint8_t shared[32];
    if (!lum_x25519(e->secret, e_remote, shared)) {
        return false;
    }
    mix_key(noise, lum_bytes_of(shared, sizeof(shared)));
    lum_wipe(shared, sizeof(shared));
    return true;
}

void lum_noise_pair_of(const uint8_t secret[32], struct lum_noise_pair *out)
{
    memcpy(out->secret, secret, sizeof(out->secret));
    lum_x25519_base(out->secret, out->public);
}

void lum_noise_begin(struct lum_noise *noise, struct lum_bytes prologue, const uint8_t psk[32])
{
    memset(noise, 0, sizeof(*noise));
    memcpy(noise->h, PROTOCOL_NAME, sizeof(PROTOCOL_NAME) - 1);
    memcpy(noise->ck, noise->h, sizeof(noise->ck));
    mix_hash(noise, prologue);
    mix_key_and_hash(noise, lum_bytes_of(psk, 32)); /* psk */
}

void lum_noise_write_first(struct lum_noise *noise, const struct lum_noise_pair *e,
                           struct lum_bytes payload, uint8_t *message)
{
    memcpy(message, e->public, LUM_NOISE_E);
    mix_e(noise, e->public); /* e */
    encrypt_and_hash(noise, payload, message + LUM_NOISE_E);
}

bool lum_noise_read_first(struct lum_noise *noise, struct lum_bytes message, uint8_t *payload)
{
    if (message.len < LUM_NOISE_E + LUM_NOISE_TAG) {
        return false;
    }
    memcpy(noise->e_remote, message.at, LUM_NOISE_E);
    mix_e(noise, noise->e_remote); /* e */
    struct lum_bytes sealed = {message.at + LUM_NOISE_E, message.len - LUM_NOISE_E};
    return decrypt_and_hash(noise, sealed, payload);
}

bool lum_noise_write_second(struct lum_noise *noise, const struct lum_noise_pair *e,
                            struct lum_bytes payload, uint8_t *message)
{
    memcpy(message, e->public, LUM_NOISE_E);
    mix_e(noise, e->public); /* e */
    if (!mix_ee(noise, e, noise->e_remote)) { /* ee */
        return false;
    }
    encrypt_and_hash(noise, payload, message + LUM_NOISE_E);
    return true;
}

bool lum_noise_read_second(struct lum_noise *noise, const struct lum_noise_pair *e,
                           struct lum_bytes message, uint8_t *payload)
{
    if (message.len < LUM_NOISE_E + LUM_NOISE_TAG) {
        return false;
    }
    memcpy(noise->e_remote, message.at, LUM_NOISE_E);
    mix_e(noise, noise->e_remote); /* e */
    if (!mix_ee(noise, e, noise->e_remote)) { /* ee */
        return false;
    }
    struct lum_bytes sealed = {message.at + LUM_NOISE_E, message.len - LUM_NOISE_E};
    return decrypt_and_hash(noise, sealed, payload);
}

void lum_noise_split(const struct lum_noise *noise, struct lum_noise_cipher *from_initiator,
                     struct lum_noise_cipher *from_responder)
{
    uint8_t out[2][LUM_NOISE_HASH];
    hkdf(noise->ck, NOTHING, 2, out);
    initialize_key(from_initiator, out[0]);
    initialize_key(from_responder, out[1]);
    lum_wipe(out, sizeof(out));
}
