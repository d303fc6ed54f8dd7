/*
 * test_store_walk.c - damaged trees: told, or so that LMDB lives with them and every row shows its
 * own damage.
 *
 * The file has branches, large rows and lists of free pages. Each case damages a copy, and opens,
 * reads, writes and reads again what the walk lets pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/pack.h"
#include "core/store.h"
#include "core/store_file.h"
#include "tests/lib/temp.h"

enum {
    META,
    ROWS,
    PAGE = 4096,
    FILE_MAX = 8 * 1024 * 1024,
    COUNT = 6000,
    NEW = 40, /* of the last commit alone */
    BIG = 20
};

struct fixture {
    struct temp temp;
    struct lum_store *store;
    struct lum_error err;
    uint8_t *sound;
    size_t size;
    uint64_t dice;
};

static uint64_t draw(struct fixture *f, uint64_t below)
{
    f->dice = f->dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (f->dice >> 33) % below;
}

static enum lum_status open_file(struct fixture *f)
{
    static const char *const tables[] = {"meta", "rows"};
    const struct lum_store_options options = {
        .path = temp_path(&f->temp, "x.mdb"),
        .durability = LUM_DERIVED,
        .format = 1,
        .tables = tables,
        .table_count = LUM_COUNT(tables),
        .create = true,
        .map_bytes = LUM_STORE_MAP_BYTES,
    };
    f->store = NULL;
    return lum_store_open(&options, &f->store, &f->err);
}

static struct lum_bytes row_key(uint32_t i, uint8_t key[40])
{
    memset(key, 'k', 40);
    lum_put_u32(key, i);
    return lum_bytes_of(key, 40);
}

static struct lum_bytes row_value(uint32_t i)
{
    static uint8_t value[9000];
    size_t len = i % (COUNT / BIG) == 7 ? sizeof value : 60 + i % 50;
    memset(value, (int)(i * 7), len);
    return lum_bytes_of(value, len);
}

static enum lum_status put_row(struct lum_txn *txn, uint32_t i)
{
    uint8_t key[40];
    return lum_txn_put(txn, ROWS, row_key(i, key), row_value(i));
}

static int setup(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    *f = (struct fixture){.dice = 12};
    temp_make(&f->temp);
    assert_int_equal(open_file(f), LUM_OK);
    for (uint32_t round = 0; round < 4; round++) {
        struct lum_txn *txn = NULL;
        assert_int_equal(lum_txn_begin_write(f->store, &txn, &f->err), LUM_OK);
        for (uint32_t i = round; i < COUNT - NEW; i += round < 2 ? 2 : 700) {
            assert_int_equal(put_row(txn, i), LUM_OK);
        }
        for (uint32_t i = COUNT - NEW; round == 3 && i < COUNT; i++) {
            assert_int_equal(put_row(txn, i), LUM_OK);
        }
        assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    }
    lum_store_close(f->store);
    f->sound = malloc(FILE_MAX);
    assert_non_null(f->sound);
    f->size = temp_read(&f->temp, "x.mdb", f->sound, FILE_MAX);
    assert_true(f->size > (size_t)200 * PAGE && f->size < FILE_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    free(f->sound);
    temp_drop(&f->temp);
    return 0;
}

enum damage {
    BIT,
    HEAD_BIT,
    META_BIT,
    NOISE,
    ZEROS,
    MISPLACED,
    CUT,
    DAMAGES
};

static void damage(struct fixture *f, enum damage kind)
{
    size_t pages = f->size / PAGE;
    size_t page = draw(f, pages) * PAGE;
    size_t other = draw(f, pages) * PAGE;
    uint8_t noise[PAGE];
    temp_write(&f->temp, "x.mdb", f->sound, f->size);
    uint8_t *bytes = f->sound;
    switch (kind) {
    case BIT:
        temp_flip(&f->temp, "x.mdb", draw(f, f->size), (uint8_t)(1U << draw(f, 8)));
        return;
    case HEAD_BIT:
        temp_flip(&f->temp, "x.mdb", page + draw(f, 64), (uint8_t)(1U << draw(f, 8)));
        return;
    case META_BIT:
        temp_flip(&f->temp, "x.mdb", draw(f, 2) * PAGE + draw(f, 168), (uint8_t)(1U << draw(f, 8)));
        return;
    case CUT:
        assert_int_equal(truncate(temp_path(&f->temp, "x.mdb"), (off_t)draw(f, f->size)), 0);
        return;
    case NOISE:
    case ZEROS:
    case MISPLACED:
    case DAMAGES:
        break;
    }
    for (size_t i = 0; i < PAGE; i++) {
        noise[i] = kind == NOISE ? (uint8_t)draw(f, 256) : kind == ZEROS ? 0 : bytes[other + i];
    }
    uint8_t kept[PAGE];
    memcpy(kept, bytes + page, PAGE);
    memcpy(bytes + page, noise, PAGE);
    temp_write(&f->temp, "x.mdb", bytes, f->size);
    memcpy(bytes + page, kept, PAGE);
}

/* Rows that read are those that were put; gives how many did not read. */
static uint32_t read_all(struct lum_txn *txn)
{
    uint32_t damaged = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t key[40];
        struct lum_bytes value;
        enum lum_status status = lum_txn_get(txn, ROWS, row_key(i, key), &value);
        assert_true(status == LUM_OK || status == LUM_NOT_FOUND || status == LUM_CORRUPT);
        damaged += status != LUM_OK;
        assert_true(status != LUM_OK || lum_bytes_equal(value, row_value(i)));
    }
    return damaged;
}

