/*
 * room.h - how much room the disk has, and what may still be written.
 *
 *   free space beside the reserve, in MiB:
 *
 *   ... 32 .............. 8 ................. 1 ......... 0 | reserve 8 ............. 1 ......... 0
 *    all  no attachments   no strangers' events  no imports   one's own records alone   no new ones
 *
 * A file `reserve` of 8 MiB lies in the space's folder. When the disk is nearly full it is given
 * up, so that deletes, one's own next records and the view that follows them have room when nothing
 * else has; it is taken back, by itself, once there is room for twice as much. While it is gone the
 * same order holds of what is left.
 */
#ifndef LUM_CORE_ROOM_H
#define LUM_CORE_ROOM_H

#include "core/env.h"

enum lum_room_use {
    LUM_ROOM_MEDIA,  /* attachments stop first; there are none yet */
    LUM_ROOM_REMOTE, /* then what comes from neighbours: they keep it */
    LUM_ROOM_BULK,   /* then imports: the table is still there */
    LUM_ROOM_OWN,    /* at last new records of one's own; never what takes away or decides */
    LUM_ROOM_USES,
};

/* Plain; zero before the first look. */
struct lum_room {
    bool was_looked;
    bool has_reserve;
    bool has_none_to_give; /* the file system did not let us have one: not asked again */
    uint64_t free;         /* bytes beside the reserve; UINT64_MAX when it cannot be known */
};

/* How it is now; gives the reserve up or takes it back. Cheap: due before each batch. */
void lum_room_look(struct lum_room *room, const struct lum_env *env, const char *dir);
/* May that still be written, as of the last look? */
bool lum_room_has(const struct lum_room *room, enum lum_room_use use);

#endif
