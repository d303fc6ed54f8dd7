/*
 * order.c - a library to preload (LD_PRELOAD) that knows what of log.mdb is on the disk, and looks
 * at everything a process says. A line each in the file that LUM_ORDER_LOG names:
 *
 *   WHAT ok|early
 *
 *   seal     a seal of an event goes to a neighbour
 *   have     HAVE, "it is durable here", goes to a neighbour
 *   answer   the answer to put or import goes to whoever asked over the control socket
 *   text     a line goes to standard output
 *
 * How it knows. LMDB commits by writing pages, fdatasync, and then the meta page through a file
 * that was opened with O_DSYNC; a commit is durable when these three came back well, in this order.
 * A seal is a signature that this process made or checked, and is durable with the commit whose
 * pages carried its 64 bytes. Messages are seen before they are encrypted. What is durable is
 * learnt after the call, what is said before it, so an order that looks right here was right.
 *
 *   seal     early: the commit with its bytes is not durable
 *   have     early: its seq is beyond every seal that was checked before the last durable commit
 *            (so it wants a run in which one log is far longer than all others)
 *   answer   early: no commit is durable that began after the question came
 *   text     early: a seal was made after the last durable commit; not noted when none was made
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <sodium.h>

/* The function that this library stands in front of. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

enum {
    /* Types of messages (docs/protocol.md 3) and of frames on the control socket
     * (docs/requests.md). */
    HAVE = 9,
    ASK = 1,
    ROW = 16,
    DONE = 18,

    SEAL = 64,
    SEALS_MAX = 1 << 15,
    SLOTS = 1 << 17, /* of the hash table, by a seal's first bytes; seals are random */
    FDS_MAX = 1024,
};

struct seal {
    uint8_t bytes[SEAL];
    uint64_t commit; /* that carried it; 0: none has */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct seal seals[SEALS_MAX + 1]; /* from 1 on */
static uint32_t slots[SLOTS];
static uint32_t seal_count;
static uint32_t settled_count;  /* that many are older than the last durable commit */
static uint64_t checked_seq;    /* the greatest one that a seal was checked for */
static uint64_t settled_seq;    /* the same as of the last durable commit */
static uint64_t commits;        /* durable ones */
static bool is_writing;         /* pages of the next one have been written */
static bool is_synced;          /* and synced */
static uint64_t asked[FDS_MAX]; /* the commit that an answer on this socket waits for, or 0 */

static void note(const char *what, bool is_early)
{
    static int log = -1;
    char line[32];
    if (log < 0) {
        const char *path = getenv("LUM_ORDER_LOG");
        log = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log < 0) {
            return;
        }
    }
    int len = snprintf(line, sizeof(line), "%s %s\n", what, is_early ? "early" : "ok");
    syscall(SYS_write, log, line, (size_t)len);
}

/* ---- seals ---- */

static uint32_t *slot_of(const uint8_t *at)
{
    uint32_t number;
    memcpy(&number, at, sizeof(number));
    number %= SLOTS;
    while (slots[number] != 0 && memcmp(seals[slots[number]].bytes, at, SEAL) != 0) {
        number = (number + 1) % SLOTS;
    }
    return &slots[number];
}

/* "lumbung/1 seal" | log id 32 | seq u64 | .. */
static bool is_seal_of_event(const unsigned char *message, unsigned long long len)
{
    return len >= 14 + 32 + 8 && memcmp(message, "lumbung/1 seal", 14) == 0;
}

static uint64_t seq_of(const unsigned char *message)
{
    uint64_t seq = 0;
    for (int i = 0; i < 8; i++) {
        seq = seq << 8 | message[14 + 32 + i];
    }
    return seq;
}

static void add_seal(const unsigned char *bytes)
{
    uint32_t *slot = slot_of(bytes);
    if (*slot == 0) {
        if (seal_count == SEALS_MAX) {
            fputs("order: too many seals for one run\n", stderr);
            _exit(70);
        }
        *slot = ++seal_count;
        memcpy(seals[*slot].bytes, bytes, SEAL);
    }
}

