/*
 * store_walk.h - walks the trees of LMDB's file with pread, before LMDB trusts them.
 *
 * LMDB follows whatever a page says: a damaged one ends the process, and a damaged list of free
 * pages makes it write over pages in use. So every page of every tree is looked at: that it is the
 * page its number says, that nothing in it reaches out of it, that keys ascend and lie between
 * those of the page above, that each page is reached once and no free page is in use, and that
 * there is as much of everything as the tree says. What a row's value holds is not looked at.
 */
#ifndef LUM_CORE_STORE_WALK_H
#define LUM_CORE_STORE_WALK_H

#include "core/lum.h"

/* One tree, as LMDB's record of it says: numbers of its pages, and of its rows. */
struct lum_store_tree {
    uint16_t flags;
    uint16_t depth;
    size_t branches;
    size_t leaves;
    size_t overflows;
    size_t rows;
    size_t root; /* SIZE_MAX when empty */
};

struct lum_store_shape {
    int fd;
    size_t page_size;
    size_t pages; /* whole ones in the file */
    size_t last_page;
    size_t txnid;
    struct lum_store_tree free;
    struct lum_store_tree main;
};

enum {
    LUM_STORE_TREE = 8 + 5 * sizeof(size_t)
}; /* bytes of the record of a tree */
void lum_store_tree_read(const uint8_t at[LUM_STORE_TREE], struct lum_store_tree *out);

/* OK, NO_MEMORY, IO (errno says why), or CORRUPT: then *what, a literal, says why. Reads each page
 * in use once; needs two pages of memory a level and a bit for each page. */
LUM_MUST_USE enum lum_status lum_store_walk(const struct lum_store_shape *shape, const char **what);

#endif
