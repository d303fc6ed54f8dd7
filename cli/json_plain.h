/*
 * json_plain.h - nearly every line of NDJSON: one flat object, read without a tree.
 *
 * Plain: at most LUM_JSON_PLAIN_MAX members; names of ASCII, each there once; values that are
 * texts, true, false, null, ints within int64 and reals without an exponent; no escapes. All else,
 * whatever is wrong too, is jansson's to judge (cli/json.c). Both give the same bytes: fuzz_json
 * holds them to it.
 */
#ifndef LUM_CLI_JSON_PLAIN_H
#define LUM_CLI_JSON_PLAIN_H

#include "core/lum.h"
#include "core/mem.h"

enum {
    LUM_JSON_PLAIN_MAX = 64,
};

/* Appends the map, or gives false with nothing appended. text is valid UTF-8. */
LUM_MUST_USE bool lum_json_plain(struct lum_bytes text, struct lum_buf *out);

#endif
