/*
 * ask_status.c - the request that tells how a space stands: who, how much, equal with whom.
 *
 * It runs beside the writer, which alone can keep what a state root costs: 2 us a record at the
 * first time, then only what has changed. A small space pays each time instead of with 200 kB.
 * Lists inside the answer are bounded, so that it stays one map whatever others write.
 */
#include <string.h>

#include "net/ask.h"
#include "net/ask_ref.h"

enum {
    FORKS_TOLD_MAX = 256,
    KEEP_ROOTS_FROM = 10000, /* records */
};

/* ---- who and what ---- */

/* A newcomer knows no more than its invite says. */
static void tell_newcomer(struct lum_ask *ask)
{
    char text[LUM_INVITE_TEXT + 1] = {0};
    struct lum_bytes row = {0};
    struct lum_invite invite;
    enum lum_status status = lum_txn_get(
        ask->world.log, LUM_T_META, lum_bytes_of(LUM_META_INVITE, strlen(LUM_META_INVITE)), &row);

    lum_reply_bool(&ask->reply, "newcomer", true);
    if (status != LUM_OK || row.len != LUM_INVITE_TEXT) {
        return;
    }
    memcpy(text, row.at, row.len);
    if (lum_invite_from_text(text, &invite, NULL) == LUM_OK) {
        lum_reply_hex(&ask->reply, "space", invite.space.b, sizeof(invite.space.b));
    }
}

static enum lum_status tell_self(struct lum_ask *ask)
{
    const struct lum_world *world = &ask->world;
    const uint8_t *author = world->keys->author.public;
    const struct lum_device *device = lum_roster_by_author(world->roster, author);
    struct lum_id member;
    struct lum_bytes name;
    enum lum_status status = lum_ref_name(world, &ask->arena, author, &name);

    if (status != LUM_OK) {
        return status;
    }
    lum_member_id(lum_roster_space(world->roster), author, &member);
    lum_reply_hex(&ask->reply, "member", device == NULL ? member.b : device->member.b,
                  sizeof(member.b));
    lum_reply_text(&ask->reply, "person", name);
    lum_reply_cstr(&ask->reply, "role", lum_ref_role_name(device == NULL ? 0 : device->role));
    if (device == NULL || !device->is_effective) {
        lum_reply_bool(&ask->reply, "self_waiting", true);
    }
    return LUM_OK;
}

static enum lum_status tell_space(struct lum_ask *ask)
{
    const struct lum_world *world = &ask->world;
    const struct lum_roster *roster = world->roster;
    struct lum_bytes name;
    struct lum_buf *map;
    uint64_t members = 0;
    enum lum_status status = lum_ref_space_name(world, &ask->arena, &name);

    if (status != LUM_OK) {
        return status;
    }
    for (size_t i = 0; i < lum_roster_device_count(roster); i++) {
        members += lum_roster_device(roster, i)->is_effective;
    }
    lum_reply_hex(&ask->reply, "space", lum_roster_space(roster)->b, 32);
    lum_reply_text(&ask->reply, "name", name);
    map = lum_reply_value(&ask->reply, "roster");
    lum_pack_map(map, 2);
    lum_pack_cstr(map, "members");
    lum_pack_uint(map, members);
    lum_pack_cstr(map, "waiting");
    lum_pack_uint(map, lum_roster_device_count(roster) - members);
    return world->keys == NULL ? LUM_OK : tell_self(ask);
}

/* ---- how much ---- */

enum lum_status lum_ask_counts(struct lum_ask *ask, struct lum_view_counts *out,
                               struct lum_error *err)
{
    struct lum_txn *view = NULL;
    enum lum_status status = lum_txn_begin_read(lum_space_view(ask->world.space), &view, err);

    if (status == LUM_OK) {
        status = lum_view_counts(view, out);
        lum_txn_abort(view);
    }
    return status;
}

static enum lum_status tell_counts(struct lum_ask *ask)
{
    struct lum_reply *reply = &ask->reply;
    struct lum_view_counts counts;
    enum lum_status status = lum_view_counts(ask->world.view, &counts);

    if (status == LUM_OK) {
        lum_reply_uint(reply, "records", counts.records);
        lum_reply_uint(reply, "deleted", counts.deleted);
        lum_reply_uint(reply, "conflicts", counts.conflicts);
        lum_reply_uint(reply, "revived", counts.revived);
        lum_reply_uint(reply, "pending", counts.pending);
        lum_reply_uint(reply, "void", counts.voided);
        lum_reply_uint(reply, "waiting", counts.waiting);
        lum_reply_uint(reply, "bytes_log", lum_txn_bytes(ask->world.log));
        lum_reply_uint(reply, "bytes_view", lum_txn_bytes(ask->world.view));
    }
    return status;
}

