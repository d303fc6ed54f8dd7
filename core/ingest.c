/*
 * ingest.c - takes a stranger's run in, or says why not.
 *
 *   known log:   first <= head     walk along what we hold: the rest is new, or it contradicts us
 *                first == head + 1 check, append
 *                first >  head + 1 a gap
 *   unknown log: only from its start, only of an author who has a valid JOIN - or whose gov log
 *                begins with one right here
 *
 * A run is unpacked once and checked once, whole; only then is anything written. The large buffers
 * stand in the ingester, so that a run costs no allocation.
 */
#include "core/ingest.h"

#include <string.h>

#include "core/control.h"
#include "core/fork.h"

enum {
    /* 16 closed segments and an open one */
    MARKS_MAX = (LUM_BLOCK_SEGMENTS_MAX + 1) * LUM_SEGMENT_EVENTS,
};

struct lum_ingester {
    struct lum_squeezer *squeezer;
    struct lum_log_reader *reader;
    struct lum_buf plain;
    struct lum_run_mark marks[MARKS_MAX];
};

/* One run on its way in. */
struct entry {
    struct lum_ingester *ingester;
    struct lum_txn *txn;
    const struct lum_ingest_space *space;
    const struct lum_ingest *in;
    struct lum_ingest_result *out;
    struct lum_log_row row; /* of an unknown log: its start, lno 0 */
    struct lum_bytes run;   /* unpacked */
};

enum lum_status lum_ingester_open(struct lum_ingester **out)
{
    struct lum_ingester *ingester = lum_alloc_zero(sizeof *ingester);
    if (ingester == NULL) {
        return LUM_NO_MEMORY;
    }
    lum_buf_init(&ingester->plain, LUM_BLOCK_PLAIN_MAX);
    enum lum_status status = lum_squeezer_open(&ingester->squeezer);
    if (status == LUM_OK) {
        status = lum_log_reader_open(&ingester->reader);
    }
    if (status != LUM_OK) {
        lum_ingester_close(ingester);
        return status;
    }
    *out = ingester;
    return LUM_OK;
}

void lum_ingester_close(struct lum_ingester *ingester)
{
    if (ingester == NULL) {
        return;
    }
    lum_buf_fini(&ingester->plain);
    lum_log_reader_close(ingester->reader);
    lum_squeezer_close(ingester->squeezer);
    lum_free(ingester);
}

/* ---- ends ---- */

static enum lum_status end_with(struct entry *entry, enum lum_ingest_end end)
{
    entry->out->end = end;
    return LUM_OK;
}

static enum lum_status end_faulty(struct entry *entry, enum lum_fault fault)
{
    LUM_ASSERT(fault != LUM_FAULT_NONE);
    entry->out->fault = fault;
    return end_with(entry, LUM_INGEST_FAULTY);
}

/* ---- what is new is appended ---- */

/* Nothing in this version gives a payload up, so one that a neighbour leaves out was taken out on
 * the way, and once kept without it an event never gets it back. Somebody else has it whole. */
static bool is_whole(const struct lum_run_mark *marks, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (marks[i].is_withheld) {
            return false;
        }
    }
    return true;
}

/* The run from `offset` on continues the row's head; `skip` of its seals belong to what is before.
 * packed: the frame of exactly these events, or empty. */
static enum lum_status take(struct entry *entry, size_t offset, uint32_t skip,
                            struct lum_bytes packed)
{
    struct lum_ingester *ingester = entry->ingester;
    struct lum_log_place place = entry->row.place;
    struct lum_log_growth growth = {
        .run = {entry->run.at + offset, entry->run.len - offset},
        .marks = ingester->marks,
        .seals = {entry->in->seals.at + skip, entry->in->seals.count - skip},
        .packed = packed,
        .place = &place,
    };
    enum lum_fault fault = lum_run_check(&place, growth.run, growth.seals, ingester->marks,
                                         MARKS_MAX, &growth.count);
    if (fault != LUM_FAULT_NONE) {
        return end_faulty(entry, fault);
    }
    if (!entry->space->may_lack_payloads && !is_whole(ingester->marks, growth.count)) {
        return end_with(entry, LUM_INGEST_STRANGER);
    }
    enum lum_status status = LUM_OK;
    if (entry->row.lno == 0) {
        status = lum_log_create(entry->txn, &entry->space->id, &entry->in->name,
                                entry->space->founded_ms, &entry->row);
    }
    uint64_t arrival = 0;
    if (status == LUM_OK) {
        status = lum_log_append(entry->txn, ingester->squeezer, &entry->row, &growth, &arrival);
    }
    if (status != LUM_OK) {
        return status;
    }
    entry->out->lno = entry->row.lno;
    entry->out->head = entry->row.place.chain.seq;
    entry->out->taken = growth.count;
    entry->out->gov_grew = entry->in->name.shelf == LUM_SHELF_GOV;
    return end_with(entry, LUM_INGEST_TAKEN);
}

