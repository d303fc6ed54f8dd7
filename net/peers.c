/*
 * peers.c - the address book. The note is an array of entries:
 *
 *   [address str, t bin 32, meetings, wall_ms, is_equal, received, sent, conflicts, clock_ms,
 *    fault str, fork_seen, copy_seen, bytes_in, bytes_out]
 */
#include "net/peers.h"

#include <string.h>

#include "core/limits.h"
#include "core/pack.h"

enum {
    ENTRY_FIELDS = 14,
};

void lum_peers_init(struct lum_peers *peers)
{
    memset(peers, 0, sizeof(*peers));
}

void lum_peers_fini(struct lum_peers *peers)
{
    lum_free(peers->at);
    lum_peers_init(peers);
}

/* ---- finding and adding ---- */

/* Does one give its place up before the other? Whoever knows a key of the space can come as ever
 * new guests; that must not cost the addresses of the halls. */
static bool goes_before(const struct lum_peer *one, const struct lum_peer *other)
{
    return one->is_guest != other->is_guest ? one->is_guest
                                            : one->last.wall_ms < other->last.wall_ms;
}

/* Room for one more: a new place, or that of the address met longest ago. */
static struct lum_peer *take_place(struct lum_peers *peers)
{
    struct lum_peer *oldest = NULL;

    if (peers->at == NULL) {
        peers->at = lum_alloc_zero(LUM_ADDRESSES_MAX * sizeof(*peers->at));
        if (peers->at == NULL) {
            return NULL;
        }
    }
    if (peers->count < LUM_ADDRESSES_MAX) {
        oldest = &peers->at[peers->count++];
    } else {
        for (size_t i = 0; i < peers->count; i++) {
            struct lum_peer *peer = &peers->at[i];
            if (peer->session == 0 && !peer->is_dialling &&
                (oldest == NULL || goes_before(peer, oldest))) {
                oldest = peer;
            }
        }
        if (oldest == NULL) {
            return NULL;
        }
    }
    memset(oldest, 0, sizeof(*oldest));
    peers->is_dirty = true;
    return oldest;
}

struct lum_peer *lum_peers_by_address(struct lum_peers *peers, const char *address, bool add)
{
    struct lum_peer *peer;
    size_t len = strlen(address);

    for (size_t i = 0; i < peers->count; i++) {
        if (strcmp(peers->at[i].address, address) == 0) {
            return &peers->at[i];
        }
    }
    if (!add || len == 0 || len >= LUM_ADDRESS_TEXT) {
        return NULL;
    }
    peer = take_place(peers);
    if (peer != NULL) {
        memcpy(peer->address, address, len + 1);
    }
    return peer;
}

struct lum_peer *lum_peers_by_node(struct lum_peers *peers, const uint8_t t[32], bool add)
{
    struct lum_peer *peer;

    for (size_t i = 0; i < peers->count; i++) {
        if (memcmp(peers->at[i].t, t, 32) == 0) {
            return &peers->at[i];
        }
    }
    if (!add) {
        return NULL;
    }
    peer = take_place(peers);
    if (peer != NULL) {
        memcpy(peer->t, t, 32);
    }
    return peer;
}

struct lum_peer *lum_peers_by_session(struct lum_peers *peers, uint32_t session)
{
    for (size_t i = 0; i < peers->count; i++) {
        if (session != 0 && peers->at[i].session == session) {
            return &peers->at[i];
        }
    }
    return NULL;
}

/* ---- trying again ---- */

void lum_peer_failed(struct lum_peer *peer, uint64_t now_ms, uint32_t random)
{
    uint64_t wait_ms = peer->backoff_ms == 0 ? LUM_DIAL_BACKOFF_MIN_MS : 2 * peer->backoff_ms;

    if (wait_ms > LUM_DIAL_BACKOFF_MAX_MS) {
        wait_ms = LUM_DIAL_BACKOFF_MAX_MS;
    }
    peer->backoff_ms = wait_ms;
    peer->is_dialling = false;
    peer->next_try_ms = now_ms + wait_ms - random % (wait_ms / 4);
}

void lum_peer_met(struct lum_peer *peer, uint64_t now_ms)
{
    peer->is_dialling = false;
    peer->next_try_ms = now_ms + LUM_DIAL_BACKOFF_MIN_MS;
}

