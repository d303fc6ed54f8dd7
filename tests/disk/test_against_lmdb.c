/*
 * test_against_lmdb.c - the disk in memory and LMDB, asked the same, answer the same.
 *
 * A case is a list of choices (tests/prop/choice.h): which calls are made, on which transactions
 * and scans, with which keys and values. Both stores stand in this program (door.h); each call goes
 * to both, and status, cause, rows and order must be equal. Pages and bytes need only be alike.
 *
 * Left out is what core/store.h leaves open: where a scan goes on that must be placed again first.
 *
 *   LUM_PROP_SECONDS=n   for n seconds instead of the usual few
 *   LUM_PROP_SEED=n      begin at this seed
 *   LUM_PROP_CASE="..."  one case again, as a failure printed it
 */
#define _XOPEN_SOURCE 700 /* setenv */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/pack.h"
#include "tests/disk/twin.h"

enum {
    SECONDS_USUAL = 8,
    SHRINK_RUNS = 3000,
    STEPS = 200,
    FILL_MAX = 400,
    VALUE_ROOM = 150000,
};

static uint64_t steps_made;
static uint64_t rows_compared;

/* ---- keys and values ---- */

/* Few keys, so that they meet; also prefixes of one another, and the longest there may be. */
static struct lum_bytes draw_key(struct twin *p, uint32_t table, uint8_t room[KEY_ROOM])
{
    if (table == MANY) {
        lum_put_u32(room, twin_draw(p, 3000));
        return lum_bytes_of(room, 4);
    }
    size_t len = 1 + twin_draw(p, 3);
    for (size_t i = 0; i < len; i++) {
        static const uint8_t letters[] = {'a', 'b', 0, 255};
        room[i] = letters[twin_draw(p, sizeof letters)];
    }
    if (twin_draw(p, 16) == 15) {
        memset(room + len, 'x', KEY_ROOM - len);
        len = KEY_ROOM;
    }
    return lum_bytes_of(room, len);
}

static struct lum_bytes draw_value(struct twin *p)
{
    static uint8_t bytes[VALUE_ROOM];
    static const size_t odd[] = {1900, 2018, 2030, 2040, 4000, 4080, 4100, 9000, 70000, VALUE_ROOM};
    size_t len = twin_draw(p, 24);
    if (twin_draw(p, 8) == 7) {
        len = odd[twin_draw(p, LUM_COUNT(odd))];
    }
    memset(bytes, (int)(p->stamp % 251), len);
    p->stamp++;
    if (len >= 4) {
        lum_put_u32(bytes, p->stamp);
    }
    return lum_bytes_of(bytes, len);
}

static void say_row(struct twin *p, const char *verb, uint32_t table, struct lum_bytes key)
{
    twin_say(p, "%s %s ", verb, twin_tables[table]);
    for (size_t i = 0; i < key.len && i < 8; i++) {
        twin_say(p, "%02x", key.at[i]);
    }
    twin_say(p, "%s\n", key.len > 8 ? ".." : "");
}

/* ---- rows ---- */

static void get(struct twin *p)
{
    uint8_t room[KEY_ROOM];
    enum lum_status status[SIDES];
    struct lum_bytes value[SIDES] = {{0}};
    struct txn *txn = twin_txn(p);
    uint32_t table = FEW + twin_draw(p, 2);
    struct lum_bytes key = draw_key(p, table, room);
    if (txn == NULL) {
        return;
    }
    say_row(p, "get", table, key);
    for (int side = 0; side < SIDES; side++) {
        status[side] = twin_doors[side]->get(txn->on[side], table, key, &value[side]);
    }
    if (twin_both(p, status, NULL)) {
        twin_same_bytes(p, "value", value);
    }
}

/* What a put, a delete of that key, a clear means for the writer's scans. */
enum change {
    IS_PUT,
    IS_DELETED,
    IS_CLEARED
};

static void note_change(struct twin *p, enum change change, uint32_t table, struct lum_bytes key)
{
    for (size_t i = 0; i < SCANS; i++) {
        struct scan *scan = &p->scans[i];
        if (scan->txn != &p->writer || scan->table != table) {
            continue;
        }
        bool is_its_row = lum_bytes_equal(lum_bytes_of(scan->key, scan->key_len), key);
        scan->row_is_gone |= change == IS_DELETED && is_its_row;
        scan->goes_on &= !(change == IS_CLEARED || (change == IS_PUT && scan->row_is_gone));
    }
}

