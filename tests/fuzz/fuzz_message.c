/*
 * fuzz_message.c - every message of a meeting but GENESIS, which fuzz_control.c reads.
 *
 *   input = type u8 | body to the end
 *     type 0: an AUTH of ours, spoilt: role u8 | hash 8 | generation u8 | wall u32 | at u8 |
 *             mask u8
 *
 * Holds: what is read writes back to the same bytes (where the writer has a choice less than the
 * reader, see get_auth and get_bye), and a signature holds for what was signed alone.
 */
#include "sync/message.h"
#include "tests/fuzz/input.h"

static struct lum_sign_key key;

static void check_same(struct lum_bytes body, struct lum_buf *again)
{
    LUM_ASSERT(lum_bytes_equal(body, lum_buf_bytes(again)));
}

/* A later version may say more than this one would: other numbers, never another spelling. */
static void get_auth(struct lum_bytes body, struct lum_buf *again)
{
    struct lum_auth auth;
    uint8_t hash[64] = {0};
    const struct lum_auth_role role = {true, hash};
    if (lum_message_get_auth(body, &auth) != LUM_FAULT_NONE) {
        return;
    }
    LUM_ASSERT(lum_pack_check(auth.array) == LUM_FAULT_NONE && auth.array.at == body.at);
    LUM_ASSERT(auth.wall_ms < UINT64_C(1) << LUM_TIME_BITS);
    lum_pack_raw(again, auth.array);
    lum_pack_bin(again, auth.sig.b, sizeof auth.sig.b);
    check_same(body, again);
    LUM_ASSERT(!lum_message_check_auth(&auth, &role));
}

static void get_welcome(struct lum_bytes body, struct lum_buf *again)
{
    struct lum_welcome welcome;
    if (lum_message_get_welcome(body, &welcome) == LUM_FAULT_NONE) {
        lum_message_put_welcome(again, &welcome);
        check_same(body, again);
    }
}

static void get_front(struct lum_bytes body, struct lum_buf *again)
{
    struct lum_front front;
    struct lum_front_entry entry;
    if (lum_message_get_front(body, &front) != LUM_FAULT_NONE) {
        return;
    }
    LUM_ASSERT((front.covered & ~front.shown) == 0 && (front.digested & ~front.shown) == 0);
    lum_message_put_front(again, &front);
    uint32_t count = 0;
    for (; lum_message_next_entry(&front, &entry); count++) {
        LUM_ASSERT(entry.name == LUM_BY_LOG8 || entry.number < LUM_NUMBERS_MAX);
        LUM_ASSERT(entry.seq < INT64_MAX);
        lum_message_put_entry(again, &entry);
    }
    LUM_ASSERT(count <= LUM_FRONT_LOGS_MAX && (count == 0 || front.mode != LUM_FRONT_DIGESTS));
    check_same(body, again);
}

static void get_intro(struct lum_bytes body, struct lum_buf *again)
{
    struct lum_intro intro;
    if (lum_message_get_intro(body, &intro) == LUM_FAULT_NONE) {
        LUM_ASSERT(intro.number < LUM_NUMBERS_MAX);
        LUM_ASSERT(intro.is_short || intro.name.shelf < LUM_SHELVES_MAX);
        lum_message_put_intro(again, &intro);
        check_same(body, again);
    }
}

static void get_piece(struct lum_bytes body, bool is_tail, struct lum_buf *again)
{
    struct lum_piece piece;
    enum lum_fault fault =
        is_tail ? lum_message_get_tail(body, &piece) : lum_message_get_seg(body, &piece);
    if (fault != LUM_FAULT_NONE) {
        return;
    }
    LUM_ASSERT(piece.first >= 1 && piece.first < INT64_MAX && piece.number < LUM_NUMBERS_MAX);
    LUM_ASSERT(piece.plain_len <= LUM_BLOCK_PLAIN_MAX && piece.bytes.len > 0);
    LUM_ASSERT(piece.bytes.len <= LUM_BLOCK_PLAIN_MAX);
    LUM_ASSERT(piece.seals.count >= 1 && piece.seals.count <= LUM_MESSAGE_SEALS_MAX);
    if (is_tail) {
        lum_message_put_tail(again, &piece);
    } else {
        lum_message_put_seg(again, &piece);
    }
    check_same(body, again);
}

static void get_bunch(struct lum_bytes body, struct lum_buf *again)
{
    struct lum_bunch bunch;
    uint32_t sum = 0;
    if (lum_message_get_bunch(body, &bunch) != LUM_FAULT_NONE) {
        return;
    }
    LUM_ASSERT(bunch.seals.count >= 1 && bunch.seals.count <= LUM_BUNCH_MAX);
    LUM_ASSERT(bunch.packed.len > 0);
    for (uint32_t i = 0; i < bunch.seals.count; i++) {
        const struct lum_bunch_run *run = &bunch.runs[i];
        LUM_ASSERT(run->number < LUM_NUMBERS_MAX && run->first >= 1 && run->first < INT64_MAX);
        LUM_ASSERT(run->len > 0);
        sum += run->len;
    }
    LUM_ASSERT(sum == bunch.plain_len && sum <= LUM_BLOCK_PLAIN_MAX);
    lum_message_put_bunch(again, &bunch);
    check_same(body, again);
}