int crypto_sign_detached(unsigned char *sig, unsigned long long *sig_len,
                         const unsigned char *message, unsigned long long len,
                         const unsigned char *key)
{
    int code = REAL(crypto_sign_detached)(sig, sig_len, message, len, key);
    if (code == 0 && is_seal_of_event(message, len)) {
        pthread_mutex_lock(&lock);
        add_seal(sig);
        pthread_mutex_unlock(&lock);
    }
    return code;
}

int crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *message,
                                unsigned long long len, const unsigned char *key)
{
    int code = REAL(crypto_sign_verify_detached)(sig, message, len, key);
    if (code == 0 && is_seal_of_event(message, len)) {
        pthread_mutex_lock(&lock);
        uint64_t seq = seq_of(message);
        checked_seq = seq > checked_seq ? seq : checked_seq;
        add_seal(sig);
        pthread_mutex_unlock(&lock);
    }
    return code;
}

/* ---- what is durable ---- */

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

static void find_written(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i + SEAL <= len; i++) {
        struct seal *seal = &seals[*slot_of(at + i)];
        if (seal != seals && seal->commit == 0) {
            seal->commit = commits + 1;
        }
    }
}

static void written(int fd, const struct iovec *parts, int count, ssize_t done)
{
    if (done <= 0 || !is_log(fd)) {
        return;
    }
    pthread_mutex_lock(&lock);
    if ((fcntl(fd, F_GETFL) & O_DSYNC) == 0) {
        for (int i = 0; i < count; i++) {
            find_written(parts[i].iov_base, parts[i].iov_len);
        }
        is_writing = true;
        is_synced = false;
    } else if (is_synced) {
        commits++;
        is_writing = false;
        is_synced = false;
        settled_count = seal_count;
        settled_seq = checked_seq;
    }
    pthread_mutex_unlock(&lock);
}

static void synced(int fd, int code)
{
    if (code == 0 && is_log(fd)) {
        pthread_mutex_lock(&lock);
        is_synced = is_writing;
        pthread_mutex_unlock(&lock);
    }
}

int fdatasync(int fd)
{
    int code = REAL(fdatasync)(fd);
    synced(fd, code);
    return code;
}

int fsync(int fd)
{
    int code = REAL(fsync)(fd);
    synced(fd, code);
    return code;
}

ssize_t pwrite(int fd, const void *at, size_t len, off_t place)
{
    const struct iovec part = {(void *)(uintptr_t)at, len};
    ssize_t done = REAL(pwrite)(fd, at, len, place);
    written(fd, &part, 1, done);
    return done;
}

ssize_t pwrite64(int fd, const void *at, size_t len, off64_t place)
{
    return pwrite(fd, at, len, place);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t place)
{
    ssize_t done = REAL(pwritev)(fd, parts, count, place);
    written(fd, parts, count, done);
    return done;
}

/* ---- what goes to a neighbour ---- */

