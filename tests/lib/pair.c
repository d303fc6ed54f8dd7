/*
 * pair.c - see pair.h.
 */
#include "tests/lib/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/invite.h"
#include "core/verify.h"
#include "net/frame.h"
#include "sync/message.h"
#include "sync/sync.h"
#include "tests/lib/temp.h"

enum {
    ANNA,
    BUDI,
    CITRA,
    DEVICES,

    EVENTS_MAX = 70,
    BRANCHES_AFTER = 10,
    JOBS_MAX = 64,
    WIRE_MAX = 8 << 20,
    SESSION_GOES = 4000, /* turns of one pair_settle at the most */
    HEALING_SECONDS = 300,
};

static const uint64_t founded_ms = UINT64_C(1767225600000);

struct device {
    struct lum_sign_key author;
    struct lum_sign_key node;
};

/* A log as it was written, with a seal at every position. */
struct written {
    struct lum_log_name name;
    struct lum_log_place place;
    struct lum_buf run;
    struct lum_run_mark marks[EVENTS_MAX];
    struct lum_sig seals[EVENTS_MAX];
    uint64_t head;
};

/* What the writer of an end still has to do, in order. */
struct job {
    enum lum_sync_act_type type;
    uint32_t session;
    uint32_t token;
    struct lum_ingest run;
    struct lum_buf bytes;
    struct lum_sig seals[LUM_MESSAGE_SEALS_MAX];
    struct lum_ingest_result result;
};

struct end {
    unsigned device;
    struct temp temp;
    struct lum_store *store;
    struct lum_ingester *ingester;
    struct lum_roster *roster;
    struct lum_sync *sync;
    bool has_secret;
    struct job jobs[JOBS_MAX];
    size_t job_count;
    uint64_t wake_ms;
    uint32_t session; /* of the line that is up; 0 = none */
    bool is_equal;    /* said by the machine in this session */
    struct lum_buf flying; /* to this end */
    struct lum_buf heard;
};

struct pair {
    struct device devices[DEVICES];
    struct lum_genesis genesis;
    struct lum_buf document;
    struct lum_hash space;
    struct written logs[PAIR_LOGS];
    struct end ends[2];
    uint64_t now_ms;
    uint32_t sessions;
    bool is_closing; /* politely: when all that was said has been delivered */
    uint32_t faults;
    /* The newest event that was written while both were equal, and by whom. */
    bool awaits_live;
    bool was_live;
    enum pair_log live_log;
    uint64_t live_seq;
    unsigned live_end;
};

static void must(enum lum_status status)
{
    LUM_ASSERT(status == LUM_OK);
}

/* ---- what is written once ---- */

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
    lum_chain_start(&log->place.log_id, founded_ms, epoch, &log->place.chain);
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
    genesis->founded_ms = founded_ms;
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

static void write_all(struct pair *pair)
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

