/*
 * disk_store.c - core/store.h over images in memory, as core/store.c is over LMDB.
 *
 *   lum_store   a file of a disk, opened; there is one of each file at a time, as LMDB wants it
 *   lum_txn     of a reader: the image that was the newest. Of the writer: a copy of it, which
 *               becomes the newest by the commit
 *   cursor      a path down the tree. What was put or deleted since makes it void; then it is found
 *               again by the key it stood on
 *
 * Under AddressSanitizer what get and scan hand out is a copy that goes away at the very moment the
 * contract says, so that who looks at it any later is caught. LMDB's page would mostly still hold
 * it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pack.h"
#include "core/store.h"
#include "tests/disk/disk_i.h"

enum {
    KEY_MAX = 511,
    FILE_PAGES = 3, /* that every file has */
};

#define FORMAT_KEY "format" /* in table 0: u32 */

struct lum_txn {
    struct lum_store *store;
    struct image *image; /* NULL: none is open */
    bool is_write;
    bool is_dirty;
    bool is_broken;   /* the map was full */
    uint64_t version; /* counts changes */
    uint64_t weight;  /* bytes of all rows */
    uint8_t **lent;   /* copies that were handed out */
    size_t lent_count;
    size_t lent_room;
};

struct lum_store {
    struct disk *disk; /* NULL: its machine is gone */
    struct file *file;
    char *path;
    enum lum_durability durability;
    bool is_read_only;
    uint32_t format;
    uint32_t table_count;
    uint32_t tables[DISK_TABLES_MAX]; /* where each is in the image */
    uint64_t map_bytes;
    struct lum_txn writer;
    enum lum_cause trouble;
    bool is_dead;
};

/* ---- errors ---- */

static enum lum_status tell(const struct lum_store *store, enum lum_cause cause,
                            struct lum_error *err)
{
    return lum_fail(err, cause, store->path, "the disk fails");
}

static enum lum_status refuse_dead(const struct lum_store *store, struct lum_error *err)
{
    return tell(store, LUM_CAUSE_disk_sync_failed, err);
}

enum lum_status lum_store_fail(struct lum_store *store, enum lum_status status,
                               struct lum_error *err)
{
    if (status == LUM_NO_MEMORY) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    if (store->trouble != LUM_CAUSE_none && lum_cause_status(store->trouble) == status) {
        return tell(store, store->trouble, err);
    }
    return lum_fail(err, LUM_CAUSE_store_damaged, store->path, lum_status_words(status));
}

/* After an operation that was to make something durable. */
static enum lum_status settle(struct lum_store *store, enum lum_cause cause, struct lum_error *err)
{
    if (cause == LUM_CAUSE_none) {
        return LUM_OK;
    }
    store->trouble = cause;
    if (cause == LUM_CAUSE_disk_full) {
        return tell(store, cause, err);
    }
    store->is_dead = true;
    return refuse_dead(store, err);
}

/* ---- opening ---- */

