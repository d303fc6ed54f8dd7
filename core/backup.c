/*
 * backup.c - a space's log as one stream of rows: snapshot -> verify -> head, table after table,
 * hash. The way back is core/restore.c.
 */
#include "core/backup_i.h"

#include <string.h>

#include "core/pack.h"
#include "core/verify.h"

static const uint8_t MAGIC[16] = "lumbung backup 1";

enum {
    HEAD_AT = sizeof MAGIC + 4,
    HEAD_FIELDS = 6,
    PIECE_BYTES = 256 * 1024,
};

/* ---- the head ---- */

static void head_write(const struct lum_backup_head *head, const struct lum_seeds *seeds,
                       struct lum_buf *out)
{
    size_t at = out->len + HEAD_AT;
    lum_buf_put(out, MAGIC, sizeof MAGIC);
    lum_buf_put(out, (const uint8_t[4]){0}, 4);
    lum_pack_array(out, HEAD_FIELDS);
    lum_pack_bin(out, head->space.b, sizeof head->space.b);
    lum_pack_uint(out, head->made_ms);
    lum_pack_uint(out, head->events);
    lum_pack_uint(out, head->logs);
    lum_pack_bin(out, seeds->node, sizeof seeds->node);
    lum_pack_bin(out, seeds->device, sizeof seeds->device);
    if (!out->broken) {
        LUM_ASSERT(out->len <= LUM_BACKUP_PEEK);
        lum_put_u32(out->at + at - 4, (uint32_t)(out->len - at));
    }
}

size_t lum_backup_head_size(struct lum_bytes bytes)
{
    size_t known = bytes.len < sizeof MAGIC ? bytes.len : sizeof MAGIC;
    if (memcmp(bytes.at, MAGIC, known) != 0) {
        return SIZE_MAX;
    }
    if (bytes.len < HEAD_AT) {
        return 0;
    }
    size_t len = lum_get_u32(bytes.at + sizeof MAGIC);
    if (len > LUM_BACKUP_PEEK - HEAD_AT) {
        return SIZE_MAX;
    }
    return bytes.len - HEAD_AT < len ? 0 : HEAD_AT + len;
}

bool lum_backup_head_read(struct lum_bytes bytes, struct lum_backup_head *head,
                          struct lum_seeds *seeds)
{
    struct lum_cur cur = lum_cur_over(lum_bytes_of(bytes.at + HEAD_AT, bytes.len - HEAD_AT));
    lum_cur_array_exact(&cur, HEAD_FIELDS);
    lum_cur_bin_exact(&cur, head->space.b, sizeof head->space.b);
    head->made_ms = lum_cur_uint(&cur, INT64_MAX);
    head->events = lum_cur_uint(&cur, INT64_MAX);
    head->logs = lum_cur_uint(&cur, UINT32_MAX);
    lum_cur_bin_exact(&cur, seeds->node, sizeof seeds->node);
    lum_cur_bin_exact(&cur, seeds->device, sizeof seeds->device);
    return lum_cur_end(&cur) == LUM_FAULT_NONE;
}

enum lum_status lum_backup_peek(struct lum_bytes first, struct lum_backup_head *out)
{
    struct lum_backup_head head;
    struct lum_seeds seeds;
    size_t size = lum_backup_head_size(first);
    if (size == 0 || size == SIZE_MAX ||
        !lum_backup_head_read(lum_bytes_of(first.at, size), &head, &seeds)) {
        return LUM_FAULT;
    }
    lum_wipe(&seeds, sizeof seeds);
    *out = head;
    return LUM_OK;
}

/* ---- a snapshot is sound ---- */

enum lum_status lum_backup_count(struct lum_txn *txn, struct lum_backup_head *head)
{
    head->events = 0;
    head->logs = lum_log_count(txn);
    for (uint32_t lno = 1; lno <= head->logs; lno++) {
        struct lum_log_row row;
        enum lum_status status = lum_log_get(txn, lno, &row);
        if (status != LUM_OK) {
            return status;
        }
        head->events += row.place.chain.seq;
    }
    return LUM_OK;
}

enum lum_status lum_backup_look(struct lum_txn *txn, const struct lum_tick *tick, const char **what)
{
    struct lum_verify_report report = {0};
    enum lum_status status = lum_verify_log(txn, tick, &report);
    *what = status == LUM_OK && report.found > 0 ? report.findings[0].what : NULL;
    return status;
}

/* ---- a space becomes bytes ---- */

struct lum_backup {
    struct lum_store *store;
    struct lum_txn *txn;
    struct lum_scan scan; /* over `table`; not open: txn is NULL */
    uint32_t table;
    uint64_t rows; /* of that table, so far */
    bool has_ended;
    struct lum_backup_head head;
    struct lum_plain_hasher hash;
    struct lum_buf piece; /* begins as the head */
};

