/*
 * rules.c - the rules that one file keeps or breaks by itself.
 *
 * Every rule is one function and one line in the table at the end; tests/ is held to the length
 * of its lines only.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tests/tidy/tidy.h"

enum {
    LINE_COLUMNS_MAX = 100,
    C_LINES_MAX = 600,
    H_LINES_MAX = 400,
    FUNCTION_LINES_MAX = 70,
    PARAMETERS_MAX = 6,
};

/* --- shape --------------------------------------------------------------------------------- */

static void file_length(const struct source *source, struct report *report)
{
    unsigned max = source->is_header ? H_LINES_MAX : C_LINES_MAX;
    unsigned lines = line_of(source, source->len) - 1;
    if (lines > max) {
        report_add(report, "file-length", source, source->len - 1, "%u lines, at most %u", lines,
                   max);
    }
}

/* Columns are characters, not bytes: a UTF-8 continuation byte takes none. */
static void line_length(const struct source *source, struct report *report)
{
    unsigned columns = 0;
    for (size_t i = 0; i < source->len; i++) {
        bool continues = ((unsigned char)source->text[i] & 0xc0U) == 0x80U;
        columns += continues ? 0 : 1;
        if (source->text[i] != '\n') {
            continue;
        }
        if (columns - 1 > LINE_COLUMNS_MAX) {
            report_add(report, "line-length", source, i, "%u columns, at most %d", columns - 1,
                       LINE_COLUMNS_MAX);
        }
        columns = 0;
    }
}

static void blanks(const struct source *source, struct report *report)
{
    for (size_t i = 0; i < source->len; i++) {
        char c = source->text[i];
        bool ends = source->text[i + 1] == '\n';
        if (c == '\t' || c == '\r') {
            report_add(report, "blanks", source, i, "a %s", c == '\t' ? "tab" : "carriage return");
        } else if (c == ' ' && ends) {
            report_add(report, "blanks", source, i, "blank at the end of the line");
        } else if (c != '\n' && i + 1 == source->len) {
            report_add(report, "blanks", source, i, "no line break at the end of the file");
        }
    }
}

static void functions(const struct source *source, struct report *report)
{
    struct function function;
    size_t at = 0;
    while (next_function(source, &at, &function)) {
        if (function.lines > FUNCTION_LINES_MAX) {
            report_add(report, "function-length", source, function.at,
                       "%s has %u lines, at most %d", function.name, function.lines,
                       FUNCTION_LINES_MAX);
        }
        if (function.parameters > PARAMETERS_MAX) {
            report_add(report, "parameters", source, function.at,
                       "%s takes %u parameters, at most %d", function.name, function.parameters,
                       PARAMETERS_MAX);
        }
    }
}

/* --- names --------------------------------------------------------------------------------- */

static void prefix(const struct source *source, struct report *report)
{
    struct function function;
    size_t at = 0;
    while (source->room != ROOM_CLI && next_function(source, &at, &function)) {
        bool is_inner = function.is_static || function.is_typedef;
        if (!is_inner && strncmp(function.name, "lum_", 4) != 0) {
            report_add(report, "prefix", source, function.at,
                       "%s is seen outside its file and does not begin with lum_", function.name);
        }
    }
}

static void typedefs(const struct source *source, struct report *report)
{
    static const char *const kinds[] = {"struct", "union", "enum"};
    size_t at = find_word(source, source->code, "typedef", 0);
    while (at < source->len) {
        const char *next = source->code + at + strlen("typedef");
        next += strspn(next, " \n");
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
            size_t len = strlen(kinds[i]);
            size_t after = strcspn(next, ";{(");
            if (strncmp(next, kinds[i], len) == 0 && !is_word_char(next[len]) &&
                next[after] != '(') {
                report_add(report, "typedef", source, at, "a %s keeps its keyword", kinds[i]);
            }
        }
        at = find_word(source, source->code, "typedef", at + 1);
    }
}

