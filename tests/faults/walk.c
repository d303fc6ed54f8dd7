/* walk.c - see walk.h. */
#define _GNU_SOURCE
#include "tests/faults/walk.h"

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/faults/world.h"

enum {
    TOLD_MAX = 12,      /* failures of one command and way that are told in full */
    MENDING_CALLS = 36, /* that open or change a file, of a status after a kill: seldom more */
};

/* Who is hit, and who else is there. */
enum company {
    ALONE,
    GUEST,
    HOST,
    FIRST
};

struct command {
    const char *name; /* also what LUM_FAULTS_ONLY is compared with */
    enum company company;
    const char *folder;
    const char *words; /* as of world_words */
    int again;         /* exit code when it is repeated after it did its work */
    bool only_tells;   /* what it says is all there is to it: done means said */
};

static const struct command commands[] = {
    {"init", ALONE, "c", "init Lumbung --as Siti", EX_CANTCREAT, false},
    {"put", ALONE, "a", "put trees kind=jati n:=5 note=tall", EX_OK, false},
    {"set", ALONE, "a", "set items/k3 v=other w:=2.5", EX_OK, false},
    {"get", ALONE, "a", "get items/k3", EX_OK, true},
    {"get --json", ALONE, "a", "--json get items/k1", EX_OK, true},
    {"del", ALONE, "a", "del items/k4", EX_DATAERR, false},
    {"restore", ALONE, "a", "restore items/k9", EX_DATAERR, false},
    {"find", ALONE, "a", "find items number>=3 --sort -number", EX_OK, true},
    {"history", ALONE, "a", "history items/k1", EX_OK, true},
    {"conflicts", ALONE, "a", "conflicts", EX_OK, true},
    {"resolve", ALONE, "a", "resolve items/k1 v --value third", EX_NOINPUT, false},
    {"resolve --all", ALONE, "a", "resolve items --all --take latest", EX_OK, false},
    {"import", ALONE, "a", "import rows %W/rows.csv --key number", EX_OK, false},
    {"import again", ALONE, "a", "import items %W/items.csv --key key", EX_OK, false},
    {"import json", ALONE, "a", "import lines %W/rows.ndjson --key number", EX_OK, false},
    {"export", ALONE, "a", "export items -o %W/out.csv", EX_OK, false},
    {"export json", ALONE, "a", "--json export items", EX_OK, true},
    {"invite", ALONE, "a", "invite --role reader --uses 3", EX_OK, false},
    {"invites", ALONE, "a", "invites", EX_OK, true},
    {"cancel", ALONE, "a", "cancel %J", EX_OK, false},
    {"admit", ALONE, "a", "admit Made --role steward", EX_OK, false},
    {"members", ALONE, "a", "members", EX_OK, true},
    {"peers", ALONE, "b", "peers", EX_OK, false},
    {"status", ALONE, "a", "status", EX_OK, true},
    {"log", ALONE, "a", "log", EX_OK, true},
    {"log --raw", ALONE, "a", "log --raw", EX_OK, true},
    {"verify", ALONE, "a", "verify", EX_OK, true},
    {"rebuild", ALONE, "a", "rebuild", EX_OK, false},
    {"compact", ALONE, "a", "compact", EX_OK, false},
    {"join", GUEST, "c", "join %I --as Wayan", EX_CANTCREAT, false},
    {"sync", GUEST, "b", "sync %A", EX_OK, false},
    {"serve, met", HOST, "a", "serve --json --listen 127.0.0.1:0", EX_OK, false},
    {"up", FIRST, "c", "up --json --listen 127.0.0.1:0", EX_OK, false},
};

struct facts {
    bool is_there;
    uint64_t events;
    uint64_t records;
};

static uint64_t points;
static uint64_t failures;
static uint64_t killed_again;      /* in what followed a kill */
static uint64_t told;              /* of this command and way */
static char wanted_text[RUN_TEXT]; /* what it says with nothing going wrong */

/* The one that is tried now, for messages. */
static const struct command *command;
static const struct walk_way *way;
static struct door_plan plan;

__attribute__((format(printf, 2, 3))) static void wrong(const struct run *run, const char *format,
                                                        ...)
{
    char text[WORLD_ROOM];
    va_list more;
    failures++;
    if (told++ >= TOLD_MAX) {
        return;
    }
    va_start(more, format);
    (void)vsnprintf(text, sizeof(text), format, more);
    va_end(more);
    printf("FAILED: %s, %s, %" PRIu64 "%s %s: %s\n", command->name, way->name, plan.nth,
           plan.for_ever ? " and on" : "", door_where(), text);
    if (run != NULL) {
        printf("    | %.300s\n    | %.300s\n", run->said, run->complained);
    }
}

