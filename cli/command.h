/*
 * command.h - one verb of the command line, and what it runs in.
 *
 * cli/main.c holds the table; cli/cmd_*.c, import.c and export.c the functions; cli/help.def what
 * `lumbung help` says of each.
 */
#ifndef LUM_CLI_COMMAND_H
#define LUM_CLI_COMMAND_H

#include <signal.h>

#include "cli/client.h"
#include "cli/options.h"
#include "cli/print.h"

struct lum_command;

struct lum_run {
    struct lum_options options;
    struct lum_print print;
    const struct lum_command *commands;
    size_t command_count;
    struct lum_client *client;         /* NULL until a verb opens it; closed by main */
    const volatile sig_atomic_t *stop; /* a person said stop */
    int exit_code;                     /* when the verb ends OK; 0 unless it says otherwise */
};

typedef enum lum_status lum_command_fn(struct lum_run *run, struct lum_error *err);

struct lum_command {
    const char *name;
    lum_command_fn *run;
    uint32_t options; /* it takes, beside LUM_OPTIONS_ALWAYS */
    int words_min;
    int words_max; /* -1 = any number */
};

/* NULL when there is no such verb. */
const struct lum_command *lum_command_find(const struct lum_run *run, const char *name);
/* The verb that is nearest to a misspelt one, or "". */
const char *lum_command_nearest(const struct lum_run *run, const char *name);
/* Opens run->client for the folder of the options; at once when it is open. */
LUM_MUST_USE enum lum_status lum_command_open(struct lum_run *run, struct lum_error *err);
struct lum_client_options lum_command_client(const struct lum_run *run);
uint64_t lum_command_now_us(void);

/* cmd_begin.c, cmd_serve.c */
lum_command_fn lum_cmd_init, lum_cmd_join, lum_cmd_up, lum_cmd_serve;
/* cmd_invite.c */
lum_command_fn lum_cmd_invite, lum_cmd_invites, lum_cmd_cancel, lum_cmd_admit;
/* cmd_record.c */
lum_command_fn lum_cmd_put, lum_cmd_get, lum_cmd_set, lum_cmd_del, lum_cmd_restore;
/* cmd_find.c, cmd_conflict.c */
lum_command_fn lum_cmd_find, lum_cmd_history, lum_cmd_conflicts, lum_cmd_resolve;
/* import.c, export.c */
lum_command_fn lum_cmd_import, lum_cmd_export;
/* cmd_meet.c */
lum_command_fn lum_cmd_sync, lum_cmd_peers;
/* cmd_space.c, cmd_care.c, cmd_backup.c, bench.c, cmd_help.c */
lum_command_fn lum_cmd_status, lum_cmd_members, lum_cmd_log;
lum_command_fn lum_cmd_verify, lum_cmd_rebuild, lum_cmd_compact, lum_cmd_backup;
lum_command_fn lum_cmd_rescue; /* cmd_rescue.c */
lum_command_fn lum_cmd_bench;
lum_command_fn lum_cmd_help, lum_cmd_version;

#endif
