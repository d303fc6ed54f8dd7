/*
 * invite.c - an invite as bytes and as text, what its seed opens, and the signature of a JOIN.
 *
 *     0  version = 1      1          65  address    16
 *     1  space id        32          81  port u16    2
 *    33  seed            16          83  check       4   first 4 of H("lumbung1 check", 0..82)
 *    49  epoch pin       16          87
 *
 * 87 bytes are 696 bits; 140 letters of 5 bits hold 700, and the 4 spare ones are zero, so that an
 * invite has one spelling (apart from case and white space, which no one can see or say).
 */
#include "core/invite.h"

#include <string.h>

#include "core/pack.h"

enum {
    VERSION = 1,
    PREFIX_LEN = 8,
    LETTERS = LUM_INVITE_TEXT - PREFIX_LEN,
    CHECKED_LEN = 83,
    CHECK_LEN = 4,
    AXT_LEN = 96,
};

static const char PREFIX[] = "LUMBUNG:";
static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* RFC 4648, section 6 */

/* ---- bytes ---- */

static void check_of(const uint8_t bytes[LUM_INVITE_BYTES], uint8_t out[CHECK_LEN])
{
    struct lum_hash h;
    lum_hash32(LUM_LABEL_check, (struct lum_bytes){bytes, CHECKED_LEN}, &h);
    memcpy(out, h.b, CHECK_LEN);
}

static void encode(const struct lum_invite *invite, uint8_t out[LUM_INVITE_BYTES])
{
    out[0] = VERSION;
    memcpy(out + 1, invite->space.b, 32);
    memcpy(out + 33, invite->seed, 16);
    memcpy(out + 49, invite->epoch_pin, 16);
    memcpy(out + 65, invite->address, 16);
    lum_put_u16(out + 81, invite->port);
    check_of(out, out + CHECKED_LEN);
}

/* NULL, or the word for what is wrong. The check comes first: a slip of the pen is likelier than
 * another version. */
static const char *decode(const uint8_t at[LUM_INVITE_BYTES], struct lum_invite *out)
{
    uint8_t check[CHECK_LEN];
    check_of(at, check);
    if (memcmp(check, at + CHECKED_LEN, CHECK_LEN) != 0) {
        return "check";
    }
    if (at[0] != VERSION) {
        return "version";
    }
    memcpy(out->space.b, at + 1, 32);
    memcpy(out->seed, at + 33, 16);
    memcpy(out->epoch_pin, at + 49, 16);
    memcpy(out->address, at + 65, 16);
    out->port = lum_get_u16(at + 81);
    return NULL;
}

void lum_invite_to_bytes(const struct lum_invite *invite, uint8_t out[LUM_INVITE_BYTES])
{
    encode(invite, out);
}

bool lum_invite_from_bytes(struct lum_bytes bytes, struct lum_invite *out)
{
    return bytes.len == LUM_INVITE_BYTES && decode(bytes.at, out) == NULL;
}

/* ---- text ---- */

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* The next character that counts, in upper case; moves *text past it. 0 at the end. */
static char next_character(const char **text)
{
    while (**text == ' ' || (**text >= '\t' && **text <= '\r')) {
        (*text)++;
    }
    return **text == '\0' ? '\0' : upper(*(*text)++);
}

/* NULL, or the word for what is wrong. */
static const char *letters_to_bytes(const char *text, uint8_t out[LUM_INVITE_BYTES])
{
    uint32_t bits = 0; /* the newest ones, right-aligned; `held` of them are not yet in out */
    unsigned held = 0;
    size_t len = 0;
    for (unsigned i = 0; i < LETTERS; i++) {
        char c = next_character(&text);
        if (c == '\0') {
            return "length";
        }
        const char *place = strchr(ALPHABET, c);
        if (place == NULL) {
            return "letter";
        }
        bits = bits << 5 | (uint32_t)(place - ALPHABET);
        held += 5;
        if (held >= 8) {
            held -= 8;
            out[len++] = (uint8_t)(bits >> held);
        }
    }
    LUM_ASSERT(len == LUM_INVITE_BYTES && held == 4);
    if ((bits & 0xf) != 0) {
        return "spare-bits";
    }
    return next_character(&text) == '\0' ? NULL : "length";
}

