/* pair_logs.c - everything that is ever written, once; see pair_i.h. */
#include <stdio.h>
#include <string.h>

#include "core/invite.h"
#include "tests/lib/pair_i.h"

static void seal(const struct written *log, const struct lum_sign_key *key, bool is_boundary,
                 struct lum_sig *out)
{
    const struct lum_seal_claim claim = {
        .log_id = &log->place.log_id,
        .chain = &log->place.chain,
        .range = is_boundary ? &log->place.range : NULL,
    };
    lum_seal_make(&claim, key, out);
}

static void begin_log(struct pair *pair, enum pair_log which, unsigned device, uint8_t incarnation,
                      uint8_t shelf)
{
    struct written *log = &pair->logs[which];
    uint8_t epoch[16];
    memcpy(log->name.author, pair->devices[device].author.public, 32);
    log->name.incarnation[0] = incarnation;
    log->name.shelf = shelf;
    lum_log_id(&pair->space, &log->name, &log->place.log_id);
    memcpy(log->place.author, log->name.author, 32);
    lum_genesis_epoch(&pair->space, epoch);
    lum_chain_start(&log->place.log_id, PAIR_FOUNDED_MS, epoch, &log->place.chain);
    lum_buf_init(&log->run, LUM_BLOCK_PLAIN_MAX);
}

static void write_event(struct pair *pair, enum pair_log which, unsigned device, uint8_t kind,
                        struct lum_bytes payload)
{
    struct written *log = &pair->logs[which];
    struct lum_header header = {
        .kind = kind, .dt = log->head == 0 ? 0 : 1000, .plen = (uint32_t)payload.len};
    struct lum_run_mark *mark = &log->marks[log->head];
    mark->offset = (uint32_t)log->run.len;
    lum_run_append(&log->run, &header, payload);
    mark->length = (uint32_t)log->run.len - mark->offset;
    LUM_ASSERT(lum_chain_step(&log->place.chain, &header, payload, &mark->is_boundary) ==
               LUM_FAULT_NONE);
    mark->chain = log->place.chain;
    if (mark->is_boundary) {
        lum_range_add(&log->place.range, &log->place.chain.h);
    }
    seal(log, &pair->devices[device].author, mark->is_boundary, &log->seals[log->head++]);
    LUM_ASSERT(!log->run.broken);
}

static void write_control(struct pair *pair, enum pair_log which, unsigned device,
                          const struct lum_control *control)
{
    struct lum_buf payload;
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_control_write(control, &payload);
    write_event(pair, which, device, LUM_KIND_CONTROL, lum_buf_bytes(&payload));
    lum_buf_fini(&payload);
}

/* Texts that compress, a large one here and there: boundaries by count and by bytes. */
static void write_data(struct pair *pair, enum pair_log which, unsigned device, uint32_t count)
{
    static uint8_t text[LUM_SEGMENT_BYTES];
    for (uint32_t i = 0; i < count; i++) {
        struct written *log = &pair->logs[which];
        bool is_large = which == PAIR_ANNA && log->head % 16 == 5;
        size_t len = is_large ? 9000 : 12 + i % 7;
        for (size_t k = 0; k < len; k++) {
            text[k] = (uint8_t)("padi jagung "[k % 12] + (k % 97 == 0 ? (int)(i % 9) : 0));
        }
        text[0] = (uint8_t)which;
        text[1] = (uint8_t)i;
        write_event(pair, which, device, LUM_KIND_DATA, lum_bytes_of(text, len));
    }
}

static struct lum_ref ref_to(const struct written *log, uint64_t seq)
{
    struct lum_ref ref = {.seq = seq};
    memcpy(ref.log8, log->place.log_id.b, sizeof ref.log8);
    memcpy(ref.hash16, log->marks[seq - 1].chain.h.b, sizeof ref.hash16);
    return ref;
}

static void found(struct pair *pair)
{
    struct lum_genesis *genesis = &pair->genesis;
    for (uint8_t i = 0; i < DEVICES; i++) {
        const uint8_t author[32] = {'a', i};
        const uint8_t node[32] = {'n', i};
        lum_sign_key_from_seed(author, &pair->devices[i].author);
        lum_sign_key_from_seed(node, &pair->devices[i].node);
    }
    genesis->founded_ms = PAIR_FOUNDED_MS;
    genesis->founder_count = 2;
    genesis->k = 1;
    for (unsigned i = 0; i < 2; i++) {
        memcpy(genesis->founders[i].a, pair->devices[i].author.public, 32);
        memcpy(genesis->founders[i].t, pair->devices[i].node.public, 32);
    }
    genesis->shelf_count = 2;
    genesis->shelves[1].index = LUM_SHELF_COMMON;
    (void)snprintf(genesis->shelves[0].name, LUM_SHELF_NAME_MAX, "gov");
    (void)snprintf(genesis->shelves[1].name, LUM_SHELF_NAME_MAX, "common");
    lum_buf_init(&pair->document, LUM_PAYLOAD_MAX);
    lum_genesis_write(genesis, &pair->document);
    lum_genesis_id(lum_buf_bytes(&pair->document), &pair->space);
}

