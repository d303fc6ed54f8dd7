/* progress.c - see progress.h. */
#include "cli/progress.h"

#include <string.h>

#include "cli/format.h"
#include "core/text.h"

enum {
    DRAW_EVERY_US = 100 * 1000,
    SECOND_US = 1000 * 1000,
    BAR_MAX = 28,
    BAR_MIN = 8,
    LINE_BYTES_MAX = 1024,
};

static void put(struct lum_buf *out, const char *text)
{
    lum_buf_put(out, text, strlen(text));
}

/* A number as a particular of a sentence. */
static void number_text(enum lum_lang lang, uint64_t number, char text[40])
{
    struct lum_buf buf;
    lum_buf_init(&buf, 40);
    lum_format_number(&buf, lang, number);
    lum_text_take(&buf, text, 40);
}

static uint64_t per_second(const struct lum_progress *progress, uint64_t done, uint64_t now_us)
{
    uint64_t spent_us = now_us - progress->begun_us;
    return spent_us == 0 ? 0 : (uint64_t)((double)done * SECOND_US / (double)spent_us);
}

/* "812 of 1,268   1,234/s   0:03 left" */
static void put_figures(const struct lum_progress *progress, uint64_t done, uint64_t total,
                        uint64_t now_us, struct lum_buf *out)
{
    enum lum_lang lang = progress->print->lang;
    uint64_t rate = per_second(progress, done, now_us);
    char of_done[40];
    char of_total[40];
    number_text(lang, done, of_done);
    number_text(lang, total, of_total);
    if (total > 0) {
        lum_text(out, lang, LUM_TEXT_progress_of, of_done, of_total, NULL);
    } else {
        put(out, of_done);
    }
    put(out, "   ");
    lum_format_number(out, lang, rate);
    put(out, "/s");
    if (total > done && rate > 0) {
        char left[40];
        struct lum_buf clock;
        lum_buf_init(&clock, sizeof(left));
        lum_format_clock(&clock, (total - done + rate - 1) / rate);
        lum_text_take(&clock, left, sizeof(left));
        put(out, "   ");
        lum_text(out, lang, LUM_TEXT_progress_left, left, NULL, NULL);
    }
}

/* "[####----]  50%   " */
static void put_bar(uint64_t done, uint64_t total, size_t width, struct lum_buf *out)
{
    double part = (double)(done < total ? done : total) / (double)total;
    size_t full = (size_t)(part * (double)width);
    lum_buf_put_byte(out, '[');
    for (size_t i = 0; i < width; i++) {
        lum_buf_put_byte(out, i < full ? '#' : '-');
    }
    put(out, "]  ");
    lum_format_number(out, LUM_LANG_EN, (uint64_t)(part * 100));
    put(out, "%   ");
}

/* The bar takes the columns that are left; a narrow terminal gets the bare count. */
void lum_progress_line(const struct lum_progress *progress, uint64_t done, uint64_t total,
                       uint64_t now_us, struct lum_buf *out)
{
    struct lum_buf figures;
    lum_buf_init(&figures, LINE_BYTES_MAX);
    put_figures(progress, done, total, now_us, &figures);
    size_t width = progress->print->width;
    size_t taken = lum_text_width(lum_bytes_of(progress->label, strlen(progress->label))) + 2 +
                   lum_text_width(lum_buf_bytes(&figures));
    size_t with_bar = taken + strlen("[]  100%   ");
    put(out, progress->label);
    put(out, "  ");
    if (total > 0 && with_bar + BAR_MIN < width) {
        size_t room = width - with_bar - 1;
        put_bar(done, total, room < BAR_MAX ? room : BAR_MAX, out);
    }
    if (taken < width) {
        lum_buf_put(out, figures.at, figures.len);
    } else {
        lum_format_number(out, progress->print->lang, done);
    }
    lum_buf_fini(&figures);
}

void lum_progress_begin(struct lum_progress *progress, const struct lum_print *print,
                        const char *label, uint64_t now_us)
{
    *progress = (struct lum_progress){.print = print, .label = label, .begun_us = now_us};
}

void lum_progress_show(struct lum_progress *progress, uint64_t done, uint64_t total,
                       uint64_t now_us)
{
    /* What ends at once shows nothing, and a rate needs some time behind it. */
    uint64_t since_us = progress->drawn_us == 0 ? progress->begun_us : progress->drawn_us;
    bool is_due = now_us - since_us >= DRAW_EVERY_US;
    if (!progress->print->has_progress || !is_due) {
        return;
    }
    progress->drawn_us = now_us;
    struct lum_buf line;
    lum_buf_init(&line, 2 * LINE_BYTES_MAX);
    lum_progress_line(progress, done, total, now_us, &line);
    fputs("\r", progress->print->err);
    if (line.len > 0) {
        fwrite(line.at, 1, line.len, progress->print->err);
    }
    fputs("\033[K", progress->print->err); /* what a longer line before left there */
    fflush(progress->print->err);
    lum_buf_fini(&line);
}

void lum_progress_end(struct lum_progress *progress)
{
    if (progress->drawn_us != 0) {
        fputs("\r\033[K", progress->print->err);
        fflush(progress->print->err);
    }
}