static const char *parse(const char *text, struct lum_invite *out)
{
    for (unsigned i = 0; i < PREFIX_LEN; i++) {
        if (next_character(&text) != PREFIX[i]) {
            return "prefix";
        }
    }
    uint8_t bytes[LUM_INVITE_BYTES];
    const char *wrong = letters_to_bytes(text, bytes);
    if (wrong == NULL) {
        wrong = decode(bytes, out);
    }
    lum_wipe(bytes, sizeof bytes);
    return wrong;
}

void lum_invite_to_text(const struct lum_invite *invite, char out[LUM_INVITE_TEXT + 1])
{
    uint8_t bytes[LUM_INVITE_BYTES + 1] = {0}; /* the zero at the end: the spare bits */
    encode(invite, bytes);
    memcpy(out, PREFIX, PREFIX_LEN);
    for (unsigned i = 0; i < LETTERS; i++) {
        unsigned bit = i * 5; /* at most 695, so the pair ends at byte 87 */
        unsigned pair = lum_get_u16(bytes + bit / 8);
        out[PREFIX_LEN + i] = ALPHABET[pair >> (11 - bit % 8) & 0x1f];
    }
    out[LUM_INVITE_TEXT] = '\0';
    lum_wipe(bytes, sizeof bytes);
}

enum lum_status lum_invite_from_text(const char *text, struct lum_invite *out,
                                     struct lum_error *err)
{
    struct lum_invite invite;
    const char *wrong = parse(text, &invite);
    if (wrong != NULL) {
        return lum_fail(err, LUM_CAUSE_bad_invite, wrong, NULL);
    }
    *out = invite;
    return LUM_OK;
}

/* ---- what the seed opens ---- */

static void derive(struct lum_bytes key, const char *word, uint8_t out[32])
{
    lum_kdf(key, word, (struct lum_bytes){NULL, 0}, out);
}

void lum_invite_sign_key(const struct lum_invite *invite, struct lum_sign_key *out)
{
    uint8_t seed[32];
    derive((struct lum_bytes){invite->seed, sizeof invite->seed}, "sign", seed);
    lum_sign_key_from_seed(seed, out);
    lum_wipe(seed, sizeof seed);
}

void lum_invite_psk(const struct lum_invite *invite, uint8_t psk_invite[32])
{
    derive((struct lum_bytes){invite->seed, sizeof invite->seed}, "psk", psk_invite);
}

/* The nonce is the first 24 bytes of pk: one invite key, one psk_invite, so it never repeats with
 * another plain text. */
void lum_invite_wrap(const uint8_t space_secret[32], const uint8_t pk[32],
                     const uint8_t psk_invite[32], uint8_t enc48[48])
{
    uint8_t key[32];
    derive((struct lum_bytes){space_secret, 32}, "invite", key);
    lum_xaead_seal(key, pk, (struct lum_bytes){psk_invite, 32}, enc48);
    lum_wipe(key, sizeof key);
}

bool lum_invite_unwrap(const uint8_t space_secret[32], const uint8_t pk[32],
                       const uint8_t enc48[48], uint8_t psk_invite[32])
{
    uint8_t key[32];
    derive((struct lum_bytes){space_secret, 32}, "invite", key);
    bool opens = lum_xaead_open(key, pk, (struct lum_bytes){enc48, 48}, psk_invite);
    lum_wipe(key, sizeof key);
    return opens;
}

/* ---- JOIN ---- */

enum {
    JOIN_LABEL = 14,
    JOIN_LEN = JOIN_LABEL + 32 + AXT_LEN
};

static struct lum_bytes join_bytes(const struct lum_hash *space, const uint8_t axt[AXT_LEN],
                                   uint8_t at[JOIN_LEN])
{
    memcpy(at, "lumbung/1 join", JOIN_LABEL);
    memcpy(at + JOIN_LABEL, space->b, 32);
    memcpy(at + JOIN_LABEL + 32, axt, AXT_LEN);
    return (struct lum_bytes){at, JOIN_LEN};
}

void lum_join_sign(const struct lum_sign_key *invite_key, const struct lum_hash *space,
                   const uint8_t axt[96], struct lum_sig *out)
{
    uint8_t at[JOIN_LEN];
    lum_sign(invite_key, join_bytes(space, axt, at), out);
}

bool lum_join_check(const uint8_t invite_pk[32], const struct lum_hash *space,
                    const uint8_t axt[96], const struct lum_sig *sig)
{
    uint8_t at[JOIN_LEN];
    return lum_sign_check(invite_pk, join_bytes(space, axt, at), sig);
}
