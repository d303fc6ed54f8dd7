/* Normalisation, case folding and width of text as people type it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/text.h"

typedef enum lum_status (*change_fn)(struct lum_bytes in, struct lum_buf *out);

static struct lum_bytes text(const char *words)
{
    return lum_bytes_of(words, strlen(words));
}

static void assert_changed(change_fn change, const char *in, const char *expected)
{
    struct lum_buf out;
    lum_buf_init(&out, 1000);
    assert_int_equal(change(text(in), &out), LUM_OK);
    if (!lum_bytes_equal(lum_buf_bytes(&out), text(expected))) {
        fail_msg("\"%s\" became \"%.*s\", not \"%s\"", in, (int)out.len, (const char *)out.at,
                 expected);
    }
    lum_buf_fini(&out);
}

static void nfc_composes_what_can_be_composed(void **state)
{
    (void)state;
    assert_changed(lum_text_nfc, "cafe\xcc\x81", "caf\xc3\xa9");
    assert_changed(lum_text_nfc, "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab",
                   "\xed\x95\x9c");                                           /* Hangul */
    assert_changed(lum_text_nfc, "\xe2\x84\xab", "\xc3\x85");                 /* Angstrom sign */
    assert_changed(lum_text_nfc, "q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87");   /* order of marks */
    assert_changed(lum_text_nfc, "\xe0\xa5\x98", "\xe0\xa4\x95\xe0\xa4\xbc"); /* never composed */
}

static void nfc_leaves_composed_text_alone(void **state)
{
    (void)state;
    assert_changed(lum_text_nfc, "", "");
    assert_changed(lum_text_nfc, "Lumbung desa, 3 ton", "Lumbung desa, 3 ton");
    assert_changed(lum_text_nfc, "caf\xc3\xa9 \xca\xbf", "caf\xc3\xa9 \xca\xbf");
    assert_changed(lum_text_nfc, "\xea\xa6\xb2\xea\xa7\x80",
                   "\xea\xa6\xb2\xea\xa7\x80"); /* Javanese */
    assert_changed(lum_text_nfc, "\xf0\x9f\x8c\xbe", "\xf0\x9f\x8c\xbe");
}

static void nfc_keeps_a_nul(void **state)
{
    (void)state;
    struct lum_buf out;
    lum_buf_init(&out, 100);
    assert_int_equal(lum_text_nfc(lum_bytes_of("a\0e\xcc\x81", 5), &out), LUM_OK);
    assert_true(lum_bytes_equal(lum_buf_bytes(&out), lum_bytes_of("a\0\xc3\xa9", 4)));
    lum_buf_fini(&out);
}

static void what_is_not_utf8_is_invalid(void **state)
{
    (void)state;
    struct lum_buf out;
    lum_buf_init(&out, 100);
    assert_int_equal(lum_text_nfc(text("abc\xff"), &out), LUM_INVALID);
    assert_int_equal(lum_text_fold(text("\xed\xa0\x80"), &out), LUM_INVALID);
    assert_int_equal(out.len, 0);
    lum_buf_fini(&out);
}

static void changed_text_is_appended_up_to_the_ceiling(void **state)
{
    (void)state;
    struct lum_buf out;
    lum_buf_init(&out, 4);
    lum_buf_put_byte(&out, ':');
    assert_int_equal(lum_text_nfc(text("e\xcc\x81"), &out), LUM_OK);
    assert_true(lum_bytes_equal(lum_buf_bytes(&out), text(":\xc3\xa9")));
    assert_int_equal(lum_text_nfc(text("e\xcc\x81"), &out), LUM_LIMIT);
    lum_buf_fini(&out);
}

static void without_memory_the_text_is_refused(void **state)
{
    (void)state;
    struct lum_buf out;
    lum_buf_init(&out, 100);
    lum_mem_fail_after(1, true);
    assert_int_equal(lum_text_nfc(text("e\xcc\x81"), &out), LUM_NO_MEMORY);
    assert_int_equal(lum_text_nfc(text("abc"), &out), LUM_NO_MEMORY);
    lum_mem_fail_after(0, false);
    lum_buf_fini(&out);
}

static void fold_makes_case_alike(void **state)
{
    (void)state;
    assert_changed(lum_text_fold, "Desa SUKAMAJU", "desa sukamaju");
    assert_changed(lum_text_fold,
                   "Stra\xc3\x9f"
                   "e",
                   "strasse");
    assert_changed(lum_text_fold, "CAFE\xcc\x81", "caf\xc3\xa9");
    assert_changed(lum_text_fold, "", "");
}

static void width_counts_columns(void **state)
{
    (void)state;
    assert_int_equal(lum_text_width(text("")), 0);
    assert_int_equal(lum_text_width(text("padi")), 4);
    assert_int_equal(lum_text_width(text("caf\xc3\xa9")), 4);
    assert_int_equal(lum_text_width(text("cafe\xcc\x81")), 4);
    assert_int_equal(lum_text_width(text("\xe7\xb1\xb3")), 2);
    assert_int_equal(lum_text_width(text("\xf0\x9f\x8c\xbe")), 2);
    assert_int_equal(lum_text_width(text("a\x1b[0m")), 4);
    assert_int_equal(lum_text_width(text("a\xff\xfe")), 3);
    assert_int_equal(lum_text_width(text("a\xe7\xb1")), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nfc_composes_what_can_be_composed),
        cmocka_unit_test(nfc_leaves_composed_text_alone),
        cmocka_unit_test(nfc_keeps_a_nul),
        cmocka_unit_test(what_is_not_utf8_is_invalid),
        cmocka_unit_test(changed_text_is_appended_up_to_the_ceiling),
        cmocka_unit_test(without_memory_the_text_is_refused),
        cmocka_unit_test(fold_makes_case_alike),
        cmocka_unit_test(width_counts_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
