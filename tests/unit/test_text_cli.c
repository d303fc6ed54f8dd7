/* test_text_cli.c - every sentence in both languages, and foreign text made harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/text.h"
#include "core/text.h"
#include "core/utf8.h"

static struct lum_buf out;

static int set_up(void **state)
{
    (void)state;
    lum_buf_init(&out, 1 << 16);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_buf_fini(&out);
    return 0;
}

static void expect_out(const char *expected)
{
    lum_buf_put_byte(&out, 0);
    assert_string_equal((const char *)out.at, expected);
    lum_buf_reset(&out);
}

/* ---- both languages ---- */

/* The particulars a sentence names, as bits: {2} is bit 1; {2:one|many} counts for nothing. */
static unsigned particulars_of(const char *sentence)
{
    unsigned found = 0;
    for (const char *at = strchr(sentence, '{'); at != NULL; at = strchr(at + 1, '{')) {
        if (at[1] < '0' || at[1] > '9') {
            continue; /* a brace that means itself */
        }
        assert_in_range(at[1], '1', '3');
        assert_true(at[2] == '}' || at[2] == ':');
        found |= at[2] == '}' ? 1u << (at[1] - '1') : 0;
    }
    return found;
}

static bool has_forms(const char *sentence)
{
    for (const char *at = strchr(sentence, '{'); at != NULL; at = strchr(at + 1, '{')) {
        if (at[1] >= '0' && at[1] <= '9' && at[2] == ':') {
            return true;
        }
    }
    return false;
}

static void expect_lines(const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        struct lum_bytes line = lum_bytes_of(text, len);
        assert_true(lum_utf8_valid(line));
        assert_false(lum_utf8_has_control(line));
        assert_true(len < 200);
        text += len + (text[len] == '\n');
    }
}

static void expect_pair(const char *english, const char *indonesian)
{
    assert_non_null(english);
    assert_non_null(indonesian);
    assert_true(english[0] != '\0' && indonesian[0] != '\0');
    assert_int_equal(particulars_of(english), particulars_of(indonesian));
    assert_false(has_forms(indonesian)); /* it needs none */
    expect_lines(english);
    expect_lines(indonesian);
}

static void every_sentence_is_told_in_both_languages(void **state)
{
    (void)state;
    for (unsigned id = 0; id < LUM_TEXTS; id++) {
        expect_pair(lum_text_plain(LUM_LANG_EN, (enum lum_text_id)id),
                    lum_text_plain(LUM_LANG_ID, (enum lum_text_id)id));
    }
}

static const char *cause_part(enum lum_lang lang, unsigned cause, unsigned part)
{
    return lum_text_of_cause(lang, (enum lum_cause)cause, (enum lum_cause_part)part);
}

enum {
#define X(name, status) SEEN_##name,
    LUM_CAUSES(X)
#undef X
    CAUSES,
};

static void every_cause_says_three_things_in_both_languages(void **state)
{
    (void)state;
    for (unsigned cause = 0; cause < CAUSES; cause++) {
        for (unsigned part = 0; part < LUM_CAUSE_PARTS; part++) {
            expect_pair(cause_part(LUM_LANG_EN, cause, part), cause_part(LUM_LANG_ID, cause, part));
        }
        const char *what = cause_part(LUM_LANG_EN, cause, LUM_CAUSE_WHAT);
        for (unsigned other = 0; other < cause; other++) {
            assert_string_not_equal(what, cause_part(LUM_LANG_EN, other, LUM_CAUSE_WHAT));
        }
    }
}

/* What core/status.h hands over in {1} must not be lost on the way to a person. */
static void every_cause_names_its_first_particular(void **state)
{
    (void)state;
    static const enum lum_cause without[] = {
        LUM_CAUSE_no_memory,
        LUM_CAUSE_no_address,
        LUM_CAUSE_node_gone,
    };
    for (unsigned cause = 0; cause < CAUSES; cause++) {
        bool is_without = false;
        for (size_t i = 0; i < LUM_COUNT(without); i++) {
            is_without = is_without || without[i] == cause;
        }
        unsigned named = 0;
        for (unsigned part = 0; part < LUM_CAUSE_PARTS; part++) {
            named |= particulars_of(cause_part(LUM_LANG_EN, cause, part));
        }
        assert_int_equal(named & 1, is_without ? 0 : 1);
        assert_int_equal(named & 4, 0);
    }
}

/* ---- which language ---- */

static void set_locale(const char *all, const char *messages, const char *lang)
{
    assert_int_equal(all != NULL ? setenv("LC_ALL", all, 1) : unsetenv("LC_ALL"), 0);
    assert_int_equal(
        messages != NULL ? setenv("LC_MESSAGES", messages, 1) : unsetenv("LC_MESSAGES"), 0);
    assert_int_equal(lang != NULL ? setenv("LANG", lang, 1) : unsetenv("LANG"), 0);
}

static enum lum_lang chosen(const char *option)
{
    enum lum_lang lang = LUM_LANGS;
    assert_true(lum_text_choose(option, &lang));
    return lang;
}

