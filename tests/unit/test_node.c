/*
 * test_node.c - running nodes in processes of their own: the control socket, lines, meetings. Also
 * the test of pump.c, line.c, desk.c, meet.c, conn.c and worker.c, which only live together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/caller.h"
#include "core/crypto.h"
#include "core/space.h"
#include "net/host.h"
#include "tests/lib/temp.h"

static struct temp temp;
static char hall_a[300];
static char hall_b[300];
static char hall_c[300];

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(lum_crypto_init(), LUM_OK);
    temp_make(&temp);
    snprintf(hall_a, sizeof(hall_a), "%s/a", temp.dir);
    snprintf(hall_b, sizeof(hall_b), "%s/b", temp.dir);
    snprintf(hall_c, sizeof(hall_c), "%s/c", temp.dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_drop(&temp);
    return 0;
}

static void found(const char *dir)
{
    struct lum_space_options options = {lum_host_env(), dir};
    struct lum_space *space = NULL;
    struct lum_error err = {0};
    assert_int_equal(lum_space_init(&options, lum_bytes_of("Desa", 4), lum_bytes_of("Ana", 3),
                                    &space, &err),
                     LUM_OK);
    lum_space_close(space);
}

static void listening(int fd, char *out, size_t room)
{
    struct answer answer;
    answer_init(&answer);
    assert_true(caller_ask(fd, &answer, "addresses", NULL));
    assert_true(answer_text(&answer, "listening", out, room));
    answer_fini(&answer);
}

static void invite_of(int fd, char *out, size_t room)
{
    struct answer answer;
    char address[64];
    listening(fd, address, sizeof(address));
    answer_init(&answer);
    assert_true(caller_ask(fd, &answer, "invite", "address", address, NULL));
    assert_true(answer.is_done);
    assert_true(answer_text(&answer, "invite", out, room));
    answer_fini(&answer);
}

static void frontier_of(int fd, char *out, size_t room)
{
    struct answer answer;
    answer_init(&answer);
    assert_true(caller_ask(fd, &answer, "status", NULL));
    assert_true(answer.is_done);
    assert_true(answer_text(&answer, "frontier", out, room));
    answer_fini(&answer);
}

/* Waits until two nodes tell the same frontier; false after ten seconds. */
static bool become_equal(int one, int other)
{
    for (int i = 0; i < 200; i++) {
        struct timespec pause = {0, 50 * 1000000L};
        char a[80];
        char b[80];
        frontier_of(one, a, sizeof(a));
        frontier_of(other, b, sizeof(b));
        if (strcmp(a, b) == 0) {
            return true;
        }
        nanosleep(&pause, NULL);
    }
    return false;
}

static void a_node_answers_and_leaves_no_socket_behind(void **state)
{
    (void)state;
    struct answer answer;
    struct stat st;
    char path[400];
    char name[64];
    found(hall_a);
    pid_t node = caller_serve(hall_a, false);
    int fd = caller_connect(hall_a);
    assert_true(fd >= 0);
    snprintf(path, sizeof(path), "%s/control.sock", hall_a);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    answer_init(&answer);
    assert_true(caller_ask(fd, &answer, "status", NULL));
    assert_true(answer.is_done);
    assert_true(answer_text(&answer, "name", name, sizeof(name)));
    assert_string_equal(name, "Desa");
    assert_true(caller_ask(fd, &answer, "no-such-question", NULL));
    assert_false(answer.is_done);
    assert_true(caller_ask(fd, &answer, "status", NULL)); /* the desk goes on */
    assert_true(answer.is_done);
    answer_fini(&answer);
    close(fd);
    assert_int_equal(caller_stop(node), 0);
    assert_int_equal(stat(path, &st), -1);
}

static void a_newcomer_joins_and_holds_the_same(void **state)
{
    (void)state;
    char invite[200];
    found(hall_a);
    pid_t a = caller_serve(hall_a, true);
    int fd_a = caller_connect(hall_a);
    invite_of(fd_a, invite, sizeof(invite));
    assert_int_equal(caller_join(hall_b, invite, "Budi"), 0);
    pid_t b = caller_serve(hall_b, true);
    int fd_b = caller_connect(hall_b);
    assert_true(become_equal(fd_a, fd_b));
    close(fd_a);
    close(fd_b);
    assert_int_equal(caller_stop(a), 0);
    assert_int_equal(caller_stop(b), 0);
}

static void the_third_joins_through_the_second_while_the_first_is_away(void **state)
{
    (void)state;
    char invite[200];
    found(hall_a);
    pid_t a = caller_serve(hall_a, true);
    int fd_a = caller_connect(hall_a);
    invite_of(fd_a, invite, sizeof(invite));
    assert_int_equal(caller_join(hall_b, invite, "Budi"), 0);
    /* An invite for C made by A, told with B's address. */
    struct answer answer;
    char address[64];
    pid_t b = caller_serve(hall_b, true);
    int fd_b = caller_connect(hall_b);
    listening(fd_b, address, sizeof(address));
    answer_init(&answer);
    assert_true(caller_ask(fd_a, &answer, "invite", "address", address, NULL));
    assert_true(answer_text(&answer, "invite", invite, sizeof(invite)));
    answer_fini(&answer);
    assert_true(become_equal(fd_a, fd_b));
    close(fd_a);
    assert_int_equal(caller_stop(a), 0);
    assert_int_equal(caller_join(hall_c, invite, "Citra"), 0);
    close(fd_b);
    assert_int_equal(caller_stop(b), 0);
}

static void the_wrong_invite_hears_nothing(void **state)
{
    (void)state;
    char invite[200];
    char other[300];
    snprintf(other, sizeof(other), "%s/other", temp.dir);
    found(hall_a);
    found(other);
    pid_t a = caller_serve(hall_a, false);
    pid_t o = caller_serve(other, false);
    int fd_a = caller_connect(hall_a);
    int fd_o = caller_connect(other);
    struct answer answer;
    char address[64];
    listening(fd_o, address, sizeof(address));
    answer_init(&answer);
    assert_true(caller_ask(fd_a, &answer, "invite", "address", address, NULL));
    assert_true(answer_text(&answer, "invite", invite, sizeof(invite)));
    answer_fini(&answer);
    assert_int_equal(caller_join(hall_b, invite, "Budi"), 1);
    close(fd_a);
    close(fd_o);
    assert_int_equal(caller_stop(a), 0);
    assert_int_equal(caller_stop(o), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_answers_and_leaves_no_socket_behind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_newcomer_joins_and_holds_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            the_third_joins_through_the_second_while_the_first_is_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_wrong_invite_hears_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
