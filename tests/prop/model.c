/*
 * model.c - from a set of events to what they mean. See model.h.
 */
#include "tests/prop/model.h"

#include <stdlib.h>
#include <string.h>

#include "core/crypto.h"

enum {
    WORDS = (MODEL_EVENTS_MAX + 63) / 64,
    NOWHERE = -1,
    OPS_MAX = 1 << 14,
};

static const int64_t hours_24_ms = INT64_C(24) * 60 * 60 * 1000;
static const int64_t days_400_ms = INT64_C(400) * 24 * 60 * 60 * 1000;

/* An op that contributes. */
struct said {
    const struct model_event *event;
    const struct model_op *op;
    struct model_dot at;
    uint32_t shelf;
    uint8_t record[16];
};

/* What is worked out on the way. */
struct judge {
    const struct model_set *set;
    struct model_state *out;
    int32_t index[MODEL_LOGS_MAX][MODEL_EVENTS_MAX + 1]; /* of event (log, seq), or NOWHERE */
    uint32_t order[MODEL_EVENTS_MAX];                    /* events as they were found to apply */
    uint32_t order_count;
    uint64_t past[MODEL_EVENTS_MAX][WORDS]; /* the events before each, bit by bit */
    struct said said[OPS_MAX];
    uint32_t said_count;
};

/* ---- which events there are ---- */

static uint64_t end_of(const struct model_log *log)
{
    return log->is_frozen && log->fork_point < log->held ? log->fork_point : log->held;
}

static void take_events(struct judge *judge)
{
    const struct model_set *set = judge->set;
    for (uint32_t log = 0; log < set->log_count; log++) {
        memset(judge->index[log], 0xff, sizeof judge->index[log]);
    }
    for (uint32_t i = 0; i < set->event_count; i++) {
        const struct model_event *event = &set->events[i];
        memset(&judge->out->verdicts[i], 0, sizeof judge->out->verdicts[i]);
        if (event->seq <= end_of(&set->logs[event->log])) {
            judge->index[event->log][event->seq] = (int32_t)i;
            judge->out->verdicts[i].is_held = true;
        }
    }
}

/* The event, if it is held and has applied. */
static int32_t applied_at(const struct judge *judge, uint32_t log, uint64_t seq)
{
    int32_t i = seq > MODEL_EVENTS_MAX ? NOWHERE : judge->index[log][seq];
    return i != NOWHERE && judge->out->verdicts[i].is_applied ? i : NOWHERE;
}

/* ---- applied: the predecessor and all deps have applied (2.5) ---- */

static bool may_name(const struct judge *judge, const struct model_event *event,
                     const struct model_dep *dep, uint32_t log)
{
    const struct model_log *own = &judge->set->logs[event->log];
    const struct model_log *other = &judge->set->logs[log];
    return memcmp(other->id, dep->log8, 8) == 0 &&
           (other->shelf == own->shelf || other->shelf == 0);
}

/* At or beyond the fork point of a frozen log: satisfied whatever its hash. */
static bool is_past_fork(const struct model_log *log, const struct model_dep *dep)
{
    return log->is_frozen && dep->seq >= log->fork_point;
}

/* The log a pin means, or NOWHERE while no log fits it. */
static int32_t log_of_pin(const struct judge *judge, const struct model_event *event,
                          const struct model_dep *dep)
{
    for (uint32_t log = 0; log < judge->set->log_count; log++) {
        const struct model_log *other = &judge->set->logs[log];
        if (!may_name(judge, event, dep, log)) {
            continue;
        }
        if (is_past_fork(other, dep)) {
            bool has_fork_point =
                other->fork_point == 0 || applied_at(judge, log, other->fork_point) != NOWHERE;
            return has_fork_point ? (int32_t)log : NOWHERE;
        }
        int32_t i = applied_at(judge, log, dep->seq);
        if (i != NOWHERE && memcmp(judge->set->events[i].h, dep->hash16, 16) == 0) {
            return (int32_t)log;
        }
    }
    return NOWHERE;
}

