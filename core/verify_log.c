/*
 * verify_log.c - recomputes log.mdb from what its events say.
 *
 *   meta      space = H(genesis)
 *   log n     row -> id -> walk from event 1: blocks, chain, seals, ranges -> head, fork
 *   arrivals  1, 2, 3 ..: each goes on where its log stood; the running hash
 *   counts    what was seen is all there is
 *
 * Reading (core/log_read.c) already checks blocks, chain and tail rows; here stands the rest.
 */
#include <string.h>

#include "core/control.h"
#include "core/crypto.h"
#include "core/fork.h"
#include "core/log_i.h"
#include "core/pack.h"
#include "core/verify.h"

enum {
    READERS = 16, /* logs that arrivals may interleave without a new descent */
    TICK_EVENTS = 4096,
};

/* A reader that follows the arrivals of one log. */
struct follower {
    struct lum_log_reader *reader;
    uint32_t lno;
    uint64_t used; /* number of the arrival it served last */
};

struct check {
    struct lum_txn *txn;
    const struct lum_tick *tick;
    struct lum_verify_report *report;
    struct lum_log_reader *reader;
    struct lum_hash space;
    uint64_t founded_ms;
    uint64_t total; /* events, as the rows say; read twice */
    uint64_t done;
    /* Of the log at hand: */
    struct lum_log_row row;
    struct lum_range range;
    uint32_t tail_segments;
    uint64_t tail_bytes;
    /* Of all logs: */
    uint64_t tail_rows;
    uint64_t forks;
};

void lum_verify_find(struct lum_verify_report *report, const struct lum_finding *finding)
{
    if (report->found < LUM_FINDINGS_MAX) {
        report->findings[report->found] = *finding;
    }
    report->found++;
}

static void find(struct check *check, const char *table, uint64_t at, const char *what)
{
    const struct lum_finding finding = {table, check->row.lno, at, what};
    lum_verify_find(check->report, &finding);
}

/* One event more was read. */
static enum lum_status tick(struct check *check)
{
    check->done++;
    if (check->tick == NULL || check->done % TICK_EVENTS != 0) {
        return LUM_OK;
    }
    bool goes_on = check->tick->step(check->tick->self, check->done, check->total);
    return goes_on ? LUM_OK : LUM_STOPPED;
}

/* ---- meta ---- */

static void check_meta(struct check *check)
{
    struct lum_bytes space = {0};
    struct lum_bytes document = {0};
    struct lum_genesis genesis;
    struct lum_hash id;
    enum lum_status found = lum_txn_get(
        check->txn, LUM_T_META, lum_bytes_of(LUM_META_SPACE, strlen(LUM_META_SPACE)), &space);
    if (found == LUM_OK) {
        found = lum_txn_get(check->txn, LUM_T_META,
                            lum_bytes_of(LUM_META_GENESIS, strlen(LUM_META_GENESIS)), &document);
    }
    if (found == LUM_NOT_FOUND && lum_log_count(check->txn) == 0) {
        return; /* a newcomer's, still empty */
    }
    if (found != LUM_OK || space.len != sizeof id.b || !lum_genesis_read(document, &genesis)) {
        find(check, "meta", 0, "the founding document does not read");
        return;
    }
    memcpy(check->space.b, space.at, sizeof check->space.b);
    check->founded_ms = genesis.founded_ms;
    lum_genesis_id(document, &id);
    if (memcmp(id.b, space.at, sizeof id.b) != 0) {
        find(check, "meta", 0, "the space is not named after its founding document");
    }
}

/* ---- one log ---- */

static void check_name(struct check *check)
{
    const struct lum_log_row *row = &check->row;
    struct lum_hash id;
    uint32_t lno = 0;
    lum_log_id(&check->space, &row->name, &id);
    if (memcmp(id.b, row->place.log_id.b, sizeof id.b) != 0) {
        find(check, "log", 0, "the id is not that of its name");
    }
    if (lum_log_find(check->txn, &row->place.log_id, &lno) != LUM_OK || lno != row->lno) {
        find(check, "logid", 0, "the log is not found by its id");
    }
    uint8_t key[37];
    struct lum_bytes value;
    memcpy(key, row->name.author, 32);
    key[32] = row->name.shelf;
    lum_put_u32(key + 33, row->lno);
    if (lum_txn_get(check->txn, LUM_T_OWNER, lum_bytes_of(key, sizeof key), &value) != LUM_OK ||
        value.len != 0) {
        find(check, "owner", 0, "the log is not found by its author");
    }
}

