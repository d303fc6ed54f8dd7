/*
 * reply.c - answers as frames. The map under construction lies in `pairs` as key, value, key,
 * value; sorting moves only the offsets.
 */
#include "net/reply.h"

#include <string.h>

#include "core/utf8.h"
#include "net/frame.h"

enum {
    PAIRS_BYTES_MAX = 1024 * 1024, /* of one row */
};

void lum_reply_init(struct lum_reply *reply, struct lum_buf *out)
{
    reply->out = out;
    reply->pair_count = 0;
    lum_buf_init(&reply->pairs, PAIRS_BYTES_MAX);
    lum_buf_init(&reply->scratch, PAIRS_BYTES_MAX);
}

void lum_reply_fini(struct lum_reply *reply)
{
    lum_buf_fini(&reply->pairs);
    lum_buf_fini(&reply->scratch);
}

struct lum_buf *lum_reply_value(struct lum_reply *reply, const char *key)
{
    LUM_ASSERT(reply->pair_count < LUM_COUNT(reply->pair_at));
    reply->pair_at[reply->pair_count++] = (uint32_t)reply->pairs.len;
    lum_pack_cstr(&reply->pairs, key);
    return &reply->pairs;
}

void lum_reply_text(struct lum_reply *reply, const char *key, struct lum_bytes text)
{
    lum_pack_str(lum_reply_value(reply, key), text);
}

void lum_reply_cstr(struct lum_reply *reply, const char *key, const char *text)
{
    lum_pack_cstr(lum_reply_value(reply, key), text);
}

void lum_reply_uint(struct lum_reply *reply, const char *key, uint64_t value)
{
    lum_pack_uint(lum_reply_value(reply, key), value);
}

void lum_reply_int(struct lum_reply *reply, const char *key, int64_t value)
{
    lum_pack_int(lum_reply_value(reply, key), value);
}

void lum_reply_real(struct lum_reply *reply, const char *key, double value)
{
    lum_pack_real(lum_reply_value(reply, key), value);
}

void lum_reply_bool(struct lum_reply *reply, const char *key, bool value)
{
    lum_pack_bool(lum_reply_value(reply, key), value);
}

void lum_reply_nil(struct lum_reply *reply, const char *key)
{
    lum_pack_nil(lum_reply_value(reply, key));
}

void lum_reply_hex(struct lum_reply *reply, const char *key, const void *at, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = (const uint8_t *)at;
    uint8_t *hex;

    lum_buf_reset(&reply->scratch);
    hex = lum_buf_extend(&reply->scratch, 2 * len);
    if (hex == NULL) {
        reply->pairs.broken = true;
        return;
    }
    for (size_t i = 0; i < len; i++) {
        hex[2 * i] = (uint8_t)digits[bytes[i] >> 4];
        hex[2 * i + 1] = (uint8_t)digits[bytes[i] & 15];
    }
    lum_pack_str(lum_reply_value(reply, key), lum_bytes_of(hex, 2 * len));
}

/* The pair that begins at an offset: its key, and where it ends (the next pair or the end). */
static struct lum_bytes pair_key(const struct lum_reply *reply, uint32_t offset)
{
    struct lum_cur cur =
        lum_cur_over(lum_bytes_of(reply->pairs.at + offset, reply->pairs.len - offset));
    return lum_cur_str(&cur, reply->pairs.len);
}

static size_t pair_end(const struct lum_reply *reply, uint32_t i)
{
    return i + 1 < reply->pair_count ? reply->pair_at[i + 1] : reply->pairs.len;
}

/* Insertion sort of pair indices by key: a row has a dozen of them. */
static void sort_pairs(const struct lum_reply *reply, uint32_t *order)
{
    for (uint32_t i = 0; i < reply->pair_count; i++) {
        struct lum_bytes key = pair_key(reply, reply->pair_at[i]);
        uint32_t j = i;
        while (j > 0 && lum_bytes_compare(pair_key(reply, reply->pair_at[order[j - 1]]), key) > 0) {
            order[j] = order[j - 1];
            j--;
        }
        order[j] = i;
    }
}

/* The sorted map in scratch; false when it found no room. */
static bool gather_map(struct lum_reply *reply)
{
    uint32_t order[LUM_COUNT(reply->pair_at)];

    lum_buf_reset(&reply->scratch);
    lum_pack_map(&reply->scratch, reply->pair_count);
    if (!reply->pairs.broken) {
        sort_pairs(reply, order);
        for (uint32_t i = 0; i < reply->pair_count; i++) {
            uint32_t at = reply->pair_at[order[i]];
            lum_buf_put(&reply->scratch, reply->pairs.at + at, pair_end(reply, order[i]) - at);
        }
    }
    return !reply->pairs.broken && !reply->scratch.broken;
}

static void next_map(struct lum_reply *reply)
{
    reply->pair_count = 0;
    lum_buf_reset(&reply->pairs);
}

void lum_reply_end(struct lum_reply *reply, enum lum_reply_frame type)
{
    if (gather_map(reply)) {
        lum_frame_put(reply->out, (uint8_t)type, lum_buf_bytes(&reply->scratch));
    } else {
        reply->out->broken = true;
    }
    next_map(reply);
}

void lum_reply_map(struct lum_reply *reply, struct lum_buf *out)
{
    if (gather_map(reply)) {
        lum_pack_raw(out, lum_buf_bytes(&reply->scratch));
    } else {
        out->broken = true;
    }
    next_map(reply);
}

void lum_reply_progress(struct lum_reply *reply, uint64_t done, uint64_t total)
{
    lum_buf_reset(&reply->scratch);
    lum_pack_uint(&reply->scratch, done);
    lum_pack_uint(&reply->scratch, total);
    lum_frame_put(reply->out, LUM_FRAME_PROGRESS, lum_buf_bytes(&reply->scratch));
}

/* Particulars may hold anything, a path in some old encoding too: what is no UTF-8 becomes '?'. */
static void tell_clean(struct lum_reply *reply, const char *key, const char *text)
{
    char clean[sizeof(((struct lum_error *)0)->one)];
    size_t len = strlen(text);

    LUM_ASSERT(len < sizeof(clean));
    for (size_t at = 0; at < len;) {
        size_t n = 1;
        while (n < 4 && at + n < len && !lum_utf8_valid(lum_bytes_of(text + at, n))) {
            n++;
        }
        if (lum_utf8_valid(lum_bytes_of(text + at, n))) {
            memcpy(clean + at, text + at, n);
        } else {
            n = 1;
            clean[at] = '?';
        }
        at += n;
    }
    lum_reply_text(reply, key, lum_bytes_of(clean, len));
}

void lum_reply_error(struct lum_reply *reply, const struct lum_error *err)
{
    next_map(reply);
    lum_reply_cstr(reply, "code", lum_cause_name(err->cause));
    tell_clean(reply, "one", err->one);
    tell_clean(reply, "two", err->two);
    lum_reply_end(reply, LUM_FRAME_ERROR);
}
