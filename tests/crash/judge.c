/* judge.c - see judge.h. */
#define _GNU_SOURCE
#include "tests/crash/judge.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/backup.h"
#include "core/schema.h"
#include "core/verify.h"
#include "net/host.h"
#include "tests/faults/run.h"
#include "tests/lib/site.h"

enum {
    HANGS_AFTER_S = 60,
};

static struct judge_verdict *verdict; /* shared with the child */
static struct image *disk;            /* that is judged */
static struct site site;

static void wrong(const char *what, const char *more)
{
    (void)snprintf(verdict->trouble, sizeof(verdict->trouble), "%s: %.150s", what, more);
    _exit(1);
}

static void on_failure(struct site *at, enum lum_status status)
{
    char text[160];
    (void)snprintf(text, sizeof(text), "%s, %.60s %.60s", lum_cause_name(at->error.cause),
                   at->error.one, at->error.two);
    wrong(lum_status_name(status), text);
}

/* ---- the same disk, not a copy of it ---- */

static enum lum_status file_identity(void *self, const char *path, struct lum_file_identity *out)
{
    const struct lum_env *host = lum_host_env();
    enum lum_status status = host->file_identity(host->self, path, out);
    (void)self;
    for (size_t i = 0; status == LUM_OK && i < disk->count; i++) {
        if (disk->files[i].inode == out->inode) {
            *out = disk->files[i].known_as;
            break;
        }
    }
    return status;
}

static void site_here(const char *dir, char machine)
{
    site = (struct site){.env = *lum_host_env(), .on_failure = on_failure};
    site.env.file_identity = file_identity;
    (void)text_put(site.temp.dir, sizeof(site.temp.dir), "%s/%c", dir, machine);
}

/* ---- looking ---- */

static void hash_rows(struct lum_txn *log, struct lum_hash *out)
{
    struct lum_plain_hasher hasher;
    lum_plain_hash_init(&hasher);
    for (uint32_t table = 0; table < LUM_LOG_TABLES; table++) {
        struct lum_scan scan;
        if (table == LUM_T_NOTE) { /* hints, written when all is told */
            continue;
        }
        if (lum_scan_open(log, table, &scan) != LUM_OK) {
            wrong("a table does not open", "log.mdb");
        }
        for (bool more = lum_scan_seek(&scan, (struct lum_bytes){0}); more;
             more = lum_scan_next(&scan)) {
            const uint64_t lens[] = {table, scan.key.len, scan.value.len};
            lum_plain_hash_add(&hasher, lens, sizeof(lens));
            lum_plain_hash_add(&hasher, scan.key.at, scan.key.len);
            lum_plain_hash_add(&hasher, scan.value.at, scan.value.len);
        }
        if (lum_scan_end(&scan, LUM_OK) != LUM_OK) {
            wrong("a row does not read", "log.mdb");
        }
    }
    lum_plain_hash_end(&hasher, out->b);
}

static void must_verify(struct lum_txn *log)
{
    struct lum_verify_report report = {0};
    if (lum_verify_log(log, NULL, &report) != LUM_OK) {
        wrong("verify", "does not go through");
    }
    if (report.found > 0) {
        wrong(report.findings[0].table, report.findings[0].what);
    }
}

static struct judge_state look(void)
{
    struct judge_state state = {.found = FOUND_INVITE};
    struct lum_txn *log = NULL;
    (void)site_settle(&site);
    if (lum_txn_begin_read(lum_space_log(site.space), &log, &site.error) != LUM_OK) {
        on_failure(&site, LUM_IO);
    }
    hash_rows(log, &state.log);
    if (!lum_space_is_newcomer(site.space)) {
        state.found = FOUND_SPACE;
        must_verify(log);
    }
    lum_txn_abort(log);
    if (state.found == FOUND_SPACE) {
        site_check(&site);
        state.root = site_root(&site);
    }
    return state;
}

/* ---- beginning again, going on ---- */

