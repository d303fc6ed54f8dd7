/*
 * message.c - every message, written and read side by side. Layouts: message.h.
 *
 * A body comes from outside and is read by the cursor alone; lum_cur_end says whether all of it was
 * read, so a body with one byte more is a fault too.
 */
#include "sync/message.h"

#include <string.h>

enum {
    DIGEST_BYTES = 1 + 16, /* shelf | digest */
    WALL_MAX_BITS = LUM_TIME_BITS,
    SEAL_BYTES = 64,
};
#define SEQ_MAX ((uint64_t)INT64_MAX - 1) /* so that -1 - seq is an int64 too */

static const char AUTH_LABEL[] = "lumbung/1 auth";
enum {
    HASH_BYTES = 64,                         /* of the handshake */
    AUTH_ARRAY_MAX = 1 + 4 * 9 + 5 + 9 + 34, /* as canonical msgpack spells it */
    AUTH_SIGNED_MAX = sizeof AUTH_LABEL - 1 + 1 + HASH_BYTES + AUTH_ARRAY_MAX,
};

/* ---- AUTH ---- */

/* On the stack: a check that finds no memory would call an honest neighbour faulty. */
static struct lum_bytes signed_bytes(const struct lum_auth_role *role, struct lum_bytes array,
                                     uint8_t out[AUTH_SIGNED_MAX])
{
    size_t len = sizeof(AUTH_LABEL) - 1;
    LUM_ASSERT(array.len <= AUTH_ARRAY_MAX);
    memcpy(out, AUTH_LABEL, len);
    out[len++] = role->is_initiator ? 0 : 1;
    memcpy(out + len, role->hash, HASH_BYTES);
    len += HASH_BYTES;
    memcpy(out + len, array.at, array.len);
    return lum_bytes_of(out, len + array.len);
}

void lum_message_put_auth(struct lum_buf *out, const struct lum_auth *auth,
                          const struct lum_auth_role *role, const struct lum_sign_key *t)
{
    size_t start = out->len;
    lum_pack_array(out, 7);
    lum_pack_uint(out, LUM_PROTOCOL);
    lum_pack_uint(out, LUM_PROTOCOL);
    lum_pack_uint(out, 0); /* features */
    lum_pack_uint(out, 0); /* newest dictionary */
    if (auth->has_generation) {
        lum_pack_uint(out, auth->generation);
    } else {
        lum_pack_nil(out);
    }
    lum_pack_uint(out, auth->wall_ms);
    lum_pack_bin(out, t->public, sizeof(t->public));
    if (out->broken) {
        return;
    }
    uint8_t message[AUTH_SIGNED_MAX];
    struct lum_sig sig;
    struct lum_bytes array = lum_bytes_of(out->at + start, out->len - start);
    lum_sign(t, signed_bytes(role, array, message), &sig);
    lum_pack_bin(out, sig.b, sizeof(sig.b));
}

enum lum_fault lum_message_get_auth(struct lum_bytes body, struct lum_auth *auth)
{
    struct lum_cur cur = lum_cur_over(body);
    lum_cur_array_exact(&cur, 7);
    uint64_t min = lum_cur_uint(&cur, INT64_MAX);
    uint64_t max = lum_cur_uint(&cur, INT64_MAX);
    (void)lum_cur_uint(&cur, INT64_MAX); /* features: none that must be understood */
    (void)lum_cur_uint(&cur, INT64_MAX); /* dictionaries: we send none */
    auth->has_generation = lum_cur_peek(&cur) != LUM_PACK_NIL;
    auth->generation = 0;
    if (auth->has_generation) {
        auth->generation = (uint32_t)lum_cur_uint(&cur, UINT32_MAX);
    } else {
        lum_cur_nil(&cur);
    }
    auth->wall_ms = lum_cur_uint(&cur, (UINT64_C(1) << WALL_MAX_BITS) - 1);
    lum_cur_bin_exact(&cur, auth->t, sizeof(auth->t));
    auth->array = lum_bytes_of(body.at, body.len - lum_cur_left(&cur));
    lum_cur_bin_exact(&cur, auth->sig.b, sizeof(auth->sig.b));
    enum lum_fault fault = lum_cur_end(&cur);
    bool is_shared = min <= LUM_PROTOCOL && LUM_PROTOCOL <= max;
    return fault == LUM_FAULT_NONE && !is_shared ? LUM_FAULT_AUTH : fault;
}