static void guard(const struct source *source, struct report *report)
{
    if (!source->is_header) {
        return;
    }
    char name[80];
    char want[256];
    (void)snprintf(name, sizeof(name), "%s", source->name);
    for (char *c = name; *c != '\0'; c++) {
        *c = (char)(is_word_char(*c) ? toupper((unsigned char)*c) : '_');
    }
    const char *room = room_names[source->room];
    (void)snprintf(want, sizeof(want), "LUM_%s_%s", room, name);
    for (char *c = want; *c != '\0'; c++) {
        *c = (char)toupper((unsigned char)*c);
    }
    char opening[600];
    (void)snprintf(opening, sizeof(opening), "#ifndef %s\n#define %s\n", want, want);
    if (strstr(source->code, opening) == NULL) {
        report_add(report, "guard", source, 0, "no include guard %s", want);
    }
}

/* --- words --------------------------------------------------------------------------------- */

static bool same_ignoring_case(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (tolower((unsigned char)a[i]) != tolower((unsigned char)b[i])) {
            return false;
        }
    }
    return true;
}

/* A word may go on ("peers"), and begin after an underscore, but not inside another word. */
static void word_of_another_room(const struct source *source, const char *word,
                                 struct report *report)
{
    size_t len = strlen(word);
    for (size_t i = 0; i + len <= source->len; i++) {
        bool begins = i == 0 || isalpha((unsigned char)source->text[i - 1]) == 0;
        if (begins && same_ignoring_case(source->text + i, word, len)) {
            report_add(report, "word", source, i, "\"%s\" is no word of %s", word,
                       room_names[source->room]);
        }
    }
}

static void words(const struct source *source, struct report *report)
{
    static const struct {
        enum room room;
        const char *word;
    } foreign[] = {
        {ROOM_CORE, "peer"}, {ROOM_SYNC, "socket"}, {ROOM_NET, "merge"},
        {ROOM_CORE, "argv"}, {ROOM_SYNC, "argv"},   {ROOM_NET, "argv"},
    };
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        if (foreign[i].room == source->room) {
            word_of_another_room(source, foreign[i].word, report);
        }
    }
}

static void unfinished(const struct source *source, struct report *report)
{
    static const char *const marks[] = {"TODO", "FIXME", "XXX", "HACK"};
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        size_t at = find_word(source, source->text, marks[i], 0);
        while (at < source->len) {
            report_add(report, "unfinished", source, at, "%s", marks[i]);
            at = find_word(source, source->text, marks[i], at + 1);
        }
    }
}

/* --- calls --------------------------------------------------------------------------------- */

/* A call, not a member's name: followed by a parenthesis, not preceded by a dot or an arrow. */
static bool is_call(const struct source *source, size_t at, size_t len)
{
    const char *code = source->code;
    const char *after = code + at + len;
    bool member =
        at > 0 && (code[at - 1] == '.' || (at > 1 && code[at - 2] == '-' && code[at - 1] == '>'));
    return after[strspn(after, " \n")] == '(' && !member;
}

static void calls(const struct source *source, const char *rule, const char *const *names,
                  struct report *report)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        size_t at = find_word(source, source->code, names[i], 0);
        while (at < source->len) {
            if (is_call(source, at, strlen(names[i]))) {
                report_add(report, rule, source, at, "%s is not called here", names[i]);
            }
            at = find_word(source, source->code, names[i], at + 1);
        }
    }
}

static void banned(const struct source *source, struct report *report)
{
    static const char *const names[] = {"strcpy", "strcat",    "sprintf", "vsprintf", "strtok",
                                        "gmtime", "localtime", "ctime",   "asctime",  "atoi",
                                        "atol",   "rand",      "srand",   "system",   "alloca",
                                        "gets",   "popen",     NULL};
    calls(source, "banned", names, report);
}

static void memory(const struct source *source, struct report *report)
{
    static const char *const names[] = {"malloc",        "calloc",         "realloc",
                                        "free",          "strdup",         "strndup",
                                        "aligned_alloc", "posix_memalign", NULL};
    if (strcmp(source->path, "core/mem.c") != 0) {
        calls(source, "memory", names, report);
    }
}

/* --- includes ------------------------------------------------------------------------------ */

