/* stage.c - see stage.h. */
#include "tests/disk/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/verify.h"
#include "net/host.h"

enum {
    SAID_MAX = 1 << 24,
};

static uint64_t dice;

/* ---- the machine: env, each of whose calls may fail ---- */

static struct lum_env below; /* what the disk gives */

static bool call_fails(void *self)
{
    struct stage *stage = self;
    return stage->calls_left > 0 && --stage->calls_left == 0;
}

static enum lum_status failed(const char *path, struct lum_error *err)
{
    return lum_fail(err, LUM_CAUSE_disk_error, path, "the call fails");
}

static enum lum_status file_read(void *self, const char *path, struct lum_buf *out, size_t max,
                                 struct lum_error *err)
{
    return call_fails(self) ? failed(path, err) : below.file_read(self, path, out, max, err);
}

static enum lum_status file_write(void *self, const char *path, struct lum_bytes bytes,
                                  struct lum_error *err)
{
    return call_fails(self) ? failed(path, err) : below.file_write(self, path, bytes, err);
}

static enum lum_status file_rename(void *self, const char *from, const char *to,
                                   struct lum_error *err)
{
    return call_fails(self) ? failed(from, err) : below.file_rename(self, from, to, err);
}

static enum lum_status file_remove(void *self, const char *path)
{
    return call_fails(self) ? LUM_IO : below.file_remove(self, path);
}

static enum lum_status file_identity(void *self, const char *path, struct lum_file_identity *out)
{
    return call_fails(self) ? LUM_IO : below.file_identity(self, path, out);
}

static enum lum_status file_size(void *self, const char *path, uint64_t *out)
{
    return call_fails(self) ? LUM_IO : below.file_size(self, path, out);
}

static enum lum_status file_reserve(void *self, const char *path, uint64_t bytes,
                                    struct lum_error *err)
{
    return call_fails(self) ? failed(path, err) : below.file_reserve(self, path, bytes, err);
}

static enum lum_status room(void *self, const char *path, uint64_t *out)
{
    return call_fails(self) ? LUM_IO : below.room(self, path, out);
}

static enum lum_status folder_make(void *self, const char *path, struct lum_error *err)
{
    return call_fails(self) ? failed(path, err) : below.folder_make(self, path, err);
}

static uint64_t wall_ms(void *self)
{
    struct stage *stage = self;
    stage->site.wall_ms += 1000;
    return stage->site.wall_ms;
}

static void random_fill(void *self, uint8_t *out, size_t len)
{
    (void)self;
    for (size_t i = 0; i < len; i++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(dice >> 56);
    }
}

static void machine_id(void *self, uint8_t out[32])
{
    (void)self;
    memset(out, 7, 32);
}

void stage_same_draws(void)
{
    dice = 77;
}

void stage_begin(struct stage *stage)
{
    *stage = (struct stage){.disk = disk_open()};
    struct site *site = &stage->site;
    below = *lum_host_env();
    disk_env(&below);
    site->wall_ms = UINT64_C(1798761600000); /* 2027-01-01 */
    site->env = (struct lum_env){
        .self = stage,
        .wall_ms = wall_ms,
        .mono_us = below.mono_us,
        .random = random_fill,
        .file_read = file_read,
        .file_write = file_write,
        .file_rename = file_rename,
        .file_remove = file_remove,
        .file_identity = file_identity,
        .file_size = file_size,
        .file_reserve = file_reserve,
        .room = room,
        .folder_make = folder_make,
        .machine_id = machine_id,
    };
    (void)snprintf(site->temp.dir, sizeof site->temp.dir, "%s", disk_path(stage->disk));
    lum_buf_init(&stage->said, SAID_MAX);
}

void stage_end(struct stage *stage)
{
    site_close(&stage->site);
    disk_close(stage->disk);
    lum_buf_fini(&stage->said);
}

