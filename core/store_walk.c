/*
 * store_walk.c - each page of LMDB's trees, once, strictly. The layout: core/store_file.c.
 *
 *   free pages   key = number of the transaction that freed them; value = count | pages, falling
 *   main         key = name of a table; value = the record of its tree
 *   a table      our rows
 *
 * What LMDB does beyond its description, and what is held to it here: nodes fill a page from its
 * end without gaps, in even sizes; a branch but that of the free list has two children or more; the
 * newest transaction is the newest that freed pages, for no commit leaves the old root in use.
 */
#include "core/store_walk.h"

#include <errno.h>
#include <string.h>

#include "core/mem.h"
#include "core/store_file.h"

enum {
    WORD = sizeof(size_t),
    HEAD = WORD + 8,
    NODE_HEAD = 8,

    PAGE_BRANCH = 0x01,
    PAGE_LEAF = 0x02,
    PAGE_OVERFLOW = 0x04,
    NODE_BIG = 0x01, /* the data is the number of the first of its own pages */
    NODE_DB = 0x02,  /* the data is the record of a tree */

    LEVELS_MAX = 32, /* LMDB's own */
    TABLES_MAX = 64,
    KEY_MAX = 511,
};

#define PAGES_MAX ((size_t)1 << 29) /* 2 TiB: 64 MiB of bits */

enum kind {
    FREE,
    MAIN,
    TABLE,
};

struct walk {
    const struct lum_store_shape *file;
    const char *what;                /* what does not hold; NULL while all does */
    bool is_exhausted;               /* no memory */
    int trouble;                     /* an errno: the disk did not give a page */
    uint8_t *reached;                /* a bit a page */
    size_t reached_count;            /* of the two meta pages too */
    uint8_t *levels[LEVELS_MAX + 1]; /* the page at hand on each; the last one is for lists */
    struct lum_store_tree tables[TABLES_MAX];
    size_t table_count;
    size_t newest_free; /* the greatest key among the free pages */
    /* Of the tree at hand: */
    enum kind kind;
    struct lum_store_tree want;
    struct lum_store_tree seen;
};

/* Keys of a page lie in from <= key < to; without bytes there is no bound. */
struct bounds {
    struct lum_bytes from;
    struct lum_bytes to;
};

struct node {
    uint16_t flags;
    size_t child; /* of a branch */
    struct lum_bytes key;
    size_t data_len;
    const uint8_t *data; /* of a leaf: data_len bytes, or a page's number */
};

static bool refuse(struct walk *walk, const char *what)
{
    walk->what = walk->what == NULL ? what : walk->what;
    return false;
}

void lum_store_tree_read(const uint8_t at[LUM_STORE_TREE], struct lum_store_tree *out)
{
    *out = (struct lum_store_tree){
        .flags = lum_store_file_u16(at + 4),
        .depth = lum_store_file_u16(at + 6),
        .branches = lum_store_file_word(at + 8),
        .leaves = lum_store_file_word(at + 8 + WORD),
        .overflows = lum_store_file_word(at + 8 + 2 * WORD),
        .rows = lum_store_file_word(at + 8 + 3 * WORD),
        .root = lum_store_file_word(at + 8 + 4 * WORD),
    };
}

/* ---- pages ---- */

/* Each page belongs to one place. */
static bool reach(struct walk *walk, size_t first, size_t count)
{
    size_t end = walk->file->last_page + 1;
    if (first < 2 || first >= end || count > end - first) {
        return refuse(walk, "a page past the end");
    }
    for (size_t page = first; page < first + count; page++) {
        uint8_t bit = (uint8_t)(1U << (page % 8));
        if ((walk->reached[page / 8] & bit) != 0) {
            return refuse(walk, "a page that is used twice");
        }
        walk->reached[page / 8] |= bit;
    }
    walk->reached_count += count;
    return true;
}

static bool load(struct walk *walk, size_t page, size_t skip, size_t len, uint8_t *out)
{
    uint64_t offset = (uint64_t)page * walk->file->page_size + skip;
    int code = lum_store_file_read(walk->file->fd, offset, out, len);
    walk->trouble = code > 0 ? code : walk->trouble;
    return code == 0 || refuse(walk, "shorter than its content");
}

static uint8_t *page_of(struct walk *walk, unsigned level)
{
    if (walk->levels[level] == NULL) {
        walk->levels[level] = lum_alloc(walk->file->page_size);
        walk->is_exhausted |= walk->levels[level] == NULL;
    }
    return walk->levels[level];
}

