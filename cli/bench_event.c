/*
 * bench_event.c - rows 1 and 2: how many bytes a small event takes, and how quickly what came over
 * the wire is known to be authentic.
 *
 * Store `small`: some records, then events that each set a field of one of them to 10 drawn bytes.
 * Sizes of messages come from the very functions that a meeting says them with.
 */
#include <stdio.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/format.h"
#include "sync/message.h"
#include "sync/outbox.h"

enum {
    RECORDS = 1000,
    EVENTS = 20000,
    LEAST = 4000, /* events: some whole blocks */
    CALLERS = 64,
    MARKS = 8 * 1024, /* events a block may hold */
    SAMPLE_US = 300 * 1000,
};
static const char STORE[] = "small";

/* Events of the log that make them; those behind are the small ones. */
static uint64_t record_count(const struct lum_bench *bench)
{
    return bench->records < RECORDS ? bench->records : RECORDS;
}

/* ---- sizes ---- */

/* Bytes of a piece as a message, as it goes into the channel. */
static size_t message_bytes(const struct lum_log_piece *piece, struct lum_buf *body)
{
    const struct lum_piece said = {
        .number = 3,
        .first = piece->first,
        .plain_len = piece->is_packed ? piece->plain_len : 0,
        .seals = {piece->seals, piece->seal_count},
        .bytes = piece->bytes,
    };

    lum_buf_reset(body);
    if (!piece->is_packed && piece->seal_count == 1) {
        lum_message_put_tail(body, &said);
    } else {
        lum_message_put_seg(body, &said);
    }
    return lum_outbox_frame_size(body->len);
}

/* The mean over all whole pieces of so many segments. */
static enum lum_status measure_run(struct lum_bench *bench, struct lum_bench_open *open,
                                   uint32_t segments, enum lum_bench_figure figure)
{
    struct lum_log_piece piece;
    struct lum_buf body;
    uint64_t events = 0;
    uint64_t bytes = 0;
    uint64_t from = 1;
    enum lum_status status = LUM_OK;

    lum_buf_init(&body, LUM_MESSAGE_MAX);
    while (from <= open->row.place.chain.seq && status == LUM_OK) {
        status = lum_log_piece_at(open->reader, open->log, &open->row, from, segments, &piece);
        if (status == LUM_OK && from > record_count(bench) && piece.seal_count == segments) {
            bytes += message_bytes(&piece, &body);
            events += piece.last - piece.first + 1;
        }
        from = piece.last + 1;
    }
    lum_buf_fini(&body);
    if (status == LUM_OK && events > 0) {
        lum_bench_tell_one(bench, figure, (double)bytes / (double)events);
    }
    return status;
}

/* One `set`, and what a neighbour is then sent. */
static enum lum_status lone(struct lum_bench *bench, const char *record, double *bytes,
                            struct lum_error *err)
{
    struct lum_bench_open open;
    struct lum_log_piece piece;
    struct lum_buf body;
    char word[120];
    enum lum_status status;

