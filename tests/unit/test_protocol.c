/*
 * test_protocol.c - the meeting worked out in docs/protocol.md, byte for byte.
 *
 * The page holds it as lines "I NAME" or "R NAME" (who speaks), each followed by indented lines of
 * hex; what stands behind a semicolon is for people.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/keys.h"
#include "net/frame.h"
#include "sync/message.h"
#include "sync/sync.h"
#include "tests/lib/temp.h"

#define FOUNDED_MS UINT64_C(1764547200000) /* 2025-12-01 */

enum {
    PEOPLE = 2,
    MESSAGES = 64
};

/* What both founders hold, and each of the two alone. */
struct person {
    struct lum_device_keys keys;
    struct temp temp;
    struct lum_store *store;
    struct lum_ingester *ingester;
    struct lum_roster *roster;
    struct lum_sync *sync;
    uint64_t wall_ms;
};

static struct person people[PEOPLE]; /* 0 dials */
static struct lum_hash space;
static struct lum_buf document;
static struct lum_buf said[MESSAGES]; /* frames in the order in which they were said */
static unsigned speakers[MESSAGES];
static size_t said_count;
static size_t heard_count;

/* ---- the world ---- */

static void fill(uint8_t *out, uint8_t byte)
{
    memset(out, byte, 32);
}

static void found(void)
{
    struct lum_genesis genesis = {.founded_ms = FOUNDED_MS, .founder_count = PEOPLE, .k = 1};
    fill(genesis.salt, 0x55);
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct lum_seeds seeds;
        fill(seeds.node, (uint8_t)(0x11 + 0x22 * i));
        fill(seeds.device, (uint8_t)(0x22 + 0x22 * i));
        lum_device_keys_derive(&seeds, genesis.salt, &people[i].keys);
        memcpy(genesis.founders[i].a, people[i].keys.author.public, 32);
        memcpy(genesis.founders[i].x, people[i].keys.box_public, 32);
        memcpy(genesis.founders[i].t, people[i].keys.node.public, 32);
    }
    genesis.shelf_count = 2;
    (void)snprintf(genesis.shelves[0].name, LUM_SHELF_NAME_MAX, "gov");
    genesis.shelves[1].index = 1;
    (void)snprintf(genesis.shelves[1].name, LUM_SHELF_NAME_MAX, "common");
    lum_buf_init(&document, 4096);
    lum_genesis_write(&genesis, &document);
    lum_genesis_id(lum_buf_bytes(&document), &space);
}

static struct lum_bytes text(const char *at)
{
    return lum_bytes_of(at, strlen(at));
}

static void open_store(struct person *person)
{
    struct lum_txn *txn = NULL;
    temp_make(&person->temp);
    assert_int_equal(lum_log_open(person->temp.dir, true, &person->store, NULL), LUM_OK);
    assert_int_equal(lum_ingester_open(&person->ingester), LUM_OK);
    assert_int_equal(lum_txn_begin_write(person->store, &txn, NULL), LUM_OK);
    assert_int_equal(lum_txn_put(txn, LUM_T_META, text(LUM_META_SPACE), lum_bytes_of(space.b, 32)),
                     LUM_OK);
    assert_int_equal(lum_txn_put(txn, LUM_T_META, text(LUM_META_GENESIS), lum_buf_bytes(&document)),
                     LUM_OK);
    assert_int_equal(lum_txn_commit(txn, NULL), LUM_OK);
    assert_int_equal(lum_txn_begin_read(person->store, &txn, NULL), LUM_OK);
    assert_int_equal(lum_roster_read(txn, &person->roster, NULL), LUM_OK);
    lum_txn_abort(txn);
}

