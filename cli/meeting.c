/* meeting.c - see meeting.h. */
#include "cli/meeting.h"

#include <stdio.h>
#include <string.h>

#include "cli/map.h"
#include "cli/number.h"
#include "cli/show.h"
#include "core/limits.h"

enum {
    HOUR_MS = 60 * 60 * 1000,
    DAY_MS = 24 * HOUR_MS,
};

/* The neighbour's name, its address, or both. */
static const char *who(struct lum_bytes map, char out[LUM_PIECE])
{
    char name[LUM_PIECE];
    char address[LUM_PIECE];

    lum_show_cut(lum_map_text(map, "name"), name);
    lum_show_cut(lum_map_text(map, "address"), address);
    if (name[0] != '\0' && address[0] != '\0') {
        snprintf(out, LUM_PIECE, "%.80s (%.70s)", name, address);
    } else {
        snprintf(out, LUM_PIECE, "%s", name[0] != '\0' ? name : address);
    }
    return out;
}

/* "received 31, sent 12, 1 conflict" */
static void counts(const struct lum_run *run, struct lum_bytes map, struct lum_buf *out)
{
    char received[LUM_PIECE];
    char sent[LUM_PIECE];
    char conflicts[LUM_PIECE];

    lum_show_number(run, lum_map_uint(map, "received"), received);
    lum_show_number(run, lum_map_uint(map, "sent"), sent);
    lum_text(out, run->print.lang, LUM_TEXT_meeting_counts, received, sent, NULL);
    if (lum_map_uint(map, "conflicts") > 0) {
        lum_show_number(run, lum_map_uint(map, "conflicts"), conflicts);
        lum_text(out, run->print.lang, LUM_TEXT_meeting_conflicts, conflicts, NULL, NULL);
    }
}

static void say_clock(const struct lum_run *run, int64_t ms, const char *name)
{
    uint64_t size = ms < 0 ? (uint64_t)-ms : (uint64_t)ms;
    char text[LUM_PIECE];

    if (size < LUM_CLOCK_WARN_MS) {
        return;
    }
    if (size < 2 * (uint64_t)DAY_MS) {
        lum_show_number(run, size / HOUR_MS, text);
        lum_print_text(&run->print,
                       ms < 0 ? LUM_TEXT_clock_hours_behind : LUM_TEXT_clock_hours_ahead, name,
                       text, NULL);
    } else {
        lum_show_number(run, size / DAY_MS, text);
        lum_print_text(&run->print,
                       ms < 0 ? LUM_TEXT_clock_days_behind : LUM_TEXT_clock_days_ahead, name, text,
                       NULL);
    }
}

/* A neighbour that could not be met: the row carries an error. */
static bool say_failure(const struct lum_run *run, struct lum_bytes map)
{
    struct lum_error error = {.cause = lum_answer_cause(lum_map_text(map, "code"))};
    struct lum_buf text;

    if (error.cause == LUM_CAUSE_none) {
        return false;
    }
    lum_show_cut(lum_map_text(map, "one"), error.one);
    lum_show_cut(lum_map_text(map, "two"), error.two);
    lum_buf_init(&text, LUM_VALUE_MAX);
    lum_text_cause(&text, run->print.lang, &error, LUM_CAUSE_WHAT);
    lum_buf_put_byte(&text, ' ');
    lum_text_cause(&text, run->print.lang, &error, LUM_CAUSE_WHY);
    lum_buf_put_byte(&text, '\n');
    fwrite(text.at, 1, text.len, run->print.out);
    lum_buf_fini(&text);
    return true;
}

void lum_meeting_say(const struct lum_run *run, struct lum_bytes map)
{
    const struct lum_print *print = &run->print;
    char name[LUM_PIECE];
    char time[LUM_PIECE];
    char fault[LUM_PIECE];
    char told[LUM_PIECE];
    struct lum_buf text;

    if (say_failure(run, map)) {
        return;
    }
    who(map, name);
    if (lum_map_uint(map, "t") == 0 && !lum_map_bool(map, "live")) {
        lum_print_text(print, LUM_TEXT_meeting_never, name, NULL, NULL);
        return;
    }
    lum_buf_init(&text, LUM_PIECE);
    counts(run, map, &text);
    lum_show_cut(lum_buf_bytes(&text), told);
    lum_buf_fini(&text);
    lum_show_time(run, lum_map_uint(map, "t"), time);
    lum_print_text(print,
                   lum_map_bool(map, "equal") ? LUM_TEXT_meeting_equal : LUM_TEXT_meeting_unequal,
                   name, time, told);
    say_clock(run, lum_map_int(map, "clock_ms"), name);
    lum_show_cut(lum_map_text(map, "fault"), fault);
    if (fault[0] != '\0') {
        lum_print_text(print, LUM_TEXT_meeting_fault, name, fault, NULL);
    }
    if (lum_map_bool(map, "fork")) {
        lum_print_text(print, LUM_TEXT_meeting_fork, name, NULL, NULL);
    }
    if (lum_map_bool(map, "copy")) {
        lum_print_text(print, LUM_TEXT_meeting_copy, name, NULL, NULL);
    }
}

enum lum_status lum_meeting_address(const char *text, struct lum_error *err)
{
    const char *colon = strrchr(text, ':');
    int64_t port = 0;

    if (colon == NULL || colon == text ||
        !lum_number_to_int(lum_bytes_of(colon + 1, strlen(colon + 1)), &port) || port < 1 ||
        port > UINT16_MAX) {
        return lum_fail(err, LUM_CAUSE_bad_address, text, NULL);
    }
    return LUM_OK;
}
