/*
 * cmd_conflict.c - conflicts: what needs a person; resolve: what the person decided.
 *
 * The node keeps what was shown ("shown"), and `resolve --all` refuses what changed since.
 */
#include <stdio.h>
#include <string.h>

#include "cli/fields.h"
#include "cli/json_write.h"
#include "cli/map.h"
#include "cli/show.h"
#include "core/limits.h"

/* ---- conflicts ---- */

/* "  "selesai"   Made   21 Nov 2026 10:02   1a2b3c4d:12" */
static void print_value(const struct lum_run *run, struct lum_bytes item, bool is_shown)
{
    struct lum_bytes value = {NULL, 0};
    struct lum_buf json;
    char place[LUM_PIECE];
    char who[LUM_PIECE];
    char time[LUM_PIECE];
    char shown[LUM_PIECE];
    char event[LUM_PIECE];

    lum_buf_init(&json, LUM_REQUEST_MAX);
    if (lum_map_value(item, "value", &value)) {
        lum_json_write(value, &json);
    }
    lum_show_cut(lum_buf_bytes(&json), shown);
    lum_buf_fini(&json);
    lum_show_cut(lum_map_text(item, "member"), who);
    lum_show_time(run, lum_map_uint(item, "t"), time);
    lum_show_event(lum_map_text(item, "event"), event);
    snprintf(place, sizeof(place), "%.60s  %.60s", time, event);
    lum_print_text(&run->print, is_shown ? LUM_TEXT_conflict_shown : LUM_TEXT_conflict_other,
                   shown, who, place);
}

static void on_conflict(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_run *run = show->run;
    struct lum_map_list values = lum_map_list(map, "values");
    struct lum_map_list drops = lum_map_list(map, "deleted_by");
    struct lum_bytes item;
    char name[LUM_PIECE];
    char field[LUM_PIECE];
    char who[LUM_PIECE];
    char time[LUM_PIECE];
    bool is_first = true;

    lum_show_record(map, name);
    lum_show_cut(lum_map_text(map, "field"), field);
    if (field[0] != '\0') {
        lum_print_text(&run->print, LUM_TEXT_conflict_cell, name, field, NULL);
    } else {
        lum_print_text(&run->print, LUM_TEXT_conflict_deleted, name, NULL, NULL);
    }
    while (lum_map_list_next(&values, &item)) {
        print_value(run, item, is_first);
        is_first = false;
    }
    while (lum_map_list_next(&drops, &item)) {
        lum_show_cut(lum_map_text(item, "member"), who);
        lum_show_time(run, lum_map_uint(item, "t"), time);
        lum_print_text(&run->print, LUM_TEXT_conflict_deleted_by, who, time, NULL);
    }
}

static void on_conflicts_end(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_run *run = show->run;
    char count[LUM_PIECE];

    lum_show_number(run, lum_map_uint(map, "count"), count);
    if (lum_map_uint(map, "count") == 0) {
        lum_print_text(&run->print, LUM_TEXT_conflicts_none, NULL, NULL, NULL);
    } else {
        lum_print_note(&run->print, LUM_TEXT_conflicts_choose, count, NULL, NULL);
    }
}

/* What `shown` is told: the change up to which everything was looked at. */
struct seen {
    uint64_t change;
    bool has_one;
};

static enum lum_status tell_shown(struct lum_run *run, uint64_t change, struct lum_error *err)
{
    struct lum_show show = {.run = run, .is_silent = true, .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "shown");
    lum_question_uint(&question, "change", change);
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}

static void on_row(struct lum_show *show, struct lum_bytes map)
{
    struct seen *seen = show->self;

    seen->has_one = true;
    if (show->run->print.is_json) {
        lum_show_json(show->run, map);
    } else {
        on_conflict(show, map);
    }
}

static void on_done(struct lum_show *show, struct lum_bytes map)
{
    struct seen *seen = show->self;

    seen->change = lum_map_uint(map, "change");
    if (show->run->print.is_json) {
        lum_show_json(show->run, map);
    } else {
        on_conflicts_end(show, map);
    }
}

