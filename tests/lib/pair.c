/* pair.c - the line between the ends, time, and what must hold; see pair.h. */
#include <stdlib.h>
#include <string.h>

#include "core/verify.h"
#include "net/frame.h"
#include "tests/lib/pair_i.h"

enum {
    SESSION_GOES = 4000, /* turns of one pair_settle at the most */
    HEALING_SECONDS = 300,
};

/* ---- the line ---- */

void pair_dial(struct pair *pair)
{
    if (pair->ends[0].session != 0) {
        return;
    }
    bool by_invite = !pair->ends[0].has_secret;
    uint8_t salt = (uint8_t)++pair->sessions;
    pair->is_closing = false;
    for (unsigned i = 0; i < 2; i++) {
        pair->ends[i].session = 2 * pair->sessions + i;
        pair->ends[i].is_equal = false;
        lum_buf_reset(&pair->ends[i].flying);
        lum_buf_reset(&pair->ends[i].heard);
    }
    for (unsigned i = 0; i < 2; i++) {
        struct lum_sync_event event = {.type = LUM_SYNC_UP};
        event.session = pair->ends[i].session;
        event.up.is_initiator = i == 0;
        event.up.by_invite = by_invite;
        memset(event.up.hash, salt, sizeof event.up.hash);
        pair_end_step(pair, &pair->ends[i], &event);
    }
}

void pair_cut(struct pair *pair)
{
    if (pair->ends[0].session == 0) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];
        struct lum_sync_event event = {.type = LUM_SYNC_DOWN, .session = end->session};
        end->session = 0;
        end->is_equal = false;
        lum_buf_reset(&end->flying);
        lum_buf_reset(&end->heard);
        pair_end_step(pair, end, &event);
    }
    pair->awaits_live = false;
    pair->is_closing = false;
}

/* False when what stands there is no message: then the line is gone. */
static bool hear(struct pair *pair, struct end *end)
{
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    while (lum_frame_peek(lum_buf_bytes(&end->heard), LUM_MESSAGE_MAX, &frame, &fault) == LUM_OK) {
        struct lum_sync_event event = {.type = LUM_SYNC_MESSAGE, .session = end->session};
        event.message.type = frame.type;
        event.message.body = frame.body;
        if (end->job_count >= JOBS_MAX - LUM_BUNCH_MAX) {
            pair_write(pair, end == &pair->ends[0] ? 0 : 1);
        }
        pair_end_step(pair, end, &event);
        lum_buf_drop(&end->heard, frame.size);
    }
    return fault == LUM_FAULT_NONE;
}

void pair_deliver(struct pair *pair, unsigned at, size_t max)
{
    struct end *end = &pair->ends[at];
    size_t len = end->flying.len < max ? end->flying.len : max;
    if (end->session == 0) {
        return;
    }
    lum_buf_put(&end->heard, end->flying.at, len);
    lum_buf_drop(&end->flying, len);
    LUM_ASSERT(!end->heard.broken && !end->flying.broken);
    bool is_good = hear(pair, end);
    pair->faults += is_good ? 0 : 1;
    bool is_over =
        pair->is_closing && pair->ends[0].flying.len == 0 && pair->ends[1].flying.len == 0;
    if (!is_good || is_over) {
        pair_cut(pair);
    }
}

size_t pair_in_flight(struct pair *pair, unsigned end)
{
    return pair->ends[end].flying.len;
}

void pair_spoil(struct pair *pair, unsigned end, size_t place, uint8_t mask)
{
    struct lum_buf *flying = &pair->ends[end].flying;
    if (flying->len > 0) {
        flying->at[place % flying->len] ^= mask;
    }
}

void pair_inject(struct pair *pair, unsigned end, uint8_t type, struct lum_bytes body)
{
    struct lum_buf *flying = &pair->ends[end].flying;
    struct lum_buf together;
    if (pair->ends[end].session == 0 || pair->ends[end].heard.len > 0) {
        return;
    }
    lum_buf_init(&together, WIRE_MAX);
    lum_frame_put(&together, type, body);
    lum_buf_put(&together, flying->at, flying->len);
    lum_buf_fini(flying);
    *flying = together;
}

static size_t first_size(const struct lum_buf *flying)
{
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    bool is_there =
        lum_frame_peek(lum_buf_bytes(flying), LUM_MESSAGE_MAX, &frame, &fault) == LUM_OK;
    return is_there ? frame.size : 0;
}

void pair_repeat(struct pair *pair, unsigned end)
{
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    const struct lum_buf *flying = &pair->ends[end].flying;
    if (first_size(flying) > 0 && flying->len < WIRE_MAX / 4 &&
        lum_frame_peek(lum_buf_bytes(flying), LUM_MESSAGE_MAX, &frame, &fault) == LUM_OK) {
        pair_inject(pair, end, frame.type, frame.body);
    }
}

