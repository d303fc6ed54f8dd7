/*
 * query.c - one pass over a collection: asks each row as it lies, builds no record.
 *
 *   to count a whole collection, coll alone is walked
 *   coll gives the numbers of the records that are shown; the cursor of rec walks beside it, and
 *   jumps only over what is in no collection or in another
 *   a row's cells ascend by field number, and so do the fields asked for: one walk finds them all
 *   a cell with several values is the slow way: the record is built and its shown value taken
 */
#include "core/query.h"

#include <string.h>

#include "core/record_row.h"
#include "core/sort.h"
#include "core/text.h"
#include "core/value.h"
#include "core/where.h"

enum {
    WANTED_MAX = LUM_WHERE_TESTS_MAX + 1, /* the sort field too */
};

static const uint8_t nil_byte = 0xc0;

struct lum_query {
    struct lum_arena arena;
    struct lum_where where;
};

enum lum_status lum_query_open(const char *where, struct lum_query **out, struct lum_error *err)
{
    struct lum_query *query = lum_alloc_zero(sizeof *query);
    if (query == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    lum_arena_init(&query->arena);
    if (where != NULL) {
        enum lum_status status = lum_where_read(where, &query->arena, &query->where, err);
        if (status != LUM_OK) {
            lum_query_close(query);
            return status;
        }
    }
    *out = query;
    return LUM_OK;
}

void lum_query_close(struct lum_query *query)
{
    if (query == NULL) {
        return;
    }
    lum_arena_fini(&query->arena);
    lum_free(query);
}

/* ---- one run ---- */

/* A match that is to be sorted. */
struct match {
    struct lum_bytes key;
    uint64_t rno;
};

struct run {
    struct lum_txn *view;
    struct lum_txn *log;
    const struct lum_where *where;
    uint8_t shelf;
    uint32_t collection;
    uint64_t limit;
    bool is_sorted;
    bool is_descending;
    bool is_asked; /* rows are read */
    /* fields asked for, ascending, and what this row has there */
    uint32_t wanted[WANTED_MAX];
    struct lum_bytes found[WANTED_MAX];
    uint32_t wanted_count;
    uint32_t test_at[LUM_WHERE_TESTS_MAX]; /* per test, its place in `wanted` */
    uint32_t sort_at;
    struct lum_arena arena; /* one record built */
    struct lum_buf folded;
    struct lum_buf matches; /* struct match */
    struct lum_buf *rnos;
    uint64_t count;
    enum lum_status status;
};

/* The place of a field in `wanted`, put there when it is new. A name that nobody used has number 0
 * and is found nowhere. */
static uint32_t want(struct run *run, uint32_t number)
{
    uint32_t i = 0;
    while (i < run->wanted_count && run->wanted[i] < number) {
        i++;
    }
    if (i < run->wanted_count && run->wanted[i] == number) {
        return i;
    }
    LUM_ASSERT(run->wanted_count < WANTED_MAX);
    memmove(&run->wanted[i + 1], &run->wanted[i], (run->wanted_count - i) * sizeof run->wanted[0]);
    run->wanted[i] = number;
    run->wanted_count++;
    return i;
}

static enum lum_status want_all(struct run *run, struct lum_bytes sort)
{
    uint32_t numbers[WANTED_MAX];
    uint32_t n = run->where->test_count;
    enum lum_status status = LUM_OK;
    for (uint32_t i = 0; status == LUM_OK && i < n; i++) {
        status = lum_view_name_number(run->view, run->where->tests[i].field, &numbers[i]);
        (void)want(run, numbers[i]);
    }
    if (status == LUM_OK && run->is_sorted) {
        status = lum_view_name_number(run->view, sort, &numbers[n]);
        (void)want(run, numbers[n]);
        run->sort_at = want(run, numbers[n]);
    }
    for (uint32_t i = 0; status == LUM_OK && i < n; i++) {
        run->test_at[i] = want(run, numbers[i]); /* none is new any more */
    }
    return status;
}

/* ---- what a row has ---- */

static struct lum_bytes nil_value(void)
{
    return lum_bytes_of(&nil_byte, 1);
}

/* The shown value of a cell with several; it lies in the row, like any other. */
static struct lum_bytes shown_value(struct run *run, struct lum_bytes row, uint32_t field)
{
    struct lum_record record;
    const struct lum_sibling *sibling = NULL;
    lum_arena_reset(&run->arena);
    enum lum_status status = lum_record_read(row, &run->arena, &record);
    if (status == LUM_OK) {
        const struct lum_cell *cell = lum_record_cell(&record, field);
        status = cell == NULL ? LUM_CORRUPT : lum_view_shown(run->view, run->log, cell, &sibling);
    }
    if (status != LUM_OK) {
        run->status = status;
        return nil_value();
    }
    return sibling->value;
}

static void look(struct run *run, struct lum_bytes bytes, struct lum_row *row)
{
    struct lum_row_cell cell;
    uint32_t i = 0;
    while (i < run->wanted_count && lum_row_next(row, &cell)) {
        while (i < run->wanted_count && run->wanted[i] < cell.field) {
            run->found[i++] = nil_value();
        }
        if (i < run->wanted_count && run->wanted[i] == cell.field) {
            run->found[i++] = cell.count == 1 ? cell.value : shown_value(run, bytes, cell.field);
        }
    }
    while (i < run->wanted_count) {
        run->found[i++] = nil_value();
    }
}

/* ---- tests ---- */

static bool is_one_kind(struct lum_bytes a, struct lum_bytes b)
{
    struct lum_cur x = lum_cur_over(a);
    struct lum_cur y = lum_cur_over(b);
    enum lum_pack_type left = lum_cur_peek(&x);
    enum lum_pack_type right = lum_cur_peek(&y);
    left = left == LUM_PACK_REAL ? LUM_PACK_INT : left;
    right = right == LUM_PACK_REAL ? LUM_PACK_INT : right;
    return left == right;
}

static bool is_equal(struct lum_bytes a, struct lum_bytes b)
{
    return lum_bytes_equal(a, b) || (is_one_kind(a, b) && lum_value_compare(a, b) == 0);
}

static bool is_among(struct lum_bytes value, const struct lum_where_test *test)
{
    uint32_t i = 0;
    while (i < test->value_count && !is_equal(value, test->values[i])) {
        i++;
    }
    return i < test->value_count;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool begins_at(struct lum_bytes text, size_t at, struct lum_bytes what)
{
    size_t i = 0;
    while (i < what.len && lower(text.at[at + i]) == what.at[i]) {
        i++;
    }
    return i == what.len;
}

/* Is the folded `what` in text, whose ASCII letters may be upper case? */
static bool has(struct lum_bytes text, struct lum_bytes what, bool at_start)
{
    if (what.len > text.len) {
        return false;
    }
    size_t last = at_start ? 0 : text.len - what.len;
    for (size_t i = 0; i <= last; i++) {
        if (begins_at(text, i, what)) {
            return true;
        }
    }
    return false;
}

static bool is_ascii(struct lum_bytes text)
{
    uint8_t all = 0;
    for (size_t i = 0; i < text.len; i++) {
        all |= text.at[i];
    }
    return all < 0x80;
}

static bool matches_text(struct run *run, struct lum_bytes value, const struct lum_where_test *test)
{
    struct lum_cur cur = lum_cur_over(value);
    if (lum_cur_peek(&cur) != LUM_PACK_STR) {
        return false;
    }
    struct lum_bytes text = lum_cur_str(&cur, SIZE_MAX);
    if (!is_ascii(text)) {
        lum_buf_reset(&run->folded);
        enum lum_status status = lum_text_fold(text, &run->folded);
        if (status == LUM_NO_MEMORY) {
            run->status = status;
        }
        text = lum_buf_bytes(&run->folded);
    }
    return has(text, test->folded, test->op == LUM_WHERE_PREFIX);
}

static bool test_holds(struct run *run, const struct lum_where_test *test, struct lum_bytes value)
{
    switch (test->op) {
    case LUM_WHERE_EQUAL:
        return is_equal(value, test->values[0]);
    case LUM_WHERE_NOT_EQUAL:
        return !is_equal(value, test->values[0]);
    case LUM_WHERE_IN:
        return is_among(value, test);
    case LUM_WHERE_CONTAINS:
    case LUM_WHERE_PREFIX:
        return matches_text(run, value, test);
    case LUM_WHERE_BELOW:
    case LUM_WHERE_AT_MOST:
    case LUM_WHERE_ABOVE:
    case LUM_WHERE_AT_LEAST:
        break;
    }
    if (!is_one_kind(value, test->values[0])) {
        return false;
    }
    int order = lum_value_compare(value, test->values[0]);
    bool is_below = test->op == LUM_WHERE_BELOW || test->op == LUM_WHERE_AT_MOST;
    bool or_equal = test->op == LUM_WHERE_AT_MOST || test->op == LUM_WHERE_AT_LEAST;
    return order == 0 ? or_equal : is_below == (order < 0);
}

static bool holds(struct run *run)
{
    bool truths[LUM_WHERE_TESTS_MAX + 1] = {true};
    uint32_t depth = 1; /* an empty condition holds */
    for (uint32_t i = 0; i < run->where->step_count; i++) {
        const struct lum_where_step *step = &run->where->steps[i];
        const struct lum_where_test *test = &run->where->tests[step->test];
        switch (step->type) {
        case LUM_WHERE_TEST:
            truths[depth++] = test_holds(run, test, run->found[run->test_at[step->test]]);
            break;
        case LUM_WHERE_AND:
            depth--;
            truths[depth - 1] = truths[depth - 1] && truths[depth];
            break;
        case LUM_WHERE_OR:
            depth--;
            truths[depth - 1] = truths[depth - 1] || truths[depth];
            break;
        case LUM_WHERE_NOT:
            truths[depth - 1] = !truths[depth - 1];
            break;
        }
    }
    return truths[depth - 1];
}

/* ---- matches ---- */

static int compare_matches(const void *self, const void *a, const void *b)
{
    const struct run *run = self;
    const struct match *x = a;
    const struct match *y = b;
    int order = lum_value_compare(x->key, y->key);
    if (order != 0) {
        return run->is_descending ? -order : order;
    }
    return (x->rno > y->rno) - (x->rno < y->rno);
}

static struct lum_sort matches_of(struct run *run)
{
    return (struct lum_sort){
        .at = run->matches.at,
        .count = run->matches.len / sizeof(struct match),
        .size = sizeof(struct match),
        .compare = compare_matches,
        .self = run,
    };
}

/* With a limit the best are a heap whose first is the worst of them. */
static void match_add(struct run *run, const struct match *match)
{
    struct lum_sort heap = matches_of(run);
    if (run->limit == 0 || heap.count < run->limit) {
        lum_buf_put(&run->matches, match, sizeof *match);
        heap = matches_of(run);
        if (run->limit != 0 && !run->matches.broken) {
            lum_heap_up(&heap);
        }
        return;
    }
    if (compare_matches(run, match, heap.at) < 0) {
        memcpy(heap.at, match, sizeof *match);
        lum_heap_down(&heap);
    }
}

static void give(struct run *run, uint64_t rno)
{
    if (run->rnos != NULL) {
        lum_buf_put(run->rnos, &rno, sizeof rno);
    }
    run->count++;
}

static void row_ask(struct run *run, struct lum_bytes bytes, uint64_t rno)
{
    struct lum_row row;
    if (!lum_row_open(bytes, &row)) {
        run->status = LUM_CORRUPT;
        return;
    }
    if (row.shelf != run->shelf) {
        return;
    }
    look(run, bytes, &row);
    if (!holds(run)) {
        return;
    }
    if (run->is_sorted) {
        const struct match match = {run->found[run->sort_at], rno};
        match_add(run, &match);
    } else {
        give(run, rno);
    }
}

/* ---- the pass ---- */

/* Moves the cursor of rec onto rno: the next row more often than not. */
static bool row_at(struct lum_scan *rec, uint64_t rno)
{
    uint8_t key[8];
    lum_put_u64(key, rno);
    struct lum_bytes want = lum_bytes_of(key, sizeof key);
    bool is_there = rec->key.len == sizeof key && lum_scan_next(rec) &&
                    memcmp(rec->key.at, key, sizeof key) == 0;
    return is_there || (lum_scan_seek(rec, want) && lum_bytes_equal(rec->key, want));
}

/* Which rows are read: to count all of a shelf's collection, none need be. */
static enum lum_status look_around(struct run *run)
{
    const struct lum_id zero = {{0}};
    run->is_asked = run->rnos != NULL || run->is_sorted || run->where->step_count > 0;
    for (uint8_t shelf = 0; shelf < LUM_SHELVES_MAX && !run->is_asked; shelf++) {
        struct lum_view_ids ids;
        enum lum_status status = lum_view_ids_open(run->view, shelf, &zero, &ids);
        if (status != LUM_OK) {
            return status;
        }
        run->is_asked = ids.is_there && shelf != run->shelf;
        lum_view_ids_close(&ids);
    }
    return LUM_OK;
}

static void pass(struct run *run, struct lum_scan *coll, struct lum_scan *rec)
{
    uint8_t first[4 + 8] = {0};
    lum_put_u32(first, run->collection);
    bool more = lum_scan_seek(coll, lum_bytes_of(first, sizeof first));
    while (more && run->status == LUM_OK && coll->key.len == sizeof first &&
           memcmp(coll->key.at, first, 4) == 0) {
        uint64_t rno = lum_get_u64(coll->key.at + 4);
        if (!run->is_asked) {
            give(run, rno);
        } else if (row_at(rec, rno)) {
            row_ask(run, rec->value, rno);
        } else {
            run->status = LUM_CORRUPT;
        }
        more =
            lum_scan_next(coll) && (run->is_sorted || run->limit == 0 || run->count < run->limit);
    }
}

static enum lum_status scan(struct run *run)
{
    struct lum_scan coll;
    struct lum_scan rec;
    enum lum_status status = look_around(run);
    if (status == LUM_OK) {
        status = lum_scan_open(run->view, LUM_V_COLL, &coll);
    }
    if (status != LUM_OK) {
        return status;
    }
    status = lum_scan_open(run->view, LUM_V_REC, &rec);
    if (status == LUM_OK) {
        pass(run, &coll, &rec);
        status = lum_scan_end(&rec, run->status);
    }
    return lum_scan_end(&coll, status);
}

static enum lum_status give_sorted(struct run *run)
{
    struct lum_sort sort = matches_of(run);
    lum_sort(&sort);
    const struct match *matches = (const void *)run->matches.at;
    for (size_t i = 0; i < sort.count; i++) {
        give(run, matches[i].rno);
    }
    return lum_buf_status(&run->matches);
}

static enum lum_status tell(enum lum_status status, struct lum_error *err)
{
    if (status == LUM_OK) {
        return LUM_OK;
    }
    if (status == LUM_NO_MEMORY || status == LUM_LIMIT) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    return lum_fail(err, LUM_CAUSE_store_damaged, "view.mdb", lum_status_words(status));
}

enum lum_status lum_query_run(struct lum_txn *view, struct lum_txn *log,
                              const struct lum_query_plan *plan, struct lum_buf *rnos,
                              uint64_t *count, struct lum_error *err)
{
    struct run run = {
        .view = view,
        .log = log,
        .where = &plan->query->where,
        .shelf = plan->shelf,
        .limit = plan->limit,
        .is_sorted = plan->sort.len > 0,
        .is_descending = plan->sort.len > 1 && plan->sort.at[0] == '-',
        .rnos = rnos,
    };
    struct lum_bytes sort = plan->sort;
    if (run.is_descending) {
        sort = (struct lum_bytes){sort.at + 1, sort.len - 1};
    }
    lum_buf_init(&run.folded, SIZE_MAX);
    lum_buf_init(&run.matches, SIZE_MAX);
    enum lum_status status = lum_view_name_number(view, plan->collection, &run.collection);
    if (status == LUM_OK) {
        status = want_all(&run, sort);
    }
    if (status == LUM_OK && run.collection != 0) {
        status = scan(&run);
    }
    if (status == LUM_OK && run.is_sorted) {
        status = give_sorted(&run);
    }
    if (status == LUM_OK && rnos != NULL) {
        status = lum_buf_status(rnos);
    }
    lum_arena_fini(&run.arena);
    lum_buf_fini(&run.folded);
    lum_buf_fini(&run.matches);
    *count = run.count;
    return tell(status, err);
}
