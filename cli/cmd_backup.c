/* cmd_backup.c - backup: a space into one file; restore FILE: the file into an empty folder. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd_backup.h"
#include "cli/map.h"
#include "cli/show.h"
#include "core/backup.h"
#include "net/host.h"

enum {
    PATH_ROOM = 4096,
    READ_BYTES = 128 * 1024,
};

/* ---- backup ---- */

static void on_written(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_run *run = show->run;
    char events[LUM_PIECE];
    char records[LUM_PIECE];
    char size[LUM_PIECE];

    lum_show_number(run, lum_map_uint(map, "events"), events);
    lum_show_number(run, lum_map_uint(map, "records"), records);
    lum_show_size(run, lum_map_uint(map, "bytes"), size);
    lum_print_text(&run->print, LUM_TEXT_backup_written, events, records, size);
    lum_show_hint(run, LUM_TEXT_backup_keep);
}

/* A running node has another working folder than the person. */
static enum lum_status make_absolute(const char *path, char out[PATH_ROOM], struct lum_error *err)
{
    char here[PATH_ROOM] = "";
    int len;

    if (path[0] != '/' && getcwd(here, sizeof(here) - 1) == NULL) {
        return lum_host_fail(errno, path, err);
    }
    len = snprintf(out, PATH_ROOM, "%s%s%s", here, path[0] == '/' ? "" : "/", path);
    return len > 0 && len < PATH_ROOM ? LUM_OK : lum_host_fail(ENAMETOOLONG, path, err);
}

enum lum_status lum_cmd_backup(struct lum_run *run, struct lum_error *err)
{
    struct lum_show show = {.run = run, .done = on_written, .label = LUM_TEXT_label_backing_up};
    struct lum_question question;
    char path[PATH_ROOM];
    enum lum_status status = make_absolute(run->options.words[0], path, err);

    if (status != LUM_OK) {
        return status;
    }
    lum_question_init(&question, "backup");
    lum_question_text(&question, "path", path);
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}

/* ---- restore ---- */

static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

bool lum_backup_is_meant(const struct lum_run *run, const char *word)
{
    uint8_t first[LUM_BACKUP_PEEK];
    struct lum_backup_head head;
    char path[LUM_DIR_MAX + 16];
    int fd = open_file(word);
    ssize_t got;

    if (fd >= 0) {
        got = read(fd, first, sizeof(first));
        close(fd);
        if (got > 0 && lum_backup_peek(lum_bytes_of(first, (size_t)got), &head) == LUM_OK) {
            return true;
        }
    }
    snprintf(path, sizeof(path), "%s/log.mdb", run->options.dir);
    return access(path, F_OK) != 0; /* no store, so no record of one */
}

static enum lum_status take_file(const struct lum_run *run, int fd, struct lum_restore *restore,
                                 struct lum_error *err)
{
    static uint8_t piece[READ_BYTES];
    enum lum_status status = LUM_OK;
    ssize_t got = 1;

    while (status == LUM_OK && got > 0) {
        got = *run->stop != 0 ? -1 : read(fd, piece, sizeof(piece));
        if (got < 0) {
            return *run->stop != 0 ? LUM_STOPPED
                                   : lum_host_fail(errno, run->options.words[0], err);
        }
        status = lum_restore_take(restore, lum_bytes_of(piece, (size_t)got), err);
    }
    return status;
}

static enum lum_status fill(const struct lum_run *run, int fd, struct lum_backup_head *head,
                            struct lum_error *err)
{
    const struct lum_space_options to = {.env = lum_host_env(), .dir = run->options.dir};
    struct lum_restore *restore = NULL;
    enum lum_status status = lum_restore_open(&to, run->options.words[0], &restore, err);

    if (status == LUM_OK) {
        status = take_file(run, fd, restore, err);
    }
    if (status == LUM_OK) {
        status = lum_restore_end(restore, NULL, head, err);
    }
    lum_restore_close(restore);
    return status;
}

static void say_restored(struct lum_show *show, struct lum_bytes map)
{
    const struct lum_run *run = show->run;
    const struct lum_backup_head *head = show->self;
    char numbers[2][LUM_PIECE];
    char name[LUM_PIECE];
    char when[LUM_PIECE];
    struct lum_buf out;

    if (!run->print.is_json) {
        lum_show_cut(lum_map_text(map, "name"), name);
        lum_show_number(run, head->events, numbers[0]);
        lum_show_number(run, lum_map_uint(map, "records"), numbers[1]);
        lum_print_text(&run->print, LUM_TEXT_restored, name, numbers[0], numbers[1]);
        lum_show_time(run, head->made_ms, when);
        lum_print_text(&run->print, LUM_TEXT_restored_as_of, when, NULL, NULL);
        lum_show_hint(run, LUM_TEXT_restored_next);
        return;
    }
    lum_buf_init(&out, LUM_VALUE_MAX);
    lum_pack_map(&out, 6);
    lum_pack_cstr(&out, "dir");
    lum_pack_cstr(&out, run->options.dir);
    lum_pack_cstr(&out, "events");
    lum_pack_uint(&out, head->events);
    lum_pack_cstr(&out, "logs");
    lum_pack_uint(&out, head->logs);
    lum_pack_cstr(&out, "name");
    lum_pack_str(&out, lum_map_text(map, "name"));
    lum_pack_cstr(&out, "records");
    lum_pack_uint(&out, lum_map_uint(map, "records"));
    lum_pack_cstr(&out, "t");
    lum_pack_uint(&out, head->made_ms);
    lum_show_json(run, lum_buf_bytes(&out));
    lum_buf_fini(&out);
}

/* The space is opened, so that what is told is what is there. */
static enum lum_status tell(struct lum_run *run, struct lum_backup_head *head,
                            struct lum_error *err)
{
    struct lum_show show = {.run = run, .self = head, .done = say_restored, .is_silent = true,
                            .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    lum_question_init(&question, "status");
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    return status;
}

enum lum_status lum_backup_restore(struct lum_run *run, struct lum_error *err)
{
    struct lum_client_options options = lum_command_client(run);
    struct lum_backup_head head;
    int fd = open_file(run->options.words[0]);
    enum lum_status status;

    if (fd < 0) {
        return lum_host_fail(errno, run->options.words[0], err);
    }
    status = lum_client_move_in(&options, &run->client, err);
    if (status == LUM_OK) {
        status = fill(run, fd, &head, err);
    }
    close(fd);
    return status == LUM_OK ? tell(run, &head, err) : status;
}
