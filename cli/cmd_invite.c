/* cmd_invite.c - invite, invites, cancel, admit: who may come in. */
#include "cli/cmd_invite.h"

#include <stdio.h>
#include <string.h>

#include "cli/map.h"
#include "cli/show.h"
#include "cli/table.h"

/* ---- where newcomers find us ---- */

bool lum_invite_address(struct lum_bytes map, char out[LUM_PIECE])
{
    struct lum_map_list list = lum_map_list(map, "addresses");
    struct lum_bytes first;

    if (lum_map_list_next(&list, &first)) {
        struct lum_cur cur = lum_cur_over(first);
        lum_show_cut(lum_cur_str(&cur, first.len), out);
    } else { /* a machine without a network: for its own users */
        snprintf(out, LUM_PIECE, "127.0.0.1:%u", (unsigned)lum_map_uint(map, "port"));
    }
    return lum_map_uint(map, "port") != 0;
}

static void on_addresses(struct lum_show *show, struct lum_bytes map)
{
    char *address = show->self;

    if (!lum_invite_address(map, address)) {
        address[0] = '\0';
    }
}

/* The running node's; empty when none runs or it does not listen. */
static enum lum_status ask_address(struct lum_run *run, char out[LUM_PIECE],
                                   struct lum_error *err)
{
    struct lum_show show = {.run = run, .self = out, .done = on_addresses, .is_silent = true,
                            .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status = lum_command_open(run, err);

    out[0] = '\0';
    if (status != LUM_OK || !lum_client_is_remote(run->client)) {
        return status;
    }
    lum_question_init(&question, "addresses");
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}

/* ---- roles ---- */

/* --role goes with the question as it is typed; what is none is told before anything is asked. */
static enum lum_status check_role(const struct lum_run *run, struct lum_error *err)
{
    static const char *const roles[] = {"relay", "reader", "writer", "steward"};
    const char *role = run->options.at[LUM_OPTION_ROLE];

    for (size_t i = 0; i < LUM_COUNT(roles) && role != NULL; i++) {
        if (strcmp(role, roles[i]) == 0) {
            return LUM_OK;
        }
    }
    return role == NULL ? LUM_OK
                        : lum_fail(err, LUM_CAUSE_bad_usage,
                                   "--role relay|reader|writer|steward", run->options.verb);
}

/* ---- invite ---- */

void lum_invite_say(const struct lum_run *run, struct lum_bytes map)
{
    char invite[LUM_PIECE + 1];
    char role[LUM_PIECE];
    char uses[LUM_PIECE];
    char until[LUM_PIECE];
    char address[LUM_PIECE];

    lum_show_cut(lum_map_text(map, "role"), role);
    lum_show_number(run, lum_map_uint(map, "uses"), uses);
    lum_show_time(run, lum_map_uint(map, "expiry_ms"), until);
    lum_print_note(&run->print, LUM_TEXT_invite_made, lum_text_phrase(run->print.lang, role), uses,
                   until);
    lum_show_cut(lum_map_text(map, "address"), address);
    if (address[0] != '\0') {
        lum_print_note(&run->print, LUM_TEXT_invite_address, address, NULL, NULL);
    } else {
        lum_print_note(&run->print, LUM_TEXT_invite_no_address, NULL, NULL, NULL);
    }
    lum_show_cut(lum_map_text(map, "invite"), invite);
    fprintf(run->print.out, "%s\n", invite);
}

static void on_invite(struct lum_show *show, struct lum_bytes map)
{
    lum_invite_say(show->run, map);
}

enum lum_status lum_cmd_invite(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = on_invite, .label = LUM_TEXT_label_reading};
    struct lum_question question;
    char address[LUM_PIECE];
    const char *role = run->options.at[LUM_OPTION_ROLE];
    uint64_t uses;
    enum lum_status status = lum_options_number(&run->options, LUM_OPTION_USES, 1, &uses, err);

