/*
 * channel.c - see channel.h. Noise itself is in noise.c; here are hints, lengths and records.
 *
 * Invariant: a lane's records < LUM_CHANNEL_REKEY_RECORDS and bytes < LUM_CHANNEL_REKEY_BYTES
 * between calls, and both ends of a direction count the same, since both count plaintexts.
 */
#include "net/channel.h"

#include <string.h>

#include "core/crypto.h"
#include "core/limits.h"
#include "core/pack.h"

enum {
    LENGTH_BYTES = 2,
    HINT_BYTES = 8,
    FIRST_BODY = LUM_CHANNEL_FIRST_BYTES - LENGTH_BYTES,
    SECOND_BODY = LUM_CHANNEL_SECOND_BYTES - LENGTH_BYTES,
};
_Static_assert(FIRST_BODY == HINT_BYTES + LUM_NOISE_E + LUM_NOISE_TAG, "layout of message 1");
_Static_assert(SECOND_BODY == LUM_NOISE_E + LUM_NOISE_TAG, "layout of message 2");
_Static_assert(LUM_CHANNEL_PLAIN_MAX + LUM_NOISE_TAG == LUM_RECORD_MAX, "Noise, section 3");

static const struct lum_bytes NO_PAYLOAD = {(const uint8_t *)"", 0};

/* What became of the record at the front of the stream. */
enum step {
    STEP_TAKEN,
    STEP_WAIT, /* not all there, or no room for its plaintext: nothing has changed */
    STEP_BAD,
};

/* What a turn of feed works with besides the channel. */
struct feed {
    const struct lum_entry *entries;
    size_t entry_count;
    struct lum_buf *plain;
    struct lum_buf *out;
};

/* ---- the handshake ---- */

static void hint_of(const struct lum_entry *entry, const uint8_t e[LUM_NOISE_E],
                    uint8_t out[HINT_BYTES])
{
    lum_put_u64(out, lum_siphash(entry->keys.hint, lum_bytes_of(e, LUM_NOISE_E)));
}

static void begin(struct lum_channel *channel, const struct lum_entry *entry,
                  const uint8_t hint[HINT_BYTES])
{
    uint8_t prologue[9 + 1 + HINT_BYTES];
    memcpy(prologue, "LUMBUNG/1", 9);
    prologue[9] = (uint8_t)entry->kind;
    memcpy(prologue + 10, hint, HINT_BYTES);
    channel->entry = *entry;
    lum_noise_begin(&channel->noise, lum_bytes_of(prologue, sizeof(prologue)), entry->keys.psk);
}

static void open_lanes(struct lum_channel *channel)
{
    struct lum_channel_lane *from_initiator = &channel->receive;
    struct lum_channel_lane *from_responder = &channel->send;
    if (channel->is_initiator) {
        from_initiator = &channel->send;
        from_responder = &channel->receive;
    }
    lum_noise_split(&channel->noise, &from_initiator->cipher, &from_responder->cipher);
    memcpy(channel->hash, channel->noise.h, sizeof(channel->hash));
    lum_wipe(&channel->noise, sizeof(channel->noise));
    lum_wipe(channel->secret, sizeof(channel->secret));
    channel->state = LUM_CHANNEL_OPEN;
}

void lum_channel_dial(struct lum_channel *channel, const struct lum_entry *entry,
                      const uint8_t ephemeral[32], struct lum_buf *out)
{
    memset(channel, 0, sizeof(*channel));
    channel->state = LUM_CHANNEL_SECOND;
    channel->is_initiator = true;
    memcpy(channel->secret, ephemeral, sizeof(channel->secret));

    uint8_t message[LUM_CHANNEL_FIRST_BYTES];
    uint8_t *hint = message + LENGTH_BYTES;
    struct lum_noise_pair e;
    lum_noise_pair_of(ephemeral, &e);
    lum_put_u16(message, FIRST_BODY);
    hint_of(entry, e.public, hint);
    begin(channel, entry, hint);
    lum_noise_write_first(&channel->noise, &e, NO_PAYLOAD, hint + HINT_BYTES);
    lum_buf_put(out, message, sizeof(message));
    lum_wipe(&e, sizeof(e));
}

