/*
 * first_contact.c - a newcomer's way into a space, and the names by which people know it.
 *
 *   invite -> genesis document (its hash is the space id of the invite) -> keys -> gov -> JOIN
 *          -> WELCOME: K, and the person's name as a record
 *
 * Names are records on the common shelf, so that they merge and can be forgotten: _space has one,
 * with the key "space"; _member has one for each member, with its id in lower hex.
 */
#include <string.h>

#include "core/space_i.h"
#include "core/value.h"

/* ---- what both founder and newcomer keep ---- */

enum lum_status lum_space_put_space(struct lum_space *space, struct lum_bytes document,
                                    struct lum_error *err)
{
    struct lum_hash id;
    lum_genesis_id(document, &id);
    enum lum_status status = lum_space_meta_put(space, LUM_META_GENESIS, document, err);
    if (status != LUM_OK) {
        return status;
    }
    space->roster_is_stale = true;
    return lum_space_meta_put(space, LUM_META_SPACE, lum_bytes_of(id.b, sizeof id.b), err);
}

enum lum_status lum_space_put_secret(struct lum_space *space, uint32_t generation,
                                     const uint8_t secret[32], struct lum_error *err)
{
    uint8_t value[4 + 32];
    lum_put_u32(value, generation);
    memcpy(value + 4, secret, 32);
    enum lum_status status =
        lum_space_meta_put(space, LUM_META_SECRET, lum_bytes_of(value, sizeof value), err);
    lum_wipe(value, sizeof value);
    if (status == LUM_OK) {
        space->generation = generation;
        memcpy(space->secret, secret, sizeof space->secret);
        space->has_secret = true;
    }
    return status;
}

/* {"name": text}, the text as a person means it: NFC, trimmed, one line. */
static enum lum_status write_name(struct lum_bytes name, struct lum_buf *fields)
{
    struct lum_buf value;
    struct lum_buf text;
    lum_buf_init(&value, (size_t)2 * LUM_VALUE_MAX);
    lum_buf_init(&text, LUM_VALUE_MAX);
    lum_pack_str(&value, name);
    enum lum_status status = lum_buf_status(&value);
    if (status == LUM_OK) {
        status = lum_key_text(lum_buf_bytes(&value), &text);
    }
    if (status == LUM_OK) {
        lum_pack_map(fields, 1);
        lum_pack_cstr(fields, "name");
        lum_pack_str(fields, lum_buf_bytes(&text));
        status = lum_buf_status(fields);
    }
    lum_buf_fini(&value);
    lum_buf_fini(&text);
    return status;
}

static enum lum_status bad_name(struct lum_bytes name, struct lum_error *err)
{
    char text[128];
    size_t len = name.len < sizeof text ? name.len : sizeof text - 1;
    memcpy(text, name.at, len);
    text[len] = '\0';
    return lum_fail(err, LUM_CAUSE_bad_name, text, NULL);
}

enum lum_status lum_space_put_name(struct lum_space *space, const char *collection,
                                   struct lum_bytes key, struct lum_bytes name,
                                   struct lum_error *err)
{
    struct lum_draft *draft = NULL;
    struct lum_event_at at;
    struct lum_buf fields;
    lum_buf_init(&fields, (size_t)2 * LUM_VALUE_MAX);
    enum lum_status status = write_name(name, &fields);
    if (status == LUM_INVALID || status == LUM_LIMIT) {
        status = bad_name(name, err);
    } else if (status == LUM_OK) {
        status = lum_draft_open(&draft);
    }
    if (status == LUM_OK) {
        lum_draft_make_keyed(draft, lum_bytes_of(collection, strlen(collection)), key,
                             lum_buf_bytes(&fields));
        status = lum_space_append(space, LUM_SHELF_COMMON, draft, &at, err);
    }
    lum_draft_close(draft);
    lum_buf_fini(&fields);
    return status;
}

enum lum_status lum_space_put_member(struct lum_space *space, struct lum_bytes person,
                                     struct lum_error *err)
{
    static const char digits[] = "0123456789abcdef";
    struct lum_id member;
    char key[2 * sizeof member.b];
    lum_member_id(&space->id, space->keys.author.public, &member);
    for (size_t i = 0; i < sizeof member.b; i++) {
        key[2 * i] = digits[member.b[i] >> 4];
        key[2 * i + 1] = digits[member.b[i] & 15];
    }
    return lum_space_put_name(space, "_member", lum_bytes_of(key, sizeof key), person, err);
}

/* ---- the newcomer's steps ---- */

