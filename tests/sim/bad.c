/*
 * bad.c - turning bad, its turns, and the table of strategies; see bad.h.
 */
#include "tests/sim/bad.h"

#include <stdlib.h>
#include <string.h>

static const struct bad_strategy strategies[] = {
    {"wrong-digests", bad_wrong_digests, false, false, "its digests are never what it holds"},
    {"wrong-tags", bad_wrong_tags, false, false, "its vector says of each log that it differs"},
    {"claims-more", bad_claims_more, false, false, "it says it holds more of each log than is"},
    {"claims-none", bad_claims_none, false, false, "it says it holds nothing of anything"},
    {"claims-frozen", bad_claims_frozen, false, false, "it says each log is forked"},
    {"endless-claims", bad_endless_claims, true, false, "vectors of logs that nobody has, no end"},
    {"endless-intros", bad_endless_intros, true, false, "logs introduced that never come, no end"},
    {"endless-wants", bad_endless_wants, true, false, "empty vectors: send me everything, again"},
    {"false-haves", bad_false_haves, false, false, "acknowledges what it was never sent"},
    {"front-flood", bad_front_flood, false, false, "digests, always others, 50 at a time"},
    {"shows-and-hides", bad_shows_and_hides, false, false, "shows its shelves and hides them"},
    {"holds", bad_holds, false, false, "HOLD, and never lets go"},
    {"wrong-seals", bad_wrong_seals, false, false, "its seals have a bit changed"},
    {"no-seals", bad_no_seals, false, false, "its pieces come without their seals"},
    {"other-payload", bad_other_payload, false, false, "others' events with a letter changed"},
    {"stripped", bad_stripped, true, false, "events whose payload it left out"},
    {"far-ahead", bad_far_ahead, false, false, "pieces at absurd positions"},
    {"replays", bad_replays, false, false, "every piece five times, old ones again and again"},
    {"bombs", bad_bombs, true, false, "segments that swell when unpacked, declared and not"},
    {"bunch-bombs", bad_bunch_bombs, true, false, "bunches that do"},
    {"unknown-types", bad_unknown_types, false, false, "messages of no known type"},
    {"garbage", bad_garbage, false, false, "random bytes in messages of every type"},
    {"out-of-turn", bad_out_of_turn, false, false, "before its words some that are not due"},
    {"drips", bad_drips, false, false, "a byte in each turn of a message that never ends"},
    {"half-messages", bad_half_messages, false, false, "the half of a long message, then silence"},
    {"oversize", bad_oversize, false, false, "messages that declare more than there may be"},
    {"never-reads", bad_never_reads, true, false, "wants everything, takes nothing"},
    {"storms", bad_storms, false, false, "dials again and again"},
    {"tiny", bad_tiny, false, false, "a hundred tiny messages a turn"},
    {"byes", bad_byes, false, false, "says goodbye at once, then comes back"},
    {"forks", bad_forks, false, false, "two branches of one log, one for each neighbour"},
    {"lost-deps", bad_lost_deps, false, true, "events that wait for what never comes"},
    {"incarnations", bad_incarnations, false, true, "as many logs as it may have"},
    {"junk", bad_junk, false, true, "events that mean nothing, by the hundred"},
    {"records", bad_records, false, true, "valid records, by the hundred"},
    {"gov-junk", bad_gov_junk, false, true, "control events that are none"},
    {"rights", bad_rights, false, true, "invites, admits and cancels without the right to"},
    {"boundary-lies", bad_boundary_lies, true, false, "boundary seals with another range or time"},
    {"far-clock", bad_far_clock, false, true, "events at the end of time"},
    {"joins", bad_joins, false, true, "devices without end, all by its one invite"},
    {"void-ops", bad_void_ops, false, true, "ops that name what is not there"},
};

size_t bad_strategy_count(void)
{
    return LUM_COUNT(strategies);
}

const struct bad_strategy *bad_strategy(size_t nth)
{
    return nth < LUM_COUNT(strategies) ? &strategies[nth] : NULL;
}

/* ---- turning ---- */

/* The founder stays honest, and so does who shares keys with another machine. */
void sim_turns_bad(struct sim *sim, const struct story_act *act)
{
    struct sim_machine *machine = sim_awake(sim, act->who);
    if (machine == NULL || act->who == 0 || machine->bad != NULL || machine->has_twin ||
        lum_space_is_newcomer(machine->site.space)) {
        return;
    }
    machine->bad = calloc(1, sizeof *machine->bad);
    LUM_ASSERT(machine->bad != NULL);
    machine->bad->strategy = bad_strategy((size_t)act->args[0] % LUM_COUNT(strategies));
    memcpy(machine->bad->author, lum_space_keys(machine->site.space)->author.public,
           sizeof machine->bad->author);
    SIM_SEES(sim, turned_bad);
    sim_say(sim, "%s turns bad: %s", machine->name, machine->bad->strategy->what);
}

