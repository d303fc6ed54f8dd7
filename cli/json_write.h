/*
 * json_write.h - canonical msgpack as JSON text.
 *
 * bin is lower-case hex in a string, an array an array (so tagged values come back in as they went
 * out), a real always has a point or an exponent; what JSON cannot say (NaN, infinity) is null.
 * Control characters, C1 included, are escaped, so that a terminal only shows them.
 */
#ifndef LUM_CLI_JSON_WRITE_H
#define LUM_CLI_JSON_WRITE_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/pack.h"

/* Appends one value as JSON without blanks; what is not canonical in pack becomes null or empty. */
void lum_json_write(struct lum_bytes pack, struct lum_buf *out);
/* The same for the value at a cursor, which moves behind it. */
void lum_json_write_next(struct lum_cur *cur, struct lum_buf *out);
/* "text" with its quotation marks. */
void lum_json_write_text(struct lum_bytes text, struct lum_buf *out);

#endif
