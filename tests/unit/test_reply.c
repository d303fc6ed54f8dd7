/* Answers as frames: maps sorted whatever the order they were made in, and canonical. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/json_write.h"
#include "core/limits.h"
#include "net/frame.h"
#include "net/reply.h"

struct told {
    struct lum_buf out;
    struct lum_reply reply;
    struct lum_buf json;
};

static void begin(struct told *told)
{
    lum_buf_init(&told->out, (size_t)1 << 22);
    lum_buf_init(&told->json, (size_t)1 << 22);
    lum_reply_init(&told->reply, &told->out);
}

static void end(struct told *told)
{
    lum_reply_fini(&told->reply);
    lum_buf_fini(&told->out);
    lum_buf_fini(&told->json);
}

/* The only frame so far: its type, and its body as JSON. */
static const char *frame_is(struct told *told, uint8_t type)
{
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    assert_false(told->out.broken);
    assert_int_equal(lum_frame_peek(lum_buf_bytes(&told->out), LUM_REQUEST_MAX, &frame, &fault),
                     LUM_OK);
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.size, told->out.len);
    assert_int_equal(lum_pack_check(frame.body), LUM_FAULT_NONE);
    lum_buf_reset(&told->json);
    lum_json_write(frame.body, &told->json);
    lum_buf_put_byte(&told->json, '\0');
    lum_buf_reset(&told->out);
    return (const char *)told->json.at;
}

static void a_map_is_sorted_whatever_the_order(void **state)
{
    (void)state;
    struct told told;
    begin(&told);
    lum_reply_cstr(&told.reply, "zebra", "z");
    lum_reply_uint(&told.reply, "ab", 1);
    lum_reply_int(&told.reply, "a", -1);
    lum_reply_bool(&told.reply, "b", true);
    lum_reply_real(&told.reply, "abc", 1.5);
    lum_reply_nil(&told.reply, "m");
    lum_reply_end(&told.reply, LUM_FRAME_ROW);
    assert_string_equal(frame_is(&told, LUM_FRAME_ROW),
                        "{\"a\":-1,\"ab\":1,\"abc\":1.5,\"b\":true,\"m\":null,\"zebra\":\"z\"}");
    end(&told);
}

static void each_map_begins_anew(void **state)
{
    (void)state;
    struct told told;
    begin(&told);
    lum_reply_uint(&told.reply, "a", 1);
    lum_reply_end(&told.reply, LUM_FRAME_ROW);
    lum_buf_reset(&told.out);
    lum_reply_end(&told.reply, LUM_FRAME_DONE);
    assert_string_equal(frame_is(&told, LUM_FRAME_DONE), "{}");
    end(&told);
}

static void hex_is_lower_case(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0x9f, 0xab, 0xff};
    struct told told;
    begin(&told);
    lum_reply_hex(&told.reply, "h", bytes, sizeof bytes);
    lum_reply_hex(&told.reply, "e", NULL, 0);
    lum_reply_end(&told.reply, LUM_FRAME_ROW);
    assert_string_equal(frame_is(&told, LUM_FRAME_ROW), "{\"e\":\"\",\"h\":\"009fabff\"}");
    end(&told);
}

static void maps_can_lie_inside_a_row(void **state)
{
    (void)state;
    struct told told;
    struct lum_reply item;
    begin(&told);
    lum_reply_init(&item, NULL);
    struct lum_buf *list = lum_reply_value(&told.reply, "list");
    lum_pack_array(list, 2);
    for (uint64_t i = 0; i < 2; i++) {
        lum_reply_uint(&item, "z", i);
        lum_reply_cstr(&item, "a", "x");
        lum_reply_map(&item, list);
    }
    lum_reply_uint(&told.reply, "count", 2);
    lum_reply_end(&told.reply, LUM_FRAME_DONE);
    assert_string_equal(frame_is(&told, LUM_FRAME_DONE),
                        "{\"count\":2,\"list\":[{\"a\":\"x\",\"z\":0},{\"a\":\"x\",\"z\":1}]}");
    lum_reply_fini(&item);
    end(&told);
}

