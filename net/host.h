/*
 * host.h - the machine we run on: the real struct lum_env, and the lock that makes one process the
 * owner of a store.
 *
 * Files are small notes of a store: regular, ours, closed to everybody else, never through a link.
 * A write stands whole or not at all: written beside, fsync, rename, fsync of the folder.
 */
#ifndef LUM_NET_HOST_H
#define LUM_NET_HOST_H

#include "core/env.h"

/* Holds nothing and may be used from every thread. */
const struct lum_env *lum_host_env(void);

/*
 * Takes dir/lock, which holds our process id as text, and hands back the descriptor that keeps it.
 * BUSY (store_locked, with the owner's id) while another process has it; what a dead one left is
 * taken over. The lock goes with the process, however it ends.
 */
LUM_MUST_USE enum lum_status lum_host_lock(const char *dir, int *fd, struct lum_error *err);
/* Removes the file and lets go. */
void lum_host_unlock(const char *dir, int fd);

enum {
    LUM_HOST_SOCKET_PATH = 108, /* what a socket address has room for */
};
/*
 * Where the control socket of a store lies: dir/control.sock or, without room for that, the same by
 * a descriptor of the folder. *fd must stay open while the path is used; -1 = none is needed.
 */
LUM_MUST_USE enum lum_status lum_host_socket(const char *dir, char path[LUM_HOST_SOCKET_PATH],
                                             int *fd, struct lum_error *err);

/* The told error for an errno at a path; for the rest of net. */
LUM_MUST_USE enum lum_status lum_host_fail(int code, const char *path, struct lum_error *err);

#endif
