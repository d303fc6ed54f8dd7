/*
 * ask_backup.c - the request that writes a whole space into one file.
 *
 *   PATH.new, mode 0600 -> fsync -> rename to PATH -> fsync of the folder -> told
 *
 * It runs beside the writer, so that nothing grows meanwhile. A file that is there is replaced only
 * when it is an older backup of the same space, and only by a whole one.
 */
#define _DEFAULT_SOURCE /* O_DIRECTORY */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/backup.h"
#include "core/store_file.h"
#include "net/ask.h"
#include "net/ask_page.h"
#include "net/host.h"

enum {
    PATH_ROOM = 4096,
};

struct writing {
    const char *path;
    char beside[PATH_ROOM];
    int fd;
    uint64_t bytes;
};

/* ---- the file ---- */

/* Whatever lies at the path must be ours to replace. */
static enum lum_status look_there(const char *path, const struct lum_hash *space,
                                  struct lum_error *err)
{
    uint8_t first[LUM_BACKUP_PEEK];
    struct lum_backup_head head;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got;

    if (fd < 0) {
        return errno == ENOENT ? LUM_OK : lum_host_fail(errno, path, err);
    }
    got = read(fd, first, sizeof(first));
    close(fd);
    if (got < 0 || lum_backup_peek(lum_bytes_of(first, (size_t)got), &head) != LUM_OK ||
        memcmp(head.space.b, space->b, sizeof(space->b)) != 0) {
        return lum_fail(err, LUM_CAUSE_file_exists, path, NULL);
    }
    return LUM_OK;
}

static enum lum_status file_open(struct writing *file, const char *path, struct lum_error *err)
{
    int len = snprintf(file->beside, sizeof(file->beside), "%s.new", path);
    int code = len < 0 || (size_t)len >= sizeof(file->beside) ? ENAMETOOLONG : 0;

    file->path = path;
    file->fd = -1;
    if (code == 0) {
        (void)unlink(file->beside); /* what a crash left */
        code = lum_store_file_make(file->beside, &file->fd);
    }
    return code == 0 ? LUM_OK : lum_host_fail(code, path, err);
}

static int put(int fd, struct lum_bytes bytes)
{
    while (bytes.len > 0) {
        ssize_t got = write(fd, bytes.at, bytes.len);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return got < 0 ? errno : EIO;
        }
        bytes = lum_bytes_of(bytes.at + got, bytes.len - (size_t)got);
    }
    return 0;
}

/* The file stands whole and durable under its name, or there is nothing of it. */
static enum lum_status file_close(struct writing *file, enum lum_status status,
                                  struct lum_error *err)
{
    int code = lum_store_file_finish(file->beside, file->fd, status == LUM_OK ? 0 : ECANCELED);

    if (status != LUM_OK) {
        return status;
    }
    if (code == 0 && rename(file->beside, file->path) != 0) {
        code = errno;
        (void)unlink(file->beside);
    }
    if (code == 0) {
        code = lum_store_file_sync_folder(file->path);
    }
    return code == 0 ? LUM_OK : lum_host_fail(code, file->path, err);
}

/* ---- the request ---- */

static enum lum_status write_all(struct lum_backup *backup, struct writing *file,
                                 struct lum_error *err)
{
    struct lum_bytes piece;
    enum lum_status status = lum_backup_next(backup, &piece, err);

    while (status == LUM_OK) {
        int code = put(file->fd, piece);
        file->bytes += piece.len;
        status = code == 0 ? lum_backup_next(backup, &piece, err)
                           : lum_host_fail(code, file->path, err);
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

static enum lum_status write_file(struct lum_backup *backup, struct writing *file,
                                  const char *path, struct lum_error *err)
{
    enum lum_status status = look_there(path, &lum_backup_head(backup)->space, err);

    if (status == LUM_OK) {
        status = file_open(file, path, err);
    }
    return status == LUM_OK ? file_close(file, write_all(backup, file, err), err) : status;
}

/* Of people's records, as the view counts them. */
static enum lum_status tell_records(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_view_counts counts;
    enum lum_status status = lum_space_settle_to_read(ask->world.space, err);

    if (status == LUM_OK) {
        status = lum_ask_counts(ask, &counts, err);
    }
    if (status == LUM_OK) {
        lum_reply_uint(&ask->reply, "records", counts.records);
    }
    return status;
}

/* {path}: absolute, since a node has a folder of its own. */
enum lum_status lum_ask_backup(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_pace pace = {.ask = ask};
    const struct lum_tick tick = lum_pace_tick(&pace);
    const struct lum_backup_head *head;
    struct lum_backup *backup = NULL;
    struct writing file = {0};
    const char *path;
    enum lum_status status;

    status = lum_ask_cstr(ask, "path", &path);
    if (status == LUM_NO_MEMORY) {
        return status;
    }
    if (status != LUM_OK || path == NULL || path[0] != '/') {
        return lum_fail(err, LUM_CAUSE_bad_request, "path", NULL);
    }
    status = tell_records(ask, err);
    if (status != LUM_OK) {
        return status;
    }
    status = lum_pace_end(&pace, lum_backup_open(ask->world.space, &tick, &backup, err), err);
    if (status == LUM_OK) {
        status = write_file(backup, &file, path, err);
    }
    if (status == LUM_OK) {
        head = lum_backup_head(backup);
        lum_reply_cstr(&ask->reply, "file", path);
        lum_reply_uint(&ask->reply, "bytes", file.bytes);
        lum_reply_uint(&ask->reply, "events", head->events);
        lum_reply_uint(&ask->reply, "logs", head->logs);
        lum_reply_uint(&ask->reply, "t", head->made_ms);
        lum_reply_hex(&ask->reply, "space", head->space.b, sizeof(head->space.b));
        lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    }
    lum_backup_close(backup);
    return status;
}