static struct lum_ingest_result ingest(struct person *person, const struct lum_ingest *in)
{
    struct lum_ingest_result result;
    struct lum_txn *txn = NULL;
    const struct lum_ingest_space where = {
        .id = space, .founded_ms = FOUNDED_MS, .roster = person->roster};
    assert_int_equal(lum_txn_begin_write(person->store, &txn, NULL), LUM_OK);
    assert_int_equal(lum_ingest_run(person->ingester, txn, &where, in, &result), LUM_OK);
    assert_int_equal(lum_txn_commit(txn, NULL), LUM_OK);
    assert_int_equal(result.end, LUM_INGEST_TAKEN);
    return result;
}

/* ---- logs ---- */

/* One log while it is written; its events so far are one run. */
struct log {
    struct lum_log_name name;
    struct lum_log_place place;
    const struct lum_sign_key *author;
    struct lum_buf run;
};

static void begin_log(struct log *log, unsigned who, uint8_t shelf)
{
    uint8_t epoch[16];
    memset(log, 0, sizeof(*log));
    log->author = &people[who].keys.author;
    memcpy(log->name.author, log->author->public, 32);
    memset(log->name.incarnation, (uint8_t)(0x66 + 0x11 * who), 8);
    log->name.shelf = shelf;
    lum_log_id(&space, &log->name, &log->place.log_id);
    lum_genesis_epoch(&space, epoch);
    lum_chain_start(&log->place.log_id, FOUNDED_MS, epoch, &log->place.chain);
    lum_buf_init(&log->run, 4096);
}

static void write_event(struct log *log, uint8_t kind, int64_t dt, struct lum_bytes payload)
{
    struct lum_header header = {.kind = kind, .dt = dt, .plen = (uint32_t)payload.len};
    bool is_boundary = false;
    lum_payload_hash(payload, &header.phash);
    assert_int_equal(lum_chain_step(&log->place.chain, &header, payload, &is_boundary),
                     LUM_FAULT_NONE);
    assert_false(is_boundary);
    lum_run_append(&log->run, &header, payload);
}

/* The log from its start up to now, as a neighbour would bring it. */
static void give_to(const struct log *log, struct person *person)
{
    struct lum_sig seal;
    const struct lum_seal_claim claim = {.log_id = &log->place.log_id, .chain = &log->place.chain};
    lum_seal_make(&claim, log->author, &seal);
    const struct lum_ingest in = {.name = log->name,
                                  .first = 1,
                                  .plain_len = (uint32_t)log->run.len,
                                  .bytes = lum_buf_bytes(&log->run),
                                  .seals = {&seal, 1}};
    (void)ingest(person, &in);
}

static void write_genesis(unsigned who)
{
    struct log log;
    struct lum_buf payload;
    const struct lum_control control = {.op = LUM_GENESIS, .document = lum_buf_bytes(&document)};
    lum_buf_init(&payload, 4096);
    lum_control_write(&control, &payload);
    begin_log(&log, who, LUM_SHELF_GOV);
    write_event(&log, LUM_KIND_CONTROL, 0, lum_buf_bytes(&payload));
    for (unsigned i = 0; i < PEOPLE; i++) {
        give_to(&log, &people[i]);
    }
    lum_buf_fini(&payload);
    lum_buf_fini(&log.run);
}

/* [[], [[0, "note", {"name": name}]]]: a record made, with one field. */
static void write_note(struct log *log, int64_t dt, const char *name)
{
    struct lum_buf payload;
    lum_buf_init(&payload, 4096);
    lum_pack_array(&payload, 2);
    lum_pack_array(&payload, 0);
    lum_pack_array(&payload, 1);
    lum_pack_array(&payload, 3);
    lum_pack_uint(&payload, 0);
    lum_pack_cstr(&payload, "note");
    lum_pack_map(&payload, 1);
    lum_pack_cstr(&payload, "name");
    lum_pack_cstr(&payload, name);
    write_event(log, LUM_KIND_DATA, dt, lum_buf_bytes(&payload));
    lum_buf_fini(&payload);
}