/* The pages of one large value, and their head; a value that shrank may have one too many. */
static bool reach_overflow(struct walk *walk, size_t first, size_t data_len)
{
    size_t needed = (HEAD + data_len - 1) / walk->file->page_size + 1;
    uint8_t head[HEAD];
    if (first >= walk->file->pages || !load(walk, first, 0, sizeof head, head)) {
        return refuse(walk, "shorter than its content");
    }
    size_t count = lum_store_file_u32(head + WORD + 4);
    if (lum_store_file_word(head) != first ||
        lum_store_file_u16(head + WORD + 2) != PAGE_OVERFLOW || count < needed) {
        return refuse(walk, "a large row's pages are others");
    }
    if (count > walk->file->pages - first) {
        return refuse(walk, "shorter than its content");
    }
    walk->seen.overflows += count;
    return reach(walk, first, count);
}

/* ---- nodes ---- */

static size_t even(size_t n)
{
    return n + (n & 1);
}

/* The node at an offset of a page whose head holds. Adds its size to *sum. */
static bool read_node(struct walk *walk, const uint8_t *page, size_t at, struct node *out,
                      size_t *sum)
{
    size_t size = walk->file->page_size;
    bool is_branch = lum_store_file_u16(page + WORD + 2) == PAGE_BRANCH;
    if (at < lum_store_file_u16(page + WORD + 6) || at > size - NODE_HEAD || at % 2 != 0) {
        return refuse(walk, "a row outside its page");
    }
    const uint8_t *node = page + at;
    size_t room = size - at - NODE_HEAD;
    size_t low = lum_store_file_u16(node) | (size_t)lum_store_file_u16(node + 2) << 16;
    out->flags = is_branch ? 0 : lum_store_file_u16(node + 4);
    out->key = lum_bytes_of(node + NODE_HEAD, lum_store_file_u16(node + 6));
    out->data = node + NODE_HEAD + out->key.len;
    out->data_len = is_branch ? 0 : low;
    out->child = low;
#if SIZE_MAX > UINT32_MAX
    out->child |= (size_t)lum_store_file_u16(node + 4) << 32;
#endif
    size_t held = (out->flags & NODE_BIG) != 0 ? (size_t)WORD : out->data_len;
    if (out->key.len > KEY_MAX || room < out->key.len || room - out->key.len < held) {
        return refuse(walk, "a row outside its page");
    }
    *sum += even(NODE_HEAD + out->key.len + held);
    return true;
}

static int compare(const struct walk *walk, struct lum_bytes a, struct lum_bytes b)
{
    if (walk->kind != FREE) {
        return lum_bytes_compare(a, b);
    }
    size_t x = lum_store_file_word(a.at);
    size_t y = lum_store_file_word(b.at);
    return x < y ? -1 : x > y;
}

static bool key_fits(struct walk *walk, struct lum_bytes key, struct lum_bytes previous,
                     struct bounds bounds)
{
    if (walk->kind == FREE ? key.len != WORD : key.len == 0) {
        return refuse(walk, "a key of no form");
    }
    bool holds = (previous.len == 0 || compare(walk, previous, key) < 0) &&
                 (bounds.from.len == 0 || compare(walk, bounds.from, key) <= 0) &&
                 (bounds.to.len == 0 || compare(walk, key, bounds.to) < 0);
    return holds || refuse(walk, "keys out of order");
}

/* ---- free pages ---- */

/* Part of a list; *count and *previous go on from part to part. */
static bool take_free(struct walk *walk, struct lum_bytes part, size_t *left, size_t *previous)
{
    for (size_t at = 0; at + WORD <= part.len && *left > 0; at += WORD, (*left)--) {
        size_t page = lum_store_file_word(part.at + at);
        if (page >= *previous) {
            return refuse(walk, "free pages out of order");
        }
        if (!reach(walk, page, 1)) {
            return false;
        }
        *previous = page;
    }
    return true;
}

