/*
 * bad_sends.c - messages and pieces that are wrong, old, huge, or not due; see bad.h.
 */
#include <string.h>

#include "tests/sim/bad.h"

enum {
    REPEATS = 5,
    OLD_MAX = 4096,
    BOMB_BLOCKS = 128, /* of 128 KiB each: 16 MiB in 514 bytes */
};

/* ---- pieces changed on their way out ---- */

/* The same message with the bit of one byte the other way; place counts from the end. */
static void say_flipped(struct bad_turn *turn, size_t place)
{
    struct lum_buf body;
    struct lum_bytes says = turn->says->send.body;
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_buf_put(&body, says.at, says.len);
    body.at[body.len - 1 - place % body.len] ^= 1;
    bad_say_buf(turn, turn->says->send.type, &body);
}

static bool is_piece(const struct bad_turn *turn)
{
    return bad_says(turn, LUM_MESSAGE_SEG) || bad_says(turn, LUM_MESSAGE_TAIL) ||
           bad_says(turn, LUM_MESSAGE_BUNCH) || bad_says(turn, LUM_MESSAGE_PROOF);
}

void bad_wrong_seals(struct bad_turn *turn)
{
    struct lum_piece piece;
    if (bad_piece(turn, &piece)) {
        struct lum_bytes says = turn->says->send.body;
        const uint8_t *seal = (const uint8_t *)piece.seals.at;
        say_flipped(turn, (size_t)(says.at + says.len - seal) - 10);
    } else {
        bad_pass(turn);
    }
}

void bad_other_payload(struct bad_turn *turn)
{
    struct lum_piece piece;
    if (bad_piece(turn, &piece) && piece.plain_len == 0) {
        struct lum_bytes says = turn->says->send.body;
        size_t tail = (size_t)(says.at + says.len - piece.bytes.at);
        say_flipped(turn, tail - piece.bytes.len + 1);
    } else if (is_piece(turn)) {
        say_flipped(turn, 3);
    } else {
        bad_pass(turn);
    }
}

void bad_no_seals(struct bad_turn *turn)
{
    struct lum_piece piece;
    struct lum_buf body;
    if (!bad_piece(turn, &piece)) {
        bad_pass(turn);
        return;
    }
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_pack_uint(&body, piece.number);
    lum_pack_uint(&body, piece.first);
    lum_pack_uint(&body, piece.plain_len);
    lum_pack_bin(&body, "", 0);
    lum_buf_put(&body, piece.bytes.at, piece.bytes.len);
    bad_say_buf(turn, LUM_MESSAGE_SEG, &body);
}

void bad_far_ahead(struct bad_turn *turn)
{
    struct lum_piece piece;
    struct lum_buf body;
    if (!bad_piece(turn, &piece)) {
        bad_pass(turn);
        return;
    }
    piece.first += UINT64_C(1) << (20 + bad_below(turn, 40));
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_seg(&body, &piece);
    bad_say_buf(turn, LUM_MESSAGE_SEG, &body);
}

/* An old piece stays in the machine, so that it also comes in later meetings, under numbers that
 * then mean something else. */
void bad_replays(struct bad_turn *turn)
{
    static uint8_t old[OLD_MAX];
    static size_t len;
    static uint8_t type;
    if (!is_piece(turn)) {
        bad_pass(turn);
        if (turn->when == BAD_TURN && len > 0) {
            bad_say(turn, type, lum_bytes_of(old, len));
        }
        return;
    }
    for (uint32_t i = 0; i < REPEATS; i++) {
        bad_pass(turn);
    }
    if (turn->says->send.body.len <= OLD_MAX) {
        len = turn->says->send.body.len;
        type = turn->says->send.type;
        memcpy(old, turn->says->send.body.at, len);
    }
}

/* ---- pieces made up ---- */

/* A sealed run whose second event lacks its payload: header with its hash in full. */
void bad_stripped(struct bad_turn *turn)
{
    struct pen log;
    if (turn->line->turns > 1) {
        return;
    }
    turn->machine->bad->written++;
    bad_log_begin(&log, turn->machine, LUM_SHELF_COMMON);
    pen_add_record(&log, 1, 20);
    size_t before = log.run.len;
    pen_add_record(&log, 2, 20);
    struct lum_run_reader reader;
    struct lum_buf run;
    lum_run_open(&reader, lum_bytes_of(log.run.at + before, log.run.len - before));
    LUM_ASSERT(lum_run_next(&reader));
    lum_payload_hash(reader.payload, &reader.header.phash);
    lum_buf_init(&run, LUM_MESSAGE_MAX);
    lum_buf_put(&run, log.run.at, before);
    lum_header_write(&reader.header, true, &run);
    pen_seal(&log);
    lum_buf_fini(&log.run);
    log.run = run;
    bad_log_say(&log, turn);
    pen_end(&log);
}

