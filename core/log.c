/*
 * log.c - which logs there are and where each one stands; notes; the frontier digest.
 *
 * How events lie in their rows: core/log_row.c. How they get there: core/log_append.c. How they
 * come out: core/log_read.c, core/log_piece.c. All bytes: core/log_i.h.
 */
#include "core/log.h"

#include <stdio.h>
#include <string.h>

#include "core/crypto.h"
#include "core/log_i.h"
#include "core/pack.h"

enum {
    OWNER_PREFIX = 33, /* A 32 | shelf */
    OWNER_KEY = 37,

    /* Places in a log row. */
    AT_AUTHOR = 32,
    AT_INCARNATION = 64,
    AT_SHELF = 72,
    AT_FROZEN = 73,
    AT_HEAD = 74,
    AT_HEAD_H = 82,
    AT_SEAL = 146,
    AT_PACKED = 210,
    AT_TAIL = 282,
    AT_FORK = 290,
    AT_FORK_H = 298,
};

static const uint64_t FROZEN_BIT = UINT64_C(1) << 63;

static enum lum_status open_as(const char *dir, const char *name,
                               struct lum_store_options options, struct lum_store **out,
                               struct lum_error *err)
{
    static const char *const tables[LUM_LOG_TABLES] = {
        [LUM_T_META] = "meta",     [LUM_T_LOG] = "log",   [LUM_T_LOGID] = "logid",
        [LUM_T_OWNER] = "owner",   [LUM_T_TAIL] = "tail", [LUM_T_BLOCK] = "block",
        [LUM_T_SEAL] = "seal",     [LUM_T_FORK] = "fork", [LUM_T_NOTE] = "note",
        [LUM_T_ARRIVE] = "arrive",
    };
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return lum_fail(err, LUM_CAUSE_disk_error, dir, "the path is too long");
    }
    options.path = path;
    options.format = LUM_LOG_FORMAT;
    options.tables = tables;
    options.table_count = LUM_LOG_TABLES;
    options.map_bytes = LUM_STORE_MAP_BYTES;
    return lum_store_open(&options, out, err);
}

enum lum_status lum_log_open(const char *dir, bool create, struct lum_store **out,
                             struct lum_error *err)
{
    const struct lum_store_options how = {.durability = LUM_DURABLE, .create = create};
    return open_as(dir, "log.mdb", how, out, err);
}

enum lum_status lum_log_open_new(const char *dir, struct lum_store **out, struct lum_error *err)
{
    const struct lum_store_options how = {.durability = LUM_SCRATCH, .create = true};
    return open_as(dir, "log.mdb.new", how, out, err);
}

/* ---- the row of a log ---- */

static struct lum_bytes lno_key(uint32_t lno, uint8_t at[4])
{
    lum_put_u32(at, lno);
    return lum_bytes_of(at, 4);
}

static void position_write(const struct lum_chain *chain, uint8_t out[8 + LUM_LOG_CHAIN])
{
    lum_put_u64(out, chain->seq);
    lum_log_chain_write(chain, out + 8);
}

static void position_read(const uint8_t at[8 + LUM_LOG_CHAIN], struct lum_chain *out)
{
    lum_log_chain_read(at + 8, lum_get_u64(at), out);
}

enum lum_status lum_log_put(struct lum_txn *txn, const struct lum_log_row *row)
{
    uint8_t at[LUM_LOG_ROW + 8 + 40 * 32];
    uint8_t key[4];
    memcpy(at, row->place.log_id.b, 32);
    memcpy(at + AT_AUTHOR, row->name.author, 32);
    memcpy(at + AT_INCARNATION, row->name.incarnation, 8);
    at[AT_SHELF] = row->name.shelf;
    at[AT_FROZEN] = row->is_frozen ? 1 : 0;
    position_write(&row->place.chain, at + AT_HEAD);
    memcpy(at + AT_SEAL, row->head_seal.b, 64);
    position_write(&row->packed, at + AT_PACKED);
    lum_put_u32(at + AT_TAIL, row->tail_segments);
    lum_put_u32(at + AT_TAIL + 4, row->tail_bytes);
    lum_put_u64(at + AT_FORK, row->fork_point);
    memcpy(at + AT_FORK_H, row->fork_h.b, 32);
    size_t len = LUM_LOG_ROW + lum_range_write(&row->place.range, at + LUM_LOG_ROW);
    return lum_txn_put(txn, LUM_T_LOG, lno_key(row->lno, key), lum_bytes_of(at, len));
}

