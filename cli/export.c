/*
 * export.c - a collection as a file: the fields as people wrote them, in CSV or NDJSON.
 *
 * CSV wants all names before the first row, so the rows wait in a file without a name, each behind
 * its length, until the last one has come. The file itself is written beside and renamed when it is
 * whole. Ids and keys are not in it; they are in `find --json`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/csv.h"
#include "cli/json_write.h"
#include "cli/map.h"
#include "cli/show.h"
#include "cli/spool.h"
#include "core/limits.h"
#include "net/host.h"

enum {
    PATH_ROOM = 4096,
    NAMES_FIRST = 64,
};

/* The names of all fields met, ascending. */
struct names {
    struct lum_bytes *at;
    size_t count;
    size_t room;
    struct lum_arena text;
};

struct out {
    struct lum_run *run;
    const char *path;
    char beside[PATH_ROOM]; /* empty: standard output */
    FILE *file;
    FILE *rows; /* CSV: they wait here */
    struct names names;
    struct lum_buf line;
    uint64_t count;
    uint64_t cut; /* fields too long for an answer */
    enum lum_status status;
    struct lum_error error;
};

static void fail(struct out *out, enum lum_status status)
{
    out->status = out->status == LUM_OK ? status : out->status;
}

/* ---- names ---- */

/* Where the name stands or belongs. */
static size_t place_of(const struct names *names, struct lum_bytes name, bool *is_there)
{
    size_t low = 0;
    size_t high = names->count;

    *is_there = false;
    while (low < high && !*is_there) {
        size_t middle = low + (high - low) / 2;
        int order = lum_bytes_compare(names->at[middle], name);
        *is_there = order == 0;
        low = order < 0 ? middle + 1 : order == 0 ? middle : low;
        high = order > 0 ? middle : high;
    }
    return low;
}

static bool add_name(struct names *names, struct lum_bytes name)
{
    bool is_there;
    size_t at = place_of(names, name, &is_there);
    uint8_t *copy;

    if (is_there) {
        return true;
    }
    if (names->count == names->room) {
        size_t room = names->room == 0 ? NAMES_FIRST : 2 * names->room;
        struct lum_bytes *more = lum_realloc(names->at, room * sizeof(*more));
        if (more == NULL) {
            return false;
        }
        names->at = more;
        names->room = room;
    }
    copy = lum_arena_take(&names->text, name.len);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, name.at, name.len);
    memmove(names->at + at + 1, names->at + at, (names->count - at) * sizeof(*names->at));
    names->at[at] = lum_bytes_of(copy, name.len);
    names->count++;
    return true;
}

/* ---- NDJSON ---- */

static void put_line(struct out *out, FILE *to)
{
    if (out->line.broken) {
        fail(out, lum_fail(&out->error, LUM_CAUSE_no_memory, NULL, NULL));
    } else if (out->line.len > 0 && fwrite(out->line.at, 1, out->line.len, to) != out->line.len) {
        /* whoever read standard output has had enough: no fault of anybody */
        bool is_closed = errno == EPIPE;
        fail(out, is_closed ? LUM_STOPPED : lum_host_fail(errno, out->path, &out->error));
    }
}

static void write_object(struct lum_show *show, struct lum_bytes map)
{
    struct out *out = show->self;
    struct lum_bytes fields;

    if (lum_map_value(map, "fields", &fields)) {
        lum_buf_reset(&out->line);
        lum_json_write(fields, &out->line);
        lum_buf_put_byte(&out->line, '\n');
        put_line(out, out->file);
        out->count++;
        out->cut += lum_map_uint(map, "cut");
    }
}

/* ---- CSV ---- */

static void keep_row(struct lum_show *show, struct lum_bytes map)
{
    struct out *out = show->self;
    struct lum_bytes fields;
    struct lum_map_list pairs;
    struct lum_bytes name;
    struct lum_bytes value;

    if (!lum_map_value(map, "fields", &fields)) {
        return;
    }
    pairs = lum_map_pairs(fields);
    while (lum_map_pairs_next(&pairs, &name, &value)) {
        if (!add_name(&out->names, name)) {
            fail(out, lum_fail(&out->error, LUM_CAUSE_no_memory, NULL, NULL));
        }
    }
    if (fwrite(&fields.len, sizeof(fields.len), 1, out->rows) != 1 ||
        fwrite(fields.at, 1, fields.len, out->rows) != fields.len) {
        fail(out, lum_host_fail(errno, lum_spool_folder(), &out->error));
    }
    out->count++;
    out->cut += lum_map_uint(map, "cut");
}

