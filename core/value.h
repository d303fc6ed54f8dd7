/*
 * value.h - what a cell can hold: canonical msgpack, so that equal means equal bytes.
 *
 *   nil | bool | int | real | str | bin | [0, scalar ..] | [1, hash32, size, mime, name] (blob)
 *   | [2, id16] (link) | [3, lat1e7, lon1e7, acc] (geo) | [4, days] (date)
 *   | [5, currency, minor] (money) | [6, ms] (instant)
 */
#ifndef LUM_CORE_VALUE_H
#define LUM_CORE_VALUE_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/pack.h"

/* Reads one value of a payload at its cursor; anything else than the forms above fails TYPE, over
 * LUM_VALUE_MAX bytes OVER_LIMIT. depth: containers the caller has opened. */
struct lum_bytes lum_value_read(struct lum_cur *cur, unsigned depth);

bool lum_value_is_nil(struct lum_bytes value);
/* Order for `find`: by type (nil, bool, number, text, bytes, tagged), numbers by value whether int
 * or real, text by bytes. <0, 0, >0. */
int lum_value_compare(struct lum_bytes a, struct lum_bytes b);

/* A key of a keyed record, from a value's text: NFC, trimmed, no control characters. INVALID when
 * nothing is left, it is over LUM_KEY_MAX, or it is no text and no int. */
LUM_MUST_USE enum lum_status lum_key_text(struct lum_bytes value, struct lum_buf *out);
bool lum_key_is_valid(struct lum_bytes key);        /* as a reader checks it */
bool lum_field_is_valid(struct lum_bytes field);    /* 1-64 bytes, UTF-8, no control characters */
bool lum_collection_is_valid(struct lum_bytes name); /* [a-z_][a-z0-9_-]{0,31} */

#endif
