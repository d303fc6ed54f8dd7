/*
 * bench_store.c - stores in a temporary folder, and the binary driven in them as a child process.
 *
 *   DIR/NAME/   a store      DIR/out, DIR/err   of the command that ran last
 *                            DIR/NAME.out, .err of a `serve`
 *
 * DIR is made in TMPDIR, else in /var/tmp, which is on a disk where /tmp may not be.
 */
#define _GNU_SOURCE /* environ, pidfd_open, wait4 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

/* ---- the folder ---- */

const char *lum_bench_path(const struct lum_bench *bench, const char *name,
                           char out[LUM_BENCH_PATH])
{
    snprintf(out, LUM_BENCH_PATH, "%.200s/%.50s", bench->dir, name);
    return out;
}

enum lum_status lum_bench_begin(struct lum_bench *bench, struct lum_error *err)
{
    const char *place = getenv("TMPDIR");
    int len = snprintf(bench->dir, sizeof(bench->dir), "%s/lumbung-bench-XXXXXX",
                       place != NULL && place[0] == '/' ? place : "/var/tmp");

    if (len < 0 || (size_t)len >= sizeof(bench->dir) || mkdtemp(bench->dir) == NULL) {
        int code = errno;
        bench->dir[0] = '\0';
        return lum_host_fail(code, place != NULL ? place : "/var/tmp", err);
    }
    lum_buf_init(&bench->last.map, LUM_LINE_MAX);
    return LUM_OK;
}

/* A file, or a folder of files. */
static void remove_path(const char *path)
{
    char inner[2 * LUM_BENCH_PATH + 8];
    const struct dirent *entry;
    DIR *dir = opendir(path);

    if (dir == NULL) {
        unlink(path);
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        snprintf(inner, sizeof(inner), "%.255s/%.255s", path, entry->d_name);
        unlink(inner);
    }
    closedir(dir);
    rmdir(path);
}

void lum_bench_remove(const struct lum_bench *bench, const char *store)
{
    char path[LUM_BENCH_PATH];

    remove_path(lum_bench_path(bench, store, path));
}

void lum_bench_end(struct lum_bench *bench)
{
    const struct dirent *entry;
    DIR *dir;

    for (size_t i = 0; i < LUM_BENCH_NODES_MAX; i++) {
        if (bench->nodes[i].pid > 0) {
            kill(bench->nodes[i].pid, SIGKILL);
            waitpid(bench->nodes[i].pid, NULL, 0);
        }
    }
    lum_buf_fini(&bench->last.map);
    dir = bench->dir[0] == '\0' ? NULL : opendir(bench->dir);
    if (dir == NULL) {
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            lum_bench_remove(bench, entry->d_name);
        }
    }
    closedir(dir);
    rmdir(bench->dir);
}

double lum_bench_size(const struct lum_bench *bench, const char *store, const char *file)
{
    char name[LUM_BENCH_PATH];
    char path[LUM_BENCH_PATH];
    struct stat st;

    snprintf(name, sizeof(name), "%.20s/%.20s", store, file);
    return stat(lum_bench_path(bench, name, path), &st) == 0 ? (double)st.st_size : 0;
}

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

/* Runs ourselves; standard output and error go to files of these names. */
static enum lum_status start(const struct lum_bench *bench, const char *store,
                             const char *const *verb, const char *const names[2], pid_t *pid)
{
    struct words words = {.count = 0};
    char path[LUM_BENCH_PATH];
    posix_spawn_file_actions_t actions;
    int code;

    add_word(&words, "lumbung");
    add_word(&words, "-S");
    add_word(&words, lum_bench_path(bench, store, path));
    add_word(&words, "--json");
    add_word(&words, "--no-input");
    for (; *verb != NULL; verb++) {
        add_word(&words, *verb);
    }
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return LUM_NO_MEMORY;
    }
    code = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    for (int i = 0; i < 2 && code == 0; i++) {
        code =
            posix_spawn_file_actions_addopen(&actions, i + 1, lum_bench_path(bench, names[i], path),
                                             O_WRONLY | O_CREAT | O_TRUNC, 0600);
    }
    if (code == 0) {
        code = posix_spawn(pid, "/proc/self/exe", &actions, NULL, words.argv, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code == 0 ? LUM_OK : LUM_IO;
}

static void pause_ms(long ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};

    nanosleep(&pause, NULL);
}

/* ---- what it said ---- */

/* The last line of a file, or the first when is_first, as a map in bench->last. */
static bool read_line(struct lum_bench *bench, const char *name, bool is_first)
{
    const struct lum_env *env = lum_host_env();
    char path[LUM_BENCH_PATH];
    struct lum_buf text;
    size_t begin = 0;
    size_t end;
    bool is_read = false;

    lum_buf_init(&text, OUT_MAX);
    lum_buf_reset(&bench->last.map);
    if (env->file_read(env->self, lum_bench_path(bench, name, path), &text, OUT_MAX, NULL) ==
            LUM_OK &&
        text.len > 0 && text.at[text.len - 1] == '\n') {
        end = text.len - 1;
        if (is_first) {
            const uint8_t *stop = memchr(text.at, '\n', text.len);
            end = (size_t)(stop - text.at);
        } else {
            for (begin = end; begin > 0 && text.at[begin - 1] != '\n'; begin--) {
            }
        }
        is_read = lum_json_read(lum_bytes_of(text.at + begin, end - begin), name, LUM_LANG_EN,
                                &bench->last.map, NULL) == LUM_OK;
    }
    lum_buf_fini(&text);
    return is_read;
}

