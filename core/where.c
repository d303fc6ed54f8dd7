/*
 * where.c - reads a condition with an operator stack (Dijkstra's shunting yard).
 *
 *   between two words the reader wants an operand:   not, "(", or a test
 *   after an operand it wants an operator:           and, or, ")"
 */
#include "core/where.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/pack.h"
#include "core/text.h"
#include "core/utf8.h"
#include "core/value.h"

enum {
    NUMBER_MAX = 63, /* characters; a longer one is text */
    OPEN = 100,      /* on the operator stack: a parenthesis */
    STACK_MAX = 2 * LUM_WHERE_TESTS_MAX,
    VALUES_MAX = 256, /* of one `in` */
};

enum token_type {
    END,
    WORD,
    QUOTED,
    SIGN, /* = != < <= > >= ( ) , */
    BAD,
};

struct token {
    enum token_type type;
    struct lum_bytes text; /* as it stands; of a quoted one without its quotes */
    size_t at;
};

struct reader {
    const char *text;
    size_t at; /* behind the token */
    struct token token;
    struct lum_arena *arena;
    struct lum_where *out;
    int stack[STACK_MAX]; /* enum lum_where_step_type, or OPEN */
    uint32_t depth;
    const char *expected; /* not NULL: what was not there */
    size_t failed_at;
    bool is_exhausted;
};

/* ---- tokens ---- */

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_sign(char c)
{
    return c != '\0' && strchr("=!<>(),", c) != NULL;
}

static void expect(struct reader *r, const char *what)
{
    if (r->expected == NULL) {
        r->expected = what;
        r->failed_at = r->token.at;
    }
}

static void quoted(struct reader *r)
{
    size_t from = ++r->at;
    while (r->text[r->at] != '"' && r->text[r->at] != '\0') {
        bool is_escape = r->text[r->at] == '\\' && r->text[r->at + 1] != '\0';
        r->at += is_escape ? 2 : 1;
    }
    r->token.type = r->text[r->at] == '"' ? QUOTED : BAD;
    r->token.text = lum_bytes_of(r->text + from, r->at - from);
    r->at += r->token.type == QUOTED;
    if (r->token.type == BAD) {
        r->token.at = r->at;
        expect(r, "\"");
    }
}

static void next(struct reader *r)
{
    while (is_blank(r->text[r->at])) {
        r->at++;
    }
    size_t from = r->at;
    char c = r->text[from];
    r->token = (struct token){.type = END, .at = from};
    if (c == '\0') {
        return;
    }
    if (c == '"') {
        quoted(r);
        return;
    }
    if (is_sign(c)) {
        bool is_wide = (c == '!' || c == '<' || c == '>') && r->text[from + 1] == '=';
        r->at += is_wide ? 2 : 1;
        r->token.type = SIGN;
    } else {
        while (r->text[r->at] != '\0' && !is_blank(r->text[r->at]) && !is_sign(r->text[r->at]) &&
               r->text[r->at] != '"') {
            r->at++;
        }
        r->token.type = WORD;
    }
    r->token.text = lum_bytes_of(r->text + from, r->at - from);
}

