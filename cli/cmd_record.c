/* cmd_record.c - put, get, set, del, restore: one record, or a file of them. */
#include <stdio.h>
#include <string.h>

#include "cli/cmd_backup.h"
#include "cli/fields.h"
#include "cli/import.h"
#include "cli/map.h"
#include "cli/show.h"
#include "cli/table.h"
#include "core/limits.h"

/* ---- what changed ---- */

static void say_edit(struct lum_show *show, struct lum_bytes map)
{
    static const struct {
        const char *end;
        enum lum_text_id text;
    } sentences[] = {
        {"created", LUM_TEXT_record_saved},
        {"changed", LUM_TEXT_record_changed},
        {"same", LUM_TEXT_record_same},
        {"deleted", LUM_TEXT_record_is_deleted},
    };
    const enum lum_text_id *instead = show->self;
    struct lum_bytes end = lum_map_text(map, "end");
    const char *typed = show->run->options.words[0];
    char name[LUM_PIECE];

    if (strchr(typed, '/') != NULL) { /* the person's own word for it */
        lum_show_cut(lum_bytes_of(typed, strlen(typed)), name);
    } else {
        lum_show_record(map, name);
    }
    for (size_t i = 0; i < LUM_COUNT(sentences); i++) {
        if (lum_bytes_equal(end, lum_bytes_of(sentences[i].end, strlen(sentences[i].end)))) {
            bool is_change = strcmp(sentences[i].end, "changed") == 0 && instead != NULL;
            lum_print_text(&show->run->print, is_change ? *instead : sentences[i].text, name, NULL,
                           NULL);
        }
    }
}

static enum lum_status ask_edit(struct lum_run *run, struct lum_question *question,
                                enum lum_text_id *instead, struct lum_error *err)
{
    struct lum_show show = {.run = run, .self = instead, .done = say_edit,
                            .label = LUM_TEXT_label_reading};
    enum lum_status status = lum_show_ask(&show, question, err);

    lum_question_fini(question);
    return status;
}

/* ---- put, set, del, restore ---- */

/* The words from the second on, as the argument "fields". */
static enum lum_status put_fields(struct lum_run *run, struct lum_question *question,
                                  struct lum_error *err)
{
    const struct lum_options *options = &run->options;
    struct lum_buf fields;
    enum lum_status status;

    lum_buf_init(&fields, LUM_LINE_MAX);
    status = lum_fields_of_words(options->words + 1, options->word_count - 1, options->lang,
                                 &fields, err);
    if (status == LUM_OK) {
        lum_question_value(question, "fields", lum_buf_bytes(&fields));
    }
    lum_buf_fini(&fields);
    return status;
}

enum lum_status lum_cmd_put(struct lum_run *run, struct lum_error *err)
{
    const char *file = run->options.at[LUM_OPTION_FILE];
    struct lum_question question;
    enum lum_status status;

    if ((file == NULL) == (run->options.word_count < 2)) {
        return lum_fail(err, LUM_CAUSE_bad_usage, "put ...", "put");
    }
    if (file != NULL) {
        return lum_import_put(run, file, err);
    }
    lum_question_init(&question, "put");
    lum_question_text(&question, "coll", run->options.words[0]);
    status = put_fields(run, &question, err);
    if (status != LUM_OK) {
        lum_question_fini(&question);
        return status;
    }
    return ask_edit(run, &question, NULL, err);
}

enum lum_status lum_cmd_set(struct lum_run *run, struct lum_error *err)
{
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "set");
    lum_question_text(&question, "record", run->options.words[0]);
    status = put_fields(run, &question, err);
    if (status != LUM_OK) {
        lum_question_fini(&question);
        return status;
    }
    return ask_edit(run, &question, NULL, err);
}

enum lum_status lum_cmd_del(struct lum_run *run, struct lum_error *err)
{
    enum lum_text_id deleted = LUM_TEXT_record_deleted;
    struct lum_question question;

    lum_question_init(&question, "del");
    lum_question_text(&question, "record", run->options.words[0]);
    return ask_edit(run, &question, &deleted, err);
}

enum lum_status lum_cmd_restore(struct lum_run *run, struct lum_error *err)
{
    enum lum_text_id restored = LUM_TEXT_record_restored;
    struct lum_question question;

    if (lum_backup_is_meant(run, run->options.words[0])) {
        return lum_backup_restore(run, err);
    }
    lum_question_init(&question, "restore");
    lum_question_text(&question, "record", run->options.words[0]);
    return ask_edit(run, &question, &restored, err);
}

/* ---- get ---- */

static bool is_in_conflict(struct lum_bytes map, struct lum_bytes field)
{
    struct lum_map_list list = lum_map_list(map, "conflicts");
    struct lum_bytes item;

    while (lum_map_list_next(&list, &item)) {
        struct lum_cur cur = lum_cur_over(item);
        if (lum_bytes_equal(lum_cur_str(&cur, item.len), field)) {
            return true;
        }
    }
    return false;
}

static void print_fields(const struct lum_run *run, struct lum_bytes map)
{
    const struct lum_column columns[] = {{"", false}, {"", false}};
    struct lum_bytes fields = {NULL, 0};
    struct lum_map_list pairs;
    struct lum_bytes name;
    struct lum_bytes value;
    struct lum_table table;
    struct lum_buf text;

    (void)lum_map_value(map, "fields", &fields);
    lum_buf_init(&text, LUM_LINE_MAX);
    lum_table_begin(&table, &run->print, columns, LUM_COUNT(columns));
    pairs = lum_map_pairs(fields);
    while (lum_map_pairs_next(&pairs, &name, &value)) {
        lum_table_cell(&table, name);
        lum_buf_reset(&text);
        lum_show_value(&text, value);
        if (run->print.is_terminal && is_in_conflict(map, name)) {
            lum_buf_put(&text, "  !", 3);
        }
        lum_table_cell(&table, lum_buf_bytes(&text));
    }
    lum_table_end(&table);
    lum_buf_fini(&text);
}

static void show_record(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_print *print = &show->run->print;
    char name[LUM_PIECE];
    char coll[LUM_PIECE];
    struct lum_bytes conflicts = {NULL, 0};

    lum_show_record(map, name);
    lum_show_cut(lum_map_text(map, "coll"), coll);
    print_fields(show->run, map);
    if (lum_map_value(map, "conflicts", &conflicts)) {
        lum_print_note(print, LUM_TEXT_record_in_conflict, name, coll, NULL);
    }
    if (lum_map_bool(map, "deleted")) {
        lum_print_note(print, LUM_TEXT_record_is_deleted, name, NULL, NULL);
    }
    if (lum_map_bool(map, "revived")) {
        lum_print_note(print, LUM_TEXT_record_revived, name, NULL, NULL);
    }
}

enum lum_status lum_cmd_get(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = show_record, .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "get");
    lum_question_text(&question, "record", run->options.words[0]);
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}
