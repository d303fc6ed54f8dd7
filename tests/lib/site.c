/*
 * site.c - whole spaces that meet without a line.
 */
#include "tests/lib/site.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "core/invite.h"
#include "net/host.h"

#define FOUNDED_MS UINT64_C(1798761600000) /* 2027-01-01 */

static void must(struct site *site, enum lum_status status)
{
    if (status != LUM_OK && site->on_failure != NULL) {
        site->on_failure(site, status);
    }
    if (status != LUM_OK) {
        fail_msg("%s: %s (%s, %s)", lum_status_name(status), lum_cause_name(site->error.cause),
                 site->error.one, site->error.two);
    }
}

/* ---- canonical bytes ---- */

static struct lum_buf *next_scratch(void)
{
    static struct lum_buf bufs[4];
    static uint8_t room[4][4096];
    static size_t turn;
    size_t i = turn++ % LUM_COUNT(bufs);
    bufs[i] = (struct lum_buf){.at = room[i], .room = sizeof room[i], .max = sizeof room[i]};
    return &bufs[i];
}

struct lum_bytes site_map(const char *field, const char *text)
{
    struct lum_buf *buf = next_scratch();
    lum_pack_map(buf, 1);
    lum_pack_cstr(buf, field);
    lum_pack_cstr(buf, text);
    return lum_buf_bytes(buf);
}

struct lum_bytes site_text(const char *text)
{
    struct lum_buf *buf = next_scratch();
    lum_pack_cstr(buf, text);
    return lum_buf_bytes(buf);
}

static struct lum_bytes bytes_of(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

/* ---- a site's life ---- */

static uint64_t wall_ms(void *self)
{
    struct site *site = self;
    site->wall_ms += 1000;
    return site->wall_ms;
}

void site_prepare(struct site *site)
{
    memset(site, 0, sizeof *site);
    temp_make(&site->temp);
    site->env = *lum_host_env();
    site->env.self = site;
    site->env.wall_ms = wall_ms;
    site->wall_ms = FOUNDED_MS;
}

static struct lum_space_options options_of(struct site *site)
{
    return (struct lum_space_options){.env = &site->env, .dir = site->temp.dir};
}

static void ready(struct site *site)
{
    must(site, lum_editor_open(site->space, &site->editor));
}

void site_found(struct site *site, const char *person)
{
    const struct lum_space_options options = options_of(site);
    must(site,
         lum_space_init(&options, bytes_of("Hall"), bytes_of(person), &site->space, &site->error));
    ready(site);
}

void site_arrive(struct site *site, const struct lum_invite *invite)
{
    const struct lum_space_options options = options_of(site);
    must(site, lum_space_init_join(&options, invite, &site->space, &site->error));
    ready(site);
}

void site_open(struct site *site)
{
    const struct lum_space_options options = options_of(site);
    must(site, lum_space_open(&options, &site->space, &site->error));
    ready(site);
}

void site_close(struct site *site)
{
    lum_editor_close(site->editor);
    lum_space_close(site->space);
    site->editor = NULL;
    site->space = NULL;
}

void site_drop(struct site *site)
{
    site_close(site);
    temp_drop(&site->temp);
}

static void copy_file(const char *from, const char *to)
{
    static char part[65536];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    size_t n;
    while ((n = fread(part, 1, sizeof part, in)) > 0) {
        assert_int_equal(fwrite(part, 1, n, out), n);
    }
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(to, 0600), 0);
}

void site_copy(struct site *from, struct site *to)
{
    DIR *dir = opendir(from->temp.dir);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] != '.') {
            char source[512];
            char target[512];
            (void)snprintf(source, sizeof source, "%s/%s", from->temp.dir, entry->d_name);
            (void)snprintf(target, sizeof target, "%s/%s", to->temp.dir, entry->d_name);
            copy_file(source, target);
        }
    }
    assert_int_equal(closedir(dir), 0);
    to->wall_ms = from->wall_ms;
}

/* ---- batches ---- */

void site_begin(struct site *site)
{
    must(site, lum_space_begin(site->space, &site->error));
}

void site_commit(struct site *site)
{
    must(site, lum_space_commit(site->space, &site->error));
}

struct lum_view_progress site_settle(struct site *site)
{
    struct lum_view_progress progress = {0};
    must(site, lum_space_settle(site->space, 0, &progress, &site->error));
    assert_true(lum_space_is_settled(site->space));
    return progress;
}

/* ---- rights ---- */