/* The length of the body behind the type, and where it begins; 0 when there is no whole frame. */
static size_t body_at(const unsigned char *frame, size_t len, size_t *body_len)
{
    *body_len = 0;
    for (size_t i = 1; i < len && i < 5; i++) {
        *body_len |= (size_t)(frame[i] & 0x7f) << (7 * (i - 1));
        if ((frame[i] & 0x80) == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* The greatest seq in a body of number, seq, number, seq .. as msgpack. */
static uint64_t greatest_seq(const unsigned char *at, size_t len)
{
    uint64_t greatest = 0;
    bool is_seq = false;
    for (size_t i = 0; i < len; is_seq = !is_seq) {
        size_t more = at[i] >= 0xcc && at[i] <= 0xcf ? (size_t)1 << (at[i] - 0xcc) : 0;
        uint64_t number = more == 0 ? at[i] : 0;
        for (i++; more > 0 && i < len; more--) {
            number = number << 8 | at[i++];
        }
        greatest = is_seq && number > greatest ? number : greatest;
    }
    return greatest;
}

static void find_haves(const unsigned char *at, size_t len)
{
    size_t body_len;
    size_t begin = body_at(at, len, &body_len);
    while (begin > 0 && begin + body_len <= len) {
        if (at[0] == HAVE) {
            note("have", greatest_seq(at + begin, body_len) > settled_seq);
        }
        at += begin + body_len;
        len -= begin + body_len;
        begin = body_at(at, len, &body_len);
    }
}

static void find_seals(const unsigned char *at, size_t len)
{
    for (size_t i = 0; i + SEAL <= len; i++) {
        const struct seal *seal = &seals[*slot_of(at + i)];
        if (seal != seals) {
            note("seal", seal->commit == 0 || seal->commit > commits);
        }
    }
}

/* A line hands its channel whole frames, or the next 64 KiB of a longer text. */
int crypto_aead_chacha20poly1305_ietf_encrypt(unsigned char *out, unsigned long long *out_len,
                                              const unsigned char *plain, unsigned long long len,
                                              const unsigned char *ad, unsigned long long ad_len,
                                              const unsigned char *secret_nonce,
                                              const unsigned char *nonce, const unsigned char *key)
{
    pthread_mutex_lock(&lock);
    find_seals(plain, (size_t)len);
    find_haves(plain, (size_t)len);
    pthread_mutex_unlock(&lock);
    return REAL(crypto_aead_chacha20poly1305_ietf_encrypt)(out, out_len, plain, len, ad, ad_len,
                                                           secret_nonce, nonce, key);
}

/* ---- questions and answers ---- */

static bool is_control(int fd)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof(at);
    return fd >= 0 && fd < FDS_MAX && getsockname(fd, (struct sockaddr *)&at, &len) == 0 &&
           at.ss_family == AF_UNIX;
}

/* The beginning of a question that writes; its name is msgpack. */
static bool is_writing_question(const unsigned char *at, size_t len)
{
    size_t body_len;
    size_t begin = body_at(at, len, &body_len);
    return begin > 0 && begin + 7 <= len && at[0] == ASK &&
           (memcmp(at + begin, "\xa3put", 4) == 0 || memcmp(at + begin, "\xa6import", 7) == 0);
}

ssize_t read(int fd, void *at, size_t len)
{
    ssize_t got = REAL(read)(fd, at, len);
    if (got > 0 && is_writing_question(at, (size_t)got) && is_control(fd)) {
        pthread_mutex_lock(&lock);
        asked[fd] = commits + (is_writing ? 2 : 1);
        pthread_mutex_unlock(&lock);
    }
    return got;
}

static void about_to_say(int fd, const unsigned char *at, size_t len)
{
    if (len == 0 || !is_control(fd) || (at[0] != DONE && at[0] != ROW)) {
        return;
    }
    pthread_mutex_lock(&lock);
    if (asked[fd] != 0) {
        note("answer", commits < asked[fd]);
        asked[fd] = 0;
    }
    pthread_mutex_unlock(&lock);
}

ssize_t write(int fd, const void *at, size_t len)
{
    const struct iovec part = {(void *)(uintptr_t)at, len};
    about_to_say(fd, at, len);
    ssize_t done = REAL(write)(fd, at, len);
    written(fd, &part, 1, done);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (count > 0) {
        about_to_say(fd, parts[0].iov_base, parts[0].iov_len);
    }
    ssize_t done = REAL(writev)(fd, parts, count);
    written(fd, parts, count, done);
    return done;
}

/* stdio writes by ways of its own that nobody can stand in front of: what matters is the call that
 * hands it the line, which comes earlier still. */
size_t fwrite(const void *at, size_t size, size_t count, FILE *stream)
{
    if (stream == stdout) {
        pthread_mutex_lock(&lock);
        if (seal_count > 0) {
            note("text", seal_count > settled_count);
        }
        pthread_mutex_unlock(&lock);
    }
    return REAL(fwrite)(at, size, count, stream);
}
