/*
 * order.c - a library to preload (LD_PRELOAD) that notes in which order a process reads, makes
 * durable and tells. A line each in the file that LUM_ORDER_LOG names:
 *
 *   MICROSECONDS PID WHAT
 *
 *   heard    bytes came in on a socket
 *   data     something was written to log.mdb               (after it was)
 *   sync     fdatasync of log.mdb came back well            (after it did)
 *   meta     written to log.mdb through an O_DSYNC file     (after it was)
 *   told     bytes are about to go out on a socket          (before they do)
 *   printed  text is about to go to standard output         (before it does)
 *
 * What is durable is noted late and what is told is noted early, so that an order that looks right
 * here was right. LMDB's commit is data, sync, meta; its meta page goes out by O_DSYNC.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* The function that this library stands in front of. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void note(const char *what)
{
    static int log = -1;
    char line[96];
    struct timespec now;
    if (log < 0) {
        const char *path = getenv("LUM_ORDER_LOG");
        log = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log < 0) {
            return;
        }
    }
    clock_gettime(CLOCK_REALTIME, &now);
    int len = snprintf(line, sizeof(line), "%lld%06ld %d %s\n", (long long)now.tv_sec,
                       now.tv_nsec / 1000, (int)getpid(), what);
    syscall(SYS_write, log, line, (size_t)len);
}

static bool is_socket(int fd)
{
    struct stat at;
    return fstat(fd, &at) == 0 && S_ISSOCK(at.st_mode);
}

static bool is_log(int fd)
{
    static const char name[] = "/log.mdb";
    char link[64];
    char path[4096];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path));
    return len >= (ssize_t)sizeof(name) - 1 &&
           memcmp(path + len - (sizeof(name) - 1), name, sizeof(name) - 1) == 0;
}

static void note_written(int fd, ssize_t done)
{
    if (done > 0 && is_log(fd)) {
        note((fcntl(fd, F_GETFL) & O_DSYNC) != 0 ? "meta" : "data");
    }
}

static void note_heard(int fd, ssize_t got)
{
    if (got > 0 && is_socket(fd)) {
        note("heard");
    }
}

/* Both ways out; a file is none. */
static void note_telling(int fd)
{
    if (is_socket(fd)) {
        note("told");
    } else if (fd == STDOUT_FILENO) {
        note("printed");
    }
}

/* ---- durable ---- */

int fdatasync(int fd)
{
    int code = REAL(fdatasync)(fd);
    if (code == 0 && is_log(fd)) {
        note("sync");
    }
    return code;
}

int fsync(int fd)
{
    int code = REAL(fsync)(fd);
    if (code == 0 && is_log(fd)) {
        note("sync");
    }
    return code;
}

ssize_t pwrite(int fd, const void *at, size_t len, off_t place)
{
    ssize_t done = REAL(pwrite)(fd, at, len, place);
    note_written(fd, done);
    return done;
}

ssize_t pwrite64(int fd, const void *at, size_t len, off64_t place)
{
    ssize_t done = REAL(pwrite64)(fd, at, len, place);
    note_written(fd, done);
    return done;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t place)
{
    ssize_t done = REAL(pwritev)(fd, parts, count, place);
    note_written(fd, done);
    return done;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t place)
{
    ssize_t done = REAL(pwritev64)(fd, parts, count, place);
    note_written(fd, done);
    return done;
}

/* ---- in ---- */

ssize_t read(int fd, void *at, size_t len)
{
    ssize_t got = REAL(read)(fd, at, len);
    note_heard(fd, got);
    return got;
}

ssize_t recv(int fd, void *at, size_t len, int flags)
{
    ssize_t got = REAL(recv)(fd, at, len, flags);
    note_heard(fd, got);
    return got;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    ssize_t got = REAL(recvmsg)(fd, message, flags);
    note_heard(fd, got);
    return got;
}

/* ---- out ---- */

ssize_t write(int fd, const void *at, size_t len)
{
    note_telling(fd);
    ssize_t done = REAL(write)(fd, at, len);
    note_written(fd, done);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    note_telling(fd);
    ssize_t done = REAL(writev)(fd, parts, count);
    note_written(fd, done);
    return done;
}

ssize_t send(int fd, const void *at, size_t len, int flags)
{
    note_telling(fd);
    return REAL(send)(fd, at, len, flags);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    note_telling(fd);
    return REAL(sendmsg)(fd, message, flags);
}

/* stdio writes by ways of its own that cannot be stood in front of: what matters is the call that
 * hands it the text, which comes earlier still. */
static void note_stream(FILE *stream)
{
    if (stream == stdout) {
        note("printed");
    }
}

size_t fwrite(const void *at, size_t size, size_t count, FILE *stream)
{
    note_stream(stream);
    return REAL(fwrite)(at, size, count, stream);
}

int fputs(const char *text, FILE *stream)
{
    note_stream(stream);
    return REAL(fputs)(text, stream);
}

int fputc(int c, FILE *stream)
{
    note_stream(stream);
    return REAL(fputc)(c, stream);
}

int puts(const char *text)
{
    note_stream(stdout);
    return REAL(puts)(text);
}

int fprintf(FILE *stream, const char *format, ...)
{
    va_list list;
    note_stream(stream);
    va_start(list, format);
    int len = REAL(vfprintf)(stream, format, list);
    va_end(list);
    return len;
}

int __fprintf_chk(FILE *stream, int flag, const char *format, ...);
int __fprintf_chk(FILE *stream, int flag, const char *format, ...)
{
    va_list list;
    (void)flag;
    note_stream(stream);
    va_start(list, format);
    int len = REAL(vfprintf)(stream, format, list);
    va_end(list);
    return len;
}