/* ---- one point ---- */

static struct facts facts_of(const char *folder)
{
    const struct run *run = run_one(NULL, "-S %s/%s --json status", world.home, folder);
    return (struct facts){.is_there = run->code == 0,
                          .events = world_number(run->said, "events"),
                          .records = world_number(run->said, "records")};
}

static bool is_told(const struct run *run)
{
    /* In company it may be the line that is told of, with the reason. */
    if (command->company != ALONE && run->code == EX_UNAVAILABLE) {
        return true;
    }
    for (size_t i = 0; way->codes[i] != 0; i++) {
        if (run->code == way->codes[i]) {
            return true;
        }
    }
    return false;
}

/* What became of the one that was hit. */
static void judge(const struct run *run)
{
    if (run->code == -1) {
        wrong(run, "hangs");
    } else if (way->codes[0] == 0) {
        if (run->code != EX_OK && run->code != RUN_KILLED) {
            wrong(run, "exit %d", run->code);
        }
    } else if (command->company >= HOST && run->code == RUN_SIGNAL + SIGTERM) {
        return; /* it was ending already when it was told to */
    } else if (run->code > RUN_SIGNAL) {
        wrong(run, "signal %d", run->code - RUN_SIGNAL);
    } else if (run->code != EX_OK && !is_told(run)) {
        wrong(run, "exit %d", run->code);
    } else if (run->code != EX_OK && run->complained[0] == '\0') {
        wrong(run, "exit %d without a word", run->code);
    }
}

static int hit(void)
{
    char text[4 * WORLD_ROOM];
    char words[5 * WORLD_ROOM];
    const struct run *run;

    if (command->company == GUEST) {
        world_serve_a();
    }
    (void)text_put(words, sizeof(words), "-S %s/%s %s", world.home, command->folder,
                   world_words(command->words, text));
    if (command->company == GUEST && strcmp(command->name, "join") == 0) {
        (void)text_put(words + strlen(words), sizeof(words) - strlen(words), " %s", world.address);
    }
    if (command->company != HOST && command->company != FIRST) {
        run = run_one(&plan, "%s", words);
        judge(run);
        int code = run->code;
        if (plan.deed == DOOR_COUNTS) {
            (void)text_put(wanted_text, sizeof(wanted_text), "%s", run->said);
        } else if (code == EX_OK && command->only_tells && strcmp(run->said, wanted_text) != 0) {
            wrong(run, "exit 0, and it has not said all");
        }
        if (command->company == GUEST) {
            world_leave_a();
        }
        return code;
    }
    run_begin(RUN_FAR, &plan, words);
    bool is_up = run_has_said(RUN_FAR, command->company == FIRST ? "\"invite\"" : "\"listening\"");
    if (is_up && command->company == HOST) {
        world_read_address(run_so_far(RUN_FAR));
        run = run_one(NULL, "-S %s/b sync %s", world.home, world.address);
        if (run->code == -1 || run->code > RUN_SIGNAL) {
            wrong(run, "the guest: %d", run->code);
        }
    }
    run_stop(RUN_FAR);
    run = run_end(RUN_FAR);
    judge(run);
    return run->code;
}

/* Whoever comes next and mends what a kill left is killed as well, before or after one of its calls
 * that change a file. Status reads the log and lets the view follow it. */
static void kill_again(void)
{
    struct door_plan held = plan;
    plan.nth = 1 + (uint64_t)rand() % MENDING_CALLS;
    const struct run *run = run_one(&plan, "-S %s/%s status", world.home, command->folder);
    if (run->code == -1 || (run->code > RUN_SIGNAL && run->code != RUN_KILLED)) {
        wrong(run, "killed, and then of status %d", run->code);
    }
    killed_again += run->code == RUN_KILLED ? 1 : 0;
    plan = held;
}

