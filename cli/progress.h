/*
 * progress.h - one line that says how far a long work is, on a terminal only.
 *
 *   Importing  [##################----------]  64%   812 of 1,268   1,234/s   0:03 left
 *
 * Drawn over itself at most ten times a second and wiped at the end. Without a known total there
 * are only the count and the rate.
 */
#ifndef LUM_CLI_PROGRESS_H
#define LUM_CLI_PROGRESS_H

#include "cli/print.h"
#include "core/lum.h"
#include "core/mem.h"

struct lum_progress {
    const struct lum_print *print;
    const char *label;
    uint64_t begun_us;
    uint64_t drawn_us; /* 0 = never */
};

/* label and print must outlive it; times are monotonic microseconds. */
void lum_progress_begin(struct lum_progress *progress, const struct lum_print *print,
                        const char *label, uint64_t now_us);
/* total 0 = not known. */
void lum_progress_show(struct lum_progress *progress, uint64_t done, uint64_t total,
                       uint64_t now_us);
void lum_progress_end(struct lum_progress *progress);
/* The line itself, as wide as fits. */
void lum_progress_line(const struct lum_progress *progress, uint64_t done, uint64_t total,
                       uint64_t now_us, struct lum_buf *out);

#endif
