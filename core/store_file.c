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
 * end: what was allocated and freed in one transaction is never written. Only then are the trees
 * walked, to see that each page in use lies inside.
 */
#define _DEFAULT_SOURCE /* O_DIRECTORY */
#include "core/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/mem.h"

enum {
    WORD = sizeof(size_t),
    HEAD = WORD + 8,
    DB = 8 + 5 * WORD,
    META_DBS = HEAD + 8 + 2 * WORD,
    META_LEN = META_DBS + 2 * DB + 2 * WORD,
    NODE_HEAD = 8,

    PAGE_BRANCH = 0x01,
    PAGE_LEAF = 0x02,
    PAGE_META = 0x08,
    NODE_BIG = 0x01, /* the data is the number of the first of its own pages */
    NODE_DB = 0x02,  /* the data is a db */

    VERSION = 1,
    PAGE_SIZE_MAX = 32768,
    STACK_BYTES_MAX = 64 * 1024 * 1024,

    FULL_BELOW_BYTES = 1024 * 1024, /* a write that fails with less free than this: disk full */
    PATH_ROOM = 4096,
};

static const uint32_t MAGIC = 0xBEEFC0DE;

struct meta {
    size_t page_size;
    size_t last_page;
    size_t txnid;
    size_t roots[2]; /* of the free list and of the main table; SIZE_MAX when empty */
};

struct probe {
    int fd;
    uint64_t size;
    struct meta meta;
    size_t pages;         /* whole ones in the file */
    uint8_t *page;        /* the one that is looked at */
    struct lum_buf stack; /* page numbers (size_t) still to be looked at */
};

