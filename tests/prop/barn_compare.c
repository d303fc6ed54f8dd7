/*
 * barn_compare.c - the store against the model, question by question.
 */
#include <string.h>

#include "core/pack.h"
#include "core/schema.h"
#include "tests/prop/barn.h"

struct look {
    struct barn *barn;
    const struct model_set *set;
    const struct model_state *state;
    uint32_t lnos[MODEL_LOGS_MAX]; /* 0: not held */
    struct lum_view_counts counts;
};

static bool same(struct look *look, const char *what, uint64_t is, uint64_t should)
{
    return is == should ? true
                        : barn_fail(look->barn, "%s: is %llu, the model says %llu", what,
                                    (unsigned long long)is, (unsigned long long)should);
}

static uint32_t log_of(const struct look *look, uint32_t lno)
{
    uint32_t log = 0;
    while (log < look->set->log_count && look->lnos[log] != lno) {
        log++;
    }
    return log;
}

/* ---- the roster ---- */

static void compare_devices(struct look *look)
{
    const struct lum_roster *roster = look->barn->roster;
    size_t valid = 0;
    for (uint32_t i = 0; i < look->state->device_count; i++) {
        const struct model_device *should = &look->state->devices[i];
        const struct lum_device *is = lum_roster_by_author(roster, should->a);
        valid += should->is_valid;
        if ((is != NULL) != should->is_valid) {
            (void)barn_fail(look->barn, "roster: device %u has %s valid JOIN", i,
                            should->is_valid ? "a" : "no");
        } else if (is != NULL && (is->is_effective != should->is_effective ||
                                  (uint32_t)is->role != should->role)) {
            (void)barn_fail(look->barn, "roster: device %u is effective %d role %d, not %d %u", i,
                            is->is_effective, (int)is->role, should->is_effective, should->role);
        }
    }
    (void)same(look, "roster: devices", lum_roster_device_count(roster), valid);
}

static void compare_invites(struct look *look)
{
    const struct lum_roster *roster = look->barn->roster;
    size_t count = lum_roster_invite_count(roster);
    if (!same(look, "roster: invites", count, look->state->invite_count)) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct model_invite *should = &look->state->invites[i];
        struct lum_ref ref = {.seq = should->ref.seq};
        memcpy(ref.log8, should->ref.log8, 8);
        memcpy(ref.hash16, should->ref.hash16, 16);
        size_t k = 0;
        while (k < count && !lum_ref_equal(&lum_roster_invite(roster, k)->ref, &ref)) {
            k++;
        }
        if (k == count) {
            (void)barn_fail(look->barn, "roster: invite %u is missing", i);
            return;
        }
        const struct lum_invite_fact *is = lum_roster_invite(roster, k);
        (void)same(look, "invite counts", is->is_counting, should->is_counting);
        (void)same(look, "invite cancelled", is->is_cancelled, should->is_cancelled);
        (void)same(look, "invite used", is->used, should->used);
    }
}

/* ---- logs and events ---- */

static void compare_wait(struct look *look, uint32_t log, const struct lum_view_wait *wait)
{
    const struct model_event *next = NULL;
    for (uint32_t i = 0; i < look->set->event_count; i++) {
        const struct model_event *event = &look->set->events[i];
        next = event->log == log && event->seq == wait->applied + 1 ? event : next;
    }
    for (uint32_t i = 0; next != NULL && i < next->dep_count; i++) {
        if (memcmp(next->deps[i].log8, wait->log8, 8) == 0 && next->deps[i].seq == wait->seq) {
            return;
        }
    }
    (void)barn_fail(look->barn, "log %u waits for something that its event %llu does not name", log,
                    (unsigned long long)wait->applied + 1);
}

static void compare_logs(struct look *look)
{
    for (uint32_t log = 0; log < look->set->log_count && barn_is_well(look->barn); log++) {
        struct lum_view_wait wait = {0};
        enum lum_status status = LUM_NOT_FOUND;
        if (look->lnos[log] != 0) {
            status = lum_view_log(look->barn->view_txn, look->lnos[log], &wait);
        }
        if (status == LUM_NOT_FOUND) {
            wait = (struct lum_view_wait){0};
        }
        if (wait.applied != look->state->applied[log] ||
            wait.is_waiting != look->state->is_waiting[log]) {
            (void)barn_fail(look->barn, "log %u: %llu applied, waiting %d; the model says %llu, %d",
                            log, (unsigned long long)wait.applied, wait.is_waiting,
                            (unsigned long long)look->state->applied[log],
                            look->state->is_waiting[log]);
        } else if (wait.is_waiting) {
            compare_wait(look, log, &wait);
        }
    }
}