static int set_up(void **state)
{
    (void)state;
    struct log ani;
    struct log budi;
    assert_int_equal(lum_crypto_init(), LUM_OK);
    found();
    for (unsigned i = 0; i < PEOPLE; i++) {
        open_store(&people[i]);
        people[i].wall_ms = FOUNDED_MS + 86400000 + 1000 * i;
    }
    write_genesis(0);
    write_genesis(1);
    begin_log(&budi, 1, LUM_SHELF_COMMON);
    write_note(&budi, 60000, "well");
    give_to(&budi, &people[0]);
    write_note(&budi, 1000, "pump");
    give_to(&budi, &people[1]);
    begin_log(&ani, 0, LUM_SHELF_COMMON);
    write_note(&ani, 120000, "dam");
    give_to(&ani, &people[0]);
    lum_buf_fini(&ani.run);
    lum_buf_fini(&budi.run);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PEOPLE; i++) {
        lum_sync_close(people[i].sync);
        lum_roster_close(people[i].roster);
        lum_ingester_close(people[i].ingester);
        lum_store_close(people[i].store);
        temp_drop(&people[i].temp);
    }
    for (size_t i = 0; i < said_count; i++) {
        lum_buf_fini(&said[i]);
    }
    lum_buf_fini(&document);
    return 0;
}

/* ---- the meeting ---- */

static void step(unsigned who, struct lum_sync_event *event);

static void carry_out(unsigned who, const struct lum_sync_act *act)
{
    if (act->type == LUM_SYNC_SEND) {
        assert_true(said_count < MESSAGES);
        lum_buf_init(&said[said_count], 4096);
        lum_frame_put(&said[said_count], act->send.type, act->send.body);
        speakers[said_count++] = who;
    }
}

static void step(unsigned who, struct lum_sync_event *event)
{
    struct lum_sync_outbox outbox;
    struct lum_ingest_result results[8];
    uint32_t tokens[8];
    size_t count = 0;
    event->session = 1;
    event->now_ms = 5000;
    event->wall_ms = people[who].wall_ms;
    assert_int_equal(lum_sync_step(people[who].sync, event, &outbox), LUM_OK);
    for (size_t i = 0; i < outbox.count; i++) {
        carry_out(who, &outbox.at[i]);
        if (outbox.at[i].type == LUM_SYNC_INGEST) {
            tokens[count] = outbox.at[i].ingest.token;
            results[count++] = ingest(&people[who], &outbox.at[i].ingest.run);
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct lum_sync_event done = {.type = LUM_SYNC_INGESTED};
        done.ingested.token = tokens[i];
        done.ingested.result = results[i];
        step(who, &done);
    }
}

static void meet(void)
{
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct lum_sync_self self = {.log = people[i].store,
                                     .roster = people[i].roster,
                                     .space = space,
                                     .node = people[i].keys.node,
                                     .has_secret = true,
                                     .listen_port = i == 1 ? 4711 : 0};
        assert_int_equal(lum_sync_open(&self, &people[i].sync), LUM_OK);
    }
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct lum_sync_event up = {.type = LUM_SYNC_UP, .up = {.is_initiator = i == 0}};
        for (size_t at = 0; at < sizeof(up.up.hash); at++) {
            up.up.hash[at] = (uint8_t)at;
        }
        step(i, &up);
    }
    struct lum_sync_event finish = {.type = LUM_SYNC_FINISH};
    step(0, &finish);
    while (heard_count < said_count) {
        struct lum_sync_event event = {.type = LUM_SYNC_MESSAGE};
        struct lum_frame frame;
        enum lum_fault fault = LUM_FAULT_NONE;
        size_t at = heard_count++;
        assert_int_equal(lum_frame_peek(lum_buf_bytes(&said[at]), 4096, &frame, &fault), LUM_OK);
        event.message.type = frame.type;
        event.message.body = frame.body;
        step(1 - speakers[at], &event);
    }
}

/* ---- the page ---- */