/* Walks the block rows: one after the other, whole segments, up to `packed`. */
static enum lum_status check_blocks(struct check *check)
{
    const struct lum_log_row *row = &check->row;
    for (uint64_t seq = 1; seq <= row->packed.seq;) {
        struct lum_log_block block;
        struct lum_sig seals[LUM_BLOCK_SEGMENTS_MAX];
        uint32_t count = 0;
        enum lum_status status = lum_log_block_find(check->txn, row->lno, seq, &block);
        if (status == LUM_OK && block.first == seq) {
            status = lum_log_seals(check->txn, row->lno, block.first, block.last, seals,
                                   &count);
        } else if (status == LUM_OK) {
            status = LUM_CORRUPT;
        }
        if (status == LUM_CORRUPT || status == LUM_NOT_FOUND) {
            find(check, "block", seq, "the block does not read");
            return LUM_OK;
        }
        if (status != LUM_OK) {
            return status;
        }
        if (block.plain_len > LUM_BLOCK_PLAIN_MAX || count == 0 ||
            block.start.segment_events != 0) {
            find(check, "block", seq, "the block does not hold whole segments");
        }
        check->report->blocks++;
        seq = block.last + 1;
    }
    return LUM_OK;
}

static void check_boundary(struct check *check, const struct lum_chain *chain)
{
    uint8_t key[LUM_LOG_KEY];
    struct lum_bytes value;
    struct lum_sig seal;
    const struct lum_seal_claim claim = {&check->row.place.log_id, chain, &check->range};
    lum_range_add(&check->range, &chain->h);
    if (lum_txn_get(check->txn, LUM_T_SEAL, lum_log_key(check->row.lno, chain->seq, key),
                    &value) != LUM_OK ||
        value.len != sizeof seal.b) {
        find(check, "seal", chain->seq, "a boundary without its seal");
        return;
    }
    memcpy(seal.b, value.at, sizeof seal.b);
    check->report->seals++;
    if (!lum_seal_check(&claim, check->row.place.author, &seal)) {
        find(check, "seal", chain->seq, "the seal does not hold");
    }
}

static void take_event(struct check *check, const struct lum_log_event *event)
{
    const struct lum_log_row *row = &check->row;
    bool is_boundary = event->chain.segment_events == 0;
    check->report->events++;
    if (is_boundary) {
        check_boundary(check, &event->chain);
    }
    if (event->seq > row->packed.seq) {
        check->tail_bytes += event->raw.len;
        check->tail_segments += is_boundary ? 1 : 0;
        check->tail_rows++;
    } else if (event->seq == row->packed.seq &&
               !lum_log_chain_equal(&event->chain, &row->packed)) {
        find(check, "log", event->seq, "the chain where the blocks end is another");
    }
    if (row->is_frozen && event->seq == row->fork_point &&
        memcmp(event->chain.h.b, row->fork_h.b, sizeof row->fork_h.b) != 0) {
        find(check, "log", event->seq, "the hash at the fork point is another");
    }
}

static void check_head(struct check *check)
{
    const struct lum_log_row *row = &check->row;
    const struct lum_chain *head = &row->place.chain;
    const struct lum_seal_claim claim = {&row->place.log_id, head,
                                         head->segment_events == 0 ? &check->range : NULL};
    if (!lum_log_chain_equal(&check->reader->chain, head)) {
        find(check, "log", head->seq, "the head is another");
    }
    uint8_t ranges[2][8 + 40 * 32];
    size_t len = lum_range_write(&check->range, ranges[0]);
    if (lum_range_write(&row->place.range, ranges[1]) != len ||
        memcmp(ranges[0], ranges[1], len) != 0) {
        find(check, "log", head->seq, "the range is another");
    }
    if (head->seq > 0 && !lum_seal_check(&claim, row->place.author, &row->head_seal)) {
        find(check, "log", head->seq, "the head's seal does not hold");
    }
    if (row->tail_segments != check->tail_segments || row->tail_bytes != check->tail_bytes) {
        find(check, "log", head->seq, "the tail is not as long as the row says");
    }
}

