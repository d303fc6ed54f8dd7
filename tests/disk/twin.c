/*
 * twin.c - both stores of a case; see twin.h.
 */
#include "tests/disk/twin.h"

#include <stdarg.h>
#include <string.h>

enum {
    FORMAT = 3,
    MAP_BYTES = 1 << 30,
    PATH_ROOM = 400,
};

const struct door *const twin_doors[SIDES] = {&door_lmdb, &door_disk};
const char *const twin_tables[TABLE_COUNT] = {"meta", "few", "many"};

void twin_say(struct twin *p, const char *format, ...)
{
    if (p->story != NULL) {
        va_list args;
        va_start(args, format);
        (void)vfprintf(p->story, format, args);
        va_end(args);
    }
}

uint32_t twin_draw(struct twin *p, uint32_t below)
{
    return choice_draw(p->choice, below);
}

/* ---- answers ---- */

void twin_same(struct twin *p, const char *what, uint64_t lmdb, uint64_t disk)
{
    if (lmdb != disk) {
        p->differs = true;
        twin_say(p, "    %s: LMDB %llu, disk %llu\n", what, (unsigned long long)lmdb,
                 (unsigned long long)disk);
    }
}

void twin_same_bytes(struct twin *p, const char *what, const struct lum_bytes bytes[SIDES])
{
    twin_same(p, what, bytes[LMDB].len, bytes[DISK].len);
    if (!lum_bytes_equal(bytes[LMDB], bytes[DISK])) {
        p->differs = true;
        twin_say(p, "    %s: other bytes\n", what);
    }
}

/* Of any two calls that may tell an error; true when both are OK. */
bool twin_both(struct twin *p, const enum lum_status status[SIDES],
               const struct lum_error err[SIDES])
{
    twin_same(p, "status", status[LMDB], status[DISK]);
    if (err != NULL && status[LMDB] != LUM_OK) {
        twin_same(p, "cause", err[LMDB].cause, err[DISK].cause);
    }
    return status[LMDB] == LUM_OK && status[DISK] == LUM_OK;
}

/* LMDB may take more, by far: a row that shrinks keeps its pages, old snapshots theirs. */
void twin_not_far_above(struct twin *p, const char *what, uint64_t lmdb, uint64_t disk)
{
    if (disk > 3 * lmdb + 8) {
        twin_same(p, what, lmdb, disk);
    }
}

/* ---- opening and closing ---- */

static const char *path_of(const struct twin *p, int side, const char *name, char room[PATH_ROOM])
{
    (void)snprintf(room, PATH_ROOM, "%s/%s", side == LMDB ? p->temp.dir : disk_path(p->disk), name);
    return room;
}

static bool open_both(struct twin *p, struct lum_store_options options, const char *name)
{
    enum lum_status status[SIDES];
    struct lum_error err[SIDES] = {{0}};
    char path[PATH_ROOM];
    for (int side = 0; side < SIDES; side++) {
        options.path = path_of(p, side, name, path);
        status[side] = twin_doors[side]->open(&options, &p->store[side], &err[side]);
    }
    return twin_both(p, status, err);
}

static void close_both(struct twin *p)
{
    for (int side = 0; side < SIDES; side++) {
        twin_doors[side]->close(p->store[side]);
        p->store[side] = NULL;
    }
}

static struct lum_store_options usual(const struct twin *p)
{
    return (struct lum_store_options){
        .durability = p->durability,
        .format = FORMAT,
        .tables = twin_tables,
        .table_count = TABLE_COUNT,
        .create = true,
        .map_bytes = MAP_BYTES,
    };
}

void twin_open(struct twin *p)
{
    p->is_read_only = false;
    if (!open_both(p, usual(p), p->name)) {
        p->differs = true;
    }
}

void twin_end_scan(struct scan *scan)
{
    for (int side = 0; side < SIDES && scan->txn != NULL; side++) {
        twin_doors[side]->scan_close(&scan->on[side]);
    }
    scan->txn = NULL;
}

void twin_end_txn(struct twin *p, struct txn *txn)
{
    for (size_t i = 0; i < SCANS; i++) {
        if (p->scans[i].txn == txn) {
            twin_end_scan(&p->scans[i]);
        }
    }
    for (int side = 0; side < SIDES; side++) {
        twin_doors[side]->abort(txn->on[side]);
        txn->on[side] = NULL;
    }
}

static void end_all(struct twin *p)
{
    if (p->writer.on[LMDB] != NULL) {
        twin_end_txn(p, &p->writer);
    }
    for (size_t i = 0; i < READERS; i++) {
        if (p->readers[i].on[LMDB] != NULL) {
            twin_end_txn(p, &p->readers[i]);
        }
    }
    close_both(p);
}

