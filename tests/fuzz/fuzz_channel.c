/*
 * fuzz_channel.c - an encrypted pipe of which one end is a stranger with a keyring, or without.
 *
 *   input = way u8 | steps
 *     way & 3  0  the stream is the input, to a responder      1  the same, to an initiator
 *              2  both ends of ours, with the line between them in the input's hands
 *              3  a dialler that knows a key, with an ephemeral of the input's: e 32
 *     way & 4     rekey is near     way & 8  the dialler's key is not among the answerer's
 *   step = what u8 | number u8 .., of way 2; see `step`
 *
 * Holds: what comes out of an end is the front of what went in at the other, whatever was done to
 * the line; all of it when nothing was; a deaf channel says nothing more.
 */
#include "core/pack.h"
#include "net/channel.h"
#include "tests/fuzz/input.h"

enum {
    PLAIN_MAX = 100000,
    WIRE_MAX = 1 << 20,
};

/* One end: what came in and waits, what was understood, what is to be sent. */
struct end {
    struct lum_channel channel;
    struct lum_buf in;
    struct lum_buf plain;
    struct lum_buf out;
    struct lum_buf said; /* plain texts that went in here */
    bool was_deaf;
};

static struct lum_entry entries[3];

static void end_init(struct end *end)
{
    memset(end, 0, sizeof *end);
    lum_buf_init(&end->in, WIRE_MAX);
    lum_buf_init(&end->plain, PLAIN_MAX);
    lum_buf_init(&end->out, WIRE_MAX);
    lum_buf_init(&end->said, WIRE_MAX);
}

static void end_fini(struct end *end)
{
    lum_buf_fini(&end->in);
    lum_buf_fini(&end->plain);
    lum_buf_fini(&end->out);
    lum_buf_fini(&end->said);
}

static void feed(struct end *end)
{
    size_t out_before = end->out.len;
    size_t plain_before = end->plain.len;
    enum lum_fault fault = lum_channel_feed(&end->channel, &end->in, entries, LUM_COUNT(entries),
                                            &end->plain, &end->out);
    bool is_deaf = end->channel.state == LUM_CHANNEL_DEAF;
    LUM_ASSERT(fault == LUM_FAULT_NONE || (fault == LUM_FAULT_CIPHER && is_deaf));
    if (end->was_deaf) {
        LUM_ASSERT(is_deaf && end->out.len == out_before && end->plain.len == plain_before);
    }
    LUM_ASSERT(!is_deaf || end->in.len == 0);
    end->was_deaf = is_deaf;
}

/* ---- a stranger's bytes alone ---- */

static void hear_stranger(struct input *in, bool is_initiator)
{
    static const uint8_t secret[32] = "an ephemeral secret of this end";
    struct end end;
    end_init(&end);
    if (is_initiator) {
        lum_channel_dial(&end.channel, &entries[0], secret, &end.out);
    } else {
        lum_channel_answer(&end.channel, secret);
    }
    while (in->left > 0) {
        struct lum_bytes piece = input_bytes(in, 1 + (size_t)input_byte(in));
        lum_buf_put(&end.in, piece.at, piece.len);
        feed(&end);
    }
    LUM_ASSERT(end.channel.state != LUM_CHANNEL_OPEN && end.plain.len == 0);
    end_fini(&end);
}

