/*
 * host.c - clock, randomness, small durable files, lock file and socket path, by POSIX calls.
 *
 * flock(2) belongs to the open file, so closing another descriptor of the same path does not drop
 * it (as fcntl locks would be). The owner removes the file before it lets go; whoever gets the lock
 * therefore looks whether the path still names the file it locked, and else tries again.
 */
#define _DEFAULT_SOURCE /* flock, O_DIRECTORY */
#include "net/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "core/crypto.h"

enum {
    PATH_ROOM = 4096,
    NOTE_FLAGS = O_NOFOLLOW | O_CLOEXEC,
    MACHINE_ID_MAX = 64,
    LOCK_TRIES = 16,
};

enum lum_status lum_host_fail(int code, const char *path, struct lum_error *err)
{
    switch (code) {
    case ENOENT:
        return lum_fail(err, LUM_CAUSE_no_file, path, NULL);
    case EACCES:
    case EPERM:
        return lum_fail(err, LUM_CAUSE_no_permission, path, NULL);
    case EROFS:
        return lum_fail(err, LUM_CAUSE_read_only, path, NULL);
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* a file may not grow on: of a limit, or of a stick's file system */
        return lum_fail(err, LUM_CAUSE_disk_full, path, NULL);
    case ENOMEM:
    case ENOBUFS:
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    default:
        return lum_fail(err, LUM_CAUSE_disk_error, path, strerror(code));
    }
}

/* ---- time and chance ---- */

static uint64_t wall_ms(void *self)
{
    struct timespec now;
    (void)self;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0) {
        return 0; /* before 1970: as wrong as a clock can be */
    }
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t mono_us(void *self)
{
    struct timespec now = {0};
    (void)self;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void random_fill(void *self, uint8_t *out, size_t len)
{
    (void)self;
    while (len > 0) {
        ssize_t got = getrandom(out, len, 0);
        LUM_ASSERT(got > 0 || errno == EINTR);
        out += got > 0 ? got : 0;
        len -= got > 0 ? (size_t)got : 0;
    }
}

/* ---- files ---- */

/* The folder that holds path: "a/b/." or ".". False when the path is too long. */
static bool folder_of(const char *path, char out[PATH_ROOM])
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    if (len + 2 > PATH_ROOM) {
        return false;
    }
    memcpy(out, path, len);
    memcpy(out + len, ".", 2);
    return true;
}

static enum lum_status folder_sync(const char *path, struct lum_error *err)
{
    char folder[PATH_ROOM];
    if (!folder_of(path, folder)) {
        return lum_host_fail(ENAMETOOLONG, path, err);
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int code = fd < 0 || fsync(fd) != 0 ? errno : 0;
    if (fd >= 0) {
        (void)close(fd);
    }
    return code == 0 ? LUM_OK : lum_host_fail(code, folder, err);
}

static enum lum_status must_be_ours(const struct stat *st, const char *path, struct lum_error *err)
{
    if (!S_ISREG(st->st_mode)) {
        return lum_fail(err, LUM_CAUSE_folder_not_ours, path, "not a file");
    }
    if (st->st_uid != geteuid()) {
        return lum_fail(err, LUM_CAUSE_folder_not_ours, path, "owner");
    }
    if ((st->st_mode & 077) != 0) {
        return lum_fail(err, LUM_CAUSE_folder_not_ours, path, "mode");
    }
    return LUM_OK;
}

static enum lum_status read_all(int fd, size_t len, const char *path, struct lum_buf *out,
                                struct lum_error *err)
{
    uint8_t *at = lum_buf_extend(out, len);
    if (at == NULL && len > 0) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    for (size_t done = 0; done < len;) {
        ssize_t got = read(fd, at + done, len - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return lum_host_fail(got < 0 ? errno : EIO, path, err);
        }
        done += (size_t)got;
    }
    return LUM_OK;
}

static enum lum_status file_read(void *self, const char *path, struct lum_buf *out, size_t max,
                                 struct lum_error *err)
{
    struct stat st;
    (void)self;
    int fd = open(path, O_RDONLY | NOTE_FLAGS);
    if (fd < 0) {
        return lum_host_fail(errno, path, err);
    }
    enum lum_status status = fstat(fd, &st) == 0 ? must_be_ours(&st, path, err)
                                                 : lum_host_fail(errno, path, err);
    if (status == LUM_OK && (uint64_t)st.st_size > max) {
        status = lum_fail(err, LUM_CAUSE_store_damaged, path, "longer than it can be");
    }
    if (status == LUM_OK) {
        lum_buf_reset(out);
        status = read_all(fd, (size_t)st.st_size, path, out, err);
    }
    (void)close(fd);
    return status;
}

static int write_all(int fd, struct lum_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.at, bytes.len);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return put < 0 ? errno : EIO;
        }
        bytes.at += put;
        bytes.len -= (size_t)put;
    }
    return 0;
}

