/* table.c - see table.h. */
#include "cli/table.h"

#include <string.h>

#include "core/text.h"

enum {
    ROWS_HELD = 500,
    CELL_MAX = 64 * 1024,
    HELD_MAX = 16 * 1024 * 1024,
    GAP = 2,
    NARROWEST = 6,
};

static const char DOTS[] = "\xe2\x80\xa6"; /* one column wide */

/* ---- one line ---- */

static void put_blanks(FILE *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        putc(' ', out);
    }
}

/* Bytes of text that take at most `width` columns. */
static size_t fitting(struct lum_bytes text, size_t width)
{
    size_t taken = 0;
    size_t done = 0;
    while (done < text.len) {
        size_t len = 1;
        while (done + len < text.len && (text.at[done + len] & 0xc0) == 0x80) {
            len++;
        }
        taken += lum_text_width((struct lum_bytes){text.at + done, len});
        if (taken > width) {
            break;
        }
        done += len;
    }
    return done;
}

static void print_cell(const struct lum_table *table, uint32_t column, struct lum_bytes text)
{
    FILE *out = table->print->out;
    size_t room = table->widths[column];
    size_t width = lum_text_width(text);
    bool is_cut = width > room;
    if (is_cut) {
        text.len = fitting(text, room - 1);
        width = lum_text_width(text) + 1;
    }
    size_t blanks = room - width;
    bool is_last = column + 1 == table->count;
    put_blanks(out, table->columns[column].is_number ? blanks : 0);
    fwrite(text.at, 1, text.len, out);
    fputs(is_cut ? DOTS : "", out);
    put_blanks(out, table->columns[column].is_number || is_last ? 0 : blanks);
    put_blanks(out, is_last ? 0 : GAP);
}

static void print_heading(const struct lum_table *table)
{
    FILE *out = table->print->out;
    fputs(lum_print_style(table->print, LUM_STYLE_BOLD), out);
    for (uint32_t i = 0; i < table->count; i++) {
        const char *title = table->columns[i].title;
        print_cell(table, i, lum_bytes_of(title, strlen(title)));
    }
    fputs(lum_print_style(table->print, LUM_STYLE_NONE), out);
    putc('\n', out);
}

/* ---- the rows that are held back ---- */

static void hold(struct lum_table *table, struct lum_bytes text)
{
    uint32_t len = (uint32_t)text.len;
    lum_buf_put(&table->text, &len, sizeof(len));
    lum_buf_put(&table->text, text.at, text.len);
}

/* The cell at *offset; moves behind it. */
static struct lum_bytes held_cell(const struct lum_table *table, size_t *offset)
{
    uint32_t len = 0;
    memcpy(&len, table->text.at + *offset, sizeof(len));
    struct lum_bytes text = {table->text.at + *offset + sizeof(len), len};
    *offset += sizeof(len) + len;
    return text;
}

/* Takes columns from the widest until all fit, or none is wide any more. */
static void fit_widths(struct lum_table *table)
{
    for (;;) {
        size_t total = (size_t)GAP * (table->count - 1);
        uint32_t widest = 0;
        for (uint32_t i = 0; i < table->count; i++) {
            total += table->widths[i];
            widest = table->widths[i] > table->widths[widest] ? i : widest;
        }
        if (total <= table->print->width || table->widths[widest] <= NARROWEST) {
            return;
        }
        table->widths[widest] -= 1;
    }
}

static void lay_out(struct lum_table *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const char *title = table->columns[i].title;
        table->widths[i] = (uint32_t)lum_text_width(lum_bytes_of(title, strlen(title)));
    }
    size_t offset = 0;
    for (uint32_t i = 0; offset < table->text.len; i = (i + 1) % table->count) {
        uint32_t width = (uint32_t)lum_text_width(held_cell(table, &offset));
        table->widths[i] = width > table->widths[i] ? width : table->widths[i];
    }
    fit_widths(table);
    table->is_laid_out = true;
}

static void print_held(struct lum_table *table)
{
    size_t offset = 0;
    for (uint32_t i = 0; offset < table->text.len; i = (i + 1) % table->count) {
        print_cell(table, i, held_cell(table, &offset));
        if (i + 1 == table->count) {
            putc('\n', table->print->out);
        }
    }
    lum_buf_reset(&table->text);
    table->rows = 0;
}

static void flush_rows(struct lum_table *table)
{
    if (table->rows > 0 && !table->is_laid_out) {
        lay_out(table);
        print_heading(table);
    }
    print_held(table);
}

/* ---- the table ---- */

void lum_table_begin(struct lum_table *table, const struct lum_print *print,
                     const struct lum_column *columns, uint32_t count)
{
    LUM_ASSERT(count > 0 && count <= LUM_TABLE_COLUMNS_MAX);
    *table = (struct lum_table){.print = print, .columns = columns, .count = count};
    lum_buf_init(&table->text, HELD_MAX);
}

/* In a pipe a cell goes straight out. */
static void pipe_cell(const struct lum_table *table, struct lum_bytes text)
{
    bool is_last = table->cell + 1 == table->count;
    fwrite(text.at, 1, text.len, table->print->out);
    putc(is_last ? '\n' : '\t', table->print->out);
}

void lum_table_cell(struct lum_table *table, struct lum_bytes text)
{
    struct lum_buf safe;
    lum_buf_init(&safe, CELL_MAX);
    lum_text_safe(&safe, text);
    struct lum_bytes shown = {safe.len > 0 ? safe.at : (const uint8_t *)"", safe.len};
    if (table->print->is_terminal) {
        hold(table, shown);
    } else {
        pipe_cell(table, shown);
    }
    lum_buf_fini(&safe);
    table->cell += 1;
    if (table->cell == table->count) {
        table->cell = 0;
        table->rows += 1;
        bool is_full = table->rows == ROWS_HELD || table->is_laid_out;
        if (table->print->is_terminal && is_full) {
            flush_rows(table);
        }
    }
}

void lum_table_end(struct lum_table *table)
{
    LUM_ASSERT(table->cell == 0);
    if (table->print->is_terminal) {
        flush_rows(table);
    }
    lum_buf_fini(&table->text);
}
