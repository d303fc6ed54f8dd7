/* print.c - see print.h. */
#include "cli/print.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/json_write.h"
#include "core/mem.h"

enum {
    MESSAGE_MAX = 16 * 1024,
    WIDTH_DEFAULT = 80,
    WIDTH_MIN = 20,
    EXIT_STOPPED = 128 + 2, /* as a shell reports a program that SIGINT ended */
};

/* ---- the screen ---- */

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

static bool wants_colour(void)
{
    const char *term = getenv("TERM");
    return !is_set("NO_COLOR") && (term == NULL || strcmp(term, "dumb") != 0);
}

static unsigned terminal_width(int fd)
{
    struct winsize size = {0};
    unsigned width = WIDTH_DEFAULT;
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        width = size.ws_col;
    }
    return width < WIDTH_MIN ? WIDTH_MIN : width;
}

void lum_print_init(struct lum_print *print, const struct lum_print_options *options)
{
    bool is_terminal = isatty(STDOUT_FILENO) == 1;
    bool has_progress = isatty(STDERR_FILENO) == 1;
    *print = (struct lum_print){
        .out = stdout,
        .err = stderr,
        .lang = options->lang,
        .is_json = options->is_json,
        .is_quiet = options->is_quiet,
        .is_terminal = is_terminal,
        .has_colour = is_terminal && !options->no_colour && wants_colour(),
        .has_progress = has_progress && !options->is_quiet && !options->is_json,
        .width = terminal_width(is_terminal ? STDOUT_FILENO : STDERR_FILENO),
    };
}

const char *lum_print_style(const struct lum_print *print, enum lum_style style)
{
    static const char *const sequences[] = {
        [LUM_STYLE_NONE] = "\033[0m",   [LUM_STYLE_BOLD] = "\033[1m",
        [LUM_STYLE_DIM] = "\033[2m",    [LUM_STYLE_RED] = "\033[31m",
        [LUM_STYLE_GREEN] = "\033[32m", [LUM_STYLE_YELLOW] = "\033[33m",
    };
    LUM_ASSERT(style < LUM_COUNT(sequences));
    return print->has_colour ? sequences[style] : "";
}

/* ---- sentences ---- */

/* A sentence is made on the stack: it is told when there is no memory left as well. */
static struct lum_buf buf_in(uint8_t room[MESSAGE_MAX])
{
    return (struct lum_buf){.at = room, .room = MESSAGE_MAX, .max = MESSAGE_MAX};
}

static void print_line(FILE *to, struct lum_buf *line)
{
    lum_buf_put_byte(line, '\n');
    if (line->len > 0) {
        fwrite(line->at, 1, line->len, to);
    }
}

void lum_print_text(const struct lum_print *print, enum lum_text_id id, const char *one,
                    const char *two, const char *three)
{
    uint8_t room[MESSAGE_MAX];
    struct lum_buf line = buf_in(room);
    lum_text(&line, print->lang, id, one, two, three);
    print_line(print->out, &line);
}

void lum_print_note(const struct lum_print *print, enum lum_text_id id, const char *one,
                    const char *two, const char *three)
{
    if (print->is_quiet) {
        return;
    }
    struct lum_print to_err = *print;
    to_err.out = print->err;
    lum_print_text(&to_err, id, one, two, three);
}

/* ---- errors ---- */

static void put(struct lum_buf *out, const char *text)
{
    lum_buf_put(out, text, strlen(text));
}

/*
 *   lumbung: There is no lumbung here: /home/siti
 *     No space has been made or joined in this folder.
 *     Make one: lumbung init NAME --as PERSON, or join: lumbung join INVITE --as PERSON
 */
static void error_as_text(const struct lum_print *print, const struct lum_error *error,
                          struct lum_buf *out)
{
    put(out, "lumbung: ");
    for (enum lum_cause_part part = LUM_CAUSE_WHAT; part < LUM_CAUSE_PARTS; part++) {
        put(out, part == LUM_CAUSE_WHAT ? "" : "\n  ");
        lum_text_cause(out, print->lang, error, part);
    }
}

