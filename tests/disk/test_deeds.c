/*
 * test_deeds.c - all that can be asked of a space, again and again, each time from the same disk:
 * the first allocation fails, the second ..; all from there on; the first look at the disk fails ..
 *
 * A deed that says it is done has done what it does when nothing fails, and said the same; one that
 * fails says NO_MEMORY, or what a disk that does not read says; after the space was opened again
 * all is as before it, or all as after it. Then the same deed is done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/json.h"
#include "core/backup.h"
#include "core/verify.h"
#include "net/host.h"
#include "net/request.h"
#include "tests/disk/disk.h"
#include "tests/lib/site.h"

enum {
    PIECES_MAX = 32,
    BIG = 1 << 24,
};

/* A piece of a log, as a neighbour says it. */
struct piece {
    struct lum_ingest in;
    struct lum_sig seals[LUM_BLOCK_SEGMENTS_MAX + 1];
    uint8_t *bytes;
};

struct stage {
    struct disk *disk;
    struct site site;
    struct lum_buf said;
};

struct deed {
    const char *name;
    enum lum_status (*run)(struct stage *stage);
    const char *request;   /* when run is NULL */
    const char *arguments; /* JSON */
    const char *rest[2];   /* and what follows */
};

/* What a deed may change. */
struct facts {
    struct lum_hash root;
    uint64_t events;
};

static struct stage ani;  /* founded the space */
static struct stage budi; /* joined */
static struct piece pieces[PIECES_MAX];
static size_t piece_count;
static struct lum_buf question;
static const struct deed *doing;
static uint64_t dice;
static unsigned tried;

/* ---- machines ---- */

static uint64_t wall_ms(void *self)
{
    struct site *site = self;
    site->wall_ms += 1000;
    return site->wall_ms;
}

static void random_fill(void *self, uint8_t *out, size_t len)
{
    (void)self;
    for (size_t i = 0; i < len; i++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        out[i] = (uint8_t)(dice >> 56);
    }
}

static void machine_id(void *self, uint8_t out[32])
{
    (void)self;
    memset(out, 7, 32);
}

static void stage_begin(struct stage *stage)
{
    *stage = (struct stage){.disk = disk_open()};
    struct site *site = &stage->site;
    site->wall_ms = UINT64_C(1798761600000); /* 2027-01-01 */
    site->env = *lum_host_env();
    site->env.self = site;
    site->env.wall_ms = wall_ms;
    site->env.random = random_fill;
    site->env.machine_id = machine_id;
    disk_env(&site->env);
    (void)snprintf(site->temp.dir, sizeof site->temp.dir, "%s", disk_path(stage->disk));
    lum_buf_init(&stage->said, BIG);
}

static void stage_end(struct stage *stage)
{
    site_close(&stage->site);
    disk_close(stage->disk);
    lum_buf_fini(&stage->said);
}

/* The same machine at the same moment, opened. */
static void stage_copy(const struct stage *from, struct stage *to)
{
    stage_begin(to);
    disk_copy(from->disk, to->disk, DISK_IMAGE);
    to->site.wall_ms = from->site.wall_ms + SITE_DAY_MS;
    site_open(&to->site);
    (void)site_settle(&to->site);
}

/* ---- what a neighbour says ---- */

static void take_piece(const struct lum_log_row *row, const struct lum_log_piece *said)
{
    assert_true(piece_count < PIECES_MAX);
    struct piece *piece = &pieces[piece_count++];
    memcpy(piece->seals, said->seals, sizeof piece->seals);
    piece->bytes = malloc(said->bytes.len);
    assert_non_null(piece->bytes);
    memcpy(piece->bytes, said->bytes.at, said->bytes.len);
    piece->in = (struct lum_ingest){.name = row->name,
                                    .first = said->first,
                                    .plain_len = said->plain_len,
                                    .is_packed = said->is_packed,
                                    .bytes = {piece->bytes, said->bytes.len},
                                    .seals = {piece->seals, said->seal_count}};
}