/* The latest pin of that log8 by an earlier event of this log. */
static const struct model_dep *latest_pin(const struct judge *judge,
                                          const struct model_event *event, const uint8_t log8[8],
                                          const struct model_event **by)
{
    for (uint64_t seq = event->seq - 1; seq > 0; seq--) {
        const struct model_event *earlier = &judge->set->events[judge->index[event->log][seq]];
        for (uint32_t i = 0; i < earlier->dep_count; i++) {
            if (earlier->deps[i].is_pin && memcmp(earlier->deps[i].log8, log8, 8) == 0) {
                *by = earlier;
                return &earlier->deps[i];
            }
        }
    }
    return NULL;
}

static int32_t log_of_dep(const struct judge *judge, const struct model_event *event,
                          const struct model_dep *dep)
{
    const struct model_event *by = NULL;
    if (dep->is_pin) {
        return log_of_pin(judge, event, dep);
    }
    const struct model_dep *pin = latest_pin(judge, event, dep->log8, &by);
    return pin != NULL && dep->seq <= pin->seq ? log_of_pin(judge, by, pin) : NOWHERE;
}

/* The event a dep stands for: NOWHERE when that is before the log's first. */
static int32_t event_of_dep(const struct judge *judge, const struct model_event *event,
                            const struct model_dep *dep)
{
    int32_t log = log_of_dep(judge, event, dep);
    const struct model_log *other = &judge->set->logs[log];
    uint64_t seq = is_past_fork(other, dep) ? other->fork_point : dep->seq;
    return applied_at(judge, (uint32_t)log, seq);
}

static bool may_apply(const struct judge *judge, const struct model_event *event)
{
    if (event->seq > 1 && applied_at(judge, event->log, event->seq - 1) == NOWHERE) {
        return false;
    }
    for (uint32_t i = 0; i < event->dep_count; i++) {
        if (log_of_dep(judge, event, &event->deps[i]) == NOWHERE) {
            return false;
        }
    }
    return true;
}

/* Whatever may apply does, until nothing more may. */
static void find_applied(struct judge *judge)
{
    const struct model_set *set = judge->set;
    struct model_state *out = judge->out;
    bool any = true;
    judge->order_count = 0;
    while (any) {
        any = false;
        for (uint32_t i = 0; i < set->event_count; i++) {
            if (out->verdicts[i].is_held && !out->verdicts[i].is_applied &&
                may_apply(judge, &set->events[i])) {
                out->verdicts[i].is_applied = true;
                judge->order[judge->order_count++] = i;
                any = true;
            }
        }
    }
    for (uint32_t log = 0; log < set->log_count; log++) {
        uint64_t seq = 0;
        while (applied_at(judge, log, seq + 1) != NOWHERE) {
            seq++;
        }
        out->applied[log] = seq;
        out->is_waiting[log] = seq < end_of(&set->logs[log]);
    }
}

/* ---- the causal past, L, sane (6.3) ---- */

static void add_past(struct judge *judge, uint32_t i, int32_t before)
{
    if (before == NOWHERE) {
        return;
    }
    for (uint32_t w = 0; w < WORDS; w++) {
        judge->past[i][w] |= judge->past[before][w];
    }
    judge->past[i][before / 64] |= UINT64_C(1) << (before % 64);
}

static bool is_in_past(const struct judge *judge, uint32_t i, uint32_t before)
{
    return (judge->past[i][before / 64] >> (before % 64) & 1) != 0;
}

static void find_past(struct judge *judge, uint32_t i)
{
    const struct model_event *event = &judge->set->events[i];
    memset(judge->past[i], 0, sizeof judge->past[i]);
    add_past(judge, i, applied_at(judge, event->log, event->seq - 1));
    for (uint32_t d = 0; d < event->dep_count; d++) {
        add_past(judge, i, event_of_dep(judge, event, &event->deps[d]));
    }
    /* L of predecessor and deps never exceeds that of the past, nor the other way round. */
    uint64_t l = 0;
    for (uint32_t before = 0; before < judge->set->event_count; before++) {
        if (is_in_past(judge, i, before) && judge->out->verdicts[before].l > l) {
            l = judge->out->verdicts[before].l;
        }
    }
    judge->out->verdicts[i].l = l + 1;
}

