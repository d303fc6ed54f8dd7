/* test_channel.c - an encrypted pipe between two nodes, and what a stranger gets out of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "net/channel.h"

enum {
    ROOM = 4 << 20,
};

static const uint8_t EPHEMERAL_I[32] = {0x11, 1};
static const uint8_t EPHEMERAL_R[32] = {0x22, 2};

/* Two ends and the bytes between them. */
static struct lum_entry keys[3];
static struct lum_channel dialler;
static struct lum_channel answerer;
static struct lum_buf to_answerer;
static struct lum_buf to_dialler;
static struct lum_buf heard_by_answerer;
static struct lum_buf heard_by_dialler;

static int start(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(keys); i++) {
        uint8_t secret[32] = {(uint8_t)(i + 1)};
        keys[i] = (struct lum_entry){.kind = LUM_ENTRY_SPACE, .tag = (uint32_t)(100 + i)};
        lum_entry_keys_of_secret(secret, &keys[i].keys);
    }
    keys[2].kind = LUM_ENTRY_INVITE;
    lum_buf_init(&to_answerer, ROOM);
    lum_buf_init(&to_dialler, ROOM);
    lum_buf_init(&heard_by_answerer, ROOM);
    lum_buf_init(&heard_by_dialler, ROOM);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lum_channel_wipe(&dialler);
    lum_channel_wipe(&answerer);
    lum_buf_fini(&to_answerer);
    lum_buf_fini(&to_dialler);
    lum_buf_fini(&heard_by_answerer);
    lum_buf_fini(&heard_by_dialler);
    return 0;
}

static enum lum_fault feed_answerer(void)
{
    return lum_channel_feed(&answerer, &to_answerer, keys, LUM_COUNT(keys), &heard_by_answerer,
                            &to_dialler);
}

static enum lum_fault feed_dialler(void)
{
    return lum_channel_feed(&dialler, &to_dialler, NULL, 0, &heard_by_dialler, &to_answerer);
}

static void connect_with(const struct lum_entry *entry)
{
    lum_channel_dial(&dialler, entry, EPHEMERAL_I, &to_answerer);
    lum_channel_answer(&answerer, EPHEMERAL_R);
    assert_int_equal(to_answerer.len, LUM_CHANNEL_FIRST_BYTES);
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    assert_int_equal(to_dialler.len, LUM_CHANNEL_SECOND_BYTES);
    assert_int_equal(feed_dialler(), LUM_FAULT_NONE);
    assert_int_equal(dialler.state, LUM_CHANNEL_OPEN);
    assert_int_equal(answerer.state, LUM_CHANNEL_OPEN);
}

static void say(const char *text)
{
    lum_channel_seal(&dialler, lum_bytes_of(text, strlen(text)), &to_answerer);
}

static void expect_heard(const struct lum_buf *heard, const char *text)
{
    assert_int_equal(heard->len, strlen(text));
    assert_memory_equal(heard->at, text, strlen(text));
}

/* ---- two nodes that know a key ---- */

static void two_who_know_a_key_hear_each_other(void **state)
{
    (void)state;
    connect_with(&keys[1]);
    assert_int_equal(answerer.entry.tag, 101);
    assert_memory_equal(dialler.hash, answerer.hash, sizeof(dialler.hash));

    say("selamat pagi");
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    expect_heard(&heard_by_answerer, "selamat pagi");
    lum_channel_seal(&answerer, lum_bytes_of("pagi", 4), &to_dialler);
    assert_int_equal(feed_dialler(), LUM_FAULT_NONE);
    expect_heard(&heard_by_dialler, "pagi");
}

static void the_kind_of_key_is_bound_in(void **state)
{
    (void)state;
    connect_with(&keys[2]);
    assert_int_equal(answerer.entry.kind, LUM_ENTRY_INVITE);

    struct lum_entry mistaken = keys[2];
    mistaken.kind = LUM_ENTRY_SPACE;
    lum_channel_dial(&dialler, &mistaken, EPHEMERAL_I, &to_answerer);
    lum_channel_answer(&answerer, EPHEMERAL_R);
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    assert_int_equal(answerer.state, LUM_CHANNEL_DEAF);
    assert_int_equal(to_dialler.len, 0);
}

