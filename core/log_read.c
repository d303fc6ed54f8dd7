/*
 * log_read.c - reads a log's events in order, from any position.
 *
 * Every event is hashed on its way out, and the chain must fit: from block to block, into the tail,
 * and with what each tail row says of itself. So what lies damaged on the disk is CORRUPT here and
 * never reaches the view or a neighbour.
 */
#include <string.h>

#include "core/log_i.h"

enum lum_status lum_log_reader_open(struct lum_log_reader **out)
{
    struct lum_log_reader *reader = lum_alloc_zero(sizeof *reader);
    if (reader == NULL) {
        return LUM_NO_MEMORY;
    }
    enum lum_status status = lum_squeezer_open(&reader->squeezer);
    if (status != LUM_OK) {
        lum_free(reader);
        return status;
    }
    lum_buf_init(&reader->plain, LUM_BLOCK_PLAIN_MAX);
    lum_buf_init(&reader->piece, LUM_BLOCK_PLAIN_MAX);
    lum_buf_init(&reader->frame, 2 * LUM_BLOCK_PLAIN_MAX);
    *out = reader;
    return LUM_OK;
}

void lum_log_reader_close(struct lum_log_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    lum_buf_fini(&reader->plain);
    lum_buf_fini(&reader->piece);
    lum_buf_fini(&reader->frame);
    lum_squeezer_close(reader->squeezer);
    lum_free(reader);
}

static bool holds_block(const struct lum_log_reader *reader, const struct lum_log_block *block)
{
    return reader->plain.len > 0 && reader->block_lno == reader->lno &&
           reader->block.first == block->first && reader->block.last == block->last &&
           reader->block.check == block->check;
}