/* The newest sane t of a device in the past of an event; false when it has none. */
static bool newest_of(const struct judge *judge, uint32_t i, const uint8_t a[32], uint64_t *t)
{
    bool any = false;
    for (uint32_t before = 0; before < judge->set->event_count; before++) {
        const struct model_event *event = &judge->set->events[before];
        if (is_in_past(judge, i, before) && judge->out->verdicts[before].is_sane &&
            memcmp(judge->set->logs[event->log].author, a, 32) == 0 && (!any || event->t > *t)) {
            *t = event->t;
            any = true;
        }
    }
    return any;
}

static void find_sane(struct judge *judge, uint32_t i)
{
    const struct model_state *out = judge->out;
    uint64_t newest[MODEL_DEVICES_MAX];
    uint32_t count = 0;
    for (uint32_t d = 0; d < out->device_count; d++) {
        if (out->devices[d].role == 4 && newest_of(judge, i, out->devices[d].a, &newest[count])) {
            count++;
        }
    }
    uint32_t first = 0;
    for (uint32_t n = 1; n < count; n++) {
        first = newest[n] > newest[first] ? n : first;
    }
    int64_t g1 = (int64_t)(count > 0 ? newest[first] : judge->set->space.founded);
    int64_t g2 = (int64_t)judge->set->space.founded;
    bool has_second = false;
    for (uint32_t n = 0; n < count; n++) {
        if (n != first && (!has_second || (int64_t)newest[n] > g2)) {
            g2 = (int64_t)newest[n];
            has_second = true;
        }
    }
    int64_t t = (int64_t)judge->set->events[i].t;
    judge->out->verdicts[i].is_sane = g2 - hours_24_ms <= t && t <= g1 + days_400_ms;
}

/* ---- void, pending (2.5, 5.2) ---- */

static void find_verdict(struct judge *judge, uint32_t i)
{
    const struct model_event *event = &judge->set->events[i];
    const struct model_log *log = &judge->set->logs[event->log];
    const struct model_device *device = model_device_of(judge->out, log->author);
    struct model_verdict *verdict = &judge->out->verdicts[i];
    bool is_malformed = event->is_malformed && !event->is_withheld;
    bool is_control = event->kind == 2 && log->shelf == 0;
    verdict->is_void = event->kind > 2 || (event->kind == 0 && (log->shelf == 0 || is_malformed)) ||
                       (event->kind == 2 && (log->shelf != 0 || is_malformed));
    bool has_right = device->is_effective && (event->kind != 0 || device->role >= 3);
    verdict->is_pending = !verdict->is_void && !is_control && !has_right;
}

/* ---- what contributes (6.1) ---- */

static void record_of(const struct judge *judge, const struct said *said, uint8_t out[16])
{
    const struct model_op *op = said->op;
    const struct model_log *log = &judge->set->logs[said->at.log];
    uint64_t seq = said->at.seq;
    uint32_t at = said->at.op;
    if (op->type == MODEL_SET || op->type == MODEL_DROP || op->type == MODEL_KEEP) {
        if (op->about == MODEL_BY_ID) {
            memcpy(out, op->id, 16);
            return;
        }
        at = op->about_op;
        seq = op->about == MODEL_BY_MAKE ? op->about_seq : seq;
        op = op->about == MODEL_BY_OP ? &said->event->ops[at] : op;
    }
    struct lum_hasher h;
    if (op->type == MODEL_MAKE_KEYED) {
        lum_hash_init(&h, LUM_LABEL_keyed, 16);
        lum_hash_add(&h, judge->set->space.id, 32);
        lum_hash_add_u8(&h, (uint8_t)log->shelf);
        lum_hash_add_u16(&h, (uint16_t)strlen(op->collection));
        lum_hash_add(&h, op->collection, strlen(op->collection));
        lum_hash_add_u16(&h, (uint16_t)strlen(op->key));
        lum_hash_add(&h, op->key, strlen(op->key));
    } else {
        lum_hash_init(&h, LUM_LABEL_record, 16);
        lum_hash_add(&h, log->id, 32);
        lum_hash_add_u64(&h, seq);
        lum_hash_add_u16(&h, (uint16_t)at);
    }
    lum_hash_end(&h, out, 16);
}