static size_t word_at(const uint8_t *at)
{
    size_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static uint32_t u32_at(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static uint16_t u16_at(const uint8_t *at)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

/* ---- the two meta pages ---- */

static bool read_at(int fd, uint64_t offset, uint8_t *out, size_t len)
{
    ssize_t got = pread(fd, out, len, (off_t)offset);
    return got >= 0 && (size_t)got == len;
}

static enum lum_status read_meta(int fd, uint64_t offset, const char *path, struct meta *out,
                                 struct lum_error *err)
{
    uint8_t at[META_LEN];
    if (!read_at(fd, offset, at, sizeof at) || u32_at(at + HEAD) != MAGIC ||
        (u16_at(at + WORD + 2) & PAGE_META) == 0) {
        return lum_fail(err, LUM_CAUSE_store_not_ours, path, NULL);
    }
    uint32_t version = u32_at(at + HEAD + 4);
    if (version != VERSION) {
        return lum_fail_number(err, LUM_CAUSE_store_newer, path, version);
    }
    const uint8_t *end = at + META_DBS + 2 * DB;
    *out = (struct meta){
        .page_size = u32_at(at + META_DBS),
        .last_page = word_at(end),
        .txnid = word_at(end + WORD),
        .roots = {word_at(at + META_DBS + DB - WORD), word_at(end - WORD)},
    };
    bool is_power_of_two = (out->page_size & (out->page_size - 1)) == 0;
    if (out->page_size < 256 || out->page_size > PAGE_SIZE_MAX || !is_power_of_two) {
        return lum_fail(err, LUM_CAUSE_store_damaged, path, "page size");
    }
    return LUM_OK;
}

static enum lum_status read_metas(struct probe *probe, const char *path, struct lum_error *err)
{
    struct meta other;
    enum lum_status status = read_meta(probe->fd, 0, path, &probe->meta, err);
    if (status == LUM_OK) {
        status = read_meta(probe->fd, probe->meta.page_size, path, &other, err);
    }
    if (status == LUM_OK && other.txnid > probe->meta.txnid) {
        probe->meta = other;
    }
    return status;
}

/* ---- the walk over the pages in use ---- */

static void push(struct probe *probe, size_t page)
{
    lum_buf_put(&probe->stack, &page, sizeof page);
}

static bool pop(struct probe *probe, size_t *page)
{
    struct lum_buf *stack = &probe->stack;
    if (stack->len == 0) {
        return false;
    }
    stack->len -= sizeof *page;
    memcpy(page, stack->at + stack->len, sizeof *page);
    return true;
}

/* What hangs on one node of a leaf lies in the file, or is pushed. */
static bool leaf_node_fits(struct probe *probe, const uint8_t *node, size_t room)
{
    size_t key_len = u16_at(node + 6);
    uint16_t flags = u16_at(node + 4);
    size_t data_len = u16_at(node) | (size_t)u16_at(node + 2) << 16;
    size_t held = (flags & NODE_BIG) != 0 ? (size_t)WORD : data_len;
    if (room - NODE_HEAD < key_len || room - NODE_HEAD - key_len < held) {
        return false;
    }
    const uint8_t *data = node + NODE_HEAD + key_len;
    if ((flags & NODE_BIG) != 0) {
        size_t first = word_at(data);
        size_t count = (HEAD + data_len - 1) / probe->meta.page_size + 1;
        return first < probe->pages && count <= probe->pages - first;
    }
    if ((flags & NODE_DB) != 0 && data_len == DB && word_at(data + DB - WORD) != SIZE_MAX) {
        push(probe, word_at(data + DB - WORD));
    }
    return true;
}

static size_t child_of(const uint8_t *node)
{
    size_t page = u16_at(node) | (size_t)u16_at(node + 2) << 16;
#if SIZE_MAX > UINT32_MAX
    page |= (size_t)u16_at(node + 4) << 32;
#endif
    return page;
}

static bool page_fits(struct probe *probe)
{
    const uint8_t *page = probe->page;
    size_t size = probe->meta.page_size;
    uint16_t flags = u16_at(page + WORD + 2);
    size_t lower = u16_at(page + WORD + 4);
    if ((flags & (PAGE_BRANCH | PAGE_LEAF)) == 0 || lower < HEAD || lower > size) {
        return false;
    }
    for (size_t at = HEAD; at + 2 <= lower; at += 2) {
        size_t node = u16_at(page + at);
        if (node < lower || node > size - NODE_HEAD) {
            return false;
        }
        if ((flags & PAGE_BRANCH) != 0) {
            push(probe, child_of(page + node));
        } else if (!leaf_node_fits(probe, page + node, size - node)) {
            return false;
        }
    }
    return true;
}

/* In a sound tree each page is reached once, so more visits than pages are a circle. */
static bool trees_fit(struct probe *probe)
{
    size_t page = 0;
    size_t visits = 0;
    for (size_t i = 0; i < LUM_COUNT(probe->meta.roots); i++) {
        if (probe->meta.roots[i] != SIZE_MAX) {
            push(probe, probe->meta.roots[i]);
        }
    }
    while (pop(probe, &page)) {
        bool inside = page < probe->pages && visits++ < probe->pages;
        if (!inside || !read_at(probe->fd, (uint64_t)page * probe->meta.page_size, probe->page,
                                probe->meta.page_size)) {
            return false;
        }
        if (!page_fits(probe) || probe->stack.broken) {
            return false;
        }
    }
    return !probe->stack.broken; /* a root that found no room was not looked at */
}

static enum lum_status walk(struct probe *probe, const char *path, struct lum_error *err)
{
    probe->page = lum_alloc(probe->meta.page_size);
    if (probe->page == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    lum_buf_init(&probe->stack, STACK_BYTES_MAX);
    bool fits = trees_fit(probe);
    bool is_exhausted = lum_buf_status(&probe->stack) == LUM_NO_MEMORY;
    lum_buf_fini(&probe->stack);
    lum_free(probe->page);
    if (is_exhausted) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    return fits ? LUM_OK : lum_fail(err, LUM_CAUSE_store_damaged, path, "shorter than its content");
}

static enum lum_status look(struct probe *probe, const char *path, struct lum_error *err)
{
    enum lum_status status = read_metas(probe, path, err);
    if (status != LUM_OK) {
        return status;
    }
    probe->pages = (size_t)(probe->size / probe->meta.page_size);
    return probe->meta.last_page < probe->pages ? LUM_OK : walk(probe, path, err);
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
    return *size == 0 ? lum_fail(err, LUM_CAUSE_no_store, path, NULL) : LUM_OK;
}

enum lum_status lum_store_file_probe(const char *path, struct lum_error *err)
{
    struct probe probe = {.fd = -1};
    enum lum_status status = open_file(path, &probe.fd, &probe.size, err);
    if (status == LUM_OK) {
        status = look(&probe, path, err);
    }
    if (probe.fd >= 0) {
        (void)close(probe.fd);
    }
    return status;
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

enum lum_cause lum_store_file_cause(const char *path, int code)
{
    switch (code) {
    case ENOSPC:
    case EDQUOT:
        return LUM_CAUSE_disk_full;
    case EIO:
        return disk_is_full(path) ? LUM_CAUSE_disk_full : LUM_CAUSE_disk_error;
    case ENOMEM:
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