/* False when the log does not read to its end. */
static enum lum_status walk(struct check *check, bool *whole)
{
    struct lum_chain start;
    struct lum_log_event event;
    lum_chain_start(&check->row.place.log_id, check->founded_ms, check->space.b, &start);
    enum lum_status status = lum_log_seek(check->reader, check->txn, check->row.lno, 1);
    if (status == LUM_OK && !lum_log_chain_equal(&check->reader->chain, &start)) {
        find(check, "log", 0, "the log does not begin at the founding");
    }
    while (status == LUM_OK) {
        status = lum_log_next(check->reader, &event);
        if (status == LUM_OK) {
            take_event(check, &event);
            status = tick(check);
        }
    }
    *whole = status == LUM_NOT_FOUND;
    if (status == LUM_CORRUPT) {
        uint64_t seq = check->reader->chain.seq + 1;
        find(check, seq > check->row.packed.seq ? "tail" : "block", seq,
             "what lies there does not continue the chain");
    }
    return status == LUM_NOT_FOUND || status == LUM_CORRUPT ? LUM_OK : status;
}

static enum lum_status check_fork(struct check *check)
{
    static const struct lum_hash none;
    const struct lum_log_row *row = &check->row;
    const char *what = NULL;
    if (!row->is_frozen) {
        if (row->fork_point != 0 || memcmp(row->fork_h.b, none.b, sizeof none.b) != 0) {
            find(check, "log", row->fork_point, "a fork is named and the log is not frozen");
        }
        return LUM_OK;
    }
    check->forks++;
    enum lum_status status = lum_fork_check(check->reader, check->txn, &check->row, &what);
    if (status == LUM_OK && what != NULL) {
        find(check, "fork", check->row.fork_point, what);
    }
    return status == LUM_CORRUPT ? LUM_OK : status; /* a log that does not read was told */
}