bool lum_message_check_auth(const struct lum_auth *auth, const struct lum_auth_role *role)
{
    uint8_t message[AUTH_SIGNED_MAX];
    return lum_sign_check(auth->t, signed_bytes(role, auth->array, message), &auth->sig);
}

/* ---- WELCOME ---- */

void lum_message_put_welcome(struct lum_buf *out, const struct lum_welcome *welcome)
{
    lum_pack_uint(out, welcome->generation);
    lum_pack_bin(out, welcome->secret, sizeof(welcome->secret));
}

enum lum_fault lum_message_get_welcome(struct lum_bytes body, struct lum_welcome *welcome)
{
    struct lum_cur cur = lum_cur_over(body);
    welcome->generation = (uint32_t)lum_cur_uint(&cur, UINT32_MAX);
    lum_cur_bin_exact(&cur, welcome->secret, sizeof(welcome->secret));
    return lum_cur_end(&cur);
}

/* ---- FRONT ---- */

void lum_message_put_front(struct lum_buf *out, const struct lum_front *front)
{
    uint8_t digests[LUM_SHELVES_MAX * DIGEST_BYTES];
    size_t len = 0;
    LUM_ASSERT((front->covered & ~front->shown) == 0 && (front->digested & ~front->shown) == 0);
    for (uint8_t shelf = 0; shelf < LUM_SHELVES_MAX; shelf++) {
        if ((front->digested >> shelf & 1) != 0) {
            digests[len] = shelf;
            memcpy(digests + len + 1, front->digests[shelf], 16);
            len += DIGEST_BYTES;
        }
    }
    lum_pack_uint(out, front->mode);
    lum_pack_uint(out, front->shown);
    lum_pack_uint(out, front->covered);
    lum_pack_bin(out, digests, len);
}

/* n, or -1 - n when it is marked. */
static void put_signed(struct lum_buf *out, uint64_t n, bool is_marked)
{
    int64_t value = (int64_t)n;
    lum_pack_int(out, is_marked ? -1 - value : value);
}

static uint64_t get_signed(struct lum_cur *cur, uint64_t max, bool *is_marked)
{
    int64_t value = lum_cur_int(cur);
    *is_marked = value < 0;
    uint64_t n = (uint64_t)(value < 0 ? -1 - value : value);
    if (n > max) {
        lum_cur_fail(cur, LUM_FAULT_OVER_LIMIT);
    }
    return n;
}

void lum_message_put_entry(struct lum_buf *out, const struct lum_front_entry *entry)
{
    LUM_ASSERT(entry->seq <= SEQ_MAX);
    if (entry->name == LUM_BY_LOG8) {
        lum_pack_bin(out, entry->log8, sizeof(entry->log8));
    } else {
        put_signed(out, entry->number, entry->name == LUM_BY_YOURS);
    }
    put_signed(out, entry->seq, entry->is_frozen);
    lum_pack_uint(out, entry->tag);
}

static void get_digests(struct lum_cur *cur, struct lum_front *front)
{
    struct lum_bytes bytes = lum_cur_bin(cur, LUM_SHELVES_MAX * DIGEST_BYTES);
    if (bytes.len % DIGEST_BYTES != 0) {
        lum_cur_fail(cur, LUM_FAULT_MESSAGE);
    }
    for (size_t at = 0; at + DIGEST_BYTES <= bytes.len; at += DIGEST_BYTES) {
        uint8_t shelf = bytes.at[at];
        uint8_t bit = (uint8_t)(shelf < LUM_SHELVES_MAX ? 1U << shelf : 0U);
        if ((bit & front->shown) == 0 || front->digested >= bit) { /* ascending, each once */
            lum_cur_fail(cur, LUM_FAULT_MESSAGE);
            return;
        }
        front->digested |= bit;
        memcpy(front->digests[shelf], bytes.at + at + 1, 16);
    }
}

