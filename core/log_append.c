/*
 * log_append.c - how events get into their rows, and how rows become blocks.
 *
 * An append sees one row of events: what lies in the tail, then the run.
 *
 *      packed | tail rows ....... | the run ............. |
 *             [-- group --][-- group --][-- group --][rest]
 *
 * Nothing is packed until enough lies closed (GROUP segments or GROUP_BYTES); then whole groups
 * become block rows, their tail rows go, and only the rest of the run becomes tail rows. So single
 * puts cost one row each, and a long import never writes a row that it would pack a moment later.
 *
 * A block that came packed and is large is kept as it came, without compressing anew; what lies
 * closed before it is packed first, so that the next such block finds an empty tail again.
 */
#include "core/log_i.h"
#include "core/pack.h"

enum {
    GROUP = LUM_BLOCK_SEGMENTS_MAX,
    GROUP_BYTES = LUM_BLOCK_PLAIN_MAX / 2, /* a group this large need not wait for more */
    KEEP_SEGMENTS = GROUP / 2,             /* a received block this large is kept as it came */
    LEVEL = 5,                             /* 4 % smaller than 3, and sent as it lies */
    BLOCK_OVERHEAD = 1024,                 /* what zstd may add */
};

/* Gathers events into groups and writes them as blocks. */
struct packer {
    struct lum_txn *txn;
    struct lum_squeezer *squeezer;
    struct lum_log_row *row; /* packed moves on with each block written */
    int level;
    uint64_t tail_from;        /* first seq that lies in a tail row */
    struct lum_buf plain;      /* events after row->packed */
    struct lum_buf frame;
    size_t closed;             /* of plain: up to the newest boundary */
    struct lum_chain boundary; /* the chain there */
    uint32_t segments;         /* closed ones in plain */
    uint64_t blocks;           /* written */
};

static void packer_init(struct packer *packer, struct lum_txn *txn, struct lum_squeezer *squeezer,
                        struct lum_log_row *row, int level)
{
    *packer = (struct packer){
        .txn = txn,
        .squeezer = squeezer,
        .row = row,
        .level = level,
        .tail_from = row->packed.seq + 1,
        .boundary = row->packed,
    };
    lum_buf_init(&packer->plain, 2 * LUM_BLOCK_PLAIN_MAX);
    lum_buf_init(&packer->frame, LUM_BLOCK_PLAIN_MAX + BLOCK_OVERHEAD);
}

static void packer_fini(struct packer *packer)
{
    lum_buf_fini(&packer->plain);
    lum_buf_fini(&packer->frame);
}

/* Writes plain up to the newest boundary as one block. */
static enum lum_status packer_flush(struct packer *packer)
{
    LUM_ASSERT(packer->closed <= LUM_BLOCK_PLAIN_MAX);
    if (packer->segments == 0) {
        return LUM_OK;
    }
    struct lum_bytes plain = {packer->plain.at, packer->closed};
    lum_buf_reset(&packer->frame);
    enum lum_status status = lum_squeeze(packer->squeezer, plain, packer->level, &packer->frame);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_log_block block = {
        .first = packer->row->packed.seq + 1,
        .last = packer->boundary.seq,
        .plain_len = (uint32_t)plain.len,
        .start = packer->row->packed,
        .frame = lum_buf_bytes(&packer->frame),
    };
    status = lum_log_block_put(packer->txn, packer->row->lno, &block);
    lum_buf_drop(&packer->plain, packer->closed);
    packer->row->packed = packer->boundary;
    packer->closed = 0;
    packer->segments = 0;
    packer->blocks++;
    return status;
}

/* One more event; chain is the one after it. */
static enum lum_status packer_add(struct packer *packer, struct lum_bytes raw,
                                  const struct lum_chain *chain)
{
    enum lum_status status = LUM_OK;
    lum_buf_put(&packer->plain, raw.at, raw.len);
    if (packer->plain.broken) {
        return lum_buf_status(&packer->plain);
    }
    if (chain->segment_events > 0) {
        return LUM_OK;
    }
    if (packer->plain.len > LUM_BLOCK_PLAIN_MAX) {
        status = packer_flush(packer);
    }
    packer->closed = packer->plain.len;
    packer->boundary = *chain;
    packer->segments++;
    return status == LUM_OK && packer->segments == GROUP ? packer_flush(packer) : status;
}

/* ---- append ---- */

