/*
 * store_file.c - knows as much of LMDB's file as it takes to see that one is whole, and of the file
 * system as it takes to keep it.
 *
 * Layout of LMDB 0.9 (data version 1), all in the machine's own byte order, W = size of a word:
 *
 *   file   page 0 (meta) | page 1 (meta) | pages ...      the meta with the higher txnid counts
 *   page   pgno W | pad u16 | flags u16 | lower u16 | upper u16 | offsets of nodes u16 ...
 *          an overflow page has its number of pages u32 in the place of lower and upper
 *   meta   page head | magic u32 | version u32 | address W | map size W | free db | main db
 *          | last page W | txnid W
 *   db     pad u32 (of the free db: page size) | flags u16 | depth u16 | 4 counts W | root W
 *   node   low u16 | high u16 | flags u16 | key length u16 | key | data
 *          branch: low, high and flags make the child's page; leaf: low and high the data's length
 *
 * A sound file may be shorter than its last page says, when the free list names the pages at its
 * end: what was allocated and freed in one transaction is never written. core/store_walk.c walks
 * the trees.
 */
#define _DEFAULT_SOURCE /* O_DIRECTORY */
#include "core/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/store_walk.h"

enum {
    WORD = sizeof(size_t),
    HEAD = WORD + 8,
    META_TREES = HEAD + 8 + 2 * WORD,
    META_LEN = META_TREES + 2 * LUM_STORE_TREE + 2 * WORD,

    PAGE_META = 0x08,

    VERSION = 1,
    PAGE_SIZE_MAX = 32768,
    WALK_PAGES_MAX = 16384, /* 64 MiB, some 20 ms; of a larger derived file only the metas */

    FULL_BELOW_BYTES = 1024 * 1024, /* a write that fails with less free than this: disk full */
    PATH_ROOM = 4096,
};

static const uint32_t MAGIC = 0xBEEFC0DE;

struct probe {
    int fd;
    uint64_t size;
    struct lum_store_shape newest;
};

/* ---- the two meta pages ---- */

