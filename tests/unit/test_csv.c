/*
 * test_csv.c - tables as text: every form RFC 4180 allows, every fault at its row and column, and
 * the way back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/csv.h"
#include "core/limits.h"
#include "core/pack.h"

enum {
    ROOM = 8 << 20,
};

static struct lum_buf shown;
static struct lum_error error;

static int set_up(void **state)
{
    (void)state;
    lum_buf_init(&shown, ROOM);
    memset(&error, 0, sizeof(error));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_buf_fini(&shown);
    return 0;
}

static FILE *file_with(const void *text, size_t len)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    rewind(file);
    return file;
}

static void show_field(struct lum_bytes field)
{
    lum_buf_put_byte(&shown, '<');
    lum_buf_put(&shown, field.at, field.len);
    lum_buf_put_byte(&shown, '>');
}

static void show_row(const struct lum_bytes *fields, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        show_field(fields[i]);
    }
    lum_buf_put_byte(&shown, '\n');
}

/* Reads all of fd into `shown`, a line a row; gives how it ended. */
static enum lum_status read_all(int fd)
{
    struct lum_csv *csv = NULL;
    const struct lum_csv_source source = {.fd = fd, .name = "t.csv", .lang = LUM_LANG_EN};
    enum lum_status status = lum_csv_open(&source, &csv, &error);
    if (status != LUM_OK) {
        return status;
    }
    uint32_t count = 0;
    const struct lum_bytes *names = lum_csv_names(csv, &count);
    show_row(names, count);
    struct lum_csv_row row;
    uint64_t number = 0;
    while ((status = lum_csv_next(csv, &row, &error)) == LUM_OK) {
        assert_int_equal(row.count, count);
        assert_int_equal(row.number, ++number);
        show_row(row.fields, row.count);
    }
    lum_csv_close(csv);
    return status;
}

static void expect_bytes(const void *text, size_t len, const char *rows)
{
    FILE *file = file_with(text, len);
    assert_int_equal(read_all(fileno(file)), LUM_NOT_FOUND);
    fclose(file);
    lum_buf_put_byte(&shown, 0);
    assert_string_equal((const char *)shown.at, rows);
    lum_buf_reset(&shown);
}

static void expect_rows(const char *text, const char *rows)
{
    expect_bytes(text, strlen(text), rows);
}

/* ---- what is read ---- */

static void every_delimiter_is_found_in_the_header(void **state)
{
    (void)state;
    expect_rows("a,b,c\n1,2,3\n", "<a><b><c>\n<1><2><3>\n");
    expect_rows("a;b;c\n1,5;2;3\n", "<a><b><c>\n<1,5><2><3>\n");
    expect_rows("a\tb\n1;2,3\t4\n", "<a><b>\n<1;2,3><4>\n");
    expect_rows("\"a;b;c\",d\n1,2\n", "<a;b;c><d>\n<1><2>\n");
    expect_rows("alone\nx;y\n", "<alone>\n<x;y>\n");
}

static void every_line_end_and_a_missing_last_one_are_read(void **state)
{
    (void)state;
    expect_rows("a,b\r\n1,2\r\n3,4\r\n", "<a><b>\n<1><2>\n<3><4>\n");
    expect_rows("a,b\n1,2\r\n3,4", "<a><b>\n<1><2>\n<3><4>\n");
    expect_rows("a,b", "<a><b>\n");
}

static void empty_lines_are_no_rows(void **state)
{
    (void)state;
    expect_rows("\n\na\n\n1\n\r\n2\n\n", "<a>\n<1>\n<2>\n");
    expect_rows("a\n\"\"\n", "<a>\n<>\n");
}

static void empty_fields_are_fields(void **state)
{
    (void)state;
    expect_rows("a,b,c\n,,\n1,,\n,\"\",3\n", "<a><b><c>\n<><><>\n<1><><>\n<><><3>\n");
}

static void quoted_fields_hold_everything(void **state)
{
    (void)state;
    expect_rows("a,b\n\"x,y\",\"line one\nline two\"\n", "<a><b>\n<x,y><line one\nline two>\n");
    expect_rows("a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", "<a><b>\n<say \"hi\"><\">\n");
    expect_rows("a,b\r\n\"1\r\n\r\n2\",3\r\n", "<a><b>\n<1\r\n\r\n2><3>\n");
    expect_rows("\"a\"\"b\",c\n1,2\n", "<a\"b><c>\n<1><2>\n");
}

