/* docs/format.md and the vectors that no single file of core owns: ids, control events, page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/control.h"
#include "core/crypto.h"
#include "core/payload.h"
#include "tests/lib/vectors.h"

enum {
    TEXT_MAX = 1 << 20,
    QUOTE_MIN = 16
};

static int begin(void **state)
{
    (void)state;
    return lum_crypto_init() == LUM_OK ? 0 : -1;
}

static void the_document_names_the_space_and_its_first_epoch(void **state)
{
    (void)state;
    json_t *file = vectors_open("record_ids.json");
    struct lum_buf document;
    struct lum_buf again;
    struct lum_hash space;
    struct lum_genesis genesis;
    uint8_t epoch[16];
    lum_buf_init(&document, TEXT_MAX);
    lum_buf_init(&again, TEXT_MAX);
    vectors_hex(file, "document", &document);
    lum_genesis_id(lum_buf_bytes(&document), &space);
    vectors_same(file, "space", space.b, sizeof space.b);
    lum_genesis_epoch(&space, epoch);
    vectors_same(file, "genesis_epoch", epoch, sizeof epoch);
    assert_true(lum_genesis_read(lum_buf_bytes(&document), &genesis));
    lum_genesis_write(&genesis, &again);
    vectors_same(file, "document", again.at, again.len);
    lum_buf_fini(&again);
    lum_buf_fini(&document);
    json_decref(file);
}

static void made_records_are_named_by_log_position_and_op(void **state)
{
    (void)state;
    json_t *file = vectors_open("record_ids.json");
    const json_t *rows = vectors_array(file, "made");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct lum_hash log_id;
        struct lum_id id;
        vectors_exact(row, "log_id", log_id.b, sizeof log_id.b);
        lum_record_id_made(&log_id, (uint64_t)vectors_number(row, "seq"),
                           (uint16_t)vectors_number(row, "op"), &id);
        vectors_same(row, "id", id.b, sizeof id.b);
    }
    assert_int_equal(json_array_size(rows), 4);
    json_decref(file);
}

static struct lum_bytes text_of(const json_t *row, const char *member)
{
    const char *text = vectors_text(row, member);
    return lum_bytes_of(text, strlen(text));
}

static void keyed_records_are_named_by_shelf_collection_and_key(void **state)
{
    (void)state;
    json_t *file = vectors_open("record_ids.json");
    const json_t *rows = vectors_array(file, "keyed");
    struct lum_hash space;
    vectors_exact(file, "space", space.b, sizeof space.b);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        struct lum_id id;
        lum_record_id_keyed(&space, (uint8_t)vectors_number(row, "shelf"),
                            text_of(row, "collection"), text_of(row, "key"), &id);
        vectors_same(row, "id", id.b, sizeof id.b);
    }
    assert_int_equal(json_array_size(rows), 8);
    json_decref(file);
}

/* Steps one control event of the vectors; its payload must be written again as it was. */
static void take_control(const json_t *file, const char *name, struct lum_chain *chain)
{
    const json_t *row = json_object_get(file, name);
    struct lum_buf raw;
    struct lum_buf payload;
    struct lum_buf again;
    struct lum_header header;
    struct lum_control control;
    bool is_boundary;
    lum_buf_init(&raw, LUM_HEADER_MAX);
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_buf_init(&again, LUM_PAYLOAD_MAX);
    vectors_hex(row, "header", &raw);
    vectors_hex(row, "payload", &payload);
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&raw));
    lum_header_read(&cur, &header);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
    assert_int_equal(lum_chain_step(chain, &header, lum_buf_bytes(&payload), &is_boundary),
                     LUM_FAULT_NONE);
    assert_int_equal(chain->seq, vectors_number(row, "seq"));
    assert_int_equal(chain->t, vectors_number(row, "t"));
    vectors_same(row, "h", chain->h.b, sizeof chain->h.b);
    assert_true(lum_control_read(lum_buf_bytes(&payload), &control));
    lum_control_write(&control, &again);
    vectors_same(row, "payload", again.at, again.len);
    lum_buf_fini(&again);
    lum_buf_fini(&payload);
    lum_buf_fini(&raw);
}

