/* The reserve is given up and taken back by itself; what is written stops in its order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/limits.h"
#include "core/room.h"
#include "net/host.h"
#include "tests/lib/site.h"

#define MIB (UINT64_C(1024) * 1024)

/* A disk with so much room in all; the reserve takes its part of it. */
struct disk {
    struct temp temp;
    struct lum_env env;
    struct lum_room room;
    uint64_t free;
    bool refuses;
    int reserved; /* times */
};

static enum lum_status room_of(void *self, const char *path, uint64_t *out)
{
    struct disk *disk = self;
    (void)path;
    *out = disk->free;
    return disk->free == UINT64_MAX ? LUM_IO : LUM_OK;
}

static enum lum_status reserve_on(void *self, const char *path, uint64_t bytes,
                                  struct lum_error *err)
{
    struct disk *disk = self;
    if (disk->refuses) {
        return lum_fail(err, LUM_CAUSE_disk_full, path, NULL);
    }
    disk->free -= bytes;
    disk->reserved++;
    return lum_host_env()->file_reserve(NULL, path, bytes, err);
}

static enum lum_status remove_on(void *self, const char *path)
{
    struct disk *disk = self;
    disk->free += LUM_RESERVE_BYTES;
    return lum_host_env()->file_remove(NULL, path);
}

static void disk_make(struct disk *disk, uint64_t free)
{
    *disk = (struct disk){.env = *lum_host_env(), .free = free};
    disk->env.self = disk;
    disk->env.room = room_of;
    disk->env.file_reserve = reserve_on;
    disk->env.file_remove = remove_on;
    temp_make(&disk->temp);
}

static void look(struct disk *disk, uint64_t free)
{
    disk->free = free;
    lum_room_look(&disk->room, &disk->env, disk->temp.dir);
}

static void it_is_given_up_and_taken_back(void **state)
{
    (void)state;
    struct disk disk;
    disk_make(&disk, 0);
    look(&disk, 100 * MIB);
    assert_true(disk.room.has_reserve);
    assert_int_equal(temp_size(&disk.temp, "reserve"), LUM_RESERVE_BYTES);
    assert_int_equal(disk.room.free, 92 * MIB);
    look(&disk, 2 * MIB); /* still enough */
    assert_true(disk.room.has_reserve);
    look(&disk, 2 * MIB - 1);
    assert_false(disk.room.has_reserve);
    assert_int_equal(disk.room.free, 10 * MIB - 1);
    look(&disk, 16 * MIB - 1);
    assert_false(disk.room.has_reserve);
    look(&disk, 16 * MIB);
    assert_true(disk.room.has_reserve);
    assert_int_equal(disk.reserved, 2);
    disk.room = (struct lum_room){0}; /* opened again: it is found */
    look(&disk, 9 * MIB);
    assert_true(disk.room.has_reserve);
    assert_int_equal(disk.reserved, 2);
    temp_drop(&disk.temp);
}

static void who_may_not_have_one_goes_on_without(void **state)
{
    (void)state;
    struct disk disk;
    disk_make(&disk, 0);
    disk.refuses = true;
    look(&disk, 100 * MIB);
    disk.refuses = false;
    look(&disk, 100 * MIB);
    assert_false(disk.room.has_reserve); /* not asked at every batch */
    assert_true(lum_room_has(&disk.room, LUM_ROOM_MEDIA));
    look(&disk, UINT64_MAX); /* a file system that does not tell */
    assert_true(lum_room_has(&disk.room, LUM_ROOM_MEDIA));
    temp_drop(&disk.temp);
}

static void strangers_stop_before_imports_before_ones_own(void **state)
{
    (void)state;
    static const struct {
        uint64_t free; /* in MiB, beside the reserve when it is there */
        bool has_reserve;
        bool may[LUM_ROOM_USES]; /* media, remote, bulk, own */
    } cases[] = {
        {32, true, {true, true, true, true}},   {31, true, {false, true, true, true}},
        {8, true, {false, true, true, true}},   {7, true, {false, false, true, true}},
        {1, true, {false, false, true, true}},  {0, true, {false, false, false, false}},
        {16, false, {false, true, true, true}}, {15, false, {false, false, true, true}},
        {9, false, {false, false, true, true}}, {8, false, {false, false, false, true}},
        {1, false, {false, false, false, true}}, {0, false, {false, false, false, false}},
    };
    for (size_t i = 0; i < LUM_COUNT(cases); i++) {
        const struct lum_room room = {.free = cases[i].free * MIB,
                                      .has_reserve = cases[i].has_reserve};
        for (int use = 0; use < LUM_ROOM_USES; use++) {
            assert_int_equal(lum_room_has(&room, (enum lum_room_use)use), cases[i].may[use]);
        }
    }
}

/* ---- a space on a disk with little room ---- */

static uint64_t left = 100 * MIB;

static enum lum_status room_left(void *self, const char *path, uint64_t *out)
{
    (void)self;
    (void)path;
    *out = left;
    return LUM_OK;
}

static void strangers_events_wait_until_there_is_room(void **state)
{
    (void)state;
    struct site s[2];
    site_pair(s);
    struct lum_id id = site_put(&s[1], "one", "name", "Budi's").record;
    s[0].env.room = room_left;
    left = 7 * MIB;
    assert_int_equal(site_give(&s[1], &s[0]), 0);
    (void)site_put(&s[0], "two", "name", "Sari's"); /* one's own goes on */
    assert_int_equal(site_counts(&s[0]).records, 1);
    left = 100 * MIB;
    assert_int_equal(site_give(&s[1], &s[0]), 1);
    (void)site_settle(&s[0]);
    assert_string_equal(site_shown(&s[0], &id, "name"), "Budi's");
    site_drop_pair(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_given_up_and_taken_back),
        cmocka_unit_test(who_may_not_have_one_goes_on_without),
        cmocka_unit_test(strangers_stop_before_imports_before_ones_own),
        cmocka_unit_test(strangers_events_wait_until_there_is_room),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
