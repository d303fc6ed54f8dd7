/*
 * disk_trouble.c - operations that fail, power that goes, rows that rot; see disk.h.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/disk/disk_i.h"

/* ---- the fuse ---- */

void disk_fuse(struct disk *disk, uint64_t n, enum disk_trouble trouble, bool is_done)
{
    disk->fuse = n;
    disk->trouble = trouble;
    disk->is_done = is_done;
    disk->is_failing = false;
    disk->is_full = false;
}

uint64_t disk_operations(const struct disk *disk)
{
    return disk->operations;
}

/* True when the operation under way fails by it. */
static bool burn(struct disk *disk)
{
    switch (disk->trouble) {
    case DISK_POWER:
        disk->is_cut = true;
        return true;
    case DISK_EIO_ONCE:
        return true;
    case DISK_EIO:
        disk->is_failing = true;
        return true;
    case DISK_NO_ROOM:
        disk->is_full = true;
        return false;
    }
    LUM_UNREACHABLE("trouble");
}

struct disk_outcome disk__operate(struct disk *disk, bool needs_room)
{
    static const struct disk_outcome fails = {LUM_CAUSE_disk_error, false};
    if (disk == NULL || disk->is_cut) {
        return fails;
    }
    disk->operations++;
    if (disk->is_failing) {
        return fails;
    }
    if (disk->fuse > 0 && --disk->fuse == 0 && burn(disk)) {
        return (struct disk_outcome){LUM_CAUSE_disk_error, disk->is_done};
    }
    if (disk->is_full && needs_room) {
        return (struct disk_outcome){LUM_CAUSE_disk_full, false};
    }
    return (struct disk_outcome){LUM_CAUSE_none, true};
}

uint64_t disk_fuse_look(struct disk *disk, uint64_t n)
{
    uint64_t left = disk->look_fuse;
    disk->look_fuse = n;
    return left;
}

bool disk__look_fails(struct lum_store *store)
{
    struct disk *disk = store->disk;
    if (disk != NULL && disk->look_fuse > 0 && --disk->look_fuse == 0) {
        store->trouble = LUM_CAUSE_store_damaged;
        store->damage++;
        return true;
    }
    return false;
}

void disk__gain_room(struct disk *disk)
{
    disk->is_full = false;
}

/* ---- power ---- */

void disk_cut(struct disk *disk)
{
    disk->is_cut = true;
}

bool disk_is_cut(const struct disk *disk)
{
    return disk->is_cut;
}

static uint32_t draw(struct choice *choice, uint32_t below)
{
    return choice == NULL ? 0 : choice_draw(choice, below);
}

/* The newest image is this one, and nobody doubts it; NULL: the file is empty. */
static void settle_on(struct file *file, struct image *image)
{
    (void)disk__image_share(image);
    disk__image_set(&file->now, image);
    disk__image_set(&file->sure, image);
    disk__image_drop(image);
    file->is_loose = false;
    if (image == NULL) {
        file->text = disk__text_make((struct lum_bytes){0});
    }
}

/* Older images than `commits` before the newest move up. */
static void forget_newest(struct file *file, uint32_t commits)
{
    for (uint32_t i = 0; i < DISK_KEPT; i++) {
        uint32_t from = i + commits;
        disk__image_set(&file->kept[i], from < DISK_KEPT ? file->kept[from] : NULL);
    }
}

/* All of it, an older image, an empty file, or bytes that are no store. */
static void lose_loosely(struct file *file, struct choice *choice)
{
    uint32_t kept = 0;
    while (kept < DISK_KEPT && file->kept[kept] != NULL && file->kept[kept] != file->sure) {
        kept++;
    }
    uint32_t what = draw(choice, 3 + kept);
    if (what == 0) {
        settle_on(file, file->now);
    } else if (what <= kept) {
        settle_on(file, file->kept[what - 1]);
        forget_newest(file, what);
    } else {
        settle_on(file, NULL);
        forget_newest(file, DISK_KEPT);
    }
    if (what == kept + 2) { /* not even that */
        disk__text_drop(file->text);
        file->text = NULL;
    }
}

static void lose(struct file *file, struct choice *choice)
{
    if (file->now == file->sure) {
        return;
    }
    if (file->is_loose) {
        lose_loosely(file, choice);
    } else if (draw(choice, 2) == 0) {
        settle_on(file, file->now);
    } else {
        settle_on(file, file->sure);
        forget_newest(file, 1);
    }
}