static void put_one(struct twin *p, uint32_t how, uint32_t table, struct lum_bytes key,
                    struct lum_bytes value)
{
    enum lum_status status[SIDES];
    size_t part = value.len / 3;
    for (int side = 0; side < SIDES; side++) {
        const struct door *door = twin_doors[side];
        struct lum_txn *txn = p->writer.on[side];
        status[side] = how == 0   ? door->append(txn, table, key, value)
                       : how == 1 ? door->put_two(txn, table, key, lum_bytes_of(value.at, part),
                                                  lum_bytes_of(value.at + part, value.len - part))
                                  : door->put(txn, table, key, value);
    }
    (void)twin_both(p, status, NULL);
    note_change(p, IS_PUT, table, key);
}

static void delete_one(struct twin *p, uint32_t table, struct lum_bytes key)
{
    enum lum_status status[SIDES];
    for (int side = 0; side < SIDES; side++) {
        status[side] = twin_doors[side]->delete (p->writer.on[side], table, key);
    }
    if (twin_both(p, status, NULL)) {
        note_change(p, IS_DELETED, table, key);
    }
}

static void put(struct twin *p)
{
    uint8_t room[KEY_ROOM];
    uint32_t how = twin_draw(p, 4);
    uint32_t table = FEW + twin_draw(p, 2);
    struct lum_bytes key = draw_key(p, table, room);
    struct lum_bytes value = draw_value(p);
    say_row(p, how == 0 ? "append" : "put", table, key);
    put_one(p, how, table, key, value);
}

static void delete_row(struct twin *p)
{
    uint8_t room[KEY_ROOM];
    uint32_t table = FEW + twin_draw(p, 2);
    struct lum_bytes key = draw_key(p, table, room);
    say_row(p, "delete", table, key);
    delete_one(p, table, key);
}

/* Runs of keys, so that pages and nodes split and join. */
static void many(struct twin *p, bool is_put)
{
    uint8_t key[4];
    uint32_t first = twin_draw(p, 3000);
    uint32_t count = 1 + twin_draw(p, FILL_MAX);
    uint32_t stride = 1 + twin_draw(p, 7);
    bool is_down = twin_draw(p, 2) == 1;
    twin_say(p, "%s %u from %u by %u %s\n", is_put ? "put" : "delete", count, first, stride,
             is_down ? "down" : "up");
    struct lum_bytes value = draw_value(p);
    value.len = value.len > 300 ? 300 : value.len;
    for (uint32_t i = 0; i < count; i++) {
        lum_put_u32(key, (first + (is_down ? count - i : i) * stride) % 3000);
        if (is_put) {
            put_one(p, i % 3, MANY, lum_bytes_of(key, 4), value);
        } else {
            delete_one(p, MANY, lum_bytes_of(key, 4));
        }
    }
}

static void clear(struct twin *p)
{
    enum lum_status status[SIDES];
    uint32_t table = FEW + twin_draw(p, 2);
    twin_say(p, "clear %s\n", twin_tables[table]);
    for (int side = 0; side < SIDES; side++) {
        status[side] = twin_doors[side]->clear(p->writer.on[side], table);
    }
    (void)twin_both(p, status, NULL);
    note_change(p, IS_CLEARED, table, (struct lum_bytes){0});
}

static void write_row(struct twin *p)
{
    uint32_t what = twin_draw(p, 16);
    if (p->writer.on[LMDB] == NULL) {
        return;
    }
    if (what < 8) {
        put(p);
    } else if (what < 11) {
        delete_row(p);
    } else if (what < 13) {
        many(p, true);
    } else if (what < 15) {
        many(p, false);
    } else {
        clear(p);
    }
}

static void sums(struct twin *p)
{
    struct txn *txn = twin_txn(p);
    for (uint32_t table = 0; txn != NULL && table < TABLE_COUNT; table++) {
        twin_same(p, "rows", twin_doors[LMDB]->rows(txn->on[LMDB], table),
                  twin_doors[DISK]->rows(txn->on[DISK], table));
        twin_not_far_above(p, "pages", twin_doors[LMDB]->pages(txn->on[LMDB], table),
                           twin_doors[DISK]->pages(txn->on[DISK], table));
    }
}

/* ---- scans ---- */

static void open_scan(struct twin *p, struct scan *scan)
{
    enum lum_status status[SIDES];
    uint32_t table = twin_draw(p, TABLE_COUNT);
    struct txn *txn = twin_txn(p);
    if (txn == NULL) {
        return;
    }
    twin_say(p, "open scan %u of %s\n", (unsigned)(scan - p->scans), twin_tables[table]);
    for (int side = 0; side < SIDES; side++) {
        status[side] = twin_doors[side]->scan_open(txn->on[side], table, &scan->on[side]);
    }
    scan->txn = txn;
    scan->table = table;
    scan->goes_on = true; /* from the first row on */
    scan->row_is_gone = false;
    scan->key_len = 0;
    (void)twin_both(p, status, NULL);
}

