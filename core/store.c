/*
 * store.c - the only file that speaks to LMDB.
 *
 *   lum_store   one environment, its tables, the write transaction (there is one at a time), and
 *               one idle read transaction: renewing it is 5 times cheaper than beginning anew
 *   lum_txn     an LMDB transaction; a writing one keeps a cursor for each table it touched
 *
 * Writes go through the kept cursors, and so do reads inside a write transaction: a key near the
 * last one is found without a new descent (puts measured 1.7 to 3.5 times faster, get then put of
 * one key 1.2 times). Reads of a read transaction take mdb_get: it is faster for random keys. The
 * kernel may read ahead: without it cold random gets are 1.6 times faster, a cold scan 9 slower.
 *
 * `trouble` is the first LMDB or system error that no caller expects; it names the cause in
 * lum_store_fail. `is_dead` follows from it where going on could lose what was called saved.
 */
#include "core/store.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include <lmdb.h>

#include "core/pack.h"
#include "core/store_file.h"
#include "core/store_sum.h"

enum {
    TABLES_MAX = 32,
    KEY_MAX = 511,
    MAP_BYTES_MIN = 16 * 1024 * 1024,
};

static char FORMAT_NAME[] = "format"; /* in table 0: u32 */
#define FORMAT_KEY lum_bytes_of(FORMAT_NAME, sizeof FORMAT_NAME - 1)

struct lum_txn {
    struct lum_store *store;
    MDB_txn *mdb;
    bool is_write;
    bool is_damaged;                 /* a scan ended at a damaged row */
    MDB_cursor *cursors[TABLES_MAX]; /* of a write transaction; LMDB frees them at its end */
};

struct lum_store {
    MDB_env *env;
    uint32_t format;
    uint32_t table_count;
    MDB_dbi tables[TABLES_MAX];
    struct lum_txn writer;
    _Atomic(struct lum_txn *) idle_reader;
    atomic_int trouble;
    atomic_bool is_dead;
    atomic_uint_least64_t damage;
    char path[];
};

/* LMDB takes keys as non-const and promises not to write to them. */
static MDB_val val_of(struct lum_bytes bytes)
{
    return (MDB_val){bytes.len, (void *)(uintptr_t)bytes.at};
}

static struct lum_bytes bytes_of(MDB_val val)
{
    return (struct lum_bytes){val.mv_data, val.mv_size};
}

/* ---- errors ---- */

static enum lum_cause cause_of(const struct lum_store *store, int rc)
{
    switch (rc) {
    case MDB_MAP_FULL:
        return LUM_CAUSE_map_full;
    case MDB_INVALID:
        return LUM_CAUSE_store_not_ours;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_CURSOR_FULL:
    case MDB_PAGE_FULL:
    case MDB_INCOMPATIBLE:
        return LUM_CAUSE_store_damaged;
    case MDB_PANIC:
        return LUM_CAUSE_disk_sync_failed;
    default:
        return lum_store_file_cause(store->path, rc);
    }
}

static enum lum_status tell(const struct lum_store *store, int rc, struct lum_error *err)
{
    return lum_fail(err, cause_of(store, rc), store->path, mdb_strerror(rc));
}

/* The status of a call in a transaction. MDB_BAD_TXN only repeats that an earlier one failed. */
static enum lum_status settle(struct lum_store *store, int rc)
{
    if (rc == 0 || rc == MDB_NOTFOUND) {
        return rc == 0 ? LUM_OK : LUM_NOT_FOUND;
    }
    if (rc != MDB_BAD_TXN || atomic_load(&store->trouble) == 0) {
        atomic_store(&store->trouble, rc);
    }
    return lum_cause_status(cause_of(store, atomic_load(&store->trouble)));
}

static void die(struct lum_store *store, int rc)
{
    atomic_store(&store->trouble, rc);
    atomic_store(&store->is_dead, true);
}

static enum lum_status refuse_dead(struct lum_store *store, struct lum_error *err)
{
    int rc = atomic_load(&store->trouble);
    bool is_damaged = cause_of(store, rc) == LUM_CAUSE_store_damaged;
    return lum_fail(err, is_damaged ? LUM_CAUSE_store_damaged : LUM_CAUSE_disk_sync_failed,
                    store->path, mdb_strerror(rc));
}

