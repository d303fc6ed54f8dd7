/*
 * limits.h - every limit of the house on one page.
 *
 * FORMAT limits are part of the bytes that cannot change (docs/format.md 8); header limits are
 * structural, payload limits make an event void. The others bound what one neighbour can cost us.
 */
#ifndef LUM_CORE_LIMITS_H
#define LUM_CORE_LIMITS_H

enum {
    /* FORMAT, structural: a violation closes the meeting. */
    LUM_DEPS_MAX = 32,
    LUM_PAYLOAD_MAX = 65536,
    LUM_KIND_MAX = 63,
    LUM_TIME_BITS = 48,
    LUM_SEGMENT_EVENTS = 64,       /* the 64th event since a boundary is one */
    LUM_SEGMENT_BYTES = 32 * 1024, /* so is the event that reaches this many payload bytes */
    LUM_BLOCK_PLAIN_MAX = 256 * 1024, /* plain size a zstd block may declare */
    LUM_BLOCK_SEGMENTS_MAX = 16,
    LUM_HEADER_MAX = 1536, /* encoded header with 32 pinned deps, phash and epoch */

    /* FORMAT, inside a payload: a violation voids the event. */
    LUM_OPS_MAX = 1024,
    LUM_DEPTH_MAX = 8,
    LUM_ELEMENTS_MAX = 4096,
    LUM_VALUE_MAX = 8 * 1024,
    LUM_FIELD_MAX = 64,
    LUM_COLLECTION_MAX = 32,
    LUM_KEY_MAX = 1024, /* a record key; the design is silent, so a whole line of text fits */
    LUM_SHELVES_MAX = 8,
    LUM_INCARNATIONS_MAX = 64, /* logs of one device on one shelf */

    /* Store. */
    LUM_VIEW_DIRTY_PAGES_MAX = 6000, /* heap held by one view transaction */

    /* Room on the disk (core/room.h): the reserve, and what must be free beside it. */
    LUM_RESERVE_BYTES = 8 * 1024 * 1024,
    LUM_ROOM_GIVE_BYTES = 2 * 1024 * 1024,  /* less: the reserve is given up */
    LUM_ROOM_TAKE_BYTES = 16 * 1024 * 1024, /* so much and no reserve: it is taken back */
    LUM_ROOM_MEDIA_BYTES = 32 * 1024 * 1024,
    LUM_ROOM_REMOTE_BYTES = 8 * 1024 * 1024, /* the largest batch and what its view takes */
    LUM_ROOM_BULK_BYTES = 1024 * 1024,
    LUM_ROOM_OWN_BYTES = 1024 * 1024,  /* reserve and all: for deletes, and for the view */
    LUM_ROOM_SINGLE_BYTES = 64 * 1024, /* a question up to this is no bulk */

    /* Sync and net, for each neighbour. */
    LUM_MESSAGE_MAX = 512 * 1024,
    LUM_RECORD_MAX = 65535,                 /* Noise, section 3 */
    LUM_FRONT_LOGS_MAX = 16384,             /* entries of 24 bytes at most: fits a message */
    LUM_SYNC_CORRECTIONS_MAX = 64,          /* gaps answered in a session; vectors heal more */
    LUM_SYNC_PROOFS_MAX = 16,               /* forks proved to one another in a session */
    LUM_INGEST_BYTES_MAX = 4 * 1024 * 1024, /* queued for the worker before reading stops */
    LUM_WRITE_QUEUE_MAX = 1024 * 1024,      /* queued on a socket before sending stops */
    LUM_ANSWER_QUEUE_MAX = 4 * 1024 * 1024, /* and before hearing stops: not reached by pushing */
    LUM_SESSIONS_MAX = 96,                  /* meetings at once */
    LUM_HALF_OPEN_MAX = 64,                 /* callers that have not shown yet who they are */
    LUM_DEAF_BYTES_MAX = 4096,              /* read of a stranger after he was found to be one */
    LUM_TARGETS_MAX = 64,                   /* addresses dialled in one meeting of all */
    LUM_HALF_OPEN_MS = 10 * 1000,
    LUM_LINGER_MS = 15 * 1000, /* for a neighbour to take our last words */
    LUM_SILENCE_MS = 15 * 1000, /* a stranger hears nothing for this long, then the line closes */
    LUM_DIAL_BACKOFF_MIN_MS = 5 * 1000,
    LUM_DIAL_BACKOFF_MAX_MS = 5 * 60 * 1000,
    LUM_FRONT_EVERY_MS = 60 * 1000,
    LUM_CLOCK_WARN_MS = 60 * 60 * 1000,
    LUM_ADDRESSES_MAX = 256,

    /* Faces. */
    LUM_CALLERS_MAX = 512, /* commands that ask a running node at once */
    LUM_REQUEST_MAX = 16 * 1024 * 1024,
    LUM_REPLY_PAGE = 256 * 1024,    /* rows gathered before they are handed on */
    LUM_LINE_MAX = 4 * 1024 * 1024, /* one line of an imported file */
};

#endif