static bool move(struct twin *p, struct scan *scan, uint32_t how, struct lum_bytes key)
{
    bool found[SIDES];
    for (int side = 0; side < SIDES; side++) {
        const struct door *door = twin_doors[side];
        struct lum_scan *on = &scan->on[side];
        found[side] = how == 0   ? door->last(on)
                      : how == 1 ? door->seek_before(on, key)
                      : how == 2 ? door->seek(on, key)
                                 : door->next(on);
    }
    twin_same(p, "found", found[LMDB], found[DISK]);
    scan->goes_on = found[LMDB];
    scan->row_is_gone = false;
    if (found[LMDB] && found[DISK]) {
        const struct lum_bytes keys[SIDES] = {scan->on[LMDB].key, scan->on[DISK].key};
        const struct lum_bytes values[SIDES] = {scan->on[LMDB].value, scan->on[DISK].value};
        scan->key_len = keys[LMDB].len;
        memcpy(scan->key, keys[LMDB].at, keys[LMDB].len);
        twin_same_bytes(p, "key", keys);
        twin_same_bytes(p, "value", values);
        rows_compared++;
    }
    return found[LMDB] && found[DISK];
}

static void scan(struct twin *p)
{
    static const char *const verbs[] = {"last", "seek before", "seek", "next"};
    uint8_t room[KEY_ROOM];
    struct scan *scan = &p->scans[twin_draw(p, SCANS)];
    uint32_t how = twin_draw(p, 10);
    how = how > 3 ? 3 : how;
    if (scan->txn == NULL) {
        open_scan(p, scan);
        return;
    }
    if (twin_draw(p, 12) == 11) {
        twin_end_scan(scan);
        return;
    }
    struct lum_bytes key = draw_key(p, scan->table, room);
    key.len = how == 2 && twin_draw(p, 8) == 7 ? 0 : key.len;
    if (how == 3 && !scan->goes_on) {
        return;
    }
    twin_say(p, "scan %u ", (unsigned)(scan - p->scans));
    say_row(p, verbs[how], scan->table, key);
    uint32_t more = twin_draw(p, 4) == 3 ? twin_draw(p, 100) : 0;
    bool is_there = move(p, scan, how, key);
    while (is_there && more-- > 0) {
        is_there = move(p, scan, 3, key);
    }
}

/* A scan deletes what it stands on, or puts beside it, and goes on. */
static void scan_and_write(struct twin *p)
{
    uint8_t at[KEY_ROOM + 1];
    struct scan *scan = &p->scans[twin_draw(p, SCANS)];
    bool is_delete = twin_draw(p, 2) == 0;
    for (uint32_t i = 1 + twin_draw(p, 40); i > 0; i--) {
        if (scan->txn != &p->writer || !scan->goes_on || scan->table == META ||
            !move(p, scan, 3, (struct lum_bytes){0})) {
            return;
        }
        struct lum_bytes key = {at, scan->on[LMDB].key.len};
        memcpy(at, scan->on[LMDB].key.at, key.len);
        if (is_delete && twin_draw(p, 3) > 0) {
            say_row(p, "delete on the way", scan->table, key);
            delete_one(p, scan->table, key);
        } else if (key.len < KEY_ROOM) {
            at[key.len] = (uint8_t)twin_draw(p, 3);
            key.len += twin_draw(p, 2);
            say_row(p, "put on the way", scan->table, key);
            put_one(p, 2, scan->table, key, draw_value(p));
        }
    }
}

/* ---- a case ---- */

/* All rows of all tables, as a new reader sees them. */
static void compare_all(struct twin *p)
{
    struct txn txn = {{NULL}};
    twin_begin_read(p, &txn);
    for (uint32_t table = 0; table < TABLE_COUNT && !p->differs; table++) {
        struct scan scan = {.txn = &txn, .table = table};
        for (int side = 0; side < SIDES; side++) {
            if (twin_doors[side]->scan_open(txn.on[side], table, &scan.on[side]) != LUM_OK) {
                p->differs = true;
            }
        }
        while (move(p, &scan, 3, (struct lum_bytes){0})) {
        }
        twin_end_scan(&scan);
    }
    twin_end_txn(p, &txn);
}

static void step(struct twin *p)
{
    size_t span = choice_span_begin(p->choice);
    uint32_t what = twin_draw(p, 100);
    steps_made++;
    if (what < 12) {
        twin_turn_txn(p);
    } else if (what < 48) {
        write_row(p);
    } else if (what < 58) {
        get(p);
    } else if (what < 82) {
        scan(p);
    } else if (what < 92) {
        scan_and_write(p);
    } else if (what < 97) {
        sums(p);
    } else if (what == 97) {
        twin_reopen(p);
    } else if (what == 98) {
        twin_copy(p);
    } else {
        twin_sync(p);
    }
    choice_span_end(p->choice, span);
}

