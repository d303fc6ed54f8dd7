/*
 * root.c - the state root of a shelf: one hash that is equal where the merged records are equal.
 *
 *   leaf    H(canonical [coll, id, existence, drops, {field: [[1, siblings]]}])   docs/format.md 6
 *           dots are [log id, seq, op], siblings [log id, seq, op, value], all ascending
 *   bucket  H(leaf hashes in id order), zeros when there is none; by the first 12 bits of the id
 *   root    H(version u16 | 4,096 buckets)
 *
 * All three under the label "lumbung1 state"; their inputs cannot be mistaken for one another, for
 * a leaf begins with 95, a root with 00 01 and 4,096 hashes, and a bucket is a whole number of
 * hashes. Local numbers never enter: log ids and names are looked up, lists sorted anew by them.
 */
#include <string.h>

#include "core/crypto.h"
#include "core/sort.h"
#include "core/view_i.h"

enum {
    OP_TYPE_VALUE = 1, /* initial fields count as sets */
    TREE_KEY = 1 + 2,
    HASH = 32,
    NUMBERS_MAX = 1 << 20, /* lnos and names below are remembered, the others looked up anew */
};

static const size_t leaf_max = (size_t)1 << 31;

/* Looked up once a root: log ids by lno, texts by name number. */
struct root {
    struct lum_txn *view;
    struct lum_txn *log;
    struct lum_arena arena; /* one record */
    struct lum_buf leaf;
    struct lum_buf log_ids; /* struct known_log by lno */
    struct lum_buf names;   /* struct known_name by number */
    struct lum_buf texts;
    enum lum_status status; /* of the first look-up that failed */
};

struct known_log {
    bool is_known;
    struct lum_hash id;
};

struct known_name {
    uint32_t at;
    uint32_t len; /* 0: not known */
};

static void root_init(struct root *root, struct lum_txn *view, struct lum_txn *log)
{
    *root = (struct root){.view = view, .log = log, .status = LUM_OK};
    lum_arena_init(&root->arena);
    lum_buf_init(&root->leaf, leaf_max);
    lum_buf_init(&root->log_ids, (size_t)NUMBERS_MAX * sizeof(struct known_log));
    lum_buf_init(&root->names, (size_t)NUMBERS_MAX * sizeof(struct known_name));
    lum_buf_init(&root->texts, leaf_max);
}

static void root_fini(struct root *root)
{
    lum_arena_fini(&root->arena);
    lum_buf_fini(&root->leaf);
    lum_buf_fini(&root->log_ids);
    lum_buf_fini(&root->names);
    lum_buf_fini(&root->texts);
}

static void fail(struct root *root, enum lum_status status)
{
    if (root->status == LUM_OK) {
        root->status = status == LUM_NOT_FOUND ? LUM_CORRUPT : status;
    }
}

/* Element `i` of a buffer that grows with zeroes; NULL without memory. */
static void *element(struct root *root, struct lum_buf *buf, uint32_t i, size_t size)
{
    size_t need = ((size_t)i + 1) * size;
    if (buf->len < need) {
        size_t more = need - buf->len;
        uint8_t *end = lum_buf_extend(buf, more);
        if (end == NULL) {
            fail(root, lum_buf_status(buf));
            return NULL;
        }
        memset(end, 0, more);
    }
    return buf->at + (size_t)i * size;
}

static struct lum_hash look_up_log(struct root *root, uint32_t lno)
{
    struct lum_log_row row = {0};
    enum lum_status status = lum_log_get(root->log, lno, &row);
    if (status != LUM_OK) {
        fail(root, status);
    }
    return row.place.log_id;
}

static struct lum_hash log_id_of(struct root *root, uint32_t lno)
{
    if (lno >= NUMBERS_MAX) {
        return look_up_log(root, lno);
    }
    struct known_log *known = element(root, &root->log_ids, lno, sizeof *known);
    if (known == NULL) {
        return (struct lum_hash){{0}};
    }
    if (!known->is_known) {
        known->id = look_up_log(root, lno);
        known->is_known = true;
    }
    return known->id;
}

