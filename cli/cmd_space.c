/* cmd_space.c - status, members, log: how the space stands, who takes part, what was said. */
#include <stdio.h>
#include <string.h>

#include "cli/format.h"
#include "cli/json_write.h"
#include "cli/map.h"
#include "cli/meeting.h"
#include "cli/show.h"
#include "cli/table.h"
#include "core/limits.h"

/* ---- status ---- */

static void say_number(const struct lum_run *run, enum lum_text_id text, uint64_t number)
{
    char shown[LUM_PIECE];

    if (number > 0) {
        lum_print_text(&run->print, text, lum_show_number(run, number, shown), NULL, NULL);
    }
}

/* Whatever needs somebody's attention. */
static void say_warnings(const struct lum_run *run, struct lum_bytes map)
{
    struct lum_map_list forks = lum_map_list(map, "forks");
    struct lum_bytes fork;
    char who[LUM_PIECE];

    if (lum_map_bool(map, "self_waiting")) {
        lum_print_text(&run->print, LUM_TEXT_status_self_waiting, NULL, NULL, NULL);
    }
    if (lum_map_bool(map, "in_doubt")) {
        lum_print_text(&run->print, LUM_TEXT_status_in_doubt, NULL, NULL, NULL);
    }
    if (lum_map_value(map, "room", &fork)) {
        lum_show_size(run, lum_map_uint(map, "room"), who);
        lum_print_text(&run->print, LUM_TEXT_status_room, who, NULL, NULL);
    }
    say_number(run, LUM_TEXT_status_conflicts, lum_map_uint(map, "conflicts"));
    say_number(run, LUM_TEXT_status_revived, lum_map_uint(map, "revived"));
    say_number(run, LUM_TEXT_status_pending, lum_map_uint(map, "pending"));
    say_number(run, LUM_TEXT_status_void, lum_map_uint(map, "void"));
    say_number(run, LUM_TEXT_status_waiting, lum_map_uint(map, "waiting"));
    while (lum_map_list_next(&forks, &fork)) {
        lum_show_cut(lum_map_text(fork, "member"), who);
        lum_print_text(&run->print, LUM_TEXT_status_fork, who, NULL, NULL);
    }
}

static void say_peers(const struct lum_run *run, struct lum_bytes map)
{
    struct lum_map_list peers = lum_map_list(map, "peers");
    struct lum_bytes peer;

    while (lum_map_list_next(&peers, &peer)) {
        lum_meeting_say(run, peer);
    }
}

static void on_status(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_run *run = show->run;
    struct lum_bytes roster = {NULL, 0};
    char one[LUM_PIECE];
    char two[LUM_PIECE];
    char three[LUM_PIECE];

    if (lum_map_bool(map, "newcomer")) {
        lum_print_text(&run->print, LUM_TEXT_status_newcomer, NULL, NULL, NULL);
        return;
    }
    lum_show_cut(lum_map_text(map, "name"), one);
    lum_show_number(run, lum_map_uint(map, "records"), two);
    lum_show_size(run, lum_map_uint(map, "bytes_log") + lum_map_uint(map, "bytes_view"), three);
    lum_print_text(&run->print, LUM_TEXT_status_space, one, two, three);
    (void)lum_map_value(map, "roster", &roster);
    lum_show_cut(lum_map_text(map, "person"), one);
    lum_show_cut(lum_map_text(map, "role"), two);
    lum_show_number(run, lum_map_uint(roster, "members"), three);
    lum_print_text(&run->print, LUM_TEXT_status_person, one,
                   lum_text_phrase(run->print.lang, two), three);
    say_peers(run, map);
    say_warnings(run, map);
    if (lum_map_uint(roster, "waiting") > 0) {
        say_number(run, LUM_TEXT_status_admit, lum_map_uint(roster, "waiting"));
    }
}

enum lum_status lum_cmd_status(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = on_status, .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "status");
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}

/* ---- members ---- */

