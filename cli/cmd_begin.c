/* cmd_begin.c - init: a space of one's own; join: into another's. */
#include "cli/cmd_begin.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/map.h"
#include "cli/meeting.h"
#include "cli/show.h"
#include "core/limits.h"
#include "core/utf8.h"

enum {
    LINE_ROOM = 1024,
};

/* ---- asking a person ---- */

bool lum_begin_may_ask(const struct lum_run *run)
{
    return !lum_options_has(&run->options, LUM_OPTION_NO_INPUT) && !run->print.is_json &&
           isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

/* A line of standard input without its break and the blanks around it; false at the end of input,
 * and when it does not fit. */
static bool read_line(char *out, size_t room)
{
    char line[LINE_ROOM];
    size_t from = 0;
    size_t len;

    if (fgets(line, sizeof(line), stdin) == NULL) {
        return false;
    }
    len = strcspn(line, "\r\n");
    while (len > 0 && line[len - 1] == ' ') {
        len--;
    }
    while (from < len && line[from] == ' ') {
        from++;
    }
    if (len - from >= room) {
        return false;
    }
    memcpy(out, line + from, len - from);
    out[len - from] = '\0';
    return true;
}

enum lum_status lum_begin_ask(const struct lum_run *run, enum lum_text_id text,
                              char name[LUM_PIECE])
{
    struct lum_buf prompt;
    char typed[LUM_PIECE] = "";

    lum_buf_init(&prompt, LUM_VALUE_MAX);
    lum_text(&prompt, run->print.lang, text, name, NULL, NULL);
    fwrite(prompt.at, 1, prompt.len, run->print.err);
    lum_buf_fini(&prompt);
    fputs(" ", run->print.err);
    fflush(run->print.err);
    if (!read_line(typed, sizeof(typed))) {
        return LUM_STOPPED;
    }
    if (typed[0] != '\0') {
        memcpy(name, typed, sizeof(typed));
    }
    return LUM_OK;
}

static enum lum_status check_name(const char *name, struct lum_error *err)
{
    struct lum_bytes text = lum_bytes_of(name, strlen(name));

    if (text.len == 0 || text.len > LUM_FIELD_MAX || !lum_utf8_valid(text) ||
        lum_utf8_has_control(text)) {
        return lum_fail(err, LUM_CAUSE_bad_name, name, NULL);
    }
    return LUM_OK;
}

/* --as, or asked for where somebody can answer. */
static enum lum_status find_person(const struct lum_run *run, char out[LUM_PIECE],
                                   struct lum_error *err)
{
    const char *given = run->options.at[LUM_OPTION_AS];
    enum lum_status status = LUM_OK;

    out[0] = '\0';
    if (given == NULL && !lum_begin_may_ask(run)) {
        return lum_fail(err, LUM_CAUSE_bad_usage, "--as", run->options.verb);
    }
    if (given == NULL) {
        status = lum_begin_ask(run, LUM_TEXT_ask_person, out);
    } else {
        status = check_name(given, err);
        snprintf(out, LUM_PIECE, "%.150s", given);
    }
    return status == LUM_OK ? check_name(out, err) : status;
}

/* ---- init ---- */

enum lum_status lum_begin_found(struct lum_run *run, const char *name, const char *person,
                                struct lum_error *err)
{
    struct lum_client_options options = lum_command_client(run);
    enum lum_status status = check_name(name, err);

    if (status == LUM_OK) {
        status = check_name(person, err);
    }
    return status == LUM_OK ? lum_client_found(&options, lum_bytes_of(name, strlen(name)),
                                               lum_bytes_of(person, strlen(person)),
                                               &run->client, err)
                            : status;
}

static void say_founded(const struct lum_run *run, const char *name, const char *person)
{
    const struct lum_hash *space = lum_space_id(lum_client_space(run->client));
    struct lum_buf map;
    char hex[2 * sizeof(space->b) + 1];

    for (size_t i = 0; i < sizeof(space->b); i++) {
        snprintf(hex + 2 * i, 3, "%02x", space->b[i]);
    }
    if (!run->print.is_json) {
        lum_print_text(&run->print, LUM_TEXT_founded, name, person, run->options.dir);
        lum_show_hint(run, LUM_TEXT_founded_next);
        return;
    }
    lum_buf_init(&map, LUM_VALUE_MAX);
    lum_pack_map(&map, 4);
    lum_pack_cstr(&map, "dir");
    lum_pack_cstr(&map, run->options.dir);
    lum_pack_cstr(&map, "name");
    lum_pack_cstr(&map, name);
    lum_pack_cstr(&map, "person");
    lum_pack_cstr(&map, person);
    lum_pack_cstr(&map, "space");
    lum_pack_cstr(&map, hex);
    lum_show_json(run, lum_buf_bytes(&map));
    lum_buf_fini(&map);
}

enum lum_status lum_cmd_init(struct lum_run *run, struct lum_error *err)
{
    const char *name = run->options.words[0];
    char person[LUM_PIECE];
    enum lum_status status = find_person(run, person, err);

    if (status == LUM_OK) {
        status = lum_begin_found(run, name, person, err);
    }
    if (status == LUM_OK) {
        say_founded(run, name, person);
    }
    return status;
}

/* ---- join ---- */

/* INVITE itself, or with "-" the first line of standard input, so that it need not stand in the
 * list of processes. */
static enum lum_status read_invite(const char *word, struct lum_invite *out,
                                   struct lum_error *err)
{
    char line[LINE_ROOM] = "";

    if (strcmp(word, "-") != 0) {
        return lum_invite_from_text(word, out, err);
    }
    (void)read_line(line, sizeof(line));
    return lum_invite_from_text(line, out, err);
}

/* Which space it is, now that we know. */
static void on_status(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_run *run = show->run;
    char name[LUM_PIECE];
    char records[LUM_PIECE];

    lum_show_cut(lum_map_text(map, "name"), name);
    lum_show_number(run, lum_map_uint(map, "records"), records);
    lum_print_text(&run->print, LUM_TEXT_joined, name, records, NULL);
    if (lum_map_bool(map, "self_waiting")) {
        lum_print_text(&run->print, LUM_TEXT_status_self_waiting, NULL, NULL, NULL);
    }
    lum_show_hint(run, LUM_TEXT_founded_next);
}

static enum lum_status say_joined(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = on_status, .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "status");
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}

static enum lum_status ask_join(struct lum_run *run, const char *person, struct lum_error *err)
{
    struct lum_show show = {.run = run, .label = LUM_TEXT_label_meeting};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "join");
    lum_question_text(&question, "person", person);
    if (run->options.word_count > 1) {
        lum_question_text(&question, "address", run->options.words[1]);
    }
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status == LUM_OK && !run->print.is_json ? say_joined(run, err) : status;
}

enum lum_status lum_cmd_join(struct lum_run *run, struct lum_error *err)
{
    struct lum_client_options options = lum_command_client(run);
    struct lum_invite invite;
    char person[LUM_PIECE];
    enum lum_status status = read_invite(run->options.words[0], &invite, err);

    if (status == LUM_OK) {
        status = find_person(run, person, err);
    }
    if (status == LUM_OK && run->options.word_count > 1) {
        status = lum_meeting_address(run->options.words[1], err);
    }
    if (status == LUM_OK) {
        status = lum_client_come(&options, &invite, &run->client, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    status = ask_join(run, person, err);
    if (status == LUM_UNREACHABLE || status == LUM_STOPPED) {
        lum_print_note(&run->print, LUM_TEXT_join_go_on, NULL, NULL, NULL);
    }
    return status;
}
