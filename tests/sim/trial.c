/*
 * trial.c - one story in a child process: what ends a process is a result; see sim.h.
 *
 * The child's numbers come back through shared memory, its words through files without a name.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/leave.h"
#include "tests/sim/sim.h"

/* What the child writes for the parent. */
struct shared {
    uint8_t trace[32];
    struct sim_sums sums;
};

static void be_child(const struct trial_ask *ask, struct shared *shared)
{
    static struct sim sim;
    struct story story = {0};
    if (ask->story == NULL) {
        sim_plan(ask->seed, &story, &shared->sums);
    } else {
        story_copy(ask->story, &story);
    }
    const struct rlimit cpu = {TRIAL_CPU_SECONDS, TRIAL_CPU_SECONDS};
    (void)setrlimit(RLIMIT_CPU, &cpu); /* a story that never ends ends here */
    sim_run(&sim, &story);
    for (size_t i = 0; i < SIM_MARK_COUNT; i++) {
        sim.sums.marks[i] += shared->sums.marks[i];
    }
    shared->sums = sim.sums;
    if (ask->wants_tale) {
        (void)fflush(sim.tale.out);
        (void)fwrite(sim.tale.text, 1, sim.tale.len, stdout);
    }
    sim_trace(&sim, shared->trace);
    sim_close(&sim);
    story_close(&story);
}

static char *whole(FILE *file)
{
    long len = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : 0;
    char *text = calloc(1, (size_t)len + 1);
    LUM_ASSERT(text != NULL);
    rewind(file);
    (void)!fread(text, 1, (size_t)len, file);
    return text;
}

/* The first line, with each number written as one #: the same mistake has the same words. */
static void reason(const char *words, int status, char out[TRIAL_WHY_ROOM])
{
    size_t len = 0;
    const char *at = strstr(words, ": ");             /* after the time, if there is one */
    const char *summary = strstr(words, "SUMMARY: "); /* of a sanitizer */
    at = summary != NULL ? summary : strncmp(words, "day ", 4) == 0 && at != NULL ? at + 2 : words;
    for (; *at != '\0' && *at != '\n' && len + 1 < TRIAL_WHY_ROOM; at++) {
        bool is_digit = isdigit((unsigned char)*at) != 0;
        if (!is_digit || len == 0 || out[len - 1] != '#') {
            out[len++] = is_digit ? '#' : *at;
        }
    }
    out[len] = '\0';
    if (len == 0) {
        (void)snprintf(out, TRIAL_WHY_ROOM, "the process ended: %s %d",
                       WIFSIGNALED(status) ? "signal" : "code",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
}

void trial_run(const struct trial_ask *ask, struct trial *out)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    FILE *tale = tmpfile();
    FILE *words = tmpfile();
    LUM_ASSERT(shared != MAP_FAILED && tale != NULL && words != NULL);
    memset(out, 0, sizeof *out);
    (void)fflush(NULL);
    pid_t child = fork();
    LUM_ASSERT(child >= 0);
    if (child == 0) {
        (void)dup2(fileno(tale), STDOUT_FILENO);
        (void)dup2(fileno(words), STDERR_FILENO);
        be_child(ask, shared);
        (void)fflush(NULL);
        leave(0);
    }
    int status = 0;
    struct rusage usage;
    LUM_ASSERT(wait4(child, &status, 0, &usage) == child);
    out->cpu_s = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
                 (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
    out->holds = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    memcpy(out->trace, shared->trace, sizeof out->trace);
    out->sums = shared->sums;
    if (!out->holds) {
        char *text = whole(words);
        reason(text, status, out->why);
        free(text);
    }
    if (!out->holds || ask->wants_tale) {
        out->tale = whole(tale);
    }
    (void)munmap(shared, sizeof *shared);
    (void)fclose(tale);
    (void)fclose(words);
}

void trial_close(struct trial *trial)
{
    free(trial->tale);
    trial->tale = NULL;
}