static void put_json_part(const struct lum_print *print, const struct lum_error *error,
                          enum lum_cause_part part, struct lum_buf *out)
{
    uint8_t room[MESSAGE_MAX];
    struct lum_buf text = buf_in(room);
    lum_text_cause(&text, print->lang, error, part);
    if (part == LUM_CAUSE_WHAT) {
        put(&text, " ");
        lum_text_cause(&text, print->lang, error, LUM_CAUSE_WHY);
    }
    lum_json_write_text(lum_buf_bytes(&text), out);
}

static void error_as_json(const struct lum_print *print, const struct lum_error *error, int code,
                          struct lum_buf *out)
{
    char head[128];
    snprintf(head, sizeof(head),
             "{\"v\":1,\"ok\":false,\"code\":%d,\"error\":\"%s\",\"message\":", code,
             lum_cause_name(error->cause));
    put(out, head);
    put_json_part(print, error, LUM_CAUSE_WHAT, out);
    put(out, ",\"hint\":");
    put_json_part(print, error, LUM_CAUSE_DO, out);
    put(out, ",\"details\":[");
    lum_json_write_text(lum_bytes_of(error->one, strlen(error->one)), out);
    put(out, ",");
    lum_json_write_text(lum_bytes_of(error->two, strlen(error->two)), out);
    put(out, "]}");
}

int lum_print_error(const struct lum_print *print, enum lum_status status,
                    const struct lum_error *error)
{
    struct lum_error told = {.cause = LUM_CAUSE_none};
    if (error != NULL && error->cause != LUM_CAUSE_none) {
        told = *error;
    } else if (status == LUM_STOPPED) {
        return EXIT_STOPPED;
    } else if (status == LUM_NO_MEMORY) {
        told.cause = LUM_CAUSE_no_memory;
    } else {
        snprintf(told.one, sizeof(told.one), "%s", lum_status_words(status));
    }
    int code = lum_print_exit_code(status, told.cause);
    uint8_t room[MESSAGE_MAX];
    struct lum_buf message = buf_in(room);
    if (print->is_json) {
        error_as_json(print, &told, code, &message);
    } else {
        error_as_text(print, &told, &message);
    }
    fflush(print->out);
    print_line(print->err, &message);
    return code;
}

/* ---- exit codes ---- */

static int code_of_status(enum lum_status status)
{
    switch (status) {
    case LUM_OK:
        return EX_OK;
    case LUM_NOT_FOUND:
        return EX_NOINPUT;
    case LUM_INVALID:
    case LUM_LIMIT:
        return EX_DATAERR;
    case LUM_UNREACHABLE:
        return EX_UNAVAILABLE;
    case LUM_NO_MEMORY:
        return EX_OSERR;
    case LUM_EXISTS:
        return EX_CANTCREAT;
    case LUM_IO:
    case LUM_FULL:
        return EX_IOERR;
    case LUM_AGAIN:
    case LUM_BUSY:
        return EX_TEMPFAIL;
    case LUM_FAULT:
        return EX_PROTOCOL;
    case LUM_DENIED:
        return EX_NOPERM;
    case LUM_CORRUPT:
    case LUM_NEWER:
        return EX_CONFIG;
    case LUM_STOPPED:
        return EXIT_STOPPED;
    }
    return EX_SOFTWARE;
}

int lum_print_exit_code(enum lum_status status, enum lum_cause cause)
{
    static const struct {
        enum lum_cause cause;
        int code;
    } finer[] = {
        {LUM_CAUSE_bad_usage, EX_USAGE},           {LUM_CAUSE_bad_where, EX_USAGE},
        {LUM_CAUSE_bad_address, EX_USAGE},         {LUM_CAUSE_no_address, EX_USAGE},
        {LUM_CAUSE_clock_before_build, EX_CONFIG}, {LUM_CAUSE_foreign_bytes, EX_DATAERR},
    };
    for (size_t i = 0; i < LUM_COUNT(finer); i++) {
        if (finer[i].cause == cause) {
            return finer[i].code;
        }
    }
    return code_of_status(status);
}