struct lum_invite site_invite(struct site *site, enum lum_role role, uint64_t uses)
{
    struct lum_invite invite = {.space = *lum_space_id(site->space)};
    struct lum_control control = {.op = LUM_INVITE};
    struct lum_sign_key key;
    struct lum_event_at at;
    uint8_t secret[32];
    uint8_t psk[32];
    uint32_t generation = 0;
    site->env.random(site->env.self, invite.seed, sizeof invite.seed);
    lum_genesis_epoch(&invite.space, invite.epoch_pin);
    lum_invite_sign_key(&invite, &key);
    lum_invite_psk(&invite, psk);
    must(site, lum_space_secret(site->space, &generation, secret));
    memcpy(control.invite.pk, key.public, sizeof control.invite.pk);
    control.invite.role = (uint8_t)role;
    control.invite.uses = uses;
    control.invite.g = generation;
    lum_invite_wrap(secret, key.public, psk, control.invite.enc48);
    site_begin(site);
    must(site, lum_space_append_control(site->space, &control, &at, &site->error));
    site_commit(site);
    return invite;
}

void site_admit(struct site *site, const struct lum_device *device, enum lum_role role)
{
    struct lum_control control = {.op = LUM_ADMIT};
    struct lum_event_at at;
    control.admit.join = device->join;
    control.admit.role = (uint8_t)role;
    site_begin(site);
    must(site, lum_space_append_control(site->space, &control, &at, &site->error));
    site_commit(site);
}

static void read_genesis(struct site *site, struct lum_buf *out)
{
    struct lum_txn *txn = NULL;
    struct lum_bytes document;
    must(site, lum_txn_begin_read(lum_space_log(site->space), &txn, &site->error));
    must(site, lum_txn_get(txn, LUM_T_META, bytes_of(LUM_META_GENESIS), &document));
    lum_buf_put(out, document.at, document.len);
    lum_txn_abort(txn);
}

void site_join(struct site *newcomer, struct site *member, const char *person)
{
    struct lum_buf document;
    uint8_t secret[32];
    uint32_t generation = 0;
    lum_buf_init(&document, LUM_PAYLOAD_MAX);
    read_genesis(member, &document);
    must(newcomer,
         lum_space_accept_genesis(newcomer->space, lum_buf_bytes(&document), &newcomer->error));
    lum_buf_fini(&document);
    (void)site_give(member, newcomer);
    must(newcomer, lum_space_write_join(newcomer->space, &newcomer->error));
    (void)site_give(newcomer, member);
    must(member, lum_space_secret(member->space, &generation, secret));
    must(newcomer, lum_space_welcome(newcomer->space, generation, secret, bytes_of(person),
                                     &newcomer->error));
    (void)site_settle(newcomer);
}

/* ---- meeting ---- */

struct hands {
    struct site *from;
    struct site *to;
    struct lum_txn *txn; /* of from's log */
    struct lum_log_reader *reader;
    struct lum_squeezer *squeezer;
    uint64_t taken;
};

/* Where to begin: after the other's head, or at 1 when what both hold is not the same. */
static uint64_t begin_of(struct hands *hands, const struct lum_log_row *row)
{
    struct lum_log_row theirs;
    struct lum_hash ours;
    struct lum_hash other;
    uint32_t lno = 0;
    struct lum_txn *txn = lum_space_log_txn(hands->to->space);
    if (lum_log_find(txn, &row->place.log_id, &lno) != LUM_OK) {
        return 1;
    }
    must(hands->to, lum_log_get(txn, lno, &theirs));
    uint64_t head = theirs.place.chain.seq;
    uint64_t common = head < row->place.chain.seq ? head : row->place.chain.seq;
    if (common == 0) {
        return 1;
    }
    must(hands->to, lum_log_hash_at(hands->reader, txn, lno, common, &other));
    must(hands->from, lum_log_hash_at(hands->reader, hands->txn, row->lno, common, &ours));
    return memcmp(ours.b, other.b, sizeof ours.b) == 0 ? head + 1 : 1;
}

static void give_log(struct hands *hands, const struct lum_log_row *row)
{
    uint64_t from = begin_of(hands, row);
    struct lum_log_piece piece;
    while (lum_log_piece_at(hands->reader, hands->txn, row, from, LUM_BLOCK_SEGMENTS_MAX, &piece) ==
           LUM_OK) {
        const struct lum_ingest in = {
            .name = row->name,
            .first = piece.first,
            .plain_len = piece.plain_len,
            .is_packed = piece.is_packed,
            .bytes = piece.bytes,
            .seals = {piece.seals, piece.seal_count},
        };
        struct lum_ingest_result result;
        must(hands->to, lum_space_ingest(hands->to->space, &in, &result, &hands->to->error));
        assert_int_not_equal(result.end, LUM_INGEST_FAULTY);
        hands->taken += result.taken;
        if (result.end != LUM_INGEST_TAKEN && result.end != LUM_INGEST_HELD) {
            return;
        }
        from = piece.last + 1;
    }
}