void stage_copy(const struct stage *from, struct stage *to)
{
    stage_begin(to);
    disk_copy(from->disk, to->disk, DISK_IMAGE);
    to->site.wall_ms = from->site.wall_ms + SITE_DAY_MS;
}

enum lum_status stage_open(struct stage *stage)
{
    struct site *site = &stage->site;
    const struct lum_space_options options = {.env = &site->env, .dir = site->temp.dir};
    site_close(site);
    enum lum_status status = lum_space_open(&options, &site->space, &site->error);
    return status == LUM_OK ? lum_editor_open(site->space, &site->editor) : status;
}

enum lum_status stage_settle(struct stage *stage)
{
    struct lum_view_progress progress = {0};
    return lum_space_settle(stage->site.space, 0, &progress, &stage->site.error);
}

/* ---- trouble ---- */

const char *stage_trouble_words(enum trouble trouble)
{
    static const char *const words[] = {
#define X(name, text) text,
        STAGE_TROUBLES(X)
#undef X
    };
    return words[trouble];
}

void stage_fail(struct stage *stage, enum trouble trouble, uint64_t n)
{
    stage->shortages = lum_mem_shortages();
    stage->operations = disk_operations(stage->disk);
    if (trouble == NO_MEMORY_ONCE || trouble == NO_MEMORY) {
        (void)lum_mem_fail_after(n, trouble == NO_MEMORY);
    } else if (trouble == NO_LOOK) {
        (void)disk_fuse_look(stage->disk, n);
    } else if (trouble == NO_CALL) {
        stage->calls_left = n;
    } else {
        disk_fuse(stage->disk, n, trouble == NO_WRITE ? DISK_EIO_ONCE : DISK_NO_ROOM, false);
    }
}

bool stage_mend(struct stage *stage, enum trouble trouble, uint64_t n)
{
    uint64_t calls_left = stage->calls_left;
    (void)lum_mem_fail_after(0, false);
    uint64_t looks_left = disk_fuse_look(stage->disk, 0);
    disk_fuse(stage->disk, 0, DISK_NO_ROOM, false);
    stage->calls_left = 0;
    if (trouble == NO_MEMORY_ONCE || trouble == NO_MEMORY) {
        return lum_mem_shortages() > stage->shortages;
    }
    if (trouble == NO_LOOK || trouble == NO_CALL) {
        return (trouble == NO_LOOK ? looks_left : calls_left) == 0;
    }
    return disk_operations(stage->disk) - stage->operations >= n;
}

bool stage_tells(enum trouble trouble, enum lum_status status)
{
    switch (trouble) {
    case NO_MEMORY_ONCE:
    case NO_MEMORY:
        return status == LUM_NO_MEMORY;
    case NO_LOOK:
        return status == LUM_IO || status == LUM_CORRUPT;
    case NO_ROOM:
        return status == LUM_FULL;
    case NO_CALL:
    case NO_WRITE:
    case TROUBLES:
    default:
        return status == LUM_IO;
    }
}

/* ---- what it holds ---- */

struct stage_facts stage_facts(struct stage *stage)
{
    struct stage_facts facts = {0};
    struct lum_txn *log = NULL;
    struct lum_verify_report report = {0};
    if (stage->site.space == NULL) {
        return facts;
    }
    if (!lum_space_is_newcomer(stage->site.space)) {
        facts.root = site_root(&stage->site);
    }
    assert_int_equal(lum_txn_begin_read(lum_space_log(stage->site.space), &log, NULL), LUM_OK);
    assert_int_equal(lum_verify_log(log, NULL, &report), LUM_OK);
    lum_txn_abort(log);
    assert_int_equal(report.found, 0);
    facts.events = report.events;
    return facts;
}

bool stage_facts_equal(const struct stage_facts *a, const struct stage_facts *b)
{
    return a->events == b->events && memcmp(&a->root, &b->root, sizeof a->root) == 0;
}
