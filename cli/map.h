/*
 * map.h - what stands under a name in a row of an answer (docs/requests.md).
 *
 * The rows come from our own node, but over a socket: they are read like foreign bytes, and what
 * is absent or of another type is simply not there.
 */
#ifndef LUM_CLI_MAP_H
#define LUM_CLI_MAP_H

#include "core/lum.h"
#include "core/mem.h"
#include "core/pack.h"

/* All borrow from the map. */
bool lum_map_value(struct lum_bytes map, const char *name, struct lum_bytes *out);
struct lum_bytes lum_map_text(struct lum_bytes map, const char *name); /* empty when absent */
uint64_t lum_map_uint(struct lum_bytes map, const char *name);         /* 0 when absent */
int64_t lum_map_int(struct lum_bytes map, const char *name);
double lum_map_real(struct lum_bytes map, const char *name);
bool lum_map_bool(struct lum_bytes map, const char *name); /* false when absent */

/* Every element of the array under the name, one after the other; an absent array is empty. */
struct lum_map_list {
    struct lum_cur cur;
    uint32_t left;
};
struct lum_map_list lum_map_list(struct lum_bytes map, const char *name);
bool lum_map_list_next(struct lum_map_list *list, struct lum_bytes *out);
/* The same for the pairs of a map. */
struct lum_map_list lum_map_pairs(struct lum_bytes map);
bool lum_map_pairs_next(struct lum_map_list *pairs, struct lum_bytes *name,
                        struct lum_bytes *value);

#endif