static void get_entry(struct lum_cur *cur, struct lum_front_entry *entry)
{
    *entry = (struct lum_front_entry){.name = LUM_BY_LOG8};
    if (lum_cur_peek(cur) == LUM_PACK_INT) {
        bool is_yours = false;
        entry->number = (uint32_t)get_signed(cur, LUM_NUMBERS_MAX - 1, &is_yours);
        entry->name = is_yours ? LUM_BY_YOURS : LUM_BY_MINE;
    } else {
        lum_cur_bin_exact(cur, entry->log8, sizeof(entry->log8));
    }
    entry->seq = get_signed(cur, SEQ_MAX, &entry->is_frozen);
    entry->tag = (uint32_t)lum_cur_uint(cur, UINT32_MAX);
    if (entry->seq == 0 && !entry->is_frozen && entry->tag != 0) {
        lum_cur_fail(cur, LUM_FAULT_MESSAGE);
    }
}

enum lum_fault lum_message_get_front(struct lum_bytes body, struct lum_front *front)
{
    static const bool known[] = {
        [LUM_FRONT_DIGESTS] = true, [LUM_FRONT_VECTOR] = true, [LUM_FRONT_ANSWER] = true};
    struct lum_cur cur = lum_cur_over(body);
    uint64_t mode = lum_cur_uint(&cur, LUM_COUNT(known) - 1);
    if (!known[mode]) {
        lum_cur_fail(&cur, LUM_FAULT_MESSAGE);
    }
    *front = (struct lum_front){.mode = (enum lum_front_mode)mode};
    front->shown = (uint8_t)lum_cur_uint(&cur, UINT8_MAX);
    front->covered = (uint8_t)lum_cur_uint(&cur, UINT8_MAX);
    if ((front->covered & ~front->shown) != 0 || (mode == LUM_FRONT_DIGESTS && front->covered)) {
        lum_cur_fail(&cur, LUM_FAULT_MESSAGE);
    }
    get_digests(&cur, front);
    front->entries = cur;
    struct lum_front_entry entry;
    size_t count = 0;
    while (lum_cur_left(&cur) > 0) {
        get_entry(&cur, &entry);
        count++;
        if (count > LUM_FRONT_LOGS_MAX || mode == LUM_FRONT_DIGESTS) {
            lum_cur_fail(&cur, LUM_FAULT_OVER_LIMIT);
        }
    }
    return lum_cur_end(&cur);
}

bool lum_message_next_entry(struct lum_front *front, struct lum_front_entry *entry)
{
    if (lum_cur_left(&front->entries) == 0) {
        return false;
    }
    get_entry(&front->entries, entry);
    LUM_ASSERT(front->entries.fault == LUM_FAULT_NONE);
    return true;
}

/* ---- INTRO ---- */

void lum_message_put_intro(struct lum_buf *out, const struct lum_intro *intro)
{
    lum_pack_uint(out, intro->number);
    if (intro->is_short) {
        lum_pack_bin(out, intro->log8, sizeof(intro->log8));
        return;
    }
    lum_pack_bin(out, intro->name.author, sizeof(intro->name.author));
    lum_pack_bin(out, intro->name.incarnation, sizeof(intro->name.incarnation));
    lum_pack_uint(out, intro->name.shelf);
}

enum lum_fault lum_message_get_intro(struct lum_bytes body, struct lum_intro *intro)
{
    struct lum_cur cur = lum_cur_over(body);
    *intro = (struct lum_intro){.number = (uint32_t)lum_cur_uint(&cur, LUM_NUMBERS_MAX - 1)};
    struct lum_bytes first = lum_cur_bin(&cur, sizeof(intro->name.author));
    intro->is_short = first.len == sizeof(intro->log8);
    if (intro->is_short) {
        memcpy(intro->log8, first.at, first.len);
        return lum_cur_end(&cur);
    }
    if (first.len == sizeof(intro->name.author)) {
        memcpy(intro->name.author, first.at, first.len);
    } else {
        lum_cur_fail(&cur, LUM_FAULT_TYPE);
    }
    lum_cur_bin_exact(&cur, intro->name.incarnation, sizeof(intro->name.incarnation));
    intro->name.shelf = (uint8_t)lum_cur_uint(&cur, LUM_SHELVES_MAX - 1);
    return lum_cur_end(&cur);
}

