/*
 * space.c - a space's life: its folder made or opened, closed; and what it knows.
 *
 *   folder 0700   seed.node, seed.device   32 bytes each, 0600; never overwritten
 *                 home                     where this store lives, core/home.h
 *                 log.mdb, view.mdb        core/schema.h
 *                 reserve                  core/room.h
 *
 * A folder whose log.mdb has neither a genesis nor an invite is what a crash in init left: it is
 * taken as empty. Everything that makes it a space comes in one commit.
 */
#include <stdio.h>
#include <string.h>

#include "core/space_i.h"

enum {
    SECRET_LEN = 4 + 32,
    NAME_ROOM = 32, /* the longest file name in the folder, with LMDB's "-lock" */
    NOTE_MAX = 64,
};

/* ---- paths and errors ---- */

void lum_space_path(const struct lum_space *space, const char *name, char out[LUM_PATH_MAX])
{
    int len = snprintf(out, LUM_PATH_MAX, "%s/%s", space->dir, name);
    LUM_ASSERT(len > 0 && len < LUM_PATH_MAX);
}

enum lum_status lum_space_fail(struct lum_store *store, enum lum_status status,
                               struct lum_error *err)
{
    return lum_store_fail(store, status == LUM_NOT_FOUND ? LUM_CORRUPT : status, err);
}

/* ---- memory ---- */