/* The store afterwards, and the same command again. */
static void look_after(int code, const struct facts *before, const struct facts *after)
{
    const struct run *run;
    struct facts now = facts_of(command->folder);

    if (!now.is_there) {
        if (before->is_there || (code == EX_OK && after->is_there)) {
            wrong(NULL, "exit %d, and the store is not there", code);
        }
    } else {
        run = run_one(NULL, "-S %s/%s verify", world.home, command->folder);
        if (run->code != EX_OK) {
            wrong(run, "exit %d, and then of verify %d", code, run->code);
        }
        if (now.events < before->events ||
            (code == EX_OK && command->company == ALONE &&
             (now.events != after->events || now.records != after->records))) {
            wrong(NULL,
                  "exit %d, and %" PRIu64 " events, %" PRIu64 " records; before %" PRIu64
                  ", %" PRIu64 "; to be %" PRIu64 ", %" PRIu64,
                  code, now.events, now.records, before->events, before->records, after->events,
                  after->records);
        }
    }
    struct door_plan held = plan;
    plan = (struct door_plan){.deed = DOOR_COUNTS};
    char text[4 * WORLD_ROOM];
    if (command->company == GUEST || command->company == HOST) {
        world_serve_a();
        run = strcmp(command->name, "join") != 0
                  ? run_one(NULL, "-S %s/b sync %s", world.home, world.address)
                  : run_one(NULL, "-S %s/c %s %s", world.home, world_words(command->words, text),
                            world.address);
        world_leave_a();
    } else if (command->company == FIRST) {
        run = run_one(NULL, "-S %s/c init Lumbung --as Siti", world.home);
    } else {
        run = run_one(NULL, "-S %s/%s %s", world.home, command->folder,
                      world_words(command->words, text));
    }
    plan = held;
    if (run->code != EX_OK && run->code != command->again &&
        !(command->company == FIRST && run->code == EX_CANTCREAT)) {
        wrong(run, "exit %d, and again %d", code, run->code);
    }
}

/* ---- all points ---- */

static void walk(uint32_t wanted)
{
    world_put_back();
    struct facts before = facts_of(command->folder);
    plan = way->plan;
    plan.deed = DOOR_COUNTS;
    world_put_back();
    if (hit() != EX_OK) {
        wrong(NULL, "does not do with nothing going wrong");
        return;
    }
    uint64_t calls = door_seen();
    struct facts after = facts_of(command->folder);
    const char *nth_wanted = getenv("LUM_FAULTS_NTH");
    uint64_t here = nth_wanted != NULL ? 1 : wanted == 0 || calls < wanted ? calls : wanted;
    for (uint64_t i = 0; i < here; i++) {
        world_put_back();
        plan = way->plan;
        plan.nth = nth_wanted != NULL
                       ? strtoull(nth_wanted, NULL, 10)
                       : 1 + (here == calls ? i : (calls * i + (uint64_t)rand() % calls) / here);
        int code = hit();
        points++;
        if (code == RUN_KILLED) {
            kill_again();
        }
        look_after(code, &before, &after);
    }
    printf("%-14s %-24s %6" PRIu64 " calls %6" PRIu64 " points%s\n", command->name, way->name,
           calls, here, told > 0 ? "  FAILED" : "");
    fflush(stdout);
}

static bool is_wanted(void)
{
    const char *only = getenv("LUM_FAULTS_ONLY");
    return only == NULL || strcmp(only, command->name) == 0;
}

int walk_all(const struct walk_way *ways, size_t count, uint32_t wanted)
{
    const char *asked = getenv("LUM_FAULTS");
    const char *seed = getenv("LUM_SEED");
    unsigned number_of_run = seed == NULL ? (unsigned)getpid() : (unsigned)strtoul(seed, NULL, 10);

    setenv("LC_ALL", "C.UTF-8", 1);
    printf("LUM_SEED=%u\n", number_of_run);
    srand(number_of_run);
    wanted = asked == NULL ? wanted : (uint32_t)strtoul(asked, NULL, 10); /* "all": 0 */
    world_make();
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        for (size_t k = 0; k < count; k++) {
            command = &commands[i];
            way = &ways[k];
            told = 0;
            if (is_wanted()) {
                walk(wanted == 0 ? 0 : (wanted + way->share - 1) / way->share);
            }
        }
    }
    world_end();
    printf("figures: %" PRIu64 " points of %zu commands", points,
           sizeof(commands) / sizeof(*commands));
    if (killed_again > 0) {
        printf(", %" PRIu64 " times killed again while that is mended", killed_again);
    }
    printf(", %" PRIu64 " failures\n", failures);
    return failures == 0 ? 0 : 1;
}