void lum_channel_answer(struct lum_channel *channel, const uint8_t ephemeral[32])
{
    memset(channel, 0, sizeof(*channel));
    channel->state = LUM_CHANNEL_FIRST;
    memcpy(channel->secret, ephemeral, sizeof(channel->secret));
}

/* Cheapest first: SipHash for every key, one AEAD for a key whose hint fits. */
static bool find_entry(struct lum_channel *channel, struct lum_bytes body,
                       const struct feed *feed)
{
    const uint8_t *e = body.at + HINT_BYTES;
    for (size_t i = 0; i < feed->entry_count; i++) {
        uint8_t hint[HINT_BYTES];
        uint8_t no_payload[1];
        hint_of(&feed->entries[i], e, hint);
        if (!lum_equal_secret(hint, body.at, HINT_BYTES)) {
            continue;
        }
        begin(channel, &feed->entries[i], hint);
        struct lum_bytes message = {e, body.len - HINT_BYTES};
        if (lum_noise_read_first(&channel->noise, message, no_payload)) {
            return true;
        }
    }
    return false;
}

/* A key pair and a DH are made only after the caller has proved that it knows a key. */
static enum step hear_first(struct lum_channel *channel, struct lum_bytes body,
                            const struct feed *feed)
{
    if (!find_entry(channel, body, feed)) {
        return STEP_BAD;
    }
    uint8_t message[LUM_CHANNEL_SECOND_BYTES];
    struct lum_noise_pair e;
    lum_noise_pair_of(channel->secret, &e);
    lum_put_u16(message, SECOND_BODY);
    bool is_good =
        lum_noise_write_second(&channel->noise, &e, NO_PAYLOAD, message + LENGTH_BYTES);
    lum_wipe(&e, sizeof(e));
    if (!is_good) {
        return STEP_BAD;
    }
    lum_buf_put(feed->out, message, sizeof(message));
    open_lanes(channel);
    return STEP_TAKEN;
}

static enum step hear_second(struct lum_channel *channel, struct lum_bytes body)
{
    uint8_t no_payload[1];
    struct lum_noise_pair e;
    lum_noise_pair_of(channel->secret, &e);
    bool is_good = lum_noise_read_second(&channel->noise, &e, body, no_payload);
    lum_wipe(&e, sizeof(e));
    if (!is_good) {
        return STEP_BAD;
    }
    open_lanes(channel);
    return STEP_TAKEN;
}

/* ---- records ---- */

static void count_record(struct lum_channel_lane *lane, size_t plain_len)
{
    lane->records += 1;
    lane->bytes += plain_len;
    if (lane->records >= LUM_CHANNEL_REKEY_RECORDS || lane->bytes >= LUM_CHANNEL_REKEY_BYTES) {
        lum_noise_rekey(&lane->cipher);
        lane->records = 0;
        lane->bytes = 0;
    }
}

static enum step open_record(struct lum_channel_lane *lane, struct lum_bytes body,
                             struct lum_buf *plain)
{
    size_t plain_len = body.len - LUM_NOISE_TAG;
    size_t before = plain->len;
    if (plain_len > plain->max - plain->len) {
        return STEP_WAIT;
    }
    uint8_t *to = lum_buf_extend(plain, plain_len);
    if (to == NULL) {
        return STEP_WAIT;
    }
    if (!lum_noise_decrypt(&lane->cipher, body, to)) {
        plain->len = before;
        return STEP_BAD;
    }
    count_record(lane, plain_len);
    return STEP_TAKEN;
}

