/*
 * pace.c - how long a serving node takes to acknowledge a put, seen by one who asks for one record
 * after the other.
 *
 *   pace DIR COUNT [FIRST]     numbers of the records from FIRST (1) on
 *
 * Prints "PUTS P50 P99 MOST", times in microseconds; ends with 1 when a put is not acknowledged.
 * On SIGTERM it ends as after COUNT puts.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "core/pack.h"
#include "net/frame.h"
#include "net/reply.h"
#include "tests/lib/caller.h"

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
    (void)number;
    is_over = 1;
}

static uint32_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

static bool say_all(int fd, struct lum_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t put = write(fd, bytes.at, bytes.len);
        if (put <= 0) {
            return false;
        }
        bytes.at += put;
        bytes.len -= (size_t)put;
    }
    return true;
}

/* True for DONE, false for ERROR or a line that broke. */
static bool hear_end(int fd)
{
    static uint8_t frames[65536];
    size_t len = 0;
    while (len < sizeof(frames)) {
        struct lum_frame frame;
        enum lum_fault fault;
        ssize_t got = read(fd, frames + len, sizeof(frames) - len);
        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
        if (lum_frame_peek(lum_bytes_of(frames, len), sizeof(frames), &frame, &fault) == LUM_OK) {
            return frame.type == LUM_FRAME_DONE;
        }
    }
    return false;
}

static void put_question(struct lum_buf *out, uint64_t number)
{
    lum_pack_cstr(out, "put");
    lum_pack_map(out, 2);
    lum_pack_cstr(out, "coll");
    lum_pack_cstr(out, "paces");
    lum_pack_cstr(out, "fields");
    lum_pack_map(out, 2);
    lum_pack_cstr(out, "note");
    lum_pack_cstr(out, "seen near the river after the rain of last night");
    lum_pack_cstr(out, "number");
    lum_pack_uint(out, number);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    size_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
    uint32_t *times = calloc(count + 1, sizeof(*times));
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct lum_buf body;
    struct lum_buf ask;
    size_t done = 0;
    bool is_well = count > 0 && times != NULL;
    int fd = is_well ? caller_connect(argv[1]) : -1;

    sigaction(SIGTERM, &action, NULL);
    lum_buf_init(&body, 1 << 16);
    lum_buf_init(&ask, 1 << 16);
    is_well = fd >= 0;
    while (is_well && done < count && !is_over) {
        lum_buf_reset(&body);
        lum_buf_reset(&ask);
        put_question(&body, first + done);
        lum_frame_put(&ask, LUM_FRAME_ASK, lum_buf_bytes(&body));
        uint32_t begin = now_us();
        is_well = say_all(fd, lum_buf_bytes(&ask)) && hear_end(fd);
        times[done] = now_us() - begin;
        done += is_well;
    }
    if (done > 0) {
        qsort(times, done, sizeof(*times), by_size);
        printf("%zu %u %u %u\n", done, times[done / 2], times[(done - 1) * 99 / 100],
               times[done - 1]);
    }
    lum_buf_fini(&body);
    lum_buf_fini(&ask);
    free(times);
    return is_well && done > 0 ? 0 : 1;
}
