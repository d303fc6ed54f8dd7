/*
 * rescue.c - rows gathered into a store of their own, then handed over log by log.
 *
 * The gathered rows lie in log.mdb.new of the new folder, which every open of a space removes as
 * what a crash left: its name goes then, the open file stays until it is closed here.
 */
#include "core/rescue.h"

#include <string.h>

#include "core/log_i.h"
#include "core/space_i.h"
#include "core/store_scrape.h"

enum {
    COMMIT_BYTES = 8 * 1024 * 1024, /* of rows in one transaction: they are heap */
    COMMIT_PIECES = 64,
    HEAD_AT = 74, /* of a log's row: its head's seq */
};

struct rescue {
    const struct lum_env *env;
    const char *to;
    struct lum_store *rows;
    struct lum_txn *txn; /* of rows */
    size_t load;
    uint32_t last_lno;
    struct lum_space *space;
    struct lum_log_reader *reader;
    uint32_t pieces; /* in the batch */
    bool has_taken;  /* in this pass */
    struct lum_rescue_report *report;
};

/* ---- rows ---- */

/* Of a log's row the one that knows the most stays; other rows never change. */
static bool is_older(struct rescue *rescue, struct lum_bytes key, struct lum_bytes value)
{
    struct lum_bytes held;
    return lum_txn_get(rescue->txn, LUM_T_LOG, key, &held) == LUM_OK && held.len >= HEAD_AT + 8 &&
           memcmp(held.at + HEAD_AT, value.at + HEAD_AT, 8) > 0;
}

static enum lum_status keep_row(void *self, uint32_t table, struct lum_bytes key,
                                struct lum_bytes value)
{
    struct rescue *rescue = self;
    rescue->report->rows++;
    if (table == LUM_T_LOG) {
        if (key.len != 4 || value.len < LUM_LOG_ROW || is_older(rescue, key, value)) {
            return LUM_OK;
        }
        uint32_t lno = lum_get_u32(key.at);
        rescue->last_lno = lno > rescue->last_lno ? lno : rescue->last_lno;
    }
    if (table == LUM_T_META && lum_bytes_equal(key, lum_bytes_of("format", 6))) {
        return LUM_OK;
    }
    enum lum_status status = lum_txn_put(rescue->txn, table, key, value);
    rescue->load += key.len + value.len;
    if (status == LUM_OK && rescue->load >= COMMIT_BYTES) {
        struct lum_txn *txn = rescue->txn;
        rescue->txn = NULL;
        rescue->load = 0;
        status = lum_txn_commit(txn, NULL);
        status = status == LUM_OK ? lum_txn_begin_write(rescue->rows, &rescue->txn, NULL) : status;
    }
    return status;
}

static void path_of(const char *dir, const char *name, char out[LUM_PATH_MAX])
{
    const struct lum_space folder = {.dir = (char *)(uintptr_t)dir};
    lum_space_path(&folder, name, out);
}

