/*
 * wire.c - lines as people have them: streams of encrypted bytes that are late, slow, come in
 * lumps, arrive one way only, and break at a byte; see sim.h.
 *
 *   sync says a message -> frame -> say -> (the step ends) channel -> records -> parcels on the way
 *   parcel arrives -> in -> channel -> frames -> messages -> step of the other machine
 */
#include <stdlib.h>
#include <string.h>

#include "core/keys.h"
#include "net/frame.h"
#include "tests/sim/bad.h"

enum {
    BYTES_MAX = 64 << 20,
    BYE_MS = 1000, /* for the last words */
};

/* Arguments of `meets`. */
enum {
    WITH,
    FOR,
    BYE,
    LATENCY,
    RATE,
    LUMP,
    CHUNK,
    CUT,
    OF,
    DUMB,
    LATE
};

/* Sessions are numbered so that each end of each line has its own. */
static uint32_t session_of(uint32_t line, unsigned end)
{
    return 2 * line + end + 1;
}

static struct sim_line *line_of(struct sim *sim, uint32_t session, unsigned *end)
{
    *end = (session - 1) % 2;
    return &sim->lines[(session - 1) / 2];
}

struct sim_machine *sim_line_other(struct sim *sim, uint32_t session)
{
    unsigned end = 0;
    struct sim_line *line = line_of(sim, session, &end);
    return sim_machine(sim, line->machines[1 - end]);
}

static void due(struct sim *sim, enum sim_due what, uint32_t line, unsigned end, uint64_t at_ms)
{
    sim_agenda_add(&sim->agenda,
                   &(struct sim_item){.at_ms = at_ms, .what = what, .a = line, .b = end});
}

/* ---- up ---- */

bool sim_answers(struct sim_machine *member, const struct sim_machine *newcomer)
{
    const struct lum_roster *roster = lum_space_roster(member->site.space);
    for (size_t i = 0; i < lum_roster_invite_count(roster); i++) {
        const struct lum_invite_fact *invite = lum_roster_invite(roster, i);
        if (memcmp(invite->pk, newcomer->invite_pk, sizeof invite->pk) == 0) {
            return lum_roster_answers(invite, sim_wall_ms(member));
        }
    }
    return false;
}

/* The keys that a newcomer's invite, or the space's secret, gives both sides. */
static struct lum_entry entry_of(struct sim_machine *dialler)
{
    struct lum_entry entry = {.kind = LUM_ENTRY_SPACE};
    uint32_t generation = 0;
    uint8_t secret[32];
    struct lum_invite invite;
    uint8_t psk[32];
    if (lum_space_secret(dialler->site.space, &generation, secret) == LUM_OK) {
        lum_entry_keys_of_secret(secret, &entry.keys);
    } else {
        sim_must(dialler, lum_space_invite(dialler->site.space, &invite));
        lum_invite_psk(&invite, psk);
        lum_entry_keys_of_invite(psk, &entry.keys);
        entry.kind = LUM_ENTRY_INVITE;
    }
    return entry;
}

static void handshake(struct sim *sim, struct sim_line *line)
{
    struct lum_entry entry = entry_of(sim->machines[line->machines[0]]);
    struct lum_buf said[2];
    struct lum_buf none;
    lum_buf_init(&said[0], BYTES_MAX);
    lum_buf_init(&said[1], BYTES_MAX);
    lum_buf_init(&none, BYTES_MAX);
    for (unsigned end = 0; end < 2; end++) {
        struct sim_machine *machine = sim->machines[line->machines[end]];
        uint8_t ephemeral[32];
        machine->site.env.random(machine, ephemeral, sizeof ephemeral);
        if (end == 0) {
            lum_channel_dial(&line->flows[0].channel, &entry, ephemeral, &said[0]);
        } else {
            lum_channel_answer(&line->flows[1].channel, ephemeral);
        }
    }
    enum lum_fault second =
        lum_channel_feed(&line->flows[1].channel, &said[0], &entry, 1, &none, &said[1]);
    enum lum_fault first =
        lum_channel_feed(&line->flows[0].channel, &said[1], NULL, 0, &none, &said[0]);
    LUM_ASSERT(first == LUM_FAULT_NONE && second == LUM_FAULT_NONE);
    LUM_ASSERT(line->flows[0].channel.state == LUM_CHANNEL_OPEN &&
               line->flows[1].channel.state == LUM_CHANNEL_OPEN);
    lum_buf_fini(&said[0]);
    lum_buf_fini(&said[1]);
    lum_buf_fini(&none);
}

