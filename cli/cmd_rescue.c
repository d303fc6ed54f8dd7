/* cmd_rescue.c - rescue FOLDER: what is left of a damaged store, in a new folder. */
#include <stdio.h>
#include <string.h>

#include "cli/show.h"
#include "core/rescue.h"
#include "net/host.h"

static void say_rescued(const struct lum_run *run, const struct lum_rescue_report *report)
{
    char events[LUM_PIECE];
    char logs[LUM_PIECE];
    char lost[LUM_PIECE];
    struct lum_buf out;

    if (!run->print.is_json) {
        lum_show_number(run, report->events, events);
        lum_show_number(run, report->logs, logs);
        lum_print_text(&run->print, LUM_TEXT_rescued, events, logs, run->options.words[0]);
        if (report->lost > 0) {
            lum_show_number(run, report->lost, lost);
            lum_show_number(run, report->logs - report->whole, logs);
            lum_print_text(&run->print, LUM_TEXT_rescued_lost, lost, logs, NULL);
        }
        lum_show_hint(run, LUM_TEXT_rescued_next);
        return;
    }
    lum_buf_init(&out, LUM_VALUE_MAX);
    lum_pack_map(&out, 6);
    lum_pack_cstr(&out, "dir");
    lum_pack_cstr(&out, run->options.words[0]);
    lum_pack_cstr(&out, "events");
    lum_pack_uint(&out, report->events);
    lum_pack_cstr(&out, "logs");
    lum_pack_uint(&out, report->logs);
    lum_pack_cstr(&out, "lost");
    lum_pack_uint(&out, report->lost);
    lum_pack_cstr(&out, "rows");
    lum_pack_uint(&out, report->rows);
    lum_pack_cstr(&out, "whole");
    lum_pack_uint(&out, report->whole);
    lum_show_json(run, lum_buf_bytes(&out));
    lum_buf_fini(&out);
}

/* The damaged folder is only read: not even its lock is taken, which may be what does not work. */
enum lum_status lum_cmd_rescue(struct lum_run *run, struct lum_error *err)
{
    struct lum_client_options options = lum_command_client(run);
    struct lum_rescue_report report;
    enum lum_status status;

    options.dir = run->options.words[0];
    status = lum_client_move_in(&options, &run->client, err);
    if (status == LUM_OK) {
        status = lum_rescue(lum_host_env(), run->options.dir, options.dir, &report, err);
    }
    if (status == LUM_OK) {
        say_rescued(run, &report);
    }
    return status;
}
