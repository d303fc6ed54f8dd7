/*
 * test_crash.c - every command that changes a store is recorded, then the power goes at each point
 * of the recording (explore.h). And a control: with the syncs of log.mdb left out, what was told of
 * must be seen to be lost.
 *
 * LUM_CRASHES=N: all images of every point, recoveries too, and N further histories of three
 * commands that are drawn. LUM_CRASH_ONLY: a history by its name. LUM_SEED: the draws.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crypto.h"
#include "tests/crash/explore.h"
#include "tests/faults/world.h"

enum {
    COMMANDS_MAX = 24,
    SERVES = 40, /* the number of a node that serves: it does not end with a word */
    RECORD_BYTES = 192 * 1024 * 1024,
    SHORT_IMAGES = 3,
    SHORT_TURNS = 6, /* of so many recordings one has its recovery explored, one the control */
    LONG_RANDOM = 8,
    LONG_RECOVERIES = 1,
};

/* Who else is there. */
enum company {
    ALONE,
    NODE,  /* a serves, and is asked on its control socket */
    GUEST, /* a serves, and is met */
};

struct history {
    const char *name;
    enum company company;
    char machines[3]; /* whose power goes, one after the other; the commands are the first one's */
    const char *commands[COMMANDS_MAX];
};

static const struct history histories[] = {
    {"init", ALONE, "c", {"init Lumbung --as Siti", "put trees kind=jati"}},
    {"put", ALONE, "a", {"put trees kind=jati", "put trees n:=5", "put trees note=tall"}},
    {"edit", ALONE, "a", {"set items/k3 v=other", "del items/k4", "restore items/k9"}},
    {"resolve",
     ALONE,
     "a",
     {"resolve items/k1 v --value third", "resolve items --all --take latest"}},
    {"import", ALONE, "a", {"import rows %W/rows.csv --key number", "import many %W/many.csv"}},
    {"rights", ALONE, "a", {"invite --uses 2", "cancel %J", "admit Made --role steward"}},
    {"rebuild", ALONE, "a", {"rebuild", "put trees kind=jati"}},
    {"compact", ALONE, "a", {"compact", "put trees kind=jati"}},
    {"backup", ALONE, "a", {"backup %W/a.out/x.lum"}},
    {"bring back", ALONE, "c", {"restore %W/hall.lum", "put trees kind=jati"}},
    {"node", NODE, "a", {"put trees kind=jati", "set items/k3 v=other", "invite"}},
    {"sync", GUEST, "ba", {"sync %A"}},
    {"join", GUEST, "ca", {"join %I --as Wayan %A"}},
};

/* Of which longer histories are drawn. */
static const char *const verbs[] = {
    "put trees kind=jati",
    "set items/k3 v=other",
    "del items/k4",
    "restore items/k9",
    "get items/k3",
    "resolve items --all --take latest",
    "invite --uses 2",
    "admit Made",
    "import rows %W/rows.csv --key number",
    "rebuild",
    "compact",
    "import items %W/items.csv --key key",
};

static struct record *record;
static uint32_t number; /* of the command that is run next */
static char images[WORLD_ROOM];
static struct explore_figures found;
static struct explore_figures control;
static uint64_t seed;
static bool is_long;

static void in_child(void)
{
    record_begin(record, world.home, number);
}

static void begin_world(void)
{
    char path[WORLD_ROOM];
    char text[64 * 1024];
    size_t len = text_put(text, sizeof(text), "number,note\n");
    world_make();
    for (int i = 1; i <= 2000; i++) {
        len += text_put(text + len, sizeof(text) - len, "%d,row number %d\n", i, i);
    }
    (void)text_put(path, sizeof(path), "%s/many.csv", world.home);
    file_write(path, text);
    (void)text_put(path, sizeof(path), "%s/a.out", world.home);
    (void)mkdir(path, 0700);
    (void)text_put(images, sizeof(images), "%s/images", world.home);
    (void)mkdir(images, 0700);
    world_must("a", "backup %s/hall.lum", world.home);
}

static void end_world(void)
{
    static const char *const below[] = {"a", "b", "c", "r", "a.out"};
    char path[WORLD_ROOM];
    (void)text_put(path, sizeof(path), "%s/a.out", world.home);
    folder_remove(path);
    for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++) {
        (void)text_put(path, sizeof(path), "%s/%s", images, below[i]);
        folder_remove(path);
    }
    folder_remove(images);
    world_end();
}

/* ---- recording ---- */

static void give_up(const struct history *history, const struct run *run)
{
    printf("FAILED: %s does not do with nothing going wrong: exit %d\n%s%s", history->name,
           run->code, run->said, run->complained);
    exit(1);
}

static void run_history(const struct history *history)
{
    char words[4 * WORLD_ROOM];
    run_before = in_child;
    number = SERVES;
    if (history->company != ALONE) {
        world_serve_a();
    }
    for (uint32_t i = 0; history->commands[i] != NULL; i++) {
        number = i + 1;
        const struct run *run = run_one(NULL, "-S %s/%c %s", world.home, history->machines[0],
                                        world_words(history->commands[i], words));
        if (run->code != 0) {
            give_up(history, run);
        }
        record_end(record, number);
    }
    if (history->company != ALONE) {
        world_leave_a();
    }
    run_before = NULL;
}