static void gather_ops(struct judge *judge)
{
    judge->said_count = 0;
    for (uint32_t i = 0; i < judge->set->event_count; i++) {
        const struct model_event *event = &judge->set->events[i];
        const struct model_verdict *verdict = &judge->out->verdicts[i];
        if (!verdict->is_applied || verdict->is_void || verdict->is_pending || event->is_withheld ||
            event->kind != 0) {
            continue;
        }
        for (uint32_t k = 0; k < event->op_count; k++) {
            LUM_ASSERT(judge->said_count < OPS_MAX);
            struct said *said = &judge->said[judge->said_count++];
            said->event = event;
            said->op = &event->ops[k];
            said->at = (struct model_dot){event->log, event->seq, k};
            said->shelf = judge->set->logs[event->log].shelf;
            record_of(judge, said, said->record);
        }
    }
}

/* ---- one record ---- */

int model_dot_compare(const struct model_set *set, const struct model_dot *a,
                      const struct model_dot *b)
{
    int order = memcmp(set->logs[a->log].id, set->logs[b->log].id, 32);
    if (order == 0) {
        order = (a->seq > b->seq) - (a->seq < b->seq);
    }
    return order != 0 ? order : (a->op > b->op) - (a->op < b->op);
}

static bool same_dot(const struct model_dot *a, const struct model_dot *b)
{
    return a->log == b->log && a->seq == b->seq && a->op == b->op;
}

static bool is_among(const struct model_dot *dots, uint32_t count, const struct model_dot *dot)
{
    for (uint32_t i = 0; i < count; i++) {
        if (same_dot(&dots[i], dot)) {
            return true;
        }
    }
    return false;
}

static bool names(const struct model_op *op, const struct model_dot *dot)
{
    return is_among(op->dots, op->dot_count, dot);
}

static bool is_on(const struct said *said, const struct model_record *record)
{
    return said->shelf == record->shelf && memcmp(said->record, record->id, 16) == 0;
}

static bool is_make(const struct said *said)
{
    return said->op->type == MODEL_MAKE || said->op->type == MODEL_MAKE_KEYED;
}

static void add_dot(const struct model_set *set, struct model_dot **dots, uint32_t *count,
                    const struct model_dot *dot)
{
    *dots = realloc(*dots, (*count + 1) * sizeof **dots);
    LUM_ASSERT(*dots != NULL);
    uint32_t i = (*count)++;
    for (; i > 0 && model_dot_compare(set, &(*dots)[i - 1], dot) > 0; i--) {
        (*dots)[i] = (*dots)[i - 1];
    }
    (*dots)[i] = *dot;
}

/* Is `dot` at or below what this drop has seen? */
static bool covers(const struct said *drop, const struct model_dot *dot)
{
    if (dot->log == drop->at.log &&
        (dot->seq < drop->at.seq || (dot->seq == drop->at.seq && dot->op < drop->at.op))) {
        return true;
    }
    for (uint32_t i = 0; i < drop->op->dot_count; i++) {
        const struct model_dot *seen = &drop->op->dots[i];
        if (seen->log == dot->log && dot->seq <= seen->seq) {
            return true;
        }
    }
    return false;
}

static bool is_covered(const struct judge *judge, const struct model_record *record,
                       const struct model_dot *dot)
{
    for (uint32_t i = 0; i < judge->said_count; i++) {
        const struct said *drop = &judge->said[i];
        if (is_on(drop, record) && drop->op->type == MODEL_DROP && covers(drop, dot)) {
            return true;
        }
    }
    return false;
}

static bool is_kept(const struct judge *judge, const struct model_record *record,
                    const struct model_dot *drop)
{
    for (uint32_t i = 0; i < judge->said_count; i++) {
        const struct said *keep = &judge->said[i];
        if (is_on(keep, record) && keep->op->type == MODEL_KEEP && names(keep->op, drop)) {
            return true;
        }
    }
    return false;
}

