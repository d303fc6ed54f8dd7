/* test_message.c - every message, there and back, and what is wrong with wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sync/message.h"
#include "sync/outbox.h"

static struct lum_buf body;
static uint8_t hash[64];
static struct lum_sign_key key;

static int start(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {7};
    if (lum_crypto_init() != LUM_OK) {
        return -1;
    }
    lum_sign_key_from_seed(seed, &key);
    memset(hash, 0xab, sizeof(hash));
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    lum_buf_fini(&body);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    lum_buf_reset(&body);
    return 0;
}

static struct lum_bytes written(void)
{
    assert_false(body.broken);
    return lum_buf_bytes(&body);
}

static void assert_body(const char *bytes, size_t len)
{
    assert_int_equal(body.len, len);
    assert_memory_equal(body.at, bytes, len);
}

/* A reader that only says its fault. */
typedef enum lum_fault read_fn(struct lum_bytes bytes);

static enum lum_fault read_auth(struct lum_bytes bytes)
{
    struct lum_auth out;
    return lum_message_get_auth(bytes, &out);
}
static enum lum_fault read_welcome(struct lum_bytes bytes)
{
    struct lum_welcome out;
    return lum_message_get_welcome(bytes, &out);
}
static enum lum_fault read_front(struct lum_bytes bytes)
{
    struct lum_front out;
    return lum_message_get_front(bytes, &out);
}
static enum lum_fault read_intro(struct lum_bytes bytes)
{
    struct lum_intro out;
    return lum_message_get_intro(bytes, &out);
}
static enum lum_fault read_seg(struct lum_bytes bytes)
{
    struct lum_piece out;
    return lum_message_get_seg(bytes, &out);
}
static enum lum_fault read_tail(struct lum_bytes bytes)
{
    struct lum_piece out;
    return lum_message_get_tail(bytes, &out);
}
static enum lum_fault read_bunch(struct lum_bytes bytes)
{
    struct lum_bunch out;
    return lum_message_get_bunch(bytes, &out);
}
static enum lum_fault read_haves(struct lum_bytes bytes)
{
    struct lum_cur out;
    return lum_message_get_haves(bytes, &out);
}
static enum lum_fault read_bye(struct lum_bytes bytes)
{
    enum lum_bye out;
    return lum_message_get_bye(bytes, &out);
}
static enum lum_fault read_address(struct lum_bytes bytes)
{
    uint16_t out;
    return lum_message_get_address(bytes, &out);
}

/* Whole it reads; with any byte less, or one more, it does not. from: shorter ones are whole too
 * when a message ends in raw bytes or in as many values as come. */
static void assert_exact(read_fn *read, size_t from)
{
    struct lum_bytes whole = written();
    assert_int_equal(read(whole), LUM_FAULT_NONE);
    for (size_t len = 0; len < whole.len; len++) {
        if (len <= from) {
            assert_int_not_equal(read(lum_bytes_of(whole.at, len)), LUM_FAULT_NONE);
        }
    }
    if (from >= whole.len) {
        lum_buf_put_byte(&body, 0);
        assert_int_not_equal(read(lum_buf_bytes(&body)), LUM_FAULT_NONE);
        body.len--;
    }
}

static void auth_proves_its_key_over_role_and_handshake(void **state)
{
    (void)state;
    const struct lum_auth said = {
        .has_generation = true, .generation = 3, .wall_ms = 1798761600000};
    const struct lum_auth_role initiator = {true, hash};
    struct lum_auth heard;
    lum_message_put_auth(&body, &said, &initiator, &key);
    assert_memory_equal(body.at, "\x97\x01\x01\x00\x00\x03\xcf\x00\x00\x01\xa2\xce\x8b\xd4\x00",
                        15);
    assert_int_equal(lum_message_get_auth(written(), &heard), LUM_FAULT_NONE);
    assert_true(heard.has_generation);
    assert_int_equal(heard.generation, 3);
    assert_int_equal(heard.wall_ms, 1798761600000);
    assert_memory_equal(heard.t, key.public, 32);
    assert_true(lum_message_check_auth(&heard, &initiator));

    const struct lum_auth_role responder = {false, hash};
    assert_false(lum_message_check_auth(&heard, &responder));
    uint8_t other_hash[64] = {1};
    const struct lum_auth_role elsewhere = {true, other_hash};
    assert_false(lum_message_check_auth(&heard, &elsewhere));
    body.at[5] = 4; /* the generation */
    assert_int_equal(lum_message_get_auth(written(), &heard), LUM_FAULT_NONE);
    assert_false(lum_message_check_auth(&heard, &initiator));
    body.at[5] = 3;
    assert_exact(read_auth, body.len);
}

