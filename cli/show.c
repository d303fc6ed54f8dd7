/* show.c - see show.h. */
#include "cli/show.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/format.h"
#include "cli/json_write.h"
#include "cli/map.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "net/host.h"

enum {
    SHORT_ID = 8, /* hex digits */
};

/* ---- asking ---- */

void lum_show_json(const struct lum_run *run, struct lum_bytes map)
{
    struct lum_buf line;

    lum_buf_init(&line, (size_t)4 * LUM_REQUEST_MAX);
    lum_json_write(map, &line);
    lum_buf_put_byte(&line, '\n');
    if (line.len > 0) {
        fwrite(line.at, 1, line.len, run->print.out);
    }
    lum_buf_fini(&line);
}

static enum lum_status fail_out(int code, struct lum_error *err)
{
    if (code == EPIPE) {
        return LUM_STOPPED; /* whoever read has had enough */
    }
    return lum_host_fail(code != 0 ? code : EIO, "stdout", err);
}

enum lum_status lum_show_flush(const struct lum_run *run, struct lum_error *err)
{
    errno = 0;
    return fflush(run->print.out) == 0 && !ferror(run->print.out) ? LUM_OK : fail_out(errno, err);
}

static void end_progress(struct lum_show *show)
{
    if (show->has_progress) {
        lum_progress_end(&show->progress);
        show->has_progress = false;
    }
}

/* What is printed is made of many pieces, and one that finds no memory is left out. */
static enum lum_status must_be_whole(const struct lum_show *show, struct lum_error *err)
{
    return lum_mem_shortages() == show->shortages ? LUM_OK
                                                  : lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
}

static enum lum_status on_row(void *self, struct lum_bytes map, struct lum_error *err)
{
    struct lum_show *show = self;

    end_progress(show);
    errno = 0;
    if (show->run->print.is_json && !show->is_silent) {
        lum_show_json(show->run, map);
    } else if (show->row != NULL) {
        show->row(show, map);
    }
    return ferror(show->run->print.out) ? fail_out(errno, err) : must_be_whole(show, err);
}

static enum lum_status on_done(void *self, struct lum_bytes map, struct lum_error *err)
{
    struct lum_show *show = self;

    end_progress(show);
    if (show->run->print.is_json && !show->is_silent) {
        lum_show_json(show->run, map);
    } else if (show->done != NULL) {
        show->done(show, map);
    }
    enum lum_status status = lum_show_flush(show->run, err);
    return status == LUM_OK ? must_be_whole(show, err) : status;
}

static void on_progress(void *self, uint64_t done, uint64_t total)
{
    struct lum_show *show = self;
    const char *label = lum_text_plain(show->run->print.lang, show->label);

    if (!show->has_progress) {
        lum_progress_begin(&show->progress, &show->run->print, label, lum_command_now_us());
        show->has_progress = true;
    }
    lum_progress_show(&show->progress, done, total, lum_command_now_us());
}

enum lum_status lum_show_ask(struct lum_show *show, struct lum_question *question,
                             struct lum_error *err)
{
    const struct lum_answer answer = {show, on_row, on_done, on_progress};
    struct lum_bytes body;
    enum lum_status status = lum_question_end(question, &body);

    if (status == LUM_LIMIT) {
        return lum_fail(err, LUM_CAUSE_event_too_big, "16 MiB", NULL);
    }
    if (status != LUM_OK) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    show->shortages = lum_mem_shortages();
    status = lum_command_open(show->run, err);
    if (status == LUM_OK) {
        status = lum_client_ask(show->run->client, body, &answer, err);
    }
    end_progress(show);
    return status;
}

/* ---- pieces of sentences ---- */

const char *lum_show_cut(struct lum_bytes text, char out[LUM_PIECE])
{
    size_t len = text.len < LUM_PIECE - 1 ? text.len : LUM_PIECE - 1;

    while (len < text.len && len > 0 && (text.at[len] & 0xc0) == 0x80) {
        len--; /* not inside a character */
    }
    if (len > 0) {
        memcpy(out, text.at, len);
    }
    out[len] = '\0';
    return out;
}

/* What a formatter appended, as a piece. */
static const char *piece_of(struct lum_buf *text, char out[LUM_PIECE])
{
    lum_show_cut(lum_buf_bytes(text), out);
    lum_buf_fini(text);
    return out;
}

void lum_show_hint(const struct lum_run *run, enum lum_text_id text)
{
    if (run->print.has_progress) {
        lum_print_note(&run->print, text, NULL, NULL, NULL);
    }
}

const char *lum_show_number(const struct lum_run *run, uint64_t number, char out[LUM_PIECE])
{
    struct lum_buf text;

    lum_buf_init(&text, LUM_PIECE);
    lum_format_number(&text, run->print.lang, number);
    return piece_of(&text, out);
}

const char *lum_show_size(const struct lum_run *run, uint64_t bytes, char out[LUM_PIECE])
{
    struct lum_buf text;

    lum_buf_init(&text, LUM_PIECE);
    lum_format_size(&text, run->print.lang, bytes);
    return piece_of(&text, out);
}

const char *lum_show_time(const struct lum_run *run, uint64_t wall_ms, char out[LUM_PIECE])
{
    struct lum_buf text;

    lum_buf_init(&text, LUM_PIECE);
    lum_format_time(&text, run->print.lang, wall_ms);
    return piece_of(&text, out);
}

const char *lum_show_seconds(const struct lum_run *run, double seconds, char out[LUM_PIECE])
{
    struct lum_buf text;

    lum_buf_init(&text, LUM_PIECE);
    lum_format_seconds(&text, run->print.lang, (uint64_t)(seconds * 1000));
    return piece_of(&text, out);
}

const char *lum_show_id(struct lum_bytes map, size_t digits, char out[LUM_PIECE])
{
    struct lum_bytes key = lum_map_text(map, "key");
    struct lum_bytes id = lum_map_text(map, "id");

    if (key.len > 0 && key.len < LUM_PIECE / 2 && !lum_utf8_has_control(key)) {
        return lum_show_cut(key, out);
    }
    id.len = id.len < digits ? id.len : digits;
    return lum_show_cut(id, out);
}

const char *lum_show_record(struct lum_bytes map, char out[LUM_PIECE])
{
    char id[LUM_PIECE];
    char coll[LUM_PIECE];

    lum_show_cut(lum_map_text(map, "coll"), coll);
    lum_show_id(map, SHORT_ID, id);
    snprintf(out, LUM_PIECE, "%.64s/%.90s", coll, id);
    return out;
}

const char *lum_show_event(struct lum_bytes event, char out[LUM_PIECE])
{
    const uint8_t *colon = event.len > 0 ? memchr(event.at, ':', event.len) : NULL;
    size_t hex = colon == NULL ? 0 : (size_t)(colon - event.at);
    size_t kept = hex < SHORT_ID ? hex : SHORT_ID;

    if (colon == NULL) {
        return lum_show_cut(event, out);
    }
    snprintf(out, LUM_PIECE, "%.*s%.*s", (int)kept, (const char *)event.at,
             (int)(event.len - hex < 24 ? event.len - hex : 24), (const char *)colon);
    return out;
}

void lum_show_value(struct lum_buf *out, struct lum_bytes value)
{
    struct lum_cur cur = lum_cur_over(value);

    if (lum_cur_peek(&cur) == LUM_PACK_STR) {
        struct lum_bytes text = lum_cur_str(&cur, value.len);
        lum_buf_put(out, text.at, text.len);
    } else if (value.len > 0 && lum_cur_peek(&cur) != LUM_PACK_NIL) {
        lum_json_write(value, out);
    }
}