static void find_life(const struct judge *judge, struct model_record *record)
{
    bool is_dead = true;
    for (uint32_t i = 0; i < judge->said_count; i++) {
        const struct said *said = &judge->said[i];
        if (!is_on(said, record)) {
            continue;
        }
        const struct model_dot event = {said->at.log, said->at.seq, 0};
        if (!is_among(record->touches, record->touch_count, &event)) {
            add_dot(judge->set, &record->touches, &record->touch_count, &event);
        }
        if (said->op->type == MODEL_DROP) {
            add_dot(judge->set, &record->drops, &record->drop_count, &said->at);
            record->standing += !is_kept(judge, record, &said->at);
            continue;
        }
        if (is_make(said) || said->op->type == MODEL_KEEP) {
            add_dot(judge->set, &record->existence, &record->existence_count, &said->at);
        }
        if (is_make(said)) {
            record->collection = said->op->collection;
        }
        is_dead = is_dead && is_covered(judge, record, &said->at);
    }
    record->life = record->collection == NULL ? MODEL_UNMADE
                   : is_dead                  ? MODEL_DEAD
                   : record->standing > 0     ? MODEL_REVIVED
                                              : MODEL_ALIVE;
}

/* ---- cells (6.2) ---- */

/* What an op writes into a field: an initial field, or a set. */
static const struct model_pair *written(const struct said *said, const char *field)
{
    if (!is_make(said) && said->op->type != MODEL_SET) {
        return NULL;
    }
    for (uint32_t i = 0; i < said->op->pair_count; i++) {
        if (strcmp(said->op->pairs[i].field, field) == 0) {
            return &said->op->pairs[i];
        }
    }
    return NULL;
}

/* Named by a set of that cell, or followed by a later one of that cell in its own chain. */
static bool is_replaced(const struct judge *judge, const struct model_record *record,
                        const char *field, const struct model_dot *at)
{
    for (uint32_t i = 0; i < judge->said_count; i++) {
        const struct said *other = &judge->said[i];
        if (!is_on(other, record) || written(other, field) == NULL) {
            continue;
        }
        bool is_later =
            other->at.log == at->log &&
            (other->at.seq > at->seq || (other->at.seq == at->seq && other->at.op > at->op));
        if (is_later || (other->op->type == MODEL_SET && names(other->op, at))) {
            return true;
        }
    }
    return false;
}

