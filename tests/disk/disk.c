/*
 * disk.c - disks by their number, names on them, small files, copies; see disk.h.
 */
#include "tests/disk/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/disk/disk_i.h"

#define PREFIX "disk:"

static struct disk **disks; /* by number; NULL: free */
static uint32_t disk_room;

void *disk__must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* ---- images and texts ---- */

struct image *disk__image_share(struct image *image)
{
    if (image != NULL) {
        image->refs++;
    }
    return image;
}

void disk__image_drop(struct image *image)
{
    if (image == NULL || --image->refs > 0) {
        return;
    }
    for (uint32_t i = 0; i < image->shape->count; i++) {
        tree_drop(&image->trees[i]);
    }
    if (--image->shape->refs == 0) {
        free(image->shape);
    }
    free(image);
}

struct image *disk__image_copy(const struct image *image)
{
    uint32_t count = image->shape->count;
    struct image *copy = disk__must(malloc(sizeof *copy + count * sizeof copy->trees[0]));
    copy->refs = 1;
    copy->shape = image->shape;
    copy->shape->refs++;
    for (uint32_t i = 0; i < count; i++) {
        copy->trees[i] = tree_copy(&image->trees[i]);
    }
    return copy;
}

void disk__image_set(struct image **place, struct image *image)
{
    struct image *old = *place;
    *place = disk__image_share(image);
    disk__image_drop(old);
}

struct text *disk__text_make(struct lum_bytes bytes)
{
    struct text *text = disk__must(malloc(sizeof *text + bytes.len));
    text->refs = 1;
    text->len = bytes.len;
    if (bytes.len > 0) {
        memcpy(text->at, bytes.at, bytes.len);
    }
    return text;
}

struct text *disk__text_share(struct text *text)
{
    if (text != NULL) {
        text->refs++;
    }
    return text;
}

void disk__text_drop(struct text *text)
{
    if (text != NULL && --text->refs == 0) {
        free(text);
    }
}

/* ---- files and names ---- */

struct file *disk__file_make(struct disk *disk)
{
    struct file *file = disk__must(calloc(1, sizeof *file));
    file->inode = ++disk->ticks;
    file->changed = disk->ticks;
    return file;
}

void disk__file_drop(struct file *file)
{
    if (file == NULL || --file->refs > 0) {
        return;
    }
    disk__text_drop(file->text);
    disk__image_drop(file->now);
    disk__image_drop(file->sure);
    for (size_t i = 0; i < DISK_KEPT; i++) {
        disk__image_drop(file->kept[i]);
    }
    free(file);
}

struct entry *disk__entry(struct entries *entries, const char *name)
{
    for (uint32_t i = 0; i < entries->count; i++) {
        if (strcmp(entries->at[i].name, name) == 0) {
            return &entries->at[i];
        }
    }
    return NULL;
}

struct file *disk__file(struct disk *disk, const char *name)
{
    struct entry *entry = disk__entry(&disk->files, name);
    return entry == NULL ? NULL : entry->file;
}

static void add_entry(struct entries *entries, const char *name, struct file *file)
{
    if (entries->count == entries->room) {
        entries->room = entries->room * 2 + 4;
        entries->at = disk__must(realloc(entries->at, entries->room * sizeof entries->at[0]));
    }
    char *copy = disk__must(malloc(strlen(name) + 1));
    memcpy(copy, name, strlen(name) + 1);
    file->refs++;
    entries->at[entries->count++] = (struct entry){copy, file};
}

void disk__name(struct disk *disk, const char *name, struct file *file)
{
    struct entry *entry = disk__entry(&disk->files, name);
    if (entry == NULL) {
        add_entry(&disk->files, name, file);
        return;
    }
    struct file *old = entry->file;
    file->refs++;
    entry->file = file;
    disk__file_drop(old);
}

/* Those after it move up, so that their order is the one they were made in. */
void disk__unname(struct entries *entries, struct entry *entry)
{
    size_t at = (size_t)(entry - entries->at);
    disk__file_drop(entry->file);
    free(entry->name);
    entries->count--;
    memmove(entry, entry + 1, (entries->count - at) * sizeof *entry);
}

static void unname_all(struct entries *entries)
{
    while (entries->count > 0) {
        disk__unname(entries, &entries->at[entries->count - 1]);
    }
}

