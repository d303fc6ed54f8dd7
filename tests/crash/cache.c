/*
 * cache.c - see cache.h.
 *
 *   files    every file there was, with the bytes that are durable
 *   shown    names as processes see them
 *   kept     names that are durable
 *   changes  what is pending, in its order; bytes are the recording's
 */
#include "tests/crash/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FILES_MAX = 512,
    NAMES_MAX = IMAGE_FILES,
    CHANGES_MAX = 4096,
    SECTOR = 512,
    PAGE = 4096,
};

enum change_type {
    CHANGE_WRITE,
    CHANGE_SIZE,
    CHANGE_NAME,
};

struct change {
    enum change_type type;
    size_t file;
    uint64_t place;
    uint32_t len;
    const uint8_t *bytes;
    char from[IMAGE_PATH]; /* "": the file is new */
    char to[IMAGE_PATH];   /* "": it is removed */
};

struct name {
    char path[IMAGE_PATH]; /* "": none */
    size_t file;
};

struct names {
    struct name at[NAMES_MAX];
};

struct cache {
    char machine;
    bool lies;
    bool is_settling;                   /* the last change is through O_DSYNC */
    struct image_file files[FILES_MAX]; /* their paths are not used */
    bool is_loaded[FILES_MAX];
    size_t file_count;
    struct names shown;
    struct names kept;
    struct change changes[CHANGES_MAX];
    size_t change_count;
    struct image image; /* that was given last */
};

static void must(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "the test itself: %s\n", what);
        exit(99);
    }
}

struct cache *cache_open(char machine, bool lies)
{
    struct cache *cache = calloc(1, sizeof(*cache));
    must(cache != NULL, "memory");
    cache->machine = machine;
    cache->lies = lies;
    return cache;
}

void cache_close(struct cache *cache)
{
    for (size_t i = 0; i < cache->file_count; i++) {
        free(cache->files[i].bytes);
    }
    image_free(&cache->image);
    free(cache);
}

/* ---- names ---- */

static struct name *find_name(struct names *names, const char *path)
{
    for (size_t i = 0; i < NAMES_MAX; i++) {
        if (strcmp(names->at[i].path, path) == 0) {
            return &names->at[i];
        }
    }
    return NULL;
}

static void set_name(struct names *names, const char *path, size_t file)
{
    struct name *name = find_name(names, path);
    name = name != NULL ? name : find_name(names, "");
    must(name != NULL && strlen(path) < IMAGE_PATH, "too many names");
    (void)snprintf(name->path, sizeof(name->path), "%s", path);
    name->file = file;
}

static void rename_in(struct names *names, const struct change *change)
{
    struct name *from = change->from[0] == '\0' ? NULL : find_name(names, change->from);
    if (from != NULL && from->file == change->file) {
        from->path[0] = '\0';
    }
    if (change->to[0] != '\0') {
        set_name(names, change->to, change->file);
    }
}

static bool is_in_folder(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return path[0] != '\0' && strncmp(path, folder, len) == 0 && path[len] == '/' &&
           strchr(path + len + 1, '/') == NULL;
}

/* ---- changes ---- */

static struct change *add_change(struct cache *cache, enum change_type type, size_t file)
{
    must(cache->change_count < CHANGES_MAX, "too many changes");
    struct change *change = &cache->changes[cache->change_count++];
    *change = (struct change){.type = type, .file = file};
    return change;
}

/* On the bytes and size of a file. */
static void write_to(struct image_file *file, uint64_t place, const uint8_t *bytes, uint32_t len)
{
    image_grow(file, place + len);
    memcpy(file->bytes + place, bytes, len);
    file->size = place + len > file->size ? place + len : file->size;
}

static void resize(struct image_file *file, uint64_t size)
{
    file->len = file->len < size ? file->len : (size_t)size;
    file->size = size;
}

static void apply(struct cache *cache, const struct change *change)
{
    struct image_file *file = &cache->files[change->file];
    switch (change->type) {
    case CHANGE_WRITE:
        write_to(file, change->place, change->bytes, change->len);
        break;
    case CHANGE_SIZE:
        resize(file, change->place);
        break;
    case CHANGE_NAME:
        rename_in(&cache->kept, change);
        break;
    }
}

/* Makes durable, in their order, what IS_MEANT says; false when that is nothing. */
static bool make_durable(struct cache *cache, const void *self,
                         bool (*is_meant)(const struct change *change, const void *self))
{
    size_t left = 0;
    for (size_t i = 0; i < cache->change_count; i++) {
        struct change *change = &cache->changes[i];
        if (is_meant(change, self)) {
            apply(cache, change);
        } else {
            cache->changes[left++] = *change;
        }
    }
    bool is_some = left < cache->change_count;
    cache->change_count = left;
    return is_some;
}

