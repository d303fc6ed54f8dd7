/*
 * text.h - every sentence that a person reads, in English and Indonesian.
 *
 * The sentences stand side by side in three lists, so that one without its translation does not
 * compile; to add one, add one entry:
 *
 *   cli/text.def          TEXT(name, english, indonesian)         LUM_TEXT_name
 *   cli/text_cause.def    what happened, why, what to do, for each cause of core/status.h
 *   cli/text_phrase.def   PHRASE(english, indonesian): words that lower rooms hand up in an error
 *
 * In a sentence {1} {2} {3} stand for its particulars, and {1:record|records} for the first word
 * when {1} is "1" and for the second otherwise (Indonesian needs none).
 */
#ifndef LUM_CLI_TEXT_H
#define LUM_CLI_TEXT_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

enum lum_lang {
    LUM_LANG_EN,
    LUM_LANG_ID,
    LUM_LANGS,
};

enum lum_text_id {
#define TEXT(name, english, indonesian) LUM_TEXT_##name,
#include "cli/text.def"
#undef TEXT
    LUM_TEXTS,
};

/* The three things an error says. */
enum lum_cause_part {
    LUM_CAUSE_WHAT,
    LUM_CAUSE_WHY,
    LUM_CAUSE_DO,
    LUM_CAUSE_PARTS,
};

/*
 * The language of --lang ("id", "en"), or when that is NULL of LC_ALL, LC_MESSAGES and LANG, the
 * first that is not empty; English unless it begins with "id". False when --lang is neither.
 */
LUM_MUST_USE bool lum_text_choose(const char *option, enum lum_lang *out);

/* The sentence as it stands in the list, {1} to {3} and all. */
const char *lum_text_plain(enum lum_lang lang, enum lum_text_id id);
const char *lum_text_of_cause(enum lum_lang lang, enum lum_cause cause, enum lum_cause_part part);
/* A phrase of the list in that language; what the list does not know comes back as it is. */
const char *lum_text_phrase(enum lum_lang lang, const char *english);

/* Appends a sentence with its particulars (NULL = empty) put in, each made safe. */
void lum_text(struct lum_buf *out, enum lum_lang lang, enum lum_text_id id, const char *one,
              const char *two, const char *three);
/* The same for one part of an error; {2} is looked up as a phrase first. */
void lum_text_cause(struct lum_buf *out, enum lum_lang lang, const struct lum_error *error,
                    enum lum_cause_part part);
/* The same for a template of one's own. */
void lum_text_fill(struct lum_buf *out, const char *sentence, const char *const particulars[3]);

/*
 * Appends foreign text so that a terminal only shows it: control characters, those that turn the
 * direction of writing, and bytes that are not UTF-8 become \n, \t, \x1b, \u202e and the like.
 */
void lum_text_safe(struct lum_buf *out, struct lum_bytes text);

/* A zero-terminated copy of what buf holds, cut to room - 1 bytes; buf is freed. */
void lum_text_take(struct lum_buf *buf, char *out, size_t room);

#endif
