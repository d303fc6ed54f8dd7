/*
 * fuzz_squeeze.c - packed blocks.
 *
 *   input = way u8 | plain length u24 | bytes to the end
 *     way even: the bytes are a packed block of that plain length
 *     way odd:  the bytes are plain; they are packed, and the block is then changed at one place
 *
 * Holds: what is taken has the declared length, begins with a descriptor of 0, and is taken no more
 * with a byte fewer or more, with a second frame behind it, or under another length.
 */
#include "core/limits.h"
#include "core/squeeze.h"
#include "tests/fuzz/input.h"

static struct lum_squeezer *squeezer;
static struct lum_buf plain;
static struct lum_buf again;

static bool takes(struct lum_bytes packed, size_t plain_len, struct lum_buf *out)
{
    enum lum_status status = lum_unsqueeze(squeezer, packed, plain_len, out);
    LUM_ASSERT(status == LUM_OK || status == LUM_FAULT);
    LUM_ASSERT(out->len == (status == LUM_OK ? plain_len : 0));
    return status == LUM_OK;
}

/* Blocks that differ from a good one only in how they end. */
static void check_ends(struct lum_bytes packed, size_t plain_len)
{
    static const uint8_t endings[][16] = {
        {0},                                  /* a byte */
        {0, 0x58, 0x01, 0, 0},                /* an empty frame without magic */
        {0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0}, /* a skippable frame */
        {0x28, 0xb5, 0x2f, 0xfd, 0x20, 0, 1, 0, 0}, /* an empty frame with magic */
    };
    static const size_t lens[] = {1, 5, 8, 9};
    struct lum_bytes shorter = block_of(lum_bytes_of(packed.at, packed.len - 1));
    LUM_ASSERT(!takes(shorter, plain_len, &again));
    block_free(shorter);
    for (size_t i = 0; i < LUM_COUNT(endings); i++) {
        struct lum_buf longer;
        lum_buf_init(&longer, packed.len + 16);
        lum_buf_put(&longer, packed.at, packed.len);
        lum_buf_put(&longer, endings[i], lens[i]);
        LUM_ASSERT(!takes(lum_buf_bytes(&longer), plain_len, &again));
        lum_buf_fini(&longer);
    }
    LUM_ASSERT(plain_len == 0 || !takes(packed, plain_len - 1, &again));
    LUM_ASSERT(!takes(packed, plain_len + 1, &again));
}

static void check_packed(struct lum_bytes packed, size_t plain_len)
{
    if (!takes(packed, plain_len, &plain)) {
        return;
    }
    LUM_ASSERT(packed.len >= 5 && packed.at[0] == 0);
    check_ends(packed, plain_len);
}

static void check_plain(struct lum_bytes bytes, size_t place)
{
    struct lum_buf packed;
    lum_buf_init(&packed, LUM_BLOCK_PLAIN_MAX + 4096);
    LUM_ASSERT(lum_squeeze(squeezer, bytes, place % 2 == 0 ? 3 : 9, &packed) == LUM_OK);
    LUM_ASSERT(takes(lum_buf_bytes(&packed), bytes.len, &plain));
    LUM_ASSERT(lum_bytes_equal(bytes, lum_buf_bytes(&plain)));
    check_ends(lum_buf_bytes(&packed), bytes.len);
    packed.at[place % packed.len] ^= (uint8_t)(1U << (place >> 16) % 8);
    struct lum_bytes changed = block_of(lum_buf_bytes(&packed));
    check_packed(changed, bytes.len);
    block_free(changed);
    lum_buf_fini(&packed);
}

/* The same again without memory: it says so, or it had enough. */
static void check_memory(struct lum_bytes bytes, size_t plain_len, uint64_t memory)
{
    struct lum_buf out;
    bool is_good = takes(bytes, plain_len, &plain);
    lum_buf_init(&out, LUM_BLOCK_PLAIN_MAX);
    memory_end(memory);
    enum lum_status status = lum_unsqueeze(squeezer, bytes, plain_len, &out);
    LUM_ASSERT(status == LUM_NO_MEMORY || status == (is_good ? LUM_OK : LUM_FAULT));
    lum_buf_fini(&out);
    lum_buf_init(&out, LUM_BLOCK_PLAIN_MAX + 4096);
    status = lum_squeeze(squeezer, bytes, 1, &out);
    LUM_ASSERT(status == LUM_NO_MEMORY || status == LUM_OK);
    memory_back();
    lum_buf_fini(&out);
}

static void begin(void)
{
    LUM_ASSERT(lum_squeezer_open(&squeezer) == LUM_OK);
    lum_buf_init(&plain, LUM_BLOCK_PLAIN_MAX);
    lum_buf_init(&again, LUM_BLOCK_PLAIN_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    if (squeezer == NULL) {
        begin();
    }
    bool is_plain = input_flag(&in);
    size_t number = input_number(&in, 3);
    struct lum_bytes bytes = input_rest(&in);
    if (is_plain) {
        check_plain(bytes, number);
    } else {
        check_packed(bytes, number);
    }
    if (memory_of(data, size) != 0) {
        check_memory(bytes, number, memory_of(data, size));
    }
    return 0;
}
