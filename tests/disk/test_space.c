/*
 * test_space.c - a whole space on the disk in memory: it lives, and it outlives what befalls the
 * disk at every single operation of its life.
 *
 * The life: founded, written to in batches that are settled, made anew, compacted, closed, opened,
 * written to. Each batch that was acknowledged is noted. Then the same life with trouble at the
 * first operation, at the second, and so on to the last; and what was acknowledged must be there,
 * the log verified, the view whole and the same as one that is made anew, and the space go on.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/verify.h"
#include "net/host.h"
#include "tests/disk/disk.h"
#include "tests/lib/site.h"

enum {
    ROWS = 3, /* of a batch: all of it is there, or nothing */
    BATCHES_MAX = 16,
    DRAWS = 3, /* of what a crash leaves, for each operation */
};

struct life {
    struct disk *disk;
    struct site site; /* without its folder */
    uint64_t dice;
    uint32_t begun; /* batches */
    bool is_saved[BATCHES_MAX];
};

static struct life life;
static char doing[80];

static void random_fill(void *self, uint8_t *out, size_t len)
{
    struct life *l = (struct life *)self; /* its site is what env is handed */
    for (size_t i = 0; i < len; i++) {
        l->dice = l->dice * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(l->dice >> 56);
    }
}

static uint64_t wall_ms(void *self)
{
    struct life *l = (struct life *)self;
    l->site.wall_ms += 1000;
    return l->site.wall_ms;
}

static void machine_id(void *self, uint8_t out[32])
{
    (void)self;
    memset(out, 7, 32);
}

static void begin(struct life *l)
{
    *l = (struct life){.disk = disk_open(), .dice = 1};
    l->site.wall_ms = UINT64_C(1798761600000);
    l->site.env = *lum_host_env();
    l->site.env.self = l;
    l->site.env.wall_ms = wall_ms;
    l->site.env.random = random_fill;
    l->site.env.machine_id = machine_id;
    disk_env(&l->site.env);
    (void)snprintf(l->site.temp.dir, sizeof l->site.temp.dir, "%s", disk_path(l->disk));
}

static void end(struct life *l)
{
    site_close(&l->site);
    disk_close(l->disk);
}

static void expect(struct life *l, enum lum_status status, const char *what)
{
    if (status != LUM_OK) {
        fail_msg("%s: %s: %s (%s, %s, %s)", doing, what, lum_status_name(status),
                 lum_cause_name(l->site.error.cause), l->site.error.one, l->site.error.two);
    }
}

/* ---- what is done; each gives the first status that is not OK ---- */

static struct lum_space_options options_of(struct life *l)
{
    return (struct lum_space_options){.env = &l->site.env, .dir = l->site.temp.dir};
}

static enum lum_status found(struct life *l)
{
    const struct lum_space_options options = options_of(l);
    enum lum_status status = lum_space_init(&options, lum_bytes_of("Hall", 4),
                                            lum_bytes_of("Ani", 3), &l->site.space, &l->site.error);
    return status == LUM_OK ? lum_editor_open(l->site.space, &l->site.editor) : status;
}

static enum lum_status open_again(struct life *l)
{
    const struct lum_space_options options = options_of(l);
    site_close(&l->site);
    enum lum_status status = lum_space_open(&options, &l->site.space, &l->site.error);
    return status == LUM_OK ? lum_editor_open(l->site.space, &l->site.editor) : status;
}

static const char *key_of(uint32_t batch, uint32_t row)
{
    static char key[24];
    (void)snprintf(key, sizeof key, "b%u-%u", (unsigned)batch, (unsigned)row);
    return key;
}

static enum lum_status put_rows(struct life *l, uint32_t batch)
{
    const struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON,
                                           .collection = lum_bytes_of("item", 4)};
    for (uint32_t row = 0; row < ROWS; row++) {
        const char *key = key_of(batch, row);
        struct lum_edit_result result;
        enum lum_status status =
            lum_edit_make_keyed(l->site.editor, &target, lum_bytes_of(key, strlen(key)),
                                site_map("name", key), &result, &l->site.error);
        if (status != LUM_OK) {
            return status;
        }
    }
    return LUM_OK;
}

/* A batch, acknowledged when this is OK. */
static enum lum_status write_batch(struct life *l)
{
    uint32_t batch = l->begun++;
    assert_true(batch < BATCHES_MAX);
    enum lum_status status = lum_space_begin(l->site.space, &l->site.error);
    if (status == LUM_OK) {
        status = put_rows(l, batch);
    }
    if (status != LUM_OK) {
        lum_space_abort(l->site.space);
        return status;
    }
    status = lum_space_commit(l->site.space, &l->site.error);
    l->is_saved[batch] = status == LUM_OK;
    const struct lum_growth *grown = NULL;
    bool is_told = lum_space_grown(l->site.space, &grown) > 0;
    assert_true(is_told == (status == LUM_OK)); /* neighbours hear of what is durable alone */
    return status;
}

static enum lum_status settle(struct life *l)
{
    struct lum_view_progress progress = {0};
    return lum_space_settle(l->site.space, 0, &progress, &l->site.error);
}

