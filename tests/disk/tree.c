/*
 * tree.c - a tree whose copies share what did not change; see tree.h.
 *
 *   branch   key 0   key 1   key 2 ..     key i (i > 0) is not above any key under i and above all
 *              |       |       |          keys under i - 1; key 0 is looked at by nobody
 *   leaf     row 0   row 1   row 2 ..     never empty; all leaves stand on one level
 */
#include "tests/disk/tree.h"

#include <stdlib.h>
#include <string.h>

enum {
    POOR = TREE_WIDTH / 4,       /* a node of fewer is joined with a neighbour, */
    JOINED = TREE_WIDTH * 3 / 4, /* unless they had more together */

    PAGE = 4096,
    PAGE_ROOM = PAGE - 16,
    ROW_HEAD = 8 + 2,  /* of a row in a page, and its place there */
    SHARED_MAX = 2038, /* a larger row's value stands by itself, */
    LARGE_ROW = 8,     /* and this in its place */
    BRANCH_ROWS = 100, /* about, of one page */
};

struct tree_node {
    uint32_t refs;
    uint16_t count;
    uint16_t level; /* 0: a leaf */
    struct row *rows[TREE_WIDTH];
    struct tree_node *kids[]; /* of a branch: TREE_WIDTH */
};

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* ---- rows ---- */

static uint8_t *put_bytes(uint8_t *at, struct lum_bytes bytes)
{
    if (bytes.len > 0) {
        memcpy(at, bytes.at, bytes.len);
    }
    return at + bytes.len;
}

static struct row *row_make(struct lum_bytes key, struct lum_bytes a, struct lum_bytes b)
{
    struct row *row = must(malloc(sizeof *row + key.len + a.len + b.len));
    row->refs = 1;
    row->key_len = (uint32_t)key.len;
    row->value_len = (uint32_t)(a.len + b.len);
    (void)put_bytes(put_bytes(put_bytes(row->bytes, key), a), b);
    return row;
}

struct row *row_share(struct row *row)
{
    row->refs++;
    return row;
}

void row_drop(struct row *row)
{
    if (row != NULL && --row->refs == 0) {
        free(row);
    }
}

/* ---- nodes ---- */

static struct tree_node *node_make(uint16_t level)
{
    size_t kids = level == 0 ? 0 : TREE_WIDTH;
    struct tree_node *node = must(malloc(sizeof *node + kids * sizeof node->kids[0]));
    node->refs = 1;
    node->count = 0;
    node->level = level;
    return node;
}

static void node_drop(struct tree_node *node)
{
    if (node == NULL || --node->refs > 0) {
        return;
    }
    for (uint32_t i = 0; i < node->count; i++) {
        row_drop(node->rows[i]);
        if (node->level > 0) {
            node_drop(node->kids[i]);
        }
    }
    free(node);
}

/* What the slot points at is reached by it alone afterwards. */
static struct tree_node *own(struct tree_node **slot)
{
    struct tree_node *old = *slot;
    if (old->refs == 1) {
        return old;
    }
    struct tree_node *node = node_make(old->level);
    node->count = old->count;
    for (uint32_t i = 0; i < old->count; i++) {
        node->rows[i] = row_share(old->rows[i]);
        if (old->level > 0) {
            node->kids[i] = old->kids[i];
            node->kids[i]->refs++;
        }
    }
    old->refs--;
    *slot = node;
    return node;
}

/* Moves `count` entries within a node or to another one; the counts are the caller's. */
static void move(struct tree_node *to, uint32_t to_at, struct tree_node *from, uint32_t from_at,
                 uint32_t count)
{
    memmove(to->rows + to_at, from->rows + from_at, count * sizeof(struct row *));
    if (to->level > 0) {
        memmove(to->kids + to_at, from->kids + from_at, count * sizeof(struct tree_node *));
    }
}

