/*
 * sim.h - a district of nodes in one process, in virtual time: halls, laptops, people, rivers.
 *
 * Real: core and sync, and of net the frames and the encrypted channel. Virtual: both clocks of
 * every machine, randomness, disks, lines, and the people. What happens is a story (story.h), and
 * a story always goes the same way.
 *
 *        seed -> plan -> story -> world: the agenda's next item -> ... -> quiet -> truth
 *                          ^                                                       |
 *                          +---------------- shrink <------------- a failure ------+
 *
 *   story    who did what when; its text
 *   plan     a seed's story: which kinds of trouble there are, then what people do
 *   world    one story from beginning to end; the quiet time after it
 *   agenda   what is due when: acts, parcels, ticks, the writer
 *   machine  a node: clocks, disk, the space, the sync machine, the one writer
 *   wire     lines as streams of bytes: latency, rate, lumps, one way dead, a cut at a byte
 *   crowd    a large district that has been there for long
 *   memo     signatures that were checked once in this process
 *   people   what people do to records; invites
 *   fate     crashes, copies, backups, clocks
 *   bad      malicious neighbours; bad.h
 *   ledger   what was acknowledged, and what went down with a machine that was rolled back
 *   intent   what people typed, and who overruled it
 *   truth    what must hold in the end
 *   retell   a machine's log as the model of tests/prop takes it
 *   tale     what happened, line by line; its hash; the marks
 *   trial    a story run in a child process, so that a crash is a result as well
 *   shrink   the smallest story that fails in the same way
 *
 * Whatever must not happen ends the process through sim_die: a trial sees it.
 */
#ifndef LUM_TESTS_SIM_SIM_H
#define LUM_TESTS_SIM_SIM_H

#include <setjmp.h>

#include "net/channel.h"
#include "tests/disk/disk.h"
#include "tests/lib/driver.h"
#include "tests/sim/story.h"

enum {
    SIM_MACHINES_MAX = 1024,
    SIM_INVITES_MAX = 16,
    SIM_JOBS_MAX = 4096,
};

/* What every run over many seeds must have seen; the rare ones only a long run. */
#define SIM_MARKS(X)                                                                               \
    X(wrote) X(deleted) X(kept) X(resolved) X(imported) X(import_met_import) X(conflict)           \
    X(revived) X(met) X(met_equal) X(said_bye) X(cut) X(half_open) X(slow) X(crash)                \
    X(crash_in_meeting)                                                                            \
    X(crash_in_batch) X(crash_before_view) X(power_failed_in_commit) X(view_fell_back)             \
    X(disk_failed) X(disk_was_full) X(read_failed) X(memory_ended) X(slept) X(copied)              \
    X(restored) X(lost_with_machine) X(doubted_by_neighbour) X(new_incarnation) X(clock_1970)      \
    X(clock_2099) X(clock_jump) X(clock_frozen) X(river) X(absence) X(joined)                      \
    X(joined_through_another) X(invite_overused) X(admitted) X(gone_for_ever) X(model_asked)       \
    X(text_kept) X(imaged) X(forked) X(turned_bad)
#define SIM_RARE_MARKS(X) X(host_waits) X(waiting) X(text_beyond_fork) X(bad_was_faulty)

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
const char *sim_mark_name(size_t mark);

/* How much was done in a run, or in many. */
struct sim_sums {
    uint64_t marks[SIM_MARK_COUNT];
    uint64_t runs;
    uint64_t machine_ms;   /* virtual time, each machine's counted */
    uint64_t steps;        /* items of the agenda */
    uint64_t bytes;        /* on lines */
    uint64_t events_taken; /* that came in over lines */
    uint64_t most_held;    /* in bytes, of all machines for a bad neighbour; with a meter */
    double gather_s;       /* processor time of `gathers` */
    double judge_s;        /* and of what is checked in the end */
};

/* ---- tale.c ---- */

struct sim;

