/* door.c - see door.h. System calls are made by syscall(2): no name is left to look up. */
#define _GNU_SOURCE
#include "tests/faults/door.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    WHERE_MAX = 256,
    CALLERS = 16,
};

struct shared {
    atomic_uint_fast64_t seen;
    atomic_bool went_wrong;
    char where[WHERE_MAX];
};

extern const char __executable_start[];

static struct shared *shared;
static struct door_plan plan; /* of this process; calls = 0: it is not armed */
static void (*watcher)(const struct door_event *event);

void door_reset(void)
{
    if (shared == NULL) {
        shared =
            mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (shared == MAP_FAILED) {
            abort();
        }
    }
    *shared = (struct shared){0};
}

void door_arm(const struct door_plan *new_plan)
{
    plan = *new_plan;
}

void door_watch(void (*watch)(const struct door_event *event))
{
    watcher = watch;
}

uint64_t door_seen(void)
{
    return shared->seen;
}

bool door_went_wrong(void)
{
    return shared->went_wrong;
}

const char *door_where(void)
{
    return shared->where;
}

/* ---- whether this call is the one ---- */

static void note_where(const char *name, int fd)
{
    char link[32];
    char path[WHERE_MAX / 2] = "";

    if (fd >= 0) {
        (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        ssize_t len = syscall(SYS_readlink, link, path, sizeof(path) - 1);
        path[len < 0 ? 0 : len] = '\0';
    }
    const char *slash = strrchr(path, '/');
    (void)snprintf(shared->where, sizeof(shared->where), "%s %s", name,
                   slash == NULL ? path : slash + 1);
}

/* Who asked for memory: to be read by addr2line -f -e PROGRAM. */
static void note_callers(void)
{
    void *callers[CALLERS];
    struct door_plan held = plan;
    plan.calls = 0; /* backtrace wants memory itself the first time */
    int count = backtrace(callers, CALLERS);
    plan = held;
    for (int i = 3; i < count; i++) {
        size_t len = strlen(shared->where);
        (void)snprintf(shared->where + len, sizeof(shared->where) - len, " %zx",
                       (size_t)((const char *)callers[i] - __executable_start));
    }
}

/* Pipes and eventfds of a process's own are no disk and no line: the kernel keeps their word. */
static bool may_fail(enum door_call call, int fd)
{
    struct stat st;
    if (fd < 0 || (call & (DOOR_READ | DOOR_WRITE)) == 0) {
        return true;
    }
    return syscall(SYS_fstat, fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode));
}

/* True when the call is to go wrong, or the process to die after it. */
static bool comes_to_pass(enum door_call call, const char *name, int fd)
{
    if ((plan.calls & (uint32_t)call) == 0 || !may_fail(call, fd)) {
        return false;
    }
    uint64_t number = atomic_fetch_add(&shared->seen, 1) + 1;
    bool is_it = number == plan.nth || (plan.for_ever && number > plan.nth);
    if (!is_it || plan.deed == DOOR_COUNTS) {
        return false;
    }
    if (call != DOOR_MEMORY) {
        note_where(name, fd);
    } else if (!shared->went_wrong) {
        note_callers();
    }
    shared->went_wrong = true;
    if (plan.deed == DOOR_KILLS) {
        (void)raise(SIGKILL);
    }
    return true;
}

/* One call: MADE is its result when all is well. */
static long done(bool is_it, long result)
{
    if (is_it && plan.deed == DOOR_KILLS_AFTER) {
        (void)raise(SIGKILL);
    }
    return result;
}

/* RESULT of a call, told of when it came well. */
static long told(struct door_event event, long result)
{
    if (watcher != NULL && result >= 0) {
        int code = errno;
        event.done = (size_t)result;
        watcher(&event);
        errno = code;
    }
    return result;
}

static bool fails(bool is_it)
{
    if (is_it && plan.deed == DOOR_FAILS) {
        errno = plan.error;
        return true;
    }
    return false;
}

/* Bytes to ask for: half of them, at least one, when the plan says short. */
static size_t asked(bool is_it, size_t len)
{
    return is_it && plan.deed == DOOR_SHORT && len > 1 ? len / 2 : len;
}

/* ---- memory ---- */

