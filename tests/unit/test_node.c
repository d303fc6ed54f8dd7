/*
 * test_node.c - running nodes in processes of their own: the control socket, lines, meetings. Also
 * the test of pump.c, line.c, desk.c, meet.c, conn.c and worker.c, which only live together.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/space.h"
#include "core/squeeze.h"
#include "net/channel.h"
#include "net/frame.h"
#include "net/host.h"
#include "sync/message.h"
#include "tests/lib/caller.h"
#include "tests/lib/leave.h"
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
    assert_int_equal(
        lum_space_init(&options, lum_bytes_of("Desa", 4), lum_bytes_of("Ana", 3), &space, &err),
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

/* ---- neighbours that behave badly ---- */

/* One that has a member's keys. */
struct rogue {
    int fd;
    struct lum_entry entry;
    struct lum_sign_key node;
    struct lum_channel channel;
    struct lum_buf in;
    struct lum_buf plain;
    struct lum_buf out;
};

static void rogue_init(struct rogue *rogue, const char *dir)
{
    struct lum_space_options options = {lum_host_env(), dir};
    struct lum_space *space = NULL;
    uint8_t secret[32];
    memset(rogue, 0, sizeof(*rogue));
    assert_int_equal(lum_space_open(&options, &space, NULL), LUM_OK);
    assert_int_equal(lum_space_secret(space, &rogue->entry.tag, secret), LUM_OK);
    lum_entry_keys_of_secret(secret, &rogue->entry.keys);
    rogue->node = lum_space_keys(space)->node;
    lum_space_close(space);
    lum_buf_init(&rogue->in, 1 << 20);
    lum_buf_init(&rogue->plain, 1 << 20);
    lum_buf_init(&rogue->out, 1 << 22);
}

static void rogue_fini(struct rogue *rogue)
{
    close(rogue->fd);
    lum_buf_fini(&rogue->in);
    lum_buf_fini(&rogue->plain);
    lum_buf_fini(&rogue->out);
}

static int dial_port(const char *address)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port =
                                 htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* What is in `out`; false when the other side has closed. */
static bool rogue_write(struct rogue *rogue)
{
    size_t done = 0;
    while (done < rogue->out.len) {
        ssize_t put = send(rogue->fd, rogue->out.at + done, rogue->out.len - done, MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        done += (size_t)put;
    }
    lum_buf_reset(&rogue->out);
    return true;
}

/* Until the handshake is done. */
static void rogue_shake(struct rogue *rogue)
{
    while (rogue->channel.state != LUM_CHANNEL_OPEN) {
        uint8_t *at = lum_buf_extend(&rogue->in, 1);
        assert_int_equal(recv(rogue->fd, at, 1, 0), 1);
        assert_int_equal(lum_channel_feed(&rogue->channel, &rogue->in, &rogue->entry, 1,
                                          &rogue->plain, &rogue->out),
                         LUM_FAULT_NONE);
        assert_int_not_equal(rogue->channel.state, LUM_CHANNEL_DEAF);
        assert_true(rogue_write(rogue));
    }
}

static void rogue_say(struct rogue *rogue, enum lum_message_type type, const struct lum_buf *body)
{
    struct lum_buf frame;
    lum_buf_init(&frame, LUM_MESSAGE_MAX + 16);
    lum_frame_put(&frame, (uint8_t)type, lum_buf_bytes(body));
    lum_channel_seal(&rogue->channel, lum_buf_bytes(&frame), &rogue->out);
    lum_buf_fini(&frame);
}

/* Comes in as that member. */
static void rogue_meet(struct rogue *rogue, const char *address)
{
    static const uint8_t ephemeral[32] = {7};
    struct lum_buf body;
    rogue->fd = dial_port(address);
    lum_channel_dial(&rogue->channel, &rogue->entry, ephemeral, &rogue->out);
    assert_true(rogue_write(rogue));
    rogue_shake(rogue);
    const struct lum_auth auth = {.has_generation = true, .generation = rogue->entry.tag};
    const struct lum_auth_role role = {true, rogue->channel.hash};
    lum_buf_init(&body, 1024);
    lum_message_put_auth(&body, &auth, &role, &rogue->node);
    rogue_say(rogue, LUM_MESSAGE_AUTH, &body);
    lum_buf_fini(&body);
}

/* The most memory the process has held so far, in KiB. */
static long peak_kib(pid_t pid)
{
    char path[64];
    char line[128];
    long kib = -1;
    snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmHWM:", 6) == 0) {
            kib = strtol(line + 6, NULL, 10);
        }
    }
    fclose(file);
    return kib;
}

/* A serves, B has joined and its keys are the rogue's. */
static pid_t begin_rogue(struct rogue *rogue, int *fd, char *address, size_t room)
{
    char invite[200];
    found(hall_a);
    pid_t a = caller_serve(hall_a, true);
    *fd = caller_connect(hall_a);
    invite_of(*fd, invite, sizeof(invite));
    listening(*fd, address, room);
    assert_int_equal(caller_join(hall_b, invite, "Budi"), 0);
    rogue_init(rogue, hall_b);
    return a;
}

