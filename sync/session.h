/*
 * session.h - one neighbour: what each side knows of the other, and the files that act on it.
 *
 *   greet.c   who they are: AUTH, first contact, WELCOME; which shelves they are shown
 *   front.c   what differs: FRONT said and heard
 *   equal.c   whether the two are equal, and when FRONT is said to find out
 *   branch.c  a log that differs below the head: where it forked, and the proof
 *   push.c    what they lack: pieces, introductions, HAVE
 *   bunch.c   small pieces that go together
 *   hear.c    what every message does
 *
 * For a log that both sides talk about there is a `lum_told` (our log, by its lno) and, when they
 * gave it a number, a `lum_claim` (their word for it, by their number).
 *
 * Invariants (lum_session_check): the told of a log and its claim point at each other; due_count,
 * awaits, expecting and ingests are what the entries say.
 */
#ifndef LUM_SYNC_SESSION_H
#define LUM_SYNC_SESSION_H

#include "core/fork.h"
#include "core/limits.h"
#include "sync/frontier.h"
#include "sync/machine.h"
#include "sync/message.h"
#include "sync/outbox.h"
#include "sync/sync.h"

enum {
    LUM_SYNC_STEP_BYTES = 256 * 1024, /* said to one neighbour in one step */
    LUM_SYNC_THIN_BYTES = 32 * 1024,  /* what a line not known to be fast may have queued, and
                                         what must have gone over it before it is called fast */
    LUM_SYNC_FAST_BYTES_A_MS = 160,   /* then a block of 16 segments takes a quarter of a second */
    LUM_SYNC_BURST_PAUSE_MS = 100,    /* without anything to push: speed is measured anew */
    LUM_SYNC_BULK_EVENTS = 4 * LUM_SEGMENT_EVENTS, /* more is bulk */
    /* Others wait for who brings bulk: once for a moment because it promised, and then for as long
     * as what it brought is worth. */
    LUM_SYNC_PROMISE_MS = 1000,
    LUM_SYNC_BROUGHT_MS = 10,             /* for an event */
    LUM_SYNC_BULK_PAUSE_MS = 2 * 1000,    /* nothing for so long: it brings nothing any more */
    LUM_SYNC_QUIET_MS = 200,              /* digests wait for a pause, so that writing is cheap */
    LUM_SYNC_HEAL_MS = 2 * 1000,          /* unequal and idle for so long: say the vector again */
    LUM_SYNC_HEAL_MAX_MS = 60 * 1000,     /* it doubles each time up to here */
    LUM_SYNC_WAITING_MS = 5 * 1000,       /* equal in gov for so long: more will not be shown */
    LUM_SYNC_PATIENCE_MS = 15 * 1000,     /* a session that is to finish waits so long for more */
    LUM_SYNC_HELLO_MS = 10 * 1000,        /* for AUTH */
    LUM_SYNC_CONTACT_MS = 10 * 60 * 1000, /* for a newcomer to take gov in and to join */
    LUM_SYNC_DEAD_MS = 3 * LUM_FRONT_EVERY_MS,
    /* Entries of FRONTs that are looked at: each may cost the reading of a block. */
    LUM_SYNC_ENTRIES_MAX = 4 * LUM_FRONT_LOGS_MAX,
    LUM_SYNC_ENTRIES_A_MS = 1,
    /* Vectors, which all that we hold is looked at to answer: so many, and one more for each second
     * of the meeting. Honest ones say a few and then wait for longer and longer. */
    LUM_SYNC_VECTORS_MAX = 32,
    LUM_SYNC_VECTOR_EVERY_MS = 1000,
    LUM_SYNC_NAMES_MAX = 512,      /* whole names kept of logs that we do not hold */
    LUM_SYNC_CLAIMED_LOGS_MAX = 8, /* with so many own logs on a shelf a bare claim that there is
                                      more of them is not believed any more */
};

/* Open ends that wait to be said together; their runs lie in lum_side's plain. */
struct lum_gathered {
    uint32_t count;
    struct lum_bunch_run runs[LUM_BUNCH_MAX];
    struct lum_sig seals[LUM_BUNCH_MAX];
};

