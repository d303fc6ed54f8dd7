/*
 * frame.h - messages in a byte stream, the same on sockets and on the control socket. Pure.
 *
 *   frame = type u8 | length, unsigned LEB128 in its shortest form, at most 4 bytes | body
 */
#ifndef LUM_NET_FRAME_H
#define LUM_NET_FRAME_H

#include "core/lum.h"
#include "core/mem.h"

enum {
    LUM_FRAME_BODY_MAX = (1 << 28) - 1, /* what 4 bytes of LEB128 can say */
};

/* Appends one frame, whole or, when there is no room for it, nothing; body is at most
 * LUM_FRAME_BODY_MAX bytes. */
void lum_frame_put(struct lum_buf *out, uint8_t type, struct lum_bytes body);

struct lum_frame {
    uint8_t type;
    struct lum_bytes body; /* borrowed from the stream until it is dropped or appended to */
    size_t size;           /* of the whole frame */
};

/*
 * Looks at the front of a stream. OK and *out, AGAIN while the frame is not all there, FAULT
 * with *fault when the length is not in its shortest form (NOT_CANONICAL), or over max or longer
 * than 4 bytes (OVER_LIMIT). A bad length is told as soon as its bytes are there.
 */
LUM_MUST_USE enum lum_status lum_frame_peek(struct lum_bytes stream, size_t max,
                                            struct lum_frame *out, enum lum_fault *fault);

#endif
