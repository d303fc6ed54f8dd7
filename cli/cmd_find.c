/*
 * cmd_find.c - find: records that match, as a table; history: what happened to one.
 *
 * A table needs its columns before its first row, so the first rows wait until it is known which
 * fields they have; fields that only later rows have are in --json.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/format.h"
#include "cli/json_write.h"
#include "cli/map.h"
#include "cli/show.h"
#include "cli/table.h"
#include "core/limits.h"

enum {
    HELD_ROWS_MAX = 256,
    HELD_BYTES_MAX = 4 * 1024 * 1024,
    SHORT_ID = 8,
};

/* ---- find ---- */

struct listing {
    struct lum_run *run;
    struct lum_buf held; /* rows, each behind its u32 length */
    uint32_t held_count;
    bool is_laid_out;
    size_t digits; /* of an id */
    struct lum_arena names;
    struct lum_column columns[LUM_TABLE_COLUMNS_MAX];
    uint32_t column_count;
    bool are_columns_cut;
    struct lum_table table;
    struct lum_buf text;
};

static uint32_t column_of(const struct listing *listing, struct lum_bytes name)
{
    for (uint32_t i = 1; i < listing->column_count; i++) {
        const char *title = listing->columns[i].title;
        if (lum_bytes_equal(name, lum_bytes_of(title, strlen(title)))) {
            return i;
        }
    }
    return 0;
}

/* A column for each field of this row that has none yet; a number stands to the right. */
static void learn_columns(struct listing *listing, struct lum_bytes map)
{
    struct lum_bytes fields = {NULL, 0};
    struct lum_map_list pairs;
    struct lum_bytes name;
    struct lum_bytes value;

    (void)lum_map_value(map, "fields", &fields);
    pairs = lum_map_pairs(fields);
    while (lum_map_pairs_next(&pairs, &name, &value)) {
        struct lum_cur cur = lum_cur_over(value);
        enum lum_pack_type type = lum_cur_peek(&cur);
        bool is_number = type == LUM_PACK_INT || type == LUM_PACK_REAL;
        uint32_t at = column_of(listing, name);
        if (at > 0) {
            listing->columns[at].is_number = listing->columns[at].is_number && is_number;
        } else if (listing->column_count == LUM_TABLE_COLUMNS_MAX) {
            listing->are_columns_cut = true;
        } else {
            char *title = lum_arena_take(&listing->names, name.len + 1);
            if (title != NULL) {
                memcpy(title, name.at, name.len);
                title[name.len] = '\0';
                listing->columns[listing->column_count++] = (struct lum_column){title, is_number};
            }
        }
    }
}

static bool next_held(const struct listing *listing, size_t *at, struct lum_bytes *map)
{
    uint32_t len;

    if (*at >= listing->held.len) {
        return false;
    }
    memcpy(&len, listing->held.at + *at, sizeof(len));
    *map = lum_bytes_of(listing->held.at + *at + sizeof(len), len);
    *at += sizeof(len) + len;
    return true;
}

/* How many digits two of the ids have in common at most. */
static size_t common_digits(const struct lum_bytes *ids, uint32_t count)
{
    size_t most = 0;

    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = i + 1; k < count; k++) {
            size_t same = 0;
            while (same < ids[i].len && same < ids[k].len && ids[i].at[same] == ids[k].at[same]) {
                same++;
            }
            most = same > most ? same : most;
        }
    }
    return most;
}

static void print_row(struct listing *listing, struct lum_bytes map)
{
    struct lum_bytes fields = {NULL, 0};
    struct lum_bytes values[LUM_TABLE_COLUMNS_MAX] = {{NULL, 0}};
    struct lum_map_list pairs;
    struct lum_bytes name;
    struct lum_bytes value;
    char id[LUM_PIECE];

    (void)lum_map_value(map, "fields", &fields);
    pairs = lum_map_pairs(fields);
    while (lum_map_pairs_next(&pairs, &name, &value)) {
        values[column_of(listing, name)] = value;
    }
    lum_show_id(map, listing->digits, id);
    lum_table_cell(&listing->table, lum_bytes_of(id, strlen(id)));
    for (uint32_t i = 1; i < listing->column_count; i++) {
        lum_buf_reset(&listing->text);
        lum_show_value(&listing->text, values[i]);
        lum_table_cell(&listing->table, lum_buf_bytes(&listing->text));
    }
}

/* The columns are what the held rows have; then they go out, and later ones at once. */
static void lay_out(struct listing *listing)
{
    struct lum_bytes ids[HELD_ROWS_MAX];
    struct lum_bytes map;
    uint32_t count = 0;
    size_t at = 0;
    size_t common;

    listing->is_laid_out = true;
    listing->columns[0] = (struct lum_column){"id", false};
    listing->column_count = 1;
    while (next_held(listing, &at, &map)) {
        learn_columns(listing, map);
        ids[count++] = lum_map_text(map, "id");
    }
    common = common_digits(ids, count);
    listing->digits = common < SHORT_ID ? SHORT_ID : common + 1;
    lum_table_begin(&listing->table, &listing->run->print, listing->columns,
                    listing->column_count);
    at = 0;
    while (next_held(listing, &at, &map)) {
        print_row(listing, map);
    }
    lum_buf_fini(&listing->held);
}

