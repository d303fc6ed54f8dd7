/*
 * noise.h - Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b (noiseprotocol.org, revision 34). Pure.
 *
 *   NNpsk0:
 *     -> psk, e        e 32 | ciphertext and tag of a payload
 *     <- e, ee         e 32 | ciphertext and tag of a payload
 *
 * DH is X25519, HASH is BLAKE2b-512 (HASHLEN 64), HKDF is built on HMAC over it. An all-zero DH
 * result is refused, where the paper would go on (it allows either, section 12.1).
 * Nothing here allocates or knows of lengths on a wire, hints or records: see net/channel.h.
 */
#ifndef LUM_NET_NOISE_H
#define LUM_NET_NOISE_H

#include "core/lum.h"

enum {
    LUM_NOISE_TAG = 16,
    LUM_NOISE_E = 32,
    LUM_NOISE_HASH = 64,
    LUM_NOISE_MESSAGE_MAX = 65535,
};

/* CipherState (5.1): k and n. The nonce on the wire is implicit: the count of messages. */
struct lum_noise_cipher {
    uint8_t key[32];
    uint64_t nonce;
};

/* out has plain.len + LUM_NOISE_TAG bytes; no associated data. The nonce moves on by one. */
void lum_noise_encrypt(struct lum_noise_cipher *cipher, struct lum_bytes plain, uint8_t *out);
/* out has sealed.len - LUM_NOISE_TAG bytes. False when it does not decrypt; the nonce stays. */
LUM_MUST_USE bool lum_noise_decrypt(struct lum_noise_cipher *cipher, struct lum_bytes sealed,
                                    uint8_t *out);
/* Rekey (11.3). The nonce goes on counting. */
void lum_noise_rekey(struct lum_noise_cipher *cipher);

/* An ephemeral key pair; the secret is 32 random bytes. */
struct lum_noise_pair {
    uint8_t secret[32];
    uint8_t public[LUM_NOISE_E];
};
void lum_noise_pair_of(const uint8_t secret[32], struct lum_noise_pair *out);

/* SymmetricState (5.2) and what HandshakeState (5.3) must remember between the two messages. */
struct lum_noise {
    uint8_t ck[LUM_NOISE_HASH];
    uint8_t h[LUM_NOISE_HASH]; /* after the second message: the handshake hash */
    struct lum_noise_cipher cipher;
    uint8_t e_remote[LUM_NOISE_E]; /* responder: of the first message */
};

/* Both sides, before the first message. */
void lum_noise_begin(struct lum_noise *noise, struct lum_bytes prologue, const uint8_t psk[32]);

/*
 * The messages, write and read side by side. A message is LUM_NOISE_E + payload.len +
 * LUM_NOISE_TAG bytes, at most LUM_NOISE_MESSAGE_MAX; a payload read has message.len - 48.
 * False: too short, does not decrypt, or a DH result is zero; the state is then of no more use.
 */
void lum_noise_write_first(struct lum_noise *noise, const struct lum_noise_pair *e,
                           struct lum_bytes payload, uint8_t *message);
LUM_MUST_USE bool lum_noise_read_first(struct lum_noise *noise, struct lum_bytes message,
                                       uint8_t *payload);
LUM_MUST_USE bool lum_noise_write_second(struct lum_noise *noise, const struct lum_noise_pair *e,
                                         struct lum_bytes payload, uint8_t *message);
LUM_MUST_USE bool lum_noise_read_second(struct lum_noise *noise, const struct lum_noise_pair *e,
                                        struct lum_bytes message, uint8_t *payload);

/* Split (5.2): the ciphers of the two directions, from initiator to responder first. */
void lum_noise_split(const struct lum_noise *noise, struct lum_noise_cipher *from_initiator,
                     struct lum_noise_cipher *from_responder);

#endif