static void two_meetings_have_two_hashes(void **state)
{
    (void)state;
    uint8_t first[LUM_NOISE_HASH];
    connect_with(&keys[0]);
    memcpy(first, dialler.hash, sizeof(first));
    lum_channel_dial(&dialler, &keys[0], EPHEMERAL_I, &to_answerer);
    lum_channel_answer(&answerer, EPHEMERAL_I);
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    assert_int_equal(feed_dialler(), LUM_FAULT_NONE);
    assert_memory_not_equal(first, dialler.hash, sizeof(first));
}

static void a_big_text_goes_in_several_records(void **state)
{
    (void)state;
    enum {
        BIG = 3 * LUM_CHANNEL_PLAIN_MAX + 5
    };
    static uint8_t big[BIG];
    connect_with(&keys[0]);
    for (size_t i = 0; i < BIG; i++) {
        big[i] = (uint8_t)(i * 7 + (i >> 8));
    }
    lum_channel_seal(&dialler, lum_bytes_of(big, BIG), &to_answerer);
    assert_int_equal(to_answerer.len, BIG + 4 * (2 + LUM_NOISE_TAG));
    assert_int_equal(to_answerer.at[0], 0xff);
    assert_int_equal(to_answerer.at[1], 0xff);
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    assert_int_equal(heard_by_answerer.len, BIG);
    assert_memory_equal(heard_by_answerer.at, big, BIG);
}

static void nothing_said_is_nothing_sent(void **state)
{
    (void)state;
    connect_with(&keys[0]);
    say("");
    assert_int_equal(to_answerer.len, 0);
}

/* ---- a stream arrives in pieces ---- */

/* All that a dialler sends in a meeting. With the same ephemeral keys the bytes are the same. */
static void record_meeting(struct lum_buf *out)
{
    lum_buf_init(out, ROOM);
    lum_channel_dial(&dialler, &keys[0], EPHEMERAL_I, out);
    connect_with(&keys[0]);
    say("satu");
    say("dua");
    say("tiga");
    lum_buf_put(out, to_answerer.at, to_answerer.len);
    lum_buf_reset(&to_answerer);
}

static void a_stream_cut_at_any_byte_is_heard_alike(void **state)
{
    (void)state;
    struct lum_buf whole;
    record_meeting(&whole);
    for (size_t cut = 0; cut <= whole.len; cut++) {
        lum_channel_answer(&answerer, EPHEMERAL_R);
        lum_buf_reset(&heard_by_answerer);
        lum_buf_reset(&to_dialler);
        lum_buf_put(&to_answerer, whole.at, cut);
        assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
        lum_buf_put(&to_answerer, whole.at + cut, whole.len - cut);
        assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
        assert_int_equal(to_answerer.len, 0);
        assert_int_equal(to_dialler.len, LUM_CHANNEL_SECOND_BYTES);
        expect_heard(&heard_by_answerer, "satuduatiga");
    }
    lum_buf_fini(&whole);
}

static void a_stream_byte_by_byte_is_heard_alike(void **state)
{
    (void)state;
    struct lum_buf whole;
    record_meeting(&whole);
    lum_channel_answer(&answerer, EPHEMERAL_R);
    for (size_t i = 0; i < whole.len; i++) {
        lum_buf_put_byte(&to_answerer, whole.at[i]);
        assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    }
    expect_heard(&heard_by_answerer, "satuduatiga");
    lum_buf_fini(&whole);
}

static void a_record_without_room_waits(void **state)
{
    (void)state;
    connect_with(&keys[0]);
    lum_buf_fini(&heard_by_answerer);
    lum_buf_init(&heard_by_answerer, 6);
    say("satu");
    say("dua");
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    expect_heard(&heard_by_answerer, "satu");
    assert_int_equal(to_answerer.len, 2 + 3 + LUM_NOISE_TAG);
    lum_buf_reset(&heard_by_answerer);
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    expect_heard(&heard_by_answerer, "dua");
}

/* ---- flipped bytes ---- */

