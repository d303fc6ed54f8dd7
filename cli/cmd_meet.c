/* cmd_meet.c - sync: meet now; peers: whom we know and how the last meeting went. */
#include <stdio.h>

#include "cli/map.h"
#include "cli/meeting.h"
#include "cli/show.h"

static void on_meeting(struct lum_show *show, struct lum_bytes map)
{
    /* That the only one could not be met is told by the error itself. */
    bool is_told = show->run->options.word_count > 0 && lum_map_text(map, "code").len > 0;

    if (!is_told) {
        lum_meeting_say(show->run, map);
    }
}

static void on_synced(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_run *run = show->run;
    char one[LUM_PIECE];
    char two[LUM_PIECE];
    char three[LUM_PIECE];

    lum_show_number(run, lum_map_uint(map, "records_new"), one);
    lum_show_number(run, lum_map_uint(map, "records_changed"), two);
    lum_show_number(run, lum_map_uint(map, "records_deleted"), three);
    lum_print_text(&run->print, LUM_TEXT_sync_records, one, two, three);
    lum_show_size(run, lum_map_uint(map, "bytes_in"), one);
    lum_show_size(run, lum_map_uint(map, "bytes_out"), two);
    lum_show_seconds(run, lum_map_real(map, "seconds"), three);
    lum_print_text(&run->print, LUM_TEXT_sync_bytes, one, two, three);
    if (lum_map_uint(map, "conflicts") > 0) {
        lum_show_number(run, lum_map_uint(map, "conflicts"), one);
        lum_print_text(&run->print, LUM_TEXT_status_conflicts, one, NULL, NULL);
    }
}

enum lum_status lum_cmd_sync(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .row = on_meeting, .done = on_synced,
                            .label = LUM_TEXT_label_meeting};
    const char *address = run->options.word_count > 0 ? run->options.words[0] : NULL;
    struct lum_question question;
    enum lum_status status = address == NULL ? LUM_OK : lum_meeting_address(address, err);

    if (status != LUM_OK) {
        return status;
    }
    lum_question_init(&question, "sync");
    if (address != NULL) {
        lum_question_text(&question, "address", address);
    }
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}

static void on_peers(struct lum_show *show, struct lum_bytes map)
{
    if (lum_map_uint(map, "peers") == 0) {
        lum_print_text(&show->run->print, LUM_TEXT_peers_none, NULL, NULL, NULL);
    }
}

enum lum_status lum_cmd_peers(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .row = on_meeting, .done = on_peers,
                            .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "peers");
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}
