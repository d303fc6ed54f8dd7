/*
 * bench.h - what the files of `lumbung bench` share. It measures what stands in cli/bench.def.
 *
 *   bench.c        the order of it all, the command
 *   bench_tell.c   figures: medians, aims, how they are shown
 *   bench_data.c   records, made here or taken from a file, and edits of them
 *   bench_store.c  stores in a temporary folder
 *   bench_child.c  the binary driven in them
 *   bench_call.c   clients of a running node, each with one question outstanding
 *   bench_raw.c    the machine itself
 *   bench_event.c  rows 1, 2        bench_base.c   rows 2, 3, 6 import, 7 creates, 8, 9, 10, 16
 *   bench_put.c    rows 6, 16       bench_meet.c   rows 4, 5, 9, 11
 *   bench_relay.c  row 15           bench_grow.c   rows 7 edits, 9, 17
 *
 * Whatever can be is done by the binary itself at its default settings, as a child process. A store
 * is opened in this process only for what no command shows: single gets, bytes of messages.
 */
#ifndef LUM_CLI_BENCH_H
#define LUM_CLI_BENCH_H

#include <sys/types.h>

#include "cli/command.h"
#include "cli/show.h"
#include "cli/table.h"
#include "core/log.h"

/* ---- figures (bench_tell.c) ---- */

enum lum_bench_figure {
#define FIGURE(name, row, unit, aim, english, indonesian) LUM_FIGURE_##name,
#include "cli/bench.def"
#undef FIGURE
    LUM_FIGURES,
};

enum {
    LUM_BENCH_RUNS = 5, /* of what is measured more than once; the long ones are run less often */
    LUM_BENCH_LEAST = 100, /* records with which anything can be measured */
    LUM_BENCH_TEN = 10,    /* bytes that an edit sets a field to */
};

struct lum_bench_samples {
    double at[LUM_BENCH_RUNS];
    size_t count;
};
void lum_bench_add(struct lum_bench_samples *samples, double value);

/* ---- records (bench_data.c) ---- */

/* Rows, and what was learnt of their fields. */
struct lum_bench_data {
    uint64_t rows;
    struct lum_buf maps;
    struct lum_buf ends; /* u64 each: where a row's map ends */
    char key[80];        /* names of fields: the key, */
    char edit[80];       /* one that is edited, */
    char sort[80];       /* one to sort by; empty: none fits */
    char where[200];     /* a condition that about half of the records meet; empty: none fits */
};

/* ---- the run ---- */

enum {
    LUM_BENCH_NODES_MAX = 12,
    LUM_BENCH_DIR_MAX = 200,
    LUM_BENCH_PATH = 256,
};

/* Files in memory that a child's standard output and error go to. */
struct lum_bench_said {
    int fds[2];
};
/* A `serve` of ours. */
struct lum_bench_node {
    pid_t pid; /* 0: free */
    struct lum_bench_said said;
    char store[16];
    char address[LUM_PIECE];
};

/* The command that ended last. */
struct lum_bench_last {
    uint64_t begun_us;
    double seconds;
    double written;     /* bytes that it wrote to files */
    double memory[2];   /* most bytes beside mapped files seen, of it and of `watched` */
    struct lum_buf map; /* the last line it printed */
};

struct lum_bench {
    struct lum_run *run;
    uint64_t records; /* of the large store */
    uint64_t random;  /* state of the generator */
    char dir[LUM_BENCH_DIR_MAX];
    struct lum_bench_data data;
    struct lum_bench_node nodes[LUM_BENCH_NODES_MAX];
    pid_t watched; /* whose memory is looked at while a command runs; 0: nobody's */
    struct lum_bench_last last;
    struct lum_table table; /* for people */
    struct lum_progress progress;
    uint64_t told;
    uint64_t missed;   /* figures that miss their aim */
    uint64_t fallen;   /* figures below what must hold */
    uint64_t verified; /* stores that `verify` found right */
};

/* Shows the median with its spread. */
void lum_bench_tell(struct lum_bench *bench, enum lum_bench_figure figure,
                    const struct lum_bench_samples *samples);
void lum_bench_tell_one(struct lum_bench *bench, enum lum_bench_figure figure, double value);
/* Median of five or fewer; the value that `percent` of many do not pass (they are sorted). */
double lum_bench_median(const struct lum_bench_samples *samples);
double lum_bench_percentile(double *at, size_t count, unsigned percent);
double lum_bench_since(uint64_t begun_us); /* seconds */

