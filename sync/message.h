/*
 * message.h - everything two nodes can say to each other, on one page.
 *
 * A message is a type and a body; net/frame.h puts the length between them. A body is canonical
 * msgpack, value after value, their number fixed by the type; what is marked `rest` is raw and goes
 * to the body's end. Byte by byte, with a worked meeting: docs/protocol.md.
 *
 *    1 AUTH     [min, max, features, dictionary, g | nil, wall ms, T 32] | signature 64
 *    2 GENESIS  the genesis document                                       first contact only
 *    3 WELCOME  g | K 32                                                   first contact only
 *    4 FRONT    mode | shown shelves | covered shelves | digests | (name | seq | tag) ...
 *    6 INTRO    my number | log8 8         or  my number | A 32 | incarnation 8 | shelf
 *    7 SEG      my number | first seq | plain length, 0 = not packed | seals 64 each | rest: run
 *    8 TAIL     my number | first seq | rest: run, seal 64
 *    9 HAVE     (your number | seq) ...
 *   10 HOLD     nothing
 *   11 PROOF    as SEG
 *   15 BYE      reason
 *   16 ADDRESS  port
 *   17 BUNCH    seals 64 each | (my number | first seq | length) for each | rest: runs, packed
 *
 * 5 MORE, 12 ISLAND, 13 CREDIT and 14 RECEIPT are numbers for later versions: heard in this one
 * they are a fault, like every other number.
 *
 * Numbers: each side counts the logs it names, from 0, in the order of its FRONT entries and
 * INTROs. "My" number is the speaker's, "your" number the listener's. A number once given keeps
 * its log for the whole session, so an answer that crosses a new FRONT still means what it meant.
 */
#ifndef LUM_SYNC_MESSAGE_H
#define LUM_SYNC_MESSAGE_H

#include "core/crypto.h"
#include "core/event.h"
#include "core/limits.h"
#include "core/run.h"

enum lum_message_type {
    LUM_MESSAGE_AUTH = 1,
    LUM_MESSAGE_GENESIS = 2,
    LUM_MESSAGE_WELCOME = 3,
    LUM_MESSAGE_FRONT = 4,
    LUM_MESSAGE_INTRO = 6,
    LUM_MESSAGE_SEG = 7,
    LUM_MESSAGE_TAIL = 8,
    LUM_MESSAGE_HAVE = 9,
    LUM_MESSAGE_HOLD = 10,
    LUM_MESSAGE_PROOF = 11,
    LUM_MESSAGE_BYE = 15,
    LUM_MESSAGE_ADDRESS = 16,
    LUM_MESSAGE_BUNCH = 17,
    LUM_MESSAGE_TYPES, /* one more than the last */
};

enum {
    LUM_PROTOCOL = 1,                                   /* of this house: the only one it speaks */
    LUM_MESSAGE_SEALS_MAX = LUM_BLOCK_SEGMENTS_MAX + 1, /* and one over an open end */
    /* Numbers one side may give: what all their claims may cost stays under 1 MiB. */
    LUM_NUMBERS_MAX = LUM_FRONT_LOGS_MAX + LUM_FRONT_LOGS_MAX / 8,
};

/* Every get below gives a fault, NONE when the body is whole and in its bounds; what it hands out
 * stands as long as the body. Every put appends a body. */

/* ---- AUTH: who speaks; docs/format.md 7 ---- */

struct lum_auth {
    bool has_generation; /* false in first contact */
    uint32_t generation; /* of the space secret */
    uint64_t wall_ms;
    uint8_t t[32];
    struct lum_bytes array; /* the signed bytes; filled by get */
    struct lum_sig sig;     /* filled by get */
};
/* What a signature stands for besides the array. */
struct lum_auth_role {
    bool is_initiator;   /* the speaker */
    const uint8_t *hash; /* handshake hash, 64 bytes */
};
void lum_message_put_auth(struct lum_buf *out, const struct lum_auth *auth,
                          const struct lum_auth_role *role, const struct lum_sign_key *t);
/* AUTH when no version is shared. */
LUM_MUST_USE enum lum_fault lum_message_get_auth(struct lum_bytes body, struct lum_auth *auth);
LUM_MUST_USE bool lum_message_check_auth(const struct lum_auth *auth,
                                         const struct lum_auth_role *role);

/* ---- WELCOME ---- */

struct lum_welcome {
    uint32_t generation;
    uint8_t secret[32];
};
void lum_message_put_welcome(struct lum_buf *out, const struct lum_welcome *welcome);
LUM_MUST_USE enum lum_fault lum_message_get_welcome(struct lum_bytes body,
                                                    struct lum_welcome *welcome);

/* ---- FRONT: what the speaker holds ---- */

enum lum_front_mode {
    LUM_FRONT_DIGESTS = 0, /* no entries */
    LUM_FRONT_VECTOR = 1,  /* an entry for every log of the covered shelves that is not empty */
    LUM_FRONT_ANSWER = 3,  /* to a vector: where I hold less, more or other than you said. Without
                              covered shelves: what I hold of these logs, nothing else changes */
};                         /* 2 is the sketch, later */