static uint32_t new_line(struct sim *sim)
{
    if (sim->line_count == sim->line_room) {
        sim->line_room = sim->line_room == 0 ? 32 : 2 * sim->line_room;
        sim->lines = realloc(sim->lines, sim->line_room * sizeof sim->lines[0]);
        LUM_ASSERT(sim->lines != NULL);
    }
    memset(&sim->lines[sim->line_count], 0, sizeof sim->lines[0]);
    return sim->line_count++;
}

static void rise(struct sim *sim, uint32_t number)
{
    for (unsigned end = 0; end < 2; end++) {
        struct sim_line *line = &sim->lines[number];
        struct lum_sync_event event = {
            .type = LUM_SYNC_UP,
            .session = session_of(number, end),
            .up = {.is_initiator = end == 0, .by_invite = line->by_invite},
        };
        memcpy(event.up.hash, line->flows[end].channel.hash, sizeof event.up.hash);
        line->knows[end] = true;
        sim_step(sim->machines[line->machines[end]], &event);
    }
}

void sim_meet(struct sim *sim, uint32_t from, const struct story_act *act)
{
    struct sim_machine *a = sim_awake(sim, from);
    struct sim_machine *b = sim_awake(sim, (uint32_t)act->args[WITH]);
    if (a == NULL || b == NULL || a == b || (!a->is_welcome && !b->is_welcome)) {
        return;
    }
    if (!b->is_welcome) {
        struct sim_machine *swap = a;
        a = b;
        b = swap;
    }
    if (!a->is_welcome && !sim_answers(b, a)) {
        return;
    }
    uint32_t number = new_line(sim);
    struct sim_line *line = &sim->lines[number];
    line->is_up = true;
    line->by_invite = !a->is_welcome;
    line->machines[0] = a->number;
    line->machines[1] = b->number;
    memcpy(line->args, act->args, sizeof line->args);
    line->flows = calloc(2, sizeof line->flows[0]);
    LUM_ASSERT(line->flows != NULL);
    for (unsigned end = 0; end < 2; end++) {
        lum_buf_init(&line->flows[end].say, BYTES_MAX);
        lum_buf_init(&line->flows[end].in, BYTES_MAX);
        lum_buf_init(&line->flows[end].frames, BYTES_MAX);
    }
    handshake(sim, line);
    sim_say(sim, "%s dials %s: line %u", a->name, b->name, (unsigned)number);
    due(sim, SIM_DUE_HANG_UP, number, line->args[BYE] != 0 ? 0 : 1,
        sim->now_ms + (uint64_t)line->args[FOR]);
    if (line->by_invite && b->number != 0) {
        SIM_SEES(sim, joined_through_another);
    }
    sim->sums.marks[SIM_SAW_slow] += line->args[RATE] != 0;
    sim->sums.marks[SIM_SAW_half_open] += line->args[DUMB] != 0;
    rise(sim, number);
}

/* ---- down ---- */

static void notice(struct sim *sim, uint32_t number, unsigned end)
{
    struct sim_line *line = &sim->lines[number];
    struct sim_machine *machine = sim_machine(sim, line->machines[end]);
    if (line->knows[end] && machine != NULL && machine->is_on) {
        struct lum_sync_event event = {.type = LUM_SYNC_DOWN, .session = session_of(number, end)};
        line->knows[end] = false;
        sim_step(machine, &event);
    }
}

static void free_flows(struct sim_line *line)
{
    for (unsigned end = 0; end < 2 && line->flows != NULL; end++) {
        struct sim_flow *flow = &line->flows[end];
        for (uint32_t i = 0; i < flow->count; i++) {
            free(flow->parcels[(flow->head + i) % flow->room].bytes);
        }
        free(flow->parcels);
        lum_buf_fini(&flow->say);
        lum_buf_fini(&flow->in);
        lum_buf_fini(&flow->frames);
    }
    free(line->flows);
    line->flows = NULL;
}