static void progress_is_two_numbers(void **state)
{
    (void)state;
    struct told told;
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    begin(&told);
    lum_reply_progress(&told.reply, 7, 200);
    assert_int_equal(lum_frame_peek(lum_buf_bytes(&told.out), LUM_REQUEST_MAX, &frame, &fault),
                     LUM_OK);
    assert_int_equal(frame.type, LUM_FRAME_PROGRESS);
    struct lum_cur cur = lum_cur_over(frame.body);
    assert_int_equal(lum_cur_uint(&cur, INT64_MAX), 7);
    assert_int_equal(lum_cur_uint(&cur, INT64_MAX), 200);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
    end(&told);
}

static void an_error_drops_a_map_half_made(void **state)
{
    (void)state;
    struct told told;
    struct lum_error err;
    begin(&told);
    lum_reply_uint(&told.reply, "half", 1);
    (void)!lum_fail(&err, LUM_CAUSE_no_record, "tree/x", NULL);
    lum_reply_error(&told.reply, &err);
    assert_string_equal(frame_is(&told, LUM_FRAME_ERROR),
                        "{\"code\":\"no_record\",\"one\":\"tree/x\",\"two\":\"\"}");
    end(&told);
}

static void what_is_no_utf8_in_an_error_becomes_question_marks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *told;
    } cases[] = {
        {"/home/caf\xe9/x", "/home/caf?/x"}, /* Latin-1 */
        {"caf\xc3\xa9", "caf\xc3\xa9"},      /* as it should be */
        {"\xf0\x9f\x8c\xb3 ok", "\xf0\x9f\x8c\xb3 ok"},
        {"cut \xf0\x9f\x8c", "cut ???"}, /* inside a character */
        {"\xed\xa0\x80", "???"},         /* a surrogate */
        {"", ""},
    };
    struct told told;
    begin(&told);
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        struct lum_error err = {.cause = LUM_CAUSE_disk_error};
        char expected[128] = "{\"code\":\"disk_error\",\"one\":\"";
        memcpy(err.one, cases[i].text, strlen(cases[i].text) + 1);
        memcpy(expected + strlen(expected), cases[i].told, strlen(cases[i].told) + 1);
        memcpy(expected + strlen(expected), "\",\"two\":\"\"}", 12);
        lum_reply_error(&told.reply, &err);
        assert_string_equal(frame_is(&told, LUM_FRAME_ERROR), expected);
    }
    end(&told);
}

static void a_row_too_large_breaks_the_answer_and_nothing_else(void **state)
{
    (void)state;
    struct told told;
    static char text[300000];
    begin(&told);
    memset(text, 'x', sizeof text - 1);
    for (int i = 0; i < 4; i++) {
        char key[2] = {(char)('a' + i)};
        lum_reply_cstr(&told.reply, key, text);
    }
    lum_reply_end(&told.reply, LUM_FRAME_ROW);
    assert_true(told.out.broken);
    lum_buf_reset(&told.out);
    lum_reply_uint(&told.reply, "a", 1);
    lum_reply_end(&told.reply, LUM_FRAME_ROW);
    assert_string_equal(frame_is(&told, LUM_FRAME_ROW), "{\"a\":1}");
    end(&told);
}

static void every_failed_allocation_breaks_the_answer(void **state)
{
    (void)state;
    uint64_t nth = 1;
    bool went_well = false;
    for (; !went_well && nth < 100; nth++) {
        struct told told;
        begin(&told);
        lum_mem_fail_after(nth, false);
        lum_reply_hex(&told.reply, "h", "0123456789", 10);
        lum_reply_cstr(&told.reply, "a", "x");
        lum_reply_end(&told.reply, LUM_FRAME_ROW);
        lum_mem_fail_after(0, false);
        went_well = !told.out.broken;
        end(&told);
    }
    assert_true(went_well);
    assert_in_range(nth, 3, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map_is_sorted_whatever_the_order),
        cmocka_unit_test(each_map_begins_anew),
        cmocka_unit_test(hex_is_lower_case),
        cmocka_unit_test(maps_can_lie_inside_a_row),
        cmocka_unit_test(progress_is_two_numbers),
        cmocka_unit_test(an_error_drops_a_map_half_made),
        cmocka_unit_test(what_is_no_utf8_in_an_error_becomes_question_marks),
        cmocka_unit_test(a_row_too_large_breaks_the_answer_and_nothing_else),
        cmocka_unit_test(every_failed_allocation_breaks_the_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
