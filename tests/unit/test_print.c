/* test_print.c - what goes to the screen: numbers, times, tables, progress, errors, exit codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/format.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "cli/table.h"

/* A screen that is a file: what was printed is compared as text. */
static struct lum_buf out;
static struct lum_print screen;
static FILE *paper;
static char *printed;
static size_t printed_len;

static int set_up(void **state)
{
    (void)state;
    lum_buf_init(&out, 1 << 16);
    paper = open_memstream(&printed, &printed_len);
    screen = (struct lum_print){.out = paper, .err = paper, .lang = LUM_LANG_EN, .width = 40};
    return paper == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_buf_fini(&out);
    fclose(paper);
    free(printed);
    return 0;
}

static void expect_out(const char *expected)
{
    lum_buf_put_byte(&out, 0);
    assert_string_equal((const char *)out.at, expected);
    lum_buf_reset(&out);
}

static void expect_printed(const char *expected)
{
    fflush(paper);
    assert_string_equal(printed, expected);
    rewind(paper);
    memset(printed, 0, printed_len);
}

/* ---- numbers and times ---- */

static void digits_are_grouped_as_the_language_does(void **state)
{
    (void)state;
    lum_format_number(&out, LUM_LANG_EN, 0);
    expect_out("0");
    lum_format_number(&out, LUM_LANG_EN, 999);
    expect_out("999");
    lum_format_number(&out, LUM_LANG_EN, 1268);
    expect_out("1,268");
    lum_format_number(&out, LUM_LANG_ID, 48210000);
    expect_out("48.210.000");
    lum_format_number(&out, LUM_LANG_EN, UINT64_MAX);
    expect_out("18,446,744,073,709,551,615");
}

static void sizes_have_two_figures_at_least(void **state)
{
    (void)state;
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {999, "999 B"},
        {1000, "1.0 kB"},
        {4849, "4.8 kB"},
        {9999, "9.9 kB"},
        {10000, "10 kB"},
        {412345678, "412 MB"},
        {9200000, "9.2 MB"},
        {1500000000000, "1.5 TB"},
        {UINT64_MAX, "18 EB"},
    };
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        lum_format_size(&out, LUM_LANG_EN, cases[i].bytes);
        expect_out(cases[i].text);
    }
    lum_format_size(&out, LUM_LANG_ID, 9200000);
    expect_out("9,2 MB");
}

static void spans_of_time_are_short(void **state)
{
    (void)state;
    lum_format_clock(&out, 3);
    expect_out("0:03");
    lum_format_clock(&out, 760);
    expect_out("12:40");
    lum_format_clock(&out, 3723);
    expect_out("1:02:03");
    lum_format_seconds(&out, LUM_LANG_EN, 849);
    expect_out("0.8 s");
    lum_format_seconds(&out, LUM_LANG_ID, 12350);
    expect_out("12,4 s");
}

static void times_are_told_from_now(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        const char *english;
        const char *indonesian;
    } cases[] = {
        {0, "just now", "baru saja"},
        {-59, "just now", "baru saja"},
        {59, "just now", "baru saja"},
        {-60, "1 minute ago", "1 menit lalu"},
        {-3599, "59 minutes ago", "59 menit lalu"},
        {-7200, "2 hours ago", "2 jam lalu"},
        {-86400, "1 day ago", "1 hari lalu"},
        {-19 * 86400, "19 days ago", "19 hari lalu"},
        {90, "in 1 minute", "1 menit lagi"},
        {9 * 86400, "in 9 days", "9 hari lagi"},
    };
    const uint64_t now_ms = 1795516920000;
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        uint64_t wall_ms = now_ms + (uint64_t)(cases[i].seconds * 1000);
        lum_format_ago(&out, LUM_LANG_EN, wall_ms, now_ms);
        expect_out(cases[i].english);
        lum_format_ago(&out, LUM_LANG_ID, wall_ms, now_ms);
        expect_out(cases[i].indonesian);
    }
}

static void times_are_local_for_people_and_utc_for_programs(void **state)
{
    (void)state;
    assert_int_equal(setenv("TZ", "WIB-7", 1), 0);
    tzset();
    lum_format_time(&out, LUM_LANG_EN, 1795491720123);
    expect_out("24 Nov 2026 10:42");
    lum_format_time(&out, LUM_LANG_ID, 1787283720000);
    expect_out("21 Agu 2026 10:42");
    lum_format_iso(&out, 1795491720123);
    expect_out("2026-11-24T03:42:00.123Z");
    lum_format_iso(&out, 0);
    expect_out("1970-01-01T00:00:00.000Z");
    lum_format_iso(&out, (UINT64_C(1) << 48) - 1);
    expect_out("10889-08-02T05:31:50.655Z");
}

