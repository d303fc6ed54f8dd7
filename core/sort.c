/*
 * sort.c - heapsort (Williams 1964, Floyd's building from below).
 *
 * A heap: element i is not below its children 2i + 1 and 2i + 2, so the greatest is the first.
 */
#include "core/sort.h"

#include <string.h>

static uint8_t *element(const struct lum_sort *sort, size_t i)
{
    return (uint8_t *)sort->at + i * sort->size;
}

static bool is_below(const struct lum_sort *sort, size_t a, size_t b)
{
    return sort->compare(sort->self, element(sort, a), element(sort, b)) < 0;
}

static void swap(const struct lum_sort *sort, size_t a, size_t b)
{
    uint8_t held[LUM_SORT_SIZE_MAX];
    LUM_ASSERT(sort->size <= sizeof held);
    memcpy(held, element(sort, a), sort->size);
    memcpy(element(sort, a), element(sort, b), sort->size);
    memcpy(element(sort, b), held, sort->size);
}

static void sift_down(const struct lum_sort *sort, size_t i, size_t count)
{
    for (size_t child = 2 * i + 1; child < count; child = 2 * i + 1) {
        if (child + 1 < count && is_below(sort, child, child + 1)) {
            child++;
        }
        if (!is_below(sort, i, child)) {
            return;
        }
        swap(sort, i, child);
        i = child;
    }
}

void lum_heap_up(const struct lum_sort *heap)
{
    LUM_ASSERT(heap->count > 0);
    size_t i = heap->count - 1;
    while (i > 0 && is_below(heap, (i - 1) / 2, i)) {
        swap(heap, (i - 1) / 2, i);
        i = (i - 1) / 2;
    }
}

void lum_heap_down(const struct lum_sort *heap)
{
    sift_down(heap, 0, heap->count);
}

void lum_sort(const struct lum_sort *sort)
{
    for (size_t i = sort->count / 2; i > 0; i--) {
        sift_down(sort, i - 1, sort->count);
    }
    for (size_t end = sort->count; end > 1; end--) {
        swap(sort, 0, end - 1);
        sift_down(sort, 0, end - 1);
    }
}
