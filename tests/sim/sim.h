/*
 * sim.h - a district of nodes in one process, in virtual time: halls, laptops, people, rivers.
 *
 * Real: core and sync, frames, LMDB (in temporary folders). Virtual: both clocks of every machine,
 * randomness, what tells one copy of a file from another, the lines, and the people. Everything
 * that happens is drawn from one stream of choices, so a seed is a story, and the same each time.
 *
 *   tale     the story, its hash, and the marks: what happened at least once
 *   node     machines: their clocks and folders; crashes, copies, backups
 *   wire     lines as streams of bytes: latency, rate, lumps, one way dead, a reset at a byte
 *   people   what people do to records; invites
 *   meeting  who is together, for how long, and what happens meanwhile
 *   ledger   what was acknowledged, and what went down with a machine that was rolled back
 *   truth    what must hold in the end
 *   district one seed from beginning to end
 *
 * Anything that fails ends the test through cmocka.
 */
#ifndef LUM_TESTS_SIM_SIM_H
#define LUM_TESTS_SIM_SIM_H

#include <stdio.h>

#include "tests/lib/link.h"
#include "tests/prop/choice.h"

enum {
    SIM_NODES = LINK_NODES,
    SIM_INVITES = 4,
    SIM_DAY_MS = 86400000,
};

/* Kinds of trouble: a seed first draws which of them there are. */
#define SIM_TROUBLES(X)                                                                            \
    X(resets) X(slow) X(half_open) X(crashes) X(copies) X(backups) X(clocks) X(rivers) X(joins)

enum sim_trouble {
#define X(name) SIM_##name,
    SIM_TROUBLES(X)
#undef X
    SIM_TROUBLE_COUNT
};

/* What every run over many seeds must have seen; the rare ones only a long run. */
#define SIM_MARKS(X)                                                                               \
    X(wrote)                                                                                       \
    X(deleted)                                                                                     \
    X(kept)                                                                                        \
    X(resolved)                                                                                    \
    X(imported)                                                                                    \
    X(import_met_import)                                                                           \
    X(conflict) X(revived) X(met) X(met_equal) X(reset) X(half_open) X(slow) X(crash)              \
        X(crash_in_meeting) X(crash_in_batch) X(copied) X(restored) X(lost_with_machine)           \
            X(doubted_by_neighbour) X(new_incarnation) X(clock_1970) X(clock_2099) X(clock_jump)   \
                X(river) X(absence) X(joined) X(joined_through_another) X(invite_overused)         \
                    X(admitted) X(host_waits)
#define SIM_RARE_MARKS(X) X(waiting)

enum sim_mark {
#define X(name) SIM_SAW_##name,
    SIM_MARKS(X)
#undef X
    SIM_OFTEN_COUNT,
    SIM_BEFORE_RARE = SIM_OFTEN_COUNT - 1,
#define X(name) SIM_SAW_##name,
    SIM_RARE_MARKS(X)
#undef X
    SIM_MARK_COUNT
};

struct sim_tale {
    FILE *out;
    char *text;
    size_t len;
    struct lum_plain_hasher hasher;
    uint64_t *marks; /* of the whole run: SIM_MARK_COUNT */
};

struct sim;

/* A machine with one folder. */
struct sim_node {
    struct site site; /* first: what env is handed is the node */
    struct sim *sim;
    char name[24];
    uint32_t at; /* its number in the net: also here */
    uint8_t machine;
    uint64_t place; /* of its folder: new after every copy and restore */
    int64_t skew_ms;
    int32_t drift_ppm;
    uint64_t away_until_ms;
    uint8_t invite_pk[32]; /* what it came with */
    bool has_backup;
    struct site backup; /* only a folder */
};

/* One position that a person was told is saved, and with it all before it. */
struct sim_saved {
    struct lum_hash log_id;
    uint64_t seq;
    struct lum_hash h;
    uint32_t node;
    bool is_lost; /* its only copy was on a machine that was rolled back */
};
struct sim_ledger {
    struct sim_saved *at; /* owned */
    size_t count;
    size_t room;
};

struct sim_parcel {
    uint64_t total; /* bytes said on that flow up to here */
    uint64_t due_ms;
};
enum {
    SIM_PARCELS = 512
}; /* more than latency: one a turn */
struct sim_wire {
    bool is_over;
    bool by_invite;
    uint32_t latency_ms;
    uint32_t rate;    /* bytes a ms; 0 = no limit */
    uint32_t lump_ms; /* bytes arrive together, every so often */
    int dead_end;     /* nothing that this end says arrives; -1 */
    struct sim_parcel parcels[2][SIM_PARCELS];
    uint32_t head[2];
    uint32_t count[2];
};

