/* A space's life and its batches, in real folders: what is saved stays, what is given up is gone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/edit.h"
#include "core/space.h"
#include "tests/lib/site.h"

static struct lum_bytes bytes_of(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

static struct lum_space_options options_of(struct site *site)
{
    return (struct lum_space_options){.env = &site->env, .dir = site->temp.dir};
}

static bool has_file(const struct site *site, const char *name)
{
    struct stat st;
    return stat(temp_path(&site->temp, name), &st) == 0;
}

static void member_key(const struct lum_device *device, char out[33])
{
    for (size_t i = 0; i < sizeof device->member.b; i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", device->member.b[i]);
    }
}

/* How often the files were swapped. */
struct gate_log {
    int shut;
    int open;
};

static void count_shut(void *self)
{
    ((struct gate_log *)self)->shut++;
}

static void count_open(void *self)
{
    ((struct gate_log *)self)->open++;
}

/* ---- founding ---- */

static void init_founds_a_space_that_opens_again(void **state)
{
    (void)state;
    struct site site;
    char key[33];
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_hash id = *lum_space_id(site.space);
    for (size_t round = 0; round < 2; round++) {
        const struct lum_roster *roster = lum_space_roster(site.space);
        const struct lum_device_keys *keys = lum_space_keys(site.space);
        assert_memory_equal(lum_space_id(site.space)->b, id.b, 32);
        assert_false(lum_space_is_newcomer(site.space));
        assert_false(lum_space_home(site.space)->in_doubt);
        assert_int_equal(lum_roster_device_count(roster), 1);
        const struct lum_device *me = lum_roster_by_author(roster, keys->author.public);
        assert_non_null(me);
        assert_int_equal(me->role, LUM_ROLE_STEWARD);
        assert_ptr_equal(lum_roster_by_node(roster, keys->node.public), me);
        member_key(me, key);
        struct lum_id space = site_keyed(&site, "_space", "space");
        struct lum_id member = site_keyed(&site, "_member", key);
        assert_string_equal(site_shown(&site, &space, "name"), "Hall");
        assert_string_equal(site_shown(&site, &member, "name"), "Sari");
        assert_int_equal(site_counts(&site).records, 0); /* Lumbung's own are not counted */
        site_close(&site);
        site_open(&site);
        (void)site_settle(&site);
    }
    site_drop(&site);
}

