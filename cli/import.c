/* import.c - see import.h. */
#include "cli/import.h"

#include <stdio.h>
#include <string.h>

#include "cli/intake.h"
#include "cli/map.h"
#include "cli/show.h"
#include "core/limits.h"
#include "core/pack.h"
#include "core/value.h"

/* What became of the rows, in the order of the names. */
enum end {
    CHANGED,
    CREATED,
    DELETED,
    SAME,
    ENDS,
};
static const char *const end_names[ENDS] = {"changed", "created", "deleted", "same"};

/* A file on its way. */
struct load {
    struct lum_run *run;
    struct lum_intake_options options;
    struct lum_question question;
    struct lum_progress progress;
    bool is_unnamed;     /* nobody said which format it has */
    bool skips_are_rows; /* import: the answer's rows are keys that were skipped */
    uint64_t rows;       /* acknowledged */
    struct lum_batches batches;
    uint64_t ends[ENDS];
};

/* ---- one batch ---- */

static void on_row(struct lum_show *show, struct lum_bytes map)
{
    struct load *load = show->self;
    char key[LUM_PIECE];

    if (show->run->print.is_json) {
        lum_show_json(show->run, map);
    } else if (load->skips_are_rows) {
        lum_print_note(&show->run->print, LUM_TEXT_import_skipped,
                       lum_show_cut(lum_map_text(map, "key"), key), NULL, NULL);
    }
}

static void on_done(struct lum_show *show, struct lum_bytes map)
{
    struct load *load = show->self;

    for (int end = 0; end < ENDS; end++) {
        load->ends[end] += lum_map_uint(map, end_names[end]);
    }
}

static enum lum_status stopped(const struct load *load, struct lum_error *err)
{
    const struct lum_run *run = load->run;
    struct lum_buf text;
    char done[LUM_PIECE];
    char total[LUM_PIECE];
    char far[LUM_PIECE];
    enum lum_text_id go_on =
        load->skips_are_rows ? LUM_TEXT_import_go_on : LUM_TEXT_put_go_on;

    lum_show_number(run, load->rows, done);
    lum_show_number(run, load->batches.rows, total);
    lum_buf_init(&text, LUM_PIECE);
    lum_text(&text, run->print.lang, LUM_TEXT_progress_of, done, total, NULL);
    lum_show_cut(lum_buf_bytes(&text), far);
    lum_buf_fini(&text);
    return lum_fail(err, LUM_CAUSE_interrupted, far, lum_text_plain(run->print.lang, go_on));
}

/* ---- all of them ---- */

static enum lum_status send_all(struct load *load, struct lum_error *err)
{
    struct lum_show show = {.run = load->run, .self = load, .is_silent = true, .row = on_row,
                            .done = on_done, .label = LUM_TEXT_label_importing};
    enum lum_status status;
    uint64_t rows;

