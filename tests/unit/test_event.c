/* Headers, chain hashes and boundaries, against vectors that this code had no part in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/crypto.h"
#include "core/event.h"
#include "core/status.h"
#include "tests/lib/vectors.h"

static int begin(void **state)
{
    struct lum_buf *bytes = lum_alloc(sizeof *bytes);
    if (bytes == NULL || lum_crypto_init() != LUM_OK) {
        return -1;
    }
    lum_buf_init(bytes, LUM_BLOCK_PLAIN_MAX);
    *state = bytes;
    return 0;
}

static int end(void **state)
{
    lum_buf_fini(*state);
    lum_free(*state);
    return 0;
}

static bool is_null(const json_t *object, const char *member)
{
    return json_is_null(json_object_get(object, member));
}

static void same_deps(const json_t *want, const struct lum_header *header)
{
    assert_int_equal(header->dep_count, json_array_size(want));
    for (uint32_t i = 0; i < header->dep_count; i++) {
        const struct lum_dep *dep = &header->deps[i];
        const json_t *row = json_array_get(want, i);
        vectors_same(row, "log8", dep->log8, sizeof dep->log8);
        assert_int_equal(dep->seq, vectors_number(row, "seq"));
        assert_int_equal(dep->is_pin, !is_null(row, "hash16"));
        if (dep->is_pin) {
            vectors_same(row, "hash16", dep->hash16, sizeof dep->hash16);
        }
    }
}

static void same_header(const json_t *want, const struct lum_header *header)
{
    assert_int_equal(header->kind, vectors_number(want, "kind"));
    assert_true(header->dt == vectors_number(want, "dt"));
    same_deps(vectors_array(want, "deps"), header);
    assert_int_equal(header->plen, vectors_number(want, "plen"));
    assert_int_equal(header->has_phash, !is_null(want, "phash"));
    if (header->has_phash) {
        vectors_same(want, "phash", header->phash.b, sizeof header->phash.b);
    }
    assert_int_equal(header->has_epoch, !is_null(want, "epoch"));
    if (header->has_epoch) {
        vectors_same(want, "epoch", header->epoch, sizeof header->epoch);
    }
}

static enum lum_fault read_whole(struct lum_bytes bytes, struct lum_header *header)
{
    struct lum_cur cur = lum_cur_over(bytes);
    lum_header_read(&cur, header);
    return lum_cur_end(&cur);
}

static void good_headers_are_read_and_written_again_as_they_were(void **state)
{
    struct lum_buf *bytes = *state;
    json_t *file = vectors_open("header.json");
    const json_t *rows = vectors_array(file, "good");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct lum_header header;
        vectors_hex(row, "hex", bytes);
        assert_int_equal(read_whole(lum_buf_bytes(bytes), &header), LUM_FAULT_NONE);
        same_header(row, &header);
        lum_buf_reset(bytes);
        lum_header_write(&header, header.has_phash, bytes);
        vectors_same(row, "hex", bytes->at, bytes->len);
        assert_true(bytes->len <= LUM_HEADER_MAX);
    }
    assert_int_equal(json_array_size(rows), 16);
    json_decref(file);
}

static void bad_headers_get_the_fault_that_names_their_mistake(void **state)
{
    struct lum_buf *bytes = *state;
    json_t *file = vectors_open("header.json");
    const json_t *rows = vectors_array(file, "bad");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct lum_header header;
        vectors_hex(row, "hex", bytes);
        const char *fault = lum_fault_name(read_whole(lum_buf_bytes(bytes), &header));
        if (strcmp(fault, vectors_text(row, "fault")) != 0) {
            fail_msg("%s: %s, not %s", vectors_text(row, "name"), fault,
                     vectors_text(row, "fault"));
        }
    }
    assert_int_equal(json_array_size(rows), 41);
    json_decref(file);
}

static void every_prefix_of_a_good_header_is_truncated(void **state)
{
    struct lum_buf *bytes = *state;
    json_t *file = vectors_open("header.json");
    const json_t *rows = vectors_array(file, "good");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        vectors_hex(json_array_get(rows, i), "hex", bytes);
        for (size_t len = 0; len < bytes->len; len++) {
            struct lum_header header;
            enum lum_fault fault = read_whole((struct lum_bytes){bytes->at, len}, &header);
            assert_int_equal(fault, LUM_FAULT_TRUNCATED);
        }
    }
    json_decref(file);
}

/* The chain of chain.json before its first event. */
static void start_chain(const json_t *file, struct lum_chain *out)
{
    struct lum_hash log_id;
    uint8_t epoch[16];
    vectors_exact(file, "log_id", log_id.b, sizeof log_id.b);
    vectors_exact(file, "epoch", epoch, sizeof epoch);
    lum_chain_start(&log_id, (uint64_t)vectors_number(file, "founded_ms"), epoch, out);
}