static void compare_event(struct look *look, const struct model_event *event,
                          const struct model_verdict *should)
{
    struct lum_view_pos pos;
    enum lum_status status =
        lum_view_pos(look->barn->view_txn, look->lnos[event->log], event->seq, &pos);
    if (status != LUM_OK) {
        (void)barn_fail(look->barn, "event %u/%llu: %s", event->log, (unsigned long long)event->seq,
                        lum_status_name(status));
        return;
    }
    if (pos.l != should->l || pos.t != event->t || pos.is_sane != should->is_sane ||
        pos.is_void != should->is_void || pos.is_pending != should->is_pending ||
        memcmp(pos.h16, event->h, 16) != 0) {
        (void)barn_fail(look->barn,
                        "event %u/%llu: L %llu t %llu sane %d void %d pending %d; the model says "
                        "L %llu t %llu sane %d void %d pending %d",
                        event->log, (unsigned long long)event->seq, (unsigned long long)pos.l,
                        (unsigned long long)pos.t, pos.is_sane, pos.is_void, pos.is_pending,
                        (unsigned long long)should->l, (unsigned long long)event->t,
                        should->is_sane, should->is_void, should->is_pending);
    }
}

static void compare_events(struct look *look)
{
    uint64_t voided = 0;
    uint64_t pending = 0;
    uint64_t waiting = 0;
    for (uint32_t i = 0; i < look->set->event_count && barn_is_well(look->barn); i++) {
        const struct model_verdict *verdict = &look->state->verdicts[i];
        if (verdict->is_applied) {
            compare_event(look, &look->set->events[i], verdict);
            voided += verdict->is_void;
            pending += verdict->is_pending;
        }
    }
    for (uint32_t log = 0; log < look->set->log_count; log++) {
        waiting += look->state->is_waiting[log];
    }
    (void)same(look, "void events", look->counts.voided, voided);
    (void)same(look, "pending events", look->counts.pending, pending);
    (void)same(look, "waiting logs", look->counts.waiting, waiting);
    (void)same(look, "rows of void", lum_txn_rows(look->barn->view_txn, LUM_V_VOID),
               voided + pending);
}

/* ---- records ---- */

static const struct lum_cell *cell_of(struct look *look, const struct lum_record *record,
                                      const char *field)
{
    uint32_t number = 0;
    enum lum_status status =
        lum_view_name_number(look->barn->view_txn, lum_bytes_of(field, strlen(field)), &number);
    return status != LUM_OK || number == 0 ? NULL : lum_record_cell(record, number);
}

static bool same_sibling(const struct look *look, const struct lum_sibling *is,
                         const struct model_sibling *should)
{
    return log_of(look, is->at.lno) == should->at.log && is->at.seq == should->at.seq &&
           is->at.op == should->at.op && is->value.len == should->value.len &&
           memcmp(is->value.at, should->value.at, is->value.len) == 0;
}

static void compare_cell(struct look *look, const struct lum_cell *is,
                         const struct model_cell *should)
{
    const struct lum_sibling *shown = NULL;
    if (is == NULL || is->count != should->count) {
        (void)barn_fail(look->barn, "field %s: %u siblings, the model says %u", should->field,
                        is == NULL ? 0 : is->count, should->count);
        return;
    }
    for (uint32_t i = 0; i < is->count; i++) {
        uint32_t k = 0;
        while (k < should->count && !same_sibling(look, &is->siblings[i], &should->siblings[k])) {
            k++;
        }
        if (k == should->count) {
            (void)barn_fail(look->barn, "field %s: a sibling by log %u at %llu/%u is not one",
                            should->field, log_of(look, is->siblings[i].at.lno),
                            (unsigned long long)is->siblings[i].at.seq, is->siblings[i].at.op);
        }
    }
    (void)same(look, "values", lum_cell_values(is), should->values);
    enum lum_status status = lum_view_shown(look->barn->view_txn, look->barn->log_txn, is, &shown);
    if (status != LUM_OK || !same_sibling(look, shown, &should->siblings[should->shown])) {
        const struct model_dot *at = &should->siblings[should->shown].at;
        (void)barn_fail(look->barn, "field %s shows log %u %llu/%u, the model log %u %llu/%u",
                        should->field, shown == NULL ? 0 : log_of(look, shown->at.lno),
                        shown == NULL ? 0 : (unsigned long long)shown->at.seq,
                        shown == NULL ? 0U : shown->at.op, at->log, (unsigned long long)at->seq,
                        at->op);
    }
}

