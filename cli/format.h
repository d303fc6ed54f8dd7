/*
 * format.h - numbers, sizes, times and ids as people write them, appended to a buffer.
 *
 * Indonesian groups digits by a point and has a comma before decimals; English the other way
 * round. Times are milliseconds since 1970; what people see is in the machine's time zone, what
 * programs see (lum_format_iso) is UTC.
 */
#ifndef LUM_CLI_FORMAT_H
#define LUM_CLI_FORMAT_H

#include "cli/text.h"
#include "core/lum.h"
#include "core/mem.h"

void lum_format_number(struct lum_buf *out, enum lum_lang lang, uint64_t number); /* 1,268 */
/* 512 B, 4.8 kB, 412 MB: powers of 1,000, two figures at least. */
void lum_format_size(struct lum_buf *out, enum lum_lang lang, uint64_t bytes);
void lum_format_clock(struct lum_buf *out, uint64_t seconds); /* 0:03, 12:40, 1:02:03 */
void lum_format_seconds(struct lum_buf *out, enum lum_lang lang, uint64_t ms); /* 0.8 s */
void lum_format_time(struct lum_buf *out, enum lum_lang lang,
                     uint64_t wall_ms); /* 24 Nov 2026 10:42 */
/* "just now" under a minute either way, else minutes, hours or days ago or ahead. */
void lum_format_ago(struct lum_buf *out, enum lum_lang lang, uint64_t wall_ms, uint64_t now_ms);
void lum_format_iso(struct lum_buf *out, uint64_t wall_ms); /* 2026-11-24T10:42:00.123Z */
/* The first `digits` hex digits of bytes, or all when there are fewer. */
void lum_format_hex(struct lum_buf *out, struct lum_bytes bytes, size_t digits);

#endif