static bool is_text(struct lum_bytes text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static bool is_keyword(const struct token *token, const char *word)
{
    if (token->type != WORD || token->text.len != strlen(word)) {
        return false;
    }
    for (size_t i = 0; i < token->text.len; i++) {
        uint8_t c = token->text.at[i];
        uint8_t low = c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
        if (low != (uint8_t)word[i]) {
            return false;
        }
    }
    return true;
}

static bool is_any_keyword(const struct token *token)
{
    return is_keyword(token, "and") || is_keyword(token, "or") || is_keyword(token, "not") ||
           is_keyword(token, "in") || is_keyword(token, "contains") || is_keyword(token, "prefix");
}

static bool is_the_sign(const struct token *token, const char *sign)
{
    return token->type == SIGN && is_text(token->text, sign);
}

/* ---- literals ---- */

static void *take(struct reader *r, size_t size)
{
    void *at = lum_arena_take(r->arena, size);
    if (at == NULL) {
        r->is_exhausted = true;
        expect(r, "memory");
    }
    return at;
}

/* The text of a token, without its escapes. */
static struct lum_bytes plain_text(struct reader *r, const struct token *token)
{
    uint8_t *at = take(r, token->text.len);
    size_t len = 0;
    if (at == NULL) {
        return (struct lum_bytes){0};
    }
    for (size_t i = 0; i < token->text.len; i++) {
        bool is_escape =
            token->type == QUOTED && token->text.at[i] == '\\' && i + 1 < token->text.len;
        i += is_escape;
        at[len++] = token->text.at[i];
    }
    return (struct lum_bytes){at, len};
}

static struct lum_bytes spelled(struct reader *r, struct lum_buf *buf)
{
    uint8_t *at = take(r, buf->len);
    struct lum_bytes bytes = {at, buf->len};
    if (at == NULL || buf->broken) {
        r->is_exhausted = true;
        return (struct lum_bytes){0};
    }
    if (buf->len > 0) {
        memcpy(at, buf->at, buf->len);
    }
    return bytes;
}

static size_t digits(struct lum_bytes text, size_t i)
{
    size_t from = i;
    while (i < text.len && text.at[i] >= '0' && text.at[i] <= '9') {
        i++;
    }
    return i - from;
}

/* What JSON calls a number. */
static bool is_number(struct lum_bytes text, bool *is_int)
{
    size_t i = text.len > 0 && text.at[0] == '-' ? 1 : 0;
    size_t whole = digits(text, i);
    if (whole == 0 || (whole > 1 && text.at[i] == '0') || text.len > NUMBER_MAX) {
        return false;
    }
    i += whole;
    *is_int = i == text.len;
    if (i < text.len && text.at[i] == '.') {
        size_t n = digits(text, i + 1);
        i += n == 0 ? 0 : n + 1;
    }
    if (i < text.len && (text.at[i] | 0x20) == 'e') {
        size_t sign = i + 1 < text.len && (text.at[i + 1] == '-' || text.at[i + 1] == '+');
        size_t n = digits(text, i + 1 + sign);
        i += n == 0 ? 0 : n + 1 + sign;
    }
    return i == text.len;
}

static bool read_int(struct lum_bytes text, int64_t *out)
{
    bool is_negative = text.at[0] == '-';
    uint64_t limit = (uint64_t)INT64_MAX + is_negative;
    uint64_t v = 0;
    for (size_t i = is_negative; i < text.len; i++) {
        uint64_t digit = (uint64_t)(text.at[i] - '0');
        if (v > (limit - digit) / 10) {
            return false;
        }
        v = v * 10 + digit;
    }
    *out = is_negative && v > 0 ? -1 - (int64_t)(v - 1) : (int64_t)v;
    return true;
}

static void number_write(struct lum_bytes text, bool is_int, struct lum_buf *out)
{
    char copy[NUMBER_MAX + 1] = {0};
    int64_t i = 0;
    if (is_int && read_int(text, &i)) {
        lum_pack_int(out, i);
        return;
    }
    memcpy(copy, text.at, text.len);
    lum_pack_real(out, strtod(copy, NULL));
}

static struct lum_bytes value_of(struct reader *r, const struct token *token)
{
    struct lum_buf buf;
    bool is_int = false;
    struct lum_bytes text = plain_text(r, token);
    if (text.len > LUM_VALUE_MAX - 8 || !lum_utf8_valid(text)) {
        expect(r, "a shorter value");
        return (struct lum_bytes){0};
    }
    lum_buf_init(&buf, LUM_VALUE_MAX);
    if (token->type == QUOTED) {
        lum_pack_str(&buf, text);
    } else if (is_keyword(token, "null")) {
        lum_pack_nil(&buf);
    } else if (is_keyword(token, "true") || is_keyword(token, "false")) {
        lum_pack_bool(&buf, is_keyword(token, "true"));
    } else if (is_number(text, &is_int)) {
        number_write(text, is_int, &buf);
    } else {
        lum_pack_str(&buf, text);
    }
    struct lum_bytes value = spelled(r, &buf);
    lum_buf_fini(&buf);
    return value;
}

/* ---- tests ---- */

static bool is_value(const struct token *token)
{
    return token->type == WORD || token->type == QUOTED;
}

static struct lum_bytes value_read(struct reader *r)
{
    struct lum_bytes value = {0};
    if (!is_value(&r->token)) {
        expect(r, "a value");
        return value;
    }
    value = value_of(r, &r->token);
    next(r);
    return value;
}

static void one_value(struct reader *r, struct lum_where_test *test)
{
    struct lum_bytes *value = take(r, sizeof *value);
    if (value != NULL) {
        *value = value_read(r);
        test->values = value;
        test->value_count = 1;
    }
}

static void list_read(struct reader *r, struct lum_where_test *test)
{
    struct lum_bytes *values = take(r, VALUES_MAX * sizeof *values);
    if (!is_the_sign(&r->token, "(")) {
        expect(r, "(");
    }
    do {
        next(r);
        struct lum_bytes value = value_read(r);
        if (test->value_count == VALUES_MAX) {
            expect(r, "fewer values");
        }
        if (r->expected == NULL) {
            values[test->value_count++] = value;
        }
    } while (r->expected == NULL && is_the_sign(&r->token, ","));
    if (!is_the_sign(&r->token, ")")) {
        expect(r, ", or )");
    }
    next(r);
    test->values = values;
}

static void text_read(struct reader *r, struct lum_where_test *test)
{
    struct lum_buf folded;
    if (!is_value(&r->token)) {
        expect(r, "a text");
        return;
    }
    struct lum_bytes text = plain_text(r, &r->token);
    lum_buf_init(&folded, (size_t)LUM_VALUE_MAX * 4);
    enum lum_status status = lum_text_fold(text, &folded);
    if (status != LUM_OK) {
        r->is_exhausted = status == LUM_NO_MEMORY;
        expect(r, "a text");
    } else {
        test->folded = spelled(r, &folded);
    }
    lum_buf_fini(&folded);
    next(r);
}

static bool sign_op(const struct token *token, enum lum_where_op *out)
{
    static const struct {
        const char *sign;
        enum lum_where_op op;
    } signs[] = {
        {"=", LUM_WHERE_EQUAL},    {"!=", LUM_WHERE_NOT_EQUAL}, {"<", LUM_WHERE_BELOW},
        {"<=", LUM_WHERE_AT_MOST}, {">", LUM_WHERE_ABOVE},      {">=", LUM_WHERE_AT_LEAST},
    };
    for (size_t i = 0; i < LUM_COUNT(signs); i++) {
        if (is_the_sign(token, signs[i].sign)) {
            *out = signs[i].op;
            return true;
        }
    }
    return false;
}

static void comparison(struct reader *r, struct lum_where_test *test)
{
    if (sign_op(&r->token, &test->op)) {
        next(r);
        one_value(r, test);
    } else if (is_keyword(&r->token, "in")) {
        test->op = LUM_WHERE_IN;
        next(r);
        list_read(r, test);
    } else if (is_keyword(&r->token, "contains") || is_keyword(&r->token, "prefix")) {
        test->op = is_keyword(&r->token, "prefix") ? LUM_WHERE_PREFIX : LUM_WHERE_CONTAINS;
        next(r);
        text_read(r, test);
    } else {
        expect(r, "= != < <= > >= in contains prefix");
    }
}

static void step_add(struct reader *r, enum lum_where_step_type type, uint32_t test)
{
    if (r->out->step_count == LUM_COUNT(r->out->steps)) {
        expect(r, "a shorter condition");
        return;
    }
    r->out->steps[r->out->step_count++] = (struct lum_where_step){type, test};
}

static void test_read(struct reader *r)
{
    if (!is_value(&r->token) || is_any_keyword(&r->token)) {
        expect(r, "a field, not or (");
        return;
    }
    if (r->out->test_count == LUM_WHERE_TESTS_MAX) {
        expect(r, "a shorter condition");
        return;
    }
    struct lum_where_test *test = &r->out->tests[r->out->test_count];
    *test = (struct lum_where_test){.field = plain_text(r, &r->token)};
    if (!lum_utf8_valid(test->field) || !lum_field_is_valid(test->field)) {
        expect(r, "a field");
        return;
    }
    next(r);
    comparison(r, test);
    step_add(r, LUM_WHERE_TEST, r->out->test_count);
    r->out->test_count++;
}

/* ---- the yard ---- */

static void push(struct reader *r, int what)
{
    if (r->depth == STACK_MAX) {
        expect(r, "a shorter condition");
        return;
    }
    r->stack[r->depth++] = what;
}

/* How tightly an operator binds; a parenthesis holds nothing. */
static int strength(int what)
{
    return what == LUM_WHERE_OR ? 1 : what == LUM_WHERE_AND ? 2 : what == LUM_WHERE_NOT ? 3 : 0;
}

/* Operators that bind at least so tightly have their operands now. */
static void pop_down_to(struct reader *r, int least)
{
    while (r->depth > 0 && strength(r->stack[r->depth - 1]) >= least) {
        r->depth--;
        step_add(r, (enum lum_where_step_type)r->stack[r->depth], 0);
    }
}

static void operand(struct reader *r)
{
    while (r->expected == NULL && (is_keyword(&r->token, "not") || is_the_sign(&r->token, "("))) {
        push(r, is_the_sign(&r->token, "(") ? OPEN : (int)LUM_WHERE_NOT);
        next(r);
    }
    if (r->expected == NULL) {
        test_read(r);
    }
}

static void closing(struct reader *r)
{
    while (r->expected == NULL && is_the_sign(&r->token, ")")) {
        pop_down_to(r, 1);
        if (r->depth == 0) {
            expect(r, "and, or, or the end");
            return;
        }
        r->depth--;
        pop_down_to(r, 3);
        next(r);
    }
}

/* True when an operator follows, and so another operand. */
static bool goes_on(struct reader *r)
{
    bool is_and = is_keyword(&r->token, "and");
    if (r->expected != NULL || (!is_and && !is_keyword(&r->token, "or"))) {
        return false;
    }
    int type = is_and ? LUM_WHERE_AND : LUM_WHERE_OR;
    pop_down_to(r, strength(type));
    push(r, type);
    next(r);
    return true;
}

static void condition(struct reader *r)
{
    next(r);
    do {
        operand(r);
        pop_down_to(r, 3);
        closing(r);
    } while (goes_on(r));
    if (r->token.type != END) {
        expect(r, r->depth > 0 ? "and, or, or )" : "and, or, or the end");
    }
    pop_down_to(r, 1);
    if (r->depth > 0) {
        expect(r, ")");
    }
}

static enum lum_status refuse(const struct reader *r, struct lum_error *err)
{
    char column[24];
    size_t characters = 1;
    for (size_t i = 0; i < r->failed_at; i++) {
        characters += ((unsigned char)r->text[i] & 0xc0U) != 0x80U;
    }
    (void)snprintf(column, sizeof column, "%zu", characters);
    return lum_fail(err, LUM_CAUSE_bad_where, column, r->expected);
}

enum lum_status lum_where_read(const char *text, struct lum_arena *arena, struct lum_where *out,
                               struct lum_error *err)
{
    struct reader r = {.text = text, .arena = arena, .out = out};
    out->test_count = 0;
    out->step_count = 0;
    condition(&r);
    if (r.is_exhausted) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    return r.expected == NULL ? LUM_OK : refuse(&r, err);
}