enum lum_status lum_store_fail(struct lum_store *store, enum lum_status status,
                               struct lum_error *err)
{
    int rc = atomic_load(&store->trouble);
    if (status == LUM_NO_MEMORY) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    if (rc != 0 && lum_cause_status(cause_of(store, rc)) == status) {
        return tell(store, rc, err);
    }
    return lum_fail(err, LUM_CAUSE_store_damaged, store->path, lum_status_words(status));
}

/* ---- opening ---- */

static enum lum_status env_open(struct lum_store *store, const struct lum_store_options *options,
                                struct lum_error *err)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
    flags |= options->durability == LUM_DERIVED ? MDB_NOMETASYNC : 0;
    flags |= options->durability == LUM_SCRATCH ? MDB_NOSYNC : 0;
    flags |= options->read_only ? MDB_RDONLY : 0;
    int rc = lum_store_file_has_room(options->path) ? ENOMEM : ENOSPC;
    for (uint64_t map = options->map_bytes; rc == ENOMEM && map >= MAP_BYTES_MIN; map /= 2) {
        mdb_env_close(store->env);
        store->env = NULL;
        rc = mdb_env_create(&store->env);
        rc = rc != 0 ? rc : mdb_env_set_maxdbs(store->env, TABLES_MAX);
        rc = rc != 0 ? rc : mdb_env_set_mapsize(store->env, (size_t)map);
        rc = rc != 0 ? rc : mdb_env_open(store->env, options->path, flags, 0600);
    }
    int dead = 0; /* slots of readers that died without a word */
    rc = rc != 0 ? rc : mdb_reader_check(store->env, &dead);
    return rc == 0 ? LUM_OK : tell(store, rc, err);
}

/* No rows and no tables at all: the file was made just now, or its making was cut short. */
static bool is_blank(MDB_txn *txn)
{
    MDB_dbi names;
    MDB_stat stat;
    return mdb_dbi_open(txn, NULL, 0, &names) == 0 && mdb_stat(txn, names, &stat) == 0 &&
           stat.ms_entries == 0;
}

static enum lum_status tables_open(struct lum_store *store, MDB_txn *txn,
                                   const struct lum_store_options *options, bool is_new,
                                   struct lum_error *err)
{
    for (uint32_t i = 0; i < options->table_count; i++) {
        int rc = mdb_dbi_open(txn, options->tables[i], is_new ? MDB_CREATE : 0, &store->tables[i]);
        if (rc == MDB_NOTFOUND) {
            enum lum_cause none = is_blank(txn) ? LUM_CAUSE_no_store : LUM_CAUSE_store_not_ours;
            return lum_fail(err, i == 0 ? none : LUM_CAUSE_store_damaged, store->path,
                            options->tables[i]);
        }
        if (rc != 0) {
            return tell(store, rc, err);
        }
    }
    return LUM_OK;
}

static enum lum_status format_put(struct lum_store *store, MDB_txn *txn, struct lum_error *err)
{
    uint8_t row[4 + LUM_STORE_SUM];
    lum_put_u32(row, store->format);
    lum_store_sum_put(0, FORMAT_KEY, row, 4);
    int rc = mdb_put(txn, store->tables[0], &(MDB_val){FORMAT_KEY.len, FORMAT_NAME},
                     &(MDB_val){sizeof row, row}, 0);
    return rc == 0 ? LUM_OK : tell(store, rc, err);
}

static enum lum_status format_get(struct lum_store *store, MDB_txn *txn, struct lum_error *err)
{
    MDB_val stored = {0};
    int rc = mdb_get(txn, store->tables[0], &(MDB_val){FORMAT_KEY.len, FORMAT_NAME}, &stored);
    struct lum_bytes number = bytes_of(stored);
    if (rc == MDB_NOTFOUND || (rc == 0 && number.len != 4 + LUM_STORE_SUM)) {
        return lum_fail(err, LUM_CAUSE_store_not_ours, store->path, NULL);
    }
    if (rc != 0 || !lum_store_sum_take(0, FORMAT_KEY, &number)) {
        return tell(store, rc == 0 ? MDB_CORRUPTED : rc, err);
    }
    uint32_t ours = store->format;
    store->format = lum_get_u32(number.at);
    return store->format <= ours
               ? LUM_OK
               : lum_fail_number(err, LUM_CAUSE_store_newer, store->path, store->format);
}

