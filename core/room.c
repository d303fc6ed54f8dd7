/* room.c - the reserve, given up and taken back; the order in which things stop. */
#include "core/room.h"

#include <stdio.h>

#include "core/limits.h"

enum {
    PATH_ROOM = 4096,
};

static uint64_t ask(const struct lum_env *env, const char *dir)
{
    uint64_t bytes = 0;
    return env->room(env->self, dir, &bytes) == LUM_OK ? bytes : UINT64_MAX;
}

static bool is_whole(const struct lum_env *env, const char *path)
{
    uint64_t size = 0;
    return env->file_size(env->self, path, &size) == LUM_OK && size == LUM_RESERVE_BYTES;
}

void lum_room_look(struct lum_room *room, const struct lum_env *env, const char *dir)
{
    char path[PATH_ROOM];
    int len = snprintf(path, sizeof path, "%s/reserve", dir);
    if (len < 0 || (size_t)len >= sizeof path) {
        room->free = UINT64_MAX;
        return;
    }
    if (!room->was_looked) {
        room->was_looked = true;
        room->has_reserve = is_whole(env, path);
    }
    room->free = ask(env, dir);
    if (room->has_reserve && room->free < LUM_ROOM_GIVE_BYTES) {
        (void)env->file_remove(env->self, path);
        room->has_reserve = false;
        room->free = ask(env, dir);
    } else if (!room->has_reserve && !room->has_none_to_give &&
               room->free >= LUM_ROOM_TAKE_BYTES) {
        room->has_reserve =
            env->file_reserve(env->self, path, LUM_RESERVE_BYTES, NULL) == LUM_OK;
        room->has_none_to_give = !room->has_reserve;
        room->free = ask(env, dir);
    }
}

bool lum_room_has(const struct lum_room *room, enum lum_room_use use)
{
    static const uint64_t wanted[LUM_ROOM_USES] = {
        [LUM_ROOM_MEDIA] = LUM_ROOM_MEDIA_BYTES,
        [LUM_ROOM_REMOTE] = LUM_ROOM_REMOTE_BYTES,
        [LUM_ROOM_BULK] = LUM_ROOM_BULK_BYTES,
        [LUM_ROOM_OWN] = LUM_ROOM_OWN_BYTES,
    };
    uint64_t kept = room->has_reserve || use == LUM_ROOM_OWN ? 0 : LUM_RESERVE_BYTES;
    return room->free >= kept && room->free - kept >= wanted[use];
}
