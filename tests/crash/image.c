/* image.c - see image.h. */
#define _GNU_SOURCE
#include "tests/crash/image.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/crypto.h"
#include "tests/faults/run.h"

enum {
    PATH_ROOM = 512,
};

static void must(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        exit(99);
    }
}

void image_free(struct image *image)
{
    for (size_t i = 0; i < IMAGE_FILES; i++) {
        free(image->files[i].bytes);
    }
    *image = (struct image){0};
}

void image_grow(struct image_file *file, uint64_t end)
{
    if (end > file->room) {
        file->room = (size_t)end * 2;
        file->bytes = realloc(file->bytes, file->room);
        must(file->bytes != NULL, "memory");
    }
    if (end > file->len) {
        memset(file->bytes + file->len, 0, (size_t)end - file->len);
        file->len = (size_t)end;
    }
}

struct image_file *image_find(struct image *image, const char *path)
{
    for (size_t i = 0; i < image->count; i++) {
        if (strcmp(image->files[i].path, path) == 0) {
            return &image->files[i];
        }
    }
    return NULL;
}

/* ---- folders ---- */

/* Calls DO for each file below dir/folder where folder begins with that letter. */
static void each_file(const char *dir, char machine, void *self,
                      void (*one)(void *self, const char *full, const char *path))
{
    char full[PATH_ROOM];
    DIR *home = opendir(dir);
    must(home != NULL, dir);
    for (struct dirent *sub; (sub = readdir(home)) != NULL;) {
        if (sub->d_name[0] != machine) {
            continue;
        }
        (void)text_put(full, sizeof(full), "%s/%s", dir, sub->d_name);
        DIR *folder = opendir(full);
        for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
            char path[PATH_ROOM];
            if (entry->d_name[0] != '.') {
                (void)text_put(path, sizeof(path), "%s/%s", sub->d_name, entry->d_name);
                (void)text_put(full, sizeof(full), "%s/%s", dir, path);
                one(self, full, path);
            }
        }
        if (folder != NULL) {
            closedir(folder);
        }
    }
    closedir(home);
}

static void read_one(void *self, const char *full, const char *path)
{
    struct image *image = self;
    struct stat st;
    must(lstat(full, &st) == 0, full);
    if (!S_ISREG(st.st_mode)) {
        return;
    }
    must(image->count < IMAGE_FILES && strlen(path) < IMAGE_PATH, "too many files");
    struct image_file *file = &image->files[image->count++];
    (void)text_put(file->path, sizeof(file->path), "%s", path);
    file->inode = st.st_ino;
    file->known_as.inode = st.st_ino;
    file->known_as.ctime_ns = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
    file->size = (uint64_t)st.st_size;
    if (st.st_blocks > 0) { /* the reserve is long, and holds nothing */
        bool is_reserve = strstr(path, "/reserve") != NULL;
        image_grow(file, is_reserve ? 0 : file->size);
        int fd = open(full, O_RDONLY | O_CLOEXEC);
        must(fd >= 0 && pread(fd, file->bytes, file->len, 0) == (ssize_t)file->len, full);
        close(fd);
    }
}

void image_read(struct image *out, const char *dir, char machine)
{
    image_free(out);
    each_file(dir, machine, out, read_one);
}

static void remove_one(void *self, const char *full, const char *path)
{
    (void)self;
    (void)path;
    must(unlink(full) == 0, full);
}

static void put_one(struct image_file *file, const char *dir)
{
    char full[PATH_ROOM];
    struct stat st;
    (void)text_put(full, sizeof(full), "%s/%s", dir, file->path);
    int fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        char folder[PATH_ROOM];
        (void)text_put(folder, sizeof(folder), "%s/%.*s", dir, (int)strcspn(file->path, "/"),
                       file->path);
        must(mkdir(folder, 0700) == 0, folder);
        fd = open(full, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    }
    size_t len = file->len < file->size ? file->len : (size_t)file->size;
    must(fd >= 0 && (len == 0 || pwrite(fd, file->bytes, len, 0) == (ssize_t)len) &&
             ftruncate(fd, (off_t)file->size) == 0 && fstat(fd, &st) == 0,
         full);
    close(fd);
    file->inode = st.st_ino;
}

void image_put(struct image *image, const char *dir)
{
    static const char machines[] = "abcr"; /* r: what a backup in the image was restored to */
    for (size_t i = 0; machines[i] != '\0'; i++) {
        each_file(dir, machines[i], NULL, remove_one);
    }
    for (size_t i = 0; i < image->count; i++) {
        put_one(&image->files[i], dir);
    }
}

/* ---- comparing ---- */

/* Zeros at the end count as none: they are beyond `len` in one and written in the other. */
static size_t length_of(const struct image_file *file)
{
    size_t len = file->len < file->size ? file->len : (size_t)file->size;
    while (len > 0 && file->bytes[len - 1] == 0) {
        len--;
    }
    return len;
}

void image_hash(const struct image *image, struct lum_hash *out)
{
    struct lum_plain_hasher hasher;
    lum_plain_hash_init(&hasher);
    for (size_t i = 0; i < image->count; i++) {
        const struct image_file *file = &image->files[i];
        size_t len = length_of(file);
        const uint64_t head[] = {file->size, len, file->known_as.inode,
                                 (uint64_t)file->known_as.ctime_ns};
        lum_plain_hash_add(&hasher, file->path, strlen(file->path) + 1);
        lum_plain_hash_add(&hasher, head, sizeof(head));
        lum_plain_hash_add(&hasher, file->bytes, len);
    }
    lum_plain_hash_end(&hasher, out->b);
}

static bool is_lock(const char *path)
{
    size_t len = strlen(path);
    return len >= 5 && strcmp(path + len - 5, "-lock") == 0;
}

static bool is_like(const struct image_file *a, const struct image_file *b)
{
    size_t len = length_of(a);
    return b != NULL && a->size == b->size && len == length_of(b) &&
           (len == 0 || memcmp(a->bytes, b->bytes, len) == 0);
}

const char *image_differs(const struct image *a, const struct image *b)
{
    const struct image *sides[] = {a, b};
    for (size_t side = 0; side < 2; side++) {
        const struct image *one = sides[side];
        struct image other = *sides[1 - side];
        for (size_t i = 0; i < one->count; i++) {
            const struct image_file *file = &one->files[i];
            if (!is_lock(file->path) && !is_like(file, image_find(&other, file->path))) {
                return file->path;
            }
        }
    }
    return NULL;
}
