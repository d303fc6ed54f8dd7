/*
 * store.h - the door to LMDB: one file, its transactions, its tables.
 *
 * Caveats, all from lmdb.h and from measurement:
 *   - What get and scan hand out is borrowed: it stands until the transaction ends or, in a write
 *     transaction, until the next put or delete.
 *   - A write transaction belongs to the thread that began it; a store has one at a time.
 *     Read transactions may be used from any thread (NOTLS), one thread at a time.
 *   - No read transaction outlives one callback or one request step: a held one keeps every old
 *     page alive (a file was seen to grow 55 times).
 *   - Never WRITEMAP or DUPSORT, and NOSYNC only for a file that is not in use yet. Values are at
 *     most 2,014 bytes or large rows that are worth their whole pages.
 *   - Every row has a sum (core/store_sum.h), so that a damaged one is CORRUPT and never taken for
 *     what was put.
 *   - EIO on a full disk becomes LUM_FULL by looking at the file system: the store goes on, for
 *     nothing of a failed commit is ever referred to. After any other failed write or sync the
 *     store refuses everything: what the kernel dropped cannot be known.
 */
#ifndef LUM_CORE_STORE_H
#define LUM_CORE_STORE_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

enum lum_durability {
    LUM_DURABLE, /* one fsync and one meta page sync a commit: log.mdb */
    LUM_DERIVED, /* NOMETASYNC: may lose the newest commits, never its integrity: view.mdb */
    LUM_SCRATCH, /* NOSYNC: worth nothing until lum_store_sync; a file filled beside the one in use,
                  * which a crash leaves to be thrown away */
};

struct lum_store_options {
    const char *path;
    enum lum_durability durability;
    uint32_t format; /* a file of a higher one is NEWER; the number stands in the file's table 0 */
    const char *const *tables; /* names; a table's number is its index. Table 0 is "meta" */
    uint32_t table_count;
    bool create;
    bool read_only;
    uint64_t map_bytes; /* address space, not memory: LUM_STORE_MAP_BYTES */
};

/* Halved until it fits when the process may not have as much (32 bit, ulimit -v). */
#define LUM_STORE_MAP_BYTES (SIZE_MAX > UINT32_MAX ? UINT64_C(64) << 30 : UINT64_C(1) << 30)

struct lum_store;
struct lum_txn;

/*
 * Looks at the file with pread before LMDB maps it (core/store_file.h), so that a text file or a
 * truncated one is an error and not a crash. An empty file, or one whose making was cut short,
 * counts as none. Not there and not `create`: NOT_FOUND. A file of a format lower than ours is
 * opened; who minds asks lum_store_format.
 */
LUM_MUST_USE enum lum_status lum_store_open(const struct lum_store_options *options,
                                            struct lum_store **out, struct lum_error *err);
void lum_store_close(struct lum_store *store); /* NULL is fine; no transaction may be open */
uint32_t lum_store_format(const struct lum_store *store); /* as it stands in the file */

LUM_MUST_USE enum lum_status lum_txn_begin_read(struct lum_store *store, struct lum_txn **out,
                                                struct lum_error *err);
LUM_MUST_USE enum lum_status lum_txn_begin_write(struct lum_store *store, struct lum_txn **out,
                                                 struct lum_error *err);
/* Ends the transaction in every case. */
LUM_MUST_USE enum lum_status lum_txn_commit(struct lum_txn *txn, struct lum_error *err);
void lum_txn_abort(struct lum_txn *txn); /* also ends a read; NULL is fine */

/* NOT_FOUND when the key is not there. */
LUM_MUST_USE enum lum_status lum_txn_get(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                                         struct lum_bytes *value);
LUM_MUST_USE enum lum_status lum_txn_put(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                                         struct lum_bytes value);
/* The value is a, then b: a row of a fixed head and foreign bytes need not be joined first. */
LUM_MUST_USE enum lum_status lum_txn_put_two(struct lum_txn *txn, uint32_t table,
                                             struct lum_bytes key, struct lum_bytes a,
                                             struct lum_bytes b);
/* A put that expects key to be greater than every key of the table: then pages fill to the brim. */
LUM_MUST_USE enum lum_status lum_txn_append(struct lum_txn *txn, uint32_t table,
                                            struct lum_bytes key, struct lum_bytes value);
LUM_MUST_USE enum lum_status lum_txn_delete(struct lum_txn *txn, uint32_t table,
                                            struct lum_bytes key);
LUM_MUST_USE enum lum_status lum_txn_clear(struct lum_txn *txn, uint32_t table);
uint64_t lum_txn_rows(struct lum_txn *txn, uint32_t table);
uint64_t lum_txn_pages(struct lum_txn *txn, uint32_t table); /* of that table */

/* A cursor over one table. Plain memory of the caller; close it before the transaction ends. */
struct lum_scan {
    struct lum_txn *txn;
    uint32_t table;
    bool is_damaged; /* it has ended at a damaged row */
    void *cursor;
    struct lum_bytes key;
    struct lum_bytes value;
};
LUM_MUST_USE enum lum_status lum_scan_open(struct lum_txn *txn, uint32_t table,
                                           struct lum_scan *out);
void lum_scan_close(struct lum_scan *scan);
/* Each moves and fills key and value; false when there is no such row. A damaged row also ends the
 * scan; then gets of this transaction are CORRUPT, it does not commit, and lum_store_damage counts
 * it. So does a page that does not read, after which this store begins nothing more. Rows may be
 * put and deleted in between: next goes on from the row it stands on. Only a seek or last goes on
 * from a false, from a table that was cleared, and from a row that was deleted before another was
 * put. */
bool lum_scan_seek(struct lum_scan *scan, struct lum_bytes key); /* first row >= key */
bool lum_scan_seek_before(struct lum_scan *scan, struct lum_bytes key); /* last row < key */
bool lum_scan_next(struct lum_scan *scan);
bool lum_scan_last(struct lum_scan *scan);
/* Closes it and gives the status of what it was for: CORRUPT when a damaged row cut that short. */
static inline enum lum_status lum_scan_end(struct lum_scan *scan, enum lum_status status)
{
    bool is_cut = scan->is_damaged && (status == LUM_OK || status == LUM_NOT_FOUND);
    lum_scan_close(scan);
    return is_cut ? LUM_CORRUPT : status;
}

/* Compacting copy to a path that does not exist; durable when it returns. */
LUM_MUST_USE enum lum_status lum_store_copy(struct lum_store *store, const char *path,
                                            struct lum_error *err);
/* Everything committed so far is on the disk afterwards: for a scratch file, before it is put in
 * use. After a failure the store refuses everything. */
LUM_MUST_USE enum lum_status lum_store_sync(struct lum_store *store, struct lum_error *err);
/* Bytes of the file in use; the same by way of a transaction, for who has no more. */
uint64_t lum_store_bytes(struct lum_store *store);
uint64_t lum_txn_bytes(struct lum_txn *txn);
/* How many damaged rows were met since it was opened: whoever has scanned compares before he
 * answers. */
uint64_t lum_store_damage(const struct lum_store *store);
uint64_t lum_txn_damage(const struct lum_txn *txn); /* the same by way of a transaction */
/* Turns any status of the calls above that the caller did not expect into a told error. */
LUM_MUST_USE enum lum_status lum_store_fail(struct lum_store *store, enum lum_status status,
                                            struct lum_error *err);

#endif