/* All that a site holds. */
static void take_pieces(struct site *site)
{
    struct lum_txn *txn = NULL;
    struct lum_log_reader *reader = NULL;
    struct lum_log_piece said;
    assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_log_reader_open(&reader), LUM_OK);
    for (uint32_t lno = 1; lno <= lum_log_count(txn); lno++) {
        struct lum_log_row row;
        assert_int_equal(lum_log_get(txn, lno, &row), LUM_OK);
        for (uint64_t from = 1; lum_log_piece_at(reader, txn, &row, from, 1, &said) == LUM_OK;) {
            take_piece(&row, &said);
            from = said.last + 1;
        }
    }
    lum_log_reader_close(reader);
    lum_txn_abort(txn);
}

/* ---- deeds that are requests ---- */

static void write_question(const struct deed *deed)
{
    lum_buf_fini(&question);
    lum_buf_init(&question, LUM_REQUEST_MAX);
    lum_pack_cstr(&question, deed->request);
    const char *const texts[] = {deed->arguments, deed->rest[0], deed->rest[1]};
    for (size_t i = 0; i < LUM_COUNT(texts); i++) {
        if (texts[i] != NULL) {
            struct lum_bytes text = lum_bytes_of(texts[i], strlen(texts[i]));
            assert_int_equal(lum_json_read(text, deed->name, LUM_LANG_EN, &question, NULL), LUM_OK);
        }
    }
}

static void fill_world(struct site *site, struct lum_ask *ask)
{
    ask->world = (struct lum_world){.roster = lum_space_roster(site->space),
                                    .keys = lum_space_keys(site->space),
                                    .home = lum_space_home(site->space),
                                    .dir = site->temp.dir,
                                    .wall_ms = site->env.wall_ms(site)};
}

static enum lum_status read_on(struct site *site, struct lum_ask *ask)
{
    enum lum_status status = LUM_AGAIN;
    while (status == LUM_AGAIN) {
        fill_world(site, ask);
        status = lum_txn_begin_read(lum_space_log(site->space), &ask->world.log, NULL);
        if (status == LUM_OK) {
            status = lum_txn_begin_read(lum_space_view(site->space), &ask->world.view, NULL);
        }
        if (status == LUM_OK) {
            status = lum_ask_run(ask, NULL);
        }
        lum_txn_abort(ask->world.view);
        lum_txn_abort(ask->world.log);
    }
    return status;
}

static enum lum_status write_so(struct site *site, struct lum_ask *ask)
{
    enum lum_status status = lum_space_begin(site->space, &site->error);
    if (status == LUM_OK) {
        fill_world(site, ask);
        ask->world.space = site->space;
        ask->world.editor = site->editor;
        status = lum_ask_run(ask, NULL);
    }
    if (status == LUM_OK) {
        return lum_space_commit(site->space, &site->error);
    }
    lum_space_abort(site->space);
    return status;
}

static enum lum_status ask(struct stage *stage)
{
    struct site *site = &stage->site;
    struct lum_ask ask;
    enum lum_status status =
        lum_ask_open(lum_buf_bytes(&question), &stage->said, &ask, &site->error);
    if (status == LUM_OK && ask.request->side == LUM_SIDE_READ) {
        status = read_on(site, &ask);
    } else if (status == LUM_OK && ask.request->side == LUM_SIDE_WRITE) {
        status = write_so(site, &ask);
    } else if (status == LUM_OK) {
        fill_world(site, &ask);
        ask.world.space = site->space;
        status = lum_ask_run(&ask, &site->error);
    }
    lum_ask_close(&ask);
    return status;
}

/* ---- other deeds ---- */

static enum lum_status settle(struct stage *stage)
{
    struct lum_view_progress progress = {0};
    return lum_space_settle(stage->site.space, 0, &progress, &stage->site.error);
}

/* What Budi has said, in one batch. */
static enum lum_status take(struct stage *stage)
{
    struct site *site = &stage->site;
    enum lum_status status = lum_space_begin(site->space, &site->error);
    for (size_t i = 0; i < piece_count && status == LUM_OK; i++) {
        struct lum_ingest_result result;
        status = lum_space_ingest(site->space, &pieces[i].in, &result, &site->error);
    }
    if (status != LUM_OK) {
        lum_space_abort(site->space);
        return status;
    }
    status = lum_space_commit(site->space, &site->error);
    return status == LUM_OK ? settle(stage) : status;
}