/* An invite that too many used makes all of them wait, also who was let in before: they hold the
 * secret, but a newcomer hears in gov that they are not effective. */
static bool is_host_waiting(struct sim *sim, const struct sim_line *line)
{
    const struct lum_device *host =
        sim_device(sim->machines[line->machines[0]], sim->machines[line->machines[1]]);
    return host != NULL && !host->is_effective;
}

bool sim_line_is_up(const struct sim *sim, uint32_t session)
{
    const struct sim_line *line = &sim->lines[(session - 1) / 2];
    return line->is_up && !line->is_closing;
}

bool sim_line_is_bad(const struct sim *sim, uint32_t session)
{
    const struct sim_line *line = &sim->lines[(session - 1) / 2];
    return sim->machines[line->machines[0]]->bad != NULL ||
           sim->machines[line->machines[1]]->bad != NULL;
}

static void check_fault(struct sim *sim, uint32_t number)
{
    const struct sim_line *line = &sim->lines[number];
    if (line->fault != LUM_FAULT_NONE && sim_line_is_bad(sim, session_of(number, 0))) {
        SIM_SEES(sim, bad_was_faulty);
        sim_say(sim, "line %u: a bad neighbour is found out: %s", (unsigned)number,
                lum_fault_name(line->fault));
    } else if (line->fault == LUM_FAULT_AUTH && line->by_invite && is_host_waiting(sim, line)) {
        SIM_SEES(sim, host_waits);
        sim_say(sim, "line %u: who waits for approval lets nobody in", (unsigned)number);
    } else if (line->fault != LUM_FAULT_NONE) {
        sim_die(sim, "line %u: an honest neighbour is called faulty: %s", (unsigned)number,
                lum_fault_name(line->fault));
    }
}

void sim_line_down(struct sim *sim, uint32_t number)
{
    struct sim_line *line = &sim->lines[number];
    if (!line->is_up) {
        return;
    }
    line->is_up = false;
    check_fault(sim, number);
    free_flows(line);
    while (sim->first_up < sim->line_count && !sim->lines[sim->first_up].is_up) {
        sim->first_up++;
    }
    notice(sim, number, 0);
    if (sim->lines[number].args[LATE] != 0) {
        due(sim, SIM_DUE_LATE, number, 1, sim->now_ms + (uint64_t)sim->lines[number].args[LATE]);
    } else {
        notice(sim, number, 1);
    }
}

void sim_lines_of_down(struct sim_machine *machine)
{
    struct sim *sim = machine->sim;
    for (uint32_t i = sim->first_up; i < sim->line_count; i++) {
        for (unsigned end = 0; end < 2; end++) {
            if (sim->lines[i].machines[end] == machine->number) {
                sim->lines[i].knows[end] = false;
                sim_line_down(sim, i);
            }
        }
    }
}

void sim_lines_free(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->line_count; i++) {
        free_flows(&sim->lines[i]);
    }
    free(sim->lines);
    sim->lines = NULL;
    sim->line_count = 0;
}

/* For the tale of a quiet time that leads nowhere. */
static void say_line(struct sim *sim, uint32_t number)
{
    for (unsigned end = 0; end < 2 && sim->lines[number].is_up; end++) {
        struct sim_machine *machine = sim->machines[sim->lines[number].machines[end]];
        struct lum_sync_tally tally = {0};
        (void)lum_sync_tally(machine->sync, session_of(number, end), &tally);
        sim_say(sim, "line %u: %s%s%s%s", (unsigned)number, machine->name,
                tally.is_met ? ", met" : "", tally.is_equal ? ", equal" : "",
                tally.is_pushing ? ", has more to say" : "");
    }
}

void sim_say_lines(struct sim *sim)
{
    for (uint32_t i = sim->first_up; i < sim->line_count; i++) {
        say_line(sim, i);
    }
}

