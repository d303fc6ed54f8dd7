/*
 * backup_i.h - what the two ways of a backup share; only core/backup.c and core/restore.c include
 * it.
 */
#ifndef LUM_CORE_BACKUP_I_H
#define LUM_CORE_BACKUP_I_H

#include "core/backup.h"
#include "core/space_i.h"

enum {
    LUM_BACKUP_ROW_HEAD = 7, /* table, length of key, length of value */
    LUM_BACKUP_ROW_KEY_MAX = 511,
    LUM_BACKUP_ROW_VALUE_MAX = 16 * 1024 * 1024,
    LUM_BACKUP_ROW_MAX = LUM_BACKUP_ROW_HEAD + LUM_BACKUP_ROW_KEY_MAX + LUM_BACKUP_ROW_VALUE_MAX,
    LUM_BACKUP_END = 0xff, /* in the place of a table */
    LUM_BACKUP_HASH = 32,
};

/* Bytes of magic and head together once they are all there; 0 while they are not; SIZE_MAX when
 * they are none. */
size_t lum_backup_head_size(struct lum_bytes bytes);
/* Exactly those bytes; false when they do not read. */
LUM_MUST_USE bool lum_backup_head_read(struct lum_bytes bytes, struct lum_backup_head *head,
                                       struct lum_seeds *seeds);
/* The events and logs of a log.mdb into the head. */
LUM_MUST_USE enum lum_status lum_backup_count(struct lum_txn *txn, struct lum_backup_head *head);
/* All of it, as `verify` does: *what, a literal, says what does not hold, or is NULL. */
LUM_MUST_USE enum lum_status lum_backup_look(struct lum_txn *txn, const struct lum_tick *tick,
                                             const char **what);

#endif