void lum_channel_seal(struct lum_channel *channel, struct lum_bytes plain, struct lum_buf *out)
{
    LUM_ASSERT(channel->state == LUM_CHANNEL_OPEN);
    size_t done = 0;
    while (done < plain.len) {
        size_t left = plain.len - done;
        size_t piece = left < LUM_CHANNEL_PLAIN_MAX ? left : LUM_CHANNEL_PLAIN_MAX;
        uint8_t *record = lum_buf_extend(out, LENGTH_BYTES + piece + LUM_NOISE_TAG);
        if (record == NULL) {
            return;
        }
        lum_put_u16(record, (uint16_t)(piece + LUM_NOISE_TAG));
        lum_noise_encrypt(&channel->send.cipher, (struct lum_bytes){plain.at + done, piece},
                          record + LENGTH_BYTES);
        count_record(&channel->send, piece);
        done += piece;
    }
}

/* ---- the stream ---- */

/* Handshake messages have one length; another one is told before the rest of it is waited for. */
static bool fits_state(enum lum_channel_state state, size_t body_len)
{
    switch (state) {
    case LUM_CHANNEL_FIRST:
        return body_len == FIRST_BODY;
    case LUM_CHANNEL_SECOND:
        return body_len == SECOND_BODY;
    case LUM_CHANNEL_OPEN:
        return body_len >= LUM_NOISE_TAG;
    case LUM_CHANNEL_DEAF:
        break;
    }
    return false;
}

static enum step take(struct lum_channel *channel, struct lum_bytes body, const struct feed *feed)
{
    switch (channel->state) {
    case LUM_CHANNEL_FIRST:
        return hear_first(channel, body, feed);
    case LUM_CHANNEL_SECOND:
        return hear_second(channel, body);
    case LUM_CHANNEL_OPEN:
        return open_record(&channel->receive, body, feed->plain);
    case LUM_CHANNEL_DEAF:
        break;
    }
    return STEP_BAD;
}

/* The record at the front of stream; *size is what it takes there. */
static enum step take_front(struct lum_channel *channel, struct lum_bytes stream,
                            const struct feed *feed, size_t *size)
{
    if (stream.len < LENGTH_BYTES) {
        return STEP_WAIT;
    }
    struct lum_bytes body = {stream.at + LENGTH_BYTES, lum_get_u16(stream.at)};
    if (!fits_state(channel->state, body.len)) {
        return STEP_BAD;
    }
    if (stream.len - LENGTH_BYTES < body.len) {
        return STEP_WAIT;
    }
    *size = LENGTH_BYTES + body.len;
    return take(channel, body, feed);
}

enum lum_fault lum_channel_feed(struct lum_channel *channel, struct lum_buf *in,
                                const struct lum_entry *entries, size_t entry_count,
                                struct lum_buf *plain, struct lum_buf *out)
{
    const struct feed feed = {entries, entry_count, plain, out};
    struct lum_bytes stream = lum_buf_bytes(in);
    size_t size = 0;
    enum lum_fault fault = LUM_FAULT_NONE;
    enum step step = STEP_TAKEN;
    while (channel->state != LUM_CHANNEL_DEAF && step == STEP_TAKEN) {
        step = take_front(channel, stream, &feed, &size);
        if (step == STEP_TAKEN) {
            stream = (struct lum_bytes){stream.at + size, stream.len - size};
        }
    }
    if (step == STEP_BAD) {
        fault = channel->state == LUM_CHANNEL_FIRST ? LUM_FAULT_NONE : LUM_FAULT_CIPHER;
        lum_channel_wipe(channel);
    }
    if (channel->state == LUM_CHANNEL_DEAF) {
        channel->discarded += stream.len;
        stream.len = 0;
    }
    lum_buf_drop(in, in->len - stream.len);
    return fault;
}

void lum_channel_wipe(struct lum_channel *channel)
{
    uint64_t discarded = channel->discarded;
    bool is_initiator = channel->is_initiator;
    lum_wipe(channel, sizeof(*channel));
    channel->state = LUM_CHANNEL_DEAF;
    channel->is_initiator = is_initiator;
    channel->discarded = discarded;
}