static struct lum_bytes look_up_name(struct root *root, uint32_t number)
{
    struct lum_bytes text = lum_view_name_text(root->view, number);
    if (text.len == 0) {
        fail(root, LUM_CORRUPT);
    }
    return text;
}

/* Stands until a row is put or another name is remembered. */
static struct lum_bytes name_of(struct root *root, uint32_t number)
{
    if (number >= NUMBERS_MAX) {
        return look_up_name(root, number);
    }
    struct known_name *known = element(root, &root->names, number, sizeof *known);
    if (known == NULL) {
        return (struct lum_bytes){0};
    }
    if (known->len == 0) {
        struct lum_bytes text = look_up_name(root, number);
        uint32_t at = (uint32_t)root->texts.len;
        lum_buf_put(&root->texts, text.at, text.len);
        if (text.len == 0 || root->texts.broken) {
            fail(root, LUM_NO_MEMORY);
            return (struct lum_bytes){0};
        }
        *known = (struct known_name){at, (uint32_t)text.len};
    }
    return (struct lum_bytes){root->texts.at + known->at, known->len};
}

/* ---- a leaf ---- */

/* Heads of arrays and maps without the limit that core/pack.h holds writers to: a record may have
 * come to have more than 4,096 fields, siblings or drops. */
static void head_write(struct root *root, uint32_t count, uint8_t fix, uint8_t wide)
{
    uint8_t bytes[5];
    if (count < 16) {
        lum_buf_put_byte(&root->leaf, (uint8_t)(fix | count));
    } else if (count <= UINT16_MAX) {
        bytes[0] = wide;
        lum_put_u16(bytes + 1, (uint16_t)count);
        lum_buf_put(&root->leaf, bytes, 3);
    } else {
        bytes[0] = (uint8_t)(wide + 1);
        lum_put_u32(bytes + 1, count);
        lum_buf_put(&root->leaf, bytes, 5);
    }
}

static void array_write(struct root *root, uint32_t count)
{
    head_write(root, count, 0x90, 0xdc);
}

static void map_write(struct root *root, uint32_t count)
{
    head_write(root, count, 0x80, 0xde);
}

/* A dot or sibling as it enters: by log id. */
struct entry {
    struct lum_hash log_id;
    uint64_t seq;
    uint16_t op;
    struct lum_bytes value;
};

static int by_dot(const void *self, const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    (void)self;
    int order = memcmp(x->log_id.b, y->log_id.b, sizeof x->log_id.b);
    if (order != 0) {
        return order;
    }
    if (x->seq != y->seq) {
        return x->seq < y->seq ? -1 : 1;
    }
    return (x->op > y->op) - (x->op < y->op);
}

static struct entry entry_of(struct root *root, const struct lum_place *at)
{
    return (struct entry){log_id_of(root, at->lno), at->seq, at->op, {0}};
}

static void entry_write(struct root *root, const struct entry *entry, bool has_value)
{
    array_write(root, has_value ? 4 : 3);
    lum_pack_bin(&root->leaf, entry->log_id.b, sizeof entry->log_id.b);
    lum_pack_uint(&root->leaf, entry->seq);
    lum_pack_uint(&root->leaf, entry->op);
    if (has_value) {
        lum_pack_raw(&root->leaf, entry->value);
    }
}

static void entries_write(struct root *root, struct entry *entries, uint32_t count, bool has_value)
{
    lum_sort(&(struct lum_sort){entries, count, sizeof *entries, by_dot, NULL});
    array_write(root, count);
    for (uint32_t i = 0; i < count; i++) {
        entry_write(root, &entries[i], has_value);
    }
}

static struct entry *entries_take(struct root *root, uint32_t count)
{
    struct entry *entries = lum_arena_take(&root->arena, count * sizeof *entries);
    if (entries == NULL) {
        fail(root, LUM_NO_MEMORY);
    }
    return entries;
}

