/*
 * deeds.c - the world and the table of what can be asked of it; see deeds.h.
 */
#include "tests/disk/deeds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/json.h"
#include "core/backup.h"
#include "net/request.h"

enum {
    PIECES_MAX = 32,
};

/* A piece of a log, as a neighbour says it. */
struct piece {
    struct lum_ingest in;
    struct lum_sig seals[LUM_BLOCK_SEGMENTS_MAX + 1];
    uint8_t *bytes;
};

struct pieces {
    struct piece at[PIECES_MAX];
    size_t count;
};

static struct stage nobody; /* an empty disk */
static struct stage ani;    /* founded the space */
static struct stage budi;   /* joined */
static struct stage citra;  /* has an invite */
static struct pieces of_ani;
static struct pieces of_budi;
static struct lum_invite invite;
static struct lum_buf genesis;
static struct lum_buf backup_bytes;
static uint8_t secret[32];
static uint32_t secret_generation;
static struct lum_buf question;

/* ---- what a neighbour says ---- */

static void keep_piece(struct pieces *to, const struct lum_log_row *row,
                       const struct lum_log_piece *said)
{
    assert_true(to->count < PIECES_MAX);
    struct piece *piece = &to->at[to->count++];
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
static void keep_pieces(struct site *site, struct pieces *to)
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
            keep_piece(to, &row, &said);
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

/* In one batch. */
static enum lum_status take_pieces(struct stage *stage, const struct pieces *pieces)
{
    struct site *site = &stage->site;
    enum lum_status status = lum_space_begin(site->space, &site->error);
    for (size_t i = 0; i < pieces->count && status == LUM_OK; i++) {
        struct lum_ingest_result result;
        status = lum_space_ingest(site->space, &pieces->at[i].in, &result, &site->error);
    }
    if (status != LUM_OK) {
        lum_space_abort(site->space);
        return status;
    }
    return lum_space_commit(site->space, &site->error);
}

static enum lum_status take(struct stage *stage)
{
    enum lum_status status = take_pieces(stage, &of_budi);
    return status == LUM_OK ? stage_settle(stage) : status;
}

/* The first contact of a newcomer. */
static enum lum_status arrive(struct stage *stage)
{
    struct site *site = &stage->site;
    enum lum_status status =
        lum_space_accept_genesis(site->space, lum_buf_bytes(&genesis), &site->error);
    if (status == LUM_OK) {
        status = take_pieces(stage, &of_ani);
    }
    if (status == LUM_OK) {
        status = lum_space_write_join(site->space, &site->error);
    }
    if (status == LUM_OK) {
        status = lum_space_welcome(site->space, secret_generation, secret, lum_bytes_of("Citra", 5),
                                   &site->error);
    }
    return status == LUM_OK ? stage_settle(stage) : status;
}

static enum lum_status found(struct stage *stage)
{
    struct site *site = &stage->site;
    const struct lum_space_options options = {.env = &site->env, .dir = site->temp.dir};
    enum lum_status status = lum_space_init(&options, lum_bytes_of("Hall", 4),
                                            lum_bytes_of("Sari", 4), &site->space, &site->error);
    return status == LUM_OK ? lum_editor_open(site->space, &site->editor) : status;
}

static enum lum_status accept_invite(struct stage *stage)
{
    struct site *site = &stage->site;
    const struct lum_space_options options = {.env = &site->env, .dir = site->temp.dir};
    enum lum_status status = lum_space_init_join(&options, &invite, &site->space, &site->error);
    return status == LUM_OK ? lum_editor_open(site->space, &site->editor) : status;
}

static enum lum_status bring_back(struct stage *stage)
{
    struct site *site = &stage->site;
    const struct lum_space_options options = {.env = &site->env, .dir = site->temp.dir};
    struct lum_restore *restore = NULL;
    struct lum_backup_head head;
    enum lum_status status = lum_restore_open(&options, "a.backup", &restore, &site->error);
    if (status == LUM_OK) {
        status = lum_restore_take(restore, lum_buf_bytes(&backup_bytes), &site->error);
    }
    if (status == LUM_OK) {
        status = lum_restore_end(restore, NULL, &head, &site->error);
    }
    lum_restore_close(restore);
    return status == LUM_OK ? stage_open(stage) : status;
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
        if (status == LUM_OK) {
            lum_buf_put(&stage->said, piece.at, piece.len);
        }
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

#define DOES(what, function) .name = what, .run = function
#define ASKS(what, of, with) .name = what, .request = of, .arguments = with

static const struct deed deeds[] = {
    {DOES("open", stage_open)},
    {DOES("take", take)},
    {DOES("back up", back_up)},
    {DOES("keep roots", keep_roots)},
    {DOES("check view", check_view)},
    {DOES("found", found), .begin = &nobody, .in_steps = true, .is_new = true},
    {DOES("accept an invite", accept_invite), .begin = &nobody, .in_steps = true},
    {DOES("bring back", bring_back), .begin = &nobody},
    {DOES("arrive", arrive), .begin = &citra, .in_steps = true},
    {ASKS("doubt", "set", "{\"record\":\"item/one\",\"fields\":{\"note\":\"new\"}}"), .run = doubt},
    {ASKS("get", "get", "{\"record\":\"item/one\"}")},
    {ASKS("find", "find",
          "{\"coll\":\"item\",\"sort\":\"-name\",\"limit\":4,\"where\":"
          "\"name prefix by or not name in (a, 7) and note contains b\"}")},
    {ASKS("find sorted", "find", "{\"coll\":\"item\",\"sort\":\"note\"}")},
    {ASKS("export", "export", "{\"coll\":\"item\",\"deleted\":true}")},
    {ASKS("history", "history", "{\"record\":\"item/two\"}")},
    {ASKS("conflicts", "conflicts", "{}")},
    {ASKS("members", "members", "{}")},
    {ASKS("invites", "invites", "{}")},
    {ASKS("log", "log", "{}")},
    {ASKS("log raw", "log", "{\"raw\":true}")},
    {ASKS("put", "put", "{\"coll\":\"trees\",\"fields\":{\"kind\":\"jati\",\"n\":5}}")},
    {ASKS("set", "set", "{\"record\":\"item/one\",\"fields\":{\"name\":\"new\"}}")},
    {ASKS("delete", "del", "{\"record\":\"item/one\"}")},
    {ASKS("restore", "restore", "{\"record\":\"item/two\"}")},
    {ASKS("resolve", "resolve",
          "{\"record\":\"item/one\",\"field\":\"name\",\"value\":\"agreed\"}")},
    {ASKS("resolve all", "resolve", "{\"all\":true,\"take\":\"latest\"}")},
    {ASKS("resolve as one", "resolve", "{\"all\":true,\"take\":\"Budi\"}")},
    {ASKS("import", "import", "{\"coll\":\"item\"}"), .rest = {"\"four\"", "{\"name\":\"4th\"}"}},
    {ASKS("invite", "invite", "{\"role\":\"reader\",\"uses\":3}")},
    {ASKS("admit", "admit", "{\"member\":\"Budi\",\"role\":\"steward\"}")},
    {ASKS("status", "status", "{}")},
    {ASKS("verify", "verify", "{}")},
    {ASKS("rebuild", "rebuild", "{}")},
    {ASKS("compact", "compact", "{}")},
};

/* ---- the world: two halls that wrote apart ---- */

/* A person has seen them and may settle all. */
static void look_at_conflicts(void)
{
    const struct deed shown = {ASKS("shown", "shown", "{\"change\":1000}")};
    write_question(&shown);
    assert_int_equal(ask(&ani), LUM_OK);
    lum_buf_reset(&ani.said);
}

/* What a member gives a newcomer. */
static void keep_welcome(struct site *site)
{
    struct lum_txn *txn = NULL;
    struct lum_bytes document;
    struct lum_bytes key = lum_bytes_of(LUM_META_GENESIS, strlen(LUM_META_GENESIS));
    assert_int_equal(lum_txn_begin_read(lum_space_log(site->space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_txn_get(txn, LUM_T_META, key, &document), LUM_OK);
    lum_buf_init(&genesis, LUM_PAYLOAD_MAX);
    lum_buf_put(&genesis, document.at, document.len);
    lum_txn_abort(txn);
    assert_int_equal(lum_space_secret(site->space, &secret_generation, secret), LUM_OK);
}

void deeds_open(void)
{
    assert_int_equal(lum_crypto_init(), LUM_OK);
    stage_same_draws();
    stage_begin(&nobody);
    stage_begin(&ani);
    stage_begin(&budi);
    stage_begin(&citra);
    site_found(&ani.site, "Ani");
    invite = site_invite(&ani.site, LUM_ROLE_WRITER, 3);
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
    site_arrive(&citra.site, &invite);
    keep_pieces(&ani.site, &of_ani);
    keep_pieces(&budi.site, &of_budi);
    keep_welcome(&ani.site);
    look_at_conflicts();
    assert_int_equal(back_up(&ani), LUM_OK);
    backup_bytes = ani.said;
    lum_buf_init(&ani.said, 1 << 20);
    site_close(&ani.site);
    site_close(&budi.site);
    site_close(&citra.site);
}

static void drop_pieces(struct pieces *pieces)
{
    for (size_t i = 0; i < pieces->count; i++) {
        free(pieces->at[i].bytes);
    }
    pieces->count = 0;
}

void deeds_close(void)
{
    drop_pieces(&of_ani);
    drop_pieces(&of_budi);
    lum_buf_fini(&question);
    lum_buf_fini(&genesis);
    lum_buf_fini(&backup_bytes);
    stage_end(&nobody);
    stage_end(&ani);
    stage_end(&budi);
    stage_end(&citra);
}

size_t deeds_count(void)
{
    return LUM_COUNT(deeds);
}

const struct deed *deeds_at(size_t i)
{
    return &deeds[i];
}

/* ---- doing it ---- */

void deed_begin(const struct deed *deed, struct stage *stage)
{
    const struct stage *from = deed->begin == NULL ? &ani : deed->begin;
    stage_copy(from, stage);
    if (from != &nobody) {
        site_open(&stage->site);
        (void)site_settle(&stage->site);
    }
    if (deed->request != NULL) {
        write_question(deed);
    }
}

enum lum_status deed_do(const struct deed *deed, struct stage *stage)
{
    stage_same_draws(); /* a log that is opened is the same each time */
    lum_buf_reset(&stage->said);
    return deed->run != NULL ? deed->run(stage) : ask(stage);
}

bool deed_only_tells(const struct deed *deed)
{
    const char *name = deed->request;
    return deed->run == NULL &&
           lum_request_find(lum_bytes_of(name, strlen(name)))->side == LUM_SIDE_READ;
}