static enum lum_status make(const struct lum_space_options *options, struct lum_space **out,
                            struct lum_error *err)
{
    size_t len = strlen(options->dir);
    if (len + NAME_ROOM > LUM_PATH_MAX) {
        return lum_fail(err, LUM_CAUSE_bad_usage, options->dir, NULL);
    }
    struct lum_space *space = lum_alloc_zero(sizeof *space);
    if (space == NULL) {
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    space->env = options->env;
    space->touched = (struct lum_touched){.stamp = 1, .is_blind = true};
    space->pin_is_due = true;
    lum_buf_init(&space->payload, (size_t)2 * LUM_PAYLOAD_MAX);
    for (size_t i = 0; i < LUM_SHELVES_MAX; i++) {
        lum_buf_init(&space->own[i].run, (size_t)2 * LUM_OWN_RUN_BYTES);
    }
    space->dir = lum_alloc(len + 1);
    enum lum_status status = space->dir == NULL ? LUM_NO_MEMORY : LUM_OK;
    if (status == LUM_OK) {
        memcpy(space->dir, options->dir, len + 1);
        status = lum_squeezer_open(&space->squeezer);
    }
    status = status == LUM_OK ? lum_ingester_open(&space->ingester) : status;
    status = status == LUM_OK ? lum_view_applier_open(&space->applier) : status;
    status = status == LUM_OK ? lum_log_reader_open(&space->reader) : status;
    if (status != LUM_OK) {
        lum_space_close(space);
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    *out = space;
    return LUM_OK;
}

void lum_space_close(struct lum_space *space)
{
    if (space == NULL) {
        return;
    }
    lum_space_abort(space);
    if (space->applier != NULL && lum_space_view_commit(space, NULL) != LUM_OK) {
        space->is_settled = false; /* the next open applies it again */
    }
    lum_roster_close(space->roster);
    lum_log_reader_close(space->reader);
    lum_view_applier_close(space->applier);
    lum_ingester_close(space->ingester);
    lum_squeezer_close(space->squeezer);
    bool view_is_damaged =
        space->view != NULL && (space->rebuild_is_due || lum_store_damage(space->view) > 0);
    lum_store_close(space->view);
    lum_store_close(space->log);
    if (view_is_damaged) {
        lum_space_remove_store(space, LUM_VIEW_FILE); /* the next open makes it anew */
    }
    for (size_t i = 0; i < LUM_SHELVES_MAX; i++) {
        lum_buf_fini(&space->own[i].run);
        lum_free(space->own[i].marks);
    }
    lum_buf_fini(&space->payload);
    lum_free(space->touched.slots);
    lum_free(space->grown);
    lum_free(space->dir);
    lum_wipe(space, sizeof *space);
    lum_free(space);
}

/* ---- seeds ---- */

static enum lum_status read_seed(struct lum_space *space, const char *name, uint8_t out[32],
                                 struct lum_error *err)
{
    char path[LUM_PATH_MAX];
    struct lum_buf buf;
    lum_space_path(space, name, path);
    lum_buf_init(&buf, NOTE_MAX);
    enum lum_status status = space->env->file_read(space->env->self, path, &buf, NOTE_MAX, err);
    if (status == LUM_OK && buf.len != 32) {
        status = lum_fail(err, LUM_CAUSE_store_damaged, path, "length");
    }
    if (status == LUM_OK) {
        memcpy(out, buf.at, 32);
        lum_wipe(buf.at, buf.len);
    }
    lum_buf_fini(&buf);
    return status;
}

static enum lum_status make_seed(struct lum_space *space, const char *name, uint8_t out[32],
                                 struct lum_error *err)
{
    enum lum_status status = read_seed(space, name, out, err);
    if (status != LUM_NOT_FOUND) {
        return status;
    }
    char path[LUM_PATH_MAX];
    lum_space_path(space, name, path);
    space->env->random(space->env->self, out, 32);
    return space->env->file_write(space->env->self, path, lum_bytes_of(out, 32), err);
}

typedef enum lum_status seed_fn(struct lum_space *space, const char *name, uint8_t out[32],
                                struct lum_error *err);

static enum lum_status each_seed(struct lum_space *space, seed_fn *get, struct lum_error *err)
{
    enum lum_status status = get(space, "seed.node", space->seeds.node, err);
    return status == LUM_OK ? get(space, "seed.device", space->seeds.device, err) : status;
}

/* ---- meta ---- */

enum lum_status lum_space_meta_put(struct lum_space *space, const char *name,
                                   struct lum_bytes value, struct lum_error *err)
{
    struct lum_bytes key = lum_bytes_of(name, strlen(name));
    enum lum_status status = value.len == 0 ? lum_txn_delete(space->log_txn, LUM_T_META, key)
                                            : lum_txn_put(space->log_txn, LUM_T_META, key, value);
    if (status == LUM_OK || (status == LUM_NOT_FOUND && value.len == 0)) {
        return LUM_OK;
    }
    return lum_space_fail(space->log, status, err);
}

enum lum_status lum_space_take_genesis(struct lum_space *space, struct lum_bytes document,
                                       struct lum_error *err)
{
    struct lum_genesis genesis;
    if (!lum_genesis_read(document, &genesis)) {
        return lum_fail(err, LUM_CAUSE_store_damaged, "log.mdb", "genesis");
    }
    lum_genesis_id(document, &space->id);
    space->founded_ms = genesis.founded_ms;
    lum_device_keys_derive(&space->seeds, genesis.salt, &space->keys);
    space->has_genesis = true;
    return LUM_OK;
}

static enum lum_status take_invite(struct lum_space *space, struct lum_bytes text,
                                   struct lum_error *err)
{
    char at[LUM_INVITE_TEXT + 1] = {0};
    if (text.len == LUM_INVITE_TEXT) {
        memcpy(at, text.at, text.len);
    }
    if (lum_invite_from_text(at, &space->invite, NULL) != LUM_OK) {
        return lum_fail(err, LUM_CAUSE_store_damaged, "log.mdb", "invite");
    }
    space->has_invite = true;
    if (!space->has_genesis) {
        space->id = space->invite.space;
    }
    return LUM_OK;
}

static enum lum_status take_secret(struct lum_space *space, struct lum_bytes value,
                                   struct lum_error *err)
{
    if (value.len != SECRET_LEN) {
        return lum_fail(err, LUM_CAUSE_store_damaged, "log.mdb", "secret");
    }
    space->generation = lum_get_u32(value.at);
    memcpy(space->secret, value.at + 4, sizeof space->secret);
    space->has_secret = true;
    return LUM_OK;
}

static enum lum_status take_pin_day(struct lum_space *space, struct lum_txn *txn)
{
    struct lum_bytes value;
    enum lum_status status = lum_log_note_get(txn, LUM_PIN_NOTE, &value);
    if (status == LUM_OK && value.len == 8) {
        space->pin_day = lum_get_u64(value.at);
    }
    return status == LUM_NOT_FOUND ? LUM_OK : status;
}

static enum lum_status read_meta(struct lum_space *space, struct lum_txn *txn,
                                 struct lum_error *err)
{
    static const struct {
        const char *name;
        enum lum_status (*take)(struct lum_space *space, struct lum_bytes value,
                                struct lum_error *err);
    } rows[] = {
        {LUM_META_GENESIS, lum_space_take_genesis},
        {LUM_META_INVITE, take_invite},
        {LUM_META_SECRET, take_secret},
    };
    for (size_t i = 0; i < LUM_COUNT(rows); i++) {
        struct lum_bytes value;
        const struct lum_bytes key = lum_bytes_of(rows[i].name, strlen(rows[i].name));
        enum lum_status status = lum_txn_get(txn, LUM_T_META, key, &value);
        if (status == LUM_OK) {
            status = rows[i].take(space, value, err);
        } else if (status != LUM_NOT_FOUND) {
            status = lum_space_fail(space->log, status, err);
        }
        if (status != LUM_OK && status != LUM_NOT_FOUND) {
            return status;
        }
    }
    return take_pin_day(space, txn);
}

/* Opens log.mdb and takes in what it says of the space. */
static enum lum_status open_log(struct lum_space *space, struct lum_error *err)
{
    struct lum_txn *txn = NULL;
    enum lum_status status = lum_log_open(space->dir, false, &space->log, err);
    if (status == LUM_OK) {
        status = lum_txn_begin_read(space->log, &txn, err);
    }
    if (status == LUM_OK) {
        status = read_meta(space, txn, err);
    }
    if (status == LUM_OK && space->has_genesis) {
        space->roster_is_stale = true;
        status = lum_space_refresh_roster(space, txn, err);
        space->roster_changed = false;
    }
    lum_txn_abort(txn);
    return status;
}

/* A view that does not open is thrown away: it follows from the log. */
static enum lum_status open_view(struct lum_space *space, struct lum_error *err)
{
    bool is_fresh = false;
    lum_space_remove_store(space, LUM_VIEW_NEW);
    lum_space_remove_store(space, LUM_LOG_NEW);
    enum lum_status status = lum_view_open(space->dir, LUM_VIEW_FILE, &space->view, &is_fresh, err);
    if (status == LUM_CORRUPT || status == LUM_NEWER) {
        lum_space_remove_store(space, LUM_VIEW_FILE);
        status = lum_view_open(space->dir, LUM_VIEW_FILE, &space->view, &is_fresh, err);
    }
    return status;
}

/* ---- open ---- */

static enum lum_status open_there(struct lum_space *space, struct lum_error *err)
{
    char path[LUM_PATH_MAX];
    uint64_t size = 0;
    bool has_seeds = false;
    lum_space_path(space, LUM_LOG_FILE, path);
    enum lum_status status = space->env->file_size(space->env->self, path, &size);
    if (status == LUM_NOT_FOUND) {
        return lum_fail(err, LUM_CAUSE_no_store, space->dir, NULL);
    }
    if (status == LUM_OK) {
        status = space->env->folder_make(space->env->self, space->dir, err);
    }
    if (status == LUM_OK) {
        status = each_seed(space, read_seed, err);
        has_seeds = status == LUM_OK;
        status = status == LUM_NOT_FOUND ? LUM_OK : status;
    }
    if (status == LUM_OK) {
        status = open_log(space, err);
    }
    if (status == LUM_OK && !space->has_genesis && !space->has_invite) {
        status = lum_fail(err, LUM_CAUSE_no_store, space->dir, NULL);
    } else if (status == LUM_OK && !has_seeds) {
        status = lum_fail(err, LUM_CAUSE_store_damaged, space->dir, "no seeds");
    }
    if (status == LUM_OK) {
        status = lum_home_read(space->env, space->dir, &space->home, err);
    }
    if (status == LUM_OK) {
        lum_room_look(&space->room, space->env, space->dir);
        status = open_view(space, err);
    }
    return status;
}

enum lum_status lum_space_open(const struct lum_space_options *options, struct lum_space **out,
                               struct lum_error *err)
{
    struct lum_space *space = NULL;
    enum lum_status status = make(options, &space, err);
    if (status != LUM_OK) {
        return status;
    }
    status = open_there(space, err);
    if (status != LUM_OK) {
        lum_space_close(space);
        return status;
    }
    *out = space;
    return LUM_OK;
}

/* ---- move in ---- */

/* A new log.mdb gets its name when it is whole: LMDB's first pages are written without a sync, and
 * a torn one under that name would be a file that is not ours, in the way for ever. */
static enum lum_status make_log(struct lum_space *space, struct lum_error *err)
{
    char from[LUM_PATH_MAX];
    char to[LUM_PATH_MAX];
    struct lum_store *store = NULL;
    uint64_t size = 0;
    lum_space_path(space, LUM_LOG_NEW, from);
    lum_space_path(space, LUM_LOG_FILE, to);
    enum lum_status status = space->env->file_size(space->env->self, to, &size);
    if (status == LUM_OK && size > 0) {
        return LUM_OK;
    }
    lum_space_remove_store(space, LUM_LOG_NEW);
    status = lum_log_open_new(space->dir, &store, err);
    if (status == LUM_OK) {
        status = lum_store_sync(store, err);
    }
    lum_store_close(store);
    if (status == LUM_OK) {
        status = space->env->file_rename(space->env->self, from, to, err);
    }
    lum_space_remove_store(space, LUM_LOG_NEW);
    return status;
}

static enum lum_status move_in(struct lum_space *space, struct lum_error *err)
{
    enum lum_status status = space->env->folder_make(space->env->self, space->dir, err);
    if (status == LUM_OK) {
        status = make_log(space, err);
    }
    if (status == LUM_OK) {
        status = open_log(space, err);
    }
    if (status == LUM_OK && (space->has_genesis || space->has_invite)) {
        status = lum_fail(err, LUM_CAUSE_store_exists, space->dir, NULL);
    }
    if (status == LUM_OK) {
        status = each_seed(space, make_seed, err);
    }
    if (status == LUM_OK) {
        space->home = (struct lum_home){.in_doubt = false};
        space->env->random(space->env->self, space->home.incarnation,
                           sizeof space->home.incarnation);
        status = lum_home_write(space->env, space->dir, &space->home, err);
    }
    return status == LUM_OK ? open_view(space, err) : status;
}

enum lum_status lum_space_move_in(const struct lum_space_options *options, struct lum_space **out,
                                  struct lum_error *err)
{
    struct lum_space *space = NULL;
    enum lum_status status = make(options, &space, err);
    if (status != LUM_OK) {
        return status;
    }
    status = move_in(space, err);
    if (status != LUM_OK) {
        lum_space_close(space);
        return status;
    }
    *out = space;
    return LUM_OK;
}

/* ---- what it knows ---- */

void lum_space_set_gate(struct lum_space *space, const struct lum_gate *gate)
{
    space->gate = gate == NULL ? (struct lum_gate){0} : *gate;
}

struct lum_store *lum_space_log(struct lum_space *space)
{
    return space->log;
}

struct lum_store *lum_space_view(struct lum_space *space)
{
    return space->view;
}

const struct lum_env *lum_space_env(struct lum_space *space)
{
    return space->env;
}

const char *lum_space_dir(struct lum_space *space)
{
    return space->dir;
}

bool lum_space_is_newcomer(struct lum_space *space)
{
    return !space->has_genesis;
}

const struct lum_hash *lum_space_id(struct lum_space *space)
{
    return &space->id;
}

const struct lum_device_keys *lum_space_keys(struct lum_space *space)
{
    LUM_ASSERT(space->has_genesis);
    return &space->keys;
}

const struct lum_roster *lum_space_roster(struct lum_space *space)
{
    return space->roster;
}

const struct lum_home *lum_space_home(struct lum_space *space)
{
    return &space->home;
}

const struct lum_room *lum_space_room(struct lum_space *space)
{
    return &space->room;
}

enum lum_status lum_space_secret(struct lum_space *space, uint32_t *generation, uint8_t secret[32])
{
    if (!space->has_secret) {
        return LUM_NOT_FOUND;
    }
    *generation = space->generation;
    memcpy(secret, space->secret, sizeof space->secret);
    return LUM_OK;
}

enum lum_status lum_space_invite(struct lum_space *space, struct lum_invite *out)
{
    if (!space->has_invite) {
        return LUM_NOT_FOUND;
    }
    *out = space->invite;
    return LUM_OK;
}