static void a_byte_order_mark_is_dropped(void **state)
{
    (void)state;
    expect_rows("\xef\xbb\xbf"
                "a,b\n1,2\n",
                "<a><b>\n<1><2>\n");
    expect_rows("\xef\xbb\xbf\"a\",b\n\xef\xbb\xbf"
                "1,2\n",
                "<a><b>\n<\xef\xbb\xbf"
                "1><2>\n");
}

static void names_come_in_one_normal_form(void **state)
{
    (void)state;
    expect_rows("cafe\xcc\x81,b\n1,2\n", "<caf\xc3\xa9><b>\n<1><2>\n");
}

static void lines_and_rows_are_counted_apart(void **state)
{
    (void)state;
    const char *text = "a,b\n\n1,\"x\ny\"\n2,z\n";
    FILE *file = file_with(text, strlen(text));
    const struct lum_csv_source source = {.fd = fileno(file), .name = "t", .lang = LUM_LANG_EN};
    struct lum_csv *csv = NULL;
    struct lum_csv_row row;
    assert_int_equal(lum_csv_open(&source, &csv, &error), LUM_OK);
    assert_int_equal(lum_csv_next(csv, &row, &error), LUM_OK);
    assert_int_equal(row.number, 1);
    assert_int_equal(row.line, 3);
    assert_int_equal(lum_csv_next(csv, &row, &error), LUM_OK);
    assert_int_equal(row.number, 2);
    assert_int_equal(row.line, 5);
    lum_csv_close(csv);
    fclose(file);
}

static void a_pipe_is_read_in_whatever_pieces_come(void **state)
{
    (void)state;
    const char *text = "a,b\n\"1\n\"\"2\"\"\",3\r\n4,5\n";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        for (const char *at = text; *at != '\0'; at++) {
            if (write(ends[1], at, 1) != 1) {
                _exit(1);
            }
            nanosleep(&(struct timespec){.tv_nsec = 200 * 1000}, NULL);
        }
        _exit(0);
    }
    close(ends[1]);
    assert_int_equal(read_all(ends[0]), LUM_NOT_FOUND);
    close(ends[0]);
    lum_buf_put_byte(&shown, 0);
    assert_string_equal((const char *)shown.at, "<a><b>\n<1\n\"2\"><3>\n<4><5>\n");
}

/* Rows that lie across the pieces of 256 KiB in which a file is read. */
static void a_long_table_keeps_every_row(void **state)
{
    (void)state;
    struct lum_buf text;
    lum_buf_init(&text, ROOM);
    lum_buf_put(&text, "id,note\n", 8);
    for (unsigned i = 0; i < 60000; i++) {
        char line[64];
        int len = snprintf(line, sizeof(line), "%u,\"%u \"\"%u\"\"\n\"\n", i, i, i % 7);
        lum_buf_put(&text, line, (size_t)len);
    }
    FILE *file = file_with(text.at, text.len);
    struct lum_csv *csv = NULL;
    struct lum_csv_row row;
    const struct lum_csv_source source = {.fd = fileno(file), .name = "t", .lang = LUM_LANG_EN};
    assert_int_equal(lum_csv_open(&source, &csv, &error), LUM_OK);
    for (unsigned i = 0; i < 60000; i++) {
        char id[32];
        char note[32];
        assert_int_equal(lum_csv_next(csv, &row, &error), LUM_OK);
        int id_len = snprintf(id, sizeof(id), "%u", i);
        int note_len = snprintf(note, sizeof(note), "%u \"%u\"\n", i, i % 7);
        assert_true(lum_bytes_equal(row.fields[0], lum_bytes_of(id, (size_t)id_len)));
        assert_true(lum_bytes_equal(row.fields[1], lum_bytes_of(note, (size_t)note_len)));
    }
    assert_int_equal(lum_csv_next(csv, &row, &error), LUM_NOT_FOUND);
    lum_csv_close(csv);
    fclose(file);
    lum_buf_fini(&text);
}

/* ---- what is refused, and where ---- */

struct refusal {
    const char *text;
    enum lum_cause cause;
    const char *place;
    const char *words; /* a part of {2} */
};