static void restore(const char *path)
{
    static uint8_t bytes[8 * 1024 * 1024];
    struct lum_backup_head head;
    struct lum_restore *restore = NULL;
    const struct lum_space_options to = {.env = &site.env, .dir = site.temp.dir};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));
    close(fd);
    if (len < 0 || len == sizeof(bytes)) {
        wrong("the test itself", path);
    }
    enum lum_status status = lum_restore_open(&to, path, &restore, &site.error);
    if (status == LUM_OK) {
        status = lum_restore_take(restore, lum_bytes_of(bytes, (size_t)len), &site.error);
    }
    if (status == LUM_OK) {
        status = lum_restore_end(restore, NULL, &head, &site.error);
    }
    lum_restore_close(restore);
    if (status != LUM_OK) {
        on_failure(&site, status);
    }
}

static void begin_again(const struct judge_again *again)
{
    struct lum_invite invite;
    if (again->backup != NULL) {
        restore(again->backup);
        site_open(&site);
    } else if (again->invite != NULL) {
        if (lum_invite_from_text(again->invite, &invite, &site.error) != LUM_OK) {
            wrong("the test itself", again->invite);
        }
        site_arrive(&site, &invite);
    } else {
        site_found(&site, "Siti");
    }
}

static bool open_or_begin(const struct judge_again *again)
{
    const struct lum_space_options options = {.env = &site.env, .dir = site.temp.dir};
    enum lum_status status = lum_space_open(&options, &site.space, &site.error);
    if (status == LUM_NOT_FOUND && site.error.cause == LUM_CAUSE_no_store) {
        begin_again(again);
        return false;
    }
    if (status == LUM_OK) {
        status = lum_editor_open(site.space, &site.editor);
    }
    if (status != LUM_OK) {
        on_failure(&site, status);
    }
    return true;
}

/* Until it is welcome, a newcomer's records have no effect. */
static bool is_welcome(void)
{
    uint32_t generation = 0;
    uint8_t secret[32];
    return lum_space_secret(site.space, &generation, secret) == LUM_OK;
}

static void write_on(void)
{
    bool writes = is_welcome();
    if (writes) {
        site_begin(&site);
        (void)site_add(&site, "afterwards", "all goes on");
        site_commit(&site);
    }
    record_said();
    (void)site_settle(&site);
    site_close(&site);
    site_open(&site);
    (void)look();
    if (writes) {
        struct lum_id id = site_keyed(&site, "item", "afterwards");
        if (strcmp(site_shown(&site, &id, "name"), "all goes on") != 0) {
            wrong("written on, closed, opened", "the record is not there");
        }
    }
    site_close(&site);
}

/* Every backup that has its name. */
static void look_at_backups(const char *dir)
{
    char path[512];
    for (size_t i = 0; i < disk->count; i++) {
        const char *end = strrchr(disk->files[i].path, '.');
        if (end != NULL && strcmp(end, ".lum") == 0) {
            (void)text_put(path, sizeof(path), "%s/%s", dir, disk->files[i].path);
            site_here(dir, 'r');
            restore(path);
            verdict->has_backup = true;
        }
    }
}

static void in_child(char machine, const struct judge_again *again, const char *dir)
{
    (void)alarm(HANGS_AFTER_S);
    site_here(dir, machine);
    if (open_or_begin(again)) {
        verdict->in_doubt = lum_space_home(site.space)->in_doubt;
        verdict->state = look();
    }
    write_on();
    look_at_backups(dir);
    verdict->is_well = true;
    _exit(0);
}

void judge(struct image *image, char machine, const struct judge_again *again, const char *dir,
           struct record *record, struct judge_verdict *out)
{
    int state = 0;
    if (verdict == NULL) {
        verdict =
            mmap(NULL, sizeof(*verdict), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    }
    *verdict = (struct judge_verdict){0};
    disk = image;
    image_put(image, dir);
    pid_t pid = fork();
    if (pid == 0) {
        record_begin(record, dir, 1);
        in_child(machine, again, dir);
    }
    if (pid < 0 || waitpid(pid, &state, 0) != pid) {
        perror("a child");
        exit(99);
    }
    if (record != NULL) {
        record_end(record, 1);
    }
    *out = *verdict;
    if (WIFSIGNALED(state)) {
        out->is_well = false;
        (void)snprintf(out->trouble, sizeof(out->trouble), "ended by signal %d", WTERMSIG(state));
    } else if (!out->is_well && out->trouble[0] == '\0') {
        (void)snprintf(out->trouble, sizeof(out->trouble), "ended with %d", WEXITSTATUS(state));
    }
}
