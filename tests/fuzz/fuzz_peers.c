/*
 * fuzz_peers.c - the address book's note, and the book in use.
 *
 *   input = length of the note u16 | note | steps: what u8, argument u8 ..
 *
 * Holds: what is read of a note is written back to the same bytes, and whatever is done to the book
 * afterwards, it is written so that it reads as the same book.
 */
#include "core/limits.h"
#include "core/pack.h"
#include "net/peers.h"
#include "tests/fuzz/input.h"

static void check_note(const struct lum_peers *peers)
{
    struct lum_peers same;
    struct lum_buf once;
    struct lum_buf twice;
    lum_buf_init(&once, LUM_ADDRESSES_MAX * 256);
    lum_buf_init(&twice, LUM_ADDRESSES_MAX * 256);
    lum_peers_init(&same);
    lum_peers_write(peers, &once);
    LUM_ASSERT(lum_pack_check(lum_buf_bytes(&once)) == LUM_FAULT_NONE);
    LUM_ASSERT(lum_peers_read(&same, lum_buf_bytes(&once)) == LUM_OK);
    LUM_ASSERT(same.count == peers->count && !same.is_dirty);
    lum_peers_write(&same, &twice);
    LUM_ASSERT(lum_bytes_equal(lum_buf_bytes(&once), lum_buf_bytes(&twice)));
    lum_peers_fini(&same);
    lum_buf_fini(&once);
    lum_buf_fini(&twice);
}

/* The entries that were read stand in the note one after the other, behind its count. */
static void check_read(const struct lum_peers *peers, struct lum_bytes note)
{
    struct lum_cur noted = lum_cur_over(note);
    struct lum_buf again;
    lum_buf_init(&again, LUM_ADDRESSES_MAX * 256);
    lum_peers_write(peers, &again);
    struct lum_cur written = lum_cur_over(lum_buf_bytes(&again));
    LUM_ASSERT(lum_cur_array(&noted, LUM_ADDRESSES_MAX) >= peers->count);
    LUM_ASSERT(lum_cur_array(&written, LUM_ADDRESSES_MAX) == peers->count);
    size_t len = lum_cur_left(&written);
    LUM_ASSERT(lum_cur_left(&noted) >= len && (len == 0 || memcmp(noted.at, written.at, len) == 0));
    lum_buf_fini(&again);
}

static void check_backoff(struct lum_peer *peer, uint64_t now_ms, uint8_t random)
{
    lum_peer_failed(peer, now_ms, random * UINT32_C(0x1010101));
    LUM_ASSERT(peer->next_try_ms > now_ms && !peer->is_dialling);
    LUM_ASSERT(peer->next_try_ms <= now_ms + LUM_DIAL_BACKOFF_MAX_MS);
}

/* As many neighbours as the book holds, and some more. */
static void fill(struct lum_peers *peers)
{
    for (uint32_t i = 0; i < LUM_ADDRESSES_MAX + 8; i++) {
        uint8_t t[32] = {1, (uint8_t)i, (uint8_t)(i >> 8)};
        struct lum_peer *peer = lum_peers_by_node(peers, t, true);
        LUM_ASSERT(peer == NULL || peer->t[0] == 1);
        LUM_ASSERT(peers->count <= LUM_ADDRESSES_MAX);
    }
}

static void step(struct lum_peers *peers, uint8_t what, uint8_t argument, uint64_t *now_ms)
{
    char address[LUM_ADDRESS_TEXT + 8] = {0};
    uint8_t t[32] = {argument};
    uint64_t wake_ms = UINT64_MAX;
    memset(address, 'a', what == 6 ? argument % sizeof address : 1);
    address[0] = what == 6 && argument == 0 ? '\0' : (char)('a' + argument % 26);
    struct lum_peer *peer = lum_peers_by_address(peers, address, what == 0 || what == 6);
    if (peer == NULL) {
        peer = lum_peers_by_node(peers, t, what == 1 || what == 6);
    }
    *now_ms += argument * UINT64_C(1000);
    if (what == 7 && argument > 250 && peers->count < LUM_ADDRESSES_MAX) {
        fill(peers);
    }
    if (peer == NULL || what == 7) {
        return;
    }
    switch (what) {
    case 2:
        check_backoff(peer, *now_ms, argument);
        break;
    case 3:
        lum_peer_met(peer, *now_ms);
        break;
    case 4:
        peer->session = argument & 15;
        break;
    case 5:
        peer->is_dialling = !peer->is_dialling;
        break;
    default:
        peer->last.wall_ms = argument;
        break;
    }
    peer = lum_peers_by_session(peers, argument & 15);
    LUM_ASSERT(peer == NULL || peer->session == (argument & 15));
    peer = lum_peers_due(peers, *now_ms, &wake_ms);
    LUM_ASSERT(peer == NULL || peer->next_try_ms <= *now_ms);
    LUM_ASSERT(peer != NULL || wake_ms > *now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_over(data, size);
    struct lum_peers peers;
    uint64_t now_ms = 0;
    struct lum_bytes note = block_of(input_bytes(&in, input_number(&in, 2)));
    lum_peers_init(&peers);
    LUM_ASSERT(lum_peers_read(&peers, note) == LUM_OK && peers.count <= LUM_ADDRESSES_MAX);
    check_read(&peers, note);
    check_note(&peers);
    for (int i = 0; i < 64 && in.left >= 2; i++) {
        uint8_t what = input_byte(&in) & 7;
        step(&peers, what, input_byte(&in), &now_ms);
    }
    check_note(&peers);
    lum_peers_fini(&peers);
    memory_end(memory_of(data, size));
    enum lum_status status = lum_peers_read(&peers, note);
    LUM_ASSERT(status == LUM_OK || status == LUM_NO_MEMORY);
    (void)lum_peers_by_node(&peers, data, size >= 32);
    (void)lum_peers_by_address(&peers, "somebody", true);
    memory_back();
    lum_peers_fini(&peers);
    block_free(note);
    return 0;
}
