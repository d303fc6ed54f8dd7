/*
 * restore.c - a backup's bytes become a store.
 *
 *   head -> rows into log.mdb.new -> hash right? -> verify -> seeds, home in doubt,
 *   log.mdb.new becomes log.mdb
 *
 * The folder is a store from that rename on and not before, so a restore that ends early, or finds
 * the last byte wrong, has put nothing in place.
 */
#include <string.h>

#include "core/backup_i.h"
#include "core/pack.h"

enum {
    PIECE_BYTES = 256 * 1024,       /* gathered at once */
    COMMIT_BYTES = 8 * 1024 * 1024, /* of rows in one transaction: they are heap */
};

/* ---- bytes become rows ---- */

struct lum_restore {
    const struct lum_env *env;
    const char *name;
    char *dir;
    struct lum_store *store; /* log.mdb.new */
    struct lum_txn *txn;
    size_t load; /* bytes of rows in txn */
    bool has_head;
    bool is_whole; /* the hash came, and it is right */
    struct lum_backup_head head;
    struct lum_seeds seeds;
    struct lum_plain_hasher hash;
    struct lum_buf rest; /* bytes of a row that is not whole yet */
};

static enum lum_status is_damaged(const struct lum_restore *restore, const char *what,
                                  struct lum_error *err)
{
    return lum_fail(err, LUM_CAUSE_backup_damaged, restore->name, what);
}

static void path_of(const struct lum_restore *restore, const char *name, char out[LUM_PATH_MAX])
{
    const struct lum_space folder = {.dir = restore->dir};
    lum_space_path(&folder, name, out);
}

static void remove_store(const struct lum_restore *restore, const char *name)
{
    struct lum_space folder = {.env = restore->env, .dir = restore->dir};
    lum_space_remove_store(&folder, name);
}

static enum lum_status must_be_free(const struct lum_restore *restore, struct lum_error *err)
{
    char path[LUM_PATH_MAX];
    uint64_t size = 0;
    path_of(restore, LUM_LOG_FILE, path);
    enum lum_status status = restore->env->file_size(restore->env->self, path, &size);
    if (status == LUM_OK && size > 0) {
        return lum_fail(err, LUM_CAUSE_store_exists, restore->dir, NULL);
    }
    return restore->env->folder_make(restore->env->self, restore->dir, err);
}

enum lum_status lum_restore_open(const struct lum_space_options *to, const char *name,
                                 struct lum_restore **out, struct lum_error *err)
{
    size_t len = strlen(to->dir);
    if (len + sizeof LUM_LOG_NEW + sizeof "-lock" > LUM_PATH_MAX) {
        return lum_fail(err, LUM_CAUSE_bad_usage, to->dir, NULL);
    }
    struct lum_restore *restore = lum_alloc_zero(sizeof *restore);
    char *dir = lum_alloc(len + 1);
    if (restore == NULL || dir == NULL) {
        lum_free(restore);
        lum_free(dir);
        return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
    }
    memcpy(dir, to->dir, len + 1);
    *restore = (struct lum_restore){.env = to->env, .name = name, .dir = dir};
    lum_buf_init(&restore->rest, PIECE_BYTES + LUM_BACKUP_ROW_MAX);
    lum_plain_hash_init(&restore->hash);
    enum lum_status status = must_be_free(restore, err);
    if (status == LUM_OK) {
        remove_store(restore, LUM_LOG_NEW);
        status = lum_log_open_new(restore->dir, &restore->store, err);
    }
    if (status != LUM_OK) {
        lum_restore_close(restore);
        return status;
    }
    *out = restore;
    return LUM_OK;
}

static enum lum_status commit(struct lum_restore *restore, struct lum_error *err)
{
    struct lum_txn *txn = restore->txn;
    restore->txn = NULL;
    restore->load = 0;
    return txn == NULL ? LUM_OK : lum_txn_commit(txn, err);
}

static enum lum_status keep_row(struct lum_restore *restore, uint8_t table, struct lum_bytes key,
                                struct lum_bytes value, struct lum_error *err)
{
    enum lum_status status = LUM_OK;
    if (restore->txn == NULL) {
        status = lum_txn_begin_write(restore->store, &restore->txn, err);
    }
    if (status == LUM_OK) {
        status = lum_txn_append(restore->txn, table, key, value);
        status = status == LUM_OK ? LUM_OK : lum_store_fail(restore->store, status, err);
    }
    restore->load += key.len + value.len;
    if (status == LUM_OK && restore->load >= COMMIT_BYTES) {
        status = commit(restore, err);
    }
    return status;
}

/* Each takes one part from the front and says how long it was: 0 when it is not all there. */