static enum lum_status row_read(uint32_t lno, struct lum_bytes value, struct lum_log_row *out)
{
    const uint8_t *at = value.at;
    if (value.len < LUM_LOG_ROW || at[AT_SHELF] >= LUM_SHELVES_MAX || at[AT_FROZEN] > 1) {
        return LUM_CORRUPT;
    }
    out->lno = lno;
    memcpy(out->place.log_id.b, at, 32);
    memcpy(out->place.author, at + AT_AUTHOR, 32);
    memcpy(out->name.author, at + AT_AUTHOR, 32);
    memcpy(out->name.incarnation, at + AT_INCARNATION, 8);
    out->name.shelf = at[AT_SHELF];
    out->is_frozen = at[AT_FROZEN] == 1;
    position_read(at + AT_HEAD, &out->place.chain);
    memcpy(out->head_seal.b, at + AT_SEAL, 64);
    position_read(at + AT_PACKED, &out->packed);
    out->tail_segments = lum_get_u32(at + AT_TAIL);
    out->tail_bytes = lum_get_u32(at + AT_TAIL + 4);
    out->fork_point = lum_get_u64(at + AT_FORK);
    memcpy(out->fork_h.b, at + AT_FORK_H, 32);
    struct lum_bytes range = {at + LUM_LOG_ROW, value.len - LUM_LOG_ROW};
    bool holds = lum_range_read(range, &out->place.range) &&
                 out->packed.seq <= out->place.chain.seq &&
                 out->fork_point <= out->place.chain.seq;
    return holds ? LUM_OK : LUM_CORRUPT;
}

enum lum_status lum_log_get(struct lum_txn *txn, uint32_t lno, struct lum_log_row *out)
{
    uint8_t key[4];
    struct lum_bytes value;
    enum lum_status status = lum_txn_get(txn, LUM_T_LOG, lno_key(lno, key), &value);
    return status == LUM_OK ? row_read(lno, value, out) : status;
}

/* ---- finding ---- */

/* Reads the lno of a logid row and the log row it names, which must be of that id. */
static enum lum_status logid_follow(struct lum_txn *txn, struct lum_bytes id16,
                                    struct lum_bytes value, uint32_t *lno,
                                    struct lum_bytes *row)
{
    uint8_t key[4];
    if (value.len != 4) {
        return LUM_CORRUPT;
    }
    *lno = lum_get_u32(value.at);
    enum lum_status status = lum_txn_get(txn, LUM_T_LOG, lno_key(*lno, key), row);
    if (status != LUM_OK || row->len < LUM_LOG_ROW || memcmp(row->at, id16.at, id16.len) != 0) {
        return status == LUM_OK || status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
    return LUM_OK;
}

enum lum_status lum_log_find(struct lum_txn *txn, const struct lum_hash *log_id, uint32_t *lno)
{
    struct lum_bytes id16 = lum_bytes_of(log_id->b, 16);
    struct lum_bytes value;
    struct lum_bytes row;
    enum lum_status status = lum_txn_get(txn, LUM_T_LOGID, id16, &value);
    uint32_t found = 0;
    if (status == LUM_OK) {
        status = logid_follow(txn, id16, value, &found, &row);
    }
    if (status == LUM_OK && memcmp(row.at, log_id->b, 32) != 0) {
        status = LUM_NOT_FOUND;
    }
    if (status == LUM_OK) {
        *lno = found;
    }
    return status;
}

static bool has_prefix(struct lum_bytes bytes, struct lum_bytes prefix)
{
    return bytes.len >= prefix.len && memcmp(bytes.at, prefix.at, prefix.len) == 0;
}

enum lum_status lum_log_find8(struct lum_txn *txn, const uint8_t log8[8], uint32_t *lnos,
                              uint32_t max, uint32_t *count)
{
    struct lum_bytes prefix = lum_bytes_of(log8, 8);
    struct lum_scan scan;
    enum lum_status status = lum_scan_open(txn, LUM_T_LOGID, &scan);
    if (status != LUM_OK) {
        return status;
    }
    *count = 0;
    bool more = lum_scan_seek(&scan, prefix);
    while (more && *count < max && has_prefix(scan.key, prefix)) {
        if (scan.value.len != 4) {
            status = LUM_CORRUPT;
            break;
        }
        lnos[(*count)++] = lum_get_u32(scan.value.at);
        more = lum_scan_next(&scan);
    }
    return lum_scan_end(&scan, status);
}

static void owner_key(const uint8_t author[32], uint8_t shelf, uint32_t lno,
                      uint8_t out[OWNER_KEY])
{
    memcpy(out, author, 32);
    out[32] = shelf;
    lum_put_u32(out + OWNER_PREFIX, lno);
}

enum lum_status lum_log_find_by_author(struct lum_txn *txn, const uint8_t author[32],
                                       uint8_t shelf, uint32_t *lnos, uint32_t max,
                                       uint32_t *count)
{
    uint8_t key[OWNER_KEY];
    owner_key(author, shelf, 0, key);
    struct lum_bytes prefix = lum_bytes_of(key, OWNER_PREFIX);
    struct lum_scan scan;
    enum lum_status status = lum_scan_open(txn, LUM_T_OWNER, &scan);
    if (status != LUM_OK) {
        return status;
    }
    *count = 0;
    bool more = lum_scan_seek(&scan, prefix);
    while (more && *count < max && scan.key.len == OWNER_KEY && has_prefix(scan.key, prefix)) {
        lnos[(*count)++] = lum_get_u32(scan.key.at + OWNER_PREFIX);
        more = lum_scan_next(&scan);
    }
    return lum_scan_end(&scan, status);
}

uint32_t lum_log_count(struct lum_txn *txn)
{
    return (uint32_t)lum_txn_rows(txn, LUM_T_LOG);
}

enum lum_status lum_log_create(struct lum_txn *txn, const struct lum_hash *space,
                               const struct lum_log_name *name, uint64_t founded_ms,
                               struct lum_log_row *out)
{
    LUM_ASSERT(name->shelf < LUM_SHELVES_MAX);
    struct lum_log_row row = {.lno = lum_log_count(txn) + 1, .name = *name};
    struct lum_bytes taken;
    lum_log_id(space, name, &row.place.log_id);
    memcpy(row.place.author, name->author, 32);
    /* A log starts at the genesis epoch: the first 16 bytes of the space id. */
    lum_chain_start(&row.place.log_id, founded_ms, space->b, &row.place.chain);
    row.packed = row.place.chain;