static struct lum_bytes text_bytes(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

static uint64_t image_bytes(const struct image *image)
{
    uint64_t pages = FILE_PAGES;
    for (uint32_t i = 0; i < image->shape->count; i++) {
        pages += tree_pages(&image->trees[i]);
    }
    return pages * DISK_PAGE;
}

static struct image *first_image(const struct lum_store_options *options)
{
    struct shape *shape = disk__must(calloc(1, sizeof *shape));
    size_t trees = options->table_count * sizeof(struct tree);
    struct image *image = disk__must(calloc(1, sizeof *image + trees));
    uint8_t number[4];
    shape->refs = 1;
    shape->count = options->table_count;
    for (uint32_t i = 0; i < shape->count; i++) {
        LUM_ASSERT(strlen(options->tables[i]) < DISK_NAME);
        (void)snprintf(shape->names[i], DISK_NAME, "%s", options->tables[i]);
    }
    image->refs = 1;
    image->shape = shape;
    lum_put_u32(number, options->format);
    tree_put(&image->trees[0], text_bytes(FORMAT_KEY), lum_bytes_of(number, sizeof number),
             (struct lum_bytes){0});
    return image;
}

/* The file's newest image from now on, and how sure it is. */
static void install(struct file *file, struct image *image, enum lum_durability durability)
{
    disk__image_drop(file->kept[DISK_KEPT - 1]);
    memmove(file->kept + 1, file->kept, (DISK_KEPT - 1) * sizeof file->kept[0]);
    file->kept[0] = file->now;
    file->now = disk__image_share(image);
    if (durability == LUM_DURABLE) {
        disk__image_set(&file->sure, image);
    } else if (durability == LUM_DERIVED) {
        disk__image_set(&file->sure, file->kept[0]);
    }
    file->is_loose = durability == LUM_SCRATCH;
    uint64_t bytes = image_bytes(image);
    file->bytes = bytes > file->bytes ? bytes : file->bytes;
}

static enum lum_status make_file(struct disk *disk, const char *name,
                                 const struct lum_store_options *options, struct lum_error *err)
{
    struct disk_outcome outcome = disk__operate(disk, true);
    if (outcome.is_done) {
        struct file *file = disk__file_make(disk);
        struct image *image = first_image(options);
        install(file, image, options->durability);
        disk__image_drop(image);
        disk__name(disk, name, file);
        disk__bury(disk);
    }
    return outcome.cause == LUM_CAUSE_none
               ? LUM_OK
               : lum_fail(err, outcome.cause, options->path, "the disk fails");
}

/* What stands there is a store, or is made one. */
static enum lum_status find_file(struct disk *disk, const char *name,
                                 const struct lum_store_options *options, struct lum_error *err)
{
    const struct file *file = disk__file(disk, name);
    if (disk->is_cut) {
        return lum_fail(err, LUM_CAUSE_disk_error, options->path, "the disk fails");
    }
    if (file == NULL || (file->text != NULL && file->text->len == 0)) {
        return options->create ? make_file(disk, name, options, err)
                               : lum_fail(err, LUM_CAUSE_no_store, options->path, NULL);
    }
    if (file->text != NULL) {
        return lum_fail(err, LUM_CAUSE_store_not_ours, options->path, NULL);
    }
    return file->now != NULL ? LUM_OK
                             : lum_fail(err, LUM_CAUSE_store_damaged, options->path, "torn");
}

static enum lum_status find_tables(struct lum_store *store, const struct lum_store_options *options,
                                   struct lum_error *err)
{
    const struct shape *shape = store->file->now->shape;
    for (uint32_t i = 0; i < options->table_count; i++) {
        uint32_t at = 0;
        while (at < shape->count && strcmp(shape->names[at], options->tables[i]) != 0) {
            at++;
        }
        if (at == shape->count) {
            return lum_fail(err, i == 0 ? LUM_CAUSE_store_not_ours : LUM_CAUSE_store_damaged,
                            store->path, options->tables[i]);
        }
        store->tables[i] = at;
    }
    return LUM_OK;
}

static enum lum_status read_format(struct lum_store *store, struct lum_error *err)
{
    const struct tree *meta = &store->file->now->trees[store->tables[0]];
    const struct row *row = tree_get(meta, text_bytes(FORMAT_KEY));
    if (row == NULL || row->value_len != 4) {
        return lum_fail(err, LUM_CAUSE_store_not_ours, store->path, NULL);
    }
    uint32_t ours = store->format;
    store->format = lum_get_u32(row_value(row).at);
    return store->format <= ours
               ? LUM_OK
               : lum_fail_number(err, LUM_CAUSE_store_newer, store->path, store->format);
}

static struct lum_store *store_make(struct disk *disk, struct file *file,
                                    const struct lum_store_options *options)
{
    struct lum_store *store = disk__must(calloc(1, sizeof *store));
    LUM_ASSERT(file->open == NULL); /* LMDB wants one environment a file */
    store->path = disk__must(malloc(strlen(options->path) + 1));
    memcpy(store->path, options->path, strlen(options->path) + 1);
    store->disk = disk;
    store->file = file;
    store->durability = options->durability;
    store->is_read_only = options->read_only;
    store->format = options->format;
    store->table_count = options->table_count;
    store->map_bytes = options->map_bytes;
    file->refs++;
    file->open = store;
    return store;
}

enum lum_status lum_store_open(const struct lum_store_options *options, struct lum_store **out,
                               struct lum_error *err)
{
    const char *name = NULL;
    LUM_ASSERT(options->table_count >= 1 && options->table_count <= DISK_TABLES_MAX);
    LUM_ASSERT(!(options->create && options->read_only));
    struct disk *disk = disk__find(options->path, &name);
    enum lum_status status = find_file(disk, name, options, err);
    if (status != LUM_OK) {
        return status;
    }
    struct lum_store *store = store_make(disk, disk__file(disk, name), options);
    status = find_tables(store, options, err);
    if (status == LUM_OK) {
        status = read_format(store, err);
    }
    if (status != LUM_OK) {
        lum_store_close(store);
        return status;
    }
    *out = store;
    return LUM_OK;
}

void lum_store_close(struct lum_store *store)
{
    if (store == NULL) {
        return;
    }
    LUM_ASSERT(store->writer.image == NULL);
    store->file->open = NULL;
    disk__file_drop(store->file);
    free(store->path);
    free(store);
}

uint32_t lum_store_format(const struct lum_store *store)
{
    return store->format;
}

/* A file of its own, with what was the newest. */
void disk__store_part(struct lum_store *store)
{
    struct file *file = disk__must(calloc(1, sizeof *file));
    file->refs = 1;
    file->now = disk__image_share(store->file->now);
    file->bytes = store->file->bytes;
    file->open = store;
    store->file->open = NULL;
    disk__file_drop(store->file);
    store->file = file;
    store->disk = NULL;
}

bool disk__store_writes(const struct lum_store *store)
{
    return store->writer.image != NULL;
}

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

enum lum_status lum_txn_begin_read(struct lum_store *store, struct lum_txn **out,
                                   struct lum_error *err)
{
    if (store->is_dead) {
        return refuse_dead(store, err);
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
    if (store->is_dead) {
        return refuse_dead(store, err);
    }
    if (store->is_read_only) {
        return tell(store, LUM_CAUSE_no_permission, err);
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
    if (store->is_dead) {
        status = refuse_dead(store, err);
    } else if (txn->is_broken) {
        status = lum_store_fail(store, LUM_FULL, err);
    } else if (txn->is_dirty) {
        struct disk_outcome outcome = disk__operate(store->disk, true);
        if (outcome.is_done) {
            install(store->file, txn->image, store->durability);
            store->file->changed = ++store->disk->ticks;
        }
        status = settle(store, outcome.cause, err);
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
    if (row == NULL) {
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

/* ---- the file as a whole ---- */

enum lum_status lum_store_copy(struct lum_store *store, const char *path, struct lum_error *err)
{
    const char *name = NULL;
    struct disk *disk = disk__find(path, &name);
    if (disk__file(disk, name) != NULL) {
        return lum_fail(err, LUM_CAUSE_store_exists, path, NULL);
    }
    struct disk_outcome outcome = disk__operate(store->disk == NULL ? NULL : disk, true);
    if (outcome.is_done) {
        struct file *file = disk__file_make(disk);
        install(file, store->file->now, LUM_DURABLE);
        disk__name(disk, name, file);
        disk__bury(disk);
    }
    return outcome.cause == LUM_CAUSE_none ? LUM_OK
                                           : lum_fail(err, outcome.cause, path, "the disk fails");
}

enum lum_status lum_store_sync(struct lum_store *store, struct lum_error *err)
{
    if (store->is_dead) {
        return refuse_dead(store, err);
    }
    struct disk_outcome outcome = disk__operate(store->disk, false);
    if (outcome.is_done) {
        disk__image_set(&store->file->sure, store->file->now);
        store->file->is_loose = false;
    }
    return settle(store, outcome.cause, err);
}

uint64_t lum_store_bytes(struct lum_store *store)
{
    return store->file->bytes;
}

uint64_t lum_txn_bytes(struct lum_txn *txn)
{
    return lum_store_bytes(txn->store);
}