static void auth_of_another_version_is_refused(void **state)
{
    (void)state;
    const struct lum_auth said = {.wall_ms = 5};
    const struct lum_auth_role role = {false, hash};
    struct lum_auth heard;
    lum_message_put_auth(&body, &said, &role, &key);
    assert_int_equal(body.at[5], 0xc0);
    assert_int_equal(lum_message_get_auth(written(), &heard), LUM_FAULT_NONE);
    assert_false(heard.has_generation);
    body.at[1] = 2;
    body.at[2] = 9;
    assert_int_equal(lum_message_get_auth(written(), &heard), LUM_FAULT_AUTH);
    body.at[1] = 1;
    assert_int_equal(lum_message_get_auth(written(), &heard), LUM_FAULT_NONE);
}

static void welcome_carries_generation_and_secret(void **state)
{
    (void)state;
    struct lum_welcome said = {.generation = 300};
    struct lum_welcome heard;
    memset(said.secret, 0x5a, sizeof(said.secret));
    lum_message_put_welcome(&body, &said);
    assert_int_equal(lum_message_get_welcome(written(), &heard), LUM_FAULT_NONE);
    assert_int_equal(heard.generation, 300);
    assert_memory_equal(heard.secret, said.secret, 32);
    assert_exact(read_welcome, body.len);
}

static void put_some_front(enum lum_front_mode mode)
{
    struct lum_front front = {.mode = mode, .shown = 3, .covered = 2, .digested = 3};
    memset(front.digests[0], 0x11, 16);
    memset(front.digests[1], 0x22, 16);
    lum_message_put_front(&body, &front);
    const struct lum_front_entry entries[] = {
        {.name = LUM_BY_LOG8, .log8 = "abcdefg", .seq = 70, .tag = 0xdeadbeef},
        {.name = LUM_BY_MINE, .number = 5, .seq = 0},
        {.name = LUM_BY_YOURS, .number = 0, .seq = 12, .is_frozen = true, .tag = 9},
        {.name = LUM_BY_YOURS, .number = 200, .seq = 0, .is_frozen = true, .tag = 8},
    };
    for (size_t i = 0; i < LUM_COUNT(entries); i++) {
        lum_message_put_entry(&body, &entries[i]);
    }
}

static void front_says_digests_and_places(void **state)
{
    (void)state;
    struct lum_front front;
    struct lum_front_entry entry;
    put_some_front(LUM_FRONT_VECTOR);
    assert_memory_equal(body.at, "\x01\x03\x02\xc4\x22\x00\x11", 7);
    assert_memory_equal(body.at + 39,
                        "\xc4\x08"
                        "abcdefg\0"
                        "\x46"
                        "\xce\xde\xad\xbe\xef"
                        "\x05\x00\x00"
                        "\xff\xf3\x09"
                        "\xd1\xff\x37\xff\x08",
                        27);
    assert_int_equal(lum_message_get_front(written(), &front), LUM_FAULT_NONE);
    assert_int_equal(front.mode, LUM_FRONT_VECTOR);
    assert_int_equal(front.shown, 3);
    assert_int_equal(front.covered, 2);
    assert_int_equal(front.digested, 3);
    assert_int_equal(front.digests[1][15], 0x22);
    assert_true(lum_message_next_entry(&front, &entry));
    assert_int_equal(entry.name, LUM_BY_LOG8);
    assert_memory_equal(entry.log8, "abcdefg", 8);
    assert_int_equal(entry.seq, 70);
    assert_int_equal(entry.tag, 0xdeadbeef);
    assert_true(lum_message_next_entry(&front, &entry));
    assert_int_equal(entry.name, LUM_BY_MINE);
    assert_int_equal(entry.number, 5);
    assert_false(entry.is_frozen);
    assert_true(lum_message_next_entry(&front, &entry));
    assert_int_equal(entry.name, LUM_BY_YOURS);
    assert_int_equal(entry.number, 0);
    assert_true(entry.is_frozen);
    assert_int_equal(entry.seq, 12);
    assert_true(lum_message_next_entry(&front, &entry));
    assert_int_equal(entry.number, 200);
    assert_true(entry.is_frozen);
    assert_int_equal(entry.seq, 0);
    assert_false(lum_message_next_entry(&front, &entry));
}