    uint8_t lno[4];
    uint8_t owner[OWNER_KEY];
    struct lum_bytes id16 = lum_bytes_of(row.place.log_id.b, 16);
    owner_key(name->author, name->shelf, row.lno, owner);
    enum lum_status status = lum_txn_get(txn, LUM_T_LOGID, id16, &taken);
    if (status != LUM_NOT_FOUND) {
        return status == LUM_OK ? LUM_EXISTS : status;
    }
    status = lum_txn_put(txn, LUM_T_LOGID, id16, lno_key(row.lno, lno));
    if (status == LUM_OK) {
        status = lum_txn_put(txn, LUM_T_OWNER, lum_bytes_of(owner, sizeof owner),
                             lum_bytes_of(NULL, 0));
    }
    if (status == LUM_OK) {
        status = lum_log_put(txn, &row);
    }
    if (status == LUM_OK) {
        *out = row;
    }
    return status;
}

/* ---- notes ---- */

enum lum_status lum_log_note_put(struct lum_txn *txn, const char *name, struct lum_bytes value)
{
    struct lum_bytes key = lum_bytes_of(name, strlen(name));
    if (value.len > 0) {
        return lum_txn_put(txn, LUM_T_NOTE, key, value);
    }
    enum lum_status status = lum_txn_delete(txn, LUM_T_NOTE, key);
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

enum lum_status lum_log_note_get(struct lum_txn *txn, const char *name, struct lum_bytes *value)
{
    return lum_txn_get(txn, LUM_T_NOTE, lum_bytes_of(name, strlen(name)), value);
}

/* ---- frontier ---- */

/* Adds one log, from its row's bytes: they are not unpacked, for there may be ten thousand. */
static void frontier_add(struct lum_hasher *h, const uint8_t *row)
{
    bool is_frozen = row[AT_FROZEN] == 1;
    uint64_t seq = lum_get_u64(row + (is_frozen ? AT_FORK : AT_HEAD));
    if (lum_get_u64(row + AT_HEAD) == 0) {
        return;
    }
    lum_hash_add(h, row, 32);
    lum_hash_add_u64(h, is_frozen ? seq | FROZEN_BIT : seq);
    lum_hash_add(h, row + (is_frozen ? AT_FORK_H : AT_HEAD_H), 32);
}

enum lum_status lum_log_frontier(struct lum_txn *txn, uint8_t shelf, uint8_t out[16])
{
    struct lum_hasher h;
    struct lum_scan scan;
    struct lum_bytes row;
    uint32_t lno = 0;
    enum lum_status status = lum_scan_open(txn, LUM_T_LOGID, &scan);
    if (status != LUM_OK) {
        return status;
    }
    lum_hash_init(&h, LUM_LABEL_front, 16);
    bool more = lum_scan_seek(&scan, lum_bytes_of(NULL, 0));
    while (more && status == LUM_OK) {
        status = logid_follow(txn, scan.key, scan.value, &lno, &row);
        if (status == LUM_OK && row.at[AT_SHELF] == shelf) {
            frontier_add(&h, row.at);
        }
        more = lum_scan_next(&scan);
    }
    lum_hash_end(&h, out, 16);
    return lum_scan_end(&scan, status);
}
