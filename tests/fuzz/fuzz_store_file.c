/*
 * fuzz_store_file.c - a file in the place of a store, before LMDB is let near it.
 *
 *   input = how u8 | the file, pages of 256 bytes where it is LMDB's
 *     how & 1  the pages are read from a table of short ones: per page a length u8 | its bytes,
 *              the others are zero; so that an input of some hundred bytes is a whole tree
 *
 * Holds: a file that is taken stays one when it grows, every page its trees name lies inside, and
 * what is refused is refused for a named cause.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/store_file.h"
#include "tests/fuzz/input.h"

enum {
    PAGE = 256,
    PAGES_MAX = 64,
};

static char path[64];

static void forget(void)
{
    (void)unlink(path);
}

static void begin(void)
{
    int len = snprintf(path, sizeof path, "/dev/shm/fuzz-store-%ld", (long)getpid());
    LUM_ASSERT(len > 0 && (size_t)len < sizeof path && atexit(forget) == 0);
}

static enum lum_status probe(struct lum_bytes bytes, struct lum_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    LUM_ASSERT(fd >= 0 && write(fd, bytes.at, bytes.len) == (ssize_t)bytes.len && close(fd) == 0);
    return lum_store_file_probe(path, true, err);
}

static struct lum_bytes spread(struct input *in, uint8_t pages[PAGES_MAX * PAGE])
{
    size_t count = 0;
    memset(pages, 0, PAGES_MAX * PAGE);
    for (; in->left > 0 && count < PAGES_MAX; count++) {
        struct lum_bytes page = input_bytes(in, input_byte(in));
        if (page.len > 0) {
            memcpy(pages + count * PAGE, page.at, page.len);
        }
    }
    return lum_bytes_of(pages, count * PAGE);
}

static void check_grown(struct lum_bytes bytes)
{
    static uint8_t grown[1 << 20];
    if (bytes.len + PAGE <= sizeof grown) {
        memset(grown, 0, bytes.len + PAGE);
        memcpy(grown, bytes.at, bytes.len);
        LUM_ASSERT(probe(lum_bytes_of(grown, bytes.len + PAGE), NULL) == LUM_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t pages[PAGES_MAX * PAGE];
    struct input in = input_over(data, size);
    struct lum_error err = {0};
    if (path[0] == '\0') {
        begin();
    }
    bool is_spread = input_flag(&in);
    struct lum_bytes bytes = is_spread ? spread(&in, pages) : input_rest(&in);
    enum lum_status status = probe(bytes, &err);
    LUM_ASSERT(status == LUM_OK || lum_cause_status(err.cause) == status);
    LUM_ASSERT((status == LUM_NOT_FOUND) == (bytes.len == 0));
    if (status == LUM_OK) {
        check_grown(bytes);
    } else {
        LUM_ASSERT(err.cause == LUM_CAUSE_no_store || err.cause == LUM_CAUSE_store_not_ours ||
                   err.cause == LUM_CAUSE_store_newer || err.cause == LUM_CAUSE_store_damaged);
    }
    if (memory_of(data, size) != 0) {
        (void)probe(bytes, NULL);
        memory_end(memory_of(data, size));
        enum lum_status hungry = lum_store_file_probe(path, true, NULL);
        memory_back();
        LUM_ASSERT(hungry == status || hungry == LUM_NO_MEMORY);
    }
    return 0;
}