static bool take_free_list(struct walk *walk, const struct node *node)
{
    uint8_t first[WORD];
    size_t previous = SIZE_MAX;
    size_t txnid = lum_store_file_word(node->key.at);
    bool is_big = (node->flags & NODE_BIG) != 0;
    if (txnid > walk->file->txnid || node->data_len < WORD || node->data_len % WORD != 0) {
        return refuse(walk, "a list of free pages of no form");
    }
    walk->newest_free = txnid > walk->newest_free ? txnid : walk->newest_free;
    if (!is_big) {
        memcpy(first, node->data, sizeof first);
    } else if (!load(walk, lum_store_file_word(node->data), HEAD, sizeof first, first)) {
        return false;
    }
    size_t left = lum_store_file_word(first);
    if (left > node->data_len / WORD - 1) {
        return refuse(walk, "a list of free pages of no form");
    }
    if (!is_big) {
        return take_free(walk, lum_bytes_of(node->data + WORD, node->data_len - WORD), &left,
                         &previous);
    }
    uint8_t *room = page_of(walk, LEVELS_MAX);
    for (size_t at = WORD; room != NULL && left > 0;) {
        size_t len = left * WORD < walk->file->page_size ? left * WORD : walk->file->page_size;
        if (!load(walk, lum_store_file_word(node->data), HEAD + at, len, room) ||
            !take_free(walk, lum_bytes_of(room, len), &left, &previous)) {
            return false;
        }
        at += len;
    }
    return room != NULL;
}

/* ---- trees ---- */

static bool take_table(struct walk *walk, const struct node *node)
{
    if (node->data_len != LUM_STORE_TREE) {
        return refuse(walk, "a table of no form");
    }
    if (walk->table_count == TABLES_MAX) {
        return refuse(walk, "too many tables");
    }
    lum_store_tree_read(node->data, &walk->tables[walk->table_count++]);
    return true;
}

static bool take_row(struct walk *walk, const struct node *node)
{
    bool is_table = walk->kind == MAIN && node->flags == NODE_DB;
    walk->seen.rows++;
    if (node->flags != 0 && node->flags != NODE_BIG && !is_table) {
        return refuse(walk, "a row of no form");
    }
    if (node->flags == NODE_BIG &&
        !reach_overflow(walk, lum_store_file_word(node->data), node->data_len)) {
        return false;
    }
    if (is_table) {
        return take_table(walk, node);
    }
    return walk->kind != FREE || take_free_list(walk, node);
}

/* The head of the page is that of a page at this place. */
static bool head_holds(struct walk *walk, const uint8_t *page, size_t number, bool is_leaf)
{
    size_t lower = lum_store_file_u16(page + WORD + 4);
    size_t upper = lum_store_file_u16(page + WORD + 6);
    if (lum_store_file_word(page) != number) {
        return refuse(walk, "a page in the place of another");
    }
    if (lum_store_file_u16(page + WORD + 2) != (is_leaf ? PAGE_LEAF : PAGE_BRANCH)) {
        return refuse(walk, "a page of another kind");
    }
    size_t rows_min = is_leaf || walk->kind == FREE ? 1 : 2;
    bool holds = lower >= HEAD + 2 * rows_min && lower % 2 == 0 && lower <= upper &&
                 upper <= walk->file->page_size;
    return holds || refuse(walk, "a page's head does not hold");
}

static bool take_page(struct walk *walk, size_t number, unsigned level, struct bounds bounds);

static bool take_child(struct walk *walk, const uint8_t *page, size_t index, unsigned level,
                       struct bounds bounds)
{
    struct node node;
    struct node next;
    size_t sum = 0;
    if (!read_node(walk, page, lum_store_file_u16(page + HEAD + 2 * index), &node, &sum)) {
        return false;
    }
    if (index > 0) {
        bounds.from = node.key;
    }
    if (HEAD + 2 * (index + 1) < lum_store_file_u16(page + WORD + 4)) {
        if (!read_node(walk, page, lum_store_file_u16(page + HEAD + 2 * (index + 1)), &next,
                       &sum)) {
            return false;
        }
        bounds.to = next.key;
    }
    return take_page(walk, node.child, level + 1, bounds);
}

/* Every node first: children are bounded by keys, so these hold when the first child is read. */
static bool take_nodes(struct walk *walk, const uint8_t *page, bool is_leaf, struct bounds bounds)
{
    struct lum_bytes previous = {0};
    size_t count = (lum_store_file_u16(page + WORD + 4) - (size_t)HEAD) / 2;
    size_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        struct node node;
        bool has_key = is_leaf || i > 0;
        if (!read_node(walk, page, lum_store_file_u16(page + HEAD + 2 * i), &node, &sum) ||
            (has_key && !key_fits(walk, node.key, previous, bounds)) ||
            (is_leaf && !take_row(walk, &node))) {
            return false;
        }
        previous = has_key ? node.key : previous;
    }
    return sum == walk->file->page_size - lum_store_file_u16(page + WORD + 6) ||
           refuse(walk, "rows that lie over one another");
}

