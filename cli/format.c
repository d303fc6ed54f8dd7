/* format.c - see format.h. */
#include "cli/format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void put(struct lum_buf *out, const char *text)
{
    lum_buf_put(out, text, strlen(text));
}

void lum_format_number(struct lum_buf *out, enum lum_lang lang, uint64_t number)
{
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number);
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            put(out, lum_text_plain(lang, LUM_TEXT_group_mark));
        }
        lum_buf_put_byte(out, (uint8_t)digits[i]);
    }
}

/* tenths of a unit: 48 is 4.8 */
static void put_tenths(struct lum_buf *out, enum lum_lang lang, uint64_t tenths)
{
    lum_format_number(out, lang, tenths / 10);
    put(out, lum_text_plain(lang, LUM_TEXT_decimal_mark));
    lum_buf_put_byte(out, (uint8_t)('0' + tenths % 10));
}

void lum_format_size(struct lum_buf *out, enum lum_lang lang, uint64_t bytes)
{
    static const char *const units[] = {" B", " kB", " MB", " GB", " TB", " PB", " EB"};
    size_t unit = 0;
    uint64_t scale = 1;
    while (bytes / scale >= 1000) {
        scale *= 1000;
        unit++;
    }
    uint64_t whole = bytes / scale;
    if (unit > 0 && whole < 10) {
        put_tenths(out, lang, whole * 10 + bytes % scale / (scale / 10));
    } else {
        lum_format_number(out, lang, whole);
    }
    put(out, units[unit]);
}

void lum_format_clock(struct lum_buf *out, uint64_t seconds)
{
    char text[48];
    uint64_t minutes = seconds / 60;
    if (minutes < 60) {
        snprintf(text, sizeof(text), "%" PRIu64 ":%02u", minutes, (unsigned)(seconds % 60));
    } else {
        snprintf(text, sizeof(text), "%" PRIu64 ":%02u:%02u", minutes / 60,
                 (unsigned)(minutes % 60), (unsigned)(seconds % 60));
    }
    put(out, text);
}

void lum_format_seconds(struct lum_buf *out, enum lum_lang lang, uint64_t ms)
{
    put_tenths(out, lang, (ms + 50) / 100);
    put(out, " s");
}

/* The name of a month, 0 to 11: the sentence lists them, three letters and a blank each. */
static const char *month_name(enum lum_lang lang, int month)
{
    return lum_text_plain(lang, LUM_TEXT_months) + (size_t)month * 4;
}

void lum_format_time(struct lum_buf *out, enum lum_lang lang, uint64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    if (localtime_r(&seconds, &local) == NULL) {
        lum_format_iso(out, wall_ms);
        return;
    }
    char text[64];
    snprintf(text, sizeof(text), "%d %.3s %d %02d:%02d", local.tm_mday,
             month_name(lang, local.tm_mon), local.tm_year + 1900, local.tm_hour, local.tm_min);
    put(out, text);
}

void lum_format_ago(struct lum_buf *out, enum lum_lang lang, uint64_t wall_ms, uint64_t now_ms)
{
    static const struct {
        uint64_t minutes;
        enum lum_text_id past;
        enum lum_text_id ahead;
    } units[] = {
        {24 * 60, LUM_TEXT_time_days_ago, LUM_TEXT_time_days_ahead},
        {60, LUM_TEXT_time_hours_ago, LUM_TEXT_time_hours_ahead},
        {1, LUM_TEXT_time_minutes_ago, LUM_TEXT_time_minutes_ahead},
    };
    bool is_past = wall_ms <= now_ms;
    uint64_t minutes = (is_past ? now_ms - wall_ms : wall_ms - now_ms) / 60000;
    for (size_t i = 0; i < LUM_COUNT(units); i++) {
        if (minutes >= units[i].minutes) {
            char count[24];
            snprintf(count, sizeof(count), "%" PRIu64, minutes / units[i].minutes);
            lum_text(out, lang, is_past ? units[i].past : units[i].ahead, count, NULL, NULL);
            return;
        }
    }
    put(out, lum_text_plain(lang, LUM_TEXT_time_now));
}

void lum_format_iso(struct lum_buf *out, uint64_t wall_ms)
{
    char date[32] = "";
    char text[48];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    if (gmtime_r(&seconds, &utc) != NULL) {
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
    }
    snprintf(text, sizeof(text), "%s.%03uZ", date, (unsigned)(wall_ms % 1000));
    put(out, text);
}

void lum_format_hex(struct lum_buf *out, struct lum_bytes bytes, size_t digits)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < digits && i / 2 < bytes.len; i++) {
        uint8_t byte = bytes.at[i / 2];
        lum_buf_put_byte(out, (uint8_t)hex[i % 2 == 0 ? byte >> 4 : byte & 15]);
    }
}
