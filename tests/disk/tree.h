/*
 * tree.h - rows in order of their keys, in a tree that is cheap to copy.
 *
 *   struct tree      a root and its sums; a copy of it costs one count
 *   node             up to TREE_WIDTH rows (a leaf) or nodes below (a branch)
 *   row              key and value, never changed
 *
 * Nodes and rows count who points at them. What only one tree reaches is changed in place; what two
 * share is copied first, from the root down to the place: one node a level. So a write transaction
 * begins with copies of all trees, pays once for each node that it touches, and what others hold
 * never changes.
 */
#ifndef LUM_TESTS_DISK_TREE_H
#define LUM_TESTS_DISK_TREE_H

#include "core/mem.h"

#ifndef DISK_TREE_WIDTH
#define DISK_TREE_WIDTH 32
#endif

enum {
    TREE_WIDTH = DISK_TREE_WIDTH,
    TREE_LEVELS = 16,
};

struct row {
    uint32_t refs;
    uint32_t key_len;
    uint32_t value_len;
    uint8_t bytes[]; /* key, value */
};

struct tree_node;

/* All zeroes: no rows. */
struct tree {
    struct tree_node *root;
    uint64_t rows;
    uint64_t bytes;       /* of the rows in pages that rows share, as LMDB lays them out */
    uint64_t large_pages; /* of values that have their own */
};

/* A place in a tree; stands until the tree changes. */
struct tree_path {
    uint32_t levels; /* 0: nowhere */
    struct {
        struct tree_node *node;
        uint32_t at;
    } step[TREE_LEVELS];
};

struct tree tree_copy(const struct tree *tree);
void tree_drop(struct tree *tree); /* leaves one without rows */

/* The value is a, then b. What the old row under that key held stands until this returns. */
void tree_put(struct tree *tree, struct lum_bytes key, struct lum_bytes a, struct lum_bytes b);
bool tree_delete(struct tree *tree, struct lum_bytes key); /* false: not there */
const struct row *tree_get(const struct tree *tree, struct lum_bytes key);

/* Each gives the row it comes to; NULL where there is none, and then the path is nowhere. */
struct row *tree_seek(const struct tree *tree, struct lum_bytes key, struct tree_path *path);
struct row *tree_first(const struct tree *tree, struct tree_path *path);
struct row *tree_last(const struct tree *tree, struct tree_path *path);
struct row *tree_next(struct tree_path *path);
struct row *tree_before(struct tree_path *path);

uint64_t tree_pages(const struct tree *tree); /* that LMDB would take, about */

struct row *row_share(struct row *row);
void row_drop(struct row *row); /* NULL is fine */

static inline struct lum_bytes row_key(const struct row *row)
{
    return lum_bytes_of(row->bytes, row->key_len);
}

static inline struct lum_bytes row_value(const struct row *row)
{
    return lum_bytes_of(row->bytes + row->key_len, row->value_len);
}

#endif
