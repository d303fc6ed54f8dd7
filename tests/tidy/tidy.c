/* tidy.c - plants first, then the real tree: prints file:line: rule: text, ends 0 when clean. */
#include "tests/tidy/tidy.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s SOURCE-FOLDER\n", argv[0]);
        return 2;
    }
    if (!plants_are_seen()) {
        return 1;
    }
    struct tree tree;
    struct report report = {.count = 0};
    bool loaded = tree_load(&tree, argv[1]);
    check_tree(&tree, &report);
    for (size_t i = 0; i < report.count; i++) {
        const struct finding *finding = &report.at[i];
        printf("%s:%u: %s: %s\n", finding->path, finding->line, finding->rule, finding->text);
    }
    printf("%zu files, %zu findings\n", tree.count, report.count);
    bool clean = loaded && tree.count > 0 && report.count == 0;
    report_free(&report);
    tree_free(&tree);
    return clean ? 0 : 1;
}
