/* Every event is told with what became of it; raw rows are enough to check a log from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/space_i.h"
#include "tests/lib/asker.h"
#include "tests/lib/vectors.h"

static void found(struct site *site)
{
    site_prepare(site);
    site_found(site, "Sari");
}

static void arrive(struct site *site, struct site *member, const char *person)
{
    struct lum_invite invite = site_invite(member, LUM_ROLE_WRITER, 1);
    site_prepare(site);
    site_arrive(site, &invite);
    site_join(site, member, person);
}

/* How many rows have this member with this text. */
static size_t count_rows(const struct answer *answer, const char *member, const char *text)
{
    size_t count = 0;
    for (size_t i = 0; i < answer->row_count; i++) {
        count += strcmp(answer_member(answer_row(answer, i), member), text) == 0;
    }
    return count;
}

static void add_raw(struct site *site, uint8_t shelf, uint8_t kind, struct lum_bytes payload)
{
    struct lum_own_log *own = NULL;
    struct lum_header header = {.kind = kind, .dt = 1, .plen = (uint32_t)payload.len};
    site_begin(site);
    assert_int_equal(lum_author_open(site->space, shelf, &own, NULL), LUM_OK);
    assert_int_equal(lum_author_add(site->space, own, &header, payload, NULL), LUM_OK);
    site_commit(site);
}

/* ---- states ---- */

static void each_event_has_its_state(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    (void)site_put(&site, "k", "a", "1");
    add_raw(&site, LUM_SHELF_COMMON, 40, lum_bytes_of("\x90", 1));
    add_raw(&site, LUM_SHELF_COMMON, LUM_KIND_DATA, lum_bytes_of("\xc0", 1));
    add_raw(&site, LUM_SHELF_GOV, LUM_KIND_DATA, lum_bytes_of("\x90", 1));
    add_raw(&site, LUM_SHELF_GOV, LUM_KIND_CONTROL, lum_bytes_of("\x91\x09", 2));
    asker_ask(&site, "log", "{}", &got);
    assert_int_equal(got.status, LUM_OK);
    assert_int_equal(count_rows(&got, "state", "void"), 4);
    assert_int_equal(count_rows(&got, "reason", "unknown-kind"), 1);
    assert_int_equal(count_rows(&got, "reason", "malformed"), 1);
    assert_int_equal(count_rows(&got, "reason", "wrong-shelf"), 1);
    assert_int_equal(count_rows(&got, "reason", "control"), 1);
    assert_int_equal(count_rows(&got, "state", "applied"), got.row_count - 4);
    assert_int_equal(count_rows(&got, "kind", "40"), 1);
    answer_drop(&got);
    site_drop(&site);
}