void disk__bury(struct disk *disk)
{
    unname_all(&disk->graves);
}

/* ---- disks ---- */

struct disk *disk_open(void)
{
    uint32_t number = 0;
    while (number < disk_room && disks[number] != NULL) {
        number++;
    }
    if (number == disk_room) {
        uint32_t room = disk_room * 2 + 16;
        disks = disk__must(realloc(disks, room * sizeof(struct disk *)));
        memset(disks + disk_room, 0, (room - disk_room) * sizeof(struct disk *));
        disk_room = room;
    }
    struct disk *disk = disk__must(calloc(1, sizeof *disk));
    disk->number = number;
    (void)snprintf(disk->path, sizeof disk->path, PREFIX "%u", (unsigned)number);
    disks[number] = disk;
    return disk;
}

static void nothing_is_open(const struct disk *disk)
{
    for (uint32_t i = 0; i < disk->files.count; i++) {
        LUM_ASSERT(disk->files.at[i].file->open == NULL);
    }
}

void disk_close(struct disk *disk)
{
    if (disk == NULL) {
        return;
    }
    nothing_is_open(disk);
    unname_all(&disk->files);
    unname_all(&disk->graves);
    free(disk->files.at);
    free(disk->graves.at);
    disks[disk->number] = NULL;
    free(disk);
    for (uint32_t i = 0; i < disk_room; i++) {
        if (disks[i] != NULL) {
            return;
        }
    }
    free(disks); /* the last one leaves nothing */
    disks = NULL;
    disk_room = 0;
}

const char *disk_path(const struct disk *disk)
{
    return disk->path;
}

struct disk *disk__find(const char *path, const char **name)
{
    char *end = NULL;
    LUM_ASSERT(strncmp(path, PREFIX, strlen(PREFIX)) == 0);
    unsigned long number = strtoul(path + strlen(PREFIX), &end, 10);
    LUM_ASSERT(number < disk_room && disks[number] != NULL && (*end == '/' || *end == '\0'));
    *name = *end == '/' ? end + 1 : end;
    return disks[number];
}

/* ---- copies ---- */

static void copy_file(const struct entry *entry, struct disk *to, enum disk_copy how)
{
    const struct file *from = entry->file;
    struct file *file = disk__file_make(to);
    if (how == DISK_IMAGE) {
        file->inode = from->inode;
        file->changed = from->changed;
    }
    file->text = disk__text_share(from->text);
    file->now = disk__image_share(from->now);
    file->sure = disk__image_share(from->sure);
    for (size_t i = 0; i < DISK_KEPT; i++) {
        file->kept[i] = disk__image_share(from->kept[i]);
    }
    file->is_loose = from->is_loose;
    file->bytes = from->bytes;
    add_entry(&to->files, entry->name, file);
}

void disk_copy(const struct disk *from, struct disk *to, enum disk_copy how)
{
    LUM_ASSERT(from != to);
    nothing_is_open(to);
    unname_all(&to->files);
    unname_all(&to->graves);
    to->ticks = to->ticks > from->ticks ? to->ticks : from->ticks;
    to->fuse = 0;
    to->is_cut = false;
    to->is_failing = false;
    to->is_full = false;
    for (uint32_t i = 0; i < from->files.count; i++) {
        copy_file(&from->files.at[i], to, how);
    }
    to->ticks = how == DISK_IMAGE ? from->ticks : to->ticks;
}

/* ---- small files, for struct lum_env ---- */

static enum lum_status fail(enum lum_cause cause, const char *path, struct lum_error *err)
{
    return lum_fail(err, cause, path, cause == LUM_CAUSE_disk_error ? "the disk fails" : NULL);
}

static struct file *file_at(const char *path)
{
    const char *name = NULL;
    struct disk *disk = disk__find(path, &name);
    return disk__file(disk, name);
}

static enum lum_status file_read(void *self, const char *path, struct lum_buf *out, size_t max,
                                 struct lum_error *err)
{
    const struct file *file = file_at(path);
    (void)self;
    if (file == NULL) {
        return fail(LUM_CAUSE_no_file, path, err);
    }
    if (file->text == NULL || file->text->len > max) {
        return lum_fail(err, LUM_CAUSE_store_damaged, path, "longer than it can be");
    }
    lum_buf_reset(out);
    lum_buf_put(out, file->text->at, file->text->len);
    return out->broken ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL) : LUM_OK;
}

