/*
 * bad.h - a malicious neighbour: a machine that was let in, holds its own keys and a real copy of
 * the space, and says what a strategy wants instead of what is true.
 *
 * Underneath goes the honest sync machine, so that every meeting begins as it should and the
 * strategy can lie where it likes:
 *
 *   its sync wants to say a message -> BAD_SAYS: pass it on, another, several, or none
 *   every 20 ms of a meeting        -> BAD_TURN: whatever it likes, unasked
 *
 *   bad.c         turning bad, turns, what all strategies use, the table
 *   bad_author.c  a log of its own
 *   bad_claims.c  lies about what it holds
 *   bad_sends.c   messages and pieces that are wrong, old, huge, or none
 *   bad_line.c    what it does to the line: floods, half messages, silence, storms
 *   bad_writes.c  what it signs itself: forks, deps that never come, junk, rights it lacks
 *
 * Held against it: truth.c for all honest ones, and in machine.c the memory that it costs them.
 * In the quiet time it is gone: what it said must have left nothing behind that matters.
 */
#ifndef LUM_TESTS_SIM_BAD_H
#define LUM_TESTS_SIM_BAD_H

#include "tests/lib/pen.h"
#include "tests/sim/sim.h"

enum bad_when {
    BAD_SAYS,
    BAD_TURN,
};

/* The last bytes of a payload that is void on purpose: 16, so that they can be its salt. */
#define BAD_VOID_MARK "this one is void"

enum {
    BAD_LINES_MAX = 32,
    BAD_TURN_MS = 20,
    BAD_TURNS_MAX = 150, /* in one meeting: 3 s */
};

/* One meeting of the bad one. */
struct bad_line {
    uint32_t session; /* 0: free */
    bool is_met;
    uint32_t turns;
    uint32_t numbers; /* given to logs by the strategy itself */
};

struct bad {
    const struct bad_strategy *strategy;
    struct bad_line lines[BAD_LINES_MAX];
    uint32_t written; /* logs of its own that were begun */
    uint8_t author[32];
    bool is_taking_turns;
};

struct bad_turn {
    struct sim_machine *machine;
    struct bad_line *line;
    enum bad_when when;
    const struct lum_sync_act *says; /* BAD_SAYS */
};

struct bad_strategy {
    const char *name;
    void (*go)(struct bad_turn *turn);
    bool is_alone; /* after AUTH the honest machine is not heard: numbers are the strategy's */
    bool writes;   /* much that a member may write */
    const char *what;
};
/* NULL past the last. */
const struct bad_strategy *bad_strategy(size_t nth);
size_t bad_strategy_count(void);

/* ---- bad.c: what strategies say with ---- */

void bad_pass(struct bad_turn *turn); /* the honest word; in a turn: nothing */
void bad_say(struct bad_turn *turn, uint8_t type, struct lum_bytes body);
void bad_say_buf(struct bad_turn *turn, uint8_t type, struct lum_buf *body); /* and frees it */
/* Plain bytes into the encrypted stream, framed or not. */
void bad_say_bytes(struct bad_turn *turn, struct lum_bytes bytes);
void bad_draw(struct bad_turn *turn, void *out, size_t len);
uint32_t bad_below(struct bad_turn *turn, uint32_t below);
bool bad_says(const struct bad_turn *turn, uint8_t type); /* is it this word it wants to say? */
/* The pieces of a SEG or TAIL that it wants to say; false for any other word. */
bool bad_piece(const struct bad_turn *turn, struct lum_piece *out);

/* ---- bad_author.c: a log that it signs, with a pen ---- */

/* An empty log of the machine's device, the incarnation that bad->written counts. */
void bad_log_begin(struct pen *log, const struct sim_machine *machine, uint8_t shelf);
/* The same of any key. */
void bad_log_begin_as(struct pen *log, const struct sim_machine *machine,
                      const struct lum_sign_key *key, uint8_t shelf);
/* Into the machine's own store: its honest sync tells others. Gives how that ended. */
enum lum_ingest_end bad_log_keep(struct pen *log, struct sim_machine *machine);
/* Straight to the neighbour, introduced by a number of the strategy's own. */
void bad_log_say(struct pen *log, struct bad_turn *turn);
void bad_introduce(struct bad_turn *turn, uint32_t number, const struct lum_log_name *name);

/* ---- the strategies ---- */

typedef void bad_go(struct bad_turn *turn);
bad_go bad_wrong_digests, bad_wrong_tags, bad_claims_more, bad_claims_none, bad_claims_frozen,
    bad_endless_claims, bad_endless_intros, bad_endless_wants, bad_false_haves, bad_front_flood,
    bad_shows_and_hides, bad_holds;
bad_go bad_wrong_seals, bad_no_seals, bad_other_payload, bad_stripped, bad_far_ahead, bad_replays,
    bad_bombs, bad_bunch_bombs, bad_unknown_types, bad_garbage, bad_out_of_turn;
bad_go bad_drips, bad_half_messages, bad_oversize, bad_never_reads, bad_storms, bad_tiny, bad_byes;
bad_go bad_forks, bad_lost_deps, bad_incarnations, bad_junk, bad_records, bad_gov_junk, bad_rights,
    bad_boundary_lies, bad_far_clock, bad_joins, bad_void_ops;

#endif
