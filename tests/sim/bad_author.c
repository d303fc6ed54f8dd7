/*
 * bad_author.c - a log that a bad machine signs with its own keys; see bad.h.
 */
#include <string.h>

#include "tests/sim/bad.h"

enum {
    RUN_MAX = 4 << 20,
};

void bad_log_begin_as(struct bad_log *log, const struct sim_machine *machine,
                      const struct lum_sign_key *key, uint8_t shelf)
{
    const struct lum_roster *roster = lum_space_roster(machine->site.space);
    const struct lum_hash *space = lum_roster_space(roster);
    uint8_t epoch[16];
    memset(log, 0, sizeof *log);
    log->key = *key;
    log->first = 1;
    log->name.shelf = shelf;
    memcpy(log->name.author, key->public, sizeof log->name.author);
    memcpy(log->name.incarnation, "badbad", 6);
    memcpy(log->place.author, key->public, sizeof log->place.author);
    lum_genesis_epoch(space, epoch);
    lum_log_id(space, &log->name, &log->place.log_id);
    lum_range_init(&log->place.range);
    lum_chain_start(&log->place.log_id, lum_roster_genesis(roster)->founded_ms, epoch,
                    &log->place.chain);
    lum_buf_init(&log->run, RUN_MAX);
}

void bad_log_begin(struct bad_log *log, const struct sim_machine *machine, uint32_t incarnation,
                   uint8_t shelf)
{
    const struct lum_roster *roster = lum_space_roster(machine->site.space);
    bad_log_begin_as(log, machine, &lum_space_keys(machine->site.space)->author, shelf);
    lum_put_u32(log->name.incarnation + 4, incarnation);
    lum_log_id(lum_roster_space(roster), &log->name, &log->place.log_id);
    log->place.chain.h = log->place.log_id;
}

void bad_log_end(struct bad_log *log)
{
    lum_buf_fini(&log->run);
}

static void seal(struct bad_log *log)
{
    const struct lum_seal_claim claim = {
        .log_id = &log->place.log_id,
        .chain = &log->place.chain,
        .range = log->is_boundary ? &log->place.range : NULL,
    };
    LUM_ASSERT(log->seal_count < BAD_SEALS_MAX);
    lum_seal_make(&claim, &log->key, &log->seals[log->seal_count++]);
}

void bad_log_add(struct bad_log *log, struct lum_header *header, struct lum_bytes payload)
{
    header->plen = (uint32_t)payload.len;
    lum_run_append(&log->run, header, payload);
    LUM_ASSERT(!log->run.broken);
    LUM_ASSERT(lum_chain_step(&log->place.chain, header, payload, &log->is_boundary) ==
               LUM_FAULT_NONE);
    if (log->is_boundary) {
        lum_range_add(&log->place.range, &log->place.chain.h);
        seal(log);
    }
}

void bad_log_add_record(struct bad_log *log, uint64_t key, size_t len)
{
    static const char letters[] = "the same again and again, and again the same, over and over";
    struct lum_buf payload;
    struct lum_header header = {.kind = LUM_KIND_DATA, .dt = 1};
    char name[24];
    (void)snprintf(name, sizeof name, "b%llu", (unsigned long long)key);
    lum_buf_init(&payload, LUM_PAYLOAD_MAX);
    lum_pack_array(&payload, 2);
    lum_pack_array(&payload, 0);
    lum_pack_array(&payload, 1);
    lum_pack_array(&payload, 4);
    lum_pack_uint(&payload, 18);
    lum_pack_cstr(&payload, "item");
    lum_pack_cstr(&payload, name);
    lum_pack_map(&payload, 1);
    lum_pack_cstr(&payload, "note");
    lum_pack_str(&payload, lum_bytes_of(letters, len < sizeof letters ? len : sizeof letters - 1));
    bad_log_add(log, &header, lum_buf_bytes(&payload));
    lum_buf_fini(&payload);
}

void bad_log_seal(struct bad_log *log)
{
    if (!log->is_boundary) {
        seal(log);
    }
}

struct lum_ingest bad_log_run(const struct bad_log *log)
{
    return (struct lum_ingest){
        .name = log->name,
        .first = log->first,
        .plain_len = (uint32_t)log->run.len,
        .bytes = lum_buf_bytes(&log->run),
        .seals = {log->seals, log->seal_count},
    };
}

enum lum_ingest_end bad_log_keep(struct bad_log *log, struct sim_machine *machine)
{
    struct lum_ingest run = bad_log_run(log);
    struct lum_ingest_result result;
    site_begin(&machine->site);
    sim_must(machine, lum_space_ingest(machine->site.space, &run, &result, &machine->site.error));
    site_commit(&machine->site);
    sim_wrote(machine);
    return result.end;
}

void bad_introduce(struct bad_turn *turn, uint32_t number, const struct lum_log_name *name)
{
    struct lum_buf body;
    const struct lum_intro intro = {.number = number, .name = *name};
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_intro(&body, &intro);
    bad_say_buf(turn, LUM_MESSAGE_INTRO, &body);
}

void bad_log_say(struct bad_log *log, struct bad_turn *turn)
{
    struct lum_buf body;
    const struct lum_piece piece = {
        .number = turn->line->numbers++,
        .first = log->first,
        .seals = {log->seals, log->seal_count},
        .bytes = lum_buf_bytes(&log->run),
    };
    bad_introduce(turn, piece.number, &log->name);
    lum_buf_init(&body, LUM_MESSAGE_MAX);
    lum_message_put_seg(&body, &piece);
    bad_say_buf(turn, LUM_MESSAGE_SEG, &body);
}