static void a_flipped_byte_in_a_record_closes(void **state)
{
    (void)state;
    enum {
        SIZE = 2 + 4 + LUM_NOISE_TAG
    };
    for (size_t at = 0; at < SIZE; at++) {
        lum_buf_reset(&to_answerer);
        lum_buf_reset(&heard_by_answerer);
        connect_with(&keys[0]);
        say("satu");
        say("dua");
        assert_int_equal(to_answerer.len, SIZE + SIZE - 1);
        to_answerer.at[at] ^= 0x40;
        enum lum_fault fault = feed_answerer();
        while (answerer.state == LUM_CHANNEL_OPEN) { /* in the length: more is awaited first */
            assert_int_equal(fault, LUM_FAULT_NONE);
            assert_true(at < 2);
            lum_buf_put_byte(&to_answerer, 0);
            fault = feed_answerer();
        }
        assert_int_equal(fault, LUM_FAULT_CIPHER);
        assert_int_equal(answerer.state, LUM_CHANNEL_DEAF);
        assert_int_equal(heard_by_answerer.len, 0);
        assert_int_equal(to_dialler.len, 0);
    }
}

static void a_flipped_byte_in_the_first_message_meets_silence(void **state)
{
    (void)state;
    for (size_t at = 0; at < LUM_CHANNEL_FIRST_BYTES; at++) {
        lum_buf_reset(&to_answerer);
        lum_channel_dial(&dialler, &keys[0], EPHEMERAL_I, &to_answerer);
        lum_channel_answer(&answerer, EPHEMERAL_R);
        to_answerer.at[at] ^= 0x01;
        assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
        assert_int_equal(answerer.state, LUM_CHANNEL_DEAF);
        assert_int_equal(to_dialler.len, 0);
    }
}

static void a_flipped_byte_in_the_second_message_closes(void **state)
{
    (void)state;
    for (size_t at = 0; at < LUM_CHANNEL_SECOND_BYTES; at++) {
        lum_buf_reset(&to_answerer);
        lum_buf_reset(&to_dialler);
        lum_channel_dial(&dialler, &keys[0], EPHEMERAL_I, &to_answerer);
        lum_channel_answer(&answerer, EPHEMERAL_R);
        assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
        to_dialler.at[at] ^= 0x01;
        assert_int_equal(feed_dialler(), LUM_FAULT_CIPHER);
        assert_int_equal(dialler.state, LUM_CHANNEL_DEAF);
    }
}

static void records_out_of_order_or_twice_close(void **state)
{
    (void)state;
    connect_with(&keys[0]);
    say("satu");
    lum_buf_put(&to_answerer, to_answerer.at, to_answerer.len);
    assert_int_equal(feed_answerer(), LUM_FAULT_CIPHER);
    expect_heard(&heard_by_answerer, "satu");

    lum_buf_reset(&to_answerer);
    lum_buf_reset(&heard_by_answerer);
    connect_with(&keys[0]);
    say("satu");
    lum_buf_reset(&to_answerer);
    say("dua");
    assert_int_equal(feed_answerer(), LUM_FAULT_CIPHER);
    assert_int_equal(heard_by_answerer.len, 0);
}

static void a_record_too_short_for_its_tag_closes(void **state)
{
    (void)state;
    connect_with(&keys[0]);
    lum_buf_put(&to_answerer, "\x00\x0f", 2);
    assert_int_equal(feed_answerer(), LUM_FAULT_CIPHER);
    assert_int_equal(answerer.state, LUM_CHANNEL_DEAF);
}

/* ---- strangers ---- */