/* ---- records ---- */

/* At least bench->records and a half more, read from the file of --records or made. When the file
 * has fewer, bench->records is what fits. */
LUM_MUST_USE enum lum_status lum_bench_data_open(struct lum_bench *bench, struct lum_error *err);
void lum_bench_data_close(struct lum_bench_data *data);
uint64_t lum_bench_draw(struct lum_bench *bench, uint64_t below);
void lum_bench_draw_text(struct lum_bench *bench, char out[LUM_BENCH_TEN]);
/* A canonical map; it stands until the data are closed. */
struct lum_bytes lum_bench_row(const struct lum_bench_data *data, uint64_t row);
/* Rows as a file to import, in bench->dir. */
struct lum_bench_part {
    uint64_t first;
    uint64_t count;
};
LUM_MUST_USE enum lum_status lum_bench_write(struct lum_bench *bench,
                                             const struct lum_bench_part *part, const char *path,
                                             struct lum_error *err);
/* A file that edits one field of each of these rows, in random order. */
enum lum_bench_edit {
    LUM_BENCH_TEXT,  /* 10 bytes, drawn */
    LUM_BENCH_LEFT,  /* a number below 1,000; never one that the other side draws, but for ... */
    LUM_BENCH_RIGHT, /* ... every tenth row, where both take the same */
};
LUM_MUST_USE enum lum_status lum_bench_write_edits(struct lum_bench *bench,
                                                   const struct lum_bench_part *part,
                                                   enum lum_bench_edit edit, const char *path,
                                                   struct lum_error *err);

/* ---- children (bench_child.c) ---- */

/* The words of a command, NULL behind them. */
#define LUM_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Runs the binary in a store to its end and fills bench->last. A command that fails hands on what
 * it says; a person's stop ends it. */
LUM_MUST_USE enum lum_status lum_bench_do(struct lum_bench *bench, const char *store,
                                          const char *const *words, struct lum_error *err);
LUM_MUST_USE enum lum_status lum_bench_verify(struct lum_bench *bench, const char *store,
                                              struct lum_error *err);
/* Listens at the address, NULL: wherever a port is free. */
LUM_MUST_USE enum lum_status lum_bench_serve(struct lum_bench *bench, const char *store,
                                             const char *address, struct lum_error *err);
/* Of a store that is served. */
const struct lum_bench_node *lum_bench_node(struct lum_bench *bench, const char *store);
LUM_MUST_USE enum lum_status lum_bench_stop(struct lum_bench *bench, const char *store,
                                            struct lum_error *err);
/* Every node, without asking. */
void lum_bench_kill(struct lum_bench *bench);
/* All of these are 0 when there is no such thing: a member of bench->last.map, */
double lum_bench_got(const struct lum_bench *bench, const char *name);
/* the number behind "name:" in /proc/PID/file, */
double lum_bench_proc(pid_t pid, const char *file, const char *name);
/* bytes of memory beside mapped files, */
double lum_bench_memory(pid_t pid);
/* bytes written to files and sockets. */
double lum_bench_written(pid_t pid);

/* ---- stores (bench_store.c) ---- */

/* Makes the temporary folder; ends what still runs and removes it. */
LUM_MUST_USE enum lum_status lum_bench_begin(struct lum_bench *bench, struct lum_error *err);
void lum_bench_end(struct lum_bench *bench);
/* bench->dir/name */
const char *lum_bench_path(const struct lum_bench *bench, const char *name,
                           char out[LUM_BENCH_PATH]);
void lum_bench_remove(const struct lum_bench *bench, const char *store);
/* Bytes of a file in a store; 0 when there is none. */
double lum_bench_size(const struct lum_bench *bench, const char *store, const char *file);
/* What several rows do: import a file by key, or some rows; make an invite; found a store, serve
 * it and make an invite; join and sync `with` a served one. */
LUM_MUST_USE enum lum_status lum_bench_import(struct lum_bench *bench, const char *store,
                                              const char *path, struct lum_error *err);
LUM_MUST_USE enum lum_status lum_bench_import_part(struct lum_bench *bench, const char *store,
                                                   const struct lum_bench_part *part,
                                                   struct lum_error *err);