static void existence_write(struct root *root, const struct lum_record *record)
{
    struct entry *entries = entries_take(root, record->existence_count);
    for (uint32_t i = 0; i < record->existence_count && entries != NULL; i++) {
        entries[i] = entry_of(root, &record->existence[i]);
    }
    if (entries != NULL) {
        entries_write(root, entries, record->existence_count, false);
    }
}

static void drops_write(struct root *root, const struct lum_record *record)
{
    struct entry *entries = entries_take(root, record->drop_count);
    for (uint32_t i = 0; i < record->drop_count && entries != NULL; i++) {
        entries[i] = entry_of(root, &record->drops[i].at);
    }
    if (entries != NULL) {
        entries_write(root, entries, record->drop_count, false);
    }
}

static void cell_write(struct root *root, const struct lum_cell *cell)
{
    struct entry *entries = entries_take(root, cell->count);
    array_write(root, 1); /* version 1 knows one type of op a field */
    array_write(root, 2);
    lum_pack_uint(&root->leaf, OP_TYPE_VALUE);
    for (uint32_t i = 0; i < cell->count && entries != NULL; i++) {
        entries[i] = entry_of(root, &cell->siblings[i].at);
        entries[i].value = cell->siblings[i].value;
    }
    if (entries != NULL) {
        entries_write(root, entries, cell->count, true);
    }
}

struct named_cell {
    struct lum_bytes name;
    const struct lum_cell *cell;
};

static int by_name(const void *self, const void *a, const void *b)
{
    const struct named_cell *x = a;
    const struct named_cell *y = b;
    (void)self;
    return lum_bytes_compare(x->name, y->name);
}

static void fields_write(struct root *root, const struct lum_record *record)
{
    struct named_cell *cells = lum_arena_take(&root->arena, record->cell_count * sizeof *cells);
    if (cells == NULL) {
        fail(root, LUM_NO_MEMORY);
        return;
    }
    for (uint32_t i = 0; i < record->cell_count; i++) {
        (void)name_of(root, record->cells[i].field); /* may move the texts */
    }
    for (uint32_t i = 0; i < record->cell_count; i++) {
        cells[i] = (struct named_cell){name_of(root, record->cells[i].field), &record->cells[i]};
    }
    lum_sort(&(struct lum_sort){cells, record->cell_count, sizeof *cells, by_name, NULL});
    map_write(root, record->cell_count);
    for (uint32_t i = 0; i < record->cell_count; i++) {
        lum_pack_str(&root->leaf, cells[i].name);
        cell_write(root, cells[i].cell);
    }
}

static void leaf_write(struct root *root, const struct lum_record *record)
{
    lum_buf_reset(&root->leaf);
    array_write(root, 5);
    lum_pack_str(&root->leaf, name_of(root, record->collection));
    lum_pack_bin(&root->leaf, record->id.b, sizeof record->id.b);
    existence_write(root, record);
    drops_write(root, record);
    fields_write(root, record);
    if (root->leaf.broken) {
        fail(root, lum_buf_status(&root->leaf));
    }
}

/* ---- a bucket ---- */

static unsigned bucket_of(const uint8_t *id)
{
    return (unsigned)id[0] << 4 | id[1] >> 4;
}

/* Adds the leaf of one record, when it has one. */
static void leaf_add(struct root *root, uint64_t rno, struct lum_hasher *bucket, bool *is_empty)
{
    struct lum_record record;
    struct lum_hash leaf;
    lum_arena_reset(&root->arena);
    enum lum_status status = lum_view_record(root->view, rno, &root->arena, &record);
    if (status != LUM_OK || record.collection == 0) {
        if (status != LUM_OK) {
            fail(root, status);
        }
        return;
    }
    leaf_write(root, &record);
    lum_hash32(LUM_LABEL_state, lum_buf_bytes(&root->leaf), &leaf);
    lum_hash_add(bucket, leaf.b, sizeof leaf.b);
    *is_empty = false;
}

