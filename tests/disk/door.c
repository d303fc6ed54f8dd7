/*
 * door.c - compiled twice: as it stands it is LMDB's table, after beside.h the disk's.
 */
#include "tests/disk/door.h"

#ifndef DOOR
#define DOOR door_lmdb
#endif

const struct door DOOR = {
    .open = lum_store_open,
    .close = lum_store_close,
    .format = lum_store_format,
    .copy = lum_store_copy,
    .sync = lum_store_sync,
    .bytes = lum_store_bytes,
    .fail = lum_store_fail,
    .begin_read = lum_txn_begin_read,
    .begin_write = lum_txn_begin_write,
    .commit = lum_txn_commit,
    .abort = lum_txn_abort,
    .get = lum_txn_get,
    .put = lum_txn_put,
    .put_two = lum_txn_put_two,
    .append = lum_txn_append,
    .delete = lum_txn_delete,
    .clear = lum_txn_clear,
    .rows = lum_txn_rows,
    .pages = lum_txn_pages,
    .txn_bytes = lum_txn_bytes,
    .scan_open = lum_scan_open,
    .scan_close = lum_scan_close,
    .seek = lum_scan_seek,
    .seek_before = lum_scan_seek_before,
    .next = lum_scan_next,
    .last = lum_scan_last,
};
