/* map.c - see map.h. */
#include "cli/map.h"

#include <string.h>

#include "core/limits.h"

bool lum_map_value(struct lum_bytes map, const char *name, struct lum_bytes *out)
{
    struct lum_map_list pairs = lum_map_pairs(map);
    struct lum_bytes wanted = lum_bytes_of(name, strlen(name));
    struct lum_bytes key;
    struct lum_bytes value;

    while (lum_map_pairs_next(&pairs, &key, &value)) {
        if (lum_bytes_equal(key, wanted)) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* A cursor over the value; at nothing when it is absent. */
static struct lum_cur value_cur(struct lum_bytes map, const char *name)
{
    struct lum_bytes value = {NULL, 0};

    if (!lum_map_value(map, name, &value)) {
        value = (struct lum_bytes){NULL, 0};
    }
    return lum_cur_over(value);
}

struct lum_bytes lum_map_text(struct lum_bytes map, const char *name)
{
    struct lum_cur cur = value_cur(map, name);

    return lum_cur_peek(&cur) == LUM_PACK_STR ? lum_cur_str(&cur, map.len)
                                              : (struct lum_bytes){NULL, 0};
}

uint64_t lum_map_uint(struct lum_bytes map, const char *name)
{
    struct lum_cur cur = value_cur(map, name);

    return lum_cur_peek(&cur) == LUM_PACK_INT ? lum_cur_uint(&cur, INT64_MAX) : 0;
}

int64_t lum_map_int(struct lum_bytes map, const char *name)
{
    struct lum_cur cur = value_cur(map, name);

    return lum_cur_peek(&cur) == LUM_PACK_INT ? lum_cur_int(&cur) : 0;
}

double lum_map_real(struct lum_bytes map, const char *name)
{
    struct lum_cur cur = value_cur(map, name);

    return lum_cur_peek(&cur) == LUM_PACK_REAL ? lum_cur_real(&cur) : 0;
}

bool lum_map_bool(struct lum_bytes map, const char *name)
{
    struct lum_cur cur = value_cur(map, name);

    return lum_cur_peek(&cur) == LUM_PACK_BOOL && lum_cur_bool(&cur);
}

struct lum_map_list lum_map_list(struct lum_bytes map, const char *name)
{
    struct lum_map_list list = {value_cur(map, name), 0};

    if (lum_cur_peek(&list.cur) == LUM_PACK_ARRAY) {
        list.left = lum_cur_array(&list.cur, LUM_ELEMENTS_MAX);
    }
    return list;
}

bool lum_map_list_next(struct lum_map_list *list, struct lum_bytes *out)
{
    if (list->left == 0) {
        return false;
    }
    list->left--;
    *out = lum_cur_any(&list->cur, LUM_DEPTH_MAX);
    return list->cur.fault == LUM_FAULT_NONE;
}

struct lum_map_list lum_map_pairs(struct lum_bytes map)
{
    struct lum_map_list pairs = {lum_cur_over(map), 0};

    if (lum_cur_peek(&pairs.cur) == LUM_PACK_MAP) {
        pairs.left = lum_cur_map(&pairs.cur, LUM_ELEMENTS_MAX);
    }
    return pairs;
}

bool lum_map_pairs_next(struct lum_map_list *pairs, struct lum_bytes *name, struct lum_bytes *value)
{
    if (pairs->left == 0) {
        return false;
    }
    pairs->left--;
    *name = lum_cur_str(&pairs->cur, lum_cur_left(&pairs->cur));
    *value = lum_cur_any(&pairs->cur, LUM_DEPTH_MAX);
    return pairs->cur.fault == LUM_FAULT_NONE;
}
