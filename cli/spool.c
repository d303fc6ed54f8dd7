/* spool.c - see spool.h. */
#include "cli/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crypto.h"
#include "net/host.h"

enum {
    PIECE_BYTES = 64 * 1024,
};

static bool is_stopped(const volatile sig_atomic_t *stop)
{
    return stop != NULL && *stop != 0;
}

const char *lum_spool_folder(void)
{
    const char *folder = getenv("TMPDIR");

    return folder != NULL && folder[0] != '\0' ? folder : "/var/tmp";
}

enum lum_status lum_spool_scratch(int *fd, struct lum_error *err)
{
    char path[4096];
    int len = snprintf(path, sizeof(path), "%s/lumbung-XXXXXX", lum_spool_folder());

    if (len < 0 || (size_t)len >= sizeof(path)) {
        return lum_host_fail(ENAMETOOLONG, "TMPDIR", err);
    }
    *fd = mkstemp(path);
    if (*fd < 0) {
        return lum_host_fail(errno, lum_spool_folder(), err);
    }
    (void)unlink(path);
    return LUM_OK;
}

enum lum_status lum_spool_append(int scratch, struct lum_bytes bytes, struct lum_error *err)
{
    while (bytes.len > 0) {
        ssize_t put = write(scratch, bytes.at, bytes.len);
        if (put < 0 && errno != EINTR) {
            return lum_host_fail(errno, lum_spool_folder(), err);
        }
        bytes.at += put > 0 ? put : 0;
        bytes.len -= put > 0 ? (size_t)put : 0;
    }
    return LUM_OK;
}

enum lum_status lum_spool_read(int scratch, uint64_t at, uint8_t *out, size_t len,
                               struct lum_error *err)
{
    while (len > 0) {
        ssize_t got = pread(scratch, out, len, (off_t)at);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return lum_host_fail(got < 0 ? errno : EIO, lum_spool_folder(), err);
        }
        out += got > 0 ? got : 0;
        len -= got > 0 ? (size_t)got : 0;
        at += got > 0 ? (uint64_t)got : 0;
    }
    return LUM_OK;
}

/* Everything that comes in at `from`. */
static enum lum_status copy(int from, int to, const char *name, const volatile sig_atomic_t *stop,
                            struct lum_error *err)
{
    uint8_t piece[PIECE_BYTES];

    for (;;) {
        ssize_t got = is_stopped(stop) ? 0 : read(from, piece, sizeof(piece));
        if (is_stopped(stop)) {
            return LUM_STOPPED;
        }
        if (got == 0) {
            return LUM_OK;
        }
        if (got < 0 && errno != EINTR) {
            return lum_host_fail(errno, name, err);
        }
        struct lum_bytes bytes = {piece, got > 0 ? (size_t)got : 0};
        enum lum_status status = lum_spool_append(to, bytes, err);
        if (status != LUM_OK) {
            return status;
        }
    }
}

/* Puts a file that can be read twice in place of one that cannot. */
static enum lum_status make_seekable(struct lum_spool *spool, const volatile sig_atomic_t *stop,
                                     struct lum_error *err)
{
    int scratch = -1;
    enum lum_status status = lum_spool_scratch(&scratch, err);

    if (status != LUM_OK) {
        return status;
    }
    status = copy(spool->fd, scratch, spool->name, stop, err);
    lum_spool_close(spool);
    spool->fd = scratch;
    return status;
}

enum lum_status lum_spool_open(const char *path, const volatile sig_atomic_t *stop,
                               struct lum_spool *out, struct lum_error *err)
{
    struct lum_spool spool = {.fd = STDIN_FILENO, .name = path};
    struct stat st;
    enum lum_status status = LUM_OK;

    if (strcmp(path, "-") != 0) {
        spool.fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (spool.fd < 0 || fstat(spool.fd, &st) != 0) {
        return lum_host_fail(errno, path, err);
    }
    if (S_ISDIR(st.st_mode)) {
        status = lum_host_fail(EISDIR, path, err);
    } else if (!S_ISREG(st.st_mode)) {
        status = make_seekable(&spool, stop, err);
    }
    if (status == LUM_OK && fstat(spool.fd, &st) != 0) {
        status = lum_host_fail(errno, path, err);
    }
    if (status == LUM_OK) {
        status = lum_spool_move(&spool, 0, NULL, err);
    }
    if (status != LUM_OK) {
        lum_spool_close(&spool);
        return status;
    }
    spool.size = (uint64_t)st.st_size;
    *out = spool;
    return LUM_OK;
}

void lum_spool_close(struct lum_spool *spool)
{
    if (spool->fd > STDERR_FILENO) {
        close(spool->fd);
    }
    spool->fd = -1;
}

enum lum_status lum_spool_move(const struct lum_spool *spool, uint64_t to, uint64_t *from,
                               struct lum_error *err)
{
    off_t before = lseek(spool->fd, 0, SEEK_CUR);

    if (before < 0 || lseek(spool->fd, (off_t)to, SEEK_SET) < 0) {
        return lum_host_fail(errno, spool->name, err);
    }
    if (from != NULL) {
        *from = (uint64_t)before;
    }
    return LUM_OK;
}

enum lum_status lum_spool_hash(const struct lum_spool *spool, uint8_t out[32],
                               struct lum_error *err)
{
    struct lum_plain_hasher hasher;
    uint8_t piece[PIECE_BYTES];
    off_t at = 0;
    ssize_t got;

    lum_plain_hash_init(&hasher);
    while ((got = pread(spool->fd, piece, sizeof(piece), at)) != 0) {
        if (got < 0 && errno != EINTR) {
            return lum_host_fail(errno, spool->name, err);
        }
        lum_plain_hash_add(&hasher, piece, got > 0 ? (size_t)got : 0);
        at += got > 0 ? got : 0;
    }
    lum_plain_hash_end(&hasher, out);
    return LUM_OK;
}

uint8_t lum_spool_first(const struct lum_spool *spool)
{
    uint8_t piece[4096];
    ssize_t got = pread(spool->fd, piece, sizeof(piece), 0);
    ssize_t i = got >= 3 && memcmp(piece, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (i < got && strchr(" \t\r\n", piece[i]) != NULL && piece[i] != 0) {
        i++;
    }
    return i < got ? piece[i] : 0;
}
