/* A payload of kind 0 is read whole, or its event is void. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/payload.h"
#include "tests/lib/vectors.h"

static struct lum_arena arena;
static struct lum_buf bytes;
static struct lum_hash space;
static struct lum_hash log_id;
static struct lum_header header;
static const struct lum_payload_place place = {&space, &log_id, 1, 10, &header};

static int setup(void **state)
{
    (void)state;
    assert_int_equal(lum_crypto_init(), LUM_OK);
    lum_arena_init(&arena);
    lum_buf_init(&bytes, 128 * 1024);
    memset(space.b, 's', sizeof space.b);
    memset(log_id.b, 'l', sizeof log_id.b);
    memset(&header, 0, sizeof header);
    header.dep_count = 2;
    header.deps[0].seq = 5;
    header.deps[1].seq = 9;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    lum_arena_fini(&arena);
    lum_buf_fini(&bytes);
    return 0;
}

/*
 * Payloads are written as msgpack in hex; ID is sixteen bytes of 0x11 with their head.
 */
#define ID "c41011111111111111111111111111111111"

static enum lum_void read_hex(const char *hex, struct lum_payload *out)
{
    vectors_unhex(hex, &bytes);
    assert_int_equal(lum_payload_read(lum_buf_bytes(&bytes), &place, &arena, out), LUM_OK);
    if (out->why != LUM_VOID_NOT) {
        assert_int_equal(out->op_count, 0);
    }
    return out->why;
}

static void expect_text(struct lum_bytes text, const char *is)
{
    assert_int_equal(text.len, strlen(is));
    assert_memory_equal(text.at, is, text.len);
}

static void a_make_brings_its_fields_and_derives_its_id(void **state)
{
    struct lum_payload payload;
    struct lum_id id;
    (void)state;
    /* [[], [[0, "tree", {"a": 5, "b": nil}]]] */
    assert_int_equal(read_hex("92909193"
                              "00a474726565"
                              "82a16105a162c0",
                              &payload),
                     LUM_VOID_NOT);
    assert_int_equal(payload.op_count, 1);
    const struct lum_op *op = &payload.ops[0];
    assert_int_equal(op->type, LUM_OP_MAKE);
    expect_text(op->collection, "tree");
    assert_int_equal(op->pair_count, 2);
    expect_text(op->pairs[0].field, "a");
    expect_text(op->pairs[0].value, "\x05");
    expect_text(op->pairs[1].field, "b");
    expect_text(op->pairs[1].value, "\xc0");
    lum_record_id_made(&log_id, 10, 0, &id);
    assert_memory_equal(op->record.b, id.b, sizeof id.b);
}

static void a_make_keyed_derives_its_id_from_space_shelf_collection_and_key(void **state)
{
    struct lum_payload payload;
    struct lum_id id;
    (void)state;
    /* [[], [[18, "tree", "k\x1f2", {}]]] */
    assert_int_equal(read_hex("92909194"
                              "12a474726565a36b1f3280",
                              &payload),
                     LUM_VOID_NOT);
    expect_text(payload.ops[0].key, "k\x1f"
                                    "2");
    lum_record_id_keyed(&space, 1, lum_bytes_of("tree", 4),
                        lum_bytes_of("k\x1f"
                                     "2",
                                     3),
                        &id);
    assert_memory_equal(payload.ops[0].record.b, id.b, sizeof id.b);
    lum_record_id_keyed(&space, 2, lum_bytes_of("tree", 4),
                        lum_bytes_of("k\x1f"
                                     "2",
                                     3),
                        &id);
    assert_memory_not_equal(payload.ops[0].record.b, id.b, sizeof id.b);
}

static void a_set_names_record_field_value_and_what_it_replaces(void **state)
{
    struct lum_payload payload;
    (void)state;
    /* [[ID], [[1, 0, "a", 5, [[3, 1], [0, 2, 7], [1, 0, 0]]]]] */
    assert_int_equal(read_hex("9291" ID "91950100a16105"
                              "93"
                              "920301"
                              "93000207"
                              "93010000",
                              &payload),
                     LUM_VOID_NOT);
    const struct lum_op *op = &payload.ops[0];
    assert_int_equal(op->type, LUM_OP_SET);
    assert_int_equal(op->record.b[7], 0x11);
    assert_int_equal(op->dot_count, 3);
    assert_int_equal(op->dots[0].dep, 0);
    assert_int_equal(op->dots[0].seq, 7); /* 10 - 3 */
    assert_int_equal(op->dots[0].op, 1);
    assert_int_equal(op->dots[1].dep, 1);
    assert_int_equal(op->dots[1].seq, 3); /* 5 - 2 */
    assert_int_equal(op->dots[1].op, 7);
    assert_int_equal(op->dots[2].dep, 2);
    assert_int_equal(op->dots[2].seq, 9);
}