static void genesis_is_the_first_event_at_the_founding_itself(void **state)
{
    (void)state;
    struct site site;
    struct lum_txn *txn = NULL;
    struct lum_log_reader *reader = NULL;
    struct lum_log_event event;
    struct lum_log_row row;
    struct lum_control control;
    struct lum_hash id;
    site_prepare(&site);
    site_found(&site, "Sari");
    assert_int_equal(site_own_logs(&site, LUM_SHELF_GOV, &row), 1);
    assert_int_equal(lum_txn_begin_read(lum_space_log(site.space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_log_reader_open(&reader), LUM_OK);
    assert_int_equal(lum_log_seek(reader, txn, row.lno, 1), LUM_OK);
    assert_int_equal(lum_log_next(reader, &event), LUM_OK);
    assert_int_equal(event.header->kind, LUM_KIND_CONTROL);
    assert_int_equal(event.header->dt, 0);
    assert_int_equal(event.header->dep_count, 0);
    assert_true(lum_control_read(event.payload, &control));
    assert_int_equal(control.op, LUM_GENESIS);
    lum_genesis_id(control.document, &id);
    assert_memory_equal(id.b, lum_space_id(site.space)->b, 32);
    lum_log_reader_close(reader);
    lum_txn_abort(txn);
    site_drop(&site);
}

static void init_keeps_a_secret_and_seeds_to_itself(void **state)
{
    (void)state;
    struct site site;
    struct stat st;
    uint8_t secret[32];
    uint8_t again[32];
    uint8_t zero[32] = {0};
    uint32_t generation = 7;
    site_prepare(&site);
    site_found(&site, "Sari");
    assert_int_equal(lum_space_secret(site.space, &generation, secret), LUM_OK);
    assert_int_equal(generation, 0);
    assert_memory_not_equal(secret, zero, 32);
    assert_int_equal(stat(temp_path(&site.temp, "seed.node"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 32);
    assert_int_equal(stat(site.temp.dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    site_close(&site);
    site_open(&site);
    assert_int_equal(lum_space_secret(site.space, &generation, again), LUM_OK);
    assert_memory_equal(secret, again, 32);
    site_drop(&site);
}

static void init_refuses_a_clock_before_the_build(void **state)
{
    (void)state;
    struct site site;
    struct lum_error err;
    site_prepare(&site);
    site.wall_ms = UINT64_C(951782400000) - 1000; /* 2000-02-29 once asked */
    const struct lum_space_options options = options_of(&site);
    assert_int_equal(
        lum_space_init(&options, bytes_of("Hall"), bytes_of("Sari"), &site.space, &err),
        LUM_INVALID);
    assert_int_equal(err.cause, LUM_CAUSE_clock_before_build);
    assert_string_equal(err.one, "2000-02-29");
    assert_false(has_file(&site, "log.mdb"));
    site_drop(&site);
}

static void init_refuses_a_folder_that_holds_a_store(void **state)
{
    (void)state;
    struct site site;
    struct lum_space *other = NULL;
    struct lum_error err;
    struct lum_hash id;
    site_prepare(&site);
    site_found(&site, "Sari");
    id = *lum_space_id(site.space);
    site_close(&site);
    const struct lum_space_options options = options_of(&site);
    assert_int_equal(lum_space_init(&options, bytes_of("Hall"), bytes_of("Sari"), &other, &err),
                     LUM_EXISTS);
    assert_int_equal(err.cause, LUM_CAUSE_store_exists);
    site_open(&site);
    assert_memory_equal(lum_space_id(site.space)->b, id.b, 32);
    assert_false(lum_space_home(site.space)->in_doubt);
    site_drop(&site);
}

static void a_name_without_text_founds_nothing(void **state)
{
    (void)state;
    struct site site;
    struct lum_error err;
    site_prepare(&site);
    const struct lum_space_options options = options_of(&site);
    assert_int_equal(lum_space_init(&options, bytes_of("Hall"), bytes_of("  "), &site.space, &err),
                     LUM_INVALID);
    assert_int_equal(err.cause, LUM_CAUSE_bad_name);
    assert_int_equal(lum_space_open(&options, &site.space, &err), LUM_NOT_FOUND);
    assert_int_equal(err.cause, LUM_CAUSE_no_store);
    site_found(&site, "Sari"); /* what the refused one left is taken as an empty folder */
    site_drop(&site);
}

/* ---- opening ---- */

static void open_says_when_there_is_no_store(void **state)
{
    (void)state;
    struct site site;
    struct lum_error err;
    site_prepare(&site);
    const struct lum_space_options options = options_of(&site);
    assert_int_equal(lum_space_open(&options, &site.space, &err), LUM_NOT_FOUND);
    assert_int_equal(err.cause, LUM_CAUSE_no_store);
    site_drop(&site);
}

static void open_refuses_a_store_without_its_seeds(void **state)
{
    (void)state;
    struct site site;
    struct lum_error err;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_close(&site);
    const struct lum_space_options options = options_of(&site);
    temp_write(&site.temp, "seed.device", "short", 5);
    assert_int_equal(lum_space_open(&options, &site.space, &err), LUM_CORRUPT);
    assert_int_equal(err.cause, LUM_CAUSE_store_damaged);
    assert_int_equal(remove(temp_path(&site.temp, "seed.device")), 0);
    assert_int_equal(lum_space_open(&options, &site.space, &err), LUM_CORRUPT);
    assert_int_equal(err.cause, LUM_CAUSE_store_damaged);
    site_drop(&site);
}

static void a_view_that_is_gone_or_damaged_is_made_anew(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_id id = site_put(&site, "a", "name", "one").record;
    struct lum_hash root = site_root(&site);
    site_close(&site);
    assert_int_equal(remove(temp_path(&site.temp, "view.mdb")), 0);
    site_open(&site);
    (void)site_settle(&site);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    site_close(&site);
    temp_write(&site.temp, "view.mdb", "no view at all", 14);
    site_open(&site);
    (void)site_settle(&site);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    assert_string_equal(site_shown(&site, &id, "name"), "one");
    site_check(&site);
    site_drop(&site);
}

static void an_older_view_catches_up(void **state)
{
    (void)state;
    struct site site;
    static uint8_t old[4 * 1024 * 1024];
    site_prepare(&site);
    site_found(&site, "Sari");
    site_close(&site);
    size_t len = temp_read(&site.temp, "view.mdb", old, sizeof old);
    site_open(&site);
    struct lum_id id = site_put(&site, "a", "name", "one").record;
    struct lum_hash root = site_root(&site);
    site_close(&site);
    temp_write(&site.temp, "view.mdb", old, len);
    site_open(&site);
    assert_false(lum_space_is_settled(site.space));
    assert_int_equal(site_settle(&site).applied, 1);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    assert_string_equal(site_shown(&site, &id, "name"), "one");
    site_drop(&site);
}

/* ---- batches ---- */

static const struct lum_edit_target items = {.shelf = LUM_SHELF_COMMON,
                                             .collection = {(const uint8_t *)"item", 4}};

static struct lum_edit_result put_in_batch(struct site *site, const char *key, const char *text)
{
    struct lum_edit_result result;
    assert_int_equal(lum_edit_make_keyed(site->editor, &items, bytes_of(key),
                                         site_map("name", text), &result, &site->error),
                     LUM_OK);
    return result;
}

static uint64_t committed_head(struct site *site, uint32_t lno)
{
    struct lum_txn *txn = NULL;
    struct lum_log_row row = {0};
    assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &txn, NULL), LUM_OK);
    if (lum_log_get(txn, lno, &row) != LUM_OK) {
        row.place.chain.seq = 0;
    }
    lum_txn_abort(txn);
    return row.place.chain.seq;
}

static void nothing_of_a_batch_is_seen_before_its_commit(void **state)
{
    (void)state;
    struct site site;
    const struct lum_growth *grown = NULL;
    site_prepare(&site);
    site_found(&site, "Sari");
    uint64_t before = site_put(&site, "a", "name", "one").event.seq;
    site_begin(&site);
    struct lum_event_at at = put_in_batch(&site, "b", "two").event;
    assert_int_equal(at.seq, before + 1);
    assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK); /* sealed, applied */
    assert_int_equal(committed_head(&site, at.lno), before);
    assert_int_equal(site_counts(&site).records, 1);
    site_commit(&site);
    assert_int_equal(committed_head(&site, at.lno), before + 1);
    assert_int_equal(lum_space_grown(site.space, &grown), 1);
    assert_int_equal(grown[0].lno, at.lno);
    assert_int_equal(grown[0].head, before + 1);
    (void)site_settle(&site);
    assert_int_equal(site_counts(&site).records, 2);
    site_drop(&site);
}

static void an_aborted_batch_leaves_nothing(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    struct lum_id a = site_put(&site, "a", "name", "one").record;
    struct lum_hash root = site_root(&site);
    struct gate_log swaps = {0, 0};
    lum_space_set_gate(site.space, &(struct lum_gate){&swaps, count_shut, count_open});
    for (size_t round = 0; round < 2; round++) {
        site_begin(&site);
        (void)put_in_batch(&site, "a", "other");
        if (round == 1) {
            assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK);
        }
        (void)put_in_batch(&site, "b", "two");
        lum_space_abort(site.space);
        (void)site_settle(&site);
        assert_memory_equal(site_root(&site).b, root.b, 32);
    }
    struct lum_id b = site_put(&site, "b", "name", "three").record;
    assert_int_equal(swaps.shut, 0); /* the view was never ahead of its log */
    assert_string_equal(site_shown(&site, &a, "name"), "one");
    assert_string_equal(site_shown(&site, &b, "name"), "three");
    assert_int_equal(site_values(&site, &b, "name"), 1);
    site_check(&site);
    site_drop(&site);
}

static void put_many(struct site *site, int from, int to)
{
    char key[32];
    site_begin(site);
    for (int i = from; i < to; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)put_in_batch(site, key, "value");
    }
    site_commit(site);
    (void)site_settle(site);
}

static void a_batch_of_many_segments_is_sealed_so_that_others_take_it(void **state)
{
    (void)state;
    struct site site;
    struct site other;
    struct lum_log_row row;
    site_prepare(&site);
    site_prepare(&other);
    site_found(&site, "Sari");
    struct lum_invite invite = site_invite(&site, LUM_ROLE_WRITER, 1);
    site_arrive(&other, &invite);
    site_join(&other, &site, "Budi");
    (void)site_own_logs(&site, LUM_SHELF_COMMON, &row);
    put_many(&site, 0, 64 - (int)row.place.chain.seq); /* ends at a boundary */
    site_meet(&site, &other);
    assert_int_equal(site_counts(&other).records, site_counts(&site).records);
    put_many(&site, 1000, 4000); /* more than one run of 16 segments */
    put_many(&site, 4000, 4001); /* an open tail */
    site_meet(&site, &other);
    assert_int_equal(site_counts(&other).records, site_counts(&site).records);
    assert_in_range(site_counts(&other).records, 3050, 3065);
    assert_memory_equal(site_root(&site).b, site_root(&other).b, 32);
    site_check(&other);
    site_drop(&site);
    site_drop(&other);
}

static void events_after_32_kib_close_a_segment_too(void **state)
{
    (void)state;
    struct site site;
    struct site other;
    static char text[3001];
    char key[32];
    memset(text, 'x', sizeof text - 1);
    site_prepare(&site);
    site_prepare(&other);
    site_found(&site, "Sari");
    struct lum_invite invite = site_invite(&site, LUM_ROLE_WRITER, 1);
    site_arrive(&other, &invite);
    site_join(&other, &site, "Budi");
    site_begin(&site);
    for (int i = 0; i < 400; i++) { /* 1.2 MB: over the run's own limit as well */
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)put_in_batch(&site, key, text);
    }
    site_commit(&site);
    (void)site_settle(&site);
    site_meet(&site, &other);
    assert_int_equal(site_counts(&other).records, 400);
    assert_memory_equal(site_root(&site).b, site_root(&other).b, 32);
    site_drop(&site);
    site_drop(&other);
}