/* Our side, the same for all sessions of a step. */
struct lum_side {
    struct lum_sync_self self;
    struct lum_frontier ours;
    struct lum_outbox outbox;
    struct lum_log_reader *reader;
    struct lum_squeezer *squeezer;
    struct lum_buf plain; /* of a bunch said or heard */
    struct lum_buf frame;
    struct lum_gathered gathered; /* empty between steps */
    struct lum_txn *txn;          /* of this step, begun when first needed */
    uint64_t now_ms;
    uint64_t wall_ms;
    uint64_t wake_ms;
    uint32_t next_token;
    bool in_doubt; /* a neighbour showed an own log we do not hold: said once */
    bool may_ask;  /* no session but the one that goes on now is bringing bulk */
};

/* A log of ours, as this neighbour has to do with it. */
struct lum_told {
    uint64_t known;    /* they hold it so far, or it is on its way */
    uint64_t said;     /* what our last vector said of it */
    bool is_said_frozen;
    uint32_t mine;     /* our number + 1; 0 = none given */
    uint32_t theirs;   /* their number + 1; 0 = none heard */
    bool is_named;     /* they can tell which log our number means */
    bool is_due;       /* waits in the queue */
    uint64_t flying;   /* last one said; while it awaits, they may not have said so yet */
    bool awaits;       /* said, and not yet acknowledged */
    bool is_branched;  /* they hold another branch: not pushed but proved */
    bool is_proved;    /* frozen here: the other branch was said */
    bool is_settled;   /* frozen there at or before our fork point: nothing to say */
    uint64_t settled;  /* and that is their fork point */
    uint64_t forked;   /* ours as is_proved and has_shown know it, + 1; 0 = none */
    bool has_laddered; /* since the last vector, as has_shown */
    bool has_shown;    /* both branches, unasked */
    uint64_t unmatched; /* they said they hold so much before we did; 0 = compared */
    uint32_t tag;       /* and what they have there */
};

/* A log as they name it. */
struct lum_claim {
    uint8_t log8[8];
    uint32_t lno;              /* ours; 0 while we hold no such log */
    uint32_t tag;              /* of seq */
    struct lum_log_name *name; /* owned; only while introduced and not ours: of the newest few */
    uint64_t seq;              /* what their FRONT said */
    uint32_t pending;          /* pieces of it on their way into our store */
    uint16_t heard_in;         /* the vector, counted, that spoke of it last */
    bool is_ahead : 1;         /* they said they hold more than we do */
    bool have_due : 1;
    bool is_refused : 1;   /* no valid JOIN of its author yet: asked for again when gov grew */
    bool is_corrected : 1; /* a gap was told and not yet closed */
};

struct lum_ingesting {
    uint32_t token;
    uint32_t number; /* theirs */
};

/* A piece of our branch that shows a fork: from..until of a log they hold otherwise. */
struct lum_proof {
    uint32_t lno;
    uint64_t from;
    uint64_t until;
    bool has_begun;
};

struct lum_session {
    uint32_t id;
    enum lum_phase phase;
    bool is_initiator;
    bool by_invite;
    uint8_t hash[64];
    uint8_t t[32];
    bool has_t;

    /* Shelves, one bit each. */
    uint8_t shown; /* we show them */
    uint8_t their_shown;
    uint8_t widened; /* so often they showed more, which was worth a vector at once */
    uint8_t ready;   /* told.known is true of its logs */
    uint8_t asked;   /* our vector spoke of it, their ANSWER is awaited or has come */
    uint8_t claimed; /* their vector or answer spoke of it */
    uint8_t said_shown;
    uint8_t said;    /* our digest was said: said_digest */
    uint8_t heard;   /* their digest was heard: their_digest */
    uint8_t settled; /* equal when last looked at */
    uint8_t said_digest[LUM_SHELVES_MAX][16];
    uint8_t their_digest[LUM_SHELVES_MAX][16];

    struct lum_told *told; /* told[lno - 1] */
    uint32_t told_count;
    uint32_t told_room;
    uint32_t *mine; /* lno by our number */
    uint32_t mine_count;
    uint32_t mine_room;
    struct lum_claim *claims; /* by their number */
    uint32_t claim_count;
    uint32_t claim_room;
    uint32_t named[LUM_SYNC_NAMES_MAX]; /* ring of their numbers: the last that got a name */
    uint32_t names;                     /* so many did */
    uint32_t *due; /* ring of lnos, not of gov: of those the lowest lno goes first */
    uint32_t due_first;
    uint32_t due_len;
    uint32_t gov_due;
    struct lum_ingesting *ingesting; /* in order of their tokens */
    uint32_t ingests;
    uint32_t ingesting_room;
    struct lum_proof proofs[LUM_SYNC_PROOFS_MAX];
    uint32_t proof_count;