static void put_cell(struct lum_table *table, const char *text)
{
    lum_table_cell(table, lum_bytes_of(text, strlen(text)));
}

static void on_member(struct lum_show *show, struct lum_bytes map)
{
    struct lum_table *table = show->self;
    enum lum_lang lang = show->run->print.lang;
    char text[LUM_PIECE];
    struct lum_bytes member = lum_map_text(map, "member");

    member.len = member.len < 8 ? member.len : 8;
    lum_table_cell(table, lum_map_text(map, "name"));
    put_cell(table, lum_text_phrase(lang, lum_show_cut(lum_map_text(map, "role"), text)));
    put_cell(table, lum_text_phrase(lang, lum_show_cut(lum_map_text(map, "state"), text)));
    put_cell(table, lum_show_number(show->run, lum_map_uint(map, "devices"), text));
    lum_table_cell(table, member);
}

enum lum_status lum_cmd_members(struct lum_run *run, struct lum_error *err)
{
    enum lum_lang lang = run->print.lang;
    const struct lum_column columns[] = {
        {lum_text_plain(lang, LUM_TEXT_column_name), false},
        {lum_text_plain(lang, LUM_TEXT_column_role), false},
        {lum_text_plain(lang, LUM_TEXT_column_state), false},
        {lum_text_plain(lang, LUM_TEXT_column_devices), true},
        {"id", false},
    };
    struct lum_table table;
    struct lum_show show = {.run = run, .self = &table, .row = on_member,
                            .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "members");
    lum_table_begin(&table, &run->print, columns, LUM_COUNT(columns));
    status = lum_show_ask(&show, &question, err);
    lum_table_end(&table);
    lum_question_fini(&question);
    return status;
}

/* ---- log ---- */

static const char *const kinds[] = {
    "data", "receipt", "control", "keys", "forget", "fork", "adopt", "checkpoint", "co-sign",
};

static void on_event(struct lum_show *show, struct lum_bytes map)
{
    struct lum_table *table = show->self;
    uint64_t kind = lum_map_uint(map, "kind");
    char text[LUM_PIECE];

    if (lum_options_has(&show->run->options, LUM_OPTION_RAW)) {
        lum_show_json(show->run, map);
        return;
    }
    put_cell(table, lum_show_event(lum_map_text(map, "event"), text));
    put_cell(table, lum_show_time(show->run, lum_map_uint(map, "t"), text));
    lum_table_cell(table, lum_map_text(map, "member"));
    put_cell(table, lum_show_number(show->run, lum_map_uint(map, "shelf"), text));
    put_cell(table, kind < LUM_COUNT(kinds) ? kinds[kind]
                                            : lum_show_number(show->run, kind, text));
    put_cell(table, lum_text_phrase(show->run->print.lang,
                                    lum_show_cut(lum_map_text(map, "state"), text)));
    lum_table_cell(table, lum_map_text(map, "reason"));
}

enum lum_status lum_cmd_log(struct lum_run *run, struct lum_error *err)
{
    enum lum_lang lang = run->print.lang;
    const struct lum_column columns[] = {
        {lum_text_plain(lang, LUM_TEXT_column_event), false},
        {lum_text_plain(lang, LUM_TEXT_column_time), false},
        {lum_text_plain(lang, LUM_TEXT_column_author), false},
        {lum_text_plain(lang, LUM_TEXT_column_shelf), true},
        {lum_text_plain(lang, LUM_TEXT_column_kind), false},
        {lum_text_plain(lang, LUM_TEXT_column_state), false},
        {"", false},
    };
    struct lum_table table;
    struct lum_show show = {.run = run, .self = &table, .row = on_event,
                            .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "log");
    if (lum_options_has(&run->options, LUM_OPTION_RAW)) {
        lum_question_yes(&question, "raw");
    }
    lum_table_begin(&table, &run->print, columns, LUM_COUNT(columns));
    status = lum_show_ask(&show, &question, err);
    lum_table_end(&table);
    lum_question_fini(&question);
    return status;
}
