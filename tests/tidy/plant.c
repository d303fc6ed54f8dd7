/*
 * plant.c - one violation of every rule, and more where a rule has several ways to be broken.
 *
 * Each is planted alone into a small clean tree, which is then searched: the rule must be reported
 * at that line, and nothing else anywhere. So a rule that sees nothing, and a rule that sees what
 * is not there, both fail before the real tree is looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tidy/tidy.h"

/* A file is head, then `times` times filler, then tail. */
struct plant {
    const char *rule; /* NULL: must be found clean */
    const char *path;
    unsigned line;
    const char *head;
    const char *filler;
    unsigned times;
    const char *tail;
};

#define GUARD(name) "#ifndef " name "\n#define " name "\n"
#define TEN         "0123456789"
#define HUNDRED     TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* What stands before each planting. "good" is a name of every room, so one test serves all. */
static const struct plant base[] = {
    {.path = "core/limits.h",
     .head = GUARD("LUM_CORE_LIMITS_H") "enum {\n    LUM_GOOD_MAX = 3,\n};\n#endif\n"},
    {.path = "core/good.h",
     .head = GUARD("LUM_CORE_GOOD_H") "#include \"core/limits.h\"\n"
                                      "typedef void (*lum_good_fn)(struct lum_good *good);\n"
                                      "__attribute__((pure)) int lum_good_take(int a, int b);\n"
                                      "#endif\n"},
    {.path = "core/good.c",
     .head = "/* Speaks of strcpy() and \"TO\" \"DO\" only here. */\n#include \"core/good.h\"\n"
             "static int rand_of(struct lum_env *env)\n{\n    return env->rand(LUM_GOOD_MAX);\n}\n"
             "int lum_good_take(int a, int b)\n{\n    return a + b + rand_of(\"system(\");\n}\n"},
    {.path = "sync/good.c", .head = "#include \"core/good.h\"\nstatic int here;\n"},
    {.path = "net/good.c",
     .head = "#include \"sync/good.h\"\n#include <uv.h>\n/* What may emerge. */\n"},
    {.path = "cli/good.c", .head = "int main(int argc, char **argv)\n{\n    return 0;\n}\n"},
    {.path = "tests/unit/test_good.c", .head = "\tint TODO; \nvoid free_all(void);\n"},
};

