/*
 * disk_txn.c - the part of core/store.h that looks at rows: transactions and scans over images.
 *
 *   lum_txn   of a reader: the image that was the newest. Of the writer: a copy, which becomes the
 *             newest by the commit
 *   cursor    a path down the tree. What was put or deleted since makes it void; then it is found
 *             again by the key it stood on
 *
 * Under AddressSanitizer what get and scan hand out is a copy that goes away at the very moment the
 * contract says, so that who looks at it any later is caught. In LMDB's page it would mostly still
 * stand.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/disk/disk_i.h"

enum {
    KEY_MAX = 511,
};

/* ---- what is handed out ---- */

#if defined(__SANITIZE_ADDRESS__)
static const uint8_t *lend(struct lum_txn *txn, const struct row *row)
{
    size_t len = (size_t)row->key_len + row->value_len;
    uint8_t *copy = disk__must(malloc(len));
    if (txn->lent_count == txn->lent_room) {
        txn->lent_room = txn->lent_room * 2 + 16;
        txn->lent = disk__must(realloc(txn->lent, txn->lent_room * sizeof txn->lent[0]));
    }
    memcpy(copy, row->bytes, len);
    txn->lent[txn->lent_count++] = copy;
    return copy;
}
#else
static const uint8_t *lend(const struct lum_txn *txn, const struct row *row)
{
    (void)txn;
    return row->bytes;
}
#endif

static void take_back(struct lum_txn *txn)
{
    while (txn->lent_count > 0) {
        free(txn->lent[--txn->lent_count]);
    }
}

/* ---- transactions ---- */

static enum lum_status refuse(struct lum_store *store, struct lum_error *err)
{
    return store->is_dead ? disk__refuse_dead(store, err)
                          : lum_store_fail(store, LUM_CORRUPT, err);
}

/* A get fails alone; whatever else does, nothing is looked up or changed after it. */
static bool is_unreadable(struct lum_txn *txn)
{
    txn->is_damaged = txn->is_damaged || disk__look_fails(txn->store);
    return txn->is_damaged;
}

enum lum_status lum_txn_begin_read(struct lum_store *store, struct lum_txn **out,
                                   struct lum_error *err)
{
    if (store->is_dead || disk__look_fails(store)) {
        return refuse(store, err);
    }
    struct lum_txn *txn = disk__must(calloc(1, sizeof *txn));
    txn->store = store;
    txn->image = disk__image_share(store->file->now);
    *out = txn;
    return LUM_OK;
}

enum lum_status lum_txn_begin_write(struct lum_store *store, struct lum_txn **out,
                                    struct lum_error *err)
{
    LUM_ASSERT(store->writer.image == NULL);
    if (store->is_dead || disk__look_fails(store)) {
        return refuse(store, err);
    }
    if (store->is_read_only) {
        return lum_fail(err, LUM_CAUSE_no_permission, store->path, NULL);
    }
    store->trouble = LUM_CAUSE_none;
    struct lum_txn *txn = &store->writer;
    *txn = (struct lum_txn){.store = store, .is_write = true};
    txn->image = disk__image_copy(store->file->now);
    for (uint32_t i = 0; i < txn->image->shape->count; i++) {
        const struct tree *tree = &txn->image->trees[i];
        txn->weight += tree->bytes + tree->large_pages * DISK_PAGE;
    }
    *out = txn;
    return LUM_OK;
}

enum lum_status lum_txn_commit(struct lum_txn *txn, struct lum_error *err)
{
    LUM_ASSERT(txn->is_write && txn->image != NULL);
    struct lum_store *store = txn->store;
    enum lum_status status = LUM_OK;
    if (store->is_dead || txn->is_damaged) {
        status = refuse(store, err);
    } else if (txn->is_broken) {
        status = lum_store_fail(store, LUM_FULL, err);
    } else if (txn->is_dirty) {
        status = disk__commit(store, txn->image, err);
    }
    lum_txn_abort(txn);
    return status;
}

