/*
 * bench_child.c - the binary itself, run as a child process: a command to its end, or a node.
 *
 * What it says goes to files in memory, so that a full disk can still be told of.
 */
#define _GNU_SOURCE /* environ, memfd_create, pidfd_open */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/bench.h"
#include "cli/json.h"
#include "cli/map.h"
#include "net/host.h"

enum {
    WORDS_MAX = 16,
    LOOK_MS = 20, /* between two looks at the memory of a process */
    SERVE_TRIES = 1500,
    OUT_MAX = 16 * 1024 * 1024,
};

/* ---- what is known of a process ---- */

double lum_bench_proc(pid_t pid, const char *file, const char *name)
{
    char path[64];
    char line[128];
    double value = 0;
    size_t len = strlen(name);
    FILE *in;

    snprintf(path, sizeof(path), "/proc/%ld/%.16s", (long)pid, file);
    in = fopen(path, "r");
    while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            value = strtod(line + len + 1, NULL);
        }
    }
    if (in != NULL) {
        fclose(in);
    }
    return value;
}

/* What was handed to write() and its kin, which is how LMDB writes. write_bytes beside it counts
 * whole folios of the page cache, more than ever reaches the disk. */
double lum_bench_written(pid_t pid)
{
    return lum_bench_proc(pid, "io", "wchar");
}

double lum_bench_memory(pid_t pid)
{
    return lum_bench_proc(pid, "status", "RssAnon") * 1024;
}

static void look(struct lum_bench *bench, pid_t pid)
{
    const pid_t pids[2] = {pid, bench->watched};

    for (size_t i = 0; i < 2; i++) {
        double now = lum_bench_memory(pids[i]);
        if (now > bench->last.memory[i]) {
            bench->last.memory[i] = now;
        }
    }
}

/* ---- starting ---- */

struct words {
    char texts[WORDS_MAX][LUM_BENCH_PATH];
    char *argv[WORDS_MAX + 1];
    size_t count;
};

static void add_word(struct words *words, const char *text)
{
    LUM_ASSERT(words->count < WORDS_MAX);
    snprintf(words->texts[words->count], LUM_BENCH_PATH, "%s", text);
    words->argv[words->count] = words->texts[words->count];
    words->argv[++words->count] = NULL;
}

static bool open_said(struct lum_bench_said *said)
{
    said->fds[0] = memfd_create("out", MFD_CLOEXEC);
    said->fds[1] = memfd_create("err", MFD_CLOEXEC);
    return said->fds[0] >= 0 && said->fds[1] >= 0;
}

static void close_said(const struct lum_bench_said *said)
{
    for (int i = 0; i < 2; i++) {
        if (said->fds[i] >= 0) {
            close(said->fds[i]);
        }
    }
}