static void write_gov(struct pair *pair)
{
    const uint8_t invite_seed[32] = "the seed of Anna's invite";
    struct lum_sign_key invite_key;
    struct lum_control genesis = {.op = LUM_GENESIS, .document = lum_buf_bytes(&pair->document)};
    struct lum_control invite = {.op = LUM_INVITE};
    struct lum_control join = {.op = LUM_JOIN};
    lum_sign_key_from_seed(invite_seed, &invite_key);
    memcpy(invite.invite.pk, invite_key.public, 32);
    invite.invite.role = LUM_ROLE_WRITER;
    invite.invite.uses = 1;
    write_control(pair, PAIR_ANNA_GOV, ANNA, &genesis);
    write_control(pair, PAIR_ANNA_GOV, ANNA, &invite);
    write_control(pair, PAIR_BUDI_GOV, BUDI, &genesis);
    join.join.invite = ref_to(&pair->logs[PAIR_ANNA_GOV], 2);
    memcpy(join.join.axt, pair->devices[CITRA].author.public, 32);
    memcpy(join.join.axt + 64, pair->devices[CITRA].node.public, 32);
    lum_join_sign(&invite_key, &pair->space, join.join.axt, &join.join.sig);
    write_control(pair, PAIR_CITRA_GOV, CITRA, &join);
}

static void write_branch(struct pair *pair)
{
    struct written *branch = &pair->logs[PAIR_BRANCH];
    begin_log(pair, PAIR_BRANCH, ANNA, 1, LUM_SHELF_COMMON);
    /* The same first events byte by byte, then others. */
    const struct written *trunk = &pair->logs[PAIR_ANNA];
    struct lum_run_reader reader;
    lum_run_open(&reader, lum_buf_bytes(&trunk->run));
    while (branch->head < BRANCHES_AFTER && lum_run_next(&reader)) {
        write_event(pair, PAIR_BRANCH, ANNA, reader.header.kind, reader.payload);
    }
    write_data(pair, PAIR_BRANCH, ANNA, 20);
}

void pair_logs_write(struct pair *pair)
{
    found(pair);
    begin_log(pair, PAIR_ANNA_GOV, ANNA, 1, LUM_SHELF_GOV);
    begin_log(pair, PAIR_BUDI_GOV, BUDI, 1, LUM_SHELF_GOV);
    begin_log(pair, PAIR_CITRA_GOV, CITRA, 1, LUM_SHELF_GOV);
    begin_log(pair, PAIR_ANNA, ANNA, 1, LUM_SHELF_COMMON);
    begin_log(pair, PAIR_ANNA_SECOND, ANNA, 2, LUM_SHELF_COMMON);
    begin_log(pair, PAIR_BUDI, BUDI, 1, LUM_SHELF_COMMON);
    begin_log(pair, PAIR_CITRA, CITRA, 1, LUM_SHELF_COMMON);
    write_gov(pair);
    write_data(pair, PAIR_ANNA, ANNA, 70);
    write_data(pair, PAIR_ANNA_SECOND, ANNA, 6);
    write_data(pair, PAIR_BUDI, BUDI, 70);
    write_data(pair, PAIR_CITRA, CITRA, 10);
    write_branch(pair);
}

struct lum_ingest pair_logs_piece(const struct written *log, uint64_t first, uint64_t last,
                                  struct lum_sig seals[EVENTS_MAX])
{
    const struct lum_run_mark *end = &log->marks[last - 1];
    uint32_t from = log->marks[first - 1].offset;
    struct lum_ingest piece = {.name = log->name, .first = first};
    for (uint64_t seq = first; seq <= last; seq++) {
        if (log->marks[seq - 1].is_boundary || seq == last) {
            seals[piece.seals.count++] = log->seals[seq - 1];
        }
    }
    piece.seals.at = seals;
    piece.bytes = lum_bytes_of(log->run.at + from, end->offset + end->length - from);
    piece.plain_len = (uint32_t)piece.bytes.len;
    return piece;
}
