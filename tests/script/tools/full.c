/*
 * full.c - a library to preload (LD_PRELOAD): a disk that has no more room from its n-th write on.
 *
 *   LUM_FULL_UNDER   a part of the path: only files in there
 *   LUM_FULL_AT      the number of the first write that fails, from 1
 *   LUM_FULL_HOW     full: ENOSPC from then on; once: that one write only; short: half of what that
 *                    write has, then ENOSPC; eio: EIO from then on
 *
 * It also knows which files were renamed before their bytes were synced; for each it adds a line
 * "early NAME" to the file LUM_FULL_LOG.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum {
    FILES_MAX = 64,
};

/* Files with bytes that no fsync has followed yet. */
static ino_t unsynced[FILES_MAX];
static unsigned long writes;

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value == NULL ? "" : value;
}

static bool is_watched(int fd, struct stat *st)
{
    char link[64];
    char path[PATH_MAX];
    if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode)) {
        return false;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    return strstr(path, setting("LUM_FULL_UNDER")) != NULL;
}

static void mark(ino_t inode, bool is_unsynced)
{
    size_t free_slot = FILES_MAX;
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (unsynced[i] == inode) {
            unsynced[i] = is_unsynced ? inode : 0;
            return;
        }
        free_slot = unsynced[i] == 0 ? i : free_slot;
    }
    if (is_unsynced && free_slot < FILES_MAX) {
        unsynced[free_slot] = inode;
    }
}

/* How many of len bytes may be written; -1: none, and errno says why. */
static ssize_t allowed(int fd, size_t len)
{
    struct stat st;
    if (!is_watched(fd, &st)) {
        return (ssize_t)len;
    }
    unsigned long at = strtoul(setting("LUM_FULL_AT"), NULL, 10);
    const char *how = setting("LUM_FULL_HOW");
    unsigned long now = __atomic_add_fetch(&writes, 1, __ATOMIC_SEQ_CST);
    mark(st.st_ino, true);
    if (at == 0 || now < at || (now > at && strcmp(how, "once") == 0)) {
        return (ssize_t)len;
    }
    if (now == at && strcmp(how, "short") == 0 && len > 1) {
        return (ssize_t)(len / 2);
    }
    errno = strcmp(how, "eio") == 0 ? EIO : ENOSPC;
    return -1;
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    ssize_t may = allowed(fd, len);
    return may < 0 ? -1 : REAL(write)(fd, bytes, (size_t)may);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    ssize_t may = allowed(fd, len);
    return may < 0 ? -1 : REAL(pwrite)(fd, bytes, (size_t)may, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return pwrite(fd, bytes, len, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    size_t len = 0;
    for (int i = 0; i < count; i++) {
        len += parts[i].iov_len;
    }
    ssize_t may = allowed(fd, len);
    if (may < 0 || (size_t)may == len) {
        return may < 0 ? -1 : REAL(pwritev)(fd, parts, count, at);
    }
    size_t part = parts[0].iov_len < (size_t)may ? parts[0].iov_len : (size_t)may;
    return REAL(pwrite)(fd, parts[0].iov_base, part, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    return pwritev(fd, parts, count, at);
}

int fsync(int fd)
{
    struct stat st;
    int code = REAL(fsync)(fd);
    if (code == 0 && fstat(fd, &st) == 0) {
        mark(st.st_ino, false);
    }
    return code;
}

int rename(const char *from, const char *to)
{
    struct stat st;
    if (stat(from, &st) == 0) {
        for (size_t i = 0; i < FILES_MAX; i++) {
            FILE *log = unsynced[i] == st.st_ino ? fopen(setting("LUM_FULL_LOG"), "a") : NULL;
            if (log != NULL) {
                fprintf(log, "early %s\n", to);
                fclose(log);
            }
        }
    }
    return REAL(rename)(from, to);
}