/* Recursion is as deep as the tree, at most LEVELS_MAX. */
static bool take_page(struct walk *walk, size_t number, unsigned level, struct bounds bounds)
{
    bool is_leaf = level + 1 == walk->want.depth;
    uint8_t *page = page_of(walk, level);
    if (number >= walk->file->pages) {
        return refuse(walk, "shorter than its content");
    }
    if (page == NULL || !reach(walk, number, 1) ||
        !load(walk, number, 0, walk->file->page_size, page) ||
        !head_holds(walk, page, number, is_leaf) || !take_nodes(walk, page, is_leaf, bounds)) {
        return false;
    }
    walk->seen.leaves += is_leaf;
    walk->seen.branches += !is_leaf;
    for (size_t i = 0; !is_leaf && HEAD + 2 * i < lum_store_file_u16(page + WORD + 4); i++) {
        if (!take_child(walk, page, i, level, bounds)) {
            return false;
        }
    }
    return true;
}

static bool take_tree(struct walk *walk, enum kind kind, const struct lum_store_tree *tree)
{
    walk->kind = kind;
    walk->want = *tree;
    walk->seen =
        (struct lum_store_tree){.flags = tree->flags, .depth = tree->depth, .root = tree->root};
    if (tree->depth > LEVELS_MAX || (tree->depth == 0) != (tree->root == SIZE_MAX)) {
        return refuse(walk, "a tree of no form");
    }
    if (tree->depth > 0 && !take_page(walk, tree->root, 0, (struct bounds){0})) {
        return false;
    }
    bool holds = walk->seen.branches == tree->branches && walk->seen.leaves == tree->leaves &&
                 walk->seen.overflows == tree->overflows && walk->seen.rows == tree->rows;
    return holds || refuse(walk, "a tree holds another number of rows or pages");
}

/* Of the free pages LMDB keeps flags of the file beside those of the tree. */
static bool flags_hold(struct walk *walk)
{
    enum {
        REVERSE = 0x02,
        DUP = 0x04,
        INTEGER = 0x08,
        FIXED = 0x01,
        DUPS = 0x70
    };
    uint16_t free = walk->file->free.flags;
    bool holds =
        (free & (FIXED | REVERSE | DUP | INTEGER | DUPS)) == INTEGER && walk->file->main.flags == 0;
    for (size_t i = 0; i < walk->table_count; i++) {
        holds = holds && walk->tables[i].flags == 0;
    }
    return holds || refuse(walk, "a tree of another kind");
}

static void take_all(struct walk *walk)
{
    size_t txnid = walk->file->txnid;
    bool holds = take_tree(walk, FREE, &walk->file->free) &&
                 take_tree(walk, MAIN, &walk->file->main) && flags_hold(walk);
    for (size_t i = 0; holds && i < walk->table_count; i++) {
        holds = take_tree(walk, TABLE, &walk->tables[i]);
    }
    if (holds && txnid > 1 && walk->newest_free != txnid) {
        (void)refuse(walk, "an older state");
    }
    if (holds && walk->reached_count != walk->file->last_page + 1) {
        (void)refuse(walk, "pages that are neither used nor free");
    }
}

enum lum_status lum_store_walk(const struct lum_store_shape *shape, const char **what)
{
    struct walk walk = {.file = shape, .reached_count = 2};
    *what = "a page past the end";
    if (shape->last_page < 1 || shape->last_page >= PAGES_MAX) {
        return LUM_CORRUPT;
    }
    walk.reached = lum_alloc_zero(shape->last_page / 8 + 1);
    walk.is_exhausted = walk.reached == NULL;
    if (!walk.is_exhausted) {
        take_all(&walk);
    }
    for (size_t i = 0; i < LUM_COUNT(walk.levels); i++) {
        lum_free(walk.levels[i]);
    }
    lum_free(walk.reached);
    *what = walk.what;
    if (walk.is_exhausted) {
        return LUM_NO_MEMORY;
    }
    if (walk.trouble != 0) {
        errno = walk.trouble;
        return LUM_IO;
    }
    return walk.what == NULL ? LUM_OK : LUM_CORRUPT;
}
