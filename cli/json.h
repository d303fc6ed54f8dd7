/*
 * json.h - the door to jansson: JSON in becomes canonical msgpack.
 *
 * docs/format.md 4: a number without fraction and exponent that fits int64 is an int, any other
 * number a real; names of members go into Normalisation Form C and canonical order. A name that is
 * there twice, more than LUM_DEPTH_MAX levels or LUM_ELEMENTS_MAX elements, a number beyond a
 * double and zero characters are refused. The way out is json_write.h.
 */
#ifndef LUM_CLI_JSON_H
#define LUM_CLI_JSON_H

#include "cli/lines.h"
#include "cli/text.h"
#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

/*
 * One JSON value of any type. INVALID: bad_json or bad_encoding, {1} = name:row:column counted from
 * the start of the text, {2} what is wrong, in lang; NO_MEMORY; LIMIT when out is at its ceiling
 * (then err is not filled). On failure out holds what it held.
 */
LUM_MUST_USE enum lum_status lum_json_read(struct lum_bytes text, const char *name,
                                           enum lum_lang lang, struct lum_buf *out,
                                           struct lum_error *err);
/*
 * The next line of NDJSON that is not blank: one object, appended to out as a map. NOT_FOUND at the
 * end, else as above (with the line's place in the file) and as lum_lines_next.
 */
LUM_MUST_USE enum lum_status lum_json_read_line(struct lum_lines *lines, enum lum_lang lang,
                                                struct lum_buf *out, struct lum_error *err);

#endif