static void give_shelves(struct hands *hands, bool gov)
{
    uint32_t count = lum_log_count(hands->txn);
    for (uint32_t lno = 1; lno <= count; lno++) {
        struct lum_log_row row;
        must(hands->from, lum_log_get(hands->txn, lno, &row));
        if ((row.name.shelf == LUM_SHELF_GOV) == gov) {
            give_log(hands, &row);
        }
    }
}

uint64_t site_hand(struct site *from, struct site *to)
{
    struct hands hands = {.from = from, .to = to};
    must(from, lum_log_reader_open(&hands.reader));
    must(from, lum_squeezer_open(&hands.squeezer));
    must(from, lum_txn_begin_read(lum_space_log(from->space), &hands.txn, &from->error));
    uint64_t before;
    do { /* a log may wait for its author's JOIN, which stands in a later one */
        before = hands.taken;
        give_shelves(&hands, true);
    } while (hands.taken > before);
    give_shelves(&hands, false);
    lum_txn_abort(hands.txn);
    lum_log_reader_close(hands.reader);
    lum_squeezer_close(hands.squeezer);
    return hands.taken;
}

uint64_t site_give(struct site *from, struct site *to)
{
    site_begin(to);
    uint64_t taken = site_hand(from, to);
    site_commit(to);
    (void)site_settle(to);
    return taken;
}

void site_meet(struct site *a, struct site *b)
{
    while (site_give(a, b) + site_give(b, a) > 0) {
    }
}

/* ---- verbs ---- */

static struct lum_edit_target target_of(const struct lum_id *record)
{
    struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON, .collection = bytes_of("item")};
    if (record != NULL) {
        target.record = *record;
    }
    return target;
}

struct lum_edit_result site_add(struct site *site, const char *key, const char *text)
{
    const struct lum_edit_target target = target_of(NULL);
    struct lum_edit_result result;
    must(site, lum_edit_make_keyed(site->editor, &target, bytes_of(key), site_map("name", text),
                                   &result, &site->error));
    return result;
}

static enum lum_status end_verb(struct site *site, enum lum_status status)
{
    if (status == LUM_OK) {
        site_commit(site);
        (void)site_settle(site);
    } else {
        lum_space_abort(site->space);
    }
    return status;
}

struct lum_edit_result site_put(struct site *site, const char *key, const char *field,
                                const char *text)
{
    const struct lum_edit_target target = target_of(NULL);
    struct lum_edit_result result;
    site_begin(site);
    enum lum_status status = lum_edit_make_keyed(site->editor, &target, bytes_of(key),
                                                 site_map(field, text), &result, &site->error);
    must(site, end_verb(site, status));
    return result;
}

enum lum_status site_set(struct site *site, const struct lum_id *record, const char *field,
                         const char *text)
{
    const struct lum_edit_target target = target_of(record);
    struct lum_edit_result result;
    site_begin(site);
    return end_verb(
        site, lum_edit_set(site->editor, &target, site_map(field, text), &result, &site->error));
}

enum lum_status site_delete(struct site *site, const struct lum_id *record)
{
    const struct lum_edit_target target = target_of(record);
    struct lum_edit_result result;
    site_begin(site);
    return end_verb(site, lum_edit_delete(site->editor, &target, &result, &site->error));
}

enum lum_status site_restore(struct site *site, const struct lum_id *record)
{
    const struct lum_edit_target target = target_of(record);
    struct lum_edit_result result;
    site_begin(site);
    return end_verb(site, lum_edit_restore(site->editor, &target, &result, &site->error));
}

/* ---- looking ---- */

/* A snapshot of both files, ended by site_look_end. */
struct look {
    struct lum_txn *log;
    struct lum_txn *view;
};

static struct look look_begin(struct site *site)
{
    struct look look = {NULL, NULL};
    must(site, lum_txn_begin_read(lum_space_log(site->space), &look.log, &site->error));
    must(site, lum_txn_begin_read(lum_space_view(site->space), &look.view, &site->error));
    return look;
}

static void look_end(struct look look)
{
    lum_txn_abort(look.log);
    lum_txn_abort(look.view);
}

struct lum_id site_keyed(struct site *site, const char *collection, const char *key)
{
    struct lum_id id;
    lum_record_id_keyed(lum_space_id(site->space), LUM_SHELF_COMMON, bytes_of(collection),
                        bytes_of(key), &id);
    return id;
}

