/* cmd_invite.h - what `up` says of an invite too. */
#ifndef LUM_CLI_CMD_INVITE_H
#define LUM_CLI_CMD_INVITE_H

#include "cli/show.h"

/* The address that belongs into an invite, from the DONE map of `addresses`; false when the node
 * does not listen. */
bool lum_invite_address(struct lum_bytes map, char out[LUM_PIECE]);
/* The DONE map of `invite`: sentences on standard error, the invite alone on standard output. */
void lum_invite_say(const struct lum_run *run, struct lum_bytes map);

#endif