void lum_peer_went_well(struct lum_peer *peer)
{
    peer->backoff_ms = 0;
}

struct lum_peer *lum_peers_due(struct lum_peers *peers, uint64_t now_ms, uint64_t *wake_ms)
{
    for (size_t i = 0; i < peers->count; i++) {
        struct lum_peer *peer = &peers->at[i];
        if (peer->address[0] == '\0' || peer->session != 0 || peer->is_dialling) {
            continue;
        }
        if (peer->next_try_ms <= now_ms) {
            return peer;
        }
        if (peer->next_try_ms < *wake_ms) {
            *wake_ms = peer->next_try_ms;
        }
    }
    return NULL;
}

/* ---- the note ---- */

static bool read_text(struct lum_cur *cur, char *out, size_t room)
{
    struct lum_bytes text = lum_cur_str(cur, room - 1);

    if (memchr(text.at, '\0', text.len) != NULL) {
        lum_cur_fail(cur, LUM_FAULT_TYPE);
    }
    if (cur->fault == LUM_FAULT_NONE) {
        memcpy(out, text.at, text.len);
        out[text.len] = '\0';
    }
    return cur->fault == LUM_FAULT_NONE;
}

static bool read_entry(struct lum_cur *cur, struct lum_peer *out)
{
    struct lum_meeting *last = &out->last;

    memset(out, 0, sizeof(*out));
    lum_cur_array_exact(cur, ENTRY_FIELDS);
    if (!read_text(cur, out->address, sizeof(out->address))) {
        return false;
    }
    lum_cur_bin_exact(cur, out->t, sizeof(out->t));
    out->meetings = lum_cur_uint(cur, INT64_MAX);
    last->wall_ms = lum_cur_uint(cur, INT64_MAX);
    last->is_equal = lum_cur_bool(cur);
    last->received = lum_cur_uint(cur, INT64_MAX);
    last->sent = lum_cur_uint(cur, INT64_MAX);
    last->conflicts = lum_cur_uint(cur, INT64_MAX);
    last->clock_ms = lum_cur_int(cur);
    if (!read_text(cur, last->fault, sizeof(last->fault))) {
        return false;
    }
    last->fork_seen = lum_cur_bool(cur);
    last->copy_seen = lum_cur_bool(cur);
    out->bytes_in = lum_cur_uint(cur, INT64_MAX);
    out->bytes_out = lum_cur_uint(cur, INT64_MAX);
    return cur->fault == LUM_FAULT_NONE;
}

enum lum_status lum_peers_read(struct lum_peers *peers, struct lum_bytes note)
{
    struct lum_cur cur = lum_cur_over(note);
    uint32_t count = lum_cur_array(&cur, LUM_ADDRESSES_MAX);

    for (uint32_t i = 0; i < count; i++) {
        struct lum_peer entry;
        struct lum_peer *place;
        if (!read_entry(&cur, &entry)) {
            break;
        }
        place = take_place(peers);
        if (place == NULL) {
            return LUM_NO_MEMORY;
        }
        *place = entry;
    }
    peers->is_dirty = false;
    return LUM_OK;
}

void lum_peers_write(const struct lum_peers *peers, struct lum_buf *out)
{
    lum_pack_array(out, (uint32_t)peers->count);
    for (size_t i = 0; i < peers->count; i++) {
        const struct lum_peer *peer = &peers->at[i];
        const struct lum_meeting *last = &peer->last;
        lum_pack_array(out, ENTRY_FIELDS);
        lum_pack_cstr(out, peer->address);
        lum_pack_bin(out, peer->t, sizeof(peer->t));
        lum_pack_uint(out, peer->meetings);
        lum_pack_uint(out, last->wall_ms);
        lum_pack_bool(out, last->is_equal);
        lum_pack_uint(out, last->received);
        lum_pack_uint(out, last->sent);
        lum_pack_uint(out, last->conflicts);
        lum_pack_int(out, last->clock_ms);
        lum_pack_cstr(out, last->fault);
        lum_pack_bool(out, last->fork_seen);
        lum_pack_bool(out, last->copy_seen);
        lum_pack_uint(out, peer->bytes_in);
        lum_pack_uint(out, peer->bytes_out);
    }
}