static FILE *open_page(void)
{
    char path[512];
    const char *source = getenv("LUM_SOURCE");
    (void)snprintf(path, sizeof(path), "%s/docs/protocol.md",
                   source != NULL ? source : LUM_SOURCE_DIR);
    return fopen(path, "r");
}

static void put_hex(struct lum_buf *out, const char *line)
{
    for (; *line != '\0' && *line != ';' && *line != '\n'; line++) {
        unsigned byte;
        if (*line != ' ') {
            assert_int_equal(sscanf(line, "%2x", &byte), 1);
            lum_buf_put_byte(out, (uint8_t)byte);
            line++;
        }
    }
}

/* As the page would have to say it. */
static void print_said(void)
{
    static const char *const names[LUM_MESSAGE_TYPES] = {
        [LUM_MESSAGE_AUTH] = "AUTH",       [LUM_MESSAGE_FRONT] = "FRONT",
        [LUM_MESSAGE_INTRO] = "INTRO",     [LUM_MESSAGE_TAIL] = "TAIL",
        [LUM_MESSAGE_HAVE] = "HAVE",       [LUM_MESSAGE_BYE] = "BYE",
        [LUM_MESSAGE_SEG] = "SEG",         [LUM_MESSAGE_BUNCH] = "BUNCH",
        [LUM_MESSAGE_ADDRESS] = "ADDRESS",
    };
    for (size_t i = 0; i < said_count; i++) {
        printf("%c %s", speakers[i] == 0 ? 'I' : 'R', names[said[i].at[0]]);
        for (size_t at = 0; at < said[i].len; at++) {
            printf("%s%02x", at % 32 == 0 ? "\n  " : " ", said[i].at[at]);
        }
        printf("\n");
    }
}

static void the_page_tells_the_meeting_byte_for_byte(void **state)
{
    (void)state;
    struct lum_buf told[MESSAGES];
    unsigned tellers[MESSAGES];
    size_t count = 0;
    char line[512];
    meet();
    FILE *page = open_page();
    assert_non_null(page);
    while (fgets(line, sizeof(line), page) != NULL) {
        bool begins = (line[0] == 'I' || line[0] == 'R') && line[1] == ' ' && line[2] >= 'A' &&
                      line[2] <= 'Z' && line[3] >= 'A' && line[3] <= 'Z';
        if (begins) {
            assert_true(count < MESSAGES);
            tellers[count] = line[0] == 'I' ? 0 : 1;
            lum_buf_init(&told[count++], 4096);
        } else if (count > 0 && strncmp(line, "  ", 2) == 0) {
            put_hex(&told[count - 1], line);
        }
    }
    (void)fclose(page);
    bool is_same = count == said_count;
    for (size_t i = 0; is_same && i < count; i++) {
        is_same = tellers[i] == speakers[i] &&
                  lum_bytes_equal(lum_buf_bytes(&told[i]), lum_buf_bytes(&said[i]));
    }
    if (!is_same) {
        print_said();
    }
    for (size_t i = 0; i < count; i++) {
        lum_buf_fini(&told[i]);
    }
    assert_true(is_same);
}

static void afterwards_both_hold_the_same(void **state)
{
    (void)state;
    uint8_t digests[PEOPLE][16];
    struct lum_sync_tally tally;
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct lum_txn *txn = NULL;
        assert_int_equal(lum_txn_begin_read(people[i].store, &txn, NULL), LUM_OK);
        assert_int_equal(lum_log_frontier(txn, LUM_SHELF_COMMON, digests[i]), LUM_OK);
        lum_txn_abort(txn);
        assert_true(lum_sync_tally(people[i].sync, 1, &tally));
        assert_true(tally.is_equal);
    }
    assert_memory_equal(digests[0], digests[1], 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_tells_the_meeting_byte_for_byte),
        cmocka_unit_test(afterwards_both_hold_the_same),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