/* A key of ours and a public key of anyone's: of the ones of small order none opens a channel. */
static void hear_crafted(struct input *in)
{
    static const uint8_t secret[32] = "an ephemeral secret of this end";
    const struct lum_bytes nothing = {secret, 0};
    uint8_t prologue[18] = "LUMBUNG/1";
    uint8_t message[LUM_CHANNEL_FIRST_BYTES] = {0, LUM_CHANNEL_FIRST_BYTES - 2};
    uint8_t short_message[LUM_NOISE_E + LUM_NOISE_TAG - 1] = {0};
    struct lum_noise_pair e = {{0}, {0}};
    struct lum_noise noise;
    struct end end;
    uint8_t shared[32];
    for (size_t i = 0; i < sizeof e.public; i++) {
        e.public[i] = input_byte(in);
    }
    lum_put_u64(message + 2, lum_siphash(entries[0].keys.hint, lum_bytes_of(e.public, 32)));
    memcpy(prologue + 10, message + 2, 8);
    lum_noise_begin(&noise, lum_bytes_of(prologue, sizeof prologue), entries[0].keys.psk);
    lum_noise_write_first(&noise, &e, nothing, message + 10);
    end_init(&end);
    lum_channel_answer(&end.channel, secret);
    lum_buf_put(&end.in, message, sizeof message);
    feed(&end);
    bool is_good = lum_x25519(secret, e.public, shared);
    LUM_ASSERT((end.channel.state == LUM_CHANNEL_OPEN) == is_good);
    LUM_ASSERT(end.channel.state == (is_good ? LUM_CHANNEL_OPEN : LUM_CHANNEL_DEAF));
    size_t len = input_byte(in) % sizeof short_message;
    LUM_ASSERT(!lum_noise_read_first(&noise, lum_bytes_of(short_message, len), shared));
    LUM_ASSERT(!lum_noise_read_second(&noise, &e, lum_bytes_of(short_message, len), shared));
    end_fini(&end);
}

/* ---- two ends ---- */

struct line {
    struct end ends[2]; /* the dialler first */
    bool is_spoilt[2];  /* bytes on their way to that end */
};

/* Moves at most `max` bytes to end `to`. */
static void deliver(struct line *line, unsigned to, size_t max)
{
    struct lum_buf *wire = &line->ends[1 - to].out;
    size_t len = wire->len < max ? wire->len : max;
    lum_buf_put(&line->ends[to].in, wire->at, len);
    lum_buf_drop(wire, len);
    feed(&line->ends[to]);
}

static void say(struct line *line, unsigned from, struct lum_bytes plain)
{
    struct end *end = &line->ends[from];
    if (end->channel.state == LUM_CHANNEL_OPEN) {
        lum_channel_seal(&end->channel, plain, &end->out);
        lum_buf_put(&end->said, plain.at, plain.len);
    }
}

static void spoil(struct line *line, unsigned to, size_t place, uint8_t mask)
{
    struct lum_buf *wire = &line->ends[1 - to].out;
    if (wire->len > 0 && mask != 0) {
        wire->at[place % wire->len] ^= mask;
        line->is_spoilt[to] = true;
    }
}

/* What has come out at `to` is the front of what went in at the other end. */
static void check_heard(struct line *line, unsigned to)
{
    struct end *end = &line->ends[to];
    const struct lum_buf *said = &line->ends[1 - to].said;
    LUM_ASSERT(end->plain.len <= said->len);
    LUM_ASSERT(end->plain.len == 0 || memcmp(end->plain.at, said->at, end->plain.len) == 0);
}

static void step(struct line *line, struct input *in)
{
    static const uint8_t long_text[80000];
    struct lum_bytes piece;
    uint8_t what = input_byte(in);
    unsigned end = what >> 7;
    switch (what & 7) {
    case 0:
        deliver(line, end, SIZE_MAX);
        break;
    case 1:
        deliver(line, end, input_byte(in));
        break;
    case 2:
        say(line, end, input_bytes(in, input_byte(in)));
        break;
    case 3:
        say(line, end, lum_bytes_of(long_text, input_byte(in) * (size_t)300));
        break;
    case 4:
        spoil(line, end, input_number(in, 2), input_byte(in));
        break;
    case 5: /* a stranger's bytes in between */
        piece = input_bytes(in, 1 + (size_t)input_byte(in) % 8);
        lum_buf_put(&line->ends[1 - end].out, piece.at, piece.len);
        line->is_spoilt[end] = true;
        break;
    case 6:
        lum_channel_wipe(&line->ends[end].channel);
        line->ends[end].was_deaf = true;
        line->is_spoilt[0] = line->is_spoilt[1] = true;
        break;
    default:
        deliver(line, 1, SIZE_MAX);
        deliver(line, 0, SIZE_MAX);
        break;
    }
}

