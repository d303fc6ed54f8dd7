/*
 * reply.h - how an answer is told: rows, progress, and an end. One vocabulary for every face.
 *
 *   ASK       1   name str | arguments map | further values, as the request says
 *   STOP      2   empty: the asker lost interest
 *   ROW      16   one map
 *   PROGRESS 17   done uint | total uint (0 = unknown)
 *   DONE     18   one map: the summary; the last frame of an answer that went well
 *   ERROR    19   {"code": cause, "one": text, "two": text}; the last frame of one that did not
 *
 * Frames as in net/frame.h; bodies canonical msgpack, so that --json is a one-to-one printing.
 */
#ifndef LUM_NET_REPLY_H
#define LUM_NET_REPLY_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/pack.h"
#include "core/status.h"

enum lum_reply_frame {
    LUM_FRAME_ASK = 1,
    LUM_FRAME_STOP = 2,
    LUM_FRAME_ROW = 16,
    LUM_FRAME_PROGRESS = 17,
    LUM_FRAME_DONE = 18,
    LUM_FRAME_ERROR = 19,
};

/*
 * A map under construction: pairs may be put in any order, lum_reply_end sorts them. Nesting:
 * lum_reply_value gives the buffer to pack any value under a key.
 */
struct lum_reply {
    struct lum_buf *out;  /* frames go here */
    struct lum_buf pairs; /* of the map being built: key and value after one another */
    struct lum_buf scratch;
    uint32_t pair_at[64];
    uint32_t pair_count;
};

void lum_reply_init(struct lum_reply *reply, struct lum_buf *out);
void lum_reply_fini(struct lum_reply *reply);

void lum_reply_text(struct lum_reply *reply, const char *key, struct lum_bytes text);
void lum_reply_cstr(struct lum_reply *reply, const char *key, const char *text);
void lum_reply_uint(struct lum_reply *reply, const char *key, uint64_t value);
void lum_reply_int(struct lum_reply *reply, const char *key, int64_t value);
void lum_reply_real(struct lum_reply *reply, const char *key, double value);
void lum_reply_bool(struct lum_reply *reply, const char *key, bool value);
void lum_reply_nil(struct lum_reply *reply, const char *key);
/* Lower-case hex text of the bytes. */
void lum_reply_hex(struct lum_reply *reply, const char *key, const void *at, size_t len);
/* Exactly one value is packed into the buffer that comes back, before the next call. */
struct lum_buf *lum_reply_value(struct lum_reply *reply, const char *key);
/* Frames the map as ROW or DONE and starts the next one. */
void lum_reply_end(struct lum_reply *reply, enum lum_reply_frame type);
/* Appends the map bare, as a value inside another row, and starts the next one. A reply that makes
 * only such maps needs no frames: its `out` may be NULL. */
void lum_reply_map(struct lum_reply *reply, struct lum_buf *out);

void lum_reply_progress(struct lum_reply *reply, uint64_t done, uint64_t total);
void lum_reply_error(struct lum_reply *reply, const struct lum_error *err);

#endif
