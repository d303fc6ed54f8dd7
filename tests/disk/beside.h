/*
 * beside.h - other names for what core/store.h declares, so that the disk in memory and LMDB stand
 * in one program; and narrow trees, so that a few rows make many levels. The compiler reads it
 * before everything else.
 */
#ifndef LUM_TESTS_DISK_BESIDE_H
#define LUM_TESTS_DISK_BESIDE_H

#define DISK_TREE_WIDTH      8
#define DOOR                 door_disk
#define lum_store_open       beside_store_open
#define lum_store_close      beside_store_close
#define lum_store_format     beside_store_format
#define lum_store_copy       beside_store_copy
#define lum_store_sync       beside_store_sync
#define lum_store_bytes      beside_store_bytes
#define lum_store_damage     beside_store_damage
#define lum_txn_damage       beside_txn_damage
#define lum_store_fail       beside_store_fail
#define lum_txn_begin_read   beside_txn_begin_read
#define lum_txn_begin_write  beside_txn_begin_write
#define lum_txn_commit       beside_txn_commit
#define lum_txn_abort        beside_txn_abort
#define lum_txn_get          beside_txn_get
#define lum_txn_put          beside_txn_put
#define lum_txn_put_two      beside_txn_put_two
#define lum_txn_append       beside_txn_append
#define lum_txn_delete       beside_txn_delete
#define lum_txn_clear        beside_txn_clear
#define lum_txn_rows         beside_txn_rows
#define lum_txn_pages        beside_txn_pages
#define lum_txn_bytes        beside_txn_bytes
#define lum_scan_open        beside_scan_open
#define lum_scan_close       beside_scan_close
#define lum_scan_seek        beside_scan_seek
#define lum_scan_seek_before beside_scan_seek_before
#define lum_scan_next        beside_scan_next
#define lum_scan_last        beside_scan_last

#endif
