/*
 * keys.h - every key of a device in a space, derived from two seeds and the space secret.
 *
 *   N (node seed)    T = KDF(N, "node", s)        speaks in meetings, opens at boot
 *   S (device seed)  A = KDF(S, "author", s)      signs events;   X = KDF(S, "box", s) is sealed to
 *   K (space secret) psk, hint, beacon, tag, sack = KDF(K, that word): guards entry only
 *
 * s is the genesis salt. Two spaces cannot link their members: nothing is shared between them.
 */
#ifndef LUM_CORE_KEYS_H
#define LUM_CORE_KEYS_H

#include "core/crypto.h"
#include "core/lum.h"

struct lum_seeds {
    uint8_t node[32];
    uint8_t device[32];
};

struct lum_device_keys {
    struct lum_sign_key node;   /* T */
    struct lum_sign_key author; /* A */
    uint8_t box_secret[32];     /* X */
    uint8_t box_public[32];
};

void lum_device_keys_derive(const struct lum_seeds *seeds, const uint8_t salt[32],
                            struct lum_device_keys *out);
void lum_device_keys_wipe(struct lum_device_keys *keys);

/* psk and hint key of one generation of the space secret, or of one invite. */
struct lum_entry_keys {
    uint8_t psk[32];
    uint8_t hint[32]; /* the first 16 bytes key SipHash over e in the first handshake message */
};
void lum_entry_keys_of_secret(const uint8_t space_secret[32], struct lum_entry_keys *out);
/* psk_invite itself is the psk; its hint key is KDF(psk_invite, "hint"). */
void lum_entry_keys_of_invite(const uint8_t psk_invite[32], struct lum_entry_keys *out);

/* member id = H16("lumbung1 member", space, the member's first A). */
void lum_member_id(const struct lum_hash *space, const uint8_t author[32], struct lum_id *out);

#endif
