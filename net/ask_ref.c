/*
 * ask_ref.c - short texts of people turned into records, events and members, and back.
 */
#include "net/ask_ref.h"

#include <stdio.h>
#include <string.h>

#include "core/value.h"

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hex digits of a prefix, maybe an odd number. False when one is none, or they are too many. */
static bool hex_prefix(struct lum_bytes text, uint8_t *out, size_t out_len)
{
    if (text.len < LUM_PREFIX_MIN || text.len > 2 * out_len) {
        return false;
    }
    memset(out, 0, out_len);
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_digit(text.at[i]);
        if (digit < 0) {
            return false;
        }
        out[i / 2] |= (uint8_t)(i % 2 == 0 ? digit << 4 : digit);
    }
    return true;
}

static bool has_prefix(const uint8_t *id, const uint8_t *prefix, size_t digits)
{
    return memcmp(id, prefix, digits / 2) == 0 &&
           (digits % 2 == 0 || (id[digits / 2] & 0xf0) == prefix[digits / 2]);
}

enum lum_status lum_ref_fail(struct lum_error *err, enum lum_cause cause, struct lum_bytes text)
{
    char copy[300]; /* more than an error keeps: it cuts where a character ends */
    size_t len = text.len < sizeof(copy) - 1 ? text.len : sizeof(copy) - 1;

    if (len > 0) {
        memcpy(copy, text.at, len);
    }
    copy[len] = '\0';
    return lum_fail(err, cause, copy, NULL);
}

static const struct lum_roster *roster_of(const struct lum_world *world)
{
    return world->space != NULL ? lum_space_roster(world->space) : world->roster;
}

static enum lum_status read_shelf(const struct lum_ask *ask, uint8_t *out, struct lum_error *err)
{
    const struct lum_roster *roster = roster_of(&ask->world);
    const struct lum_genesis *genesis = roster == NULL ? NULL : lum_roster_genesis(roster);
    uint64_t shelf = LUM_SHELF_COMMON;

    *out = LUM_SHELF_COMMON;
    if (!lum_ask_uint(ask, "shelf", &shelf)) {
        return LUM_OK;
    }
    for (uint32_t i = 0; genesis != NULL && i < genesis->shelf_count; i++) {
        if (genesis->shelves[i].index == shelf && shelf != LUM_SHELF_GOV) {
            *out = (uint8_t)shelf;
            return LUM_OK;
        }
    }
    return lum_fail(err, LUM_CAUSE_bad_request, "shelf", NULL);
}

enum lum_status lum_ref_collection(const struct lum_ask *ask, struct lum_bytes *out,
                                   struct lum_error *err)
{
    struct lum_bytes coll;

    if (!lum_ask_text(ask, "coll", &coll)) {
        return lum_fail(err, LUM_CAUSE_bad_request, "coll", NULL);
    }
    if (!lum_collection_is_valid(coll)) {
        return lum_ref_fail(err, LUM_CAUSE_bad_collection, coll);
    }
    *out = coll;
    return LUM_OK;
}

enum lum_status lum_ref_filter(const struct lum_ask *ask, struct lum_txn *view, uint32_t *out,
                               struct lum_error *err)
{
    struct lum_bytes name;
    enum lum_status status;

    *out = 0;
    if (!lum_ask_text(ask, "coll", &name)) {
        return LUM_OK;
    }
    status = lum_ref_collection(ask, &name, err);
    if (status == LUM_OK) {
        status = lum_view_name_number(view, name, out);
        *out = *out == 0 ? UINT32_MAX : *out;
    }
    return status;
}

enum lum_status lum_ref_place(const struct lum_ask *ask, struct lum_edit_target *out,
                              struct lum_error *err)
{
    enum lum_status status = read_shelf(ask, &out->shelf, err);

    return status == LUM_OK ? lum_ref_collection(ask, &out->collection, err) : status;
}

struct found {
    uint32_t collection; /* name number */
    uint64_t rno;
    uint64_t count;
};

/* The record of the collection whose id begins with these digits, and how many such there are. */
static enum lum_status look_for_prefix(struct lum_txn *view, struct lum_edit_target *target,
                                       const struct lum_id *prefix, size_t digits,
                                       struct found *out)
{
    struct lum_arena arena;
    struct lum_view_ids ids;
    enum lum_status status = lum_view_ids_open(view, target->shelf, prefix, &ids);