static void ids_are_cut_to_the_digits_asked_for(void **state)
{
    (void)state;
    struct lum_bytes id = lum_bytes_of("\x01\xab\xcd", 3);
    lum_format_hex(&out, id, 5);
    expect_out("01abc");
    lum_format_hex(&out, id, 100);
    expect_out("01abcd");
}

/* ---- tables ---- */

static void cell(struct lum_table *table, const char *text)
{
    lum_table_cell(table, lum_bytes_of(text, strlen(text)));
}

static const struct lum_column COLUMNS[] = {{"id", false}, {"cm", true}, {"who", false}};

static void a_terminal_gets_aligned_columns(void **state)
{
    (void)state;
    screen.is_terminal = true;
    struct lum_table table;
    lum_table_begin(&table, &screen, COLUMNS, 3);
    cell(&table, "bakau");
    cell(&table, "7");
    cell(&table, "Made");
    cell(&table, "caf\xc3\xa9");
    cell(&table, "1,268");
    cell(&table, "");
    lum_table_end(&table);
    expect_printed("id        cm  who\n"
                   "bakau      7  Made\n"
                   "caf\xc3\xa9   1,268  \n");
}

static void wide_characters_take_two_columns(void **state)
{
    (void)state;
    screen.is_terminal = true;
    struct lum_table table;
    lum_table_begin(&table, &screen, COLUMNS, 3);
    cell(&table, "\xe7\xa8\xbb\xe7\xb1\xb3"); /* two characters, four columns */
    cell(&table, "1");
    cell(&table, "a");
    cell(&table, "abcde");
    cell(&table, "2");
    cell(&table, "b");
    lum_table_end(&table);
    expect_printed("id     cm  who\n"
                   "\xe7\xa8\xbb\xe7\xb1\xb3    1  a\n"
                   "abcde   2  b\n");
}

static void what_is_too_wide_is_cut(void **state)
{
    (void)state;
    screen.is_terminal = true;
    screen.width = 24;
    struct lum_table table;
    lum_table_begin(&table, &screen, COLUMNS, 3);
    cell(&table, "tree");
    cell(&table, "12");
    cell(&table, "a sentence that is longer than the terminal");
    lum_table_end(&table);
    expect_printed("id    cm  who\n"
                   "tree  12  a sentence th\xe2\x80\xa6\n");
}

static void a_pipe_gets_tabs_and_nothing_else(void **state)
{
    (void)state;
    screen.width = 20;
    struct lum_table table;
    lum_table_begin(&table, &screen, COLUMNS, 3);
    cell(&table, "a\tb\nc");
    cell(&table, "7");
    cell(&table, "a sentence that is longer than the terminal");
    lum_table_end(&table);
    expect_printed("a\\tb\\nc\t7\ta sentence that is longer than the terminal\n");
}

static void cells_cannot_write_to_the_terminal(void **state)
{
    (void)state;
    screen.is_terminal = true;
    struct lum_table table;
    lum_table_begin(&table, &screen, COLUMNS, 1);
    cell(&table, "\x1b[2J\xff");
    lum_table_end(&table);
    expect_printed("id\n\\x1b[2J\\xff\n");
}

static void a_table_without_rows_prints_nothing(void **state)
{
    (void)state;
    screen.is_terminal = true;
    struct lum_table table;
    lum_table_begin(&table, &screen, COLUMNS, 3);
    lum_table_end(&table);
    expect_printed("");
}

static void a_long_table_is_not_held_in_memory(void **state)
{
    (void)state;
    screen.is_terminal = true;
    struct lum_table table;
    lum_table_begin(&table, &screen, COLUMNS, 1);
    for (unsigned i = 0; i < 20000; i++) {
        cell(&table, "0123456789");
        assert_in_range(table.text.len, 0, 16 * 1024);
    }
    lum_table_end(&table);
    fflush(paper);
    assert_int_equal(printed_len, strlen("id\n") + 20000 * 11);
}

/* ---- progress ---- */

static void the_line_says_how_far_how_fast_how_long(void **state)
{
    (void)state;
    struct lum_progress progress;
    screen.width = 90;
    lum_progress_begin(&progress, &screen, "Importing", 1000000);
    lum_progress_line(&progress, 812, 1268, 3000000, &out);
    expect_out("Importing  [#################-----------]  64%   812 of 1,268   406/s   0:02 left");
    lum_progress_line(&progress, 1268, 1268, 3000000, &out);
    expect_out("Importing  [############################]  100%   1,268 of 1,268   634/s");
    lum_progress_line(&progress, 0, 1268, 1000000, &out);
    expect_out("Importing  [----------------------------]  0%   0 of 1,268   0/s");
    lum_progress_line(&progress, 5000, 0, 2000000, &out);
    expect_out("Importing  5,000   5,000/s");
}

