/* Payloads of kind 2: what is written reads back, and what a writer would not write is void. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/control.h"
#include "core/crypto.h"

static struct lum_genesis sample_genesis(void)
{
    struct lum_genesis g = {.founded_ms = 1793500000000, .founder_count = 2, .k = 1};
    memset(g.salt, 7, sizeof g.salt);
    for (uint32_t i = 0; i < g.founder_count; i++) {
        memset(g.founders[i].a, (int)(0xa0 + i), 32);
        memset(g.founders[i].x, (int)(0xb0 + i), 32);
        memset(g.founders[i].t, (int)(0xc0 + i), 32);
    }
    g.shelf_count = 2;
    strcpy(g.shelves[0].name, "gov");
    g.shelves[1].index = 1;
    strcpy(g.shelves[1].name, "common");
    return g;
}

static struct lum_bytes written(const struct lum_genesis *genesis, struct lum_buf *buf)
{
    lum_buf_init(buf, LUM_PAYLOAD_MAX);
    lum_genesis_write(genesis, buf);
    assert_int_equal(lum_buf_status(buf), LUM_OK);
    assert_int_equal(lum_pack_check(lum_buf_bytes(buf)), LUM_FAULT_NONE);
    return lum_buf_bytes(buf);
}

static bool reads(const struct lum_genesis *genesis)
{
    struct lum_buf buf;
    struct lum_genesis again;
    bool ok = lum_genesis_read(written(genesis, &buf), &again);
    lum_buf_fini(&buf);
    return ok;
}

static void a_genesis_document_reads_back_as_it_was_written(void **state)
{
    (void)state;
    struct lum_genesis g = sample_genesis();
    struct lum_genesis again;
    struct lum_buf buf;
    assert_true(lum_genesis_read(written(&g, &buf), &again));
    assert_memory_equal(again.salt, g.salt, 32);
    assert_int_equal(again.founded_ms, g.founded_ms);
    assert_int_equal(again.founder_count, 2);
    assert_memory_equal(&again.founders[1], &g.founders[1], sizeof g.founders[1]);
    assert_int_equal(again.k, 1);
    assert_int_equal(again.shelf_count, 2);
    assert_string_equal(again.shelves[1].name, "common");
    lum_buf_fini(&buf);
}

static void the_space_id_hashes_the_document_alone(void **state)
{
    (void)state;
    struct lum_genesis g = sample_genesis();
    struct lum_buf buf;
    struct lum_bytes document = written(&g, &buf);
    struct lum_hash id;
    struct lum_hash same;
    uint8_t epoch[16];
    lum_genesis_id(document, &id);
    lum_hash32(LUM_LABEL_genesis, document, &same);
    lum_genesis_epoch(&id, epoch);
    assert_memory_equal(id.b, same.b, 32);
    assert_memory_equal(epoch, id.b, 16);
    lum_buf_fini(&buf);
}

static void a_document_no_founder_would_write_is_refused(void **state)
{
    (void)state;
    struct lum_genesis g = sample_genesis();
    assert_true(reads(&g));
    g.k = 3; /* more than there are founders */
    assert_false(reads(&g));
    g = sample_genesis();
    g.k = 0;
    assert_false(reads(&g));
    g = sample_genesis();
    g.founders[1] = g.founders[0];
    assert_false(reads(&g));
    g = sample_genesis();
    g.shelves[1].index = 2; /* no common */
    assert_false(reads(&g));
    g = sample_genesis();
    g.shelves[1].class = 1; /* common is open */
    assert_false(reads(&g));
    g = sample_genesis();
    g.shelf_count = 1;
    assert_false(reads(&g));
    g = sample_genesis();
    strcpy(g.shelves[1].name, "com\nmon");
    assert_false(reads(&g));
}

static void another_format_or_trailing_bytes_are_refused(void **state)
{
    (void)state;
    struct lum_genesis g = sample_genesis();
    struct lum_genesis again;
    struct lum_buf buf;
    (void)written(&g, &buf);
    buf.at[1] = 2;
    assert_false(lum_genesis_read(lum_buf_bytes(&buf), &again));
    buf.at[1] = 0;
    assert_false(lum_genesis_read(lum_buf_bytes(&buf), &again));
    buf.at[1] = 1;
    assert_true(lum_genesis_read(lum_buf_bytes(&buf), &again));
    lum_buf_put_byte(&buf, 0xc0);
    assert_false(lum_genesis_read(lum_buf_bytes(&buf), &again));
    lum_buf_fini(&buf);
}

/* One of each op; `document` is borrowed by GENESIS. */
static struct lum_control sample(enum lum_control_op op, struct lum_bytes document)
{
    struct lum_control c;
    memset(&c, 0, sizeof c);
    c.op = op;
    const struct lum_ref ref = {.log8 = {1, 2, 3, 4, 5, 6, 7, 8}, .seq = 300, .hash16 = {9}};
    if (op == LUM_GENESIS) {
        c.document = document;
    } else if (op == LUM_INVITE) {
        memset(c.invite.pk, 0x11, 32);
        c.invite.role = LUM_ROLE_WRITER;
        c.invite.uses = 5;
        c.invite.expiry_ms = 1800000000000;
        c.invite.g = 2;
        memset(c.invite.enc48, 0x22, 48);
    } else if (op == LUM_CANCEL) {
        c.cancel = ref;
    } else if (op == LUM_JOIN) {
        c.join.invite = ref;
        memset(c.join.axt, 0x33, 96);
        memset(c.join.sig.b, 0x44, 64);
    } else {
        c.admit.join = ref;
        c.admit.role = LUM_ROLE_STEWARD;
    }
    return c;
}