static enum lum_status add_tail(struct packer *packer, uint64_t head)
{
    enum lum_status status = LUM_OK;
    struct lum_chain chain;
    struct lum_bytes raw;
    for (uint64_t seq = packer->tail_from; seq <= head && status == LUM_OK; seq++) {
        status = lum_log_tail_get(packer->txn, packer->row->lno, seq, &chain, &raw);
        if (status == LUM_OK) {
            status = packer_add(packer, raw, &chain);
        }
    }
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

static struct lum_bytes event_of(const struct lum_log_growth *growth, uint32_t i)
{
    return lum_bytes_of(growth->run.at + growth->marks[i].offset, growth->marks[i].length);
}

static enum lum_status add_run(struct packer *packer, const struct lum_log_growth *growth)
{
    enum lum_status status = LUM_OK;
    for (uint32_t i = 0; i < growth->count && status == LUM_OK; i++) {
        status = packer_add(packer, event_of(growth, i), &growth->marks[i].chain);
    }
    return status;
}

static enum lum_status drop_tail(struct lum_txn *txn, uint32_t lno, uint64_t from, uint64_t to)
{
    uint8_t key[LUM_LOG_KEY];
    enum lum_status status = LUM_OK;
    for (uint64_t seq = from; seq <= to && status == LUM_OK; seq++) {
        status = lum_txn_delete(txn, LUM_T_TAIL, lum_log_key(lno, seq, key));
    }
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

/*
 * Packs what is closed in the tail and in the run (NULL: the tail alone), whole groups or, when
 * all is set, everything. Tail rows that are packed now are gone; the rest of the run is not yet
 * in rows.
 */
static enum lum_status pack(struct packer *packer, const struct lum_log_growth *growth, bool all)
{
    struct lum_log_row *row = packer->row;
    uint64_t head = row->place.chain.seq;
    enum lum_status status = add_tail(packer, head);
    if (status == LUM_OK && growth != NULL) {
        status = add_run(packer, growth);
    }
    if (status == LUM_OK && (all || packer->closed >= GROUP_BYTES)) {
        status = packer_flush(packer);
    }
    if (status != LUM_OK) {
        return status;
    }
    row->tail_segments = packer->segments;
    row->tail_bytes = (uint32_t)packer->plain.len;
    uint64_t dropped = row->packed.seq < head ? row->packed.seq : head;
    return drop_tail(packer->txn, row->lno, packer->tail_from, dropped);
}

static enum lum_status pack_now(struct lum_txn *txn, struct lum_squeezer *squeezer,
                                struct lum_log_row *row, const struct lum_log_growth *growth,
                                bool all)
{
    struct packer packer;
    packer_init(&packer, txn, squeezer, row, LEVEL);
    enum lum_status status = pack(&packer, growth, all);
    packer_fini(&packer);
    return status;
}

/* Events of the run that no block holds become tail rows. */
static enum lum_status put_tail(struct lum_txn *txn, const struct lum_log_row *row,
                                const struct lum_log_growth *growth)
{
    enum lum_status status = LUM_OK;
    for (uint32_t i = 0; i < growth->count && status == LUM_OK; i++) {
        if (growth->marks[i].chain.seq > row->packed.seq) {
            status = lum_log_tail_put(txn, row->lno, &growth->marks[i].chain,
                                      event_of(growth, i));
        }
    }
    return status;
}

static enum lum_status keep_block(struct lum_txn *txn, struct lum_log_row *row,
                                  const struct lum_log_growth *growth)
{
    LUM_ASSERT(row->packed.seq == row->place.chain.seq);
    struct lum_log_block block = {
        .first = row->packed.seq + 1,
        .last = growth->place->chain.seq,
        .plain_len = (uint32_t)growth->run.len,
        .start = row->packed,
        .frame = growth->packed,
    };
    row->packed = growth->place->chain;
    row->tail_segments = 0;
    row->tail_bytes = 0;
    return lum_log_block_put(txn, row->lno, &block);
}

static uint32_t segments_in(const struct lum_log_growth *growth)
{
    uint32_t segments = 0;
    for (uint32_t i = 0; i < growth->count; i++) {
        segments += growth->marks[i].is_boundary ? 1 : 0;
    }
    return segments;
}

static enum lum_status put_events(struct lum_txn *txn, struct lum_squeezer *squeezer,
                                  struct lum_log_row *row, const struct lum_log_growth *growth)
{
    uint32_t segments = segments_in(growth);
    bool ends_closed = growth->place->chain.segment_events == 0;
    bool is_large = growth->packed.len > 0 && ends_closed && segments <= GROUP &&
                    (segments >= KEEP_SEGMENTS || growth->run.len >= GROUP_BYTES);
    if (is_large && row->place.chain.segment_events == 0) {
        enum lum_status status = pack_now(txn, squeezer, row, NULL, true);
        return status == LUM_OK ? keep_block(txn, row, growth) : status;
    }
    bool enough = row->tail_segments + segments >= GROUP ||
                  (row->tail_segments + segments > 0 &&
                   row->tail_bytes + growth->run.len >= GROUP_BYTES);
    if (is_large || enough) {
        enum lum_status status = pack_now(txn, squeezer, row, growth, is_large);
        return status == LUM_OK ? put_tail(txn, row, growth) : status;
    }
    row->tail_segments += segments;
    row->tail_bytes += (uint32_t)growth->run.len;
    return put_tail(txn, row, growth);
}

static enum lum_status put_seals(struct lum_txn *txn, struct lum_log_row *row,
                                 const struct lum_log_growth *growth)
{
    enum lum_status status = LUM_OK;
    uint32_t next = 0;
    for (uint32_t i = 0; i < growth->count && status == LUM_OK; i++) {
        if (!growth->marks[i].is_boundary) {
            continue;
        }
        uint8_t key[LUM_LOG_KEY];
        LUM_ASSERT(next < growth->seals.count);
        const struct lum_sig *seal = &growth->seals.at[next++];
        status = lum_txn_put(txn, LUM_T_SEAL,
                             lum_log_key(row->lno, growth->marks[i].chain.seq, key),
                             lum_bytes_of(seal->b, sizeof seal->b));
    }
    row->head_seal = growth->seals.at[growth->seals.count - 1];
    return status;
}

enum lum_status lum_log_append(struct lum_txn *txn, struct lum_squeezer *squeezer,
                               struct lum_log_row *row, const struct lum_log_growth *growth,
                               uint64_t *arrival)
{
    uint64_t first = row->place.chain.seq + 1;
    LUM_ASSERT(growth->count > 0 && growth->seals.count > 0 && !row->is_frozen);
    LUM_ASSERT(growth->place->chain.seq == first + growth->count - 1);
    LUM_ASSERT(growth->marks[0].chain.seq == first);
    enum lum_status status = put_events(txn, squeezer, row, growth);
    if (status == LUM_OK) {
        status = put_seals(txn, row, growth);
    }
    if (status == LUM_OK) {
        row->place = *growth->place;
        status = lum_log_put(txn, row);
    }
    return status == LUM_OK ? lum_log_arrival_add(txn, row, first, arrival) : status;
}

/* ---- repack ---- */

/* Takes one block out of its table and feeds its events to the packer. */
static enum lum_status add_block(struct packer *packer, const struct lum_log_block *block,
                                 struct lum_buf *plain)
{
    uint8_t key[LUM_LOG_KEY];
    enum lum_status status =
        lum_unsqueeze(packer->squeezer, block->frame, block->plain_len, plain);
    if (status == LUM_OK) {
        status = lum_txn_delete(packer->txn, LUM_T_BLOCK,
                                lum_log_key(packer->row->lno, block->first, key));
    }
    struct lum_chain chain = block->start;
    struct lum_run_reader reader;
    lum_run_open(&reader, lum_buf_bytes(plain));
    while (status == LUM_OK && lum_run_next(&reader)) {
        bool is_boundary = false;
        struct lum_bytes raw = {reader.raw_header.at,
                                reader.raw_header.len + reader.payload.len};
        if (lum_chain_step_raw(&chain, &reader.header, reader.raw_header, reader.payload,
                               &is_boundary) != LUM_FAULT_NONE) {
            return LUM_CORRUPT;
        }
        status = packer_add(packer, raw, &chain);
    }
    bool holds = reader.cur.fault == LUM_FAULT_NONE && chain.seq == block->last;
    return status == LUM_FAULT || (status == LUM_OK && !holds) ? LUM_CORRUPT : status;
}

/* A new block begins where an old one began that is out already, so it never covers one that is
 * still to come. */
static enum lum_status add_blocks(struct packer *packer, uint64_t end)
{
    struct lum_buf plain;
    lum_buf_init(&plain, LUM_BLOCK_PLAIN_MAX);
    enum lum_status status = LUM_OK;
    for (uint64_t seq = 1; seq <= end && status == LUM_OK;) {
        struct lum_log_block block;
        status = lum_log_block_find(packer->txn, packer->row->lno, seq, &block);
        if (status == LUM_NOT_FOUND || (status == LUM_OK && block.first != seq)) {
            status = LUM_CORRUPT;
        }
        if (status == LUM_OK && seq == 1) {
            packer->row->packed = block.start;
            packer->boundary = block.start;
        }
        if (status == LUM_OK) {
            seq = block.last + 1;
            status = add_block(packer, &block, &plain);
        }
    }
    lum_buf_fini(&plain);
    return status;
}

enum lum_status lum_log_repack(struct lum_txn *txn, struct lum_squeezer *squeezer, uint32_t lno,
                               int level, uint64_t *blocks)
{
    struct lum_log_row row;
    struct packer packer;
    enum lum_status status = lum_log_get(txn, lno, &row);
    if (status != LUM_OK) {
        return status;
    }
    packer_init(&packer, txn, squeezer, &row, level);
    status = add_blocks(&packer, row.packed.seq);
    if (status == LUM_OK) {
        status = pack(&packer, NULL, true);
    }
    if (status == LUM_OK) {
        *blocks = packer.blocks;
        status = lum_log_put(txn, &row);
    }
    packer_fini(&packer);
    return status;
}