/* Unpacks the block that holds seq, unless it was the last one; stands before its first event. */
static enum lum_status enter_block(struct lum_log_reader *reader, uint64_t seq)
{
    struct lum_log_block block;
    enum lum_status status = lum_log_block_find(reader->txn, reader->lno, seq, &block);
    if (status == LUM_OK && !holds_block(reader, &block)) {
        status = lum_unsqueeze(reader->squeezer, block.frame, block.plain_len, &reader->plain);
    }
    if (status != LUM_OK) {
        lum_buf_reset(&reader->plain);
        return status == LUM_FAULT || status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    reader->block = block;
    reader->block.frame = lum_bytes_of(NULL, 0);
    reader->block_lno = reader->lno;
    lum_run_open(&reader->run, lum_buf_bytes(&reader->plain));
    return LUM_OK;
}

/* The next event of run becomes the newest of chain. */
static enum lum_status step(struct lum_log_reader *reader)
{
    struct lum_run_reader *run = &reader->run;
    bool is_boundary = false;
    bool holds = lum_run_next(run) &&
                 lum_chain_step_raw(&reader->chain, &run->header, run->raw_header, run->payload,
                                    &is_boundary) == LUM_FAULT_NONE;
    return holds ? LUM_OK : LUM_CORRUPT;
}

static enum lum_status step_in_block(struct lum_log_reader *reader)
{
    enum lum_status status = step(reader);
    bool at_end = reader->chain.seq == reader->block.last;
    return status == LUM_OK && at_end != (lum_cur_left(&reader->run.cur) == 0) ? LUM_CORRUPT
                                                                               : status;
}

static enum lum_status seek_in_block(struct lum_log_reader *reader, uint64_t from)
{
    enum lum_status status = enter_block(reader, from);
    if (status == LUM_OK) {
        reader->chain = reader->block.start;
    }
    while (status == LUM_OK && reader->chain.seq + 1 < from) {
        status = step_in_block(reader);
    }
    return status;
}

enum lum_status lum_log_seek(struct lum_log_reader *reader, struct lum_txn *txn, uint32_t lno,
                             uint64_t from)
{
    LUM_ASSERT(from > 0);
    struct lum_log_row row;
    struct lum_bytes raw;
    enum lum_status status = lum_log_get(txn, lno, &row);
    if (status != LUM_OK) {
        return status;
    }
    reader->txn = txn;
    reader->lno = lno;
    reader->head = row.place.chain.seq;
    reader->packed = row.packed.seq;
    if (from > reader->head) {
        reader->chain = row.place.chain;
        return LUM_OK;
    }
    if (from <= reader->packed) {
        return seek_in_block(reader, from);
    }
    reader->chain = row.packed;
    if (from == reader->packed + 1) {
        return LUM_OK;
    }
    status = lum_log_tail_get(txn, lno, from - 1, &reader->chain, &raw);
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

static enum lum_status next_in_block(struct lum_log_reader *reader)
{
    uint64_t seq = reader->chain.seq + 1;
    bool is_inside = reader->block_lno == reader->lno && seq >= reader->block.first &&
                     seq <= reader->block.last;
    enum lum_status status = is_inside ? LUM_OK : enter_block(reader, seq);
    if (status == LUM_OK && !is_inside &&
        !lum_log_chain_equal(&reader->chain, &reader->block.start)) {
        return LUM_CORRUPT;
    }
    return status == LUM_OK ? step_in_block(reader) : status;
}

static enum lum_status next_in_tail(struct lum_log_reader *reader)
{
    struct lum_chain stored;
    struct lum_bytes raw;
    enum lum_status status =
        lum_log_tail_get(reader->txn, reader->lno, reader->chain.seq + 1, &stored, &raw);
    if (status == LUM_OK) {
        lum_run_open(&reader->run, raw);
        status = step(reader);
    }
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    bool holds = lum_cur_left(&reader->run.cur) == 0 &&
                 lum_log_chain_equal(&stored, &reader->chain);
    return holds ? LUM_OK : LUM_CORRUPT;
}

enum lum_status lum_log_next(struct lum_log_reader *reader, struct lum_log_event *out)
{
    if (reader->chain.seq >= reader->head) {
        return LUM_NOT_FOUND;
    }
    enum lum_status status =
        reader->chain.seq < reader->packed ? next_in_block(reader) : next_in_tail(reader);
    if (status != LUM_OK) {
        return status;
    }
    const struct lum_run_reader *run = &reader->run;
    *out = (struct lum_log_event){
        .seq = reader->chain.seq,
        .raw = {run->raw_header.at, run->raw_header.len + run->payload.len},
        .payload = run->payload,
        .header = &run->header,
        .chain = reader->chain,
    };
    return LUM_OK;
}

enum lum_status lum_log_chain_at(struct lum_log_reader *reader, struct lum_txn *txn, uint32_t lno,
                                 uint64_t seq, struct lum_chain *out)
{
    enum lum_status status = lum_log_seek(reader, txn, lno, seq + 1);
    if (status == LUM_OK && seq > reader->head) {
        return LUM_NOT_FOUND;
    }
    if (status == LUM_OK) {
        *out = reader->chain;
    }
    return status;
}

enum lum_status lum_log_hash_at(struct lum_log_reader *reader, struct lum_txn *txn, uint32_t lno,
                                uint64_t seq, struct lum_hash *out)
{
    struct lum_chain chain;
    enum lum_status status = lum_log_chain_at(reader, txn, lno, seq, &chain);
    if (status == LUM_OK) {
        *out = chain.h;
    }
    return status;
}

enum lum_status lum_log_place_at(struct lum_log_reader *reader, struct lum_txn *txn,
                                 const struct lum_log_row *row, uint64_t seq,
                                 struct lum_log_place *out)
{
    LUM_ASSERT(seq <= row->place.chain.seq);
    *out = (struct lum_log_place){.log_id = row->place.log_id};
    memcpy(out->author, row->place.author, sizeof out->author);
    lum_range_init(&out->range);
    struct lum_log_event event;
    enum lum_status status = lum_log_seek(reader, txn, row->lno, 1);
    while (status == LUM_OK && reader->chain.seq < seq) {
        status = lum_log_next(reader, &event);
        if (status == LUM_OK && event.chain.segment_events == 0) {
            lum_range_add(&out->range, &event.chain.h);
        }
    }
    out->chain = reader->chain;
    return status;
}