    if (status != LUM_OK) {
        return status;
    }
    lum_arena_init(&arena);
    while (status == LUM_OK && ids.is_there && has_prefix(ids.id.b, prefix->b, digits)) {
        struct lum_record record;
        lum_arena_reset(&arena);
        status = lum_view_record(view, ids.rno, &arena, &record);
        if (status == LUM_OK && record.collection == out->collection) {
            target->record = ids.id;
            out->rno = ids.rno;
            out->count++;
        }
        lum_view_ids_next(&ids);
    }
    lum_view_ids_close(&ids);
    lum_arena_fini(&arena);
    return status;
}

static enum lum_status find_by_prefix(struct lum_txn *view, struct lum_edit_target *target,
                                      struct lum_bytes digits, uint64_t *rno, struct lum_error *err)
{
    struct lum_id prefix;
    struct found found = {.collection = 0};
    enum lum_status status = lum_view_name_number(view, target->collection, &found.collection);

    if (status == LUM_OK &&
        (found.collection == 0 || !hex_prefix(digits, prefix.b, sizeof(prefix.b)))) {
        return LUM_NOT_FOUND;
    }
    if (status == LUM_OK) {
        status = look_for_prefix(view, target, &prefix, digits.len, &found);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (found.count > 1) {
        char text[2 * sizeof(prefix.b) + 1] = {0};
        memcpy(text, digits.at, digits.len);
        return lum_fail_number(err, LUM_CAUSE_ambiguous_id, text, found.count);
    }
    *rno = found.rno;
    return found.count == 1 ? LUM_OK : LUM_NOT_FOUND;
}

enum lum_status lum_ref_no_record(const struct lum_ask *ask, struct lum_error *err)
{
    struct lum_bytes text = {0};

    (void)lum_ask_text(ask, "record", &text);
    return lum_ref_fail(err, LUM_CAUSE_no_record, text);
}

enum lum_status lum_ref_record(const struct lum_ask *ask, struct lum_txn *view,
                               struct lum_edit_target *out, uint64_t *rno, struct lum_error *err)
{
    const struct lum_roster *roster = roster_of(&ask->world);
    struct lum_bytes text;
    const uint8_t *slash;
    struct lum_bytes rest;
    enum lum_status status;

    if (!lum_ask_text(ask, "record", &text)) {
        return lum_fail(err, LUM_CAUSE_bad_request, "record", NULL);
    }
    slash = memchr(text.at, '/', text.len);
    if (slash == NULL) {
        return lum_ref_fail(err, LUM_CAUSE_bad_id, text);
    }
    status = read_shelf(ask, &out->shelf, err);
    if (status != LUM_OK) {
        return status;
    }
    out->collection = lum_bytes_of(text.at, (size_t)(slash - text.at));
    rest = lum_bytes_of(slash + 1, text.len - out->collection.len - 1);
    if (!lum_collection_is_valid(out->collection)) {
        return lum_ref_fail(err, LUM_CAUSE_bad_collection, out->collection);
    }
    if (roster != NULL && lum_key_is_valid(rest)) { /* a newcomer has no record yet */
        lum_record_id_keyed(lum_roster_space(roster), out->shelf, out->collection, rest,
                            &out->record);
        status = lum_view_find(view, out->shelf, &out->record, rno);
        if (status != LUM_NOT_FOUND) {
            return status;
        }
    }
    status = find_by_prefix(view, out, rest, rno, err);
    return status == LUM_NOT_FOUND ? lum_ref_no_record(ask, err) : status;
}

static bool parse_seq(struct lum_bytes text, uint64_t *out)
{
    uint64_t seq = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || seq > INT64_MAX / 10 - 1) {
            return false;
        }
        seq = 10 * seq + (uint64_t)(text.at[i] - '0');
    }
    *out = seq;
    return text.len > 0 && seq > 0;
}

enum lum_status lum_ref_event(struct lum_bytes text, struct lum_txn *log, struct lum_place *out,
                              struct lum_error *err)
{
    const uint8_t *colon = memchr(text.at, ':', text.len);
    struct lum_bytes digits = {text.at, colon == NULL ? 0 : (size_t)(colon - text.at)};
    uint8_t prefix[32];
    uint32_t found = 0;

    *out = (struct lum_place){0};
    if (colon == NULL || !hex_prefix(digits, prefix, sizeof(prefix)) ||
        !parse_seq(lum_bytes_of(colon + 1, text.len - digits.len - 1), &out->seq)) {
        return lum_ref_fail(err, LUM_CAUSE_bad_id, text);
    }
    for (uint32_t lno = 1; lno <= lum_log_count(log); lno++) {
        struct lum_log_row row;
        enum lum_status status = lum_log_get(log, lno, &row);
        if (status != LUM_OK) {
            return status;
        }
        if (has_prefix(row.place.log_id.b, prefix, digits.len)) {
            out->lno = lno;
            found++;
        }
    }
    if (found > 1) {
        return lum_fail_number(err, LUM_CAUSE_ambiguous_id, "event", found);
    }
    return found == 1 ? LUM_OK : lum_ref_fail(err, LUM_CAUSE_bad_id, text);
}

