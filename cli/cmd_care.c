/* cmd_care.c - verify, rebuild, compact: is everything right, and the files made anew. */
#include <stdio.h>
#include <string.h>

#include "cli/map.h"
#include "cli/show.h"

static enum lum_status ask(struct lum_show *show, const char *name, struct lum_error *err)
{
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, name);
    status = lum_show_ask(show, &question, err);
    lum_question_fini(&question);
    return status;
}

/* ---- verify ---- */

struct checked {
    uint64_t events;
    uint64_t logs;
    uint64_t begun_us;
};

static void on_part(struct lum_show *show, struct lum_bytes map)
{
    struct checked *checked = show->self;
    char part[LUM_PIECE];
    char detail[LUM_PIECE];

    checked->events += lum_map_uint(map, "events");
    checked->logs += lum_map_uint(map, "logs");
    if (!lum_map_bool(map, "ok")) {
        lum_show_cut(lum_map_text(map, "part"), part);
        lum_show_cut(lum_map_text(map, "detail"), detail);
        lum_print_text(&show->run->print, LUM_TEXT_verify_wrong, part, detail, NULL);
    }
}

static void on_verified(struct lum_show *show, struct lum_bytes map)
{
    const struct checked *checked = show->self;
    const struct lum_run *run = show->run;
    char events[LUM_PIECE];
    char logs[LUM_PIECE];
    char seconds[LUM_PIECE];

    (void)map;
    lum_show_number(run, checked->events, events);
    lum_show_number(run, checked->logs, logs);
    lum_show_seconds(run, (double)(lum_command_now_us() - checked->begun_us) / 1e6, seconds);
    lum_print_text(&run->print, LUM_TEXT_verify_right, events, logs, seconds);
}

enum lum_status lum_cmd_verify(struct lum_run *run, struct lum_error *err)
{
    struct checked checked = {.begun_us = lum_command_now_us()};
    struct lum_show show = {.run = run, .self = &checked, .row = on_part, .done = on_verified,
                            .label = LUM_TEXT_label_verifying};

    return ask(&show, "verify", err);
}

/* ---- rebuild, compact ---- */

static void on_rebuilt(struct lum_show *show, struct lum_bytes map)
{
    char records[LUM_PIECE];

    lum_show_number(show->run, lum_map_uint(map, "records"), records);
    lum_print_text(&show->run->print, LUM_TEXT_rebuilt, records, NULL, NULL);
}

enum lum_status lum_cmd_rebuild(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = on_rebuilt, .label = LUM_TEXT_label_rebuilding};

    return ask(&show, "rebuild", err);
}

static void on_compacted(struct lum_show *show, struct lum_bytes map)
{
    char before[LUM_PIECE];
    char after[LUM_PIECE];

    lum_show_size(show->run,
                  lum_map_uint(map, "bytes_log_before") + lum_map_uint(map, "bytes_view_before"),
                  before);
    lum_show_size(show->run, lum_map_uint(map, "bytes_log") + lum_map_uint(map, "bytes_view"),
                  after);
    lum_print_text(&show->run->print, LUM_TEXT_compacted, before, after, NULL);
}

enum lum_status lum_cmd_compact(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = on_compacted, .label = LUM_TEXT_label_compacting};

    return ask(&show, "compact", err);
}