/* Things that do not open, or open otherwise, before the store is opened again as usual. */
void twin_reopen(struct twin *p)
{
    static const char *const other[] = {"meta", "few", "other"};
    static const char *const strange[] = {"strange"};
    struct lum_store_options options = usual(p);
    const char *name = p->name;
    uint32_t how = twin_draw(p, 8);
    twin_say(p, "reopen, case %u\n", how);
    end_all(p);
    options.create = how != 1 && how != 6 && how != 7;
    options.read_only = how == 6 || how == 7;
    options.format = how == 2 ? FORMAT - 1 : how == 3 ? FORMAT + 1 : FORMAT;
    options.tables = how == 4 ? other : how == 5 ? strange : twin_tables;
    options.table_count = how == 5 ? 1 : TABLE_COUNT;
    name = how == 1 || how == 6 ? "missing" : name;
    if (open_both(p, options, name)) {
        twin_same(p, "format", twin_doors[LMDB]->format(p->store[LMDB]),
                  twin_doors[DISK]->format(p->store[DISK]));
        p->is_read_only = options.read_only;
    }
    if (!p->is_read_only || p->store[LMDB] == NULL) {
        close_both(p);
        twin_open(p);
    }
}

/* The same rows in another file, which goes on in its place. */
void twin_copy(struct twin *p)
{
    enum lum_status status[SIDES];
    struct lum_error err[SIDES] = {{0}};
    char path[PATH_ROOM];
    bool is_taken = twin_draw(p, 4) == 3;
    char name[16];
    (void)snprintf(name, sizeof name, "copy%u", is_taken ? p->copies : p->copies + 1);
    twin_say(p, "copy to %s\n", name);
    for (int side = 0; side < SIDES; side++) {
        status[side] =
            twin_doors[side]->copy(p->store[side], path_of(p, side, name, path), &err[side]);
    }
    if (twin_both(p, status, err)) {
        p->copies += is_taken ? 0 : 1;
        end_all(p);
        memcpy(p->name, name, sizeof name);
        twin_open(p);
    }
}

/* ---- transactions ---- */

struct txn *twin_txn(struct twin *p)
{
    uint32_t at = twin_draw(p, 1 + READERS);
    struct txn *txn = at == 0 ? &p->writer : &p->readers[at - 1];
    return txn->on[LMDB] == NULL ? NULL : txn;
}

void twin_begin_write(struct twin *p)
{
    enum lum_status status[SIDES];
    struct lum_error err[SIDES] = {{0}};
    twin_say(p, "begin to write\n");
    for (int side = 0; side < SIDES; side++) {
        status[side] =
            twin_doors[side]->begin_write(p->store[side], &p->writer.on[side], &err[side]);
    }
    (void)twin_both(p, status, err);
}

void twin_begin_read(struct twin *p, struct txn *txn)
{
    enum lum_status status[SIDES];
    struct lum_error err[SIDES] = {{0}};
    twin_say(p, "begin to read\n");
    for (int side = 0; side < SIDES; side++) {
        status[side] = twin_doors[side]->begin_read(p->store[side], &txn->on[side], &err[side]);
    }
    (void)twin_both(p, status, err);
}

static void commit(struct twin *p)
{
    enum lum_status status[SIDES];
    struct lum_error err[SIDES] = {{0}};
    twin_say(p, "commit\n");
    for (size_t i = 0; i < SCANS; i++) {
        if (p->scans[i].txn == &p->writer) {
            twin_end_scan(&p->scans[i]);
        }
    }
    for (int side = 0; side < SIDES; side++) {
        status[side] = twin_doors[side]->commit(p->writer.on[side], &err[side]);
        p->writer.on[side] = NULL;
    }
    (void)twin_both(p, status, err);
}

/* Begins what is not there, ends what is. */
void twin_turn_txn(struct twin *p)
{
    uint32_t at = twin_draw(p, 3 + READERS);
    struct txn *txn = at < 3 ? &p->writer : &p->readers[at - 3];
    if (txn->on[LMDB] == NULL) {
        if (at < 3) {
            twin_begin_write(p);
        } else {
            twin_begin_read(p, txn);
        }
    } else if (at == 0 || at > 2) {
        twin_say(p, "abort\n");
        twin_end_txn(p, txn);
    } else {
        commit(p);
    }
}

void twin_sync(struct twin *p)
{
    enum lum_status status[SIDES];
    struct lum_error err[SIDES] = {{0}};
    if (p->is_read_only) {
        return;
    }
    twin_say(p, "sync\n");
    for (int side = 0; side < SIDES; side++) {
        status[side] = twin_doors[side]->sync(p->store[side], &err[side]);
    }
    (void)twin_both(p, status, err);
    twin_not_far_above(p, "bytes", twin_doors[LMDB]->bytes(p->store[LMDB]) / 4096,
                       twin_doors[DISK]->bytes(p->store[DISK]) / 4096);
}

/* ---- a case ---- */

void twin_begin(struct twin *p, struct choice *choice, FILE *story)
{
    *p = (struct twin){.choice = choice, .story = story, .name = "store"};
    temp_make(&p->temp);
    p->disk = disk_open();
}

void twin_end(struct twin *p)
{
    end_all(p);
    disk_close(p->disk);
    temp_drop(&p->temp);
}