/* Ends with a read transaction on all of them. */
static enum lum_status gather(struct rescue *rescue, const char *from, struct lum_error *err)
{
    char path[LUM_PATH_MAX];
    const struct lum_scraper scraper = {rescue, LUM_LOG_TABLES, keep_row};
    path_of(from, LUM_LOG_FILE, path);
    enum lum_status status = lum_log_open_new(rescue->to, &rescue->rows, err);
    if (status == LUM_OK) {
        status = lum_txn_begin_write(rescue->rows, &rescue->txn, err);
    }
    if (status == LUM_OK) {
        status = lum_store_scrape(path, &scraper, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    status = lum_txn_commit(rescue->txn, err);
    rescue->txn = NULL;
    return status == LUM_OK ? lum_txn_begin_read(rescue->rows, &rescue->txn, err) : status;
}

/* ---- a folder that is the same device's ---- */

static enum lum_status copy_seed(const struct rescue *rescue, const char *from, const char *name,
                                 struct lum_error *err)
{
    char path[LUM_PATH_MAX];
    struct lum_buf seed;
    const struct lum_env *env = rescue->env;
    lum_buf_init(&seed, 32);
    path_of(from, name, path);
    enum lum_status status = env->file_read(env->self, path, &seed, 32, err);
    if (status == LUM_NOT_FOUND || (status == LUM_OK && seed.len != 32)) {
        status = lum_fail(err, LUM_CAUSE_store_damaged, path, "no seeds");
    }
    if (status == LUM_OK) {
        path_of(rescue->to, name, path);
        status = env->file_write(env->self, path, lum_buf_bytes(&seed), err);
        lum_wipe(seed.at, seed.len);
    }
    lum_buf_fini(&seed);
    return status;
}

static enum lum_status copy_meta(struct rescue *rescue, struct lum_txn *txn)
{
    struct lum_scan scan;
    enum lum_status status = lum_scan_open(rescue->txn, LUM_T_META, &scan);
    if (status != LUM_OK) {
        return status;
    }
    bool more = lum_scan_seek(&scan, (struct lum_bytes){0});
    for (; more && status == LUM_OK; more = lum_scan_next(&scan)) {
        if (!lum_bytes_equal(scan.key, lum_bytes_of("format", 6))) {
            status = lum_txn_put(txn, LUM_T_META, scan.key, scan.value);
        }
    }
    lum_scan_close(&scan);
    return status;
}

static enum lum_status found(struct rescue *rescue, const char *from, struct lum_error *err)
{
    struct lum_store *log = NULL;
    struct lum_txn *txn = NULL;
    struct lum_bytes document;
    const struct lum_bytes key = lum_bytes_of(LUM_META_GENESIS, strlen(LUM_META_GENESIS));
    if (lum_txn_get(rescue->txn, LUM_T_META, key, &document) != LUM_OK) {
        return lum_fail(err, LUM_CAUSE_store_damaged, from, "the founding document");
    }
    enum lum_status status = copy_seed(rescue, from, "seed.node", err);
    status = status == LUM_OK ? copy_seed(rescue, from, "seed.device", err) : status;
    status = status == LUM_OK ? lum_home_forget(rescue->env, rescue->to, err) : status;
    status = status == LUM_OK ? lum_log_open(rescue->to, true, &log, err) : status;
    if (status == LUM_OK) {
        status = lum_txn_begin_write(log, &txn, err);
    }
    if (status == LUM_OK) {
        status = copy_meta(rescue, txn);
        if (status == LUM_OK) {
            status = lum_txn_commit(txn, err);
        } else {
            lum_txn_abort(txn);
            status = lum_store_fail(log, status, err);
        }
    }
    lum_store_close(log);
    return status;
}

/* ---- logs ---- */

static uint64_t head_of(struct rescue *rescue, const struct lum_hash *log_id)
{
    struct lum_log_row row;
    uint32_t lno = 0;
    struct lum_txn *txn = lum_space_log_txn(rescue->space);
    return lum_log_find(txn, log_id, &lno) == LUM_OK && lum_log_get(txn, lno, &row) == LUM_OK
               ? row.place.chain.seq
               : 0;
}

static enum lum_status hand_piece(struct rescue *rescue, const struct lum_log_row *row,
                                  const struct lum_log_piece *piece, bool *taken,
                                  struct lum_error *err)
{
    struct lum_ingest_result result;
    const struct lum_ingest in = {.name = row->name,
                                  .first = piece->first,
                                  .plain_len = piece->plain_len,
                                  .is_packed = piece->is_packed,
                                  .bytes = piece->bytes,
                                  .seals = {piece->seals, piece->seal_count}};
    enum lum_status status = lum_space_ingest(rescue->space, &in, &result, err);
    *taken = status == LUM_OK && result.end == LUM_INGEST_TAKEN;
    rescue->has_taken |= *taken;
    if (status == LUM_OK && ++rescue->pieces >= COMMIT_PIECES) {
        rescue->pieces = 0;
        status = lum_space_commit(rescue->space, err);
        status = status == LUM_OK ? lum_space_begin(rescue->space, err) : status;
    }
    return status;
}

/* A block is looked for whatever the log's row says: of that an older version may be all there is,
 * from before its tail became a block. */
static enum lum_status piece_at(struct rescue *rescue, const struct lum_log_row *row, uint64_t from,
                                struct lum_log_piece *out)
{
    struct lum_log_block block;
    enum lum_status status = lum_log_block_find(rescue->txn, row->lno, from, &block);
    if (status == LUM_OK) {
        status = lum_log_seals(rescue->txn, row->lno, block.first, block.last, out->seals,
                               &out->seal_count);
    }
    if (status == LUM_OK && block.frame.len <= LUM_BLOCK_PLAIN_MAX) {
        out->first = block.first;
        out->last = block.last;
        out->plain_len = block.plain_len;
        out->is_packed = true;
        out->bytes = block.frame;
        return LUM_OK;
    }
    status = lum_log_piece_at(rescue->reader, rescue->txn, row, from, LUM_BLOCK_SEGMENTS_MAX, out);
    return status == LUM_CORRUPT /* then at least what stands before the gap */
               ? lum_log_piece_at(rescue->reader, rescue->txn, row, from, 1, out)
               : status;
}

/* What follows the head of the new store, until a piece does not read or is not taken. */
static enum lum_status hand_log(struct rescue *rescue, uint32_t lno, struct lum_error *err)
{
    struct lum_log_row row;
    struct lum_log_piece piece;
    bool taken = true;
    enum lum_status status = LUM_OK;
    if (lum_log_get(rescue->txn, lno, &row) != LUM_OK) {
        return LUM_OK;
    }
    row.lno = lno;
    while (status == LUM_OK && taken) {
        uint64_t from = head_of(rescue, &row.place.log_id) + 1;
        enum lum_status reads = piece_at(rescue, &row, from, &piece);
        if (reads != LUM_OK) {
            return reads == LUM_NO_MEMORY ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL) : LUM_OK;
        }
        status = hand_piece(rescue, &row, &piece, &taken, err);
    }
    return status;
}

/* Whose JOIN came is heard in the next pass. */
static enum lum_status hand_all(struct rescue *rescue, struct lum_error *err)
{
    enum lum_status status = lum_space_begin(rescue->space, err);
    do {
        rescue->has_taken = false;
        for (uint32_t lno = 1; status == LUM_OK && lno <= rescue->last_lno; lno++) {
            status = hand_log(rescue, lno, err);
        }
    } while (status == LUM_OK && rescue->has_taken);
    return status == LUM_OK ? lum_space_commit(rescue->space, err) : status;
}

static enum lum_status count(struct rescue *rescue, struct lum_error *err)
{
    struct lum_rescue_report *report = rescue->report;
    enum lum_status status = lum_space_begin(rescue->space, err);
    for (uint32_t lno = 1; status == LUM_OK && lno <= rescue->last_lno; lno++) {
        struct lum_log_row row;
        if (lum_log_get(rescue->txn, lno, &row) == LUM_OK) {
            uint64_t head = head_of(rescue, &row.place.log_id);
            uint64_t was = row.place.chain.seq;
            report->logs++;
            report->whole += head >= was;
            report->events += head;
            report->lost += head < was ? was - head : 0;
        }
    }
    lum_space_abort(rescue->space);
    return status;
}

static enum lum_status run(struct rescue *rescue, const char *from, struct lum_error *err)
{
    const struct lum_space_options to = {.env = rescue->env, .dir = rescue->to};
    struct lum_view_progress progress = {0};
    enum lum_status status = gather(rescue, from, err);
    status = status == LUM_OK ? found(rescue, from, err) : status;
    status = status == LUM_OK ? lum_space_open(&to, &rescue->space, err) : status;
    if (status == LUM_OK && lum_log_reader_open(&rescue->reader) != LUM_OK) {
        status = lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    status = status == LUM_OK ? hand_all(rescue, err) : status;
    status = status == LUM_OK ? count(rescue, err) : status;
    return status == LUM_OK ? lum_space_settle(rescue->space, 0, &progress, err) : status;
}

enum lum_status lum_rescue(const struct lum_env *env, const char *from, const char *to,
                           struct lum_rescue_report *out, struct lum_error *err)
{
    char path[LUM_PATH_MAX];
    uint64_t size = 0;
    struct rescue rescue = {.env = env, .to = to, .report = out};
    *out = (struct lum_rescue_report){0};
    if (strlen(to) + 32 > LUM_PATH_MAX || strlen(from) + 32 > LUM_PATH_MAX) {
        return lum_fail(err, LUM_CAUSE_bad_usage, to, NULL);
    }
    path_of(to, LUM_LOG_FILE, path);
    if (env->file_size(env->self, path, &size) == LUM_OK && size > 0) {
        return lum_fail(err, LUM_CAUSE_store_exists, to, NULL);
    }
    enum lum_status status = env->folder_make(env->self, to, err);
    status = status == LUM_OK ? run(&rescue, from, err) : status;
    lum_log_reader_close(rescue.reader);
    lum_space_close(rescue.space);
    lum_txn_abort(rescue.txn);
    lum_store_close(rescue.rows);
    struct lum_space folder = {.env = env, .dir = (char *)(uintptr_t)to};
    lum_space_remove_store(&folder, LUM_LOG_NEW);
    return status;
}
