/*
 * keys.c - derives a device's keys from its seeds and the entry keys from a shared secret.
 *
 * Every key here is KDF(secret, word, salt). The words are frozen (docs/format.md 7); a word is
 * used for one purpose only, so that no two keys ever coincide.
 */
#include "core/keys.h"

#include <string.h>

static void derive(const uint8_t secret[32], const char *word, struct lum_bytes rest,
                   uint8_t out[32])
{
    lum_kdf((struct lum_bytes){secret, 32}, word, rest, out);
}

static void derive_sign_key(const uint8_t secret[32], const char *word, struct lum_bytes salt,
                            struct lum_sign_key *out)
{
    uint8_t seed[32];
    derive(secret, word, salt, seed);
    lum_sign_key_from_seed(seed, out);
    lum_wipe(seed, sizeof seed);
}

void lum_device_keys_derive(const struct lum_seeds *seeds, const uint8_t salt[32],
                            struct lum_device_keys *out)
{
    struct lum_bytes s = {salt, 32};
    derive_sign_key(seeds->node, "node", s, &out->node);
    derive_sign_key(seeds->device, "author", s, &out->author);
    derive(seeds->device, "box", s, out->box_secret);
    lum_x25519_base(out->box_secret, out->box_public);
}

void lum_device_keys_wipe(struct lum_device_keys *keys)
{
    lum_wipe(keys, sizeof *keys);
}

void lum_entry_keys_of_secret(const uint8_t space_secret[32], struct lum_entry_keys *out)
{
    struct lum_bytes none = {NULL, 0};
    derive(space_secret, "psk", none, out->psk);
    derive(space_secret, "hint", none, out->hint);
}

void lum_entry_keys_of_invite(const uint8_t psk_invite[32], struct lum_entry_keys *out)
{
    memcpy(out->psk, psk_invite, 32);
    derive(psk_invite, "hint", (struct lum_bytes){NULL, 0}, out->hint);
}

void lum_member_id(const struct lum_hash *space, const uint8_t author[32], struct lum_id *out)
{
    struct lum_hasher h;
    lum_hash_init(&h, LUM_LABEL_member, sizeof out->b);
    lum_hash_add(&h, space->b, 32);
    lum_hash_add(&h, author, 32);
    lum_hash_end(&h, out->b, sizeof out->b);
}