static const struct plant plants[] = {
    {.path = "core/good.c", .head = "#include \"core/good.h\"\nint x = LUM_GOOD_MAX;\n"},
    {"file-length", "cli/long.c", 601, "", "int x;\n", 601, ""},
    {"file-length", "cli/long.h", 404, GUARD("LUM_CLI_LONG_H"), "int x;\n", 401, "#endif\n"},
    {NULL, "cli/long.c", 0, "", "int x;\n", 600, ""},
    {"line-length", "cli/wide.c", 2, "int x;\n// " HUNDRED "\n", NULL, 0, NULL},
    {"line-length", "tests/wide.c", 1, "// " HUNDRED "\n", NULL, 0, NULL},
    {NULL, "cli/wide.c", 0, "// ", "\xc3\xa9", 97, "\n"},
    {"blanks", "net/good.c", 2, "int x;\n\tint y;\n", NULL, 0, NULL},
    {"blanks", "net/good.c", 1, "int x; \nint y;\n", NULL, 0, NULL},
    {"blanks", "net/good.c", 1, "int x;\r\n", NULL, 0, NULL},
    {"blanks", "net/good.c", 2, "int x;\nint y;", NULL, 0, NULL},
    {"function-length", "net/good.c", 2, "int y;\nstatic int f(void)\n{\n", "    g();\n", 68,
     "}\n"},
    {"function-length", "net/good.c", 1, "static int f(void) {\n", "    if (a) { b; }\n", 69,
     "}\n"},
    {NULL, "net/good.c", 0, "static int f(void)\n{\n", "    g();\n", 67, "}\n"},
    {"parameters", "core/bad.h", 3,
     GUARD("LUM_CORE_BAD_H") "int lum_bad(int a, int b, int c, int d, int e, int f,\n"
                             "            int (*g)(int, int));\n#endif\n",
     NULL, 0, NULL},
    {"parameters", "cli/bad.c", 2,
     "int x;\nstatic int f(int a, int b, int c, int d, int e, int f, int g)\n{\n}\n", NULL, 0,
     NULL},
    {"prefix", "net/good.c", 2, "static int a(void);\nint open_it(int a)\n{\n}\n", NULL, 0, NULL},
    {"prefix", "sync/bad.h", 3, GUARD("LUM_SYNC_BAD_H") "int bad_open(void);\n#endif\n", NULL, 0,
     NULL},
    {"typedef", "sync/good.c", 1, "typedef struct lum_a lum_a;\n", NULL, 0, NULL},
    {"typedef", "cli/bad.c", 2, "int x;\ntypedef enum { A, B } lum_e;\n", NULL, 0, NULL},
    {"guard", "sync/bad.h", 1, "#pragma once\nint x;\n", NULL, 0, NULL},
    {"guard", "sync/bad.h", 1, GUARD("LUM_SYNC_GOOD_H") "#endif\n", NULL, 0, NULL},
    {"word", "core/bad.h", 3, GUARD("LUM_CORE_BAD_H") "/* The Peers. */\n#endif\n", NULL, 0, NULL},
    {"word", "sync/good.c", 1, "static int a_socket;\n", NULL, 0, NULL},
    {"word", "net/good.c", 2, "int x;\nstatic int merged;\n", NULL, 0, NULL},
    {"word", "net/good.c", 1, "static char **argv;\n", NULL, 0, NULL},
    {"unfinished", "cli/bad.c", 2,
     "int x;\n/* TO"
     "DO: the rest */\n",
     NULL, 0, NULL},
    {"unfinished", "cli/bad.c", 1,
     "// FIX"
     "ME\n",
     NULL, 0, NULL},
    {"banned", "sync/good.c", 3, "static void f(void)\n{\n    strcpy(a, b);\n}\n", NULL, 0, NULL},
    {"banned", "cli/bad.c", 1, "#define NOW() localtime (&t)\n", NULL, 0, NULL},
    {"memory", "cli/bad.c", 3, "static void f(void)\n{\n    free(a);\n}\n", NULL, 0, NULL},
    {"include", "sync/good.c", 1, "#include \"good.h\"\n", NULL, 0, NULL},
    {"include", "sync/good.c", 2, "int x;\n#include \"../net/good.h\"\n", NULL, 0, NULL},
    {"wall", "sync/good.c", 1, "#include \"net/good.h\"\n", NULL, 0, NULL},
    {"wall", "core/bad.h", 3, GUARD("LUM_CORE_BAD_H") "#include <cli/good.h>\n#endif\n", NULL, 0,
     NULL},
    {"door", "core/bad.h", 3, GUARD("LUM_CORE_BAD_H") "#include <sodium.h>\n#endif\n", NULL, 0,
     NULL},
    {"door", "sync/good.c", 1, "#include <uv.h>\n", NULL, 0, NULL},
    {"door", "net/frame.h", 3, GUARD("LUM_NET_FRAME_H") "#include <uv.h>\n#endif\n", NULL, 0, NULL},
    {"door", "cli/bad.c", 1, "#include <msgpack/object.h>\n", NULL, 0, NULL},
    {"test", "sync/bad.c", 1, "static int here;\n", NULL, 0, NULL},
    {"limit", "core/limits.h", 5,
     GUARD("LUM_CORE_LIMITS_H") "enum {\n    LUM_GOOD_MAX = 3,\n    LUM_BAD_MAX = 4, /* LUM_X */\n"
                                "};\n#endif\n",
     NULL, 0, NULL},
};

enum {
    PLANT_COUNT = sizeof(plants) / sizeof(plants[0]),
    BASE_COUNT = sizeof(base) / sizeof(base[0]),
};