/* A new file with these bytes, on the disk when this returns 0; else an errno and no file. */
static int write_new(const char *path, struct lum_bytes bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | NOTE_FLAGS, 0600);
    if (fd < 0) {
        return errno;
    }
    int code = write_all(fd, bytes);
    if (code == 0 && fsync(fd) != 0) {
        code = errno;
    }
    if (close(fd) != 0 && code == 0) {
        code = errno;
    }
    if (code != 0) {
        (void)unlink(path);
    }
    return code;
}

static enum lum_status file_rename(void *self, const char *from, const char *to,
                                   struct lum_error *err)
{
    (void)self;
    if (rename(from, to) != 0) {
        return lum_host_fail(errno, from, err);
    }
    return folder_sync(to, err);
}

static enum lum_status file_write(void *self, const char *path, struct lum_bytes bytes,
                                  struct lum_error *err)
{
    char beside[PATH_ROOM];
    int len = snprintf(beside, sizeof beside, "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof beside) {
        return lum_host_fail(ENAMETOOLONG, path, err);
    }
    (void)unlink(beside); /* what a crash left */
    int code = write_new(beside, bytes);
    if (code != 0) {
        return lum_host_fail(code, path, err);
    }
    enum lum_status status = file_rename(self, beside, path, err);
    if (status != LUM_OK) {
        (void)unlink(beside);
    }
    return status;
}

static enum lum_status file_remove(void *self, const char *path)
{
    (void)self;
    return unlink(path) == 0 ? LUM_OK : lum_host_fail(errno, path, NULL);
}

static enum lum_status file_identity(void *self, const char *path, struct lum_file_identity *out)
{
    struct stat st;
    (void)self;
    if (lstat(path, &st) != 0) {
        return lum_host_fail(errno, path, NULL);
    }
    out->inode = (uint64_t)st.st_ino;
    out->ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
    return LUM_OK;
}

static enum lum_status file_size(void *self, const char *path, uint64_t *out)
{
    struct stat st;
    (void)self;
    if (lstat(path, &st) != 0) {
        return lum_host_fail(errno, path, NULL);
    }
    *out = (uint64_t)st.st_size;
    return LUM_OK;
}

static enum lum_status file_reserve(void *self, const char *path, uint64_t bytes,
                                    struct lum_error *err)
{
    (void)self;
    int fd = open(path, O_WRONLY | O_CREAT | NOTE_FLAGS, 0600);
    if (fd < 0) {
        return lum_host_fail(errno, path, err);
    }
    int code = posix_fallocate(fd, 0, (off_t)bytes);
    if (code == 0 && fsync(fd) != 0) {
        code = errno;
    }
    (void)close(fd);
    if (code != 0) {
        (void)unlink(path);
        return lum_host_fail(code, path, err);
    }
    return LUM_OK;
}

static enum lum_status room(void *self, const char *path, uint64_t *out)
{
    struct statvfs fs;
    (void)self;
    if (statvfs(path, &fs) != 0) {
        return lum_host_fail(errno, path, NULL);
    }
    *out = (uint64_t)fs.f_bavail * fs.f_frsize;
    return LUM_OK;
}

/* ---- folders ---- */

/* mkdir with its missing parents, each durable in the one above. 0 or an errno. */
static int make_path(const char *path)
{
    char part[PATH_ROOM];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part) {
        return len == 0 ? ENOENT : ENAMETOOLONG;
    }
    for (size_t end = 1; end <= len; end++) {
        if (path[end] != '/' && path[end] != '\0') {
            continue;
        }
        memcpy(part, path, end);
        part[end] = '\0';
        if (mkdir(part, 0700) == 0) {
            if (folder_sync(part, NULL) != LUM_OK) {
                return EIO;
            }
        } else if (errno != EEXIST && errno != EROFS && errno != EACCES) {
            return errno;
        }
    }
    return 0;
}

static enum lum_status folder_make(void *self, const char *path, struct lum_error *err)
{
    struct stat st;
    (void)self;
    int code = make_path(path);
    if (code != 0) {
        return lum_host_fail(code, path, err);
    }
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? lum_host_fail(EACCES, path, err) : lum_host_fail(errno, path, err);
    }
    enum lum_status status = LUM_OK;
    if (fstat(fd, &st) != 0) {
        status = lum_host_fail(errno, path, err);
    } else if (st.st_uid != geteuid()) {
        status = lum_fail(err, LUM_CAUSE_folder_not_ours, path, "owner");
    } else if ((st.st_mode & 0777) != 0700 && fchmod(fd, 0700) != 0) {
        status = lum_fail(err, LUM_CAUSE_folder_not_ours, path, "mode");
    }
    (void)close(fd);
    return status;
}