static void a_stranger_with_another_key_hears_nothing_whatever_he_sends(void **state)
{
    (void)state;
    uint8_t secret[32] = {0xee};
    struct lum_entry foreign = {.kind = LUM_ENTRY_SPACE};
    lum_entry_keys_of_secret(secret, &foreign.keys);
    lum_channel_dial(&dialler, &foreign, EPHEMERAL_I, &to_answerer);
    lum_channel_answer(&answerer, EPHEMERAL_R);
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    assert_int_equal(answerer.state, LUM_CHANNEL_DEAF);

    uint64_t expected = LUM_CHANNEL_FIRST_BYTES;
    for (unsigned i = 0; i < 300; i++) {
        uint8_t noise[64];
        memset(noise, (int)i, sizeof(noise));
        lum_buf_put(&to_answerer, noise, i % sizeof(noise));
        expected += i % sizeof(noise);
        assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    }
    lum_channel_dial(&dialler, &keys[0], EPHEMERAL_I, &to_answerer); /* too late */
    expected += LUM_CHANNEL_FIRST_BYTES;
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    assert_int_equal(to_dialler.len, 0);
    assert_int_equal(heard_by_answerer.len, 0);
    assert_int_equal(to_answerer.len, 0);
    assert_int_equal(answerer.discarded, expected);
}

/* The hint is right, so the key is found; only the tag tells that the caller does not have it. */
static void a_stranger_who_knows_the_hint_key_hears_nothing(void **state)
{
    (void)state;
    struct lum_entry thief = keys[0];
    thief.keys.psk[0] ^= 1;
    lum_channel_dial(&dialler, &thief, EPHEMERAL_I, &to_answerer);
    lum_channel_answer(&answerer, EPHEMERAL_R);
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    assert_int_equal(answerer.state, LUM_CHANNEL_DEAF);
    assert_int_equal(to_dialler.len, 0);
}

static void two_keys_with_one_hint_are_both_tried(void **state)
{
    (void)state;
    struct lum_entry known[2] = {keys[0], keys[0]};
    known[0].keys.psk[0] ^= 1;
    known[1].tag = 7;
    lum_channel_dial(&dialler, &keys[0], EPHEMERAL_I, &to_answerer);
    lum_channel_answer(&answerer, EPHEMERAL_R);
    assert_int_equal(
        lum_channel_feed(&answerer, &to_answerer, known, 2, &heard_by_answerer, &to_dialler),
        LUM_FAULT_NONE);
    assert_int_equal(answerer.state, LUM_CHANNEL_OPEN);
    assert_int_equal(answerer.entry.tag, 7);
}

static void a_wrong_first_length_is_told_by_its_two_bytes(void **state)
{
    (void)state;
    static const uint8_t lengths[][2] = {{0, 0}, {0, 55}, {0, 57}, {0xff, 0xff}, {'G', 'E'}};
    for (size_t i = 0; i < LUM_COUNT(lengths); i++) {
        lum_channel_answer(&answerer, EPHEMERAL_R);
        lum_buf_put(&to_answerer, lengths[i], 2);
        assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
        assert_int_equal(answerer.state, LUM_CHANNEL_DEAF);
        assert_int_equal(answerer.discarded, 2);
        assert_int_equal(to_dialler.len, 0);
    }
}

/* Who recorded a first message may send it again, but without its secret the reply is useless. */
static void a_replayed_first_message_gets_a_useless_reply(void **state)
{
    (void)state;
    uint8_t recorded[LUM_CHANNEL_FIRST_BYTES];
    static const uint8_t other[32] = {0x33};
    static const uint8_t guess[32] = {0x44};
    lum_channel_dial(&dialler, &keys[0], EPHEMERAL_I, &to_answerer);
    memcpy(recorded, to_answerer.at, sizeof(recorded));
    lum_channel_answer(&answerer, EPHEMERAL_R);
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    assert_int_equal(feed_dialler(), LUM_FAULT_NONE);
    say("satu");

    struct lum_channel replayed;
    lum_channel_answer(&replayed, other);
    struct lum_buf in;
    lum_buf_init(&in, ROOM);
    lum_buf_put(&in, recorded, sizeof(recorded));
    assert_int_equal(
        lum_channel_feed(&replayed, &in, keys, LUM_COUNT(keys), &heard_by_answerer, &to_dialler),
        LUM_FAULT_NONE);
    assert_int_equal(replayed.state, LUM_CHANNEL_OPEN);
    assert_memory_not_equal(replayed.hash, answerer.hash, sizeof(replayed.hash));

    /* the recorded conversation does not go on there ... */
    lum_buf_put(&in, to_answerer.at, to_answerer.len);
    assert_int_equal(
        lum_channel_feed(&replayed, &in, keys, LUM_COUNT(keys), &heard_by_answerer, &to_dialler),
        LUM_FAULT_CIPHER);
    assert_int_equal(heard_by_answerer.len, 0);
    lum_buf_fini(&in);

    /* ... and the thief, even with the psk, cannot read the reply. */
    struct lum_channel thief;
    lum_buf_reset(&to_answerer);
    lum_channel_dial(&thief, &keys[0], guess, &to_answerer);
    assert_int_equal(
        lum_channel_feed(&thief, &to_dialler, NULL, 0, &heard_by_dialler, &to_answerer),
        LUM_FAULT_CIPHER);
}

