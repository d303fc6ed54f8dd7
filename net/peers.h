/*
 * peers.h - the address book: whom we can try, when again, and how the last meeting ended. Pure.
 *
 * Hints only: losing the book costs a typed address, never data. It is kept as the note "peers" in
 * log.mdb. At most LUM_ADDRESSES_MAX entries; a guest, else the one not met for longest, gives way.
 *
 * Back-off: after a failure the wait doubles from LUM_DIAL_BACKOFF_MIN_MS to
 * LUM_DIAL_BACKOFF_MAX_MS, with up to a quarter of jitter; a meeting that ends well resets it.
 */
#ifndef LUM_NET_PEERS_H
#define LUM_NET_PEERS_H

#include "core/control.h"
#include "core/lum.h"
#include "core/mem.h"

enum {
    LUM_ADDRESS_TEXT = 64, /* "[IPv6]:65535" and its zero */
};

/* How a meeting ended: the sentence of `status` is made of these. */
struct lum_meeting {
    uint64_t wall_ms; /* when it was last equal, or ended; 0 = never met */
    bool is_equal;
    bool is_live;
    uint64_t received;  /* events that were new to us */
    uint64_t sent;
    uint64_t conflicts; /* cells that came into conflict meanwhile */
    int64_t clock_ms;   /* theirs minus ours */
    char fault[24];     /* name of the fault it ended with; empty = none */
    bool fork_seen;     /* a log with two branches was met */
    bool copy_seen;     /* it knew more of our own log than we did */
};

struct lum_peer {
    char address[LUM_ADDRESS_TEXT]; /* empty: it only ever dialled us */
    uint8_t t[32];                  /* its node key in this space; zero = not met yet */
    struct lum_meeting last;
    uint64_t meetings;
    uint64_t bytes_in;  /* on the wire, all meetings */
    uint64_t bytes_out;
    /* not kept */
    uint64_t next_try_ms; /* monotonic */
    uint64_t backoff_ms;
    uint32_t session; /* live one; 0 = none */
    bool is_dialling;
    bool is_guest;    /* no device of the space as far as we know: gives way first */
    bool is_settling; /* what the last meeting brought is not all looked through yet */
};

struct lum_peers {
    struct lum_peer *at;
    size_t count;
    bool is_dirty; /* worth keeping again */
};

void lum_peers_init(struct lum_peers *peers);
void lum_peers_fini(struct lum_peers *peers);
/* From the note's bytes; a damaged note gives what stands before the damage. */
LUM_MUST_USE enum lum_status lum_peers_read(struct lum_peers *peers, struct lum_bytes note);
void lum_peers_write(const struct lum_peers *peers, struct lum_buf *out);

/* Finds or adds. NULL when there is no memory. Stands until the next add. */
struct lum_peer *lum_peers_by_address(struct lum_peers *peers, const char *address, bool add);
struct lum_peer *lum_peers_by_node(struct lum_peers *peers, const uint8_t t[32], bool add);
struct lum_peer *lum_peers_by_session(struct lum_peers *peers, uint32_t session);

/* Books a failed try; random spreads the waits. */
void lum_peer_failed(struct lum_peer *peer, uint64_t now_ms, uint32_t random);
void lum_peer_met(struct lum_peer *peer, uint64_t now_ms);
void lum_peer_went_well(struct lum_peer *peer); /* the meeting, to its end */
/* The next address that is due and has no live session; NULL when there is none, then *wake_ms is
 * lowered to when the next one is due. */
struct lum_peer *lum_peers_due(struct lum_peers *peers, uint64_t now_ms, uint64_t *wake_ms);

#endif