static void a_narrow_terminal_gets_less(void **state)
{
    (void)state;
    struct lum_progress progress;
    lum_progress_begin(&progress, &screen, "Importing", 0);
    for (screen.width = 20; screen.width < 120; screen.width++) {
        lum_progress_line(&progress, 812, 1268, 2000000, &out);
        assert_in_range(out.len, 14, screen.width - 1);
        lum_buf_reset(&out);
    }
    screen.width = 20;
    lum_progress_line(&progress, 812, 1268, 2000000, &out);
    expect_out("Importing  812");
}

static void the_line_is_drawn_ten_times_a_second_at_most(void **state)
{
    (void)state;
    struct lum_progress progress;
    screen.has_progress = true;
    lum_progress_begin(&progress, &screen, "X", 1);
    for (uint64_t us = 1; us < 1100000; us += 1000) {
        lum_progress_show(&progress, us, 0, us);
        fflush(paper);
        assert_true(us >= 100000 || printed_len == 0);
    }
    unsigned drawn = 0;
    for (size_t i = 0; i < printed_len; i++) {
        drawn += printed[i] == '\r' ? 1 : 0;
    }
    assert_int_equal(drawn, 10);
    rewind(paper);
    lum_progress_end(&progress);
    fflush(paper);
    assert_memory_equal(printed, "\r\033[K", 4);
}

static void a_pipe_gets_no_progress(void **state)
{
    (void)state;
    struct lum_progress progress;
    lum_progress_begin(&progress, &screen, "X", 1);
    lum_progress_show(&progress, 1, 2, 1);
    lum_progress_end(&progress);
    expect_printed("");
}

/* ---- colours, sentences, errors ---- */

static void colours_are_for_terminals_only(void **state)
{
    (void)state;
    assert_string_equal(lum_print_style(&screen, LUM_STYLE_RED), "");
    screen.has_colour = true;
    assert_string_equal(lum_print_style(&screen, LUM_STYLE_RED), "\033[31m");
    assert_string_equal(lum_print_style(&screen, LUM_STYLE_NONE), "\033[0m");

    const struct lum_print_options options = {.lang = LUM_LANG_ID};
    struct lum_print print;
    assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
    lum_print_init(&print, &options);
    assert_false(print.has_colour);
    assert_int_equal(print.lang, LUM_LANG_ID);
    assert_true(print.width >= 20);
    if (isatty(STDOUT_FILENO) == 0) {
        assert_int_equal(unsetenv("NO_COLOR"), 0);
        lum_print_init(&print, &options);
        assert_false(print.has_colour);
        assert_false(print.is_terminal);
    }
}

static void notes_are_silent_when_quiet(void **state)
{
    (void)state;
    lum_print_text(&screen, LUM_TEXT_progress_of, "1", "2", NULL);
    lum_print_note(&screen, LUM_TEXT_progress_of, "3", "4", NULL);
    screen.is_quiet = true;
    lum_print_note(&screen, LUM_TEXT_progress_of, "5", "6", NULL);
    expect_printed("1 of 2\n3 of 4\n");
}

static void an_error_says_what_why_and_what_to_do(void **state)
{
    (void)state;
    struct lum_error error;
    enum lum_status status = lum_fail(&error, LUM_CAUSE_no_record, "pohon/7\x1b", NULL);
    assert_int_equal(lum_print_error(&screen, status, &error), 66);
    expect_printed("lumbung: There is no record pohon/7\\x1b here.\n"
                   "  It was never written, or it has not arrived at this hall yet.\n"
                   "  Look with: lumbung find COLLECTION, or meet another hall: lumbung sync\n");
    screen.lang = LUM_LANG_ID;
    assert_int_equal(lum_print_error(&screen, status, &error), 66);
    expect_printed("lumbung: Tidak ada catatan pohon/7\\x1b di sini.\n"
                   "  Belum pernah ditulis, atau belum sampai di balai ini.\n"
                   "  Cari dengan: lumbung find KOLEKSI, atau temui balai lain: lumbung sync\n");
}

