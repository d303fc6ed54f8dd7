/*
 * invite.h - the 87 bytes that let a newcomer in without the inviter online.
 *
 *   version 1 | space id 32 | seed 16 | epoch pin 16 | address 16 | port 2 | check 4
 *
 * As text: "LUMBUNG:" and 140 characters of RFC 4648 base32, upper case, no padding, spare bits
 * zero. The check is the first 4 bytes of H("lumbung1 check", the 83 bytes before).
 * From the seed: signing seed = KDF(seed, "sign"), psk_invite = KDF(seed, "psk"); the KDF is keyed
 * with the 16 bytes as they are (docs/format.md 7).
 */
#ifndef LUM_CORE_INVITE_H
#define LUM_CORE_INVITE_H

#include "core/crypto.h"
#include "core/lum.h"
#include "core/status.h"

enum {
    LUM_INVITE_BYTES = 87,
    LUM_INVITE_TEXT = 8 + 140, /* without the terminating zero */
};

struct lum_invite {
    struct lum_hash space;
    uint8_t seed[16];
    uint8_t epoch_pin[16];
    uint8_t address[16]; /* IPv6, or IPv4 mapped into it; all zero = none */
    uint16_t port;       /* 0 = none */
};

/* The 87 bytes, as they also lie in a newcomer's store; false when they are no invite. */
void lum_invite_to_bytes(const struct lum_invite *invite, uint8_t out[LUM_INVITE_BYTES]);
LUM_MUST_USE bool lum_invite_from_bytes(struct lum_bytes bytes, struct lum_invite *out);

void lum_invite_to_text(const struct lum_invite *invite, char out[LUM_INVITE_TEXT + 1]);
/*
 * Case is ignored, and so is white space anywhere (a paper fold, a line break in a mail). All else
 * is exact; otherwise INVALID with cause bad_invite, whose {1} is one of the words: prefix, letter,
 * length, spare-bits, check, version.
 */
LUM_MUST_USE enum lum_status lum_invite_from_text(const char *text, struct lum_invite *out,
                                                  struct lum_error *err);

/* The key whose public half stands in INVITE and that signs a JOIN. */
void lum_invite_sign_key(const struct lum_invite *invite, struct lum_sign_key *out);
void lum_invite_psk(const struct lum_invite *invite, uint8_t psk_invite[32]);

/* INVITE's enc48: psk_invite under KDF(K, "invite"), nonce = first 24 bytes of pk. */
void lum_invite_wrap(const uint8_t space_secret[32], const uint8_t pk[32],
                     const uint8_t psk_invite[32], uint8_t enc48[48]);
LUM_MUST_USE bool lum_invite_unwrap(const uint8_t space_secret[32], const uint8_t pk[32],
                                    const uint8_t enc48[48], uint8_t psk_invite[32]);

/* What a JOIN's signature covers: "lumbung/1 join" | space | A | X | T. */
void lum_join_sign(const struct lum_sign_key *invite_key, const struct lum_hash *space,
                   const uint8_t axt[96], struct lum_sig *out);
LUM_MUST_USE bool lum_join_check(const uint8_t invite_pk[32], const struct lum_hash *space,
                                 const uint8_t axt[96], const struct lum_sig *sig);

#endif
