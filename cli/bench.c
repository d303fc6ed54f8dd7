/* bench.c - `lumbung bench`: this machine, and Lumbung on it, in the order of the list below. */
#include "cli/bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cli/show.h"
#include "net/reply.h"

enum {
    RECORDS = 100000, /* unless --events says otherwise */
    SEED = 20261125,
};

static lum_bench_part_fn *const all[] = {
    lum_bench_raw,      lum_bench_binary, lum_bench_events, lum_bench_base, lum_bench_puts,
    lum_bench_catch_up, lum_bench_apart,  lum_bench_relay,  lum_bench_grow,
};

/* ---- the machine ---- */

/* The first line of a file of /proc that begins with `name`, from its colon on; all of the first
 * line when name is empty. */
static void read_proc(const char *path, const char *name, char out[LUM_PIECE])
{
    char line[1024];
    FILE *in = fopen(path, "r");

    out[0] = '\0';
    while (in != NULL && out[0] == '\0' && fgets(line, sizeof(line), in) != NULL) {
        const char *colon = strchr(line, ':');
        const char *from = name[0] == '\0' || colon == NULL ? line : colon + 2;
        if (strncmp(line, name, strlen(name)) == 0) {
            lum_show_cut(lum_bytes_of(from, strcspn(from, "\n")), out);
        }
    }
    if (in != NULL) {
        fclose(in);
    }
}

/* The machine, how busy it is with other things, and where the stores are. */
static void tell_machine(const struct lum_bench *bench)
{
    const struct lum_run *run = bench->run;
    char processor[LUM_PIECE];
    char load[LUM_PIECE];
    char records[LUM_PIECE];
    char cores[LUM_PIECE];
    struct utsname name = {.release = ""};
    struct lum_reply reply;
    struct lum_buf map;
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    read_proc("/proc/cpuinfo", "model name", processor);
    read_proc("/proc/loadavg", "", load);
    uname(&name);
    if (!run->print.is_json) {
        lum_show_number(run, bench->records, records);
        lum_show_number(run, (uint64_t)count, cores);
        lum_print_note(&run->print, LUM_TEXT_bench_machine, processor, cores, load);
        lum_print_note(&run->print, LUM_TEXT_bench_begins, records, bench->dir, NULL);
        return;
    }
    lum_reply_init(&reply, NULL);
    lum_buf_init(&map, LUM_VALUE_MAX);
    lum_reply_cstr(&reply, "processor", processor);
    lum_reply_uint(&reply, "cores", (uint64_t)count);
    lum_reply_cstr(&reply, "kernel", name.release);
    lum_reply_cstr(&reply, "load", load);
    lum_reply_cstr(&reply, "folder", bench->dir);
    lum_reply_uint(&reply, "records", bench->records);
    lum_reply_map(&reply, &map);
    lum_show_json(run, lum_buf_bytes(&map));
    lum_buf_fini(&map);
    lum_reply_fini(&reply);
}

/* ---- the end ---- */

static void tell_end(const struct lum_bench *bench)
{
    const struct lum_run *run = bench->run;
    char told[LUM_PIECE];
    char missed[LUM_PIECE];
    char verified[LUM_PIECE];
    struct lum_reply reply;
    struct lum_buf map;

    if (!run->print.is_json) {
        lum_show_number(run, bench->told, told);
        lum_show_number(run, bench->missed, missed);
        lum_show_number(run, bench->verified, verified);
        lum_print_note(&run->print, LUM_TEXT_bench_done, told, missed, verified);
        return;
    }
    lum_reply_init(&reply, NULL);
    lum_buf_init(&map, LUM_VALUE_MAX);
    lum_reply_uint(&reply, "figures", bench->told);
    lum_reply_uint(&reply, "missed", bench->missed);
    lum_reply_uint(&reply, "fallen", bench->fallen);
    lum_reply_uint(&reply, "verified", bench->verified);
    lum_reply_map(&reply, &map);
    lum_show_json(run, lum_buf_bytes(&map));
    lum_buf_fini(&map);
    lum_reply_fini(&reply);
}

/* ---- all of it ---- */

enum lum_status lum_bench_each(struct lum_bench *bench, lum_bench_part_fn *const *parts,
                               size_t count, struct lum_error *err)
{
    enum lum_status status = LUM_OK;

    for (size_t i = 0; i < count && status == LUM_OK; i++) {
        status = *bench->run->stop != 0 ? LUM_STOPPED : parts[i](bench, err);
    }
    return status;
}

static enum lum_status measure(struct lum_bench *bench, struct lum_error *err)
{
    const struct lum_print *print = &bench->run->print;
    const struct lum_column columns[] = {
        {lum_text_plain(print->lang, LUM_TEXT_bench_row), false},
        {lum_text_plain(print->lang, LUM_TEXT_bench_what), false},
        {lum_text_plain(print->lang, LUM_TEXT_bench_measured), true},
        {"", false},
        {lum_text_plain(print->lang, LUM_TEXT_bench_spread), false},
        {lum_text_plain(print->lang, LUM_TEXT_bench_aim), false},
    };
    enum lum_status status = lum_bench_data_open(bench, err);

    if (status != LUM_OK) {
        return status;
    }
    tell_machine(bench);
    lum_table_begin(&bench->table, print, columns, LUM_COUNT(columns));
    lum_progress_begin(&bench->progress, print,
                       lum_text_plain(print->lang, LUM_TEXT_label_measuring), lum_command_now_us());
    status = lum_bench_each(bench, all, LUM_COUNT(all), err);
    lum_progress_end(&bench->progress);
    lum_table_end(&bench->table);
    if (status == LUM_OK) {
        tell_end(bench);
    }
    return status;
}

enum lum_status lum_cmd_bench(struct lum_run *run, struct lum_error *err)
{
    struct lum_bench *bench = lum_alloc_zero(sizeof(*bench));
    enum lum_status status;

    if (bench == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    bench->run = run;
    bench->random = SEED;
    status = lum_options_number(&run->options, LUM_OPTION_EVENTS, RECORDS, &bench->records, err);
    if (status == LUM_OK && bench->records < LUM_BENCH_LEAST) {
        bench->records = LUM_BENCH_LEAST;
    }
    if (status == LUM_OK) {
        status = lum_bench_begin(bench, err);
    }
    if (status == LUM_OK) {
        status = measure(bench, err);
    }
    if (status != LUM_OK && *run->stop != 0) {
        status = LUM_STOPPED; /* our children may have heard of it before we did */
    }
    lum_bench_end(bench);
    lum_bench_data_close(&bench->data);
    lum_free(bench);
    return status == LUM_OK ? lum_show_flush(run, err) : status;
}
