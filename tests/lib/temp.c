/*
 * temp.c - makes and removes the folder of one test.
 */
#define _XOPEN_SOURCE 700
#include "tests/lib/temp.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void must(int holds, const char *what)
{
    if (!holds) {
        perror(what);
        abort();
    }
}

void temp_make(struct temp *out)
{
    const char *root = getenv("TMPDIR");
    (void)snprintf(out->dir, sizeof out->dir, "%s/lumbung-test-XXXXXX",
                   root == NULL ? "/tmp" : root);
    must(mkdtemp(out->dir) != NULL, "mkdtemp");
}

static int drop_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void temp_drop(struct temp *temp)
{
    (void)chmod(temp->dir, 0700);
    must(nftw(temp->dir, drop_one, 16, FTW_DEPTH | FTW_PHYS) == 0, temp->dir);
    temp->dir[0] = '\0';
}

const char *temp_path(const struct temp *temp, const char *name)
{
    static char paths[8][sizeof temp->dir + 64];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    (void)snprintf(path, sizeof paths[0], "%s/%s", temp->dir, name);
    return path;
}

void temp_write(const struct temp *temp, const char *name, const void *bytes, size_t len)
{
    int fd = open(temp_path(temp, name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && close(fd) == 0, name);
}

size_t temp_read(const struct temp *temp, const char *name, void *out, size_t max)
{
    int fd = open(temp_path(temp, name), O_RDONLY);
    must(fd >= 0, name);
    ssize_t got = read(fd, out, max);
    must(got >= 0 && close(fd) == 0, name);
    return (size_t)got;
}

void temp_flip(const struct temp *temp, const char *name, size_t offset, unsigned char mask)
{
    unsigned char byte = 0;
    int fd = open(temp_path(temp, name), O_RDWR);
    must(fd >= 0 && pread(fd, &byte, 1, (off_t)offset) == 1, name);
    byte = (unsigned char)(byte ^ mask);
    must(pwrite(fd, &byte, 1, (off_t)offset) == 1 && close(fd) == 0, name);
}

size_t temp_size(const struct temp *temp, const char *name)
{
    struct stat st;
    must(stat(temp_path(temp, name), &st) == 0, name);
    return (size_t)st.st_size;
}
