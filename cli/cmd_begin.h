/* cmd_begin.h - what `up` does too on its first run. */
#ifndef LUM_CLI_CMD_BEGIN_H
#define LUM_CLI_CMD_BEGIN_H

#include "cli/show.h"

/* Is there a person at a terminal who may be asked? */
bool lum_begin_may_ask(const struct lum_run *run);
/* Asks for a name; what stands in it is offered and stays when nothing is typed. STOPPED at the end
 * of input. */
LUM_MUST_USE enum lum_status lum_begin_ask(const struct lum_run *run, enum lum_text_id text,
                                           char name[LUM_PIECE]);
/* Founds the space in the folder of the options and leaves it open as run->client. */
LUM_MUST_USE enum lum_status lum_begin_found(struct lum_run *run, const char *name,
                                             const char *person, struct lum_error *err);

#endif
