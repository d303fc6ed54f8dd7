/*
 * store_scrape.c - pages one after the other; the layout is that of core/store_file.c.
 */
#include "core/store_scrape.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/store_file.h"
#include "core/store_sum.h"

enum {
    WORD = sizeof(size_t),
    HEAD = WORD + 8,
    NODE_HEAD = 8,
    PAGE_SIZE_AT = HEAD + 8 + 2 * WORD, /* in the first meta page */
    PAGE_SIZE = 4096,                   /* when that one does not say */
    PAGE_SIZE_MAX = 32768,
    PAGE_LEAF = 0x02,
    NODE_BIG = 0x01,
    KEY_MAX = 511,
    VALUE_MAX = 16 * 1024 * 1024,
};

struct scrape {
    const struct lum_scraper *to;
    int fd;
    uint64_t size;
    size_t page_size;
    uint8_t page[PAGE_SIZE_MAX];
    struct lum_buf large; /* a value with pages of its own */
};

static bool load(const struct scrape *scrape, uint64_t offset, uint8_t *out, size_t len)
{
    ssize_t got = pread(scrape->fd, out, len, (off_t)offset);
    return got >= 0 && (size_t)got == len;
}

/* False when its pages are not in the file. */
static bool load_large(struct scrape *scrape, size_t first, size_t len, struct lum_bytes *out)
{
    static const uint8_t zeros[PAGE_SIZE];
    uint64_t pages = scrape->size / scrape->page_size;
    if (len > VALUE_MAX || first >= pages ||
        len > scrape->size - (uint64_t)first * scrape->page_size - HEAD) {
        return false;
    }
    lum_buf_reset(&scrape->large);
    for (size_t at = 0; at < len; at += sizeof zeros) {
        lum_buf_put(&scrape->large, zeros, len - at < sizeof zeros ? len - at : sizeof zeros);
    }
    uint64_t offset = (uint64_t)first * scrape->page_size + HEAD;
    *out = lum_buf_bytes(&scrape->large);
    return !scrape->large.broken && load(scrape, offset, scrape->large.at, len);
}

/* The row belongs to the table whose sum it has, if any. */
static enum lum_status take_row(const struct scrape *scrape, struct lum_bytes key,
                                struct lum_bytes stored)
{
    for (uint32_t table = 0; table < scrape->to->tables; table++) {
        struct lum_bytes value = stored;
        if (lum_store_sum_take(table, key, &value)) {
            return scrape->to->row(scrape->to->self, table, key, value);
        }
    }
    return LUM_OK;
}

static enum lum_status take_node(struct scrape *scrape, size_t at)
{
    if (at < HEAD || at > scrape->page_size - NODE_HEAD) {
        return LUM_OK;
    }
    const uint8_t *node = scrape->page + at;
    size_t room = scrape->page_size - at - NODE_HEAD;
    size_t len = lum_store_file_u16(node) | (size_t)lum_store_file_u16(node + 2) << 16;
    uint16_t flags = lum_store_file_u16(node + 4);
    struct lum_bytes key = lum_bytes_of(node + NODE_HEAD, lum_store_file_u16(node + 6));
    size_t held = flags == NODE_BIG ? (size_t)WORD : len;
    if (key.len == 0 || key.len > KEY_MAX || room < key.len || room - key.len < held) {
        return LUM_OK;
    }
    struct lum_bytes value = lum_bytes_of(key.at + key.len, len);
    if (flags == NODE_BIG && !load_large(scrape, lum_store_file_word(value.at), len, &value)) {
        return scrape->large.broken ? LUM_NO_MEMORY : LUM_OK;
    }
    return flags == NODE_BIG || flags == 0 ? take_row(scrape, key, value) : LUM_OK;
}

static enum lum_status take_page(struct scrape *scrape)
{
    size_t end = lum_store_file_u16(scrape->page + WORD + 4);
    enum lum_status status = LUM_OK;
    if (lum_store_file_u16(scrape->page + WORD + 2) != PAGE_LEAF) {
        return LUM_OK;
    }
    end = end < scrape->page_size ? end : scrape->page_size;
    for (size_t at = HEAD; at + 2 <= end && status == LUM_OK; at += 2) {
        status = take_node(scrape, lum_store_file_u16(scrape->page + at));
    }
    return status;
}

static size_t page_size_of(const struct scrape *scrape)
{
    uint8_t at[4];
    uint32_t size = 0;
    if (load(scrape, PAGE_SIZE_AT, at, sizeof at)) {
        memcpy(&size, at, sizeof size);
    }
    bool holds = size >= 256 && size <= PAGE_SIZE_MAX && (size & (size - 1)) == 0;
    return holds ? size : PAGE_SIZE;
}

enum lum_status lum_store_scrape(const char *path, const struct lum_scraper *scraper,
                                 struct lum_error *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0) {
        enum lum_cause cause = lum_store_file_cause(path, errno);
        const char *why = strerror(errno);
        if (fd >= 0) {
            (void)close(fd);
        }
        return lum_fail(err, cause, path, why);
    }
    struct scrape *scrape = lum_alloc_zero(sizeof *scrape);
    enum lum_status status = scrape == NULL ? LUM_NO_MEMORY : LUM_OK;
    if (status == LUM_OK) {
        *scrape = (struct scrape){.to = scraper, .fd = fd, .size = (uint64_t)st.st_size};
        lum_buf_init(&scrape->large, VALUE_MAX);
        scrape->page_size = page_size_of(scrape);
        for (uint64_t at = 0; status == LUM_OK && at < scrape->size; at += scrape->page_size) {
            if (load(scrape, at, scrape->page, scrape->page_size)) { /* a cut or bad one is none */
                status = take_page(scrape);
            }
        }
        lum_buf_fini(&scrape->large);
        lum_free(scrape);
    }
    (void)close(fd);
    return status == LUM_NO_MEMORY ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL) : status;
}