void disk_crash(struct disk *disk, struct choice *choice)
{
    for (uint32_t i = 0; i < disk->files.count; i++) {
        struct file *file = disk->files.at[i].file;
        if (file->open != NULL) {
            disk__store_part(file->open);
        }
        lose(file, choice);
    }
    for (uint32_t i = 0; i < disk->graves.count; i++) {
        struct entry *grave = &disk->graves.at[i];
        if (grave->file->open != NULL) {
            disk__store_part(grave->file->open);
        }
        if (draw(choice, 2) == 1 && disk__file(disk, grave->name) == NULL) {
            lose(grave->file, choice);
            disk__name(disk, grave->name, grave->file);
        }
    }
    disk__bury(disk);
    disk_fuse(disk, 0, DISK_POWER, false);
    (void)disk_fuse_look(disk, 0);
    disk->is_cut = false;
}

/* ---- damage ---- */

static struct file *store_at(struct disk *disk, const char *name)
{
    struct file *file = disk__file(disk, name);
    LUM_ASSERT(file == NULL || file->open == NULL || !disk__store_writes(file->open));
    return file != NULL && file->now != NULL ? file : NULL;
}

bool disk_set_back(struct disk *disk, const char *name, uint32_t commits)
{
    LUM_ASSERT(commits >= 1 && commits <= DISK_KEPT);
    struct file *file = store_at(disk, name);
    if (file == NULL || file->kept[commits - 1] == NULL) {
        return false;
    }
    settle_on(file, file->kept[commits - 1]);
    forget_newest(file, commits);
    return true;
}

uint64_t disk_rows(const struct disk *disk, const char *name, uint32_t table)
{
    for (uint32_t i = 0; i < disk->files.count; i++) {
        const struct image *image = disk->files.at[i].file->now;
        if (strcmp(disk->files.at[i].name, name) == 0 && image != NULL) {
            return table < image->shape->count ? image->trees[table].rows : 0;
        }
    }
    return 0;
}

/* The row, and the tree it stands in, in an image that may be changed; NULL when there is none. */
static struct row *row_at(struct image *image, uint32_t table, uint64_t row)
{
    struct tree_path path;
    struct row *at = tree_first(&image->trees[table], &path);
    for (; row > 0 && at != NULL; row--) {
        at = tree_next(&path);
    }
    return at;
}

/* The newest image with another value under that row's key, or without it. */
static void replace(struct file *file, uint32_t table, struct row *row, const struct text *value)
{
    struct image *image = disk__image_copy(file->now);
    bool is_sure = file->sure == file->now;
    (void)row_share(row);
    if (value != NULL) {
        tree_put(&image->trees[table], row_key(row), lum_bytes_of(value->at, value->len),
                 (struct lum_bytes){0});
    } else {
        (void)tree_delete(&image->trees[table], row_key(row));
    }
    row_drop(row);
    disk__image_set(&file->now, image);
    if (is_sure) {
        disk__image_set(&file->sure, image);
    }
    disk__image_drop(image);
}

bool disk_rot_row(struct disk *disk, const char *name, uint32_t table, uint64_t row, size_t at,
                  uint8_t mask)
{
    struct file *file = store_at(disk, name);
    if (file == NULL || row >= disk_rows(disk, name, table)) {
        return false;
    }
    struct row *old = row_at(file->now, table, row);
    if (old->value_len == 0) {
        return false;
    }
    struct text *value = disk__text_make(row_value(old));
    value->at[at % value->len] ^= mask;
    replace(file, table, old, value);
    disk__text_drop(value);
    return true;
}

bool disk_lose_row(struct disk *disk, const char *name, uint32_t table, uint64_t row)
{
    struct file *file = store_at(disk, name);
    if (file == NULL || row >= disk_rows(disk, name, table)) {
        return false;
    }
    replace(file, table, row_at(file->now, table, row), NULL);
    return true;
}

bool disk_rot_file(struct disk *disk, const char *name, size_t at, uint8_t mask)
{
    struct file *file = disk__file(disk, name);
    if (file == NULL || file->text == NULL || file->text->len == 0) {
        return false;
    }
    struct text *text = disk__text_make(lum_bytes_of(file->text->at, file->text->len));
    text->at[at % text->len] ^= mask;
    disk__text_drop(file->text);
    file->text = text;
    return true;
}