static bool is_of_file(const struct change *change, const void *self)
{
    const size_t *file = self;
    return change->type != CHANGE_NAME && change->file == *file;
}

static bool is_of_folder(const struct change *change, const void *self)
{
    const char *folder = self;
    return change->type == CHANGE_NAME &&
           (is_in_folder(change->from, folder) || is_in_folder(change->to, folder));
}

/* On the same pages as the write through O_DSYNC, or itself. */
static bool is_beside(const struct change *change, const void *self)
{
    const struct change *last = self;
    return change->type == CHANGE_WRITE && change->file == last->file &&
           change->place / PAGE <= (last->place + last->len - 1) / PAGE &&
           last->place / PAGE <= (change->place + change->len - 1) / PAGE;
}

/* ---- what processes do ---- */

static bool find_file(const struct cache *cache, uint64_t inode, size_t *out)
{
    for (size_t i = cache->file_count; i > 0; i--) {
        if (cache->files[i - 1].inode == inode) {
            *out = i - 1;
            return true;
        }
    }
    return false;
}

static size_t add_file(struct cache *cache, uint64_t inode)
{
    must(cache->file_count < FILES_MAX, "too many files");
    cache->files[cache->file_count] = (struct image_file){.inode = inode};
    return cache->file_count++;
}

void cache_load(struct cache *cache, const struct image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        const struct image_file *from = &image->files[i];
        size_t file = add_file(cache, from->inode);
        struct image_file *to = &cache->files[file];
        to->known_as = from->known_as;
        cache->is_loaded[file] = true;
        if (from->len > 0) {
            write_to(to, 0, from->bytes, (uint32_t)from->len);
        }
        resize(to, from->size);
        set_name(&cache->shown, from->path, file);
        set_name(&cache->kept, from->path, file);
    }
}

static bool take_open(struct cache *cache, const struct record_op *op)
{
    const struct name *name = find_name(&cache->shown, op->path);
    if (name != NULL && cache->files[name->file].inode == op->inode) {
        return false;
    }
    size_t file = add_file(cache, op->inode);
    cache->files[file].known_as = (struct lum_file_identity){op->inode, op->ctime_ns};
    struct change *change = add_change(cache, CHANGE_NAME, file);
    (void)snprintf(change->to, sizeof(change->to), "%s", op->path);
    rename_in(&cache->shown, change);
    return true;
}

static bool take_name(struct cache *cache, const struct record_op *op)
{
    const struct name *name = find_name(&cache->shown, op->path);
    if (name == NULL) {
        return false; /* a socket's */
    }
    size_t file = name->file;
    if (op->type == RECORD_RENAME && !cache->is_loaded[file]) {
        cache->files[file].known_as.ctime_ns = op->ctime_ns;
    }
    struct change *change = add_change(cache, CHANGE_NAME, file);
    (void)snprintf(change->from, sizeof(change->from), "%s", op->path);
    (void)snprintf(change->to, sizeof(change->to), "%s", op->to);
    rename_in(&cache->shown, change);
    return true;
}

static bool lies_about(const struct cache *cache, size_t file)
{
    for (size_t i = 0; cache->lies && i < NAMES_MAX; i++) {
        const struct name *name = &cache->shown.at[i];
        if (name->path[0] != '\0' && name->file == file &&
            strcmp(strchr(name->path, '/'), "/log.mdb") == 0) {
            return true;
        }
    }
    return false;
}

static bool take_bytes(struct cache *cache, const struct record_op *op, size_t file)
{
    bool is_write = op->type == RECORD_WRITE;
    struct change *change = add_change(cache, is_write ? CHANGE_WRITE : CHANGE_SIZE, file);
    change->place = op->place;
    change->len = op->len;
    change->bytes = op->bytes;
    cache->is_settling = op->is_durable && !lies_about(cache, file);
    return true;
}

bool cache_take(struct cache *cache, const struct record_op *op)
{
    size_t file = 0;
    bool is_known = false;
    switch (op->type) {
    case RECORD_OPEN:
        is_known = op->path[0] == cache->machine;
        return is_known && take_open(cache, op);
    case RECORD_RENAME:
    case RECORD_UNLINK:
        is_known = op->path[0] == cache->machine;
        return is_known && take_name(cache, op);
    case RECORD_FOLDER:
        return make_durable(cache, op->path, is_of_folder);
    case RECORD_SYNC:
        is_known = find_file(cache, op->inode, &file) && !lies_about(cache, file);
        return is_known && make_durable(cache, &file, is_of_file);
    case RECORD_WRITE:
    case RECORD_SIZE:
        is_known = find_file(cache, op->inode, &file);
        return is_known && take_bytes(cache, op, file);
    default:
        return false;
    }
}