static void an_edit_of_what_the_batch_wrote_sees_it(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_begin(&site);
    assert_int_equal(put_in_batch(&site, "a", "one").end, LUM_EDIT_CREATED);
    assert_int_equal(put_in_batch(&site, "a", "one").end, LUM_EDIT_SAME);
    assert_int_equal(put_in_batch(&site, "a", "two").end, LUM_EDIT_CHANGED);
    struct lum_id id = put_in_batch(&site, "a", "two").record;
    site_commit(&site);
    site_begin(&site); /* the view may still lag: seen all the same */
    assert_int_equal(put_in_batch(&site, "a", "two").end, LUM_EDIT_SAME);
    site_commit(&site);
    (void)site_settle(&site);
    assert_int_equal(site_values(&site, &id, "name"), 1);
    assert_string_equal(site_shown(&site, &id, "name"), "two");
    site_drop(&site);
}

static void a_store_opened_behind_its_log_is_not_edited_blindly(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_begin(&site);
    (void)put_in_batch(&site, "a", "one");
    site_commit(&site); /* the view does not have it */
    site_close(&site);
    assert_int_equal(remove(temp_path(&site.temp, "view.mdb")), 0);
    site_open(&site);
    site_begin(&site);
    assert_int_equal(put_in_batch(&site, "a", "two").end, LUM_EDIT_CHANGED);
    site_commit(&site);
    (void)site_settle(&site);
    struct lum_id id = site_keyed(&site, "item", "a");
    assert_int_equal(site_values(&site, &id, "name"), 1);
    site_drop(&site);
}

