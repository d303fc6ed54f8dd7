/* What a draft writes, a payload reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/draft.h"

enum {
    SEQ = 50
};

struct fixture {
    struct lum_draft *draft;
    struct lum_arena arena;
    struct lum_buf payload;
    struct lum_header header;
    struct lum_hash space;
    struct lum_hash log_id;
    uint64_t pinned; /* what the source calls pinned already */
    uint32_t looks;
};

/* The log8 of lno n begins with 200 - n, so that the order by log8 is not that by lno. */
static enum lum_status look(void *self, uint32_t lno, uint64_t seq, struct lum_dep *out,
                            struct lum_error *err)
{
    struct fixture *f = self;
    (void)err;
    f->looks++;
    *out = (struct lum_dep){.seq = seq, .is_pin = seq > f->pinned};
    out->log8[0] = (uint8_t)(200 - lno);
    memset(out->hash16, (int)seq, out->is_pin ? sizeof out->hash16 : 0);
    return LUM_OK;
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){0};
    assert_int_equal(lum_crypto_init(), LUM_OK);
    assert_int_equal(lum_draft_open(&f.draft), LUM_OK);
    lum_arena_init(&f.arena);
    lum_buf_init(&f.payload, 2 * LUM_PAYLOAD_MAX);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    lum_draft_close(f->draft);
    lum_arena_fini(&f->arena);
    lum_buf_fini(&f->payload);
    return 0;
}

static enum lum_status write_status(struct fixture *f, struct lum_error *err)
{
    const struct lum_pin_source source = {f, look};
    return lum_draft_write(f->draft, SEQ, &source, &f->header, &f->payload, err);
}

static struct lum_payload written(struct fixture *f)
{
    struct lum_payload payload;
    assert_int_equal(write_status(f, NULL), LUM_OK);
    assert_int_equal(f->header.plen, f->payload.len);
    const struct lum_payload_place place = {&f->space, &f->log_id, 1, SEQ, &f->header};
    assert_int_equal(lum_payload_read(lum_buf_bytes(&f->payload), &place, &f->arena, &payload),
                     LUM_OK);
    assert_int_equal(payload.why, LUM_VOID_NOT);
    return payload;
}

static struct lum_bytes chars(const char *text)
{
    return lum_bytes_of(text, strlen(text));
}

static const struct lum_id id = {{1, 2, 3}};
static const struct lum_about about = {.id = &id};
static const struct lum_pair pair = {{(const uint8_t *)"name", 4}, {(const uint8_t *)"\x05", 1}};

static void every_op_comes_back_as_it_went_in(void **state)
{
    struct fixture *f = *state;
    const struct lum_about own = {.id = NULL, .place = {0, 0, 0}};
    const struct lum_about older = {.id = NULL, .place = {0, 40, 3}};
    const struct lum_place preds[] = {{7, 30, 1}, {0, 45, 2}, {0, 0, 0}};
    const struct lum_place seen[] = {{7, 31, 0}, {9, 4, 0}, {0, 49, 0}};
    const struct lum_place drops[] = {{9, 5, 8}};
    lum_draft_make(f->draft, chars("tree"), lum_bytes_of("\x81\xa1x\x01", 4));
    lum_draft_make_keyed(f->draft, chars("tree"), chars("k"), lum_bytes_of("\x80", 1));
    lum_draft_set(f->draft, &own, &pair, (struct lum_places){preds, 3});
    lum_draft_drop(f->draft, &about, (struct lum_places){seen, 3});
    lum_draft_keep(f->draft, &older, (struct lum_places){drops, 1});
    assert_int_equal(lum_draft_op_count(f->draft), 5);
    struct lum_payload payload = written(f);
    assert_int_equal(payload.op_count, 5);

    assert_int_equal(payload.ops[0].type, LUM_OP_MAKE);
    assert_memory_equal(payload.ops[0].collection.at, "tree", 4);
    assert_memory_equal(payload.ops[0].pairs[0].value.at, "\x01", 1);
    assert_int_equal(payload.ops[1].type, LUM_OP_MAKE_KEYED);
    assert_memory_equal(payload.ops[1].key.at, "k", 1);

    const struct lum_op *set = &payload.ops[2];
    assert_memory_equal(set->record.b, payload.ops[0].record.b, 16);
    assert_memory_equal(set->pairs[0].field.at, "name", 4);
    assert_int_equal(set->dot_count, 3);
    assert_int_equal(f->header.deps[set->dots[0].dep - 1].log8[0], 200 - 7);
    assert_int_equal(set->dots[0].seq, 30);
    assert_int_equal(set->dots[0].op, 1);
    assert_int_equal(set->dots[1].dep, 0);
    assert_int_equal(set->dots[1].seq, 45);
    assert_int_equal(set->dots[2].seq, SEQ);
    assert_int_equal(set->dots[2].op, 0);

    const struct lum_op *drop = &payload.ops[3];
    assert_memory_equal(drop->record.b, id.b, 16);
    assert_int_equal(drop->dot_count, 2); /* the own log goes without saying */
    assert_int_equal(drop->dots[0].seq, 31);
    assert_int_equal(drop->dots[1].seq, 4);

    struct lum_id made;
    lum_record_id_made(&f->log_id, 40, 3, &made);
    assert_memory_equal(payload.ops[4].record.b, made.b, 16);
    assert_int_equal(payload.ops[4].dots[0].op, 8);
}

