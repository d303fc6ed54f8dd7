/*
 * hall.c - opens a store in a folder of its own and works it through the house's own doors.
 */
#include "tests/lib/hall.h"

#include <string.h>

static void must(bool holds)
{
    LUM_ASSERT(holds);
}

static void put_meta(struct hall *hall, const char *name, struct lum_bytes value)
{
    must(lum_txn_put(hall_begin(hall), LUM_T_META, lum_bytes_of(name, strlen(name)), value) ==
         LUM_OK);
}

static void found(struct hall *hall)
{
    struct lum_genesis genesis;
    struct lum_buf document;
    struct lum_roster_builder *builder = NULL;
    lum_buf_init(&document, LUM_PAYLOAD_MAX);
    hall->space.id = writer_space(&genesis, &document);
    hall->space.founded_ms = WRITER_FOUNDED_MS;
    put_meta(hall, LUM_META_SPACE, lum_bytes_of(hall->space.id.b, 32));
    put_meta(hall, LUM_META_GENESIS, lum_buf_bytes(&document));
    lum_buf_fini(&document);
    must(lum_roster_builder_open(&hall->space.id, &genesis, &builder) == LUM_OK);
    must(lum_roster_builder_end(builder, &hall->roster) == LUM_OK);
    hall->space.roster = hall->roster;
}

struct hall *hall_open(void)
{
    struct hall *hall = lum_alloc_zero(sizeof *hall);
    must(hall != NULL && lum_crypto_init() == LUM_OK);
    temp_make(&hall->temp);
    must(lum_log_open(hall->temp.dir, true, &hall->store, NULL) == LUM_OK);
    must(lum_squeezer_open(&hall->squeezer) == LUM_OK);
    must(lum_log_reader_open(&hall->reader) == LUM_OK);
    must(lum_ingester_open(&hall->ingester) == LUM_OK);
    found(hall);
    hall_commit(hall);
    return hall;
}

void hall_close(struct hall *hall)
{
    lum_txn_abort(hall->txn);
    lum_roster_close(hall->roster);
    lum_ingester_close(hall->ingester);
    lum_log_reader_close(hall->reader);
    lum_squeezer_close(hall->squeezer);
    lum_store_close(hall->store);
    temp_drop(&hall->temp);
    lum_free(hall);
}

struct lum_txn *hall_begin(struct hall *hall)
{
    if (hall->txn == NULL) {
        must(lum_txn_begin_write(hall->store, &hall->txn, NULL) == LUM_OK);
    }
    return hall->txn;
}

void hall_commit(struct hall *hall)
{
    struct lum_txn *txn = hall_begin(hall);
    hall->txn = NULL;
    must(lum_txn_commit(txn, NULL) == LUM_OK);
}

void hall_abort(struct hall *hall)
{
    lum_txn_abort(hall->txn);
    hall->txn = NULL;
}

struct lum_ingest hall_piece_of(const struct writer *writer)
{
    return (struct lum_ingest){
        .name = writer->name,
        .first = writer->first,
        .plain_len = (uint32_t)writer->run.len,
        .bytes = lum_buf_bytes(&writer->run),
        .seals = {writer->seals, writer->seal_count},
    };
}

struct lum_ingest_result hall_take(struct hall *hall, const struct lum_ingest *in)
{
    struct lum_ingest_result result;
    must(lum_ingest_run(hall->ingester, hall_begin(hall), &hall->space, in, &result) == LUM_OK);
    return result;
}

struct lum_ingest_result hall_take_written(struct hall *hall, const struct writer *writer)
{
    struct lum_ingest in = hall_piece_of(writer);
    return hall_take(hall, &in);
}

struct lum_log_row hall_row(struct hall *hall, const struct writer *writer)
{
    struct lum_log_row row = {0};
    uint32_t lno = 0;
    if (lum_log_find(hall_begin(hall), &writer->place.log_id, &lno) == LUM_OK) {
        must(lum_log_get(hall->txn, lno, &row) == LUM_OK);
    }
    return row;
}

bool hall_piece(struct hall *hall, const struct writer *writer, uint64_t from,
                struct lum_log_piece *piece, struct lum_ingest *in)
{
    struct lum_log_row row = hall_row(hall, writer);
    enum lum_status status = lum_log_piece_at(hall->reader, hall_begin(hall), &row, from,
                                              LUM_BLOCK_SEGMENTS_MAX, piece);
    must(status == LUM_OK || status == LUM_NOT_FOUND);
    *in = (struct lum_ingest){
        .name = writer->name,
        .first = piece->first,
        .plain_len = piece->plain_len,
        .is_packed = piece->is_packed,
        .bytes = piece->bytes,
        .seals = {piece->seals, piece->seal_count},
    };
    return status == LUM_OK;
}

struct lum_ingest_result hall_hand_on(struct hall *hall, struct hall *to,
                                      const struct writer *writer, uint64_t from)
{
    struct lum_ingest_result result = {.end = LUM_INGEST_HELD};
    struct lum_log_piece piece;
    struct lum_ingest in;
    while (hall_piece(hall, writer, from, &piece, &in)) {
        result = hall_take(to, &in);
        from = piece.last + 1;
    }
    return result;
}

void hall_frontier(struct hall *hall, uint8_t shelf, uint8_t out[16])
{
    must(lum_log_frontier(hall_begin(hall), shelf, out) == LUM_OK);
}

void hall_contents(struct hall *hall, struct lum_hash *out)
{
    struct lum_plain_hasher hasher;
    lum_plain_hash_init(&hasher);
    for (uint32_t table = 0; table < LUM_LOG_TABLES; table++) {
        struct lum_scan scan;
        must(lum_scan_open(hall_begin(hall), table, &scan) == LUM_OK);
        for (bool more = lum_scan_seek(&scan, lum_bytes_of(NULL, 0)); more;
             more = lum_scan_next(&scan)) {
            uint64_t lens[3] = {table, scan.key.len, scan.value.len};
            lum_plain_hash_add(&hasher, lens, sizeof lens);
            lum_plain_hash_add(&hasher, scan.key.at, scan.key.len);
            lum_plain_hash_add(&hasher, scan.value.at, scan.value.len);
        }
        lum_scan_close(&scan);
    }
    lum_plain_hash_end(&hasher, out->b);
}