static void touch_tells_a_second_time(void **state)
{
    (void)state;
    struct site site;
    struct lum_id id = {{0}};
    site_prepare(&site);
    site_found(&site, "Sari");
    (void)site_put(&site, "a", "name", "one");
    site_begin(&site);
    size_t known = 0;
    for (uint32_t i = 0; i < 20000; i++) { /* same low bits: slots collide */
        lum_put_u32(id.b, i << 8);
        known += lum_space_touch(site.space, &id) ? 1 : 0;
    }
    assert_in_range(known, 1, 20000 - 16384); /* what it cannot hold it takes as written */
    assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK);
    (void)put_in_batch(&site, "b", "one");
    assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK);
    lum_put_u32(id.b, 7u << 8);
    assert_false(lum_space_touch(site.space, &id));
    assert_true(lum_space_touch(site.space, &id));
    lum_put_u32(id.b, 8u << 8);
    assert_false(lum_space_touch(site.space, &id));
    lum_space_abort(site.space);
    site_drop(&site);
}

/* ---- the view ---- */

static bool count_tick(void *self, uint64_t done, uint64_t total)
{
    int *ticks = self;
    assert_true(done <= total);
    return ++*ticks < 1000;
}

static bool stop_tick(void *self, uint64_t done, uint64_t total)
{
    (void)self;
    (void)done;
    (void)total;
    return false;
}

