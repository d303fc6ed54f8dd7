/* pair_end.c - one end: its machine, its store, its writer; see pair_i.h. */
#include <string.h>

#include "net/frame.h"
#include "tests/lib/pair_i.h"

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

/* ---- what fails ---- */

static void begin_work(struct end *end)
{
    if (end->trouble != NULL) {
        (void)end->trouble->set(end->trouble->self, end->trouble_left);
    }
}

/* Was it done? What failed may fail when it was told to. */
static bool end_work(struct pair *pair, struct end *end, enum lum_status status)
{
    const struct pair_trouble *trouble = end->trouble;
    if (trouble != NULL) {
        end->trouble_left = trouble->set(trouble->self, 0);
    }
    if (status != LUM_OK) {
        LUM_ASSERT(trouble != NULL && end->trouble_left == 0);
        LUM_ASSERT(status == trouble->statuses[0] || status == trouble->statuses[1]);
        end->has_failed = true;
        pair->failures++;
    }
    return status == LUM_OK;
}

void pair_end_revive(struct pair *pair, struct end *end)
{
    struct lum_sync_self self = pair_end_self(pair, end);
    pair_end_drop_jobs(end);
    lum_sync_close(end->sync);
    end->sync = NULL;
    end->has_failed = false;
    must(lum_sync_open(&self, &end->sync));
}

void pair_end_step(struct pair *pair, struct end *end, struct lum_sync_event *event)
{
    struct lum_sync_outbox outbox;
    if (end->has_failed) {
        return;
    }
    event->now_ms = pair->now_ms;
    event->wall_ms = PAIR_FOUNDED_MS + pair->now_ms;
    begin_work(end);
    if (!end_work(pair, end, lum_sync_step(end->sync, event, &outbox))) {
        return;
    }
    for (size_t i = 0; i < outbox.count; i++) {
        carry_out(pair, end, &outbox.at[i]);
    }
    end->wake_ms = outbox.wake_ms;
}

struct lum_sync_self pair_end_self(const struct pair *pair, const struct end *end)
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
    struct lum_sync_self self = pair_end_self(pair, end);
    if (!end->has_failed) {
        begin_work(end);
        (void)end_work(pair, end, lum_sync_know(end->sync, &self));
    }
}

static void tell_grown(struct pair *pair, struct end *end, const struct lum_growth_note *notes,
                       size_t count)
{
    struct lum_sync_event event = {.type = LUM_SYNC_GROWN};
    event.grown.at = notes;
    event.grown.count = count;
    know(pair, end);
    pair_end_step(pair, end, &event);
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
        .id = pair->space, .founded_ms = PAIR_FOUNDED_MS, .roster = end->roster};
    struct lum_ingest_result result;
    must(lum_ingest_run(end->ingester, txn, &space, in, &result));
    return result;
}

void pair_end_clear(struct pair *pair, struct end *end, bool has_genesis)
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
    struct lum_ingest piece = pair_logs_piece(log, first, last, seals);
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
    bool is_it =
        pair->awaits_live && end == &pair->ends[pair->live_end] && job->session == end->session &&
        job->result.end == LUM_INGEST_TAKEN && job->result.head >= pair->live_seq &&
        memcmp(&job->run.name, &pair->logs[pair->live_log].name, sizeof job->run.name) == 0;
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
        struct lum_ingest join = pair_logs_piece(&pair->logs[PAIR_CITRA_GOV], 1, 1, seals);
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
                pair_end_step(pair, end, &event);
            }
        }
    }
}

void pair_end_drop_jobs(struct end *end)
{
    for (size_t i = 0; i < end->job_count; i++) {
        lum_buf_fini(&end->jobs[i].bytes);
    }
    end->job_count = 0;
}
