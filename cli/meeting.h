/*
 * meeting.h - how a meeting with a neighbour went, in one sentence: what stays in `status`, what
 * `sync` and `peers` say.
 */
#ifndef LUM_CLI_MEETING_H
#define LUM_CLI_MEETING_H

#include "cli/command.h"

/* A row of `peers`, of status's "peers" or of `sync`: the sentence, and another for each thing that
 * was odd (clock, fault, fork, copy). */
void lum_meeting_say(const struct lum_run *run, struct lum_bytes map);
/* OK when it has the form HOST:PORT; else bad_address. Nothing is tried. */
LUM_MUST_USE enum lum_status lum_meeting_address(const char *text, struct lum_error *err);

#endif