#if defined(__SANITIZE_ADDRESS__)
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
#define REAL(name) __real_##name
#define DOOR(name) __wrap_##name
#else
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);
#define REAL(name) __libc_##name
#define DOOR(name) name
#endif

void *DOOR(malloc)(size_t size)
{
    return fails(comes_to_pass(DOOR_MEMORY, "malloc", -1)) ? NULL : REAL(malloc)(size);
}

void *DOOR(calloc)(size_t count, size_t size)
{
    return fails(comes_to_pass(DOOR_MEMORY, "calloc", -1)) ? NULL : REAL(calloc)(count, size);
}

void *DOOR(realloc)(void *old, size_t size)
{
    return fails(comes_to_pass(DOOR_MEMORY, "realloc", -1)) ? NULL : REAL(realloc)(old, size);
}

#if !defined(__SANITIZE_ADDRESS__)
int posix_memalign(void **out, size_t align, size_t size)
{
    if (fails(comes_to_pass(DOOR_MEMORY, "posix_memalign", -1))) {
        return plan.error;
    }
    *out = __libc_memalign(align, size);
    return *out == NULL ? ENOMEM : 0;
}
#endif

/* glibc's name service asserts when it finds no memory: not ours to try. */
struct passwd *getpwuid(uid_t uid)
{
    struct door_plan held = plan;
    struct passwd *(*real)(uid_t) = NULL;
    plan.calls = 0;
    *(void **)&real = dlsym(RTLD_NEXT, "getpwuid");
    struct passwd *user = real(uid);
    plan = held;
    return user;
}

/* ---- files ---- */

static int open_by(const char *path, int flags, mode_t mode)
{
    bool is_it = comes_to_pass(DOOR_OPEN, path, -1);
    if (fails(is_it)) {
        return -1;
    }
    long fd = syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    return (int)done(is_it,
                     told((struct door_event){.call = DOOR_OPEN, .fd = (int)fd, .path = path}, fd));
}

int open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_by(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open_by(path, flags, mode);
}

ssize_t read(int fd, void *at, size_t len)
{
    bool is_it = comes_to_pass(DOOR_READ, "read", fd);
    return fails(is_it) ? -1 : done(is_it, syscall(SYS_read, fd, at, asked(is_it, len)));
}

ssize_t pread(int fd, void *at, size_t len, off_t place)
{
    bool is_it = comes_to_pass(DOOR_READ, "pread", fd);
    return fails(is_it) ? -1 : done(is_it, syscall(SYS_pread64, fd, at, len, place));
}

static long wrote(int fd, const void *at, off_t place, long result)
{
    const struct iovec part = {(void *)(uintptr_t)at, result < 0 ? 0 : (size_t)result};
    return told(
        (struct door_event){
            .call = DOOR_WRITE, .fd = fd, .parts = &part, .count = 1, .place = place},
        result);
}

ssize_t write(int fd, const void *at, size_t len)
{
    bool is_it = comes_to_pass(DOOR_WRITE, "write", fd);
    return fails(is_it)
               ? -1
               : done(is_it, wrote(fd, at, -1, syscall(SYS_write, fd, at, asked(is_it, len))));
}

ssize_t pwrite(int fd, const void *at, size_t len, off_t place)
{
    bool is_it = comes_to_pass(DOOR_WRITE, "pwrite", fd);
    return fails(is_it)
               ? -1
               : done(is_it, wrote(fd, at, place,
                                   syscall(SYS_pwrite64, fd, at, asked(is_it, len), place)));
}

/* Short: the first part alone, or half of the only one. */
static long write_parts(const char *name, int fd, const struct iovec *parts, int count, off_t place)
{
    bool is_it = comes_to_pass(DOOR_WRITE, name, fd);
    struct iovec first = count > 0 ? parts[0] : (struct iovec){0};
    if (fails(is_it)) {
        return -1;
    }
    if (is_it && plan.deed == DOOR_SHORT && count > 0) {
        first.iov_len = count > 1 ? first.iov_len : asked(true, first.iov_len);
        parts = &first;
        count = 1;
    }
    const struct door_event event = {
        .call = DOOR_WRITE, .fd = fd, .parts = parts, .count = count, .place = place};
    return done(is_it, told(event, place < 0 ? syscall(SYS_writev, fd, parts, count)
                                             : syscall(SYS_pwritev, fd, parts, count, place, 0)));
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return write_parts("writev", fd, parts, count, -1);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t place)
{
    return write_parts("pwritev", fd, parts, count, place);
}