void pair_skip(struct pair *pair, unsigned end)
{
    struct lum_buf *flying = &pair->ends[end].flying;
    if (pair->ends[end].heard.len == 0) {
        lum_buf_drop(flying, first_size(flying));
    }
}

/* ---- what fails ---- */

void pair_fail(struct pair *pair, unsigned end, uint64_t n, const struct pair_trouble *trouble)
{
    pair->ends[end].trouble = trouble;
    pair->ends[end].trouble_left = n;
}

uint64_t pair_fail_left(const struct pair *pair, unsigned end)
{
    return pair->ends[end].trouble_left;
}

uint32_t pair_failures(const struct pair *pair)
{
    return pair->failures;
}

static void revive(struct pair *pair)
{
    for (unsigned i = 0; i < 2; i++) {
        if (pair->ends[i].has_failed) {
            pair_cut(pair);
            pair_end_revive(pair, &pair->ends[i]);
        }
    }
}

/* ---- time, room, and everything at once ---- */

void pair_room(struct pair *pair, unsigned at, size_t queued)
{
    struct end *end = &pair->ends[at];
    if (end->session != 0) {
        struct lum_sync_event event = {.type = LUM_SYNC_ROOM, .session = end->session};
        event.room_queued = queued;
        pair_end_step(pair, end, &event);
    }
}

void pair_finish(struct pair *pair, unsigned at)
{
    struct end *end = &pair->ends[at];
    if (end->session != 0) {
        struct lum_sync_event event = {.type = LUM_SYNC_FINISH, .session = end->session};
        pair_end_step(pair, end, &event);
    }
}

void pair_pass(struct pair *pair, uint64_t ms)
{
    pair->now_ms += ms;
    for (unsigned i = 0; i < 2; i++) {
        struct lum_sync_event event = {.type = LUM_SYNC_TICK};
        pair_end_step(pair, &pair->ends[i], &event);
    }
}

static bool turn(struct pair *pair)
{
    bool has_moved = false;
    for (unsigned i = 0; i < 2; i++) {
        has_moved = has_moved || pair->ends[i].flying.len > 0 || pair->ends[i].job_count > 0;
        pair_deliver(pair, i, SIZE_MAX);
        pair_write(pair, i);
        pair_room(pair, i, pair->ends[1 - i].flying.len);
    }
    return has_moved;
}

void pair_settle(struct pair *pair, uint64_t quiet_ms)
{
    uint64_t until_ms = pair->now_ms + quiet_ms;
    for (unsigned goes = 0; goes < SESSION_GOES; goes++) {
        revive(pair);
        if (turn(pair)) {
            until_ms = pair->now_ms + quiet_ms;
            continue;
        }
        uint64_t wake_ms = pair->ends[0].wake_ms < pair->ends[1].wake_ms ? pair->ends[0].wake_ms
                                                                         : pair->ends[1].wake_ms;
        if (wake_ms > until_ms || pair->ends[0].session == 0) {
            return;
        }
        pair_pass(pair, wake_ms > pair->now_ms ? wake_ms - pair->now_ms : 1);
    }
    LUM_UNREACHABLE("a meeting that never comes to rest");
}

/* ---- what must hold ---- */

static void check_log(struct lum_txn *txn, const struct pair *pair, struct lum_log_reader *reader,
                      const struct lum_log_row *row)
{
    bool is_known = false;
    struct lum_hash h;
    uint64_t head = row->place.chain.seq;
    must(lum_log_hash_at(reader, txn, row->lno, head, &h));
    LUM_ASSERT(memcmp(h.b, row->place.chain.h.b, sizeof h.b) == 0);
    for (unsigned i = 0; i < PAIR_LOGS; i++) {
        const struct written *log = &pair->logs[i];
        bool is_it = memcmp(log->place.log_id.b, row->place.log_id.b, sizeof h.b) == 0;
        is_known = is_known || (is_it && head >= 1 && head <= log->head &&
                                memcmp(log->marks[head - 1].chain.h.b, h.b, sizeof h.b) == 0);
    }
    LUM_ASSERT(is_known);
    LUM_ASSERT(!row->is_frozen || row->fork_point == BRANCHES_AFTER);
}