bool site_record(struct site *site, const struct lum_id *id, struct lum_arena *arena,
                 struct lum_record *out)
{
    uint64_t rno = 0;
    struct look look = look_begin(site);
    enum lum_status status = lum_view_find(look.view, LUM_SHELF_COMMON, id, &rno);
    if (status == LUM_OK) {
        must(site, lum_view_record(look.view, rno, arena, out));
    }
    look_end(look);
    return status == LUM_OK;
}

enum lum_life site_life(struct site *site, const struct lum_id *id)
{
    struct lum_arena arena;
    struct lum_record record;
    lum_arena_init(&arena);
    enum lum_life life =
        site_record(site, id, &arena, &record) ? lum_record_life(&record) : LUM_UNMADE;
    lum_arena_fini(&arena);
    return life;
}

static const struct lum_cell *cell_of(struct site *site, struct look look, const struct lum_id *id,
                                      const char *field, struct lum_arena *arena)
{
    uint64_t rno = 0;
    struct lum_record *record = lum_arena_take(arena, sizeof *record);
    must(site, record != NULL ? LUM_OK : LUM_NO_MEMORY);
    uint32_t number = 0;
    must(site, lum_view_name_number(look.view, bytes_of(field), &number));
    if (number == 0 || lum_view_find(look.view, LUM_SHELF_COMMON, id, &rno) != LUM_OK) {
        return NULL;
    }
    must(site, lum_view_record(look.view, rno, arena, record));
    return lum_record_cell(record, number);
}

uint32_t site_values(struct site *site, const struct lum_id *id, const char *field)
{
    struct lum_arena arena;
    struct look look = look_begin(site);
    lum_arena_init(&arena);
    const struct lum_cell *cell = cell_of(site, look, id, field, &arena);
    uint32_t values = cell == NULL ? 0 : lum_cell_values(cell);
    lum_arena_fini(&arena);
    look_end(look);
    return values;
}

const char *site_shown(struct site *site, const struct lum_id *id, const char *field)
{
    static char texts[4][256];
    static size_t turn;
    char *text = texts[turn++ % LUM_COUNT(texts)];
    struct lum_arena arena;
    struct look look = look_begin(site);
    lum_arena_init(&arena);
    const struct lum_cell *cell = cell_of(site, look, id, field, &arena);
    text[0] = '\0';
    if (cell != NULL) {
        const struct lum_sibling *sibling = NULL;
        must(site, lum_view_shown(look.view, look.log, cell, &sibling));
        struct lum_cur cur = lum_cur_over(sibling->value);
        struct lum_bytes value = lum_cur_str(&cur, sizeof texts[0] - 1);
        if (value.len > 0) {
            memcpy(text, value.at, value.len);
        }
        text[value.len] = '\0';
    }
    lum_arena_fini(&arena);
    look_end(look);
    return text;
}

struct lum_hash site_root(struct site *site)
{
    struct lum_hash root;
    struct look look = look_begin(site);
    must(site, lum_view_root(look.view, look.log, LUM_SHELF_COMMON, &root));
    look_end(look);
    return root;
}

struct lum_view_counts site_counts(struct site *site)
{
    struct lum_view_counts counts;
    struct look look = look_begin(site);
    must(site, lum_view_counts(look.view, &counts));
    look_end(look);
    return counts;
}

void site_check(struct site *site)
{
    struct look look = look_begin(site);
    must(site, lum_view_check(look.view, look.log, &site->error));
    look_end(look);
}

struct lum_header site_header(struct site *site, uint32_t lno, uint64_t seq)
{
    struct lum_log_reader *reader = NULL;
    struct lum_log_event event;
    struct look look = look_begin(site);
    must(site, lum_log_reader_open(&reader));
    must(site, lum_log_seek(reader, look.log, lno, seq));
    must(site, lum_log_next(reader, &event));
    struct lum_header header = *event.header;
    lum_log_reader_close(reader);
    look_end(look);
    return header;
}

uint32_t site_own_logs(struct site *site, uint8_t shelf, struct lum_log_row *newest)
{
    uint32_t lnos[LUM_INCARNATIONS_MAX];
    uint32_t count = 0;
    struct look look = look_begin(site);
    must(site, lum_log_find_by_author(look.log, lum_space_keys(site->space)->author.public, shelf,
                                      lnos, LUM_INCARNATIONS_MAX, &count));
    if (count > 0) {
        must(site, lum_log_get(look.log, lnos[count - 1], newest));
    }
    look_end(look);
    return count;
}

uint32_t site_frozen(struct site *site)
{
    uint32_t frozen = 0;
    struct look look = look_begin(site);
    for (uint32_t lno = 1; lno <= lum_log_count(look.log); lno++) {
        struct lum_log_row row;
        must(site, lum_log_get(look.log, lno, &row));
        frozen += row.is_frozen ? 1 : 0;
    }
    look_end(look);
    return frozen;
}
