/*
 * bench_store.c - stores in a temporary folder, DIR/NAME each: made, filled, opened, removed.
 *
 * DIR is made in TMPDIR, else in /var/tmp, which is on a disk where /tmp may not be.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/bench.h"
#include "cli/map.h"
#include "net/host.h"

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

    lum_bench_kill(bench);
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
    uint32_t number = 0;
    const struct lum_id least = {{0}};
    struct lum_view_ids ids;
    struct lum_arena arena;
    enum lum_status status =
        lum_view_name_number(view, lum_bytes_of(collection, strlen(collection)), &number);

    if (status == LUM_OK) {
        status = lum_view_ids_open(view, LUM_SHELF_COMMON, &least, &ids);
    }
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
