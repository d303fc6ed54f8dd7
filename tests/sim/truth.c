/*
 * truth.c - what must hold once everybody has met everybody; see sim.h.
 */
#include <string.h>

#include "core/verify.h"
#include "tests/sim/bad.h"
#include "tests/sim/retell.h"

enum {
    MODEL_ASKED_MAX = 400, /* events: it looks at all of them for each */
    MANY = 32,             /* machines; of so many meetings then one is looked at */
};

/* A snapshot of both files. */
struct look {
    struct lum_txn *log;
    struct lum_txn *view;
};

static struct look look_begin(struct sim_machine *machine)
{
    struct look look;
    struct site *site = &machine->site;
    sim_must(machine, lum_txn_begin_read(lum_space_log(site->space), &look.log, &site->error));
    sim_must(machine, lum_txn_begin_read(lum_space_view(site->space), &look.view, &site->error));
    return look;
}

static void look_end(struct look look)
{
    lum_txn_abort(look.log);
    lum_txn_abort(look.view);
}

static struct sim_machine *member(struct sim *sim, uint32_t i)
{
    struct sim_machine *machine = sim->machines[i];
    bool is_honest = machine != NULL && machine->bad == NULL;
    return is_honest && machine->is_on && machine->is_welcome ? machine : NULL;
}

void sim_check_result(struct sim_machine *machine, const struct job *job)
{
    bool is_fork = job->result.end == LUM_INGEST_FORK;
    bool may_fork =
        machine->sim->has_images || sim_is_bad_author(machine->sim, job->run.name.author);
    bool is_faulty =
        job->result.end == LUM_INGEST_FAULTY && !sim_line_is_bad(machine->sim, job->session);
    if (is_faulty || (is_fork && !may_fork)) {
        sim_die(machine->sim, "%s was told of a %s by an honest neighbour", machine->name,
                is_fork ? "fork" : lum_fault_name(job->result.fault));
    }
    machine->sim->sums.marks[SIM_SAW_forked] += is_fork;
    machine->sim->sums.events_taken += job->result.taken;
}

/* How far a log counts: what follows a fork is held as it was found, here this, there that. */
static uint64_t standing(const struct lum_log_row *row)
{
    return row->is_frozen ? row->fork_point : row->place.chain.seq;
}

/* Events only become more, a fork is found or not yet, and its point only falls: what somebody
 * said that he holds a moment ago is still so or even more so. */
static bool lacks(const struct lum_log_row *theirs, const struct lum_log_row *ours)
{
    return ours->is_frozen ? !theirs->is_frozen || theirs->fork_point > ours->fork_point
                           : !theirs->is_frozen && theirs->place.chain.seq < ours->place.chain.seq;
}

/* What one holds of each log, the other holds as well. */
static void check_held(struct sim_machine *machine, struct sim_machine *other, struct look ours,
                       struct look theirs)
{
    for (uint32_t lno = 1; lno <= lum_log_count(ours.log); lno++) {
        struct lum_log_row row;
        struct lum_log_row held = {.lno = 0};
        uint32_t there = 0;
        sim_must(machine, lum_log_get(ours.log, lno, &row));
        if (lum_log_find(theirs.log, &row.place.log_id, &there) == LUM_OK) {
            sim_must(other, lum_log_get(theirs.log, there, &held));
        }
        if (lacks(&held, &row)) {
            sim_die(machine->sim, "%s says it is equal with %s, who lacks events", machine->name,
                    other->name);
        }
    }
}

void sim_check_equal(struct sim_machine *machine, struct sim_machine *other)
{
    bool is_asked = machine->sim->machine_count < MANY || machine->sim->sums.steps % MANY == 0;
    if (other != NULL && other->is_on && is_asked) {
        struct look ours = look_begin(machine);
        struct look theirs = look_begin(other);
        check_held(machine, other, ours, theirs);
        look_end(ours);
        look_end(theirs);
    }
}

static void fronts_of(struct sim_machine *machine, uint8_t out[2][16])
{
    struct look look = look_begin(machine);
    sim_must(machine, lum_log_frontier(look.log, LUM_SHELF_GOV, out[0]));
    sim_must(machine, lum_log_frontier(look.log, LUM_SHELF_COMMON, out[1]));
    look_end(look);
}

