/*
 * text.h - the door to utf8proc: what writers and people need to know of Unicode.
 *
 * Only writers normalise, on entry; readers compare bytes (core/utf8.h). Nothing that is hashed or
 * merged may depend on these functions, because their tables grow with each release of Unicode.
 */
#ifndef LUM_CORE_TEXT_H
#define LUM_CORE_TEXT_H

#include "core/lum.h"
#include "core/mem.h"

/* Appends `in` in Normalisation Form C. INVALID, with nothing appended, when it is not UTF-8. */
LUM_MUST_USE enum lum_status lum_text_nfc(struct lum_bytes in, struct lum_buf *out);
/* Appends `in` with its case folded, in Form C: two spellings that differ in case only become
 * equal. For searching and sorting. INVALID as above. */
LUM_MUST_USE enum lum_status lum_text_fold(struct lum_bytes in, struct lum_buf *out);
/* Columns `in` takes on a terminal. Control characters take none, each stray byte takes one. */
size_t lum_text_width(struct lum_bytes in);

#endif
