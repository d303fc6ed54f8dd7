/*
 * table.h - rows in columns.
 *
 * On a terminal: a bold heading, columns as wide as the first rows need (numbers to the right),
 * cells cut with ... where the terminal is too narrow. In a pipe: fields between tabs, no heading,
 * nothing cut. Cells are made safe, so a tab or line break in one never makes another.
 */
#ifndef LUM_CLI_TABLE_H
#define LUM_CLI_TABLE_H

#include "cli/print.h"
#include "core/lum.h"
#include "core/mem.h"

enum {
    LUM_TABLE_COLUMNS_MAX = 32,
};

struct lum_column {
    const char *title;
    bool is_number;
};

/* Holds back the first rows until their widths are known; then rows go straight out. */
struct lum_table {
    const struct lum_print *print;
    const struct lum_column *columns;
    uint32_t count;
    uint32_t widths[LUM_TABLE_COLUMNS_MAX];
    bool is_laid_out;
    uint32_t cell;       /* of the row being filled */
    uint32_t rows;       /* held back */
    struct lum_buf text; /* their cells, each behind its u32 length */
};

/* columns (at most LUM_TABLE_COLUMNS_MAX) and print must outlive the table. */
void lum_table_begin(struct lum_table *table, const struct lum_print *print,
                     const struct lum_column *columns, uint32_t count);
/* The next cell; the last one of a row ends it. */
void lum_table_cell(struct lum_table *table, struct lum_bytes text);
/* Prints what is held back. A heading without rows is not printed. */
void lum_table_end(struct lum_table *table);

#endif