struct lum_front {
    enum lum_front_mode mode;
    uint8_t shown;    /* bit i: I show you shelf i */
    uint8_t covered;  /* the shelves the entries speak of */
    uint8_t digested; /* the shelves whose digest is said; one not said is as it was said last */
    uint8_t digests[LUM_SHELVES_MAX][16];
    struct lum_cur entries; /* filled by get, for lum_message_next_entry */
};
/*
 * name  a log8, which gets my next number; or n, my number; or -1 - n, your number
 * seq   how far I hold it. A frozen log stands at its fork point, written as -1 - seq
 * tag   the low 32 bits of SipHash over h(seq) under the first 16 bytes of the handshake hash;
 *       0 when seq is 0 and the log not frozen
 */
enum lum_front_name {
    LUM_BY_LOG8,
    LUM_BY_MINE,
    LUM_BY_YOURS,
};
struct lum_front_entry {
    enum lum_front_name name;
    uint8_t log8[8];
    uint32_t number;
    uint64_t seq;
    bool is_frozen;
    uint32_t tag;
};
void lum_message_put_front(struct lum_buf *out, const struct lum_front *front);
void lum_message_put_entry(struct lum_buf *out, const struct lum_front_entry *entry);
/* Walks all entries once, so that a bad one is known before the first is used. */
LUM_MUST_USE enum lum_fault lum_message_get_front(struct lum_bytes body, struct lum_front *front);
bool lum_message_next_entry(struct lum_front *front, struct lum_front_entry *entry);

/* ---- INTRO: a number for a log ---- */

struct lum_intro {
    uint32_t number;
    bool is_short;   /* log8 alone: the speaker takes it that the listener holds the log */
    uint8_t log8[8]; /* when short */
    struct lum_log_name name;
};
void lum_message_put_intro(struct lum_buf *out, const struct lum_intro *intro);
LUM_MUST_USE enum lum_fault lum_message_get_intro(struct lum_bytes body, struct lum_intro *intro);

/* ---- SEG, TAIL, PROOF: a piece of a log ---- */

struct lum_piece {
    uint32_t number;
    uint64_t first;
    uint32_t plain_len; /* of the packed run; 0: the bytes are the run */
    struct lum_run_seals seals;
    struct lum_bytes bytes;
};
/* SEG and PROOF. */
void lum_message_put_seg(struct lum_buf *out, const struct lum_piece *piece);
LUM_MUST_USE enum lum_fault lum_message_get_seg(struct lum_bytes body, struct lum_piece *piece);
/* TAIL: not packed, exactly one seal. */
void lum_message_put_tail(struct lum_buf *out, const struct lum_piece *piece);
LUM_MUST_USE enum lum_fault lum_message_get_tail(struct lum_bytes body, struct lum_piece *piece);

/* ---- BUNCH: the open ends of several logs, packed together ---- */

enum {
    LUM_BUNCH_MAX = 16,
    LUM_BUNCH_BYTES = 16 * 1024, /* gathered before it is said */
};
/* One run with one seal each, as in a TAIL; the runs stand one after another in a zstd frame. */
struct lum_bunch {
    struct lum_run_seals seals; /* one a run: their count is the bunch's */
    struct lum_bunch_run {
        uint32_t number;
        uint64_t first;
        uint32_t len;
    } runs[LUM_BUNCH_MAX];
    uint32_t plain_len; /* the sum of all lengths; filled by get */
    struct lum_bytes packed;
};
void lum_message_put_bunch(struct lum_buf *out, const struct lum_bunch *bunch);
LUM_MUST_USE enum lum_fault lum_message_get_bunch(struct lum_bytes body, struct lum_bunch *bunch);

/* ---- HAVE: what the speaker holds durably of what it was sent ---- */

struct lum_have {
    uint32_t number; /* the listener's */
    uint64_t seq;
};
void lum_message_put_have(struct lum_buf *out, const struct lum_have *have); /* once a log */
/* Checks the whole body; at least one. */
LUM_MUST_USE enum lum_fault lum_message_get_haves(struct lum_bytes body, struct lum_cur *haves);
bool lum_message_next_have(struct lum_cur *haves, struct lum_have *have);

/* ---- BYE, ADDRESS, HOLD ---- */

enum lum_bye {
    LUM_BYE_DONE = 0,     /* nothing is left to say */
    LUM_BYE_WAITING = 1,  /* your device waits for a steward's approval */
    LUM_BYE_STOPPING = 2, /* this node goes to sleep */
    LUM_BYE_EXPIRED = 3,  /* your invite no longer opens this door */
    LUM_BYE_NO_ROOM = 4,  /* this node's disk is full: nothing of what you sent last is kept */
};
/* An unknown reason is read as DONE: all of them end the meeting alike. */
void lum_message_put_bye(struct lum_buf *out, enum lum_bye reason);
LUM_MUST_USE enum lum_fault lum_message_get_bye(struct lum_bytes body, enum lum_bye *reason);
void lum_message_put_address(struct lum_buf *out, uint16_t port);
LUM_MUST_USE enum lum_fault lum_message_get_address(struct lum_bytes body, uint16_t *port);
LUM_MUST_USE enum lum_fault lum_message_get_nothing(struct lum_bytes body);

#endif
