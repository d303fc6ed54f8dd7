/*
 * writer.c - makes chains, ranges and seals with the house's own parts.
 */
#include "tests/lib/writer.h"

#include <string.h>

static void key_of(unsigned who, struct lum_sign_key *out)
{
    uint8_t seed[32] = {(uint8_t)who, (uint8_t)(who >> 8), 'w'};
    LUM_ASSERT(lum_crypto_init() == LUM_OK);
    lum_sign_key_from_seed(seed, out);
}

struct lum_hash writer_space(struct lum_genesis *genesis, struct lum_buf *document)
{
    struct lum_hash space;
    memset(genesis, 0, sizeof *genesis);
    genesis->founded_ms = WRITER_FOUNDED_MS;
    genesis->founder_count = WRITER_FOUNDERS;
    genesis->k = 1;
    for (unsigned i = 0; i < WRITER_FOUNDERS; i++) {
        struct lum_sign_key key;
        key_of(i + 1, &key);
        memcpy(genesis->founders[i].a, key.public, 32);
        genesis->founders[i].t[0] = (uint8_t)(i + 1);
    }
    genesis->shelf_count = 2;
    genesis->shelves[1].index = LUM_SHELF_COMMON;
    memcpy(genesis->shelves[0].name, "gov", 4);
    memcpy(genesis->shelves[1].name, "common", 7);
    lum_genesis_write(genesis, document);
    lum_genesis_id(lum_buf_bytes(document), &space);
    return space;
}

struct writer *writer_open(unsigned who, unsigned incarnation, uint8_t shelf)
{
    struct writer *writer = lum_alloc_zero(sizeof *writer);
    struct lum_genesis genesis;
    struct lum_buf document;
    LUM_ASSERT(writer != NULL);
    key_of(who, &writer->key);
    lum_buf_init(&document, LUM_PAYLOAD_MAX);
    writer->space = writer_space(&genesis, &document);
    lum_buf_fini(&document);
    memcpy(writer->name.author, writer->key.public, 32);
    writer->name.incarnation[0] = (uint8_t)incarnation;
    writer->name.incarnation[1] = (uint8_t)(incarnation >> 8);
    writer->name.shelf = shelf;
    writer->dice = who * 1000003U + incarnation * 31U + shelf + 1;
    memcpy(writer->place.author, writer->key.public, 32);
    lum_log_id(&writer->space, &writer->name, &writer->place.log_id);
    lum_chain_start(&writer->place.log_id, WRITER_FOUNDED_MS, writer->space.b,
                    &writer->place.chain);
    lum_buf_init(&writer->run, 256 * 1024 * 1024);
    return writer;
}

void writer_close(struct writer *writer)
{
    lum_buf_fini(&writer->run);
    lum_free(writer);
}

struct writer *writer_copy(const struct writer *writer)
{
    struct writer *copy = lum_alloc(sizeof *copy);
    LUM_ASSERT(copy != NULL);
    *copy = *writer;
    lum_buf_init(&copy->run, writer->run.max);
    copy->dice = writer->dice * 7 + 3;
    return copy;
}

/* splitmix64 (Vigna, public domain description) */
static uint64_t roll(struct writer *writer)
{
    uint64_t z = writer->dice += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void seal(struct writer *writer, bool is_boundary)
{
    LUM_ASSERT(writer->seal_count < WRITER_SEALS_MAX);
    const struct lum_seal_claim claim = {
        .log_id = &writer->place.log_id,
        .chain = &writer->place.chain,
        .range = is_boundary ? &writer->place.range : NULL,
    };
    lum_seal_make(&claim, &writer->key, &writer->seals[writer->seal_count++]);
}

static void begin(struct writer *writer)
{
    lum_buf_reset(&writer->run);
    writer->count = 0;
    writer->seal_count = 0;
    writer->first = writer->place.chain.seq + 1;
}

static void add(struct writer *writer, uint8_t kind, struct lum_bytes payload)
{
    LUM_ASSERT(writer->count < WRITER_EVENTS_MAX);
    struct lum_header header = {.kind = kind,
                                .dt = (int64_t)(roll(writer) % 100000),
                                .plen = (uint32_t)payload.len};
    if (roll(writer) % 50 == 0) {
        uint64_t epoch = roll(writer);
        header.has_epoch = true;
        memcpy(header.epoch, &epoch, sizeof epoch);
    }
    struct lum_run_mark *mark = &writer->marks[writer->count++];
    mark->offset = (uint32_t)writer->run.len;
    lum_run_append(&writer->run, &header, payload);
    LUM_ASSERT(!writer->run.broken);
    mark->length = (uint32_t)writer->run.len - mark->offset;
    LUM_ASSERT(lum_chain_step(&writer->place.chain, &header, payload, &mark->is_boundary) ==
               LUM_FAULT_NONE);
    mark->chain = writer->place.chain;
    if (mark->is_boundary) {
        lum_range_add(&writer->place.range, &writer->place.chain.h);
        seal(writer, true);
    }
}

static void end(struct writer *writer)
{
    if (!writer->marks[writer->count - 1].is_boundary) {
        seal(writer, false);
    }
}

void writer_write(struct writer *writer, uint32_t count, uint32_t payload_max)
{
    static uint8_t payload[LUM_PAYLOAD_MAX];
    begin(writer);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t len = (uint32_t)(roll(writer) % (payload_max + 1));
        for (uint32_t j = 0; j < len; j++) {
            payload[j] = (uint8_t)("abcdefgh"[roll(writer) % 8]);
        }
        add(writer, LUM_KIND_DATA, lum_bytes_of(payload, len));
    }
    end(writer);
}

void writer_write_one(struct writer *writer, uint8_t kind, struct lum_bytes payload)
{
    begin(writer);
    add(writer, kind, payload);
    end(writer);
}

struct lum_log_growth writer_growth(const struct writer *writer)
{
    return (struct lum_log_growth){
        .run = lum_buf_bytes(&writer->run),
        .marks = writer->marks,
        .count = writer->count,
        .seals = {writer->seals, writer->seal_count},
        .place = &writer->place,
    };
}
