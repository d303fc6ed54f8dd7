/*
 * function.c - finds functions by their brackets.
 *
 * At the outermost level a file is a row of statements. Each ends with a semicolon, or with a
 * block that follows a closing parenthesis: that one is a function. Its parameters stand in the
 * first parenthesis that is neither an attribute's nor a pointer's.
 */
#include <ctype.h>
#include <string.h>

#include "tests/tidy/tidy.h"

/* A pair of parentheses or braces: offsets of both. */
struct pair {
    size_t open;
    size_t close;
};

/* One outermost statement as far as it has been read. */
struct statement {
    size_t begin;
    struct pair parameters; /* open == close: none seen yet */
    struct pair pointer;    /* (*name) before them */
};

static bool is_blank(char c)
{
    return isspace((unsigned char)c) != 0;
}

static struct pair pair_at(const char *body, size_t open)
{
    char opening = body[open];
    char closing = opening == '(' ? ')' : '}';
    unsigned depth = 0;
    size_t i = open;
    for (; body[i] != '\0'; i++) {
        if (body[i] == opening) {
            depth++;
        } else if (body[i] == closing) {
            depth--;
        }
        if (depth == 0) {
            break;
        }
    }
    return (struct pair){open, i};
}

/* The last character before `at` that is no blank; its offset, or 0. */
static size_t before(const char *body, size_t at)
{
    while (at > 0 && is_blank(body[at - 1])) {
        at--;
    }
    return at > 0 ? at - 1 : 0;
}

/* The identifier that ends at `last`. */
static void word_ending(const char *body, size_t last, char *out, size_t room)
{
    size_t first = last + 1;
    while (first > 0 && is_word_char(body[first - 1])) {
        first--;
    }
    size_t len = last + 1 - first;
    len = len < room ? len : room - 1;
    memcpy(out, body + first, len);
    out[len] = '\0';
}

static void take_parentheses(const char *body, struct statement *statement, struct pair pair)
{
    char word[80];
    word_ending(body, before(body, pair.open), word, sizeof(word));
    bool decorates = strcmp(word, "__attribute__") == 0 || strcmp(word, "_Alignas") == 0 ||
                     strcmp(word, "_Static_assert") == 0;
    if (decorates || statement->parameters.open != statement->parameters.close) {
        return;
    }
    if (body[pair.open + 1] == '*') {
        statement->pointer = pair;
    } else {
        statement->parameters = pair;
    }
}

static unsigned count_parameters(const char *body, struct pair pair)
{
    unsigned commas = 0;
    unsigned depth = 0;
    char seen[5] = "";
    size_t len = 0;
    for (size_t i = pair.open + 1; i < pair.close; i++) {
        if (body[i] == '(') {
            depth++;
        } else if (body[i] == ')') {
            depth--;
        } else if (body[i] == ',' && depth == 0) {
            commas++;
        }
        if (!is_blank(body[i]) && len < sizeof(seen)) {
            seen[len] = body[i];
            len++;
        }
    }
    bool none = len == 0 || (len == 4 && memcmp(seen, "void", 4) == 0);
    return none ? 0 : commas + 1;
}

static bool has_word(const struct source *source, size_t from, size_t to, const char *word)
{
    return find_word(source, source->body, word, from) < to;
}

/* The statement ends at `end`: with a semicolon, or with the brace that closes a body. */
static void describe(const struct source *source, const struct statement *statement, size_t end,
                     struct function *out)
{
    const char *body = source->body;
    struct pair pair = statement->parameters;
    struct pair pointer = statement->pointer;
    bool by_pointer = pointer.open != pointer.close;
    size_t head = statement->begin + strspn(body + statement->begin, " \t\n");
    *out = (struct function){.at = head, .line = line_of(source, head)};
    word_ending(body, before(body, by_pointer ? pointer.close : pair.open), out->name,
                sizeof(out->name));
    out->parameters = count_parameters(body, pair);
    out->lines = body[end] == '}' ? line_of(source, end) - out->line + 1 : 0;
    out->is_static = has_word(source, head, pair.open, "static");
    out->is_typedef = has_word(source, head, pair.open, "typedef");
}

bool next_function(const struct source *source, size_t *at, struct function *out)
{
    const char *body = source->body;
    struct statement statement = {.begin = *at};
    bool is_value = false; /* what follows an equals sign holds no heads */
    size_t i = *at;
    while (i < source->len) {
        size_t last = i;
        bool has_head = statement.parameters.open != statement.parameters.close && !is_value;
        bool ends = body[i] == ';';
        if (body[i] == '(') {
            struct pair pair = pair_at(body, i);
            take_parentheses(body, &statement, pair);
            last = pair.close;
        } else if (body[i] == '{') {
            last = pair_at(body, i).close;
            ends = has_head && body[before(body, i)] == ')';
        } else if (body[i] == '=') {
            is_value = true;
        }
        if (ends && has_head) {
            *at = last + 1;
            describe(source, &statement, last, out);
            return true;
        }
        i = last + 1;
        if (ends) {
            statement = (struct statement){.begin = i};
            is_value = false;
        }
    }
    *at = source->len;
    return false;
}
