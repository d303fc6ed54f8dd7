/*
 * feed.c - keeps a serving node busy and remembers what it acknowledged.
 *
 *   feed DIR put FIRST           one record a question, with number FIRST, FIRST + 1, ..
 *   feed DIR import FIRST ROWS   keyed rows, ROWS a question
 *
 * Each answer that went well becomes a line "FIRST LAST" of numbers on standard output, written at
 * once. Ends when the node is gone, also before the first question.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/pack.h"
#include "net/frame.h"
#include "net/reply.h"
#include "tests/lib/caller.h"

static bool say_all(int fd, struct lum_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t put = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        if (put <= 0) {
            return false;
        }
        bytes.at += put;
        bytes.len -= (size_t)put;
    }
    return true;
}

/* True for DONE, false for ERROR or a line that broke. */
static bool hear_end(int fd, struct lum_buf *frames)
{
    uint8_t part[4096];
    for (;;) {
        struct lum_frame frame;
        enum lum_fault fault;
        while (lum_frame_peek(lum_buf_bytes(frames), 1 << 20, &frame, &fault) == LUM_OK) {
            uint8_t type = frame.type;
            lum_buf_drop(frames, frame.size);
            if (type == LUM_FRAME_DONE || type == LUM_FRAME_ERROR) {
                return type == LUM_FRAME_DONE;
            }
        }
        ssize_t got = recv(fd, part, sizeof(part), 0);
        if (got <= 0) {
            return false;
        }
        lum_buf_put(frames, part, (size_t)got);
    }
}

/* {number, note}: the note makes the row as long as a short visit. */
static void put_fields(struct lum_buf *out, uint64_t number)
{
    lum_pack_map(out, 2);
    lum_pack_cstr(out, "note");
    lum_pack_cstr(out, "seen near the river after the rain of last night");
    lum_pack_cstr(out, "number");
    lum_pack_uint(out, number);
}

/* The question for `rows` records from one number on; 0 rows: one record without a key. */
static void put_question(struct lum_buf *out, uint64_t first, uint64_t rows)
{
    lum_pack_cstr(out, rows == 0 ? "put" : "import");
    lum_pack_map(out, rows == 0 ? 2 : 1);
    lum_pack_cstr(out, "coll");
    lum_pack_cstr(out, "items");
    if (rows == 0) {
        lum_pack_cstr(out, "fields");
        put_fields(out, first);
    }
    for (uint64_t i = 0; i < rows; i++) {
        char key[32];
        (void)snprintf(key, sizeof(key), "%llu", (unsigned long long)(first + i));
        lum_pack_cstr(out, key);
        put_fields(out, first + i);
    }
}

static void keep(uint64_t first, uint64_t last)
{
    char line[64];
    int len = snprintf(line, sizeof(line), "%llu %llu\n", (unsigned long long)first,
                       (unsigned long long)last);
    if (write(STDOUT_FILENO, line, (size_t)len) != len) {
        _exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        return 2;
    }
    uint64_t at = strtoull(argv[3], NULL, 10);
    uint64_t rows = argc > 4 ? strtoull(argv[4], NULL, 10) : 0;
    struct lum_buf body;
    struct lum_buf ask;
    struct lum_buf frames;
    int fd = caller_try(argv[1]);
    bool is_done = fd >= 0;

    lum_buf_init(&body, 1 << 24);
    lum_buf_init(&ask, 1 << 24);
    lum_buf_init(&frames, 1 << 24);
    while (is_done) {
        lum_buf_reset(&body);
        lum_buf_reset(&ask);
        put_question(&body, at, rows);
        lum_frame_put(&ask, LUM_FRAME_ASK, lum_buf_bytes(&body));
        is_done = say_all(fd, lum_buf_bytes(&ask)) && hear_end(fd, &frames);
        if (is_done) {
            keep(at, at + (rows == 0 ? 0 : rows - 1));
            at += rows == 0 ? 1 : rows;
        }
    }
    lum_buf_fini(&body);
    lum_buf_fini(&ask);
    lum_buf_fini(&frames);
    return 0;
}