void lum_txn_abort(struct lum_txn *txn)
{
    if (txn == NULL) {
        return;
    }
    take_back(txn);
    free(txn->lent);
    txn->lent = NULL;
    disk__image_drop(txn->image);
    txn->image = NULL;
    if (!txn->is_write) {
        free(txn);
    }
}

/* ---- rows ---- */

static struct tree *tree_of(struct lum_txn *txn, uint32_t table)
{
    LUM_ASSERT(table < txn->store->table_count && txn->image != NULL);
    return &txn->image->trees[txn->store->tables[table]];
}

enum lum_status lum_txn_get(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                            struct lum_bytes *value)
{
    LUM_ASSERT(key.len >= 1 && key.len <= KEY_MAX);
    if (txn->is_broken) {
        return LUM_FULL;
    }
    if (txn->is_damaged || disk__look_fails(txn->store)) {
        return LUM_CORRUPT;
    }
    const struct row *row = tree_get(tree_of(txn, table), key);
    if (row == NULL) {
        return LUM_NOT_FOUND;
    }
    *value = lum_bytes_of(lend(txn, row) + row->key_len, row->value_len);
    return LUM_OK;
}

/* The tree, about to change; NULL when nothing changes in this transaction any more. */
static struct tree *begin_change(struct lum_txn *txn, uint32_t table)
{
    LUM_ASSERT(txn->is_write);
    struct tree *tree = tree_of(txn, table);
    if (txn->is_broken) {
        return NULL;
    }
    txn->weight -= tree->bytes + tree->large_pages * DISK_PAGE;
    return tree;
}

static enum lum_status end_change(struct lum_txn *txn, const struct tree *tree)
{
    txn->weight += tree->bytes + tree->large_pages * DISK_PAGE;
    txn->is_dirty = true;
    txn->version++;
    take_back(txn);
    if (txn->weight > txn->store->map_bytes) {
        txn->is_broken = true;
        txn->store->trouble = LUM_CAUSE_map_full;
        return LUM_FULL;
    }
    return LUM_OK;
}

enum lum_status lum_txn_put_two(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                                struct lum_bytes a, struct lum_bytes b)
{
    LUM_ASSERT(key.len >= 1 && key.len <= KEY_MAX);
    if (is_unreadable(txn)) {
        return LUM_CORRUPT;
    }
    struct tree *tree = begin_change(txn, table);
    if (tree == NULL) {
        return LUM_FULL;
    }
    tree_put(tree, key, a, b);
    return end_change(txn, tree);
}

enum lum_status lum_txn_put(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                            struct lum_bytes value)
{
    return lum_txn_put_two(txn, table, key, value, (struct lum_bytes){0});
}

enum lum_status lum_txn_append(struct lum_txn *txn, uint32_t table, struct lum_bytes key,
                               struct lum_bytes value)
{
    return lum_txn_put_two(txn, table, key, value, (struct lum_bytes){0});
}

enum lum_status lum_txn_delete(struct lum_txn *txn, uint32_t table, struct lum_bytes key)
{
    LUM_ASSERT(key.len >= 1 && key.len <= KEY_MAX);
    if (is_unreadable(txn)) {
        return LUM_CORRUPT;
    }
    if (!txn->is_broken && tree_get(tree_of(txn, table), key) == NULL) {
        return LUM_NOT_FOUND;
    }
    struct tree *tree = begin_change(txn, table);
    if (tree == NULL) {
        return LUM_FULL;
    }
    (void)tree_delete(tree, key);
    return end_change(txn, tree);
}

enum lum_status lum_txn_clear(struct lum_txn *txn, uint32_t table)
{
    if (is_unreadable(txn)) {
        return LUM_CORRUPT;
    }
    struct tree *tree = begin_change(txn, table);
    if (tree == NULL) {
        return LUM_FULL;
    }
    tree_drop(tree);
    return end_change(txn, tree);
}