static bool same_value(struct model_bytes a, struct model_bytes b)
{
    return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static const struct model_event *event_at(const struct judge *judge, const struct model_dot *at,
                                          const struct model_verdict **verdict)
{
    int32_t i = judge->index[at->log][at->seq];
    *verdict = &judge->out->verdicts[i];
    return &judge->set->events[i];
}

/* Rank: (sane, t, L, log id, h). */
static bool ranks_above(const struct judge *judge, const struct model_dot *a,
                        const struct model_dot *b)
{
    const struct model_verdict *va = NULL;
    const struct model_verdict *vb = NULL;
    const struct model_event *ea = event_at(judge, a, &va);
    const struct model_event *eb = event_at(judge, b, &vb);
    if (va->is_sane != vb->is_sane) {
        return va->is_sane;
    }
    if (ea->t != eb->t) {
        return ea->t > eb->t;
    }
    if (va->l != vb->l) {
        return va->l > vb->l;
    }
    int order = memcmp(judge->set->logs[a->log].id, judge->set->logs[b->log].id, 32);
    return order != 0 ? order > 0 : memcmp(ea->h, eb->h, 32) > 0;
}

static void add_sibling(const struct model_set *set, struct model_cell *cell,
                        const struct model_dot *at, struct model_bytes value)
{
    cell->siblings = realloc(cell->siblings, (cell->count + 1) * sizeof *cell->siblings);
    LUM_ASSERT(cell->siblings != NULL);
    uint32_t i = cell->count++;
    for (; i > 0 && model_dot_compare(set, &cell->siblings[i - 1].at, at) > 0; i--) {
        cell->siblings[i] = cell->siblings[i - 1];
    }
    cell->siblings[i] = (struct model_sibling){*at, value};
}

static void find_cell(const struct judge *judge, const struct model_record *record,
                      struct model_cell *cell)
{
    for (uint32_t i = 0; i < judge->said_count; i++) {
        const struct said *said = &judge->said[i];
        const struct model_pair *pair = is_on(said, record) ? written(said, cell->field) : NULL;
        if (pair != NULL && !is_replaced(judge, record, cell->field, &said->at)) {
            add_sibling(judge->set, cell, &said->at, pair->value);
        }
    }
    for (uint32_t i = 0; i < cell->count; i++) {
        bool is_first = true;
        for (uint32_t k = 0; k < i; k++) {
            is_first = is_first && !same_value(cell->siblings[k].value, cell->siblings[i].value);
        }
        cell->values += is_first;
        if (ranks_above(judge, &cell->siblings[i].at, &cell->siblings[cell->shown].at)) {
            cell->shown = i;
        }
    }
}

static void add_field(struct model_record *record, const char *field)
{
    uint32_t i = 0;
    while (i < record->cell_count && strcmp(record->cells[i].field, field) < 0) {
        i++;
    }
    if (i < record->cell_count && strcmp(record->cells[i].field, field) == 0) {
        return;
    }
    record->cells = realloc(record->cells, (record->cell_count + 1) * sizeof *record->cells);
    LUM_ASSERT(record->cells != NULL);
    memmove(&record->cells[i + 1], &record->cells[i],
            (record->cell_count - i) * sizeof *record->cells);
    record->cells[i] = (struct model_cell){.field = field};
    record->cell_count++;
}

static void find_cells(const struct judge *judge, struct model_record *record)
{
    for (uint32_t i = 0; i < judge->said_count; i++) {
        const struct said *said = &judge->said[i];
        bool writes = is_make(said) || said->op->type == MODEL_SET;
        for (uint32_t k = 0; is_on(said, record) && writes && k < said->op->pair_count; k++) {
            add_field(record, said->op->pairs[k].field);
        }
    }
    for (uint32_t i = 0; i < record->cell_count; i++) {
        find_cell(judge, record, &record->cells[i]);
    }
}

/* ---- all of it ---- */

static void add_record(struct model_state *out, const struct said *said)
{
    uint32_t i = 0;
    int order = 1;
    for (; i < out->record_count && order > 0; i++) {
        const struct model_record *other = &out->records[i];
        order = said->shelf != other->shelf ? (said->shelf > other->shelf ? 1 : -1)
                                            : memcmp(said->record, other->id, 16);
    }
    if (order == 0) {
        return;
    }
    i -= order < 0 ? 1 : 0;
    out->records = realloc(out->records, (out->record_count + 1) * sizeof *out->records);
    LUM_ASSERT(out->records != NULL);
    memmove(&out->records[i + 1], &out->records[i], (out->record_count - i) * sizeof *out->records);
    out->records[i] = (struct model_record){.shelf = said->shelf};
    memcpy(out->records[i].id, said->record, 16);
    out->record_count++;
}

void model_judge(const struct model_set *set, struct model_state *out)
{
    static struct judge judge;
    judge.set = set;
    judge.out = out;
    out->records = NULL;
    out->record_count = 0;
    model_roster(set, out);
    take_events(&judge);
    find_applied(&judge);
    for (uint32_t n = 0; n < judge.order_count; n++) {
        find_past(&judge, judge.order[n]);
        find_sane(&judge, judge.order[n]);
        find_verdict(&judge, judge.order[n]);
    }
    gather_ops(&judge);
    for (uint32_t i = 0; i < judge.said_count; i++) {
        add_record(out, &judge.said[i]);
    }
    for (uint32_t i = 0; i < out->record_count; i++) {
        find_life(&judge, &out->records[i]);
        find_cells(&judge, &out->records[i]);
    }
}

void model_free(struct model_state *state)
{
    for (uint32_t i = 0; i < state->record_count; i++) {
        struct model_record *record = &state->records[i];
        for (uint32_t k = 0; k < record->cell_count; k++) {
            free(record->cells[k].siblings);
        }
        free(record->cells);
        free(record->existence);
        free(record->drops);
        free(record->touches);
    }
    free(state->records);
    state->records = NULL;
    state->record_count = 0;
}