static void get_haves(struct lum_bytes body, struct lum_buf *again)
{
    struct lum_cur haves;
    struct lum_have have;
    uint32_t count = 0;
    if (lum_message_get_haves(body, &haves) != LUM_FAULT_NONE) {
        return;
    }
    for (; lum_message_next_have(&haves, &have); count++) {
        LUM_ASSERT(have.number < LUM_NUMBERS_MAX && have.seq < INT64_MAX);
        lum_message_put_have(again, &have);
    }
    LUM_ASSERT(count > 0);
    check_same(body, again);
}

/* A reason of a later version is read as DONE. */
static void get_bye(struct lum_bytes body, struct lum_buf *again)
{
    enum lum_bye reason;
    if (lum_message_get_bye(body, &reason) != LUM_FAULT_NONE) {
        return;
    }
    LUM_ASSERT(lum_pack_check(body) == LUM_FAULT_NONE && reason <= LUM_BYE_EXPIRED);
    lum_message_put_bye(again, reason);
    bool is_same = lum_bytes_equal(body, lum_buf_bytes(again));
    LUM_ASSERT(is_same || (reason == LUM_BYE_DONE && body.at[0] > LUM_BYE_EXPIRED));
}

static void get_address(struct lum_bytes body, struct lum_buf *again)
{
    uint16_t port;
    if (lum_message_get_address(body, &port) == LUM_FAULT_NONE) {
        lum_message_put_address(again, port);
        check_same(body, again);
    }
}

/* ---- a signature of ours ---- */

static void spoil_auth(struct input *in, struct lum_buf *body)
{
    struct lum_auth auth = {.has_generation = true};
    uint8_t hash[64] = {0};
    struct lum_auth_role role = {input_flag(in), hash};
    for (size_t i = 0; i < 8; i++) {
        hash[i] = input_byte(in);
    }
    auth.generation = input_byte(in);
    auth.has_generation = auth.generation != 0;
    auth.wall_ms = input_number(in, 4);
    uint8_t at = input_byte(in);
    uint8_t mask = input_byte(in);
    lum_message_put_auth(body, &auth, &role, &key);
    LUM_ASSERT(!body->broken);
    if (at < body->len) {
        body->at[at] ^= mask;
    } else if (at % 2 == 0) {
        hash[at % 64] ^= mask;
    } else {
        role.is_initiator = role.is_initiator == (mask == 0);
    }
    struct lum_auth read;
    bool is_read = lum_message_get_auth(lum_buf_bytes(body), &read) == LUM_FAULT_NONE;
    LUM_ASSERT(is_read || mask != 0);
    LUM_ASSERT(!is_read || lum_message_check_auth(&read, &role) == (mask == 0));
}

static void get(uint8_t type, struct lum_bytes body, struct lum_buf *again)
{
    switch (type) {
    case LUM_MESSAGE_AUTH:
        get_auth(body, again);
        break;
    case LUM_MESSAGE_WELCOME:
        get_welcome(body, again);
        break;
    case LUM_MESSAGE_FRONT:
        get_front(body, again);
        break;
    case LUM_MESSAGE_INTRO:
        get_intro(body, again);
        break;
    case LUM_MESSAGE_SEG:
    case LUM_MESSAGE_PROOF:
        get_piece(body, false, again);
        break;
    case LUM_MESSAGE_TAIL:
        get_piece(body, true, again);
        break;
    case LUM_MESSAGE_BUNCH:
        get_bunch(body, again);
        break;
    case LUM_MESSAGE_HAVE:
        get_haves(body, again);
        break;
    case LUM_MESSAGE_BYE:
        get_bye(body, again);
        break;
    case LUM_MESSAGE_ADDRESS:
        get_address(body, again);
        break;
    default:
        LUM_ASSERT((lum_message_get_nothing(body) == LUM_FAULT_NONE) == (body.len == 0));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[32] = "the node's seed";
    struct input in = input_over(data, size);
    struct lum_buf out;
    uint8_t type = input_byte(&in);
    lum_buf_init(&out, size + 256);
    if (type == 0) {
        lum_sign_key_from_seed(seed, &key);
        spoil_auth(&in, &out);
    } else {
        get(type % LUM_MESSAGE_TYPES, input_rest(&in), &out);
    }
    lum_buf_fini(&out);
    return 0;
}
