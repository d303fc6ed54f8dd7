/*
 * lum.h - the vocabulary that every other file speaks.
 *
 * Three kinds of trouble never mix:
 *   our bug                 LUM_ASSERT, always on, ends the process
 *   the world failed us     enum lum_status, returned and must be looked at
 *   foreign bytes are wrong enum lum_fault, a value that closes that meeting only
 */
#ifndef LUM_CORE_LUM_H
#define LUM_CORE_LUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LUM_MUST_USE __attribute__((warn_unused_result))

/* How a call went. Anything but LUM_OK leaves out parameters untouched unless a header says so. */
#define LUM_STATUSES(X)                                                                            \
    X(OK, "ok")                                                                                    \
    X(AGAIN, "more to come")             /* not an error: call again, or wait */                   \
    X(NOT_FOUND, "not found")            /* not an error: there is no such thing */                \
    X(NO_MEMORY, "out of memory")                                                                  \
    X(IO, "input or output failed")                                                                \
    X(FULL, "the disk is full")                                                                    \
    X(CORRUPT, "the store is damaged")                                                             \
    X(NEWER, "written by a newer version")                                                         \
    X(BUSY, "in use by another process")                                                           \
    X(DENIED, "not permitted")                                                                     \
    X(INVALID, "invalid input")          /* a person's input; the error says where and why */      \
    X(EXISTS, "already there")                                                                     \
    X(LIMIT, "over a limit")                                                                       \
    X(FAULT, "foreign bytes are wrong")  /* see the enum lum_fault that comes with it */           \
    X(STOPPED, "stopped on request")                                                               \
    X(UNREACHABLE, "no answer")

enum lum_status {
#define X(name, text) LUM_##name,
    LUM_STATUSES(X)
#undef X
};

/* What is wrong with foreign bytes. Named in the meeting's end, in `status` and in tests. */
#define LUM_FAULTS(X)                                                                              \
    X(NONE, "none")                                                                                \
    X(TRUNCATED, "truncated")            /* the bytes end too early */                             \
    X(TRAILING, "trailing")              /* bytes after the end */                                 \
    X(NOT_CANONICAL, "not-canonical")    /* msgpack in another spelling than the one */            \
    X(TYPE, "type")                      /* another type than this place wants */                  \
    X(UTF8, "utf8")                                                                                \
    X(OVER_LIMIT, "over-limit")          /* see core/limits.h */                                   \
    X(HEADER, "header")                  /* a header field out of its range */                     \
    X(DEPS, "deps")                      /* order, number or form of the deps */                   \
    X(TIME, "time")                      /* t leaves [0, 2^48) */                                  \
    X(EPOCH, "epoch")                    /* epoch16 repeated although unchanged */                 \
    X(PAYLOAD_LENGTH, "payload-length")                                                            \
    X(PAYLOAD_HASH, "payload-hash")                                                                \
    X(CHAIN, "chain")                    /* does not continue the log it claims to continue */     \
    X(SEAL, "seal")                      /* bad signature, or a false t, epoch or range root */    \
    X(BOUNDARY, "boundary")              /* a boundary is passed without its seal */               \
    X(SQUEEZE, "squeeze")                /* zstd block damaged or larger than declared */          \
    X(MESSAGE, "message")                /* unknown or malformed message, or out of order */       \
    X(AUTH, "auth")                      /* signature, role or version in AUTH */                  \
    X(CIPHER, "cipher")                  /* a record does not decrypt */                           \
    X(SPACE, "space")                    /* genesis document or gov of another space */

enum lum_fault {
#define X(name, text) LUM_FAULT_##name,
    LUM_FAULTS(X)
#undef X
};

/* Borrowed bytes, never freed through this; whoever hands one out says until when it stands. */
struct lum_bytes {
    const uint8_t *at;
    size_t len;
};

struct lum_hash {
    uint8_t b[32];
};
struct lum_id {
    uint8_t b[16];
};
struct lum_sig {
    uint8_t b[64];
};

/* Prints the condition and its place on standard error and aborts; stays on in release builds. */
#define LUM_ASSERT(cond) ((cond) ? (void)0 : lum_panic(#cond, __FILE__, __LINE__))
/* For the arm of a switch that no value of ours can reach. */
#define LUM_UNREACHABLE(what) lum_panic(what, __FILE__, __LINE__)
_Noreturn void lum_panic(const char *what, const char *file, int line);

#define LUM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
