/*
 * link.h - nodes in one process that speak through lum_sync over lines made of memory, in virtual
 * time: the driver of net/pump without libuv, threads and encryption.
 *
 * A line carries frames in both directions. It may be slow, and it may be cut after any byte of
 * either direction: what was delivered whole before the cut counts, what was handed to the writer
 * is still written. Everything is done in one fixed order, so a run is the same each time.
 *
 * Anything that fails ends the test through cmocka.
 */
#ifndef LUM_TESTS_LIB_LINK_H
#define LUM_TESTS_LIB_LINK_H

#include "sync/message.h"
#include "sync/sync.h"
#include "tests/lib/site.h"

enum {
    LINK_NODES = 8,
    LINK_LINES = 256,
    LINK_NO_LIMIT = -1,
};

/* What a node was told by its machine, and what its writer did; counted since it was added. */
struct link_counts {
    uint32_t met;
    uint32_t equal;
    uint32_t doubts;
    uint32_t addresses;
    uint32_t joins;
    uint32_t welcomes;
    uint32_t ends[LUM_INGEST_FAULTY + 1]; /* by enum lum_ingest_end */
    uint64_t events_new;
    uint64_t events_again; /* came in pieces and were held already */
};

/* One direction of a line. */
struct link_flow {
    struct lum_buf bytes; /* on their way */
    struct lum_buf heard; /* delivered, not yet whole frames */
    struct lum_buf all;   /* everything delivered since the line came up */
    int64_t limit;        /* the line is cut after so many bytes; LINK_NO_LIMIT */
    int64_t pass;         /* at most so many are delivered in a turn; LINK_NO_LIMIT */
    uint64_t delivered;
    uint32_t messages[LUM_MESSAGE_TYPES]; /* said, by type */
    uint32_t message_ends[4096];          /* bytes at which each delivered message ended */
    uint32_t message_count;
};

struct link_line {
    bool is_up;
    uint32_t nodes[2];         /* 0 is the initiator */
    struct link_flow flows[2]; /* said by nodes[i] */
    bool wants_close;          /* polite: when all that was said has been delivered */
    enum lum_fault fault;
    uint32_t speed; /* bytes a ms and direction; 0 = at once */
};

struct link;

struct link *link_open(void);
void link_close(struct link *link); /* the sites stay open */
/* Adds a node. The site stays the caller's; a newcomer's person is `person`. */
uint32_t link_add(struct link *link, struct site *site, const char *person);
/* The node is gone, with its lines; its site may be closed then. */
void link_remove(struct link *link, uint32_t node);
/* A line from a (the initiator) to b; by invite when a is a newcomer. */
uint32_t link_dial(struct link *link, uint32_t a, uint32_t b);
/* Both ends hear that it is gone. */
void link_cut(struct link *link, uint32_t line);
/* The site wrote something by itself: sync is told. */
void link_wrote(struct link *link, uint32_t node);
void link_finish(struct link *link, uint32_t line, unsigned end);
/* Goes on until nothing moves for `quiet_ms` of virtual time. */
void link_run(struct link *link, uint64_t quiet_ms);
/* One turn: delivers, writes, ticks. False when there was nothing to do now. */
bool link_turn(struct link *link);

uint32_t link_count(const struct link *link); /* of lines, up or not: they are 0 .. count - 1 */
struct link_line *link_line(struct link *link, uint32_t line);
struct link_counts *link_counts(struct link *link, uint32_t node);
struct lum_sync *link_sync(struct link *link, uint32_t node);
/* What the machine tells of its end of the line; false when it is down. */
bool link_tally(struct link *link, uint32_t line, unsigned end, struct lum_sync_tally *out);
uint64_t link_now(const struct link *link);
/* Frontiers of gov and common and the state roots are the same; both sites settle. */
void link_assert_equal(struct site *a, struct site *b);

#endif