/* Hands on why a command failed: its own cause and particulars, where it told them. */
static enum lum_status hand_on(struct lum_bench *bench, const char *errors, const char *verb,
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
    return cause != LUM_CAUSE_none ? lum_fail(err, cause, parts[0], parts[1])
                                   : lum_fail(err, LUM_CAUSE_bad_request, verb, NULL);
}

double lum_bench_got(const struct lum_bench *bench, const char *name)
{
    uint64_t value = lum_map_uint(lum_buf_bytes(&bench->last.map), name);

    return (double)value;
}

/* ---- one command ---- */

/* How it ended. A person's stop ends it at once: its store is going to be removed. */
static int wait_for(struct lum_bench *bench, pid_t pid, struct rusage *usage)
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
    while (wait4(pid, &ended, 0, usage) < 0 && errno == EINTR) {
    }
    return ended;
}

enum lum_status lum_bench_do(struct lum_bench *bench, const char *store, const char *const *words,
                             struct lum_error *err)
{
    static const char *const names[2] = {"out", "err"};
    struct rusage usage = {.ru_oublock = 0};
    uint64_t begun_us;
    pid_t pid = 0;
    int ended;

    if (*bench->run->stop != 0) {
        return LUM_STOPPED;
    }
    bench->last.memory[0] = 0;
    bench->last.memory[1] = 0;
    begun_us = lum_command_now_us();
    if (start(bench, store, words, names, &pid) != LUM_OK) {
        return lum_host_fail(errno, "/proc/self/exe", err);
    }
    ended = wait_for(bench, pid, &usage);
    bench->last.seconds = lum_bench_since(begun_us);
    bench->last.written = (double)usage.ru_oublock * 512;
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0) {
        return hand_on(bench, names[1], words[0], err);
    }
    (void)read_line(bench, names[0], false);
    return LUM_OK;
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