/* The chain of the log that an event of the vectors stands in, before its first event. */
static struct lum_chain log_of(const json_t *file, const char *name)
{
    struct lum_hash space;
    struct lum_hash log_id;
    struct lum_chain chain;
    vectors_exact(file, "space", space.b, sizeof space.b);
    vectors_exact(json_object_get(file, name), "log_id", log_id.b, sizeof log_id.b);
    long long founded_ms = vectors_number(json_object_get(file, "genesis"), "t");
    lum_chain_start(&log_id, (uint64_t)founded_ms, space.b, &chain);
    return chain;
}

static void control_events_are_written_and_chained_as_in_the_vectors(void **state)
{
    (void)state;
    json_t *file = vectors_open("control.json");
    struct lum_chain founders = log_of(file, "genesis");
    struct lum_chain newcomers = log_of(file, "join");
    take_control(file, "genesis", &founders);
    take_control(file, "invite", &founders);
    take_control(file, "join", &newcomers);
    take_control(file, "admit", &founders);
    take_control(file, "cancel", &founders);
    json_decref(file);
}

/* ---- the page ---- */

static void add_file(const char *path_in_source, struct lum_buf *out)
{
    const char *source = getenv("LUM_SOURCE");
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", source != NULL ? source : LUM_SOURCE_DIR, path_in_source);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail_msg("cannot read %s", path);
    }
    for (int c = fgetc(file); c != EOF; c = fgetc(file)) {
        lum_buf_put_byte(out, (uint8_t)c);
    }
    fclose(file);
    assert_int_equal(lum_buf_status(out), LUM_OK);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* The next run of at least QUOTE_MIN hex digits from *at on, as a string; false at the end. */
static bool next_quote(const char **at, char *out, size_t max)
{
    for (; **at != '\0'; (*at)++) {
        size_t len = 0;
        while (is_hex((*at)[len])) {
            len++;
        }
        if (len >= QUOTE_MIN) {
            assert_true(len < max);
            memcpy(out, *at, len);
            out[len] = '\0';
            *at += len;
            return true;
        }
        *at += len > 0 ? len - 1 : 0;
    }
    return false;
}

static void every_long_hex_string_of_the_page_is_a_vector(void **state)
{
    (void)state;
    static const char *const names[] = {"header", "chain",      "boundary", "seal",
                                        "range",  "keys",       "invite",   "control",
                                        "front",  "record_ids", "msgpack"};
    struct lum_buf page;
    struct lum_buf vectors;
    char quote[1024];
    size_t quotes = 0;
    lum_buf_init(&page, TEXT_MAX);
    lum_buf_init(&vectors, TEXT_MAX);
    for (size_t i = 0; i < LUM_COUNT(names); i++) {
        char path[64];
        snprintf(path, sizeof path, "tests/vector/%s.json", names[i]);
        add_file(path, &vectors);
    }
    lum_buf_put_byte(&vectors, '\0');
    add_file("docs/format.md", &page);
    lum_buf_put_byte(&page, '\0');
    const char *at = (const char *)page.at;
    for (; next_quote(&at, quote, sizeof quote); quotes++) {
        if (strstr((const char *)vectors.at, quote) == NULL) {
            fail_msg("docs/format.md quotes %s, which is in no vector", quote);
        }
    }
    assert_in_range(quotes, 40, 200);
    lum_buf_fini(&vectors);
    lum_buf_fini(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_names_the_space_and_its_first_epoch),
        cmocka_unit_test(made_records_are_named_by_log_position_and_op),
        cmocka_unit_test(keyed_records_are_named_by_shelf_collection_and_key),
        cmocka_unit_test(control_events_are_written_and_chained_as_in_the_vectors),
        cmocka_unit_test(every_long_hex_string_of_the_page_is_a_vector),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