/* Who waits for approval is shown gov alone. */
static bool are_effective(struct sim *sim, const struct sim_line *line)
{
    const struct sim_machine *a = sim->machines[line->machines[0]];
    const struct sim_machine *b = sim->machines[line->machines[1]];
    return a->is_welcome && b->is_welcome && sim_is_effective(a, a) && sim_is_effective(b, b);
}

bool sim_lines_are_equal(struct sim *sim)
{
    for (uint32_t i = sim->first_up; i < sim->line_count; i++) {
        const struct sim_line *line = &sim->lines[i];
        for (unsigned end = 0; end < 2 && line->is_up; end++) {
            struct lum_sync_tally tally = {0};
            (void)lum_sync_tally(sim->machines[line->machines[end]]->sync, session_of(i, end),
                                 &tally);
            if (!tally.is_equal && are_effective(sim, line)) {
                return false;
            }
        }
    }
    return true;
}

bool sim_are_linked(struct sim *sim, uint32_t a, uint32_t b)
{
    for (uint32_t i = sim->first_up; i < sim->line_count; i++) {
        const struct sim_line *line = &sim->lines[i];
        if (line->is_up && ((line->machines[0] == a && line->machines[1] == b) ||
                            (line->machines[0] == b && line->machines[1] == a))) {
            return true;
        }
    }
    return false;
}

/* ---- saying ---- */

/* A line that a step touched: what it said leaves when the step is over. */
static void touch(struct sim *sim, uint32_t number)
{
    for (uint32_t i = 0; i < sim->touched_count; i++) {
        if (sim->touched[i] == number) {
            return;
        }
    }
    LUM_ASSERT(sim->touched_count < LUM_COUNT(sim->touched));
    sim->touched[sim->touched_count++] = number;
}

void sim_line_send(struct sim *sim, uint32_t session, uint8_t type, struct lum_bytes body)
{
    unsigned end = 0;
    struct sim_line *line = line_of(sim, session, &end);
    if (line->is_up && !line->is_closing) {
        lum_frame_put(&line->flows[end].say, type, body);
        touch(sim, (session - 1) / 2);
    }
}

void sim_line_put(struct sim *sim, uint32_t session, struct lum_bytes bytes)
{
    unsigned end = 0;
    struct sim_line *line = line_of(sim, session, &end);
    if (line->is_up && !line->is_closing) {
        lum_buf_put(&line->flows[end].say, bytes.at, bytes.len);
        touch(sim, (session - 1) / 2);
    }
}

void sim_line_stick(struct sim *sim, uint32_t session)
{
    unsigned end = 0;
    line_of(sim, session, &end)->is_stuck = true;
}

void sim_line_close(struct sim *sim, uint32_t session, enum lum_fault fault)
{
    unsigned end = 0;
    struct sim_line *line = line_of(sim, session, &end);
    line->is_closing = true;
    line->fault = fault != LUM_FAULT_NONE ? fault : line->fault;
    touch(sim, (session - 1) / 2);
}

static void add_parcel(struct sim_flow *flow, const uint8_t *at, size_t len)
{
    if (flow->count == flow->room) {
        uint32_t room = flow->room == 0 ? 8 : 2 * flow->room;
        struct sim_parcel *parcels = malloc(room * sizeof parcels[0]);
        LUM_ASSERT(parcels != NULL);
        for (uint32_t i = 0; i < flow->count; i++) {
            parcels[i] = flow->parcels[(flow->head + i) % flow->room];
        }
        free(flow->parcels);
        flow->parcels = parcels;
        flow->head = 0;
        flow->room = room;
    }
    struct sim_parcel *parcel = &flow->parcels[(flow->head + flow->count++) % flow->room];
    parcel->bytes = malloc(len);
    LUM_ASSERT(parcel->bytes != NULL);
    memcpy(parcel->bytes, at, len);
    parcel->len = len;
}