static void say_logs(struct sim_machine *machine)
{
    char line[300] = "";
    struct look look = look_begin(machine);
    for (uint32_t lno = 1; lno <= lum_log_count(look.log); lno++) {
        struct lum_log_row row;
        sim_must(machine, lum_log_get(look.log, lno, &row));
        sim_append(line, sizeof line, " %02x%02x%s:%u%s", row.place.log_id.b[0],
                   row.place.log_id.b[1], row.name.shelf == LUM_SHELF_GOV ? " gov" : "",
                   (unsigned)standing(&row), row.is_frozen ? " forked" : "");
    }
    look_end(look);
    sim_say(machine->sim, "%s holds%s", machine->name, line);
}

void sim_say_logs(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        if (sim->machines[i] != NULL && sim->machines[i]->is_on) {
            say_logs(sim->machines[i]);
        }
    }
}

bool sim_all_equal(struct sim *sim)
{
    uint8_t first[2][16];
    uint8_t other[2][16];
    bool is_first = true;
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        struct sim_machine *machine = sim->machines[i];
        struct sim_machine *founder = sim->machines[0];
        if (machine == NULL || !machine->is_on) {
            continue;
        }
        if (!machine->is_welcome) {
            if (sim_answers(founder, machine)) {
                return false;
            }
            continue; /* whose invite went down with the founder's machine */
        }
        fronts_of(machine, is_first ? first : other);
        if (!is_first && memcmp(first, other, sizeof first) != 0) {
            return false;
        }
        is_first = false;
    }
    return true;
}

/* ---- conflicts ---- */

static void name_of(struct look look, uint32_t number, char out[65])
{
    struct lum_bytes name = lum_view_name_text(look.view, number);
    LUM_ASSERT(name.len < 65);
    memcpy(out, name.at, name.len);
    out[name.len] = '\0';
}

static struct lum_id id_of(struct sim_machine *machine, struct look look, uint64_t rno)
{
    struct lum_arena arena;
    struct lum_record record;
    lum_arena_init(&arena);
    sim_must(machine, lum_view_record(look.view, rno, &arena, &record));
    lum_arena_fini(&arena);
    return record.id;
}

/* Cells in conflict, up to `most` of them; row is the last one looked at. */
static uint64_t conflicts_in(struct look look, uint64_t most, struct lum_view_conflict *row)
{
    uint64_t count = 0;
    *row = (struct lum_view_conflict){0};
    while (count < most && lum_view_conflict_next(look.view, row) == LUM_OK) {
        count += row->kind == LUM_CONFLICT_CELL;
    }
    return count;
}

bool sim_conflict_at(struct sim_machine *machine, uint64_t nth, struct lum_id *record,
                     char field[65])
{
    struct look look = look_begin(machine);
    struct lum_view_conflict row;
    uint64_t count = conflicts_in(look, UINT64_MAX, &row);
    if (count > 0) {
        (void)conflicts_in(look, nth % count + 1, &row);
        *record = id_of(machine, look, row.rno);
        name_of(look, row.field, field);
    }
    look_end(look);
    return count > 0;
}

/* What the list says, whatever the order in which record and name numbers were given. */
static void conflicts_of(struct sim_machine *machine, uint8_t sum[32])
{
    struct look look = look_begin(machine);
    struct lum_view_conflict row = {0};
    memset(sum, 0, 32);
    while (lum_view_conflict_next(look.view, &row) == LUM_OK) {
        char field[65] = "";
        uint8_t hash[32];
        uint8_t number[4]; /* the trace is the same for either order of bytes */
        struct lum_plain_hasher hasher;
        struct lum_id id = id_of(machine, look, row.rno);
        if (row.kind == LUM_CONFLICT_CELL) {
            SIM_SEES(machine->sim, conflict);
            name_of(look, row.field, field);
        } else {
            SIM_SEES(machine->sim, revived);
        }
        lum_plain_hash_init(&hasher);
        lum_plain_hash_add(&hasher, id.b, sizeof id.b);
        lum_plain_hash_add(&hasher, &row.kind, 1);
        lum_put_u32(number, row.number);
        lum_plain_hash_add(&hasher, number, sizeof number);
        lum_plain_hash_add(&hasher, field, strlen(field));
        if (row.kind == LUM_CONFLICT_CELL) {
            const char *shown = site_shown(&machine->site, &id, field);
            lum_plain_hash_add(&hasher, shown, strlen(shown));
        }
        lum_plain_hash_end(&hasher, hash);
        for (size_t i = 0; i < sizeof hash; i++) {
            sum[i] ^= hash[i];
        }
    }
    look_end(look);
}