/* Tables and format of a new file come in one commit, so that there is no half of it. */
static enum lum_status contents_open(struct lum_store *store,
                                     const struct lum_store_options *options, struct lum_error *err)
{
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(store->env, NULL, options->create ? 0 : MDB_RDONLY, &txn);
    if (rc != 0) {
        return tell(store, rc, err);
    }
    bool is_new = is_blank(txn) && options->create;
    enum lum_status status = tables_open(store, txn, options, is_new, err);
    if (status == LUM_OK) {
        status = is_new ? format_put(store, txn, err) : format_get(store, txn, err);
    }
    if (status != LUM_OK) {
        mdb_txn_abort(txn);
        return status;
    }
    rc = mdb_txn_commit(txn); /* also of a read: it keeps the table handles */
    rc = rc == 0 && is_new ? lum_store_file_sync_folder(store->path) : rc;
    return rc == 0 ? LUM_OK : tell(store, rc, err);
}

enum lum_status lum_store_open(const struct lum_store_options *options, struct lum_store **out,
                               struct lum_error *err)
{
    LUM_ASSERT(options->table_count >= 1 && options->table_count <= TABLES_MAX);
    LUM_ASSERT(!(options->create && options->read_only));
    bool always = options->durability == LUM_DURABLE;
    enum lum_status status = lum_store_file_ready(options->path, always, options->create, err);
    if (status != LUM_OK) {
        return status;
    }
    size_t path_size = strlen(options->path) + 1;
    struct lum_store *store = lum_alloc_zero(sizeof *store + path_size);
    if (store == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    store->format = options->format;
    store->table_count = options->table_count;
    memcpy(store->path, options->path, path_size);
    status = env_open(store, options, err);
    if (status == LUM_OK) {
        status = contents_open(store, options, err);
    }
    if (status != LUM_OK) {
        lum_store_close(store);
        store = NULL;
    }
    *out = store;
    return status;
}

void lum_store_close(struct lum_store *store)
{
    if (store == NULL) {
        return;
    }
    LUM_ASSERT(store->writer.mdb == NULL);
    struct lum_txn *reader = atomic_load(&store->idle_reader);
    if (reader != NULL) {
        mdb_txn_abort(reader->mdb);
        lum_free(reader);
    }
    mdb_env_close(store->env);
    lum_free(store);
}

uint32_t lum_store_format(const struct lum_store *store)
{
    return store->format;
}

uint64_t lum_store_damage(const struct lum_store *store)
{
    return atomic_load(&store->damage);
}

/* ---- transactions ---- */

enum lum_status lum_txn_begin_read(struct lum_store *store, struct lum_txn **out,
                                   struct lum_error *err)
{
    if (atomic_load(&store->is_dead)) {
        return refuse_dead(store, err);
    }
    struct lum_txn *txn = atomic_exchange(&store->idle_reader, NULL);
    bool is_idle = txn != NULL;
    txn = is_idle ? txn : lum_alloc_zero(sizeof *txn);
    if (txn == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    txn->store = store;
    txn->is_damaged = false;
    int rc = is_idle ? mdb_txn_renew(txn->mdb)
                     : mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn->mdb);
    if (rc != 0) {
        mdb_txn_abort(txn->mdb);
        lum_free(txn);
        return tell(store, rc, err);
    }
    *out = txn;
    return LUM_OK;
}

static void reader_end(struct lum_txn *txn)
{
    struct lum_txn *none = NULL;
    mdb_txn_reset(txn->mdb);
    if (!atomic_compare_exchange_strong(&txn->store->idle_reader, &none, txn)) {
        mdb_txn_abort(txn->mdb);
        lum_free(txn);
    }
}

enum lum_status lum_txn_begin_write(struct lum_store *store, struct lum_txn **out,
                                    struct lum_error *err)
{
    LUM_ASSERT(store->writer.mdb == NULL);
    if (atomic_load(&store->is_dead)) {
        return refuse_dead(store, err);
    }
    store->writer = (struct lum_txn){.store = store, .is_write = true};
    int rc = mdb_txn_begin(store->env, NULL, 0, &store->writer.mdb);
    if (rc != 0) {
        return tell(store, rc, err);
    }
    atomic_store(&store->trouble, 0);
    *out = &store->writer;
    return LUM_OK;
}

enum lum_status lum_txn_commit(struct lum_txn *txn, struct lum_error *err)
{
    LUM_ASSERT(txn->is_write);
    struct lum_store *store = txn->store;
    if (atomic_load(&store->is_dead) || txn->is_damaged) {
        lum_txn_abort(txn);
        return refuse_dead(store, err);
    }
    int rc = mdb_txn_commit(txn->mdb);
    store->writer.mdb = NULL;
    if (rc == 0) {
        return LUM_OK;
    }
    enum lum_status status = settle(store, rc);
    if (status == LUM_IO || status == LUM_CORRUPT) {
        atomic_store(&store->is_dead, true);
        return refuse_dead(store, err);
    }
    return lum_store_fail(store, status, err);
}

void lum_txn_abort(struct lum_txn *txn)
{
    if (txn != NULL && !txn->is_write) {
        reader_end(txn);
    } else if (txn != NULL) {
        mdb_txn_abort(txn->mdb);
        txn->mdb = NULL;
    }
}

/* ---- rows ---- */

static MDB_dbi table_of(const struct lum_txn *txn, uint32_t table)
{
    LUM_ASSERT(table < txn->store->table_count);
    return txn->store->tables[table];
}

/* The kept cursor of a writing transaction. */
static int cursor_of(struct lum_txn *txn, uint32_t table, MDB_cursor **out)
{
    MDB_cursor **kept = &txn->cursors[table];
    int rc = *kept != NULL ? 0 : mdb_cursor_open(txn->mdb, table_of(txn, table), kept);
    *out = *kept;
    return rc;
}

/* The row as it was put, or MDB_CORRUPTED. */
static int take(struct lum_store *store, uint32_t table, struct lum_bytes key, MDB_val stored,
                struct lum_bytes *value)
{
    *value = bytes_of(stored);
    if (lum_store_sum_take(table, key, value)) {
        return 0;
    }
    atomic_fetch_add(&store->damage, 1);
    atomic_store(&store->trouble, MDB_CORRUPTED);
    return MDB_CORRUPTED;
}

enum lum_status lum_txn_get(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                            struct lum_bytes *value)
{
    LUM_ASSERT(key.len >= 1 && key.len <= KEY_MAX);
    if (txn->is_damaged) {
        return settle(txn->store, MDB_CORRUPTED);
    }
    MDB_val k = val_of(key);
    MDB_val v = {0};
    MDB_cursor *cursor = NULL;
    bool is_kept = txn->is_write && cursor_of(txn, table, &cursor) == 0; /* not without memory */
    int rc = is_kept ? mdb_cursor_get(cursor, &k, &v, MDB_SET)
                     : mdb_get(txn->mdb, table_of(txn, table), &k, &v);
    rc = rc != 0 ? rc : take(txn->store, table, key, v, value);
    return settle(txn->store, rc);
}

/* The value is a, then b: LMDB makes the room and they are copied once. */
static enum lum_status put(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                           const struct lum_bytes parts[2], unsigned flags)
{
    LUM_ASSERT(txn->is_write && key.len >= 1 && key.len <= KEY_MAX);
    MDB_val k = val_of(key);
    size_t len = parts[0].len + parts[1].len;
    MDB_val v = {len + LUM_STORE_SUM, NULL};
    MDB_cursor *cursor = NULL;
    int rc = cursor_of(txn, table, &cursor);
    rc = rc != 0 ? rc : mdb_cursor_put(cursor, &k, &v, flags | MDB_RESERVE);
    if (rc == MDB_KEYEXIST) {
        LUM_ASSERT(flags == MDB_APPEND);
        rc = mdb_cursor_put(cursor, &k, &v, MDB_RESERVE);
    }
    for (size_t i = 0, at = 0; i < 2 && rc == 0; at += parts[i++].len) {
        if (parts[i].len > 0) {
            memcpy((uint8_t *)v.mv_data + at, parts[i].at, parts[i].len);
        }
    }
    if (rc == 0) {
        lum_store_sum_put(table, key, v.mv_data, len);
    }
    return settle(txn->store, rc);
}

enum lum_status lum_txn_put(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                            struct lum_bytes value)
{
    return put(txn, table, key, (struct lum_bytes[2]){value, {0}}, 0);
}

enum lum_status lum_txn_put_two(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                                struct lum_bytes a, struct lum_bytes b)
{
    return put(txn, table, key, (struct lum_bytes[2]){a, b}, 0);
}

enum lum_status lum_txn_append(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                               struct lum_bytes value)
{
    return put(txn, table, key, (struct lum_bytes[2]){value, {0}}, MDB_APPEND);
}

enum lum_status lum_txn_delete(struct lum_txn *txn, uint32_t table, struct lum_bytes key)
{
    LUM_ASSERT(txn->is_write && key.len >= 1 && key.len <= KEY_MAX);
    MDB_val k = val_of(key);
    MDB_val v;
    MDB_cursor *cursor = NULL;
    int rc = cursor_of(txn, table, &cursor);
    rc = rc != 0 ? rc : mdb_cursor_get(cursor, &k, &v, MDB_SET);
    rc = rc != 0 ? rc : mdb_cursor_del(cursor, 0);
    return settle(txn->store, rc);
}

enum lum_status lum_txn_clear(struct lum_txn *txn, uint32_t table)
{
    LUM_ASSERT(txn->is_write);
    return settle(txn->store, mdb_drop(txn->mdb, table_of(txn, table), 0));
}

static MDB_stat stat_of(struct lum_txn *txn, uint32_t table)
{
    MDB_stat stat = {0};
    LUM_ASSERT(mdb_stat(txn->mdb, table_of(txn, table), &stat) == 0);
    return stat;
}

uint64_t lum_txn_rows(struct lum_txn *txn, uint32_t table)
{
    return stat_of(txn, table).ms_entries;
}

uint64_t lum_txn_pages(struct lum_txn *txn, uint32_t table)
{
    MDB_stat stat = stat_of(txn, table);
    return stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
}

/* ---- scans ---- */

enum lum_status lum_scan_open(struct lum_txn *txn, uint32_t table, struct lum_scan *out)
{
    MDB_cursor *cursor = NULL;
    int rc = mdb_cursor_open(txn->mdb, table_of(txn, table), &cursor);
    *out = (struct lum_scan){.txn = txn, .table = table, .cursor = cursor};
    return settle(txn->store, rc);
}

void lum_scan_close(struct lum_scan *scan)
{
    mdb_cursor_close(scan->cursor);
    *scan = (struct lum_scan){0};
}

static bool move(struct lum_scan *scan, MDB_val *key, MDB_cursor_op op)
{
    MDB_val value;
    struct lum_store *store = scan->txn->store;
    int rc = mdb_cursor_get(scan->cursor, key, &value, op);
    if (rc == 0) {
        scan->key = bytes_of(*key);
        rc = take(store, scan->table, scan->key, value, &scan->value);
        scan->is_damaged = scan->txn->is_damaged |= rc != 0;
    } else if (rc != MDB_NOTFOUND) {
        atomic_fetch_add(&store->damage, 1);
        die(store, rc);
    }
    return rc == 0;
}

bool lum_scan_seek(struct lum_scan *scan, struct lum_bytes key)
{
    MDB_val k = val_of(key);
    return move(scan, &k, key.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
}

bool lum_scan_seek_before(struct lum_scan *scan, struct lum_bytes key)
{
    MDB_val k = val_of(key);
    return move(scan, &k, move(scan, &k, MDB_SET_RANGE) ? MDB_PREV : MDB_LAST);
}

bool lum_scan_next(struct lum_scan *scan)
{
    return move(scan, &(MDB_val){0}, MDB_NEXT);
}

bool lum_scan_last(struct lum_scan *scan)
{
    return move(scan, &(MDB_val){0}, MDB_LAST);
}

/* ---- the file as a whole ---- */

enum lum_status lum_store_copy(struct lum_store *store, const char *path, struct lum_error *err)
{
    int fd = -1;
    int rc = lum_store_file_make(path, &fd);
    if (rc == 0) {
        rc = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
        rc = lum_store_file_finish(path, fd, rc);
    }
    enum lum_cause cause = rc == EEXIST ? LUM_CAUSE_store_exists : cause_of(store, rc);
    return rc == 0 ? LUM_OK : lum_fail(err, cause, path, mdb_strerror(rc));
}

enum lum_status lum_store_sync(struct lum_store *store, struct lum_error *err)
{
    if (atomic_load(&store->is_dead)) {
        return refuse_dead(store, err);
    }
    int rc = mdb_env_sync(store->env, 1);
    if (rc != 0) {
        die(store, rc);
    }
    return rc == 0 ? LUM_OK : refuse_dead(store, err);
}

uint64_t lum_store_bytes(struct lum_store *store)
{
    MDB_envinfo info;
    MDB_stat stat;
    bool is_known = mdb_env_info(store->env, &info) == 0 && mdb_env_stat(store->env, &stat) == 0;
    return is_known ? ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize : 0;
}

uint64_t lum_txn_damage(const struct lum_txn *txn)
{
    return lum_store_damage(txn->store);
}

uint64_t lum_txn_bytes(struct lum_txn *txn)
{
    return lum_store_bytes(txn->store);
}