/* In parts no longer than the line's chunk; each takes its time and comes with the next lump. */
static void dispatch(struct sim *sim, uint32_t number, unsigned end, struct lum_bytes bytes)
{
    struct sim_line *line = &sim->lines[number];
    struct sim_flow *flow = &line->flows[end];
    uint64_t rate = (uint64_t)line->args[RATE];
    uint64_t lump = (uint64_t)line->args[LUMP];
    size_t chunk = (size_t)line->args[CHUNK];
    for (size_t at = 0; at < bytes.len; at += chunk) {
        size_t len = bytes.len - at < chunk ? bytes.len - at : chunk;
        flow->free_ms = flow->free_ms < sim->now_ms ? sim->now_ms : flow->free_ms;
        flow->free_ms += rate == 0 ? 0 : (len + rate - 1) / rate;
        add_parcel(flow, bytes.at + at, len);
        uint64_t there = flow->free_ms + (uint64_t)line->args[LATENCY];
        due(sim, SIM_DUE_ROOM, number, end, flow->free_ms);
        due(sim, SIM_DUE_PARCEL, number, end, (there + lump - 1) / lump * lump);
    }
}

/* What is said to one who reads nothing waits in memory: it must come to an end. */
static void weigh_stuck(struct sim *sim, uint32_t number, unsigned end, size_t len)
{
    struct sim_line *line = &sim->lines[number];
    const struct sim_machine *speaker = sim->machines[line->machines[end]];
    if (!line->is_stuck || speaker->bad != NULL) {
        return;
    }
    line->stuck_bytes += len;
    if (line->stuck_bytes > SIM_BAD_BYTES_MAX) {
        sim_die(sim, "%s goes on speaking to one who reads nothing: %u KiB", speaker->name,
                (unsigned)(line->stuck_bytes / 1024));
    }
}

static void flush(struct sim *sim, uint32_t number, unsigned end)
{
    struct sim_flow *flow = &sim->lines[number].flows[end];
    struct lum_buf out;
    if (flow->say.len > 0) {
        lum_buf_init(&out, BYTES_MAX);
        lum_channel_seal(&flow->channel, lum_buf_bytes(&flow->say), &out);
        LUM_ASSERT(!out.broken && !flow->say.broken);
        lum_buf_reset(&flow->say);
        sim_hash(sim, out.at, out.len);
        weigh_stuck(sim, number, end, out.len);
        dispatch(sim, number, end, lum_buf_bytes(&out));
        lum_buf_fini(&out);
    }
}

static bool is_silent(const struct sim_line *line)
{
    return line->flows[0].count == 0 && line->flows[1].count == 0;
}

static void end_when_silent(struct sim *sim, uint32_t number)
{
    if (sim->lines[number].is_up && sim->lines[number].is_closing &&
        is_silent(&sim->lines[number])) {
        sim_line_down(sim, number);
    }
}

void sim_line_flush(struct sim *sim)
{
    while (sim->touched_count > 0) {
        uint32_t number = sim->touched[--sim->touched_count];
        for (unsigned end = 0; end < 2 && sim->lines[number].is_up; end++) {
            flush(sim, number, end);
        }
        end_when_silent(sim, number);
    }
}

/* ---- hearing ---- */

/* What comes is no stream of messages: the line ends, as net/conn.c ends it. */
static void hang_up_on(struct sim *sim, uint32_t number, unsigned end, enum lum_fault fault)
{
    struct sim_line *line = &sim->lines[number];
    const struct sim_machine *other = sim->machines[line->machines[1 - end]];
    if (other->bad == NULL) {
        sim_die(sim, "line %u: %s says what cannot be read: %s", (unsigned)number, other->name,
                lum_fault_name(fault));
    }
    line->fault = fault;
    sim_line_down(sim, number);
}

/* Whole frames go to the listener's machine, until a step brings the line down. */
static void hear(struct sim *sim, uint32_t number, unsigned end)
{
    struct lum_frame frame;
    enum lum_fault fault = LUM_FAULT_NONE;
    struct sim_machine *machine = sim->machines[sim->lines[number].machines[end]];
    while (sim->lines[number].is_up &&
           lum_frame_peek(lum_buf_bytes(&sim->lines[number].flows[end].frames), LUM_MESSAGE_MAX,
                          &frame, &fault) == LUM_OK) {
        struct lum_buf body;
        struct lum_sync_event event = {.type = LUM_SYNC_MESSAGE,
                                       .session = session_of(number, end)};
        lum_buf_init(&body, BYTES_MAX);
        lum_buf_put(&body, frame.body.at, frame.body.len);
        event.message.type = frame.type;
        event.message.body = lum_buf_bytes(&body);
        lum_buf_drop(&sim->lines[number].flows[end].frames, frame.size);
        sim_step(machine, &event);
        lum_buf_fini(&body);
    }
    if (fault != LUM_FAULT_NONE) {
        hang_up_on(sim, number, end, fault);
    }
}