/* The events first..last of a written log, as one plain piece. */
static struct lum_ingest piece_of(const struct written *log, uint64_t first, uint64_t last,
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

/* ---- the machines and what they want ---- */

static void keep_job(struct end *end, const struct lum_sync_act *act)
{
    LUM_ASSERT(end->job_count < JOBS_MAX);
    struct job *job = &end->jobs[end->job_count++];
    struct lum_bytes bytes = {NULL, 0};
    job->type = act->type;
    job->session = act->session;
    if (act->type == LUM_SYNC_INGEST) {
        job->token = act->ingest.token;
        job->run = act->ingest.run;
        bytes = act->ingest.run.bytes;
        LUM_ASSERT(job->run.seals.count <= LUM_MESSAGE_SEALS_MAX);
        memcpy(job->seals, job->run.seals.at, job->run.seals.count * sizeof job->seals[0]);
        job->run.seals.at = job->seals;
    } else if (act->type == LUM_SYNC_GENESIS) {
        bytes = act->document;
    }
    lum_buf_init(&job->bytes, LUM_MESSAGE_MAX);
    lum_buf_put(&job->bytes, bytes.at, bytes.len);
    job->run.bytes = lum_buf_bytes(&job->bytes);
}

static void carry_out(struct pair *pair, struct end *end, const struct lum_sync_act *act)
{
    bool is_ours = act->session == end->session && end->session != 0;
    struct end *other = &pair->ends[end == &pair->ends[0] ? 1 : 0];
    switch (act->type) {
    case LUM_SYNC_SEND:
        LUM_ASSERT(act->send.body.len <= LUM_MESSAGE_MAX && act->send.type < LUM_MESSAGE_TYPES);
        if (is_ours && !pair->is_closing) {
            lum_frame_put(&other->flying, act->send.type, act->send.body);
        }
        break;
    case LUM_SYNC_CLOSE:
        pair->is_closing = pair->is_closing || is_ours;
        pair->faults += act->close.fault != LUM_FAULT_NONE;
        break;
    case LUM_SYNC_EQUAL:
        end->is_equal = end->is_equal || is_ours;
        break;
    case LUM_SYNC_MET:
    case LUM_SYNC_ADDRESS:
    case LUM_SYNC_DOUBT: /* the next own event would open another log: these are written already */
        break;
    case LUM_SYNC_INGEST:
    case LUM_SYNC_GENESIS:
    case LUM_SYNC_JOIN:
    case LUM_SYNC_WELCOME:
    default:
        keep_job(end, act);
        break;
    }
}

static void step(struct pair *pair, struct end *end, struct lum_sync_event *event)
{
    struct lum_sync_outbox outbox;
    event->now_ms = pair->now_ms;
    event->wall_ms = founded_ms + pair->now_ms;
    must(lum_sync_step(end->sync, event, &outbox));
    for (size_t i = 0; i < outbox.count; i++) {
        carry_out(pair, end, &outbox.at[i]);
    }
    end->wake_ms = outbox.wake_ms;
}

static struct lum_sync_self self_of(const struct pair *pair, const struct end *end)
{
    return (struct lum_sync_self){
        .log = end->store,
        .roster = end->roster,
        .space = pair->space,
        .node = pair->devices[end->device].node,
        .has_secret = end->has_secret,
        .secret = "the secret of the space",
        .is_newcomer = !end->has_secret,
        .listen_port = (uint16_t)(4000 + end->device),
    };
}

static void know(struct pair *pair, struct end *end)
{
    struct lum_sync_self self = self_of(pair, end);
    must(lum_sync_know(end->sync, &self));
}

static void tell_grown(struct pair *pair, struct end *end, const struct lum_growth_note *notes,
                       size_t count)
{
    struct lum_sync_event event = {.type = LUM_SYNC_GROWN};
    event.grown.at = notes;
    event.grown.count = count;
    know(pair, end);
    step(pair, end, &event);
}

/* ---- stores ---- */

static void read_roster(struct end *end)
{
    struct lum_txn *txn = NULL;
    lum_roster_close(end->roster);
    end->roster = NULL;
    must(lum_txn_begin_read(end->store, &txn, NULL));
    enum lum_status status = lum_roster_read(txn, &end->roster, NULL);
    LUM_ASSERT(status == LUM_OK || status == LUM_NOT_FOUND);
    lum_txn_abort(txn);
}

static struct lum_txn *begin_write(struct end *end)
{
    struct lum_txn *txn = NULL;
    must(lum_txn_begin_write(end->store, &txn, NULL));
    return txn;
}

static void put_meta(struct lum_txn *txn, const char *name, struct lum_bytes value)
{
    must(lum_txn_put(txn, LUM_T_META, lum_bytes_of(name, strlen(name)), value));
}

static struct lum_ingest_result take(struct pair *pair, struct end *end, struct lum_txn *txn,
                                     const struct lum_ingest *in)
{
    const struct lum_ingest_space space = {
        .id = pair->space, .founded_ms = founded_ms, .roster = end->roster};
    struct lum_ingest_result result;
    must(lum_ingest_run(end->ingester, txn, &space, in, &result));
    return result;
}

static void clear(struct pair *pair, struct end *end, bool has_genesis)
{
    struct lum_txn *txn = begin_write(end);
    for (uint32_t table = LUM_T_META + 1; table < LUM_LOG_TABLES; table++) {
        must(lum_txn_clear(txn, table));
    }
    put_meta(txn, LUM_META_SPACE, lum_bytes_of(pair->space.b, sizeof pair->space.b));
    if (has_genesis) {
        put_meta(txn, LUM_META_GENESIS, lum_buf_bytes(&pair->document));
    } else {
        const struct lum_bytes name = lum_bytes_of(LUM_META_GENESIS, strlen(LUM_META_GENESIS));
        enum lum_status status = lum_txn_delete(txn, LUM_T_META, name);
        LUM_ASSERT(status == LUM_OK || status == LUM_NOT_FOUND);
    }
    must(lum_txn_commit(txn, NULL));
    read_roster(end);
}

static bool row_of(struct pair *pair, struct end *end, enum pair_log log, struct lum_log_row *row)
{
    struct lum_txn *txn = NULL;
    uint32_t lno = 0;
    must(lum_txn_begin_read(end->store, &txn, NULL));
    enum lum_status status = lum_log_find(txn, &pair->logs[log].place.log_id, &lno);
    LUM_ASSERT(status == LUM_OK || status == LUM_NOT_FOUND);
    if (status == LUM_OK) {
        must(lum_log_get(txn, lno, row));
    }
    lum_txn_abort(txn);
    return status == LUM_OK;
}

uint64_t pair_head(struct pair *pair, unsigned end, enum pair_log log)
{
    struct lum_log_row row;
    return row_of(pair, &pair->ends[end], log, &row) ? row.place.chain.seq : 0;
}

void pair_grow(struct pair *pair, unsigned at, enum pair_log which, uint64_t seq)
{
    struct end *end = &pair->ends[at];
    const struct written *log = &pair->logs[which];
    struct lum_sig seals[EVENTS_MAX];
    uint64_t head = pair_head(pair, at, which);
    uint64_t last = seq < log->head ? seq : log->head;
    /* A branch is shown whole, so that it contradicts what may lie there. */
    uint64_t first = which == PAIR_BRANCH && head > BRANCHES_AFTER ? BRANCHES_AFTER + 1 : head + 1;
    if (last < first || end->roster == NULL) {
        return;
    }
    struct lum_ingest piece = piece_of(log, first, last, seals);
    struct lum_txn *txn = begin_write(end);
    struct lum_ingest_result result = take(pair, end, txn, &piece);
    must(lum_txn_commit(txn, NULL));
    LUM_ASSERT(result.end != LUM_INGEST_GAP);
    if (result.gov_grew) {
        read_roster(end);
    }
    if (result.end != LUM_INGEST_TAKEN && result.end != LUM_INGEST_FORK) {
        return;
    }
    if (pair->ends[0].is_equal && pair->ends[1].is_equal && result.end == LUM_INGEST_TAKEN) {
        pair->awaits_live = true;
        pair->live_log = which;
        pair->live_seq = result.head;
        pair->live_end = 1 - at;
    }
    const struct lum_growth_note note = {result.lno, result.head};
    tell_grown(pair, end, &note, 1);
}

/* ---- the writer ---- */

static void note_live(struct pair *pair, struct end *end, const struct job *job)
{
    bool is_it = pair->awaits_live && end == &pair->ends[pair->live_end] &&
                 job->session == end->session && job->result.end == LUM_INGEST_TAKEN &&
                 job->result.head >= pair->live_seq &&
                 memcmp(&job->run.name, &pair->logs[pair->live_log].name,
                        sizeof job->run.name) == 0;
    pair->was_live = pair->was_live || is_it;
}

/* Pieces that wait one behind the other share a commit; gives how many jobs are done. */
static size_t write_pieces(struct pair *pair, struct end *end, size_t count)
{
    struct lum_growth_note notes[JOBS_MAX];
    size_t grown = 0;
    size_t done = 0;
    bool gov_grew = false;
    struct lum_txn *txn = begin_write(end);
    while (done < count && end->jobs[done].type == LUM_SYNC_INGEST && !gov_grew) {
        struct job *job = &end->jobs[done++];
        job->result = take(pair, end, txn, &job->run);
        gov_grew = job->result.gov_grew;
        if (job->result.end == LUM_INGEST_TAKEN || job->result.end == LUM_INGEST_FORK) {
            notes[grown++] = (struct lum_growth_note){job->result.lno, job->result.head};
        }
    }
    must(lum_txn_commit(txn, NULL));
    if (gov_grew) {
        read_roster(end);
    }
    if (grown > 0) {
        tell_grown(pair, end, notes, grown);
    }
    return done;
}

/* One step of a newcomer. */
static void write_first_contact(struct pair *pair, struct end *end, const struct job *job)
{
    struct lum_sig seals[EVENTS_MAX];
    struct lum_txn *txn = begin_write(end);
    if (job->type == LUM_SYNC_GENESIS) {
        LUM_ASSERT(lum_bytes_equal(job->run.bytes, lum_buf_bytes(&pair->document)));
        put_meta(txn, LUM_META_GENESIS, job->run.bytes);
    } else if (job->type == LUM_SYNC_JOIN) {
        struct lum_ingest join = piece_of(&pair->logs[PAIR_CITRA_GOV], 1, 1, seals);
        struct lum_ingest_result result = take(pair, end, txn, &join);
        /* Without the invite there is no JOIN, and the meeting ends. */
        LUM_ASSERT(result.end != LUM_INGEST_FAULTY && result.end != LUM_INGEST_FORK);
        pair->is_closing = pair->is_closing || result.end == LUM_INGEST_STRANGER;
    } else {
        end->has_secret = true;
    }
    must(lum_txn_commit(txn, NULL));
    read_roster(end);
    tell_grown(pair, end, NULL, 0);
}

void pair_write(struct pair *pair, unsigned at)
{
    struct end *end = &pair->ends[at];
    size_t count = end->job_count;
    while (count > 0) {
        size_t done = 1;
        if (end->jobs[0].type == LUM_SYNC_INGEST) {
            done = write_pieces(pair, end, count);
        } else {
            write_first_contact(pair, end, &end->jobs[0]);
        }
        struct job finished[JOBS_MAX];
        memcpy(finished, end->jobs, done * sizeof finished[0]);
        count -= done;
        end->job_count -= done;
        memmove(end->jobs, end->jobs + done, end->job_count * sizeof end->jobs[0]);
        for (size_t i = 0; i < end->job_count; i++) {
            end->jobs[i].run.seals.at = end->jobs[i].seals;
        }
        for (size_t i = 0; i < done; i++) {
            struct lum_sync_event event = {.type = LUM_SYNC_INGESTED};
            event.session = finished[i].session;
            event.ingested.token = finished[i].token;
            event.ingested.result = finished[i].result;
            lum_buf_fini(&finished[i].bytes);
            if (finished[i].type == LUM_SYNC_INGEST) {
                note_live(pair, end, &finished[i]);
                step(pair, end, &event);
            }
        }
    }
}

static void drop_jobs(struct end *end)
{
    for (size_t i = 0; i < end->job_count; i++) {
        lum_buf_fini(&end->jobs[i].bytes);
    }
    end->job_count = 0;
}

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
        step(pair, &pair->ends[i], &event);
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
        step(pair, end, &event);
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
        step(pair, end, &event);
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

/* ---- time, room, and everything at once ---- */

void pair_room(struct pair *pair, unsigned at, size_t queued)
{
    struct end *end = &pair->ends[at];
    if (end->session != 0) {
        struct lum_sync_event event = {.type = LUM_SYNC_ROOM, .session = end->session};
        event.room_queued = queued;
        step(pair, end, &event);
    }
}

void pair_finish(struct pair *pair, unsigned at)
{
    struct end *end = &pair->ends[at];
    if (end->session != 0) {
        struct lum_sync_event event = {.type = LUM_SYNC_FINISH, .session = end->session};
        step(pair, end, &event);
    }
}

void pair_pass(struct pair *pair, uint64_t ms)
{
    pair->now_ms += ms;
    for (unsigned i = 0; i < 2; i++) {
        struct lum_sync_event event = {.type = LUM_SYNC_TICK};
        step(pair, &pair->ends[i], &event);
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
    struct pair *pair = lum_alloc_zero(sizeof *pair);
    LUM_ASSERT(pair != NULL && lum_crypto_init() == LUM_OK);
    write_all(pair);
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];
        temp_make(&end->temp);
        must(lum_log_open(end->temp.dir, true, &end->store, NULL));
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
        drop_jobs(end);
        lum_sync_close(end->sync);
        lum_roster_close(end->roster);
        lum_ingester_close(end->ingester);
        lum_store_close(end->store);
        lum_buf_fini(&end->flying);
        lum_buf_fini(&end->heard);
        temp_drop(&end->temp);
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
    pair->is_closing = false;
    pair->awaits_live = false;
    pair->was_live = false;
    for (unsigned i = 0; i < 2; i++) {
        struct end *end = &pair->ends[i];
        bool is_new = i == 0 && with_newcomer;
        drop_jobs(end);
        lum_sync_close(end->sync);
        end->sync = NULL;
        end->device = i == 1 ? BUDI : is_new ? CITRA : ANNA;
        end->has_secret = !is_new;
        end->session = 0;
        end->is_equal = false;
        end->wake_ms = UINT64_MAX;
        lum_buf_reset(&end->flying);
        lum_buf_reset(&end->heard);
        clear(pair, end, !is_new);
        struct lum_sync_self self = self_of(pair, end);
        must(lum_sync_open(&self, &end->sync));
    }
    /* Who lets a newcomer in has seen the invite. */
    pair_grow(pair, with_newcomer ? 1 : 0, PAIR_ANNA_GOV, 2);
    pair_grow(pair, 1, PAIR_BUDI_GOV, 1);
}