/* Ends a batch of one step: what it wrote is durable, or nothing of it is there. */
static enum lum_status end_step(struct lum_space *space, enum lum_status status,
                                struct lum_error *err)
{
    if (status != LUM_OK) {
        lum_space_abort(space);
        return status;
    }
    return lum_space_commit(space, err);
}

enum lum_status lum_space_accept_genesis(struct lum_space *space, struct lum_bytes document,
                                         struct lum_error *err)
{
    struct lum_hash id;
    struct lum_genesis genesis;
    lum_genesis_id(document, &id);
    bool is_it = memcmp(id.b, space->id.b, sizeof id.b) == 0;
    if (!is_it || !lum_genesis_read(document, &genesis)) {
        return lum_fail(err, LUM_CAUSE_foreign_bytes, "genesis", lum_fault_name(LUM_FAULT_SPACE));
    }
    if (space->has_genesis) {
        return LUM_OK;
    }
    enum lum_status status = lum_space_begin(space, err);
    if (status == LUM_OK) {
        status = lum_space_put_space(space, document, err);
    }
    status = end_step(space, status, err);
    return status == LUM_OK ? lum_space_take_genesis(space, document, err) : status;
}

static const struct lum_invite_fact *find_invite(const struct lum_roster *roster,
                                                 const uint8_t pk[32])
{
    for (size_t i = 0; i < lum_roster_invite_count(roster); i++) {
        const struct lum_invite_fact *invite = lum_roster_invite(roster, i);
        if (invite->is_counting && memcmp(invite->pk, pk, sizeof invite->pk) == 0) {
            return invite;
        }
    }
    return NULL;
}

static void make_join(const struct lum_space *space, const struct lum_sign_key *invite_key,
                      const struct lum_ref *invite, struct lum_control *out)
{
    memset(out, 0, sizeof *out);
    out->op = LUM_JOIN;
    out->join.invite = *invite;
    memcpy(out->join.axt, space->keys.author.public, 32);
    memcpy(out->join.axt + 32, space->keys.box_public, 32);
    memcpy(out->join.axt + 64, space->keys.node.public, 32);
    lum_join_sign(invite_key, &space->id, out->join.axt, &out->join.sig);
}

enum lum_status lum_space_write_join(struct lum_space *space, struct lum_error *err)
{
    if (!space->has_genesis) {
        return lum_fail(err, LUM_CAUSE_bad_invite, "unknown", NULL);
    }
    bool is_joined = lum_roster_by_author(space->roster, space->keys.author.public) != NULL;
    if (is_joined || !space->has_invite) {
        return LUM_OK;
    }
    struct lum_sign_key key;
    struct lum_control join;
    struct lum_event_at at;
    lum_invite_sign_key(&space->invite, &key);
    const struct lum_invite_fact *invite = find_invite(space->roster, key.public);
    if (invite != NULL) {
        make_join(space, &key, &invite->ref, &join);
    }
    lum_wipe(&key, sizeof key);
    if (invite == NULL) {
        return lum_fail(err, LUM_CAUSE_bad_invite, "unknown", NULL);
    }
    enum lum_status status = lum_space_begin(space, err);
    if (status == LUM_OK) {
        status = lum_space_append_control(space, &join, &at, err);
    }
    return end_step(space, status, err);
}

enum lum_status lum_space_welcome(struct lum_space *space, uint32_t generation,
                                  const uint8_t secret[32], struct lum_bytes person,
                                  struct lum_error *err)
{
    if (!space->has_genesis || !space->has_invite) { /* too early, or welcome already */
        return LUM_OK;
    }
    enum lum_status status = lum_space_begin(space, err);
    if (status == LUM_OK) {
        status = lum_space_put_secret(space, generation, secret, err);
    }
    if (status == LUM_OK) {
        status = lum_space_meta_put(space, LUM_META_INVITE, lum_bytes_of(NULL, 0), err);
    }
    if (status == LUM_OK && person.len > 0) {
        status = lum_space_put_member(space, person, err);
    }
    status = end_step(space, status, err);
    if (status == LUM_OK) {
        space->has_invite = false;
        lum_wipe(&space->invite, sizeof space->invite);
    }
    return status;
}

enum lum_status lum_space_doubt(struct lum_space *space, struct lum_error *err)
{
    if (space->home.in_doubt) {
        return LUM_OK;
    }
    struct lum_home home = space->home;
    home.in_doubt = true;
    enum lum_status status = lum_home_write(space->env, space->dir, &home, err);
    if (status == LUM_OK) {
        space->home = home;
    }
    return status;
}
