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

enum lum_value_tag {
    LUM_VALUE_LIST = 0,
    LUM_VALUE_BLOB = 1,
    LUM_VALUE_LINK = 2,
    LUM_VALUE_GEO = 3,
    LUM_VALUE_DATE = 4,
    LUM_VALUE_MONEY = 5,
    LUM_VALUE_INSTANT = 6,
};

/* Reads one value at the cursor and gives its bytes. Anything but the forms above fails TYPE, more
 * than LUM_VALUE_MAX bytes OVER_LIMIT. */
struct lum_bytes lum_value_read(struct lum_cur *cur);

bool lum_value_is_nil(struct lum_bytes value);
/*
 * Order for `find`, of two checked values: by type (nil, bool, number, text, bytes, tagged),
 * numbers by value whether int or real (NaN last), text and bytes by content, tagged values by tag
 * and then element by element. <0, 0, >0.
 */
int lum_value_compare(struct lum_bytes a, struct lum_bytes b);

/* Appends the text of a value as it stands in a key: NFC, trimmed. INVALID, with nothing appended,
 * when it is no text and no int, has a control character, or nothing is left of it; LIMIT when it
 * is over LUM_KEY_MAX. Several parts of a key are joined by LUM_KEY_JOINT. */
#define LUM_KEY_JOINT 0x1f
LUM_MUST_USE enum lum_status lum_key_text(struct lum_bytes value, struct lum_buf *out);

/* As a reader checks them; text is valid UTF-8 already. */
bool lum_key_is_valid(struct lum_bytes key);         /* 1..LUM_KEY_MAX, no controls but the joint */
bool lum_field_is_valid(struct lum_bytes field);     /* 1..LUM_FIELD_MAX, no controls */
bool lum_collection_is_valid(struct lum_bytes name); /* [a-z_][a-z0-9_-]{0,31} */

#endif