/* ---- exploring ---- */

static void explore_one(const struct history *history, char machine, const struct image *base,
                        const char *backup)
{
    uint64_t turn = ++seed % SHORT_TURNS;
    struct explore how = {
        .name = history->name,
        .machine = machine,
        .base = base,
        .record = record,
        .again = {.backup = strcmp(history->name, "bring back") == 0 ? backup : NULL,
                  .invite = strcmp(history->name, "join") == 0 ? world.invite : NULL},
        .leaves_backup = strcmp(history->name, "backup") == 0,
        .dir = images,
        .is_long = is_long,
        .images = SHORT_IMAGES,
        .random = LONG_RANDOM,
        .recoveries = is_long     ? LONG_RECOVERIES
                      : turn == 0 ? 1
                                  : 0,
        .seed = seed,
    };
    struct image now = {0};
    image_read(&now, world.home, machine);
    const char *missed = explore_misses(&how, &now);
    image_free(&now);
    if (missed != NULL) {
        printf("FAILED: %s: the recording does not explain %s\n", history->name, missed);
        exit(1);
    }
    explore(&how, &found);
    how.lies = true;
    how.is_long = false;
    how.images = 3;
    how.recoveries = 0;
    if (is_long || turn == 1 || strcmp(history->name, "put") == 0) {
        explore(&how, &control);
    }
}

static void try_history(const struct history *history)
{
    struct image base[2] = {{.count = 0}};
    char backup[WORLD_ROOM];
    char path[WORLD_ROOM];
    const char *only = getenv("LUM_CRASH_ONLY");
    struct explore_figures before = found;
    struct explore_figures control_before = control;
    if (only != NULL && strcmp(only, history->name) != 0) {
        return;
    }
    world_put_back();
    (void)text_put(path, sizeof(path), "%s/a.out/x.lum", world.home);
    (void)unlink(path);
    (void)text_put(backup, sizeof(backup), "%s/hall.lum", world.home);
    for (size_t i = 0; history->machines[i] != '\0'; i++) {
        image_read(&base[i], world.home, history->machines[i]);
    }
    record_clear(record);
    run_history(history);
    for (size_t i = 0; history->machines[i] != '\0'; i++) {
        explore_one(history, history->machines[i], &base[i], backup);
        image_free(&base[i]);
    }
    printf("%-12s %6" PRIu64 " points %8" PRIu64 " images; control seen at %" PRIu64 " of %" PRIu64
           "\n",
           history->name, found.points - before.points, found.images - before.images,
           control.told_bad - control_before.told_bad, control.told - control_before.told);
    fflush(stdout);
}

/* Every tenth has twenty commands, the others three. */
static void try_drawn(uint64_t n)
{
    struct history history = {.name = "drawn", .company = ALONE, .machines = "a"};
    uint64_t dice = seed + n;
    for (size_t i = 0; i < (n % 10 == 9 ? 20 : 3); i++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        history.commands[i] = verbs[(dice >> 33) % (sizeof(verbs) / sizeof(*verbs))];
    }
    try_history(&history);
}

static int tell(void)
{
    uint64_t bad = found.lost + found.half + found.refused + found.crashed;
    double share = control.told == 0 ? 0 : 100.0 * (double)control.told_bad / (double)control.told;
    printf("figures: %" PRIu64 " recordings, %" PRIu64 " of them of what follows a crash, %" PRIu64
           " points, %" PRIu64 " images, %" PRIu64 " different: %" PRIu64 " lost, %" PRIu64
           " half, %" PRIu64 " refused, %" PRIu64 " crashed\n",
           found.recordings, found.recoveries, found.points, found.images, found.distinct,
           found.lost, found.half, found.refused, found.crashed);
    printf("figures: control, the syncs of log.mdb left out: seen at %" PRIu64 " of %" PRIu64
           " points at which what was told of had wanted one, %.1f %%\n",
           control.told_bad, control.told, share);
    return bad == 0 && (share >= 90 || getenv("LUM_CRASH_ONLY") != NULL) ? 0 : 1;
}

int main(void)
{
    const char *asked = getenv("LUM_CRASHES");
    const char *number_of_run = getenv("LUM_SEED");
    uint64_t drawn = asked == NULL ? 1 : strtoull(asked, NULL, 10);
    if (access("/dev/shm", W_OK) != 0) {
        printf("skipped: no /dev/shm\n");
        return 77;
    }
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    setenv("LC_ALL", "C.UTF-8", 1);
    is_long = asked != NULL;
    seed = number_of_run == NULL ? (unsigned)getpid() : strtoull(number_of_run, NULL, 10);
    printf("LUM_SEED=%" PRIu64 "\n", seed);
    record = record_open(RECORD_BYTES);
    begin_world();
    for (size_t i = 0; i < sizeof(histories) / sizeof(*histories); i++) {
        try_history(&histories[i]);
    }
    for (uint64_t i = 0; i < drawn; i++) {
        try_drawn(i);
    }
    end_world();
    record_close(record);
    return tell();
}
