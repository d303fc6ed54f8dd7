/*
 * squeeze.h - the door to zstd: blocks of segments, packed small.
 *
 * A block names its dictionary by one byte; 0 = none is all there is. Its plain size is declared
 * outside it, at most LUM_BLOCK_PLAIN_MAX, and checked before a byte is unpacked. The packed bytes
 * are one zstd frame (RFC 8878) whose magic number is left out and whose frame header descriptor is
 * 0: no content size, no checksum, no dictionary id. Everything else is refused. Contexts are made
 * when first needed and kept (one of each kind a caller), so packing allocates nothing once warm.
 */
#ifndef LUM_CORE_SQUEEZE_H
#define LUM_CORE_SQUEEZE_H

#include "core/lum.h"
#include "core/mem.h"

struct lum_squeezer; /* opaque: a compressor and a decompressor; one thread at a time */

LUM_MUST_USE enum lum_status lum_squeezer_open(struct lum_squeezer **out);
void lum_squeezer_close(struct lum_squeezer *squeezer); /* NULL is fine */

/* Appends the packed bytes to out, which must have room for plain.len and a little more (the worst
 * case; else LIMIT). level: 3 while people wait, 5 for what is kept, 9 and more when compacting. */
LUM_MUST_USE enum lum_status lum_squeeze(struct lum_squeezer *squeezer, struct lum_bytes plain,
                                         int level, struct lum_buf *out);
/* Replaces out's content by exactly plain_len bytes. Anything else is LUM_FAULT_SQUEEZE (status
 * FAULT, and out is empty); NO_MEMORY stays NO_MEMORY, LIMIT says that out has a lower ceiling. */
LUM_MUST_USE enum lum_status lum_unsqueeze(struct lum_squeezer *squeezer, struct lum_bytes packed,
                                           size_t plain_len, struct lum_buf *out);

#endif
