/*
 * crypto.h - the door to libsodium: hashes, signatures, X25519, ciphers.
 *
 * H(label, ...) is BLAKE2b (RFC 7693) with the label as its 16-byte personalisation, zero-padded,
 * no key, no salt. KDF is BLAKE2b-256 keyed, personalised "lumbung1 kdf", over a length-prefixed
 * label and the rest. One label, one use: all of them stand in LUM_LABELS.
 */
#ifndef LUM_CORE_CRYPTO_H
#define LUM_CORE_CRYPTO_H

#include "core/lum.h"

#define LUM_LABELS(X)                                                                              \
    X(genesis, "lumbung1 genesis")                                                                 \
    X(log, "lumbung1 log")                                                                         \
    X(payload, "lumbung1 payload")                                                                 \
    X(event, "lumbung1 event")                                                                     \
    X(record, "lumbung1 record")                                                                   \
    X(keyed, "lumbung1 keyed")                                                                     \
    X(member, "lumbung1 member")                                                                   \
    X(leaf, "lumbung1 leaf")                                                                       \
    X(node, "lumbung1 node")                                                                       \
    X(front, "lumbung1 front")                                                                     \
    X(state, "lumbung1 state")                                                                     \
    X(arrive, "lumbung1 arrive")                                                                   \
    X(check, "lumbung1 check")                                                                     \
    X(kdf, "lumbung1 kdf")

enum lum_label {
#define X(name, text) LUM_LABEL_##name,
    LUM_LABELS(X)
#undef X
};

/* Once per process, before anything else; idempotent. IO when libsodium will not start. */
LUM_MUST_USE enum lum_status lum_crypto_init(void);

/* A running hash. Lives on the stack, holds no memory. out_len is 16 or 32. */
struct lum_hasher {
    _Alignas(64) uint8_t state[384];
};
void lum_hash_init(struct lum_hasher *h, enum lum_label label, size_t out_len);
void lum_hash_add(struct lum_hasher *h, const void *at, size_t len);
void lum_hash_add_u8(struct lum_hasher *h, uint8_t v);
void lum_hash_add_u16(struct lum_hasher *h, uint16_t v); /* big-endian */
void lum_hash_add_u64(struct lum_hasher *h, uint64_t v);
void lum_hash_add_string(struct lum_hasher *h, struct lum_bytes s); /* u16 length, then s */
void lum_hash_end(struct lum_hasher *h, uint8_t *out, size_t out_len);
/* One shot over one run of bytes. */
void lum_hash32(enum lum_label label, struct lum_bytes bytes, struct lum_hash *out);
/* Plain BLAKE2b-256, no personalisation: names an imported file by its content (FORMAT 4). */
struct lum_plain_hasher {
    _Alignas(64) uint8_t state[384];
};
void lum_plain_hash_init(struct lum_plain_hasher *h);
void lum_plain_hash_add(struct lum_plain_hasher *h, const void *at, size_t len);
void lum_plain_hash_end(struct lum_plain_hasher *h, uint8_t out[32]);

/*
 * KDF(key, label, rest): rest may be empty. The key is 16 to 64 bytes and goes in as it is: BLAKE2b
 * takes the length of its key into the hash, so 16 bytes and the same 16 padded differ.
 */
void lum_kdf(struct lum_bytes key, const char *label, struct lum_bytes rest, uint8_t out[32]);

/* Ed25519 (RFC 8032) from a 32-byte seed. */
struct lum_sign_key {
    uint8_t secret[64];
    uint8_t public[32];
};
void lum_sign_key_from_seed(const uint8_t seed[32], struct lum_sign_key *out);
void lum_sign(const struct lum_sign_key *key, struct lum_bytes message, struct lum_sig *out);
/* Strict: canonical S, A and R, no small-order A or R. Pinned by the Wycheproof vectors. */
LUM_MUST_USE bool lum_sign_check(const uint8_t public_key[32], struct lum_bytes message,
                                 const struct lum_sig *sig);

/* X25519 (RFC 7748). Public key of a secret; shared secret, false when it would be all zero. */
void lum_x25519_base(const uint8_t secret[32], uint8_t out[32]);
LUM_MUST_USE bool lum_x25519(const uint8_t secret[32], const uint8_t public_key[32],
                             uint8_t out[32]);

/* ChaCha20-Poly1305 IETF (RFC 8439); out has len + 16 bytes. May work in place. */
void lum_aead_seal(const uint8_t key[32], const uint8_t nonce[12], struct lum_bytes ad,
                   struct lum_bytes plain, uint8_t *out);
/* out has cipher.len - 16 bytes; false when the tag is wrong (out is then zeroed). */
LUM_MUST_USE bool lum_aead_open(const uint8_t key[32], const uint8_t nonce[12],
                                struct lum_bytes ad, struct lum_bytes cipher, uint8_t *out);
/* XChaCha20-Poly1305, 24-byte nonce, no associated data. */
void lum_xaead_seal(const uint8_t key[32], const uint8_t nonce[24], struct lum_bytes plain,
                    uint8_t *out);
LUM_MUST_USE bool lum_xaead_open(const uint8_t key[32], const uint8_t nonce[24],
                                 struct lum_bytes cipher, uint8_t *out);

/* BLAKE2b-512 without personalisation, and HMAC over it with a 128-byte block: Noise's HASH. */
struct lum_blake512 {
    _Alignas(64) uint8_t state[384];
};
void lum_blake512_init(struct lum_blake512 *h);
void lum_blake512_add(struct lum_blake512 *h, const void *at, size_t len);
void lum_blake512_end(struct lum_blake512 *h, uint8_t out[64]);
void lum_hmac512(struct lum_bytes key, struct lum_bytes a, struct lum_bytes b, uint8_t out[64]);

uint64_t lum_siphash(const uint8_t key[16], struct lum_bytes bytes); /* SipHash-2-4, big-endian */
bool lum_equal_secret(const void *a, const void *b, size_t len);     /* constant time */
void lum_wipe(void *secret, size_t len);

#endif