/* A row of `conflict`; 0 when there is none. */
static uint32_t listed(struct look *look, uint8_t kind, const struct lum_record *record,
                       uint32_t field)
{
    uint8_t key[1 + 4 + 8 + 4];
    struct lum_bytes row;
    key[0] = kind;
    lum_put_u32(key + 1, record->collection);
    lum_put_u64(key + 5, record->rno);
    lum_put_u32(key + 13, field);
    enum lum_status status =
        lum_txn_get(look->barn->view_txn, LUM_V_CONFLICT, lum_bytes_of(key, sizeof key), &row);
    return status == LUM_OK && row.len == 4 ? lum_get_u32(row.at) : 0;
}

static void compare_history(struct look *look, const struct lum_record *is,
                            const struct model_record *should)
{
    struct lum_view_touch *touches = NULL;
    uint32_t count = 0;
    enum lum_status status = lum_view_history(look->barn->view_txn, look->barn->log_txn, is,
                                              &look->barn->arena, &touches, &count);
    if (status != LUM_OK || count != should->touch_count) {
        (void)barn_fail(look->barn, "history: %s, %u events, the model says %u",
                        lum_status_name(status), count, should->touch_count);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = 0;
        while (k < count && (should->touches[k].log != log_of(look, touches[i].lno) ||
                             should->touches[k].seq != touches[i].seq)) {
            k++;
        }
        if (k == count) {
            (void)barn_fail(look->barn, "history: event %u/%llu did not touch it",
                            log_of(look, touches[i].lno), (unsigned long long)touches[i].seq);
        }
    }
}

/* Each of ours is one of the model's, and there are as many. */
static bool is_dot_among(const struct look *look, const struct lum_place *is,
                         const struct model_dot *should, uint32_t count)
{
    uint32_t i = 0;
    while (i < count && (should[i].log != log_of(look, is->lno) || should[i].seq != is->seq ||
                         should[i].op != is->op)) {
        i++;
    }
    return i < count;
}

static void compare_existence(struct look *look, const struct lum_record *is,
                              const struct model_record *should)
{
    (void)same(look, "existence dots", is->existence_count, should->existence_count);
    for (uint32_t i = 0; i < is->existence_count; i++) {
        if (!is_dot_among(look, &is->existence[i], should->existence, should->existence_count)) {
            (void)barn_fail(look->barn, "an existence dot that is none");
        }
    }
}

static void compare_drops(struct look *look, const struct lum_record *is,
                          const struct model_record *should)
{
    uint32_t standing = 0;
    (void)same(look, "drops", is->drop_count, should->drop_count);
    for (uint32_t i = 0; i < is->drop_count; i++) {
        if (!is_dot_among(look, &is->drops[i].at, should->drops, should->drop_count)) {
            (void)barn_fail(look->barn, "a drop that is none");
        }
        standing += !is->drops[i].is_kept;
    }
    (void)same(look, "standing drops", standing, should->standing);
}

static enum lum_life life_of(const struct model_record *record)
{
    static const enum lum_life lives[] = {LUM_UNMADE, LUM_ALIVE, LUM_REVIVED, LUM_DEAD};
    return lives[record->life];
}

static void compare_record(struct look *look, const struct model_record *should)
{
    struct lum_record is;
    struct lum_id id;
    uint64_t rno = 0;
    memcpy(id.b, should->id, 16);
    enum lum_status status = lum_view_find(look->barn->view_txn, (uint8_t)should->shelf, &id, &rno);
    if (status == LUM_OK) {
        status = lum_view_record(look->barn->view_txn, rno, &look->barn->arena, &is);
    }
    if (status != LUM_OK) {
        (void)barn_fail(look->barn, "record %02x%02x: %s", id.b[0], id.b[1],
                        lum_status_name(status));
        return;
    }
    (void)same(look, "life", lum_record_life(&is), life_of(should));
    (void)same(look, "cells", is.cell_count, should->cell_count);
    compare_existence(look, &is, should);
    compare_drops(look, &is, should);
    bool is_shown = should->life == MODEL_ALIVE || should->life == MODEL_REVIVED;
    for (uint32_t i = 0; i < should->cell_count && barn_is_well(look->barn); i++) {
        const struct model_cell *cell = &should->cells[i];
        const struct lum_cell *other = cell_of(look, &is, cell->field);
        compare_cell(look, other, cell);
        if (other != NULL) {
            (void)same(look, "conflict row", listed(look, 1, &is, other->field),
                       is_shown && cell->values > 1 ? cell->values : 0);
        }
    }
    (void)same(look, "revived row", listed(look, 2, &is, 0),
               should->life == MODEL_REVIVED ? should->standing : 0);
    if (barn_is_well(look->barn)) {
        compare_history(look, &is, should);
    }
    if (!barn_is_well(look->barn)) {
        size_t len = strlen(look->barn->why);
        (void)snprintf(look->barn->why + len, sizeof look->barn->why - len,
                       " (record %02x%02x%02x on shelf %u)", id.b[0], id.b[1], id.b[2],
                       should->shelf);
    }
}