/* One row {header, payload}, stepped by its bytes and, from the same place, by its fields. */
static enum lum_fault step_row(const json_t *row, struct lum_chain *chain,
                               struct lum_header *header)
{
    struct lum_buf raw;
    struct lum_buf payload;
    lum_buf_init(&raw, LUM_HEADER_MAX);
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    vectors_hex(row, "header", &raw);
    vectors_hex(row, "payload", &payload);
    assert_int_equal(read_whole(lum_buf_bytes(&raw), header), LUM_FAULT_NONE);

    struct lum_chain again = *chain;
    struct lum_header same = *header;
    bool is_boundary = true;
    enum lum_fault fault = lum_chain_step_raw(chain, header, lum_buf_bytes(&raw),
                                              lum_buf_bytes(&payload), &is_boundary);
    assert_int_equal(lum_chain_step(&again, &same, lum_buf_bytes(&payload), &is_boundary), fault);
    assert_memory_equal(&again, chain, sizeof again);
    lum_buf_fini(&payload);
    lum_buf_fini(&raw);
    return fault;
}

static void the_chain_gives_the_hashes_times_and_epochs_of_the_vectors(void **state)
{
    (void)state;
    json_t *file = vectors_open("chain.json");
    const json_t *rows = vectors_array(file, "events");
    struct lum_chain chain;
    start_chain(file, &chain);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const struct lum_hash previous = chain.h;
        struct lum_header header;
        struct lum_hash h;
        assert_int_equal(step_row(row, &chain, &header), LUM_FAULT_NONE);
        vectors_same(row, "phash", header.phash.b, sizeof header.phash.b);
        vectors_same(row, "h", chain.h.b, sizeof chain.h.b);
        vectors_same(row, "epoch", chain.epoch, sizeof chain.epoch);
        assert_int_equal(chain.seq, vectors_number(row, "seq"));
        assert_int_equal(chain.t, vectors_number(row, "t"));
        lum_event_hash(&previous, &header, &h);
        assert_memory_equal(h.b, chain.h.b, sizeof h.b);
    }
    assert_int_equal(json_array_size(rows), 11);
    json_decref(file);
}

static void a_header_is_hashed_with_phash_in_full(void **state)
{
    struct lum_buf *bytes = *state;
    json_t *file = vectors_open("chain.json");
    const json_t *rows = vectors_array(file, "events");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct lum_header header;
        vectors_hex(row, "header", bytes);
        assert_int_equal(read_whole(lum_buf_bytes(bytes), &header), LUM_FAULT_NONE);
        vectors_exact(row, "phash", header.phash.b, sizeof header.phash.b);
        lum_buf_reset(bytes);
        lum_header_write(&header, true, bytes);
        vectors_same(row, "hashed", bytes->at, bytes->len);
    }
    json_decref(file);
}

static void a_bad_step_gets_its_fault_and_leaves_the_chain(void **state)
{
    (void)state;
    json_t *file = vectors_open("chain.json");
    const json_t *rows = vectors_array(file, "bad");
    struct lum_chain first;
    struct lum_header header;
    start_chain(file, &first);
    const json_t *event = json_array_get(vectors_array(file, "events"), 0);
    assert_int_equal(step_row(event, &first, &header), LUM_FAULT_NONE);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct lum_chain chain = first;
        const char *fault = lum_fault_name(step_row(row, &chain, &header));
        assert_string_equal(fault, vectors_text(row, "fault"));
        assert_memory_equal(&chain, &first, sizeof chain);
    }
    assert_int_equal(json_array_size(rows), 8);
    json_decref(file);
}