static void check_end(struct pair *pair, struct end *end, bool whole)
{
    struct lum_verify_report report = {0};
    struct lum_log_reader *reader = NULL;
    struct lum_txn *txn = NULL;
    must(lum_log_reader_open(&reader));
    must(lum_txn_begin_read(end->store, &txn, NULL));
    uint32_t count = lum_log_count(txn);
    LUM_ASSERT(count < PAIR_LOGS);
    for (uint32_t lno = 1; lno <= count; lno++) {
        struct lum_log_row row;
        must(lum_log_get(txn, lno, &row));
        check_log(txn, pair, reader, &row);
    }
    if (whole) {
        must(lum_verify_log(txn, NULL, &report));
        LUM_ASSERT(report.found == 0);
    }
    lum_log_reader_close(reader);
    lum_txn_abort(txn);
}

void pair_check(struct pair *pair, bool whole)
{
    for (unsigned i = 0; i < 2; i++) {
        check_end(pair, &pair->ends[i], whole);
    }
}

static void frontier_of(struct end *end, uint8_t shelf, uint8_t out[16])
{
    struct lum_txn *txn = NULL;
    must(lum_txn_begin_read(end->store, &txn, NULL));
    must(lum_log_frontier(txn, shelf, out));
    lum_txn_abort(txn);
}

static bool are_equal(struct pair *pair)
{
    bool are = pair->ends[0].is_equal && pair->ends[1].is_equal;
    for (uint8_t shelf = LUM_SHELF_GOV; shelf <= LUM_SHELF_COMMON && are; shelf++) {
        uint8_t one[16];
        uint8_t other[16];
        frontier_of(&pair->ends[0], shelf, one);
        frontier_of(&pair->ends[1], shelf, other);
        are = memcmp(one, other, sizeof one) == 0;
    }
    return are;
}

void pair_heal(struct pair *pair)
{
    pair_write(pair, 0);
    pair_write(pair, 1);
    pair_cut(pair);
    revive(pair);
    pair_dial(pair);
    for (unsigned i = 0; i < HEALING_SECONDS && !are_equal(pair); i++) {
        pair_settle(pair, 1000);
        pair_pass(pair, 1000);
    }
    LUM_ASSERT(are_equal(pair));
}

bool pair_was_live(const struct pair *pair)
{
    return pair->was_live;
}

uint32_t pair_faults(const struct pair *pair)
{
    return pair->faults;
}

/* ---- life ---- */

struct pair *pair_open(void)
{
    const char *const folders[2] = {NULL, NULL};
    return pair_open_in(folders);
}

struct pair *pair_open_in(const char *const folders[2])
{
    struct pair *pair = lum_alloc_zero(sizeof *pair);
    LUM_ASSERT(pair != NULL && lum_crypto_init() == LUM_OK);
    pair_logs_write(pair);
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];
        if (folders[i] == NULL) {
            temp_make(&end->temp);
        }
        const char *folder = folders[i] == NULL ? end->temp.dir : folders[i];
        must(lum_log_open(folder, true, &end->store, NULL));
        must(lum_ingester_open(&end->ingester));
        lum_buf_init(&end->flying, WIRE_MAX);
        lum_buf_init(&end->heard, WIRE_MAX);
    }
    return pair;
}

void pair_close(struct pair *pair)
{
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];
        pair_end_drop_jobs(end);
        lum_sync_close(end->sync);
        lum_roster_close(end->roster);
        lum_ingester_close(end->ingester);
        lum_store_close(end->store);
        lum_buf_fini(&end->flying);
        lum_buf_fini(&end->heard);
        if (end->temp.dir[0] != '\0') {
            temp_drop(&end->temp);
        }
    }
    for (unsigned i = 0; i < PAIR_LOGS; i++) {
        lum_buf_fini(&pair->logs[i].run);
    }
    lum_buf_fini(&pair->document);
    lum_free(pair);
}

void pair_reset(struct pair *pair, bool with_newcomer)
{
    pair->now_ms = 1000000;
    pair->sessions = 0;
    pair->faults = 0;
    pair->failures = 0;
    pair->is_closing = false;
    pair->awaits_live = false;
    pair->was_live = false;
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];
        bool is_new = i == 0 && with_newcomer;
        pair_end_drop_jobs(end);
        lum_sync_close(end->sync);
        end->sync = NULL;
        end->device = i == 1 ? BUDI : is_new ? CITRA : ANNA;
        end->has_secret = !is_new;
        end->session = 0;
        end->trouble = NULL;
        end->has_failed = false;
        end->is_equal = false;
        end->wake_ms = UINT64_MAX;
        lum_buf_reset(&end->flying);
        lum_buf_reset(&end->heard);
        pair_end_clear(pair, end, !is_new);
        struct lum_sync_self self = pair_end_self(pair, end);
        must(lum_sync_open(&self, &end->sync));
    }
    /* Who lets a newcomer in has seen the invite. */
    pair_grow(pair, with_newcomer ? 1 : 0, PAIR_ANNA_GOV, 2);
    pair_grow(pair, 1, PAIR_BUDI_GOV, 1);
}