static void front_of_wrong_shape_is_a_fault(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        enum lum_fault fault;
    } wrong[] = {
        {"", 0, LUM_FAULT_TRUNCATED},
        {"\x00\x01\x00", 3, LUM_FAULT_TRUNCATED},
        {"\x02\x01\x00\xc4\x00", 5, LUM_FAULT_MESSAGE},     /* the sketch */
        {"\x04\x01\x00\xc4\x00", 5, LUM_FAULT_OVER_LIMIT},  /* no such mode */
        {"\x01\x01\x02\xc4\x00", 5, LUM_FAULT_MESSAGE},     /* covers what is not shown */
        {"\x00\x01\x01\xc4\x00", 5, LUM_FAULT_MESSAGE},     /* digests cover nothing */
        {"\x00\x01\x00\xc4\x01\x00", 6, LUM_FAULT_MESSAGE}, /* no whole digest */
        {"\x00\x01\x00\xc4\x00\x00\x00\x00", 8, LUM_FAULT_OVER_LIMIT}, /* digests with an entry */
        {"\x01\x01\x00\xc4\x00\x00\x00\x07", 8, LUM_FAULT_MESSAGE},    /* a tag of nothing */
        {"\x01\x01\x00\xc4\x00\x00\x05", 7, LUM_FAULT_TRUNCATED},
        {"\x01\x01\x00\xc4\x00\xc4\x01x\x00\x00", 10, LUM_FAULT_TYPE}, /* a log8 of one byte */
        {"\x01\x01\x00\xc4\x00\xcd\xff\xff\x01\x00", 10, LUM_FAULT_OVER_LIMIT},
        {"\x01\x01\x00\xc4\x00\xcc\x01\x01\x00", 9, LUM_FAULT_NOT_CANONICAL},
    };
    for (size_t i = 0; i < LUM_COUNT(wrong); i++) {
        struct lum_front front;
        struct lum_bytes bytes = lum_bytes_of(wrong[i].bytes, wrong[i].len);
        assert_int_equal(lum_message_get_front(bytes, &front), wrong[i].fault);
    }
}

static void digests_ascend_and_come_once(void **state)
{
    (void)state;
    put_some_front(LUM_FRONT_ANSWER);
    body.at[5] = 1; /* the first one says shelf 1 as well */
    assert_int_equal(read_front(written()), LUM_FAULT_MESSAGE);
    body.at[5] = 0;
    body.at[22] = 2; /* not shown */
    assert_int_equal(read_front(written()), LUM_FAULT_MESSAGE);
    body.at[22] = 9;
    assert_int_equal(read_front(written()), LUM_FAULT_MESSAGE);
    body.at[22] = 1;
    assert_exact(read_front, 38);
}

static void a_vector_of_all_logs_fits_a_message(void **state)
{
    (void)state;
    struct lum_front front = {.mode = LUM_FRONT_VECTOR, .shown = 1, .covered = 1};
    const struct lum_front_entry entry = {.seq = INT64_MAX - 1, .tag = UINT32_MAX};
    lum_message_put_front(&body, &front);
    for (size_t i = 0; i < LUM_FRONT_LOGS_MAX; i++) {
        lum_message_put_entry(&body, &entry);
    }
    assert_int_equal(lum_message_get_front(written(), &front), LUM_FAULT_NONE);
    lum_message_put_entry(&body, &entry);
    assert_int_equal(lum_message_get_front(written(), &front), LUM_FAULT_OVER_LIMIT);
}

