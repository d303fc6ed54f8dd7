/*
 * test_noise.c - the handshake against the public vectors (cacophony's, all that are named
 * Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b), and what the vectors do not show: refusals and rekey.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/mem.h"
#include "net/noise.h"

#define VECTOR_FILE "vectors/noise_25519_ChaChaPoly_BLAKE2b.json"
#define VECTOR_NAME "\"Noise_NNpsk0_25519_ChaChaPoly_BLAKE2b\""

enum {
    FILE_MAX = 1 << 20,
    FIELD_MAX = 256,
};

static const char *shared_dir(void)
{
    const char *dir = getenv("LUM_SHARED");
    return dir != NULL ? dir : LUM_SHARED_DIR;
}

/* The whole file as text, or NULL when there is no shared folder at all. */
static char *read_vectors(void)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/" VECTOR_FILE, shared_dir());
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        FILE *folder = fopen(shared_dir(), "rb");
        assert_null(folder); /* the folder is there, so the file must be */
        return NULL;
    }
    char *text = lum_alloc(FILE_MAX);
    assert_non_null(text);
    size_t len = fread(text, 1, FILE_MAX - 1, file);
    text[len] = '\0';
    fclose(file);
    return text;
}

static uint8_t hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = strchr(digits, c);
    assert_true(c != '\0' && at != NULL);
    return (uint8_t)(at - digits);
}

/* The hex string behind the next `"name": "` (or `"name": ["`) before end; moves *at behind it. */
static struct lum_bytes take_hex(const char **at, const char *end, const char *name, uint8_t *out)
{
    char quoted[64];
    snprintf(quoted, sizeof(quoted), "\"%s\"", name);
    const char *key = strstr(*at, quoted);
    assert_true(key != NULL && key < end);
    const char *digit = strchr(key + strlen(quoted), '"');
    assert_non_null(digit);
    digit++;
    size_t len = 0;
    while (digit[2 * len] != '"') {
        assert_true(len < FIELD_MAX);
        uint8_t high = hex_digit(digit[2 * len]);
        uint8_t low = hex_digit(digit[2 * len + 1]);
        out[len++] = (uint8_t)(high << 4 | low);
    }
    *at = digit + 2 * len;
    return lum_bytes_of(out, len);
}

/* One side of a vector. */
struct side {
    struct lum_noise noise;
    struct lum_noise_pair e;
    struct lum_noise_cipher send;
    struct lum_noise_cipher receive;
};

static void begin_side(struct side *side, const char *at, const char *end, const char *role)
{
    char name[32];
    uint8_t prologue_room[FIELD_MAX];
    uint8_t room[FIELD_MAX];
    snprintf(name, sizeof(name), "%s_prologue", role);
    struct lum_bytes prologue = take_hex(&at, end, name, prologue_room);
    snprintf(name, sizeof(name), "%s_psks", role);
    assert_int_equal(take_hex(&at, end, name, room).len, 32);
    lum_noise_begin(&side->noise, prologue, room);
    snprintf(name, sizeof(name), "%s_ephemeral", role);
    assert_int_equal(take_hex(&at, end, name, room).len, 32);
    lum_noise_pair_of(room, &side->e);
}

/* Message `number` of a vector: written by one side as it stands, read by the other. */
static void pass_message(struct side *from, struct side *to, unsigned number,
                         struct lum_bytes payload, struct lum_bytes expected)
{
    uint8_t message[FIELD_MAX + 64] = {0};
    uint8_t heard[FIELD_MAX] = {0};
    if (number == 0) {
        lum_noise_write_first(&from->noise, &from->e, payload, message);
        assert_true(lum_noise_read_first(&to->noise, expected, heard));
    } else if (number == 1) {
        assert_true(lum_noise_write_second(&from->noise, &from->e, payload, message));
        assert_true(lum_noise_read_second(&to->noise, &to->e, expected, heard));
        lum_noise_split(&from->noise, &from->receive, &from->send);
        lum_noise_split(&to->noise, &to->send, &to->receive);
    } else {
        lum_noise_encrypt(&from->send, payload, message);
        assert_true(lum_noise_decrypt(&to->receive, expected, heard));
    }
    assert_memory_equal(message, expected.at, expected.len);
    assert_memory_equal(heard, payload.at, payload.len);
}

/* Runs one vector, which lies in [at, end); gives how many messages it had. */
static unsigned run_vector(const char *at, const char *end)
{
    struct side initiator;
    struct side responder;
    uint8_t hash_room[FIELD_MAX];
    begin_side(&initiator, at, end, "init");
    begin_side(&responder, at, end, "resp");
    struct lum_bytes hash = take_hex(&at, end, "handshake_hash", hash_room);
    assert_int_equal(hash.len, LUM_NOISE_HASH);

    unsigned count = 0;
    for (;; count++) {
        const char *next = strstr(at, "\"payload\"");
        if (next == NULL || next > end) {
            break;
        }
        uint8_t payload_room[FIELD_MAX];
        uint8_t sealed_room[FIELD_MAX];
        struct lum_bytes payload = take_hex(&at, end, "payload", payload_room);
        struct lum_bytes sealed = take_hex(&at, end, "ciphertext", sealed_room);
        bool is_initiator = count % 2 == 0;
        pass_message(is_initiator ? &initiator : &responder, is_initiator ? &responder : &initiator,
                     count, payload, sealed);
        if (count == 1) {
            assert_memory_equal(initiator.noise.h, hash.at, hash.len);
            assert_memory_equal(responder.noise.h, hash.at, hash.len);
        }
    }
    return count;
}