/* ---- rekey ---- */

static void both_sides_rekey_at_the_same_record(void **state)
{
    (void)state;
    uint8_t before[32];
    connect_with(&keys[0]);
    memcpy(before, dialler.send.cipher.key, sizeof(before));
    for (uint32_t i = 1; i <= 2 * LUM_CHANNEL_REKEY_RECORDS + 1; i++) {
        say("x");
        assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
        if (i == LUM_CHANNEL_REKEY_RECORDS - 1) {
            assert_memory_equal(before, dialler.send.cipher.key, sizeof(before));
        }
        if (i == LUM_CHANNEL_REKEY_RECORDS) {
            assert_memory_not_equal(before, dialler.send.cipher.key, sizeof(before));
        }
        lum_buf_reset(&heard_by_answerer);
    }
    assert_int_equal(dialler.send.records, 1);
    assert_int_equal(dialler.send.cipher.nonce, 2 * LUM_CHANNEL_REKEY_RECORDS + 1);
    assert_memory_equal(dialler.send.cipher.key, answerer.receive.cipher.key, 32);
    assert_memory_equal(dialler.receive.cipher.key, answerer.send.cipher.key, 32);
    assert_int_equal(answerer.send.records, 0);
}

static void both_sides_rekey_at_the_same_byte(void **state)
{
    (void)state;
    uint8_t before[32];
    connect_with(&keys[0]);
    memcpy(before, dialler.send.cipher.key, sizeof(before));
    dialler.send.bytes = LUM_CHANNEL_REKEY_BYTES - 8; /* as if so much had passed */
    answerer.receive.bytes = LUM_CHANNEL_REKEY_BYTES - 8;
    say("tujuh b"); /* 7 bytes: one is still missing */
    assert_memory_equal(before, dialler.send.cipher.key, sizeof(before));
    say("!");
    assert_memory_not_equal(before, dialler.send.cipher.key, sizeof(before));
    assert_int_equal(dialler.send.bytes, 0);
    say("lagi");
    assert_int_equal(feed_answerer(), LUM_FAULT_NONE);
    expect_heard(&heard_by_answerer, "tujuh b!lagi");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(two_who_know_a_key_hear_each_other),
        CASE(the_kind_of_key_is_bound_in),
        CASE(two_meetings_have_two_hashes),
        CASE(a_big_text_goes_in_several_records),
        CASE(nothing_said_is_nothing_sent),
        CASE(a_stream_cut_at_any_byte_is_heard_alike),
        CASE(a_stream_byte_by_byte_is_heard_alike),
        CASE(a_record_without_room_waits),
        CASE(a_flipped_byte_in_a_record_closes),
        CASE(a_flipped_byte_in_the_first_message_meets_silence),
        CASE(a_flipped_byte_in_the_second_message_closes),
        CASE(records_out_of_order_or_twice_close),
        CASE(a_record_too_short_for_its_tag_closes),
        CASE(a_stranger_with_another_key_hears_nothing_whatever_he_sends),
        CASE(a_stranger_who_knows_the_hint_key_hears_nothing),
        CASE(two_keys_with_one_hint_are_both_tried),
        CASE(a_wrong_first_length_is_told_by_its_two_bytes),
        CASE(a_replayed_first_message_gets_a_useless_reply),
        CASE(both_sides_rekey_at_the_same_record),
        CASE(both_sides_rekey_at_the_same_byte),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
