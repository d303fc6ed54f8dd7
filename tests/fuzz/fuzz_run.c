/*
 * fuzz_run.c - a run of events with its seals, from a known place of its log.
 *
 *   input = harm u8 | harmed seal u8 | harmed byte u8 | before: leaves u8, events u8, bytes u16 |
 *           run to the end
 *
 * The log's key is known here, so the run gets the seals it needs and is taken when its events are
 * good; then one thing is spoilt, as `harm` says, and it must be refused.
 *
 * Holds: what is taken is what was sent (it appends to the same bytes, its boundaries are where the
 * counts put them), and a refused run leaves the place as it was.
 */
#include "core/run.h"
#include "tests/fuzz/input.h"

enum {
    SEALS_MAX = 256,
    FOUNDED_MS = 1767225600,
};

enum harm {
    HARM_NONE,
    HARM_SEAL,       /* a bit of one seal */
    HARM_FEWER,      /* the last seal is missing */
    HARM_MORE,       /* one seal too many */
    HARM_AUTHOR,     /* another device's log */
    HARM_BEFORE,     /* another place before it */
    HARM_MARKS,      /* room for fewer marks than there are events; not spoilt, only too long */
    HARM_PAYLOAD,    /* a bit of the last payload */
    HARMS,
};

struct sealed {
    struct lum_sig seals[SEALS_MAX];
    uint32_t seals_made;
    uint32_t events;
    bool reads; /* to its end */
};

static struct lum_sign_key key;
static struct lum_sign_key other_key;

static struct lum_log_place place_before(struct input *in)
{
    static const uint8_t epoch[16] = "the first epoch";
    struct lum_log_place place = {.log_id = {{0x4c, 0x55, 0x4d}}};
    uint32_t leaves = input_byte(in) % 9;
    memcpy(place.author, key.public, sizeof place.author);
    lum_chain_start(&place.log_id, FOUNDED_MS, epoch, &place.chain);
    for (uint32_t i = 0; i < leaves; i++) {
        struct lum_hash leaf = {{(uint8_t)i}};
        lum_range_add(&place.range, &leaf);
    }
    place.chain.segment_events = input_byte(in) % LUM_SEGMENT_EVENTS;
    place.chain.segment_bytes = (uint32_t)input_number(in, 2) % LUM_SEGMENT_BYTES;
    place.chain.seq = leaves * 64 + place.chain.segment_events;
    return place;
}

static void seal(struct sealed *sealed, const struct lum_log_place *place, bool is_boundary)
{
    const struct lum_seal_claim claim = {
        .log_id = &place->log_id,
        .chain = &place->chain,
        .range = is_boundary ? &place->range : NULL,
    };
    if (sealed->seals_made < SEALS_MAX) {
        lum_seal_make(&claim, &key, &sealed->seals[sealed->seals_made++]);
    }
}

/* What the log's own device would sign, as far as the events are good. Gives the place after. */
static struct lum_log_place seal_all(struct lum_log_place place, struct lum_bytes run,
                                     struct sealed *out)
{
    struct lum_run_reader reader;
    struct lum_chain chain = place.chain;
    bool is_boundary = true;
    memset(out, 0, sizeof *out);
    lum_run_open(&reader, run);
    while (lum_run_next(&reader)) {
        uint32_t events = chain.segment_events + 1;
        uint32_t bytes = chain.segment_bytes + reader.header.plen;
        if (lum_chain_step(&chain, &reader.header, reader.payload, &is_boundary) !=
            LUM_FAULT_NONE) {
            return place;
        }
        LUM_ASSERT(is_boundary == (events == 64 || bytes >= 32768));
        place.chain = chain;
        out->events++;
        if (is_boundary) {
            lum_range_add(&place.range, &chain.h);
            seal(out, &place, true);
        }
    }
    if (!is_boundary) {
        seal(out, &place, false);
    }
    out->reads = reader.cur.fault == LUM_FAULT_NONE && out->events > 0;
    return place;
}

