/*
 * client.h - whoever holds the store answers: the running node over dir/control.sock, or this
 * process, which then takes the lock and opens the store itself. The questions and the answers
 * (net/request.h) are the same either way.
 *
 *   running node    frames over the socket
 *   this process    READ   settle, then a fresh snapshot for each step
 *                   WRITE  begin, run, commit, answer; the view follows at the end
 *                   ALONE  run
 *                   NODE   a node is started for this one question (sync, join)
 */
#ifndef LUM_CLI_CLIENT_H
#define LUM_CLI_CLIENT_H

#include <signal.h>

#include "cli/answer.h"
#include "core/space.h"

struct lum_client_options {
    const char *dir;                   /* outlives the client, as all of this does */
    const volatile sig_atomic_t *stop; /* set by a signal handler when a person says stop */
};

struct lum_client;

/* A running node, or the store opened here; waits a little for a lock that another command holds.
 * no_store when there is none, store_locked, and what lum_space_open says. */
LUM_MUST_USE enum lum_status lum_client_open(const struct lum_client_options *options,
                                             struct lum_client **out, struct lum_error *err);
/* The folder made and locked, no store opened: lum_client_reopen does that. store_exists where a
 * node runs. */
LUM_MUST_USE enum lum_status lum_client_move_in(const struct lum_client_options *options,
                                                struct lum_client **out, struct lum_error *err);
/* Founds the space in the folder and keeps it open: lum_space_init. */
LUM_MUST_USE enum lum_status lum_client_found(const struct lum_client_options *options,
                                              struct lum_bytes name, struct lum_bytes person,
                                              struct lum_client **out, struct lum_error *err);
/* The folder of a newcomer with this invite, made now or half joined before. store_exists when
 * something else lives there. */
LUM_MUST_USE enum lum_status lum_client_come(const struct lum_client_options *options,
                                             const struct lum_invite *invite,
                                             struct lum_client **out, struct lum_error *err);
/* Settles what this process wrote unless a person said stop (the next one to open does it then),
 * closes, and lets go of the lock. NULL is fine. */
void lum_client_close(struct lum_client *client);

/* The body of a question (cli/question.h) and its answer. An ERROR frame becomes status and err. */
LUM_MUST_USE enum lum_status lum_client_ask(struct lum_client *client, struct lum_bytes body,
                                            const struct lum_answer *answer,
                                            struct lum_error *err);
/* Brings the view up to the log, telling answer->progress; nothing to do where a node runs. OK on a
 * full disk: what the view had before can still be read. */
LUM_MUST_USE enum lum_status lum_client_settle(struct lum_client *client,
                                               const struct lum_answer *answer,
                                               struct lum_error *err);

bool lum_client_is_remote(const struct lum_client *client);
/* The space this process holds; NULL where a node runs. */
struct lum_space *lum_client_space(struct lum_client *client);
/* The same, given away: the client only keeps the lock from now on. */
struct lum_space *lum_client_take_space(struct lum_client *client);
/* Opens it again after the taker closed it. */
LUM_MUST_USE enum lum_status lum_client_reopen(struct lum_client *client, struct lum_error *err);

#endif