static enum lum_status take_head(struct lum_restore *restore, struct lum_bytes bytes, size_t *len,
                                 struct lum_error *err)
{
    *len = lum_backup_head_size(bytes);
    if (*len == SIZE_MAX) {
        return is_damaged(restore, "it does not begin as one", err);
    }
    if (*len > 0 &&
        !lum_backup_head_read(lum_bytes_of(bytes.at, *len), &restore->head, &restore->seeds)) {
        return is_damaged(restore, "its first lines", err);
    }
    restore->has_head = *len > 0;
    return LUM_OK;
}

static enum lum_status take_end(struct lum_restore *restore, struct lum_bytes bytes, size_t *len,
                                struct lum_error *err)
{
    uint8_t hash[LUM_BACKUP_HASH];
    if (bytes.len < 1 + LUM_BACKUP_HASH) {
        return LUM_OK;
    }
    lum_plain_hash_add(&restore->hash, bytes.at, 1);
    lum_plain_hash_end(&restore->hash, hash);
    if (memcmp(hash, bytes.at + 1, sizeof hash) != 0) {
        return is_damaged(restore, "its bytes are not those that were written", err);
    }
    *len = 1 + LUM_BACKUP_HASH;
    restore->is_whole = true;
    return LUM_OK;
}

static enum lum_status take_row(struct lum_restore *restore, struct lum_bytes bytes, size_t *len,
                                struct lum_error *err)
{
    if (bytes.len < LUM_BACKUP_ROW_HEAD) {
        return LUM_OK;
    }
    size_t key_len = lum_get_u16(bytes.at + 1);
    size_t value_len = lum_get_u32(bytes.at + 3);
    if (bytes.at[0] >= LUM_LOG_TABLES || key_len == 0 || key_len > LUM_BACKUP_ROW_KEY_MAX ||
        value_len > LUM_BACKUP_ROW_VALUE_MAX) {
        return is_damaged(restore, "a row that cannot be", err);
    }
    if (bytes.len - LUM_BACKUP_ROW_HEAD < key_len + value_len) {
        return LUM_OK;
    }
    *len = LUM_BACKUP_ROW_HEAD + key_len + value_len;
    const struct lum_bytes key = lum_bytes_of(bytes.at + LUM_BACKUP_ROW_HEAD, key_len);
    const struct lum_bytes value = lum_bytes_of(key.at + key_len, value_len);
    return keep_row(restore, bytes.at[0], key, value, err);
}

static enum lum_status take_part(struct lum_restore *restore, struct lum_bytes bytes, size_t *len,
                                 struct lum_error *err)
{
    enum lum_status status = LUM_OK;
    *len = 0;
    if (restore->is_whole) {
        return is_damaged(restore, "more follows its end", err);
    }
    if (!restore->has_head) {
        status = take_head(restore, bytes, len, err);
    } else if (bytes.at[0] == LUM_BACKUP_END) {
        return take_end(restore, bytes, len, err);
    } else {
        status = take_row(restore, bytes, len, err);
    }
    if (status == LUM_OK) {
        lum_plain_hash_add(&restore->hash, bytes.at, *len);
    }
    return status;
}

enum lum_status lum_restore_take(struct lum_restore *restore, struct lum_bytes bytes,
                                 struct lum_error *err)
{
    enum lum_status status = LUM_OK;
    while (bytes.len > 0 && status == LUM_OK) { /* in pieces, so that `rest` stays bounded */
        size_t piece = bytes.len < PIECE_BYTES ? bytes.len : PIECE_BYTES;
        lum_buf_put(&restore->rest, bytes.at, piece);
        bytes = lum_bytes_of(bytes.at + piece, bytes.len - piece);
        if (restore->rest.broken) {
            return lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL);
        }
        size_t used = 0;
        size_t len = 1;
        while (status == LUM_OK && len > 0 && used < restore->rest.len) {
            status = take_part(
                restore,
                lum_bytes_of(restore->rest.at + used, restore->rest.len - used), &len, err);
            used += status == LUM_OK ? len : 0;
        }
        lum_buf_drop(&restore->rest, used);
    }
    return status;
}

/* ---- rows become a store ---- */

