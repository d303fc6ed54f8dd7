/*
 * tree.c - the rules that no file can answer for alone: every file has its test, every limit its
 * use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tidy/tidy.h"

/* Parts of one machine are tried as one: a session with a neighbour, a node with its sockets. These
 * tests do it. */
static const struct {
    const char *path;
    const char *test;
} together[] = {
    {"sync/session.c", "tests/unit/test_hear.c"},   {"sync/greet.c", "tests/unit/test_hear.c"},
    {"sync/front.c", "tests/unit/test_hear.c"},     {"sync/push.c", "tests/unit/test_sync.c"},
    {"sync/bunch.c", "tests/unit/test_sync.c"},     {"sync/outbox.c", "tests/unit/test_sync.c"},
    {"sync/equal.c", "tests/unit/test_sync.c"},     {"sync/branch.c", "tests/unit/test_sync.c"},
    {"net/pump.c", "tests/unit/test_node.c"},       {"net/line.c", "tests/unit/test_node.c"},
    {"net/desk.c", "tests/unit/test_node.c"},       {"net/meet.c", "tests/unit/test_node.c"},
    {"net/conn.c", "tests/unit/test_node.c"},       {"net/worker.c", "tests/unit/test_node.c"},
    {"core/restore.c", "tests/unit/test_backup.c"},
    {"core/store_scrape.c", "tests/unit/test_rescue.c"},
    {"net/node_address.c", "tests/unit/test_node.c"},
};

static const struct source *find_file(const struct tree *tree, const char *path)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (strcmp(tree->at[i].path, path) == 0) {
            return &tree->at[i];
        }
    }
    return NULL;
}

static bool is_tried_with_others(const struct tree *tree, const struct source *source)
{
    for (size_t i = 0; i < sizeof(together) / sizeof(together[0]); i++) {
        if (strcmp(together[i].path, source->path) == 0) {
            return find_file(tree, together[i].test) != NULL;
        }
    }
    return false;
}

static void every_file_has_its_test(const struct tree *tree, struct report *report)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->at[i];
        if (source->room >= ROOM_CLI || source->is_header ||
            is_tried_with_others(tree, source)) {
            continue;
        }
        char unit[300];
        char prop[300];
        (void)snprintf(unit, sizeof(unit), "tests/unit/test_%s", source->name);
        (void)snprintf(prop, sizeof(prop), "tests/prop/test_%s", source->name);
        if (find_file(tree, unit) == NULL && find_file(tree, prop) == NULL) {
            report_add(report, "test", source, 0, "no %s", unit);
        }
    }
}

/* A limit that only a test reads limits nothing. */
static bool is_used(const struct tree *tree, const struct source *limits, const char *name)
{
    for (size_t i = 0; i < tree->count; i++) {
        const struct source *source = &tree->at[i];
        if (source != limits && source->room < ROOM_TESTS &&
            find_word(source, source->code, name, 0) < source->len) {
            return true;
        }
    }
    return false;
}

/* Every "LUM_NAME =" of the page. */
static void every_limit_is_used(const struct tree *tree, struct report *report)
{
    const struct source *limits = find_file(tree, "core/limits.h");
    if (limits == NULL) {
        return;
    }
    const char *at = strstr(limits->body, "LUM_");
    while (at != NULL) {
        char name[80];
        size_t len = 0;
        while (is_word_char(at[len]) && len < sizeof(name) - 1) {
            name[len] = at[len];
            len++;
        }
        name[len] = '\0';
        if (strncmp(at + len, " =", 2) == 0 && !is_used(tree, limits, name)) {
            report_add(report, "limit", limits, (size_t)(at - limits->body), "%s is used nowhere",
                       name);
        }
        at = strstr(at + len, "LUM_");
    }
}

const char *const tree_rules[] = {"test", "limit", NULL};

void check_tree(const struct tree *tree, struct report *report)
{
    for (size_t i = 0; i < tree->count; i++) {
        check_source(&tree->at[i], report);
    }
    every_file_has_its_test(tree, report);
    every_limit_is_used(tree, report);
}
