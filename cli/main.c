/*
 * main.c - the verbs, and how one is run.
 *
 * Each verb is a row here, a function in cli/cmd_*.c, import.c or export.c, and an entry in
 * cli/help.def.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/command.h"
#include "core/crypto.h"

#define O(option) LUM_OPTION_BIT(option)

static const struct lum_command commands[] = {
    /* name, function, options, fewest words, most words */
    {"up", lum_cmd_up, O(LISTEN), 0, 0},
    {"init", lum_cmd_init, O(AS), 1, 1},
    {"join", lum_cmd_join, O(AS), 1, 2},
    {"invite", lum_cmd_invite, O(ROLE) | O(USES), 0, 0},
    {"invites", lum_cmd_invites, 0, 0, 0},
    {"cancel", lum_cmd_cancel, 0, 1, 1},
    {"admit", lum_cmd_admit, O(ROLE), 1, 1},
    {"members", lum_cmd_members, 0, 0, 0},
    {"put", lum_cmd_put, O(FILE), 1, -1},
    {"get", lum_cmd_get, 0, 1, 1},
    {"set", lum_cmd_set, 0, 2, -1},
    {"del", lum_cmd_del, 0, 1, 1},
    {"restore", lum_cmd_restore, 0, 1, 1},
    {"find", lum_cmd_find, O(SORT) | O(LIMIT) | O(COUNT), 1, 2},
    {"history", lum_cmd_history, 0, 1, 1},
    {"conflicts", lum_cmd_conflicts, 0, 0, 1},
    {"resolve", lum_cmd_resolve, O(TAKE) | O(VALUE) | O(KEEP) | O(DELETE) | O(ALL), 1, 2},
    {"import", lum_cmd_import, O(KEY) | O(FORMAT), 2, 2},
    {"export", lum_cmd_export, O(OUTPUT) | O(FORMAT), 1, 1},
    {"sync", lum_cmd_sync, 0, 0, 1},
    {"peers", lum_cmd_peers, 0, 0, 0},
    {"serve", lum_cmd_serve, O(LISTEN), 0, 0},
    {"status", lum_cmd_status, 0, 0, 0},
    {"log", lum_cmd_log, O(RAW), 0, 0},
    {"verify", lum_cmd_verify, 0, 0, 0},
    {"rebuild", lum_cmd_rebuild, 0, 0, 0},
    {"compact", lum_cmd_compact, 0, 0, 0},
    {"backup", lum_cmd_backup, 0, 1, 1},
    {"rescue", lum_cmd_rescue, 0, 1, 1},
    {"bench", lum_cmd_bench, O(EVENTS) | O(RECORDS) | O(KEY), 0, 0},
    {"help", lum_cmd_help, 0, 0, 1},
    {"version", lum_cmd_version, 0, 0, 0},
};

/* ---- Ctrl-C ---- */

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

/* No SA_RESTART: a read that waits comes back and sees it. A second Ctrl-C ends at once. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe is a failed write, told as one */
    sigaction(SIGXFSZ, &ignore, NULL); /* so is a file at its limit */
}

/* ---- one command ---- */

/* Which row the words mean, with help and version in their other spellings. */
static enum lum_status choose(struct lum_run *run, const struct lum_command **out,
                              struct lum_error *err)
{
    struct lum_options *options = &run->options;
    const char *verb = options->verb;

    if (lum_options_has(options, LUM_OPTION_VERSION)) {
        verb = "version";
    } else if (verb == NULL) {
        verb = "help";
        run->exit_code = lum_options_has(options, LUM_OPTION_HELP) ? EX_OK : EX_USAGE;
    } else if (lum_options_has(options, LUM_OPTION_HELP) && strcmp(verb, "help") != 0) {
        options->words--; /* the verb itself becomes the word: help VERB */
        options->word_count = 1;
        verb = "help";
    }
    *out = lum_command_find(run, verb);
    if (*out == NULL) {
        return lum_fail(err, LUM_CAUSE_bad_usage, verb, lum_command_nearest(run, verb));
    }
    return lum_options_allow(options, (*out)->options, (*out)->words_min, (*out)->words_max, err);
}

static enum lum_status run_one(struct lum_run *run, struct lum_error *err)
{
    const struct lum_command *command;
    enum lum_status status = choose(run, &command, err);

    if (status == LUM_OK && lum_crypto_init() != LUM_OK) {
        status = lum_fail(err, LUM_CAUSE_disk_error, "libsodium", "");
    }
    return status == LUM_OK ? command->run(run, err) : status;
}

int main(int argc, char **argv)
{
    struct lum_run run = {.commands = commands, .command_count = LUM_COUNT(commands)};
    struct lum_print_options how = {.is_json = false};
    struct lum_error err = {.cause = LUM_CAUSE_none};
    enum lum_status status = lum_options_read(argc, argv, &run.options, &err);

    run.stop = &stop;
    how.lang = run.options.lang;
    how.is_json = lum_options_has(&run.options, LUM_OPTION_JSON);
    how.is_quiet = lum_options_has(&run.options, LUM_OPTION_QUIET);
    how.no_colour = lum_options_has(&run.options, LUM_OPTION_NO_COLOR);
    lum_print_init(&run.print, &how);
    catch_signals();
    if (status == LUM_OK) {
        status = run_one(&run, &err);
    }
    if (status != LUM_OK) {
        run.exit_code = lum_print_error(&run.print, status, &err);
    }
    lum_client_close(run.client);
    return run.exit_code;
}