/* A log with two branches: whose, and up to where it stands. */
static void tell_fork(const struct lum_world *world, struct lum_arena *arena,
                      const struct lum_log_row *log, struct lum_reply *item)
{
    struct lum_bytes name;

    lum_reply_hex(item, "log", log->place.log_id.b, sizeof(log->place.log_id.b));
    lum_reply_hex(item, "author", log->name.author, sizeof(log->name.author));
    lum_reply_uint(item, "shelf", log->name.shelf);
    lum_reply_uint(item, "seq", log->fork_point);
    if (lum_ref_name(world, arena, log->name.author, &name) == LUM_OK) {
        lum_reply_text(item, "member", name);
    }
}

static enum lum_status tell_logs(struct lum_ask *ask, struct lum_reply *item)
{
    struct lum_txn *txn = ask->world.log;
    uint32_t count = lum_log_count(txn);
    uint64_t events = 0;
    uint32_t forks = 0;
    struct lum_buf list;
    enum lum_status status = LUM_OK;

    lum_buf_init(&list, LUM_REPLY_PAGE);
    for (uint32_t lno = 1; lno <= count && status == LUM_OK; lno++) {
        struct lum_log_row log;
        status = lum_log_get(txn, lno, &log);
        if (status == LUM_OK) {
            events += log.place.chain.seq;
        }
        if (status == LUM_OK && log.is_frozen && forks < FORKS_TOLD_MAX) {
            tell_fork(&ask->world, &ask->arena, &log, item);
            lum_reply_map(item, &list);
            forks++;
        }
    }
    lum_reply_uint(&ask->reply, "logs", count);
    lum_reply_uint(&ask->reply, "events", events);
    if (forks > 0 && status == LUM_OK) {
        struct lum_buf *forked = lum_reply_value(&ask->reply, "forks");
        lum_pack_array(forked, forks);
        lum_pack_raw(forked, lum_buf_bytes(&list));
    }
    status = status == LUM_OK ? lum_buf_status(&list) : status;
    lum_buf_fini(&list);
    return status;
}

/* ---- equal or not ---- */

struct shelf {
    uint8_t frontier[16];
    struct lum_hash state;
};

static enum lum_status look_at_shelf(const struct lum_world *world, uint8_t shelf,
                                     struct shelf *out)
{
    enum lum_status status = lum_log_frontier(world->log, shelf, out->frontier);

    return status == LUM_OK ? lum_view_root(world->view, world->log, shelf, &out->state) : status;
}

static void tell_shelf(const struct shelf *shelf, struct lum_reply *reply)
{
    lum_reply_hex(reply, "frontier", shelf->frontier, sizeof(shelf->frontier));
    lum_reply_hex(reply, "state", shelf->state.b, sizeof(shelf->state.b));
}

/* Each shelf's in "shelves", and that of common once more where everybody looks for it. */
static enum lum_status tell_shelves(struct lum_ask *ask, struct lum_reply *item)
{
    const struct lum_genesis *genesis = lum_roster_genesis(ask->world.roster);
    struct shelf shelves[LUM_SHELVES_MAX];
    struct lum_buf *list;

    for (uint32_t i = 0; i < genesis->shelf_count; i++) {
        enum lum_status status = look_at_shelf(&ask->world, genesis->shelves[i].index, &shelves[i]);
        if (status != LUM_OK) {
            return status;
        }
        if (genesis->shelves[i].index == LUM_SHELF_COMMON) {
            tell_shelf(&shelves[i], &ask->reply);
        }
    }
    list = lum_reply_value(&ask->reply, "shelves");
    lum_pack_array(list, genesis->shelf_count);
    for (uint32_t i = 0; i < genesis->shelf_count; i++) {
        lum_reply_uint(item, "shelf", genesis->shelves[i].index);
        lum_reply_cstr(item, "name", genesis->shelves[i].name);
        tell_shelf(&shelves[i], item);
        lum_reply_map(item, list);
    }
    return LUM_OK;
}

/* ---- neighbours ---- */

enum lum_status lum_ask_tell_peer(const struct lum_world *world, const struct lum_peer *peer,
                                  struct lum_reply *reply)
{
    const struct lum_meeting *last = &peer->last;
    const struct lum_device *device =
        world->roster == NULL ? NULL : lum_roster_by_node(world->roster, peer->t);
    struct lum_arena arena;
    struct lum_bytes name = {0};
    enum lum_status status = LUM_OK;