LUM_MUST_USE enum lum_status lum_bench_invite(struct lum_bench *bench, const char *store,
                                              char out[LUM_PIECE], struct lum_error *err);
LUM_MUST_USE enum lum_status lum_bench_found(struct lum_bench *bench, const char *store,
                                             char invite[LUM_PIECE], struct lum_error *err);
LUM_MUST_USE enum lum_status lum_bench_join(struct lum_bench *bench, const char *store,
                                            const char *invite, const char *with,
                                            struct lum_error *err);
LUM_MUST_USE enum lum_status lum_bench_sync(struct lum_bench *bench, const char *store,
                                            const char *with, struct lum_error *err);

/* A store opened in this process. */
struct lum_bench_open {
    char dir[LUM_BENCH_PATH];
    struct lum_client *client;
    struct lum_space *space;
    struct lum_txn *log;
    struct lum_txn *view;
    struct lum_log_reader *reader;
    struct lum_log_row row; /* the longest log on common */
};
LUM_MUST_USE enum lum_status lum_bench_enter(struct lum_bench *bench, const char *store,
                                             struct lum_bench_open *out, struct lum_error *err);
void lum_bench_leave(struct lum_bench_open *open);
/* Ids in random order, of at most `max` records of a collection. */
struct lum_bench_ids {
    struct lum_id *at;
    uint64_t max;
    uint64_t count;
};
LUM_MUST_USE enum lum_status lum_bench_ids(struct lum_bench *bench, struct lum_txn *view,
                                           const char *collection, struct lum_bench_ids *out);

/* ---- callers (bench_call.c) ---- */

struct lum_bench_load {
    const char *store; /* a served one */
    uint32_t callers;
    uint64_t asks;                   /* altogether: each puts a record or, with ids, ... */
    const struct lum_bench_ids *ids; /* ... sets a field of one of these to 10 bytes */
    double seconds;                  /* filled */
    double *ms;                      /* filled: how long each took; the caller's, of `asks` */
};
LUM_MUST_USE enum lum_status lum_bench_call(struct lum_bench *bench, struct lum_bench_load *load,
                                            struct lum_error *err);

/* ---- what is measured, in this order ---- */

typedef enum lum_status lum_bench_part_fn(struct lum_bench *bench, struct lum_error *err);
/* One after the other, until one fails or a person says stop. */
LUM_MUST_USE enum lum_status lum_bench_each(struct lum_bench *bench,
                                            lum_bench_part_fn *const *parts, size_t count,
                                            struct lum_error *err);
lum_bench_part_fn lum_bench_raw, lum_bench_binary;     /* bench_raw.c */
lum_bench_part_fn lum_bench_events;                    /* bench_event.c */
lum_bench_part_fn lum_bench_base;                      /* bench_base.c */
lum_bench_part_fn lum_bench_puts;                      /* bench_put.c */
lum_bench_part_fn lum_bench_catch_up, lum_bench_apart; /* bench_meet.c */
lum_bench_part_fn lum_bench_relay;                     /* bench_relay.c */
lum_bench_part_fn lum_bench_grow;                      /* bench_grow.c */

/* Row 15: a record put in a served store, and a sync of another that has it then. */
LUM_MUST_USE enum lum_status lum_bench_first(struct lum_bench *bench, const char *from,
                                             const char *to, enum lum_bench_figure figure,
                                             struct lum_error *err);
/* Yardsticks, a second. A machine is quick at one moment and slow at the next: they are laid on
 * right before each run that is told in them. */
double lum_bench_verifies(void); /* R */
LUM_MUST_USE enum lum_status lum_bench_gets(struct lum_bench *bench,
                                            struct lum_bench_samples *rates, struct lum_error *err);
LUM_MUST_USE enum lum_status lum_bench_commits(struct lum_bench *bench, uint64_t count,
                                               double *rate, struct lum_error *err);
/* Checks of a store's longest log, from wire bytes to authentic events. */
struct lum_bench_checks {
    uint64_t skip; /* events at its beginning */
    enum lum_bench_figure payload;
    enum lum_bench_figure rate;
    enum lum_bench_figure ratio;
};
LUM_MUST_USE enum lum_status lum_bench_check(struct lum_bench *bench, struct lum_bench_open *open,
                                             const struct lum_bench_checks *figures,
                                             struct lum_error *err);

#endif