/* ---- forks ---- */

/* The event at `offset` is another than the one we hold after `before`. */
static enum lum_status contradict(struct entry *entry, const struct lum_chain *before,
                                  size_t offset, uint32_t skip)
{
    struct lum_ingester *ingester = entry->ingester;
    struct lum_log_row *row = &entry->row;
    if (row->is_frozen && before->seq >= row->fork_point) {
        return end_with(entry, LUM_INGEST_HELD);
    }
    struct lum_log_place place;
    enum lum_status status =
        lum_log_place_at(ingester->reader, entry->txn, row, before->seq, &place);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_bytes rest = {entry->run.at + offset, entry->run.len - offset};
    struct lum_run_seals seals = {entry->in->seals.at + skip, entry->in->seals.count - skip};
    uint32_t count = 0;
    enum lum_fault fault =
        lum_run_check(&place, rest, seals, ingester->marks, MARKS_MAX, &count);
    if (fault != LUM_FAULT_NONE) {
        return end_faulty(entry, fault);
    }
    struct lum_log_piece branch = {
        .first = before->seq + 1,
        .last = place.chain.seq,
        .plain_len = (uint32_t)rest.len,
        .bytes = rest,
        .seal_count = seals.count,
    };
    memcpy(branch.seals, seals.at, seals.count * sizeof *seals.at);
    status = lum_fork_put(entry->txn, row, before, &branch);
    entry->out->gov_grew = entry->in->name.shelf == LUM_SHELF_GOV;
    return status == LUM_OK ? end_with(entry, LUM_INGEST_FORK) : status;
}

/* ---- a run that begins at or before our head ---- */

