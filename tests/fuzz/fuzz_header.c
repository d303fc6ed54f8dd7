/*
 * fuzz_header.c - headers, and the step they make in a chain.
 *
 *   input = switches u8 | before: seq u64, t u48, segment events u8, segment bytes u16 | header |
 *           payload to the end
 *
 * Holds: what is read writes back to the same bytes and is in its bounds; a step of the chain by
 * raw bytes and by the header give the same; a refused step changes nothing.
 */
#include "core/event.h"
#include "tests/fuzz/input.h"

enum {
    TRUE_HASH = 1, /* a phash that was given becomes the payload's */
    WITHHELD = 2,  /* the payload is left out */
};

static const uint8_t epoch[16] = "the first epoch";

static struct lum_chain chain_before(struct input *in)
{
    struct lum_hash id = {{0x4c, 0x55, 0x4d}};
    struct lum_chain chain;
    lum_chain_start(&id, 0, epoch, &chain);
    chain.seq = input_number(in, 8) & INT64_MAX;
    chain.t = input_number(in, 6);
    chain.segment_events = input_byte(in) % LUM_SEGMENT_EVENTS;
    chain.segment_bytes = (uint32_t)input_number(in, 2) % LUM_SEGMENT_BYTES;
    return chain;
}

static void check_bounds(const struct lum_header *header)
{
    LUM_ASSERT(header->kind <= LUM_KIND_MAX && header->plen <= LUM_PAYLOAD_MAX);
    LUM_ASSERT(header->dep_count <= LUM_DEPS_MAX);
    LUM_ASSERT(!header->has_phash || header->plen > 0);
    for (uint32_t i = 0; i < header->dep_count; i++) {
        const struct lum_dep *dep = &header->deps[i];
        LUM_ASSERT(dep->seq >= 1 && dep->seq <= INT64_MAX);
        LUM_ASSERT(i == 0 || memcmp(header->deps[i - 1].log8, dep->log8, sizeof dep->log8) < 0);
    }
}

/* raw is spelled again; afterwards `spelled` holds the header with the phash it has now. */
static void check_spelling(const struct lum_header *header, struct lum_bytes raw,
                           struct lum_buf *spelled)
{
    lum_header_write(header, header->has_phash, spelled);
    LUM_ASSERT(lum_bytes_equal(raw, lum_buf_bytes(spelled)));
    LUM_ASSERT(raw.len <= LUM_HEADER_MAX);
}

static void check_moved(const struct lum_chain *before, const struct lum_chain *after,
                        const struct lum_header *header, bool is_boundary)
{
    struct lum_hash h;
    lum_event_hash(&before->h, header, &h);
    LUM_ASSERT(memcmp(h.b, after->h.b, sizeof h.b) == 0);
    LUM_ASSERT(after->seq == before->seq + 1 && after->t < UINT64_C(1) << LUM_TIME_BITS);
    LUM_ASSERT(after->t == before->t + (uint64_t)header->dt);
    LUM_ASSERT(!header->has_epoch || memcmp(before->epoch, after->epoch, sizeof epoch) != 0);
    uint32_t events = before->segment_events + 1;
    uint32_t bytes = before->segment_bytes + header->plen;
    LUM_ASSERT(is_boundary == (events == LUM_SEGMENT_EVENTS || bytes >= LUM_SEGMENT_BYTES));
    LUM_ASSERT(after->segment_events == (is_boundary ? 0 : events));
    LUM_ASSERT(after->segment_bytes == (is_boundary ? 0 : bytes));
}

static void check_step(const struct lum_chain *before, const struct lum_header *header,
                       struct lum_bytes raw, struct lum_bytes payload)
{
    struct lum_chain one = *before;
    struct lum_chain two = *before;
    struct lum_header read = *header;
    struct lum_header same = *header;
    bool ends = false;
    bool ends_too = false;
    enum lum_fault fault = lum_chain_step_raw(&one, &read, raw, payload, &ends);
    LUM_ASSERT(fault == lum_chain_step(&two, &same, payload, &ends_too) && ends == ends_too);
    LUM_ASSERT(memcmp(&one, &two, sizeof one) == 0);
    if (fault != LUM_FAULT_NONE) {
        LUM_ASSERT(memcmp(&one, before, sizeof one) == 0);
        return;
    }
    check_moved(before, &one, &read, ends);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    uint8_t switches = input_byte(&in);
    struct lum_chain before = chain_before(&in);
    struct lum_cur cur = lum_cur_over(input_rest(&in));
    const uint8_t *start = cur.at;
    struct lum_header header;
    lum_header_read(&cur, &header);
    if (cur.fault != LUM_FAULT_NONE) {
        return 0;
    }
    struct lum_bytes raw = {start, (size_t)(cur.at - start)};
    struct lum_bytes payload = {cur.at, lum_cur_left(&cur)};
    struct lum_buf spelled;
    lum_buf_init(&spelled, LUM_HEADER_MAX);
    check_bounds(&header);
    check_spelling(&header, raw, &spelled);
    if ((switches & WITHHELD) != 0) {
        payload.len = 0;
    }
    if ((switches & TRUE_HASH) != 0 && header.has_phash) {
        lum_payload_hash(payload, &header.phash);
        lum_buf_reset(&spelled);
        lum_header_write(&header, true, &spelled);
    }
    check_step(&before, &header, lum_buf_bytes(&spelled), payload);
    lum_buf_fini(&spelled);
    return 0;
}
