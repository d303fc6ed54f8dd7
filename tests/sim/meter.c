/*
 * meter.c - how many bytes this process holds from malloc: for programs that are linked with
 * --wrap=malloc and so on (tests/CMakeLists.txt). All rooms allocate through core/mem.c, and it
 * through malloc; what shared libraries allocate by themselves is not seen. Nor is what a packer
 * needs (core/squeeze.h): a machine has one, whoever makes it pack or unpack.
 */
#include <malloc.h>

#include "core/squeeze.h"
#include "tests/sim/sim.h"

#ifdef __clang__
#pragma clang diagnostic ignored "-Wreserved-identifier" /* the linker's names for them */
#endif

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *memory);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *memory);
enum lum_status __real_lum_squeeze(struct lum_squeezer *squeezer, struct lum_bytes plain, int level,
                                   struct lum_buf *out);
enum lum_status __wrap_lum_squeeze(struct lum_squeezer *squeezer, struct lum_bytes plain, int level,
                                   struct lum_buf *out);

void *__wrap_malloc(size_t size)
{
    void *memory = __real_malloc(size);
    sim_metered += malloc_usable_size(memory);
    return memory;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *memory = __real_calloc(count, size);
    sim_metered += malloc_usable_size(memory);
    return memory;
}

void *__wrap_realloc(void *old, size_t size)
{
    size_t before = malloc_usable_size(old);
    void *memory = __real_realloc(old, size);
    sim_metered += memory == NULL ? 0 : malloc_usable_size(memory) - before;
    return memory;
}

enum lum_status __wrap_lum_squeeze(struct lum_squeezer *squeezer, struct lum_bytes plain, int level,
                                   struct lum_buf *out)
{
    size_t before = sim_metered;
    enum lum_status status = __real_lum_squeeze(squeezer, plain, level, out);
    sim_metered = before;
    return status;
}

void __wrap_free(void *memory)
{
    sim_metered -= malloc_usable_size(memory);
    __real_free(memory);
}