    uint32_t due_count;
    uint32_t awaits;
    uint32_t expecting; /* claims that are ahead */
    uint32_t haves_due;
    uint32_t corrections;
    uint64_t entries;   /* heard */
    uint64_t vectors;   /* heard */
    bool is_held;       /* they asked us to wait: nothing is pushed until their next vector */
    bool is_holding;    /* we asked them to wait */
    bool awaits_answer; /* to our vector */
    uint8_t put_off;    /* shelves whose vector is due once no other brings bulk */
    bool brings_bulk;   /* began with much, and not all of it is here */
    bool has_promised;  /* it has had the moment that a promise is worth */
    bool is_opening;    /* initiator: their first digests are answered at once */
    bool is_finishing;
    bool is_equal;
    bool was_equal;
    size_t queued;        /* bytes on the line, as the driver told, and what this step added */
    size_t said_bytes;    /* pieces in this step */
    bool is_fast;         /* the line has shown it; then blocks are large */
    uint64_t burst_ms;    /* when pushing began after a pause ... */
    uint64_t burst_bytes; /* ... and what had been said by then */
    uint64_t pushed_ms;   /* when there was last something to push */

    uint64_t since_ms;
    uint64_t keeps_ms; /* while it brings bulk, others wait for it until then */
    uint64_t front_ms; /* our last FRONT */
    uint64_t heal_ms;  /* a vector may be said from then on */
    uint64_t heal_wait_ms;
    uint64_t quiet_ms;    /* digests may be said from then on */
    uint64_t progress_ms; /* anything heard, or taken in */
    struct lum_sync_tally tally;
};

/* ---- session.c ---- */

LUM_MUST_USE enum lum_status lum_session_open(uint32_t id, const struct lum_side *side,
                                              struct lum_session **out);
void lum_session_close(struct lum_session *session);
void lum_session_check(const struct lum_session *session);
/* Our log's entry. */
struct lum_told *lum_session_told(const struct lum_session *session, uint32_t lno);
/* Their number; NULL when they never gave it. */
struct lum_claim *lum_session_claim(const struct lum_session *session, uint32_t number);
/* A log is new here or grew: entries for it, queued when they lack it. */
void lum_session_grown(struct lum_side *side, struct lum_session *session, uint32_t lno);
/* Queues a log when there is something to say of it. */
void lum_session_want(struct lum_side *side, struct lum_session *session, uint32_t lno);
/* The log to say next, taken out of the queue; 0 when none can be said now. */
uint32_t lum_session_next(struct lum_side *side, struct lum_session *session);
/* Our number for a log, given now if there is none. */
uint32_t lum_session_number(struct lum_side *side, struct lum_session *session, uint32_t lno);
/* Names a log in an entry: by our number, or by its log8, which then gets one. */
void lum_session_name(struct lum_side *side, struct lum_session *session, uint32_t lno,
                      struct lum_front_entry *entry);
/* Keeps the whole name of a log that is not ours; the oldest of many is forgotten: a piece of it is
 * then answered by what we hold, nothing, and comes with its name again. */
void lum_session_keep_name(struct lum_side *side, struct lum_session *session, uint32_t number,
                           const struct lum_log_name *name);
/* Their next number is for this log8. NULL when there is no memory or too many. */
struct lum_claim *lum_session_add_claim(struct lum_side *side, struct lum_session *session,
                                        const uint8_t log8[8]);
void lum_session_link(struct lum_session *session, uint32_t number, uint32_t lno);
void lum_session_set_ahead(struct lum_session *session, struct lum_claim *claim, bool is_ahead);
void lum_session_acked(struct lum_session *session, struct lum_told *told);
/* Their INGEST `token` came back: the number it was of; UINT32_MAX: not of this session. */
uint32_t lum_session_ingested(struct lum_session *session, uint32_t token);
uint8_t lum_session_shared(const struct lum_session *session);
bool lum_session_is_busy(const struct lum_session *session);
/* Says the message in side->outbox.body. */
void lum_session_say(struct lum_side *side, struct lum_session *session, uint8_t type);
void lum_session_bye(struct lum_side *side, struct lum_session *session, enum lum_bye reason);
/* Ends the meeting; fault NONE is politely. */
void lum_session_end(struct lum_side *side, struct lum_session *session, enum lum_fault fault);
void lum_session_wake(struct lum_side *side, uint64_t when_ms);
/* The step's read transaction; NULL after a failure. */
struct lum_txn *lum_side_txn(struct lum_side *side);