enum lum_status lum_cmd_conflicts(struct lum_run *run, struct lum_error *err)
{
    struct seen seen = {.has_one = false};
    struct lum_show show = {.run = run, .self = &seen, .is_silent = true, .row = on_row,
                            .done = on_done, .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "conflicts");
    if (run->options.word_count > 0) {
        lum_question_text(&question, "coll", run->options.words[0]);
    }
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status == LUM_OK && seen.has_one ? tell_shown(run, seen.change, err) : status;
}

/* ---- resolve ---- */

static void on_resolved(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_run *run = show->run;
    char one[LUM_PIECE];
    char two[LUM_PIECE];

    if (lum_options_has(&run->options, LUM_OPTION_ALL)) {
        lum_show_number(run, lum_map_uint(map, "resolved"), one);
        lum_show_number(run, lum_map_uint(map, "left"), two);
        lum_print_text(&run->print, LUM_TEXT_resolved_all, one, NULL, NULL);
        if (lum_map_uint(map, "left") > 0) {
            lum_print_text(&run->print, LUM_TEXT_resolved_left, two,
                           run->options.at[LUM_OPTION_TAKE], NULL);
        }
        return;
    }
    lum_print_text(&run->print, LUM_TEXT_resolved_one, run->options.words[0], NULL, NULL);
}

/* --value as JSON; a word that is no JSON is a text. */
static enum lum_status put_value(const struct lum_run *run, struct lum_question *question,
                                 struct lum_error *err)
{
    const char *text = run->options.at[LUM_OPTION_VALUE];
    struct lum_buf value;
    struct lum_bytes bytes = lum_bytes_of(text, strlen(text));
    enum lum_status status;

    lum_buf_init(&value, LUM_LINE_MAX);
    status = lum_fields_value("--value", text, run->options.lang, &value, err);
    if (status == LUM_INVALID && err->cause == LUM_CAUSE_bad_json && lum_utf8_valid(bytes) &&
        bytes.len < LUM_VALUE_MAX - 3) {
        lum_buf_reset(&value);
        lum_pack_str(&value, bytes);
        *err = (struct lum_error){.cause = LUM_CAUSE_none};
        status = LUM_OK;
    }
    if (status == LUM_OK) {
        lum_question_value(question, "value", lum_buf_bytes(&value));
        status = lum_buf_status(&value);
    }
    lum_buf_fini(&value);
    return status;
}

/* Which of the three forms it is; bad_usage for a mixture. */
static enum lum_status put_decision(const struct lum_run *run, struct lum_question *question,
                                    struct lum_error *err)
{
    const struct lum_options *options = &run->options;
    const char *take = options->at[LUM_OPTION_TAKE];
    bool has_value = lum_options_has(options, LUM_OPTION_VALUE);
    bool keeps = lum_options_has(options, LUM_OPTION_KEEP);
    bool deletes = lum_options_has(options, LUM_OPTION_DELETE);
    int chosen = (take != NULL) + has_value + keeps + deletes;
    bool is_all = lum_options_has(options, LUM_OPTION_ALL);
    bool is_cell = options->word_count == 2;

    if (chosen != 1 || (is_all && (is_cell || take == NULL)) ||
        (!is_all && is_cell == (keeps || deletes))) {
        return lum_fail(err, LUM_CAUSE_bad_usage, "resolve ...", "resolve");
    }
    if (is_all) {
        lum_question_yes(question, "all");
    }
    lum_question_text(question, is_all ? "coll" : "record", options->words[0]);
    if (is_cell) {
        lum_question_text(question, "field", options->words[1]);
    }
    if (take != NULL) {
        lum_question_text(question, "take", take);
    }
    if (keeps || deletes) {
        lum_question_yes(question, keeps ? "keep" : "delete");
    }
    return has_value ? put_value(run, question, err) : LUM_OK;
}

enum lum_status lum_cmd_resolve(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = on_resolved, .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "resolve");
    status = put_decision(run, &question, err);
    if (status == LUM_OK) {
        status = lum_show_ask(&show, &question, err);
    }
    lum_question_fini(&question);
    return status;
}