    lum_reply_cstr(reply, "address", peer->address);
    lum_reply_bool(reply, "equal", last->is_equal);
    lum_reply_bool(reply, "live", last->is_live);
    lum_reply_uint(reply, "t", last->wall_ms);
    lum_reply_uint(reply, "received", last->received);
    lum_reply_uint(reply, "sent", last->sent);
    lum_reply_uint(reply, "conflicts", last->conflicts);
    lum_reply_int(reply, "clock_ms", last->clock_ms);
    lum_reply_bool(reply, "fork", last->fork_seen);
    lum_reply_bool(reply, "copy", last->copy_seen);
    lum_reply_uint(reply, "meetings", peer->meetings);
    if (last->fault[0] != '\0') {
        lum_reply_cstr(reply, "fault", last->fault);
    }
    if (device == NULL) {
        return LUM_OK;
    }
    lum_arena_init(&arena);
    status = lum_ref_name(world, &arena, device->a, &name);
    if (status == LUM_OK) {
        lum_reply_hex(reply, "member", device->member.b, sizeof(device->member.b));
        lum_reply_text(reply, "name", name);
    }
    lum_arena_fini(&arena);
    return status;
}

static bool was_met(const struct lum_peer *peer)
{
    return peer->address[0] != '\0' || peer->meetings > 0;
}

static enum lum_status tell_peers(struct lum_ask *ask, struct lum_reply *item)
{
    struct lum_peers peers;
    struct lum_bytes note = {0};
    struct lum_buf *list;
    uint32_t met = 0;
    enum lum_status status = lum_log_note_get(ask->world.log, "peers", &note);

    lum_peers_init(&peers);
    if (status == LUM_OK) {
        status = lum_peers_read(&peers, note);
    }
    status = status == LUM_NOT_FOUND ? LUM_OK : status;
    for (size_t i = 0; i < peers.count; i++) {
        met += was_met(&peers.at[i]);
    }
    list = lum_reply_value(&ask->reply, "peers");
    lum_pack_array(list, met);
    for (size_t i = 0; i < peers.count && status == LUM_OK; i++) {
        if (was_met(&peers.at[i])) {
            status = lum_ask_tell_peer(&ask->world, &peers.at[i], item);
            lum_reply_uint(item, "bytes_in", peers.at[i].bytes_in);
            lum_reply_uint(item, "bytes_out", peers.at[i].bytes_out);
            lum_reply_map(item, list);
        }
    }
    lum_peers_fini(&peers);
    return status;
}

/* ---- status ---- */

static enum lum_status tell_status(struct lum_ask *ask, struct lum_reply *item)
{
    enum lum_status status = tell_counts(ask);

    if (status == LUM_OK) {
        status = tell_logs(ask, item);
    }
    if (status == LUM_OK) {
        status = tell_peers(ask, item);
    }
    if (status != LUM_OK) {
        return status;
    }
    if (ask->world.roster == NULL) {
        tell_newcomer(ask);
        return LUM_OK;
    }
    status = tell_space(ask);
    return status == LUM_OK ? tell_shelves(ask, item) : status;
}

/* On snapshots of both files. */
static enum lum_status tell_snapshot(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_world *world = &ask->world;
    struct lum_reply item; /* one map of a list */
    enum lum_status status = lum_txn_begin_read(lum_space_log(world->space), &world->log, err);

    lum_reply_init(&item, NULL);
    if (status == LUM_OK) {
        status = lum_txn_begin_read(lum_space_view(world->space), &world->view, err);
    }
    if (status == LUM_OK) {
        status = tell_status(ask, &item);
    }
    lum_txn_abort(world->view);
    lum_txn_abort(world->log);
    world->view = NULL;
    world->log = NULL;
    lum_reply_fini(&item);
    return status;
}

/* Where that cannot be, on a full disk, they are worked out and not kept. */
static void keep_roots(struct lum_space *space)
{
    struct lum_view_counts counts = {0};
    struct lum_txn *view = NULL;

    if (lum_txn_begin_read(lum_space_view(space), &view, NULL) == LUM_OK) {
        (void)!lum_view_counts(view, &counts);
    }
    lum_txn_abort(view);
    if (counts.records + counts.deleted >= KEEP_ROOTS_FROM) {
        (void)!lum_space_keep_roots(space, NULL);
    }
}

/* {}: everything in one map. */
enum lum_status lum_ask_status(struct lum_ask *ask, struct lum_error *err)
{
    struct lum_space *space = ask->world.space;
    const struct lum_room *room = lum_space_room(space);
    enum lum_status status = lum_space_settle_to_read(space, err);

    if (status != LUM_OK) {
        return status;
    }
    keep_roots(space);
    ask->world.roster = lum_space_roster(space);
    lum_reply_cstr(&ask->reply, "version", LUM_VERSION);
    if (lum_space_home(space)->in_doubt) {
        lum_reply_bool(&ask->reply, "in_doubt", true);
    }
    if (!lum_room_has(room, LUM_ROOM_REMOTE)) {
        lum_reply_uint(&ask->reply, "room", room->free);
    }
    status = tell_snapshot(ask, err);
    if (status == LUM_OK) {
        lum_reply_end(&ask->reply, LUM_FRAME_DONE);
    }
    return status;
}