/* Walks the run and what we hold side by side, up to our head. */
static enum lum_status overlap(struct entry *entry)
{
    const struct lum_ingest *in = entry->in;
    struct lum_log_reader *ours = entry->ingester->reader;
    struct lum_run_reader theirs;
    struct lum_chain chain;
    uint32_t skip = 0; /* boundaries passed, and so seals */
    uint64_t head = entry->row.place.chain.seq;
    enum lum_status status =
        lum_log_chain_at(ours, entry->txn, entry->row.lno, in->first - 1, &chain);
    lum_run_open(&theirs, entry->run);
    while (status == LUM_OK && chain.seq < head) {
        struct lum_chain before = chain;
        struct lum_log_event event;
        bool is_boundary = false;
        if (!lum_run_next(&theirs)) {
            break;
        }
        enum lum_fault fault = lum_chain_step_raw(&chain, &theirs.header, theirs.raw_header,
                                                  theirs.payload, &is_boundary);
        if (fault != LUM_FAULT_NONE) {
            return end_faulty(entry, fault);
        }
        status = lum_log_next(ours, &event);
        if (status == LUM_OK && memcmp(event.chain.h.b, chain.h.b, sizeof chain.h.b) != 0) {
            return contradict(entry, &before, (size_t)(theirs.raw_header.at - entry->run.at),
                              skip);
        }
        skip += is_boundary ? 1 : 0;
        if (skip > in->seals.count) {
            return end_faulty(entry, LUM_FAULT_BOUNDARY);
        }
    }
    if (status != LUM_OK) {
        return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    if (theirs.cur.fault != LUM_FAULT_NONE) {
        return end_faulty(entry, theirs.cur.fault);
    }
    if (lum_cur_left(&theirs.cur) == 0 || entry->row.is_frozen) {
        return end_with(entry, LUM_INGEST_HELD);
    }
    return take(entry, entry->run.len - lum_cur_left(&theirs.cur), skip, lum_bytes_of(NULL, 0));
}

/* ---- whose log it is ---- */

/* A run that makes its author known: a gov log that begins with a valid JOIN. */
static bool begins_with_join(const struct entry *entry)
{
    struct lum_run_reader reader;
    lum_run_open(&reader, entry->run);
    return entry->in->name.shelf == LUM_SHELF_GOV && lum_run_next(&reader) &&
           reader.header.kind == LUM_KIND_CONTROL &&
           lum_roster_join_is_valid(entry->space->roster, entry->in->name.author,
                                    reader.payload);
}

static enum lum_status take_unknown(struct entry *entry)
{
    const struct lum_log_name *name = &entry->in->name;
    const struct lum_device *device =
        lum_roster_by_author(entry->space->roster, name->author);
    bool is_admitted = device != NULL && device->is_valid;
    if (!is_admitted && !begins_with_join(entry)) {
        return end_with(entry, LUM_INGEST_STRANGER);
    }
    uint32_t lnos[LUM_INCARNATIONS_MAX];
    uint32_t count = 0;
    enum lum_status status = lum_log_find_by_author(entry->txn, name->author, name->shelf, lnos,
                                                    LUM_INCARNATIONS_MAX, &count);
    if (status != LUM_OK) {
        return status;
    }
    if (count == LUM_INCARNATIONS_MAX) {
        return end_with(entry, LUM_INGEST_STRANGER);
    }
    struct lum_log_place *place = &entry->row.place;
    memcpy(place->author, name->author, sizeof place->author);
    lum_chain_start(&place->log_id, entry->space->founded_ms, entry->space->id.b, &place->chain);
    return take(entry, 0, 0, entry->in->is_packed ? entry->in->bytes : lum_bytes_of(NULL, 0));
}

static enum lum_status take_known(struct entry *entry)
{
    if (entry->in->first <= entry->row.place.chain.seq) {
        return overlap(entry);
    }
    return take(entry, 0, 0, entry->in->is_packed ? entry->in->bytes : lum_bytes_of(NULL, 0));
}

/* ---- the way in ---- */

static enum lum_fault form_fault(const struct lum_ingest *in)
{
    if (in->name.shelf >= LUM_SHELVES_MAX || in->plain_len > LUM_BLOCK_PLAIN_MAX ||
        in->seals.count > LUM_BLOCK_SEGMENTS_MAX + 1) {
        return LUM_FAULT_OVER_LIMIT;
    }
    if (in->first == 0 || in->first > INT64_MAX) {
        return LUM_FAULT_CHAIN;
    }
    if (in->seals.count == 0) {
        return LUM_FAULT_BOUNDARY;
    }
    if (!in->is_packed && in->bytes.len != in->plain_len) {
        return LUM_FAULT_TRUNCATED;
    }
    return LUM_FAULT_NONE;
}

static enum lum_status unpack(struct entry *entry)
{
    const struct lum_ingest *in = entry->in;
    struct lum_buf *plain = &entry->ingester->plain;
    if (!in->is_packed) {
        entry->run = in->bytes;
        return LUM_OK;
    }
    enum lum_status status =
        lum_unsqueeze(entry->ingester->squeezer, in->bytes, in->plain_len, plain);
    entry->run = lum_buf_bytes(plain);
    return status;
}

static enum lum_status find(struct entry *entry)
{
    lum_log_id(&entry->space->id, &entry->in->name, &entry->row.place.log_id);
    uint32_t lno = 0;
    enum lum_status status = lum_log_find(entry->txn, &entry->row.place.log_id, &lno);
    if (status == LUM_NOT_FOUND) {
        return LUM_OK;
    }
    if (status == LUM_OK) {
        status = lum_log_get(entry->txn, lno, &entry->row);
    }
    entry->out->lno = entry->row.lno;
    entry->out->head = entry->row.place.chain.seq;
    return status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
}

enum lum_status lum_ingest_run(struct lum_ingester *ingester, struct lum_txn *txn,
                               const struct lum_ingest_space *space, const struct lum_ingest *in,
                               struct lum_ingest_result *out)
{
    struct entry entry = {
        .ingester = ingester, .txn = txn, .space = space, .in = in, .out = out};
    *out = (struct lum_ingest_result){.end = LUM_INGEST_HELD};
    enum lum_fault fault = form_fault(in);
    if (fault != LUM_FAULT_NONE) {
        return end_faulty(&entry, fault);
    }
    enum lum_status status = find(&entry);
    if (status != LUM_OK) {
        return status;
    }
    uint64_t head = entry.row.place.chain.seq;
    if (in->first > head + 1) {
        return end_with(&entry, LUM_INGEST_GAP);
    }
    if (entry.row.is_frozen && in->first > head) {
        return end_with(&entry, LUM_INGEST_HELD);
    }
    status = unpack(&entry);
    if (status == LUM_FAULT) {
        return end_faulty(&entry, LUM_FAULT_SQUEEZE);
    }
    if (status != LUM_OK) {
        return status;
    }
    return entry.row.lno == 0 ? take_unknown(&entry) : take_known(&entry);
}
