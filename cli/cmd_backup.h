/* cmd_backup.h - one verb brings records back and whole spaces: which one is meant. */
#ifndef LUM_CLI_CMD_BACKUP_H
#define LUM_CLI_CMD_BACKUP_H

#include "cli/command.h"

/* The word of `restore` is a backup's file and no record: it begins as one, or there is no store
 * whose record it could name. */
bool lum_backup_is_meant(const struct lum_run *run, const char *word);
/* restore FILE. */
LUM_MUST_USE enum lum_status lum_backup_restore(struct lum_run *run, struct lum_error *err);

#endif