static void deps_stand_by_log8_at_the_newest_position_that_is_named(void **state)
{
    struct fixture *f = *state;
    const struct lum_place preds[] = {{3, 8, 0}, {5, 2, 0}, {3, 6, 0}};
    f->pinned = 4;
    lum_draft_set(f->draft, &about, &pair, (struct lum_places){preds, 3});
    lum_draft_pin(f->draft, 5, 3);
    lum_draft_pin(f->draft, 8, 20);
    (void)written(f);
    assert_int_equal(f->looks, 3);
    assert_int_equal(f->header.dep_count, 3);
    assert_int_equal(f->header.deps[0].log8[0], 192);
    assert_int_equal(f->header.deps[0].seq, 20);
    assert_true(f->header.deps[0].is_pin);
    assert_int_equal(f->header.deps[1].log8[0], 195);
    assert_int_equal(f->header.deps[1].seq, 3);
    assert_false(f->header.deps[1].is_pin); /* the log's own pin reaches */
    assert_int_equal(f->header.deps[2].log8[0], 197);
    assert_int_equal(f->header.deps[2].seq, 8);
}

static void ops_on_one_record_share_its_reference(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 10; i++) {
        lum_draft_set(f->draft, &about, &pair, (struct lum_places){NULL, 0});
    }
    struct lum_payload payload = written(f);
    assert_int_equal(payload.op_count, 10);
    /* one reference of 18 bytes, ops of [1, 0, "name", 5, []] */
    assert_int_equal(f->payload.len, 1 + 1 + 18 + 1 + 10 * (1 + 1 + 1 + 5 + 1 + 1));
}

static void more_than_32_logs_are_too_many_for_one_event(void **state)
{
    struct fixture *f = *state;
    struct lum_error err = {0};
    for (uint32_t lno = 1; lno <= LUM_DEPS_MAX; lno++) {
        lum_draft_pin(f->draft, lno, 1);
    }
    (void)written(f);
    assert_int_equal(f->header.dep_count, LUM_DEPS_MAX);
    lum_draft_pin(f->draft, LUM_DEPS_MAX + 1, 1);
    assert_int_equal(write_status(f, &err), LUM_LIMIT);
    assert_int_equal(err.cause, LUM_CAUSE_event_too_big);
}

static void more_than_1024_ops_or_64_KiB_are_too_big(void **state)
{
    static uint8_t text[LUM_VALUE_MAX];
    struct fixture *f = *state;
    for (int i = 0; i < LUM_OPS_MAX; i++) {
        lum_draft_make(f->draft, chars("t"), lum_bytes_of("\x80", 1));
    }
    (void)written(f);
    lum_draft_make(f->draft, chars("t"), lum_bytes_of("\x80", 1));
    assert_int_equal(write_status(f, NULL), LUM_LIMIT);

    lum_draft_reset(f->draft);
    struct lum_buf value;
    lum_buf_init(&value, LUM_VALUE_MAX);
    memset(text, 'x', sizeof text);
    lum_pack_str(&value, lum_bytes_of(text, LUM_VALUE_MAX - 3));
    const struct lum_pair large = {chars("f"), lum_buf_bytes(&value)};
    for (int i = 0; i < 7; i++) {
        lum_draft_set(f->draft, &about, &large, (struct lum_places){NULL, 0});
    }
    (void)written(f);
    assert_true(lum_draft_bytes(f->draft) >= f->payload.len);
    lum_draft_set(f->draft, &about, &large, (struct lum_places){NULL, 0});
    assert_int_equal(write_status(f, NULL), LUM_LIMIT);
    lum_buf_fini(&value);
}

static void a_reset_draft_is_empty(void **state)
{
    struct fixture *f = *state;
    assert_true(lum_draft_is_empty(f->draft));
    lum_draft_pin(f->draft, 1, 1);
    assert_false(lum_draft_is_empty(f->draft));
    lum_draft_reset(f->draft);
    assert_true(lum_draft_is_empty(f->draft));
    assert_int_equal(lum_draft_op_count(f->draft), 0);
}

static void a_lack_of_memory_shows_when_the_draft_is_written(void **state)
{
    struct fixture *f = *state;
    for (uint64_t n = 1; n <= 3; n++) { /* the reference, the texts, the op */
        lum_draft_close(f->draft);
        assert_int_equal(lum_draft_open(&f->draft), LUM_OK);
        lum_mem_fail_after(n, false);
        lum_draft_set(f->draft, &about, &pair, (struct lum_places){NULL, 0});
        lum_mem_fail_after(0, false);
        assert_false(lum_draft_is_empty(f->draft)); /* or an editor finds nothing to write */
        assert_int_equal(write_status(f, NULL), LUM_NO_MEMORY);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_op_comes_back_as_it_went_in),
        TEST(deps_stand_by_log8_at_the_newest_position_that_is_named),
        TEST(ops_on_one_record_share_its_reference),
        TEST(more_than_32_logs_are_too_many_for_one_event),
        TEST(more_than_1024_ops_or_64_KiB_are_too_big),
        TEST(a_reset_draft_is_empty),
        TEST(a_lack_of_memory_shows_when_the_draft_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