static const struct refusal refusals[] = {
    {"", LUM_CAUSE_bad_row, "t.csv:1:1", "no header"},
    {"\n\n", LUM_CAUSE_bad_row, "t.csv:1:1", "no header"},
    {"a,,c\n", LUM_CAUSE_bad_row, "t.csv:1:3", "column 2 has no name"},
    {"a,b,\n", LUM_CAUSE_bad_row, "t.csv:1:5", "column 3 has no name"},
    {"a,b,a\n", LUM_CAUSE_bad_row, "t.csv:1:5", "columns 1 and 3"},
    {"caf\xc3\xa9,cafe\xcc\x81\n", LUM_CAUSE_bad_row, "t.csv:1:6", "columns 1 and 2"},
    {"a,\"b\nc\"\n", LUM_CAUSE_bad_row, "t.csv:1:4", "column 2"},
    {"a,b\n1,2\n3\n", LUM_CAUSE_bad_row, "t.csv:3:2", "1 field where the header has 2"},
    {"a,b\n1,2,3\n", LUM_CAUSE_bad_row, "t.csv:2:5", "3 fields where the header has 2"},
    {"a,b\n1,2\n\n\xc3\xa9,2,3\n", LUM_CAUSE_bad_row, "t.csv:4:5", "3 fields"},
    {"a,b\nx\"y,2\n3,4\n", LUM_CAUSE_bad_row, "t.csv:2:2", "inside a field"},
    {"a,b\n\"x\"y,2\n", LUM_CAUSE_bad_row, "t.csv:2:4", "closing"},
    {"a,b\n\"x\" ,2\n", LUM_CAUSE_bad_row, "t.csv:2:4", "closing"},
    {"a,b\n1,2\n3,\"x\n5,6\n", LUM_CAUSE_bad_row, "t.csv:3:3", "never closed"},
    {"a,b\n\"1\n2\",x\"\"\n", LUM_CAUSE_bad_row, "t.csv:3:5", "inside a field"},
    {"a,b\n1\r2,3\n", LUM_CAUSE_bad_row, "t.csv:2:2", "carriage return"},
    {"a\r1\r2\r", LUM_CAUSE_bad_row, "t.csv:1:2", "carriage return"},
    {"a,b\n1,\xff\n", LUM_CAUSE_bad_encoding, "t.csv:2:3", ""},
    {"a,b\n\xc3\xa9\xc3\xa9,\xe9t\xe9\n", LUM_CAUSE_bad_encoding, "t.csv:2:4", ""},
    {"a,\xed\xa0\x80\n", LUM_CAUSE_bad_encoding, "t.csv:1:3", ""},
    {"a,b\n1,\"\n\n\xc0\x80\"\n", LUM_CAUSE_bad_encoding, "t.csv:4:1", ""},
    {"\xff\xfe"
     "a",
     LUM_CAUSE_bad_encoding, "t.csv:1:1", ""},
};

static void every_fault_is_named_at_its_row_and_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(refusals); i++) {
        const struct refusal *refusal = &refusals[i];
        FILE *file = file_with(refusal->text, strlen(refusal->text));
        memset(&error, 0, sizeof(error));
        assert_int_equal(read_all(fileno(file)), LUM_INVALID);
        fclose(file);
        assert_string_equal(lum_cause_name(error.cause), lum_cause_name(refusal->cause));
        assert_string_equal(error.one, refusal->place);
        assert_non_null(strstr(error.two, refusal->words));
    }
}

static void a_zero_byte_is_refused_at_its_place(void **state)
{
    (void)state;
    FILE *file = file_with("a,b\n1,x\0y\n", 10);
    assert_int_equal(read_all(fileno(file)), LUM_INVALID);
    fclose(file);
    assert_int_equal(error.cause, LUM_CAUSE_bad_row);
    assert_string_equal(error.one, "t.csv:2:4");
    assert_non_null(strstr(error.two, "zero byte"));
}

static void messages_come_in_the_language_asked_for(void **state)
{
    (void)state;
    FILE *file = file_with("a,a\n", 4);
    struct lum_csv *csv = NULL;
    const struct lum_csv_source source = {.fd = fileno(file), .name = "t", .lang = LUM_LANG_ID};
    assert_int_equal(lum_csv_open(&source, &csv, &error), LUM_INVALID);
    assert_string_equal(error.two, "kolom 1 dan 2 bernama sama");
    fclose(file);
}

static void after_a_bad_row_the_next_one_is_read(void **state)
{
    (void)state;
    const char *text = "a,b\n1\n2,3\n";
    FILE *file = file_with(text, strlen(text));
    struct lum_csv *csv = NULL;
    struct lum_csv_row row;
    const struct lum_csv_source source = {.fd = fileno(file), .name = "t", .lang = LUM_LANG_EN};
    assert_int_equal(lum_csv_open(&source, &csv, &error), LUM_OK);
    assert_int_equal(lum_csv_next(csv, &row, &error), LUM_INVALID);
    assert_int_equal(lum_csv_next(csv, &row, &error), LUM_OK);
    assert_int_equal(row.line, 3);
    lum_csv_close(csv);
    fclose(file);
}