static void compare_counts(struct look *look)
{
    struct lum_view_counts should = {0};
    uint64_t shown = 0;
    for (uint32_t i = 0; i < look->state->record_count; i++) {
        const struct model_record *record = &look->state->records[i];
        bool is_shown = record->life == MODEL_ALIVE || record->life == MODEL_REVIVED;
        bool is_own = record->collection != NULL && record->collection[0] == '_';
        shown += is_shown;
        should.records += is_shown && !is_own;
        should.deleted += record->life == MODEL_DEAD && !is_own;
        should.revived += record->life == MODEL_REVIVED;
        for (uint32_t k = 0; is_shown && k < record->cell_count; k++) {
            should.conflicts += record->cells[k].values > 1;
        }
    }
    (void)same(look, "records", look->counts.records, should.records);
    (void)same(look, "deleted", look->counts.deleted, should.deleted);
    (void)same(look, "revived", look->counts.revived, should.revived);
    (void)same(look, "conflicts", look->counts.conflicts, should.conflicts);
    struct lum_txn *view = look->barn->view_txn;
    (void)same(look, "rows of rid", lum_txn_rows(view, LUM_V_RID), look->state->record_count);
    (void)same(look, "rows of coll", lum_txn_rows(view, LUM_V_COLL), shown);
    (void)same(look, "rows of conflict", lum_txn_rows(view, LUM_V_CONFLICT),
               should.conflicts + should.revived);
}

/* ---- all of it ---- */

void barn_compare_roster(struct barn *barn, const struct model_state *state)
{
    struct look look = {.barn = barn, .set = world_set(barn->world), .state = state};
    compare_devices(&look);
    compare_invites(&look);
}

void barn_compare_roots(struct barn *barn, const struct model_state *state)
{
    for (uint8_t shelf = 0; shelf < 3 && barn_is_well(barn); shelf++) {
        struct lum_hash root;
        uint8_t should[32];
        model_root(world_set(barn->world), state, shelf, should);
        enum lum_status status = lum_view_root(barn->view_txn, barn->log_txn, shelf, &root);
        if (status != LUM_OK || memcmp(root.b, should, 32) != 0) {
            (void)barn_fail(barn, "state root of shelf %u: %s", shelf,
                            status == LUM_OK ? "another" : lum_status_name(status));
        }
    }
}

void barn_compare(struct barn *barn, const struct model_state *state)
{
    struct look look = {.barn = barn, .set = world_set(barn->world), .state = state};
    struct lum_error err = {0};
    if (!barn_is_well(barn)) {
        return;
    }
    for (uint32_t log = 0; log < look.set->log_count; log++) {
        struct lum_hash id;
        memcpy(id.b, look.set->logs[log].id, 32);
        if (lum_log_find(barn->log_txn, &id, &look.lnos[log]) != LUM_OK) {
            look.lnos[log] = 0;
        }
    }
    if (lum_view_counts(barn->view_txn, &look.counts) != LUM_OK) {
        (void)barn_fail(barn, "the counts do not read");
    }
    barn_compare_roster(barn, state);
    compare_logs(&look);
    compare_events(&look);
    for (uint32_t i = 0; i < state->record_count && barn_is_well(barn); i++) {
        lum_arena_reset(&barn->arena);
        compare_record(&look, &state->records[i]);
    }
    if (barn_is_well(barn)) {
        compare_counts(&look);
    }
    if (barn_is_well(barn) && lum_view_check(barn->view_txn, barn->log_txn, &err) != LUM_OK) {
        (void)barn_fail(barn, "view_check: %s %s", err.one, err.two);
    }
}