static uint64_t scan_all(struct lum_txn *txn)
{
    struct lum_scan scan;
    uint64_t rows = 0;
    assert_int_equal(lum_scan_open(txn, ROWS, &scan), LUM_OK);
    for (bool more = lum_scan_seek(&scan, (struct lum_bytes){0}); more;
         more = lum_scan_next(&scan)) {
        rows++;
    }
    lum_scan_close(&scan);
    return rows;
}

/* True when something was told. What is not told must be whole. */
static bool use(struct fixture *f)
{
    struct lum_txn *txn = NULL;
    if (open_file(f) != LUM_OK) {
        return true;
    }
    assert_int_equal(lum_txn_begin_read(f->store, &txn, &f->err), LUM_OK);
    uint64_t rows = scan_all(txn);
    bool is_told = lum_store_damage(f->store) > 0;
    assert_true(is_told || rows == COUNT);
    assert_true(!is_told || lum_txn_get(txn, ROWS, lum_bytes_of("x", 1), &(struct lum_bytes){0}) ==
                                LUM_CORRUPT);
    lum_txn_abort(txn);
    assert_int_equal(lum_txn_begin_read(f->store, &txn, &f->err), LUM_OK);
    uint32_t damaged = read_all(txn);
    lum_txn_abort(txn);
    assert_true(is_told || damaged == 0);
    assert_int_equal(lum_txn_begin_write(f->store, &txn, &f->err), LUM_OK);
    for (uint32_t i = 0; i < COUNT; i += 97) {
        assert_int_equal(put_row(txn, i), LUM_OK);
    }
    assert_int_equal(lum_txn_commit(txn, &f->err), LUM_OK);
    assert_int_equal(lum_txn_begin_read(f->store, &txn, &f->err), LUM_OK);
    assert_true(read_all(txn) <= damaged);
    lum_txn_abort(txn);
    lum_store_close(f->store);
    assert_int_equal(lum_store_file_probe(temp_path(&f->temp, "x.mdb"), true, &f->err), LUM_OK);
    return is_told;
}

static void damage_is_told_or_does_no_harm(void **state)
{
    struct fixture *f = *state;
    static const char *const names[DAMAGES] = {
        "a bit", "a bit of a head", "a bit of a meta page",
        "noise", "zeros",           "a page in another's place",
        "cut"};
    const char *wanted = getenv("LUM_DAMAGES");
    size_t cases = wanted == NULL ? 210 : (size_t)strtoul(wanted, NULL, 10);
    size_t told[DAMAGES] = {0};
    for (size_t i = 0; i < cases; i++) {
        damage(f, (enum damage)(i % DAMAGES));
        told[i % DAMAGES] += use(f) ? 1 : 0;
    }
    for (size_t kind = 0; kind < DAMAGES; kind++) {
        print_message("%s: %zu told, the others without effect\n", names[kind], told[kind]);
        assert_true(told[kind] > 0);
    }
    print_message("figures: %zu damaged stores, none read wrong, none crashed\n", cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(damage_is_told_or_does_no_harm, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
