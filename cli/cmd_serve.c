/*
 * cmd_serve.c - serve: keep the space open to neighbours and to other commands; up: the same for
 * somebody who does not want to know more than that, with a space made on the first run.
 *
 * Where to listen: --listen, else port LISTEN_PORT on all addresses. `up` takes any free port when
 * that one is taken, and IPv4 alone where the machine has no IPv6.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd_begin.h"
#include "cli/cmd_invite.h"
#include "cli/map.h"
#include "cli/meeting.h"
#include "cli/show.h"
#include "net/host.h"
#include "net/node.h"

/* Tried one after the other while an address cannot be had. */
static const char *const serve_at[] = {"[::]:4820", "0.0.0.0:4820", NULL};
static const char *const up_at[] = {"[::]:4820", "[::]:0", "0.0.0.0:4820", "0.0.0.0:0", NULL};

struct serving {
    struct lum_run *run;
    struct lum_node *node;
    struct lum_hearing hearing; /* of the invite */
    struct lum_answer answer;
    struct lum_buf frames;
};

/* ---- what happens meanwhile ---- */

/* A line on standard error for each; with --json the map itself on standard output. */
static void on_event(void *self, struct lum_bytes map)
{
    const struct serving *serving = self;
    const struct lum_run *run = serving->run;
    char what[LUM_PIECE];
    char one[LUM_PIECE];

    if (run->print.is_json) {
        lum_show_json(run, map);
        fflush(run->print.out);
        return;
    }
    lum_show_cut(lum_map_text(map, "what"), what);
    lum_show_cut(lum_map_text(map, "one"), one);
    if (strcmp(what, "equal") == 0 && one[0] != '\0') {
        lum_print_note(&run->print, LUM_TEXT_serve_equal, one, NULL, NULL);
    }
}

/* ---- opening ---- */

static enum lum_status open_at(struct serving *serving, const char *listen, struct lum_error *err)
{
    struct lum_run *run = serving->run;
    struct lum_node_options options = {
        .env = lum_host_env(),
        .listen = listen,
        .meet_by_itself = true,
        .control = true,
        .self = serving,
        .on_event = on_event,
    };
    enum lum_status status = lum_client_reopen(run->client, err);

    if (status == LUM_OK) {
        options.space = lum_client_take_space(run->client);
        status = lum_node_open(&options, &serving->node, err);
    }
    return status;
}

static enum lum_status open_node(struct serving *serving, const char *const *candidates,
                                 struct lum_error *err)
{
    const char *given = serving->run->options.at[LUM_OPTION_LISTEN];
    enum lum_status status = LUM_OK;

    if (given != NULL) {
        return open_at(serving, given, err);
    }
    for (size_t i = 0; candidates[i] != NULL; i++) {
        status = open_at(serving, candidates[i], err);
        if (status == LUM_OK ||
            (err->cause != LUM_CAUSE_address_in_use && err->cause != LUM_CAUSE_bad_address)) {
            break;
        }
    }
    return status;
}

/* Nobody else's node may run here. */
static enum lum_status open_client(struct lum_run *run, struct lum_error *err)
{
    enum lum_status status = lum_command_open(run, err);

    if (status == LUM_OK && lum_client_is_remote(run->client)) {
        return lum_fail(err, LUM_CAUSE_node_running, run->options.verb, NULL);
    }
    return status;
}

/* ---- telling where ---- */

static void say_json(const struct serving *serving, struct lum_bytes addresses)
{
    struct lum_buf map;
    uint32_t count = 0;
    size_t from = 0;

    for (size_t i = 0; i < addresses.len; i++) {
        count += addresses.at[i] == '\n';
    }
    lum_buf_init(&map, LUM_VALUE_MAX);
    lum_pack_map(&map, 2);
    lum_pack_cstr(&map, "addresses");
    lum_pack_array(&map, count);
    for (size_t i = 0; i < addresses.len; i++) {
        if (addresses.at[i] == '\n') {
            lum_pack_str(&map, lum_bytes_of(addresses.at + from, i - from));
            from = i + 1;
        }
    }
    lum_pack_cstr(&map, "listening");
    lum_pack_cstr(&map, lum_node_listening(serving->node));
    lum_show_json(serving->run, lum_buf_bytes(&map));
    lum_buf_fini(&map);
}

static void say_where(const struct serving *serving)
{
    const struct lum_run *run = serving->run;
    struct lum_buf addresses;
    char one[LUM_PIECE];
    size_t from = 0;

    lum_buf_init(&addresses, LUM_VALUE_MAX);
    if (lum_node_addresses(serving->node, &addresses) != LUM_OK) {
        lum_buf_reset(&addresses);
    }
    if (run->print.is_json) {
        say_json(serving, lum_buf_bytes(&addresses));
    } else {
        lum_print_text(&run->print, LUM_TEXT_serve_at, lum_node_listening(serving->node), NULL,
                       NULL);
        for (size_t i = 0; i < addresses.len; i++) {
            if (addresses.at[i] == '\n') {
                lum_show_cut(lum_bytes_of(addresses.at + from, i - from), one);
                lum_print_text(&run->print, LUM_TEXT_serve_address, one, NULL, NULL);
                from = i + 1;
            }
        }
    }
    fflush(run->print.out);
    lum_buf_fini(&addresses);
}

