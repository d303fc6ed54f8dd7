/*
 * caller.h - asks a running node over its control socket, as any face does; a node in a child.
 */
#ifndef LUM_TESTS_LIB_CALLER_H
#define LUM_TESTS_LIB_CALLER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/mem.h"

/* The rows of one answer and its last map, all canonical msgpack. */
struct answer {
    struct lum_buf rows; /* maps one after another */
    uint32_t row_count;
    struct lum_buf last; /* the DONE or ERROR map */
    bool is_done;        /* else ERROR, or the line broke */
};
void answer_init(struct answer *answer);
void answer_fini(struct answer *answer);

/* A line to the node of a folder; -1 when nobody listens. connect waits up to ten seconds for one
 * that is just starting. */
int caller_try(const char *dir);
int caller_connect(const char *dir);
/* One question: name, then pairs of text arguments, ended by NULL. False when the line broke. */
bool caller_ask(int fd, struct answer *out, const char *name, ...);
/* A text, an int or a bool of the last map; aborts the test's expectations when it is not there. */
bool answer_text(const struct answer *answer, const char *key, char *out, size_t room);
int64_t answer_int(const struct answer *answer, const char *key); /* INT64_MIN: absent */
bool answer_true(const struct answer *answer, const char *key);

/* A serving node on 127.0.0.1 in a child process; SIGTERM ends it. */
pid_t caller_serve(const char *dir, bool meet_by_itself);
/* Its exit status after SIGTERM; -1 when it had to be killed. */
int caller_stop(pid_t child);
/* Joins with an invite in a child, as `join` does; exit status of the child. */
int caller_join(const char *dir, const char *invite, const char *person);

#endif