static void every_control_payload_reads_back_as_it_was_written(void **state)
{
    (void)state;
    struct lum_genesis g = sample_genesis();
    struct lum_buf document;
    (void)written(&g, &document);
    for (int op = LUM_GENESIS; op <= LUM_ADMIT; op++) {
        struct lum_control c = sample((enum lum_control_op)op, lum_buf_bytes(&document));
        struct lum_control again;
        struct lum_buf first;
        struct lum_buf second;
        lum_buf_init(&first, LUM_PAYLOAD_MAX);
        lum_buf_init(&second, LUM_PAYLOAD_MAX);
        lum_control_write(&c, &first);
        assert_int_equal(lum_pack_check(lum_buf_bytes(&first)), LUM_FAULT_NONE);
        assert_true(lum_control_read(lum_buf_bytes(&first), &again));
        assert_int_equal(again.op, op);
        lum_control_write(&again, &second);
        assert_true(lum_bytes_equal(lum_buf_bytes(&first), lum_buf_bytes(&second)));
        lum_buf_fini(&first);
        lum_buf_fini(&second);
    }
    lum_buf_fini(&document);
}

static bool control_reads(const struct lum_control *c)
{
    struct lum_control again;
    struct lum_buf buf;
    lum_buf_init(&buf, LUM_PAYLOAD_MAX);
    lum_control_write(c, &buf);
    bool ok = lum_control_read(lum_buf_bytes(&buf), &again);
    lum_buf_fini(&buf);
    return ok;
}

static void values_out_of_range_are_void(void **state)
{
    (void)state;
    const struct lum_bytes none = {NULL, 0};
    struct lum_control c = sample(LUM_INVITE, none);
    assert_true(control_reads(&c));
    c.invite.role = 0;
    assert_false(control_reads(&c));
    c.invite.role = 5;
    assert_false(control_reads(&c));
    c.invite.role = 4;
    assert_true(control_reads(&c));
    c.invite.uses = 0;
    assert_false(control_reads(&c));
    c = sample(LUM_INVITE, none);
    c.invite.g = UINT32_MAX;
    assert_true(control_reads(&c));
    c.invite.g++;
    assert_false(control_reads(&c));
    c = sample(LUM_ADMIT, none);
    c.admit.role = 0;
    assert_false(control_reads(&c));
    c.admit.role = 5;
    assert_false(control_reads(&c));
    c = sample(LUM_CANCEL, none);
    c.cancel.seq = 0;
    assert_false(control_reads(&c));
}

static void overrides_reserved_ops_and_strays_are_void(void **state)
{
    (void)state;
    const struct lum_bytes none = {NULL, 0};
    struct lum_control c = sample(LUM_ADMIT, none);
    struct lum_control again;
    struct lum_buf buf;
    lum_buf_init(&buf, LUM_PAYLOAD_MAX);
    lum_control_write(&c, &buf);
    buf.at[buf.len - 1] = 0x91; /* accept-to [nil] */
    lum_buf_put_byte(&buf, 0xc0);
    assert_false(lum_control_read(lum_buf_bytes(&buf), &again));
    static const uint8_t remove[] = {0x93, 0x05, 0x01, 0x90};
    static const uint8_t leave[] = {0x91, 0x06};
    static const uint8_t not_array[] = {0x06};
    static const uint8_t short_invite[] = {0x92, 0x01, 0x01};
    assert_false(lum_control_read(lum_bytes_of(remove, sizeof remove), &again));
    assert_false(lum_control_read(lum_bytes_of(leave, sizeof leave), &again));
    assert_false(lum_control_read(lum_bytes_of(not_array, sizeof not_array), &again));
    assert_false(lum_control_read(lum_bytes_of(short_invite, sizeof short_invite), &again));
    assert_false(lum_control_read(none, &again));
    lum_buf_fini(&buf);
}

static void every_truncation_is_void(void **state)
{
    (void)state;
    struct lum_genesis g = sample_genesis();
    struct lum_buf document;
    (void)written(&g, &document);
    for (int op = LUM_GENESIS; op <= LUM_ADMIT; op++) {
        struct lum_control c = sample((enum lum_control_op)op, lum_buf_bytes(&document));
        struct lum_control again;
        struct lum_buf buf;
        lum_buf_init(&buf, LUM_PAYLOAD_MAX);
        lum_control_write(&c, &buf);
        for (size_t len = 0; len < buf.len; len++) {
            assert_false(lum_control_read(lum_bytes_of(buf.at, len), &again));
        }
        lum_buf_fini(&buf);
    }
    lum_buf_fini(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_genesis_document_reads_back_as_it_was_written),
        cmocka_unit_test(the_space_id_hashes_the_document_alone),
        cmocka_unit_test(a_document_no_founder_would_write_is_refused),
        cmocka_unit_test(another_format_or_trailing_bytes_are_refused),
        cmocka_unit_test(every_control_payload_reads_back_as_it_was_written),
        cmocka_unit_test(values_out_of_range_are_void),
        cmocka_unit_test(overrides_reserved_ops_and_strays_are_void),
        cmocka_unit_test(every_truncation_is_void),
    };
    assert_int_equal(lum_crypto_init(), LUM_OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
