/*
 * utf8.h - what readers ask of text: well formed, and without control characters.
 *
 * Readers never ask for normalisation (core/text.h): tables of Unicode change, these rules do not.
 */
#ifndef LUM_CORE_UTF8_H
#define LUM_CORE_UTF8_H

#include "core/lum.h"

/* UTF-8 well formed (RFC 3629: no surrogates, no overlong forms, <= U+10FFFF). */
bool lum_utf8_valid(struct lum_bytes text);
/* Has a C0, DEL or C1 control character (text is valid UTF-8). */
bool lum_utf8_has_control(struct lum_bytes text);

#endif