/* A zstd frame, as core/squeeze.h has them, of blocks that are one byte repeated (RFC 8878). */
static void put_bomb(struct lum_buf *out)
{
    enum {
        BLOCK = 128 << 10
    };
    lum_buf_init(out, LUM_MESSAGE_MAX);
    lum_buf_put(out, "\0\x58", 2); /* descriptor, window of 2 MiB */
    for (uint32_t i = 1; i <= BOMB_BLOCKS; i++) {
        uint32_t head = (uint32_t)BLOCK << 3 | 1U << 1 | (i == BOMB_BLOCKS);
        const uint8_t block[] = {(uint8_t)head, (uint8_t)(head >> 8), (uint8_t)(head >> 16), 0};
        lum_buf_put(out, block, sizeof block);
    }
}

void bad_bombs(struct bad_turn *turn)
{
    struct lum_sig seal = {{0}};
    struct lum_buf packed;
    struct lum_buf body;
    struct lum_log_name name = {.shelf = LUM_SHELF_COMMON};
    memcpy(name.author, lum_space_keys(turn->machine->site.space)->author.public, 32);
    bool is_declared = turn->line->turns > 1;
    put_bomb(&packed);
    struct lum_piece piece = {
        .number = turn->line->numbers,
        .first = 1,
        .plain_len = is_declared ? LUM_BLOCK_PLAIN_MAX : 100,
        .seals = {&seal, 1},
        .bytes = lum_buf_bytes(&packed),
    };
    bad_introduce(turn, turn->line->numbers++, &name);
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_seg(&body, &piece);
    bad_say_buf(turn, LUM_MESSAGE_SEG, &body);
    lum_buf_fini(&packed);
}

void bad_bunch_bombs(struct bad_turn *turn)
{
    struct lum_sig seals[LUM_BUNCH_MAX] = {{{0}}};
    struct lum_buf packed;
    struct lum_buf body;
    struct lum_bunch bunch = {.seals = {seals, LUM_BUNCH_MAX}};
    put_bomb(&packed);
    bunch.packed = lum_buf_bytes(&packed);
    for (uint32_t i = 0; i < LUM_BUNCH_MAX; i++) {
        bunch.runs[i].first = 1;
        bunch.runs[i].len = turn->line->turns > 1 ? LUM_BLOCK_PLAIN_MAX / LUM_BUNCH_MAX : 10;
    }
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_bunch(&body, &bunch);
    bad_say_buf(turn, LUM_MESSAGE_BUNCH, &body);
    lum_buf_fini(&packed);
}

/* ---- no messages at all ---- */

void bad_unknown_types(struct bad_turn *turn)
{
    static const uint8_t types[] = {0, 5, 12, 13, 14, 18, 100, 255};
    bad_pass(turn);
    if (turn->when == BAD_TURN) {
        bad_say(turn, types[bad_below(turn, LUM_COUNT(types))], lum_bytes_of("what?", 5));
    }
}

void bad_garbage(struct bad_turn *turn)
{
    uint8_t noise[200];
    bad_pass(turn);
    if (turn->when == BAD_TURN) {
        bad_draw(turn, noise, sizeof noise);
        bad_say(turn, (uint8_t)(1 + bad_below(turn, LUM_MESSAGE_TYPES - 1)),
                lum_bytes_of(noise, bad_below(turn, sizeof noise)));
    }
}

/* Before each of its words one that is not due: PIECES before AUTH, WELCOME in the middle ... */
void bad_out_of_turn(struct bad_turn *turn)
{
    uint8_t secret[40] = {0};
    static const uint8_t types[] = {LUM_MESSAGE_WELCOME, LUM_MESSAGE_GENESIS, LUM_MESSAGE_AUTH,
                                    LUM_MESSAGE_HAVE,    LUM_MESSAGE_SEG,     LUM_MESSAGE_HOLD};
    if (bad_below(turn, 4) == 0) {
        bad_say(turn, types[bad_below(turn, LUM_COUNT(types))],
                lum_bytes_of(secret, bad_below(turn, sizeof secret)));
    }
    bad_pass(turn);
}