static void the_position_after_the_last_is_refused(void **state)
{
    (void)state;
    struct lum_chain chain = {.seq = INT64_MAX - 1};
    struct lum_header header = {.kind = LUM_KIND_RECEIPT};
    struct lum_bytes none = {NULL, 0};
    bool is_boundary;
    assert_int_equal(lum_chain_step(&chain, &header, none, &is_boundary), LUM_FAULT_NONE);
    assert_int_equal(lum_chain_step(&chain, &header, none, &is_boundary), LUM_FAULT_OVER_LIMIT);
    assert_int_equal(chain.seq, INT64_MAX);
}

static void a_log_is_named_by_space_author_incarnation_and_shelf(void **state)
{
    (void)state;
    json_t *file = vectors_open("record_ids.json");
    const json_t *rows = vectors_array(file, "logs");
    struct lum_hash space;
    vectors_exact(file, "space", space.b, sizeof space.b);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct lum_log_name name = {.shelf = (uint8_t)vectors_number(row, "shelf")};
        struct lum_hash log_id;
        vectors_exact(row, "author", name.author, sizeof name.author);
        vectors_exact(row, "incarnation", name.incarnation, sizeof name.incarnation);
        lum_log_id(&space, &name, &log_id);
        vectors_same(row, "log_id", log_id.b, sizeof log_id.b);
        vectors_same(row, "log8", log_id.b, 8);
    }
    assert_int_equal(json_array_size(rows), 4);
    json_decref(file);
}

/* Steps through a case of boundary.json; every boundary it lists, and no other, must come. */
static void walk_boundaries(const json_t *one, struct lum_chain chain)
{
    const json_t *lengths = vectors_array(one, "plen");
    const json_t *boundaries = vectors_array(one, "boundaries");
    uint8_t *payload = lum_alloc(LUM_PAYLOAD_MAX);
    size_t met = 0;
    assert_non_null(payload);
    for (size_t n = 1; n <= json_array_size(lengths); n++) {
        size_t len = (size_t)json_integer_value(json_array_get(lengths, n - 1));
        struct lum_header header = {.dt = (int64_t)n, .plen = (uint32_t)len};
        bool is_boundary;
        memset(payload, (int)(n % 256), len);
        assert_int_equal(
            lum_chain_step(&chain, &header, (struct lum_bytes){payload, len}, &is_boundary),
            LUM_FAULT_NONE);
        if (!is_boundary) {
            continue;
        }
        const json_t *row = json_array_get(boundaries, met++);
        assert_int_equal(n, vectors_number(row, "seq"));
        vectors_same(row, "h", chain.h.b, sizeof chain.h.b);
        assert_int_equal(chain.t, vectors_number(row, "t"));
        assert_int_equal(chain.segment_events, 0);
        assert_int_equal(chain.segment_bytes, 0);
    }
    assert_int_equal(met, json_array_size(boundaries));
    vectors_same(one, "head", chain.h.b, sizeof chain.h.b);
    lum_free(payload);
}

static void boundaries_fall_where_headers_put_them(void **state)
{
    (void)state;
    json_t *log = vectors_open("chain.json");
    json_t *file = vectors_open("boundary.json");
    const json_t *cases = vectors_array(file, "cases");
    struct lum_chain chain;
    start_chain(log, &chain);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        walk_boundaries(json_array_get(cases, i), chain);
    }
    assert_int_equal(json_array_size(cases), 7);
    json_decref(file);
    json_decref(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_headers_are_read_and_written_again_as_they_were),
        cmocka_unit_test(bad_headers_get_the_fault_that_names_their_mistake),
        cmocka_unit_test(every_prefix_of_a_good_header_is_truncated),
        cmocka_unit_test(the_chain_gives_the_hashes_times_and_epochs_of_the_vectors),
        cmocka_unit_test(a_header_is_hashed_with_phash_in_full),
        cmocka_unit_test(a_bad_step_gets_its_fault_and_leaves_the_chain),
        cmocka_unit_test(the_position_after_the_last_is_refused),
        cmocka_unit_test(a_log_is_named_by_space_author_incarnation_and_shelf),
        cmocka_unit_test(boundaries_fall_where_headers_put_them),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
