/*
 * env.h - the one seam between core and sync and the machine they run on.
 *
 * Time, randomness, small files and the machine's identity come in only through this struct, so
 * that a whole district of nodes runs in one deterministic process. net/host.c is the real one.
 * (Bulk storage comes in through core/store.h, memory through core/mem.h.)
 */
#ifndef LUM_CORE_ENV_H
#define LUM_CORE_ENV_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

/* What tells one copy of a file from another: see core/home.h. */
struct lum_file_identity {
    uint64_t inode;
    int64_t ctime_ns; /* no user program can set it, so a copied or restored file shows */
};

struct lum_env {
    void *self; /* handed to every function below */

    /* Milliseconds since 1970, as the machine believes. May jump either way. */
    uint64_t (*wall_ms)(void *self);
    /* Microseconds from some start; never goes back. */
    uint64_t (*mono_us)(void *self);
    /* Fills out with unpredictable bytes; ends the process when the machine has none. */
    void (*random)(void *self, uint8_t *out, size_t len);

    /* Reads a whole file of at most max bytes. NOT_FOUND when there is none. */
    enum lum_status (*file_read)(void *self, const char *path, struct lum_buf *out, size_t max,
                                 struct lum_error *err);
    /* Replaces or creates a 0600 file: written beside, fsync, rename, fsync of the folder. */
    enum lum_status (*file_write)(void *self, const char *path, struct lum_bytes bytes,
                                  struct lum_error *err);
    /* rename(2) and fsync of the folder. */
    enum lum_status (*file_rename)(void *self, const char *from, const char *to,
                                   struct lum_error *err);
    /* NOT_FOUND when there is none. */
    enum lum_status (*file_remove)(void *self, const char *path);
    enum lum_status (*file_identity)(void *self, const char *path, struct lum_file_identity *out);
    /* Size of a file in bytes; NOT_FOUND when there is none. */
    enum lum_status (*file_size)(void *self, const char *path, uint64_t *out);
    /* A 0600 file of so many bytes for which the disk really has put room aside, or none. */
    enum lum_status (*file_reserve)(void *self, const char *path, uint64_t bytes,
                                    struct lum_error *err);
    /* Bytes that we may still write on the file system of a folder. */
    enum lum_status (*room)(void *self, const char *path, uint64_t *out);
    /* The folder exists afterwards with mode 0700 and is ours, or the error says why not. */
    enum lum_status (*folder_make)(void *self, const char *path, struct lum_error *err);
    /* 32 bytes that name this machine (hashed machine id); zeros when it has no name. */
    void (*machine_id)(void *self, uint8_t out[32]);
};

#endif