/* The first row or key of the node that is not below (`or_equal`: or equal to) the given one. */
static uint32_t first_above(const struct tree_node *node, struct lum_bytes key, uint32_t from,
                            bool or_equal)
{
    uint32_t low = from;
    uint32_t high = node->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        int order = lum_bytes_compare(row_key(node->rows[middle]), key);
        if (order > 0 || (order == 0 && or_equal)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static uint32_t kid_of(const struct tree_node *node, struct lum_bytes key)
{
    return first_above(node, key, 1, false) - 1;
}

/* ---- sums ---- */

static void weigh(struct tree *tree, const struct row *row, bool is_more)
{
    uint64_t bytes = ROW_HEAD + (uint64_t)row->key_len;
    uint64_t pages = 0;
    if (8 + (uint64_t)row->key_len + row->value_len > SHARED_MAX) {
        pages = (16 + (uint64_t)row->value_len + PAGE - 1) / PAGE;
        bytes += LARGE_ROW;
    } else {
        bytes += row->value_len;
    }
    bytes += bytes % 2;
    tree->rows += is_more ? 1 : UINT64_MAX;
    tree->bytes += is_more ? bytes : 0 - bytes;
    tree->large_pages += is_more ? pages : 0 - pages;
}

uint64_t tree_pages(const struct tree *tree)
{
    uint64_t leaves = (tree->bytes + PAGE_ROOM - 1) / PAGE_ROOM;
    return leaves + (leaves > 1 ? leaves / BRANCH_ROWS + 1 : 0) + tree->large_pages;
}

struct tree tree_copy(const struct tree *tree)
{
    if (tree->root != NULL) {
        tree->root->refs++;
    }
    return *tree;
}

void tree_drop(struct tree *tree)
{
    node_drop(tree->root);
    *tree = (struct tree){0};
}

/* ---- putting ---- */

/* Takes over row and kid. There is room. */
static void insert(struct tree_node *node, uint32_t at, struct row *row, struct tree_node *kid)
{
    move(node, at + 1, node, at, node->count - at);
    node->rows[at] = row;
    if (node->level > 0) {
        node->kids[at] = kid;
    }
    node->count++;
}

/* What a node begins with, without a value; owned by the caller. */
static struct row *key_of(const struct tree_node *node)
{
    return row_make(row_key(node->rows[0]), (struct lum_bytes){0}, (struct lum_bytes){0});
}

/* The upper part of a full node becomes one of its own: little when keys come in order. */
static struct tree_node *split(struct tree_node *node, bool at_end)
{
    uint32_t left = at_end ? TREE_WIDTH - 1 : TREE_WIDTH / 2;
    struct tree_node *right = node_make(node->level);
    right->count = (uint16_t)(node->count - left);
    move(right, 0, node, left, right->count);
    node->count = (uint16_t)left;
    return right;
}

/* Room for one more in the kid at *at, which may then be the next one. */
static void make_room(struct tree_node *node, uint32_t *at, struct lum_bytes key)
{
    struct tree_node *kid = own(&node->kids[*at]);
    if (kid->count < TREE_WIDTH) {
        return;
    }
    bool at_end = lum_bytes_compare(key, row_key(kid->rows[kid->count - 1])) > 0;
    struct tree_node *right = split(kid, at_end);
    struct row *low = key_of(right);
    insert(node, *at + 1, low, right);
    *at += lum_bytes_compare(row_key(low), key) <= 0 ? 1 : 0;
}

/* Full nodes are split on the way down, so that each has room for what comes up from below. */
static struct tree_node *leaf_for(struct tree *tree, struct lum_bytes key)
{
    if (tree->root == NULL) {
        tree->root = node_make(0);
    }
    struct tree_node *node = own(&tree->root);
    if (node->count == TREE_WIDTH) {
        LUM_ASSERT(node->level + 1 < TREE_LEVELS);
        tree->root = node_make((uint16_t)(node->level + 1));
        insert(tree->root, 0, key_of(node), node);
        node = tree->root;
    }
    while (node->level > 0) {
        uint32_t at = kid_of(node, key);
        make_room(node, &at, key);
        node = node->kids[at];
    }
    return node;
}

void tree_put(struct tree *tree, struct lum_bytes key, struct lum_bytes a, struct lum_bytes b)
{
    struct row *row = row_make(key, a, b);
    struct tree_node *leaf = leaf_for(tree, key);
    uint32_t at = first_above(leaf, row_key(row), 0, true);
    if (at < leaf->count && lum_bytes_equal(row_key(leaf->rows[at]), row_key(row))) {
        weigh(tree, leaf->rows[at], false);
        row_drop(leaf->rows[at]);
        leaf->rows[at] = row;
    } else {
        insert(leaf, at, row, NULL);
    }
    weigh(tree, row, true);
}

/* ---- deleting ---- */

static void take_out(struct tree_node *node, uint32_t at)
{
    row_drop(node->rows[at]);
    move(node, at, node, at + 1, node->count - at - 1);
    node->count--;
}

/* The kid at + 1 goes into the kid `at`. Its key 0 will be looked at: the one above is right. */
static void join(struct tree_node *node, uint32_t at)
{
    struct tree_node *left = own(&node->kids[at]);
    struct tree_node *right = own(&node->kids[at + 1]);
    if (right->level > 0) {
        row_drop(right->rows[0]);
        right->rows[0] = row_share(node->rows[at + 1]);
    }
    move(left, left->count, right, 0, right->count);
    left->count = (uint16_t)(left->count + right->count);
    right->count = 0;
    node_drop(right);
    take_out(node, at + 1);
}

static void mend(struct tree_node *node, uint32_t at)
{
    uint32_t left = at > 0 ? at - 1 : at;
    if (node->kids[at]->count == 0) {
        node_drop(node->kids[at]);
        take_out(node, at);
    } else if (node->kids[at]->count < POOR && left + 1 < node->count &&
               node->kids[left]->count + node->kids[left + 1]->count <= JOINED) {
        join(node, left);
    }
}

/* The key is there. */
static void delete_under(struct tree *tree, struct tree_node *node, struct lum_bytes key)
{
    if (node->level == 0) {
        uint32_t at = first_above(node, key, 0, true);
        weigh(tree, node->rows[at], false);
        take_out(node, at);
        return;
    }
    uint32_t at = kid_of(node, key);
    delete_under(tree, own(&node->kids[at]), key);
    mend(node, at);
}

bool tree_delete(struct tree *tree, struct lum_bytes key)
{
    if (tree_get(tree, key) == NULL) {
        return false;
    }
    delete_under(tree, own(&tree->root), key);
    while (tree->root->level > 0 && tree->root->count == 1) {
        struct tree_node *old = tree->root;
        tree->root = old->kids[0];
        tree->root->refs++;
        node_drop(old);
    }
    if (tree->root->count == 0) {
        tree_drop(tree);
    }
    return true;
}

/* ---- reading ---- */

const struct row *tree_get(const struct tree *tree, struct lum_bytes key)
{
    const struct tree_node *node = tree->root;
    if (node == NULL) {
        return NULL;
    }
    while (node->level > 0) {
        node = node->kids[kid_of(node, key)];
    }
    uint32_t at = first_above(node, key, 0, true);
    bool is_there = at < node->count && lum_bytes_equal(row_key(node->rows[at]), key);
    return is_there ? node->rows[at] : NULL;
}

static void step_on(struct tree_path *path, struct tree_node *node, uint32_t at)
{
    path->step[path->levels].node = node;
    path->step[path->levels].at = at;
    path->levels++;
}

/* From the node of the last step down to a leaf, at its first or last row. */
static struct row *go_down(struct tree_path *path, bool to_last)
{
    struct tree_node *node = path->step[path->levels - 1].node;
    uint32_t at = path->step[path->levels - 1].at;
    while (node->level > 0) {
        node = node->kids[at];
        at = to_last ? node->count - 1U : 0;
        step_on(path, node, at);
    }
    return node->rows[at];
}

static struct row *end_of(const struct tree *tree, struct tree_path *path, bool is_last)
{
    path->levels = 0;
    if (tree->root == NULL) {
        return NULL;
    }
    step_on(path, tree->root, is_last ? tree->root->count - 1U : 0);
    return go_down(path, is_last);
}

struct row *tree_first(const struct tree *tree, struct tree_path *path)
{
    return end_of(tree, path, false);
}

struct row *tree_last(const struct tree *tree, struct tree_path *path)
{
    return end_of(tree, path, true);
}

struct row *tree_next(struct tree_path *path)
{
    while (path->levels > 0) {
        uint32_t last = path->levels - 1;
        if (++path->step[last].at < path->step[last].node->count) {
            return go_down(path, false);
        }
        path->levels--;
    }
    return NULL;
}

struct row *tree_before(struct tree_path *path)
{
    while (path->levels > 0) {
        uint32_t last = path->levels - 1;
        if (path->step[last].at > 0) {
            path->step[last].at--;
            return go_down(path, true);
        }
        path->levels--;
    }
    return NULL;
}

struct row *tree_seek(const struct tree *tree, struct lum_bytes key, struct tree_path *path)
{
    struct tree_node *node = tree->root;
    path->levels = 0;
    if (node == NULL) {
        return NULL;
    }
    while (node->level > 0) {
        uint32_t at = kid_of(node, key);
        step_on(path, node, at);
        node = node->kids[at];
    }
    uint32_t at = first_above(node, key, 0, true);
    step_on(path, node, at);
    if (at < node->count) {
        return node->rows[at];
    }
    path->step[path->levels - 1].at = node->count - 1U;
    return tree_next(path);
}