static enum lum_status rebuild(struct life *l)
{
    return lum_space_rebuild(l->site.space, NULL, &l->site.error);
}

static enum lum_status compact(struct life *l)
{
    return lum_space_compact(l->site.space, NULL, &l->site.error);
}

static enum lum_status keep_roots(struct life *l)
{
    return lum_space_keep_roots(l->site.space, &l->site.error);
}

static enum lum_status (*const steps[])(struct life *l) = {
    found,      write_batch, settle,      write_batch, write_batch, settle,
    keep_roots, rebuild,     write_batch, compact,     write_batch, settle,
    open_again, write_batch, rebuild,     settle,
};

/* To the end, or to the first step that fails. */
static enum lum_status live(struct life *l)
{
    enum lum_status status = LUM_OK;
    for (size_t i = 0; i < LUM_COUNT(steps) && status == LUM_OK; i++) {
        status = steps[i](l);
    }
    return status;
}

/* ---- what must hold ---- */

static bool has_row(struct life *l, struct lum_txn *view, uint32_t batch, uint32_t row)
{
    struct lum_id id = site_keyed(&l->site, "item", key_of(batch, row));
    uint64_t rno = 0;
    enum lum_status status = lum_view_find(view, LUM_SHELF_COMMON, &id, &rno);
    assert_true(status == LUM_OK || status == LUM_NOT_FOUND);
    return status == LUM_OK;
}

static void batches_are_whole(struct life *l)
{
    struct lum_txn *view = NULL;
    expect(l, lum_txn_begin_read(lum_space_view(l->site.space), &view, &l->site.error), "read");
    for (uint32_t batch = 0; batch < l->begun; batch++) {
        uint32_t rows = 0;
        for (uint32_t row = 0; row < ROWS; row++) {
            rows += has_row(l, view, batch, row) ? 1 : 0;
        }
        if (rows != ROWS && (rows > 0 || l->is_saved[batch])) {
            fail_msg("%s: of batch %u, %s, %u of %u rows are there", doing, (unsigned)batch,
                     l->is_saved[batch] ? "acknowledged" : "never acknowledged", (unsigned)rows,
                     (unsigned)ROWS);
        }
    }
    lum_txn_abort(view);
}

static void files_are_whole(struct life *l)
{
    struct lum_verify_report report = {0};
    struct lum_txn *log = NULL;
    expect(l, lum_txn_begin_read(lum_space_log(l->site.space), &log, &l->site.error), "read");
    expect(l, lum_verify_log(log, NULL, &report), "verify");
    if (report.found > 0) {
        fail_msg("%s: verify: %s: %s", doing, report.findings[0].table, report.findings[0].what);
    }
    lum_txn_abort(log);
    site_check(&l->site);
}

static void all_is_well(struct life *l)
{
    expect(l, settle(l), "settle");
    batches_are_whole(l);
    files_are_whole(l);
    struct lum_hash root = site_root(&l->site);
    expect(l, write_batch(l), "write on");
    expect(l, open_again(l), "open again");
    expect(l, settle(l), "settle again");
    batches_are_whole(l);
    struct lum_hash further = site_root(&l->site);
    assert_memory_not_equal(root.b, further.b, sizeof root.b);
    expect(l, rebuild(l), "make anew");
    struct lum_hash anew = site_root(&l->site);
    assert_memory_equal(further.b, anew.b, sizeof anew.b);
    files_are_whole(l);
}

/* Where nothing was founded yet it is founded now: nothing that is half there may be in the way. */
static void come_back(struct life *l)
{
    enum lum_status status = open_again(l);
    if (status != LUM_OK && l->begun == 0) {
        status = found(l);
    }
    expect(l, status, "come back");
}

/* ---- the tests ---- */

static void a_space_lives_on_the_disk(void **state)
{
    (void)state;
    (void)snprintf(doing, sizeof doing, "without trouble");
    begin(&life);
    expect(&life, live(&life), "live");
    all_is_well(&life);
    end(&life);
}

static unsigned lives; /* with some trouble in them */

static uint64_t operations_of_a_life(void)
{
    begin(&life);
    assert_int_equal(live(&life), LUM_OK);
    site_close(&life.site);
    uint64_t count = disk_operations(life.disk);
    end(&life);
    return count;
}

static void the_power_goes_at_every_operation(void **state)
{
    uint64_t count = operations_of_a_life();
    (void)state;
    assert_true(count > 20);
    for (uint64_t n = 1; n <= count; n++) {
        for (uint32_t seed = 0; seed < 2 * DRAWS; seed++) {
            struct choice choice;
            (void)snprintf(doing, sizeof doing, "power cut at operation %u, %s, draw %u",
                           (unsigned)n, seed % 2 == 0 ? "not done" : "done", (unsigned)seed / 2);
            begin(&life);
            disk_fuse(life.disk, n, DISK_POWER, seed % 2 == 1);
            (void)live(&life);
            site_close(&life.site);
            assert_true(disk_is_cut(life.disk));
            choice_from_seed(&choice, seed);
            disk_crash(life.disk, seed < 2 ? NULL : &choice);
            choice_close(&choice);
            come_back(&life);
            all_is_well(&life);
            end(&life);
            lives++;
        }
    }
}

