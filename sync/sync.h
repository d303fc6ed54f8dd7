/*
 * sync.h - what to say: all meetings of one space as one sans-I/O state machine.
 *
 *      event in  ->  lum_sync_step  ->  outbox (what must now be done, in order)
 *
 * No clock, no line, no thread, no callback: time comes inside the event, effects leave as values.
 * Three drivers run the same code: net/pump (lines), a sack (files), tests (virtual time). Step
 * reads the store through transactions that begin and end inside the call; it never writes: what a
 * neighbour sent goes out as INGEST and comes back as INGESTED once it is durable.
 *
 * Nothing remembered about a neighbour bears on correctness: a meeting may break at any byte, the
 * next FRONT shows exactly what is missing.
 */
#ifndef LUM_SYNC_SYNC_H
#define LUM_SYNC_SYNC_H

#include "core/ingest.h"
#include "core/keys.h"
#include "core/roster.h"

struct lum_sync;

/* What the machine knows of its own side; replaced whole by lum_sync_know when it changes. All is
 * borrowed until the next lum_sync_know or close. */
struct lum_sync_self {
    struct lum_store *log;           /* read only here */
    const struct lum_roster *roster; /* NULL for a newcomer */
    struct lum_hash space;
    struct lum_sign_key node; /* T; of a newcomer only once the genesis is accepted */
    bool has_secret;          /* false for a newcomer */
    uint32_t generation;
    uint8_t secret[32];
    bool is_newcomer;     /* holds an invite, waits for WELCOME */
    uint16_t listen_port; /* told to neighbours, who know our host; 0 = none */
};

LUM_MUST_USE enum lum_status lum_sync_open(const struct lum_sync_self *self, struct lum_sync **out);
void lum_sync_close(struct lum_sync *sync);
LUM_MUST_USE enum lum_status lum_sync_know(struct lum_sync *sync, const struct lum_sync_self *self);

enum lum_sync_event_type {
    LUM_SYNC_UP,       /* a channel is open */
    LUM_SYNC_MESSAGE,  /* one whole message */
    LUM_SYNC_ROOM,     /* the line can take more: bytes now queued on it */
    LUM_SYNC_DOWN,     /* the line is gone */
    LUM_SYNC_GROWN,    /* logs grew here (own events, or another meeting's): durable now */
    LUM_SYNC_INGESTED, /* an INGEST of this session is done, durable when taken */
    LUM_SYNC_FINISH,   /* say BYE when nothing is left to say (`sync` of a person) */
    LUM_SYNC_TICK,     /* time passed */
};

struct lum_sync_event {
    enum lum_sync_event_type type;
    uint64_t now_ms;  /* monotonic */
    uint64_t wall_ms; /* as this machine believes */
    uint32_t session; /* the driver's number; not for GROWN and TICK */
    union {
        struct {
            bool is_initiator;
            bool by_invite;   /* first contact */
            uint8_t hash[64]; /* handshake hash */
        } up;
        struct {
            uint8_t type;
            struct lum_bytes body; /* borrowed for the step */
        } message;
        size_t room_queued;
        struct {
            uint32_t token;
            struct lum_ingest_result result;
        } ingested;
        struct {
            const struct lum_growth_note *at;
            size_t count;
        } grown;
    };
};
struct lum_growth_note {
    uint32_t lno;
    uint64_t head;
};

enum lum_sync_act_type {
    LUM_SYNC_SEND,    /* message to a session */
    LUM_SYNC_CLOSE,   /* end a line: fault NONE = politely, after what was sent */
    LUM_SYNC_INGEST,  /* hand to the one writer; bytes must be copied before the next step */
    LUM_SYNC_GENESIS, /* newcomer: document to accept (bytes) before the INGESTs that follow */
    LUM_SYNC_JOIN,    /* newcomer: gov proved its space, write our JOIN now */
    LUM_SYNC_WELCOME, /* newcomer: generation and secret to keep */
    LUM_SYNC_MET,     /* session authenticated: T and clock difference known */
    LUM_SYNC_EQUAL,   /* both hold the same, durably */
    LUM_SYNC_DOUBT,   /* the neighbour knows more of our own logs than we do */
    LUM_SYNC_ADDRESS, /* the neighbour listens on this port of its host */
};

struct lum_sync_act {
    enum lum_sync_act_type type;
    uint32_t session;
    union {
        struct {
            uint8_t type;
            struct lum_bytes body; /* stands until the next step */
        } send;
        struct {
            enum lum_fault fault;
        } close;
        struct {
            uint32_t token;
            struct lum_ingest run; /* bytes and seals stand until the next step */
        } ingest;
        struct lum_bytes document;
        struct {
            uint32_t generation;
            uint8_t secret[32];
        } welcome;
        struct {
            uint8_t t[32];
            int64_t clock_ms; /* theirs minus ours */
        } met;
        uint16_t port;
    };
};

/* Acts in the order in which they must happen; borrowed until the next step. */
struct lum_sync_outbox {
    const struct lum_sync_act *at;
    size_t count;
    uint64_t wake_ms; /* monotonic: TICK then at the latest; UINT64_MAX = no need */
};

/* Status only for what the world did (memory, disk): the node cannot go on. */
LUM_MUST_USE enum lum_status lum_sync_step(struct lum_sync *sync,
                                           const struct lum_sync_event *event,
                                           struct lum_sync_outbox *out);

/* What a session has done so far; for reports. */
struct lum_sync_tally {
    bool is_met;
    bool is_equal;      /* at its last look */
    bool is_pushing;    /* something is still to be said */
    bool is_waiting;    /* equal in gov, and more is not shown: one of the two is not confirmed */
    uint64_t events_in; /* new ones, durable */
    uint64_t events_out;
    uint64_t bytes_in; /* messages, before the record layer */
    uint64_t bytes_out;
    int64_t clock_ms;
    uint8_t t[32];
    enum lum_fault fault;
    uint8_t bye; /* enum lum_bye in sync/message.h: why it ended, theirs or ours */
};
/* False when there is no such session. */
bool lum_sync_tally(const struct lum_sync *sync, uint32_t session, struct lum_sync_tally *out);

#endif