uint64_t lum_txn_rows(struct lum_txn *txn, uint32_t table)
{
    return tree_of(txn, table)->rows;
}

uint64_t lum_txn_pages(struct lum_txn *txn, uint32_t table)
{
    return tree_pages(tree_of(txn, table));
}

uint64_t lum_txn_bytes(struct lum_txn *txn)
{
    return lum_store_bytes(txn->store);
}

/* ---- scans ---- */

struct cursor {
    uint32_t table;
    uint64_t version; /* of the transaction when the path was true */
    bool is_placed;
    struct row *row; /* that it stands on; NULL: beyond the end */
    struct tree_path path;
};

enum lum_status lum_scan_open(struct lum_txn *txn, uint32_t table, struct lum_scan *out)
{
    *out = (struct lum_scan){0};
    if (is_unreadable(txn)) {
        return LUM_CORRUPT;
    }
    struct cursor *cursor = disk__must(malloc(sizeof *cursor));
    LUM_ASSERT(tree_of(txn, table) != NULL);
    cursor->table = table;
    cursor->is_placed = false;
    cursor->row = NULL;
    *out = (struct lum_scan){.txn = txn, .cursor = cursor};
    return LUM_OK;
}

void lum_scan_close(struct lum_scan *scan)
{
    struct cursor *cursor = scan->cursor;
    if (cursor != NULL) {
        row_drop(cursor->row);
    }
    free(cursor);
    *scan = (struct lum_scan){0};
}

static bool stand_on(struct lum_scan *scan, struct row *row)
{
    struct cursor *cursor = scan->cursor;
    struct row *old = cursor->row;
    cursor->row = row == NULL ? NULL : row_share(row);
    cursor->version = scan->txn->version;
    cursor->is_placed = true;
    row_drop(old);
    if (row != NULL && is_unreadable(scan->txn)) {
        scan->is_damaged = true;
    }
    if (row == NULL || scan->is_damaged) {
        return false;
    }
    const uint8_t *at = lend(scan->txn, row);
    scan->key = lum_bytes_of(at, row->key_len);
    scan->value = lum_bytes_of(at + row->key_len, row->value_len);
    return true;
}

bool lum_scan_seek(struct lum_scan *scan, struct lum_bytes key)
{
    struct cursor *cursor = scan->cursor;
    const struct tree *tree = tree_of(scan->txn, cursor->table);
    return stand_on(scan, key.len == 0 ? tree_first(tree, &cursor->path)
                                       : tree_seek(tree, key, &cursor->path));
}

bool lum_scan_seek_before(struct lum_scan *scan, struct lum_bytes key)
{
    struct cursor *cursor = scan->cursor;
    const struct tree *tree = tree_of(scan->txn, cursor->table);
    LUM_ASSERT(key.len > 0);
    bool is_above = tree_seek(tree, key, &cursor->path) != NULL;
    return stand_on(scan, is_above ? tree_before(&cursor->path) : tree_last(tree, &cursor->path));
}

bool lum_scan_next(struct lum_scan *scan)
{
    struct cursor *cursor = scan->cursor;
    const struct tree *tree = tree_of(scan->txn, cursor->table);
    if (!cursor->is_placed) {
        return stand_on(scan, tree_first(tree, &cursor->path));
    }
    if (cursor->row == NULL) {
        return false;
    }
    struct row *row = NULL;
    if (cursor->version != scan->txn->version) {
        row = tree_seek(tree, row_key(cursor->row), &cursor->path);
        if (row != NULL && !lum_bytes_equal(row_key(row), row_key(cursor->row))) {
            return stand_on(scan, row); /* the one it stood on is gone */
        }
    }
    return stand_on(scan, tree_next(&cursor->path));
}

bool lum_scan_last(struct lum_scan *scan)
{
    struct cursor *cursor = scan->cursor;
    return stand_on(scan, tree_last(tree_of(scan->txn, cursor->table), &cursor->path));
}