/* ---- SEG, PROOF, TAIL ---- */

_Static_assert(sizeof(struct lum_sig) == SEAL_BYTES, "seals are read where they lie");

static void put_place(struct lum_buf *out, const struct lum_piece *piece)
{
    LUM_ASSERT(piece->first > 0 && piece->bytes.len > 0);
    lum_pack_uint(out, piece->number);
    lum_pack_uint(out, piece->first);
}

static void get_place(struct lum_cur *cur, struct lum_piece *piece)
{
    *piece = (struct lum_piece){.number = (uint32_t)lum_cur_uint(cur, LUM_NUMBERS_MAX - 1)};
    piece->first = lum_cur_uint(cur, SEQ_MAX);
    if (piece->first == 0) {
        lum_cur_fail(cur, LUM_FAULT_MESSAGE);
    }
}

static struct lum_run_seals seals_over(const uint8_t *at, size_t len)
{
    return (struct lum_run_seals){(const struct lum_sig *)at, (uint32_t)(len / SEAL_BYTES)};
}

void lum_message_put_seg(struct lum_buf *out, const struct lum_piece *piece)
{
    LUM_ASSERT(piece->seals.count > 0 && piece->seals.count <= LUM_MESSAGE_SEALS_MAX);
    put_place(out, piece);
    lum_pack_uint(out, piece->plain_len);
    lum_pack_bin(out, piece->seals.at, piece->seals.count * SEAL_BYTES);
    lum_buf_put(out, piece->bytes.at, piece->bytes.len);
}

enum lum_fault lum_message_get_seg(struct lum_bytes body, struct lum_piece *piece)
{
    struct lum_cur cur = lum_cur_over(body);
    get_place(&cur, piece);
    piece->plain_len = (uint32_t)lum_cur_uint(&cur, LUM_BLOCK_PLAIN_MAX);
    struct lum_bytes seals = lum_cur_bin(&cur, LUM_MESSAGE_SEALS_MAX * SEAL_BYTES);
    piece->bytes = lum_cur_raw(&cur, lum_cur_left(&cur));
    if (seals.len == 0 || seals.len % SEAL_BYTES != 0 || piece->bytes.len == 0) {
        lum_cur_fail(&cur, LUM_FAULT_MESSAGE);
    }
    if (piece->bytes.len > LUM_BLOCK_PLAIN_MAX) {
        lum_cur_fail(&cur, LUM_FAULT_OVER_LIMIT);
    }
    piece->seals = seals_over(seals.at, seals.len);
    return lum_cur_end(&cur);
}

void lum_message_put_tail(struct lum_buf *out, const struct lum_piece *piece)
{
    LUM_ASSERT(piece->seals.count == 1 && piece->plain_len == 0);
    put_place(out, piece);
    lum_buf_put(out, piece->bytes.at, piece->bytes.len);
    lum_buf_put(out, piece->seals.at, SEAL_BYTES);
}

enum lum_fault lum_message_get_tail(struct lum_bytes body, struct lum_piece *piece)
{
    struct lum_cur cur = lum_cur_over(body);
    get_place(&cur, piece);
    struct lum_bytes rest = lum_cur_raw(&cur, lum_cur_left(&cur));
    if (rest.len <= SEAL_BYTES || rest.len - SEAL_BYTES > LUM_BLOCK_PLAIN_MAX) {
        lum_cur_fail(&cur, LUM_FAULT_MESSAGE);
        return lum_cur_end(&cur);
    }
    piece->bytes = lum_bytes_of(rest.at, rest.len - SEAL_BYTES);
    piece->seals = seals_over(rest.at + piece->bytes.len, SEAL_BYTES);
    return lum_cur_end(&cur);
}

/* ---- BUNCH ---- */