int fsync(int fd)
{
    bool is_it = comes_to_pass(DOOR_SYNC, "fsync", fd);
    const struct door_event event = {.call = DOOR_SYNC, .fd = fd};
    return fails(is_it) ? -1 : (int)done(is_it, told(event, syscall(SYS_fsync, fd)));
}

int fdatasync(int fd)
{
    bool is_it = comes_to_pass(DOOR_SYNC, "fdatasync", fd);
    const struct door_event event = {.call = DOOR_SYNC, .fd = fd};
    return fails(is_it) ? -1 : (int)done(is_it, told(event, syscall(SYS_fdatasync, fd)));
}

int ftruncate(int fd, off_t len)
{
    bool is_it = comes_to_pass(DOOR_SIZE, "ftruncate", fd);
    const struct door_event event = {.call = DOOR_SIZE, .fd = fd, .place = len};
    return fails(is_it) ? -1 : (int)done(is_it, told(event, syscall(SYS_ftruncate, fd, len)));
}

/* Gives an errno. */
int posix_fallocate(int fd, off_t place, off_t len)
{
    bool is_it = comes_to_pass(DOOR_SIZE, "posix_fallocate", fd);
    if (fails(is_it)) {
        return plan.error;
    }
    const struct door_event event = {.call = DOOR_SIZE, .fd = fd, .place = place + len};
    return done(is_it, told(event, syscall(SYS_fallocate, fd, 0, place, len))) == 0 ? 0 : errno;
}

int rename(const char *from, const char *to)
{
    bool is_it = comes_to_pass(DOOR_NAME, "rename", -1);
    const struct door_event event = {.call = DOOR_NAME, .fd = -1, .path = from, .to = to};
    return fails(is_it) ? -1 : (int)done(is_it, told(event, syscall(SYS_rename, from, to)));
}

int unlink(const char *path)
{
    bool is_it = comes_to_pass(DOOR_NAME, "unlink", -1);
    const struct door_event event = {.call = DOOR_NAME, .fd = -1, .path = path};
    return fails(is_it) ? -1 : (int)done(is_it, told(event, syscall(SYS_unlink, path)));
}

int mkdir(const char *path, mode_t mode)
{
    bool is_it = comes_to_pass(DOOR_NAME, "mkdir", -1);
    return fails(is_it) ? -1 : (int)done(is_it, syscall(SYS_mkdir, path, mode));
}

void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t place)
{
    bool is_it = comes_to_pass(DOOR_MAP, "mmap", fd);
    if (fails(is_it)) {
        return MAP_FAILED;
    }
    long result = done(is_it, syscall(SYS_mmap, at, len, protection, flags, fd, place));
    return (void *)result;
}

/* ---- sockets ---- */

int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
    bool is_it = comes_to_pass(DOOR_SOCKET, "connect", fd);
    return fails(is_it) ? -1 : (int)done(is_it, syscall(SYS_connect, fd, to.__sockaddr__, len));
}

int accept4(int fd, __SOCKADDR_ARG from, socklen_t *len, int flags)
{
    bool is_it = comes_to_pass(DOOR_SOCKET, "accept", fd);
    return fails(is_it) ? -1
                        : (int)done(is_it, syscall(SYS_accept4, fd, from.__sockaddr__, len, flags));
}

int socket(int domain, int type, int protocol)
{
    bool is_it = comes_to_pass(DOOR_SOCKET, "socket", -1);
    return fails(is_it) ? -1 : (int)done(is_it, syscall(SYS_socket, domain, type, protocol));
}

int bind(int fd, __CONST_SOCKADDR_ARG at, socklen_t len)
{
    bool is_it = comes_to_pass(DOOR_SOCKET, "bind", fd);
    return fails(is_it) ? -1 : (int)done(is_it, syscall(SYS_bind, fd, at.__sockaddr__, len));
}

int listen(int fd, int backlog)
{
    bool is_it = comes_to_pass(DOOR_SOCKET, "listen", fd);
    return fails(is_it) ? -1 : (int)done(is_it, syscall(SYS_listen, fd, backlog));
}
