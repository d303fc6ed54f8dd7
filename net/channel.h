/*
 * channel.h - an encrypted pipe between two nodes: Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b. Pure.
 *
 *   -> psk, e        length 2 | hint 8 | e 32 | tag 16             58 bytes
 *   <- e, ee         length 2 | e 32 | tag 16                      50 bytes
 *   then records     length 2 | ciphertext and tag, 16 to 65,535
 *
 * The pre-shared key says why we may talk (space secret, invite); identities are proved inside, by
 * AUTH (sync/message.h), over the handshake hash. hint = SipHash(hint key, e), big-endian, lets the
 * responder find the key; no static key is ever on the wire, and a stranger gets silence: after a
 * first message that fits no key the channel is `deaf`, says nothing, and only counts bytes.
 * Prologue: "LUMBUNG/1" | kind u8 | hint 8. Lengths are big-endian. Rekey (Noise 11.3) after every
 * 65,536 records or 1 GiB of plaintext in a direction, by count, unsignalled.
 *
 *   dial ----> SECOND --second message--> OPEN <--first message-- FIRST <---- answer
 *                 |                         |                       |
 *                 +--- does not decrypt ----+---- fits no key ------+---> DEAF
 */
#ifndef LUM_NET_CHANNEL_H
#define LUM_NET_CHANNEL_H

#include "core/keys.h"
#include "core/lum.h"
#include "core/mem.h"
#include "net/noise.h"

enum {
    LUM_CHANNEL_FIRST_BYTES = 58,
    LUM_CHANNEL_SECOND_BYTES = 50,
    LUM_CHANNEL_PLAIN_MAX = 65535 - LUM_NOISE_TAG, /* plaintext of one record */
    LUM_CHANNEL_REKEY_RECORDS = 65536,
    LUM_CHANNEL_REKEY_BYTES = 1024 * 1024 * 1024,
};

enum lum_entry_kind {
    LUM_ENTRY_SPACE = 0,  /* keys of a generation of the space secret */
    LUM_ENTRY_INVITE = 1, /* keys of an invite: first contact */
};

/* One key that would let a caller in; `tag` is the owner's own number for it. */
struct lum_entry {
    enum lum_entry_kind kind;
    struct lum_entry_keys keys;
    uint32_t tag;
};

enum lum_channel_state {
    LUM_CHANNEL_FIRST,  /* responder: waits for the first message */
    LUM_CHANNEL_SECOND, /* initiator: waits for the second */
    LUM_CHANNEL_OPEN,
    LUM_CHANNEL_DEAF, /* fits no key, or a record failed: nothing more goes out or in */
};

/* One direction, and what has passed in it since its last rekey. */
struct lum_channel_lane {
    struct lum_noise_cipher cipher;
    uint32_t records;
    uint64_t bytes;
};

struct lum_channel {
    enum lum_channel_state state;
    bool is_initiator;
    struct lum_entry entry;       /* set once it is known */
    uint8_t hash[LUM_NOISE_HASH]; /* handshake hash, from OPEN on: what AUTH signs */
    uint8_t secret[32];           /* ephemeral, until OPEN */
    struct lum_noise noise;       /* until OPEN */
    struct lum_channel_lane send;
    struct lum_channel_lane receive;
    uint64_t discarded; /* bytes read while deaf */
};

/* Initiator: writes the first message to out. `ephemeral` is 32 random bytes. */
void lum_channel_dial(struct lum_channel *channel, const struct lum_entry *entry,
                      const uint8_t ephemeral[32], struct lum_buf *out);
/* Responder: waits for a first message; ephemeral as above. */
void lum_channel_answer(struct lum_channel *channel, const uint8_t ephemeral[32]);

/*
 * Consumes whole records from the front of `in` (dropping them), appends their plaintext to
 * `plain` and what must be answered to `out`. entries: the keys a responder knows, asked only in
 * FIRST. Faults: CIPHER, when the second message or a record does not decrypt; the channel is deaf
 * from then on, and what came before it in `plain` is good. A first message that fits no key is no
 * fault: the channel is deaf and the caller keeps the line open, so that nothing tells why.
 * A record for which `plain` has no room under its ceiling stays in `in` for the next call; so does
 * one for which there is no memory, and then lum_buf_status(plain) says so.
 */
LUM_MUST_USE enum lum_fault lum_channel_feed(struct lum_channel *channel, struct lum_buf *in,
                                             const struct lum_entry *entries, size_t entry_count,
                                             struct lum_buf *plain, struct lum_buf *out);

/*
 * Encrypts plain as one or several records appended to out; nothing when plain is empty. State must
 * be OPEN. When `out` turns broken (lum_buf_status) the channel is of no more use.
 */
void lum_channel_seal(struct lum_channel *channel, struct lum_bytes plain, struct lum_buf *out);
/* Forgets every key; state is DEAF. */
void lum_channel_wipe(struct lum_channel *channel);

#endif
