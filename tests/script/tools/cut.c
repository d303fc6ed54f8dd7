/*
 * cut.c - a wire that breaks: passes one connection on and cuts it after so many bytes.
 *
 *   cut PORT to|from BYTES     to: counted on the way to 127.0.0.1:PORT, from: on the way back
 *
 * Prints the port it listens on and, when it is over, "cut TO FROM" or, when one side closed
 * before, "passed TO FROM": the bytes that went each way. A cut is a reset on both sides, as when a
 * cable is pulled and the machine notices.
 */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in loopback(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

static void must(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(1);
    }
}

/* Prints the port, waits for the one connection. */
static int accept_one(void)
{
    struct sockaddr_in at = loopback(0);
    socklen_t len = sizeof(at);
    int door = socket(AF_INET, SOCK_STREAM, 0);
    must(door >= 0 && bind(door, (struct sockaddr *)&at, sizeof(at)) == 0, "bind");
    must(listen(door, 1) == 0 && getsockname(door, (struct sockaddr *)&at, &len) == 0, "listen");
    printf("%u\n", (unsigned)ntohs(at.sin_port));
    fflush(stdout);
    int fd = accept(door, NULL, NULL);
    must(fd >= 0, "accept");
    close(door);
    return fd;
}

static int connect_to(unsigned port)
{
    struct sockaddr_in at = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    must(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "connect");
    return fd;
}

/* What passed shall have arrived: a reset throws away what has not yet. */
static void let_arrive(int fd)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int left = 1;
    for (int ms = 0; ms < 20000 && left > 0; ms++) {
        if (ioctl(fd, TIOCOUTQ, &left) == 0 && left > 0) {
            nanosleep(&pause, NULL);
        }
    }
}

static void reset(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

/* Passes on what is there, at most `most` bytes; false when that side has closed. */
static bool pass(int from, int to, uint64_t most, uint64_t *passed)
{
    char part[16384];
    ssize_t got = recv(from, part, most < sizeof(part) ? (size_t)most : sizeof(part), 0);
    if (got <= 0) {
        return false;
    }
    for (ssize_t at = 0; at < got;) {
        ssize_t put = send(to, part + at, (size_t)(got - at), MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        at += put;
    }
    *passed += (uint64_t)got;
    return true;
}

int main(int argc, char **argv)
{
    must(argc == 4, "cut PORT to|from BYTES");
    unsigned counted = strcmp(argv[2], "to") == 0 ? 0 : 1;
    uint64_t limit = strtoull(argv[3], NULL, 10);
    uint64_t passed[2] = {0, 0};
    int ends[2];
    bool is_open = true;
    int yes = 1;

    ends[0] = accept_one();
    ends[1] = connect_to((unsigned)strtoul(argv[1], NULL, 10));
    for (int i = 0; i < 2; i++) {
        setsockopt(ends[i], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    }
    while (is_open && passed[counted] < limit) {
        struct pollfd polls[2] = {{.fd = ends[0], .events = POLLIN},
                                  {.fd = ends[1], .events = POLLIN}};
        must(poll(polls, 2, -1) > 0, "poll");
        for (unsigned i = 0; i < 2 && is_open; i++) {
            uint64_t most = i == counted ? limit - passed[i] : UINT64_MAX;
            if (polls[i].revents != 0 && most > 0) {
                is_open = pass(ends[i], ends[1 - i], most, &passed[i]);
            }
        }
    }
    if (passed[counted] >= limit) {
        let_arrive(ends[0]);
        let_arrive(ends[1]);
        reset(ends[0]);
        reset(ends[1]);
    }
    printf("%s %llu %llu\n", passed[counted] >= limit ? "cut" : "passed",
           (unsigned long long)passed[0], (unsigned long long)passed[1]);
    return 0;
}