static void events_of_who_waits_for_approval_are_pending(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    found(&s[0]);
    arrive(&s[1], &s[0], "Budi");
    struct lum_control cancel = {.op = LUM_CANCEL};
    struct lum_event_at at;
    cancel.cancel = lum_roster_invite(lum_space_roster(s[0].space), 0)->ref;
    site_begin(&s[0]);
    assert_int_equal(lum_space_append_control(s[0].space, &cancel, &at, NULL), LUM_OK);
    site_commit(&s[0]);
    (void)site_put(&s[1], "k", "a", "1");
    site_meet(&s[0], &s[1]);
    asker_ask(&s[0], "log", "{}", &got);
    assert_int_equal(count_rows(&got, "state", "pending"), 2); /* the record, and Budi's name */
    assert_int_equal(count_rows(&got, "reason", "no-right"), 2);
    answer_drop(&got);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

/* Hands over one log of `from` on the common shelf, and nothing else. */
static void hand_common(struct site *from, struct site *to, const uint8_t author[32])
{
    struct lum_txn *txn = NULL;
    struct lum_log_reader *reader = NULL;
    struct lum_log_row row;
    struct lum_log_piece piece;
    struct lum_ingest_result result;
    uint32_t lno = 0;
    uint32_t count = 0;
    assert_int_equal(lum_log_reader_open(&reader), LUM_OK);
    assert_int_equal(lum_txn_begin_read(lum_space_log(from->space), &txn, NULL), LUM_OK);
    assert_int_equal(lum_log_find_by_author(txn, author, LUM_SHELF_COMMON, &lno, 1, &count),
                     LUM_OK);
    assert_int_equal(lum_log_get(txn, lno, &row), LUM_OK);
    assert_int_equal(lum_log_piece_at(reader, txn, &row, 1, 16, &piece), LUM_OK);
    const struct lum_ingest in = {.name = row.name,
                                  .first = 1,
                                  .plain_len = piece.plain_len,
                                  .is_packed = piece.is_packed,
                                  .bytes = piece.bytes,
                                  .seals = {piece.seals, piece.seal_count}};
    site_begin(to);
    assert_int_equal(lum_space_ingest(to->space, &in, &result, NULL), LUM_OK);
    assert_int_equal(result.end, LUM_INGEST_TAKEN);
    site_commit(to);
    lum_txn_abort(txn);
    lum_log_reader_close(reader);
}

static void an_event_without_what_it_names_waits_and_says_for_what(void **state)
{
    (void)state;
    struct site s[3];
    struct answer got;
    char wanted[64];
    struct lum_log_row sari;
    found(&s[0]);
    arrive(&s[1], &s[0], "Budi");
    arrive(&s[2], &s[0], "Wati");
    site_meet(&s[0], &s[1]);
    site_meet(&s[0], &s[2]);
    struct lum_id id = site_put(&s[0], "k", "a", "1").record;
    site_meet(&s[0], &s[1]);
    assert_int_equal(site_set(&s[1], &id, "a", "2"), LUM_OK);
    assert_int_equal(site_set(&s[1], &id, "a", "3"), LUM_OK);
    (void)site_own_logs(&s[0], LUM_SHELF_COMMON, &sari);
    hand_common(&s[1], &s[2], lum_space_keys(s[1].space)->author.public);
    asker_ask(&s[2], "log", "{}", &got);
    assert_int_equal(count_rows(&got, "state", "waiting"), 2);
    int at = 0;
    for (size_t i = 0; i < 8; i++) {
        at += snprintf(wanted + at, sizeof wanted - (size_t)at, "%02x", sari.place.log_id.b[i]);
    }
    (void)snprintf(wanted + at, sizeof wanted - (size_t)at, ":%llu",
                   (unsigned long long)sari.place.chain.seq);
    assert_int_equal(count_rows(&got, "reason", wanted), 1);
    answer_drop(&got);
    for (size_t i = 0; i < 3; i++) {
        site_drop(&s[i]);
    }
}

/* ---- raw ---- */

/* Walks raw rows with nothing but the hash and the signature of docs/format.md. */
struct outside {
    struct lum_hash log_id;
    struct lum_hash h;
    uint64_t seq;
    uint64_t segment_events;
    uint64_t segment_bytes;
    unsigned seals;
};

static void check_seal(struct outside *outside, const json_t *row)
{
    uint8_t message[14 + 32 + 8 + 32];
    uint8_t author[32];
    struct lum_sig sig;
    vectors_exact(row, "seal", sig.b, sizeof sig.b);
    vectors_exact(row, "author", author, sizeof author);
    memcpy(message, "lumbung/1 seal", 14);
    memcpy(message + 14, outside->log_id.b, 32);
    lum_put_u64(message + 46, outside->seq);
    memcpy(message + 54, outside->h.b, 32);
    assert_true(lum_sign_check(author, lum_bytes_of(message, sizeof message), &sig));
    outside->seals++;
}

static void check_row(struct outside *outside, const json_t *row)
{
    struct lum_hash log_id;
    struct lum_hash phash;
    struct lum_buf header;
    struct lum_buf payload;
    struct lum_header parsed;
    struct lum_hasher hasher;
    lum_buf_init(&header, 65536);
    lum_buf_init(&payload, 65536);
    vectors_exact(row, "log", log_id.b, sizeof log_id.b);
    if (memcmp(log_id.b, outside->log_id.b, sizeof log_id.b) != 0) {
        *outside = (struct outside){.log_id = log_id, .h = log_id, .seals = outside->seals};
    }
    outside->seq++;
    assert_int_equal(vectors_number(row, "seq"), outside->seq);
    vectors_hex(row, "header", &header);
    vectors_hex(row, "payload", &payload);
    struct lum_cur cur = lum_cur_over(lum_buf_bytes(&header));
    lum_header_read(&cur, &parsed);
    assert_int_equal(lum_cur_end(&cur), LUM_FAULT_NONE);
    assert_true(parsed.has_phash); /* as it is hashed */
    lum_hash32(LUM_LABEL_payload, lum_buf_bytes(&payload), &phash);
    assert_memory_equal(phash.b, parsed.phash.b, 32);
    lum_hash_init(&hasher, LUM_LABEL_event, 32);
    lum_hash_add(&hasher, outside->h.b, 32);
    lum_hash_add(&hasher, header.at, header.len);
    lum_hash_end(&hasher, outside->h.b, 32);
    outside->segment_events++;
    outside->segment_bytes += payload.len;
    bool is_boundary = outside->segment_events == 64 || outside->segment_bytes >= 32768;
    const json_t *seal = json_object_get(row, "seal");
    if (is_boundary) {
        assert_non_null(seal); /* it signs the range too: core's tests check that */
        outside->segment_events = 0;
        outside->segment_bytes = 0;
    } else if (seal != NULL) {
        check_seal(outside, row);
    }
    lum_buf_fini(&header);
    lum_buf_fini(&payload);
}

static void raw_rows_can_be_checked_from_outside(void **state)
{
    (void)state;
    struct site s[2];
    struct answer got;
    struct outside outside = {.seals = 0};
    found(&s[0]);
    arrive(&s[1], &s[0], "Budi");
    for (int i = 0; i < 70; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", i);
        (void)site_put(&s[1], key, "a", "1");
    }
    site_meet(&s[0], &s[1]);
    asker_ask(&s[0], "log", "{\"raw\":true}", &got);
    assert_int_equal(got.status, LUM_OK);
    assert_true(got.row_count > 74);
    for (size_t i = 0; i < got.row_count; i++) {
        json_t *row = json_loads(answer_row(&got, i), 0, NULL);
        assert_non_null(row);
        check_row(&outside, row);
        json_decref(row);
    }
    assert_int_equal(outside.seals, 4); /* the heads of gov and common of both */
    answer_drop(&got);
    site_drop(&s[0]);
    site_drop(&s[1]);
}

static void without_raw_there_are_no_bytes(void **state)
{
    (void)state;
    struct site site;
    struct answer got;
    found(&site);
    asker_ask(&site, "log", "{}", &got);
    assert_string_equal(answer_member(answer_row(&got, 0), "header"), "(none)");
    assert_string_equal(answer_member(answer_row(&got, 0), "payload"), "(none)");
    assert_string_equal(answer_member(answer_row(&got, 0), "seal"), "(none)");
    answer_drop(&got);
    site_drop(&site);
}

static void put_and_settle(struct site *site)
{
    (void)site_put(site, "more", "a", "1");
}

static void a_long_log_goes_out_in_pages_and_ends_with_what_came_meanwhile(void **state)
{
    (void)state;
    const struct asking how = {.between = put_and_settle};
    struct site site;
    struct answer got;
    found(&site);
    site_begin(&site);
    for (int i = 0; i < 2500; i++) {
        struct lum_edit_result out;
        const struct lum_edit_target target = {.shelf = LUM_SHELF_COMMON,
                                               .collection = lum_bytes_of("item", 4)};
        assert_int_equal(lum_edit_make(site.editor, &target, site_map("a", "1"), &out, NULL),
                         LUM_OK);
    }
    site_commit(&site);
    asker_ask_so(&site, "log", "{\"raw\":true}", &how, &got);
    assert_int_equal(got.status, LUM_OK);
    assert_in_range(got.steps, 3, 6);
    for (size_t i = 1; i < got.row_count; i++) {
        const char *log = answer_member(answer_row(&got, i), "log");
        if (strcmp(log, answer_member(answer_row(&got, i - 1), "log")) == 0) {
            assert_int_equal(strtoul(answer_member(answer_row(&got, i), "seq"), NULL, 10),
                             strtoul(answer_member(answer_row(&got, i - 1), "seq"), NULL, 10) + 1);
        }
    }
    assert_true(count_rows(&got, "state", "applied") == got.row_count);
    answer_drop(&got);
    site_drop(&site);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_has_its_state),
        cmocka_unit_test(events_of_who_waits_for_approval_are_pending),
        cmocka_unit_test(an_event_without_what_it_names_waits_and_says_for_what),
        cmocka_unit_test(raw_rows_can_be_checked_from_outside),
        cmocka_unit_test(without_raw_there_are_no_bytes),
        cmocka_unit_test(a_long_log_goes_out_in_pages_and_ends_with_what_came_meanwhile),
    };
    if (lum_crypto_init() != LUM_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
