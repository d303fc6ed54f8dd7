/* run.c - see run.h. */
#define _GNU_SOURCE
#include "tests/faults/run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#undef main
int lum_main(int argc, char **argv); /* cli/main.c */

enum {
    WORDS_MAX = 24,
    LINE_MAX_ = 4096,
    HANGS_AFTER_MS = 30000,
    FILES_MAX = 16,
    NAME_MAX_ = 32,
    PATH_MAX_ = 512,
};

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "the test itself: %s: %s\n", what, strerror(errno));
        exit(99);
    }
}

size_t text_put(char *out, size_t room, const char *format, ...)
{
    va_list more;
    va_start(more, format);
    int len = vsnprintf(out, room, format, more);
    va_end(more);
    must(len >= 0 && (size_t)len < room, "a long text");
    return (size_t)len;
}

/* ---- commands ---- */

void (*run_before)(void);

static struct run runs[RUN_SLOTS];
static int outputs[RUN_SLOTS][2] = {{-1, -1}, {-1, -1}};

static void in_child(enum run_slot slot, const struct door_plan *plan, const char *words)
{
    char line[LINE_MAX_];
    char name[] = "lumbung";
    char *argv[WORDS_MAX + 1] = {name};
    int argc = 1;

    (void)text_put(line, sizeof(line), "%s", words);
    for (char *word = strtok(line, " "); word != NULL && argc < WORDS_MAX;
         word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    int none = open("/dev/null", O_RDONLY | O_CLOEXEC);
    must(dup2(none, 0) == 0 && dup2(outputs[slot][0], 1) == 1 && dup2(outputs[slot][1], 2) == 2,
         "dup2");
    if (plan != NULL) {
        door_arm(plan);
    }
    if (run_before != NULL) {
        run_before();
    }
    int code = lum_main(argc, argv);
    door_arm(&(struct door_plan){.deed = DOOR_COUNTS}); /* exit may keep what was counted */
    exit(code);
}

void run_begin(enum run_slot slot, const struct door_plan *plan, const char *words)
{
    for (int i = 0; i < 2; i++) {
        if (outputs[slot][i] < 0) {
            outputs[slot][i] = memfd_create("said", MFD_CLOEXEC);
        }
        must(ftruncate(outputs[slot][i], 0) == 0 && lseek(outputs[slot][i], 0, SEEK_SET) == 0,
             "memfd");
    }
    if (plan != NULL) {
        door_reset();
    }
    fflush(stdout);
    fflush(stderr);
    runs[slot].pid = fork();
    must(runs[slot].pid >= 0, "fork");
    if (runs[slot].pid == 0) {
        in_child(slot, plan, words);
    }
}

static void read_text(int fd, char out[RUN_TEXT])
{
    ssize_t got = pread(fd, out, RUN_TEXT - 1, 0);
    out[got < 0 ? 0 : got] = '\0';
}

static void nap(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

bool run_has_said(enum run_slot slot, const char *text)
{
    for (int ms = 0; ms < HANGS_AFTER_MS; ms++) {
        siginfo_t info = {0};
        read_text(outputs[slot][0], runs[slot].said);
        if (strstr(runs[slot].said, text) != NULL) {
            return true;
        }
        (void)waitid(P_PID, (id_t)runs[slot].pid, &info, WEXITED | WNOHANG | WNOWAIT);
        if (info.si_pid != 0) {
            return false;
        }
        nap();
    }
    return false;
}

const struct run *run_so_far(enum run_slot slot)
{
    return &runs[slot];
}

void run_stop(enum run_slot slot)
{
    (void)kill(runs[slot].pid, SIGTERM);
}

/* Without a timer: most runs are over when they are asked for. */
static bool wait_for(pid_t pid, int *state)
{
    struct timespec began;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &began);
    do {
        pid_t got = waitpid(pid, state, WNOHANG);
        if (got != 0) {
            return got == pid;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - began.tv_sec) * 1000 < HANGS_AFTER_MS);
    return false;
}

const struct run *run_end(enum run_slot slot)
{
    struct run *run = &runs[slot];
    int state = 0;

    if (wait_for(run->pid, &state)) {
        run->code = WIFEXITED(state) ? WEXITSTATUS(state) : RUN_SIGNAL + WTERMSIG(state);
    } else {
        run->code = -1;
        (void)kill(run->pid, SIGKILL);
        (void)waitpid(run->pid, &state, 0);
    }
    read_text(outputs[slot][0], run->said);
    read_text(outputs[slot][1], run->complained);
    return run;
}

const struct run *run_one(const struct door_plan *plan, const char *format, ...)
{
    char words[LINE_MAX_];
    va_list more;
    va_start(more, format);
    (void)vsnprintf(words, sizeof(words), format, more);
    va_end(more);
    run_begin(RUN_NEAR, plan, words);
    return run_end(RUN_NEAR);
}

/* ---- folders ---- */

struct kept_file {
    char name[NAME_MAX_];
    uint8_t *bytes;
    size_t len;
};

struct kept {
    char dir[PATH_MAX_];
    char keep[PATH_MAX_];
    struct kept_file files[FILES_MAX];
    size_t count;
};

static const char *in(const char *dir, const char *name, char out[PATH_MAX_])
{
    (void)text_put(out, PATH_MAX_, "%s/%s", dir, name);
    return out;
}

static void write_file(const char *path, const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0, path);
    for (size_t put = 0; put < len;) {
        ssize_t more = write(fd, bytes + put, len - put);
        must(more > 0, path);
        put += (size_t)more;
    }
    close(fd);
}