/* A header, then one row whose single field has len bytes; quoted or not. */
static enum lum_status read_row_of(size_t len, bool is_quoted)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    fputs(is_quoted ? "a\n\"" : "a\n", file);
    for (size_t i = 0; i < len; i++) {
        putc(is_quoted && i % 1000 == 999 ? '\n' : 'x', file);
    }
    fputs(is_quoted ? "\"\n" : "\n", file);
    rewind(file);
    lum_buf_reset(&shown);
    enum lum_status status = read_all(fileno(file));
    fclose(file);
    return status;
}

static void a_row_over_the_limit_is_refused_and_costs_no_more(void **state)
{
    (void)state;
    assert_int_equal(read_row_of(LUM_LINE_MAX - 1, false), LUM_NOT_FOUND);
    assert_int_equal(read_row_of(LUM_LINE_MAX, false), LUM_LIMIT);
    assert_string_equal(error.one, "t.csv:2");
    assert_int_equal(error.cause, LUM_CAUSE_line_too_long);
    assert_int_equal(read_row_of(20 << 20, false), LUM_LIMIT);
    assert_int_equal(read_row_of(LUM_LINE_MAX - 3, true), LUM_NOT_FOUND);
    assert_int_equal(read_row_of(20 << 20, true), LUM_INVALID); /* told at the mark, not at 4 MiB */
    assert_string_equal(error.one, "t.csv:2:1");
}

static void too_many_fields_are_refused(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    for (unsigned i = 0; i < LUM_ELEMENTS_MAX; i++) {
        fprintf(file, "f%u,", i);
    }
    fputs("last\n", file);
    rewind(file);
    assert_int_equal(read_all(fileno(file)), LUM_LIMIT);
    assert_int_equal(error.cause, LUM_CAUSE_too_many_fields);
    assert_string_equal(error.one, "t.csv:1");
    fclose(file);
}

static void no_memory_is_told_and_nothing_leaks(void **state)
{
    (void)state;
    const char *text = "a,b\n\"1\"\"\",2\n";
    FILE *file = file_with(text, strlen(text));
    unsigned failed = 0;
    for (unsigned nth = 1; nth < 20; nth++) {
        rewind(file);
        lseek(fileno(file), 0, SEEK_SET);
        lum_buf_reset(&shown);
        struct lum_csv *csv = NULL;
        struct lum_csv_row row;
        const struct lum_csv_source source = {.fd = fileno(file), .name = "t"};
        lum_mem_fail_after(nth, false);
        enum lum_status status = lum_csv_open(&source, &csv, &error);
        if (status == LUM_OK) {
            status = lum_csv_next(csv, &row, &error);
            lum_csv_close(csv);
        }
        lum_mem_fail_after(0, false);
        assert_true(status == LUM_OK || status == LUM_NO_MEMORY);
        failed += status == LUM_NO_MEMORY ? 1 : 0;
    }
    assert_in_range(failed, 4, 18);
    fclose(file);
}

/* ---- the way out ---- */

static void a_written_table_reads_back_the_same(void **state)
{
    (void)state;
    static const char *const fields[][3] = {
        {"nama", "catatan", "x"},
        {"plain", "with, comma", "with \"marks\""},
        {"", "two\nlines", " blanks "},
        {"", "", ""},
        {"\r", ";", "\t"},
    };
    struct lum_buf text;
    lum_buf_init(&text, ROOM);
    struct lum_csv_writer writer = {.out = &text, .delimiter = ','};
    for (size_t row = 0; row < LUM_COUNT(fields); row++) {
        for (size_t i = 0; i < 3; i++) {
            lum_csv_write_text(&writer, lum_bytes_of(fields[row][i], strlen(fields[row][i])));
        }
        lum_csv_write_end(&writer);
    }
    static const char expected[] = "nama,catatan,x\nplain,\"with, comma\",\"with \"\"marks\"\"\"\n"
                                   ",\"two\nlines\", blanks \n,,\n\"\r\",\";\",\"\t\"\n";
    assert_int_equal(text.len, sizeof(expected) - 1);
    assert_memory_equal(text.at, expected, text.len);
    expect_bytes(text.at, text.len,
                 "<nama><catatan><x>\n<plain><with, comma><with \"marks\">\n"
                 "<><two\nlines>< blanks >\n<><><>\n<\r><;><\t>\n");
    lum_buf_fini(&text);
}

