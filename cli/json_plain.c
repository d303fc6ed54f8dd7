/*
 * json_plain.c - see json_plain.h.
 *
 * Cuts the object into tokens, which are put in order of their names as they come (a dozen, most
 * often), then packs them.
 */
#include "cli/json_plain.h"

#include <string.h>

#include "cli/number.h"
#include "core/pack.h"

struct member {
    struct lum_bytes name;
    struct lum_bytes token; /* of the value; a text with its quotation marks */
};

struct plain {
    const uint8_t *at;
    const uint8_t *end;
    struct member members[LUM_JSON_PLAIN_MAX];
    uint32_t count;
};

/* ---- cutting ---- */

static void skip_blanks(struct plain *plain)
{
    while (plain->at < plain->end &&
           (*plain->at == ' ' || *plain->at == '\t' || *plain->at == '\n' || *plain->at == '\r')) {
        plain->at++;
    }
}

/* The byte, with blanks around it. */
static bool take_byte(struct plain *plain, uint8_t byte)
{
    skip_blanks(plain);
    if (plain->at == plain->end || *plain->at != byte) {
        return false;
    }
    plain->at++;
    skip_blanks(plain);
    return true;
}

/* From mark to mark, of bytes from 0x20 to `last`. */
static bool take_text(struct plain *plain, uint8_t last, struct lum_bytes *token)
{
    const uint8_t *at = plain->at;
    if (at == plain->end || *at != '"') {
        return false;
    }
    do {
        at++;
    } while (at < plain->end && *at != '"' && *at != '\\' && *at >= 0x20 && *at <= last);
    if (at == plain->end || *at != '"') {
        return false;
    }
    at++;
    *token = (struct lum_bytes){plain->at, (size_t)(at - plain->at)};
    plain->at = at;
    return true;
}

/* A number or a word: as far as it goes. Which one it is, if any, is asked when it is packed. */
static bool take_bare(struct plain *plain, struct lum_bytes *token)
{
    const uint8_t *at = plain->at;
    while (at < plain->end && *at != ',' && *at != '}' && *at > ' ') {
        at++;
    }
    *token = (struct lum_bytes){plain->at, (size_t)(at - plain->at)};
    plain->at = at;
    return token->len > 0;
}

static struct lum_bytes inside(struct lum_bytes token)
{
    return (struct lum_bytes){token.at + 1, token.len - 2};
}

/* To its place among the others; false when the name is there already. */
static bool add_member(struct plain *plain, struct member member)
{
    uint32_t i = plain->count;
    int order = -1;
    while (i > 0) {
        order = lum_bytes_compare(plain->members[i - 1].name, member.name);
        if (order <= 0) {
            break;
        }
        plain->members[i] = plain->members[i - 1];
        i--;
    }
    plain->members[i] = member;
    plain->count++;
    return order != 0;
}

static bool take_member(struct plain *plain)
{
    struct member member;
    struct lum_bytes name;
    if (plain->count == LUM_JSON_PLAIN_MAX || !take_text(plain, 0x7f, &name) ||
        !take_byte(plain, ':')) {
        return false;
    }
    member.name = inside(name);
    bool is_text = plain->at < plain->end && *plain->at == '"';
    return (is_text ? take_text(plain, 0xff, &member.token) : take_bare(plain, &member.token)) &&
           add_member(plain, member);
}

static bool cut(struct plain *plain)
{
    if (!take_byte(plain, '{')) {
        return false;
    }
    if (!take_byte(plain, '}')) {
        do {
            if (!take_member(plain)) {
                return false;
            }
        } while (take_byte(plain, ','));
        if (!take_byte(plain, '}')) {
            return false;
        }
    }
    return plain->at == plain->end;
}

/* ---- packing ---- */

static bool is_word(struct lum_bytes token, const char *word)
{
    return token.len == strlen(word) && memcmp(token.at, word, token.len) == 0;
}

static bool pack_value(struct lum_bytes token, struct lum_buf *out)
{
    int64_t whole;
    double real;
    if (token.at[0] == '"') {
        lum_pack_str(out, inside(token));
    } else if (lum_number_to_int(token, &whole)) {
        lum_pack_int(out, whole);
    } else if (lum_number_decimal(token, &real)) {
        lum_pack_real(out, real);
    } else if (is_word(token, "true") || is_word(token, "false")) {
        lum_pack_bool(out, token.at[0] == 't');
    } else if (is_word(token, "null")) {
        lum_pack_nil(out);
    } else {
        return false;
    }
    return true;
}

bool lum_json_plain(struct lum_bytes text, struct lum_buf *out)
{
    struct plain plain;
    size_t before = out->len;
    plain.at = text.at;
    plain.end = text.len > 0 ? text.at + text.len : text.at;
    plain.count = 0;
    bool is_plain = cut(&plain);
    if (is_plain) {
        lum_pack_map(out, plain.count);
    }
    for (uint32_t i = 0; i < plain.count && is_plain; i++) {
        lum_pack_str(out, plain.members[i].name);
        is_plain = pack_value(plain.members[i].token, out);
    }
    out->len = is_plain ? out->len : before;
    return is_plain;
}
