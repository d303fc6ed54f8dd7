/*
 * bench_tell.c - figures: medians, aims, and how they are shown.
 *
 * A row of JSON, and of the table for people:
 *   {"row", "figure", "value", "unit", "min", "max", "runs", "aim"?, "holds"?, "ok"?, "stands"?}
 *   aim: what the design aims at, holds: what must hold; ok and stands: is it reached
 */
#include <stdio.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/format.h"
#include "cli/show.h"
#include "core/sort.h"
#include "net/reply.h"

enum sense {
    SENSE_NONE,
    SENSE_MOST,
    SENSE_LEAST,
};

#define NONE           (-1) /* no figure is below 0 */
#define NO_AIM         SENSE_NONE, NONE, NONE
#define AT_MOST(a, h)  SENSE_MOST, a, h
#define AT_LEAST(a, h) SENSE_LEAST, a, h

static const struct {
    const char *name;
    const char *row;
    const char *unit;
    enum sense sense;
    double aim;
    double holds;
    const char *words[LUM_LANGS];
} figures[] = {
#define FIGURE(name, row, unit, aim, english, indonesian)                                          \
    {#name, row, unit, aim, {[LUM_LANG_EN] = english, [LUM_LANG_ID] = indonesian}},
#include "cli/bench.def"
#undef FIGURE
};

/* ---- numbers ---- */

double lum_bench_since(uint64_t begun_us)
{
    return (double)(lum_command_now_us() - begun_us) / 1e6;
}

void lum_bench_add(struct lum_bench_samples *samples, double value)
{
    LUM_ASSERT(samples->count < LUM_BENCH_RUNS);
    samples->at[samples->count++] = value;
}

static int by_size(const void *self, const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    (void)self;
    return x < y ? -1 : (x > y ? 1 : 0);
}

double lum_bench_percentile(double *at, size_t count, unsigned percent)
{
    LUM_ASSERT(count > 0 && percent <= 100);
    lum_sort(&(struct lum_sort){at, count, sizeof(*at), by_size, NULL});
    return at[(count * percent + 99) / 100 - (percent > 0 ? 1 : 0)];
}

double lum_bench_median(const struct lum_bench_samples *samples)
{
    struct lum_bench_samples sorted = *samples;

    return lum_bench_percentile(sorted.at, sorted.count, 50);
}

static bool is_reached(enum sense sense, double value, double bound)
{
    return sense == SENSE_MOST ? value <= bound : value >= bound;
}

/* ---- for programs ---- */

static void tell_json(const struct lum_bench *bench, enum lum_bench_figure figure,
                      const struct lum_bench_samples *sorted, double value)
{
    enum sense sense = figures[figure].sense;
    double aim = figures[figure].aim;
    double holds = figures[figure].holds;
    struct lum_reply reply;
    struct lum_buf map;

    lum_reply_init(&reply, NULL);
    lum_buf_init(&map, LUM_VALUE_MAX);
    lum_reply_cstr(&reply, "row", figures[figure].row);
    lum_reply_cstr(&reply, "figure", figures[figure].name);
    lum_reply_cstr(&reply, "unit", figures[figure].unit);
    lum_reply_real(&reply, "value", value);
    lum_reply_real(&reply, "min", sorted->at[0]);
    lum_reply_real(&reply, "max", sorted->at[sorted->count - 1]);
    lum_reply_uint(&reply, "runs", sorted->count);
    if (sense != SENSE_NONE) {
        lum_reply_real(&reply, "aim", aim);
        lum_reply_bool(&reply, "ok", is_reached(sense, value, aim));
        if (holds >= 0) {
            lum_reply_real(&reply, "holds", holds);
            lum_reply_bool(&reply, "stands", is_reached(sense, value, holds));
        }
    }
    lum_reply_map(&reply, &map);
    lum_show_json(bench->run, lum_buf_bytes(&map));
    fflush(bench->run->print.out);
    lum_buf_fini(&map);
    lum_reply_fini(&reply);
}

/* ---- for people ---- */

/* Three figures at least: 0.0312, 4.81, 48.1, 48,120. */
static void put_value(struct lum_buf *out, enum lum_lang lang, double value)
{
    char text[400];
    char *point;
    int digits = value >= 100 ? 0 : (value >= 10 ? 1 : (value >= 1 ? 2 : 4));

    if (digits == 0) {
        lum_format_number(out, lang, (uint64_t)(value + 0.5));
        return;
    }
    snprintf(text, sizeof(text), "%.*f", digits, value);
    point = strchr(text, '.');
    if (point != NULL) {
        *point = lum_text_plain(lang, LUM_TEXT_decimal_mark)[0];
    }
    lum_buf_put(out, text, strlen(text));
}

static void put_text(struct lum_buf *out, const char *text)
{
    lum_buf_put(out, text, strlen(text));
}

static void put_cell(struct lum_bench *bench, struct lum_buf *text)
{
    lum_table_cell(&bench->table, lum_buf_bytes(text));
    lum_buf_reset(text);
}

/* ">= 30", "missed" */
static void put_aim(struct lum_buf *text, enum lum_lang lang, enum lum_bench_figure figure,
                    double value)
{
    enum sense sense = figures[figure].sense;

    if (sense == SENSE_NONE) {
        return;
    }
    put_text(text, sense == SENSE_MOST ? "<= " : ">= ");
    put_value(text, lang, figures[figure].aim);
    if (!is_reached(sense, value, figures[figure].aim)) {
        put_text(text, "  ");
        put_text(text, lum_text_plain(lang, LUM_TEXT_bench_missed));
    }
}

static void tell_person(struct lum_bench *bench, enum lum_bench_figure figure,
                        const struct lum_bench_samples *sorted, double value)
{
    enum lum_lang lang = bench->run->print.lang;
    struct lum_buf text;

    lum_buf_init(&text, LUM_VALUE_MAX);
    put_text(&text, figures[figure].row);
    put_cell(bench, &text);
    put_text(&text, figures[figure].words[lang]);
    put_cell(bench, &text);
    put_value(&text, lang, value);
    put_cell(bench, &text);
    put_text(&text, figures[figure].unit);
    put_cell(bench, &text);
    if (sorted->count > 1) {
        put_value(&text, lang, sorted->at[0]);
        put_text(&text, " .. ");
        put_value(&text, lang, sorted->at[sorted->count - 1]);
    }
    put_cell(bench, &text);
    put_aim(&text, lang, figure, value);
    put_cell(bench, &text);
    lum_buf_fini(&text);
    lum_progress_show(&bench->progress, bench->told, LUM_FIGURES, lum_command_now_us());
}

void lum_bench_tell(struct lum_bench *bench, enum lum_bench_figure figure,
                    const struct lum_bench_samples *samples)
{
    struct lum_bench_samples sorted = *samples;
    enum sense sense = figures[figure].sense;
    double holds = figures[figure].holds;
    double value = lum_bench_percentile(sorted.at, sorted.count, 50);

    bench->told++;
    bench->missed += sense != SENSE_NONE && !is_reached(sense, value, figures[figure].aim);
    bench->fallen += sense != SENSE_NONE && holds >= 0 && !is_reached(sense, value, holds);
    if (bench->run->print.is_json) {
        tell_json(bench, figure, &sorted, value);
    } else {
        tell_person(bench, figure, &sorted, value);
    }
}

void lum_bench_tell_one(struct lum_bench *bench, enum lum_bench_figure figure, double value)
{
    struct lum_bench_samples samples = {.count = 0};

    lum_bench_add(&samples, value);
    lum_bench_tell(bench, figure, &samples);
}