/* One row in the order of all names; both ascend. */
static void write_row(struct out *out, struct lum_csv_writer *writer, struct lum_bytes fields)
{
    const struct lum_bytes none = {NULL, 0};
    struct lum_map_list pairs = lum_map_pairs(fields);
    struct lum_bytes name;
    struct lum_bytes value;
    bool has_one = lum_map_pairs_next(&pairs, &name, &value);

    for (size_t i = 0; i < out->names.count; i++) {
        if (has_one && lum_bytes_equal(name, out->names.at[i])) {
            lum_csv_write_value(writer, value);
            has_one = lum_map_pairs_next(&pairs, &name, &value);
        } else {
            lum_csv_write_text(writer, none);
        }
    }
    lum_csv_write_end(writer);
    put_line(out, out->file);
    lum_buf_reset(&out->line);
}

static void write_table(struct out *out)
{
    struct lum_csv_writer writer = {&out->line, ',', 0};
    struct lum_buf row;
    size_t len;

    if (out->names.count == 0) {
        return;
    }
    lum_buf_init(&row, LUM_REQUEST_MAX);
    lum_buf_reset(&out->line);
    for (size_t i = 0; i < out->names.count; i++) {
        lum_csv_write_text(&writer, out->names.at[i]);
    }
    lum_csv_write_end(&writer);
    put_line(out, out->file);
    lum_buf_reset(&out->line);
    rewind(out->rows);
    while (out->status == LUM_OK && fread(&len, sizeof(len), 1, out->rows) == 1) {
        uint8_t *at;
        lum_buf_reset(&row);
        at = lum_buf_extend(&row, len);
        if (at == NULL) {
            fail(out, lum_fail(&out->error, LUM_CAUSE_no_memory, NULL, NULL));
            break;
        }
        if (fread(at, 1, len, out->rows) != len) {
            fail(out, lum_fail(&out->error, LUM_CAUSE_disk_error, lum_spool_folder(), ""));
            break;
        }
        write_row(out, &writer, lum_buf_bytes(&row));
    }
    lum_buf_fini(&row);
}

/* ---- the file ---- */

/* Takes fd, also when it fails. */
static enum lum_status open_stream(int fd, const char *how, FILE **out, const char *path,
                                   struct lum_error *err)
{
    *out = fdopen(fd, how);
    if (*out == NULL) {
        enum lum_status status = lum_host_fail(errno, path, err);
        close(fd);
        return status;
    }
    return LUM_OK;
}

static enum lum_status open_out(struct out *out, struct lum_error *err)
{
    int len;
    int fd;

    if (strcmp(out->path, "-") == 0) {
        out->file = out->run->print.out;
        return LUM_OK;
    }
    len = snprintf(out->beside, sizeof(out->beside), "%s.XXXXXX", out->path);
    if (len < 0 || (size_t)len >= sizeof(out->beside)) {
        return lum_host_fail(ENAMETOOLONG, out->path, err);
    }
    fd = mkstemp(out->beside);
    if (fd < 0) {
        out->beside[0] = '\0';
        return lum_host_fail(errno, out->path, err);
    }
    return open_stream(fd, "w", &out->file, out->path, err);
}

/* The file under its own name, and on the disk. 0 or an errno. */
static int settle_file(struct out *out)
{
    mode_t mask = umask(0);

    umask(mask);
    if (fflush(out->file) != 0 || fsync(fileno(out->file)) != 0 ||
        fchmod(fileno(out->file), 0666 & ~mask) != 0 || rename(out->beside, out->path) != 0) {
        return errno;
    }
    return 0;
}

/* Whole, or not there at all. */
static enum lum_status close_out(struct out *out, struct lum_error *err)
{
    int code = 0;

