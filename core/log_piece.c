/*
 * log_piece.c - cuts a piece out of a log, ready to be said.
 *
 * A stored block goes out as it lies, unless packing made it larger than a piece may be: noise does
 * not pack. What begins inside one goes out up to that block's end, so that the next piece begins
 * where a block begins; the tail goes out with its open end.
 */
#include "core/log_i.h"

enum {
    LEVEL = 3,
    PACK_FROM_BYTES = 512, /* below, what zstd saves is not worth its frame */
};

static enum lum_status block_as_it_lies(struct lum_txn *txn, const struct lum_log_row *row,
                                        const struct lum_log_block *block, uint32_t max_segments,
                                        struct lum_log_piece *out)
{
    enum lum_status status = lum_log_seals(txn, row->lno, block->first, block->last, out->seals,
                                           &out->seal_count);
    if (status == LUM_OK &&
        (out->seal_count > max_segments || block->frame.len > LUM_BLOCK_PLAIN_MAX)) {
        return LUM_NOT_FOUND;
    }
    out->first = block->first;
    out->last = block->last;
    out->plain_len = block->plain_len;
    out->is_packed = true;
    out->bytes = block->frame;
    return status;
}

/* Gathers events from `from` on; *last is the newest position that may end a piece. */
static enum lum_status gather(struct lum_log_reader *reader, uint64_t end, uint32_t max_segments,
                              uint64_t *last)
{
    struct lum_buf *piece = &reader->piece;
    struct lum_log_event event;
    enum lum_status status = LUM_OK;
    size_t whole = 0;
    uint32_t segments = 0;
    lum_buf_reset(piece);
    while (segments < max_segments && reader->chain.seq < end) {
        status = lum_log_next(reader, &event);
        if (status != LUM_OK || event.raw.len > LUM_BLOCK_PLAIN_MAX - piece->len) {
            break;
        }
        lum_buf_put(piece, event.raw.at, event.raw.len);
        bool is_boundary = event.chain.segment_events == 0;
        segments += is_boundary ? 1 : 0;
        if (is_boundary || event.seq == reader->head) {
            whole = piece->len;
            *last = event.seq;
        }
    }
    if (status == LUM_OK) {
        status = lum_buf_status(piece);
    }
    LUM_ASSERT(status != LUM_OK || whole > 0); /* a segment is smaller than a block */
    piece->len = whole;
    return status;
}

static enum lum_status squeeze_piece(struct lum_log_reader *reader, struct lum_log_piece *out)
{
    struct lum_bytes plain = lum_buf_bytes(&reader->piece);
    out->plain_len = (uint32_t)plain.len;
    out->is_packed = false;
    out->bytes = plain;
    if (plain.len < PACK_FROM_BYTES) {
        return LUM_OK;
    }
    lum_buf_reset(&reader->frame);
    enum lum_status status = lum_squeeze(reader->squeezer, plain, LEVEL, &reader->frame);
    if (status == LUM_OK && reader->frame.len < plain.len) {
        out->is_packed = true;
        out->bytes = lum_buf_bytes(&reader->frame);
    }
    return status;
}

static enum lum_status cut_anew(struct lum_log_reader *reader, const struct lum_log_row *row,
                                uint64_t end, uint32_t max_segments, struct lum_log_piece *out)
{
    out->first = reader->chain.seq + 1;
    enum lum_status status = gather(reader, end, max_segments, &out->last);
    if (status == LUM_OK) {
        status = lum_log_seals(reader->txn, row->lno, out->first, out->last, out->seals,
                               &out->seal_count);
    }
    bool ends_open = out->last == row->place.chain.seq && row->place.chain.segment_events > 0;
    if (status == LUM_OK && ends_open) {
        out->seals[out->seal_count++] = row->head_seal;
    }
    return status == LUM_OK ? squeeze_piece(reader, out) : status;
}

enum lum_status lum_log_piece_at(struct lum_log_reader *reader, struct lum_txn *txn,
                                 const struct lum_log_row *row, uint64_t from,
                                 uint32_t max_segments, struct lum_log_piece *out)
{
    LUM_ASSERT(from > 0 && max_segments > 0 && max_segments <= LUM_BLOCK_SEGMENTS_MAX);
    uint64_t end = row->place.chain.seq;
    if (from > end) {
        return LUM_NOT_FOUND;
    }
    enum lum_status status = LUM_NOT_FOUND;
    struct lum_log_block block;
    if (from <= row->packed.seq) {
        status = lum_log_block_find(txn, row->lno, from, &block);
        if (status != LUM_OK) {
            return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
        }
        end = block.last;
        status = block.first == from ? block_as_it_lies(txn, row, &block, max_segments, out)
                                     : LUM_NOT_FOUND;
    }
    if (status != LUM_NOT_FOUND) {
        return status;
    }
    status = lum_log_seek(reader, txn, row->lno, from);
    return status == LUM_OK ? cut_anew(reader, row, end, max_segments, out) : status;
}