/* An error, once or for ever; then the machine is started again. */
static void the_disk_fails_at_every_operation(void **state)
{
    uint64_t count = operations_of_a_life();
    (void)state;
    for (uint64_t n = 1; n <= count; n++) {
        for (uint32_t how = 0; how < 4; how++) {
            (void)snprintf(doing, sizeof doing, "EIO %s at operation %u, %s",
                           how < 2 ? "once" : "from then on", (unsigned)n,
                           how % 2 == 0 ? "not done" : "done");
            begin(&life);
            disk_fuse(life.disk, n, how < 2 ? DISK_EIO_ONCE : DISK_EIO, how % 2 == 1);
            (void)live(&life);
            site_close(&life.site);
            disk_fuse(life.disk, 0, DISK_EIO, false);
            come_back(&life);
            all_is_well(&life);
            end(&life);
            lives++;
        }
    }
}

/* The disk is full from there on; the space lives on as it can, and fully once there is room. */
static void the_disk_is_full_at_every_operation(void **state)
{
    uint64_t count = operations_of_a_life();
    (void)state;
    for (uint64_t n = 1; n <= count; n++) {
        (void)snprintf(doing, sizeof doing, "full at operation %u", (unsigned)n);
        begin(&life);
        disk_fuse(life.disk, n, DISK_NO_ROOM, false);
        enum lum_status status = live(&life);
        assert_true(status == LUM_OK || status == LUM_FULL);
        disk_fuse(life.disk, 0, DISK_NO_ROOM, false);
        if (life.site.editor == NULL) {
            come_back(&life);
        }
        all_is_well(&life);
        end(&life);
        lives++;
    }
}

/* The machine goes on as if nothing had been: what is in the log must be in the view all the same,
 * whatever of the view the crash has taken. */
static void a_view_that_falls_back_follows_again(void **state)
{
    (void)state;
    for (uint32_t commits = 1; commits <= DISK_KEPT; commits++) {
        (void)snprintf(doing, sizeof doing, "view set back by %u", (unsigned)commits);
        begin(&life);
        expect(&life, live(&life), "live");
        for (uint32_t i = 0; i < DISK_KEPT; i++) {
            expect(&life, write_batch(&life), "write");
            expect(&life, settle(&life), "settle");
        }
        site_close(&life.site);
        assert_true(disk_set_back(life.disk, "view.mdb", commits));
        come_back(&life);
        all_is_well(&life);
        end(&life);
        lives++;
    }
}

static enum lum_status set_name(struct life *l, const char *text)
{
    const struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON,
                                           .collection = lum_bytes_of("item", 4),
                                           .record = site_keyed(&l->site, "item", key_of(0, 0))};
    struct lum_edit_result result;
    enum lum_status status = lum_space_begin(l->site.space, &l->site.error);
    if (status == LUM_OK) {
        status = lum_edit_set(l->site.editor, &target, site_map("name", text), &result,
                              &l->site.error);
    }
    if (status == LUM_OK) {
        return lum_space_commit(l->site.space, &l->site.error);
    }
    lum_space_abort(l->site.space);
    return status;
}

/* What cannot be read is not "not there": an edit that took it so would name nothing that it
 * overwrites, and the person would be asked to settle a conflict with himself. */
static void an_edit_names_what_it_overwrites_or_fails(void **state)
{
    bool is_burnt = true;
    (void)state;
    for (uint64_t n = 1; is_burnt; n++) {
        (void)snprintf(doing, sizeof doing, "look %u of an edit", (unsigned)n);
        begin(&life);
        expect(&life, found(&life), "found");
        expect(&life, write_batch(&life), "write");
        expect(&life, open_again(&life), "open");
        expect(&life, settle(&life), "settle");
        expect(&life, lum_space_doubt(life.site.space, &life.site.error), "doubt"); /* a new log */
        disk_fuse_look(life.disk, n);
        (void)set_name(&life, "another");
        is_burnt = disk_fuse_look(life.disk, 0) == 0;
        expect(&life, open_again(&life), "open again");
        expect(&life, settle(&life), "settle again");
        struct lum_id id = site_keyed(&life.site, "item", key_of(0, 0));
        if (site_values(&life.site, &id, "name") != 1) {
            fail_msg("%s: the name has two values", doing);
        }
        end(&life);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_space_lives_on_the_disk),
        cmocka_unit_test(the_power_goes_at_every_operation),
        cmocka_unit_test(the_disk_fails_at_every_operation),
        cmocka_unit_test(the_disk_is_full_at_every_operation),
        cmocka_unit_test(a_view_that_falls_back_follows_again),
        cmocka_unit_test(an_edit_names_what_it_overwrites_or_fails),
    };
    int failed = lum_crypto_init() == LUM_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    printf("figures: %u lives with the power cut, an error or no room at one of their operations\n",
           lives);
    return failed;
}