static void intro_names_a_log_in_full_or_short(void **state)
{
    (void)state;
    struct lum_intro said = {.number = 17, .is_short = true, .log8 = "1234567"};
    struct lum_intro heard;
    lum_message_put_intro(&body, &said);
    assert_body("\x11\xc4\x08"
                "1234567\0",
                11);
    assert_int_equal(lum_message_get_intro(written(), &heard), LUM_FAULT_NONE);
    assert_true(heard.is_short);
    assert_memory_equal(heard.log8, said.log8, 8);
    assert_exact(read_intro, body.len);

    lum_buf_reset(&body);
    said.is_short = false;
    memset(said.name.author, 0xaa, 32);
    memset(said.name.incarnation, 0x01, 8);
    said.name.shelf = 1;
    lum_message_put_intro(&body, &said);
    assert_int_equal(body.len, 1 + 34 + 10 + 1);
    assert_int_equal(lum_message_get_intro(written(), &heard), LUM_FAULT_NONE);
    assert_false(heard.is_short);
    assert_memory_equal(&heard.name, &said.name, sizeof(said.name));
    assert_exact(read_intro, body.len);
    body.at[body.len - 1] = LUM_SHELVES_MAX;
    assert_int_equal(read_intro(written()), LUM_FAULT_OVER_LIMIT);
}

static void seg_carries_a_block_and_its_seals(void **state)
{
    (void)state;
    struct lum_sig seals[2];
    struct lum_piece heard;
    memset(seals, 0x77, sizeof(seals));
    const struct lum_piece said = {.number = 2,
                                   .first = 65,
                                   .plain_len = 900,
                                   .seals = {seals, 2},
                                   .bytes = lum_bytes_of("frame", 5)};
    lum_message_put_seg(&body, &said);
    assert_int_equal(body.len, 1 + 1 + 3 + 2 + 128 + 5);
    assert_int_equal(lum_message_get_seg(written(), &heard), LUM_FAULT_NONE);
    assert_int_equal(heard.number, 2);
    assert_int_equal(heard.first, 65);
    assert_int_equal(heard.plain_len, 900);
    assert_int_equal(heard.seals.count, 2);
    assert_memory_equal(heard.seals.at, seals, sizeof(seals));
    assert_true(lum_bytes_equal(heard.bytes, said.bytes));
    assert_exact(read_seg, body.len - 5);
}

static void seg_of_wrong_shape_is_a_fault(void **state)
{
    (void)state;
    struct lum_sig seals[LUM_MESSAGE_SEALS_MAX + 1];
    memset(seals, 0, sizeof(seals));
    lum_pack_uint(&body, 0);
    lum_pack_uint(&body, 0); /* there is no event 0 */
    lum_pack_uint(&body, 0);
    lum_pack_bin(&body, seals, 64);
    lum_buf_put(&body, "x", 1);
    assert_int_equal(read_seg(written()), LUM_FAULT_MESSAGE);
    body.at[1] = 1;
    assert_int_equal(read_seg(written()), LUM_FAULT_NONE);
    body.len--; /* no event at all */
    assert_int_equal(read_seg(written()), LUM_FAULT_MESSAGE);
    lum_buf_reset(&body);
    lum_buf_put(&body, "\x00\x01\x00\xc4\x00x", 6); /* no seal */
    assert_int_equal(read_seg(written()), LUM_FAULT_MESSAGE);
    lum_buf_reset(&body);
    lum_buf_put(&body, "\x00\x01\x00", 3);
    lum_pack_bin(&body, seals, sizeof(seals));
    lum_buf_put(&body, "x", 1);
    assert_int_equal(read_seg(written()), LUM_FAULT_OVER_LIMIT);
    lum_buf_reset(&body);
    lum_buf_put(&body, "\x00\x01\xce\x00\x04\x00\x01", 7); /* a plain size over 256 KiB */
    lum_pack_bin(&body, seals, 64);
    lum_buf_put(&body, "x", 1);
    assert_int_equal(read_seg(written()), LUM_FAULT_OVER_LIMIT);
}