bool sim_is_bad_author(const struct sim *sim, const uint8_t author[32])
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        const struct sim_machine *machine = sim->machines[i];
        if (machine != NULL && machine->bad != NULL &&
            memcmp(machine->bad->author, author, sizeof machine->bad->author) == 0) {
            return true;
        }
    }
    return false;
}

static struct bad_line *line_of(struct bad *bad, uint32_t session)
{
    for (size_t i = 0; i < BAD_LINES_MAX; i++) {
        if (bad->lines[i].session == session) {
            return &bad->lines[i];
        }
    }
    return session == 0 ? &bad->lines[0] : NULL; /* of so many the first was long ago */
}

/* The meeting's own row, begun when first spoken of. */
static struct bad_line *line_for(struct bad *bad, uint32_t session)
{
    struct bad_line *line = line_of(bad, session);
    if (line == NULL) {
        line = line_of(bad, 0);
        *line = (struct bad_line){.session = session};
    }
    return line;
}

static void take_turns_later(struct sim_machine *machine)
{
    if (!machine->bad->is_taking_turns) {
        machine->bad->is_taking_turns = true;
        sim_agenda_add(&machine->sim->agenda,
                       &(struct sim_item){.at_ms = machine->sim->now_ms + BAD_TURN_MS,
                                          .what = SIM_DUE_BAD,
                                          .a = machine->number});
    }
}

/* ---- what it says ---- */

static bool is_greeting(uint8_t type)
{
    return type == LUM_MESSAGE_AUTH || type == LUM_MESSAGE_GENESIS || type == LUM_MESSAGE_WELCOME ||
           type == LUM_MESSAGE_ADDRESS;
}

void sim_bad_acts(struct sim_machine *machine, const struct lum_sync_act *act)
{
    struct bad *bad = machine->bad;
    struct bad_line *line = line_for(bad, act->session);
    struct bad_turn turn = {machine, line, BAD_SAYS, act};
    if (act->type == LUM_SYNC_MET) {
        line->is_met = true;
        take_turns_later(machine);
    } else if (act->type == LUM_SYNC_CLOSE) {
        if (!bad->strategy->is_alone) {
            sim_line_close(machine->sim, act->session, LUM_FAULT_NONE);
        }
    } else if (bad->strategy->is_alone) {
        if (is_greeting(act->send.type)) {
            bad_pass(&turn);
        }
    } else {
        bad->strategy->go(&turn);
    }
}

void sim_bad_turns(struct sim_machine *machine)
{
    struct bad *bad = machine->bad;
    bool is_any = false;
    bad->is_taking_turns = false;
    for (size_t i = 0; i < BAD_LINES_MAX && machine->is_on; i++) {
        struct bad_line *line = &bad->lines[i];
        struct bad_turn turn = {machine, line, BAD_TURN, NULL};
        bool may = line->session != 0 && line->is_met && line->turns < BAD_TURNS_MAX;
        if (may && sim_line_is_up(machine->sim, line->session)) {
            line->turns++;
            bad->strategy->go(&turn);
            sim_line_flush(machine->sim);
            is_any = true;
        }
    }
    if (is_any) {
        take_turns_later(machine);
    }
}

void bad_pass(struct bad_turn *turn)
{
    if (turn->when == BAD_SAYS) {
        bad_say(turn, turn->says->send.type, turn->says->send.body);
    }
}

void bad_say(struct bad_turn *turn, uint8_t type, struct lum_bytes body)
{
    sim_line_send(turn->machine->sim, turn->line->session, type, body);
}

void bad_say_buf(struct bad_turn *turn, uint8_t type, struct lum_buf *body)
{
    LUM_ASSERT(!body->broken);
    bad_say(turn, type, lum_buf_bytes(body));
    lum_buf_fini(body);
}

void bad_say_bytes(struct bad_turn *turn, struct lum_bytes bytes)
{
    sim_line_put(turn->machine->sim, turn->line->session, bytes);
}

void bad_draw(struct bad_turn *turn, void *out, size_t len)
{
    turn->machine->site.env.random(turn->machine, out, len);
}

uint32_t bad_below(struct bad_turn *turn, uint32_t below)
{
    uint8_t raw[4];
    bad_draw(turn, raw, sizeof raw);
    return lum_get_u32(raw) % below;
}

bool bad_says(const struct bad_turn *turn, uint8_t type)
{
    return turn->when == BAD_SAYS && turn->says->send.type == type;
}

bool bad_piece(const struct bad_turn *turn, struct lum_piece *out)
{
    struct lum_bytes body = turn->when == BAD_SAYS ? turn->says->send.body : (struct lum_bytes){0};
    return (bad_says(turn, LUM_MESSAGE_SEG) && lum_message_get_seg(body, out) == LUM_FAULT_NONE) ||
           (bad_says(turn, LUM_MESSAGE_TAIL) && lum_message_get_tail(body, out) == LUM_FAULT_NONE);
}
