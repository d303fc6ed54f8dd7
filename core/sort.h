/*
 * sort.h - puts an array in order: in place, without memory, never worse than n log n.
 *
 * The C library's qsort may allocate, and core takes memory from core/mem.c only.
 */
#ifndef LUM_CORE_SORT_H
#define LUM_CORE_SORT_H

#include "core/lum.h"

/* <0, 0, >0. Equal elements end up in any order: compare until they differ. */
typedef int (*lum_sort_fn)(const void *self, const void *a, const void *b);

enum {
    LUM_SORT_SIZE_MAX = 256, /* bytes an element may have */
};

struct lum_sort {
    void *at;
    size_t count;
    size_t size;
    lum_sort_fn compare;
    const void *self; /* handed to compare */
};
void lum_sort(const struct lum_sort *sort);

/* The heap inside, for whoever wants only the least of many: greatest first. */
void lum_heap_up(const struct lum_sort *heap);   /* after the last element was added */
void lum_heap_down(const struct lum_sort *heap); /* after the first element was replaced */

#endif