struct sim_open_invite {
    struct lum_invite invite;
    uint32_t given; /* so many came with it */
    uint32_t uses;
};

struct sim {
    struct choice choice;
    uint64_t seed;
    uint64_t dice; /* of env's randomness */
    bool has[SIM_TROUBLE_COUNT];
    struct link *net;
    struct sim_node nodes[SIM_NODES];
    uint32_t count;
    uint64_t places;
    uint32_t texts; /* so that each text is another */
    uint32_t imports;
    uint64_t river_until_ms;
    uint32_t far_bank; /* a bit a node */
    struct sim_open_invite invites[SIM_INVITES];
    uint32_t invite_count;
    struct sim_wire wires[LINK_LINES];
    struct sim_ledger ledger;
    struct sim_tale tale;
};

/* ---- tale.c ---- */

void sim_tale_open(struct sim_tale *tale, uint64_t *marks);
void sim_tale_close(struct sim_tale *tale);
#define SIM_SEES(sim, name) ((void)((sim)->tale.marks[SIM_SAW_##name]++))
/* One line of the story, with the time. */
void sim_say(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes that are part of what must be the same each time. */
void sim_hash(struct sim *sim, const void *at, size_t len);
void sim_tell(struct sim *sim, FILE *out);
const char *sim_mark_name(size_t mark);
/* One of the texts that differ by a number: k3, k4. In one of a few buffers that take turns. */
const char *sim_text(const char *stem, uint32_t number);

/* ---- node.c ---- */

uint32_t sim_draw(struct sim *sim, uint32_t below);
void sim_must(struct sim_node *node, enum lum_status status);
struct sim_node *sim_found(struct sim *sim, const char *name);
/* A newcomer with an invite; false when there is no room. */
bool sim_arrive(struct sim *sim, struct sim_open_invite *invite);
bool sim_is_welcome(struct sim_node *node);
void sim_crash(struct sim_node *node, bool in_meeting);
void sim_copy(struct sim_node *node);
void sim_backup(struct sim_node *node);
void sim_restore(struct sim_node *node);
void sim_set_clock(struct sim_node *node);
/* All clocks of the net, before a turn. */
void sim_clocks(struct sim *sim);
/* What its machine was told so far, into the marks; it must be what honest neighbours say. */
void sim_harvest(struct sim_node *node);
void sim_drop(struct sim_node *node);

/* ---- wire.c ---- */

/* A line, if the two may meet now; false when not, or when all lines are used up. */
bool sim_dial(struct sim *sim, struct sim_node *a, struct sim_node *b, bool with_trouble);
void sim_turn(struct sim *sim); /* one ms */
void sim_hang_up(struct sim *sim);
/* By a line that is up; b NULL: with anyone. */
bool sim_are_linked(struct sim *sim, const struct sim_node *a, const struct sim_node *b);
/* Only who holds the invite can let a newcomer in. */
bool sim_answers(struct sim_node *member, const struct sim_node *newcomer);

/* ---- people.c ---- */

void sim_act(struct sim_node *node);
void sim_invite(struct sim *sim, uint32_t uses);
/* Whoever waits for approval, as the node knows, is approved. */
void sim_approve(struct sim_node *node);
/* Tells sync and the ledger what the node wrote. */
void sim_wrote(struct sim_node *node);

/* ---- meeting.c ---- */

void sim_meeting(struct sim *sim);
/* Nobody meets anybody meanwhile. */
void sim_pass(struct sim *sim, uint64_t ms);

/* ---- ledger.c ---- */

void sim_ledger_note(struct sim_node *node);
/* A folder went back: what no folder holds any more cannot be asked for. */
void sim_ledger_forgive(struct sim *sim);
bool sim_ledger_has_lost(const struct sim_ledger *ledger);
void sim_ledger_check(struct sim *sim);
void sim_ledger_close(struct sim_ledger *ledger);

/* ---- truth.c ---- */

/* Frontiers of all members; nobody is left who could still become one. */
bool sim_all_equal(struct sim *sim);
void sim_check(struct sim *sim); /* everything that must hold once they are */
/* A conflict that the node lists, drawn; false when there is none. */
bool sim_some_conflict(struct sim_node *node, struct lum_id *record, char field[65]);

/* ---- district.c ---- */

/* One seed; sim_close then, also after a failure. */
void sim_run(struct sim *sim, uint64_t seed, uint64_t *marks, uint8_t trace[32]);
void sim_close(struct sim *sim);

#endif