static void fill(struct site *site)
{
    char key[32];
    for (int i = 0; i < 200; i++) {
        (void)snprintf(key, sizeof key, "k%d", i % 70);
        site_begin(site);
        (void)put_in_batch(site, key, i % 3 == 0 ? "x" : "y");
        site_commit(site);
    }
    struct lum_id id = site_keyed(site, "item", "k1");
    (void)site_settle(site);
    assert_int_equal(site_delete(site, &id), LUM_OK);
}

static void a_rebuild_gives_the_same_state_behind_a_shut_gate(void **state)
{
    (void)state;
    struct site site;
    struct gate_log log = {0, 0};
    int ticks = 0;
    site_prepare(&site);
    site_found(&site, "Sari");
    fill(&site);
    struct lum_hash root = site_root(&site);
    struct lum_view_counts counts = site_counts(&site);
    lum_space_set_gate(site.space, &(struct lum_gate){&log, count_shut, count_open});
    assert_int_equal(
        lum_space_rebuild(site.space, &(struct lum_tick){&ticks, count_tick}, &site.error), LUM_OK);
    assert_int_equal(log.shut, 1);
    assert_int_equal(log.open, 1);
    assert_true(ticks > 0);
    assert_true(lum_space_is_settled(site.space));
    assert_memory_equal(site_root(&site).b, root.b, 32);
    assert_int_equal(site_counts(&site).records, counts.records);
    site_check(&site);
    assert_false(has_file(&site, "view.mdb.new"));
    assert_false(has_file(&site, "view.mdb.new-lock"));
    (void)site_put(&site, "after", "name", "one");
    site_drop(&site);
}

static void a_stopped_rebuild_leaves_the_old_view(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    fill(&site);
    struct lum_hash root = site_root(&site);
    assert_int_equal(
        lum_space_rebuild(site.space, &(struct lum_tick){NULL, stop_tick}, &site.error),
        LUM_STOPPED);
    assert_false(has_file(&site, "view.mdb.new"));
    (void)site_settle(&site);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    site_drop(&site);
}

static void compact_keeps_everything_and_stays_at_home(void **state)
{
    (void)state;
    struct site site;
    int ticks = 0;
    site_prepare(&site);
    site_found(&site, "Sari");
    fill(&site);
    struct lum_hash root = site_root(&site);
    assert_int_equal(
        lum_space_compact(site.space, &(struct lum_tick){&ticks, count_tick}, &site.error), LUM_OK);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    site_check(&site);
    site_close(&site);
    site_open(&site);
    assert_false(lum_space_home(site.space)->in_doubt);
    (void)site_settle(&site);
    assert_memory_equal(site_root(&site).b, root.b, 32);
    (void)site_put(&site, "after", "name", "one");
    struct lum_log_row row;
    assert_int_equal(site_own_logs(&site, LUM_SHELF_COMMON, &row), 1);
    site_drop(&site);
}

static void settle_in_slices_reaches_the_end(void **state)
{
    (void)state;
    struct site site;
    struct lum_view_progress progress = {0};
    char key[32];
    size_t calls = 0;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_begin(&site);
    for (int i = 0; i < 500; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)put_in_batch(&site, key, "value");
    }
    site_commit(&site);
    enum lum_status status;
    do {
        status = lum_space_settle(site.space, 100, &progress, &site.error);
        calls++;
    } while (status == LUM_AGAIN);
    assert_int_equal(status, LUM_OK);
    assert_in_range(calls, 5, 7);
    assert_int_equal(progress.applied, 500);
    assert_int_equal(progress.records_new, 500);
    assert_int_equal(site_counts(&site).records, 500);
    site_drop(&site);
}