bool cache_settle(struct cache *cache)
{
    if (!cache->is_settling) {
        return false;
    }
    const struct change last = cache->changes[cache->change_count - 1];
    (void)make_durable(cache, &last, is_beside);
    cache->is_settling = false;
    return true;
}

/* ---- what may be found ---- */

size_t cache_pending(const struct cache *cache)
{
    return cache->change_count;
}

bool cache_has_lied(const struct cache *cache)
{
    for (size_t i = 0; i < cache->change_count; i++) {
        const struct change *change = &cache->changes[i];
        if (change->type != CHANGE_NAME && lies_about(cache, change->file)) {
            return true;
        }
    }
    return false;
}

static uint64_t mix(uint64_t seed) /* splitmix64 */
{
    seed += 0x9e3779b97f4a7c15u;
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9u;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebu;
    return seed ^ (seed >> 31);
}

/* Some sectors of a write. The file is as long as if it were whole, or ends with what is there. */
static void write_torn(struct image_file *file, const struct change *change, enum fate fate,
                       uint64_t seed)
{
    uint64_t end = change->place + change->len;
    uint64_t first = change->place / SECTOR;
    uint64_t sectors = (end - 1) / SECTOR - first + 1;
    uint64_t cut = mix(seed) % sectors;
    for (uint64_t i = 0; i < sectors; i++) {
        uint64_t from = i == 0 ? change->place : (first + i) * SECTOR;
        uint64_t to = i == sectors - 1 ? end : (first + i + 1) * SECTOR;
        bool is_there = fate == FATE_TORN_OFF ? i < cut : mix(seed + i) % 2 == 0;
        if (is_there) {
            write_to(file, from, change->bytes + (from - change->place), (uint32_t)(to - from));
        }
    }
    if (mix(~seed) % 2 == 0 && file->size < end) {
        resize(file, end);
    }
}

/* Longer, with zeros or with what was on the disk before: noise. */
static void grow_torn(struct image_file *file, const struct change *change, uint64_t seed)
{
    uint64_t old = file->size;
    uint64_t end = change->place + change->len;
    if (end <= old) {
        return;
    }
    resize(file, end);
    if (mix(seed) % 2 == 0) {
        image_grow(file, end);
        for (uint64_t i = old; i < end; i++) {
            file->bytes[i] = (uint8_t)mix(seed + i);
        }
    }
}

static void apply_fate(struct image_file *file, const struct change *change, enum fate fate,
                       uint64_t seed)
{
    if (change->type == CHANGE_SIZE) {
        resize(file, change->place);
    } else if (fate == FATE_DONE) {
        write_to(file, change->place, change->bytes, change->len);
    } else if (fate == FATE_GROWN) {
        grow_torn(file, change, seed);
    } else {
        write_torn(file, change, fate, seed);
    }
}

static void fill(struct cache *cache, struct image_file *out, const struct name *name,
                 const uint8_t *fates, uint64_t seed)
{
    const struct image_file *file = &cache->files[name->file];
    (void)snprintf(out->path, sizeof(out->path), "%s", name->path);
    out->known_as = file->known_as;
    out->len = 0;
    out->size = 0;
    if (file->len > 0) {
        write_to(out, 0, file->bytes, (uint32_t)file->len);
    }
    resize(out, file->size);
    for (size_t i = 0; i < cache->change_count; i++) {
        const struct change *change = &cache->changes[i];
        if (change->type != CHANGE_NAME && change->file == name->file && fates[i] != FATE_LOST) {
            apply_fate(out, change, (enum fate)fates[i], seed + i);
        }
    }
}

const struct image *cache_image(struct cache *cache, const uint8_t *fates, uint64_t seed)
{
    struct names names = cache->kept;
    struct image *image = &cache->image;
    for (size_t i = 0; i < cache->change_count; i++) {
        if (cache->changes[i].type == CHANGE_NAME && fates[i] != FATE_LOST) {
            rename_in(&names, &cache->changes[i]);
        }
    }
    image->count = 0;
    for (size_t i = 0; i < NAMES_MAX; i++) {
        if (names.at[i].path[0] != '\0') {
            fill(cache, &image->files[image->count++], &names.at[i], fates, seed);
        }
    }
    return image;
}