/* The shown value of one text field of a record; empty when there is none. */
static struct lum_bytes shown_text(struct lum_txn *view, struct lum_txn *log,
                                   const struct lum_record *record, const char *field)
{
    uint32_t number = 0;
    enum lum_status status =
        lum_view_name_number(view, lum_bytes_of(field, strlen(field)), &number);
    const struct lum_cell *cell = number == 0 ? NULL : lum_record_cell(record, number);
    const struct lum_sibling *sibling;
    struct lum_cur cur;

    if (status != LUM_OK || cell == NULL || lum_view_shown(view, log, cell, &sibling) != LUM_OK) {
        return (struct lum_bytes){0};
    }
    cur = lum_cur_over(sibling->value);
    if (lum_cur_peek(&cur) != LUM_PACK_STR) {
        return (struct lum_bytes){0};
    }
    return lum_cur_str(&cur, LUM_VALUE_MAX);
}

static void hex_of(const uint8_t *at, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[at[i] >> 4];
        out[2 * i + 1] = digits[at[i] & 15];
    }
}

/* One of Lumbung's own records, all of which have a name. */
struct named {
    const struct lum_hash *space;
    struct lum_txn *view;
    struct lum_txn *log;
    struct lum_bytes collection;
    struct lum_bytes key;
};

/* The name shown of it, in the arena or borrowed from the view; empty when it has none. */
static enum lum_status name_of(const struct named *named, struct lum_arena *arena,
                               struct lum_bytes *out)
{
    struct lum_id id;
    struct lum_record record;
    uint64_t rno;
    enum lum_status status;

    *out = (struct lum_bytes){0};
    lum_record_id_keyed(named->space, LUM_SHELF_COMMON, named->collection, named->key, &id);
    status = lum_view_find(named->view, LUM_SHELF_COMMON, &id, &rno);
    if (status == LUM_NOT_FOUND) {
        return LUM_OK;
    }
    if (status == LUM_OK) {
        status = lum_view_record(named->view, rno, arena, &record);
    }
    if (status == LUM_OK) {
        *out = shown_text(named->view, named->log, &record, "name");
    }
    return status;
}

static enum lum_status member_name(const struct lum_roster *roster, struct lum_txn *view,
                                   struct lum_txn *log, const struct lum_device *device,
                                   struct lum_arena *arena, struct lum_bytes *out)
{
    char key[32];
    const struct named named = {
        .space = lum_roster_space(roster),
        .view = view,
        .log = log,
        .collection = lum_bytes_of("_member", 7),
        .key = lum_bytes_of(key, sizeof(key)),
    };

    hex_of(device->member.b, sizeof(device->member.b), key);
    return name_of(&named, arena, out);
}

enum lum_status lum_ref_space_name(const struct lum_world *world, struct lum_arena *arena,
                                   struct lum_bytes *out)
{
    const struct named named = {
        .space = lum_roster_space(world->roster),
        .view = world->view,
        .log = world->log,
        .collection = lum_bytes_of("_space", 6),
        .key = lum_bytes_of("space", 5),
    };

    return name_of(&named, arena, out);
}

enum lum_status lum_ref_member(struct lum_bytes text, const struct lum_roster *roster,
                               struct lum_txn *view, struct lum_txn *log,
                               const struct lum_device **out, struct lum_error *err)
{
    struct lum_arena arena;
    const struct lum_device *found = NULL;
    uint64_t count = 0;
    uint8_t prefix[16];
    bool is_hex = hex_prefix(text, prefix, sizeof(prefix));
    enum lum_status status = LUM_OK;

    lum_arena_init(&arena);
    for (size_t i = 0; i < lum_roster_device_count(roster) && status == LUM_OK; i++) {
        const struct lum_device *device = lum_roster_device(roster, i);
        struct lum_bytes name;
        lum_arena_reset(&arena);
        status = member_name(roster, view, log, device, &arena, &name);
        if ((is_hex && has_prefix(device->member.b, prefix, text.len)) ||
            (name.len > 0 && lum_bytes_equal(name, text))) {
            found = device;
            count++;
        }
    }
    lum_arena_fini(&arena);
    if (status != LUM_OK) {
        return status;
    }
    if (count == 0) {
        return lum_ref_fail(err, LUM_CAUSE_no_member, text);
    }
    if (count > 1) {
        return lum_fail_number(err, LUM_CAUSE_ambiguous_id, "member", count);
    }
    *out = found;
    return LUM_OK;
}