/* ---- the model's opinion ---- */

static void same(struct sim_machine *machine, const char *what, uint64_t is, uint64_t should)
{
    if (is != should) {
        sim_die(machine->sim, "%s: %s: is %llu, the model says %llu", machine->name, what,
                (unsigned long long)is, (unsigned long long)should);
    }
}

struct sums {
    uint64_t conflicts;
    uint64_t revived;
    uint64_t pending;
    uint64_t voided;
    uint64_t waiting;
};

static struct sums sums_of(const struct model_set *set, const struct model_state *state)
{
    struct sums sums = {0};
    for (uint32_t i = 0; i < state->record_count; i++) {
        const struct model_record *record = &state->records[i];
        bool is_shown = record->life == MODEL_ALIVE || record->life == MODEL_REVIVED;
        sums.revived += record->life == MODEL_REVIVED;
        for (uint32_t c = 0; c < record->cell_count && is_shown; c++) {
            sums.conflicts += record->cells[c].values > 1;
        }
    }
    for (uint32_t i = 0; i < set->event_count; i++) {
        sums.pending += state->verdicts[i].is_applied && state->verdicts[i].is_pending;
        sums.voided += state->verdicts[i].is_applied && state->verdicts[i].is_void;
    }
    for (uint32_t log = 0; log < set->log_count; log++) {
        sums.waiting += state->is_waiting[log];
    }
    return sums;
}

static void compare(struct sim_machine *machine, struct look look, const struct model_set *set,
                    const struct model_state *state)
{
    struct lum_view_counts counts;
    struct sums sums = sums_of(set, state);
    for (uint8_t shelf = LUM_SHELF_GOV; shelf <= LUM_SHELF_COMMON; shelf++) {
        struct lum_hash is;
        struct lum_hash should;
        sim_must(machine, lum_view_root(look.view, look.log, shelf, &is));
        model_root(set, state, shelf, should.b);
        if (memcmp(is.b, should.b, sizeof is.b) != 0) {
            sim_die(machine->sim, "%s: the model comes to another state of shelf %u", machine->name,
                    (unsigned)shelf);
        }
    }
    sim_must(machine, lum_view_counts(look.view, &counts));
    same(machine, "conflicts", counts.conflicts, sums.conflicts);
    same(machine, "records deleted but edited", counts.revived, sums.revived);
    same(machine, "pending events", counts.pending, sums.pending);
    same(machine, "void events", counts.voided, sums.voided);
    same(machine, "waiting logs", counts.waiting, sums.waiting);
}

/* The same events, judged by who shares no code with the view. */
static void ask_model(struct sim_machine *machine)
{
    static struct retold told;
    static struct model_state state;
    struct look look = look_begin(machine);
    if (retell(&told, look.log, lum_space_roster(machine->site.space)) &&
        told.set.event_count <= MODEL_ASKED_MAX) {
        SIM_SEES(machine->sim, model_asked);
        model_judge(&told.set, &state);
        compare(machine, look, &told.set, &state);
        model_free(&state);
    }
    retell_end(&told);
    look_end(look);
}

/* ---- one machine ---- */

/* A bad member can fork its own log, and make it wait: nobody else's. */
static void check_logs(struct sim_machine *machine)
{
    struct sim *sim = machine->sim;
    struct look look = look_begin(machine);
    for (uint32_t lno = 1; lno <= lum_log_count(look.log); lno++) {
        struct lum_log_row row;
        struct lum_view_wait wait = {0};
        sim_must(machine, lum_log_get(look.log, lno, &row));
        (void)!lum_view_log(look.view, lno, &wait);
        if (sim_is_bad_author(sim, row.name.author)) {
            continue;
        }
        if (row.is_frozen && !sim->has_images) {
            sim_die(sim, "%s holds a forked log, and nobody forged one", machine->name);
        }
        if (wait.is_waiting && !sim->ledger.has_lost) {
            sim_die(sim, "%s waits for what nobody lacks", machine->name);
        }
    }
    look_end(look);
}