    while ((status = lum_batches_next(&load->batches, &load->question.rest, &rows, err)) ==
           LUM_OK) {
        if (*load->run->stop == 0) {
            status = lum_show_ask(&show, &load->question, err);
        }
        if (*load->run->stop != 0 && (status == LUM_OK || status == LUM_STOPPED)) {
            return stopped(load, err);
        }
        if (status != LUM_OK) {
            return status;
        }
        load->rows += rows;
        lum_progress_show(&load->progress, load->rows, load->batches.rows, lum_command_now_us());
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

static void on_settling(void *self, uint64_t done, uint64_t total)
{
    struct lum_progress *progress = self;

    lum_progress_show(progress, done, total, lum_command_now_us());
}

/* What was written is found by the next question at once. */
static enum lum_status settle(struct load *load, struct lum_error *err)
{
    struct lum_progress progress;
    const struct lum_answer answer = {.self = &progress, .progress = on_settling};
    enum lum_status status;

    lum_progress_begin(&progress, &load->run->print,
                       lum_text_plain(load->run->print.lang, LUM_TEXT_label_sorting_in),
                       lum_command_now_us());
    status = lum_client_settle(load->run->client, &answer, err);
    lum_progress_end(&progress);
    return status == LUM_STOPPED ? LUM_OK : status; /* the next command does it */
}

static enum lum_status carry(struct load *load, struct lum_error *err)
{
    enum lum_status status = lum_intake_all(&load->options, &load->batches, err);

    if (status == LUM_OK) {
        status = lum_command_open(load->run, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_progress_begin(&load->progress, &load->run->print,
                       lum_text_plain(load->run->print.lang, LUM_TEXT_label_importing),
                       lum_command_now_us());
    status = send_all(load, err);
    lum_progress_end(&load->progress);
    return status == LUM_OK ? settle(load, err) : status;
}

/* ---- what is said at the end ---- */

static void say_json(const struct load *load)
{
    struct lum_buf map;

    lum_buf_init(&map, LUM_VALUE_MAX);
    if (load->skips_are_rows) {
        lum_pack_map(&map, ENDS + 1);
        for (int end = 0; end < ENDS; end++) {
            if (end == SAME) {
                lum_pack_cstr(&map, "rows");
                lum_pack_uint(&map, load->rows);
            }
            lum_pack_cstr(&map, end_names[end]);
            lum_pack_uint(&map, load->ends[end]);
        }
    } else {
        lum_pack_map(&map, 1);
        lum_pack_cstr(&map, end_names[CREATED]);
        lum_pack_uint(&map, load->ends[CREATED]);
    }
    lum_show_json(load->run, lum_buf_bytes(&map));
    lum_buf_fini(&map);
}

static void say(const struct load *load)
{
    const struct lum_run *run = load->run;
    char texts[ENDS][LUM_PIECE];
    char rows[LUM_PIECE];

    if (run->print.is_json) {
        say_json(load);
        return;
    }
    for (int end = 0; end < ENDS; end++) {
        lum_show_number(run, load->ends[end], texts[end]);
    }
    lum_show_number(run, load->rows, rows);
    if (!load->skips_are_rows) {
        lum_print_text(&run->print, LUM_TEXT_records_saved, texts[CREATED], NULL, NULL);
        return;
    }
    lum_print_text(&run->print, LUM_TEXT_import_done, rows, texts[CREATED], texts[CHANGED]);
    if (load->ends[SAME] > 0) {
        lum_print_text(&run->print, LUM_TEXT_import_same, texts[SAME], NULL, NULL);
    }
    if (load->ends[DELETED] > 0) {
        lum_print_text(&run->print, LUM_TEXT_import_deleted, texts[DELETED], NULL, NULL);
    }
}

/* ---- the two verbs ---- */

static bool ends_in(const char *path, const char *ending)
{
    size_t len = strlen(path);
    size_t tail = strlen(ending);

    return len > tail && strcmp(path + len - tail, ending) == 0;
}

static enum lum_status run_load(struct load *load, const char *path, const char *coll,
                                struct lum_error *err)
{
    struct lum_spool spool;
    enum lum_status status;

    if (!lum_collection_is_valid(lum_bytes_of(coll, strlen(coll)))) {
        return lum_fail(err, LUM_CAUSE_bad_collection, coll, NULL);
    }
    status = lum_spool_open(path, load->run->stop, &spool, err);
    if (status != LUM_OK) {
        return status;
    }
    load->options.spool = &spool;
    load->options.lang = load->run->options.lang;
    load->options.stop = load->run->stop;
    if (!load->options.is_json && load->is_unnamed) {
        load->options.is_json = ends_in(path, ".ndjson") || ends_in(path, ".jsonl") ||
                                lum_spool_first(&spool) == '{';
    }
    lum_question_init(&load->question, load->skips_are_rows ? "import" : "put");
    lum_question_text(&load->question, "coll", coll);
    lum_batches_init(&load->batches);
    status = carry(load, err);
    lum_batches_fini(&load->batches);
    lum_question_fini(&load->question);
    lum_spool_close(&spool);
    if (status != LUM_OK) {
        return status;
    }
    say(load);
    return lum_show_flush(load->run, err);
}

enum lum_status lum_import_put(struct lum_run *run, const char *path, struct lum_error *err)
{
    struct load load = {.run = run, .options = {.is_json = true, .key = LUM_KEY_NONE}};

    return run_load(&load, path, run->options.words[0], err);
}

enum lum_status lum_cmd_import(struct lum_run *run, struct lum_error *err)
{
    const char *keys = run->options.at[LUM_OPTION_KEY];
    const char *format = run->options.at[LUM_OPTION_FORMAT];
    struct load load = {.run = run, .is_unnamed = format == NULL, .skips_are_rows = true};

    if (format != NULL && strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0) {
        return lum_fail(err, LUM_CAUSE_bad_usage, "--format csv|ndjson", "import");
    }
    load.options.is_json = format != NULL && strcmp(format, "ndjson") == 0;
    load.options.key = keys != NULL ? LUM_KEY_FIELDS : LUM_KEY_NUMBER;
    load.options.key_fields = keys;
    return run_load(&load, run->options.words[1], run->options.words[0], err);
}