static void a_lone_event_of_39_bytes_takes_at_most_110(void **state)
{
    (void)state;
    uint8_t event[39];
    struct lum_sig seal;
    struct lum_piece heard;
    memset(event, 0xee, sizeof(event));
    memset(&seal, 0x55, sizeof(seal));
    const struct lum_piece said = {.number = 100,
                                   .first = 60000,
                                   .seals = {&seal, 1},
                                   .bytes = lum_bytes_of(event, sizeof(event))};
    lum_message_put_tail(&body, &said);
    assert_int_equal(lum_outbox_frame_size(body.len), 2 + 1 + 3 + 39 + 64);
    assert_true(lum_outbox_frame_size(body.len) <= 110);
    assert_int_equal(lum_message_get_tail(written(), &heard), LUM_FAULT_NONE);
    assert_int_equal(heard.first, 60000);
    assert_true(lum_bytes_equal(heard.bytes, said.bytes));
    assert_memory_equal(heard.seals.at, &seal, sizeof(seal));
    assert_int_equal(heard.plain_len, 0);
    assert_exact(read_tail, 4 + 64);
}

static void a_bunch_carries_runs_of_several_logs(void **state)
{
    (void)state;
    struct lum_sig seals[2];
    struct lum_bunch said = {.seals = {seals, 2},
                             .runs = {{3, 7, 40}, {200, 1, 300}},
                             .packed = lum_bytes_of("frame", 5)};
    struct lum_bunch heard;
    memset(seals, 0x44, sizeof(seals));
    lum_message_put_bunch(&body, &said);
    assert_int_equal(body.len, 2 + 128 + 3 + 2 + 1 + 3 + 5);
    assert_int_equal(lum_message_get_bunch(written(), &heard), LUM_FAULT_NONE);
    assert_int_equal(heard.seals.count, 2);
    assert_memory_equal(heard.seals.at, seals, sizeof(seals));
    assert_int_equal(heard.runs[1].number, 200);
    assert_int_equal(heard.runs[1].first, 1);
    assert_int_equal(heard.plain_len, 340);
    assert_true(lum_bytes_equal(heard.packed, said.packed));
    assert_exact(read_bunch, body.len - 5);
    body.at[131] = 0; /* the first run begins at event 0 */
    assert_int_equal(read_bunch(written()), LUM_FAULT_MESSAGE);
    body.at[131] = 7;
    body.at[132] = 0; /* and is empty */
    assert_int_equal(read_bunch(written()), LUM_FAULT_MESSAGE);
    body.at[1] = 0; /* no seal, so no run */
    assert_int_equal(read_bunch(written()), LUM_FAULT_MESSAGE);
}

static void runs_of_a_bunch_fit_a_block(void **state)
{
    (void)state;
    struct lum_sig seals[2];
    struct lum_bunch said = {.seals = {seals, 2},
                             .runs = {{0, 1, LUM_BLOCK_PLAIN_MAX - 1}, {1, 1, 1}},
                             .packed = lum_bytes_of("frame", 5)};
    memset(seals, 0, sizeof(seals));
    lum_message_put_bunch(&body, &said);
    assert_int_equal(read_bunch(written()), LUM_FAULT_NONE);
    lum_buf_reset(&body);
    said.runs[1].len = 2;
    lum_message_put_bunch(&body, &said);
    assert_int_equal(read_bunch(written()), LUM_FAULT_OVER_LIMIT);
}

static void haves_come_in_pairs(void **state)
{
    (void)state;
    struct lum_cur haves;
    struct lum_have have;
    for (uint32_t i = 0; i < 3; i++) {
        have = (struct lum_have){.number = i, .seq = 100 * i};
        lum_message_put_have(&body, &have);
    }
    assert_body("\x00\x00\x01\x64\x02\xcc\xc8", 7);
    assert_int_equal(lum_message_get_haves(written(), &haves), LUM_FAULT_NONE);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(lum_message_next_have(&haves, &have));
        assert_int_equal(have.number, i);
        assert_int_equal(have.seq, 100 * i);
    }
    assert_false(lum_message_next_have(&haves, &have));
    assert_int_equal(read_haves(lum_bytes_of("", 0)), LUM_FAULT_TRUNCATED);
    assert_int_equal(read_haves(lum_bytes_of("\x00", 1)), LUM_FAULT_TRUNCATED);
    assert_int_equal(read_haves(lum_bytes_of("\x00\xff", 2)), LUM_FAULT_OVER_LIMIT);
}