/* Rights come from the founder and the invites that people made: nothing a bad one signs adds. */
static void check_rights(struct sim_machine *machine)
{
    struct sim *sim = machine->sim;
    const struct lum_roster *roster = lum_space_roster(machine->site.space);
    for (size_t i = 0; i < lum_roster_invite_count(roster); i++) {
        const struct lum_invite_fact *invite = lum_roster_invite(roster, i);
        if (invite->is_counting && sim_is_bad_author(sim, invite->author)) {
            sim_die(sim, "%s lets in by an invite that a bad one made", machine->name);
        }
        if (invite->is_cancelled) {
            sim_die(sim, "%s holds an invite cancelled, and no steward did that", machine->name);
        }
    }
    for (size_t i = 0; i < lum_roster_device_count(roster); i++) {
        const struct lum_device *device = lum_roster_device(roster, i);
        if (device->role == LUM_ROLE_STEWARD && !device->is_founder) {
            sim_die(sim, "%s knows a steward whom nobody made one", machine->name);
        }
    }
}

static void check_files(struct sim_machine *machine)
{
    struct lum_verify_report report = {0};
    struct look look = look_begin(machine);
    sim_must(machine, lum_verify_log(look.log, NULL, &report));
    if (report.found > 0) {
        sim_die(machine->sim, "%s: verify: %s of log %u at %llu: %s", machine->name,
                report.findings[0].table, (unsigned)report.findings[0].lno,
                (unsigned long long)report.findings[0].at, report.findings[0].what);
    }
    look_end(look);
    site_check(&machine->site);
    check_logs(machine);
}

static bool is_same_root(const struct lum_hash *a, const struct lum_hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* The view made anew, and after a start, says the same. */
static void check_again(struct sim_machine *machine, const struct lum_hash *root)
{
    struct site *site = &machine->site;
    sim_must(machine, lum_space_rebuild(site->space, NULL, &site->error));
    struct lum_hash anew = site_root(site);
    sim_machine_down(machine);
    sim_machine_boot(machine);
    (void)site_settle(site);
    struct lum_hash opened = site_root(site);
    if (!is_same_root(&anew, root) || !is_same_root(&opened, root)) {
        sim_die(machine->sim, "%s: the view made anew says otherwise", machine->name);
    }
}

/* The state of the first member, and who it is. */
struct state {
    struct sim_machine *of;
    struct lum_hash root;
    uint8_t conflicts[32];
};

static void check_machine(struct sim_machine *machine, struct state *first)
{
    struct sim *sim = machine->sim;
    struct state state = {.of = machine};
    (void)site_settle(&machine->site);
    state.root = site_root(&machine->site);
    conflicts_of(machine, state.conflicts);
    if (first->of == NULL) {
        *first = state;
    }
    if (!is_same_root(&state.root, &first->root)) {
        sim_die(sim, "%s and %s hold the same and see two states", first->of->name, machine->name);
    }
    if (memcmp(first->conflicts, state.conflicts, sizeof state.conflicts) != 0) {
        sim_die(sim, "%s and %s list different conflicts", first->of->name, machine->name);
    }
    check_files(machine);
    check_rights(machine);
}

void sim_check(struct sim *sim)
{
    struct state first = {0};
    for (uint32_t i = 0; i < sim->machine_count; i++) {
        if (member(sim, i) != NULL) {
            check_machine(member(sim, i), &first);
        }
    }
    sim_ledger_check(sim);
    if (first.of != NULL) {
        ask_model(first.of);
        sim_check_texts(first.of);
        sim_hash(sim, first.root.b, sizeof first.root.b);
        sim_hash(sim, first.conflicts, sizeof first.conflicts);
        check_again(first.of, &first.root);
    }
}