static void settle_tells_what_catch_ups_applied(void **state)
{
    (void)state;
    struct site site;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_begin(&site);
    (void)put_in_batch(&site, "a", "one");
    assert_int_equal(lum_space_catch_up(site.space, &site.error), LUM_OK);
    (void)put_in_batch(&site, "b", "one");
    site_commit(&site);
    struct lum_view_progress progress = site_settle(&site);
    assert_int_equal(progress.records_new, 2);
    assert_int_equal(site_settle(&site).records_new, 0);
    site_drop(&site);
}

/* ---- no memory ---- */

/* Opens, writes one record, settles: the first status that is not OK, or OK. */
static enum lum_status work(struct site *site, const char *key, bool *committed)
{
    const struct lum_space_options options = options_of(site);
    struct lum_view_progress progress = {0};
    struct lum_edit_result result;
    enum lum_status status = lum_space_open(&options, &site->space, &site->error);
    if (status == LUM_OK) {
        status = lum_editor_open(site->space, &site->editor);
    }
    if (status == LUM_OK) {
        status = lum_space_begin(site->space, &site->error);
    }
    if (status != LUM_OK) {
        return status;
    }
    status = lum_edit_make_keyed(site->editor, &items, bytes_of(key), site_map("name", "x"),
                                 &result, &site->error);
    if (status != LUM_OK) {
        lum_space_abort(site->space);
        return status;
    }
    status = lum_space_commit(site->space, &site->error);
    *committed = status == LUM_OK;
    return status == LUM_OK ? lum_space_settle(site->space, 0, &progress, &site->error) : status;
}

static void every_failed_allocation_is_told_and_harms_nothing(void **state)
{
    (void)state;
    struct site site;
    uint64_t saved = 0;
    bool is_through = false;
    site_prepare(&site);
    site_found(&site, "Sari");
    site_close(&site);
    for (uint64_t nth = 1; !is_through; nth++) {
        char key[16];
        bool committed = false;
        (void)snprintf(key, sizeof key, "k%u", (unsigned)nth);
        lum_mem_fail_after(nth, false);
        enum lum_status status = work(&site, key, &committed);
        is_through = status == LUM_OK && nth > 20;
        lum_mem_fail_after(0, false);
        assert_true(status == LUM_OK || status == LUM_NO_MEMORY);
        saved += committed ? 1 : 0;
        site_close(&site);
        site_open(&site);
        (void)site_settle(&site);
        assert_int_equal(site_counts(&site).records, saved);
        assert_false(lum_space_home(site.space)->in_doubt);
        site_close(&site);
        assert_true(nth < 2000);
    }
    site_open(&site);
    (void)site_settle(&site);
    site_check(&site);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(init_founds_a_space_that_opens_again),
        cmocka_unit_test(genesis_is_the_first_event_at_the_founding_itself),
        cmocka_unit_test(init_keeps_a_secret_and_seeds_to_itself),
        cmocka_unit_test(init_refuses_a_clock_before_the_build),
        cmocka_unit_test(init_refuses_a_folder_that_holds_a_store),
        cmocka_unit_test(a_name_without_text_founds_nothing),
        cmocka_unit_test(open_says_when_there_is_no_store),
        cmocka_unit_test(open_refuses_a_store_without_its_seeds),
        cmocka_unit_test(a_view_that_is_gone_or_damaged_is_made_anew),
        cmocka_unit_test(an_older_view_catches_up),
        cmocka_unit_test(nothing_of_a_batch_is_seen_before_its_commit),
        cmocka_unit_test(an_aborted_batch_leaves_nothing),
        cmocka_unit_test(a_batch_of_many_segments_is_sealed_so_that_others_take_it),
        cmocka_unit_test(events_after_32_kib_close_a_segment_too),
        cmocka_unit_test(an_edit_of_what_the_batch_wrote_sees_it),
        cmocka_unit_test(a_store_opened_behind_its_log_is_not_edited_blindly),
        cmocka_unit_test(touch_tells_a_second_time),
        cmocka_unit_test(a_rebuild_gives_the_same_state_behind_a_shut_gate),
        cmocka_unit_test(a_stopped_rebuild_leaves_the_old_view),
        cmocka_unit_test(compact_keeps_everything_and_stays_at_home),
        cmocka_unit_test(settle_in_slices_reaches_the_end),
        cmocka_unit_test(settle_tells_what_catch_ups_applied),
        cmocka_unit_test(every_failed_allocation_is_told_and_harms_nothing),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
