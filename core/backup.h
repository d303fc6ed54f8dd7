/*
 * backup.h - a whole space as one stream of bytes, and back.
 *
 *   backup = "lumbung backup 1" | head length u32 | head | row ... | ff | BLAKE2b-256 of all that
 *   head   = [space 32, made ms, events, logs, seed.node 32, seed.device 32]     canonical msgpack
 *   row    = table u8 | key length u16 | value length u32 | key | value     of log.mdb, ascending
 *
 * Rows and not LMDB's pages, so that a machine of another word size or byte order reads them, and
 * nothing of the free pages goes along. The view stays behind: it follows from the log. The seeds
 * go along, for without them nobody could write or meet as the same member again: who holds the
 * file can write in its owner's name, as who holds the folder can. (docs/format.md 10)
 *
 * What is restored never continues a log: its home is in doubt, so the next own event opens a new
 * incarnation (core/home.h), on whatever machine and however often it is restored.
 */
#ifndef LUM_CORE_BACKUP_H
#define LUM_CORE_BACKUP_H

#include "core/keys.h"
#include "core/space.h"

struct lum_backup_head {
    struct lum_hash space;
    uint64_t made_ms; /* by the clock of the machine that made it */
    uint64_t events;
    uint64_t logs;
};

/* ---- a space becomes bytes ---- */

struct lum_backup;
/* One snapshot of the log, all of it checked first (core/verify.h): what could not be restored is
 * no backup, and CORRUPT (store_damaged) here. Settled or not, outside a batch; tick may be
 * NULL. */
LUM_MUST_USE enum lum_status lum_backup_open(struct lum_space *space, const struct lum_tick *tick,
                                             struct lum_backup **out, struct lum_error *err);
const struct lum_backup_head *lum_backup_head(const struct lum_backup *backup);
/* The next bytes, in pieces of about 256 KiB that stand until the next call. NOT_FOUND after the
 * last one. */
LUM_MUST_USE enum lum_status lum_backup_next(struct lum_backup *backup, struct lum_bytes *piece,
                                             struct lum_error *err);
void lum_backup_close(struct lum_backup *backup); /* NULL is fine */

/* Do these first bytes of a file begin a backup, and of which space? What follows the head need not
 * be there. FAULT when they do not. */
LUM_MUST_USE enum lum_status lum_backup_peek(struct lum_bytes first, struct lum_backup_head *out);
enum {
    LUM_BACKUP_PEEK = 256, /* bytes are always enough for that */
};

/* ---- bytes become a space ---- */

struct lum_restore;
/* `to` names a folder without a store (EXISTS otherwise); `name`, borrowed, is what errors call the
 * file. All errors of its bytes are CORRUPT (backup_damaged) or NEWER (store_newer). */
LUM_MUST_USE enum lum_status lum_restore_open(const struct lum_space_options *to, const char *name,
                                              struct lum_restore **out, struct lum_error *err);
/* The file's bytes in order, in any pieces. */
LUM_MUST_USE enum lum_status lum_restore_take(struct lum_restore *restore, struct lum_bytes bytes,
                                              struct lum_error *err);
/* All bytes are there. Checks the whole, then every log as `verify` does; only then the folder
 * becomes a store, by one rename. */
LUM_MUST_USE enum lum_status lum_restore_end(struct lum_restore *restore,
                                             const struct lum_tick *tick,
                                             struct lum_backup_head *out, struct lum_error *err);
/* What was not ended leaves no trace. NULL is fine. */
void lum_restore_close(struct lum_restore *restore);

#endif