/* Runs ourselves; an errno, or 0. */
static int spawn(const struct words *words, const struct lum_bench_said *said, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int code = posix_spawn_file_actions_init(&actions);

    if (code != 0) {
        return code;
    }
    code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    for (int i = 0; i < 2 && code == 0; i++) {
        code = posix_spawn_file_actions_adddup2(&actions, said->fds[i], i + 1);
    }
    if (code == 0) {
        code = posix_spawn(pid, "/proc/self/exe", &actions, NULL, words->argv, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

static enum lum_status start(const struct lum_bench *bench, const char *store,
                             const char *const *verb, struct lum_bench_said *said, pid_t *pid,
                             struct lum_error *err)
{
    struct words words = {.count = 0};
    char path[LUM_BENCH_PATH];
    int code;

    add_word(&words, "lumbung");
    add_word(&words, "-S");
    add_word(&words, lum_bench_path(bench, store, path));
    add_word(&words, "--json");
    add_word(&words, "--no-input");
    for (; *verb != NULL; verb++) {
        add_word(&words, *verb);
    }
    code = open_said(said) ? spawn(&words, said, pid) : errno;
    if (code != 0) {
        *pid = 0;
        close_said(said);
        return lum_host_fail(code, "/proc/self/exe", err);
    }
    return LUM_OK;
}

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};

    nanosleep(&pause, NULL);
}

/* ---- what it said ---- */

/* The last line of a file, or the first when is_first, as a map in bench->last. */
static bool read_line(struct lum_bench *bench, int fd, bool is_first)
{
    struct lum_buf text;
    uint8_t piece[4096];
    const uint8_t *stop;
    size_t begin = 0;
    size_t end;
    ssize_t got;
    bool is_read = false;

    lum_buf_init(&text, OUT_MAX);
    lum_buf_reset(&bench->last.map);
    while ((got = pread(fd, piece, sizeof(piece), (off_t)text.len)) > 0 && !text.broken) {
        lum_buf_put(&text, piece, (size_t)got);
    }
    stop = text.len == 0 ? NULL : memchr(text.at, '\n', text.len);
    if (stop != NULL) {
        for (end = text.len; text.at[end - 1] != '\n'; end--) {
        }
        end = is_first ? (size_t)(stop - text.at) : end - 1;
        for (begin = end; begin > 0 && text.at[begin - 1] != '\n'; begin--) {
        }
        is_read = lum_json_read(lum_bytes_of(text.at + begin, end - begin), "", LUM_LANG_EN,
                                &bench->last.map, NULL) == LUM_OK;
    }
    lum_buf_fini(&text);
    return is_read;
}

/* Hands on why a command failed: its own cause and particulars, where it told them, else how it
 * ended. */
static enum lum_status hand_on(struct lum_bench *bench, int errors, const char *verb, int ended,
                               struct lum_error *err)
{
    char parts[2][LUM_PIECE] = {"", ""};
    enum lum_cause cause = LUM_CAUSE_none;
    struct lum_map_list list;
    struct lum_bytes item;

    if (*bench->run->stop != 0) {
        return LUM_STOPPED;
    }
    if (read_line(bench, errors, false)) {
        struct lum_bytes map = lum_buf_bytes(&bench->last.map);
        cause = lum_answer_cause(lum_map_text(map, "error"));
        list = lum_map_list(map, "details");
        for (size_t i = 0; i < 2 && lum_map_list_next(&list, &item); i++) {
            struct lum_cur cur = lum_cur_over(item);
            struct lum_bytes text = lum_cur_str(&cur, item.len);
            lum_show_cut(text, parts[i]);
        }
    }
    if (cause != LUM_CAUSE_none) {
        return lum_fail(err, cause, parts[0], parts[1]);
    }
    snprintf(parts[0], sizeof(parts[0]), "lumbung %.80s", verb);
    snprintf(parts[1], sizeof(parts[1]), "%s %d", WIFSIGNALED(ended) ? "signal" : "exit",
             WIFSIGNALED(ended) ? WTERMSIG(ended) : WEXITSTATUS(ended));
    return lum_fail(err, LUM_CAUSE_disk_error, parts[0], parts[1]);
}

double lum_bench_got(const struct lum_bench *bench, const char *name)
{
    uint64_t value = lum_map_uint(lum_buf_bytes(&bench->last.map), name);

    return (double)value;
}

/* ---- one command ---- */

/* How it ended. A person's stop ends it at once: its store is going to be removed. */
static int wait_for(struct lum_bench *bench, pid_t pid)
{
    struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
    int ended = 0;

    while (end.fd >= 0 && poll(&end, 1, LOOK_MS) <= 0) {
        if (bench->watched != 0) {
            look(bench, pid);
        }
        if (*bench->run->stop != 0) {
            kill(pid, SIGKILL);
        }
    }
    if (end.fd >= 0) {
        close(end.fd);
    }
    bench->last.seconds = lum_bench_since(bench->last.begun_us);
    bench->last.written = lum_bench_written(pid);
    while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) {
    }
    return ended;
}

enum lum_status lum_bench_do(struct lum_bench *bench, const char *store, const char *const *words,
                             struct lum_error *err)
{
    struct lum_bench_said said;
    pid_t pid;
    int ended;
    enum lum_status status;

