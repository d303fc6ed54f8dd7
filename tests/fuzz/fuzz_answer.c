/*
 * fuzz_answer.c - an answer as the command line hears it from a node.
 *
 *   input = what is listened to u8 | piece u8 | frames to the end
 *
 * Holds: the answer is the same whether it comes whole or in pieces; every map that is handed on
 * is canonical and can be looked into.
 */
#include "cli/answer.h"
#include "cli/map.h"
#include "core/limits.h"
#include "core/pack.h"
#include "tests/fuzz/input.h"

/* Running hash over everything that was told. */
struct ear {
    struct lum_plain_hasher told;
    uint32_t count;
};

static void look_into(struct lum_bytes map)
{
    struct lum_map_list pairs = lum_map_pairs(map);
    struct lum_bytes name;
    struct lum_bytes value;
    LUM_ASSERT(lum_pack_check(map) == LUM_FAULT_NONE);
    while (lum_map_pairs_next(&pairs, &name, &value)) {
        char text[16] = {0};
        struct lum_bytes found;
        if (name.len >= sizeof text || memchr(name.at, '\0', name.len) != NULL) {
            continue;
        }
        memcpy(text, name.at, name.len);
        LUM_ASSERT(lum_map_value(map, text, &found) && lum_bytes_equal(found, value));
        (void)lum_map_bool(map, text);
        (void)lum_map_int(map, text);
        (void)lum_map_uint(map, text);
        (void)lum_map_real(map, text);
        LUM_ASSERT(lum_map_text(map, text).len <= value.len);
        struct lum_map_list list = lum_map_list(map, text);
        while (lum_map_list_next(&list, &found)) {
            LUM_ASSERT(lum_pack_check(found) == LUM_FAULT_NONE);
        }
    }
    LUM_ASSERT(pairs.left == 0);
}

static void note(struct ear *ear, uint8_t what, struct lum_bytes bytes)
{
    lum_plain_hash_add(&ear->told, &what, 1);
    lum_plain_hash_add(&ear->told, bytes.at, bytes.len);
    ear->count++;
}

static enum lum_status hear_row(void *self, struct lum_bytes map, struct lum_error *err)
{
    struct ear *ear = self;
    look_into(map);
    note(ear, 'r', map);
    return ear->count < 64 ? LUM_OK : lum_fail(err, LUM_CAUSE_disk_error, "ear", "full");
}

static enum lum_status hear_done(void *self, struct lum_bytes map, struct lum_error *err)
{
    (void)err;
    look_into(map);
    note(self, 'd', map);
    return LUM_OK;
}

static void hear_progress(void *self, uint64_t done, uint64_t total)
{
    uint64_t both[2] = {done, total};
    note(self, 'p', lum_bytes_of(both, sizeof both));
}

static void hear(struct lum_bytes frames, uint8_t wants, size_t piece, struct lum_hash *out)
{
    struct ear ear = {.count = 0};
    const struct lum_answer answer = {
        .self = &ear,
        .row = (wants & 1) != 0 ? NULL : hear_row,
        .done = (wants & 2) != 0 ? NULL : hear_done,
        .progress = (wants & 4) != 0 ? NULL : hear_progress,
    };
    struct lum_hearing hearing = {.answer = &answer};
    struct lum_error err = {0};
    struct lum_buf in;
    lum_plain_hash_init(&ear.told);
    lum_buf_init(&in, frames.len + 1);
    for (size_t at = 0; at < frames.len; at += piece) {
        size_t len = frames.len - at < piece ? frames.len - at : piece;
        lum_buf_put(&in, frames.at + at, len);
        lum_answer_hear(&hearing, &in);
    }
    enum lum_status end = lum_answer_end(&hearing, &err);
    LUM_ASSERT(end != LUM_OK || err.cause == LUM_CAUSE_none);
    lum_plain_hash_add(&ear.told, &end, sizeof end);
    lum_plain_hash_add(&ear.told, err.one, strlen(err.one));
    lum_plain_hash_add(&ear.told, &hearing.has_ended, 1);
    lum_plain_hash_end(&ear.told, out->b);
    lum_buf_fini(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    struct lum_hash whole;
    struct lum_hash pieces;
    uint8_t wants = input_byte(&in);
    size_t piece = 1 + (size_t)input_byte(&in);
    struct lum_bytes frames = input_rest(&in);
    hear(frames, wants, frames.len + 1, &whole);
    hear(frames, wants, piece, &pieces);
    LUM_ASSERT(memcmp(whole.b, pieces.b, sizeof whole.b) == 0);
    return 0;
}