    snprintf(word, sizeof(word), "%s=%010u", bench->data.edit,
             (unsigned)lum_bench_draw(bench, 1000000000));
    status = lum_bench_do(bench, STORE, LUM_WORDS("set", record, word), err);
    if (status == LUM_OK) {
        status = lum_bench_enter(bench, STORE, &open, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    status =
        lum_log_piece_at(open.reader, open.log, &open.row, open.row.place.chain.seq, 1, &piece);
    if (status == LUM_OK) {
        size_t size = message_bytes(&piece, &body);
        *bytes = (double)size;
    }
    lum_buf_fini(&body);
    lum_bench_leave(&open);
    return status;
}

static enum lum_status measure_lone(struct lum_bench *bench, const struct lum_id *ids,
                                    struct lum_error *err)
{
    struct lum_bench_samples samples = {.count = 0};
    struct lum_buf text;
    char record[LUM_PIECE];
    enum lum_status status = LUM_OK;

    lum_buf_init(&text, LUM_PIECE);
    for (uint64_t run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        double bytes = 0;
        lum_buf_reset(&text);
        lum_buf_put(&text, "calls/", 6);
        lum_format_hex(&text, lum_bytes_of(ids[run].b, sizeof(ids[run].b)), 2 * sizeof(ids[run].b));
        status = lone(bench, lum_show_cut(lum_buf_bytes(&text), record), &bytes, err);
        lum_bench_add(&samples, bytes);
    }
    lum_buf_fini(&text);
    if (status == LUM_OK) {
        lum_bench_tell(bench, LUM_FIGURE_event_lone, &samples);
    }
    return status;
}

/* ---- checking ---- */

/* A log as bodies of SEG, each behind its u32 length; *begin: the first event, which begins a piece
 * behind `skip`. */
static enum lum_status gather(struct lum_bench_open *open, uint64_t skip, struct lum_buf *out,
                              uint64_t *begin)
{
    struct lum_log_piece piece;
    struct lum_buf body;
    uint64_t from = 1;
    enum lum_status status = LUM_OK;

    lum_buf_init(&body, LUM_MESSAGE_MAX);
    while (from <= open->row.place.chain.seq && status == LUM_OK) {
        status = lum_log_piece_at(open->reader, open->log, &open->row, from, LUM_BLOCK_SEGMENTS_MAX,
                                  &piece);
        if (status != LUM_OK) {
            break;
        }
        from = piece.last + 1;
        if (piece.first > skip) {
            const struct lum_piece said = {
                .first = piece.first,
                .plain_len = piece.is_packed ? piece.plain_len : 0,
                .seals = {piece.seals, piece.seal_count},
                .bytes = piece.bytes,
            };
            uint32_t len;
            lum_buf_reset(&body);
            lum_message_put_seg(&body, &said);
            len = (uint32_t)body.len;
            lum_buf_put(out, &len, sizeof(len));
            lum_buf_put(out, body.at, body.len);
            *begin = *begin == 0 ? piece.first : *begin;
        }
    }
    lum_buf_fini(&body);
    return status == LUM_OK ? lum_buf_status(out) : status;
}

struct checking {
    struct lum_squeezer *squeezer;
    struct lum_buf plain;
    struct lum_run_mark *marks;
    uint64_t events;
    uint64_t payload; /* bytes */
};

static enum lum_status check_one(struct checking *checking, struct lum_log_place *place,
                                 struct lum_bytes body)
{
    struct lum_piece piece;
    struct lum_bytes run;
    uint32_t count = 0;
    enum lum_status status = LUM_OK;

    if (lum_message_get_seg(body, &piece) != LUM_FAULT_NONE) {
        return LUM_FAULT;
    }
    run = piece.bytes;
    if (piece.plain_len > 0) {
        status = lum_unsqueeze(checking->squeezer, piece.bytes, piece.plain_len, &checking->plain);
        run = lum_buf_bytes(&checking->plain);
    }
    if (status == LUM_OK &&
        lum_run_check(place, run, piece.seals, checking->marks, MARKS, &count) != LUM_FAULT_NONE) {
        return LUM_FAULT;
    }
    checking->events += count;
    return status;
}

static enum lum_status check_all(struct checking *checking, const struct lum_log_place *start,
                                 const struct lum_buf *bodies)
{
    struct lum_log_place place = *start;
    enum lum_status status = LUM_OK;
    size_t at = 0;

    while (at < bodies->len && status == LUM_OK) {
        uint32_t len;
        memcpy(&len, bodies->at + at, sizeof(len));
        at += sizeof(len);
        status = check_one(checking, &place, lum_bytes_of(bodies->at + at, len));
        at += len;
    }
    return status;
}

static enum lum_status mean_payload(struct lum_bench_open *open, uint64_t skip, double *out)
{
    struct lum_log_event event;
    uint64_t bytes = 0;
    enum lum_status status = lum_log_seek(open->reader, open->log, open->row.lno, skip + 1);

    while (status == LUM_OK) {
        status = lum_log_next(open->reader, &event);
        bytes += status == LUM_OK ? event.payload.len : 0;
    }
    *out = (double)bytes / (double)(open->row.place.chain.seq - skip);
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

static enum lum_status time_checks(struct lum_bench *bench, struct lum_bench_open *open,
                                   struct checking *checking,
                                   const struct lum_bench_checks *figures, struct lum_buf *bodies)
{
    struct lum_bench_samples rates = {.count = 0};
    struct lum_bench_samples ratios = {.count = 0};
    struct lum_log_place start;
    uint64_t begin = 0;
    enum lum_status status = gather(open, figures->skip, bodies, &begin);

    if (status == LUM_OK && begin > 0) {
        status = lum_log_place_at(open->reader, open->log, &open->row, begin - 1, &start);
    }
    for (int run = 0; run < LUM_BENCH_RUNS && status == LUM_OK; run++) {
        double raw = lum_bench_verifies();
        uint64_t begun_us = lum_command_now_us();
        checking->events = 0;
        do {
            status = check_all(checking, &start, bodies);
        } while (status == LUM_OK && lum_command_now_us() - begun_us < SAMPLE_US);
        lum_bench_add(&rates, (double)checking->events / lum_bench_since(begun_us));
        lum_bench_add(&ratios, rates.at[run] / raw);
    }
    if (status == LUM_OK) {
        lum_bench_tell(bench, figures->rate, &rates);
        lum_bench_tell(bench, figures->ratio, &ratios);
    }
    return status;
}

enum lum_status lum_bench_check(struct lum_bench *bench, struct lum_bench_open *open,
                                const struct lum_bench_checks *figures, struct lum_error *err)
{
    struct checking checking = {.events = 0};
    struct lum_buf bodies;
    double payload = 0;
    enum lum_status status = mean_payload(open, figures->skip, &payload);

    lum_buf_init(&bodies, SIZE_MAX);
    lum_buf_init(&checking.plain, LUM_BLOCK_PLAIN_MAX);
    checking.marks = lum_alloc(MARKS * sizeof(*checking.marks));
    if (status == LUM_OK) {
        lum_bench_tell_one(bench, figures->payload, payload);
        status = checking.marks == NULL ? LUM_NO_MEMORY : lum_squeezer_open(&checking.squeezer);
    }
    if (status == LUM_OK) {
        status = time_checks(bench, open, &checking, figures, &bodies);
    }
    lum_squeezer_close(checking.squeezer);
    lum_free(checking.marks);
    lum_buf_fini(&checking.plain);
    lum_buf_fini(&bodies);
    return status == LUM_FAULT || status == LUM_NO_MEMORY
               ? lum_fail(err, status == LUM_FAULT ? LUM_CAUSE_foreign_bytes : LUM_CAUSE_no_memory,
                          "SEG", NULL)
               : status;
}

/* ---- the store ---- */

static enum lum_status get_ids(struct lum_bench *bench, struct lum_bench_ids *ids,
                               struct lum_error *err)
{
    struct lum_bench_open open;
    enum lum_status status = lum_bench_enter(bench, STORE, &open, err);

    if (status == LUM_OK) {
        status = lum_bench_ids(bench, open.view, "calls", ids);
        lum_bench_leave(&open);
    }
    return status;
}

static enum lum_status edit_many(struct lum_bench *bench, struct lum_bench_load *load,
                                 struct lum_error *err)
{
    enum lum_status status = lum_bench_serve(bench, STORE, NULL, err);

    if (status == LUM_OK) {
        status = lum_bench_call(bench, load, err);
    }
    return status == LUM_OK ? lum_bench_stop(bench, STORE, err) : status;
}

static enum lum_status make_store(struct lum_bench *bench, uint64_t records, struct lum_error *err)
{
    const struct lum_bench_part part = {0, records};
    char path[LUM_BENCH_PATH];
    enum lum_status status = lum_bench_do(bench, STORE, LUM_WORDS("init", "S", "--as", "S"), err);

    if (status == LUM_OK) {
        status = lum_bench_write(bench, &part, lum_bench_path(bench, "rows.ndjson", path), err);
    }
    return status == LUM_OK ? lum_bench_do(bench, STORE, LUM_WORDS("put", "calls", "-f", path), err)
                            : status;
}

static enum lum_status measure_open(struct lum_bench *bench, struct lum_error *err)
{
    const struct lum_bench_checks figures = {record_count(bench), LUM_FIGURE_event_payload,
                                             LUM_FIGURE_event_verify_rate, LUM_FIGURE_event_verify};
    struct lum_bench_open open;
    enum lum_status status = lum_bench_enter(bench, STORE, &open, err);

    if (status != LUM_OK) {
        return status;
    }
    status = measure_run(bench, &open, 1, LUM_FIGURE_event_run);
    if (status == LUM_OK) {
        status = measure_run(bench, &open, LUM_BLOCK_SEGMENTS_MAX, LUM_FIGURE_event_block);
    }
    if (status == LUM_OK) {
        status = lum_bench_check(bench, &open, &figures, err);
    }
    lum_bench_leave(&open);
    return status;
}

static enum lum_status measure_rest(struct lum_bench *bench, struct lum_error *err)
{
    enum lum_status status = lum_bench_do(bench, STORE, LUM_WORDS("compact"), err);

    if (status == LUM_OK) {
        status = lum_bench_do(bench, STORE, LUM_WORDS("status"), err);
    }
    if (status == LUM_OK) {
        lum_bench_tell_one(bench, LUM_FIGURE_event_rest,
                           lum_bench_size(bench, STORE, "log.mdb") /
                               lum_bench_got(bench, "events"));
        status = lum_bench_verify(bench, STORE, err);
    }
    return status;
}

enum lum_status lum_bench_events(struct lum_bench *bench, struct lum_error *err)
{
    struct lum_bench_load load = {.store = STORE, .callers = CALLERS, .asks = EVENTS};
    struct lum_bench_ids ids = {.max = RECORDS};
    enum lum_status status;

    load.asks = bench->records < EVENTS ? LEAST + bench->records / 2 : EVENTS;
    load.ms = lum_alloc_zero((size_t)load.asks * sizeof(*load.ms));
    ids.at = lum_alloc_zero(RECORDS * sizeof(*ids.at));
    status = ids.at != NULL && load.ms != NULL ? make_store(bench, record_count(bench), err)
                                               : lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    if (status == LUM_OK) {
        status = get_ids(bench, &ids, err);
    }
    load.ids = &ids;
    if (status == LUM_OK) {
        status = edit_many(bench, &load, err);
    }
    if (status == LUM_OK) {
        status = measure_lone(bench, ids.at, err);
    }
    if (status == LUM_OK) {
        status = measure_open(bench, err);
    }
    if (status == LUM_OK) {
        status = measure_rest(bench, err);
    }
    lum_bench_remove(bench, STORE);
    lum_free(load.ms);
    lum_free(ids.at);
    return status;
}
