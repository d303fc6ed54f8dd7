/*
 * fuzz_invite.c - invites as text and as bytes, and what their seed opens.
 *
 *   input = way u8 | bytes
 *     0  text to the end
 *     1  83 bytes that get a true check, then edits of the text: (place u8, character u8) ..
 *     2  the bytes of an invite
 *     3  seed 16 | spoilt u8 | byte u8: what is wrapped, signed and opened by it
 *
 * Holds: a text that reads, without its blanks and in upper case, is the text that is written.
 */
#include "core/invite.h"
#include "core/pack.h"
#include "tests/fuzz/input.h"

enum {
    CHECKED = 83,
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Every other spelling of one invite comes down to this one. */
static void check_text(const char *text)
{
    static const char *const words[] = {"prefix", "letter", "length",
                                        "spare-bits", "check", "version"};
    struct lum_invite invite;
    struct lum_error err;
    char written[LUM_INVITE_TEXT + 1];
    enum lum_status status = lum_invite_from_text(text, &invite, &err);
    if (status != LUM_OK) {
        bool is_known = false;
        for (size_t i = 0; i < LUM_COUNT(words); i++) {
            is_known = is_known || strcmp(words[i], err.one) == 0;
        }
        LUM_ASSERT(status == LUM_INVALID && is_known);
        return;
    }
    lum_invite_to_text(&invite, written);
    size_t len = 0;
    for (; *text != '\0'; text++) {
        char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
        LUM_ASSERT(is_blank(*text) || (len < LUM_INVITE_TEXT && written[len] == c));
        len += is_blank(*text) ? 0 : 1;
    }
    LUM_ASSERT(len == LUM_INVITE_TEXT);
}

static void text_of(struct lum_bytes bytes)
{
    char *text = malloc(bytes.len + 1);
    LUM_ASSERT(text != NULL);
    if (bytes.len > 0) {
        memcpy(text, bytes.at, bytes.len);
    }
    text[bytes.len] = '\0';
    check_text(text);
    free(text);
}

/* Base32 in the simplest way: bit by bit. */
static void spell(const uint8_t bytes[LUM_INVITE_BYTES], char text[LUM_INVITE_TEXT + 1])
{
    memcpy(text, "LUMBUNG:", 8);
    for (unsigned i = 0; i < 140; i++) {
        unsigned letter = 0;
        for (unsigned bit = 5 * i; bit < 5 * i + 5; bit++) {
            bool is_set = bit / 8 < LUM_INVITE_BYTES && (bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
            letter = letter << 1 | is_set;
        }
        text[8 + i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[letter];
    }
    text[LUM_INVITE_TEXT] = '\0';
}

static void edited(struct input *in)
{
    uint8_t bytes[LUM_INVITE_BYTES] = {0};
    char text[LUM_INVITE_TEXT + 1];
    struct lum_invite invite;
    struct lum_hash check;
    for (size_t i = 0; i < CHECKED; i++) {
        bytes[i] = input_byte(in);
    }
    lum_hash32(LUM_LABEL_check, lum_bytes_of(bytes, CHECKED), &check);
    memcpy(bytes + CHECKED, check.b, 4);
    spell(bytes, text);
    bool is_good = bytes[0] == 1;
    LUM_ASSERT((lum_invite_from_text(text, &invite, NULL) == LUM_OK) == is_good);
    LUM_ASSERT(lum_invite_from_bytes(lum_bytes_of(bytes, sizeof bytes), &invite) == is_good);
    while (in->left >= 2) {
        size_t place = input_byte(in) % LUM_INVITE_TEXT;
        text[place] = (char)input_byte(in);
    }
    check_text(text);
}

static void from_bytes(struct lum_bytes bytes)
{
    uint8_t again[LUM_INVITE_BYTES];
    struct lum_invite invite;
    if (lum_invite_from_bytes(bytes, &invite)) {
        lum_invite_to_bytes(&invite, again);
        LUM_ASSERT(lum_bytes_equal(bytes, lum_bytes_of(again, sizeof again)));
    }
}

static void opened(struct input *in)
{
    struct lum_invite invite = {.port = 1};
    struct lum_sign_key key;
    struct lum_sig sig;
    uint8_t psk[32];
    uint8_t opened_psk[32];
    uint8_t wrapped[48];
    uint8_t axt[96] = {0};
    uint8_t secret[32] = "the space's secret";
    for (size_t i = 0; i < sizeof invite.seed; i++) {
        invite.seed[i] = input_byte(in);
    }
    uint8_t spoilt = input_byte(in);
    uint8_t byte = input_byte(in);
    lum_invite_sign_key(&invite, &key);
    lum_invite_psk(&invite, psk);
    lum_invite_wrap(secret, key.public, psk, wrapped);
    lum_join_sign(&key, &invite.space, axt, &sig);
    if (spoilt != 0) {
        wrapped[byte % 48] ^= spoilt;
        sig.b[byte % 64] ^= spoilt;
    }
    bool opens = lum_invite_unwrap(secret, key.public, wrapped, opened_psk);
    LUM_ASSERT(opens == (spoilt == 0));
    LUM_ASSERT(!opens || memcmp(psk, opened_psk, sizeof psk) == 0);
    LUM_ASSERT(lum_join_check(key.public, &invite.space, axt, &sig) == (spoilt == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    switch (input_byte(&in) & 3) {
    case 0:
        text_of(input_rest(&in));
        break;
    case 1:
        edited(&in);
        break;
    case 2:
        from_bytes(input_rest(&in));
        break;
    default:
        opened(&in);
        break;
    }
    return 0;
}
