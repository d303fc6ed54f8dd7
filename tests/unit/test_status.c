/* What a failure says of itself: names, causes, particulars that fit, and the end of a bug. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/status.h"

static void names_are_those_of_the_enums(void **state)
{
    (void)state;
    assert_string_equal(lum_status_name(LUM_OK), "OK");
    assert_string_equal(lum_status_name(LUM_UNREACHABLE), "UNREACHABLE");
    assert_string_equal(lum_status_words(LUM_NOT_FOUND), "not found");
    assert_string_equal(lum_fault_name(LUM_FAULT_PAYLOAD_HASH), "payload-hash");
    assert_string_equal(lum_fault_name(LUM_FAULT_SPACE), "space");
    assert_string_equal(lum_cause_name(LUM_CAUSE_no_record), "no_record");
    assert_string_equal(lum_cause_name(LUM_CAUSE_foreign_bytes), "foreign_bytes");
}

static void fail_gives_the_status_of_its_cause(void **state)
{
    (void)state;
    struct lum_error err;
    assert_int_equal(lum_fail(&err, LUM_CAUSE_no_record, "visits/7f", NULL), LUM_NOT_FOUND);
    assert_int_equal(err.cause, LUM_CAUSE_no_record);
    assert_string_equal(err.one, "visits/7f");
    assert_string_equal(err.two, "");
    assert_int_equal(lum_cause_status(LUM_CAUSE_store_newer), LUM_NEWER);
}

static void fail_needs_no_error_to_fill(void **state)
{
    (void)state;
    assert_int_equal(lum_fail(NULL, LUM_CAUSE_disk_full, "/srv", NULL), LUM_FULL);
}

static void fail_number_writes_the_second_particular_in_digits(void **state)
{
    (void)state;
    struct lum_error err;
    assert_int_equal(lum_fail_number(&err, LUM_CAUSE_ambiguous_id, "7f", UINT64_MAX), LUM_INVALID);
    assert_string_equal(err.one, "7f");
    assert_string_equal(err.two, "18446744073709551615");
}

/* What is kept of `letters` letters with `tail` behind them. */
static size_t kept(size_t letters, const char *tail)
{
    struct lum_error err;
    char text[300];
    memset(text, 'a', letters);
    memcpy(text + letters, tail, strlen(tail) + 1);
    assert_int_equal(lum_fail(&err, LUM_CAUSE_bad_name, text, text), LUM_INVALID);
    assert_string_equal(err.one, err.two);
    assert_memory_equal(err.one, text, strlen(err.one));
    return strlen(err.one);
}

static void a_long_particular_is_cut_between_characters(void **state)
{
    (void)state;
    assert_int_equal(kept(255, ""), 255);
    assert_int_equal(kept(255, "b"), 255);
    assert_int_equal(kept(253, "\xc3\xa9"), 255);         /* fits to the byte */
    assert_int_equal(kept(254, "\xc3\xa9"), 254);         /* would be split */
    assert_int_equal(kept(254, "\xe2\x82\xac"), 254);     /* of three bytes, one would fit */
    assert_int_equal(kept(253, "\xe2\x82\xac"), 253);     /* two would */
    assert_int_equal(kept(252, "\xf0\x9f\x8c\xbe"), 252); /* of four, three would */
}

/* Runs in a child, since it ends the process: its standard error is what the parent reads. */
static void break_an_invariant(int out)
{
    (void)dup2(out, STDERR_FILENO);
    (void)signal(SIGABRT, SIG_DFL);
    lum_panic("len <= room", "core/mem.c", 42);
}

static void panic_names_the_place_and_aborts(void **state)
{
    (void)state;
    int ends[2];
    char said[200] = {0};
    int status = 0;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        break_an_invariant(ends[1]);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(read(ends[0], said, sizeof said - 1) > 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(said, "len <= room (core/mem.c:42)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_those_of_the_enums),
        cmocka_unit_test(fail_gives_the_status_of_its_cause),
        cmocka_unit_test(fail_needs_no_error_to_fill),
        cmocka_unit_test(fail_number_writes_the_second_particular_in_digits),
        cmocka_unit_test(a_long_particular_is_cut_between_characters),
        cmocka_unit_test(panic_names_the_place_and_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