static void on_found(struct lum_show *show, struct lum_bytes map)
{
    struct listing *listing = show->self;
    uint32_t len = (uint32_t)map.len;

    if (listing->is_laid_out) {
        print_row(listing, map);
        return;
    }
    lum_buf_put(&listing->held, &len, sizeof(len));
    lum_buf_put(&listing->held, map.at, map.len);
    listing->held_count++;
    if (listing->held_count == HELD_ROWS_MAX || listing->held.len > HELD_BYTES_MAX) {
        lay_out(listing);
    }
}

static void on_all_found(struct lum_show *show, struct lum_bytes map)
{
    struct listing *listing = show->self;
    const struct lum_run *run = listing->run;
    uint64_t found = lum_map_uint(map, "count");
    char count[LUM_PIECE];

    if (lum_options_has(&run->options, LUM_OPTION_COUNT)) {
        fprintf(run->print.out, "%" PRIu64 "\n", found); /* bare, for scripts */
        return;
    }
    if (!listing->is_laid_out) {
        lay_out(listing);
    }
    lum_table_end(&listing->table);
    if (run->print.is_terminal) {
        lum_print_note(&run->print, LUM_TEXT_find_count, lum_show_number(run, found, count), NULL,
                       NULL);
        if (listing->are_columns_cut) {
            lum_print_note(&run->print, LUM_TEXT_find_columns_cut, NULL, NULL, NULL);
        }
    }
}

enum lum_status lum_cmd_find(struct lum_run *run, struct lum_error *err)
{
    const struct lum_options *options = &run->options;
    struct listing listing = {.run = run};
    struct lum_show show = {.run = run, .self = &listing, .row = on_found, .done = on_all_found,
                            .label = LUM_TEXT_label_reading};
    struct lum_question question;
    uint64_t limit;
    enum lum_status status = lum_options_number(options, LUM_OPTION_LIMIT, 0, &limit, err);

    if (status != LUM_OK) {
        return status;
    }
    lum_arena_init(&listing.names);
    lum_buf_init(&listing.held, LUM_REQUEST_MAX);
    lum_buf_init(&listing.text, LUM_REQUEST_MAX);
    lum_question_init(&question, "find");
    lum_question_text(&question, "coll", options->words[0]);
    if (options->word_count > 1) {
        lum_question_text(&question, "where", options->words[1]);
    }
    if (lum_options_has(options, LUM_OPTION_SORT)) {
        lum_question_text(&question, "sort", options->at[LUM_OPTION_SORT]);
    }
    if (limit > 0) {
        lum_question_uint(&question, "limit", limit);
    }
    if (lum_options_has(options, LUM_OPTION_COUNT)) {
        lum_question_yes(&question, "count");
    }
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    lum_buf_fini(&listing.held);
    lum_buf_fini(&listing.text);
    lum_arena_fini(&listing.names);
    return status;
}

/* ---- history ---- */

static enum lum_text_id text_of_op(struct lum_bytes op)
{
    static const struct {
        const char *op;
        enum lum_text_id text;
    } names[] = {
        {"make", LUM_TEXT_op_make},
        {"drop", LUM_TEXT_op_drop},
        {"keep", LUM_TEXT_op_keep},
    };

    for (size_t i = 0; i < LUM_COUNT(names); i++) {
        if (lum_bytes_equal(op, lum_bytes_of(names[i].op, strlen(names[i].op)))) {
            return names[i].text;
        }
    }
    return LUM_TEXT_op_set;
}

/* "made: name = "Siti"" */
static void print_op(const struct lum_run *run, struct lum_bytes op)
{
    struct lum_bytes value = {NULL, 0};
    struct lum_buf line;
    const char *word =
        lum_text_plain(run->print.lang, text_of_op(lum_map_text(op, "op")));

    lum_buf_init(&line, LUM_LINE_MAX);
    lum_buf_put(&line, "    ", 4);
    lum_buf_put(&line, word, strlen(word));
    if (lum_map_value(op, "value", &value)) {
        lum_buf_put(&line, "  ", 2);
        lum_text_safe(&line, lum_map_text(op, "field"));
        lum_buf_put(&line, " = ", 3);
        lum_json_write(value, &line);
    }
    lum_buf_put_byte(&line, '\n');
    fwrite(line.at, 1, line.len, run->print.out);
    lum_buf_fini(&line);
}

static void on_event(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_run *run = show->run;
    struct lum_map_list ops = lum_map_list(map, "ops");
    struct lum_bytes op;
    char time[LUM_PIECE];
    char who[LUM_PIECE];
    char event[LUM_PIECE];

    lum_show_time(run, lum_map_uint(map, "t"), time);
    lum_show_cut(lum_map_text(map, "member"), who);
    lum_show_event(lum_map_text(map, "event"), event);
    lum_print_text(&run->print, LUM_TEXT_history_event, time, who, event);
    while (lum_map_list_next(&ops, &op)) {
        print_op(run, op);
    }
}

enum lum_status lum_cmd_history(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .row = on_event, .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "history");
    lum_question_text(&question, "record", run->options.words[0]);
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}
