/*
 * fields.h - the words field=text and field:=JSON as the canonical map of a record's fields.
 *
 * Names go into Normalisation Form C. field:=null unsets. Refused: a word without "=" (bad_usage),
 * a name that no field can have or that is there twice (bad_field), JSON that is none (bad_json), a
 * value that no record can hold (bad_value, value_too_long), text that is not UTF-8 (bad_encoding).
 */
#ifndef LUM_CLI_FIELDS_H
#define LUM_CLI_FIELDS_H

#include "cli/text.h"
#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

LUM_MUST_USE enum lum_status lum_fields_of_words(char *const *words, int count,
                                                 enum lum_lang lang, struct lum_buf *out,
                                                 struct lum_error *err);
/* One value from JSON text, for --value; name is what messages call it. */
LUM_MUST_USE enum lum_status lum_fields_value(const char *name, const char *json,
                                              enum lum_lang lang, struct lum_buf *out,
                                              struct lum_error *err);

#endif