    if (out->beside[0] == '\0') {
        return out->status == LUM_OK ? lum_show_flush(out->run, err) : out->status;
    }
    if (out->status == LUM_OK) {
        code = settle_file(out);
    }
    if (code != 0 || out->status != LUM_OK) {
        (void)unlink(out->beside);
    }
    if (out->file != NULL) {
        fclose(out->file);
    }
    return code != 0 ? lum_host_fail(code, out->path, err) : out->status;
}

/* Leaves out->status. */
static void write_all(struct out *out, bool is_csv, struct lum_error *err)
{
    struct lum_show show = {.run = out->run, .self = out, .is_silent = true,
                            .label = LUM_TEXT_label_reading};
    struct lum_question question;
    enum lum_status status;

    show.row = is_csv ? keep_row : write_object;
    lum_question_init(&question, "export");
    lum_question_text(&question, "coll", out->run->options.words[0]);
    status = lum_show_ask(&show, &question, err);
    lum_question_fini(&question);
    if (status == LUM_OK && out->status == LUM_OK && is_csv) {
        write_table(out);
    }
    if (status == LUM_OK && out->status != LUM_OK) {
        *err = out->error;
    }
    fail(out, status);
}

static void say(const struct out *out)
{
    const struct lum_run *run = out->run;
    char count[LUM_PIECE];
    struct lum_buf map;

    if (run->print.is_json && out->beside[0] != '\0') {
        lum_buf_init(&map, LUM_VALUE_MAX);
        lum_pack_map(&map, 3);
        lum_pack_cstr(&map, "count");
        lum_pack_uint(&map, out->count);
        lum_pack_cstr(&map, "cut");
        lum_pack_uint(&map, out->cut);
        lum_pack_cstr(&map, "file");
        lum_pack_cstr(&map, out->path);
        lum_show_json(run, lum_buf_bytes(&map));
        lum_buf_fini(&map);
        return;
    }
    if (out->beside[0] != '\0') {
        lum_print_note(&run->print, LUM_TEXT_export_done, lum_show_number(run, out->count, count),
                       out->path, NULL);
    }
    if (out->cut > 0) {
        lum_print_note(&run->print, LUM_TEXT_export_cut, lum_show_number(run, out->cut, count),
                       NULL, NULL);
    }
}

static enum lum_status export_to(struct out *out, bool is_csv, struct lum_error *err)
{
    enum lum_status status = lum_command_open(out->run, err);
    int scratch = -1;

    if (status == LUM_OK && is_csv) {
        status = lum_spool_scratch(&scratch, err);
        status = status == LUM_OK
                     ? open_stream(scratch, "w+", &out->rows, lum_spool_folder(), err)
                     : status;
    }
    if (status == LUM_OK) {
        status = open_out(out, err);
    }
    if (status == LUM_OK) {
        write_all(out, is_csv, err);
    } else {
        fail(out, status);
    }
    return close_out(out, err);
}

/* By the ending of the name; on standard output NDJSON. */
static const char *format_of(const char *path)
{
    const char *dot = path == NULL ? NULL : strrchr(path, '.');

    if (dot == NULL || strchr(dot, '/') != NULL) {
        return path == NULL || strcmp(path, "-") == 0 ? "ndjson" : "csv";
    }
    return strcmp(dot, ".jsonl") == 0 ? "ndjson" : dot + 1;
}

enum lum_status lum_cmd_export(struct lum_run *run, struct lum_error *err)
{
    const char *format = run->options.at[LUM_OPTION_FORMAT];
    const char *path = run->options.at[LUM_OPTION_OUTPUT];
    struct out out = {.run = run, .path = path != NULL ? path : "-"};
    enum lum_status status;

    if (format == NULL) {
        format = format_of(path);
    }
    if (strcmp(format, "csv") != 0 && strcmp(format, "ndjson") != 0) {
        return lum_fail(err, LUM_CAUSE_bad_usage, "--format csv|ndjson", "export");
    }
    lum_buf_init(&out.line, (size_t)4 * LUM_REQUEST_MAX);
    lum_arena_init(&out.names.text);
    status = export_to(&out, strcmp(format, "csv") == 0, err);
    if (out.rows != NULL) {
        fclose(out.rows);
    }
    lum_free(out.names.at);
    lum_arena_fini(&out.names.text);
    lum_buf_fini(&out.line);
    if (status == LUM_OK) {
        say(&out);
    }
    return status;
}
