/*
 * fuzz_where.c - conditions as text.
 *
 *   input = the text
 *
 * Holds: the steps of a condition that reads leave one truth on the stack, its values are
 * canonical, and written out with all its parentheses it reads as the same steps and tests.
 */
#include "cli/json_write.h"
#include "core/limits.h"
#include "core/pack.h"
#include "core/value.h"
#include "core/where.h"
#include "tests/fuzz/input.h"

enum {
    TEXT_MAX = 1 << 20,
};

static void put(struct lum_buf *out, const char *text)
{
    lum_buf_put(out, text, strlen(text));
}

static void put_quoted(struct lum_buf *out, struct lum_bytes text)
{
    lum_buf_put_byte(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '"' || text.at[i] == '\\') {
            lum_buf_put_byte(out, '\\');
        }
        lum_buf_put_byte(out, text.at[i]);
    }
    lum_buf_put_byte(out, '"');
}

static void put_value(struct lum_buf *out, struct lum_bytes value)
{
    struct lum_cur cur = lum_cur_over(value);
    LUM_ASSERT(lum_pack_check(value) == LUM_FAULT_NONE);
    if (lum_cur_peek(&cur) == LUM_PACK_STR) {
        put_quoted(out, lum_cur_str(&cur, SIZE_MAX));
        return;
    }
    struct lum_buf text;
    lum_buf_init(&text, 1024);
    lum_json_write(value, &text);
    bool is_endless = lum_cur_peek(&cur) == LUM_PACK_REAL && text.at[0] == 'n';
    put(out, !is_endless ? "" : lum_cur_real(&cur) < 0 ? "-1e999" : "1e999");
    lum_buf_put(out, text.at, is_endless ? 0 : text.len);
    lum_buf_fini(&text);
}

static void put_test(struct lum_buf *out, const struct lum_where_test *test)
{
    static const char *const ops[] = {" = ", " != ", " < ", " <= ", " > ", " >= ", " in (",
                                      " contains ", " prefix "};
    LUM_ASSERT(lum_field_is_valid(test->field));
    put_quoted(out, test->field);
    put(out, ops[test->op]);
    if (test->op == LUM_WHERE_CONTAINS || test->op == LUM_WHERE_PREFIX) {
        put_quoted(out, test->folded);
        return;
    }
    LUM_ASSERT(test->op == LUM_WHERE_IN ? test->value_count > 0 : test->value_count == 1);
    for (uint32_t i = 0; i < test->value_count; i++) {
        put(out, i > 0 ? ", " : "");
        put_value(out, test->values[i]);
    }
    put(out, test->op == LUM_WHERE_IN ? ")" : "");
}

/* The operand that ends with step `last`, in parentheses; gives the step it begins with. */
static uint32_t put_operand(struct lum_buf *out, const struct lum_where *where, uint32_t last)
{
    const struct lum_where_step *step = &where->steps[last];
    struct lum_buf right;
    uint32_t first = last;
    switch (step->type) {
    case LUM_WHERE_TEST:
        LUM_ASSERT(step->test < where->test_count);
        put_test(out, &where->tests[step->test]);
        return last;
    case LUM_WHERE_NOT:
        LUM_ASSERT(last > 0);
        put(out, "not (");
        first = put_operand(out, where, last - 1);
        break;
    case LUM_WHERE_AND:
    case LUM_WHERE_OR:
        LUM_ASSERT(last > 1);
        lum_buf_init(&right, TEXT_MAX);
        first = put_operand(&right, where, last - 1);
        LUM_ASSERT(first > 0);
        put(out, "(");
        first = put_operand(out, where, first - 1);
        put(out, step->type == LUM_WHERE_AND ? ") and (" : ") or (");
        lum_buf_put(out, right.at, right.len);
        out->broken = out->broken || right.broken;
        lum_buf_fini(&right);
        break;
    }
    put(out, ")");
    return first;
}

static void check_same(const struct lum_where *a, const struct lum_where *b)
{
    LUM_ASSERT(a->step_count == b->step_count && a->test_count == b->test_count);
    for (uint32_t i = 0; i < a->step_count; i++) {
        LUM_ASSERT(a->steps[i].type == b->steps[i].type && a->steps[i].test == b->steps[i].test);
    }
    for (uint32_t i = 0; i < a->test_count; i++) {
        const struct lum_where_test *x = &a->tests[i];
        const struct lum_where_test *y = &b->tests[i];
        LUM_ASSERT(x->op == y->op && x->value_count == y->value_count);
        LUM_ASSERT(lum_bytes_equal(x->field, y->field) && lum_bytes_equal(x->folded, y->folded));
        for (uint32_t k = 0; k < x->value_count; k++) {
            LUM_ASSERT(lum_bytes_equal(x->values[k], y->values[k]));
        }
    }
}

static void check_where(const struct lum_where *where, struct lum_arena *arena)
{
    struct lum_where again;
    struct lum_buf text;
    lum_buf_init(&text, TEXT_MAX);
    LUM_ASSERT(where->step_count > 0);
    LUM_ASSERT(put_operand(&text, where, where->step_count - 1) == 0);
    lum_buf_put_byte(&text, '\0');
    enum lum_status status = lum_where_read((const char *)text.at, arena, &again, NULL);
    /* With all the parentheses it may be one of the long ones. */
    LUM_ASSERT(status == LUM_OK || where->step_count > 32);
    if (status == LUM_OK) {
        check_same(where, &again);
    }
    lum_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    struct lum_arena arena;
    struct lum_where where;
    struct lum_error err = {0};
    char *text = malloc(size + 1);
    LUM_ASSERT(text != NULL);
    if (size > 0) {
        memcpy(text, in.at, size);
    }
    text[size] = '\0';
    lum_arena_init(&arena);
    enum lum_status status = lum_where_read(text, &arena, &where, &err);
    if (status == LUM_OK) {
        check_where(&where, &arena);
    } else {
        LUM_ASSERT(status == LUM_INVALID && err.cause == LUM_CAUSE_bad_where);
        LUM_ASSERT(err.one[0] >= '1' && err.two[0] != '\0');
    }
    lum_arena_fini(&arena);
    lum_arena_init(&arena);
    memory_end(memory_of(data, size));
    enum lum_status hungry = lum_where_read(text, &arena, &where, &err);
    memory_back();
    LUM_ASSERT(hungry == status || hungry == LUM_NO_MEMORY);
    lum_arena_fini(&arena);
    free(text);
    return 0;
}
