/*
 * disk_store.c - the part of core/store.h that looks at files: opening, commits reaching the disk,
 * copies. A store is a file of a disk; each is open once at a time, as LMDB wants it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/pack.h"
#include "core/store.h"
#include "tests/disk/disk_i.h"

enum {
    FILE_PAGES = 3, /* that every file has */
};

#define FORMAT_KEY "format" /* in table 0: u32 */

/* ---- errors ---- */

static enum lum_status tell(const struct lum_store *store, enum lum_cause cause,
                            struct lum_error *err)
{
    return lum_fail(err, cause, store->path, "the disk fails");
}

enum lum_status disk__refuse_dead(const struct lum_store *store, struct lum_error *err)
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
    return disk__refuse_dead(store, err);
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

/* Looks that failed: rows that rot here are whole ones, with their sums. */
uint64_t lum_store_damage(const struct lum_store *store)
{
    return store->damage;
}

uint64_t lum_txn_damage(const struct lum_txn *txn)
{
    return txn->store->damage;
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

/* ---- reaching the disk ---- */

enum lum_status disk__commit(struct lum_store *store, struct image *image, struct lum_error *err)
{
    struct disk_outcome outcome = disk__operate(store->disk, true);
    if (outcome.is_done) {
        install(store->file, image, store->durability);
        store->file->changed = ++store->disk->ticks;
    }
    return settle(store, outcome.cause, err);
}

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
        return disk__refuse_dead(store, err);
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
