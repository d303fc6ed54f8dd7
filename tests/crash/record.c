/* record.c - see record.h. Ops lie one behind the other: head, path\0, to\0, bytes; 8-aligned. */
#define _GNU_SOURCE
#include "tests/crash/record.h"

#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/faults/door.h"

struct record {
    atomic_size_t used; /* of `ops` */
    size_t room;
    _Alignas(8) uint8_t ops[];
};

struct head {
    uint32_t type;
    uint32_t len;
    uint32_t path_len; /* with its 0 */
    uint32_t to_len;
    uint64_t inode;
    int64_t ctime_ns;
    uint64_t place;
    uint64_t is_durable;
};

static struct record *record; /* of this process */
static char dir[PATH_MAX];
static dev_t device;
static uint32_t command;

static void must(bool holds, const char *what)
{
    if (!holds) {
        perror(what);
        _exit(99);
    }
}

struct record *record_open(size_t bytes_max)
{
    struct record *out = mmap(NULL, sizeof(*out) + bytes_max, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    must(out != MAP_FAILED, "record");
    out->room = bytes_max;
    return out;
}

void record_close(struct record *old)
{
    must(munmap(old, sizeof(*old) + old->room) == 0, "record");
}

void record_clear(struct record *old)
{
    old->used = 0;
}

/* ---- noting ---- */

static size_t size_of(const struct head *head)
{
    size_t size = sizeof(*head) + head->path_len + head->to_len + head->len;
    return (size + 7) / 8 * 8;
}

/* Gives the place of its bytes. */
static uint8_t *note(struct record *to, struct head head, const char *path, const char *second)
{
    head.path_len = (uint32_t)strlen(path) + 1;
    head.to_len = (uint32_t)strlen(second) + 1;
    size_t at = atomic_fetch_add(&to->used, size_of(&head));
    must(at + size_of(&head) <= to->room, "the recording is full");
    uint8_t *out = to->ops + at;
    memcpy(out, &head, sizeof(head));
    memcpy(out + sizeof(head), path, head.path_len);
    memcpy(out + sizeof(head) + head.path_len, second, head.to_len);
    return out + sizeof(head) + head.path_len + head.to_len;
}

/* Relative to the folder: "a/log.mdb"; NULL: it lies elsewhere. "/." at its end is left out. */
static const char *below(const char *path, char out[PATH_MAX])
{
    size_t len = strlen(dir);
    if (path == NULL || strncmp(path, dir, len) != 0 || (path[len] != '/' && path[len] != '\0')) {
        return NULL;
    }
    (void)snprintf(out, PATH_MAX, "%s", path + len + (path[len] == '/'));
    size_t end = strlen(out);
    if (end >= 1 && out[end - 1] == '.' && (end == 1 || out[end - 2] == '/')) {
        out[end == 1 ? 0 : end - 2] = '\0';
    }
    return out;
}

static const char *path_of(int fd, char out[PATH_MAX])
{
    char link[32];
    char path[PATH_MAX];
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof(path) - 1);
    path[len < 0 ? 0 : len] = '\0';
    return below(path, out);
}

static int64_t ctime_of(const struct stat *st)
{
    return (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

static void note_write(const struct door_event *event, const struct stat *st)
{
    size_t left = event->done;
    off_t place =
        event->place >= 0 ? event->place : lseek(event->fd, 0, SEEK_CUR) - (off_t)event->done;
    uint8_t *to = note(record,
                       (struct head){.type = RECORD_WRITE,
                                     .len = (uint32_t)event->done,
                                     .inode = st->st_ino,
                                     .place = (uint64_t)place,
                                     .is_durable = (fcntl(event->fd, F_GETFL) & O_DSYNC) != 0},
                       "", "");
    for (int i = 0; i < event->count && left > 0; i++) {
        size_t len = event->parts[i].iov_len < left ? event->parts[i].iov_len : left;
        memcpy(to, event->parts[i].iov_base, len);
        to += len;
        left -= len;
    }
}

static void note_name(const struct door_event *event)
{
    char path[PATH_MAX];
    char to[PATH_MAX];
    struct stat st = {0};
    if (below(event->path, path) == NULL) {
        return;
    }
    if (event->to == NULL) {
        note(record, (struct head){.type = RECORD_UNLINK}, path, "");
    } else if (below(event->to, to) != NULL) {
        must(stat(event->to, &st) == 0, event->to);
        note(record,
             (struct head){.type = RECORD_RENAME, .inode = st.st_ino, .ctime_ns = ctime_of(&st)},
             path, to);
    }
}

static void watch(const struct door_event *event)
{
    char path[PATH_MAX];
    struct stat st;
    if (event->fd < 0) {
        note_name(event);
        return;
    }
    if (fstat(event->fd, &st) != 0 || st.st_dev != device) {
        return;
    }
    struct head head = {.inode = st.st_ino};
    if (event->call == DOOR_SYNC && path_of(event->fd, path) != NULL) {
        head.type = S_ISDIR(st.st_mode) ? RECORD_FOLDER : RECORD_SYNC;
        note(record, head, path, "");
    } else if (!S_ISREG(st.st_mode)) {
        return;
    } else if (event->call == DOOR_OPEN && below(event->path, path) != NULL) {
        head.type = RECORD_OPEN;
        head.ctime_ns = ctime_of(&st);
        note(record, head, path, "");
    } else if (event->call == DOOR_WRITE) {
        note_write(event, &st);
    } else if (event->call == DOOR_SIZE) {
        head.type = RECORD_SIZE;
        head.place = (uint64_t)st.st_size;
        note(record, head, "", "");
    }
}

/* ---- what is told ---- */

void record_said(void)
{
    if (record == NULL) {
        return;
    }
    note(record, (struct head){.type = RECORD_SAID, .place = command}, "", "");
}

static ssize_t say(void *self, const char *text, size_t len)
{
    (void)self;
    record_said();
    return write(STDOUT_FILENO, text, len);
}

void record_begin(struct record *to, const char *new_dir, uint32_t number)
{
    struct stat st;
    record = to;
    door_watch(to == NULL ? NULL : watch);
    if (to == NULL) {
        return;
    }
    must(stat(new_dir, &st) == 0, new_dir);
    (void)snprintf(dir, sizeof(dir), "%s", new_dir);
    device = st.st_dev;
    command = number;
    fflush(stdout);
    stdout = fopencookie(NULL, "w", (cookie_io_functions_t){.write = say});
    must(stdout != NULL && setvbuf(stdout, NULL, _IONBF, 0) == 0, "stdout");
}

void record_end(struct record *to, uint32_t number)
{
    note(to, (struct head){.type = RECORD_END, .place = number}, "", "");
}

/* ---- walking ---- */

bool record_next(struct record_walk *walk, struct record_op *out)
{
    struct head head;
    if (walk->at >= walk->record->used) {
        return false;
    }
    const uint8_t *at = walk->record->ops + walk->at;
    memcpy(&head, at, sizeof(head));
    walk->at += size_of(&head);
    *out = (struct record_op){
        .type = head.type,
        .len = head.len,
        .is_durable = head.is_durable != 0,
        .inode = head.inode,
        .ctime_ns = head.ctime_ns,
        .place = head.place,
        .path = (const char *)at + sizeof(head),
        .to = (const char *)at + sizeof(head) + head.path_len,
        .bytes = at + sizeof(head) + head.path_len + head.to_len,
    };
    return true;
}