static void drop_and_keep_name_positions_and_drops(void **state)
{
    struct lum_payload payload;
    (void)state;
    /* [[ID], [[12, 0, [[1, 8]]], [13, 0, [[0, 0]]]], salt] */
    assert_int_equal(read_hex("9391" ID "92"
                              "930c00919201"
                              "08"
                              "930d0091920000"
                              "c41000000000000000000000000000000000",
                              &payload),
                     LUM_VOID_NOT);
    assert_int_equal(payload.ops[0].type, LUM_OP_DROP);
    assert_int_equal(payload.ops[0].dots[0].dep, 2);
    assert_int_equal(payload.ops[0].dots[0].seq, 1);
    assert_int_equal(payload.ops[0].dots[0].op, LUM_OP_ANY);
    assert_int_equal(payload.ops[1].type, LUM_OP_KEEP);
    assert_int_equal(payload.ops[1].index, 1);
    assert_int_equal(payload.ops[1].dots[0].seq, 10);
    assert_int_equal(payload.ops[1].dots[0].op, 0);
}

static void own_references_lead_to_what_an_own_op_makes(void **state)
{
    struct lum_payload payload;
    struct lum_id made;
    struct lum_id older;
    (void)state;
    /* [[[0, 1], [4, 2]], [[1, 0, "a", 5, []], [18, "t", "k", {}], [1, 1, "a", 5, []]]] */
    assert_int_equal(read_hex("9292"
                              "920001"
                              "920402"
                              "93"
                              "950100a1610590"
                              "9412a174a16b80"
                              "950101a1610590",
                              &payload),
                     LUM_VOID_NOT);
    lum_record_id_keyed(&space, 1, lum_bytes_of("t", 1), lum_bytes_of("k", 1), &made);
    lum_record_id_made(&log_id, 6, 2, &older);
    assert_memory_equal(payload.ops[0].record.b, made.b, sizeof made.b);
    assert_memory_equal(payload.ops[2].record.b, older.b, sizeof older.b);
}

static void whatever_is_wrong_inside_makes_the_event_void(void **state)
{
    static const struct {
        const char *what;
        const char *hex;
        enum lum_void why;
    } rows[] = {
        {"nothing at all", "", LUM_VOID_MALFORMED},
        {"not an array", "a0", LUM_VOID_MALFORMED},
        {"one element", "9190", LUM_VOID_MALFORMED},
        {"four elements", "9490909090", LUM_VOID_MALFORMED},
        {"bytes behind", "92909000", LUM_VOID_MALFORMED},
        {"a long form", "dc00029090", LUM_VOID_MALFORMED},
        {"no op type", "92909190", LUM_VOID_MALFORMED},
        {"a salt of 15", "939090c40f000000000000000000000000000000", LUM_VOID_MALFORMED},
        {"an op that version 1 does not know", "9290919302c0c0", LUM_VOID_OP},
        {"a negative op",
         "929091"
         "93ffc0c0",
         LUM_VOID_OP},
        {"an upper-case collection", "9290919300a15480", LUM_VOID_MALFORMED},
        {"fields out of order", "9290919300a17482a16200a16100", LUM_VOID_MALFORMED},
        {"a field twice", "9290919300a17482a16100a16100", LUM_VOID_MALFORMED},
        {"an empty field name", "9290919300a17481a000", LUM_VOID_MALFORMED},
        {"a value that is none", "9290919300a17481a16180", LUM_VOID_MALFORMED},
        {"a make with one more", "9290919400a17480c0", LUM_VOID_MALFORMED},
        {"a make with one more, where a salt would stand",
         "93909194"
         "00a17480c41000000000000000000000000000000000",
         LUM_VOID_MALFORMED},
        {"an empty key", "9290919412a174a080", LUM_VOID_MALFORMED},
        {"a set of an empty field name", "9291" ID "91950100a00590", LUM_VOID_MALFORMED},
        {"a set of a field name of two lines", "9291" ID "91950100a10a0590", LUM_VOID_MALFORMED},
        {"a reference that is not there", "929091950100a1610590", LUM_VOID_MALFORMED},
        {"an id of 15 bytes",
         "9291c40f111111111111111111111111111111"
         "90",
         LUM_VOID_MALFORMED},
        {"own reference before the log",
         "929192"
         "0a"
         "0090",
         LUM_VOID_MALFORMED},
        {"own reference to no make",
         "9291920000"
         "91"
         "950100a1610590",
         LUM_VOID_MALFORMED},
        {"own reference beyond the ops",
         "9291920001"
         "90",
         LUM_VOID_MALFORMED},
        {"own reference with op 1024", "92919201cd040090", LUM_VOID_MALFORMED},
        {"a dot at the op itself", "9291" ID "91950100a1610591920000", LUM_VOID_MALFORMED},
        {"a dot before the log", "9291" ID "91950100a1610591920a00", LUM_VOID_MALFORMED},
        {"a dot of a third dep", "9291" ID "91950100a161059193020000", LUM_VOID_MALFORMED},
        {"a dot below seq 1", "9291" ID "91950100a161059193000500", LUM_VOID_MALFORMED},
        {"a dot with op 1024",
         "9291" ID "91950100a16105919301"
         "00cd0400",
         LUM_VOID_MALFORMED},
        {"a dot of four", "9291" ID "91950100a16105919400000000", LUM_VOID_MALFORMED},
        {"seen of the own log",
         "9291" ID "91930c0091"
         "9101",
         LUM_VOID_MALFORMED},
        {"seen of three",
         "9291" ID "91930c0091"
         "93000000",
         LUM_VOID_MALFORMED},
    };
    struct lum_payload payload;
    (void)state;
    for (size_t i = 0; i < LUM_COUNT(rows); i++) {
        if (read_hex(rows[i].hex, &payload) != rows[i].why) {
            fail_msg("%s: %d", rows[i].what, (int)payload.why);
        }
    }
}

