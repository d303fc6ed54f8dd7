/*
 * import.h - files of records on their way in: `import`, and `put -f`.
 *
 * The whole file is read and checked before the first row is written. Then rows go in batches
 * (cli/batches.h), each acknowledged when it is on the disk: a crash or Ctrl-C leaves whole
 * batches, and the same command again goes on, since keyed rows that are there say nothing new.
 */
#ifndef LUM_CLI_IMPORT_H
#define LUM_CLI_IMPORT_H

#include "cli/command.h"

/* NDJSON into one new record a line. */
LUM_MUST_USE enum lum_status lum_import_put(struct lum_run *run, const char *path,
                                            struct lum_error *err);

#endif