int lum_store_file_read(int fd, uint64_t offset, uint8_t *out, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t got = pread(fd, out + done, len - done, (off_t)(offset + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return got == 0 ? -1 : errno;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

static enum lum_status read_meta(int fd, uint64_t offset, const char *path,
                                 struct lum_store_shape *out, struct lum_error *err)
{
    uint8_t at[META_LEN];
    int code = lum_store_file_read(fd, offset, at, sizeof at);
    if (code > 0) {
        return lum_fail(err, lum_store_file_cause(path, code), path, strerror(code));
    }
    if (code != 0 || lum_store_file_u32(at + HEAD) != MAGIC ||
        (lum_store_file_u16(at + WORD + 2) & PAGE_META) == 0) {
        return lum_fail(err, LUM_CAUSE_store_not_ours, path, NULL);
    }
    uint32_t version = lum_store_file_u32(at + HEAD + 4);
    if (version != VERSION) {
        return lum_fail_number(err, LUM_CAUSE_store_newer, path, version);
    }
    const uint8_t *end = at + META_TREES + 2 * LUM_STORE_TREE;
    *out = (struct lum_store_shape){
        .page_size = lum_store_file_u32(at + META_TREES),
        .last_page = lum_store_file_word(end),
        .txnid = lum_store_file_word(end + WORD),
    };
    lum_store_tree_read(at + META_TREES, &out->free);
    lum_store_tree_read(end - LUM_STORE_TREE, &out->main);
    bool is_power_of_two = (out->page_size & (out->page_size - 1)) == 0;
    if (out->page_size < 256 || out->page_size > PAGE_SIZE_MAX || !is_power_of_two) {
        return lum_fail(err, LUM_CAUSE_store_damaged, path, "page size");
    }
    return LUM_OK;
}

/* Commits write the two in turn, the even ones the first, so the other one is one older; only of a
 * new file both are 0. Anything else would make LMDB go on from an older state. */
static enum lum_status read_metas(struct probe *probe, const char *path, struct lum_error *err)
{
    struct lum_store_shape both[2];
    enum lum_status status = read_meta(probe->fd, 0, path, &both[0], err);
    if (status == LUM_OK) {
        status = read_meta(probe->fd, both[0].page_size, path, &both[1], err);
    }
    if (status != LUM_OK) {
        return status;
    }
    bool is_second = both[1].txnid > both[0].txnid;
    size_t newer = both[is_second].txnid;
    bool follow = both[!is_second].txnid + 1 == newer && newer % 2 == is_second;
    if ((newer != 0 && !follow) || both[1].page_size != both[0].page_size) {
        return lum_fail(err, LUM_CAUSE_store_damaged, path, "an older state");
    }
    probe->newest = both[is_second];
    return LUM_OK;
}

/* ---- a file that was never finished ---- */

/* Page `number` as LMDB makes it in a new file, or the start of it; or one that was not written. */
static bool is_first_meta(const uint8_t at[META_LEN], size_t len, size_t number)
{
    static const uint8_t zero[META_LEN];
    uint8_t head[HEAD + 8] = {0};
    const uint16_t flags = PAGE_META;
    const uint32_t version = VERSION;
    memcpy(head, &number, WORD);
    memcpy(head + WORD + 2, &flags, sizeof flags);
    memcpy(head + HEAD, &MAGIC, sizeof MAGIC);
    memcpy(head + HEAD + 4, &version, sizeof version);
    bool is_made = memcmp(at, head, len < sizeof head ? len : sizeof head) == 0 &&
                   lum_store_file_word(at + META_LEN - WORD) == 0;
    return is_made || memcmp(at, zero, META_LEN) == 0;
}

/* LMDB begins a file by one write of both metas, the first commit adds the tables, and only then
 * is anything saved: page 0 has its number. So what a cut leaves of that write holds nothing. */
static bool is_unborn(const struct probe *probe)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    bool is_first = probe->size <= 2 * page;
    for (uint64_t at = 0; is_first && at < probe->size; at += page) {
        uint8_t meta[META_LEN] = {0};
        size_t len = probe->size - at < META_LEN ? (size_t)(probe->size - at) : META_LEN;
        is_first = lum_store_file_read(probe->fd, at, meta, len) == 0 &&
                   is_first_meta(meta, len, (size_t)(at / page));
    }
    return is_first;
}

/* ---- the whole of it ---- */

static enum lum_status look(struct probe *probe, const char *path, bool always,
                            struct lum_error *err)
{
    const char *what = NULL;
    struct lum_store_shape *shape = &probe->newest;
    enum lum_status status = read_metas(probe, path, err);
    if (status != LUM_OK) {
        return status;
    }
    shape->fd = probe->fd;
    shape->pages = (size_t)(probe->size / shape->page_size);
    if (!always && shape->last_page < shape->pages && shape->pages > WALK_PAGES_MAX) {
        return LUM_OK;
    }
    status = lum_store_walk(shape, &what);
    if (status == LUM_NO_MEMORY) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    if (status == LUM_IO) {
        return lum_fail(err, lum_store_file_cause(path, errno), path, strerror(errno));
    }
    return status == LUM_OK ? LUM_OK : lum_fail(err, LUM_CAUSE_store_damaged, path, what);
}

static enum lum_status open_file(const char *path, int *fd, uint64_t *size, struct lum_error *err)
{
    struct stat st;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (*fd < 0 || fstat(*fd, &st) != 0) {
        return lum_fail(err, lum_store_file_cause(path, errno), path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return lum_fail(err, LUM_CAUSE_store_not_ours, path, NULL);
    }
    *size = (uint64_t)st.st_size;
    return LUM_OK;
}

enum lum_status lum_store_file_probe(const char *path, bool always, struct lum_error *err)
{
    struct probe probe = {.fd = -1};
    enum lum_status status = open_file(path, &probe.fd, &probe.size, err);
    if (status == LUM_OK) {
        status = is_unborn(&probe) ? lum_fail(err, LUM_CAUSE_no_store, path, NULL)
                                   : look(&probe, path, always, err);
    }
    if (probe.fd >= 0) {
        (void)close(probe.fd);
    }
    return status;
}

enum lum_status lum_store_file_ready(const char *path, bool always, bool create,
                                     struct lum_error *err)
{
    struct lum_error told = {0};
    enum lum_status status = lum_store_file_probe(path, always, &told);
    if (status == LUM_NOT_FOUND && create) {
        if (truncate(path, 0) == 0 || errno == ENOENT) {
            return LUM_OK;
        }
        return lum_fail(err, lum_store_file_cause(path, errno), path, strerror(errno));
    }
    return status == LUM_OK ? LUM_OK : lum_fail(err, told.cause, told.one, told.two);
}

/* ---- keeping it ---- */

int lum_store_file_sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    char folder[PATH_ROOM]; /* "a/b/." or "." */
    if (len + 2 > sizeof folder) {
        return ENAMETOOLONG;
    }
    memcpy(folder, path, len);
    memcpy(folder + len, ".", 2);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return code;
}

int lum_store_file_make(const char *path, int *fd)
{
    *fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return *fd < 0 ? errno : 0;
}

int lum_store_file_finish(const char *path, int fd, int code)
{
    if (code == 0 && fsync(fd) != 0) {
        code = errno;
    }
    if (close(fd) != 0 && code == 0) {
        code = errno;
    }
    if (code == 0) {
        code = lum_store_file_sync_folder(path);
    }
    if (code != 0) {
        (void)unlink(path);
    }
    return code;
}

static bool disk_is_full(const char *path)
{
    struct statvfs fs;
    return statvfs(path, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < FULL_BELOW_BYTES;
}

/* What was written of the last page fills the file up to its limit (ulimit -f). */
static bool file_is_full(const char *path)
{
    struct rlimit limit;
    struct stat st;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           stat(path, &st) == 0 && (uint64_t)st.st_size + PAGE_SIZE_MAX > limit.rlim_cur;
}

bool lum_store_file_has_room(const char *path)
{
    char name[PATH_ROOM];
    struct stat st;
    size_t len = strlen(path);
    if (len + sizeof "-lock" > sizeof name) {
        return true;
    }
    memcpy(name, path, len);
    memcpy(name + len, "-lock", sizeof "-lock");
    if (stat(name, &st) == 0 && st.st_blocks > 0) {
        return true;
    }
    const char *slash = strrchr(path, '/');
    size_t folder = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    memcpy(name + folder, ".", 2);
    return !disk_is_full(name);
}

enum lum_cause lum_store_file_cause(const char *path, int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return LUM_CAUSE_disk_full;
    case EIO:
        return disk_is_full(path) || file_is_full(path) ? LUM_CAUSE_disk_full
                                                        : LUM_CAUSE_disk_error;
    case ENOMEM:
    case EAGAIN: /* LMDB copies with a thread of its own, which found no memory */
        return LUM_CAUSE_no_memory;
    case EACCES:
    case EPERM:
        return LUM_CAUSE_no_permission;
    case EROFS:
        return LUM_CAUSE_read_only;
    case ENOENT:
        return LUM_CAUSE_no_store;
    default:
        return LUM_CAUSE_disk_error;
    }
}