void lum_message_put_bunch(struct lum_buf *out, const struct lum_bunch *bunch)
{
    LUM_ASSERT(bunch->seals.count > 0 && bunch->seals.count <= LUM_BUNCH_MAX);
    lum_pack_bin(out, bunch->seals.at, bunch->seals.count * SEAL_BYTES);
    for (uint32_t i = 0; i < bunch->seals.count; i++) {
        lum_pack_uint(out, bunch->runs[i].number);
        lum_pack_uint(out, bunch->runs[i].first);
        lum_pack_uint(out, bunch->runs[i].len);
    }
    lum_buf_put(out, bunch->packed.at, bunch->packed.len);
}

enum lum_fault lum_message_get_bunch(struct lum_bytes body, struct lum_bunch *bunch)
{
    struct lum_cur cur = lum_cur_over(body);
    struct lum_bytes seals = lum_cur_bin(&cur, LUM_BUNCH_MAX * SEAL_BYTES);
    *bunch = (struct lum_bunch){.seals = seals_over(seals.at, seals.len)};
    if (seals.len == 0 || seals.len % SEAL_BYTES != 0) {
        lum_cur_fail(&cur, LUM_FAULT_MESSAGE);
    }
    for (uint32_t i = 0; i < bunch->seals.count; i++) {
        struct lum_bunch_run *run = &bunch->runs[i];
        run->number = (uint32_t)lum_cur_uint(&cur, LUM_NUMBERS_MAX - 1);
        run->first = lum_cur_uint(&cur, SEQ_MAX);
        run->len = (uint32_t)lum_cur_uint(&cur, LUM_BLOCK_PLAIN_MAX - bunch->plain_len);
        bunch->plain_len += run->len;
        if (run->first == 0 || run->len == 0) {
            lum_cur_fail(&cur, LUM_FAULT_MESSAGE);
        }
    }
    bunch->packed = lum_cur_raw(&cur, lum_cur_left(&cur));
    if (bunch->packed.len == 0) {
        lum_cur_fail(&cur, LUM_FAULT_TRUNCATED);
    }
    return lum_cur_end(&cur);
}

/* ---- HAVE ---- */

void lum_message_put_have(struct lum_buf *out, const struct lum_have *have)
{
    lum_pack_uint(out, have->number);
    lum_pack_uint(out, have->seq);
}

static void get_have(struct lum_cur *cur, struct lum_have *have)
{
    have->number = (uint32_t)lum_cur_uint(cur, LUM_NUMBERS_MAX - 1);
    have->seq = lum_cur_uint(cur, SEQ_MAX);
}

enum lum_fault lum_message_get_haves(struct lum_bytes body, struct lum_cur *haves)
{
    struct lum_cur cur = lum_cur_over(body);
    struct lum_have have;
    *haves = cur;
    do {
        get_have(&cur, &have);
    } while (lum_cur_left(&cur) > 0);
    return lum_cur_end(&cur);
}

bool lum_message_next_have(struct lum_cur *haves, struct lum_have *have)
{
    if (lum_cur_left(haves) == 0) {
        return false;
    }
    get_have(haves, have);
    LUM_ASSERT(haves->fault == LUM_FAULT_NONE);
    return true;
}

/* ---- BYE, ADDRESS, HOLD ---- */

void lum_message_put_bye(struct lum_buf *out, enum lum_bye reason)
{
    lum_pack_uint(out, reason);
}

enum lum_fault lum_message_get_bye(struct lum_bytes body, enum lum_bye *reason)
{
    struct lum_cur cur = lum_cur_over(body);
    uint64_t value = lum_cur_uint(&cur, INT64_MAX);
    *reason = value <= LUM_BYE_NO_ROOM ? (enum lum_bye)value : LUM_BYE_DONE;
    return lum_cur_end(&cur);
}

void lum_message_put_address(struct lum_buf *out, uint16_t port)
{
    lum_pack_uint(out, port);
}

enum lum_fault lum_message_get_address(struct lum_bytes body, uint16_t *port)
{
    struct lum_cur cur = lum_cur_over(body);
    *port = (uint16_t)lum_cur_uint(&cur, UINT16_MAX);
    return lum_cur_end(&cur);
}

enum lum_fault lum_message_get_nothing(struct lum_bytes body)
{
    struct lum_cur cur = lum_cur_over(body);
    return lum_cur_end(&cur);
}