/* The space that the rows are of is the head's. */
static enum lum_status check_space(const struct lum_restore *restore, struct lum_txn *txn,
                                   struct lum_error *err)
{
    struct lum_bytes document;
    struct lum_hash id = restore->head.space;
    const struct lum_bytes genesis = lum_bytes_of(LUM_META_GENESIS, sizeof LUM_META_GENESIS - 1);
    const struct lum_bytes invite = lum_bytes_of(LUM_META_INVITE, sizeof LUM_META_INVITE - 1);
    enum lum_status status = lum_txn_get(txn, LUM_T_META, genesis, &document);
    if (status == LUM_OK) {
        lum_genesis_id(document, &id);
    } else if (status == LUM_NOT_FOUND) { /* a newcomer's, before the first contact */
        status = lum_txn_get(txn, LUM_T_META, invite, &document);
    }
    if (status != LUM_OK || memcmp(id.b, restore->head.space.b, sizeof id.b) != 0) {
        return is_damaged(restore, "it is of no space", err);
    }
    return LUM_OK;
}

static enum lum_status check(struct lum_restore *restore, const struct lum_tick *tick,
                             struct lum_error *err)
{
    struct lum_txn *txn = NULL;
    const char *what = NULL;
    struct lum_backup_head counted = {0};
    enum lum_status status = lum_txn_begin_read(restore->store, &txn, err);
    if (status != LUM_OK) {
        return status;
    }
    status = check_space(restore, txn, err);
    if (status == LUM_OK) {
        status = lum_backup_look(txn, tick, &what);
        status = status == LUM_OK ? lum_backup_count(txn, &counted) : status;
        if (status == LUM_OK && what == NULL && counted.events != restore->head.events) {
            what = "the number of its events";
        }
        if (status != LUM_OK && status != LUM_STOPPED && status != LUM_NO_MEMORY) {
            what = "its log does not read";
        }
        status = what != NULL ? is_damaged(restore, what, err) : status;
    }
    lum_txn_abort(txn);
    return status == LUM_NO_MEMORY ? lum_fail(err, LUM_CAUSE_no_memory, NULL, NULL) : status;
}

/* Seeds that lie there already are never overwritten: they may be somebody's. */
static enum lum_status put_seed(const struct lum_restore *restore, const char *name,
                                const uint8_t seed[32], struct lum_error *err)
{
    char path[LUM_PATH_MAX];
    struct lum_buf there;
    const struct lum_env *env = restore->env;
    path_of(restore, name, path);
    lum_buf_init(&there, 32);
    enum lum_status status = env->file_read(env->self, path, &there, 32, err);
    if (status == LUM_NOT_FOUND) {
        status = env->file_write(env->self, path, lum_bytes_of(seed, 32), err);
    } else if (status == LUM_OK &&
               !lum_bytes_equal(lum_buf_bytes(&there), lum_bytes_of(seed, 32))) {
        status = lum_fail(err, LUM_CAUSE_store_exists, path, NULL);
    }
    lum_buf_fini(&there);
    return status;
}

static enum lum_status put_in_place(struct lum_restore *restore, struct lum_error *err)
{
    char from[LUM_PATH_MAX];
    char to[LUM_PATH_MAX];
    enum lum_status status = put_seed(restore, "seed.node", restore->seeds.node, err);
    if (status == LUM_OK) {
        status = put_seed(restore, "seed.device", restore->seeds.device, err);
    }
    if (status == LUM_OK) {
        status = lum_home_forget(restore->env, restore->dir, err);
    }
    if (status == LUM_OK) {
        remove_store(restore, LUM_VIEW_FILE);
        path_of(restore, LUM_LOG_NEW, from);
        path_of(restore, LUM_LOG_FILE, to);
        status = restore->env->file_rename(restore->env->self, from, to, err);
    }
    return status;
}

enum lum_status lum_restore_end(struct lum_restore *restore, const struct lum_tick *tick,
                                struct lum_backup_head *out, struct lum_error *err)
{
    if (!restore->is_whole) {
        return is_damaged(restore, "it ends too early", err);
    }
    enum lum_status status = commit(restore, err);
    if (status == LUM_OK) {
        status = lum_store_sync(restore->store, err);
    }
    if (status == LUM_OK) {
        status = check(restore, tick, err);
    }
    if (status == LUM_OK) {
        status = must_be_free(restore, err);
    }
    if (status != LUM_OK) {
        return status;
    }
    lum_store_close(restore->store); /* LMDB holds one environment a path */
    restore->store = NULL;
    status = put_in_place(restore, err);
    if (status == LUM_OK) {
        *out = restore->head;
    }
    return status;
}

void lum_restore_close(struct lum_restore *restore)
{
    if (restore == NULL) {
        return;
    }
    lum_txn_abort(restore->txn);
    lum_store_close(restore->store);
    remove_store(restore, LUM_LOG_NEW);
    if (restore->rest.at != NULL) {
        lum_wipe(restore->rest.at, restore->rest.room);
    }
    lum_buf_fini(&restore->rest);
    lum_free(restore->dir);
    lum_wipe(restore, sizeof *restore);
    lum_free(restore);
}
