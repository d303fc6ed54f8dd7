/*
 * source.c - reads the files of the tree and finds lines, words and functions in them.
 *
 * No C parser: one pass knows comments, quotes and preprocessor lines, the rest counts brackets.
 * That is exact for the C this project writes (no K&R heads, no braces split by #if).
 */
#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/tidy/tidy.h"

const char *const room_names[ROOM_COUNT + 1] = {"core", "sync", "net", "cli", "tests"};

static void out_of_memory(void)
{
    fputs("tidy: out of memory\n", stderr);
    exit(2);
}

static char *file_text(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return NULL;
    }
    struct stat info;
    char *text = NULL;
    if (fstat(fileno(file), &info) == 0) {
        *len = (size_t)info.st_size;
        text = calloc(1, *len + 1);
    }
    if (text != NULL && fread(text, 1, *len, file) != *len) {
        perror(path);
        free(text);
        text = NULL;
    }
    (void)fclose(file);
    return text;
}

static char *copy_of(const char *text, size_t len)
{
    char *copy = calloc(1, len + 1);
    if (copy == NULL) {
        out_of_memory();
    }
    return memcpy(copy, text, len);
}

static void blank(char *text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        text[i] = text[i] == '\n' ? '\n' : ' ';
    }
}

/* Where the comment that begins at `from` ends. */
static size_t comment_end(const char *text, size_t from)
{
    const char *end =
        text[from + 1] == '*' ? strstr(text + from + 2, "*/") : strchr(text + from, '\n');
    if (end == NULL) {
        return from + strlen(text + from);
    }
    return (size_t)(end - text) + (*end == '*' ? 2 : 0);
}

/* Where the closing quote of the literal that opens at `from` stands. */
static size_t quote_end(const char *text, size_t from)
{
    size_t i = from + 1;
    while (text[i] != '\0' && text[i] != '\n' && text[i] != text[from]) {
        i += text[i] == '\\' && text[i + 1] != '\0' ? 2 : 1;
    }
    return i;
}

/* text -> code. */
static void blank_literals(char *code)
{
    size_t i = 0;
    while (code[i] != '\0') {
        size_t end = i + 1;
        if (code[i] == '/' && (code[i + 1] == '*' || code[i + 1] == '/')) {
            end = comment_end(code, i);
            blank(code, i, end);
        } else if (code[i] == '"' || code[i] == '\'') {
            end = quote_end(code, i);
            blank(code, i + 1, end);
            end += code[end] == '\0' ? 0 : 1;
        }
        i = end;
    }
}

/* code -> body. A directive goes on while its lines end in a backslash. */
static void blank_directives(char *body)
{
    size_t i = 0;
    bool inside = false;
    while (body[i] != '\0') {
        size_t end = i + strcspn(body + i, "\n");
        size_t first = i + strspn(body + i, " \t");
        inside = inside || body[first] == '#';
        bool goes_on = inside && end > i && body[end - 1] == '\\';
        if (inside) {
            blank(body, i, end);
        }
        inside = goes_on;
        i = end + (body[end] == '\0' ? 0 : 1);
    }
}

static bool source_load(struct source *source, const char *root, enum room room, const char *path)
{
    char whole[1024];
    (void)snprintf(whole, sizeof(whole), "%s/%s", root, path);
    *source = (struct source){.room = room};
    (void)snprintf(source->path, sizeof(source->path), "%s", path);
    source->is_header = source->path[strlen(source->path) - 1] == 'h';
    source->text = file_text(whole, &source->len);
    if (source->text == NULL) {
        return false;
    }
    source->code = copy_of(source->text, source->len);
    blank_literals(source->code);
    source->body = copy_of(source->code, source->len);
    blank_directives(source->body);
    return true;
}

static bool is_c_file(const char *name)
{
    size_t len = strlen(name);
    return len > 2 && name[len - 2] == '.' && (name[len - 1] == 'c' || name[len - 1] == 'h');
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool tree_add(struct tree *tree, enum room room, const char *path)
{
    struct source *grown = realloc(tree->at, (tree->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        out_of_memory();
    }
    tree->at = grown;
    bool good = source_load(&grown[tree->count], tree->root, room, path);
    tree->count += good ? 1 : 0;
    return good;
}

/* Folders inside a room are walked too, as deep as the buffer for a path goes. */
static bool folder_load(struct tree *tree, enum room room, const char *folder)
{
    char whole[1024];
    (void)snprintf(whole, sizeof(whole), "%s/%s", tree->root, folder);
    struct dirent **entries = NULL;
    int count = scandir(whole, &entries, not_hidden, alphasort);
    bool good = true;
    for (int i = 0; i < count; i++) {
        char path[256];
        char below[1024];
        bool fits = strlen(folder) + 1 + strlen(entries[i]->d_name) < sizeof(path);
        (void)snprintf(path, sizeof(path), "%s/%.200s", folder, entries[i]->d_name);
        (void)snprintf(below, sizeof(below), "%s/%s", tree->root, path);
        if (!fits) {
            fprintf(stderr, "tidy: %s: path too long\n", path);
            good = false;
        } else if (is_folder(below)) {
            good = folder_load(tree, room, path) && good;
        } else if (is_c_file(entries[i]->d_name)) {
            good = tree_add(tree, room, path) && good;
        }
        free(entries[i]);
    }
    free(entries);
    return good;
}

bool tree_load(struct tree *tree, const char *root)
{
    *tree = (struct tree){.count = 0};
    (void)snprintf(tree->root, sizeof(tree->root), "%s", root);
    bool good = true;
    for (int room = ROOM_CORE; room <= (int)ROOM_TESTS; room++) {
        good = folder_load(tree, (enum room)room, room_names[room]) && good;
    }
    /* The array grew while it was filled: names point into the paths where they lie now. */
    for (size_t i = 0; i < tree->count; i++) {
        tree->at[i].name = strrchr(tree->at[i].path, '/') + 1;
    }
    return good;
}

void tree_free(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->at[i].text);
        free(tree->at[i].code);
        free(tree->at[i].body);
    }
    free(tree->at);
    *tree = (struct tree){.count = 0};
}

unsigned line_of(const struct source *source, size_t offset)
{
    unsigned line = 1;
    for (size_t i = 0; i < offset && i < source->len; i++) {
        line += source->text[i] == '\n' ? 1 : 0;
    }
    return line;
}

bool is_word_char(char c)
{
    return isalnum((unsigned char)c) != 0 || c == '_';
}

size_t find_word(const struct source *source, const char *in, const char *word, size_t from)
{
    size_t len = strlen(word);
    const char *found = strstr(in + from, word);
    while (found != NULL) {
        bool begins = found == in || !is_word_char(found[-1]);
        if (begins && !is_word_char(found[len])) {
            return (size_t)(found - in);
        }
        found = strstr(found + 1, word);
    }
    return source->len;
}

void report_add(struct report *report, const char *rule, const struct source *source, size_t offset,
                const char *format, ...)
{
    struct finding *grown = realloc(report->at, (report->count + 1) * sizeof(*grown));
    if (grown == NULL) {
        out_of_memory();
    }
    report->at = grown;
    struct finding *finding = &grown[report->count];
    report->count++;
    *finding = (struct finding){.rule = rule, .line = line_of(source, offset)};
    memcpy(finding->path, source->path, sizeof(finding->path));
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

void report_free(struct report *report)
{
    free(report->at);
    *report = (struct report){.count = 0};
}