static void the_small_ones_come_back(void **state)
{
    (void)state;
    enum lum_bye reason = LUM_BYE_DONE;
    uint16_t port = 0;
    lum_message_put_bye(&body, LUM_BYE_EXPIRED);
    assert_body("\x03", 1);
    assert_int_equal(lum_message_get_bye(written(), &reason), LUM_FAULT_NONE);
    assert_int_equal(reason, LUM_BYE_EXPIRED);
    assert_exact(read_bye, body.len);
    assert_int_equal(lum_message_get_bye(lum_bytes_of("\x40", 1), &reason), LUM_FAULT_NONE);
    assert_int_equal(reason, LUM_BYE_DONE);
    lum_buf_reset(&body);
    lum_message_put_address(&body, 65535);
    assert_int_equal(lum_message_get_address(written(), &port), LUM_FAULT_NONE);
    assert_int_equal(port, 65535);
    assert_exact(read_address, body.len);
    assert_int_equal(read_address(lum_bytes_of("\xce\x00\x01\x00\x00", 5)), LUM_FAULT_OVER_LIMIT);
    assert_int_equal(lum_message_get_nothing(lum_bytes_of("", 0)), LUM_FAULT_NONE);
    assert_int_equal(lum_message_get_nothing(lum_bytes_of("\x00", 1)), LUM_FAULT_TRAILING);
}

/* What is read, written again, is the same: there is one spelling. Each from altered good ones. */
static void what_reads_writes_back_the_same(void **state)
{
    (void)state;
    uint64_t dice = 1;
    uint32_t accepted = 0;
    for (uint32_t round = 0; round < 20000; round++) {
        struct lum_front front;
        struct lum_front_entry entry;
        lum_buf_reset(&body);
        put_some_front(LUM_FRONT_ANSWER);
        for (uint32_t i = 0; i < 1 + round % 2; i++) {
            dice = dice * 6364136223846793005u + 1442695040888963407u;
            body.at[(dice >> 33) % body.len] = (uint8_t)(dice >> 55);
        }
        if (lum_message_get_front(written(), &front) != LUM_FAULT_NONE) {
            continue;
        }
        accepted++;
        struct lum_buf again;
        lum_buf_init(&again, LUM_MESSAGE_MAX);
        lum_message_put_front(&again, &front);
        while (lum_message_next_entry(&front, &entry)) {
            lum_message_put_entry(&again, &entry);
        }
        assert_true(lum_bytes_equal(lum_buf_bytes(&again), written()));
        lum_buf_fini(&again);
    }
    assert_true(accepted > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(auth_proves_its_key_over_role_and_handshake, set_up),
        cmocka_unit_test_setup(auth_of_another_version_is_refused, set_up),
        cmocka_unit_test_setup(welcome_carries_generation_and_secret, set_up),
        cmocka_unit_test_setup(front_says_digests_and_places, set_up),
        cmocka_unit_test_setup(front_of_wrong_shape_is_a_fault, set_up),
        cmocka_unit_test_setup(digests_ascend_and_come_once, set_up),
        cmocka_unit_test_setup(a_vector_of_all_logs_fits_a_message, set_up),
        cmocka_unit_test_setup(intro_names_a_log_in_full_or_short, set_up),
        cmocka_unit_test_setup(seg_carries_a_block_and_its_seals, set_up),
        cmocka_unit_test_setup(seg_of_wrong_shape_is_a_fault, set_up),
        cmocka_unit_test_setup(a_lone_event_of_39_bytes_takes_at_most_110, set_up),
        cmocka_unit_test_setup(a_bunch_carries_runs_of_several_logs, set_up),
        cmocka_unit_test_setup(runs_of_a_bunch_fit_a_block, set_up),
        cmocka_unit_test_setup(haves_come_in_pairs, set_up),
        cmocka_unit_test_setup(the_small_ones_come_back, set_up),
        cmocka_unit_test_setup(what_reads_writes_back_the_same, set_up),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
