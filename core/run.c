/*
 * run.c - walks a run, and checks one against its log from a known place to a seal.
 *
 * The check works on a copy of the place and hands it over only when everything held, so a run is
 * taken whole or leaves no trace. It allocates nothing: this is the hottest path of the house.
 */
#include "core/run.h"

void lum_run_open(struct lum_run_reader *reader, struct lum_bytes run)
{
    reader->cur = lum_cur_over(run);
    reader->raw_header = (struct lum_bytes){run.at, 0};
    reader->payload = reader->raw_header;
}

bool lum_run_next(struct lum_run_reader *reader)
{
    struct lum_cur *cur = &reader->cur;
    if (cur->fault != LUM_FAULT_NONE || lum_cur_left(cur) == 0) {
        return false;
    }
    const uint8_t *start = cur->at;
    lum_header_read(cur, &reader->header);
    reader->raw_header = (struct lum_bytes){start, (size_t)(cur->at - start)};
    size_t follows = reader->header.has_phash ? 0 : reader->header.plen;
    reader->payload = lum_cur_raw(cur, follows);
    return cur->fault == LUM_FAULT_NONE;
}

void lum_run_append(struct lum_buf *run, const struct lum_header *header, struct lum_bytes payload)
{
    LUM_ASSERT(!header->has_phash || header->plen > 0);
    LUM_ASSERT(payload.len == (header->has_phash ? 0 : header->plen));
    lum_header_write(header, header->has_phash, run);
    lum_buf_put(run, payload.at, payload.len);
}

/* One check under way. */
struct walk {
    struct lum_log_place place;
    struct lum_run_seals seals;
    uint32_t seals_used;
    uint32_t events;
    bool ends_at_boundary; /* the newest event is one */
};

static enum lum_fault take_seal(struct walk *walk)
{
    if (walk->seals_used == walk->seals.count) {
        return LUM_FAULT_BOUNDARY;
    }
    const struct lum_seal_claim claim = {
        .log_id = &walk->place.log_id,
        .chain = &walk->place.chain,
        .range = walk->ends_at_boundary ? &walk->place.range : NULL,
    };
    const struct lum_sig *seal = &walk->seals.at[walk->seals_used++];
    return lum_seal_check(&claim, walk->place.author, seal) ? LUM_FAULT_NONE : LUM_FAULT_SEAL;
}

static enum lum_fault take_event(struct walk *walk, struct lum_run_reader *reader)
{
    struct lum_log_place *place = &walk->place;
    enum lum_fault fault = lum_chain_step_raw(&place->chain, &reader->header, reader->raw_header,
                                              reader->payload, &walk->ends_at_boundary);
    if (fault != LUM_FAULT_NONE) {
        return fault;
    }
    walk->events++;
    if (!walk->ends_at_boundary) {
        return LUM_FAULT_NONE;
    }
    lum_range_add(&place->range, &place->chain.h);
    return take_seal(walk);
}

static enum lum_fault take_end(struct walk *walk, enum lum_fault read_fault)
{
    if (read_fault != LUM_FAULT_NONE) {
        return read_fault;
    }
    if (walk->events == 0) {
        return LUM_FAULT_TRUNCATED;
    }
    enum lum_fault fault = walk->ends_at_boundary ? LUM_FAULT_NONE : take_seal(walk);
    if (fault == LUM_FAULT_NONE && walk->seals_used != walk->seals.count) {
        return LUM_FAULT_BOUNDARY;
    }
    return fault;
}

static struct lum_run_mark mark_of(const struct walk *walk, const struct lum_run_reader *reader,
                                   struct lum_bytes run)
{
    return (struct lum_run_mark){
        .offset = (uint32_t)(reader->raw_header.at - run.at),
        .length = (uint32_t)(reader->raw_header.len + reader->payload.len),
        .is_boundary = walk->ends_at_boundary,
        .is_withheld = reader->header.has_phash,
        .chain = walk->place.chain,
    };
}

enum lum_fault lum_run_check(struct lum_log_place *place, struct lum_bytes run,
                             struct lum_run_seals seals, struct lum_run_mark *marks,
                             uint32_t mark_max, uint32_t *mark_count)
{
    struct walk walk = {.place = *place, .seals = seals};
    struct lum_run_reader reader;
    lum_run_open(&reader, run);
    while (lum_run_next(&reader)) {
        if (marks != NULL && walk.events == mark_max) {
            return LUM_FAULT_OVER_LIMIT;
        }
        enum lum_fault fault = take_event(&walk, &reader);
        if (fault != LUM_FAULT_NONE) {
            return fault;
        }
        if (marks != NULL) {
            marks[walk.events - 1] = mark_of(&walk, &reader, run);
        }
    }
    enum lum_fault fault = take_end(&walk, reader.cur.fault);
    if (fault != LUM_FAULT_NONE) {
        return fault;
    }
    *place = walk.place;
    *mark_count = walk.events;
    return LUM_FAULT_NONE;
}