static void bucket_hash(struct root *root, uint8_t shelf, unsigned bucket, struct lum_hash *out)
{
    struct lum_hasher h;
    struct lum_view_ids ids;
    struct lum_id first = {{0}};
    bool is_empty = true;
    lum_put_u16(first.b, (uint16_t)(bucket << 4));
    memset(out->b, 0, sizeof out->b);
    enum lum_status status = lum_view_ids_open(root->view, shelf, &first, &ids);
    if (status != LUM_OK) {
        fail(root, status);
        return;
    }
    lum_hash_init(&h, LUM_LABEL_state, sizeof out->b);
    while (ids.is_there && bucket_of(ids.id.b) == bucket && root->status == LUM_OK) {
        leaf_add(root, ids.rno, &h, &is_empty);
        lum_view_ids_next(&ids);
    }
    lum_view_ids_close(&ids);
    if (!is_empty) {
        lum_hash_end(&h, out->b, sizeof out->b);
    }
}

enum lum_status lum_view_bucket(struct lum_txn *view, struct lum_txn *log, uint8_t shelf,
                                unsigned bucket, struct lum_hash *out)
{
    struct root root;
    root_init(&root, view, log);
    bucket_hash(&root, shelf, bucket, out);
    root_fini(&root);
    return root.status;
}

/* ---- the root ---- */

static struct lum_bytes tree_key(uint8_t shelf, unsigned bucket, uint8_t key[TREE_KEY])
{
    key[0] = shelf;
    lum_put_u16(key + 1, (uint16_t)bucket);
    return lum_bytes_of(key, TREE_KEY);
}

/* True when the bucket's hash stands in `tree`. */
static bool held(struct root *root, uint8_t shelf, unsigned bucket, struct lum_hash *out)
{
    uint8_t key[TREE_KEY];
    struct lum_bytes row;
    enum lum_status status =
        lum_txn_get(root->view, LUM_V_TREE, tree_key(shelf, bucket, key), &row);
    if (status == LUM_OK && row.len == HASH) {
        memcpy(out->b, row.at, HASH);
        return true;
    }
    if (status != LUM_NOT_FOUND) {
        fail(root, status == LUM_OK ? LUM_CORRUPT : status);
    }
    return false;
}

static void keep(struct root *root, uint8_t shelf, unsigned bucket, const struct lum_hash *hash)
{
    uint8_t key[TREE_KEY];
    enum lum_status status = lum_txn_put(root->view, LUM_V_TREE, tree_key(shelf, bucket, key),
                                         lum_bytes_of(hash->b, sizeof hash->b));
    if (status != LUM_OK) {
        fail(root, status);
    }
}

static enum lum_status root_of(struct lum_txn *view, struct lum_txn *log, uint8_t shelf,
                               bool is_kept, struct lum_hash *out)
{
    struct root root;
    struct lum_hasher h;
    root_init(&root, view, log);
    lum_hash_init(&h, LUM_LABEL_state, sizeof out->b);
    lum_hash_add_u16(&h, LUM_STATE_VERSION);
    for (unsigned bucket = 0; bucket < LUM_VIEW_BUCKETS && root.status == LUM_OK; bucket++) {
        struct lum_hash hash;
        if (!held(&root, shelf, bucket, &hash) && root.status == LUM_OK) {
            bucket_hash(&root, shelf, bucket, &hash);
            if (is_kept && root.status == LUM_OK) {
                keep(&root, shelf, bucket, &hash);
            }
        }
        lum_hash_add(&h, hash.b, sizeof hash.b);
    }
    lum_hash_end(&h, out->b, sizeof out->b);
    root_fini(&root);
    return root.status;
}

enum lum_status lum_view_root(struct lum_txn *view, struct lum_txn *log, uint8_t shelf,
                              struct lum_hash *out)
{
    return root_of(view, log, shelf, false, out);
}

enum lum_status lum_view_root_keep(struct lum_txn *view, struct lum_txn *log, uint8_t shelf,
                                   struct lum_hash *out)
{
    return root_of(view, log, shelf, true, out);
}