static bool sow(const char *root, const struct plant *plant)
{
    char path[1024];
    (void)snprintf(path, sizeof(path), "%s/%s", root, plant->path);
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        perror(path);
        return false;
    }
    bool good = fputs(plant->head, file) >= 0;
    for (unsigned i = 0; i < plant->times; i++) {
        good = fputs(plant->filler, file) >= 0 && good;
    }
    good = (plant->tail == NULL || fputs(plant->tail, file) >= 0) && good;
    return fclose(file) == 0 && good;
}

static void clear(const char *root)
{
    char path[1024];
    for (size_t i = 0; i < BASE_COUNT + PLANT_COUNT; i++) {
        const char *planted = i < BASE_COUNT ? base[i].path : plants[i - BASE_COUNT].path;
        (void)snprintf(path, sizeof(path), "%s/%s", root, planted);
        (void)unlink(path);
    }
}

static bool is_expected(const struct report *report, const struct plant *plant)
{
    if (plant->rule == NULL) {
        return report->count == 0;
    }
    return report->count == 1 && strcmp(report->at[0].rule, plant->rule) == 0 &&
           strcmp(report->at[0].path, plant->path) == 0 && report->at[0].line == plant->line;
}

static void complain(const struct report *report, const struct plant *plant)
{
    printf("planted %s in %s:%u, seen:\n", plant->rule == NULL ? "nothing" : plant->rule,
           plant->path, plant->line);
    for (size_t i = 0; i < report->count; i++) {
        const struct finding *finding = &report->at[i];
        printf("    %s:%u: %s: %s\n", finding->path, finding->line, finding->rule, finding->text);
    }
}

static bool plant_is_seen(const char *root, const struct plant *plant)
{
    clear(root);
    bool good = true;
    for (size_t i = 0; i < BASE_COUNT; i++) {
        good = sow(root, &base[i]) && good;
    }
    struct tree tree;
    struct report report = {.count = 0};
    good = sow(root, plant) && good && tree_load(&tree, root);
    if (good) {
        check_tree(&tree, &report);
        good = is_expected(&report, plant);
        tree_free(&tree);
    }
    if (!good) {
        complain(&report, plant);
    }
    report_free(&report);
    return good;
}

static bool every_rule_is_planted(const char *const *rules)
{
    bool good = true;
    for (size_t i = 0; rules[i] != NULL; i++) {
        bool planted = false;
        for (size_t k = 0; k < PLANT_COUNT; k++) {
            planted = planted || (plants[k].rule != NULL && strcmp(plants[k].rule, rules[i]) == 0);
        }
        if (!planted) {
            printf("rule %s has no planted violation\n", rules[i]);
            good = false;
        }
    }
    return good;
}

/* Makes the folders (or removes them, deepest first). */
static bool folders(const char *root, bool make)
{
    static const char *const names[] = {"core", "sync", "net", "cli", "tests", "tests/unit"};
    enum {
        COUNT = sizeof(names) / sizeof(names[0])
    };
    bool good = true;
    for (size_t i = 0; i < COUNT; i++) {
        char path[1024];
        const char *name = make ? names[i] : names[COUNT - 1 - i];
        (void)snprintf(path, sizeof(path), "%s/%s", root, name);
        good = (make ? mkdir(path, 0700) : rmdir(path)) == 0 && good;
    }
    return good;
}

bool plants_are_seen(void)
{
    char root[512];
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(root, sizeof(root), "%s/lum-tidy-XXXXXX", tmp == NULL ? "/tmp" : tmp);
    if (mkdtemp(root) == NULL || !folders(root, true)) {
        perror(root);
        return false;
    }
    unsigned seen = 0;
    for (size_t i = 0; i < PLANT_COUNT; i++) {
        seen += plant_is_seen(root, &plants[i]) ? 1 : 0;
    }
    clear(root);
    bool cleared = folders(root, false) && rmdir(root) == 0;
    printf("%u of %d plantings seen as they should be\n", seen, PLANT_COUNT);
    bool complete = every_rule_is_planted(source_rules) && every_rule_is_planted(tree_rules);
    return cleared && complete && seen == PLANT_COUNT;
}
