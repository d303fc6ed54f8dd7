/*
 * fuzz_record.c - rows of records: our own, but from a disk that may have changed them.
 *
 *   input = row
 *
 * Holds: what is read writes a row that reads as the same record and writes as itself; the walk
 * sees the cells that the reader sees; a row that was written is never a byte too short or long.
 */
#include "core/record_row.h"
#include "tests/fuzz/input.h"

static struct lum_arena arena;

static void check_places(const struct lum_place *a, const struct lum_place *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        LUM_ASSERT(lum_place_compare(&a[i], &b[i]) == 0);
    }
}

static void check_same(const struct lum_record *a, const struct lum_record *b)
{
    LUM_ASSERT(a->shelf == b->shelf && memcmp(a->id.b, b->id.b, sizeof a->id.b) == 0);
    LUM_ASSERT(a->collection == b->collection && a->change == b->change);
    LUM_ASSERT(lum_bytes_equal(a->key, b->key) && lum_place_compare(&a->first, &b->first) == 0);
    LUM_ASSERT(a->touch.lno == b->touch.lno && a->touch.seq == b->touch.seq);
    LUM_ASSERT(a->cell_count == b->cell_count && a->existence_count == b->existence_count);
    LUM_ASSERT(a->newest_count == b->newest_count && a->drop_count == b->drop_count);
    for (uint32_t i = 0; i < a->cell_count; i++) {
        const struct lum_cell *x = &a->cells[i];
        const struct lum_cell *y = &b->cells[i];
        LUM_ASSERT(x->field == y->field && x->count == y->count);
        for (uint32_t j = 0; j < x->count; j++) {
            check_places(&x->siblings[j].at, &y->siblings[j].at, 1);
            LUM_ASSERT(lum_bytes_equal(x->siblings[j].value, y->siblings[j].value));
        }
    }
    check_places(a->existence, b->existence, a->existence_count);
    check_places(a->newest, b->newest, a->newest_count);
    for (uint32_t i = 0; i < a->drop_count; i++) {
        LUM_ASSERT(a->drops[i].is_kept == b->drops[i].is_kept);
        LUM_ASSERT(a->drops[i].seen_count == b->drops[i].seen_count);
        check_places(&a->drops[i].at, &b->drops[i].at, 1);
        check_places(a->drops[i].seen, b->drops[i].seen, a->drops[i].seen_count);
    }
}

/* The walk shows the head and the cells of the record; gives whether it came to its end. */
static bool check_walk(struct lum_bytes bytes, const struct lum_record *record)
{
    struct lum_row row;
    struct lum_row_cell cell;
    uint32_t cells = 0;
    if (!lum_row_open(bytes, &row)) {
        LUM_ASSERT(record == NULL);
        return false;
    }
    while (lum_row_next(&row, &cell)) {
        if (record != NULL) {
            const struct lum_cell *read = &record->cells[cells];
            bool has_value = read->count == 1;
            LUM_ASSERT(cell.field == read->field && cell.count == read->count);
            LUM_ASSERT(lum_bytes_equal(cell.value, has_value ? read->siblings[0].value
                                                             : (struct lum_bytes){NULL, 0}));
        }
        cells++;
    }
    LUM_ASSERT(record == NULL || (cells == record->cell_count && row.cells_left == 0));
    return row.cells_left == 0;
}

static void check_ends(struct lum_bytes written)
{
    struct lum_record none;
    struct lum_bytes shorter = block_of(lum_bytes_of(written.at, written.len - 1));
    LUM_ASSERT(lum_record_read(shorter, &arena, &none) == LUM_CORRUPT);
    block_free(shorter);
    struct lum_buf longer;
    lum_buf_init(&longer, written.len + 1);
    lum_buf_put(&longer, written.at, written.len);
    lum_buf_put_byte(&longer, 0);
    LUM_ASSERT(lum_record_read(lum_buf_bytes(&longer), &arena, &none) == LUM_CORRUPT);
    lum_buf_fini(&longer);
}

static void check_row(struct lum_bytes bytes)
{
    struct lum_record record;
    struct lum_record again;
    struct lum_buf one;
    struct lum_buf two;
    enum lum_status status = lum_record_read(bytes, &arena, &record);
    LUM_ASSERT(status == LUM_OK || status == LUM_CORRUPT);
    (void)check_walk(bytes, status == LUM_OK ? &record : NULL);
    if (status != LUM_OK) {
        return;
    }
    lum_buf_init(&one, 64 * bytes.len + 4096);
    lum_buf_init(&two, 64 * bytes.len + 4096);
    lum_record_write(&record, &one);
    LUM_ASSERT(!one.broken);
    LUM_ASSERT(lum_record_read(lum_buf_bytes(&one), &arena, &again) == LUM_OK);
    check_same(&record, &again);
    LUM_ASSERT(check_walk(lum_buf_bytes(&one), &again));
    lum_record_write(&again, &two);
    LUM_ASSERT(lum_bytes_equal(lum_buf_bytes(&one), lum_buf_bytes(&two)));
    check_ends(lum_buf_bytes(&one));
    lum_buf_fini(&one);
    lum_buf_fini(&two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    lum_arena_init(&arena);
    check_row(input_rest(&in));
    lum_arena_fini(&arena);
    return 0;
}