/* Until it says where it listens. */
static bool await_address(struct lum_bench *bench, struct lum_bench_node *node, const char *out)
{
    for (int i = 0; i < SERVE_TRIES; i++) {
        if (read_line(bench, out, true)) {
            lum_show_cut(lum_map_text(lum_buf_bytes(&bench->last.map), "listening"), node->address);
            return node->address[0] != '\0';
        }
        if (waitpid(node->pid, NULL, WNOHANG) != 0) {
            node->pid = 0;
            return false;
        }
        if (*bench->run->stop != 0) {
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
    char names[2][32];
    const char *const streams[2] = {names[0], names[1]};
    struct lum_bench_node *node = bench->nodes;

    while (node->pid > 0) {
        node++;
        LUM_ASSERT(node < bench->nodes + LUM_BENCH_NODES_MAX);
    }
    if (*bench->run->stop != 0) {
        return LUM_STOPPED;
    }
    snprintf(node->store, sizeof(node->store), "%s", store);
    snprintf(names[0], sizeof(names[0]), "%.20s.out", store);
    snprintf(names[1], sizeof(names[1]), "%.20s.err", store);
    remove_path(lum_bench_path(bench, names[0], (char[LUM_BENCH_PATH]){""}));
    if (start(bench, store, LUM_WORDS("serve", "--listen", listen), streams, &node->pid) !=
        LUM_OK) {
        node->pid = 0;
        return lum_host_fail(errno, "/proc/self/exe", err);
    }
    return await_address(bench, node, names[0]) ? LUM_OK : hand_on(bench, names[1], "serve", err);
}

enum lum_status lum_bench_stop(struct lum_bench *bench, const char *store, struct lum_error *err)
{
    struct lum_bench_node *node = find_node(bench, store);
    char errors[32];
    int ended = 0;

    kill(node->pid, SIGINT);
    while (waitpid(node->pid, &ended, 0) < 0 && errno == EINTR) {
    }
    node->pid = 0;
    snprintf(errors, sizeof(errors), "%.20s.err", store);
    return WIFEXITED(ended) && WEXITSTATUS(ended) == 0 ? LUM_OK
                                                       : hand_on(bench, errors, "serve", err);
}

/* ---- what several rows do ---- */

enum lum_status lum_bench_import(struct lum_bench *bench, const char *store, const char *path,
                                 struct lum_error *err)
{
    return lum_bench_do(bench, store, LUM_WORDS("import", "visits", path, "--key", bench->data.key),
                        err);
}

enum lum_status lum_bench_import_part(struct lum_bench *bench, const char *store,
                                      const struct lum_bench_part *part, struct lum_error *err)
{
    char path[LUM_BENCH_PATH];
    enum lum_status status =
        lum_bench_write(bench, part, lum_bench_path(bench, "rows.ndjson", path), err);

    return status == LUM_OK ? lum_bench_import(bench, store, path, err) : status;
}

enum lum_status lum_bench_invite(struct lum_bench *bench, const char *store, char out[LUM_PIECE],
                                 struct lum_error *err)
{
    enum lum_status status = lum_bench_do(bench, store, LUM_WORDS("invite", "--uses", "100"), err);

    lum_show_cut(lum_map_text(lum_buf_bytes(&bench->last.map), "invite"), out);
    return status;
}

enum lum_status lum_bench_join(struct lum_bench *bench, const char *store, const char *invite,
                               const char *with, struct lum_error *err)
{
    return lum_bench_do(
        bench, store,
        LUM_WORDS("join", invite, lum_bench_node(bench, with)->address, "--as", store), err);
}

enum lum_status lum_bench_sync(struct lum_bench *bench, const char *store, const char *with,
                               struct lum_error *err)
{
    return lum_bench_do(bench, store, LUM_WORDS("sync", lum_bench_node(bench, with)->address), err);
}

enum lum_status lum_bench_found(struct lum_bench *bench, const char *store, char invite[LUM_PIECE],
                                struct lum_error *err)
{
    enum lum_status status =
        lum_bench_do(bench, store, LUM_WORDS("init", "Hub", "--as", "Adi"), err);

    if (status == LUM_OK) {
        status = lum_bench_serve(bench, store, NULL, err);
    }
    return status == LUM_OK ? lum_bench_invite(bench, store, invite, err) : status;
}

/* ---- in this process ---- */

static enum lum_status find_longest(struct lum_bench_open *open)
{
    uint32_t count = lum_log_count(open->log);
    struct lum_log_row row;

    for (uint32_t lno = 1; lno <= count; lno++) {
        enum lum_status status = lum_log_get(open->log, lno, &row);
        if (status != LUM_OK) {
            return status;
        }
        if (row.name.shelf == LUM_SHELF_COMMON && row.place.chain.seq > open->row.place.chain.seq) {
            open->row = row;
        }
    }
    return LUM_OK;
}

enum lum_status lum_bench_enter(struct lum_bench *bench, const char *store,
                                struct lum_bench_open *out, struct lum_error *err)
{
    struct lum_client_options options = {.dir = out->dir};
    const struct lum_answer nobody = {0};
    enum lum_status status;

    *out = (struct lum_bench_open){.client = NULL};
    lum_bench_path(bench, store, out->dir);
    status = lum_client_open(&options, &out->client, err);
    if (status != LUM_OK) {
        return status;
    }
    LUM_ASSERT(!lum_client_is_remote(out->client));
    out->space = lum_client_space(out->client);
    status = lum_client_settle(out->client, &nobody, err);
    if (status == LUM_OK) {
        status = lum_log_reader_open(&out->reader);
    }
    if (status == LUM_OK) {
        status = lum_txn_begin_read(lum_space_log(out->space), &out->log, err);
    }
    if (status == LUM_OK) {
        status = lum_txn_begin_read(lum_space_view(out->space), &out->view, err);
    }
    if (status == LUM_OK) {
        status = find_longest(out);
    }
    if (status != LUM_OK) {
        lum_bench_leave(out);
    }
    return status;
}

/* Lumbung's own records lie on the same shelf. */
static bool is_of(struct lum_txn *view, uint64_t rno, uint32_t collection, struct lum_arena *arena)
{
    struct lum_record record;

    lum_arena_reset(arena);
    return lum_view_record(view, rno, arena, &record) == LUM_OK && record.collection == collection;
}

enum lum_status lum_bench_ids(struct lum_bench *bench, struct lum_txn *view, const char *collection,
                              struct lum_bench_ids *out)
{
    uint32_t number = lum_view_name_number(view, lum_bytes_of(collection, strlen(collection)));
    const struct lum_id least = {{0}};
    struct lum_view_ids ids;
    struct lum_arena arena;
    enum lum_status status = lum_view_ids_open(view, LUM_SHELF_COMMON, &least, &ids);

    if (status != LUM_OK) {
        return status;
    }
    lum_arena_init(&arena);
    for (out->count = 0; ids.is_there && out->count < out->max; lum_view_ids_next(&ids)) {
        if (is_of(view, ids.rno, number, &arena)) {
            uint64_t k = lum_bench_draw(bench, out->count + 1);
            out->at[out->count++] = out->at[k];
            out->at[k] = ids.id;
        }
    }
    lum_arena_fini(&arena);
    lum_view_ids_close(&ids);
    return LUM_OK;
}

void lum_bench_leave(struct lum_bench_open *open)
{
    lum_txn_abort(open->view);
    lum_txn_abort(open->log);
    lum_log_reader_close(open->reader);
    lum_client_close(open->client);
    *open = (struct lum_bench_open){.client = NULL};
}
