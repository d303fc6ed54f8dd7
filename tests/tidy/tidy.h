/*
 * tidy.h - the house rules as a test.
 *
 *   source.c  a file of ours: its text, and the same text without comments and literals
 *   rules.c   the rules over one file;  tree.c  the rules over all files together
 *   plant.c   one violation of every rule, in a tree made for it
 *   tidy.c    plants first, then the real tree
 *
 * tidy links nothing of ours, so that it still speaks when nothing else compiles.
 */
#ifndef LUM_TESTS_TIDY_H
#define LUM_TESTS_TIDY_H

#include <stdbool.h>
#include <stddef.h>

/* From the lowest up: a room may include itself and what stands before it. */
enum room {
    ROOM_CORE,
    ROOM_SYNC,
    ROOM_NET,
    ROOM_CLI,
    ROOM_COUNT,
    ROOM_TESTS = ROOM_COUNT,
};
extern const char *const room_names[ROOM_COUNT + 1];

/*
 * text, code and body have the same length and the same line breaks.
 *   text  as it stands
 *   code  comments, and what is between quotes, are blanks
 *   body  preprocessor lines are blanks as well
 */
struct source {
    char path[256];   /* from the top of the tree: core/log.c */
    const char *name; /* log.c, inside path */
    enum room room;
    bool is_header;
    size_t len;
    char *text;
    char *code;
    char *body;
};

struct tree {
    char root[512];
    struct source *at;
    size_t count;
};

struct finding {
    const char *rule;
    char path[256];
    unsigned line;
    char text[160];
};

struct report {
    struct finding *at;
    size_t count;
};

/* Reads every .c and .h of the rooms and of tests. False, with a line on standard error, if not. */
bool tree_load(struct tree *tree, const char *root);
void tree_free(struct tree *tree);

unsigned line_of(const struct source *source, size_t offset); /* from 1 */
bool is_word_char(char c);
/* Where `word` next stands as a whole identifier, at or after `from`; source->len if nowhere. */
size_t find_word(const struct source *source, const char *in, const char *word, size_t from);

/* A function's head, and its body when it has one here. */
struct function {
    char name[80];
    size_t at; /* where its head begins */
    unsigned line;
    unsigned lines; /* head to closing brace; 0 for a declaration */
    unsigned parameters;
    bool is_static;
    bool is_typedef;
};
/* Steps *at from 0 through the functions of a file; false after the last one. */
bool next_function(const struct source *source, size_t *at, struct function *out);

__attribute__((format(printf, 5, 6))) void report_add(struct report *report, const char *rule,
                                                      const struct source *source, size_t offset,
                                                      const char *format, ...);
void report_free(struct report *report);

/* All rules over all files. */
void check_source(const struct source *source, struct report *report);
void check_tree(const struct tree *tree, struct report *report);
/* Every rule's name, ended by NULL; each must be planted. */
extern const char *const source_rules[];
extern const char *const tree_rules[];

/* True when every rule's violation was planted and seen, alone and in its place. */
bool plants_are_seen(void);

#endif