static void ops_stop_at_1024(void **state)
{
    struct lum_payload payload;
    (void)state;
    for (uint32_t over = 0; over < 2; over++) {
        lum_buf_reset(&bytes);
        lum_pack_array(&bytes, 2);
        lum_pack_array(&bytes, 0);
        lum_pack_array(&bytes, LUM_OPS_MAX + over);
        for (uint32_t i = 0; i < LUM_OPS_MAX + over; i++) {
            lum_pack_array(&bytes, 3);
            lum_pack_uint(&bytes, 0);
            lum_pack_cstr(&bytes, "t");
            lum_pack_map(&bytes, 0);
        }
        assert_int_equal(lum_payload_read(lum_buf_bytes(&bytes), &place, &arena, &payload), LUM_OK);
        assert_int_equal(payload.why, over == 0 ? LUM_VOID_NOT : LUM_VOID_MALFORMED);
        assert_int_equal(payload.op_count, over == 0 ? LUM_OPS_MAX : 0);
    }
}

static void in_the_first_event_of_a_log_nothing_is_behind(void **state)
{
    const struct lum_payload_place first = {&space, &log_id, 1, 1, &header};
    struct lum_payload payload;
    (void)state;
    vectors_unhex("9291" ID "91950100a1610591920100", &bytes); /* a dot one back */
    assert_int_equal(lum_payload_read(lum_buf_bytes(&bytes), &first, &arena, &payload), LUM_OK);
    assert_int_equal(payload.why, LUM_VOID_MALFORMED);
}

static void record_ids_are_those_of_the_vectors(void **state)
{
    json_t *vectors = vectors_open("record_ids.json");
    json_t *rows = vectors_array(vectors, "made");
    struct lum_hash hash;
    struct lum_id id;
    (void)state;
    assert_true(json_array_size(rows) >= 3);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        vectors_exact(row, "log_id", hash.b, sizeof hash.b);
        lum_record_id_made(&hash, (uint64_t)vectors_number(row, "seq"),
                           (uint16_t)vectors_number(row, "op"), &id);
        vectors_same(row, "id", id.b, sizeof id.b);
    }
    rows = vectors_array(vectors, "keyed");
    vectors_exact(vectors, "space", hash.b, sizeof hash.b);
    assert_true(json_array_size(rows) >= 3);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *collection = vectors_text(row, "collection");
        const char *key = vectors_text(row, "key");
        lum_record_id_keyed(&hash, (uint8_t)vectors_number(row, "shelf"),
                            lum_bytes_of(collection, strlen(collection)),
                            lum_bytes_of(key, strlen(key)), &id);
        vectors_same(row, "id", id.b, sizeof id.b);
    }
    json_decref(vectors);
}

static void without_memory_a_payload_is_not_called_void(void **state)
{
    struct lum_payload payload;
    struct lum_arena poor;
    (void)state;
    lum_arena_init(&poor);
    vectors_unhex("9290919300a17480", &bytes);
    lum_mem_fail_after(1, true);
    enum lum_status status = lum_payload_read(lum_buf_bytes(&bytes), &place, &poor, &payload);
    lum_mem_fail_after(0, false);
    lum_arena_fini(&poor);
    assert_int_equal(status, LUM_NO_MEMORY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_make_brings_its_fields_and_derives_its_id),
        TEST(a_make_keyed_derives_its_id_from_space_shelf_collection_and_key),
        TEST(a_set_names_record_field_value_and_what_it_replaces),
        TEST(drop_and_keep_name_positions_and_drops),
        TEST(own_references_lead_to_what_an_own_op_makes),
        TEST(whatever_is_wrong_inside_makes_the_event_void),
        TEST(ops_stop_at_1024),
        TEST(in_the_first_event_of_a_log_nothing_is_behind),
        TEST(record_ids_are_those_of_the_vectors),
        TEST(without_memory_a_payload_is_not_called_void),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