static struct twin twin;

static bool answers_are_the_same(struct choice *choice, void *story)
{
    struct twin *p = &twin;
    twin_begin(p, choice, story);
    uint32_t durability = twin_draw(p, 3);
    p->durability = (enum lum_durability)durability;
    twin_open(p);
    for (uint32_t steps = 1 + twin_draw(p, STEPS); steps > 0 && !p->differs; steps--) {
        step(p);
    }
    if (!p->differs) {
        compare_all(p);
    }
    twin_end(p);
    return !p->differs;
}

static uint64_t number_from(const char *name, uint64_t usual)
{
    const char *text = getenv(name);
    return text == NULL ? usual : strtoull(text, NULL, 10);
}

static void tell_failure(struct choice *failed)
{
    struct choice again;
    size_t runs = choice_shrink(failed, answers_are_the_same, NULL, SHRINK_RUNS);
    (void)fprintf(stderr, "%zu choices after %zu runs\n", failed->at, runs);
    choice_from_list(&again, failed->draws, failed->at);
    (void)answers_are_the_same(&again, stderr);
    choice_close(&again);
    (void)fputs("LUM_PROP_CASE=\"", stderr);
    choice_tell(failed, stderr);
    (void)fputs("\"\n", stderr);
}

static void the_disk_answers_as_lmdb_does(void **state)
{
    uint64_t seed = number_from("LUM_PROP_SEED", 1);
    time_t until = time(NULL) + (time_t)number_from("LUM_PROP_SECONDS", SECONDS_USUAL);
    const char *one = getenv("LUM_PROP_CASE");
    struct choice choice;
    uint64_t cases = 0;
    bool holds = true;
    (void)state;
    if (one != NULL) {
        choice_from_text(&choice, one);
        holds = answers_are_the_same(&choice, stderr);
        choice_close(&choice);
        assert_true(holds);
        return;
    }
    for (; holds && time(NULL) < until; cases++) {
        choice_from_seed(&choice, seed + cases);
        holds = answers_are_the_same(&choice, NULL);
        if (!holds) {
            (void)fprintf(stderr, "LUM_PROP_SEED=%llu\n", (unsigned long long)(seed + cases));
            tell_failure(&choice);
        }
        choice_close(&choice);
    }
    assert_true(holds);
    print_message("figures: %llu cases, %llu calls drawn, %llu rows of scans\n",
                  (unsigned long long)cases, (unsigned long long)steps_made,
                  (unsigned long long)rows_compared);
}

/* Pages of a table of `count` rows; rows in order, or in any. */
static void fill(struct twin *p, size_t len, uint32_t count, bool in_order, uint64_t pages[SIDES])
{
    static uint8_t value[VALUE_ROOM];
    uint8_t key[4];
    twin_begin_write(p);
    for (uint32_t i = 0; i < count; i++) {
        lum_put_u32(key, in_order ? i : i * UINT32_C(2654435761));
        put_one(p, in_order ? 0 : 2, MANY, lum_bytes_of(key, 4), lum_bytes_of(value, len));
    }
    for (int side = 0; side < SIDES; side++) {
        pages[side] = twin_doors[side]->pages(p->writer.on[side], MANY);
    }
}

static void pages_are_about_those_of_lmdb(void **state)
{
    static const size_t lens[] = {4, 40, 150, 400, 1000, 1900, 5000, 70000};
    struct choice choice;
    (void)state;
    choice_from_seed(&choice, 1);
    for (size_t i = 0; i < LUM_COUNT(lens) * 2; i++) {
        size_t len = lens[i / 2];
        uint64_t pages[SIDES];
        twin_begin(&twin, &choice, NULL);
        twin_open(&twin);
        fill(&twin, len, (uint32_t)(4000000 / (len + 100)), i % 2 == 0, pages);
        print_message("rows of %5zu %s: LMDB %llu pages, disk %llu\n", len,
                      i % 2 == 0 ? "in order" : "in any  ", (unsigned long long)pages[LMDB],
                      (unsigned long long)pages[DISK]);
        assert_true(pages[LMDB] < 2 * pages[DISK] && pages[DISK] < 2 * pages[LMDB]);
        assert_false(twin.differs);
        twin_end(&twin);
    }
    choice_close(&choice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_disk_answers_as_lmdb_does),
        cmocka_unit_test(pages_are_about_those_of_lmdb),
    };
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0) {
        (void)setenv("TMPDIR", "/dev/shm", 1);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
