/*
 * bad_author.c - what becomes of a log that a bad machine signs: kept, or said; see bad.h.
 */
#include "tests/sim/bad.h"

void bad_log_begin_as(struct pen *log, const struct sim_machine *machine,
                      const struct lum_sign_key *key, uint8_t shelf)
{
    const struct lum_roster *roster = lum_space_roster(machine->site.space);
    const struct pen_space space = {*lum_roster_space(roster),
                                    lum_roster_genesis(roster)->founded_ms};
    pen_begin(log, &space, key, machine->bad->written, shelf);
}

void bad_log_begin(struct pen *log, const struct sim_machine *machine, uint8_t shelf)
{
    bad_log_begin_as(log, machine, &lum_space_keys(machine->site.space)->author, shelf);
}

enum lum_ingest_end bad_log_keep(struct pen *log, struct sim_machine *machine)
{
    struct lum_ingest run = pen_run(log);
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

void bad_log_say(struct pen *log, struct bad_turn *turn)
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