static enum lum_status begin(struct lum_backup *backup, struct lum_space *space,
                             const struct lum_tick *tick, struct lum_error *err)
{
    const char *what = NULL;
    enum lum_status status = lum_txn_begin_read(backup->store, &backup->txn, err);
    if (status != LUM_OK) {
        return status;
    }
    status = lum_backup_look(backup->txn, tick, &what);
    if (status == LUM_OK) {
        status = lum_backup_count(backup->txn, &backup->head);
    }
    if (status == LUM_STOPPED) {
        return status;
    }
    if (status != LUM_OK) {
        return lum_space_fail(backup->store, status, err);
    }
    if (what != NULL) {
        return lum_fail(err, LUM_CAUSE_store_damaged, LUM_LOG_FILE, what);
    }
    backup->head.space = space->id;
    backup->head.made_ms = space->env->wall_ms(space->env->self);
    head_write(&backup->head, &space->seeds, &backup->piece);
    return LUM_OK;
}

enum lum_status lum_backup_open(struct lum_space *space, const struct lum_tick *tick,
                                struct lum_backup **out, struct lum_error *err)
{
    LUM_ASSERT(space->log_txn == NULL);
    enum lum_status status = lum_space_check_open(space, err);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_backup *backup = lum_alloc_zero(sizeof *backup);
    if (backup == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    backup->store = space->log;
    lum_buf_init(&backup->piece, PIECE_BYTES + LUM_BACKUP_ROW_MAX);
    lum_plain_hash_init(&backup->hash);
    status = begin(backup, space, tick, err);
    if (status != LUM_OK) {
        lum_backup_close(backup);
        return status;
    }
    *out = backup;
    return LUM_OK;
}

const struct lum_backup_head *lum_backup_head(const struct lum_backup *backup)
{
    return &backup->head;
}

static bool is_format_row(uint32_t table, struct lum_bytes key)
{
    return table == LUM_T_META && lum_bytes_equal(key, lum_bytes_of("format", 6));
}

static void put_row(struct lum_backup *backup)
{
    uint8_t head[LUM_BACKUP_ROW_HEAD];
    const struct lum_scan *scan = &backup->scan;
    head[0] = (uint8_t)backup->table;
    lum_put_u16(head + 1, (uint16_t)scan->key.len);
    lum_put_u32(head + 3, (uint32_t)scan->value.len);
    lum_buf_put(&backup->piece, head, sizeof head);
    lum_buf_put(&backup->piece, scan->key.at, scan->key.len);
    lum_buf_put(&backup->piece, scan->value.at, scan->value.len);
}

/* Moves to the next row of all tables; NOT_FOUND after the last. A page that does not read ends a
 * scan early, so each table's rows are counted. */
static enum lum_status step(struct lum_backup *backup)
{
    bool is_there = false;
    if (backup->scan.txn != NULL) {
        is_there = lum_scan_next(&backup->scan);
    }
    while (!is_there && backup->table < LUM_LOG_TABLES) {
        if (backup->scan.txn != NULL) {
            lum_scan_close(&backup->scan);
            if (backup->rows != lum_txn_rows(backup->txn, backup->table++)) {
                return LUM_CORRUPT;
            }
            backup->rows = 0;
            continue;
        }
        enum lum_status status = lum_scan_open(backup->txn, backup->table, &backup->scan);
        if (status != LUM_OK) {
            return status;
        }
        is_there = lum_scan_seek(&backup->scan, (struct lum_bytes){0});
    }
    backup->rows += is_there ? 1 : 0;
    return is_there ? LUM_OK : LUM_NOT_FOUND;
}

static void put_end(struct lum_backup *backup)
{
    uint8_t hash[LUM_BACKUP_HASH];
    lum_buf_put_byte(&backup->piece, LUM_BACKUP_END);
    lum_plain_hash_add(&backup->hash, backup->piece.at, backup->piece.len);
    lum_plain_hash_end(&backup->hash, hash);
    lum_buf_put(&backup->piece, hash, sizeof hash);
    backup->has_ended = true;
}

enum lum_status lum_backup_next(struct lum_backup *backup, struct lum_bytes *piece,
                                struct lum_error *err)
{
    enum lum_status status = LUM_OK;
    if (backup->has_ended) {
        return LUM_NOT_FOUND;
    }
    if (backup->scan.txn != NULL) { /* else the head waits in it */
        lum_buf_reset(&backup->piece);
    }
    while (status == LUM_OK && backup->piece.len < PIECE_BYTES) {
        status = step(backup);
        if (status == LUM_OK && !is_format_row(backup->table, backup->scan.key)) {
            put_row(backup);
        }
    }
    if (status != LUM_OK && status != LUM_NOT_FOUND) {
        return lum_space_fail(backup->store, status, err);
    }
    if (backup->piece.broken) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    if (status == LUM_NOT_FOUND) {
        put_end(backup);
    } else {
        lum_plain_hash_add(&backup->hash, backup->piece.at, backup->piece.len);
    }
    *piece = lum_buf_bytes(&backup->piece);
    return backup->piece.broken ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL) : LUM_OK;
}

void lum_backup_close(struct lum_backup *backup)
{
    if (backup == NULL) {
        return;
    }
    if (backup->scan.txn != NULL) {
        lum_scan_close(&backup->scan);
    }
    lum_txn_abort(backup->txn);
    if (backup->piece.at != NULL) {
        lum_wipe(backup->piece.at, backup->piece.room); /* it held the seeds */
    }
    lum_buf_fini(&backup->piece);
    lum_free(backup);
}