    bench->last.begun_us = lum_command_now_us();
    status = start(bench, store, words, &said, &pid, err);

    if (status != LUM_OK) {
        return status;
    }
    bench->last.memory[0] = 0;
    bench->last.memory[1] = 0;
    ended = wait_for(bench, pid);
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0) {
        status = hand_on(bench, said.fds[1], words[0], ended, err);
    } else {
        (void)read_line(bench, said.fds[0], false);
    }
    close_said(&said);
    return status == LUM_OK && *bench->run->stop != 0 ? LUM_STOPPED : status;
}

enum lum_status lum_bench_verify(struct lum_bench *bench, const char *store, struct lum_error *err)
{
    enum lum_status status = lum_bench_do(bench, store, LUM_WORDS("verify"), err);

    bench->verified += status == LUM_OK;
    return status;
}

/* ---- a node ---- */

static struct lum_bench_node *find_node(struct lum_bench *bench, const char *store)
{
    for (size_t i = 0; i < LUM_BENCH_NODES_MAX; i++) {
        if (bench->nodes[i].pid > 0 && strcmp(bench->nodes[i].store, store) == 0) {
            return &bench->nodes[i];
        }
    }
    LUM_UNREACHABLE("a store that is not served");
}

const struct lum_bench_node *lum_bench_node(struct lum_bench *bench, const char *store)
{
    return find_node(bench, store);
}

/* Until it says where it listens, or ends. */
static bool await_address(struct lum_bench *bench, struct lum_bench_node *node, int *ended)
{
    for (int i = 0; i < SERVE_TRIES && *bench->run->stop == 0; i++) {
        if (read_line(bench, node->said.fds[0], true)) {
            lum_show_cut(lum_map_text(lum_buf_bytes(&bench->last.map), "listening"), node->address);
            return node->address[0] != '\0';
        }
        if (waitpid(node->pid, ended, WNOHANG) != 0) {
            node->pid = 0;
            return false;
        }
        pause_ms(LOOK_MS);
    }
    return false;
}

enum lum_status lum_bench_serve(struct lum_bench *bench, const char *store, const char *address,
                                struct lum_error *err)
{
    const char *listen = address != NULL ? address : "127.0.0.1:0";
    struct lum_bench_node *node = bench->nodes;
    int ended = 0;
    enum lum_status status;

    while (node->pid > 0) {
        node++;
        LUM_ASSERT(node < bench->nodes + LUM_BENCH_NODES_MAX);
    }
    snprintf(node->store, sizeof(node->store), "%s", store);
    status =
        start(bench, store, LUM_WORDS("serve", "--listen", listen), &node->said, &node->pid, err);
    if (status != LUM_OK || await_address(bench, node, &ended)) {
        return status;
    }
    status = hand_on(bench, node->said.fds[1], "serve", ended, err);
    if (node->pid == 0) {
        close_said(&node->said);
    }
    return status;
}

/* Sends it a signal and waits for its end. */
static int end_node(struct lum_bench_node *node, int number)
{
    int ended = 0;

    kill(node->pid, number);
    while (waitpid(node->pid, &ended, 0) < 0 && errno == EINTR) {
    }
    node->pid = 0;
    return ended;
}

enum lum_status lum_bench_stop(struct lum_bench *bench, const char *store, struct lum_error *err)
{
    struct lum_bench_node *node = find_node(bench, store);
    int ended = end_node(node, SIGINT);
    enum lum_status status = LUM_OK;

    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0) {
        status = hand_on(bench, node->said.fds[1], "serve", ended, err);
    }
    close_said(&node->said);
    return status;
}

void lum_bench_kill(struct lum_bench *bench)
{
    for (size_t i = 0; i < LUM_BENCH_NODES_MAX; i++) {
        if (bench->nodes[i].pid > 0) {
            end_node(&bench->nodes[i], SIGKILL);
            close_said(&bench->nodes[i].said);
        }
    }
}