/* ---- greet.c ---- */

void lum_greet_up(struct lum_side *side, struct lum_session *session);
void lum_greet_auth(struct lum_side *side, struct lum_session *session, struct lum_bytes body);
void lum_greet_genesis(struct lum_side *side, struct lum_session *session, struct lum_bytes body);
void lum_greet_welcome(struct lum_side *side, struct lum_session *session, struct lum_bytes body);
/* All shelves of the space, one bit each; gov alone while it is not known. */
uint8_t lum_greet_shelves(const struct lum_side *side);
/* Goes on with a first contact, and looks again at who may see what. */
void lum_greet_go(struct lum_side *side, struct lum_session *session);

/* ---- front.c ---- */

void lum_front_hear(struct lum_side *side, struct lum_session *session, struct lum_bytes body);
void lum_front_say(struct lum_side *side, struct lum_session *session, enum lum_front_mode mode,
                   uint8_t covered);
/* An ANSWER of one log: this is what I hold of your `number`. */
void lum_front_correct(struct lum_side *side, struct lum_session *session, uint32_t number);
/* Once for each vector: a log that differs below its head, place by place. */
void lum_front_say_ladder(struct lum_side *side, struct lum_session *session, uint32_t lno);
/* A neighbour holds more or other of a log, and it is our own: this store was put back, or copied.
 * lno 0: we hold no such log. */
void lum_front_look_for_doubt(struct lum_side *side, const struct lum_session *session,
                              const struct lum_log_name *name, uint32_t lno);
/* Does it bring so much, or may it, that others had better wait? */
bool lum_front_is_bringing(const struct lum_side *side, const struct lum_session *session);

/* ---- equal.c ---- */

/* Looks whether shelves are equal now, and says what is due. */
void lum_equal_go(struct lum_side *side, struct lum_session *session);

/* ---- branch.c ---- */

/* Our h(entry->seq) has another tag, or we hold no such event to compare. */
bool lum_branch_differs(struct lum_side *side, const struct lum_session *session, uint32_t lno,
                        const struct lum_front_entry *entry);
/* Our log grew: what they said of it when we could not compare yet is compared. Or it forked, or
 * did so earlier: what they know of that is looked at anew. */
void lum_branch_compare(struct lum_side *side, struct lum_session *session, uint32_t lno);
/* Appends entries of an ANSWER: places of a log of ours, from the newest down. */
void lum_branch_put_ladder(struct lum_side *side, struct lum_session *session, uint32_t lno,
                           struct lum_buf *body);
/* A log is frozen here and they, it seems, do not know: shows a piece of our branch behind the fork
 * point and, unless that one came from them, of the other. Once for each vector. */
void lum_branch_show(struct lum_side *side, struct lum_session *session, uint32_t lno,
                     bool is_theirs);
/* They agree up to `common` and differ at `differs`: our run is to be shown. */
void lum_branch_prove(struct lum_side *side, struct lum_session *session, uint32_t lno,
                      uint64_t common, uint64_t differs);

/* ---- push.c ---- */

/* Acknowledges what came in, then says pieces while the line has room. */
void lum_push_go(struct lum_side *side, struct lum_session *session);

/* ---- bunch.c ---- */

/* Gathers an unpacked piece with one seal; it is said when the bunch is full or must go. */
void lum_bunch_add(struct lum_side *side, struct lum_session *session,
                   const struct lum_piece *piece);
/* Says what was gathered: before anything that must not overtake it, and at the end. */
void lum_bunch_say(struct lum_side *side, struct lum_session *session);

/* ---- hear.c ---- */

void lum_hear(struct lum_side *side, struct lum_session *session, uint8_t type,
              struct lum_bytes body);
/* The roster is another: what was refused for want of a JOIN is asked for again. */
void lum_hear_grown_gov(struct lum_side *side, struct lum_session *session);
void lum_hear_ingested(struct lum_side *side, struct lum_session *session, uint32_t token,
                       const struct lum_ingest_result *result);

#endif