/* Adds what fits before the closing zero; returns the new length. */
static size_t append(char *out, size_t size, size_t len, struct lum_bytes more)
{
    size_t fits = more.len < size - len - 1 ? more.len : size - len - 1;
    if (fits > 0) { /* nothing may lie nowhere */
        memcpy(out + len, more.at, fits);
    }
    out[len + fits] = '\0';
    return len + fits;
}

enum lum_status lum_ref_fail_record(struct lum_error *err, enum lum_cause cause,
                                    struct lum_txn *view, const struct lum_record *record,
                                    uint32_t field)
{
    struct lum_bytes collection = lum_view_name_text(view, record->collection);
    struct lum_bytes name = lum_view_name_text(view, field);
    struct lum_bytes id = record->key;
    char hex[2 * sizeof(record->id.b)];
    char one[300];
    char two[LUM_FIELD_MAX + 1];

    if (id.len == 0) {
        hex_of(record->id.b, sizeof(record->id.b), hex);
        id = lum_bytes_of(hex, sizeof(hex));
    }
    size_t at = append(one, sizeof(one), 0, collection);
    at = append(one, sizeof(one), at, lum_bytes_of("/", 1));
    (void)append(one, sizeof(one), at, id);
    (void)append(two, sizeof(two), 0, name);
    return lum_fail(err, cause, one, two);
}

void lum_ref_tell_record(struct lum_reply *reply, struct lum_txn *view,
                         const struct lum_record *record)
{
    lum_reply_hex(reply, "id", record->id.b, sizeof(record->id.b));
    lum_reply_text(reply, "coll", lum_view_name_text(view, record->collection));
    if (record->key.len > 0) {
        lum_reply_text(reply, "key", record->key);
    }
}

/* ID in hex, a colon, SEQ. */
static void tell_position(struct lum_reply *reply, const char *key, struct lum_bytes id,
                          uint64_t seq)
{
    char text[64 + 1 + 20];
    char reversed[20];
    size_t digits = 0;
    size_t len = 2 * id.len;

    LUM_ASSERT(len <= 64);
    hex_of(id.at, id.len, text);
    text[len++] = ':';
    do {
        reversed[digits++] = (char)('0' + seq % 10);
        seq /= 10;
    } while (seq > 0);
    while (digits > 0) {
        text[len++] = reversed[--digits];
    }
    lum_reply_text(reply, key, lum_bytes_of(text, len));
}

void lum_ref_tell_event(struct lum_reply *reply, const char *key, const struct lum_hash *log_id,
                        uint64_t seq)
{
    tell_position(reply, key, lum_bytes_of(log_id->b, sizeof(log_id->b)), seq);
}

void lum_ref_tell_ref(struct lum_reply *reply, const char *key, const struct lum_ref *ref)
{
    tell_position(reply, key, lum_bytes_of(ref->log8, sizeof(ref->log8)), ref->seq);
}

static const char *const role_names[] = {
    [LUM_ROLE_NONE] = "none",     [LUM_ROLE_RELAY] = "relay",     [LUM_ROLE_READER] = "reader",
    [LUM_ROLE_WRITER] = "writer", [LUM_ROLE_STEWARD] = "steward",
};

const char *lum_ref_role_name(unsigned role)
{
    return role_names[role < LUM_COUNT(role_names) ? role : LUM_ROLE_NONE];
}

enum lum_role lum_ref_role(struct lum_bytes name)
{
    for (int role = LUM_ROLE_RELAY; role <= LUM_ROLE_STEWARD; role++) {
        if (lum_bytes_equal(name, lum_bytes_of(role_names[role], strlen(role_names[role])))) {
            return (enum lum_role)role;
        }
    }
    return LUM_ROLE_NONE;
}

enum lum_status lum_ref_name(const struct lum_world *world, struct lum_arena *arena,
                             const uint8_t author[32], struct lum_bytes *out)
{
    const struct lum_device *device =
        world->roster == NULL ? NULL : lum_roster_by_author(world->roster, author);
    char *hex;
    enum lum_status status;

    *out = (struct lum_bytes){0};
    if (device != NULL) {
        status = member_name(world->roster, world->view, world->log, device, arena, out);
        if (status != LUM_OK || out->len > 0) {
            return status;
        }
    }
    hex = lum_arena_take(arena, 8);
    if (hex == NULL) {
        return LUM_NO_MEMORY;
    }
    hex_of(device != NULL ? device->member.b : author, 4, hex);
    *out = lum_bytes_of(hex, 8);
    return LUM_OK;
}