static enum lum_status open_again(struct stage *stage)
{
    struct site *site = &stage->site;
    const struct lum_space_options options = {.env = &site->env, .dir = site->temp.dir};
    site_close(site);
    enum lum_status status = lum_space_open(&options, &site->space, &site->error);
    return status == LUM_OK ? lum_editor_open(site->space, &site->editor) : status;
}

/* As after a copy: the next event opens a new log. */
static enum lum_status doubt(struct stage *stage)
{
    enum lum_status status = lum_space_doubt(stage->site.space, &stage->site.error);
    return status == LUM_OK ? ask(stage) : status;
}

static enum lum_status back_up(struct stage *stage)
{
    struct lum_backup *backup = NULL;
    struct lum_bytes piece;
    enum lum_status status = lum_backup_open(stage->site.space, NULL, &backup, &stage->site.error);
    while (status == LUM_OK) {
        status = lum_backup_next(backup, &piece, &stage->site.error);
    }
    lum_backup_close(backup);
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

static enum lum_status keep_roots(struct stage *stage)
{
    return lum_space_keep_roots(stage->site.space, &stage->site.error);
}

static enum lum_status check_view(struct stage *stage)
{
    struct lum_txn *log = NULL;
    struct lum_txn *view = NULL;
    enum lum_status status = lum_txn_begin_read(lum_space_log(stage->site.space), &log, NULL);
    if (status == LUM_OK) {
        status = lum_txn_begin_read(lum_space_view(stage->site.space), &view, NULL);
    }
    if (status == LUM_OK) {
        status = lum_view_check(view, log, &stage->site.error);
    }
    lum_txn_abort(view);
    lum_txn_abort(log);
    return status;
}

static bool is_wanted(const struct deed *deed)
{
    const char *only = getenv("LUM_DEED");
    return only == NULL || strcmp(only, deed->name) == 0;
}

static const struct deed deeds[] = {
    {"open", open_again, NULL, NULL, {NULL}},
    {"take", take, NULL, NULL, {NULL}},
    {"back up", back_up, NULL, NULL, {NULL}},
    {"keep roots", keep_roots, NULL, NULL, {NULL}},
    {"check view", check_view, NULL, NULL, {NULL}},
    {"doubt", doubt, "set", "{\"record\":\"item/one\",\"fields\":{\"note\":\"new\"}}", {NULL}},
    {"get", NULL, "get", "{\"record\":\"item/one\"}", {NULL}},
    {"find",
     NULL,
     "find",
     "{\"coll\":\"item\",\"where\":\"name prefix by or not name in (a, 7) and note contains b\","
     "\"sort\":\"-name\",\"limit\":4}",
     {NULL}},
    {"find sorted", NULL, "find", "{\"coll\":\"item\",\"sort\":\"note\"}", {NULL}},
    {"export", NULL, "export", "{\"coll\":\"item\",\"deleted\":true}", {NULL}},
    {"history", NULL, "history", "{\"record\":\"item/two\"}", {NULL}},
    {"conflicts", NULL, "conflicts", "{}", {NULL}},
    {"members", NULL, "members", "{}", {NULL}},
    {"invites", NULL, "invites", "{}", {NULL}},
    {"log", NULL, "log", "{}", {NULL}},
    {"log raw", NULL, "log", "{\"raw\":true}", {NULL}},
    {"put", NULL, "put", "{\"coll\":\"trees\",\"fields\":{\"kind\":\"jati\",\"n\":5}}", {NULL}},
    {"set", NULL, "set", "{\"record\":\"item/one\",\"fields\":{\"name\":\"new\"}}", {NULL}},
    {"delete", NULL, "del", "{\"record\":\"item/one\"}", {NULL}},
    {"restore", NULL, "restore", "{\"record\":\"item/two\"}", {NULL}},
    {"resolve",
     NULL,
     "resolve",
     "{\"record\":\"item/one\",\"field\":\"name\",\"value\":\"agreed\"}",
     {NULL}},
    {"resolve all", NULL, "resolve", "{\"all\":true,\"take\":\"latest\"}", {NULL}},
    {"resolve as one", NULL, "resolve", "{\"all\":true,\"take\":\"Budi\"}", {NULL}},
    {"import", NULL, "import", "{\"coll\":\"item\"}", {"\"four\"", "{\"name\":\"fourth\"}"}},
    {"invite", NULL, "invite", "{\"role\":\"reader\",\"uses\":3}", {NULL}},
    {"admit", NULL, "admit", "{\"member\":\"Budi\",\"role\":\"steward\"}", {NULL}},
    {"status", NULL, "status", "{}", {NULL}},
    {"verify", NULL, "verify", "{}", {NULL}},
    {"rebuild", NULL, "rebuild", "{}", {NULL}},
    {"compact", NULL, "compact", "{}", {NULL}},
};

/* ---- the world: two halls that wrote apart ---- */

/* A person has seen them and may settle all. */
static void look_at_conflicts(void)
{
    const struct deed shown = {"shown", NULL, "shown", "{\"change\":1000}", {NULL}};
    write_question(&shown);
    assert_int_equal(ask(&ani), LUM_OK);
    lum_buf_reset(&ani.said);
}

static int make_world(void **state)
{
    (void)state;
    assert_int_equal(lum_crypto_init(), LUM_OK);
    dice = 1;
    stage_begin(&ani);
    stage_begin(&budi);
    site_found(&ani.site, "Ani");
    struct lum_invite invite = site_invite(&ani.site, LUM_ROLE_WRITER, 3);
    (void)site_invite(&ani.site, LUM_ROLE_READER, 1);
    site_arrive(&budi.site, &invite);
    site_join(&budi.site, &ani.site, "Budi");
    site_meet(&ani.site, &budi.site);
    site_add_many(&ani.site, "row", 70, 40); /* a closed segment */
    (void)site_put(&ani.site, "one", "name", "first");
    (void)site_put(&ani.site, "two", "name", "second");
    site_meet(&ani.site, &budi.site);
    struct lum_id one = site_keyed(&ani.site, "item", "one");
    struct lum_id two = site_keyed(&ani.site, "item", "two");
    (void)site_set(&ani.site, &one, "name", "by Ani");
    (void)site_set(&budi.site, &one, "name", "by Budi");
    (void)site_delete(&ani.site, &two);
    (void)site_set(&budi.site, &two, "name", "by Budi");
    site_meet(&ani.site, &budi.site);
    (void)site_put(&budi.site, "three", "name", "of Budi alone");
    (void)site_set(&budi.site, &one, "note", "of Budi alone");
    take_pieces(&budi.site);
    look_at_conflicts();
    site_close(&ani.site);
    site_close(&budi.site);
    return 0;
}

static int end_world(void **state)
{
    (void)state;
    for (size_t i = 0; i < piece_count; i++) {
        free(pieces[i].bytes);
    }
    lum_buf_fini(&question);
    stage_end(&ani);
    stage_end(&budi);
    return 0;
}

/* ---- what must hold ---- */

static struct facts facts_of(struct stage *stage)
{
    struct facts facts = {.root = site_root(&stage->site)};
    struct lum_txn *log = NULL;
    struct lum_verify_report report = {0};
    assert_int_equal(lum_txn_begin_read(lum_space_log(stage->site.space), &log, NULL), LUM_OK);
    assert_int_equal(lum_verify_log(log, NULL, &report), LUM_OK);
    lum_txn_abort(log);
    assert_int_equal(report.found, 0);
    facts.events = report.events;
    return facts;
}

static bool same(const struct facts *a, const struct facts *b)
{
    return a->events == b->events && memcmp(&a->root, &b->root, sizeof a->root) == 0;
}

static enum lum_status done(struct stage *stage)
{
    dice = 77; /* a log that is opened is the same each time */
    return doing->run != NULL ? doing->run(stage) : ask(stage);
}

/* Then what it says is all there is to it. */
static bool only_tells(void)
{
    const char *name = doing->request;
    return name != NULL &&
           lum_request_find(lum_bytes_of(name, strlen(name)))->side == LUM_SIDE_READ;
}

enum trouble {
    NO_MEMORY_ONCE,
    NO_MEMORY,
    NO_LOOK,
    TROUBLES,
};

static enum lum_status done_with(struct stage *stage, enum trouble trouble, uint64_t n, bool *hit)
{
    if (trouble == NO_LOOK) {
        disk_fuse_look(stage->disk, n);
    } else {
        (void)lum_mem_fail_after(n, trouble == NO_MEMORY);
    }
    uint64_t before = lum_mem_shortages();
    enum lum_status status = done(stage);
    (void)lum_mem_fail_after(0, false);
    *hit = trouble == NO_LOOK ? disk_fuse_look(stage->disk, 0) == 0 : lum_mem_shortages() > before;
    return status;
}

struct want {
    struct facts before;
    struct facts after;
    struct lum_buf said;
};

static bool try(enum trouble trouble, uint64_t n, const struct want *want)
{
    static const char *const names[] = {"allocation", "allocation and on", "look"};
    struct stage stage;
    bool is_hit = false;
    stage_copy(&ani, &stage);
    enum lum_status status = done_with(&stage, trouble, n, &is_hit);
    bool is_told =
        trouble == NO_LOOK ? status == LUM_IO || status == LUM_CORRUPT : status == LUM_NO_MEMORY;
    if (status != LUM_OK && !is_told) {
        fail_msg("%s, %s %u: %s", doing->name, names[trouble], (unsigned)n,
                 lum_status_name(status));
    }
    if (status == LUM_OK && trouble != NO_LOOK && only_tells() &&
        !lum_bytes_equal(lum_buf_bytes(&stage.said), lum_buf_bytes(&want->said))) {
        fail_msg("%s, %s %u: done, and has not said all", doing->name, names[trouble], (unsigned)n);
    }
    assert_int_equal(open_again(&stage), LUM_OK);
    assert_int_equal(settle(&stage), LUM_OK);
    struct facts now = facts_of(&stage);
    if (!same(&now, &want->after) && (status == LUM_OK || !same(&now, &want->before))) {
        fail_msg("%s, %s %u: %s, and half is done", doing->name, names[trouble], (unsigned)n,
                 lum_status_name(status));
    }
    if (same(&now, &want->before)) {
        lum_buf_reset(&stage.said);
        assert_int_equal(done(&stage), LUM_OK);
        assert_int_equal(settle(&stage), LUM_OK);
        now = facts_of(&stage);
        if (!same(&now, &want->after)) {
            fail_msg("%s, %s %u: %s, and then it does something else", doing->name, names[trouble],
                     (unsigned)n, lum_status_name(status));
        }
    }
    stage_end(&stage);
    tried += is_hit;
    return is_hit;
}

static void each_deed_is_done_or_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(deeds); i++) {
        struct stage stage;
        struct want want;
        doing = &deeds[i];
        if (!is_wanted(doing)) {
            continue;
        }
        if (doing->request != NULL) {
            write_question(doing);
        }
        stage_copy(&ani, &stage);
        want.before = facts_of(&stage);
        stage_end(&stage);
        stage_copy(&ani, &stage);
        assert_int_equal(done(&stage), LUM_OK);
        assert_int_equal(settle(&stage), LUM_OK);
        want.after = facts_of(&stage);
        want.said = stage.said;
        stage.said = (struct lum_buf){0};
        for (size_t trouble = 0; trouble < TROUBLES; trouble++) {
            uint64_t n = 1;
            while (try((enum trouble)trouble, n, &want)) {
                n += 1 + n / 64; /* each of the first, and more and more sparsely */
            }
        }
        stage_end(&stage);
        lum_buf_fini(&want.said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_deed_is_done_or_told),
    };
    int failed = cmocka_run_group_tests(tests, make_world, end_world);
    printf("figures: %zu deeds, each allocation and each look at the disk failed: %u times\n",
           LUM_COUNT(deeds), tried);
    return failed;
}