static void deliver(struct sim *sim, uint32_t number, unsigned end, struct lum_bytes bytes)
{
    struct sim_flow *listener = &sim->lines[number].flows[1 - end];
    lum_buf_put(&listener->in, bytes.at, bytes.len);
    enum lum_fault fault = lum_channel_feed(&listener->channel, &listener->in, NULL, 0,
                                            &listener->frames, &listener->say);
    if (fault != LUM_FAULT_NONE) {
        hang_up_on(sim, number, 1 - end, fault);
        return;
    }
    sim->sums.bytes += bytes.len;
    hear(sim, number, 1 - end);
}

static void arrive(struct sim *sim, uint32_t number, unsigned end)
{
    struct sim_line *line = &sim->lines[number];
    struct sim_flow *flow = &line->flows[end];
    struct sim_parcel parcel = flow->parcels[flow->head];
    size_t len = parcel.len;
    bool breaks = line->args[CUT] != 0 && (unsigned)line->args[OF] == end &&
                  flow->delivered + len >= (uint64_t)line->args[CUT];
    bool is_stuck = line->is_stuck && sim->machines[line->machines[1 - end]]->bad != NULL;
    bool is_lost = line->args[DUMB] == (int64_t)end + 1;
    flow->head = (flow->head + 1) % flow->room;
    flow->count--;
    len = breaks ? (size_t)((uint64_t)line->args[CUT] - flow->delivered) : len;
    flow->delivered += len;
    if (!is_lost && !is_stuck) {
        deliver(sim, number, end, lum_bytes_of(parcel.bytes, len));
    }
    free(parcel.bytes);
    if (breaks && sim->lines[number].is_up) {
        SIM_SEES(sim, cut);
        sim_say(sim, "line %u breaks at byte %llu", (unsigned)number,
                (unsigned long long)sim->lines[number].flows[end].delivered);
        sim_line_down(sim, number);
    }
    end_when_silent(sim, number);
}

static void make_room(struct sim *sim, uint32_t number, unsigned end)
{
    const struct sim_flow *flow = &sim->lines[number].flows[end];
    const struct sim_line *line = &sim->lines[number];
    if (line->is_stuck && sim->machines[line->machines[end]]->bad == NULL) {
        return; /* nothing leaves */
    }
    struct lum_sync_event event = {.type = LUM_SYNC_ROOM, .session = session_of(number, end)};
    uint64_t left_ms = flow->free_ms > sim->now_ms ? flow->free_ms - sim->now_ms : 0;
    event.room_queued = left_ms * (uint64_t)sim->lines[number].args[RATE]; /* not sent yet */
    sim_step(sim->machines[sim->lines[number].machines[end]], &event);
}

static void hang_up(struct sim *sim, uint32_t number, bool politely)
{
    if (!politely) {
        sim_line_down(sim, number);
        return;
    }
    SIM_SEES(sim, said_bye);
    due(sim, SIM_DUE_HANG_UP, number, 1, sim->now_ms + BYE_MS);
    for (unsigned end = 0; end < 2 && sim->lines[number].is_up; end++) {
        struct lum_sync_event event = {.type = LUM_SYNC_FINISH, .session = session_of(number, end)};
        sim_step(sim->machines[sim->lines[number].machines[end]], &event);
    }
}

void sim_due_on_line(struct sim *sim, const struct sim_item *item)
{
    uint32_t number = item->a;
    if (item->what == SIM_DUE_LATE) {
        notice(sim, number, item->b);
    } else if (!sim->lines[number].is_up) {
        return;
    } else if (item->what == SIM_DUE_ROOM) {
        make_room(sim, number, item->b);
    } else if (item->what == SIM_DUE_PARCEL) {
        arrive(sim, number, item->b);
    } else {
        hang_up(sim, number, item->b == 0);
    }
}