void file_write(const char *path, const char *text)
{
    write_file(path, (const uint8_t *)text, strlen(text));
}

static void keep_file(struct kept *kept, const char *name)
{
    char path[PATH_MAX_];
    char linked[PATH_MAX_];
    struct stat st;
    must(stat(in(kept->dir, name, path), &st) == 0, path);
    if (!S_ISREG(st.st_mode)) {
        return;
    }
    must(kept->count < FILES_MAX && strlen(name) < NAME_MAX_, "too many files");
    struct kept_file *file = &kept->files[kept->count++];
    (void)text_put(file->name, sizeof(file->name), "%s", name);
    file->len = (size_t)st.st_size;
    file->bytes = malloc(file->len + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    must(file->bytes != NULL && fd >= 0 && pread(fd, file->bytes, file->len, 0) == st.st_size,
         path);
    close(fd);
    if (strcmp(name, "log.mdb") == 0) {
        (void)unlink(in(kept->keep, name, linked));
        (void)mkdir(kept->keep, 0700);
        must(link(path, linked) == 0, linked);
    }
}

struct kept *kept_take(const char *dir, const char *keep)
{
    struct kept *kept = calloc(1, sizeof(*kept));
    must(kept != NULL, "memory");
    (void)text_put(kept->dir, sizeof(kept->dir), "%s", dir);
    (void)text_put(kept->keep, sizeof(kept->keep), "%s", keep);
    DIR *folder = opendir(dir);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (entry->d_name[0] != '.') {
            keep_file(kept, entry->d_name);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return kept;
}

static const struct kept_file *find_kept(const struct kept *kept, const char *name)
{
    for (size_t i = 0; i < kept->count; i++) {
        if (strcmp(kept->files[i].name, name) == 0) {
            return &kept->files[i];
        }
    }
    return NULL;
}

/* What was not there goes; NULL: everything. */
static void sweep(const char *dir, const struct kept *kept)
{
    char path[PATH_MAX_];
    DIR *folder = opendir(dir);
    for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            (kept == NULL || find_kept(kept, entry->d_name) == NULL)) {
            must(unlink(in(dir, entry->d_name, path)) == 0, path);
        }
    }
    if (folder != NULL) {
        closedir(folder);
    }
}

/* Seeds are written once: touched, they would tell of a copy. */
void kept_put_back(const struct kept *kept)
{
    char path[PATH_MAX_];
    char linked[PATH_MAX_];

    sweep(kept->dir, kept);
    if (kept->count == 0) {
        (void)rmdir(kept->dir);
    }
    for (size_t i = 0; i < kept->count; i++) {
        const struct kept_file *file = &kept->files[i];
        in(kept->dir, file->name, path);
        if (strncmp(file->name, "seed.", 5) == 0) {
            must(access(path, R_OK) == 0, path);
            continue;
        }
        if (strcmp(file->name, "log.mdb") == 0) {
            (void)unlink(path);
            must(link(in(kept->keep, file->name, linked), path) == 0, path);
        }
        write_file(path, file->bytes, file->len);
    }
}

void kept_free(struct kept *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        free(kept->files[i].bytes);
    }
    free(kept);
}

void folder_remove(const char *dir)
{
    sweep(dir, NULL);
    (void)rmdir(dir);
}