static void every_public_vector_runs(void **state)
{
    (void)state;
    char *text = read_vectors();
    if (text == NULL) {
        print_message("skipped: no ../shared\n");
        skip();
    }
    unsigned run = 0;
    unsigned named = 0;
    unsigned messages = 0;
    for (const char *at = strstr(text, VECTOR_NAME); at != NULL; at = strstr(at, VECTOR_NAME)) {
        named++;
        at += strlen(VECTOR_NAME);
        const char *end = strstr(at, "\"protocol_name\"");
        unsigned count = run_vector(at, end != NULL ? end : at + strlen(at));
        messages += count;
        run += count > 2 ? 1 : 0;
    }
    print_message("Noise NNpsk0 vectors: %u of %u, %u messages\n", run, named, messages);
    lum_free(text);
    assert_int_equal(named, 1); /* of the 59 in the file, this many bear our name */
    assert_int_equal(run, named);
    assert_int_equal(messages, 6);
}

static const uint8_t PSK[32] = {1};
static const uint8_t SECRET_I[32] = {2};
static const uint8_t SECRET_R[32] = {3};

static struct lum_bytes text_of(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

static void another_psk_or_prologue_does_not_read(void **state)
{
    (void)state;
    uint8_t message[48];
    uint8_t payload[1];
    struct lum_noise_pair e;
    struct lum_noise noise;
    lum_noise_pair_of(SECRET_I, &e);
    lum_noise_begin(&noise, text_of("p"), PSK);
    lum_noise_write_first(&noise, &e, text_of(""), message);

    struct lum_bytes bytes = lum_bytes_of(message, sizeof(message));
    lum_noise_begin(&noise, text_of("p"), PSK);
    assert_true(lum_noise_read_first(&noise, bytes, payload));
    lum_noise_begin(&noise, text_of("q"), PSK);
    assert_false(lum_noise_read_first(&noise, bytes, payload));
    lum_noise_begin(&noise, text_of("p"), SECRET_I);
    assert_false(lum_noise_read_first(&noise, bytes, payload));
    lum_noise_begin(&noise, text_of("p"), PSK);
    assert_false(lum_noise_read_first(&noise, lum_bytes_of(message, 47), payload));
}

static void an_ephemeral_of_small_order_is_refused(void **state)
{
    (void)state;
    uint8_t message[48];
    uint8_t payload[1];
    struct lum_noise_pair zero = {{0}, {0}};
    struct lum_noise_pair e;
    struct lum_noise noise;
    lum_noise_begin(&noise, text_of("p"), PSK);
    lum_noise_write_first(&noise, &zero, text_of(""), message);

    lum_noise_pair_of(SECRET_R, &e);
    lum_noise_begin(&noise, text_of("p"), PSK);
    assert_true(lum_noise_read_first(&noise, lum_bytes_of(message, sizeof(message)), payload));
    assert_false(lum_noise_write_second(&noise, &e, text_of(""), message));
}

static void rekey_changes_the_key_and_keeps_the_count(void **state)
{
    (void)state;
    uint8_t first[17];
    uint8_t second[17];
    uint8_t heard[1];
    struct lum_noise_cipher send = {{9}, 0};
    struct lum_noise_cipher receive = send;
    lum_noise_encrypt(&send, text_of("a"), first);
    lum_noise_rekey(&send);
    lum_noise_encrypt(&send, text_of("b"), second);
    assert_int_equal(send.nonce, 2);

    assert_true(lum_noise_decrypt(&receive, lum_bytes_of(first, 17), heard));
    assert_false(lum_noise_decrypt(&receive, lum_bytes_of(second, 17), heard));
    assert_int_equal(receive.nonce, 1);
    lum_noise_rekey(&receive);
    assert_true(lum_noise_decrypt(&receive, lum_bytes_of(second, 17), heard));
    assert_int_equal(heard[0], 'b');
}

/* 11.3 by the paper's own words, with the AEAD alone. */
static void rekey_is_the_papers(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    static const uint8_t nonce[12] = {0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255};
    uint8_t expected[48];
    struct lum_noise_cipher cipher = {{7}, 3};
    lum_aead_seal(cipher.key, nonce, text_of(""), lum_bytes_of(zeros, 32), expected);
    lum_noise_rekey(&cipher);
    assert_memory_equal(cipher.key, expected, 32);
    assert_int_equal(cipher.nonce, 3);
}

static void the_last_nonce_is_never_used(void **state)
{
    (void)state;
    uint8_t sealed[16] = {0};
    uint8_t heard[1];
    struct lum_noise_cipher cipher = {{7}, UINT64_MAX};
    assert_false(lum_noise_decrypt(&cipher, lum_bytes_of(sealed, sizeof(sealed)), heard));
}

static int start(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_public_vector_runs),
        cmocka_unit_test(another_psk_or_prologue_does_not_read),
        cmocka_unit_test(an_ephemeral_of_small_order_is_refused),
        cmocka_unit_test(rekey_changes_the_key_and_keeps_the_count),
        cmocka_unit_test(rekey_is_the_papers),
        cmocka_unit_test(the_last_nonce_is_never_used),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