    if (status == LUM_OK) {
        status = check_role(run, err);
    }
    if (status == LUM_OK) {
        status = ask_address(run, address, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_question_init(&question, "invite");
    lum_question_uint(&question, "uses", uses);
    if (role != NULL) {
        lum_question_text(&question, "role", role);
    }
    if (address[0] != '\0') {
        lum_question_text(&question, "address", address);
    }
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}

/* ---- invites ---- */

static void put_cell(struct lum_table *table, const char *text)
{
    lum_table_cell(table, lum_bytes_of(text, strlen(text)));
}

static void on_listed(struct lum_show *show, struct lum_bytes map)
{
    struct lum_table *table = show->self;
    enum lum_lang lang = show->run->print.lang;
    char text[LUM_PIECE];
    bool is_open = lum_map_bool(map, "counting") && !lum_map_bool(map, "cancelled");

    put_cell(table, lum_show_event(lum_map_text(map, "invite"), text));
    put_cell(table, lum_text_phrase(lang, lum_show_cut(lum_map_text(map, "role"), text)));
    put_cell(table, lum_show_number(show->run, lum_map_uint(map, "used"), text));
    put_cell(table, lum_show_number(show->run, lum_map_uint(map, "uses"), text));
    put_cell(table, lum_show_time(show->run, lum_map_uint(map, "expiry_ms"), text));
    put_cell(table, lum_text_plain(lang, is_open ? LUM_TEXT_invite_open : LUM_TEXT_invite_closed));
    lum_table_cell(table, lum_map_text(map, "by"));
}

enum lum_status lum_cmd_invites(struct lum_run *run, struct lum_error *err)
{
    enum lum_lang lang = run->print.lang;
    const struct lum_column columns[] = {
        {lum_text_plain(lang, LUM_TEXT_column_invite), false},
        {lum_text_plain(lang, LUM_TEXT_column_role), false},
        {lum_text_plain(lang, LUM_TEXT_column_used), true},
        {lum_text_plain(lang, LUM_TEXT_column_uses), true},
        {lum_text_plain(lang, LUM_TEXT_column_until), false},
        {lum_text_plain(lang, LUM_TEXT_column_state), false},
        {lum_text_plain(lang, LUM_TEXT_column_by), false},
    };
    struct lum_table table;
    struct lum_show show = {.run = run, .self = &table, .row = on_listed,
                            .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "invites");
    lum_table_begin(&table, &run->print, columns, LUM_COUNT(columns));
    status = lum_show_ask(&show, &question, err);
    lum_table_end(&table);
    lum_question_fini(&question);
    return status;
}

/* ---- cancel, admit ---- */

static bool is_same(struct lum_bytes map)
{
    return lum_bytes_equal(lum_map_text(map, "end"), lum_bytes_of("same", 4));
}

static void on_cancelled(struct lum_show *show, struct lum_bytes map)
{
    char invite[LUM_PIECE];

    lum_show_event(lum_map_text(map, "invite"), invite);
    lum_print_text(&show->run->print,
                   is_same(map) ? LUM_TEXT_cancelled_before : LUM_TEXT_cancelled, invite, NULL,
                   NULL);
}

enum lum_status lum_cmd_cancel(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = on_cancelled, .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "cancel");
    lum_question_text(&question, "invite", run->options.words[0]);
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}

static void on_admitted(struct lum_show *show, struct lum_bytes map)
{
    char name[LUM_PIECE];
    char role[LUM_PIECE];

    lum_show_cut(lum_map_text(map, "name"), name);
    lum_show_cut(lum_map_text(map, "role"), role);
    lum_print_text(&show->run->print, is_same(map) ? LUM_TEXT_admitted_before : LUM_TEXT_admitted,
                   name, lum_text_phrase(show->run->print.lang, role), NULL);
}

enum lum_status lum_cmd_admit(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = on_admitted, .label = LUM_TEXT_label_reading};
    const char *role = run->options.at[LUM_OPTION_ROLE];
    struct lum_question question;
    enum lum_status status = check_role(run, err);

    if (status != LUM_OK) {
        return status;
    }
    lum_question_init(&question, "admit");
    lum_question_text(&question, "member", run->options.words[0]);
    if (role != NULL) {
        lum_question_text(&question, "role", role);
    }
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}