/* ---- the machine's name ---- */

static size_t read_machine_id(const char *path, char out[MACHINE_ID_MAX])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    ssize_t got = read(fd, out, MACHINE_ID_MAX);
    (void)close(fd);
    size_t len = got < 0 ? 0 : (size_t)got;
    while (len > 0 && (out[len - 1] == '\n' || out[len - 1] == ' ')) {
        len--;
    }
    return len;
}

static void machine_id(void *self, uint8_t out[32])
{
    char id[MACHINE_ID_MAX];
    size_t len = read_machine_id("/etc/machine-id", id);
    (void)self;
    if (len < 32) { /* absent, empty, or "uninitialized" */
        len = read_machine_id("/var/lib/dbus/machine-id", id);
    }
    memset(out, 0, 32);
    if (len >= 32) {
        struct lum_plain_hasher hasher;
        lum_plain_hash_init(&hasher);
        lum_plain_hash_add(&hasher, id, len);
        lum_plain_hash_end(&hasher, out);
    }
}

const struct lum_env *lum_host_env(void)
{
    static const struct lum_env env = {
        .wall_ms = wall_ms,
        .mono_us = mono_us,
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
    return &env;
}

/* ---- the lock ---- */

static bool lock_path(const char *dir, char out[PATH_ROOM])
{
    int len = snprintf(out, PATH_ROOM, "%s/lock", dir);
    return len > 0 && len < PATH_ROOM;
}

static bool still_names(const char *path, int fd)
{
    struct stat here;
    struct stat there;
    return fstat(fd, &here) == 0 && lstat(path, &there) == 0 && here.st_ino == there.st_ino &&
           here.st_dev == there.st_dev;
}

/* 0 and the locked descriptor; EWOULDBLOCK and one to read the owner from; EINTR: try again; or
 * another errno. */
static int lock_once(const char *path, int *fd)
{
    *fd = open(path, O_RDWR | O_CREAT | NOTE_FLAGS, 0600);
    if (*fd < 0) {
        return errno;
    }
    int code = flock(*fd, LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
    if (code == 0 && !still_names(path, *fd)) {
        code = EINTR; /* its owner has just removed it: try again */
    }
    if (code != 0 && code != EWOULDBLOCK) {
        (void)close(*fd);
    }
    return code;
}

static enum lum_status tell_owner(const char *dir, int fd, struct lum_error *err)
{
    char pid[24] = "?";
    ssize_t got = pread(fd, pid, sizeof pid - 1, 0);
    pid[got > 0 ? got : 1] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    (void)close(fd);
    return lum_fail(err, LUM_CAUSE_store_locked, dir, pid);
}

enum lum_status lum_host_lock(const char *dir, int *fd, struct lum_error *err)
{
    char path[PATH_ROOM];
    if (!lock_path(dir, path)) {
        return lum_host_fail(ENAMETOOLONG, dir, err);
    }
    int code = EINTR;
    for (int i = 0; i < LOCK_TRIES && code == EINTR; i++) {
        code = lock_once(path, fd);
    }
    if (code == EWOULDBLOCK) {
        return tell_owner(dir, *fd, err);
    }
    if (code != 0) {
        return lum_host_fail(code, path, err);
    }
    char pid[24];
    int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(*fd, 0) != 0 || pwrite(*fd, pid, (size_t)len, 0) != len) {
        /* Only who asks meanwhile misses it: the lock is ours, on a full disk as well. */
    }
    return LUM_OK;
}

void lum_host_unlock(const char *dir, int fd)
{
    char path[PATH_ROOM];
    if (lock_path(dir, path) && still_names(path, fd)) {
        (void)unlink(path);
    }
    (void)close(fd);
}

/* ---- the control socket ---- */

enum lum_status lum_host_socket(const char *dir, char path[LUM_HOST_SOCKET_PATH], int *fd,
                                struct lum_error *err)
{
    *fd = -1;
    int len = snprintf(path, LUM_HOST_SOCKET_PATH, "%s/control.sock", dir);
    if (len > 0 && len < LUM_HOST_SOCKET_PATH) {
        return LUM_OK;
    }
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) {
        return lum_host_fail(errno, dir, err);
    }
    snprintf(path, LUM_HOST_SOCKET_PATH, "/proc/self/fd/%d/control.sock", *fd);
    return LUM_OK;
}