static void a_lone_empty_field_is_still_a_row(void **state)
{
    (void)state;
    struct lum_buf text;
    lum_buf_init(&text, ROOM);
    struct lum_csv_writer writer = {.out = &text, .delimiter = ','};
    lum_csv_write_text(&writer, lum_bytes_of("a", 1));
    lum_csv_write_end(&writer);
    lum_csv_write_text(&writer, lum_bytes_of("", 0));
    lum_csv_write_end(&writer);
    expect_bytes(text.at, text.len, "<a>\n<>\n");
    lum_buf_fini(&text);
}

static void a_name_that_holds_another_delimiter_is_kept(void **state)
{
    (void)state;
    struct lum_buf text;
    lum_buf_init(&text, ROOM);
    struct lum_csv_writer writer = {.out = &text, .delimiter = ','};
    lum_csv_write_text(&writer, lum_bytes_of("a;b;c", 5));
    lum_csv_write_text(&writer, lum_bytes_of("d", 1));
    lum_csv_write_end(&writer);
    expect_bytes(text.at, text.len, "<a;b;c><d>\n");
    lum_buf_fini(&text);
}

static void a_byte_order_mark_in_a_name_is_kept(void **state)
{
    (void)state;
    struct lum_buf text;
    lum_buf_init(&text, 1024);
    struct lum_csv_writer writer = {.out = &text, .delimiter = ','};
    lum_csv_write_text(&writer, lum_bytes_of("\xef\xbb\xbfname", 7));
    lum_csv_write_end(&writer);
    static const char expected[] = "\"\xef\xbb\xbfname\"\n";
    assert_int_equal(text.len, sizeof(expected) - 1);
    assert_memory_equal(text.at, expected, text.len);
    lum_buf_fini(&text);
}

static void values_are_written_as_cells_that_mean_them(void **state)
{
    (void)state;
    struct lum_buf pack;
    lum_buf_init(&pack, ROOM);
    struct lum_csv_writer writer = {.out = &shown, .delimiter = ','};
    size_t starts[8] = {0};
    size_t count = 0;
    starts[count++] = pack.len;
    lum_pack_nil(&pack);
    starts[count++] = pack.len;
    lum_pack_bool(&pack, true);
    starts[count++] = pack.len;
    lum_pack_int(&pack, -12);
    starts[count++] = pack.len;
    lum_pack_real(&pack, 5.0);
    starts[count++] = pack.len;
    lum_pack_cstr(&pack, "a \"b\"");
    starts[count++] = pack.len;
    lum_pack_bin(&pack, "\x0a\xff", 2);
    starts[count++] = pack.len;
    lum_pack_array(&pack, 2);
    lum_pack_int(&pack, 4);
    lum_pack_int(&pack, 19000);
    starts[count] = pack.len;
    for (size_t i = 0; i < count; i++) {
        lum_csv_write_value(&writer,
                            (struct lum_bytes){pack.at + starts[i], starts[i + 1] - starts[i]});
    }
    lum_csv_write_end(&writer);
    static const char expected[] = ",true,-12,5.0,\"a \"\"b\"\"\",0aff,\"[4,19000]\"\n";
    assert_int_equal(shown.len, sizeof(expected) - 1);
    assert_memory_equal(shown.at, expected, shown.len);
    lum_buf_fini(&pack);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_delimiter_is_found_in_the_header),
        CASE(every_line_end_and_a_missing_last_one_are_read),
        CASE(empty_lines_are_no_rows),
        CASE(empty_fields_are_fields),
        CASE(quoted_fields_hold_everything),
        CASE(a_byte_order_mark_is_dropped),
        CASE(names_come_in_one_normal_form),
        CASE(lines_and_rows_are_counted_apart),
        CASE(a_pipe_is_read_in_whatever_pieces_come),
        CASE(a_long_table_keeps_every_row),
        CASE(every_fault_is_named_at_its_row_and_column),
        CASE(a_zero_byte_is_refused_at_its_place),
        CASE(messages_come_in_the_language_asked_for),
        CASE(after_a_bad_row_the_next_one_is_read),
        CASE(a_row_over_the_limit_is_refused_and_costs_no_more),
        CASE(too_many_fields_are_refused),
        CASE(no_memory_is_told_and_nothing_leaks),
        CASE(a_written_table_reads_back_the_same),
        CASE(a_lone_empty_field_is_still_a_row),
        CASE(a_byte_order_mark_in_a_name_is_kept),
        CASE(a_name_that_holds_another_delimiter_is_kept),
        CASE(values_are_written_as_cells_that_mean_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
