/*
 * frame.c - see frame.h.
 *
 *   2a | 05 | 68 65 6c 6c 6f          type 0x2a, 5 bytes, "hello"
 *   2a | ac 02 | ...                  type 0x2a, 300 bytes: 7 bits a byte, the lowest first
 */
#include "net/frame.h"

#include <string.h>

enum {
    LENGTH_BYTES_MAX = 4,
};

void lum_frame_put(struct lum_buf *out, uint8_t type, struct lum_bytes body)
{
    LUM_ASSERT(body.len <= LUM_FRAME_BODY_MAX);
    uint8_t head[1 + LENGTH_BYTES_MAX] = {type};
    size_t len = 1;
    size_t rest = body.len;
    while (rest >= 0x80) {
        head[len++] = (uint8_t)(0x80 | (rest & 0x7f));
        rest >>= 7;
    }
    head[len++] = (uint8_t)rest;
    uint8_t *at = lum_buf_extend(out, len + body.len);
    if (at == NULL) {
        return;
    }
    memcpy(at, head, len);
    if (body.len > 0) {
        memcpy(at + len, body.at, body.len);
    }
}

/* Reads the length at the front of bytes: OK and how many bytes it took, else as lum_frame_peek. */
static enum lum_status read_length(struct lum_bytes bytes, size_t *length, size_t *taken,
                                   enum lum_fault *fault)
{
    size_t value = 0;
    for (size_t i = 0; i < LENGTH_BYTES_MAX; i++) {
        if (i == bytes.len) {
            return LUM_AGAIN;
        }
        uint8_t byte = bytes.at[i];
        value |= (size_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0) {
            continue;
        }
        if (byte == 0 && i > 0) {
            *fault = LUM_FAULT_NOT_CANONICAL;
            return LUM_FAULT;
        }
        *length = value;
        *taken = i + 1;
        return LUM_OK;
    }
    *fault = LUM_FAULT_OVER_LIMIT;
    return LUM_FAULT;
}

enum lum_status lum_frame_peek(struct lum_bytes stream, size_t max, struct lum_frame *out,
                               enum lum_fault *fault)
{
    if (stream.len == 0) {
        return LUM_AGAIN;
    }
    size_t length = 0;
    size_t taken = 0;
    struct lum_bytes after_type = {stream.at + 1, stream.len - 1};
    enum lum_status status = read_length(after_type, &length, &taken, fault);
    if (status != LUM_OK) {
        return status;
    }
    if (length > max) {
        *fault = LUM_FAULT_OVER_LIMIT;
        return LUM_FAULT;
    }
    if (length > after_type.len - taken) {
        return LUM_AGAIN;
    }
    out->type = stream.at[0];
    out->body = (struct lum_bytes){after_type.at + taken, length};
    out->size = 1 + taken + length;
    return LUM_OK;
}