static bool are_open(const struct line *line)
{
    return line->ends[0].channel.state == LUM_CHANNEL_OPEN &&
           line->ends[1].channel.state == LUM_CHANNEL_OPEN;
}

/* The record that makes a lane rekey comes soon, in both directions. False while records are on
 * their way, since both ends must count the same. */
static bool near_rekey(struct line *line)
{
    bool is_quiet = are_open(line);
    for (unsigned i = 0; i < 2; i++) {
        is_quiet = is_quiet && line->ends[i].in.len == 0 && line->ends[i].out.len == 0;
    }
    for (unsigned i = 0; i < 2 && is_quiet; i++) {
        struct lum_channel_lane *lanes[] = {&line->ends[i].channel.send,
                                            &line->ends[i].channel.receive};
        for (unsigned lane = 0; lane < 2; lane++) {
            lanes[lane]->records = LUM_CHANNEL_REKEY_RECORDS - 3;
            lanes[lane]->bytes = LUM_CHANNEL_REKEY_BYTES - 2000;
        }
    }
    return is_quiet;
}

static void join_ends(struct input *in, uint8_t way)
{
    static const uint8_t secrets[2][32] = {"the dialler's ephemeral secret!",
                                           "the answerer's ephemeral secret"};
    struct line line = {.is_spoilt = {false, false}};
    struct lum_entry entry = entries[way >> 4 & 1];
    bool is_known = (way & 8) == 0;
    bool is_near = (way & 4) != 0;
    if (!is_known) {
        entry.keys.psk[0] ^= (way & 16) != 0;
        entry.keys.hint[0] ^= (way & 16) == 0;
    }
    end_init(&line.ends[0]);
    end_init(&line.ends[1]);
    lum_channel_dial(&line.ends[0].channel, &entry, secrets[0], &line.ends[0].out);
    lum_channel_answer(&line.ends[1].channel, secrets[1]);
    for (unsigned i = 0; in->left > 0 && i < 64; i++) {
        step(&line, in);
        check_heard(&line, 0);
        check_heard(&line, 1);
        is_near = is_near && !near_rekey(&line);
    }
    LUM_ASSERT(is_known || !are_open(&line));
    for (unsigned i = 0; i < 4; i++) {
        deliver(&line, 1 - i % 2, SIZE_MAX);
        check_heard(&line, 1 - i % 2);
    }
    bool is_whole = !line.is_spoilt[0] && !line.is_spoilt[1] && is_known;
    for (unsigned i = 0; i < 2 && is_whole; i++) {
        const struct end *end = &line.ends[i];
        LUM_ASSERT(end->channel.state == LUM_CHANNEL_OPEN);
        LUM_ASSERT(end->in.len > 0 || end->plain.len == line.ends[1 - i].said.len);
    }
    LUM_ASSERT(!is_whole || memcmp(line.ends[0].channel.hash, line.ends[1].channel.hash, 64) == 0);
    end_fini(&line.ends[0]);
    end_fini(&line.ends[1]);
}

static void begin(void)
{
    for (uint8_t i = 0; i < LUM_COUNT(entries); i++) {
        uint8_t secret[32] = {i};
        entries[i].kind = i == 1 ? LUM_ENTRY_INVITE : LUM_ENTRY_SPACE;
        entries[i].tag = i;
        lum_entry_keys_of_secret(secret, &entries[i].keys);
    }
    /* A key whose hint fits although it is not the one. */
    memcpy(entries[2].keys.hint, entries[1].keys.hint, sizeof entries[2].keys.hint);
    struct lum_entry swap = entries[2];
    entries[2] = entries[1];
    entries[1] = swap;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool has_begun;
    struct input in = input_over(data, size);
    if (!has_begun) {
        has_begun = true;
        begin();
    }
    uint8_t way = input_byte(&in);
    if ((way & 3) < 2) {
        hear_stranger(&in, (way & 1) != 0);
    } else if ((way & 3) == 3) {
        hear_crafted(&in);
    } else {
        join_ends(&in, way);
    }
    return 0;
}
