/*
 * where.h - a condition, from text to a list of steps that needs no recursion to be asked.
 *
 *   where = or ; or = and {"or" and} ; and = not {"and" not} ; not = ["not"] (test | "(" where ")")
 *   test  = field (= | != | < | <= | > | >=) value | field in (value, ..)
 *         | field contains text | field prefix text
 *   field = word, or "quoted" ; value = number | true | false | null | "quoted" | bare word
 *
 * In quotes \" and \\ stand for " and \. Keywords are known in any case; a field that is called
 * like one is quoted. A number is what JSON calls so; other bare words are text.
 */
#ifndef LUM_CORE_WHERE_H
#define LUM_CORE_WHERE_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/status.h"

enum lum_where_op {
    LUM_WHERE_EQUAL,
    LUM_WHERE_NOT_EQUAL,
    LUM_WHERE_BELOW,
    LUM_WHERE_AT_MOST,
    LUM_WHERE_ABOVE,
    LUM_WHERE_AT_LEAST,
    LUM_WHERE_IN,
    LUM_WHERE_CONTAINS,
    LUM_WHERE_PREFIX,
};

enum {
    LUM_WHERE_TESTS_MAX = 64,
};

struct lum_where_test {
    enum lum_where_op op;
    struct lum_bytes field;
    const struct lum_bytes *values; /* canonical; one, but for `in` */
    uint32_t value_count;
    struct lum_bytes folded; /* contains, prefix: the text, case-folded */
};

/* Steps in postfix order over a stack of truths: a test pushes, and / or take two, not one. */
enum lum_where_step_type {
    LUM_WHERE_TEST,
    LUM_WHERE_AND,
    LUM_WHERE_OR,
    LUM_WHERE_NOT,
};
struct lum_where_step {
    enum lum_where_step_type type;
    uint32_t test; /* index, of a test */
};

struct lum_where {
    struct lum_where_test tests[LUM_WHERE_TESTS_MAX];
    uint32_t test_count;
    struct lum_where_step steps[4 * LUM_WHERE_TESTS_MAX];
    uint32_t step_count;
};

/* Everything in out lives in the arena. INVALID with cause bad_where: the column, in characters
 * from 1, and what was expected there. */
LUM_MUST_USE enum lum_status lum_where_read(const char *text, struct lum_arena *arena,
                                            struct lum_where *out, struct lum_error *err);

#endif