static void an_error_is_json_when_asked(void **state)
{
    (void)state;
    struct lum_error error;
    screen.is_json = true;
    enum lum_status status = lum_fail(&error, LUM_CAUSE_disk_error, "/a\"b", "too bad");
    assert_int_equal(lum_print_error(&screen, status, &error), 74);
    expect_printed("{\"v\":1,\"ok\":false,\"code\":74,\"error\":\"disk_error\",\"message\":"
                   "\"Reading or writing failed: /a\\\"b The system says: too bad\",\"hint\":"
                   "\"Check the disk, the cable and the file, then try again.\","
                   "\"details\":[\"/a\\\"b\",\"too bad\"]}\n");
}

static void a_failure_without_words_still_has_some(void **state)
{
    (void)state;
    assert_int_equal(lum_print_error(&screen, LUM_BUSY, NULL), 75);
    expect_printed("lumbung: Something unexpected went wrong.\n"
                   "  All that is known: in use by another process\n"
                   "  Try again; if it stays, run: lumbung verify\n");
    assert_int_equal(lum_print_error(&screen, LUM_STOPPED, NULL), 130);
    expect_printed("");
    struct lum_error untold = {.cause = LUM_CAUSE_none};
    assert_int_equal(lum_print_error(&screen, LUM_NO_MEMORY, &untold), 71);
    fflush(paper);
    assert_non_null(strstr(printed, "run out of memory"));
}

static void an_error_needs_no_memory(void **state)
{
    (void)state;
    lum_mem_fail_after(1, true);
    int code = lum_print_error(&screen, LUM_NO_MEMORY, NULL);
    screen.is_json = true;
    int code_again = lum_print_error(&screen, LUM_NO_MEMORY, NULL);
    lum_mem_fail_after(0, false);
    assert_int_equal(code, 71);
    assert_int_equal(code_again, 71);
    fflush(paper);
    assert_non_null(strstr(printed, "run out of memory"));
    assert_non_null(strstr(printed, "\"error\":\"no_memory\""));
}

static void every_status_has_its_exit_code(void **state)
{
    (void)state;
    static const struct {
        enum lum_status status;
        int code;
    } cases[] = {
        {LUM_OK, 0},     {LUM_AGAIN, 75},  {LUM_NOT_FOUND, 66}, {LUM_NO_MEMORY, 71},
        {LUM_IO, 74},    {LUM_FULL, 74},   {LUM_CORRUPT, 78},   {LUM_NEWER, 78},
        {LUM_BUSY, 75},  {LUM_DENIED, 77}, {LUM_INVALID, 65},   {LUM_EXISTS, 73},
        {LUM_LIMIT, 65}, {LUM_FAULT, 76},  {LUM_STOPPED, 130},  {LUM_UNREACHABLE, 69},
    };
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        assert_int_equal(lum_print_exit_code(cases[i].status, LUM_CAUSE_none), cases[i].code);
    }
    assert_int_equal(lum_print_exit_code(LUM_INVALID, LUM_CAUSE_bad_usage), 64);
    assert_int_equal(lum_print_exit_code(LUM_INVALID, LUM_CAUSE_bad_row), 65);
    assert_int_equal(lum_print_exit_code(LUM_FAULT, LUM_CAUSE_foreign_bytes), 65);
    assert_int_equal(lum_print_exit_code(LUM_INVALID, LUM_CAUSE_clock_before_build), 78);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(digits_are_grouped_as_the_language_does),
        CASE(sizes_have_two_figures_at_least),
        CASE(spans_of_time_are_short),
        CASE(times_are_told_from_now),
        CASE(times_are_local_for_people_and_utc_for_programs),
        CASE(ids_are_cut_to_the_digits_asked_for),
        CASE(a_terminal_gets_aligned_columns),
        CASE(wide_characters_take_two_columns),
        CASE(what_is_too_wide_is_cut),
        CASE(a_pipe_gets_tabs_and_nothing_else),
        CASE(cells_cannot_write_to_the_terminal),
        CASE(a_table_without_rows_prints_nothing),
        CASE(a_long_table_is_not_held_in_memory),
        CASE(the_line_says_how_far_how_fast_how_long),
        CASE(a_narrow_terminal_gets_less),
        CASE(the_line_is_drawn_ten_times_a_second_at_most),
        CASE(a_pipe_gets_no_progress),
        CASE(colours_are_for_terminals_only),
        CASE(notes_are_silent_when_quiet),
        CASE(an_error_says_what_why_and_what_to_do),
        CASE(an_error_is_json_when_asked),
        CASE(a_failure_without_words_still_has_some),
        CASE(an_error_needs_no_memory),
        CASE(every_status_has_its_exit_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
