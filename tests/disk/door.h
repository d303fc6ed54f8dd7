/*
 * door.h - core/store.h as a table of functions: one table is LMDB's, one the disk's.
 */
#ifndef LUM_TESTS_DISK_DOOR_H
#define LUM_TESTS_DISK_DOOR_H

#include "core/store.h"

struct door {
    enum lum_status (*open)(const struct lum_store_options *, struct lum_store **,
                            struct lum_error *);
    void (*close)(struct lum_store *);
    uint32_t (*format)(const struct lum_store *);
    enum lum_status (*copy)(struct lum_store *, const char *, struct lum_error *);
    enum lum_status (*sync)(struct lum_store *, struct lum_error *);
    uint64_t (*bytes)(struct lum_store *);
    enum lum_status (*fail)(struct lum_store *, enum lum_status, struct lum_error *);
    enum lum_status (*begin_read)(struct lum_store *, struct lum_txn **, struct lum_error *);
    enum lum_status (*begin_write)(struct lum_store *, struct lum_txn **, struct lum_error *);
    enum lum_status (*commit)(struct lum_txn *, struct lum_error *);
    void (*abort)(struct lum_txn *);
    enum lum_status (*get)(struct lum_txn *, uint32_t, struct lum_bytes, struct lum_bytes *);
    enum lum_status (*put)(struct lum_txn *, uint32_t, struct lum_bytes, struct lum_bytes);
    enum lum_status (*put_two)(struct lum_txn *, uint32_t, struct lum_bytes, struct lum_bytes,
                               struct lum_bytes);
    enum lum_status (*append)(struct lum_txn *, uint32_t, struct lum_bytes, struct lum_bytes);
    enum lum_status (*delete)(struct lum_txn *, uint32_t, struct lum_bytes);
    enum lum_status (*clear)(struct lum_txn *, uint32_t);
    uint64_t (*rows)(struct lum_txn *, uint32_t);
    uint64_t (*pages)(struct lum_txn *, uint32_t);
    uint64_t (*txn_bytes)(struct lum_txn *);
    enum lum_status (*scan_open)(struct lum_txn *, uint32_t, struct lum_scan *);
    void (*scan_close)(struct lum_scan *);
    bool (*seek)(struct lum_scan *, struct lum_bytes);
    bool (*seek_before)(struct lum_scan *, struct lum_bytes);
    bool (*next)(struct lum_scan *);
    bool (*last)(struct lum_scan *);
};

extern const struct door door_lmdb;
extern const struct door door_disk;

#endif
