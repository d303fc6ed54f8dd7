/* text.c - see text.h. */
#include "cli/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"

/* ---- the three lists as tables ---- */

static const char *const sentences[LUM_TEXTS][LUM_LANGS] = {
#define TEXT(name, english, indonesian) [LUM_TEXT_##name] = {english, indonesian},
#include "cli/text.def"
#undef TEXT
};

static const char *const causes[][LUM_LANGS][LUM_CAUSE_PARTS] = {
#define CAUSE(name, english, indonesian) [LUM_CAUSE_##name] = {english, indonesian},
#define SAY(what, why, advice)                                                                     \
    {                                                                                              \
        what, why, advice                                                                          \
    }
#include "cli/text_cause.def"
#undef SAY
#undef CAUSE
};

/* Designated entries may be forgotten; their number tells. */
enum {
#define CAUSE(name, english, indonesian) TELLS_##name,
#include "cli/text_cause.def"
#undef CAUSE
    CAUSES_TOLD,
};
enum {
#define X(name, status) HAS_##name,
    LUM_CAUSES(X)
#undef X
    CAUSES,
};
_Static_assert((int)CAUSES_TOLD == (int)CAUSES, "a cause without its sentences");

static const char *const phrases[][LUM_LANGS] = {
#define PHRASE(english, indonesian) {english, indonesian},
#include "cli/text_phrase.def"
#undef PHRASE
};

const char *lum_text_plain(enum lum_lang lang, enum lum_text_id id)
{
    LUM_ASSERT(lang < LUM_LANGS && id < LUM_TEXTS);
    return sentences[id][lang];
}

const char *lum_text_of_cause(enum lum_lang lang, enum lum_cause cause, enum lum_cause_part part)
{
    LUM_ASSERT(lang < LUM_LANGS && cause < LUM_COUNT(causes) && part < LUM_CAUSE_PARTS);
    return causes[cause][lang][part];
}

const char *lum_text_phrase(enum lum_lang lang, const char *english)
{
    for (size_t i = 0; i < LUM_COUNT(phrases); i++) {
        if (strcmp(phrases[i][LUM_LANG_EN], english) == 0) {
            return phrases[i][lang];
        }
    }
    return english;
}

/* ---- which language ---- */

bool lum_text_choose(const char *option, enum lum_lang *out)
{
    static const char *const variables[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    if (option != NULL) {
        *out = strcmp(option, "id") == 0 ? LUM_LANG_ID : LUM_LANG_EN;
        return *out == LUM_LANG_ID || strcmp(option, "en") == 0;
    }
    *out = LUM_LANG_EN;
    for (size_t i = 0; i < LUM_COUNT(variables); i++) {
        const char *value = getenv(variables[i]);
        if (value != NULL && value[0] != '\0') {
            *out = strncmp(value, "id", 2) == 0 ? LUM_LANG_ID : LUM_LANG_EN;
            return true;
        }
    }
    return true;
}

/* ---- foreign text ---- */

static const uint32_t NO_CHARACTER = UINT32_MAX;

/* The character at the front of text and its bytes; NO_CHARACTER and 1 when it is not UTF-8. */
static uint32_t character_at(struct lum_bytes text, size_t *len)
{
    static const uint8_t masks[5] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    for (*len = 1; *len <= 4 && *len <= text.len; *len += 1) {
        if (!lum_utf8_valid((struct lum_bytes){text.at, *len})) {
            continue;
        }
        uint32_t character = text.at[0] & masks[*len];
        for (size_t i = 1; i < *len; i++) {
            character = character << 6 | (text.at[i] & 0x3f);
        }
        return character;
    }
    *len = 1;
    return NO_CHARACTER;
}

static bool turns_direction(uint32_t c)
{
    return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static void put_escape(struct lum_buf *out, uint32_t character, uint8_t byte)
{
    char text[8];
    if (character == '\n' || character == '\r' || character == '\t') {
        const char *letter = character == '\n' ? "\\n" : character == '\r' ? "\\r" : "\\t";
        lum_buf_put(out, letter, 2);
    } else if (character == NO_CHARACTER || character < 0x80) {
        lum_buf_put(out, text, (size_t)snprintf(text, sizeof(text), "\\x%02x", byte));
    } else {
        lum_buf_put(out, text, (size_t)snprintf(text, sizeof(text), "\\u%04x", character & 0xffff));
    }
}

void lum_text_safe(struct lum_buf *out, struct lum_bytes text)
{
    size_t plain_from = 0;
    size_t i = 0;
    while (i < text.len) {
        if (text.at[i] >= 0x20 && text.at[i] < 0x7f) {
            i++;
            continue;
        }
        size_t len = 1;
        uint32_t character = character_at((struct lum_bytes){text.at + i, text.len - i}, &len);
        bool is_control = character < 0x20 || (character >= 0x7f && character < 0xa0);
        if (is_control || character == NO_CHARACTER || turns_direction(character)) {
            lum_buf_put(out, text.at + plain_from, i - plain_from);
            put_escape(out, character, text.at[i]);
            plain_from = i + len;
        }
        i += len;
    }
    lum_buf_put(out, text.at + plain_from, text.len - plain_from);
}

/* ---- sentences with their particulars ---- */

/* Behind "{N": either "}" or ":one|many}". Appends what stands there and gives what follows it. */
static const char *put_particular(struct lum_buf *out, const char *at, const char *particular)
{
    const char *close = strchr(at, '}');
    LUM_ASSERT(close != NULL);
    if (*at != ':') {
        lum_text_safe(out, lum_bytes_of(particular, strlen(particular)));
        return close + 1;
    }
    const char *bar = strchr(at, '|');
    LUM_ASSERT(bar != NULL && bar < close);
    if (strcmp(particular, "1") == 0) {
        lum_buf_put(out, at + 1, (size_t)(bar - at - 1));
    } else {
        lum_buf_put(out, bar + 1, (size_t)(close - bar - 1));
    }
    return close + 1;
}

void lum_text_fill(struct lum_buf *out, const char *sentence, const char *const particulars[3])
{
    const char *at = sentence;
    const char *open = strchr(at, '{');
    while (open != NULL) {
        bool is_particular = open[1] >= '1' && open[1] <= '3';
        lum_buf_put(out, at, (size_t)(open - at) + (is_particular ? 0 : 1));
        at = open + 1;
        if (is_particular) {
            const char *particular = particulars[open[1] - '1'];
            at = put_particular(out, open + 2, particular != NULL ? particular : "");
        }
        open = strchr(at, '{');
    }
    lum_buf_put(out, at, strlen(at));
}

void lum_text(struct lum_buf *out, enum lum_lang lang, enum lum_text_id id, const char *one,
              const char *two, const char *three)
{
    const char *const particulars[3] = {one, two, three};
    lum_text_fill(out, lum_text_plain(lang, id), particulars);
}

void lum_text_cause(struct lum_buf *out, enum lum_lang lang, const struct lum_error *error,
                    enum lum_cause_part part)
{
    const char *const particulars[3] = {error->one, lum_text_phrase(lang, error->two), NULL};
    lum_text_fill(out, lum_text_of_cause(lang, error->cause, part), particulars);
}

void lum_text_take(struct lum_buf *buf, char *out, size_t room)
{
    size_t len = buf->len < room ? buf->len : room - 1;
    if (len > 0) {
        memcpy(out, buf->at, len);
    }
    out[len] = '\0';
    lum_buf_fini(buf);
}