static void the_option_decides_then_the_environment(void **state)
{
    (void)state;
    set_locale(NULL, NULL, NULL);
    assert_int_equal(chosen(NULL), LUM_LANG_EN);
    set_locale(NULL, NULL, "id_ID.UTF-8");
    assert_int_equal(chosen(NULL), LUM_LANG_ID);
    assert_int_equal(chosen("en"), LUM_LANG_EN);
    set_locale("", "", "id");
    assert_int_equal(chosen(NULL), LUM_LANG_ID);
    set_locale("C.UTF-8", NULL, "id_ID");
    assert_int_equal(chosen(NULL), LUM_LANG_EN);
    assert_int_equal(chosen("id"), LUM_LANG_ID);
    set_locale(NULL, "id_ID", "en_US");
    assert_int_equal(chosen(NULL), LUM_LANG_ID);
    enum lum_lang lang = LUM_LANGS;
    assert_false(lum_text_choose("jv", &lang));
}

/* ---- particulars ---- */

static void particulars_are_put_in(void **state)
{
    (void)state;
    const char *const three[3] = {"a", "b", "c"};
    lum_text_fill(&out, "{2} of {1}, {3}{3}", three);
    expect_out("b of a, cc");
    const char *const none[3] = {NULL, NULL, NULL};
    lum_text_fill(&out, "<{1}> {x} {\"y\": 1}", none);
    expect_out("<> {x} {\"y\": 1}");
}

static void english_has_plural_forms(void **state)
{
    (void)state;
    lum_text(&out, LUM_LANG_EN, LUM_TEXT_time_days_ago, "1", NULL, NULL);
    expect_out("1 day ago");
    lum_text(&out, LUM_LANG_EN, LUM_TEXT_time_days_ago, "11", NULL, NULL);
    expect_out("11 days ago");
    lum_text(&out, LUM_LANG_ID, LUM_TEXT_time_days_ago, "1", NULL, NULL);
    expect_out("1 hari lalu");
}

static void phrases_of_lower_rooms_are_translated(void **state)
{
    (void)state;
    struct lum_error error = {.cause = LUM_CAUSE_no_right};
    strcpy(error.one, "invite");
    strcpy(error.two, "steward");
    lum_text_cause(&out, LUM_LANG_ID, &error, LUM_CAUSE_WHY);
    expect_out("Perannya harus: pengurus");
    assert_string_equal(lum_text_phrase(LUM_LANG_EN, "steward"), "steward");
    assert_string_equal(lum_text_phrase(LUM_LANG_ID, "no such phrase"), "no such phrase");
}

/* ---- foreign text ---- */

static void expect_safe(const char *text, const char *expected)
{
    lum_text_safe(&out, lum_bytes_of(text, strlen(text)));
    expect_out(expected);
}

static void plain_text_stays_as_it_is(void **state)
{
    (void)state;
    expect_safe("", "");
    expect_safe("Desa Sukamaju \xe2\x80\x94 caf\xc3\xa9 \xf0\x9f\x8c\xbe \\n",
                "Desa Sukamaju \xe2\x80\x94 caf\xc3\xa9 \xf0\x9f\x8c\xbe \\n");
}

static void what_could_move_the_cursor_is_escaped(void **state)
{
    (void)state;
    expect_safe("a\x1b[2Jb", "a\\x1b[2Jb");
    expect_safe("1\n2\r\t3", "1\\n2\\r\\t3");
    expect_safe("\x01\x7f", "\\x01\\x7f");
    expect_safe("\xc2\x9b"
                "31m",
                "\\u009b31m");
    expect_safe("x\xe2\x80\xaey", "x\\u202ey");
    expect_safe("\xe2\x81\xa6z", "\\u2066z");
}

static void what_is_not_utf8_is_escaped_byte_by_byte(void **state)
{
    (void)state;
    expect_safe("a\xff\xc3", "a\\xff\\xc3");
    expect_safe("\xed\xa0\x80"
                "b",
                "\\xed\\xa0\\x80b");
    expect_safe("\xc3\xa9\xe9", "\xc3\xa9\\xe9");
}

/* Whatever comes in, what goes out is UTF-8 without a control character. */
static void no_bytes_get_through_unsafe(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t bytes[12];
        for (size_t i = 0; i < sizeof(bytes); i++) {
            static const uint8_t likely[] = {0xc2, 0x9b, 0xe2, 0x80, 0xae, 0x1b, 'x', 0xf0};
            seed = seed * 1664525u + 1013904223u;
            bytes[i] = seed >> 31 ? likely[seed >> 28 & 7] : (uint8_t)(seed >> 20);
        }
        lum_buf_reset(&out);
        lum_text_safe(&out, lum_bytes_of(bytes, sizeof(bytes)));
        assert_true(lum_utf8_valid(lum_buf_bytes(&out)));
        assert_false(lum_utf8_has_control(lum_buf_bytes(&out)));
    }
}

static void particulars_are_made_safe(void **state)
{
    (void)state;
    struct lum_error error = {.cause = LUM_CAUSE_no_record};
    strcpy(error.one, "a\x1b]0;x\x07");
    lum_text_cause(&out, LUM_LANG_EN, &error, LUM_CAUSE_WHAT);
    expect_out("There is no record a\\x1b]0;x\\x07 here.");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_sentence_is_told_in_both_languages),
        CASE(every_cause_says_three_things_in_both_languages),
        CASE(every_cause_names_its_first_particular),
        CASE(the_option_decides_then_the_environment),
        CASE(particulars_are_put_in),
        CASE(english_has_plural_forms),
        CASE(phrases_of_lower_rooms_are_translated),
        CASE(plain_text_stays_as_it_is),
        CASE(what_could_move_the_cursor_is_escaped),
        CASE(what_is_not_utf8_is_escaped_byte_by_byte),
        CASE(no_bytes_get_through_unsafe),
        CASE(particulars_are_made_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