/* Steps *at through the includes of a file; target is what stands between the quotes. */
struct include {
    size_t at;
    bool is_quoted;
    char target[128];
};

static bool next_include(const struct source *source, size_t *at, struct include *out)
{
    size_t found = find_word(source, source->code, "include", *at);
    while (found < source->len) {
        const char *open = source->text + found + strlen("include");
        open += strspn(open, " ");
        if (*open == '"' || *open == '<') {
            *out = (struct include){.at = found, .is_quoted = *open == '"'};
            size_t len = strcspn(open + 1, "\">\n");
            len = len < sizeof(out->target) ? len : sizeof(out->target) - 1;
            memcpy(out->target, open + 1, len);
            *at = found + 1;
            return true;
        }
        found = find_word(source, source->code, "include", found + 1);
    }
    return false;
}

/* ROOM_COUNT when the target does not begin with a room's name. */
static enum room room_of_include(const char *target)
{
    size_t len = strcspn(target, "/");
    for (int room = ROOM_CORE; room < (int)ROOM_COUNT; room++) {
        const char *name = room_names[room];
        if (target[len] == '/' && strlen(name) == len && strncmp(target, name, len) == 0) {
            return (enum room)room;
        }
    }
    return ROOM_COUNT;
}

static void walls(const struct source *source, struct report *report)
{
    struct include include;
    size_t at = 0;
    while (next_include(source, &at, &include)) {
        enum room target = room_of_include(include.target);
        if (target == ROOM_COUNT && include.is_quoted) {
            report_add(report, "include", source, include.at, "\"%s\" does not name its room",
                       include.target);
        } else if (target < ROOM_COUNT && target > source->room) {
            report_add(report, "wall", source, include.at, "%s looks up into %s",
                       room_names[source->room], room_names[target]);
        }
    }
}

/* The file, or the room when the entry ends in a slash, that may include a library. */
static bool is_door(const struct source *source, const char *door)
{
    static const char *const pure[] = {"frame.c", "frame.h",   "noise.c",
                                       "noise.h", "channel.c", "channel.h"};
    size_t len = strlen(door);
    if (door[len - 1] != '/') {
        return strcmp(source->path, door) == 0;
    }
    for (size_t i = 0; i < sizeof(pure) / sizeof(pure[0]); i++) {
        if (strcmp(source->name, pure[i]) == 0) {
            return false;
        }
    }
    return strncmp(source->path, door, len) == 0;
}

static void doors(const struct source *source, struct report *report)
{
    static const struct {
        const char *header; /* how its name begins */
        const char *door;
    } table[] = {
        {"sodium", "core/crypto.c"},
        {"lmdb.h", "core/store.c"},
        {"msgpack", "core/pack.c"},
        {"zstd", "core/squeeze.c"},
        {"zdict.h", "core/squeeze.c"},
        {"uv.h", "net/"},
        {"uv/", "net/"},
        {"jansson.h", "cli/json.c"},
        {"utf8proc.h", "core/text.c"},
    };
    struct include include;
    size_t at = 0;
    while (next_include(source, &at, &include)) {
        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
            size_t len = strlen(table[i].header);
            bool is_there = strncmp(include.target, table[i].header, len) == 0;
            if (is_there && !is_door(source, table[i].door)) {
                report_add(report, "door", source, include.at, "<%s> is behind %s", include.target,
                           table[i].door);
            }
        }
    }
}

/* ------------------------------------------------------------------------------------------- */

const char *const source_rules[] = {
    "file-length", "line-length", "blanks",  "function-length",
    "parameters",  "prefix",      "typedef", "guard",
    "word",        "unfinished",  "banned",  "memory",
    "include",     "wall",        "door",    NULL,
};

void check_source(const struct source *source, struct report *report)
{
    line_length(source, report);
    if (source->room == ROOM_TESTS) {
        return;
    }
    file_length(source, report);
    blanks(source, report);
    functions(source, report);
    prefix(source, report);
    typedefs(source, report);
    guard(source, report);
    words(source, report);
    unfinished(source, report);
    banned(source, report);
    memory(source, report);
    walls(source, report);
    doors(source, report);
}