struct sim_tale {
    FILE *out;
    char *text; /* what happened; what people look at stands after "> " */
    size_t len;
    struct lum_plain_hasher hasher;
};
void sim_tale_open(struct sim_tale *tale);
void sim_tale_close(struct sim_tale *tale);
#define SIM_SEES(sim, name) ((void)((sim)->sums.marks[SIM_SAW_##name]++))
/* One line of the tale, with the time. */
void sim_say(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, and it is something that a person sees. */
void sim_show(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What must not happen did: tells it, and ends the process. */
_Noreturn void sim_die(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* To the end of a text, as far as it fits. */
void sim_append(char *text, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Bytes that are part of what must be the same each time. */
void sim_hash(struct sim *sim, const void *at, size_t len);

/* ---- agenda.c ---- */

enum sim_due {
    SIM_DUE_ACT,    /* a: its index in the story */
    SIM_DUE_TICK,   /* a: machine */
    SIM_DUE_WRITE,  /* a: machine: the writer's batch */
    SIM_DUE_SETTLE, /* a: machine: the view follows */
    SIM_DUE_BOOT,   /* a: machine: power is back */
    SIM_DUE_BAD,    /* a: machine: a bad one may say something */
    SIM_DUE_ROOM,   /* a: line, b: end: what it said has left */
    SIM_DUE_PARCEL, /* a: line, b: end that said it */
    SIM_DUE_LATE,   /* a: line, b: end: it notices that the line is gone */
    SIM_DUE_HANG_UP /* a: line, b: 0 a word first, 1 now */
};
struct sim_item {
    uint64_t at_ms;
    uint64_t order; /* of adding: items of one time come in this order */
    enum sim_due what;
    uint32_t a;
    uint32_t b;
};
struct sim_agenda {
    struct sim_item *heap; /* owned */
    size_t count;
    size_t room;
    uint64_t orders;
};
void sim_agenda_close(struct sim_agenda *agenda);
void sim_agenda_add(struct sim_agenda *agenda, const struct sim_item *item);
/* The next item, if it is due by then. */
bool sim_agenda_next(struct sim_agenda *agenda, uint64_t until_ms, struct sim_item *out);

/* ---- machine.c ---- */

struct sim_machine {
    struct site site; /* first: what env is handed is the machine */
    struct sim *sim;
    uint32_t number;
    const char *name;
    bool is_on;
    bool is_welcome; /* holds the space's secret */
    bool is_gone;    /* for ever: not in the core of the quiet time */
    bool has_twin;   /* another machine has its keys */
    struct bad *bad; /* NULL: an honest one; owned; bad.h */

    struct disk *disk;
    bool is_at_work;
    uint64_t looks_left; /* until a page cannot be read; 0: all can */
    bool has_trouble;    /* of its disk: a call may fail */
    bool was_settled;    /* when the power went */
    struct disk *backup; /* NULL when there is none */
    bool backup_is_image;
    int64_t off_ms;      /* how long it is off, when the power fails by itself */
    int64_t crash_draw;  /* and what its disk then keeps */
    uint8_t tag;         /* what its machine id is made of */
    uint64_t dice;
    int64_t skew_ms;
    int32_t drift_ppm;
    uint64_t frozen_at_ms; /* its wall clock stands; 0 = it goes */
    uint64_t sleeps_until_ms;

    struct lum_sync *sync;
    struct job *jobs; /* what the one writer still has to do, in order; owned */
    size_t job_count;
    size_t job_room;
    bool is_writing; /* a batch is due */
    uint64_t wake_ms;
    bool is_settling;

    uint8_t invite_pk[32]; /* what it came with */

    /* Bytes that its sync machine holds, while a meter is linked in (meter.c): now; most of them
     * beyond what it held before, for each bad neighbour; and before any was there. */
    size_t held;
    size_t held_for_bad;
    size_t held_before;
    uint64_t work_ns; /* processor time of its steps and batches */
};

struct sim_machine *sim_machine(struct sim *sim, uint32_t number); /* NULL when not there */
/* There, on, and not asleep; NULL otherwise. */
struct sim_machine *sim_awake(struct sim *sim, uint32_t number);
/* With an empty folder, off. NULL when the number is taken. */
struct sim_machine *sim_machine_new(struct sim *sim, uint32_t number);
void sim_machine_free(struct sim_machine *machine);
/* The space was made or opened: sync begins. */
void sim_machine_up(struct sim_machine *machine);
/* The process ends: lines go down, nothing is said. Off already: nothing. */
void sim_machine_down(struct sim_machine *machine);
/* So does the machine: its disk keeps what a disk keeps, by draw (0: all it can). */
void sim_machine_crash(struct sim_machine *machine, int64_t draw, int64_t off_ms);
void sim_machine_boot(struct sim_machine *machine);
/* The lid is opened before its time: what was put off until then is due. */
void sim_machine_wake(struct sim_machine *machine);
/* A failure ends the run; one of a disk in trouble ends the item of the agenda and the process of
 * the machine: it does not return then. */
void sim_must(struct sim_machine *machine, enum lum_status status);
void sim_machine_failed(struct sim *sim); /* after it did not return */
/* Its own clock, of both kinds. */
uint64_t sim_wall_ms(const struct sim_machine *machine);
/* That one's device as this machine knows it; NULL when it does not, or one of them is off or has
 * no keys yet. */
const struct lum_device *sim_device(const struct sim_machine *judge,
                                    const struct sim_machine *machine);
bool sim_is_effective(const struct sim_machine *judge, const struct sim_machine *machine);
/* One step of its sync machine; the event's times are filled in. */
void sim_step(struct sim_machine *machine, struct lum_sync_event *event);
/* It wrote by itself: notes what is saved, and tells sync. */
void sim_wrote(struct sim_machine *machine);
void sim_machine_write(struct sim_machine *machine);
void sim_machine_tick(struct sim_machine *machine);
void sim_machine_settle(struct sim_machine *machine);

/* ---- wire.c ---- */

struct sim_parcel {
    uint8_t *bytes; /* owned */
    size_t len;
};
/* What one end says. */
struct sim_flow {
    struct lum_channel channel; /* of the end that says it */
    struct lum_buf say;         /* plain, until the step ends */
    struct lum_buf in;          /* what this end has heard: records, then frames */
    struct lum_buf frames;
    struct sim_parcel *parcels; /* a ring; owned */
    uint32_t head;
    uint32_t count;
    uint32_t room;
    uint64_t free_ms;   /* when all that was said has left */
    uint64_t delivered; /* bytes that arrived at the other end */
    bool is_met;
};
struct sim_line {
    bool is_up;
    bool by_invite;
    bool is_stuck;        /* a bad one that takes nothing off it dialled, or was dialled */
    uint64_t stuck_bytes; /* said to it since then */
    bool is_closing;      /* one end said close: down when all has arrived */
    bool knows[2];        /* that end still believes in the line */
    uint32_t machines[2]; /* 0 dialled */
    int64_t args[STORY_ARGS_MAX];
    struct sim_flow *flows; /* of both ends while it is up; owned */
    enum lum_fault fault;
};

void sim_meet(struct sim *sim, uint32_t a, const struct story_act *act);
void sim_line_down(struct sim *sim, uint32_t line);
void sim_lines_of_down(struct sim_machine *machine); /* power is gone */
void sim_lines_free(struct sim *sim);
void sim_due_on_line(struct sim *sim, const struct sim_item *item);
/* Acts of sync that concern a line; flush ends a step. */
void sim_line_send(struct sim *sim, uint32_t session, uint8_t type, struct lum_bytes body);
void sim_line_close(struct sim *sim, uint32_t session, enum lum_fault fault);
void sim_line_flush(struct sim *sim);
struct sim_machine *sim_line_other(struct sim *sim, uint32_t session);
/* Both ends of each line between two who are effective have found that they are equal. */
bool sim_lines_are_equal(struct sim *sim);
void sim_say_lines(struct sim *sim); /* how each stands */
bool sim_line_is_up(const struct sim *sim, uint32_t session);
bool sim_line_is_bad(const struct sim *sim, uint32_t session); /* one of its ends is */
/* Plain bytes, framed or not, as a bad one says them; it reads no more. */
void sim_line_put(struct sim *sim, uint32_t session, struct lum_bytes bytes);
void sim_line_stick(struct sim *sim, uint32_t session);
bool sim_are_linked(struct sim *sim, uint32_t a, uint32_t b);
/* Only who holds the invite can let a newcomer in. */
bool sim_answers(struct sim_machine *member, const struct sim_machine *newcomer);

/* ---- people.c, fate.c: one function a verb ---- */

typedef void sim_verb(struct sim *sim, const struct story_act *act);
sim_verb sim_founds, sim_invites, sim_arrives, sim_approves, sim_puts, sim_edits, sim_deletes,
    sim_keeps, sim_imports, sim_settles, sim_looks, sim_counts;
sim_verb sim_crashes, sim_power_fails, sim_disk_fails, sim_disk_mends, sim_reads_fail,
    sim_memory_ends, sim_sleeps, sim_copies,
    sim_backs_up, sim_restores, sim_clock;
/* Core or sync is at work from now on, or what is made for the test: only the former meets with
 * unreadable pages and the end of memory. Gives what it was. */
bool sim_works(struct sim_machine *machine, bool is_at_work);

/* ---- bad.c ---- */

sim_verb sim_turns_bad;
/* What its honest sync wants: SEND, CLOSE, MET. */
void sim_bad_acts(struct sim_machine *machine, const struct lum_sync_act *act);
void sim_bad_turns(struct sim_machine *machine);
/* Does a bad one sign with that key? */
bool sim_is_bad_author(const struct sim *sim, const uint8_t author[32]);

/* ---- meter.c, when it is linked in ---- */

extern size_t sim_metered; /* bytes that this process holds from malloc */
enum {
    SIM_BAD_BYTES_MAX = 1 << 20, /* that a bad neighbour may cost: P9 */
};

/* ---- crowd.c ---- */

sim_verb sim_gathers;

/* ---- ledger.c ---- */

/* One position that a person was told is saved, and with it all before it. */
struct sim_saved {
    struct lum_hash log_id;
    uint64_t seq;
    struct lum_hash h;
    uint32_t machine;
};
struct sim_ledger {
    struct sim_saved *at; /* owned: one of each log */
    size_t count;
    size_t room;
    bool has_lost; /* something was forgiven */
};
void sim_ledger_note(struct sim_machine *machine);
/* What no machine holds any more cannot be asked for: what is left of it can. */
void sim_ledger_forgive(struct sim *sim);
void sim_ledger_check(struct sim *sim);

/* ---- intent.c ---- */

/* The event that a machine wrote last. */
struct sim_place {
    struct lum_hash log_id;
    uint64_t seq;
};
struct sim_text {
    struct lum_id record;
    const char *field;
    uint32_t machine;
    struct sim_place place;
    bool is_typed;
    bool is_overruled;
    bool is_replaced; /* by another value of its cell */
    uint32_t replacer;
    struct sim_place replaced_at;
    uint64_t deed; /* that would replace it */
    bool is_found;
};
struct sim_texts {
    struct sim_text *at; /* owned: by number */
    uint32_t count;
    uint64_t deeds;
};
/* Before somebody writes over a field (NULL: deletes the record): what his machine shows there may
 * be gone from now on; and after he was told that it is saved: it is. */
void sim_overrules(struct sim_machine *machine, const struct lum_id *record, const char *field);
void sim_replaced(struct sim_machine *machine);
/* "text 7" was written into that record. */
void sim_typed(struct sim_machine *machine, const struct lum_id *record, const char *field,
               uint32_t number);
void sim_check_texts(struct sim_machine *machine);

/* ---- truth.c ---- */

/* Frontiers of all members; nobody is left who could still become one. */
bool sim_all_equal(struct sim *sim);
void sim_say_logs(struct sim *sim); /* which each holds */
void sim_check(struct sim *sim);    /* everything that must hold once they are */
/* The nth conflict that the machine lists, counted around; false when there is none. */
bool sim_conflict_at(struct sim_machine *machine, uint64_t nth, struct lum_id *record,
                     char field[65]);
/* That machine says that it holds what the other does: a fact, or it must not say so. */
void sim_check_equal(struct sim_machine *machine, struct sim_machine *other);
/* Is nothing called faulty among honest neighbours, and nothing forked but by an image? */
void sim_check_result(struct sim_machine *machine, const struct job *job);

/* ---- world.c ---- */

struct sim_open_invite {
    struct lum_invite invite;
    int64_t uses;
    int64_t given; /* so many came with it */
};

struct sim {
    const struct story *story;
    uint64_t now_ms; /* virtual; what the story calls day 0 00:00 is 0 */
    uint32_t imports;
    struct sim_agenda agenda;
    jmp_buf escape; /* from an item of the agenda */
    struct sim_machine *failed;
    enum lum_status failure;
    struct sim_machine *machines[SIM_MACHINES_MAX]; /* owned */
    uint32_t machine_count;                         /* the highest number, and one */
    struct sim_line *lines;                         /* owned */
    uint32_t line_count;
    uint32_t line_room;
    uint32_t first_up;     /* all before it are down */
    uint32_t touched[256]; /* lines, in this step */
    uint32_t touched_count;
    uint64_t memory_left; /* allocations until one fails; 0: none will */
    struct sim_open_invite invites[SIM_INVITES_MAX];
    uint32_t invite_count;
    struct sim_ledger ledger;
    struct sim_texts texts;
    bool has_images; /* a disk was copied block by block: its logs may fork */
    struct sim_tale tale;
    struct sim_sums sums;
};

/* An act of the verb with its simplest arguments. */
void sim_simple_act(struct story_act *act, uint32_t who, enum story_verb verb);
/* The story alone; for who wants to look before the end. */
void sim_begin(struct sim *sim, const struct story *story);
void sim_run_until(struct sim *sim, uint64_t until_ms);
/* The whole story, the quiet time, the truth. */
void sim_run(struct sim *sim, const struct story *story);
void sim_trace(struct sim *sim, uint8_t trace[32]);
void sim_close(struct sim *sim);

/* ---- plan.c ---- */

/* What a seed draws; sums: marks of what only the plan knows. */
void sim_plan(uint64_t seed, struct story *out, struct sim_sums *sums);

/* ---- trial.c ---- */

enum {
    TRIAL_WHY_ROOM = 512,
    TRIAL_CPU_SECONDS = 600,
};
struct trial {
    bool holds;
    char why[TRIAL_WHY_ROOM]; /* the failure in one line, its numbers left out */
    uint8_t trace[32];
    struct sim_sums sums;
    double cpu_s;
    char *tale; /* owned: of a failed run, or when it was asked for */
};
struct trial_ask {
    const struct story *story; /* or, when NULL, */
    uint64_t seed;
    bool wants_tale;
};
void trial_run(const struct trial_ask *ask, struct trial *out);
void trial_close(struct trial *trial);

/* ---- shrink.c ---- */

/* Makes it smaller as long as it fails with the same words. Gives the number of trials. */
size_t sim_shrink(struct story *story, const char *why, size_t trials_max);

#endif