/* Spoils what the harm says; false when there is nothing to spoil. */
static bool spoil(enum harm harm, uint8_t which, uint8_t byte, struct sealed *sealed,
                  struct lum_log_place *place, struct lum_bytes run)
{
    struct lum_run_reader reader;
    struct lum_bytes payload = {NULL, 0};
    switch (harm) {
    case HARM_SEAL:
        if (sealed->seals_made == 0) {
            return false;
        }
        sealed->seals[which % sealed->seals_made].b[byte % 64] ^= (uint8_t)(1U << byte % 8);
        return true;
    case HARM_FEWER:
        if (sealed->seals_made == 0) {
            return false;
        }
        sealed->seals_made--;
        return true;
    case HARM_MORE:
        sealed->seals_made += sealed->seals_made < SEALS_MAX;
        return true;
    case HARM_AUTHOR:
        memcpy(place->author, other_key.public, sizeof place->author);
        return true;
    case HARM_BEFORE:
        place->chain.h.b[byte % 32] ^= (uint8_t)(1U << byte % 8);
        return true;
    case HARM_PAYLOAD:
        lum_run_open(&reader, run);
        while (lum_run_next(&reader)) {
            payload = reader.payload;
        }
        if (payload.len > 0) {
            block_bytes(payload)[byte % payload.len] ^= 1;
        }
        return payload.len > 0;
    case HARM_NONE:
    case HARM_MARKS:
    case HARMS:
        break;
    }
    return false;
}

/* Marks cover the run from end to end, and what is appended anew is the run. */
static void check_taken(struct lum_bytes run, const struct lum_run_mark *marks, uint32_t count)
{
    struct lum_run_reader reader;
    struct lum_buf again;
    size_t at = 0;
    uint32_t i = 0;
    lum_buf_init(&again, run.len);
    lum_run_open(&reader, run);
    for (; lum_run_next(&reader); i++) {
        LUM_ASSERT(i < count && marks[i].offset == at);
        LUM_ASSERT(marks[i].length == reader.raw_header.len + reader.payload.len);
        lum_run_append(&again, &reader.header, reader.payload);
        at += marks[i].length;
    }
    LUM_ASSERT(i == count && lum_bytes_equal(run, lum_buf_bytes(&again)));
    lum_buf_fini(&again);
}

static void check_range(const struct lum_range *range)
{
    uint8_t at[8 + 40 * 32];
    struct lum_range read;
    size_t len = lum_range_write(range, at);
    for (size_t cut = 0; cut <= len; cut += cut < 8 || cut + 8 >= len ? 1 : 8) {
        bool is_read = lum_range_read(lum_bytes_of(at, cut), &read);
        LUM_ASSERT(is_read == (cut == len));
    }
    LUM_ASSERT(memcmp(&read, range, sizeof read) == 0);
}

static void begin(void)
{
    const uint8_t seed[32] = "the log's device";
    const uint8_t other_seed[32] = "another device";
    lum_sign_key_from_seed(seed, &key);
    lum_sign_key_from_seed(other_seed, &other_key);
}

static void check_run(struct input *in)
{
    static struct sealed sealed;
    static struct lum_run_mark marks[4096];
    enum harm harm = (enum harm)(input_byte(in) % HARMS);
    uint8_t which = input_byte(in);
    uint8_t byte = input_byte(in);
    struct lum_log_place place = place_before(in);
    struct lum_bytes run = block_of(input_bytes(in, sizeof marks / sizeof marks[0]));
    struct lum_log_place after = seal_all(place, run, &sealed);
    uint32_t needed = sealed.seals_made;
    bool is_spoilt = spoil(harm, which, byte, &sealed, &place, run);
    uint32_t mark_max = harm == HARM_MARKS ? which : 4096;
    struct lum_log_place given = place;
    uint32_t count = 0;
    struct lum_bytes seals =
        block_of(lum_bytes_of(sealed.seals, sealed.seals_made * sizeof sealed.seals[0]));
    enum lum_fault fault = lum_run_check(
        &place, run, (struct lum_run_seals){(const struct lum_sig *)seals.at, sealed.seals_made},
        marks, mark_max, &count);
    block_free(seals);
    bool is_good = sealed.reads && !is_spoilt && needed < SEALS_MAX && sealed.events <= mark_max;
    LUM_ASSERT((fault == LUM_FAULT_NONE) == is_good);
    if (is_good) {
        LUM_ASSERT(count == sealed.events && memcmp(&place, &after, sizeof place) == 0);
        check_taken(run, marks, count);
        check_range(&place.range);
    } else {
        LUM_ASSERT(memcmp(&place, &given, sizeof place) == 0);
    }
    block_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool has_begun;
    struct input in = input_over(data, size);
    if (!has_begun) {
        has_begun = true;
        begin();
    }
    check_run(&in);
    return 0;
}