/* ---- an invite, on the first run ---- */

static void on_reply(void *self, struct lum_bytes frames)
{
    struct serving *serving = self;

    lum_buf_put(&serving->frames, frames.at, frames.len);
    lum_answer_hear(&serving->hearing, &serving->frames);
}

static enum lum_status on_invite(void *self, struct lum_bytes map, struct lum_error *err)
{
    const struct serving *serving = self;

    (void)err;
    if (serving->run->print.is_json) {
        lum_show_json(serving->run, map);
    } else {
        lum_invite_say(serving->run, map);
    }
    fflush(serving->run->print.out);
    return LUM_OK;
}

/* Asked of the node itself, whose worker holds the space by now; answered while it runs. */
static enum lum_status ask_invite(struct serving *serving, struct lum_error *err)
{
    struct lum_question question;
    struct lum_bytes body = {NULL, 0};
    struct lum_buf addresses;
    char address[LUM_PIECE];
    const uint8_t *end;
    enum lum_status status;

    lum_buf_init(&addresses, LUM_VALUE_MAX);
    status = lum_node_addresses(serving->node, &addresses);
    end = addresses.len > 0 ? memchr(addresses.at, '\n', addresses.len) : NULL;
    lum_question_init(&question, "invite");
    if (end != NULL) {
        lum_show_cut(lum_bytes_of(addresses.at, (size_t)(end - addresses.at)), address);
        lum_question_text(&question, "address", address);
    }
    serving->answer = (struct lum_answer){.self = serving, .done = on_invite};
    serving->hearing = (struct lum_hearing){.answer = &serving->answer, .status = LUM_OK};
    if (status == LUM_OK) {
        status = lum_question_end(&question, &body);
    }
    if (status == LUM_OK) {
        status = lum_node_ask(serving->node, body, on_reply, serving, err);
    }
    lum_question_fini(&question);
    lum_buf_fini(&addresses);
    return status;
}

/* ---- serve ---- */

static enum lum_status run_node(struct lum_run *run, const char *const *candidates, bool is_first,
                                struct lum_error *err)
{
    struct serving serving = {.run = run};
    enum lum_status status = open_node(&serving, candidates, err);

    if (status != LUM_OK) {
        return status;
    }
    lum_buf_init(&serving.frames, LUM_REQUEST_MAX);
    say_where(&serving);
    if (is_first) {
        status = ask_invite(&serving, err);
    }
    if (status == LUM_OK) {
        lum_show_hint(run, LUM_TEXT_serve_next);
        if (*run->stop != 0) {
            lum_node_stop(serving.node); /* Ctrl-C while it opened */
        }
        status = lum_node_run(serving.node, err);
    }
    lum_node_close(serving.node);
    lum_buf_fini(&serving.frames);
    return status;
}

enum lum_status lum_cmd_serve(struct lum_run *run, struct lum_error *err)
{
    enum lum_status status = open_client(run, err);

    return status == LUM_OK ? run_node(run, serve_at, false, err) : status;
}

/* ---- up ---- */

static void host_name(char out[LUM_PIECE])
{
    char name[LUM_PIECE] = "";

    if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0') {
        memcpy(name, "lumbung", sizeof("lumbung"));
    }
    memcpy(out, name, sizeof(name));
}

static void user_name(char out[LUM_PIECE])
{
    const struct passwd *user = getpwuid(geteuid());
    const char *name = user != NULL ? user->pw_name : getenv("USER");

    snprintf(out, LUM_PIECE, "%s", name != NULL && name[0] != '\0' ? name : "lumbung");
}

static enum lum_status found_first(struct lum_run *run, struct lum_error *err)
{
    char name[LUM_PIECE];
    char person[LUM_PIECE];
    enum lum_status status = LUM_OK;

    host_name(name);
    user_name(person);
    if (lum_begin_may_ask(run)) {
        status = lum_begin_ask(run, LUM_TEXT_ask_space, name);
        if (status == LUM_OK) {
            status = lum_begin_ask(run, LUM_TEXT_ask_person, person);
        }
    }
    if (status == LUM_OK) {
        status = lum_begin_found(run, name, person, err);
    }
    if (status == LUM_OK && !run->print.is_json) {
        lum_print_text(&run->print, LUM_TEXT_founded, name, person, run->options.dir);
    }
    return status;
}

enum lum_status lum_cmd_up(struct lum_run *run, struct lum_error *err)
{
    enum lum_status status = open_client(run, err);
    bool is_first = status == LUM_NOT_FOUND && err->cause == LUM_CAUSE_no_store;

    if (is_first) {
        *err = (struct lum_error){.cause = LUM_CAUSE_none};
        status = found_first(run, err);
    }
    return status == LUM_OK ? run_node(run, up_at, is_first, err) : status;
}