static enum lum_status file_write(void *self, const char *path, struct lum_bytes bytes,
                                  struct lum_error *err)
{
    const char *name = NULL;
    struct disk *disk = disk__find(path, &name);
    struct disk_outcome outcome = disk__operate(disk, true);
    (void)self;
    if (outcome.is_done) {
        struct file *file = disk__file_make(disk);
        file->text = disk__text_make(bytes);
        disk__name(disk, name, file);
        disk__bury(disk);
    }
    return outcome.cause == LUM_CAUSE_none ? LUM_OK : fail(outcome.cause, path, err);
}

static void rename_entry(struct disk *disk, struct entry *entry, const char *name)
{
    struct file *file = entry->file;
    bool replaces = disk__file(disk, name) != NULL && disk__file(disk, name) != file;
    file->refs++;
    disk__unname(&disk->files, entry);
    disk__name(disk, name, file);
    file->refs--;
    file->changed = ++disk->ticks;
    disk__bury(disk);
    if (replaces) {
        disk__gain_room(disk);
    }
}

static enum lum_status file_rename(void *self, const char *from, const char *to,
                                   struct lum_error *err)
{
    const char *old = NULL;
    const char *name = NULL;
    struct disk *disk = disk__find(from, &old);
    struct entry *entry = disk__entry(&disk->files, old);
    (void)self;
    LUM_ASSERT(disk__find(to, &name) == disk);
    if (entry == NULL) {
        return fail(LUM_CAUSE_no_file, from, err);
    }
    struct disk_outcome outcome = disk__operate(disk, false);
    if (outcome.is_done) {
        rename_entry(disk, entry, name);
    }
    return outcome.cause == LUM_CAUSE_none ? LUM_OK : fail(outcome.cause, from, err);
}

static enum lum_status file_remove(void *self, const char *path)
{
    const char *name = NULL;
    struct disk *disk = disk__find(path, &name);
    struct entry *entry = disk__entry(&disk->files, name);
    (void)self;
    if (entry == NULL) {
        return LUM_NOT_FOUND;
    }
    struct disk_outcome outcome = disk__operate(disk, false);
    if (outcome.is_done) {
        add_entry(&disk->graves, name, entry->file);
        disk__unname(&disk->files, entry);
        disk__gain_room(disk);
    }
    return lum_cause_status(outcome.cause);
}

static enum lum_status file_identity(void *self, const char *path, struct lum_file_identity *out)
{
    const struct file *file = file_at(path);
    (void)self;
    if (file == NULL) {
        return LUM_NOT_FOUND;
    }
    *out = (struct lum_file_identity){.inode = file->inode, .ctime_ns = (int64_t)file->changed};
    return LUM_OK;
}

static enum lum_status file_size(void *self, const char *path, uint64_t *out)
{
    const struct file *file = file_at(path);
    (void)self;
    if (file == NULL) {
        return LUM_NOT_FOUND;
    }
    *out = file->text != NULL ? file->text->len : file->bytes;
    return LUM_OK;
}

/* Room has no number here: it is there, or DISK_FULL says that it is not. */
static enum lum_status file_reserve(void *self, const char *path, uint64_t bytes,
                                    struct lum_error *err)
{
    (void)self;
    (void)path;
    (void)bytes;
    (void)err;
    return LUM_OK;
}

static enum lum_status room(void *self, const char *path, uint64_t *out)
{
    (void)self;
    (void)path;
    *out = UINT64_MAX;
    return LUM_OK;
}

/* Folders are in names only. */
static enum lum_status folder_make(void *self, const char *path, struct lum_error *err)
{
    const char *name = NULL;
    (void)self;
    return disk__find(path, &name)->is_cut ? fail(LUM_CAUSE_disk_error, path, err) : LUM_OK;
}

void disk_env(struct lum_env *env)
{
    env->file_read = file_read;
    env->file_write = file_write;
    env->file_rename = file_rename;
    env->file_remove = file_remove;
    env->file_identity = file_identity;
    env->file_size = file_size;
    env->file_reserve = file_reserve;
    env->room = room;
    env->folder_make = folder_make;
}