static void callers_who_say_nothing_keep_nobody_out(void **state)
{
    (void)state;
    char invite[200];
    char address[64];
    int silent[LUM_HALF_OPEN_MAX + 20];
    found(hall_a);
    pid_t a = caller_serve(hall_a, false);
    int fd = caller_connect(hall_a);
    invite_of(fd, invite, sizeof(invite));
    listening(fd, address, sizeof(address));
    for (size_t i = 0; i < LUM_COUNT(silent); i++) {
        silent[i] = dial_port(address);
    }
    assert_int_equal(caller_join(hall_b, invite, "Budi"), 0);
    for (size_t i = 0; i < LUM_COUNT(silent); i++) {
        close(silent[i]);
    }
    close(fd);
    assert_int_equal(caller_stop(a), 0);
}

/* Each message is a hundred bytes that become 256 KiB for the writer. */
static void a_flood_that_swells_is_heard_no_faster_than_it_is_written(void **state)
{
    (void)state;
    enum {
        FLOOD = 4000
    };
    struct rogue rogue;
    char address[64];
    int fd;
    pid_t a = begin_rogue(&rogue, &fd, address, sizeof(address));
    struct lum_squeezer *squeezer = NULL;
    struct lum_buf body;
    struct lum_buf packed;
    uint8_t *zeros = calloc(1, LUM_BLOCK_PLAIN_MAX);
    const struct lum_intro intro = {.number = 0, .name = {.shelf = LUM_SHELF_COMMON}};
    struct lum_sig seal = {0};
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_buf_init(&packed, LUM_MESSAGE_MAX);
    rogue_meet(&rogue, address);
    lum_message_put_intro(&body, &intro);
    rogue_say(&rogue, LUM_MESSAGE_INTRO, &body);
    lum_buf_reset(&body);
    assert_int_equal(lum_squeezer_open(&squeezer), LUM_OK);
    assert_int_equal(lum_squeeze(squeezer, lum_bytes_of(zeros, LUM_BLOCK_PLAIN_MAX), 1, &packed),
                     LUM_OK);
    const struct lum_bunch bunch = {.seals = {&seal, 1},
                                    .runs = {{0, 1000, LUM_BLOCK_PLAIN_MAX}},
                                    .packed = lum_buf_bytes(&packed)};
    lum_message_put_bunch(&body, &bunch);
    for (int i = 0; i < FLOOD; i++) {
        rogue_say(&rogue, LUM_MESSAGE_BUNCH, &body);
    }
    (void)rogue_write(&rogue);
    struct answer answer;
    answer_init(&answer);
    assert_true(caller_ask(fd, &answer, "status", NULL));
    assert_true(answer.is_done);
    answer_fini(&answer);
    print_message("peak %ld KiB\n", peak_kib(a));
    assert_true(peak_kib(a) < FLOOD * (LUM_BLOCK_PLAIN_MAX / 1024) / 2);
    lum_squeezer_close(squeezer);
    lum_buf_fini(&packed);
    lum_buf_fini(&body);
    free(zeros);
    rogue_fini(&rogue);
    close(fd);
    assert_int_equal(caller_stop(a), 0);
}

static int listen_here(char *address, size_t room)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(address, room, "127.0.0.1:%u", (unsigned)ntohs(at.sin_port));
    return fd;
}

/* The line breaks between the handshake and AUTH: a moment like any other. */
static void who_broke_off_before_auth_is_tried_again(void **state)
{
    (void)state;
    static const uint8_t ephemeral[32] = {7};
    struct rogue rogue;
    struct answer answer;
    char address[64];
    int fd;
    pid_t a = begin_rogue(&rogue, &fd, address, sizeof(address));
    int door = listen_here(address, sizeof(address));
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) { /* asks A to dial, and waits for the answer in our place */
        answer_init(&answer);
        int own = caller_connect(hall_a);
        leave(caller_ask(own, &answer, "sync", "address", address, NULL) ? 0 : 1);
    }
    rogue.fd = accept(door, NULL, NULL);
    lum_channel_answer(&rogue.channel, ephemeral);
    rogue_shake(&rogue);
    rogue_fini(&rogue);
    struct pollfd again = {.fd = door, .events = POLLIN};
    assert_int_equal(poll(&again, 1, 4 * LUM_DIAL_BACKOFF_MIN_MS), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(door);
    close(fd);
    assert_int_equal(caller_stop(a), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_answers_and_leaves_no_socket_behind, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_newcomer_joins_and_holds_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_third_joins_through_the_second_while_the_first_is_away,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_wrong_invite_hears_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(callers_who_say_nothing_keep_nobody_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_flood_that_swells_is_heard_no_faster_than_it_is_written,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_broke_off_before_auth_is_tried_again, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