static enum lum_status check_log(struct check *check, uint32_t lno)
{
    bool whole = false;
    enum lum_status status = lum_log_get(check->txn, lno, &check->row);
    check->row.lno = lno;
    check->report->logs++;
    if (status == LUM_CORRUPT || status == LUM_NOT_FOUND) {
        find(check, "log", 0, "the row does not read");
        return LUM_OK;
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_range_init(&check->range);
    check->tail_segments = 0;
    check->tail_bytes = 0;
    check_name(check);
    status = check_blocks(check);
    if (status == LUM_OK) {
        status = walk(check, &whole);
    }
    if (status == LUM_OK && whole) {
        check_head(check);
        status = check_fork(check);
    }
    return status;
}

/* ---- arrivals ---- */

/* The follower of a log, or the one that rested longest. */
static struct follower *follower_of(struct follower *followers, uint32_t lno)
{
    struct follower *oldest = &followers[0];
    for (size_t i = 0; i < READERS; i++) {
        if (followers[i].lno == lno) {
            return &followers[i];
        }
        if (followers[i].used < oldest->used) {
            oldest = &followers[i];
        }
    }
    return oldest;
}

/* h at the arrival's last event, by reading on from where the follower stands. */
static enum lum_status follow(struct check *check, struct follower *follower,
                              const struct lum_arrival *arrival, struct lum_hash *out)
{
    uint64_t last = arrival->first + arrival->count - 1;
    struct lum_chain chain;
    enum lum_status status = LUM_OK;
    if (follower->lno != arrival->lno || follower->reader->chain.seq + 1 != arrival->first) {
        status = lum_log_chain_at(follower->reader, check->txn, arrival->lno,
                                  arrival->first - 1, &chain);
        follower->lno = status == LUM_OK ? arrival->lno : 0;
    }
    follower->used = arrival->number;
    while (status == LUM_OK && follower->reader->chain.seq < last) {
        struct lum_log_event event;
        status = lum_log_next(follower->reader, &event);
        if (status == LUM_OK) {
            status = tick(check);
        }
    }
    *out = follower->reader->chain.h;
    return status;
}

/* One arrival; *held[lno] is how far the earlier ones brought that log. */
static enum lum_status check_arrival(struct check *check, struct follower *followers,
                                     uint64_t *held, const struct lum_hash *previous,
                                     const struct lum_arrival *arrival)
{
    struct lum_hash h;
    struct lum_hash hash;
    check->row.lno = arrival->lno;
    check->report->arrivals++;
    if (arrival->lno == 0 || arrival->lno > lum_log_count(check->txn) || arrival->count == 0 ||
        arrival->first != held[arrival->lno] + 1) {
        find(check, "arrive", arrival->number, "it does not go on where its log stood");
        return LUM_OK;
    }
    held[arrival->lno] += arrival->count;
    enum lum_status status =
        follow(check, follower_of(followers, arrival->lno), arrival, &h);
    if (status == LUM_NOT_FOUND || status == LUM_CORRUPT) {
        find(check, "arrive", arrival->number, "its events are not there");
        return LUM_OK;
    }
    struct lum_log_row row;
    if (status == LUM_OK) {
        status = lum_log_get(check->txn, arrival->lno, &row);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_log_arrival_hash(previous, &row.place.log_id, arrival->first, &h, &hash);
    if (memcmp(hash.b, arrival->hash.b, sizeof hash.b) != 0) {
        find(check, "arrive", arrival->number, "the arrival hash is another");
    }
    return LUM_OK;
}

static enum lum_status walk_arrivals(struct check *check, struct follower *followers,
                                     uint64_t *held)
{
    struct lum_hash previous = {{0}};
    uint64_t rows = lum_txn_rows(check->txn, LUM_T_ARRIVE);
    for (uint64_t number = 1; number <= rows; number++) {
        struct lum_arrival arrival;
        enum lum_status status = lum_log_arrival_get(check->txn, number, &arrival);
        if (status == LUM_NOT_FOUND || status == LUM_CORRUPT) {
            check->row.lno = 0;
            find(check, "arrive", number, "the arrival does not read");
            return LUM_OK;
        }
        if (status == LUM_OK) {
            status = check_arrival(check, followers, held, &previous, &arrival);
        }
        if (status != LUM_OK) {
            return status;
        }
        previous = arrival.hash;
    }
    for (uint32_t lno = 1; lno <= lum_log_count(check->txn); lno++) {
        struct lum_log_row row;
        check->row.lno = lno;
        if (lum_log_get(check->txn, lno, &row) == LUM_OK &&
            row.place.chain.seq != held[lno]) {
            find(check, "arrive", 0, "the log holds more than arrived");
        }
    }
    return LUM_OK;
}

static enum lum_status check_arrivals(struct check *check)
{
    struct follower followers[READERS] = {{0}};
    uint64_t *held = lum_alloc_zero((lum_log_count(check->txn) + (size_t)1) * sizeof *held);
    enum lum_status status = held == NULL ? LUM_NO_MEMORY : LUM_OK;
    for (size_t i = 0; i < READERS && status == LUM_OK; i++) {
        status = lum_log_reader_open(&followers[i].reader);
    }
    if (status == LUM_OK) {
        status = walk_arrivals(check, followers, held);
    }
    for (size_t i = 0; i < READERS; i++) {
        lum_log_reader_close(followers[i].reader);
    }
    lum_free(held);
    return status;
}

/* ---- counts ---- */

static void check_count(struct check *check, uint32_t table, const char *name, uint64_t seen)
{
    if (lum_txn_rows(check->txn, table) != seen) {
        find(check, name, 0, "the table holds another number of rows");
    }
}

static void check_counts(struct check *check)
{
    const struct lum_verify_report *report = check->report;
    check->row.lno = 0;
    check_count(check, LUM_T_LOGID, "logid", report->logs);
    check_count(check, LUM_T_OWNER, "owner", report->logs);
    check_count(check, LUM_T_TAIL, "tail", check->tail_rows);
    check_count(check, LUM_T_BLOCK, "block", report->blocks);
    check_count(check, LUM_T_SEAL, "seal", report->seals);
    check_count(check, LUM_T_FORK, "fork", check->forks);
}

/* Twice the events of all heads: each is read for its log, and for its arrival. */
static uint64_t work_of(struct lum_txn *txn)
{
    uint64_t events = 0;
    for (uint32_t lno = 1; lno <= lum_log_count(txn); lno++) {
        struct lum_log_row row;
        events += lum_log_get(txn, lno, &row) == LUM_OK ? row.place.chain.seq : 0;
    }
    return 2 * events;
}

enum lum_status lum_verify_log(struct lum_txn *log, const struct lum_tick *tick_or_null,
                               struct lum_verify_report *report)
{
    struct check *check = lum_alloc_zero(sizeof *check);
    if (check == NULL) {
        return LUM_NO_MEMORY;
    }
    check->txn = log;
    check->tick = tick_or_null;
    check->report = report;
    check->total = work_of(log);
    enum lum_status status = lum_log_reader_open(&check->reader);
    if (status == LUM_OK) {
        check_meta(check);
    }
    for (uint32_t lno = 1; lno <= lum_log_count(log) && status == LUM_OK; lno++) {
        status = check_log(check, lno);
    }
    if (status == LUM_OK) {
        check_counts(check);
        status = check_arrivals(check);
    }
    lum_log_reader_close(check->reader);
    lum_free(check);
    return status;
}
